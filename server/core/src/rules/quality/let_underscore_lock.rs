use sidenote_grammars::{Family, Field, Kind};

use crate::findings::{Category, Confidence, Note, Severity};
use crate::rules::rust_code::plain_method;
use crate::rules::rust_types::type_of;
use crate::rules::support::{is_function, method, place_name, words};
use crate::rules::{Case, Check, Cx, Docs, Rule};
use crate::syntax::Node;

pub static RULE: Rule = Rule {
    id: "let-underscore-lock",
    summary: "a lock is taken and given back at once",
    category: Category::Quality,
    severity: Severity::High,
    confidence: Confidence::High,
    cwe: &[667],
    families: &[Family::Rust],
    default_on: true,
    in_tests: false,
    docs: Docs {
        what: "Finds `let _ = m.lock()..` and the like: guards that are bound to `_`.",
        why: "`_` is no variable: the guard is dropped in the same statement, and what follows runs without the lock, although it looks guarded.",
        example: "let _ = self.state.lock().unwrap();\nself.update();",
        instead: "let _guard = self.state.lock().unwrap();\nself.update();",
        limits: "`_guard` is a variable and holds the lock. Values that are taken out of the guard in the same statement are left alone.",
        fix: "Naming the variable `_guard` is suggested: it holds the lock longer.",
    },
    checks: &[Check::Nodes(&[Kind::LetDeclaration], check)],
    cases: &[
        Case::bad("a.rs", "fn f(m: &Mutex<u8>) { let _ = m.lock().unwrap(); go(); } //~ let-underscore-lock"),
        Case::bad(
            "a.rs",
            "impl A { fn f(&self) { let _ = self.state.write().unwrap(); self.go(); } } //~ let-underscore-lock",
        ),
        Case::bad("a.rs", "fn f(m: &Mutex<u8>) -> R { let _ = m.lock()?; go(); ok() } //~ let-underscore-lock"),
        Case::bad(
            "a.rs",
            "async fn f(m: &tokio::sync::Mutex<u8>) { let _ = m.lock().await; go().await; } //~ let-underscore-lock",
        ),
        Case::bad(
            "a.rs",
            "use parking_lot::Mutex;\nfn f(m: &Mutex<u8>) { let _ = m.lock(); go(); } //~ let-underscore-lock",
        ),
        Case::bad(
            "a.rs",
            "fn f(m: &RwLock<u8>) { let _ = m.read().expect(\"poisoned\"); go(); } //~ let-underscore-lock",
        ),
        Case::bad(
            "a.rs",
            "fn f(m: &Mutex<u8>) { let _ = m.lock().unwrap_or_else(|e| e.into_inner()); go(); } //~ let-underscore-lock",
        ),
        Case::bad("a.rs", "fn f(m: &Mutex<u8>) { let _ = m.lock(); go(); } //~ let-underscore-lock"),
        Case::good("a.rs", "fn f(m: &Mutex<u8>) { let _guard = m.lock().unwrap(); go(); }"),
        Case::good("a.rs", "fn f(m: &Mutex<u8>) { let _ = m.lock().unwrap().clone(); go(); }"),
        Case::good("a.rs", "fn f(m: &Mutex<u8>) { let g = m.lock().unwrap(); go(g); }"),
        Case::good("a.rs", "fn f(f: &mut File) { let _ = f.read(&mut buf); }"),
        Case::good("a.rs", "fn f(m: &Mutex<u8>) { drop(m.lock().unwrap()); }"),
        Case::good("a.rs", "fn f(m: &Mutex<Vec<u8>>) { let _ = m.lock().unwrap().pop(); }"),
        Case::good("a.rs", "fn f(f: &File) { let _ = f.sync_all(); }"),
        Case::good("a.rs", "fn f(m: &Mutex<u8>) { let (_, _g) = (1, m.lock().unwrap()); go(); }"),
        Case::near_miss("a.rs", "fn f(file: &File) { let _ = file.lock(); }"),
        Case::near_miss("a.rs", "fn f(c: &Config) { let _ = c.read().unwrap(); }"),
        Case::near_miss("a.rs", "fn f(d: &Door) { let _ = d.lock(3); }"),
        Case::near_miss("a.rs", "fn f(m: &Mutex<u8>) { let _ = m.lock().unwrap().len(); go(); }"),
        Case::near_miss("a.rs", "async fn f(s: &tokio::sync::Mutex<u8>) { { let _ = s.lock().await; } go(s); }"),
    ],
};

fn check<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    let (Some(pattern), Some(value)) = (node.child(Field::Pattern), node.child(Field::Value)) else { return };
    if pattern.text() != "_" {
        return;
    }
    let mut at = value;
    let mut wrapped = false;
    loop {
        if matches!(at.kind(), Kind::AwaitExpression | Kind::TryExpression) {
            let Some(inner) = at.first_named() else { return };
            (at, wrapped) = (inner, true);
            continue;
        }
        match method(at) {
            Some((of, name))
                if matches!(name.text(), "unwrap" | "expect")
                    || name.text() == "unwrap_or_else" && at.text().contains("into_inner") =>
            {
                (at, wrapped) = (of, true);
            }
            _ => break,
        }
    }
    let Some((of, name)) = plain_method(at) else { return };
    let ty = type_of(of, cx).map(|t| if matches!(t.name, "Arc" | "Rc" | "Box") { t.arg().name } else { t.name });
    let lock = ty.is_some_and(|t| matches!(t, "Mutex" | "RwLock" | "ReentrantMutex" | "FairMutex"));
    let told = match name {
        "lock" => lock || ty.is_none() && wrapped,
        // Readers and writers of other kinds have these, too.
        "read" | "write" => lock || ty.is_none() && wrapped && names_a_lock(of),
        _ => false,
    };
    // `{ let _ = busy.lock().await; }`: nothing follows; whoever writes this waits for the other one to be done.
    let alone = node.parent().is_some_and(|b| {
        b.kind() == Kind::Block
            && b.named_children().filter(|n| !n.is_comment()).count() == 1
            && b.parent().is_some_and(|p| !is_function(p))
    });
    if !told || alone {
        return;
    }
    let message = "`_` drops the guard at once: what follows runs without the lock. Give it a name, such as `_guard`.";
    cx.report(
        Note::new(cx.rule, node.span(), message)
            .suggestion("Keep the guard", vec![(pattern.span(), "_guard".to_owned())]),
    );
}

fn names_a_lock(of: Node<'_>) -> bool {
    let name = place_name(of).unwrap_or_default();
    words(&name).iter().any(|w| matches!(w.as_str(), "lock" | "mutex" | "rwlock" | "state" | "shared" | "inner"))
}
