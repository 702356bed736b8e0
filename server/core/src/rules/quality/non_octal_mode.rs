use sidenote_grammars::{Family, Field, Kind};

use crate::findings::{Category, Confidence, Note, Severity};
use crate::rules::support::{args, method};
use crate::rules::{Case, Check, Cx, Docs, Rule};
use crate::syntax::Node;

pub static RULE: Rule = Rule {
    id: "non-octal-mode",
    summary: "the mode of a file is written as a decimal number",
    category: Category::Quality,
    severity: Severity::High,
    confidence: Confidence::High,
    cwe: &[732],
    families: &[Family::Rust, Family::Ecma],
    default_on: true,
    in_tests: false,
    docs: Docs {
        what: "Finds `from_mode(644)`, `.mode(755)` and `set_mode(600)`, in TypeScript and JavaScript `chmod(path, 755)` and `{ mode: 755 }`: modes without `0o`.",
        why: "Decimal 644 is octal 1204: the owner may write, others may read only by chance, and the sticky bit is set.",
        example: "fs::set_permissions(path, Permissions::from_mode(644))?;",
        instead: "fs::set_permissions(path, Permissions::from_mode(0o644))?;",
        limits: "Only decimal numbers of three digits, or four with a leading zero, none of which is above 7.",
        fix: "The suggested fix writes the same digits in octal.",
    },
    checks: &[Check::Nodes(&[Kind::CallExpression], check)],
    cases: &[
        Case::bad("a.js", "fs.chmodSync(p, 755); //~ non-octal-mode"),
        Case::bad("a.ts", "import { chmod } from 'node:fs/promises';\nawait chmod(p, 644); //~ non-octal-mode"),
        Case::bad("a.js", "fs.mkdirSync(dir, { recursive: true, mode: 700 }); //~ non-octal-mode"),
        Case::bad("a.ts", "await fs.promises.writeFile(p, x, { mode: 600 }); //~ non-octal-mode"),
        Case::bad("a.js", "fs.fchmod(fd, 777, cb); //~ non-octal-mode"),
        Case::bad("a.js", "fs.createWriteStream(p, { 'mode': 644 }); //~ non-octal-mode"),
        Case::bad("a.js", "fs.chmod(p, 600, (err) => done(err)); //~ non-octal-mode"),
        Case::bad("a.ts", "fs.mkdir(dir, { mode: 755 }, cb); //~ non-octal-mode"),
        Case::good("a.js", "fs.chmodSync(p, 0o755);"),
        Case::good("a.js", "fs.chmodSync(p, '755');"),
        Case::good("a.js", "fs.chmodSync(p, mode);"),
        Case::good("a.js", "fs.mkdirSync(dir, { recursive: true, mode: 0o700 });"),
        Case::good("a.js", "fs.writeFileSync(p, x, { mode: 0o600 });"),
        Case::good("a.js", "fs.chmodSync(p, 493);"),
        Case::good("a.ts", "fs.mkdirSync(dir, options);"),
        Case::good("a.ts", "setMode(755);"),
        Case::near_miss("a.js", "fs.chmodSync(p, 0x1ed);"),
        Case::near_miss("a.js", "game.mode(755);"),
        Case::near_miss("a.js", "fs.writeFileSync(p, x, { size: 644 });"),
        Case::near_miss("a.js", "fs.chmodSync(p, 899);"),
        Case::bad(
            "a.rs",
            "use std::fs::Permissions;\nfn f(p: &Path) { std::fs::set_permissions(p, Permissions::from_mode(644)).ok(); } //~ non-octal-mode",
        ),
        Case::bad("a.rs", "fn f() { OpenOptions::new().create(true).mode(600).open(\"x\"); } //~ non-octal-mode"),
        Case::bad("a.rs", "fn f(p: &mut Permissions) { p.set_mode(755); } //~ non-octal-mode"),
        Case::bad("a.rs", "fn f() { DirBuilder::new().mode(0755).create(\"x\"); } //~ non-octal-mode"),
        Case::good("a.rs", "fn f(p: &mut Permissions) { p.set_mode(0o755); }"),
        Case::good("a.rs", "fn f() { OpenOptions::new().mode(0o600).open(\"x\"); }"),
        Case::good("a.rs", "fn f(m: u32) { OpenOptions::new().mode(m).open(\"x\"); }"),
        Case::good("a.rs", "fn f(p: &mut Permissions) { p.set_mode(33188); }"),
        Case::near_miss("a.rs", "fn f(p: &mut Permissions) { p.set_mode(0x1ff); }"),
        Case::near_miss("a.rs", "fn f(g: &mut Game) { g.mode(Mode::Easy); }"),
        Case::near_miss("a.rs", "fn f(g: &mut Game) { g.mode(899); }"),
    ],
};

fn check<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    let name = match method(node) {
        Some((_, m)) => m.text(),
        None => node.child(Field::Function).map_or("", |f| f.text().rsplit("::").next().unwrap_or("")),
    };
    let mode = if cx.family() == Family::Ecma {
        let name = if method(node).is_some() { name } else { node.child(Field::Function).map_or("", Node::text) };
        match name {
            "chmod" | "chmodSync" | "fchmod" | "fchmodSync" | "lchmod" | "lchmodSync" => args(node).nth(1),
            // `fs.mkdirSync(dir, { mode: 755 })`
            "mkdir" | "mkdirSync" | "writeFile" | "writeFileSync" | "appendFile" | "createWriteStream" => {
                let options = args(node).find(|a| a.kind() == Kind::Object);
                options.into_iter().flat_map(Node::named_children).find_map(|p| {
                    p.child(Field::Key).filter(|k| k.text().trim_matches(['\'', '"']) == "mode")?;
                    p.child(Field::Value)
                })
            }
            _ => None,
        }
    } else {
        args(node).next().filter(|_| matches!(name, "from_mode" | "mode" | "set_mode"))
    };
    let Some(mode) = mode.filter(|a| matches!(a.kind(), Kind::IntegerLiteral | Kind::Number)) else { return };
    let text = mode.text();
    let digits = text.bytes().all(|c| (b'0'..=b'7').contains(&c))
        && (text.len() == 3 && !text.starts_with('0') || text.len() == 4 && text.starts_with('0'));
    // A method of that name of something else: only what looks like a mode of its own.
    let usual = matches!(
        text.trim_start_matches('0'),
        "644"
            | "755"
            | "600"
            | "700"
            | "666"
            | "777"
            | "640"
            | "750"
            | "400"
            | "444"
            | "500"
            | "555"
            | "660"
            | "770"
            | "664"
            | "775"
    );
    if digits && usual {
        let octal = format!("0o{}", text.trim_start_matches('0'));
        let message = format!("This is a decimal number: as a mode it means something else. Write `{octal}`.");
        cx.report(Note::new(cx.rule, mode.span(), message).suggestion("Write it in octal", vec![(mode.span(), octal)]));
    }
}
