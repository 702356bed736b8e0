use sidenote_grammars::{Family, Kind};

use crate::findings::{Category, Confidence, Note, Severity};
use crate::rules::rust_types::macro_name;
use crate::rules::support::{enclosing_function, statement};
use crate::rules::{Case, Check, Cx, Docs, Rule};
use crate::syntax::Node;

pub static RULE: Rule = Rule {
    id: "missing-flush",
    summary: "a question is printed and not shown before the answer is waited for",
    category: Category::Quality,
    severity: Severity::Low,
    confidence: Confidence::High,
    cwe: &[],
    families: &[Family::Rust],
    default_on: true,
    in_tests: false,
    docs: Docs {
        what: "Finds `print!` of a text without a newline at its end, followed by a `read_line` of standard input, with no `flush` in between.",
        why: "Standard output is written when a line ends. The question is still in the buffer while the program waits for its answer: whoever sits in front of it sees nothing.",
        example: "print!(\"Name: \");\nstdin().read_line(&mut name)?;",
        instead: "print!(\"Name: \");\nstdout().flush()?;\nstdin().read_line(&mut name)?;",
        limits: "Only where both stand in one function, and nothing in it is called `flush`.",
        fix: "",
    },
    checks: &[Check::Nodes(&[Kind::MacroInvocation], check)],
    cases: &[
        Case::bad(
            "a.rs",
            "fn ask() -> String { let mut s = String::new();\n print!(\"Name: \"); //~ missing-flush\n io::stdin().read_line(&mut s).unwrap(); s }",
        ),
        Case::bad(
            "a.rs",
            "fn ask() { print!(\"> \"); let line = stdin().lines().next(); go(line); } //~ missing-flush",
        ),
        Case::bad(
            "a.rs",
            "fn ask(q: &str) -> io::Result<String> {\n print!(\"{q}: \"); //~ missing-flush\n let mut s = String::new(); std::io::stdin().read_line(&mut s)?; Ok(s) }",
        ),
        Case::bad(
            "a.rs",
            "fn main() { loop { print!(\"{}> \", cwd()); let mut l = String::new(); //~ missing-flush\n if io::stdin().read_line(&mut l).unwrap() == 0 { break; } run(&l); } }",
        ),
        Case::bad(
            "a.rs",
            "fn f() { if verbose() { print!(\"Continue? [y/N] \"); //~ missing-flush\n let mut a = String::new(); io::stdin().read_line(&mut a).ok(); } }",
        ),
        Case::bad(
            "a.rs",
            "fn f() -> Result<()> { std::print!(\"Port: \"); let p = read_port(io::stdin().lock())?; go(p); Ok(()) } //~ missing-flush",
        ),
        Case::bad(
            "a.rs",
            "fn f() { let stdin = io::stdin(); let mut s = String::new();\n print!(\"Guess: \"); //~ missing-flush\n stdin.read_line(&mut s).expect(\"a line\"); }",
        ),
        Case::bad(
            "a.rs",
            "fn f() { print!(\"a\\nb: \"); let mut s = String::new(); io::stdin().read_line(&mut s).unwrap(); } //~ missing-flush",
        ),
        Case::good(
            "a.rs",
            "fn ask() { print!(\"Name: \"); io::stdout().flush().unwrap(); io::stdin().read_line(&mut s()).unwrap(); }",
        ),
        Case::good("a.rs", "fn ask() { println!(\"Name: \"); io::stdin().read_line(&mut s()).unwrap(); }"),
        Case::good("a.rs", "fn f() { print!(\"done\"); }"),
        Case::good("a.rs", "fn f() { print!(\"Name:\\n\"); io::stdin().read_line(&mut s()).unwrap(); }"),
        Case::good("a.rs", "fn f() { io::stdin().read_line(&mut s()).unwrap(); print!(\"thanks\"); }"),
        Case::good("a.rs", "fn f() { eprint!(\"Name: \"); io::stdin().read_line(&mut s()).unwrap(); }"),
        Case::good("a.rs", "fn f() { print!(\"x\"); println!(\"y\"); io::stdin().read_line(&mut s()).unwrap(); }"),
        Case::good("a.rs", "fn f(r: &mut BufReader<File>) { print!(\"x\"); r.read_line(&mut s()).unwrap(); }"),
        Case::near_miss(
            "a.rs",
            "fn f() { print!(\"Name: \"); let _ = stdout().lock().flush(); io::stdin().read_line(&mut s()).unwrap(); }",
        ),
        Case::near_miss(
            "a.rs",
            "fn f() { print!(\"{}\", text); println!(); io::stdin().read_line(&mut s()).unwrap(); }",
        ),
        Case::near_miss("a.rs", "fn f() { print!(\"\\x1b[2J\"); show(); io::stdin().read_line(&mut s()).unwrap(); }"),
        Case::near_miss("a.rs", "fn f() { print!(\"Name: \"); let s = read_line_from(file()); go(s); }"),
    ],
};

fn check<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    if macro_name(node) != "print" {
        return;
    }
    let Some(tree) = node.child_of_kind(Kind::TokenTree) else { return };
    // The text ends in something to answer to.
    let text = tree.descendants().find(|n| n.kind() == Kind::StringLiteral).map_or("", Node::text);
    let asks = text.trim_end_matches('"').trim_end().ends_with([':', '?', '>', ']', ')', '=', '$', '#', '…']);
    if !asks || text.trim_end_matches('"').ends_with("\\n") {
        return;
    }
    let function = enclosing_function(node).unwrap_or_else(|| node.arena().root());
    if function.text().contains("flush(") {
        return;
    }
    // Behind it, before anything else is printed, standard input is read.
    let locks: Vec<&str> = function
        .descendants()
        .filter(|n| n.kind() == Kind::LetDeclaration && n.text().contains("stdin()"))
        .filter_map(|n| n.child(sidenote_grammars::Field::Pattern))
        .map(|p| p.text().trim_start_matches("mut "))
        .collect();
    let mut next = statement(node).next_named_sibling();
    while let Some(after) = next {
        let text = after.text();
        let reads = text.contains("stdin()") && !after.kind().eq(&Kind::LetDeclaration)
            || text.contains("stdin()") && [".read_line(", ".lines()", ".lock()"].iter().any(|m| text.contains(m))
            || locks.iter().any(|l| text.contains(&format!("{l}.read_line(")));
        if reads {
            let message = "Standard output is shown when a line ends: this question is still in the buffer while its answer is waited for. Call `stdout().flush()`.";
            cx.report(Note::new(cx.rule, node.span(), message));
            return;
        }
        if after.descendants().any(|n| n.kind() == Kind::MacroInvocation && macro_name(n).starts_with("print")) {
            return;
        }
        next = after.next_named_sibling();
    }
}
