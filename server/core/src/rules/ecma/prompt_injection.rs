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
    checks: &[Check::Flow(
        &[SinkKind::Prompt],
        "`{sink}` takes {source} into its instructions: whoever sends it tells the model what to do. Keep the system text constant and pass the data in a message of the user, marked as data.",
    )],
    cases: &[
        Case::bad(
            "a.ts",
            r#"import express from "express";
import OpenAI from "openai";
const client = new OpenAI();
const app = express();
app.post("/x", async (req, res) => {
  const r = await client.chat.completions.create({ model: "m", messages: [{ role: "system", content: "You serve " + req.body.name }] }); //~ prompt-injection
  res.json(r);
});"#,
        ),
        Case::bad(
            "a.ts",
            r#"import express from "express";
import Anthropic from "@anthropic-ai/sdk";
const client = new Anthropic();
const app = express();
app.get("/x", async (req, res) => {
  const r = await client.messages.create({ model: "m", max_tokens: 9, system: `Speak ${req.query.lang}`, messages: [] }); //~ prompt-injection
  res.json(r);
});"#,
        ),
        Case::bad(
            "a.ts",
            r#"import express from "express";
import { generateText } from "ai";
import { m } from "./m";
const app = express();
app.post("/x", async (req, res) => {
  const { text } = await generateText({ model: m, system: req.body.system, prompt: "hi" }); //~ prompt-injection
  res.json({ text });
});"#,
        ),
        Case::bad(
            "a.ts",
            r#"import express from "express";
import OpenAI from "openai";
const client = new OpenAI();
const app = express();
app.post("/x", async (req, res) => {
  const r = await client.responses.create({ model: "m", instructions: "Act as " + req.body.role, input: "x" }); //~ prompt-injection
  res.json(r);
});"#,
        ),
        Case::bad(
            "a.ts",
            r#"import express from "express";
import OpenAI from "openai";
const client = new OpenAI();
const app = express();
app.post("/x", async (req, res) => {
  const r = await client.completions.create({ model: "m", prompt: `Translate: ${req.body.text}` }); //~ prompt-injection
  res.json(r);
});"#,
        ),
        Case::bad(
            "a.ts",
            r#"import { SystemMessage } from "@langchain/core/messages";
export const post = (req, res) => res.json(new SystemMessage("You are " + req.body.persona)); //~ prompt-injection"#,
        ),
        Case::bad(
            "a.ts",
            r#"import Anthropic from "@anthropic-ai/sdk";
const client = new Anthropic();
import express from "express";
const app = express();
function work({ value }: { value: string }, res: any) {
  const out = client.messages.create({ system: "You are " + value, messages: [] }); //~ prompt-injection
}
app.post("/x", (req, res) => {
  const { a: { b: [first = "none"] } } = req.query as any;
  work({ value: first }, res);
});"#,
        ),
        Case::bad(
            "a.ts",
            r#"import Anthropic from "@anthropic-ai/sdk";
const client = new Anthropic();
export default function handler(request, response) {}
export const post = async (req: any, res: any) => {
  const list: string[] = [];
  for (const value of Object.values(req.query)) list.push(value as string);
  list.forEach((item) => {
    const out = client.messages.create({ system: "You are " + item, messages: [] }); //~ prompt-injection
  });
};"#,
        ),
        Case::bad(
            "a.ts",
            r#"import Anthropic from "@anthropic-ai/sdk";
const client = new Anthropic();
import { Request, Response } from "express";
class Service {
  private last = "";
  remember(value: string) { this.last = value; }
  run(res: Response) {
    const value = this.last;
    return value;
  }
}
export function get(req: Request, res: Response) {
  const value = (req.query.a as string) || (req.query.b as string) || "c";
  new Service().remember(value);
  const out = client.messages.create({ system: "You are " + value!, messages: [] }); //~ prompt-injection
}"#,
        ),
        Case::bad(
            "a.ts",
            r#"import Anthropic from "@anthropic-ai/sdk";
const client = new Anthropic();
export const get = (req, res) => {
  load(req.query?.id ?? "none").then((value) => {
    const out = client.messages.create({ system: "You are " + value, messages: [] }); //~ prompt-injection
  });
};
async function load(id) { return id; }"#,
        ),
        Case::bad(
            "a.js",
            r#"import Anthropic from "@anthropic-ai/sdk";
const client = new Anthropic();
exports.get = function (req, res) {
  var value = "a";
  if (req.query.mode) { value = req.query.value; } else { value = "b"; }
  try {
    const out = client.messages.create({ system: "You are " + value, messages: [] }); //~ prompt-injection
  } catch (e) { res.end(); }
};"#,
        ),
        Case::bad(
            "a.ts",
            r#"import Anthropic from "@anthropic-ai/sdk";
const client = new Anthropic();
export const get = (req: any, res: any) => {
  const holder = { inner: { value: req.query.value } };
  const { inner } = { ...holder };
  const run = () => {
    const out = client.messages.create({ system: "You are " + inner.value, messages: [] }); //~ prompt-injection
  };
  run();
};"#,
        ),
        Case::good(
            "a.ts",
            r#"import express from "express";
import OpenAI from "openai";
const client = new OpenAI();
const app = express();
app.post("/x", async (req, res) => {
  const r = await client.chat.completions.create({ model: "m", messages: [{ role: "system", content: "Help." }, { role: "user", content: req.body.text }] });
  res.json(r);
});"#,
        ),
        Case::good(
            "a.ts",
            r#"import express from "express";
import Anthropic from "@anthropic-ai/sdk";
const client = new Anthropic();
const app = express();
app.post("/x", async (req, res) => {
  const r = await client.messages.create({ model: "m", max_tokens: 9, system: "Help.", messages: [{ role: "user", content: req.body.text }] });
  res.json(r);
});"#,
        ),
        Case::good(
            "a.ts",
            r#"import express from "express";
import { generateText } from "ai";
import { m } from "./m";
const app = express();
app.post("/x", async (req, res) => {
  const { text } = await generateText({ model: m, system: "Help.", prompt: req.body.q });
  res.json({ text });
});"#,
        ),
        Case::good(
            "a.ts",
            r#"import express from "express";
import Anthropic from "@anthropic-ai/sdk";
const client = new Anthropic();
const app = express();
app.get("/x", async (req, res) => {
  const lang = ["en", "de"].includes(req.query.lang) ? req.query.lang : "en";
  const r = await client.messages.create({ system: `Speak ${lang}`, messages: [] });
  res.json(r);
});"#,
        ),
        Case::good(
            "a.ts",
            r#"import Anthropic from "@anthropic-ai/sdk";
const client = new Anthropic();
export const get = (req: any, res: any) => {
  const allowed = ["a", "b"];
  const value = req.query.value;
  if (!allowed.includes(value)) throw new Error("no");
  const out = client.messages.create({ system: "You are " + value, messages: [] });
};"#,
        ),
        Case::good(
            "a.ts",
            r#"import Anthropic from "@anthropic-ai/sdk";
const client = new Anthropic();
type Kind = "a" | "b";
const table: Record<string, string> = { a: "x", b: "y" };
export const get = (req: any, res: any) => {
  const value = table[req.query.kind] ?? "z";
  const out = client.messages.create({ system: "You are " + value, messages: [] });
};"#,
        ),
        Case::good(
            "a.ts",
            r#"import Anthropic from "@anthropic-ai/sdk";
const client = new Anthropic();
export const get = (req: any, res: any) => {
  const holder = { safe: "constant", bad: req.query.value };
  const out = client.messages.create({ system: "You are " + holder.safe, messages: [] });
};"#,
        ),
        Case::good(
            "a.js",
            r#"import Anthropic from "@anthropic-ai/sdk";
const client = new Anthropic();
exports.get = (req, res) => {
  const value = req.query.flag ? "on" : "off";
  const out = client.messages.create({ system: "You are " + value, messages: [] });
};"#,
        ),
        Case::good(
            "a.ts",
            r#"import Anthropic from "@anthropic-ai/sdk";
const client = new Anthropic();
const ALLOWED = new Set(["a"]);
export const get = (req: any, res: any) => {
  const { value } = req.query;
  if (ALLOWED.has(value)) {
    const out = client.messages.create({ system: "You are " + value, messages: [] });
  }
};"#,
        ),
        Case::good(
            "a.ts",
            r#"import Anthropic from "@anthropic-ai/sdk";
const client = new Anthropic();
function unused(value: string) { return value; }
export function work(value: string, res: any) {
  const out = client.messages.create({ system: "You are " + value, messages: [] });
}
work("constant", null);
unused("x");"#,
        ),
        Case::near_miss(
            "a.ts",
            r#"import express from "express";
import OpenAI from "openai";
const client = new OpenAI();
const app = express();
app.post("/x", async (req, res) => {
  const r = await client.chat.completions.create({ model: "m", messages: [{ role: "user", content: `Translate: ${req.body.text}` }] });
  res.json(r);
});"#,
        ),
        Case::near_miss(
            "a.ts",
            r#"import express from "express";
import Anthropic from "@anthropic-ai/sdk";
const client = new Anthropic();
const app = express();
app.get("/x", async (req, res) => {
  const n = Number(req.query.n);
  const r = await client.messages.create({ system: `Answer in ${n} words`, messages: [] });
  res.json(r);
});"#,
        ),
        Case::near_miss(
            "a.ts",
            r#"import express from "express";
const app = express();
app.get("/x", async (req, res) => {
  const client = { chat: (x) => x };
  res.json(client.chat({ system: req.query.s }));
});"#,
        ),
        Case::near_miss(
            "a.ts",
            r#"import Anthropic from "@anthropic-ai/sdk";
const client = new Anthropic();
export const get = (req: any, res: any) => {
  let value = req.query.value;
  if (value !== "a" && value !== "b") value = "a";
  const out = client.messages.create({ system: "You are " + value, messages: [] });
};"#,
        ),
        Case::near_miss(
            "a.ts",
            r#"import Anthropic from "@anthropic-ai/sdk";
const client = new Anthropic();
export const get = (req: any, res: any) => {
  const copy = req.query.value;
  const value = copy === "x" ? copy : "y";
  const out = client.messages.create({ system: "You are " + value, messages: [] });
};"#,
        ),
        Case::near_miss(
            "a.ts",
            r#"import Anthropic from "@anthropic-ai/sdk";
const client = new Anthropic();
export const get = (req: any, res: any) => {
  const value = "constant";
  res.locals.value = req.query.value;
  const out = client.messages.create({ system: "You are " + value, messages: [] });
};"#,
        ),
        Case::good(
            "a.ts",
            r#"import OpenAI from "openai";
const openai = new OpenAI();
export async function POST(req: Request) {
  const { messages } = await req.json();
  await openai.chat.completions.create({ model: "m", messages: [{ role: "system", content: "You are kind." }, ...messages] });
}"#,
        ),
        Case::good(
            "a.ts",
            r#"import OpenAI from "openai";
const openai = new OpenAI();
const TONES = { formal: "Be formal.", short: "Be short." };
export async function POST(req: Request) {
  const { tone, text } = await req.json();
  await openai.responses.create({ model: "m", instructions: TONES[tone] ?? TONES.short, input: text });
}"#,
        ),
    ],
};
