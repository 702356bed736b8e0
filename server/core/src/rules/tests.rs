use std::collections::BTreeMap;

use super::*;
use crate::config::Config;
use crate::document::Document;
use crate::engine::Engine;

#[test]
fn ids_are_sorted_unique_and_kebab_case() {
    assert!(all().windows(2).all(|w| w[0].id < w[1].id), "a file is named after its rule's id");
    for rule in all() {
        assert!(rule.id.chars().all(|c| c.is_ascii_lowercase() || c == '-' || c.is_ascii_digit()), "{}", rule.id);
    }
}

#[test]
fn every_rule_is_documented() {
    for rule in all() {
        let d = &rule.docs;
        for (heading, text) in
            [("what", d.what), ("why", d.why), ("example", d.example), ("instead", d.instead), ("limits", d.limits)]
        {
            assert!(!text.trim().is_empty(), "{}: the docs lack `{heading}`", rule.id);
        }
        assert!(!rule.summary.ends_with('.') && rule.summary.len() < 120, "{}: summary", rule.id);
        assert!(
            rule.category != Category::Security || !rule.cwe.is_empty(),
            "{}: a security rule names its CWE",
            rule.id
        );
    }
}

#[test]
fn every_rule_has_enough_cases() {
    for rule in all() {
        let mut count: BTreeMap<&str, usize> = BTreeMap::new();
        for case in rule.cases {
            *count
                .entry(match case.verdict {
                    Verdict::Bad => "bad",
                    Verdict::Good => "good",
                    Verdict::NearMiss => "near miss",
                })
                .or_default() += 1;
            let marked = !case.expected(rule.id).is_empty();
            assert_eq!(marked, case.verdict == Verdict::Bad, "{}: marks and verdict differ:\n{}", rule.id, case.code);
        }
        let at_least =
            |what, n| assert!(count.get(what).copied().unwrap_or(0) >= n, "{}: fewer than {n} {what} cases", rule.id);
        at_least("bad", 4);
        at_least("good", 4);
        at_least("near miss", 2);
        // What is no flaw of security is a matter of taste sooner, and has to show more of where it ends.
        if rule.category == Category::Security || !rule.families.contains(&Family::Ecma) {
            continue;
        }
        for (verdict, n) in [(Verdict::Bad, 8), (Verdict::Good, 8), (Verdict::NearMiss, 4)] {
            let there = rule.cases.iter().filter(|c| c.verdict == verdict && !c.file.ends_with(".rs")).count();
            assert!(there >= n, "{}: {there} cases of TypeScript and JavaScript, {n} wanted", rule.id);
        }
    }
}

/// Twelve of what must be found, twelve of what must not, six that look alike: of Rust alone.
#[test]
fn flow_rules_have_enough_cases_in_rust() {
    const FLOW: [&str; 25] = [
        "access-after-lifetime",
        "clear-text-logging",
        "clear-text-storage",
        "clear-text-transmission",
        "command-injection",
        "hardcoded-cryptographic-value",
        "insecure-cookie",
        "insecure-temp-file",
        "integer-overflow-to-allocation",
        "invalid-pointer-access",
        "log-injection",
        "password-hash-too-fast",
        "path-traversal",
        "regex-injection",
        "sql-injection",
        "ssrf",
        "tls-verification-disabled",
        "transmute-misuse",
        "uncontrolled-allocation",
        "uninit-memory",
        "unsound-send-sync",
        "unwrap-on-untrusted-input",
        "weak-cipher",
        "weak-hash",
        "xss",
    ];
    for id in FLOW {
        let rule = all().iter().find(|r| r.id == id).expect("a rule");
        let count = |verdict| rule.cases.iter().filter(|c| c.verdict == verdict && c.file.ends_with(".rs")).count();
        for (verdict, least) in [(Verdict::Bad, 12), (Verdict::Good, 12), (Verdict::NearMiss, 6)] {
            assert!(count(verdict) >= least, "{id}: {} {verdict:?} cases of Rust, not {least}", count(verdict));
        }
    }
}

#[test]
fn every_case_is_judged_right() {
    let engine = Engine::new(Config::everything());
    let mut wrong = String::new();
    for rule in all() {
        for case in rule.cases {
            let (expected, found) =
                (case.expected(rule.id), super::measure::found(&engine, rule, case).expect("a case parses"));
            if expected != found {
                wrong += &format!(
                    "\n{} ({:?}): expected lines {expected:?}, found {found:?}\n{}\n",
                    rule.id, case.verdict, case.code
                );
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

/// Comments that mark a line for another tool's tests, or for a reader of examples, are no reason given by whoever wrote the code.
#[test]
fn marks_of_other_tools_silence_nothing() {
    let engine = Engine::new(Config::everything());
    let mut wrong = String::new();
    for rule in all() {
        for case in rule.cases.iter().filter(|c| c.verdict == Verdict::Bad) {
            let count = |code: String| {
                let case = Case { code: Box::leak(code.into_boxed_str()), ..*case };
                super::measure::found(&engine, rule, &case).expect("a case parses").len()
            };
            let (plain, expected) = (case.code.split("//~").next().unwrap_or_default(), case.expected(rule.id));
            let whole = case.code.lines().count() == 1;
            for mark in ["// BAD", "// NOT OK", "// $ Alert", "// bad: this is flagged"] {
                let code: String = case.code.lines().fold(String::new(), |mut all, line| {
                    match line.split_once("//~") {
                        Some((text, _)) => all += &format!("{text}{mark}\n"),
                        None => all += &format!("{line}\n"),
                    }
                    all
                });
                if count(code.clone()) == 0 {
                    wrong += &format!("\n{} is silenced by `{mark}`:\n{code}", rule.id);
                }
            }
            if whole && !plain.is_empty() {
                for mark in ["// ruleid: some-rule", "// BAD: the next line", "//~ ERROR below"] {
                    if count(format!("{mark}\n{plain}\n")) != expected.len() {
                        wrong += &format!("\n{} is silenced by `{mark}` above:\n{plain}", rule.id);
                    }
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

/// A safe fix leaves code that parses, from which the finding is gone and in which no new one appears.
#[test]
fn safe_fixes_mend_their_cases() {
    let engine = Engine::new(Config::everything());
    for rule in all() {
        for case in rule.cases.iter().filter(|c| c.verdict == Verdict::Bad) {
            let language = crate::grammars::by_path(case.file).expect("known");
            let document = Document::new(case.file, language, case.code, 1).expect("parses");
            let report = engine.analyze(&document);
            for finding in report.active().filter(|f| f.rule == *rule) {
                for fix in finding.fixes.iter().filter(|f| f.safe) {
                    let mut code = case.code.to_owned();
                    for (range, text) in fix.edits.iter().rev() {
                        code.replace_range(range.clone(), text);
                    }
                    let fixed = Document::new(case.file, language, &code, 2).expect("parses");
                    let after = engine.analyze(&fixed);
                    assert!(
                        after.gaps.is_empty() || !report.gaps.is_empty(),
                        "{}: the fix breaks the syntax:\n{code}",
                        rule.id
                    );
                    let count = |r: &crate::engine::Report| r.active().filter(|f| f.rule == *rule).count();
                    assert!(count(&after) < count(&report), "{}: the fix leaves the finding:\n{code}", rule.id);
                    assert!(
                        after.active().count() < report.active().count(),
                        "{}: the fix makes a new finding:\n{code}",
                        rule.id
                    );
                }
            }
        }
    }
}

/// What is suggested where data reaches a sink leaves code that parses, from which the finding is gone.
#[test]
fn remedies_mend_their_cases() {
    let engine = Engine::new(Config::everything());
    let mut offered = 0;
    for id in ["xss", "command-injection", "sql-injection", "path-traversal", "regex-injection"] {
        let rule = find(id).expect("known");
        for case in rule.cases.iter().filter(|c| c.verdict == Verdict::Bad && !c.file.ends_with(".rs")) {
            let language = crate::grammars::by_path(case.file).expect("known");
            let document = Document::new(case.file, language, case.code, 1).expect("parses");
            let report = engine.analyze(&document);
            for finding in report.active().filter(|f| *f.rule == *rule) {
                for fix in &finding.fixes {
                    offered += 1;
                    let mut code = case.code.to_owned();
                    for (range, text) in fix.edits.iter().rev() {
                        code.replace_range(range.clone(), text);
                    }
                    let fixed = Document::new(case.file, language, &code, 2).expect("parses");
                    let after = engine.analyze(&fixed);
                    assert!(after.gaps.len() <= report.gaps.len(), "{id}: the remedy breaks the syntax:\n{code}");
                    let count = |r: &crate::engine::Report| r.active().filter(|f| *f.rule == *rule).count();
                    assert!(count(&after) < count(&report), "{id}: the remedy leaves the finding:\n{code}");
                }
            }
        }
    }
    assert!(offered > 20, "only {offered} remedies are offered");
}

#[test]
fn the_list_that_extend_takes_is_written_as_it_must_be() {
    let engine = Engine::new(Config::everything());
    let language = crate::grammars::by_path("a.rs").expect("known");
    let told = |over: &str, pushed: &str| {
        let code =
            format!("fn f(out: &mut Vec<String>, xs: &Vec<String>) {{ for x in {over} {{ out.push({pushed}); }} }}");
        let document = Document::new("a.rs", language, &code, 1).expect("parses");
        let report = engine.analyze(&document);
        let found = report.active().find(|f| f.rule.id == "extend-with-loop").map(|f| f.message.clone());
        found.unwrap_or_else(|| panic!("nothing is told of {code}"))
    };
    // `&xs.cloned()` would borrow what has no `cloned`.
    assert!(told("&xs[1..]", "x.clone()").contains("`out.extend(xs[1..].iter().cloned())`"));
    assert!(told("xs.iter()", "x.clone()").contains("`out.extend(xs.iter().cloned())`"));
}
