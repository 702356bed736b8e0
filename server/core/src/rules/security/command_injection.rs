use sidenote_grammars::Family;

use crate::findings::{Category, Confidence, Severity};
use crate::rules::{Case, Check, Docs, Rule};
use crate::semantics::flow::kinds::SinkKind;

pub static RULE: Rule = Rule {
    id: "command-injection",
    summary: "shell commands that somebody outside can write",
    category: Category::Security,
    severity: Severity::Critical,
    confidence: Confidence::High,
    cwe: &[78],
    families: &[Family::Ecma, Family::Rust],
    default_on: true,
    in_tests: false,
    docs: Docs {
        what: "Finds foreign data in a command line that a shell reads, and in the name of a program that is run.",
        why: "A shell gives `;`, `|`, `$()` and backticks meaning. One request runs any program with the rights of the server.",
        example: "exec(`convert ${req.query.file} out.png`);",
        instead: "execFile(\"convert\", [\"--\", req.query.file, \"out.png\"]);",
        limits: "Arguments in an array are safe without a shell, unless the program itself runs commands: of those, `git` and `hg` are known. \
                 What an exported function is given and the program's own folder count, with less severity, where they are put into a shell's text unquoted.",
        fix: "",
    },
    checks: &[
        Check::Flow(
            &[SinkKind::Command],
            "`{sink}` runs a command that {source} is part of: whoever sends it can run anything. Use `execFile` with a constant program and an argument array, without a shell.",
        ),
        Check::Flow(
            &[SinkKind::ShellText],
            "`{sink}` hands {source} to a shell unquoted: a space in it splits the command, `;` and `$()` run others. Use `execFile` with an argument array.",
        ),
        Check::Flow(
            &[SinkKind::ProgramOption],
            "{source} may begin with `--`: `--upload-pack` and its kin make this program run others. Refuse what begins with `-`, and put `--` before it.",
        ),
    ],
    cases: &[
        Case::bad(
            "a.ts",
            r#"import express from "express";
import { exec, execFile, spawn } from "node:child_process";
const app = express();
app.get("/x", async (req, res) => {
  exec("ls " + req.query.dir, (e, out) => res.send("ok")); //~ command-injection
});"#,
        ),
        Case::bad(
            "a.js",
            r#"const cp = require("child_process");
module.exports = (req, res) => {
  cp.execSync(`git log ${req.body.branch}`); //~ command-injection
  res.end();
};"#,
        ),
        Case::bad(
            "a.ts",
            r#"import express from "express";
import { exec, execFile, spawn } from "node:child_process";
const app = express();
app.get("/x", async (req, res) => {
  const args = ["-c", `ping ${req.query.host}`];
  spawn("sh", args); //~ command-injection
});"#,
        ),
        Case::bad(
            "a.ts",
            r#"import express from "express";
import { exec, execFile, spawn } from "node:child_process";
const app = express();
app.get("/x", async (req, res) => {
  spawn("convert", [req.query.file], { shell: true }); //~ command-injection
});"#,
        ),
        Case::bad(
            "a.ts",
            r#"import express from "express";
import { exec, execFile, spawn } from "node:child_process";
const app = express();
app.get("/x", async (req, res) => {
  spawn(req.query.cmd, []); //~ command-injection
});"#,
        ),
        Case::bad(
            "a.ts",
            r#"import { promisify } from "util";
import { exec } from "child_process";
const run = promisify(exec);
export async function handler(req, res) {
  const { stdout } = await run("du -sh " + req.query.path); //~ command-injection
  res.json({ stdout });
}"#,
        ),
        Case::bad(
            "a.js",
            r#"const shell = require("shelljs");
const router = require("express").Router();
function build(target) {
  const cmd = ["make", target].join(" ");
  return shell.exec(cmd); //~ command-injection
}
router.post("/build", (req, res) => { build(req.body.target); res.end(); });
module.exports = router;"#,
        ),
        Case::bad(
            "a.ts",
            r#"import Koa from "koa";
import * as cp from "child_process";
const app = new Koa();
app.use(async (ctx) => {
  cp.exec(`nslookup ${ctx.query.host}`); //~ command-injection
});"#,
        ),
        Case::bad(
            "a.ts",
            r#"import { execa, execaCommand } from "execa";
import Fastify from "fastify";
const app = Fastify();
app.post("/x", async (request) => {
  await execaCommand(`tar xf ${request.body.file}`); //~ command-injection
});"#,
        ),
        Case::bad(
            "a.js",
            r#"const { exec: run } = require("child_process");
run("echo " + process.argv[2]); //~ command-injection"#,
        ),
        Case::bad(
            "a.ts",
            r#"import { Server } from "socket.io";
import { exec } from "child_process";
const io = new Server();
io.on("connection", (socket) => {
  socket.on("run", (job) => {
    exec("job " + job.name); //~ command-injection
  });
});"#,
        ),
        Case::bad(
            "a.ts",
            r#"import express from "express";
import { exec, execFile, spawn } from "node:child_process";
const app = express();
app.get("/x", async (req, res) => {
  const opts = { shell: "/bin/bash" };
  spawn("grep", ["-r", String(req.query.q)], opts); //~ command-injection
});"#,
        ),
        Case::bad(
            "a.ts",
            r#"import express from "express";
import { exec, execFile, spawn } from "node:child_process";
const app = express();
app.get("/x", async (req, res) => {
  const file = req.query.file ?? "a.txt";
  const cmd = "wc -l ".concat(file);
  exec(cmd); //~ command-injection
});"#,
        ),
        Case::bad(
            "a.ts",
            r#"export const handler = async (event, context) => {
  const { exec } = await import("child_process");
  exec(`resize ${event.queryStringParameters.size}`); //~ command-injection
  return { statusCode: 200 };
};"#,
        ),
        Case::good(
            "a.ts",
            r#"import express from "express";
import { exec, execFile, spawn } from "node:child_process";
const app = express();
app.get("/x", async (req, res) => {
  execFile("ls", ["--", req.query.dir]);
});"#,
        ),
        Case::good(
            "a.ts",
            r#"import express from "express";
import { exec, execFile, spawn } from "node:child_process";
const app = express();
app.get("/x", async (req, res) => {
  spawn("convert", [req.query.file, "out.png"]);
});"#,
        ),
        Case::good(
            "a.ts",
            r#"import express from "express";
import { exec, execFile, spawn } from "node:child_process";
const app = express();
app.get("/x", async (req, res) => {
  spawn("git", ["log", "--", String(req.query.f)], { cwd: "/repo" });
});"#,
        ),
        Case::good(
            "a.ts",
            r#"import express from "express";
import { exec, execFile, spawn } from "node:child_process";
const app = express();
app.get("/x", async (req, res) => {
  exec("uptime", (e, out) => res.json({ out }));
});"#,
        ),
        Case::good(
            "a.ts",
            r#"import express from "express";
import { exec, execFile, spawn } from "node:child_process";
const app = express();
app.get("/x", async (req, res) => {
  const n = Number(req.query.n);
  exec(`head -n ${n} log.txt`);
});"#,
        ),
        Case::good(
            "a.ts",
            r#"import express from "express";
import { exec, execFile, spawn } from "node:child_process";
const app = express();
app.get("/x", async (req, res) => {
  const ALLOWED = new Set(["start", "stop"]);
  if (!ALLOWED.has(req.params.action)) return res.sendStatus(400);
  exec("service web " + req.params.action);
});"#,
        ),
        Case::good(
            "a.ts",
            r#"import express from "express";
import { exec, execFile, spawn } from "node:child_process";
const app = express();
app.get("/x", async (req, res) => {
  const { quote } = await import("shell-quote");
  exec(quote(["ls", req.query.dir]));
});"#,
        ),
        Case::good(
            "a.ts",
            r#"import { execa } from "execa";
export async function get(req, res) {
  await execa("ls", [req.query.dir]);
  await execa("ls", [req.query.dir], { shell: false });
}"#,
        ),
        Case::good(
            "a.js",
            r#"const re = /a(b)/;
exports.get = (req, res) => { const m = re.exec(req.query.q); res.json(m); };"#,
        ),
        Case::good(
            "a.ts",
            r#"import express from "express";
import { exec, execFile, spawn } from "node:child_process";
const app = express();
app.get("/x", async (req, res) => {
  const commands = { up: "docker up", down: "docker down" };
  exec(commands[req.query.c] || "true");
});"#,
        ),
        Case::good(
            "a.js",
            r#"const { execSync } = require("child_process");
execSync("npm run build", { stdio: "inherit" });
execSync(`git -C "${__dirname}" status`);"#,
        ),
        Case::good(
            "a.ts",
            r#"import express from "express";
import { exec, execFile, spawn } from "node:child_process";
const app = express();
app.get("/x", async (req, res) => {
  const level = req.query.level === "high" ? "-9" : "-1";
  exec("gzip " + level + " a.log");
});"#,
        ),
        Case::near_miss(
            "a.ts",
            r#"import express from "express";
import { exec, execFile, spawn } from "node:child_process";
const app = express();
app.get("/x", async (req, res) => {
  if (!/^[a-zA-Z0-9_-]+$/.test(req.query.name)) return res.sendStatus(400);
  exec("id " + req.query.name);
});"#,
        ),
        Case::near_miss(
            "a.ts",
            r#"import express from "express";
import { exec, execFile, spawn } from "node:child_process";
const app = express();
app.get("/x", async (req, res) => {
  db.exec("VACUUM");
  collection.find({ a: 1 }).exec();
  res.json(await User.findOne({ id: String(req.query.id) }).exec());
});"#,
        ),
        Case::near_miss(
            "a.ts",
            r#"import express from "express";
import { exec, execFile, spawn } from "node:child_process";
const app = express();
app.get("/x", async (req, res) => {
  spawn("node", ["worker.js", req.query.job]);
});"#,
        ),
        Case::near_miss(
            "a.ts",
            r#"import express from "express";
import { exec, execFile, spawn } from "node:child_process";
const app = express();
app.get("/x", async (req, res) => {
  let cmd = "ls " + req.query.dir;
  cmd = "ls";
  exec(cmd);
});"#,
        ),
        Case::near_miss(
            "a.ts",
            r#"import express from "express";
import { exec, execFile, spawn } from "node:child_process";
const app = express();
app.get("/x", async (req, res) => {
  const port = req.query.port;
  if (typeof port === "number") exec("fuser " + port);
});"#,
        ),
        Case::near_miss(
            "a.ts",
            r#"import express from "express";
import { exec, execFile, spawn } from "node:child_process";
const app = express();
app.get("/x", async (req, res) => {
  console.log(`exec(${req.query.x})`);
  const help = "run: exec " + req.query.x;
  res.json({ help });
});"#,
        ),
    ],
};
