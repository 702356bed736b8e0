use sidenote_grammars::{Family, Field, Kind};

use crate::findings::{Category, Confidence, Note, Severity};
use crate::rules::evidence::{all_code, field};
use crate::rules::shape::operands;
use crate::rules::support::{args, method, rust_path};
use crate::rules::{Case, Check, Cx, Docs, Rule};
use crate::semantics::flow::CallView;
use crate::semantics::flow::kinds::SourceKind;
use crate::semantics::flow::value::{Origin, Value};
use crate::semantics::hir::Lit;
use crate::syntax::Node;

pub static RULE: Rule = Rule {
    id: "jwt-not-verified",
    summary: "a JSON web token is believed without its signature being checked",
    category: Category::Security,
    severity: Severity::High,
    confidence: Confidence::High,
    cwe: &[347, 345, 613],
    families: &[Family::Ecma, Family::Rust],
    default_on: true,
    in_tests: false,
    docs: Docs {
        what: "Finds tokens of a client that are only decoded (`jwt.decode`, jose's `decodeJwt`, `jwt-decode` in a server, base64 by hand), \
               `jwt.verify` without a key, jwt-simple's `decode` with its check turned off, and checks that ignore the expiry. In Rust: jsonwebtoken with `insecure_disable_signature_validation`, `dangerous::insecure_decode` or `validate_exp = false`.",
        why: "The content of a token is plain base64: whoever writes `\"role\": \"admin\"` into one is an administrator, unless the \
              signature is checked.",
        example: "const user = jwt.decode(req.headers.authorization);",
        instead: "const user = jwt.verify(req.headers.authorization, key, { algorithms: ['HS256'] });",
        limits: "Decoding in a function or module that verifies too (to read the key's id first) is left alone, and so is decoding in \
                 a browser, which has no key.",
        fix: "",
    },
    checks: &[
        Check::Calls(&["decode", "decodeJwt", "jwt-decode", "jwtDecode", "jwt_decode", "decodeToken"], decode),
        Check::Calls(&["parse"], parse),
        Check::Calls(&["verify"], verify),
        Check::Calls(&["verify", "expressjwt", "express-jwt", "jwtVerify", "Strategy"], expiry),
        Check::Nodes(&[Kind::CallExpression, Kind::AssignmentExpression], rust),
        Check::Model,
    ],
    cases: &[
        Case::bad(
            "a.ts",
            "import * as jose from 'jose';\nexport const read = (t: string) => jose.UnsecuredJWT.decode(t); //~ jwt-not-verified",
        ),
        Case::bad(
            "a.ts",
            "import jwt from 'jsonwebtoken';\nimport { Request } from 'express';\nexport function verify(req: Request) {\n  return jwt.decode(req.headers.authorization!.split(' ')[1]); //~ jwt-not-verified\n}",
        ),
        Case::bad(
            "a.js",
            "const jwt = require('jsonwebtoken');\napp.get('/me', (req, res) => {\n  const user = jwt.decode(req.headers.authorization); //~ jwt-not-verified\n  res.json(load(user.id));\n});",
        ),
        Case::bad(
            "a.ts",
            "import { decode } from 'jsonwebtoken';\nimport type { Request, Response, NextFunction } from 'express';\nexport function auth(req: Request, res: Response, next: NextFunction) {\n  const token = req.cookies.token;\n  req.user = decode(token) as User; //~ jwt-not-verified\n  next();\n}",
        ),
        Case::bad(
            "a.js",
            "const jose = require('jose');\napp.use((req, res, next) => {\n  req.claims = jose.decodeJwt(req.headers.authorization.split(' ')[1]); //~ jwt-not-verified\n  next();\n});",
        ),
        Case::bad(
            "a.js",
            "const jwt = require('jsonwebtoken');\nconst claims = jwt.verify(token, null); //~ jwt-not-verified",
        ),
        Case::bad(
            "a.js",
            "const jwt = require('jsonwebtoken');\nconst claims = jwt.verify(token, '', { algorithms: ['HS256'] }); //~ jwt-not-verified",
        ),
        Case::bad(
            "a.js",
            "const jwt = require('jwt-simple');\nconst claims = jwt.decode(token, secret, true); //~ jwt-not-verified",
        ),
        Case::bad(
            "a.ts",
            "import jwt from 'jsonwebtoken';\nconst claims = jwt.verify(token, key, { ignoreExpiration: true }); //~ jwt-not-verified",
        ),
        Case::bad(
            "a.js",
            "app.get('/admin', (req, res) => {\n  const [, body] = req.headers.authorization.split('.');\n  const claims = JSON.parse(Buffer.from(body, 'base64').toString()); //~ jwt-not-verified\n  if (claims.role === 'admin') res.json(secrets);\n});",
        ),
        Case::bad(
            "a.ts",
            "import express from 'express';\nconst app = express();\napp.use((req: any, res, next) => {\n  const payload = req.cookies.jwt.split('.')[1];\n  req.user = JSON.parse(atob(payload)); //~ jwt-not-verified\n  next();\n});",
        ),
        Case::good(
            "a.js",
            "const crypto = require('crypto');\napp.get('/admin', (req, res) => {\n  const [head, body, mac] = req.headers.authorization.split('.');\n  const right = crypto.createHmac('sha256', key).update(head + '.' + body).digest('base64url');\n  if (!crypto.timingSafeEqual(Buffer.from(mac), Buffer.from(right))) return res.sendStatus(401);\n  res.json(JSON.parse(Buffer.from(body, 'base64').toString()));\n});",
        ),
        Case::near_miss(
            "a.js",
            "app.get('/state', (req, res) => { res.json(JSON.parse(Buffer.from(req.query.state, 'base64').toString())); });",
        ),
        Case::bad(
            "a.js",
            "const jwtDecode = require('jwt-decode');\napp.get('/admin', (req, res) => {\n  const { role } = jwtDecode(req.query.token); //~ jwt-not-verified\n  if (role === 'admin') res.json(secrets);\n});",
        ),
        Case::bad(
            "a.rs",
            "use jsonwebtoken::Validation;\nfn f() { let mut v = Validation::default(); v.insecure_disable_signature_validation(); } //~ jwt-not-verified",
        ),
        Case::bad(
            "a.rs",
            "use jsonwebtoken::Validation;\nfn f() { let mut v = Validation::new(Algorithm::HS256); v.validate_exp = false; } //~ jwt-not-verified",
        ),
        Case::bad(
            "a.rs",
            "fn f(t: &str) { let d = jsonwebtoken::dangerous::insecure_decode::<Claims>(t); } //~ jwt-not-verified",
        ),
        Case::good(
            "a.rs",
            "use jsonwebtoken::{decode, Validation};\nfn f(t: &str, k: &DecodingKey) { let mut v = Validation::new(Algorithm::HS256); v.validate_nbf = true; decode::<Claims>(t, k, &v).ok(); }",
        ),
        Case::good(
            "a.js",
            "const jwt = require('jsonwebtoken');\napp.get('/me', (req, res) => { const user = jwt.verify(req.headers.authorization, key); res.json(load(user.id)); });",
        ),
        Case::good(
            "a.js",
            "import jwtDecode from 'jwt-decode';\nconst { exp } = jwtDecode(localStorage.getItem('token'));",
        ),
        Case::good("a.js", "const jwt = require('jwt-simple');\nconst claims = jwt.decode(token, secret);"),
        Case::good(
            "a.ts",
            "import jwt from 'jsonwebtoken';\nexport function check(req: Request, res: Response) {\n  const head = jwt.decode(req.cookies.token, { complete: true });\n  return jwt.verify(req.cookies.token, keyOf(head.header.kid));\n}",
        ),
        Case::good("a.ts", "import { jwtVerify } from 'jose';\nconst { payload } = await jwtVerify(token, key);"),
        Case::good(
            "a.js",
            "const jwt = require('jsonwebtoken');\nconst claims = jwt.verify(token, process.env.KEY, { ignoreExpiration: false });",
        ),
        Case::good("a.js", "const jwt = require('jsonwebtoken');\nconst own = jwt.decode(issue(user));"),
        Case::good("a.js", "const jwt = require('jsonwebtoken');\njwt.verify(token, getKey, options, done);"),
        Case::near_miss("a.js", "app.get('/', (req, res) => res.send(base64.decode(req.query.x)));"),
        Case::near_miss(
            "a.js",
            "const he = require('he');\napp.get('/', (req, res) => res.json(he.decode(req.query.x)));",
        ),
        Case::near_miss("a.js", "signature.verify(data, null);"),
        Case::near_miss(
            "a.js",
            "const crypto = require('crypto');\nconst ok = crypto.createVerify('sha256').update(x).verify(key, sig);",
        ),
    ],
};

/// jsonwebtoken of Rust: what turns checks off.
fn rust<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    if cx.arena().language().family != Family::Rust
        || !cx.file.imports.iter().any(|(_, p)| p.starts_with("jsonwebtoken"))
            && !cx.arena().text().contains("jsonwebtoken")
    {
        return;
    }
    let signature =
        "The signature is not checked any more: whoever writes a token is whom it names. Leave the check on.";
    if node.kind() == Kind::AssignmentExpression {
        let Some((left, right)) = operands(node) else { return };
        let off = left.kind() == Kind::FieldExpression
            && left.child(Field::Field).is_some_and(|f| matches!(f.text(), "validate_exp" | "validate_signature"))
            && right.text() == "false";
        if off {
            let message = "Tokens are accepted after their expiry, so a stolen one works for ever. Leave the check on.";
            cx.report(Note::new(cx.rule, node.span(), message).severity(Severity::Medium));
        }
        return;
    }
    if let Some((_, name)) = method(node) {
        if name.text() == "insecure_disable_signature_validation" && args(node).next().is_none() {
            cx.report(Note::new(cx.rule, name.span(), signature));
        }
        return;
    }
    let Some(callee) = node.child(Field::Function) else { return };
    let insecure = rust_path(callee, cx).is_some_and(|p| {
        p.starts_with("jsonwebtoken::")
            && (p.ends_with("::insecure_decode")
                || p.ends_with("dangerous_insecure_decode")
                || p.ends_with("dangerous_unsafe_decode"))
    });
    if insecure {
        cx.report(Note::new(cx.rule, callee.span(), signature));
    }
}

fn is_foreign(value: &Value) -> bool {
    value.taints.iter().any(|t| matches!(&t.origin, Origin::Source(s) if s.kind == SourceKind::Remote))
}

fn decode(call: &CallView<'_>, out: &mut Vec<Note>) {
    let path = |names: &[&str]| call.paths.iter().any(|p| names.contains(&p.as_str()));
    if path(&["jwt-simple.decode"]) {
        if call.args.get(2).is_some_and(|v| v.as_bool() == Some(true)) {
            out.push(Note::new(
                call.rule,
                call.name_span,
                "The third argument turns the check of the signature off. Leave it out.",
            ));
        }
        return;
    }
    let decodes = path(&[
        "jsonwebtoken.decode",
        "jose.decodeJwt",
        "jwt-decode",
        "jwt-decode.jwtDecode",
        "jwt-decode.jwt_decode",
        "jws.decode",
        "jose.JWT.decode",
        "jose.UnsecuredJWT.decode",
        "@nestjs/jwt.JwtService.decode",
        "jwt-decode.default",
    ]);
    if !decodes || !call.args.first().is_some_and(|a| is_foreign(a)) {
        return;
    }
    // The function's own name says nothing of what it does: `function verify(token) { return decode(token); }`.
    let text = all_code(call.arena).replace("function verify(", "");
    if [".verify(", "jwtVerify(", "verify(", "compactVerify("].iter().any(|v| text.contains(v)) {
        return;
    }
    let message =
        "The token is decoded and believed, whoever wrote it: its signature is not checked. Use `verify` with the key.";
    out.push(Note::new(call.rule, call.name_span, message));
}

/// `JSON.parse(Buffer.from(token.split('.')[1], 'base64'))`
fn parse(call: &CallView<'_>, out: &mut Vec<Note>) {
    if !call.is("JSON.parse") || !call.args.first().is_some_and(|a| is_foreign(a)) {
        return;
    }
    let node = call.arena.root().smallest_at(call.span);
    let text = crate::rules::support::enclosing_function(node).map_or(call.arena.text(), |f| f.text());
    let own = call.arena.slice(call.span);
    let decodes = ["base64", "atob"].iter().any(|w| own.contains(w));
    let parts = [".split('.')", ".split(\".\")", ".split(`.`)"].iter().any(|w| text.contains(w));
    let named = ["token", "jwt", "authorization", "bearer"].iter().any(|w| text.to_lowercase().contains(w));
    if !decodes || !parts || !named {
        return;
    }
    let all = all_code(call.arena).to_lowercase();
    if ["verify", "createhmac", "timingsafeequal", "hmac"].iter().any(|w| all.contains(w)) {
        return;
    }
    let message = "The token is decoded and believed, whoever wrote it: its signature is not checked. Verify it with the key, by a library.";
    out.push(Note::new(call.rule, call.name_span, message));
}

fn verify(call: &CallView<'_>, out: &mut Vec<Note>) {
    if !call.is("jsonwebtoken.verify") {
        return;
    }
    let empty = call.args.get(1).is_some_and(|k| match k.as_lit() {
        Some(Lit::Null | Lit::Undefined | Lit::Bool(false)) => true,
        Some(Lit::Str(s)) => s.is_empty(),
        _ => false,
    });
    if empty {
        out.push(Note::new(call.rule, call.arg_span(1), "Without a key the signature is not checked. Give the key."));
    }
}

fn expiry(call: &CallView<'_>, out: &mut Vec<Note>) {
    let known = call.paths.iter().any(|p| {
        ["jsonwebtoken.", "express-jwt", "passport-jwt.", "koa-jwt", "@nestjs/jwt."].iter().any(|l| p.starts_with(l))
    });
    if !known {
        return;
    }
    let ignored =
        call.args.iter().position(|a| field(Some(a), "ignoreExpiration").is_some_and(|v| v.as_bool() == Some(true)));
    if let Some(n) = ignored {
        let message =
            "Tokens are accepted after their expiry, so a stolen one works for ever. Leave `ignoreExpiration` out.";
        out.push(Note::new(call.rule, call.arg_span(n), message).severity(Severity::Medium));
    }
}
