use sidenote_grammars::Family;

use crate::findings::{Category, Confidence, Note, Severity};
use crate::rules::evidence::{field, numbers};
use crate::rules::support::enclosing_function;
use crate::rules::{Case, Check, Docs, Rule};
use crate::semantics::flow::CallView;
use crate::semantics::flow::kinds::SinkKind;
use crate::semantics::flow::value::Val;

pub static RULE: Rule = Rule {
    id: "password-hash-too-fast",
    summary: "passwords hashed by a function that is too fast",
    category: Category::Security,
    severity: Severity::High,
    confidence: Confidence::Medium,
    cwe: &[916],
    families: &[Family::Ecma, Family::Rust],
    default_on: true,
    in_tests: false,
    docs: Docs {
        what: "Follows passwords into plain hash functions (`createHash`, CryptoJS, the `md5` and `sha256` packages), and finds bcrypt \
               with less than 10 rounds, PBKDF2 with less than 100,000 iterations, scrypt with a cost below 16,384 and Argon2 with \
               next to no memory.",
        why: "A graphics card tries billions of SHA-256 a second, so a stolen table of such hashes is a table of passwords by the \
              evening. Functions for passwords are slow on purpose.",
        example: "const hash = crypto.createHash('sha256').update(password + salt).digest('hex');",
        instead: "const hash = await bcrypt.hash(password, 12);",
        limits: "What is a password is told by names. Costs are judged where they are constants; a plain hash in front of bcrypt is \
                 reported too, since its result is seldom used so.",
        fix: "",
    },
    checks: &[
        Check::Flow(
            &[SinkKind::FastHash],
            "The hash of {source} is made to be fast: a stolen one is soon a password. Use bcrypt, scrypt or Argon2.",
        ),
        Check::Calls(&["hash", "hashSync", "genSalt", "genSaltSync"], bcrypt),
        Check::Calls(&["pbkdf2", "pbkdf2Sync", "PBKDF2"], pbkdf2),
        Check::Calls(&["scrypt", "scryptSync"], scrypt),
        Check::Calls(
            &[
                "hash",
                "hash_with_result",
                "hash_with_salt",
                "pbkdf2",
                "pbkdf2_hmac",
                "pbkdf2_hmac_array",
                "new",
                "derive",
            ],
            rust,
        ),
        Check::Model,
    ],
    cases: &[
        Case::bad(
            "a.rs",
            "use std::num::NonZeroU32;\nfn f(p: &str, salt: &[u8], out: &mut [u8]) { ring::pbkdf2::derive(ring::pbkdf2::PBKDF2_HMAC_SHA256, NonZeroU32::new(100).unwrap(), salt, p.as_bytes(), out); } //~ password-hash-too-fast",
        ),
        Case::good(
            "a.rs",
            "use std::num::NonZeroU32;\nfn f(p: &str, salt: &[u8], out: &mut [u8]) { ring::pbkdf2::derive(ring::pbkdf2::PBKDF2_HMAC_SHA256, NonZeroU32::new(600_000).unwrap(), salt, p.as_bytes(), out); }",
        ),
        Case::bad(
            "a.js",
            "const crypto = require('crypto');\nfunction store(password, salt) {\n  return crypto.createHash('sha256').update(password + salt).digest('hex'); //~ password-hash-too-fast\n}",
        ),
        Case::bad(
            "a.ts",
            "import { createHash } from 'node:crypto';\nexport async function register(req: Request, res: Response) {\n  const { name, password } = req.body;\n  const hash = createHash('sha512').update(password).digest('hex'); //~ password-hash-too-fast\n  await save(name, hash);\n}",
        ),
        Case::bad("a.js", "const md5 = require('md5');\nuser.hash = md5(user.password); //~ password-hash-too-fast"),
        Case::bad(
            "a.js",
            "const CryptoJS = require('crypto-js');\nconst h = CryptoJS.SHA256(form.password).toString(); //~ password-hash-too-fast",
        ),
        Case::bad(
            "a.js",
            "const crypto = require('crypto');\nconst digest = (text) => crypto.createHash('sha1').update(text).digest('hex'); //~ password-hash-too-fast\nexports.login = (name, password) => find(name, digest(password));",
        ),
        Case::bad(
            "a.js",
            "const bcrypt = require('bcrypt');\nconst hash = await bcrypt.hash(password, 4); //~ password-hash-too-fast",
        ),
        Case::bad(
            "a.ts",
            "import bcrypt from 'bcryptjs';\nconst ROUNDS = 8;\nconst salt = bcrypt.genSaltSync(ROUNDS); //~ password-hash-too-fast",
        ),
        Case::bad(
            "a.js",
            "const crypto = require('crypto');\nconst key = crypto.pbkdf2Sync(password, salt, 1000, 32, 'sha256'); //~ password-hash-too-fast",
        ),
        Case::bad(
            "a.js",
            "const crypto = require('crypto');\nconst key = crypto.scryptSync(password, salt, 32, { N: 1024 }); //~ password-hash-too-fast",
        ),
        Case::bad(
            "a.js",
            "const CryptoJS = require('crypto-js');\nconst key = CryptoJS.PBKDF2(password, salt, { keySize: 8, iterations: 500 }); //~ password-hash-too-fast",
        ),
        Case::bad(
            "a.js",
            "const crypto = require('crypto');\nclass Account {\n  set(pwd) {\n    const h = crypto.createHash('sha256');\n    h.update(pwd); //~ password-hash-too-fast\n    this.hash = h.digest('hex');\n  }\n}",
        ),
        Case::bad(
            "a.js",
            "const crypto = require('crypto');\napp.post('/signup', (req, res) => {\n  const h = crypto.createHash('sha256').update(req.body.password, 'utf8').digest('hex'); //~ password-hash-too-fast\n  db.save(h);\n});",
        ),
        Case::good(
            "a.js",
            "// caching_sha2_password\nconst crypto = require('crypto');\nfunction token(password, seed) {\n  const stage1 = crypto.createHash('sha256').update(password).digest();\n  return xor(stage1, seed);\n}\nmodule.exports = token;",
        ),
        Case::good("a.js", "const bcrypt = require('bcrypt');\nconst hash = await bcrypt.hash(password, 12);"),
        Case::good("a.js", "const crypto = require('crypto');\nconst key = crypto.scryptSync(password, salt, 64);"),
        Case::good(
            "a.js",
            "const crypto = require('crypto');\nconst key = crypto.pbkdf2Sync(password, salt, 600000, 32, 'sha256');",
        ),
        Case::good(
            "a.js",
            "const crypto = require('crypto');\nconst etag = crypto.createHash('sha256').update(body).digest('hex');",
        ),
        Case::good("a.ts", "import argon2 from 'argon2';\nconst hash = await argon2.hash(password);"),
        Case::good("a.js", "const bcrypt = require('bcryptjs');\nconst salt = bcrypt.genSaltSync(10);"),
        Case::good("a.ts", "const hash = await bcrypt.hash(password, config.rounds);"),
        Case::good(
            "a.js",
            "const crypto = require('crypto');\nconst h = crypto.createHash('sha256').update(token).digest('hex');",
        ),
        Case::good(
            "a.js",
            "const crypto = require('crypto');\nconst h = crypto.createHash('sha256').update(passwordHash).digest('hex');",
        ),
        Case::good(
            "a.js",
            "const crypto = require('crypto');\nconst mac = crypto.createHmac('sha256', key).update(data).digest('hex');",
        ),
        Case::good(
            "a.js",
            "const crypto = require('crypto');\nconst h = crypto.createHash('sha256').update('password').digest('hex');",
        ),
        Case::good(
            "a.js",
            "const CryptoJS = require('crypto-js');\nconst key = CryptoJS.PBKDF2(password, salt, { keySize: 8, iterations: 310000 });",
        ),
        Case::near_miss(
            "a.js",
            "const crypto = require('crypto');\nconst h = crypto.createHash('sha256').update(passwordField.name).digest('hex');",
        ),
        Case::near_miss("a.js", "const map = cache.hash(password, 4);"),
        Case::near_miss(
            "a.js",
            "const crypto = require('crypto');\nfunction checkPwnedPassword(password) {\n  const hashed = crypto.createHash('sha1').update(password).digest('hex');\n  return get(hashed.slice(0, 5));\n}",
        ),
        Case::bad(
            "a.js",
            "const crypto = require('crypto');\nfunction mixed(pw, salt) {\n  const h = crypto.createHash('sha512');\n  h.update(pw + salt); //~ password-hash-too-fast\n  h.update(pw);\n  return h.digest();\n}\nmixed(password, salt);\nmixed(user.oldPassword, salt);",
        ),
        Case::near_miss(
            "a.js",
            "const crypto = require('crypto');\nconst h = crypto.createHash('sha256').update(String(password.length)).digest('hex');",
        ),
        Case::near_miss(
            "a.js",
            "const bcrypt = require('bcrypt');\nconst ok = await bcrypt.compare(password, user.hash);",
        ),
        Case::near_miss(
            "a.js",
            "const crypto = require('crypto');\nconst h = crypto.createHash('sha256').update(isPassword ? 'a' : 'b').digest();",
        ),
        Case::near_miss(
            "a.js",
            "const crypto = require('crypto');\nconst key = crypto.pbkdf2Sync(password, salt, options.iterations, 32, 'sha256');",
        ),
        Case::bad(
            "a.rs",
            "fn n(password: &str) { let mut h = sha2::Sha256::new(); h.update(password); } //~ password-hash-too-fast",
        ),
        Case::bad(
            "a.rs",
            "fn n2(password: &[u8]) { let d = sha2::Sha512::digest(password); } //~ password-hash-too-fast",
        ),
        Case::bad(
            "a.rs",
            "fn n3(password: &str) { let d = blake3::hash(password.as_bytes()); } //~ password-hash-too-fast",
        ),
        Case::bad(
            "a.rs",
            "fn p(salt: &[u8], password: &[u8]) { let mut k = [0u8; 32]; pbkdf2::pbkdf2_hmac::<sha2::Sha256>(password, salt, 1000, &mut k); } //~ password-hash-too-fast",
        ),
        Case::bad(
            "a.rs",
            "fn p2(password: &str) { let h = bcrypt::hash(password, 4).unwrap(); } //~ password-hash-too-fast",
        ),
        Case::bad(
            "a.rs",
            "use sha2::{Digest, Sha256};\nfn a(password: &str) -> Vec<u8> { Sha256::digest(password.as_bytes()).to_vec() } //~ password-hash-too-fast",
        ),
        Case::bad(
            "a.rs",
            "use sha2::Sha512;\nfn a(password: &[u8], salt: &[u8]) -> [u8; 32] { pbkdf2::pbkdf2_hmac_array::<Sha512, 32>(password, salt, 10_000) } //~ password-hash-too-fast",
        ),
        Case::bad(
            "a.rs",
            "const ROUNDS: u32 = 5_000;\nfn a(password: &[u8], salt: &[u8], out: &mut [u8]) { pbkdf2::pbkdf2_hmac::<sha2::Sha256>(password, salt, ROUNDS, out); } //~ password-hash-too-fast",
        ),
        Case::bad(
            "a.rs",
            "fn a(password: &str) -> String { bcrypt::hash(password, 4).unwrap() } //~ password-hash-too-fast",
        ),
        Case::bad(
            "a.rs",
            "fn a() -> scrypt::Params { scrypt::Params::new(10, 8, 1, 32).unwrap() } //~ password-hash-too-fast",
        ),
        Case::bad(
            "a.rs",
            "fn a() -> argon2::Params { argon2::Params::new(64, 1, 1, None).unwrap() } //~ password-hash-too-fast",
        ),
        Case::bad(
            "a.rs",
            "use openssl::{hash::MessageDigest, pkcs5::pbkdf2_hmac};\nfn a(password: &[u8], salt: &[u8], out: &mut [u8]) { pbkdf2_hmac(password, salt, 1_000, MessageDigest::sha256(), out).unwrap(); } //~ password-hash-too-fast",
        ),
        Case::good("a.rs", "fn a(password: &str) -> String { bcrypt::hash(password, bcrypt::DEFAULT_COST).unwrap() }"),
        Case::good("a.rs", "fn a(password: &str) -> String { bcrypt::hash(password, 12).unwrap() }"),
        Case::good(
            "a.rs",
            "use sha2::Sha256;\nfn a(password: &[u8], salt: &[u8]) -> [u8; 32] { pbkdf2::pbkdf2_hmac_array::<Sha256, 32>(password, salt, 600_000) }",
        ),
        Case::good(
            "a.rs",
            "fn a(password: &[u8], salt: &[u8], rounds: u32, out: &mut [u8]) { pbkdf2::pbkdf2_hmac::<sha2::Sha256>(password, salt, rounds, out); }",
        ),
        Case::good(
            "a.rs",
            "use sha2::{Digest, Sha256};\nfn a(body: &[u8]) -> Vec<u8> { Sha256::digest(body).to_vec() }",
        ),
        Case::good("a.rs", "fn a() -> scrypt::Params { scrypt::Params::new(17, 8, 1, 32).unwrap() }"),
        Case::good("a.rs", "fn a() -> argon2::Params { argon2::Params::new(19_456, 2, 1, None).unwrap() }"),
        Case::good(
            "a.rs",
            "use sha2::{Digest, Sha256};\nfn a(f: &mut std::fs::File) { let mut h = Sha256::new(); std::io::copy(f, &mut h).unwrap(); go(h.finalize()); }",
        ),
        Case::good(
            "a.rs",
            "fn a(password: &[u8], salt: &argon2::password_hash::SaltString) -> String { argon2::Argon2::default().hash_password(password, salt).unwrap().to_string() }",
        ),
        Case::good(
            "a.rs",
            "use std::num::NonZeroU32;\nfn a(p: &[u8], salt: &[u8], out: &mut [u8]) { ring::pbkdf2::derive(ring::pbkdf2::PBKDF2_HMAC_SHA256, NonZeroU32::new(310_000).unwrap(), salt, p, out); }",
        ),
        Case::good(
            "a.rs",
            "use sha2::{Digest, Sha256};\nfn a(name: &str, size: u64) -> String { hex::encode(Sha256::digest(format!(\"{name}:{size}\"))) }",
        ),
        Case::good(
            "a.rs",
            "fn a(password: &str, hash: &str) -> bool { bcrypt::verify(password, hash).unwrap_or(false) }",
        ),
        Case::near_miss(
            "a.rs",
            "use sha2::{Digest, Sha256};\nfn a(session_token: &str) -> Vec<u8> { Sha256::digest(session_token.as_bytes()).to_vec() }",
        ),
        Case::near_miss(
            "a.rs",
            "use sha2::{Digest, Sha256};\nfn a(password_file: &std::path::Path) -> Vec<u8> { Sha256::digest(std::fs::read(password_file).unwrap()).to_vec() }",
        ),
        Case::near_miss(
            "a.rs",
            "use sha1::Sha1;\nfn unpack(password: &[u8], salt: &[u8], data: &mut [u8]) { let mut key = [0u8; 66]; pbkdf2::pbkdf2_hmac::<Sha1>(password, salt, 1000, &mut key); decrypt(&key[..32], data); }",
        ),
        Case::near_miss(
            "a.rs",
            "fn a(password: &str, cost: u32) -> String { bcrypt::hash(password, cost.max(10)).unwrap() }",
        ),
        Case::near_miss("a.rs", "fn a() -> Vec<u32> { let rounds = vec![4, 8]; rounds }"),
        Case::near_miss(
            "a.rs",
            "use sha2::{Digest, Sha256};\nfn a(password_count: u32) -> Vec<u8> { Sha256::digest(password_count.to_be_bytes()).to_vec() }",
        ),
        Case::near_miss(
            "a.rs",
            "use sha1::Sha1;\nuse hmac::Hmac;\nconst ITERATION_COUNT: u32 = 1000;\nfn open(password: &[u8], salt: &[u8], out: &mut [u8]) { pbkdf2::pbkdf2::<Hmac<Sha1>>(password, salt, ITERATION_COUNT, out).unwrap(); let decrypt_key = &out[..32]; go(decrypt_key); }",
        ),
    ],
};

fn low(call: &CallView<'_>, value: Option<&Val>, least: f64, what: &str, argument: usize, out: &mut Vec<Note>) {
    let Some(given) = value.and_then(|v| numbers(v).find(|n| *n >= 1.0 && *n < least)) else { return };
    let message = format!("{given} {what} are too few to slow guessing down. Use at least {least}.");
    out.push(
        Note::new(call.rule, call.arg_span(argument), message).severity(Severity::Medium).confidence(Confidence::High),
    );
}

fn bcrypt(call: &CallView<'_>, out: &mut Vec<Note>) {
    let known = call
        .paths
        .iter()
        .any(|p| ["bcrypt.", "bcryptjs.", "@node-rs/bcrypt.", "bcrypt-nodejs."].iter().any(|l| p.starts_with(l)));
    if known {
        let n = usize::from(call.name.starts_with("hash"));
        low(call, call.args.get(n), 10.0, "rounds", n, out);
    }
}

fn pbkdf2(call: &CallView<'_>, out: &mut Vec<Note>) {
    if call.paths.iter().any(|p| p.starts_with("crypto.") || p.starts_with("pbkdf2") && !p.contains("::")) {
        low(call, call.args.get(2), 100_000.0, "iterations", 2, out);
    } else if call.paths.iter().any(|p| p.starts_with("crypto-js.") || p.starts_with("CryptoJS.")) {
        low(call, field(call.args.get(2), "iterations"), 100_000.0, "iterations", 2, out);
    }
}

fn scrypt(call: &CallView<'_>, out: &mut Vec<Note>) {
    if call.paths.iter().any(|p| p.starts_with("crypto.")) {
        let options = call.args.get(3);
        for name in ["N", "cost"] {
            if let Some(cost) = field(options, name) {
                low(call, Some(cost), 16_384.0, "units of scrypt's cost", 3, out);
            }
        }
    }
}

/// Costs of bcrypt, pbkdf2, scrypt and argon2 in Rust.
fn rust(call: &CallView<'_>, out: &mut Vec<Note>) {
    let of = |path: &str| call.paths.iter().any(|p| p == path);
    match call.name.as_str() {
        "hash" | "hash_with_result" | "hash_with_salt" if call.paths.iter().any(|p| p.starts_with("bcrypt::")) => {
            low(call, call.args.get(1), 10.0, "rounds", 1, out);
        }
        "derive" if of("ring::pbkdf2::derive") => low(call, call.args.get(1), 100_000.0, "iterations", 1, out),
        "pbkdf2" | "pbkdf2_hmac" | "pbkdf2_hmac_array"
            if call.paths.iter().any(|p| p.starts_with("pbkdf2::") || p.starts_with("openssl::pkcs5::"))
                && !is_prescribed(call) =>
        {
            low(call, call.args.get(2), 100_000.0, "iterations", 2, out);
        }
        "new" if of("scrypt::Params::new") => {
            low(call, call.args.first(), 14.0, "as scrypt's logarithmic cost", 0, out)
        }
        "new" if of("argon2::Params::new") => low(call, call.args.first(), 7_168.0, "KiB of memory", 0, out),
        _ => {}
    }
}

/// PBKDF2 with SHA-1 whose keys go into a cipher beside it (Rust): formats of archives and protocols prescribe that, and its rounds.
fn is_prescribed(call: &CallView<'_>) -> bool {
    let whole = call.arena.slice(call.span);
    let around = enclosing_function(call.arena.root().smallest_at(call.span)).map_or("", |f| f.text()).to_lowercase();
    whole.contains("Sha1") && ["decrypt", "encrypt", "cipher", "hmac_key"].iter().any(|w| around.contains(w))
}
