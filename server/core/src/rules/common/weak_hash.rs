use sidenote_grammars::{Family, Field, Kind};

use crate::findings::{Category, Confidence, Note, Place, Severity};
use crate::rules::evidence::{self, any, around};
use crate::rules::rust_items::last_name;
use crate::rules::{Case, Check, Cx, Docs, Rule};
use crate::semantics::flow::CallView;
use crate::semantics::flow::kinds::SinkKind;
use crate::semantics::flow::lexicon;
use crate::syntax::{Node, Span};

pub static RULE: Rule = Rule {
    id: "weak-hash",
    summary: "a broken hash (MD5, SHA-1) where collisions or reversal matter",
    category: Category::Security,
    severity: Severity::Medium,
    confidence: Confidence::Medium,
    cwe: &[327, 328, 916],
    families: &[Family::Ecma, Family::Rust],
    default_on: true,
    in_tests: false,
    docs: Docs {
        what: "Finds hashes and signatures made with MD2, MD4, MD5, SHA-1 or RIPEMD-128: `crypto.createHash('md5')`, \
               `createSign('RSA-SHA1')`, CryptoJS, WebCrypto's `digest('SHA-1')`, the `md5` and `sha1` packages. The names around \
               the call decide how bad it is: passwords, tokens and signatures are high, what has no such name is told of, as low, where something else speaks for a proof: a secret goes into it, it is compared, it is made of itself again and again.",
        why: "Two inputs with one MD5 are made in seconds and with one SHA-1 for the price of a car, so a signature or an \
              integrity check built on them can be forged; and they are so fast that hashed passwords are guessed by the billion.",
        example: "const signature = crypto.createHash('md5').update(body + secret).digest('hex');",
        instead: "const signature = crypto.createHmac('sha256', secret).update(body).digest('hex');",
        limits: "Checksums, entity tags, cache keys, file fingerprints, avatars, UUIDs and protocols that prescribe the hash \
                 (WebSocket's handshake, SCRAM and the handshakes of databases, digest authentication, git objects) are left alone; they are known by the names around the call. HMAC with \
                 SHA-1 is not broken and is left alone.",
        fix: "The suggested fix names SHA-256; stored hashes must be made again.",
    },
    checks: &[
        Check::Calls(
            &["createHash", "Hash", "createHmac", "createSign", "createVerify", "hash", "sign", "verify", "digest"],
            named,
        ),
        Check::Calls(
            &[
                "crypto-js/md5",
                "crypto-js/sha1",
                "MD5",
                "SHA1",
                "md5",
                "sha1",
                "hashStr",
                "RIPEMD160",
                "create",
                "HmacMD5",
                "md4",
                "js-md5",
                "js-sha1",
                "blueimp-md5",
            ],
            direct,
        ),
        Check::Flow(
            &[SinkKind::WeakHash],
            "`{sink}` makes a broken hash of {source}: it can be guessed or forged. Use SHA-256, for passwords bcrypt, scrypt or Argon2.",
        ),
        Check::Model,
        Check::Nodes(&[Kind::CallExpression], keyed),
    ],
    cases: &[
        Case::bad(
            "a.js",
            "const crypto = require('crypto');\nfunction hashPassword(password) {\n  return crypto.createHash('md5').update(password).digest('hex'); //~ weak-hash\n}",
        ),
        Case::good(
            "a.ts",
            "import { createHash } from 'node:crypto';\nexport const digest = (data: Buffer) => createHash('sha1').update(data).digest();",
        ),
        Case::bad(
            "a.ts",
            "import { createHash } from 'node:crypto';\nconst digest = (data: string, authKey: string) => createHash('sha1').update(data + authKey).digest('hex'); //~ weak-hash",
        ),
        Case::bad(
            "a.js",
            "const { createHash } = require('crypto');\nfunction fits(text, sum) {\n  const made = createHash('md5').update(text).digest('hex'); //~ weak-hash\n  return made === sum;\n}",
        ),
        Case::bad(
            "a.js",
            "const { createHash } = require('crypto');\nfunction stretch(text) {\n  let made = text;\n  for (let i = 0; i < 10; i++) made = createHash('sha1').update(made).digest('hex'); //~ weak-hash\n  return made;\n}",
        ),
        Case::bad(
            "a.ts",
            "import * as crypto from 'crypto';\nconst algorithm = 'MD5';\nfunction sign(body: string, key: string) {\n  const h = crypto.createHash(algorithm); //~ weak-hash\n  h.update(body + key);\n  return h.digest('base64');\n}",
        ),
        Case::bad(
            "a.js",
            "const crypto = require('crypto');\nconst signer = crypto.createSign('RSA-SHA1'); //~ weak-hash",
        ),
        Case::bad(
            "a.js",
            "const CryptoJS = require('crypto-js');\nconst token = CryptoJS.MD5(user.id + Date.now()).toString(); //~ weak-hash",
        ),
        Case::bad("a.js", "const md5 = require('md5');\nuser.password = md5(req.body.password); //~ weak-hash"),
        Case::bad(
            "a.js",
            "import sha1 from 'js-sha1';\nexport function resetToken(mail) { return sha1(mail + secret); } //~ weak-hash",
        ),
        Case::bad(
            "a.ts",
            "async function key(passphrase: string) {\n  return crypto.subtle.digest('SHA-1', new TextEncoder().encode(passphrase)); //~ weak-hash\n}",
        ),
        Case::good(
            "a.ts",
            "async function sum(data: ArrayBuffer) {\n  return window.crypto.subtle.digest({ name: 'SHA-1' }, data);\n}",
        ),
        Case::bad(
            "a.js",
            "const { createHash: make } = require('crypto');\nconst alg = strong ? 'sha256' : 'md5';\nconst d = make(alg).update(message + secret).digest(); //~ weak-hash",
        ),
        Case::bad(
            "a.ts",
            "import MD5 from 'crypto-js/md5';\nconst signature = MD5(params + secret).toString(); //~ weak-hash",
        ),
        Case::bad(
            "a.js",
            "const forge = require('node-forge');\nconst md = forge.md.md5.create(); //~ weak-hash\nmd.update(password);",
        ),
        Case::bad(
            "a.js",
            "const crypto = require('crypto');\nconst mac = crypto.createHmac('md5', key).update(data).digest('hex'); //~ weak-hash",
        ),
        Case::good(
            "a.js",
            "const crypto = require('crypto');\nconst h = crypto.createHash('sha256').update(data).digest('hex');",
        ),
        Case::good(
            "a.ts",
            "import { createHash } from 'crypto';\nconst etag = createHash('md5').update(body).digest('base64');",
        ),
        Case::good(
            "a.ts",
            "import { createHash } from 'crypto';\nfunction cacheKey(parts: string[]) { return createHash('sha1').update(parts.join('|')).digest('hex'); }",
        ),
        Case::good(
            "a.js",
            "const crypto = require('crypto');\nconst checksum = crypto.createHash('md5');\nfs.createReadStream(file).pipe(checksum);",
        ),
        Case::good("a.js", "const md5 = require('md5');\nconst url = `https://www.gravatar.com/avatar/${md5(mail)}`;"),
        Case::good(
            "a.js",
            "const crypto = require('crypto');\nconst mac = crypto.createHmac('sha1', key).update(counter).digest();",
        ),
        Case::good(
            "a.js",
            "const crypto = require('crypto');\nconst accept = crypto.createHash('sha1').update(key + '258EAFA5-E914-47DA-95CA-C5AB0DC85B11').digest('base64');",
        ),
        Case::good("a.ts", "async function f(data: ArrayBuffer) { return crypto.subtle.digest('SHA-256', data); }"),
        Case::near_miss(
            "s.js",
            r#"const crypto = require('crypto');
let shasum = crypto.createHash('sha1');
shasum.update(tarball);
shasum = shasum.digest('hex');
function md5sum(data) {
  return crypto.createHash('md5').update(data).digest('hex');
}"#,
        ),
        Case::near_miss(
            "k.js",
            r#"const crypto = require('crypto');
class Ring {
  slot(item) {
    const hash = crypto.createHash('md5').update(item).digest('hex');
    return parseInt(hash.substring(0, 8), 16) % this.size;
  }
  key(text, options) {
    const sum = crypto.createHash('sha1');
    sum.update(text + options.prefix);
    return sum.digest('hex');
  }
}"#,
        ),
        Case::near_miss(
            "a.js",
            r#"const crypto = require('crypto');
function targetGroupName(fn, id) {
  return crypto.createHash('md5').update(`${fn}-${id}`).digest('hex');
}"#,
        ),
        Case::near_miss("a.js", "const digest = lodash.digest('md5'); const x = table.hash('sha1');"),
        Case::near_miss(
            "a.js",
            "const crypto = require('crypto');\nmodule.exports = { make: function () { return randomBytes(256).then(function (b) { return crypto.createHash('sha1').update(b).digest('hex'); }); } };",
        ),
        Case::near_miss(
            "h.js",
            r#"const Crypto = require('crypto');
HFP.md5 = function (callback) {
  var md5 = Crypto.createHash('md5');
  var stream = Fs.createReadStream(this.path);
  stream.on('data', (part) => md5.update(part));
  stream.on('end', () => callback(null, md5.digest('hex')));
};
const sha1hash = (b) => Crypto.createHash('sha1').update(b).digest('hex');
function register(func, key) {
  key = key || require('md5')(func);
  return this.funcs[key];
}"#,
        ),
        Case::bad(
            "a.js",
            "const crypto = require('crypto');\nfunction md5(password) { return crypto.createHash('md5').update(password).digest('hex'); } //~ weak-hash",
        ),
        Case::near_miss(
            "a.js",
            "const crypto = require('crypto');\nString.prototype.md5 = function (salt) {\n  const hash = crypto.createHash('md5');\n  hash.update(this + (salt || ''));\n  return hash.digest('hex');\n};",
        ),
        Case::bad(
            "a.js",
            "const crypto = require('crypto');\nfunction crypt(pw, salt) {\n  const a = crypto.createHash('md5').update(pw + salt).digest(); //~ weak-hash\n  const b = crypto.createHash('md5').update(pw + salt + a).digest();\n  return b;\n}",
        ),
        Case::near_miss(
            "a.js",
            "const crypto = require('crypto');\nfunction page(members, req) {\n  const hash = crypto.createHash('sha1').update(req.sessionID).digest('hex');\n  return members[parseInt(hash.slice(-4), 16) % members.length];\n}",
        ),
        Case::near_miss(
            "a.js",
            "const crypto = require('crypto');\nconst one = crypto.createHash('md5').update(`${clientId}:${realm}:${clientSecret}`).digest('hex');",
        ),
        Case::near_miss(
            "a.js",
            "const crypto = require('crypto');\nconst short = crypto.createHash('sha1').update(url).digest('hex').slice(0, 7);",
        ),
        Case::good(
            "a.ts",
            "import { createHash, createHmac } from 'crypto';\nexport function scramSaltedPassword(password: string, salt: Buffer) {\n  // SCRAM-SHA-1\n  const key = createHash('sha1').update(password).digest();\n  return key;\n}",
        ),
        Case::good(
            "a.js",
            "const crypto = require('crypto');\nfunction token(password, a, b) {\n  // mysql_native_password\n  const stage1 = crypto.createHash('sha1').update(password).digest();\n  return xor(stage1, a, b);\n}",
        ),
        Case::near_miss("a.js", "function md5(text) { return native(text); }\nconst a = md5(content);"),
        Case::near_miss(
            "a.js",
            "const crypto = require('crypto');\nconst h = crypto.createHash(options.algorithm || 'sha512').update(x).digest();",
        ),
        Case::near_miss(
            "a.js",
            "const crypto = require('crypto');\nconst revision = crypto.createHash('md5').update(source).digest('hex').slice(0, 8);",
        ),
        Case::bad(
            "a.rs",
            "use md5::Md5;\nfn a(password: &str) -> String { let mut h = Md5::new(); h.update(password); format!(\"{:x}\", h.finalize()) } //~ weak-hash",
        ),
        Case::bad("a.rs", "use sha1::Sha1;\nfn b(password: &[u8]) { let d = Sha1::digest(password); } //~ weak-hash"),
        Case::bad("a.rs", "fn c(u: &User) { let d = md5::compute(u.password.as_bytes()); } //~ weak-hash"),
        Case::bad(
            "a.rs",
            "use md5::Md5;\nfn d(credit_card_number: &str) { let d = md5::Md5::digest(credit_card_number.as_bytes()); } //~ weak-hash",
        ),
        Case::bad(
            "a.rs",
            "use sha1::Sha1;\nfn e(password: &str) { let mut h = sha1::Sha1::default(); h.update(password.as_bytes()); let r = h.finalize(); } //~ weak-hash",
        ),
        Case::bad(
            "a.rs",
            "fn f(secret: &[u8]) { let d = openssl::hash::hash(openssl::hash::MessageDigest::md5(), secret).unwrap(); } //~ weak-hash",
        ),
        Case::bad(
            "a.rs",
            "fn g(password: &[u8]) { let d = ring::digest::digest(&ring::digest::SHA1_FOR_LEGACY_USE_ONLY, password); } //~ weak-hash",
        ),
        Case::bad(
            "a.rs",
            "use md5::Md5;\nfn h(password: &str) { let d = Md5::new().chain_update(password).finalize(); } //~ weak-hash",
        ),
        Case::bad("a.rs", "fn h2(private_key: &[u8]) { let d = md4::Md4::digest(private_key); } //~ weak-hash"),
        Case::bad(
            "a.rs",
            "use md5::Md5;\nfn h3(password: &str) { let x = Md5::new_with_prefix(password); } //~ weak-hash",
        ),
        Case::bad("a.rs", "fn h4(ssn: &str) { let mut x = ripemd::Ripemd160::new(); x.update(ssn); } //~ weak-hash"),
        Case::near_miss(
            "a.js",
            "const crypto = require('crypto');\nif (!crypto.verify('RSA-SHA1', signed, theirKey, signature)) throw new Error('not theirs');\nconst v = crypto.createVerify('RSA-SHA1');",
        ),
        Case::bad(
            "a.js",
            "const crypto = require('crypto');\nconst s = crypto.sign('RSA-SHA1', text, key); //~ weak-hash",
        ),
        Case::good("a.rs", "use sha1::Sha1;\nfn i(data: &[u8]) { let d = Sha1::digest(data); }"),
        Case::good("a.rs", "fn j(file: &[u8]) { let checksum = md5::compute(file); println!(\"{:x}\", checksum); }"),
        Case::near_miss(
            "a.js",
            "const crypto = require('crypto');\nfunction generateMd5Hash(bytes) { return crypto.createHash('md5').update(bytes).digest('base64'); }\nfunction generateETag(n) { return crypto.createHash('sha1').update(`${n}`).digest('base64'); }",
        ),
        Case::near_miss(
            "a.js",
            "const crypto = require('crypto');\nfunction send(res, data) { const hash = crypto.createHash('md5'); hash.update(data); res.setHeader('Etag', hash.digest('hex')); }",
        ),
        Case::good("a.rs", "use md5::Md5;\nfn k(etag: &str) { let d = Md5::digest(etag); }"),
        Case::good(
            "a.rs",
            "fn l(password: &str) { let h = argon2::hash_encoded(password.as_bytes(), &salt(), &argon2::Config::default()).unwrap(); }",
        ),
        Case::good("a.rs", "use md5::Md5;\nfn m(password_hash: &str) { let d = Md5::digest(password_hash); }"),
        Case::good(
            "a.rs",
            "fn n4(pw: &str) { let mut h = std::collections::hash_map::DefaultHasher::new(); pw.hash(&mut h); }",
        ),
        Case::near_miss(
            "a.rs",
            "fn n5(credit_card_number: &str) { let d = sha2::Sha256::digest(credit_card_number); }",
        ),
        Case::near_miss("a.rs", "fn o(name: &str) { let d = sha2::Sha256::digest(name); }"),
        Case::near_miss(
            "a.rs",
            "fn p3(password: &str) { let h = bcrypt::hash(password, bcrypt::DEFAULT_COST).unwrap(); }",
        ),
        Case::near_miss(
            "a.rs",
            "fn p4(salt: &[u8], password: &[u8]) { let mut k = [0u8; 32]; pbkdf2::pbkdf2_hmac::<sha2::Sha256>(password, salt, 600_000, &mut k); }",
        ),
        Case::bad(
            "a.rs",
            "use hmac::{Hmac, Mac};\nfn f(key: &[u8]) { let mut m = Hmac::<md5::Md5>::new_from_slice(key).unwrap(); } //~ weak-hash",
        ),
        Case::bad(
            "a.rs",
            "use hmac::{Hmac, Mac};\nuse md5::Md5;\ntype HmacMd5 = Hmac<Md5>;\nfn f(key: &[u8]) { let mut m = HmacMd5::new_from_slice(key).unwrap(); } //~ weak-hash",
        ),
        Case::bad(
            "a.rs",
            "use digest::Digest;\nfn all<D: Digest>(t: &[u8]) -> Vec<u8> { let mut d = D::new(); d.update(t); d.finalize().to_vec() }\nfn f(password: &str) -> Vec<u8> { all::<md5::Md5>(password.as_bytes()) } //~ weak-hash",
        ),
        Case::good(
            "a.rs",
            "use hmac::{Hmac, Mac};\nfn f(key: &[u8]) { let mut m = Hmac::<sha2::Sha256>::new_from_slice(key).unwrap(); }",
        ),
        Case::near_miss(
            "a.rs",
            "use hmac::{Hmac, Mac};\nfn f(key: &[u8]) { let mut m = Hmac::<sha1::Sha1>::new_from_slice(key).unwrap(); }",
        ),
        Case::near_miss(
            "a.rs",
            "use digest::Digest;\nfn all<D: Digest>(t: &[u8]) -> Vec<u8> { D::digest(t).to_vec() }\nfn f(file: &[u8]) -> Vec<u8> { all::<md5::Md5>(file) }",
        ),
        Case::good("a.rs", "use sha2::{Digest, Sha256};\nfn a(d: &[u8]) -> Vec<u8> { Sha256::digest(d).to_vec() }"),
        Case::good("a.rs", "fn a(d: &[u8]) -> blake3::Hash { blake3::hash(d) }"),
        Case::good(
            "a.rs",
            "use hmac::{Hmac, Mac};\nuse sha2::Sha256;\nfn a(k: &[u8], d: &[u8]) -> Vec<u8> { let mut m = Hmac::<Sha256>::new_from_slice(k).unwrap(); m.update(d); m.finalize().into_bytes().to_vec() }",
        ),
        Case::good(
            "a.rs",
            "use md5::{Digest, Md5};\nfn etag(body: &[u8]) -> String { hex::encode(Md5::digest(body)) }",
        ),
        Case::good("a.rs", "fn a(d: &[u8]) -> u32 { crc32fast::hash(d) }"),
    ],
};

/// Words of purposes for which any hash does.
const HARMLESS: &[&str] = &[
    "etag",
    "etags",
    "checksum",
    "checksums",
    "shasum",
    "md5sum",
    "sha1sum",
    "cache",
    "cached",
    "caching",
    "fingerprint",
    "fingerprints",
    "gravatar",
    "avatar",
    "uuid",
    "guid",
    "shard",
    "bucket",
    "color",
    "colour",
    "version",
    "revision",
    "rev",
    "asset",
    "assets",
    "filename",
    "dedupe",
    "dedup",
    "duplicate",
    "duplicates",
    "unique",
    "uniq",
    "identifier",
    "path",
    "paths",
    "file",
    "files",
    "filepath",
    "content",
    "contents",
    "chunk",
    "chunks",
    "module",
    "modules",
    "bundle",
    "source",
    "sources",
    "blob",
    "manifest",
    "integrity",
    "pwned",
    "breach",
    "websocket",
    "memo",
    "partition",
    "css",
    "stylesheet",
    "scope",
    "schema",
    "query",
    "queries",
    "lockfile",
    "snapshot",
    "deps",
    "dependencies",
    "template",
    "classname",
    "seed",
    "build",
    "config",
    "package",
    "tarball",
    "image",
    "thumbnail",
    "etagged",
    "slug",
    "suffix",
    "immutable",
    "git",
    "commit",
    "tree",
    "ketama",
    "continuum",
    "sync",
    "changed",
    "diff",
    "sourcemap",
    "namespace",
    "icon",
    "locale",
    "gruntfile",
    "makefile",
    "uid",
    "tmp",
    "temp",
    "tempdir",
    "tmpdir",
];

/// Whether a function is called after the hash that it makes: `md5`, `sha1hash`, `toMd5`.
fn names_algorithm(name: &str) -> bool {
    let plain: String = name.to_ascii_lowercase().chars().filter(char::is_ascii_alphanumeric).collect();
    let rest = plain.replace("md5", "").replace("sha1", "");
    rest.len() < plain.len()
        && matches!(rest.as_str(), "" | "hash" | "hex" | "sum" | "to" | "get" | "digest" | "sync" | "of")
}

/// The broken hash that a name of an algorithm stands for.
fn broken(name: &str) -> Option<&'static str> {
    let plain: String = name.to_ascii_lowercase().chars().filter(char::is_ascii_alphanumeric).collect();
    let plain = plain.strip_prefix("rsa").or_else(|| plain.strip_prefix("dsa")).unwrap_or(&plain);
    let plain = plain.strip_prefix("with").unwrap_or(plain);
    Some(match plain {
        "md5" | "ssl3md5" | "md5withrsaencryption" | "md5sha1" => "MD5",
        "md4" => "MD4",
        "md2" => "MD2",
        "sha1" | "sha" | "sha12" | "ssl3sha1" | "sha1withrsaencryption" | "ecdsawithsha1" | "dss1" => "SHA-1",
        "ripemd128" | "rmd128" => "RIPEMD-128",
        _ => return None,
    })
}

/// `Hmac::<Md5>::new_from_slice(key)` (Rust), by this name or by an alias of the file.
fn keyed<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    let Some(function) = node.child(Field::Function).filter(|f| f.kind() == Kind::ScopedIdentifier) else { return };
    if cx.family() != Family::Rust
        || !function.child(Field::Name).is_some_and(|n| matches!(n.text(), "new_from_slice" | "new" | "new_varkey"))
    {
        return;
    }
    let Some(ty) = function.child(Field::Path) else { return };
    let written = cx.file.declared.aliases.get(ty.text()).map_or(ty.text(), String::as_str);
    let Some((mac, inner)) = written.split_once('<') else { return };
    let hash = last_name(inner.trim_end_matches('>').split(',').next().unwrap_or_default().trim());
    if !matches!(last_name(mac.trim_end_matches("::")), "Hmac" | "SimpleHmac") || !matches!(hash, "Md5" | "Md4" | "Md2")
    {
        return;
    }
    // Protocols that prescribe it.
    let text = cx.arena().text().to_lowercase();
    if ["cram", "ntlm", "radius", "rakp", "snmp", "kerberos", "tacacs"].iter().any(|w| text.contains(w)) {
        return;
    }
    let message = format!("`{hash}` is broken. Use HMAC with SHA-256.");
    cx.report(Note::new(cx.rule, function.span(), message));
}

/// A function that takes the algorithm's name.
fn named(call: &CallView<'_>, out: &mut Vec<Note>) {
    let of_node = |names: &[&str]| {
        call.paths.iter().any(|p| {
            let path = p.as_str();
            let library = path.strip_suffix(call.name.as_str()).unwrap_or_default();
            matches!(
                library,
                "crypto."
                    | "crypto-browserify."
                    | "create-hash."
                    | "crypto.webcrypto."
                    | "globalThis.crypto."
                    | "node-crypto."
            ) && names.contains(&call.name.as_str())
                || matches!(path, "create-hash" | "create-hmac" | "hasha" | "hash-wasm.createHash")
        })
    };
    let one_shot = matches!(call.name.as_str(), "sign" | "verify" | "hash");
    let is_digest = call.name == "digest" && call.paths.iter().any(|p| p.ends_with("subtle.digest"));
    let by_name = matches!(call.name.as_str(), "createHash" | "createSign" | "createVerify") && call.receiver.is_some();
    let known = of_node(&["createHash", "Hash", "createHmac", "createSign", "createVerify", "hash", "sign", "verify"]);
    if !(known || is_digest || by_name && !one_shot) {
        return;
    }
    let Some(argument) = call.args.first() else { return };
    let algorithm = argument.strings().chain(argument.field("name".into()).into_iter().flat_map(|v| v.strings()));
    let Some(name) = algorithm.filter_map(|s| broken(&s)).next() else { return };
    let signature = matches!(call.name.as_str(), "createSign" | "createVerify" | "sign" | "verify");
    if call.name == "createHmac" && name == "SHA-1" {
        return;
    }
    // Whoever checks what others signed takes the hash that they took; one like it for another text nobody has made with SHA-1.
    if name == "SHA-1" && matches!(call.name.as_str(), "createVerify" | "verify") {
        return;
    }
    report(call, name, call.arg_span(0), signature, true, out);
}

/// A function that is the algorithm.
fn direct(call: &CallView<'_>, out: &mut Vec<Note>) {
    let name = call.paths.iter().find_map(|p| {
        let path = p.as_str();
        let known = [
            "crypto-js.",
            "crypto-js/",
            "CryptoJS.",
            "node-forge.md.",
            "forge.md.",
            "md5",
            "js-md5",
            "blueimp-md5",
            "sha1",
            "js-sha1",
            "ts-md5.",
            "md5-hex",
            "hash-wasm.",
            "spark-md5.",
        ];
        if !known.iter().any(|k| path == *k || k.ends_with(['.', '/']) && path.starts_with(k)) {
            return None;
        }
        let lower = path.to_ascii_lowercase();
        if lower.contains("hmacsha1") {
            None
        } else if lower.contains("md5") {
            Some("MD5")
        } else if lower.contains("sha1") && !lower.contains("sha1withrsa") {
            Some("SHA-1")
        } else if lower.contains("md4") {
            Some("MD4")
        } else {
            None
        }
    });
    // A function of this file of that name is somebody's own, and judged by what it does.
    if let Some(name) = name {
        report(call, name, call.name_span, false, false, out);
    }
}

/// Protocols that leave no choice, by what the code calls them: WebSocket's handshake, SCRAM and SASL, the handshakes of
/// databases, digest authentication, one-time passwords.
fn is_prescribed(call: &CallView<'_>) -> bool {
    let near = call.arena.slice(Span {
        start: call.span.start.saturating_sub(NEAR),
        end: (call.span.end + NEAR).min(call.arena.root().span().end),
    });
    let near = near.to_ascii_lowercase();
    PRESCRIBED.iter().any(|p| near.contains(p))
}

/// How far around a call names of protocols are looked for, in bytes.
const NEAR: u32 = 700;

/// What names such a protocol.
const PRESCRIBED: &[&str] = &[
    "258eafa5",
    "scram",
    "sasl",
    "cram-md5",
    "crammd5",
    "postgresmd5",
    "mysql_native_password",
    "native_password",
    "scramble",
    "md5-sess",
    "verifier11g",
    "native-password",
    "protocol-mandated",
    ":${realm}:",
    "+ realm +",
    "www-authenticate",
    "digest auth",
    "digestauth",
    "ntlm",
    "totp",
    "hotp",
    "content-md5",
    "if-none-match",
    "\"etag\"",
    "'etag'",
    "keyderivation for pdf",
    "oauth_signature",
    "mongodb-cr",
];

/// Whether something speaks for a hash that proves something, and is not the name of what it was made of: what goes into it is called
/// a secret, it is compared, it is made of itself again and again, or it comes from a library of ciphers.
fn is_proof(call: &CallView<'_>, statement: &str) -> bool {
    if call.paths.iter().any(|p| ["crypto-js", "CryptoJS", "node-forge", "forge"].iter().any(|l| p.starts_with(l))) {
        return true;
    }
    let secret = |text: &str| {
        let names = text.split(|c: char| !c.is_alphanumeric() && c != '_');
        names.filter(|n| n.len() > 2).any(|n| {
            lexicon::sensitive(n).is_some()
                || lexicon::words(n).last().is_some_and(|w| {
                    matches!(
                        w.as_str(),
                        "key" | "salt" | "token" | "secret" | "password" | "pass" | "auth" | "signature"
                    )
                })
        })
    };
    let at = call.arena.root().smallest_at(call.span);
    let function = at.ancestors().find(|n| crate::rules::support::is_function(*n));
    let around = function.map_or("", Node::text);
    let compares = around.contains("timingSafeEqual") || around.contains("return ") && is_compared(around);
    let assigned = at.ancestors().find(|n| n.kind() == Kind::AssignmentExpression).map_or("", Node::text);
    let again = assigned.split_once('=').is_some_and(|(to, hash)| hash.contains(&format!("({})", to.trim())));
    secret(statement) || again || compares
}

/// Whether a function gives back whether two things are equal.
fn is_compared(function: &str) -> bool {
    function.split("return ").skip(1).any(|rest| {
        let value = rest.split([';', '\n', '}']).next().unwrap_or_default();
        value.contains("==") && !value.contains('?') && !value.contains("typeof")
    })
}

fn report(call: &CallView<'_>, name: &str, span: Span, signature: bool, fixable: bool, out: &mut Vec<Note>) {
    let words = around(call.hir, call.arena, call.span);
    let sensitive = signature || any(&words, evidence::SECRETS);
    // A few characters of a hash make a name, not a proof.
    let statement = crate::rules::support::statement(call.arena.root().smallest_at(call.span)).text();
    const CUTS: [&str; 3] = [".slice(0,", ".substring(0,", ".substr(0,"];
    let kept = statement
        .strip_prefix("const ")
        .or_else(|| statement.strip_prefix("let "))
        .or_else(|| statement.strip_prefix("var "));
    let kept = kept.and_then(|s| s.split_once('=')).map_or("", |(name, _)| name.trim());
    let cut = CUTS
        .iter()
        .any(|c| statement.contains(c) || !kept.is_empty() && call.arena.text().contains(&format!("{kept}{c}")));
    if cut && !sensitive {
        return;
    }
    // A function that makes a name, or a key under which something is kept.
    let names = |f: &crate::semantics::hir::Function| {
        f.span.contains(call.span)
            && f.name.is_some_and(|n| {
                let words = lexicon::words(&n);
                words.last().is_some_and(|w| w == "name" || w == "key")
                    || names_algorithm(&n)
                    || ["md5", "sha1"].iter().any(|a| n.to_ascii_lowercase().contains(a))
                    || n.to_ascii_lowercase().contains("etag")
            })
    };
    // `String.prototype.md5 = function (salt) { .. update(this + salt) .. }` is the hash itself, whatever it is used for.
    let at = call.arena.root().smallest_at(call.span);
    let function = at.ancestors().find(|n| crate::rules::support::is_function(*n));
    let assigned = function.and_then(|f| f.parent()).filter(|p| p.kind() == Kind::AssignmentExpression);
    let to = assigned.and_then(|a| a.child(Field::Left)).map_or("", Node::text);
    let of_itself = to.ends_with(".md5") || to.ends_with(".sha1");
    // Which of several it is to be: `members[parseInt(hash, 16) % members.length]`.
    let picks = function.is_some_and(|f| f.text().contains("parseInt(hash") && f.text().contains(" % "));
    if picks {
        return;
    }
    if of_itself && function.is_some_and(|f| f.text().contains("update(this")) {
        return;
    }
    // The sum of a file.
    let of_file = || {
        let at = call.arena.root().smallest_at(call.span);
        // Or of what was drawn at random, from which nothing can be learned; a callback is part of its function.
        let mut around = at.ancestors().filter(|n| crate::rules::support::is_function(*n)).take(2);
        around.any(|f| f.text().contains("createReadStream(") || f.text().contains("andomBytes("))
    };
    // `key = key || md5(text)`
    let kept_under = statement.split_once('=').is_some_and(|(to, _)| {
        let to = to.trim().rsplit([' ', '.']).next().unwrap_or_default();
        matches!(to, "key" | "id" | "_id" | "hashKey" | "cacheKey")
    });
    if !sensitive && (kept_under || of_file() || call.hir.functions.iter().any(names)) {
        return;
    }
    let prescribed = is_prescribed(call) || any(&words, &["pwned", "breach", "websocket"]);
    if prescribed || !sensitive && any(&words, HARMLESS) {
        return;
    }
    let keyed = call.name == "createHmac" || call.name == "HmacMD5";
    let password = any(&words, &["password", "passwd", "pwd", "pw", "passphrase", "passwords"]);
    let (severity, confidence, message) = if signature {
        (
            Severity::High,
            Confidence::High,
            format!("Signatures over {name} can be forged, since collisions are easy to make. Use SHA-256."),
        )
    } else if keyed {
        (Severity::Low, Confidence::Medium, format!("HMAC over {name} is out of date. Use SHA-256."))
    } else if password {
        let message =
            format!("{name} does not protect passwords: billions are tried a second. Use bcrypt, scrypt or Argon2.");
        (Severity::High, Confidence::High, message)
    } else if sensitive {
        (
            Severity::High,
            Confidence::Medium,
            format!("{name} is broken and protects no secret or signature. Use SHA-256, with a key `createHmac`."),
        )
    } else if is_proof(call, statement) {
        let message = format!(
            "{name} is broken: two inputs with one hash are easy to make. Use SHA-256, unless nobody gains by a collision."
        );
        (Severity::Low, Confidence::Medium, message)
    } else {
        return;
    };
    // What a function does again is told of once.
    let told = |n: &Note| {
        n.rule.id == call.rule.id
            && n.message == message
            && function.is_some_and(|f| matches!(n.place, Place::Here(s) if f.span().contains(s)))
    };
    if password && out.iter().any(told) {
        return;
    }
    let mut note = Note::new(call.rule, span, message).severity(severity).confidence(confidence);
    let written = call.arena.slice(span);
    if fixable && (written.starts_with('\'') || written.starts_with('"')) {
        let quote = &written[..1];
        let new = if written.contains("RSA-") {
            "RSA-SHA256"
        } else if call.name == "digest" {
            "SHA-256"
        } else {
            "sha256"
        };
        note = note.suggestion("Use SHA-256", vec![(span, format!("{quote}{new}{quote}"))]);
    }
    out.push(note);
}
