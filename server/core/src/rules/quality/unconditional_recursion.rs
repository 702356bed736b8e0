use sidenote_grammars::{Family, Field, Kind};

use crate::findings::{Category, Confidence, Note, Severity};
use crate::rules::shape::{mentions, operator, parameters};
use crate::rules::support::is_function;
use crate::rules::{Case, Check, Cx, Docs, Rule};
use crate::syntax::Node;

pub static RULE: Rule = Rule {
    id: "unconditional-recursion",
    summary: "a function calls itself whatever happens",
    category: Category::Quality,
    severity: Severity::High,
    confidence: Confidence::High,
    cwe: &[674],
    families: &[Family::Ecma],
    default_on: true,
    in_tests: false,
    docs: Docs {
        what: "Finds functions, methods and accessors that call (or read or set) themselves before anything can make \
              them stop.",
        why: "Every call ends in `RangeError: Maximum call stack size exceeded`. Mostly a wrapper that was meant to \
              call something else of the same name, or an accessor that was meant to use a private field.",
        example: "class User {\n  get name() { return this.name; }\n}",
        instead: "class User {\n  get name() { return this._name; }\n}",
        limits: "Only calls that are certain to run: not behind a condition, in a loop, in an inner function, or after \
              something that may return or throw in plain sight.",
        fix: "",
    },
    checks: &[Check::Nodes(&[Kind::FunctionDeclaration, Kind::MethodDefinition], check)],
    cases: &[
        Case::bad("a.js", "class U { get name() { return this.name; } } //~ unconditional-recursion"),
        Case::bad("a.js", "class U { set name(v) { this.name = v; } } //~ unconditional-recursion"),
        Case::bad("a.js", "function load(x) { return load(x); } //~ unconditional-recursion"),
        Case::bad("a.js", "function f(n) { const r = f(n - 1); return n * r; } //~ unconditional-recursion"),
        Case::bad("a.js", "class A { run(x) { log(x); return this.run(x); } } //~ unconditional-recursion"),
        Case::bad("a.js", "const o = { get size() { return this.size; } }; //~ unconditional-recursion"),
        Case::bad("a.ts", "export function size(x: X): number { return 1 + size(x); } //~ unconditional-recursion"),
        Case::bad("a.js", "function stop() { console.log('x'); stop(); } //~ unconditional-recursion"),
        Case::bad("a.js", "class A { static of(x) { return this.of(x); } } //~ unconditional-recursion"),
        Case::good("a.js", "class U { get name() { return this._name; } }"),
        Case::good("a.js", "function fact(n) { if (n < 2) return 1; return n * fact(n - 1); }"),
        Case::good("a.js", "function fact(n) { return n < 2 ? 1 : n * fact(n - 1); }"),
        Case::good("a.js", "class A { run(x) { return super.run(x); } }"),
        Case::good("a.js", "function walk(n) { n.kids.forEach((k) => walk(k)); }"),
        Case::good("a.js", "function f(n) { return n && f(n - 1); }"),
        Case::good("a.js", "function poll() { setTimeout(() => poll(), 10); }"),
        Case::good("a.js", "class A { run() { return this.other.run(); } }"),
        Case::near_miss("a.js", "function f(x) { for (const y of x) { f(y); } }"),
        Case::near_miss("a.js", "function f(f) { return f(1); }"),
        Case::near_miss("a.js", "async function poll() { await wait(); poll(); }"),
        Case::near_miss(
            "a.js",
            "class A { get x() { Object.defineProperty(this, 'x', { value: 1 }); return this.x; } }",
        ),
        Case::near_miss("a.js", "function* g() { yield 1; yield* g(); }"),
        Case::near_miss("a.js", "class A { get x() { delete this.x; return this.x; } }"),
        Case::near_miss("a.js", "function f() { f = () => 1; return f(); }"),
    ],
};

fn check<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    if node.is_hole() || node.has_token("*") || node.has_token("async") {
        return;
    }
    let (Some(name), Some(body)) = (node.child(Field::Name), node.child(Field::Body)) else { return };
    if matches!(name.kind(), Kind::ComputedPropertyName | Kind::String) {
        return;
    }
    let itself = Itself {
        name: name.text(),
        method: node.kind() == Kind::MethodDefinition,
        getter: node.has_token("get"),
        setter: node.has_token("set"),
    };
    if parameters(node).iter().any(|p| mentions(*p, itself.name)) {
        return;
    }
    for statement in body.named_children() {
        // A definition made on the way, or a new value, changes what the name means.
        let redefines = statement.text().contains("defineProperty") || statement.text().contains("delete ");
        let assigned = statement.descendants().any(|n| {
            n.kind() == Kind::AssignmentExpression && n.child(Field::Left).is_some_and(|l| l.text() == itself.name)
        });
        if redefines || assigned {
            return;
        }
        if let Some(call) = certain(statement).into_iter().find(|n| itself.is(*n)) {
            let message = format!(
                "`{}` calls itself here whatever happens, and never ends. Something else of that name was meant, or a condition is missing.",
                itself.name
            );
            cx.report(Note::new(cx.rule, call.span(), message).related(name.span(), "the same"));
            return;
        }
        let plain = matches!(
            statement.kind(),
            Kind::ExpressionStatement
                | Kind::LexicalDeclaration
                | Kind::VariableDeclaration
                | Kind::FunctionDeclaration
                | Kind::EmptyStatement
        );
        if !plain {
            return;
        }
    }
}

struct Itself<'a> {
    name: &'a str,
    method: bool,
    getter: bool,
    setter: bool,
}

impl Itself<'_> {
    fn is(&self, n: Node<'_>) -> bool {
        let own = |member: Node<'_>| {
            let object = member.child(Field::Object);
            let receiver = object.is_some_and(|o| o.kind() == Kind::This);
            member.kind() == Kind::MemberExpression
                && receiver
                && member.child(Field::Property).is_some_and(|p| p.text() == self.name)
        };
        let target = n.parent().is_some_and(|p| p.kind() == Kind::AssignmentExpression && n.field() == Field::Left);
        if self.setter {
            return target && own(n);
        }
        if self.getter {
            return own(n) && !target;
        }
        let Some(callee) = (n.kind() == Kind::CallExpression).then(|| n.child(Field::Function)).flatten() else {
            return false;
        };
        if self.method { own(callee) } else { callee.kind() == Kind::Identifier && callee.text() == self.name }
    }
}

/// The nodes of a statement that run whenever it does.
fn certain<'a>(statement: Node<'a>) -> Vec<Node<'a>> {
    if !matches!(
        statement.kind(),
        Kind::ExpressionStatement | Kind::LexicalDeclaration | Kind::VariableDeclaration | Kind::ReturnStatement
    ) {
        return Vec::new();
    }
    let mut out = Vec::new();
    let mut stack: Vec<Node<'a>> = statement.named_children().collect();
    while let Some(n) = stack.pop() {
        if is_function(n) || n.is_hole() || matches!(n.kind(), Kind::Class | Kind::AssignmentPattern) {
            continue;
        }
        out.push(n);
        let short = n.kind() == Kind::BinaryExpression && matches!(operator(n), "&&" | "||" | "??")
            || n.kind() == Kind::TernaryExpression
            || n.kind() == Kind::AugmentedAssignmentExpression;
        let optional = n.descendants().any(|c| c.kind() == Kind::OptionalChain);
        if short || optional {
            let first = n.child(Field::Left).or_else(|| n.child(Field::Condition));
            stack.extend(first.filter(|_| !optional));
        } else {
            stack.extend(n.named_children());
        }
    }
    out
}
