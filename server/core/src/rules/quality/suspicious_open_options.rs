use sidenote_grammars::{Family, Field, Kind};

use crate::findings::{Category, Confidence, Note, Severity};
use crate::rules::rust_code::tail;
use crate::rules::support::{args, method};
use crate::rules::{Case, Check, Cx, Docs, Rule};
use crate::syntax::Node;

pub static RULE: Rule = Rule {
    id: "suspicious-open-options",
    summary: "a file is created for writing without a word on what it held before",
    category: Category::Quality,
    severity: Severity::Medium,
    confidence: Confidence::High,
    cwe: &[459],
    families: &[Family::Rust],
    default_on: true,
    in_tests: false,
    docs: Docs {
        what: "Finds `OpenOptions` with `create(true)` and `write(true)` that say neither `truncate`, `append` nor `create_new`, and combinations that cannot work.",
        why: "If the file exists and the new content is shorter, the end of the old content stays behind it: a broken file that only shows with some inputs.",
        example: "OpenOptions::new().write(true).create(true).open(path)?",
        instead: "OpenOptions::new().write(true).create(true).truncate(true).open(path)?",
        limits: "Only chains that are written out. Lock files, which hold nothing, and files that are also read are left alone.",
        fix: "",
    },
    checks: &[Check::Nodes(&[Kind::CallExpression], check)],
    cases: &[
        Case::bad(
            "a.rs",
            "fn f(p: &Path) -> R { OpenOptions::new().write(true).create(true).open(p) } //~ suspicious-open-options",
        ),
        Case::bad(
            "a.rs",
            "fn f(p: &Path) -> R { std::fs::OpenOptions::new().create(true).write(true).open(p) } //~ suspicious-open-options",
        ),
        Case::bad(
            "a.rs",
            "fn f(p: &Path) -> R { File::options().create(true).write(true).mode(0o600).open(p) } //~ suspicious-open-options",
        ),
        Case::bad(
            "a.rs",
            "async fn f(p: &Path) -> R { tokio::fs::OpenOptions::new().write(true).create(true).open(p).await } //~ suspicious-open-options",
        ),
        Case::bad(
            "a.rs",
            "fn f(p: &Path) -> R { OpenOptions::new().read(true).truncate(true).open(p) } //~ suspicious-open-options",
        ),
        Case::bad(
            "a.rs",
            "fn f(p: &Path) -> R { OpenOptions::new().append(true).truncate(true).open(p) } //~ suspicious-open-options",
        ),
        Case::bad(
            "a.rs",
            "fn f(p: &Path) -> R { OpenOptions::new().create(true).open(p) } //~ suspicious-open-options",
        ),
        Case::bad(
            "a.rs",
            "fn f(p: &Path) { let out = fs::OpenOptions::new().write(true).create(true).open(p).unwrap(); go(out); } //~ suspicious-open-options",
        ),
        Case::good(
            "a.rs",
            "fn f(p: &Path) -> R { OpenOptions::new().write(true).create(true).truncate(true).open(p) }",
        ),
        Case::good("a.rs", "fn f(p: &Path) -> R { OpenOptions::new().append(true).create(true).open(p) }"),
        Case::good("a.rs", "fn f(p: &Path) -> R { OpenOptions::new().write(true).create_new(true).open(p) }"),
        Case::good("a.rs", "fn f(p: &Path) -> R { OpenOptions::new().write(true).open(p) }"),
        Case::good("a.rs", "fn f(p: &Path) -> R { OpenOptions::new().read(true).open(p) }"),
        Case::good(
            "a.rs",
            "fn f(p: &Path) -> R { OpenOptions::new().write(true).create(true).truncate(false).open(p) }",
        ),
        Case::good("a.rs", "fn f(p: &Path) -> R { File::create(p) }"),
        Case::good("a.rs", "fn f(p: &Path) -> R { OpenOptions::new().read(true).write(true).create(true).open(p) }"),
        Case::near_miss(
            "a.rs",
            "fn f(lock_path: &Path) -> R { OpenOptions::new().write(true).create(true).open(lock_path) }",
        ),
        Case::near_miss(
            "a.rs",
            "fn f(p: &Path, t: bool) -> R { OpenOptions::new().write(true).create(true).truncate(t).open(p) }",
        ),
        Case::near_miss("a.rs", "fn f(d: &Door) -> R { d.options().write(true).create(true).open(1) }"),
        Case::near_miss("a.rs", "fn f(p: &Path, o: &mut OpenOptions) -> R { o.write(true).create(true).open(p) }"),
    ],
};

fn check<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    let Some((of, name)) = method(node).filter(|(_, n)| n.text() == "open") else { return };
    let Some(path) = args(node).next() else { return };
    let mut at = of;
    let mut said: Vec<(&str, &str)> = Vec::new();
    while let Some((inner, option)) = method(at) {
        said.push((option.text(), args(at).next().map_or("", Node::text)));
        at = inner;
    }
    let root = at.child(Field::Function).map_or("", Node::text);
    if !(root.ends_with("OpenOptions::new") || root.ends_with("File::options")) {
        return;
    }
    let on = |option: &str| said.iter().any(|(o, v)| *o == option && *v == "true");
    let named = |option: &str| said.iter().any(|(o, _)| *o == option);
    let (write, append) = (on("write"), on("append"));
    let message = if on("truncate") && append {
        "A file cannot be emptied and appended to: this fails with `InvalidInput`."
    } else if on("truncate") && !named("write") {
        "Only a file that is open for writing can be emptied: this fails with `InvalidInput`."
    } else if on("create") && !named("write") && !named("append") && !named("access_mode") {
        "Only a file that is open for writing can be created: this fails with `InvalidInput`."
    } else if on("create")
        && write
        && !named("truncate")
        && !named("append")
        && !named("create_new")
        && !named("read")
        && !named("custom_flags")
    {
        let lock = path.text().to_lowercase();
        if lock.contains("lock") || lock.contains("pid") || lock.contains("/dev/") {
            return;
        }
        "If the file exists, what it held stays behind the new content. Say `truncate(true)`, or `truncate(false)` if that is meant."
    } else {
        return;
    };
    cx.report(Note::new(cx.rule, tail(name, node), message));
}
