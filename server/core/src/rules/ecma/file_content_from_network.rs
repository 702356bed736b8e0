use sidenote_grammars::Family;

use crate::findings::{Category, Confidence, Severity};
use crate::rules::{Case, Check, Docs, Rule};
use crate::semantics::flow::kinds::SinkKind;

pub static RULE: Rule = Rule {
    id: "file-content-from-network",
    summary: "files that a server on the network fills",
    category: Category::Security,
    severity: Severity::Low,
    confidence: Confidence::Low,
    cwe: &[912],
    families: &[Family::Ecma],
    default_on: false,
    in_tests: false,
    docs: Docs {
        what: "Finds answers of servers that are written to files.",
        why: "Whoever controls the server, or the way to it, decides what is on the disk, and may be what is run from there.",
        example: "fs.writeFileSync(\"tool.js\", (await axios.get(url)).data);",
        instead: "const { data } = await axios.get(url);\nif (sha256(data) !== EXPECTED) throw new Error(\"changed\");\nfs.writeFileSync(\"tool.js\", data);",
        limits: "Off by default: programs that download files do just this.",
        fix: "",
    },
    checks: &[Check::Flow(
        &[SinkKind::FileContent],
        "`{sink}` writes {source} to a file unchecked. Check a signature or digest of what was fetched first.",
    )],
    cases: &[
        Case::bad(
            "a.ts",
            r#"import fs from "fs";
import axios from "axios";
const { data } = await axios.get("https://example.com/tool.js");
fs.writeFileSync("tool.js", data); //~ file-content-from-network"#,
        ),
        Case::bad(
            "a.ts",
            r#"import { writeFile } from "fs/promises";
export async function save(url: string) {
  const r = await fetch("https://example.com/a");
  await writeFile("a.txt", await r.text()); //~ file-content-from-network
}"#,
        ),
        Case::bad(
            "a.js",
            r#"const https = require("https"), fs = require("fs");
https.get("https://example.com/", (res) => {
  res.on("data", (d) => fs.appendFileSync("a.txt", d)); //~ file-content-from-network
});"#,
        ),
        Case::bad(
            "a.ts",
            r#"import got from "got";
import fs from "fs";
const r = await got("https://example.com");
fs.writeFile("b", r.body, () => {}); //~ file-content-from-network"#,
        ),
        Case::good(
            "a.ts",
            r#"import fs from "fs";
fs.writeFileSync("a.txt", "constant");"#,
        ),
        Case::good(
            "a.ts",
            r#"import fs from "fs";
import axios from "axios";
const { data } = await axios.get("https://example.com/n");
fs.writeFileSync("a.txt", String(Number(data)));"#,
        ),
        Case::good(
            "a.ts",
            r#"import fs from "fs";
const r = await fetch("https://example.com");
fs.writeFileSync("a.txt", "status");
console.assert(r);"#,
        ),
        Case::good(
            "a.ts",
            r#"import fs from "fs";
fs.writeFileSync("a.txt", process.argv[2]);"#,
        ),
        Case::near_miss(
            "a.ts",
            r#"import axios from "axios";
const { data } = await axios.get("https://example.com");
console.assert(data);"#,
        ),
        Case::near_miss(
            "a.ts",
            r#"import fs from "fs";
const data = fs.readFileSync("a");
fs.writeFileSync("b", data);"#,
        ),
    ],
};
