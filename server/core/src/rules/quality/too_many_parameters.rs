use sidenote_grammars::{Family, Field, Kind};

use crate::findings::{Category, Confidence, Note, Severity};
use crate::rules::{Case, Check, Cx, Docs, Rule};
use crate::syntax::Node;

pub static RULE: Rule = Rule {
    id: "too-many-parameters",
    summary: "a function takes too many parameters",
    category: Category::Quality,
    severity: Severity::Low,
    confidence: Confidence::High,
    cwe: &[1064],
    families: &[Family::Ecma, Family::Rust],
    default_on: false,
    in_tests: false,
    docs: Docs {
        what: "Finds functions with more than 7 parameters.",
        why: "Nobody remembers their order: arguments of the same type are swapped without an error, and every new wish \
              adds another.",
        example: "function draw(x, y, w, h, color, width, dash, fill) {}",
        instead: "function draw({ x, y, w, h }, { color, width, dash, fill }) {}",
        limits: "Constructors that are filled by dependency injection (decorators, or parameter properties) and signatures \
              without a body are left alone. Off by default: where a signature is given by somebody else it cannot be \
              changed.",
        fix: "",
    },
    checks: &[Check::Nodes(&[Kind::FormalParameters, Kind::Parameters], check)],
    cases: &[
        Case::bad("a.js", "function f(a, b, c, d, e, f, g, h) {} //~ too-many-parameters"),
        Case::bad("a.js", "const f = (a, b, c, d, e, g, h, i) => a; //~ too-many-parameters"),
        Case::bad("a.js", "class A { m(a, b, c, d, e, f, g, h) {} } //~ too-many-parameters"),
        Case::bad(
            "a.ts",
            "export function f(a: A, b: B, c: C, d: D, e: E, f: F, g: G, h?: H): void {} //~ too-many-parameters",
        ),
        Case::bad("a.js", "const o = { m(a, b, c, d, e, f, g, h, i) {} }; //~ too-many-parameters"),
        Case::bad("a.js", "x(function (a, b, c, d, e, f, g, h) { return a; }); //~ too-many-parameters"),
        Case::bad("a.rs", "fn f(a: A, b: B, c: C, d: D, e: E, f: F, g: G, h: H) {} //~ too-many-parameters"),
        Case::bad(
            "a.rs",
            "impl A { fn m(&self, a: A, b: B, c: C, d: D, e: E, f: F, g: G, h: H) {} } //~ too-many-parameters",
        ),
        Case::good("a.js", "function f(a, b, c, d, e, f, g) {}"),
        Case::good("a.js", "function f({ a, b, c, d, e, f, g, h }) {}"),
        Case::good("a.js", "const f = (...all) => all;"),
        Case::good(
            "a.ts",
            "class A { constructor(private a: A, private b: B, private c: C, private d: D, private e: E, private f: F, private g: G, private h: H) {} }",
        ),
        Case::good("a.js", "f(a, b, c, d, e, g, h, i);"),
        Case::good("a.rs", "fn f(a: A, b: B, c: C) {}"),
        Case::good("a.rs", "fn f((a, b, c, d, e, f, g, h): T) {}"),
        Case::good("a.js", "new A(a, b, c, d, e, f, g, h, i);"),
        Case::near_miss(
            "a.ts",
            "class A { constructor(@Inject(B) b: B, @Inject(C) c: C, @Inject(D) d: D, @Inject(E) e: E, @Inject(F) f: F, @Inject(G) g: G, @Inject(H) h: H, @Inject(I) i: I) {} }",
        ),
        Case::near_miss("a.ts", "declare function f(a: A, b: B, c: C, d: D, e: E, f: F, g: G, h: H): void;"),
        Case::near_miss("a.ts", "type F = (a: A, b: B, c: C, d: D, e: E, f: F, g: G, h: H) => void;"),
        Case::near_miss("a.rs", "impl A { fn m(&self, a: A, b: B, c: C, d: D, e: E, f: F, g: G) {} }"),
        Case::near_miss("a.ts", "function f(this: A, a: A, b: B, c: C, d: D, e: E, f: F, g: G) {}"),
        Case::bad(
            "a.ts",
            "export class Mail { send(to: string, from: string, title: string, text: string, html: string, cc: string[], bcc: string[], at: Date) { return [to, from, title, text, html, cc, bcc, at]; } } //~ too-many-parameters",
        ),
        Case::bad(
            "a.ts",
            "export const draw = function (x: number, y: number, w: number, h: number, r: number, g: number, b: number, a: number) { return x + y + w + h + r + g + b + a; }; //~ too-many-parameters",
        ),
        Case::good(
            "a.ts",
            "export function send(mail: { to: string; from: string; title: string; text: string }) { return mail; }",
        ),
        Case::good(
            "a.ts",
            "export function add(a: number, b: number, c: number, d: number, e: number, f: number, g: number) { return a + b + c + d + e + f + g; }",
        ),
    ],
};

const LIMIT: usize = 7;

fn check<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    let Some(function) = node.parent().filter(|p| p.child(Field::Body).is_some()) else { return };
    let own = |n: &Node<'_>| {
        n.kind() != Kind::AttributeItem
            && n.child(Field::Pattern).is_none_or(|p| p.kind() != Kind::This)
            && n.kind() != Kind::SelfParameter
    };
    let parameters: Vec<Node<'a>> = node.named_children().filter(own).collect();
    let injected = parameters.iter().any(|p| {
        p.child_of_kind(Kind::Decorator).is_some()
            || p.child_of_kind(Kind::AccessibilityModifier).is_some()
            || p.has_token("readonly")
    });
    if parameters.len() <= LIMIT || injected {
        return;
    }
    let span = function.child(Field::Name).map_or(node.span(), Node::span);
    let message = format!(
        "{} parameters are more than {LIMIT}: their order is easily mistaken. Gather those that belong together in an object.",
        parameters.len()
    );
    cx.report(Note::new(cx.rule, span, message));
}
