//! What files of a program leave for each other in objects: services, middleware.

use super::check;

#[test]
fn services_of_other_files_keep_what_they_are_given() {
    check(
        r#"
        //// app.ts
        import express from 'express';
        import { jobs } from './jobs';
        const app = express();
        app.post('/job', (req, res) => { jobs.remember(req.body.command); jobs.label(req.body.label); jobs.run(); jobs.tag(); res.end(); });
        //// jobs.ts
        import { exec } from 'child_process';
        class Jobs {
          private command = '';
          private name = '';
          remember(text: string) { this.command = text; }
          label(text: string) { this.name = String(Number(text)); }
          run() {
            exec(this.command); //!
          }
          tag() {
            exec('tag ' + this.name);
          }
        }
        export const jobs = new Jobs();
        "#,
    );
}

#[test]
fn middleware_of_another_file_leaves_things_in_the_request() {
    check(
        r#"
        //// app.ts
        import express from 'express';
        import { exec } from 'child_process';
        import { command, page } from './middleware';
        const app = express();
        app.use(command);
        app.post('/run', (req: any, res) => {
          exec(req.command); //!
          exec('page ' + req.page);
          res.end();
        });
        app.post('/show', page, (req: any, res) => {
          exec(res.locals.order); //!
          exec('page ' + res.locals.page);
          res.end();
        });
        //// middleware.ts
        import type { NextFunction, Request, Response } from 'express';
        export const command = (req: any, res: Response, next: NextFunction) => { req.command = req.query.c; req.page = Number(req.query.p); next(); };
        export function page(req: Request, res: Response, next: NextFunction) { res.locals.page = Number(req.query.p); res.locals.order = req.query.o; next(); }
        "#,
    );
}

#[test]
fn getters_of_what_a_module_exports() {
    super::check(
        r#"
        //// app.js
        const lib = require('./lib');
        const { run } = require('./lib');
        const app = require('express')();
        app.get('/a', (req, res) => { lib.run(req.query.c); run(req.query.c); lib.quiet(req.query.c); res.end(); });
        //// lib.js
        module.exports = {
          get run() { return require('./run'); },
          get quiet() { return (text) => text; },
        };
        //// run.js
        const { exec } = require('child_process');
        module.exports = (text) => {
          exec(text); //!
        };
    "#,
    );
}

#[test]
fn a_queue_that_a_later_function_fills() {
    super::check(
        r#"
        //// app.js
        const { exec } = require('child_process');
        const { EventEmitter } = require('events');
        const app = require('express')();
        const queue = [], clean = [];
        const bus = new EventEmitter();
        function drain() {
          while (queue.length) exec(queue.shift()); //!
          while (clean.length) exec(clean.shift());
        }
        setInterval(drain, 1000);
        app.post('/run', (req, res) => {
          bus.emit('run', req.body.command);
          bus.emit('count', req.body.command);
          // A function that is a block of its own.
          res.json({ queued: true, length: queue.length });
        });
        function listen() {
          bus.on('run', (command) => {
            exec(command); //!
          });
          bus.on('count', (command) => exec('seq ' + Number(command)));
        }
        listen();
        app.post('/', (req, res) => { queue.push(req.body.command); clean.push('date'); res.end(); });
    "#,
    );
}

#[test]
fn what_a_protocol_prescribes_in_another_file() {
    super::check(
        r#"
        //// app.js
        const { digest, quick } = require('./digest');
        exports.header = (user, password, realm) => digest(`${user}:${realm}:${password}`);
        exports.store = (password) => quick(password);
        //// digest.js
        const { createHash } = require('crypto');
        // MD5, or MD5-sess
        exports.digest = (text) => {
          // HA1 of MD5-sess is made of the nonces, too: this makes all of them, whatever the server asked for, one after the other.
          return createHash('md5').update(text).digest('hex');
        };
        exports.quick = (text) => {
          // No protocol asks for this; it is as long as it is so that it is a block of its own, as functions like it are.
          return createHash('sha256').update(text).digest('hex'); //!
        };
    "#,
    );
}

#[test]
fn guards_of_another_file() {
    check(
        r#"
        //// app.js
        const express = require('express');
        const { exec } = require('child_process');
        const { validate, onlyIds } = require('./guards');
        const app = express();
        app.post('/a', (req, res) => {
          validate(req.body);
          exec('x ' + req.body.table);
          exec('x ' + req.body.view); //!
        });
        app.get('/b/:id', onlyIds, (req, res) => {
          exec('x ' + req.params.id);
          exec('x ' + req.params.name); //!
        });
        //// guards.js
        function validate(body) {
          if (!/^[a-z]+$/.test(body.table)) throw new Error('the table of the request is none that this program knows');
        }
        function onlyIds(req, res, next) {
          if (!/^\d+$/.test(req.params.id)) return res.status(400).json({ error: 'an id is a number, and this one is none' });
          next();
        }
        module.exports = { validate, onlyIds };
        "#,
    );
}

#[test]
fn events_of_an_emitter_that_modules_share() {
    check(
        r#"
        //// bus.js
        const { EventEmitter } = require('events');
        module.exports = new EventEmitter();
        //// worker.js
        const bus = require('./bus');
        const { exec } = require('child_process');
        bus.on('convert', (job) => {
          exec('convert ' + job.file); //!
        });
        bus.on('show', (job) => {
          exec('show ' + job.file);
        });
        //// app.js
        const express = require('express');
        const bus = require('./bus');
        require('./worker');
        const app = express();
        app.post('/convert', (req, res) => { bus.emit('convert', { file: req.body.file }); bus.emit('show', { file: 'a' }); res.end(); });
        "#,
    );
}
