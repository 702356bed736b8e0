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
    families: &[Family::Ecma, Family::Rust],
    default_on: true,
    in_tests: false,
    docs: Docs {
        what: "Finds `===` and `!==` between an HMAC or hash that the code computed, or a secret of the environment, and what a client sent. In Rust: `==` and `!=` between a MAC, signature, password, API key or token, by their names or `finalize()`, and what is stored, expected, computed or given.",
        why: "The comparison stops at the first byte that differs: whoever measures many answers finds a valid signature or token byte by byte.",
        example: "const mac = crypto.createHmac('sha256', key).update(body).digest('hex');\nif (mac !== req.headers['x-signature']) return res.sendStatus(403);",
        instead: "const mac = crypto.createHmac('sha256', key).update(body).digest();\nconst sent = Buffer.from(String(req.headers['x-signature']), 'hex');\nif (sent.length !== mac.length || !crypto.timingSafeEqual(mac, sent)) return res.sendStatus(403);",
        limits: "Comparisons with literals, of two computed hashes of files, and hashes without a key beside anything but a request or a parameter are left alone.",
        fix: "",
    },
    checks: &[Check::Nodes(&[Kind::BinaryExpression], check), Check::Nodes(&[Kind::BinaryExpression], rust)],
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
        Case::bad("a.rs", "fn verify(mac: &[u8], given: &[u8]) -> bool { mac == given } //~ timing-unsafe-comparison"),
        Case::bad("a.rs", "fn f(req: &Req, api_key: &str) -> bool { req.header(\"x-api-key\") == Some(api_key) } //~ timing-unsafe-comparison"),
        Case::bad("a.rs", "fn login(stored_hash: &str, hash: String) { if stored_hash == hash { ok() } } //~ timing-unsafe-comparison"),
        Case::bad("a.rs", "fn f(u: &User, password: &str) -> bool { u.password == password } //~ timing-unsafe-comparison"),
        Case::bad("a.rs", "fn f(&self, signature: &[u8]) -> bool { self.sign(b) != signature } //~ timing-unsafe-comparison"),
        Case::bad("a.rs", "fn f(token: &str, expected_token: &str) { if token != expected_token { return; } } //~ timing-unsafe-comparison"),
        Case::bad("a.rs", "fn f(a: &str, s: &S) -> bool { s.csrf_token == a } //~ timing-unsafe-comparison"),
        Case::bad("a.rs", "fn f(mac: Hmac<Sha256>, tag: &[u8]) -> bool { mac.finalize().into_bytes().as_slice() == tag } //~ timing-unsafe-comparison"),
        Case::bad("a.rs", "fn f(m: Hmac<Sha256>, sig: &[u8]) -> bool { m.finalize().into_bytes().as_slice() == sig } //~ timing-unsafe-comparison"),
        Case::good("a.rs", "fn f(&self, key: &[u8]) -> bool { self.toml_key() == key }"),
        Case::good("a.rs", "fn f(signature: [u8; 8]) -> bool { signature == PNG_SIGNATURE }"),
        Case::good("a.rs", "fn f(k: &Key, c: &Cert) -> bool { k.public_key().key_data() == c.public_key() }"),
        Case::good("a.rs", "fn f(a: &[u8], signature: &[u8]) -> bool { a.ct_eq(signature).into() }"),
        Case::good("a.rs", "fn f(password: &str) -> bool { password == \"\" }"),
        Case::good("a.rs", "fn f(token: Token) -> bool { token == Token::Comma }"),
        Case::good("a.rs", "fn f(a: &E, b: &E) -> bool { a.hash == b.hash }"),
        Case::good("a.rs", "fn f(password: &str, confirm: &str) -> bool { password == confirm_password }"),
        Case::good("a.rs", "fn f(signature: &[u8]) -> bool { signature.len() == SIGNATURE_LEN }"),
        Case::near_miss("a.rs", "fn f(token: Token, expected_token: Token) -> bool { token == expected_token }"),
        Case::near_miss("a.rs", "fn f(a: &Signature, b: &Signature) -> bool { a.signature_kind == b.signature_kind }"),
        Case::near_miss("a.rs", "impl PartialEq for Key { fn eq(&self, other: &Self) -> bool { self.secret == other.secret } }"),
        Case::near_miss("a.rs", "fn f(mac: MacAddr, other_mac: MacAddr) -> bool { mac == other_mac }"),
        Case::near_miss("a.rs", "fn f(new_password: &str, password: &str) -> bool { new_password == password }"),
        Case::near_miss("a.rs", "fn f(next_token: &str, page_token: &str) -> bool { next_token == page_token }"),
    ],
};

fn check<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    if cx.arena().language().family != Family::Ecma {
        return;
    }
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

fn rust<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    if cx.arena().language().family == Family::Rust {
        crate::rules::rust_timing::check(node, cx);
    }
}
