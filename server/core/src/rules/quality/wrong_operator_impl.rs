use sidenote_grammars::{Family, Field, Kind};

use crate::findings::{Category, Confidence, Note, Severity};
use crate::rules::rust_items::last_name;
use crate::rules::shape::operator;
use crate::rules::{Case, Check, Cx, Docs, Rule};
use crate::syntax::Node;

pub static RULE: Rule = Rule {
    id: "wrong-operator-impl",
    summary: "an operator's trait is implemented with another operator",
    category: Category::Quality,
    severity: Severity::High,
    confidence: Confidence::Medium,
    cwe: &[682],
    families: &[Family::Rust],
    default_on: true,
    in_tests: false,
    docs: Docs {
        what: "Finds `impl Add` (`Sub`, `Mul`, `Div`, `BitAnd`, `AddAssign` ..) whose method uses exactly one arithmetic operator, and another one than its name says, or one of whose fields is put together with another one than its neighbours.",
        why: "`a + b` that subtracts is mostly the copy of the neighbouring impl with one line left as it was.",
        example: "impl Add for V {\n    type Output = V;\n    fn add(self, o: V) -> V { V { x: self.x - o.x } }\n}",
        instead: "impl Add for V {\n    type Output = V;\n    fn add(self, o: V) -> V { V { x: self.x + o.x } }\n}",
        limits: "Division by a multiplication with `recip` or `inverse`, subtraction with a negation, and methods that call something or use several operators are left alone.",
        fix: "",
    },
    checks: &[Check::Nodes(&[Kind::FunctionItem], check)],
    cases: &[
        Case::bad(
            "a.rs",
            "impl Add for V {\n type Output = V;\n fn add(self, o: V) -> V { V { x: self.x + o.x, y: self.y - o.y } } //~ wrong-operator-impl\n}",
        ),
        Case::bad(
            "a.rs",
            "impl Sub for V {\n type Output = V;\n fn sub(self, o: V) -> V {\n  V {\n   x: self.x - o.x,\n   y: self.y + o.y, //~ wrong-operator-impl\n   z: self.z - o.z,\n  }\n }\n}",
        ),
        Case::near_miss(
            "a.rs",
            "impl Sub for D { type Output = D; fn sub(self, o: D) -> D { D { v: self.v - o.v, err: self.err.max(0.0) + o.err } } }",
        ),
        Case::bad(
            "a.rs",
            "impl Add for V { type Output = V; fn add(self, o: V) -> V { V { x: self.x - o.x, y: self.y - o.y } } } //~ wrong-operator-impl",
        ),
        Case::bad(
            "a.rs",
            "impl Sub for A { type Output = A; fn sub(self, o: A) -> A { A(self.0 + o.0) } } //~ wrong-operator-impl",
        ),
        Case::bad(
            "a.rs",
            "impl Mul<f32> for V { type Output = V; fn mul(self, k: f32) -> V { V { x: self.x + k, y: self.y + k } } } //~ wrong-operator-impl",
        ),
        Case::bad(
            "a.rs",
            "impl AddAssign for A { fn add_assign(&mut self, o: A) { self.0 -= o.0; } } //~ wrong-operator-impl",
        ),
        Case::bad(
            "a.rs",
            "impl BitAnd for F { type Output = F; fn bitand(self, o: F) -> F { F(self.0 | o.0) } } //~ wrong-operator-impl",
        ),
        Case::bad(
            "a.rs",
            "impl Div for A { type Output = A; fn div(self, o: A) -> A { A(self.0 * o.0) } } //~ wrong-operator-impl",
        ),
        Case::bad(
            "a.rs",
            "impl std::ops::Rem for A { type Output = A; fn rem(self, o: A) -> A { A(self.0 / o.0) } } //~ wrong-operator-impl",
        ),
        Case::bad(
            "a.rs",
            "impl MulAssign<u8> for A { fn mul_assign(&mut self, k: u8) { self.x += k; self.y += k; } } //~ wrong-operator-impl",
        ),
        Case::good(
            "a.rs",
            "impl Add for V { type Output = V; fn add(self, o: V) -> V { V { x: self.x + o.x, y: self.y + o.y } } }",
        ),
        Case::good("a.rs", "impl Sub for A { type Output = A; fn sub(self, o: A) -> A { A(self.0 - o.0) } }"),
        Case::good("a.rs", "impl Sub for A { type Output = A; fn sub(self, o: A) -> A { self + -o } }"),
        Case::good(
            "a.rs",
            "impl Mul for C { type Output = C; fn mul(self, o: C) -> C { C { re: self.re * o.re - self.im * o.im, im: self.re * o.im + self.im * o.re } } }",
        ),
        Case::good(
            "a.rs",
            "impl Div for V { type Output = V; fn div(self, k: f32) -> V { let r = k.recip(); V { x: self.x * r } } }",
        ),
        Case::good("a.rs", "impl A { fn add(&self, o: u8) -> u8 { self.x - o } }"),
        Case::good(
            "a.rs",
            "impl Sub for Set { type Output = Set; fn sub(self, o: Set) -> Set { Set(self.0 & !o.0) } }",
        ),
        Case::good("a.rs", "impl BitOr for F { type Output = F; fn bitor(self, o: F) -> F { F(self.0 | o.0) } }"),
        Case::near_miss(
            "a.rs",
            "impl Add<Duration> for T { type Output = T; fn add(self, d: Duration) -> T { T { at: self.at.after(d), n: self.n - 1 } } }",
        ),
        Case::near_miss("a.rs", "impl Add for Gf { type Output = Gf; fn add(self, o: Gf) -> Gf { Gf(self.0 ^ o.0) } }"),
        Case::near_miss(
            "a.rs",
            "impl Div<f32> for V { type Output = V; fn div(self, k: f32) -> V { self * (1.0 / k) } }",
        ),
        Case::near_miss("a.rs", "impl Sub for Gf { type Output = Gf; fn sub(self, o: Gf) -> Gf { self + o } }"),
    ],
};

fn check<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    let (Some(name), Some(body)) = (node.child(Field::Name), node.child(Field::Body)) else { return };
    let (own, trait_name) = match name.text() {
        "add" => ("+", "Add"),
        "sub" => ("-", "Sub"),
        "mul" => ("*", "Mul"),
        "div" => ("/", "Div"),
        "rem" => ("%", "Rem"),
        "bitand" => ("&", "BitAnd"),
        "bitor" => ("|", "BitOr"),
        "bitxor" => ("^", "BitXor"),
        "add_assign" => ("+", "AddAssign"),
        "sub_assign" => ("-", "SubAssign"),
        "mul_assign" => ("*", "MulAssign"),
        "div_assign" => ("/", "DivAssign"),
        _ => return,
    };
    if !cx.file.declared.rust.operator_impls.contains(trait_name) && !in_impl(node, trait_name) {
        return;
    }
    let mut operators: Vec<&str> = Vec::new();
    for n in body.descendants() {
        match n.kind() {
            Kind::BinaryExpression | Kind::CompoundAssignmentExpr => operators.push(operator(n).trim_end_matches('=')),
            Kind::CallExpression | Kind::MacroInvocation
                if n.child(Field::Function)
                    .is_none_or(|f| f.text().contains('.') || f.text().starts_with(|c: char| c.is_lowercase())) =>
            {
                return;
            }
            Kind::UnaryExpression if n.text().starts_with(['-', '!']) => return,
            _ if n.is_hole() => return,
            _ => {}
        }
    }
    if let Some(odd) = odd_field(body, own) {
        let message =
            format!("One field is put together with another operator than its neighbours: `{own}` was meant.");
        cx.report(Note::new(cx.rule, odd.span(), message));
        return;
    }
    let Some(first) = operators.first().copied() else { return };
    if operators.iter().any(|o| *o != first)
        || first == own
        || !matches!(first, "+" | "-" | "*" | "/" | "%" | "&" | "|")
    {
        return;
    }
    // Fields of two elements: addition is exclusive or, and subtraction is addition. A whole `self` is worked with by its own operators.
    let whole = body.descendants().any(|n| {
        n.kind() == Kind::BinaryExpression
            && [Field::Left, Field::Right].iter().any(|f| n.child(*f).is_some_and(|s| s.kind() == Kind::SelfValue))
    });
    if whole {
        return;
    }
    let message =
        format!("`{trait_name}` is implemented with `{first}` here: `a {own} b` does something else than it says.");
    cx.report(Note::new(cx.rule, name.span(), message));
}

/// The one of several fields `x: self.x + o.x, y: self.y - o.y` in which a sum became a difference, or the other way round.
fn odd_field<'a>(body: Node<'a>, own: &str) -> Option<Node<'a>> {
    if !matches!(own, "+" | "-") {
        return None;
    }
    let mut fields = body.descendants().filter(|n| n.kind() == Kind::FieldInitializer).peekable();
    fields.peek()?;
    let (mut right, mut odd) = (0, None);
    for field in fields {
        let value = field.child(Field::Value).filter(|v| v.kind() == Kind::BinaryExpression)?;
        let (left, other) = (value.child(Field::Left)?, value.child(Field::Right)?);
        let name = |n: Node<'a>| n.child(Field::Field).map_or("", Node::text);
        let alike = name(left) == name(other) && field.child(Field::Field).is_some_and(|f| f.text() == name(left));
        match operator(value) {
            op if op == own && alike => right += 1,
            "+" | "-" if alike && odd.is_none() => odd = Some(value),
            _ => return None,
        }
    }
    odd.filter(|_| right > 0)
}

fn in_impl(node: Node<'_>, trait_name: &str) -> bool {
    node.ancestors()
        .any(|a| a.kind() == Kind::ImplItem && a.child(Field::Trait).is_some_and(|t| last_name(t.text()) == trait_name))
}
