use sidenote_grammars::{Family, Field, Kind};

use crate::findings::{Category, Confidence, Note, Severity};
use crate::rules::shape::{only_reads, operands, same};
use crate::rules::support::{enclosing_loop, place_name};
use crate::rules::{Case, Check, Cx, Docs, Rule};
use crate::syntax::Node;

pub static RULE: Rule = Rule {
    id: "self-assignment",
    summary: "a variable is assigned to itself",
    category: Category::Quality,
    severity: Severity::Medium,
    confidence: Confidence::High,
    cwe: &[1164],
    families: &[Family::Ecma, Family::Rust],
    default_on: true,
    in_tests: false,
    docs: Docs {
        what: "Finds assignments of a variable or a property to itself, also inside destructuring: `a = a`, `this.name = \
              this.name`, `[a, b] = [a, c]`.",
        why: "It does nothing. Nearly always one side was meant to be another name, often a parameter: the value that \
              was to be kept is lost.",
        example: "constructor(name) {\n  this.name = this.name;\n}",
        instead: "constructor(name) {\n  this.name = name;\n}",
        limits: "Properties whose setter does something (`innerHTML`, `src`, `href`, `value`, `scrollTop`, ..) are left \
              alone; so are casts (`x = x as T`), which narrow a type.",
        fix: "",
    },
    checks: &[Check::Nodes(&[Kind::AssignmentExpression], check)],
    cases: &[
        Case::near_miss("a.js", "function f(touched) { for (const node of touched) { node.pack = node.pack; } }"),
        Case::near_miss(
            "a.js",
            "function f(tree) {\n  // the setter resets all edges\n  if (tree) {\n    tree.pack = tree.pack;\n  }\n}",
        ),
        Case::near_miss(
            "a.ts",
            "class T { open() {\n  // force the first onChange, so that nobody misses it\n  this.mouse.mode = this.mouse.mode;\n} }",
        ),
        Case::bad(
            "a.ts",
            "class B { resize(width: number, height: number) { this.width = width; height = height; return height; } } //~ self-assignment",
        ),
        Case::near_miss("a.js", "function own(style, keys) { for (const key of keys) { style[key] = style[key]; } }"),
        Case::bad("a.js", "function f(a) { a = a; return a; } //~ self-assignment"),
        Case::bad("a.js", "class A { constructor(name) {\n  this.name = this.name; //~ self-assignment\n} }"),
        Case::bad("a.js", "o.list[0] = o.list[0]; //~ self-assignment"),
        Case::bad("a.js", "let a = 1, b = 2, c = 3;\n[a, b] = [a, c]; //~ self-assignment"),
        Case::bad("a.js", "options.port = (options.port); //~ self-assignment"),
        Case::bad("a.js", "self.total = self.total; //~ self-assignment"),
        Case::bad("a.js", "if (x) { count = count; } //~ self-assignment"),
        Case::bad("a.rs", "fn f(mut a: u32) -> u32 { a = a; a } //~ self-assignment"),
        Case::bad("a.rs", "impl A { fn set(&mut self, name: String) { self.name = self.name; } } //~ self-assignment"),
        Case::bad("a.rs", "fn f(a: &mut u32, b: u32) { *a = *a; } //~ self-assignment"),
        Case::good("a.js", "a = b;"),
        Case::good("a.js", "this.name = name;"),
        Case::good("a.js", "a += a;"),
        Case::good("a.js", "a.x = b.x;"),
        Case::good("a.js", "a = a || {};"),
        Case::good("a.js", "[a, b] = [b, a];"),
        Case::good("a.js", "a = f(a);"),
        Case::good("a.rs", "fn f(mut a: u32) { a = a + 1; g(a) }"),
        Case::near_miss("a.js", "el.innerHTML = el.innerHTML;"),
        Case::near_miss("a.ts", "x = x as string;"),
        Case::near_miss("a.js", "location.href = location.href;"),
        Case::near_miss("a.js", "list[i++] = list[i++];"),
        Case::near_miss("a.js", "const a = this.a;"),
        Case::near_miss("a.js", "img.src = img.src;"),
        Case::near_miss("a.js", "function f(x) { x = /** @type {number} */ (x); return x + 1; }"),
        Case::near_miss(
            "a.ts",
            "function f(task, scope) { [task, scope] = [undefined, scope]; return [task, scope]; }",
        ),
        Case::bad("a.ts", "class P { constructor(x: number) { x = x; } } //~ self-assignment"),
        Case::good("a.ts", "class P { x: number; constructor(x: number) { this.x = x; } }"),
    ],
};

/// Properties whose assignment does something even if the value stays.
const LIVE: &[&str] = &[
    "innerHTML",
    "outerHTML",
    "textContent",
    "src",
    "href",
    "hash",
    "value",
    "scrollTop",
    "scrollLeft",
    "location",
    "currentTime",
    "className",
    "cssText",
    "display",
    "lastIndex",
    "selectionStart",
    "selectionEnd",
    "length",
    "prototype",
    "width",
    "height",
    "stack",
];

fn check<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    let Some((left, right)) = operands(node) else { return };
    let pairs: Vec<(Node<'a>, Node<'a>)> = if left.kind() == Kind::ArrayPattern && right.kind() == Kind::Array {
        left.named_children().zip(right.named_children()).collect()
    } else {
        vec![(left, right)]
    };
    // `[a, b] = [undefined, b]` sets the one and keeps the other.
    let constant = |n: Node<'_>| {
        matches!(n.kind(), Kind::Undefined | Kind::Null | Kind::True | Kind::False | Kind::Number | Kind::String)
    };
    if pairs.iter().any(|(_, r)| constant(*r)) {
        return;
    }
    for (left, right) in pairs {
        if !is_place(left) || !same(left, right) || !only_reads(left) {
            continue;
        }
        if left.kind() != Kind::Identifier && place_name(left).is_some_and(|n| LIVE.contains(&n.as_ref())) {
            continue;
        }
        // `for (const node of touched) { node.pack = node.pack; }` runs a setter for each, and a comment may say so.
        let statement = crate::rules::support::statement(node);
        let whole = statement.parent().is_some_and(|b| {
            b.kind() == Kind::StatementBlock
                && b.named_children().filter(|n| !n.is_comment()).count() == 1
                && b.parent().is_some_and(|l| l.kind() == Kind::ForInStatement)
        });
        let told = cx.arena().comments().any(|c| {
            let above = c.span().end <= statement.span().start && statement.span().start - c.span().end < 160;
            let text = c.text().to_lowercase();
            above && ["setter", "trigger", "refresh", "getter", "reactiv"].iter().any(|w| text.contains(w))
        });
        if left.kind() == Kind::MemberExpression && (whole || told) {
            continue;
        }
        // `style[key] = style[key]` for each of several keys makes an inherited value an object's own.
        let each = left.kind() == Kind::SubscriptExpression
            && left.child(Field::Index).is_some_and(|i| i.kind() == Kind::Identifier)
            && enclosing_loop(node).is_some();
        if each {
            continue;
        }
        // `x = /** @type {number} */ (x)` tells a checker of the type.
        if node.text().contains("/*") {
            continue;
        }
        let message = format!(
            "`{}` is assigned to itself, which does nothing. One side was meant to be something else.",
            left.text()
        );
        // A setter that is meant to run, as the comment above says.
        let start = node.span().start;
        let told = left.kind() != Kind::Identifier
            && cx
                .arena()
                .comments()
                .any(|c| c.span().end <= start && start - c.span().end < 24 && crate::rules::shape::explains(c.text()));
        if told {
            continue;
        }
        let mut note = Note::new(cx.rule, node.span(), message);
        if !matches!(left.kind(), Kind::Identifier) {
            note = note.confidence(Confidence::Medium);
        }
        cx.report(note);
    }
}

fn is_place(node: Node<'_>) -> bool {
    matches!(
        node.kind(),
        Kind::Identifier
            | Kind::MemberExpression
            | Kind::SubscriptExpression
            | Kind::FieldExpression
            | Kind::IndexExpression
    ) || node.kind() == Kind::UnaryExpression && node.text().starts_with('*')
}
