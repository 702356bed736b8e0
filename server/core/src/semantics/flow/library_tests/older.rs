//! Older styles, chains, and what stands between a source and a sink: prototypes whose methods are blocks of their own, any
//! number of arguments, lists' methods that are borrowed, pairs that are picked by one part.

use super::*;

#[test]
fn any_number_of_arguments() {
    check(&[SinkKind::Command], ARGUMENTS);
}

#[test]
fn wrappers_are_handed_modules() {
    check(&[SinkKind::Path], WRAPPED);
}

#[test]
fn routes_of_a_plugin_that_take_the_request_alone() {
    check(&[SinkKind::Command], ALONE);
}

#[test]
fn routes_with_schemas_of_patterns() {
    check(&[SinkKind::Command], PATTERNS);
}

#[test]
fn methods_of_prototypes_and_literals_find_each_other() {
    check(&[SinkKind::Command], PROTOTYPES);
}

#[test]
fn chains_leave_what_they_are_given_in_their_object() {
    check(&[SinkKind::Sql], CHAINS);
}

#[test]
fn getters_read_requests() {
    check(&[SinkKind::Path], GETTERS);
}

#[test]
fn pairs_are_picked_by_one_part() {
    check(&[SinkKind::Command], PAIRS);
}

#[test]
fn hosts_are_compared() {
    check(&[SinkKind::Redirect], HOSTS);
}

#[test]
fn functions_are_made_by_constructors() {
    check(&[SinkKind::Code], CONSTRUCTORS);
}

#[test]
fn streams_are_read_by_loops() {
    check(&[SinkKind::Command], LOOPS);
}

#[test]
fn answers_are_pages_where_the_reply_says_so() {
    check(&[SinkKind::Html, SinkKind::Redirect], ANSWERS);
}

#[test]
fn elements_of_the_page() {
    check(&[SinkKind::Html, SinkKind::ScriptUrl], ELEMENTS);
}

const ARGUMENTS: &str = r#"
import express from 'express';
import { exec } from 'child_process';
const app = express();
function a() { return Array.prototype.slice.call(arguments).join(''); }
function b() { return [].slice.call(arguments, 1).join(''); }
function c(...list) { return list.join(''); }
function d(first, ...list) { return first + list[1]; }
function e() { return [].concat.apply([], arguments).join(''); }
app.get('/a', (req, res) => exec(a('ls ', req.query.a))); //!
app.get('/b', (req, res) => exec(b('x', 'ls ', req.query.a))); //!
app.get('/c', (req, res) => exec(c('ls ', req.query.a, ' -l'))); //!
app.get('/d', (req, res) => exec(d('ls ', '-l', req.query.a))); //!
app.get('/e', (req, res) => exec(d('ls ', req.query.a, 'x')));
app.get('/f', (req, res) => exec(c('ls ', '-l')));
"#;

const PROTOTYPES: &str = r#"
import { exec } from 'child_process';
import express from 'express';
function Maker(size) { this.size = size; }
Maker.prototype.line = function (name) { return 'convert ' + name + ' -resize 64x64 -quality 80 -strip -interlace Plane -colorspace sRGB /var/thumbs/out.png -verbose -debug none'; };
Maker.prototype.make = function (name, done) {
  var self = this;
  var options = { timeout: 1000, maxBuffer: 1024 * 1024, windowsHide: true, env: { PATH: '/usr/bin:/bin' }, cwd: '/var/thumbs', encoding: 'utf8' };
  exec(self.line(name), options, done); //!
};
const tools = {
  line(name) { return 'identify ' + name; },
  show: function (name, done) {
    var options = { timeout: 1000, maxBuffer: 1024 * 1024, windowsHide: true, env: { PATH: '/usr/bin:/bin' }, cwd: '/var/thumbs', encoding: 'utf8' };
    exec(this.line(name), options, done); //!
  },
};
const app = express();
app.post('/thumb', function (req, res, next) {
  var maker = new Maker('64x64');
  maker.make(req.body.name, function (err, out) { if (err) return next(err); res.json({ made: true, size: out.length, at: Date.now() }); });
  tools.show(req.body.name, function (err, out) { if (err) return next(err); res.json({ shown: true, size: out.length, at: Date.now() }); });
});
"#;

const CHAINS: &str = r#"
import { Pool } from 'pg';
import { Request, Response } from 'express';
class Builder {
  private parts: string[] = [];
  readonly values: unknown[] = [];
  constructor(private readonly table: string) {}
  where(col: string, v: string): this {
    this.parts.push(`${col} = '${v}'`);
    return this;
  }
  build(): string { return `SELECT * FROM ${this.table} WHERE ${this.parts.join(' AND ')}`; }
}
class Safe {
  private parts: string[] = [];
  readonly values: unknown[] = [];
  where(col: string, v: unknown): this {
    this.values.push(v);
    this.parts.push(`${col} = $${this.values.length}`);
    return this;
  }
  build(): string { return `SELECT * FROM t WHERE ${this.parts.join(' AND ')}`; }
}
const pool = new Pool();
export async function list(req: Request, res: Response) {
  const q = new Builder('orders');
  q.where('status', 'open').where('owner', req.query.owner as string);
  await pool.query(q.build()); //!
}
export async function safe(req: Request, res: Response) {
  const q = new Safe();
  q.where('status', 'open').where('owner', req.query.owner);
  await pool.query(q.build(), q.values);
}
"#;

const GETTERS: &str = r#"
import { Request, Response } from 'express';
import { readFileSync } from 'fs';
class Upload {
  #req: Request;
  constructor(req: Request) { this.#req = req; }
  get path(): string { return `/uploads/${this.name}`; }
  get name(): string { return this.#req.header('x-file-name') ?? 'none'; }
  get fixed(): string { return '/uploads/index'; }
}
export const show = (req: Request, res: Response) => {
  const up = new Upload(req);
  res.send(readFileSync('/uploads/' + up.name)); //!
  res.send(readFileSync(up.fixed));
};
"#;

const PAIRS: &str = r#"
import { exec } from 'child_process';
import { Request, Response } from 'express';
const KNOWN = new Set(['a', 'b']);
export const a = (req: Request, res: Response) => { Object.entries(req.query).filter(([k]) => KNOWN.has(k)).forEach(([k, v]) => exec('x ' + k)); };
export const b = (req: Request, res: Response) => { Object.entries(req.query).filter(([k]) => KNOWN.has(k)).forEach(([k, v]) => exec('x ' + v)); }; //!
export const c = (req: Request, res: Response) => { exec(Object.entries(req.query).filter(([k]) => KNOWN.has(k)).reduce((all, [k]) => `${all} -${k}`, 'x')); };
export const d = (req: Request, res: Response) => { exec(Object.entries(req.query).filter(([k]) => k.length > 2).reduce((all, [k]) => `${all} -${k}`, 'x')); }; //!
"#;

const HOSTS: &str = r#"
import express from 'express';
const app = express();
const BELOW = /^https:\/\/[a-z0-9-]+\.example\.com\//;
app.get('/a', (req, res) => { const u = req.query.u; const host = new URL(u).host; if (host === 'a.com' || host.endsWith('.a.com')) return res.redirect(u); res.end(); });
app.get('/b', (req, res) => { const u = new URL(req.query.u); if (u.hostname !== 'a.com' && !u.hostname.endsWith('.a.com')) return res.end(); res.redirect(u.href); });
app.get('/c', (req, res) => { const u = req.query.u; if (BELOW.test(u)) return res.redirect(u); res.end(); });
app.get('/d', (req, res) => { const u = req.query.u; const host = new URL(u).host; if (host.endsWith('a.com')) return res.redirect(u); res.end(); }); //!
app.get('/e', (req, res) => { const u = req.query.u; const host = new URL(req.query.v).host; if (host === 'a.com') return res.redirect(u); res.end(); }); //!
"#;

const CONSTRUCTORS: &str = r#"
import express from 'express';
const app = express();
class Parser { constructor(text) { this.text = text; } }
app.get('/a', (req, res) => { const F = (() => {}).constructor; res.json(F('a', 'return ' + req.query.a)(1)); }); //!
app.get('/b', (req, res) => { res.json(new (function () {}.constructor)(req.query.a)()); }); //!
app.get('/c', (req, res) => { const p = new Parser('x'); res.json(new p.constructor(req.query.a)); });
"#;

const LOOPS: &str = r#"
import { createServer } from 'net';
import { createInterface } from 'readline';
import { execSync } from 'child_process';
createServer(async (socket) => { for await (const line of createInterface({ input: socket })) execSync('make ' + line); }); //!
createServer(async (socket) => { for await (const part of socket) execSync('make ' + part); }); //!
"#;

const ANSWERS: &str = r#"
import Fastify from 'fastify';
import type { GetServerSideProps } from 'next';
const app = Fastify();
app.get('/a', async (request, reply) => {
  reply.type('text/html');
  return '<p>' + request.query.n + '</p>'; //!
});
app.get('/b', async (request, reply) => {
  reply.type('text/plain');
  return 'hello ' + request.query.n;
});
app.get('/c', async (request, reply) => ({ n: request.query.n }));
export const getServerSideProps: GetServerSideProps = async ({ query }) => {
  if (query.go) return { redirect: { destination: String(query.go), permanent: false } }; //!
  return { redirect: { destination: '/login', permanent: false } };
};
"#;

const ELEMENTS: &str = r#"
const here = new URL(window.location.href);
const back = document.querySelector<HTMLAnchorElement>('#back');
if (back) back.href = here.searchParams.get('back')!; //!
const first = document.querySelector('a')!;
first.href = here.searchParams.get('first')!; //!
const box = document.querySelector<HTMLDivElement>('#box');
box.title = here.searchParams.get('title')!;
const typed = document.querySelectorAll('textarea');
box.innerHTML = typed[0].value; //!
box.textContent = typed[1].value;
"#;

const WRAPPED: &str = r#"
(function (http, fs, url) {
  function serve(request, response) {
    var parts = url.parse(request.url, true);
    fs.stat('/srv' + decodeURIComponent(parts.pathname), function (err, st) { response.end(String(st.size)); }); //!
  }
  return http.createServer(serve);
})(require('http'), require('fs'), require('url'));
"#;

const PATTERNS: &str = r#"
import Fastify from 'fastify';
import { exec } from 'child_process';
const app = Fastify();
const branch = { type: 'string', pattern: '^[a-z0-9-]+$' };
const loose = { type: 'string', pattern: '[a-z0-9-]+' };
app.post('/a', { schema: { body: { type: 'object', properties: { branch } } } }, async (req) => { exec('git pull ' + req.body.branch); });
app.post('/b', { schema: { body: { type: 'object', properties: { branch: loose } } } }, async (req) => { exec('git pull ' + req.body.branch); }); //!
"#;

#[test]
fn a_host_is_one_name() {
    check(&[SinkKind::Path], HOST_NAMES);
}

const HOST_NAMES: &str = r#"
import express from 'express';
import fs from 'fs';
const app = express();
app.get('/a', (req, res) => { const u = new URL(req.query.u as string); fs.readFileSync('/tls/' + u.hostname + '/ca.pem'); });
app.get('/b', (req, res) => { const u = new URL(req.query.u as string); fs.readFileSync('/tls/' + u.pathname); });
app.get('/c', (req, res) => { const u = new URL(req.query.u as string); fs.readFileSync('/tls/' + decodeURIComponent(u.pathname)); }); //!
"#;

const ALONE: &str = r#"
import { execSync } from 'child_process';
export default async function routes(app) {
  app.get('/a', async (request) => execSync('make ' + request.query.target)); //!
  app.post('/b', async (req) => { execSync('make ' + req.body.target); return {}; }); //!
  app.get('/c', async (job) => execSync('make ' + job.query.target));
  app.get('/d', async (request, reply) => reply.send('ok'));
}
"#;
