//! Commands, code and templates: what a client sends reaches what libraries do with it.

use super::*;

#[test]
fn commands_of_libraries() {
    check(&[SinkKind::Command, SinkKind::Code, SinkKind::Template, SinkKind::ProgramOption, SinkKind::Path], CODE);
}

const CODE: &str = r#"
import cp, { exec, spawn, fork } from 'node:child_process';
import { exec as execP } from 'node:child_process';
import { promisify } from 'node:util';
import * as cpx from 'child-process-promise';
import shell from 'shelljs';
import { execa, execaCommand, execaSync, execaCommandSync, $ as execa$ } from 'execa';
import spawn2 from 'cross-spawn';
import pty from 'node-pty';
import { $, quote } from 'zx';
import 'zx/globals';
import nodeCmd from 'node-cmd';
import { Client } from 'ssh2';
import { NodeSSH } from 'node-ssh';
import simpleGit, { simpleGit as sg } from 'simple-git';
import Docker from 'dockerode';
import ffmpeg from 'fluent-ffmpeg';
import gm from 'gm';
import vm from 'node:vm';
import { Worker } from 'node:worker_threads';
import v8 from 'node:v8';
import { PythonShell } from 'python-shell';
import { VM, NodeVM } from 'vm2';
import ivm from 'isolated-vm';
import Koa from 'koa';
import repl from 'repl';
import inspector from 'inspector';
import cluster from 'cluster';
import nodemon from 'nodemon';
import tinyexec, { x } from 'tinyexec';
import crossEnv from 'cross-env';
import { globalShortcut } from 'electron';
import { exec as bunExec } from 'bun';
import open from 'open';
import opener from 'opener';
import os from 'os';
import which from 'which';
import ejs from 'ejs'; import pug from 'pug'; import Handlebars from 'handlebars'; import nunjucks from 'nunjucks'; import _ from 'lodash'; import us from 'underscore'; import doT from 'dot'; import * as eta from 'eta'; import { Eta } from 'eta'; import Mustache from 'mustache'; import { Liquid } from 'liquidjs'; import Sqrl from 'squirrelly'; import Twig from 'twig'; import hogan from 'hogan.js';
import jp from 'jsonpath'; import { JSONPath } from 'jsonpath-plus'; import { evaluate as meval, parse as mparse, compile as mcompile } from 'mathjs'; import safeEval from 'safe-eval'; import staticEval from 'static-eval'; import { Parser } from 'expr-eval'; import jexl from 'jexl'; import jsonata from 'jsonata'; import mvm from 'm'; import esprima from 'esprima'; import { runInNewContext, Script, SourceTextModule } from 'vm';
const app = new Koa();
const run = promisify(execP);
app.use(async (ctx: Koa.Context) => {
  const c = (ctx.request as any).body.c as string;
  const q = ctx.query.q as string;
  exec(c, { cwd: '/' }); //!
  exec('ls', { cwd: q });
  cp.execSync(`ls ${c}`); //!
  cp.spawnSync('sh', ['-c', c]); //!
  cp.execFileSync(c); //!
  spawn('cmd.exe', ['/c', 'dir ' + q]); //!
  spawn('cmd', ['/c', 'dir', q]); //!
  spawn('node', ['-e', c]); //!
  spawn('python', ['script.py', c]);
  spawn('ls', ['-l'], { shell: c }); //!
  fork(c); //!
  fork('x.js', [c]);
  fork('x.js', [], { execArgv: [c] }); //!
  await run(c); //!
  cpx.exec(c); //!
  shell.exec(c, { silent: true }); //!
  await execaCommand(c); //!
  execaCommandSync(`git log ${c}`); //!
  execaSync(c, ['x']); //!
  await execa('git', ['log', c]);
  await execa(`git log ${c}`, { shell: true }); //!
  await execa$`git log ${c}`;
  await $`git log ${c}`;
  $.quote = (s: string) => s;
  spawn2(c, []); //!
  pty.spawn(c, [], {}); //!
  const term = pty.spawn('bash', [], {});
  term.write(c); //!
  nodeCmd.run(c); //!
  const conn = new Client();
  conn.exec(c, () => {}); //!
  const ssh = new NodeSSH();
  await ssh.execCommand(`cat ${c}`); //!
  await ssh.exec('cat', [c]);
  await sg().raw(['log', c]);
  await sg().clone(c); //!
  await sg().clone(c, 'x', ['--upload-pack=' + q]); //!
  new Docker().createContainer({ Image: 'a', Cmd: ['sh', '-c', c] }); //!
  PythonShell.runString(c); //!
  await x('git', ['log', c]);
  await x(c); //!
  const ls = spawn('bash'); ls.stdin.write(c + '\n'); //!
  const p3 = spawn('cat'); p3.stdin.write(c);
  vm.runInContext(c, vm.createContext({})); //!
  vm.runInThisContext(`f(${q})`); //!
  new vm.Script(`x = ${q}`); //!
  vm.compileFunction(c); //!
  new SourceTextModule(c); //!
  runInNewContext(c); //!
  new Worker(c, { eval: true }); //!
  new Worker(`./workers/${q}.js`); //!
  new Worker('./w.js', { workerData: c });
  v8.setFlagsFromString(c); //!
  new VM().run(c); //!
  new NodeVM().run('x');
  const iso = new ivm.Isolate(); iso.compileScriptSync(c);
  const AsyncFunction = Object.getPrototypeOf(async function () {}).constructor;
  await new AsyncFunction('x', c)(1); //!
  [1].map(eval(c)); //!
  (0, eval)(c); //!
  globalThis.eval(c); //!
  Function(c)(); //!
  Reflect.construct(Function, [c]); //!
  setInterval(c, 1); //!
  setTimeout(`f('${q}')`, 1); //!
  setImmediate(() => c);
  (module as any)._compile(c, 'x'); //!
  jp.query({}, `$..[?(@.name=="${q}")]`); //!
  JSONPath({ path: `$..[?(@.name=="${q}")]`, json: {} }); //!
  safeEval(c); //!
  ejs.render(c); //!
  await ejs.renderFile(c); //!
  await ejs.renderFile('a.ejs', { name: q });
  await ejs.renderFile('a.ejs', ctx.request.body as any); //!
  ejs.compile('x <%= y %>')({ y: q });
  pug.render(c); pug.compileFile(c); //!
  pug.renderFile(c); //!
  pug.compile(`p ${q}`); //!
  pug.compileClient(c); //!
  pug.render('p= x', { x: q });
  Handlebars.compile(c); //!
  Handlebars.precompile(c); //!
  Handlebars.registerPartial('x', c); //!
  nunjucks.renderString(c, {}); //!
  nunjucks.compile(c); //!
  nunjucks.render('a.html', { q });
  nunjucks.render(c); //!
  new nunjucks.Environment().renderString(c, {}); //!
  _.template(c); //!
  us.template(c); //!
  doT.template(c); //!
  eta.renderString(c, {}); //!
  new Eta().renderString(c, {}); //!
  new Liquid().parseAndRenderSync(c); //!
  Sqrl.render(c, {}); //!
  Twig.twig({ data: c }); //!
  hogan.compile(c); //!
  new Parser().evaluate(c);
  repl.start({}).context;
  cluster.setupPrimary({ exec: c }); //!
  process.dlopen(module, c); //!
  os.setPriority(1);
});
"#;
