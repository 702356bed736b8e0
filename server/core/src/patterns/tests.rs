use super::*;
use crate::syntax::SyntaxTree;

const CONSOLE: &str = "id: no-console\nlanguages: [typescript, javascript]\nseverity: warning\nmessage: \"`$A` goes to the console.\"\nnote: Use the logger.\n\
                       rule:\n  pattern: console.log($A)\nfix: logger.info($A)\ntests:\n  valid:\n    - logger.info(1)\n  invalid:\n    - console.log(1)\n";

fn found(yaml: &str, path: &str, code: &str) -> Vec<(String, String, Option<String>)> {
    let patterns = Patterns::parse(yaml).unwrap_or_else(|p| panic!("{yaml}: {p:?}"));
    let language = sidenote_grammars::by_path(path).expect("a language");
    let tree = SyntaxTree::parse_str(language, code).expect("parsed");
    let (found, whole) = patterns.scan(Some(path), language, code.to_owned(), tree.tree(), &|_| true);
    assert!(whole);
    let edited = |m: &Match| {
        let (range, text) = m.fixes.first()?.edits.first()?;
        Some(format!("{}{text}{}", &code[..range.start], &code[range.end..]))
    };
    found.iter().map(|m| (code[m.range.clone()].to_owned(), m.message.clone(), edited(m))).collect()
}

/// The first thing that is wrong, as `line:column message; help`.
fn wrong(yaml: &str) -> String {
    let problems = Patterns::parse(yaml).err().unwrap_or_else(|| panic!("accepted: {yaml}"));
    let error = crate::config::ConfigError { path: None, text: yaml.into(), problems };
    let problem = &error.problems[0];
    let (line, column) = error.position(problem).expect("a place");
    format!("{line}:{column} {}; {}", problem.message, problem.help.clone().unwrap_or_default())
}

#[test]
fn a_pattern_finds_tells_and_mends() {
    let hits = found(CONSOLE, "a.ts", "f();\nconsole.log(x + 1);\n");
    assert_eq!(
        hits,
        [(
            "console.log(x + 1)".into(),
            "`x + 1` goes to the console.".into(),
            Some("f();\nlogger.info(x + 1);\n".into())
        )]
    );
    assert_eq!(found(CONSOLE, "a.tsx", "console.log(1)").len(), 0, "a language that is not named");
    let rule = Patterns::parse(CONSOLE).expect("rules").rules().next().expect("a rule");
    assert_eq!((rule.id, rule.severity.name(), rule.category.name()), ("no-console", "medium", "quality"));
    assert_eq!(rule.docs.why, "Use the logger.");
}

#[test]
fn relations_combinations_and_constraints_hold() {
    let yaml = "id: a\nlanguage: ts\nrule:\n  all:\n    - pattern: fetch($U)\n    - inside: { kind: for_statement, stopBy: end }\n    - not: { has: { kind: string, stopBy: end } }\n\
                constraints:\n  U: { regex: '^u' }\n";
    assert_eq!(found(yaml, "a.ts", "for (;;) { fetch(url); fetch('x'); fetch(other); } fetch(url);").len(), 1);
    let yaml = "id: a\nlanguage: ts\nutils:\n  call: { any: [{ pattern: f($A) }, { pattern: g($A) }] }\nrule:\n  matches: call\n  follows: { pattern: start() , stopBy: end }\n";
    assert_eq!(found(yaml, "a.ts", "f(0); start(); f(1); g(2); h(3);").len(), 0, "statements follow, not calls");
    let yaml = "id: a\nlanguage: ts\nrule:\n  kind: expression_statement\n  has: { pattern: f($A) }\n  follows: { has: { pattern: start() }, stopBy: end }\n";
    assert_eq!(found(yaml, "a.ts", "f(0); start(); f(1); h(3);").len(), 1);
    let yaml = "id: a\nlanguage: ts\nrule: { pattern: 'go($$$ARGS)' }\nfix: 'run($$$ARGS)'\n";
    assert_eq!(found(yaml, "a.ts", "go(1, 2)")[0].2.as_deref(), Some("run(1, 2)"));
}

#[test]
fn rust_has_metavariables_too() {
    let yaml = "id: no-unwrap\nlanguage: rust\nrule:\n  pattern: $A.unwrap()\nfix: $A?\n";
    assert_eq!(found(yaml, "a.rs", "fn f() { x().unwrap(); }")[0].2.as_deref(), Some("fn f() { x()?; }"));
    let yaml = "id: a\nlanguage: rust\nrule: { pattern: 'println!($$$A)' }\n";
    assert_eq!(found(yaml, "a.rs", "fn f() { println!(\"{}\", 1); }").len(), 1);
}

#[test]
fn cases_are_run_from_the_rule_and_from_test_documents() {
    let yaml = format!("{CONSOLE}---\nid: no-console\nvalid:\n  - console.log(2)\ninvalid:\n  - logger.warn(3)\n");
    let tested = Patterns::parse(&yaml).expect("rules").test();
    let why: Vec<_> = tested[0].failures.iter().map(|f| (f.language, f.code.as_str())).collect();
    assert_eq!(tested[0].cases, 8, "four cases in two languages");
    assert_eq!(
        why,
        [
            ("typescript", "console.log(2)"),
            ("javascript", "console.log(2)"),
            ("typescript", "logger.warn(3)"),
            ("javascript", "logger.warn(3)")
        ]
    );
    assert!(wrong("id: other\nvalid: [a]\n").contains("cases of `other`"));
}

#[test]
fn mistakes_point_into_the_yaml() {
    let rule = |rest: &str| wrong(&format!("id: a\nlanguage: ts\n{rest}"));
    assert!(
        rule("rule:\n  pattern: f(\n").starts_with("4:12 this pattern is no code of typescript"),
        "{}",
        rule("rule:\n  pattern: f(\n")
    );
    assert_eq!(
        rule("rule: { kind: call_expresion }\n"),
        "3:15 typescript has no kind of node `call_expresion`; did you mean `call_expression`?"
    );
    assert!(rule("rule: { regex: '(?<=a)b', kind: string }\n").starts_with("3:17 this is no regular expression"));
    assert_eq!(rule("rule: { pattern: f() }\nmesage: x\n"), "4:1 unknown key `mesage`; did you mean `message`?");
    assert!(
        rule("rule: { pattern: f($A) }\nfix: g($B)\n").starts_with("4:1 "),
        "{}",
        rule("rule: { pattern: f($A) }\nfix: g($B)\n")
    );
    assert!(rule("rule: { pattern: f() }\nseverity: loud\n").starts_with("4:1 there is no severity `loud`"));
    assert!(rule("severity: info\n").contains("rule"));
    assert!(
        rule("rule: { inside: { pattern: f() } }\n").contains("add a `pattern` or a `kind`")
            || rule("rule: { inside: { pattern: f() } }\n").starts_with("3:")
    );
    assert!(wrong("id: a\nrule: { pattern: f() }\n").contains("lacks its `language`"));
    assert!(wrong("id: a\nlanguage: cobol\nrule: { pattern: f() }\n").starts_with("2:1 `cobol` is no language"));
    assert!(wrong("id: sql-injection\nlanguage: ts\nrule: { pattern: f() }\n").contains("built-in"));
    assert!(wrong("id: A B\nlanguage: ts\nrule: { pattern: f() }\n").contains("small letters"));
    assert!(wrong("language: ts\nrule: { pattern: f() }\n").contains("lacks its `id`"));
    assert!(wrong("- a\n- b\n").contains("a table of keys"));
    let second = format!("{CONSOLE}---\nid: b\nlanguage: ts\nrule: [\n");
    let line = second.lines().count();
    assert!(
        wrong(&second).starts_with(&format!("{}:", line)) || wrong(&second).starts_with(&format!("{}:", line + 1)),
        "{}",
        wrong(&second)
    );
    assert!(wrong(&format!("{CONSOLE}---\n{CONSOLE}")).contains("is there twice"));
}

#[test]
fn hostile_yaml_is_refused() {
    let deep = format!("id: a\nlanguage: ts\nrule: {}{}", "{ not: ".repeat(60), "}".repeat(60));
    wrong(&deep);
    wrong(&format!("id: a\nlanguage: ts\nrule: {}", "[".repeat(100_000)));
    let mut bomb = "a0: &a0 [x,x,x,x,x,x,x,x,x]\n".to_owned();
    for n in 1..12 {
        let alias = format!("*a{}", n - 1);
        bomb += &format!("a{n}: &a{n} [{}]\n", [alias.as_str(); 9].join(","));
    }
    wrong(&bomb);
    wrong("id: \"\u{202e}\"\nlanguage: ts\nrule: { pattern: f() }\n");
    wrong("id: a\nlanguage: ts\nrule: { pattern: \"\" }\n");
    assert!(Patterns::parse("").expect("nothing").is_empty());
    assert!(Patterns::parse("# only a remark\n---\n").expect("nothing").is_empty());
    let many: String =
        (0..600).map(|n| format!("id: r{n}\nlanguage: ts\nrule: {{ pattern: f{n}() }}\n---\n")).collect();
    assert!(wrong(&many).contains("more than 500"));
    for text in ["\u{feff}id: a", "\0", "%YAML 9", "!!binary x", "? - a\n: - b", "id: a\n\tb: c"] {
        let _ = Patterns::parse(text);
    }
}
