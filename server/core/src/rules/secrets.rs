//! What credentials look like: providers' formats, telling names, placeholders.

use super::support::words;
use crate::findings::Confidence;

/// A credential that its format gives away.
pub struct Provider {
    /// What it is, with its article.
    pub what: &'static str,
    /// How sure.
    pub confidence: Confidence,
}

/// How the characters after a prefix are drawn.
#[derive(Clone, Copy)]
enum Alphabet {
    /// `0-9a-f`
    Hex,
    /// `0-9A-Za-z`
    Alphanumeric,
    /// `A-Z2-7`
    Base32,
    /// `0-9A-Za-z_-`
    Url,
}

impl Alphabet {
    fn holds(self, c: u8) -> bool {
        match self {
            Alphabet::Hex => matches!(c, b'0'..=b'9' | b'a'..=b'f'),
            Alphabet::Alphanumeric => c.is_ascii_alphanumeric(),
            Alphabet::Base32 => matches!(c, b'A'..=b'Z' | b'2'..=b'7'),
            Alphabet::Url => c.is_ascii_alphanumeric() || matches!(c, b'_' | b'-'),
        }
    }
}

use Alphabet::{Alphanumeric, Base32, Hex, Url};

/// Prefix, what follows, at least and at most how many, what it is. From the providers' own documentation of their formats.
const FORMATS: &[(&str, Alphabet, usize, usize, &str)] = &[
    ("AKIA", Base32, 16, 16, "an AWS access key id"),
    ("ASIA", Base32, 16, 16, "an AWS session key id"),
    ("ghp_", Alphanumeric, 36, 251, "a GitHub token"),
    ("gho_", Alphanumeric, 36, 251, "a GitHub token"),
    ("ghu_", Alphanumeric, 36, 251, "a GitHub token"),
    ("ghs_", Alphanumeric, 36, 251, "a GitHub token"),
    ("ghr_", Alphanumeric, 36, 251, "a GitHub token"),
    ("github_pat_", Url, 70, 100, "a GitHub token"),
    ("glpat-", Url, 20, 64, "a GitLab token"),
    ("xoxb-", Url, 24, 200, "a Slack token"),
    ("xoxp-", Url, 24, 200, "a Slack token"),
    ("xoxa-", Url, 24, 200, "a Slack token"),
    ("xoxs-", Url, 24, 200, "a Slack token"),
    ("xapp-", Url, 24, 200, "a Slack token"),
    ("sk_live_", Alphanumeric, 16, 200, "a Stripe secret key"),
    ("rk_live_", Alphanumeric, 16, 200, "a Stripe restricted key"),
    ("AIza", Url, 35, 35, "a Google API key"),
    ("GOCSPX-", Url, 28, 28, "a Google client secret"),
    ("ya29.", Url, 40, 400, "a Google access token"),
    ("npm_", Alphanumeric, 36, 36, "an npm token"),
    ("pypi-AgE", Url, 50, 400, "a PyPI token"),
    ("SK", Hex, 32, 32, "a Twilio API key"),
    ("hf_", Alphanumeric, 34, 40, "a Hugging Face token"),
    ("sk-ant-", Url, 40, 200, "an Anthropic API key"),
    ("sk-proj-", Url, 40, 200, "an OpenAI API key"),
    ("dop_v1_", Hex, 64, 64, "a DigitalOcean token"),
    ("shpat_", Hex, 32, 32, "a Shopify token"),
    ("shpss_", Hex, 32, 32, "a Shopify secret"),
    ("key-", Hex, 32, 32, "a Mailgun key"),
    ("sq0csp-", Url, 43, 43, "a Square secret"),
    ("dapi", Hex, 32, 32, "a Databricks token"),
    ("NRAK-", Alphanumeric, 27, 27, "a New Relic key"),
    ("lin_api_", Alphanumeric, 40, 40, "a Linear API key"),
];

/// The credential in a string, if a provider's format gives one away.
pub fn provider(text: &str) -> Option<Provider> {
    let found = |what, confidence| Some(Provider { what, confidence });
    if text.len() < 16 {
        return None;
    }
    if let Some(what) = private_key(text) {
        return found(what, Confidence::High);
    }
    for (prefix, alphabet, least, most, what) in FORMATS {
        for (at, _) in text.match_indices(prefix).take(4) {
            if at > 0 && text.as_bytes()[at - 1].is_ascii_alphanumeric() {
                continue;
            }
            let rest = &text[at + prefix.len()..];
            let n = rest.bytes().take_while(|c| alphabet.holds(*c)).count();
            let ends = rest.as_bytes().get(n).is_none_or(|c| !c.is_ascii_alphanumeric());
            if n >= *least && n <= *most && ends && is_random(&rest[..n]) {
                let public = matches!(*what, "a Google API key");
                return found(what, if public { Confidence::Medium } else { Confidence::High });
            }
        }
    }
    if let Some(at) = text.find("SG.") {
        let mut parts = text[at + 3..].split('.');
        if let (Some(a), Some(b)) = (parts.next(), parts.next())
            && a.len() == 22
            && b.len() >= 43
            && is_random(b)
        {
            return found("a SendGrid key", Confidence::High);
        }
    }
    if let [id, time, code] = text.split('.').collect::<Vec<_>>()[..]
        && matches!(id.as_bytes().first(), Some(b'M' | b'N' | b'O'))
        && (23..=28).contains(&id.len())
        && time.len() == 6
        && (27..=40).contains(&code.len())
        && [id, time, code].iter().all(|p| p.bytes().all(|c| Url.holds(c)))
        && is_random(code)
    {
        return found("a Discord bot's token", Confidence::High);
    }
    if let Some(at) = text.find("hooks.slack.com/services/T") {
        let path = &text[at + 25..];
        if path.split('/').count() >= 3 && path.len() > 40 && is_random(path) {
            return found("a Slack webhook", Confidence::High);
        }
    }
    if let Some(at) = text.find("AccountKey=")
        && is_random(text[at + 11..].split(';').next().unwrap_or(""))
        && text.len() > at + 60
    {
        return found("an Azure storage key", Confidence::High);
    }
    if let Some(at) = text.find("eyJ") {
        let token = text[at..].split(|c: char| !(c.is_ascii_alphanumeric() || "._-".contains(c))).next().unwrap_or("");
        let parts: Vec<&str> = token.split('.').collect();
        // The specimen of jwt.io's front page is in everybody's tests.
        let specimen = parts.last().is_some_and(|p| p.starts_with("SflKxwRJSMeKKF2QT4fwpMeJf36POk6yJV_adQssw5c"));
        if parts.len() == 3 && !specimen && parts[1].starts_with("eyJ") && parts[2].len() >= 20 && is_random(parts[2]) {
            return found("a signed JSON web token", Confidence::Medium);
        }
    }
    url_password(text).then_some(Provider { what: "a URL with a password", confidence: Confidence::High })
}

fn private_key(text: &str) -> Option<&'static str> {
    let begin = text.find("-----BEGIN ")?;
    let rest = &text[begin + 11..];
    let (label, body) = rest.split_once("-----")?;
    if !label.ends_with("PRIVATE KEY") && !label.ends_with("PRIVATE KEY BLOCK") {
        return None;
    }
    let body = body.split("-----").next().unwrap_or(body);
    let digits: String = body.replace("\\n", "").chars().filter(|c| c.is_ascii_alphanumeric()).collect();
    (digits.len() >= 40 && is_random(&digits)).then_some("a private key")
}

/// Whether a URL carries a password that is none of the usual stand-ins, for a host that is not this machine.
fn url_password(text: &str) -> bool {
    let Some((scheme, rest)) = text.split_once("://") else { return false };
    if scheme.is_empty() || !scheme.bytes().all(|c| c.is_ascii_alphanumeric() || matches!(c, b'+' | b'.' | b'-')) {
        return false;
    }
    let authority = rest.split(['/', '?', '#', ' ']).next().unwrap_or("");
    let Some((login, host)) = authority.rsplit_once('@') else { return false };
    let Some((user, password)) = login.split_once(':') else { return false };
    let name = host.split(':').next().unwrap_or(host);
    let local = name.is_empty()
        || matches!(name, "localhost" | "127.0.0.1" | "0.0.0.0" | "host" | "hostname" | "server" | "domain")
        || ["example", "test", "localhost", "foo", "bar", "domain.", "invalid"].iter().any(|w| name.contains(w));
    !local
        && user != "anonymous"
        && password.len() >= 4
        && !placeholder(password)
        && user != password
        && !password.contains(['$', '{', '<', '%', '*', '[', '('])
        && !matches!(
            password.to_ascii_lowercase().as_str(),
            "pass" | "password" | "passwd" | "pwd" | "secret" | "token"
        )
}

/// Whether characters look drawn at random rather than typed for show: enough different ones, no runs.
fn is_random(text: &str) -> bool {
    if placeholder(text) {
        return false;
    }
    entropy(text) >= if text.len() >= 24 { 3.0 } else { 2.8 } && !has_run(text)
}

/// A run of five characters that count up or repeat, as in `12345`, `abcde` and `xxxxx`.
fn has_run(text: &str) -> bool {
    text.as_bytes().windows(5).any(|w| {
        let step = |n: i16| w.windows(2).all(|p| i16::from(p[1]) - i16::from(p[0]) == n);
        step(0) || step(1)
    })
}

/// Shannon entropy in bits a character.
fn entropy(text: &str) -> f64 {
    let mut counts = [0u32; 256];
    text.bytes().for_each(|b| counts[b as usize] += 1);
    let n = text.len().max(1) as f64;
    counts.iter().filter(|c| **c > 0).map(|c| f64::from(*c) / n).map(|p| -p * p.log2()).sum()
}

/// Whether a value only stands for a secret.
pub fn placeholder(value: &str) -> bool {
    const WORDS: [&str; 30] = [
        "example",
        "placeholder",
        "your",
        "changeme",
        "change_me",
        "change-me",
        "todo",
        "dummy",
        "sample",
        "redacted",
        "undefined",
        "xxxx",
        "****",
        "....",
        "test",
        "fake",
        "mock",
        "insert",
        "replace",
        "foobar",
        "lorem",
        "<",
        "{{",
        "${",
        "0000000",
        "censored",
        "hidden",
        "masked",
        "notasecret",
        "enter",
    ];
    let lower = value.to_ascii_lowercase();
    // The name of the file in which it lies.
    const FILES: [&str; 9] = [".p12", ".pem", ".key", ".json", ".txt", ".crt", ".pfx", ".jks", ".yml"];
    WORDS.iter().any(|w| lower.contains(w))
        || FILES.iter().any(|f| lower.ends_with(f))
        || value.bytes().all(|c| Some(&c) == value.as_bytes().first())
}

/// What a name says of its value.
pub struct SecretName {
    /// A password: people choose it, so that it need not look random.
    pub is_password: bool,
}

/// Whether a name says that its value is a secret.
pub fn secret_name(name: &str) -> Option<SecretName> {
    let words = words(name);
    let mut last = words.len();
    // Versions and environments after the noun say nothing against it.
    while last > 0
        && matches!(
            words[last - 1].as_str(),
            "1" | "2" | "prod" | "production" | "dev" | "value" | "string" | "hex" | "base64"
        )
    {
        last -= 1;
    }
    let words = &words[..last];
    let word = |n: usize| words.len().checked_sub(n).and_then(|i| words.get(i)).map_or("", String::as_str);
    let negative = [
        "no", "has", "is", "show", "hide", "forgot", "reset", "confirm", "invalid", "missing", "max", "min", "public",
        "csrf", "xsrf", "page", "next", "example", "sample", "dummy", "fake", "mock", "check",
    ];
    if words.iter().any(|w| negative.contains(&w.as_str())) {
        return None;
    }
    let password = matches!(word(1), "password" | "passwd" | "pwd" | "pass" | "passphrase" | "passwort")
        || (word(2) == "pass" && word(1) == "phrase");
    let secret =
        matches!(word(1), "secret" | "apikey" | "privatekey" | "secretkey" | "accesskey" | "authtoken" | "apitoken")
            || (word(1) == "key"
                && matches!(
                    word(2),
                    "api"
                        | "secret"
                        | "private"
                        | "encryption"
                        | "signing"
                        | "access"
                        | "crypto"
                        | "cipher"
                        | "aes"
                        | "hmac"
                        | "master"
                        | "auth"
                        | "jwt"
                        | "storage"
                ))
            || (word(1) == "token"
                && matches!(
                    word(2),
                    "" | "access"
                        | "auth"
                        | "api"
                        | "bearer"
                        | "refresh"
                        | "bot"
                        | "github"
                        | "slack"
                        | "npm"
                        | "oauth"
                        | "secret"
                        | "admin"
                        | "service"
                        | "jwt"
                        | "session"
                ))
            || (word(1) == "hash" && word(2) == "password");
    (password || secret).then_some(SecretName { is_password: password })
}

/// Whether a value is made of words: `reset-password`, `x.api.key`, `AWS_SECRET`, `accessToken`.
pub fn wordlike(value: &str) -> bool {
    let digits = value.bytes().filter(u8::is_ascii_digit).count();
    value.bytes().all(|c| c.is_ascii_alphanumeric() || matches!(c, b'_' | b'-' | b'.' | b':' | b'/' | b'@' | b'#'))
        && digits <= 2
        && words(value).iter().all(|w| w.len() > 2 && w.bytes().any(|c| b"aeiouy".contains(&c)))
}

/// Whether a value can hardly be anything but a secret under a name that says so. A password may be short and chosen by people:
/// letters with digits or signs suffice.
pub fn looks_random(value: &str, password: bool) -> bool {
    let path = value.starts_with(['/', '.', '#', '$', '@', '%']) || value.contains("://") || value.contains("::");
    let upper_name =
        value.bytes().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == b'_') && value.contains('_');
    let text = value.contains(['(', '[', '\\', '|', '{', '^', ',', ';']);
    if path || upper_name || text || placeholder(value) || has_run(value) && value.len() < 24 || value.len() > 200 {
        return false;
    }
    let has = |f: fn(&u8) -> bool| value.bytes().any(|c| f(&c));
    let digits = has(u8::is_ascii_digit);
    let letters = has(u8::is_ascii_alphabetic);
    if password {
        let sign = has(|c| matches!(c, b'!' | b'@' | b'#' | b'$' | b'%' | b'&' | b'*' | b'?' | b'+' | b'='));
        return value.len() >= 6 && letters && (digits || sign) && !wordlike(value)
            || (value.len() >= 7 && digits && letters && !value.contains(['-', '.', ':', '/']));
    }
    let classes =
        usize::from(digits) + usize::from(has(u8::is_ascii_lowercase)) + usize::from(has(u8::is_ascii_uppercase));
    letters
        && digits
        && !wordlike(value)
        && match value.len() {
            0..8 => false,
            8..16 => classes == 3 && entropy(value) >= 2.9,
            _ => entropy(value) >= 3.0 && longest_word(value) < value.len() / 2,
        }
}

/// Length of the longest run of letters of one case, which in a random value is short.
fn longest_word(value: &str) -> usize {
    let mut longest = 0;
    let mut run = 0;
    for c in value.bytes() {
        run = if c.is_ascii_lowercase() { run + 1 } else { 0 };
        longest = longest.max(run);
    }
    longest
}
