use sidenote_grammars::{Family, Field, Kind};

use crate::findings::{Category, Confidence, Note, Severity};
use crate::rules::support::{args, bare, is_function, method};
use crate::rules::{Case, Check, Cx, Docs, Rule};
use crate::syntax::Node;

pub static RULE: Rule = Rule {
    id: "case-sensitive-middleware",
    summary: "a check that another spelling of the path goes around",
    category: Category::Security,
    severity: Severity::Medium,
    confidence: Confidence::Medium,
    cwe: &[178],
    families: &[Family::Ecma],
    default_on: true,
    in_tests: false,
    docs: Docs {
        what: "Finds middlewares of Express whose path is a regular expression of letters without the flag `i`, where a route below that path is a \
               text.",
        why: "Express does not look at the case of a route that is a text: `/ADMIN/users` reaches `/admin/users`, and the check at `/^\\/admin/` does \
              not see it.",
        example: "app.use(/\\/admin\\/.*/, requireLogin);\napp.get('/admin/users', list);",
        instead: "app.use(/\\/admin\\/.*/i, requireLogin);\napp.get('/admin/users', list);",
        limits: "Only where both stand in one file, and the middleware comes first; applications with `case sensitive routing` are left alone.",
        fix: "Adds the flag `i`.",
    },
    checks: &[Check::Nodes(&[Kind::CallExpression], check)],
    cases: &[
        Case::bad(
            "a.js",
            "const app = require('express')();\napp.use(/\\/foo\\/.*/, (req, res, next) => { if (!req.user) return res.sendStatus(401); next(); }); //~ case-sensitive-middleware\napp.get('/foo/:id', (req, res) => res.json({}));",
        ),
        Case::bad(
            "a.ts",
            "const router = Router();\nrouter.use(/^\\/admin/, requireLogin); //~ case-sensitive-middleware\nrouter.post('/admin/users', create);",
        ),
        Case::bad(
            "a.js",
            "app.all(/^\\/api\\/private/, auth, limit); //~ case-sensitive-middleware\napp.get(\"/api/private/keys\", keys);",
        ),
        Case::bad(
            "a.js",
            "server.use(/\\/internal/, function (req, res, next) { next(); }); //~ case-sensitive-middleware\nserver.delete(`/internal/x`, drop);",
        ),
        Case::good("a.js", "app.use(/\\/foo\\/.*/i, check);\napp.get('/foo/:id', show);"),
        Case::good("a.js", "app.use('/foo', check);\napp.get('/foo/:id', show);"),
        Case::good("a.js", "app.use(/\\/foo\\/.*/, check);\napp.get(/\\/foo\\/x/, show);"),
        Case::good("a.js", "app.use(/^\\/[A-Za-z]+$/, check);\napp.get('/foo/:id', show);"),
        Case::near_miss("a.js", "app.get('/foo/:id', show);\napp.use(/\\/foo\\/.*/, check);"),
        Case::near_miss(
            "a.js",
            "app.set('case sensitive routing', true);\napp.use(/\\/foo/, check);\napp.get('/foo/a', show);",
        ),
        Case::near_miss("a.js", "app.use(/\\/[fF]oo/, check);\napp.get('/foo/a', show);"),
    ],
};

/// Methods that register something for a path that is a text.
const ROUTES: [&str; 6] = ["get", "post", "put", "patch", "delete", "all"];

fn check<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    let Some((app, name)) = method(node) else { return };
    if !matches!(name.text(), "use" | "all") || app.kind() != Kind::Identifier {
        return;
    }
    let given: Vec<Node<'a>> = args(node).map(bare).collect();
    let [path, handlers @ ..] = given.as_slice() else { return };
    let checks = |h: &Node<'a>| {
        is_function(*h) || matches!(h.kind(), Kind::Identifier | Kind::MemberExpression | Kind::CallExpression)
    };
    if path.kind() != Kind::Regex || handlers.is_empty() || !handlers.iter().all(checks) {
        return;
    }
    let flags = path.child(Field::Flags).map_or("", Node::text);
    let pattern = path.child(Field::Pattern).map_or("", Node::text);
    let Some(beginning) = literal(pattern).filter(|_| !flags.contains('i')) else { return };
    let text = node.arena().text();
    if text.contains("case sensitive routing") || text.contains("caseSensitive") {
        return;
    }
    let after = text.get(node.span().end as usize..).unwrap_or_default();
    let routed = ROUTES.iter().any(|route| {
        ["'", "\"", "`"].iter().any(|quote| after.contains(&format!("{}.{route}({quote}{beginning}", app.text())))
    });
    if routed {
        let mut at = path.span();
        at.start = at.end;
        let message = "Routes that are texts match in any case, and this does not: another spelling of the path goes around it. Add the flag `i`.";
        cx.report(Note::new(cx.rule, path.span(), message).suggestion("Add the flag `i`", vec![(at, "i".to_owned())]));
    }
}

/// The path that a pattern begins with and spells out: `/foo` of `^\/foo\/.*`.
fn literal(pattern: &str) -> Option<String> {
    let pattern = pattern.strip_prefix('^').unwrap_or(pattern).replace("\\/", "/");
    let end =
        pattern.find(|c: char| !c.is_ascii_alphanumeric() && !matches!(c, '/' | '-' | '_')).unwrap_or(pattern.len());
    // A class or a repetition takes part in the last letter.
    let whole = pattern[..end].trim_end_matches('/');
    let cut = pattern[end..].starts_with(['?', '*', '{']);
    let letters = whole.chars().filter(char::is_ascii_lowercase).count();
    (whole.starts_with('/') && letters > 1 && !cut).then(|| whole.to_owned())
}
