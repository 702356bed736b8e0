use sidenote_grammars::{Family, Field, Kind};

use crate::findings::{Category, Confidence, Note, Severity};
use crate::rules::support::{args, rust_path};
use crate::rules::{Case, Check, Cx, Docs, Rule, unparenthesized};
use crate::syntax::Node;

pub static RULE: Rule = Rule {
    id: "transmute-misuse",
    summary: "`transmute` makes a value that its type does not allow",
    category: Category::Security,
    severity: Severity::High,
    confidence: Confidence::High,
    cwe: &[843, 704, 758],
    families: &[Family::Rust],
    default_on: true,
    in_tests: false,
    docs: Docs {
        what: "Finds `transmute` with types that are written in the call or beside it (`let`, parameters, casts, the function's result), where the pair is wrong whatever the value is: `&T` to `&mut T`, an integer to a \
               reference, `bool` or `char`, a longer lifetime for a reference to `'static`, slices and references of other sizes, and collections of different elements, numbers that become an enum of the file unchecked; and \
               `&mut *(x as *const T as *mut T)` of a shared reference.",
        why: "Each is undefined behaviour: two exclusive references, a truth value that is neither true nor false, a `Vec` whose fields may be \
              ordered differently, a reference that outlives what it points to.",
        example: "let flag: bool = unsafe { std::mem::transmute::<u8, bool>(byte) };",
        instead: "let flag = byte != 0;",
        limits: "Only where both types are written. Function pointers, arrays of plain numbers, SIMD vectors and types of the program are left \
                 alone.",
        fix: "",
    },
    checks: &[
        Check::Nodes(&[Kind::CallExpression], check),
        Check::Nodes(&[Kind::ReferenceExpression], recast),
        Check::Nodes(&[Kind::AssignmentExpression, Kind::CompoundAssignmentExpr], written),
    ],
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
        Case::bad(
            "a.rs",
            "#[repr(u8)]\nenum Op { Get, Put, Del }\nimpl From<u8> for Op { fn from(b: u8) -> Self { unsafe { std::mem::transmute(b) } } } //~ transmute-misuse",
        ),
        Case::bad(
            "a.rs",
            "#[repr(u8)]\nenum Op { Get, Put }\nfn op(b: u8) -> Op { unsafe { std::mem::transmute::<u8, Op>(b) } } //~ transmute-misuse",
        ),
        Case::good(
            "a.rs",
            "#[repr(u8)]\nenum Op { Get, Put }\nfn op(b: u8) -> Option<Op> { if b > 1 { return None; } Some(unsafe { std::mem::transmute::<u8, Op>(b) }) }",
        ),
        Case::near_miss(
            "a.rs",
            "#[repr(u8)]\nenum Op { Get, Put }\nfn op(b: u8) -> Op { unsafe { std::mem::transmute::<u8, Op>(b & 1) } }",
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
        Case::bad(
            "a.rs",
            "use std::mem::{self, transmute};\nfn a(x: &u32) -> &mut u32 { unsafe { mem::transmute(x) } } //~ transmute-misuse",
        ),
        Case::bad(
            "a.rs",
            "use std::mem::{self, transmute};\nfn b(x: u8) -> bool { unsafe { std::mem::transmute::<u8, bool>(x) } } //~ transmute-misuse",
        ),
        Case::bad(
            "a.rs",
            "use std::mem::transmute;\nfn c(x: u8) -> bool { unsafe { transmute(x) } } //~ transmute-misuse",
        ),
        Case::bad(
            "a.rs",
            "use std::mem::transmute;\nfn d<'a>(s: &'a str) -> &'static str { unsafe { transmute(s) } } //~ transmute-misuse",
        ),
        Case::bad(
            "a.rs",
            "use std::mem::transmute;\nfn e(x: u32) -> char { unsafe { transmute(x) } } //~ transmute-misuse",
        ),
        Case::bad(
            "a.rs",
            "use std::mem::transmute;\nfn f(v: Vec<u8>) -> Vec<i8> { unsafe { transmute(v) } } //~ transmute-misuse",
        ),
        Case::bad(
            "a.rs",
            "use std::mem::transmute;\nfn g(x: &[u8]) -> &str { unsafe { transmute(x) } } //~ transmute-misuse",
        ),
        Case::bad(
            "a.rs",
            "use std::mem::transmute;\nfn h(x: usize) -> &'static u8 { unsafe { transmute(x) } } //~ transmute-misuse",
        ),
        Case::bad(
            "a.rs",
            "use std::mem::transmute;\nfn i(x: &T) -> &mut T { unsafe { &mut *(x as *const T as *mut T) } } //~ transmute-misuse",
        ),
        Case::bad(
            "a.rs",
            "use std::mem::transmute;\nfn j(x: &u8) -> &u64 { unsafe { transmute::<&u8, &u64>(x) } } //~ transmute-misuse",
        ),
        Case::bad(
            "a.rs",
            "use std::mem::transmute;\nfn j2(x: &[u8]) -> &[u32] { unsafe { transmute(x) } } //~ transmute-misuse",
        ),
        Case::bad(
            "a.rs",
            "use std::mem::{self, transmute};\nfn j3(n: i32) { let b: bool = unsafe { mem::transmute(n as u8) }; } //~ transmute-misuse",
        ),
        Case::good("a.rs", "use std::mem::transmute;\nfn k(x: f32) -> u32 { unsafe { transmute(x) } }"),
        Case::good("a.rs", "use std::mem::transmute;\nfn l(x: [u8; 4]) -> u32 { unsafe { transmute(x) } }"),
        Case::good(
            "a.rs",
            "use std::mem::transmute;\nfn m(p: *const ()) -> fn(i32) -> i32 { unsafe { transmute(p) } }",
        ),
        Case::near_miss("a.rs", "use std::mem::transmute;\nfn n(x: &str) -> &[u8] { unsafe { transmute(x) } }"),
        Case::near_miss(
            "a.rs",
            "use std::mem::transmute;\nfn o<'a>(x: &'static str) -> &'a str { unsafe { transmute(x) } }",
        ),
        Case::bad(
            "a.rs",
            "fn f(x: &u32) {\n    let p = x as *const u32 as *mut u32;\n    unsafe { *p = 3; } //~ transmute-misuse\n}",
        ),
        Case::bad("a.rs", "fn f(x: &u32) { unsafe { *(x as *const u32 as *mut u32) += 1; } } //~ transmute-misuse"),
        Case::bad("a.rs", "fn f(x: &u32) { unsafe { *(x as *const u32).cast_mut() = 1; } } //~ transmute-misuse"),
        Case::good("a.rs", "fn f(x: &mut u32) { let p = x as *mut u32; unsafe { *p = 3; } }"),
        Case::near_miss("a.rs", "fn f(x: *const u32) { let p = x as *mut u32; unsafe { *p = 3; } }"),
        Case::near_miss("a.rs", "fn f(x: &Cell<u32>) { let p = x.as_ptr(); unsafe { *p = 3; } }"),
        Case::near_miss("a.rs", "fn flag(b: u8) -> bool { unsafe { std::mem::transmute::<u8, bool>(b & 1) } }"),
    ],
};

fn check<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    let Some(function) = node.child(Field::Function).filter(|f| f.text().contains("transmute")) else { return };
    let Some(path) = rust_path(function, cx) else { return };
    if !matches!(
        path.as_str(),
        "std::mem::transmute" | "core::mem::transmute" | "std::intrinsics::transmute" | "transmute" | "mem::transmute"
    ) {
        return;
    }
    let written: Vec<&str> = match function.child(Field::TypeArguments) {
        Some(list) => list.named_children().map(Node::text).collect(),
        None => Vec::new(),
    };
    let known = |ty: &&str| *ty != "_";
    let from = written.first().copied().filter(known).map(str::to_owned);
    let from = from.or_else(|| args(node).next().and_then(|a| type_of(a, 6)));
    let to = written.get(1).copied().filter(known).or_else(|| expected_type(node));
    let (Some(from), Some(to)) = (from, to) else { return };
    if unchecked_variant(node, &from, to, cx) {
        let message = "A number that no variant has makes this undefined behaviour, and nothing checks it before. Match on the number, or use `TryFrom`.";
        cx.report(Note::new(cx.rule, function.span(), message));
        return;
    }
    // `transmute(bits & 1)`: there are no other values.
    let masked = to == "bool"
        && args(node).next().map(unparenthesized).is_some_and(|a| {
            a.kind() == Kind::BinaryExpression
                && (a.text().ends_with("& 1") || a.text().ends_with("% 2") || a.text().starts_with("1 &"))
        });
    if masked {
        return;
    }
    let Some(what) = wrong(&from, to) else { return };
    cx.report(Note::new(cx.rule, function.span(), what));
}

/// `&mut *(x as *const T as *mut T)` of a shared reference.
fn recast<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    if node.child_of_kind(Kind::MutableSpecifier).is_none() {
        return;
    }
    let Some(place) =
        node.child(Field::Value).filter(|v| v.kind() == Kind::UnaryExpression && v.text().starts_with('*'))
    else {
        return;
    };
    if place.first_named().is_some_and(makes_exclusive) {
        let what = "This makes an exclusive reference of a shared one, which is always undefined behaviour. Use `UnsafeCell` or `&mut`.";
        cx.report(Note::new(cx.rule, node.span(), what));
    }
}

/// `*(x as *const T as *mut T) = value` of a shared reference, also by way of a variable.
fn written<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    let Some(place) =
        node.child(Field::Left).filter(|l| l.kind() == Kind::UnaryExpression && l.text().starts_with('*'))
    else {
        return;
    };
    let Some(pointer) = place.first_named().map(unparenthesized) else { return };
    let made = match pointer.kind() {
        Kind::Identifier => {
            let Some(declared) = crate::rules::rust_names::binding(pointer) else { return };
            match declared.origin {
                crate::rules::rust_names::Origin::Let(o) => o.child(Field::Value),
                _ => None,
            }
        }
        _ => Some(pointer),
    };
    if made.is_some_and(makes_exclusive) {
        let what = "This writes through a shared reference, which is always undefined behaviour: the compiler takes what is behind it for unchanged. Use `Cell`, `UnsafeCell` or `&mut`.";
        cx.report(Note::new(cx.rule, place.span(), what));
    }
}

/// Whether casts make a pointer to write through of a shared reference: `x as *const T as *mut T`, `(x as *const T).cast_mut()`.
fn makes_exclusive(value: Node<'_>) -> bool {
    let mut at = unparenthesized(value);
    let (mut exclusive, mut shared) = (false, false);
    loop {
        at = match at.kind() {
            Kind::TypeCastExpression => {
                let ty = at.child(Field::Type).map_or("", Node::text);
                exclusive |= ty.starts_with("*mut");
                shared |= ty.starts_with("*const");
                match at.child(Field::Value) {
                    Some(inner) => unparenthesized(inner),
                    None => return false,
                }
            }
            Kind::CallExpression => match crate::rules::support::method(at) {
                Some((of, name)) if name.text() == "cast_mut" => {
                    exclusive = true;
                    unparenthesized(of)
                }
                _ => break,
            },
            _ => break,
        };
    }
    exclusive && shared && type_of(at, 4).is_some_and(|t| t.starts_with('&') && !is_exclusive(&t))
}

fn is_exclusive(ty: &str) -> bool {
    reference(ty).is_some_and(|(_, exclusive, _)| exclusive)
}

/// The type that a call's value must have: of the `let` that takes it, or of the function that returns it.
fn expected_type<'a>(call: Node<'a>) -> Option<&'a str> {
    let mut at = call;
    loop {
        let parent = at.parent()?;
        match parent.kind() {
            Kind::UnsafeBlock | Kind::ParenthesizedExpression => {}
            Kind::Block if parent.last_named() == Some(at) => {}
            Kind::ReturnExpression => {
                let function = parent.ancestors().find(|n| crate::rules::support::is_function(*n))?;
                return function.child(Field::ReturnType).map(Node::text);
            }
            Kind::FunctionItem => return parent.child(Field::ReturnType).map(Node::text),
            Kind::ExpressionStatement if !parent.text().ends_with(';') => {}
            // `Some(transmute(x))`
            Kind::Arguments => {
                let call = parent.parent()?;
                if !matches!(call.child(Field::Function)?.text(), "Some" | "Ok") {
                    return None;
                }
                at = call;
                continue;
            }
            Kind::LetDeclaration if at.field() == Field::Value => return parent.child(Field::Type).map(Node::text),
            _ => return None,
        }
        at = parent;
    }
}

/// The type of an expression as far as it is written: of a parameter, a variable, a cast, a literal.
fn type_of(node: Node<'_>, depth: usize) -> Option<String> {
    if depth == 0 {
        return None;
    }
    let node = unparenthesized(node);
    match node.kind() {
        Kind::TypeCastExpression => node.child(Field::Type).map(|t| t.text().to_owned()),
        Kind::ReferenceExpression => {
            let inner = type_of(node.child(Field::Value)?, depth - 1)?;
            let exclusive = node.child_of_kind(Kind::MutableSpecifier).is_some();
            Some(format!("&{}{inner}", if exclusive { "mut " } else { "" }))
        }
        Kind::IntegerLiteral => {
            let suffix = ["u8", "i8", "u16", "i16", "u32", "i32", "u64", "i64", "usize", "isize"];
            suffix.iter().find(|s| node.text().ends_with(**s)).map(|s| (*s).to_owned())
        }
        Kind::Identifier => {
            let function = node.ancestors().find(|n| crate::rules::support::is_function(*n))?;
            let mut found = None;
            for n in function.descendants() {
                let named = matches!(n.kind(), Kind::LetDeclaration | Kind::Parameter)
                    && n.child(Field::Pattern).is_some_and(|p| p.text().trim_start_matches("mut ") == node.text());
                if named {
                    if found.is_some() {
                        return None;
                    }
                    found = Some(n);
                }
            }
            let declaration = found?;
            match declaration.child(Field::Type) {
                Some(ty) => Some(ty.text().to_owned()),
                None => type_of(declaration.child(Field::Value)?, depth - 1),
            }
        }
        _ => None,
    }
}

/// Bytes of a primitive number.
fn width(ty: &str) -> Option<u32> {
    Some(match ty {
        "u8" | "i8" => 1,
        "u16" | "i16" => 2,
        "u32" | "i32" | "f32" => 4,
        "u64" | "i64" | "f64" => 8,
        "u128" | "i128" => 16,
        _ => return None,
    })
}

/// Whether a number becomes an enum of the file, or `Self`, and nothing in the function looks at it before.
fn unchecked_variant<'a>(call: Node<'a>, from: &str, to: &str, cx: &Cx<'a>) -> bool {
    let integer = matches!(from, "u8" | "i8" | "u16" | "i16" | "u32" | "i32" | "u64" | "usize");
    let to = to.trim();
    let to = ["Option<", "Result<"]
        .iter()
        .find_map(|w| to.strip_prefix(w))
        .map_or(to, |inner| inner.split([',', '>']).next().unwrap_or(inner));
    let variants = cx
        .file
        .declared
        .rust
        .types
        .get(to)
        .is_some_and(|t| t.variants.len() > 1 && t.variants.iter().all(|v| v.1.is_empty()));
    if !integer || !(variants || to == "Self") {
        return false;
    }
    let Some(function) = call.ancestors().find(|n| n.kind() == Kind::FunctionItem) else { return false };
    let Some(argument) = args(call).next() else { return false };
    // Only what is handed in as it is: a mask or a remainder is a check of its own.
    if !matches!(unparenthesized(argument).kind(), Kind::Identifier | Kind::IndexExpression | Kind::UnaryExpression) {
        return false;
    }
    let marked = function
        .child_of_kind(Kind::FunctionModifiers)
        .is_some_and(|m| m.text().split_whitespace().any(|w| w == "unsafe"));
    let text = function.text();
    let looked_at = function.descendants().any(|n| match n.kind() {
        Kind::IfExpression | Kind::MatchExpression => true,
        Kind::BinaryExpression => n
            .child(Field::Operator)
            .is_some_and(|o| matches!(o.text(), "<" | "<=" | ">" | ">=" | "==" | "%" | "&" | ">>")),
        Kind::MacroInvocation => n.text().contains("assert") || n.text().starts_with("matches"),
        _ => false,
    });
    !marked
        && !looked_at
        && !["SAFETY", "Safety", "filter", "contains", "check", "min("].iter().any(|w| text.contains(w))
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
        if from_ty == "[u8]" && to_ty == "str" {
            return Some("Nothing says that these bytes are UTF-8, as a `str` must be. Use `str::from_utf8`, or `from_utf8_unchecked` with a reason.".into());
        }
        let element = |t: &str| t.strip_prefix('[').and_then(|t| t.strip_suffix(']')).and_then(width);
        if let (Some(a), Some(b)) = (element(from_ty), element(to_ty))
            && a != b
        {
            return Some("The slice keeps its number of elements, which are of another size now: it reaches beyond the memory. Use `align_to` or `from_raw_parts` with the right length.".into());
        }
        if let (Some(a), Some(b)) = (width(from_ty), width(to_ty))
            && b > a
        {
            return Some(
                "What this points to is smaller than the type says: reading it reaches beyond the value.".into(),
            );
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
