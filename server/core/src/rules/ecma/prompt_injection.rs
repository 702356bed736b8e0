use sidenote_grammars::Family;

use crate::findings::{Category, Confidence, Severity};
use crate::rules::{Case, Check, Docs, Rule};
use crate::semantics::flow::kinds::SinkKind;

pub static RULE: Rule = Rule {
    id: "prompt-injection",
    summary: "instructions of a language model that somebody outside can write",
    category: Category::Security,
    severity: Severity::Medium,
    confidence: Confidence::Medium,
    cwe: &[1427],
    families: &[Family::Ecma],
    default_on: true,
    in_tests: false,
    docs: Docs {
        what: "Finds request data in the system prompt of a language model, or in a prompt that is one text.",
        why: "A model does what its instructions say. Data in them can order it to leak what it was told or to misuse its tools.",
        example: "messages: [{ role: \"system\", content: `Help ${req.body.name}` }]",
        instead: "messages: [{ role: \"system\", content: \"Help.\" }, { role: \"user\", content: req.body.text }]",
        limits: "Messages of the role `user` are what they are for and are silent.",
        fix: "",
    },
    checks: &[Check::Flow(&[SinkKind::Prompt], "`{sink}` takes {source} into its instructions: whoever sends it tells the model what to do. Keep the system text constant and pass the data in a message of the user, marked as data.")],
    cases: &[
        Case::bad("a.ts", r#"import express from "express";
import OpenAI from "openai";
const client = new OpenAI();
const app = express();
app.post("/x", async (req, res) => {
  const r = await client.chat.completions.create({ model: "m", messages: [{ role: "system", content: "You serve " + req.body.name }] }); //~ prompt-injection
  res.json(r);
});"#),
        Case::bad("a.ts", r#"import express from "express";
import Anthropic from "@anthropic-ai/sdk";
const client = new Anthropic();
const app = express();
app.get("/x", async (req, res) => {
  const r = await client.messages.create({ model: "m", max_tokens: 9, system: `Speak ${req.query.lang}`, messages: [] }); //~ prompt-injection
  res.json(r);
});"#),
        Case::bad("a.ts", r#"import express from "express";
import { generateText } from "ai";
import { m } from "./m";
const app = express();
app.post("/x", async (req, res) => {
  const { text } = await generateText({ model: m, system: req.body.system, prompt: "hi" }); //~ prompt-injection
  res.json({ text });
});"#),
        Case::bad("a.ts", r#"import express from "express";
import OpenAI from "openai";
const client = new OpenAI();
const app = express();
app.post("/x", async (req, res) => {
  const r = await client.responses.create({ model: "m", instructions: "Act as " + req.body.role, input: "x" }); //~ prompt-injection
  res.json(r);
});"#),
        Case::bad("a.ts", r#"import express from "express";
import OpenAI from "openai";
const client = new OpenAI();
const app = express();
app.post("/x", async (req, res) => {
  const r = await client.completions.create({ model: "m", prompt: `Translate: ${req.body.text}` }); //~ prompt-injection
  res.json(r);
});"#),
        Case::bad("a.ts", r#"import { SystemMessage } from "@langchain/core/messages";
export const post = (req, res) => res.json(new SystemMessage("You are " + req.body.persona)); //~ prompt-injection"#),
        Case::good("a.ts", r#"import express from "express";
import OpenAI from "openai";
const client = new OpenAI();
const app = express();
app.post("/x", async (req, res) => {
  const r = await client.chat.completions.create({ model: "m", messages: [{ role: "system", content: "Help." }, { role: "user", content: req.body.text }] });
  res.json(r);
});"#),
        Case::good("a.ts", r#"import express from "express";
import Anthropic from "@anthropic-ai/sdk";
const client = new Anthropic();
const app = express();
app.post("/x", async (req, res) => {
  const r = await client.messages.create({ model: "m", max_tokens: 9, system: "Help.", messages: [{ role: "user", content: req.body.text }] });
  res.json(r);
});"#),
        Case::good("a.ts", r#"import express from "express";
import { generateText } from "ai";
import { m } from "./m";
const app = express();
app.post("/x", async (req, res) => {
  const { text } = await generateText({ model: m, system: "Help.", prompt: req.body.q });
  res.json({ text });
});"#),
        Case::good("a.ts", r#"import express from "express";
import Anthropic from "@anthropic-ai/sdk";
const client = new Anthropic();
const app = express();
app.get("/x", async (req, res) => {
  const lang = ["en", "de"].includes(req.query.lang) ? req.query.lang : "en";
  const r = await client.messages.create({ system: `Speak ${lang}`, messages: [] });
  res.json(r);
});"#),
        Case::near_miss("a.ts", r#"import express from "express";
import OpenAI from "openai";
const client = new OpenAI();
const app = express();
app.post("/x", async (req, res) => {
  const r = await client.chat.completions.create({ model: "m", messages: [{ role: "user", content: `Translate: ${req.body.text}` }] });
  res.json(r);
});"#),
        Case::near_miss("a.ts", r#"import express from "express";
import Anthropic from "@anthropic-ai/sdk";
const client = new Anthropic();
const app = express();
app.get("/x", async (req, res) => {
  const n = Number(req.query.n);
  const r = await client.messages.create({ system: `Answer in ${n} words`, messages: [] });
  res.json(r);
});"#),
        Case::near_miss("a.ts", r#"import express from "express";
const app = express();
app.get("/x", async (req, res) => {
  const client = { chat: (x) => x };
  res.json(client.chat({ system: req.query.s }));
});"#),
    ],
};
