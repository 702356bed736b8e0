use sidenote_grammars::{Family, Field, Kind};

use crate::blocks::BlockKind;
use crate::findings::{Category, Confidence, Note, Severity};
use crate::rules::declared::keeps_its_place;
use crate::rules::shape::{declarator, mentions, parameters, root_name};
use crate::rules::support::{args, bare, declares, is_function, is_loop, method};
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
        what: "Finds `test` and `exec` of a regular expression with the flag `g` or `y` that is kept outside of the function, where nothing sets `lastIndex` and no loop goes through the matches, and of one that a function makes and asks of each element of a list.",
        why: "Such an expression remembers where it stopped: the next call starts there, so that the same text is found once and not found the second time.",
        example: "const ID = /^\\d+$/g;\nfunction isId(text) { return ID.test(text); }",
        instead: "const ID = /^\\d+$/;\nfunction isId(text) { return ID.test(text); }",
        limits: "Loops over `exec`, expressions that are made in the function and asked of one text, and files that name `lastIndex` are left alone.",
        fix: "",
    },
    checks: &[Check::Nodes(&[Kind::CallExpression], check)],
    cases: &[
        Case::bad(
            "a.ts",
            "export function marked(lines: string[]) { const re = /x/g; return lines.filter((l) => re.test(l)); } //~ stateful-regex",
        ),
        Case::bad(
            "a.js",
            "function marked(lines) { const re = /x/gi; const out = []; for (const line of lines) { if (re.test(line.text)) out.push(line); } return out; } //~ stateful-regex",
        ),
        Case::near_miss(
            "a.js",
            "function marked(lines) { return lines.filter((l) => { const re = /x/g; return re.test(l); }); }",
        ),
        Case::near_miss(
            "a.js",
            "function count(text) { const re = /x/g; let n = 0; while (re.test(text)) n++; return n; }",
        ),
        Case::near_miss("a.js", "function marked(lines) { const re = /x/; return lines.filter((l) => re.test(l)); }"),
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
    if of.kind() != Kind::Identifier {
        return;
    }
    if name.text() == "test" && asks_each(node, of) {
        let message = format!(
            "`{}` has the flag `g` or `y`: `test` goes on where the last call stopped, and misses what stands before in the next text. Leave the flag out.",
            of.text()
        );
        cx.report(Note::new(cx.rule, node.span(), message));
        return;
    }
    if !cx.file.declared.stateful_regexes.contains(of.text()) {
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

/// Whether an expression that the function around makes is asked of each element of a list, one text after another.
fn asks_each(call: Node<'_>, regex: Node<'_>) -> bool {
    let made = declarator(regex).and_then(|d| d.child(Field::Value)).map(bare);
    let keeps = made.is_some_and(|v| v.kind() == Kind::Regex && keeps_its_place(v));
    let Some(text) = args(call).next().map(bare).filter(|_| keeps && !call.arena().text().contains("lastIndex")) else {
        return false;
    };
    let Some(element) = root_name(text) else { return false };
    let around = call.ancestors().find(|a| is_function(*a) || is_loop(*a));
    around.is_some_and(|round| {
        let made_inside = made.is_some_and(|v| round.span().contains(v.span()));
        let each = if is_loop(round) {
            round.kind() == Kind::ForInStatement
                && round.child(Field::Left).is_some_and(|l| l.text() == element.text() || mentions(l, element.text()))
        } else {
            parameters(round).first().is_some_and(|p| p.text() == element.text() || mentions(*p, element.text()))
                && round.parent().and_then(|p| p.parent()).and_then(method).is_some_and(|(_, m)| {
                    matches!(
                        m.text(),
                        "filter" | "some" | "every" | "find" | "findIndex" | "map" | "forEach" | "flatMap"
                    )
                })
        };
        each && !made_inside
    })
}
