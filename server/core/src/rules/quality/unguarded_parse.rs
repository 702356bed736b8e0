use sidenote_grammars::{Family, Field, Kind};

use crate::findings::{Category, Confidence, Note, Severity};
use crate::rules::support::{args, bare, enclosing_function, method, place_name, words};
use crate::rules::{Case, Check, Cx, Docs, Rule};
use crate::syntax::Node;

pub static RULE: Rule = Rule {
    id: "unguarded-parse",
    summary: "a message that is no JSON ends the process",
    category: Category::Quality,
    severity: Severity::Medium,
    confidence: Confidence::High,
    cwe: &[248, 755],
    families: &[Family::Ecma],
    default_on: true,
    in_tests: false,
    docs: Docs {
        what: "Finds `JSON.parse` of what came over the network, in the listener of a request's, response's or socket's `data`, `end` or `message`, outside of any `try`.",
        why: "What is thrown in a listener is caught by nobody: one message that is no JSON ends the whole server.",
        example: "ws.on('message', (data) => {\n  const message = JSON.parse(data);",
        instead: "ws.on('message', (data) => {\n  let message;\n  try {\n    message = JSON.parse(data);\n  } catch {\n    return ws.close(1007);\n  }",
        limits: "Only for listeners of what is called a request, response, socket or connection. Code for pages, where an error ends nothing, tests, and messages between processes of one program are left alone.",
        fix: "",
    },
    checks: &[Check::Nodes(&[Kind::CallExpression], check)],
    cases: &[
        Case::bad(
            "a.js",
            "const http = require('http');\nhttp.createServer((req, res) => { let body = ''; req.on('data', (c) => { body += c; }); req.on('end', () => { const data = JSON.parse(body); //~ unguarded-parse\n go(data, res); }); });",
        ),
        Case::bad(
            "a.js",
            "const WebSocket = require('ws');\nwss.on('connection', (ws) => { ws.on('message', (m) => { const msg = JSON.parse(m); //~ unguarded-parse\n go(msg); }); });",
        ),
        Case::bad(
            "a.ts",
            "import { WebSocketServer } from 'ws';\nwss.on('connection', (socket) => { socket.on('message', (raw) => handle(JSON.parse(raw.toString()))); }); //~ unguarded-parse",
        ),
        Case::bad(
            "a.js",
            "const https = require('https');\nhttps.get(url, (res) => { let s = ''; res.on('data', (d) => (s += d)); res.on('end', () => { done(JSON.parse(s)); }); }); //~ unguarded-parse",
        ),
        Case::bad(
            "a.js",
            "const net = require('net');\nnet.createServer((socket) => { socket.on('data', function (d) { const m = JSON.parse(d.toString()); //~ unguarded-parse\n reply(m); }); });",
        ),
        Case::bad(
            "a.js",
            "import http from 'node:http';\nfunction read(request, cb) { const all = []; request.on('data', (c) => all.push(c)); request.on('end', () => cb(JSON.parse(Buffer.concat(all)))); } //~ unguarded-parse",
        ),
        Case::bad(
            "a.js",
            "const ws = require('ws');\nfunction serve(conn) { conn.on('message', async (m) => { const { type } = JSON.parse(m); //~ unguarded-parse\n await run(type); }); }",
        ),
        Case::bad(
            "a.js",
            "const http = require('http');\nfunction post(o) { return new Promise((ok, no) => { http.request(o, (response) => { let s = ''; response.on('data', (d) => { s += d; }); response.on('end', () => ok(JSON.parse(s))); }); }); } //~ unguarded-parse",
        ),
        Case::good(
            "a.js",
            "const ws = require('ws');\nwss.on('connection', (ws) => { ws.on('message', (m) => { try { go(JSON.parse(m)); } catch (e) { ws.close(); } }); });",
        ),
        Case::good("a.js", "const ws = require('ws');\nprocess.on('message', (m) => go(JSON.parse(m)));"),
        Case::good("a.js", "const ws = new WebSocket(url);\nws.on('message', (m) => go(JSON.parse(m)));"),
        Case::good("a.js", "const http = require('http');\nfunction f(text) { return JSON.parse(text); }"),
        Case::good("a.js", "const ws = require('ws');\nws1.on('open', () => { go(JSON.parse(CONFIG)); });"),
        Case::good("a.js", "const ws = require('ws');\nsocket.on('message', (m) => { const x = parse(m); go(x); });"),
        Case::good("a.js", "const http = require('http');\nemitter.on('message', (m) => go(JSON.parse(m)));"),
        Case::good(
            "a.test.js",
            "const ws = require('ws');\ntest('x', () => { socket.on('message', (m) => { expect(JSON.parse(m)).toEqual({}); }); });",
        ),
        Case::near_miss(
            "a.js",
            "const ws = require('ws');\nfunction f(socket) { try { socket.once('message', go); } catch (e) { log(JSON.parse(e.message)); } }",
        ),
        Case::near_miss(
            "a.js",
            "const ws = require('ws');\nfunction f(socket) { socket.on('message', (m) => { read(m, () => { try { go(JSON.parse(m)); } catch (e) { log(e); } }); }); }",
        ),
        Case::near_miss(
            "a.js",
            "const ws = require('ws');\nfunction f(socket) { socket.on('message', (m) => { later(() => JSON.parse(m)); }); }",
        ),
        Case::near_miss(
            "a.js",
            "const ws = require('ws');\nfunction f(socket) { socket.on('message', (m) => { go(JSON.parse('{}'), m); }); }",
        ),
    ],
};

fn check<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    let Some((of, _)) = method(node).filter(|(_, m)| m.text() == "parse") else { return };
    let given = args(node).next().map(bare);
    let read = given.is_some_and(|g| !matches!(g.kind(), Kind::String | Kind::TemplateString));
    if of.text() != "JSON" || !read || cx.file.is_test {
        return;
    }
    // Node's own servers and clients, and sockets: elsewhere an error ends nothing.
    let server = cx.file.imports.iter().any(|(_, p)| {
        matches!(
            p.split('.').next().unwrap_or(p),
            "http" | "https" | "http2" | "net" | "tls" | "ws" | "websocket" | "uWebSockets"
        )
    });
    let Some(callback) = enclosing_function(node).filter(|_| server) else { return };
    let tried = node.ancestors().any(|a| {
        a.kind() == Kind::TryStatement
            && a.child(Field::Body).is_some_and(|b| b.span().contains(node.span()))
            && callback.span().contains(a.span())
    });
    let Some(call) = callback.parent().filter(|p| p.kind() == Kind::Arguments).and_then(|p| p.parent()) else { return };
    let Some((emitter, _)) = method(call).filter(|(_, m)| matches!(m.text(), "on" | "once" | "addListener")) else {
        return;
    };
    let event = args(call).next().map_or("", Node::text).trim_matches(['"', '\'', '`']);
    let named = place_name(emitter).is_some_and(|n| {
        words(&n).last().is_some_and(|w| {
            matches!(
                w.as_str(),
                "req"
                    | "request"
                    | "res"
                    | "response"
                    | "resp"
                    | "socket"
                    | "ws"
                    | "sock"
                    | "conn"
                    | "connection"
                    | "stream"
            )
        })
    });
    if tried || !named || !matches!(event, "data" | "end" | "message" | "close") {
        return;
    }
    let message = "Nobody catches what is thrown in a listener: one message that is no JSON ends the process. Parse it in a `try`.";
    cx.report(Note::new(cx.rule, node.span(), message));
}
