use sidenote_grammars::{Family, Kind};

use crate::findings::{Category, Confidence, Severity};
use crate::rules::rust_sql::shell_parameter;
use crate::rules::{Case, Check, Cx, Docs, Rule};
use crate::semantics::flow::kinds::SinkKind;
use crate::syntax::Node;

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
            "`{sink}` hands {source} to a shell as part of a command: a blank or a quote in it splits that, `;` and `$()` run others. Use `execFile` with an argument array.",
        ),
        Check::Flow(
            &[SinkKind::ProgramOption],
            "{source} decides what `{sink}` runs: `--upload-pack` and its kin make it run others, and what is opened runs with the program that belongs to it. Refuse what begins with `-` or is no `https:` address.",
        ),
        Check::Nodes(&[Kind::CallExpression], rust),
    ],
    cases: &[
        Case::bad(
            "a.js",
            r#"var exec = require('child_process').exec;
var template = 'pico2wave -l "{{lang}}" -w out.wav';
exports.kill = function (pid, done) { exec(['kill', '-9', pid].join(' '), done); }; //~ command-injection
exports.say = function (lang, done) { exec(template.replace('{{lang}}', lang), done); }; //~ command-injection
exports.log = function (ref) {
  var args = ['git', 'log'];
  args.push(ref);
  exec(args.join(' ')); //~ command-injection
};"#,
        ),
        Case::bad(
            "a.js",
            r#"const { execSync } = require('child_process');
function Repo(dir) { this.dir = dir; }
Repo.prototype.show = function (name) { return execSync('git show "' + name + '"'); }; //~ command-injection
module.exports = { Repo };"#,
        ),
        Case::bad(
            "a.js",
            r#"const { exec } = require('child_process');
const windows = process.platform === 'win32';
exports.remove = function (from, callback) {
  let cmd = '';
  if (windows) cmd = 'rd /s /q "' + from + '"';
  else cmd = 'rm -rf ' + from.replace(/ /g, '\\ ');
  exec(cmd, (error) => callback(error)); //~ command-injection
};"#,
        ),
        Case::bad(
            "b.js",
            r#"const { execSync } = require('child_process');
const cli = process.env.NM_CLI || 'nmcli';
module.exports = {
  connect(device) {
    return execSync(cli + ' d connect ' + device); //~ command-injection
  },
};"#,
        ),
        Case::near_miss(
            "d.js",
            r#"const { execSync } = require('child_process');
exports.version = (tool) => execSync(tool + ' --version').toString();"#,
        ),
        Case::near_miss(
            "a.js",
            r#"const { exec, execSync } = require('child_process');
exports.run = (command) => execSync(command);
exports.all = (commands) => exec(commands.join(' && '));
exports.clean = (command) => exec(command.replace(/\s+/g, ' '));
exports.list = (words) => execSync(words.join(' '));
exports.port = (port) => execSync('lsof -i tcp:' + Number(port));"#,
        ),
        Case::bad(
            "a.ts",
            r#"import express from "express";
import { execSync } from "node:child_process";
const app = express();
app.get("/x", (req, res) => {
  const settings = new Map([["tool", String(req.query.tool)], ["mode", "fast"]]);
  execSync("run --mode " + settings.get("mode"));
  execSync(settings.get("tool")!); //~ command-injection
  res.end();
});"#,
        ),
        Case::bad(
            "a.rs",
            "use std::process::Command;\nfn git(branch: &str) -> io::Result<Output> { Command::new(\"sh\").args([\"-c\", &format!(\"git checkout {branch}\")]).output() } //~ command-injection",
        ),
        Case::bad(
            "a.rs",
            "use std::process::Command;\nfn add(user: &str) { let line = format!(\"useradd {}\", user); Command::new(\"/bin/bash\").arg(\"-c\").arg(&line).status().ok(); } //~ command-injection",
        ),
        Case::good(
            "a.rs",
            "use std::process::Command;\nfn add(id: u32) { Command::new(\"sh\").arg(\"-c\").arg(format!(\"kill {id}\")).status().ok(); }",
        ),
        Case::good(
            "a.rs",
            "use std::process::Command;\nfn git(branch: &str) { Command::new(\"git\").args([\"checkout\", &format!(\"refs/{branch}\")]).status().ok(); }",
        ),
        Case::good(
            "a.ts",
            r#"import express from "express";
import { execFileSync } from "node:child_process";
const app = express();
app.get("/x", (req, res) => {
  res.json(execFileSync("sh", ["-c", 'echo "$1"', "--", String(req.query.id)]));
});"#,
        ),
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
        Case::bad(
            "a.rs",
            "use std::env;\nuse std::io::{self};\nuse std::process::Command;\nfn env_args() {\n    let host = env::args().nth(1).expect(\"host\");\n    let out = Command::new(\"sh\").arg(\"-c\").arg(format!(\"ping -c1 {host}\")).output().unwrap(); //~ command-injection\n    io::stdout().write_all(&out.stdout).unwrap();\n}",
        ),
        Case::bad(
            "a.rs",
            "use std::env;\nuse std::process::Command;\nfn skip_next() -> Result<(), &'static str> {\n    let mut args = env::args().skip(1);\n    let Some(cmd) = args.next() else { return Err(\"no command\") };\n    Command::new(cmd).spawn().map_err(|_| \"spawn\")?; //~ command-injection\n    Ok(())\n}",
        ),
        Case::bad(
            "a.rs",
            "use std::io::{self};\nuse std::process::{Command, Stdio};\nfn stdin_lines() {\n    for line in io::stdin().lock().lines() {\n        let line = line.unwrap();\n        let _ = Command::new(\"sh\")\n            .arg(\"-c\")\n            .arg(&line) //~ command-injection\n            .stdout(Stdio::piped())\n            .spawn();\n    }\n}",
        ),
        Case::bad(
            "a.rs",
            "use axum::{extract::{Path, Query, State, Json}, routing::{get, post}, Router, response::IntoResponse, http::{StatusCode, HeaderMap}};\nuse tokio::process::Command;\n#[derive(Deserialize)]\nstruct Params { host: String, count: Option<u32>, name: Option<String> }\nasync fn ping(Query(p): Query<Params>) -> impl IntoResponse {\n    let output = Command::new(\"sh\").arg(\"-c\").arg(format!(\"ping -c {} {}\", p.count.unwrap_or(1), p.host)).output().await; //~ command-injection\n    match output { Ok(o) => String::from_utf8_lossy(&o.stdout).into_owned(), Err(e) => e.to_string() }\n}",
        ),
        Case::bad(
            "a.rs",
            "use axum::{extract::{Path, Query, State, Json}, routing::{get, post}, Router, response::IntoResponse, http::{StatusCode, HeaderMap}};\nuse tokio::process::Command;\nasync fn json(Json(body): Json<serde_json::Value>) -> String {\n    let c = body[\"command\"].as_str().unwrap_or_default();\n    if let Ok(mut child) = std::process::Command::new(\"sh\").arg(\"-c\").arg(c).spawn() { //~ command-injection\n        let _ = child.wait();\n    }\n    String::new()\n}",
        ),
        Case::bad(
            "a.rs",
            "use actix_web::{get, web, HttpResponse, Responder};\nuse std::process::Command;\n#[derive(Deserialize)]\npub struct Info { pub file: String, lines: usize }\n#[get(\"/tail\")]\nasync fn tail(info: web::Query<Info>) -> impl Responder {\n    let cmd = format!(\"tail -n {} {}\", info.lines, info.file);\n    let out = Command::new(\"sh\").arg(\"-c\").arg(&cmd).output().expect(\"failed\"); //~ command-injection\n    HttpResponse::Ok().body(out.stdout)\n}",
        ),
        Case::bad(
            "a.rs",
            "use actix_web::{get, web, HttpResponse};\nuse std::process::Command;\n#[get(\"/run/{tool}/{arg}\")]\nasync fn run(path: web::Path<(String, String)>) -> HttpResponse {\n    let (tool, arg) = path.into_inner();\n    let child = Command::new(tool).arg(arg).spawn(); //~ command-injection\n    HttpResponse::Ok().finish()\n}",
        ),
        Case::bad(
            "a.rs",
            "use actix_web::{web, HttpResponse};\nuse std::process::Command;\nasync fn bytes(body: web::Bytes) -> HttpResponse {\n    let text = std::str::from_utf8(&body).unwrap();\n    Command::new(\"sh\").arg(\"-c\").arg(text).status().unwrap(); //~ command-injection\n    HttpResponse::Ok().finish()\n}",
        ),
        Case::bad(
            "a.rs",
            "use std::process::Command;\n#[derive(FromForm)]\nstruct Task { name: String, priority: u8 }\n#[post(\"/task\", data = \"<task>\")]\nfn task(task: Form<Task>) -> String {\n    Command::new(\"sh\").arg(\"-c\").arg(&format!(\"run-task {}\", task.name)).spawn().unwrap(); //~ command-injection\n    \"ok\".to_string()\n}",
        ),
        Case::bad(
            "a.rs",
            "use std::process::Command;\nasync fn tide_main() -> tide::Result<()> {\n    let mut app = tide::new();\n    app.at(\"/run/:cmd\").get(|req: tide::Request<()>| async move {\n        let cmd = req.param(\"cmd\")?;\n        let out = Command::new(\"sh\").arg(\"-c\").arg(cmd).output()?; //~ command-injection\n        Ok(String::from_utf8_lossy(&out.stdout).to_string())\n    });\n    app.at(\"/post\").post(|mut req: tide::Request<()>| async move {\n        let body = req.body_string().await?;\n        Command::new(\"sh\").args([\"-c\", body.as_str()]).spawn()?; //~ command-injection\n        Ok(\"done\")\n    });\n    app.listen(\"127.0.0.1:8080\").await?;\n    Ok(())\n}",
        ),
        Case::bad(
            "a.rs",
            "use std::process::Command;\n#[poem::handler]\nasync fn poem_req(req: &poem::Request) -> String {\n    let c = req.header(\"x-cmd\").unwrap_or(\"\");\n    Command::new(\"sh\").arg(\"-c\").arg(c).output().unwrap(); //~ command-injection\n    String::new()\n}",
        ),
        Case::bad(
            "a.rs",
            "use std::process::Command;\n#[derive(Parser)]\nstruct Cli { #[command(subcommand)] cmd: Cmd, #[arg(short)] shell_cmd: String, #[arg(long, default_value_t = 4)] jobs: usize }\n#[derive(Subcommand)]\nenum Cmd { Run { script: String }, List }\nfn main() {\n    let cli = Cli::parse();\n    match cli.cmd {\n        Cmd::Run { script } => { Command::new(\"sh\").arg(\"-c\").arg(script).status().unwrap(); } //~ command-injection\n        Cmd::List => {}\n    }\n    Command::new(\"sh\").arg(\"-c\").arg(cli.shell_cmd).status().unwrap(); //~ command-injection\n    Command::new(\"sh\").arg(\"-c\").arg(format!(\"make -j{}\", cli.jobs)).status().unwrap();\n}",
        ),
        Case::bad(
            "a.rs",
            "use std::process::Command;\nasync fn tokio_socket() -> std::io::Result<()> {\n    use tokio::io::{AsyncBufReadExt, BufReader};\n    let l = tokio::net::TcpListener::bind(\"0.0.0.0:99\").await?;\n    loop {\n        let (sock, _) = l.accept().await?;\n        tokio::spawn(async move {\n            let mut lines = BufReader::new(sock).lines();\n            while let Ok(Some(line)) = lines.next_line().await {\n                Command::new(\"sh\").arg(\"-c\").arg(&line).status().unwrap(); //~ command-injection\n            }\n        });\n    }\n}",
        ),
        Case::bad(
            "a.rs",
            "use std::process::Command;\nfn from_file() {\n    let cmd = std::fs::read_to_string(\"cmd.txt\").unwrap();\n    Command::new(\"sh\").arg(\"-c\").arg(cmd.trim()).status().unwrap(); //~ command-injection\n}",
        ),
        Case::good(
            "a.rs",
            "use std::env;\nuse std::process::Command;\nfn fixed() {\n    let host = env::args().nth(1).unwrap();\n    let out = Command::new(\"ping\").arg(\"-c\").arg(\"1\").arg(&host).output().unwrap();\n    println!(\"{}\", out.status);\n}",
        ),
        Case::good(
            "a.rs",
            "use std::process::Command;\nfn constant() {\n    let n = 5;\n    Command::new(\"sh\").arg(\"-c\").arg(format!(\"sleep {n}\")).status().unwrap();\n}",
        ),
        Case::good(
            "a.rs",
            "use std::env;\nuse std::process::Command;\nfn parsed() {\n    let n: u32 = env::args().nth(1).unwrap().parse().unwrap();\n    Command::new(\"sh\").arg(\"-c\").arg(format!(\"sleep {n}\")).status().unwrap();\n}",
        ),
        Case::good(
            "a.rs",
            "use std::env;\nuse std::process::Command;\nfn allow() {\n    let tool = env::args().nth(1).unwrap();\n    let program = match tool.as_str() { \"ls\" => \"ls\", \"ps\" => \"ps\", _ => return };\n    Command::new(program).status().unwrap();\n}",
        ),
        Case::good(
            "a.rs",
            "use std::env;\nuse std::process::Command;\nfn quoted() {\n    let f = env::args().nth(1).unwrap();\n    let safe = shell_escape::escape(f.into());\n    Command::new(\"sh\").arg(\"-c\").arg(format!(\"cat {safe}\")).status().unwrap();\n}",
        ),
        Case::good(
            "a.rs",
            "use std::env;\nuse std::process::Command;\nfn alnum() {\n    let f = env::args().nth(1).unwrap();\n    if f.chars().all(|c| c.is_ascii_alphanumeric()) {\n        Command::new(\"sh\").arg(\"-c\").arg(format!(\"id {f}\")).status().unwrap();\n    }\n}",
        ),
        Case::good(
            "a.rs",
            "use std::env;\nuse std::process::Command;\nfn positional() {\n    let f = env::args().nth(1).unwrap();\n    Command::new(\"sh\").arg(\"-c\").arg(\"cat \\\"$1\\\"\").arg(\"sh\").arg(f).status().unwrap();\n}",
        ),
        Case::good(
            "a.rs",
            "use std::env;\nuse std::process::Command;\nfn own_exe() {\n    let exe = env::current_exe().unwrap();\n    Command::new(exe).args(env::args().skip(1)).spawn().unwrap();\n}",
        ),
        Case::good(
            "a.rs",
            "use axum::{extract::{Path, Query, State, Json}, routing::{get, post}, Router, response::IntoResponse, http::{StatusCode, HeaderMap}};\nasync fn path_param(Path(name): Path<String>) -> String {\n    let script = String::from(\"docker logs \") + &name;\n    run_shell(&script).await\n}",
        ),
        Case::good(
            "a.rs",
            "use axum::{extract::{Path, Query, State, Json}, routing::{get, post}, Router, response::IntoResponse, http::{StatusCode, HeaderMap}};\nuse tokio::process::Command;\n#[derive(Deserialize)]\nstruct Params { host: String, count: Option<u32>, name: Option<String> }\nasync fn numbers(Query(p): Query<Params>) -> String {\n    Command::new(\"sh\").arg(\"-c\").arg(format!(\"sleep {}\", p.count.unwrap_or(3))).status().await.unwrap();\n    String::new()\n}",
        ),
        Case::good(
            "a.rs",
            "use axum::{extract::{Path, Query, State, Json}, routing::{get, post}, Router, response::IntoResponse, http::{StatusCode, HeaderMap}};\nuse tokio::process::Command;\n#[derive(Deserialize)]\nstruct Params { host: String, count: Option<u32>, name: Option<String> }\nasync fn argv(Query(p): Query<Params>) -> String {\n    let out = Command::new(\"git\").args([\"log\", \"--\", &p.host]).output().await.unwrap();\n    String::from_utf8_lossy(&out.stdout).into_owned()\n}",
        ),
        Case::good(
            "a.rs",
            "use axum::{extract::{Path, Query, State, Json}, routing::{get, post}, Router, response::IntoResponse, http::{StatusCode, HeaderMap}};\nuse tokio::process::Command;\n#[derive(Clone)]\nstruct App { hook: String }\nasync fn state_cmd(State(s): State<App>) -> String {\n    Command::new(\"sh\").arg(\"-c\").arg(&s.hook).status().await.unwrap();\n    String::new()\n}",
        ),
        Case::near_miss(
            "a.rs",
            "use axum::{extract::{Path, Query, State, Json}, routing::{get, post}, Router, response::IntoResponse, http::{StatusCode, HeaderMap}};\nfn app() -> Router { Router::new().route(\"/\", get(ping)).route(\"/j\", post(json)) }",
        ),
        Case::near_miss(
            "a.rs",
            "use std::process::Command;\nstruct Runner { shell: String }\nimpl Runner {\n    fn run(&self, script: &str) -> std::io::Result<std::process::Output> {\n        Command::new(&self.shell).arg(\"-c\").arg(script).output()\n    }\n}",
        ),
        Case::near_miss(
            "a.rs",
            "use std::process::Command;\n#[get(\"/n/<count>\")]\nfn n(count: u32) -> String {\n    Command::new(\"sh\").arg(\"-c\").arg(format!(\"sleep {count}\")).status().unwrap();\n    \"ok\".into()\n}",
        ),
        Case::near_miss(
            "a.rs",
            "use std::process::Command;\n#[get(\"/static\")]\nfn fixed() -> String {\n    let out = Command::new(\"sh\").arg(\"-c\").arg(\"uptime | head -1\").output().unwrap();\n    String::from_utf8_lossy(&out.stdout).into()\n}",
        ),
        Case::near_miss(
            "a.rs",
            "use std::process::Command;\nfn via_env() {\n    let hook = std::env::var(\"POST_HOOK\").unwrap_or_default();\n    Command::new(\"ls\").arg(&hook).status().unwrap();\n}",
        ),
        Case::near_miss(
            "a.rs",
            "struct Job { line: String }\nfn job() { let j = Job::new(std::env::args().nth(1).unwrap()); j.run(); }",
        ),
        Case::near_miss(
            "a.rs",
            "fn safe_duct() { let a = std::env::args().nth(1).unwrap(); duct::cmd!(\"ls\", \"-l\", a).run().unwrap(); }",
        ),
        Case::bad(
            "a.js",
            r#"const cp = require("child_process");
/** Adds a tag to the repository. */
module.exports.tag = function tag(name, done) {
  cp.exec("git tag " + name, done); //~ command-injection
};"#,
        ),
        Case::bad(
            "a.js",
            r#"const { execSync } = require("child_process");
const path = require("path");
execSync("rm -rf " + path.join(__dirname, "temp")); //~ command-injection"#,
        ),
        Case::bad(
            "a.js",
            r#"const { execFile } = require("child_process");
require("express")().post("/x", (req, res) => {
  execFile("git", ["clone", req.body.repository], () => res.end()); //~ command-injection
});"#,
        ),
        Case::bad(
            "a.js",
            r#"const { program } = require("commander");
const { exec } = require("child_process");
program.option("-b, --branch <name>").parse();
exec(`git checkout ${program.opts().branch}`); //~ command-injection"#,
        ),
        Case::good(
            "a.js",
            r#"const { exec } = require("child_process");
module.exports.run = (command, done) => exec(command, done);"#,
        ),
        Case::good(
            "a.js",
            r#"const { execFile } = require("child_process");
module.exports.tag = (name, done) => execFile("git", ["tag", "--", name], done);"#,
        ),
        Case::near_miss(
            "a.js",
            r#"const { fork, spawn } = require("child_process");
const path = require("path");
fork(path.join(__dirname, "worker.js"));
spawn(process.execPath, [require.resolve("./run.js")]);"#,
        ),
        Case::near_miss(
            "a.js",
            r#"const { execFile } = require("child_process");
require("express")().post("/x", (req, res) => {
  const url = req.body.repository;
  if (!url.startsWith("https://")) return res.sendStatus(400);
  execFile("git", ["clone", url], () => res.end());
});"#,
        ),
        Case::bad(
            "a.js",
            r#"const { exec } = require("child_process");
function commandFor(url) { return "git clone " + url + " copy"; }
exports.clone = (url, done) => exec(commandFor(url), done); //~ command-injection"#,
        ),
        Case::good(
            "a.js",
            "const { exec } = require('child_process');\nconst config = require('yargs').argv;\nif (config.launch) exec(config.launch.replace(/%U/g, 'http://localhost'));",
        ),
        Case::bad(
            "a.js",
            "const { exec } = require('child_process');\nconst config = require('yargs').argv;\nexec('open ' + config.address); //~ command-injection",
        ),
        Case::near_miss(
            "a.js",
            r#"const { exec } = require("child_process");
const express = require("express");
const quoted = (text) => "'" + text.replace(/'/g, "'\\''") + "'";
express().post("/ls", (req, res) => exec("ls " + quoted(req.body.folder), () => res.end()));"#,
        ),
        Case::bad(
            "a.js",
            r#"const { exec } = require("child_process");
const express = require("express");
const quoted = (text) => "'" + text.replace("'", "'\\''") + "'";
express().post("/ls", (req, res) => exec("ls " + quoted(req.body.folder), () => res.end())); //~ command-injection"#,
        ),
    ],
};

fn rust<'a>(call: Node<'a>, cx: &mut Cx<'a>) {
    if cx.arena().language().family == Family::Rust {
        shell_parameter(call, cx);
    }
}
