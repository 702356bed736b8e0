use sidenote_grammars::{Family, Field, Kind};

use crate::findings::{Category, Confidence, Note, Severity};
use crate::rules::shape::{callback, function, report_in, root_name};
use crate::rules::support::{bare, is_function, method};
use crate::rules::{Case, Check, Cx, Docs, Rule, vue};
use crate::syntax::Node;

pub static RULE: Rule = Rule {
    id: "effect-in-computed",
    summary: "a computed value of Vue changes something else",
    category: Category::Quality,
    severity: Severity::Medium,
    confidence: Confidence::High,
    cwe: &[1076],
    families: &[Family::Ecma],
    default_on: true,
    in_tests: false,
    docs: Docs {
        what: "Finds assignments to `x.value` of a ref outside, to fields of `this`, and lists of props and refs that are sorted or filled in place, inside of a computed value of Vue.",
        why: "When a computed value is worked out is Vue's decision: never while nobody reads it, once for many readers, and during a render. What it changes by the way changes at a time that nobody sees, and may start the next render.",
        example: "const total = computed(() => {\n  last.value = sum(items.value);\n  return last.value;\n});",
        instead: "const total = computed(() => sum(items.value));\nwatch(total, (n) => { last.value = n; });",
        limits: "A setter is there to change things. What the callback made itself, and what runs in a callback of its own later, is left alone.",
        fix: "",
    },
    checks: &[Check::Block(check)],
    cases: &[
        Case::bad(
            "a.js",
            "import { computed } from 'vue';\nexport const f = (props) => computed(() => { props.items.sort(); return props.items[0]; }); //~ effect-in-computed",
        ),
        Case::near_miss(
            "a.js",
            "import { computed } from 'vue';\nexport const f = (props) => computed(() => { const all = [...props.items]; all.sort(); return all[0]; });",
        ),
        Case::bad(
            "a.ts",
            "import { ref, computed } from 'vue';\nconst last = ref(0);\nexport const t = computed(() => { last.value = 1; //~ effect-in-computed\n return 1; });",
        ),
        Case::bad(
            "a.js",
            "import { computed } from 'vue';\nexport function useX(n, xs) { return computed(() => {\n n.value++; //~ effect-in-computed\n return xs.value; }); }",
        ),
        Case::bad(
            "a.js",
            "import { computed } from 'vue';\nexport function useX(n, xs) { return computed(() => { let s = 0; for (const x of xs.value) { s += x; }\n n.value = s; //~ effect-in-computed\n return s; }); }",
        ),
        Case::bad(
            "a.js",
            "import Vue from 'vue';\nexport default { computed: { total() {\n this.last = 1; //~ effect-in-computed\n return 1; } } };",
        ),
        Case::bad(
            "a.js",
            "import Vue from 'vue';\nexport default Vue.extend({ computed: { total: function () {\n this.count += 1; //~ effect-in-computed\n return this.xs.length; } } });",
        ),
        Case::bad(
            "a.js",
            "import { computed } from '@vue/composition-api';\nexport const f = (a) => computed(function () {\n a.value.n = 2; //~ effect-in-computed\n return 2; });",
        ),
        Case::bad(
            "a.js",
            "import { computed } from 'vue';\nexport const f = (a, b) => computed({ get() { return a.value; }, get2: 1 }) && computed(() => {\n b.value = a.value; //~ effect-in-computed\n return b.value; });",
        ),
        Case::bad(
            "a.ts",
            "import { defineComponent } from 'vue';\nexport default defineComponent({ computed: { page(): number {\n this.loading = true; //~ effect-in-computed\n return 1; } } });",
        ),
        Case::good(
            "a.ts",
            "import { ref, computed } from 'vue';\nconst last = ref(0);\nexport const t = computed(() => last.value + 1);",
        ),
        Case::good(
            "a.ts",
            "import { computed } from 'vue';\nexport const f = (a) => computed({ get: () => a.value, set: (v) => { a.value = v; } });",
        ),
        Case::good(
            "a.ts",
            "import { computed } from 'vue';\nexport const f = (a) => computed(() => { const o = { value: 0 }; o.value = a.value; return o; });",
        ),
        Case::good(
            "a.ts",
            "import { computed } from 'mobx';\nexport const f = (a) => computed(() => { a.value = 1; return 1; });",
        ),
        Case::good(
            "a.js",
            "import Vue from 'vue';\nexport default { computed: { total: { get() { return this.n; }, set(v) { this.n = v; } } } };",
        ),
        Case::good("a.js", "import Vue from 'vue';\nexport default { methods: { total() { this.n = 1; } } };"),
        Case::good(
            "a.js",
            "import { watch } from 'vue';\nexport const f = (a, b) => watch(a, (v) => { b.value = v; });",
        ),
        Case::good("a.js", "import { computed } from 'vue';\nexport const f = (a) => computed(() => a.value === 1);"),
        Case::near_miss(
            "a.js",
            "import { computed } from 'vue';\nexport const f = (a) => computed(() => ({ on: () => { a.value = 1; } }));",
        ),
        Case::near_miss(
            "a.js",
            "import { computed } from 'vue';\nlet runs = 0;\nexport const f = (a) => computed(() => { runs++; return a.value; });",
        ),
        Case::near_miss("a.js", "export default { computed: { total() { this.n = 1; return 1; } } };"),
        Case::near_miss(
            "a.js",
            "import { computed } from 'vue';\nexport const f = (xs) => computed(() => xs.value.map((x) => { const y = { ...x }; y.value = 2; return y; }));",
        ),
    ],
};

fn check(cx: &mut Cx<'_>) {
    if !vue::is_imported(cx) {
        return;
    }
    let mut found = Vec::new();
    for n in cx.arena().nodes() {
        match n.kind() {
            Kind::CallExpression => {
                if vue::called(n, cx).is_some_and(|name| name == "computed")
                    && let Some(f) = callback(n, 0, cx)
                {
                    found.extend(changes(f));
                }
            }
            // `computed: { total() { .. } }`
            Kind::Pair if n.child(Field::Key).is_some_and(|k| k.text() == "computed") => {
                let Some(object) = n.child(Field::Value).map(bare).filter(|v| v.kind() == Kind::Object) else {
                    continue;
                };
                for part in object.named_children() {
                    let function = match part.kind() {
                        Kind::MethodDefinition => Some(cx.open(part)),
                        Kind::Pair => part.child(Field::Value).and_then(|v| function(v, cx)),
                        _ => None,
                    };
                    found.extend(function.and_then(sets_field));
                }
            }
            _ => {}
        }
    }
    for (at, name) in found {
        let message = format!(
            "This changes `{name}` whenever the value happens to be worked out. Compute it as a value of its own, or change it in a `watch`."
        );
        report_in(cx, at, Note::new(cx.rule, at.span(), message));
    }
}

/// What a function writes to while it runs, and not in a callback of its own.
fn written<'a>(function: Node<'a>) -> impl Iterator<Item = (Node<'a>, Node<'a>)> {
    let body = function.child(Field::Body);
    body.into_iter().flat_map(|b| b.descendants_until(is_function)).filter_map(|n| match n.kind() {
        Kind::AssignmentExpression | Kind::AugmentedAssignmentExpression => Some((n, bare(n.child(Field::Left)?))),
        Kind::UpdateExpression => Some((n, bare(n.child(Field::Argument)?))),
        // `props.items.sort(..)`, `list.value.push(x)`
        Kind::CallExpression => {
            let (of, name) = method(n)?;
            let of = bare(of);
            let root = root_name(of)?;
            let list = of.kind() == Kind::MemberExpression
                && (root.text() == "props" || of.text() == format!("{}.value", root.text()));
            let changes = matches!(
                name.text(),
                "sort" | "reverse" | "push" | "pop" | "shift" | "unshift" | "splice" | "fill" | "copyWithin"
            );
            (list && changes).then_some((n, of))
        }
        _ => None,
    })
}

/// The first ref from outside that a function changes.
fn changes<'a>(function: Node<'a>) -> Option<(Node<'a>, &'a str)> {
    written(function).find_map(|(n, place)| {
        let root = root_name(place)?;
        let of_ref = std::iter::once(place).chain(place.descendants()).any(|m| {
            m.kind() == Kind::MemberExpression
                && m.child(Field::Object) == Some(root)
                && m.child(Field::Property).is_some_and(|p| p.text() == "value")
        });
        let own = function.descendants().any(|d| {
            matches!(d.kind(), Kind::VariableDeclarator | Kind::ForInStatement | Kind::FormalParameters)
                && d.child(Field::Name).or_else(|| d.child(Field::Left)).unwrap_or(d).descendants().any(|i| {
                    matches!(i.kind(), Kind::Identifier | Kind::ShorthandPropertyIdentifierPattern)
                        && i.text() == root.text()
                })
        });
        let of_props = n.kind() == Kind::CallExpression && root.text() == "props";
        ((of_ref || of_props) && !own && root.kind() == Kind::Identifier).then(|| (n, place.text()))
    })
}

/// The first field of `this` that a function sets.
fn sets_field<'a>(function: Node<'a>) -> Option<(Node<'a>, &'a str)> {
    written(function).find(|(_, place)| place.text().starts_with("this.")).map(|(n, place)| (n, place.text()))
}
