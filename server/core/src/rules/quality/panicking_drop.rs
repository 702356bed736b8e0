use sidenote_grammars::{Family, Field, Kind};

use crate::findings::{Category, Confidence, Note, Severity};
use crate::rules::rust_code::tail;
use crate::rules::rust_items::last_name;
use crate::rules::shape::{is_commented, report_in};
use crate::rules::support::method;
use crate::rules::{Case, Check, Cx, Docs, Rule};
use crate::syntax::Node;

pub static RULE: Rule = Rule {
    id: "panicking-drop",
    summary: "a destructor may panic",
    category: Category::Quality,
    severity: Severity::Low,
    confidence: Confidence::Medium,
    cwe: &[248, 703],
    families: &[Family::Rust],
    default_on: true,
    in_tests: false,
    docs: Docs {
        what: "Finds `unwrap()` and `expect(..)` in `Drop::drop` on what depends on files, channels, processes and databases.",
        why: "A destructor also runs while a panic unwinds the stack. A second panic then aborts the whole program at once, and hides what went wrong first.",
        example: "impl Drop for Log {\n    fn drop(&mut self) { self.file.flush().unwrap(); }\n}",
        instead: "impl Drop for Log {\n    fn drop(&mut self) {\n        if let Err(e) = self.file.flush() { eprintln!(\"log: {e}\"); }\n    }\n}",
        limits: "Destructors that ask `thread::panicking()`, panics and assertions that are written out, and values that are there by construction (`self.x.take().unwrap()`), are left alone, as are locks and threads to be joined, which fail only where another thread has panicked already.",
        fix: "",
    },
    checks: &[Check::Nodes(&[Kind::ImplItem], check)],
    cases: &[
        Case::bad("a.rs", "impl Drop for L { fn drop(&mut self) { self.file.flush().unwrap(); } } //~ panicking-drop"),
        Case::bad(
            "a.rs",
            "impl Drop for L { fn drop(&mut self) { std::fs::remove_file(&self.path).expect(\"removed\"); } } //~ panicking-drop",
        ),
        Case::near_miss("a.rs", "impl Drop for L { fn drop(&mut self) { if self.open { panic!(\"still open\"); } } }"),
        Case::bad(
            "a.rs",
            "impl Drop for L { fn drop(&mut self) { self.send(Msg::Bye).unwrap(); self.done = true; } } //~ panicking-drop",
        ),
        Case::near_miss("a.rs", "impl Drop for L { fn drop(&mut self) { assert!(self.done, \"not done\"); } }"),
        Case::bad(
            "a.rs",
            "impl Drop for L { fn drop(&mut self) { if let Some(mut c) = self.child.take() { c.wait().unwrap(); } } } //~ panicking-drop",
        ),
        Case::near_miss(
            "a.rs",
            "impl Drop for L { fn drop(&mut self) { let t = serde_json::to_string(&self.x).unwrap(); save(t); } }",
        ),
        Case::bad(
            "a.rs",
            "impl<T> Drop for L<T> { fn drop(&mut self) { self.tx.send(1).unwrap(); } } //~ panicking-drop",
        ),
        Case::near_miss(
            "a.rs",
            "impl std::ops::Drop for L { fn drop(&mut self) { let mut m = self.map.lock().unwrap(); m.remove(&self.id); } }",
        ),
        Case::bad(
            "a.rs",
            "impl std::ops::Drop for L { fn drop(&mut self) { std::fs::write(&self.path, self.text()).unwrap(); } } //~ panicking-drop",
        ),
        Case::bad(
            "a.rs",
            "impl Drop for L { fn drop(&mut self) { if self.dirty { self.tx.commit().expect(\"saved\"); } } } //~ panicking-drop",
        ),
        Case::near_miss(
            "a.rs",
            "impl Drop for L { fn drop(&mut self) { unsafe { (self.table.free.unwrap())(self.raw) } } }",
        ),
        Case::near_miss(
            "a.rs",
            "impl Drop for L { fn drop(&mut self) { self.thread.take().map(|t| t.join().unwrap()); } }",
        ),
        Case::good("a.rs", "impl Drop for L { fn drop(&mut self) { let _ = self.file.flush(); } }"),
        Case::good(
            "a.rs",
            "impl Drop for L { fn drop(&mut self) { if !std::thread::panicking() { self.file.flush().unwrap(); } } }",
        ),
        Case::good("a.rs", "impl L { fn drop(&mut self) { self.file.flush().unwrap(); } }"),
        Case::good("a.rs", "impl Drop for L { fn drop(&mut self) { debug_assert!(self.done); } }"),
        Case::good("a.rs", "impl Drop for L { fn drop(&mut self) { self.value.take().unwrap().close(); } }"),
        Case::good("a.rs", "impl Drop for L { fn drop(&mut self) { if let Ok(m) = self.map.lock() { go(m); } } }"),
        Case::good("a.rs", "impl Drop for L { fn drop(&mut self) {} }"),
        Case::good("a.rs", "impl Close for L { fn drop(&mut self) { self.file.flush().unwrap(); } }"),
        Case::near_miss("a.rs", "impl Drop for L { fn drop(&mut self) { self.n.checked_sub(1).unwrap_or(0); } }"),
        Case::near_miss(
            "a.rs",
            "impl Drop for L { fn drop(&mut self) { std::mem::take(&mut self.x).unwrap_or_default(); } }",
        ),
        Case::near_miss("a.rs", "impl Drop for L { fn drop(&mut self) { println!(\"panic! averted\"); } }"),
        Case::near_miss(
            "a.rs",
            "impl Drop for L { fn drop(&mut self) { let l = Layout::array::<u8>(self.cap).unwrap(); unsafe { dealloc(self.p, l) } } }",
        ),
        Case::near_miss(
            "a.rs",
            "impl Drop for W { fn drop(&mut self) {\n    // the event loop lives: this cannot fail\n    self.channel.send(Stop).unwrap();\n} }",
        ),
    ],
};

fn check<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    if node.child(Field::Trait).is_none_or(|t| last_name(t.text()) != "Drop") {
        return;
    }
    let Some(function) =
        node.child(Field::Body).into_iter().flat_map(Node::named_children).find(|n| n.kind() == Kind::FunctionItem)
    else {
        return;
    };
    let function = cx.open(function);
    if function.text().contains("panicking()") {
        return;
    }
    let found = function.descendants().find_map(|n| match n.kind() {
        Kind::CallExpression => {
            let (of, name) = method(n)?;
            if !matches!(name.text(), "unwrap" | "expect") || of.kind() != Kind::CallExpression {
                return None;
            }
            // What depends on files, threads and other processes fails on some day.
            let fails = match method(of) {
                Some((_, m)) => matches!(
                    m.text(),
                    "send"
                        | "flush"
                        | "write_all"
                        | "wait"
                        | "recv"
                        | "sync_all"
                        | "kill"
                        | "set_len"
                        | "blocking_send"
                        | "shutdown"
                        | "finish"
                        | "close"
                        | "commit"
                        | "rollback"
                ),
                None => of.child(Field::Function).is_some_and(|f| f.text().contains("fs::")),
            };
            // `// the loop lives: this cannot fail` above it.
            (fails && !is_commented(n)).then(|| tail(name, n))
        }
        _ => None,
    });
    if let Some(span) = found {
        let message = "If this panics while another panic unwinds, the program aborts at once. Handle the error, or drop it on purpose.";
        report_in(cx, function, Note::new(cx.rule, span, message));
    }
}
