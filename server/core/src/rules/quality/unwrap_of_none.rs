use sidenote_grammars::{Family, Field, Kind};

use crate::findings::{Category, Confidence, Note, Severity};
use crate::rules::rust_code::{plain_method, tail};
use crate::rules::support::{is_function, method};
use crate::rules::{Case, Check, Cx, Docs, Rule, unparenthesized};
use crate::syntax::Node;

pub static RULE: Rule = Rule {
    id: "unwrap-of-none",
    summary: "what was just found to be missing is unwrapped",
    category: Category::Quality,
    severity: Severity::High,
    confidence: Confidence::High,
    cwe: &[252, 754],
    families: &[Family::Rust],
    default_on: true,
    in_tests: false,
    docs: Docs {
        what: "Finds `x.unwrap()` and `x.expect(..)` where a condition around has just found `x.is_none()` or `x.is_err()`, or the `else` of `is_some()` and `is_ok()`.",
        why: "It panics every time that it is reached. The branches were mixed up.",
        example: "if user.is_none() { log(user.unwrap()); }",
        instead: "if let Some(user) = user { log(user); }",
        limits: "Only plain variables and fields that nothing changes in between.",
        fix: "",
    },
    checks: &[Check::Nodes(&[Kind::IfExpression], check)],
    cases: &[
        Case::bad(
            "a.rs",
            "fn f(x: Option<u32>) -> u32 { if x.is_none() { x.unwrap() } else { 0 } } //~ unwrap-of-none",
        ),
        Case::bad(
            "a.rs",
            "fn f(x: Result<u32, E>) -> u32 { if x.is_err() { return x.unwrap(); } 0 } //~ unwrap-of-none",
        ),
        Case::bad(
            "a.rs",
            "fn f(x: Option<u32>) -> u32 { if x.is_some() { 1 } else { x.unwrap() } } //~ unwrap-of-none",
        ),
        Case::bad(
            "a.rs",
            "impl A { fn f(&self) -> u32 { if !self.n.is_some() { self.n.expect(\"n\") } else { 0 } } } //~ unwrap-of-none",
        ),
        Case::good("a.rs", "fn f(x: Option<u32>) -> u32 { if x.is_some() { x.unwrap() } else { 0 } }"),
        Case::good("a.rs", "fn f(x: Option<u32>) -> u32 { if x.is_none() { return 0; } x.unwrap() }"),
        Case::good("a.rs", "fn f(mut x: Option<u32>) -> u32 { if x.is_none() { x = Some(1); x.unwrap() } else { 0 } }"),
        Case::good("a.rs", "fn f(x: Result<u32, u32>) -> u32 { if x.is_err() { x.unwrap_err() } else { 0 } }"),
        Case::near_miss(
            "a.rs",
            "fn f(x: Option<u32>, y: Option<u32>) -> u32 { if x.is_none() { y.unwrap() } else { 0 } }",
        ),
        Case::near_miss(
            "a.rs",
            "impl A { fn f(&mut self) -> u32 { if self.n.is_none() { self.fill(); self.n.unwrap() } else { 0 } } }",
        ),
    ],
};

fn check<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    let Some(condition) = node.child(Field::Condition).map(unparenthesized) else { return };
    let (asked, negated) = match condition.kind() {
        Kind::UnaryExpression if condition.text().starts_with('!') => {
            (condition.last_named().map(unparenthesized), true)
        }
        _ => (Some(condition), false),
    };
    let Some((of, name)) = asked.and_then(plain_method) else { return };
    let missing_when = match name {
        "is_none" | "is_err" => !negated,
        "is_some" | "is_ok" => negated,
        _ => return,
    };
    if !matches!(of.kind(), Kind::Identifier | Kind::FieldExpression) || of.text().contains('(') {
        return;
    }
    let branch = if missing_when {
        node.child(Field::Consequence)
    } else {
        node.child(Field::Alternative).and_then(Node::last_named).filter(|n| n.kind() == Kind::Block)
    };
    let Some(branch) = branch else { return };
    let text = of.text();
    let found = branch
        .descendants_until(is_function)
        .find(|n| method(*n).is_some_and(|(r, m)| matches!(m.text(), "unwrap" | "expect") && r.text() == text));
    let Some(found) = found else { return };
    // Anything may have put a value there before: an assignment, a method of what holds it, a `&mut`.
    let root = text.split('.').next().unwrap_or(text);
    let changed = branch.descendants().take_while(|n| n.span().start < found.span().start).any(|n| {
        n.is_hole()
            || match n.kind() {
                Kind::AssignmentExpression => n.child(Field::Left).is_some_and(|l| l.text().starts_with(root)),
                Kind::ReferenceExpression => n.text().contains("mut"),
                Kind::CallExpression => {
                    n != found
                        && method(n).is_some_and(|(r, _)| {
                            r.text() == root && root != text || r.text() == text && !found.span().contains(n.span())
                        })
                }
                Kind::LetDeclaration => n.child(Field::Pattern).is_some_and(|p| p.text() == root),
                Kind::WhileExpression | Kind::LoopExpression => true,
                _ => false,
            }
    });
    if !changed && let Some((_, name)) = method(found) {
        let message = format!("`{text}` was just found to be missing: this always panics. The branches are mixed up.");
        cx.report(Note::new(cx.rule, tail(name, found), message).related(condition.span(), "found here"));
    }
}
