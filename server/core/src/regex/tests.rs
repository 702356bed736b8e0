use super::*;
use proptest::prelude::*;

fn js(pattern: &str, flags: &str) -> Ast {
    parse(pattern, Flags::from_letters(flags), Dialect::JavaScript)
        .unwrap_or_else(|e| panic!("/{pattern}/{flags}: {e}"))
}

fn error(pattern: &str, flags: &str) -> (ParseErrorKind, usize) {
    let error = parse(pattern, Flags::from_letters(flags), Dialect::JavaScript).unwrap_err();
    (error.kind, error.offset)
}

fn matches(pattern: &str, flags: &str, text: &str) -> bool {
    is_match(&js(pattern, flags), text, 1_000_000).unwrap()
}

#[test]
fn parse_errors_have_offsets() {
    assert_eq!(error("a(b", ""), (ParseErrorKind::UnclosedGroup, 1));
    assert_eq!(error("ab)", ""), (ParseErrorKind::UnmatchedParenthesis, 2));
    assert_eq!(error("é[b", ""), (ParseErrorKind::UnclosedClass, 2));
    assert_eq!(error("a**", ""), (ParseErrorKind::NothingToRepeat, 2));
    assert_eq!(error("{2}", ""), (ParseErrorKind::NothingToRepeat, 0));
    assert_eq!(error("a{3,2}", ""), (ParseErrorKind::RangeOutOfOrder, 1));
    assert_eq!(error("[z-a]", ""), (ParseErrorKind::RangeOutOfOrder, 1));
    assert_eq!(error("\\-", "u"), (ParseErrorKind::InvalidEscape, 0));
    assert_eq!(error("}", "u"), (ParseErrorKind::LoneBracket, 0));
    assert_eq!(error("\\k<x>(?<y>a)", ""), (ParseErrorKind::UnknownGroup, 0));
    assert_eq!(error("\\p{Nope}", "u"), (ParseErrorKind::UnknownProperty, 0));
    assert_eq!(error("\\", ""), (ParseErrorKind::InvalidEscape, 0));
}

#[test]
fn hostile_nesting_is_refused_not_recursed() {
    let deep = format!("{}a{}", "(".repeat(10_000), ")".repeat(10_000));
    assert_eq!(error(&deep, "").0, ParseErrorKind::TooDeep);
    assert_eq!(error(&"a|".repeat(40_000), "").0, ParseErrorKind::TooLong);
    assert_eq!(error(&"[a".repeat(10_000), "v").0, ParseErrorKind::TooDeep);
    let stars = format!("a{}", "*".repeat(10_000));
    let kind = parse(&stars, Flags::default(), Dialect::Rust).unwrap_err().kind;
    assert_eq!(kind, ParseErrorKind::TooDeep);
    let counts = "(".repeat(50) + "a" + &"{1000000000}){1000000000}".repeat(50);
    assert_ne!(analyze(&counts, Flags::default(), Dialect::JavaScript), Verdict::Safe);
}

#[test]
fn matcher_follows_ecmascript() {
    for (pattern, flags, text, expected) in [
        ("^(?:a?){3}$", "", "", true),
        ("(a*)*b", "", "aab", true),
        ("(?<=\\$)\\d+", "", "cost $42", true),
        ("(?<!\\$)\\b\\d+", "", "$42", false),
        ("(?<q>['\"]).*\\k<q>", "", "say 'hi'", true),
        ("^(?!.*\\.\\.)[\\w.]+$", "", "a..b", false),
        ("\\cJ", "", "\n", true),
        ("[\\d-x]+$", "", "1-x", true),
        ("\\u{61}", "u", "a", true),
        ("^\\u{3}$", "", "uuu", true),
        ("a{,3}", "", "a{,3}", true),
        ("]", "", "]", true),
        ("\\101", "", "A", true),
        ("[[a-z]--[aeiou]]", "v", "e", false),
        ("[[a-z]&&[aeiou]]", "v", "e", true),
        ("^.$", "", "\u{2028}", false),
        ("^\\p{Lu}$", "u", "É", true),
        ("(?:(?=(\\w+))\\1):", "", "abc:", true),
        ("[]", "", "a", false),
        ("[^]", "", "\n", true),
        ("a$", "m", "a\nb", true),
        ("(?<=(\\d+)(\\d+))$", "", "1053", true),
        ("ß", "i", "ẞ", false),
    ] {
        assert_eq!(matches(pattern, flags, text), expected, "/{pattern}/{flags} on {text:?}");
    }
}

fn allow(pattern: &str, flags: &str) -> AllowList {
    is_allow_list(&js(pattern, flags)).unwrap()
}

#[test]
fn allow_lists_need_both_anchors() {
    for (pattern, flags, anchored) in [
        ("^[a-z0-9_]+$", "", true),
        ("^(?:[a-z]+|\\d+)$", "", true),
        ("^a|b$", "", false),
        ("^a$|^b$", "", true),
        ("^[a-z]+$", "m", false),
        ("[a-z]+$", "", false),
        ("^[a-z]+", "", false),
        ("^[a-z]+$|x", "", false),
        ("(^[a-z]+)$", "", true),
        ("^[a-z]+(?:$|;)", "", false),
        ("(?!x)^a$", "", true),
        ("^a$?b", "", false),
    ] {
        let Ok(ast) = parse(pattern, Flags::from_letters(flags), Dialect::JavaScript) else {
            assert_eq!(pattern, "^a$?b");
            continue;
        };
        assert_eq!(is_allow_list(&ast).unwrap().is_anchored(), anchored, "/{pattern}/{flags}");
    }
}

#[test]
fn allow_lists_know_their_characters() {
    let word = allow("^[a-z0-9_]+$", "i");
    assert!(word.is_safe_sql_word() && word.is_safe_shell_word() && word.is_safe_path_component());
    assert!(!word.admits_newline() && !word.admits_quotes() && !word.empty);
    assert!(!word.chars.has_non_ascii());
    assert!(allow("^[a-z]+$", "iu").chars.has_non_ascii(), "the Kelvin sign folds to k");
    let file = allow("^[\\w.-]+$", "");
    assert!(file.dot_dot && !file.is_safe_path_component() && !file.is_safe_shell_word());
    let single = allow("^\\w+\\.\\w+$", "");
    assert!(!single.dot_dot && single.is_safe_path_component());
    assert!(allow("^[^'\"]*$", "").admits_newline());
    assert!(allow("^.*$", "").chars.contains('\'') && !allow("^.*$", "").chars.contains('\n'));
    assert!(!allow("^[^/]+$", "").excludes("\\"));
    assert!(allow("^\\d*$", "").empty && allow("^(a)?\\1$", "").empty);
    assert!(!allow("(?!a)(^b)\\1", "").is_anchored());
    assert!(!allow("a^b$", "").is_anchored(), "matches nothing, so nothing is claimed");
    let pcre = parse("^[a-z]+$", Flags::default(), Dialect::Pcre).unwrap();
    let pcre = is_allow_list(&pcre).unwrap();
    assert!(pcre.is_anchored() && pcre.admits_newline(), "PCRE's dollar lets a final newline through");
}

#[test]
fn replacements_leave_characters_behind() {
    let kept = |pattern: &str, flags: &str| removes(&js(pattern, flags), Flags::from_letters(flags));
    let left = kept("[^a-z0-9]", "gi").unwrap();
    assert!(left.contains('A') && left.contains('7') && !left.contains('\'') && !left.has_non_ascii());
    assert!(!kept("[<>]+", "g").unwrap().contains('<'));
    assert!(!kept("\\.\\.\\/|['\"]", "g").unwrap().contains('\''));
    assert!(!kept("<|>|&", "g").unwrap().contains('&'));
    assert_eq!(kept("[<>]", ""), None, "only the first one is replaced");
    assert_eq!(kept("[<>]{2}", "g"), None);
    assert_eq!(kept("<script>", "g"), None);
    assert_eq!(kept("[<>]*?", "g"), None, "a lazy star matches the empty string");
    assert_eq!(kept("|[<>]", "g"), None);
    assert_eq!(kept("(?<!\\\\)'", "g"), None);
}

fn flaws(pattern: &str) -> Vec<UrlFlaw> {
    let mut flaws: Vec<UrlFlaw> = missing_anchor(&js(pattern, "")).into_iter().map(|i| i.flaw).collect();
    flaws.dedup();
    flaws
}

#[test]
fn url_checks() {
    use UrlFlaw::{HalfAnchored, MissingEnd, MissingStart, UnescapedDot};
    for (pattern, expected) in [
        (r"^https?:\/\/www.example.com/", vec![UnescapedDot]),
        (r"^https?:\/\/www\.example\.com\/", vec![]),
        (r"^https:\/\/example\.com$", vec![]),
        (r"https:\/\/example\.com\/", vec![MissingStart]),
        (r"^https:\/\/example\.com", vec![MissingEnd]),
        (r"example\.com$", vec![MissingStart]),
        (r"\.example\.com$", vec![]),
        (r"(^|\.)example\.com$", vec![]),
        (r"^https:\/\/example\.com|https:\/\/example\.org$", vec![HalfAnchored]),
        (r"^(https:\/\/example\.com|https:\/\/example\.org)$", vec![]),
        (r"^\s+|\s+$", vec![]),
        (r"^[a-z]+\.js$", vec![]),
        (r"foo.bar", vec![]),
        (r"^([a-z]+\.)?example\.com$", vec![]),
    ] {
        assert_eq!(flaws(pattern), expected, "/{pattern}/");
    }
    let issue = &missing_anchor(&js(r"^https?:\/\/www.example\.com\/", ""))[0];
    assert_eq!(issue.span, 15..16);
}

#[test]
fn html_filters() {
    use HtmlBypass::{CommentEnd, EndTag, Newline, StartTag, UpperCase};
    let bypasses = |pattern: &str, flags: &str| html_filter_bypasses(&js(pattern, flags));
    assert_eq!(bypasses(r"<script>.*?<\/script>", "g"), [UpperCase, EndTag, StartTag, Newline]);
    assert_eq!(bypasses(r"<script[^>]*>[\s\S]*?<\/script>", "gi"), [EndTag]);
    assert_eq!(bypasses(r"<script[^>]*>[\s\S]*?<\/script[^>]*>", "gi"), []);
    assert_eq!(bypasses(r"<script>", "i"), [StartTag]);
    assert_eq!(bypasses(r"<script", "i"), []);
    assert_eq!(bypasses(r"<!--.*?-->", "g"), [Newline, CommentEnd]);
    assert_eq!(bypasses(r"<!--[\s\S]*?--!?>", "g"), []);
    assert_eq!(bypasses(r"javascript:", ""), []);
    assert_eq!(bypasses(r"\.script$", ""), []);
}

#[test]
fn spans_and_words_of_a_verdict() {
    let Verdict::Vulnerable(v) = analyze("^x(?:y|(a+)+)z$", Flags::default(), Dialect::JavaScript) else { panic!() };
    assert_eq!(v.growth, Growth::Exponential);
    assert_eq!(v.cause, Cause::NestedRepetition);
    assert_eq!(&"^x(?:y|(a+)+)z$"[v.span.clone()], "(a+)+");
    assert_eq!(v.witness.prefix, "xa");
    assert!(v.explanation.contains("exponential"));
    let Verdict::Vulnerable(v) = analyze("(?:--)?\\s+$", Flags::default(), Dialect::JavaScript) else { panic!() };
    assert_eq!((v.growth, v.cause), (Growth::Polynomial { degree: 2 }, Cause::SearchStart));
    assert_eq!(v.span, 7..10);
}

#[test]
fn engines_and_flags_matter() {
    let of = |p: &str, f: &str, d| analyze(p, Flags::from_letters(f), d);
    assert_eq!(of("^(a+)+$", "", Dialect::Rust), Verdict::Safe, "that engine is linear");
    assert!(matches!(of("^(a+)+$", "", Dialect::Pcre), Verdict::Vulnerable(_)));
    assert_eq!(of("^(?>a+)+$", "", Dialect::Pcre), Verdict::Safe);
    assert_eq!(of("^(?:a++)+$", "", Dialect::Pcre), Verdict::Safe);
    assert_eq!(of("\\s+$", "y", Dialect::JavaScript), Verdict::Safe, "a sticky search has one start");
    assert!(matches!(of("^(?:A|a)*$", "i", Dialect::JavaScript), Verdict::Vulnerable(_)));
    assert_eq!(of("^(?:A|a)*$", "", Dialect::JavaScript), Verdict::Safe);
    assert!(matches!(of("^(?:.|\\n)*x$", "s", Dialect::JavaScript), Verdict::Vulnerable(_)));
    assert_eq!(of("^(?:.|\\n)*x$", "", Dialect::JavaScript), Verdict::Safe);
    assert!(matches!(of("(", "", Dialect::JavaScript), Verdict::Unknown(UnknownReason::Syntax(_))));
}

fn pattern_soup() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(vec![
        "a", "b", ".", "\\d", "\\w", "\\s", "[a-z]", "[^b]", "(", "(?:", "(?=", "(?!", "(?<=", "(?<n>", ")", ")", ")",
        "|", "*", "+", "?", "{2}", "{1,}", "{0,70}", "*?", "^", "$", "\\b", "\\1", "\\k<n>", "[", "]", "-", "\\", "{",
        "}", "\\p{L}", "é", "&&", "\\u{61}", "\\x4", "\\c", "\\Q", "(?>", "(?i)", "(?#",
    ]);
    prop::collection::vec(piece, 0..24).prop_map(|v| v.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 192, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn nothing_panics_and_everything_ends(pattern in prop_oneof![pattern_soup(), ".{0,40}"], bits in 0u8..64) {
        let letters: String = "gimsuv".chars().enumerate().filter(|(i, _)| bits >> i & 1 == 1).map(|(_, c)| c).collect();
        let flags = Flags::from_letters(&letters);
        for dialect in [Dialect::JavaScript, Dialect::Pcre, Dialect::Rust] {
            let started = std::time::Instant::now();
            let verdict = analyze(&pattern, flags, dialect);
            // Budgets count steps, not time: the bound only has to tell an end from none, unoptimised and on a busy machine.
            prop_assert!(started.elapsed().as_secs() < 10);
            match parse(&pattern, flags, dialect) {
                Ok(ast) => {
                    let _ = is_allow_list(&ast);
                    let _ = removes(&ast, Flags { global: true, ..flags });
                    let _ = missing_anchor(&ast);
                    let _ = html_filter_bypasses(&ast);
                    for node in &ast.nodes {
                        prop_assert!(pattern.get(node.span.clone()).is_some(), "span {:?}", node.span);
                    }
                }
                Err(error) => {
                    prop_assert!(pattern.is_char_boundary(error.offset));
                    prop_assert_eq!(verdict, Verdict::Unknown(UnknownReason::Syntax(error)));
                }
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn allow_lists_and_removals_bound_what_matches(
        soup in pattern_soup(),
        anchored in any::<bool>(),
        pcre in any::<bool>(),
        texts in prop::collection::vec("[ab1.,\né]{0,5}", 24),
    ) {
        let pattern = if anchored { format!("^{soup}$") } else { soup };
        let flags = Flags { global: true, ..Flags::default() };
        let dialect = if pcre { Dialect::Pcre } else { Dialect::JavaScript };
        let Ok(ast) = parse(&pattern, flags, dialect) else { return Ok(()) };
        let Some(list) = is_allow_list(&ast) else { return Ok(()) };
        let kept = removes(&ast, flags);
        for text in texts {
            match (is_match(&ast, &text, 20_000), &kept) {
                (Some(true), _) if list.is_anchored() => {
                    prop_assert!(text.chars().all(|c| list.chars.contains(c)), "/{pattern}/ {text:?}");
                    prop_assert!(text.chars().next().is_none_or(|c| list.first.contains(c)), "/{pattern}/ {text:?}");
                    prop_assert!(list.dot_dot || !text.contains(".."), "/{pattern}/ {text:?}");
                    prop_assert!(list.empty || !text.is_empty(), "/{pattern}/ {text:?}");
                }
                (Some(false), Some(kept)) => {
                    prop_assert!(text.chars().all(|c| kept.contains(c)), "/{pattern}/ {text:?}");
                }
                _ => {}
            }
        }
    }
}
