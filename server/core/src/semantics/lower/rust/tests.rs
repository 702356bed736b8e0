use insta::assert_snapshot;
use proptest::prelude::*;
use sidenote_grammars::by_name;

use super::super::lower;
use crate::blocks::Blocks;
use crate::semantics::dump::dump;
use crate::semantics::hir::*;
use crate::syntax::{Span, SyntaxTree};

fn blocks(text: &str) -> Blocks {
    let tree = SyntaxTree::parse_str(by_name("rust").unwrap(), text).unwrap();
    Blocks::of_str(&tree, text)
}

/// The dumps of all blocks, outermost first.
fn all(text: &str) -> String {
    let blocks = blocks(text);
    blocks.iter().map(|p| dump(&lower(p.block))).collect::<Vec<_>>().join("---\n")
}

/// The dump of the body of `fn f`.
fn body(text: &str) -> String {
    let text = format!("fn f(a: A, b: B) {{ {text} }}");
    let blocks = blocks(&text);
    let hir = lower(blocks.iter().nth(1).unwrap().block);
    dump(&hir)
}

/// Every id in range, every span inside the text.
fn check(text: &str) {
    let blocks = blocks(text);
    for placed in blocks.iter() {
        let hir = lower(placed.block);
        let own = placed.block.arena().text();
        let inside = |s: Span| {
            assert!(s.start <= s.end && s.end as usize <= own.len(), "{s:?} in {own:?}");
            assert!(own.get(s.start as usize..s.end as usize).is_some(), "{s:?} splits a character of {own:?}");
        };
        hir.exprs.iter().for_each(|e| inside(e.span));
        hir.pats.iter().for_each(|p| inside(p.span));
        hir.locals.iter().for_each(|l| inside(l.span));
        hir.functions.iter().for_each(|f| {
            inside(f.span);
            inside(f.name_span);
        });
        assert!(!hir.functions.is_empty());
        assert!(hir.locals.iter().all(|l| (l.function.0 as usize) < hir.functions.len()));
        assert!(hir.bindings.iter().all(|(_, l)| (l.0 as usize) < hir.locals.len()));
        for e in &hir.exprs {
            if let ExprKind::Child(n) = e.kind {
                assert!(placed.block.child(n as usize).is_some());
            }
        }
        // Walks every id.
        dump(&hir);
    }
}

#[test]
fn uses() {
    assert_snapshot!(all(r#"
use std::process::Command as Cmd;
use std::{fs::{self, File as F}, io::*, collections::HashMap};
pub use crate::api::handler;
pub use super::x::*;
use std::fmt::Write as _;
extern crate rand as r;
mod db;
pub mod web;
"#), @r##"
import namespace of "std::process::Command" as Cmd
import namespace of "std::fs" as fs
import namespace of "std::fs::File" as F
import glob of "std::io" as *
import namespace of "std::collections::HashMap" as HashMap
import namespace of "crate::api::handler" as handler
import glob of "super::x" as *
import namespace of "std::fmt::Write" as _
import namespace of "rand" as r
import namespace of "self::db" as db
import namespace of "self::web" as web
export namespace of "crate::api::handler" as handler
export all of "super::x"
export namespace of "self::web" as web
fn0() = (do)
---
namespace0 db
fn0() = (do)
---
namespace0 web
fn0() = (do)
"##);
}

#[test]
fn items_and_containers() {
    assert_snapshot!(all(r#"
#[derive(Debug, Clone)]
pub struct User { pub name: String, #[serde(rename = "i")] id: u64, p: *const u8 }
struct Pair(u32, Vec<String>);
enum Shape { Unit, Circle(f64), Rect { w: u32, h: u32 }, N = 3 }
pub const MAX: usize = 10;
static mut COUNT: u32 = 0;
#[test]
fn t() {}
#[get("/x/<id>")]
async fn route(id: u64) -> String { String::new() }
impl User {
    const K: u8 = Self::first();
    #[inline]
    pub fn new(name: String) -> Self { Self { name, id: 0, p: std::ptr::null() } }
    fn get(&self) -> &str { &self.name }
}
impl fmt::Display for User { fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result { write!(f, "{}", self.name) } }
trait Named: Debug { fn name(&self) -> String; fn twice(&self) -> String { self.name() } }
#[cfg(test)]
mod tests { use super::*; fn helper() {} }
extern "C" { fn strlen(s: *const c_char) -> usize; }
"#), @r##"
export User as User
export MAX as MAX
bindings User%0 Pair%1 Shape%2 MAX%3 COUNT%4 t%5 route%6 Named%7 tests%8 strlen%9
child0 #@test
child1 #(call @get "/x/<id>")
child5 #(call @cfg @test)
class0 User #(call @derive @Debug @Clone)
  field name: String
  field id: u64 #(call @serde (= @rename "i"))
  field p: *u8
class1 Pair
  field 0: u32
  field 1: Vec<String>
class2 Shape
  static field Unit
  static field Circle: [f64]
  static field Rect: {w: u32, h: u32}
  static field N = 3
fn0() = (do
  (let User%0 = class0)
  (let Pair%1 = class1)
  (let Shape%2 = class2)
  (let MAX%3: usize = 10)
  (let COUNT%4: u32 = 0)
  (let t%5 = child0)
  (let route%6 = child1)
  child2
  child3
  (let Named%7 = child4)
  (let tests%8 = child5)
  (let strlen%9 = fn1)
)
fn1 strlen(s%10: *c_char): usize signature
---
fn0 t() = (do)
---
bindings id%0
fn0 route(id%0: u64): String async = (do
  value (call @String::new)
)
---
class0 User
  static field K: u8 = (call @User::first)
  static method new = child0 #@inline
  method get = child1
fn0() = (do)
---
bindings name%0
fn0 new(name%0: String): Self public = (do
  value (object Self name: name%0 id: 0 p: (call @std::ptr::null))
)
---
fn0 get(): str self = (do
  value (& this.name)
)
---
class0 User implements fmt::Display
  method fmt = child0
fn0() = (do)
---
bindings f%0
fn0 fmt(f%0: fmt::Formatter): fmt::Result self = (do
  value (write! f%0 (template this.name))
)
---
class0 Named implements Debug
  method name = fn1
  method twice = child0
fn0() = (do)
fn1 name(): String self signature
---
fn0 twice(): String self = (do
  value (call this.name)
)
---
import glob of "super" as *
bindings helper%0
namespace0 tests
fn0() = (do
  (let helper%0 = child0)
)
---
fn0 helper() = (do)
"##);
}

#[test]
fn paths_and_calls() {
    assert_snapshot!(body(r#"
let x = std::fs::read::<&str>("a")?;
let v = Vec::<u8>::with_capacity(a.len());
let y: Vec<String> = a.iter().map(|p| p.to_string()).collect::<Vec<_>>();
let z = <String as From<&str>>::from(b);
crate::util::run(x, None, Some(()));
Foo { a, b: 1, ..Default::default() };
a.b.0.c(y)[1] .await?;
"#), @r##"
bindings a%0 b%1 x%2 v%3 y%5 z%6
fn0 f(a%0: A, b%1: B) = (do
  (let x%2 = (? (call @std::fs::read<str> "a")))
  (let v%3 = (call @Vec::with_capacity<u8> (call a%0.len)))
  (let y%5: Vec<String> = (call (call (call a%0.iter).map fn1).collect<Vec<_>>))
  (let z%6 = (call @String::from b%1))
  (call @crate::util::run x%2 null (call @Some null))
  (object Foo a: a%0 b: 1 ...(call @Default::default))
  (? (await (call a%0.b.0.c y%5)[1]))
)
fn1(p%4) inherits-this = (call p%4.to_string)
"##);
}

#[test]
fn patterns() {
    assert_snapshot!(body(r#"
let (mut p, (q, ..), _) = a;
let Some(x) = b else { return };
if let Ok(y) | Err(y) = x && y > 3 && let Some(ref z) = y { z } else if p { q } else { 0 };
match a {
    None => 1,
    Some(n @ 1..=9) if n > 2 => n,
    Point { x, y: [first, rest @ .., last], .. } => first,
    &Kind::A | Kind::B => 2,
    MAX => 4, "s" => 5, -1 => 6,
    other => other,
};
while let Some(top) = b.pop() { top }
(p, a.f, _) = (1, 2, 3);
[p, ..] = q;
"#), @r##"
bindings a%0 b%1 p%2 q%3 x%4
fn0 f(a%0: A, b%1: B) = (do
  (let [p%2, [q%3, ...], ] = a%0)
  (let Some(x%4) = b%1 else (do
    value (return)
  ))
  (if (&& (&& (let? (Ok(y%5) | Err(y%5)) x%4) (< y%5 3)) (let? Some(&z%6) y%5)) then (do
    value z%6
  ) else (if p%2 then (do
    value q%3
  ) else (do
    value 0
  )))
  (match a%0
    == null => 1
    Some(n%7 @ == (range from 1 to 9)) if (< n%7 2) => n%7
    Point{x: x%8, y: [first%9, ...rest%10 @ _, last%11], ..._} => first%9
    (&== @Kind::A | == @Kind::B) => 2
    == @MAX => 4
    == "s" => 5
    == -1 => 6
    other%12 => other%12)
  (loop while (let? Some(top%13) (call b%1.pop)) (do
    value top%13
  ))
  (= [p%2, a%0.f, _] (array 1 2 3))
  (= [p%2, ...] q%3)
)
"##);
}

#[test]
fn control_flow_and_operators() {
    assert_snapshot!(body(r#"
let mut n = 0u32;
n += 1; n <<= 0xff_u8;
'outer: for i in 0..10 { if i == 3 { continue 'outer; } break 'outer; }
let v = loop { break 5 };
let w = 'l: { if a && !b || n != 2 { break 'l 1; } 2 };
unsafe { *ptr = &raw const n; let r = &mut n; &n as *const u32 as usize };
let fut = async move { a.get().await };
let s = &a[..n];
let t = [0; 4];
let u = (1, 'c', b"xy", r"raw\n", "tab\t\u{41}", 1.5e3);
let c = move |x: u32, (y, z)| -> u32 { x + y * z };
let n = n;
fn inner(q: u8) -> u8 { helper(q) }
use std::mem;
const K: u8 = 1;
inner(K)
"#), @r##"
import namespace of "std::mem" as mem
bindings a%0 b%1 inner%2 K%3 v%7 w%8 fut%10 s%11 t%12 u%13 c%17 n%18
fn0 f(a%0: A, b%1: B) = (do
  (let inner%2 = fn1)
  (let K%3: u8 = 1)
  (let n%5 = 0)
  (+= n%5 1)
  (op= n%5 255)
  (for :outer i%6 of (range from 0 to 10) (do
    (if (== i%6 3) then (do
      (continue :outer)
    ))
    (break :outer)
  ))
  (let v%7 = (loop (do
    value (break 5)
  )))
  (let w%8 = (do :l
    (if (|| (&& a%0 (! b%1)) (!= n%5 2)) then (do
      (break :l 1)
    ))
    value 2
  ))
  (unsafe
    (= (* @ptr) (&raw n%5))
    (let r%9 = (&mut n%5))
    value (cast (cast (& n%5): *u32): usize)
  )
  (let fut%10 = (async
    value (await (call a%0.get))
  ))
  (let s%11 = (& a%0[(range to n%5)]))
  (let t%12 = (repeat 0 4))
  (let u%13 = (array 1 'c' b"xy" "raw\\n" "tab\tA" 1500))
  (let c%17 = fn2)
  (let n%18 = n%5)
  value (call inner%2 K%3)
)
fn1 inner(q%4: u8): u8 = (do
  value (call @helper q%4)
)
fn2(x%14: u32, [y%15, z%16]): u32 inherits-this = (do
  value (+ x%14 (arith y%15 z%16))
)
"##);
}

#[test]
fn format_macros() {
    assert_snapshot!(body(r#"
let q = format!("a {} b {b} {0:?} {{x}} {:>w$.p$} \u{7b}\n{n}", a.x(), a.b(1), w = 3, p = 2, n = b + 1);
println!();
eprintln!("{a:#?}");
write!(out, r"raw {a}\{b}")?;
panic!("no {}", x);
assert!(a > 1, "bad {a}");
assert_eq!(a, b.c(), "x{}", 1);
bail!("stop {a}"); anyhow!(err);
format!(concat!("x", "{}"), a);
std::format!("{}", format!("{}", dbg!(a)))
"#), @r##"
bindings a%0 b%1 q%2
fn0 f(a%0: A, b%1: B) = (do
  (let q%2 = (format! (template "a " (call a%0.x) " b " b%1 " " (cast (call a%0.x): std::fmt::Debug) " {x} " (call a%0.b 1) 3 2 " {\n" (+ b%1 1))))
  (println!)
  (eprintln! (template (cast a%0: std::fmt::Debug)))
  (? (write! @out (template "raw " a%0 "\\" b%1)))
  (panic! (template "no " @x))
  (assert! (< a%0 1) (template "bad " a%0))
  (assert_eq! a%0 (call b%1.c) (template "x" 1))
  (bail! (template "stop " a%0))
  (anyhow! @err)
  (format! (template (template "x" "{}") a%0))
  value (std::format! (template (format! (template (dbg! a%0)))))
)
"##);
}

#[test]
fn known_macros() {
    assert_snapshot!(body(r#"
let v = vec![1, a.f(2), b]; let w = vec![0u8; n * 2]; let e: Vec<u8> = vec![];
if matches!(a, Some(x) | Ok(x) if x > 1) {}
info!(user = %a.name, ?b, %a, target_id = 3, "hello {}", a);
log::warn!(target: "sec", "x {b}");
error!(a = 1, err:? = b; "msg");
tracing::event!(Level::INFO, http.method = "GET", { x = 1 }, "m");
let s = info_span!("name", id = a);
json!({ "a": a, "b": [1, null, { "c": b.d(1, 2) }], k: null });
sqlx::query!("SELECT {}", a); sqlx::query_as!(User, "SELECT", b.id());
tokio::select! { biased; Some(m) = rx.recv(), if a => { go(m) } _ = sleep(1) => done(), else => 3 };
tokio::try_join!(one(a), two(b));
addr_of_mut!(a.x); env!("HOME"); include_str!("x.txt"); concat!("a", "b");
unknown!(a => b.c, Foo::Bar, self.d, key: 1, zip!(v));
"#), @r##"
bindings a%0 b%1 v%2 w%3 e%4 s%6
fn0 f(a%0: A, b%1: B) = (do
  (let v%2 = (array 1 (call a%0.f 2) b%1))
  (let w%3 = (repeat 0 (arith @n 2)))
  (let e%4: Vec<u8> = (array))
  (if (&& (let? (Some(x%5) | Ok(x%5)) a%0) (< x%5 1)) then (do))
  (info! (object user: a%0.name b: (cast b%1: std::fmt::Debug) a: a%0 target_id: 3) (template "hello " a%0))
  (log::warn! "sec" (template "x " b%1))
  (error! (object a: 1 err: b%1) (template "msg"))
  (tracing::event! @Level::INFO (object http.method: "GET" x: 1) (template "m"))
  (let s%6 = (info_span! "name" (object id: a%0)))
  (json! (object a: a%0 b: (array 1 null (object c: (call b%1.d 1 2))) [@k]: null))
  (sqlx::query! "SELECT {}" a%0)
  (sqlx::query_as! @User "SELECT" (call b%1.id))
  (tokio::select! (if (&& (let? Some(m%7) (await (call @rx.recv))) a%0) then (do
    value (do
      value (call @go m%7)
    )
  )) (if (let? _ (await (call @sleep 1))) then (do
    value (call @done)
  )) (do
    value (do
      value 3
    )
  ))
  (tokio::try_join! (await (call @one a%0)) (await (call @two b%1)))
  (&raw-mut a%0.x)
  (env! "HOME")
  (include_str! "x.txt")
  (template "a" "b")
  (unknown! (opaque a%0 b%1 @Foo::Bar this v%2))
)
"##);
}

#[test]
fn item_macros() {
    assert_snapshot!(all(r#"
thread_local! { static A: RefCell<u32> = RefCell::new(1) }
lazy_static! { static ref RE: Regex = Regex::new("a+").unwrap(); }
cfg_if::cfg_if! { if #[cfg(unix)] { use std::os::unix; } else { pub fn g() {} } }
cfg_rt! { pub(crate) mod m; pub fn spawn<F>(f: F) { run(f) } impl Foo { fn new() -> Self { Self::make() } } }
other! { a + b }
"#), @r##"
import namespace of "std::os::unix" as unix
import namespace of "self::m" as m
export g as g
export spawn as spawn
export namespace of "self::m" as m
bindings A%0 RE%1 g%2 spawn%3
class0 Foo
  static method new = fn3
fn0() = (do
  (let A%0: RefCell<u32> = (call @RefCell::new 1))
  (let RE%1: Regex = (call (call @Regex::new "a+").unwrap))
  (let g%2 = fn1)
  (let spawn%3 = fn2)
  class0
  (other! (opaque @a @b))
)
fn1 g() public = (do)
fn2 spawn(f%4: F) public = (do
  value (call @run f%4)
)
fn3 new(): Foo = (do
  value (call @Foo::make)
)
"##);
}

#[test]
fn spans_of_reparsed_arguments_are_exact() {
    let text = "fn f() { println!(\"é {x} {}\", g(|a, b| a + yy), \n  z.w(1)); }";
    let blocks = blocks(text);
    let block = blocks.iter().nth(1).unwrap();
    let hir = lower(block.block);
    let of = |want: &str| {
        let found = hir.exprs.iter().filter(|e| block.block.arena().slice(e.span) == want).count();
        assert_eq!(found, 1, "{want}");
    };
    ["x", "yy", "a + yy", "g(|a, b| a + yy)", "z.w(1)", "é ", "\"é {x} {}\""].into_iter().for_each(of);
}

#[test]
fn shadowing_makes_new_variables() {
    assert_snapshot!(body("let a = a; { let a = a; a } let g = |a| a; a; g"), @r##"
bindings b%1 a%2 g%5
fn0 f(a%0: A, b%1: B) = (do
  (let a%2 = a%0)
  (do
    (let a%3 = a%2)
    value a%3
  )
  (let g%5 = fn1)
  a%2
  value g%5
)
fn1(a%4) inherits-this = a%4
"##);
}

#[test]
fn closures_of_a_large_function_see_the_variables_at_their_place() {
    let filler = "step();".repeat(2500);
    let call = "g(|q| q + ".to_owned() + &"a + ".repeat(60) + "b);";
    let text = format!("fn f(a: A) {{ let b = a; {{ let b = 2; {call} }} let b = 3; {filler} }}");
    let blocks = blocks(&text);
    let hir = lower(blocks.iter().nth(1).unwrap().block);
    let of = |list: Vec<(Ustr, LocalId)>| list.iter().map(|(n, l)| format!("{n}{}", l.0)).collect::<Vec<_>>().join(" ");
    assert_eq!(of(hir.bindings.clone()), "a0 b3");
    assert_eq!(of(hir.inner_bindings.iter().map(|b| (b.1, b.2)).collect()), "b2 a0");
}

#[test]
fn nesting_is_bounded() {
    let deep = |open: &str, close: &str, n: usize| {
        let text = format!("fn f() {{ let x = {}1{}; }}", open.repeat(n), close.repeat(n));
        check(&text);
        let blocks = blocks(&text);
        lower(blocks.iter().nth(1).unwrap().block).skipped.len()
    };
    // Chains are no nesting.
    check(&format!("fn f() {{ x{}; }}", ".a(1)?".repeat(5000)));
    check(&format!("fn f() {{ {}1 }}", "a + ".repeat(5000)));
    check(&format!("fn f() {{ {} {{}} }}", "if a { b } else ".repeat(1500)));
    assert_eq!(deep("(", ")", 1000), 0);
    assert!(deep("!", "", 1000) > 0);
    assert!(deep("f(", ")", 1000) > 0);
    assert!(deep("[", "]", 1000) > 0);
    assert!(deep("if a {", "}", 500) > 0);
    assert!(deep("match a { _ => ", "}", 500) > 0);
    assert!(deep("|x| ", "", 500) > 0);
    assert!(deep("format!(\"{}\", ", ")", 100) > 0);
    assert!(deep("vec![", "]", 100) > 0);
    deep("json!({\"a\": [", "]})", 300);
    deep("unknown!(", ")", 3000);
    check(&format!("use {}b{};", "a::{".repeat(2000), "}".repeat(2000)));
    check(&format!("fn f() {{ let {}x{} = y; }}", "(".repeat(1000), ",)".repeat(1000)));
    check(&format!("fn f() {{ match x {{ {}a => 1 }} }}", "A | ".repeat(3000)));
    check(&format!(
        "type T = {}u8{}; fn f(x: {}u8{}) {{}}",
        "Vec<".repeat(900),
        ">".repeat(900),
        "Box<".repeat(900),
        ">".repeat(900)
    ));
    check(&format!("{}fn f() {{}}{}", "mod m { ".repeat(300), "}".repeat(300)));
}

const SNIPPETS: [&str; 52] = [
    "fn f(",
    "x: u8",
    ") {",
    "}",
    "let ",
    "x",
    " = ",
    ";",
    "match x {",
    "=>",
    ",",
    "Some(x)",
    "if let ",
    "else",
    "&&",
    "format!(",
    "\"a {x} {} {:?} {:>w$}\"",
    "\"{\"",
    "\"}{\"",
    "\"\\u{7d}{é}\"",
    ")",
    "vec![",
    "]",
    "[",
    "0; n",
    "matches!(",
    "info!(",
    "%x",
    "?",
    "k = ",
    "target: ",
    "json!({",
    "\"k\": 1",
    "})",
    "tokio::select! {",
    "x = y => {",
    "|a, b|",
    "self",
    ".await",
    ".m::<T>(",
    "impl T for S {",
    "mod m {",
    "use a::{b as c, *};",
    "#[a(b = \"c\")]",
    "struct S { a: u8",
    "'l: loop {",
    "'é'",
    "r#\"x{y}\"#",
    "thread_local!{",
    "static A: u8 = 1",
    "..",
    "// c\n",
];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]
    #[test]
    fn any_text_is_lowered(parts in proptest::collection::vec(0..SNIPPETS.len(), 0..60), spaced in any::<bool>()) {
        let text: Vec<_> = parts.iter().map(|i| SNIPPETS[*i]).collect();
        check(&text.join(if spaced { " " } else { "" }));
    }
}
