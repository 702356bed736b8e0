use sidenote_grammars::Family;

use crate::findings::{Category, Confidence, Note, Severity};
use crate::rules::evidence::field;
use crate::rules::{Case, Check, Docs, Rule};
use crate::semantics::flow::CallView;
use crate::semantics::flow::value::Value;

pub static RULE: Rule = Rule {
    id: "jwt-alg-none",
    summary: "JSON web tokens with the algorithm `none`",
    category: Category::Security,
    severity: Severity::High,
    confidence: Confidence::High,
    cwe: &[347, 327],
    families: &[Family::Ecma],
    default_on: true,
    in_tests: false,
    docs: Docs {
        what: "Finds tokens that are signed with, or accepted with, the algorithm `none`: in `jwt.sign`, `jwt.verify`, express-jwt, \
               koa-jwt, passport-jwt, `@nestjs/jwt`, jwt-simple, and jose's `UnsecuredJWT`.",
        why: "A token with `\"alg\": \"none\"` has no signature. A server that accepts one accepts everybody.",
        example: "jwt.verify(token, key, { algorithms: ['HS256', 'none'] });",
        instead: "jwt.verify(token, key, { algorithms: ['HS256'] });",
        limits: "Only constants are judged.",
        fix: "",
    },
    checks: &[
        Check::Calls(
            &["verify", "sign", "express-jwt", "expressjwt", "jwt", "koa-jwt", "Strategy", "verifyAsync", "signAsync"],
            options,
        ),
        Check::Calls(&["encode", "decode"], simple),
        Check::Calls(&["UnsecuredJWT"], unsecured),
    ],
    cases: &[
        Case::bad(
            "a.js",
            "const jwt = require('jsonwebtoken');\nconst t = jwt.sign(claims, null, { algorithm: 'none' }); //~ jwt-alg-none",
        ),
        Case::bad(
            "a.ts",
            "import jwt from 'jsonwebtoken';\nconst c = jwt.verify(token, key, { algorithms: ['HS256', 'none'] }); //~ jwt-alg-none",
        ),
        Case::bad(
            "a.ts",
            "import { verify } from 'jsonwebtoken';\nconst options = { algorithms: ['none'] };\nexport const check = (t: string) => verify(t, '', options as any); //~ jwt-alg-none",
        ),
        Case::bad(
            "a.js",
            "const { expressjwt } = require('express-jwt');\napp.use(expressjwt({ secret, algorithms: ['none'] })); //~ jwt-alg-none",
        ),
        Case::bad(
            "a.js",
            "const jwt = require('jwt-simple');\nconst t = jwt.encode(claims, '', 'none'); //~ jwt-alg-none",
        ),
        Case::bad(
            "a.js",
            "const jose = require('jose');\nconst t = new jose.UnsecuredJWT(claims).encode(); //~ jwt-alg-none",
        ),
        Case::bad(
            "a.js",
            "const jwt = require('jsonwebtoken');\nconst t = jwt.sign(claims, key, { header: { alg: 'none' } }); //~ jwt-alg-none",
        ),
        Case::bad(
            "a.js",
            "const jwt = require('jsonwebtoken');\nconst ALG = 'NONE';\nmodule.exports = (c) => jwt.sign(c, undefined, { algorithm: ALG }); //~ jwt-alg-none",
        ),
        Case::good(
            "a.js",
            "const jwt = require('jsonwebtoken');\nconst t = jwt.sign(claims, key, { algorithm: 'RS256' });",
        ),
        Case::good(
            "a.js",
            "const jwt = require('jsonwebtoken');\nconst c = jwt.verify(token, key, { algorithms: ['HS256'] });",
        ),
        Case::good("a.js", "const jwt = require('jsonwebtoken');\nconst c = jwt.verify(token, key);"),
        Case::good(
            "a.js",
            "const { expressjwt } = require('express-jwt');\napp.use(expressjwt({ secret, algorithms: ['RS256'] }));",
        ),
        Case::good("a.js", "const jwt = require('jwt-simple');\nconst t = jwt.encode(claims, secret, 'HS512');"),
        Case::good(
            "a.ts",
            "import { SignJWT } from 'jose';\nconst t = await new SignJWT(claims).setProtectedHeader({ alg: 'ES256' }).sign(key);",
        ),
        Case::good(
            "a.js",
            "const jwt = require('jsonwebtoken');\nconst c = jwt.verify(token, key, { algorithms: config.algorithms });",
        ),
        Case::good(
            "a.js",
            "const jwt = require('jsonwebtoken');\nif (header.alg === 'none') throw new Error('unsigned');",
        ),
        Case::near_miss("a.js", "const out = stamp.sign(doc, key, { algorithm: 'none' });"),
        Case::near_miss("a.js", "const zip = archive.encode(data, null, 'none');"),
        Case::near_miss("a.js", "const box = { display: 'none', algorithms: ['none'] };"),
        Case::near_miss("a.js", "const jwt = require('jsonwebtoken');\nconst t = jwt.sign({ method: 'none' }, key);"),
    ],
};

const MESSAGE: &str =
    "With the algorithm `none` a token has no signature, and everybody can write one. Name the algorithm that you use.";

fn is_none(value: &Value) -> bool {
    value.strings().any(|s| s.eq_ignore_ascii_case("none"))
}

fn options(call: &CallView<'_>, out: &mut Vec<Note>) {
    let known = call.paths.iter().any(|p| {
        ["jsonwebtoken.", "express-jwt", "koa-jwt", "passport-jwt.", "@nestjs/jwt.", "fast-jwt."]
            .iter()
            .any(|l| p.starts_with(l))
    });
    if !known {
        return;
    }
    for (n, argument) in call.args.iter().enumerate() {
        let one = field(Some(argument), "algorithm").is_some_and(|v| is_none(v));
        let header = field(field(Some(argument), "header"), "alg").is_some_and(|v| is_none(v)) && n > 0;
        let list =
            field(Some(argument), "algorithms").is_some_and(|v| is_none(v) || v.fields().any(|(_, v)| is_none(v)));
        if (one || header || list) && (n > 0 || !call.paths.iter().any(|p| p.ends_with(".sign"))) {
            out.push(Note::new(call.rule, call.arg_span(n), MESSAGE));
        }
    }
}

fn simple(call: &CallView<'_>, out: &mut Vec<Note>) {
    let n = match call.paths.iter().find_map(|p| p.strip_prefix("jwt-simple.")) {
        Some("encode") => 2,
        Some("decode") => 3,
        _ => return,
    };
    if call.args.get(n).is_some_and(|v| is_none(v)) {
        out.push(Note::new(call.rule, call.arg_span(n), MESSAGE));
    }
}

fn unsecured(call: &CallView<'_>, out: &mut Vec<Note>) {
    if call.new && call.is("jose.UnsecuredJWT") {
        out.push(Note::new(
            call.rule,
            call.name_span,
            "A token without signature can be written by everybody. Use `SignJWT`.",
        ));
    }
}
