use sidenote_grammars::{Family, Field, Kind};

use crate::findings::{Category, Confidence, Note, Severity};
use crate::rules::rust_code::{call_on, loop_around};
use crate::rules::rust_names::{Origin, binding, uses};
use crate::rules::support::{args, method};
use crate::rules::{Case, Check, Cx, Docs, Rule};
use crate::syntax::Node;

pub static RULE: Rule = Rule {
    id: "uncleared-line-buffer",
    summary: "a line is read behind the lines before it",
    category: Category::Quality,
    severity: Severity::High,
    confidence: Confidence::High,
    cwe: &[665],
    families: &[Family::Rust],
    default_on: true,
    in_tests: false,
    docs: Docs {
        what: "Finds `reader.read_line(&mut line)` (and `read_until`) in a loop that uses `line`, and neither empties it nor makes it anew.",
        why: "`read_line` appends: in the second round the buffer holds both lines, in the third all three.",
        example: "let mut line = String::new();\nwhile reader.read_line(&mut line)? > 0 {\n    handle(&line);\n}",
        instead: "let mut line = String::new();\nwhile reader.read_line(&mut line)? > 0 {\n    handle(&line);\n    line.clear();\n}",
        limits: "Loops that only look how the text ends, or how long it is, gather it on purpose.",
        fix: "",
    },
    checks: &[Check::Nodes(&[Kind::CallExpression], check)],
    cases: &[
        Case::bad(
            "a.rs",
            "fn f(mut r: R) -> io::Result<()> { let mut line = String::new();\n while r.read_line(&mut line)? > 0 { //~ uncleared-line-buffer\n  handle(&line); } Ok(()) }",
        ),
        Case::bad(
            "a.rs",
            "fn f(mut r: R) { let mut s = String::new(); loop {\n  r.read_line(&mut s).unwrap(); //~ uncleared-line-buffer\n  if s.trim() == \"quit\" { break; } } }",
        ),
        Case::bad(
            "a.rs",
            "fn f() { let mut guess = String::new(); loop {\n  io::stdin().read_line(&mut guess).expect(\"read\"); //~ uncleared-line-buffer\n  let n: u32 = match guess.trim().parse() { Ok(n) => n, Err(_) => continue }; go(n); } }",
        ),
        Case::bad(
            "a.rs",
            "fn f(mut r: R) -> io::Result<String> { let mut line = String::new(); let mut last = String::new();\n while r.read_line(&mut line)? > 0 { //~ uncleared-line-buffer\n  last = line.clone(); } Ok(last) }",
        ),
        Case::bad(
            "a.rs",
            "fn f(mut r: R) { let mut b = Vec::new();\n while r.read_until(b'\\n', &mut b).unwrap() != 0 { //~ uncleared-line-buffer\n  handle(&b); } }",
        ),
        Case::bad(
            "a.rs",
            "fn f(mut r: R) { let mut line = String::new(); for _ in 0..3 {\n  r.read_line(&mut line).unwrap(); //~ uncleared-line-buffer\n  println!(\"{}\", line.trim()); } }",
        ),
        Case::bad(
            "a.rs",
            "async fn f(mut r: R) { let mut line = String::new();\n while r.read_line(&mut line).await.unwrap() > 0 { //~ uncleared-line-buffer\n  let parts: Vec<&str> = line.split(' ').collect(); go(parts); } }",
        ),
        Case::bad(
            "a.rs",
            "fn f(mut r: R) { let mut line = String::new(); while let Ok(n) =\n r.read_line(&mut line) { //~ uncleared-line-buffer\n if n == 0 { break; } out.push(line.trim().to_string()); } }",
        ),
        Case::good(
            "a.rs",
            "fn f(mut r: R) -> io::Result<()> { let mut line = String::new(); while r.read_line(&mut line)? > 0 { handle(&line); line.clear(); } Ok(()) }",
        ),
        Case::good(
            "a.rs",
            "fn f(mut r: R) { loop { let mut s = String::new(); r.read_line(&mut s).unwrap(); if s.trim() == \"q\" { break; } } }",
        ),
        Case::good("a.rs", "fn f(mut r: R) { let mut s = String::new(); r.read_line(&mut s).unwrap(); handle(&s); }"),
        Case::good(
            "a.rs",
            "fn f(mut r: R) { let mut s = String::new(); while r.read_line(&mut s).unwrap() > 0 { out.push(std::mem::take(&mut s)); } }",
        ),
        Case::good(
            "a.rs",
            "fn f(mut r: R) { let mut head = String::new(); loop { r.read_line(&mut head).unwrap(); if head.ends_with(\"\\r\\n\\r\\n\") { break; } } handle(&head); }",
        ),
        Case::good(
            "a.rs",
            "fn f(mut r: R) { let mut s = String::new(); while r.read_line(&mut s).unwrap() > 0 {} handle(&s); }",
        ),
        Case::good(
            "a.rs",
            "fn f(mut r: R) { let mut s = String::new(); loop { s.clear(); r.read_line(&mut s).unwrap(); handle(&s); } }",
        ),
        Case::good("a.rs", "fn f(r: R) { for line in r.lines() { handle(&line.unwrap()); } }"),
        Case::near_miss(
            "a.rs",
            "fn f(mut r: R) { let mut s = String::new(); while r.read_line(&mut s).unwrap() > 0 { s = next(s); } }",
        ),
        Case::near_miss(
            "a.rs",
            "fn f(mut r: R) { let mut s = String::new(); loop { if r.read_line(&mut s).unwrap() == 0 { break; } if s.len() > 100 { return; } } handle(&s); }",
        ),
        Case::near_miss(
            "a.rs",
            "fn f(mut r: R) { let mut s = String::new(); loop { r.read_line(&mut s).unwrap(); refill(&mut s); } }",
        ),
        Case::near_miss(
            "a.rs",
            "fn f(mut r: R) { let mut s = String::new(); loop { r.read_line(&mut s).unwrap(); if let Ok(v) = parse(&s) { return go(v); } } }",
        ),
    ],
};

fn check<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    let Some((_, name)) = method(node).filter(|(_, m)| matches!(m.text(), "read_line" | "read_until")) else { return };
    let Some(given) = args(node).last().filter(|a| a.kind() == Kind::ReferenceExpression) else { return };
    let Some(buffer) = given.last_named().filter(|b| b.kind() == Kind::Identifier) else { return };
    let (Some(around), Some(bound)) = (loop_around(node), binding(buffer)) else { return };
    // Made before the loop.
    if around.span().contains(bound.name.span()) || !matches!(bound.origin, Origin::Let(_)) {
        return;
    }
    let Some(used) = uses(&bound, cx) else { return };
    let inside: Vec<Node<'a>> = used.into_iter().filter(|n| *n != buffer && around.span().contains(n.span())).collect();
    let mut reads = false;
    for n in inside {
        let Some(parent) = n.parent() else { return };
        let borrowed =
            parent.kind() == Kind::ReferenceExpression && parent.child_of_kind(Kind::MutableSpecifier).is_some();
        let assigned = parent.kind() == Kind::AssignmentExpression && n.field() == Field::Left;
        if borrowed || assigned {
            return;
        }
        if let Some((_, called)) = call_on(n) {
            match called.text() {
                "clear" | "truncate" | "drain" | "pop" | "split_off" | "take" | "replace_range" | "retain"
                | "remove" => return,
                "ends_with" | "len" | "is_empty" | "push" | "push_str" | "capacity" => continue,
                _ => {}
            }
        } else if matches!(parent.kind(), Kind::TokenTree | Kind::Arguments | Kind::ReferenceExpression) {
            // Text that is parsed as a whole may be gathered until it is complete.
            let whole = n.ancestors().take_while(|a| *a != around).any(|a| {
                a.kind() == Kind::CallExpression
                    && a.child(Field::Function).is_some_and(|f| {
                        f.text().contains("parse") || f.text().contains("complete") || f.text().contains("from_str")
                    })
            });
            if whole {
                return;
            }
        }
        reads = true;
    }
    if reads {
        let message = format!(
            "`{}` appends to `{1}`, which still holds the lines before. Call `{1}.clear()` in every round.",
            name.text(),
            buffer.text()
        );
        cx.report(Note::new(cx.rule, node.span(), message));
    }
}
