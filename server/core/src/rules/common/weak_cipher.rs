use sidenote_grammars::{Family, Field, Kind};

use crate::findings::{Category, Confidence, Note, Severity};
use crate::rules::support::{resolve_rust, rust_path};
use crate::rules::{Case, Check, Cx, Docs, Rule};
use crate::semantics::flow::{CallView, WriteView};
use crate::syntax::Node;

pub static RULE: Rule = Rule {
    id: "weak-cipher",
    summary: "encryption with a broken cipher or an old TLS version",
    category: Category::Security,
    severity: Severity::High,
    confidence: Confidence::High,
    cwe: &[327, 326],
    families: &[Family::Ecma, Family::Rust],
    default_on: true,
    in_tests: false,
    docs: Docs {
        what: "Finds DES, 3DES, RC2, RC4, Blowfish, CAST5, IDEA and SEED in `createCipheriv` and its kin, CryptoJS and node-forge; \
               `createCipher`, whose key is one MD5 of the password; and TLS contexts that allow SSL 3, TLS 1.0 or 1.1, or name broken ciphers.",
        why: "Keys of 56 bits are searched in a day, blocks of 64 bits repeat after a few gigabytes, RC4's stream leaks its \
              plaintext, and old protocol versions can be forced into them.",
        example: "const cipher = crypto.createCipheriv('des-ede3-cbc', key, iv);",
        instead: "const cipher = crypto.createCipheriv('aes-256-gcm', key, iv);",
        limits: "Only names that are constants are judged. Decryption with an old cipher is reported with low severity: data may \
                 have to be read that somebody else wrote.",
        fix: "",
    },
    checks: &[
        Check::Calls(&["createCipheriv", "createCipher", "createDecipheriv", "createDecipher"], node),
        Check::Calls(&["encrypt", "createCipher", "startEncrypting", "createEncryptionCipher"], library),
        Check::Writes(&["secureProtocol", "minVersion", "maxVersion"], protocol),
        Check::Writes(&["ciphers"], list),
        Check::Nodes(&[Kind::CallExpression], rust),
    ],
    cases: &[
        Case::bad(
            "a.rs",
            "use native_tls::{Protocol, TlsConnector};\nfn f() -> TlsConnector { TlsConnector::builder().min_protocol_version(Some(Protocol::Sslv3)).build().unwrap() } //~ weak-cipher",
        ),
        Case::bad(
            "a.rs",
            "use openssl::ssl::SslVersion;\nfn f(b: &mut SslConnectorBuilder) { b.set_min_proto_version(Some(SslVersion::TLS1)).unwrap(); } //~ weak-cipher",
        ),
        Case::near_miss(
            "a.rs",
            "use native_tls::{Protocol, TlsConnector};\nfn f() -> TlsConnector { TlsConnector::builder().min_protocol_version(Some(Protocol::Tlsv12)).build().unwrap() }",
        ),
        Case::near_miss("a.rs", "fn f(b: &mut SslConnectorBuilder) { b.set_min_proto_version(None).unwrap(); }"),
        Case::bad(
            "a.js",
            "https.createServer({ ciphers: 'ECDHE-RSA-AES128-GCM-SHA256:DES-CBC3-SHA' }, app); //~ weak-cipher",
        ),
        Case::near_miss("a.js", "https.createServer({ ciphers: 'HIGH:!aNULL:!RC4:!DES:!3DES' }, app);"),
        Case::bad(
            "a.js",
            "const crypto = require('crypto');\nconst c = crypto.createCipheriv('des-ede3-cbc', key, iv); //~ weak-cipher",
        ),
        Case::bad(
            "a.ts",
            "import { createCipheriv } from 'node:crypto';\nexport const seal = (k: Buffer) => createCipheriv('rc4', k, null); //~ weak-cipher",
        ),
        Case::bad(
            "a.ts",
            "import crypto from 'crypto';\nconst ALGORITHM = 'bf-cbc';\nfunction seal(text: string) { return crypto.createCipheriv(ALGORITHM, KEY, IV).update(text); } //~ weak-cipher",
        ),
        Case::bad(
            "a.js",
            "const crypto = require('crypto');\nconst c = crypto.createCipher('aes-256-cbc', password); //~ weak-cipher",
        ),
        Case::bad(
            "a.js",
            "const CryptoJS = require('crypto-js');\nconst out = CryptoJS.TripleDES.encrypt(text, key); //~ weak-cipher",
        ),
        Case::bad(
            "a.ts",
            "import CryptoJS from 'crypto-js';\nexport const e = (t: string) => CryptoJS.RC4.encrypt(t, pass).toString(); //~ weak-cipher",
        ),
        Case::bad(
            "a.js",
            "const forge = require('node-forge');\nconst c = forge.cipher.createCipher('3DES-CBC', key); //~ weak-cipher",
        ),
        Case::bad(
            "a.js",
            "const tls = require('tls');\ntls.createServer({ key, cert, secureProtocol: 'TLSv1_method' }); //~ weak-cipher",
        ),
        Case::bad("a.ts", "const agent = new https.Agent({ minVersion: 'TLSv1' }); //~ weak-cipher"),
        Case::good(
            "a.js",
            "const crypto = require('crypto');\nconst c = crypto.createCipheriv('aes-256-gcm', key, iv);",
        ),
        Case::good(
            "a.js",
            "const crypto = require('crypto');\nconst c = crypto.createCipheriv('chacha20-poly1305', key, iv, { authTagLength: 16 });",
        ),
        Case::good(
            "a.ts",
            "import { createCipheriv } from 'crypto';\nexport const f = (name: string) => createCipheriv(name, key, iv);",
        ),
        Case::good("a.js", "const CryptoJS = require('crypto-js');\nconst out = CryptoJS.AES.encrypt(text, key);"),
        Case::good(
            "a.js",
            "const forge = require('node-forge');\nconst c = forge.cipher.createCipher('AES-GCM', key);",
        ),
        Case::good("a.js", "https.createServer({ key, cert, minVersion: 'TLSv1.2' }, app);"),
        Case::good("a.js", "const tls = require('tls');\ntls.connect({ secureProtocol: 'TLSv1_2_method' });"),
        Case::near_miss(
            "a.js",
            "const https = require('https');\nhttps.createServer({ secureProtocol: 'SSLv23_method', key, cert });",
        ),
        Case::good("a.ts", "const key = await crypto.subtle.encrypt({ name: 'AES-GCM', iv }, k, data);"),
        Case::near_miss(
            "a.js",
            "const description = translate('des', 'rc4');\nconst c = factory.createCipheriv('gost', key);",
        ),
        Case::near_miss("a.js", "const options = { minVersion: '1.0.0', maxVersion: 'latest' };"),
        Case::near_miss("a.js", "const mailer = box.encrypt('des-ede3-cbc');"),
        Case::near_miss("a.js", "const names = { des: 'DES', rc4: 'RC4' };\nconsole.log(names.des);"),
        Case::bad(
            "a.rs",
            "use des::{Des, TdesEde3, cipher::{KeyInit, BlockEncrypt, KeyIvInit, StreamCipher}};\nfn a(k: &[u8]) { let c = Des::new_from_slice(k).unwrap(); } //~ weak-cipher",
        ),
        Case::bad(
            "a.rs",
            "use des::{Des, TdesEde3, cipher::{KeyInit, BlockEncrypt, KeyIvInit, StreamCipher}};\ntype DesCbc = cbc::Encryptor<des::Des>;\nfn b(k: &[u8; 8], iv: &[u8; 8]) { let c = DesCbc::new(k.into(), iv.into()); } //~ weak-cipher",
        ),
        Case::bad(
            "a.rs",
            "use des::{Des, TdesEde3, cipher::{KeyInit, BlockEncrypt, KeyIvInit, StreamCipher}};\nfn c(k: &[u8; 24]) { let c = TdesEde3::new(k.into()); } //~ weak-cipher",
        ),
        Case::bad(
            "a.rs",
            "use des::{Des, TdesEde3, cipher::{KeyInit, BlockEncrypt, KeyIvInit, StreamCipher}};\nfn d(k: &[u8]) { let mut c = rc4::Rc4::<rc4::consts::U16>::new(k.into()); } //~ weak-cipher",
        ),
        Case::bad(
            "a.rs",
            "use des::{Des, TdesEde3, cipher::{KeyInit, BlockEncrypt, KeyIvInit, StreamCipher}};\nuse openssl::symm::{Cipher, encrypt};\nfn e(k: &[u8], d: &[u8]) { let x = encrypt(Cipher::des_cbc(), k, None, d); } //~ weak-cipher",
        ),
        Case::bad(
            "a.rs",
            "use des::{Des, TdesEde3, cipher::{KeyInit, BlockEncrypt, KeyIvInit, StreamCipher}};\nuse openssl::symm::{Cipher, Crypter, Mode};\nfn f(k: &[u8], d: &[u8]) { let x = Crypter::new(Cipher::rc4(), Mode::Encrypt, k, None); } //~ weak-cipher",
        ),
        Case::bad(
            "a.rs",
            "use des::{Des, TdesEde3, cipher::{KeyInit, BlockEncrypt, KeyIvInit, StreamCipher}};\ntype AesEcb = ecb::Encryptor<aes::Aes128>;\nfn g(k: &[u8; 16]) { let x = AesEcb::new(k.into()); } //~ weak-cipher",
        ),
        Case::bad(
            "a.rs",
            "use des::{Des, TdesEde3, cipher::{KeyInit, BlockEncrypt, KeyIvInit, StreamCipher}};\nuse openssl::symm::{Cipher, encrypt};\nfn g2(k: &[u8], d: &[u8]) { let x = encrypt(Cipher::aes_128_ecb(), k, None, d); } //~ weak-cipher",
        ),
        Case::bad(
            "a.rs",
            "use des::{Des, TdesEde3, cipher::{KeyInit, BlockEncrypt, KeyIvInit, StreamCipher}};\nstruct Rc2 { v: u8 } impl Rc2 { fn new(v: u8) -> Self { Rc2 { v } } }\nfn h(k: &[u8]) { let c = rc2::Rc2::new_from_slice(k).unwrap(); } //~ weak-cipher",
        ),
        Case::bad(
            "a.rs",
            "use des::{Des, TdesEde3, cipher::{KeyInit, BlockEncrypt, KeyIvInit, StreamCipher}};\nfn h2(k: &[u8]) { let c = blowfish::Blowfish::<byteorder::BE>::new_from_slice(k).unwrap(); } //~ weak-cipher",
        ),
        Case::bad(
            "a.rs",
            "use des::{Des, TdesEde3, cipher::{KeyInit, BlockEncrypt, KeyIvInit, StreamCipher}};\nfn h3(k: &[u8; 8]) { let c = cfb_mode::Encryptor::<des::Des>::new(k.into(), k.into()); } //~ weak-cipher",
        ),
        Case::bad(
            "a.rs",
            "use des::{Des, TdesEde3, cipher::{KeyInit, BlockEncrypt, KeyIvInit, StreamCipher}};\nfn h4(k: &[u8; 8]) { let c = ecb::Encryptor::<aes::Aes256>::new(k.into()); } //~ weak-cipher",
        ),
        Case::bad(
            "a.rs",
            "use des::{Des, TdesEde3, cipher::{KeyInit, BlockEncrypt, KeyIvInit, StreamCipher}};\nuse openssl::symm::Cipher;\nfn h5() -> cipher::Cipher { openssl::cipher::Cipher::des_ede3_cbc() } //~ weak-cipher",
        ),
        Case::bad(
            "a.rs",
            "use des::{Des, TdesEde3, cipher::{KeyInit, BlockEncrypt, KeyIvInit, StreamCipher}};\nfn h6(k: &[u8]) { let c = cast5::Cast5::new_from_slice(k).unwrap(); } //~ weak-cipher",
        ),
        Case::good(
            "a.rs",
            "use des::{Des, TdesEde3, cipher::{KeyInit, BlockEncrypt, KeyIvInit, StreamCipher}};\nfn i(k: &[u8; 16], iv: &[u8; 16]) { let c = cbc::Encryptor::<aes::Aes128>::new(k.into(), iv.into()); }",
        ),
        Case::good(
            "a.rs",
            "use des::{Des, TdesEde3, cipher::{KeyInit, BlockEncrypt, KeyIvInit, StreamCipher}};\nuse openssl::symm::{Cipher, encrypt};\nfn j(k: &[u8], d: &[u8], iv: &[u8]) { let x = encrypt(Cipher::aes_256_gcm(), k, Some(iv), d); }",
        ),
        Case::good(
            "a.rs",
            "use des::{Des, TdesEde3, cipher::{KeyInit, BlockEncrypt, KeyIvInit, StreamCipher}};\nfn l(k: &[u8; 16], iv: &[u8; 16]) { type C = ctr::Ctr64BE<aes::Aes128>; let c = C::new(k.into(), iv.into()); }",
        ),
        Case::near_miss(
            "a.rs",
            "use des::{Des, TdesEde3, cipher::{KeyInit, BlockEncrypt, KeyIvInit, StreamCipher}};\nfn m(k: &[u8; 32], n: &[u8; 12]) { let c = chacha20::ChaCha20::new(k.into(), n.into()); }",
        ),
        Case::near_miss(
            "a.rs",
            "use des::{Des, TdesEde3, cipher::{KeyInit, BlockEncrypt, KeyIvInit, StreamCipher}};\nstruct Rc2 { v: u8 } impl Rc2 { fn new(v: u8) -> Self { Rc2 { v } } }\nfn n() { let r = Rc2::new(1); let d = Description::new(\"des\"); }",
        ),
        Case::good(
            "a.rs",
            "use aes_gcm::{aead::Aead, Aes256Gcm, KeyInit, Nonce};\nfn a(k: &[u8], n: &[u8], d: &[u8]) -> Vec<u8> { Aes256Gcm::new_from_slice(k).unwrap().encrypt(Nonce::from_slice(n), d).unwrap() }",
        ),
        Case::good(
            "a.rs",
            "use chacha20poly1305::{ChaCha20Poly1305, KeyInit};\nfn a(k: &[u8; 32]) { let c = ChaCha20Poly1305::new(k.into()); go(c); }",
        ),
        Case::good(
            "a.rs",
            "use openssl::symm::{Cipher, encrypt};\nfn a(k: &[u8], iv: &[u8], d: &[u8]) { let x = encrypt(Cipher::aes_128_ctr(), k, Some(iv), d); go(x); }",
        ),
        Case::good(
            "a.rs",
            "use openssl::symm::{Cipher, encrypt_aead};\nfn a(k: &[u8], iv: &[u8], d: &[u8], tag: &mut [u8]) { let x = encrypt_aead(Cipher::chacha20_poly1305(), k, Some(iv), &[], d, tag); go(x); }",
        ),
        Case::good(
            "a.rs",
            "type Enc = cbc::Encryptor<aes::Aes256>;\nfn a(k: &[u8; 32], iv: &[u8; 16]) { let c = Enc::new(k.into(), iv.into()); go(c); }",
        ),
        Case::good("a.rs", "fn a(k: ring::aead::UnboundKey) { let c = ring::aead::LessSafeKey::new(k); go(c); }"),
        Case::good(
            "a.rs",
            "use aes::Aes128;\nuse aes::cipher::KeyInit;\nfn a(k: &[u8; 16]) { let c = cmac::Cmac::<Aes128>::new(k.into()); go(c); }",
        ),
        Case::good(
            "a.rs",
            "fn a(k: &[u8; 32], n: &[u8; 24]) { let c = salsa20::XSalsa20::new(k.into(), n.into()); go(c); }",
        ),
        Case::good("a.rs", "fn a() { let names = [\"aes-256-gcm\", \"chacha20\"]; go(names); }"),
        Case::near_miss(
            "a.rs",
            "struct Des;\nimpl Des { fn new(x: u8) -> Des { Des } }\nfn a() { let d = Des::new(3); go(d); }",
        ),
        Case::near_miss("a.rs", "fn a(name: &str) -> bool { matches!(name, \"des\" | \"rc4\" | \"3des\") }"),
        Case::near_miss("a.rs", "struct Rc4Params { n: u8 }\nfn a() { let p = Rc4Params { n: 4 }; go(p); }"),
        Case::near_miss("a.rs", "fn a() -> &'static str { \"DES-CBC is refused\" }"),
    ],
};

/// The broken cipher that a name stands for.
fn broken(name: &str) -> Option<&'static str> {
    let lower = name.to_ascii_lowercase();
    let first = lower.split(['-', '_']).next().unwrap_or_default();
    Some(match first {
        "des" if lower.starts_with("des-ede") => "3DES",
        "des3" | "3des" | "tripledes" | "desede" => "3DES",
        "des" | "desx" => "DES",
        "rc4" | "arcfour" | "rc4drop" => "RC4",
        "rc2" => "RC2",
        "bf" | "blowfish" => "Blowfish",
        "cast" | "cast5" => "CAST5",
        "idea" => "IDEA",
        "seed" => "SEED",
        "rabbit" => "Rabbit",
        _ => return None,
    })
}

fn node(call: &CallView<'_>, out: &mut Vec<Note>) {
    if !call.paths.iter().any(|p| {
        let p = p.as_str();
        p.starts_with("crypto.") || p.starts_with("crypto-browserify.") || p.starts_with("browserify-cipher.")
    }) {
        return;
    }
    let decrypts = call.name.starts_with("createDecipher");
    if let Some(name) = call.args.first().into_iter().flat_map(|a| a.strings()).find_map(|s| broken(&s)) {
        report(call, name, call.arg_span(0), decrypts, out);
    } else if call.name == "createCipher" {
        let message = "`createCipher` makes its key of one MD5 of the password, without salt. Derive the key with `scrypt` and use `createCipheriv`.";
        out.push(Note::new(call.rule, call.name_span, message));
    }
}

/// CryptoJS names the cipher in the path, node-forge in an argument.
fn library(call: &CallView<'_>, out: &mut Vec<Note>) {
    for path in call.paths {
        let path = path.as_str();
        let inner = path.strip_prefix("crypto-js.").or_else(|| path.strip_prefix("CryptoJS."));
        if let Some(name) = inner.and_then(|p| p.strip_suffix(".encrypt")).and_then(broken) {
            return report(call, name, call.name_span, false, out);
        }
        let forge = path.starts_with("node-forge.") || path.starts_with("forge.");
        if forge {
            let by_argument = call.args.first().into_iter().flat_map(|a| a.strings()).find_map(|s| broken(&s));
            let by_path = path.split('.').rev().nth(1).and_then(broken);
            if let Some(name) = by_argument.or(by_path) {
                return report(call, name, call.name_span, false, out);
            }
        }
    }
}

fn report(call: &CallView<'_>, name: &str, span: crate::syntax::Span, decrypts: bool, out: &mut Vec<Note>) {
    let mut note = Note::new(call.rule, span, format!("{name} is broken. Use AES-256-GCM or ChaCha20-Poly1305."));
    if decrypts {
        note = note.severity(Severity::Low).confidence(Confidence::Medium);
    }
    out.push(note);
}

fn protocol(write: &WriteView<'_>, out: &mut Vec<Note>) {
    let old = write.value.strings().find(|s| {
        let s = s.as_str();
        match write.name.as_str() {
            // `SSLv23_method` takes the newest that both sides know.
            "secureProtocol" => {
                !s.starts_with("SSLv23")
                    && ["SSLv2", "SSLv3", "TLSv1_method", "TLSv1_client", "TLSv1_server", "TLSv1_1"]
                        .iter()
                        .any(|p| s.starts_with(p))
            }
            _ => matches!(s, "TLSv1" | "TLSv1.1" | "SSLv3"),
        }
    });
    if let Some(old) = old {
        let message = format!("`{old}` lets connections use broken ciphers. Use TLS 1.2 or newer.");
        out.push(Note::new(write.rule, write.span, message).severity(Severity::Medium));
    }
}

/// `ciphers: 'RC4:DES-CBC3-SHA'`, in OpenSSL's notation: what stands behind `!` or `-` is left out.
fn list(write: &WriteView<'_>, out: &mut Vec<Note>) {
    if !write.value.exact {
        return;
    }
    let found = write.value.strings().find_map(|list| {
        let named = list.as_str().split([':', ',', ' ']).find(|c| {
            let part = |of: &[&str]| c.split(['-', '_', '+']).any(|p| of.contains(&p));
            // TLS's own suites are written in capitals.
            !c.starts_with(['!', '-', '@', '+'])
                && (part(&["RC4", "RC2", "DES", "3DES", "CBC3", "NULL", "aNULL", "eNULL", "EXP", "EXPORT", "EXPORT40"])
                    || matches!(*c, "LOW" | "ADH" | "AECDH" | "COMPLEMENTOFDEFAULT"))
        });
        named.map(str::to_owned)
    });
    if let Some(found) = found {
        let message = format!("`{found}` lets connections use broken ciphers. Leave the list out.");
        out.push(Note::new(write.rule, write.span, message).severity(Severity::Medium));
    }
}

/// Crates of broken ciphers, and the mode in which equal blocks stay equal.
fn weak_crate(name: &str) -> Option<&'static str> {
    Some(match name {
        "des" => "DES",
        "rc2" => "RC2",
        "rc4" => "RC4",
        "rc5" => "RC5",
        "blowfish" => "Blowfish",
        "cast5" => "CAST5",
        "idea" => "IDEA",
        "magma" => "Magma",
        "ecb" => "ECB mode",
        _ => return None,
    })
}

/// The broken cipher of an openssl constructor, `aes_128_ecb`.
fn weak_openssl(name: &str) -> Option<&'static str> {
    let first = name.split('_').next().unwrap_or_default();
    match first {
        "des" if name.contains("ede") => Some("3DES"),
        "des" => Some("DES"),
        "rc4" => Some("RC4"),
        "rc2" => Some("RC2"),
        "bf" => Some("Blowfish"),
        "cast5" => Some("CAST5"),
        "idea" => Some("IDEA"),
        "seed" => Some("SEED"),
        _ if name.ends_with("_ecb") => Some("ECB mode"),
        _ => None,
    }
}

fn rust<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    if cx.arena().language().family != Family::Rust {
        return;
    }
    let Some(function) = node.child(Field::Function) else { return };
    old_protocol(node, cx);
    if !matches!(function.kind(), Kind::ScopedIdentifier | Kind::GenericFunction) {
        return;
    }
    let text = function.text();
    let Some(last) = text.rsplit("::").next() else { return };
    let name = if matches!(
        last,
        "new" | "new_from_slice" | "new_from_slices" | "inner_iv_init" | "new_var" | "new_varkey" | "new_var_key"
    ) {
        // The type with its parameters, behind an alias of the file.
        let head = text.strip_suffix(last).unwrap_or_default().trim_end_matches("::");
        let whole = match cx.file.declared.aliases.get(head) {
            Some(alias) => alias.as_str(),
            None => head,
        };
        let paths = whole.split(|c: char| !c.is_alphanumeric() && c != '_' && c != ':').filter(|p| !p.is_empty());
        paths.filter(|p| p.contains("::") || cx.file.imports.path(p).is_some()).find_map(|p| {
            let full = resolve_rust(p.trim_matches(':'), cx);
            let (root, rest) = full.split_once("::")?;
            (!rest.is_empty()).then(|| weak_crate(root)).flatten()
        })
    } else {
        let Some(path) = rust_path(function, cx) else { return };
        match path.strip_prefix("openssl::symm::Cipher::").or_else(|| path.strip_prefix("openssl::cipher::Cipher::")) {
            Some(name) => weak_openssl(name),
            None => None,
        }
    };
    let Some(name) = name else { return };
    let message = if name == "ECB mode" {
        "In ECB mode equal blocks stay equal: the pattern of the text shows through. Use AES-256-GCM or ChaCha20-Poly1305."
            .to_owned()
    } else {
        format!("{name} is broken or too small for today's data. Use AES-256-GCM or ChaCha20-Poly1305.")
    };
    cx.report(Note::new(cx.rule, function.span(), message));
}

/// `min_protocol_version(Some(Protocol::Sslv3))`, `set_min_proto_version(Some(SslVersion::TLS1))`, `SslMethod::sslv3()` in Rust.
fn old_protocol<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    let Some((_, name)) = crate::rules::support::method(node) else { return };
    if !matches!(
        name.text(),
        "min_protocol_version" | "set_min_proto_version" | "min_tls_version" | "set_max_proto_version"
    ) {
        return;
    }
    let Some(mut version) = crate::rules::support::args(node).next() else { return };
    if version.kind() == Kind::CallExpression
        && version.child(Field::Function).is_some_and(|f| f.text() == "Some")
        && let Some(inner) = crate::rules::support::args(version).next()
    {
        version = inner;
    }
    let old = matches!(
        last_segment(version.text()),
        "Sslv3" | "Tlsv10" | "Tlsv11" | "SSL3" | "TLS1" | "TLS1_1" | "TLS_1_0" | "TLS_1_1" | "SSLv3" | "TLSv1"
    );
    if old && version.kind() == Kind::ScopedIdentifier {
        let message =
            format!("`{}` lets connections use broken ciphers. Use TLS 1.2 or newer.", last_segment(version.text()));
        cx.report(Note::new(cx.rule, version.span(), message).severity(Severity::Medium));
    }
}

fn last_segment(path: &str) -> &str {
    path.rsplit("::").next().unwrap_or(path)
}
