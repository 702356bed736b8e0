use sidenote_grammars::Family;

use crate::findings::{Category, Confidence, Severity};
use crate::rules::{Case, Check, Docs, Rule};
use crate::semantics::flow::kinds::SinkKind;

pub static RULE: Rule = Rule {
    id: "clear-text-logging",
    summary: "a password, key or other secret is written to a log",
    category: Category::Security,
    severity: Severity::High,
    confidence: Confidence::Medium,
    cwe: &[312, 359, 532],
    families: &[Family::Ecma, Family::Rust],
    default_on: true,
    in_tests: false,
    docs: Docs {
        what: "Follows values whose names say that they are passwords, keys, secrets, access tokens or card and social-security \
               numbers into logs: `console`, winston, pino, bunyan and other loggers.",
        why: "Logs are kept for long, copied to other systems and read by people who must not know the passwords in them.",
        example: "console.log(`login of ${user.name} with ${user.password}`);",
        instead: "console.log(`login of ${user.name}`);",
        limits: "What is secret is told by names; hashes, masks, lengths, labels, ids and paths of secrets are not secret. An object \
                 of which no such field is seen is not reported.",
        fix: "",
    },
    checks: &[Check::Flow(&[SinkKind::SensitiveLog], "`{sink}` writes {source} to the log. Leave it out, or mask it.")],
    cases: &[
        Case::bad(
            "a.js",
            "const app = require('express')();\napp.get('/', (req, res) => { const given = req.headers.authorization; console.log('auth', given); res.end(); }); //~ clear-text-logging",
        ),
        Case::near_miss(
            "a.js",
            "const app = require('express')();\napp.get('/', (req, res) => { console.log('auth', Boolean(req.headers.authorization)); res.end(); });",
        ),
        Case::good(
            "a.rs",
            r#"fn show(card_number: &str) { log::info!("charging {}", &card_number[card_number.len() - 4..]); }"#,
        ),
        Case::good(
            "a.rs",
            r#"fn mask(s: &str) -> String { format!("{}***", &s[..2]) }
fn show(account: &Account) { println!("{}", mask(&account.api_key)); }"#,
        ),
        Case::bad(
            "a.js",
            "function login(name, password) {\n  console.log('login', name, password); //~ clear-text-logging\n}",
        ),
        Case::bad(
            "a.ts",
            "app.post('/login', (req, res) => {\n  console.log(`user ${req.body.name} ${req.body.password}`); //~ clear-text-logging\n});",
        ),
        Case::bad(
            "a.js",
            "const winston = require('winston');\nconst logger = winston.createLogger({});\nlogger.info('key ' + config.apiKey); //~ clear-text-logging",
        ),
        Case::bad(
            "a.ts",
            "import pino from 'pino';\nconst log = pino();\nexport const f = (accessToken: string) => log.debug({ accessToken }, 'refreshed'); //~ clear-text-logging",
        ),
        Case::bad("a.js", "console.info(JSON.stringify({ user, password: input.password })); //~ clear-text-logging"),
        Case::bad(
            "a.js",
            "const pwd = process.env.DB_PASSWORD;\nconst line = 'connecting with ' + pwd;\nconsole.error(line); //~ clear-text-logging",
        ),
        Case::bad(
            "a.js",
            "const { clientSecret } = options;\nconsole.log(clientSecret.trim()); //~ clear-text-logging",
        ),
        Case::bad(
            "a.js",
            "function debug(message) { console.debug(message); } //~ clear-text-logging\nfunction save(user) { debug('saving ' + user.passphrase); }",
        ),
        Case::bad(
            "a.ts",
            "class Auth {\n  constructor(private privateKey: string) {}\n  dump() { console.log('key is', this.privateKey); } //~ clear-text-logging\n}",
        ),
        Case::bad(
            "a.js",
            "const bunyan = require('bunyan');\nconst log = bunyan.createLogger({ name: 'a' });\nlog.warn('card %s declined', order.creditCard); //~ clear-text-logging",
        ),
        Case::bad("a.js", "const entry = { secret: vault.read('x') };\nlogger.error(entry); //~ clear-text-logging"),
        Case::bad(
            "a.js",
            "let password = prompt('password');\npassword = password.toLowerCase();\nconsole.log([name, password].join(':')); //~ clear-text-logging",
        ),
        Case::good(
            "a.js",
            "function login(name, password) { console.log('login of', name); return check(name, password); }",
        ),
        Case::good("a.js", "console.log('password must not be empty');"),
        Case::good("a.js", "console.log('password length', password.length);"),
        Case::good("a.js", "console.log(`secret ${secretName} not found in ${passwordFile}`);"),
        Case::good("a.js", "const hash = await bcrypt.hash(password, 12);\nconsole.log(hash);"),
        Case::good("a.js", "console.log(password ? 'given' : 'missing', !!password, password === other);"),
        Case::good("a.js", "console.log(password.replace(/./g, '*'));"),
        Case::good("a.ts", "const isPasswordValid = validate(password);\nconsole.log({ isPasswordValid });"),
        Case::good("a.js", "const { password, ...rest } = user;\nconsole.log({ id: user.id });"),
        Case::good("a.js", "console.log(credentials.region, secrets.size);"),
        Case::good("a.js", "let password = 'hunter2';\npassword = undefined;\nconsole.log(password);"),
        Case::good("a.js", "const masked = mask(apiKey);\nlogger.info(masked);"),
        Case::near_miss(
            "b.js",
            r#"const credentials = JSON.parse(text);
for (const key of Object.keys(credentials)) console.warn(`unknown setting ${key}`);"#,
        ),
        Case::near_miss(
            "a.js",
            r#"const fs = require('fs');
const argv = parse(process.argv);
const credentialsFilename = argv.credentials || 'credentials.json';
function load(settingsFilename) {
  console.info(`Settings are read from ${settingsFilename}`);
  return JSON.parse(fs.readFileSync(settingsFilename, 'utf8'));
}
load(credentialsFilename);"#,
        ),
        Case::near_miss("a.js", "console.log(passwordHash, hashedPassword, encryptedSecret);"),
        Case::near_miss("a.js", "console.log(errors.passwordRequired, labels.passwordHint);"),
        Case::near_miss("a.js", "const secretary = people.find((p) => p.secretary);\nconsole.log(secretary.name);"),
        Case::near_miss("a.js", "if (errors.password) console.log(errors.password, i18n.password);"),
        Case::near_miss("a.js", "console.log(tokens.length, token.type, parser.token);"),
        Case::near_miss("a.js", "console.log(encrypt(password));"),
        Case::near_miss("a.js", "const key = 'a';\nfor (const key of keys) console.log(key);"),
        Case::bad(
            "a.rs",
            "use log::info;\nfn a(password: &str) { info!(\"password is {}\", password); } //~ clear-text-logging",
        ),
        Case::bad(
            "a.rs",
            "use log::error;\nfn c(password: String) { let m = format!(\"login with {password}\"); error!(\"{}\", m); } //~ clear-text-logging",
        ),
        Case::bad(
            "a.rs",
            "use log::info;\nfn d(secret: &str) { tracing::info!(secret, \"connected\"); } //~ clear-text-logging",
        ),
        Case::bad(
            "a.rs",
            "use log::info;\n#[derive(Debug)] struct User { name: String, password: String, api_key: String, credit_card_number: String, ssn: String }\nfn f(u: User) { info!(\"{:?}\", u); } //~ clear-text-logging",
        ),
        Case::bad(
            "a.rs",
            "#[derive(Debug, Clone)] struct Login { username: String, password: String }\nfn g(l: Login) { println!(\"login: {:#?}\", l); } //~ clear-text-logging",
        ),
        Case::bad(
            "a.rs",
            "use log::warn;\nfn i() { let p = std::env::var(\"DB_PASSWORD\").unwrap(); log::warn!(\"using {}\", p); } //~ clear-text-logging",
        ),
        Case::bad(
            "a.rs",
            "use log::debug;\nfn j(access_token: &str) { let header = format!(\"Bearer {}\", access_token); debug!(\"header {}\", header); } //~ clear-text-logging",
        ),
        Case::bad(
            "a.rs",
            "use log::info;\nfn l(pin_code: &str, cvv: &str) { info!(\"{cvv}\"); } //~ clear-text-logging",
        ),
        Case::bad(
            "a.rs",
            "fn m(password: &str) -> Result<(), String> { if password.len() < 8 { panic!(\"bad password {password}\"); } Ok(()) } //~ clear-text-logging",
        ),
        Case::bad("a.rs", "fn o(password: &str) { dbg!(password); } //~ clear-text-logging"),
        Case::bad(
            "a.rs",
            "fn q(auth_token: String, n: u32) { log::log!(log::Level::Info, \"t {} {}\", n, auth_token); } //~ clear-text-logging",
        ),
        Case::bad(
            "a.rs",
            "use log::info;\nfn s(password: &str) { slog::info!(log, \"pw\"; \"password\" => password); } //~ clear-text-logging",
        ),
        Case::bad(
            "a.rs",
            "use log::info;\nfn get_password() -> String { String::new() }\nfn t() { info!(\"{}\", get_password()); } //~ clear-text-logging",
        ),
        Case::bad(
            "a.rs",
            "use log::info;\nfn t3(phone_number: &str, date_of_birth: &str, email: &str) { info!(\"{}\", phone_number); } //~ clear-text-logging",
        ),
        Case::bad(
            "a.rs",
            "use log::info;\nfn t4(social_security_number: &str) { info!(\"{}\", social_security_number); } //~ clear-text-logging",
        ),
        Case::good("a.rs", "fn get_password() -> String { String::new() }"),
        Case::good(
            "a.rs",
            "use log::info;\nstruct User { name: String, password: String, password_hash: String }\nimpl std::fmt::Debug for User { fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result { f.debug_struct(\"User\").field(\"name\", &self.name).field(\"password\", &\"***\").finish() } }\nfn a(u: &User) { info!(\"{:?}\", u); info!(\"{}\", u.name); }",
        ),
        Case::good("a.rs", "use log::info;\nfn b(password: &str) { info!(\"len {}\", password.len()); }"),
        Case::good(
            "a.rs",
            "use log::debug;\nstruct User { name: String, password: String, password_hash: String }\nimpl std::fmt::Debug for User { fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result { f.debug_struct(\"User\").field(\"name\", &self.name).field(\"password\", &\"***\").finish() } }\nfn d(u: &User) { debug!(\"{}\", u.password_hash); }",
        ),
        Case::good(
            "a.rs",
            "use log::info;\nfn e(hashed_password: &str, encrypted_password: &str, masked_password: &str) { info!(\"{hashed_password} {encrypted_password} {masked_password}\"); }",
        ),
        Case::good(
            "a.rs",
            "use log::debug;\nfn g(password: &str) { let h = bcrypt::hash(password, 12).unwrap(); debug!(\"{h}\"); }",
        ),
        Case::good(
            "a.rs",
            "use log::debug;\nfn mask(s: &str) -> String { \"*\".repeat(s.len()) }\nfn h(password: &str) { debug!(\"{}\", mask(password)); }",
        ),
        Case::good("a.rs", "fn mask(s: &str) -> String { \"*\".repeat(s.len()) }"),
        Case::good(
            "a.rs",
            "use log::debug;\nfn j(password: &str) { debug!(\"password is empty: {}\", password.is_empty()); }",
        ),
        Case::good("a.rs", "fn k(tokens: &[Token]) { for token in tokens { println!(\"{token:?}\"); } }"),
        Case::good(
            "a.rs",
            "use log::info;\nimpl std::fmt::Debug for User { fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result { f.debug_struct(\"User\").field(\"name\", &self.name).field(\"password\", &\"***\").finish() } }\nfn m(password_file: &str, secret_path: &std::path::Path, token_url: &str) { info!(\"{} {:?} {}\", password_file, secret_path, token_url); }",
        ),
        Case::good(
            "a.rs",
            "use log::info;\nfn n(password_policy: &str, password_error: &str) { info!(\"{password_policy} {password_error}\"); }",
        ),
        Case::near_miss(
            "a.rs",
            "use log::info;\nfn p(password: &secrecy::SecretString) { info!(\"{:?}\", password); }",
        ),
        Case::near_miss(
            "a.rs",
            "use log::info;\nfn check(p: &str) -> bool { p == \"x\" }\nfn q(password: &str) { let ok = check(password); info!(\"result {}\", ok); }",
        ),
        Case::near_miss("a.rs", "fn check(p: &str) -> bool { p == \"x\" }"),
        Case::near_miss(
            "a.rs",
            "use log::info;\nfn s(username: &str, account: &str) { info!(\"{username} {account}\"); }",
        ),
        Case::near_miss(
            "a.rs",
            "use log::info;\nfn t(password_id: u32, token_type: &str, accounting: &str) { info!(\"{password_id} {token_type} {accounting}\"); }",
        ),
        Case::near_miss(
            "a.rs",
            "use log::info;\nfn v(password: &str) { let redacted = redact(password); info!(\"{redacted}\"); }",
        ),
        Case::near_miss(
            "a.rs",
            "use log::info;\nfn w(password: Option<&str>) { info!(\"set: {}\", password.is_some()); }",
        ),
    ],
};
