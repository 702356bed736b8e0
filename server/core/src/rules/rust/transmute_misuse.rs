use sidenote_grammars::{Family, Field, Kind};

use crate::findings::{Category, Confidence, Note, Severity};
use crate::rules::support::rust_path;
use crate::rules::{Case, Check, Cx, Docs, Rule};
use crate::syntax::Node;

pub static RULE: Rule = Rule {
    id: "transmute-misuse",
    summary: "`transmute` makes a value that its type does not allow",
    category: Category::Security,
    severity: Severity::High,
    confidence: Confidence::High,
    cwe: &[843],
    families: &[Family::Rust],
    default_on: true,
    in_tests: false,
    docs: Docs {
        what: "Finds `transmute::<From, To>` with both types written, where the pair is wrong whatever the value is: `&T` to `&mut T`, an integer to a \
               reference, `bool` or `char`, a longer lifetime for a reference to `'static`, and collections of different elements.",
        why: "Each is undefined behaviour: two exclusive references, a truth value that is neither true nor false, a `Vec` whose fields may be \
              ordered differently, a reference that outlives what it points to.",
        example: "let flag: bool = unsafe { std::mem::transmute::<u8, bool>(byte) };",
        instead: "let flag = byte != 0;",
        limits: "Only where both types stand in the call. Function pointers, arrays of plain numbers, SIMD vectors and types of the program are left \
                 alone.",
        fix: "",
    },
    checks: &[Check::Nodes(&[Kind::CallExpression], check)],
    cases: &[
        Case::bad("a.rs", "fn f(b: u8) -> bool { unsafe { std::mem::transmute::<u8, bool>(b) } } //~ transmute-misuse"),
        Case::bad(
            "a.rs",
            "use std::mem;\nfn f(x: &u32) -> &mut u32 { unsafe { mem::transmute::<&u32, &mut u32>(x) } } //~ transmute-misuse",
        ),
        Case::bad(
            "a.rs",
            "use std::mem::transmute;\nfn f(c: u32) -> char { unsafe { transmute::<u32, char>(c) } } //~ transmute-misuse",
        ),
        Case::bad(
            "a.rs",
            "fn f(p: usize) -> &'static str { unsafe { core::mem::transmute::<usize, &u8>(p) }; \"\" } //~ transmute-misuse",
        ),
        Case::bad(
            "a.rs",
            "use std::mem::transmute;\nfn f(v: Vec<u8>) -> Vec<i8> { unsafe { transmute::<Vec<u8>, Vec<i8>>(v) } } //~ transmute-misuse",
        ),
        Case::bad(
            "a.rs",
            "use std::mem::transmute;\nfn f<'a>(s: &'a str) -> &'static str { unsafe { transmute::<&'a str, &'static str>(s) } } //~ transmute-misuse",
        ),
        Case::bad(
            "a.rs",
            "use std::mem::transmute;\nfn f(b: u8) { let n = unsafe { transmute::<i8, bool>(1) }; } //~ transmute-misuse",
        ),
        Case::bad(
            "a.rs",
            "fn f(x: &[u8]) { unsafe { std::mem::transmute::<&[u8], &mut [u8]>(x) }; } //~ transmute-misuse",
        ),
        Case::bad(
            "a.rs",
            "use std::mem::transmute;\nfn f(m: HashMap<u8, A>) { unsafe { transmute::<HashMap<u8, A>, HashMap<u8, B>>(m) }; } //~ transmute-misuse",
        ),
        Case::good("a.rs", "fn f(x: f32) -> u32 { unsafe { std::mem::transmute::<f32, u32>(x) } }"),
        Case::good("a.rs", "fn f(x: [u8; 4]) -> u32 { unsafe { std::mem::transmute::<[u8; 4], u32>(x) } }"),
        Case::good("a.rs", "fn f(p: *const ()) -> fn() { unsafe { std::mem::transmute::<*const (), fn()>(p) } }"),
        Case::good("a.rs", "fn f(b: bool) -> u8 { unsafe { std::mem::transmute::<bool, u8>(b) } }"),
        Case::good("a.rs", "fn f(x: &mut u32) -> &u32 { unsafe { std::mem::transmute::<&mut u32, &u32>(x) } }"),
        Case::good("a.rs", "fn f(x: u8) -> Kind { unsafe { std::mem::transmute::<u8, Kind>(x) } }"),
        Case::good("a.rs", "fn f(x: __m128i) -> [u8; 16] { unsafe { std::mem::transmute(x) } }"),
        Case::good("a.rs", "fn f(x: &[u8; 4]) -> &[i8; 4] { unsafe { std::mem::transmute::<&[u8; 4], &[i8; 4]>(x) } }"),
        Case::near_miss(
            "a.rs",
            "fn transmute<A, B>(a: A) -> B { todo!() }\nfn f(b: u8) { other::transmute::<u8, bool>(b); }",
        ),
        Case::near_miss("a.rs", "fn f(x: &str) -> &[u8] { unsafe { std::mem::transmute::<&str, &[u8]>(x) } }"),
        Case::near_miss(
            "a.rs",
            "fn f(x: &'static str) -> &'static [u8] { unsafe { std::mem::transmute::<&'static str, &'static [u8]>(x) } }",
        ),
        Case::near_miss(
            "a.rs",
            "fn f(v: Vec<u8>) -> Vec<u8> { unsafe { std::mem::transmute::<Vec<u8>, Vec<u8>>(v) } }",
        ),
    ],
};

fn check<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    let Some(function) = node.child(Field::Function) else { return };
    if function.kind() != Kind::GenericFunction || !function.text().contains("transmute") {
        return;
    }
    let Some(path) = function.child(Field::Function).and_then(|f| rust_path(f, cx)) else { return };
    if !matches!(path.as_str(), "std::mem::transmute" | "core::mem::transmute" | "std::intrinsics::transmute") {
        return;
    }
    let Some(list) = function.child(Field::TypeArguments) else { return };
    let types: Vec<Node<'_>> = list.named_children().collect();
    let [from, to] = types[..] else { return };
    let Some(what) = wrong(from.text(), to.text()) else { return };
    cx.report(Note::new(cx.rule, function.span(), what));
}

/// What is wrong with the pair, if something is.
fn wrong(from: &str, to: &str) -> Option<String> {
    let squeezed = |t: &str| t.split_whitespace().collect::<Vec<_>>().join(" ");
    let (from, to) = (squeezed(from), squeezed(to));
    if from == to {
        return None;
    }
    let integer =
        |t: &str| matches!(t, "u8" | "i8" | "u16" | "i16" | "u32" | "i32" | "u64" | "i64" | "usize" | "isize");
    if integer(&from) && to == "bool" {
        return Some(
            "A `bool` that is neither 0 nor 1 is undefined behaviour. Compare the number with 0 instead.".into(),
        );
    }
    if integer(&from) && to == "char" {
        return Some("Not every number is a `char`. Use `char::from_u32`, which checks.".into());
    }
    if integer(&from) && to.starts_with('&') {
        return Some("A number is no reference: nothing says that there is a value at that address.".into());
    }
    let (from_ref, to_ref) = (reference(&from), reference(&to));
    if let (Some((from_life, from_mut, from_ty)), Some((to_life, to_mut, to_ty))) = (from_ref, to_ref) {
        if to_mut && !from_mut {
            return Some("This makes an exclusive reference of a shared one, which is always undefined behaviour. Use `UnsafeCell` or `&mut`.".into());
        }
        if to_life == "'static" && from_life != "'static" && from_ty == to_ty {
            return Some("This claims that what is borrowed lives for ever. It will be used after it is gone.".into());
        }
    }
    let generic = |t: &str| t.split_once('<').map(|(name, _)| name.rsplit("::").next().unwrap_or(name).to_owned());
    let collection =
        |n: &str| matches!(n, "Vec" | "HashMap" | "HashSet" | "BTreeMap" | "BTreeSet" | "VecDeque" | "Rc" | "Arc");
    match (generic(&from), generic(&to)) {
        (Some(a), Some(b)) if a == b && collection(&a) => Some(format!(
            "The layout of `{a}` is not fixed: `{a}` of another type may order its fields differently. Convert the elements, or use `from_raw_parts`."
        )),
        _ => None,
    }
}

/// Lifetime, whether it is exclusive, and target of a reference type.
fn reference(ty: &str) -> Option<(&str, bool, &str)> {
    let rest = ty.strip_prefix('&')?.trim_start();
    let (life, rest) = match rest.starts_with('\'') {
        true => rest.split_once(' ')?,
        false => ("", rest),
    };
    match rest.strip_prefix("mut ") {
        Some(ty) => Some((life, true, ty)),
        None => Some((life, false, rest)),
    }
}
