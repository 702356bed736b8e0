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
        Case::near_miss("a.js", "console.log(passwordHash, hashedPassword, encryptedSecret);"),
        Case::near_miss("a.js", "console.log(errors.passwordRequired, labels.passwordHint);"),
        Case::near_miss("a.js", "const secretary = people.find((p) => p.secretary);\nconsole.log(secretary.name);"),
        Case::near_miss("a.js", "if (errors.password) console.log(errors.password, i18n.password);"),
        Case::near_miss("a.js", "console.log(tokens.length, token.type, parser.token);"),
        Case::near_miss("a.js", "console.log(encrypt(password));"),
        Case::near_miss("a.js", "const key = 'a';\nfor (const key of keys) console.log(key);"),
    ],
};
