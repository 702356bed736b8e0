use sidenote_grammars::{Family, Field, Kind};

use crate::findings::{Category, Confidence, Note, Severity};
use crate::rules::rust_names::{Origin, binding};
use crate::rules::rust_types::type_of;
use crate::rules::shape::{declarator, operands, operator, root_name};
use crate::rules::support::{bare, enclosing_function, method, place_name, words};
use crate::rules::{Case, Check, Cx, Docs, Rule, unparenthesized};
use crate::syntax::Node;

pub static RULE: Rule = Rule {
    id: "timing-unsafe-comparison",
    summary: "a secret is compared in a time that tells how much of it was right",
    category: Category::Security,
    severity: Severity::Medium,
    confidence: Confidence::Medium,
    cwe: &[208, 697],
    families: &[Family::Ecma, Family::Rust],
    default_on: true,
    in_tests: false,
    docs: Docs {
        what: "Finds `===`, `==` and their opposites between an HMAC or hash that the code computed, a secret of the environment or by its name, and what a client sent; in Rust \
               between a secret (a MAC, a signature, a password or its hash, an API key, a token) and what somebody gave.",
        why: "The comparison stops at the first byte that differs: whoever measures many answers finds a valid signature or token byte by byte.",
        example: "const mac = crypto.createHmac('sha256', key).update(body).digest('hex');\nif (mac !== req.headers['x-signature']) return res.sendStatus(403);",
        instead: "const mac = crypto.createHmac('sha256', key).update(body).digest();\nconst sent = Buffer.from(String(req.headers['x-signature']), 'hex');\nif (sent.length !== mac.length || !crypto.timingSafeEqual(mac, sent)) return res.sendStatus(403);",
        limits: "Comparisons with literals, of two computed hashes of files, and hashes without a key beside anything but a request or a parameter are left alone. In Rust names are the evidence, as long as the types \
                 allow it: lengths, numbers, enums (`Token::Comma`), tokens of parsers and hashes of tables are left alone.",
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
        Case::bad(
            "a.js",
            "app.post('/login', (req, res) => { if (req.body.password == account.password) res.end('ok'); }); //~ timing-unsafe-comparison",
        ),
        Case::bad(
            "a.js",
            "app.use((req, res, next) => { if (req.headers['x-api-key'] !== config.apiKey) return res.sendStatus(401); next(); }); //~ timing-unsafe-comparison",
        ),
        Case::near_miss(
            "a.js",
            "app.post('/p', (req, res) => { if (req.body.password !== req.body.confirmPassword) return res.sendStatus(400); if (req.body.kind === tokenType) go(); });",
        ),
        Case::good("a.js", "if (process.env.API_KEY === undefined) { fail(); }"),
        Case::good("a.js", "if (process.env.API_KEY === 'test') { fail(); }"),
        Case::good(
            "a.js",
            "function same(a, b) { const x = crypto.createHash('md5').update(a).digest('hex'); return cache[b] === x; }",
        ),
        Case::near_miss(
            "s.js",
            r#"function decode(data, theirs, secret) {
  let good = Crypto.createHmac('sha256', secret).update(data).digest();
  theirs = Crypto.createHash('sha512').update(theirs).digest('hex');
  good = Crypto.createHash('sha512').update(good).digest('hex');
  if (theirs !== good) throw new Error('bad signature');
}"#,
        ),
        Case::near_miss("a.js", "if (process.env.NODE_ENV === mode) { go(); }"),
        Case::near_miss("a.js", "const a = process.env.TOKEN; if (typeof a === kind) { go(); }"),
        Case::near_miss("a.js", "if (process.env.KEY_ID !== options.keyId) { warn(); }"),
        Case::bad("a.rs", "fn verify(mac: &[u8], given: &[u8]) -> bool { mac == given } //~ timing-unsafe-comparison"),
        Case::bad(
            "a.rs",
            "fn verify(secret: &[u8], v: &str, tag: &str) -> bool { let expected = sign_cookie(secret, v); expected == tag } //~ timing-unsafe-comparison",
        ),
        Case::near_miss(
            "a.rs",
            "fn parse(p: &mut P, tag: &str) -> bool { let expected = p.open_tag(); expected == tag }",
        ),
        Case::bad(
            "a.rs",
            "impl Totp { fn check(&self, token: &str, time: u64) -> bool { self.generate(time / self.step) == token } } //~ timing-unsafe-comparison",
        ),
        Case::near_miss("a.rs", "fn next(&mut self, token: Token) -> bool { self.generate_kind() == token.kind }"),
        Case::bad(
            "a.rs",
            "fn f(req: &Req, api_key: &str) -> bool { req.header(\"x-api-key\") == Some(api_key) } //~ timing-unsafe-comparison",
        ),
        Case::bad(
            "a.rs",
            "fn login(stored_hash: &str, hash: String) { if stored_hash == hash { ok() } } //~ timing-unsafe-comparison",
        ),
        Case::bad(
            "a.rs",
            "fn f(u: &User, password: &str) -> bool { u.password == password } //~ timing-unsafe-comparison",
        ),
        Case::bad(
            "a.rs",
            "fn f(&self, signature: &[u8]) -> bool { self.sign(b) != signature } //~ timing-unsafe-comparison",
        ),
        Case::bad(
            "a.rs",
            "fn f(token: &str, expected_token: &str) { if token != expected_token { return; } } //~ timing-unsafe-comparison",
        ),
        Case::bad("a.rs", "fn f(a: &str, s: &S) -> bool { s.csrf_token == a } //~ timing-unsafe-comparison"),
        Case::bad(
            "a.rs",
            "fn f(mac: Hmac<Sha256>, tag: &[u8]) -> bool { mac.finalize().into_bytes().as_slice() == tag } //~ timing-unsafe-comparison",
        ),
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
        Case::near_miss(
            "a.rs",
            "impl PartialEq for Key { fn eq(&self, other: &Self) -> bool { self.secret == other.secret } }",
        ),
        Case::near_miss("a.rs", "fn f(mac: MacAddr, other_mac: MacAddr) -> bool { mac == other_mac }"),
        Case::near_miss("a.rs", "fn f(new_password: &str, password: &str) -> bool { new_password == password }"),
        Case::near_miss("a.rs", "fn f(next_token: &str, page_token: &str) -> bool { next_token == page_token }"),
        Case::near_miss(
            "a.rs",
            "fn f(a: &Node, password: Option<String>) -> bool { a.redis.password.as_deref() != password.as_deref() }",
        ),
        Case::near_miss(
            "a.rs",
            "fn valid(key: u64, nonce: &[u8], signature: &[u8]) -> bool { let mut h = FxHasher::default(); h.write_u64(key); h.write(nonce); let expected = h.finish().to_le_bytes(); expected[..4] == signature[..] }",
        ),
        Case::bad(
            "a.rs",
            "fn verify(expected: &[u8], mac: Hmac<Sha256>) -> bool {\n    let got = mac.finalize().into_bytes();\n    got.as_slice() == expected //~ timing-unsafe-comparison\n}",
        ),
        Case::near_miss(
            "a.rs",
            "fn f() -> Result<SecretString> {\n    let password = prompt_password(\"New password: \")?;\n    let repeated = prompt_password(\"Repeat the new password: \")?;\n    if password.expose_secret() != repeated.expose_secret() { return Err(differ()); }\n    Ok(password)\n}",
        ),
        Case::near_miss(
            "a.rs",
            "fn f(upload: &Upload, hasher: Sha256) -> bool {\n    let actual_hash = hex::encode(hasher.finalize());\n    let expected_hash = upload.checksum();\n    actual_hash != expected_hash\n}",
        ),
        Case::near_miss(
            "a.rs",
            "fn f(data: &[u8], n: usize) -> bool {\n    let hash_actual = crc32fast::hash(&data[..n]).to_le_bytes();\n    let hash_expected = &data[n..];\n    hash_expected != hash_actual\n}",
        ),
    ],
};

fn check<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    match cx.family() {
        Family::Ecma => check_ecma(node, cx),
        Family::Rust => check_rust(node, cx),
    }
}

/// TypeScript and JavaScript: the digest of an HMAC that was computed here, or a secret of the environment.
fn check_ecma<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    if !matches!(operator(node), "===" | "!==" | "==" | "!=") {
        return;
    }
    let Some((left, right)) = operands(node) else { return };
    let (left, right) = (bare(left), bare(right));
    let told = [(left, right), (right, left)].into_iter().find_map(|(secret, other)| {
        let what = if is_mac(secret) {
            "a signature"
        } else if is_environment(secret) && is_sent(other) || is_kept(secret) && is_of_request(other) {
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
    // Both were hashed again: what the time tells of the hashes says nothing of the signature.
    let hashed = |name: &str| {
        node.arena().nodes().any(|n| {
            n.kind() == Kind::AssignmentExpression
                && n.child(Field::Left).is_some_and(|l| l.text() == name)
                && n.child(Field::Right).is_some_and(|r| r.text().contains("createHash("))
        })
    };
    if hashed(left.text()) && hashed(right.text()) {
        return;
    }
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

/// Whether a value is a secret that the program keeps, by its name: `config.apiKey`, `WEBHOOK_SECRET`, `user.password`.
fn is_kept(node: Node<'_>) -> bool {
    if !matches!(node.kind(), Kind::Identifier | Kind::MemberExpression) || is_of_request(node) {
        return false;
    }
    let words = words(&place_name(node).unwrap_or_default());
    let last = words.last().map_or("", String::as_str);
    let new =
        words.iter().any(|w| matches!(w.as_str(), "confirm" | "confirmation" | "repeat" | "new" | "old" | "type"));
    !new && (matches!(last, "secret" | "password" | "token" | "apikey" | "signature" | "passphrase")
        || words.ends_with(&["api".to_owned(), "key".to_owned()])
        || words.ends_with(&["secret".to_owned(), "key".to_owned()]))
}

/// Whether a value stands in a request: in its body, query, parameters or headers.
fn is_of_request(node: Node<'_>) -> bool {
    let text = node.text();
    let root = root_name(node).map_or("", Node::text);
    matches!(root, "req" | "request" | "ctx")
        && ["body", "query", "params", "headers", "header(", "get("].iter().any(|p| text.contains(&format!(".{p}")))
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

/// Rust: names and types are the evidence.
fn check_rust<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    if !matches!(operator(node), "==" | "!=") {
        return;
    }
    let Some((left, right)) = operands(node) else { return };
    let function = enclosing_function(node).and_then(|f| f.child(Field::Name)).map_or("", Node::text);
    if matches!(function, "eq" | "ne" | "cmp" | "partial_cmp") {
        return;
    }
    // A hash of tables keeps no secret.
    let home = enclosing_function(node).map_or("", Node::text);
    if ["FxHasher", "DefaultHasher", "AHasher", "SipHasher"].iter().any(|h| home.contains(h)) {
        return;
    }
    let (Some(a), Some(b)) = (told(left), told(right)) else { return };
    // Sums of files and of messages tell what was damaged, and are no secret.
    let lower = home.to_lowercase();
    let sum =
        |words: &[String]| words.iter().any(|w| matches!(w.as_str(), "hash" | "digest" | "checksum" | "sum" | "crc"));
    let keyed = [
        "hmac",
        "keyed",
        "passw",
        "secret",
        "api_key",
        "apikey",
        "signature",
        "token",
        "auth",
        "session",
        "sign(",
        "login",
        "verify",
    ];
    if (sum(&a) || sum(&b)) && (lower.contains("crc") || !keyed.iter().any(|w| lower.contains(w))) {
        return;
    }
    // Two settings that may both be missing are compared with each other, not with what somebody sent.
    let optional = |n: Node<'a>| method(unparenthesized(n)).is_some_and(|(_, m)| m.text() == "as_deref");
    if optional(left) && optional(right) {
        return;
    }
    let plain = |n: Node<'a>| {
        type_of(n, cx).is_none_or(|t| match t.name {
            "str" | "String" | "Vec" | "[]" | "[;]" | "_" | "Option" | "Cow" | "Bytes" => true,
            name => name.starts_with("GenericArray") || name.contains("Secret"),
        })
    };
    // `expected == tag` where a MAC is made.
    let single = |words: &[String], of: &[&str]| matches!(words, [one] if of.contains(&one.as_str()));
    let mac = lower.contains("hmac") || lower.contains("mac(") || lower.contains("sign");
    let expected = ["expected", "computed", "calculated"];
    let given = ["tag", "sig", "signature", "mac", "hmac", "token"];
    let pair = mac && (single(&a, &expected) && single(&b, &given) || single(&b, &expected) && single(&a, &given));
    if !plain(left) || !plain(right) || !(pair || secret(&a, &b) || secret(&b, &a)) {
        return;
    }
    let message = "The time that this takes tells how many of the bytes were right. Compare secrets in constant time: `subtle::ConstantTimeEq`, `ring::constant_time`, or the library's `verify`.";
    cx.report(Note::new(cx.rule, node.span(), message));
}

/// The words of what a side of the comparison is called; `None` for what is no value of somebody's.
fn told(node: Node<'_>) -> Option<Vec<String>> {
    let mut at = unparenthesized(node);
    loop {
        at = match at.kind() {
            Kind::Identifier if !at.text().starts_with(|c: char| c.is_uppercase()) || at.text().contains('_') => {
                let mut out = words(at.text());
                out.extend(mac_of(at));
                return Some(out);
            }
            Kind::FieldExpression => return at.child(Field::Field).map(|f| words(f.text())),
            Kind::ReferenceExpression => unparenthesized(at.child(Field::Value)?),
            Kind::UnaryExpression if at.text().starts_with('*') => unparenthesized(at.last_named()?),
            Kind::TryExpression | Kind::AwaitExpression => unparenthesized(at.first_named()?),
            Kind::IndexExpression => {
                let ranged = at.named_children().nth(1)?.kind() == Kind::RangeExpression;
                if !ranged {
                    return None;
                }
                at.first_named()?
            }
            Kind::CallExpression => match method(at) {
                Some((of, m)) => match m.text() {
                    "as_bytes" | "as_str" | "as_slice" | "as_ref" | "to_string" | "to_vec" | "clone" | "unwrap"
                    | "expect" | "into_bytes" | "as_deref" | "trim" | "to_owned" | "unwrap_or_default"
                    | "to_lowercase" | "into_inner" | "expose_secret" | "to_bytes" | "unwrap_or" | "borrow" => {
                        unparenthesized(of)
                    }
                    "finalize" | "finalize_fixed" | "finish" => {
                        let mut out = told(of)?;
                        out.push("computed".into());
                        return Some(out);
                    }
                    "len" | "is_empty" | "count" | "kind" | "id" | "type_id" | "as_ptr" | "is_some" | "is_none" => {
                        return None;
                    }
                    "get" | "header" => return Some(vec!["given".into()]),
                    m => return made(m),
                },
                // `Some(x)`, `hash(x)`
                None => {
                    let f = at.child(Field::Function)?;
                    let arg = at.child(Field::Arguments)?.first_named();
                    match f.text() {
                        "Some" | "Ok" => unparenthesized(arg?),
                        text => {
                            return made(text.rsplit("::").next().unwrap_or(text));
                        }
                    }
                }
            },
            _ => return None,
        };
    }
}

/// `let got = mac.finalize().into_bytes();`: the words of a MAC that a variable holds.
fn mac_of(variable: Node<'_>) -> Vec<String> {
    // What is keyed with a salt hides a name, as `known_hosts` does, and no secret.
    if enclosing_function(variable)
        .is_some_and(|f| f.text().contains("new_from_slice(&salt)") || f.text().contains("new_from_slice(salt)"))
    {
        return Vec::new();
    }
    let value = binding(variable).and_then(|b| match b.origin {
        Origin::Let(n) => n.child(Field::Value),
        _ => None,
    });
    let made = value.filter(|v| v.kind() == Kind::CallExpression && v.text().contains(".finalize()")).and_then(told);
    made.filter(|w| w.iter().any(|w| w == "mac" || w == "hmac")).unwrap_or_default()
}

/// What a function of that name gives: a MAC or a hash that it computes, else nothing that is known.
fn made(function: &str) -> Option<Vec<String>> {
    let mut out = words(function);
    let computes = out.iter().any(|w| {
        matches!(
            w.as_str(),
            "sign" | "mac" | "hmac" | "digest" | "hash" | "signature" | "compute" | "generate" | "totp" | "hotp"
        )
    });
    out.push("computed".into());
    (computes && !out.iter().any(|w| w == "u64" || w == "u32")).then_some(out)
}

/// Whether a side is named for a secret that the other one is held against.
fn secret(side: &[String], other: &[String]) -> bool {
    let has = |list: &[String], of: &[&str]| list.iter().any(|w| of.contains(&w.as_str()));
    // Words that say that it is about a secret, not the secret itself, or about something public.
    const ABOUT: [&str; 40] = [
        "public",
        "magic",
        "block",
        "len",
        "length",
        "type",
        "kind",
        "id",
        "ids",
        "name",
        "count",
        "index",
        "idx",
        "pos",
        "position",
        "size",
        "version",
        "alg",
        "algorithm",
        "state",
        "status",
        "field",
        "prompt",
        "page",
        "next",
        "prev",
        "continuation",
        "cancel",
        "address",
        "addr",
        "new",
        "confirm",
        "confirmation",
        "repeat",
        "repeated",
        "retyped",
        "confirmed",
        "again",
        "url",
        "path",
    ];
    if has(side, &ABOUT) || has(other, &ABOUT) {
        return false;
    }
    // What a format begins with.
    let joined = side.join("_");
    // `self.generate(time) == token`
    if matches!(joined.as_str(), "token" | "otp" | "code" | "totp" | "passcode")
        && has(other, &["computed"])
        && has(other, &["generate", "otp", "totp", "hotp"])
    {
        return true;
    }
    let strong = matches!(
        joined.as_str(),
        "mac"
            | "hmac"
            | "password"
            | "passwd"
            | "api_key"
            | "apikey"
            | "secret"
            | "csrf_token"
            | "auth_token"
            | "access_token"
            | "session_token"
            | "secret_key"
            | "password_hash"
            | "hashed_password"
            | "admin_token"
            | "api_token"
            | "bearer_token"
            | "otp"
            | "pin"
            | "reset_token"
            | "signature"
            | "auth_tag"
            | "webhook_secret"
            | "client_secret"
            | "api_secret"
            | "auth_key"
            | "private_key"
            | "passphrase"
    ) || has(side, &["hmac", "csrf"])
        || has(side, &["mac"])
            && has(
                side,
                &["expected", "computed", "calculated", "given", "received", "actual", "our", "their", "finalize"],
            );
    let weak = has(side, &["token", "hash", "digest", "sig", "signature", "tag", "mac", "key", "checksum"]) || strong;
    let held = [
        "expected",
        "provided",
        "given",
        "stored",
        "received",
        "supplied",
        "submitted",
        "computed",
        "calculated",
        "actual",
        "claimed",
        "presented",
        "candidate",
        "input",
    ];
    // A signature and a MAC are many things; whoever computes or expects one means this.
    if matches!(joined.as_str(), "signature" | "mac" | "pin" | "secret") {
        return has(other, &held)
            || !has(other, &["png", "jpeg", "gif", "zip", "file", "header"])
                && has(other, &["sig", "signature", "mac", "hmac", "tag", "secret", "pin", "code", "digest"])
                && joined != other.join("_");
    }
    if strong {
        return true;
    }
    // `token == expected_token`, `stored_hash == hash`
    weak && has(side, &held)
        && has(
            other,
            &["token", "hash", "digest", "sig", "signature", "tag", "mac", "key", "given", "input", "computed"],
        )
        && !has(side, &["checksum"])
}
