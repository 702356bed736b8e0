use sidenote_grammars::{Family, Field, Kind};

use crate::findings::{Category, Confidence, Note, Severity};
use crate::rules::{Case, Check, Cx, Docs, Rule};
use crate::syntax::Node;

pub static RULE: Rule = Rule {
    id: "reversed-operator",
    summary: "`=+`, `=-` or `=!` where `+=`, `-=` or `!=` was meant",
    category: Category::Quality,
    severity: Severity::High,
    confidence: Confidence::Medium,
    cwe: &[480],
    families: &[Family::Ecma],
    default_on: true,
    in_tests: false,
    docs: Docs {
        what: "Finds assignments written `x =+ 1`, `x =- 1` and `x =! y`: an assignment of a signed or negated \
               value that is spaced like an operator.",
        why: "There are no such operators. `total =+ price` stores the price alone, and `flag =! other` \
               assigns.",
        example: "total =+ price;",
        instead: "total += price;",
        limits: "Only where the sign stands directly behind `=` and apart from its operand, and there is a space \
               before `=`; `x = -1`, `x =-1` and `x=-1` are left alone.",
        fix: "The suggestion turns the two characters round.",
    },
    checks: &[Check::Nodes(&[Kind::AssignmentExpression], check)],
    cases: &[
        Case::bad("a.js", "total =+ price; //~ reversed-operator"),
        Case::bad("a.js", "count =- 1; //~ reversed-operator"),
        Case::bad("a.js", "this.open =! this.open; //~ reversed-operator"),
        Case::bad("a.js", "a.b.c =+ d(); //~ reversed-operator"),
        Case::bad("a.ts", "let n = 0; n =+ step as number; //~ reversed-operator"),
        Case::bad("a.js", "for (i = 0; i < n; i =+ 2) go(i); //~ reversed-operator"),
        Case::bad("a.js", "const f = (x) => { sum =+ x; }; //~ reversed-operator"),
        Case::bad("a.js", "if (ready) left =- used; //~ reversed-operator"),
        Case::good("a.js", "total += price;"),
        Case::good("a.js", "total = +price;"),
        Case::good("a.js", "x = -1;"),
        Case::good("a.js", "x=-1;"),
        Case::good("a.js", "flag = !other;"),
        Case::good("a.js", "flag=!other;"),
        Case::good("a.js", "a = b - -c;"),
        Case::good("a.js", "x = + y;"),
        Case::near_miss("a.js", "x =-1;"),
        Case::near_miss("a.js", "open =!open;"),
        Case::near_miss("a.js", "const n =+ value;"),
        Case::near_miss("a.js", "let opposite =- 1;"),
    ],
};

fn check<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    let (Some(left), Some(value)) = (node.child(Field::Left), node.child(Field::Right)) else { return };
    let unary = if value.kind() == Kind::UnaryExpression {
        value
    } else {
        // `x =+ y + z` and `x =+ y as T`: the sign belongs to the first operand.
        let first = std::iter::successors(value.first_named(), |n| n.first_named());
        match first.take(8).find(|n| n.kind() == Kind::UnaryExpression && n.span().start == value.span().start) {
            Some(unary) => unary,
            None => return,
        }
    };
    let sign = match unary.text().as_bytes() {
        [sign @ (b'+' | b'-' | b'!'), b' ', ..] => *sign as char,
        _ => return,
    };
    let between = crate::syntax::Span { start: left.span().end, end: value.span().start };
    let written = cx.arena().slice(between);
    if written.trim_start() != "=" || !written.starts_with(' ') {
        return;
    }
    let span = crate::syntax::Span { start: value.span().start - 1, end: value.span().start + 1 };
    let message = format!(
        "`={sign}` is no operator: this assigns {}. Write `{sign}=`, or put the space before the sign.",
        match sign {
            '!' => "the opposite",
            '-' => "the negative value",
            _ => "the value alone",
        }
    );
    let note = Note::new(cx.rule, span, message);
    cx.report(note.suggestion(format!("Write `{sign}=`"), vec![(span, format!("{sign}="))]));
}
