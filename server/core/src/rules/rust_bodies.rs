//! What the body of a Rust function says to those who call it.

use std::collections::BTreeMap;

use sidenote_grammars::{Field, Kind};

use super::support::{args, method};
use super::unparenthesized;
use crate::syntax::Node;

/// The parameter whose memory a function gives back on every way, where there is one.
pub fn freed_parameter(function: Node<'_>) -> Option<usize> {
    let body = function.child(Field::Body)?;
    let text = body.text();
    if !["from_raw", "dealloc", "free"].iter().any(|w| text.contains(w)) {
        return None;
    }
    let list = function.child(Field::Parameters)?;
    let pointers: Vec<Option<&str>> = list
        .named_children()
        .filter(|p| p.kind() == Kind::Parameter)
        .map(|p| {
            let pointer =
                p.child(Field::Type).is_some_and(|t| t.text().starts_with('*') || t.text().contains("NonNull"));
            p.child(Field::Pattern).map(|n| n.text().trim_start_matches("mut ")).filter(|_| pointer)
        })
        .collect();
    // What is taken back may be given away again.
    let kept = ["into_raw", "forget", "leak", "ManuallyDrop", "return"].iter().any(|w| text.contains(w));
    let drops = function.child(Field::ReturnType).is_none() && !kept;
    body.descendants().filter(|n| n.kind() == Kind::CallExpression).find_map(|call| {
        let callee = call.child(Field::Function)?;
        let mut path = callee.text().split("::<").next()?.rsplit("::");
        let (name, owner) = (path.next()?, path.next().unwrap_or_default());
        let takes = match (owner, name) {
            ("Box" | "CString", "from_raw") => is_dropped(call, drops),
            ("alloc" | "libc" | "", "dealloc" | "free") => true,
            _ => false,
        };
        if !takes || !on_every_way(call, body) {
            return None;
        }
        let pointer = root(args(call).next()?);
        // What is set anew before is another pointer.
        let assigned = body.descendants().any(|n| {
            n.kind() == Kind::AssignmentExpression && n.child(Field::Left).is_some_and(|l| l.text() == pointer.text())
        });
        pointers.iter().position(|p| *p == Some(pointer.text())).filter(|_| !assigned)
    })
}

/// The parameter of a type that owns heap memory of which a function keeps nothing: it only looks at it.
pub fn dropped_parameter(function: Node<'_>) -> Option<usize> {
    let body = function.child(Field::Body).filter(|b| b.text().len() < 2_000)?;
    let list = function.child(Field::Parameters)?;
    let parameters = list.named_children().filter(|p| p.kind() == Kind::Parameter);
    parameters.enumerate().find_map(|(n, p)| {
        let ty = p.child(Field::Type)?.text();
        let owns = matches!(ty, "String" | "CString" | "OsString" | "PathBuf")
            || ["Vec<", "Box<", "VecDeque<"].iter().any(|t| ty.starts_with(t) && !ty.contains("dyn"));
        let name = p.child(Field::Pattern).filter(|p| p.kind() == Kind::Identifier).filter(|_| owns)?.text();
        let looks = |used: Node<'_>| {
            let Some(parent) = used.parent() else { return false };
            match parent.kind() {
                Kind::TokenTree | Kind::IndexExpression => true,
                Kind::ReferenceExpression => parent.parent().is_some_and(|a| a.kind() == Kind::Arguments),
                Kind::Arguments => parent
                    .parent()
                    .and_then(|c| c.child(Field::Function))
                    .is_some_and(|f| matches!(f.text(), "drop" | "std::mem::drop" | "mem::drop")),
                Kind::FieldExpression => parent.child(Field::Field).is_some_and(|m| {
                    matches!(
                        m.text(),
                        "len"
                            | "is_empty"
                            | "iter"
                            | "as_str"
                            | "as_bytes"
                            | "trim"
                            | "lines"
                            | "chars"
                            | "bytes"
                            | "contains"
                            | "starts_with"
                            | "ends_with"
                    )
                }),
                _ => false,
            }
        };
        let mut used = body.descendants().filter(|u| u.kind() == Kind::Identifier && u.text() == name);
        let quiet =
            !body.descendants().any(|d| d.is_hole() || matches!(d.kind(), Kind::ClosureExpression | Kind::AsyncBlock));
        (quiet && used.all(looks)).then_some(n)
    })
}

/// Whether a box is dropped where it is made, or, with `ends`, when the function ends.
fn is_dropped(call: Node<'_>, ends: bool) -> bool {
    let mut at = call;
    while let Some(parent) = at.parent() {
        match parent.kind() {
            Kind::UnsafeBlock | Kind::Block | Kind::ParenthesizedExpression => at = parent,
            Kind::ExpressionStatement => return true,
            Kind::Arguments => {
                let callee = parent.parent().and_then(|c| c.child(Field::Function)).map_or("", Node::text);
                return matches!(callee.rsplit("::").next(), Some("drop"));
            }
            Kind::LetDeclaration => {
                return ends || parent.child(Field::Pattern).is_some_and(|p| p.text() == "_");
            }
            _ => return false,
        }
    }
    false
}

/// Whether a call is reached whenever its function is called with a pointer that is not null.
fn on_every_way(call: Node<'_>, body: Node<'_>) -> bool {
    call.ancestors().take_while(|a| a.span() != body.span()).all(|a| match a.kind() {
        Kind::IfExpression => a.child(Field::Condition).is_some_and(|c| c.text().contains("is_null")),
        Kind::Block
        | Kind::UnsafeBlock
        | Kind::ExpressionStatement
        | Kind::CallExpression
        | Kind::Arguments
        | Kind::LetDeclaration
        | Kind::ParenthesizedExpression => true,
        _ => false,
    })
}

/// `p` of `p as *mut u8`, `p.cast()`, `p.as_ptr()`.
fn root(mut node: Node<'_>) -> Node<'_> {
    loop {
        node = unparenthesized(node);
        let next = match node.kind() {
            Kind::TypeCastExpression => node.child(Field::Value),
            Kind::CallExpression => {
                method(node).filter(|(_, n)| matches!(n.text(), "cast" | "as_ptr" | "cast_mut")).map(|(r, _)| r)
            }
            _ => None,
        };
        match next {
            Some(next) => node = next,
            None => return node,
        }
    }
}

/// Whether all that a function does is to give a constant: an array, bytes or a text.
pub fn gives_constant(function: Node<'_>) -> bool {
    let Some(body) = function.child(Field::Body) else { return false };
    let mut parts = body.named_children().filter(|n| n.kind() != Kind::LineComment && n.kind() != Kind::BlockComment);
    let (Some(only), None) = (parts.next(), parts.next()) else { return false };
    let mut at = only;
    for _ in 0..6 {
        at = unparenthesized(at);
        at = match at.kind() {
            Kind::ReferenceExpression => match at.child(Field::Value) {
                Some(inner) => inner,
                None => return false,
            },
            Kind::UnaryExpression | Kind::ExpressionStatement | Kind::ReturnExpression => match at.first_named() {
                Some(inner) => inner,
                None => return false,
            },
            Kind::CallExpression => match method(at) {
                Some((receiver, name))
                    if matches!(
                        name.text(),
                        "to_vec" | "into" | "to_owned" | "as_bytes" | "to_string" | "into_bytes" | "clone" | "as_ref"
                    ) =>
                {
                    receiver
                }
                _ => return false,
            },
            Kind::StringLiteral | Kind::RawStringLiteral => return at.text().len() > 8,
            Kind::ArrayExpression => {
                let mut elements = at.named_children().filter(|c| c.field() != Field::Length).peekable();
                return elements.peek().is_some() && elements.all(|e| e.kind() == Kind::IntegerLiteral);
            }
            _ => return false,
        };
    }
    false
}

/// What a secret argument is.
pub type Secret = (usize, &'static str);

/// Which arguments of a library's function are keys, nonces or salts, by the last parts of its path.
pub fn secret_arguments(path: &str) -> &'static [Secret] {
    let mut names = path.rsplit("::");
    let (last, owner) = (names.next().unwrap_or(""), names.next().unwrap_or(""));
    let module = names.next().unwrap_or("");
    match (owner, last) {
        (_, "new_from_slice") => &[(0, "key")],
        (_, "new_from_slices") => &[(0, "key"), (1, "initialisation vector")],
        ("Key", "from_slice" | "from_exact_iter" | "derive_from" | "clone_from_slice") => &[(0, "key")],
        ("Key", "from")
            if matches!(
                module,
                "cookie" | "axum_extra" | "aead" | "aes_gcm" | "chacha20poly1305" | "actix_web" | "extract"
            ) =>
        {
            &[(0, "key")]
        }
        (
            "Nonce" | "XNonce",
            "from_slice"
            | "from"
            | "clone_from_slice"
            | "from_exact_iter"
            | "assume_unique_for_key"
            | "try_assume_unique_for_key",
        ) => &[(0, "nonce")],
        ("Iv", "from_slice" | "from") => &[(0, "initialisation vector")],
        ("GenericArray", "from_slice") => &[(0, "key or nonce")],
        ("UnboundKey" | "LessSafeKey", "new") => &[(1, "key")],
        ("Key", "new") if module == "hmac" => &[(1, "key")],
        ("secretbox" | "aead" | "box_", "Key") => &[(0, "key")],
        ("secretbox" | "aead" | "box_", "Nonce") => &[(0, "nonce")],
        ("pbkdf2", "derive") => &[(2, "salt"), (3, "password")],
        ("EncodingKey" | "DecodingKey", "from_secret" | "from_base64_secret") => &[(0, "key")],
        ("EncodingKey", "from_rsa_pem" | "from_ec_pem" | "from_ed_pem") => &[(0, "key")],
        ("Identity", "from_pkcs12") => &[(1, "password")],
        ("PKey", "hmac") => &[(0, "key")],
        ("SigningKey" | "SecretKey" | "StaticSecret", "from_bytes" | "from_slice") => &[(0, "key")],
        ("StaticSecret", "from") => &[(0, "key")],
        ("Hkdf", "new") => &[(1, "key")],
        ("blake3", "keyed_hash") | ("Hasher", "new_keyed") => &[(0, "key")],
        ("symm", "encrypt" | "decrypt" | "encrypt_aead" | "decrypt_aead") => {
            &[(1, "key"), (2, "initialisation vector")]
        }
        ("Crypter", "new") if module == "symm" || module.is_empty() => &[(2, "key"), (3, "initialisation vector")],
        (_, "cbc_encryptor" | "cbc_decryptor") => &[(1, "key"), (2, "initialisation vector")],
        ("MagicCrypt64" | "MagicCrypt128" | "MagicCrypt192" | "MagicCrypt256", "new") => {
            &[(0, "key"), (1, "initialisation vector")]
        }
        (_, "pbkdf2_hmac" | "pbkdf2_hmac_array" | "pbkdf2" | "scrypt") => &[(1, "salt")],
        (_, "hash_with_salt") => &[(2, "salt")],
        ("argon2", "hash_raw" | "hash_encoded") => &[(1, "salt")],
        ("SaltString", "from_b64" | "encode_b64") | ("Salt", "from_b64") => &[(0, "salt")],
        _ => &[],
    }
}

/// Whether a type is a cipher or a mode of one, by its name.
pub fn names_cipher(name: &str) -> bool {
    const NAMES: [&str; 20] = [
        "Aes",
        "ChaCha",
        "XChaCha",
        "Salsa",
        "XSalsa",
        "Des",
        "TdesEde",
        "TdesEee",
        "Blowfish",
        "Camellia",
        "Twofish",
        "Serpent",
        "Sm4",
        "Rc2",
        "Rc4",
        "Rabbit",
        "Ctr",
        "Encryptor",
        "Decryptor",
        "Hmac",
    ];
    name == "RabbitKeyOnly"
        || NAMES.iter().any(|p| {
            // `Des` and `DesCbc`, no `Description`.
            name.strip_prefix(p).is_some_and(|rest| !rest.starts_with(|c: char| c.is_lowercase() && c != 'p'))
        })
}

/// Functions of a file with the parameters that they use as keys, nonces and salts: `name`, `Type::name` and, for methods,
/// `.name`.
pub type SecretParameters = BTreeMap<String, Vec<Secret>>;

/// The parameters of a function that it hands to calls of libraries that take secrets.
pub fn secret_parameters(function: Node<'_>) -> Vec<Secret> {
    let (Some(list), Some(body)) = (function.child(Field::Parameters), function.child(Field::Body)) else {
        return Vec::new();
    };
    let names: Vec<&str> = list
        .named_children()
        .filter(|p| p.kind() == Kind::Parameter)
        .map(|p| p.child(Field::Pattern).map_or("", |n| n.text().trim_start_matches("mut ")))
        .collect();
    let mut out: Vec<Secret> = Vec::new();
    for call in body.descendants().filter(|n| n.kind() == Kind::CallExpression) {
        let text = call.child(Field::Function).map_or("", Node::text);
        let places: Vec<Secret> = match method(call) {
            Some((_, name)) => match name.text() {
                "hash_password_into" => vec![(1, "salt")],
                _ => Vec::new(),
            },
            None => {
                let path = without_arguments(text);
                let known = secret_arguments(&path);
                let owner = path.rsplit("::").nth(1).unwrap_or_default();
                if !known.is_empty() {
                    known.to_vec()
                } else if path.ends_with("::new") && names_cipher(owner) {
                    vec![(0, "key"), (1, "initialisation vector")]
                } else {
                    Vec::new()
                }
            }
        };
        for (n, what) in places {
            let Some(name) = args(call).nth(n).and_then(named) else { continue };
            if let Some(at) = names.iter().position(|p| *p == name)
                && !out.iter().any(|(p, _)| *p == at)
            {
                out.push((at, what));
            }
        }
    }
    out
}

/// A path without what is between `<` and `>`: `Key::<Aes256Gcm>::from_slice` is `Key::from_slice`.
fn without_arguments(path: &str) -> String {
    let mut depth = 0u32;
    let mut out = String::with_capacity(path.len());
    for c in path.chars() {
        match c {
            '<' => depth += 1,
            '>' => depth = depth.saturating_sub(1),
            c if depth == 0 => out.push(c),
            _ => {}
        }
    }
    out.replace("::::", "::")
}

/// The variable that an argument hands on: `key` of `&key`, `key.into()`, `Key::from_slice(&key)`, `Some(key)`.
fn named(mut node: Node<'_>) -> Option<&str> {
    for _ in 0..8 {
        node = unparenthesized(node);
        node = match node.kind() {
            Kind::Identifier => return Some(node.text()),
            Kind::ReferenceExpression => node.child(Field::Value)?,
            Kind::UnaryExpression | Kind::TryExpression => node.first_named()?,
            Kind::CallExpression => match method(node) {
                Some((receiver, name))
                    if matches!(
                        name.text(),
                        "into"
                            | "as_ref"
                            | "as_bytes"
                            | "as_slice"
                            | "to_vec"
                            | "clone"
                            | "unwrap"
                            | "try_into"
                            | "expect"
                    ) =>
                {
                    receiver
                }
                Some(_) => return None,
                None => {
                    let text = without_arguments(node.child(Field::Function)?.text());
                    let last = text.rsplit("::").next()?;
                    if !matches!(last, "from_slice" | "from" | "Some" | "clone_from_slice") {
                        return None;
                    }
                    args(node).next()?
                }
            },
            _ => return None,
        };
    }
    None
}
