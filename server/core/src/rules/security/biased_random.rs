use sidenote_grammars::{Family, Field, Kind};

use crate::findings::{Category, Confidence, Note, Severity};
use crate::rules::shape::{declarator, operands, operator};
use crate::rules::support::{args, bare, constant, constant_text, ecma_path, method};
use crate::rules::{Case, Check, Cx, Docs, Rule};
use crate::syntax::Node;

pub static RULE: Rule = Rule {
    id: "biased-random",
    summary: "random bytes are brought into a range so that some values come more often",
    category: Category::Security,
    severity: Severity::Low,
    confidence: Confidence::High,
    cwe: &[327, 330],
    families: &[Family::Ecma],
    default_on: true,
    in_tests: false,
    docs: Docs {
        what: "Finds bytes of `crypto.randomBytes` or `crypto.getRandomValues` of which the remainder by a number that does not divide 256 is taken.",
        why: "256 values do not spread evenly over 10 or 62: the first ones come more often, and passwords, codes and tokens made so are easier to guess.",
        example: "const digit = crypto.randomBytes(1)[0] % 10;",
        instead: "const digit = crypto.randomInt(10);",
        limits: "Only single bytes; of a 32-bit number the bias is small.",
        fix: "",
    },
    checks: &[Check::Nodes(&[Kind::BinaryExpression], check)],
    cases: &[
        Case::bad(
            "a.js",
            "const crypto = require('crypto');\nconst digit = crypto.randomBytes(1)[0] % 10; //~ biased-random",
        ),
        Case::bad(
            "a.ts",
            "import { randomBytes } from 'crypto';\nexport function code() { const b = randomBytes(6); let s = ''; for (let i = 0; i < 6; i++) { s += b[i] % 10; } return s; } //~ biased-random",
        ),
        Case::bad(
            "a.js",
            "const crypto = require('crypto');\nconst SET = 'abcdefghijklmnopqrstuvwxyz0123456789';\nfunction id() { const b = crypto.randomBytes(8); return SET[b[0] % SET.length]; } //~ biased-random",
        ),
        Case::bad(
            "a.ts",
            "function pick() { const a = new Uint8Array(4); crypto.getRandomValues(a); return a[0] % 6; } //~ biased-random",
        ),
        Case::bad(
            "a.ts",
            "function pick() { const a = crypto.getRandomValues(new Uint8Array(4)); return a[1] % 52; } //~ biased-random",
        ),
        Case::bad(
            "a.js",
            "const crypto = require('crypto');\nconst n = crypto.randomBytes(1).readUInt8(0) % 100; //~ biased-random",
        ),
        Case::bad(
            "a.js",
            "const { randomBytes } = require('node:crypto');\nconst d = randomBytes(1)[0] % 3; //~ biased-random",
        ),
        Case::bad(
            "a.ts",
            "import * as crypto from 'crypto';\nconst N = 10;\nexport const d = crypto.randomBytes(1)[0] % N; //~ biased-random",
        ),
        Case::good("a.js", "const crypto = require('crypto');\nconst d = crypto.randomInt(10);"),
        Case::good("a.js", "const crypto = require('crypto');\nconst d = crypto.randomBytes(1)[0] % 16;"),
        Case::good("a.js", "const crypto = require('crypto');\nconst d = crypto.randomBytes(1)[0] & 63;"),
        Case::good("a.js", "const d = bytes[0] % 10;"),
        Case::good("a.js", "const crypto = require('crypto');\nconst h = crypto.randomBytes(16).toString('hex');"),
        Case::good("a.js", "const i = n % list.length;"),
        Case::good("a.js", "const crypto = require('crypto');\nconst d = crypto.randomBytes(2).readUInt16LE(0) % 2;"),
        Case::good(
            "a.js",
            "const crypto = require('crypto');\nconst d = crypto.createHash('sha1').update(s).digest()[0] % 10;",
        ),
        Case::near_miss(
            "a.js",
            "const crypto = require('crypto');\nconst SET = '0123456789abcdef';\nfunction id() { const b = crypto.randomBytes(8); return SET[b[0] % SET.length]; }",
        ),
        Case::near_miss(
            "a.js",
            "const crypto = require('crypto');\nfunction f() { let b; do { b = crypto.randomBytes(1)[0]; } while (b >= 250); return b % 10; }",
        ),
        Case::near_miss(
            "a.ts",
            "function pick(n: number) { const a = new Uint32Array(1); crypto.getRandomValues(a); return a[0] % 6; }",
        ),
        Case::near_miss("a.ts", "function pick(n: number) { const a = new Uint8Array(4); fill(a); return a[0] % 6; }"),
    ],
};

fn check<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    if operator(node) != "%" {
        return;
    }
    let Some((byte, by)) = operands(node) else { return };
    let Some(divisor) = number(bare(by), cx) else { return };
    if divisor < 3 || 256 % divisor == 0 {
        return;
    }
    let byte = bare(byte);
    let bytes = match byte.kind() {
        Kind::SubscriptExpression => byte.child(Field::Object),
        Kind::CallExpression => method(byte).filter(|(_, n)| n.text() == "readUInt8").map(|(of, _)| of),
        _ => None,
    };
    if bytes.is_some_and(|b| is_random(bare(b), cx)) {
        let message = format!(
            "256 values do not spread evenly over {divisor}: the first ones come more often. `crypto.randomInt({divisor})` is even."
        );
        cx.report(Note::new(cx.rule, node.span(), message));
    }
}

/// The number that an expression is: a literal, or the length of a constant text.
fn number(node: Node<'_>, cx: &Cx<'_>) -> Option<u64> {
    if node.kind() == Kind::MemberExpression && node.child(Field::Property).is_some_and(|p| p.text() == "length") {
        let of = node.child(Field::Object)?;
        let text = constant(of);
        let text = if text.kind() == Kind::String { text.text() } else { constant_text(of, cx) };
        let inner = text.strip_prefix(['\'', '"']).and_then(|t| t.strip_suffix(['\'', '"']))?;
        return (!inner.contains('\\')).then(|| inner.chars().count() as u64);
    }
    let literal = constant(node);
    let text = if literal.kind() == Kind::Number { literal.text() } else { constant_text(node, cx) };
    text.parse().ok()
}

/// Whether an expression is a buffer of random bytes.
fn is_random(node: Node<'_>, cx: &Cx<'_>) -> bool {
    match node.kind() {
        Kind::CallExpression => {
            let Some(function) = node.child(Field::Function) else { return false };
            let path = ecma_path(function, cx).unwrap_or_default();
            let path = path.strip_prefix("node:").unwrap_or(&path);
            match path {
                "crypto.randomBytes" | "crypto.default.randomBytes" => true,
                _ if function.text().ends_with("getRandomValues") => {
                    args(node).next().is_some_and(|a| makes_bytes(bare(a)))
                }
                _ => false,
            }
        }
        Kind::Identifier => {
            let Some(value) = declarator(node).and_then(|d| d.child(Field::Value)).map(bare) else { return false };
            if makes_bytes(value) {
                return node.arena().nodes().any(|n| {
                    n.kind() == Kind::CallExpression
                        && n.child(Field::Function).is_some_and(|f| f.text().ends_with("getRandomValues"))
                        && args(n).next().is_some_and(|a| a.text() == node.text())
                });
            }
            value.kind() == Kind::CallExpression && is_random(value, cx)
        }
        _ => false,
    }
}

/// `new Uint8Array(n)`
fn makes_bytes(node: Node<'_>) -> bool {
    node.kind() == Kind::NewExpression && node.child(Field::Constructor).is_some_and(|c| c.text() == "Uint8Array")
}
