use sidenote_grammars::{Family, Field, Kind};

use crate::findings::{Category, Confidence, Note, Severity};
use crate::rules::rust_types::macro_name;
use crate::rules::support::{args, bare, method};
use crate::rules::{Case, Check, Cx, Docs, Rule};
use crate::syntax::{Node, Span};

pub static RULE: Rule = Rule {
    id: "array-holes",
    summary: "a list has holes, or all its elements are one object",
    category: Category::Quality,
    severity: Severity::Medium,
    confidence: Confidence::High,
    cwe: &[665],
    families: &[Family::Ecma, Family::Rust],
    default_on: true,
    in_tests: false,
    docs: Docs {
        what: "Finds `new Array(n).map(..)` and `.forEach(..)` on it, `[1,, 2]`, and `Array(n).fill([])`, `.fill({})`, `.fill(new X())`, `.fill(Array(m).fill(0))`; in Rust `vec![Rc::new(..); n]` and `vec![Arc::new(..); n]`.",
        why: "`map` and `forEach` pass over holes: the callback never runs. `fill` and `vec!` with a shared pointer put the same object into every place: a change of one is a change of all.",
        example: "const rows = new Array(3).fill([]);",
        instead: "const rows = Array.from({ length: 3 }, () => []);",
        limits: "`fill` with numbers, strings and functions is right, and with an object that holds something where no element is seen to be changed; so is a shared value that is meant, which an explicit clone in a loop says better.",
        fix: "",
    },
    checks: &[Check::Nodes(&[Kind::CallExpression, Kind::Array, Kind::MacroInvocation], check)],
    cases: &[
        Case::near_miss("a.js", "send(nbt.longArray(new Array(36).fill([0, 0])));"),
        Case::bad("a.js", "const a = new Array(3).map(() => 0); //~ array-holes"),
        Case::bad("a.js", "const a = Array(n).map((_, i) => i); //~ array-holes"),
        Case::bad("a.js", "const rows = new Array(3).fill([]); //~ array-holes"),
        Case::bad("a.js", "const rows = Array(n).fill({}); //~ array-holes"),
        Case::bad("a.js", "const rows = Array.from({ length: 3 }).fill(new Map()); //~ array-holes"),
        Case::bad("a.js", "const a = [1,, 3]; //~ array-holes"),
        Case::bad("a.ts", "const grid = new Array(h).fill(new Array(w).fill(0)); //~ array-holes"),
        Case::bad("a.js", "const grid = Array(h).fill(Array.from({ length: w }, () => 0)); //~ array-holes"),
        Case::near_miss("a.js", "const grid = Array(h).fill(0).map(() => Array(w).fill(0));"),
        Case::bad("a.js", "new Array(5).forEach((_, i) => go(i)); //~ array-holes"),
        Case::bad("a.rs", "fn f(n: usize) -> Vec<Arc<Mutex<u8>>> { vec![Arc::new(Mutex::new(0)); n] } //~ array-holes"),
        Case::bad("a.rs", "fn f() { let v = vec![Rc::new(RefCell::new(vec![0])); 4]; go(v); } //~ array-holes"),
        Case::bad("a.rs", "fn f() { let v = vec![std::sync::Arc::new(AtomicU32::new(0)); 4]; go(v); } //~ array-holes"),
        Case::good("a.js", "const a = Array.from({ length: 3 }, (_, i) => i);"),
        Case::good("a.js", "const a = new Array(3).fill(0).map((_, i) => i);"),
        Case::good("a.js", "const rows = new Array(3).fill(0);"),
        Case::good("a.js", "const a = [1, 2, 3,];"),
        Case::good("a.js", "const a = [...Array(3)].map((_, i) => i);"),
        Case::good("a.js", "const a = new Array(1, 2, 3).map((x) => x + 1);"),
        Case::good("a.js", "const [, b] = pair;"),
        Case::good("a.rs", "fn f(n: usize) -> Vec<u8> { vec![0; n] }"),
        Case::good("a.rs", "fn f() -> Vec<Rc<u8>> { vec![Rc::new(1), Rc::new(2)] }"),
        Case::near_miss("a.js", "const a = new Array('a').map((x) => x);"),
        Case::near_miss("a.js", "const f = ([, , c]) => c;"),
        Case::near_miss("a.js", "const a = xs.fill([]);"),
        Case::near_miss("a.rs", "fn f(n: usize) -> Vec<Option<Rc<u8>>> { vec![None; n] }"),
        Case::near_miss("a.js", "const s = new Array(n + 1).join('-');"),
        Case::near_miss("a.rs", "fn f(n: usize) -> Vec<Arc<str>> { vec![Arc::from(\"x\"); n] }"),
        Case::near_miss("a.rs", "fn f() -> Vec<Rc<str>> { let x: Rc<str> = Rc::new(\"a\"); vec![x; 4] }"),
        Case::bad(
            "a.js",
            "function f(n) { const cells = new Array(n).fill({ count: 0 }); //~ array-holes\n cells[0].count++; return cells; }",
        ),
        Case::bad(
            "a.js",
            "function f(n) { const cells = Array(n).fill({ ok: false }); //~ array-holes\n cells[n - 1].ok = true; return cells; }",
        ),
        Case::near_miss(
            "a.js",
            "function f(n) { const states = new Array(n).fill({ status: 'active' }); return pick(states).status; }",
        ),
        Case::near_miss("a.ts", "class A { set(n: number) { this.axes = new Array(n).fill({ row: 1, col: 2 }); } }"),
        Case::good("a.ts", "const xs = [1, undefined, 3];"),
    ],
};

fn check<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    match node.kind() {
        Kind::Array => sparse(node, cx),
        Kind::MacroInvocation => shared(node, cx),
        _ if cx.family() == Family::Ecma => method_on_new(node, cx),
        _ => {}
    }
}

/// `[1,, 2]`.
fn sparse<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    let pattern = node.parent().is_some_and(|p| {
        matches!(p.kind(), Kind::AssignmentExpression | Kind::ForInStatement) && node.field() == Field::Left
            || matches!(p.kind(), Kind::AssignmentPattern | Kind::ArrayPattern | Kind::PairPattern)
    });
    if pattern {
        return;
    }
    let elements: Vec<Node<'a>> = node.named_children().filter(|c| !c.is_comment()).collect();
    for pair in elements.windows(2) {
        let between = Span { start: pair[0].span().end, end: pair[1].span().start };
        let commented = cx.arena().comments().any(|c| between.contains(c.span()));
        if !commented && cx.arena().slice(between).matches(',').count() > 1 {
            let message = "Two commas leave a hole in this array: `map` and `forEach` pass over it, and its value is undefined. Write the element, or `undefined`.";
            cx.report(Note::new(cx.rule, between, message));
            return;
        }
    }
}

/// The length that an expression makes a new array of: `new Array(n)`, `Array(n)`, `Array.from({ length: n })`.
fn new_array<'a>(node: Node<'a>) -> Option<bool> {
    let node = bare(node);
    let callee = node.child(Field::Constructor).or_else(|| node.child(Field::Function))?;
    let given: Vec<Node<'a>> = args(node).collect();
    let [only] = given.as_slice() else { return None };
    match callee.text() {
        "Array" => (!matches!(
            bare(*only).kind(),
            Kind::String | Kind::TemplateString | Kind::Array | Kind::SpreadElement | Kind::Object
        ))
        .then_some(true),
        "Array.from" => (bare(*only).kind() == Kind::Object).then_some(false),
        _ => None,
    }
}

fn method_on_new<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    let Some((of, name)) = method(node) else { return };
    let Some(holes) = new_array(of) else { return };
    let Some(first) = args(node).next().map(bare) else { return };
    match name.text() {
        "map" | "forEach" | "filter" | "some" | "every" | "reduce" if holes => {
            let message = format!(
                "`{}` passes over the holes of a new array, which has nothing else: the callback never runs. `Array.from({{ length: n }}, ..)` calls it for each.",
                name.text()
            );
            cx.report(Note::new(cx.rule, name.span(), message));
        }
        "fill"
            if args(node).count() == 1
                && (matches!(first.kind(), Kind::Array | Kind::Object | Kind::NewExpression) || filled(first)) =>
        {
            // A record that is only read does no harm.
            if first.kind() == Kind::Object && first.first_named().is_some() && !written_into(node) {
                return;
            }
            // So does what is handed over at once: `nbt.longArray(new Array(36).fill([0, 0]))`.
            if node.parent().is_some_and(|p| p.kind() == Kind::Arguments) && first.first_named().is_some() {
                return;
            }
            let message = format!(
                "Every place gets the same object: a change of one is a change of all. `Array.from({{ length: n }}, () => {})` makes one for each.",
                first.text()
            );
            cx.report(Note::new(cx.rule, first.span(), message));
        }
        _ => {}
    }
}

/// `new Array(n).fill(0)`, `Array.from(..)`: a new array.
fn filled(value: Node<'_>) -> bool {
    method(value).is_some_and(|(of, m)| {
        m.text() == "fill" && new_array(of).is_some() || of.text() == "Array" && matches!(m.text(), "from" | "of")
    })
}

/// Whether something in the block changes an element of the array that a variable gets here: `grid[i].n = 1`.
fn written_into(value: Node<'_>) -> bool {
    let Some(name) = value.parent().filter(|p| p.kind() == Kind::VariableDeclarator).and_then(|p| p.child(Field::Name))
    else {
        return false;
    };
    let element = format!("{}[", name.text());
    value.arena().nodes().any(|n| {
        let place = match n.kind() {
            Kind::AssignmentExpression | Kind::AugmentedAssignmentExpression => n.child(Field::Left),
            Kind::UpdateExpression => n.child(Field::Argument),
            _ => None,
        };
        place.is_some_and(|p| {
            p.text().starts_with(&element) && p.child(Field::Object).is_some_and(|o| o.text().starts_with(&element))
        })
    })
}

/// `vec![Rc::new(..); n]`.
fn shared<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    if cx.family() != Family::Rust || macro_name(node) != "vec" {
        return;
    }
    let Some(tree) = node.child_of_kind(Kind::TokenTree) else { return };
    let text: String = tree.text().chars().filter(|c| !c.is_whitespace()).collect();
    let inner = text.trim_start_matches(['[', '(', '{']);
    let path = inner.split('(').next().unwrap_or_default();
    let pointer = matches!(
        path.trim_start_matches("std::").trim_start_matches("rc::").trim_start_matches("sync::"),
        "Rc::new" | "Arc::new"
    );
    if pointer && tree.children().any(|c| c.text() == ";") {
        let message = "Every place gets the same value, shared: a change of one is a change of all. `(0..n).map(|_| ..).collect()` makes one for each; `let x = ..; vec![x; n]` says that sharing is meant.";
        cx.report(Note::new(cx.rule, node.span(), message));
    }
}
