//! The engine's parts over files of 500, 5,000 and 20,000 lines: a scan from scratch, and one keystroke.

#![allow(clippy::unwrap_used, missing_docs, reason = "a benchmark")]

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use sidenote_benches::typescript;
use sidenote_core::config::Config;
use sidenote_core::document::{Change, Document};
use sidenote_core::engine::{Engine, Memo};
use sidenote_core::grammars::by_name;
use sidenote_core::text::{Encoding, LineColumn};

fn engine(c: &mut Criterion) {
    let language = by_name("typescript").unwrap();
    let engine = Engine::new(Config::default());
    for lines in [500, 5_000, 20_000] {
        let text = typescript(lines);
        let mut group = c.benchmark_group("file");
        group.sample_size(10).throughput(Throughput::Bytes(text.len() as u64));
        group.bench_with_input(BenchmarkId::new("open", lines), &text, |b, text| {
            b.iter(|| Document::new("a.ts", language, text, 1).unwrap());
        });
        group.bench_with_input(BenchmarkId::new("open and analyse", lines), &text, |b, text| {
            b.iter(|| engine.analyze(&Document::new("a.ts", language, text, 1).unwrap()).lines);
        });
        group.finish();
        // A space typed into the middle of the file and taken away again: both must leave the same findings.
        let mut document = Document::new("a.ts", language, &text, 1).unwrap();
        let mut memo = Memo::default();
        let findings = engine.analyze_again(&document, &mut memo).findings.len();
        let at = LineColumn { line: (lines / 2) as u32, column: 0 };
        let after = LineColumn { column: 1, ..at };
        let insert = [Change { range: Some((at, at)), text: " ".into() }];
        let remove = [Change { range: Some((at, after)), text: String::new() }];
        c.bench_with_input(BenchmarkId::new("two keystrokes", lines), &lines, |b, _| {
            b.iter(|| {
                for change in [&insert, &remove] {
                    document.change(change, Encoding::Utf8, 2).unwrap();
                    assert_eq!(engine.analyze_quickly(&document, &mut memo).findings.len(), findings);
                }
            });
        });
    }
}

criterion_group!(benches, engine);
criterion_main!(benches);
