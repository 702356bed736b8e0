//! What the shape of a value, a call or an answer says.

use super::*;

#[test]
fn sizes_that_are_none_and_small_ones() {
    check(&[SinkKind::Timer], SIZES);
}

#[test]
fn json_that_node_sends_is_no_page() {
    check(&[SinkKind::Html], JSON);
}

#[test]
fn stores_that_answer_at_once_are_no_databases() {
    check(&[SinkKind::NoSql], AT_ONCE);
}

#[test]
fn identifiers_of_a_database_are_digits() {
    check(&[SinkKind::Log], IDENTIFIERS);
}

#[test]
fn a_worker_believes_its_page() {
    check(&[SinkKind::Url], WORKER);
    let called = |send: &str, mark: &str| {
        format!(
            "addEventListener('message', function (ev) {{\n  const method = ev.data.method;\n  \
             connection[method].call(connection, 1).then((r) => {send}({{ r }})); {mark}\n}});"
        )
    };
    check(&[SinkKind::MethodName], &called("postMessage", ""));
    check(&[SinkKind::MethodName], &called("port.postMessage", "//!"));
    check(&[SinkKind::Code], "self.onmessage = (e) => {\n  eval(e.data.code); //!\n};");
}

#[test]
fn a_redirect_below_the_own_address() {
    check(&[SinkKind::Redirect], RELATIVE);
}

#[test]
fn functions_that_write_entities_escape() {
    check(&[SinkKind::Html], ENTITIES);
}

#[test]
fn within_quotes_a_folder_is_one_word() {
    check(&[SinkKind::ShellText], QUOTED);
}

#[test]
fn what_another_part_of_the_program_asks_for_is_its_own() {
    check(&[SinkKind::NoSql, SinkKind::MethodName], OWN_PARTS);
}

#[test]
fn attributes_are_the_pages_own() {
    check(&[SinkKind::Html], ATTRIBUTES);
}

#[test]
fn the_path_of_a_parsed_address_leads_nowhere() {
    let open = |path: &str, mark: &str| {
        format!(
            "const fs = require('fs');\nrequire('http').createServer((req, res) => {{\n\
             const {{ pathname }} = new URL('http://a' + req.url);\nconst url = new URL(req.url, 'http://a');\n\
             fs.readFile(root + {path}, done); {mark}\n}});"
        )
    };
    for path in ["pathname", "decodeURI(pathname)", "decodeURI(url.pathname).slice(3)"] {
        check(&[SinkKind::Path], &open(path, ""));
    }
    for path in ["decodeURIComponent(url.pathname)", "decodeURI(req.url)", "url.searchParams.get('a')"] {
        check(&[SinkKind::Path], &open(path, "//!"));
    }
}

#[test]
fn a_program_that_is_started_reads_no_shell() {
    check(&[SinkKind::Command], STARTED);
}

const ATTRIBUTES: &str = r#"
$('#a').html($('#b').attr('title')); //!
$('#a').html($('#b').attr('data-x'));
$($('#b').attr("href")).show();
$('#a').html($('#b').attr('id'));
$('#a').html('<b title="' + $('#b').attr('data-x') + '">');
$('#a').html(JSON.parse($('#b').attr('data-x')).text);
$('#a').html('<b>' + $('#b').val()); //!
function translateWord(text, lang, dictionary) {
  if (dictionary[text]) {
    var newText = dictionary[text][lang];
    if (newText) return newText;
    if (lang !== 'en') newText = dictionary[text].en;
    if (newText) return newText;
  } else if (typeof text === 'string' && !text.match(/_tooltip$/)) {
    console.log('trans: ' + text);
  }
  return text;
}
$('.lang').each(function () {
  var text = $(this).attr('data-lang');
  var transText = translateWord(text, systemLang, systemDictionary);
  if (transText) $(this).html(transText);
});
"#;

const STARTED: &str = r#"
const { spawn, exec } = require('child_process');
const name = process.argv[2];
spawn('npm', ['run', name], {
  stdio: 'inherit',
});
spawn('npm run ' + name, { shell: true }); //!
exec('npm run ' + name); //!
"#;

#[test]
fn passwords_in_a_handshake() {
    let hashed = |salt: &str, mark: &str| {
        format!(
            "const crypto = require('crypto');\nexports.token = function (password, {salt}) {{\n\
             return crypto.createHash('sha256').update(password).update({salt}).digest(); {mark}\n}};"
        )
    };
    check(&[SinkKind::FastHash], &hashed("scramble", ""));
    check(&[SinkKind::FastHash], &hashed("salt", "//!"));
}

#[test]
fn a_page_is_sent_to_no_servers_request() {
    let event = "import type { RequestEvent } from '@sveltejs/kit';\nexport function go(event: RequestEvent) {\n";
    check(&[SinkKind::Redirect], &format!("{event}  location.replace(event.url.href);\n}}"));
    check(&[SinkKind::Url], &format!("{event}  fetch(event.url.href); //!\n}}"));
}

const SIZES: &str = r#"
const net = require('net');
window.addEventListener('message', (event) => {
  const bytes = new Uint8Array(event.data.buffer);
  const sized = new Uint8Array(event.data.size); //!
  const list = new Array(event.data.buffer); //!
});
net.createServer((socket) => {
  socket.on('data', (data) => {
    const short = Buffer.alloc(data.readUInt16BE(4) + 2);
    const long = Buffer.alloc(data.readUInt32BE(4)); //!
  });
});
"#;

const JSON: &str = r#"
const http = require('http');
http.createServer((req, res) => {
  const text = JSON.stringify({ url: decodeURIComponent(req.url) });
  res.end(text);
  res.write(JSON.stringify({ error: 'no ' + decodeURIComponent(req.url) }));
});
http.createServer((req, res) => {
  res.end('<pre>' + JSON.stringify({ url: decodeURIComponent(req.url) })); //!
});
http.createServer((req, res) => {
  res.setHeader('Content-Type', 'text/html');
  res.end(JSON.stringify({ url: decodeURIComponent(req.url) })); //!
});
http.createServer((req, res) => {
  res.write('HTTP/1.1 101 ' + decodeURIComponent(req.url));
});
const app = require('express')();
app.get('/a', (req, res) => { res.send(JSON.stringify({ a: req.query.a })); }); //!
"#;

const AT_ONCE: &str = r#"
const express = require('express'); const app = express(); const Table = require('./table'); const User = require('./user');
app.get('/1', (req, res) => {
  const table = Table.findOne({ name: req.body.name });
  if (table) res.json(table.id);
});
app.get('/2', async (req, res) => {
  const user = await User.findOne({ name: req.body.name }); //!
  res.json(user.id);
});
app.get('/3', (req, res) => {
  const found = User.findOne({ name: req.body.name }); //!
  found.then((user) => res.json(user.id));
});
app.get('/4', async (req, res) => {
  const asked = User.findOne({ name: req.body.name }); //!
  console.log(asked.model);
  res.json((await asked).id);
});
"#;

const IDENTIFIERS: &str = r#"
const express = require('express'); const app = express(); const { ObjectId } = require('mongodb');
app.get('/1', (req, res) => { const id = new ObjectId(req.params.id); console.log('no ' + id); });
app.get('/2', (req, res) => { const id = new Thing(req.params.id); console.log('no ' + req.params.id); }); //!
"#;

const WORKER: &str = r#"
self.onmessage = (event) => {
  fetch(event.data.address);
};
window.onmessage = (event) => {
  fetch(event.data.address); //!
};
"#;

const RELATIVE: &str = r#"
const express = require('express'); const app = express(); const { is_relative_url, isKnown } = require('./checks');
app.get('/1', (req, res) => { if (is_relative_url('/' + req.query.to)) res.redirect('/' + req.query.to); });
app.get('/2', (req, res) => { if (is_relative_url(req.query.to)) res.redirect(req.query.to); });
app.get('/3', (req, res) => { if (!is_relative_url(req.query.to)) res.redirect(req.query.to); }); //!
app.get('/4', (req, res) => { if (isKnown('/' + req.query.to)) res.redirect('/' + req.query.to); }); //!
"#;

const ENTITIES: &str = r#"
const express = require('express'); const app = express();
const htmlEscape = (str) => {
  [['&', '&amp;'], ['<', '&lt;'], ['>', '&gt;']].forEach((item) => { str = str.replace(new RegExp(item[0], 'g'), item[1]); });
  return str;
};
const htmlEscaped = (str) => {
  [['b', 'i'], ['u', 'em']].forEach((item) => { str = str.replace(new RegExp(item[0], 'g'), item[1]); });
  return str;
};
app.get('/1', (req, res) => { res.send('<b>' + htmlEscape(req.query.a)); });
app.get('/2', (req, res) => { res.send('<b>' + htmlEscaped(req.query.a)); }); //!
"#;

const QUOTED: &str = r#"
const { exec } = require('child_process'); const path = require('path');
const commands = { win32: `"${path.join(__dirname, 'du.exe')}" -nobanner .`, linux: 'du -sb .' };
exec(commands[process.platform]);
const bare = { win32: `${path.join(__dirname, 'du.exe')} -nobanner .`, linux: 'du -sb .' };
exec(bare[process.platform]); //!
"#;

const OWN_PARTS: &str = r#"
const User = require('./user'); const { Worker } = require('bullmq');
process.on('message', async (msg) => {
  await User.findOne({ name: msg.name });
  actions[msg.refresh]();
});
new Worker('a', async (job) => {
  await User.findOne({ name: job.data.name });
});
const app = require('express')();
app.post('/1', async (req, res) => {
  await User.findOne({ name: req.body.name }); //!
});
"#;
