use sidenote_grammars::Family;

use crate::findings::{Category, Confidence, Note, Severity};
use crate::rules::evidence::field;
use crate::rules::{Case, Check, Docs, Rule};
use crate::semantics::flow::CallView;

pub static RULE: Rule = Rule {
    id: "ecb-mode",
    summary: "encryption in ECB mode",
    category: Category::Security,
    severity: Severity::High,
    confidence: Confidence::High,
    cwe: &[327],
    families: &[Family::Ecma],
    default_on: true,
    in_tests: false,
    docs: Docs {
        what: "Finds block ciphers in electronic-codebook mode: `createCipheriv('aes-256-ecb', ..)`, `mode: CryptoJS.mode.ECB`, \
               node-forge's `AES-ECB`, aes-js' `ModeOfOperation.ecb`.",
        why: "ECB turns equal blocks into equal blocks: whoever sees the ciphertext sees which parts repeat, and can swap, drop and \
              replay blocks unnoticed.",
        example: "const cipher = crypto.createCipheriv('aes-256-ecb', key, null);",
        instead: "const iv = crypto.randomBytes(12);\nconst cipher = crypto.createCipheriv('aes-256-gcm', key, iv);",
        limits: "Only modes that are constants are judged. Decryption is left alone: the data may be somebody else's.",
        fix: "",
    },
    checks: &[
        Check::Calls(&["createCipheriv", "createCipher", "createEncryptionCipher"], node),
        Check::Calls(&["encrypt", "create"], crypto_js),
        Check::Calls(&["ecb"], aes_js),
    ],
    cases: &[
        Case::bad(
            "a.js",
            "const crypto = require('crypto');\nconst c = crypto.createCipheriv('aes-256-ecb', key, null); //~ ecb-mode",
        ),
        Case::bad(
            "a.ts",
            "import { createCipheriv } from 'node:crypto';\nexport const seal = (k: Buffer) => createCipheriv('AES-128-ECB', k, ''); //~ ecb-mode",
        ),
        Case::bad(
            "a.ts",
            "import crypto from 'crypto';\nconst mode = 'ecb';\nconst c = crypto.createCipheriv(`aes-256-${mode}`, key, null); //~ ecb-mode",
        ),
        Case::bad(
            "a.js",
            "const CryptoJS = require('crypto-js');\nconst out = CryptoJS.AES.encrypt(text, key, { mode: CryptoJS.mode.ECB }); //~ ecb-mode",
        ),
        Case::bad(
            "a.ts",
            "import CryptoJS from 'crypto-js';\nconst options = { mode: CryptoJS.mode.ECB, padding: CryptoJS.pad.Pkcs7 };\nexport const e = CryptoJS.AES.encrypt(text, key, options); //~ ecb-mode",
        ),
        Case::bad(
            "a.js",
            "const forge = require('node-forge');\nconst c = forge.cipher.createCipher('AES-ECB', key); //~ ecb-mode",
        ),
        Case::bad(
            "a.js",
            "const aesjs = require('aes-js');\nconst aes = new aesjs.ModeOfOperation.ecb(key); //~ ecb-mode",
        ),
        Case::bad(
            "a.js",
            "const crypto = require('crypto');\nclass Box {\n  seal(t) { return crypto.createCipheriv('aes-192-ecb', this.key, null).update(t); } //~ ecb-mode\n}",
        ),
        Case::good(
            "a.js",
            "const crypto = require('crypto');\nconst c = crypto.createCipheriv('aes-256-gcm', key, iv);",
        ),
        Case::good(
            "a.js",
            "const crypto = require('crypto');\nconst c = crypto.createCipheriv('aes-256-cbc', key, iv);",
        ),
        Case::good(
            "a.js",
            "const crypto = require('crypto');\nconst c = crypto.createDecipheriv('aes-256-ecb', key, null);",
        ),
        Case::good(
            "a.js",
            "const CryptoJS = require('crypto-js');\nconst out = CryptoJS.AES.encrypt(text, key, { mode: CryptoJS.mode.CBC, iv });",
        ),
        Case::good("a.js", "const CryptoJS = require('crypto-js');\nconst out = CryptoJS.AES.encrypt(text, pass);"),
        Case::good(
            "a.js",
            "const forge = require('node-forge');\nconst c = forge.cipher.createCipher('AES-CBC', key);",
        ),
        Case::good(
            "a.js",
            "const aesjs = require('aes-js');\nconst aes = new aesjs.ModeOfOperation.ctr(key, counter);",
        ),
        Case::good("a.ts", "export const seal = (alg: string) => crypto.createCipheriv(alg, key, iv);"),
        Case::near_miss("a.js", "const rates = await bank.fetch('ecb');\nconst c = source.create('usd-ecb');"),
        Case::near_miss("a.js", "const modes = ['aes-256-ecb'].map(describe);"),
        Case::near_miss("a.js", "const out = wrapper.encrypt(text, key, { mode: 'ECB-rates' });"),
        Case::near_miss(
            "a.js",
            "const crypto = require('crypto');\nif (crypto.getCiphers().includes('aes-256-ecb')) report();",
        ),
    ],
};

const MESSAGE: &str = "ECB shows which blocks repeat and lets them be swapped. Use AES-256-GCM with a fresh nonce.";

fn node(call: &CallView<'_>, out: &mut Vec<Note>) {
    let known = call.paths.iter().any(|p| ["crypto.", "node-forge.", "forge."].iter().any(|l| p.starts_with(l)));
    let ecb = |s: &str| s.to_ascii_lowercase().ends_with("-ecb");
    if known && call.args.first().is_some_and(|a| a.strings().any(|s| ecb(&s))) {
        out.push(Note::new(call.rule, call.arg_span(0), MESSAGE));
    }
}

fn crypto_js(call: &CallView<'_>, out: &mut Vec<Note>) {
    let ecb = field(call.args.get(2), "mode").is_some_and(|m| {
        m.apis.iter().any(|p| matches!(p.as_str(), "crypto-js.mode.ECB" | "CryptoJS.mode.ECB" | "crypto-js/mode-ecb"))
    });
    if ecb {
        out.push(Note::new(call.rule, call.name_span, MESSAGE));
    }
}

fn aes_js(call: &CallView<'_>, out: &mut Vec<Note>) {
    if call.paths.iter().any(|p| p.ends_with("ModeOfOperation.ecb")) {
        out.push(Note::new(call.rule, call.name_span, MESSAGE));
    }
}
