use sidenote_grammars::{Family, Kind};

use crate::findings::{Category, Confidence, Note, Severity};
use crate::rules::support::{args, bare, ecma_path, method, words};
use crate::rules::{Case, Check, Cx, Docs, Rule};
use crate::syntax::Node;

pub static RULE: Rule = Rule {
    id: "file-race",
    summary: "a file is checked and then written, and may change in between",
    category: Category::Security,
    severity: Severity::Low,
    confidence: Confidence::Medium,
    cwe: &[367],
    families: &[Family::Ecma],
    default_on: true,
    in_tests: false,
    docs: Docs {
        what: "Finds a check of a path (`exists`, `stat`, `access` and their kin) followed by a write to, change of or deletion of the same \
               path in one function.",
        why: "Between the two somebody else can create the file or put a link in its place, and the program then writes what it must \
              not, or overwrites what it just found missing.",
        example: "if (!fs.existsSync(path)) fs.writeFileSync(path, text);",
        instead: "fs.writeFileSync(path, text, { flag: 'wx' }); // fails if it exists",
        limits: "Reading and making folders after a check are left alone, since little is lost. Paths are compared as they are written.",
        fix: "",
    },
    checks: &[Check::Block(check)],
    cases: &[
        Case::bad(
            "a.js",
            "const fs = require('fs');\nif (!fs.existsSync(file)) {\n  fs.writeFileSync(file, text); //~ file-race\n}",
        ),
        Case::bad(
            "a.ts",
            "import { promises as fs } from 'fs';\nasync function save(path: string) {\n  await fs.access(path);\n  await fs.writeFile(path, data); //~ file-race\n}",
        ),
        Case::bad(
            "a.js",
            "const fs = require('fs');\nfs.stat(target, (err, info) => {\n  if (info.size < 10) fs.appendFile(target, line, done); //~ file-race\n});",
        ),
        Case::bad(
            "a.js",
            "const fs = require('fs-extra');\nasync function f(p) {\n  if (await fs.pathExists(p)) await fs.chmod(p, 0o600); //~ file-race\n}",
        ),
        Case::bad(
            "a.js",
            "const { existsSync, createWriteStream } = require('fs');\nfunction open(out) {\n  if (existsSync(out)) throw new Error('exists');\n  return createWriteStream(out); //~ file-race\n}",
        ),
        Case::bad(
            "a.ts",
            "import * as fs from 'node:fs';\nexport function lock(cfg: Config) {\n  if (fs.statSync(cfg.lock).isFile()) return;\n  fs.openSync(cfg.lock, 'w'); //~ file-race\n}",
        ),
        Case::bad(
            "a.js",
            "const fs = require('fs');\nif (fs.lstatSync(p).isSymbolicLink()) skip();\nelse fs.writeFileSync(p, text); //~ file-race",
        ),
        Case::bad(
            "a.js",
            "const fs = require('fs');\nfs.access(name, fs.constants.W_OK, (err) => {\n  if (err) return;\n  fs.open(name, 'r+', use); //~ file-race\n});",
        ),
        Case::good("a.js", "const fs = require('fs');\nfs.writeFileSync(file, text, { flag: 'wx' });"),
        Case::good(
            "a.js",
            "const fs = require('fs');\nif (!fs.existsSync(file)) fs.writeFileSync(file, text, { flag: 'wx' });",
        ),
        Case::good(
            "a.js",
            "const fs = require('fs');\nif (fs.existsSync(file)) config = fs.readFileSync(file, 'utf8');",
        ),
        Case::good("a.js", "const fs = require('fs');\nif (!fs.existsSync(dir)) fs.mkdirSync(dir);"),
        Case::good("a.js", "const fs = require('fs');\nif (fs.existsSync(a)) fs.writeFileSync(b, text);"),
        Case::good(
            "a.js",
            "const fs = require('fs');\nfs.writeFileSync(file, text);\nconst size = fs.statSync(file).size;",
        ),
        Case::good(
            "a.js",
            "const fs = require('fs');\nfunction a(p) { return fs.existsSync(p); }\nfunction b(p) { fs.writeFileSync(p, 'x'); }",
        ),
        Case::good(
            "a.js",
            "const fs = require('fs');\nconst fd = fs.openSync(p, 'r+');\nconst info = fs.fstatSync(fd);\nfs.writeSync(fd, text);",
        ),
        Case::near_miss(
            "a.js",
            r#"const fs = require('fs');
if (!fs.existsSync(file)) create(file);
else {
  const old = fs.readFileSync(file, 'utf8');
  if (old !== text) fs.writeFileSync(file, text);
}"#,
        ),
        Case::near_miss(
            "a.js",
            "const fs = require('fs');\nconst mode = fs.statSync(file).mode;\nfs.chmodSync(file, mode | 0o100);",
        ),
        Case::near_miss(
            "a.js",
            "const fs = require('fs');\nif (fs.existsSync(css)) {\n  fs.writeFileSync(css, filter(fs.readFileSync(css, 'utf8')));\n}",
        ),
        Case::near_miss(
            "a.js",
            "const fs = require('fs');\nif (fs.existsSync(history)) load(history);\nconst fd = fs.openSync(history, 'a');",
        ),
        Case::near_miss(
            "a.js",
            "const fs = require('fs');\nconst path = require('path');\nconst file = path.join(process.cwd(), 'settings.json');\nif (!fs.existsSync(file)) fs.writeFileSync(file, '{}');",
        ),
        Case::near_miss(
            "bin/check.js",
            "const fs = require('fs');\nmodule.exports = (file) => {\n  if (!fs.existsSync(file)) fs.writeFileSync(file, '{}');\n};",
        ),
        Case::near_miss(
            "a.js",
            "const fs = require('fs');\nfunction row(file, fields) {\n  if (!fs.existsSync(file)) start(file);\n  fs.appendFileSync(file, fields.join(';'));\n}",
        ),
        Case::near_miss(
            "a.js",
            "const fs = require('fs');\nconst { confFile } = require('./common');\nif (!fs.existsSync(confFile)) fs.writeFileSync(confFile, '{}');",
        ),
        Case::near_miss(
            "a.js",
            "const fs = require('fs');\nconst helper = require('./helper');\nfunction add(name, user) {\n  const file = helper.getUserConfigPath(name);\n  if (fs.existsSync(file)) throw new Error('exists');\n  fs.writeFileSync(file, JSON.stringify(user));\n}",
        ),
        Case::near_miss(
            "a.js",
            "const fs = require('fs');\nfs.access(name, (err) => {\n  if (err) return;\n  fs.open(name, 'a+', use);\n});",
        ),
        Case::near_miss(
            "a.js",
            "const fs = require('fs');\nStore.prototype.open = function () {\n  var self = this;\n  fs.stat(self.filename, function (err, stat) {\n    if (err) return self.create();\n    fs.open(self.filename, 'r+', self.use);\n  });\n};",
        ),
        Case::near_miss("a.js", "if (cache.exists(key)) cache.writeFile(key, value);"),
        Case::near_miss(
            "a.js",
            "const fs = require('fs');\nif (fs.existsSync('a.txt')) fs.writeFileSync('b.txt', '');",
        ),
        Case::near_miss("a.js", "const fs = require('fs');\nif (!fs.existsSync(lock)) fs.openSync(lock, 'wx');"),
        Case::near_miss(
            "a.js",
            "const fs = require('fs');\nfs.stat(file, function (err) {\n  if (err) make(function (e, text) { fs.writeFile(file, text, done); });\n});",
        ),
        Case::near_miss("a.js", "const fs = require('fs');\nif (fs.existsSync(file)) watch(file);\nlog(file);"),
        Case::near_miss(
            "a.js",
            "const fs = require('fs');\nconst target = `${out}/tsconfig.json`;\nif (!fs.existsSync(target)) fs.writeFileSync(target, '{}');",
        ),
        Case::near_miss(
            "a.js",
            "const fs = require('fs');\nserver.listen(socket, () => {\n  fs.lstat(socket, (err) => {\n    if (!err) fs.chmodSync(socket, 0o770);\n  });\n});",
        ),
        Case::bad(
            "a.js",
            "const fs = require('fs');\nconst os = require('os');\nconst target = os.tmpdir() + '/out.json';\nif (!fs.existsSync(target)) fs.writeFileSync(target, '{}'); //~ file-race",
        ),
    ],
};

const CHECKS: &[&str] = &[
    "exists",
    "existsSync",
    "stat",
    "statSync",
    "lstat",
    "lstatSync",
    "access",
    "accessSync",
    "pathExists",
    "pathExistsSync",
];
const USES: &[&str] = &[
    "writeFile",
    "writeFileSync",
    "appendFile",
    "appendFileSync",
    "open",
    "openSync",
    "createWriteStream",
    "chmod",
    "chmodSync",
    "chown",
    "chownSync",
    "truncate",
    "truncateSync",
    "outputFile",
    "writeJson",
    "writeJsonSync",
];

fn file_call<'a>(node: Node<'a>, cx: &Cx<'a>) -> Option<(&'a str, Node<'a>)> {
    if node.kind() != Kind::CallExpression {
        return None;
    }
    let callee = node.child(sidenote_grammars::Field::Function)?;
    let name = method(node).map_or(callee.text(), |(_, n)| n.text());
    let simple = name;
    let path = ecma_path(callee, cx)?;
    let known = ["fs.", "node:fs.", "fs-extra.", "graceful-fs.", "fs/promises.", "node:fs/promises.", "original-fs."];
    if !known.iter().any(|k| path.starts_with(k)) {
        return None;
    }
    let last = path.rsplit('.').next().unwrap_or(simple);
    let known = CHECKS.iter().chain(USES).find(|n| **n == last)?;
    Some((known, bare(args(node).next()?)))
}

fn check<'a>(cx: &mut Cx<'a>) {
    let arena = cx.arena();
    let mut checked: Vec<(&str, &str, Node<'a>)> = Vec::new();
    let mut notes = Vec::new();
    if !CHECKS.iter().any(|c| arena.text().contains(c)) {
        return;
    }
    // Somebody is asked in between, who knows the file.
    if ["prompt", "confirm(", "overwrite"].iter().any(|w| arena.text().contains(w)) {
        return;
    }
    // Whoever starts a script of the repository's works on their own files.
    if cx.file.path.split('/').rev().skip(1).any(|f| matches!(f, "bin" | "scripts" | "tools")) {
        return;
    }
    for node in arena.nodes() {
        let Some((name, path)) = file_call(node, cx) else { continue };
        if !matches!(path.kind(), Kind::Identifier | Kind::MemberExpression | Kind::TemplateString | Kind::String) {
            continue;
        }
        if CHECKS.contains(&name) {
            // What only reads a size or a mode decides nothing.
            if !name.contains("stat") || name.starts_with('l') || decides(node) {
                checked.push((path.text(), name, node));
            }
        } else if checked.iter().any(|(p, _, check)| *p == path.text() && !is_later(node, *check)) {
            let rest: String = args(node).skip(1).map(|a| a.text()).collect::<Vec<_>>().join(",");
            // What is written again was read before: it is the program's own file.
            let read_before = arena.text().get(..node.span().start as usize).is_some_and(|before| {
                ["readFileSync(", "readFile(", "readJsonSync(", "readJson("].iter().any(|r| {
                    before.contains(&format!("{r}{},", path.text())) || before.contains(&format!("{r}{})", path.text()))
                })
            });
            if read_before || is_own(path, arena) || !is_shared(path, name, arena) {
                continue;
            }
            // `wx` fails where the file exists; reading changes nothing.
            let exclusive = ["'wx", "\"wx", "'ax", "\"ax", "O_EXCL"].iter().any(|f| rest.contains(f));
            // What a file that exists is replaced by is made of its content; a log that is opened to append loses nothing.
            let rewrites = [format!("readFileSync({},", path.text()), format!("readFileSync({})", path.text())];
            let rewrites = rewrites.iter().any(|r| rest.contains(r.as_str()));
            let sized = checked.iter().any(|(p, by, _)| *p == path.text() && !by.contains("xists"));
            let appends = name.starts_with("append") && !sized
                || name.starts_with("open") && ["'a'", "\"a\"", "'a+'", "\"a+\""].iter().any(|f| rest.contains(f));
            if rewrites || appends {
                continue;
            }
            let reads = name.starts_with("open")
                && !["'w", "\"w", "'a", "\"a", "+'", "+\"", "O_WRONLY", "O_RDWR"].iter().any(|f| rest.contains(f));
            if !exclusive && !reads {
                let message = "The file may be another than the one that was checked. Open it once, with `wx` if it must not exist, and work on what is open.";
                notes.push(Note::new(cx.rule, node.span(), message));
            }
        }
    }
    notes.into_iter().for_each(|n| cx.report(n));
}

/// Whether what is done after a check waits for something else first: it stands in a callback of another call.
fn is_later<'a>(node: Node<'a>, check: Node<'a>) -> bool {
    let waits = |n: Node<'a>| {
        let call = n.parent().filter(|p| p.kind() == Kind::Arguments).and_then(|p| p.parent());
        crate::rules::support::is_function(n) && call.is_some_and(|c| !c.span().contains(check.span()))
    };
    node.ancestors().take_while(|n| !n.span().contains(check.span())).any(waits)
}

/// Whether a path lies in a folder where nobody else writes: beside the program, in the folder where it was started, at home.
fn is_own(path: Node<'_>, arena: &crate::syntax::Arena) -> bool {
    use sidenote_grammars::Field;
    let own = |text: &str| {
        let joined = ["join(", "resolve("].iter().any(|w| text.contains(w)) && !text.contains("tmp");
        joined || ["__dirname", "process.cwd()", "homedir()", "import.meta"].iter().any(|w| text.contains(w))
    };
    let named = arena.nodes().find(|n| {
        n.kind() == Kind::VariableDeclarator && n.child(Field::Name).is_some_and(|name| name.text() == path.text())
    });
    // `confFile`, `getUserConfigPath(name)`
    let kept = |text: &str| words(text).iter().any(|w| KEPT.contains(&w.as_str()));
    let made = named.and_then(|n| n.child(Field::Value)).filter(|v| v.kind() == Kind::CallExpression);
    let maker = made.and_then(|call| call.child(Field::Function));
    // `this.filename`: what an object is kept in.
    let member = ["this.", "self.", "that.", "_this."].iter().any(|o| path.text().starts_with(o));
    member
        || own(path.text())
        || kept(path.text())
        || maker.is_some_and(|f| kept(f.text()))
        || named.and_then(|n| n.child(Field::Value)).is_some_and(|v| own(v.text()))
}

/// Whether somebody else may say where a path leads, or write there: a parameter, a name from elsewhere, a folder for all. What the function
/// itself made of its own is none of that, and a mode or an owner is changed of what was made before, unless a caller says of what.
fn is_shared(path: Node<'_>, used: &str, arena: &crate::syntax::Arena) -> bool {
    use sidenote_grammars::Field;
    let name = path.text().split(['.', '[']).next().unwrap_or_default();
    let is_name = |n: Node<'_>| n.kind() == Kind::Identifier && n.text() == name;
    let given = || {
        let parameters = arena.nodes().filter(|n| n.kind() == Kind::FormalParameters);
        parameters.flat_map(|p| p.descendants()).any(is_name)
            || arena.nodes().any(|n| n.kind() == Kind::ArrowFunction && n.child(Field::Parameter).is_some_and(is_name))
    };
    let made =
        arena.nodes().find(|n| n.kind() == Kind::VariableDeclarator && n.child(Field::Name).is_some_and(is_name));
    let for_all = |value: Node<'_>| ["tmp", "TMP", "temp"].iter().any(|w| value.text().contains(w));
    match made.and_then(|m| m.child(Field::Value)) {
        _ if matches!(path.kind(), Kind::TemplateString | Kind::String) => true,
        Some(value) => for_all(value),
        None => !used.starts_with("ch") || given(),
    }
}

/// What programs keep in files of their own.
const KEPT: [&str; 9] =
    ["conf", "config", "configuration", "settings", "preferences", "cache", "history", "rc", "database"];

/// Whether what a call finds out decides about what follows: it stands in a condition, or hands it to a callback.
fn decides(node: Node<'_>) -> bool {
    use sidenote_grammars::Field;
    let in_condition = std::iter::once(node).chain(node.ancestors()).any(|n| n.field() == Field::Condition);
    in_condition || args(node).last().is_some_and(|a| crate::rules::support::is_function(a) || a.is_hole())
}
