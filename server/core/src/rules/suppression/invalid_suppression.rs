use sidenote_grammars::Family;

use crate::findings::{Category, Confidence, Severity};
use crate::rules::{Case, Docs, Rule};

/// Reported by the engine, which alone knows what a suppression silenced.
pub static RULE: Rule = Rule {
    id: "invalid-suppression",
    summary: "a suppression that does not count",
    category: Category::Quality,
    severity: Severity::Low,
    confidence: Confidence::High,
    cwe: &[],
    families: &[Family::Ecma, Family::Rust],
    default_on: true,
    in_tests: true,
    docs: Docs {
        what: "Finds `sidenote:` comments that name no known rule, give no reason, or cannot be read.",
        why: "Somebody meant to silence a finding, and nobody will know why, or nothing is silenced.",
        example: "// sidenote: allow(async-promise-executor)\nnew Promise(async () => {});",
        instead: "// sidenote: allow(async-promise-executor) -- settles through an event\nnew Promise(async () => {});",
        limits: "Only comments that begin with `sidenote:` are read.",
        fix: "",
    },
    checks: &[],
    cases: &[
        Case::bad("a.ts", "// sidenote: allow(async-promise-executor) //~ invalid-suppression\nlet a;"),
        Case::bad("a.rs", "// sidenote: allow(no-such-rule) -- a reason //~ invalid-suppression\nfn f() {}"),
        Case::bad("a.ts", "/* sidenote: ignore */ //~ invalid-suppression\nlet a;"),
        Case::bad("a.ts", "let a; // sidenote: allow() -- a reason //~ invalid-suppression"),
        Case::good(
            "a.ts",
            "// sidenote: allow(async-promise-executor) -- legacy code\nnew Promise(async () => { await 1; });",
        ),
        Case::good("a.rs", "// A plain comment.\nfn f() {}"),
        Case::good("a.ts", "const a = 'sidenote: allow(x)';"),
        Case::good("a.ts", "/** Documents `sidenote: allow`. */\nlet a;"),
        Case::near_miss("a.ts", "// See sidenote: it is allowed here.\nlet a;"),
        Case::near_miss("a.rs", "// sidenotes: allow(x)\nfn f() {}"),
    ],
};
