//! Databases: what a client sends reaches what libraries do with it.

use super::*;

#[test]
fn databases_of_libraries() {
    check(&[SinkKind::Sql, SinkKind::NoSql, SinkKind::Code, SinkKind::Ldap], CODE);
}

const CODE: &str = r#"
import mysql from 'mysql'; import mysql2 from 'mysql2'; import * as mariadb from 'mariadb'; import pg, { Client, Pool } from 'pg'; import Cursor from 'pg-cursor'; import QueryStream from 'pg-query-stream'; import pgp from 'pg-promise'; import sqlite3 from 'sqlite3'; import { open } from 'sqlite'; import Database from 'better-sqlite3'; import { DatabaseSync } from 'node:sqlite'; import knex, { Knex } from 'knex'; import { Model as ObjModel, raw as objRaw } from 'objection'; import { Sequelize, Model, literal, col, fn, where, QueryTypes } from 'sequelize'; import { DataSource, getRepository, getManager, getConnection, Repository, EntityManager, Raw, QueryRunner, In } from 'typeorm'; import { InjectRepository } from '@nestjs/typeorm'; import { PrismaClient, Prisma } from '@prisma/client'; import { sql as drizzleSql } from 'drizzle-orm'; import { drizzle } from 'drizzle-orm/node-postgres'; import mssql from 'mssql'; import { Connection as TConn, Request as TRequest } from 'tedious'; import oracledb from 'oracledb'; import { MikroORM, EntityManager as MEM } from '@mikro-orm/core'; import { SqlEntityManager } from '@mikro-orm/postgresql'; import { Kysely, sql as kysql } from 'kysely'; import { createPool, sql as slonik } from 'slonik'; import cassandra from 'cassandra-driver'; import { BigQuery } from '@google-cloud/bigquery'; import { Spanner } from '@google-cloud/spanner'; import snowflake from 'snowflake-sdk'; import { createClient as ch } from '@clickhouse/client'; import duckdb from 'duckdb'; import { createClient as libsql } from '@libsql/client'; import { neon } from '@neondatabase/serverless'; import { sql as vsql } from '@vercel/postgres'; import { connect as ps } from '@planetscale/database'; import neo4j from 'neo4j-driver'; import { DynamoDBClient, ExecuteStatementCommand } from '@aws-sdk/client-dynamodb'; import { AthenaClient, StartQueryExecutionCommand } from '@aws-sdk/client-athena'; import { RDSDataClient, ExecuteStatementCommand as RdsExec } from '@aws-sdk/client-rds-data'; import { InfluxDB } from '@influxdata/influxdb-client'; import { Client as ES } from '@elastic/elasticsearch'; import Redis from 'ioredis'; import { createClient as redis } from 'redis'; import { MongoClient, Db, Collection, ObjectId } from 'mongodb'; import mongoose, { Model as MM } from 'mongoose'; import { InjectModel } from '@nestjs/mongoose'; import monk from 'monk'; import nano from 'nano'; import PouchDB from 'pouchdb'; import ldap from 'ldapjs'; import { Client as LdapTs } from 'ldapts'; import AD from 'activedirectory'; import { createClient as supa } from '@supabase/supabase-js'; import gremlin from 'gremlin'; import arangojs, { aql } from 'arangojs'; import { Surreal } from 'surrealdb.js';
import express, { Request } from 'express';
const app = express();
class Person extends ObjModel {} class Acc extends Model {}
app.post('/', async (req, res) => {
  const n = req.body.n as string; const id = req.params.id;
  mysql.createPool({}).getConnection((e, c) => c.query("SELECT " + n)); //!
  mysql.createConnection({}).query({ sql: 'SELECT ' + n, values: [] }, () => {}); //!
  mysql2.createPool({}).promise().query(n); //!
  const mc = await mariadb.createConnection({}); await mc.query(`x ${n}`); //!
  const mp = mariadb.createPool({}); const mcc = await mp.getConnection(); await mcc.batch(n, []); //!
  new Client().query(new Cursor('select ' + n)); //!
  new Client().query(new QueryStream(`select ${n}`)); //!
  new Client().query({ name: 'x', text: 'select ' + n }); //!
  pgp()('').task((t) => t.one(`select ${n}`)); //!
  pgp().as.format('select $1', [n]);
  const sdb = await open({ filename: 'x', driver: sqlite3.Database }); await sdb.all('select ' + n); //!
  new Database('x').prepare('select ' + n).all(); //!
  new Database('x').pragma(n); //!
  new DatabaseSync('x').exec(n); //!
  const kx = knex({}); kx('t').select(kx.raw(n)); //!
  kx.raw('select ?', [n]);
  kx('t').whereRaw(`a = ${n}`); //!
  kx.from(kx.raw(`(${n})`)); //!
  kx('t').where(kx.raw(n)); //!
  kx('t').where({ a: n });
  kx('t').orderBy(n);
  kx('t').having(n, '>', 1);
  kx.with('x', kx.raw(n)); //!
  kx.transaction(async (trx) => { await trx.raw(n); await trx('t').whereRaw(n); }); //!
  Person.query().whereRaw(n); //!
  Person.query().where(objRaw(n)); //!
  Person.query().findById(id);
  const sq = new Sequelize(''); sq.query(n); //!
  sq.query({ query: n, values: [] }); //!
  Acc.findAll({ where: literal(n) }); //!
  Acc.findAll({ where: sq.literal(`a = ${n}`) }); //!
  Acc.findAll({ attributes: [[Sequelize.literal(n), 'x']] }); //!
  Acc.findAll({ where: { a: n } });
  Acc.findAll({ order: [[n, 'ASC']] });
  Acc.findAll({ where: where(fn('lower', col('a')), n) });
  const ds = new DataSource({ type: 'mysql' }); ds.query(n); //!
  ds.createQueryRunner().query(n); //!
  ds.transaction(async (m) => m.query(n)); //!
  ds.getRepository('x').query(n); //!
  ds.getRepository('x').createQueryBuilder('x').andWhere('a = ' + n).getOne(); //!
  ds.getRepository('x').createQueryBuilder().select(n).getRawMany(); //!
  ds.getRepository('x').createQueryBuilder('x').leftJoin('x.y', 'y', 'y.a = ' + n); //!
  ds.getRepository('x').find({ where: { a: Raw((alias) => `${alias} = :n`, { n }) } });
  ds.getRepository('x').findOneBy({ id });
  getManager().query(n); //!
  getConnection().createQueryBuilder().update('x').set({}).where(`a=${n}`).execute(); //!
  getRepository('x').query('select 1 where a = ' + n); //!
  const pr = new PrismaClient(); pr.$executeRawUnsafe(n); //!
  pr.$queryRaw(Prisma.raw(n)); //!
  pr.$queryRaw`select ${Prisma.raw(n)}`; //!
  pr.$queryRaw`select ${n}`;
  pr.$queryRaw(Prisma.sql([n])); //!
  pr.$transaction(async (tx) => { await tx.$queryRawUnsafe(n); }); //!
  pr.user.findMany({ where: { a: n } });
  pr.user.findFirst({ where: req.body.where }); //!
  const dz = drizzle({} as any); dz.execute(drizzleSql.raw(n)); //!
  dz.select().from({} as any).where(drizzleSql`a = ${drizzleSql.raw(n)}`); //!
  new mssql.Request().query(`select ${n}`); //!
  mssql.query(n); //!
  const ps1 = new mssql.PreparedStatement(); ps1.prepare(n); //!
  new mssql.ConnectionPool({}).request().batch(n); //!
  new mssql.Transaction().request().query(n); //!
  new TConn({}).execSql(new TRequest(n, () => {})); //!
  const oc = await oracledb.getConnection(); oc.execute(`begin ${n}; end;`); //!
  const op = await oracledb.createPool({}); const oc2 = await op.getConnection(); await oc2.executeMany(n, []); //!
  const orm = await MikroORM.init({}); await (orm.em as SqlEntityManager).execute(n); //!
  (orm.em as any).createQueryBuilder('x').where(`a = ${n}`); //!
  const ky = new Kysely<any>({} as any); await kysql`select ${kysql.raw(n)}`.execute(ky); //!
  await kysql`select ${n}`.execute(ky);
  await kysql.raw(n).execute(ky); //!
  const sp = await createPool(''); await sp.query(slonik.unsafe`select ${n}`);
  const cc = new cassandra.Client({}); cc.execute(`select ${n}`); //!
  cc.batch([`insert ${n}`]); //!
  new BigQuery().query({ query: `select ${n}` }); //!
  new Spanner({}).instance('a').database('b').run({ sql: `select ${n}` }); //!
  snowflake.createConnection({} as any).execute({ sqlText: `select ${n}` }); //!
  ch({}).query({ query: `select ${n}` }); //!
  ch({}).command({ query: `drop ${n}` }); //!
  new duckdb.Database(':memory:').all(`select ${n}`, () => {}); //!
  new duckdb.Database(':memory:').connect().run(n); //!
  libsql({ url: '' }).execute(n); //!
  libsql({ url: '' }).execute({ sql: 'select ?', args: [n] });
  libsql({ url: '' }).executeMultiple(n); //!
  const ns = neon(''); await ns(n); //!
  await ns`select ${n}`;
  await ns.query(n); //!
  await vsql`select ${n}`;
  await vsql.query(`select ${n}`); //!
  ps({}).execute(n); //!
  ps({}).execute('select ?', [n]);
  const s4 = neo4j.driver('').session(); s4.run(`MATCH (u {name: '${n}'}) RETURN u`); //!
  s4.run('MATCH (u {name: $n}) RETURN u', { n });
  s4.executeRead((tx) => tx.run('MATCH (u) WHERE u.n = "' + n + '" RETURN u')); //!
  await neo4j.driver('').executeQuery(`MATCH (n:${n}) RETURN n`); //!
  new DynamoDBClient({}).send(new ExecuteStatementCommand({ Statement: `SELECT * FROM t WHERE a='${n}'` })); //!
  new AthenaClient({}).send(new StartQueryExecutionCommand({ QueryString: `SELECT ${n}` })); //!
  new RDSDataClient({}).send(new RdsExec({ sql: `select ${n}`, resourceArn: '', secretArn: '' })); //!
  new InfluxDB({ url: '' }).getQueryApi('o').queryRows(`from(bucket: "${n}")`, {} as any); //!
  new ES({}).search({ body: { query: { query_string: { query: n } } } });
  new ES({}).search({ body: req.body.q }); //!
  new ES({}).sql.query({ query: `select ${n}` }); //!
  new ES({}).update({ script: { source: `ctx._source.x = ${n}` } } as any); //!
  new Redis().eval(`return ${n}`, 0); //!
  new Redis().get(n);
  new Redis().set('k', n);
  const rc = redis(); rc.eval(n, {}); //!
  const db = (await MongoClient.connect('')).db('x'); db.collection('a').findOne({ a: req.body.a }); //!
  db.command(req.body.c); //!
  db.collection('a').find(req.body.f).toArray(); //!
  db.collection('a').updateOne({ _id: new ObjectId(id) }, { $set: req.body });
  db.collection('a').updateOne({ _id: new ObjectId(id) }, req.body); //!
  db.collection('a').insertOne(req.body);
  db.collection('a').countDocuments({ a: req.query.a }); //!
  db.collection('a').find({ a: { $regex: req.query.a } }); //!
  db.collection('a').find({ a: { $in: req.body.list } }); //!
  db.collection('a').bulkWrite([{ updateOne: { filter: { a: req.body.a }, update: {} } }]); //!
  db.collection('a').deleteMany({ a: Number(req.body.a) });
  db.collection('a').findOne({ a: req.body.a.toString() });
  db.collection('a').findOne({ a: '' + req.body.a });
  db.collection('a').findOne({ $where: 'this.a == ' + n }); //!
  const M = mongoose.model('X', new mongoose.Schema({})); M.findOne({ a: req.body.a }).exec(); //!
  M.find().where('a', req.body.a); //!
  M.find().or([{ a: req.body.a }]); //!
  M.find().and([{ a: req.body.a }]); //!
  M.find({}).sort(req.query.sort as string);
  M.findByIdAndUpdate(id, { $set: req.body });
  M.findOneAndUpdate({ a: req.body.a }, {}); //!
  M.updateOne({ _id: req.body.id }, { $set: { b: 1 } }); //!
  M.exists({ a: req.body.a }); //!
  M.aggregate([{ $match: { a: req.body.a } }]); //!
  M.aggregate(req.body.pipeline); //!
  M.$where('this.a == ' + n); //!
  M.countDocuments({ a: { $ne: req.body.a } }); //!
  M.deleteOne({ a: mongoose.Types.ObjectId.createFromHexString(req.body.a) });
  monk('').get('x').findOne({ a: req.body.a }); //!
  nano('').use('x').find({ selector: req.body.s }); //!
  nano('').use('x').find({ selector: { a: req.body.s } }); //!
  new PouchDB('x').find({ selector: { a: req.body.a } }); //!
  const lc = ldap.createClient({ url: '' }); lc.search(`uid=${n},dc=x`, {}, () => {}); //!
  lc.search('dc=x', { filter: '(cn=' + n + ')' }, () => {}); //!
  lc.bind(`cn=${n},dc=x`, 'p', () => {}); //!
  ldap.parseFilter(`(a=${n})`); //!
  new LdapTs({ url: '' }).search('dc=x', { filter: `(mail=${n})` }); //!
  new AD({}).findUser(n, () => {});
  supa('', '').from('x').select('*').or(`a.eq.${n}`); //!
  supa('', '').from('x').select('*').eq('a', n);
  supa('', '').rpc('f', { n });
  new gremlin.driver.Client('').submit(`g.V().has('n','${n}')`); //!
  new arangojs.Database().query(`FOR u IN users FILTER u.n == "${n}" RETURN u`); //!
  new arangojs.Database().query(aql`FOR u IN users FILTER u.n == ${n} RETURN u`);
  new Surreal().query(`SELECT * FROM x WHERE a = '${n}'`); //!
});
class NestSvc {
  constructor(@InjectRepository(Object) private repo: Repository<any>, @InjectModel('X') private m: MM<any>, private em: EntityManager, private prisma: PrismaService) {}
  async a(req: Request) {
    const n = req.query.n;
    await this.repo.query(`select ${n}`); //!
    await this.em.query(`select ${n}`); //!
    await this.m.findOne({ a: n }); //!
    await this.prisma.$queryRawUnsafe(`select ${n}`); //!
    await this.repo.findOne({ where: { a: n } } as any);
  }
}
declare class PrismaService extends PrismaClient {}
"#;
