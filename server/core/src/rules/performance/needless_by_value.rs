use sidenote_grammars::{Family, Field, Kind};

use crate::findings::{Category, Confidence, Note, Severity};
use crate::rules::rust_types::Ty;
use crate::rules::support::{is_function, method};
use crate::rules::{Case, Check, Cx, Docs, Rule};
use crate::syntax::Node;

pub static RULE: Rule = Rule {
    id: "needless-by-value",
    summary: "a parameter takes a whole container and only looks at it",
    category: Category::Performance,
    severity: Severity::Info,
    confidence: Confidence::Medium,
    cwe: &[1050],
    families: &[Family::Rust],
    default_on: true,
    in_tests: false,
    docs: Docs {
        what: "Finds parameters of type `Vec<T>`, `String`, `HashMap` and the like, by value, of functions that only look at them: their length, elements, a walk by reference.",
        why: "The caller must give its own away or make a copy of everything, for a function that needs none of it afterwards.",
        example: "fn total(items: Vec<u32>) -> u32 { items.iter().sum() }",
        instead: "fn total(items: &[u32]) -> u32 { items.iter().sum() }",
        limits: "Left alone: methods of traits, `async` and `extern` functions, closures that capture the parameter, functions of several generic forms, and parameters of which anything is moved, handed on, changed or returned by reference.",
        fix: "",
    },
    checks: &[Check::Nodes(&[Kind::FunctionItem], check)],
    cases: &[
        Case::bad("a.rs", "fn f(v: Vec<u32>) -> u32 { v.iter().sum() } //~ needless-by-value"),
        Case::bad("a.rs", "fn f(name: String) -> usize { name.len() } //~ needless-by-value"),
        Case::bad("a.rs", "fn f(m: HashMap<String, u32>, k: &str) -> bool { m.contains_key(k) } //~ needless-by-value"),
        Case::bad(
            "a.rs",
            "fn f(v: Vec<Order>) -> u32 { let mut n = 0; for o in v.iter() { n += o.qty; } n } //~ needless-by-value",
        ),
        Case::bad(
            "a.rs",
            "fn f(v: Vec<u32>) -> u32 { let mut n = 0; for x in &v { n += x; } n } //~ needless-by-value",
        ),
        Case::good("a.rs", "fn f(v: &[u32]) -> u32 { v.iter().sum() }"),
        Case::good("a.rs", "fn f(v: Vec<u32>) -> Vec<u32> { v }"),
        Case::good("a.rs", "fn f(v: Vec<u32>) { for x in v { go(x); } }"),
        Case::good("a.rs", "fn f(v: Vec<u32>) -> u32 { send(v); 1 }"),
        Case::good("a.rs", "async fn f(v: Vec<u32>) -> usize { v.len() }"),
        Case::near_miss("a.rs", "fn f(mut v: Vec<u32>) -> u32 { v.sort(); v[0] }"),
        Case::near_miss("a.rs", "fn f(v: Vec<u32>) -> impl Fn() -> usize { move || v.len() }"),
        Case::near_miss("a.rs", "impl Sink for A { fn put(&self, v: Vec<u32>) -> usize { v.len() } }"),
    ],
};

fn check<'a>(function: Node<'a>, cx: &mut Cx<'a>) {
    let (Some(body), Some(parameters)) = (function.child(Field::Body), function.child(Field::Parameters)) else {
        return;
    };
    let modifiers = function.child_of_kind(Kind::FunctionModifiers).map_or("", Node::text);
    let name = function.child(Field::Name).map_or("", Node::text);
    if modifiers.contains("async")
        || modifiers.contains("extern")
        || name == "main"
        || cx.file.declared.rust.trait_methods.contains(name)
    {
        return;
    }
    for parameter in parameters.named_children().filter(|p| p.kind() == Kind::Parameter) {
        let (Some(pattern), Some(written)) = (parameter.child(Field::Pattern), parameter.child(Field::Type)) else {
            continue;
        };
        if pattern.kind() != Kind::Identifier
            || pattern.text().starts_with('_')
            || parameter.child_of_kind(Kind::MutableSpecifier).is_some()
        {
            continue;
        }
        let ty = Ty::parse(written.text());
        if ty.refs > 0
            || !matches!(ty.name, "Vec" | "String" | "HashMap" | "BTreeMap" | "HashSet" | "BTreeSet" | "PathBuf")
        {
            continue;
        }
        if looks_only(body, pattern.text()) {
            let message = format!(
                "`{}` is only looked at, and the caller has to give it away or copy it. Take a reference.",
                pattern.text()
            );
            cx.report(Note::new(cx.rule, written.span(), message));
        }
    }
}

/// Whether all that happens to a parameter leaves it as it is and hands nothing of it on, and something does happen.
fn looks_only(body: Node<'_>, name: &str) -> bool {
    let mut any = false;
    for n in body.descendants() {
        if n.is_hole() || matches!(n.kind(), Kind::MacroInvocation | Kind::TokenTree) && n.text().contains(name) {
            return false;
        }
        if is_function(n) && n.text().contains("move") {
            return false;
        }
        if n.kind() != Kind::Identifier || n.text() != name {
            continue;
        }
        any = true;
        let Some(parent) = n.parent() else { return false };
        let fine = match parent.kind() {
            Kind::FieldExpression => parent.parent().and_then(method).is_some_and(|(of, m)| {
                of == n
                    && match m.text() {
                        "len" | "is_empty" | "contains" | "contains_key" | "starts_with" | "ends_with" | "exists"
                        | "is_dir" | "is_file" => true,
                        "iter" | "keys" | "values" | "chars" | "bytes" | "lines" => {
                            consumed_here(parent.parent().unwrap_or(parent))
                        }
                        _ => false,
                    }
            }),
            Kind::ReferenceExpression => {
                parent.parent().is_some_and(|p| p.kind() == Kind::ForExpression && parent.field() == Field::Value)
                    && !parent.text().contains("mut")
            }
            _ => false,
        };
        if !fine {
            return false;
        }
    }
    any
}

/// Whether an iterator is used up by the chain of its methods, or by a loop.
fn consumed_here(call: Node<'_>) -> bool {
    let mut at = call;
    loop {
        let Some(parent) = at.parent() else { return false };
        match parent.kind() {
            Kind::ForExpression if at.field() == Field::Value => return true,
            Kind::FieldExpression => {
                let Some(outer) = parent.parent() else { return false };
                let Some((_, m)) = method(outer) else { return false };
                match m.text() {
                    "sum" | "count" | "any" | "all" | "fold" | "product" | "for_each" => return true,
                    "map" | "filter" | "enumerate" | "rev" | "zip" | "skip" | "take" | "copied" | "cloned"
                    | "flat_map" | "filter_map" => at = outer,
                    _ => return false,
                }
            }
            _ => return false,
        }
    }
}
