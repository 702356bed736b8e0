use sidenote_grammars::{Family, Kind};

use crate::findings::{Category, Confidence, Note, Severity};
use crate::rules::support::{args, bare, method};
use crate::rules::{Case, Check, Cx, Docs, Rule};
use crate::syntax::{Node, Span};

pub static RULE: Rule = Rule {
    id: "map-then-flat",
    summary: "a list of lists is built only to be flattened",
    category: Category::Performance,
    severity: Severity::Info,
    confidence: Confidence::High,
    cwe: &[],
    families: &[Family::Ecma],
    default_on: true,
    in_tests: false,
    docs: Docs {
        what: "Finds `list.map(f).flat()` and `[].concat(...list.map(f))`.",
        why: "`flatMap` does both in one pass and without the list between.",
        example: "const tags = posts.map((p) => p.tags).flat();",
        instead: "const tags = posts.flatMap((p) => p.tags);",
        limits: "`flat` with a depth other than 1 does more than `flatMap` and is left alone.",
        fix: "`map(f).flat()` becomes `flatMap(f)`, which gives the same.",
    },
    checks: &[Check::Nodes(&[Kind::CallExpression], check)],
    cases: &[
        Case::bad("a.js", "const tags = posts.map((p) => p.tags).flat(); //~ map-then-flat"),
        Case::bad("a.js", "const tags = posts.map((p) => p.tags).flat(1); //~ map-then-flat"),
        Case::bad("a.js", "const all = [].concat(...posts.map((p) => p.tags)); //~ map-then-flat"),
        Case::bad("a.js", "const t = posts.filter(Boolean).map(tagsOf).flat().length; //~ map-then-flat"),
        Case::bad("a.ts", "const t = posts.map((p): string[] => p.tags).flat(); //~ map-then-flat"),
        Case::bad("a.js", "const t = [].concat(...Object.keys(o).map((k) => o[k])); //~ map-then-flat"),
        Case::bad("a.js", "f(xs.map(function (x) { return [x, x]; }).flat()); //~ map-then-flat"),
        Case::bad("a.js", "const n = xs\n  .map((x) => x.ys)\n  .flat() //~ map-then-flat\n  .map((y) => y.n);"),
        Case::good("a.js", "const tags = posts.flatMap((p) => p.tags);"),
        Case::good("a.js", "const t = posts.map((p) => p.tags);"),
        Case::good("a.js", "const t = lists.flat();"),
        Case::good("a.js", "const t = posts.map((p) => p.tags).flat(2);"),
        Case::good("a.js", "const t = posts.map((p) => p.tags).flat(Infinity);"),
        Case::good("a.js", "const t = [].concat(a, b);"),
        Case::good("a.js", "const t = xs.map(f).filter(Boolean).flat();"),
        Case::good("a.js", "const t = [].concat(...lists);"),
        Case::near_miss("a.js", "const t = flat(posts.map((p) => p.tags));"),
        Case::near_miss("a.js", "const t = head.concat(...posts.map((p) => p.tags));"),
        Case::near_miss("a.js", "const t = (await Promise.all(xs.map(load))).flat();"),
        Case::near_miss("a.js", "const t = posts.map((p) => p.tags).flat(depth);"),
        Case::near_miss("a.js", "const t = xs.map((p) => p.tags).concat(y);"),
    ],
};

fn check<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    let Some((receiver, name)) = method(node) else { return };
    let message = "`flatMap` maps and flattens in one pass, without the list between.";
    match name.text() {
        "flat" if args(node).next().is_none_or(|d| d.text() == "1") => {
            let mapped = receiver;
            let Some((_, map)) = method(mapped) else { return };
            if map.text() != "map" || args(mapped).count() == 0 {
                return;
            }
            let edits = vec![
                (map.span(), "flatMap".to_owned()),
                (Span { start: mapped.span().end, end: node.span().end }, String::new()),
            ];
            cx.report(Note::new(cx.rule, name.span(), message).safe_fix("Use `flatMap`", edits));
        }
        "concat" if receiver.kind() == Kind::Array && receiver.first_named().is_none() => {
            let mut arguments = args(node);
            let (Some(only), None) = (arguments.next(), arguments.next()) else { return };
            let mapped = if only.kind() == Kind::SpreadElement { only.first_named().map(bare) } else { None };
            if mapped.and_then(|m| method(m)).is_some_and(|(_, m)| m.text() == "map") {
                cx.report(Note::new(cx.rule, name.span(), message));
            }
        }
        _ => {}
    }
}
