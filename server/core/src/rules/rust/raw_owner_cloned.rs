use sidenote_grammars::{Family, Field, Kind};

use crate::findings::{Category, Confidence, Note, Severity};
use crate::rules::rust_items::last_name;
use crate::rules::shape::report_in;
use crate::rules::{Case, Check, Cx, Docs, Rule};
use crate::syntax::Node;

pub static RULE: Rule = Rule {
    id: "raw-owner-cloned",
    summary: "a clone shares the pointer that both will free",
    category: Category::Security,
    severity: Severity::High,
    confidence: Confidence::High,
    cwe: &[415, 416],
    families: &[Family::Rust],
    default_on: true,
    in_tests: false,
    docs: Docs {
        what: "Finds types that free a raw pointer in `Drop` and whose `Clone`, derived or written by hand, copies that pointer.",
        why: "Original and clone free the same memory. The second of them frees what belongs to somebody else by then.",
        example: "#[derive(Clone)]\nstruct Codec { raw: *mut c_void }\nimpl Drop for Codec { fn drop(&mut self) { unsafe { codec_free(self.raw) } } }",
        instead: "struct Codec { raw: *mut c_void }   // no Clone; share it in an `Arc`",
        limits: "A `clone` that calls anything before (counts up, copies the memory), and a `drop` without `unsafe`, are left alone.",
        fix: "",
    },
    checks: &[Check::Nodes(&[Kind::ImplItem], by_hand), Check::Nodes(&[Kind::StructItem], derived)],
    cases: &[
        Case::bad(
            "a.rs",
            "struct C { raw: *mut c_void }\nimpl Drop for C { fn drop(&mut self) { unsafe { codec_free(self.raw) } } }\nimpl Clone for C { fn clone(&self) -> Self { C { raw: self.raw } } } //~ raw-owner-cloned",
        ),
        Case::bad(
            "a.rs",
            "#[derive(Clone)]\nstruct C { raw: *mut c_void } //~ raw-owner-cloned\nimpl Drop for C { fn drop(&mut self) { unsafe { codec_free(self.raw) } } }",
        ),
        Case::bad(
            "a.rs",
            "struct B { ptr: *mut u8, n: usize }\nimpl Clone for B { fn clone(&self) -> B { B { ptr: self.ptr, n: self.n } } } //~ raw-owner-cloned\nimpl Drop for B { fn drop(&mut self) { unsafe { dealloc(self.ptr, l(self.n)) } } }",
        ),
        Case::bad(
            "a.rs",
            "#[derive(Debug, Clone)]\npub struct B { ptr: NonNull<u8> } //~ raw-owner-cloned\nimpl Drop for B { fn drop(&mut self) { unsafe { drop(Box::from_raw(self.ptr.as_ptr())) } } }",
        ),
        Case::good(
            "a.rs",
            "struct C { raw: *mut c_void }\nimpl Drop for C { fn drop(&mut self) { unsafe { codec_free(self.raw) } } }",
        ),
        Case::good(
            "a.rs",
            "struct C { raw: *mut c_void }\nimpl Drop for C { fn drop(&mut self) { unsafe { unref(self.raw) } } }\nimpl Clone for C { fn clone(&self) -> Self { unsafe { add_ref(self.raw) }; C { raw: self.raw } } }",
        ),
        Case::good(
            "a.rs",
            "#[derive(Clone)]\nstruct C { raw: *mut c_void }\nimpl C { fn get(&self) -> *mut c_void { self.raw } }",
        ),
        Case::good(
            "a.rs",
            "#[derive(Clone)]\nstruct C { name: String }\nimpl Drop for C { fn drop(&mut self) { unsafe { log(&self.name) } } }",
        ),
        Case::near_miss(
            "a.rs",
            "#[derive(Clone)]\nstruct C { raw: *const u8, owner: Arc<Owner> }\nimpl Drop for C { fn drop(&mut self) { println!(\"gone\"); } }",
        ),
        Case::near_miss(
            "a.rs",
            "struct C { raw: *mut c_void }\nimpl Drop for C { fn drop(&mut self) { unsafe { codec_free(self.raw) } } }\nimpl Clone for C { fn clone(&self) -> Self { C { raw: codec_copy(self.raw) } } }",
        ),
    ],
};

/// The raw pointer that a type of the file frees when it is dropped.
fn freed<'a>(ty: &str, cx: &Cx<'a>) -> Option<&'a str> {
    let rust = &cx.file.declared.rust;
    let item = rust.types.get(ty)?;
    let (field, _) = item.fields.iter().find(|(name, t)| {
        (t.starts_with('*') || t.starts_with("NonNull<")) && rust.frees.contains(&(ty.to_owned(), (*name).clone()))
    })?;
    Some(field)
}

fn derived<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    let Some(name) = node.child(Field::Name) else { return };
    let clones = cx.file.declared.rust.types.get(name.text()).is_some_and(|t| t.derives("Clone"));
    if let Some(field) = freed(name.text(), cx).filter(|_| clones) {
        report(name, field, node, cx);
    }
}

fn by_hand<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    let (Some(of), Some(ty)) = (node.child(Field::Trait), node.child(Field::Type)) else { return };
    if last_name(of.text()) != "Clone" {
        return;
    }
    let Some(field) = freed(last_name(ty.text()), cx) else { return };
    let Some(function) =
        node.child(Field::Body).into_iter().flat_map(Node::named_children).find(|n| n.kind() == Kind::FunctionItem)
    else {
        return;
    };
    let function = cx.open(function);
    let Some(body) = function.child(Field::Body) else { return };
    let calls = body.descendants().any(|n| matches!(n.kind(), Kind::CallExpression | Kind::MacroInvocation));
    let copied = body.descendants().find(|n| {
        n.kind() == Kind::FieldInitializer
            && n.child(Field::Field).or_else(|| n.child(Field::Name)).is_some_and(|f| f.text() == field)
            && n.child(Field::Value).is_some_and(|v| v.text() == format!("self.{field}"))
    });
    if let Some(copied) = copied.filter(|_| !calls) {
        report(copied, field, function, cx);
    }
}

fn report<'a>(at: Node<'a>, field: &str, inside: Node<'a>, cx: &mut Cx<'a>) {
    let message = format!(
        "The clone has the same `{field}`, which `drop` frees: it is freed twice. Copy what it points to, count its owners, or leave `Clone` out."
    );
    report_in(cx, inside, Note::new(cx.rule, at.span(), message));
}
