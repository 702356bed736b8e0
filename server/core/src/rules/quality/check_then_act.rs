use sidenote_grammars::{Family, Field, Kind};

use crate::findings::{Category, Confidence, Note, Severity};
use crate::rules::rust_code::{call_on, plain_method};
use crate::rules::rust_names::{Origin, binding};
use crate::rules::shape::{operator, same};
use crate::rules::support::{bare, is_function, method};
use crate::rules::{Case, Check, Cx, Docs, Rule};
use crate::syntax::Node;

pub static RULE: Rule = Rule {
    id: "check-then-act",
    summary: "a lock is let go between the question and what is done with its answer",
    category: Category::Quality,
    severity: Severity::Medium,
    confidence: Confidence::High,
    cwe: &[367, 362],
    families: &[Family::Rust],
    default_on: true,
    in_tests: false,
    docs: Docs {
        what: "Finds `if m.lock().unwrap().contains_key(k) { .. m.lock().unwrap().get(k).unwrap() }`, `if !m.lock()..contains(k) { m.lock()..insert(k) }`, and `let n = *m.lock()..;` behind which `*m.lock().. = n + 1` follows.",
        why: "The first guard is gone when the condition is answered. Another thread may take the entry away before the second lock, so that `unwrap` panics, or both threads put theirs in, and one is lost.",
        example: "if cache.lock().unwrap().contains_key(&k) {\n    return cache.lock().unwrap().get(&k).unwrap().clone();\n}",
        instead: "if let Some(v) = cache.lock().unwrap().get(&k) {\n    return v.clone();\n}",
        limits: "Only of the same place, where the second lock does not ask again. What is loaded between the two on purpose, so that nobody waits for it, is left alone.",
        fix: "",
    },
    checks: &[Check::Nodes(&[Kind::IfExpression], check), Check::Nodes(&[Kind::AssignmentExpression], written)],
    cases: &[
        Case::bad(
            "a.rs",
            "fn get(&self, k: &str) -> V {\n    if self.map.lock().unwrap().contains_key(k) {\n        return self.map.lock().unwrap().get(k).unwrap().clone(); //~ check-then-act\n    }\n    load(k)\n}",
        ),
        Case::bad(
            "a.rs",
            "fn add(seen: &Mutex<HashSet<u32>>, id: u32) -> bool {\n    if !seen.lock().unwrap().contains(&id) {\n        seen.lock().unwrap().insert(id); //~ check-then-act\n        return true;\n    }\n    false\n}",
        ),
        Case::bad(
            "a.rs",
            "fn next(&self) -> Job { if !self.jobs.lock().unwrap().is_empty() { self.jobs.lock().unwrap().pop().unwrap() } else { Job::none() } } //~ check-then-act",
        ),
        Case::bad(
            "a.rs",
            "async fn put(&self, k: u32, v: V) { if !self.map.read().await.contains_key(&k) { self.map.write().await.insert(k, v); } } //~ check-then-act",
        ),
        Case::bad(
            "a.rs",
            "fn put(&self, k: u32, v: V) { let known = self.map.read().unwrap().contains_key(&k); if !known { self.map.write().unwrap().insert(k, v); } } //~ check-then-act",
        ),
        Case::bad(
            "a.rs",
            "fn pay(&self, n: u64) { let sum = *self.sum.lock().unwrap(); *self.sum.lock().unwrap() = sum - n; } //~ check-then-act",
        ),
        Case::bad(
            "a.rs",
            "fn take(&self) -> Option<u32> { if self.n.lock().len() > 0 { Some(self.n.lock().remove(0)) } else { None } } //~ check-then-act",
        ),
        Case::bad(
            "a.rs",
            "fn get(&self, id: u32) -> T { if self.all.read().unwrap().get(&id).is_some() { self.all.read().unwrap()[&id].clone() } else { T::new() } } //~ check-then-act",
        ),
        Case::good(
            "a.rs",
            "fn get(&self, k: &str) -> Option<V> { let map = self.map.lock().unwrap(); if map.contains_key(k) { return map.get(k).cloned(); } None }",
        ),
        Case::good(
            "a.rs",
            "fn get(&self, k: u32) -> V { self.map.lock().unwrap().entry(k).or_insert_with(load).clone() }",
        ),
        Case::good(
            "a.rs",
            "fn get(&self, k: u32, v: V) { if !self.map.read().unwrap().contains_key(&k) { self.map.write().unwrap().entry(k).or_insert(v); } }",
        ),
        Case::good(
            "a.rs",
            "fn get(&self, k: u32) { if self.a.lock().unwrap().contains_key(&k) { self.b.lock().unwrap().insert(k); } }",
        ),
        Case::good(
            "a.rs",
            "fn get(&self, k: u32) -> Option<V> { if self.map.lock().unwrap().is_empty() { return None; } self.map.lock().unwrap().get(&k).cloned() }",
        ),
        Case::good("a.rs", "fn add(&self, n: u64) { *self.sum.lock().unwrap() += n; }"),
        Case::good(
            "a.rs",
            "fn set(&self, n: u64) { let old = *self.sum.lock().unwrap(); log(old); *self.sum.lock().unwrap() = n; }",
        ),
        Case::good(
            "a.rs",
            "fn get(&self, k: u32) { if self.map.lock().unwrap().contains_key(&k) { self.map.lock().unwrap().remove(&k); } }",
        ),
        Case::near_miss(
            "a.rs",
            "fn get(&self, k: u32) { if !self.map.read().unwrap().contains_key(&k) { let v = load(k); self.map.write().unwrap().insert(k, v); } }",
        ),
        Case::near_miss(
            "a.rs",
            "fn get(&self, k: u32) { if !self.map.read().unwrap().contains_key(&k) { let mut m = self.map.write().unwrap(); if !m.contains_key(&k) { m.insert(k, 1); } } }",
        ),
        Case::near_miss(
            "a.rs",
            "fn get(&self, k: u32) -> u32 { if let Some(v) = self.map.lock().unwrap().get(&k) { return *v; } self.map.lock().unwrap().insert(k, 1); 1 }",
        ),
        Case::near_miss(
            "a.rs",
            "fn get(&self, k: u32) { if self.map.lock().unwrap().len() > 9 { log(self.map.lock().unwrap().len()); } }",
        ),
        Case::near_miss(
            "a.rs",
            "fn pay(&self, n: u64) { let sum = self.sum.lock().unwrap(); let t = *sum; drop(sum); other(t); }",
        ),
    ],
};

/// Methods that ask what is inside.
const ASKS: &[&str] = &["contains_key", "contains", "is_empty", "is_some", "is_none", "len"];

fn check<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    let Some(condition) = node.child(Field::Condition) else { return };
    // The guard of an `if let` lives on.
    if matches!(condition.kind(), Kind::LetCondition | Kind::LetChain) {
        return;
    }
    let Some((first, place)) = asked(condition).or_else(|| {
        let name = condition.descendants().chain([condition]).find(|n| n.kind() == Kind::Identifier)?;
        let plain = bare(condition) == name
            || condition.kind() == Kind::UnaryExpression && condition.last_named() == Some(name);
        let bound = binding(name).filter(|b| plain && b.is_plain())?;
        let Origin::Let(declared) = bound.origin else { return None };
        asked(declared.child(Field::Value)?)
    }) else {
        return;
    };
    let branches = [Field::Consequence, Field::Alternative].into_iter().filter_map(|f| node.child(f));
    for branch in branches {
        let again = branch
            .descendants_until(|n| is_function(n) || n.kind() == Kind::AsyncBlock)
            .find_map(|n| locked(n).filter(|(_, p)| same(*p, place)).map(|(how, _)| (n, how)));
        let Some((second, _)) = again else { continue };
        let text = branch.text();
        if [".entry(", "contains", "or_insert", "is_none()", "is_some()", "is_empty()", "if let", "match "]
            .iter()
            .any(|w| text.contains(w))
        {
            return;
        }
        let Some(at) = relies(second, branch) else { return };
        let message = format!(
            "The lock of `{}` was let go after the question: another thread may have changed it by now. Take the guard once, and ask and act under it.",
            place.text()
        );
        cx.report(Note::new(cx.rule, at.span(), message).related(first.span(), "asked here"));
        return;
    }
}

/// The lock of a condition's question, and its place.
fn asked<'a>(condition: Node<'a>) -> Option<(Node<'a>, Node<'a>)> {
    let (call, place) = condition
        .descendants_until(is_function)
        .chain([condition])
        .find_map(|n| locked(n).filter(|(how, _)| matches!(*how, "lock" | "read")).map(|(_, p)| (n, p)))?;
    let questions = chained(call).into_iter().any(|(_, m)| ASKS.contains(&m));
    questions.then_some((call, place))
}

/// How and what a call locks.
fn locked<'a>(call: Node<'a>) -> Option<(&'a str, Node<'a>)> {
    if call.kind() != Kind::CallExpression {
        return None;
    }
    let (place, how) = plain_method(call)?;
    let plain = std::iter::once(place).chain(place.descendants()).all(|n| n.kind() != Kind::CallExpression);
    (matches!(how, "lock" | "read" | "write") && plain).then_some((how, place))
}

/// The methods called on what a call gives, one after the other, through `?` and `.await`.
fn chained<'a>(call: Node<'a>) -> Vec<(Node<'a>, &'a str)> {
    let mut out = Vec::new();
    let mut at = call;
    loop {
        if let Some((outer, name)) = call_on(at) {
            out.push((outer, name.text()));
            at = outer;
            continue;
        }
        match at.parent() {
            Some(p)
                if matches!(p.kind(), Kind::TryExpression | Kind::AwaitExpression | Kind::ParenthesizedExpression) =>
            {
                at = p
            }
            Some(p) if p.kind() == Kind::IndexExpression && p.first_named() == Some(at) => {
                out.push((p, "[]"));
                at = p;
            }
            _ => return out,
        }
    }
}

/// The call that relies on the answer: it takes for granted that something is there, or that it is not.
fn relies<'a>(second: Node<'a>, branch: Node<'a>) -> Option<Node<'a>> {
    let all = chained(second);
    let act = all.iter().position(|(_, m)| !matches!(*m, "unwrap" | "expect" | "unwrap_or_else"))?;
    let (call, name) = all[act];
    let trusts = all[act + 1..].iter().any(|(_, m)| matches!(*m, "unwrap" | "expect" | "unwrap_unchecked"));
    let relies = match name {
        "get" | "get_mut" | "pop" | "pop_front" | "pop_back" | "first" | "last" | "front" | "back" | "peek" => trusts,
        // A vector's panics; a map's gives an `Option`.
        "remove" | "swap_remove" => trusts || method(call).is_some_and(|_| call.text().ends_with("remove(0)")),
        "[]" => true,
        "insert" => branch.named_children().next().is_some_and(|s| s.span().contains(second.span())),
        _ => false,
    };
    relies.then_some(call)
}

/// `*m.lock().unwrap() = n + 1` where `n` was read under an earlier lock of the same place.
fn written<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    if cx.family() != Family::Rust {
        return;
    }
    let (Some(left), Some(right)) = (node.child(Field::Left), node.child(Field::Right)) else { return };
    let Some((lock, place)) = through(left) else { return };
    let names = right.descendants().chain([right]).filter(|n| n.kind() == Kind::Identifier);
    for name in names {
        let Some(bound) = binding(name).filter(|b| b.is_plain()) else { continue };
        let Origin::Let(declared) = bound.origin else { continue };
        let Some((first, _)) = declared.child(Field::Value).and_then(through).filter(|(_, p)| same(*p, place)) else {
            continue;
        };
        let message = format!(
            "`{}` was read under an earlier lock of `{}`, which was let go: what another thread wrote in between is lost. Keep the guard over both.",
            name.text(),
            place.text()
        );
        cx.report(Note::new(cx.rule, lock.span(), message).related(first.span(), "read here"));
        return;
    }
}

/// The lock, and its place, of `*place.lock().unwrap()`.
fn through<'a>(place: Node<'a>) -> Option<(Node<'a>, Node<'a>)> {
    if place.kind() != Kind::UnaryExpression || operator(place) != "*" && !place.text().starts_with('*') {
        return None;
    }
    let mut at = bare(place.last_named()?);
    loop {
        if let Some((_, of)) = locked(at) {
            return Some((at, of));
        }
        at = match at.kind() {
            Kind::TryExpression | Kind::AwaitExpression => at.first_named()?,
            _ => match method(at)? {
                (of, m) if matches!(m.text(), "unwrap" | "expect" | "unwrap_or_else") => of,
                _ => return None,
            },
        };
    }
}
