use sidenote_grammars::{Family, Field, Kind};

use crate::findings::{Category, Confidence, Note, Severity};
use crate::rules::shape::{is_array, operands, operator, same};
use crate::rules::support::{bare, enclosing_function, is_function};
use crate::rules::{Case, Check, Cx, Docs, Rule};
use crate::syntax::Node;

pub static RULE: Rule = Rule {
    id: "delete-array-element",
    summary: "`delete` leaves a hole in an array",
    category: Category::Quality,
    severity: Severity::Medium,
    confidence: Confidence::High,
    cwe: &[],
    families: &[Family::Ecma],
    default_on: true,
    in_tests: false,
    docs: Docs {
        what: "Finds `delete list[i]` where `list` is certainly an array.",
        why: "The element is gone but its place stays: `length` does not change, loops meet `undefined`, and the array \
              becomes slow.",
        example: "const list = load().slice();\ndelete list[0];",
        instead: "list.splice(0, 1);",
        limits: "Only if the value is known to be an array: by its type, its initial value, or a loop over its `length`.",
        fix: "The suggestion uses `splice(i, 1)`. It moves the following elements, so loops over the same array need a \
              look.",
    },
    checks: &[Check::Nodes(&[Kind::UnaryExpression], check)],
    cases: &[
        Case::near_miss(
            "a.js",
            "function order(items, index) { const one = items[index]; delete items[index]; const rest = seen(items); items[index] = one; return rest; }",
        ),
        Case::bad("a.js", "const list = [1, 2, 3];\ndelete list[0]; //~ delete-array-element"),
        Case::bad("a.ts", "function f(xs: string[], i: number) { delete xs[i]; } //~ delete-array-element"),
        Case::bad("a.js", "const parts = s.split('/');\ndelete parts[parts.length - 1]; //~ delete-array-element"),
        Case::bad(
            "a.js",
            "for (let i = 0; i < rows.length; i++) { if (rows[i].old) delete rows[i]; } //~ delete-array-element",
        ),
        Case::bad("a.js", "const keys = Object.keys(o);\ndelete keys[keys.indexOf('x')]; //~ delete-array-element"),
        Case::bad("a.js", "const xs = new Array(3);\ndelete xs[1]; //~ delete-array-element"),
        Case::bad("a.ts", "const xs: Array<number> = load();\ndelete xs[i]; //~ delete-array-element"),
        Case::bad(
            "a.js",
            "function f() { const ys = xs.filter(Boolean).map(g), zs = [].concat(xs); delete zs[2]; } //~ delete-array-element",
        ),
        Case::bad(
            "a.js",
            "function removeAt(list, index) { delete list[index]; return list; } //~ delete-array-element",
        ),
        Case::bad(
            "a.ts",
            "export class S { items: Item[] = [];\n drop(i: number) { delete this.items[i]; } } //~ delete-array-element",
        ),
        Case::near_miss("a.js", "function f(items) { for (const i in items) { delete items[i]; } }"),
        Case::good("a.js", "delete o[key];"),
        Case::good("a.js", "delete o.x;"),
        Case::good("a.js", "const map = {};\ndelete map[id];"),
        Case::good("a.js", "list.splice(0, 1);"),
        Case::good("a.ts", "function f(o: Record<string, number>, k: string) { delete o[k]; }"),
        Case::good("a.js", "const m = new Map(); m.delete(1);"),
        Case::good("a.js", "delete cache['x'];"),
        Case::good("a.js", "const list = []; delete list.extra;"),
        Case::near_miss("a.js", "function f(table, i) { delete table[i]; }"),
        Case::near_miss("a.js", "const list = {}; delete list[0];"),
        Case::near_miss("a.js", "for (let i = 0; i < rows.length; i++) { delete seen[i]; }"),
        Case::near_miss("a.js", "let list = [1]; list = {}; delete other[0];"),
        Case::near_miss("a.js", "const keys = Object.keys(o); delete o[keys[0]];"),
    ],
};

fn check<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    if operator(node) != "delete" {
        return;
    }
    let Some(place) = node.child(Field::Argument).map(bare).filter(|p| p.kind() == Kind::SubscriptExpression) else {
        return;
    };
    let (Some(list), Some(index)) = (place.child(Field::Object), place.child(Field::Index)) else { return };
    if matches!(index.kind(), Kind::String | Kind::TemplateString)
        || !is_array(list) && !typed(list, cx) && !counted(node, list, index) && !told(list, index)
        || is_put_back(node, place)
    {
        return;
    }
    let message = format!(
        "`delete` leaves a hole: `{}.length` stays, and the element reads `undefined`. Use `splice`.",
        list.text()
    );
    let mut note = Note::new(cx.rule, node.span(), message);
    if node.parent().is_some_and(|p| p.kind() == Kind::ExpressionStatement) {
        let text = format!("{}.splice({}, 1)", list.text(), index.text());
        note = note.suggestion("Use `splice`", vec![(node.span(), text)]);
    }
    cx.report(note);
}

/// Whether the function sets the same element later: it is only out of the way for a while.
fn is_put_back(node: Node<'_>, place: Node<'_>) -> bool {
    let function = enclosing_function(node).unwrap_or_else(|| node.arena().root());
    function.descendants_until(is_function).any(|n| {
        n.kind() == Kind::AssignmentExpression
            && n.span().start > node.span().end
            && n.child(Field::Left).is_some_and(|l| same(l, place))
    })
}

/// Whether a field's written type is an array.
fn typed(list: Node<'_>, cx: &Cx<'_>) -> bool {
    let field = list.text().strip_prefix("this.").and_then(|f| cx.file.declared.fields.get(f));
    field.is_some_and(|t| t.ends_with("[]") || t.starts_with("Array<"))
}

/// Whether the index counts up to the list's length in a loop around.
fn counted(node: Node<'_>, list: Node<'_>, index: Node<'_>) -> bool {
    let bound = format!("{}.length", list.text());
    node.ancestors().filter(|a| a.kind() == Kind::ForStatement).any(|around| {
        around.child(Field::Condition).is_some_and(|c| {
            let c = if c.kind() == Kind::ExpressionStatement { c.first_named().unwrap_or(c) } else { c };
            operands(c).is_some_and(|(l, r)| l.text() == index.text() && r.text() == bound)
        })
    })
}

/// Whether the names say that it is an array and a position in it: `items[index]`.
fn told(list: Node<'_>, index: Node<'_>) -> bool {
    let position = index.kind() == Kind::Number || matches!(index.text(), "i" | "idx" | "index" | "pos" | "position");
    let words = crate::rules::support::words(list.text().rsplit('.').next().unwrap_or_default());
    let listed =
        words.last().is_some_and(|w| matches!(w.as_str(), "list" | "array" | "arr" | "items" | "rows" | "elements"));
    let object = crate::rules::shape::declarator(list)
        .and_then(|d| d.child(Field::Value))
        .is_some_and(|v| matches!(bare(v).kind(), Kind::Object | Kind::NewExpression | Kind::CallExpression));
    let of_keys = list.ancestors().any(|a| a.kind() == Kind::ForInStatement && a.has_token("in"));
    position && listed && !of_keys && !object
}
