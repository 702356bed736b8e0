use sidenote_grammars::{Family, Field, Kind};

use crate::findings::{Category, Confidence, Note, Severity};
use crate::rules::support::is_function;
use crate::rules::{Case, Check, Cx, Docs, Rule};
use crate::syntax::Node;

pub static RULE: Rule = Rule {
    id: "wrong-super",
    summary: "a constructor of a derived class uses `this` too early, or calls no `super`",
    category: Category::Quality,
    severity: Severity::High,
    confidence: Confidence::High,
    cwe: &[665],
    families: &[Family::Ecma],
    default_on: true,
    in_tests: false,
    docs: Docs {
        what: "Finds constructors of classes with `extends` that never call `super()`, that use `this` before they do, that call it twice on one way, and `super()` in a class without `extends`.",
        why: "Before `super()` there is no `this`: a ReferenceError, every time an object is made.",
        example: "constructor(name) {\n  this.name = name;\n  super();\n}",
        instead: "constructor(name) {\n  super();\n  this.name = name;\n}",
        limits: "Constructors that return an object, or throw, are left alone; so is `this` inside of functions that run later.",
        fix: "",
    },
    checks: &[Check::Block(check)],
    cases: &[
        Case::bad("a.js", "class A extends B { constructor() { this.x = 1; super(); } } //~ wrong-super"),
        Case::bad("a.js", "class A extends B { constructor() { this.y = 1; } } //~ wrong-super"),
        Case::bad("a.js", "class A extends B { constructor(x) { super(this.x); } } //~ wrong-super"),
        Case::bad("a.js", "class A { constructor() { super(); this.x = 1; } } //~ wrong-super"),
        Case::bad(
            "a.ts",
            "class A extends B { constructor(private x: number) { console.log(this.x); super(); } } //~ wrong-super",
        ),
        Case::bad(
            "a.js",
            "class A extends B { constructor() { const me = this; super(); me.x = 1; } } //~ wrong-super",
        ),
        Case::bad("a.js", "class A extends B { constructor() { go(); } } //~ wrong-super"),
        Case::bad("a.js", "class A extends B { constructor() { super.init(); super(); } } //~ wrong-super"),
        Case::bad("a.js", "class A extends B { constructor() { super(); super(); } } //~ wrong-super"),
        Case::good("a.js", "class A extends B { constructor() { super(); this.x = 1; } }"),
        Case::good("a.js", "class A { constructor() { this.x = 1; } }"),
        Case::good("a.js", "class A extends B { constructor(x) { if (!x) { throw new Error('x'); } super(x); } }"),
        Case::good("a.js", "class A extends B { constructor() { return new C(); } }"),
        Case::good("a.js", "class A extends B { constructor() { const go = () => this.x; super(go); } }"),
        Case::good("a.js", "class A extends B {}"),
        Case::good(
            "a.js",
            "class A extends B { constructor(x) { if (x) { super(x); } else { super(); } this.x = x; } }",
        ),
        Case::good("a.js", "class A extends B { constructor() { throw new Error('abstract'); } }"),
        Case::near_miss("a.js", "class A extends null { constructor() { go(); } }"),
        Case::near_miss("a.js", "class A extends B { constructor() { function f() { return this.x; } super(f); } }"),
        Case::near_miss(
            "a.js",
            "class A extends B { constructor(...xs) { super(...xs); xs.forEach((x) => { this.add(x); }); } }",
        ),
        Case::near_miss("a.ts", "declare class A extends B { constructor(); }"),
        Case::near_miss("a.js", "class A extends B { constructor() { const init = () => super(); init(); } }"),
    ],
};

fn check<'a>(cx: &mut Cx<'a>) {
    if cx.family() != Family::Ecma
        || cx.arena().root().kind() != Kind::Program && cx.block.kind() != crate::blocks::BlockKind::Container
    {
        return;
    }
    let classes: Vec<Node<'a>> = cx
        .arena()
        .nodes()
        .filter(|n| matches!(n.kind(), Kind::ClassDeclaration | Kind::Class) && !n.is_hole())
        .collect();
    for class in classes {
        let heritage = class.child_of_kind(Kind::ClassHeritage);
        let extends = heritage.and_then(|h| {
            let clause = h.child_of_kind(Kind::ExtendsClause);
            if h.has_token("extends") { h.first_named() } else { clause.and_then(Node::first_named) }
        });
        if extends.is_some_and(|e| e.kind() == Kind::Null) {
            continue;
        }
        let Some(body) = class.child(Field::Body) else { continue };
        for member in body.named_children().filter(|m| m.kind() == Kind::MethodDefinition) {
            let function = cx.open(member);
            if function.child(Field::Name).is_some_and(|n| n.text() == "constructor") {
                constructor(function, extends.is_some(), cx);
            }
        }
    }
}

fn constructor<'a>(function: Node<'a>, derived: bool, cx: &mut Cx<'a>) {
    let (Some(name), Some(body)) = (function.child(Field::Name), function.child(Field::Body)) else { return };
    let is_super = |n: Node<'_>| {
        n.kind() == Kind::CallExpression && n.child(Field::Function).is_some_and(|f| f.kind() == Kind::Super)
    };
    let calls: Vec<Node<'a>> = body.descendants().filter(|n| is_super(*n)).collect();
    let in_arrow = |n: Node<'_>| n.ancestors().take_while(|a| *a != function).any(is_function);
    if !derived {
        if let Some(call) = calls.first().filter(|c| !in_arrow(**c)) {
            report(
                call.span(),
                "This class extends nothing, so that there is no `super` to call: a syntax error.",
                function,
                cx,
            );
        }
        return;
    }
    let leaves =
        body.descendants_until(is_function).any(|n| n.kind() == Kind::ReturnStatement && n.first_named().is_some())
            || body.named_children().any(|s| s.kind() == Kind::ThrowStatement);
    let Some(first) = calls.first() else {
        let hidden = body.descendants().any(|n| n.is_hole());
        if !leaves && !hidden {
            report(
                name.span(),
                "This constructor never calls `super()`: without it there is no `this`, and making an object throws.",
                function,
                cx,
            );
        }
        return;
    };
    if in_arrow(*first) {
        return;
    }
    // What runs before the call, its arguments included.
    let early = body.descendants_until(is_function).find(|n| {
        let object = n.kind() == Kind::This
            || n.kind() == Kind::Super && n.parent().is_some_and(|p| p.kind() != Kind::CallExpression);
        object && (n.span().start < first.span().start || first.span().contains(n.span()))
    });
    let branch = early.is_some_and(|e| {
        // `if (a) { super(); this.x } else { .. }`: another way.
        e.span().start > first.span().end
    });
    if let Some(early) = early.filter(|_| !branch) {
        report(
            early.span(),
            "There is no `this` before `super()` has returned: this throws a ReferenceError.",
            function,
            cx,
        );
        return;
    }
    // Twice in one list of statements.
    let statement = |n: Node<'a>| n.parent().filter(|p| p.kind() == Kind::ExpressionStatement).and_then(|s| s.parent());
    if let [a, b, ..] = calls.as_slice()
        && statement(*a).is_some_and(|s| s == body && statement(*b) == Some(body))
    {
        report(b.span(), "`super()` was called before: the second call throws.", function, cx);
    }
}

fn report<'a>(span: crate::syntax::Span, message: &str, inner: Node<'a>, cx: &mut Cx<'a>) {
    let note = Note::new(cx.rule, span, message);
    crate::rules::shape::report_in(cx, inner, note);
}
