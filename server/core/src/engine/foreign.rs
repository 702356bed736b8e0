//! Suppressions that speak to other linters: `// eslint-disable-next-line no-useless-catch`.
//!
//! Who silenced another tool about the very same thing on that line has decided: our finding of quality or performance there is
//! suppressed too. Only comments for one line that name the rule count, so that a file full of `eslint-disable` is still looked
//! at; findings of security are never left out this way.

/// What a comment says to another linter.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Foreign {
    /// Our ids of the rules that it names.
    pub rules: Vec<String>,
    /// The comment's words, as the reason.
    pub reason: String,
    /// Whether it speaks of its own line, and not of the next.
    pub same_line: bool,
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
    ("unused-result", &["no-unused-expressions", "array-callback-return"]),
    ("use-before-declaration", &["no-use-before-define", "noInvalidUseBeforeDeclaration"]),
    ("useless-catch", &["no-useless-catch", "noUselessCatch"]),
    ("useless-comparison", &["no-unsafe-negation", "noUnsafeNegation"]),
    ("wrong-loop-counter", &["for-direction"]),
    ("wrong-super", &["no-this-before-super", "constructor-super"]),
    ("wrong-this", &["no-invalid-this"]),
];

/// Reads a comment that silences rules of another linter for one line.
pub(super) fn parse(comment: &str) -> Option<Foreign> {
    let body = comment.trim_start_matches(['/', '*', '{', ' ', '\t']).trim_end_matches(['}', '/', '*', ' ']);
    let (same_line, named) = if let Some(rest) = body.strip_prefix("biome-ignore ") {
        // `biome-ignore lint/suspicious/noAsyncPromiseExecutor: why`
        (false, rest.split(':').next().unwrap_or_default())
    } else {
        let rest = body.strip_prefix("eslint-").or_else(|| body.strip_prefix("oxlint-"))?;
        let (same_line, rest) = match rest.strip_prefix("disable-next-line") {
            Some(rest) => (false, rest),
            None => (true, rest.strip_prefix("disable-line")?),
        };
        (same_line, rest.split("--").next().unwrap_or_default())
    };
    let mut rules: Vec<String> = Vec::new();
    for word in named.split([',', ' ', '\t', '\n']) {
        // Without the plugin or group before it.
        let name = word.rsplit('/').next().unwrap_or_default();
        let ours = NAMES.iter().filter(|(_, theirs)| theirs.contains(&name));
        rules.extend(ours.map(|(id, _)| (*id).to_owned()));
    }
    (!rules.is_empty()).then(|| Foreign { rules, reason: body.trim().to_owned(), same_line })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules(comment: &str) -> Option<(Vec<String>, bool)> {
        parse(comment).map(|f| (f.rules, f.same_line))
    }

    #[test]
    fn comments_to_other_linters_are_read() {
        let one = |id: &str, same| Some((vec![id.to_owned()], same));
        assert_eq!(rules("// eslint-disable-next-line no-useless-catch"), one("useless-catch", false));
        assert_eq!(rules("// eslint-disable-line react/no-array-index-key -- never sorted"), one("index-as-key", true));
        assert_eq!(
            rules("/* eslint-disable-next-line no-console, @typescript-eslint/return-await */"),
            one("missing-await-in-try-return", false)
        );
        assert_eq!(
            rules("// biome-ignore lint/suspicious/noAsyncPromiseExecutor: it's fine"),
            one("async-promise-executor", false)
        );
        assert_eq!(rules("// oxlint-disable-next-line eqeqeq"), one("equality-with-coercion", false));
        for silent in [
            "/* eslint-disable no-useless-catch */",
            "// eslint-disable-next-line",
            "// eslint-disable-next-line no-console",
            "// see eslint-disable-next-line no-useless-catch",
            "// a comment",
        ] {
            assert_eq!(rules(silent), None, "{silent}");
        }
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
