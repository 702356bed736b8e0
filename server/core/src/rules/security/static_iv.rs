use sidenote_grammars::{Family, Kind};

use crate::findings::{Category, Confidence, Note, Severity};
use crate::rules::evidence::{all_code, field, is_fixed};
use crate::rules::support::{args, constant};
use crate::rules::{Case, Check, Docs, Rule};
use crate::semantics::flow::CallView;
use crate::semantics::flow::value::Val;
use crate::semantics::hir::Lit;

pub static RULE: Rule = Rule {
    id: "static-iv",
    summary: "encryption with an initialisation vector that never changes",
    category: Category::Security,
    severity: Severity::High,
    confidence: Confidence::High,
    cwe: &[329, 1204, 760],
    families: &[Family::Ecma],
    default_on: true,
    in_tests: false,
    docs: Docs {
        what: "Finds encryption whose initialisation vector or nonce is fixed in the source: a string, an array of numbers, or a \
               buffer of zeros, given to `createCipheriv`, CryptoJS or WebCrypto; and salts of `scrypt` and `pbkdf2` that are texts in the source.",
        why: "With one vector for all messages equal beginnings give equal ciphertext in CBC; in CTR and GCM two messages give \
              away each other's content, and GCM's authentication breaks for good.",
        example: "const cipher = crypto.createCipheriv('aes-256-gcm', key, Buffer.alloc(12));",
        instead: "const iv = crypto.randomBytes(12);\nconst cipher = crypto.createCipheriv('aes-256-gcm', key, iv); // send iv along",
        limits: "Decryption is left alone. A vector that comes from configuration cannot be judged.",
        fix: "",
    },
    checks: &[
        Check::Calls(&["createCipheriv"], node),
        Check::Calls(&["encrypt"], others),
        Check::Calls(&["scrypt", "scryptSync", "pbkdf2", "pbkdf2Sync"], salt),
    ],
    cases: &[
        Case::bad(
            "a.js",
            "const crypto = require('crypto');\nconst c = crypto.createCipheriv('aes-256-cbc', key, '1234567890abcdef'); //~ static-iv",
        ),
        Case::bad(
            "a.js",
            "const crypto = require('crypto');\nconst IV = Buffer.from('000102030405060708090a0b0c0d0e0f', 'hex');\nfunction seal(t) { return crypto.createCipheriv('aes-256-cbc', key, IV).update(t); } //~ static-iv",
        ),
        Case::bad(
            "a.ts",
            "import { createCipheriv } from 'crypto';\nexport function seal(k: Buffer) {\n  const iv = Buffer.alloc(16);\n  return createCipheriv('aes-256-gcm', k, iv); //~ static-iv\n}",
        ),
        Case::bad(
            "a.ts",
            "import { createCipheriv } from 'crypto';\nexport const s = (k: Buffer) => createCipheriv('aes-256-ctr', k, Buffer.alloc(16, 0)); //~ static-iv",
        ),
        Case::bad(
            "a.js",
            "const crypto = require('crypto');\nconst c = crypto.createCipheriv('aes-128-cbc', key, Buffer.from([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16])); //~ static-iv",
        ),
        Case::bad(
            "a.js",
            "const CryptoJS = require('crypto-js');\nconst iv = CryptoJS.enc.Utf8.parse('abcdefghijklmnop');\nconst out = CryptoJS.AES.encrypt(text, key, { iv }); //~ static-iv",
        ),
        Case::bad(
            "a.ts",
            "async function seal(k: CryptoKey, data: BufferSource) {\n  return crypto.subtle.encrypt({ name: 'AES-GCM', iv: new Uint8Array(12) }, k, data); //~ static-iv\n}",
        ),
        Case::bad(
            "a.js",
            "const crypto = require('crypto');\nclass Vault {\n  iv = 'fixed-vector-123';\n  seal(t) { return crypto.createCipheriv('aes-256-cbc', this.key, this.iv).update(t); } //~ static-iv\n}",
        ),
        Case::bad(
            "a.js",
            "const crypto = require('crypto');\nfunction key(pw) { return crypto.scryptSync(pw, 'fixed-salt', 32); } //~ static-iv",
        ),
        Case::good(
            "a.js",
            "const crypto = require('crypto');\nfunction key(pw, salt) { return crypto.scryptSync(pw, salt, 32); }",
        ),
        Case::good(
            "a.js",
            "const crypto = require('crypto');\nfunction verify(plain, stored) {\n  const parts = String(stored).split('$');\n  if (parts.length !== 6 || parts[0] !== 'scrypt') return false;\n  const salt = Buffer.from(parts[4], 'hex');\n  return crypto.scryptSync(plain, salt, 32).equals(Buffer.from(parts[5], 'hex'));\n}",
        ),
        Case::good(
            "a.js",
            "const crypto = require('crypto');\nconst iv = crypto.randomBytes(16);\nconst c = crypto.createCipheriv('aes-256-cbc', key, iv);",
        ),
        Case::good(
            "a.ts",
            "import { createCipheriv, randomFillSync } from 'crypto';\nconst iv = Buffer.alloc(12);\nrandomFillSync(iv);\nconst c = createCipheriv('aes-256-gcm', key, iv);",
        ),
        Case::good(
            "a.ts",
            "const iv = window.crypto.getRandomValues(new Uint8Array(12));\nconst c = await window.crypto.subtle.encrypt({ name: 'AES-GCM', iv }, key, data);",
        ),
        Case::good(
            "a.js",
            "const crypto = require('crypto');\nconst d = crypto.createDecipheriv('aes-256-cbc', key, '1234567890abcdef');",
        ),
        Case::good(
            "a.js",
            "const crypto = require('crypto');\nconst c = crypto.createCipheriv('aes-256-cbc', key, Buffer.from(parts[0], 'hex'));",
        ),
        Case::good(
            "a.js",
            "const crypto = require('crypto');\nexport const seal = (iv) => crypto.createCipheriv('aes-256-cbc', key, iv);",
        ),
        Case::good(
            "a.js",
            "const CryptoJS = require('crypto-js');\nconst iv = CryptoJS.lib.WordArray.random(16);\nconst out = CryptoJS.AES.encrypt(text, key, { iv });",
        ),
        Case::good(
            "a.js",
            "const crypto = require('crypto');\nconst c = crypto.createCipheriv('aes-256-ecb', key, null);",
        ),
        Case::near_miss(
            "a.js",
            "const crypto = require('crypto');\nconst c = crypto.createCipheriv('aes-256-ecb', key, '');",
        ),
        Case::bad(
            "a.ts",
            "import crypto from 'crypto';\nconst seen = new Map();\nseen.set('a', 1);\nexport const seal = (key: Buffer) => crypto.createCipheriv('aes-256-gcm', key, Buffer.alloc(12)); //~ static-iv",
        ),
        Case::bad(
            "a.ts",
            "import crypto from 'crypto';\nimport fs from 'fs';\nexport function seal(key: Buffer, file: string) { const iv = Buffer.alloc(16); const c = crypto.createCipheriv('aes-256-cbc', key, iv); fs.writeFileSync(file, c.final()); } //~ static-iv",
        ),
        Case::good(
            "a.ts",
            "import crypto from 'crypto';\nexport function seal(key: Buffer, n: number) { const iv = Buffer.alloc(16); iv.writeUInt32BE(n, 0); return crypto.createCipheriv('aes-256-ctr', key, iv); }",
        ),
        Case::near_miss("a.js", "const out = mailer.encrypt({ name: 'AES', iv: 'x' });"),
        Case::near_miss(
            "a.js",
            "const crypto = require('crypto');\nconst iv = Buffer.alloc(16);\ncounter.copy(iv, 8);\nconst c = crypto.createCipheriv('aes-256-ctr', key, iv);",
        ),
        Case::near_miss(
            "a.js",
            "const crypto = require('crypto');\nconst c = crypto.createCipheriv('aes-256-cbc', key, process.env.IV || '0000000000000000');",
        ),
    ],
};

const MESSAGE: &str = "The initialisation vector is the same for every message, which gives their contents away. Make a fresh one with `randomBytes` and send it along.";

/// Whether the n-th argument is a buffer of zeros that nothing fills.
fn is_zeros(call: &CallView<'_>, span: crate::syntax::Span) -> bool {
    let node = call.arena.root().smallest_at(span);
    if node.kind() == Kind::Identifier && is_filled(&all_code(call.arena), node.text()) {
        return false;
    }
    let node = constant(node);
    let callee = match node.kind() {
        Kind::CallExpression | Kind::NewExpression => node.first_named().map_or("", |n| n.text()),
        _ => return false,
    };
    let zeros = matches!(callee, "Buffer.alloc" | "Uint8Array" | "Buffer.allocUnsafe" | "ArrayBuffer");
    zeros && args(node).all(|a| a.kind() == Kind::Number || a.kind() == Kind::String)
}

/// Whether something is written into a buffer anywhere.
fn is_filled(code: &str, name: &str) -> bool {
    code.match_indices(name).any(|(at, _)| {
        let (before, after) = (&code[..at], &code[at + name.len()..]);
        [".fill(", ".set(", ".write", "["].iter().any(|f| after.starts_with(f))
            || [".copy(", "randomFill(", "randomFillSync(", "getRandomValues("].iter().any(|f| before.ends_with(f))
    })
}

fn node(call: &CallView<'_>, out: &mut Vec<Note>) {
    if !call.is("crypto.createCipheriv") && !call.is("crypto-browserify.createCipheriv") {
        return;
    }
    let ecb = call.args.first().is_some_and(|a| a.strings().any(|s| s.to_ascii_lowercase().ends_with("-ecb")));
    let Some(iv) = call.args.get(2) else { return };
    if !ecb && (fixed_text(iv) || is_zeros(call, call.arg_span(2))) {
        out.push(Note::new(call.rule, call.arg_span(2), MESSAGE));
    }
}

fn fixed_text(iv: &Val) -> bool {
    is_fixed(iv) && !iv.lits.iter().any(|l| matches!(l, Lit::Null) || matches!(l, Lit::Str(s) if s.is_empty()))
}

fn others(call: &CallView<'_>, out: &mut Vec<Note>) {
    let path_is = |f: &dyn Fn(&str) -> bool| call.paths.iter().any(|p| f(p));
    let (iv, position) = if path_is(&|p| p.ends_with("subtle.encrypt")) {
        (field(call.args.first(), "iv").or_else(|| field(call.args.first(), "counter")), 0)
    } else if path_is(&|p| p.starts_with("crypto-js") || p.starts_with("CryptoJS.")) {
        (field(call.args.get(2), "iv"), 2)
    } else {
        return;
    };
    let Some(iv) = iv else { return };
    let object = call.arena.root().smallest_at(call.arg_span(position));
    let written = constant(object)
        .named_children()
        .find(|p| crate::rules::support::key_name(*p).is_some_and(|k| k == "iv" || k == "counter"))
        .and_then(|p| p.child(sidenote_grammars::Field::Value));
    if fixed_text(iv) || written.is_some_and(|w| is_zeros(call, w.span())) {
        out.push(Note::new(call.rule, call.name_span, MESSAGE));
    }
}

/// A salt that is a text in the source.
fn salt(call: &CallView<'_>, out: &mut Vec<Note>) {
    if !call.paths.iter().any(|p| p.starts_with("crypto.")) || !call.args.get(1).is_some_and(fixed_text) {
        return;
    }
    let message = "The salt is the same for every password: equal passwords give equal keys, and one table breaks them all. Make a random one for each and keep it beside the hash.";
    out.push(Note::new(call.rule, call.arg_span(1), message).severity(Severity::Medium));
}
