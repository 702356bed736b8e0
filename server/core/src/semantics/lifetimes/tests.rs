use sidenote_grammars::by_name;

use super::*;
use crate::blocks::Blocks;
use crate::syntax::SyntaxTree;

/// The flaws of a function's body, in order.
fn flaws(body: &str) -> Vec<Flaw> {
    let code = format!("fn f(n: usize, q: *mut u8) {{ {body} }}");
    let tree = SyntaxTree::parse_str(by_name("rust").expect("language"), &code).expect("parse");
    let blocks = Blocks::of_str(&tree, &code);
    let mut out = Vec::new();
    for placed in blocks.iter() {
        out.extend(analyze(&placed.block.hir(), placed.block.arena(), Outside::default()).into_iter().map(|u| u.flaw));
    }
    out
}

#[test]
fn loops_and_branches() {
    assert_eq!(flaws("let mut p = std::ptr::null(); loop { if n > 1 { p = q; break; } } *p;"), []);
    assert_eq!(flaws("let mut p = std::ptr::null(); while n > 1 { p = q; } if !p.is_null() { *p; }"), []);
    assert_eq!(flaws("let s = String::new(); let p = s.as_ptr(); if n > 1 { drop(s); return; } *p;"), []);
    assert_eq!(flaws("let s = String::new(); let p = s.as_ptr(); if n > 1 { drop(s); } *p;"), [Flaw::Dropped]);
    assert_eq!(flaws("let mut p = q; for i in 0..n { let s = vec![i]; p = s.as_ptr(); *p; }"), []);
    assert_eq!(flaws("let mut p = q; for i in 0..n { *p; let s = vec![i]; p = s.as_ptr(); }"), [Flaw::OutOfScope]);
}

#[test]
fn moves() {
    assert_eq!(flaws("let s = vec![1]; let p = s.as_ptr(); let t = s; *p;"), []);
    assert_eq!(flaws("let s = vec![1]; let p = s.as_ptr(); let t = s; drop(t); *p;"), [Flaw::Dropped]);
    assert_eq!(flaws("let s = vec![1]; let p = s.as_ptr(); keep(s); *p;"), []);
    assert_eq!(flaws("let s = vec![1]; let p = s.as_ptr(); std::mem::forget(s); *p;"), []);
}
