use sidenote_grammars::{Family, Field, Kind};

use crate::findings::{Category, Confidence, Note, Severity};
use crate::rules::shape::{is_explained, only_reads, same};
use crate::rules::{Case, Check, Cx, Docs, Rule};
use crate::syntax::Node;

pub static RULE: Rule = Rule {
    id: "duplicate-branches",
    summary: "branches of a condition are the same",
    category: Category::Quality,
    severity: Severity::Medium,
    confidence: Confidence::High,
    cwe: &[561, 571],
    families: &[Family::Ecma, Family::Rust],
    default_on: true,
    in_tests: false,
    docs: Docs {
        what: "Finds `if`/`else` and `?:` whose branches all do the same, a condition that is asked again further down \
              the same `else if` chain, and a `case` that comes twice.",
        why: "With equal branches the condition decides nothing; a condition that was asked before is never reached \
              again. A copy was not changed.",
        example: "const label = isAdmin ? user.name : user.name;",
        instead: "const label = isAdmin ? user.title : user.name;",
        limits: "Only chains whose branches are all equal are reported, with an `else` at the end; two equal branches of \
              several are a matter of taste. Empty branches are left alone.",
        fix: "",
    },
    checks: &[
        Check::Nodes(&[Kind::IfStatement, Kind::IfExpression, Kind::TernaryExpression], check),
        Check::Nodes(&[Kind::SwitchStatement], cases),
    ],
    cases: &[
        Case::near_miss(
            "a.d.ts",
            "export declare const props: { type: PropType<unknown extends D['value'] ? any : any>; default: any };",
        ),
        Case::near_miss(
            "a.ts",
            "async function f(q: string | F) {\n  let all: M[];\n  // error TS2345: 'string | F' is not assignable to parameter of type 'F'\n  if (typeof q === 'string') {\n    all = await find(q);\n  } else {\n    all = await find(q);\n  }\n  return all;\n}",
        ),
        Case::bad("a.js", "const label = isAdmin ? user.name : user.name; //~ duplicate-branches"),
        Case::bad("a.js", "if (a) { go(1); } else { go(1); } //~ duplicate-branches"),
        Case::bad("a.js", "if (a) { go(1); } else if (b) { go(1); } else { go(1); } //~ duplicate-branches"),
        Case::bad(
            "a.js",
            "if (k === 1) { a(); }\nelse if (k === 2) { b(); }\nelse if (k === 1) { c(); } //~ duplicate-branches",
        ),
        Case::bad(
            "a.js",
            "switch (k) {\n  case 'a': return 1;\n  case 'b': return 2;\n  case 'a': return 3; //~ duplicate-branches\n}",
        ),
        Case::bad("a.js", "const n = x > 1 ? f( x ) : f(x); //~ duplicate-branches"),
        Case::bad("a.js", "if (a)\n  return b;  else return b; //~^ duplicate-branches"),
        Case::bad("a.rs", "fn f(a: bool) -> u32 { if a { g(1) } else { g(1) } } //~ duplicate-branches"),
        Case::bad(
            "a.rs",
            "fn f(k: u32) {\n    if k == 1 { a() }\n    else if k == 2 { b() }\n    else if k == 1 { c() } //~ duplicate-branches\n}",
        ),
        Case::good("a.js", "const label = isAdmin ? user.title : user.name;"),
        Case::good("a.js", "if (a) { go(1); } else { go(2); }"),
        Case::good("a.js", "if (a) { go(1); } else if (b) { go(2); } else { go(1); }"),
        Case::good("a.js", "if (a) { go(1); }"),
        Case::good("a.js", "switch (k) { case 'a': return 1; case 'b': return 1; default: return 2; }"),
        Case::good("a.js", "if (a) {} else {}"),
        Case::good("a.js", "if (a === 1) { x(); } else if (a === 2) { y(); }"),
        Case::good("a.rs", "fn f(a: bool) -> u32 { if a { g(1) } else { g(2) } }"),
        Case::near_miss("a.js", "if (a) { go(1); } else if (b) { go(1); }"),
        Case::near_miss("a.js", "if (next()) { a(); } else if (next()) { b(); }"),
        Case::near_miss("a.js", "if (a) { /* wait for the other */ } else { }"),
        Case::near_miss("a.js", "if (a) { go(1); }\nif (a) { stop(1); }"),
        Case::near_miss("a.js", "const f = a ? () => 1 : () => 2;"),
        Case::near_miss(
            "a.rs",
            "fn f(tok: &str) -> &str { let tok = if let Some(tok) = tok.strip_prefix('~') { tok } else { tok }; tok }",
        ),
        Case::bad(
            "a.ts",
            "function f(a: boolean, x: number) {\n  if (a) { //~ duplicate-branches\n    return x * 2;\n  } else {\n    return x * 2;\n  }\n}",
        ),
        Case::good("a.ts", "function f(a: boolean, x: number) { if (a) { return x * 2; } else { return x * 3; } }"),
        Case::near_miss(
            "a.rs",
            "fn f(a: bool) -> u32 { if a {\n    // TODO: flags for control flow guard may go here\n    READ\n} else { READ } }",
        ),
        Case::near_miss(
            "a.ts",
            "function f(data: D, loaders: L | L[]) {\n  // pick right overload\n  return Array.isArray(loaders) ? parse(data, loaders) : parse(data, loaders);\n}",
        ),
    ],
};

fn check<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    // Once a chain, at its head.
    if node
        .parent()
        .is_some_and(|p| p.kind() == Kind::ElseClause || p.kind() == node.kind() && node.field() == Field::Alternative)
    {
        return;
    }
    let (mut conditions, mut branches): (Vec<Node<'a>>, Vec<Node<'a>>) = (Vec::new(), Vec::new());
    let (mut at, mut complete) = (node, false);
    loop {
        conditions.extend(at.child(Field::Condition));
        branches.extend(at.child(Field::Consequence));
        let next = at.child(Field::Alternative);
        let next = next.and_then(|e| if e.kind() == Kind::ElseClause { e.last_named() } else { Some(e) });
        match next {
            Some(n) if n.kind() == node.kind() => at = n,
            Some(n) => {
                branches.push(n);
                complete = true;
                break;
            }
            None => break,
        }
    }
    for (i, condition) in conditions.iter().enumerate() {
        let Some(before) = conditions[..i].iter().find(|c| same(**c, *condition) && only_reads(**c)) else { continue };
        let message =
            "This condition was asked further up the chain, so that its branch never runs. A copy was not changed.";
        cx.report(Note::new(cx.rule, condition.span(), message).related(before.span(), "asked here first"));
    }
    let Some(first) = branches.first().copied() else { return };
    let empty = |n: Node<'_>| matches!(n.kind(), Kind::StatementBlock | Kind::Block) && n.first_named().is_none();
    // `if let Some(x) = f(x) { x } else { x }`: one name for two things.
    let patterns = conditions.iter().flat_map(|c| std::iter::once(*c).chain(c.descendants()));
    let mut bound = patterns
        .filter(|n| n.kind() == Kind::LetCondition)
        .filter_map(|n| n.child(Field::Pattern))
        .flat_map(|p| std::iter::once(p).chain(p.descendants()))
        .filter(|n| n.kind() == Kind::Identifier);
    if bound.any(|b| first.descendants().any(|n| n.kind() == Kind::Identifier && n.text() == b.text())) {
        return;
    }
    // A branch with a comment about what it stands for.
    let reasons = branches.iter().any(|b| {
        is_explained(*b) || b.descendants().any(|n| n.is_comment() && n.text().to_lowercase().contains("todo"))
    });
    // TypeScript picks the overload by what it was asked, and the code says so.
    let overloads = cx.arena().comments().any(|c| {
        let near = node.span().contains(c.span())
            || c.span().end <= node.span().start && node.span().start - c.span().end < 40
            || c.span().start >= node.span().end && c.span().start - node.span().end < 40;
        let text = c.text().to_lowercase();
        near && (text.contains("overload") || text.contains("not assignable") || text.contains("typescript"))
    });
    if complete
        && branches.len() > 1
        && !reasons
        && !overloads
        && !empty(first)
        && branches[1..].iter().all(|b| same(first, *b))
    {
        let span = conditions.first().map_or(node.span(), |c| c.span());
        let message =
            "Every branch does the same, so that this condition decides nothing. One of them was meant to differ.";
        cx.report(Note::new(cx.rule, span, message).related(branches[branches.len() - 1].span(), "the same again"));
    }
}

fn cases<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    let Some(body) = node.child(Field::Body) else { return };
    let tests: Vec<Node<'a>> = body.named_children().filter_map(|c| c.child(Field::Value)).collect();
    let mut seen: std::collections::HashMap<&str, Node<'a>> = std::collections::HashMap::new();
    for test in tests {
        if !only_reads(test) || test.text().contains('\n') {
            continue;
        }
        match seen.get(test.text()) {
            Some(first) => {
                let message =
                    format!("`case {}` comes a second time and never runs. A copy was not changed.", test.text());
                cx.report(Note::new(cx.rule, test.span(), message).related(first.span(), "this one is taken"));
            }
            None => {
                seen.insert(test.text(), test);
            }
        }
    }
}
