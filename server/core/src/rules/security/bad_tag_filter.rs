use sidenote_grammars::{Family, Field, Kind};

use crate::blocks::Block;
use crate::findings::{Category, Confidence, Note, Severity};
use crate::regex::{Dialect, Flags, HtmlBypass, html_filter_bypasses, parse};
use crate::rules::support::{is_function, key_name, method};
use crate::rules::{Case, Check, Cx, Docs, Rule};
use crate::syntax::Node;

pub static RULE: Rule = Rule {
    id: "bad-tag-filter",
    summary: "a pattern that filters HTML and misses forms that browsers accept",
    category: Category::Security,
    severity: Severity::Medium,
    confidence: Confidence::High,
    cwe: &[116, 20, 185, 186],
    families: &[Family::Ecma],
    default_on: true,
    in_tests: false,
    docs: Docs {
        what: "Finds regular expressions that are to remove or find `<script>` elements and HTML comments and do not match what \
               browsers take for one: upper-case names, `</script >`, attributes, line breaks inside, comments that end with `--!>`.",
        why: "What the pattern misses the browser runs.",
        example: "html = html.replace(/<script>.*<\\/script>/g, '');",
        instead: "html = DOMPurify.sanitize(html);",
        limits: "Judged by matching the forms against the pattern. Patterns that only split or highlight are seldom told apart.",
        fix: "",
    },
    checks: &[Check::Nodes(&[Kind::Regex], check)],
    cases: &[
        Case::bad("a.js", "const a = html.replace(/<script>.*<\\/script>/g, ''); //~ bad-tag-filter"),
        Case::bad("a.js", "const a = html.replace(/<script[^>]*>[\\s\\S]*?<\\/script>/g, ''); //~ bad-tag-filter"),
        Case::bad("a.js", "if (/<script.*?>.*?<\\/script>/i.test(html)) reject(); //~ bad-tag-filter"),
        Case::bad("a.js", "const a = html.replace(/<!--.*-->/g, ''); //~ bad-tag-filter"),
        Case::bad(
            "a.ts",
            "const strip = (s: string) => s.replace(/<script\\b[^>]*>([\\s\\S]*?)<\\/script>/gi, ''); //~ bad-tag-filter",
        ),
        Case::bad(
            "a.js",
            "const SCRIPT = /<script>([\\s\\S]*?)<\\/script>/gi; //~ bad-tag-filter\nconst a = html.replace(SCRIPT, '');",
        ),
        Case::bad("a.ts", "const has = (s: string): boolean => /<script>/.test(s); //~ bad-tag-filter"),
        Case::bad("a.js", "const parts = html.match(/<script\\b[^>]*>.*?<\\/script>/gi); //~ bad-tag-filter"),
        Case::good("a.js", "const a = html.replace(/<script\\b[^>]*>[\\s\\S]*?<\\/script\\b[^>]*>/gi, '');"),
        Case::good("a.js", "const a = html.replace(/<[^>]*>/g, '');"),
        Case::good("a.js", "const a = DOMPurify.sanitize(html);"),
        Case::good("a.js", "const a = text.replace(/\\bscript\\b/g, 'code');"),
        Case::good("a.js", "const a = html.replace(/<\\/?[a-z][^>]*>/gi, '');"),
        Case::good("a.js", "const a = html.split('<script>');"),
        Case::good("a.ts", "const clean = sanitizeHtml(html, { allowedTags: ['b', 'i'] });"),
        Case::good("a.js", "const a = html.replace(/&/g, '&amp;').replace(/</g, '&lt;');"),
        Case::near_miss(
            "a.js",
            "const end = body.indexOf('</script>', start);\nconst code = body.substring(start, end).replace(/<(\\/)?script.*?>/g, '');",
        ),
        Case::near_miss("a.js", "const end = /<\\/script>/gi;\nend.lastIndex = start;\nconst found = end.exec(text);"),
        Case::near_miss(
            "a.js",
            "const SCRIPTS = /<script>([\\s\\S]*?)<\\/script>/g;\nfunction parts(text) {\n  return [...text.matchAll(SCRIPTS)].map((m) => m[1]);\n}",
        ),
        Case::near_miss("a.js", "exports.SCRIPTS = /(<script[^>]*>)(.*?)<\\/script>/gims;"),
        Case::near_miss("a.js", "const manuscript = /manuscript\\d+/.test(name);"),
        Case::near_miss("a.js", "const a = source.split(/<!-- more -->/);"),
        Case::near_miss("a.js", "const a = /description|prescript/.test(word);"),
        Case::near_miss("a.js", "const name = 'script'; const re = /^script-src$/;"),
    ],
};

fn check<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    let text = node.child(Field::Pattern).map_or("", |n| n.text());
    let lower = text.to_ascii_lowercase();
    // A pattern that is bound to the beginning takes a text apart piece by piece.
    let reads = text.starts_with('^') && !text.ends_with('$');
    // Who finds where an element ends takes a file of their own apart, and does not clean it.
    let code = node.ancestors().last().map_or("", |n| n.text());
    let parses = ["indexOf('</", "indexOf(\"</", "lastIndex = "].iter().any(|w| code.contains(w));
    if !lower.contains("script") && !text.contains("<!--") || reads || parses || !filters(node) || is_read_by(node, cx)
    {
        return;
    }
    let flags = Flags::from_letters(node.child(Field::Flags).map_or("", |n| n.text()));
    let Ok(ast) = parse(text, flags, Dialect::JavaScript) else { return };
    let Some(bypass) = html_filter_bypasses(&ast).into_iter().next() else { return };
    let missed = match bypass {
        HtmlBypass::UpperCase => "names in upper case (`<SCRIPT>`)",
        HtmlBypass::EndTag => "end tags with blanks or attributes (`</script >`)",
        HtmlBypass::StartTag => "start tags with blanks or attributes (`<script src=x>`)",
        HtmlBypass::Newline => "line breaks inside",
        _ => "forms that browsers accept, as `--!>`",
    };
    let message =
        format!("This pattern misses {missed}, which browsers run all the same. Use a sanitizer such as DOMPurify.");
    cx.report(Note::new(cx.rule, node.span(), message));
}

/// Whether a pattern that has a name is used, and for something else than to take out or to refuse what it matches.
fn is_read_by(node: Node<'_>, cx: &Cx<'_>) -> bool {
    let named = node.parent().filter(|p| p.kind() == Kind::VariableDeclarator).and_then(|p| p.child(Field::Name));
    let Some(name) = named.filter(|n| n.kind() == Kind::Identifier).map(Node::text) else { return false };
    let mut uses = 0;
    !filters_by(cx.block, name, 3, &mut uses) && uses > 1
}

/// Whether the code of a block, or of one so deep in it, filters by a pattern of that name; counts where it is named.
fn filters_by(block: &Block, name: &str, depth: usize, uses: &mut usize) -> bool {
    let text = block.arena().text();
    *uses += text.matches(name).count();
    let by = |before: &str, after: &str| text.contains(&format!("{before}{name}{after}"));
    // What a function makes of every match is not taken to be a removal.
    let replaces = ["replace(", "replaceAll("].iter().any(|r| {
        let call = format!("{r}{name},");
        text.match_indices(&call).any(|(at, _)| text[at + call.len()..].trim_start().starts_with(['\'', '"', '`']))
    });
    let found = replaces || by("", ".test(") || by("match(", ")") || by("search(", ")");
    block.children().any(|c| filters_by(c, name, depth.saturating_sub(1), uses) && depth > 0) || found
}

/// Whether a pattern removes or detects.
fn filters(node: Node<'_>) -> bool {
    let Some(parent) = node.parent() else { return false };
    match parent.kind() {
        Kind::MemberExpression => parent.child(Field::Property).is_some_and(|p| matches!(p.text(), "test" | "exec")),
        // What a function makes of every match is not taken to be a removal.
        Kind::Arguments if parent.named_children().nth(1).is_some_and(|a| is_function(a) || a.is_hole()) => false,
        Kind::Arguments if parent.first_named() == Some(node) => parent
            .parent()
            .and_then(method)
            .is_some_and(|(_, name)| matches!(name.text(), "replace" | "replaceAll" | "match" | "search")),
        // Grammars of highlighters name their pieces so.
        Kind::Pair => !key_name(parent).is_some_and(|k| {
            ["pattern", "begin", "end", "match", "start", "middle", "comment", "tag", "html", "regex"]
                .contains(&k.as_ref())
        }),
        // Who keeps several parts of what is matched takes it apart: `/(<script[^>]*>)(.*?)<\\/script>/`.
        Kind::VariableDeclarator | Kind::AssignmentExpression => {
            let pattern = node.child(Field::Pattern).map_or("", |p| p.text());
            pattern.replace("\\(", "").replace("(?", "").matches('(').count() < 2
        }
        _ => false,
    }
}
