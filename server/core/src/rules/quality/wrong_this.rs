use sidenote_grammars::{Family, Field, Kind};

use crate::findings::{Category, Confidence, Note, Severity};
use crate::rules::support::{args, is_function, method, place_name};
use crate::rules::{Case, Check, Cx, Docs, Rule};
use crate::syntax::Node;

pub static RULE: Rule = Rule {
    id: "wrong-this",
    summary: "`this` of a plain callback is not that of the method around it",
    category: Category::Quality,
    severity: Severity::Medium,
    confidence: Confidence::High,
    cwe: &[670],
    families: &[Family::Ecma],
    default_on: true,
    in_tests: false,
    docs: Docs {
        what: "Finds `function () {..}` inside of a class method that is handed to a timer, a promise or an array method and uses `this`, and methods handed to them without their object (`setTimeout(this.tick, 1)`) that use `this`.",
        why: "A plain function has a `this` of its own: `undefined` or the global object there. `this.count` throws, or counts something else.",
        example: "class A {\n  run() {\n    setTimeout(function () { this.done = true; }, 10);\n  }\n}",
        instead: "class A {\n  run() {\n    setTimeout(() => { this.done = true; }, 10);\n  }\n}",
        limits: "Methods that are handed over (`setTimeout(this.tick)`) only if the file shows that they use `this` and nobody binds them. Arrow functions, `.bind(this)`, a second argument of `forEach` and `map`, and listeners (whose `this` is the element) are left alone.",
        fix: "",
    },
    checks: &[
        Check::Nodes(&[Kind::FunctionExpression], check),
        Check::Nodes(&[Kind::MemberExpression], handed_over),
        Check::Nodes(&[Kind::AssignmentExpression], arrow_method),
        Check::Nodes(&[Kind::CallExpression], arrow_hook),
    ],
    cases: &[
        Case::bad(
            "a.js",
            "productSchema.methods.discounted = (pct) => {\n return this.price * pct; //~ wrong-this\n};",
        ),
        Case::bad("a.js", "Shape.prototype.area = () => this.w * this.h; //~ wrong-this"),
        Case::bad(
            "a.js",
            "userSchema.pre('save', async () => {\n this.password = await hash(this.password); //~ wrong-this\n});",
        ),
        Case::near_miss(
            "a.js",
            "productSchema.methods.discounted = function (pct) { return [1].map(() => this.price * pct); };",
        ),
        Case::near_miss("a.js", "function mix(A) { A.prototype.area = () => this.w; }"),
        Case::near_miss("a.js", "userSchema.pre('save', (next) => next());"),
        Case::near_miss(
            "a.js",
            "class B { constructor() { this.n = 0; nextTick(this.flush, this); } flush() { this.n++; } }",
        ),
        Case::near_miss(
            "a.js",
            "export default { mounted() { window.addEventListener('x', this.move); setTimeout(this.move, 9); }, methods: { move() { this.n++; } } };",
        ),
        Case::near_miss(
            "a.js",
            "class Grid extends HTMLElement { ready() { this.addEventListener('keydown', this.onKey); }\n onKey(e) { this.move(e); } }",
        ),
        Case::bad(
            "a.js",
            "class B { constructor(el) { this.n = 0; el.addEventListener('click', this.onClick); } onClick() { this.n++; } } //~ wrong-this",
        ),
        Case::bad(
            "a.ts",
            "class P { start() { setTimeout(this.tick, 100); } tick() { this.count += 1; } } //~ wrong-this",
        ),
        Case::bad(
            "a.ts",
            "class P { go(p: Q) { return p.then(this.done); } done() { this.ready = true; } } //~ wrong-this",
        ),
        Case::near_miss(
            "a.ts",
            "class B { constructor(el: E) { this.onClick = this.onClick.bind(this); el.addEventListener('click', this.onClick); } onClick() { this.n++; } }",
        ),
        Case::near_miss("a.ts", "class B { on = () => { this.n++; }; start() { setTimeout(this.on, 1); } }"),
        Case::near_miss("a.ts", "class B { start() { setTimeout(this.on, 1); } on() { console.log('x'); } }"),
        Case::near_miss(
            "a.js",
            "class B { constructor() { bindFunctions.call(this, ['on']); } on() { this.n++; } start() { setTimeout(this.on, 1); } }",
        ),
        Case::near_miss("a.ts", "class B { @autobind on() { this.n++; } start() { setTimeout(this.on, 1); } }"),
        Case::bad("a.js", "class A { run() { setTimeout(function () { this.done = true; }, 10); } } //~ wrong-this"),
        Case::bad("a.js", "class A { run(p) { return p.then(function (x) { return this.use(x); }); } } //~ wrong-this"),
        Case::bad("a.js", "class A { run(xs) { xs.forEach(function (x) { this.sum += x; }); } } //~ wrong-this"),
        Case::bad(
            "a.ts",
            "class A { run(xs: number[]) { return xs.map(function (x) { return x * this.factor; }); } } //~ wrong-this",
        ),
        Case::good("a.js", "class A { run() { setTimeout(() => { this.done = true; }, 10); } }"),
        Case::good("a.js", "class A { run() { setTimeout(function () { this.done = true; }.bind(this), 10); } }"),
        Case::good("a.js", "class A { run(xs) { xs.forEach(function (x) { this.sum += x; }, this); } }"),
        Case::good(
            "a.js",
            "class A { run() { const self = this; setTimeout(function () { self.done = true; }, 10); } }",
        ),
        Case::near_miss(
            "a.js",
            "class A { run(el) { el.addEventListener('click', function () { this.remove(); }); } }",
        ),
        Case::near_miss("a.js", "function Old() { setTimeout(function () { this.x = 1; }, 1); }"),
        Case::near_miss(
            "a.js",
            "class A { run() { setTimeout(function () { const o = { m() { return this.x; } }; o.m(); }, 1); } }",
        ),
        Case::bad(
            "a.ts",
            "class Clock { n = 0; start() { setInterval(function () { this.n++; }, 1000); } } //~ wrong-this",
        ),
        Case::bad(
            "a.ts",
            "class S { list: A[] = []; load() { return fetch('/x').then(function (r) { return this.take(r); }); } } //~ wrong-this",
        ),
        Case::bad(
            "a.ts",
            "class S { f = 2; all(xs: number[]) { return xs.filter(function (x) { return x > this.f; }); } } //~ wrong-this",
        ),
        Case::bad("a.ts", "class S { tick() { process.nextTick(function () { this.emit('x'); }); } } //~ wrong-this"),
        Case::good("a.ts", "class Clock { n = 0; start() { setInterval(() => { this.n++; }, 1000); } }"),
        Case::good("a.ts", "class S { load() { return fetch('/x').then((r) => this.take(r)); } }"),
        Case::good(
            "a.ts",
            "class S { f = 2; all(xs: number[]) { const f = this.f; return xs.filter(function (x) { return x > f; }); } }",
        ),
        Case::good("a.ts", "class S { m() { return this.n; } }"),
        Case::near_miss("a.ts", "const o = { n: 1, get() { return this.n; } };"),
    ],
};

fn check<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    if cx.family() != Family::Ecma || node.is_hole() {
        return;
    }
    let Some(list) = node.parent().filter(|p| p.kind() == Kind::Arguments) else { return };
    let Some(call) = list.parent().filter(|c| c.kind() == Kind::CallExpression) else { return };
    let Some(name) = call.child(Field::Function).and_then(place_name) else { return };
    let given = args(call).count();
    let plain = match name.as_ref() {
        "setTimeout" | "setInterval" | "setImmediate" | "queueMicrotask" | "requestAnimationFrame" => {
            method(call).is_none()
        }
        "nextTick" | "then" | "catch" | "finally" => true,
        "forEach" | "map" | "filter" | "some" | "every" | "find" | "findIndex" | "flatMap" => given == 1,
        "reduce" => true,
        _ => false,
    };
    // Wrappers of jQuery and its kind set `this` to the element.
    let element = method(call).is_some_and(|(of, _)| of.text().starts_with('$') || of.text().starts_with("jQuery"));
    if !plain || element || !in_method(node) {
        return;
    }
    let body = node.child(Field::Body);
    let own = |n: Node<'_>| {
        is_function(n) && n.kind() != Kind::ArrowFunction || matches!(n.kind(), Kind::ClassDeclaration | Kind::Class)
    };
    let Some(used) = body.into_iter().flat_map(|b| b.descendants_until(own)).find(|n| n.kind() == Kind::This) else {
        return;
    };
    let message = format!(
        "`{name}` calls this function without an object: `this` is not that of the method around. Write an arrow function."
    );
    cx.report(Note::new(cx.rule, used.span(), message));
}

/// `el.addEventListener('click', this.onClick)` of a method of the file that uses `this`.
fn handed_over<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    if cx.family() != Family::Ecma || node.child(Field::Object).is_none_or(|o| o.kind() != Kind::This) {
        return;
    }
    let Some(property) = node.child(Field::Property).filter(|p| cx.file.declared.this_methods.contains(p.text()))
    else {
        return;
    };
    let Some(call) = node.parent().filter(|p| p.kind() == Kind::Arguments).and_then(|l| l.parent()) else { return };
    let Some(name) = call.child(Field::Function).and_then(place_name) else { return };
    let nth = args(call).position(|a| a == node);
    // Who hands the object over besides has it called on that: `nextTick(this.flush, this)`.
    if args(call).any(|a| a.kind() == Kind::This) {
        return;
    }
    let plain = match name.as_ref() {
        "setTimeout" | "setInterval" | "setImmediate" | "queueMicrotask" | "requestAnimationFrame" => {
            nth == Some(0) && method(call).is_none_or(|(of, _)| matches!(of.text(), "window" | "globalThis"))
        }
        // The element's own listeners are called on it.
        "addEventListener" => nth == Some(1) && method(call).is_none_or(|(of, _)| of.kind() != Kind::This),
        "nextTick" => nth == Some(0),
        "then" => method(call).is_some(),
        "catch" | "finally" => nth == Some(0) && method(call).is_some(),
        _ => false,
    };
    if !plain || !in_method(node) {
        return;
    }
    let message = format!(
        "`{}` uses `this`, and is called without its object here. Hand over `() => {}(..)`, or bind it.",
        property.text(),
        node.text()
    );
    cx.report(Note::new(cx.rule, node.span(), message));
}

/// `A.prototype.name = () => this.x` and `schema.methods.name = () => this.x`: an arrow function takes the `this` of the place where it is
/// written.
fn arrow_method<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    let (Some(left), Some(right)) = (node.child(Field::Left), node.child(Field::Right)) else { return };
    let of = left.child(Field::Object).filter(|_| left.kind() == Kind::MemberExpression);
    let Some(of) = of.filter(|o| o.kind() == Kind::MemberExpression) else { return };
    let kind = of.child(Field::Property).map_or("", Node::text);
    let schema = matches!(kind, "methods" | "statics")
        && of.child(Field::Object).and_then(place_name).is_some_and(|n| n.to_lowercase().ends_with("schema"));
    if kind != "prototype" && !schema {
        return;
    }
    tell_arrow(node, right, cx);
}

/// `schema.pre('save', () => { this.x })` of Mongoose.
fn arrow_hook<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    let Some((of, _)) = method(node).filter(|(_, m)| matches!(m.text(), "pre" | "post")) else { return };
    if place_name(of).is_some_and(|n| n.to_lowercase().ends_with("schema"))
        && let Some(last) = args(node).last()
    {
        tell_arrow(node, last, cx);
    }
}

fn tell_arrow<'a>(around: Node<'a>, value: Node<'a>, cx: &mut Cx<'a>) {
    let arrow = cx.open(value);
    // In a function of its own `this` may be that of the function.
    if value.kind() != Kind::ArrowFunction
        || around.ancestors().any(|a| is_function(a) && a.kind() != Kind::ArrowFunction)
    {
        return;
    }
    let own = |n: Node<'_>| is_function(n) && n.kind() != Kind::ArrowFunction;
    let Some(used) = arrow
        .child(Field::Body)
        .into_iter()
        .find_map(|b| std::iter::once(b).chain(b.descendants_until(own)).find(|n| n.kind() == Kind::This))
    else {
        return;
    };
    let message = "An arrow function has the `this` of the place where it is written, and not the object that it is called on. Write a `function`.";
    crate::rules::shape::report_in(cx, used, Note::new(cx.rule, used.span(), message));
}

/// Whether the nearest function with a `this` of its own is a class's method.
fn in_method(node: Node<'_>) -> bool {
    let around = node.ancestors().find(|n| is_function(*n) && n.kind() != Kind::ArrowFunction);
    around.is_some_and(|f| {
        f.kind() == Kind::MethodDefinition
            && (f.parent().is_none() || f.parent().is_some_and(|p| p.kind() == Kind::ClassBody))
    })
}
