use sidenote_grammars::Family;

use crate::findings::{Category, Confidence, Note, Severity};
use crate::rules::evidence::{field, numbers};
use crate::rules::{Case, Check, Docs, Rule};
use crate::semantics::flow::CallView;

pub static RULE: Rule = Rule {
    id: "insufficient-key-size",
    summary: "a key that is too short for its algorithm",
    category: Category::Security,
    severity: Severity::High,
    confidence: Confidence::High,
    cwe: &[326],
    families: &[Family::Ecma, Family::Rust],
    default_on: true,
    in_tests: false,
    docs: Docs {
        what: "Finds RSA, DSA and Diffie-Hellman keys of less than 2048 bits, elliptic curves of less than 224 bits, and the \
               smallest Diffie-Hellman groups, made by node's crypto, WebCrypto, node-forge, node-rsa or jsencrypt.",
        why: "RSA and Diffie-Hellman with 1024 bits are within reach of a well-funded attacker and with 512 bits of anybody with a \
              rented machine.",
        example: "crypto.generateKeyPairSync('rsa', { modulusLength: 1024 });",
        instead: "crypto.generateKeyPairSync('rsa', { modulusLength: 3072 });",
        limits: "Only sizes that are constants are judged.",
        fix: "",
    },
    checks: &[
        Check::Calls(&["generateKeyPair", "generateKeyPairSync"], pair),
        Check::Calls(&["generateKey"], subtle),
        Check::Calls(&["createDiffieHellman", "getDiffieHellman", "createDiffieHellmanGroup", "createECDH"], exchange),
        Check::Calls(&["NodeRSA", "node-rsa", "JSEncrypt", "jsencrypt", "generateKeyPairSync"], wrappers),
    ],
    cases: &[
        Case::bad(
            "a.rs",
            r#"use openssl::rsa::Rsa;
fn f() { Rsa::generate(1024).unwrap(); } //~ insufficient-key-size"#,
        ),
        Case::good(
            "a.rs",
            r#"use openssl::rsa::Rsa;
fn f() { Rsa::generate(4096).unwrap(); }"#,
        ),
        Case::bad(
            "a.rs",
            r#"use rsa::RsaPrivateKey;
fn f() { RsaPrivateKey::new(&mut rand::rngs::OsRng, 1024).unwrap(); } //~ insufficient-key-size"#,
        ),
        Case::bad(
            "a.js",
            "const crypto = require('crypto');\ncrypto.generateKeyPairSync('rsa', { modulusLength: 1024 }); //~ insufficient-key-size",
        ),
        Case::bad(
            "a.ts",
            "import { generateKeyPair } from 'node:crypto';\nconst size = 512;\ngenerateKeyPair('rsa', { modulusLength: size, publicKeyEncoding }, done); //~ insufficient-key-size",
        ),
        Case::bad(
            "a.js",
            "const crypto = require('crypto');\ncrypto.generateKeyPairSync('ec', { namedCurve: 'secp160r1' }); //~ insufficient-key-size",
        ),
        Case::bad(
            "a.js",
            "const crypto = require('crypto');\nconst dh = crypto.createDiffieHellman(1024); //~ insufficient-key-size",
        ),
        Case::bad(
            "a.js",
            "const crypto = require('crypto');\nconst dh = crypto.getDiffieHellman('modp2'); //~ insufficient-key-size",
        ),
        Case::bad(
            "a.ts",
            "await window.crypto.subtle.generateKey({ name: 'RSA-OAEP', modulusLength: 1024, publicExponent, hash }, true, ['encrypt']); //~ insufficient-key-size",
        ),
        Case::bad(
            "a.js",
            "const forge = require('node-forge');\nconst keys = forge.pki.rsa.generateKeyPair({ bits: 1024 }); //~ insufficient-key-size",
        ),
        Case::bad(
            "a.js",
            "const NodeRSA = require('node-rsa');\nconst key = new NodeRSA({ b: 512 }); //~ insufficient-key-size",
        ),
        Case::good(
            "a.js",
            "const crypto = require('crypto');\ncrypto.generateKeyPairSync('rsa', { modulusLength: 3072 });",
        ),
        Case::good(
            "a.js",
            "const crypto = require('crypto');\ncrypto.generateKeyPairSync('ec', { namedCurve: 'prime256v1' });",
        ),
        Case::good("a.js", "const crypto = require('crypto');\ncrypto.generateKeyPairSync('ed25519');"),
        Case::good("a.js", "const crypto = require('crypto');\nconst dh = crypto.createDiffieHellman(2048);"),
        Case::good("a.js", "const crypto = require('crypto');\nconst dh = crypto.getDiffieHellman('modp14');"),
        Case::good(
            "a.ts",
            "import { generateKeyPair } from 'crypto';\nexport const make = (modulusLength: number) => generateKeyPair('rsa', { modulusLength }, done);",
        ),
        Case::good("a.js", "const forge = require('node-forge');\nconst keys = forge.pki.rsa.generateKeyPair(2048);"),
        Case::good("a.js", "const NodeRSA = require('node-rsa');\nconst key = new NodeRSA({ b: 2048 });"),
        Case::near_miss(
            "a.js",
            "const crypto = require('crypto');\nconst key = crypto.generateKeySync('aes', { length: 256 });",
        ),
        Case::near_miss(
            "a.js",
            "registry.generateKey({ modulusLength: 8 });\ncache.generateKeyPair('user', { modulusLength: 16 });",
        ),
        Case::near_miss("a.js", "const crypto = require('crypto');\ncrypto.createDiffieHellman(prime, 'hex', 2);"),
        Case::near_miss(
            "a.ts",
            "await crypto.subtle.generateKey({ name: 'AES-GCM', length: 128 }, false, ['encrypt']);",
        ),
    ],
};

const LEAST: f64 = 2048.0;

fn short(
    call: &CallView<'_>,
    value: Option<&crate::semantics::flow::value::Val>,
    argument: usize,
    out: &mut Vec<Note>,
) {
    let Some(bits) = value.and_then(|v| numbers(v).find(|n| *n > 0.0 && *n < LEAST)) else { return };
    let message = format!("A key of {bits} bits can be broken. Use at least 2048, better 3072.");
    out.push(Note::new(call.rule, call.arg_span(argument), message));
}

fn curve(
    call: &CallView<'_>,
    value: Option<&crate::semantics::flow::value::Val>,
    argument: usize,
    out: &mut Vec<Note>,
) {
    let weak = |name: &str| {
        let digits: String =
            name.chars().skip_while(|c| !c.is_ascii_digit()).take_while(char::is_ascii_digit).collect();
        let bits = digits.parse::<u32>().unwrap_or(u32::MAX);
        let families = ["secp", "sect", "prime", "brainpool", "c2pnb", "c2tnb", "wap-wsg"];
        families.iter().any(|f| name.starts_with(f)) && (100..224).contains(&bits)
    };
    if let Some(name) = value.and_then(|v| v.strings().find(|s| weak(s))) {
        let message = format!("The curve `{name}` is too small. Use `prime256v1` or X25519.");
        out.push(Note::new(call.rule, call.arg_span(argument), message));
    }
}

fn pair(call: &CallView<'_>, out: &mut Vec<Note>) {
    let options = call.args.get(1);
    if call.paths.iter().any(|p| p.starts_with("crypto.")) {
        short(call, field(options, "modulusLength"), 1, out);
        curve(call, field(options, "namedCurve"), 1, out);
    } else if call.paths.iter().any(|p| p.ends_with("rsa.generateKeyPair")) {
        short(call, call.args.first(), 0, out);
        short(call, field(call.args.first(), "bits"), 0, out);
    }
}

fn subtle(call: &CallView<'_>, out: &mut Vec<Note>) {
    if call.paths.iter().any(|p| p.ends_with("subtle.generateKey")) {
        short(call, field(call.args.first(), "modulusLength"), 0, out);
    }
}

fn exchange(call: &CallView<'_>, out: &mut Vec<Note>) {
    if !call.paths.iter().any(|p| p.starts_with("crypto.")) {
        return;
    }
    match call.name.as_str() {
        "createDiffieHellman" => short(call, call.args.first(), 0, out),
        "createECDH" => curve(call, call.args.first(), 0, out),
        _ => {
            if call.args.first().is_some_and(|a| a.strings().any(|s| matches!(s.as_str(), "modp1" | "modp2" | "modp5")))
            {
                let message = "This Diffie-Hellman group is too small. Use `modp14` or larger, or X25519.";
                out.push(Note::new(call.rule, call.arg_span(0), message));
            }
        }
    }
}

fn wrappers(call: &CallView<'_>, out: &mut Vec<Note>) {
    if call.is("node-rsa") || call.is("NodeRSA") {
        short(call, field(call.args.first(), "b"), 0, out);
    } else if call.is("jsencrypt") || call.is("JSEncrypt") || call.is("jsencrypt.JSEncrypt") {
        let size = field(call.args.first(), "default_key_size");
        short(call, size, 0, out);
    }
}
