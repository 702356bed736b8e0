use sidenote_grammars::Family;

use crate::findings::{Category, Confidence, Note, Severity};
use crate::rules::{Case, Check, Cx, Docs, Rule};
use crate::semantics::hir::{ExprId, ExprKind, Hir, Type};
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
        what: "Finds `x.to_string()`, `x.to_owned()`, `x.clone()` and `format!(..)` as an argument of `format!`, `println!`, `write!`, `panic!` and the logging macros.",
        why: "The argument is formatted into memory of its own, then copied into the result, and freed. The placeholder formats it by itself.",
        example: "println!(\"{} done\", count.to_string());",
        instead: "println!(\"{} done\", count);",
        limits: "`to_string` and `format!` only where the placeholder says no more than `{}`: width and debug form treat a string in their own way.",
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
        Case::bad("a.rs", "fn f(p: &P, n: u32) { println!(\"{:?} {}\", p, n.to_string()); } //~ to-string-in-format"),
        Case::bad("a.rs", "fn f(n: u32) { eprintln!(\"x {}\", format!(\"{n:04}\")); } //~ to-string-in-format"),
        Case::bad("a.rs", "fn f(name: &str) { log::info!(\"user {} in\", name.to_owned()); } //~ to-string-in-format"),
        Case::bad("a.rs", "fn f(p: &P) -> String { format!(\"{:>8}\", p.name.clone()) } //~ to-string-in-format"),
        Case::good("a.rs", "fn f(n: u32) { println!(\"{{}} {:>8}\", n.to_string()); }"),
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
        if !text.trim_end().ends_with(['"', '#']) {
            continue;
        }
        let Some(layout) = layout(text) else { continue };
        for (part, spec) in parts.iter().zip(layout).filter_map(|(p, s)| Some((*p, s?))) {
            // A width, a precision and the debug form treat a string in their own way.
            let plain = spec.trim().is_empty();
            if plain && let Some(inner) = nested(&hir, part, cx) {
                let message = "`format!` makes a string that is only copied into the result. Put its parts into this format string.";
                cx.report(Note::new(cx.rule, inner, message));
                continue;
            }
            let Some((of, name)) = converted(&hir, part) else { continue };
            if name == "to_string" && !plain {
                continue;
            }
            let call = hir.expr(part).span;
            let span = Span { start: hir.expr(of).span.end, end: call.end };
            let message = format!(
                "`{name}` makes a copy that is only read into the result. The placeholder formats the value itself."
            );
            let shown = if span.start < span.end { span } else { call };
            cx.report(
                Note::new(cx.rule, shown, message).suggestion(format!("Drop `{name}`"), vec![(shown, String::new())]),
            );
        }
    }
}

/// What stands in a format string, in order: constant text, or a placeholder with what it says behind the colon. `None` where that
/// is not certain.
fn layout(text: &str) -> Option<Vec<Option<&str>>> {
    let start = text.find('"')?;
    let end = text.rfind('"').filter(|e| *e > start)?;
    let content = &text[start + 1..end];
    let mut out = Vec::new();
    let (mut rest, mut constant) = (content, false);
    while let Some(at) = rest.find(['{', '}']) {
        constant |= at > 0;
        let brace = &rest[at..];
        if brace.starts_with("{{") || brace.starts_with("}}") {
            constant = true;
            rest = &brace[2..];
            continue;
        }
        let close = brace.find('}').filter(|c| *c > 0)?;
        let inner = &brace[1..close];
        let spec = inner.split_once(':').map_or("", |(_, s)| s);
        // `\u{..}`, and widths that are arguments themselves.
        if rest[..at].ends_with("\\u") || spec.contains(['$', '*']) {
            return None;
        }
        if std::mem::take(&mut constant) {
            out.push(None);
        }
        out.push(Some(spec));
        rest = &brace[close + 1..];
    }
    Some(out)
}

/// The receiver of `to_string()`, `to_owned()` or `clone()`, and the method.
fn converted(hir: &Hir, part: ExprId) -> Option<(ExprId, &'static str)> {
    match &hir.expr(part).kind {
        ExprKind::Call { callee, args, .. } if args.is_empty() => match &hir.expr(*callee).kind {
            ExprKind::Field(of, name) => {
                let name = ["to_string", "to_owned", "clone"].into_iter().find(|n| *n == name.as_str())?;
                Some((*of, name))
            }
            _ => None,
        },
        ExprKind::Ref { value, .. } => converted(hir, *value),
        ExprKind::Cast(value, Type::Path(path, _)) if path.as_str() == "std::fmt::Debug" => converted(hir, *value),
        _ => None,
    }
}

/// A `format!` that stands as an argument.
fn nested(hir: &Hir, part: ExprId, cx: &Cx<'_>) -> Option<Span> {
    let span = hir.expr(part).span;
    let text = cx.arena().slice(span);
    (text.starts_with("format!") && text.ends_with([')', ']', '}'])).then_some(span)
}
