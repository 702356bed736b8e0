use sidenote_grammars::Family;

use crate::findings::{Category, Confidence, Severity};
use crate::rules::{Case, Docs, Rule};

/// Reported by the engine, which alone knows what a suppression silenced.
pub static RULE: Rule = Rule {
    id: "unused-suppression",
    summary: "a suppression that silences nothing",
    category: Category::Quality,
    severity: Severity::Low,
    confidence: Confidence::High,
    cwe: &[],
    families: &[Family::Ecma, Family::Rust],
    default_on: true,
    in_tests: true,
    docs: Docs {
        what: "Finds `sidenote: allow(rule)` comments under which the rule has nothing to say.",
        why: "A suppression that outlived its finding hides the next one.",
        example: "// sidenote: allow(async-promise-executor) -- legacy\nconst a = 1;",
        instead: "const a = 1;",
        limits: "Rules that are switched off do not count as unused.",
        fix: "Removes the comment.",
    },
    checks: &[],
    cases: &[
        Case::bad(
            "a.ts",
            "// sidenote: allow(async-promise-executor) -- legacy code //~ unused-suppression\nconst a = 1;",
        ),
        Case::bad(
            "a.js",
            "const a = 1; // sidenote: allow(async-promise-executor) -- legacy code //~ unused-suppression",
        ),
        Case::bad(
            "a.ts",
            "/* sidenote: allow(async-promise-executor) -- legacy code */ //~ unused-suppression\nfunction f() { return 1; }",
        ),
        Case::bad(
            "a.ts",
            "// sidenote: allow-file(async-promise-executor) -- legacy code //~ unused-suppression\nlet a;",
        ),
        Case::good(
            "a.ts",
            "// sidenote: allow(async-promise-executor) -- legacy code\nnew Promise(async () => { await 1; });",
        ),
        Case::good(
            "a.ts",
            "new Promise(async () => { await 1; }); // sidenote: allow(async-promise-executor) -- legacy code",
        ),
        Case::good(
            "a.ts",
            "// sidenote: allow(async-promise-executor) -- legacy code\nfunction f() {\n  let a;\n  return new Promise(async () => { await 1; });\n}",
        ),
        Case::good(
            "a.ts",
            "let a;\n// sidenote: allow-file(async-promise-executor) -- legacy code\nfunction f() {\n  return new Promise(async () => { await 1; });\n}",
        ),
        Case::near_miss("a.ts", "// Write `sidenote: allow(async-promise-executor)` to silence it.\nlet a;"),
        Case::near_miss(
            "a.tsx",
            "const a = <div>\n  {/* sidenote: allow(async-promise-executor) -- legacy code */}\n  <A p={new Promise(async () => { await 1; })} />\n</div>;",
        ),
        Case::bad(
            "a.ts",
            "/* sidenote: allow(async-promise-executor) -- legacy code */ //~ unused-suppression\nlet a = 1;",
        ),
        Case::bad(
            "a.ts",
            "let b = 1; // sidenote: allow(async-promise-executor) -- legacy code //~ unused-suppression",
        ),
        Case::bad(
            "a.ts",
            "// sidenote: allow(async-promise-executor) -- legacy code //~ unused-suppression\nclass A { m() { return 1; } }",
        ),
        Case::bad(
            "a.ts",
            "// sidenote: allow(async-promise-executor) -- legacy code //~ unused-suppression\nnew Promise((resolve) => resolve(1));",
        ),
        Case::good(
            "a.ts",
            "class A {\n  // sidenote: allow(async-promise-executor) -- legacy code\n  m() { return new Promise(async () => { await 1; }); }\n}",
        ),
        Case::good(
            "a.ts",
            "// sidenote: allow(async-promise-executor) -- legacy code\nexport const p = () => new Promise(async () => { await 1; });",
        ),
        Case::good(
            "a.ts",
            "const f = () => new Promise(async () => { await 1; }); // sidenote: allow(async-promise-executor) -- legacy code",
        ),
        Case::near_miss("a.ts", "const text = 'sidenote: allow(async-promise-executor) -- x';"),
        Case::near_miss("a.ts", "/** See `sidenote: allow(async-promise-executor)`. */\nlet a;"),
        Case::good(
            "a.ts",
            "class B {\n  /* sidenote: allow(async-promise-executor) -- legacy code */\n  m() { return new Promise(async () => { await 1; }); }\n}",
        ),
    ],
};
