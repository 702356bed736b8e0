//! Throw-away: prints findings of files.
use sidenote_core::{config::Config, document::Document, engine::Engine};
fn main() {
    let engine = Engine::new(Config::everything());
    let only: Option<String> = std::env::var("ONLY").ok();
    for path in std::env::args().skip(1) {
        let Some(language) = sidenote_core::grammars::by_path(&path) else { continue };
        let Ok(text) = std::fs::read_to_string(&path) else { continue };
        let t = std::time::Instant::now();
        let Ok(document) = Document::new(&path, language, &text, 1) else { continue };
        let report = engine.analyze(&document);
        let ms = t.elapsed().as_millis();
        if ms > 1500 {
            eprintln!("SLOW {path} {ms} ms {} bytes", text.len());
        }
        for f in report.active() {
            if f.rule.category != sidenote_core::findings::Category::Security {
                continue;
            }
            if only.as_ref().is_some_and(|o| o != f.rule.id) {
                continue;
            }
            let line = document.text().line_of(f.range.start);
            println!(
                "{path}:{} {} | {} | {}",
                line + 1,
                f.rule.id,
                f.message,
                text.lines().nth(line).unwrap_or("").trim()
            );
            if std::env::var("FLOW").is_ok() {
                for (loc, what) in &f.flow {
                    println!("      {} {what}", document.text().line_of(loc.range.start) + 1);
                }
            }
        }
    }
}
