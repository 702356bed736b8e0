use sidenote_grammars::{Family, Field, Kind};

use crate::findings::{Category, Confidence, Note, Severity};
use crate::rules::rust_types::type_of;
use crate::rules::shape::{callback, is_array, is_global, only_reads, operator, root_name};
use crate::rules::support::{args, bare, is_function, method, place_name, words};
use crate::rules::{Case, Check, Cx, Docs, Rule};
use crate::syntax::Node;

pub static RULE: Rule = Rule {
    id: "unused-result",
    summary: "the result of a call that only computes is dropped",
    category: Category::Quality,
    severity: Severity::Medium,
    confidence: Confidence::High,
    cwe: &[252, 563],
    families: &[Family::Ecma, Family::Rust],
    default_on: true,
    in_tests: false,
    docs: Docs {
        what: "Finds calls that stand alone although they change nothing: `text.replace(..)`, `text.trim()`, \
              `list.concat(..)`, `list.map(..)` and `list.filter(..)` with a function. In Rust: methods of strings, numbers, vectors, options and iterators that only compute.",
        why: "Strings never change and these methods of arrays give a new one: without taking the result the call does \
              nothing. `map` that is used for its effects builds an array for nobody.",
        example: "name.trim();\nsave(name);",
        instead: "name = name.trim();\nsave(name);",
        limits: "Methods whose names other objects use as well (`replace` of a router or a location, `filter` of a query) \
              are reported only with arguments that fit a string or an array, and not on receivers with a telling name.",
        fix: "",
    },
    checks: &[
        Check::Nodes(&[Kind::ExpressionStatement], check),
        Check::Nodes(&[Kind::ExpressionStatement], rust_statement),
    ],
    cases: &[
        Case::bad(
            "a.ts",
            "import { map } from 'rxjs/operators';\nclass C { refresh() { this.feed.posts().pipe(map((p) => p.n)); } } //~ unused-result",
        ),
        Case::bad(
            "a.ts",
            "import { tap, filter } from 'rxjs';\nexport function f(s: O) { s.pipe(filter(Boolean), tap(log)); } //~ unused-result",
        ),
        Case::bad(
            "a.rs",
            "fn f(n: i64) -> Result<(), String> { if n <= 0 { Err(\"bad\".to_string()); } Ok(()) } //~ unused-result",
        ),
        Case::near_miss(
            "a.ts",
            "import { map } from 'rxjs/operators';\nclass C { refresh() { this.feed.posts().pipe(map((p) => p.n)).subscribe(); } }",
        ),
        Case::near_miss("a.js", "function f(a, b) { a.pipe(b()); }"),
        Case::near_miss(
            "a.rs",
            "fn f(n: i64) -> Result<(), String> { if n <= 0 { return Err(\"bad\".to_string()); } Ok(()) }",
        ),
        Case::bad("a.js", "function f(a, b) { if (b === 0) { 0; } return a / b; } //~ unused-result"),
        Case::near_miss("a.js", "0; module.exports = 1;"),
        Case::bad(
            "a.ts",
            "import { HttpClient } from '@angular/common/http';\nexport class A {\n  constructor(private http: HttpClient) {}\n  seen() {\n    this.http.post('/seen', {}); //~ unused-result\n  }\n}",
        ),
        Case::near_miss(
            "a.ts",
            "import { HttpClient } from './client';\nexport class A {\n  constructor(private http: HttpClient) {}\n  seen() { this.http.post('/seen', {}); }\n}",
        ),
        Case::near_miss(
            "a.js",
            "function join(b) {\n  // this substr() should cause the constructed string to join\n  b.data.substr(0, 1);\n}",
        ),
        Case::near_miss("a.js", "function f(show) { shuffleInstance.filter((element) => show(element)); }"),
        Case::bad("a.js", "function f(e) { e.preventDefault; go(); } //~ unused-result"),
        Case::bad("a.js", "function f(d) { d.getFullYear; return d; } //~ unused-result"),
        Case::near_miss("a.js", "function f(el) { el.offsetHeight; el.classList.add('x'); }"),
        Case::near_miss("a.js", "Array.prototype.push;"),
        Case::bad("a.js", "function f(x) { if (!x) { new TypeError('x is missing'); } return x.y; } //~ unused-result"),
        Case::bad(
            "a.ts",
            "class A { get(k: string) { if (!this.m.has(k)) new NotFoundError(k); return this.m.get(k); } } //~ unused-result",
        ),
        Case::bad("a.js", "function f(o) { o.state === 'open'; return o; } //~ unused-result"),
        Case::bad("a.js", "function f(xs) { xs.filter(Boolean); return xs; } //~ unused-result"),
        Case::good("a.js", "function f(x) { if (!x) throw new TypeError('x'); new Worker('w.js'); }"),
        Case::good("a.js", "function f(x) { const e = new Error('x'); log(e); return x === 1; }"),
        Case::near_miss(
            "a.js",
            "function has() { try { new DOMException(''); return true; } catch (e) { return false; } }",
        ),
        Case::near_miss("a.js", "function f(o) { o.next() === 'x' && go(); }"),
        Case::near_miss("a.js", "new ErrorReporter(app);"),
        Case::bad("a.js", "name.trim(); //~ unused-result"),
        Case::bad("a.js", "text.replace(/a/g, 'b'); //~ unused-result"),
        Case::bad("a.js", "list.concat([1, 2]); //~ unused-result"),
        Case::bad("a.js", "users.map((u) => { u.seen = true; }); //~ unused-result"),
        Case::bad("a.js", "s.toLowerCase(); //~ unused-result"),
        Case::bad("a.js", "const xs = [3, 1];\nxs.slice(1); //~ unused-result"),
        Case::bad("a.js", "users.filter((u) => u.on); //~ unused-result"),
        Case::bad("a.ts", "function f(s: string) { s.padStart(3, '0'); return s; } //~ unused-result"),
        Case::bad("a.js", "html.replaceAll('<', '&lt;'); //~ unused-result"),
        Case::bad("a.js", "Object.keys(o); //~ unused-result"),
        Case::good("a.js", "name = name.trim();"),
        Case::good("a.js", "return_(text.replace(/a/g, 'b'));"),
        Case::good("a.js", "list.push(1);"),
        Case::good("a.js", "users.forEach((u) => { u.seen = true; });"),
        Case::good("a.js", "xs.sort();"),
        Case::good("a.js", "const ys = xs.map((x) => x);"),
        Case::good("a.js", "router.replace('/home');"),
        Case::good("a.js", "s && f(s.trim());"),
        Case::near_miss("a.js", "location.replace('/login');"),
        Case::near_miss("a.js", "query.filter({ a: 1 });"),
        Case::near_miss("a.js", "editor.replace('a', 'b');"),
        Case::near_miss("a.js", "stream.map((x) => x).pipe(out);"),
        Case::near_miss("a.js", "cy.get('a').filter('.b');"),
        Case::near_miss("a.js", "el.classList.replace('a', 'b');"),
        Case::near_miss("a.js", "history.replace(url);"),
        Case::near_miss("a.js", "await table.slice(0, 3);"),
        Case::near_miss("a.js", "text.replace(/%s/g, (m) => { seen.push(m); });"),
        Case::bad("a.rs", "fn f(s: &str) { s.trim(); } //~ unused-result"),
        Case::bad("a.rs", "fn f(s: String) { s.to_uppercase(); go(s); } //~ unused-result"),
        Case::bad("a.rs", "fn f(n: u32) { n.wrapping_add(1); } //~ unused-result"),
        Case::bad("a.rs", "fn f(v: &[u8]) { v.iter().map(|x| x + 1); } //~ unused-result"),
        Case::bad("a.rs", "fn f(s: &str) { s.replace(\"a\", \"b\"); } //~ unused-result"),
        Case::bad("a.rs", "fn f(v: &Vec<u8>) { v.len(); } //~ unused-result"),
        Case::bad("a.rs", "fn f(o: Option<u8>) { o.is_some(); } //~ unused-result"),
        Case::bad("a.rs", "fn f(n: i32) { n.abs(); } //~ unused-result"),
        Case::good("a.rs", "fn f(s: &str) -> &str { s.trim() }"),
        Case::good("a.rs", "fn f(s: &str) { let t = s.trim(); go(t); }"),
        Case::good("a.rs", "fn f(v: &[u8]) { v.iter().for_each(|x| go(x)); }"),
        Case::good("a.rs", "fn f(v: &mut Vec<u8>) { v.pop(); v.sort(); }"),
        Case::good("a.rs", "fn f(m: &mut HashMap<u8, u8>) { m.insert(1, 2); m.remove(&1); }"),
        Case::good("a.rs", "fn f(s: &mut String) { s.truncate(3); }"),
        Case::good("a.rs", "fn f(a: &Atomic) { a.fetch_add(1, Ordering::Relaxed); }"),
        Case::good("a.rs", "fn f(r: &mut Router) { r.replace(\"a\", \"b\"); }"),
        Case::near_miss("a.rs", "fn f(t: &mut Text) { t.trim(); }"),
        Case::near_miss("a.rs", "fn f(p: &mut Pipeline) { p.map(|x| x + 1); }"),
        Case::near_miss("a.rs", "fn f(c: &mut Cell<u8>) { c.replace(1); }"),
        Case::near_miss("a.rs", "fn f(o: &mut Option<u8>) { o.take(); o.insert(3); }"),
        Case::bad("a.js", "function f(xs) { xs.slice(1); return xs; } //~ unused-result"),
        Case::bad("a.js", "function f(text) { text.slice(0, -1); return text; } //~ unused-result"),
        Case::near_miss(
            "a.ts",
            "function f(lines: TaggedString[]) { for (const line of lines) { line.trim(); use(line.getMaxScale()); } }",
        ),
        Case::near_miss("a.js", "function f(tape, a, b) { tape.slice(a, b); }"),
        Case::bad("a.js", "function plus(a, b) { a + b; } //~ unused-result"),
        Case::bad("a.js", "function f(t) { t.total * 2; return t; } //~ unused-result"),
        Case::near_miss("a.js", "function f(o) { o.next() + 1; return o; }"),
    ],
};

/// What else has methods of these names: places, editors, queries, streams.
const OTHERS: &[&str] = &[
    "router",
    "navigate",
    "navigation",
    "navigator",
    "history",
    "location",
    "editor",
    "query",
    "stream",
    "store",
    "cy",
    "builder",
    "knex",
    "db",
    "observable",
    "signal",
    "container",
    "view",
    "model",
    "document",
    "doc",
    "tree",
    "node",
    "nodes",
    "selection",
    "chain",
    "session",
    "magic",
    "code",
    "buffer",
    "table",
    "collection",
    "edit",
    "workspace",
    "transform",
    "source",
    "app",
    "route",
    "list$",
    "cursor",
    "table",
    "tr",
    "class",
    "array",
    "$",
    "pipeline",
    "mocker",
    "registry",
    "state",
    "replacer",
];

fn check<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    if cx.family() != Family::Ecma {
        return;
    }
    let Some(expression) = node.first_named().map(bare) else { return };
    match expression.kind() {
        Kind::NewExpression => return new_error(expression, cx),
        Kind::BinaryExpression => return comparison(expression, cx),
        Kind::MemberExpression => return named_only(expression, cx),
        Kind::Number | Kind::True | Kind::False => {
            let last = node.parent().is_some_and(|p| p.kind() == Kind::StatementBlock);
            if last && node.ancestors().any(crate::rules::support::is_function) {
                let message = "This value goes nowhere: a `return` was meant.";
                cx.report(Note::new(cx.rule, expression.span(), message));
            }
            return;
        }
        _ => {}
    }
    let Some(call) = Some(expression).filter(|c| c.kind() == Kind::CallExpression) else { return };
    let Some((receiver, name)) = method(call) else { return };
    let arguments: Vec<Node<'a>> = args(call).collect();
    let first = arguments.first().copied().map(bare);
    let is_text = |n: Node<'_>| matches!(n.kind(), Kind::String | Kind::TemplateString);
    let told = match name.text() {
        "trim" | "trimStart" | "trimEnd" | "toLowerCase" | "toUpperCase" => arguments.is_empty(),
        "replace" | "replaceAll" => {
            arguments.len() == 2
                && first.is_some_and(|f| is_text(f) || f.kind() == Kind::Regex)
                && is_text(bare(arguments[1]))
        }
        "toFixed" | "toPrecision" => arguments.len() <= 1,
        "substring" | "substr" | "charAt" => matches!(arguments.len(), 1 | 2),
        "padStart" | "padEnd" => matches!(arguments.len(), 1 | 2),
        "filter" if first.is_some_and(|f| is_global(f, "Boolean", cx)) => arguments.len() == 1,
        "map" | "filter" => arguments.len() <= 2 && callback(call, 0, cx).is_some(),
        "concat" => first.is_some_and(|f| f.kind() == Kind::Array || is_text(f)),
        "slice" => {
            let numbers = arguments.iter().all(|a| {
                matches!(bare(*a).kind(), Kind::Number | Kind::UnaryExpression) || bare(*a).text().ends_with(".length")
            });
            (is_array(receiver) || numbers) && (arguments.len() == 1 || arguments.len() == 2)
        }
        "keys" | "values" | "entries" => is_global(receiver, "Object", cx),
        _ => false,
    };
    // `source.pipe(map(f));`: operators of RxJS do nothing before somebody subscribes.
    let operators = name.text() == "pipe"
        && !arguments.is_empty()
        && arguments.iter().all(|a| {
            bare(*a)
                .child(Field::Function)
                .filter(|f| f.kind() == Kind::Identifier)
                .and_then(|f| cx.file.imports.path(f.text()))
                .is_some_and(|p| p.starts_with("rxjs.") || p.starts_with("rxjs/"))
        });
    if operators {
        let message = "`pipe` gives another observable, which nobody subscribes to: nothing of this ever runs.";
        cx.report(Note::new(cx.rule, name.span(), message));
        return;
    }
    if is_cold(receiver, name.text(), cx) {
        let message = format!(
            "`{}` of Angular's client sends nothing before somebody subscribes: this request is never made. `subscribe`, or return it.",
            name.text()
        );
        cx.report(Note::new(cx.rule, name.span(), message));
        return;
    }
    if !told || own(receiver) || is_no_text(receiver) {
        return;
    }
    if matches!(name.text(), "map" | "filter")
        && method(bare(receiver))
            .is_some_and(|(_, m)| matches!(m.text(), "find" | "select" | "query" | "get" | "pipe" | "from" | "where"))
    {
        return;
    }
    // What filters what it shows: `shuffleInstance.filter(show)`.
    let shows = crate::rules::support::place_name(bare(receiver)).is_some_and(|n| {
        words(&n).last().is_some_and(|w| matches!(w.as_str(), "instance" | "shuffle" | "isotope" | "grid"))
    });
    if name.text() == "filter" && shows {
        return;
    }
    // A comment above that names the method says what the call is for: `// this substr() should join the text`.
    let begin = node.span().start;
    let said = cx.arena().comments().any(|c| {
        let span = c.span();
        let near = span.end <= begin && begin - span.end < 40;
        near && c.text().contains(&format!("{}()", name.text())) && crate::rules::shape::explains(c.text())
    });
    if said {
        return;
    }
    let message = match name.text() {
        "map" => "`map` builds a new array here for nobody. Use `forEach` or `for .. of` for the effects, or take the result.".to_owned(),
        other => format!("`{other}` changes nothing: it returns a new value, which is dropped here. Take the result."),
    };
    let mut note = Note::new(cx.rule, name.span(), message);
    if name.text() == "map" {
        let awaited = callback(call, 0, cx).is_some_and(|f| f.has_token("async"));
        note = note.severity(Severity::Low);
        if !awaited {
            note = note.suggestion("Use `forEach`", vec![(name.span(), "forEach".into())]);
        }
    }
    cx.report(note);
}

/// Whether a call makes a request of Angular's `HttpClient`, which is sent when somebody subscribes to it.
fn is_cold(receiver: Node<'_>, name: &str, cx: &Cx<'_>) -> bool {
    let receiver = bare(receiver);
    let field = receiver.child(Field::Property).filter(|_| receiver.text().starts_with("this."));
    matches!(name, "get" | "post" | "put" | "patch" | "delete" | "request")
        && field.is_some_and(|f| cx.file.declared.fields.get(f.text()).is_some_and(|t| t == "HttpClient"))
        && cx.file.imports.path("HttpClient").is_some_and(|p| p.starts_with("@angular/"))
}

/// Whether the function calls a method of the same thing that neither strings nor arrays have: it is something else, whose `trim`
/// may change it.
fn is_no_text(receiver: Node<'_>) -> bool {
    const OWN: &[&str] = &[
        "get",
        "set",
        "add",
        "remove",
        "delete",
        "clear",
        "update",
        "append",
        "insert",
        "write",
        "emit",
        "on",
        "render",
        "apply",
        "toCodePoint",
        "addTextSection",
        "getMaxScale",
    ];
    let name = bare(receiver);
    name.kind() == Kind::Identifier
        && crate::rules::shape::home(name).descendants().any(|n| {
            method(n).is_some_and(|(of, m)| {
                of.text() == name.text()
                    && (OWN.contains(&m.text())
                        || words(m.text()).len() > 1
                            && words(m.text())
                                .first()
                                .is_some_and(|w| matches!(w.as_str(), "get" | "set" | "add" | "remove" | "is" | "has"))
                            && m.text() != "hasOwnProperty")
            })
        })
}

/// An error that is made and not thrown.
fn new_error<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    let Some(constructor) = node.child(Field::Constructor).filter(|c| c.kind() == Kind::Identifier) else { return };
    let known = constructor.text().ends_with("Error") || constructor.text().ends_with("Exception");
    // `try { new DOMException(''); return true }` asks whether there is one.
    let asks = node.ancestors().take_while(|a| !is_function(*a)).any(|a| a.kind() == Kind::TryStatement);
    if known && !asks {
        let message =
            format!("This `{}` is made and not thrown: nothing happens. Write `throw` before it.", constructor.text());
        let at = crate::syntax::Span { start: node.span().start, end: node.span().start };
        cx.report(Note::new(cx.rule, node.span(), message).suggestion("Throw it", vec![(at, "throw ".into())]));
    }
}

/// A comparison as a statement.
/// Methods that everybody knows, and nobody has as a property whose getter does something.
const METHODS: &[&str] = &[
    "preventDefault",
    "stopPropagation",
    "stopImmediatePropagation",
    "toString",
    "toFixed",
    "toUpperCase",
    "toLowerCase",
    "trim",
    "push",
    "pop",
    "unshift",
    "splice",
    "sort",
    "reverse",
    "forEach",
    "getTime",
    "getFullYear",
    "getMonth",
    "getDate",
    "getDay",
    "getHours",
    "getMinutes",
    "toISOString",
    "hasOwnProperty",
    "appendChild",
    "removeChild",
    "removeEventListener",
    "addEventListener",
];

/// `event.preventDefault;`: a method that is named and not called.
fn named_only<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    let Some(name) = node.child(Field::Property).filter(|p| METHODS.contains(&p.text())) else { return };
    if cx.arena().has_error() || node.ancestors().all(|a| !is_function(a)) {
        return;
    }
    let message = format!("`{}` is named here and not called, so that nothing happens. Add `()`.", name.text());
    cx.report(Note::new(cx.rule, node.span(), message));
}

fn comparison<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    let equality = matches!(operator(node), "==" | "===" | "!=" | "!==" | "+" | "-" | "*" | "/" | "%");
    // `a == 1` at the top level of a script may be the last value of a console.
    if !equality || !only_reads(node) || cx.arena().has_error() || node.ancestors().all(|a| !is_function(a)) {
        return;
    }
    let what = if matches!(operator(node), "+" | "-" | "*" | "/" | "%") { "calculation" } else { "comparison" };
    let message =
        format!("The outcome of this {what} is dropped. An assignment (`=`), a condition or a `return` was meant.");
    cx.report(Note::new(cx.rule, node.span(), message));
}

/// Whether the receiver's name tells of something else than a string or an array.
fn own(receiver: Node<'_>) -> bool {
    let receiver = bare(receiver);
    if matches!(receiver.kind(), Kind::This | Kind::Super | Kind::NewExpression | Kind::AwaitExpression) {
        return true;
    }
    let callee = method(receiver).map_or_else(
        || receiver.child(Field::Function).filter(|_| receiver.kind() == Kind::CallExpression),
        |(_, m)| Some(m),
    );
    let last = callee
        .map(|c| c.text().to_owned())
        .or_else(|| place_name(receiver).map(|n| n.into_owned()))
        .unwrap_or_default();
    let all = words(&last);
    let root = root_name(receiver).map_or("", Node::text).to_lowercase();
    all.iter().any(|w| OTHERS.contains(&w.as_str()))
        || OTHERS.contains(&root.as_str())
        || last.starts_with('$')
        || root.starts_with(['$', '_'])
}

// Rust.

fn rust_statement<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    if cx.family() != Family::Rust {
        return;
    }
    let Some(call) = node.first_named().filter(|c| c.kind() == Kind::CallExpression && node.text().ends_with(';'))
    else {
        return;
    };
    // `Err(..);` in the middle of a function: a `return` was meant.
    let variant = call.child(Field::Function).filter(|f| matches!(f.text(), "Err" | "Ok"));
    if let Some(variant) = variant.filter(|_| node.parent().is_some_and(|p| p.kind() == Kind::Block)) {
        let message = format!("This `{}` is made and dropped: a `return` was meant.", variant.text());
        cx.report(Note::new(cx.rule, call.span(), message));
        return;
    }
    let Some((receiver, name)) = method(call) else { return };
    let what = name.text();
    let text = matches!(
        what,
        "trim"
            | "trim_start"
            | "trim_end"
            | "to_uppercase"
            | "to_lowercase"
            | "to_ascii_uppercase"
            | "to_ascii_lowercase"
            | "replace"
            | "replacen"
            | "repeat"
            | "to_string"
            | "to_owned"
            | "starts_with"
            | "ends_with"
            | "strip_prefix"
            | "strip_suffix"
            | "split"
            | "chars"
            | "bytes"
            | "lines"
            | "len"
            | "is_empty"
            | "contains"
            | "as_str"
            | "as_bytes"
    );
    let number = what.starts_with("wrapping_")
        || what.starts_with("saturating_")
        || what.starts_with("checked_")
        || matches!(
            what,
            "abs"
                | "pow"
                | "sqrt"
                | "floor"
                | "ceil"
                | "round"
                | "powi"
                | "powf"
                | "min"
                | "max"
                | "clamp"
                | "rem_euclid"
                | "count_ones"
                | "leading_zeros"
                | "trailing_zeros"
                | "swap_bytes"
                | "rotate_left"
                | "rotate_right"
        );
    let list = matches!(
        what,
        "len" | "is_empty" | "contains" | "first" | "last" | "get" | "to_vec" | "concat" | "join" | "iter" | "clone"
    );
    let option = matches!(
        what,
        "is_some" | "is_none" | "is_ok" | "is_err" | "unwrap_or" | "as_ref" | "cloned" | "copied" | "ok_or" | "clone"
    );
    let lazy = matches!(
        what,
        "map"
            | "filter"
            | "filter_map"
            | "flat_map"
            | "enumerate"
            | "zip"
            | "chain"
            | "take"
            | "skip"
            | "rev"
            | "inspect"
            | "cloned"
            | "copied"
            | "count"
            | "collect"
            | "sum"
    );
    if !(text || number || list || option || lazy) {
        return;
    }
    let Some(ty) = type_of(receiver, cx) else { return };
    let pure = match ty.name {
        "str" | "String" => text,
        "Vec" | "[]" | "[;]" => list,
        "Option" | "Result" => option,
        // Counting and gathering run the iterator, which may be the point.
        "Iterator" => lazy && !matches!(what, "count" | "collect" | "sum"),
        _ if (ty.is_integer() || ty.is_float() || ty.clone().owned().is_integer()) && !ty.name.starts_with('{') => {
            number
        }
        _ => false,
    };
    if !pure {
        return;
    }
    let message = if ty.name == "Iterator" {
        format!("`{what}` does nothing until somebody takes elements from it. Use `for`, or take the result.")
    } else {
        format!("`{what}` changes nothing: it returns a new value, which is dropped here. Take the result.")
    };
    cx.report(Note::new(cx.rule, name.span(), message));
}
