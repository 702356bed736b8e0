//! Runs the attack strings of the regex analysis against a real backtracking engine (V8, through `node`).

use std::io::{Read, Write};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use sidenote_core::regex::{Dialect, Flags, Growth, Verdict, analyze, is_match, parse};

/// `(pattern, flags)`; each must be judged exponential.
const EXPONENTIAL: &[(&str, &str)] = &[
    (r"^(a+)+$", ""),
    (r"(a+)*b", ""),
    (r"^(a|a)*$", ""),
    (r"^(\w|\d)+$", ""),
    (r"^([a-z]+)*\d$", ""),
    (r"(x+x+)+y", ""),
    (r"^(?:a|ab|b)*c$", ""),
    (r"^(([a-z])+.)+[A-Z]([a-z])+$", ""),
    (r"(?=(a+)+b)c", ""),
    (r"^(?:\s*\w+\s*,?)*$", ""),
    (r"^(a{1,100}){1,100}$", ""),
    (r#"(["'])(?:\\?.)*?\1"#, ""),
    (r"^((ab)*)+$", ""),
    (r"^(a?b?)*$", ""),
    (r"^(\w+\.?)+@", ""),
    (r"(\w+\s?)*$", ""),
    (r"^(?:.|\s)*;$", ""),
    (r"^(?:[^,]|,\s*|\s)*!$", ""),
    (r"^(?:-?\d+)+px$", ""),
    (r"^(?:é|É)+$", "i"),
    (r"^[\w-]+(?:\.?[\w-]+)*@$", ""),
    (r"^(?:/?[^/]+)*/index$", ""),
    (r"^(?:[a-z]+-?)*:$", "i"),
    (r"^(?:\d+|\d{2}:)*z$", ""),
    (r"^(?:(a+)+b|.*)$", ""),
];

/// Each must be judged polynomial.
const POLYNOMIAL: &[(&str, &str)] = &[
    (r"\s+$", ""),
    (r"^\s*\s*x", ""),
    (r"\d+\d+x", ""),
    (r"<!--[\s\S]*?-->", ""),
    (r"\/\*[\s\S]*?\*\/", ""),
    (r"a.*b.*c", ""),
    (r"^\w+\d*:$", ""),
    (r"[ \t]*$", ""),
    (r"^[^=]*=?.*;$", ""),
    (r"^(.*?),(.*?),(.*)x$", ""),
    (r"\S+@\S+\.\S+!", ""),
    (r"(\d+),(?=\d+;)", ""),
];

/// Each must be judged safe.
const SAFE: &[(&str, &str)] = &[
    (r"^<(?:[^>]|>[^>])*>>$", ""),
    (r"^(a+)+", ""),
    (r"^[a-z0-9_]+$", "i"),
    (r"^\d{1,3}(,\d{3})*$", ""),
    (r"^(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,}$", "i"),
    (r"^(a|b)*$", ""),
    (r#"^"[^"\\]*(?:\\.[^"\\]*)*"$"#, ""),
    (r"\bfoo\b", ""),
    (r"^(?=.*[A-Z])(?=.*\d)[A-Za-z\d]{8,}$", ""),
    (r"^(?:(?!,).)*,$", ""),
    (r"\s+$", "y"),
    (r"^\w+\.\w+$", ""),
    (r"^(?:\d+|[a-z]+)$", ""),
    (r"^(\w+\.)+$", ""),
    (r"^(?:\w+\b)+$", ""),
    (r"^#(?:[0-9a-f]{3}){1,2}$", "i"),
    (r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d+)?Z$", ""),
    (r"^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$", "i"),
    (r"^v?(\d+)\.(\d+)\.(\d+)(?:-([\w.-]+))?$", ""),
    (r"^(?:25[0-5]|2[0-4]\d|1?\d?\d)(?:\.(?:25[0-5]|2[0-4]\d|1?\d?\d)){3}$", ""),
    (r"[&<>'\x22]", "g"),
    (r"[.*+?^${}()|[\]\\]", "g"),
    (r"\r\n?|\n", "g"),
    (r"^\s+", ""),
    (r"[A-Z]", "g"),
    (r"([a-z])([A-Z])", "g"),
    (r"\.(?:jsx?|tsx?|mjs)$", ""),
    (r"^[^@\s]+@[^@\s.]+\.[^@\s.]+$", ""),
    (r"^(?:[^\\']|\\.)*$", ""),
    (r"^(?:a(?!b)|ab)*$", ""),
    (r"^https?:\/\/[^/]+\/?$", ""),
    (r"^(?:(?:ab)+c)*$", ""),
    (r"^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:e[+-]?\d+)?$", "i"),
    (r"\{\{\w{1,20}\}\}", "g"),
    (r"^\/\/.*$", ""),
    (r"^(\s*)(.*)$", "s"),
    (r"^[+-]?\d+$", ""),
    (r"(?:^|;)x=([^;]*)", ""),
    (r"^\p{Lu}\p{Ll}*$", "u"),
    (r"^(?:[a-z]+\s)*[a-z]+$", ""),
    (r"^(?:GET|POST|PUT) \/[^ ]* HTTP\/1\.[01]$", ""),
    (r"[\u0300-\u036f]", "g"),
    (r"^(['\x22]).*\1$", ""),
    (r"^(?:\w+:)?\/\/", ""),
    (r"^(?:\[[^\]]*\]|[^[\]])*$", ""),
    (r"^[a-z]+(?:-[a-z]+)*$", ""),
];

fn attack(pattern: &str, flags: &str, exponential: bool) -> serde_json::Value {
    let verdict = analyze(pattern, Flags::from_letters(flags), Dialect::JavaScript);
    let Verdict::Vulnerable(v) = verdict else {
        panic!("/{pattern}/{flags} is vulnerable, and was judged {verdict:?}");
    };
    assert_eq!(v.growth == Growth::Exponential, exponential, "/{pattern}/{flags}: {:?}", v.growth);
    assert!(pattern.get(v.span.clone()).is_some_and(|s| !s.is_empty()), "/{pattern}/{flags}: span {:?}", v.span);
    assert!(!v.witness.pump.is_empty());
    let w = &v.witness;
    serde_json::json!({"pattern": pattern, "flags": flags, "exponential": exponential,
        "prefix": w.prefix, "pump": w.pump, "suffix": w.suffix})
}

/// Pumps until one test takes long enough to time, then pumps on and reports the ratio of both times: of processor time, since
/// a busy machine stops the first one now and then.
const SCRIPT: &str = r"
const cases = JSON.parse(require('fs').readFileSync(0, 'utf8'));
for (const c of cases) {
  const re = new RegExp(c.pattern, c.flags);
  const time = n => {
    const text = c.prefix + c.pump.repeat(n) + c.suffix;
    const start = process.cpuUsage();
    re.lastIndex = 0;
    re.test(text);
    const { user, system } = process.cpuUsage(start);
    return (user + system) / 1e3;
  };
  let ratio = 0, n, t = 0;
  for (let attempt = 0; attempt < 5 && ratio < (c.exponential ? 1.8 : 2.6); attempt++) {
    if (c.exponential) for (n = 1; n <= 60 && (t = time(n)) < 10; n++);
    else for (n = 128; n <= 1 << 18 && (t = time(n)) < 10; n *= 2);
    if (t < 10) break;
    ratio = time(c.exponential ? n + 2 : n * 2) / t;
  }
  console.log(JSON.stringify({ pattern: c.pattern, n, ms: t, ratio }));
}
";

#[test]
fn witnesses_blow_up_in_node() {
    let cases: Vec<serde_json::Value> = EXPONENTIAL
        .iter()
        .map(|(p, f)| attack(p, f, true))
        .chain(POLYNOMIAL.iter().map(|(p, f)| attack(p, f, false)))
        .collect();
    assert!(cases.len() >= 30);
    let child = Command::new("node")
        .args(["-e", SCRIPT])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::inherit())
        .spawn();
    let mut child = match child {
        Ok(child) => child,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            println!("SKIPPED: node is not installed, so no witness was run");
            return;
        }
        Err(error) => panic!("node could not be started: {error}"),
    };
    let input = serde_json::to_vec(&cases).unwrap();
    child.stdin.take().unwrap().write_all(&input).unwrap();
    let mut stdout = child.stdout.take().unwrap();
    let reader = std::thread::spawn(move || {
        let mut text = String::new();
        stdout.read_to_string(&mut text).map(|_| text)
    });
    let deadline = Instant::now() + Duration::from_secs(100);
    while child.try_wait().unwrap().is_none() {
        if Instant::now() > deadline {
            child.kill().unwrap();
            let _ = child.wait();
            panic!("node ran out of time; it had reported:\n{}", reader.join().unwrap().unwrap_or_default());
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    let text = reader.join().unwrap().unwrap();
    let results: Vec<serde_json::Value> = text.lines().map(|l| serde_json::from_str(l).unwrap()).collect();
    assert_eq!(results.len(), cases.len(), "node stopped early:\n{text}");
    let mut failures = Vec::new();
    for (case, result) in cases.iter().zip(&results) {
        let least = if case["exponential"] == true { 1.8 } else { 2.6 };
        if result["ratio"].as_f64().unwrap() < least {
            failures.push(format!("{result} with {case}"));
        }
    }
    assert!(failures.is_empty(), "these witnesses did not blow up:\n{}", failures.join("\n"));
}

#[test]
fn safe_patterns_are_left_alone() {
    assert!(SAFE.len() >= 40);
    let mut wrong = Vec::new();
    for (pattern, flags) in SAFE {
        let verdict = analyze(pattern, Flags::from_letters(flags), Dialect::JavaScript);
        if verdict != Verdict::Safe {
            wrong.push(format!("/{pattern}/{flags}: {verdict:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Parses and matches as V8 does: thousands of generated patterns, each accepted or refused alike, and matched on strings.
#[test]
fn parser_and_matcher_agree_with_node() {
    const PIECES: &[&str] = &[
        "a", "b", "é", ".", "\\d", "\\w", "\\s", "\\b", "\\B", "[ab]", "[^a]", "[a-c-]", "[\\d.]", "(", "(", "(?:",
        "(?=", "(?!", "(?<=", "(?<!", ")", ")", ")", ")", "|", "*", "+", "?", "*?", "{2}", "{1,2}", "{0,1}?", "^", "$",
        "\\1", "{", "}", "]", "\\x61", "\\u0062", "\\u{61}", "\\cJ", "\\0", "\\-", "[]", "[^]", "\\7", ",", "1",
    ];
    const TEXTS: &[&str] =
        &["", "a", "b", "ab", "aab", "ba", "a1b", "a\nb", "é", "a,b", "{2}", "11", "ab ab", "caab-", "\u{1}\u{0}"];
    let mut seed = 0x2545_F491_4F6C_DD1Du64;
    let mut random = |n: usize| {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        (seed >> 11) as usize % n
    };
    let mut ours = Vec::new();
    let mut patterns = Vec::new();
    for _ in 0..6_000 {
        let pattern: String = (0..=random(7)).map(|_| PIECES[random(PIECES.len())]).collect();
        let flags = ["", "i", "m", "s", "u", "iu", "im"][random(7)];
        let parsed = parse(&pattern, Flags::from_letters(flags), Dialect::JavaScript);
        let found: Option<Vec<Option<bool>>> =
            parsed.ok().map(|ast| TEXTS.iter().map(|text| is_match(&ast, text, 100_000)).collect());
        ours.push(serde_json::json!(found));
        patterns.push((pattern, flags));
    }
    let script = "const [ps, ts] = JSON.parse(require('fs').readFileSync(0, 'utf8'));
        console.log(JSON.stringify(ps.map(([p, f]) => {
          try { const re = new RegExp(p, f); return ts.map(t => re.test(t)); } catch { return null; } })));";
    let child = Command::new("node").args(["-e", script]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn();
    let mut child = match child {
        Ok(child) => child,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            println!("SKIPPED: node is not installed, so nothing was compared");
            return;
        }
        Err(error) => panic!("node could not be started: {error}"),
    };
    let input = serde_json::to_vec(&(&patterns, TEXTS)).unwrap();
    child.stdin.take().unwrap().write_all(&input).unwrap();
    let output = child.wait_with_output().unwrap();
    let theirs: Vec<serde_json::Value> = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(theirs.len(), ours.len());
    let accepted = theirs.iter().filter(|v| !v.is_null()).count();
    assert!(accepted > 1_000, "only {accepted} patterns are valid");
    let wrong: Vec<String> = patterns
        .iter()
        .zip(ours.iter().zip(&theirs))
        .filter(|(_, (a, b))| a != b)
        .map(|((p, f), (a, b))| format!("/{p}/{f}: ours {a}, node {b}"))
        .collect();
    assert!(wrong.is_empty(), "{} of {accepted}:\n{}", wrong.len(), wrong[..wrong.len().min(25)].join("\n"));
}
