use sidenote_grammars::{Family, Field, Kind};

use crate::findings::{Category, Confidence, Note, Severity};
use crate::rules::shape::{operands, operator};
use crate::rules::support::bare;
use crate::rules::{Case, Check, Cx, Docs, Rule};
use crate::syntax::Node;

pub static RULE: Rule = Rule {
    id: "wrong-loop-counter",
    summary: "a loop counts the wrong way, or counts another variable than it asks for",
    category: Category::Quality,
    severity: Severity::High,
    confidence: Confidence::High,
    cwe: &[835],
    families: &[Family::Ecma],
    default_on: true,
    in_tests: false,
    docs: Docs {
        what: "Finds `for` loops whose counter moves away from its limit (`i < n` with `i--`), and loops whose \
               last part changes a variable that the condition does not ask for while the loop's own variable \
               stands still.",
        why: "Such a loop runs not at all, or until the counter overflows or the program is killed. The second \
               form is a copied inner loop in which one name was not changed.",
        example: "for (let j = 0; j < columns; i++) { draw(i, j); }",
        instead: "for (let j = 0; j < columns; j++) { draw(i, j); }",
        limits: "Only counters that the body leaves alone, and steps whose sign can be seen. A condition joined \
               with `||` is left alone.",
        fix: "",
    },
    checks: &[Check::Nodes(&[Kind::ForStatement], check)],
    cases: &[
        Case::bad(
            "a.js",
            "function hits(es) { const out = []; for (let i = 0; i < es.length; i++) { for (let j = 0; j < es.length; j++) { const a = es[i]; out.push(a); } } return out; } //~ wrong-loop-counter",
        ),
        Case::bad(
            "a.js",
            "class W { hits() { for (let i = 0; i < this.es.length; i++) { for (let j = 0; j < this.es.length; j++) {\n const a = this.es[i], b = this.es[i]; //~ wrong-loop-counter\n if (a !== b) { hit(a, b); } } } } }",
        ),
        Case::near_miss(
            "a.js",
            "function f(es) { for (let i = 0; i < es.length; i++) { for (let j = 0; j < 3; j++) { retry(es[i]); } } }",
        ),
        Case::near_miss(
            "a.js",
            "function f(es) { for (let i = 0; i < es.length; i++) { for (let j = i; j < es.length; j++) { hit(es[i], es[j]); } } }",
        ),
        Case::bad(
            "a.js",
            "for (let i = 0; i < es.length; i++) { for (let j = 0; j < es[i].parts.length; i++) { es[i].parts[j].age += dt; } } //~ wrong-loop-counter",
        ),
        Case::near_miss("a.js", "for (let j = 0; j < es[i].parts[i].length; i++) { go(j); j = next(j); }"),
        Case::bad("a.js", "for (let i = 0; i < n; i--) go(i); //~ wrong-loop-counter"),
        Case::bad("a.js", "for (let i = n - 1; i >= 0; i++) { go(xs[i]); } //~ wrong-loop-counter"),
        Case::bad("a.js", "for (let i = 10; i > 0; i += 1) go(i); //~ wrong-loop-counter"),
        Case::bad("a.js", "for (let i = 0; i < 9; i -= 2) go(i); //~ wrong-loop-counter"),
        Case::bad("a.js", "for (let i = 0; n > i; i--) go(i); //~ wrong-loop-counter"),
        Case::bad(
            "a.js",
            "for (let i = 0; i < xs.length; i++) {\n  for (let j = 0; j < ys.length; i++) { go(i, j); } //~ wrong-loop-counter\n}",
        ),
        Case::bad("a.js", "for (let i = 0; ok && i < n; --i) go(i); //~ wrong-loop-counter"),
        Case::bad(
            "a.js",
            "function f(rows) {\n  for (var r = 0; r < rows.length; r++) for (var c = 0; c < width; r++) paint(r, c); //~ wrong-loop-counter\n}",
        ),
        Case::good("a.js", "for (let i = 0; i < n; i++) go(i);"),
        Case::good("a.js", "for (let i = n - 1; i >= 0; i--) go(i);"),
        Case::good("a.js", "for (let i = n; i--; ) go(i);"),
        Case::good("a.js", "for (let i = 0, j = n; i < j; i++, j--) swap(i, j);"),
        Case::good("a.js", "for (let node = head; node; node = node.next) go(node);"),
        Case::good("a.js", "for (let x = 0; x < 100; x += step) go(x);"),
        Case::good("a.js", "for (let i = 0; i < n; ) { i += go(i); }"),
        Case::good("a.js", "for (let i = 10; 0 < i; i -= 2) go(i);"),
        Case::near_miss("a.js", "for (let i = 1; i < parts.length; prefix += '.' + parts[i++]) { go(prefix); }"),
        Case::near_miss("a.js", "for (let i = 0; !done; i++) { done = go(i); }"),
        Case::near_miss("a.js", "for (let left = n; left > 0; i++) { left -= go(i); }"),
        Case::near_miss("a.js", "for (let i = 0; i < n; i--) { i += 2; }"),
        Case::near_miss("a.js", "let at = 0; for (let m = re.exec(s); at < s.length; at++) { m = next(m); }"),
        Case::bad(
            "a.js",
            "function f(m) { for (let i = 0; i < m.length; i++) { for (let j = 0; j < m[i].length; i++) { go(m[i][j]); } } } //~ wrong-loop-counter",
        ),
        Case::near_miss("a.js", "function f(a) { let i = 0; for (let end = a.length; end > a[i]; i++) { go(i); } }"),
        Case::near_miss(
            "a.js",
            "function f(xs, start, end) { const out = []; for (let i = start; i >= 0 && i < end && i < xs.length; i++) { out.push(xs[i]); } return out; }",
        ),
    ],
};

fn check<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    let (Some(condition), Some(step)) = (node.child(Field::Condition), node.child(Field::Increment)) else { return };
    let Some((counter, up)) = moved(bare(step)) else { return };
    other_index(node, counter, cx);
    // The grammar keeps the condition with its semicolon as a statement.
    let condition =
        if condition.kind() == Kind::ExpressionStatement { condition.first_named() } else { Some(condition) };
    let mut parts = Vec::from_iter(condition);
    let mut asked = false;
    let (mut wrong, mut guarded) = (None, false);
    while let Some(part) = parts.pop().map(bare) {
        asked |= mentions_any(part, counter.text());
        let Some((left, right)) = operands(part).filter(|_| part.kind() == Kind::BinaryExpression) else { continue };
        match operator(part) {
            "&&" => parts.extend([left, right]),
            "||" => return,
            op @ ("<" | "<=" | ">" | ">=") => {
                let is_counter = |n: Node<'_>| bare(n).kind() == Kind::Identifier && bare(n).text() == counter.text();
                let grows = match (is_counter(left), is_counter(right)) {
                    (true, false) => op.starts_with('<'),
                    (false, true) => op.starts_with('>'),
                    _ => continue,
                };
                if up.is_some_and(|up| up != grows) {
                    wrong = Some((part, grows));
                } else {
                    guarded = true;
                }
            }
            _ => {}
        }
    }
    let Some(body) = node.child(Field::Body) else { return };
    if let Some((part, grows)) = wrong {
        // `i >= 0 && i < end; i++` only guards its start.
        if guarded {
            return;
        }
        if changes(body, counter.text()) || mentions_call(part) {
            return;
        }
        let (way, other) = if grows { ("down", "up") } else { ("up", "down") };
        let message = format!(
            "`{}` counts {way}, away from the limit in `{}`: the loop ends at once or hardly ever. Count {other}.",
            counter.text(),
            part.text()
        );
        cx.report(Note::new(cx.rule, step.span(), message));
        return;
    }
    // The loop's own variable, asked for and never changed.
    let Some(own) = own_variable(node) else { return };
    let Some(condition) = condition.map(bare) else { return };
    // `for (let j = 0; j < rows[i].length; i++)`: the other counter only picks the list.
    let picks = from_zero(node)
        && operands(condition).is_some_and(|(l, r)| {
            let bound = bare(r).text();
            bare(l).text() == own.text()
                && bound.ends_with(".length")
                && bound.matches(&format!("[{}]", counter.text())).count() == 1
        });
    if asked && !picks {
        return;
    }
    if own.text() == counter.text()
        || !matches!(operator(condition), "<" | "<=" | ">" | ">=" | "!=" | "!==")
        || !operands(condition).is_some_and(|(l, r)| [l, r].iter().any(|n| bare(*n).text() == own.text()))
        || mentions_call(condition)
        || changes(body, own.text())
        || changes(step, own.text())
    {
        return;
    }
    let message = format!(
        "This changes `{}`, and the condition asks for `{}`, which stays as it is. `{1}` was meant.",
        counter.text(),
        own.text()
    );
    let note = Note::new(cx.rule, step.span(), message).related(condition.span(), "the condition");
    cx.report(note.suggestion(format!("Change `{}`", own.text()), vec![(counter.span(), own.text().to_owned())]));
}

/// `for (let j = 0; j < list.length; j++) { use(list[i]); }`: a loop through a list that never looks where it is, and takes an element at
/// the place of the loop around.
fn other_index<'a>(node: Node<'a>, counter: Node<'a>, cx: &mut Cx<'a>) {
    let (Some(own), Some(body)) = (own_variable(node), node.child(Field::Body)) else { return };
    let Some(condition) = node.child(Field::Condition) else { return };
    let condition =
        if condition.kind() == Kind::ExpressionStatement { condition.first_named() } else { Some(condition) };
    let Some((left, bound)) = condition.map(bare).and_then(operands) else { return };
    let list = bare(bound).text().strip_suffix(".length");
    let Some(list) = list.filter(|_| own.text() == counter.text() && bare(left).text() == own.text()) else { return };
    if mentions_any(body, own.text()) || body.descendants().any(Node::is_hole) {
        return;
    }
    // The loop around goes over the same list.
    let outer = node.ancestors().filter(|a| a.kind() == Kind::ForStatement).find_map(|f| {
        let over = f.child(Field::Condition).is_some_and(|c| c.text().contains(&format!("{list}.length")));
        own_variable(f).filter(|_| over)
    });
    let Some(outer) = outer else { return };
    let element = format!("{list}[{}]", outer.text());
    // `a = list[i], b = list[i]`: the second was to be the other one.
    let taken = body.descendants().filter(|n| n.kind() == Kind::SubscriptExpression && n.text() == element).last();
    let Some(taken) = taken else { return };
    let message = format!(
        "This loop counts `{}` and never looks there: every round takes `{element}`. `{list}[{0}]` was meant.",
        own.text()
    );
    cx.report(Note::new(cx.rule, taken.span(), message).related(own.span(), "counted for nothing"));
}

/// The variable that a step changes, and whether it grows, where the sign can be seen.
fn moved(step: Node<'_>) -> Option<(Node<'_>, Option<bool>)> {
    match step.kind() {
        Kind::UpdateExpression => {
            let counter = step.child(Field::Argument).filter(|n| n.kind() == Kind::Identifier)?;
            Some((counter, Some(step.text().contains("++"))))
        }
        Kind::AugmentedAssignmentExpression => {
            let (left, right) = operands(step)?;
            let counter = Some(left).filter(|n| n.kind() == Kind::Identifier)?;
            let plus = match operator(step) {
                "+=" => true,
                "-=" => false,
                _ => return None,
            };
            let literal = right.kind() == Kind::Number;
            Some((counter, literal.then_some(plus)))
        }
        _ => None,
    }
}

/// The only variable that the loop declares.
fn own_variable(node: Node<'_>) -> Option<Node<'_>> {
    let list = node.child(Field::Initializer)?;
    let mut declared = list.named_children().filter(|n| n.kind() == Kind::VariableDeclarator);
    let only = declared.next()?.child(Field::Name).filter(|n| n.kind() == Kind::Identifier)?;
    declared.next().is_none().then_some(only)
}

/// Whether the loop's variable begins at 0.
fn from_zero(node: Node<'_>) -> bool {
    let declared = node.child(Field::Initializer).and_then(|l| l.named_children().find_map(|d| d.child(Field::Value)));
    declared.is_some_and(|v| v.text() == "0")
}

fn mentions_any(node: Node<'_>, name: &str) -> bool {
    node.descendants().any(|n| n.kind() == Kind::Identifier && n.text() == name)
}

fn mentions_call(node: Node<'_>) -> bool {
    node.descendants()
        .any(|n| matches!(n.kind(), Kind::CallExpression | Kind::AssignmentExpression | Kind::UpdateExpression))
}

/// Whether something below assigns the variable, or a function below may.
fn changes(node: Node<'_>, name: &str) -> bool {
    node.descendants().any(|n| match n.kind() {
        Kind::AssignmentExpression | Kind::AugmentedAssignmentExpression => {
            // `list[i] = x` changes the list.
            n.child(Field::Left).is_some_and(|l| {
                !matches!(l.kind(), Kind::MemberExpression | Kind::SubscriptExpression)
                    && (l.text() == name || mentions_any(l, name))
            })
        }
        Kind::UpdateExpression => n.child(Field::Argument).is_some_and(|a| a.text() == name),
        _ => n.is_hole(),
    })
}
