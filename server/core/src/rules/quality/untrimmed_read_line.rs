use sidenote_grammars::{Family, Field, Kind};

use crate::findings::{Category, Confidence, Note, Severity};
use crate::rules::rust_code::call_on;
use crate::rules::rust_names::{Binding, Origin, binding, uses};
use crate::rules::shape::{operands, operator};
use crate::rules::support::{args, method, string_value};
use crate::rules::{Case, Check, Cx, Docs, Rule};
use crate::syntax::{Node, Span};

pub static RULE: Rule = Rule {
    id: "untrimmed-read-line",
    summary: "a line is parsed or compared with its newline",
    category: Category::Quality,
    severity: Severity::High,
    confidence: Confidence::High,
    cwe: &[20],
    families: &[Family::Rust],
    default_on: true,
    in_tests: false,
    docs: Docs {
        what: "Finds a string that `read_line` filled and that is parsed, or compared with text that has no newline, without `trim`.",
        why: "`read_line` keeps the newline. `\"42\\n\".parse::<u32>()` is always an error, and `line == \"yes\"` is always false.",
        example: "io::stdin().read_line(&mut line)?;\nlet n: u32 = line.parse()?;",
        instead: "let n: u32 = line.trim().parse()?;",
        limits: "Only within one function, where nothing else changes the string in between.",
        fix: "`.trim()` is inserted.",
    },
    checks: &[Check::Nodes(&[Kind::CallExpression], check)],
    cases: &[
        Case::bad(
            "a.rs",
            "fn f() -> u32 { let mut s = String::new(); io::stdin().read_line(&mut s).unwrap(); s.parse::<u32>().unwrap() } //~ untrimmed-read-line",
        ),
        Case::bad(
            "a.rs",
            "fn f() -> bool { let mut s = String::new(); stdin().read_line(&mut s).unwrap(); s == \"yes\" } //~ untrimmed-read-line",
        ),
        Case::bad(
            "a.rs",
            "fn f(mut r: BufReader<File>) -> io::Result<u8> { let mut line = String::new();\n r.read_line(&mut line)?;\n let n: u8 = line.parse().unwrap_or(0); //~ untrimmed-read-line\n Ok(n) }",
        ),
        Case::bad(
            "a.rs",
            "fn f() { loop { let mut s = String::new(); io::stdin().read_line(&mut s).unwrap();\n if s == \"quit\" { break; } //~ untrimmed-read-line\n go(&s); } }",
        ),
        Case::bad(
            "a.rs",
            "fn f() -> Option<i32> { let mut s = String::new(); std::io::stdin().read_line(&mut s).ok()?; s.as_str().parse().ok() } //~ untrimmed-read-line",
        ),
        Case::bad(
            "a.rs",
            "fn f() -> bool { let mut s = String::new(); io::stdin().read_line(&mut s).unwrap(); &s == \"y\" } //~ untrimmed-read-line",
        ),
        Case::bad(
            "a.rs",
            "fn f() -> bool { let mut a = String::new(); io::stdin().lock().read_line(&mut a).expect(\"in\"); a != \"no\" } //~ untrimmed-read-line",
        ),
        Case::bad(
            "a.rs",
            "fn f() -> bool { let mut s = String::new(); io::stdin().read_line(&mut s).unwrap(); s.ends_with(\"y\") } //~ untrimmed-read-line",
        ),
        Case::bad(
            "a.rs",
            "fn f() -> bool { let mut s = String::new(); io::stdin().read_line(&mut s).unwrap(); s.to_lowercase() == \"y\" } //~ untrimmed-read-line",
        ),
        Case::bad(
            "a.rs",
            "fn f() -> u8 { let mut s = String::new(); io::stdin().read_line(&mut s).unwrap();\n match s.as_str() { \"a\" => 1, \"b\" => 2, _ => 0 } //~ untrimmed-read-line\n}",
        ),
        Case::near_miss(
            "a.rs",
            "fn f() -> u8 { let mut s = String::new(); io::stdin().read_line(&mut s).unwrap(); match s.as_str() { \"a\\n\" => 1, _ => 0 } }",
        ),
        Case::good(
            "a.rs",
            "fn f() -> u32 { let mut s = String::new(); io::stdin().read_line(&mut s).unwrap(); s.trim().parse::<u32>().unwrap() }",
        ),
        Case::good(
            "a.rs",
            "fn f() -> bool { let mut s = String::new(); io::stdin().read_line(&mut s).unwrap(); s == \"yes\\n\" }",
        ),
        Case::good(
            "a.rs",
            "fn f() -> bool { let mut s = String::new(); io::stdin().read_line(&mut s).unwrap(); s.trim() == \"yes\" }",
        ),
        Case::good("a.rs", "fn f() -> u32 { let s = String::from(\"3\"); s.parse::<u32>().unwrap() }"),
        Case::good(
            "a.rs",
            "fn f() -> u32 { let mut s = String::new(); io::stdin().read_line(&mut s).unwrap(); let s = s.trim(); s.parse().unwrap() }",
        ),
        Case::good(
            "a.rs",
            "fn f() -> bool { let mut s = String::new(); io::stdin().read_line(&mut s).unwrap(); s.starts_with(\"y\") }",
        ),
        Case::good(
            "a.rs",
            "fn f() -> bool { let mut s = String::new(); io::stdin().read_to_string(&mut s).unwrap(); s == \"yes\" }",
        ),
        Case::good(
            "a.rs",
            "fn f() -> bool { let mut s = String::new(); io::stdin().read_line(&mut s).unwrap(); s == \"\" }",
        ),
        Case::near_miss(
            "a.rs",
            "fn f() -> u32 { let mut s = String::new(); io::stdin().read_line(&mut s).unwrap(); s.pop(); s.parse::<u32>().unwrap() }",
        ),
        Case::near_miss(
            "a.rs",
            "fn f() -> u32 { let mut s = String::new(); io::stdin().read_line(&mut s).unwrap(); s.truncate(2); s.parse::<u32>().unwrap() }",
        ),
        Case::near_miss(
            "a.rs",
            "fn f() -> u32 { let mut s = String::new(); io::stdin().read_line(&mut s).unwrap(); clean(&mut s); s.parse::<u32>().unwrap() }",
        ),
        Case::near_miss(
            "a.rs",
            "fn f(s: String) -> bool { let mut t = String::new(); io::stdin().read_line(&mut t).unwrap(); s == \"yes\" }",
        ),
    ],
};

fn check<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    let Some((_, name)) = method(node).filter(|(_, n)| n.text() == "read_line") else { return };
    let Some(buffer) = args(node).next().filter(|a| a.kind() == Kind::ReferenceExpression) else { return };
    let Some(variable) = buffer.child(Field::Value).filter(|v| v.kind() == Kind::Identifier) else { return };
    let Some(bound) = binding(variable).filter(|b: &Binding<'_>| matches!(b.origin, Origin::Let(_))) else { return };
    let Some(all) = uses(&bound, cx) else { return };
    for used in all.into_iter().filter(|u| u.span().start > node.span().end) {
        // What changes the string may take the newline away.
        if changes(used) {
            return;
        }
        let mut at = used;
        while let Some((
            call,
            "as_str" | "as_ref" | "to_string" | "clone" | "to_lowercase" | "to_uppercase" | "to_ascii_lowercase",
        )) = call_on(at).map(|(c, n)| (c, n.text()))
        {
            at = call;
        }
        if let Some(arms) = at.parent().filter(|p| p.kind() == Kind::MatchExpression && at.field() == Field::Value) {
            let patterns: Vec<Node<'a>> = arms
                .descendants()
                .filter(|n| {
                    n.kind() == Kind::StringLiteral
                        && n.ancestors()
                            .find(|a| matches!(a.kind(), Kind::MatchPattern | Kind::MatchArm))
                            .is_some_and(|a| a.kind() == Kind::MatchPattern)
                })
                .collect();
            if let Some(first) = patterns.first().filter(|_| patterns.iter().all(|p| no_newline(*p))) {
                let message = format!(
                    "`{}` still ends in the newline that `read_line` keeps, so that no arm such as {} is ever taken. Match `{0}.trim()`.",
                    variable.text(),
                    first.text()
                );
                cx.report(
                    Note::new(cx.rule, at.span(), message)
                        .related(name.span(), "read here")
                        .suggestion("Trim it", vec![(at.span(), format!("{}.trim()", variable.text()))]),
                );
                return;
            }
        }
        let end = Span { start: at.span().end, end: at.span().end };
        if let Some((call, what)) = call_on(at) {
            let wrong = match what.text() {
                "parse" => true,
                "ends_with" | "eq" => args(call).next().is_some_and(no_newline),
                _ => false,
            };
            if wrong {
                let message = format!(
                    "`{}` still ends in the newline that `read_line` keeps, so that `{}` never does what it says. Call `trim()` first.",
                    variable.text(),
                    what.text()
                );
                cx.report(
                    Note::new(cx.rule, call.span(), message)
                        .related(name.span(), "read here")
                        .suggestion("Trim it", vec![(end, ".trim()".to_owned())]),
                );
                return;
            }
            continue;
        }
        let side = at.parent().filter(|p| p.kind() == Kind::ReferenceExpression).unwrap_or(at);
        let Some(comparison) =
            side.parent().filter(|p| p.kind() == Kind::BinaryExpression && matches!(operator(*p), "==" | "!="))
        else {
            continue;
        };
        let Some((left, right)) = operands(comparison) else { continue };
        let other = if left == side { right } else { left };
        if no_newline(other) {
            let message = format!(
                "`{}` still ends in the newline that `read_line` keeps, so that it never equals {}. Compare `{0}.trim()`.",
                variable.text(),
                other.text()
            );
            cx.report(
                Note::new(cx.rule, comparison.span(), message)
                    .related(name.span(), "read here")
                    .suggestion("Trim it", vec![(side.span(), format!("{}.trim()", variable.text()))]),
            );
            return;
        }
    }
}

/// Whether a text is written out, not empty, and has no newline at its end.
fn no_newline(node: Node<'_>) -> bool {
    string_value(node).is_some_and(|t| !t.is_empty() && !t.ends_with('\n'))
}

fn changes(used: Node<'_>) -> bool {
    let lent = used
        .parent()
        .is_some_and(|p| p.kind() == Kind::ReferenceExpression && p.child_of_kind(Kind::MutableSpecifier).is_some());
    let assigned = used.parent().is_some_and(|p| {
        matches!(p.kind(), Kind::AssignmentExpression | Kind::CompoundAssignmentExpr) && used.field() == Field::Left
    });
    let edits = call_on(used).is_some_and(|(_, n)| {
        matches!(
            n.text(),
            "pop"
                | "truncate"
                | "clear"
                | "remove"
                | "retain"
                | "drain"
                | "replace_range"
                | "split_off"
                | "trim_in_place"
        )
    });
    lent || assigned || edits
}
