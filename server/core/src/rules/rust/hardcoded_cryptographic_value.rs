use sidenote_grammars::{Family, Field, Kind};

use crate::findings::{Category, Confidence, Note, Severity};
use crate::rules::support::{args, declares, method, rust_path};
use crate::rules::{Case, Check, Cx, Docs, Rule};
use crate::syntax::Node;

pub static RULE: Rule = Rule {
    id: "hardcoded-cryptographic-value",
    summary: "a key, nonce, IV or salt is a constant of the program",
    category: Category::Security,
    severity: Severity::High,
    confidence: Confidence::High,
    cwe: &[321, 329, 798, 760],
    families: &[Family::Rust],
    default_on: true,
    in_tests: false,
    docs: Docs {
        what: "Finds arrays, byte strings and string literals, direct or through a constant or variable, as keys, initialisation vectors, \
               nonces and salts of RustCrypto, ring, openssl, argon2, pbkdf2, scrypt, bcrypt, jsonwebtoken and cookie.",
        why: "A key in the program is known to everybody who has it. A nonce that repeats under one key gives the plain text away, in GCM and \
              ChaCha20-Poly1305 the authentication key as well; a fixed salt lets one table serve against all users.",
        example: "let cipher = Aes256Gcm::new_from_slice(b\"0123456789abcdef0123456789abcdef\")?;",
        instead: "let cipher = Aes256Gcm::new_from_slice(&std::env::var(\"KEY\").map(hex_bytes)?)?;",
        limits: "A buffer that is mutable is taken to be filled before use. Constants of other files are not seen.",
        fix: "",
    },
    checks: &[Check::Nodes(&[Kind::CallExpression], check)],
    cases: &[
        Case::bad(
            "a.rs",
            "use aes_gcm::Aes256Gcm;\nfn f() { let c = Aes256Gcm::new_from_slice(b\"0123456789abcdef0123456789abcdef\"); } //~ hardcoded-cryptographic-value",
        ),
        Case::bad(
            "a.rs",
            "fn f() { let nonce = Nonce::from_slice(b\"unique nonce\"); } //~ hardcoded-cryptographic-value",
        ),
        Case::bad(
            "a.rs",
            "const KEY: [u8; 32] = [7; 32];\nfn f() { let k = Key::<Aes256Gcm>::from_slice(&KEY); } //~ hardcoded-cryptographic-value",
        ),
        Case::bad(
            "a.rs",
            "fn f() { let iv = [0u8; 16]; let e = openssl::symm::encrypt(Cipher::aes_256_cbc(), &key(), Some(&iv), data); } //~ hardcoded-cryptographic-value",
        ),
        Case::bad(
            "a.rs",
            "use ring::{aead, hmac};\nfn f() { let k = hmac::Key::new(hmac::HMAC_SHA256, b\"secret\"); } //~ hardcoded-cryptographic-value",
        ),
        Case::bad(
            "a.rs",
            "fn f() { let n = ring::aead::Nonce::assume_unique_for_key([0; 12]); } //~ hardcoded-cryptographic-value",
        ),
        Case::bad(
            "a.rs",
            "use jsonwebtoken::EncodingKey;\nfn f() { let k = EncodingKey::from_secret(\"secret\".as_ref()); } //~ hardcoded-cryptographic-value",
        ),
        Case::bad(
            "a.rs",
            "fn f(p: &[u8], out: &mut [u8]) { pbkdf2_hmac::<Sha256>(p, b\"salt\", 600_000, out); } //~ hardcoded-cryptographic-value",
        ),
        Case::bad(
            "a.rs",
            "fn f(p: &[u8]) { let a = Argon2::default(); a.hash_password_into(p, b\"some salt\", &mut out); } //~ hardcoded-cryptographic-value",
        ),
        Case::bad(
            "a.rs",
            "use cookie::Key;\nfn f() { let k = Key::from(&[0; 64]); } //~ hardcoded-cryptographic-value",
        ),
        Case::bad(
            "a.rs",
            "type E = cbc::Encryptor<Aes128>;\nfn f() { let k = [1u8; 16]; let c = Aes128CbcEnc::new(&k.into(), &iv.into()); } //~ hardcoded-cryptographic-value",
        ),
        Case::good("a.rs", "fn f(key: &[u8]) { let c = Aes256Gcm::new_from_slice(key); }"),
        Case::good(
            "a.rs",
            "fn f() { let mut n = [0u8; 12]; OsRng.fill_bytes(&mut n); let nonce = Nonce::from_slice(&n); }",
        ),
        Case::good("a.rs", "fn f() { let key = Aes256Gcm::generate_key(&mut OsRng); let c = Aes256Gcm::new(&key); }"),
        Case::good("a.rs", "fn f() { let k = EncodingKey::from_secret(std::env::var(\"JWT\").unwrap().as_bytes()); }"),
        Case::good(
            "a.rs",
            "fn f(b: &[u8]) { let n = Nonce::from_slice(&b[..12]); let s = Salt::new(HKDF_SHA256, b); }",
        ),
        Case::good("a.rs", "fn f() { let n: [u8; 12] = rand::random(); let nonce = Nonce::assume_unique_for_key(n); }"),
        Case::near_miss(
            "a.rs",
            "fn f() { let m = Map::new(b\"key\"); let k = Key::from(\"Enter\"); let h = hkdf.expand(b\"info\", &mut okm); }",
        ),
        Case::near_miss(
            "a.rs",
            "fn f(p: &[u8], salt: &[u8], out: &mut [u8]) { const ITERATIONS: u32 = 600_000; pbkdf2_hmac::<Sha256>(p, salt, ITERATIONS, out); }",
        ),
        Case::near_miss(
            "a.rs",
            "#[cfg(any())]\nfn f(n: u64) { let nonce = [n as u8, 0, 0, 0]; let x = Nonce::assume_unique_for_key(counter(n)); let y = Nonce::from_slice(&nonce); }",
        ),
        Case::near_miss(
            "a.rs",
            "fn f() { let k = Key::from(b\"accelerator\".to_vec()); let p = Point::from_slice(b\"abc\"); }",
        ),
    ],
};

/// Which arguments of a call are secret, and as what.
fn places(path: &str) -> &'static [(usize, &'static str)] {
    let mut names = path.rsplit("::");
    let (last, owner) = (names.next().unwrap_or(""), names.next().unwrap_or(""));
    let module = names.next().unwrap_or("");
    let cipher = [
        "Aes", "ChaCha", "XChaCha", "Salsa", "XSalsa", "Des", "TdesEde", "Blowfish", "Camellia", "Twofish", "Serpent",
        "Sm4", "Rc4",
    ]
    .iter()
    .any(|p| owner.starts_with(p));
    match (owner, last) {
        (_, "new_from_slice") => &[(0, "key")],
        (_, "new_from_slices") => &[(0, "key"), (1, "initialisation vector")],
        ("Key", "from_slice" | "from_exact_iter" | "derive_from") => &[(0, "key")],
        ("Key", "from")
            if matches!(
                module,
                "cookie" | "axum_extra" | "aead" | "aes_gcm" | "chacha20poly1305" | "actix_web" | "extract"
            ) =>
        {
            &[(0, "key")]
        }
        ("Nonce" | "XNonce", "from_slice" | "from" | "assume_unique_for_key" | "try_assume_unique_for_key") => {
            &[(0, "nonce")]
        }
        ("Iv", "from_slice" | "from") => &[(0, "initialisation vector")],
        ("GenericArray", "from_slice") => &[(0, "key or nonce")],
        ("UnboundKey" | "LessSafeKey", "new") => &[(1, "key")],
        ("Key", "new") if module == "hmac" => &[(1, "key")],
        ("pbkdf2", "derive") => &[(2, "salt"), (3, "password")],
        ("EncodingKey" | "DecodingKey", "from_secret") => &[(0, "key")],
        ("PKey", "hmac") => &[(0, "key")],
        ("SigningKey" | "SecretKey" | "StaticSecret", "from_bytes" | "from_slice") => &[(0, "key")],
        ("Hkdf", "new") => &[(1, "key")],
        ("symm", "encrypt" | "decrypt" | "encrypt_aead" | "decrypt_aead") => {
            &[(1, "key"), (2, "initialisation vector")]
        }
        ("Crypter", "new") if module == "symm" || module.is_empty() => &[(2, "key"), (3, "initialisation vector")],
        (_, "pbkdf2_hmac" | "pbkdf2_hmac_array" | "pbkdf2" | "scrypt") => &[(1, "salt")],
        (_, "hash_with_salt") => &[(2, "salt")],
        ("argon2", "hash_raw" | "hash_encoded") => &[(1, "salt")],
        ("SaltString", "from_b64" | "encode_b64") => &[(0, "salt")],
        (_, "new") if cipher => &[(0, "key"), (1, "initialisation vector")],
        _ => &[],
    }
}

fn check<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    let places = match method(node) {
        Some((_, name)) if name.text() == "hash_password_into" => &[(1, "salt")],
        Some(_) => return,
        None => match node.child(Field::Function).and_then(|f| rust_path(f, cx)) {
            Some(path) => places(&path),
            None => return,
        },
    };
    for (index, what) in places {
        let Some(argument) = args(node).nth(*index) else { continue };
        let Some(value) = fixed(argument, cx) else { continue };
        let danger = match *what {
            "salt" => "one table of guesses serves against everybody",
            "nonce" | "initialisation vector" => "two messages under one key then give each other away",
            _ => "everybody who has the program has it",
        };
        let advice = match *what {
            "key" | "password" => "Read it from a secret store",
            "key or nonce" => "Read a key from a secret store and draw a nonce at random",
            _ => "Draw it at random for every use",
        };
        let mut note = Note::new(
            cx.rule,
            argument.span(),
            format!("This {what} is a constant of the program: {danger}. {advice}."),
        );
        if value != argument && value.arena().root() == node.arena().root() {
            note = note.related(value.span(), "the constant");
        }
        cx.report(note);
    }
}

/// The constant that an argument comes down to: an array of literals, a byte string or a string, behind references, conversions, `Some`
/// and immutable variables.
fn fixed<'a>(argument: Node<'a>, cx: &Cx<'a>) -> Option<Node<'a>> {
    let mut at = argument;
    // Bounded: each step goes down the tree or to a declaration before.
    for _ in 0..12 {
        at = match at.kind() {
            Kind::ReferenceExpression => at.child(Field::Value)?,
            Kind::UnaryExpression | Kind::ParenthesizedExpression | Kind::TryExpression => at.first_named()?,
            Kind::StringLiteral | Kind::RawStringLiteral => return (at.text().len() > 3).then_some(at),
            Kind::ArrayExpression => return is_literal_array(at).then_some(at),
            Kind::CallExpression => match method(at) {
                Some((receiver, name))
                    if matches!(
                        name.text(),
                        "as_bytes"
                            | "as_ref"
                            | "as_slice"
                            | "into"
                            | "to_vec"
                            | "to_owned"
                            | "clone"
                            | "to_string"
                            | "try_into"
                            | "unwrap"
                    ) =>
                {
                    receiver
                }
                Some(_) => return None,
                None => {
                    let text = at.child(Field::Function)?.text();
                    let wraps = matches!(text, "Some" | "GenericArray::from_slice" | "Vec::from" | "String::from");
                    wraps.then(|| args(at).next())??
                }
            },
            Kind::Identifier | Kind::ScopedIdentifier => return constant(at, cx),
            _ => return None,
        };
        if at.kind() == Kind::Identifier {
            return constant(at, cx);
        }
    }
    None
}

/// The constant behind a name: one of the file's, or a variable of the block that is declared once, is not `mut` and starts as a literal.
fn constant<'a>(name: Node<'a>, cx: &Cx<'a>) -> Option<Node<'a>> {
    let text = name.text().rsplit("::").next().unwrap_or_default();
    let mut found = None;
    for n in name.arena().nodes() {
        let (binding, fixed) = match n.kind() {
            Kind::LetDeclaration => (n.child(Field::Pattern), n.child_of_kind(Kind::MutableSpecifier).is_none()),
            Kind::ConstItem | Kind::StaticItem => (n.child(Field::Name), true),
            _ => continue,
        };
        if binding.is_some_and(|b| b.text() == text) {
            if found.is_some() || !fixed {
                return None;
            }
            found = Some(n.child(Field::Value)?);
        }
    }
    if let Some(value) = found {
        let mut value = value;
        while value.kind() == Kind::ReferenceExpression || value.kind() == Kind::UnaryExpression {
            value = value.first_named()?;
        }
        let literal = match value.kind() {
            Kind::StringLiteral | Kind::RawStringLiteral => value.text().len() > 3,
            Kind::ArrayExpression => is_literal_array(value),
            _ => false,
        };
        return literal.then_some(value);
    }
    if declares(name, text) {
        return None;
    }
    let constant = cx.file.declared.constants.get(text)?;
    let inner = constant.trim_start_matches(['&', '*']);
    (inner.starts_with(['[', '"', 'b', 'r']) && inner.len() > 3).then_some(name)
}

fn is_literal_array(array: Node<'_>) -> bool {
    let mut elements = array.named_children().filter(|c| c.field() != Field::Length).peekable();
    elements.peek().is_some() && elements.all(|e| matches!(e.kind(), Kind::IntegerLiteral | Kind::CharLiteral))
}
