use sidenote_grammars::{Family, Field, Kind};

use crate::findings::{Category, Confidence, Note, Severity};
use crate::rules::shape::{operands, operator};
use crate::rules::support::bare;
use crate::rules::{Case, Check, Cx, Docs, Rule};
use crate::syntax::Node;

pub static RULE: Rule = Rule {
    id: "zero-rendered",
    summary: "a number before `&&` shows up as a `0` on the page",
    category: Category::Quality,
    severity: Severity::Low,
    confidence: Confidence::High,
    cwe: &[1287],
    families: &[Family::Ecma],
    default_on: true,
    in_tests: false,
    docs: Docs {
        what: "Finds `{list.length && <List />}` and other lengths and sizes before `&&` and an element in JSX.",
        why: "For an empty list the expression is `0`, and React renders numbers: the page shows a stray 0.",
        example: "<div>{items.length && <List items={items} />}</div>",
        instead: "<div>{items.length > 0 && <List items={items} />}</div>",
        limits: "Comparisons, `!!`, and values that are not certainly numbers are left alone.",
        fix: "",
    },
    checks: &[Check::Nodes(&[Kind::JsxExpression], check)],
    cases: &[
        Case::bad("a.jsx", "const V = ({ xs }) => <div>{xs.length && <List xs={xs} />}</div>; //~ zero-rendered"),
        Case::bad("a.tsx", "const V = (p: P) => <p>{p.map.size && <b>{p.map.size}</b>}</p>; //~ zero-rendered"),
        Case::bad(
            "a.jsx",
            "const V = ({ o }) => <div>{o?.items.length && (<List xs={o.items} />)}</div>; //~ zero-rendered",
        ),
        Case::bad(
            "a.jsx",
            "const V = ({ a, xs }) => <div>{a && xs.length && <List xs={xs} />}</div>; //~ zero-rendered",
        ),
        Case::good("a.jsx", "const V = ({ xs }) => <div>{xs.length > 0 && <List xs={xs} />}</div>;"),
        Case::good("a.jsx", "const V = ({ xs }) => <div>{!!xs.length && <List xs={xs} />}</div>;"),
        Case::good("a.jsx", "const V = ({ xs }) => <div>{xs.length ? <List xs={xs} /> : null}</div>;"),
        Case::good("a.jsx", "const V = ({ open }) => <div>{open && <List />}</div>;"),
        Case::near_miss("a.jsx", "const V = ({ xs }) => <div>{xs.length && xs.ready > 0 ? <List /> : null}</div>;"),
        Case::near_miss("a.jsx", "const V = ({ xs }) => <List on={xs.length && <b />} />;"),
        Case::near_miss("a.jsx", "const V = ({ xs }) => <div>{xs.length && 'some'}</div>;"),
        Case::bad(
            "a.tsx",
            "export const Badge = ({ unread }: { unread: number[] }) => <span>{unread.length && <i>{unread.length}</i>}</span>; //~ zero-rendered",
        ),
        Case::bad(
            "a.tsx",
            "function V(props: P) { return <div>{props.files.length && <FileList files={props.files} />}</div>; } //~ zero-rendered",
        ),
        Case::bad(
            "a.tsx",
            "function V({ cart }: P) { return <aside>{cart.items.length && <Total cart={cart} />}</aside>; } //~ zero-rendered",
        ),
        Case::bad(
            "a.tsx",
            "function V({ tags }: P) { const list = tags.filter(Boolean); return <p>{list.length && list.map((t) => <b key={t}>{t}</b>)}</p>; } //~ zero-rendered",
        ),
        Case::good("a.tsx", "function V({ xs }: P) { return <div>{xs.length > 0 && <b />}</div>; }"),
        Case::good("a.tsx", "function V({ xs }: P) { return <div>{!!xs.length && <b />}</div>; }"),
        Case::good("a.tsx", "function V({ xs }: P) { return <div>{xs.length ? <b /> : null}</div>; }"),
        Case::good("a.tsx", "function V({ open }: { open: boolean }) { return <div>{open && <b />}</div>; }"),
        Case::near_miss(
            "a.tsx",
            "function V({ xs }: P) { const show = xs.length && ready; return <div className={show ? 'a' : 'b'} />; }",
        ),
    ],
};

fn check<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    // A child, not an attribute's value.
    if !node.parent().is_some_and(|p| matches!(p.kind(), Kind::JsxElement)) {
        return;
    }
    let Some(shown) = node.first_named().map(bare).filter(|s| operator(*s) == "&&") else { return };
    let Some((left, right)) = operands(shown) else { return };
    let listed = crate::rules::support::method(bare(right)).is_some_and(|(_, m)| m.text() == "map");
    if !listed && !matches!(bare(right).kind(), Kind::JsxElement | Kind::JsxSelfClosingElement) {
        return;
    }
    let last = match bare(left) {
        l if operator(l) == "&&" => operands(l).map(|(_, r)| bare(r)),
        l => Some(l),
    };
    let Some(number) = last.filter(|l| l.kind() == Kind::MemberExpression) else { return };
    let Some(name) = number.child(Field::Property).filter(|p| matches!(p.text(), "length" | "size")) else { return };
    let message =
        format!("Where `{}` is 0 the page shows that 0: React renders numbers. Compare it: `> 0`.", name.text());
    let at = crate::syntax::Span { start: number.span().end, end: number.span().end };
    cx.report(Note::new(cx.rule, number.span(), message).suggestion("Compare with 0", vec![(at, " > 0".to_owned())]));
}
