use std::collections::BTreeSet;

use sidenote_grammars::{Family, Field, Kind};

use crate::findings::{Category, Confidence, Note, Severity};
use crate::rules::evidence::{any, field, is_literal_object};
use crate::rules::support::{args, chain, constant_text, key_name, method, rust_path, statement, words};
use crate::rules::{Case, Check, Cx, Docs, Rule};
use crate::semantics::flow::value::{Val, Value};
use crate::semantics::flow::{CallView, WriteView};
use crate::syntax::{Node, Span};

pub static RULE: Rule = Rule {
    id: "insecure-cookie",
    summary: "a session cookie without `httpOnly` or `secure`",
    category: Category::Security,
    severity: Severity::Medium,
    confidence: Confidence::High,
    cwe: &[614, 1004],
    families: &[Family::Ecma, Family::Rust],
    default_on: true,
    in_tests: false,
    docs: Docs {
        what: "Finds cookies that hold a session or a token and lack `httpOnly` or `secure`, or turn them off: `res.cookie`, \
               `reply.setCookie`, `ctx.cookies.set`, Next's and Hono's cookies, `cookie.serialize`, `Set-Cookie` headers, \
               `document.cookie`, the options of express-session and cookie-session, and in Rust the cookies of the cookie crate, actix-web, axum, \
               tide, poem and tower-cookies, and the flags of session layers.",
        why: "Without `httpOnly` one injected script reads the session; without `secure` the browser sends it over plain http, where \
              everybody on the way reads it.",
        example: "res.cookie('session', id);",
        instead: "res.cookie('session', id, { httpOnly: true, secure: true, sameSite: 'lax' });",
        limits: "Cookies are judged by their names; those for preferences and tokens against request forgery, which scripts must \
                 read, are left alone. A flag that is computed counts as set.",
        fix: "The suggested fix sets the flags, also in options that leave them out; over plain http, as in local development, a secure cookie is not sent.",
    },
    checks: &[
        Check::Calls(&["cookie", "setCookie", "set", "serialize", "setSignedCookie"], call),
        Check::Calls(&["express-session", "session", "cookie-session", "cookieSession", "register"], session),
        Check::Calls(&["setHeader", "header", "append", "appendHeader", "writeHead"], header),
        Check::Writes(&["cookie"], document),
        Check::Writes(&["isSecure", "isHttpOnly"], hapi),
        Check::Nodes(&[Kind::CallExpression], rust),
        Check::Nodes(&[Kind::MacroInvocation], header_text),
    ],
    cases: &[
        Case::bad("a.js", "server.state('sid', { isSecure: false, isHttpOnly: true }); //~ insecure-cookie"),
        Case::near_miss("a.js", "server.state('sid', { isSecure: true, isHttpOnly: true });"),
        Case::bad("a.js", "app.get('/', (req, res) => { res.cookie('session', id); }); //~ insecure-cookie"),
        Case::bad(
            "a.js",
            "app.post('/login', (req, res) => {\n  res.cookie('token', jwt, { httpOnly: true }); //~ insecure-cookie\n});",
        ),
        Case::bad(
            "a.ts",
            "app.post('/login', (req: Request, res: Response) => {\n  res.cookie('access_token', token, { httpOnly: false, secure: true }); //~ insecure-cookie\n});",
        ),
        Case::bad(
            "a.js",
            "const options = { httpOnly: true, secure: false };\napp.get('/', (req, res) => { res.cookie('sid', sid, options); }); //~ insecure-cookie",
        ),
        Case::bad(
            "a.js",
            "const session = require('express-session');\napp.use(session({ secret, cookie: { secure: false } })); //~ insecure-cookie",
        ),
        Case::bad(
            "a.ts",
            "import session from 'express-session';\napp.use(session({ secret, cookie: { secure: true, httpOnly: false } })); //~ insecure-cookie",
        ),
        Case::bad(
            "a.js",
            "const fastify = require('fastify')();\nfastify.post('/login', async (request, reply) => {\n  reply.setCookie('authToken', t, { path: '/', secure: true }); //~ insecure-cookie\n});",
        ),
        Case::bad(
            "a.js",
            "const Koa = require('koa');\nnew Koa().use(async (ctx, next) => {\n  ctx.cookies.set('session', id, { httpOnly: false, secure: true }); //~ insecure-cookie\n});",
        ),
        Case::bad(
            "a.js",
            "const cookie = require('cookie');\nres.setHeader('Set-Cookie', cookie.serialize('jwt', token, { httpOnly: true })); //~ insecure-cookie",
        ),
        Case::bad(
            "a.js",
            "const http = require('http');\nhttp.createServer((req, res) => {\n  res.setHeader('Set-Cookie', 'session=' + id + '; HttpOnly'); //~ insecure-cookie\n  res.end();\n});",
        ),
        Case::bad("a.js", "document.cookie = 'authToken=' + token; //~ insecure-cookie"),
        Case::bad(
            "a.js",
            "const cookieSession = require('cookie-session');\napp.use(cookieSession({ keys, httpOnly: false })); //~ insecure-cookie",
        ),
        Case::bad(
            "a.js",
            "const session = require('express-session');\napp.use(session({ secret, resave: false })); //~ insecure-cookie",
        ),
        Case::bad(
            "a.js",
            r#"const session = require('express-session');
app.use(session({
  secret: process.env.SECRET,
  cookie: { secure: true, httpOnly: false }, //~ insecure-cookie
}));"#,
        ),
        Case::bad("a.rs", "fn f(t: &str) -> String { format!(\"session={t}; Path=/\") } //~ insecure-cookie"),
        Case::bad(
            "a.rs",
            "fn f(t: &str) -> String { format!(\"auth_token={}; HttpOnly; Max-Age=3600\", t) } //~ insecure-cookie",
        ),
        Case::good(
            "a.rs",
            "fn f(t: &str) -> String { format!(\"session={t}; Path=/; HttpOnly; Secure; SameSite=Lax\") }",
        ),
        Case::near_miss("a.js", "app.get('/in', (req, res) => {\n  res.cookie('login_dest', req.query.dest);\n});"),
        Case::near_miss("a.rs", "fn f(t: &str) -> String { format!(\"token={t}\") }"),
        Case::near_miss("a.rs", "fn f(t: &str) -> String { format!(\"session={t}; Path=/; Max-Age=0\") }"),
        Case::good("a.js", "const session = require('express-session');\napp.use(session(config.session));"),
        Case::good(
            "a.js",
            "app.get('/', (req, res) => { res.cookie('session', id, { httpOnly: true, secure: true }); });",
        ),
        Case::good("a.js", "app.get('/', (req, res) => { res.cookie('theme', 'dark'); });"),
        Case::good(
            "a.js",
            "app.get('/', (req, res) => { res.cookie('sid', id, { httpOnly: true, secure: process.env.NODE_ENV === 'production' }); });",
        ),
        Case::good("a.js", "app.get('/', (req, res) => { res.cookie('session', id, cookieOptions); });"),
        Case::good(
            "a.js",
            "const session = require('express-session');\napp.use(session({ secret, cookie: { secure: 'auto' } }));",
        ),
        Case::good(
            "a.js",
            "const cookie = require('cookie');\nres.setHeader('Set-Cookie', cookie.serialize('jwt', token, { httpOnly: true, secure: true }));",
        ),
        Case::good(
            "a.js",
            "app.get('/', (req, res) => { res.cookie('XSRF-TOKEN', req.csrfToken(), { secure: true }); });",
        ),
        Case::good(
            "a.js",
            "const http = require('http');\nhttp.createServer((req, res) => { res.setHeader('Set-Cookie', `session=${id}; HttpOnly; Secure; Path=/`); res.end(); });",
        ),
        Case::good("a.js", "document.cookie = 'lang=de; path=/';"),
        Case::near_miss("a.js", "cache.set('session', id);\nmap.set('token', value, { ttl: 5 });"),
        Case::near_miss(
            "a.js",
            "app.get('/', (req, res) => { res.cookie('session', '', { maxAge: 0 }); res.clearCookie('token'); });",
        ),
        Case::near_miss("a.js", "document.cookie = 'session=; expires=Thu, 01 Jan 1970 00:00:00 GMT';"),
        Case::near_miss("a.js", "app.get('/', (req, res) => { res.cookie('token', t, { ...defaults }); });"),
        Case::near_miss("a.js", "const text = superjson.serialize('session', data);"),
        Case::bad(
            "a.rs",
            "use cookie::Cookie;\nfn a() { let c = Cookie::build((\"session\", \"v\")).secure(false).build(); } //~ insecure-cookie",
        ),
        Case::bad(
            "a.rs",
            "use cookie::Cookie;\nfn b() { let mut c = Cookie::new(\"session\", \"v\"); c.set_secure(false); } //~ insecure-cookie",
        ),
        Case::bad(
            "a.rs",
            "use cookie::{Cookie, CookieJar};\nfn c(jar: &mut CookieJar) { let c = Cookie::new(\"session_id\", \"abc\"); jar.add(c); } //~ insecure-cookie",
        ),
        Case::bad(
            "a.rs",
            "use cookie::{Cookie, CookieJar};\nfn d(jar: &mut CookieJar, t: String) { jar.add(Cookie::build((\"auth_token\", t)).http_only(true).build()); } //~ insecure-cookie",
        ),
        Case::bad(
            "a.rs",
            "use actix_web::{HttpResponse, cookie::Cookie as ACookie};\nasync fn e(t: String) -> HttpResponse { HttpResponse::Ok().cookie(ACookie::build(\"session\", t).path(\"/\").http_only(true).finish()).finish() } //~ insecure-cookie",
        ),
        Case::bad(
            "a.rs",
            "use axum_extra::extract::cookie::{Cookie as XCookie, CookieJar as XJar};\nasync fn f(jar: XJar, t: String) -> XJar { jar.add(XCookie::new(\"token\", t)) } //~ insecure-cookie",
        ),
        Case::bad(
            "a.rs",
            "use cookie::Cookie;\nfn h() { let c = Cookie::build((\"session\", \"v\")).secure(true).http_only(false).build(); } //~ insecure-cookie",
        ),
        Case::bad(
            "a.rs",
            "fn h2() { let l = tower_sessions::SessionManagerLayer::new(store()).with_secure(false); } //~ insecure-cookie",
        ),
        Case::bad(
            "a.rs",
            "fn h3() { let l = actix_session::SessionMiddleware::builder(store(), key()).cookie_secure(false).build(); } //~ insecure-cookie",
        ),
        Case::bad(
            "a.rs",
            "use cookie::Cookie;\nfn h5() { let mut c = Cookie::new(\"name\", \"value\"); c.set_secure(false); c.set_partitioned(false); } //~ insecure-cookie",
        ),
        Case::bad(
            "a.rs",
            "use cookie::{Cookie, SameSite};\nfn h6() { let c = Cookie::build((\"session\", \"v\")).same_site(SameSite::None).build(); } //~ insecure-cookie",
        ),
        Case::good(
            "a.rs",
            "use cookie::Cookie;\nfn i() { let c = Cookie::build((\"session\", \"v\")).secure(true).http_only(true).build(); }",
        ),
        Case::good(
            "a.rs",
            "use cookie::Cookie;\nfn j() { let mut c = Cookie::new(\"session\", \"v\"); c.set_secure(true); c.set_http_only(true); }",
        ),
        Case::good(
            "a.rs",
            "use cookie::{Cookie, CookieJar};\nfn k(jar: &mut CookieJar) { jar.add(Cookie::new(\"theme\", \"dark\")); }",
        ),
        Case::good(
            "a.rs",
            "use cookie::{Cookie, CookieJar};\nfn l(jar: &mut CookieJar) { jar.remove(Cookie::from(\"session\")); }",
        ),
        Case::good(
            "a.rs",
            "use cookie::Cookie;\nfn m(secure: bool) { let c = Cookie::build((\"session\", \"v\")).secure(secure).http_only(true).build(); }",
        ),
        Case::near_miss(
            "a.rs",
            "use cookie::{Cookie, CookieJar};\nfn n(jar: &rocket::http::CookieJar<'_>, t: String) { jar.add_private(rocket::http::Cookie::build((\"session\", t)).secure(true).build()); }",
        ),
        Case::near_miss(
            "a.rs",
            "use cookie::Cookie;\nfn o() { let c = Cookie::build((\"session\", \"v\")).partitioned(true).secure(true).http_only(true).build(); }",
        ),
        Case::near_miss(
            "a.rs",
            "fn p() { let l = tower_sessions::SessionManagerLayer::new(store()).with_secure(true); }",
        ),
        Case::bad(
            "a.ts",
            r#"import { cookies } from "next/headers";
export async function POST() {
  (await cookies()).set({ name: "token", value: make(), httpOnly: false }); //~ insecure-cookie
}"#,
        ),
        Case::good(
            "a.rs",
            "fn a(id: String) { let c = cookie::Cookie::build((\"session\", id)).secure(true).http_only(true).same_site(cookie::SameSite::Lax).build(); go(c); }",
        ),
        Case::good("a.rs", "fn a(lang: String) { let c = cookie::Cookie::new(\"lang\", lang); go(c); }"),
        Case::good(
            "a.rs",
            "fn a(id: String, secure: bool) { let c = cookie::Cookie::build((\"session\", id)).secure(secure).http_only(true).build(); go(c); }",
        ),
        Case::good(
            "a.rs",
            "fn a(id: String) { let mut c = cookie::Cookie::new(\"session\", id); c.set_secure(true); c.set_http_only(true); go(c); }",
        ),
        Case::good("a.rs", "fn a(jar: axum_extra::extract::CookieJar) { let c = jar.get(\"session\"); go(c); }"),
        Case::good(
            "a.rs",
            "fn a(theme: String) { let c = actix_web::cookie::Cookie::build(\"theme\", theme).path(\"/\").finish(); go(c); }",
        ),
        Case::near_miss(
            "a.rs",
            "fn a(t: String) { let c = cookie::Cookie::build((\"csrf_token\", t)).secure(true).http_only(false).build(); go(c); }",
        ),
    ],
};

/// Whether a cookie of that name is worth stealing.
fn is_session(name: &str) -> bool {
    let words: BTreeSet<String> = words(name).into_iter().collect();
    let token = any(
        &words,
        &[
            "session",
            "sess",
            "sid",
            "sessionid",
            "token",
            "jwt",
            "auth",
            "authtoken",
            "accesstoken",
            "refreshtoken",
            "connect",
            "login",
            "remember",
            "credentials",
            "password",
            "userid",
        ],
    ) || any(&words, &["access", "refresh", "id"]) && any(&words, &["token"])
        || any(&words, &["user"]) && any(&words, &["id"]);
    // Where somebody goes on after a login, or what their page looks like.
    const OPEN: [&str; 18] = [
        "csrf",
        "xsrf",
        "consent",
        "csrftoken",
        "banner",
        "theme",
        "lang",
        "locale",
        "dest",
        "destination",
        "redirect",
        "return",
        "next",
        "url",
        "referer",
        "referrer",
        "hint",
        "page",
    ];
    token && !any(&words, &OPEN)
}

/// What a cookie's options make of a flag.
#[derive(PartialEq)]
enum Flag {
    Set,
    Off,
    Missing,
}

fn flag(options: Option<&Val>, names: &[&str]) -> Flag {
    let Some(options) = options else { return Flag::Missing };
    match names.iter().find_map(|n| field(Some(options), n)) {
        Some(value) if value.as_bool() == Some(false) => Flag::Off,
        Some(_) => Flag::Set,
        None if is_literal_object(options) || options.as_bool() == Some(false) => Flag::Missing,
        None => Flag::Set,
    }
}

fn is_empty(value: Option<&Val>) -> bool {
    value.is_none_or(|v| {
        v.exact && v.lits.iter().all(|l| !matches!(l, crate::semantics::hir::Lit::Str(s) if !s.is_empty()))
    })
}

/// Who the receiver or callee is: where the name, value and options of a cookie stand, and whether `httpOnly` is on by default.
fn form(call: &CallView<'_>) -> Option<(usize, bool)> {
    let path = |f: &dyn Fn(&str) -> bool| call.paths.iter().any(|p| f(p));
    let receiver = || {
        let node = call.arena.root().smallest_at(call.name_span);
        node.parent().and_then(|p| p.child(sidenote_grammars::Field::Object)).map_or("", |o| o.text()).to_owned()
    };
    match call.name.as_str() {
        "cookie" | "setSignedCookie" => {
            let known = path(&|p| p.contains("Response.cookie") || p.starts_with("fastify.Reply"));
            let named = call.receiver.is_some() && call.args.len() >= 2 && {
                let r = receiver();
                ["res", "response", "reply", "resp"].contains(&r.as_str())
                    || r.starts_with("res.")
                    || r.ends_with(".res")
            };
            (known || named).then_some((0, false))
        }
        "setCookie" if path(&|p| p.starts_with("hono/cookie") || p.starts_with("h3.")) => Some((1, false)),
        "setCookie" if path(&|p| p.starts_with("nookies") || p.starts_with("cookies-next")) => None,
        "setCookie" => {
            let r = receiver();
            let known = path(&|p| p.starts_with("fastify.Reply")) || ["reply", "res", "response"].contains(&r.as_str());
            (known && call.args.len() >= 2).then_some((0, false))
        }
        "set" => {
            let r = receiver();
            let koa = r == "ctx.cookies" || r == "this.cookies" || path(&|p| p == "koa.Context.cookies.set");
            let next = path(&|p| p.starts_with("next/headers.cookies()"))
                || r == "response.cookies"
                || r == "res.cookies"
                || matches!(r.as_str(), "cookies()" | "(await cookies())");
            // SvelteKit sets both flags unless told otherwise.
            if path(&|p| p == "kit.Cookies.set") {
                let off = |name| field(call.args.get(2), name).is_some_and(|v| v.as_bool() == Some(false));
                return (off("httpOnly") || off("secure")).then_some((0, true));
            }
            if koa { Some((0, true)) } else { next.then_some((0, false)) }
        }
        "serialize" => path(&|p| p == "cookie.serialize" || p == "cookie").then_some((0, false)),
        _ => None,
    }
}

fn call(call: &CallView<'_>, out: &mut Vec<Note>) {
    let Some((n, hidden)) = form(call) else { return };
    // `cookies().set({ name, value, httpOnly })`
    if let (Some(whole), 1) = (call.args.get(n), call.args.len())
        && let Some(name) = field(Some(whole), "name").and_then(|v| v.as_str())
    {
        if is_session(&name) && !is_empty(field(Some(whole), "value")) {
            judge(call, &format!("The cookie `{name}`"), Some(whole), hidden, call.name_span, out);
        }
        return;
    }
    let Some(name) = call.args.get(n).and_then(|v| v.as_str()) else { return };
    if !is_session(&name) || is_empty(call.args.get(n + 1)) {
        return;
    }
    let options = call.args.get(n + 2);
    judge(call, &format!("The cookie `{name}`"), options, hidden, call.name_span, out);
}

fn judge(call: &CallView<'_>, what: &str, options: Option<&Val>, hidden: bool, span: Span, out: &mut Vec<Note>) {
    let cleared = field(options, "maxAge")
        .or_else(|| field(options, "expires"))
        .is_some_and(|v: &Val| v.lits.iter().any(|l| matches!(l, crate::semantics::hir::Lit::Num(n) if *n <= 0.0)));
    if cleared {
        return;
    }
    let http_only = flag(options, &["httpOnly", "httponly"]);
    let secure = flag(options, &["secure"]);
    let open = http_only == Flag::Off || http_only == Flag::Missing && !hidden;
    let message = match (open, secure == Flag::Set) {
        (true, false) => {
            format!("{what} can be read by scripts and is sent over plain http. Set `httpOnly` and `secure`.")
        }
        (true, true) => format!("{what} can be read by every script in the page. Set `httpOnly`."),
        (false, false) => format!("{what} is sent over plain http too. Set `secure`."),
        (false, true) => return,
    };
    let mut note = Note::new(call.rule, span, message);
    if http_only == Flag::Off || secure == Flag::Off {
        note = note.severity(Severity::Medium);
    }
    // Turn on what is off, where it is written.
    let node = call.arena.root().smallest_at(call.span);
    let mut edits: Vec<(Span, String)> = node
        .descendants()
        .filter(|p| key_name(*p).is_some_and(|k| k == "httpOnly" || k == "secure"))
        .filter_map(|p| p.child(Field::Value))
        .filter(|v| v.text() == "false")
        .map(|v| (v.span(), "true".to_owned()))
        .collect();
    // And what is left out, where the options are written or would be.
    let mut missing = Vec::new();
    if open && http_only == Flag::Missing {
        missing.push("httpOnly: true");
    }
    if secure == Flag::Missing {
        missing.push("secure: true");
    }
    edits.extend(added(node, &missing.join(", ")));
    edits.sort_by_key(|(span, _)| span.start);
    if !edits.is_empty() {
        note = note.suggestion("Set the flag", edits);
    }
    out.push(note);
}

/// Adds flags to a cookie's options, or a third argument that holds them.
fn added(call: Node<'_>, flags: &str) -> Option<(Span, String)> {
    if flags.is_empty() {
        return None;
    }
    let after = |end: u32, text: String| Some((Span { start: end, end }, text));
    let last = args(call).last()?;
    if last.kind() != Kind::Object {
        let bare = method(call).is_some_and(|(_, name)| name.text() == "cookie") && args(call).count() == 2;
        return bare.then(|| after(last.span().end, format!(", {{ {flags} }}"))).flatten();
    }
    let cookie = last.named_children().find(|p| key_name(*p).is_some_and(|k| k == "cookie"));
    let options = match cookie.map(|p| p.child(Field::Value)) {
        Some(value) => value.filter(|v| v.kind() == Kind::Object)?,
        None => last,
    };
    match options.last_named() {
        Some(pair) => after(pair.span().end, format!(", {flags}")),
        None => Some((options.span(), format!("{{ {flags} }}"))),
    }
}

fn session(call: &CallView<'_>, out: &mut Vec<Note>) {
    let express = call.is("express-session");
    let client = call.is("cookie-session");
    let plugin = call.name == "register"
        && call.args.first().is_some_and(|p| {
            p.apis
                .iter()
                .any(|a| matches!(a.as_str(), "@fastify/session" | "fastify-session" | "@fastify/secure-session"))
        });
    let given = if plugin { call.args.get(1) } else { call.args.first() };
    let Some(options) = given.filter(|_| express || client || plugin) else { return };
    let options = if express || plugin { field(Some(options), "cookie") } else { Some(options) };
    // What is left out is the library's choice: `httpOnly` on, `secure` off.
    let off = |name: &str| field(options, name).is_some_and(|v| v.as_bool() == Some(false));
    let unset = express
        && flag(options, &["secure"]) == Flag::Missing
        && call.args.first().is_some_and(|o| is_literal_object(o));
    if unset && !off("httpOnly") {
        let message =
            "The session's cookie is sent over plain http too, unless told otherwise. Set `cookie: { secure: true }`.";
        let mut note =
            Note::new(call.rule, call.name_span, message).severity(Severity::Low).confidence(Confidence::Medium);
        let node = call.arena.root().smallest_at(call.span);
        let flags = if options.is_some() { "secure: true" } else { "cookie: { secure: true }" };
        if let Some(edit) = added(node, flags) {
            note = note.suggestion("Set the flag", vec![edit]);
        }
        out.push(note);
    } else if off("httpOnly") || off("secure") {
        // The flag that is off, where it is written.
        let node = call.arena.root().smallest_at(call.span);
        let pair = node.descendants().find(|p| {
            key_name(*p).is_some_and(|k| k == "httpOnly" || k == "secure")
                && p.child(sidenote_grammars::Field::Value).is_some_and(|v| v.text() == "false")
        });
        let span = pair.map_or(call.name_span, |p| p.span());
        judge(call, "The session's cookie", options, !off("httpOnly"), span, out);
    }
}

/// Name and attributes of a cookie in a header's text.
fn judge_text(value: &Value, rule: &'static Rule, span: Span, written: &str, script: bool, out: &mut Vec<Note>) {
    let Some(text) = value.text_prefix() else { return };
    let Some((name, rest)) = text.split_once('=') else { return };
    let whole = written.to_ascii_lowercase();
    if !is_session(name.trim())
        || rest.starts_with(';')
        || whole.contains("expires=thu, 01")
        || whole.contains("max-age=0")
        || rest.is_empty() && value.exact
    {
        return;
    }
    let secure = whole.contains("secure");
    let http_only = whole.contains("httponly") || script;
    if secure && http_only {
        return;
    }
    let what = name.trim();
    let message = match (http_only, secure) {
        (false, false) => format!(
            "The cookie `{what}` can be read by scripts and is sent over plain http. Add `HttpOnly` and `Secure`."
        ),
        (false, true) => format!("The cookie `{what}` can be read by every script in the page. Add `HttpOnly`."),
        _ => format!("The cookie `{what}` is sent over plain http too. Add `Secure`."),
    };
    out.push(Note::new(rule, span, message).confidence(Confidence::Medium));
}

fn header(call: &CallView<'_>, out: &mut Vec<Note>) {
    for (name, value) in call.args.iter().skip(1).flat_map(|a| a.fields()).filter(|_| call.name == "writeHead") {
        if name.eq_ignore_ascii_case("set-cookie") {
            judge_text(value, call.rule, call.name_span, call.arena.slice(call.span), false, out);
        }
    }
    if !call.args.first().and_then(|a| a.as_str()).is_some_and(|n| n.eq_ignore_ascii_case("set-cookie")) {
        return;
    }
    let Some(value) = call.args.get(1) else { return };
    let written = call.arena.slice(call.span);
    // Elements of a list are judged one by one.
    let list: Vec<&Val> = value.fields().filter(|(n, _)| n.parse::<u32>().is_ok()).map(|(_, v)| v).collect();
    if list.is_empty() {
        judge_text(value, call.rule, call.name_span, written, false, out);
    } else if list.len() == 1 {
        judge_text(list[0], call.rule, call.name_span, written, false, out);
    }
}

fn document(write: &WriteView<'_>, out: &mut Vec<Note>) {
    if !write.paths.iter().any(|p| p.ends_with("document.cookie")) {
        return;
    }
    let text = write.arena.root().smallest_at(write.span);
    let statement = crate::rules::support::statement(text);
    judge_text(write.value, write.rule, write.span, statement.text(), true, out);
}

/// `server.state('sid', { isSecure: false })`, and the cookies of hapi's strategies.
fn hapi(write: &WriteView<'_>, out: &mut Vec<Note>) {
    let text = write.arena.text();
    let about = text.contains(".state(") || text.contains(".strategy(") || text.contains("cookieOptions");
    if !about || !write.value.exact || write.value.as_bool() != Some(false) || write.value.strings().next().is_some() {
        return;
    }
    let what = match write.name.as_str() {
        "isSecure" => "The cookie is sent over plain http too. Leave `isSecure` on.",
        _ => "The cookie can be read by every script in the page. Leave `isHttpOnly` on.",
    };
    out.push(Note::new(write.rule, write.span, what).confidence(Confidence::Medium));
}

/// Whether a path is that of a cookie's constructor of a library that leaves `Secure` off.
fn makes_cookie(path: &str) -> bool {
    let known = [
        "cookie::",
        "actix_web::cookie::",
        "axum_extra::",
        "tower_cookies::",
        "tide::http::",
        "poem::web::cookie::",
        "salvo::",
        "time_cookie::",
        "Cookie::",
    ];
    (path.ends_with("Cookie::build") || path.ends_with("Cookie::new") || path.ends_with("CookieBuilder::new"))
        && known.iter().any(|k| path.starts_with(k))
}

/// Flags that are turned off, and cookies that never get them.
/// A `Set-Cookie` header that is written out: `format!("session={id}; Path=/")`.
fn header_text<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    if node.child(Field::Macro).is_none_or(|m| m.text() != "format") {
        return;
    }
    let Some(literal) = node.descendants().find(|n| n.kind() == Kind::StringLiteral) else { return };
    let text = literal.text().trim_matches('"');
    let Some((cookie, rest)) = text.split_once('=') else { return };
    let lower = rest.to_ascii_lowercase();
    // Attributes say that it is a cookie's text.
    let attributes = ["; path=", "; max-age=", "; samesite", "; httponly", "; secure", "; domain=", "; expires="];
    let named =
        cookie.bytes().all(|c| c.is_ascii_alphanumeric() || matches!(c, b'_' | b'-' | b'.')) && is_session(cookie);
    let cleared = lower.contains("max-age=0") || lower.contains("1970") || rest.starts_with(';');
    if !named || cleared || !rest.starts_with('{') || !attributes.iter().any(|a| lower.contains(a)) {
        return;
    }
    // What follows the last placeholder may be attributes.
    if rest[1..].contains('{') && !lower.contains("max-age={") {
        return;
    }
    let what = match (lower.contains("httponly"), lower.contains("secure")) {
        (true, true) => return,
        (true, false) => "is sent over plain http too. Add `Secure`",
        (false, true) => "can be read by every script in the page. Add `HttpOnly`",
        (false, false) => "is sent over plain http too, and scripts can read it. Add `Secure` and `HttpOnly`",
    };
    cx.report(Note::new(cx.rule, literal.span(), format!("The cookie `{cookie}` {what}.")));
}

fn rust<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    if cx.arena().language().family != Family::Rust {
        return;
    }
    if let Some((receiver, name)) = method(node) {
        let flag = name.text();
        let told = matches!(flag, "set_secure" | "set_http_only" | "cookie_secure" | "cookie_http_only");
        if (told || matches!(flag, "secure" | "http_only" | "with_secure" | "with_http_only"))
            && args(node).next().is_some_and(|a| constant_text(a, cx) == "false")
            && (told || about_cookies(receiver, cx))
            && !(flag.contains("http_only") && is_for_scripts(receiver))
        {
            let message = if flag.contains("secure") {
                "Without `Secure` the cookie goes over plain http too, where everybody on the way reads it. Leave it on."
            } else {
                "Without `HttpOnly` every script in the page reads the cookie. Leave it on."
            };
            let span = Span { start: name.span().start, end: node.span().end };
            let mut note = Note::new(cx.rule, span, message);
            if let Some(value) = args(node).next().filter(|a| a.text() == "false") {
                note = note.suggestion("Leave the flag on", vec![(value.span(), "true".to_owned())]);
            }
            cx.report(note);
        }
        return;
    }
    let Some(path) = node.child(Field::Function).and_then(|f| rust_path(f, cx)) else { return };
    if !makes_cookie(&path) {
        return;
    }
    let given: Vec<Node<'_>> = args(node).collect();
    let named = match given.first() {
        Some(tuple) if tuple.kind() == Kind::TupleExpression => tuple.first_named(),
        other => other.copied(),
    };
    let Some(text) = named.map(|n| constant_text(n, cx)).filter(|t| t.starts_with('"')) else { return };
    let cookie = text.trim_matches('"');
    let value = given.get(1).copied().or_else(|| given.first().and_then(|t| t.named_children().nth(1)));
    if cookie.is_empty() || is_preference(cookie) || value.is_none_or(|v| matches!(v.text(), "\"\"" | "String::new()"))
    {
        return;
    }
    let calls = chain(node);
    let name = |call: &Node<'a>| method(*call).map_or("", |(_, n)| n.text());
    let ends = calls.iter().any(|c| matches!(name(c), "make_removal" | "removal" | "expires" | "into_owned"))
        || calls.iter().any(|c| {
            name(c) == "max_age" && args(*c).next().is_some_and(|a| a.text().to_ascii_lowercase().contains("zero"))
        });
    let set = |flag: &str| calls.iter().any(|c| name(c) == flag || name(c) == format!("set_{flag}"));
    let whole = calls.last().copied().unwrap_or(node);
    if ends || set("secure") || is_given_on(whole, cx) {
        return;
    }
    let session = is_session(cookie);
    let what = if set("http_only") {
        format!("The cookie `{cookie}` is sent over plain http too. Set `secure(true)`.")
    } else {
        format!(
            "The cookie `{cookie}` is sent over plain http too, and scripts can read it. Set `secure(true)` and `http_only(true)`."
        )
    };
    let severity = if session { Severity::Medium } else { Severity::Low };
    let confidence = if session { Confidence::High } else { Confidence::Medium };
    cx.report(Note::new(cx.rule, node.span(), what).severity(severity).confidence(confidence));
}

/// Whether a cookie of that name keeps what somebody likes, or must be read by scripts.
fn is_preference(name: &str) -> bool {
    let words: BTreeSet<String> = words(name).into_iter().collect();
    any(
        &words,
        &[
            "csrf",
            "xsrf",
            "csrftoken",
            "theme",
            "lang",
            "language",
            "locale",
            "consent",
            "banner",
            "color",
            "dark",
            "font",
            "tz",
            "timezone",
            "flash",
            "tab",
            "sort",
            "layout",
            "sidebar",
        ],
    )
}

/// Whether the cookie that a chain begins with is named for what scripts must read.
fn is_for_scripts(receiver: Node<'_>) -> bool {
    let root = std::iter::successors(Some(receiver), |n| method(*n).map(|(r, _)| r)).last().unwrap_or(receiver);
    root.descendants().any(|n| n.kind() == Kind::StringLiteral && is_preference(n.text().trim_matches('"')))
}

/// Whether what is built in a chain is a cookie or a session layer.
fn about_cookies(receiver: Node<'_>, cx: &Cx<'_>) -> bool {
    let told = |text: &str| {
        let lower = text.to_ascii_lowercase();
        lower.contains("cookie") || lower.contains("session")
    };
    if told(receiver.text()) {
        return true;
    }
    let root = std::iter::successors(Some(receiver), |n| method(*n).map(|(r, _)| r)).last().unwrap_or(receiver);
    root.kind() == Kind::Identifier
        && cx.arena().nodes().any(|n| {
            matches!(n.kind(), Kind::LetDeclaration | Kind::Parameter)
                && n.child(Field::Pattern).is_some_and(|p| p.text().trim_start_matches("mut ") == root.text())
                && told(n.text())
        })
}

/// Whether the cookie that an expression makes is finished elsewhere: it is handed to a function, returned as a builder, removed from
/// a jar, or the variable that takes it is given its flags later.
fn is_given_on(made: Node<'_>, cx: &Cx<'_>) -> bool {
    let mut at = made;
    // Out of references, blocks and parentheses.
    while let Some(parent) =
        at.parent().filter(|p| matches!(p.kind(), Kind::ReferenceExpression | Kind::ParenthesizedExpression))
    {
        at = parent;
    }
    let Some(parent) = at.parent() else { return false };
    match parent.kind() {
        Kind::Arguments => {
            let Some(call) = parent.parent() else { return false };
            let Some((_, name)) = method(call) else {
                return call.child(Field::Function).is_some_and(|f| !matches!(f.text(), "Some" | "Ok"));
            };
            name.text().contains("remove") || name.text().contains("delete") || name.text().contains("private")
        }
        Kind::LetDeclaration => {
            let Some(pattern) = parent.child(Field::Pattern) else { return false };
            let variable = pattern.text().trim_start_matches("mut ");
            let after = statement(parent).span().end;
            cx.arena().nodes().any(|n| {
                if n.span().start < after || n.kind() != Kind::Identifier || n.text() != variable {
                    return false;
                }
                let Some(around) = n.parent() else { return false };
                match around.kind() {
                    Kind::FieldExpression => around.child(Field::Field).is_some_and(|f| {
                        matches!(f.text(), "set_secure" | "secure" | "make_removal" | "set_max_age" | "set_expires")
                    }),
                    Kind::ReferenceExpression => around.text().starts_with("&mut"),
                    Kind::Arguments => around
                        .parent()
                        .and_then(method)
                        .is_none_or(|(_, m)| m.text().contains("remove") || m.text().contains("private")),
                    _ => false,
                }
            })
        }
        // A builder that the caller finishes.
        Kind::Block | Kind::ReturnExpression => {
            let function = crate::rules::support::enclosing_function(parent);
            function.and_then(|f| f.child(Field::ReturnType)).is_some_and(|t| t.text().contains("Builder"))
        }
        _ => false,
    }
}
