use sidenote_grammars::{Family, Field, Kind};

use crate::findings::{Category, Confidence, Note, Severity};
use crate::rules::shape::{callback, function, home};
use crate::rules::support::{args, bare, is_function, method};
use crate::rules::{Case, Check, Cx, Docs, Rule};
use crate::syntax::Node;

pub static RULE: Rule = Rule {
    id: "unchecked-find",
    summary: "what a search may not find is used as if it were there",
    category: Category::Quality,
    severity: Severity::Low,
    confidence: Confidence::Medium,
    cwe: &[476],
    families: &[Family::Ecma],
    default_on: false,
    in_tests: false,
    docs: Docs {
        what: "Finds `list.find(..).name`, also with `!`, and `text.match(..)[1]`, without `?.` and without a check.",
        why: "Where nothing is found the result is `undefined`, and the access throws a TypeError that says nothing of what was looked for.",
        example: "const price = items.find((i) => i.id === id).price;",
        instead: "const item = items.find((i) => i.id === id);\nif (!item) throw new Error(`no item ${id}`);\nconst price = item.price;",
        limits: "`map.get(key)!`, which says that the key is there, tests, a `has` or `some` of the same thing in the same function, literals that hold what is looked for, and searches inside a `try` are left alone.",
        fix: "",
    },
    checks: &[Check::Nodes(&[Kind::MemberExpression, Kind::SubscriptExpression], check)],
    cases: &[
        Case::bad("a.js", "function f(items, id) { return items.find((i) => i.id === id).price; } //~ unchecked-find"),
        Case::near_miss("a.ts", "function f(map: Map<string, Item>, k: string) { return map.get(k)!.price; }"),
        Case::bad(
            "a.ts",
            "const f = (xs: Item[], id: string) => xs.find((x) => x.id === id)!.name; //~ unchecked-find",
        ),
        Case::bad(
            "a.js",
            "function f(users, name) { users.find(function (u) { return u.name === name; }).login(); } //~ unchecked-find",
        ),
        Case::good("a.js", "function f(items, id) { return items.find((i) => i.id === id)?.price; }"),
        Case::good(
            "a.js",
            "function f(items, id) { const i = items.find((x) => x.id === id); return i ? i.price : 0; }",
        ),
        Case::good(
            "a.ts",
            "function f(map: Map<string, Item>, k: string) { if (!map.has(k)) return 0; return map.get(k)!.price; }",
        ),
        Case::good(
            "a.js",
            "function f(items, id) { if (items.some((i) => i.id === id)) { return items.find((i) => i.id === id).price; } }",
        ),
        Case::bad("a.ts", "export function f(s: string) { return s.match(/(\\d+)/)[1]; } //~ unchecked-find"),
        Case::good("a.ts", "export function f(s: string) { return s.match(/(\\d+)/)?.[1]; }"),
        Case::good("a.ts", "export function f(s: string) { return s.match(/^(\\d*)/)[1]; }"),
        Case::near_miss("a.js", "function f(db, id) { return db.find({ id }).sort(); }"),
        Case::near_miss("a.js", "function f(el) { return $(el).find('.x').length; }"),
        Case::near_miss("a.js", "function f(items, id) { return (items.find((i) => i.id === id) || items[0]).price; }"),
        Case::near_miss(
            "a.js",
            "function f(items, id) { try { return items.find((i) => i.id === id).price; } catch (e) { return 0; } }",
        ),
        Case::near_miss(
            "a.ts",
            "function f(map: Map<string, Item[]>, k: string, x: Item) { map.set(k, []); map.get(k)!.push(x); }",
        ),
        Case::near_miss(
            "a.js",
            "function f(text, all) {\n  if (text.match(/count:\\d+/)) {\n    return Number(text.match(/count:(\\d+)/)[1]) === all;\n  }\n  return false;\n}",
        ),
        Case::bad(
            "a.ts",
            "function name(us: User[], id: string) { return us.find((u) => u.id === id).name; } //~ unchecked-find",
        ),
        Case::bad(
            "a.ts",
            "const price = (xs: Item[], sku: string) => xs.find((x) => x.sku === sku).price; //~ unchecked-find",
        ),
        Case::bad("a.ts", "function year(text: string) { return text.match(/(\\d{4})-/)[1]; } //~ unchecked-find"),
        Case::bad(
            "a.ts",
            "class S { users: U[] = []; mail(id: string) { send(this.users.find((u) => u.id === id).email); } } //~ unchecked-find",
        ),
        Case::good("a.ts", "function name(us: User[], id: string) { return us.find((u) => u.id === id)?.name; }"),
        Case::good("a.ts", "function year(text: string) { const m = text.match(/(\\d{4})-/); return m ? m[1] : ''; }"),
    ],
};

fn check<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    if cx.family() != Family::Ecma || node.has_token("?.") || node.child_of_kind(Kind::OptionalChain).is_some() {
        return;
    }
    let Some(object) = node.child(Field::Object) else { return };
    let asserted = object.kind() == Kind::NonNullExpression;
    let call = bare(object);
    // `(a || b).c` has a fallback.
    let Some((of, name)) = method(call) else { return };
    let what = match name.text() {
        "find" | "findLast" => {
            let Some(callback) = callback(call, 0, cx).filter(|_| args(call).count() == 1) else { return };
            if function(callback, cx).is_none() && !is_function(callback) {
                return;
            }
            "find"
        }
        // `text.match(/../)[1]`, of a pattern without `g`.
        "match" if !asserted && args(call).count() == 1 => {
            let pattern = args(call).next().map(bare).filter(|p| p.kind() == Kind::Regex);
            let once = pattern.and_then(|p| p.text().rsplit('/').next()).is_some_and(|flags| !flags.contains('g'));
            // A pattern that matches every text, and one that was asked before.
            if !once || pattern.is_some_and(|p| matches_all(p.text())) || tested_before(call, pattern) {
                return;
            }
            "match"
        }
        _ => return,
    };
    // Promises and wrappers answer with something of their own.
    // An element of what was found is another matter: `find(..)[0]`.
    if node.kind() == Kind::SubscriptExpression && what != "match"
        || node.kind() == Kind::MemberExpression
            && what == "match"
            && node.child(Field::Property).is_none_or(|p| p.text() != "groups")
    {
        return;
    }
    let chained =
        node.child(Field::Property).is_some_and(|p| matches!(p.text(), "then" | "catch" | "value" | "exec" | "exists"));
    let fixed = bare(of).kind() == Kind::Array || of.text().chars().all(|c| c.is_ascii_uppercase() || c == '_');
    let guarded = node.ancestors().take_while(|a| !is_function(*a)).any(|a| a.kind() == Kind::TryStatement);
    if chained || fixed || guarded || looked_up_before(call, of) {
        return;
    }
    let message = match what {
        "find" => {
            "`find` gives `undefined` for what is not there, and this access throws then. Ask first, or use `?.`."
        }
        _ => "`match` gives `null` for a text that does not fit, and this access throws then. Ask first, or use `?.`.",
    };
    let mut span = name.span();
    span.end = node.span().end;
    cx.report(Note::new(cx.rule, span, message));
}

/// Whether a pattern fits the empty text as well, as far as is plain: all of it is optional.
fn matches_all(pattern: &str) -> bool {
    pattern.ends_with("*/") || pattern.ends_with("?/") || pattern.ends_with("*)/") || pattern.ends_with("*)$/")
}

/// Whether the function names the pattern elsewhere, or asks with another one first.
fn tested_before(call: Node<'_>, pattern: Option<Node<'_>>) -> bool {
    let text = pattern.map_or("", Node::text);
    // `if (text.match(/a:\d/)) { text.match(/a:(\d)/)[1] }`
    let subject = method(call).map_or("", |(of, _)| of.text());
    let guarded = call.ancestors().filter_map(|a| a.child(Field::Condition)).any(|condition| {
        !condition.span().contains(call.span())
            && std::iter::once(condition).chain(condition.descendants()).any(|n| {
                method(n).is_some_and(|(of, m)| {
                    matches!(m.text(), "match" | "search" | "includes" | "startsWith" | "endsWith")
                        && of.text() == subject
                })
            })
    });
    if guarded {
        return true;
    }
    home(call).descendants().any(|n| {
        n.kind() == Kind::Regex && n.text() == text && Some(n) != pattern
            || method(n).is_some_and(|(_, m)| matches!(m.text(), "test" | "exec")) && n.span().start < call.span().start
    })
}

/// Whether the function asks the same collection somewhere whether it holds something, or puts something in.
fn looked_up_before(call: Node<'_>, of: Node<'_>) -> bool {
    home(call).descendants().any(|n| {
        n != call
            && method(n).is_some_and(|(r, m)| {
                r.text() == of.text()
                    && matches!(
                        m.text(),
                        "has"
                            | "set"
                            | "some"
                            | "includes"
                            | "find"
                            | "findIndex"
                            | "get"
                            | "keys"
                            | "push"
                            | "forEach"
                    )
            })
    }) || home(call).descendants().any(|n| {
        n.kind() == Kind::ForInStatement && n.child(Field::Right).is_some_and(|r| r.text().contains(of.text()))
    })
}
