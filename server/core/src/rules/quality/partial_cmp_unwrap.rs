use sidenote_grammars::{Family, Kind};

use crate::findings::{Category, Confidence, Note, Severity};
use crate::rules::support::method;
use crate::rules::{Case, Check, Cx, Docs, Rule};
use crate::syntax::{Node, Span};

pub static RULE: Rule = Rule {
    id: "partial-cmp-unwrap",
    summary: "sorting panics when a number is NaN",
    category: Category::Quality,
    severity: Severity::Low,
    confidence: Confidence::High,
    cwe: &[248],
    families: &[Family::Rust],
    default_on: true,
    in_tests: false,
    docs: Docs {
        what: "Finds `partial_cmp(..).unwrap()` and `.expect(..)` in the comparison of a sort, a minimum or a maximum.",
        why: "NaN compares with nothing: one of them in the data, from a division by zero or a file, ends the program in the middle of sorting. `total_cmp` orders every number.",
        example: "values.sort_by(|a, b| a.partial_cmp(b).unwrap());",
        instead: "values.sort_by(f64::total_cmp);",
        limits: "Other uses of `partial_cmp` are left alone, as is `unwrap_or(..)`, although it may give an order that is none.",
        fix: "",
    },
    checks: &[Check::Nodes(&[Kind::CallExpression], check)],
    cases: &[
        Case::bad(
            "a.rs",
            "fn f(v: &mut [f64]) { v.sort_by(|a, b| a.partial_cmp(b).unwrap()); } //~ partial-cmp-unwrap",
        ),
        Case::bad(
            "a.rs",
            "fn f(v: &[f64]) { let m = v.iter().max_by(|a, b| a.partial_cmp(b).unwrap()); go(m); } //~ partial-cmp-unwrap",
        ),
        Case::bad(
            "a.rs",
            "fn f(v: &mut [P]) { v.sort_unstable_by(|a, b| b.score.partial_cmp(&a.score).unwrap()); } //~ partial-cmp-unwrap",
        ),
        Case::bad(
            "a.rs",
            "fn f(v: &[f64]) { v.iter().min_by(|a, b| a.partial_cmp(b).expect(\"no NaN\")); } //~ partial-cmp-unwrap",
        ),
        Case::bad(
            "a.rs",
            "fn f(v: &mut Vec<(f64, u8)>) { v.sort_by(|a, b| { a.0.partial_cmp(&b.0).unwrap() }); } //~ partial-cmp-unwrap",
        ),
        Case::bad(
            "a.rs",
            "fn f(v: &[f64], x: f64) { let i = v.binary_search_by(|p| p.partial_cmp(&x).unwrap()); go(i); } //~ partial-cmp-unwrap",
        ),
        Case::bad(
            "a.rs",
            "fn f(v: &mut [P]) { v.sort_by(|a, b| a.k.cmp(&b.k).then_with(|| a.s.partial_cmp(&b.s).unwrap())); } //~ partial-cmp-unwrap",
        ),
        Case::bad(
            "a.rs",
            "fn f(v: &mut [f32]) { v.select_nth_unstable_by(3, |a, b| a.partial_cmp(b).unwrap()); } //~ partial-cmp-unwrap",
        ),
        Case::good("a.rs", "fn f(v: &mut [f64]) { v.sort_by(f64::total_cmp); }"),
        Case::good("a.rs", "fn f(v: &mut [f64]) { v.sort_by(|a, b| a.total_cmp(b)); }"),
        Case::good("a.rs", "fn f(v: &mut [u8]) { v.sort_by(|a, b| b.cmp(a)); }"),
        Case::good("a.rs", "fn f(a: f64, b: f64) -> Ordering { a.partial_cmp(&b).unwrap() }"),
        Case::good("a.rs", "fn f(v: &mut [f64]) { v.sort_by(|a, b| a.partial_cmp(b).unwrap_or(Ordering::Equal)); }"),
        Case::good("a.rs", "fn f(a: f64, b: f64) -> Option<Ordering> { a.partial_cmp(&b) }"),
        Case::good("a.rs", "fn f(v: &mut [P]) { v.sort_by_key(|p| p.k); }"),
        Case::good("a.rs", "fn f(v: &[P]) { v.iter().max_by_key(|p| p.k).unwrap(); }"),
        Case::near_miss("a.rs", "fn f(v: &mut [P]) { v.sort_by(|a, b| compare(a, b).unwrap()); }"),
        Case::near_miss("a.rs", "impl Ord for P { fn cmp(&self, o: &P) -> Ordering { self.partial_cmp(o).unwrap() } }"),
        Case::near_miss("a.rs", "fn f(v: &[P]) { v.iter().map(|p| p.partial_cmp(&Q).unwrap()).count(); }"),
        Case::near_miss("a.rs", "fn f(v: &mut [NotNan<f64>]) { v.sort(); }"),
    ],
};

fn check<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    let Some((of, name)) = method(node) else { return };
    if !matches!(name.text(), "unwrap" | "expect") || method(of).is_none_or(|(_, m)| m.text() != "partial_cmp") {
        return;
    }
    let ordering = |a: Node<'a>| {
        a.kind() == Kind::CallExpression
            && method(a).is_some_and(|(_, m)| {
                matches!(
                    m.text(),
                    "sort_by"
                        | "sort_unstable_by"
                        | "max_by"
                        | "min_by"
                        | "binary_search_by"
                        | "select_nth_unstable_by"
                        | "minmax_by"
                        | "sorted_by"
                        | "par_sort_by"
                        | "par_sort_unstable_by"
                )
            })
    };
    let closure = node.ancestors().filter(|a| a.kind() == Kind::ClosureExpression).last();
    let sorts = closure.and_then(|c| c.parent()).and_then(|a| a.parent()).is_some_and(ordering)
        || node.ancestors().take(12).any(ordering);
    if !sorts {
        return;
    }
    let message = "One NaN among the values, and this panics. `total_cmp` orders every number.";
    let span = method(of).map_or(node.span(), |(_, m)| Span { start: m.span().start, end: node.span().end });
    cx.report(Note::new(cx.rule, span, message));
}
