use sidenote_grammars::{Family, Field, Kind};

use crate::findings::{Category, Confidence, Note, Severity};
use crate::rules::support::{bare, constant, string_value, words};
use crate::rules::{Case, Check, Cx, Docs, Rule};
use crate::syntax::Node;

pub static RULE: Rule = Rule {
    id: "client-chosen-role",
    summary: "whoever sends a request says that they may do it",
    category: Category::Security,
    severity: Severity::High,
    confidence: Confidence::Medium,
    cwe: &[807, 565, 290],
    families: &[Family::Ecma],
    default_on: true,
    in_tests: false,
    docs: Docs {
        what: "Finds conditions that ask a request's cookies, headers or query whether its sender is an administrator or logged in: \
               `if (req.cookies.role === 'admin')`, `if (req.query.isAdmin)`, `if (req.headers['x-admin'])`.",
        why: "All of these are written by the client: whoever knows the name of the flag sets it.",
        example: "if (req.cookies.role === 'admin') remove(req.params.id);",
        instead: "if (req.session.user?.role === 'admin') remove(req.params.id);",
        limits: "Signed cookies and sessions are left alone, and so are roles in a query, which filter lists more often than they grant anything.",
        fix: "",
    },
    checks: &[Check::Nodes(&[Kind::IfStatement, Kind::TernaryExpression], check)],
    cases: &[
        Case::bad(
            "a.js",
            "app.get('/x', (req, res) => { if (req.cookies.role === 'admin') wipe(); }); //~ client-chosen-role",
        ),
        Case::bad(
            "a.js",
            "app.get('/x', (req, res) => { if (req.query.isAdmin) { wipe(); } }); //~ client-chosen-role",
        ),
        Case::bad(
            "a.ts",
            "app.get('/x', (req, res) => {\n  const admin = req.headers['x-admin'];\n  if (admin === 'true') wipe(); //~ client-chosen-role\n});",
        ),
        Case::bad(
            "a.js",
            "app.use((req, res, next) => req.cookies.loggedIn == '1' ? next() : res.redirect('/login')); //~ client-chosen-role",
        ),
        Case::bad(
            "a.js",
            "router.post('/x', async (ctx) => { if (ctx.query.admin === '1') await wipe(); }); //~ client-chosen-role",
        ),
        Case::good("a.js", "app.get('/x', (req, res) => { if (req.session.user.role === 'admin') wipe(); });"),
        Case::good("a.js", "app.get('/x', (req, res) => { if (req.user.isAdmin) wipe(); });"),
        Case::good("a.js", "app.get('/x', (req, res) => { if (req.signedCookies.role === 'admin') wipe(); });"),
        Case::good("a.js", "app.get('/x', (req, res) => { if (req.query.page) go(); });"),
        Case::near_miss("a.js", "app.get('/x', (req, res) => { if (req.query.role) filter.role = req.query.role; });"),
        Case::near_miss(
            "a.js",
            "app.get('/x', (req, res) => { if (req.headers.authorization) go(); if (req.cookies.theme === 'admin') go(); });",
        ),
    ],
};

/// What a member of a request says of its sender, if it is read from a place that the client writes.
fn claim<'a>(node: Node<'a>) -> Option<String> {
    let object = bare(node.child(Field::Object)?);
    let (place, of) = (object.child(Field::Property)?.text(), object.child(Field::Object)?.text());
    if !matches!(of, "req" | "request" | "ctx" | "ctx.request" | "ctx.req" | "this.req" | "this.request") {
        return None;
    }
    let name = match node.kind() {
        Kind::MemberExpression => node.child(Field::Property)?.text().to_owned(),
        _ => string_value(bare(node.child(Field::Index)?))?.into_owned(),
    };
    let words = words(&name);
    let of: Vec<&str> = words.iter().map(String::as_str).filter(|w| !matches!(*w, "x" | "is" | "user")).collect();
    let says = match of[..] {
        [
            "admin" | "administrator" | "superuser" | "root" | "authenticated" | "authorized" | "loggedin" | "isadmin",
        ] => true,
        ["logged", "in"] | ["super", "admin"] => true,
        ["role" | "privilege" | "privileges"] | ["access", "level"] => place != "query",
        _ => false,
    };
    (says && matches!(place, "cookies" | "headers" | "query")).then_some(name)
}

fn check<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    let Some(condition) = node.child(Field::Condition) else { return };
    let found = condition.descendants().find_map(|n| {
        let value = match n.kind() {
            Kind::MemberExpression | Kind::SubscriptExpression => n,
            Kind::Identifier => constant(n),
            _ => return None,
        };
        matches!(value.kind(), Kind::MemberExpression | Kind::SubscriptExpression)
            .then(|| claim(value))
            .flatten()
            .map(|c| (n, c))
    });
    if let Some((at, name)) = found {
        let message = format!(
            "`{name}` is written by whoever sends the request, who may say anything. Ask the session, or what a signed token says."
        );
        cx.report(Note::new(cx.rule, at.span(), message));
    }
}
