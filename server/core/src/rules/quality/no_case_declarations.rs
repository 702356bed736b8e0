use sidenote_grammars::{Family, Field, Kind};

use crate::findings::{Category, Confidence, Note, Severity};
use crate::rules::shape::{case_body, exits, mentions};
use crate::rules::{Case, Check, Cx, Docs, Rule};
use crate::syntax::Node;

pub static RULE: Rule = Rule {
    id: "no-case-declarations",
    summary: "a declaration of one `case` is used in another",
    category: Category::Quality,
    severity: Severity::Medium,
    confidence: Confidence::High,
    cwe: &[],
    families: &[Family::Ecma],
    default_on: true,
    in_tests: false,
    docs: Docs {
        what: "Finds `let`, `const` and `class` directly in a `case` whose name another clause of the same `switch` \
              uses.",
        why: "All clauses share one scope, but the declaration only runs in its own: in the other clause the name \
              throws a `ReferenceError`, or hides the variable that was meant.",
        example: "switch (k) {\n  case 1: const n = load(); use(n); break;\n  case 2: use(n); break;\n}",
        instead: "switch (k) {\n  case 1: { const n = load(); use(n); break; }\n  case 2: use(m); break;\n}",
        limits: "A declaration that stays in its own clause does no harm and is left alone; so is one whose clause falls \
              through into the one that uses it.",
        fix: "",
    },
    checks: &[Check::Nodes(&[Kind::SwitchBody], check)],
    cases: &[
        Case::near_miss(
            "a.js",
            "function f(state, action) { switch (action.type) { case 'set': return { ...state, [action.id]: action.x }; case 'drop': const { [action.id]: gone, ...rest } = state; return rest; } return state; }",
        ),
        Case::bad(
            "a.js",
            "switch (k) {\n  case 1: const n = load(); use(n); break; //~ no-case-declarations\n  case 2: use(n); break;\n}",
        ),
        Case::bad(
            "a.js",
            "let n = 1;\nswitch (k) {\n  case 1:\n    let n = 2; //~ no-case-declarations\n    use(n);\n    break;\n  default:\n    use(n);\n}",
        ),
        Case::bad(
            "a.js",
            "function f(k) { switch (k) { case 1: class A {} break; case 2: new A(); } } //~ no-case-declarations",
        ),
        Case::bad(
            "a.js",
            "switch (k) {\n  case 1: const { a, b } = x; go(a); break; //~ no-case-declarations\n  case 2: go(b);\n}",
        ),
        Case::bad(
            "a.ts",
            "switch (k) {\n  case 'x': const id: string = x.id; return_(id); break; //~ no-case-declarations\n  case 'y': f(id);\n}",
        ),
        Case::bad(
            "a.js",
            "switch (k) {\n  case 1: let t; t = 1; break; //~ no-case-declarations\n  case 2: t = 2; break;\n}",
        ),
        Case::bad(
            "a.js",
            "switch (k) {\n  case 2: use(n); break;\n  case 1: const n = load(); break; //~ no-case-declarations\n}",
        ),
        Case::bad(
            "a.js",
            "switch (k) { case 1: const g = 1; break; case 2: return_(() => g); } //~ no-case-declarations",
        ),
        Case::good(
            "a.js",
            "switch (k) { case 1: { const n = load(); use(n); break; } case 2: { const n = 2; use(n); } }",
        ),
        Case::good("a.js", "switch (k) { case 1: const n = load(); use(n); break; case 2: use(m); }"),
        Case::good("a.js", "let n; switch (k) { case 1: n = 1; break; case 2: n = 2; }"),
        Case::good("a.js", "switch (k) { case 1: var n = 1; break; case 2: use(n); }"),
        Case::good("a.js", "switch (k) { case 1: const a = 1; use(a); break; case 2: const b = 2; use(b); }"),
        Case::good("a.js", "switch (k) { case 1: use(x.n); break; case 2: const n = 1; use(n); }"),
        Case::good("a.js", "switch (k) { case 1: const n = 1; use(n); break; default: use({ n: 2 }); }"),
        Case::good("a.js", "switch (k) { default: const n = 1; use(n); }"),
        Case::near_miss("a.js", "switch (k) { case 1: const n = 1; use(n); break; case 2: { const n = 2; use(n); } }"),
        Case::near_miss("a.js", "switch (k) { case 1: const n = 1; use(n); break; case 2: go((n) => n + 1); }"),
        Case::near_miss("a.js", "switch (k) { case 1: const n = 1;\n// falls through\ncase 2: use(n); }"),
        Case::near_miss(
            "a.js",
            "switch (k) { case 1: const n = 1; use(n); break; case 2: for (const n of xs) { use(n); } }",
        ),
    ],
};

fn check<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    let clauses: Vec<Node<'a>> = node.named_children().collect();
    let mut notes = Vec::new();
    for (i, clause) in clauses.iter().enumerate() {
        for statement in case_body(*clause) {
            for name in names(statement) {
                let user = clauses.iter().enumerate().find(|(j, other)| {
                    // What falls through has run the declaration.
                    let runs_on = *j > i && clauses[i..*j].iter().all(|c| !case_body(*c).any(exits));
                    *j != i && !runs_on && uses(**other, name.text())
                });
                let Some((_, user)) = user else { continue };
                let message = format!(
                    "`{0}` belongs to the whole `switch`, but is set only in this clause: in the other one it throws. Put the clause in braces.",
                    name.text()
                );
                notes.push(Note::new(cx.rule, name.span(), message).related(user.span(), "uses it"));
                break;
            }
        }
    }
    notes.into_iter().for_each(|n| cx.report(n));
}

/// The names that a statement declares for its block.
fn names<'a>(statement: Node<'a>) -> Vec<Node<'a>> {
    match statement.kind() {
        Kind::ClassDeclaration => statement.child(Field::Name).into_iter().collect(),
        Kind::LexicalDeclaration => statement
            .named_children()
            .filter_map(|d| d.child(Field::Name))
            .flat_map(|p| {
                // What a computed key or a default value names is declared elsewhere.
                let declared = move |n: &Node<'a>| {
                    let own = |a: Node<'_>| a.kind() != Kind::ComputedPropertyName && a.field() != Field::Right;
                    own(*n) && n.ancestors().take_while(|a| p.span().contains(a.span())).all(own)
                };
                p.descendants()
                    .chain([p])
                    .filter(|n| matches!(n.kind(), Kind::Identifier | Kind::ShorthandPropertyIdentifierPattern))
                    .filter(declared)
                    .collect::<Vec<_>>()
            })
            .collect(),
        _ => Vec::new(),
    }
}

/// Whether a clause uses the name without declaring one of its own anywhere inside.
fn uses(clause: Node<'_>, name: &str) -> bool {
    let mut used = false;
    for n in clause.descendants() {
        let declares = match n.kind() {
            Kind::VariableDeclarator | Kind::ClassDeclaration => {
                n.child(Field::Name).is_some_and(|d| mentions(d, name))
            }
            Kind::FormalParameters => mentions(n, name),
            Kind::ArrowFunction | Kind::CatchClause => n.child(Field::Parameter).is_some_and(|p| mentions(p, name)),
            Kind::ForInStatement => n.child(Field::Left).is_some_and(|l| mentions(l, name)),
            _ => false,
        };
        if declares {
            return false;
        }
        used |= matches!(n.kind(), Kind::Identifier | Kind::ShorthandPropertyIdentifier) && n.text() == name;
    }
    used
}
