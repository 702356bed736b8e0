use sidenote_grammars::{Family, Field, Kind};

use crate::findings::{Category, Confidence, Note, Severity};
use crate::rules::support::is_function;
use crate::rules::{Case, Check, Cx, Docs, Rule};
use crate::syntax::Node;

pub static RULE: Rule = Rule {
    id: "use-before-declaration",
    summary: "a variable is read before it has a value",
    category: Category::Quality,
    severity: Severity::High,
    confidence: Confidence::High,
    cwe: &[457],
    families: &[Family::Ecma],
    default_on: true,
    in_tests: false,
    docs: Docs {
        what: "Finds uses of a `const`, `let` or class above its declaration, in the same function, where they are certain to run before it.",
        why: "Until its declaration has run such a name must not be touched: a ReferenceError, every time.",
        example: "use(limit);\nconst limit = 10;",
        instead: "const limit = 10;\nuse(limit);",
        limits: "Uses inside of functions, which may run later, in loops around the declaration, in types, `typeof`, and `var` are left alone.",
        fix: "",
    },
    checks: &[Check::Nodes(&[Kind::LexicalDeclaration, Kind::ClassDeclaration], check)],
    cases: &[
        Case::near_miss(
            "a.ts",
            "export function copy(o: A) { const Make = o.constructor as new (buffer: B, length?: number) => A; const length = o.length; return new Make(o.buffer, length); }",
        ),
        Case::bad("a.js", "function f() { use(v); const v = 3; return v; }  //~ use-before-declaration"),
        Case::bad(
            "a.js",
            "function f(x) { if (x) { go(limit); } const limit = 1; return limit; } //~ use-before-declaration",
        ),
        Case::bad("a.js", "function f() { const a = b + 1; const b = 2; return a; } //~ use-before-declaration"),
        Case::bad(
            "a.js",
            "function f() { const t = new Timer(); class Timer {} return t; } //~ use-before-declaration",
        ),
        Case::bad("a.js", "function f() { total += 1; let total = 0; return total; } //~ use-before-declaration"),
        Case::bad(
            "a.ts",
            "function f(): number { const x: number = y; const y = 1; return x; } //~ use-before-declaration",
        ),
        Case::bad(
            "a.js",
            "function f() { const { a } = opts; const opts = load(); return a; } //~ use-before-declaration",
        ),
        Case::bad("a.js", "function f() { return_(n); let n; return n; } //~ use-before-declaration"),
        Case::good("a.js", "function f() { const v = 3; use(v); return v; }"),
        Case::good("a.js", "function f() { const g = () => use(v); const v = 3; return g(v); }"),
        Case::good("a.js", "function f() { go(); function go() {} }"),
        Case::good("a.js", "function f() { use(v); var v = 3; }"),
        Case::good("a.js", "function f(v) { use(v); { const v = 3; use(v); } }"),
        Case::good("a.js", "function f() { use(o.v); const v = 3; return v; }"),
        Case::good("a.js", "function f() { use({ v: 1 }); const v = 3; return v; }"),
        Case::good("a.ts", "function f() { const x: Node | null = null; class Node {} return [x, Node]; }"),
        Case::near_miss("a.js", "function f(xs) { for (const v of xs) { use(v); } const v = 3; return v; }"),
        Case::near_miss("a.js", "const v = 1; function f() { use(v); } const w = 2;"),
        Case::near_miss(
            "a.js",
            "function f(xs) { for (const x of xs) { const { v } = x; use(v); } const v = 3; return v; }",
        ),
        Case::near_miss("a.js", "function f(xs) { { const [v] = xs; use(v); } const v = 3; return v; }"),
        Case::near_miss("a.js", "function f() { if (typeof v === 'undefined') go(); const v = 3; return v; }"),
        Case::near_miss("a.js", "function f() { label: for (;;) { break label; } const label = 3; return label; }"),
        Case::near_miss("a.js", "function f() { try { go(); } catch (v) { use(v); } const v = 3; return v; }"),
        Case::near_miss("a.js", "function f() { { let v = 1; use(v); } const v = 3; return v; }"),
        Case::near_miss(
            "a.ts",
            "function f() { const done: Array<(settled: boolean) => void> = []; let settled = false; done.push(() => { settled = true; }); return done; }",
        ),
    ],
};

fn check<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    let Some(list) = node.parent().filter(|p| matches!(p.kind(), Kind::StatementBlock | Kind::Program)) else { return };
    if cx.arena().has_error()
        || list.kind() == Kind::Program
            && list.named_children().any(|s| s.kind() == Kind::ExportStatement && s.text().starts_with("export ="))
    {
        return;
    }
    let names: Vec<Node<'a>> = if node.kind() == Kind::ClassDeclaration {
        node.child(Field::Name).into_iter().collect()
    } else {
        node.named_children()
            .filter(|d| d.kind() == Kind::VariableDeclarator)
            .filter_map(|d| d.child(Field::Name).filter(|n| n.kind() == Kind::Identifier))
            .collect()
    };
    for name in names {
        let text = name.text();
        for statement in list.named_children().take_while(|s| s.index() < node.index()) {
            if is_function(statement)
                || matches!(
                    statement.kind(),
                    Kind::ClassDeclaration
                        | Kind::ImportStatement
                        | Kind::InterfaceDeclaration
                        | Kind::TypeAliasDeclaration
                )
            {
                continue;
            }
            let early = statement
                .descendants_until(|n| is_function(n) || matches!(n.kind(), Kind::ClassDeclaration | Kind::Class))
                .find(|n| n.kind() == Kind::Identifier && n.text() == text && reads(*n, statement));
            if let Some(early) = early {
                let message = format!(
                    "`{text}` is declared further down, and must not be touched before that: this throws a ReferenceError."
                );
                cx.report(Note::new(cx.rule, early.span(), message).related(name.span(), "declared here"));
                return;
            }
        }
    }
}

/// Whether an identifier reads the variable of the list itself, and not one that is bound on the way, a type, or a label.
fn reads(n: Node<'_>, statement: Node<'_>) -> bool {
    let Some(parent) = n.parent() else { return false };
    // A parameter's name in a type: `(settled: boolean) => void`.
    if n.ancestors()
        .take_while(|a| *a != statement)
        .any(|a| matches!(a.kind(), Kind::FunctionType | Kind::ConstructorType | Kind::TypeAnnotation))
    {
        return false;
    }
    let other = match parent.kind() {
        Kind::TypeQuery
        | Kind::LabeledStatement
        | Kind::BreakStatement
        | Kind::ContinueStatement
        | Kind::ExportSpecifier
        | Kind::NestedTypeIdentifier
        | Kind::NestedIdentifier
        | Kind::TypePredicate
        | Kind::FormalParameters
        | Kind::ArrayPattern => true,
        Kind::VariableDeclarator => n.field() == Field::Name,
        Kind::ForInStatement => n.field() == Field::Left,
        Kind::UnaryExpression => crate::rules::shape::operator(parent) == "typeof",
        Kind::CatchClause => true,
        _ => is_function(parent) || n.is_hole(),
    };
    // A variable of that name further in.
    let hidden = n.ancestors().take_while(|a| *a != statement).chain([statement]).any(|a| match a.kind() {
        Kind::StatementBlock => a.named_children().any(|s| {
            matches!(s.kind(), Kind::LexicalDeclaration | Kind::VariableDeclaration | Kind::ClassDeclaration)
                && (s.child(Field::Name).is_some_and(|d| says(d, n.text()))
                    || s.named_children().filter_map(|d| d.child(Field::Name)).any(|d| says(d, n.text())))
        }),
        Kind::ForInStatement => a.child(Field::Left).is_some_and(|l| says(l, n.text())),
        Kind::ForStatement => a.child(Field::Initializer).is_some_and(|l| says(l, n.text())),
        Kind::CatchClause => a.child(Field::Parameter).is_some_and(|l| says(l, n.text())),
        _ => false,
    });
    // The variable's own block may lie in one where the name means something else.
    !other && !hidden
}

fn says(n: Node<'_>, name: &str) -> bool {
    std::iter::once(n)
        .chain(n.descendants())
        .any(|n| matches!(n.kind(), Kind::Identifier | Kind::ShorthandPropertyIdentifierPattern) && n.text() == name)
}
