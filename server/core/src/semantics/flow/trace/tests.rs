use super::*;
use crate::config::Config;
use crate::document::Document;
use crate::engine::Engine;

/// What is said of the line that is marked with `//!`.
fn traced(path: &str, code: &str) -> Trace {
    let language = sidenote_grammars::by_path(path).expect("a language");
    let document = Document::new(path, language, code, 0).expect("parsed");
    let at = code.find("//!").expect("a mark");
    let start = code[..at].rfind('\n').map_or(0, |i| i + 1);
    Engine::new(Config::default()).trace(&document, &(start..at))
}

const HEAD: &str = "import express from 'express';\nimport mysql from 'mysql';\nimport { lookup } from '@acme/util';\n\
                    const app = express();\nconst db = mysql.createConnection({});\n";

/// The first sink on the marked line of a request handler.
fn sink(body: &str) -> SinkTrace {
    let code = format!("{HEAD}app.get('/', (req, res) => {{\n{body}\n}});\n");
    traced("a.ts", &code).sinks.into_iter().next().unwrap_or_else(|| panic!("no sink: {body}"))
}

fn texts(stops: &[Stop]) -> String {
    stops.iter().map(|s| s.text.as_str()).collect::<Vec<_>>().join(" | ")
}

#[test]
fn a_finding_is_told_with_its_steps_and_the_checks_on_the_way() {
    let found = sink(
        "const id = req.query.id;\nif (!id.startsWith('/srv')) return;\nif (!isKnown(id)) return;\n\
         const part = mysql.escapeId(id) + validatorless(id).trim();\ndb.query('select ' + id.trim()); //!",
    );
    assert_eq!(found.verdict, Verdict::Reached, "{found:?}");
    let data = &found.data[0];
    assert_eq!((data.source, &*data.what), ("remote", "the request's data"));
    assert!(texts(&data.steps).starts_with("the request's data comes in here | is stored here"), "{data:?}");
    assert!(texts(&data.steps).contains("goes through `trim`"), "{data:?}");
    let barriers = texts(&data.barriers);
    assert!(
        barriers.contains(
            "`startsWith` makes it harmless for redirect, property-key, method-name, prototype-base, not for sql"
        ),
        "{barriers}"
    );
    assert!(barriers.contains("`isKnown` is asked here, but says nothing of it"), "{barriers}");
}

#[test]
fn a_check_on_another_branch_is_told() {
    let found = sink("const id = req.query.id;\nif (allowed.includes(id)) { log(id); }\ndb.query('select ' + id); //!");
    assert_eq!(found.verdict, Verdict::Reached);
    assert!(texts(&found.data[0].barriers).contains("also gets to the sink where it does not"), "{found:?}");
}

#[test]
fn what_was_made_harmless_is_told() {
    let found = sink("const id = mysql.escape(req.query.id);\ndb.query('select ' + id); //!");
    assert_eq!(found.verdict, Verdict::Cleaned, "{found:?}");
    assert!(found.why.contains("`escape` on line 7"), "{found:?}");
    let found = sink("const id = req.query.id;\nif (!allowed.includes(id)) return;\ndb.query('select ' + id); //!");
    assert_eq!(found.verdict, Verdict::Cleaned, "{found:?}");
    assert!(found.why.contains("a check on line 8"), "{found:?}");
}

#[test]
fn what_harms_nobody_is_told() {
    assert_eq!(sink("const t = 'users';\ndb.query('select * from ' + t); //!").verdict, Verdict::Constant);
    let found = sink("db.query('select ' + require('fs').readFileSync('t', 'utf8')); //!");
    assert_eq!(found.verdict, Verdict::OtherSource);
    assert!(found.why.contains("`file` does not matter to sql"), "{found:?}");
    let found = sink("fetch('https://example.org/x?q=' + req.query.q); //!");
    assert_eq!(found.verdict, Verdict::Prefixed, "{found:?}");
    assert!(found.why.contains("https://example.org/x"), "{found:?}");
}

#[test]
fn a_lost_flow_is_found_where_it_was_lost() {
    let found = sink("const key = lookup(req.query.id);\ndb.query('select ' + key); //!");
    assert_eq!(found.verdict, Verdict::Untainted);
    assert!(texts(&found.lost).contains("no model says what `@acme/util.lookup` makes of its arguments"), "{found:?}");
    let found = sink("const n = Number(req.query.id);\ndb.query('select ' + n); //!");
    assert!(texts(&found.lost).contains("what `Number` gives is a number"), "{found:?}");
    let found = sink("let id = req.query.id;\nid = 'fixed' + other();\ndb.query('select ' + id); //!");
    assert!(texts(&found.lost).contains("was set to something else"), "{found:?}");
    let found =
        sink("const o = lookup(req.query);\nconst { id } = o.inner;\nconst sql = `select ${id}`;\ndb.query(sql); //!");
    assert!(texts(&found.lost).contains("`@acme/util.lookup`"), "{found:?}");
}

#[test]
fn functions_and_parameters_are_looked_through() {
    let code = format!(
        "{HEAD}function pick(q: any) {{ return lookup(q.id); }}\n\
         app.get('/', (req, res) => {{ const x = pick(req.query); db.query('select ' + x); //!\n}});\n"
    );
    let lost = texts(&traced("a.ts", &code).sinks[0].lost);
    assert!(lost.contains("what `pick` gives back is not made of it"), "{lost}");
    let code = format!("{HEAD}export function find(name: string) {{\n  return db.query('select ' + name); //!\n}}\n");
    let sinks = traced("a.ts", &code).sinks;
    assert_eq!(sinks[0].verdict, Verdict::Parameter, "{sinks:?}");
    assert!(sinks[0].why.contains("the parameter `name`"), "{sinks:?}");
    assert!(texts(&sinks[0].lost).contains("the parameter `name` of `find`: no call in this file"), "{sinks:?}");
}

#[test]
fn conditions_of_sinks_and_unknown_calls_are_told() {
    let code = "import x from 'y';\nexport function f(q: string) {\n  x.thing.query(q); //!\n}\n";
    let trace = traced("a.ts", code);
    let conditional = trace.sinks.iter().find(|s| s.verdict == Verdict::Condition);
    assert!(conditional.is_some_and(|s| s.why.contains("looks like SQL")), "{trace:?}");
    let code = format!("{HEAD}app.get('/', (req) => {{\n  other(req.query.id); //!\n}});\n");
    let trace = traced("a.ts", &code);
    assert!(trace.sinks.is_empty() && trace.followed, "{trace:?}");
    assert_eq!((&*trace.calls[0].name, &*trace.calls[0].known), ("other", "no model knows it"));
    assert_eq!(trace.calls[0].data.len(), 1, "{trace:?}");
    assert!(!traced("a.ts", "// nothing //!\n").followed);
}

#[test]
fn rust_is_traced_too() {
    let code = "use std::process::Command;\nuse acme::lookup;\nfn main() {\n    let name = std::env::args().nth(1).unwrap();\n    \
                let found = lookup(&name);\n    Command::new(\"sh\").arg(\"-c\").arg(found).status().unwrap(); //!\n}\n";
    let trace = traced("a.rs", code);
    let lost = trace.sinks.iter().map(|s| texts(&s.lost)).collect::<String>();
    assert!(lost.contains("`acme::lookup`"), "{trace:?}");
}

#[test]
fn recording_changes_nothing_and_ends() {
    let code = format!("{HEAD}app.get('/', (req) => {{ db.query('select ' + req.query.id); }});\n");
    let language = sidenote_grammars::by_path("a.ts").expect("a language");
    let document = Document::new("a.ts", language, &code, 0).expect("parsed");
    let engine = Engine::new(Config::default());
    let shown = |r: crate::engine::Report| r.findings.iter().map(|f| (f.rule.id, f.range.clone())).collect::<Vec<_>>();
    let before = shown(engine.analyze(&document));
    engine.trace(&document, &(0..code.len()));
    assert!(current().is_none());
    assert_eq!(shown(engine.analyze(&document)), before);
    assert_eq!(before.len(), 1);
}
