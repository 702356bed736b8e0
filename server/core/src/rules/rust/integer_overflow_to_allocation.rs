use sidenote_grammars::{Family, Field, Kind};

use crate::findings::{Category, Confidence, Note, Severity};
use crate::rules::support::{args, rust_path};
use crate::rules::{Case, Check, Cx, Docs, Rule, unparenthesized};
use crate::syntax::Node;

pub static RULE: Rule = Rule {
    id: "integer-overflow-to-allocation",
    summary: "the size of a raw allocation is computed without looking for overflow",
    category: Category::Security,
    severity: Severity::High,
    confidence: Confidence::Medium,
    cwe: &[190, 680],
    families: &[Family::Rust],
    default_on: true,
    in_tests: false,
    docs: Docs {
        what: "Finds products and sums of variables as the size of `Layout::from_size_align`, `from_size_align_unchecked`, `libc::malloc`, \
               `libc::realloc`, and of `Vec::with_capacity` where the factors were read as 32 bits each.",
        why: "In a release build the product wraps around: less memory is allocated than the code behind it fills, which writes beyond the \
              end of it.",
        example: "let layout = Layout::from_size_align(count * size_of::<T>(), align_of::<T>())?;",
        instead: "let layout = Layout::array::<T>(count)?;",
        limits: "Sizes made of constants and `size_of` alone are fine, as are `checked_mul` and its kin, which are method calls. Sums with a constant below 64 Ki are left alone.",
        fix: "",
    },
    checks: &[Check::Nodes(&[Kind::CallExpression], check)],
    cases: &[
        Case::bad(
            "a.rs",
            "use std::alloc::Layout;\nfn f(n: usize) { Layout::from_size_align(n * 8, 8).unwrap(); } //~ integer-overflow-to-allocation",
        ),
        Case::bad(
            "a.rs",
            "use std::alloc::Layout;\nfn f<T>(n: usize) { unsafe { Layout::from_size_align_unchecked(n * std::mem::size_of::<T>(), 8) }; } //~ integer-overflow-to-allocation",
        ),
        Case::bad(
            "a.rs",
            "unsafe fn f(a: usize, b: usize) -> *mut c_void { libc::malloc(a * b) } //~ integer-overflow-to-allocation",
        ),
        Case::bad(
            "a.rs",
            "unsafe fn f(p: *mut c_void, n: usize) -> *mut c_void { libc::realloc(p, n * 4) } //~ integer-overflow-to-allocation",
        ),
        Case::bad(
            "a.rs",
            "fn f(w: u32, h: u32) { std::alloc::Layout::from_size_align((w * h) as usize, 1).unwrap(); } //~ integer-overflow-to-allocation",
        ),
        Case::bad(
            "a.rs",
            "use core::alloc::Layout;\nfn f(head: usize, body: usize) { Layout::from_size_align(head + body, 1).unwrap(); } //~ integer-overflow-to-allocation",
        ),
        Case::bad(
            "a.rs",
            "fn f(n: usize) {\n    let size = n * 16;\n    let l = std::alloc::Layout::from_size_align(size, 16).unwrap(); //~ integer-overflow-to-allocation\n}",
        ),
        Case::bad(
            "a.rs",
            "use std::alloc::Layout;\nfn f(n: usize) { Layout::from_size_align(n << 3, 8).unwrap(); } //~ integer-overflow-to-allocation",
        ),
        Case::good("a.rs", "use std::alloc::Layout;\nfn f(n: usize) { Layout::array::<u64>(n).unwrap(); }"),
        Case::good(
            "a.rs",
            "use std::alloc::Layout;\nfn f(n: usize) -> Option<()> { Layout::from_size_align(n.checked_mul(8)?, 8).ok()?; None }",
        ),
        Case::good("a.rs", "use std::alloc::Layout;\nfn f(n: usize) { Layout::from_size_align(n, 8).unwrap(); }"),
        Case::good("a.rs", "use std::alloc::Layout;\nfn f() { Layout::from_size_align(4 * 1024, 8).unwrap(); }"),
        Case::good(
            "a.rs",
            "use std::alloc::Layout;\nfn f<T>() { Layout::from_size_align(4 * std::mem::size_of::<T>(), 8).unwrap(); }",
        ),
        Case::good("a.rs", "unsafe fn f(n: usize) -> *mut c_void { libc::calloc(n, 8) }"),
        Case::good("a.rs", "unsafe fn f() -> *mut c_void { libc::malloc(PAGE * 2) }"),
        Case::good(
            "a.rs",
            "use std::alloc::Layout;\nfn f(n: usize) { Layout::from_size_align(n.saturating_mul(8), 8).unwrap(); }",
        ),
        Case::near_miss(
            "a.rs",
            "use std::alloc::Layout;\nfn f(n: usize) { Layout::from_size_align(n + 1, 8).unwrap(); }",
        ),
        Case::near_miss(
            "a.rs",
            "struct Layout; impl Layout { fn from_size_align(a: usize, b: usize) {} }\nfn f(n: usize) { other::Layout::from_size_align(n * 2, 8); }",
        ),
        Case::near_miss(
            "a.rs",
            "use std::alloc::Layout;\nfn f(n: usize) { Layout::from_size_align(n / 2, 8).unwrap(); }",
        ),
        Case::near_miss(
            "a.rs",
            "use std::alloc::Layout;\nfn f(n: usize) { if n > 1000 { return; } Layout::from_size_align(n * 2, 8).unwrap(); }",
        ),
        Case::bad(
            "a.rs",
            "fn f(b: [u8; 8]) -> Vec<u8> { let w = u32::from_le_bytes([b[0], b[1], b[2], b[3]]); let h = u32::from_le_bytes([b[4], b[5], b[6], b[7]]); let size = w * h * 4; Vec::with_capacity(size as usize) } //~ integer-overflow-to-allocation",
        ),
        Case::near_miss(
            "a.rs",
            "fn f(b: [u8; 8]) -> Vec<u8> { let w = u32::from_le_bytes([b[0], b[1], b[2], b[3]]) as usize; let h = u32::from_le_bytes([b[4], b[5], b[6], b[7]]) as usize; Vec::with_capacity(w * h) }",
        ),
        Case::near_miss("a.rs", "fn f(w: usize, h: usize) -> Vec<u8> { Vec::with_capacity(w * h) }"),
        Case::bad(
            "a.rs",
            "use std::alloc::{alloc, Layout};\nunsafe fn a(rows: usize, width: usize) -> *mut u8 { unsafe { alloc(Layout::from_size_align_unchecked(rows * width, 8)) } } //~ integer-overflow-to-allocation",
        ),
        Case::bad(
            "a.rs",
            "use std::alloc::Layout;\nfn a(count: usize, header: usize) -> Layout { let size = count * 16 + header; Layout::from_size_align(size, 8).unwrap() } //~ integer-overflow-to-allocation",
        ),
        Case::bad(
            "a.rs",
            "fn a(n: usize, each: usize) -> *mut libc::c_void { unsafe { libc::malloc(n * each) } } //~ integer-overflow-to-allocation",
        ),
        Case::good("a.rs", "use std::alloc::Layout;\nfn a(n: usize) -> Layout { Layout::array::<u64>(n).unwrap() }"),
        Case::good(
            "a.rs",
            "use std::alloc::Layout;\nfn a(rows: usize, width: usize) -> Option<Layout> { Layout::from_size_align(rows.checked_mul(width)?, 8).ok() }",
        ),
        Case::good("a.rs", "fn a(n: usize) -> Vec<u8> { Vec::with_capacity(n.saturating_mul(4)) }"),
        Case::good(
            "a.rs",
            "use std::alloc::Layout;\nfn a() -> Layout { Layout::from_size_align(4 * 1024, 4096).unwrap() }",
        ),
    ],
};

fn check<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    let Some(path) = node.child(Field::Function).and_then(|f| rust_path(f, cx)) else { return };
    let at = match path.as_str() {
        "std::alloc::Layout::from_size_align"
        | "core::alloc::Layout::from_size_align"
        | "alloc::alloc::Layout::from_size_align"
        | "std::alloc::Layout::from_size_align_unchecked"
        | "core::alloc::Layout::from_size_align_unchecked"
        | "libc::malloc" => 0,
        "libc::realloc" => 1,
        // Of a vector what is too small shows later, as a panic: told only of numbers that were read.
        "Vec::with_capacity" | "std::vec::Vec::with_capacity" => 0,
        _ => return,
    };
    let vector = path.ends_with("with_capacity");
    let Some(size) = args(node).nth(at) else { return };
    let mut value = crate::rules::support::constant(size);
    while matches!(value.kind(), Kind::TypeCastExpression | Kind::ParenthesizedExpression) {
        let Some(inner) = value.child(Field::Value).or_else(|| value.first_named()) else { break };
        value = crate::rules::support::constant(unparenthesized(inner));
    }
    let Some(variable) = overflows(value) else { return };
    if vector && !(operands_read(value) && size.kind() == Kind::TypeCastExpression) {
        return;
    }
    // A comparison of that variable anywhere in the function bounds it.
    let compared = cx.arena().nodes().any(|n| {
        n.kind() == Kind::BinaryExpression
            && n.child(Field::Operator).is_some_and(|o| matches!(o.text(), "<" | ">" | "<=" | ">="))
            && [Field::Left, Field::Right].iter().any(|f| n.child(*f).is_some_and(|s| s.text() == variable))
    });
    if compared {
        return;
    }
    cx.report(Note::new(
        cx.rule,
        size.span(),
        "This may wrap around, and less memory is allocated than is used. Compute it with `checked_mul` and `checked_add`, or use `Layout::array`.",
    ));
}

/// Whether a product has two factors that were read as 32 bits each: `u32::from_be_bytes(..)`, `r.read_u32()`.
fn operands_read(value: Node<'_>) -> bool {
    let read = |n: &Node<'_>| {
        n.kind() == Kind::Identifier
            && crate::rules::rust_names::binding(*n).is_some_and(|b| match b.origin {
                crate::rules::rust_names::Origin::Let(o) => o.child(Field::Value).is_some_and(|v| {
                    ["u32::from_be_bytes", "u32::from_le_bytes", "read_u32", "get_u32"]
                        .iter()
                        .any(|w| v.text().contains(w))
                        && !v.text().contains(" as ")
                }),
                _ => false,
            })
    };
    let product = value
        .descendants()
        .all(|n| n.kind() != Kind::BinaryExpression || n.child(Field::Operator).is_some_and(|o| o.text() == "*"));
    product && std::iter::once(value).chain(value.descendants()).filter(read).count() >= 2
}

/// The variable by which an expression may wrap around.
fn overflows<'a>(value: Node<'a>) -> Option<&'a str> {
    if value.kind() != Kind::BinaryExpression {
        return None;
    }
    let operator = value.child(Field::Operator)?.text();
    let (left, right) = (value.child(Field::Left)?, value.child(Field::Right)?);
    let variable = |n: Node<'a>| {
        let mut n = unparenthesized(n);
        // `w * h * 4`
        while n.kind() == Kind::BinaryExpression && n.child(Field::Operator)?.text() == "*" {
            n = unparenthesized(n.child(Field::Left)?);
        }
        let is_variable =
            matches!(n.kind(), Kind::Identifier | Kind::FieldExpression) && !n.text().starts_with(char::is_uppercase);
        is_variable.then(|| n.text())
    };
    let small = |n: Node<'_>| n.text().parse::<u64>().is_ok_and(|v| v < 65_536);
    match operator {
        "*" | "<<" => variable(left).or_else(|| variable(right)),
        "+" if !small(left) && !small(right) => variable(left).and(variable(right)),
        _ => None,
    }
}
