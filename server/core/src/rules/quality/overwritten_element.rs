use sidenote_grammars::{Family, Field, Kind};

use crate::findings::{Category, Confidence, Note, Severity};
use crate::rules::shape::{declarator, is_commented, only_reads, root_name, same, written_type};
use crate::rules::support::{args, bare, method};
use crate::rules::{Case, Check, Cx, Docs, Rule};
use crate::syntax::Node;

pub static RULE: Rule = Rule {
    id: "overwritten-element",
    summary: "an element is written and at once written over",
    category: Category::Quality,
    severity: Severity::Medium,
    confidence: Confidence::High,
    cwe: &[563],
    families: &[Family::Ecma],
    default_on: true,
    in_tests: false,
    docs: Docs {
        what: "Finds two statements behind each other that put something under the same index of an array or key of a map.",
        why: "The first value is lost before anybody saw it. Mostly the line was copied and its key not changed.",
        example: "size[0] = width;\nsize[0] = height;",
        instead: "size[0] = width;\nsize[1] = height;",
        limits: "Only where the second value does not read the first, and the key is no call. Properties (`el.scrollTop = 0`) are left alone: writing them \
                 may do something. Of `set(key, value)` only that of maps.",
        fix: "",
    },
    checks: &[Check::Nodes(&[Kind::ExpressionStatement], check)],
    cases: &[
        Case::bad("a.js", "size[0] = width;\nsize[0] = height; //~ overwritten-element"),
        Case::bad("a.js", "function f(m, i) { m[i] = a();\nm[i] = b(); } //~ overwritten-element"),
        Case::bad(
            "a.ts",
            "const m = new Map<string, number>();\nm.set('a', 1);\nm.set('a', 2); //~ overwritten-element",
        ),
        Case::bad(
            "a.js",
            "function f() { const names = {}; names['a'] = 1;\nnames['a'] = 2; return names; } //~ overwritten-element",
        ),
        Case::bad(
            "a.ts",
            "function f(m: Map<string, number>, k: string) { m.set(k, 1);\nm.set(k, 2); } //~ overwritten-element",
        ),
        Case::bad("a.js", "grid[y][x] = 1;\ngrid[y][x] = 2; //~ overwritten-element"),
        Case::bad("a.js", "out[n + 1] = red;\n// the other one\nout[n + 1] = blue; //~ overwritten-element"),
        Case::bad("a.js", "class A { f(i) { this.xs[i] = 0;\nthis.xs[i] = this.load(); } } //~ overwritten-element"),
        Case::good("a.js", "size[0] = width;\nsize[1] = height;"),
        Case::good("a.js", "x[0] = a;\nx[0] = x[0] + 1;"),
        Case::good("a.js", "x[i++] = a;\nx[i++] = b;"),
        Case::good("a.js", "x[0] = a;\nshow(x);\nx[0] = b;"),
        Case::good("a.js", "x[0] = a;\ny[0] = b;"),
        Case::good("a.js", "x[0] += a;\nx[0] += b;"),
        Case::good("a.js", "const m = new Map();\nm.set('a', 1);\nm.set('b', 2);"),
        Case::good("a.js", "if (w) { x[0] = a; }\nx[0] = b;"),
        Case::near_miss("a.js", "el.style.width = '0';\nel.style.width = w;"),
        Case::near_miss("a.js", "buffer.set(head, 0);\nbuffer.set(head, 8);"),
        Case::near_miss("a.js", "x[next()] = a;\nx[next()] = b;"),
        Case::near_miss("a.js", "const m = new Map();\nm.set('a', 1);\nm.set('a', m.get('a') + 1);"),
        Case::near_miss("a.js", "x[0] = a;\nx[0] = wrap(x);"),
        Case::near_miss("a.js", "pins[LED] = 1;\npins[LED] = 0; // a pulse"),
    ],
};

fn check<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    let Some(first) = node.first_named().and_then(write) else { return };
    let next = std::iter::successors(node.next_named_sibling(), |n| n.next_named_sibling()).find(|n| !n.is_comment());
    let second = next.filter(|n| n.kind() == Kind::ExpressionStatement).and_then(Node::first_named);
    let Some(second) = second.and_then(write) else { return };
    let alike = same(first.of, second.of) && same(first.key, second.key) && first.is_call == second.is_call;
    if !alike || !only_reads(first.of) || !only_reads(first.key) {
        return;
    }
    // The element, or all of them, read again; a constant in place of another is a signal.
    let root = root_name(first.of).map_or("", Node::text);
    let reads =
        second.value.descendants().any(|n| n.is_hole() || n.text() == root && !root.is_empty() && root != "this")
            || second.value.text().contains(first.of.text());
    let signal = [first.value, second.value]
        .iter()
        .all(|v| matches!(bare(*v).kind(), Kind::Number | Kind::True | Kind::False | Kind::Null))
        && !matches!(bare(first.key).kind(), Kind::String | Kind::Number);
    let commented = signal && !first.is_call && is_commented(second.of);
    if reads || commented || first.is_call && !is_map(first.of) {
        return;
    }
    let message = format!(
        "What the statement before put under `{}` is lost: this writes over it. Mostly one of the two keys is wrong.",
        first.key.text()
    );
    let (lost, again) = (first.of.span().to(first.key.span()), second.of.span().to(second.key.span()));
    cx.report(Note::new(cx.rule, again, message).related(lost, "written here, and lost"));
}

struct Write<'a> {
    of: Node<'a>,
    key: Node<'a>,
    value: Node<'a>,
    is_call: bool,
}

fn write<'a>(expression: Node<'a>) -> Option<Write<'a>> {
    if expression.kind() == Kind::CallExpression {
        let (of, name) = method(expression)?;
        let mut arguments = args(expression);
        let (key, value) = (arguments.next()?, arguments.next()?);
        return (name.text() == "set" && arguments.next().is_none()).then_some(Write { of, key, value, is_call: true });
    }
    let left = expression.child(Field::Left).filter(|_| expression.kind() == Kind::AssignmentExpression)?;
    let key = left.child(Field::Index).filter(|_| left.kind() == Kind::SubscriptExpression)?;
    Some(Write { of: left.child(Field::Object)?, key, value: expression.child(Field::Right)?, is_call: false })
}

/// Whether a variable is certainly a `Map`.
fn is_map(of: Node<'_>) -> bool {
    let typed = written_type(of).is_some_and(|t| t.starts_with("Map<"));
    typed
        || declarator(of).and_then(|d| d.child(Field::Value)).is_some_and(|v| {
            let v = bare(v);
            v.kind() == Kind::NewExpression && v.child(Field::Constructor).is_some_and(|c| c.text() == "Map")
        })
}
