use super::*;
use sidenote_core::config::Config;
use sidenote_core::engine::Engine;
use sidenote_core::grammars;

fn open(path: &str, text: &str) -> (Document, Vec<Finding>) {
    let document = Document::new(path, grammars::by_path(path).expect("language"), text, 1).expect("parse");
    let report = Engine::new(Config::everything()).analyze(&document);
    let active = report.active().cloned().collect();
    (document, active)
}

/// Suppresses every finding, one after another, and expects the text; what is suppressed must then be silent.
fn check(path: &str, before: &str, after: &str) {
    let mut text = before.to_owned();
    loop {
        let (document, findings) = open(path, &text);
        let Some((range, comment)) = findings.iter().find_map(|f| allow(&document, f, Scope::Line)) else { break };
        text.replace_range(range, &comment);
        assert!(text.len() < before.len() + 1000, "the suppression has no effect:\n{text}");
    }
    assert_eq!(text, after);
    assert_eq!(open(path, after).1.iter().map(|f| f.rule.id).collect::<Vec<_>>(), Vec::<&str>::new());
}

#[test]
fn a_suppression_stands_above_the_line_with_its_indent() {
    check(
        "a.ts",
        "function f() {\n\tnew Promise(async (r) => { await 1; r(); });\n}\n",
        "function f() {\n\t// sidenote: allow(async-promise-executor) -- TODO: say why\n\tnew Promise(async (r) => { await 1; r(); });\n}\n",
    );
}

#[test]
fn a_suppression_keeps_the_line_breaks_of_the_file() {
    check(
        "a.ts",
        "'é😀';\r\nnew Promise(async (r) => { await 1; r(); });",
        "'é😀';\r\n// sidenote: allow(async-promise-executor) -- TODO: say why\r\nnew Promise(async (r) => { await 1; r(); });",
    );
}

#[test]
fn a_suppression_among_jsx_children_has_braces() {
    check(
        "a.tsx",
        "const a = <div>\n  text\n  {new Promise(async (r) => { await 1; r(); })}\n</div>;\n",
        "const a = <div>\n  text\n  {/* sidenote: allow(async-promise-executor) -- TODO: say why */}\n  {new Promise(async (r) => { await 1; r(); })}\n</div>;\n",
    );
    check(
        "a.tsx",
        "const a = <div>\n  {\n    new Promise(async (r) => { await 1; r(); })\n  }\n</div>;\n",
        "const a = <div>\n  {\n    // sidenote: allow(async-promise-executor) -- TODO: say why\n    new Promise(async (r) => { await 1; r(); })\n  }\n</div>;\n",
    );
}

#[test]
fn nothing_is_put_into_a_template() {
    let (document, findings) = open("a.ts", "const a = `\n  ${new Promise(async (r) => { await 1; r(); })}\n`;\n");
    let finding = findings.iter().find(|f| f.rule.id == "async-promise-executor").expect("found");
    assert_eq!(allow(&document, finding, Scope::Line), None);
}

#[test]
fn kinds_are_asked_for_by_prefix() {
    let context = |only: Option<&[&'static str]>| CodeActionContext {
        only: only.map(|o| o.iter().map(|k| CodeActionKind::from(*k)).collect()),
        ..CodeActionContext::default()
    };
    assert!(is_wanted(&context(None), FIX_ALL));
    assert!(is_wanted(&context(Some(&["source"])), FIX_ALL));
    assert!(is_wanted(&context(Some(&["refactor", "source.fixAll"])), FIX_ALL));
    assert!(!is_wanted(&context(Some(&["source.fix"])), FIX_ALL));
    assert!(!is_wanted(&context(Some(&["quickfix"])), FIX_ALL));
    assert!(is_wanted(&context(Some(&[""])), "quickfix"));
}
/// Suppresses the first finding for a wider scope and expects the text, which must then be silent.
fn check_wide(path: &str, scope: Scope, before: &str, after: &str) {
    let (document, findings) = open(path, before);
    let (range, comment) = allow(&document, findings.first().expect("a finding"), scope).expect("a place");
    let mut text = before.to_owned();
    text.replace_range(range, &comment);
    assert_eq!(text, after);
    assert_eq!(open(path, after).1.iter().map(|f| f.rule.id).collect::<Vec<_>>(), Vec::<&str>::new());
}

#[test]
fn a_suppression_speaks_for_a_function_or_a_file() {
    let bad = "new Promise(async (r) => { await 1; r(); });";
    check_wide(
        "a.ts",
        Scope::Block,
        &format!("class C {{\n  m() {{\n    {bad}\n    {bad}\n  }}\n}}\n"),
        &format!(
            "class C {{\n  // sidenote: allow(async-promise-executor) -- TODO: say why\n  m() {{\n    {bad}\n    {bad}\n  }}\n}}\n"
        ),
    );
    check_wide(
        "a.js",
        Scope::File,
        &format!("#!/usr/bin/env node\n{bad}\n{bad}\n"),
        &format!(
            "#!/usr/bin/env node\n// sidenote: allow-file(async-promise-executor) -- TODO: say why\n{bad}\n{bad}\n"
        ),
    );
}
