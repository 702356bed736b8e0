use sidenote_grammars::{Family, Field, Kind};

use crate::findings::{Category, Confidence, Note, Severity};
use crate::rules::rust_types::{Ty, type_of};
use crate::rules::shape::{operands, operator};
use crate::rules::support::{args, method, rust_path};
use crate::rules::{Case, Check, Cx, Docs, Rule, unparenthesized};
use crate::syntax::Node;

pub static RULE: Rule = Rule {
    id: "size-of-in-count",
    summary: "a number of elements is multiplied by their size",
    category: Category::Quality,
    severity: Severity::High,
    confidence: Confidence::High,
    cwe: &[131, 787],
    families: &[Family::Rust],
    default_on: true,
    in_tests: false,
    docs: Docs {
        what: "Finds `ptr::copy(src, dst, n * size_of::<T>())` and the like, of functions that count in elements: `copy`, `copy_nonoverlapping`, `write_bytes`, `swap_nonoverlapping`, `slice::from_raw_parts`.",
        why: "These multiply by the size themselves: it reads and writes beyond the end, as many times as an element has bytes.",
        example: "ptr::copy_nonoverlapping(src, dst, len * mem::size_of::<u32>());",
        instead: "ptr::copy_nonoverlapping(src, dst, len);",
        limits: "Pointers to bytes (`*const u8`, by a cast in the call), for which the size in bytes is right, are left alone.",
        fix: "",
    },
    checks: &[Check::Nodes(&[Kind::CallExpression], check)],
    cases: &[
        Case::bad(
            "a.rs",
            "fn f(s: &[u32], d: &mut [u32]) { unsafe { std::ptr::copy_nonoverlapping(s.as_ptr(), d.as_mut_ptr(), std::mem::size_of::<u32>() * s.len()) } } //~ size-of-in-count",
        ),
        Case::bad(
            "a.rs",
            "use std::{mem::size_of, ptr, slice};\nfn f(p: *const u32, n: usize) -> &'static [u32] { unsafe { slice::from_raw_parts(p, n * size_of::<u32>()) } } //~ size-of-in-count",
        ),
        Case::bad(
            "a.rs",
            "use std::{mem::size_of, ptr};\nfn f(p: *mut u64, n: usize) { unsafe { ptr::write_bytes(p, 0, n * size_of::<u64>()) } } //~ size-of-in-count",
        ),
        Case::bad(
            "a.rs",
            "use std::{mem::size_of, ptr};\nfn f(s: *const u16, d: *mut u16, n: usize) { unsafe { ptr::copy(s, d, size_of::<u16>() * n) } } //~ size-of-in-count",
        ),
        Case::good(
            "a.rs",
            "fn f(s: &[u32], d: &mut [u32]) { unsafe { std::ptr::copy_nonoverlapping(s.as_ptr(), d.as_mut_ptr(), s.len()) } }",
        ),
        Case::good(
            "a.rs",
            "use std::{mem::size_of, ptr};\nfn f(s: *const u8, d: *mut u8, n: usize) { unsafe { ptr::copy(s, d, n * size_of::<u32>()) } }",
        ),
        Case::good(
            "a.rs",
            "use std::{mem::size_of, slice};\nfn f(v: &[u32]) -> &[u8] { unsafe { slice::from_raw_parts(v.as_ptr() as *const u8, v.len() * size_of::<u32>()) } }",
        ),
        Case::good("a.rs", "use std::mem::size_of;\nfn f(n: usize) -> usize { n * size_of::<u32>() }"),
        Case::near_miss(
            "a.rs",
            "use std::{mem::size_of, slice};\nfn f<T>(v: &T) -> &[u8] { unsafe { slice::from_raw_parts(v as *const T as *const u8, size_of::<T>()) } }",
        ),
        Case::near_miss(
            "a.rs",
            "use std::{mem::size_of, slice};\nfn f(v: &[u32]) -> &[u8] { unsafe { slice::from_raw_parts(v.as_ptr().cast(), v.len() * size_of::<u32>()) } }",
        ),
    ],
};

fn check<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    let Some(path) = node.child(Field::Function).and_then(|f| rust_path(f, cx)) else { return };
    let mut parts = path.rsplit("::");
    let (last, module) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    let counts = matches!(
        (module, last),
        ("ptr", "copy" | "copy_nonoverlapping" | "write_bytes" | "swap_nonoverlapping")
            | ("slice", "from_raw_parts" | "from_raw_parts_mut")
    );
    let all: Vec<Node<'a>> = args(node).collect();
    let (Some(first), Some(count)) = (all.first(), all.last()) else { return };
    let count = unparenthesized(*count);
    if !counts || count.kind() != Kind::BinaryExpression || operator(count) != "*" {
        return;
    }
    let Some((a, b)) = operands(count) else { return };
    let size = |n: Node<'a>| n.kind() == Kind::CallExpression && n.text().contains("size_of::<");
    // Only of pointers whose element is known not to be a byte.
    let element = match first.kind() {
        Kind::TypeCastExpression => return,
        _ => match method(*first) {
            Some((of, m)) if matches!(m.text(), "as_ptr" | "as_mut_ptr") => {
                type_of(of, cx).filter(Ty::is_sequence).map(|t| t.arg().name.to_owned())
            }
            Some(_) => None,
            None => written_pointee(*first),
        },
    };
    if (size(a) || size(b)) && element.is_some_and(|e| !matches!(e.as_str(), "u8" | "i8" | "c_char" | "c_void" | "_")) {
        let message = format!(
            "`{last}` counts in elements and multiplies by their size itself: this reaches far beyond the end. Give the number of elements."
        );
        cx.report(Note::new(cx.rule, count.span(), message));
    }
}

/// What the pointer parameter of that name points to, as written.
fn written_pointee(name: Node<'_>) -> Option<String> {
    let bound = crate::rules::rust_names::binding(name)?;
    let crate::rules::rust_names::Origin::Param(parameter) = bound.origin else { return None };
    let ty = parameter.child(Field::Type)?.text();
    let inner = ty.strip_prefix("*const ").or_else(|| ty.strip_prefix("*mut "))?;
    Some(inner.rsplit("::").next().unwrap_or(inner).to_owned())
}
