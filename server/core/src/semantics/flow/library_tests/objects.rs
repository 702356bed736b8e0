//! Classes, lists and promises of the program: what goes in comes out of them.

use super::*;

#[test]
fn classes_in_functions() {
    check(&[SinkKind::Command], LOCAL);
}

#[test]
fn mixins() {
    check(&[SinkKind::Command], MIXINS);
}

#[test]
fn classes_lists_and_promises() {
    check(&[SinkKind::Command, SinkKind::Sql, SinkKind::Path, SinkKind::Html], CODE);
}

#[test]
fn what_a_method_leaves_in_its_object_is_there_for_the_next_one() {
    check(&[SinkKind::Command, SinkKind::Sql], LEFT);
}

#[test]
fn what_is_thrown_is_caught_and_lists_move() {
    check(&[SinkKind::Command], THROWN);
}

#[test]
fn arrow_functions_of_a_class_know_its_methods() {
    check(&[SinkKind::Command], ARROWS);
}

const ARROWS: &str = r#"
import express, { Request, Response } from 'express';
import { exec } from 'node:child_process';
class Jobs {
  run = (req: Request, res: Response) => { exec(this.line(req)); }; //!
  list = async (req: Request, res: Response) => { exec(this.quoted(String(req.query.a))); }; //!
  count = (req: Request, res: Response) => { exec(this.number(req)); };
  line(req: Request): string { return 'job ' + req.query.a; }
  quoted = (name: string) => 'job "' + name + '"';
  number(req: Request): string { return 'job ' + Number(req.query.a); }
}
"#;

const THROWN: &str = r#"
import express, { Request, Response } from 'express';
import { exec } from 'node:child_process';
const app = express();
app.post('/a', (req: Request, res: Response) => {
  try { throw new Error(req.body.text); } catch (error) { exec(error.message); } //!
  try { throw req.body.text; } catch (error) { exec(error); } //!
  try { throw new Error('no ' + Number(req.body.text)); } catch (error) { exec(error.message); }
  try { go(); } catch (error) { exec(error.message); }
  try { try { throw req.body.text; } catch { throw 'date'; } } catch (error) { exec(error); }
  const first = ['date'], cut = ['date', 'pwd'], last = ['date'];
  first.unshift(req.body.text);
  exec(first[0]); //!
  cut.splice(0, 1, req.body.text);
  exec(cut[0]); //!
  last.push(req.body.text);
  exec(last[0]);
  last.reverse();
  exec(last[0]); //!
  const options: any = { command: req.body.text };
  delete options.command;
  exec(options.command ?? 'date');
  res.end();
});
"#;

const LEFT: &str = r#"
import express, { Request, Response } from 'express';
import { exec } from 'node:child_process';
const app = express();

class Job {
  private command = '';
  private label = '';
  private readonly steps: string[] = [];
  private readonly byName = new Map<string, string>();
  state: any = {};
  remember(text: string) { this.command = text; }
  name(text: string) { this.label = text.replace(/[^a-z]/g, ''); }
  add(step: string) { this.steps.push(step); return this; }
  put(key: string, step: string) { this.byName.set(key, step); }
  set(text: string) { this.state.text = text; }
  both(text: string) { this.remember(text); }
  run() { exec(this.command); } //!
  tag() { exec('tag ' + this.label); }
  all() { exec(this.steps.join(' && ')); } //!
  one(key: string) { exec(this.byName.get(key)!); } //!
  deep() { exec(this.state.text); } //!
}
app.post('/a', (req: Request, res: Response) => {
  const job = new Job();
  job.remember(req.body.command);
  job.name(req.body.label);
  job.run();
  job.tag();
  res.end();
});
app.post('/b', (req: Request, res: Response) => {
  const job = new Job();
  job.add(req.body.step).add('true');
  job.put('first', req.body.step);
  job.set(req.body.text);
  job.all();
  job.one('first');
  job.deep();
  res.end();
});

class Quiet {
  private command = '';
  remember(text: string) { this.command = text; }
  run() { exec(this.command); }
}
app.post('/c', (req: Request, res: Response) => {
  const quiet = new Quiet();
  const other = new Quiet();
  other.remember(req.body.command);
  quiet.remember('date');
  quiet.run();
  res.end();
});

class Later {
  command = '';
  remember(text: string) { this.command = text; }
  both(text: string) { this.remember(text); }
}
const later = new Later();
app.post('/d', (req: Request, res: Response) => { later.both(req.body.command); res.end(); });
app.post('/e', (req: Request, res: Response) => { exec(later.command); res.end(); }); //!

function fill(options: any, list: string[], text: string) { options.command = text; list.push(text); }
app.post('/f', (req: Request, res: Response) => {
  const options: any = {}, list: string[] = [], clean: string[] = [];
  fill(options, list, req.body.text);
  fill({}, clean, 'date');
  exec(options.command); //!
  exec(list.join(' ')); //!
  exec(clean.join(' '));
  res.end();
});
"#;

const CODE: &str = r#"
import express, { Request, Response } from 'express';
import { exec } from 'node:child_process';
import { promises as fs } from 'node:fs';
import { Pool } from 'pg';
import { Controller, Get, Param, PipeTransform, BadRequestException } from '@nestjs/common';
const app = express();
const pool = new Pool();
const COLUMNS = ['id', 'name'];

abstract class Repository {
  protected abstract clause(key: string): string;
  find(key: string) { return pool.query(`SELECT * FROM t WHERE ${this.clause(key)}`); } //!
}
class Users extends Repository {
  protected clause(key: string) { return "name = '" + key + "'"; }
}
app.get('/users', (req: Request, res: Response) => res.json(new Users().find(String(req.query.n))));

interface Ping { ping(host: string): void; count(n: string): void }
class ShellPing implements Ping {
  ping(host: string) { exec('ping ' + host); } //!
  count(n: string) { exec('seq ' + parseInt(n, 10)); }
}
class Controller {
  constructor(private svc: Ping) {}
  get(req: Request, res: Response) { this.svc.ping(req.query.h as string); this.svc.count(req.query.n as string); res.end(); }
}
app.get('/ping', (req: Request, res: Response) => new Controller(new ShellPing()).get(req, res));

class Job {
  #cmd = '';
  #label = '';
  set command(v: string) { this.#cmd = v; }
  set label(v: string) { this.#label = v.replace(/[^a-z]/g, ''); }
  run() { exec(this.#cmd); } //!
  tag() { exec('tag ' + this.#label); }
}
app.get('/job', (req: Request, res: Response) => {
  const job = new Job();
  job.command = req.query.c as string;
  job.label = req.query.l as string;
  job.run();
  job.tag();
  res.end();
});

class Target {
  constructor(public kind: string, public value: string) {}
  toString() { return this.kind + ':' + this.value; }
}
class Count {
  constructor(public value: string) {}
  toString() { return 'n' + parseInt(this.value, 10); }
}
app.get('/stat', (req: Request, res: Response) => {
  const target = new Target('file', req.query.v as string);
  exec(`stat ${target}`); //!
  exec('stat ' + new Count(req.query.v as string));
  res.end();
});

app.get('/columns', async (req: Request, res: Response) => {
  const keys = Object.keys(req.body).filter((k) => COLUMNS.includes(k));
  await pool.query('SELECT ' + keys.join(','));
  await pool.query(`SELECT 1 WHERE ${keys.map((k, i) => `${k} = $${i + 1}`).join(' AND ')}`, keys.map((k) => req.body[k]));
  const long = Object.keys(req.body).filter((k) => k.length > 1);
  await pool.query('SELECT ' + long.join(',')); //!
  const words = (req.query.w as string).split(',').filter((w) => /^[a-z]+$/.test(w));
  exec('echo ' + words.join(' '));
  const one = COLUMNS.find((c) => c === req.query.c);
  await pool.query('SELECT ' + one);
  res.end();
});
function where(filter: Record<string, string>): [string, string[]] {
  const keys = Object.keys(filter).filter((k) => (COLUMNS as readonly string[]).includes(k));
  return [keys.map((k, i) => `${k} = $${i + 1}`).join(' AND '), keys.map((k) => filter[k])];
}
app.post('/where', async (req: Request, res: Response) => {
  const [text, values] = where(req.body);
  res.json(await pool.query('SELECT 1 WHERE ' + text, values));
});

class SlugPipe implements PipeTransform {
  transform(v: string) {
    if (!/^[a-z0-9]{1,36}$/.test(v)) throw new BadRequestException();
    return v;
  }
}
class TrimPipe implements PipeTransform { transform(v: string) { return v.trim(); } }
@Controller('list')
export class ListController {
  @Get(':id')
  async get(@Param('id', new SlugPipe()) id: string, @Param('tag', TrimPipe) tag: string) {
    await pool.query(`select * from t where id = '${id}'`);
    await pool.query(`select * from t where tag = '${tag}'`); //!
  }
}

app.get('/race', (req: Request, res: Response) => {
  Promise.race([new Promise((r) => setTimeout(r, 100)), Promise.resolve(req.query.p as string)])
    .then((p) => fs.readFile(p)) //!
    .then((d) => res.json(d));
  Promise.resolve(req.query.id).then(Number).then((id) => exec('id ' + id));
  Promise.resolve(req.query.id).then(String).then((id) => exec('id ' + id)); //!
});
"#;

const LOCAL: &str = r#"
import express, { Request, Response } from 'express';
import { exec } from 'node:child_process';
const app = express();
export function first(router: any) {
  class Base {
    protected command = '';
    constructor(command: string) { this.command = command; }
    show() { return 'show'; }
  }
  class Job extends Base {
    constructor(command: string, private label: string) { super(command); }
    run() { exec(this.command); } //!
    tag() { exec('tag ' + parseInt(this.label, 10)); exec(super.show()); }
  }
  app.get('/a', (req: Request, res: Response) => { const job = new Job(req.query.c as string, req.query.l as string); job.run(); job.tag(); res.end(); });
}
export function second() {
  class Job {
    constructor(private command: string) {}
    run() { exec('date ' + parseInt(this.command, 10)); }
    stop() { return this.command; }
  }
  app.get('/b', (req: Request, res: Response) => { const job = new Job(req.query.c as string); job.run(); exec('kill ' + Number(job.stop())); res.end(); });
}
export function third() {
  class Job {
    stop(text: string) { exec('stop ' + text); } //!
  }
  app.get('/c', (req: Request, res: Response) => { new Job().stop(req.query.c as string); res.end(); });
}
"#;

const MIXINS: &str = r#"
import express, { Request, Response } from 'express';
import { exec } from 'node:child_process';
const app = express();
type Constructor = new (...args: any[]) => {};
const Runs = <T extends Constructor>(Base: T) => class extends Base {
  run(command: string) { exec(command); } //!
  count(n: string) { exec('seq ' + parseInt(n, 10)); }
};
function Names(Base: any) {
  return class Named extends Base {
    name(text: string) { exec('name ' + text); } //!
  };
}
class Plain { plain(text: string) { exec('plain ' + text); } } //!
class Job extends Runs(Names(Plain)) {}
app.get('/a', (req: Request, res: Response) => {
  const job = new Job() as any;
  job.run(req.query.c as string);
  job.count(req.query.n as string);
  job.name(req.query.c as string);
  job.plain(req.query.c as string);
  res.end();
});
class Open {}
Object.assign(Open.prototype, {
  start(text: string) { exec('start ' + text); }, //!
  size(text: string) { exec('size ' + text.length); },
});
app.get('/b', (req: Request, res: Response) => {
  const open = new Open() as any;
  open.start(req.query.c as string);
  open.size(req.query.c as string);
  res.end();
});
"#;
