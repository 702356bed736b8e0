use std::collections::BTreeSet;

use sidenote_grammars::{Family, Field, Kind};

use crate::findings::{Category, Confidence, Note, Severity};
use crate::rules::shape::{mentions, operator, parameters};
use crate::rules::support::{is_function, method};
use crate::rules::{Case, Check, Cx, Docs, Rule};
use crate::syntax::Node;

pub static RULE: Rule = Rule {
    id: "unconditional-recursion",
    summary: "a function calls itself whatever happens",
    category: Category::Quality,
    severity: Severity::High,
    confidence: Confidence::High,
    cwe: &[674],
    families: &[Family::Ecma, Family::Rust],
    default_on: true,
    in_tests: false,
    docs: Docs {
        what: "Finds functions, methods and accessors that call (or read or set) themselves before anything can make \
              them stop. In Rust also methods that call themselves through `self` or by way of their own trait: `self == other`, `write!(f, \"{}\", self)`, `..Default::default()`, `s.parse()`.",
        why: "Every call ends in `RangeError: Maximum call stack size exceeded`. Mostly a wrapper that was meant to \
              call something else of the same name, or an accessor that was meant to use a private field.",
        example: "class User {\n  get name() { return this.name; }\n}",
        instead: "class User {\n  get name() { return this._name; }\n}",
        limits: "Only calls that are certain to run: not behind a condition, in a loop, in an inner function, or after \
              something that may return or throw in plain sight.",
        fix: "",
    },
    checks: &[
        Check::Nodes(&[Kind::FunctionDeclaration, Kind::MethodDefinition], check),
        Check::Nodes(&[Kind::FunctionItem], rust_function),
        Check::Nodes(&[Kind::ImplItem], rust_impl),
    ],
    cases: &[
        Case::near_miss(
            "a.rs",
            "fn width(s: &str) -> usize { s.len() }\nimpl A { fn width(s: &str) -> usize { width(s) } }",
        ),
        Case::near_miss(
            "a.ts",
            "export function Worker(log: L) {\n  const ff = Worker(log.a);\n  function Worker(cache: C) {\n    let max = -1;\n    function call() { go(max, cache); }\n    return { call };\n  }\n  return ff;\n}",
        ),
        Case::near_miss("a.js", "Watcher.prototype.mutations = { toggle() { this.toggle(); } };"),
        Case::near_miss(
            "a.js",
            "function path(name) { const { path, root } = require('./helper'); return path(root, name); }",
        ),
        Case::near_miss("a.ts", "const d = { get(this: Agent) { return this.get(behavior); }, enumerable: true };"),
        Case::bad("a.js", "class U { get name() { return this.name; } } //~ unconditional-recursion"),
        Case::bad("a.js", "class U { set name(v) { this.name = v; } } //~ unconditional-recursion"),
        Case::bad("a.js", "function load(x) { return load(x); } //~ unconditional-recursion"),
        Case::bad("a.js", "function f(n) { const r = f(n - 1); return n * r; } //~ unconditional-recursion"),
        Case::bad("a.js", "class A { run(x) { log(x); return this.run(x); } } //~ unconditional-recursion"),
        Case::bad("a.js", "const o = { get size() { return this.size; } }; //~ unconditional-recursion"),
        Case::bad("a.ts", "export function size(x: X): number { return 1 + size(x); } //~ unconditional-recursion"),
        Case::bad("a.js", "function stop() { console.log('x'); stop(); } //~ unconditional-recursion"),
        Case::bad("a.js", "class A { static of(x) { return this.of(x); } } //~ unconditional-recursion"),
        Case::good("a.js", "class U { get name() { return this._name; } }"),
        Case::good("a.js", "function fact(n) { if (n < 2) return 1; return n * fact(n - 1); }"),
        Case::good("a.js", "function fact(n) { return n < 2 ? 1 : n * fact(n - 1); }"),
        Case::good("a.js", "class A { run(x) { return super.run(x); } }"),
        Case::good("a.js", "function walk(n) { n.kids.forEach((k) => walk(k)); }"),
        Case::good("a.js", "function f(n) { return n && f(n - 1); }"),
        Case::good("a.js", "function poll() { setTimeout(() => poll(), 10); }"),
        Case::good("a.js", "class A { run() { return this.other.run(); } }"),
        Case::near_miss("a.js", "function f(x) { for (const y of x) { f(y); } }"),
        Case::near_miss("a.js", "function f(f) { return f(1); }"),
        Case::near_miss("a.js", "async function poll() { await wait(); poll(); }"),
        Case::near_miss(
            "a.js",
            "class A { get x() { Object.defineProperty(this, 'x', { value: 1 }); return this.x; } }",
        ),
        Case::near_miss("a.js", "function* g() { yield 1; yield* g(); }"),
        Case::near_miss("a.js", "class A { get x() { delete this.x; return this.x; } }"),
        Case::near_miss("a.js", "function f() { f = () => 1; return f(); }"),
        Case::bad("a.rs", "fn f(n: u32) -> u32 { f(n - 1) + 1 } //~ unconditional-recursion"),
        Case::bad("a.rs", "impl A { fn len(&self) -> usize { self.len() } } //~ unconditional-recursion"),
        Case::bad("a.rs", "impl A { fn new() -> A { Self::new() } } //~ unconditional-recursion"),
        Case::bad(
            "a.rs",
            "struct W(u32);\nimpl From<W> for u32 { fn from(w: W) -> u32 { w.into() } } //~ unconditional-recursion",
        ),
        Case::near_miss(
            "a.rs",
            "impl From<u16> for B { fn from(c: u16) -> B { fn from(c: impl Into<u32>) -> u32 { c.into() } B(from(c) / 3) } }",
        ),
        Case::near_miss("a.rs", "struct W(u32);\nimpl From<W> for u64 { fn from(w: W) -> u64 { w.0.into() } }"),
        Case::bad(
            "a.rs",
            "impl ToString for A { fn to_string(&self) -> String { let s = self.to_string(); s } } //~ unconditional-recursion",
        ),
        Case::bad("a.rs", "fn walk(t: &Tree) { log(t); walk(t); } //~ unconditional-recursion"),
        Case::bad(
            "a.rs",
            "impl A { fn f(&mut self, n: u8) { let x = n + 1; self.f(x); } } //~ unconditional-recursion",
        ),
        Case::bad("a.rs", "fn f(x: u8) -> R { return f(x); } //~ unconditional-recursion"),
        Case::bad(
            "a.rs",
            "impl Default for A { fn default() -> Self { Self::default() } } //~ unconditional-recursion",
        ),
        Case::bad(
            "a.rs",
            "impl fmt::Display for A { fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result { write!(f, \"{}\", self) } } //~ unconditional-recursion",
        ),
        Case::bad(
            "a.rs",
            "impl Debug for A { fn fmt(&self, f: &mut Formatter<'_>) -> Result { write!(f, \"A {self:?}\") } } //~ unconditional-recursion",
        ),
        Case::bad(
            "a.rs",
            "impl Display for A { fn fmt(&self, f: &mut Formatter<'_>) -> Result { f.write_str(&self.to_string()) } } //~ unconditional-recursion",
        ),
        Case::bad(
            "a.rs",
            "impl fmt::Display for A { fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result { write!(f, \"<{}>\", self.to_string()) } } //~ unconditional-recursion",
        ),
        Case::near_miss(
            "a.rs",
            "impl fmt::Debug for A { fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result { write!(f, \"<{}>\", self.to_string()) } }",
        ),
        Case::bad(
            "a.rs",
            "impl PartialEq for A { fn eq(&self, other: &Self) -> bool { self == other } } //~ unconditional-recursion",
        ),
        Case::near_miss(
            "a.rs",
            "impl Display for A { fn fmt(&self, f: &mut Formatter<'_>) -> Result { write!(f, \"{:?}\", self) } }",
        ),
        Case::near_miss(
            "a.rs",
            "impl Display for A { fn fmt(&self, f: &mut Formatter<'_>) -> Result { write!(f, \"{}\", self.name) } }",
        ),
        Case::near_miss("a.rs", "impl PartialEq for A { fn eq(&self, other: &Self) -> bool { self.id == other.id } }"),
        Case::bad(
            "a.rs",
            "impl Deref for W {\n    type Target = T;\n    fn deref(&self) -> &T {\n        self.deref() //~ unconditional-recursion\n    }\n}",
        ),
        Case::bad(
            "a.rs",
            "impl Default for V {\n    fn default() -> Self {\n        V { a: 1, ..Default::default() } //~ unconditional-recursion\n    }\n}",
        ),
        Case::bad(
            "a.rs",
            "impl FromStr for H {\n    type Err = E;\n    fn from_str(s: &str) -> Result<Self, E> {\n        s.parse() //~ unconditional-recursion\n    }\n}",
        ),
        Case::bad(
            "a.rs",
            "impl fmt::Display for V {\n    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {\n        write!(f, \"{}\", self) //~ unconditional-recursion\n    }\n}\nimpl fmt::Debug for V {\n    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {\n        write!(f, \"{}\", self)\n    }\n}",
        ),
        Case::near_miss(
            "a.rs",
            "impl Deref for W {\n    type Target = T;\n    fn deref(&self) -> &T {\n        self.0.deref()\n    }\n}\nimpl Default for V {\n    fn default() -> Self {\n        V { a: 1, ..Inner::default() }\n    }\n}\nimpl FromStr for H {\n    type Err = E;\n    fn from_str(s: &str) -> Result<Self, E> {\n        s.parse().map(H)\n    }\n}",
        ),
        Case::good("a.rs", "fn f(n: u32) -> u32 { if n == 0 { 0 } else { f(n - 1) } }"),
        Case::good("a.rs", "impl A { fn len(&self) -> usize { self.inner.len() } }"),
        Case::good("a.rs", "fn f(n: u32) -> u32 { if n == 0 { return 0; } f(n - 1) }"),
        Case::good("a.rs", "impl A { fn new() -> A { B::new() } }"),
        Case::good("a.rs", "fn walk(t: &Tree) { for c in t.kids() { walk(c); } }"),
        Case::good("a.rs", "fn f(n: u32) -> Option<u32> { let m = n.checked_sub(1)?; f(m) }"),
        Case::good("a.rs", "impl A { fn f(&self) { go(|| self.f()); } }"),
        Case::good("a.rs", "fn f(n: u32) -> u32 { match n { 0 => 1, _ => f(n - 1) } }"),
        Case::near_miss("a.rs", "impl Trait for A { fn len(&self) -> usize { A::len(self) } }"),
        Case::near_miss("a.rs", "impl Ext for Yaml { fn as_array(&self) -> Option<&Self> { self.as_array() } }"),
        Case::near_miss("a.rs", "fn f(n: u32, f: fn(u32) -> u32) -> u32 { f(n) }"),
        Case::near_miss("a.rs", "fn f(n: u32) -> bool { n == 0 || f(n - 1) }"),
        Case::near_miss("a.rs", "async fn f(n: u32) { spawn(f(n)); }"),
        Case::bad(
            "a.rs",
            "impl Tree {\n    pub fn depth(&self) -> usize { //~ unconditional-recursion\n        self.depth() + 1\n    }\n}",
        ),
        Case::bad(
            "a.rs",
            "impl PartialEq for A {\n    fn eq(&self, other: &Self) -> bool { //~ unconditional-recursion\n        self == other\n    }\n}",
        ),
    ],
};

fn mentions_or_is(pattern: Node<'_>, name: &str) -> bool {
    pattern.text() == name || mentions(pattern, name)
}

fn check<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    if node.is_hole() || node.has_token("*") || node.has_token("async") {
        return;
    }
    let (Some(name), Some(body)) = (node.child(Field::Name), node.child(Field::Body)) else { return };
    if matches!(name.kind(), Kind::ComputedPropertyName | Kind::String) {
        return;
    }
    let itself = Itself {
        name: name.text(),
        method: node.kind() == Kind::MethodDefinition,
        getter: node.has_token("get"),
        setter: node.has_token("set"),
    };
    // `get(this: Agent) { return this.get(x); }` of a property that is defined on something else.
    let given = node.child(Field::Parameters).is_some_and(|p| p.text().contains("this:"));
    let hidden = body.descendants_until(is_function).any(|n| {
        matches!(n.kind(), Kind::VariableDeclarator | Kind::FunctionDeclaration | Kind::ClassDeclaration)
            && n.child(Field::Name).is_some_and(|b| mentions_or_is(b, itself.name))
    });
    let hidden = hidden || cx.block.children().any(|c| c.name() == Some(itself.name));
    if given || hidden && !itself.method || parameters(node).iter().any(|p| mentions(*p, itself.name)) {
        return;
    }
    // `this` of an object's method is whatever it is called on: `handlers.save.call(module)`.
    let of_object =
        itself.method && !itself.getter && !itself.setter && !cx.file.declared.class_methods.contains(itself.name);
    if of_object {
        return;
    }
    for statement in body.named_children() {
        // A definition made on the way, or a new value, changes what the name means.
        let redefines = statement.text().contains("defineProperty") || statement.text().contains("delete ");
        let assigned = statement.descendants().any(|n| {
            n.kind() == Kind::AssignmentExpression && n.child(Field::Left).is_some_and(|l| l.text() == itself.name)
        });
        if redefines || assigned {
            return;
        }
        if let Some(call) = certain(statement).into_iter().find(|n| itself.is(*n)) {
            let message = format!(
                "`{}` calls itself here whatever happens, and never ends. Something else of that name was meant, or a condition is missing.",
                itself.name
            );
            cx.report(Note::new(cx.rule, call.span(), message).related(name.span(), "the same"));
            return;
        }
        let plain = matches!(
            statement.kind(),
            Kind::ExpressionStatement
                | Kind::LexicalDeclaration
                | Kind::VariableDeclaration
                | Kind::FunctionDeclaration
                | Kind::EmptyStatement
        );
        if !plain {
            return;
        }
    }
}

struct Itself<'a> {
    name: &'a str,
    method: bool,
    getter: bool,
    setter: bool,
}

impl Itself<'_> {
    fn is(&self, n: Node<'_>) -> bool {
        let own = |member: Node<'_>| {
            let object = member.child(Field::Object);
            let receiver = object.is_some_and(|o| o.kind() == Kind::This);
            member.kind() == Kind::MemberExpression
                && receiver
                && member.child(Field::Property).is_some_and(|p| p.text() == self.name)
        };
        let target = n.parent().is_some_and(|p| p.kind() == Kind::AssignmentExpression && n.field() == Field::Left);
        if self.setter {
            return target && own(n);
        }
        if self.getter {
            return own(n) && !target;
        }
        let Some(callee) = (n.kind() == Kind::CallExpression).then(|| n.child(Field::Function)).flatten() else {
            return false;
        };
        if self.method { own(callee) } else { callee.kind() == Kind::Identifier && callee.text() == self.name }
    }
}

/// The nodes of a statement that run whenever it does.
fn certain<'a>(statement: Node<'a>) -> Vec<Node<'a>> {
    if !matches!(
        statement.kind(),
        Kind::ExpressionStatement | Kind::LexicalDeclaration | Kind::VariableDeclaration | Kind::ReturnStatement
    ) {
        return Vec::new();
    }
    let mut out = Vec::new();
    let mut stack: Vec<Node<'a>> = statement.named_children().collect();
    while let Some(n) = stack.pop() {
        if is_function(n) || n.is_hole() || matches!(n.kind(), Kind::Class | Kind::AssignmentPattern) {
            continue;
        }
        out.push(n);
        let short = n.kind() == Kind::BinaryExpression && matches!(operator(n), "&&" | "||" | "??")
            || n.kind() == Kind::TernaryExpression
            || n.kind() == Kind::AugmentedAssignmentExpression;
        let optional = n.descendants().any(|c| c.kind() == Kind::OptionalChain);
        if short || optional {
            let first = n.child(Field::Left).or_else(|| n.child(Field::Condition));
            stack.extend(first.filter(|_| !optional));
        } else {
            stack.extend(n.named_children());
        }
    }
    out
}

// Rust.

fn rust_function<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    let (Some(name), Some(body)) = (node.child(Field::Name), node.child(Field::Body)) else { return };
    // A future does nothing before it is awaited.
    let modifiers = node.child_of_kind(Kind::FunctionModifiers).is_some_and(|m| m.has_token("async"));
    let parameters = node.child(Field::Parameters);
    let method_self = parameters.is_some_and(|p| p.child_of_kind(Kind::SelfParameter).is_some());
    let shadowed =
        parameters.is_some_and(|p| p.descendants().any(|n| n.kind() == Kind::Identifier && n.text() == name.text()));
    if let Some(again) = through_trait(node, name, body, cx) {
        let message =
            format!("`{}` ends up in itself whatever happens, and never ends. Its fields were meant.", name.text());
        let (at, other) = if name.text() == "fmt" { (again, name) } else { (name, again) };
        cx.report(Note::new(cx.rule, at.span(), message).related(other.span(), "the same"));
        return;
    }
    let delegates = cx.file.declared.rust.trait_methods.contains(name.text());
    if node.is_hole() || modifiers || shadowed || delegates {
        return;
    }
    // Only a block of its own tells that it is no method: a method's name alone means another function.
    let is_method = method_self || body.descendants().any(|n| n.text() == "Self");
    let itself = |n: Node<'a>| {
        if n.kind() != Kind::CallExpression {
            return false;
        }
        if let Some((of, m)) = method(n) {
            return method_self && of.kind() == Kind::SelfValue && m.text() == name.text();
        }
        n.child(Field::Function).is_some_and(|f| match f.kind() {
            Kind::Identifier => {
                f.text() == name.text()
                    && !is_method
                    && cx.file.declared.rust.functions.contains_key(f.text())
                    // Where a type has one of that name too, its own may call the free one.
                    && !cx.file.declared.rust.methods.keys().any(|(_, m)| m == f.text())
                    && cx.file.imports.path(f.text()).is_none()
            }
            Kind::ScopedIdentifier => !method_self && f.text().strip_prefix("Self::") == Some(name.text()),
            _ => false,
        })
    };
    for statement in body.named_children() {
        let mut stack = vec![statement];
        let mut leaves = false;
        while let Some(n) = stack.pop() {
            if is_function(n) || n.is_hole() || n.kind() == Kind::AsyncBlock {
                continue;
            }
            if itself(n) {
                let message = format!(
                    "`{}` calls itself whatever happens, and never ends. Something else of that name was meant, or a condition is missing.",
                    name.text()
                );
                cx.report(Note::new(cx.rule, name.span(), message).related(n.span(), "here"));
                return;
            }
            leaves |= matches!(
                n.kind(),
                Kind::TryExpression | Kind::BreakExpression | Kind::MacroInvocation | Kind::AwaitExpression
            );
            match n.kind() {
                // The first part alone is certain to run.
                Kind::IfExpression | Kind::WhileExpression => stack.extend(n.child(Field::Condition)),
                Kind::MatchExpression | Kind::ForExpression => stack.extend(n.child(Field::Value)),
                Kind::BinaryExpression if matches!(operator(n), "&&" | "||") => stack.extend(n.child(Field::Left)),
                _ => stack.extend(n.named_children()),
            }
        }
        let plain = matches!(statement.kind(), Kind::LetDeclaration | Kind::ExpressionStatement)
            && statement.child(Field::Alternative).is_none();
        let jumps = statement.descendants().any(|n| matches!(n.kind(), Kind::ReturnExpression | Kind::TryExpression));
        if !plain || jumps || leaves && statement.kind() != Kind::ExpressionStatement {
            return;
        }
    }
}

/// What an `impl` alone tells of its method: `self.deref()` in `deref`, `..Default::default()` in `default`, `s.parse()` in
/// `from_str`, and `write!(f, "{}", self)` in `fmt` where the file writes several of the formatting traits.
fn rust_impl<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    let (Some(of), Some(body)) = (node.child(Field::Trait), node.child(Field::Body)) else { return };
    let name = crate::rules::rust_items::last_name(of.text());
    let whole = node.child(Field::Type).map_or("", Node::text);
    for hole in body.named_children().filter(|n| n.kind() == Kind::FunctionItem) {
        let function = cx.open(hole);
        let Some(method_name) = function.child(Field::Name).map(Node::text) else { continue };
        let Some(inner) = function.child(Field::Body) else { continue };
        let statements: Vec<Node<'a>> = inner.named_children().filter(|n| !n.is_comment()).collect();
        let [only] = statements.as_slice() else { continue };
        let own = |n: Node<'a>, called: &str| {
            method(n).is_some_and(|(of, m)| of.kind() == Kind::SelfValue && m.text() == called)
        };
        let again = match (name, method_name) {
            ("Deref", "deref") => own(*only, "deref") || matches!(only.text(), "&**self" | "&(**self)" | "self"),
            ("DerefMut", "deref_mut") => own(*only, "deref_mut") || matches!(only.text(), "&mut **self" | "self"),
            ("Default", "default") => {
                let base = only.text().rsplit_once("..").map_or("", |(_, b)| b.trim_end_matches(['}', ' ', '\n', ',']));
                let built = only.kind() == Kind::StructExpression
                    && only.child(Field::Name).is_some_and(|n| n.text() == "Self" || n.text() == whole);
                built
                    && (matches!(base, "Default::default()" | "Self::default()")
                        || base == format!("{whole}::default()"))
            }
            ("FromStr", "from_str") => {
                let parameter = parameters(function).first().map_or("", |p| p.text());
                let result = only.kind() == Kind::CallExpression && only.text() == format!("{parameter}.parse()");
                result || only.text() == format!("{parameter}.parse::<Self>()")
            }
            ("Display" | "Debug", "fmt") if cx.file.declared.rust.formatting.len() > 1 => formats_itself(*only, name),
            _ => false,
        };
        if again {
            let message =
                format!("`{method_name}` ends up in itself whatever happens, and never ends. Its fields were meant.");
            crate::rules::shape::report_in(cx, function, Note::new(cx.rule, only.span(), message));
        }
    }
}

/// Whether `write!` puts the value itself into the text by the trait that is being written.
fn formats_itself(statement: Node<'_>, name: &str) -> bool {
    let Some(tree) = statement.child_of_kind(Kind::TokenTree).filter(|_| statement.kind() == Kind::MacroInvocation)
    else {
        return false;
    };
    if statement.child(Field::Macro).is_none_or(|m| m.text() != "write" && m.text() != "writeln") {
        return false;
    }
    let text: String = tree.text().chars().filter(|c| !c.is_whitespace()).collect();
    let single = text.matches('{').count() == 1 && text.ends_with("\",self)");
    match name {
        "Display" => single && text.contains("{}") || text.contains("{self}") || text.contains(",self.to_string()"),
        _ => single && (text.contains("{:?}") || text.contains("{:#?}")) || text.contains("{self:?}"),
    }
}

/// What calls the method again by way of its trait: `write!(f, "{}", self)` in `Display::fmt`, `self == other` in `eq`.
fn through_trait<'a>(node: Node<'a>, name: Node<'a>, body: Node<'a>, cx: &Cx<'a>) -> Option<Node<'a>> {
    let statements: Vec<Node<'a>> = body.named_children().collect();
    let [only] = statements.as_slice() else { return None };
    // `fn from(x: A) -> B { x.into() }`: `into` is what calls `from`.
    if name.text() == "from" && cx.file.declared.rust.trait_methods.contains("from") {
        let parameter = node.child(Field::Parameters).into_iter().flat_map(Node::named_children).next()?;
        let (of, m) = method(*only)?;
        let itself = m.text() == "into"
            && parameter.child(Field::Pattern).is_some_and(|p| p.text() == of.text())
            && parameter.child(Field::Type).is_some_and(|t| !t.text().starts_with("impl "));
        let public = node.child_of_kind(Kind::VisibilityModifier).is_some();
        return (itself && !public).then_some(*only);
    }
    let implemented = |of: &str| {
        let inside = node.ancestors().find(|a| a.kind() == Kind::ImplItem);
        match inside {
            Some(i) => i.child(Field::Trait).is_some_and(|t| crate::rules::rust_items::last_name(t.text()) == of),
            // A block of its own: the file has one such impl, and no other formatting trait.
            None => cx.file.declared.rust.formatting == BTreeSet::from([of.to_owned()]),
        }
    };
    match name.text() {
        "eq" => {
            let whole = only.kind() == Kind::BinaryExpression && matches!(operator(*only), "==" | "!=");
            let sides = only.child(Field::Left).zip(only.child(Field::Right));
            let own = sides.is_some_and(|(l, r)| l.kind() == Kind::SelfValue && r.kind() == Kind::Identifier);
            let plain = node.child(Field::Parameters).is_some_and(|p| p.text().contains(": &Self"));
            (whole && own && plain).then_some(*only)
        }
        "fmt" => {
            if method(*only).is_some_and(|(_, m)| m.text() == "write_str") {
                let inner = only.descendants().find(|n| {
                    method(*n).is_some_and(|(of, m)| of.kind() == Kind::SelfValue && m.text() == "to_string")
                });
                return inner.filter(|_| implemented("Display"));
            }
            let tree = only.child_of_kind(Kind::TokenTree).filter(|_| only.kind() == Kind::MacroInvocation)?;
            if only.child(Field::Macro).is_none_or(|m| m.text() != "write" && m.text() != "writeln") {
                return None;
            }
            let text: String = tree.text().chars().filter(|c| !c.is_whitespace()).collect();
            let bare = text.ends_with("\"{}\",self)");
            let single = text.matches('{').count() == 1 && text.ends_with("\",self)");
            let bare = bare || single && text.contains("{}");
            let debug = single && (text.contains("{:?}") || text.contains("{:#?}")) || text.contains("{self:?}");
            let display = bare || text.contains("{self}") || text.contains(",self.to_string()");
            (display && implemented("Display") || debug && implemented("Debug")).then_some(*only)
        }
        _ => None,
    }
}
