use sidenote_grammars::{Family, Kind};

use crate::findings::{Category, Confidence, Note, Severity};
use crate::rules::rust_types::macro_name;
use crate::rules::{Case, Check, Cx, Docs, Rule};
use crate::syntax::Node;

pub static RULE: Rule = Rule {
    id: "todo-left",
    summary: "code that is not written yet panics when it is reached",
    category: Category::Quality,
    severity: Severity::Low,
    confidence: Confidence::High,
    cwe: &[1164],
    families: &[Family::Rust],
    default_on: true,
    in_tests: false,
    docs: Docs {
        what: "Finds `todo!()`.",
        why: "It compiles, and stops the thread of whoever gets there first. `unimplemented!()` says that it is meant to stay so.",
        example: "fn refund(order: &Order) -> Result<(), Error> { todo!() }",
        instead: "fn refund(order: &Order) -> Result<(), Error> { Err(Error::NotSupported) }",
        limits: "Tests, examples in comments and bodies of macros are left alone.",
        fix: "",
    },
    checks: &[Check::Nodes(&[Kind::MacroInvocation], check)],
    cases: &[
        Case::bad("a.rs", "fn f() -> u8 { todo!() } //~ todo-left"),
        Case::bad("a.rs", "fn f(k: K) -> u8 { match k { K::A => 1, K::B => todo!(\"b\") } } //~ todo-left"),
        Case::bad("a.rs", "fn f() { std::todo!(); } //~ todo-left"),
        Case::bad("a.rs", "impl A { fn f(&self) { if self.ready { todo!(\"ready\") } } } //~ todo-left"),
        Case::good("a.rs", "fn f() -> u8 { unimplemented!() }"),
        Case::good("a.rs", "fn f() -> Result<u8, E> { Err(E::NotSupported) }"),
        Case::good("a.rs", "fn f() { mark!(todo) }"),
        Case::good("a.rs", "fn f(list: &mut Todo) { list.todo(\"wash\"); }"),
        Case::near_miss("a.rs", "fn f(todo: &Todo) { todo.finish(); }"),
        Case::near_miss("a.rs", "/// ```\n/// todo!()\n/// ```\nfn f() {}"),
    ],
};

fn check<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    if macro_name(node) == "todo" {
        let message = "This panics when it is reached. Write it, or return an error that says that it is missing.";
        cx.report(Note::new(cx.rule, node.span(), message));
    }
}
