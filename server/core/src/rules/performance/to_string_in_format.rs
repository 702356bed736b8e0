use sidenote_grammars::Family;

use crate::findings::{Category, Confidence, Note, Severity};
use crate::rules::{Case, Check, Cx, Docs, Rule};
use crate::semantics::hir::{ExprId, ExprKind, Hir};
use crate::syntax::Span;

pub static RULE: Rule = Rule {
    id: "to-string-in-format",
    summary: "an argument of a format string is made a string first",
    category: Category::Performance,
    severity: Severity::Low,
    confidence: Confidence::High,
    cwe: &[],
    families: &[Family::Rust],
    default_on: true,
    in_tests: false,
    docs: Docs {
        what: "Finds `x.to_string()` as an argument of `format!`, `println!`, `write!`, `panic!` and the logging macros.",
        why: "The argument is formatted into memory of its own, then copied into the result, and freed. The placeholder formats it by itself.",
        example: "println!(\"{} done\", count.to_string());",
        instead: "println!(\"{} done\", count);",
        limits: "Silent where the placeholder says more than `{}`: width and debug form treat a string in their own way.",
        fix: "",
    },
    checks: &[Check::Block(check)],
    cases: &[
        Case::bad("a.rs", "fn f(count: u8) { println!(\"{} done\", count.to_string()); } //~ to-string-in-format"),
        Case::bad(
            "a.rs",
            "fn f(p: &Path) -> String { format!(\"no {}\", p.display().to_string()) } //~ to-string-in-format",
        ),
        Case::bad("a.rs", "fn f(e: &Error) { panic!(\"failed: {}\", e.to_string()); } //~ to-string-in-format"),
        Case::bad(
            "a.rs",
            "fn f(w: &mut String, n: u8) { write!(w, \"{}\", n.to_string()).unwrap(); } //~ to-string-in-format",
        ),
        Case::bad("a.rs", "fn f(e: E) { log::error!(\"failed: {}\", e.to_string()); } //~ to-string-in-format"),
        Case::bad(
            "a.rs",
            "fn f(a: u8, b: u8) -> String {\n    format!(\n        \"{}-{}\",\n        a.to_string(), //~ to-string-in-format\n        b\n    )\n}",
        ),
        Case::bad("a.rs", "fn f(name: &str) { eprintln!(\"hello {}\", &name.to_string()); } //~ to-string-in-format"),
        Case::bad("a.rs", "fn f(n: u8) -> String { format!(\"{n}\", n = n.to_string()) } //~ to-string-in-format"),
        Case::good("a.rs", "fn f(count: u8) { println!(\"{} done\", count); }"),
        Case::good("a.rs", "fn f(count: u8) { println!(\"{:>5}\", count.to_string()); }"),
        Case::good("a.rs", "fn f(count: u8) { println!(\"{:?}\", count.to_string()); }"),
        Case::good("a.rs", "fn f(count: u8) { let s = count.to_string(); println!(\"{s}\"); }"),
        Case::good(
            "a.rs",
            "fn f(xs: &[u8]) { println!(\"{}\", xs.iter().map(|x| x.to_string()).collect::<String>()); }",
        ),
        Case::good("a.rs", "fn f(a: u8) { println!(\"{}\", name(a.to_string())); }"),
        Case::good("a.rs", "fn f(a: u8) { assert_eq!(a.to_string(), \"1\"); }"),
        Case::good("a.rs", "fn f(a: u8) { println!(\"{}\", a.to_string().len()); }"),
        Case::near_miss("a.rs", "fn f(a: A) { println!(\"{}\", a.to_string(3)); }"),
        Case::near_miss("a.rs", "fn f(a: A) { println!(\"{:<10}|{}\", a.to_string(), 1); }"),
        Case::near_miss("a.rs", "fn f(a: A) { println!(\"{0:>1$}\", a.to_string(), 10); }"),
        Case::near_miss("a.rs", "fn f(a: A) { print(a.to_string()); }"),
    ],
};

fn check<'a>(cx: &mut Cx<'a>) {
    let hir = cx.block.hir();
    for e in &hir.exprs {
        let ExprKind::Template(parts) = &e.kind else { continue };
        let text = cx.arena().slice(e.span);
        // A width, a precision or a debug form.
        let plain = text.split('{').skip(1).all(|p| !p.split('}').next().unwrap_or("").contains(':'));
        if !plain || !text.trim_end().ends_with(['"', '#']) {
            continue;
        }
        for part in parts {
            let Some(of) = formatted(&hir, *part) else { continue };
            let call = hir.expr(*part).span;
            let span = Span { start: hir.expr(of).span.end, end: call.end };
            let message = "`to_string` makes a string that is only copied into the result. The placeholder formats the value itself.";
            let shown = if span.start < span.end { span } else { call };
            cx.report(Note::new(cx.rule, shown, message).suggestion("Drop `to_string`", vec![(shown, String::new())]));
        }
    }
}

/// The receiver of `to_string()`.
fn formatted(hir: &Hir, part: ExprId) -> Option<ExprId> {
    match &hir.expr(part).kind {
        ExprKind::Call { callee, args, .. } if args.is_empty() => match &hir.expr(*callee).kind {
            ExprKind::Field(of, name) if name.as_str() == "to_string" => Some(*of),
            _ => None,
        },
        ExprKind::Ref { value, .. } => formatted(hir, *value),
        _ => None,
    }
}
