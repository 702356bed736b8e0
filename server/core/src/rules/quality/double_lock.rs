use sidenote_grammars::{Family, Field, Kind};

use crate::findings::{Category, Confidence, Note, Severity};
use crate::rules::rust_code::plain_method;
use crate::rules::rust_types::type_of;
use crate::rules::shape::same;
use crate::rules::support::{is_function, method};
use crate::rules::{Case, Check, Cx, Docs, Rule};
use crate::syntax::Node;

pub static RULE: Rule = Rule {
    id: "double-lock",
    summary: "a lock is taken again while it is held",
    category: Category::Quality,
    severity: Severity::High,
    confidence: Confidence::High,
    cwe: &[667, 833],
    families: &[Family::Rust],
    default_on: true,
    in_tests: false,
    docs: Docs {
        what: "Finds a second `lock()`, `write()`, `borrow_mut()` (or `read()`, `borrow()` beside one of these) of the same `Mutex`, `RwLock` or `RefCell` while the first guard is still alive: in one expression, in the branches of an `if let` (before the edition of 2024 also its `else`) or `match` on it, or below the `let` that keeps it.",
        why: "The guard of a temporary lives to the end of its statement. A `Mutex` that is locked twice by one thread waits for itself for ever or panics; a `RefCell` panics.",
        example: "let total = self.hits.lock().unwrap().len() + self.hits.lock().unwrap().capacity();",
        instead: "let hits = self.hits.lock().unwrap();\nlet total = hits.len() + hits.capacity();",
        limits: "Only where both say the same place, and the receiver's type, or `unwrap` and `expect` behind `lock`, tell that it is a lock. A guard is over after `drop(guard)`, after it is moved, and at the end of its block. Two `read()`s of one lock are left alone.",
        fix: "",
    },
    checks: &[Check::Nodes(&[Kind::CallExpression], check)],
    cases: &[
        Case::bad(
            "a.rs",
            "use std::cell::RefCell;\nstruct N { kids: RefCell<Vec<Rc<N>>> }\nfn add(n: &Rc<N>, c: Rc<N>) { let kids = n.kids.borrow();\n if kids.is_empty() { n.kids.borrow_mut().push(c); } } //~ double-lock",
        ),
        Case::near_miss(
            "a.rs",
            "use std::cell::RefCell;\nstruct N { kids: RefCell<Vec<Rc<N>>> }\nfn add(n: &Rc<N>, c: Rc<N>) { let none = n.kids.borrow().is_empty(); if none { n.kids.borrow_mut().push(c); } }",
        ),
        Case::bad(
            "a.rs",
            "fn f(m: &Mutex<Vec<u8>>) -> usize { m.lock().unwrap().len() + m.lock().unwrap().capacity() } //~ double-lock",
        ),
        Case::bad(
            "a.rs",
            "impl A { fn f(&self) { let mut hits = self.hits.lock().unwrap();\n *hits += 1;\n self.hits.lock().unwrap().clear(); //~ double-lock\n} }",
        ),
        Case::bad(
            "a.rs",
            "fn f(c: &RefCell<Vec<u8>>) { c.borrow_mut().push(c.borrow().len() as u8); } //~ double-lock",
        ),
        Case::bad(
            "a.rs",
            "fn f(l: &RwLock<Vec<u8>>) { let r = l.read().unwrap();\n if r.is_empty() { l.write().unwrap().push(1); //~ double-lock\n}\n go(&r); }",
        ),
        Case::bad(
            "a.rs",
            "fn f(m: &Mutex<HashMap<u8, u8>>) { if let Some(x) = m.lock().unwrap().get(&1) {\n m.lock().unwrap().remove(x); //~ double-lock\n } }",
        ),
        Case::bad(
            "a.rs",
            "fn f(m: &Mutex<Option<u8>>) { match m.lock().unwrap().as_ref() { Some(x) => go(x),\n None => *m.lock().unwrap() = Some(1), //~ double-lock\n } }",
        ),
        Case::bad(
            "a.rs",
            "impl A { fn f(&self) { let state = self.state.lock().expect(\"state\");\n let n = state.n;\n go(n, self.state.lock().expect(\"state\").m); //~ double-lock\n} }",
        ),
        Case::bad(
            "a.rs",
            "fn f(m: Arc<Mutex<u8>>) { let a = m.lock().unwrap();\n let b = m.lock().unwrap(); //~ double-lock\n go(*a + *b); }",
        ),
        Case::bad(
            "a.rs",
            "fn f(c: Rc<RefCell<Vec<u8>>>) { let v = c.borrow();\n for x in v.iter() {\n c.borrow_mut().push(*x); //~ double-lock\n } }",
        ),
        Case::bad(
            "a.rs",
            "fn f(m: &Mutex<Vec<u8>>) { let mut g = m.lock().unwrap(); g.push(1);\n println!(\"{}\", m.lock().unwrap().len()); //~ double-lock\n}",
        ),
        Case::bad(
            "a.rs",
            "async fn f(l: &RwLock<HashMap<u8, u8>>) { let g = l.read().await; if g.contains_key(&1) { return; }\n l.write().await.insert(1, 2); //~ double-lock\n}",
        ),
        Case::good("a.rs", "fn f(m: &Mutex<Vec<u8>>) -> usize { let v = m.lock().unwrap(); v.len() + v.capacity() }"),
        Case::good(
            "a.rs",
            "impl A { fn f(&self) { let mut hits = self.hits.lock().unwrap(); *hits += 1; drop(hits); self.hits.lock().unwrap().clear(); } }",
        ),
        Case::good("a.rs", "fn f(a: &Mutex<u8>, b: &Mutex<u8>) -> u8 { *a.lock().unwrap() + *b.lock().unwrap() }"),
        Case::good("a.rs", "fn f(m: &Mutex<Vec<u8>>) { m.lock().unwrap().push(1); m.lock().unwrap().push(2); }"),
        Case::good(
            "a.rs",
            "fn f(m: &Mutex<Vec<u8>>) { { let v = m.lock().unwrap(); go(&v); } m.lock().unwrap().clear(); }",
        ),
        Case::good("a.rs", "fn f(l: &RwLock<u8>) -> u8 { *l.read().unwrap() + *l.read().unwrap() }"),
        Case::good("a.rs", "fn f(c: &RefCell<Vec<u8>>) { let n = c.borrow().len(); c.borrow_mut().push(n as u8); }"),
        Case::good(
            "a.rs",
            "fn f(m: &Mutex<Vec<u8>>) { let n = m.lock().unwrap().len(); m.lock().unwrap().truncate(n / 2); }",
        ),
        Case::bad(
            "a.rs",
            "fn f(m: &Mutex<HashMap<u8, u8>>) { if let Some(x) = m.lock().unwrap().get(&1) { go(*x); } else {\n m.lock().unwrap().insert(1, 2); //~ double-lock\n } }",
        ),
        Case::near_miss(
            "a.rs",
            "fn f(m: &Mutex<Vec<u8>>) { let v = m.lock().unwrap().clone(); m.lock().unwrap().extend(v); }",
        ),
        Case::near_miss("a.rs", "fn f(ms: &[Mutex<u8>]) -> u8 { *ms[0].lock().unwrap() + *ms[1].lock().unwrap() }"),
        Case::near_miss(
            "a.rs",
            "fn f(m: &Mutex<u8>) { let v = m.lock().unwrap(); spawn(move || { let w = m.lock().unwrap(); go(*w); }); go(*v); }",
        ),
        Case::near_miss(
            "a.rs",
            "fn f(m: &Mutex<u8>) { let v = m.lock().unwrap(); finish(v); *m.lock().unwrap() = 2; }",
        ),
        Case::near_miss(
            "a.rs",
            "fn f(m: &Mutex<u8>, c: &Condvar) { let mut g = m.lock().unwrap(); g = c.wait(g).unwrap(); go(*g); }",
        ),
        Case::near_miss("a.rs", "fn f(io: &Stdout) { let a = io.lock(); let b = io.lock(); go(a, b); }"),
        Case::near_miss(
            "a.rs",
            "fn f(m: &Mutex<Vec<u8>>) -> usize { if m.lock().unwrap().is_empty() { m.lock().unwrap().len() } else { 0 } }",
        ),
    ],
};

/// What takes the lock, and whether it is for one alone.
fn taken<'a>(call: Node<'a>, cx: &Cx<'a>) -> Option<(Node<'a>, bool)> {
    let (of, name) = plain_method(call)?;
    let single = matches!(name, "lock" | "write" | "borrow_mut");
    if !single && !matches!(name, "read" | "borrow") {
        return None;
    }
    let mut ty = type_of(of, cx);
    while let Some(inner) = ty.as_ref().filter(|t| matches!(t.name, "Arc" | "Rc" | "Box")).map(|t| t.arg()) {
        ty = Some(inner);
    }
    let told = match ty.as_ref().filter(|t| t.name != "_").map(|t| t.name) {
        Some("Mutex" | "FairMutex") => name == "lock",
        Some("RwLock") => matches!(name, "read" | "write"),
        Some("RefCell") => matches!(name, "borrow" | "borrow_mut"),
        Some(_) => false,
        None if matches!(name, "borrow" | "borrow_mut") => {
            cx.file.imports.path("RefCell").is_some() && call.parent().is_none_or(|p| p.kind() != Kind::Arguments)
        }
        None => name == "lock" && call.parent().and_then(|p| p.parent()).and_then(plain_or_expect).is_some(),
    };
    // A place that is the same each time it is said.
    (told && is_place(of)).then_some((of, single))
}

/// Whether a text says a place that is no part of a longer one.
fn contains_place(text: &str, place: &str) -> bool {
    text.match_indices(place)
        .any(|(i, _)| !text[..i].ends_with(|c: char| c.is_alphanumeric() || matches!(c, '_' | '.')))
}

/// Whether an expression is a place: names, fields, constant indexes.
fn is_place(node: Node<'_>) -> bool {
    std::iter::once(node).chain(node.descendants()).all(|n| {
        !n.is_named()
            || matches!(
                n.kind(),
                Kind::Identifier
                    | Kind::SelfValue
                    | Kind::FieldExpression
                    | Kind::FieldIdentifier
                    | Kind::IndexExpression
                    | Kind::IntegerLiteral
                    | Kind::ScopedIdentifier
                    | Kind::Token
            )
    })
}

/// The `unwrap()` or `expect(..)` of a call.
fn plain_or_expect(call: Node<'_>) -> Option<Node<'_>> {
    let (_, name) = method(call)?;
    matches!(name.text(), "unwrap" | "expect").then_some(call)
}

fn check<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    let Some((place, single)) = taken(node, cx) else { return };
    let Some(region) = alive(node) else { return };
    for scope in region {
        let second = std::iter::once(scope)
            .chain(scope.descendants_until(|n| is_function(n) || n.kind() == Kind::AsyncBlock))
            .filter(|n| n.kind() == Kind::CallExpression && n.span().start >= node.span().start && *n != node)
            .find(|n| {
                !n.span().contains(node.span()) && taken(*n, cx).is_some_and(|(p, s)| same(p, place) && (s || single))
            });
        // In a macro's text: `println!("{}", m.lock().unwrap().len())`.
        let written = method(node).map_or("", |(_, m)| m.text());
        let again = format!("{}.{written}()", place.text());
        let second = second.or_else(|| {
            let own = |n: &Node<'a>| n.kind() == Kind::MacroInvocation && n.span().start > node.span().end;
            let mut all = std::iter::once(scope).chain(scope.descendants_until(is_function));
            all.find(|n| single && own(n) && !n.text().contains("=>") && contains_place(n.text(), &again))
        });
        if let Some(second) = second {
            let mut message = format!(
                "`{}` is still held here, by the guard from before: this waits for itself, or panics. Use that guard, or drop it first.",
                place.text()
            );
            let mut confidence = cx.rule.confidence;
            if in_else(node, second) {
                // Chains of `let` are of the edition of 2024, in which the `else` runs without the temporary.
                if cx.arena().nodes().any(|n| n.kind() == Kind::LetChain) {
                    return;
                }
                message.push_str(" (From the edition of 2024 on, the `else` of an `if let` runs without it.)");
                confidence = Confidence::Low;
            }
            cx.report(
                Note::new(cx.rule, second.span(), message).confidence(confidence).related(node.span(), "taken here"),
            );
            return;
        }
    }
}

/// Whether the second one stands in the `else` of an `if let` on the first one.
fn in_else(first: Node<'_>, second: Node<'_>) -> bool {
    let mut around = first.ancestors().filter(|n| n.kind() == Kind::IfExpression);
    around.any(|i| {
        i.child(Field::Condition).is_some_and(|c| c.span().contains(first.span()))
            && i.child(Field::Alternative).is_some_and(|a| a.span().contains(second.span()))
    })
}

/// The nodes that run while the guard of a call lives, in order; `None` where that is not certain.
fn alive<'a>(call: Node<'a>) -> Option<Vec<Node<'a>>> {
    // The guard itself: behind `unwrap`, `expect` and `?`.
    let mut guard = call;
    loop {
        let parent = guard.parent()?;
        match parent.kind() {
            Kind::TryExpression | Kind::AwaitExpression => guard = parent,
            Kind::FieldExpression if guard.field() == Field::Value => {
                let outer = parent.parent()?;
                match plain_or_expect(outer) {
                    Some(outer) => guard = outer,
                    None => break,
                }
            }
            _ => break,
        }
    }
    let parent = guard.parent()?;
    if parent.kind() == Kind::LetDeclaration && guard.field() == Field::Value {
        return kept(parent);
    }
    // A temporary: to the end of its statement, with the bodies of `if let`, `while let`, `match` and `for` on it.
    let mut at = guard;
    let mut out = Vec::new();
    while let Some(parent) = at.parent() {
        match parent.kind() {
            Kind::LetCondition if at.field() == Field::Value => {
                let around = parent
                    .ancestors()
                    .find(|n| matches!(n.kind(), Kind::IfExpression | Kind::WhileExpression | Kind::MatchArm))?;
                let body = around.child(Field::Consequence).or_else(|| around.child(Field::Body))?;
                out.push(body);
                // Before the edition of 2024 the `else` runs while the temporary lives, too.
                out.extend(around.child(Field::Alternative));
                return Some(out);
            }
            Kind::MatchExpression | Kind::ForExpression if at.field() == Field::Value => {
                out.push(parent.child(Field::Body)?);
                return Some(out);
            }
            // Conditions end their temporaries; closures run elsewhere; a block's statements end theirs.
            Kind::IfExpression
            | Kind::WhileExpression
            | Kind::LoopExpression
            | Kind::Block
            | Kind::MatchArm
            | Kind::MatchBlock
            | Kind::SourceFile => {
                out.push(at);
                return Some(out);
            }
            Kind::ClosureExpression | Kind::AsyncBlock => {
                out.push(at);
                return Some(out);
            }
            _ if is_function(parent) => return None,
            // `a && b`: both run while it lives; which of `a || b` does not matter either.
            _ => at = parent,
        }
    }
    None
}

/// What runs below the `let` of a guard until it is dropped, moved or bound anew.
fn kept<'a>(declaration: Node<'a>) -> Option<Vec<Node<'a>>> {
    let mut pattern = declaration.child(Field::Pattern)?;
    if pattern.kind() == Kind::MutPattern {
        pattern = pattern.last_named()?;
    }
    let name = Some(pattern).filter(|p| p.kind() == Kind::Identifier)?.text();
    let mut out = Vec::new();
    let mut next = declaration.next_named_sibling();
    while let Some(statement) = next {
        let given = std::iter::once(statement).chain(statement.descendants()).any(|n| {
            n.is_hole()
                || n.kind() == Kind::Identifier
                    && n.text() == name
                    && n.parent().is_some_and(|p| match p.kind() {
                        Kind::Arguments | Kind::ReturnExpression | Kind::TupleExpression | Kind::FieldInitializer => {
                            true
                        }
                        Kind::LetDeclaration | Kind::AssignmentExpression => true,
                        Kind::Block => p.last_named() == Some(n),
                        _ => false,
                    })
                || n.kind() == Kind::MacroInvocation && n.text().contains("drop")
        });
        if given {
            // `drop(guard)` in the first statement ends it at once.
            return (!out.is_empty()).then_some(out);
        }
        out.push(statement);
        next = statement.next_named_sibling();
    }
    Some(out)
}
