use sidenote_grammars::{Family, Field, Kind};

use crate::findings::{Category, Confidence, Note, Severity};
use crate::rules::shape::{mentions, parameters};
use crate::rules::support::{args, enclosing_function, method};
use crate::rules::{Case, Check, Cx, Docs, Rule};
use crate::syntax::Node;

pub static RULE: Rule = Rule {
    id: "nested-subscription",
    summary: "a subscription inside of another one",
    category: Category::Quality,
    severity: Severity::Low,
    confidence: Confidence::High,
    cwe: &[1121],
    families: &[Family::Ecma],
    default_on: true,
    in_tests: false,
    docs: Docs {
        what: "Finds `.subscribe(..)` in the callback of another `.subscribe(..)`, of what depends on the value that came, in files that use RxJS.",
        why: "When the outer observable gives its next value the inner subscription of the one before lives on: answers overtake each other, errors of the inner one are seen by nobody outside, and unsubscribing ends the outer one alone.",
        example: "this.user$.subscribe((user) => {\n  this.api.posts(user.id).subscribe((posts) => (this.posts = posts));\n});",
        instead: "this.user$.pipe(switchMap((user) => this.api.posts(user.id))).subscribe((posts) => (this.posts = posts));",
        limits: "Subscriptions to something that has nothing to do with the value, and those that are kept or handed on, are left alone.",
        fix: "",
    },
    checks: &[Check::Nodes(&[Kind::CallExpression], check)],
    cases: &[
        Case::bad(
            "a.ts",
            "import { Observable } from 'rxjs';\nclass C { go() { this.user$.subscribe((u) => { this.api.posts(u.id).subscribe((p) => { this.p = p; }); }); } } //~ nested-subscription",
        ),
        Case::bad(
            "a.ts",
            "import { Component } from '@angular/core';\nclass C { ngOnInit() { this.route.params.subscribe((params) => { this.api.get(params.id).subscribe((r) => (this.r = r)); }); } } //~ nested-subscription",
        ),
        Case::bad(
            "a.ts",
            "import { of } from 'rxjs';\nof(1).subscribe((n) => load(n).subscribe(show)); //~ nested-subscription",
        ),
        Case::bad(
            "a.ts",
            "import { map } from 'rxjs/operators';\na$.subscribe({ next: (v) => { b(v).subscribe(show); } }); //~ nested-subscription",
        ),
        Case::bad(
            "a.ts",
            "import { Component } from '@angular/core';\nclass C { save() { this.api.save(this.x).subscribe(r => { if (r.ok) { this.api.load(r.id).subscribe(y => { this.y = y; }); } }); } } //~ nested-subscription",
        ),
        Case::bad(
            "a.ts",
            "import { from } from 'rxjs';\nfrom(xs).subscribe(function (x) { send(x).pipe(retry(2)).subscribe(); }); //~ nested-subscription",
        ),
        Case::bad(
            "a.ts",
            "import { Subject } from 'rxjs';\nq$.pipe(debounceTime(1)).subscribe((q) => { search(q).subscribe((r) => show(r)); }); //~ nested-subscription",
        ),
        Case::bad(
            "a.js",
            "import { fromEvent } from 'rxjs';\nfromEvent(el, 'click').subscribe((e) => { save(e.target.value).subscribe(done); }); //~ nested-subscription",
        ),
        Case::good(
            "a.ts",
            "import { switchMap } from 'rxjs';\nuser$.pipe(switchMap((u) => posts(u.id))).subscribe(show);",
        ),
        Case::good("a.ts", "import { of } from 'rxjs';\na$.subscribe(show); b$.subscribe(show);"),
        Case::good("a.js", "store.subscribe((s) => { other(s).subscribe(show); });"),
        Case::good("a.ts", "import { of } from 'rxjs';\na$.subscribe((v) => { this.sub = b(v).subscribe(show); });"),
        Case::good("a.ts", "import { of } from 'rxjs';\na$.subscribe((v) => { b$.subscribe(show); });"),
        Case::good("a.ts", "import { of } from 'rxjs';\na$.subscribe((v) => { show(v); });"),
        Case::good("a.ts", "import { of } from 'rxjs';\na$.subscribe((v) => { later(() => b(v)); });"),
        Case::good("a.ts", "import { of } from 'rxjs';\nnew Observable((o) => { b(o).subscribe(o); });"),
        Case::near_miss(
            "a.ts",
            "import { of } from 'rxjs';\na$.subscribe((v) => { this.subs.add(b(v).subscribe(show)); });",
        ),
        Case::near_miss("a.ts", "import { of } from 'rxjs';\na$.subscribe((v) => { return b(v).subscribe(show); });"),
        Case::near_miss(
            "a.ts",
            "import { of } from 'rxjs';\na$.subscribe((v) => { const s = b(v).subscribe(show); keep(s); });",
        ),
        Case::near_miss("a.ts", "import { of } from 'rxjs';\na$.subscribe((v) => { xs.subscribe; b(v); });"),
    ],
};

fn check<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    let Some((of, name)) = method(node).filter(|(_, m)| m.text() == "subscribe") else { return };
    let reactive = cx.file.imports.iter().any(|(_, p)| p.starts_with("rxjs") || p.starts_with("@angular/"));
    // Nobody keeps it.
    let dropped =
        node.parent().is_some_and(|p| p.kind() == Kind::ExpressionStatement || p.kind() == Kind::ArrowFunction);
    if !reactive || !dropped {
        return;
    }
    let Some(callback) = enclosing_function(node) else { return };
    // `subscribe(f)` or `subscribe({ next: f })`
    let holder = callback.parent().filter(|p| p.kind() == Kind::Pair).and_then(|p| p.parent());
    let next = callback
        .parent()
        .is_none_or(|p| p.kind() != Kind::Pair || p.child(Field::Key).is_some_and(|k| k.text() == "next"));
    let given = holder.unwrap_or(callback);
    let outer = given.parent().filter(|p| p.kind() == Kind::Arguments).and_then(|p| p.parent());
    let subscribes = outer.and_then(method).is_some_and(|(_, m)| m.text() == "subscribe");
    let first = outer.is_some_and(|o| args(o).next() == Some(given));
    let depends = parameters(callback).first().is_some_and(|p| names(*p).iter().any(|n| mentions(of, n)));
    if subscribes && first && next && depends {
        let message = "Each value of the outer observable adds another subscription, and the ones before live on. Use `switchMap`, `concatMap` or `mergeMap`, and subscribe once.";
        cx.report(Note::new(cx.rule, name.span(), message));
    }
}

/// The names that a parameter binds.
fn names<'a>(pattern: Node<'a>) -> Vec<&'a str> {
    std::iter::once(pattern)
        .chain(pattern.descendants())
        .filter(|n| matches!(n.kind(), Kind::Identifier | Kind::ShorthandPropertyIdentifierPattern))
        .map(Node::text)
        .collect()
}
