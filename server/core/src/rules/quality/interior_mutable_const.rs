use sidenote_grammars::{Family, Field, Kind};

use crate::findings::{Category, Confidence, Note, Severity};

use crate::rules::{Case, Check, Cx, Docs, Rule};
use crate::syntax::Node;

pub static RULE: Rule = Rule {
    id: "interior-mutable-const",
    summary: "a constant is copied where it is used, and its changes are lost",
    category: Category::Quality,
    severity: Severity::High,
    confidence: Confidence::High,
    cwe: &[662],
    families: &[Family::Rust],
    default_on: true,
    in_tests: false,
    docs: Docs {
        what: "Finds `const X: AtomicUsize = ..`, and the same with `Mutex`, `RwLock`, `Cell`, `RefCell`, `OnceCell`, `OnceLock` and `Once`.",
        why: "Every use of a `const` is a new copy of its value: `COUNTER.fetch_add(1, ..)` changes a copy that is dropped at once. `static` is one place for all.",
        example: "const COUNTER: AtomicUsize = AtomicUsize::new(0);",
        instead: "static COUNTER: AtomicUsize = AtomicUsize::new(0);",
        limits: "Constants that only serve to fill arrays (`[INIT; N]`) are named so, `INIT`, `EMPTY`, `NEW`, `ZERO`, and are left alone, as are those of traits and impls.",
        fix: "`const` becomes `static`.",
    },
    checks: &[Check::Nodes(&[Kind::ConstItem], check)],
    cases: &[
        Case::bad("a.rs", "const COUNTER: AtomicUsize = AtomicUsize::new(0); //~ interior-mutable-const"),
        Case::bad("a.rs", "const STATE: Mutex<u8> = Mutex::new(0); //~ interior-mutable-const"),
        Case::bad("a.rs", "pub const CACHE: RefCell<Vec<u8>> = RefCell::new(Vec::new()); //~ interior-mutable-const"),
        Case::bad(
            "a.rs",
            "fn f() { const N: std::sync::atomic::AtomicU32 = std::sync::atomic::AtomicU32::new(1); N.fetch_add(1, Relaxed); } //~ interior-mutable-const",
        ),
        Case::bad("a.rs", "const START: Once = Once::new(); //~ interior-mutable-const"),
        Case::bad("a.rs", "const CELL: Cell<u8> = Cell::new(1); //~ interior-mutable-const"),
        Case::bad("a.rs", "const CONFIG: OnceLock<String> = OnceLock::new(); //~ interior-mutable-const"),
        Case::bad("a.rs", "const FLAG: AtomicBool = AtomicBool::new(false); //~ interior-mutable-const"),
        Case::good("a.rs", "static COUNTER: AtomicUsize = AtomicUsize::new(0);"),
        Case::good("a.rs", "const N: usize = 3;"),
        Case::good("a.rs", "const INIT: AtomicU8 = AtomicU8::new(0);\nstatic ALL: [AtomicU8; 4] = [INIT; 4];"),
        Case::good("a.rs", "static STATE: Mutex<u8> = Mutex::new(0);"),
        Case::good("a.rs", "thread_local! { static C: Cell<u8> = const { Cell::new(1) }; }"),
        Case::good("a.rs", "const NAMES: &[&str] = &[\"a\"];"),
        Case::good("a.rs", "const ORDER: Ordering = Ordering::Relaxed;"),
        Case::good("a.rs", "const NONE: Option<u8> = None;"),
        Case::near_miss("a.rs", "trait A { const LOCK: Mutex<u8>; }"),
        Case::near_miss("a.rs", "const EMPTY_CELL: Cell<u8> = Cell::new(0);"),
        Case::near_miss("a.rs", "const SIZE: usize = std::mem::size_of::<AtomicUsize>();"),
        Case::near_miss("a.rs", "impl A { const ZERO: AtomicU8 = AtomicU8::new(0); }"),
        Case::near_miss("a.rs", "const F: fn() -> Mutex<u8> = make;"),
    ],
};

fn check<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    let (Some(name), Some(ty), Some(_)) = (node.child(Field::Name), node.child(Field::Type), node.child(Field::Value))
    else {
        return;
    };
    if node
        .parent()
        .is_some_and(|p| p.kind() == Kind::DeclarationList && p.parent().is_some_and(|i| i.kind() != Kind::ModItem))
    {
        return;
    }
    let ty = crate::rules::rust_types::Ty::parse(ty.text());
    let inner = ty.refs == 0
        && (matches!(
            ty.name,
            "Mutex"
                | "RwLock"
                | "Cell"
                | "RefCell"
                | "OnceCell"
                | "OnceLock"
                | "Once"
                | "UnsafeCell"
                | "LazyCell"
                | "LazyLock"
        ) || ty.name.strip_prefix("Atomic").is_some_and(|r| {
            matches!(
                r,
                "Bool" | "Ptr" | "Usize" | "Isize" | "U8" | "U16" | "U32" | "U64" | "I8" | "I16" | "I32" | "I64"
            )
        }));
    let words = crate::rules::support::words(name.text());
    let filler =
        words.iter().any(|w| matches!(w.as_str(), "init" | "empty" | "new" | "zero" | "none" | "default" | "uninit"));
    // `[NAME; 4]`
    let fills = cx.arena().text().contains(&format!("[{};", name.text()));
    if !inner || filler || fills {
        return;
    }
    let Some(word) = node.children().find(|c| c.text() == "const") else { return };
    let message = format!(
        "Every use of `{}` is a new copy: what one use stores, the next does not see. `static` makes it one place.",
        name.text()
    );
    let mut note = Note::new(cx.rule, name.span(), message);
    let shared = !matches!(ty.name, "Cell" | "RefCell" | "OnceCell" | "UnsafeCell" | "LazyCell");
    if shared {
        note = note.suggestion("Make it a static", vec![(word.span(), "static".to_owned())]);
    }
    cx.report(note);
}
