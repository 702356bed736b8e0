use sidenote_grammars::{Family, Field, Kind};

use crate::findings::{Category, Confidence, Note, Severity};
use crate::rules::shape::operator;
use crate::rules::support::{bare, place_name, words};
use crate::rules::{Case, Check, Cx, Docs, Rule};
use crate::syntax::Node;

pub static RULE: Rule = Rule {
    id: "zero-replaced",
    summary: "a default takes the place of zero, which was meant",
    category: Category::Quality,
    severity: Severity::Low,
    confidence: Confidence::Medium,
    cwe: &[480],
    families: &[Family::Ecma],
    default_on: true,
    in_tests: false,
    docs: Docs {
        what: "Finds `options.retries || 3` and the like: `||` with a number other than 0 behind a setting of which 0 is a value that people give (retries, opacity, volume, padding, ..).",
        why: "`||` takes its right side for 0, too: who asks for no retries gets three.",
        example: "const retries = options.retries || 3;",
        instead: "const retries = options.retries ?? 3;",
        limits: "Only names of which 0 makes sense, of fields and parameters.",
        fix: "`??` in place of `||`. It changes what happens for 0 and '', so it is a suggestion.",
    },
    checks: &[Check::Nodes(&[Kind::BinaryExpression], check)],
    cases: &[
        Case::bad("a.js", "const retries = options.retries || 3; //~ zero-replaced"),
        Case::bad("a.ts", "this.maxRetries = config.maxRetries || 5; //~ zero-replaced"),
        Case::bad("a.jsx", "const V = (props) => <b style={{ opacity: props.opacity || 0.5 }} />; //~ zero-replaced"),
        Case::bad("a.js", "function start(opts) { go(opts.margin || 100); } //~ zero-replaced"),
        Case::bad("a.js", "player.volume = (settings.volume || 0.8); //~ zero-replaced"),
        Case::bad("a.ts", "const pad = style.padding || 8; //~ zero-replaced"),
        Case::bad("a.js", "const attempts = (opts && opts.retryCount) || 2; //~ zero-replaced"),
        Case::bad("a.ts", "const z = layer?.zIndex || 10; //~ zero-replaced"),
        Case::good("a.js", "const retries = options.retries ?? 3;"),
        Case::good("a.js", "const n = options.retries || 0;"),
        Case::good("a.js", "const name = options.name || 'x';"),
        Case::good("a.js", "const size = options.pageSize || 20;"),
        Case::good("a.js", "const port = process.env.PORT || 3000;"),
        Case::good("a.js", "const width = el.width || 100;"),
        Case::good("a.js", "const retries = options.retries === undefined ? 3 : options.retries;"),
        Case::good("a.js", "const on = options.retries || other;"),
        Case::near_miss("a.js", "const retries = Number(process.env.RETRIES) || 3;"),
        Case::near_miss("a.js", "const retries = parseInt(opts.retries, 10) || 3;"),
        Case::near_miss("a.js", "const gap = process.env.gap || 3;"),
        Case::near_miss("a.js", "if (options.retries === 0 || 3 > n) { stop(); }"),
        Case::near_miss("a.js", "player.setVolume(this._lastVolume || 1);"),
    ],
};

/// Last words of settings of which 0 is a value that people give on purpose.
const MEANT: &[&str] = &[
    "retries",
    "opacity",
    "volume",
    "alpha",
    "padding",
    "margin",
    "gap",
    "offset",
    "tolerance",
    "discount",
    "brightness",
    "spacing",
];

fn check<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    if operator(node) != "||" {
        return;
    }
    let (Some(left), Some(right)) = (node.child(Field::Left).map(bare), node.child(Field::Right).map(bare)) else {
        return;
    };
    if right.kind() != Kind::Number || right.text().parse::<f64>().is_ok_and(|n| n == 0.0) {
        return;
    }
    // `(opts && opts.retries) || 3`
    let place = if operator(left) == "&&" { left.child(Field::Right).map(bare) } else { Some(left) };
    let Some(place) = place.filter(|p| p.kind() == Kind::MemberExpression && !p.text().contains(".env")) else {
        return;
    };
    let Some(name) = place_name(place) else { return };
    let parts = words(&name);
    // What was there before is no setting.
    if parts.first().is_some_and(|w| matches!(w.as_str(), "last" | "previous" | "prev" | "old")) {
        return;
    }
    let meant = parts.last().is_some_and(|w| MEANT.contains(&w.as_str()))
        || matches!(
            parts.iter().map(String::as_str).collect::<Vec<_>>().as_slice(),
            ["z", "index"] | ["retry", "count"]
        );
    if !meant {
        return;
    }
    let message = format!("Where `{0}` is 0, this takes {1}. `{0} ?? {1}` keeps the 0.", place.text(), right.text());
    let mut note = Note::new(cx.rule, node.span(), message);
    if let Some(op) = node.child(Field::Operator) {
        note = note.suggestion("Write `??`", vec![(op.span(), "??".into())]);
    }
    cx.report(note);
}
