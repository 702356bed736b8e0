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
        Case::bad("a.ts", "/* sidenote: allow */ let b = 1; //~ invalid-suppression"),
        Case::bad("a.ts", "// sidenote: allow(no-such-rule-here) -- because //~ invalid-suppression\nlet a;"),
        Case::bad("a.ts", "let c = 2; // sidenote: deny(async-promise-executor) -- reason //~ invalid-suppression"),
        Case::bad("a.ts", "// sidenote: allow-file(async-promise-executor) //~ invalid-suppression\nlet a;"),
        Case::bad("a.ts", "/* sidenote: allow(async-promise-executor) because */ //~ invalid-suppression\nlet a;"),
        Case::good(
            "a.ts",
            "// sidenote: allow-file(async-promise-executor) -- legacy code\nnew Promise(async () => { await 1; });",
        ),
        Case::good(
            "a.ts",
            "/* sidenote: allow(async-promise-executor) -- legacy code */\nnew Promise(async () => { await 1; });",
        ),
        Case::good("a.ts", "const text = `// sidenote: allow(nothing)`;"),
        Case::good(
            "a.ts",
            "// eslint-disable-next-line no-async-promise-executor\nnew Promise(async () => { await 1; });",
        ),
        Case::good("a.ts", "// A note on the side.\nlet a;"),
        Case::near_miss("a.ts", "// A sidenote: this is allowed.\nlet a;"),
        Case::near_miss("a.ts", "/* see sidenote.toml */\nlet a;"),
        Case::near_miss("a.ts", "// Side note: allow(x)\nlet a;"),
    ],
};
