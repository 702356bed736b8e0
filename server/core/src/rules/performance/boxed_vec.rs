use sidenote_grammars::{Family, Field, Kind};

use crate::findings::{Category, Confidence, Note, Severity};
use crate::rules::rust_types::Ty;
use crate::rules::{Case, Check, Cx, Docs, Rule};
use crate::syntax::Node;

pub static RULE: Rule = Rule {
    id: "boxed-vec",
    summary: "something that owns memory elsewhere is boxed once more",
    category: Category::Performance,
    severity: Severity::Low,
    confidence: Confidence::High,
    cwe: &[],
    families: &[Family::Rust],
    default_on: true,
    in_tests: false,
    docs: Docs {
        what: "Finds the types `Box<Vec<T>>`, `Box<String>`, `Box<HashMap<..>>` and the like, `Rc<String>` and `Arc<String>`, and `Vec<Box<T>>` of numbers.",
        why: "A vector or string is a pointer already. Another box takes memory of its own and makes every access follow two pointers.",
        example: "struct Page {\n    lines: Box<Vec<String>>,\n}",
        instead: "struct Page {\n    lines: Vec<String>,\n}",
        limits: "`Option<Box<Vec<T>>>` and boxes in enums keep a rare value small and are meant. `Rc<Vec<T>>` and `Arc<Vec<T>>` can be made without a copy and are left alone.",
        fix: "",
    },
    checks: &[Check::Nodes(&[Kind::GenericType], check)],
    cases: &[
        Case::bad("a.rs", "struct A { lines: Box<Vec<String>> } //~ boxed-vec"),
        Case::bad("a.rs", "fn f(s: Box<String>) {} //~ boxed-vec"),
        Case::bad("a.rs", "type Shared = Rc<String>; //~ boxed-vec"),
        Case::bad("a.rs", "fn f() -> Box<HashMap<u8, u8>> { make() } //~ boxed-vec"),
        Case::bad("a.rs", "struct A { name: Arc<String> } //~ boxed-vec"),
        Case::bad("a.rs", "struct A { all: Vec<Box<Vec<u8>>> } //~ boxed-vec"),
        Case::bad("a.rs", "fn f() { let x: Box<VecDeque<u8>> = make(); go(x); } //~ boxed-vec"),
        Case::bad("a.rs", "struct A { name: std::rc::Rc<std::string::String> } //~ boxed-vec"),
        Case::good("a.rs", "struct A { lines: Vec<String> }"),
        Case::good("a.rs", "struct A { name: Rc<str> }"),
        Case::good("a.rs", "struct A { f: Box<dyn Fn()> }"),
        Case::good("a.rs", "struct A { rare: Option<Box<Vec<u8>>> }"),
        Case::good("a.rs", "enum A { Many(Box<Vec<u8>>), One(u8) }"),
        Case::good("a.rs", "struct A { all: Arc<Vec<u8>> }"),
        Case::good("a.rs", "struct A { x: Box<[u8]> }"),
        Case::good("a.rs", "struct A { x: Box<Node> }"),
        Case::near_miss("a.rs", "struct String2(u8);\nstruct A { x: Box<String2> }"),
        Case::near_miss("a.rs", "struct A { x: Arc<Mutex<Vec<u8>>> }"),
        Case::near_miss("a.rs", "struct A { x: Rc<RefCell<String>> }"),
        Case::near_miss("a.rs", "impl From<Box<String>> for A { fn from(b: u8) -> A { A } }"),
        Case::bad("a.rs", "struct A { many: Vec<Box<u64>> } //~ boxed-vec"),
        Case::bad("a.rs", "fn f() -> Vec<Box<String>> { Vec::new() } //~ boxed-vec"),
        Case::good("a.rs", "struct A { many: Vec<Box<dyn Fn()>>, nodes: Vec<Box<Node>>, texts: Vec<Box<str>> }"),
        Case::near_miss("a.rs", "struct A { rows: Vec<Box<[u8]>>, wide: Vec<Box<T>> }"),
    ],
};

fn check<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    let ty = Ty::parse(node.text());
    let inner = ty.arg();
    let boxed = match ty.name {
        "Box" => matches!(
            inner.name,
            "Vec" | "String" | "HashMap" | "HashSet" | "VecDeque" | "BTreeMap" | "BTreeSet" | "PathBuf" | "BinaryHeap"
        ),
        "Rc" => matches!(inner.name, "String" | "PathBuf"),
        "Arc" => matches!(inner.name, "String"),
        _ => false,
    };
    // Elements of one size need no box of their own.
    let content = inner.arg();
    let elements = matches!(ty.name, "Vec" | "VecDeque")
        && inner.name == "Box"
        && inner.args.len() == 1
        && content.refs == 0
        && (content.is_integer() || content.is_float() || matches!(content.name, "bool" | "char"));
    if !(boxed || elements) || inner.refs > 0 || ty.args.len() != 1 {
        return;
    }
    let meant = node.ancestors().any(|a| match a.kind() {
        Kind::GenericType => Ty::parse(a.text()).name == "Option",
        Kind::EnumVariant | Kind::WhereClause | Kind::TraitBounds => true,
        // Implementations for a type say nothing about its use.
        Kind::ImplItem => {
            node.field() == Field::Type || node.span().start < a.child(Field::Body).map_or(0, |b| b.span().start)
        }
        _ => false,
    });
    let declared =
        cx.file.declared.rust.types.contains_key(inner.name) || cx.file.declared.rust.types.contains_key(ty.name);
    if meant || declared {
        return;
    }
    if elements {
        let message = format!(
            "Every element of `{}` takes memory of its own and is one more pointer to follow. `{}<{}>` keeps them side by side.",
            node.text(),
            ty.name,
            content.name
        );
        cx.report(Note::new(cx.rule, node.span(), message));
        return;
    }
    let instead = match (ty.name, inner.name) {
        ("Box", name) => format!("`{name}` alone"),
        (outer, "String") => format!("`{outer}<str>`"),
        (outer, _) => format!("`{outer}<Path>`"),
    };
    let mut note = Note::new(
        cx.rule,
        node.span(),
        format!(
            "`{}` points to its content already: the `{}` around it is a second pointer to follow. Use {instead}.",
            inner.name, ty.name
        ),
    );
    if ty.name != "Box" {
        note = note.severity(Severity::Info);
    }
    cx.report(note);
}
