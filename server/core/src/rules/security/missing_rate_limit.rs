use sidenote_grammars::Family;

use crate::findings::{Category, Confidence, Note, Severity};
use crate::rules::evidence::{all_code, mentions};
use crate::rules::support::words;
use crate::rules::{Case, Check, Docs, Rule};
use crate::semantics::flow::CallView;

pub static RULE: Rule = Rule {
    id: "missing-rate-limit",
    summary: "a route that checks credentials as often as anybody asks",
    category: Category::Security,
    severity: Severity::Low,
    confidence: Confidence::Medium,
    cwe: &[770, 307, 799],
    families: &[Family::Ecma],
    default_on: true,
    in_tests: false,
    docs: Docs {
        what: "Finds `post` routes of Express applications for logging in, signing up, resetting passwords and checking codes, in \
               files that limit no rates.",
        why: "Without a limit passwords and codes of six digits are tried until one fits, and each try costs the server a slow hash.",
        example: "app.post('/login', login);",
        instead: "app.post('/login', rateLimit({ windowMs: 60_000, max: 5 }), login);",
        limits: "Only the application's own routes count: a router of its own file may be limited where it is mounted. Any name with \
                 `limit`, `throttle`, `brute` or `captcha` on the route, on its router or on the application counts as a limit; a \
                 proxy's limit is not seen.",
        fix: "",
    },
    checks: &[Check::Calls(&["post", "put"], check)],
    cases: &[
        Case::bad(
            "a.js",
            "const app = require('express')();\napp.post('/login', (req, res) => { check(req.body); res.end(); }); //~ missing-rate-limit",
        ),
        Case::bad(
            "a.ts",
            "import express from 'express';\nconst app = express();\napp.post('/api/v1/auth/signin', signIn); //~ missing-rate-limit",
        ),
        Case::bad(
            "a.js",
            "const express = require('express');\nconst app = express();\napp.post('/reset-password', reset); //~ missing-rate-limit",
        ),
        Case::bad(
            "a.js",
            "const express = require('express');\nconst app = express();\napp.post('/otp/verify', verify); //~ missing-rate-limit",
        ),
        Case::bad(
            "a.js",
            "const express = require('express');\nconst app = express();\napp.use(express.json());\napp.post('/users/login', passport.authenticate('local'), done); //~ missing-rate-limit",
        ),
        Case::bad(
            "a.js",
            "const express = require('express');\nconst app = express();\napp.post('/forgotPassword', forgot); //~ missing-rate-limit",
        ),
        Case::bad(
            "a.js",
            "const express = require('express');\nfunction start() {\n  const app = express();\n  app.post('/auth/token', grant); //~ missing-rate-limit\n  return app;\n}",
        ),
        Case::bad(
            "a.js",
            "const express = require('express');\nconst app = express();\nconst LOGIN = '/session/login';\napp.post(LOGIN, login); //~ missing-rate-limit",
        ),
        Case::good(
            "a.js",
            "const rateLimit = require('express-rate-limit');\nconst app = require('express')();\napp.post('/login', rateLimit({ max: 5 }), login);",
        ),
        Case::good("a.js", "const app = require('express')();\napp.use(limiter);\napp.post('/login', login);"),
        Case::good("a.js", "const app = require('express')();\napp.get('/login', form);"),
        Case::bad(
            "a.js",
            "const express = require('express');\nconst rateLimit = require('express-rate-limit');\nconst app = express();\nconst open = express.Router();\nopen.post('/login', login); //~ missing-rate-limit\nconst closed = express.Router();\nclosed.use(rateLimit({ max: 5 }));\nclosed.post('/login', login);\napp.use('/a', open);\napp.use('/b', closed);",
        ),
        Case::good(
            "a.js",
            "const express = require('express');\nconst rateLimit = require('express-rate-limit');\nconst app = express();\nconst api = express.Router();\napp.use('/api', rateLimit({ max: 5 }), api);\napi.post('/login', login);",
        ),
        Case::good("a.js", "const app = require('express')();\napp.post('/comments', save);"),
        Case::good(
            "a.js",
            "const slowDown = require('express-slow-down');\nconst app = require('express')();\napp.use(slowDown({ delayAfter: 3 }));\napp.post('/login', login);",
        ),
        Case::good("a.js", "const app = require('express')();\napp.post('/login', throttle(5), login);"),
        Case::good(
            "a.js",
            "const router = require('express').Router();\nrouter.post('/login', login);\nmodule.exports = router;",
        ),
        Case::good("a.js", "const app = require('express')();\napp.post('/register', verifyCaptcha, register);"),
        Case::near_miss("a.js", "const client = require('axios');\nclient.post('/login', { name });"),
        Case::near_miss(
            "a.js",
            "const app = require('express')();\napp.post('/authors', save);\napp.post('/catalog', save);",
        ),
        Case::near_miss("a.js", "const app = require('express')();\napp.post('/logout', leave);"),
        Case::near_miss("a.js", "const app = require('express')();\napp.post('/signing-requests', save);"),
        Case::bad(
            "a.js",
            "const app = require('express')();\nconst limiter = rateLimit({ max: 5 });\napp.post('/contact', limiter, send);\napp.post('/login', check); //~ missing-rate-limit",
        ),
        Case::near_miss(
            "a.js",
            "const app = require('express')();\nconst limiter = rateLimit({ max: 5 });\napp.use(limiter);\napp.post('/login', check);",
        ),
    ],
};

fn check(call: &CallView<'_>, out: &mut Vec<Note>) {
    let own = call.receiver.is_some_and(|r| r.apis.iter().any(|p| p == "express.App"));
    let Some(path) = call.args.first().filter(|_| own).and_then(|a| a.as_str()) else { return };
    let text = all_code(call.arena);
    // A router is limited where it is mounted.
    if !text.contains("express()") && !text.contains("require('express')()") && !text.contains("require(\"express\")()")
    {
        return;
    }
    let words = words(&path);
    let has = |w: &str| words.iter().any(|x| x == w);
    let pair = |a: &str, b: &str| words.windows(2).any(|w| w[0] == a && w[1] == b);
    let credentials = has("login")
        || has("signin")
        || has("signup")
        || has("otp")
        || has("2fa")
        || has("mfa")
        || has("authenticate")
        || pair("sign", "in")
        || pair("sign", "up")
        || pair("log", "in")
        || pair("auth", "token")
        || pair("reset", "password")
        || pair("forgot", "password")
        || pair("password", "reset")
        || has("register")
        || pair("verify", "code");
    if !credentials || !path.starts_with('/') {
        return;
    }
    if is_limited(&text, call) {
        return;
    }
    let message = format!("`{path}` answers as often as anybody asks, so credentials can be guessed. Limit the rate.");
    out.push(Note::new(call.rule, call.arg_span(0), message));
}

/// Words of what limits rates.
const LIMITS: [&str; 6] = ["limit", "throttle", "slowdown", "brute", "captcha", "turnstile"];

/// Whether something limits how often the route answers: anything of that name on the route itself, on its router or on the
/// application, or elsewhere in the file than on other routers and routes, in imports and in variables of that name.
fn is_limited(text: &str, call: &CallView<'_>) -> bool {
    if !mentions(call.arena, &LIMITS) {
        return false;
    }
    let says = |part: &str| {
        let part = part.to_lowercase();
        LIMITS.iter().any(|w| part.contains(w))
    };
    let own = call.arena.slice(call.span);
    let Some((router, _)) = own.split_once('.') else { return true };
    let router = router.trim();
    let head: String = own.chars().take_while(|c| *c != '{').collect();
    if says(&head) || !router.chars().all(|c| c.is_alphanumeric() || c == '_' || c == '$') {
        return true;
    }
    let app = |name: &str| text.contains(&format!("{name} = express()")) || name == "app" || name == "server";
    // What mounts a router speaks of its name alone.
    let routers: Vec<&str> = text
        .lines()
        .filter_map(|l| l.split_once(" = express.Router("))
        .filter_map(|(left, _)| left.split_whitespace().last())
        .collect();
    let spoken = |line: &str| routers.iter().fold(line.to_owned(), |l, r| l.replace(&format!(", {r})"), ")"));
    // Every line that speaks of limits must be an import, a declaration, or about another router or route.
    text.lines().filter(|l| says(&spoken(l))).any(|line| {
        let line = line.trim();
        let declared = ["import ", "const ", "let ", "var ", "export const "].iter().any(|w| line.starts_with(w));
        let of = line.split_once('.').map_or("", |(name, _)| name);
        let method = line.split_once('.').map_or("", |(_, rest)| rest.split('(').next().unwrap_or_default());
        let other = of != router
            && !app(of)
            && text.contains(&format!("{of} = express.Router("))
            && matches!(method, "use" | "get" | "post" | "put" | "patch" | "delete" | "all");
        let route = (of == router || app(of)) && matches!(method, "get" | "post" | "put" | "patch" | "delete" | "all");
        !(declared || other || route || line.starts_with("//"))
    })
}
