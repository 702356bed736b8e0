use sidenote_grammars::{Family, Field, Kind};

use crate::findings::{Category, Confidence, Note, Severity};
use crate::rules::shape::parameters;
use crate::rules::support::{bare, constant, enclosing_function, is_function};
use crate::rules::{Case, Check, Cx, Docs, Rule, vue};
use crate::syntax::Node;

pub static RULE: Rule = Rule {
    id: "lost-reactivity",
    summary: "props of Vue are taken apart, and their changes are not seen",
    category: Category::Quality,
    severity: Severity::Medium,
    confidence: Confidence::High,
    cwe: &[665],
    families: &[Family::Ecma],
    default_on: true,
    in_tests: false,
    docs: Docs {
        what: "Finds properties that `setup` takes out of its `props` by destructuring, or out of what `reactive` gives, and that a `computed`, a `watch`, a `watchEffect` or the render function then reads; and `watch(state.open, ..)` of a value.",
        why: "The variable holds the value of that moment. When the parent passes another one the computed value, the watcher and the page stay as they were.",
        example: "setup(props) {\n  const { items } = props;\n  const total = computed(() => items.length);",
        instead: "setup(props) {\n  const { items } = toRefs(props);\n  const total = computed(() => items.value.length);",
        limits: "Only in files that import Vue. Properties that are only read once, while the component is set up, are left alone, and so is `defineProps`, of which the compiler keeps track.",
        fix: "",
    },
    checks: &[Check::Block(check)],
    cases: &[
        Case::bad(
            "a.ts",
            "import { computed } from 'vue';\nexport function useCart(props: { items: X[]; coupon: string }) {\n const { coupon } = props; //~ lost-reactivity\n const n = computed(() => props.items.length); return { n, coupon }; }",
        ),
        Case::bad(
            "a.js",
            "import { reactive, watch } from 'vue';\nexport function useX() { const state = reactive({ open: false });\n watch(state.open, go); //~ lost-reactivity\n return state; }",
        ),
        Case::near_miss(
            "a.js",
            "import { reactive, watch } from 'vue';\nexport function useX() { const state = reactive({ list: [] }); watch(state.list, go); return state; }",
        ),
        Case::bad(
            "a.ts",
            "import { computed } from 'vue';\nexport default { setup(props) {\n const { items } = props; //~ lost-reactivity\n const n = computed(() => items.length); return { n }; } };",
        ),
        Case::bad(
            "a.js",
            "import { computed, defineComponent } from 'vue';\nexport default defineComponent({ setup({ items }) { //~ lost-reactivity\n return { n: computed(() => items.length) }; } });",
        ),
        Case::bad(
            "a.js",
            "import { watchEffect } from 'vue';\nexport default { setup(props) {\n const { id } = props; //~ lost-reactivity\n watchEffect(() => load(id)); } };",
        ),
        Case::bad(
            "a.js",
            "import { watch } from 'vue';\nexport default { setup: (props) => {\n const { id } = props; //~ lost-reactivity\n watch(() => id, load); } };",
        ),
        Case::bad(
            "a.js",
            "import { h } from 'vue';\nexport default { setup(props) {\n const { label } = props; //~ lost-reactivity\n return () => h('b', label); } };",
        ),
        Case::bad(
            "a.js",
            "import { reactive, computed } from 'vue';\nexport function useX() { const state = reactive({ a: 1 });\n const { a } = state; //~ lost-reactivity\n return computed(() => a + 1); }",
        ),
        Case::bad(
            "a.js",
            "import { reactive, watch } from 'vue';\nexport function useX() {\n const { a } = reactive({ a: 1 }); //~ lost-reactivity\n watch(() => a, go); }",
        ),
        Case::bad(
            "a.ts",
            "import { computed, defineComponent } from '@vue/composition-api';\nexport default defineComponent({ setup(props: P, ctx) {\n const { open: shown } = props; //~ lost-reactivity\n const css = computed(() => (shown ? 'a' : 'b')); return { css }; } });",
        ),
        Case::good(
            "a.ts",
            "import { computed } from 'vue';\nexport default { setup(props) { const n = computed(() => props.items.length); return { n }; } };",
        ),
        Case::good(
            "a.ts",
            "import { computed, toRefs } from 'vue';\nexport default { setup(props) { const { items } = toRefs(props); const n = computed(() => items.value.length); return { n }; } };",
        ),
        Case::good(
            "a.ts",
            "export default { setup(props) { const { items } = props; return computed(() => items.length); } };",
        ),
        Case::good(
            "a.js",
            "import { ref } from 'vue';\nexport default { setup(props) { const { start } = props; const n = ref(start); return { n }; } };",
        ),
        Case::good(
            "a.js",
            "import { computed } from 'vue';\nexport function setup(options) { const n = computed(() => { const { a } = options; return a; }); return n; }",
        ),
        Case::good(
            "a.js",
            "import { watch } from 'vue';\nexport default { setup(props) { watch(() => props.id, load); } };",
        ),
        Case::good(
            "a.js",
            "import { computed } from 'vue';\nexport function useX(options) { const { a } = options; return computed(() => a); }",
        ),
        Case::good(
            "a.js",
            "import { h } from 'vue';\nexport default { setup(props) { return () => { const { label } = props; return h('b', label); }; } };",
        ),
        Case::good(
            "a.ts",
            "import { computed, reactive } from 'vue';\nexport function useX() { const state = reactive(make()); const css = computed(() => { const { z } = state; return z ? { z } : {}; }); return { css }; }",
        ),
        Case::near_miss(
            "a.js",
            "import { computed } from 'vue';\nconst { items } = defineProps(['items']);\nconst n = computed(() => items.length);",
        ),
        Case::near_miss(
            "a.js",
            "import { computed } from 'vue';\nexport default { setup(props) { const { items } = props; const n = computed(() => props.items.length); return { n, first: items[0] }; } };",
        ),
        Case::near_miss(
            "a.js",
            "import { reactive, computed, toRefs } from 'vue';\nexport function useX() { const { a } = toRefs(reactive({ a: 1 })); return computed(() => a.value); }",
        ),
        Case::near_miss(
            "a.js",
            "import { computed } from 'vue';\nexport default { setup(props, { emit }) { const n = computed(() => emit('x')); return { n }; } };",
        ),
    ],
};

fn check(cx: &mut Cx<'_>) {
    if !vue::is_imported(cx) {
        return;
    }
    let arena = cx.arena();
    let mut found = Vec::new();
    let watched: Vec<Node<'_>> = arena.nodes().filter_map(|n| value_watched(n, cx)).collect();
    for value in watched {
        let message = format!(
            "`watch` gets the value of this moment, and never hears of another. Hand over `() => {}`.",
            value.text()
        );
        let instead = format!("() => {}", value.text());
        let note = Note::new(cx.rule, value.span(), message);
        cx.report(note.suggestion("Watch it", vec![(value.span(), instead)]));
    }
    for n in arena.nodes() {
        match n.kind() {
            Kind::VariableDeclarator => {
                let (Some(pattern), Some(value)) = (n.child(Field::Name), n.child(Field::Value).map(bare)) else {
                    continue;
                };
                if pattern.kind() == Kind::ObjectPattern && loses(n, value, cx) {
                    found.push(pattern);
                }
            }
            // `setup({ items })`
            _ if is_function(n) && is_setup(n) => {
                found.extend(parameters(n).first().filter(|p| p.kind() == Kind::ObjectPattern));
            }
            _ => {}
        }
    }
    for pattern in found {
        let names = pattern.descendants().filter(|n| {
            n.kind() == Kind::ShorthandPropertyIdentifierPattern
                || n.kind() == Kind::Identifier && matches!(n.field(), Field::Value | Field::Left)
        });
        let Some(name) = names.into_iter().find(|n| read_later(*n, cx)) else { continue };
        let message = format!(
            "`{}` is the value of this moment: what is passed later is not seen. Read it from the object where it is needed, or use `toRefs`.",
            name.text()
        );
        cx.report(Note::new(cx.rule, pattern.span(), message));
    }
}

/// `watch(state.open, ..)` where `state` is reactive, and `open` begins as a literal.
fn value_watched<'a>(call: Node<'a>, cx: &Cx<'a>) -> Option<Node<'a>> {
    if vue::called(call, cx)? != "watch" {
        return None;
    }
    let value = call.child(Field::Arguments)?.first_named().map(bare)?;
    let (of, key) = (value.child(Field::Object)?, value.child(Field::Property)?);
    let made = constant(of);
    if value.kind() != Kind::MemberExpression || made == of || vue::called(made, cx)? != "reactive" {
        return None;
    }
    let object = made.child(Field::Arguments)?.first_named().map(bare).filter(|o| o.kind() == Kind::Object)?;
    let pair = object.named_children().find(|p| p.child(Field::Key).is_some_and(|k| k.text() == key.text()))?;
    let plain =
        matches!(bare(pair.child(Field::Value)?).kind(), Kind::True | Kind::False | Kind::Number | Kind::String);
    plain.then_some(value)
}

/// Whether a function is a component's `setup`.
fn is_setup(function: Node<'_>) -> bool {
    let named = |n: Node<'_>| n.text() == "setup";
    // `useCart(props)`: part of a `setup`, by its name.
    let composable = function.child(Field::Name).is_some_and(|n| n.text().starts_with("use"))
        && function.kind() == Kind::FunctionDeclaration
        && parameters(function).first().is_some_and(|p| p.text() == "props");
    composable
        || function.kind() == Kind::MethodDefinition && function.child(Field::Name).is_some_and(named)
        || function.parent().is_some_and(|p| p.kind() == Kind::Pair && p.child(Field::Key).is_some_and(named))
}

/// Whether what is taken apart here is reactive: the first parameter of `setup`, or what `reactive` gives.
fn loses(declarator: Node<'_>, value: Node<'_>, cx: &Cx<'_>) -> bool {
    let source = constant(value);
    if source.kind() == Kind::CallExpression {
        // An inner function takes it apart anew each time that it runs.
        return enclosing_function(source) == enclosing_function(declarator)
            && vue::called(source, cx).is_some_and(|n| matches!(n.as_str(), "reactive" | "shallowReactive"));
    }
    let Some(function) = enclosing_function(declarator) else { return false };
    value.kind() == Kind::Identifier
        && is_setup(function)
        && parameters(function).first().is_some_and(|p| p.text() == value.text())
}

/// Whether a name is read in a function that Vue runs again, a computed value, a watcher, the render function, or given to the page.
fn read_later(name: Node<'_>, cx: &Cx<'_>) -> bool {
    // `return { items };`: the page gets the value of this moment.
    let shown = name.arena().nodes().any(|n| {
        n.kind() == Kind::ShorthandPropertyIdentifier
            && n.text() == name.text()
            && n.parent()
                .filter(|o| o.kind() == Kind::Object)
                .and_then(|o| o.parent())
                .is_some_and(|r| r.kind() == Kind::ReturnStatement)
    });
    if shown {
        return true;
    }
    name.arena().named(name.text()).filter(|n| *n != name && n.kind() == Kind::Identifier).any(|n| {
        n.ancestors().filter(|a| is_function(*a) && !name.ancestors().any(|b| b == *a)).any(|f| {
            let given = f.parent().filter(|p| p.kind() == Kind::Arguments).and_then(|p| p.parent());
            let watched = given.and_then(|c| vue::called(c, cx)).is_some_and(|v| {
                matches!(v.as_str(), "computed" | "watch" | "watchEffect" | "watchPostEffect" | "watchSyncEffect")
            });
            let renders = f.parent().is_some_and(|p| p.kind() == Kind::ReturnStatement)
                && enclosing_function(f).is_some_and(is_setup);
            watched || renders
        })
    })
}
