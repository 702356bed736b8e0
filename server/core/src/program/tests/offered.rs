//! What a package offers to other programs.

use super::{check, check_rule};

#[test]
fn what_a_package_offers_is_called_by_strangers() {
    // The program itself uses all of it; what `package.json` names counts all the same, with what that hands on and classes in it.
    let lib = |manifest: &str, mark: &str| {
        format!(
            "//// package.json\n{manifest}\n\
             //// index.js\nconst run = require('./lib/run'); const Repo = require('./lib/repo'); module.exports = {{ run, tools: {{ Repo }} }};\n\
             //// lib/run.js\nconst {{ exec }} = require('child_process');\nmodule.exports = function (x) {{\nexec('ls ' + x); {mark}\n}};\n\
             //// lib/repo.js\nconst {{ exec }} = require('child_process');\nclass Repo {{ again() {{ return new Repo(); }}\nshow(x) {{\nexec('git show ' + x); {mark}\n}} }}\nRepo.self = Repo;\nmodule.exports = Repo;\n\
             //// lib/inner.js\nconst {{ exec }} = require('child_process');\nexports.inner = function (x) {{\nexec('ls ' + x);\n}};\n\
             //// bin/cli.js\nconst lib = require('..'); const {{ inner }} = require('../lib/inner'); lib.run('a'); inner('b'); new lib.tools.Repo().show('c');\n"
        )
    };
    check(&lib(r#"{ "name": "a", "main": "index.js" }"#, "//!"));
    check(&lib(r#"{ "name": "a", "main": "index.js", "private": true }"#, ""));
}

#[test]
fn what_a_constructor_keeps_reaches_what_methods_do() {
    check(
        r#"
        //// package.json
        { "name": "a", "main": "index.js" }
        //// index.js
        const { exec } = require('child_process');
        function Old(options) {
          const own = {};
          own.dir = options.dir;
          own.depth = Number(options.depth);
          this.options = own;
          this.root = process.cwd();
        }
        Old.prototype.list = function (done) {
          exec('ls ' + this.options.dir, done); //!
        };
        Old.prototype.depth = function (done) {
          exec('ls -d ' + this.options.depth, done);
        };
        Old.prototype.run = function (done) {
          exec(this.options.dir, done);
        };
        const listAll = (dir) => exec('ls ' + dir); //!
        const settled = (dir) => new Promise((done) => setTimeout(() => done(dir), 10));
        class New {
          constructor(text, dir) { this.text = text; this.dir = dir.replace(/[^a-z]/g, ''); }
          trimmed() {
            return this.text.replace(/\s+$/, ''); //!
          }
          list(done) { exec('ls ' + this.dir, done); }
        }
        module.exports = { Old, New, later: (dir) => settled(dir).then(listAll) };
    "#,
    );
}

#[test]
fn texts_of_any_length_are_matched_where_they_are_offered() {
    check(
        r#"
        //// package.json
        { "name": "a", "main": "index.js" }
        //// index.js
        const STRICT = /^[a-z]+$/;
        const LOOSE = /\s+$/;
        exports.trim = (text, strict) => {
          const pattern = strict ? STRICT : LOOSE;
          return text.replace(pattern, ''); //!
        };
        exports.first = (req) => {
          return (req.headers['x-forwarded-for'] || '').split(/ *, */); //!
        };
        exports.name = (options) => options.name.replace(/\s+$/, '');
        exports.unescape = require('./lib/unescape');
        exports.Server = require('./lib/server');
        exports.tidy = (text) => tidied(text);
        function tidied(text) {
          return text.match(/[^@]+@[^:]+/); //!
        }
        //// lib/unescape.js
        module.exports = function (text) {
          return text.replace(/&([^;]+);/g, ''); //!
        };
        //// lib/server.js
        class Server {
          upgrade(key, req, done) {
            let protocol = req.headers['sec-websocket-protocol'];
            if (protocol) {
              protocol = protocol.trim().split(/ *, */); //!
              done(protocol);
            }
          }
        }
        module.exports = Server;
        //// lib/inner.js
        module.exports = function (text) {
          return text.replace(/&([^;]+);/g, '');
        };
        //// bin/cli.js
        const lib = require('..'); const inner = require('../lib/inner');
        lib.trim('a '); inner('b');
    "#,
    );
}

#[test]
fn statements_that_a_package_puts_together_are_told_of() {
    let lib = |manifest: &str, mark: &str| {
        format!(
            "//// package.json\n{manifest}\n\
             //// index.js\nconst mysql = require('mysql');\nconst connection = mysql.createConnection({{}});\nmodule.exports = {{\n\
             all(table, done) {{\nconnection.query('SELECT * FROM ' + table, done); {mark}\n}},\n\
             one(id, done) {{ connection.query('SELECT * FROM users WHERE id = ?', [id], done); }},\n\
             run(sql, done) {{ connection.query(sql, done); }},\n\
             last(n, done) {{ connection.query('SELECT * FROM users LIMIT ' + Number(n), done); }},\n}};\n"
        )
    };
    check(&lib(r#"{ "name": "a", "main": "index.js" }"#, "//!"));
    check(&lib(r#"{ "name": "a", "main": "index.js", "private": true }"#, ""));
}

#[test]
fn what_wrappers_export_is_offered() {
    check(
        r#"
        //// package.json
        { "name": "a", "main": "index.js" }
        //// index.js
        const lib = require('./lib/universal');
        module.exports = { lib };
        //// lib/universal.js
        (function (root, factory) {
          if (typeof define === 'function' && define.amd) define([], factory);
          else module.exports = factory();
        }(this, function () {
          function run(rule) {
            return eval('(' + rule + ')'); //!
          }
          return { run: run };
        }));
    "#,
    );
}

/// A module for several systems: its header, which is longer than a closure that stays where it stands, and its body.
fn universal(header: &str, body: &str) -> String {
    format!(
        "//// package.json\n{{ \"name\": \"a\", \"main\": \"index.js\" }}\n\
         //// index.js\n{header}(this, {body});\n\
         //// test/a.js\nconst a = require('..'); a.list('x');\n"
    )
}

const BODY: &str = r#"
  const cp = require('child_process');
  function list(dir, done) {
    cp.exec('ls ' + dir, done); //!
  }
  function depth(n, done) { cp.exec('ls -d ' + Number(n), done); }
"#;

#[test]
fn what_a_header_for_several_systems_exports_is_offered() {
    let gives = format!("function () {{{BODY}  return {{ list: list, depth: depth }};\n}}");
    let fills = format!("function (exports) {{{BODY}  exports.list = list; exports.depth = depth;\n}}");
    let headers = [
        "(function (root, factory) {\n  if (typeof define === 'function' && define.amd) { define([], factory); } else if (typeof module === 'object' && module.exports) { module.exports = factory(); } else { root.a = factory(); }\n})",
        "((root, factory) => { if (typeof module === 'object' && module.exports) { module.exports = factory(); } else if (typeof define === 'function' && define.amd) { define([], factory); } else { root.a = factory(); } })",
    ];
    headers.iter().for_each(|header| drop(check(&universal(header, &gives))));
    let filled = "(function (global, factory) {\n  typeof exports === 'object' && typeof module !== 'undefined' ? factory(exports) : typeof define === 'function' && define.amd ? define(['exports'], factory) : (global = global || self, factory(global.a = {}));\n})";
    check(&universal(filled, &fills));
    check(&universal(filled, &format!("({fills})")));
}

#[test]
fn what_a_function_writes_into_its_parameter_is_in_the_argument() {
    check(
        r#"
        //// package.json
        { "name": "a", "main": "index.js" }
        //// index.js
        const cp = require('child_process');
        (function (fill) { fill(exports); })(function (out) {
          out.list = (dir) => cp.exec('ls ' + dir); //!
        });
        //// app.js
        const { exec } = require('child_process');
        require('express')().get('/', (req, res) => {
          const fill = (o, text) => { o.text = text; o.kind = 'a'; };
          const again = (o, n, text) => { if (n) again(o, n - 1, text); else o.text = text; };
          const swap = (o, text) => { o = { text }; return o; };
          const clear = (o) => { o.text = 'date'; };
          const options = {}, other = {}, third = {}, fourth = {}, fifth = { text: req.query.text };
          fill(options, req.query.text);
          exec(options.text); //!
          exec(options.kind);
          fill(other, 'date');
          exec(other.text);
          again(third, 2, req.query.text);
          exec(third.text); //!
          swap(fourth, req.query.text);
          exec(fourth.text);
          clear(fifth);
          exec(fifth.text);
          res.end();
        });
    "#,
    );
}

#[test]
fn words_become_html_and_texts_are_taken_apart() {
    check(
        r#"
        //// package.json
        { "name": "a", "main": "index.js" }
        //// index.js
        exports.alert = function (element, options) {
          element.innerHTML = '<h3>' + options.title + '</h3>'; //!
        };
        exports.put = function (element, options) {
          element.innerHTML = '<div>' + options.html + '</div>';
        };
        exports.count = function (element, n) {
          element.innerHTML = '<b>' + Number(n) + '</b>';
        };
        exports.query = function (text) {
          const out = {};
          text.split('&').forEach(function (pair) {
            const m = pair.match(/^([^[]+)\[([^\]]+)\]=(\w*)$/);
            if (!m) return;
            out[m[1]] = out[m[1]] || {};
            out[m[1]][m[2]] = m[3]; //!
          });
          return out;
        };
        exports.load = function (value) {
          return require('vm').runInNewContext('module.exports = ' + JSON.stringify(value));
        };
        exports.loads = function (value) {
          return require('vm').runInNewContext('module.exports = ' + value); //!
        };
        exports.filled = function (settings, key) {
          return eval('`' + settings[key] + '`');
        };
        exports.named = function (model) {
          return new Function('base', 'return class ' + model.name + 'Controller extends base {}');
        };
        exports.cleaned = function (name, done) {
          require('child_process').exec('ls ' + sanitizeName(name), done);
        };
        function sanitizeName(name) {
          let out = '';
          for (const c of name) if (c > '/' && c < '[') out += c;
          return out;
        }
        "#,
    );
}

#[test]
fn who_starts_a_command_may_run_others() {
    let files = |manifest: &str, mark: &str| {
        format!(
            "//// package.json\n{manifest}\n\
             //// tool.js\nconst {{ execSync }} = require('child_process');\nexecSync('git clone ' + process.argv[2]); {mark}\n\
             //// bin/wifi.js\nrequire('../lib/connect').connect(process.argv[2]);\n\
             //// lib/connect.js\nconst {{ exec }} = require('child_process');\nexports.connect = function (name) {{\nexec('netsh wlan ' + name); {mark}\n}};\n"
        )
    };
    check(&files(r#"{ "name": "a", "bin": { "a": "bin/wifi.js" } }"#, ""));
    check(&files(r#"{ "name": "a" }"#, "//!"));
}

#[test]
fn what_a_function_is_for_is_no_flaw_of_it() {
    // A command that is given to be run, what the methods of an object give, and a text that another function matches.
    check(
        r#"
        //// package.json
        { "name": "a", "main": "index.js" }
        //// index.js
        const { exec } = require('child_process');
        exports.sudo = function (command) {
          exec('sudo ' + command);
        };
        exports.list = function (dir) {
          exec('ls ' + dir); //!
        };
        exports.node = function (RED) {
          const value = RED.util.getProperty('payload');
          exec('run ' + value);
        };
        const { trimmed } = require('./lib/trimmed');
        exports.style = function (text) { return trimmed(text); };
        exports.trim = function (text) {
          return text.replace(/\s+$/, ''); //!
        };
        exports.extend = extend;
        function extend(out, obj) {
          for (const key in obj) {
            if (typeof obj[key] === 'object') {
              out[key] = extend(out[key] || {}, obj[key]);
            } else {
              out[key] = obj[key]; //!
            }
          }
          return out;
        }
        //// lib/trimmed.js
        exports.trimmed = function (text) {
          return text.replace(/\s+$/, '');
        };
    "#,
    );
}

#[test]
fn a_logger_of_the_programs_own_is_told_of_where_it_is_called() {
    check(
        r#"
        //// logger.js
        exports.log = { info(text) { write(text); } };
        function write(text) { console.log(new Date() + text); }
        //// app.js
        const express = require('express');
        const { log } = require('./logger');
        const app = express();
        app.get('/a', (req, res) => {
          log.info('user ' + req.query.name); //!
          res.json({});
        });
    "#,
    );
}

#[test]
fn a_worker_is_asked_by_its_page_but_runs_no_text() {
    check(
        r#"
        //// worker.js
        self.addEventListener('message', (event) => {
          const found = new RegExp(event.data.pattern).test(text);
          importScripts(event.data.url); //!
          self.postMessage(found);
        });
        "#,
    );
}

#[test]
fn stand_ins_for_services_are_not_told_of_their_pages() {
    let app = |folder: &str, mark: &str| {
        format!(
            "//// {folder}/server.js\nconst fs = require('fs');\nconst app = require('express')();\n\
             app.get('/a', (req, res) => {{\nres.redirect(req.query.to); {mark}\n}});\n\
             app.get('/b', (req, res) => {{\nfs.unlink('data/' + req.query.file, () => res.json(1)); //!\n}});\n\
             if (config.dev) {{\napp.get('/c', (req, res) => {{\nfs.unlink('data/' + req.query.file, () => res.json(1));\n}});\n}}\n"
        )
    };
    check(&app("emulator", ""));
    check(&app("server", "//!"));
}

#[test]
fn copies_and_tables_have_no_prototype_of_others() {
    check(
        r#"
        //// package.json
        { "name": "a", "main": "index.js" }
        //// index.js
        exports.merged = function merged(target, source) {
          const acc = Object.assign({}, target);
          return Object.keys(source).reduce((acc, key) => {
            if (isObject(source[key])) acc[key] = merged(target[key], source[key]);
            else acc[key] = source[key];
            return acc;
          }, acc);
        };
        exports.spread = function spread(target, source) {
          const out = { ...target };
          for (const key of Object.keys(source)) {
            if (isObject(source[key])) out[key] = spread(target[key], source[key]);
            else out[key] = source[key];
          }
          return out;
        };
        exports.deep = function deep(target, source) {
          for (const key of Object.keys(source)) {
            if (isObject(source[key])) deep(target[key], source[key]);
            else target[key] = source[key]; //!
          }
          return target;
        };
        exports.draw = function (table, rows) {
          for (const [rowIndex, column] of rows) {
            table.cells[rowIndex][column] = 1;
          }
        };
        exports.put = function (object, path, value) {
          const parts = path.split('.');
          for (const part of parts) if (String(part).slice(0, 2) === '__') throw new Error('bad');
          return set(object, parts, value);
        };
        function set(object, parts, value) {
          let at = object;
          for (let i = 0; i < parts.length - 1; i++) at = at[parts[i]];
          at[parts[parts.length - 1]] = value;
        }
        "#,
    );
}

#[test]
fn manifests_tell_whether_documents_are_kept() {
    let files = |manifest: &str, import: &str, mark: &str| {
        format!(
            "//// package.json\n{manifest}\n//// server/package.json\n{{ \"name\": \"b\" }}\n\
             //// server/routes.js\nconst app = require('express')();\nconst Table = require('{import}');\n\
             app.get('/a', async (req, res) => {{\nres.json(await Table.findOne({{ name: req.body.name }})); {mark}\n}});\n"
        )
    };
    check(&files(
        r#"{ "name": "a", "dependencies": { "express": "5", "@acme/platform": "8" } }"#,
        "@acme/data/table",
        "",
    ));
    check(&files(r#"{ "name": "a", "dependencies": { "express": "5", "mongoose": "9" } }"#, "@acme/data/table", "//!"));
    check(&files(
        r#"{ "name": "a", "dependencies": { "express": "5", "@acme/MikroORM": "9" } }"#,
        "@acme/data/table",
        "//!",
    ));
    // Without a list nothing is known, and what a file imports is there.
    check(&files(r#"{ "name": "a", "devDependencies": { "mocha": "11" } }"#, "@acme/data/table", "//!"));
    check(&files(r#"{ "name": "a", "dependencies": { "express": "5" } }"#, "mongoose/table", "//!"));
}

#[test]
fn tests_and_examples_of_a_package_run_nowhere_else() {
    let files = |manifest: &str, inner: &str, code: &str| {
        format!(
            "//// package.json\n{manifest}\n//// {inner}/package.json\n{{ \"name\": \"inner\", \"private\": true }}\n\
             //// {inner}/server/app.js\nconst app = require('express')();\nconst https = require('https');\n{code}\n"
        )
    };
    let reads = |mark: &str| {
        format!("app.get('/a', (req, res) => {{\nrequire('fs').readFile(req.query.a, () => {{}}); {mark}\n}});")
    };
    let trusts = |mark: &str| format!("const agent = new https.Agent({{\nrejectUnauthorized: false, {mark}\n}});");
    let told = |manifest: &str, inner: &str, mark: &str| {
        check(&files(manifest, inner, &reads(mark)));
        check_rule("tls-verification-disabled", &files(manifest, inner, &trusts(mark)));
    };
    let published = r#"{ "name": "a", "version": "1.0.0", "main": "lib/index.js", "files": ["lib"] }"#;
    for folder in ["examples", "test", "packages/x/demo", "docs/src"] {
        told(published, folder, "");
    }
    told(published, "server", "//!");
    // Nothing says that it is published, or what it offers lies there.
    told(r#"{ "name": "a", "version": "1.0.0", "main": "lib/index.js" }"#, "examples", "//!");
    told(r#"{ "name": "a", "version": "1.0.0", "files": ["lib"], "private": true }"#, "test", "//!");
    told(r#"{ "name": "a", "version": "1.0.0", "exports": "./test/server/app.js" }"#, "test", "//!");
}

#[test]
fn what_nobody_calls_from_outside_is_given_nothing() {
    check(
        r#"
        //// package.json
        { "name": "a", "main": "index.js" }
        //// index.js
        const { exec } = require('child_process');
        exports.list = function list(dir) {
          exec('ls ' + dir); //!
        };
        exports._list = function _list(dir) {
          exec('ls ' + dir);
        };
        exports.trim = function (text) {
          return text.replace(/\s+$/, ''); //!
        };
        exports.set = function (command, value) {
          return command + value.replace(/\s+$/, '');
        };
        "#,
    );
}

#[test]
fn a_library_hashes_as_it_is_asked_to() {
    let told = |more: &str, mark: &str| {
        let manifest = format!(r#"{{ "name": "a", "version": "1.0.0", "main": "lib/index.js"{more} }}"#);
        let file = |code: &str| {
            format!("//// package.json\n{manifest}\n//// lib/index.js\nconst crypto = require('crypto');\n{code}")
        };
        check(&file(&format!(
            "exports.login = (password) => {{\nreturn crypto.createHash('sha256').update(password).digest(); {mark}\n}};\n"
        )));
        check_rule("weak-hash", &file(&format!("exports.s = crypto.sign('RSA-SHA1', text, key); {mark}\n")));
    };
    told(r#", "repository": "a/a""#, "");
    told(r#", "exports": "./lib/index.js""#, "");
    told("", "//!");
    told(r#", "repository": "a/a", "private": true"#, "//!");
    told(r#", "repository": "a/a", "bin": "lib/index.js""#, "//!");
    told(r#", "repository": "a/a", "scripts": { "start": "node lib" }"#, "//!");
}

#[test]
fn what_a_plugin_hands_on_its_user_meant() {
    check(
        r#"
        //// index.js
        (function ($) {
          function show(className, html) {
            var el = document.createElement('div');
            el.className = 'tip-' + className;
            if (html) {
              el.innerHTML = html;
            }
            document.body.appendChild(el);
            return el;
          }
          $.fn.tip = function (options) {
            options = $.extend(true, {}, options);
            show('a', options.text);
            return this;
          };
          $.fn.note = function (options) {
            this.html('<b>' + options.text + '</b>'); //!
          };
        })(jQuery);
        "#,
    );
}

#[test]
fn a_stand_in_hands_on_what_it_is_sent() {
    let files = |manifest: &str, mark: &str| {
        format!(
            "//// package.json\n{manifest}\n//// lib/index.js\nconst app = require('express')();\n\
             app.get('/a', async (req, res) => {{\nawait fetch(req.query.to); {mark}\n}});\n"
        )
    };
    let with = |more: &str| format!(r#"{{ "name": "a", "version": "1.0.0", "repository": "a/a"{more} }}"#);
    check(&files(&with(r#", "description": "A mock server""#), ""));
    check(&files(&with(r#", "keywords": ["http", "proxy"]"#), ""));
    check(&files(&with(r#", "description": "Approximately a server""#), "//!"));
    check(&files(r#"{ "name": "proxy" }"#, "//!"));
}
