//! What handlers leave for each other, and what is reached in roundabout ways: prototypes, bound functions, own tags of templates,
//! validators that keep their schemas.

use super::*;

#[test]
fn state_of_requests_and_applications() {
    check(&[SinkKind::Command], STATE);
}

#[test]
fn roundabout_calls() {
    check(&[SinkKind::Command], CALLS);
}

#[test]
fn prototypes_of_prototypes() {
    check(&[SinkKind::Command], PROTOTYPES);
}

#[test]
fn schemas_hold_what_they_say() {
    check(&[SinkKind::Command], SCHEMAS);
}

#[test]
fn loops_and_their_limits() {
    check(&[SinkKind::Timer], LOOPS);
}

#[test]
fn senders_of_messages() {
    check(&[SinkKind::Html], MESSAGES);
}

const STATE: &str = r#"
import express from 'express';
import Koa from 'koa';
import Fastify from 'fastify';
import { exec } from 'child_process';
const app = express();
app.use((req, res, next) => { res.locals.dir = req.query.dir; res.locals.depth = parseInt(req.query.depth, 10); next(); });
app.get('/a', (req, res) => { exec('find ' + res.locals.dir); res.end(); }); //!
app.get('/b', (req, res) => { exec('find -maxdepth ' + res.locals.depth); res.end(); });
app.use((req: any, res, next) => { req.tool = { name: req.headers['x-tool'], fixed: 'ls' }; next(); });
app.get('/c', (req: any, res) => { exec(req.tool.name); res.end(); }); //!
app.get('/d', (req: any, res) => { exec(req.tool.fixed); res.end(); });
app.get('/e', (req: any, res) => { exec(req.other); exec(res.locals.other); res.end(); });
function named(req, res, next) { req.late = req.body.late; next(); }
function reader(req, res) { exec(req.late); } //!
app.post('/f', named, reader);
app.get('/g', (req, res) => { app.locals.last = req.query.last; res.end(); });
app.get('/h', (req, res) => { exec(app.locals.last); exec(app.locals.title); res.end(); }); //!
app.param('id', (req, res, next, id) => { (req as any).job = `job ${id}`; next(); });
app.get('/i/:id', (req, res) => { exec((req as any).job); res.end(); }); //!
const koa = new Koa();
koa.use(async (ctx, next) => { ctx.state.name = ctx.query.name; ctx.state.own = 'x'; await next(); });
koa.use(async (ctx) => { exec(ctx.state.name); }); //!
koa.use(async (ctx) => { exec(ctx.state.own); });
const f = Fastify();
f.addHook('preHandler', async (request: any) => { request.mine = request.query.mine; });
f.get('/', async (request: any) => { exec(request.mine); return ''; }); //!
"#;

const CALLS: &str = r#"
import express from 'express';
import cp, { exec } from 'child_process';
const app = express();
const text = (s: TemplateStringsArray, ...v: string[]) => s.reduce((all, part, n) => all + part + (v[n] ?? ''), '');
const raw = (s: TemplateStringsArray, ...v: string[]) => String.raw({ raw: s }, ...v);
const count = (s: TemplateStringsArray, ...v: string[]) => 'n' + v.length;
app.get('/', (req, res) => {
  const q = req.query.q as string;
  Reflect.apply(exec, null, ['ls ' + q, () => {}]); //!
  Reflect.apply(exec, null, ['ls']);
  const go = cp.exec.bind(cp, 'cat ' + q); //!
  cp.exec.bind(cp, 'cat');
  exec(text`ls ${q}`); //!
  exec(raw`ls ${q}`); //!
  exec(count`ls ${q}`);
  exec('x ' + Buffer.from(q).toString('hex'));
  exec('x ' + Buffer.from(q).toString('utf8')); //!
  step(q, (error, made) => { exec(made); }); //!
  res.end();
});
function step(x, done) { setImmediate(done, null, 'ls ' + x); }
"#;

const PROTOTYPES: &str = r#"
var http = require('http'), cp = require('child_process'), util = require('util');
function Base() {}
Base.prototype.exec = function (s) { cp.exec(s); }; //!
function Derived() { Base.call(this); }
Derived.prototype = Object.create(Base.prototype);
Derived.prototype.go = function (x) { this.exec('go ' + x); };
function Shell() {}
Shell.prototype.send = function (s) { cp.exec(s); }; //!
function Own() {}
util.inherits(Own, Shell);
Own.prototype.run = function (x) { this.send('run ' + x); };
http.createServer(function (req, res) {
  new Derived().go(req.url);
  new Own().run(req.url);
}).listen(1);
"#;

const SCHEMAS: &str = r#"
import express from 'express';
import Fastify from 'fastify';
import Ajv from 'ajv';
import { Controller, Post, Body } from '@nestjs/common';
import { IsInt, IsUUID, IsString, Matches } from 'class-validator';
import { matchedData, body } from 'express-validator';
import { exec } from 'child_process';
const app = express();
const ajv = new Ajv();
const checked = ajv.compile({ type: 'object', properties: { name: { type: 'string', pattern: '^[a-z]+$' }, note: { type: 'string' }, level: { type: 'integer' }, kind: { enum: ['a', 'b'] } } });
app.post('/a', (req, res) => {
  if (!checked(req.body)) return res.sendStatus(400);
  exec('a ' + req.body.name);
  exec('a ' + req.body.level + req.body.kind);
  exec('a ' + req.body.note); //!
  res.end();
});
app.post('/b', (req, res) => {
  if (!ajv.validate({ properties: { id: { type: 'string', format: 'uuid' } } }, req.body)) return res.end();
  exec('b ' + req.body.id);
  exec('b ' + req.body.other); //!
  res.end();
});
app.post('/c', (req, res) => {
  checked(req.body);
  exec('c ' + req.body.name); //!
  res.end();
});
app.post('/d', body('tag').notEmpty(), (req, res) => { const { tag } = matchedData(req); exec('d ' + tag); res.end(); }); //!
app.post('/e', body('id').isInt(), (req, res) => { const { id } = matchedData(req); exec('e ' + id); exec('e ' + req.body.id); res.end(); });
app.post('/g', [body('id').isInt(), body('name').trim()], (req, res) => { exec('g ' + req.body.id); exec('g ' + req.body.name); res.end(); }); //!
const f = Fastify();
f.route({ method: 'GET', url: '/x', schema: { querystring: { type: 'object', properties: { k: { enum: ['x'] } } } }, handler: async (request: any) => { exec('x ' + request.query.k); } });
f.post('/', { schema: { body: { type: 'object', properties: { n: { type: 'number' }, t: { type: 'string' } } }, querystring: { type: 'object', properties: { k: { enum: ['x'] } } } } }, async (request: any) => {
  exec('f ' + request.body.n);
  exec('f ' + request.query.k);
  exec('f ' + request.body.t); //!
  return '';
});
class RunDto { @IsInt() level: number; @IsUUID() id: string; @Matches(/^[a-z]+$/) tag: string; @IsString() note: string; @Matches(/[a-z]/) open: string; }
@Controller()
export class RunController {
  @Post() run(@Body() dto: RunDto) {
    exec('r ' + dto.id);
    exec('r ' + dto.tag + dto.level);
    exec('r ' + dto.note); //!
    exec('r ' + dto.open); //!
  }
}
"#;

const LOOPS: &str = r#"
import express from 'express';
const app = express();
app.post('/', (req, res) => {
  let s = 0;
  for (let i = 0; i < Number(req.query.n); i++) s += i; //!
  for (let i = 0; i < +req.query.n; i++) s += i; //!
  for (let i = 0; i < Math.min(Number(req.query.n), 10); i++) s += i;
  for (let i = 0; i < req.body.items.length; i++) s += req.body.items[i]; //!
  for (let i = 0; i < req.body.people.length; i++) s += req.body.people[i].age;
  for (let i = 0; i < req.body.pairs.length; i++) { const pair = req.body.pairs[i]; s += pair.a; }
  for (let i = 0; i < req.params.name.length; i++) s += req.params.name[i];
  res.json(s);
});
"#;

const MESSAGES: &str = r#"
const out = document.getElementById('out');
window.addEventListener('message', (event) => { out.innerHTML = event.data; }); //!
window.addEventListener('message', (event) => {
  if (event.origin !== 'https://app.example.com') return;
  out.innerHTML = event.data.html;
});
window.addEventListener('message', ({ origin, data }) => {
  if (origin === 'https://app.example.com') out.innerHTML = data;
});
window.addEventListener('message', (event) => {
  if (event.origin === window.location.origin) out.innerHTML = event.data;
});
window.addEventListener('message', (event) => {
  if (event.origin) out.innerHTML = event.data; //!
});
function handle(event: MessageEvent) {
  if (event.origin === 'https://app.example.com') out.innerHTML = event.data;
  else out.outerHTML = event.data; //!
}
"#;

#[test]
fn observables() {
    check(&[SinkKind::Html], OBSERVABLES);
}

const OBSERVABLES: &str = r#"
import { fromEvent } from 'rxjs';
import { map, filter, tap } from 'rxjs/operators';
import { ActivatedRoute } from '@angular/router';
const out = document.getElementById('out');
fromEvent(window, 'hashchange').pipe(map(() => location.hash)).subscribe((v) => { out.innerHTML = v; }); //!
fromEvent(window, 'hashchange').pipe(map(() => location.hash), map((h) => h.length)).subscribe((v) => { out.innerHTML = 'n' + v; });
export class Page {
  constructor(private route: ActivatedRoute) {}
  start() {
    this.route.queryParams.pipe(filter((p) => !!p['bio']), map((p) => p['bio'])).subscribe((bio) => { out.innerHTML = bio; }); //!
    this.route.queryParams.pipe(map((p) => Number(p['n']))).subscribe((n) => { out.innerHTML = '<b>' + n; });
  }
}
"#;

#[test]
fn conditions_that_are_kept() {
    check(&[SinkKind::Command], CONDITIONS);
}

const CONDITIONS: &str = r#"
import express from 'express';
import assert from 'assert';
import validator from 'validator';
import { exec } from 'child_process';
const app = express();
app.get('/', (req, res) => {
  const a = req.query.a as string, b = req.query.b as string, c = req.query.c as string, d = req.query.d as string;
  const right = /^[a-z]+$/.test(a);
  if (!right) return res.end();
  exec(a);
  const wrong = b !== 'x';
  if (wrong) exec(b); //!
  else exec(b);
  assert(/^[a-z]+$/.test(c));
  exec(c);
  assert(d);
  exec(d); //!
  const id = validator.isUUID(req.params.id);
  if (id) exec(req.params.id);
  else exec(req.params.id); //!
  const p = new Proxy(req.query, {});
  exec(p.x); //!
  process.mainModule.require('child_process').exec(d); //!
  res.end();
});
"#;

#[test]
fn objects_without_a_prototype() {
    check(&[SinkKind::MethodName], BARE);
}

const BARE: &str = r#"
import express from 'express';
const app = express();
const table: any = { a: () => 1 };
const bare = Object.assign(Object.create(null), { a: () => 1 });
app.get('/', (req, res) => {
  table[req.query.f as string](); //!
  bare[req.query.f as string]();
  const g = table[req.query.f as string];
  g.call(null, 1); //!
  const h = bare[req.query.f as string];
  if (h) h();
  res.end();
});
"#;

#[test]
fn keys_that_a_reduction_goes_down() {
    check(&[SinkKind::PropertyKey], REDUCED);
}

const REDUCED: &str = r#"
import express from 'express';
const app = express();
const root: any = {};
app.post('/', (req, res) => {
  const keys = req.body.path.split('.');
  const last = keys.pop();
  const at = keys.reduce((o, k) => o[k] || (o[k] = {}), root);
  at[last] = req.body.value; //!
  keys.slice(0, -1).reduce((o, k) => (o[k] ??= {}), root)[last] = 1; //!
  const found = keys.reduce((o, k) => o && o[k], root);
  res.json(found);
});
"#;

#[test]
fn texts_that_logs_quote() {
    check(&[SinkKind::Log], LOGS);
}

const LOGS: &str = r#"
import express from 'express';
const app = express();
app.get('/', (req, res) => {
  console.info('agent=%j', req.query.agent);
  console.info('agent=%s', req.query.agent); //!
  console.info('n=%d', req.query.n);
  console.info('agent=' + req.query.agent); //!
  res.end();
});
"#;

#[test]
fn what_routers_hand_to_components() {
    check(&[SinkKind::Html], ROUTED);
}

const ROUTED: &str = r#"
import React from 'react';
export class Old extends React.Component<any> {
  state = { html: '' };
  componentDidMount() {
    const q = new URLSearchParams(this.props.location.search);
    this.setState({ html: q.get('html') });
  }
  render() { return React.createElement('div', { dangerouslySetInnerHTML: { __html: this.state.html } }); } //!
}
export function Show(props: any) {
  document.body.innerHTML = props.match.params.name; //!
  document.body.innerHTML = props.other.params;
}
"#;

#[test]
fn contexts_and_channels() {
    check(&[SinkKind::Command], CHANNELS);
}

const CHANNELS: &str = r#"
import { Hono } from 'hono';
import amqp from 'amqplib';
import redis from 'redis';
import Redis from 'ioredis';
import { z } from 'zod';
import express from 'express';
import { exec } from 'child_process';
const app = new Hono();
app.use('*', async (c, next) => { c.set('lang', c.req.header('x-lang')); c.set('own', 'x'); await next(); });
app.get('/', (c) => { exec(c.get('lang')); return c.text(''); }); //!
app.get('/own', (c) => { exec(c.get('own')); return c.text(''); });
async function consume() {
  const channel = await (await amqp.connect('amqp://x')).createChannel();
  channel.consume('q', (message) => { exec(JSON.parse(message.content.toString()).file); }); //!
  channel.consume('q', (message) => { exec('n ' + Number(JSON.parse(message.content.toString()).id)); });
}
const client = redis.createClient();
client.subscribe('jobs', (message) => { exec('job ' + message); }); //!
const io = new Redis();
io.on('message', (channel, message) => { exec('job ' + message); }); //!
io.on('ready', () => { exec('job'); });
const kind = z.union([z.literal('a'), z.literal('b')]);
const loose = z.union([z.literal('a'), z.string()]);
const web = express();
web.post('/', (req, res) => {
  exec('k ' + kind.parse(req.body.kind));
  exec('k ' + loose.parse(req.body.kind)); //!
  res.end();
});
"#;

#[test]
fn checks_of_the_program_itself() {
    check(&[SinkKind::Command], OWN_CHECKS);
}

const OWN_CHECKS: &str = r#"
import express from 'express';
import { exec } from 'child_process';
const app = express();
const NAMES = new Set(['a', 'b']);
function matches(x: string) { return /^[a-z0-9]+$/.test(x); }
function long(x: string) { return x.length > 3; }
const listed = (x: string) => NAMES.has(x);
const either = (x: string) => x === 'a' || x === 'b';
const shell = (x: string) => /[^a-z]/.test(x);
function steps(x: unknown) {
  if (typeof x !== 'string') return false;
  if (x.length > 20) return false;
  return matches(x);
}
function insist(x: string) { if (!matches(x)) throw new Error('no'); }
function log(x: string) { if (!matches(x)) console.log('odd'); }
function changed(x: string) { x = 'a'; return matches(x); }
async function later(x: string) { return matches(x); }
const inner = { ok(x: string) { return matches(x); } };
app.get('/', async (req, res) => {
  const q = req.query as any;
  if (matches(q.a)) exec(q.a);
  if (long(q.b)) exec(q.b); //!
  if (!listed(q.c)) return res.end();
  exec(q.c);
  if (either(q.d)) exec(q.d); else exec(q.d); //!
  if (shell(q.e)) return res.end();
  exec(q.e);
  if (!steps(q.f)) return res.end();
  exec(q.f);
  insist(q.g);
  exec(q.g);
  log(q.h);
  exec(q.h); //!
  if (changed(q.i)) exec(q.i); //!
  if (!(await later(q.j))) return res.end();
  exec(q.j);
  if (inner.ok(q.k)) exec(q.k);
  const near = (x: string) => x === 'a' || x === 'b';
  if (near(q.l)) exec(q.l);
  const wide = (x: string) => x === 'a' || x.length > 2;
  if (wide(q.m)) exec(q.m); //!
  res.end();
});
"#;

#[test]
fn schemas_that_are_only_asked() {
    check(&[SinkKind::Command], ASKED);
}

const ASKED: &str = r#"
import express from 'express';
import Joi from 'joi';
import * as yup from 'yup';
import { z } from 'zod';
import * as v from 'valibot';
import { Type } from '@sinclair/typebox';
import { Value } from '@sinclair/typebox/value';
import { exec } from 'child_process';
const app = express();
const J = Joi.object({ mode: Joi.string().valid('a', 'b'), free: Joi.string() });
const Y = yup.object({ mode: yup.string().oneOf(['a', 'b']), free: yup.string() });
const Z = z.object({ id: z.string().uuid(), free: z.string() });
const V = v.object({ id: v.number(), kind: v.picklist(['a', 'b']), key: v.pipe(v.string(), v.uuid()), free: v.string() });
const T = Type.Object({ id: Type.Integer(), kind: Type.Union([Type.Literal('a'), Type.Literal('b')]), free: Type.String() });
app.post('/j', (req, res) => {
  const { error } = J.validate(req.body);
  if (error) return res.end();
  exec(req.body.mode);
  exec(req.body.free); //!
});
app.post('/y', async (req, res) => {
  await Y.validate(req.body);
  exec(req.body.mode);
  exec(req.body.free); //!
  exec(req.body.other); //!
});
app.post('/z', (req, res) => {
  if (!Z.safeParse(req.body).success) return res.end();
  exec(req.body.id);
  exec(req.body.free); //!
});
app.post('/v', (req, res) => {
  const d = v.parse(V, req.body);
  exec(d.kind + d.id + d.key);
  exec(d.free); //!
});
app.post('/t', (req, res) => {
  if (!Value.Check(T, req.body)) return res.end();
  exec('t ' + req.body.id + req.body.kind);
  exec(req.body.free); //!
});
"#;
