use sidenote_grammars::{Family, Field, Kind};

use crate::findings::{Category, Confidence, Note, Severity};
use crate::rules::rust_code::computed;
use crate::rules::rust_layout::size_of_type;
use crate::rules::rust_types::{Ty, type_of};
use crate::rules::support::in_async;
use crate::rules::{Case, Check, Cx, Docs, Rule};
use crate::syntax::Node;

pub static RULE: Rule = Rule {
    id: "large-stack-array",
    summary: "a large array lies on the stack",
    category: Category::Performance,
    severity: Severity::Medium,
    confidence: Confidence::Medium,
    cwe: &[770, 789],
    families: &[Family::Rust],
    default_on: true,
    in_tests: false,
    docs: Docs {
        what: "Finds local arrays of 100,000 bytes or more, and of 16 kB or more in async code.",
        why: "The stack of a thread holds two megabytes, often less: a few calls deeper the program dies without an error message. In async code the array becomes part of the future, which is copied whenever it is moved.",
        example: "let mut buffer = [0u8; 1024 * 1024];",
        instead: "let mut buffer = vec![0u8; 1024 * 1024];",
        limits: "Constants and statics do not lie on the stack. The size must be a number, a product of numbers, or a constant of the file.",
        fix: "An array that a variable holds may become a vector; this is suggested.",
    },
    checks: &[Check::Nodes(&[Kind::ArrayExpression], check)],
    cases: &[
        Case::bad("a.rs", "fn f() { let mut b = [0u8; 1024 * 1024]; read(&mut b); } //~ large-stack-array"),
        Case::bad("a.rs", "fn f() { let b = [0u64; 20_000]; go(&b); } //~ large-stack-array"),
        Case::bad(
            "a.rs",
            "const SIZE: usize = 1 << 20;\nfn f() { let b = [0u8; SIZE]; go(&b); } //~ large-stack-array",
        ),
        Case::bad(
            "a.rs",
            "async fn f(s: &mut Stream) { let mut b = [0u8; 65536]; s.read(&mut b).await; } //~ large-stack-array",
        ),
        Case::bad("a.rs", "fn f() -> Box<[u8; 1_000_000]> { Box::new([0; 1_000_000]) } //~ large-stack-array"),
        Case::bad("a.rs", "fn f() { let grid = [[0.0f64; 200]; 200]; go(&grid); } //~ large-stack-array"),
        Case::bad("a.rs", "fn f() { let x = [0u32; 256 * 1024]; go(x); } //~ large-stack-array"),
        Case::bad("a.rs", "fn f() { let v = S { buf: [0u8; 200_000] }; go(v); } //~ large-stack-array"),
        Case::good("a.rs", "fn f() { let b = [0u8; 1024]; go(&b); }"),
        Case::good("a.rs", "fn f() { let b = vec![0u8; 1024 * 1024]; go(&b); }"),
        Case::good("a.rs", "static B: [u8; 1_000_000] = [0; 1_000_000];"),
        Case::good("a.rs", "const B: [u8; 1_000_000] = [0; 1_000_000];"),
        Case::good("a.rs", "fn f() { let b = [0u8; 8192]; go(&b); }"),
        Case::good("a.rs", "fn f() { static T: [u8; 500_000] = [0; 500_000]; go(&T); }"),
        Case::good("a.rs", "fn f(n: usize) { let b = [1, 2, 3]; go(&b, n); }"),
        Case::good("a.rs", "async fn f(s: &mut Stream) { let mut b = [0u8; 4096]; s.read(&mut b).await; }"),
        Case::near_miss("a.rs", "fn f() { let b = [0u8; N]; go(&b); }"),
        Case::near_miss("a.rs", "fn f() { let b = [String::new(); 4000]; go(&b); }"),
        Case::near_miss("a.rs", "fn f() { let b = [0u8; size_of::<A>()]; go(&b); }"),
        Case::near_miss("a.rs", "fn f() { let b: &'static [u8] = &[0; 65536]; go(b); }"),
    ],
};

fn check<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    let Some(count) = node.child(Field::Length).and_then(|l| computed(l, cx)) else { return };
    // An inner array is part of the outer one.
    let fixed = node
        .ancestors()
        .any(|a| matches!(a.kind(), Kind::ConstItem | Kind::StaticItem | Kind::ArrayExpression | Kind::ConstBlock))
        || node.parent().is_some_and(|p| {
            p.kind() == Kind::ReferenceExpression && p.child_of_kind(Kind::MutableSpecifier).is_none()
        });
    let Some(bytes) = element(node, cx).map(|one| i128::from(one).saturating_mul(count)) else { return };
    let waits = in_async(node);
    if fixed || bytes < if waits { 16 * 1024 + 1 } else { 100_000 } {
        return;
    }
    let message = if waits {
        format!("These {bytes} bytes become part of the future, which is moved around whole. Use a vector.")
    } else {
        format!("These {bytes} bytes lie on the stack, of which a thread has two megabytes or less. Use a vector.")
    };
    cx.report(Note::new(cx.rule, node.span(), message));
}

/// The size of an array's elements in bytes.
fn element<'a>(array: Node<'a>, cx: &Cx<'a>) -> Option<u64> {
    let first = array.first_named()?;
    if first.kind() == Kind::ArrayExpression {
        let count = first.child(Field::Length).and_then(|l| computed(l, cx))?;
        return element(first, cx)?.checked_mul(u64::try_from(count).ok()?);
    }
    // The type may be written beside the variable.
    let written = array.parent().filter(|p| p.kind() == Kind::LetDeclaration).and_then(|p| p.child(Field::Type));
    if let Some(ty) = written.map(|t| Ty::parse(t.text())).filter(|t| t.is("[;]")) {
        return Some(size_of_type(&ty.arg(), cx).0).filter(|n| *n > 0);
    }
    let ty = type_of(first, cx)?;
    // An untyped number may be a byte.
    let size = if ty.name == "{integer}" { 1 } else { size_of_type(&ty, cx).0 };
    (size > 0).then_some(size)
}
