//! One turn of the data at a time, as people write them: each line is a handler of its own.

use super::*;

const HEAD: &str = "import express from 'express';\nimport { exec } from 'child_process';\nconst app = express();\n";

#[test]
fn values() {
    check(&[SinkKind::Command], &format!("{HEAD}{}", VALUES));
}

#[test]
fn functions() {
    check(&[SinkKind::Command], &format!("{HEAD}{}", FUNCTIONS));
}

#[test]
fn waits() {
    check(&[SinkKind::Command], &format!("{HEAD}{}", WAITS));
}

#[test]
fn guards() {
    check(&[SinkKind::Command], &format!("{HEAD}{}", GUARDS));
}

#[test]
fn members() {
    check(&[SinkKind::Command], &format!("{HEAD}{}", MEMBERS));
}

#[test]
fn classes() {
    check(&[SinkKind::Command], &format!("{HEAD}{}", CLASSES));
}

const VALUES: &str = r##"
app.post('/arr_index', (req, res) => { const a = [req.body.c, 'x']; exec(a[0]); }); //!
app.post('/arr_destruct', (req, res) => { const [x, y] = ['a', req.body.c]; exec(y); }); //!
app.post('/rest', (req, res) => { const { z, ...r } = req.body; exec(r.c); }); //!
app.post('/spread_obj', (req, res) => { const o = { ...req.body }; exec(o.c); }); //!
app.post('/spread_arr', (req, res) => { const o = [...req.body.list]; exec(o[0]); }); //!
app.post('/nested_default', (req, res) => { const { a: { b = 'x' } = {} } = req.body; exec(b); }); //!
app.post('/ternary', (req, res) => { const c = req.body.c ? req.body.c : 'ls'; exec(c); }); //!
app.post('/switch', (req, res) => { let c; switch (req.body.k) { case 'a': c = 'ls'; break; default: c = req.body.k; } exec(c); }); //!
app.post('/logical', (req, res) => { const c = req.body.c || 'ls'; exec(c); }); //!
app.post('/nullish', (req, res) => { const c = req.body.c ?? 'ls'; exec(c); }); //!
app.post('/comma', (req, res) => { const c = (0, req.body.c); exec(c); }); //!
app.post('/while', (req, res) => { let c = ''; let i = 0; while (i < 3) { c += req.body.c; i++; } exec(c); }); //!
app.post('/forof', (req, res) => { for (const c of req.body.list) { exec(c); } }); //!
app.post('/forin', (req, res) => { for (const k in req.body) { exec(k); } }); //!
app.post('/foreach', (req, res) => { req.body.list.forEach((c) => exec(c)); }); //!
app.post('/map_join', (req, res) => { exec(req.body.list.map((x) => x.trim()).join(' ')); }); //!
app.post('/reduce', (req, res) => { exec(req.body.list.reduce((a, b) => a + b, '')); }); //!
app.post('/filter', (req, res) => { exec(req.body.list.filter(Boolean)[0]); }); //!
app.post('/find', (req, res) => { exec(req.body.list.find((x) => x.length > 2)); }); //!
app.post('/flatmap', (req, res) => { exec(req.body.list.flatMap((x) => [x, x]).join('')); }); //!
app.post('/entries', (req, res) => { for (const [k, v] of Object.entries(req.body)) { exec(v); } }); //!
app.post('/values', (req, res) => { exec(Object.values(req.body).join(' ')); }); //!
app.post('/keys', (req, res) => { exec(Object.keys(req.body).join(' ')); }); //!
app.post('/assign', (req, res) => { const o = Object.assign({}, req.body); exec(o.c); }); //!
app.post('/fromentries', (req, res) => { const o = Object.fromEntries(Object.entries(req.body)); exec(o.c); }); //!
app.post('/json', (req, res) => { exec(JSON.parse(JSON.stringify(req.body)).c); }); //!
app.post('/json2', (req, res) => { exec(JSON.parse(req.body.text).c); }); //!
app.post('/clone', (req, res) => { exec(structuredClone(req.body).c); }); //!
app.post('/template', (req, res) => { exec(`ls ${req.body.c}`); }); //!
app.post('/concat', (req, res) => { exec('ls '.concat(req.body.c)); }); //!
app.post('/replace', (req, res) => { exec(req.body.c.replace('a', 'b')); }); //!
app.post('/split', (req, res) => { exec(req.body.c.split(' ')[0]); }); //!
app.post('/slice', (req, res) => { exec(req.body.c.slice(1)); }); //!
app.post('/buffer', (req, res) => { exec(Buffer.from(req.body.c).toString()); }); //!
app.post('/b64', (req, res) => { exec(Buffer.from(req.body.c, 'base64').toString('utf8')); }); //!
app.post('/decode', (req, res) => { exec(decodeURIComponent(req.body.c)); }); //!
app.post('/string', (req, res) => { exec(String(req.body.c)); }); //!
app.post('/catch', (req, res) => { try { throw new Error(req.body.c); } catch (e) { exec(e.message); } }); //!
app.post('/catch2', (req, res) => { try { throw req.body.c; } catch (e) { exec(e); } }); //!
app.post('/finally', (req, res) => { let c = 'ls'; try { c = req.body.c; } finally { exec(c); } }); //!
app.post('/computed', (req, res) => { const o = { ['a' + 1]: req.body.c }; exec(o['a1']); }); //!
app.post('/map', (req, res) => { const m = new Map(); m.set('a', req.body.c); exec(m.get('a')); }); //!
app.post('/map_iter', (req, res) => { const m = new Map([['a', req.body.c]]); for (const [k, v] of m) exec(v); }); //!
app.post('/set', (req, res) => { const s = new Set(); s.add(req.body.c); for (const x of s) exec(x); }); //!
app.post('/set_arr', (req, res) => { exec([...new Set(req.body.list)].join(' ')); }); //!
app.post('/weak', (req, res) => { const w = new WeakMap(); const k = {}; w.set(k, req.body.c); exec(w.get(k)); }); //!
app.post('/queue', (req, res) => { const q = []; q.push(req.body.c); exec(q.pop()); }); //!
app.post('/queue2', (req, res) => { const q = []; q.push(req.body.c); exec(q.shift()); }); //!
app.post('/splice', (req, res) => { const q = ['a']; q.splice(0, 1, req.body.c); exec(q[0]); }); //!
app.post('/unshift', (req, res) => { const q = ['a']; q.unshift(req.body.c); exec(q[0]); }); //!
app.post('/concatarr', (req, res) => { const q = ['a'].concat(req.body.list); exec(q.join(' ')); }); //!
app.post('/at', (req, res) => { exec([req.body.c].at(-1)); }); //!
app.post('/reverse', (req, res) => { exec([req.body.c, 'x'].reverse().join(' ')); }); //!
app.post('/header', (req, res) => { exec(req.headers['x-cmd']); }); //!
app.post('/cookie', (req, res) => { exec(req.cookies.c); }); //!
app.post('/params', (req, res) => { exec(req.params.c); }); //!
app.post('/query', (req, res) => { exec(req.query.c); }); //!
app.post('/get', (req, res) => { exec(req.get('x')); }); //!
app.post('/url', (req, res) => { exec(req.url); }); //!
app.post('/path', (req, res) => { exec(req.path); }); //!
app.post('/host', (req, res) => { exec(req.hostname); }); //!
app.post('/file', (req, res) => { exec('cat ' + req.file.originalname); }); //!
app.post('/label', (req, res) => { outer: for (;;) { const c = req.body.c; exec(c); break outer; } }); //!
app.post('/optional', (req, res) => { exec(req?.body?.c); }); //!
app.post('/nonnull', (req, res) => { exec(req.body!.c); }); //!
app.post('/cast', (req, res) => { exec(req.body.c as any as string); }); //!
app.post('/satisfies', (req, res) => { exec(req.body.c satisfies string); }); //!
app.post('/enum_like', (req, res) => { const K = { a: 1 }; const o = { 1: req.body.c }; exec(o[K.a]); }); //!
app.post('/destr_swap', (req, res) => { let a = 'ls', b = req.body.c; [a, b] = [b, a]; exec(a); }); //!
app.post('/chain', (req, res) => { let a, b; a = b = req.body.c; exec(a); }); //!
app.post('/opassign', (req, res) => { let a = 'ls '; a += req.body.c; exec(a); }); //!
app.post('/nullassign', (req, res) => { let a; a ??= req.body.c; exec(a); }); //!
app.post('/reflect', (req, res) => { exec(Reflect.get(req.body, 'c')); }); //!
app.post('/proxy', (req, res) => { const p = new Proxy(req.body, {}); exec(p.c); }); //!
app.post('/symbol', (req, res) => { const s = Symbol(); const o = { [s]: req.body.c }; exec(o[s]); }); //!
app.post('/util', (req, res) => { const util = require('util'); exec(util.format('ls %s', req.body.c)); }); //!
app.post('/pathjoin', (req, res) => { const path = require('path'); exec(path.join('/bin', req.body.c)); }); //!
"##;

const FUNCTIONS: &str = r##"
app.post('/tagged', (req, res) => { const tag = (s, ...v) => s[0] + v[0]; exec(tag`ls ${req.body.c}`); }); //!
app.post('/closure', (req, res) => { const f = () => req.body.c; exec(f()); }); //!
app.post('/closure2', (req, res) => { let c; const f = () => { c = req.body.c; }; f(); exec(c); }); //!
app.post('/hof', (req, res) => { const id = (f) => f(); exec(id(() => req.body.c)); }); //!
app.post('/curry', (req, res) => { const add = (a) => (b) => a + b; exec(add('ls ')(req.body.c)); }); //!
app.post('/bind', (req, res) => { const f = function (x) { exec(x); }; f.bind(null, req.body.c)(); }); //!
app.post('/call', (req, res) => { const f = function (x) { exec(x); }; f.call(null, req.body.c); }); //!
app.post('/apply', (req, res) => { const f = function (x) { exec(x); }; f.apply(null, [req.body.c]); }); //!
app.post('/spreadcall', (req, res) => { const f = (a, b) => exec(b); f(...['x', req.body.c]); }); //!
app.post('/args', (req, res) => { (function () { exec(arguments[0]); })(req.body.c); }); //!
app.post('/default_param', (req, res) => { const f = (x = req.body.c) => exec(x); f(); }); //!
app.post('/iife', (req, res) => { (() => { exec(req.body.c); })(); }); //!
app.post('/gen', (req, res) => { function* g() { yield req.body.c; } for (const c of g()) exec(c); }); //!
app.post('/gen2', (req, res) => { function* g() { yield req.body.c; } exec(g().next().value); }); //!
app.post('/gen3', (req, res) => { function* g() { yield* req.body.list; } exec([...g()].join(' ')); }); //!
app.post('/method', (req, res) => { const o = { run(x) { exec(x); } }; o.run(req.body.c); }); //!
app.post('/method_this', (req, res) => { const o = { c: req.body.c, run() { exec(this.c); } }; o.run(); }); //!
app.post('/method_store', (req, res) => { const o = { put(x) { this.c = x; }, run() { exec(this.c); } }; o.put(req.body.c); o.run(); }); //!
app.post('/local_fn', (req, res) => { function inner(x) { return 'ls ' + x; } exec(inner(req.body.c)); }); //!
app.post('/recursion', (req, res) => { function r(x, n) { return n === 0 ? x : r(x, n - 1); } exec(r(req.body.c, 3)); }); //!
"##;

const WAITS: &str = r##"
app.post('/promise', (req, res) => { Promise.resolve(req.body.c).then((c) => exec(c)); }); //!
app.post('/promise2', (req, res) => { new Promise((r) => r(req.body.c)).then((c) => exec(c)); }); //!
app.post('/promise_all', (req, res) => { Promise.all([Promise.resolve('a'), Promise.resolve(req.body.c)]).then(([a, b]) => exec(b)); }); //!
app.post('/async1', (req, res) => { (async () => { const c = await Promise.resolve(req.body.c); exec(c); })(); }); //!
app.post('/async2', (req, res) => { const f = async () => req.body.c; f().then((c) => exec(c)); }); //!
app.post('/async3', (req, res) => { (async () => { for await (const c of req) exec(String(c)); })(); }); //!
app.post('/settled', (req, res) => { Promise.allSettled([Promise.resolve(req.body.c)]).then((r) => exec(r[0].value)); }); //!
app.post('/stream', (req, res) => { req.on('data', (d) => exec(d.toString())); }); //!
app.post('/evt', (req, res) => { const { EventEmitter } = require('events'); const e = new EventEmitter(); e.on('x', (c) => exec(c)); e.emit('x', req.body.c); }); //!
app.post('/timeout', (req, res) => { setTimeout(() => exec(req.body.c), 1); }); //!
app.post('/timeout2', (req, res) => { setTimeout(exec, 1, req.body.c); }); //!
app.post('/nexttick', (req, res) => { process.nextTick(() => exec(req.body.c)); }); //!
app.post('/cb', (req, res) => { function load(cb) { cb(null, req.body.c); } load((e, c) => exec(c)); }); //!
"##;

const GUARDS: &str = r##"
app.post('/arr_index_ok', (req, res) => { const a = [req.body.c, 'x']; exec(a[1]); });
app.post('/arr_destruct_ok', (req, res) => { const [x, y] = ['a', req.body.c]; exec(x); });
app.post('/ternary_ok', (req, res) => { const c = req.body.c === 'a' ? 'ls' : 'pwd'; exec(c); });
app.post('/switch_ok', (req, res) => { let c; switch (req.body.k) { case 'a': c = 'ls'; break; default: c = 'pwd'; } exec(c); });
app.post('/b64_ok', (req, res) => { exec('echo ' + Buffer.from(req.body.c).toString('hex')); });
app.post('/number_ok', (req, res) => { exec('kill ' + Number(req.body.c)); });
app.post('/plus_ok', (req, res) => { exec('kill ' + +req.body.c); });
app.post('/len_ok', (req, res) => { exec('head -' + req.body.c.length); });
app.post('/bool_ok', (req, res) => { exec('x ' + (req.body.c === 'a')); });
app.post('/promise_all_ok', (req, res) => { Promise.all([Promise.resolve('a'), Promise.resolve(req.body.c)]).then(([a, b]) => exec(a)); });
app.post('/proto_ok', (req, res) => { const o = { a: 'ls', b: 'pwd' }; exec(o[req.body.k] ?? 'ls'); });
app.post('/map_ok', (req, res) => { const m = new Map(); m.set('a', req.body.c); m.set('b', 'ls'); exec(m.get('b')); });
app.post('/overwrite_ok', (req, res) => { let c = req.body.c; c = 'ls'; exec(c); });
app.post('/overwrite_prop_ok', (req, res) => { const o = { c: req.body.c }; o.c = 'ls'; exec(o.c); });
app.post('/delete_ok', (req, res) => { const o = { c: req.body.c }; delete o.c; exec(o.c || 'ls'); });
app.post('/guard_ok', (req, res) => { const c = req.body.c; if (!['ls', 'pwd'].includes(c)) return; exec(c); });
app.post('/guard_ok2', (req, res) => { const c = req.body.c; if (c !== 'ls' && c !== 'pwd') { res.end(); return; } exec(c); });
app.post('/guard_ok3', (req, res) => { const ok = new Set(['ls']); if (ok.has(req.body.c)) exec(req.body.c); });
app.post('/guard_ok4', (req, res) => { const c = req.body.c; if (/^[a-z]+$/.test(c)) exec('echo ' + c); });
app.post('/guard_ok5', (req, res) => { if (!/^\d+$/.test(req.body.c)) throw new Error('x'); exec('kill ' + req.body.c); });
app.post('/guard_ok6', (req, res) => { const m = /^([a-z]+)$/.exec(req.body.c); if (m) exec('echo ' + m[1]); });
app.post('/guard_bad', (req, res) => { const c = req.body.c; if (c.length < 20) exec(c); }); //!
app.post('/guard_bad2', (req, res) => { const c = req.body.c; if (typeof c === 'string') exec(c); }); //!
app.post('/guard_bad3', (req, res) => { const c = req.body.c; if (/[a-z]+/.test(c)) exec(c); }); //!
app.post('/guard_bad4', (req, res) => { const c = req.body.c; if (['ls'].includes(c)) { } exec(c); }); //!
app.post('/guard_bad5', (req, res) => { const c = req.body.c; if (!c.includes(';')) exec(c); }); //!
app.post('/typeof_ok', (req, res) => { const c = req.body.c; if (typeof c === 'number') exec('kill ' + c); });
app.post('/isint_ok', (req, res) => { const c = req.body.c; if (Number.isInteger(c)) exec('kill ' + c); });
app.post('/parse_ok', (req, res) => { const c = parseInt(req.body.c, 10); exec(`kill ${c}`); });
app.post('/lookup_ok', (req, res) => { const t = { a: 'ls', b: 'pwd' }; const c = t[req.body.c]; if (c) exec(c); });
app.post('/ip_ok', (req, res) => { exec('echo ' + req.socket.remotePort); });
app.post('/destr_swap_ok', (req, res) => { let a = 'ls', b = req.body.c; [a, b] = [b, a]; exec(b); });
app.post('/local_fn_ok', (req, res) => { function inner(x) { return 'ls'; } exec(inner(req.body.c)); });
app.post('/encode_ok', (req, res) => { exec('curl ' + encodeURIComponent(req.body.c)); });
app.post('/quote_ok', (req, res) => { const { quote } = require('shell-quote'); exec('ls ' + quote([req.body.c])); });
app.post('/escape_ok', (req, res) => { const esc = (s) => "'" + s.replace(/'/g, "'\\''") + "'"; exec('ls ' + esc(req.body.c)); });
app.post('/strip_ok', (req, res) => { exec('ls ' + req.body.c.replace(/[^a-zA-Z0-9]/g, '')); });
app.post('/strip_bad', (req, res) => { exec('ls ' + req.body.c.replace(/;/, '')); }); //!
"##;

const CLASSES: &str = r##"
app.post('/classlocal', (req, res) => { class A { constructor(c) { this.c = c; } run() { exec(this.c); } } new A(req.body.c).run(); }); //!
app.post('/classstatic', (req, res) => { class A { static c; static run() { exec(A.c); } } A.c = req.body.c; A.run(); }); //!
app.post('/classinherit', (req, res) => { class Base { run(c) { exec(c); } } class Derived extends Base {} new Derived().run(req.body.c); }); //!
app.post('/classprivate', (req, res) => { class A { #c; set(c) { this.#c = c; } run() { exec(this.#c); } } const a = new A(); a.set(req.body.c); a.run(); }); //!
app.post('/classbuilder', (req, res) => { class A { p = []; add(x) { this.p.push(x); return this; } build() { return this.p.join(' '); } } exec(new A().add('ls').add(req.body.c).build()); }); //!
app.post('/fnproto', (req, res) => { function A(c) { this.c = c; } A.prototype.run = function () { exec(this.c); }; new A(req.body.c).run(); }); //!
"##;

const MEMBERS: &str = r##"
app.post('/getter', (req, res) => { const o = { get c() { return req.body.c; } }; exec(o.c); }); //!
app.post('/getter_this', (req, res) => { const o = { raw: req.body.c, get c() { return 'ls ' + this.raw; }, get d() { return 'ls'; } }; exec(o.d); exec(o.c); }); //!
app.post('/getter_ok', (req, res) => { const o = { raw: req.body.c, get c() { return Number(this.raw); } }; exec('kill ' + o.c); });
app.post('/setter', (req, res) => { const o = { cmd: 'ls', set c(x) { this.cmd = x; } }; o.c = req.body.c; exec(o.cmd); }); //!
app.post('/setter_ok', (req, res) => { const o = { cmd: 'ls', set c(x) { this.cmd = x.replace(/[^a-z]/g, ''); } }; o.c = req.body.c; exec(o.cmd); });
app.post('/both', (req, res) => { /* long enough to be a block of its own, methods included */ let kept = 'ls'; const o = { get c() { return kept; }, set c(x) { kept = x; } }; o.c = req.body.c; exec(o.c); }); //!
app.post('/keyed', (req, res) => { const o = {}; for (const k of Object.keys(req.body)) o[k] = req.body[k]; exec(o.c); }); //!
app.post('/keyed_destructure', (req, res) => { const o = {}; for (const k of Object.keys(req.body)) o[k] = req.body[k]; const { c } = o; exec(c); }); //!
app.post('/keyed_own', (req, res) => { const o = {}; for (const k of Object.keys(process.env)) o[k] = process.env[k]; exec('run ' + o.editor); });
app.post('/keyed_known', (req, res) => { const o = { c: 'ls' }; for (const k of Object.keys(req.body)) if (k !== 'c') o[k] = req.body[k]; exec(o.c); });
app.post('/keyed_place', (req, res) => { const o = []; for (let i = 0; i < 3; i++) o[i] = req.body.c; exec('head -' + o.length); exec(o.label ?? 'ls'); });
app.post('/keyed_assign', (req, res) => { const o = {}; Object.assign(o, { [req.body.k]: req.body.c }); exec(o.c); }); //!
app.post('/keyed_literal', (req, res) => { const o = { [req.body.k]: 'ls', [req.body.l]: req.body.c }; exec(o.c); }); //!
app.post('/parts', (req, res) => { const p = req.body.c.split('$'); if (p[0] !== 'ls') return; exec(p[0]); });
app.post('/parts_bad', (req, res) => { const p = req.body.c.split('$'); if (p[0] !== 'ls') return; exec(p[1]); }); //!
app.post('/argv', (req, res) => { exec(process.argv.slice(0, 2).join(' ') + ' again'); });
"##;
