use sidenote_grammars::{Family, Field, Kind};

use crate::findings::{Category, Confidence, Note, Severity};
use crate::rules::support::{key_name, words};
use crate::rules::{Case, Check, Cx, Docs, Rule};
use crate::semantics::flow::kinds::SinkKind;
use crate::syntax::Node;

pub static RULE: Rule = Rule {
    id: "insecure-randomness",
    summary: "a secret made of random numbers that can be guessed",
    category: Category::Security,
    severity: Severity::High,
    confidence: Confidence::Medium,
    cwe: &[338, 330, 335, 340],
    families: &[Family::Ecma, Family::Rust],
    default_on: true,
    in_tests: false,
    docs: Docs {
        what: "Follows `Math.random()`, `_.random()` and other generators that are not cryptographic into tokens, passwords, \
               session ids, salts, nonces, keys and one-time codes: into variables, fields and functions of such names, and into \
               the keys that cryptographic functions take.",
        why: "The state of `Math.random` follows from a handful of outputs, and with it every token that the process has made or will \
              make.",
        example: "const resetToken = Math.random().toString(36).slice(2);",
        instead: "const resetToken = crypto.randomBytes(32).toString('base64url');",
        limits: "What a value is for is told by names and by the functions that take it; ids of elements, colours, delays and \
                 samples are left alone. Where the name does not tell, nothing is said.",
        fix: "",
    },
    checks: &[
        Check::Flow(
            &[SinkKind::Secret],
            "`{sink}` must not be guessed, and it is made of {source}, which can be. Use a cryptographic generator (`crypto.randomBytes`, `OsRng`).",
        ),
        Check::Nodes(&[Kind::VariableDeclarator, Kind::Pair], code),
        Check::Nodes(&[Kind::VariableDeclarator, Kind::Pair, Kind::AssignmentExpression], clock),
    ],
    cases: &[
        Case::bad(
            "a.rs",
            r#"use rand::{rngs::StdRng, Rng, SeedableRng};
fn token() -> String {
    let mut rng = StdRng::seed_from_u64(42);
    let token: u64 = rng.gen(); //~ insecure-randomness
    format!("{token:x}")
}"#,
        ),
        Case::bad(
            "a.rs",
            r#"use rand::{rngs::{SmallRng, StdRng}, Rng, SeedableRng};
pub fn session_token() -> String {
    let mut rng = SmallRng::seed_from_u64(42);
    (0..16).map(|_| format!("{:02x}", rng.gen::<u8>())).collect() //~ insecure-randomness
}
pub fn make() -> u64 {
    let mut rng = StdRng::from_seed([7u8; 32]);
    let token: u64 = rng.gen(); //~ insecure-randomness
    token
}"#,
        ),
        Case::near_miss(
            "a.rs",
            "use rand::{rngs::StdRng, Rng, SeedableRng};\nfn make(seed: [u8; 32]) -> u64 { let mut rng = StdRng::from_seed(seed); let token: u64 = rng.gen(); token }",
        ),
        Case::bad(
            "a.js",
            "const code = Math.floor(100000 + Math.random() * 900000).toString(); //~ insecure-randomness",
        ),
        Case::near_miss(
            "a.js",
            "const port = Math.floor(10000 + Math.random() * 50000);\nconst code = Math.floor(Math.random() * 256);",
        ),
        Case::bad("a.js", "const token = Math.random().toString(36).slice(2); //~ insecure-randomness"),
        Case::bad(
            "a.js",
            "function generatePassword() {\n  let out = '';\n  for (let i = 0; i < 12; i++) out += CHARS[Math.floor(Math.random() * CHARS.length)];\n  return out; //~ insecure-randomness\n}",
        ),
        Case::bad("a.ts", "const makeToken = () => Math.random().toString(36); //~ insecure-randomness"),
        Case::bad(
            "a.ts",
            "export class Users {\n  async forgot(user: User) {\n    user.resetToken = String(Math.random()); //~ insecure-randomness\n    await user.save();\n  }\n}",
        ),
        Case::bad(
            "a.js",
            "const _ = require('lodash');\nconst otp = _.random(100000, 999999); //~ insecure-randomness",
        ),
        Case::bad("a.js", "const user = { name, apiKey: 'k-' + Math.random() }; //~ insecure-randomness"),
        Case::bad(
            "a.js",
            "const crypto = require('crypto');\nconst r = Math.random().toString();\nconst mac = crypto.createHmac('sha256', r); //~ insecure-randomness",
        ),
        Case::bad(
            "a.js",
            "function code() { return Math.floor(Math.random() * 1e6); }\nconst otp = code(); //~ insecure-randomness",
        ),
        Case::bad(
            "a.js",
            "let sessionId = '';\nwhile (sessionId.length < 20) {\n  sessionId += 'abcdef'.charAt(Math.floor(Math.random() * 6)); //~ insecure-randomness\n}",
        ),
        Case::bad("a.ts", "const nonce: string = `${Date.now()}${Math.random()}`; //~ insecure-randomness"),
        Case::bad(
            "a.js",
            "const salt = Array.from({ length: 8 }, () => Math.floor(Math.random() * 36).toString(36)).join(''); //~ insecure-randomness",
        ),
        Case::bad(
            "a.js",
            "const secret = 'xxxx-xxxx'.replace(/x/g, () => Math.floor(Math.random() * 16).toString(16)); //~ insecure-randomness",
        ),
        Case::bad("a.js", "user.resetToken = Date.now().toString(36); //~ insecure-randomness"),
        Case::bad(
            "a.js",
            "const crypto = require('crypto');\nconst sessionId = crypto.createHash('md5').update(String(Date.now())).digest('hex'); //~ insecure-randomness",
        ),
        Case::near_miss("a.js", "const requestToken = Date.now();\nconst token = { at: Date.now().toString() };"),
        Case::near_miss("a.js", "const sessionId = `${Date.now().toString(36)}${crypto.randomUUID()}`;"),
        Case::near_miss(
            "a.js",
            "const tokenAge = Date.now().toString();\nconst idempotencyKey = Date.now().toString();",
        ),
        Case::good("a.js", "const crypto = require('crypto');\nconst token = crypto.randomBytes(32).toString('hex');"),
        Case::good("a.js", "const color = '#' + Math.floor(Math.random() * 0xffffff).toString(16);"),
        Case::good("a.js", "const delay = 1000 * Math.random();\nsetTimeout(retry, delay);"),
        Case::good("a.ts", "const id = `input-${Math.random().toString(36)}`;"),
        Case::good("a.js", "const sessionId = crypto.randomUUID();"),
        Case::good("a.js", "const pick = items[Math.floor(Math.random() * items.length)];"),
        Case::good("a.ts", "const otp = crypto.randomInt(100000, 999999);"),
        Case::good("a.js", "const { nanoid } = require('nanoid');\nconst apiKey = nanoid(32);"),
        Case::good("a.js", "const tokens = text.split(' ');\nconst weight = Math.random();"),
        Case::good("a.js", "let token = Math.floor(3.7);\ntoken = crypto.randomBytes(8);"),
        Case::good("a.js", "function shuffle(list) { return list.sort(() => Math.random() - 0.5); }"),
        Case::good("a.js", "const sample = Math.random() < 0.1;\nconst password = sample ? readline() : prompt();"),
        Case::near_miss("a.js", "const maxTokenAssociations = Math.floor(Math.random() * 10);"),
        Case::near_miss("a.js", "const tokenIndex = Math.floor(Math.random() * tokens.length);"),
        Case::near_miss("a.js", "const tokenExpiry = Date.now() + Math.random() * 1000;"),
        Case::near_miss("a.js", "const tokenCount = Math.random() * 10;"),
        Case::near_miss("a.js", "if (Math.random() > 0.5) { token = await refresh(); }"),
        Case::near_miss("a.js", "const cancelToken = Math.random();"),
        Case::near_miss("a.js", "const jitter = Math.random() * 100;\nscheduleTokenRefresh(jitter);"),
        Case::near_miss("a.js", "const secretSanta = people[0];\nconst seed = Math.random();"),
        Case::bad(
            "a.js",
            r#"require("express")().get("/x", (req, res) => {
  res.cookie("csrfToken", Math.random().toString(36), { secure: true, httpOnly: true }); //~ insecure-randomness
  res.end();
});"#,
        ),
    ],
};

/// `user.resetToken = Date.now().toString(36)`: whoever knows when it was made knows it.
fn clock<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    let (name, value) = match node.kind() {
        Kind::Pair => (key_name(node).map(|k| k.into_owned()), node.child(Field::Value)),
        Kind::AssignmentExpression => {
            let left = node.child(Field::Left);
            let name = left.map(|l| l.child(Field::Property).unwrap_or(l).text().to_owned());
            (name, node.child(Field::Right))
        }
        _ => (node.child(Field::Name).map(|n| n.text().to_owned()), node.child(Field::Value)),
    };
    let (Some(name), Some(value)) = (name, value) else { return };
    let text = value.text();
    if text.len() >= 200 || !text.contains("Date") {
        return;
    }
    let name = words(&name);
    let last = name.last().map(String::as_str).unwrap_or_default();
    let before = name.len().checked_sub(2).and_then(|n| name.get(n)).map(String::as_str).unwrap_or_default();
    let secret = matches!(last, "token" | "secret" | "password" | "otp") && before != "cancel" && before != "request"
        || last == "id" && before == "session"
        || last == "key" && before == "api";
    let is_text = |clock: &str| {
        text.starts_with(&format!("{clock}.toString("))
            || text.contains("createHash(") && text.contains(&format!("({clock}"))
            || text.contains(&format!("String({clock})"))
    };
    let from_clock = ["Date.now()", "new Date().getTime()", "+new Date()"].iter().any(|c| is_text(c));
    if secret && from_clock && !text.to_ascii_lowercase().contains("random") {
        let message = "This must not be guessed, and it is the time at which it was made. Use a cryptographic generator \
                       (`crypto.randomBytes`, `crypto.randomUUID`).";
        cx.report(Note::new(cx.rule, value.span(), message));
    }
}

/// `const code = Math.floor(100000 + Math.random() * 900000)`: as many digits as a code has that is sent to somebody. Names that
/// tell are the data flow's business.
fn code<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    let name = match node.kind() {
        Kind::Pair => key_name(node).map(|k| k.into_owned()),
        _ => node.child(Field::Name).map(|n| n.text().to_owned()),
    };
    let Some(value) = node.child(Field::Value) else { return };
    let last = name.as_deref().map(words).and_then(|w| w.last().cloned()).unwrap_or_default();
    if last != "code" && last != "digits" || !value.text().contains("Math.random()") || value.text().len() > 120 {
        return;
    }
    let squeezed: String = value.text().chars().filter(|c| !c.is_whitespace() && *c != '_').collect();
    if [("100000", "900000"), ("1000", "9000"), ("10000", "90000")].iter().any(|(least, more)| {
        squeezed.contains(&format!("{least}+Math.random()*{more}"))
            || squeezed.contains(&format!("Math.random()*{more}+{least}"))
            || squeezed.contains(&format!("{least}+Math.floor(Math.random()*{more})"))
            || squeezed.contains(&format!("Math.floor(Math.random()*{more})+{least}"))
    }) {
        let message = "A code that proves something to somebody must not be guessed, and `Math.random()` can be. Use `crypto.randomInt`.";
        cx.report(Note::new(cx.rule, value.span(), message));
    }
}
