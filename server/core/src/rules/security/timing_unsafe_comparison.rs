use sidenote_grammars::{Family, Field, Kind};

use crate::findings::{Category, Confidence, Note, Severity};
use crate::rules::shape::{declarator, operands, operator, root_name};
use crate::rules::support::{bare, place_name, words};
use crate::rules::{Case, Check, Cx, Docs, Rule};
use crate::syntax::Node;

pub static RULE: Rule = Rule {
    id: "timing-unsafe-comparison",
    summary: "a secret is compared in a time that tells how much of it was right",
    category: Category::Security,
    severity: Severity::Low,
    confidence: Confidence::Medium,
    cwe: &[208, 697],
    families: &[Family::Ecma],
    default_on: true,
    in_tests: false,
    docs: Docs {
        what: "Finds `===` and `!==` between an HMAC or hash that the code computed, or a secret of the environment, and what a client sent.",
        why: "The comparison stops at the first byte that differs: whoever measures many answers finds a valid signature or token byte by byte.",
        example: "const mac = crypto.createHmac('sha256', key).update(body).digest('hex');\nif (mac !== req.headers['x-signature']) return res.sendStatus(403);",
        instead: "const mac = crypto.createHmac('sha256', key).update(body).digest();\nconst sent = Buffer.from(String(req.headers['x-signature']), 'hex');\nif (sent.length !== mac.length || !crypto.timingSafeEqual(mac, sent)) return res.sendStatus(403);",
        limits: "Comparisons with literals, of two computed hashes of files, and hashes without a key beside anything but a request or a parameter are left alone.",
        fix: "",
    },
    checks: &[Check::Nodes(&[Kind::BinaryExpression], check)],
    cases: &[
        Case::bad(
            "a.js",
            "app.post('/hook', (req, res) => { const mac = crypto.createHmac('sha256', key).update(req.body).digest('hex');\nif (mac !== req.headers['x-signature']) return res.sendStatus(403); //~ timing-unsafe-comparison\n});",
        ),
        Case::bad(
            "a.ts",
            "export function check(sig: string, body: Buffer) { const expected = crypto.createHmac('sha256', process.env.HOOK!).update(body).digest('hex');\nreturn sig === expected; //~ timing-unsafe-comparison\n}",
        ),
        Case::bad(
            "a.js",
            "app.use((req, res, next) => { if (req.headers['x-api-key'] !== process.env.API_KEY) return res.sendStatus(401); next(); }); //~ timing-unsafe-comparison",
        ),
        Case::bad(
            "a.js",
            "function verify(token, payload) { return token === createHmac('sha1', SECRET).update(payload).digest('base64'); } //~ timing-unsafe-comparison",
        ),
        Case::bad(
            "a.ts",
            "const ok = (token: string) => token === process.env.ADMIN_TOKEN; //~ timing-unsafe-comparison",
        ),
        Case::good(
            "a.js",
            "function verify(sent, mac) { return sent.length === mac.length && crypto.timingSafeEqual(sent, mac); }",
        ),
        Case::good("a.js", "if (process.env.API_KEY === undefined) { fail(); }"),
        Case::good("a.js", "if (process.env.API_KEY === 'test') { fail(); }"),
        Case::good(
            "a.js",
            "function same(a, b) { const x = crypto.createHash('md5').update(a).digest('hex'); return cache[b] === x; }",
        ),
        Case::near_miss("a.js", "if (process.env.NODE_ENV === mode) { go(); }"),
        Case::near_miss("a.js", "const a = process.env.TOKEN; if (typeof a === kind) { go(); }"),
        Case::near_miss("a.js", "if (process.env.KEY_ID !== options.keyId) { warn(); }"),
    ],
};

fn check<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    if cx.family() != Family::Ecma || !matches!(operator(node), "===" | "!==" | "==" | "!=") {
        return;
    }
    let Some((left, right)) = operands(node) else { return };
    let (left, right) = (bare(left), bare(right));
    let told = [(left, right), (right, left)].into_iter().find_map(|(secret, other)| {
        let what = if is_mac(secret) {
            "a signature"
        } else if is_environment(secret) && is_sent(other) {
            "a secret"
        } else {
            return None;
        };
        let open = matches!(
            other.kind(),
            Kind::Identifier | Kind::MemberExpression | Kind::SubscriptExpression | Kind::CallExpression
        ) && other.text() != "undefined"
            && !is_mac(other);
        open.then_some(what)
    });
    let Some(what) = told else { return };
    let message = format!(
        "This compares {what} byte by byte and stops at the first difference: the time tells how much was right. Use `crypto.timingSafeEqual`."
    );
    cx.report(Note::new(cx.rule, node.span(), message));
}

/// Whether a value is the digest of an HMAC, as computed here.
fn is_mac(node: Node<'_>) -> bool {
    let made = |n: Node<'_>| {
        let text = n.text();
        n.kind() == Kind::CallExpression && text.contains("createHmac(") && text.contains(".digest(")
    };
    made(node) || declarator(node).and_then(|d| d.child(Field::Value)).map(bare).is_some_and(made)
}

/// Whether a value is a variable of the environment that is named like a secret.
fn is_environment(node: Node<'_>) -> bool {
    node.kind() == Kind::MemberExpression
        && node.text().starts_with("process.env.")
        && place_name(node).is_some_and(|n| {
            let words = words(&n);
            let last = words.last().map_or("", String::as_str);
            matches!(last, "secret" | "token" | "key" | "password" | "apikey")
                || words.iter().any(|w| w == "secret" || w == "token")
        })
}

/// Whether a value looks like what somebody sent: of a request, or named like a secret.
fn is_sent(node: Node<'_>) -> bool {
    let root = root_name(node).map_or("", Node::text);
    let words = words(&place_name(node).unwrap_or_default());
    matches!(root, "req" | "request" | "ctx" | "event" | "headers")
        || words.iter().any(|w| {
            matches!(w.as_str(), "token" | "secret" | "apikey" | "password" | "signature" | "bearer" | "authorization")
        })
        || words.ends_with(&["api".to_owned(), "key".to_owned()])
}
