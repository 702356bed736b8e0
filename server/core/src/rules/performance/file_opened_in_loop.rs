use sidenote_grammars::{Family, Field, Kind};

use crate::findings::{Category, Confidence, Note, Severity};
use crate::rules::rust_names::visible;
use crate::rules::support::{args, enclosing_loop, method, rust_path};
use crate::rules::{Case, Check, Cx, Docs, Rule};
use crate::syntax::Node;

pub static RULE: Rule = Rule {
    id: "file-opened-in-loop",
    summary: "the same file is opened in every round of a loop",
    category: Category::Performance,
    severity: Severity::Medium,
    confidence: Confidence::High,
    cwe: &[1050],
    families: &[Family::Rust],
    default_on: true,
    in_tests: false,
    docs: Docs {
        what: "Finds `File::open`, `File::create`, `OpenOptions::open`, `fs::read` and `fs::read_to_string` in a `for` loop, of a path that stays the same.",
        why: "Each round asks the system to find, open and close the file, and reads it again: a thousand rounds take as long as a thousand files.",
        example: "for row in rows {\n    let mut f = OpenOptions::new().append(true).open(path)?;\n    writeln!(f, \"{row}\")?;\n}",
        instead: "let mut f = BufWriter::new(OpenOptions::new().append(true).open(path)?);\nfor row in rows { writeln!(f, \"{row}\")?; }",
        limits: "Loops that end behind the call (attempts), that sleep (polling), and paths that change with the round are left alone.",
        fix: "",
    },
    checks: &[Check::Nodes(&[Kind::CallExpression], check)],
    cases: &[
        Case::bad(
            "a.rs",
            "use std::fs::OpenOptions;\nfn f(p: &str, rows: &[String]) -> R { for r in rows { let mut f = OpenOptions::new().append(true).open(p)?; f.write_all(r.as_bytes())?; } Ok(()) } //~ file-opened-in-loop",
        ),
        Case::bad(
            "a.rs",
            "use std::fs;\nfn f(rows: &[String]) { for r in rows { let c = fs::read_to_string(\"config.toml\").unwrap(); go(r, &c); } } //~ file-opened-in-loop",
        ),
        Case::bad(
            "a.rs",
            "use std::fs::File;\nfn f(p: &Path, n: u32) { for i in 0..n { let f = File::open(p).unwrap(); seek(f, i); } } //~ file-opened-in-loop",
        ),
        Case::bad(
            "a.rs",
            "use std::fs::File;\nimpl A { fn f(&self, rows: &[R]) { for r in rows { let f = File::create(&self.path).unwrap(); put(f, r); } } } //~ file-opened-in-loop",
        ),
        Case::good(
            "a.rs",
            "use std::fs::File;\nfn f(ps: &[PathBuf]) { for p in ps { let f = File::open(p).unwrap(); go(f); } }",
        ),
        Case::good(
            "a.rs",
            "use std::fs::File;\nfn f(p: &Path) { let f = File::open(p).unwrap(); for i in 0..3 { go(&f, i); } }",
        ),
        Case::good(
            "a.rs",
            "use std::fs::File;\nfn f(d: &Path, ns: &[String]) { for n in ns { let p = d.join(n); let f = File::open(&p).unwrap(); go(f); } }",
        ),
        Case::good(
            "a.rs",
            "use std::fs::File;\nfn f(d: &Path, ns: &[String]) { for n in ns { let f = File::open(d.join(n)).unwrap(); go(f); } }",
        ),
        Case::near_miss(
            "a.rs",
            "use std::fs::File;\nfn f(p: &Path) -> Option<File> { for _ in 0..3 { if let Ok(f) = File::open(p) { return Some(f); } } None }",
        ),
        Case::near_miss(
            "a.rs",
            "use std::fs;\nfn f(p: &Path) { for _ in 0..9 { go(fs::read(p)); std::thread::sleep(D); } }",
        ),
    ],
};

fn check<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    let opens = match method(node) {
        Some((of, m)) => {
            m.text() == "open" && of.text().contains("OpenOptions")
                || m.text() == "open" && of.text().starts_with("File::options")
        }
        None => node.child(Field::Function).and_then(|f| rust_path(f, cx)).is_some_and(|p| {
            matches!(
                p.as_str(),
                "std::fs::File::open" | "std::fs::File::create" | "std::fs::read" | "std::fs::read_to_string"
            )
        }),
    };
    let Some(path) = args(node).next().filter(|_| opens) else { return };
    let Some(around) = enclosing_loop(node).filter(|l| l.kind() == Kind::ForExpression) else { return };
    let path = if path.kind() == Kind::ReferenceExpression { path.child(Field::Value).unwrap_or(path) } else { path };
    let fixed = match path.kind() {
        Kind::StringLiteral => true,
        Kind::Identifier => {
            visible(node, path.text()).is_some_and(|b| !around.span().contains(b.name.span()))
                || path.text().chars().all(|c| c.is_uppercase() || c == '_')
        }
        Kind::FieldExpression => path.text().starts_with("self.") && !path.text().contains('('),
        _ => false,
    };
    if !fixed {
        return;
    }
    let Some(body) = around.child(Field::Body) else { return };
    let text = body.text();
    let leaves = body.descendants().any(|n| matches!(n.kind(), Kind::ReturnExpression | Kind::BreakExpression));
    let name = path.text();
    let changed = around.descendants().any(|n| {
        matches!(n.kind(), Kind::AssignmentExpression | Kind::CompoundAssignmentExpr)
            && n.child(Field::Left).is_some_and(|l| l.text() == name)
            || n.kind() == Kind::CallExpression
                && method(n).is_some_and(|(of, m)| {
                    of.text() == name
                        && matches!(m.text(), "push" | "pop" | "set_file_name" | "set_extension" | "push_str")
                })
    });
    if leaves || changed || text.contains("sleep") || text.contains("continue") {
        return;
    }
    let message = "Every round opens the same file again. Open it once before the loop.";
    cx.report(Note::new(cx.rule, node.span(), message));
}
