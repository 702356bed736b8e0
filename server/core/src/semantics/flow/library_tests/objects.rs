//! Classes, lists and promises of the program: what goes in comes out of them.

use super::*;

#[test]
fn classes_lists_and_promises() {
    check(&[SinkKind::Command, SinkKind::Sql, SinkKind::Path, SinkKind::Html], CODE);
}

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
