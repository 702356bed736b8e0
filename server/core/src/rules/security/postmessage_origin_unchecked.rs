use std::sync::Arc;

use sidenote_grammars::{Family, Field};

use crate::findings::{Category, Confidence, Note, Severity};
use crate::rules::evidence::code;
use crate::rules::{Case, Check, Docs, Rule};
use crate::semantics::flow::value::{FuncRef, Val};
use crate::semantics::flow::{CallView, WriteView};
use crate::syntax::{Arena, Span};

pub static RULE: Rule = Rule {
    id: "postmessage-origin-unchecked",
    summary: "messages of any window are acted upon",
    category: Category::Security,
    severity: Severity::Medium,
    confidence: Confidence::Medium,
    cwe: &[346, 940, 20],
    families: &[Family::Ecma],
    default_on: true,
    in_tests: false,
    docs: Docs {
        what: "Finds handlers of a window's `message` event that use the message's data and look neither at its origin nor at its \
               source.",
        why: "Every page that can hold a reference to the window, by a frame or `window.open`, can post to it: without a check it \
              commands the handler.",
        example: "window.addEventListener('message', (event) => render(event.data));",
        instead: "window.addEventListener('message', (event) => {\n  if (event.origin !== 'https://app.example.com') return;\n  render(event.data);\n});",
        limits: "Workers, ports, sockets and channels are left alone: their messages come from the same program. A handler from another \
                 file is not seen.",
        fix: "",
    },
    checks: &[Check::Calls(&["addEventListener", "attachEvent", "on"], listen), Check::Writes(&["onmessage"], assign)],
    cases: &[
        Case::bad(
            "a.js",
            "window.addEventListener('message', (event) => render(event.data)); //~ postmessage-origin-unchecked",
        ),
        Case::bad(
            "a.js",
            "window.addEventListener('message', onMessage); //~ postmessage-origin-unchecked\nfunction onMessage(e) { eval(e.data); }",
        ),
        Case::bad(
            "a.ts",
            "addEventListener('message', function (e: MessageEvent) { location.href = e.data.url; }); //~ postmessage-origin-unchecked",
        ),
        Case::bad(
            "a.js",
            "window.onmessage = (e) => { document.body.innerHTML = e.data; }; //~ postmessage-origin-unchecked",
        ),
        Case::bad(
            "a.js",
            "window.addEventListener('message', ({ data }) => { store.dispatch(data); }, false); //~ postmessage-origin-unchecked",
        ),
        Case::bad(
            "a.jsx",
            "function App() {\n  useEffect(() => {\n    const handler = (event) => setState(JSON.parse(event.data));\n    window.addEventListener('message', handler); //~ postmessage-origin-unchecked\n  }, []);\n  return null;\n}",
        ),
        Case::bad(
            "a.js",
            "globalThis.addEventListener('message', async (m) => { await run(m.data.command); }); //~ postmessage-origin-unchecked",
        ),
        Case::bad(
            "a.js",
            "class Bridge {\n  constructor() {\n    window.addEventListener('message', (e) => this.handle(e.data)); //~ postmessage-origin-unchecked\n  }\n}",
        ),
        Case::bad(
            "a.js",
            "$(window).on('message', function (e) { run(e.originalEvent.data); }); //~ postmessage-origin-unchecked",
        ),
        Case::good(
            "a.js",
            "window.addEventListener('message', (event) => { if (event.origin !== ORIGIN) return; render(event.data); });",
        ),
        Case::good(
            "a.js",
            "window.addEventListener('message', (e) => { if (e.source === frame.contentWindow) render(e.data); });",
        ),
        Case::good(
            "a.js",
            "window.addEventListener('message', ({ origin, data }) => { if (trusted(origin)) run(data); });",
        ),
        Case::good("a.js", "worker.addEventListener('message', (e) => render(e.data));"),
        Case::good(
            "a.js",
            "const socket = new WebSocket(url);\nsocket.addEventListener('message', (e) => render(e.data));",
        ),
        Case::good(
            "a.js",
            "importScripts('lib.js');\nself.addEventListener('message', (e) => { self.postMessage(work(e.data)); });",
        ),
        Case::near_miss(
            "worker.js",
            "self.addEventListener('message', (e) => { const d = JSON.parse(e.data); start(d.list); });",
        ),
        Case::good("a.js", "window.addEventListener('click', (e) => render(e.data));"),
        Case::good("a.js", "port.onmessage = (e) => render(e.data);"),
        Case::near_miss("a.js", "window.addEventListener('message', () => { count += 1; });"),
        Case::near_miss("a.js", "window.addEventListener('message', (e) => handle(e));"),
        Case::near_miss("a.js", "addEventListener('message', async (message) => { run(message.data); });"),
        Case::near_miss("a.js", "onmessage = (e) => { postMessage(work(e.data)); };"),
        Case::near_miss(
            "a.js",
            "const page = typeof window;\naddEventListener('message', function (ev) {\n  const data = ev.data;\n  if (data.method === 'ping') {\n    return postMessage({ id: data.id });\n  }\n});",
        ),
        Case::near_miss(
            "a.js",
            "window.addEventListener('message', (e) => { if (!isTrusted(e)) return; run(e.data); });",
        ),
    ],
};

/// The block of a function, and where in it the function is.
type CodeOf<'a> = &'a dyn Fn(&FuncRef) -> Option<(Arc<Arena>, Span)>;

fn check(rule: &'static Rule, span: Span, handler: &Val, arena: &Arc<Arena>, code_of: CodeOf<'_>, out: &mut Vec<Note>) {
    for func in &handler.funcs {
        let Some((of, part)) = code_of(func) else { continue };
        let text = code(&of, part);
        let uses =
            text.contains(".data") || text.contains("data }") || text.contains("{ data") || text.contains("{data");
        let lower = text.to_ascii_lowercase().replace("originalevent", "");
        let checks = ["origin", "source", "istrusted", "trusted", "allowed", "sender", "validate", "verify"]
            .iter()
            .any(|w| lower.contains(w));
        let worker = ["importScripts", "WorkerGlobalScope"].iter().any(|w| arena.text().contains(w))
            || lower.contains("self.postmessage")
            || crate::rules::evidence::answers_as_worker(&text);
        if uses && !checks && !worker {
            let message = "Every page that gets hold of this window can send this message. Check `event.origin` first.";
            out.push(Note::new(rule, span, message));
        }
    }
}

/// What is written before the dot.
fn receiver(arena: &Arena, name: Span) -> String {
    let node = arena.root().smallest_at(name);
    node.parent().and_then(|p| p.child(Field::Object)).map_or(String::new(), |o| o.text().to_owned())
}

fn listen(call: &CallView<'_>, out: &mut Vec<Note>) {
    let event = call.args.first().and_then(|a| a.as_str());
    // Workers have neither.
    let page = || crate::rules::evidence::mentions(call.arena, &["window", "document", "location", "globalthis"]);
    let window = match call.receiver {
        None => call.name != "on" && page(),
        Some(_) => {
            let who = receiver(call.arena, call.name_span);
            let jquery = matches!(who.replace(' ', "").as_str(), "$(window)" | "jQuery(window)");
            jquery
                || call.name != "on"
                    && matches!(who.as_str(), "window" | "globalThis" | "top" | "parent" | "window.top" | "window.parent")
                // A worker is `self`, too.
                || call.name != "on" && who == "self" && page()
        }
    };
    if !window || !event.is_some_and(|e| e == "message" || e == "onmessage") {
        return;
    }
    if let Some(handler) = call.args.get(1) {
        check(call.rule, call.name_span, handler, call.arena, &|f| call.function(f), out);
    }
}

fn assign(write: &WriteView<'_>, out: &mut Vec<Note>) {
    let text = write.arena.slice(write.span);
    if matches!(text, "window.onmessage" | "top.onmessage" | "parent.onmessage" | "globalThis.onmessage") {
        check(write.rule, write.span, write.value, write.arena, &|f| write.function(f), out);
    }
}
