use sidenote_grammars::{Family, Kind};

use crate::blocks::BlockKind;
use crate::findings::{Category, Confidence, Note, Severity};
use crate::rules::shape::{mentions, parameters};
use crate::rules::support::{declares, is_function, is_loop, method};
use crate::rules::{Case, Check, Cx, Docs, Rule};
use crate::syntax::Node;

pub static RULE: Rule = Rule {
    id: "stateful-regex",
    summary: "a shared regular expression with `g` goes on where the last call stopped",
    category: Category::Quality,
    severity: Severity::Medium,
    confidence: Confidence::High,
    cwe: &[456],
    families: &[Family::Ecma],
    default_on: true,
    in_tests: false,
    docs: Docs {
        what: "Finds `test` and `exec` of a regular expression with the flag `g` or `y` that is kept outside of the function, where nothing sets `lastIndex` and no loop goes through the matches.",
        why: "Such an expression remembers where it stopped: the next call starts there, so that the same text is found once and not found the second time.",
        example: "const ID = /^\\d+$/g;\nfunction isId(text) { return ID.test(text); }",
        instead: "const ID = /^\\d+$/;\nfunction isId(text) { return ID.test(text); }",
        limits: "Loops over `exec`, expressions that are made in the function, and files that name `lastIndex` are left alone.",
        fix: "",
    },
    checks: &[Check::Nodes(&[Kind::CallExpression], check)],
    cases: &[
        Case::bad(
            "a.js",
            r#"const ID = /^\d+$/g;
function isId(text) { return ID.test(text); } //~ stateful-regex"#,
        ),
        Case::bad(
            "a.js",
            "const WORD = new RegExp('a+', 'gi');\nexport const has = (s) => WORD.test(s); //~ stateful-regex",
        ),
        Case::bad(
            "a.ts",
            "export const URLS: RegExp = /https?:/g;\nexport function link(s: string) { if (URLS.test(s)) { return 1; } return 0; } //~ stateful-regex",
        ),
        Case::bad(
            "a.js",
            "const re = /x(.)/y;\nclass A { first(s) { const m = re.exec(s); return m && m[1]; } } //~ stateful-regex",
        ),
        Case::good(
            "a.js",
            r#"const ID = /^\d+$/;
function isId(text) { return ID.test(text); }"#,
        ),
        Case::good("a.js", "const G = /a/g;\nfunction f(s) { return s.replace(G, ''); }"),
        Case::good("a.js", "const G = /a/g;\nfunction f(s) { let m; while ((m = G.exec(s))) { go(m); } }"),
        Case::good("a.js", "function f(s) { const g = /a/g; return g.test(s); }"),
        Case::near_miss(
            "a.js",
            "const G = /a/g;\nfunction f(s) { let m = G.exec(s); while (m) { go(m); m = G.exec(s); } }",
        ),
        Case::near_miss("a.js", "const G = /a/g;\nfunction f(s) { G.lastIndex = 0; return G.test(s); }"),
        Case::near_miss("a.js", "const G = /a/g;\nfunction f(s, G) { return G.test(s); }"),
        Case::near_miss("a.js", "const G = /a/g;\nif (G.test(name)) { go(); }"),
        Case::bad(
            "a.ts",
            "const WORD = /\\w+/g;\nexport const hasWord = (s: string) => WORD.test(s); //~ stateful-regex",
        ),
        Case::bad(
            "a.ts",
            "const DIGITS = /\\d+/gy;\nexport function check(s: string) { if (DIGITS.test(s)) { return 1; } return 0; } //~ stateful-regex",
        ),
        Case::bad(
            "a.ts",
            "const tag = /<[a-z]+>/gi;\nexport function count(lines: string[]) { return lines.filter((l) => tag.test(l)).length; } //~ stateful-regex",
        ),
        Case::bad(
            "a.ts",
            "const EMAIL = new RegExp('@', 'g');\nexport function valid(s: string) { return EMAIL.test(s); } //~ stateful-regex",
        ),
        Case::good("a.ts", "const WORD = /\\w+/;\nexport const hasWord = (s: string) => WORD.test(s);"),
        Case::good("a.ts", "const WORD = /\\w+/g;\nexport const clean = (s: string) => s.replace(WORD, '');"),
        Case::good("a.ts", "const WORD = /\\w+/g;\nexport const words = (s: string) => s.match(WORD);"),
        Case::good("a.ts", "export const hasWord = (s: string) => /\\w+/g.test(s);"),
    ],
};

fn check<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    let Some((of, name)) = method(node).filter(|(_, n)| matches!(n.text(), "test" | "exec")) else { return };
    if of.kind() != Kind::Identifier || !cx.file.declared.stateful_regexes.contains(of.text()) {
        return;
    }
    // The top level runs once; a loop goes through the matches.
    let module = cx.block.kind() == BlockKind::Module;
    let inside = !module || node.ancestors().any(is_function);
    let looped = node.ancestors().take_while(|a| !is_function(*a)).any(is_loop);
    let hidden = if module {
        node.ancestors().filter(|a| is_function(*a)).any(|f| parameters(f).iter().any(|p| mentions(*p, of.text())))
    } else {
        declares(node, of.text())
    };
    // The first match, with a loop behind it for the others.
    let first = name.text() == "exec"
        && node.arena().nodes().any(|n| {
            n != node
                && method(n).is_some_and(|(r, m)| m.text() == "exec" && r.text() == of.text())
                && n.ancestors().any(is_loop)
        });
    if !inside || looped || hidden || first {
        return;
    }
    let message = format!(
        "`{}` is shared and has the flag `g` or `y`: `{}` goes on where the last call stopped, and misses what stands before. Leave the flag out, or set `lastIndex` to 0.",
        of.text(),
        name.text()
    );
    cx.report(Note::new(cx.rule, node.span(), message));
}
