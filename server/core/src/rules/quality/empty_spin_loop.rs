use sidenote_grammars::{Family, Field, Kind};

use crate::findings::{Category, Confidence, Note, Severity};
use crate::rules::rust_code::expression;
use crate::rules::support::{enclosing_function, method};
use crate::rules::{Case, Check, Cx, Docs, Rule, unparenthesized};
use crate::syntax::Node;

pub static RULE: Rule = Rule {
    id: "empty-spin-loop",
    summary: "a loop does nothing and never gives the processor away",
    category: Category::Quality,
    severity: Severity::Medium,
    confidence: Confidence::High,
    cwe: &[835, 400],
    families: &[Family::Ecma, Family::Rust],
    default_on: true,
    in_tests: false,
    docs: Docs {
        what: "Finds loops with an empty body: `loop {}`, `while !ready.load(..) {}` and `loop { if ready.load(..) { break; } }`; in JavaScript loops that ask nothing but the clock, `while (Date.now() < end) {}`.",
        why: "It keeps one core fully busy, takes power and time from the thread that it waits for, and `loop {}` never ends. A spin hint, parking or a channel let others run.",
        example: "while !self.ready.load(Ordering::Acquire) {}",
        instead: "while !self.ready.load(Ordering::Acquire) {\n    std::hint::spin_loop();\n}",
        limits: "Silent where the condition does the work (a call that takes something, `next`, `pop`, `step`), in functions that never return (`-> !`), panic handlers and crates without the standard library.",
        fix: "",
    },
    checks: &[
        Check::Nodes(&[Kind::WhileExpression, Kind::LoopExpression], check),
        Check::Nodes(&[Kind::WhileStatement], ecma),
    ],
    cases: &[
        Case::bad(
            "a.js",
            "class P { async drain() { while (this.tasks.length > 0) {} await this.end(); } } //~ empty-spin-loop",
        ),
        Case::near_miss("a.js", "while ((node = node.next) && node.hidden) {}"),
        Case::near_miss("a.js", "while (view[0] === 0) {}"),
        Case::bad(
            "a.js",
            "function sleep(ms) { const end = Date.now() + ms; while (Date.now() < end) {} } //~ empty-spin-loop",
        ),
        Case::bad(
            "a.js",
            "function sleep(ms) { const end = Date.now() + ms; while (Date.now() < end); } //~ empty-spin-loop",
        ),
        Case::bad("a.js", "while (end > Date.now()) { } //~ empty-spin-loop"),
        Case::bad("a.js", "const t = Date.now(); while (Date.now() - t <= 1000) {} //~ empty-spin-loop"),
        Case::bad(
            "a.js",
            "function block(n) { const s = performance.now(); while (performance.now() < s + n) { /* burn */ } } //~ empty-spin-loop",
        ),
        Case::good("a.js", "while (Date.now() < end) { step(); }"),
        Case::good("a.js", "while (queue.length) { queue.pop(); }"),
        Case::good("a.js", "while (!done()) {}"),
        Case::good("a.js", "for (;;) { if (Date.now() > end) break; work(); }"),
        Case::good("a.js", "async function f(ms) { await new Promise((r) => setTimeout(r, ms)); }"),
        Case::good("a.js", "while (re.exec(text)) {}"),
        Case::good("a.js", "if (Date.now() < end) {}"),
        Case::good("a.js", "while ((node = node.next)) {}"),
        Case::near_miss("a.js", "while (Date.now() < end && step()) {}"),
        Case::near_miss("a.js", "while (clock.now() < end) {}"),
        Case::bad("a.js", "function spin(until) { while (Date.now() < until) {} } //~ empty-spin-loop"),
        Case::bad(
            "a.ts",
            "const t = performance.now(); while (performance.now() - t < 50) { /* wait */ } //~ empty-spin-loop",
        ),
        Case::bad(
            "a.js",
            "const start = new Date().getTime(); while (new Date().getTime() < start + ms); //~ empty-spin-loop",
        ),
        Case::near_miss("a.js", "while (Date.now() < until) { step(); } while (!queue.next()) {}"),
        Case::near_miss("a.js", "async function f(end) { while (Date.now() < end) { await sleep(10); } }"),
        Case::bad("a.rs", "fn f(r: &AtomicBool) { while !r.load(Ordering::Acquire) {} } //~ empty-spin-loop"),
        Case::bad("a.rs", "fn f() { loop {} } //~ empty-spin-loop"),
        Case::bad(
            "a.rs",
            "impl A { fn wait(&self) { while self.busy.load(Ordering::SeqCst) { } } } //~ empty-spin-loop",
        ),
        Case::bad(
            "a.rs",
            "fn f(l: &AtomicBool) { while l.compare_exchange(false, true, Ordering::Acquire, Ordering::Relaxed).is_err() {} } //~ empty-spin-loop",
        ),
        Case::bad("a.rs", "fn f(t: Instant, d: Duration) { while t.elapsed() < d {} } //~ empty-spin-loop"),
        Case::bad("a.rs", "fn f(l: &AtomicBool) { while l.swap(true, Ordering::Acquire) {} } //~ empty-spin-loop"),
        Case::bad("a.rs", "fn f(h: &JoinHandle<()>) { while !h.is_finished() {} } //~ empty-spin-loop"),
        Case::bad("a.rs", "fn main() { start(); loop {} } //~ empty-spin-loop"),
        Case::bad(
            "a.rs",
            "fn f(n: &AtomicUsize) { while n.load(Ordering::Relaxed) != 0 { /* wait */ } } //~ empty-spin-loop",
        ),
        Case::bad("a.rs", "fn f(m: &Mutex<bool>) { while !*m.lock().unwrap() {} } //~ empty-spin-loop"),
        Case::good("a.rs", "fn f(r: &AtomicBool) { while !r.load(Ordering::Acquire) { std::hint::spin_loop(); } }"),
        Case::good("a.rs", "fn f(r: &AtomicBool) { while !r.load(Ordering::Acquire) { std::thread::yield_now(); } }"),
        Case::good("a.rs", "fn f(m: &mut Machine) { while m.step() {} }"),
        Case::good("a.rs", "fn f() -> ! { loop {} }"),
        Case::good("a.rs", "fn f(it: &mut Iter) { while it.next().is_some() {} }"),
        Case::good("a.rs", "fn f(q: &mut Vec<u8>) { while q.pop().is_some() {} }"),
        Case::good("a.rs", "fn f() { loop { work(); } }"),
        Case::good("a.rs", "fn f(r: &AtomicBool) { while r.load(Ordering::Acquire) { park(); } }"),
        Case::bad(
            "a.rs",
            "fn f(x: &AtomicBool) { loop { if x.load(Ordering::Acquire) { break; } } } //~ empty-spin-loop",
        ),
        Case::near_miss("a.rs", "#[panic_handler] fn panic(_: &PanicInfo) -> ! { loop {} }"),
        Case::near_miss("a.rs", "fn f(r: &mut Reader) { while r.read_line(&mut s).unwrap() > 0 {} }"),
        Case::near_miss("a.rs", "fn f(p: &mut Parser) { while p.skip_whitespace() || p.skip_comment() {} }"),
        Case::near_miss("a.rs", "fn f(rx: &Receiver<u8>) { while rx.try_recv().is_ok() {} }"),
        Case::near_miss("a.rs", "fn f() { use core::arch::asm; loop {} }"),
    ],
};

/// `while (Date.now() < end) {}`: nothing but the clock is asked.
fn ecma<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    let (Some(condition), Some(body)) = (node.child(Field::Condition), node.child(Field::Body)) else { return };
    let idle = body.kind() == Kind::EmptyStatement
        || body.kind() == Kind::StatementBlock && body.named_children().all(Node::is_comment);
    let mut calls = condition.descendants().filter(|n| n.kind() == Kind::CallExpression);
    let clock = |n: Node<'_>| {
        matches!(
            n.child(Field::Function).map_or("", Node::text),
            "Date.now" | "performance.now" | "process.hrtime.bigint"
        ) || method(n).is_some_and(|(of, m)| m.text() == "getTime" && of.text().starts_with("new Date"))
    };
    let asked = calls.next().is_some_and(clock) && calls.all(clock);
    let never_sleeps = condition.text().contains("new Date()") && !condition.text().contains('.');
    // Nothing that the condition asks for can change: nobody else runs meanwhile.
    let fixed = condition.descendants().chain([condition]).any(|n| n.kind() == Kind::MemberExpression)
        && condition.descendants().chain([condition]).all(|n| {
            !matches!(
                n.kind(),
                Kind::CallExpression
                    | Kind::NewExpression
                    | Kind::AssignmentExpression
                    | Kind::AugmentedAssignmentExpression
                    | Kind::UpdateExpression
                    | Kind::AwaitExpression
                    | Kind::YieldExpression
                    | Kind::SubscriptExpression
            )
        });
    if idle && fixed {
        let message = "This never ends once it begins: nothing else runs meanwhile that could change what it asks for. `await` something in every round.";
        cx.report(Note::new(cx.rule, condition.span(), message));
        return;
    }
    if idle && (asked || never_sleeps) {
        let message = "This waits by keeping the only thread busy: no request, timer or event is served meanwhile. `await` a timer instead.";
        cx.report(Note::new(cx.rule, condition.span(), message));
    }
}

fn check<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    let Some(body) = node.child(Field::Body) else { return };
    if node.kind() == Kind::LoopExpression && asks_only(body) {
        let message = "This waits by keeping a core fully busy. Wait with a blocking `recv`, `park` or a condition variable, or call `std::hint::spin_loop()` in every round.";
        cx.report(Note::new(cx.rule, node.span(), message));
        return;
    }
    if body.named_children().any(|c| !c.is_comment()) {
        return;
    }
    let waits = match node.child(Field::Condition) {
        None => true,
        Some(condition) => {
            let calls: Vec<Node<'a>> = std::iter::once(condition)
                .chain(condition.descendants())
                .filter(|n| n.kind() == Kind::CallExpression)
                .collect();
            let asks = |n: Node<'_>| {
                method(n).is_some_and(|(_, m)| {
                    matches!(
                        m.text(),
                        "load"
                            | "swap"
                            | "compare_exchange"
                            | "compare_exchange_weak"
                            | "compare_and_swap"
                            | "is_err"
                            | "is_ok"
                            | "elapsed"
                            | "is_finished"
                            | "test_and_set"
                            | "lock"
                            | "unwrap"
                    )
                })
            };
            let any = calls
                .iter()
                .any(|n| asks(*n) && !matches!(method(*n).map(|(_, m)| m.text()), Some("is_err" | "is_ok" | "unwrap")));
            any && calls.into_iter().all(asks)
        }
    };
    let bare_metal = cx.file.imports.path("asm").is_some() || cx.arena().text().contains("core::");
    let never = enclosing_function(node).and_then(|f| f.child(Field::ReturnType)).is_some_and(|t| t.text() == "!");
    if !waits || never || bare_metal {
        return;
    }
    let message = if node.kind() == Kind::LoopExpression {
        "This loop never ends and keeps a core busy with nothing. `std::thread::park()` waits without work; a channel or a handle to join says for what."
    } else {
        "This waits by keeping a core fully busy. Call `std::hint::spin_loop()` in the body, or wait with a channel, `park` or a condition variable."
    };
    let mut note = Note::new(cx.rule, node.span(), message);
    if node.kind() == Kind::WhileExpression {
        note = note.suggestion("Add the hint", vec![(body.span(), "{ std::hint::spin_loop(); }".to_owned())]);
    }
    cx.report(note);
}

/// `loop { if ready.load(..) { break; } }`: nothing but the question.
fn asks_only(body: Node<'_>) -> bool {
    let mut inside = body.named_children().filter(|c| !c.is_comment());
    let (Some(only), None) = (inside.next().map(expression), inside.next()) else { return false };
    if only.kind() != Kind::IfExpression || only.child(Field::Alternative).is_some() {
        return false;
    }
    let Some(condition) = only.child(Field::Condition).map(unparenthesized) else { return false };
    let question = if condition.kind() == Kind::UnaryExpression { condition.last_named() } else { Some(condition) };
    let loads = question.and_then(method).is_some_and(|(_, m)| m.text() == "load");
    let ends = only.child(Field::Consequence).is_some_and(|c| {
        let mut steps = c.named_children().filter(|s| !s.is_comment());
        steps.next().is_some_and(|s| matches!(expression(s).kind(), Kind::BreakExpression | Kind::ReturnExpression))
            && steps.next().is_none()
    });
    loads && ends
}
