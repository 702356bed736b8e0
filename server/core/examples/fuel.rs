//! measure
use std::time::Instant;
use tree_sitter::{ParseOptions, Parser};
fn main() {
    let mut worst: Vec<(f64, f64, usize, u64, String)> = Vec::new();
    let mut stack: Vec<std::path::PathBuf> = std::env::args().skip(1).map(Into::into).collect();
    let mut parser = Parser::new();
    while let Some(p) = stack.pop() {
        if p.is_dir() { stack.extend(std::fs::read_dir(&p).unwrap().flatten().map(|e| e.path())); continue; }
        let Some(l) = sidenote_grammars::by_path(&p.to_string_lossy()) else { continue };
        let Ok(text) = std::fs::read_to_string(&p) else { continue };
        parser.set_language(l.grammar()).unwrap();
        let mut calls = 0u64;
        let t = Instant::now();
        let mut prog = |_: &tree_sitter::ParseState| { calls += 1; if t.elapsed().as_secs() > 20 { std::ops::ControlFlow::Break(()) } else { std::ops::ControlFlow::Continue(()) } };
        let b = text.as_bytes();
        let tree = parser.parse_with_options(&mut |at, _| b.get(at..).unwrap_or(&[]), None, Some(ParseOptions::new().progress_callback(&mut prog)));
        if tree.is_none() { parser.reset(); }
        let ms = t.elapsed().as_secs_f64() * 1e3;
        worst.push((calls as f64 / (b.len().max(1)) as f64, ms, b.len(), calls, p.display().to_string()));
    }
    worst.retain(|w| w.2 > 500);
    worst.sort_by(|a, b| b.0.total_cmp(&a.0));
    println!("by calls per byte");
    for w in worst.iter().take(12) { println!("{:.4} calls/byte {:.1} ms {} bytes {} calls {:.1} us/call {}", w.0, w.1, w.2, w.3, w.1*1e3/w.3.max(1) as f64, w.4); }
    worst.sort_by(|a, b| b.1.total_cmp(&a.1));
    println!("by time");
    for w in worst.iter().take(12) { println!("{:.4} calls/byte {:.1} ms {} bytes {} calls {:.1} us/call {}", w.0, w.1, w.2, w.3, w.1*1e3/w.3.max(1) as f64, w.4); }
    let (b, c): (usize, u64) = worst.iter().fold((0, 0), |a, w| (a.0 + w.2, a.1 + w.3));
    println!("{} files {b} bytes {c} calls {:.5}", worst.len(), c as f64 / b as f64);
}
