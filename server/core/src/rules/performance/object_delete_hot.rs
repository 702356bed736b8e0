use sidenote_grammars::{Family, Field, Kind};

use crate::findings::{Category, Confidence, Note, Severity};
use crate::rules::shape::operator;
use crate::rules::support::{args, enclosing_function, enclosing_loop, method};
use crate::rules::{Case, Check, Cx, Docs, Rule};
use crate::syntax::Node;

pub static RULE: Rule = Rule {
    id: "object-delete-hot",
    summary: "`delete` of a fixed property in a loop",
    category: Category::Performance,
    severity: Severity::Low,
    confidence: Confidence::Medium,
    cwe: &[1176],
    families: &[Family::Ecma],
    default_on: false,
    in_tests: false,
    docs: Docs {
        what: "Finds `delete item.field`, of a property that is named in the code, in a loop or in the callback \
               of `forEach` or `map`.",
        why: "An object that loses a property leaves the fast, compiled shape that it shares with its kin: \
               every later access to it is a look-up in a table, in all of the program.",
        example: "for (const user of users) { delete user.password; }",
        instead: "const shown = users.map(({ password, ...user }) => user);",
        limits: "Computed keys (`delete cache[key]`) are a dictionary's work, where a `Map` does better but \
               nothing is lost. Off by default: only a profile tells whether the objects are hot.",
        fix: "",
    },
    checks: &[Check::Nodes(&[Kind::UnaryExpression], check)],
    cases: &[
        Case::bad("a.js", "for (const u of users) { delete u.password; } //~ object-delete-hot"),
        Case::bad("a.js", "users.forEach((u) => { delete u.token; }); //~ object-delete-hot"),
        Case::bad("a.js", "for (let i = 0; i < n; i++) { delete rows[i].tmp; } //~ object-delete-hot"),
        Case::bad("a.js", "const out = users.map((u) => { delete u.password; return u; }); //~ object-delete-hot"),
        Case::bad("a.js", "while (node) { delete node.parent; node = node.next; } //~ object-delete-hot"),
        Case::bad("a.ts", "for (const u of users) { delete (u as any).secret; } //~ object-delete-hot"),
        Case::bad("a.js", "for (const u of users) { if (u.old) { delete u['name']; } } //~ object-delete-hot"),
        Case::bad("a.js", "for await (const u of rows) delete u.__v; //~ object-delete-hot"),
        Case::good("a.js", "delete user.password;"),
        Case::good("a.js", "for (const k of keys) { delete cache[k]; }"),
        Case::good("a.js", "for (const u of users) { u.password = undefined; }"),
        Case::good("a.js", "for (const u of users) { map.delete(u.id); }"),
        Case::good("a.js", "const { a, ...rest } = o;"),
        Case::good("a.js", "function f(o) { delete o.x; }"),
        Case::good("a.js", "for (const k in o) { delete o[k]; }"),
        Case::good("a.js", "xs.on('end', () => { delete state.x; });"),
        Case::near_miss("a.js", "for (const u of users) { later(() => { delete u.x; }); }"),
        Case::near_miss("a.js", "for (const u of users) { !u.password; }"),
        Case::near_miss("a.js", "for (const k of ks) { delete process.env[k]; }"),
        Case::near_miss("a.js", "for (const f of fs) { delete require.cache.x; }"),
    ],
};

fn check<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    if operator(node) != "delete" && !node.has_token("delete") {
        return;
    }
    let Some(place) = node.child(Field::Argument).map(crate::rules::support::bare) else { return };
    let named = match place.kind() {
        Kind::MemberExpression => true,
        Kind::SubscriptExpression => place.child(Field::Index).is_some_and(|i| i.kind() == Kind::String),
        _ => false,
    };
    let text = place.text();
    if !named || text.starts_with("process.env") || text.starts_with("require.cache") {
        return;
    }
    let again = enclosing_loop(node).is_some()
        || enclosing_function(node).and_then(|f| f.parent()).and_then(|p| p.parent()).is_some_and(|call| {
            args(call).next().is_some() && method(call).is_some_and(|(_, m)| matches!(m.text(), "forEach" | "map"))
        });
    if again {
        let message = format!(
            "`delete {text}` turns each of these objects into a slow dictionary. Build the object without the property, or set it to `undefined`."
        );
        cx.report(Note::new(cx.rule, node.span(), message));
    }
}
