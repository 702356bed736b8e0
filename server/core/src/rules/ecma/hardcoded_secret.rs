use sidenote_grammars::{Family, Field, Kind};

use crate::findings::{Category, Confidence, Note, Severity};
use crate::rules::secrets::{Provider, looks_random, placeholder, provider, secret_name, wordlike};
use crate::rules::support::{args, bare, constant, declares, ecma_path, key_name, place_name, string_value};
use crate::rules::{Case, Check, Cx, Docs, Rule};
use crate::semantics::flow::CallView;
use crate::syntax::Node;

pub static RULE: Rule = Rule {
    id: "hardcoded-secret",
    summary: "a password, key or token stands in the code",
    category: Category::Security,
    severity: Severity::High,
    confidence: Confidence::High,
    cwe: &[798, 321],
    families: &[Family::Ecma, Family::Rust],
    default_on: true,
    in_tests: false,
    docs: Docs {
        what: "Finds string literals that are credentials: by a provider's format (AWS, GitHub, GitLab, Slack, Stripe, Google, npm, \
               PyPI, OpenAI, Twilio, SendGrid and others, private keys, signed JSON web tokens, URLs with a password), by the place \
               (`jwt.sign(x, '..')`, `session({ secret: '..' })`, `createHmac(alg, '..')`, a login's `password`), or by a telling \
               name together with a value that looks random.",
        why: "Whoever reads the code, its history or a published package has the credential, and it cannot be \
              changed without a release.",
        example: "const token = jwt.sign(user, 'k3yb0ard-c4t');",
        instead: "const token = jwt.sign(user, process.env.JWT_SECRET);",
        limits: "Placeholders, labels, names of variables, paths, URLs without a password and plain words are silent, and so are \
                 keys that providers mark as test keys.",
        fix: "",
    },
    checks: &[
        Check::Nodes(&[Kind::String, Kind::TemplateString, Kind::StringLiteral, Kind::RawStringLiteral], literal),
        Check::Nodes(&[Kind::CallExpression, Kind::NewExpression], place),
        Check::Nodes(&[Kind::BinaryExpression], comparison),
        Check::Nodes(&[Kind::AssignmentExpression], koa_keys),
        Check::Calls(
            &[
                "sign",
                "encrypt",
                "verify",
                "jwtVerify",
                "jwtDecrypt",
                "compactVerify",
                "createCipheriv",
                "createDecipheriv",
                "createHmac",
            ],
            known_key,
        ),
    ],
    cases: &[
        Case::bad("a.ts", "const fallback = process.env.TOKEN_SECRET || 'one-for-all'; //~ hardcoded-secret"),
        Case::bad(
            "a.ts",
            "import jwt from 'jsonwebtoken';\nconst settings = { signing: { word: 'all-of-us' } };\nexport const f = (id: string) => jwt.sign({ id }, settings.signing.word); //~ hardcoded-secret",
        ),
        Case::near_miss("a.ts", "const port = process.env.PORT || 'Zx81-for-all-of-us';"),
        Case::bad(
            "a.rs",
            "fn f() -> OptsBuilder { OptsBuilder::new().user(Some(\"root\")).pass(Some(\"hunter2hunter2\")) } //~ hardcoded-secret",
        ),
        Case::bad(
            "a.rs",
            "fn f(c: &Client) -> RequestBuilder { c.get(URL).basic_auth(\"deploy\", Some(\"Tr0ub4dor-x9\")) } //~ hardcoded-secret",
        ),
        Case::near_miss(
            "a.rs",
            "fn f(c: Config, env: &Env) -> Config { c.user(\"app\").password(env.get(\"DB_PASSWORD\")) }",
        ),
        Case::near_miss(
            "a.js",
            "const FILES = { CLIENT_API_KEY: 'client_api_key_v2.p12', TOKEN_SECRET: 'k9x_71h_token.json' };",
        ),
        Case::near_miss("a.rs", "fn f(c: Config) -> Config { c.user(\"postgres\").password(\"postgres\") }"),
        Case::bad("a.js", "const id = 'AKIA4HRJ2LQ7XWVZ5TNB'; //~ hardcoded-secret"),
        Case::bad(
            "a.ts",
            "fetch(url, { headers: { Authorization: 'token ghp_Zk3vQ9sLx7Rt2WmYb8NcJ4dHf6KgP1aEoU5i' } }); //~ hardcoded-secret",
        ),
        Case::bad(
            "a.js",
            "const pem = `-----BEGIN RSA PRIVATE KEY-----\\nMIIEowIBAAKCAQEAx3Zk9vQ2sLr7Rt2WmYb8NcJ4dHf6KgP1aEoU5iTjXwVzQ3y7n\\n-----END RSA PRIVATE KEY-----`; //~ hardcoded-secret",
        ),
        Case::bad(
            "a.ts",
            "mongoose.connect('mongodb://admin:Xk29fLq7@db.prod.internal:27017/app'); //~ hardcoded-secret",
        ),
        Case::bad(
            "a.js",
            "const jwt = require('jsonwebtoken');\nconst t = jwt.sign({ id }, 'shhhhh'); //~ hardcoded-secret",
        ),
        Case::bad("a.js", "app.use(session({ secret: 'keyboard cat', resave: false })); //~ hardcoded-secret"),
        Case::bad("a.js", "const h = crypto.createHmac('sha256', 'a-very-fixed-key').update(x); //~ hardcoded-secret"),
        Case::bad(
            "a.ts",
            "import { JwtModule } from '@nestjs/jwt';\nexport const m = JwtModule.register({ secret: 'nest-s3cret-abc9' }); //~ hardcoded-secret",
        ),
        Case::bad(
            "a.ts",
            "import CryptoJS from 'crypto-js';\nexport const e = (d: string) => CryptoJS.AES.encrypt(d, 'p4ssphrase-of-mine').toString(); //~ hardcoded-secret",
        ),
        Case::good(
            "a.ts",
            "import CryptoJS from 'crypto-js';\nexport const e = (d: string, key: string) => CryptoJS.AES.encrypt(d, key).toString();",
        ),
        Case::bad("a.ts", "const apiKey = '9f8a7c6b5d4e3f2a1b0c9d8e7f6a5b4c'; //~ hardcoded-secret"),
        Case::bad(
            "a.ts",
            "const pool = mysql.createPool({ host: 'db', user: 'app', password: 'hunter2' }); //~ hardcoded-secret",
        ),
        Case::bad("a.js", "const dbPassword = process.env.DB_PASSWORD || 'Pr0duct1on!'; //~ hardcoded-secret"),
        Case::bad(
            "a.js",
            "passport.use(new GoogleStrategy({ clientID: id, clientSecret: 'd4kLx02msPq9vZr1' }, done)); //~ hardcoded-secret",
        ),
        Case::bad("a.js", "config.secretKey = 'f8Zk3vQ9sLx7Rt2W'; //~ hardcoded-secret"),
        Case::bad(
            "a.js",
            "const jwt = require('jsonwebtoken');\nconst JWT_SECRET = 'mysecretkey';\nfunction login(u) { return jwt.sign({ id: u.id }, JWT_SECRET); } //~ hardcoded-secret",
        ),
        Case::bad(
            "a.js",
            "fetch(url, { headers: { Authorization: 'Basic YWRtaW46czNjcmV0cGFzcw==' } }); //~ hardcoded-secret",
        ),
        Case::near_miss(
            "a.js",
            "const HEADER = 'authorization'; fetch(url, { headers: { Authorization: 'Bearer ' + token, authorization: 'Basic realm' } });",
        ),
        Case::bad("a.ts", "class Api {\n  private accessToken = 'xoZk3vQ9sLx7Rt2WmYb8Nc41'; //~ hardcoded-secret\n}"),
        Case::bad("a.rs", "const JWT_SECRET: &str = \"s3cr3t-signing-key-2023\"; //~ hardcoded-secret"),
        Case::bad(
            "a.rs",
            "fn f() { let api_key = \"7f3kQ9sLx2Rt8WmYb4Nc\".to_string(); go(api_key) } //~ hardcoded-secret",
        ),
        Case::bad(
            "a.rs",
            "fn f() -> Db { Db { user: \"app\".into(), password: String::from(\"hunter2!pw\") } } //~ hardcoded-secret",
        ),
        Case::bad("a.rs", "const DB: &str = \"postgres://app:Kx82mPq1@db.internal.acme.io/app\"; //~ hardcoded-secret"),
        Case::bad("a.rs", "fn f(password: &str) -> bool { password == \"admin123\" } //~ hardcoded-secret"),
        Case::good("a.rs", "const TOKEN_HEADER: &str = \"x-auth-token\";"),
        Case::good("a.rs", "fn f() { let password = std::env::var(\"DB_PASSWORD2\").unwrap(); go(password) }"),
        Case::near_miss("a.rs", "const PASSWORD: &str = \"password\";"),
        Case::bad(
            "a.js",
            "const Koa = require('koa');\nconst app = new Koa();\napp.keys = ['a fixed key of ours']; //~ hardcoded-secret",
        ),
        Case::bad(
            "a.ts",
            "import jwt from '@fastify/jwt';\napp.register(jwt, { secret: 'fixed-for-all' }); //~ hardcoded-secret",
        ),
        Case::bad(
            "a.ts",
            "import { jwt } from 'hono/jwt';\napp.use('/api/*', jwt({ secret: 'fixed-for-all' })); //~ hardcoded-secret",
        ),
        Case::bad(
            "a.ts",
            "import { SignJWT } from 'jose';\nconst key = new TextEncoder().encode('fixed-for-all');\nexport const f = (id: string) => new SignJWT({ id }).setProtectedHeader({ alg: 'HS256' }).sign(key); //~ hardcoded-secret",
        ),
        Case::bad(
            "a.js",
            "const crypto = require('crypto');\nfunction f(iv) { const key = Buffer.from('0011223344556677', 'utf8');\nreturn crypto.createCipheriv('aes-128-gcm', key, iv); } //~ hardcoded-secret",
        ),
        Case::bad(
            "a.js",
            "const crypto = require('crypto');\nconst KEY = Buffer.from('0011223344556677');\nfunction f(iv) { return crypto.createCipheriv('aes-128-gcm', KEY, iv); } //~ hardcoded-secret",
        ),
        Case::bad(
            "a.js",
            "const h = { Authorization: 'Basic ' + Buffer.from('deploy:Tr0ub4dor').toString('base64') }; //~ hardcoded-secret",
        ),
        Case::bad("a.js", "const h = { Authorization: `Basic ${btoa('deploy:Tr0ub4dor')}` }; //~ hardcoded-secret"),
        Case::near_miss(
            "a.js",
            "const crypto = require('crypto');\nfunction f(iv) { const key = Buffer.from(process.env.KEY, 'hex'); return crypto.createCipheriv('aes-128-gcm', key, iv); }",
        ),
        Case::near_miss(
            "a.js",
            "const h = { Authorization: `Basic ${btoa(`${user}:${pass}`)}` }; const time = Buffer.from('12:30:44');",
        ),
        Case::good("a.js", "const apiKey = process.env.API_KEY;"),
        Case::good(
            "a.js",
            "const password = 'your-password-here'; const secret = '<secret>'; const token = 'xxxxxxxxxxxxxxxx';",
        ),
        Case::good(
            "a.ts",
            "const labels = { password: 'Password', token: 'Access token', secret: 'login.form.secret' };",
        ),
        Case::good(
            "a.js",
            "const url = 'postgres://user:password@localhost/test'; const other = `postgres://${u}:${p}@db/app`;",
        ),
        Case::bad(
            "a.js",
            "const basicAuth = require('express-basic-auth');\napp.use(basicAuth({ users: { admin: 'supersecret' } })); //~ hardcoded-secret",
        ),
        Case::good(
            "a.js",
            "const basicAuth = require('express-basic-auth');\napp.use(basicAuth({ users: { admin: process.env.ADMIN } }));",
        ),
        Case::good("a.ts", "const t = jwt.sign({ id }, process.env.JWT_SECRET!, { algorithm: 'HS256' });"),
        Case::good("a.js", "const h = crypto.createHmac('sha256', key).update('a-very-fixed-text');"),
        Case::near_miss(
            "a.rs",
            "pub const EXAMPLE_PASSPHRASE: &str = \"VGhpcyBpcyBhIHZlcnkgc2VjdXJlIHBhc3NwaHJhc2UK\";",
        ),
        Case::good(
            "a.ts",
            "type Kind = 'password'; const PASSWORD_FIELD = 'user_password_1'; const tokenUrl = 'https://auth.example.com/token';",
        ),
        Case::near_miss(
            "a.js",
            "const HEADER = '-----BEGIN PRIVATE KEY-----'; if (pem.startsWith(HEADER)) parse(pem);",
        ),
        Case::near_miss(
            "a.ts",
            "const passwordPattern = '^(?=.*[A-Z])(?=.*[0-9]).{8,}$'; const apiKeyHeader = 'x-api-key-v2';",
        ),
        Case::near_miss(
            "a.js",
            "const secret = 'AWS_SECRET_ACCESS_KEY'; const token = 'refresh_token'; const key = 'sk_test_4eC39HqLyjWDarjtT1zdp7dc';",
        ),
        Case::near_miss(
            "a.tsx",
            "const a = <input type=\"password\" name=\"apiKey1\" autoComplete=\"new-password\" />; const id = 'AKIAIOSFODNN7EXAMPLE';",
        ),
        Case::bad("a.js", r#"if (req.body.password === "hunter2secret") login(); //~ hardcoded-secret"#),
        Case::near_miss(
            "a.js",
            r#"const options = { hostname: "localhost", user: "guest", password: "guest", port: 5672 };"#,
        ),
        Case::near_miss("a.ts", r#"export const storageKey = "tsr-scroll-restoration-v1_3";"#),
        Case::near_miss("a.ts", r#"const SELF_CHECK_SECRET_KEY = "0xac0974bec39a17e36ba4a6b4d238ff94";"#),
        Case::near_miss("a.js", r#"const emoji = { secret: "unicode/3299.png?v8", key: "unicode/1f511.png?v8" };"#),
    ],
};

fn message(what: &str) -> String {
    format!("{what}: whoever reads the code has it. Take it from the environment or a secret store, and replace it.")
}

fn report<'a>(node: Node<'a>, what: String, confidence: Confidence, severity: Option<Severity>, cx: &mut Cx<'a>) {
    let mut note = Note::new(cx.rule, node.span(), message(&what)).confidence(confidence);
    note.severity = severity;
    cx.report(note);
}

fn literal<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    if node.kind() == Kind::String
        && matches!(node.parent().map(Node::kind), Some(Kind::ImportStatement | Kind::LiteralType))
    {
        return;
    }
    let Some(value) = string_value(node) else { return };
    if value.len() < 4 {
        return;
    }
    if let Some(Provider { what, confidence }) = provider(&value) {
        let severity = matches!(confidence, Confidence::High).then_some(Severity::Critical);
        return report(node, format!("This is {what}"), confidence, severity, cx);
    }
    let Some((name, defines)) = name_of(node) else { return };
    if name.eq_ignore_ascii_case("authorization") && is_authorization(&value) {
        return report(node, "This header logs in with a fixed secret".into(), Confidence::High, None, cx);
    }
    if placeholder(&value) {
        return;
    }
    let Some(kind) = secret_name(&name) else { return };
    // The key under which a page stores something: `storageKey = "app-scroll-v1"`.
    if name.to_ascii_lowercase().ends_with("storagekey") && value.contains(['-', '_', '.', ':', '@']) {
        return;
    }
    // Passwords of mail accounts are written with blanks.
    if value.chars().any(char::is_whitespace) && !(kind.is_password && value.len() < 24 && is_login(node)) {
        return;
    }
    if is_place(node, cx) {
        return;
    }
    // A file of a page: `icons/secret.png?v8`.
    if value.contains('/')
        && [".png", ".svg", ".jpg", ".gif", ".js", ".css", ".html", ".json"].iter().any(|e| value.contains(e))
    {
        return;
    }
    let login = kind.is_password && defines == Defines::Key && is_login(node);
    if login && is_own_machine(node, &value) {
        return;
    }
    let random = looks_random(&value, kind.is_password);
    if login && !wordlike_key(&name, &value) {
        report(node, "A login's password stands here".into(), Confidence::High, None, cx);
    } else if random || defines == Defines::Fallback && !kind.is_password && value.len() >= 8 {
        report(node, format!("`{name}` is a fixed secret"), Confidence::Medium, None, cx);
    }
}

/// Whether a login is the one that a program on the same machine comes with: `host: "localhost", user: "guest", password: "guest"`.
fn is_own_machine(node: Node<'_>, password: &str) -> bool {
    let Some(object) = node.ancestors().find(|n| n.kind() == Kind::Object) else { return false };
    let has = |names: &[&str], wanted: &dyn Fn(&str) -> bool| {
        object.named_children().any(|p| {
            key_name(p).is_some_and(|k| names.contains(&k.as_ref()))
                && p.child(Field::Value).and_then(string_value).is_some_and(|v| wanted(&v))
        })
    };
    has(&["host", "hostname"], &|h| matches!(h, "localhost" | "127.0.0.1"))
        && has(&["user", "username", "login"], &|u| u == password)
}

/// Whether a header's value carries credentials: `Basic` with base64, or `Bearer` with something that looks random.
fn is_authorization(value: &str) -> bool {
    let Some((scheme, rest)) = value.split_once(' ') else { return false };
    let base64 = rest.bytes().all(|c| c.is_ascii_alphanumeric() || matches!(c, b'+' | b'/' | b'='));
    match scheme.to_ascii_lowercase().as_str() {
        "basic" => base64 && rest.len() >= 8 && !placeholder(rest) && (rest.ends_with('=') || looks_random(rest, true)),
        "bearer" | "token" => rest.len() >= 16 && looks_random(rest, false),
        _ => false,
    }
}

fn wordlike_key(name: &str, value: &str) -> bool {
    value.len() < 4 || value.eq_ignore_ascii_case(name) || wordlike(value) && value.contains("assword")
}

#[derive(PartialEq, Eq, Clone, Copy)]
enum Defines {
    Variable,
    Key,
    /// What holds where the environment says nothing.
    Fallback,
}

/// The name which the literal is the value of: a variable, key, field or default.
fn name_of(node: Node<'_>) -> Option<(String, Defines)> {
    let mut at = node;
    loop {
        let parent = at.parent()?;
        let field = at.field();
        match parent.kind() {
            Kind::ParenthesizedExpression | Kind::AsExpression | Kind::SatisfiesExpression => at = parent,
            Kind::BinaryExpression if field == Field::Right => {
                let operator = parent.child(Field::Operator)?.text();
                if !matches!(operator, "||" | "??") {
                    return None;
                }
                // `process.env.TOKEN_SECRET || '..'`, whatever it is kept in.
                let left = bare(parent.child(Field::Left)?);
                let asked = left.text().strip_prefix("process.env.").filter(|n| secret_name(n).is_some());
                if let Some(name) = asked {
                    return Some((name.to_owned(), Defines::Fallback));
                }
                at = parent;
            }
            Kind::TernaryExpression if field != Field::Condition => at = parent,
            Kind::VariableDeclarator | Kind::RequiredParameter | Kind::OptionalParameter if field == Field::Value => {
                let name = parent.child(Field::Name).or_else(|| parent.child(Field::Pattern))?;
                return (name.kind() == Kind::Identifier).then(|| (name.text().to_owned(), Defines::Variable));
            }
            // `const SECRET = Buffer.from('..', 'hex')`
            Kind::Arguments
                if parent.parent().is_some_and(|c| c.child(Field::Function).is_some_and(|f| is_encoder(f.text()))) =>
            {
                at = parent.parent()?;
            }
            // Rust: `.to_string()`, `String::from(..)`, `&".."`.
            Kind::ReferenceExpression => at = parent,
            Kind::FieldExpression if field == Field::Value => {
                let call = parent.parent().filter(|c| c.kind() == Kind::CallExpression)?;
                if !matches!(
                    parent.child(Field::Field)?.text(),
                    "to_string" | "to_owned" | "into" | "to_vec" | "as_bytes"
                ) {
                    return None;
                }
                at = call;
            }
            Kind::Arguments => {
                let call = parent.parent()?;
                // `OptsBuilder::new().pass(Some(".."))`, `.basic_auth("me", Some(".."))`
                if let Some((_, setter)) = crate::rules::support::method(call) {
                    let name = setter.text().trim_start_matches("with_").trim_start_matches("set_");
                    let second = parent.named_children().nth(1).is_some_and(|a| a.span().contains(node.span()));
                    return match name {
                        "basic_auth" if second => Some(("password".to_owned(), Defines::Variable)),
                        "pass" | "password" | "passwd" | "secret_key" | "api_key" | "client_secret" | "auth_token" => {
                            Some((name.to_owned(), Defines::Variable))
                        }
                        _ => None,
                    };
                }
                let made = call.child(Field::Function)?.text();
                if !matches!(made, "String::from" | "Some" | "SecretString::from" | "SecretString::new" | "Secret::new")
                {
                    return None;
                }
                at = call;
            }
            Kind::LetDeclaration if field == Field::Value => {
                let name = parent.child(Field::Pattern)?;
                return (name.kind() == Kind::Identifier).then(|| (name.text().to_owned(), Defines::Variable));
            }
            Kind::ConstItem | Kind::StaticItem if field == Field::Value => {
                return Some((parent.child(Field::Name)?.text().to_owned(), Defines::Variable));
            }
            Kind::FieldInitializer if field == Field::Value => {
                let name = parent.child(Field::Field).or_else(|| parent.child(Field::Name))?;
                return Some((name.text().to_owned(), Defines::Variable));
            }
            Kind::PublicFieldDefinition | Kind::FieldDefinition if field == Field::Value => {
                let name = parent.child(Field::Name).or_else(|| parent.child(Field::Property))?;
                return Some((name.text().trim_start_matches('#').to_owned(), Defines::Variable));
            }
            Kind::Pair if field == Field::Value => return key_name(parent).map(|k| (k.into_owned(), Defines::Key)),
            Kind::AssignmentExpression | Kind::AugmentedAssignmentExpression if field == Field::Right => {
                let left = parent.child(Field::Left)?;
                return place_name(left).map(|n| (n.into_owned(), Defines::Variable));
            }
            Kind::AssignmentPattern | Kind::ObjectAssignmentPattern if field == Field::Right => {
                let left = parent.child(Field::Left)?;
                return Some((left.text().to_owned(), Defines::Variable));
            }
            _ => return None,
        }
    }
}

/// Whether the object around a `password` is a login: it has a user, and a place to log in to or an `auth` around it.
fn is_login(node: Node<'_>) -> bool {
    let Some(pair) = node.ancestors().find(|n| n.kind() == Kind::Pair) else { return false };
    let Some(object) = pair.parent() else { return false };
    let has = |names: &[&str]| {
        object.named_children().any(|p| {
            let name = if p.kind() == Kind::ShorthandPropertyIdentifier { Some(p.text().into()) } else { key_name(p) };
            name.is_some_and(|k| names.contains(&k.as_ref()))
        })
    };
    let auth = object.parent().filter(|p| p.kind() == Kind::Pair).and_then(key_name);
    has(&["user", "username", "login", "userName", "email"])
        && (has(&["host", "hostname", "server", "database", "port", "dialect", "connectString"])
            || matches!(auth.as_deref(), Some("auth" | "authentication" | "credentials" | "connection")))
}

/// The framework's places that take a secret: which argument of which call, or which key of its options.
fn places(path: &str) -> (Option<usize>, &'static [&'static str]) {
    let last = path.rsplit('.').next().unwrap_or(path);
    match last {
        "sign" | "verify"
            if path.starts_with("jsonwebtoken.") || path.starts_with("jwt.") || path.starts_with("JWT.") =>
        {
            (Some(1), &[])
        }
        "register" | "registerAsync" if path.starts_with("@nestjs/jwt.") => (None, &["secret", "secretOrPrivateKey"]),
        "encode" | "decode" if path.starts_with("jwt-simple.") => (Some(1), &[]),
        "encrypt" | "decrypt" | "HmacSHA256" | "HmacSHA512" | "HmacSHA1"
            if ["crypto-js.", "crypto-js/", "CryptoJS."].iter().any(|l| path.starts_with(l)) =>
        {
            (Some(1), &[])
        }
        "Sequelize" if path.starts_with("sequelize.") || path == "Sequelize" => (Some(2), &[]),
        "createHmac" | "createCipheriv" | "createDecipheriv" | "createCipher" | "createDecipher" => (Some(1), &[]),
        "session" | "express-session" | "expressSession" => (None, &["secret"]),
        "basicAuth" | "express-basic-auth" | "basic-auth" => (None, &["users"]),
        "cookieSession" | "cookie-session" => (None, &["secret", "keys"]),
        "cookieParser" | "cookie-parser" => (Some(0), &[]),
        "expressJwt" | "expressjwt" | "express-jwt" | "koaJwt" | "koa-jwt" => (None, &["secret"]),
        "jwt" if path.starts_with("hono/jwt.") => (None, &["secret"]),
        "sign" | "verify" if path.starts_with("hono/jwt.") => (Some(1), &[]),
        "next-auth" | "NextAuth" if path.starts_with("next-auth") => (None, &["secret"]),
        "getIronSession"
        | "withIronSessionApiRoute"
        | "withIronSessionSsr"
        | "ironSession"
        | "sealData"
        | "unsealData" => (None, &["password"]),
        "keygrip" | "Keygrip" | "cryptr" | "Cryptr" => (Some(0), &[]),
        "twilio" => (Some(1), &[]),
        "createSecretKey" | "scrypt" | "scryptSync" | "pbkdf2" | "pbkdf2Sync" if path.starts_with("crypto.") => {
            (Some(0), &[])
        }
        _ if last.ends_with("Strategy") => (None, &["secretOrKey", "clientSecret", "consumerSecret"]),
        _ => (None, &[]),
    }
}

/// Whether the literal is in a framework's place, where the call is reported.
fn is_place<'a>(node: Node<'a>, cx: &Cx<'a>) -> bool {
    let Some(pair) = node.parent().filter(|p| p.kind() == Kind::Pair) else { return false };
    let call = pair.parent().and_then(|o| o.parent()).and_then(|a| a.parent());
    let path = call.and_then(callee).and_then(|c| ecma_path(c, cx));
    path.is_some_and(|p| key_name(pair).is_some_and(|k| places(&p).1.contains(&k.as_ref())))
}

fn callee<'a>(call: Node<'a>) -> Option<Node<'a>> {
    call.child(Field::Function).or_else(|| call.child(Field::Constructor))
}

fn place<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    encoded_login(node, cx);
    let Some(path) = callee(node).and_then(|c| ecma_path(c, cx)) else { return };
    let (index, mut keys) = places(&path);
    // `fastify.register(jwt, { secret: '..' })`
    if path.ends_with(".register") && args(node).count() == 2 {
        let plugin = args(node).next().and_then(|p| ecma_path(p, cx)).unwrap_or_default();
        if ["@fastify/jwt", "@fastify/cookie", "@fastify/session", "@fastify/secure-session", "fastify-jwt"]
            .contains(&plugin.as_str())
        {
            keys = &["secret", "key"];
        }
    }
    if index.is_none() && keys.is_empty() {
        return;
    }
    let what = path.rsplit('.').next().unwrap_or(&path).to_owned();
    if let Some(argument) = index.and_then(|i| args(node).nth(i)) {
        secret_value(argument, &what, cx);
    }
    if keys.is_empty() {
        return;
    }
    let Some(options) = args(node).map(bare).find(|o| o.kind() == Kind::Object) else { return };
    for pair in options.named_children().filter(|p| p.kind() == Kind::Pair) {
        if key_name(pair).is_some_and(|k| keys.contains(&k.as_ref()))
            && let Some(value) = pair.child(Field::Value)
        {
            let value = bare(value);
            if value.kind() == Kind::Array {
                value.named_children().for_each(|v| secret_value(v, &what, cx));
            } else if value.kind() == Kind::Object {
                // `users: { admin: ".." }`
                let values = value.named_children().filter_map(|p| p.child(Field::Value));
                values.for_each(|v| secret_value(v, &what, cx));
            } else {
                secret_value(value, &what, cx);
            }
        }
    }
}

/// What a call turns into bytes, and nothing else: `Buffer.from(text, "hex")`, `new TextEncoder().encode(text)`.
fn encoded<'a>(value: Node<'a>) -> Option<Node<'a>> {
    let call = (value.kind() == Kind::CallExpression).then_some(value)?;
    let callee = call.child(Field::Function)?.text();
    is_encoder(callee).then(|| args(call).next().map(bare))?
}

fn is_encoder(callee: &str) -> bool {
    callee == "Buffer.from"
        || callee.ends_with("TextEncoder().encode")
        || matches!(callee, "encoder.encode" | "createSecretKey" | "crypto.createSecretKey")
        || callee.starts_with("CryptoJS.enc.") && callee.ends_with(".parse")
}

/// `'Basic ' + btoa('admin:hunter2')`
fn encoded_login<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    let Some(function) = node.child(Field::Function) else { return };
    if !matches!(function.text(), "btoa" | "window.btoa" | "Buffer.from") {
        return;
    }
    let Some(literal) = args(node).next().map(bare) else { return };
    let Some(text) = string_value(literal) else { return };
    let Some((user, password)) = text.split_once(':') else { return };
    let around = node.ancestors().find(|a| {
        matches!(a.kind(), Kind::BinaryExpression | Kind::TemplateString | Kind::Pair | Kind::VariableDeclarator)
    });
    let header = around.is_some_and(|a| {
        let text = a.text();
        text.contains("Basic ") || text.get(..13).is_some_and(|t| t.eq_ignore_ascii_case("authorization"))
    });
    let plain = |t: &str| !t.is_empty() && !t.contains(char::is_whitespace) && !t.contains("${");
    if header && plain(user) && plain(password) && password.len() >= 4 && !placeholder(password) {
        report(literal, "This header logs in with a fixed secret".into(), Confidence::High, None, cx);
    }
}

/// `app.keys = ['..']` of Koa, with which cookies are signed.
fn koa_keys<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    let (Some(left), Some(right)) = (node.child(Field::Left), node.child(Field::Right)) else { return };
    let right = bare(right);
    let keys = left.kind() == Kind::MemberExpression
        && left.child(Field::Property).is_some_and(|p| p.text() == "keys")
        && right.kind() == Kind::Array;
    if !keys || !cx.file.imports.iter().any(|(_, path)| path == "koa" || path.starts_with("koa.")) {
        return;
    }
    for value in right.named_children() {
        secret_value(value, "app.keys", cx);
    }
}

/// Reports a constant in a place that takes a secret: the literal itself, behind `Buffer.from`, or as a fallback.
fn secret_value<'a>(value: Node<'a>, what: &str, cx: &mut Cx<'a>) {
    let mut value = bare(value);
    if let Some(inner) = encoded(value) {
        value = inner;
    }
    if value.kind() == Kind::BinaryExpression
        && value.child(Field::Operator).is_some_and(|o| matches!(o.text(), "||" | "??"))
        && let Some(right) = value.child(Field::Right)
    {
        value = bare(right);
    }
    let mut at = constant(value);
    if let Some(inner) = encoded(at) {
        at = constant(inner);
    }
    if at.kind() == Kind::Identifier && !declares(at, at.text()) {
        // A constant of the file's top level.
        let literal = cx.file.declared.constants.get(at.text());
        let inner = literal.filter(|t| t.starts_with(['\'', '"', '`'])).and_then(|t| t.get(1..t.len() - 1));
        let told = secret_name(at.text()).is_some() && inner.is_some_and(|t| looks_random(t, false));
        if inner.is_some_and(|t| !t.is_empty() && provider(t).is_none() && !told && !t.contains("${")) {
            report(value, format!("`{what}` is given a fixed secret"), Confidence::High, None, cx);
        }
        return;
    }
    let Some(text) = string_value(at) else { return };
    // A name that tells is reported where the constant is declared.
    let told = at != value && name_of(at).is_some_and(|(n, _)| secret_name(&n).is_some()) && looks_random(&text, false);
    if text.is_empty() || provider(&text).is_some() || told || (text.starts_with('<') && text.ends_with('>')) {
        return;
    }
    report(value, format!("`{what}` is given a fixed secret"), Confidence::High, None, cx);
}

/// `password === "admin123"`: whoever reads the code can log in.
fn comparison<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    let operator = node.child(Field::Operator).map_or("", Node::text);
    let (Some(left), Some(right)) = (node.child(Field::Left), node.child(Field::Right)) else { return };
    if !matches!(operator, "===" | "==" | "!==" | "!=") {
        return;
    }
    let (left, right) = (bare(left), bare(right));
    let (place, literal) = if string_value(right).is_some() { (left, right) } else { (right, left) };
    let Some(value) = string_value(literal) else { return };
    let Some(name) = place_name(place) else { return };
    let mixed = value.bytes().any(|c| c.is_ascii_digit()) && value.bytes().any(|c| c.is_ascii_alphabetic());
    let is_password = secret_name(&name).is_some_and(|k| k.is_password);
    if is_password
        && mixed
        && (6..40).contains(&value.len())
        && !value.chars().any(char::is_whitespace)
        && !placeholder(&value)
        && provider(&value).is_none()
    {
        report(literal, format!("`{name}` is compared with a fixed password"), Confidence::Medium, None, cx);
    }
}

/// A key that the flow knows to be a constant where it is used: `new SignJWT(claims).sign(new TextEncoder().encode('..'))`,
/// `createCipheriv(algorithm, KEY, iv)` behind `const KEY = Buffer.from('..')`.
fn known_key(call: &CallView<'_>, out: &mut Vec<Note>) {
    let of = |module: &str| call.paths.iter().any(|p| p.starts_with(module));
    let n = match call.name.as_str() {
        "sign" | "encrypt" if of("jose.") => 0,
        "jwtVerify" | "jwtDecrypt" | "compactVerify" if of("jose.") => 1,
        "createCipheriv" | "createDecipheriv" | "createHmac" if of("crypto.") => 1,
        "sign" | "verify" if of("jsonwebtoken.") => 1,
        _ => return,
    };
    let Some(value) = call.args.get(n).filter(|v| v.exact && v.taints.is_empty()) else { return };
    let node = bare(call.arena.root().smallest_at(call.arg_span(n)));
    let named = place_name(node).is_some_and(|name| secret_name(&name).is_some());
    // A name that tells is reported where the constant is declared.
    let fixed = value.strings().any(|t| !t.is_empty() && provider(&t).is_none() && !(named && looks_random(&t, false)));
    if fixed
        && !matches!(node.kind(), Kind::String | Kind::TemplateString)
        && encoded(node).is_none_or(|n| n.kind() != Kind::String)
    {
        out.push(Note::new(call.rule, node.span(), message(&format!("`{}` is given a fixed secret", call.name))));
    }
}
