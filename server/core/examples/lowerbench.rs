use std::time::{Duration, Instant};
use sidenote_core::{blocks::Blocks, semantics::{hir::*, lower::lower, dump::dump}, syntax::SyntaxTree};
fn walk(p: &std::path::Path, out: &mut Vec<std::path::PathBuf>) {
    if p.is_dir() { for e in std::fs::read_dir(p).unwrap() { walk(&e.unwrap().path(), out) } }
    else if p.extension().is_some_and(|e| e == "rs") { out.push(p.to_owned()) }
}
fn main() {
    let lang = sidenote_core::grammars::by_name("rust").unwrap();
    for dir in std::env::args().skip(1) {
        let mut files = vec![]; walk(dir.as_ref(), &mut files);
        let (mut tp, mut tb, mut tl) = (Duration::ZERO, Duration::ZERO, Duration::ZERO);
        let (mut bytes, mut exprs, mut opaque, mut skipped, mut blocks_n, mut unknown, mut macros, mut skips) = (0, 0, 0, 0, 0, 0, 0, vec![]);
        let mut by = std::collections::BTreeMap::<String, usize>::new();
        let mut ops = vec![];
        for f in &files {
            let Ok(text) = std::fs::read_to_string(f) else { continue };
            bytes += text.len();
            let t = Instant::now(); let tree = SyntaxTree::parse_str(lang, &text).unwrap(); tp += t.elapsed();
            let t = Instant::now(); let bl = Blocks::of_str(&tree, &text); tb += t.elapsed();
            for b in bl.iter() {
                blocks_n += 1;
                let t = Instant::now(); let hir = lower(b.block); tl += t.elapsed();
                exprs += hir.exprs.len(); skipped += hir.skipped.len();
                if !hir.skipped.is_empty() { skips.push((f.clone(), hir.skipped.len())); }
                let len = b.block.arena().text().len() as u32;
                for e in &hir.exprs {
                    assert!(e.span.end <= len && e.span.start <= e.span.end);
                    assert!(b.block.arena().text().get(e.span.start as usize..e.span.end as usize).is_some());
                    match &e.kind {
                        ExprKind::Opaque(_) => { opaque += 1; if ops.len() < 4000 { ops.push(b.block.arena().slice(e.span).chars().take(70).collect::<String>()); } }
                        ExprKind::Macro { path, args, .. } => { macros += 1; if args.len() == 1 && matches!(hir.expr(args[0]).kind, ExprKind::Opaque(_)) { unknown += 1; *by.entry(path.to_string()).or_default() += 1; } }
                        _ => {}
                    }
                }
                dump(&hir);
            }
        }
        println!("{dir}: {} files {} KB, {blocks_n} blocks, {exprs} exprs, opaque {opaque}, macros {macros} unknown {unknown}, skipped {skipped}; parse {tp:?} blocks {tb:?} lower {tl:?} = {:.2}", files.len(), bytes / 1024, tl.as_secs_f64() / tp.as_secs_f64());
        let mut by: Vec<_> = by.into_iter().collect(); by.sort_by_key(|b| std::cmp::Reverse(b.1)); by.truncate(12);
        println!("   {by:?} {:?}", skips);
        if std::env::var("OPS").is_ok() { for o in ops.iter().step_by(ops.len() / 60 + 1) { println!("   {}", o.replace('\n', "⏎")); } }
    }
}
