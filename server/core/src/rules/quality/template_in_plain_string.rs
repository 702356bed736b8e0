use sidenote_grammars::{Family, Field, Kind};

use crate::findings::{Category, Confidence, Note, Severity};
use crate::rules::shape::mentions;
use crate::rules::support::{declares, method};
use crate::rules::{Case, Check, Cx, Docs, Rule};
use crate::syntax::Node;

pub static RULE: Rule = Rule {
    id: "template-in-plain-string",
    summary: "`${..}` stands in a string that is no template",
    category: Category::Quality,
    severity: Severity::Medium,
    confidence: Confidence::Medium,
    cwe: &[],
    families: &[Family::Ecma],
    default_on: true,
    in_tests: false,
    docs: Docs {
        what: "Finds `${name}` in strings with plain quotes where `name` is a variable in sight.",
        why: "The text is taken as it stands: the user, the log or the database gets `${name}` instead of the value.",
        example: "function greet(name) { return 'Hello ${name}'; }",
        instead: "function greet(name) { return `Hello ${name}`; }",
        limits: "Only if the first name inside the braces is bound in the block or the file. Strings that hold a backtick, \
              are replaced in, or are matched against, are patterns of their own and are left alone.",
        fix: "The suggestion makes it a template.",
    },
    checks: &[Check::Nodes(&[Kind::String], check)],
    cases: &[
        Case::near_miss(
            "a.js",
            "export function saturate(args) { const amount = args.amount; return template('<b v=\"${amount}\"/>')({ amount: 1 - amount }); }",
        ),
        Case::bad("a.js", "function greet(name) { return 'Hello ${name}'; } //~ template-in-plain-string"),
        Case::bad("a.js", "const id = 1;\nfetch('/users/${id}'); //~ template-in-plain-string"),
        Case::bad("a.js", "function f(user) { log(\"user ${user.id} failed\"); } //~ template-in-plain-string"),
        Case::bad(
            "a.js",
            "class A { m(count) { throw new Error('got ${count} items'); } } //~ template-in-plain-string",
        ),
        Case::bad("a.js", "import { base } from './c';\nconst url = '${base}/api'; //~ template-in-plain-string"),
        Case::bad("a.ts", "const f = (n: number) => 'n = ${n + 1}'; //~ template-in-plain-string"),
        Case::bad("a.js", "function f(a, b) { return 'x ' + '${a} and ${b}'; } //~ template-in-plain-string"),
        Case::bad("a.js", "const { port } = config;\nconsole.log('on ${ port }'); //~ template-in-plain-string"),
        Case::good("a.js", "function greet(name) { return `Hello ${name}`; }"),
        Case::good("a.js", "const t = 'Hello ${name}';"),
        Case::good("a.js", "const snippet = '${1:name}';"),
        Case::good("a.js", "function f(price) { return '$' + price; }"),
        Case::good("a.js", "const s = 'cost: ${';"),
        Case::good("a.js", "const t = '{name}'; const name = 1;"),
        Case::good("a.js", "function f(name) { return 'Hello $' + '{name}'; }"),
        Case::good("a.js", "import x from 'a';\nconst y = 'plain';"),
        Case::near_miss("a.js", "function f(name) { return text.replace('${name}', name); }"),
        Case::near_miss("a.js", "function gen(name) { return 'const t = `${name}`;'; }"),
        Case::near_miss("a.js", "function f(name) { return text.split('${name}').join(name); }"),
        Case::near_miss("a.js", "const workspaceFolder = 1; const task = { command: 'make ${workspaceFolder:x}' };"),
        Case::near_miss("a.js", "function f(name) { return text.includes('${name}'); }"),
        Case::near_miss("a.js", "function f(name) { return interpolate('Hello ${name}', { name }); }"),
        Case::near_miss("a.js", "function f(repo) { exec(`echo ${repo.owner}`); exec('echo ${repo.owner}'); }"),
    ],
};

fn check<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    let text = node.text();
    let Some(at) = text.find("${") else { return };
    if text.contains('`') || text.contains("\\$") {
        return;
    }
    let Some((inside, _)) = text.get(at + 2..).and_then(|t| t.split_once('}')) else { return };
    let inside = inside.trim();
    let name: String = inside.chars().take_while(|c| c.is_alphanumeric() || matches!(c, '_' | '$')).collect();
    let rest = inside.get(name.len()..).unwrap_or("");
    let plain = rest.is_empty() || rest.starts_with(['.', '[', '(', '?', ' ']);
    if name.is_empty() || name.starts_with(|c: char| c.is_numeric()) || !plain || rest.starts_with("??") {
        return;
    }
    if !cx.is_bound(&name) && !declares(node, &name) || is_pattern(node, &name) {
        return;
    }
    // The same text as a template right there: somebody wants both.
    let content = text.get(1..text.len().saturating_sub(1)).unwrap_or_default();
    let both = node.arena().nodes().any(|n| {
        n.kind() == Kind::TemplateString && n.text().get(1..n.text().len().saturating_sub(1)) == Some(content)
    });
    if both {
        return;
    }
    let message = format!(
        "`${{{inside}}}` stays as it is in a string with plain quotes, though `{name}` is a variable here. Use backticks."
    );
    let mut inner = text.get(1..text.len().saturating_sub(1)).unwrap_or("").to_owned();
    inner = inner.replace("\\'", "'").replace("\\\"", "\"");
    let edit = vec![(node.span(), format!("`{inner}`"))];
    cx.report(Note::new(cx.rule, node.span(), message).suggestion("Make it a template", edit));
}

/// Whether somebody else fills in the string: it is an argument of a function together with a value of that name, is
/// looked for, or is a key or a type.
fn is_pattern(node: Node<'_>, name: &str) -> bool {
    let Some(parent) = node.parent() else { return true };
    match parent.kind() {
        Kind::Arguments => {
            let others = parent.named_children().any(|a| a != node && mentions(a, name));
            let called = parent.parent().and_then(|p| method(p)).map_or("", |(_, n)| n.text());
            // Lodash's own marks: `template('<b>${amount}</b>')({ amount })`.
            let filled = parent
                .parent()
                .and_then(|c| c.child(Field::Function))
                .is_some_and(|f| f.text() == "template" || f.text().ends_with(".template"));
            others
                || filled
                || matches!(
                    called,
                    "replace"
                        | "replaceAll"
                        | "split"
                        | "includes"
                        | "indexOf"
                        | "startsWith"
                        | "endsWith"
                        | "match"
                        | "test"
                        | "template"
                )
        }
        Kind::BinaryExpression => !matches!(parent.child(Field::Operator).map_or("", Node::text), "+" | "||" | "??"),
        Kind::ImportStatement
        | Kind::ExportStatement
        | Kind::LiteralType
        | Kind::SwitchCase
        | Kind::ExpressionStatement => true,
        Kind::Pair => node.field() == Field::Key,
        Kind::MemberExpression | Kind::SubscriptExpression => true,
        _ => false,
    }
}
