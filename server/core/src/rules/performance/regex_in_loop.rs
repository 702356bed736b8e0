use sidenote_grammars::{Family, Field, Kind};

use crate::findings::{Category, Confidence, Note, Severity};
use crate::rules::rust_code::{repeated_in, round};
use crate::rules::rust_names::visible;
use crate::rules::rust_types::macro_name;
use crate::rules::shape::{mentions, only_reads};
use crate::rules::support::{
    args, constant_text, declares, is_function, is_loop, method, place_name, rust_path, words,
};
use crate::rules::{Case, Check, Cx, Docs, Rule};
use crate::syntax::Node;

pub static RULE: Rule = Rule {
    id: "regex-in-loop",
    summary: "the same pattern is compiled in every round",
    category: Category::Performance,
    severity: Severity::Medium,
    confidence: Confidence::High,
    cwe: &[1050],
    families: &[Family::Rust, Family::Ecma],
    default_on: true,
    in_tests: false,
    docs: Docs {
        what: "Finds `Regex::new` (and `RegexBuilder`, `RegexSet`, `regex::bytes`) of a constant pattern inside a loop or the closure \
               of an iterator's method; in JavaScript `new RegExp` of a pattern that stays the same inside a loop, or inside a \
               callback of `map`, `filter` and the like.",
        why: "Compiling a pattern takes thousands of times as long as a search with it: microseconds to milliseconds, and \
              memory each time.",
        example: "for line in lines {\n    let re = Regex::new(r\"^\\d+$\").unwrap();\n    if re.is_match(line) { n += 1; }\n}",
        instead: "static NUMBER: LazyLock<Regex> = LazyLock::new(|| Regex::new(r\"^\\d+$\").unwrap());\nfor line in lines {\n    if NUMBER.is_match(line) { n += 1; }\n}",
        limits: "Patterns that are put together at run time are left alone, and so are closures that run once \
                 (`LazyLock::new`, `get_or_init`, `Option`'s methods). Literals of JavaScript (`/x/`) are compiled once and are fine; \
                 there a pattern of outer variables counts as the same if the loop does not assign them.",
        fix: "",
    },
    checks: &[
        Check::Nodes(&[Kind::CallExpression], check),
        Check::Nodes(&[Kind::CallExpression], by_helper),
        Check::Nodes(&[Kind::NewExpression], constructed),
    ],
    cases: &[
        Case::near_miss(
            "a.js",
            "function f(parts) { for (const part of parts) { const re = new RegExp(IMPORT_REGEXP); let m; while ((m = re.exec(part))) { use(m); } } }",
        ),
        Case::bad(
            "a.rs",
            "use regex::Regex;\nfn f(ls: &[&str]) { for l in ls { let re = Regex::new(r\"^a+$\").unwrap(); re.is_match(l); } } //~ regex-in-loop",
        ),
        Case::bad(
            "a.rs",
            "fn f() { while more() { let re = regex::Regex::new(\"a|b\").unwrap(); use_it(re); } } //~ regex-in-loop",
        ),
        Case::bad(
            "a.rs",
            "use regex::Regex;\nfn f(ls: Vec<String>) -> usize { ls.iter().filter(|l| Regex::new(\"x\").unwrap().is_match(l)).count() } //~ regex-in-loop",
        ),
        Case::bad(
            "a.rs",
            "use regex::bytes::Regex;\nfn f() { loop { if Regex::new(\"x\").unwrap().is_match(next()) { break; } } } //~ regex-in-loop",
        ),
        Case::bad(
            "a.rs",
            "use regex::RegexBuilder;\nfn f(ls: &[&str]) { for l in ls { let r = RegexBuilder::new(\"x\").case_insensitive(true).build(); } } //~ regex-in-loop",
        ),
        Case::bad(
            "a.rs",
            "use regex::Regex as Re;\nconst P: &str = \"x+\";\nfn f(ls: &[&str]) { ls.iter().for_each(|l| { let r = Re::new(P).unwrap(); r.find(l); }); } //~ regex-in-loop",
        ),
        Case::bad("a.js", "for (const l of lines) { if (new RegExp('^a+$').test(l)) go(l); } //~ regex-in-loop"),
        Case::bad(
            "a.js",
            "function f(lines, word) { return lines.filter((l) => new RegExp(`\\b${word}\\b`, 'i').test(l)); } //~ regex-in-loop",
        ),
        Case::bad(
            "a.ts",
            "function f(xs: string[], p: string) { for (let i = 0; i < xs.length; i++) { const re = new RegExp(p, 'g'); xs[i] = xs[i].replace(re, ''); } } //~ regex-in-loop",
        ),
        Case::good(
            "a.rs",
            "use regex::Regex;\nfn f(ls: &[&str]) { let re = Regex::new(\"x\").unwrap(); for l in ls { re.is_match(l); } }",
        ),
        Case::good(
            "a.rs",
            "use regex::Regex;\nfn f(ps: &[String]) { for p in ps { let re = Regex::new(p).unwrap(); all.push(re); } }",
        ),
        Case::good(
            "a.rs",
            "use regex::Regex;\nfn f(ps: &[String]) { for p in ps { let re = Regex::new(&format!(\"^{p}$\")).unwrap(); } }",
        ),
        Case::good(
            "a.rs",
            "use regex::Regex;\nfn f(ls: &[&str]) { for l in ls { static RE: LazyLock<Regex> = LazyLock::new(|| Regex::new(\"x\").unwrap()); RE.is_match(l); } }",
        ),
        Case::good(
            "a.rs",
            "use regex::Regex;\nfn f(ls: &[&str]) { for l in ls { RE.get_or_init(|| Regex::new(\"x\").unwrap()).is_match(l); } }",
        ),
        Case::good(
            "a.rs",
            "use regex::Regex;\nfn f(ps: &[&str]) -> Vec<Regex> { ps.iter().map(|p| Regex::new(p).unwrap()).collect() }",
        ),
        Case::bad(
            "a.rs",
            "fn f(v: &[String], p: &str) { for s in v { let re = Regex::new(p).unwrap(); go(re.is_match(s)); } } //~ regex-in-loop",
        ),
        Case::bad(
            "a.rs",
            "fn f(v: &[String], p: &str) { for s in v { let re = Regex::new(&format!(\"^{p}$\")).unwrap(); go(re.is_match(s)); } } //~ regex-in-loop",
        ),
        Case::good(
            "a.rs",
            "fn f(v: &[String], p: &str) { for s in v { let re = Regex::new(&format!(\"^{p}{s}$\")).unwrap(); go(re); } }",
        ),
        Case::good(
            "a.rs",
            "fn f(v: &[String], mut p: String) { for s in v { let re = Regex::new(&p).unwrap(); go(re); p.push_str(s); } }",
        ),
        Case::near_miss(
            "a.rs",
            "use regex::Regex;\nfn f() { for m in Regex::new(\"x\").unwrap().find_iter(text) { use_it(m); } }",
        ),
        Case::near_miss(
            "a.rs",
            "use regex::Regex;\nfn f(o: Option<&str>) { o.map(|l| Regex::new(\"x\").unwrap().is_match(l)); }",
        ),
        Case::near_miss(
            "a.rs",
            "fn f() { for l in ls { let c = Config::new(\"x\"); let r = self.regex.new(\"x\"); } }",
        ),
        Case::near_miss(
            "a.rs",
            "use regex::Regex;\nfn f() { for l in ls { lazy_static! { static ref RE: Regex = Regex::new(\"x\").unwrap(); } RE.is_match(l); } }",
        ),
        Case::good("a.js", "const re = new RegExp('^a+$'); for (const l of lines) { if (re.test(l)) go(l); }"),
        Case::good("a.js", "for (const l of lines) { if (/^a+$/.test(l)) go(l); }"),
        Case::good("a.js", "for (const w of words) { all.push(new RegExp(`^${w}$`)); }"),
        Case::near_miss("a.js", "for (const k of keys) { const p = o[k]; use(new RegExp(p)); }"),
        Case::near_miss("a.js", "let re; for (const l of lines) { if (!re) re = new RegExp(SRC); re.test(l); }"),
        Case::near_miss("a.js", "const res = patterns.map((p) => new RegExp(p, 'i'));"),
        Case::near_miss("a.js", "while (more()) { src = next(); use(new RegExp(src)); }"),
        Case::near_miss("a.js", "function f(word) { button.on('x', () => new RegExp(word).test(q)); }"),
        Case::bad(
            "a.ts",
            "function isTag(line: string, tag: string) { return new RegExp('^<' + tag + '>').test(line); }\nexport function tags(lines: string[], tag: string) { return lines.filter((l) => isTag(l, tag)); } //~ regex-in-loop",
        ),
        Case::bad(
            "a.js",
            "const matcher = (word) => new RegExp(`\\\\b${word}\\\\b`);\nexport function hits(lines, word) { let n = 0; for (const l of lines) { if (matcher(word).test(l)) n++; } return n; } //~ regex-in-loop",
        ),
        Case::near_miss(
            "a.ts",
            "function has(text: string, word: string) { return new RegExp(word).test(text); }\nexport const found = (words: string[], text: string) => words.filter((w) => has(text, w));",
        ),
        Case::near_miss(
            "a.js",
            "const seen = {};\nfunction matcher(word) { if (!seen[word]) { seen[word] = new RegExp(word); } return seen[word]; }\nexport function hits(lines, word) { return lines.filter((l) => matcher(word).test(l)); }",
        ),
        Case::bad(
            "a.rs",
            "use regex::Regex;\nfn f(ls: impl Iterator<Item = String>) -> Vec<bool> { ls.map(|l| Regex::new(\"x+\").unwrap().is_match(&l)).collect() } //~ regex-in-loop",
        ),
        Case::near_miss(
            "a.rs",
            "use regex::Regex;\nfn f(l: Option<String>) -> Option<bool> { l.map(|l| Regex::new(\"x+\").unwrap().is_match(&l)) }",
        ),
        Case::bad(
            "a.ts",
            "function f(lines: string[]) { let n = 0; for (const line of lines) { const re = new RegExp('^\\\\d+$'); if (re.test(line)) { n++; } } return n; } //~ regex-in-loop",
        ),
        Case::bad(
            "a.ts",
            "function f(rows: string[], word: string) { return rows.filter((r) => new RegExp(`\\\\b${word}\\\\b`, 'i').test(r)); } //~ regex-in-loop",
        ),
        Case::bad(
            "a.ts",
            "function f(rows: string[], word: string) { for (let i = 0; i < rows.length; i++) { if (new RegExp(word).test(rows[i])) { go(rows[i]); } } } //~ regex-in-loop",
        ),
        Case::good(
            "a.ts",
            "const RE = /^\\d+$/; function f(lines: string[]) { return lines.filter((l) => RE.test(l)); }",
        ),
        Case::good("a.ts", "function f(lines: string[]) { return lines.filter((l) => /^\\d+$/.test(l)); }"),
        Case::good(
            "a.ts",
            "function f(text: string, words: string[]) { return words.filter((w) => new RegExp(w).test(text)); }",
        ),
        Case::good("a.ts", "function f(word: string, text: string) { return new RegExp(word).test(text); }"),
        Case::good(
            "a.ts",
            "function f(rows: string[], word: string) { const re = new RegExp(word); return rows.filter((r) => re.test(r)); }",
        ),
    ],
};

fn check<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    let Some(callee) = node.child(Field::Function) else { return };
    let Some(path) = rust_path(callee, cx) else { return };
    let mut names = path.rsplit("::");
    let compiles = names.next() == Some("new")
        && matches!(names.next(), Some("Regex" | "RegexBuilder" | "RegexSet" | "RegexSetBuilder"))
        && names.last().is_none_or(|first| first.contains("regex") || matches!(first, "onig" | "pcre2" | "grep"));
    if !compiles {
        return;
    }
    let Some(pattern) = args(node).next() else { return };
    let text = constant_text(pattern, cx).trim_start_matches(['&', '[']);
    let constant = text.starts_with(['"', 'r']) && text.contains('"');
    let Some(round) = round(node) else { return };
    if !constant && !repeated_in(node).is_some_and(|around| same_each_round(pattern, around)) {
        return;
    }
    let message = "The same pattern is compiled in every round, which takes far longer than matching it. Compile it once: before the loop, or in a `static` `LazyLock<Regex>`.";
    cx.report(Note::new(cx.rule, node.span(), message).related(round, "runs again and again"));
}

/// JavaScript: `new RegExp(pattern)` whose arguments stay the same from round to round.
fn constructed<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    let built = node.child(Field::Constructor).is_some_and(|c| c.text() == "RegExp") && !cx.is_bound("RegExp");
    if !built || args(node).next().is_none() || !args(node).all(only_reads) {
        return;
    }
    // `new RegExp(PATTERN_REGEXP)` copies an expression, which then has a place of its own in the text.
    let copied = args(node)
        .next()
        .and_then(place_name)
        .is_some_and(|n| words(&n).last().is_some_and(|w| matches!(w.as_str(), "regex" | "regexp" | "re" | "rx")));
    if copied && args(node).count() == 1 {
        return;
    }
    // `re = new RegExp(..)` keeps it for the next round.
    let kept = node.parent().is_some_and(|p| p.kind() == Kind::AssignmentExpression);
    if kept {
        return;
    }
    let mut at = node;
    while let Some(parent) = at.parent() {
        let callback = is_function(parent);
        let round = is_loop(parent) && matches!(at.field(), Field::Body | Field::Condition | Field::Increment);
        if callback && !runs_for_each(parent) {
            return;
        }
        if callback || round {
            if args(node).any(|a| a.descendants().any(|n| varies(n, parent))) {
                return;
            }
            let mut head = parent.span();
            head.end = parent.child(Field::Body).map_or(head.end, |b| b.span().start);
            let message = "The same pattern is compiled in every round, which takes far longer than matching it. Make the expression once, before the loop.";
            cx.report(Note::new(cx.rule, node.span(), message).related(head, "runs again and again"));
            return;
        }
        at = parent;
    }
}

/// A function of the file that compiles a pattern from its parameters, called with the same ones in every round:
/// `lines.filter((l) => isTag(l, tag))`.
fn by_helper<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    let Some(callee) = node.child(Field::Function).filter(|f| f.kind() == Kind::Identifier) else { return };
    let Some(used) = cx.file.declared.compiling_functions.get(callee.text()) else { return };
    let given: Vec<Node<'a>> = args(node).collect();
    let hidden = cx.block.kind() != crate::blocks::BlockKind::Module && declares(callee, callee.text());
    if hidden || used.iter().any(|at| given.get(*at).is_none_or(|a| !only_reads(*a))) {
        return;
    }
    let mut at = node;
    while let Some(parent) = at.parent() {
        let callback = is_function(parent);
        let round = is_loop(parent) && matches!(at.field(), Field::Body | Field::Condition | Field::Increment);
        if callback && !runs_for_each(parent) {
            return;
        }
        if callback || round {
            let fixed = |a: Node<'a>| !varies(a, parent) && !a.descendants().any(|n| varies(n, parent));
            if used.iter().all(|at| fixed(given[*at])) {
                let message = format!(
                    "`{}` compiles the same pattern in every round, which takes far longer than matching it. Hand it the expression, made once before the loop.",
                    callee.text()
                );
                cx.report(Note::new(cx.rule, node.span(), message));
            }
            return;
        }
        at = parent;
    }
}

fn runs_for_each(callback: Node<'_>) -> bool {
    let call = callback.parent().and_then(|p| p.parent());
    call.and_then(|c| method(c)).is_some_and(|(_, m)| {
        matches!(
            m.text(),
            "map" | "filter" | "forEach" | "some" | "every" | "find" | "findIndex" | "flatMap" | "reduce"
        )
    })
}

/// Whether a name in the pattern is bound or assigned inside the round, or is a member of something (which may change).
fn varies(n: Node<'_>, round: Node<'_>) -> bool {
    if matches!(n.kind(), Kind::MemberExpression | Kind::SubscriptExpression | Kind::This) {
        return true;
    }
    n.kind() == Kind::Identifier
        && round.descendants().any(|d| match d.kind() {
            Kind::VariableDeclarator => d.child(Field::Name).is_some_and(|b| mentions(b, n.text())),
            Kind::FormalParameters => mentions(d, n.text()),
            Kind::ArrowFunction => d.child(Field::Parameter).is_some_and(|p| p.text() == n.text()),
            Kind::ForInStatement | Kind::AssignmentExpression | Kind::AugmentedAssignmentExpression => {
                d.child(Field::Left).is_some_and(|l| mentions(l, n.text()))
            }
            Kind::UpdateExpression => mentions(d, n.text()),
            _ => false,
        })
}

/// Whether a pattern of Rust is made of nothing but variables from outside of what repeats it, which nothing in there changes.
fn same_each_round(pattern: Node<'_>, around: Node<'_>) -> bool {
    let mut names: Vec<&str> = Vec::new();
    for n in std::iter::once(pattern).chain(pattern.descendants()) {
        match n.kind() {
            Kind::SelfValue | Kind::FieldExpression | Kind::ClosureExpression | Kind::AwaitExpression => return false,
            Kind::CallExpression => {
                let plain = n.child(Field::Function).is_some_and(|f| f.text().ends_with("escape"));
                if !plain {
                    return false;
                }
            }
            Kind::MacroInvocation if macro_name(n) != "format" => return false,
            Kind::Identifier
                if n.field() != Field::Macro && n.parent().is_none_or(|p| p.kind() != Kind::ScopedIdentifier) =>
            {
                names.push(n.text());
            }
            Kind::StringLiteral | Kind::RawStringLiteral if n.parent().is_some_and(|p| p.kind() == Kind::TokenTree) => {
                let inner = n.text().split('{').skip(1).map(|p| p.split(['}', ':']).next().unwrap_or(""));
                names.extend(inner.filter(|w| w.starts_with(|c: char| c.is_alphabetic() || c == '_')));
            }
            _ => {}
        }
    }
    let outside = |name: &str| {
        visible(pattern, name).is_some_and(|b| !around.span().contains(b.name.span()))
            || name.chars().all(|c| c.is_uppercase() || c == '_' || c.is_numeric())
    };
    let changed = around.descendants().any(|n| match n.kind() {
        Kind::AssignmentExpression | Kind::CompoundAssignmentExpr => {
            n.child(Field::Left).is_some_and(|l| names.contains(&l.text()))
        }
        Kind::ReferenceExpression => {
            n.child_of_kind(Kind::MutableSpecifier).is_some()
                && n.child(Field::Value).is_some_and(|v| names.contains(&v.text()))
        }
        Kind::CallExpression => method(n).is_some_and(|(of, m)| {
            names.contains(&of.text()) && matches!(m.text(), "push" | "push_str" | "clear" | "insert" | "next" | "pop")
        }),
        _ => false,
    });
    !names.is_empty() && names.iter().all(|n| outside(n)) && !changed
}
