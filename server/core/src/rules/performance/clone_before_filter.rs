use sidenote_grammars::{Family, Kind};

use crate::findings::{Category, Confidence, Note, Severity};
use crate::rules::rust_code::{call_on, plain_method};
use crate::rules::rust_types::type_of;
use crate::rules::{Case, Check, Cx, Docs, Rule};
use crate::syntax::Node;

pub static RULE: Rule = Rule {
    id: "clone-before-filter",
    summary: "elements are copied that are then thrown away",
    category: Category::Performance,
    severity: Severity::Low,
    confidence: Confidence::High,
    cwe: &[],
    families: &[Family::Rust],
    default_on: true,
    in_tests: false,
    docs: Docs {
        what: "Finds `.cloned()` on an iterator whose next step takes only some of the elements: `filter`, `skip_while`, `take`, `skip`, `nth`, `last`, `next`, `find`, `count`, `step_by`, `any`, `all`.",
        why: "Every element is copied, with what it owns, also those that the next step drops. `cloned()` behind that step copies only what is kept.",
        example: "names.iter().cloned().filter(|n| n.len() > 3).collect()",
        instead: "names.iter().filter(|n| n.len() > 3).cloned().collect()",
        limits: "Only where the elements are known to own memory (`String`, `Vec`, `PathBuf`, structs of the file that are not `Copy`).",
        fix: "",
    },
    checks: &[Check::Nodes(&[Kind::CallExpression], check)],
    cases: &[
        Case::bad(
            "a.rs",
            "fn f(xs: &[String]) -> Vec<String> { xs.iter().cloned().filter(|s| s.len() > 3).collect() } //~ clone-before-filter",
        ),
        Case::bad(
            "a.rs",
            "fn f(xs: &[String]) -> Option<String> { xs.iter().cloned().last() } //~ clone-before-filter",
        ),
        Case::bad(
            "a.rs",
            "fn f(xs: &Vec<Vec<u8>>) -> Vec<Vec<u8>> { xs.iter().cloned().take(3).collect() } //~ clone-before-filter",
        ),
        Case::bad(
            "a.rs",
            "fn f(xs: &[PathBuf]) -> Option<PathBuf> { xs.iter().cloned().find(|p| p.exists()) } //~ clone-before-filter",
        ),
        Case::bad(
            "a.rs",
            "fn f(m: &HashMap<u8, String>) -> usize { m.values().cloned().count() } //~ clone-before-filter",
        ),
        Case::bad(
            "a.rs",
            "#[derive(Clone)] struct A { s: String }\nfn f(xs: &[A]) -> Vec<A> { xs.iter().cloned().skip(2).collect() } //~ clone-before-filter",
        ),
        Case::bad(
            "a.rs",
            "fn f(xs: &[String]) -> Option<String> { xs.iter().cloned().nth(3) } //~ clone-before-filter",
        ),
        Case::bad(
            "a.rs",
            "fn f(xs: &[String]) -> bool { xs.iter().cloned().any(|s| s.is_empty()) } //~ clone-before-filter",
        ),
        Case::good(
            "a.rs",
            "fn f(xs: &[String]) -> Vec<String> { xs.iter().filter(|s| s.len() > 3).cloned().collect() }",
        ),
        Case::good("a.rs", "fn f(xs: &[u8]) -> Vec<u8> { xs.iter().cloned().filter(|x| *x > 3).collect() }"),
        Case::good("a.rs", "fn f(xs: &[String]) -> Vec<String> { xs.iter().cloned().collect() }"),
        Case::good("a.rs", "fn f(xs: &[String]) -> Vec<String> { xs.iter().cloned().map(g).collect() }"),
        Case::good("a.rs", "fn f(xs: &[T]) -> Vec<T> { xs.iter().cloned().filter(|x| x.ok()).collect() }"),
        Case::good("a.rs", "fn f(xs: &[String]) -> Vec<String> { xs.iter().take(3).cloned().collect() }"),
        Case::good(
            "a.rs",
            "#[derive(Clone, Copy)] struct A { n: u8 }\nfn f(xs: &[A]) -> Vec<A> { xs.iter().cloned().filter(|a| a.n > 1).collect() }",
        ),
        Case::good("a.rs", "fn f(o: Option<&String>) -> Option<String> { o.cloned().filter(|s| s.len() > 3) }"),
        Case::near_miss(
            "a.rs",
            "fn f(xs: &[Arc<str>]) -> Vec<Arc<str>> { xs.iter().cloned().filter(|s| s.len() > 3).collect() }",
        ),
        Case::near_miss(
            "a.rs",
            "fn f(xs: &[&str]) -> Vec<&str> { xs.iter().cloned().filter(|s| s.len() > 3).collect() }",
        ),
        Case::near_miss(
            "a.rs",
            "fn f(xs: &[String]) -> Vec<String> { xs.iter().cloned().chain(more()).take(3).collect() }",
        ),
        Case::near_miss("a.rs", "fn f(xs: &[f64]) -> Option<f64> { xs.iter().cloned().last() }"),
    ],
};

fn check<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    let Some((of, "cloned")) = plain_method(node) else { return };
    let Some((_, next)) = call_on(node) else { return };
    let some = matches!(
        next.text(),
        "filter"
            | "skip_while"
            | "take"
            | "skip"
            | "nth"
            | "last"
            | "next"
            | "find"
            | "count"
            | "step_by"
            | "any"
            | "all"
    );
    // Behind `next` and `nth` only what is asked for is copied, but that for what was passed over.
    if !some || next.text() == "next" {
        return;
    }
    let Some(iterator) = type_of(of, cx).filter(|t| t.name == "Iterator") else { return };
    let item = iterator.item();
    let owns = match item.name {
        _ if item.refs != 1 => false,
        "String" | "Vec" | "PathBuf" | "HashMap" | "BTreeMap" | "HashSet" | "VecDeque" | "OsString" | "Box" => true,
        name => cx.file.declared.rust.types.get(name).is_some_and(|t| {
            !t.derives("Copy")
                && t.fields.values().any(|f| f.contains("String") || f.contains("Vec<") || f.contains("Box<"))
        }),
    };
    if !owns {
        return;
    }
    let Some((_, name)) = crate::rules::support::method(node) else { return };
    let message = format!(
        "Every element is copied here, also those that `{}` leaves out. `cloned()` behind it copies only what is kept.",
        next.text()
    );
    cx.report(Note::new(cx.rule, name.span(), message).related(next.span(), "takes some of them"));
}
