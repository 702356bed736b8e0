//! Tables that the program wrote down: what is found in one was meant.

use super::*;

#[test]
fn what_a_table_holds_was_meant() {
    check(&[SinkKind::Html, SinkKind::Command], CODE);
}

const CODE: &str = r#"
const express = require('express'); const { exec } = require('child_process'); const app = express();
const icons = { a: 1, b: 2 }; const json = require('./icons.json'); const cache = {}; const count = {};
app.get('/1', (req, res) => { const e = req.query.e; res.send('<b>' + (icons[e] ? e : 'x') + '</b>'); });
app.get('/2', (req, res) => { const e = req.query.e; res.send('<b>' + (json[e] ? e : 'x') + '</b>'); });
app.get('/3', (req, res) => { const e = req.query.e; if (!icons[e]) return res.end(); res.send('<b>' + e + '</b>'); });
app.get('/4', (req, res) => { const e = req.query.e; const i = icons[e]; if (!i) return res.end(); res.send('<b>' + e + '</b>'); });
app.get('/5', (req, res) => { const e = req.query.e; const i = icons[e]; if (i === undefined) throw new Error(); res.send('<b>' + e + '</b>'); });
app.get('/6', (req, res) => { const e = req.query.e; const i = icons[e]; if (i !== null) res.send('<b>' + e + '</b>'); });
app.get('/7', (req, res) => { const e = req.query.e; if (icons[e]) return res.end(); res.send('<b>' + e + '</b>'); }); //!
app.get('/8', (req, res) => { const e = req.query.e; cache[e] = e; if (cache[e]) res.send('<b>' + e + '</b>'); }); //!
app.get('/9', (req, res) => { const e = req.query.e; const i = icons[e]; if (i) { go(); } res.send('<b>' + e + '</b>'); }); //!
app.get('/10', (req, res) => { const e = req.query.e; const i = icons[e]; if (i == null) { exec(e); } }); //!
app.get('/11', (req, res) => { const e = req.query.e; if (!req.query[e]) return; exec(e); }); //!
"#;
