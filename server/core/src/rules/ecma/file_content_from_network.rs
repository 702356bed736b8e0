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
        Case::bad(
            "a.ts",
            r#"import * as fs from 'node:fs';
function keep(data: { token: string }) {
  fs.writeFileSync('a.json', JSON.stringify(data));
}
function save(text: string) {
  fs.writeFileSync('a.js', text); //~ file-content-from-network
}
export async function login(url: string) {
  const answer = await fetch(url);
  const { token } = (await answer.json()) as { token: string };
  keep({ token });
}
export async function load(url: string) {
  const answer = await fetch(url);
  save(await answer.text());
}"#,
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
        Case::bad(
            "a.js",
            r#"const fs = require("fs");
const axios = require("axios");
axios.get("https://a.example/x.json").then((r) => fs.writeFileSync("x.json", r.data)); //~ file-content-from-network"#,
        ),
        Case::bad(
            "a.js",
            r#"const fs = require("fs");
fetch("https://a.example/x").then(async (r) => fs.promises.writeFile("x", await r.text())); //~ file-content-from-network"#,
        ),
        Case::bad(
            "a.js",
            r#"const request = require("request");
const fs = require("fs");
request("https://a.example/x", (err, res, body) => {
  fs.writeFile("x.txt", body, () => {}); //~ file-content-from-network
});"#,
        ),
        Case::bad(
            "a.ts",
            r#"import fs from "node:fs/promises";
export async function update(url: string) {
  const answer = await fetch(url);
  const list = await answer.json();
  await fs.writeFile("list.json", JSON.stringify(list)); //~ file-content-from-network
}"#,
        ),
        Case::bad(
            "a.js",
            r#"const https = require("https"), fs = require("fs");
https.get("https://a.example/x", (res) => {
  let text = "";
  res.on("data", (chunk) => { text += chunk; });
  res.on("end", () => fs.writeFileSync("x.txt", text)); //~ file-content-from-network
});"#,
        ),
        Case::bad(
            "a.ts",
            r#"import axios from "axios";
import { appendFileSync } from "fs";
const api = axios.create({ baseURL: "https://a.example" });
export async function log() {
  const { data } = await api.get("/events");
  appendFileSync("events.log", data.map((e) => e.text).join("\n")); //~ file-content-from-network
}"#,
        ),
        Case::bad(
            "a.js",
            r#"import got from "got";
import { writeFileSync } from "fs";
const { body } = await got("https://a.example/x");
writeFileSync("x", "// " + body); //~ file-content-from-network"#,
        ),
        Case::bad(
            "a.js",
            r#"const fs = require("fs");
const save = (text) => fs.writeFileSync("a.txt", text); //~ file-content-from-network
fetch("https://a.example").then((r) => r.text()).then((text) => save(text));"#,
        ),
        Case::good(
            "a.js",
            r#"const fs = require("fs");
fs.writeFileSync("x.json", JSON.stringify({ at: Date.now() }));"#,
        ),
        Case::good(
            "a.js",
            r#"const fs = require("fs");
fetch("https://a.example", { method: "POST", body: fs.readFileSync("x") }).then((r) => console.log(r.status));"#,
        ),
        Case::good(
            "a.js",
            r#"const fs = require("fs");
const text = fs.readFileSync("a.md", "utf8");
fs.writeFileSync("b.md", text.toUpperCase());"#,
        ),
        Case::good(
            "a.ts",
            r#"import fs from "fs";
export async function count(url: string) {
  const list = await (await fetch(url)).json();
  fs.writeFileSync("count.txt", String(list.length));
}"#,
        ),
        Case::good(
            "a.js",
            r#"const fs = require("fs");
const answer = await fetch("https://a.example");
fs.writeFileSync("status.txt", answer.ok ? "up" : "down");"#,
        ),
        Case::good(
            "a.js",
            r#"const axios = require("axios");
axios.get("https://a.example").then((r) => { document.title = r.data.title; });"#,
        ),
        Case::good(
            "a.js",
            r#"const fs = require("fs");
fetch("https://a.example").then((r) => r.json()).then((data) => { if (data.ok) fs.writeFileSync("flag", "1"); });"#,
        ),
        Case::good(
            "a.js",
            r#"const fs = require("fs");
let text = "";
fetch("https://a.example").then((r) => r.text()).then((t) => console.log(t));
fs.writeFileSync("x", text);"#,
        ),
        Case::near_miss(
            "a.js",
            r#"const fs = require("fs");
const api = { get: (name) => "text of " + name };
fs.writeFileSync("x", api.get("a"));"#,
        ),
        Case::near_miss(
            "a.js",
            r#"const fs = require("fs");
fetch("https://a.example").then((r) => r.text()).then((t) => fs.unlinkSync("x"));"#,
        ),
        Case::near_miss(
            "a.ts",
            r#"import fs from "fs";
const size = Number((await (await fetch("https://a.example/size")).text()));
fs.writeFileSync("size", `${size}`);"#,
        ),
        Case::near_miss(
            "a.js",
            r#"const fs = require("fs");
fetch("https://a.example").then((r) => r.text()).then((t) => {
  t = "constant";
  fs.writeFileSync("x", t);
});"#,
        ),
    ],
};
