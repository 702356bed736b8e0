use sidenote_grammars::{Family, Field, Kind};

use crate::rules::{Case, Check, Cx, Docs, Rule};
use crate::syntax::Node;

use crate::findings::{Category, Confidence, Note, Severity};

pub static RULE: Rule = Rule {
    id: "parent-cycle",
    summary: "parent and child keep each other alive",
    category: Category::Quality,
    severity: Severity::Medium,
    confidence: Confidence::High,
    cwe: &[401],
    families: &[Family::Rust],
    default_on: true,
    in_tests: false,
    docs: Docs {
        what: "Finds structs with a field `parent` (or `owner`, `prev`) of type `Rc<..>` or `Arc<..>` of the struct itself, beside one that holds children (or `next`) the same way.",
        why: "Counted references that form a circle are never freed: the memory of every tree that is dropped stays.",
        example: "struct Node {\n    parent: Option<Rc<RefCell<Node>>>,\n    children: Vec<Rc<RefCell<Node>>>,\n}",
        instead: "struct Node {\n    parent: Option<Weak<RefCell<Node>>>,\n    children: Vec<Rc<RefCell<Node>>>,\n}",
        limits: "Structs that refer to their parents alone form no circle.",
        fix: "",
    },
    checks: &[Check::Nodes(&[Kind::StructItem], check)],
    cases: &[
        Case::bad(
            "a.rs",
            "struct Node {\n parent: Option<Rc<RefCell<Node>>>, //~ parent-cycle\n children: Vec<Rc<RefCell<Node>>> }",
        ),
        Case::bad(
            "a.rs",
            "pub struct T {\n pub parent: Option<Arc<Mutex<T>>>, //~ parent-cycle\n pub kids: Vec<Arc<Mutex<T>>> }",
        ),
        Case::bad(
            "a.rs",
            "struct N<K> { key: K, left: Option<Rc<RefCell<N<K>>>>, right: Option<Rc<RefCell<N<K>>>>,\n parent: Option<Rc<RefCell<N<K>>>> } //~ parent-cycle",
        ),
        Case::bad("a.rs", "struct L { next: Option<Rc<RefCell<L>>>,\n prev: Option<Rc<RefCell<L>>> } //~ parent-cycle"),
        Case::bad(
            "a.rs",
            "struct Dir { entries: HashMap<String, Rc<RefCell<Dir>>>,\n parent: Option<Rc<RefCell<Self>>> } //~ parent-cycle",
        ),
        Case::bad(
            "a.rs",
            "struct E { children: RefCell<Vec<Rc<E>>>,\n parent: RefCell<Option<Rc<E>>> } //~ parent-cycle",
        ),
        Case::bad(
            "a.rs",
            "struct W {\n owner: Option<Rc<RefCell<W>>>, //~ parent-cycle\n children: Vec<Rc<RefCell<W>>> }",
        ),
        Case::bad(
            "a.rs",
            "struct T {\n parent: Option<std::rc::Rc<RefCell<T>>>, //~ parent-cycle\n children: Vec<std::rc::Rc<RefCell<T>>> }",
        ),
        Case::good("a.rs", "struct Node { parent: Option<Weak<RefCell<Node>>>, children: Vec<Rc<RefCell<Node>>> }"),
        Case::good("a.rs", "struct Env { parent: Option<Rc<RefCell<Env>>>, values: HashMap<String, V> }"),
        Case::good("a.rs", "struct Node { next: Option<Rc<Node>>, value: u8 }"),
        Case::good("a.rs", "struct Node { parent: Option<usize>, children: Vec<usize> }"),
        Case::good("a.rs", "struct Node { parent: Option<Box<Node>>, children: Vec<Rc<Node>> }"),
        Case::good("a.rs", "struct Node { parent: Rc<Tree>, children: Vec<Rc<Node>> }"),
        Case::good("a.rs", "struct Node { left: Option<Rc<Node>>, right: Option<Rc<Node>> }"),
        Case::good("a.rs", "struct Span { parent: Option<Arc<Span>>, links: Vec<u64> }"),
        Case::near_miss("a.rs", "struct Node { parent: Weak<Node>, children: Vec<Rc<Node>>, root: Option<u8> }"),
        Case::near_miss("a.rs", "struct Scope { parent: Option<Rc<Scope>>, children: Vec<ScopeId> }"),
        Case::near_miss("a.rs", "struct Scope { parent: Option<Rc<Scope>>, functions: Vec<Rc<Function>> }"),
        Case::near_miss("a.rs", "struct Node { parent: *const Node, children: Vec<Rc<Node>> }"),
    ],
};

fn check<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    let (Some(name), Some(body)) = (node.child(Field::Name), node.child(Field::Body)) else { return };
    let fields = body.named_children().filter(|f| f.kind() == Kind::FieldDeclaration);
    let (mut up, mut down) = (None, false);
    for field in fields {
        let (Some(own), Some(ty)) = (field.child(Field::Name), field.child(Field::Type)) else { continue };
        if !keeps(ty, name.text()) {
            continue;
        }
        match own.text() {
            "parent" | "owner" | "prev" | "previous" => up = Some(field),
            "children" | "kids" | "child" | "next" | "left" | "right" | "entries" | "nodes" | "first_child"
            | "head" => down = true,
            _ => {}
        }
    }
    if let Some(field) = up.filter(|_| down) {
        let message = format!(
            "`{}` and what it keeps below keep each other alive, and are never freed. Refer upwards with `Weak`.",
            name.text()
        );
        cx.report(Note::new(cx.rule, field.span(), message));
    }
}

/// Whether a type holds a counted reference to a struct.
fn keeps(ty: Node<'_>, name: &str) -> bool {
    ty.descendants().chain([ty]).any(|n| {
        let counted = n.kind() == Kind::GenericType
            && n.child(Field::Type).is_some_and(|t| matches!(t.text().rsplit("::").next(), Some("Rc" | "Arc")));
        counted && n.descendants().any(|m| m.kind() == Kind::TypeIdentifier && (m.text() == name || m.text() == "Self"))
    })
}
