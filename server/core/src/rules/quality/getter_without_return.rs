use sidenote_grammars::{Family, Field, Kind};

use crate::findings::{Category, Confidence, Note, Severity};
use crate::rules::shape::{exits, is_global, report_in};
use crate::rules::support::{args, bare, is_function, is_loop, key_name, method};
use crate::rules::{Case, Check, Cx, Docs, Rule};
use crate::syntax::Node;

pub static RULE: Rule = Rule {
    id: "getter-without-return",
    summary: "a getter returns nothing on some path",
    category: Category::Quality,
    severity: Severity::Medium,
    confidence: Confidence::High,
    cwe: &[394],
    families: &[Family::Ecma],
    default_on: true,
    in_tests: false,
    docs: Docs {
        what: "Finds getters of classes, objects and `Object.defineProperty` with a path on which they return \
               nothing.",
        why: "Whoever reads the property gets `undefined` there. Mostly a `return` was forgotten.",
        example: "class Box {\n  get size() { this.width * this.height; }\n}",
        instead: "class Box {\n  get size() { return this.width * this.height; }\n}",
        limits: "A getter that throws on all other paths is right, and so is an empty one, which is a stub.",
        fix: "",
    },
    checks: &[
        Check::Nodes(&[Kind::MethodDefinition], method_definition),
        Check::Nodes(&[Kind::CallExpression], descriptor),
    ],
    cases: &[
        Case::bad("a.js", "class A { get v() { log('v'); } } //~ getter-without-return"),
        Case::bad("a.js", "class A { get v() { if (this.x) { return 1; } } } //~ getter-without-return"),
        Case::bad("a.js", "const o = { get a() { this.b; } }; //~ getter-without-return"),
        Case::bad("a.js", "class A { static get all() { [1, 2]; } } //~ getter-without-return"),
        Case::near_miss("a.js", "class A { get v() { if (this.x) return; return 1; } }"),
        Case::bad("a.ts", "class A { get size() { if (this.x) { this.count(); } } } //~ getter-without-return"),
        Case::bad("a.js", "Object.defineProperty(o, 'z', { get() { compute(); } }); //~ getter-without-return"),
        Case::bad(
            "a.js",
            "Object.defineProperty(o, 'z', { get: function () { if (o.y) { return 1; } }, enumerable: true }); //~ getter-without-return",
        ),
        Case::bad("a.ts", "class A { get v(): number { if (this.x) { return 1; } } } //~ getter-without-return"),
        Case::good("a.js", "class A { get v() { return 1; } }"),
        Case::good("a.js", "class A { get v() { throw new Error('abstract'); } }"),
        Case::good("a.js", "class A { get v() { if (this.x) return 1; throw new Error('x'); } }"),
        Case::good("a.js", "const o = { get a() { try { return 1; } finally { done(); } } };"),
        Case::good("a.js", "class A { get v() { switch (this.k) { case 1: return 1; default: return 2; } } }"),
        Case::good("a.js", "Object.defineProperty(o, 'z', { get() { return 1; } });"),
        Case::good("a.js", "Object.defineProperty(o, 'z', { get: () => 1 });"),
        Case::good("a.js", "class A { get() { this.x; } }"),
        Case::near_miss("a.js", "class A { get v() { if (this.store) return this.store.get(); } }"),
        Case::near_miss(
            "a.ts",
            "class A { get v(): string { switch (this.kind) { case 1: return \"a\"; case 2: return \"b\"; } } }",
        ),
        Case::near_miss(
            "a.ts",
            "class A { get v(): string { try { return text(this.body); } catch (e) { fail(\"no text\"); } } }",
        ),
        Case::near_miss("a.ts", "class A { get v() { for (const x of this.xs) { if (x) return x; } } }"),
        Case::near_miss("a.js", "class A { get v() {} }"),
        Case::near_miss("a.ts", "class A { get v(): void { log(); } }"),
        Case::near_miss("a.ts", "declare class A { get v(): number; }"),
        Case::near_miss("a.ts", "abstract class A { abstract get v(): number; }"),
        Case::near_miss("a.js", "class A { get v() { while (true) { if (this.x) return 1; } } }"),
        Case::near_miss(
            "a.js",
            "let passive = false;\nconst options = Object.defineProperty({}, 'passive', { get: function () { passive = true; } });",
        ),
        Case::near_miss("a.js", "let asked = false;\nconst probe = { get passive() { asked = true; } };"),
    ],
};

fn method_definition<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    if node.has_token("get") && node.child(Field::Name).is_some() {
        check(node, cx);
    }
}

fn descriptor<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    let Some((receiver, name)) = method(node) else { return };
    if name.text() != "defineProperty" || !(is_global(receiver, "Object", cx) || is_global(receiver, "Reflect", cx)) {
        return;
    }
    let Some(object) = args(node).nth(2).filter(|o| o.kind() == Kind::Object) else { return };
    for entry in object.named_children() {
        let entry = cx.open(entry);
        if entry.kind() == Kind::MethodDefinition && entry.child(Field::Name).is_some_and(|n| n.text() == "get") {
            check(entry, cx);
        } else if entry.kind() == Kind::Pair
            && key_name(entry).as_deref() == Some("get")
            && let Some(function) = entry.child(Field::Value).map(|v| cx.open(v)).filter(|v| is_function(*v))
        {
            check(function, cx);
        }
    }
}

fn check<'a>(getter: Node<'a>, cx: &mut Cx<'a>) {
    let Some(body) = getter.child(Field::Body).filter(|b| b.kind() == Kind::StatementBlock) else { return };
    if body.first_named().is_none()
        || getter
            .child(Field::ReturnType)
            .is_some_and(|t| ["void", "undefined", "any"].iter().any(|w| t.text().contains(w)))
    {
        return;
    }
    let bare_return =
        body.descendants_until(is_function).find(|n| n.kind() == Kind::ReturnStatement && n.first_named().is_none());
    // A search that ends with a loop answers `undefined` where it finds nothing.
    let searches = body
        .last_named()
        .is_some_and(|s| is_loop(s) && s.descendants_until(is_function).any(|n| n.kind() == Kind::ReturnStatement));
    // The compiler looks after a written type, and knows of switches over every case and of calls that never return.
    let typed = getter.child(Field::ReturnType).is_some()
        && body.last_named().is_some_and(|s| matches!(s.kind(), Kind::SwitchStatement | Kind::TryStatement));
    // `if (this.cache) return this.cache.size;`: what there is, if it is there.
    let presence = body.last_named().filter(|s| s.kind() == Kind::IfStatement).is_some_and(|s| {
        let asked = s
            .child(Field::Condition)
            .map(bare)
            .filter(|c| matches!(c.kind(), Kind::Identifier | Kind::MemberExpression));
        let gives = s.child(Field::Consequence).map_or("", Node::text);
        s.child(Field::Alternative).is_none()
            && asked.is_some_and(|a| gives.contains(a.text()) && gives.contains("return "))
    });
    // `get: () => { supported = true; }` is there to learn whether somebody asks.
    let notes = body.named_children().filter(|s| !s.is_comment()).all(|s| {
        let inner = s.first_named().filter(|_| s.kind() == Kind::ExpressionStatement);
        inner.is_some_and(|e| {
            e.kind() == Kind::AssignmentExpression && e.child(Field::Left).is_some_and(|l| l.kind() == Kind::Identifier)
        })
    });
    // `if (!this.list.length) return;` ahead of the value says that there may be none.
    if exits(body) || searches || typed || presence || notes {
        return;
    }
    let at = getter.child(Field::Name).or(bare_return);
    let span =
        at.map_or_else(|| crate::syntax::Span { start: getter.span().start, end: body.span().start }, Node::span);
    let message =
        "This getter ends without a value on some path: whoever reads it gets `undefined`. Return one on every path.";
    let mut note = Note::new(cx.rule, span, message);
    // Where it gives a value elsewhere the missing one may be meant.
    if body.descendants_until(is_function).any(|n| n.kind() == Kind::ReturnStatement) {
        note = note.severity(Severity::Low).confidence(Confidence::Medium);
    }
    report_in(cx, getter, note);
}
