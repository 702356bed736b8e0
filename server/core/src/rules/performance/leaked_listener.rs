use sidenote_grammars::{Family, Field, Kind};

use crate::blocks::BlockKind;
use crate::findings::{Category, Confidence, Note, Severity};
use crate::rules::requests::handles;
use crate::rules::shape::{callback, report_in, returned};
use crate::rules::support::{args, bare, ecma_path, is_function, place_name};
use crate::rules::{Case, Check, Cx, Docs, Rule};
use crate::syntax::Node;

pub static RULE: Rule = Rule {
    id: "leaked-listener",
    summary: "an effect or component starts something that it never stops",
    category: Category::Performance,
    severity: Severity::Medium,
    confidence: Confidence::High,
    cwe: &[401, 772],
    families: &[Family::Ecma],
    default_on: true,
    in_tests: false,
    docs: Docs {
        what: "Finds React effects (`useEffect`, `useLayoutEffect`) that add a listener to `window`, `document` or an \
              emitter, start an interval or an observer, or open a socket, and return no function that ends it; and classes of components that do so, or subscribe to rxjs' `interval`, `timer` or `fromEvent`, when they are mounted, with nothing in them that ends it.",
        why: "The effect runs again whenever its dependencies change and once for every mount: listeners and timers \
              pile up, keep the component's data alive, and set the state of components that are gone.",
        example: "useEffect(() => {\n  window.addEventListener('resize', onResize);\n}, []);",
        instead: "useEffect(() => {\n  window.addEventListener('resize', onResize);\n  return () => window.removeEventListener('resize', onResize);\n}, []);",
        limits: "In a server's handlers only intervals whose handle is dropped and listeners of the process. An effect that returns anything is trusted. `{ once: true }`, an abort signal, and timeouts that run once \
              are left alone.",
        fix: "",
    },
    checks: &[Check::Nodes(&[Kind::CallExpression], check), Check::Block(class)],
    cases: &[
        Case::bad(
            "a.ts",
            "wss.on('connection', (socket) => { bus.on('news', (n) => socket.send(n)); }); //~ leaked-listener",
        ),
        Case::bad(
            "a.js",
            "app.get('/events', (req, res) => { store.on('change', (c) => { res.write(c); }); }); //~ leaked-listener",
        ),
        Case::bad("a.js", "function attach(ws) { emitter.on('tick', () => ws.send('tick')); } //~ leaked-listener"),
        Case::near_miss(
            "a.ts",
            "wss.on('connection', (socket) => { const tell = (n) => socket.send(n); bus.on('news', tell); socket.on('close', () => bus.off('news', tell)); });",
        ),
        Case::near_miss("a.ts", "wss.on('connection', (socket) => { socket.on('message', (m) => socket.send(m)); });"),
        Case::near_miss(
            "a.ts",
            "wss.on('connection', (socket) => { const bus = new EventEmitter(); bus.on('news', (n) => socket.send(n)); });",
        ),
        Case::near_miss(
            "a.js",
            "app.get('/file', (req, res) => { const s = open(req.path); s.on('data', (d) => res.write(d)); });",
        ),
        Case::bad(
            "a.ts",
            "@Component({ selector: 'a' })\nexport class A {\n  ngOnInit() {\n    interval(1000).subscribe(() => this.n++); //~ leaked-listener\n    this.s = other.subscribe(go);\n  }\n  ngOnDestroy() { this.s.unsubscribe(); }\n}",
        ),
        Case::bad(
            "a.js",
            "import { onMounted, onUnmounted } from 'vue';\nexport function useX() { onMounted(() => { window.addEventListener('resize', size);\n document.addEventListener('keydown', (e) => go(e)); //~ leaked-listener\n });\n onUnmounted(() => window.removeEventListener('resize', size)); }",
        ),
        Case::near_miss(
            "a.ts",
            "@Component({ selector: 'a' })\nexport class A {\n  ngOnInit() { interval(1000).pipe(takeUntil(this.end$)).subscribe(() => this.n++); }\n  ngOnDestroy() { this.end$.next(); }\n}",
        ),
        Case::near_miss(
            "a.js",
            "import { onMounted, onUnmounted } from 'vue';\nexport function useX() { onMounted(() => { window.addEventListener('resize', size); }); onUnmounted(() => window.removeEventListener('resize', size)); }",
        ),
        Case::bad(
            "a.ts",
            "@Component({ selector: 'a' })\nexport class A implements OnInit {\n  n = 0;\n  ngOnInit() {\n    interval(1000).subscribe(() => this.n++); //~ leaked-listener\n  }\n}",
        ),
        Case::bad(
            "a.ts",
            "export class A {\n  ngOnInit() {\n    fromEvent(window, 'resize').pipe(debounceTime(9)).subscribe(() => this.go()); //~ leaked-listener\n  }\n}",
        ),
        Case::near_miss(
            "a.ts",
            "export class A {\n  ngOnInit() { this.s = interval(1000).subscribe(() => this.n++); }\n  ngOnDestroy() { this.s.unsubscribe(); }\n}",
        ),
        Case::near_miss(
            "a.ts",
            "export class A {\n  ngOnInit() { timer(500).subscribe(() => this.n++); this.api.get().subscribe((x) => (this.x = x)); interval(9).pipe(takeUntil(this.end)).subscribe(); }\n}",
        ),
        Case::near_miss(
            "a.js",
            "class N extends HTMLElement { connectedCallback() { if (!ready) { document.addEventListener('readystatechange', this.go.bind(this)); return; } this.go(); } go() { this.x = 1; } }",
        ),
        Case::bad("a.js", "function beat(socket) { setInterval(() => socket.write('x'), 1000); } //~ leaked-listener"),
        Case::near_miss(
            "a.js",
            "function beat(socket) { const t = setInterval(() => socket.write('x'), 1000); socket.once('end', () => clearInterval(t)); }",
        ),
        Case::bad(
            "a.js",
            "app.get('/s', (req, res) => { const timer = setInterval(() => res.write('x'), 1000); res.writeHead(200); }); //~ leaked-listener",
        ),
        Case::near_miss(
            "a.js",
            "app.get('/s', (req, res) => { const timer = setInterval(() => res.write('x'), 1000); keep(timer); });",
        ),
        Case::bad(
            "a.jsx",
            "class Clock extends React.Component {\n  componentDidMount() { this.id = setInterval(() => this.tick(), 1000); } //~ leaked-listener\n  render() { return null; }\n}",
        ),
        Case::bad(
            "a.ts",
            "class Panel extends HTMLElement {\n  connectedCallback() { window.addEventListener('resize', this.draw); } //~ leaked-listener\n  draw() {}\n}",
        ),
        Case::bad(
            "a.ts",
            "@Component({})\nexport class Feed implements OnInit {\n  ngOnInit() {\n    this.load();\n    setInterval(() => this.load(), 5000); //~ leaked-listener\n  }\n  load() {}\n}",
        ),
        Case::bad(
            "a.ts",
            "class Poller { start() { setInterval(() => this.tick(), 1000); } tick() { go(); } } //~ leaked-listener",
        ),
        Case::bad(
            "a.ts",
            "export const V = defineComponent({ setup() { const n = ref(0); onMounted(() => { setInterval(() => n.value++, 1000); }); return { n }; } }); //~ leaked-listener",
        ),
        Case::good(
            "a.ts",
            "export const V = defineComponent({ setup() { let t; onMounted(() => { t = setInterval(go, 1000); }); onUnmounted(() => clearInterval(t)); } });",
        ),
        Case::good(
            "a.ts",
            "class Poller { start() { this.t = setInterval(() => this.tick(), 1000); } tick() { go(); } }",
        ),
        Case::near_miss(
            "a.ts",
            "class Poller { start() { setInterval(() => this.tick(), 1000).unref(); } tick() { go(); } }",
        ),
        Case::good(
            "a.jsx",
            "class Clock extends React.Component {\n  componentDidMount() { this.id = setInterval(() => this.tick(), 1000); }\n  componentWillUnmount() { clearInterval(this.id); }\n}",
        ),
        Case::good(
            "a.ts",
            "class Panel extends HTMLElement {\n  connectedCallback() { this.addEventListener('click', this.draw); }\n}",
        ),
        Case::near_miss("a.ts", "class Server {\n  start() { this.id = setInterval(() => this.sweep(), 1000); }\n}"),
        Case::near_miss(
            "a.ts",
            "class Panel extends HTMLElement {\n  connectedCallback() { window.addEventListener('resize', this.draw); }\n  disconnectedCallback() { this.cleanUp(); }\n  cleanUp() { window.removeEventListener('resize', this.draw); }\n}",
        ),
        Case::bad("a.js", "useEffect(() => { window.addEventListener('resize', onResize); }, []); //~ leaked-listener"),
        Case::bad(
            "a.js",
            "React.useEffect(() => {\n  const id = setInterval(tick, 1000); //~ leaked-listener\n}, []);",
        ),
        Case::bad(
            "a.tsx",
            "useLayoutEffect(() => { document.addEventListener('keydown', (e) => onKey(e)); }, [onKey]); //~ leaked-listener",
        ),
        Case::bad(
            "a.js",
            "useEffect(() => { const o = new ResizeObserver(go); o.observe(ref.current); }, []); //~ leaked-listener",
        ),
        Case::bad(
            "a.js",
            "useEffect(() => { const ws = new WebSocket(url); ws.onmessage = go; }, [url]); //~ leaked-listener",
        ),
        Case::bad(
            "a.js",
            "useEffect(() => { if (open) { window.addEventListener('click', close); } }, [open]); //~ leaked-listener",
        ),
        Case::bad(
            "a.js",
            "import { useEffect as effect } from 'react';\nfunction V() { effect(() => { setInterval(go, 10); }, []); } //~ leaked-listener",
        ),
        Case::bad(
            "a.tsx",
            "function V() {\n  useEffect(() => {\n    const poll = () => { refresh(); };\n    poll();\n    const handle = window.setInterval(poll, 5000); //~ leaked-listener\n    setHandleForLaterUseSomewhereElseInTheComponent(handle);\n    console.log('polling has begun for this component, and goes on');\n  }, []);\n}",
        ),
        Case::good(
            "a.js",
            "useEffect(() => { window.addEventListener('resize', f); return () => window.removeEventListener('resize', f); }, []);",
        ),
        Case::good(
            "a.js",
            "useEffect(() => { const id = setInterval(tick, 1000); return () => clearInterval(id); }, []);",
        ),
        Case::good("a.js", "useEffect(() => { load(); }, []);"),
        Case::good("a.js", "useEffect(() => { const id = setTimeout(tick, 10); }, []);"),
        Case::good("a.js", "useEffect(() => store.subscribe(go), []);"),
        Case::good("a.js", "window.addEventListener('load', init);"),
        Case::good("a.js", "useEffect(() => { el.addEventListener('x', f, { once: true }); }, []);"),
        Case::good(
            "a.js",
            "useEffect(() => { const c = new AbortController(); window.addEventListener('x', f, { signal: c.signal }); return () => c.abort(); }, []);",
        ),
        Case::near_miss(
            "a.js",
            "useEffect(() => { const run = () => { window.addEventListener('x', f); }; register(run); }, []);",
        ),
        Case::near_miss("a.js", "useCallback(() => { window.addEventListener('x', f); }, []);"),
        Case::near_miss("a.js", "useEffect(() => { window.removeEventListener('x', f); }, []);"),
        Case::near_miss(
            "a.js",
            "useEffect(() => { const id = setInterval(() => { if (done()) clearInterval(id); }, 10); }, []);",
        ),
        Case::near_miss("a.js", "function useEffect2(f) { f(); } useEffect2(() => { setInterval(go, 1); });"),
        Case::bad(
            "a.js",
            "app.get('/events', (req, res) => {\n  setInterval(() => res.write(':'), 15000); //~ leaked-listener\n  res.flushHeaders();\n});",
        ),
        Case::bad(
            "a.ts",
            "app.get('/events', (req, res) => {\n  process.on('SIGUSR2', () => res.write('sig')); //~ leaked-listener\n  res.write('start');\n});",
        ),
        Case::near_miss(
            "a.js",
            "app.get('/events', (req, res) => {\n  const t = setInterval(() => res.write(':'), 15000);\n  req.on('close', () => clearInterval(t));\n});",
        ),
        Case::near_miss(
            "a.js",
            "setInterval(sweep, 1000);\nprocess.on('exit', sweep);\napp.get('/', (req, res) => { res.send('ok'); });",
        ),
    ],
};

fn check<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    let Some(callee) = node.child(Field::Function).map(bare) else { return };
    let Some(path) = ecma_path(callee, cx) else { return };
    let name = path.rsplit('.').next().unwrap_or(&path);
    if name == "onMounted" {
        mounted(node, cx);
        return;
    }
    if name == "setInterval" || matches!(path.as_str(), "process.on" | "process.addListener") {
        in_handler(node, cx);
        return;
    }
    if matches!(name, "on" | "addListener") {
        for_each_connection(node, cx);
        return;
    }
    if !matches!(name, "useEffect" | "useLayoutEffect") {
        return;
    }
    let Some(effect) = callback(node, 0, cx) else { return };
    let Some(body) = effect.child(Field::Body).filter(|b| b.kind() == Kind::StatementBlock) else { return };
    // Whatever it returns is taken for the clean-up.
    if returned(effect).is_none_or(|values| !values.is_empty()) {
        return;
    }
    let text = body.text();
    if ENDS.iter().any(|w| text.contains(w)) {
        return;
    }
    let Some((start, what)) = body.descendants_until(is_function).find_map(|n| starts(n).map(|w| (n, w))) else {
        return;
    };
    let message = format!(
        "{what}, and the effect returns nothing that ends it: every run and every mount adds another. Return a function that does."
    );
    report_in(cx, effect, Note::new(cx.rule, start.span(), message));
}

/// What a server begins for one request and nothing ends: an interval whose handle is dropped, a listener of the process.
fn in_handler<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    let dropped = node.parent().is_some_and(|p| match p.kind() {
        Kind::ExpressionStatement => true,
        // A handle that nobody looks at is lost, too.
        Kind::VariableDeclarator => p.child(Field::Name).is_some_and(|name| {
            let same = |n: &Node<'_>| {
                matches!(n.kind(), Kind::Identifier | Kind::ShorthandPropertyIdentifier) && n.text() == name.text()
            };
            name.kind() == Kind::Identifier && cx.arena().nodes().filter(same).count() == 1
        }),
        _ => false,
    });
    let mut around = node.ancestors().filter(|a| is_function(*a));
    let Some(handler) = around.find(|f| handles(*f, cx) || serves_one(*f, node)).filter(|_| dropped) else {
        return;
    };
    if !handles(handler, cx) {
        let text = handler.text();
        if !ENDS.iter().any(|w| text.contains(w)) {
            let message = "Nothing ends this interval, and it holds on to the connection: each one that was ever opened stays. End it when the connection closes.";
            cx.report(Note::new(cx.rule, node.span(), message));
        }
        return;
    }
    let text = handler.text();
    if ENDS.iter().chain(&["removeListener", ".off("]).any(|w| text.contains(w)) {
        return;
    }
    let what = if node.child(Field::Function).is_some_and(|f| f.text().ends_with("setInterval")) {
        "An interval begins"
    } else {
        "The whole process gets a listener"
    };
    let message = format!(
        "{what} with every request, and nothing ends it: each one stays, with all that it holds. End it when the response closes."
    );
    cx.report(Note::new(cx.rule, node.span(), message));
}

/// Whether a function is called for each connection, which an interval in it uses: `function beat(socket) { setInterval(..) }`.
fn serves_one(function: Node<'_>, started: Node<'_>) -> bool {
    let interval = started.child(Field::Function).is_some_and(|f| f.text().ends_with("setInterval"));
    let connection = |n: &str| {
        crate::rules::support::words(n)
            .last()
            .is_some_and(|w| matches!(w.as_str(), "socket" | "ws" | "connection" | "conn" | "peer"))
    };
    interval
        && crate::rules::shape::parameters(function).iter().any(|p| {
            let name = p.child(Field::Pattern).unwrap_or(*p);
            name.kind() == Kind::Identifier
                && connection(name.text())
                && crate::rules::shape::mentions(started, name.text())
        })
}

/// A listener that each connection or request adds to an emitter that outlives it: `bus.on('news', (n) => socket.send(n))`.
fn for_each_connection<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    let Some((of, _)) = crate::rules::support::method(node) else { return };
    let Some(listener) = callback(node, 1, cx) else { return };
    if args(node).count() != 2 || node.parent().is_none_or(|p| p.kind() != Kind::ExpressionStatement) {
        return;
    }
    let Some(emitter) = crate::rules::shape::root_name(of).filter(|r| r.kind() == Kind::Identifier) else { return };
    let connection = |n: &str| {
        crate::rules::support::words(n)
            .last()
            .is_some_and(|w| matches!(w.as_str(), "socket" | "ws" | "connection" | "conn" | "res" | "reply"))
    };
    let server = |n: &str| {
        crate::rules::support::words(n).last().is_some_and(|w| {
            matches!(
                w.as_str(),
                "socket"
                    | "ws"
                    | "connection"
                    | "conn"
                    | "res"
                    | "reply"
                    | "req"
                    | "request"
                    | "client"
                    | "server"
                    | "stream"
                    | "child"
            )
        })
    };
    for function in node.ancestors().filter(|a| is_function(*a)) {
        let parameters = crate::rules::shape::parameters(function);
        if parameters.iter().any(|p| p.text() == emitter.text()) {
            return;
        }
        let Some(one) = parameters.iter().take(2).find(|p| p.kind() == Kind::Identifier && connection(p.text())) else {
            continue;
        };
        let sends =
            listener.descendants().any(|n| n.is_hole() || n.kind() == Kind::Identifier && n.text() == one.text());
        let own = function.descendants().any(|n| {
            matches!(n.kind(), Kind::VariableDeclarator)
                && n.child(Field::Name)
                    .is_some_and(|d| crate::rules::shape::mentions(d, emitter.text()) || d.text() == emitter.text())
        });
        let text = function.text();
        let ends = ["removeListener", "removeAllListeners", ".off(", ".unsubscribe(", ".destroy(", ".disconnect("];
        // A handler of requests may be a function that is called once for all.
        let response = matches!(one.text(), "res" | "reply") && !handles(function, cx);
        if !sends || own || response || server(emitter.text()) || ends.iter().any(|w| text.contains(w)) {
            return;
        }
        let message = format!(
            "Each connection adds a listener to `{}`, and nothing takes it away: it keeps `{}` alive and is called when that is long closed. Remove it on `close`.",
            of.text(),
            one.text()
        );
        cx.report(Note::new(cx.rule, node.span(), message));
        return;
    }
}

/// Words of code that ends what was begun.
const ENDS: &[&str] = &[
    "clearInterval",
    "removeEventListener",
    ".disconnect(",
    ".unobserve(",
    ".close(",
    ".abort(",
    "signal",
    "unsubscribe",
    "takeUntil",
    "untilDestroyed",
    "take(",
    "first(",
    "takeWhile(",
];

/// A component's class that begins something when it is mounted, with nothing in it that ends it.
fn class(cx: &mut Cx<'_>) {
    if cx.block.kind() != BlockKind::Container {
        return;
    }
    let block = cx.block;
    let arenas: Vec<_> = block.children().map(|c| c.arena()).chain(std::iter::once(block.arena())).collect();
    // `interval(1000).subscribe(f);` as a statement can be ended by nobody, whatever else the class ends.
    for arena in &arenas {
        let mounts = arena.nodes().filter(|n| n.kind() == Kind::MethodDefinition && !n.is_hole());
        for mount in
            mounts.filter(|m| matches!(m.child(Field::Name).map_or("", Node::text), "ngOnInit" | "ngAfterViewInit"))
        {
            let dropped = mount.descendants_until(is_function).find(|n| {
                n.parent().is_some_and(|p| p.kind() == Kind::ExpressionStatement)
                    && crate::rules::support::method(*n)
                        .is_some_and(|(of, m)| m.text() == "subscribe" && bare(of).text().starts_with("interval("))
                    && !ENDS.iter().any(|w| n.text().contains(w))
            });
            if let Some(call) = dropped {
                let message = "A subscription begins here when the component is mounted, and nobody can end it: every mount adds another, and keeps the component alive. Keep it and unsubscribe, or add `takeUntil`.";
                report_in(cx, call, Note::new(cx.rule, call.span(), message));
                return;
            }
        }
    }
    if arenas.iter().any(|a| ENDS.iter().any(|w| a.text().contains(w))) {
        return;
    }
    for arena in arenas {
        let methods = arena.nodes().filter(|n| n.kind() == Kind::MethodDefinition && !n.is_hole());
        for mount in methods {
            let name = mount.child(Field::Name).map_or("", Node::text);
            if !matches!(name, "componentDidMount" | "connectedCallback" | "ngOnInit" | "ngAfterViewInit" | "mounted") {
                if let Some(call) = mount.descendants().find(|n| dropped_interval(*n)).filter(|_| starting(name)) {
                    let message = "Nobody keeps this interval's handle, and nothing in the class ends it: every call starts another one that keeps the object alive. Keep it, and clear it when the object stops.";
                    report_in(cx, call, Note::new(cx.rule, call.span(), message));
                }
                continue;
            }
            let started = mount.descendants_until(is_function).find_map(|n| {
                // What listens to the component itself goes with it.
                let own = n.kind() == Kind::CallExpression
                    && n.child(Field::Function)
                        .is_some_and(|f| f.text().starts_with("this.") && f.text().ends_with("addEventListener"));
                starts(n).filter(|_| !own).map(|what| (n, what))
            });
            if let Some((start, what)) = started {
                let message = format!(
                    "{what} when the component is mounted, and nothing in the class ends it: every mount adds another, and keeps the component alive. End it when the component goes."
                );
                report_in(cx, start, Note::new(cx.rule, start.span(), message));
            }
        }
    }
}

/// What a call starts that must be ended.
fn starts(node: Node<'_>) -> Option<&'static str> {
    if node.kind() == Kind::NewExpression {
        let name = node.child(Field::Constructor)?.text();
        return match name {
            "WebSocket" | "EventSource" => Some("A connection is opened here"),
            "ResizeObserver" | "IntersectionObserver" | "MutationObserver" => Some("An observer begins here"),
            _ => None,
        };
    }
    if node.kind() != Kind::CallExpression {
        return None;
    }
    let callee = bare(node.child(Field::Function)?);
    // `interval(1000).subscribe(..)` of rxjs.
    if let Some((of, _)) = crate::rules::support::method(node).filter(|(_, m)| m.text() == "subscribe") {
        let of = bare(of);
        let name = of.child(Field::Function).filter(|_| of.kind() == Kind::CallExpression).map_or("", Node::text);
        let endless = name == "interval" || name == "fromEvent" || name == "timer" && args(of).count() > 1;
        // Through operators as well, of which none ends it.
        let piped = crate::rules::support::method(of).filter(|(_, m)| m.text() == "pipe").is_some_and(|(from, _)| {
            let from = bare(from);
            matches!(from.child(Field::Function).map_or("", Node::text), "interval" | "fromEvent")
        });
        return (endless || piped).then_some("A subscription begins here");
    }
    match place_name(callee)?.as_ref() {
        "setInterval" => Some("An interval begins here"),
        "addEventListener" => {
            let options = args(node).nth(2).map_or("", Node::text);
            // What comes once, when a page is ready, calls nobody again.
            let event = args(node).next().map_or("", Node::text).to_ascii_lowercase();
            let comes_once = event.contains("ready") || event.contains("loaded");
            (!options.contains("once") && !comes_once).then_some("A listener is added here")
        }
        _ => None,
    }
}

/// Whether a method's name says that it begins something.
fn starting(name: &str) -> bool {
    crate::rules::support::words(name).first().is_some_and(|w| {
        matches!(w.as_str(), "start" | "begin" | "open" | "connect" | "watch" | "poll" | "subscribe" | "listen")
    })
}

/// `setInterval(..);` as a statement: its handle is lost.
fn dropped_interval(n: Node<'_>) -> bool {
    n.kind() == Kind::CallExpression
        && n.child(Field::Function).is_some_and(|f| f.text() == "setInterval")
        && n.parent().is_some_and(|p| p.kind() == Kind::ExpressionStatement)
}

/// Vue: what `onMounted` begins and nothing of the component ends.
fn mounted<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    let Some(begun) = callback(node, 0, cx).and_then(|f| f.child(Field::Body)) else { return };
    // A function that is written in its place cannot be taken away again.
    let lost = begun.descendants_until(is_function).find(|n| {
        let callee = n.child(Field::Function).filter(|_| n.kind() == Kind::CallExpression).map_or("", Node::text);
        matches!(callee, "window.addEventListener" | "document.addEventListener" | "document.body.addEventListener")
            && args(*n)
                .nth(1)
                .map(bare)
                .is_some_and(|f| matches!(f.kind(), Kind::ArrowFunction | Kind::FunctionExpression))
            && args(*n).nth(2).is_none_or(|o| !o.text().contains("once") && !o.text().contains("signal"))
    });
    if let Some(call) = lost {
        let message = "This listener is written in its place, so that nobody can remove it: every mount adds another. Name the function, and remove it in `onUnmounted`.";
        report_in(cx, call, Note::new(cx.rule, call.span(), message));
        return;
    }
    let component = cx.arena().text();
    let ends = ["onUnmounted", "onBeforeUnmount", "onScopeDispose", "onDeactivated"];
    if ends.iter().chain(ENDS).any(|w| component.contains(w)) {
        return;
    }
    let Some((start, what)) = begun.descendants().find_map(|n| starts(n).map(|w| (n, w))) else { return };
    let message = format!(
        "{what} when the component is mounted, and nothing ends it: every mount adds another. End it in `onUnmounted`."
    );
    report_in(cx, start, Note::new(cx.rule, start.span(), message));
}
