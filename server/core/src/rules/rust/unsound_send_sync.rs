use sidenote_grammars::{Family, Field, Kind};

use crate::findings::{Category, Confidence, Note, Severity};
use crate::rules::{Case, Check, Cx, Docs, Rule};
use crate::syntax::Node;

pub static RULE: Rule = Rule {
    id: "unsound-send-sync",
    summary: "`Send` or `Sync` is claimed for a generic type without asking it of the parameter",
    category: Category::Security,
    severity: Severity::High,
    confidence: Confidence::Medium,
    cwe: &[362, 820],
    families: &[Family::Rust],
    default_on: true,
    in_tests: false,
    docs: Docs {
        what: "Finds `unsafe impl<T> Send for X<T>` and `Sync` where nothing is asked of `T`, neither in the list of parameters nor in the `where` \
               clause, and such claims for types of the file that own an `Rc`, for `Sync` also a `Cell` or `RefCell`.",
        why: "The type then carries an `Rc` or a `Cell` to another thread, from safe code: a data race, which is undefined behaviour.",
        example: "unsafe impl<T> Send for Queue<T> {}",
        instead: "unsafe impl<T: Send> Send for Queue<T> {}",
        limits: "Parameters with a bound count as thought about, but for traits of the standard library that say nothing of threads (`Clone`, `FnOnce`). Types that do not own their parameter (`PhantomData`, function pointers) are right \
                 without one; where the file declares the type, its fields are looked at, and types that are not public stay silent.",
        fix: "The suggested fix adds the bound.",
    },
    checks: &[Check::Nodes(&[Kind::ImplItem], check)],
    cases: &[
        Case::bad(
            "a.rs",
            "pub struct Q<T> { head: *mut T }\nunsafe impl<T> Send for Q<T> {} //~ unsound-send-sync\n#[test]\nfn it_works() { assert!(true); }",
        ),
        Case::bad("a.rs", "pub struct Q<T> { head: *mut T }\nunsafe impl<T> Send for Q<T> {} //~ unsound-send-sync"),
        Case::bad("a.rs", "unsafe impl<T> Sync for Cell2<T> {} //~ unsound-send-sync"),
        Case::bad("a.rs", "unsafe impl<'a, T> Send for Guard<'a, T> {} //~ unsound-send-sync"),
        Case::bad("a.rs", "unsafe impl<K: Send, V> Send for Map<K, V> {} //~ unsound-send-sync"),
        Case::bad("a.rs", "unsafe impl<T> std::marker::Sync for Lock<T> {} //~ unsound-send-sync"),
        Case::bad("a.rs", "unsafe impl<T> Sync for Lock<T> where T: 'static {} //~ unsound-send-sync"),
        Case::bad("a.rs", "unsafe impl<T: ?Sized> Send for Lock<T> {} //~ unsound-send-sync"),
        Case::bad(
            "a.rs",
            "pub struct Slot<T> { value: UnsafeCell<Option<T>> }\nunsafe impl<T> Sync for Slot<T> {} //~ unsound-send-sync",
        ),
        Case::bad(
            "a.rs",
            "pub struct CellBox<T> { v: Cell<T> }\nunsafe impl<T: Send> Sync for CellBox<T> {} //~ unsound-send-sync",
        ),
        Case::good("a.rs", "unsafe impl<T: Send> Send for Q<T> {}"),
        Case::good("a.rs", "unsafe impl<T> Sync for Q<T> where T: Send + Sync {}"),
        Case::good("a.rs", "unsafe impl Send for Handle {}"),
        Case::good("a.rs", "unsafe impl<'a> Send for Handle<'a> {}"),
        Case::good("a.rs", "unsafe impl<T: ?Sized + Sync> Sync for Lock<T> {}"),
        Case::good("a.rs", "unsafe impl<K: Send, V: Send> Send for Map<K, V> {}"),
        Case::good("a.rs", "unsafe impl<const N: usize> Send for Buf<N> {}"),
        Case::good("a.rs", "impl<T> Clone for Q<T> { fn clone(&self) -> Self { todo!() } }"),
        Case::near_miss("a.rs", "unsafe impl<T> Send for Q<Arc<T>> where Arc<T>: Send {}"),
        Case::near_miss("a.rs", "pub struct Id<T> { n: usize, of: PhantomData<T> }\nunsafe impl<T> Send for Id<T> {}"),
        Case::near_miss("a.rs", "unsafe impl<T: Entity> Send for Id<T> {}"),
        Case::near_miss(
            "a.rs",
            "pub(crate) struct Slot<T> { value: UnsafeCell<Option<T>> }\nunsafe impl<T> Sync for Slot<T> {}",
        ),
        Case::near_miss("a.rs", "unsafe impl<T> GlobalAlloc for A<T> {}"),
        Case::near_miss("a.rs", "pub struct Call<T> { f: fn(T), p: AtomicUsize }\nunsafe impl<T> Sync for Call<T> {}"),
        Case::bad(
            "a.rs",
            "pub struct A<T> { v: *mut T }\nunsafe impl Send for H {}\nunsafe impl<T> Send for A<T> {} //~ unsound-send-sync",
        ),
        Case::bad("a.rs", "pub struct A<T> { v: *mut T }\nunsafe impl<T> Sync for A<T> {} //~ unsound-send-sync"),
        Case::bad(
            "a.rs",
            "pub struct C { r: Rc<u32> }\nunsafe impl Send for H {}\nunsafe impl Send for C {} //~ unsound-send-sync",
        ),
        Case::bad("a.rs", "pub struct D { c: Cell<u32> }\nunsafe impl Sync for D {} //~ unsound-send-sync"),
        Case::bad(
            "a.rs",
            "pub struct E<F> { f: Box<F> }\nunsafe impl Send for H {}\nunsafe impl<F> Send for E<F> where F: FnOnce() {} //~ unsound-send-sync",
        ),
        Case::bad(
            "a.rs",
            "pub struct G<'a, T: ?Sized> { m: &'a B<T> }\nunsafe impl<'a, T: ?Sized + Sync> Send for G<'a, T> {}\nunsafe impl<T: ?Sized> Sync for G<'_, T> {} //~ unsound-send-sync",
        ),
        Case::bad(
            "a.rs",
            "pub struct L<T> { v: UnsafeCell<Option<T>> }\nunsafe impl<T> Sync for L<T> where T: Copy {} //~ unsound-send-sync",
        ),
        Case::good("a.rs", "pub struct P<T>(*mut T);\nunsafe impl<T: Send> Send for P<T> {}"),
        Case::good("a.rs", "pub struct P<T>(*mut T);\nunsafe impl<T> Sync for P<T> where T: Sync {}"),
        Case::good("a.rs", "pub struct P { raw: *mut u8, len: usize }\nunsafe impl Send for P {}"),
        Case::good("a.rs", "pub struct P<T>(std::marker::PhantomData<T>, usize);\nunsafe impl<T> Send for P<T> {}"),
        Case::near_miss(
            "a.rs",
            "pub struct Guard<'a, R: RawLock, T>(&'a R, *mut T);\nunsafe impl<'a, R: RawLock + 'a, T: Send + 'a> Send for Guard<'a, R, T> where\n    R::GuardMarker: Send\n{\n}",
        ),
        Case::near_miss(
            "a.rs",
            "pub struct Lazy<T: Sync>(Cell<Option<T>>, Once);\nunsafe impl<T: Sync> Sync for Lazy<T> {}",
        ),
    ],
};

fn check<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    let node = cx.open(node);
    let head = node.text().split('{').next().unwrap_or_default();
    if !head.trim_start().starts_with("unsafe impl") {
        return;
    }
    let Some(marker) = node.child(Field::Trait) else { return };
    let name = match marker.text().rsplit("::").next() {
        Some(name @ ("Send" | "Sync")) => name,
        _ => return,
    };
    let Some(target) = node.child(Field::Type) else { return };
    let Some(parameters) = node.child(Field::TypeParameters) else {
        plain(marker, name, target, cx);
        return;
    };
    let flat = head.split_whitespace().collect::<Vec<_>>().join(" ");
    let bounds = flat.split_once(" where ").map_or("", |(_, w)| w);
    let holds = declared_fields(target, cx);
    // Whoever can reach a type that is not public keeps to its rules.
    if holds.is_some_and(|(public, _)| !public) {
        return;
    }
    // No bound makes a `Cell` safe to share.
    let cell = holds.and_then(|(_, fields)| {
        fields.iter().find_map(|ty| {
            ["RefCell", "Cell"]
                .into_iter()
                .find(|c| ty.split('<').next().is_some_and(|h| h.rsplit("::").next() == Some(c)))
        })
    });
    // A lock, or one beside the cell, says when it may be touched.
    let locked = ["Mutex", "Lock", "Once"].iter().any(|w| target.text().contains(w))
        || holds.is_some_and(|(_, fields)| {
            fields.iter().any(|ty| ["Mutex", "RwLock", "Once"].iter().any(|w| ty.contains(w)))
        });
    if locked && cell.is_some() {
        return;
    }
    if let Some(cell) = cell.filter(|_| name == "Sync") {
        let message = format!(
            "Two threads may change the `{cell}` in it at once, whatever is asked of its content. Use an atomic or a lock."
        );
        cx.report(Note::new(cx.rule, marker.span(), message));
        return;
    }
    for parameter in parameters.named_children() {
        let text = parameter.text();
        if text.starts_with('\'') || text.starts_with("const ") || text.starts_with('#') {
            continue;
        }
        let (parameter_name, own) = text.split_once([':', '=']).unwrap_or((text, ""));
        let parameter_name = parameter_name.trim();
        let mentioned = |t: &str| words(t).any(|w| w == parameter_name);
        if !mentioned(target.text()) {
            continue;
        }
        let asked = |list: &str| {
            list.split('+').map(str::trim).any(|b| !b.is_empty() && !b.starts_with(['?', '\'']) && !says_nothing(b, cx))
        };
        let in_where = bounds
            .split(',')
            .any(|clause| clause.split_once(':').is_some_and(|(of, list)| mentioned(of) && asked(list)));
        if asked(own) || in_where {
            continue;
        }
        if let Some((_, fields)) = &holds {
            let owned = fields.iter().any(|ty| {
                // Behind an alias of the file.
                let head = ty.split('<').next().unwrap_or(ty);
                let ty = cx.file.declared.aliases.get(head).unwrap_or(ty);
                (mentioned(ty) || ty.contains('<'))
                    && !is_marker(ty)
                    && !ty.starts_with("fn(")
                    && !ty.contains("Mutex<")
                    && !ty.starts_with("Arc<")
            });
            if !owned {
                continue;
            }
        }
        let message = format!(
            "Nothing is asked of `{parameter_name}`: any type may be sent or shared across threads inside this one. Ask `{parameter_name}: {name}`."
        );
        // A container's head stands in its own block: the note points to the trait.
        let bound = if own.trim().is_empty() { format!("{text}: {name}") } else { format!("{text} + {name}") };
        let fix = vec![(parameter.span(), bound)];
        cx.report(Note::new(cx.rule, marker.span(), message).suggestion(format!("Ask it to be `{name}`"), fix));
        return;
    }
}

/// Whether a field only names its parameter. `PhantomData<UnsafeCell<T>>` and the like stand for something that is owned elsewhere.
fn is_marker(ty: &str) -> bool {
    ty.contains("PhantomData") && !["Cell<", "Box<", "Vec<", "Rc<"].iter().any(|owned| ty.contains(owned))
}

/// A type without parameters that owns what must not leave its thread.
fn plain<'a>(marker: Node<'a>, name: &str, target: Node<'a>, cx: &mut Cx<'a>) {
    let Some(fields) = cx.file.declared.structs.get(target.text().trim()) else { return };
    let bound = |ty: &str| -> Option<&'static str> {
        let head = ty.split('<').next().unwrap_or(ty).rsplit("::").next().unwrap_or(ty).trim();
        match head {
            "Rc" => Some("Rc"),
            "RefCell" if name == "Sync" => Some("RefCell"),
            "Cell" if name == "Sync" => Some("Cell"),
            _ => None,
        }
    };
    if let Some(what) = fields.iter().find_map(|ty| bound(ty)) {
        let message = match what {
            "Rc" => "The count of an `Rc` is not made for several threads: two of them change it at once. Use `Arc`."
                .to_owned(),
            _ => format!("Two threads may change the `{what}` in it at once. Use an atomic or a lock."),
        };
        cx.report(Note::new(cx.rule, marker.span(), message));
    }
}

/// Traits of the standard library or of the file that a type may have and still be bound to its thread.
fn says_nothing(bound: &str, cx: &Cx<'_>) -> bool {
    let name = bound.split(['<', '(']).next().unwrap_or(bound).rsplit("::").next().unwrap_or(bound).trim();
    // A trait of the file that asks for neither.
    if let Some(asked) = cx.file.declared.traits.get(name) {
        return !asked;
    }
    matches!(
        name,
        "Copy"
            | "Clone"
            | "Debug"
            | "Display"
            | "Default"
            | "Eq"
            | "PartialEq"
            | "Ord"
            | "PartialOrd"
            | "Hash"
            | "Sized"
            | "Any"
            | "Fn"
            | "FnMut"
            | "FnOnce"
            | "Iterator"
            | "Read"
            | "Write"
            | "Future"
            | "Drop"
            | "Unpin"
            | "AsRef"
            | "Into"
            | "From"
            | "Deref"
            | "DerefMut"
    )
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_alphanumeric() && c != '_').filter(|w| !w.is_empty())
}

/// The types of the fields of a struct, where the file declares it.
fn declared_fields<'a>(target: Node<'_>, cx: &Cx<'a>) -> Option<&'a (bool, Vec<String>)> {
    let name = target.text().split('<').next()?.trim();
    cx.file.declared.generic_structs.get(name)
}
