use sidenote_grammars::{Family, Field, Kind};

use crate::findings::{Category, Confidence, Note, Severity};
use crate::rules::shape::is_global;
use crate::rules::support::bare;
use crate::rules::{Case, Check, Cx, Docs, Rule};
use crate::syntax::Node;

pub static RULE: Rule = Rule {
    id: "misspelt-member",
    summary: "a member of the language is misspelt",
    category: Category::Quality,
    severity: Severity::High,
    confidence: Confidence::High,
    cwe: &[1177],
    families: &[Family::Ecma],
    default_on: true,
    in_tests: false,
    docs: Docs {
        what: "Finds members that differ by a slip from one of the language's or the page's own: `list.lenght`, `el.innerHtml`, `document.getElementByID`, `text.toUppercase()`, `JSON.stringfy`, `Math.ceiling`.",
        why: "What is not there is `undefined`: a call of it throws, a comparison with it is never true, and an assignment to it does nothing.",
        example: "if (name.lenght > 40) cut(name);",
        instead: "if (name.length > 40) cut(name);",
        limits: "Names that the file itself gives to a method or key are left alone, and so are members of `JSON`, `Math`, `Object`, `Array` and `Promise` that resemble none of theirs.",
        fix: "The suggested fix writes the member's name.",
    },
    checks: &[Check::Nodes(&[Kind::MemberExpression], check)],
    cases: &[
        Case::bad("a.js", "if (s.lenght > 3) go(); //~ misspelt-member"),
        Case::bad("a.js", "for (let i = 0; i < xs.legnth; i++) go(xs[i]); //~ misspelt-member"),
        Case::bad("a.js", "el.innerHtml = ''; //~ misspelt-member"),
        Case::bad("a.js", "const el = document.getElementByID('a'); //~ misspelt-member"),
        Case::bad("a.ts", "const up = (s: string) => s.toUppercase(); //~ misspelt-member"),
        Case::bad("a.js", "const t = JSON.stringfy(x); //~ misspelt-member"),
        Case::bad("a.js", "if (Object.hasOwnproperty(k)) go(); //~ misspelt-member"),
        Case::bad("a.js", "const n = Math.Floor(x); //~ misspelt-member"),
        Case::bad("a.js", "Foo.protoype.bar = function () {}; //~ misspelt-member"),
        Case::bad("a.js", "const all = await Promise.al([a, b]); //~ misspelt-member"),
        Case::good("a.js", "if (s.length > 3) go();"),
        Case::good("a.js", "el.innerHTML = '';"),
        Case::good("a.js", "const t = JSON.stringify(x);"),
        Case::good("a.js", "const n = Math.floor(x) + Math.PI;"),
        Case::good("a.js", "const xs = Object.keys(x); Array.from(xs);"),
        Case::good("a.js", "const n = Math.clamp(x, 0, 1);"),
        Case::good("a.js", "const s = { lenght: 3 }; if (s.lenght > 2) go();"),
        Case::good("a.js", "await Promise.allSettled(xs);"),
        Case::near_miss("a.js", "import Promise from 'bluebird';\nawait Promise.maps(xs);"),
        Case::near_miss(
            "a.js",
            "class T { toUppercase() { return this.t; } }\nfunction f(t) { return t.toUppercase(); }",
        ),
        Case::near_miss("a.js", "const x = Object.key;"),
        Case::near_miss("a.js", "JSON.safeStringify = f; JSON.safeStringify(x);"),
    ],
};

/// Names that nobody means, with those that are meant.
const SLIPS: &[(&str, &str)] = &[
    ("addEventlistener", "addEventListener"),
    ("addEventListner", "addEventListener"),
    ("addeventListener", "addEventListener"),
    ("appendchild", "appendChild"),
    ("charcodeAt", "charCodeAt"),
    ("contructor", "constructor"),
    ("constuctor", "constructor"),
    ("createElment", "createElement"),
    ("getElementByID", "getElementById"),
    ("getElementsById", "getElementById"),
    ("getElementByClassName", "getElementsByClassName"),
    ("getElementsByClassname", "getElementsByClassName"),
    ("getElementByTagName", "getElementsByTagName"),
    ("hasOwnProprety", "hasOwnProperty"),
    ("hasOwnproperty", "hasOwnProperty"),
    ("innerHTMl", "innerHTML"),
    ("innerHtml", "innerHTML"),
    ("legnth", "length"),
    ("lengh", "length"),
    ("lenght", "length"),
    ("lengthh", "length"),
    ("lentgh", "length"),
    ("lenth", "length"),
    ("outerHtml", "outerHTML"),
    ("preventDefualt", "preventDefault"),
    ("preventdefault", "preventDefault"),
    ("protoype", "prototype"),
    ("prototpye", "prototype"),
    ("prototye", "prototype"),
    ("querySelectorALL", "querySelectorAll"),
    ("removeEventlistener", "removeEventListener"),
    ("removeEventListner", "removeEventListener"),
    ("responsetext", "responseText"),
    ("setAttribut", "setAttribute"),
    ("stopPropogation", "stopPropagation"),
    ("textcontent", "textContent"),
    ("toLowecase", "toLowerCase"),
    ("toLowerase", "toLowerCase"),
    ("toLowercase", "toLowerCase"),
    ("toUpercase", "toUpperCase"),
    ("toUpperase", "toUpperCase"),
    ("toUppercase", "toUpperCase"),
];

/// The members of globals of which all are known.
const MEMBERS: &[(&str, &[&str])] = &[
    ("JSON", &["parse", "stringify", "rawJSON", "isRawJSON"]),
    (
        "Math",
        &[
            "E",
            "LN10",
            "LN2",
            "LOG10E",
            "LOG2E",
            "PI",
            "SQRT1_2",
            "SQRT2",
            "abs",
            "acos",
            "acosh",
            "asin",
            "asinh",
            "atan",
            "atan2",
            "atanh",
            "cbrt",
            "ceil",
            "clz32",
            "cos",
            "cosh",
            "exp",
            "expm1",
            "f16round",
            "floor",
            "fround",
            "hypot",
            "imul",
            "log",
            "log10",
            "log1p",
            "log2",
            "max",
            "min",
            "pow",
            "random",
            "round",
            "sign",
            "sin",
            "sinh",
            "sqrt",
            "sumPrecise",
            "tan",
            "tanh",
            "trunc",
            "clamp",
            "lerp",
            "sum",
        ],
    ),
    (
        "Promise",
        &[
            "all",
            "allSettled",
            "any",
            "race",
            "reject",
            "resolve",
            "try",
            "withResolvers",
            "prototype",
            "length",
            "name",
            "call",
            "apply",
            "bind",
            "map",
            "each",
            "delay",
            "method",
            "defer",
            "props",
            "some",
            "join",
            "done",
            "fail",
        ],
    ),
];

fn check<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    let (Some(of), Some(name)) = (node.child(Field::Object).map(bare), node.child(Field::Property)) else { return };
    let written = name.text();
    let meant = match MEMBERS.iter().find(|(global, _)| is_global(of, global, cx)) {
        Some((_, members)) if members.contains(&written) => return,
        Some((_, members)) => {
            let called =
                node.field() == Field::Function && node.parent().is_some_and(|p| p.kind() == Kind::CallExpression);
            if !called || assigned(node) {
                return;
            }
            members.iter().find(|m| is_near(written, m)).copied()
        }
        None => SLIPS.iter().find(|(slip, _)| *slip == written).map(|(_, meant)| *meant),
    };
    let Some(meant) = meant else { return };
    // What the file itself calls so, or what some interface outside of it does.
    let own = cx.file.declared.class_methods.contains(written)
        || node.arena().nodes().any(|n| {
            let names = matches!(n.kind(), Kind::PropertyIdentifier | Kind::ShorthandPropertyIdentifier | Kind::String);
            names
                && n.text().trim_matches(['"', '\'']) == written
                && n.parent().is_some_and(|p| p.kind() != Kind::MemberExpression)
        });
    if own || of.kind() == Kind::This {
        return;
    }
    let message = format!("`{written}` is not there: `{meant}` was meant.");
    let note =
        Note::new(cx.rule, name.span(), message).suggestion("Write the name", vec![(name.span(), meant.to_owned())]);
    cx.report(note);
}

/// Whether the block gives the global a member of that name.
fn assigned(member: Node<'_>) -> bool {
    member.arena().nodes().any(|n| {
        n.kind() == Kind::AssignmentExpression && n.child(Field::Left).is_some_and(|l| l.text() == member.text())
    })
}

/// Whether a name is another one but for upper and lower case, or for one letter that is missing, too many, or another one, or two that
/// changed places.
fn is_near(written: &str, meant: &str) -> bool {
    if written.eq_ignore_ascii_case(meant) {
        return true;
    }
    let (a, b) = (written.as_bytes(), meant.as_bytes());
    if a.len() < 5 && !(meant.starts_with(written) && written.len() > 1) || b.len() < 3 {
        return false;
    }
    let same = a.iter().zip(b).take_while(|(x, y)| x == y).count();
    let (a, b) = (&a[same..], &b[same..]);
    let tail = |x: &[u8], y: &[u8]| x == y;
    match (a.len(), b.len()) {
        (x, y) if x == y => {
            x > 0 && tail(&a[1..], &b[1..]) || x > 1 && a[0] == b[1] && a[1] == b[0] && tail(&a[2..], &b[2..])
        }
        (x, y) if x == y + 1 => tail(&a[1..], b),
        (x, y) if x + 1 == y => tail(a, &b[1..]),
        _ => false,
    }
}
