//! Suppressions that speak to other linters: `// eslint-disable-next-line no-useless-catch`.
//!
//! Who silenced another tool about the very same thing on that line has decided: our finding of quality or performance there is
//! suppressed too. Only comments that name the rule count (for a line, or from `/* eslint-disable name */` to the end of the file or to
//! `eslint-enable`), so that a file with a bare `eslint-disable` is still looked at; findings of security are never left out this way.

/// What a comment says to another linter.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Foreign {
    /// Our ids of the rules that it names.
    pub rules: Vec<String>,
    /// The comment's words, as the reason.
    pub reason: String,
    /// What it speaks for.
    pub reach: Reach,
}

/// What a comment to another linter speaks for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Reach {
    /// Its own line.
    Line,
    /// The next line.
    Next,
    /// Everything behind it, as long as nothing takes it back.
    Rest,
}

/// Our rules and the names under which ESLint (with the plugins that are in common use), Biome and oxlint know the same thing.
const NAMES: &[(&str, &[&str])] = &[
    ("accumulating-spread", &["no-accumulating-spread", "noAccumulatingSpread"]),
    ("array-holes", &["no-sparse-arrays", "noSparseArray"]),
    ("array-sort-default-numbers", &["require-array-sort-compare"]),
    ("assignment-in-condition", &["no-cond-assign", "noAssignInExpressions"]),
    ("async-promise-executor", &["no-async-promise-executor", "noAsyncPromiseExecutor"]),
    ("await-in-loop", &["no-await-in-loop", "noAwaitInLoops"]),
    ("closure-over-loop-variable", &["no-loop-func"]),
    ("component-in-component", &["no-unstable-nested-components"]),
    ("conditional-hook", &["rules-of-hooks", "useHookAtTopLevel"]),
    ("constant-condition", &["no-constant-condition", "no-constant-binary-expression", "noConstantCondition"]),
    ("dead-store", &["no-useless-assignment"]),
    ("delete-array-element", &["no-array-delete"]),
    ("duplicate-branches", &["no-duplicated-branches", "no-all-duplicated-branches"]),
    ("duplicate-keys", &["no-dupe-keys", "no-dupe-class-members", "noDuplicateObjectKeys"]),
    ("empty-condition-body", &["no-empty"]),
    ("equality-with-coercion", &["eqeqeq", "noDoubleEquals"]),
    ("filter-then-first", &["prefer-array-find", "prefer-array-some"]),
    ("floating-promise", &["no-floating-promises", "noFloatingPromises", "catch-or-return"]),
    ("for-in-array", &["guard-for-in", "no-for-in-array"]),
    ("getter-without-return", &["getter-return", "useGetterReturn"]),
    ("identical-operands", &["no-self-compare", "noSelfCompare", "no-identical-expressions"]),
    ("ignored-callback-error", &["handle-callback-err", "n/handle-callback-err", "node/handle-callback-err"]),
    ("index-as-key", &["no-array-index-key", "noArrayIndexKey"]),
    ("inline-object-prop", &["jsx-no-constructed-context-values", "jsx-no-bind"]),
    ("invalid-typeof", &["valid-typeof", "useValidTypeof"]),
    ("json-clone", &["prefer-structured-clone"]),
    ("loss-of-precision", &["no-loss-of-precision", "noPrecisionLoss"]),
    ("lost-cause", &["preserve-caught-error"]),
    ("map-then-flat", &["prefer-array-flat-map", "useFlatMap"]),
    ("missing-await-in-try-return", &["return-await", "no-return-await"]),
    ("missing-dependency", &["exhaustive-deps", "useExhaustiveDependencies"]),
    ("missing-key", &["jsx-key", "useJsxKeyInIterable"]),
    ("missing-return-in-callback", &["array-callback-return", "useIterableCallbackReturn", "consistent-return"]),
    ("misused-promise", &["no-misused-promises", "noMisusedPromises"]),
    ("mutated-state", &["no-direct-mutation-state"]),
    ("nan-comparison", &["use-isnan", "useIsNan"]),
    ("never-loop", &["no-unreachable-loop"]),
    ("no-case-declarations", &["no-case-declarations", "noSwitchDeclarations"]),
    ("object-delete-hot", &["noDelete"]),
    ("off-by-one", &["for-direction"]),
    ("parse-int-without-radix", &["radix"]),
    ("reassigned-constant", &["no-const-assign", "no-func-assign", "no-import-assign", "no-class-assign"]),
    ("self-assignment", &["no-self-assign", "noSelfAssign"]),
    ("shadowed-global", &["no-shadow-restricted-names", "noShadowRestrictedNames", "no-global-assign"]),
    ("subsumed-condition", &["no-dupe-else-if", "no-duplicate-case"]),
    ("swallowed-error", &["no-empty", "noEmptyBlockStatements"]),
    ("switch-fallthrough", &["no-fallthrough", "noFallthroughSwitchClause"]),
    ("sync-io-in-handler", &["no-sync"]),
    ("template-in-plain-string", &["no-template-curly-in-string", "noTemplateCurlyInString"]),
    ("throw-literal", &["no-throw-literal", "only-throw-error", "useThrowOnlyError"]),
    ("unreachable-code", &["no-unreachable", "noUnreachable"]),
    ("unsafe-finally", &["no-unsafe-finally", "noUnsafeFinally"]),
    ("unsafe-optional-chaining", &["no-unsafe-optional-chaining", "noUnsafeOptionalChaining"]),
    ("unstable-dependency", &["exhaustive-deps", "useExhaustiveDependencies"]),
    ("unused-result", &["no-unused-expressions", "array-callback-return"]),
    ("use-before-declaration", &["no-use-before-define", "noInvalidUseBeforeDeclaration"]),
    ("useless-catch", &["no-useless-catch", "noUselessCatch"]),
    ("useless-comparison", &["no-unsafe-negation", "noUnsafeNegation"]),
    ("wrong-loop-counter", &["for-direction"]),
    ("wrong-super", &["no-this-before-super", "constructor-super"]),
    ("wrong-this", &["no-invalid-this"]),
];

/// Where the rest of a file is looked at again after `/* eslint-disable .. */`: at the comment that enables any of the rules that `comment`
/// names, or all.
pub(super) fn taken_back(comment: &str, rest: &str) -> Option<usize> {
    let mut from = 0;
    while let Some(at) = rest.get(from..)?.find("eslint-enable") {
        let names = rest.get(from + at + "eslint-enable".len()..)?;
        let names = names.lines().next().unwrap_or_default().split("*/").next().unwrap_or_default();
        let names = names.split("--").next().unwrap_or_default();
        let mut named = names.split([',', ' ', '\t']).filter(|w| !w.is_empty()).peekable();
        if named.peek().is_none() || named.any(|n| comment.contains(n)) {
            return Some(from + at);
        }
        from += at + 1;
    }
    None
}

/// Reads a comment that silences rules of another linter.
pub(super) fn parse(comment: &str) -> Option<Foreign> {
    let body = comment.trim_start_matches(['/', '*', '{', ' ', '\t']).trim_end_matches(['}', '/', '*', ' ']);
    let (reach, named) = if let Some(rest) = body.strip_prefix("biome-ignore ") {
        // `biome-ignore lint/suspicious/noAsyncPromiseExecutor: why`
        (Reach::Next, rest.split(':').next().unwrap_or_default())
    } else {
        let rest = body.strip_prefix("eslint-").or_else(|| body.strip_prefix("oxlint-"))?;
        let (reach, rest) = if let Some(rest) = rest.strip_prefix("disable-next-line") {
            (Reach::Next, rest)
        } else if let Some(rest) = rest.strip_prefix("disable-line") {
            (Reach::Line, rest)
        } else {
            // ESLint reads it in a comment of this form alone.
            (Reach::Rest, rest.strip_prefix("disable").filter(|_| comment.starts_with("/*"))?)
        };
        (reach, rest.split("--").next().unwrap_or_default())
    };
    let mut rules: Vec<String> = Vec::new();
    for word in named.split([',', ' ', '\t', '\n']) {
        // Without the plugin or group before it.
        let name = word.rsplit('/').next().unwrap_or_default();
        let ours = NAMES.iter().filter(|(_, theirs)| theirs.contains(&name));
        rules.extend(ours.map(|(id, _)| (*id).to_owned()));
    }
    (!rules.is_empty()).then(|| Foreign { rules, reason: body.trim().to_owned(), reach })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules(comment: &str) -> Option<(Vec<String>, Reach)> {
        parse(comment).map(|f| (f.rules, f.reach))
    }

    #[test]
    fn comments_to_other_linters_are_read() {
        let one = |id: &str, reach| Some((vec![id.to_owned()], reach));
        assert_eq!(rules("// eslint-disable-next-line no-useless-catch"), one("useless-catch", Reach::Next));
        assert_eq!(
            rules("// eslint-disable-line react/no-array-index-key -- never sorted"),
            one("index-as-key", Reach::Line)
        );
        assert_eq!(
            rules("/* eslint-disable-next-line no-console, @typescript-eslint/return-await */"),
            one("missing-await-in-try-return", Reach::Next)
        );
        assert_eq!(
            rules("// biome-ignore lint/suspicious/noAsyncPromiseExecutor: it's fine"),
            one("async-promise-executor", Reach::Next)
        );
        assert_eq!(rules("// oxlint-disable-next-line eqeqeq"), one("equality-with-coercion", Reach::Next));
        assert_eq!(rules("/* eslint-disable no-fallthrough, default-case */"), one("switch-fallthrough", Reach::Rest));
        for silent in [
            "/* eslint-disable */",
            "// eslint-disable no-useless-catch",
            "// eslint-disable-next-line",
            "// eslint-disable-next-line no-console",
            "// see eslint-disable-next-line no-useless-catch",
            "// a comment",
        ] {
            assert_eq!(rules(silent), None, "{silent}");
        }
    }

    #[test]
    fn what_is_taken_back_is_looked_at_again() {
        let comment = "/* eslint-disable no-fallthrough, default-case */";
        assert_eq!(taken_back(comment, "a();"), None);
        assert_eq!(taken_back(comment, "a(); /* eslint-enable */"), Some(8));
        assert_eq!(taken_back(comment, "a(); /* eslint-enable no-fallthrough */"), Some(8));
        assert_eq!(taken_back(comment, "a(); /* eslint-enable eqeqeq */"), None);
        assert_eq!(taken_back(comment, "/* eslint-enable eqeqeq */ /* eslint-enable default-case */"), Some(30));
    }

    #[test]
    fn our_names_are_rules_of_quality_or_performance() {
        for (id, theirs) in NAMES {
            let rule = crate::rules::find(id).unwrap_or_else(|| panic!("no rule {id}"));
            assert_ne!(rule.category, crate::findings::Category::Security, "{id}");
            assert!(!theirs.is_empty());
        }
        assert!(NAMES.is_sorted_by_key(|(id, _)| *id));
    }
}
