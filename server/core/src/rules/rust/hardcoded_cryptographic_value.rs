use sidenote_grammars::{Family, Field, Kind};

use crate::findings::{Category, Confidence, Note, Place, Severity};
use crate::rules::support::{args, declares, method, rust_path};
use crate::rules::{Case, Check, Cx, Docs, Rule, rust_bodies};
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
        limits: "A mutable buffer counts only where everything that is written to it before its use is constant. Constants of other files are not \
                 seen; of functions that hand a parameter on only those of the same file are known.",
        fix: "",
    },
    checks: &[Check::Nodes(&[Kind::CallExpression], check)],
    cases: &[
        Case::bad(
            "a.rs",
            "use aes_gcm::{Aes256Gcm, KeyInit};\nfn seal(key: &[u8], data: &[u8]) { let c = Aes256Gcm::new_from_slice(key).unwrap(); }\nfn f(d: &[u8]) { seal(b\"0123456789abcdef0123456789abcdef\", d); } //~ hardcoded-cryptographic-value",
        ),
        Case::bad(
            "a.rs",
            "use aes_gcm::{Aes256Gcm, KeyInit, Key};\nstruct Vault;\nimpl Vault { fn new(key: [u8; 32]) -> Vault { let c = Aes256Gcm::new(Key::<Aes256Gcm>::from_slice(&key)); Vault } }\nfn f() { Vault::new([7u8; 32]); } //~ hardcoded-cryptographic-value",
        ),
        Case::bad(
            "a.rs",
            "use aes_gcm::{Aes256Gcm, KeyInit};\nfn key() -> Vec<u8> { b\"0123456789abcdef0123456789abcdef\".to_vec() }\nfn f() { let k = key(); //~ hardcoded-cryptographic-value\n let c = Aes256Gcm::new_from_slice(&k).unwrap(); }",
        ),
        Case::bad(
            "a.rs",
            "use aes_gcm::{Aes128Gcm, KeyInit};\nfn f(other: [u8; 16]) { let key = other; let a = Aes128Gcm::new(&key.into()); let key = [0u8; 16]; //~ hardcoded-cryptographic-value\n let b = Aes128Gcm::new(&key.into()); }",
        ),
        Case::good(
            "a.rs",
            "use aes_gcm::{Aes256Gcm, KeyInit};\nfn seal(key: &[u8], data: &[u8]) { let c = Aes256Gcm::new_from_slice(key).unwrap(); }\nfn f(k: &[u8]) { seal(k, b\"0123456789abcdef0123456789abcdef\"); }",
        ),
        Case::near_miss(
            "a.rs",
            "use aes_gcm::{Aes128Gcm, KeyInit};\nfn f(keys: Vec<[u8; 16]>) { let key = [0u8; 16]; show(&key); for key in keys { let b = Aes128Gcm::new(&key.into()); } }",
        ),
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
        Case::bad(
            "a.rs",
            "use aes_gcm::{Aes256Gcm, Aes128Gcm, Key, Nonce, KeyInit, aead::{Aead, OsRng, AeadCore, generic_array::GenericArray}};\nuse aes::cipher::KeyInit as _;\nfn a(data: &[u8]) { let key = [0u8; 32]; let c = Aes256Gcm::new(&key.into()); } //~ hardcoded-cryptographic-value",
        ),
        Case::bad(
            "a.rs",
            "use aes_gcm::{Aes256Gcm, Aes128Gcm, Key, Nonce, KeyInit, aead::{Aead, OsRng, AeadCore, generic_array::GenericArray}};\nuse aes::cipher::KeyInit as _;\nconst KEY: [u8; 32] = [0x42; 32];\nfn a3(data: &[u8]) { let c = Aes256Gcm::new_from_slice(&KEY).unwrap(); } //~ hardcoded-cryptographic-value",
        ),
        Case::bad(
            "a.rs",
            "use aes_gcm::{Aes256Gcm, Aes128Gcm, Key, Nonce, KeyInit, aead::{Aead, OsRng, AeadCore, generic_array::GenericArray}};\nuse aes::cipher::KeyInit as _;\nuse chacha20poly1305::ChaCha20Poly1305;\nfn a5(c: &ChaCha20Poly1305, data: &[u8]) { let nonce = [0u8; 12]; c.encrypt(&nonce.into(), data).unwrap(); } //~ hardcoded-cryptographic-value",
        ),
        Case::bad(
            "a.rs",
            "use aes_gcm::{Aes256Gcm, Aes128Gcm, Key, Nonce, KeyInit, aead::{Aead, OsRng, AeadCore, generic_array::GenericArray}};\nuse aes::cipher::KeyInit as _;\ntype Enc = cbc::Encryptor<aes::Aes128>;\nfn a7(key: &[u8; 16]) { let iv = [0x24; 16]; let e = Enc::new(key.into(), &iv.into()); } //~ hardcoded-cryptographic-value",
        ),
        Case::bad(
            "a.rs",
            "use aes_gcm::{Aes256Gcm, Aes128Gcm, Key, Nonce, KeyInit, aead::{Aead, OsRng, AeadCore, generic_array::GenericArray}};\nuse aes::cipher::KeyInit as _;\nfn a9() { let mut key = [0u8; 32]; for i in 0..32 { key[i] = i as u8; } let c = Aes256Gcm::new_from_slice(&key).unwrap(); } //~ hardcoded-cryptographic-value",
        ),
        Case::bad(
            "a.rs",
            "use aes_gcm::{Aes256Gcm, Aes128Gcm, Key, Nonce, KeyInit, aead::{Aead, OsRng, AeadCore, generic_array::GenericArray}};\nuse aes::cipher::KeyInit as _;\nfn a11() { let mut key = [0u8; 32]; let c = Aes256Gcm::new_from_slice(&key).unwrap(); } //~ hardcoded-cryptographic-value",
        ),
        Case::bad(
            "a.rs",
            "use aes_gcm::{Aes256Gcm, Aes128Gcm, Key, Nonce, KeyInit, aead::{Aead, OsRng, AeadCore, generic_array::GenericArray}};\nuse aes::cipher::KeyInit as _;\nfn a13() { let k: Vec<u8> = (0..32).collect(); let c = Aes256Gcm::new_from_slice(&k).unwrap(); } //~ hardcoded-cryptographic-value",
        ),
        Case::bad(
            "a.rs",
            "use aes_gcm::{Aes256Gcm, Aes128Gcm, Key, Nonce, KeyInit, aead::{Aead, OsRng, AeadCore, generic_array::GenericArray}};\nuse aes::cipher::KeyInit as _;\nfn a15() { let k = GenericArray::from_slice(&[0u8; 16]); let c = aes::Aes128::new(k); } //~ hardcoded-cryptographic-value",
        ),
        Case::bad(
            "a.rs",
            "use aes_gcm::{Aes256Gcm, Aes128Gcm, Key, Nonce, KeyInit, aead::{Aead, OsRng, AeadCore, generic_array::GenericArray}};\nuse aes::cipher::KeyInit as _;\nfn a18() { let n: [u8; 12] = Default::default(); let nonce = Nonce::from_slice(&n); } //~ hardcoded-cryptographic-value",
        ),
        Case::bad(
            "a.rs",
            "use aes_gcm::{Aes256Gcm, Aes128Gcm, Key, Nonce, KeyInit, aead::{Aead, OsRng, AeadCore, generic_array::GenericArray}};\nuse aes::cipher::KeyInit as _;\nstatic SALT: &[u8] = b\"static salt\";\nfn b1(pw: &[u8], out: &mut [u8]) { argon2::Argon2::default().hash_password_into(pw, SALT, out).unwrap(); } //~ hardcoded-cryptographic-value",
        ),
        Case::bad(
            "a.rs",
            "use aes_gcm::{Aes256Gcm, Aes128Gcm, Key, Nonce, KeyInit, aead::{Aead, OsRng, AeadCore, generic_array::GenericArray}};\nuse aes::cipher::KeyInit as _;\nfn b3(pw: &[u8]) { let k = pbkdf2::pbkdf2_hmac_array::<sha2::Sha256, 32>(pw, &[1, 2, 3, 4], 600_000); } //~ hardcoded-cryptographic-value",
        ),
        Case::bad(
            "a.rs",
            "use aes_gcm::{Aes256Gcm, Aes128Gcm, Key, Nonce, KeyInit, aead::{Aead, OsRng, AeadCore, generic_array::GenericArray}};\nuse aes::cipher::KeyInit as _;\nfn b5(claims: &Claims) { jsonwebtoken::encode(&jsonwebtoken::Header::default(), claims, &jsonwebtoken::EncodingKey::from_secret(b\"my-secret\")).unwrap(); } //~ hardcoded-cryptographic-value",
        ),
        Case::bad(
            "a.rs",
            "use aes_gcm::{Aes256Gcm, Aes128Gcm, Key, Nonce, KeyInit, aead::{Aead, OsRng, AeadCore, generic_array::GenericArray}};\nuse aes::cipher::KeyInit as _;\nfn b7() { let k = ring::aead::UnboundKey::new(&ring::aead::AES_256_GCM, &[0; 32]).unwrap(); } //~ hardcoded-cryptographic-value",
        ),
        Case::bad(
            "a.rs",
            "use aes_gcm::{Aes256Gcm, Aes128Gcm, Key, Nonce, KeyInit, aead::{Aead, OsRng, AeadCore, generic_array::GenericArray}};\nuse aes::cipher::KeyInit as _;\nfn b9() { let k = openssl::pkey::PKey::hmac(b\"my_secret\").unwrap(); } //~ hardcoded-cryptographic-value",
        ),
        Case::bad(
            "a.rs",
            "use aes_gcm::{Aes256Gcm, Aes128Gcm, Key, Nonce, KeyInit, aead::{Aead, OsRng, AeadCore, generic_array::GenericArray}};\nuse aes::cipher::KeyInit as _;\nfn b11() { let k = actix_web::cookie::Key::from(&[0; 64]); } //~ hardcoded-cryptographic-value",
        ),
        Case::good(
            "a.rs",
            "use aes_gcm::{Aes256Gcm, Aes128Gcm, Key, Nonce, KeyInit, aead::{Aead, OsRng, AeadCore, generic_array::GenericArray}};\nuse aes::cipher::KeyInit as _;\nfn a19() { helper(&[7u8; 32]); }",
        ),
        Case::good(
            "a.rs",
            "use aes_gcm::{Aes256Gcm, Aes128Gcm, Key, Nonce, KeyInit, aead::{Aead, OsRng, AeadCore}};\nfn a(data: &[u8]) { let key = Aes256Gcm::generate_key(&mut OsRng); let c = Aes256Gcm::new(&key); let n = Aes256Gcm::generate_nonce(&mut OsRng); c.encrypt(&n, data).unwrap(); }",
        ),
        Case::good(
            "a.rs",
            "use aes_gcm::{Aes256Gcm, Aes128Gcm, Key, Nonce, KeyInit, aead::{Aead, OsRng, AeadCore}};\nfn b() { let mut key = [0u8; 32]; OsRng.fill_bytes(&mut key); let c = Aes256Gcm::new_from_slice(&key).unwrap(); }",
        ),
        Case::good(
            "a.rs",
            "use aes_gcm::{Aes256Gcm, Aes128Gcm, Key, Nonce, KeyInit, aead::{Aead, OsRng, AeadCore}};\nfn c() { let mut key = [0u8; 32]; getrandom::getrandom(&mut key).unwrap(); let c = Aes256Gcm::new_from_slice(&key).unwrap(); }",
        ),
        Case::good(
            "a.rs",
            "use aes_gcm::{Aes256Gcm, Aes128Gcm, Key, Nonce, KeyInit, aead::{Aead, OsRng, AeadCore}};\nfn e() { let key: [u8; 32] = rand::random(); let c = Aes256Gcm::new(&key.into()); }",
        ),
        Case::good(
            "a.rs",
            "use aes_gcm::{Aes256Gcm, Aes128Gcm, Key, Nonce, KeyInit, aead::{Aead, OsRng, AeadCore}};\nfn f(k: &[u8; 32], n: &[u8; 12]) { let c = Aes256Gcm::new(k.into()); let nonce = Nonce::from_slice(n); }",
        ),
        Case::good(
            "a.rs",
            "use aes_gcm::{Aes256Gcm, Aes128Gcm, Key, Nonce, KeyInit, aead::{Aead, OsRng, AeadCore}};\nfn g() { let k = std::env::var(\"KEY\").unwrap(); let c = Aes256Gcm::new_from_slice(k.as_bytes()).unwrap(); }",
        ),
        Case::good(
            "a.rs",
            "use aes_gcm::{Aes256Gcm, Aes128Gcm, Key, Nonce, KeyInit, aead::{Aead, OsRng, AeadCore}};\nfn h() { let k = std::fs::read(\"key.bin\").unwrap(); let c = Aes256Gcm::new_from_slice(&k).unwrap(); }",
        ),
        Case::good(
            "a.rs",
            "use aes_gcm::{Aes256Gcm, Aes128Gcm, Key, Nonce, KeyInit, aead::{Aead, OsRng, AeadCore}};\nfn j(pw: &[u8]) { let salt = argon2::password_hash::SaltString::generate(&mut OsRng); let mut key = [0u8; 32]; argon2::Argon2::default().hash_password_into(pw, salt.as_str().as_bytes(), &mut key).unwrap(); let c = Aes256Gcm::new_from_slice(&key).unwrap(); }",
        ),
        Case::good(
            "a.rs",
            "use aes_gcm::{Aes256Gcm, Aes128Gcm, Key, Nonce, KeyInit, aead::{Aead, OsRng, AeadCore}};\nfn k(pw: &[u8], salt: &[u8]) { let mut key = [0u8; 32]; pbkdf2::pbkdf2_hmac::<sha2::Sha256>(pw, salt, 600_000, &mut key); let c = Aes256Gcm::new(Key::<Aes256Gcm>::from_slice(&key)); }",
        ),
        Case::good(
            "a.rs",
            "use aes_gcm::{Aes256Gcm, Aes128Gcm, Key, Nonce, KeyInit, aead::{Aead, OsRng, AeadCore}};\nfn l() { let mut rng = rand::thread_rng(); let mut k = Vec::with_capacity(32); for _ in 0..32 { k.push(rng.gen::<u8>()); } let c = Aes256Gcm::new_from_slice(&k).unwrap(); }",
        ),
        Case::good(
            "a.rs",
            "use aes_gcm::{Aes256Gcm, Aes128Gcm, Key, Nonce, KeyInit, aead::{Aead, OsRng, AeadCore}};\nfn m(data: &[u8], off: usize) { let mut iv = [0u8; 16]; iv.copy_from_slice(&data[..16]); let e = Enc::new_from_slices(&data[16..32], &iv).unwrap(); }",
        ),
        Case::near_miss(
            "a.rs",
            "use aes_gcm::{Aes256Gcm, Aes128Gcm, Key, Nonce, KeyInit, aead::{Aead, OsRng, AeadCore}};\nfn o() { let d = sha2::Sha256::digest(b\"hello\"); let h = hex::encode(d); let mut v = vec![0u8; 16]; v[0] = 1; }",
        ),
        Case::near_miss(
            "a.rs",
            "use aes_gcm::{Aes256Gcm, Aes128Gcm, Key, Nonce, KeyInit, aead::{Aead, OsRng, AeadCore}};\nfn p() { let rng = ring::rand::SystemRandom::new(); let mut n = [0u8; 12]; ring::rand::SecureRandom::fill(&rng, &mut n).unwrap(); let nonce = ring::aead::Nonce::assume_unique_for_key(n); }",
        ),
        Case::near_miss(
            "a.rs",
            "use aes_gcm::{Aes256Gcm, Aes128Gcm, Key, Nonce, KeyInit, aead::{Aead, OsRng, AeadCore}};\nfn q(secret: &str) { let k = jsonwebtoken::EncodingKey::from_secret(secret.as_bytes()); }",
        ),
        Case::near_miss(
            "a.rs",
            "use aes_gcm::{Aes256Gcm, Aes128Gcm, Key, Nonce, KeyInit, aead::{Aead, OsRng, AeadCore}};\nfn r(k: &[u8]) { let mut key = [0u8; 32]; key[..k.len()].copy_from_slice(k); let c = Aes256Gcm::new_from_slice(&key).unwrap(); }",
        ),
        Case::near_miss(
            "a.rs",
            "use aes_gcm::{Aes256Gcm, Aes128Gcm, Key, Nonce, KeyInit, aead::{Aead, OsRng, AeadCore}};\nfn t() { let mut key = [0u8; 32]; load_key(&mut key); let c = Aes256Gcm::new_from_slice(&key).unwrap(); }",
        ),
        Case::near_miss(
            "a.rs",
            "use aes_gcm::{Aes256Gcm, Aes128Gcm, Key, Nonce, KeyInit, aead::{Aead, OsRng, AeadCore}};\nfn u() { let mut key = [0u8; 32]; for b in key.iter_mut() { *b = rand::random(); } let c = Aes256Gcm::new_from_slice(&key).unwrap(); }",
        ),
        Case::near_miss(
            "a.rs",
            "use aes_gcm::{Aes256Gcm, Aes128Gcm, Key, Nonce, KeyInit, aead::{Aead, OsRng, AeadCore}};\nfn v(x: &[u8]) { let mut key = [0u8; 16]; for (i, b) in x.iter().enumerate() { key[i] ^= b; } let c = Aes128Gcm::new_from_slice(&key).unwrap(); }",
        ),
        Case::near_miss(
            "a.rs",
            "use cookie::Key;\nimpl Secret { fn zero() -> Secret { Secret { key: Key::from(&[0; 64]), provided: false } } }",
        ),
        Case::near_miss(
            "a.rs",
            "use ring::aead;\nfn seal(key: &aead::LessSafeKey, data: &mut Vec<u8>) { let zero_nonce = aead::Nonce::assume_unique_for_key([0u8; 12]); key.seal_in_place_append_tag(zero_nonce, aead::Aad::empty(), data).unwrap(); }",
        ),
    ],
};

/// Which arguments of a call are secret, and as what.
fn places(path: &str, cx: &Cx<'_>) -> Vec<(usize, &'static str)> {
    let known = rust_bodies::secret_arguments(path);
    if !known.is_empty() {
        return known.to_vec();
    }
    let mut names = path.rsplit("::");
    let (last, owner) = (names.next().unwrap_or(""), names.next().unwrap_or(""));
    if last == "new" && is_cipher(owner, cx) {
        return vec![(0, "key"), (1, "initialisation vector")];
    }
    // A function of the file that hands a parameter on to such a call.
    let own = &cx.file.declared.rust.secret_parameters;
    let own = own.get(&format!("{owner}::{last}")).or_else(|| own.get(last).filter(|_| owner.is_empty()));
    own.cloned().unwrap_or_default()
}

/// Whether a type is a cipher or a mode of one, by its name or behind an alias of the file.
fn is_cipher(owner: &str, cx: &Cx<'_>) -> bool {
    let named = rust_bodies::names_cipher;
    if named(owner) {
        return true;
    }
    let inner = cx
        .arena()
        .nodes()
        .find(|n| n.kind() == Kind::TypeItem && n.child(Field::Name).is_some_and(|name| name.text() == owner));
    let alias = match inner.and_then(|n| n.child(Field::Type)) {
        Some(ty) => ty.text(),
        None => match cx.file.declared.aliases.get(owner) {
            Some(alias) => alias.as_str(),
            None => return false,
        },
    };
    alias.split(|c: char| !c.is_alphanumeric() && c != '_').any(named)
}

fn check<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    let places: Vec<(usize, &str)> = match method(node) {
        Some((_, name)) => match name.text() {
            "hash_password_into" => vec![(1, "salt")],
            "encrypt" | "encrypt_in_place" | "encrypt_in_place_detached" if args(node).nth(1).is_some() => {
                vec![(0, "nonce")]
            }
            other => match cx.file.declared.rust.secret_parameters.get(&format!(".{other}")) {
                Some(own) => own.clone(),
                None => return,
            },
        },
        None => match node.child(Field::Function).and_then(|f| rust_path(f, cx)) {
            Some(path) => places(&path, cx),
            None => return,
        },
    };
    // A function that is called `zero` gives what stands for no key.
    let function = crate::rules::support::enclosing_function(node).and_then(|f| f.child(Field::Name));
    // `let zero_nonce = ..`: said on purpose, where a key serves for one message.
    let named = node.parent().filter(|p| p.kind() == Kind::LetDeclaration).and_then(|p| p.child(Field::Pattern));
    if function.is_some_and(|n| matches!(n.text(), "zero" | "zeroed" | "empty"))
        || named.is_some_and(|n| n.text().starts_with("zero_"))
    {
        return;
    }
    for (index, what) in &places {
        let Some(argument) = args(node).nth(*index) else { continue };
        let Some(value) = fixed(argument, cx, 12) else { continue };
        // `encrypt` is a method of many things: text is no nonce.
        if *what == "nonce"
            && matches!(value.kind(), Kind::StringLiteral | Kind::RawStringLiteral)
            && !value.text().starts_with('b')
        {
            continue;
        }
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
        let message = format!("This {what} is a constant of the program: {danger}. {advice}.");
        let here = value.arena().root() == node.arena().root();
        let inside = argument.span().contains(value.span());
        let mut note = Note::new(cx.rule, if here { value.span() } else { argument.span() }, message);
        if here && !inside {
            note = note.related(argument.span(), "used here");
        }
        // A constant that is used twice is one finding.
        let same = |n: &Note| matches!((&n.place, &note.place), (Place::Here(a), Place::Here(b)) if a == b);
        if !cx.out.iter().any(|n| n.rule == cx.rule && same(n)) {
            cx.report(note);
        }
    }
}

/// The constant that an argument comes down to: an array of literals, a byte string or a string, behind references, conversions, `Some`
/// and variables that nothing else is written to.
fn fixed<'a>(argument: Node<'a>, cx: &Cx<'a>, depth: usize) -> Option<Node<'a>> {
    if depth == 0 {
        return None;
    }
    let at = argument;
    let next = match at.kind() {
        Kind::ReferenceExpression => at.child(Field::Value)?,
        Kind::UnaryExpression | Kind::ParenthesizedExpression | Kind::TryExpression => at.first_named()?,
        // A part of a constant is one.
        Kind::IndexExpression if at.named_children().nth(1).is_some_and(|i| i.kind() == Kind::RangeExpression) => {
            at.first_named()?
        }
        Kind::StringLiteral | Kind::RawStringLiteral => return (at.text().len() > 3).then_some(at),
        Kind::ArrayExpression => return is_literal_array(at, cx).then_some(at),
        Kind::MacroInvocation => return is_literal_vec(at).then_some(at),
        Kind::CallExpression => match method(at) {
            Some((receiver, name)) => match name.text() {
                "as_bytes" | "as_ref" | "as_slice" | "into" | "to_vec" | "to_owned" | "clone" | "to_string"
                | "try_into" | "unwrap" | "expect" | "as_mut_slice" | "as_mut" | "into_bytes" => receiver,
                "decode" => args(at).next()?,
                "collect" => return is_literal_range(receiver).then_some(at),
                _ => return None,
            },
            None => {
                let text = at.child(Field::Function)?.text();
                let first = || args(at).next();
                if text.ends_with("from_fn") || text.contains("from_fn::<") {
                    return first().is_some_and(|f| is_fixed_closure(f)).then_some(at);
                }
                let plain = text.split("::<").next().unwrap_or(text);
                if ["Nonce::default", "XNonce::default", "Iv::default", "GenericArray::default"]
                    .iter()
                    .any(|d| plain == *d || plain.ends_with(&format!("::{d}")))
                {
                    return Some(at);
                }
                let wraps = matches!(
                    plain,
                    "Some" | "Vec::from" | "String::from" | "hex::decode" | "base64::decode" | "Default::default"
                ) || ["GenericArray", "Key", "Nonce", "XNonce", "Array", "Iv"].iter().any(|t| {
                    plain.rsplit_once("::").is_some_and(|(ty, f)| {
                        matches!(f, "from" | "from_slice" | "clone_from_slice" | "from_mut_slice")
                            && ty.rsplit("::").next() == Some(t)
                    })
                }) || text.ends_with(">::from_slice")
                    || text.ends_with(">::from");
                // A function of the file that gives a constant.
                if !plain.contains("::") && cx.file.declared.rust.constant_functions.contains(plain) {
                    return Some(at);
                }
                if plain == "Default::default" {
                    // Zeros, where the type beside it is an array.
                    let typed =
                        at.parent().filter(|p| p.kind() == Kind::LetDeclaration).and_then(|p| p.child(Field::Type));
                    return typed.is_some_and(|t| t.kind() == Kind::ArrayType).then_some(at);
                }
                wraps.then(first)??
            }
        },
        Kind::Identifier | Kind::ScopedIdentifier => return constant(at, cx, depth),
        _ => return None,
    };
    fixed(next, cx, depth - 1)
}

/// The constant behind a name: one of the file's, or a variable of the block that is declared once and to which only constants are
/// written before it is used.
fn constant<'a>(name: Node<'a>, cx: &Cx<'a>, depth: usize) -> Option<Node<'a>> {
    let text = name.text().rsplit("::").next().unwrap_or_default();
    let mut declared = false;
    let mut found = None;
    let home = |n: Node<'a>| crate::rules::support::enclosing_function(n);
    for n in name.arena().nodes() {
        let (binding, fixed) = match n.kind() {
            Kind::LetDeclaration => (n.child(Field::Pattern), n.child_of_kind(Kind::MutableSpecifier).is_none()),
            Kind::ConstItem | Kind::StaticItem => (n.child(Field::Name), true),
            _ => continue,
        };
        if binding.is_none_or(|b| b.text().trim_start_matches("mut ") != text) {
            continue;
        }
        // The last one before the use, in a block that is still open there.
        if n.kind() == Kind::LetDeclaration {
            declared |= home(n) == home(name);
            let open = n.parent().is_some_and(|p| p.span().contains(name.span()));
            if n.span().end > name.span().start || !open || home(n) != home(name) {
                continue;
            }
        } else if declared {
            continue;
        }
        let mutable = !fixed || binding.is_some_and(|b| b.text().starts_with("mut "));
        found = Some((n, n.child(Field::Value), mutable));
    }
    if let Some((declaration, value, mutable)) = found {
        // Something between the two may be called so as well: a closure's parameter, a pattern.
        if declaration.kind() == Kind::LetDeclaration && is_bound_between(declaration, name, text) {
            return None;
        }
        let value = fixed(value?, cx, depth - 1)?;
        return (!mutable || stays_fixed(declaration, name, text, cx)).then_some(value);
    }
    if declared || declares(name, text) {
        return None;
    }
    let constant = cx.file.declared.constants.get(text)?;
    let inner = constant.trim_start_matches(['&', '*']);
    (inner.starts_with(['[', '"', 'b', 'r']) && inner.len() > 3).then_some(name)
}

/// Whether a closure, loop, `match` or `if let` around a use, but not around the declaration, binds the same name.
fn is_bound_between(declaration: Node<'_>, name: Node<'_>, text: &str) -> bool {
    let names = |n: Node<'_>| n.descendants().any(|d| d.kind() == Kind::Identifier && d.text() == text);
    name.ancestors().take_while(|a| !a.span().contains(declaration.span())).any(|a| match a.kind() {
        Kind::ClosureExpression => a.child(Field::Parameters).is_some_and(names),
        Kind::ForExpression | Kind::MatchArm => a.child(Field::Pattern).is_some_and(names),
        Kind::IfExpression | Kind::WhileExpression => a
            .child(Field::Condition)
            .filter(|c| !c.span().contains(name.span()))
            .is_some_and(|c| c.text().contains("let ") && names(c)),
        _ => false,
    })
}

/// Whether everything that is done to a variable between its declaration and its use leaves a constant in it.
fn stays_fixed<'a>(declaration: Node<'a>, used: Node<'a>, text: &str, cx: &Cx<'a>) -> bool {
    let (from, to) = (declaration.span().end, used.span().start);
    let between = used
        .arena()
        .nodes()
        .filter(|n| n.kind() == Kind::Identifier && n.text() == text && n.span().start >= from && n.span().start < to);
    for mention in between {
        let Some(parent) = mention.parent() else { return false };
        let harmless = match parent.kind() {
            Kind::IndexExpression => match parent.parent() {
                Some(p)
                    if matches!(p.kind(), Kind::AssignmentExpression | Kind::CompoundAssignmentExpr)
                        && parent.field() == Field::Left =>
                {
                    p.child(Field::Right).is_some_and(|r| is_computed(r, 8))
                }
                Some(p) if p.kind() == Kind::ReferenceExpression => p.child_of_kind(Kind::MutableSpecifier).is_none(),
                Some(p) if p.kind() == Kind::FieldExpression => false,
                _ => true,
            },
            Kind::ReferenceExpression => parent.child_of_kind(Kind::MutableSpecifier).is_none(),
            Kind::FieldExpression => {
                let called = parent.child(Field::Field).map_or("", Node::text);
                let call = parent.parent().filter(|c| c.kind() == Kind::CallExpression);
                match (called, call) {
                    ("len" | "is_empty" | "as_ptr" | "as_slice" | "to_vec" | "iter" | "clone" | "as_ref", _) => true,
                    ("fill" | "push", Some(call)) => args(call).next().is_some_and(|a| is_computed(a, 8)),
                    ("copy_from_slice" | "clone_from_slice" | "extend_from_slice", Some(call)) => {
                        args(call).next().is_some_and(|a| fixed(a, cx, 6).is_some())
                    }
                    _ => false,
                }
            }
            // Formatting macros only show it.
            Kind::TokenTree => true,
            _ => false,
        };
        if !harmless {
            return false;
        }
    }
    true
}

/// Whether an expression is made of literals, constants and the counters of loops over literals.
fn is_computed(node: Node<'_>, depth: usize) -> bool {
    if depth == 0 {
        return false;
    }
    match node.kind() {
        Kind::IntegerLiteral | Kind::CharLiteral => true,
        Kind::ParenthesizedExpression | Kind::UnaryExpression => {
            node.first_named().is_some_and(|n| is_computed(n, depth - 1))
        }
        Kind::TypeCastExpression => node.child(Field::Value).is_some_and(|n| is_computed(n, depth - 1)),
        Kind::BinaryExpression => {
            [Field::Left, Field::Right].iter().all(|f| node.child(*f).is_some_and(|n| is_computed(n, depth - 1)))
        }
        Kind::Identifier if node.text().chars().all(|c| c.is_uppercase() || c.is_ascii_digit() || c == '_') => true,
        Kind::Identifier => node.ancestors().any(|a| {
            a.kind() == Kind::ForExpression
                && a.child(Field::Pattern).is_some_and(|p| p.text() == node.text())
                && a.child(Field::Value).is_some_and(|v| is_literal_range(v) || v.text().ends_with(".len()"))
        }),
        Kind::CallExpression => match method(node) {
            Some((receiver, name)) => {
                name.text().starts_with("wrapping_")
                    && is_computed(receiver, depth - 1)
                    && args(node).all(|a| is_computed(a, depth - 1))
            }
            None => false,
        },
        _ => false,
    }
}

/// `0..32`, in parentheses or not.
fn is_literal_range(node: Node<'_>) -> bool {
    let node = crate::rules::unparenthesized(node);
    node.kind() == Kind::RangeExpression
        && node.named_children().all(|n| n.kind() == Kind::IntegerLiteral || n.text().ends_with(".len()"))
}

/// `|i| i as u8`: made of its parameter alone.
fn is_fixed_closure(node: Node<'_>) -> bool {
    if node.kind() != Kind::ClosureExpression {
        return false;
    }
    let (Some(parameters), Some(body)) = (node.child(Field::Parameters), node.child(Field::Body)) else { return false };
    let own = |n: Node<'_>| parameters.named_children().any(|p| p.text() == n.text());
    !body.descendants().any(|n| n.kind() == Kind::CallExpression || n.kind() == Kind::Identifier && !own(n))
}

fn is_literal_array(array: Node<'_>, cx: &Cx<'_>) -> bool {
    let mut elements = array.named_children().filter(|c| c.field() != Field::Length).peekable();
    elements.peek().is_some()
        && elements.all(|e| match e.kind() {
            Kind::Identifier => cx.file.declared.constants.contains_key(e.text()) && !declares(e, e.text()),
            _ => matches!(e.kind(), Kind::IntegerLiteral | Kind::CharLiteral),
        })
}

/// `vec![0; 32]`, `vec![1, 2, 3]`.
fn is_literal_vec(node: Node<'_>) -> bool {
    let Some(tree) = node.child_of_kind(Kind::TokenTree).filter(|_| node.text().starts_with("vec!")) else {
        return false;
    };
    let mut literals = 0;
    let filled = tree.text().contains(';');
    for token in tree.descendants().skip(1) {
        match token.kind() {
            Kind::IntegerLiteral | Kind::CharLiteral => literals += 1,
            // A length may be named.
            Kind::Identifier | Kind::PrimitiveType if filled && literals > 0 => {}
            Kind::Identifier | Kind::SelfValue | Kind::StringLiteral | Kind::TokenTree => return false,
            _ => {}
        }
    }
    literals > 0
}
