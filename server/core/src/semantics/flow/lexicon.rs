//! Names that say what a value is: the evidence for sensitive data and for secrets.

use std::cell::RefCell;

use rustc_hash::FxHashMap;

use crate::semantics::hir::Ustr;

use super::kinds::SourceKind;

/// The lower-case words of a name: `userAPIKey_2` is `user`, `api`, `key`, `2`.
pub fn words(name: &str) -> Vec<String> {
    let mut out: Vec<String> = Vec::new();
    let mut last = ' ';
    let mut chars = name.chars().peekable();
    while let Some(c) = chars.next() {
        let next_lower = chars.peek().is_some_and(|n| n.is_lowercase());
        let starts = !last.is_alphanumeric()
            || c.is_uppercase() && (last.is_lowercase() || next_lower)
            || c.is_ascii_digit() != last.is_ascii_digit();
        if c.is_alphanumeric() {
            if starts || out.is_empty() {
                out.push(String::new());
            }
            match out.last_mut() {
                Some(word) if c.is_ascii() => word.push(c.to_ascii_lowercase()),
                Some(word) => word.extend(c.to_lowercase()),
                None => {}
            }
        }
        last = c;
    }
    out
}

/// Whether one of these words, in lower case and of ASCII alone, is a word of a name. Most names hold none of them, which is seen
/// without taking the name apart.
pub fn has_word(name: &str, wanted: &[&str]) -> bool {
    let bytes = name.as_bytes();
    let holds = |w: &&str| bytes.windows(w.len().max(1)).any(|part| part.eq_ignore_ascii_case(w.as_bytes()));
    (!name.is_ascii() || wanted.iter().any(holds)) && words(name).iter().any(|w| wanted.contains(&w.as_str()))
}

/// Words beside a sensitive one that say it is not the datum itself.
const HARMLESS: &[&str] = &[
    "ref",
    "refs",
    "variables",
    "versions",
    "bindings",
    "hash",
    "sha",
    "sha1",
    "sha256",
    "md",
    "md5",
    "bcrypt",
    "hashes",
    "hashed",
    "digest",
    "encrypted",
    "encrypt",
    "cipher",
    "masked",
    "mask",
    "redacted",
    "obfuscated",
    "length",
    "len",
    "count",
    "valid",
    "validator",
    "validation",
    "validate",
    "is",
    "has",
    "can",
    "should",
    "field",
    "input",
    "label",
    "placeholder",
    "type",
    "regex",
    "regexp",
    "pattern",
    "policy",
    "rule",
    "rules",
    "error",
    "errors",
    "message",
    "msg",
    "url",
    "uri",
    "path",
    "file",
    "filename",
    "dir",
    "prompt",
    "reset",
    "expired",
    "expiry",
    "expires",
    "ttl",
    "strength",
    "required",
    "changed",
    "hint",
    "visible",
    "visibility",
    "show",
    "hide",
    "toggle",
    "algorithm",
    "index",
    "schema",
    "element",
    "el",
    "node",
    "button",
    "form",
    "screen",
    "page",
    "view",
    "component",
    "props",
    "state",
    "ref",
    "options",
    "opts",
    "config",
    "settings",
    "name",
    "column",
    "header",
    "param",
    "params",
    "fn",
    "func",
    "callback",
    "handler",
    "service",
    "provider",
    "providers",
    "public",
    "names",
    "paths",
    "files",
    "urls",
    "types",
    "counts",
    "alias",
    "aliases",
    "manager",
    "controller",
    "repository",
    "store",
    "storage",
    "cache",
    "factory",
    "builder",
    "class",
    "exists",
    "match",
    "matches",
    "attempts",
    "retries",
    "score",
    "min",
    "max",
    "size",
    "limit",
    "number",
    "id",
    "ids",
    "version",
    "kind",
    "mode",
    "format",
    "prefix",
    "suffix",
    "text",
    "title",
    "description",
    "help",
    "usage",
    "doc",
    "test",
    "mock",
    "fake",
    "dummy",
    "example",
    "env",
    "var",
    "arn",
    "stream",
    "reader",
    "parser",
    "lexer",
    "tokenizer",
    "position",
    "pos",
    "offset",
    "kdf",
    "salt",
    "rounds",
];

/// What may stand before `number` in the name of a datum about a person.
const NUMBERS: [&str; 6] = ["card", "account", "phone", "passport", "routing", "ssn"];

/// What kind of sensitive datum a name stands for.
pub fn sensitive(name: &str) -> Option<SourceKind> {
    // Most names are short words that are none of these: a cheap look first.
    if name.len() < 3 || name.len() > 48 || matches!(name, "PWD" | "OLDPWD") {
        return None;
    }
    // A class or an enum: `cluster: OperationalCredentials`.
    if name.len() > 12 && name.ends_with("Credentials") && name.starts_with(|c: char| c.is_ascii_uppercase()) {
        return None;
    }
    let words = words(name);
    let has = |w: &str| words.iter().any(|x| x == w);
    let pair = |a: &str, b: &str| words.windows(2).any(|w| w[0] == a && w[1] == b);
    let password = ["password", "passwd", "pwd", "passphrase", "passcode", "passwords", "pswd"].iter().any(|w| has(w))
        || pair("pass", "word")
        || pair("pass", "phrase");
    let secret = has("secret")
        || has("secrets")
        || has("apikey")
        || words.last().is_some_and(|w| w == "credentials" || w == "credential")
        || has("ssn")
        || has("cvv")
        || has("cvc")
        || has("privatekey")
        || has("accesstoken")
        || has("authtoken")
        || pair("api", "key")
        || pair("private", "key")
        || pair("access", "key")
        || pair("secret", "key")
        || pair("access", "token")
        || pair("auth", "token")
        || pair("refresh", "token")
        || pair("bearer", "token")
        || pair("session", "token")
        || pair("credit", "card")
        || pair("card", "number")
        || pair("social", "security")
        || pair("bank", "account")
        || pair("account", "number")
        || pair("phone", "number")
        || pair("birth", "date")
        || has("birthdate")
        || pair("of", "birth")
        || pair("passport", "number")
        || pair("routing", "number")
        || pair("medical", "record")
        || pair("security", "code")
        || pair("pin", "code")
        || pair("api", "token")
        || pair("api", "secret")
        || pair("id", "token")
        || has("iban")
        || has("creditcard")
        || has("jwt");
    // `card_number` is no number of cards.
    let part = |harmless: &str| match harmless {
        "number" => NUMBERS.iter().any(|n| pair(n, "number")) || pair("social", "security"),
        "id" => pair("id", "token"),
        _ => false,
    };
    if !(password || secret) || HARMLESS.iter().any(|h| has(h) && !part(h)) {
        return None;
    }
    Some(if password { SourceKind::Password } else { SourceKind::Sensitive })
}

/// What a query's key says of its value: as names do, and short words that are said nowhere else.
pub fn sensitive_key(key: &str) -> Option<SourceKind> {
    match key {
        "pin" | "pass" | "pw" | "passcode" => Some(SourceKind::Password),
        "cvv2" | "otp" | "ccnum" | "cardno" | "token" | "auth" | "sid" | "apikey" => Some(SourceKind::Sensitive),
        _ => sensitive(key),
    }
}

/// Whether a name stands for where something lies: `credentialsFile`, `key_path`.
pub fn is_place(name: &str) -> bool {
    const PLACES: [&str; 9] = ["file", "filename", "filepath", "path", "dir", "directory", "folder", "files", "paths"];
    let words = words(name);
    words.last().is_some_and(|w| PLACES.contains(&w.as_str()))
        || words.ends_with(&["file".to_owned(), "name".to_owned()])
}

thread_local! {
    static PLACES: RefCell<FxHashMap<Ustr, bool>> = RefCell::default();
    static KNOWN: RefCell<FxHashMap<Ustr, Option<SourceKind>>> = RefCell::default();
}

/// As [`sensitive`], remembered: the same names come again and again.
pub fn sensitive_name(name: Ustr) -> Option<SourceKind> {
    KNOWN.with_borrow_mut(|known| *known.entry(name).or_insert_with(|| sensitive(&name)))
}

/// As [`is_place`], remembered.
pub fn place_name(name: Ustr) -> bool {
    PLACES.with_borrow_mut(|known| *known.entry(name).or_insert_with(|| is_place(&name)))
}

/// Whether a type's name says that its values do not show what they hold.
pub fn hides(name: Ustr) -> bool {
    let words = words(&name);
    ["secret", "redacted", "masked", "hidden", "protected", "sensitive", "encrypted", "hashed", "hash", "opaque"]
        .iter()
        .any(|w| words.iter().any(|x| x == w))
}

/// What kind of sensitive datum a function of that name gives: `get_password`, `api_key`; not `check_password`.
pub fn gives(name: Ustr) -> Option<SourceKind> {
    sensitive_name(name)?;
    const OTHER: [&str; 40] = [
        "check", "verify", "validate", "hash", "set", "update", "change", "reset", "forget", "delete", "remove",
        "clear", "encrypt", "store", "save", "write", "compare", "match", "add", "handle", "process", "parse", "log",
        "print", "send", "with", "use", "needs", "require", "requires", "rotate", "revoke", "expire", "try", "test",
        "on", "find", "lookup", "register", "login",
    ];
    let words = words(&name);
    if OTHER.contains(&words.first()?.as_str()) {
        return None;
    }
    // What it gives comes last: `resolve_credential_alias` gives an alias.
    let last = words.get(words.len().saturating_sub(2)..).unwrap_or_default().join("_");
    let only = words.last().map_or("", String::as_str);
    sensitive(&last)
        .filter(|_| sensitive(only).is_some() || matches!(only, "key" | "token" | "number" | "card" | "code" | "word"))
}

/// Whether what a function of that name gives cannot be turned back into what it was given.
pub fn hashes(name: Ustr) -> bool {
    const WORDS: [&str; 12] = [
        "hash",
        "hashed",
        "bcrypt",
        "scrypt",
        "argon2",
        "pbkdf2",
        "encrypt",
        "encrypted",
        "encipher",
        "cipher",
        "digest",
        "hmac",
    ];
    // Most names are none, and to take one apart costs.
    let text = name.as_str();
    let may_begin = |n: usize| {
        let rest = &text.as_bytes()[n..];
        match rest[0] {
            b'a' => rest.starts_with(b"ash") || rest.starts_with(b"argon"),
            b'b' => rest.starts_with(b"bkdf"),
            b'c' => rest.starts_with(b"crypt"),
            b'i' => rest.starts_with(b"igest") || rest.starts_with(b"ipher"),
            b'm' => rest.starts_with(b"mac"),
            _ => false,
        }
    };
    (0..text.len()).any(may_begin) && words(text).iter().any(|w| WORDS.contains(&w.as_str()))
}

/// What a function of that name says of a key where it gives something true: that it leads to no prototype (`isSafeKey`), or that it
/// does (`isUnsafeKey`, `isPrototypePolluted`).
pub fn tells_keys(name: Ustr) -> Option<bool> {
    const KEYS: [&str; 8] = ["key", "keys", "prop", "property", "proto", "prototype", "pollution", "polluted"];
    const BAD: [&str; 7] = ["unsafe", "dangerous", "forbidden", "proto", "prototype", "polluted", "polluting"];
    if !name.starts_with("is") || name == "isPrototypeOf" {
        return None;
    }
    let words = words(&name);
    let has = |list: &[&str]| words.iter().any(|w| list.contains(&w.as_str()));
    if !has(&KEYS) {
        None
    } else if has(&BAD) {
        Some(false)
    } else {
        has(&["safe", "allowed"]).then_some(true)
    }
}

/// Whether a function of that name hides what it is given.
pub fn masks(name: Ustr) -> bool {
    const WORDS: [&str; 12] = [
        "mask",
        "masked",
        "redact",
        "redacted",
        "obfuscate",
        "obfuscated",
        "censor",
        "anonymize",
        "scrub",
        "hide",
        "truncate",
        "shorten",
    ];
    has_word(&name, &WORDS)
}

/// Whether a function of that name makes HTML of text: `escapeHtml`, `nameAsHtml`.
pub fn escapes_html(name: Ustr) -> bool {
    let text = name.as_str();
    if !(6..40).contains(&text.len()) || has_word(text, &["unescape", "decode", "no", "un"]) {
        return false;
    }
    // Of others than HTML they say so.
    const OTHERS: [&str; 13] = [
        "regex", "regexp", "sql", "shell", "css", "url", "uri", "string", "quotes", "json", "id", "selector",
        "sequence",
    ];
    let of_html =
        ["html", "Html", "HTML", "xml", "Xml", "XML", "entities", "Entities"].iter().any(|w| text.contains(w));
    has_word(text, &["escape", "escaped"]) && !has_word(text, &OTHERS)
        || of_html && has_word(text, &["encode", "encoded", "sanitize", "as"])
}

/// Whether an object of that name holds labels, messages, kinds or places of things, not the things.
pub fn is_about(name: Ustr) -> bool {
    matches!(
        name.as_str(),
        "errors"
            | "messages"
            | "labels"
            | "strings"
            | "translations"
            | "i18n"
            | "locale"
            | "validators"
            | "validations"
            | "placeholders"
            | "hints"
            | "touched"
            | "dirty"
            | "classes"
            | "styles"
            | "types"
            | "fields"
            | "inputs"
            | "refs"
            | "routes"
            | "paths"
            | "urls"
            | "columns"
            | "icons"
            | "schemas"
            | "rules"
            | "enums"
            | "Types"
            | "Fields"
            | "Routes"
    )
}

/// Whether a name says that its value must not be guessed.
pub fn must_be_random(name: &str) -> bool {
    let words = words(name);
    let has = |w: &str| words.iter().any(|x| x == w);
    let named = ["token", "secret", "password", "passwd", "nonce", "salt", "otp", "csrf", "xsrf", "apikey", "passcode"]
        .iter()
        .any(|w| has(w))
        || words.windows(2).any(|w| {
            matches!(
                (w[0].as_str(), w[1].as_str()),
                ("session", "id")
                    | ("session", "key")
                    | ("api", "key")
                    | ("private", "key")
                    | ("secret", "key")
                    | ("reset", "code")
                    | ("verification", "code")
                    | ("invite", "code")
                    | ("auth", "code")
                    | ("encryption", "key")
            )
        })
        || (has("iv") || has("sid")) && words.len() == 1;
    named
        && ![
            "expiry",
            "expires",
            "ttl",
            "delay",
            "timeout",
            "interval",
            "time",
            "size",
            "limit",
            "color",
            "weight",
            "price",
            "amount",
            "balance",
            "symbol",
            "score",
            "rate",
            "usage",
            "probability",
            "prob",
            "loss",
            "embedding",
            "vocab",
            // Of what a ledger calls a token.
            "association",
            "associations",
            "allowance",
            "supply",
            "holder",
            "transfer",
        ]
        .iter()
        .any(|w| has(w))
        && !["index", "type", "count", "length", "name", "kind", "cancel", "cancellation", "position", "mock", "test"]
            .iter()
            .any(|w| has(w))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_split_into_words() {
        assert_eq!(words("userAPIKey_2"), ["user", "api", "key", "2"]);
        assert_eq!(words("DB_PASSWORD"), ["db", "password"]);
        assert_eq!(words("#pwd"), ["pwd"]);
        assert_eq!(words("ÄnderungÜber"), ["änderung", "über"]);
        assert!(has_word("maskToken", &["mask"]) && has_word("EMAIL_MASK", &["x", "mask"]));
        assert!(!has_word("unmasked", &["mask"]) && !has_word("", &["mask"]));
    }

    #[test]
    fn sensitive_names() {
        for name in ["password", "userPassword", "DB_PASSWD", "passPhrase"] {
            assert_eq!(sensitive(name), Some(SourceKind::Password), "{name}");
        }
        for name in ["apiKey", "client_secret", "accessToken", "creditCard", "cardNumber", "ssn"] {
            assert_eq!(sensitive(name), Some(SourceKind::Sensitive), "{name}");
        }
        for name in [
            "passwordHash",
            "isPasswordValid",
            "passwordField",
            "token",
            "passwordResetUrl",
            "secretName",
            "OperationalCredentials",
            "pass",
            "key",
        ] {
            assert_eq!(sensitive(name), None, "{name}");
        }
    }
}
