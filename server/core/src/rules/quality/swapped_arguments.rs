use sidenote_grammars::{Family, Field, Kind};

use crate::findings::{Category, Confidence, Note, Severity};
use crate::rules::shape::mentions;
use crate::rules::support::{args, bare, declares, is_function, place_name, words};
use crate::rules::{Case, Check, Cx, Docs, Rule};
use crate::syntax::Node;

pub static RULE: Rule = Rule {
    id: "swapped-arguments",
    summary: "arguments are passed in another order than the parameters of the same names",
    category: Category::Quality,
    severity: Severity::High,
    confidence: Confidence::Medium,
    cwe: &[683],
    families: &[Family::Ecma],
    default_on: true,
    in_tests: false,
    docs: Docs {
        what: "Finds calls of the file's own functions in which two arguments carry the names of each other's \
               parameters: `resize(height, width)` of `function resize(width, height)`.",
        why: "Arguments of one type can be exchanged without anybody noticing: types fit, and the outcome is \
               only wrong where the two differ.",
        example: "function resize(width, height) { .. }\nresize(size.height, size.width);",
        instead: "resize(size.width, size.height);",
        limits: "Only functions that the file declares at its top level, and names longer than one letter (but \
               for `x` and `y`). A call under a condition that compares the two, inside of the function itself \
               or of a comparator, functions named after turning something round, parameters that differ by a number, and a function that is called both ways are left alone.",
        fix: "The suggestion exchanges the two.",
    },
    checks: &[Check::Nodes(&[Kind::CallExpression], check)],
    cases: &[
        Case::near_miss(
            "a.js",
            "function block(el, parent) { return el === parent ? null : up(el, parent); }\nclass C { get outer() { const parent = this.parent; return block(parent, this.el); } }",
        ),
        Case::bad(
            "a.js",
            "function area(width, height) { return width * 2 + height; }\nclass C { get size() { return area(this.height, this.width); } } //~ swapped-arguments",
        ),
        Case::bad(
            "a.js",
            "function resize(width, height) { return width * 2 + height; }\nresize(height, width); //~ swapped-arguments",
        ),
        Case::bad(
            "a.js",
            "function draw(ctx, x, y) { ctx.moveTo(x, y); }\nfunction go(c, x, y) { draw(c, y, x); } //~ swapped-arguments",
        ),
        Case::bad(
            "a.js",
            "function copyFile(source, target) { fs.cp(source, target); }\nexport const save = (o) => copyFile(o.target, o.source); //~ swapped-arguments",
        ),
        Case::bad(
            "a.ts",
            "const clamp = (value: number, low: number, high: number) => Math.max(low, Math.min(high, value));\nclamp(v, high, low); //~ swapped-arguments",
        ),
        Case::bad(
            "a.js",
            "function range(start, end) { return end - start; }\nclass A { size() { return range(this.end, this.start); } } //~ swapped-arguments",
        ),
        Case::bad(
            "a.js",
            "async function login(user, password) { await post(user, password); }\nlogin(form.password, form.user); //~ swapped-arguments",
        ),
        Case::bad(
            "a.ts",
            "export function between(from: Date, to: Date): number { return +to - +from; }\nfunction f(from: Date, to: Date) { return between(to, from); } //~ swapped-arguments",
        ),
        Case::bad(
            "a.js",
            "const join = function (left, right) { return left + right; };\njoin(node.right, node.left); //~ swapped-arguments",
        ),
        Case::good("a.js", "function resize(width, height) { return width + height; }\nresize(width, height);"),
        Case::good("a.js", "function f(a, b) { return a - b; }\nf(b, a);"),
        Case::good("a.js", "function resize(width, height) { return width + height; }\nresize(h, w);"),
        Case::good("a.js", "function resize(width, height) { return width + height; }\nresize(width, width);"),
        Case::good("a.js", "function swap(left, right) { return [right, left]; }\nswap(right, left);"),
        Case::good("a.js", "function range(start, end) { return end - start; }\nif (start > end) range(end, start);"),
        Case::good(
            "a.js",
            "function cmp(left, right) { return left - right; }\nxs.sort((left, right) => cmp(right, left));",
        ),
        Case::good("a.js", "import { resize } from './x';\nresize(height, width);"),
        Case::near_miss(
            "a.js",
            "function scopes(set, key, fallback) { return set[key] || set[fallback]; }\nfunction f(set, key, fallback) { key = scopes(set, fallback, key); return key; }",
        ),
        Case::near_miss("a.js", "function gcd(large, small) { return small ? gcd(small, large) : large; }"),
        Case::near_miss(
            "a.js",
            "function range(start, end) { return end - start; }\nconst n = start < end ? range(start, end) : range(end, start);",
        ),
        Case::near_miss(
            "a.js",
            "function rotate(width, height) { return width / height; }\nfunction portrait(width, height) { return rotate(height, width); }",
        ),
        Case::near_miss(
            "a.js",
            "function compareDesc(one, two) { return two - one; }\nconst asc = (one, two) => compareDesc(two, one);",
        ),
        Case::near_miss(
            "a.ts",
            "function fill(tile: T, border: T) { tile.take(border); }\nexport function both(tile: T, border: T) { fill(tile, border); fill(border, tile); }",
        ),
        Case::near_miss(
            "a.js",
            "export function contains(extent1, extent2) { return extent1[0] <= extent2[0]; }\nexport function minus(extent1, extent2) { if (contains(extent2, extent1)) { return []; } return cut(extent1, extent2); }",
        ),
    ],
};

fn check<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    let Some(callee) = node.child(Field::Function).map(bare).filter(|c| c.kind() == Kind::Identifier) else { return };
    let Some(parameters) = cx.file.declared.parameters.get(callee.text()) else { return };
    let arguments: Vec<Node<'a>> = args(node).collect();
    if arguments.len() < 2 || arguments.iter().any(|a| a.kind() == Kind::SpreadElement) || turns(callee.text()) {
        return;
    }
    let names: Vec<String> =
        arguments.iter().map(|a| place_name(*a).map_or_else(String::new, |n| n.into_owned())).collect();
    for (i, first) in names.iter().enumerate().take(parameters.len()) {
        let telling = |n: &str| n.len() > 1 || matches!(n, "x" | "y");
        let Some(j) = (i + 1..names.len().min(parameters.len())).find(|j| {
            *first == parameters[*j]
                && names[*j] == parameters[i]
                && first != &names[*j]
                && telling(first)
                && telling(&names[*j])
        }) else {
            continue;
        };
        // Far apart, or one of them stored again: a role that moves on.
        let stored =
            node.parent().filter(|p| matches!(p.kind(), Kind::AssignmentExpression | Kind::VariableDeclarator));
        let target = stored.and_then(|p| p.child(Field::Left).or_else(|| p.child(Field::Name))).map_or("", Node::text);
        if j != i + 1 || target == first || target == names[j] {
            return;
        }
        // `f(parent, this.el)`: a field and a variable that happen to be called like the parameters, and are things of their own.
        let field = |a: Node<'_>| bare(a).kind() == Kind::MemberExpression;
        if field(arguments[i]) != field(arguments[j]) {
            return;
        }
        if meant(node, callee.text(), arguments[i], arguments[j], cx)
            || are_numbered(&parameters[i], &parameters[j])
            || both_ways(node, callee.text(), i, j)
        {
            return;
        }
        let message = format!(
            "`{}` takes `{}` before `{}`, and gets them the other way round.",
            callee.text(),
            parameters[i],
            parameters[j]
        );
        let span = arguments[i].span().to(arguments[j].span());
        let edits = vec![
            (arguments[i].span(), arguments[j].text().to_owned()),
            (arguments[j].span(), arguments[i].text().to_owned()),
        ];
        cx.report(Note::new(cx.rule, span, message).suggestion("Exchange the two", edits));
        return;
    }
}

/// Whether two names differ by a number alone, as those of two things of one kind do: `extent1`, `extent2`.
fn are_numbered(a: &str, b: &str) -> bool {
    let stem = |n: &str| n.trim_end_matches(|c: char| c.is_ascii_digit()).to_owned();
    a != b && a.len() > 1 && stem(a) == stem(b)
}

/// Whether the block calls the function with the same two the other way round as well: it does one thing for each.
fn both_ways(node: Node<'_>, callee: &str, i: usize, j: usize) -> bool {
    let texts = |call: Node<'_>| -> Option<(String, String)> {
        let at = |k: usize| args(call).nth(k).map(|a| a.text().to_owned());
        Some((at(i)?, at(j)?))
    };
    let Some(here) = texts(node) else { return false };
    node.arena().nodes().any(|n| {
        n.kind() == Kind::CallExpression
            && n.child(Field::Function).is_some_and(|f| f.text() == callee)
            && texts(n).is_some_and(|(a, b)| (b, a) == here)
    })
}

/// Whether a name tells that something is turned round or compared.
fn turns(name: &str) -> bool {
    words(name).iter().any(|w| {
        [
            "swap",
            "reverse",
            "flip",
            "invert",
            "inverse",
            "mirror",
            "transpose",
            "rotate",
            "compare",
            "cmp",
            "exchange",
            "desc",
            "descending",
            "opposite",
            "portrait",
            "landscape",
            "rtl",
        ]
        .contains(&w.as_str())
    })
}

/// Whether the code around tells that the order is meant.
fn meant<'a>(node: Node<'a>, callee: &str, a: Node<'a>, b: Node<'a>, cx: &Cx<'a>) -> bool {
    let both = |n: Node<'_>| {
        let root = |x: Node<'_>| {
            x.descendants().filter(|d| d.kind() == Kind::Identifier).last().map_or("", Node::text).to_owned()
        };
        mentions(n, &root(a)) && mentions(n, &root(b)) || n.text().contains(a.text()) && n.text().contains(b.text())
    };
    // The name means something else here.
    if declares(node, callee) && cx.block.arena().root().kind() != Kind::Program {
        return true;
    }
    let mut at = node;
    for parent in node.ancestors() {
        let condition = parent.child(Field::Condition).filter(|_| at.field() != Field::Condition);
        if condition.is_some_and(both) {
            return true;
        }
        if is_function(parent) {
            let name = parent
                .child(Field::Name)
                .or_else(|| parent.parent().and_then(|p| p.child(Field::Name)))
                .map_or("", Node::text);
            let callback = parent.parent().is_some_and(|p| p.kind() == Kind::Arguments);
            if name == callee
                || turns(name)
                || callback && parent.text().len() < 200 && both(parent.child(Field::Parameters).unwrap_or(parent))
            {
                return true;
            }
        }
        at = parent;
    }
    cx.block.name().is_some_and(|n| n == callee || turns(n))
}
