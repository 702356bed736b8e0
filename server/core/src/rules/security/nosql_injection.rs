use sidenote_grammars::Family;

use crate::findings::{Category, Confidence, Severity};
use crate::rules::{Case, Check, Docs, Rule};
use crate::semantics::flow::kinds::SinkKind;

pub static RULE: Rule = Rule {
    id: "nosql-injection",
    summary: "query objects of a document database that somebody outside can shape",
    category: Category::Security,
    severity: Severity::High,
    confidence: Confidence::High,
    cwe: &[943],
    families: &[Family::Ecma, Family::Rust],
    default_on: true,
    in_tests: false,
    docs: Docs {
        what: "Finds request data in filters of MongoDB and Mongoose that may be an object with operators.",
        why: "Body and query parsers build objects. `{\"password\": {\"$ne\": \"\"}}` logs anybody in, `$where` runs code.",
        example: "User.findOne({ name: req.body.name, password: req.body.password });",
        instead: "User.findOne({ name: String(req.body.name), password: hash(String(req.body.password)) });",
        limits: "Parts of the path and headers are always text and are silent. Mongoose casts by the schema where one is known; the schema is not looked at.",
        fix: "",
    },
    checks: &[Check::Flow(
        &[SinkKind::NoSql],
        "`{sink}` takes {source} as a filter: an object such as `{\"$ne\": null}` in its place matches everything. Make it a string with `String(..)`, or compare with `$eq`.",
    )],
    cases: &[
        Case::near_miss(
            "a.js",
            "module.exports = { routes: { get: { ':id/src': async (req, res) => {\n  const size = req.query.size || 10;\n  const image = await self.find(req, { imageId: req.params.id }).toObject();\n  res.json({ image, size });\n} } } };",
        ),
        Case::bad(
            "a.rs",
            r#"use mongodb::{bson::{doc, Document}, Collection};
async fn find(req: tide::Request<State>, col: Collection<Document>) {
    let raw: String = req.param("filter").unwrap().to_string();
    let filter: Document = serde_json::from_str(&raw).unwrap();
    col.find_one(filter, None).await; //~ nosql-injection
}"#,
        ),
        Case::good(
            "a.rs",
            r#"use mongodb::{bson::{doc, Document}, Collection};
async fn find(req: tide::Request<State>, col: Collection<Document>) {
    let name: String = req.param("name").unwrap().to_string();
    col.find_one(doc! { "name": name, "active": true }, None).await;
}"#,
        ),
        Case::bad(
            "a.js",
            r#"const mongoose = require("mongoose");
const User = mongoose.model("User", new mongoose.Schema({ name: String }));
exports.login = (req, res) => {
  User.findOne({ name: req.body.name, password: req.body.password }, (e, u) => res.json(u)); //~ nosql-injection
};"#,
        ),
        Case::bad(
            "a.ts",
            r#"import express from "express";
import { MongoClient } from "mongodb";
const db = new MongoClient("mongodb://localhost").db("a");
const app = express();
app.post("/x", async (req, res) => {
  const user = await db.collection("users").findOne({ email: req.body.email }); //~ nosql-injection
  res.json(user);
});"#,
        ),
        Case::bad(
            "a.js",
            r#"const User = require("../models/user");
module.exports.remove = async (req, res) => {
  await User.deleteMany(req.body.filter); //~ nosql-injection
  res.end();
};"#,
        ),
        Case::bad(
            "a.ts",
            r#"import express from "express";
import Item from "./item";
const app = express();
app.get("/x", async (req, res) => {
  const filter = {};
  filter.owner = req.query.owner;
  await Item.updateOne(filter, { $set: { a: 1 } }); //~ nosql-injection
});"#,
        ),
        Case::bad(
            "a.ts",
            r#"import express from "express";
import { users } from "./db";
const app = express();
app.post("/x", async (req, res) => {
  const { username, password } = req.body;
  const found = await users.findOne({ username, password }); //~ nosql-injection
  res.json(found);
});"#,
        ),
        Case::bad(
            "a.ts",
            r#"import Koa from "koa";
import { Account } from "./models";
const app = new Koa();
app.use(async (ctx) => {
  ctx.body = await Account.findOneAndUpdate({ token: ctx.request.body.token }, { used: true }); //~ nosql-injection
});"#,
        ),
        Case::bad(
            "a.ts",
            r#"import { Injectable, Controller, Post, Body } from "@nestjs/common";
import { Model } from "mongoose";
@Controller()
export class Users {
  constructor(private model: Model<any>) {}
  @Post()
  find(@Body() body: any) {
    return this.model.find({ name: body.name }); //~ nosql-injection
  }
}"#,
        ),
        Case::bad(
            "a.js",
            r#"const mongoose = require("mongoose");
const Post = mongoose.model("Post");
function query(q) {
  return Post.find({ tag: q.tag }); //~ nosql-injection
}
exports.list = async (req, res) => res.json(await query(req.query));"#,
        ),
        Case::bad(
            "a.ts",
            r#"import { MongoClient } from "mongodb";
import Fastify from "fastify";
const client = new MongoClient("mongodb://x");
const app = Fastify();
app.post("/x", async (request, reply) => {
  const users = client.db("a").collection("users");
  return users.find({ $or: [{ name: request.body.name }] }).toArray(); //~ nosql-injection
});"#,
        ),
        Case::bad(
            "a.ts",
            r#"import express from "express";
import mongoose from "mongoose";
const app = express();
app.get("/x", async (req, res) => {
  const User = mongoose.model("User");
  const n = await User.countDocuments({ group: req.query.group }); //~ nosql-injection
  res.json({ n });
});"#,
        ),
        Case::bad(
            "a.ts",
            r#"import { Server } from "socket.io";
import { Room } from "./room";
new Server().on("connection", (socket) => {
  socket.on("join", async (msg) => {
    await Room.findOne({ name: msg.name }); //~ nosql-injection
  });
});"#,
        ),
        Case::bad(
            "a.ts",
            r#"import express from "express";
import { Model } from "./m";
const app = express();
app.get("/x", async (req, res) => {
  const where = { ...req.query };
  const r = await Model.findOneAndDelete(where); //~ nosql-injection
  res.json(r);
});"#,
        ),
        Case::good(
            "a.ts",
            r#"import express from "express";
import User from "./user";
const app = express();
app.post("/x", async (req, res) => {
  const user = await User.findOne({ name: String(req.body.name) });
  res.json(user);
});"#,
        ),
        Case::good(
            "a.ts",
            r#"import express from "express";
import User from "./user";
const app = express();
app.post("/x", async (req, res) => {
  const user = await User.findOne({ name: { $eq: req.body.name } });
  res.json(user);
});"#,
        ),
        Case::good(
            "a.ts",
            r#"import express from "express";
import User from "./user";
const app = express();
app.get("/x", async (req, res) => {
  const user = await User.findOne({ _id: req.params.id });
  res.json(user);
});"#,
        ),
        Case::good(
            "a.ts",
            r#"import express from "express";
import User from "./user";
const app = express();
app.post("/x", async (req, res) => {
  const { name } = req.body;
  if (typeof name !== "string") return res.sendStatus(400);
  res.json(await User.findOne({ name }));
});"#,
        ),
        Case::good(
            "a.ts",
            r#"import express from "express";
import User from "./user";
const app = express();
app.get("/x", async (req, res) => {
  res.json(await User.findOne({ age: Number(req.query.age) }));
});"#,
        ),
        Case::good(
            "a.ts",
            r#"import express from "express";
import User from "./user";
const app = express();
app.post("/x", async (req, res) => {
  res.json(await User.findOne({ name: `${req.body.name}` }));
});"#,
        ),
        Case::good(
            "a.ts",
            r#"import express from "express";
import User from "./user";
const app = express();
app.post("/x", async (req, res) => {
  res.json(await User.findOne({ name: req.body.name.toString() }));
});"#,
        ),
        Case::good(
            "a.ts",
            r#"import express from "express";
const users = [{ id: 1 }];
const app = express();
app.post("/x", async (req, res) => {
  const found = users.find((u) => u.id === req.body.id);
  res.json(found);
});"#,
        ),
        Case::good(
            "a.ts",
            r#"import express from "express";
import { User } from "./sequelize";
const app = express();
app.post("/x", async (req, res) => {
  res.json(await User.findOne({ where: { name: req.body.name } }));
});"#,
        ),
        Case::good(
            "a.ts",
            r#"import sanitize from "mongo-sanitize";
import { User } from "./user";
export const get = async (req, res) => res.json(await User.findOne({ name: sanitize(req.body.name) }));"#,
        ),
        Case::good(
            "a.ts",
            r#"import express from "express";
import User from "./user";
const app = express();
app.get("/x", async (req, res) => {
  res.json(await User.findOne({ token: req.headers["x-token"] }));
});"#,
        ),
        Case::good(
            "a.ts",
            r#"import express from "express";
import User from "./user";
const app = express();
app.post("/x", async (req, res) => {
  await User.updateOne({ _id: req.params.id }, { $set: { name: req.body.name } });
  res.end();
});"#,
        ),
        Case::good(
            "a.ts",
            r#"import { ObjectId, MongoClient } from "mongodb";
const db = new MongoClient("x").db("a");
export const get = async (req, res) => res.json(await db.collection("u").findOne({ _id: new ObjectId(req.body.id) }));"#,
        ),
        Case::near_miss(
            "a.ts",
            r#"import express from "express";
import User from "./user";
const app = express();
app.post("/x", async (req, res) => {
  const name = req.body.name + "";
  res.json(await User.findOne({ name }));
});"#,
        ),
        Case::near_miss(
            "a.ts",
            r#"import express from "express";
import User from "./user";
const app = express();
app.get("/x", async (req, res) => {
  let q = req.query.q;
  q = "fixed";
  res.json(await User.findOne({ q }));
});"#,
        ),
        Case::near_miss(
            "a.ts",
            r#"import express from "express";
import User from "./user";
const app = express();
app.get("/x", async (req, res) => {
  const kinds = ["a", "b"];
  if (!kinds.includes(req.query.kind)) return res.end();
  res.json(await User.findOne({ kind: req.query.kind }));
});"#,
        ),
        Case::near_miss(
            "a.js",
            r#"const list = [1, 2, 3];
exports.get = (req, res) => res.json(list.find((x) => x == req.query.x));"#,
        ),
        Case::near_miss(
            "a.ts",
            r#"import express from "express";
import User from "./user";
import { z } from "zod";
const app = express();
app.post("/x", async (req, res) => {
  const dto = z.object({ name: z.string() }).safeParse(req.body);
  res.json(await User.findOne({ name: dto.data.name }));
});"#,
        ),
        Case::near_miss(
            "a.ts",
            r#"import express from "express";
import * as cheerio from "cheerio";
const app = express();
app.get("/x", async (req, res) => {
  const $ = cheerio.load("<a>");
  res.json($("a").find(req.query.q).length);
});"#,
        ),
        Case::bad(
            "a.js",
            r#"const User = require("../models/user");
exports.forgot = async (req, res) => { res.json(await User.exists({ email: req.body.email })); }; //~ nosql-injection"#,
        ),
        Case::good(
            "a.js",
            r#"const express = require("express");
const sanitize = require("express-mongo-sanitize");
const User = require("./models/user");
const app = express();
app.use(express.json());
app.use(sanitize());
app.post("/x", async (req, res) => res.json(await User.findOne({ email: req.body.email })));"#,
        ),
        Case::near_miss(
            "a.js",
            r#"const User = require("./models/user");
require("express")().get("/x", async (req, res) => res.json(await User.find({ token: req.header("x-token") })));"#,
        ),
    ],
};
