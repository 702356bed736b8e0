use sidenote_grammars::{Family, Field, Kind};

use crate::findings::{Category, Confidence, Note, Severity};
use crate::rules::rust_code::{expression, head, plain_method, statements};
use crate::rules::rust_types::type_of;
use crate::rules::shape::{is_explained, only_reads};
use crate::rules::support::{args, method};
use crate::rules::{Case, Check, Cx, Docs, Rule};
use crate::syntax::Node;

pub static RULE: Rule = Rule {
    id: "extend-with-loop",
    summary: "elements are pushed one by one where `extend` takes them all",
    category: Category::Performance,
    severity: Severity::Low,
    confidence: Confidence::High,
    cwe: &[],
    families: &[Family::Rust],
    default_on: true,
    in_tests: false,
    docs: Docs {
        what: "Finds `for x in xs { v.push(x); }` on vectors, strings and other collections of the standard library, also with `insert` and with a clone or copy of the element.",
        why: "`extend` knows how many elements come and takes the memory once; each `push` checks whether there is room and may move everything.",
        example: "for line in lines {\n    out.push(line);\n}",
        instead: "out.extend(lines);",
        limits: "Only where the type of the collection is told by the source and the body does nothing else. Loops with labels, conditions or computed elements are left alone.",
        fix: "The loop becomes `v.extend(xs)`, which pushes the same elements in the same order.",
    },
    checks: &[Check::Nodes(&[Kind::ForExpression], check)],
    cases: &[
        Case::bad(
            "a.rs",
            "fn f(lines: Vec<String>) -> Vec<String> {\n    let mut out = Vec::new();\n    for line in lines { out.push(line); } //~ extend-with-loop\n    out\n}",
        ),
        Case::bad(
            "a.rs",
            "fn f(out: &mut Vec<u8>, xs: &[u8]) {\n    for x in xs {\n        out.push(*x);\n    }\n    //~^^^ extend-with-loop\n}",
        ),
        Case::bad(
            "a.rs",
            "fn f(out: &mut Vec<String>, xs: &[String]) { for x in xs.iter() { out.push(x.clone()); } } //~ extend-with-loop",
        ),
        Case::bad(
            "a.rs",
            "struct A { all: Vec<Item> }\nimpl A { fn add(&mut self, items: Vec<Item>) { for item in items { self.all.push(item); } } } //~ extend-with-loop",
        ),
        Case::bad("a.rs", "fn f(s: &mut String, t: &str) { for c in t.chars() { s.push(c) } } //~ extend-with-loop"),
        Case::bad(
            "a.rs",
            "fn f(ids: &[u32]) -> HashSet<u32> { let mut set = HashSet::new(); for &id in ids { set.insert(id); } set } //~ extend-with-loop",
        ),
        Case::bad(
            "a.rs",
            "fn f(a: HashMap<u8, u8>, b: &mut HashMap<u8, u8>) { for (k, v) in a { b.insert(k, v); } } //~ extend-with-loop",
        ),
        Case::bad(
            "a.rs",
            "fn f(n: usize) -> Vec<usize> { let mut v = vec![]; for i in 0..n { v.push(i); } v } //~ extend-with-loop",
        ),
        Case::bad(
            "a.rs",
            "fn f(q: &mut VecDeque<u8>, xs: Vec<u8>) { for x in xs { q.push_back(x); } } //~ extend-with-loop",
        ),
        Case::good("a.rs", "fn f(out: &mut Vec<u8>, xs: &[u8]) { out.extend_from_slice(xs); }"),
        Case::good("a.rs", "fn f(out: &mut Vec<u8>, xs: &[u8]) { for x in xs { if *x > 1 { out.push(*x); } } }"),
        Case::good("a.rs", "fn f(out: &mut Vec<u8>, xs: &[u8]) { for x in xs { out.push(x + 1); } }"),
        Case::good("a.rs", "fn f(out: &mut Vec<u8>, xs: &[u8]) { for x in xs { out.push(*x); log(x); } }"),
        Case::good("a.rs", "fn f(out: &mut Vec<Vec<u8>>, y: Vec<u8>) { for _ in 0..3 { out.push(y.clone()); } }"),
        Case::good(
            "a.rs",
            "fn f(out: &mut Vec<u8>, xs: &[u8]) { for (i, x) in xs.iter().enumerate() { out.push(*x); } }",
        ),
        Case::good("a.rs", "async fn f(out: &mut Vec<u8>, xs: Vec<Fut>) { for x in xs { out.push(x.await); } }"),
        Case::good("a.rs", "fn f(out: &mut Vec<u8>, xs: Vec<u8>) { out.extend(xs); }"),
        Case::near_miss("a.rs", "fn f(ui: &mut Menu, items: Vec<Item>) { for item in items { ui.push(item); } }"),
        Case::near_miss("a.rs", "fn f(out: &mut Vec<u8>, xs: Vec<u8>, y: u8) { for x in xs { out.push(y); } }"),
        Case::near_miss("a.rs", "fn f(m: &mut Matrix, xs: Vec<Vec<u8>>) { for x in xs { m.rows.push(x); } }"),
        Case::near_miss(
            "a.rs",
            "fn f(v: &mut Vec<Vec<u8>>, i: usize, xs: Vec<u8>) { for x in xs { v[x as usize].push(x); } }",
        ),
        Case::near_miss(
            "a.rs",
            "fn f(a: Vec<(u8, u8)>, b: &mut HashMap<u8, u8>) { for (k, v) in a { b.insert(v, k); } }",
        ),
    ],
};

fn check<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    let (Some(pattern), Some(over), Some(body)) =
        (node.child(Field::Pattern), node.child(Field::Value), node.child(Field::Body))
    else {
        return;
    };
    let [only] = statements(body)[..] else { return };
    let call = expression(only);
    let Some((to, name)) = method(call) else { return };
    let Some(ty) = type_of(to, cx) else { return };
    let fits = match name.text() {
        "push" => matches!(ty.name, "Vec" | "String" | "BinaryHeap" | "PathBuf"),
        "push_back" => matches!(ty.name, "VecDeque" | "LinkedList"),
        "insert" => matches!(ty.name, "HashSet" | "BTreeSet" | "HashMap" | "BTreeMap"),
        _ => false,
    };
    // A place that changes from round to round is another one each time.
    let moves = to.descendants().any(|n| matches!(n.kind(), Kind::IndexExpression | Kind::CallExpression));
    if !fits || moves || !only_reads(to) || node.child_of_kind(Kind::Label).is_some() || is_explained(body) {
        return;
    }
    let elements: Vec<Node<'a>> = args(call).collect();
    let how = match (pattern.kind(), elements.as_slice()) {
        (Kind::TuplePattern, [k, v]) => {
            let names: Vec<&str> = pattern.named_children().map(Node::text).collect();
            if names != [k.text(), v.text()] {
                return;
            }
            ""
        }
        (_, [element]) => match taken(pattern, *element) {
            Some(how) => how,
            None => return,
        },
        _ => return,
    };
    // A method binds more closely than `&` and `..`.
    let source = match over.kind() {
        _ if how.is_empty() => over.text().to_owned(),
        Kind::ReferenceExpression => over.child(Field::Value).map_or("", Node::text).to_owned() + ".iter()",
        Kind::CallExpression | Kind::Identifier | Kind::FieldExpression => over.text().to_owned(),
        _ => format!("({})", over.text()),
    };
    let message = format!("`extend` takes all elements at once: `{}.extend({source}{how})`.", to.text());
    let mut note = Note::new(cx.rule, head(node), message);
    let whole = node.parent().filter(|p| p.kind() == Kind::ExpressionStatement).unwrap_or(node);
    if how.is_empty() && pattern.kind() != Kind::ReferencePattern {
        note = note.safe_fix("Use `extend`", vec![(whole.span(), format!("{}.extend({source});", to.text()))]);
    }
    cx.report(note);
}

/// How the pushed value comes from the loop's element: as it is, or as a copy.
fn taken(pattern: Node<'_>, element: Node<'_>) -> Option<&'static str> {
    let inner = if pattern.kind() == Kind::ReferencePattern { pattern.last_named()? } else { pattern };
    if inner.kind() != Kind::Identifier {
        return None;
    }
    let name = inner.text();
    if element.text() == name {
        return Some(if pattern == inner { "" } else { ".copied()" });
    }
    let copies = element.kind() == Kind::UnaryExpression && element.text().strip_prefix('*') == Some(name);
    let clones = plain_method(element).is_some_and(|(of, m)| of.text() == name && matches!(m, "clone" | "to_owned"));
    (pattern == inner && (copies || clones)).then_some(if copies { ".copied()" } else { ".cloned()" })
}
