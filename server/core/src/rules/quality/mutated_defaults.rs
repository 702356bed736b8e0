use sidenote_grammars::{Family, Field, Kind};

use crate::findings::{Category, Confidence, Note, Severity};
use crate::rules::support::{args, bare, declares, method, place_name, words};
use crate::rules::{Case, Check, Cx, Docs, Rule};
use crate::syntax::Node;

pub static RULE: Rule = Rule {
    id: "mutated-defaults",
    summary: "defaults are changed where they should be copied",
    category: Category::Quality,
    severity: Severity::Medium,
    confidence: Confidence::High,
    cwe: &[471],
    families: &[Family::Ecma],
    default_on: true,
    in_tests: false,
    docs: Docs {
        what: "Finds `Object.assign(defaults, options)`, and `extend` and `merge` of lodash and jQuery, whose first argument is by its name a set of defaults and whose result is used.",
        why: "The first argument is what is changed: the options of one call become the defaults of all later ones.",
        example: "const settings = Object.assign(DEFAULTS, options);",
        instead: "const settings = Object.assign({}, DEFAULTS, options);",
        limits: "A call whose result nobody takes changes the defaults on purpose and is left alone, and so are defaults that the same function makes anew.",
        fix: "The suggested fix puts an empty object first.",
    },
    checks: &[Check::Nodes(&[Kind::CallExpression], check)],
    cases: &[
        Case::bad(
            "a.js",
            "const DEFAULTS = { a: 1 };\nexport function f(options) { return Object.assign(DEFAULTS, options); } //~ mutated-defaults",
        ),
        Case::bad(
            "a.js",
            "function merge(defaults, given) { return Object.assign(defaults, given); } //~ mutated-defaults",
        ),
        Case::bad(
            "a.ts",
            "const defaultOptions = { n: 1 };\nexport const make = (o: O) => new A(Object.assign(defaultOptions, o)); //~ mutated-defaults",
        ),
        Case::bad(
            "a.js",
            "const defaults = { a: 1 };\nmodule.exports = function (o) { o = Object.assign(defaults, o); go(o); }; //~ mutated-defaults",
        ),
        Case::bad(
            "a.js",
            "const defaults = { a: 1 };\nfunction f(o) { const s = _.extend(defaults, o); go(s); } //~ mutated-defaults",
        ),
        Case::bad(
            "a.js",
            "var defaults = { a: 1 };\nfunction Plugin(el, o) { this.settings = $.extend(defaults, o); } //~ mutated-defaults",
        ),
        Case::bad(
            "a.js",
            "const defaultConfig = require('./default');\nexport default (c) => _.merge(defaultConfig, c); //~ mutated-defaults",
        ),
        Case::bad(
            "a.ts",
            "class A { static defaults = {};\n constructor(o: O) { this.o = Object.assign(A.defaults, o); } } //~ mutated-defaults",
        ),
        Case::good("a.js", "const DEFAULTS = { a: 1 };\nexport const f = (o) => Object.assign({}, DEFAULTS, o);"),
        Case::good("a.js", "const DEFAULTS = { a: 1 };\nexport const f = (o) => ({ ...DEFAULTS, ...o });"),
        Case::good("a.js", "const defaults = { a: 1 };\nexport function configure(o) { Object.assign(defaults, o); }"),
        Case::good("a.js", "function f(o) { const defaults = { a: 1 }; return Object.assign(defaults, o); }"),
        Case::good("a.js", "const f = (target, o) => Object.assign(target, o);"),
        Case::good("a.js", "const s = $.extend(true, {}, defaults, o);"),
        Case::good("a.js", "const s = _.defaults({}, o, defaults);"),
        Case::good("a.js", "const s = Object.assign(getDefaults(), o);"),
        Case::near_miss("a.js", "const s = _.merge(_.cloneDeep(defaults), o);"),
        Case::near_miss("a.js", "axios.defaults = Object.assign(axios.defaults, { timeout: 1 });"),
        Case::near_miss("a.js", "import * as _ from './utility';\nexport const f = (o) => _.merge(DEFAULTS, o);"),
        Case::near_miss("a.js", "export const f = (o) => Object.assign(Defaults, platformDefaults);"),
        Case::near_miss("a.js", "const all = Object.assign(defaultExport, { a, b });"),
        Case::near_miss("a.js", "const s = Object.assign(defaults);"),
    ],
};

fn check<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    let Some((of, name)) = method(node) else { return };
    // A module's own `_` may copy.
    let library = |names: &[&str]| match cx.file.imports.path(of.text()) {
        Some(path) => names.contains(&path),
        None => !cx.file.imports.binds(of.text()),
    };
    let copies = match (of.text(), name.text()) {
        ("Object", "assign") => true,
        ("$" | "jQuery", "extend") => library(&["jquery"]),
        ("_" | "lodash", "extend" | "assign" | "merge" | "assignIn") => library(&["lodash", "underscore", "lodash-es"]),
        _ => false,
    };
    let given: Vec<Node<'a>> = args(node).map(bare).collect();
    let Some(first) = given.first().copied().filter(|_| copies && given.len() > 1) else { return };
    if !matches!(first.kind(), Kind::Identifier | Kind::MemberExpression) || !is_defaults(first) {
        return;
    }
    // Defaults of one part are put over those of another on purpose.
    let also = given.iter().skip(1).any(|a| a.text().to_ascii_lowercase().contains("default"));
    if also {
        return;
    }
    // Used, and not put back where it was.
    let kept = match node.parent() {
        Some(p) if p.kind() == Kind::ExpressionStatement => return,
        Some(p) if p.kind() == Kind::AssignmentExpression => {
            p.child(Field::Left).is_some_and(|l| l.text() == first.text())
        }
        _ => false,
    };
    // Defaults of the function itself are made anew in every call.
    let own = first.kind() == Kind::Identifier
        && declares(first, first.text())
        && first.arena().nodes().any(|n| {
            n.kind() == Kind::VariableDeclarator
                && n.child(Field::Name).is_some_and(|d| d.text() == first.text())
                && n.ancestors().any(crate::rules::support::is_function)
                && n.child(Field::Value)
                    .map(bare)
                    .is_some_and(|v| v.kind() != Kind::Identifier && v.kind() != Kind::MemberExpression)
        });
    if kept || own {
        return;
    }
    let message = format!(
        "This changes `{}` itself: what one call sets becomes a default of all later ones. Copy into an empty object.",
        first.text()
    );
    let at = crate::syntax::Span { start: first.span().start, end: first.span().start };
    cx.report(
        Note::new(cx.rule, node.span(), message).suggestion("Copy into an empty object", vec![(at, "{}, ".to_owned())]),
    );
}

/// Whether a name says defaults: `defaults`, `DEFAULT_OPTIONS`, `defaultConfig`.
fn is_defaults(place: Node<'_>) -> bool {
    let Some(name) = place_name(place) else { return false };
    let words = words(&name);
    let first = words.first().map_or("", String::as_str);
    let last = words.last().map_or("", String::as_str);
    last == "defaults"
        || first == "defaults" && words.len() == 1
        || matches!(first, "default" | "defaults")
            && matches!(last, "options" | "opts" | "config" | "settings" | "params" | "props" | "values")
}
