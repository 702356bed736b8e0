use sidenote_grammars::{Family, Field, Kind};

use crate::findings::{Category, Condition, Confidence, Note, Severity};
use crate::rules::fulfilled::{is_only_fulfilled, is_only_resolved, never_rejects};
use crate::rules::shape::{operator, root_name};
use crate::rules::support::{args, bare, declares, ecma_path, enclosing_function, is_async, is_function, method};
use crate::rules::unawaited::{
    KEEPS, is_meant, is_waited_for_whole, may_be_one, only_begins, runs_a_program, starts_for_a_page, waits_on_a_page,
};
use crate::rules::{Case, Check, Cx, Docs, Rule};
use crate::syntax::Node;

pub static RULE: Rule = Rule {
    id: "floating-promise",
    summary: "nobody waits for a promise or sees its error",
    category: Category::Quality,
    severity: Severity::Medium,
    confidence: Confidence::Medium,
    cwe: &[755],
    families: &[Family::Ecma],
    default_on: true,
    in_tests: false,
    docs: Docs {
        what: "Finds calls whose promise is dropped: of an async function of the workspace, of one that says it returns a `Promise` and hands on \
               another call's, of an async method of the same file, of `fetch`, `axios` and `fs/promises`, of methods whose written type is a promise or \
               that are awaited elsewhere in the file, chains of `then` without a handler for errors, and pauses that nobody waits for (`sleep(100);`).",
        why: "A rejection becomes an unhandled one, which ends a Node process and is lost in a browser; and what comes next \
              runs before the work is done.",
        example: "async function save(user) { await db.write(user); }\nfunction onSubmit(user) {\n  save(user);\n  close();\n}",
        instead: "async function onSubmit(user) {\n  await save(user);\n  close();\n}",
        limits: "Methods of other files' classes are seen only where the file awaits them elsewhere. `void save()` says that it is \
                 meant and is silent; so are functions that catch everything themselves, and a script's start (`main()`) at the \
                 top level, where a rejection ends the process with its message. A promise that is kept as a property has \
                 somebody else who waits for it, and functions that are handed a callback for errors tell of them there. In parts of pages (components, hooks, folders \
                 such as `browser` and `ui`) what they start of their own is told only where it saves or sends something, and chains of \
                 `then` there and in other code for browsers of requests and what settles another promise. Examples, and programs \
                 that are started by name (`bin/`, `cli.js`), are left alone.",
        fix: "Inside an async function the suggested fix adds `await`.",
    },
    checks: &[Check::Nodes(&[Kind::ExpressionStatement], check)],
    cases: &[
        Case::bad(
            "a.js",
            "const { setTimeout: sleep } = require('timers/promises');\nasync function f(q) { while (q.on) { sleep(9); q.tick(); } } //~ floating-promise",
        ),
        Case::bad(
            "a.js",
            "const sleep = (ms) => new Promise((r) => setTimeout(r, ms));\nasync function f(q) { sleep(9); await q.tick(); } //~ floating-promise",
        ),
        Case::near_miss(
            "a.js",
            "function sleep(ms) { Atomics.wait(a, 0, 0, ms); }\nasync function f(q) { sleep(9); await q.tick(); }",
        ),
        Case::near_miss(
            "src/browser/link.ts",
            "export class Link { run() { this.link.handle(1); }\n async other() { await this.link.handle(2); } }",
        ),
        Case::bad(
            "src/node/link.ts",
            "export class Link { run() { this.link.handle(1); } //~ floating-promise\n async other() { await this.link.handle(2); } }",
        ),
        Case::near_miss(
            "public/a.js",
            "async function change(p) { await ask(p); }\nexport function pick(p) { change(p); }",
        ),
        Case::bad(
            "src/icon.ts",
            "export class Icon { draw(box: HTMLElement) { const promise = this.source.find(box); promise.then((i) => { this.paint(i); }); } } //~ floating-promise",
        ),
        Case::near_miss(
            "a.js",
            "const _ = require('./utils');\nexport function send(wait) { return new Promise((resolve, reject) => { _.promiseDelay(wait).then(() => reject('late')); }); }",
        ),
        Case::near_miss(
            "a.js",
            "export function run(receive, value) { if (value instanceof Promise) { value.then((v) => receive(v)); } else { receive(value); } }",
        ),
        Case::near_miss(
            "a.tsx",
            "export function Cover({ url }) { useEffect(() => { (async () => { const color = await getColor(url); setColor(color); })(); }, [url]); return null; }",
        ),
        Case::bad(
            "a.tsx",
            "export function Cover({ url }) { useEffect(() => { (async () => { await saveColor(url); })(); }, [url]); return null; } //~ floating-promise",
        ),
        Case::near_miss(
            "a.js",
            "class D { async update() { await ask(); }\n tick() {\n this.update(); // the promise returned here never fails so just ignore it\n } }",
        ),
        Case::near_miss(
            "a.js",
            "class C { async pair(o, cb) { cb(await go(o)); }\n on(o) { this.pair(o, o.callback); } }",
        ),
        Case::near_miss(
            "src/browser/tree.ts",
            "export class Tree { async open(n: N) { await load(n); }\n init() { this.model.onOpen((n) => { this.open(n); }); } }",
        ),
        Case::near_miss(
            "a.tsx",
            "function P() { const onMount = async () => { await channel.enter(); }; useEffect(() => { onMount(); }, []); return null; }",
        ),
        Case::bad(
            "src/browser/tree.ts",
            "export class Tree { async saveAll(n: N) { await write(n); }\n init() { this.model.onOpen((n) => { this.saveAll(n); }); } } //~ floating-promise",
        ),
        Case::near_miss(
            "src/browser/tree.ts",
            "export class Tree { async open(n: N) { await load(n); }\n async replace(n: N) { await edit(n); this.open(n); } }",
        ),
        Case::near_miss(
            "a.ts",
            "export class W { async stopWatcher(w: H) { await w.end(); }\n async refresh() { await load(); }\n dispose() { this.refresh(); }\n change(w: H) { this.stopWatcher(w); } }",
        ),
        Case::bad(
            "a.ts",
            "export class W { async refresh() { await load(); }\n change() { this.refresh(); } } //~ floating-promise",
        ),
        Case::near_miss(
            "a.ts",
            "export function help(m: M) { import('./help.js').then(() => exit(0)); m.warn('gone', OK).then((a) => { if (a === OK) { go(); } }); }",
        ),
        Case::near_miss(
            "a.js",
            "const { time } = require('log');\nasync function a() { await time.start('x', () => go()); }\nfunction b() { time.start('y'); }",
        ),
        Case::near_miss(
            "a.ts",
            "export function useProgress(ms: number) { const update = async () => { try { set(await ask()); } catch { /* not yet set up */ } }; const poll = async () => { await update(); await new Promise<void>((resolve) => setTimeout(resolve, ms)); poll(); }; poll(); }",
        ),
        Case::near_miss(
            "a.ts",
            "export class P { init() { const all = []; for (const p of this.providers) { all.push(p.ready.catch((e) => this.log(e))); } Promise.all(all).then(() => this.done()); this.queue.waitForUnlock().then(() => this.end()); } }",
        ),
        Case::near_miss(
            "a.ts",
            "export class C { async apply() { const [a, b] = await Promise.all([this.x.first().catch(() => []), this.x.second().catch(() => [])]); this.use(a, b); }\n start() { this.apply(); } }",
        ),
        Case::near_miss(
            "a.ts",
            "export class W { protected async focus(): Promise<void> { await this.refsAreSet.promise; this.input.focus(); }\n show() { this.focus(); cache[this.src].then(this.draw); } }",
        ),
        Case::near_miss(
            "a.ts",
            "export class W { protected init(): void { this.doInit(); }\n protected async doInit() { this.root = await this.server.root(); } }",
        ),
        Case::bad(
            "a.ts",
            "export class W { start(): void { this.doInit(); } //~ floating-promise\n protected async doInit() { this.root = await this.server.root(); } }",
        ),
        Case::near_miss(
            "a.ts",
            "export class F { load(image: I) { image.ready().then(() => { this.image = image; }); this.logger.error('x').then(() => this.reload()); } }",
        ),
        Case::near_miss(
            "a.js",
            "const db = require('./db');\nasync function a() { await db.runFor(1, 2); }\nfunction b(socket, t) { const f = () => { socket.join(t); }; db.runFor(t, f); }",
        ),
        Case::near_miss(
            "a.ts",
            "export class T { async load(t: X) { try { await this.source.load(t); } catch (e) { t.failed = true; } }\n async reload(t: X) { t.state = 1; await this.load(t); }\n async all(ts: X[]) { await Promise.all(ts.map((t) => this.reload(t))); }\n go(t: X) { this.reload(t); this.all([t]); this.load(t).then(() => this.next()); } }",
        ),
        Case::bad(
            "a.ts",
            "export class T { async load(t: X) { await this.source.load(t); }\n async reload(t: X) { t.state = 1; await this.load(t); }\n go(t: X) {\n  this.reload(t); //~ floating-promise\n } }",
        ),
        Case::near_miss(
            "a.ts",
            "async function end(w: W) { await w.stop().then(() => 'ok', (e) => e); }\nasync function again(n: N) { if (n) { await again(n.next); } }\nexport function f(w: W) { end(w); again(w.n); end(w).finally(() => done()); }",
        ),
        Case::bad(
            "a.ts",
            "async function end(w: W) { await w.stop().then((x) => x.y); }\nexport function f(w: W) { end(w); } //~ floating-promise",
        ),
        Case::near_miss(
            "a.js",
            "class F { go() { this.waitForFlags(['err']).then(([on]) => { if (on) { this.drain(); } });\n this.load().then((r) => { r.start(); }); // could handle failures with a .catch block here\n } }",
        ),
        Case::near_miss(
            "a.js",
            "if (on) { navigator.serviceWorker.register('./sw.js').then(load).then(render); } else { load().then(render); }",
        ),
        Case::near_miss(
            "a.js",
            "class D { async _safeBackgroundDestroy() { await this.drop(); }\n go() { this._safeBackgroundDestroy(); tryRead(this.x).then((b) => { this.b = b; }); } }",
        ),
        Case::near_miss(
            "a.js",
            "export class S { go() { (async () => { await this.listener('connect').once(); this.tell(); })(); Promise.all(this.cols.map((c) => customElements.whenDefined(c))).then(() => this.draw()); } }",
        ),
        Case::near_miss(
            "a.js",
            "export function pause(s) { new Promise((resolve) => setTimeout(resolve, 1000)).then(() => { s.go(); }); }",
        ),
        Case::near_miss(
            "a.js",
            "export function all(list, done) { Promise.all(list.map((x) => new Promise((resolve) => x.once('end', resolve)))).then(() => done()); Promise.all([new Promise((r) => io.read(r))]).then(done); }",
        ),
        Case::near_miss(
            "a.js",
            "export function all(list, done) { const signals = []; for (const x of list) { signals.push(new Promise((resolve) => x.move(resolve))); } Promise.all(signals).then(done); }",
        ),
        Case::bad(
            "a.js",
            "export function all(list, done) { const signals = []; for (const x of list) { signals.push(new Promise((resolve, reject) => x.move(resolve, reject))); } Promise.all(signals).then(done); } //~ floating-promise",
        ),
        Case::near_miss(
            "a.js",
            "async function facts(agent, callback) { callback(await load(agent)); }\nexport function go(a) { facts(a, (found) => send(found)); }",
        ),
        Case::bad(
            "a.js",
            "async function inside(db, work) { await db.begin(); await work(); }\nexport function go(db) { inside(db, async () => { await save(db); }); } //~ floating-promise",
        ),
        Case::near_miss(
            "a.js",
            "class P { async tellLater(e) { await Promise.resolve(); if (!this.gone) { this.dispatch(e); } }\n changed(e) { this.tellLater(e); } }",
        ),
        Case::bad(
            "a.js",
            "class P { async tellLater(e) { await Promise.resolve(e).then(store); this.dispatch(e); }\n changed(e) { this.tellLater(e); } } //~ floating-promise",
        ),
        Case::near_miss(
            "a.js",
            "export function f(tasks, resolve) { Promise.allSettled(tasks).then((all) => { resolve(all); }); }",
        ),
        Case::near_miss(
            "a.ts",
            "class R { async connect(resolve: A, reject: B, url: string) { await dial(url); resolve(); }\n go() { return new Promise((resolve, reject) => { this.connect(resolve, reject, 'x'); }); } }",
        ),
        Case::near_miss("a.ts", "class R { async close() { await this.socket.end(); }\n fail() { this.close(); } }"),
        Case::near_miss(
            "a.ts",
            "async function logMessage(e: E) { console.log(await serialize(e)); }\nexport function f(e: E) { logMessage(e); }",
        ),
        Case::bad(
            "a.ts",
            "async function logOut(u: U) { await session.end(u); }\nexport function f(u: U) { logOut(u); } //~ floating-promise",
        ),
        Case::near_miss(
            "a.ts",
            "export function f(onTerminate: Promise<void>, stop: S) { onTerminate.then(() => stop()); }",
        ),
        Case::near_miss(
            "a.ts",
            "export function f(c: C, w: W) { const active = new DeferredPromise<void>(); active.then(() => c.abort()); w.on('x', () => active.resolve()); }",
        ),
        Case::bad(
            "a.ts",
            "export function f(c: C, w: W) { const active = new DeferredPromise<void>(); active.then(() => c.abort()); w.on('x', () => active.reject(1)); } //~ floating-promise",
        ),
        Case::near_miss(
            "a.ts",
            "class S {\n  terminate(): Promise<void>;\n  terminate(done: Done): void;\n  async terminate(done?: Done): Promise<void> { await this.end(done); }\n  late() { this.terminate(() => { /* empty */ }); }\n}",
        ),
        Case::bad(
            "a.ts",
            "async function save(u) { await db.write(u); }\nexport function submit(u) {\n  save(u); //~ floating-promise\n  done();\n}",
        ),
        Case::bad("a.js", "export function ping() {\n  fetch('/ping'); //~ floating-promise\n}"),
        Case::bad("a.js", "function f(url) {\n  load(url).then((page) => show(page)); //~ floating-promise\n}"),
        Case::bad(
            "a.ts",
            "class Store {\n  async flush() { await this.disk.write(this.data); }\n  close() {\n    this.flush(); //~ floating-promise\n    this.open = false;\n  }\n}",
        ),
        Case::bad(
            "a.js",
            "const refresh = async () => { cache = await load(); };\nsetInterval(() => {\n  refresh(); //~ floating-promise\n}, 1000);",
        ),
        Case::bad(
            "a.js",
            "async function f() {\n  const send = async () => { await post(); };\n  send(); //~ floating-promise\n}",
        ),
        Case::bad(
            "a.js",
            "function f() {\n  fetch(url).then((r) => r.json()).finally(() => stop()); //~ floating-promise\n}",
        ),
        Case::bad(
            "a.ts",
            "function save(u: User): Promise<void> {\n  return db.write(u);\n}\nexport function submit(u: User) {\n  save(u); //~ floating-promise\n  done();\n}",
        ),
        Case::bad(
            "a.ts",
            "declare function notify(id: string): Promise<void>;\nexport function f() { notify('a'); } //~ floating-promise",
        ),
        Case::bad(
            "a.ts",
            "class Repo { async store(i: string) { await send(i); } }\nconst repo = new Repo();\nexport function f() { repo.store('a'); } //~ floating-promise",
        ),
        Case::bad(
            "a.ts",
            "class Repo { async store(i: string) { await send(i); } }\nexport class S { constructor(private repo: Repo) {}\n f() { this.repo.store('a'); } } //~ floating-promise",
        ),
        Case::bad("a.ts", "export function f() { (async () => { await load(); })(); } //~ floating-promise"),
        Case::bad(
            "a.ts",
            "export function f(ids: string[]) { Promise.all(ids.map((i) => send(i))); } //~ floating-promise",
        ),
        Case::good("a.ts", "export function f() { (async () => { try { await load(); } catch (e) { log(e); } })(); }"),
        Case::near_miss(
            "a.ts",
            "function save(u: User): Promise<void> {\n  return db.write(u).catch(report);\n}\nfunction none(): Promise<void> { return Promise.resolve(); }\nexport function submit(u: User) {\n  save(u);\n  none();\n}",
        ),
        Case::bad(
            "a.ts",
            "import { writeFile } from 'fs/promises';\nexport function save(x: string) {\n  writeFile('a', x); //~ floating-promise\n}",
        ),
        Case::bad(
            "a.js",
            "const fs = require('fs');\nfunction save(x) {\n  fs.promises.writeFile('a', x); //~ floating-promise\n}",
        ),
        Case::bad(
            "a.ts",
            "class S {\n  constructor(private orders: Repository<Order>) {}\n  close(o: Order) {\n    this.orders.save(o); //~ floating-promise\n  }\n}",
        ),
        Case::bad(
            "a.ts",
            "interface Mailer { send(to: string): Promise<void>; name(): string }\nclass S {\n  constructor(private mailer: Mailer) {}\n  tell(to: string) {\n    this.mailer.send(to); //~ floating-promise\n    this.mailer.name();\n  }\n}",
        ),
        Case::bad(
            "a.ts",
            "import { bus } from './bus';\nasync function a() { await bus.publish(1); }\nfunction b() {\n  bus.publish(2); //~ floating-promise\n}",
        ),
        Case::near_miss(
            "a.js",
            "import { log } from './log';\nasync function a() { await log.info(1); }\nfunction b() { log.info(2); }",
        ),
        Case::near_miss(
            "a.ts",
            "class S { constructor(private items: Map<string, Order>) {} close(o: Order) { this.items.delete(o.id); } }",
        ),
        Case::good(
            "a.ts",
            "async function save(u) { await db.write(u); }\nasync function submit(u) { await save(u); }",
        ),
        Case::good("a.js", "function f() { fetch('/x').then(show).catch(report); }"),
        Case::good("a.js", "function f() { void fetch('/x'); }"),
        Case::good("a.js", "function f() { return load().then(show); }"),
        Case::good("a.js", "function f() { load().then(show, report); }"),
        Case::good(
            "a.js",
            "async function save() { await db.write(); }\nfunction f() { const p = save(); jobs.push(save()); return p; }",
        ),
        Case::near_miss(
            "a.js",
            "async function save() { try { await db.write(); } catch (e) { log(e); } }\nfunction f() { save(); }",
        ),
        Case::near_miss("a.js", "async function main() { await run(); }\nmain();"),
        Case::near_miss("a.js", "async function save() { await db.write(); }\nfunction f(save) { save(); }"),
        Case::near_miss("a.js", "import fetch from './store';\nfunction f() { fetch('/x').run(); }"),
        Case::near_miss("a.js", "it('loads', () => { cy.get('a').then((x) => x.click()); });"),
        Case::near_miss(
            "a.ts",
            "class A { async run() { await 1; } }\nclass B { run() { return 1; } start() { this.run(); } }",
        ),
        Case::bad(
            "a.ts",
            "class S { async flush() { await write('x'); }\n close() { this.flush().finally(() => log('done')); } } //~ floating-promise",
        ),
        Case::bad(
            "a.ts",
            "async function audit(o: O) { await write(o); }\nexport function f(o: O, on: boolean) { on && audit(o); } //~ floating-promise",
        ),
        Case::bad(
            "a.ts",
            "async function audit(o: O) { await write(o); }\nexport function f(o: O, on: boolean) { on ? audit(o) : skip(); } //~ floating-promise",
        ),
        Case::near_miss(
            "a.js",
            "export function watch(worker, pending) { worker.exited.then(() => { pending.delete(worker); }); }",
        ),
        Case::near_miss(
            "a.js",
            "class T { async load(streams, cb) { await this.ready(); cb(null, streams); }\n start(s, cb) { this.load(s, cb); } }",
        ),
        Case::near_miss("a.js", "export function f(list) { list.finally(); }"),
        Case::bad(
            "a.ts",
            "export class A { get(key: string) { this.cache.get(key).then((r) => { this.show(r); }); } } //~ floating-promise",
        ),
        Case::bad(
            "a.js",
            "export function f(o) { Promise.resolve().then(async () => { await save(o); }); } //~ floating-promise",
        ),
        Case::near_miss("a.js", "export function f(view) { Promise.resolve().then(() => view.flush()); }"),
        Case::near_miss(
            "a.ts",
            "import { requestIdlePromise } from './idle';\nexport class B { go() { requestIdlePromise().then(() => { this.process(); }); sleep(10).then(() => this.next()); } }",
        ),
        Case::near_miss(
            "a.ts",
            "export const waitFor = (fn: F) => new Promise((resolve, reject) => {\n  const check = async () => { try { if (await fn()) { return resolve(true); } check(); } catch (e) { reject(e); } };\n  check();\n});",
        ),
        Case::bad(
            "a.ts",
            "export class B { go(page: Page) { waitForSelector('#x').then(() => this.next()); } } //~ floating-promise",
        ),
        Case::good("a.ts", "async function save() { await write('x'); }\nexport function go() { return save(); }"),
        Case::near_miss(
            "a.ts",
            "export function server(peers: P[]) { (async () => { while (!closed) { await promiseWait(5000); peers.forEach((p) => p.ping()); } })(); }",
        ),
        Case::near_miss(
            "a.ts",
            "export class P { async more(): Promise<void> { await get(this.x); }\n go() {\n  // don't await: the first page is shown at once\n  this.more();\n } }",
        ),
        Case::near_miss(
            "a.ts",
            "async function f(w: W) { const told = new Promise<void>((resolve) => { w.on('x', resolve); }); told.then(() => stop()); await told; }",
        ),
        Case::near_miss(
            "lib/a.js",
            "\"use strict\";\nObject.defineProperty(exports, \"__esModule\", { value: true });\nasync function save(u) { await db.write(u); }\nfunction go(u) { save(u); }",
        ),
        Case::near_miss(
            "a.js",
            "/**\n * @flow\n */\nasync function save(u) { await db.write(u); }\nexport function go(u) { save(u); }",
        ),
        Case::near_miss(
            "examples/a.js",
            "async function save(u) { await db.write(u); }\nexport function go(u) { save(u); }",
        ),
        Case::near_miss(
            "bin/run.js",
            "async function save(u) { await db.write(u); }\nexport function go(u) { save(u); }",
        ),
        Case::bad(
            "bin/run.js",
            "async function save(u) { await db.write(u); }\nexport function go(u) { try { save(u); } catch (e) { report(e); } } //~ floating-promise",
        ),
        Case::near_miss(
            "src/icon.ts",
            "export class Icon { draw() { const box = document.createElement('div'); this.source.load(box).then((i) => { this.paint(i); }); } }",
        ),
        Case::bad(
            "src/icon.ts",
            "export class Icon { draw(box: HTMLElement) { fetch(this.url).then((i) => { this.paint(i, box); }); } } //~ floating-promise",
        ),
        Case::bad(
            "src/icon.ts",
            "export class Icon { draw(box: HTMLElement) { return new Promise((resolve) => { this.source.load(box).then((i) => { resolve(i); }); }); } } //~ floating-promise",
        ),
        Case::near_miss(
            "a.js",
            "export function parse(t) { const parts = t.map(load); Promise.all(parts).then((p) => { t.parts = p; }); return Promise.all(parts.concat(t.rest)).then(() => t); }",
        ),
        Case::bad(
            "a.js",
            "export function parse(t) { const parts = t.map(load); Promise.all(parts).then((p) => { t.parts = p; }); return t; } //~ floating-promise",
        ),
        Case::near_miss(
            "a.js",
            "class P { init() { return new Promise((resolve) => { this.on('x', resolve); }); }\n load() { return this.state ? Promise.resolve() : this.init(); }\n go(done) { this.init().then(() => this.next()); this.load().then(done); } }",
        ),
        Case::bad(
            "a.js",
            "class P { init() { return new Promise((resolve, reject) => { this.on('x', resolve, reject); }); }\n go() { this.init().then(() => this.next()); } } //~ floating-promise",
        ),
        Case::near_miss(
            "a.ts",
            "class C { probe() { if (!this.asked) { this.asked = this.ask().then(() => true, () => false); } return this.asked; }\n go() { this.probe().then((ok) => { this.use(ok); }); } }",
        ),
        Case::near_miss(
            "a.js",
            "class B { async pipe(c) { const write = (p) => new Promise((resolve) => { p.write(c, () => { resolve(); }); }); await Promise.all(this.pipes.map(write)); }\n flush(c) { this.pipe(c); } }",
        ),
        Case::near_miss(
            "a.ts",
            "class W { async end(w: S) { await w.stop().then(() => 'ok', (e) => e).then((s) => this.say(s)); }\n fail(w: S) { this.end(w); } }",
        ),
        Case::near_miss(
            "a.ts",
            "export class C { private send(e: E): Promise<void> { return this.track(this.prepare(e).then((m) => this.queue(m)).catch((err) => log(err))); }\n alias(e: E): void { this.send(e); } }",
        ),
        Case::near_miss(
            "a.ts",
            "export class L { private ask(k: K): Promise<void> | undefined { if (!k) return; return this.observe(k); }\n load(k: K): void { this.ask(k); } }",
        ),
        Case::near_miss(
            "a.ts",
            "export class T { async reveal(n: N): Promise<void> { await open(n); }\n go(n: N) {\n  this.reveal(n); // this call can run asynchronously\n } }",
        ),
        Case::near_miss(
            "a.ts",
            "export class T { async clean(n: N): Promise<void> { await open(n); }\n go(n: N) {\n  // no `await`: we never wait for the cleanup\n  this.clean(n);\n } }",
        ),
        Case::near_miss(
            "a.ts",
            "export function wait(get: G) { const height = async () => { try { return await get(); } catch { return -1; } }; (async () => { let h = await height(); while (h < 9) { await sleep(1000); h = await height(); } done(); })(); }",
        ),
    ],
};

fn check<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    let Some(expression) = node.first_named().map(bare) else { return };
    // `wait && save()`, `ready ? save() : load()`
    let calls = match expression.kind() {
        Kind::CallExpression => vec![expression],
        Kind::BinaryExpression if matches!(operator(expression), "&&" | "||" | "??") => {
            expression.child(Field::Right).into_iter().map(bare).collect()
        }
        Kind::TernaryExpression => {
            let sides = [Field::Consequence, Field::Alternative];
            sides.iter().filter_map(|f| expression.child(*f)).map(bare).collect()
        }
        _ => return,
    };
    for call in calls.into_iter().filter(|c| c.kind() == Kind::CallExpression) {
        check_call(node, call, call == expression, cx);
    }
}

/// A call whose value nobody takes; `alone` where it is the whole statement.
fn check_call<'a>(node: Node<'a>, call: Node<'a>, alone: bool, cx: &mut Cx<'a>) {
    if cx.file.is_example || reports_by_callback(call, cx) || is_meant(node, cx) || only_tells(call, cx) {
        return;
    }
    if only_begins(node, call) || starts_for_a_page(call, cx) || ends_something(call, cx) || runs_a_program(call, cx) {
        return;
    }
    if waits_on_a_page(call, cx) || is_waited_for_whole(call) {
        return;
    }
    // What the block itself does not tell may be told by the rest of the file, or by the file that the function comes from.
    let (what, conditions) = match promise(call, cx) {
        Some(what) => (what, unless_settled(call, cx)),
        None if !alone => return,
        None => {
            let conditions: Vec<Condition> = imported(call, cx).into_iter().chain(shared(call, cx)).collect();
            let Some(callee) = call.child(Field::Function).map(bare).filter(|_| !conditions.is_empty()) else { return };
            (format!("The promise of `{}` is dropped", callee.text()), conditions)
        }
    };
    let message =
        format!("{what}: a rejection goes unhandled. Await it, return it, add `catch`, or say `void` if it is meant.");
    let mut note = Note::new(cx.rule, call.span(), message).only_if(conditions);
    if enclosing_function(node).is_some_and(|f| is_async(f) == Some(true)) {
        let mut at = call.span();
        at.end = at.start;
        note = note.suggestion("Await it", vec![(at, "await ".into())]);
    }
    cx.report(note);
}

/// The imported functions on which it hangs whether a promise can be rejected at all: that whose promise a chain begins with, or all
/// that a function of the file waits for.
fn unless_settled(call: Node<'_>, cx: &Cx<'_>) -> Vec<Condition> {
    let mut begins = call;
    while let Some((of, name)) = method(begins).filter(|(_, n)| matches!(n.text(), "then" | "finally")) {
        // What an async callback does may fail whatever came before.
        if name.text() == "then" && args(begins).any(|f| is_async(bare(f)) == Some(true)) {
            return Vec::new();
        }
        begins = bare(of);
    }
    let Some(callee) = begins.child(Field::Function).map(bare).filter(|_| begins.kind() == Kind::CallExpression) else {
        return Vec::new();
    };
    let name = match method(begins) {
        Some((of, m)) if of.kind() == Kind::This => format!("this.{}", m.text()),
        None if callee.kind() == Kind::Identifier && !declares(callee, callee.text()) => callee.text().to_owned(),
        _ => return Vec::new(),
    };
    let unsettled = |n: &str| Condition::Unsettled(n.into());
    if let Some(others) = cx.file.declared.rejecting_with_imports.get(&name) {
        return others.iter().map(|n| unsettled(n)).collect();
    }
    let imported = begins != call && cx.file.declared.imported.contains(&name);
    imported.then(|| unsettled(&name)).into_iter().collect()
}

/// Whether a function that is not an array's method takes a callback at its end which is handed the error, as those of Node do:
/// async or not, it tells of errors that way.
fn reports_by_callback(call: Node<'_>, cx: &Cx<'_>) -> bool {
    // Who is handed both ends of a promise settles it: `connect(resolve, reject)`.
    let ends = args(call).filter(|a| matches!(a.text(), "resolve" | "reject")).count();
    if ends == 2 {
        return true;
    }
    let Some(last) = args(call).last().map(bare).filter(|_| chain(call, cx).is_none()) else { return false };
    if is_function(last) {
        let first = crate::rules::shape::parameters(last).first().map_or("", |p| p.text());
        // Who is called back when it is done is told there, and nobody waits besides: `facts(agent, (found) => ..)`.
        let alone = args(call).count() > 1 && is_async(last) == Some(false);
        return alone || matches!(first, "err" | "error" | "_err" | "e");
    }
    // `message.callback` as well.
    let name = crate::rules::support::place_name(last);
    matches!(last.kind(), Kind::Identifier | Kind::MemberExpression)
        && name.is_some_and(|n| matches!(n.as_ref(), "cb" | "callback" | "done"))
}

/// Whether a function that cannot wait only ends something, or is itself the end of something: `this.stopWatcher()`, and all that
/// `dispose()` does.
fn ends_something(call: Node<'_>, cx: &Cx<'_>) -> bool {
    // `stopWatcher(w)`: a word more says what it is that ends.
    let ends = |name: &str| {
        let words = crate::rules::support::words(name.trim_start_matches(['#', '_']));
        words.len() > 1
            && words.first().is_some_and(|w| ENDS.contains(&w.as_str()) || ENDS_A_PART.contains(&w.as_str()))
    };
    let keeps = |name: &str| {
        crate::rules::support::words(name.trim_start_matches(['#', '_']))
            .first()
            .is_some_and(|w| KEEPS.contains(&w.as_str()) || w == "flush" || w == "sync")
    };
    let Some(function) = enclosing_function(call).filter(|f| is_async(*f) == Some(false)) else { return false };
    if chain(call, cx).is_some() {
        return false;
    }
    let around = function.child(Field::Name).map_or("", Node::text).trim_start_matches(['#', '_']);
    let last = matches!(
        around,
        "dispose"
            | "destroy"
            | "unmount"
            | "disconnectedCallback"
            | "componentWillUnmount"
            | "ngOnDestroy"
            | "beforeDestroy"
            | "beforeUnmount"
    );
    let name = call.child(Field::Function).map(bare).and_then(crate::rules::support::place_name);
    name.is_some_and(|n| (last || ends(&n)) && !keeps(&n))
}

/// Whether a call is made to tell somebody something, in a log or on a screen: `logMessage(event)`, `this.#printStart()`.
fn only_tells(call: Node<'_>, cx: &Cx<'_>) -> bool {
    let name = call.child(Field::Function).map(bare).and_then(crate::rules::support::place_name);
    let Some(name) = name.filter(|_| chain(call, cx).is_none()) else { return false };
    let words = crate::rules::support::words(name.trim_start_matches(['#', '_']));
    let tells = words.first().is_some_and(|w| matches!(w.as_str(), "log" | "print" | "trace" | "debug" | "warn"));
    tells && !words.get(1).is_some_and(|w| matches!(w.as_str(), "in" | "out" | "on" | "off" | "user"))
}

/// The imported function that is called, by its local name: another file has to say what it gives.
fn imported(call: Node<'_>, cx: &Cx<'_>) -> Option<Condition> {
    let callee = bare(call.child(Field::Function)?);
    let (root, name) = match callee.kind() {
        Kind::Identifier => (callee, callee.text().to_owned()),
        Kind::MemberExpression => {
            let object = bare(callee.child(Field::Object)?);
            (object, format!("{}.{}", object.text(), callee.child(Field::Property)?.text()))
        }
        _ => return None,
    };
    let is_import = root.kind() == Kind::Identifier && cx.file.imports.path(root.text()).is_some();
    (is_import && !declares(call, root.text()) && !starts_script(call, cx))
        .then(|| Condition::Rejecting(name.as_str().into()))
}

/// A method of an object of this file's class, or of an import, which is the same wherever it is named: awaited elsewhere it gives
/// a promise here.
fn shared(call: Node<'_>, cx: &Cx<'_>) -> Option<Condition> {
    let callee = bare(call.child(Field::Function)?);
    let (receiver, name) = method(call)?;
    let text = callee.text();
    let is_shared = text.starts_with("this.")
        || root_name(callee).is_some_and(|r| cx.file.imports.binds(r.text()) && !declares(call, r.text()));
    let calls_back = args(call).any(|a| is_function(bare(a)));
    // `db.runFor(tenant, f)` gives what the function gives that is handed over.
    let calls_back = calls_back
        || args(call)
            .map(bare)
            .filter(|a| a.kind() == Kind::Identifier)
            .any(|a| matches!(local_functions(a, a.text()).as_slice(), [only] if is_async(*only) == Some(false)));
    let tells = is_shared
        && !text.contains('(')
        && !calls_back
        && receiver.kind() != Kind::This
        && chain(call, cx).is_none()
        && !is_tidy(name.text());
    tells.then(|| Condition::Awaited(text.into()))
}

/// Why a call's value is a promise that may be rejected.
fn promise<'a>(call: Node<'a>, cx: &Cx<'a>) -> Option<String> {
    let callee = bare(call.child(Field::Function)?);
    if callee.kind() == Kind::Identifier {
        let name = callee.text();
        if name == "fetch" && !cx.is_bound(name) && !declares(call, name) {
            return Some("The promise of this `fetch` is dropped".into());
        }
        if cx.file.imports.path(name).is_some_and(|p| p.starts_with("fs/promises.")) && !declares(call, name) {
            return Some(format!("The promise of `{name}` is dropped"));
        }
        // A pause that nobody waits for is none, whether it can be rejected or not.
        let pauses = matches!(name, "sleep" | "delay" | "pause" | "wait")
            && (cx.file.imports.path(name) == Some("timers/promises.setTimeout")
                || cx.file.declared.is_promise(None, name)
                    && !cx.file.imports.path(name).is_some_and(|p| p.contains('.')));
        if pauses
            && local_functions(call, name).len() < 2
            && crate::rules::support::in_async(call)
            && args(call).count() == 1
        {
            return Some(format!("Nobody waits for `{name}`, and the code runs on at once"));
        }
        let here = cx.block.hir().functions.iter().any(|f| f.is_async && f.name.is_some_and(|n| n.as_str() == name));
        if !here && !cx.file.declared.async_functions.contains(name) {
            return None;
        }
        let local = local_functions(call, name);
        let floats = match local.as_slice() {
            [] => cx.file.declared.async_functions.contains(name) && !declares(call, name) && !starts_script(call, cx),
            [only] => cx.file.declared.may_reject(cx.open(*only)) && !starts_script(call, cx),
            _ => false,
        };
        return floats.then(|| format!("The promise of the async function `{name}` is dropped"));
    }
    // `(async () => { .. })()`, inside of a function: nobody sees what it throws.
    if is_function(callee) && is_async(callee) == Some(true) {
        let floats = cx.file.declared.may_reject(cx.open(callee))
            && awaits_something(cx.open(callee))
            && enclosing_function(call).is_some();
        return floats.then(|| "The promise of this async function is dropped".into());
    }
    let (receiver, name) = method(call)?;
    // `_safeBackgroundDestroy()` says that nobody waits.
    if crate::rules::support::words(name.text()).iter().any(|w| matches!(w.as_str(), "background" | "safe" | "safely"))
    {
        return None;
    }
    if receiver.text() == "Promise"
        && matches!(name.text(), "all" | "any" | "race")
        && !cx.is_bound("Promise")
        && !starts_script(call, cx)
    {
        return Some(format!("The promise of `Promise.{}` is dropped", name.text()));
    }
    if cx.file.declared.gives_promise(receiver, name.text()) && !starts_script(call, cx) {
        return Some(format!("The promise of `{}` is dropped", name.text()));
    }
    if let Some(known) = known_promise(call, receiver, name.text(), cx) {
        return Some(known);
    }
    if receiver.kind() == Kind::This {
        let name = name.text();
        // Nobody waits for what only ends something.
        let ends = is_tidy(name.trim_start_matches(['#', '_']));
        let dropped = cx.file.declared.async_methods.contains(name) && !ends;
        return dropped.then(|| format!("The promise of the async method `{name}` is dropped"));
    }
    chain(call, cx)
}

fn awaits_something(function: Node<'_>) -> bool {
    function.descendants_until(|n| n != function && is_function(n)).any(|n| n.kind() == Kind::AwaitExpression)
}

/// Types of libraries whose methods of these names give promises.
const PROMISING: &[(&str, &[&str])] = &[
    ("Repository<", &["save", "insert", "update", "delete", "remove", "softDelete", "upsert", "clear", "restore"]),
    ("EntityManager", &["save", "insert", "update", "delete", "remove", "transaction", "flush", "persistAndFlush"]),
    ("Model<", &["create", "insertMany", "bulkWrite"]),
    ("Redis", &["set", "del", "hset", "expire", "publish", "lpush", "rpush", "incr"]),
    ("MailerService", &["sendMail"]),
    ("Queue", &["add", "addBulk"]),
];

/// A method that is known to give a promise: by its library, or by a type written in the file.
fn known_promise(call: Node<'_>, receiver: Node<'_>, name: &str, cx: &Cx<'_>) -> Option<String> {
    let dropped = || Some(format!("The promise of `{name}` is dropped"));
    let callee = bare(call.child(Field::Function)?);
    if let Some(path) = ecma_path(callee, cx) {
        let hidden = root_name(callee).is_none_or(|r| declares(call, r.text()) && !cx.file.imports.binds(r.text()));
        let own_root = root_name(callee)
            .is_some_and(|r| cx.block.kind() != crate::blocks::BlockKind::Module && declares(call, r.text()));
        let files = path.starts_with("fs/promises.")
            || path.starts_with("fs.promises.")
            || path.starts_with("fs-extra.")
                && !name.ends_with("Sync")
                && args(call).last().is_none_or(|a| !is_function(bare(a)));
        let web = matches!(
            path.as_str(),
            "axios.get" | "axios.post" | "axios.put" | "axios.delete" | "axios.patch" | "axios.request"
        );
        if (files || web) && !hidden && !own_root && (files || cx.file.imports.binds("axios")) {
            return dropped();
        }
    }
    // Nodemailer's, and nobody else's.
    if name == "sendMail" && args(call).count() == 1 {
        return dropped();
    }
    let field = receiver.text().strip_prefix("this.")?;
    let written = cx.file.declared.fields.get(field)?.as_str();
    let library = PROMISING.iter().any(|(t, methods)| written.starts_with(t) && methods.contains(&name));
    let inline = written.starts_with('{') && written.contains(&format!("{name}(")) && written.contains("Promise<");
    let named = cx.file.declared.promising.contains(&format!("{written}.{name}"));
    if library || inline || named { dropped() } else { None }
}

/// Methods that end something, for which nobody waits.
const ENDS: &[&str] = &["close", "end", "destroy", "stop", "disconnect", "quit", "dispose", "kill"];

/// Words with which names begin that end a part of something: `cancelTimer`.
const ENDS_A_PART: &[&str] = &["unwatch", "cancel", "cleanup", "teardown", "abort", "unsubscribe", "unmount", "detach"];

/// Methods that tell somebody, for which nobody waits either.
const TELLS: &[&str] = &["log", "info", "warn", "error", "debug"];

fn is_tidy(method: &str) -> bool {
    ENDS.contains(&method) || TELLS.contains(&method)
}

/// A chain of `then` whose errors nobody handles.
fn chain(call: Node<'_>, cx: &Cx<'_>) -> Option<String> {
    let mut base = None;
    let (mut at, mut thens, mut ended, mut asynchronous, mut kept) = (call, 0, false, false, false);
    while let Some((receiver, name)) = method(at) {
        match name.text() {
            "catch" => return None,
            // It is never rejected: it tells of each what became of it.
            "allSettled" if receiver.text() == "Promise" && !asynchronous => return None,
            "then" => {
                thens += 1;
                if args(at).count() != 1 {
                    return None;
                }
                // A promise that is kept as a property is waited for by somebody else, who sees its errors: `worker.exited.then(..)`.
                kept = matches!(bare(receiver).kind(), Kind::MemberExpression | Kind::SubscriptExpression);
                asynchronous |= args(at).next().is_some_and(|f| is_async(bare(f)) == Some(true));
            }
            // Nothing but a promise has it, and it handles no error.
            "finally" if args(at).count() == 1 => ended |= bare(receiver).kind() == Kind::CallExpression,
            // Only links at the end of the chain tell that it is a promise.
            _ if thens == 0 && !ended => return None,
            _ => base = base.or(Some(at)),
        }
        at = bare(receiver);
        if at.kind() == Kind::AwaitExpression {
            return None;
        }
    }
    // A promise that stands for a moment that comes: `onTerminate.then(stop)`, or one that is only ever fulfilled.
    let signal = at.kind() == Kind::Identifier
        && at.text().strip_prefix("on").is_some_and(|r| r.starts_with(|c: char| c.is_ascii_uppercase()));
    if signal && !asynchronous || is_only_fulfilled(at) || is_only_resolved(at) || may_be_one(at) {
        return None;
    }
    // `new Promise((resolve) => setTimeout(resolve, 9))` and `Promise.all([..])` of such are only ever fulfilled.
    if thens > 0 && !asynchronous && never_rejects(base.unwrap_or(at)) {
        return None;
    }
    if thens + usize::from(ended) > 0 && !asynchronous && settles_itself(base.unwrap_or(at), cx) {
        return None;
    }
    // A moment that comes, and a line that is written: `image.ready().then(draw)`, `logger.error(e).then(reload)`.
    // A file of the program that is fetched when it is needed; somebody who is asked answers, or not.
    let asked = |m: &str| {
        matches!(m, "warn" | "info" | "confirm" | "alert" | "showMessage")
            || m.starts_with("show") && m.ends_with("Message")
    };
    let fetched = at.kind() == Kind::CallExpression && at.child(Field::Function).is_some_and(|f| f.text() == "import");
    if thens > 0 && !asynchronous && (fetched || method(base.unwrap_or(at)).is_some_and(|(_, m)| asked(m.text()))) {
        return None;
    }
    let moment = method(base.unwrap_or(at)).is_some_and(|(of, m)| {
        let logs =
            crate::rules::support::place_name(of).is_some_and(|n| matches!(n.as_ref(), "log" | "logger" | "console"));
        logs || matches!(m.text(), "ready" | "whenReady") && args(base.unwrap_or(at)).next().is_none()
    });
    if thens > 0 && !asynchronous && moment {
        return None;
    }
    // What only tries, by its name, hands on no error; the top level's is shown by itself.
    // So does the object's own waiting for a moment: `this.waitForFlags(..)`.
    let made = base.unwrap_or(at);
    let own = method(made).is_some_and(|(of, _)| of.kind() == Kind::This);
    let tries = at.text() == "resolved"
        || made.child(Field::Function).and_then(crate::rules::support::place_name).is_some_and(|n| {
            match crate::rules::support::words(&n).first().map(String::as_str) {
                Some("try") => true,
                Some("wait" | "when") => (own || waits_for_lock(made)) && !asynchronous,
                _ => false,
            }
        });
    if tries || thens > 0 && !asynchronous && starts_script(call, cx) {
        return None;
    }
    // Cypress and WebDriver queue commands; their `then` is no promise's.
    let root = at.child(Field::Function).map_or(at, bare).text();
    // Nothing fails while time passes: `sleep(9).then(draw)`.
    let passes = thens > 0 && !asynchronous && crate::rules::rejections::passes_time(base.unwrap_or(at));
    if passes {
        return None;
    }
    let queue = matches!(root, "cy" | "browser" | "$" | "$$" | "expect" | "client");
    // `Promise.resolve().then(f)` only has `f` run a moment later, like a timer.
    let moment =
        thens == 1 && at.text() == "Promise" && method(call).is_some_and(|(of, _)| of.text() == "Promise.resolve()");
    let what = if thens > 0 { "then" } else { "finally" };
    (thens > 0 && !queue && !(kept || moment) || thens > 0 && asynchronous && !queue || ended && thens == 0)
        .then(|| format!("No error handler follows this `{what}`"))
}

/// Whether a call is of an async function or method of the file that catches all that may fail.
fn settles_itself(call: Node<'_>, cx: &Cx<'_>) -> bool {
    let Some(callee) = call.child(Field::Function).map(bare) else { return false };
    let name = match method(call) {
        Some((of, m)) if of.kind() == Kind::This => format!("this.{}", m.text()),
        None if callee.kind() == Kind::Identifier && !declares(callee, callee.text()) => callee.text().to_owned(),
        _ => return false,
    };
    cx.file.declared.never_rejecting.contains(&name)
}

/// Whether a call of a field's method waits until a lock is free: `this.queue.waitForUnlock()`.
fn waits_for_lock(call: Node<'_>) -> bool {
    method(call).is_some_and(|(of, m)| {
        let words = crate::rules::support::words(m.text());
        of.text().starts_with("this.") && words.iter().any(|w| matches!(w.as_str(), "lock" | "unlock" | "idle"))
    })
}

/// The functions of that name which the block itself declares.
fn local_functions<'a>(anywhere: Node<'a>, name: &str) -> Vec<Node<'a>> {
    let mut found = Vec::new();
    for bound in anywhere.arena().named(name).filter(|b| b.field() == Field::Name) {
        match bound.parent().filter(|n| n.index() != 0) {
            Some(n) if n.kind() == Kind::FunctionDeclaration => found.push(n),
            Some(n) if n.kind() == Kind::VariableDeclarator => {
                found.extend(n.child(Field::Value).map(bare).filter(|v| is_function(*v)));
            }
            _ => {}
        }
    }
    found
}

/// Whether a call of the top level starts a script.
fn starts_script(call: Node<'_>, cx: &Cx<'_>) -> bool {
    let outside = enclosing_function(call).is_none() && cx.block.kind() == crate::blocks::BlockKind::Module;
    outside && !call.ancestors().any(|n| matches!(n.kind(), Kind::ForInStatement | Kind::ForStatement))
}
