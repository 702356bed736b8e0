use sidenote_grammars::{Family, Field, Kind};

use crate::findings::{Category, Confidence, Note, Severity};
use crate::rules::shape::callback;
use crate::rules::support::{is_function, is_loop, method};
use crate::rules::{Case, Check, Cx, Docs, Rule};
use crate::syntax::Node;

pub static RULE: Rule = Rule {
    id: "layout-in-loop",
    summary: "a loop reads the layout and changes it in turns",
    category: Category::Performance,
    severity: Severity::Medium,
    confidence: Confidence::High,
    cwe: &[1050],
    families: &[Family::Ecma],
    default_on: true,
    in_tests: false,
    docs: Docs {
        what: "Finds loops that both read a size or position of the page (`offsetWidth`, `getBoundingClientRect()`, `scrollTop`, `getComputedStyle()`) and write styles.",
        why: "Each read after a write makes the browser lay the whole page out again: 100 rounds take 100 layouts instead of one.",
        example: "for (const el of rows) {\n  el.style.width = box.offsetWidth + 'px';\n}",
        instead: "const width = box.offsetWidth;\nfor (const el of rows) {\n  el.style.width = width + 'px';\n}",
        limits: "Loops that only read or only write, and reads that wait for a frame, are left alone.",
        fix: "",
    },
    checks: &[Check::Nodes(
        &[Kind::ForStatement, Kind::ForInStatement, Kind::WhileStatement, Kind::CallExpression],
        check,
    )],
    cases: &[
        Case::near_miss(
            "a.js",
            "for (const box of boxes) {\n  box.classList.remove('flash');\n  box.offsetWidth;\n  box.classList.add('flash');\n}",
        ),
        Case::bad(
            "a.js",
            "function f(els) { for (const el of els) { el.style.width = el.offsetWidth + 10 + 'px'; //~ layout-in-loop\n} }",
        ),
        Case::bad(
            "a.js",
            "function f(els) { els.forEach((el) => { el.style.height = box.clientHeight + 'px'; //~ layout-in-loop\n}); }",
        ),
        Case::bad(
            "a.ts",
            "function f(els: HTMLElement[]) { for (let i = 0; i < els.length; i++) { els[i].style.top = els[i].getBoundingClientRect().top + 'px'; } } //~ layout-in-loop",
        ),
        Case::bad(
            "a.js",
            "function f(els) { for (const el of els) { el.classList.add('on'); total += el.scrollHeight; } } //~ layout-in-loop",
        ),
        Case::good(
            "a.js",
            "function f(els) { const w = box.offsetWidth; for (const el of els) { el.style.width = w + 'px'; } }",
        ),
        Case::good("a.js", "function f(els) { for (const el of els) { sum += el.offsetWidth; } }"),
        Case::good("a.js", "function f(els) { for (const el of els) { el.style.width = '1px'; } }"),
        Case::good("a.js", "function f(el) { el.style.width = el.offsetWidth + 'px'; }"),
        Case::near_miss(
            "a.js",
            "function f(els) { for (const el of els) { el.offsetWidth = 3; el.style.top = '1px'; } }",
        ),
        Case::near_miss(
            "a.js",
            "function f(els) { for (const el of els) { requestAnimationFrame(() => { el.style.top = el.offsetTop + 'px'; }); } }",
        ),
        Case::near_miss("a.js", "function f(styles) { for (const s of styles) { s.style = s.clientWidth ? 1 : 2; } }"),
        Case::bad(
            "a.ts",
            "function f(boxes: HTMLElement[]) {\n  for (const box of boxes) {\n    const h = box.offsetHeight; //~ layout-in-loop\n    box.style.width = `${h}px`;\n  }\n}",
        ),
        Case::bad(
            "a.ts",
            "function f(boxes: HTMLElement[]) {\n  boxes.forEach((box) => {\n    const r = box.getBoundingClientRect(); //~ layout-in-loop\n    box.style.left = `${r.left}px`;\n  });\n}",
        ),
        Case::bad(
            "a.ts",
            "function f(rows: HTMLElement[], list: HTMLElement) {\n  for (const row of rows) {\n    list.appendChild(row);\n    total += row.clientHeight; //~ layout-in-loop\n  }\n}",
        ),
        Case::bad(
            "a.ts",
            "function f(els: NodeListOf<HTMLElement>) {\n  for (let i = 0; i < els.length; i++) {\n    els[i].classList.toggle('wide', els[i].scrollWidth > 100); //~ layout-in-loop\n  }\n}",
        ),
        Case::good(
            "a.ts",
            "function f(boxes: HTMLElement[]) { const hs = boxes.map((b) => b.offsetHeight); boxes.forEach((b, i) => { b.style.width = `${hs[i]}px`; }); }",
        ),
        Case::good("a.ts", "function f(box: HTMLElement) { box.style.width = `${box.offsetHeight}px`; }"),
        Case::good(
            "a.ts",
            "function f(boxes: HTMLElement[]) { return boxes.reduce((s, b) => s + b.offsetHeight, 0); }",
        ),
        Case::good(
            "a.ts",
            "function f(boxes: HTMLElement[], w: number) { for (const b of boxes) { b.style.width = `${w}px`; } }",
        ),
        Case::near_miss("a.ts", "function f(boxes: Box[]) { for (const b of boxes) { b.width = b.offset + 1; } }"),
    ],
};

fn check<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    let body = if is_loop(node) {
        node.child(Field::Body)
    } else {
        method(node)
            .filter(|(_, n)| n.text() == "forEach")
            .and_then(|_| callback(node, 0, cx))
            .filter(|f| std::ptr::eq(f.arena(), cx.arena()))
            .and_then(|f| f.child(Field::Body))
    };
    let Some(body) = body else { return };
    // Of nested loops the inner one is told.
    let inner = |n: Node<'a>| is_function(n) || is_loop(n);
    let mut inside = body.descendants_until(inner);
    let read = inside.find(|n| reads(*n));
    let Some(read) = read else { return };
    let wrote = body.descendants_until(inner).find(|n| writes(*n));
    let Some(write) = wrote else { return };
    let message = "The loop reads the layout and changes it: each read makes the browser lay the page out again. Read everything first, then write.";
    cx.report(Note::new(cx.rule, read.span(), message).related(write.span(), "changed here"));
}

fn reads(n: Node<'_>) -> bool {
    let written = |n: Node<'_>| {
        n.parent().is_some_and(|p| {
            matches!(p.kind(), Kind::AssignmentExpression | Kind::AugmentedAssignmentExpression)
                && n.field() == Field::Left
        })
    };
    match n.kind() {
        Kind::MemberExpression => {
            n.child(Field::Property).is_some_and(|p| {
                matches!(
                    p.text(),
                    "offsetWidth"
                        | "offsetHeight"
                        | "offsetTop"
                        | "offsetLeft"
                        | "clientWidth"
                        | "clientHeight"
                        | "scrollHeight"
                        | "scrollWidth"
                        | "scrollTop"
                        | "scrollLeft"
                )
            }) && !written(n)
                // `box.offsetWidth;` is there to have the page laid out, so that an animation starts anew.
                && n.parent().is_none_or(|p| p.kind() != Kind::ExpressionStatement)
        }
        Kind::CallExpression => n.child(Field::Function).is_some_and(|f| {
            let name = f.text().rsplit('.').next().unwrap_or_default();
            matches!(name, "getBoundingClientRect" | "getComputedStyle" | "getClientRects")
        }),
        _ => false,
    }
}

/// Whether a node changes an element's looks.
fn writes(n: Node<'_>) -> bool {
    match n.kind() {
        Kind::AssignmentExpression | Kind::AugmentedAssignmentExpression => n.child(Field::Left).is_some_and(|l| {
            l.kind() == Kind::MemberExpression && l.child(Field::Object).is_some_and(|o| o.text().ends_with(".style"))
                || l.kind() == Kind::MemberExpression
                    && l.child(Field::Property)
                        .is_some_and(|p| matches!(p.text(), "className" | "innerHTML" | "cssText"))
        }),
        Kind::CallExpression => method(n).is_some_and(|(of, name)| {
            of.text().ends_with(".classList") && matches!(name.text(), "add" | "remove" | "toggle")
                || of.text().ends_with(".style") && name.text() == "setProperty"
                || matches!(name.text(), "appendChild" | "insertBefore" | "insertAdjacentHTML" | "replaceChildren")
        }),
        _ => false,
    }
}
