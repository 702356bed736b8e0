use sidenote_grammars::{Family, Field, Kind};

use crate::findings::{Category, Confidence, Note, Severity};
use crate::rules::shape::operator;
use crate::rules::support::{args, bare, enclosing_function, is_async, is_function, place_name, words};
use crate::rules::{Case, Check, Cx, Docs, Rule};
use crate::syntax::Node;

pub static RULE: Rule = Rule {
    id: "flag-left-set",
    summary: "a flag stays set when what it stands for fails",
    category: Category::Quality,
    severity: Severity::Low,
    confidence: Confidence::High,
    cwe: &[755, 460],
    families: &[Family::Ecma],
    default_on: true,
    in_tests: false,
    docs: Docs {
        what: "Finds `this.loading = true`, `busy.value = true`, `setSaving(true)` or `this.running++` that is undone behind an `await`, where nothing undoes it if what is awaited fails.",
        why: "After one failure the page shows its spinner for ever, the button stays disabled, the lock stays taken, and the counter never comes back to zero.",
        example: "setLoading(true);\nconst rows = await load();\nsetLoading(false);",
        instead: "setLoading(true);\ntry {\n  const rows = await load();\n} finally {\n  setLoading(false);\n}",
        limits: "Only flags that say by their names that something is under way. Whatever stands in a `try` that undoes it in its `catch` or `finally`, or handles its errors on the way, is left alone.",
        fix: "",
    },
    checks: &[Check::Nodes(&[Kind::StatementBlock], check)],
    cases: &[
        Case::bad(
            "a.js",
            "class A { async go() { this.running++;\n await this.run(); this.running--; //~^ flag-left-set\n} }",
        ),
        Case::bad(
            "a.jsx",
            "function V() { const [loading, setLoading] = useState(false); const go = async () => {\n setLoading(true); //~ flag-left-set\n await load(); setLoading(false); }; return go; }",
        ),
        Case::bad(
            "a.ts",
            "export class S { isLoading = false; async load() {\n this.isLoading = true; //~ flag-left-set\n this.rows = await this.api.rows(); this.isLoading = false; } }",
        ),
        Case::bad(
            "a.js",
            "async function f(state) {\n state.busy = true; //~ flag-left-set\n const r = await fetch('/a'); go(r); state.busy = false; }",
        ),
        Case::bad(
            "a.js",
            "import { ref } from 'vue';\nexport function useX() { const saving = ref(false); async function save() {\n saving.value = true; //~ flag-left-set\n await post(); saving.value = false; } return { save }; }",
        ),
        Case::bad(
            "a.js",
            "let uploading = false;\nasync function up(f) {\n uploading = true; //~ flag-left-set\n await send(f); uploading = false; }",
        ),
        Case::bad(
            "a.ts",
            "class Q { private active = 0; async next() { this.active += 1;\n await this.work(); this.active -= 1; //~^ flag-left-set\n } }",
        ),
        Case::bad(
            "a.js",
            "class A { async sync() { if (this.syncing) return;\n this.syncing = true; //~ flag-left-set\n if (x) { await this.a(); } await this.b(); this.syncing = false; } }",
        ),
        Case::good(
            "a.js",
            "class A { async go() { this.running++; try { await this.run(); } finally { this.running--; } } }",
        ),
        Case::good(
            "a.js",
            "async function f(state) { state.busy = true; try { await go(); } catch (e) { log(e); } state.busy = false; }",
        ),
        Case::good("a.js", "async function f(state) { state.busy = true; go(); state.busy = false; }"),
        Case::good(
            "a.js",
            "async function f(state) { try { state.busy = true; await go(); state.busy = false; } catch (e) { state.busy = false; throw e; } }",
        ),
        Case::good("a.js", "async function f(state) { state.busy = true; await go().catch(log); state.busy = false; }"),
        Case::good("a.js", "async function f(state) { state.open = true; await go(); state.open = false; }"),
        Case::good("a.js", "async function f(state) { state.busy = true; await go(); }"),
        Case::good("a.js", "async function f(state) { state.busy = true; state.busy = false; await go(); }"),
        Case::near_miss("a.js", "async function f(state) { state.busy = true; await sleep(10); state.busy = false; }"),
        Case::near_miss("a.js", "async function f(state) { state.busy = true; await go(); state.idle = false; }"),
        Case::near_miss("a.js", "async function f(state) { state.loaded = false; await go(); state.loaded = true; }"),
        Case::near_miss(
            "a.js",
            "async function f(state) { try { state.busy = true; await go(); state.busy = false; } catch (e) { reset(state); } }",
        ),
    ],
};

/// Words of names that say that something is under way.
const UNDER_WAY: &[&str] = &[
    "active",
    "busy",
    "connecting",
    "deleting",
    "downloading",
    "executing",
    "fetching",
    "flushing",
    "importing",
    "inflight",
    "loading",
    "locked",
    "pending",
    "polling",
    "processing",
    "refreshing",
    "running",
    "saving",
    "searching",
    "sending",
    "submitting",
    "syncing",
    "uploading",
];

fn check<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    let Some(function) = enclosing_function(node).filter(|f| is_async(*f) == Some(true)) else {
        return;
    };
    // Whoever catches what fails, in this function, may well undo it there.
    if node.ancestors().take_while(|a| *a != function).any(|a| a.kind() == Kind::TryStatement) {
        return;
    }
    let statements: Vec<Node<'a>> = node.named_children().collect();
    for (i, begun) in statements.iter().enumerate() {
        let Some((flag, true)) = turns(*begun) else { continue };
        let ends = statements.iter().skip(i + 1).position(|s| turns(*s).is_some_and(|(f, on)| !on && f == flag));
        let Some(between) = ends.map(|n| &statements[i + 1..i + 1 + n]) else { continue };
        if between.iter().any(|s| s.is_hole()) {
            continue;
        }
        let fails = between.iter().flat_map(|s| s.descendants_until(is_function)).any(|n| {
            n.kind() == Kind::AwaitExpression
                && n.first_named().is_some_and(|c| may_fail(bare(c)))
                && !is_tried(n, node)
        });
        // A handler, or another function, may undo it.
        let elsewhere = function.text().matches("finally").count() > 0;
        if fails && !elsewhere {
            let message =
                format!("If what is awaited fails, `{flag}` stays as it is set here. Undo it in a `finally`.");
            cx.report(Note::new(cx.rule, begun.span(), message));
            return;
        }
    }
}

/// The flag that a statement sets or takes back: `x.busy = true`, `setBusy(false)`, `this.running++`.
fn turns<'a>(statement: Node<'a>) -> Option<(&'a str, bool)> {
    let what = statement.first_named().filter(|_| statement.kind() == Kind::ExpressionStatement)?;
    match what.kind() {
        Kind::AssignmentExpression => {
            let (left, right) = (what.child(Field::Left)?, what.child(Field::Right)?);
            let on = match right.kind() {
                Kind::True => true,
                Kind::False => false,
                _ => return None,
            };
            is_under_way(left).then_some((left.text(), on))
        }
        Kind::AugmentedAssignmentExpression => {
            let (left, right) = (what.child(Field::Left)?, what.child(Field::Right)?);
            let on = match operator(what) {
                "+=" => true,
                "-=" => false,
                _ => return None,
            };
            (right.text() == "1" && is_under_way(left)).then_some((left.text(), on))
        }
        Kind::UpdateExpression => {
            let place = what.child(Field::Argument)?;
            is_under_way(place).then_some((place.text(), what.text().contains("++")))
        }
        Kind::CallExpression => {
            let setter = what.child(Field::Function).filter(|f| f.kind() == Kind::Identifier)?;
            let given = args(what).next().filter(|_| args(what).count() == 1)?;
            let on = match given.kind() {
                Kind::True => true,
                Kind::False => false,
                _ => return None,
            };
            (setter.text().starts_with("set") && under_way(setter.text())).then_some((setter.text(), on))
        }
        _ => None,
    }
}

fn is_under_way(place: Node<'_>) -> bool {
    match place.kind() {
        Kind::Identifier => under_way(place.text()),
        Kind::MemberExpression => place.child(Field::Property).is_some_and(|p| {
            under_way(p.text())
                || p.text() == "value" && place.child(Field::Object).and_then(place_name).is_some_and(|n| under_way(&n))
        }),
        _ => false,
    }
}

fn under_way(name: &str) -> bool {
    let words = words(name);
    let progress = words.windows(2).any(|w| w == ["in", "progress"] || w == ["in", "flight"]);
    progress || words.last().is_some_and(|w| UNDER_WAY.contains(&w.as_str()))
}

/// Whether what is awaited may fail, as far as its name tells.
fn may_fail(awaited: Node<'_>) -> bool {
    if awaited.kind() != Kind::CallExpression || crate::rules::rejections::passes_time(awaited) {
        return false;
    }
    let text = awaited.text();
    !crate::rules::rejections::is_handled(awaited)
        && ![".catch(", "allSettled", "nextTick", "tick(", "new Promise"].iter().any(|w| text.contains(w))
}

/// Whether a `try` with a handler lies between a node and the list of statements.
fn is_tried(node: Node<'_>, list: Node<'_>) -> bool {
    node.ancestors()
        .take_while(|a| *a != list)
        .any(|a| a.kind() == Kind::TryStatement && a.child(Field::Handler).is_some())
}
