use sidenote_grammars::{Family, Field, Kind};

use crate::findings::{Category, Confidence, Note, Severity};
use crate::rules::shape::is_explained;
use crate::rules::support::bare;
use crate::rules::{Case, Check, Cx, Docs, Rule};
use crate::syntax::{Node, Span};

pub static RULE: Rule = Rule {
    id: "useless-catch",
    summary: "a `catch` only throws the same error again",
    category: Category::Quality,
    severity: Severity::Low,
    confidence: Confidence::High,
    cwe: &[1164],
    families: &[Family::Ecma],
    default_on: true,
    in_tests: false,
    docs: Docs {
        what: "Finds `catch (e) { throw e; }`.",
        why: "It does nothing but make the code longer and look as if errors were handled here.",
        example: "try { return load(); } catch (e) { throw e; }",
        instead: "return load();",
        limits: "A comment inside, a new error, a log line or a condition make a difference and are silent.",
        fix: "With a `finally` the `catch` is taken away; without one the `try` goes too and its block stays. Both keep \
              the meaning.",
    },
    checks: &[Check::Nodes(&[Kind::CatchClause], check)],
    cases: &[
        Case::bad("a.js", "function f() { try { return load(); } catch (e) { throw e; } } //~ useless-catch"),
        Case::bad(
            "a.js",
            "async function f() {\n  try {\n    await a();\n  } catch (err) {\n    throw err;\n  }\n}\n//~^^^^ useless-catch",
        ),
        Case::bad("a.js", "try { a(); } catch (e) { throw e; } finally { b(); } //~ useless-catch"),
        Case::bad("a.js", "const f = () => { try { a(); } catch (error) { throw error } }; //~ useless-catch"),
        Case::bad("a.ts", "try { a(); } catch (e) { throw e as Error; }\n//~^ useless-catch"),
        Case::bad("a.js", "class A { m() { try { this.a(); } catch (e) { throw e; } } } //~ useless-catch"),
        Case::bad("a.js", "try { try { a(); } catch (e) { throw e; } } catch (x) { log(x); } //~ useless-catch"),
        Case::bad("a.js", "for (const x of xs) { try { go(x); } catch (e) { throw (e); } } //~ useless-catch"),
        Case::good("a.js", "try { a(); } catch (e) { log(e); throw e; }"),
        Case::good("a.js", "try { a(); } catch (e) { throw new Error('x', { cause: e }); }"),
        Case::good("a.js", "try { a(); } catch (e) { if (e.code) throw e; }"),
        Case::good("a.js", "try { a(); } finally { b(); }"),
        Case::good("a.js", "try { a(); } catch (e) { /* why */ throw e; }"),
        Case::good("a.js", "try { a(); } catch { throw e; }"),
        Case::good("a.js", "try { a(); } catch (e) { e.x = 1; throw e; }"),
        Case::good("a.js", "try { a(); } catch (e) { return null; }"),
        Case::near_miss("a.js", "try { a(); } catch (e) { throw e.cause; }"),
        Case::near_miss("a.js", "try { a(); } catch (e) { throw wrap(e); }"),
        Case::near_miss("a.js", "try { a(); } catch ({ cause }) { throw cause; }"),
        Case::near_miss("a.ts", "try { a(); } catch (e) { throw other; }"),
        Case::near_miss(
            "a.js",
            "async function f(name) {\n  // eslint-disable-next-line no-useless-catch\n  try {\n    return await import(name);\n  } catch (e) {\n    throw e;\n  }\n}",
        ),
    ],
};

fn check<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    let (Some(parameter), Some(body)) = (node.child(Field::Parameter), node.child(Field::Body)) else { return };
    let mut statements = body.named_children();
    let (Some(only), None) = (statements.next(), statements.next()) else { return };
    let rethrows = only.kind() == Kind::ThrowStatement
        && only.first_named().map(bare).is_some_and(|e| e.kind() == Kind::Identifier && e.text() == parameter.text());
    if !rethrows || is_explained(node) {
        return;
    }
    let Some(attempt) = node.parent() else { return };
    let Some(guarded) = attempt.child(Field::Body) else { return };
    // ESLint tells of the `try`, and so does the comment that has it keep quiet.
    let kept = cx.arena().comments().any(|c| {
        let above = c.span().end <= attempt.span().start && attempt.span().start - c.span().end < 40;
        above && c.text().contains("-next-line") && c.text().contains("no-useless-catch")
            || above && c.text().contains("biome-ignore") && c.text().contains("noUselessCatch")
    });
    if kept {
        return;
    }
    let keyword = Span { start: node.span().start, end: node.span().start + 5 };
    let message = "This `catch` throws the same error again and does nothing else. Leave it out.";
    let mut edits = vec![(Span { start: guarded.span().end, end: node.span().end }, String::new())];
    if attempt.child(Field::Finalizer).is_none() {
        edits.insert(0, (Span { start: attempt.span().start, end: guarded.span().start }, String::new()));
    }
    cx.report(Note::new(cx.rule, keyword, message).safe_fix("Leave out the `catch`", edits));
}
