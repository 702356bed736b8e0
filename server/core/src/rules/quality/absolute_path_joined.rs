use sidenote_grammars::{Family, Field, Kind};

use crate::findings::{Category, Confidence, Note, Severity};
use crate::rules::rust_types::type_of;
use crate::rules::support::{args, method, place_name, string_value, words};
use crate::rules::{Case, Check, Cx, Docs, Rule};
use crate::syntax::Node;

pub static RULE: Rule = Rule {
    id: "absolute-path-joined",
    summary: "joining an absolute path throws the first one away",
    category: Category::Quality,
    severity: Severity::High,
    confidence: Confidence::High,
    cwe: &[706],
    families: &[Family::Rust],
    default_on: true,
    in_tests: false,
    docs: Docs {
        what: "Finds `path.join(\"/etc\")` and `path.push(\"/etc\")` of a `Path` or `PathBuf` with a text that begins with `/`.",
        why: "An absolute path replaces what stands before it: `root.join(\"/logs\")` is `/logs`.",
        example: "let logs = root.join(\"/logs\");",
        instead: "let logs = root.join(\"logs\");",
        limits: "Only where the receiver is known to be a path, by its type, by what made it, or by its name.",
        fix: "The leading `/` goes; a suggestion, for it changes what happens.",
    },
    checks: &[Check::Nodes(&[Kind::CallExpression], check)],
    cases: &[
        Case::bad("a.rs", "fn f(root: &Path) -> PathBuf { root.join(\"/logs\") } //~ absolute-path-joined"),
        Case::bad("a.rs", "fn f(mut p: PathBuf) -> PathBuf { p.push(\"/bin\"); p } //~ absolute-path-joined"),
        Case::bad("a.rs", "fn f() -> PathBuf { Path::new(\"a\").join(\"/b\") } //~ absolute-path-joined"),
        Case::bad("a.rs", "fn f(dir: &Dir) -> PathBuf { dir.path().join(\"/x.txt\") } //~ absolute-path-joined"),
        Case::bad(
            "a.rs",
            "fn f() -> PathBuf { let base = PathBuf::from(\"a\"); base.join(\"/b\") } //~ absolute-path-joined",
        ),
        Case::bad(
            "a.rs",
            "fn f() -> PathBuf { std::env::current_dir().unwrap().join(\"/target\") } //~ absolute-path-joined",
        ),
        Case::bad(
            "a.rs",
            "struct A { root: PathBuf }\nimpl A { fn f(&self) -> PathBuf { self.root.join(\"/x\") } //~ absolute-path-joined\n}",
        ),
        Case::bad("a.rs", "fn f(p: PathBuf) -> PathBuf { p.join(\"a\").join(\"/b\") } //~ absolute-path-joined"),
        Case::good("a.rs", "fn f(root: &Path) -> PathBuf { root.join(\"logs\") }"),
        Case::good("a.rs", "fn f(xs: &[String]) -> String { xs.join(\"/\") }"),
        Case::good("a.rs", "fn f(parts: Vec<&str>) -> String { parts.join(\"/a/\") }"),
        Case::good("a.rs", "fn f(root: &Path, p: &str) -> PathBuf { root.join(p) }"),
        Case::good("a.rs", "fn f(mut s: String) { s.push_str(\"/x\"); }"),
        Case::good("a.rs", "fn f(root: &Path) -> PathBuf { root.join(\"./logs\") }"),
        Case::good("a.rs", "fn f(u: &Url) -> Url { u.join(\"/x\").unwrap() }"),
        Case::good("a.rs", "fn f(v: &mut Vec<&str>) { v.push(\"/x\"); }"),
        Case::near_miss("a.rs", "fn f(base_url: Url) -> Url { base_url.join(\"/api\").unwrap() }"),
        Case::near_miss("a.rs", "fn f(segments: &Segments) -> String { segments.join(\"/x\") }"),
        Case::near_miss("a.rs", "fn f(path: Vec<&str>) -> String { path.join(\"/x\") }"),
        Case::near_miss("a.rs", "fn f(uri: &Uri) -> R { uri.path().join(\"/x\") }"),
    ],
};

fn check<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    let Some((of, name)) = method(node).filter(|(_, n)| matches!(n.text(), "join" | "push")) else { return };
    let Some(given) = args(node).next().filter(|_| args(node).count() == 1) else { return };
    if !string_value(given).is_some_and(|t| t.starts_with('/') && t.len() > 1) || !is_path(of, cx, 6) {
        return;
    }
    let message =
        format!("`{}` with an absolute path throws `{}` away: the result is {}.", name.text(), of.text(), given.text());
    let fixed = given.text().replacen('/', "", 1);
    cx.report(
        Note::new(cx.rule, given.span(), message).suggestion("Leave out the first `/`", vec![(given.span(), fixed)]),
    );
}

fn is_path<'a>(of: Node<'a>, cx: &Cx<'a>, depth: usize) -> bool {
    let Some(depth) = depth.checked_sub(1) else { return false };
    if let Some(ty) = type_of(of, cx) {
        return matches!(ty.name, "Path" | "PathBuf" | "TempDir");
    }
    let text = of.text();
    if [
        "Path::new(",
        "PathBuf::from(",
        "PathBuf::new(",
        "std::env::current_dir()",
        "env::current_dir()",
        "std::env::temp_dir()",
        "env::temp_dir()",
    ]
    .iter()
    .any(|p| text.starts_with(p))
    {
        return method(of)
            .is_none_or(|(_, m)| matches!(m.text(), "unwrap" | "expect" | "join" | "to_path_buf" | "with_extension"));
    }
    if of.kind() == Kind::Identifier {
        return crate::rules::rust_names::binding(of).is_some_and(|b| match b.origin {
            crate::rules::rust_names::Origin::Let(l) => l.child(Field::Value).is_some_and(|v| is_path(v, cx, depth)),
            _ => false,
        });
    }
    match method(of) {
        Some((inner, m)) => match m.text() {
            "join" | "with_extension" | "with_file_name" | "to_path_buf" | "canonicalize" => is_path(inner, cx, depth),
            "path" => place_name(inner)
                .is_some_and(|n| words(&n).iter().any(|w| matches!(w.as_str(), "dir" | "tmp" | "temp" | "entry"))),
            _ => false,
        },
        None => false,
    }
}
