use sidenote_grammars::{Family, Kind};

use crate::findings::{Category, Confidence, Note, Severity};
use crate::rules::evidence::{all_code, mentions};
use crate::rules::support::{args, method, string_value};
use crate::rules::{Case, Check, Docs, Rule};
use crate::semantics::flow::value::Value;
use crate::semantics::flow::{CallView, WriteView};

pub static RULE: Rule = Rule {
    id: "csrf-missing",
    summary: "a server with cookie sessions and no protection against forged requests",
    category: Category::Security,
    severity: Severity::Medium,
    confidence: Confidence::Medium,
    cwe: &[352],
    families: &[Family::Ecma],
    default_on: true,
    in_tests: false,
    docs: Docs {
        what: "Finds Express applications that use a cookie session (`express-session`, `cookie-session`, `cookie-parser`) and have \
               routes that change something (`post`, `put`, `patch`, `delete`) in the same file, with no middleware against request \
               forgery.",
        why: "The browser sends the session's cookie with every request, also with one that another page makes: without a token or \
              `sameSite` that page acts as the user.",
        example: "app.use(session({ secret }));\napp.post('/transfer', transfer);",
        instead: "app.use(session({ secret, cookie: { sameSite: 'lax' } }));\napp.use(csrf());\napp.post('/transfer', transfer);",
        limits: "Any name with `csrf` or `xsrf`, lusca, a check of `origin` or a `sameSite` in the file counts as protection, and so do \
                 bearer tokens. Routes in other files are not seen.",
        fix: "",
    },
    checks: &[
        Check::Calls(&["use"], check),
        Check::Calls(&["csurf", "csrf", "koa-csrf"], ignored),
        Check::Writes(&["csrfPrevention"], apollo),
        Check::Calls(&["withNoXsrfProtection"], angular),
    ],
    cases: &[
        Case::bad(
            "a.js",
            r#"const express = require("express");
const session = require("express-session");
const cookieParser = require("cookie-parser");
const app = express();
app.use(cookieParser());
app.use(session({ secret: process.env.SECRET })); //~ csrf-missing
app.post("/pay", (req, res) => { pay(req.cookies.user); res.end(); });"#,
        ),
        Case::bad(
            "a.js",
            "const csrf = require('csurf');\napp.use(csrf({ ignoreMethods: ['GET', 'POST'] })); //~ csrf-missing",
        ),
        Case::good(
            "a.js",
            "const csrf = require('csurf');\napp.use(csrf({ ignoreMethods: ['GET', 'HEAD', 'OPTIONS'] }));",
        ),
        Case::bad(
            "a.ts",
            "const server = new ApolloServer({ typeDefs, resolvers, csrfPrevention: false }); //~ csrf-missing",
        ),
        Case::bad(
            "a.js",
            "const session = require('express-session');\nconst app = require('express')();\napp.use(session({ secret })); //~ csrf-missing\napp.post('/transfer', (req, res) => { pay(req.session.user, req.body.to); res.end(); });",
        ),
        Case::bad(
            "a.ts",
            "import express from 'express';\nimport cookieSession from 'cookie-session';\nconst app = express();\napp.use(cookieSession({ keys })); //~ csrf-missing\napp.delete('/account', remove);",
        ),
        Case::bad(
            "a.js",
            "const express = require('express');\nconst cookieParser = require('cookie-parser');\nconst app = express();\napp.use(cookieParser()); //~ csrf-missing\napp.post('/profile', (req, res) => { save(req.cookies.sid, req.body); res.end(); });",
        ),
        Case::bad(
            "a.js",
            "const session = require('express-session');\nmodule.exports = function (app) {\n  app.use(session({ secret })); //~ csrf-missing\n  app.put('/mail', change);\n};",
        ),
        Case::bad(
            "a.js",
            "const session = require('express-session');\nconst app = require('express')();\nconst s = session({ secret });\napp.use(s); //~ csrf-missing\napp.patch('/user/:id', update);",
        ),
        Case::bad(
            "a.js",
            "const session = require('express-session');\nconst app = require('express')();\nconst router = require('express').Router();\napp.use(session({ secret, resave: false })); //~ csrf-missing\nrouter.post('/x', f);\napp.use('/r', router);",
        ),
        Case::bad(
            "a.js",
            "const session = require('express-session');\nconst app = require('express')();\napp.use('/app', session({ secret })); //~ csrf-missing\napp.route('/x').post(save);",
        ),
        Case::bad(
            "a.js",
            "const session = require('express-session');\nconst app = require('express')();\napp.use(session({ secret, cookie: { maxAge: 1000 } })); //~ csrf-missing\napp.post('/login', login);\napp.post('/password', change);",
        ),
        Case::good(
            "a.js",
            "const session = require('express-session');\nconst csurf = require('csurf');\nconst app = require('express')();\napp.use(session({ secret }));\napp.use(csurf());\napp.post('/transfer', pay);",
        ),
        Case::good(
            "a.js",
            "const session = require('express-session');\nconst app = require('express')();\napp.use(session({ secret, cookie: { sameSite: 'lax' } }));\napp.post('/transfer', pay);",
        ),
        Case::good(
            "a.js",
            "const session = require('express-session');\nconst app = require('express')();\napp.use(session({ secret }));\napp.get('/', show);",
        ),
        Case::good(
            "a.js",
            "const app = require('express')();\napp.use(require('express').json());\napp.post('/x', save);",
        ),
        Case::good(
            "a.js",
            "const session = require('express-session');\nconst lusca = require('lusca');\nconst app = require('express')();\napp.use(session({ secret }));\napp.use(lusca.csrf());\napp.post('/x', save);",
        ),
        Case::good(
            "a.js",
            "const cookieParser = require('cookie-parser');\nconst app = require('express')();\napp.use(cookieParser());\napp.post('/x', (req, res) => { res.end(req.body.x); });",
        ),
        Case::good(
            "a.ts",
            "import { doubleCsrf } from 'csrf-csrf';\nimport session from 'express-session';\nconst { doubleCsrfProtection } = doubleCsrf(options);\napp.use(session({ secret }));\napp.use(doubleCsrfProtection);\napp.post('/x', save);",
        ),
        Case::good(
            "a.js",
            "const session = require('express-session');\nconst app = require('express')();\napp.use(session({ secret }));\napp.use((req, res, next) => checkOrigin(req.headers.origin) ? next() : res.sendStatus(403));\napp.post('/x', save);",
        ),
        Case::near_miss("a.js", "const session = require('./session');\napp.use(session());\napp.post('/x', save);"),
        Case::near_miss(
            "a.js",
            "const session = require('express-session');\nconst axios = require('axios');\napp.use(session({ secret }));\naxios.post('/x', data);",
        ),
        Case::near_miss(
            "a.js",
            "const session = require('express-session');\napp.use(session({ secret }));\napp.get('/x', (req, res) => { cache.delete('x'); res.end(); });",
        ),
        Case::near_miss(
            "a.js",
            "const session = require('express-session');\nconst mw = session({ secret });\nqueue.post('/x', mw);",
        ),
    ],
};

fn is_session(value: &Value) -> Option<bool> {
    value.apis.iter().find_map(|p| match p.as_str() {
        "express-session()" | "cookie-session()" => Some(true),
        "cookie-parser()" => Some(false),
        _ => None,
    })
}

/// `csurf({ ignoreMethods: ['POST'] })`
fn ignored(call: &CallView<'_>, out: &mut Vec<Note>) {
    if !call.is("csurf") && !call.is("csrf") && !call.is("koa-csrf") {
        return;
    }
    let methods = crate::rules::evidence::field(call.args.first(), "ignoreMethods");
    let changing = |m: &str| matches!(m.to_ascii_uppercase().as_str(), "POST" | "PUT" | "PATCH" | "DELETE");
    let mut texts = methods.into_iter().flat_map(|m| m.fields().flat_map(|(_, v)| v.strings()));
    if let Some(found) = texts.find(|m| changing(m)) {
        let message = format!("`{found}` requests are let through without a token, and another page can make them.");
        out.push(Note::new(call.rule, call.arg_span(0), message));
    }
}

fn apollo(write: &WriteView<'_>, out: &mut Vec<Note>) {
    if write.value.exact && write.value.as_bool() == Some(false) && write.value.strings().next().is_none() {
        let message = "Other pages can run queries with the user's cookies. Leave `csrfPrevention` on.";
        out.push(Note::new(write.rule, write.span, message));
    }
}

/// Angular's client then sends no token.
fn angular(call: &CallView<'_>, out: &mut Vec<Note>) {
    if call.paths.iter().any(|p| p.starts_with("@angular/common/http.")) {
        let message =
            "Requests are sent without the token that tells them from other pages' requests. Leave the protection on.";
        out.push(Note::new(call.rule, call.name_span, message));
    }
}

fn check(call: &CallView<'_>, out: &mut Vec<Note>) {
    let Some((n, sure)) = call.args.iter().enumerate().find_map(|(n, a)| is_session(a).map(|s| (n, s))) else { return };
    let text = all_code(call.arena);
    if mentions(call.arena, &["csrf", "xsrf", "csurf", "lusca", "samesite", "origin", "bearer", "authorization"]) {
        return;
    }
    // It is told of where the session is made.
    if !sure && ["express-session", "cookie-session"].iter().any(|l| text.contains(l)) {
        return;
    }
    // A parsed cookie matters where it decides something.
    if !sure
        && ![
            "req.cookies",
            "request.cookies",
            "signedCookies",
            "passport.session",
            "passport.authorize",
            "passport.authenticate",
        ]
        .iter()
        .any(|w| text.contains(w))
    {
        // Handlers are blocks of their own; look into those that stand here.
        return;
    }
    let changes = call.arena.nodes().any(|node| {
        node.kind() == Kind::CallExpression
            && method(node).is_some_and(|(receiver, name)| {
                let routes = matches!(name.text(), "post" | "put" | "patch" | "delete" | "del");
                let who = receiver.text();
                let router = matches!(who, "app" | "router" | "server" | "api" | "application")
                    || who.ends_with("Router")
                    || who.ends_with("App")
                    || who.starts_with("app.route(")
                    || who.starts_with("router.route(");
                let path = args(node).next().and_then(string_value).is_some_and(|p| p.starts_with('/'));
                routes && router && (path || who.contains(".route("))
            })
    });
    if changes {
        let message = "Another page can make requests with the user's session: nothing here tells them from the application's own. Use a token, or `sameSite` cookies.";
        out.push(Note::new(call.rule, call.arg_span(n), message));
    }
}
