//! What looks like a flaw and is what the code is for.

use super::check;

#[test]
fn a_command_prints_what_it_was_asked_for() {
    let script = |first: &str, mark: &str| {
        format!("//// a.js\n{first}\nconst password = prompt();\nconsole.log('password: ' + password); {mark}\n")
    };
    check(&script("#!/usr/bin/env node", ""));
    check(&script("'use strict';", "//!"));
}

#[test]
fn a_program_keeps_its_settings() {
    let kept = |what: &str, mark: &str| {
        format!(
            "//// a.js\nconst fs = require('fs');\nconst password = process.env.PASSWORD;\nconst config = {{ user: 'a', password }};\n\
             fs.writeFileSync('a.json', JSON.stringify({what})); {mark}\n"
        )
    };
    check(&kept("config", ""));
    check(&kept("{ password }", "//!"));
}

#[test]
fn what_is_no_part_of_the_answer_is_left_alone() {
    // A radix, the name of a download, what a browser saves.
    check(
        r#"
        //// a.js
        const express = require('express');
        const http = require('http');
        const app = express();
        app.get('/a', (req, res) => {
          const buffer = Buffer.alloc(parseInt('10', req.query.radix));
          res.json(buffer.length);
        });
        app.get('/b', (req, res) => {
          const buffer = Buffer.alloc(parseInt(req.query.size, 10)); //!
          res.json(buffer.length);
        });
        app.get('/c', (req, res) => {
          res.attachment('a.html');
          res.send('<b>' + req.query.name);
        });
        app.get('/d', (req, res) => {
          res.send('<b>' + req.query.name); //!
        });
        http.createServer((req, res) => {
          res.setHeader('Content-Disposition', 'attachment; filename=' + decodeURIComponent(req.url));
          res.setHeader('X-Name', decodeURIComponent(req.url)); //!
          res.end();
        });
        "#,
    );
}

#[test]
fn a_secret_is_told_of_where_it_is_made_up() {
    check(
        r#"
        //// a.js
        function generatePassword() {
          return Math.random().toString(36); //!
        }
        exports.add = (users) => {
          const password = generatePassword();
          users.push({ password });
        };
        "#,
    );
}

#[test]
fn predicates_are_known_by_their_words() {
    check(
        r#"
        //// a.js
        const express = require('express');
        const axios = require('axios');
        const app = express();
        app.get('/a', async (req, res) => {
          if (!inWhitelist(req.query.url)) return res.sendStatus(403);
          const answer = await axios.get(req.query.url);
          res.json(answer.data);
        });
        app.get('/b', async (req, res) => {
          const answer = await axios.get(req.query.url); //!
          res.json(answer.data);
        });
        "#,
    );
}

#[test]
fn an_example_shows_what_it_shows() {
    let page = |path: &str, mark: &str| {
        format!(
            "//// {path}\nconst lib = require('../../lib');\nconst app = require('express')();\nlib.use(app);\n\
             app.get('/a', (req, res) => {{ res.send('<b>' + req.query.a + '</b>'); }}); {mark}\n"
        )
    };
    check(&page("examples/plain/server.js", ""));
    check(&page("src/plain/server.js", "//!"));
}

#[test]
fn a_secret_of_a_store_is_a_name() {
    let told = |call: &str, mark: &str| {
        format!(
            "//// a.js\nfunction end(all) {{\n  for (const s of all) {{\n    {call}(s);\n    console.log('at ' + s.secret); {mark}\n  }}\n}}\nend(require('./all'));\n"
        )
    };
    check(&told("destroySecretVersion", ""));
    check(&told("close", "//!"));
}

#[test]
fn an_example_is_no_flaw_of_what_it_shows() {
    let uses = |path: &str, mark: &str| {
        format!(
            "//// lib/run.js\nconst axios = require('axios');\nexports.load = (address) => {{\nreturn axios.get(address); {mark}\n}};\n\
             //// {path}\nconst app = require('express')();\nconst {{ load }} = require('../../lib/run');\n\
             app.get('/a', async (req, res) => {{ await load(req.query.address); res.end(); }});\n"
        )
    };
    check(&uses("examples/plain/server.js", ""));
    check(&uses("src/plain/server.js", "//!"));
}

#[test]
fn a_password_is_hashed_once_a_function() {
    check(
        r#"
        //// a.js
        const crypto = require('crypto');
        exports.old = (password, salt) => {
          const hash = crypto.createHash('sha256');
          hash.update(password + salt); //!
          const again = crypto.createHash('sha256');
          again.update(password);
          return hash.digest('hex') + again.digest('hex');
        };
        "#,
    );
}

#[test]
fn a_long_way_through_files_is_not_believed() {
    let far = |hops: usize, mark: &str| {
        let steps: Vec<String> = (0..hops).map(|n| format!("const p{} = (p{n} + 'x');\n", n + 1)).collect();
        format!(
            "//// a.js\nconst app = require('express')();\nconst {{ load }} = require('./b');\n\
             app.get('/a', (req, res) => {{ load(req.query.a); res.end(); }});\n\
             //// b.js\nconst fs = require('fs');\nexports.load = (p0) => {{\n{}fs.readFileSync('/srv/' + p{hops}); {mark}\n}};\n",
            steps.concat()
        )
    };
    check(&far(1, "//!"));
    check(&far(5, ""));
}
