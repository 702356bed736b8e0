//! The interpreter on small programs: which sinks are reached, whatever rules make of it.

use sidenote_grammars::by_name;

use super::kinds::SinkKind;
use super::*;
use crate::blocks::Blocks;
use crate::syntax::SyntaxTree;

/// Lines, counted from one, on which a sink of the kind is reached.
pub(super) fn reached(language: &str, kind: SinkKind, code: &str) -> Vec<usize> {
    let tree = SyntaxTree::parse_str(by_name(language).expect("language"), code).expect("parse");
    let blocks = Blocks::of_str(&tree, code);
    let mut lines: Vec<usize> =
        group::hits(&blocks, kind).into_iter().map(|offset| code[..offset].matches('\n').count() + 1).collect();
    lines.sort_unstable();
    lines.dedup();
    lines
}

/// Checks that the lines marked `//!` and no others are reached.
fn check(code: &str) {
    let code = format!("const {{ exec }} = require('child_process'); {}", code.trim_start_matches('\n'));
    let expected: Vec<usize> =
        code.lines().enumerate().filter(|(_, l)| l.contains("//!")).map(|(i, _)| i + 1).collect();
    let found = reached("javascript", SinkKind::Command, &code);
    let line = |n: &usize| code.lines().nth(n - 1).unwrap_or("").trim().to_owned();
    let missed: Vec<String> = expected.iter().filter(|l| !found.contains(l)).map(line).collect();
    let false_alarms: Vec<String> = found.iter().filter(|l| !expected.contains(l)).map(line).collect();
    assert!(missed.is_empty() && false_alarms.is_empty(), "missed {missed:#?}\nfalse alarms {false_alarms:#?}");
}

#[test]
fn straight_flows() {
    check(
        "
        function a(req, res) { exec('ls ' + req.query.d); } //!
        function b(req, res) { const d = req.body.d; exec(`ls ${d}`); } //!
        function c(req, res) { let d = req.query.d; d = 'x'; exec(d); }
        function d(req, res) { const { query: { d } } = req; exec(d.trim()); } //!
        function e(req, res) { const o = {}; o.x = req.query.d; exec(o.x); exec(o.y); } //!
        function f(req, res) { exec(['ls', req.query.d].join(' ')); } //!
        function g(req, res) { const n = parseInt(req.query.d, 10); exec('ls ' + n); }
        function h(req, res) { const d = req.query.d || 'x'; exec(d); } //!
        function i(req, res) { exec(req.query.d ? 'a' : 'b'); }
        function j({ query }, res) { exec('ls'); }
    ",
    );
}

#[test]
fn calls_closures_and_callbacks() {
    check(
        "
        function run(c) { exec(c); } //!
        function a(req, res) { run(req.query.d); }
        function id(x) { return x; }
        function b(req, res) { exec(id(req.query.d)); exec(id('ls')); } //!
        const go = (c) => exec(c); //!
        function c(req, res) { go(req.query.d); }
        function d(req, res) { req.body.list.forEach((x) => { exec(x); }); } //!
        function e(req, res) { const f = () => exec(req.query.d); f(); } //!
        function f(req, res) { load(req.query.d).then((x) => exec('ls')); }
        function wrap(cb, v) { cb(v); }
        function g(req, res) { wrap((v) => exec(v), req.query.d); } //!
        async function h(req, res) { const x = await Promise.resolve(req.query.d); exec(x); } //!
        function even(n, c) { if (n) odd(n - 1, c); }
        function odd(n, c) { exec(c); even(n - 1, c); } //!
        function i(req, res) { even(3, req.query.d); }
    ",
    );
}

#[test]
fn guards_and_loops() {
    check("
        const OK = new Set(['a', 'b']);
        function a(req, res) { const d = req.query.d; if (!OK.has(d)) return; exec(d); }
        function b(req, res) { const d = req.query.d; if (OK.has(d)) exec(d); else exec(d + 'x'); } //!
        function c(req, res) { const d = req.query.d; if (!/^[a-z]+$/.test(d)) throw new Error('x'); exec(d); }
        function d(req, res) { let c = ''; for (const x of req.body.list) { c += x; } exec(c); } //!
        function e(req, res) { const d = req.query.d; switch (d) { case 'a': exec(d); break; default: exec('x' + d); } } //!
        function f(req, res) { if (req.query.d === 'a' || req.query.d === 'b') { exec(req.query.d); } }
        function g(req, res) { let d = 'a'; try { d = req.query.d; check(d); } catch (e) { exec(d); } } //!
        function h(req, res) { if (typeof req.query.n !== 'number') return; exec('ls ' + req.query.n); }
        function i(req, res) { let d; while (more()) { if (d) exec(d); d = req.query.d; } } //!
    ");
}

#[test]
fn classes_and_modules() {
    check(
        "
        class A { constructor(c) { this.c = c; } run() { exec(this.c); } } //!
        function a(req, res) { new A(req.query.d).run(); }
        class B { set(req, res) { this.d = req.query.d; } go() { exec(this.d); } } //!
        const api = { run(c) { exec(c); } }; //!
        function c(req, res) { api.run(req.query.d); }
        const app = require('express')();
        app.get('/x', (req, res) => { exec(req.params.d); }); //!
        const handler = (rq, rs) => { exec(rq.query.d); }; //!
        app.post('/y', handler);
    ",
    );
}

#[test]
fn hoisted_functions_find_what_their_callers_checked() {
    // The outer function is long enough to be split, so that the inner ones are blocks of their own.
    let filler: String =
        (0..400).map(|i| format!("  log('some text that makes this function long, number {i}');\n")).collect();
    let pad = "-".repeat(200);
    let code = format!(
        "const {{ exec }} = require('child_process');\nfunction outer(req, res) {{\n  let d;\n  d = req.query.d;\n  if (!OK.has(d)) {{ fail(res); return; }}\n\
         {filler}  checked();\n  function checked() {{ exec(d); }}\n  function later() {{ exec('x ' + d); /* called by a sibling alone, which is long enough to be a block too: {pad} */ }}\n  \
         function sibling() {{ load((e) => {{ later(e); }}); /* {pad} */ }}\n  load(sibling);\n}}\nfunction open(req, res) {{\n  let d = req.query.d;\n{filler}  free();\n  function free() {{ exec(d); }}\n}}\n"
    );
    let wanted: Vec<usize> =
        code.lines().enumerate().filter(|(_, l)| l.contains("function free")).map(|(i, _)| i + 1).collect();
    assert_eq!(reached("javascript", SinkKind::Command, &code), wanted);
}

#[test]
fn promises_and_state() {
    check(
        "
        function a(req, res) { new Promise((resolve, reject) => { resolve(req.query.x); }).then((v) => exec(v)); } //!
        async function b(req, res) { const v = await new Promise((resolve) => resolve(req.query.x)); exec(v); } //!
        async function c(req, res) { const v = await new Promise((done) => { setTimeout(() => done(req.query.x), 1); }); exec(v); } //!
        async function d(req, res) { const v = await new Promise((resolve) => resolve('ls')); exec(v); }
        async function e(req, res) { const v = await new Promise((resolve) => resolve(Number(req.query.x))); exec('ls ' + v); }
        function f(req, res) { const p = Promise.withResolvers(); p.resolve(req.query.x); p.promise.then((v) => exec(v)); } //!
        const wait = (x) => new Promise((resolve) => resolve(x));
        async function g(req, res) { exec(await wait(req.query.x)); exec(await wait('ls')); } //!
    ",
    );
}

#[test]
fn constructors_prototypes_and_super() {
    check(
        "
        function A(x, y) { this.x = x; this.y = y; }
        A.prototype.run = function () { exec(this.x); }; //!
        A.prototype.quiet = function () { exec(this.y); };
        A.prototype.get = function () { return this.x; };
        function a(req, res) { const a = new A(req.query.x, 'ls'); a.run(); a.quiet(); }
        function b(req, res) { exec(new A(req.query.x, 'ls').x); } //!
        function c(req, res) { exec(new A(req.query.x, 'ls').y); exec(new A('ls').get()); }
        function d(req, res) { exec(new A(req.query.x).get()); } //!
        class G { constructor(v) { this._v = v; } get v() { return this._v; } get w() { return this.w; } set v(n) { this._v = n; } }
        function e(req, res) { const g = new G('a'); g.v = req.query.x; exec(g.v); } //!
        function f(req, res) { const g = new G(req.query.x); exec(g.v); } //!
        function g(req, res) { const g = new G('ls'); exec(g.v); exec(g.w); }
        class B1 { constructor(v, w) { this.v = v; this.w = w; } go() { exec(this.v); } stay() { exec(this.w); } } //!
        class C1 extends B1 { constructor(v) { super(v, 'ls'); } }
        function h(req, res) { const c = new C1(req.query.x); c.go(); c.stay(); }
        class B2 { go(v) { exec(v); } } //!
        function j(req, res) { var v = req.query.x; var v; exec(v); } //!
        function k(req, res, next, v) { v = req.query.x; var v; exec(v); } //!
        function l(req, res) { var v = req.query.x; var v = 'ls'; exec(v); }
        class C2 extends B2 { go(v) { super.go(v); } }
        function i(req, res) { new C2().go(req.query.x); }
    ",
    );
}

#[test]
fn listeners_bound_and_spread_arguments() {
    check(
        "
        const { EventEmitter } = require('events');
        const bus = new EventEmitter();
        bus.on('go', (v) => { exec(v); }); //!
        bus.on('stop', (v) => { exec(v); });
        function a(req, res) { bus.emit('go', req.query.x); bus.emit('stop', 'ls'); }
        function args() { exec(arguments[0]); } //!
        function none() { exec(arguments[1]); }
        function b(req, res) { args(req.query.x); none(req.query.x, 'ls'); }
        function second(a, c) { exec(c); } //!
        function c(req, res) { const f = second.bind(null, 'a'); f(req.query.x); }
        function first(a, c) { exec(a); } //!
        function d(req, res) { const f = first.bind(null, req.query.x); f('b'); }
        function fixed(a, c) { exec(c); }
        function e(req, res) { const f = fixed.bind(null, req.query.x); f('ls'); }
        function called(c) { exec(c); } //!
        function f(req, res) { called.call(null, req.query.x); }
        function applied(a, c) { exec(c); } //!
        function g(req, res) { applied.apply(null, ['a', req.query.x]); }
    ",
    );
}

#[test]
fn state_of_components() {
    let code = "
        import React, { useState, useMemo, useEffect } from 'react';
        export function A() { const [s, setS] = useState(''); useEffect(() => { setS(location.hash); }, []); return <div dangerouslySetInnerHTML={{ __html: s }} />; } //!
        export function B() { const [s, setS] = useState(''); useEffect(() => { setS('x'); }, []); return <div dangerouslySetInnerHTML={{ __html: s }} />; }
        export function C() { const [s] = useState(() => location.hash); return <div dangerouslySetInnerHTML={{ __html: s }} />; } //!
        export function D() { const h = useMemo(() => location.hash.slice(1), []); return <div dangerouslySetInnerHTML={{ __html: h }} />; } //!
        function E({ html }) { return <div dangerouslySetInnerHTML={{ __html: html }} />; } //!
        export function F() { return <E html={location.hash} />; }
        function G({ html }) { return <div dangerouslySetInnerHTML={{ __html: html }} />; }
        export function H() { return <G html='x' other={location.hash} />; }
        class K extends React.Component { componentDidMount() { this.setState({ h: location.hash }); } render() { return <div dangerouslySetInnerHTML={{ __html: this.state.h }} />; } } //!
        export function L() {
          const [s, setS] = useState('');
          useEffect(() => {
            // A closure that is long enough to be a block of its own: what it sets is found by the component around it, later.
            const part = location.hash.slice(1);
            if (part.length > 2) { setS(part); } else { setS(''); }
          }, []);
          return <div dangerouslySetInnerHTML={{ __html: s }} />; //!
        }
    ";
    let expected: Vec<usize> =
        code.lines().enumerate().filter(|(_, l)| l.contains("//!")).map(|(i, _)| i + 1).collect();
    assert_eq!(reached("javascript", SinkKind::Html, code), expected);
}

#[test]
fn chains_of_alternatives_cost_no_more_than_their_length() {
    let ranges: Vec<String> = (0..200).map(|n| format!("c >= 'x{n}' && c <= 'y{n}'")).collect();
    let names: Vec<String> = (0..200).map(|n| format!("c === 'name{n}' && c !== 'x{n}'")).collect();
    check(&format!(
        "
        function a(req, res) {{ const c = req.query.c; if ({}) exec(c); }} //!
        function b(req, res) {{ const c = req.query.c; if ({}) exec(c); }}
        function d(req, res) {{ const c = req.query.c; if (c.length > 3 || {}) exec(c); }} //!",
        ranges.join(" || "),
        names.join(" || "),
        names.join(" || "),
    ));
}

#[test]
fn parameters_that_are_fields() {
    let code = "
        import { exec } from 'child_process';
        class A { constructor(public readonly x: string, private y: string) {} text(): string { return `ls ${this.x}`; } other() { return this.y; } }
        function a(req, res) { const a = new A(req.query.x, 'ls'); exec(a.text()); }
        function b(req, res) { const a = new A('ls', req.query.x); exec(a.text()); exec(a.other()); }
        function c(req, res) { exec(new A(req.query.x, 'ls').x); }
    ";
    assert_eq!(reached("typescript", SinkKind::Command, code), [4, 5, 6]);
}

#[test]
fn what_one_way_alone_tells_of_a_request() {
    check(
        "
        const OK = new Set(['a', 'b']);
        function a(req, res) { if (OK.has(req.query.p)) { res.write('x'); } exec('x ' + req.query.p); } //!
        function b(req, res) { const p = OK.has(req.query.p) ? req.query.p : 'a'; exec('x ' + p); }
        function c(req, res) { const p = OK.has(req.query.p) ? 'a' : req.query.p; exec('x ' + p); } //!
        function d(req, res) { if (!req.query.p) { req.query.p = 'x'; } exec('x ' + req.query.p); } //!
        function e(req, res) { if (req.query.p !== 'a') return; exec('x ' + req.query.p); }
        function f(req, res) { if (/^[a-z]+$/.test(req.body.p)) { res.end(); } exec('x ' + req.body.p); } //!
        function g(req, res) { switch (req.body.p) { case 'a': break; default: return; } exec('x ' + req.body.p); }
        function h(req, res) { req.body.p = 'x'; if (res) { req.body.q = 'y'; } exec('x ' + req.body.p); }
    ",
    );
}

#[test]
fn listeners_that_tell_each_other_do_not_run_without_end() {
    let listener = |n: usize| {
        format!(
            "this.context.on('event{n}', ({{ item }}) => {{ if (this.id !== item.id) {{ return; }} this.page().emitter.emit('Event{n}', this); }});"
        )
    };
    let listeners: Vec<String> = (0..14).map(listener).collect();
    let code = format!(
        "
        class Emitter {{
            on(type, listener) {{ this.listeners.push(listener); return this; }}
            emit(type, event) {{ for (const listener of this.listeners) {{ listener(event); }} }}
        }}
        class Frame {{
            constructor(context, page) {{ this.context = context; this.owner = page; }}
            page() {{ return this.owner; }}
            initialize() {{ {} }}
        }}
        ",
        listeners.join("\n")
    );
    let document = crate::document::Document::new("a.js", by_name("javascript").expect("a language"), &code, 0);
    let report = crate::engine::Engine::new(crate::config::Config::default()).analyze(&document.expect("parsed"));
    assert!(report.gaps.is_empty(), "{:?}", report.gaps);
}
