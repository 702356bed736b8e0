use sidenote_grammars::{Family, Field, Kind};

use crate::findings::{Category, Confidence, Note, Severity};
use crate::rules::support::{bare, is_function};
use crate::rules::{Case, Check, Cx, Docs, Rule};
use crate::syntax::Node;

pub static RULE: Rule = Rule {
    id: "reassigned-constant",
    summary: "something is assigned that cannot be assigned, or must not be",
    category: Category::Quality,
    severity: Severity::High,
    confidence: Confidence::High,
    cwe: &[665],
    families: &[Family::Ecma],
    default_on: true,
    in_tests: false,
    docs: Docs {
        what: "Finds assignments to a `const`, an import, a class, a function by its own name, and the error of a `catch` before it was read.",
        why: "Assigning a constant or an import throws when it is run. A function or a class that is overwritten is gone for all its other users, and an error that is overwritten takes its message with it.",
        example: "const limit = 10;\nlimit = max;",
        instead: "let limit = 10;\nlimit = max;",
        limits: "Only names that the block, or the file's imports, declare once. Lazily replaced functions (`f = function ..` inside of `f`) and assignments to fields are left alone.",
        fix: "",
    },
    checks: &[Check::Nodes(
        &[Kind::AssignmentExpression, Kind::AugmentedAssignmentExpression, Kind::UpdateExpression],
        check,
    )],
    cases: &[
        Case::near_miss(
            "a.js",
            "function run(c) { function main(x) { return x; } main = decorate(c.main, main, c); return main(c); }",
        ),
        Case::near_miss(
            "a.js",
            "async function f() { for await (const peer of par(async function * () { for await (let peer of source()) { yield async () => { if (!peer.x) { peer = await find(peer.id); } return peer; }; } })) { use(peer); } }",
        ),
        Case::bad("a.js", "function f(x) { const a = 1; a = x; return a; } //~ reassigned-constant"),
        Case::bad(
            "a.js",
            "function f(xs) { const n = 0; for (const x of xs) { n += x; } return n; } //~ reassigned-constant",
        ),
        Case::bad("a.js", "import { go } from './go';\nfunction f() { go = null; } //~ reassigned-constant"),
        Case::bad("a.js", "function f() { try { go(); } catch (e) { e = 10; report(e); } } //~ reassigned-constant"),
        Case::bad("a.js", "function f() { class A {} A = null; return A; } //~ reassigned-constant"),
        Case::bad("a.js", "function f() { function g() {} g = 3; return g; } //~ reassigned-constant"),
        Case::bad("a.js", "function f() { const i = 0; i++; return i; } //~ reassigned-constant"),
        Case::bad("a.ts", "function f(x: number) { const { a } = load(); a = x; return a; } //~ reassigned-constant"),
        Case::good("a.js", "function f(x) { let a = 1; a = x; return a; }"),
        Case::good("a.js", "function f(x) { const a = {}; a.b = x; return a; }"),
        Case::good("a.js", "function f() { try { go(); } catch (e) { report(e); e = null; } }"),
        Case::good("a.js", "function f() { const a = 1; { let a = 2; a = 3; go(a); } return a; }"),
        Case::good("a.js", "var f = function () {}; f = 3;"),
        Case::good("a.js", "function f(x) { for (const y of x) { go(y); } }"),
        Case::good("a.js", "function f() { const xs = []; xs[0] = 1; return xs; }"),
        Case::good("a.js", "function f() { let a; const g = () => { a = 1; }; return g; }"),
        Case::near_miss(
            "a.js",
            "function f(o) { var a; const { x = (a = o.y) !== null ? a : 1, z } = o; return x + z; }",
        ),
        Case::near_miss("a.js", "function f(a) { const g = function (a) { a = 1; return a; }; return g(a); }"),
        Case::near_miss("a.js", "function f() { f = () => 1; return f(); }"),
        Case::near_miss("a.js", "function f() { const a = 1; const g = (a) => { a = 2; return a; }; return g(a); }"),
        Case::near_miss("a.js", "function f() { try { go(); } catch (e) { e = wrap(e); throw e; } }"),
        Case::near_miss("a.js", "const a = 1; function f() { var a; a = 2; return a; }"),
        Case::near_miss(
            "a.js",
            "function f(B) { class A {} (function (A) { A.x = 1; })(A = B.A || (B.A = {})); return A; }",
        ),
        Case::near_miss("a.js", "let cache = {};\nfunction f() { cache = {}; }"),
        Case::near_miss("a.js", "let fs = require('fs');\nfunction f(x) { fs = x; }"),
        Case::bad("a.js", "const LIMIT = 10;\nfunction f(n) { LIMIT = n; } //~ reassigned-constant"),
        Case::near_miss("a.js", "function f(x) { if (x) { const a = 1; go(a); } else { var a = 2; a = 3; go(a); } }"),
    ],
};

/// Whether what is assigned is a call that is handed the old value.
fn wraps(node: Node<'_>, name: &str) -> bool {
    let value = node.child(Field::Right).map(bare).filter(|v| v.kind() == Kind::CallExpression);
    value.and_then(|v| v.child(Field::Arguments)).is_some_and(|a| a.named_children().any(|n| n.text() == name))
}

fn check<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    let place = node.child(Field::Left).or_else(|| node.child(Field::Argument)).map(bare);
    let Some(name) = place.filter(|p| p.kind() == Kind::Identifier) else { return };
    // `(function (A) { .. })(A = B.A || (B.A = {}))` adds to a class, as compilers of namespaces write it.
    if node.parent().is_some_and(|p| p.kind() == Kind::Arguments) {
        return;
    }
    let Some(found) = declaration(name, cx) else { return };
    let (what, at) = match found {
        Declared::Constant(at) => ("is a constant: this throws when it is run", Some(at)),
        Declared::Import => {
            ("is a constant or an import of the file, which cannot be assigned: this throws when it is run", None)
        }
        Declared::Class(at) => ("is a class: from here on it is gone", Some(at)),
        // Wrapped it goes on under its name: `main = decorate(main)`.
        Declared::Function(_) if wraps(node, name.text()) => return,
        Declared::Function(at) => ("is a function: from here on it is gone", Some(at)),
        Declared::Caught(at) => {
            let reads_itself = node.child(Field::Right).is_some_and(|v| {
                std::iter::once(v)
                    .chain(v.descendants())
                    .any(|n| n.kind() == Kind::Identifier && n.text() == name.text())
            });
            let read_before = at.parent().is_some_and(|c| {
                c.descendants().any(|n| {
                    n.kind() == Kind::Identifier
                        && n.text() == name.text()
                        && n.span().start > at.span().end
                        && n.span().end < name.span().start
                })
            });
            if reads_itself || read_before {
                return;
            }
            ("is the error that was caught: its message and its stack are lost", Some(at))
        }
    };
    let mut note = Note::new(cx.rule, node.span(), format!("`{}` {what}.", name.text()));
    if let Some(at) = at {
        note = note.related(at.span(), "declared here");
    }
    cx.report(note);
}

enum Declared<'a> {
    Constant(Node<'a>),
    Import,
    Class(Node<'a>),
    Function(Node<'a>),
    Caught(Node<'a>),
}

/// What a name means where it stands: the innermost declaration of it; `None` for variables.
fn declaration<'a>(name: Node<'a>, cx: &Cx<'a>) -> Option<Declared<'a>> {
    let text = name.text();
    let mut at = name;
    while let Some(parent) = at.parent() {
        if matches!(
            parent.kind(),
            Kind::StatementBlock | Kind::Program | Kind::SwitchCase | Kind::SwitchDefault | Kind::ClassBody
        ) {
            for statement in parent.named_children() {
                match statement.kind() {
                    Kind::LexicalDeclaration => {
                        let fixed = statement.child(Field::Kind).is_some_and(|k| k.text() == "const");
                        if let Some(bound) = statement.named_children().find_map(|d| binds(d.child(Field::Name)?, text))
                        {
                            return fixed.then_some(Declared::Constant(bound));
                        }
                    }
                    Kind::FunctionDeclaration => {
                        if let Some(own) = cx.open(statement).child(Field::Name).filter(|n| n.text() == text) {
                            // Inside of itself a function replaces itself on purpose.
                            let within = statement.span().contains(name.span());
                            let outside = statement.is_hole();
                            return (!within && !outside).then_some(Declared::Function(own));
                        }
                    }
                    Kind::ClassDeclaration => {
                        if let Some(own) = statement.child(Field::Name).filter(|n| n.text() == text) {
                            return Some(Declared::Class(own));
                        }
                    }
                    _ => {}
                }
            }
        }
        match parent.kind() {
            // What a loop goes over is evaluated before it binds anything.
            Kind::ForStatement | Kind::ForInStatement if at.field() != Field::Right => {
                let head = parent.child(Field::Initializer).or_else(|| parent.child(Field::Left));
                let fixed = parent.child(Field::Kind).is_some_and(|k| k.text() == "const")
                    || head.is_some_and(|h| h.child(Field::Kind).is_some_and(|k| k.text() == "const"));
                let bound = head.and_then(|h| {
                    if parent.kind() == Kind::ForInStatement {
                        binds(h, text)
                    } else {
                        h.named_children().find_map(|d| binds(d.child(Field::Name)?, text))
                    }
                });
                if let Some(bound) =
                    bound.filter(|_| parent.kind() == Kind::ForStatement || parent.child(Field::Kind).is_some())
                {
                    return fixed.then_some(Declared::Constant(bound));
                }
            }
            Kind::CatchClause => {
                if let Some(caught) = parent.child(Field::Parameter).filter(|p| p.text() == text) {
                    return Some(Declared::Caught(caught));
                }
            }
            _ if is_function(parent) => {
                let own = parent.child(Field::Name).is_some_and(|n| n.text() == text);
                let parameter = parent.child(Field::Parameter).is_some_and(|p| p.text() == text)
                    || parent.child(Field::Parameters).is_some_and(|p| p.descendants().any(|n| n.text() == text));
                // `var` belongs to the whole function.
                let var = parent.descendants().any(|n| {
                    n.kind() == Kind::VariableDeclaration
                        && n.named_children().any(|d| d.child(Field::Name).is_some_and(|p| binds(p, text).is_some()))
                });
                if own || parameter || var {
                    return None;
                }
            }
            _ => {}
        }
        at = parent;
    }
    // A name of the block around may hide an import; only the module itself knows.
    (cx.file.declared.fixed.contains(text) && !cx.block.hir().locals.iter().any(|l| l.name == text))
        .then_some(Declared::Import)
}

fn binds<'a>(pattern: Node<'a>, name: &str) -> Option<Node<'a>> {
    std::iter::once(pattern).chain(pattern.descendants()).find(|n| {
        n.text() == name
            && matches!(n.kind(), Kind::Identifier | Kind::ShorthandPropertyIdentifierPattern)
            && n.field() != Field::Right
            && n.field() != Field::Key
            // Default values bind nothing.
            && n.ancestors().take_while(|a| *a != pattern).all(|a| a.field() != Field::Right)
    })
}
