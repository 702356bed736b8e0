use sidenote_grammars::{Family, Field, Kind};

use crate::findings::{Category, Confidence, Note, Severity};
use crate::rules::evidence::mentions;
use crate::rules::support::{bare, place_name, words};
use crate::rules::{Case, Check, Cx, Docs, Rule};
use crate::syntax::Node;

pub static RULE: Rule = Rule {
    id: "session-fixation",
    summary: "a user logs in and keeps the session from before",
    category: Category::Security,
    severity: Severity::Medium,
    confidence: Confidence::Medium,
    cwe: &[384],
    families: &[Family::Ecma],
    default_on: true,
    in_tests: false,
    docs: Docs {
        what: "Finds handlers that check a password and then write into `req.session` who logged in, without a call of `regenerate`.",
        why: "Whoever made the user's browser take a session of their own before the login is logged in as well: the session's name stays the same.",
        example: "if (await matches(req.body.password, user)) {\n  req.session.userId = user.id;\n}",
        instead: "req.session.regenerate(() => {\n  req.session.userId = user.id;\n});",
        limits: "Sessions that a cookie holds as a whole (`cookie-session`) have no name that could be known before. A `regenerate` anywhere in the function counts.",
        fix: "",
    },
    checks: &[Check::Nodes(&[Kind::AssignmentExpression], check)],
    cases: &[
        Case::bad(
            "a.js",
            "app.post('/login', (req, res) => { if (ok(req.body.user, req.body.password)) { req.session.authenticated = true; res.redirect('/'); } }); //~ session-fixation",
        ),
        Case::bad(
            "a.ts",
            "export async function login(req: Request, res: Response) { const u = await find(req.body.email); if (!(await bcrypt.compare(req.body.password, u.hash))) return res.sendStatus(401); req.session.userId = u.id; res.end(); } //~ session-fixation",
        ),
        Case::bad(
            "a.js",
            "router.post('/signin', async (req, res) => { const user = await User.check(req.body.name, req.body.pass); if (user) { req.session.user = user; } res.end(); }); //~ session-fixation",
        ),
        Case::bad(
            "a.js",
            "exports.login = function (req, res) { if (sha(req.body.password) === hash) { req.session.loggedIn = true; res.end(); } }; //~ session-fixation",
        ),
        Case::bad(
            "a.js",
            "app.post('/a', (request, response) => { const { username, password } = request.body; if (verify(username, password)) { request.session.username = username; } }); //~ session-fixation",
        ),
        Case::bad(
            "a.js",
            "app.post('/in', (req, res) => { db.get(q, [req.body.password], (e, row) => { if (row) req.session.uid = row.id; res.end(); }); }); //~ session-fixation",
        ),
        Case::bad(
            "a.js",
            "app.post('/in', (req, res) => { if (check(req.body.passwd)) { req.session['user'] = req.body.name; } }); //~ session-fixation",
        ),
        Case::bad(
            "a.ts",
            "app.post('/in', async (req, res) => { const account = await auth(req.body.password); req.session.account = account; req.session.save(); }); //~ session-fixation",
        ),
        Case::good(
            "a.js",
            "app.post('/login', (req, res) => { if (ok(req.body.user, req.body.password)) { req.session.regenerate(() => { req.session.user = 1; res.end(); }); } });",
        ),
        Case::good("a.js", "app.get('/logout', (req, res) => { req.session.user = null; res.end(); });"),
        Case::good("a.js", "app.post('/cart', (req, res) => { req.session.cart = req.body.items; res.end(); });"),
        Case::bad(
            "a.js",
            "app.post('/login', (req, res) => { if (ok(req.body.u, req.body.p)) { req.session.authenticated = true; } }); //~ session-fixation",
        ),
        Case::good("a.js", "app.post('/login', passport.authenticate('local'), (req, res) => { res.redirect('/'); });"),
        Case::good(
            "a.js",
            "app.get('/x', (req, res) => { req.session.views = (req.session.views || 0) + 1; res.end(); });",
        ),
        Case::good(
            "a.js",
            "const session = require('cookie-session');\napp.post('/login', (req, res) => { if (ok(req.body.password)) { req.session.user = 1; } });",
        ),
        Case::good(
            "a.js",
            "app.post('/pw', (req, res) => { change(req.session.user, req.body.password); res.end(); });",
        ),
        Case::good(
            "a.js",
            "app.post('/login', async (req, res) => { if (ok(req.body.password)) { await renew(req); res.end(); } });",
        ),
        Case::near_miss("a.js", "app.use((req, res, next) => { req.session.user = users[req.session.id]; next(); });"),
        Case::near_miss(
            "a.js",
            "app.post('/settings', (req, res) => { req.session.user.name = req.body.name; res.end(); });",
        ),
        Case::near_miss(
            "a.js",
            "app.post('/logout', (req, res) => { const password = 1; req.session.loggedIn = false; res.end(); });",
        ),
        Case::near_miss("a.js", "function f(page) { page.session.user = load(page.password); }"),
    ],
};

fn check<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    let (Some(left), Some(value)) = (node.child(Field::Left).map(bare), node.child(Field::Right).map(bare)) else {
        return;
    };
    let Some(session) = left.child(Field::Object).map(bare) else { return };
    if !matches!(session.text(), "req.session" | "request.session" | "this.req.session") {
        return;
    }
    let Some(name) = place_name(left) else { return };
    let parts = words(&name);
    let tells = parts.iter().any(|w| {
        matches!(
            w.as_str(),
            "user"
                | "userid"
                | "username"
                | "uid"
                | "authenticated"
                | "auth"
                | "logged"
                | "loggedin"
                | "account"
                | "admin"
        )
    });
    // Whoever logs out is nobody from then on.
    let nobody = matches!(value.kind(), Kind::Null | Kind::Undefined | Kind::False);
    if !tells || nobody || cx.file.imports.iter().any(|(_, path)| path == "cookie-session") {
        return;
    }
    if !asks_for_password(cx) || mentions(cx.arena(), &["regenerate"]) {
        return;
    }
    // What was read from the session is written back.
    if value.text().contains("session") {
        return;
    }
    let message = format!(
        "`{name}` is written into the session that was there before the login: whoever knew that one is logged in too. Call `req.session.regenerate` first."
    );
    cx.report(Note::new(cx.rule, left.span(), message));
}

/// Whether the code around has to do with a password.
fn asks_for_password(cx: &Cx<'_>) -> bool {
    let text = cx.arena().text();
    mentions(cx.arena(), &["password", "passwd"])
        || [".body.pass", "/login'", "/login\"", "/signin'", "/signin\""].iter().any(|w| text.contains(w))
}
