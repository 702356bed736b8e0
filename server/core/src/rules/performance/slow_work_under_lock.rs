use sidenote_grammars::{Family, Field, Kind};

use crate::findings::{Category, Confidence, Note, Severity};
use crate::rules::shape::mentions;
use crate::rules::support::{is_function, method, rust_path};
use crate::rules::{Case, Check, Cx, Docs, Rule};
use crate::syntax::Node;

pub static RULE: Rule = Rule {
    id: "slow-work-under-lock",
    summary: "files, processes or sleep while a lock is held",
    category: Category::Performance,
    severity: Severity::Low,
    confidence: Confidence::Medium,
    cwe: &[667, 1050],
    families: &[Family::Rust],
    default_on: true,
    in_tests: false,
    docs: Docs {
        what: "Finds `thread::sleep`, reading and writing files by path, processes and blocking requests below a `let guard = m.lock().unwrap();` whose guard lives on and has no part in them.",
        why: "Every other thread that wants the lock waits for the disk or the network, too: milliseconds where nanoseconds would do.",
        example: "let mut cache = self.cache.lock().unwrap();\nlet text = fs::read_to_string(path)?;\ncache.insert(path, text);",
        instead: "let text = fs::read_to_string(path)?;\nself.cache.lock().unwrap().insert(path, text);",
        limits: "Silent where the guard goes into the work, is dropped before, guards nothing (`Mutex<()>`, names with an underscore), or is asked before whether the work is needed at all.",
        fix: "",
    },
    checks: &[Check::Nodes(&[Kind::LetDeclaration], check)],
    cases: &[
        Case::bad(
            "a.rs",
            "fn f(m: &Mutex<u64>) { let mut n = m.lock().unwrap_or_else(|e| e.into_inner()); std::thread::sleep(SECOND); *n += 1; } //~ slow-work-under-lock",
        ),
        Case::bad(
            "a.rs",
            "use std::fs;\nimpl A { fn f(&self, p: &str) -> io::Result<()> { let mut g = self.cache.lock().unwrap();\n let t = fs::read_to_string(p)?; //~ slow-work-under-lock\n g.insert(p.to_owned(), t); Ok(()) } }",
        ),
        Case::bad(
            "a.rs",
            "use std::thread;\nfn f(m: &Mutex<u32>) { let mut g = m.lock().unwrap();\n thread::sleep(D); //~ slow-work-under-lock\n *g += 1; }",
        ),
        Case::bad(
            "a.rs",
            "fn f(m: &RwLock<Vec<u8>>, p: &Path) { let mut g = m.write().unwrap();\n let b = std::fs::read(p).unwrap_or_default(); //~ slow-work-under-lock\n g.extend(b); }",
        ),
        Case::bad(
            "a.rs",
            "fn f(m: &Mutex<Vec<String>>) -> R { let mut g = m.lock().unwrap();\n let body = reqwest::blocking::get(URL)?.text()?; //~ slow-work-under-lock\n g.push(body); Ok(()) }",
        ),
        Case::bad(
            "a.rs",
            "async fn f(m: &tokio::sync::Mutex<Vec<u8>>) { let mut g = m.lock().await;\n tokio::time::sleep(D).await; //~ slow-work-under-lock\n g.push(1); }",
        ),
        Case::good(
            "a.rs",
            "use std::fs;\nimpl A { fn f(&self, p: &str) -> io::Result<()> { let t = fs::read_to_string(p)?; self.cache.lock().unwrap().insert(p.to_owned(), t); Ok(()) } }",
        ),
        Case::good(
            "a.rs",
            "use std::thread;\nfn f(m: &Mutex<u32>) { let mut g = m.lock().unwrap(); *g += 1; drop(g); thread::sleep(D); }",
        ),
        Case::good(
            "a.rs",
            "use std::thread;\nfn f(m: &Mutex<u32>) { { let mut g = m.lock().unwrap(); *g += 1; } thread::sleep(D); }",
        ),
        Case::good(
            "a.rs",
            "fn f(m: &Mutex<()>, p: &Path) { let _guard = m.lock().unwrap(); std::fs::write(p, b\"x\").ok(); }",
        ),
        Case::near_miss(
            "a.rs",
            "fn f(m: &Mutex<PathBuf>) -> Vec<u8> { let g = m.lock().unwrap(); std::fs::read(&*g).unwrap_or_default() }",
        ),
        Case::near_miss(
            "a.rs",
            "fn f(m: &Mutex<Cache>, p: &Path) -> T { let mut g = m.lock().unwrap(); if let Some(t) = g.get(p) { return t; } let t = std::fs::read(p).unwrap(); g.put(p, t) }",
        ),
    ],
};

fn check<'a>(declaration: Node<'a>, cx: &mut Cx<'a>) {
    let Some(mut pattern) = declaration.child(Field::Pattern) else { return };
    if pattern.kind() == Kind::MutPattern {
        pattern = pattern.last_named().unwrap_or(pattern);
    }
    let name = pattern.text();
    if pattern.kind() != Kind::Identifier || name.starts_with('_') {
        return;
    }
    let Some(value) = declaration.child(Field::Value) else { return };
    // `m.lock().await` of tokio, or `m.lock().unwrap()`.
    let waits = value.kind() == Kind::AwaitExpression;
    let guard = if waits { value.first_named().and_then(method) } else { method(value) };
    let Some((inner, end)) = guard.filter(|(_, m)| waits || matches!(m.text(), "unwrap" | "expect" | "unwrap_or_else"))
    else {
        return;
    };
    let locked = if waits { value.first_named().unwrap_or(inner) } else { inner };
    let lock =
        method(locked).is_some_and(|(_, m)| matches!(m.text(), "lock" | "write") && locked.text().ends_with("()"));
    if !lock {
        return;
    }
    let mut first = true;
    for statement in std::iter::successors(declaration.next_named_sibling(), |n| n.next_named_sibling()) {
        let all = || {
            std::iter::once(statement)
                .chain(statement.descendants_until(|n| is_function(n) || n.kind() == Kind::AsyncBlock))
        };
        let slow = all().find(|n| n.kind() == Kind::CallExpression && is_slow(*n, cx));
        if let Some(slow) = slow {
            // What is kept apart by the lock is the file itself.
            let used_behind =
                std::iter::successors(Some(statement), |n| n.next_named_sibling()).any(|s| mentions(s, name));
            if mentions(slow, name) || !used_behind || !plain(statement) && mentions(statement, name) {
                return;
            }
            let message = format!(
                "`{name}` holds the lock while this waits, and so does every other thread that wants it. Do it before, or drop the guard first."
            );
            cx.report(Note::new(cx.rule, slow.span(), message).related(end.span(), "taken here"));
            return;
        }
        // The guard is dropped, handed on, or asked whether there is work to do.
        if all().any(|n| n.is_hole())
            || mentions(statement, name) && !(first && plain(statement) && !statement.text().contains("drop("))
        {
            return;
        }
        first = false;
    }
}

/// Whether a statement has no branches of its own.
fn plain(statement: Node<'_>) -> bool {
    !statement.descendants().any(|n| {
        matches!(n.kind(), Kind::IfExpression | Kind::MatchExpression | Kind::ReturnExpression) || is_function(n)
    })
}

fn is_slow<'a>(call: Node<'a>, cx: &Cx<'a>) -> bool {
    let Some(path) = call.child(Field::Function).and_then(|f| rust_path(f, cx)) else { return false };
    matches!(
        path.as_str(),
        "std::thread::sleep"
            | "tokio::time::sleep"
            | "std::fs::read"
            | "std::fs::read_to_string"
            | "std::fs::write"
            | "std::fs::copy"
            | "std::fs::remove_dir_all"
            | "std::fs::create_dir_all"
            | "std::fs::File::open"
            | "std::net::TcpStream::connect"
            | "std::process::Command::new"
            | "reqwest::blocking::get"
            | "ureq::get"
            | "ureq::post"
    )
}
