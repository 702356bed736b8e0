use sidenote_grammars::{Family, Field, Kind};

use crate::findings::{Category, Confidence, Note, Severity};
use crate::rules::evidence::{field, numbers};
use crate::rules::support::{args, method, rust_path};
use crate::rules::{Case, Check, Cx, Docs, Rule};
use crate::semantics::flow::CallView;
use crate::syntax::Node;

pub static RULE: Rule = Rule {
    id: "rsa-without-oaep",
    summary: "RSA encryption with a padding that can be undone by asking",
    category: Category::Security,
    severity: Severity::Medium,
    confidence: Confidence::High,
    cwe: &[780, 327],
    families: &[Family::Ecma, Family::Rust],
    default_on: true,
    in_tests: false,
    docs: Docs {
        what: "Finds RSA encryption and decryption without a padding or with that of PKCS#1 v1.5: `RSA_PKCS1_PADDING` and `RSA_NO_PADDING` of \
               node, `Pkcs1v15Encrypt` of the rsa crate, `Padding::PKCS1` and `Padding::NONE` of openssl.",
        why: "Whoever may ask a server again and again whether a text decrypts well reads what others encrypted (Bleichenbacher's attack); without \
              padding equal texts give equal results, and they can be computed with.",
        example: "crypto.publicEncrypt({ key, padding: crypto.constants.RSA_PKCS1_PADDING }, data);",
        instead: "crypto.publicEncrypt({ key, padding: crypto.constants.RSA_PKCS1_OAEP_PADDING, oaepHash: 'sha256' }, data);",
        limits: "Signatures with PKCS#1 v1.5 are sound, and left alone.",
        fix: "",
    },
    checks: &[Check::Calls(&["publicEncrypt", "privateDecrypt"], node), Check::Nodes(&[Kind::CallExpression], rust)],
    cases: &[
        Case::bad(
            "a.js",
            "const crypto = require('crypto');\nconst e = crypto.publicEncrypt({ key, padding: crypto.constants.RSA_PKCS1_PADDING }, data); //~ rsa-without-oaep",
        ),
        Case::bad(
            "a.ts",
            "import { constants, privateDecrypt } from 'node:crypto';\nexport const f = (key: string, data: Buffer) => privateDecrypt({ key, padding: constants.RSA_NO_PADDING }, data); //~ rsa-without-oaep",
        ),
        Case::bad(
            "a.rs",
            "use rsa::{Pkcs1v15Encrypt, RsaPublicKey};\nfn f(k: &RsaPublicKey, d: &[u8]) { let e = k.encrypt(&mut OsRng, Pkcs1v15Encrypt, d); } //~ rsa-without-oaep",
        ),
        Case::bad(
            "a.rs",
            "use openssl::rsa::{Padding, Rsa};\nfn f(k: &Rsa<Public>, d: &[u8], to: &mut [u8]) { k.public_encrypt(d, to, Padding::NONE).unwrap(); } //~ rsa-without-oaep",
        ),
        Case::good(
            "a.js",
            "const crypto = require('crypto');\nconst e = crypto.publicEncrypt({ key, padding: crypto.constants.RSA_PKCS1_OAEP_PADDING }, data);",
        ),
        Case::good("a.js", "const crypto = require('crypto');\nconst e = crypto.publicEncrypt(key, data);"),
        Case::good(
            "a.rs",
            "use rsa::{Oaep, RsaPublicKey};\nfn f(k: &RsaPublicKey, d: &[u8]) { let e = k.encrypt(&mut OsRng, Oaep::new::<Sha256>(), d); }",
        ),
        Case::good(
            "a.rs",
            "use openssl::rsa::{Padding, Rsa};\nfn f(k: &Rsa<Public>, d: &[u8], to: &mut [u8]) { k.public_encrypt(d, to, Padding::PKCS1_OAEP).unwrap(); }",
        ),
        Case::near_miss(
            "a.js",
            "const crypto = require('crypto');\nconst s = crypto.sign('sha256', data, { key, padding: crypto.constants.RSA_PKCS1_PADDING });",
        ),
        Case::near_miss("a.rs", "fn f(k: &Key, d: &[u8]) { let s = k.sign(Pkcs1v15Sign::new::<Sha256>(), d); }"),
    ],
};

fn message(what: &str) -> String {
    format!("With {what} whoever may ask whether texts decrypt well reads them. Use OAEP.")
}

fn node(call: &CallView<'_>, out: &mut Vec<Note>) {
    let Some(padding) = field(call.args.first(), "padding") else { return };
    let by_name = padding.apis.iter().find_map(|a| {
        let name = a.as_str().rsplit('.').next()?;
        matches!(name, "RSA_PKCS1_PADDING" | "RSA_NO_PADDING").then(|| format!("`{name}`"))
    });
    // Their numbers in OpenSSL.
    let by_number = numbers(padding).find(|n| *n == 1.0 || *n == 3.0).map(|n| format!("the padding {n}"));
    if let Some(what) = by_name.or(by_number) {
        out.push(Note::new(call.rule, call.arg_span(0), message(&what)));
    }
}

fn rust<'a>(call: Node<'a>, cx: &mut Cx<'a>) {
    if cx.family() != Family::Rust {
        return;
    }
    let Some((_, name)) = method(call) else { return };
    if !matches!(name.text(), "encrypt" | "decrypt" | "decrypt_blinded" | "public_encrypt" | "private_decrypt") {
        return;
    }
    let found = args(call).find_map(|a| {
        let named = if a.kind() == Kind::CallExpression { a.child(Field::Function)? } else { a };
        let path = rust_path(named, cx)?;
        let weak = ["Pkcs1v15Encrypt", "PaddingScheme::new_pkcs1v15_encrypt", "Padding::PKCS1", "Padding::NONE"];
        weak.iter().any(|w| path == *w || path.ends_with(&format!("::{w}"))).then_some((a, path))
    });
    if let Some((at, path)) = found {
        let what = format!("`{}`", path.rsplit("::").next().unwrap_or(&path));
        cx.report(Note::new(cx.rule, at.span(), message(&what)));
    }
}
