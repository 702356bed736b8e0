use sidenote_grammars::{Family, Field, Kind};

use crate::findings::{Category, Confidence, Note, Severity};
use crate::rules::support::{args, bare, key_name, method, string_value, words};
use crate::rules::{Case, Check, Cx, Docs, Rule};
use crate::syntax::Node;

pub static RULE: Rule = Rule {
    id: "secret-in-query",
    summary: "a server takes a password out of an address",
    category: Category::Security,
    severity: Severity::Medium,
    confidence: Confidence::Medium,
    cwe: &[598],
    families: &[Family::Ecma],
    default_on: true,
    in_tests: false,
    docs: Docs {
        what: "Finds servers that read a password, a passphrase, a card's number or its code from the query of a request: `req.query.password`, \
               `const { password } = req.query`, `request.nextUrl.searchParams.get('password')`.",
        why: "Addresses are kept: in the browser's history, in the logs of servers and proxies, and in the `Referer` that other sites are sent.",
        example: "app.get('/login', (req, res) => login(req.query.user, req.query.password));",
        instead: "app.post('/login', (req, res) => login(req.body.user, req.body.password));",
        limits: "Tokens and keys are left alone: links in mails carry them on purpose, and they end.",
        fix: "",
    },
    checks: &[
        Check::Nodes(&[Kind::MemberExpression, Kind::SubscriptExpression], read),
        Check::Nodes(&[Kind::VariableDeclarator], taken_apart),
        Check::Nodes(&[Kind::CallExpression], got),
    ],
    cases: &[
        Case::bad(
            "a.js",
            "app.get('/login', (req, res) => { login(req.query.user, req.query.password); }); //~ secret-in-query",
        ),
        Case::bad(
            "a.ts",
            "router.get('/in', async (req, res) => { const { user, password } = req.query; }); //~ secret-in-query",
        ),
        Case::bad("a.js", "app.use(async (ctx) => { await login(ctx.request.query['passwd']); }); //~ secret-in-query"),
        Case::bad(
            "a.ts",
            "export async function GET(request: NextRequest) { const p = request.nextUrl.searchParams.get('password'); } //~ secret-in-query",
        ),
        Case::bad(
            "a.js",
            "app.get('/pay', (req, res) => pay(req.query.creditCard, req.query.amount)); //~ secret-in-query",
        ),
        Case::good("a.js", "app.post('/login', (req, res) => { login(req.body.user, req.body.password); });"),
        Case::good("a.js", "app.get('/list', (req, res) => { list(req.query.page); });"),
        Case::good("a.js", "app.get('/hook', (req, res) => { check(req.query.token); });"),
        Case::good("a.js", "const { page, sort } = req.query;"),
        Case::near_miss("a.js", "app.get('/reset', (req, res) => { if (req.query.passwordReset) show(); });"),
        Case::near_miss(
            "a.js",
            "const found = db.query.password; const p = new URLSearchParams(location.search).get('password');",
        ),
    ],
};

/// Whether a value of that name must not stand in an address.
fn is_secret(name: &str) -> bool {
    let words = words(name);
    let of: Vec<&str> = words.iter().map(String::as_str).collect();
    matches!(
        of[..],
        [.., "password" | "passwd" | "passphrase" | "pwd" | "cvv" | "cvc" | "ssn" | "creditcard"]
            | [.., "credit" | "card", "card" | "number"]
            | [.., "pass", "word"]
            | [.., "client", "secret"]
    )
}

/// `req.query`, `ctx.request.query`, `this.request.query`.
fn is_query(node: Node<'_>) -> bool {
    let node = bare(node);
    node.kind() == Kind::MemberExpression
        && node.child(Field::Property).is_some_and(|p| p.text() == "query")
        && node.child(Field::Object).is_some_and(|o| {
            matches!(
                o.text(),
                "req" | "request" | "ctx" | "ctx.request" | "ctx.req" | "this.request" | "this.req" | "context.query"
            )
        })
}

fn report<'a>(at: Node<'a>, name: &str, cx: &mut Cx<'a>) {
    let message = format!(
        "`{name}` comes in the address, which browsers, servers and proxies keep in their histories and logs. Take it from the body of a `POST`."
    );
    cx.report(Note::new(cx.rule, at.span(), message));
}

fn read<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    let Some(object) = node.child(Field::Object).filter(|o| is_query(*o)) else { return };
    let _ = object;
    let name = match node.kind() {
        Kind::MemberExpression => node.child(Field::Property).map(|p| p.text().to_owned()),
        _ => node.child(Field::Index).and_then(string_value).map(|s| s.into_owned()),
    };
    if let Some(name) = name.filter(|n| is_secret(n)) {
        report(node, &name, cx);
    }
}

/// `const { password } = req.query`
fn taken_apart<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    let (Some(pattern), Some(value)) = (node.child(Field::Name), node.child(Field::Value)) else { return };
    if pattern.kind() != Kind::ObjectPattern || !is_query(value) {
        return;
    }
    let found = pattern.named_children().find_map(|p| {
        let name = match p.kind() {
            Kind::PairPattern => key_name(p)?.into_owned(),
            Kind::ObjectAssignmentPattern => p.child(Field::Left)?.text().to_owned(),
            _ => p.text().to_owned(),
        };
        is_secret(&name).then_some((p, name))
    });
    if let Some((at, name)) = found {
        report(at, &name, cx);
    }
}

/// `request.nextUrl.searchParams.get('password')`, `c.req.query('password')`
fn got<'a>(call: Node<'a>, cx: &mut Cx<'a>) {
    let Some((of, name)) = method(call) else { return };
    let of = of.text();
    let server = match name.text() {
        "get" => (of.contains("req.") || of.contains("request.")) && of.ends_with("searchParams") || of == "req.query",
        "query" => matches!(of, "c.req" | "ctx.req" | "context.req"),
        _ => false,
    };
    let Some(asked) = args(call).next().filter(|_| server).and_then(string_value) else { return };
    if is_secret(&asked) {
        report(call, &asked, cx);
    }
}
