use sidenote_grammars::{Family, Field, Kind};

use crate::findings::{Category, Confidence, Note, Severity};
use crate::rules::shape::operator;
use crate::rules::support::bare;
use crate::rules::{Case, Check, Cx, Docs, Rule};
use crate::syntax::Node;

pub static RULE: Rule = Rule {
    id: "unsafe-optional-chaining",
    summary: "what `?.` may leave undefined is used as if it were there",
    category: Category::Quality,
    severity: Severity::High,
    confidence: Confidence::High,
    cwe: &[476],
    families: &[Family::Ecma],
    default_on: true,
    in_tests: false,
    docs: Docs {
        what: "Finds `(a?.b).c`, `(a?.b)()`, `new (a?.B)()`, `[...a?.b]`, `const { c } = a?.b`, `x in a?.b`, `x instanceof a?.B`, `for (x of a?.b)` and arithmetic with `a?.b`.",
        why: "Where `a` is missing the chain gives `undefined`, and all of these throw a TypeError then, or give NaN: exactly in the case for which `?.` was written.",
        example: "const { name } = session?.user;",
        instead: "const { name } = session?.user ?? {};",
        limits: "Values with a fallback (`??`, `||`) are left alone, and arithmetic in TypeScript, whose compiler tells of it.",
        fix: "",
    },
    checks: &[Check::Nodes(&[Kind::OptionalChain], check)],
    cases: &[
        Case::near_miss(
            "a.ts",
            "function f(p: P) { if (p.text?.format?.type !== 'json') { return null; } return 'raw' in p.text?.format; }",
        ),
        Case::near_miss(
            "a.ts",
            "function f(rpc: R) { if (rpc.control?.graft != null) { for (const t of rpc.control?.graft) { go(t); } } }",
        ),
        Case::bad(
            "a.ts",
            "function f(rpc: R) { if (rpc.control?.graft == null) { for (const t of rpc.control?.graft) { go(t); } } } //~ unsafe-optional-chaining",
        ),
        Case::near_miss(
            "a.ts",
            "class A { async f() { let r; r = await this.store?.query<T>(this.model, undefined); return r; } }",
        ),
        Case::bad(
            "a.ts",
            "class A { async f() { return (await this.store?.all()).length; } } //~ unsafe-optional-chaining",
        ),
        Case::bad("a.js", "function f(o) { return (o?.a).b; } //~ unsafe-optional-chaining"),
        Case::bad("a.js", "function f(o) { return (o?.a)(); } //~ unsafe-optional-chaining"),
        Case::bad("a.js", "function f(o) { return new (o?.A)(); } //~ unsafe-optional-chaining"),
        Case::bad("a.js", "function f(o) { return [...o?.list]; } //~ unsafe-optional-chaining"),
        Case::bad("a.js", "function f(o) { const { name } = o?.user; return name; } //~ unsafe-optional-chaining"),
        Case::bad("a.js", "function f(o, k) { return k in o?.map; } //~ unsafe-optional-chaining"),
        Case::bad("a.js", "function f(o) { for (const x of o?.list) { go(x); } } //~ unsafe-optional-chaining"),
        Case::bad("a.js", "function f(o) { const [a] = o?.list; return a; } //~ unsafe-optional-chaining"),
        Case::bad("a.js", "function f(x, o) { return x instanceof o?.Type; } //~ unsafe-optional-chaining"),
        Case::bad("a.js", "function f(o) { return Math.max(...o?.list); } //~ unsafe-optional-chaining"),
        Case::bad("a.js", "function f(o) { ({ a: o.b } = o?.c); } //~ unsafe-optional-chaining"),
        Case::good("a.js", "function f(o) { return o?.a.b; }"),
        Case::good("a.js", "function f(o) { return (o?.a)?.b; }"),
        Case::good("a.js", "function f(o) { return [...(o?.list ?? [])]; }"),
        Case::good("a.js", "function f(o) { const { name } = o?.user ?? {}; return name; }"),
        Case::good("a.js", "function f(o) { for (const x of o?.list || []) { go(x); } }"),
        Case::good("a.js", "function f(o) { return { ...o?.extra }; }"),
        Case::good("a.js", "function f(o) { return o?.a?.(); }"),
        Case::good("a.js", "function f(o) { const a = o?.a; return a; }"),
        Case::near_miss("a.js", "function f(o) { return (o?.a || o.b).c; }"),
        Case::near_miss("a.js", "function f(o) { return go(o?.list); }"),
        Case::near_miss("a.js", "function f(o) { return (o?.a, o).b; }"),
        Case::near_miss("a.js", "function f(o) { const { name = 1 } = o?.user || {}; return name; }"),
        Case::near_miss("a.js", "function f(o) { return [o?.a, ...o.b]; }"),
        Case::near_miss("a.ts", "function f(o?: O) { return (o?.a)!.b; }"),
    ],
};

fn check<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    // The whole chain: `a?.b.c()` up to where it ends.
    let Some(mut at) = node.parent() else { return };
    let mut closed = false;
    loop {
        let Some(parent) = at.parent() else { return };
        match parent.kind() {
            Kind::ParenthesizedExpression => (at, closed) = (parent, true),
            // Only parentheses end the chain: `await a?.b<T>(x)` calls what follows in it.
            Kind::AwaitExpression => at = parent,
            Kind::MemberExpression | Kind::SubscriptExpression if at.field() == Field::Object => {
                if parent.child_of_kind(Kind::OptionalChain).is_some() {
                    return;
                }
                if closed {
                    return tell(at, cx);
                }
                at = parent;
            }
            Kind::CallExpression if at.field() == Field::Function => {
                if parent.child_of_kind(Kind::OptionalChain).is_some() || parent.has_token("?.") {
                    return;
                }
                if closed {
                    return tell(at, cx);
                }
                at = parent;
            }
            _ => break,
        }
    }
    // A chain inside of an argument or index is another one.
    let Some(parent) = at.parent() else { return };
    let throws = match parent.kind() {
        Kind::NewExpression => at.field() == Field::Constructor,
        Kind::SpreadElement => parent.parent().is_some_and(|p| matches!(p.kind(), Kind::Array | Kind::Arguments)),
        Kind::VariableDeclarator => {
            at.field() == Field::Value
                && parent
                    .child(Field::Name)
                    .is_some_and(|n| matches!(n.kind(), Kind::ObjectPattern | Kind::ArrayPattern))
        }
        Kind::AssignmentExpression => {
            at.field() == Field::Right
                && parent
                    .child(Field::Left)
                    .is_some_and(|n| matches!(bare(n).kind(), Kind::ObjectPattern | Kind::ArrayPattern))
        }
        Kind::BinaryExpression => at.field() == Field::Right && matches!(operator(parent), "in" | "instanceof"),
        Kind::ForInStatement => {
            at.field() == Field::Right && parent.child(Field::Operator).is_some_and(|o| o.text() == "of")
        }
        _ => false,
    };
    if throws {
        tell(at, cx);
    }
}

/// `x == null`, `x === undefined`
fn is_missing(condition: Node<'_>) -> bool {
    matches!(operator(condition), "==" | "===")
        && condition.child(Field::Right).is_some_and(|r| matches!(r.kind(), Kind::Null | Kind::Undefined))
}

/// Whether the chain is asked for right around: `if (a?.b != null) { for (const x of a?.b) .. }`.
fn is_asked(chain: Node<'_>) -> bool {
    let text = bare(chain).text();
    // `if (a?.b?.c !== 1) { return; }` right before.
    let mut at = Some(crate::rules::support::statement(chain));
    while let Some(before) = at.and_then(Node::previous_named_sibling) {
        let leaves = before.kind() == Kind::IfStatement
            && before.child(Field::Consequence).is_some_and(crate::rules::shape::exits);
        let condition = before.child(Field::Condition).map_or("", Node::text);
        if leaves && (condition.contains(&format!("{text}?.")) || condition.contains(&format!("!{text}"))) {
            return true;
        }
        at = Some(before);
    }
    chain.ancestors().take_while(|a| !crate::rules::support::is_function(*a)).any(|a| {
        let inside = |part: Node<'_>| part.span().contains(chain.span());
        let condition = match a.kind() {
            Kind::IfStatement | Kind::TernaryExpression if a.child(Field::Consequence).is_some_and(inside) => {
                a.child(Field::Condition)
            }
            Kind::BinaryExpression if operator(a) == "&&" && a.child(Field::Right).is_some_and(inside) => {
                a.child(Field::Left)
            }
            _ => None,
        };
        condition.map(bare).is_some_and(|c| c.text().contains(text) && !c.text().starts_with('!') && !is_missing(c))
    })
}

fn tell<'a>(chain: Node<'a>, cx: &mut Cx<'a>) {
    if is_asked(chain) {
        return;
    }
    let message = format!(
        "`{}` is undefined where `?.` stops, and this throws then. Give it a fallback with `??`, or go on with `?.`.",
        bare(chain).text()
    );
    cx.report(Note::new(cx.rule, chain.span(), message));
}
