use sidenote_grammars::{Family, Field, Kind};

use crate::findings::{Category, Confidence, Note, Severity};
use crate::rules::shape::{operands, operator, report_in};
use crate::rules::support::bare;
use crate::rules::{Case, Check, Cx, Docs, Rule, vue};
use crate::syntax::{Arena, Node};

pub static RULE: Rule = Rule {
    id: "truthy-ref",
    summary: "a ref of Vue is asked whether it is true, and not its value",
    category: Category::Quality,
    severity: Severity::Medium,
    confidence: Confidence::High,
    cwe: &[571],
    families: &[Family::Ecma],
    default_on: true,
    in_tests: false,
    docs: Docs {
        what: "Finds a `ref`, `shallowRef` or `computed` of Vue that is used itself in a condition, behind `!`, or in a comparison with a literal, where its `.value` was meant.",
        why: "A ref is an object, and an object is always true: the condition has one outcome, whatever the value is.",
        example: "const open = ref(false);\nif (open) close();",
        instead: "const open = ref(false);\nif (open.value) close();",
        limits: "Only constants that a call of Vue's own function makes; in templates refs are unwrapped, and in `reactive` objects.",
        fix: "The suggested fix adds `.value`.",
    },
    checks: &[Check::Block(check)],
    cases: &[
        Case::bad(
            "a.js",
            "import { ref } from 'vue';\nconst total = ref(0);\nexport function big() { return total > 100; } //~ truthy-ref",
        ),
        Case::bad(
            "a.ts",
            "import { ref } from 'vue';\nexport function useX() { const open = ref(false);\n if (open) { go(); } //~ truthy-ref\n return { open }; }",
        ),
        Case::bad(
            "a.js",
            "import { ref } from 'vue';\nexport function useX() { const open = ref(false);\n function toggle() { if (!open) { go(); } } //~ truthy-ref\n return { open, toggle }; }",
        ),
        Case::bad(
            "a.js",
            "import { computed } from 'vue';\nexport function useX(p) { const big = computed(() => p.n > 3);\n return () => big ? 1 : 2; } //~ truthy-ref",
        ),
        Case::bad(
            "a.js",
            "import { ref } from 'vue';\nconst count = ref(0);\nexport function f() { return count === 0; } //~ truthy-ref",
        ),
        Case::bad(
            "a.js",
            "import * as Vue from 'vue';\nconst on = Vue.ref(true);\nwhile (on) { step(); } //~ truthy-ref",
        ),
        Case::bad(
            "a.ts",
            "import { ref as r } from 'vue';\nconst busy = r<boolean>(false);\nexport const f = () => busy && go(); //~ truthy-ref",
        ),
        Case::bad(
            "a.js",
            "import { shallowRef } from 'vue';\nconst el = shallowRef(null);\nexport function f() { if (el && el.value.x) { go(); } } //~ truthy-ref",
        ),
        Case::bad(
            "a.js",
            "import { ref } from '@vue/composition-api';\nconst mode = ref('a');\nif (mode === 'b') { go(); } //~ truthy-ref",
        ),
        Case::good("a.js", "import { ref } from 'vue';\nconst open = ref(false);\nif (open.value) { go(); }"),
        Case::good("a.js", "import { ref } from 'vue';\nconst open = ref(false);\nwatch(open, () => go());"),
        Case::good("a.js", "import { useRef } from 'react';\nconst open = useRef(false);\nif (open) { go(); }"),
        Case::good("a.js", "import { ref } from 'firebase/database';\nconst r = ref(db, 'a');\nif (r) { go(); }"),
        Case::good("a.js", "import { ref } from 'vue';\nlet open = ref(false);\nopen = other; if (open) { go(); }"),
        Case::good(
            "a.js",
            "import { ref } from 'vue';\nconst open = ref(false);\nexport const f = (open) => { if (open) { go(); } };",
        ),
        Case::good("a.js", "import { computed } from 'vue';\nconst n = computed(() => 1);\nuse(n);"),
        Case::good("a.js", "import { ref } from 'vue';\nconst open = ref(false);\nexport const f = () => ({ open });"),
        Case::near_miss(
            "a.js",
            "import { ref, isRef } from 'vue';\nconst open = ref(false);\nif (isRef(open)) { go(); }",
        ),
        Case::near_miss("a.js", "import { ref } from 'vue';\nconst open = ref(false);\nif (same === open) { go(); }"),
        Case::near_miss(
            "a.js",
            "import { ref } from 'vue';\nconst open = ref(false);\nexport function f() { const open = load(); if (open) { go(); } }",
        ),
        Case::near_miss("a.js", "import { ref } from 'vue';\nconst open = maybe && ref(false);\nif (open) { go(); }"),
    ],
};

fn check(cx: &mut Cx<'_>) {
    let arena = cx.arena();
    let declared: Vec<Node<'_>> = arena.nodes().filter(|n| n.kind() == Kind::VariableDeclarator).collect();
    for declarator in declared {
        let (Some(name), Some(value)) = (declarator.child(Field::Name), declarator.child(Field::Value).map(bare))
        else {
            continue;
        };
        let fixed = declarator.parent().and_then(|p| p.child(Field::Kind)).is_some_and(|k| k.text() == "const");
        if !fixed || name.kind() != Kind::Identifier || !is_ref(value, cx) {
            continue;
        }
        let mut found = Vec::new();
        look(arena, name, true, &mut found);
        for child in cx.block.children() {
            look(child.arena(), name, false, &mut found);
        }
        for used in found {
            let message =
                format!("`{0}` is a ref, which is an object and always true: `{0}.value` was meant.", name.text());
            let at = crate::syntax::Span { start: used.span().end, end: used.span().end };
            let note = Note::new(cx.rule, used.span(), message)
                .suggestion("Ask for the value", vec![(at, ".value".to_owned())]);
            report_in(cx, used, note);
        }
    }
}

/// Whether a value is made by one of Vue's functions for refs.
fn is_ref(value: Node<'_>, cx: &Cx<'_>) -> bool {
    vue::called(value, cx)
        .is_some_and(|name| matches!(name.as_str(), "ref" | "shallowRef" | "computed" | "toRef" | "customRef"))
}

/// The mentions of a name that are asked for their truth, where nothing in the block binds the name anew.
fn look<'a>(arena: &'a Arena, name: Node<'_>, own: bool, found: &mut Vec<Node<'a>>) {
    let bound = arena.named(name.text()).filter(|n| binds(*n)).count();
    if bound > usize::from(own) {
        return;
    }
    found.extend(arena.named(name.text()).filter(|n| n.kind() == Kind::Identifier && is_asked(*n)));
}

fn binds(n: Node<'_>) -> bool {
    let Some(parent) = n.parent() else { return false };
    match parent.kind() {
        Kind::VariableDeclarator | Kind::FunctionDeclaration | Kind::ClassDeclaration => n.field() == Field::Name,
        Kind::RequiredParameter | Kind::OptionalParameter | Kind::FormalParameters | Kind::CatchClause => true,
        Kind::ArrowFunction => n.field() == Field::Parameter,
        Kind::ArrayPattern | Kind::ObjectPattern | Kind::PairPattern | Kind::RestPattern | Kind::AssignmentPattern => {
            true
        }
        Kind::AssignmentExpression | Kind::ForInStatement => n.field() == Field::Left,
        _ => n.kind() == Kind::ShorthandPropertyIdentifierPattern,
    }
}

/// Whether a node is a condition, a part of one, or compared with a literal.
fn is_asked(n: Node<'_>) -> bool {
    let Some(parent) = n.parent() else { return false };
    match parent.kind() {
        Kind::ParenthesizedExpression => {
            parent
                .parent()
                .is_some_and(|p| matches!(p.kind(), Kind::IfStatement | Kind::WhileStatement | Kind::DoStatement))
                || is_asked(parent)
        }
        Kind::IfStatement | Kind::WhileStatement | Kind::TernaryExpression => n.field() == Field::Condition,
        Kind::UnaryExpression => operator(parent) == "!",
        Kind::BinaryExpression => match operator(parent) {
            "&&" => n.field() == Field::Left,
            "===" | "!==" | "==" | "!=" | "<" | ">" | "<=" | ">=" => operands(parent).is_some_and(|(l, r)| {
                let other = if l == n { r } else { l };
                matches!(bare(other).kind(), Kind::Number | Kind::String | Kind::True | Kind::False)
            }),
            _ => false,
        },
        _ => false,
    }
}
