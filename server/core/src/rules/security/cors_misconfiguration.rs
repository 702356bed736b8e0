use sidenote_grammars::Family;

use crate::findings::{Category, Confidence, Note, Severity};
use crate::rules::evidence::{all_code, code, field};
use crate::rules::{Case, Check, Docs, Rule};
use crate::semantics::flow::kinds::{SinkKind, SourceKind};
use crate::semantics::flow::value::{Origin, Val, Value};
use crate::semantics::flow::{CallView, WriteView};
use crate::syntax::{Arena, Span};

pub static RULE: Rule = Rule {
    id: "cors-misconfiguration",
    summary: "every site may read answers on behalf of the user",
    category: Category::Security,
    severity: Severity::High,
    confidence: Confidence::High,
    cwe: &[942, 346],
    families: &[Family::Ecma],
    default_on: true,
    in_tests: false,
    docs: Docs {
        what: "Finds servers that send the request's `Origin` back as `Access-Control-Allow-Origin` and allow credentials, in headers \
               set by hand and in the options of the cors middlewares (`origin: true` with `credentials: true`), and servers that \
               allow the origin `null` with credentials.",
        why: "The browser then lets any page that the user visits make requests with the user's cookies and read the answers, which is \
              what the same-origin policy is there to prevent.",
        example: "app.use(cors({ origin: true, credentials: true }));",
        instead: "app.use(cors({ origin: ['https://app.example.com'], credentials: true }));",
        limits: "An origin that was looked up in a list is left alone. A reflected origin without credentials is reported with low \
                 severity; `*` without credentials is the way to publish data and is not.",
        fix: "",
    },
    checks: &[
        Check::Writes(&["Access-Control-Allow-Origin", "access-control-allow-origin"], written),
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
        Case::near_miss("a.js", "fastify.register(plugin, { origin: true, credentials: true });"),
        Case::near_miss("a.js", "map.set('Access-Control-Allow-Origin', 'null');"),
        Case::near_miss("a.js", "const cors = require('cors');\napp.use(cors({ origin: false, credentials: true }));"),
    ],
};

fn is_reflected(value: &Value) -> bool {
    value.taints.iter().any(|t| {
        matches!(&t.origin, Origin::Source(s) if s.kind == SourceKind::Remote) && !t.cleaned.has(SinkKind::CorsOrigin)
    })
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

fn judge(rule: &'static Rule, value: &Val, span: Span, arena: &Arena, out: &mut Vec<Note>) {
    let credentials = allows_credentials(&all_code(arena));
    if is_reflected(value) {
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
            let accepts = squeezed.contains("(null,true)") || squeezed.contains("(null,origin)");
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
    if credentials && lets_all_in(&options, koa, call) {
        let message = "Any site may make requests with the user's cookies and read the answers: every origin is allowed together with credentials. List the origins.";
        out.push(Note::new(call.rule, call.arg_span(n), message));
    }
}
