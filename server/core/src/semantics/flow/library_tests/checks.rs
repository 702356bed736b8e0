//! Checks that are seen through: by a library's name, of another name of the same place, of a number, of what is found.

use super::*;

#[test]
fn keys_that_libraries_ask_for() {
    check(&[SinkKind::MethodName], KEYS);
}

#[test]
fn lists_that_libraries_ask() {
    check(&[SinkKind::Path], LISTS);
}

#[test]
fn one_place_by_several_names() {
    check(&[SinkKind::Path], NAMES);
}

#[test]
fn names_of_files() {
    check(&[SinkKind::Path], FILES);
}

#[test]
fn files_below_a_folder() {
    check(&[SinkKind::Path], BELOW);
}

#[test]
fn pages_beside_this_one() {
    check(&[SinkKind::Redirect], BESIDE);
}

#[test]
fn addresses_behind_hosts() {
    check(&[SinkKind::Url], BEHIND);
}

#[test]
fn inputs_that_are_validated() {
    check(&[SinkKind::NoSql], VALIDATED);
}

#[test]
fn origins_that_are_asked_about() {
    check(&[SinkKind::CorsOrigin], ORIGINS);
}

#[test]
fn lengths_before_slow_patterns() {
    check(&[SinkKind::RegexInput], LENGTHS);
}

#[test]
fn routes_say_how_addresses_begin() {
    check(&[SinkKind::Redirect], ROUTES);
}

#[test]
fn what_is_more_than_a_number_is_one() {
    check(&[SinkKind::Html], NUMBERS);
}

#[test]
fn what_is_found_has_that_name() {
    check(&[SinkKind::Log], FOUND);
}

const KEYS: &str = r#"
const _ = require('lodash'); const R = require('ramda'); const has = require('has');
const express = require('express'); const app = express(); const table = require('./table');
app.get('/1', (req, res) => { const t = req.query.t; if (!_.has(table, t)) throw new Error(); table[t](res); });
app.get('/2', (req, res) => { const t = req.query.t; if (!R.has(t, table)) throw new Error(); table[t](res); });
app.get('/3', (req, res) => { const t = req.query.t; if (!has(table, t)) throw new Error(); table[t](res); });
app.get('/4', (req, res) => { const t = req.query.t; if (!_.has(t, table)) throw new Error(); table[t](res); }); //!
app.get('/5', (req, res) => { const t = req.query.t; if (_.has(table, t)) throw new Error(); table[t](res); }); //!
app.get('/6', (req, res) => { if (req.path[0] !== '/') return; table[req.path](res); });
app.get('/7', (req, res) => { if (req.query.t[0] !== 'x') return; table[req.query.t](res); }); //!
const own = { a() {} };
app.get('/8', (req, res) => { const run = own[req.headers['x-name']]; if (run) run(res); }); //!
"#;

const LISTS: &str = r#"
const _ = require('lodash'); const fs = require('fs');
const express = require('express'); const app = express(); const names = ['a', 'b'];
app.get('/1', (req, res) => { const n = req.query.n; if (_.includes(names, n)) fs.readFile('/srv/' + n, () => {}); });
app.get('/2', (req, res) => { const n = req.query.n; if (_.includes(n, 'a')) fs.readFile('/srv/' + n, () => {}); }); //!
app.get('/3', (req, res) => { const n = req.query.n; if (_.includes(req.body.names, n)) fs.readFile('/srv/' + n, () => {}); }); //!
"#;

const NAMES: &str = r#"
const fs = require('fs'); const express = require('express'); const app = express(); const names = ['a', 'b'];
app.get('/1', (req, res) => { const n = req.query.n; if (names.includes(n)) fs.readFile('/srv/' + req.query.n, () => {}); });
app.get('/2', (req, res) => { const n = req.query.n; if (names.includes(req.query.n)) fs.readFile('/srv/' + n, () => {}); });
app.get('/3', (req, res) => { const { query } = req; if (names.includes(query.n)) fs.readFile('/srv/' + req.query.n, () => {}); });
app.get('/4', (req, res) => { const { n } = req.query; if (names.includes(req.query['n'])) fs.readFile('/srv/' + n, () => {}); });
app.get('/5', (req, res) => { const n = req.query.n; if (names.includes(n)) fs.readFile('/srv/' + req.query.m, () => {}); }); //!
app.get('/6', (req, res) => { let n = req.query.n; n = 'a'; if (names.includes(n)) fs.readFile('/srv/' + req.query.n, () => {}); }); //!
app.get('/7', (req, res) => { const { n } = req.body; if (names.includes(n)) fs.readFile('/srv/' + req.query.n, () => {}); }); //!
function uri(request) { return request.query.n; }
app.get('/8', (req, res) => { const n = req.query.n; if (!names.includes(n)) throw new Error(); fs.readFile('/srv/' + uri(req), () => {}); });
"#;

const LENGTHS: &str = r#"
const express = require('express'); const app = express(); exports.limits = { header: 4096 }; const MAX = Number(process.env.MAX);
app.get('/1', (req, res) => { const h = req.query.h; if (h.length > exports.limits.header) throw new Error(); h.replace(/\s+$/, ''); });
app.get('/2', (req, res) => { const h = req.query.h; if (h.length > MAX) return; h.replace(/\s+$/, ''); });
app.get('/3', (req, res) => { const h = req.query.h; if (h.length < 4096) h.replace(/\s+$/, ''); });
app.get('/4', (req, res) => { const h = req.query.h; if (h.length < 1e6) h.replace(/\s+$/, ''); }); //!
app.get('/5', (req, res) => { const h = req.query.h; if (h.length < req.query.max) h.replace(/\s+$/, ''); }); //!
app.get('/6', (req, res) => { const h = req.query.h; if (h.length > MAX) h.replace(/\s+$/, ''); }); //!
app.get('/8', (req, res) => { const re = /\s+$/g; let m = re.exec(req.query.h); //!
  while (m) m = re.exec(req.query.h);
});
app.get('/7', (req, res) => { const h = req.query.h; if (h.length < res.x.length) h.replace(/\s+$/, ''); }); //!
"#;

const ROUTES: &str = r#"
const express = require('express'); const app = express();
app.get('/books/:id', (req, res) => { res.redirect(req.url + '/'); });
app.get('/books', (req, res) => { res.redirect(req.path + '/'); });
app.get('/', (req, res) => { res.redirect(req.path + 'index.html'); });
app.use('/books', (req, res) => { res.redirect(req.originalUrl + '/'); });
app.use('/books', (req, res) => { res.redirect(req.url + '/'); }); //!
app.get('*', (req, res) => { res.redirect(req.url + '/'); }); //!
app.get('/*', (req, res) => { res.redirect(req.path + '/'); }); //!
app.get('/books', (req, res) => { res.redirect(req.query.to); }); //!
"#;

const NUMBERS: &str = r#"
const express = require('express'); const app = express();
app.get('/1', (req, res) => { const n = req.query.n; if (n > 65535) res.send('<b>' + n + '</b>'); });
app.get('/2', (req, res) => { const n = req.query.n; if (0 <= n) res.send('<b>' + n + '</b>'); });
app.get('/3', (req, res) => { const n = req.query.n; if (n > 65535) return; res.send('<b>' + n + '</b>'); }); //!
app.get('/4', (req, res) => { const n = req.query.n; if (n > 'a') res.send('<b>' + n + '</b>'); }); //!
app.get('/5', (req, res) => { const n = req.query.n; if (n.length > 5) res.send('<b>' + n + '</b>'); }); //!
"#;

const FOUND: &str = r#"
const express = require('express'); const winston = require('winston'); const app = express(); const log = winston.createLogger({});
const db = require('./db'); const rooms = require('./rooms'); const axios = require('axios');
app.get('/1', async (req, res) => { const id = req.query.id; if (await rooms.find(id)) log.info('room ' + id); });
app.get('/2', async (req, res) => { const id = req.query.id; const row = await db.getRow('select a from b where c = ?', [id]); if (!row) return; log.info('row ' + id); });
app.get('/3', async (req, res) => { const id = req.query.id; const room = await rooms.findOne({ where: { id } }); if (room) log.info('room ' + id); });
app.get('/4', async (req, res) => { const id = req.query.id; if (!(await rooms.find(id))) log.info('no room ' + id); }); //!
app.get('/5', async (req, res) => { const id = req.query.id; const page = await axios.get(id); if (page) log.info('page ' + id); }); //!
app.get('/6', async (req, res) => { const id = req.query.id; if (await rooms.add(id)) log.info('room ' + id); }); //!
app.get('/7', async (req, res) => { const id = req.query.id; if (req.body.rooms.find(id)) log.info('room ' + id); }); //!
async function owns(id) { const row = await db.getRow('select a from b where c = ?', [id]); if (!row) throw new Error('none'); }
app.get('/8', async (req, res) => { const id = req.query.id; await owns(id); log.info('row ' + id); });
module.exports = function (pages) {
  app.get('/9', (req, res) => { const id = req.query.id; if (pages.get(id + '.html')) log.info('page ' + id); });
};
"#;

const FILES: &str = r#"
const fs = require('fs'); const express = require('express'); const app = express();
const UP = /(?:^|[\\/])\.\.(?:[\\/]|$)/; const ILLEGAL = /[\\/:*?"<>|]/;
function up(text) { return UP.test(text); }
function fits(name) { return name && !ILLEGAL.test(name); }
app.get('/1', (req, res) => { if (up(req.path)) return res.end(); fs.readFile('/srv' + req.path, () => {}); });
app.get('/2', (req, res) => { if (!up(req.path)) return res.end(); fs.readFile('/srv' + req.path, () => {}); }); //!
app.get('/3', (req, res) => { if (/^\.\.\//.test(req.query.n)) return res.end(); fs.readFile('/srv/' + req.query.n, () => {}); }); //!
app.get('/4', (req, res) => { if (fits(req.query.n)) fs.readFile('/srv/' + req.query.n, () => {}); });
function suits(name) { return name && !ILLEGAL.test(name) && isNone(name); }
app.get('/4b', (req, res) => { if (suits(req.query.n)) fs.readFile('/srv/' + req.query.n, () => {}); });
function named(name, count) { return 'a_' + name + '_' + count; }
app.get('/4c', (req, res) => { fs.readFile('/srv/' + named('b', +req.query.n), () => {}); });
app.get('/4d', (req, res) => { fs.readFile('/srv/' + named(req.query.n, 1), () => {}); }); //!
app.get('/5', (req, res) => { if (!fits(req.query.n)) fs.readFile('/srv/' + req.query.n, () => {}); }); //!
app.get('/6', (req, res) => { fs.readFile('/srv/' + req.query.n.replace(/[\\/:*?"<>|\s]+/g, '') + '.json', () => {}); });
app.get('/7', (req, res) => { fs.readFile('/srv/' + req.query.n.replace(/[:*?]+/g, '') + '.json', () => {}); }); //!
"#;

const BELOW: &str = r#"
const fs = require('fs'); const path = require('path'); const express = require('express'); const app = express(); const root = process.env.ROOT;
app.get('/1', (req, res) => {
  const file = path.join(root, req.query.n);
  const below = path.normalize(path.resolve(file)).startsWith(root);
  if (!below) return res.end();
  fs.readFile(file, () => {});
});
app.get('/2', (req, res) => {
  const file = path.join(root, req.query.n);
  const below = path.normalize(path.resolve(file)).startsWith(root);
  fs.readFile(file, () => {}); //!
});
app.get('/3', (req, res) => {
  const file = path.resolve(path.join(root, req.query.n));
  if (root && !file.startsWith(path.resolve(root))) return res.end();
  fs.readFile(file, () => {});
});
app.get('/4', (req, res) => {
  const file = path.resolve(path.join(root, req.query.n));
  if (req.query.strict && !file.startsWith(path.resolve(root))) return res.end();
  fs.readFile(file, () => {}); //!
});
"#;

const BESIDE: &str = r#"
const express = require('express'); const app = express();
app.get('/1', (req, res) => { res.redirect('client/' + req.query.to); });
app.get('/2', (req, res) => { res.redirect('client' + req.query.to); }); //!
app.get('/3', (req, res) => { res.redirect('https://' + req.query.to); }); //!
"#;

const BEHIND: &str = r#"
const express = require('express'); const app = express(); const host = process.env.HOST;
app.get('/1', (req, res) => { fetch(`${host}${req.url}`); });
app.get('/1b', (req, res) => { fetch(`${host}${process.env.PORT}${req.url}`); });
app.get('/2', (req, res) => { fetch(`${host}${req.query.to}`); }); //!
app.get('/3', (req, res) => { fetch(req.url); }); //!
"#;

const VALIDATED: &str = r#"
const express = require('express'); const { MongoClient } = require('mongodb'); const app = express(); const { validateInput, validate } = require('./validation');
const users = new MongoClient('mongodb://a').db('b').collection('c');
app.post('/1', async (req, res) => { const { body } = req; await validateInput(body); await users.findOne({ mail: body.mail }); });
app.post('/2', async (req, res) => { const { body } = req; const fine = validateInput(body); await users.findOne({ mail: body.mail }); }); //!
app.post('/3', async (req, res) => { const { body } = req; await checkInput(body); await users.findOne({ mail: body.mail }); }); //!
app.post('/4', async (req, res) => { const { body } = req; await validateInput(req.query); await users.findOne({ mail: body.mail }); }); //!
"#;

const ORIGINS: &str = r#"
const express = require('express'); const app = express(); const { checkAllowOrigin, checkUser } = require('./checks');
app.get('/1', (req, res) => { if (checkAllowOrigin(req)) res.setHeader('Access-Control-Allow-Origin', req.headers.origin); });
app.get('/2', (req, res) => { if (!checkAllowOrigin(req)) res.setHeader('Access-Control-Allow-Origin', req.headers.origin); }); //!
app.get('/3', (req, res) => { if (checkUser(req)) res.setHeader('Access-Control-Allow-Origin', req.headers.origin); }); //!
"#;
