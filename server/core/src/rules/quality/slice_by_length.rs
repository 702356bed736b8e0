use sidenote_grammars::{Family, Field, Kind};

use crate::findings::{Category, Confidence, Note, Severity};
use crate::rules::shape::{declarator, operator};
use crate::rules::support::{args, bare, enclosing_loop, is_function, method, place_name, words};
use crate::rules::{Case, Check, Cx, Docs, Rule};
use crate::syntax::Node;

pub static RULE: Rule = Rule {
    id: "slice-by-length",
    summary: "`slice` is given a length where it takes an end",
    category: Category::Quality,
    severity: Severity::High,
    confidence: Confidence::High,
    cwe: &[628],
    families: &[Family::Ecma],
    default_on: true,
    in_tests: false,
    docs: Docs {
        what: "Finds `list.slice(start, size)` (`subarray`, `substring`) where `start` is counted in steps of `size`: `slice(page * size, size)`, `slice(i, n)` in a loop that steps by `n`, and `slice(skip, limit)`.",
        why: "The second argument is the index before which it ends. The first page is right by chance, and all others are empty or too short.",
        example: "return items.slice(page * size, size);",
        instead: "return items.slice(page * size, (page + 1) * size);",
        limits: "Only where the start is made of the second argument, or both are called what pages are called by.",
        fix: "The suggested fix adds the start to the second argument.",
    },
    checks: &[Check::Nodes(&[Kind::CallExpression], check)],
    cases: &[
        Case::bad(
            "a.ts",
            "function page(items: T[], page: number, size: number) {\n  const start = page * size;\n  return items.slice(start, size); //~ slice-by-length\n}",
        ),
        Case::bad("a.js", "const part = rows.slice((page - 1) * perPage, perPage); //~ slice-by-length"),
        Case::bad(
            "a.js",
            "for (let i = 0; i < list.length; i += size) { send(list.slice(i, size)); } //~ slice-by-length",
        ),
        Case::bad("a.js", "res.json(users.slice(skip, limit)); //~ slice-by-length"),
        Case::bad("a.ts", "const shown = all.slice(offset, limit); //~ slice-by-length"),
        Case::bad("a.js", "out.push(text.substring(n * width, width)); //~ slice-by-length"),
        Case::bad(
            "a.ts",
            "for (let at = 0; at < bytes.length; at += CHUNK) { put(bytes.subarray(at, CHUNK)); } //~ slice-by-length",
        ),
        Case::bad("a.js", "const shown = rows.slice(query.offset, query.limit); //~ slice-by-length"),
        Case::good("a.js", "const part = rows.slice(page * size, (page + 1) * size);"),
        Case::good("a.js", "const part = rows.slice(start, start + size);"),
        Case::good("a.js", "for (let i = 0; i < list.length; i += size) { send(list.slice(i, i + size)); }"),
        Case::good("a.js", "const first = rows.slice(0, limit);"),
        Case::good("a.js", "const part = text.substr(n * width, width);"),
        Case::good("a.js", "const part = rows.splice(page * size, size);"),
        Case::good("a.js", "const rest = text.slice(i, text.length);"),
        Case::good("a.js", "const word = text.slice(start, end);"),
        Case::near_miss("a.js", "const view = buffer.slice(this.offset, this.limit);"),
        Case::near_miss("a.js", "const part = rows.slice(n * 2, n * 3);"),
        Case::near_miss("a.js", "for (let i = 0; i < n; i += 1) { send(text.slice(i, size)); }"),
        Case::near_miss(
            "a.js",
            "function cut(rows, offset, count) { const limit = offset + count; return rows.slice(offset, limit); }",
        ),
        Case::near_miss(
            "a.js",
            "function cut(rows, offset, limit) { limit += offset; return rows.slice(offset, limit); }",
        ),
    ],
};

fn check<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    let Some((of, name)) = method(node) else { return };
    if !matches!(name.text(), "slice" | "subarray" | "substring") || args(node).count() != 2 {
        return;
    }
    let mut both = args(node).map(bare);
    let (Some(start), Some(size)) = (both.next(), both.next()) else { return };
    if !matches!(size.kind(), Kind::Identifier | Kind::MemberExpression) || start.kind() == Kind::Number {
        return;
    }
    let counted = is_multiple(start, size)
        || start.kind() == Kind::Identifier
            && declarator(start).and_then(|d| d.child(Field::Value)).is_some_and(|v| is_multiple(bare(v), size));
    if !(counted || steps_by(node, start, size) || are_of_a_page(of, start, size) && !is_an_end(node, start, size)) {
        return;
    }
    let message = format!(
        "The second argument of `{}` is where it ends, and `{}` is how much to take: write `{} + {1}`.",
        name.text(),
        size.text(),
        start.text()
    );
    let end = format!("{} + {}", start.text(), size.text());
    cx.report(Note::new(cx.rule, node.span(), message).suggestion("Add the start", vec![(size.span(), end)]));
}

/// `page * size`, `(page - 1) * size`.
fn is_multiple(start: Node<'_>, size: Node<'_>) -> bool {
    start.kind() == Kind::BinaryExpression
        && operator(start) == "*"
        && [Field::Left, Field::Right].iter().any(|f| start.child(*f).is_some_and(|o| bare(o).text() == size.text()))
}

/// Whether the loop around steps its counter, which is the start, by the second argument.
fn steps_by(node: Node<'_>, start: Node<'_>, size: Node<'_>) -> bool {
    enclosing_loop(node).and_then(|l| l.child(Field::Increment)).is_some_and(|step| {
        step.kind() == Kind::AugmentedAssignmentExpression
            && operator(step) == "+="
            && step.child(Field::Left).is_some_and(|l| l.text() == start.text())
            && step.child(Field::Right).is_some_and(|r| r.text() == size.text())
    })
}

/// Whether both are called what pages of a list are called by, and the list is none of bytes, whose limits are ends.
fn are_of_a_page(of: Node<'_>, start: Node<'_>, size: Node<'_>) -> bool {
    let last = |n: Node<'_>| place_name(n).and_then(|name| words(&name).pop()).unwrap_or_default();
    let own = |n: Node<'_>| n.kind() == Kind::MemberExpression && n.text().starts_with("this.");
    let bytes = place_name(of).is_some_and(|n| {
        words(&n).iter().any(|w| {
            matches!(
                w.as_str(),
                "buf" | "buffer" | "bytes" | "view" | "str" | "text" | "source" | "src" | "input" | "string" | "line"
            )
        })
    });
    !bytes
        && !own(start)
        && !own(size)
        && matches!(last(start).as_str(), "offset" | "skip")
        && matches!(last(size).as_str(), "limit" | "take")
}

/// Whether the second argument is computed, or changed, with the start.
fn is_an_end(node: Node<'_>, start: Node<'_>, size: Node<'_>) -> bool {
    if size.kind() != Kind::Identifier {
        return false;
    }
    let function = node.ancestors().find(|a| is_function(*a)).unwrap_or_else(|| node.arena().root());
    function.descendants().any(|n| {
        let (to, value) = match n.kind() {
            Kind::VariableDeclarator => (n.child(Field::Name), n.child(Field::Value)),
            Kind::AssignmentExpression | Kind::AugmentedAssignmentExpression => {
                (n.child(Field::Left), n.child(Field::Right))
            }
            _ => return false,
        };
        to.is_some_and(|t| t.text() == size.text())
            && value.is_some_and(|v| v.text() == start.text() || crate::rules::shape::mentions(v, start.text()))
    })
}
