//! Reads JSON strings `"/pattern/flags"` split as `[pattern, flags]` lines and prints a verdict for each (a tool for
//! measuring false alarms).
use std::io::BufRead;
use std::time::Instant;

use sidenote_core::regex::{Dialect, Flags, Verdict, analyze};

fn main() {
    for line in std::io::stdin().lock().lines().map_while(Result::ok) {
        let Ok((pattern, flags)) = serde_json::from_str::<(String, String)>(&line) else { continue };
        let start = Instant::now();
        let verdict = analyze(&pattern, Flags::from_letters(&flags), Dialect::JavaScript);
        let micros = start.elapsed().as_micros();
        let out = match verdict {
            Verdict::Safe => serde_json::json!({"pattern": pattern, "flags": flags, "us": micros, "verdict": "safe"}),
            Verdict::Unknown(why) => serde_json::json!({
                "pattern": pattern, "flags": flags, "us": micros, "verdict": "unknown", "why": why.to_string()}),
            Verdict::Vulnerable(v) => serde_json::json!({
                "pattern": pattern, "flags": flags, "us": micros, "verdict": format!("{:?}", v.growth),
                "cause": format!("{:?}", v.cause), "prefix": v.witness.prefix, "pump": v.witness.pump,
                "suffix": v.witness.suffix, "span": [v.span.start, v.span.end], "why": v.explanation}),
        };
        println!("{out}");
    }
}
