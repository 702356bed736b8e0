//! Expressions, statements and patterns.

use super::lowered;

#[test]
fn destructuring() {
    let text = r##"const [p = 1, , q, ...[r]] = [1, , ...s];
let { a: { b } = {}, [k]: c, 'd-e': d, ...rest } = o;
({ a: x.y, b = 2, ...c } = o);
[x[0], q] = [q, p];"##;
    insta::assert_snapshot!(lowered("javascript", text), @r##"
    bindings p%0 q%1 r%2 b%3 c%4 d%5 rest%6
    fn0() = (do
      (let [p%0 ?= 1, , q%1, ...[r%2]] = (array 1 _ ...@s))
      (let {a: {b: b%3} ?= (object), [@k]: c%4, d-e: d%5, ...rest%6} = @o)
      (= {a: @x.y, b: b%3 ?= 2, ...c%4} @o)
      (= [@x[0], q%1] (array q%1 p%0))
    )
    "##);
}

#[test]
fn parameters() {
    let text = r##"const f = (this: A, a?: number, { b, c: [d] = [] }: T = {}, ...[e]: string[]): e is string => a + b + d + e;
const g = x => x;"##;
    insta::assert_snapshot!(lowered("typescript", text), @r##"
    bindings f%0 g%1
    fn0() = (do
      (let f%0 = fn1)
      (let g%1 = fn2)
    )
    fn1 f(a%2: number, {b: b%3, c: [d%4] ?= (array)} ?= (object): T, ...[e%5]: string[]): ? inherits-this = (+ (+ (+ a%2 b%3) d%4) e%5)
    fn2 g(x%6) inherits-this = x%6
    "##);
}

#[test]
fn chains() {
    let text = r##"a?.b!.c['d']?.[e]?.(...f, g).h(1)<T>;
a.b<string, X.Y<number[]>>(1); new A.B<T>(...x); new C; super.m();
`a${b}\n\`${c}z` + 'x' + y - 1; tag`\x41${1}b`; (a as any as Foo).b; <Bar>c; d satisfies E; e!; (f);"##;
    insta::assert_snapshot!(lowered("typescript", text), @r##"
    fn0() = (do
      (call (call @a.b.c.d[@e] ...@f @g).h 1)
      (call @a.b<string, X.Y<number[]>> 1)
      (new @A.B<T> ...@x)
      (new @C)
      (call super.m)
      (arith (+ (+ (template "a" @b "\n`" @c "z") "x") @y) 1)
      (tagged @tag "A" "b" with 1)
      (cast (cast @a: any): Foo).b
      (cast @c: Bar)
      @d
      @e
      @f
    )
    "##);
}

#[test]
fn operators() {
    let text = r##"a && b || (c ?? d); !a; -a; -1; typeof a; void 0; delete a.b; 'k' in a; a instanceof B; #p in a;
a < b; a >= b; a == b; a !== b; a ** b; a++; --b.c; a += 1; a -= 1; a ||= b; a.b ??= c;
a ? b : c ? d : e; (a, b, c); await p; x = y = z;"##;
    insta::assert_snapshot!(lowered("javascript", text), @r##"
    fn0() = (do
      (|| (&& @a @b) (?? @c @d))
      (! @a)
      (neg @a)
      -1
      (typeof @a)
      (void 0)
      (delete @a.b)
      (in "k" @a)
      (instanceof @a @B)
      (in "#p" @a)
      (< @a @b)
      (< @a @b)
      (== @a @b)
      (!= @a @b)
      (arith @a @b)
      (op= @a 1)
      (op= @b.c 1)
      (+= @a 1)
      (op= @a 1)
      (||= @a @b)
      (??= @a.b @c)
      (if @a then @b else (if @c then @d else @e))
      (do
        @a
        @b
        value @c
      )
      (await @p)
      (= @x (= @y @z))
    )
    "##);
}

#[test]
fn literals() {
    let text = r##"'a\x41\u{1F600}\ud83d\ude00\'\
b\0\101'; "\n"; `plain`; 1_000; 0xFFn; 0b11; 0o17; 017; .5e3; null; true; /a\/[/]+/gi; new.target; import.meta;"##;
    insta::assert_snapshot!(lowered("javascript", text), @r##"
    fn0() = (do
      "aA😀😀'b\0A"
      "\n"
      "plain"
      1000
      255
      3
      15
      15
      500
      null
      true
      /a\/[/]+/gi
      @new.target
      @import.meta
    )
    "##);
}

#[test]
fn objects() {
    let text = r##"const o = { a, b: 1, 'c-d': 2, ['e']: 3, [x]: 4, m() { return arguments[0] }, get g() { return 1 }, async *h() {}, ...rest, 5: () => 1 };"##;
    insta::assert_snapshot!(lowered("javascript", text), @r##"
    bindings o%0
    fn0() = (do
      (let o%0 = (object a: @a b: 1 c-d: 2 e: 3 [@x]: 4 m: child0 get g: child1 h: child2 ...@rest 5: fn1))
    )
    fn1 5() inherits-this = 1
    ----
    fn0 m() public = (do
      (return @arguments[0])
    )
    ----
    fn0 g() public = (do
      (return 1)
    )
    ----
    fn0 h() async generator public = (do)
    "##);
}

#[test]
fn loops() {
    let text = r##"outer: for (let i = 0, n = 3; i < n; i++) { for (var k in obj) continue outer; }
for (const [a, b] of m) if (a) break; else b;
async () => { for await ({ a: x.y } of g()) {} };
for (;;) {}
do x(); while (y);
while (a) b: { break b; }
l1: l2: while (a);"##;
    insta::assert_snapshot!(lowered("javascript", text), @r##"
    bindings k%0
    fn0() = (do
      (loop :outer init (do
        (let i%1 = 0)
        (let n%2 = 3)
      ) while (< i%1 n%2) update (op= i%1 1) (do
        (for k%0 in @obj (continue :outer))
      ))
      (for [a%3, b%4] of @m (if a%3 then (break) else b%4))
      fn1
      (loop (do))
      (loop-post while @y (call @x))
      (loop while @a (do :b
        (do
          (break :b)
        )
      ))
      (do :l1
        (loop :l2 while @a (do))
      )
    )
    fn1() async inherits-this = (do
      (for {a: @x.y} of (await (call @g)) (do))
    )
    "##);
}

#[test]
fn branches() {
    let text = r##"if (a) b; else if (c) { let d = 1; d; } else return;
switch (x) { case 'a': case 2: let z = 1; break; default: z; f(); function f() {} }
try { throw e; } catch { a; } finally { b; }
with (o) p;
debugger;;"##;
    insta::assert_snapshot!(lowered("javascript", text), @r##"
    child0 sees f%2
    child0 sees z%1
    fn0() = (do
      (if @a then @b else (if @c then (do
        (let d%0 = 1)
        d%0
      ) else (return)))
      (do
        (let f%2 = child0)
        (switch @x
          (case "a")
          (case 2
            (let z%1 = 1)
            (break)
          )
          (default
            z%1
            (call f%2)
          ))
      )
      (try (do
        (throw @e)
      ) catch (do
        @a
      ) finally (do
        @b
      ))
      (opaque @o @p)
    )
    ----
    fn0 f() = (do)
    "##);
}

#[test]
fn types() {
    let text = r##"let a: string | null | 'lit' | -1, b: Promise<Array<x.Y>>, c: [a: string, b?: number], d: { e: number; f(): void }, g: () => boolean,
  h: readonly string[], i: (string), j: keyof T, k: Readonly<P>;"##;
    insta::assert_snapshot!(lowered("typescript", text), @r##"
    bindings a%0 b%1 c%2 d%3 g%4 h%5 i%6 j%7 k%8
    fn0() = (do
      (let a%0: (string | null | "lit" | -1))
      (let b%1: Promise<x.Y[]>)
      (let c%2: [string, number])
      (let d%3: {e: number, f: () => void})
      (let g%4: () => boolean)
      (let h%5: string[])
      (let i%6: string)
      (let j%7: ?)
      (let k%8: P)
    )
    "##);
}

#[test]
fn jsx() {
    let text = r##"const el = (p: P) => <><div a="x&amp;y" b={p.x} {...p} c data-d='e'>text {p.y} &lt;{/* c */} <Foo.Bar k={<i/>} onClick={() => p}/>{...p}</div></>;"##;
    insta::assert_snapshot!(lowered("tsx", text), @r##"
    bindings el%0
    fn0() = (do
      (let el%0 = fn1)
    )
    fn1 el(p%1: P) inherits-this = (jsx <> > (jsx <div> a: "x&y" b: p%1.x ...p%1 c: true data-d: "e" > "text" p%1.y "<" (jsx @Foo.Bar k: (jsx <i>) onClick: fn2) p%1))
    fn2() inherits-this = p%1
    "##);
}

#[test]
fn using() {
    let text = r##"function f() { using a = g(); { await using b = a; b; } }"##;
    insta::assert_snapshot!(lowered("typescript", text), @r##"
    bindings f%0
    fn0() = (do
      (let f%0 = child0)
    )
    ----
    bindings a%0
    fn0 f() = (do
      (let a%0 = (call @g))
      (do
        (let b%1 = a%0)
        b%1
      )
    )
    "##);
}

#[test]
fn using_javascript() {
    let text = r##"{ using a = g(); await using b = a; b; }"##;
    insta::assert_snapshot!(lowered("javascript", text), @r##"
    fn0() = (do
      (do
        (let a%0 = (call @g))
        (let b%1 = a%0)
        b%1
      )
    )
    "##);
}

#[test]
fn decorated_arrows_and_generics() {
    let text = r##"const f = <T,>(x: T) => x as unknown as string;"##;
    insta::assert_snapshot!(lowered("tsx", text), @r##"
    bindings f%0
    fn0() = (do
      (let f%0 = fn1)
    )
    fn1 f(x%1: T) inherits-this = (cast (cast x%1: unknown): string)
    "##);
}

#[test]
fn broken() {
    let text = r##"const a = ; function ( { b.c( } class { x = } let {d, = e;"##;
    insta::assert_snapshot!(lowered("javascript", text), @r##"
    bindings a%0
    fn0() = (do
      (let a%0)
      (object b: @b).c
      (opaque "x" (= {d: @d} @e))
    )
    "##);
}
