use sidenote_grammars::Family;

use crate::findings::{Category, Confidence, Severity};
use crate::rules::{Case, Check, Docs, Rule};
use crate::semantics::flow::kinds::SinkKind;

pub static RULE: Rule = Rule {
    id: "regex-injection",
    summary: "patterns that somebody outside can write",
    category: Category::Security,
    severity: Severity::Medium,
    confidence: Confidence::High,
    cwe: &[730, 1333],
    families: &[Family::Ecma, Family::Rust],
    default_on: true,
    in_tests: false,
    docs: Docs {
        what: "Finds foreign data in the pattern of a regular expression, also where `text.match(x)` and `text.search(x)` make one of a text.",
        why: "A pattern such as `(a+)+$` takes exponential time on a short text, and one thread serves everybody. A pattern can also match more than it was meant to.",
        example: "names.filter((n) => new RegExp(req.query.q).test(n));",
        instead: "names.filter((n) => n.includes(req.query.q));",
        limits: "Rust's `regex` runs in linear time; there the size of what is compiled is the danger.",
        fix: "",
    },
    checks: &[Check::Flow(
        &[SinkKind::Regex],
        "`{sink}` compiles {source} as a pattern: one that backtracks without end stops the program. Escape it (`RegExp.escape`) or search for plain text.",
    )],
    cases: &[
        Case::bad(
            "a.ts",
            r#"import Koa from "koa";
const app = new Koa();
const names: string[] = load();
app.use((ctx) => {
  const q = ctx.query.q as string;
  ctx.body = names.filter((n) => n.match(q)); //~ regex-injection
});"#,
        ),
        Case::bad(
            "a.ts",
            r#"export function find(req: Request, lines: string[]) {
  const q = new URL(req.url).searchParams.get("q")!;
  return lines.findIndex((line) => line.search(q) >= 0); //~ regex-injection
}"#,
        ),
        Case::near_miss(
            "a.ts",
            r#"import express from "express";
const app = express();
app.get("/x", (req, res) => {
  const route = router.match(req.path);
  const hits = index.search(req.query.q);
  res.json({ route, hits, at: "a,b".indexOf(String(req.query.q)) });
});"#,
        ),
        Case::bad(
            "a.ts",
            r#"import express from "express";
const app = express();
app.get("/x", async (req, res) => {
  const re = new RegExp(req.query.q, "i"); //~ regex-injection
  res.json(["a"].filter((n) => re.test(n)));
});"#,
        ),
        Case::bad(
            "a.ts",
            r#"import express from "express";
const app = express();
app.get("/x", async (req, res) => {
  const re = RegExp("^" + req.query.prefix); //~ regex-injection
  res.json(re.test("a"));
});"#,
        ),
        Case::bad(
            "a.ts",
            r#"import express from "express";
const names = ["a"];
const app = express();
app.get("/x", async (req, res) => {
  const q = String(req.query.q).trim();
  res.json(names.filter((n) => new RegExp(`.*${q}.*`).test(n))); //~ regex-injection
});"#,
        ),
        Case::bad(
            "a.js",
            r#"module.exports = (req, res) => {
  const search = (list, text) => list.filter((x) => x.match(new RegExp(text))); //~ regex-injection
  res.end(String(search(["a"], req.query.t)));
};"#,
        ),
        Case::bad(
            "a.js",
            r#"const q = new URLSearchParams(location.search).get("q");
const marked = document.title.replace(new RegExp(q, "g"), "*"); //~ regex-injection
console.assert(marked);"#,
        ),
        Case::bad(
            "a.ts",
            r#"import Koa from "koa";
const app = new Koa();
app.use(async (ctx) => {
  const { pattern } = ctx.query;
  ctx.status = new RegExp(pattern as string).test("x") ? 200 : 404; //~ regex-injection
});"#,
        ),
        Case::bad(
            "a.ts",
            r#"import { Server } from "socket.io";
new Server().on("connection", (socket) => {
  socket.on("find", (text) => {
    const re = new RegExp(text); //~ regex-injection
    socket.emit("found", re.test("a"));
  });
});"#,
        ),
        Case::bad(
            "a.ts",
            r#"import express from "express";
const app = express();
app.get("/x", async (req, res) => {
  const words = req.query.words.split(" ").join("|");
  const re = new RegExp("(" + words + ")"); //~ regex-injection
  res.json(re.test("x"));
});"#,
        ),
        Case::bad(
            "a.ts",
            r#"import express from "express";
const app = express();
function work({ value }: { value: string }, res: any) {
  const out = new RegExp(value, "i"); //~ regex-injection
}
app.post("/x", (req, res) => {
  const { a: { b: [first = "none"] } } = req.query as any;
  work({ value: first }, res);
});"#,
        ),
        Case::bad(
            "a.ts",
            r#"export default function handler(request, response) {}
export const post = async (req: any, res: any) => {
  const list: string[] = [];
  for (const value of Object.values(req.query)) list.push(value as string);
  list.forEach((item) => {
    const out = new RegExp(item, "i"); //~ regex-injection
  });
};"#,
        ),
        Case::bad(
            "a.ts",
            r#"import { Request, Response } from "express";
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
  const out = new RegExp(value!, "i"); //~ regex-injection
}"#,
        ),
        Case::bad(
            "a.ts",
            r#"export const get = (req, res) => {
  load(req.query?.id ?? "none").then((value) => {
    const out = new RegExp(value, "i"); //~ regex-injection
  });
};
async function load(id) { return id; }"#,
        ),
        Case::bad(
            "a.js",
            r#"exports.get = function (req, res) {
  var value = "a";
  if (req.query.mode) { value = req.query.value; } else { value = "b"; }
  try {
    const out = new RegExp(value, "i"); //~ regex-injection
  } catch (e) { res.end(); }
};"#,
        ),
        Case::bad(
            "a.ts",
            r#"export const get = (req: any, res: any) => {
  const holder = { inner: { value: req.query.value } };
  const { inner } = { ...holder };
  const run = () => {
    const out = new RegExp(inner.value, "i"); //~ regex-injection
  };
  run();
};"#,
        ),
        Case::good(
            "a.ts",
            r#"import express from "express";
import escapeStringRegexp from "escape-string-regexp";
const app = express();
app.get("/x", async (req, res) => {
  const re = new RegExp(escapeStringRegexp(req.query.q));
  res.json(re.test("a"));
});"#,
        ),
        Case::good(
            "a.ts",
            r#"import express from "express";
import _ from "lodash";
const app = express();
app.get("/x", async (req, res) => {
  const re = new RegExp(_.escapeRegExp(req.query.q), "i");
  res.json(re.test("a"));
});"#,
        ),
        Case::good(
            "a.ts",
            r#"import express from "express";
const app = express();
app.get("/x", async (req, res) => {
  const text = req.query.q.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
  res.json(new RegExp(text).test("a"));
});"#,
        ),
        Case::good(
            "a.ts",
            r#"import express from "express";
const app = express();
app.get("/x", async (req, res) => {
  res.json(["a"].filter((n) => n.includes(req.query.q)));
});"#,
        ),
        Case::good(
            "a.ts",
            r#"import express from "express";
const app = express();
app.get("/x", async (req, res) => {
  const n = Number(req.query.n);
  res.json(new RegExp(`a{${n}}`).test("aa"));
});"#,
        ),
        Case::good(
            "a.ts",
            r#"import express from "express";
const app = express();
app.get("/x", async (req, res) => {
  res.json(/^[a-z]+$/.test(req.query.q));
});"#,
        ),
        Case::good(
            "a.ts",
            r#"import express from "express";
const app = express();
app.get("/x", async (req, res) => {
  const res2 = { a: "^a$" };
  res.json(new RegExp(res2[req.query.k] ?? "x").test("a"));
});"#,
        ),
        Case::good(
            "a.js",
            r#"const escapeRegExp = (s) => s.replace(/[-\/\\^$*+?.()|[\]{}]/g, "\\$&");
exports.get = (req, res) => res.json(new RegExp(escapeRegExp(req.query.q)).test("a"));"#,
        ),
        Case::good(
            "a.ts",
            r#"export const get = (req: any, res: any) => {
  const allowed = ["a", "b"];
  const value = req.query.value;
  if (!allowed.includes(value)) throw new Error("no");
  const out = new RegExp(value, "i");
};"#,
        ),
        Case::good(
            "a.ts",
            r#"type Kind = "a" | "b";
const table: Record<string, string> = { a: "x", b: "y" };
export const get = (req: any, res: any) => {
  const value = table[req.query.kind] ?? "z";
  const out = new RegExp(value, "i");
};"#,
        ),
        Case::good(
            "a.ts",
            r#"export const get = (req: any, res: any) => {
  const holder = { safe: "constant", bad: req.query.value };
  const out = new RegExp(holder.safe, "i");
};"#,
        ),
        Case::good(
            "a.js",
            r#"exports.get = (req, res) => {
  const value = req.query.flag ? "on" : "off";
  const out = new RegExp(value, "i");
};"#,
        ),
        Case::good(
            "a.ts",
            r#"const ALLOWED = new Set(["a"]);
export const get = (req: any, res: any) => {
  const { value } = req.query;
  if (ALLOWED.has(value)) {
    const out = new RegExp(value, "i");
  }
};"#,
        ),
        Case::good(
            "a.ts",
            r#"function unused(value: string) { return value; }
export function work(value: string, res: any) {
  const out = new RegExp(value, "i");
}
work("constant", null);
unused("x");"#,
        ),
        Case::near_miss(
            "a.ts",
            r#"import express from "express";
const app = express();
app.get("/x", async (req, res) => {
  if (!/^\w+$/.test(req.query.q)) return res.end();
  res.json(new RegExp(req.query.q).test("a"));
});"#,
        ),
        Case::near_miss(
            "a.ts",
            r#"import express from "express";
const app = express();
app.get("/x", async (req, res) => {
  const RegExp2 = (s) => s;
  res.json(RegExp2(req.query.q));
});"#,
        ),
        Case::near_miss(
            "a.ts",
            r#"import express from "express";
const app = express();
app.get("/x", async (req, res) => {
  let q = req.query.q;
  q = "a+";
  res.json(new RegExp(q).test("a"));
});"#,
        ),
        Case::near_miss(
            "a.ts",
            r#"import express from "express";
const app = express();
app.get("/x", async (req, res) => {
  res.json("a-b".split(req.query.sep));
  res.json("abc".replace(req.query.a, ""));
});"#,
        ),
        Case::near_miss(
            "a.ts",
            r#"export const get = (req: any, res: any) => {
  let value = req.query.value;
  if (value !== "a" && value !== "b") value = "a";
  const out = new RegExp(value, "i");
};"#,
        ),
        Case::near_miss(
            "a.ts",
            r#"export const get = (req: any, res: any) => {
  const copy = req.query.value;
  const value = copy === "x" ? copy : "y";
  const out = new RegExp(value, "i");
};"#,
        ),
        Case::near_miss(
            "a.ts",
            r#"export const get = (req: any, res: any) => {
  const value = "constant";
  res.locals.value = req.query.value;
  const out = new RegExp(value, "i");
};"#,
        ),
        Case::bad(
            "a.rs",
            "use regex::Regex;\nuse axum::extract::Query;\n#[derive(serde::Deserialize)] struct Q { pat: String, text: String, n: usize }\nasync fn a(Query(q): Query<Q>) { let re = Regex::new(&q.pat).unwrap(); } //~ regex-injection",
        ),
        Case::bad(
            "a.rs",
            "use regex::Regex;\nuse axum::extract::Query;\n#[derive(serde::Deserialize)] struct Q { pat: String, text: String, n: usize }\nasync fn b(Query(q): Query<Q>) { let re = Regex::new(&format!(\"^{}$\", q.pat)).unwrap(); } //~ regex-injection",
        ),
        Case::bad(
            "a.rs",
            "use regex::RegexBuilder;\nuse axum::extract::Query;\n#[derive(serde::Deserialize)] struct Q { pat: String, text: String, n: usize }\nasync fn c(Query(q): Query<Q>) { let re = RegexBuilder::new(&q.pat).case_insensitive(true).build(); } //~ regex-injection",
        ),
        Case::bad(
            "a.rs",
            "use regex::RegexSet;\nuse axum::extract::Query;\n#[derive(serde::Deserialize)] struct Q { pat: String, text: String, n: usize }\nasync fn d(Query(q): Query<Q>) { let re = RegexSet::new(&[q.pat.as_str(), \"a\"]).unwrap(); } //~ regex-injection",
        ),
        Case::bad(
            "a.rs",
            "use regex::Regex;\nuse axum::extract::Query;\n#[derive(serde::Deserialize)] struct Q { pat: String, text: String, n: usize }\nasync fn e(Query(q): Query<Q>) { let re = regex::bytes::Regex::new(&q.pat); } //~ regex-injection",
        ),
        Case::bad(
            "a.rs",
            "use regex::Regex;\nuse axum::extract::Query;\n#[derive(serde::Deserialize)] struct Q { pat: String, text: String, n: usize }\nasync fn f(Query(q): Query<Q>) { let re = fancy_regex::Regex::new(&q.pat); } //~ regex-injection",
        ),
        Case::bad(
            "a.rs",
            "use regex::Regex;\nfn g() { let p = std::env::args().nth(1).unwrap(); let re = Regex::new(&p).unwrap(); } //~ regex-injection",
        ),
        Case::bad(
            "a.rs",
            "use regex::Regex;\nfn h() { let mut s = String::new(); std::io::stdin().read_line(&mut s).unwrap(); let re = Regex::new(s.trim()).expect(\"re\"); } //~ regex-injection",
        ),
        Case::bad(
            "a.rs",
            "use regex::Regex;\nfn h2() { let p = std::env::var(\"PATTERN\").unwrap(); let re = Regex::new(&format!(\"{}foo\", p)).unwrap(); } //~ regex-injection",
        ),
        Case::good(
            "a.rs",
            "use regex::Regex;\nuse axum::extract::Query;\n#[derive(serde::Deserialize)] struct Q { pat: String, text: String, n: usize }\nasync fn i(Query(q): Query<Q>) { let re = Regex::new(&regex::escape(&q.pat)).unwrap(); }",
        ),
        Case::good(
            "a.rs",
            "use regex::Regex;\nuse axum::extract::Query;\n#[derive(serde::Deserialize)] struct Q { pat: String, text: String, n: usize }\nasync fn j(Query(q): Query<Q>) { let re = Regex::new(r\"^\\d+$\").unwrap(); re.is_match(&q.text); re.replace_all(&q.text, \"x\"); }",
        ),
        Case::good(
            "a.rs",
            "use regex::Regex;\nuse axum::extract::Query;\n#[derive(serde::Deserialize)] struct Q { pat: String, text: String, n: usize }\nasync fn k(Query(q): Query<Q>) { let re = Regex::new(&format!(\"a{{{}}}\", q.n)).unwrap(); }",
        ),
        Case::good(
            "a.rs",
            "use regex::Regex;\nuse axum::extract::Query;\n#[derive(serde::Deserialize)] struct Q { pat: String, text: String, n: usize }\nasync fn l(Query(q): Query<Q>) { let e = regex::escape(&q.pat); let p = format!(r\"\\b{e}\\b\"); Regex::new(&p).unwrap(); }",
        ),
        Case::near_miss(
            "a.rs",
            "use regex::Regex;\nuse axum::extract::Query;\n#[derive(serde::Deserialize)] struct Q { pat: String, text: String, n: usize }\nasync fn m(Query(q): Query<Q>) { Regex::new(&format!(\"^{}$\", regex::escape(&q.pat))).unwrap(); }",
        ),
        Case::near_miss(
            "a.rs",
            "use regex::Regex;\nuse axum::extract::Query;\n#[derive(serde::Deserialize)] struct Q { pat: String, text: String, n: usize }\nasync fn n(Query(q): Query<Q>) { let p = if q.pat == \"digits\" { r\"\\d+\" } else { r\"\\w+\" }; Regex::new(p).unwrap(); }",
        ),
        Case::bad(
            "a.rs",
            "use axum::extract::Query;\nasync fn a(Query(q): Query<Q>) { let re = regex::bytes::Regex::new(&q.pattern); go(re); } //~ regex-injection",
        ),
        Case::bad(
            "a.rs",
            "use actix_web::web;\nasync fn a(f: web::Form<F>) { let p = [\"^\", &f.word, \"$\"].concat(); let re = regex::Regex::new(&p).unwrap(); go(re); } //~ regex-injection",
        ),
        Case::bad(
            "a.rs",
            "use axum::Json;\nasync fn a(Json(list): Json<Vec<String>>) { let set = regex::RegexSet::new(&list); go(set); } //~ regex-injection",
        ),
        Case::bad(
            "a.rs",
            "use axum::extract::Path;\nasync fn a(Path(p): Path<String>) { go(compile(&p)); }\nfn compile(word: &str) -> regex::Regex { regex::Regex::new(&format!(\"\\\\b{word}\\\\b\")).unwrap() } //~ regex-injection",
        ),
        Case::good(
            "a.rs",
            "use axum::extract::Query;\nasync fn a(Query(q): Query<Q>) { let re = regex::Regex::new(&regex::escape(&q.word)).unwrap(); go(re); }",
        ),
        Case::good(
            "a.rs",
            "use axum::extract::Query;\nasync fn a(Query(q): Query<Q>) { let re = regex::Regex::new(r\"^\\d+$\").unwrap(); go(re.is_match(&q.word)); }",
        ),
        Case::good(
            "a.rs",
            "use axum::extract::Query;\nasync fn a(Query(q): Query<Q>) { go(q.text.contains(&q.word)); }",
        ),
        Case::good(
            "a.rs",
            "use axum::extract::Path;\nasync fn a(Path(n): Path<usize>) { let re = regex::Regex::new(&format!(\"^a{{{n}}}$\")).unwrap(); go(re); }",
        ),
        Case::good(
            "a.rs",
            "fn a(words: &[String]) { let all: Vec<String> = words.iter().map(|w| regex::escape(w)).collect(); let re = regex::Regex::new(&all.join(\"|\")).unwrap(); go(re); }",
        ),
        Case::good(
            "a.rs",
            "use axum::extract::Query;\nasync fn a(Query(q): Query<Q>) { let p = match q.kind.as_str() { \"mail\" => \"@\", _ => \".\" }; let re = regex::Regex::new(p).unwrap(); go(re); }",
        ),
        Case::good(
            "a.rs",
            "use axum::extract::Query;\nasync fn a(Query(q): Query<Q>) { let g = q.name.matches('.').count(); go(g); }",
        ),
        Case::good(
            "a.rs",
            "static RE: std::sync::LazyLock<regex::Regex> = std::sync::LazyLock::new(|| regex::Regex::new(\"a+\").unwrap());\nuse axum::extract::Query;\nasync fn a(Query(q): Query<Q>) { go(RE.replace_all(&q.text, \"b\")); }",
        ),
        Case::near_miss(
            "a.rs",
            "use axum::extract::Query;\nasync fn a(Query(q): Query<Q>) { if !q.word.chars().all(|c| c.is_ascii_alphanumeric()) { return; } let re = regex::Regex::new(&q.word).unwrap(); go(re); }",
        ),
        Case::near_miss(
            "a.rs",
            "struct Regex;\nimpl Regex { fn new(s: &str) -> Regex { Regex } }\nuse axum::extract::Query;\nasync fn a(Query(q): Query<Q>) { go(Regex::new(&q.word)); }",
        ),
        Case::near_miss(
            "a.rs",
            "use axum::extract::Query;\nasync fn a(Query(q): Query<Q>) { const KNOWN: [&str; 2] = [\"^a\", \"^b\"]; if KNOWN.contains(&q.word.as_str()) { go(regex::Regex::new(&q.word)); } }",
        ),
        Case::near_miss(
            "a.rs",
            "use axum::extract::Query;\nasync fn a(Query(q): Query<Q>) { let re = regex::Regex::new(&format!(\"^{}$\", q.words.len())).unwrap(); go(re); }",
        ),
    ],
};
