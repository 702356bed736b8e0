use sidenote_core::{
    config::Config,
    document::{Change, Document},
    engine::{Engine, Memo},
    grammars::by_path,
    text::{Encoding, LineColumn},
};
use std::time::Instant;
fn main() {
    let text = std::fs::read_to_string("/tmp/me9/r500.ts").unwrap();
    let line: u32 = std::env::args().nth(1).unwrap().parse().unwrap();
    let typed: Vec<char> = "const margin12 = compute(input.length, `${label} é`, [1, 2, 3]);".chars().collect();
    let engine = Engine::new(Config::default());
    let mut d = Document::new("report.ts", by_path("report.ts").unwrap(), &text, 1).unwrap();
    let mut memo = Memo::default();
    memo.set_flow(engine.flow(&d));
    engine.analyze_quickly(&d, &mut memo);
    let n = typed.len();
    let mut t = vec![(f64::MAX, f64::MAX, f64::MAX, false); 2 * n];
    for round in 0..30 {
        let _ = round;
        for i in 0..2 * n {
            let at = |column| LineColumn { line, column: column as u32 };
            let ch = if i < n {
                Change { range: Some((at(i), at(i))), text: typed[i].to_string() }
            } else {
                let k = 2 * n - 1 - i;
                Change { range: Some((at(k), at(k + 1))), text: String::new() }
            };
            let a = Instant::now();
            d.change(&[ch], Encoding::Utf16, 2).unwrap();
            let b = Instant::now();
            let r = engine.analyze_quickly(&d, &mut memo);
            let c = Instant::now();
            if !d.is_held() {
                memo.set_flow(engine.flow(&d));
            }
            let e = c.elapsed().as_secs_f64() * 1e3;
            std::hint::black_box(r);
            let s = &mut t[i];
            s.0 = s.0.min((b - a).as_secs_f64() * 1e3);
            s.1 = s.1.min((c - b).as_secs_f64() * 1e3);
            s.2 = s.2.min(e);
            s.3 = d.is_held();
        }
    }
    for i in 0..2 * n {
        let k = if i < n { i + 1 } else { 2 * n - 1 - i };
        println!(
            "{:3} {:12} change {:.3} analyze {:.3} flow {:.3} held {}",
            i,
            typed[k.saturating_sub(8)..k].iter().collect::<String>(),
            t[i].0,
            t[i].1,
            t[i].2,
            t[i].3
        );
    }
}
