//! Modules, scopes, functions and classes.

use super::lowered;

#[test]
fn imports() {
    let text = r##"import def, { a as b, default as c, type T } from 'm';
import * as ns from "n";
import type { X } from 'x';
import fs = require('fs');
import Al = ns.inner;
const { exec: run, ...others } = require('child_process');
def; b; Al; fs.readFile; import('y');"##;
    insta::assert_snapshot!(lowered("typescript", text), @r##"
    import default of "m" as def
    import "a" of "m" as b
    import default of "m" as c
    import type "T" of "m" as T
    import namespace of "n" as ns
    import type "X" of "x" as X
    import namespace of "fs" as fs
    bindings Al%0 run%1 others%2
    fn0() = (do
      (let Al%0 = @ns.inner)
      (let {exec: run%1, ...others%2} = (call @require "child_process"))
      @def
      @b
      Al%0
      @fs.readFile
      (call @import "y")
    )
    "##);
}

#[test]
fn exports() {
    let text = r##"export const { a, b: [c = 1] } = x, d = 2;
export function f() {}
export default class A {}
export { d as e, type T, c as default };
export * from 'all';
export * as nn from 'nn';
export { default as q, w } from 'qq';
export type { U } from 'u';"##;
    insta::assert_snapshot!(lowered("typescript", text), @r##"
    export a as a
    export c as c
    export d as d
    export f as f
    export A as default
    export d as e
    export c as default
    export all of "all"
    export namespace of "nn" as nn
    export default of "qq" as q
    export "w" of "qq" as w
    bindings a%0 c%1 d%2 f%3 A%4
    fn0() = (do
      (let f%3 = child0)
      (let {a: a%0, b: [c%1 ?= 1]} = @x)
      (let d%2 = 2)
      (let A%4 = child1)
    )
    ----
    fn0 f() = (do)
    ----
    class0 A
    fn0 A() = (do)
    "##);
}

#[test]
fn default_exports() {
    let text = r##"export default () => 1;"##;
    insta::assert_snapshot!(lowered("javascript", text), @r##"
    export value as default: fn1
    fn0() = (do
      fn1
    )
    fn1() inherits-this = 1
    "##);
}

#[test]
fn export_equals_is_module_exports() {
    let text = r##"class A {}
export = A;"##;
    insta::assert_snapshot!(lowered("typescript", text), @r##"
    bindings A%0
    fn0() = (do
      (let A%0 = child0)
      (= @module.exports A%0)
    )
    ----
    class0 A
    fn0 A() = (do)
    "##);
}

#[test]
fn common_js() {
    let text = r##"const path = require('path'), { join: j } = require('node:path');
module.exports = { j, run: path.run };
exports.x = () => j;"##;
    insta::assert_snapshot!(lowered("javascript", text), @r##"
    bindings path%0 j%1
    fn0() = (do
      (let path%0 = (call @require "path"))
      (let {join: j%1} = (call @require "node:path"))
      (= @module.exports (object j: j%1 run: path%0.run))
      (= @exports.x fn1)
    )
    fn1 x() inherits-this = j%1
    "##);
}

#[test]
fn names() {
    let text = r##"x = 1; var x; { let x = 2; x; } f(x); function f(f) { return f; }
const g = () => late; const late = 1;
try { y; } catch (y) { y; var z = y; }
z; undefined; arguments; this;"##;
    insta::assert_snapshot!(lowered("javascript", text), @r##"
    bindings x%0 z%1 f%2 g%3 late%4
    fn0() = (do
      (let f%2 = child0)
      (= x%0 1)
      (let x%0)
      (do
        (let x%5 = 2)
        x%5
      )
      (call f%2 x%0)
      (let g%3 = fn1)
      (let late%4 = 1)
      (try (do
        @y
      ) catch y%6 (do
        y%6
        (let z%1 = y%6)
      ))
      z%1
      undefined
      @arguments
      this
    )
    fn1 g() inherits-this = late%4
    ----
    bindings f%0
    fn0 f(f%0) = (do
      (return f%0)
    )
    "##);
}

#[test]
fn hoisting() {
    let text = r##"function o() { inner(); if (a) { g(); function g() {} } for (var i in a) var j = i; return j; function inner() { return i; } }"##;
    insta::assert_snapshot!(lowered("javascript", text), @r##"
    bindings o%0
    fn0() = (do
      (let o%0 = child0)
    )
    ----
    bindings i%0 j%1 inner%2
    fn0 o() = (do
      (let inner%2 = fn1)
      (call inner%2)
      (if @a then (do
        (let g%3 = fn2)
        (call g%3)
      ))
      (for i%0 in @a (let j%1 = i%0))
      (return j%1)
    )
    fn1 inner() = (do
      (return i%0)
    )
    fn2 g() = (do)
    "##);
}

#[test]
fn class_in_a_function() {
    let text = r##"function outer() {
  @Dec class A extends B<string> implements I, J.K {
    static s = 1; #priv = 2; readonly r: string[]; declare d;
    @Input() dec = () => 3;
    constructor(private readonly svc: Service, @Inject('x') public z = 1) { super(svc); }
    @Get(':id') async get(@Param('id') id: string): Promise<string> { return this.#priv; }
    get prop() { return 1 } set prop(v) {}
    static *[Symbol.iterator]() { yield* a; yield }
    static { A.s = 2; }
    abstract sig(): void;
  }
  const K = class Self { m() { return Self } };
  return class { };
}"##;
    insta::assert_snapshot!(lowered("typescript", text), @r##"
    bindings outer%0
    fn0() = (do
      (let outer%0 = child0)
    )
    ----
    bindings A%0 K%1
    class0 A extends @B implements I implements J.K #@Dec
      static field s = 1
      field #priv = 2
      field r: string[]
      field d
      field dec = fn1 #(call @Input)
      static field static {} = (call fn7)
      constructor constructor = fn2
      method get = fn3 #(call @Get ":id")
      getter prop = fn4
      setter prop = fn5
      static method [Symbol.iterator] = fn6
    class1 Self
      method m = fn8
    class2
    fn0 outer() = (do
      (let A%0 = class0)
      (let K%1 = (do
        (let Self%6 = class1)
        value Self%6
      ))
      (return class2)
    )
    fn1 dec() inherits-this = 3
    fn2 constructor(this.svc = svc%2: Service, this.z = z%3 ?= 1 #(call @Inject "x")) public = (do
      (call super svc%2)
    )
    fn3 get(id%4: string #(call @Param "id")): Promise<string> async public = (do
      (return this.#priv)
    )
    fn4 prop() public = (do
      (return 1)
    )
    fn5 prop(v%5) public = (do)
    fn6 [Symbol.iterator]() generator public = (do
      (yield @a)
      (yield)
    )
    fn7() inherits-this = (do
      (= A%0.s 2)
    )
    fn8 m() public = (do
      (return Self%6)
    )
    "##);
}

#[test]
fn class_block() {
    let text = r##"@Dec export class A extends B implements I {
  static s = f(); p = g();
  @Get() m(@Q() q) {}
  private static get x() { return 1 }
  static { this.s = 1 }
}"##;
    insta::assert_snapshot!(lowered("typescript", text), @r##"
    export A as A
    bindings A%0
    fn0() = (do
      @Dec
      (let A%0 = child0)
    )
    ----
    class0 A extends @B implements I
      static field s = (call @f)
      field p = (call @g)
      static field static {} = (call child2)
      method m = child0 #(call @Get)
      static getter x = child1
    fn0 A() = (do
      (call @f)
      (call child2)
    )
    ----
    bindings q%0
    fn0 m(q%0 #(call @Q)) public = (do)
    ----
    fn0 x() = (do
      (return 1)
    )
    ----
    fn0() inherits-this = (do
      (= this.s 1)
    )
    "##);
}

#[test]
fn class_block_javascript() {
    let text = r##"class A extends (b, C) { static s = f(); 'p q' = g(); #m() {} @dec() n() {} static async o() {} static { this.s = 1 } }"##;
    insta::assert_snapshot!(lowered("javascript", text), @r##"
    bindings A%0
    fn0() = (do
      (let A%0 = child0)
    )
    ----
    class0 A extends (do
      @b
      value @C
    )
      static field s = (call @f)
      field p q = (call @g)
      static field static {} = (call child3)
      method #m = child0
      method n = child1
      static method o = child2
    fn0 A() = (do
      (call @f)
      (call child3)
    )
    ----
    fn0 #m() = (do)
    ----
    fn0 n() public #(call @dec) = (do)
    ----
    fn0 o() async public = (do)
    ----
    fn0() inherits-this = (do
      (= this.s 1)
    )
    "##);
}

#[test]
fn enums_and_namespaces() {
    let text = r##"enum E { A, B = 5, C, D = 'd', F = A | B }
export namespace N.M { export const k = 1; const l = k; export function g() { return k; } namespace In { export let z = l; } }
function N2() {} namespace N2 { export const x = 1 }
declare module 'foo' { export const y: string; }
declare const amb: string;
interface I {} type T = string; function over(a: string): void; function over(a) {}"##;
    insta::assert_snapshot!(lowered("typescript", text), @r##"
    export N as N
    bindings E%0 N%1 N2%2 over%3
    type T = string
    fn0() = (do
      (let N2%2 = child1)
      (let over%3 = child4)
      (let E%0 = (object A: 0 B: 5 C: 6 D: "d" F: (arith @A @B)))
      (let N%1 = (object M: child0))
      (call @Object.assign N2%2 child2)
    )
    ----
    export k as k
    export g as g
    bindings k%0 l%1 g%2 In%3
    namespace0 N.M
    fn0 N.M() = (do
      (let g%2 = child0)
      (let k%0 = 1)
      (let l%1 = k%0)
      (let In%3 = child1)
    )
    ----
    fn0 g() = (do
      (return @k)
    )
    ----
    export z as z
    bindings z%0
    namespace0 In
    fn0 In() = (do
      (let z%0 = @l)
    )
    ----
    fn0 N2() = (do)
    ----
    export x as x
    bindings x%0
    namespace0 N2
    fn0 N2() = (do
      (let x%0 = 1)
    )
    ----
    export y as y
    bindings y%0
    namespace0
    fn0 'foo'() = (do
      (let y%0: string)
    )
    ----
    bindings a%0
    fn0 over(a%0) = (do)
    "##);
}

#[test]
fn recursion_and_closures() {
    let text = r##"const fac = function me(n) { return n ? me(n - 1) : 1 };
const other = function unused() {};
async function* gen(a, b = a) { let c = await a; yield () => [a, b, c]; }"##;
    insta::assert_snapshot!(lowered("javascript", text), @r##"
    bindings fac%0 other%1 gen%2
    fn0() = (do
      (let gen%2 = child0)
      (let fac%0 = fn1)
      (let other%1 = fn2)
    )
    fn1 me(n%4) = (do
      (let me%3 = fn1)
      (return (if n%4 then (call me%3 (arith n%4 1)) else 1))
    )
    fn2 unused() = (do)
    ----
    bindings a%0 b%1 c%2
    fn0 gen(a%0, b%1 ?= a%0) async generator = (do
      (let c%2 = (await a%0))
      (yield fn1)
    )
    fn1() inherits-this = (array a%0 b%1 c%2)
    "##);
}

#[test]
fn child_sees_inner_scopes() {
    let text = r##"for (const r of routes) { app.get(r, (req, res) => { res.send(req.query.a + r); log('a comment that makes the closure long enough to be a block of its own, so that there is a placeholder'); next(); }); }"##;
    insta::assert_snapshot!(lowered("javascript", text), @r##"
    child0 sees r%0
    fn0() = (do
      (for r%0 of @routes (do
        (call @app.get r%0 child0)
      ))
    )
    ----
    bindings req%0 res%1
    fn0(req%0, res%1) inherits-this = (do
      (call res%1.send (+ req%0.query.a @r))
      (call @log "a comment that makes the closure long enough to be a block of its own, so that there is a placeholder")
      (call @next)
    )
    "##);
}

#[test]
fn default_function() {
    let text = r##"export default async function f() { f(); }"##;
    insta::assert_snapshot!(lowered("typescript", text), @r##"
    export f as default
    bindings f%0
    fn0() = (do
      (let f%0 = child0)
    )
    ----
    fn0 f() async = (do
      (call @f)
    )
    "##);
}

#[test]
fn default_anonymous() {
    let text = r##"export default class { m() {} }"##;
    insta::assert_snapshot!(lowered("typescript", text), @r##"
    export value as default: child0
    fn0() = (do
      child0
    )
    ----
    class0
      method m = child0
    fn0() = (do)
    ----
    fn0 m() public = (do)
    "##);
}
