use insta::assert_snapshot;
use proptest::prelude::*;
use sidenote_grammars::by_name;

use super::super::lower;
use crate::blocks::Blocks;
use crate::semantics::dump::dump;
use crate::semantics::hir::*;
use crate::syntax::{Span, SyntaxTree};

fn blocks(text: &str) -> Blocks {
    let tree = SyntaxTree::parse_str(by_name("rust").unwrap(), text).unwrap();
    Blocks::of_str(&tree, text)
}

/// The dumps of all blocks, outermost first.
fn all(text: &str) -> String {
    let blocks = blocks(text);
    blocks.iter().map(|p| dump(&lower(p.block))).collect::<Vec<_>>().join("---\n")
}

/// The dump of the body of `fn f`.
fn body(text: &str) -> String {
    let text = format!("fn f(a: A, b: B) {{ {text} }}");
    let blocks = blocks(&text);
    let hir = lower(blocks.iter().nth(1).unwrap().block);
    dump(&hir)
}

/// Every id in range, every span inside the text.
fn check(text: &str) {
    let blocks = blocks(text);
    for placed in blocks.iter() {
        let hir = lower(placed.block);
        let own = placed.block.arena().text();
        let inside = |s: Span| {
            assert!(s.start <= s.end && s.end as usize <= own.len(), "{s:?} in {own:?}");
            assert!(own.get(s.start as usize..s.end as usize).is_some(), "{s:?} splits a character of {own:?}");
        };
        hir.exprs.iter().for_each(|e| inside(e.span));
        hir.pats.iter().for_each(|p| inside(p.span));
        hir.locals.iter().for_each(|l| inside(l.span));
        hir.functions.iter().for_each(|f| {
            inside(f.span);
            inside(f.name_span);
        });
        assert!(!hir.functions.is_empty());
        assert!(hir.locals.iter().all(|l| (l.function.0 as usize) < hir.functions.len()));
        assert!(hir.bindings.iter().all(|(_, l)| (l.0 as usize) < hir.locals.len()));
        for e in &hir.exprs {
            if let ExprKind::Child(n) = e.kind {
                assert!(placed.block.child(n as usize).is_some());
            }
        }
        // Walks every id.
        dump(&hir);
    }
}
