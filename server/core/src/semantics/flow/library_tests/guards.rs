//! What other functions find out: of parts of what they are given, and of requests that they hand on.

use super::*;

#[test]
fn parts_of_what_is_given() {
    check(&[SinkKind::Command], PARTS);
}

#[test]
fn handlers_that_come_first() {
    check(&[SinkKind::Command], HANDLERS);
}

#[test]
fn hosts_by_their_pattern() {
    check(&[SinkKind::Url], HOSTS);
}

#[test]
fn parts_of_paths() {
    check(&[SinkKind::Path], PATHS);
}

#[test]
fn what_others_throw() {
    check(&[SinkKind::Html], THROWN);
}

#[test]
fn rows_in_quotes() {
    check(&[SinkKind::Sql], ROWS);
}

#[test]
fn messages_of_pages() {
    check(&[SinkKind::Code, SinkKind::Command, SinkKind::Url, SinkKind::Path], PAGES);
}

#[test]
fn slashes_at_the_beginning() {
    check(&[SinkKind::Redirect], ADDRESSES);
}

#[test]
fn programs_are_the_callers_choice() {
    check(&[SinkKind::Command], PROGRAMS);
}

const PARTS: &str = r#"
import express from 'express';
import { exec } from 'child_process';
const app = express();
function validate(body) {
  if (!/^[a-z]+$/.test(body.table)) {
    const problem = new Error('the table of the request is none that this program knows');
    problem.status = 400;
    throw problem;
  }
  // Long enough to be a block of its own, as functions of real programs are.
}
function isFine(query) {
  if (typeof query.name !== 'string') return false;
  if (!/^[a-z0-9]+$/.test(query.name)) return false;
  // Others are not looked at, so that they are what they were before this function was called.
  return true;
}
function either(query) {
  if (query.raw) return 'raw and so not looked at any further, whatever stands in it by now';
  if (!/^[a-z0-9]+$/.test(query.name)) throw new Error('a name that is none of a table of this program');
  return 'fine';
}
function apart({ table, other }) {
  if (!/^[a-z]+$/.test(table)) throw new Error('the table of the request is none that this program knows of, now or ever');
  return other.length;
}
function taken(body) {
  const { table } = body;
  if (!/^[a-z]+$/.test(table)) throw new Error('the table of the request is none that this program knows of, now or ever');
}
function replaced(body) {
  let { table } = body;
  table = 'a table of this program, which is not what the request asks for, whatever that may be';
  if (!/^[a-z]+$/.test(table)) throw new Error('the table of the request is none that this program knows of, now or ever');
}
app.post('/i', (req, res) => { apart(req.body); exec('x ' + req.body.table); });
app.post('/j', (req, res) => { apart(req.body); exec('x ' + req.body.other); }); //!
app.post('/k', (req, res) => { taken(req.body); exec('x ' + req.body.table); });
app.post('/l', (req, res) => { replaced(req.body); exec('x ' + req.body.table); }); //!
app.post('/a', (req, res) => { validate(req.body); exec('x ' + req.body.table); });
app.post('/b', (req, res) => { validate(req.body); exec('x ' + req.body.view); }); //!
app.post('/c', (req, res) => { exec('x ' + req.body.table); validate(req.body); }); //!
app.get('/d', (req, res) => { if (!isFine(req.query)) return res.end(); exec('x ' + req.query.name); });
app.get('/e', (req, res) => { if (!isFine(req.query)) return res.end(); exec('x ' + req.query.other); }); //!
app.get('/f', (req, res) => { if (isFine(req.query)) return res.end(); exec('x ' + req.query.name); }); //!
app.get('/g', (req, res) => { either(req.query); exec('x ' + req.query.name); }); //!
"#;

const HANDLERS: &str = r#"
import express from 'express';
import { exec } from 'child_process';
const app = express();
function onlyIds(req, res, next) {
  if (!/^\d+$/.test(req.params.id)) return res.status(400).end();
  // Long enough to be a block of its own, as functions of real programs are, with a word or two more.
  next();
}
function logs(req, res, next) {
  if (!/^\d+$/.test(req.params.id)) console.error('an id that is no number, which is let through all the same');
  // Long enough to be a block of its own, as functions of real programs are, with a word or two more.
  next();
}
const short = (req, res, next) => /^[a-z]+$/.test(req.query.q) ? next() : res.end();
app.get('/a/:id', onlyIds, (req, res) => { exec('x ' + req.params.id); });
app.get('/b/:id', onlyIds, (req, res) => { exec('x ' + req.params.name); }); //!
app.get('/c/:id', logs, (req, res) => { exec('x ' + req.params.id); }); //!
app.get('/d/:id', (req, res) => { exec('x ' + req.params.id); }); //!
app.get('/e', short, (req, res) => { exec('x ' + req.query.q); });
app.param('slug', (req, res, next, slug) => { if (!/^[a-z]+$/.test(slug)) return res.end(); next(); });
app.get('/g/:slug', (req, res) => { exec('x ' + req.params.slug); });
app.get('/h/:slug', (req, res) => { exec('x ' + req.params.other); }); //!
const before = express.Router();
before.get('/i', (req, res) => { exec('x ' + req.query.q); }); //!
before.use((req, res, next) => { if (!/^[a-z]+$/.test(req.query.q)) return res.end(); next(); });
before.get('/j', (req, res) => { exec('x ' + req.query.q); });
before.get('/k', (req, res) => { exec('x ' + req.query.p); }); //!
app.get('/l', (req, res) => { exec('x ' + req.query.q); }); //!
app.get('/f', [short, logs], (req, res) => { exec('x ' + req.query.p); }); //!
"#;

const HOSTS: &str = r#"
import express from 'express';
const app = express();
app.get('/a', (req, res) => { const u = new URL(req.query.u); if (!/(^|\.)example\.com$/.test(u.hostname)) return; fetch(u); });
app.get('/b', (req, res) => { const u = new URL(req.query.u); if (!/example\.com$/.test(u.hostname)) return; fetch(u); }); //!
const base = window.location.href.replace(/^.*\/\/[^\/]+/, '');
fetch(base + '/list');
fetch(window.location.hash.slice(1) + '/list');
app.get('/c', (req, res) => { const u = new URL(req.query.u); if (!u.hostname.match(/\.example\.com$/)) return; fetch(u); });
"#;

const PATHS: &str = r#"
import express from 'express';
import fs from 'fs';
import path from 'path';
const app = express();
app.get('/a', (req, res) => { if (req.query.p.split('/').includes('..')) return res.end(); fs.readFileSync('/srv/' + req.query.p); });
const root = path.normalize(path.resolve('public') + path.sep);
app.get('/c', (req, res) => { const p = path.normalize(path.join(root, req.query.p)); if ((p + path.sep).substr(0, root.length) !== root) return res.end(); fs.readFileSync(p); });
app.get('/d', (req, res) => { const p = path.normalize(path.join(root, req.query.p)); if ((p + path.sep).substr(0, root.length) === root) return res.end(); fs.readFileSync(p); }); //!
app.get('/b', (req, res) => { if (req.query.q.split('/').includes('..')) return res.end(); fs.readFileSync('/srv/' + req.query.p); }); //!
"#;

const THROWN: &str = r#"
import express from 'express';
const app = express();
function lookup(name) {
  if (!table.has(name)) throw new Error('there is no entry of this name in the table of entries: ' + name);
  return 'an entry, which is a constant text here so that nothing else of what is asked for comes back';
}
function fixed(name) {
  if (!table.has(name)) throw new Error('there is no entry of this name in the table of entries, look again');
  return 'an entry, which is a constant text here so that nothing else of what is asked for comes back';
}
app.get('/a', (req, res) => { try { lookup(req.query.name); } catch (e) { res.send(`<b>${e.message}</b>`); } }); //!
app.get('/b', (req, res) => { try { fixed(req.query.name); } catch (e) { res.send(`<b>${e.message}</b>`); } });
app.post('/e', (req, res) => { const { body } = req; body.text = body.text.trim(); res.send(body); });
app.post('/f', (req, res) => { const { body } = req; body.text = body.text.trim(); res.send(body.text); }); //!
app.get('/c', (req, res) => { try { lookup('a name'); } catch (e) { res.send(`<b>${e.message}</b>`); } });
"#;

const ROWS: &str = r#"
import { Pool } from 'pg';
const pool = new Pool();
export async function a(id) { const { rows } = await pool.query('SELECT name FROM u WHERE id = $1', [id]); await pool.query("SELECT * FROM o WHERE c = '" + rows[0].name + "'"); } //!
export async function b(id) { const { rows } = await pool.query('SELECT name FROM t WHERE id = $1', [id]); await pool.query(`DROP TABLE ${rows[0].name}`); }
export async function c(id) { const { rows } = await pool.query('SELECT name FROM u WHERE id = $1', [id]); await pool.query('SELECT * FROM o WHERE c = $1', [rows[0].name]); }
"#;

const PAGES: &str = r#"
import { app, ipcMain } from 'electron';
import fs from 'fs';
import path from 'path';
ipcMain.on('a', (event, name) => { fs.writeFileSync(path.join(app.getPath('userData'), name), ''); }); //!
ipcMain.on('b', (event, name) => { fs.writeFileSync(name, ''); });
chrome.runtime.onMessageExternal.addListener((m) => { fetch(m.url); }); //!
import * as vscode from 'vscode';
import { exec } from 'child_process';
const panel = vscode.window.createWebviewPanel('p', 'P', 1, {});
panel.webview.onDidReceiveMessage((m) => { exec('git show ' + m.commit); }); //!
function shown(view: vscode.WebviewView) { view.webview.onDidReceiveMessage((m) => { exec('git show ' + m.commit); }); } //!
chrome.runtime.onMessage.addListener((m) => { fetch(m.url); });
chrome.runtime.onMessage.addListener((m) => { chrome.tabs.executeScript(1, { code: 'show(' + m.text + ')' }); }); //!
"#;

const ADDRESSES: &str = r#"
import express from 'express';
const app = express();
app.get('*', (req, res) => { res.redirect(req.path + 'x'); }); //!
app.get('/b', (req, res) => { res.redirect((req.path + 'x').replace(/^\/+/, '/')); });
"#;

const PROGRAMS: &str = r#"
import { exec, spawn, fork } from 'child_process';
spawn(process.argv[2], ['-v']);
fork(process.argv[2]);
spawn(process.argv[2], { shell: true }); //!
exec('du ' + process.argv[2]); //!
"#;
