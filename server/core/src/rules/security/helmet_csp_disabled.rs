use sidenote_grammars::Family;

use crate::findings::{Category, Confidence, Note, Severity};
use crate::rules::evidence::field;
use crate::rules::{Case, Check, Docs, Rule};
use crate::semantics::flow::CallView;
use crate::semantics::flow::value::Val;

pub static RULE: Rule = Rule {
    id: "helmet-csp-disabled",
    summary: "Helmet with its protections turned off",
    category: Category::Security,
    severity: Severity::Medium,
    confidence: Confidence::High,
    cwe: &[693, 1021],
    families: &[Family::Ecma],
    default_on: true,
    in_tests: false,
    docs: Docs {
        what: "Finds Helmet options that turn the content security policy, the protection against frames, or HSTS off, and policies, \
               in headers set by hand too, that allow `'unsafe-eval'` or scripts from everywhere.",
        why: "The policy is the second line against injected scripts, and the frame options are the only one against clickjacking.",
        example: "app.use(helmet({ contentSecurityPolicy: false }));",
        instead: "app.use(helmet());",
        limits: "Only constants are judged; `false` in development alone is left alone where a condition says so.",
        fix: "The suggested fix leaves the protection at its default, which may need directives for the page's own sources.",
    },
    checks: &[
        Check::Calls(&["helmet", "contentSecurityPolicy", "register", "csp"], check),
        Check::Calls(&["setHeader", "set", "header"], header),
    ],
    cases: &[
        Case::bad(
            "a.js",
            "app.use((req, res, next) => { res.setHeader('X-Frame-Options', 'ALLOWALL'); next(); }); //~ helmet-csp-disabled",
        ),
        Case::near_miss("a.js", "app.use((req, res, next) => { res.setHeader('X-Frame-Options', 'DENY'); next(); });"),
        Case::bad(
            "a.js",
            "const helmet = require('helmet');\napp.use(helmet({ contentSecurityPolicy: false })); //~ helmet-csp-disabled",
        ),
        Case::bad(
            "a.ts",
            "import helmet from 'helmet';\nconst options = { contentSecurityPolicy: false, hsts: true };\napp.use(helmet(options)); //~ helmet-csp-disabled",
        ),
        Case::bad(
            "a.js",
            "const helmet = require('helmet');\napp.use(helmet({ frameguard: false })); //~ helmet-csp-disabled",
        ),
        Case::bad(
            "a.js",
            "const helmet = require('helmet');\napp.use(helmet.contentSecurityPolicy({ directives: { scriptSrc: [\"'self'\", \"'unsafe-eval'\"] } })); //~ helmet-csp-disabled",
        ),
        Case::bad(
            "a.js",
            "const helmet = require('helmet');\napp.use(helmet({ contentSecurityPolicy: { directives: { 'script-src': ['*'] } } })); //~ helmet-csp-disabled",
        ),
        Case::bad(
            "a.js",
            "const helmet = require('@fastify/helmet');\nfastify.register(helmet, { contentSecurityPolicy: false }); //~ helmet-csp-disabled",
        ),
        Case::bad(
            "a.ts",
            "import helmet from 'helmet';\napp.use(helmet({ xFrameOptions: false })); //~ helmet-csp-disabled",
        ),
        Case::bad("a.ts", "import helmet from 'helmet';\napp.use(helmet({ hsts: false })); //~ helmet-csp-disabled"),
        Case::bad(
            "a.ts",
            "import helmet from 'helmet';\nconst off = false;\nexport const secure = helmet({ contentSecurityPolicy: off, crossOriginEmbedderPolicy: off }); //~ helmet-csp-disabled",
        ),
        Case::bad(
            "a.js",
            "app.use((req, res, next) => { res.setHeader('Content-Security-Policy', \"default-src *; script-src * 'unsafe-inline'\"); next(); }); //~ helmet-csp-disabled",
        ),
        Case::bad(
            "a.ts",
            "const csp = \"default-src 'self'; script-src 'self' 'unsafe-eval'\";\nexport const head = (req, res) => { res.set('content-security-policy', csp); }; //~ helmet-csp-disabled",
        ),
        Case::bad(
            "a.js",
            "app.use((req, res, next) => { res.header('Content-Security-Policy', \"script-src 'self' 'unsafe-inline'\"); next(); }); //~ helmet-csp-disabled",
        ),
        Case::good(
            "a.js",
            "app.use((req, res, next) => { res.setHeader('Content-Security-Policy', \"default-src 'self'; style-src 'unsafe-inline'; img-src *\"); next(); });",
        ),
        Case::good(
            "a.js",
            "app.use((req, res, next) => { res.setHeader('Content-Security-Policy', `script-src 'nonce-${res.locals.nonce}' 'unsafe-inline' 'strict-dynamic'`); next(); });",
        ),
        Case::good(
            "a.js",
            "app.use((req, res, next) => { res.setHeader('Content-Security-Policy', \"default-src *; script-src 'self'\"); next(); });",
        ),
        Case::good("a.js", "const helmet = require('helmet');\napp.use(helmet());"),
        Case::good(
            "a.js",
            "const helmet = require('helmet');\napp.use(helmet({ contentSecurityPolicy: { directives: { defaultSrc: [\"'self'\"] } } }));",
        ),
        Case::good(
            "a.js",
            "const helmet = require('helmet');\napp.use(helmet({ contentSecurityPolicy: process.env.NODE_ENV === 'production' ? undefined : false }));",
        ),
        Case::good("a.js", "const helmet = require('helmet');\napp.use(helmet({ crossOriginEmbedderPolicy: false }));"),
        Case::good("a.js", "const helmet = require('helmet');\napp.use(helmet(config.helmet));"),
        Case::good(
            "a.js",
            "const helmet = require('helmet');\napp.use(helmet.contentSecurityPolicy({ directives: { scriptSrc: [\"'self'\", 'https://cdn.example.com'] } }));",
        ),
        Case::good("a.js", "const helmet = require('@fastify/helmet');\nfastify.register(helmet, { global: true });"),
        Case::good("a.js", "const helmet = require('helmet');\napp.use(helmet({ frameguard: { action: 'deny' } }));"),
        Case::near_miss("a.js", "const options = { contentSecurityPolicy: false };\nrender(options);"),
        Case::near_miss("a.js", "fastify.register(plugin, { contentSecurityPolicy: false });"),
        Case::near_miss("a.js", "const helmet = require('./gear');\nwear(helmet({ contentSecurityPolicy: false }));"),
        Case::near_miss(
            "a.js",
            "const helmet = require('helmet');\napp.use(helmet({ contentSecurityPolicy: isProduction }));",
        ),
    ],
};

fn check(call: &CallView<'_>, out: &mut Vec<Note>) {
    let is = |names: &[&str]| call.paths.iter().any(|p| names.contains(&p.as_str()));
    if is(&["helmet", "helmet.default"]) {
        options(call, call.args.first(), 0, out);
    } else if is(&["helmet.contentSecurityPolicy", "helmet-csp", "helmet.csp"]) {
        policy(call, call.args.first(), 0, out);
    } else if call.name == "register"
        && call
            .args
            .first()
            .is_some_and(|p| p.apis.iter().any(|a| matches!(a.as_str(), "@fastify/helmet" | "fastify-helmet")))
    {
        options(call, call.args.get(1), 1, out);
    }
}

fn options(call: &CallView<'_>, options: Option<&Val>, n: usize, out: &mut Vec<Note>) {
    for (name, what) in [
        (
            "contentSecurityPolicy",
            "The content security policy is off: injected scripts run. Leave it on and name the page's sources.",
        ),
        ("frameguard", "Other sites may put the page into a frame and catch clicks. Leave `frameguard` on."),
        (
            "hsts",
            "Without `hsts` the first request of every visit may go over plain http, where it is read and changed. Leave it on.",
        ),
        (
            "strictTransportSecurity",
            "Without it the first request of every visit may go over plain http, where it is read and changed. Leave it on.",
        ),
        ("xFrameOptions", "Other sites may put the page into a frame and catch clicks. Leave `xFrameOptions` on."),
    ] {
        let off = field(options, name).is_some_and(|v| {
            v.exact
                && v.as_bool() == Some(false)
                && !v.lits.iter().any(|l| matches!(l, crate::semantics::hir::Lit::Undefined))
        });
        if off {
            let mut note = Note::new(call.rule, call.arg_span(n), what);
            let node = call.arena.root().smallest_at(call.arg_span(n));
            let pair = node.named_children().find(|p| crate::rules::support::key_name(*p).is_some_and(|k| k == name));
            if let Some(value) =
                pair.and_then(|p| p.child(sidenote_grammars::Field::Value)).filter(|v| v.text() == "false")
            {
                note = note.suggestion("Leave it at its default", vec![(value.span(), "undefined".into())]);
            }
            out.push(note);
            return;
        }
    }
    policy(call, field(options, "contentSecurityPolicy"), n, out);
}

fn policy(call: &CallView<'_>, options: Option<&Val>, n: usize, out: &mut Vec<Note>) {
    let Some(directives) = field(options, "directives") else { return };
    for name in ["scriptSrc", "script-src", "defaultSrc", "default-src"] {
        let Some(list) = field(Some(directives), name) else { continue };
        let vouched = || {
            list.fields().any(|(_, v)| {
                !v.funcs.is_empty()
                    || v.strings().any(|s| s.starts_with("'nonce-") || s.starts_with("'sha") || s == "'strict-dynamic'")
            })
        };
        let inline = name.starts_with("script") && !vouched();
        let weak = |s: &str| match s {
            "'unsafe-eval'" | "*" | "data:" | "http:" | "https:" => true,
            "'unsafe-inline'" => inline,
            _ => false,
        };
        let found = list.fields().flat_map(|(_, v)| v.strings()).chain(list.strings()).find(|s| weak(s));
        if let Some(found) = found {
            let message = format!(
                "`{name}` allows {found}, so the policy stops few injected scripts. Name the sources one by one."
            );
            out.push(Note::new(call.rule, call.arg_span(n), message).severity(Severity::Low));
            return;
        }
    }
}

/// A policy in a header that is set by hand.
fn header(call: &CallView<'_>, out: &mut Vec<Note>) {
    let named = call.args.first().and_then(|a| a.as_str());
    let value = call.args.get(1).and_then(|a| a.as_str());
    if named.is_some_and(|n| n.eq_ignore_ascii_case("x-frame-options"))
        && value.is_some_and(|v| {
            matches!(v.to_ascii_uppercase().as_str(), "ALLOWALL" | "ALLOW-ALL" | "ALLOW" | "ALLOW-FROM *" | "*")
        })
    {
        let message = "Other sites may put the page into a frame and catch clicks. Send `DENY` or `SAMEORIGIN`.";
        out.push(Note::new(call.rule, call.arg_span(1), message));
        return;
    }
    if !named.is_some_and(|n| n.eq_ignore_ascii_case("content-security-policy")) {
        return;
    }
    let Some(policy) = call.args.get(1).and_then(|a| a.as_str()) else { return };
    let lower = policy.to_ascii_lowercase();
    let directives: Vec<Vec<&str>> = lower.split(';').map(|d| d.split_whitespace().collect()).collect();
    let of = |name: &str| directives.iter().find(|d| d.first() == Some(&name));
    // Where nothing is said of scripts, what holds for everything does.
    let Some([name, sources @ ..]) = of("script-src").or_else(|| of("default-src")).map(Vec::as_slice) else { return };
    let vouched = sources.iter().any(|s| s.starts_with("'nonce-") || s.starts_with("'sha") || *s == "'strict-dynamic'");
    let weak = |s: &str| match s {
        "'unsafe-eval'" | "*" | "data:" | "http:" | "https:" => true,
        "'unsafe-inline'" => !vouched,
        _ => false,
    };
    if let Some(found) = sources.iter().find(|s| weak(s)) {
        let message =
            format!("`{name}` allows {found}, so the policy stops few injected scripts. Name the sources one by one.");
        out.push(Note::new(call.rule, call.arg_span(1), message).severity(Severity::Low));
    }
}
