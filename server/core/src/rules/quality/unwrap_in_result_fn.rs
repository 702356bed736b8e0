use sidenote_grammars::{Family, Field, Kind};

use crate::findings::{Category, Confidence, Note, Severity};
use crate::rules::rust_code::{behind, plain_method, tail};
use crate::rules::rust_items::last_name;
use crate::rules::shape::is_commented;
use crate::rules::support::{args, enclosing_function, method, rust_path};
use crate::rules::{Case, Check, Cx, Docs, Rule};
use crate::syntax::Node;

pub static RULE: Rule = Rule {
    id: "unwrap-in-result-fn",
    summary: "a function that can return an error panics instead",
    category: Category::Quality,
    severity: Severity::Low,
    confidence: Confidence::Medium,
    cwe: &[248, 755],
    families: &[Family::Rust],
    default_on: true,
    in_tests: false,
    docs: Docs {
        what: "Finds `unwrap()` of fallible calls (files, parsing, the network, conversions) in functions that return a `Result`.",
        why: "The function says that it tells its caller what went wrong, and then ends the thread. `?` hands the error on with fewer characters.",
        example: "fn load(path: &Path) -> Result<Config, Error> {\n    let text = fs::read_to_string(path).unwrap();\n    parse(&text)\n}",
        instead: "fn load(path: &Path) -> Result<Config, Error> {\n    let text = fs::read_to_string(path)?;\n    parse(&text)\n}",
        limits: "Locks, `expect` with its reason, constants, closures and tests are left alone, and so are lines with a comment, which says why it cannot fail, and text up to `valid_up_to()`.",
        fix: "",
    },
    checks: &[Check::Nodes(&[Kind::CallExpression], check)],
    cases: &[
        Case::bad(
            "a.rs",
            "fn f(p: &Path) -> Result<String, E> { let t = std::fs::read_to_string(p).unwrap(); Ok(t) } //~ unwrap-in-result-fn",
        ),
        Case::bad("a.rs", "fn f(s: &str) -> Result<u8, E> { Ok(s.parse::<u8>().unwrap()) } //~ unwrap-in-result-fn"),
        Case::bad(
            "a.rs",
            "use std::fs::File;\nfn f(p: &Path) -> io::Result<File> { let f = File::open(p).unwrap(); Ok(f) } //~ unwrap-in-result-fn",
        ),
        Case::bad(
            "a.rs",
            "fn f(s: &str) -> anyhow::Result<V> { let v = serde_json::from_str(s).unwrap(); Ok(v) } //~ unwrap-in-result-fn",
        ),
        Case::bad(
            "a.rs",
            "async fn f(c: &Client) -> Result<R, E> { let r = c.get(URL).send().await.unwrap(); Ok(r) } //~ unwrap-in-result-fn",
        ),
        Case::bad(
            "a.rs",
            "fn f(b: Vec<u8>) -> Result<String, E> { Ok(String::from_utf8(b).unwrap()) } //~ unwrap-in-result-fn",
        ),
        Case::bad(
            "a.rs",
            "fn f() -> Result<String, E> { Ok(std::env::var(\"HOME\").unwrap()) } //~ unwrap-in-result-fn",
        ),
        Case::bad(
            "a.rs",
            "impl A { fn f(&mut self) -> std::io::Result<()> { self.out.flush().unwrap(); Ok(()) } } //~ unwrap-in-result-fn",
        ),
        Case::good(
            "a.rs",
            "fn f(s: &str) -> Result<u8, E> { let n = s.parse().unwrap(); // checked by the caller\n Ok(n) }",
        ),
        Case::good("a.rs", "fn f(p: &Path) -> Result<String, E> { Ok(std::fs::read_to_string(p)?) }"),
        Case::good("a.rs", "fn f(p: &Path) -> String { std::fs::read_to_string(p).unwrap() }"),
        Case::good("a.rs", "fn f(m: &Mutex<u8>) -> Result<u8, E> { Ok(*m.lock().unwrap()) }"),
        Case::good("a.rs", "fn f(s: &str) -> Result<u8, E> { Ok(s.parse::<u8>().unwrap_or(0)) }"),
        Case::good("a.rs", "fn f(s: &str) -> Option<u8> { Some(s.len() as u8) }"),
        Case::good("a.rs", "fn f() -> Result<Ipv4Addr, E> { Ok(\"127.0.0.1\".parse().unwrap()) }"),
        Case::good(
            "a.rs",
            "fn f(p: &Path) -> Result<String, E> { Ok(std::fs::read_to_string(p).expect(\"written above\")) }",
        ),
        Case::good("a.rs", "fn f(v: &[u8]) -> Result<u8, E> { Ok(*v.first().unwrap()) }"),
        Case::near_miss(
            "a.rs",
            "fn f(c: &Condvar, m: &Mutex<u8>) -> Result<u8, E> { let mut g = m.lock().unwrap(); while *g == 0 { g = c.wait(g).unwrap(); } Ok(*g) }",
        ),
        Case::near_miss(
            "a.rs",
            "fn f(xs: &[&str]) -> Result<Vec<u8>, E> { Ok(xs.iter().map(|x| x.parse().unwrap()).collect()) }",
        ),
        Case::near_miss("a.rs", "fn f() -> Result<Regex, E> { Ok(Regex::new(\"^a$\").unwrap()) }"),
        Case::near_miss(
            "a.rs",
            "fn f(b: &[u8]) -> Result<u32, E> { Ok(u32::from_le_bytes(b[..4].try_into().unwrap())) }",
        ),
        Case::near_miss("a.rs", "fn f(w: &mut String) -> Result<(), E> { write!(w, \"a\").unwrap(); Ok(()) }"),
    ],
};

fn check<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    let Some((of, "unwrap")) = plain_method(node) else { return };
    let Some(function) = enclosing_function(node).filter(|f| f.kind() == Kind::FunctionItem) else { return };
    if function.child(Field::ReturnType).is_none_or(|t| last_name(t.text()) != "Result") {
        return;
    }
    let call = if of.kind() == Kind::AwaitExpression { of.first_named().unwrap_or(of) } else { of };
    let fallible = match method(call) {
        Some((from, name)) => match name.text() {
            "wait" if args(call).next().is_some() => false,
            "parse" => !matches!(from.kind(), Kind::StringLiteral | Kind::RawStringLiteral),
            "send" | "connect" | "accept" | "flush" | "read_to_end" | "read_to_string" | "read_line" | "write_all"
            | "read_exact" | "execute" | "fetch_one" | "fetch_all" | "json" | "text" | "bytes" | "output"
            | "status" | "wait" | "spawn" | "metadata" | "canonicalize" => true,
            _ => false,
        },
        None => {
            let path = call
                .child(Field::Function)
                .filter(|_| call.kind() == Kind::CallExpression)
                .and_then(|f| rust_path(f, cx))
                .unwrap_or_default();
            let last = path.rsplit("::").next().unwrap_or_default();
            path.starts_with("std::fs::")
                || path.starts_with("std::net::")
                || matches!(
                    path.as_str(),
                    "std::env::var"
                        | "env::var"
                        | "String::from_utf8"
                        | "std::str::from_utf8"
                        | "File::open"
                        | "File::create"
                        | "std::env::current_dir"
                )
                || matches!(last, "from_str" | "from_slice" | "from_reader") && path.contains("::")
        }
    };
    let constant = args(call).next().is_some_and(|a| matches!(a.kind(), Kind::StringLiteral | Kind::RawStringLiteral))
        && call.text().contains("from_str");
    // `// cannot fail` behind it or above, and text that was found to be valid.
    let said = is_commented(node);
    if !fallible || constant || said || call.text().contains("valid_up_to") {
        return;
    }
    let Some((_, name)) = method(node) else { return };
    let message = "This function returns a `Result`, and panics here instead. `?` hands the error to the caller.";
    cx.report(
        Note::new(cx.rule, tail(name, node), message).suggestion("Use `?`", vec![(behind(of, node), "?".to_owned())]),
    );
}
