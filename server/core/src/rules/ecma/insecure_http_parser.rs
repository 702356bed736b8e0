use sidenote_grammars::{Family, Field, Kind};

use crate::findings::{Category, Confidence, Note, Severity};
use crate::rules::{Case, Check, Docs, Rule};
use crate::semantics::flow::WriteView;

pub static RULE: Rule = Rule {
    id: "insecure-http-parser",
    summary: "requests that proxies read in another way than the server",
    category: Category::Security,
    severity: Severity::Medium,
    confidence: Confidence::High,
    cwe: &[444],
    families: &[Family::Ecma],
    default_on: true,
    in_tests: false,
    docs: Docs {
        what: "Finds `insecureHTTPParser: true`.",
        why: "The lenient parser takes requests for whole that a proxy before it sees as two, or the other way round: what one visitor sends becomes the \
              beginning of another's request.",
        example: "http.createServer({ insecureHTTPParser: true }, app);",
        instead: "http.createServer(app);",
        limits: "Only the constant is judged.",
        fix: "",
    },
    checks: &[Check::Writes(&["insecureHTTPParser"], check)],
    cases: &[
        Case::near_miss(
            "a.js",
            "if (node.insecureHTTPParser) {\n  options = { ...options, insecureHTTPParser: true };\n}\nhttp.request(options);",
        ),
        Case::bad(
            "a.js",
            "const http = require('http');\nhttp.createServer({ insecureHTTPParser: true }, app); //~ insecure-http-parser",
        ),
        Case::bad(
            "a.js",
            "const options = { insecureHTTPParser: true }; //~ insecure-http-parser\nhttps.createServer(options, app);",
        ),
        Case::bad(
            "a.ts",
            "import http from 'node:http';\nhttp.request({ host, insecureHTTPParser: true }); //~ insecure-http-parser",
        ),
        Case::bad("a.js", "options.insecureHTTPParser = true; //~ insecure-http-parser"),
        Case::good("a.js", "http.createServer({ insecureHTTPParser: false }, app);"),
        Case::good("a.js", "http.createServer(app);"),
        Case::good("a.js", "http.createServer({ keepAlive: true }, app);"),
        Case::good("a.js", "const lenient = options.insecureHTTPParser;"),
        Case::near_miss("a.js", "const schema = { insecureHTTPParser: 'boolean' };"),
        Case::near_miss("a.js", "if (options.insecureHTTPParser === true) warn();"),
    ],
};

fn check(write: &WriteView<'_>, out: &mut Vec<Note>) {
    // `if (node.insecureHTTPParser) options = { ...options, insecureHTTPParser: true }`
    let at = write.arena.root().smallest_at(write.span);
    let mut conditions =
        at.ancestors().filter(|a| a.kind() == Kind::IfStatement).filter_map(|i| i.child(Field::Condition));
    if conditions.any(|c| c.text().contains("nsecureHTTPParser")) {
        return;
    }
    if write.value.exact && write.value.as_bool() == Some(true) && write.value.strings().next().is_none() {
        let message = "The lenient parser takes requests that a proxy reads in another way, which lets one visitor's request begin another's. Leave it off.";
        out.push(Note::new(write.rule, write.span, message));
    }
}
