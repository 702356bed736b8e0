use sidenote_grammars::{Family, Field, Kind};

use crate::findings::{Category, Confidence, Note, Severity};
use crate::rules::rust_layout::size_of_type;
use crate::rules::rust_types::Ty;
use crate::rules::{Case, Check, Cx, Docs, Rule};
use crate::syntax::Node;

pub static RULE: Rule = Rule {
    id: "large-enum-variant",
    summary: "one variant makes every value of an enum large",
    category: Category::Performance,
    severity: Severity::Low,
    confidence: Confidence::Medium,
    cwe: &[],
    families: &[Family::Rust],
    default_on: true,
    in_tests: false,
    docs: Docs {
        what: "Finds enums of which one variant is larger than all others by 200 bytes or more.",
        why: "Every value takes the room of the largest variant. A vector of them is mostly empty, and each move copies all of it.",
        example: "enum Event {\n    Tick,\n    Frame([u8; 1024]),\n}",
        instead: "enum Event {\n    Tick,\n    Frame(Box<[u8; 1024]>),\n}",
        limits: "Sizes are computed from types of the standard library and of the same file; where one is not known the variant is taken for small if it is the largest, and nothing is said if another one is not known.",
        fix: "",
    },
    checks: &[Check::Nodes(&[Kind::EnumItem], check)],
    cases: &[
        Case::bad("a.rs", "enum Event { Tick, Frame([u8; 1024]) } //~ large-enum-variant"),
        Case::bad("a.rs", "enum A { Small(u8), Large { a: [u64; 30], b: String } } //~ large-enum-variant"),
        Case::bad("a.rs", "struct Big { rows: [u32; 100] }\nenum A { One(Box<u8>), Two(Big) } //~ large-enum-variant"),
        Case::bad(
            "a.rs",
            "enum A { Empty, Many(String, String, String, String, String, String, String, String, String) } //~ large-enum-variant",
        ),
        Case::bad("a.rs", "pub enum Slot { Free, Used(Option<[u8; 512]>) } //~ large-enum-variant"),
        Case::bad("a.rs", "const N: usize = 4096;\nenum Page { Swapped, Loaded([u8; N]) } //~ large-enum-variant"),
        Case::bad("a.rs", "enum A { X(u8, u16), Y([[f32; 16]; 16]) } //~ large-enum-variant"),
        Case::bad(
            "a.rs",
            "struct P { name: String, path: PathBuf, env: HashMap<String, String>, args: Vec<String>, a: String, b: String, c: String, d: String }\nenum J { Stop, Run(P) } //~ large-enum-variant",
        ),
        Case::good("a.rs", "enum Event { Tick, Frame(Box<[u8; 1024]>) }"),
        Case::good("a.rs", "enum A { X(u8), Y(String) }"),
        Case::good("a.rs", "enum A { X([u8; 1024]), Y([u8; 1000]) }"),
        Case::good("a.rs", "enum A { Only([u8; 1024]) }"),
        Case::good("a.rs", "struct A { x: [u8; 1024] }"),
        Case::good("a.rs", "enum A { X, Y, Z }"),
        Case::good("a.rs", "enum A { X(Vec<[u8; 1024]>), Y }"),
        Case::good("a.rs", "enum A<T> { X(T), Y(u8) }"),
        Case::near_miss("a.rs", "enum A { X(Unknown), Y([u8; 1024]) }"),
        Case::near_miss("a.rs", "enum A { X(&'static [u8; 1024]), Y }"),
        Case::near_miss("a.rs", "enum A { X(Arc<Big>), Y(Rc<Big>) }\nstruct Big { a: [u8; 2048] }"),
        Case::near_miss("a.rs", "enum A { X([u8; 150]), Y }"),
    ],
};

fn check<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    let Some(name) = node.child(Field::Name) else { return };
    let Some(item) = cx.file.declared.rust.types.get(name.text()) else { return };
    if item.variants.len() < 2 || item.generic {
        return;
    }
    let sizes: Vec<(u64, bool)> = item
        .variants
        .iter()
        .map(|(_, fields)| {
            let all = fields.iter().map(|f| size_of_type(&Ty::parse(f), cx));
            all.fold((0, true), |a, b| (a.0 + b.0, a.1 && b.1))
        })
        .collect();
    let Some((largest, size)) = sizes.iter().enumerate().map(|(i, s)| (i, s.0)).max_by_key(|s| s.1) else { return };
    let others = sizes.iter().enumerate().filter(|(i, _)| *i != largest);
    let (mut second, mut sure) = (0, true);
    for (_, (n, told)) in others {
        second = second.max(*n);
        sure &= *told;
    }
    if !sure || size < second + 200 {
        return;
    }
    let variants =
        node.child(Field::Body).into_iter().flat_map(Node::named_children).filter(|v| v.kind() == Kind::EnumVariant);
    let Some(variant) = variants.into_iter().nth(largest) else { return };
    let shown = variant.child(Field::Name).unwrap_or(variant);
    let message = format!(
        "`{}` takes {size} bytes or more, every other variant {second} at most, and each value takes the room of the largest. Box its content.",
        shown.text()
    );
    cx.report(Note::new(cx.rule, shown.span(), message));
}
