use sidenote_grammars::{Family, Field, Kind};

use crate::findings::{Category, Confidence, Note, Severity};
use crate::rules::evidence::{all_code, code, field};
use crate::rules::support::{args, chain, method, rust_path};
use crate::rules::{Case, Check, Cx, Docs, Rule};
use crate::semantics::flow::kinds::{SinkKind, SourceKind};
use crate::semantics::flow::value::{Origin, Taint, Val, Value};
use crate::semantics::flow::{CallView, WriteView};
use crate::syntax::{Arena, Node, Span};

pub static RULE: Rule = Rule {
    id: "cors-misconfiguration",
    summary: "every site may read answers on behalf of the user",
    category: Category::Security,
    severity: Severity::High,
    confidence: Confidence::High,
    cwe: &[942, 346],
    families: &[Family::Ecma, Family::Rust],
    default_on: true,
    in_tests: false,
    docs: Docs {
        what: "Finds servers that send the request's `Origin` back as `Access-Control-Allow-Origin` and allow credentials, in headers \
               set by hand and in the options of the cors middlewares (`origin: true` with `credentials: true`), servers that \
               allow the origin `null` with credentials, and in Rust such settings of actix-cors, tower-http, warp, rocket_cors and poem.",
        why: "The browser then lets any page that the user visits make requests with the user's cookies and read the answers, which is \
              what the same-origin policy is there to prevent.",
        example: "app.use(cors({ origin: true, credentials: true }));",
        instead: "app.use(cors({ origin: ['https://app.example.com'], credentials: true }));",
        limits: "An origin that was looked up in a list is left alone. Another part of the request that is sent back without credentials is reported with \
                 low severity; the origin that asks and `*` without credentials are ways to publish data and are not.",
        fix: "",
    },
    checks: &[
        Check::Writes(&["Access-Control-Allow-Origin", "access-control-allow-origin"], written),
        Check::Writes(&["cors"], hapi),
        Check::Calls(&["setHeader", "set", "header", "append"], header),
        Check::Calls(
            &[
                "cors",
                "@koa/cors",
                "koa-cors",
                "koa2-cors",
                "enableCors",
                "register",
                "@fastify/cors",
                "socket.io",
                "Server",
            ],
            middleware,
        ),
        Check::Nodes(&[Kind::CallExpression], rust),
    ],
    cases: &[
        Case::bad(
            "a.js",
            "app.use((req, res, next) => {\n  res.header('Access-Control-Allow-Origin', req.headers.origin); //~ cors-misconfiguration\n  res.header('Access-Control-Allow-Credentials', 'true');\n  next();\n});",
        ),
        Case::bad(
            "a.js",
            "const http = require('http');\nhttp.createServer((req, res) => {\n  const origin = req.headers.origin || '*';\n  res.setHeader('Access-Control-Allow-Origin', origin); //~ cors-misconfiguration\n  res.setHeader('Access-Control-Allow-Credentials', true);\n  res.end();\n});",
        ),
        Case::bad(
            "a.js",
            "const cors = require('cors');\napp.use(cors({ origin: true, credentials: true })); //~ cors-misconfiguration",
        ),
        Case::bad(
            "a.ts",
            "import cors from 'cors';\nconst options = { credentials: true, origin: (origin: string, cb: Done) => cb(null, true) };\napp.use(cors(options)); //~ cors-misconfiguration",
        ),
        Case::bad(
            "a.ts",
            "const app = await NestFactory.create(AppModule);\napp.enableCors({ origin: true, credentials: true }); //~ cors-misconfiguration",
        ),
        Case::bad(
            "a.js",
            "app.use((req, res, next) => {\n  res.set('Access-Control-Allow-Origin', 'null'); //~ cors-misconfiguration\n  res.set('Access-Control-Allow-Credentials', 'true');\n  next();\n});",
        ),
        Case::bad(
            "a.js",
            "const cors = require('@koa/cors');\nnew Koa().use(cors({ credentials: true })); //~ cors-misconfiguration",
        ),
        Case::bad(
            "a.js",
            "const { Server } = require('socket.io');\nconst io = new Server(server, { cors: { origin: true, credentials: true } }); //~ cors-misconfiguration",
        ),
        Case::bad(
            "a.js",
            "app.get('/data', (req, res) => {\n  res.set('Access-Control-Allow-Origin', req.query.origin); //~ cors-misconfiguration\n  res.json(data);\n});",
        ),
        Case::bad(
            "a.js",
            "app.all('*', function (req, res, next) {\n  var o = req.headers['origin'];\n  res.header({\n    'Access-Control-Allow-Origin': o, //~ cors-misconfiguration\n    'Access-Control-Allow-Credentials': 'true',\n  });\n  next();\n});",
        ),
        Case::bad(
            "a.js",
            "const cors = require('cors');\napp.use(cors({ origin: '*', credentials: true })); //~ cors-misconfiguration",
        ),
        Case::bad(
            "a.js",
            "const cors = require('cors');\napp.use(cors({ origin: (from, done) => done(null, from), credentials: true })); //~ cors-misconfiguration",
        ),
        Case::bad(
            "a.js",
            "const Hapi = require('@hapi/hapi');\nconst server = Hapi.server({ routes: { cors: { origin: ['*'], credentials: true } } }); //~ cors-misconfiguration",
        ),
        Case::near_miss(
            "a.js",
            "const Hapi = require('@hapi/hapi');\nHapi.server({ routes: { cors: { origin: ['*'] } } });\nHapi.server({ routes: { cors: { origin: ['https://a.example.com'], credentials: true } } });",
        ),
        Case::good("a.js", "const cors = require('cors');\napp.use(cors({ origin: '*' }));"),
        Case::good("a.js", "const cors = require('cors');\napp.use(cors());"),
        Case::good(
            "a.js",
            "const cors = require('cors');\napp.use(cors({ origin: 'https://app.example.com', credentials: true }));",
        ),
        Case::good(
            "a.js",
            "const ALLOWED = ['https://a.example.com'];\napp.use((req, res, next) => {\n  const origin = req.headers.origin;\n  if (ALLOWED.includes(origin)) {\n    res.header('Access-Control-Allow-Origin', origin);\n    res.header('Access-Control-Allow-Credentials', 'true');\n  }\n  next();\n});",
        ),
        Case::good("a.js", "app.use((req, res, next) => { res.header('Access-Control-Allow-Origin', '*'); next(); });"),
        Case::good("a.js", "const cors = require('cors');\napp.use(cors({ origin: true }));"),
        Case::good(
            "a.js",
            "const cors = require('cors');\napp.use(cors({ credentials: true, origin: (origin, cb) => cb(null, ALLOWED.has(origin)) }));",
        ),
        Case::good(
            "a.js",
            "const cors = require('cors');\napp.use(cors({ origin: config.origins, credentials: true }));",
        ),
        Case::good(
            "a.js",
            "app.use((req, res, next) => { res.header('Access-Control-Allow-Origin', process.env.ORIGIN); res.header('Access-Control-Allow-Credentials', 'true'); next(); });",
        ),
        Case::near_miss(
            "a.js",
            "app.use((req, res, next) => { res.header('X-Request-Origin', req.headers.origin); next(); });",
        ),
        Case::near_miss(
            "a.js",
            "app.use((req, res, next) => { res.set('Access-Control-Allow-Origin', req.get('origin') || '*'); next(); });",
        ),
        Case::bad(
            "a.ts",
            "import { Hono } from 'hono';\nimport { cors } from 'hono/cors';\nconst app = new Hono();\napp.use('/api/*', cors({ origin: (o) => o, credentials: true })); //~ cors-misconfiguration",
        ),
        Case::near_miss(
            "a.ts",
            "import { Hono } from 'hono';\nimport { cors } from 'hono/cors';\nconst app = new Hono();\napp.use('/api/*', cors({ origin: (o) => (LIST.includes(o) ? o : null), credentials: true }));",
        ),
        Case::near_miss("a.js", "fastify.register(plugin, { origin: true, credentials: true });"),
        Case::near_miss("a.js", "map.set('Access-Control-Allow-Origin', 'null');"),
        Case::near_miss("a.js", "const cors = require('cors');\napp.use(cors({ origin: false, credentials: true }));"),
        Case::bad("a.rs", "use actix_cors::Cors;\nfn a() { let c = Cors::permissive(); } //~ cors-misconfiguration"),
        Case::bad(
            "a.rs",
            "use tower_http::cors::CorsLayer;\nfn b() { let c = CorsLayer::very_permissive(); } //~ cors-misconfiguration",
        ),
        Case::bad(
            "a.rs",
            "use actix_cors::Cors;\nfn c() { let c = Cors::default().allow_any_origin().supports_credentials(); } //~ cors-misconfiguration",
        ),
        Case::bad(
            "a.rs",
            "use tower_http::cors::{CorsLayer, AllowOrigin};\nfn d() { let c = CorsLayer::new().allow_origin(AllowOrigin::mirror_request()).allow_credentials(true); } //~ cors-misconfiguration",
        ),
        Case::bad(
            "a.rs",
            "use actix_cors::Cors;\nfn e() { let c = Cors::default().allowed_origin_fn(|_, _| true).supports_credentials(); } //~ cors-misconfiguration",
        ),
        Case::bad(
            "a.rs",
            "fn e2() { let c = rocket_cors::CorsOptions::default().allowed_origins(rocket_cors::AllOrSome::All).allow_credentials(true); } //~ cors-misconfiguration",
        ),
        Case::bad(
            "a.rs",
            "fn e3() { let w = warp::cors().allow_any_origin().allow_credentials(true); } //~ cors-misconfiguration",
        ),
        Case::good(
            "a.rs",
            "use tower_http::cors::{CorsLayer, Any};\nfn f() { let c = CorsLayer::new().allow_origin(Any); }",
        ),
        Case::good(
            "a.rs",
            "use actix_cors::Cors;\nfn g() { let c = Cors::default().allowed_origin(\"https://example.com\").supports_credentials(); }",
        ),
        Case::near_miss(
            "a.rs",
            "use tower_http::cors::CorsLayer;\nfn h() { let c = CorsLayer::new().allow_origin(\"https://example.com\".parse::<HeaderValue>().unwrap()).allow_credentials(true); }",
        ),
        Case::near_miss("a.rs", "use actix_cors::Cors;\nfn i() { let c = Cors::default().allow_any_origin(); }"),
        Case::near_miss(
            "a.rs",
            "use tower_http::cors::CorsLayer;\nimpl Cors { pub fn very_permissive(inner: S) -> Self { Self { inner, layer: CorsLayer::very_permissive() } } }",
        ),
    ],
};

fn is_reflected(value: &Value) -> bool {
    value.taints.iter().any(|t| {
        matches!(&t.origin, Origin::Source(s) if s.kind == SourceKind::Remote) && !t.cleaned.has(SinkKind::CorsOrigin)
    })
}

/// Whether somebody's browser wrote it as a header of the request.
fn is_header(taint: &Taint) -> bool {
    taint.cleaned.has(SinkKind::Encoded)
}

/// Whether code sends the header that lets cookies along.
fn allows_credentials(text: &str) -> bool {
    let lower = text.to_ascii_lowercase();
    lower.match_indices("access-control-allow-credentials").any(|(at, _)| {
        let rest: String = lower[at..].chars().skip(32).take(16).collect();
        rest.contains("true")
    })
}

fn header(call: &CallView<'_>, out: &mut Vec<Note>) {
    let named = call
        .args
        .first()
        .and_then(|a| a.as_str())
        .is_some_and(|n| n.eq_ignore_ascii_case("access-control-allow-origin"));
    if let Some(value) = call.args.get(1).filter(|_| named) {
        judge(call.rule, value, call.arg_span(1), call.arena, out);
    }
}

/// `{ 'Access-Control-Allow-Origin': .. }`, whatever takes it.
fn written(write: &WriteView<'_>, out: &mut Vec<Note>) {
    judge(write.rule, write.value, write.span, write.arena, out);
}

/// `cors: { origin: ['*'], credentials: true }` of hapi, which sends the origin back that asks.
fn hapi(write: &WriteView<'_>, out: &mut Vec<Note>) {
    let options = Some(write.value);
    let everybody =
        field(options, "origin").is_some_and(|o| o.fields().any(|(_, v)| v.exact && v.strings().any(|s| s == "*")));
    if everybody && field(options, "credentials").is_some_and(|v| v.exact && v.as_bool() == Some(true)) {
        let message = "Any site may make requests with the user's cookies and read the answers: every origin is allowed together with credentials. List the origins.";
        out.push(Note::new(write.rule, write.span, message));
    }
}

fn judge(rule: &'static Rule, value: &Val, span: Span, arena: &Arena, out: &mut Vec<Note>) {
    let credentials = allows_credentials(&all_code(arena));
    // Without cookies the origin that asks is as good as `*`.
    if is_reflected(value) && (credentials || !value.taints.iter().all(is_header)) {
        let note = if credentials {
            Note::new(
                rule,
                span,
                "Any site may make requests with the user's cookies and read the answers: the request's origin is sent back unchecked. Look it up in a list.",
            )
        } else {
            let message = "Whoever asks may read the answer: the allowed origin is what the request says. Look it up in a list, or send `*` on purpose.";
            Note::new(rule, span, message).severity(Severity::Low).confidence(Confidence::Medium)
        };
        out.push(note);
    } else if credentials && value.strings().any(|s| s == "null") && value.exact {
        let message = "Sandboxed frames of any site have the origin `null`, and may read answers with the user's cookies. Name your origins.";
        out.push(Note::new(rule, span, message));
    }
}

/// Whether an origin option lets everybody in; `by_default` where it is not given.
fn lets_all_in(options: &Val, by_default: bool, call: &CallView<'_>) -> bool {
    match field(Some(options), "origin") {
        None => by_default && options.fields.is_some() && options.taints.is_empty(),
        Some(origin) if origin.as_bool() == Some(true) && origin.strings().next().is_none() => true,
        Some(origin) if origin.strings().any(|s| s == "null") => true,
        // `(origin, callback) => callback(null, true)`, without a condition.
        Some(origin) => origin.funcs.iter().any(|f| {
            let Some((arena, span)) = call.function(f) else { return false };
            let own = code(&arena, span);
            let squeezed: String = own.chars().filter(|c| !c.is_whitespace()).collect();
            let asks = squeezed.trim_start_matches("async").trim_start_matches("function").trim_start_matches('(');
            let asks = asks.split([',', ':', ')', '=', '?']).next().unwrap_or_default();
            // `(origin) => origin` (Hono)
            let gives_back = call.paths.iter().any(|p| *p == "hono/cors.cors")
                && !asks.is_empty()
                && (squeezed.ends_with(&format!("=>{asks}")) || squeezed.contains(&format!("return{asks};")));
            let accepts = gives_back
                || squeezed.contains("(null,true)")
                || !asks.is_empty() && squeezed.contains(&format!("(null,{asks})"));
            accepts
                && !["if(", "?", "includes", "indexOf", "test(", "has(", "&&", "some(", "find("]
                    .iter()
                    .any(|w| squeezed.contains(w))
        }),
    }
}

fn middleware(call: &CallView<'_>, out: &mut Vec<Note>) {
    let path = |names: &[&str]| call.paths.iter().any(|p| names.contains(&p.as_str()));
    let koa = path(&["@koa/cors", "koa-cors", "koa2-cors", "kcors"]);
    let (options, n) = if koa || path(&["cors", "hono/cors.cors"]) || call.name == "enableCors" {
        (call.args.first().cloned(), 0)
    } else if call.name == "register" {
        let plugin = call
            .args
            .first()
            .is_some_and(|p| p.apis.iter().any(|a| matches!(a.as_str(), "@fastify/cors" | "fastify-cors")));
        (call.args.get(1).cloned().filter(|_| plugin), 1)
    } else if path(&["socket.io", "socket.io.Server"]) {
        let n = usize::from(call.args.len() > 1);
        (field(call.args.get(n), "cors").cloned(), n)
    } else {
        return;
    };
    let Some(options) = options else { return };
    let credentials = field(Some(&options), "credentials")
        .is_some_and(|v| v.as_bool() == Some(true) || v.strings().any(|s| s == "true"));
    if credentials && field(Some(&options), "origin").is_some_and(|o| o.exact && o.strings().any(|s| s == "*")) {
        let message = "Browsers refuse `*` together with credentials, so that requests with cookies fail, and whoever makes them work by reflecting the origin lets every site in. List the origins.";
        out.push(Note::new(call.rule, call.arg_span(n), message).severity(Severity::Low));
        return;
    }
    if credentials && lets_all_in(&options, koa, call) {
        let message = "Any site may make requests with the user's cookies and read the answers: every origin is allowed together with credentials. List the origins.";
        out.push(Note::new(call.rule, call.arg_span(n), message));
    }
}

/// Builders of Rust's middlewares: any origin together with credentials.
fn rust<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    if cx.arena().language().family != Family::Rust {
        return;
    }
    let Some(function) = node.child(Field::Function).filter(|f| f.text().contains("ors")) else { return };
    let Some(path) = rust_path(function, cx) else { return };
    let end = |of: &str| path == of || path.ends_with(&format!("::{of}"));
    let message = "Any site may make requests with the user's cookies and read the answers: every origin is allowed together with credentials. List the origins.";
    if end("Cors::permissive") || end("CorsLayer::very_permissive") {
        // A function of that name hands it on.
        let around = crate::rules::support::enclosing_function(node).and_then(|f| f.child(Field::Name));
        if around.is_some_and(|n| path.ends_with(&format!("::{}", n.text()))) {
            return;
        }
        cx.report(Note::new(cx.rule, function.span(), message));
        return;
    }
    if !["Cors::default", "CorsLayer::new", "CorsOptions::default", "warp::cors", "Cors::new"].iter().any(|p| end(p)) {
        return;
    }
    let (mut any, mut credentials) = (false, None);
    for call in chain(node) {
        let Some((_, name)) = method(call) else { continue };
        let argument = args(call).next().map_or("", Node::text);
        let squeezed: String = argument.chars().filter(|c| !c.is_whitespace()).collect();
        match name.text() {
            "allow_any_origin" => any = true,
            "allow_origin" => {
                any |= matches!(squeezed.as_str(), "Any" | "cors::Any" | "tower_http::cors::Any")
                    || squeezed.ends_with("mirror_request()")
                    || squeezed.ends_with("AllowOrigin::any()")
                    || squeezed.contains("AllowOrigin::predicate(|_,_|true)");
            }
            "allowed_origin_fn" | "allow_origins_fn" | "allow_origin_fn" => {
                any |= squeezed.starts_with('|') && squeezed.ends_with("|true");
            }
            "allowed_origins" => any |= squeezed.ends_with("::All") || squeezed.ends_with("::all()"),
            "supports_credentials" => credentials = Some(name),
            "allow_credentials" if argument == "true" => credentials = Some(name),
            _ => {}
        }
    }
    if let Some(name) = credentials.filter(|_| any) {
        cx.report(Note::new(cx.rule, name.span(), message));
    }
}
