use sidenote_grammars::{Family, Field, Kind};

use crate::findings::{Category, Confidence, Note, Severity};
use crate::rules::shape::{broken, case_body, exits, explains, same};
use crate::rules::support::{args, bare, is_function, place_name};
use crate::rules::{Case, Check, Cx, Docs, Rule};
use crate::syntax::{Node, Span};

pub static RULE: Rule = Rule {
    id: "switch-fallthrough",
    summary: "a `case` runs on into the next one",
    category: Category::Quality,
    severity: Severity::Medium,
    confidence: Confidence::High,
    cwe: &[484],
    families: &[Family::Ecma],
    default_on: true,
    in_tests: false,
    docs: Docs {
        what: "Finds `case` clauses with statements whose end is reached, so that control runs on into the next clause, \
              without a comment that says so.",
        why: "A forgotten `break` runs the next case as well. Where it is meant, the reader cannot tell.",
        example: "switch (kind) {\n  case 'add': total += n;\n  case 'remove': total -= n; break;\n}",
        instead: "switch (kind) {\n  case 'add': total += n; break;\n  case 'remove': total -= n; break;\n}",
        limits: "Empty clauses share the next one's body and are fine, as is any comment between the clauses that says \
              that control falls through. Clauses that count down and all run on are a loop written out.",
        fix: "",
    },
    checks: &[Check::Nodes(&[Kind::SwitchBody], check)],
    cases: &[
        Case::near_miss(
            "a.js",
            "function skip(s) { switch (s.at()) { case 13: if (s.peek() === 10) { s.pos += 1; } case 10: s.line += 1; break; default: s.pos += 1; } }",
        ),
        Case::near_miss(
            "a.js",
            "switch (c) { case '\\r': if (peek() === '\\n') { next(); } case '\\n': line += 1; break; }",
        ),
        Case::near_miss(
            "a.js",
            "function f(p, c) { switch (arguments.length) { case 1: p = undefined; case 2: c = undefined; } go(p, c); }",
        ),
        Case::near_miss(
            "a.js",
            "function v(s, bit) { let v = 0; switch (s) { case LOCKED: v |= 1 << bit; case STARTED: see(v); break; } return v; }",
        ),
        Case::near_miss(
            "a.js",
            "function f(v) { switch (typeof v) { case 'object': if (isDate(v)) { return 1; } else if (isList(v)) { return 2; } else { log(v); } default: return 3; } }",
        ),
        Case::near_miss(
            "a.js",
            "function f(tag, o) { switch (tag) { case VIEW: if (o.n) { return 0; } o = o.buffer; case BUFFER: return size(o); case 3: var convert = toList; case SET: convert || (convert = toSet); return convert(o); } }",
        ),
        Case::near_miss(
            "a.ts",
            "function f(q: Q) { switch (q.k) { case 'a': if (q.n) { return 1; } assert(false, 'no such'); case 'b': return 2; } }",
        ),
        Case::bad(
            "a.js",
            "let r = 0; switch (k) {\n  case 'a': //~ switch-fallthrough\n    r = 1;\n  case 'b':\n    r = 2;\n    break;\n}\nuse(r);",
        ),
        Case::near_miss(
            "a.ts",
            "function f(v: V) { switch (typeof v) { case 'string': return S; case 'object': { if (v === null) { return N; } if (isHandle(v)) { return H; } } default: { return undefined; } } }",
        ),
        Case::near_miss(
            "a.js",
            "switch (unit) {\n  case 'years': {\n    t.setMonth(0)\n  }\n  case 'months': // oxlint-disable-line no-fallthrough\n    t.setDate(1)\n}",
        ),
        Case::near_miss(
            "a.ts",
            "function f(k: K, j: J) { switch (k) { case K.A: switch (j) { case 'x': return 1; case 'y': return 2; default: exhaustiveSwitchError(j); } case K.B: return 3; } }",
        ),
        Case::bad("a.js", "switch (k) {\n  case 1:\n    a();\n  case 2:\n    b();\n}\n//~^^^^^ switch-fallthrough"),
        Case::bad("a.js", "switch (k) {\n  case 1: {\n    a();\n  }\n  default: b();\n}\n//~^^^^^ switch-fallthrough"),
        Case::bad("a.js", "switch (k) {\n  case 1: if (x) { break; }\n  case 2: b();\n}\n//~^^^ switch-fallthrough"),
        Case::bad(
            "a.js",
            "function f(k) {\n  switch (k) {\n    case 1: if (x) return 1;\n    default: return 2;\n  }\n}\n//~^^^^ switch-fallthrough",
        ),
        Case::bad("a.js", "switch (k) {\n  default: a();\n  case 2: b();\n}\n//~^^^ switch-fallthrough"),
        Case::bad(
            "a.js",
            "switch (k) {\n  case 'x': total += 1;\n  case 'y': total -= 1;\n}\n//~^^^ switch-fallthrough",
        ),
        Case::bad(
            "a.ts",
            "switch (k as string) {\n  case 'x': try { a(); break; } catch (e) { log(e); }\n  case 'y': b();\n}\n//~^^^ switch-fallthrough",
        ),
        Case::bad(
            "a.js",
            "switch (k) {\n  case 1:\n    // adds one\n    a();\n  case 2: b();\n}\n//~^^^^^ switch-fallthrough",
        ),
        Case::good("a.js", "switch (k) { case 1: a(); break; case 2: b(); }"),
        Case::good("a.js", "switch (k) { case 1: case 2: b(); }"),
        Case::good("a.js", "function f(k) { switch (k) { case 1: return a(); default: return b(); } }"),
        Case::good("a.js", "switch (k) {\n  case 1:\n    a();\n    // falls through\n  case 2: b();\n}"),
        Case::good("a.js", "switch (k) { case 1: throw new Error('x'); case 2: b(); }"),
        Case::good("a.js", "for (const k of ks) { switch (k) { case 1: a(); continue; case 2: b(); } }"),
        Case::good("a.js", "switch (k) { case 1: if (x) { break; } else { return_(); break; } case 2: b(); }"),
        Case::good("a.js", "switch (k) { case 1: { a(); break; } case 2: b(); }"),
        Case::bad(
            "a.js",
            "switch (x) {\n  case 1: //~ switch-fallthrough\n    a(); // BAD switch-fallthrough\n  case 2: b(); break;\n}",
        ),
        Case::near_miss("a.js", "switch (k) { case 1: process.exit(1); case 2: b(); }"),
        Case::near_miss("a.js", "switch (k) {\n  case 1:\n    a();\n    /* fallthrough */\n  case 2: b();\n}"),
        Case::near_miss("a.js", "switch (k) { case 1: a(); break; case 2: b(); default: }"),
        Case::near_miss("a.js", "switch (k) {\n  case 1: a(); // no break\n  case 2: b();\n}"),
        Case::near_miss("a.js", "switch (state) { case S.A: state = S.B; case S.B: go(); }"),
        Case::near_miss(
            "a.js",
            "function f(a) { switch (a.k) { case 1: { switch (a.j) { case 1: return 2; case 2: return 3; } } case 2: return 4; } }",
        ),
        Case::near_miss("a.js", "switch (k) { case 1: for (;;) { a(); } case 2: b(); }"),
        Case::near_miss(
            "a.js",
            "switch (n % 4) {\n  case 3: h ^= d[2] << 16;\n  case 2: h ^= d[1] << 8;\n  case 1: h ^= d[0];\n}",
        ),
        Case::near_miss(
            "a.ts",
            "/* eslint-disable no-fallthrough, default-case */\nswitch (k) {\n  case 'x': a();\n  case 'y': b();\n}",
        ),
        Case::bad(
            "a.ts",
            "/* eslint-disable no-fallthrough */\nlegacy();\n/* eslint-enable no-fallthrough */\nswitch (k) {\n  case 'x': //~ switch-fallthrough\n    a();\n  case 'y': b();\n}",
        ),
    ],
};

fn check<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    let clauses: Vec<Node<'a>> = node.named_children().collect();
    if is_unrolled(&clauses) {
        return;
    }
    let mut notes = Vec::new();
    for pair in clauses.windows(2) {
        let (clause, next) = (pair[0], pair[1]);
        let mut statements = case_body(clause).peekable();
        if statements.peek().is_none() || statements.any(exits) || case_body(clause).any(|s| s.is_error()) {
            continue;
        }
        // Compilers' state machines, and those that say so: `state = NEXT` runs on into `case NEXT`.
        let machine = node.parent().and_then(|s| s.child(Field::Value)).map(bare).is_some_and(|v| {
            v.kind() == Kind::AssignmentExpression
                || v.text().starts_with("_context")
                || matches!(place_name(v).as_deref(), Some("label" | "next" | "prev"))
        });
        let steps = next.child(Field::Value).is_some_and(|target| {
            clause.descendants().any(|n| {
                n.kind() == Kind::AssignmentExpression && n.child(Field::Right).is_some_and(|r| same(r, target))
            })
        });
        if machine || steps || case_body(clause).any(|s| covers(s, 8)) {
            continue;
        }
        // What the clause works out the next one reads, and `assert(false)` ends it.
        let follows = clauses.iter().skip_while(|c| **c != next).find(|c| case_body(**c).next().is_some());
        if follows.is_some_and(|f| prepares(clause, *f)) || case_body(clause).last().is_some_and(is_refusal) {
            continue;
        }
        // A clause that has answers for what it knows leaves the rest to the next one.
        let answers = clause.descendants_until(is_function).filter(|n| n.kind() == Kind::ReturnStatement).count();
        if answers > 1 {
            continue;
        }
        // How many arguments there are, and bits that are added up, say that the clauses build on each other.
        let adds = case_body(clause).any(|s| {
            s.first_named().is_some_and(|e| e.kind() == Kind::AugmentedAssignmentExpression && e.text().contains("|="))
        });
        let counts =
            node.parent().and_then(|s| s.child(Field::Value)).map(bare).is_some_and(|v| v.text() == "arguments.length");
        if adds || counts {
            continue;
        }
        // A carriage return is part of the line feed behind it.
        let label = |c: Node<'a>| c.child(Field::Value).map(bare).map(Node::text);
        let line_end = [label(clause), label(next)];
        if line_end == [Some("13"), Some("10")]
            || line_end.map(|l| l.map(|t| t.trim_matches(['\'', '"']))) == [Some("\\r"), Some("\\n")]
        {
            continue;
        }
        // Running on into nothing does no harm.
        if clauses.iter().skip_while(|c| **c != next).all(|c| case_body(*c).all(|s| s.kind() == Kind::BreakStatement)) {
            continue;
        }
        // Where nothing fits in a clause of questions alone, the answer for all others is meant.
        let questions = clause.descendants_until(is_function).filter(|n| n.kind() == Kind::IfStatement).count();
        let asks = questions > 1 && case_body(clause).all(covers_by_questions);
        let mut rest = case_body(next)
            .flat_map(|s| if s.kind() == Kind::StatementBlock { s.named_children().collect() } else { vec![s] });
        let answers = next.child(Field::Value).is_none()
            && rest.next().is_some_and(|s| matches!(s.kind(), Kind::ReturnStatement | Kind::ThrowStatement))
            && rest.next().is_none();
        if asks && answers {
            continue;
        }
        // ESLint and oxlint tell of it at the next clause, and are silenced there.
        let line =
            cx.arena().text().get(next.span().start as usize..).and_then(|t| t.lines().next()).unwrap_or_default();
        if line.contains("disable-line") && line.contains("no-fallthrough") {
            continue;
        }
        let Some(last) = case_body(clause).last() else { continue };
        let between = Span { start: last.span().start, end: next.span().start };
        let said = cx
            .arena()
            .comments()
            .filter(|c| between.contains(c.span()))
            .any(|c| announces(c.text()) && explains_or_falls(c.text()));
        if said {
            continue;
        }
        let head = clause.child(Field::Value).map_or(clause.span().start + 7, |v| v.span().end);
        let span = Span { start: clause.span().start, end: head };
        let message = "Control runs on from this clause into the next one. Add `break`, or a comment `falls through` if it is meant.";
        notes.push(Note::new(cx.rule, span, message).related(next.span(), "runs as well"));
    }
    notes.into_iter().for_each(|n| cx.report(n));
}

/// Whether a clause sets a variable that the next one reads, other than to change it: `case VIEW: o = o.buffer; case BUFFER: use(o);`.
fn prepares(clause: Node<'_>, next: Node<'_>) -> bool {
    let set: Vec<&str> = clause
        .descendants_until(is_function)
        .filter_map(|n| match n.kind() {
            Kind::AssignmentExpression => n.child(Field::Left),
            Kind::VariableDeclarator => n.child(Field::Name),
            _ => None,
        })
        .filter(|n| n.kind() == Kind::Identifier)
        .map(Node::text)
        .collect();
    case_body(next).flat_map(|s| std::iter::once(s).chain(s.descendants())).any(|n| {
        n.kind() == Kind::Identifier
            && set.contains(&n.text())
            && !n.parent().is_some_and(|p| {
                matches!(p.kind(), Kind::AssignmentExpression | Kind::AugmentedAssignmentExpression)
                    && n.field() == Field::Left
            })
    })
}

/// `assert(false, ..)`, `fail(..)`: what stands behind it is not reached.
fn is_refusal(statement: Node<'_>) -> bool {
    let call = statement.first_named().map(bare).filter(|c| c.kind() == Kind::CallExpression);
    call.is_some_and(|c| {
        let name = c.child(Field::Function).and_then(place_name).unwrap_or_default();
        let no = args(c).next().is_some_and(|a| a.kind() == Kind::False);
        no && matches!(name.as_ref(), "assert" | "invariant" | "ok") || matches!(name.as_ref(), "fail" | "unreachable")
    })
}

/// Whether the clauses count down and each but the last runs on: `case 3: h ^= c; case 2: h ^= b; case 1: h ^= a;`, a loop written out.
fn is_unrolled(clauses: &[Node<'_>]) -> bool {
    let numbers: Vec<(i64, bool)> = clauses
        .iter()
        .map_while(|c| {
            let value = c.child(Field::Value)?.text().parse().ok()?;
            Some((value, case_body(*c).next().is_some() && !case_body(*c).any(exits)))
        })
        .collect();
    let Some((_, before)) = numbers.split_last() else { return false };
    before.len() > 1 && before.iter().all(|(_, on)| *on) && numbers.windows(2).all(|w| w[0].0 == w[1].0 + 1)
}

/// Whether a statement is or ends in a `switch` over all cases, each of which leaves.
fn covers(statement: Node<'_>, depth: usize) -> bool {
    match statement.kind() {
        _ if depth == 0 => false,
        Kind::StatementBlock => statement.last_named().is_some_and(|s| covers(s, depth - 1)),
        Kind::SwitchStatement => statement.child(Field::Body).is_some_and(|body| {
            body.named_children().filter(|c| case_body(*c).next().is_some()).all(|c| case_body(c).any(exits))
                && !broken(statement)
        }),
        _ => false,
    }
}

/// Whether a statement is a question that ends in an answer, or some of them: `if (x === null) { return nothing; }`.
fn covers_by_questions(statement: Node<'_>) -> bool {
    match statement.kind() {
        Kind::StatementBlock => statement
            .named_children()
            .all(|s| s.is_comment() || s.kind() == Kind::IfStatement && covers_by_questions(s)),
        Kind::IfStatement => {
            statement.child(Field::Consequence).is_some_and(exits) && statement.child(Field::Alternative).is_none()
        }
        _ => statement.is_comment(),
    }
}

/// Whether a comment speaks to a reader: a mark in capitals (`BAD switch-fallthrough`) does not, `FALLTHROUGH` does.
fn explains_or_falls(comment: &str) -> bool {
    let first = comment.trim_start_matches(['/', '*', ' ']).to_ascii_lowercase();
    explains(comment)
        || ["fall", "no break", "nobreak", "pass", "continue", "drop", "intentional", "run"]
            .iter()
            .any(|w| first.starts_with(w))
        || first.contains("$fall")
        || first.contains("@fall")
}

fn announces(comment: &str) -> bool {
    let text: String = comment.to_lowercase().chars().filter(char::is_ascii_alphabetic).collect();
    ["fall", "nobreak", "passthrough", "continue", "dropthrough", "intentional", "runon"]
        .iter()
        .any(|w| text.contains(w))
}
