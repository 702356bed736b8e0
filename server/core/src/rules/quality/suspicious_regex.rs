use sidenote_grammars::{Family, Field, Kind};

use crate::findings::{Category, Confidence, Note, Severity};
use crate::regex::{self, Dialect, Flags};
use crate::rules::shape::is_global;
use crate::rules::support::{args, string_value};
use crate::rules::{Case, Check, Cx, Docs, Rule};
use crate::syntax::Node;

pub static RULE: Rule = Rule {
    id: "suspicious-regex",
    summary: "a pattern cannot mean what it says",
    category: Category::Quality,
    severity: Severity::Medium,
    confidence: Confidence::High,
    cwe: &[185],
    families: &[Family::Ecma],
    default_on: true,
    in_tests: false,
    docs: Docs {
        what: "Finds regular expressions with a class that is empty (`[]`), holds a character twice, or runs \
               from `A` to `z`; with `|` between single characters of a class; with an anchor where it can \
               never match (`a^`, `$a`); with an invisible control character; and strings for `RegExp` that are \
               no pattern at all.",
        why: "Such a pattern matches nothing, or something else than it seems to: `[A-z]` holds `[`, `\\`, `]`, \
               `^`, `_` and the backtick, and in `[a|b]` the bar is one of the characters.",
        example: "/^[A-z]+$/.test(name)",
        instead: "/^[A-Za-z]+$/.test(name)",
        limits: "`[^]` matches everything and is meant. A hyphen or a backslash that is written twice is left \
               alone, and so is what stands under the flag `v`.",
        fix: "",
    },
    checks: &[
        Check::Nodes(&[Kind::Regex], literal),
        Check::Nodes(&[Kind::NewExpression, Kind::CallExpression], constructed),
    ],
    cases: &[
        Case::near_miss("a.js", "const url = /https?:\\/\\/[-a-z0-9@:%_.~#?&//=]+/;"),
        Case::bad("a.js", "const a = /^[A-z]+$/; //~ suspicious-regex"),
        Case::bad("a.js", "const a = /[]abc/; //~ suspicious-regex"),
        Case::bad("a.js", "const a = /[aeioua]/; //~ suspicious-regex"),
        Case::bad("a.js", "const a = /[a|b|c]/; //~ suspicious-regex"),
        Case::bad("a.js", "const a = /a^b/; //~ suspicious-regex"),
        Case::bad("a.js", "const a = /foo$bar/; //~ suspicious-regex"),
        Case::bad("a.js", "const a = new RegExp('['); //~ suspicious-regex"),
        Case::bad("a.js", "const a = RegExp('(abc'); //~ suspicious-regex"),
        Case::bad("a.js", "const a = s.match(/[0-9.,.]/); //~ suspicious-regex"),
        Case::bad("a.js", "const a = new RegExp('*.js'); //~ suspicious-regex"),
        Case::bad("a.js", "const ok = /^red|green|blue$/.test(c); //~ suspicious-regex"),
        Case::bad("a.js", "const ok = new RegExp('^get|post|put$', 'i').test(m); //~ suspicious-regex"),
        Case::bad("a.js", "const r = /cat||dog/; //~ suspicious-regex"),
        Case::near_miss(
            "a.js",
            "const t = s.replace(/^\\s+|\\s+$/g, ''); const u = /^(?:a|b|c)$/; const v = /^a|^b|c$/; const w = /(a|b||c)/;",
        ),
        Case::near_miss(
            "a.js",
            "const t = /^-|-$/; const u = /\\||a|b/; const v = /[|]|x|/; const w = /^a|b$/; const x = /^\\s|\\n|\\s$/; const y = /.^/;",
        ),
        Case::bad("a.js", "const own = new RegExp('\\.example\\.com$').test(host); //~ suspicious-regex"),
        Case::bad("a.js", "const n = new RegExp(\"^\\d+$\"); //~ suspicious-regex"),
        Case::near_miss(
            "a.js",
            "const n = new RegExp('^\\\\d+\\\\.$'); const t = new RegExp('a\\/b\\n\\-'); const r = new RegExp(String.raw`\\d`);",
        ),
        Case::good("a.js", "const a = /^[A-Za-z]+$/;"),
        Case::good("a.js", "const a = /[^]/;"),
        Case::near_miss("a.js", "const never = [/.^/, /$x/, /[]/];"),
        Case::good("a.js", "const a = /[aeiou]/;"),
        Case::good("a.js", "const a = /a|b|c/;"),
        Case::good("a.js", "const a = /^a$/m;"),
        Case::good("a.js", "const a = /(^|,)b($|,)/;"),
        Case::good("a.js", "const a = new RegExp('\\\\[');"),
        Case::good("a.js", "const a = /[\\w.-]+/;"),
        Case::good("a.js", "const a = /x(?=$)/;"),
        Case::near_miss("a.js", "const a = /[\\w_\\d]/;"),
        Case::near_miss("a.js", "const a = /a$\\n^b/m;"),
        Case::near_miss("a.js", "const a = /[!|&]/;"),
        Case::near_miss("a.js", "const a = new RegExp(`[${chars}]`);"),
        Case::near_miss("a.js", "const a = /[\\\\/\\\\]/;"),
        Case::near_miss("a.js", "const a = /(?:^a|b)$/;"),
        Case::near_miss("a.js", "const a = /[^\\]]*/;"),
    ],
};

fn literal<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    let Some(pattern) = node.children().find(|n| n.kind() == Kind::RegexPattern) else { return };
    let letters = node.children().find(|n| n.kind() == Kind::RegexFlags).map_or("", Node::text);
    if let Some(message) = mistake(pattern.text(), letters) {
        cx.report(Note::new(cx.rule, node.span(), message));
    }
}

fn constructed<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    let callee = node.child(Field::Constructor).or_else(|| node.child(Field::Function));
    if !callee.is_some_and(|c| is_global(c, "RegExp", cx)) {
        return;
    }
    let mut arguments = args(node);
    let Some(pattern) = arguments.next().filter(|p| p.kind() == Kind::String) else { return };
    let letters = arguments.next().map_or(Some(std::borrow::Cow::Borrowed("")), string_value);
    let (Some(text), Some(letters)) = (string_value(pattern), letters) else { return };
    if let Some(escape) = lost_escape(pattern.text()) {
        let message = format!(
            "In a string `\\{escape}` is {}: the expression does not see the backslash. Write `\\\\{escape}`.",
            if escape == 'b' { "a backspace".to_owned() } else { format!("`{escape}`") }
        );
        cx.report(Note::new(cx.rule, pattern.span(), message));
        return;
    }
    let escaped = pattern.text().contains("\\u") || pattern.text().contains("\\x");
    let message = match regex::parse(&text, Flags::from_letters(&letters), Dialect::JavaScript) {
        Err(error) if wrong(error.kind) && !escaped => {
            Some(format!("This is no regular expression, and `RegExp` throws: {}.", error.kind))
        }
        _ => mistake(&text, &letters),
    };
    if let Some(message) = message {
        cx.report(Note::new(cx.rule, pattern.span(), message));
    }
}

/// What stands behind a backslash that a string drops and an expression needs: `'\.com$'`.
fn lost_escape(literal: &str) -> Option<char> {
    let mut chars = literal.chars();
    while let Some(c) = chars.next() {
        if c != '\\' {
            continue;
        }
        let c = chars.next()?;
        if ".dwsDWSBb()[]{}*+?^$|".contains(c) {
            return Some(c);
        }
    }
    None
}

/// Errors that JavaScript has too.
fn wrong(kind: regex::ParseErrorKind) -> bool {
    use regex::ParseErrorKind as E;
    matches!(
        kind,
        E::UnclosedGroup | E::UnmatchedParenthesis | E::UnclosedClass | E::NothingToRepeat | E::RangeOutOfOrder
    )
}

/// What is wrong with a pattern that can be parsed.
fn mistake(pattern: &str, flags: &str) -> Option<String> {
    if flags.contains('v') {
        return None;
    }
    let chars: Vec<char> = pattern.chars().collect();
    // The shortest of patterns that never match are meant that way: `/.^/`, `/$./`, `/x^/`.
    if chars.len() == 2 && (chars[1] == '^' || chars[0] == '$') || pattern == "[]" {
        return None;
    }
    if let Some(message) = alternatives_mistake(&chars, flags) {
        return Some(message);
    }
    let multi = flags.contains('m');
    let mut i = 0;
    // Whether something that takes a character certainly came before, in this branch of this group.
    let mut taken = vec![false];
    while i < chars.len() {
        match chars[i] {
            '\\' => {
                let assertion = matches!(chars.get(i + 1), Some('b' | 'B'));
                i += 1;
                if !assertion {
                    consume(&chars, i, &mut taken);
                }
            }
            '[' => {
                let end = class_end(&chars, i);
                if let Some(message) = class_mistake(&chars[i + 1..end], flags.contains('i')) {
                    return Some(message);
                }
                i = end;
                consume(&chars, i, &mut taken);
            }
            '(' => {
                taken.push(*taken.last().unwrap_or(&false));
                if chars.get(i + 1) == Some(&'?') {
                    // What was taken before a look-around says nothing of what it sees.
                    if matches!(chars.get(i + 2), Some('=' | '!' | '<')) {
                        taken.push(false);
                        taken.remove(taken.len() - 2);
                    }
                    while i < chars.len() && !matches!(chars[i], ':' | '=' | '!' | '>') {
                        i += 1;
                    }
                }
            }
            ')' => drop(taken.pop()),
            '|' => {
                let outer = taken.len().checked_sub(2).and_then(|n| taken.get(n)).copied().unwrap_or(false);
                if let Some(last) = taken.last_mut() {
                    *last = outer;
                }
            }
            '^' if !multi && taken.last() == Some(&true) => {
                return Some("`^` stands behind a character that must come first, so that the pattern never matches. Escape it (`\\^`), or move it to the start.".to_owned());
            }
            '$' if !multi => {
                let next = chars.get(i + 1).copied();
                let optional = matches!(chars.get(i + 2), Some('?' | '*' | '{'));
                if next.is_some_and(|c| c.is_alphanumeric()) && !optional {
                    return Some("`$` stands before a character that must follow, so that the pattern never matches. Escape it (`\\$`), or move it to the end.".to_owned());
                }
            }
            '*' | '+' | '?' | '{' | '}' => {}
            c if (c as u32) < 32 && !matches!(c, '\t' | '\n' | '\r') => {
                return Some(format!(
                    "The pattern holds the invisible control character U+{:04X}. Write it as an escape.",
                    c as u32
                ));
            }
            _ => consume(&chars, i, &mut taken),
        }
        i += 1;
    }
    None
}

/// What is wrong with the alternatives of the whole pattern: `^a|b|c$`, `a||b`.
fn alternatives_mistake(chars: &[char], flags: &str) -> Option<String> {
    let mut parts: Vec<String> = vec![String::new()];
    let (mut depth, mut i) = (0_usize, 0);
    while let Some(&c) = chars.get(i) {
        match c {
            '\\' => {
                let part = parts.last_mut()?;
                part.push(c);
                part.extend(chars.get(i + 1));
                i += 2;
                continue;
            }
            '[' => {
                let end = class_end(chars, i);
                parts.last_mut()?.extend(&chars[i..=end.min(chars.len() - 1)]);
                i = end + 1;
                continue;
            }
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            '|' if depth == 0 => {
                parts.push(String::new());
                i += 1;
                continue;
            }
            _ => {}
        }
        parts.last_mut()?.push(c);
        i += 1;
    }
    let (first, last) = (parts.first()?, parts.last()?);
    // An empty one at an end says that there may be nothing; one in the middle was never meant.
    if parts.len() > 2 && parts[1..parts.len() - 1].iter().any(String::is_empty) {
        return Some(
            "One of the alternatives is empty, so that this matches everywhere. Take one of the bars away.".to_owned(),
        );
    }
    let ends = |part: &str| part.ends_with('$') && !part.ends_with("\\$");
    // What is trimmed at both ends is looked for all over; with words between, the anchors were meant for all.
    let between = parts.len() > 2 && parts[1..parts.len() - 1].iter().all(|p| !p.starts_with('^') && !ends(p));
    let plain = |part: &str| {
        let mut last = ' ';
        let letter = part.chars().any(|c| std::mem::replace(&mut last, c) != '\\' && c.is_alphanumeric());
        letter && !part.contains(['*', '+', '{'])
    };
    (between
        && !flags.contains(['g', 'm', 'y'])
        && first.starts_with('^')
        && !ends(first)
        && ends(last)
        && !last.starts_with('^')
        && parts.iter().all(|p| plain(p)))
    .then(|| {
        "`^` belongs to the first alternative alone and `$` to the last: those between match anywhere. Put them into a group: `^(?:a|b|c)$`.".to_owned()
    })
}

/// Notes that the atom which ends at `i` takes a character, unless it is optional.
fn consume(chars: &[char], i: usize, taken: &mut [bool]) {
    let optional =
        matches!(chars.get(i + 1), Some('?' | '*')) || chars.get(i + 1) == Some(&'{') && chars.get(i + 2) == Some(&'0');
    // A line break may end one line for another to start, as far as readers go.
    if let Some(last) = taken.last_mut().filter(|_| !optional) {
        *last = true;
    }
}

fn class_end(chars: &[char], start: usize) -> usize {
    let mut i = start + 1;
    while i < chars.len() {
        match chars[i] {
            '\\' => i += 1,
            ']' => return i,
            _ => {}
        }
        i += 1;
    }
    chars.len()
}

fn class_mistake(inner: &[char], _ignore_case: bool) -> Option<String> {
    let Some(first) = inner.first() else {
        return Some(
            "`[]` is an empty class, which matches nothing. Escape the bracket (`\\[`), or fill the class.".to_owned(),
        );
    };
    let inner = if *first == '^' { &inner[1..] } else { inner };
    let mut items: Vec<(char, bool)> = Vec::new();
    let mut i = 0;
    while i < inner.len() {
        let escaped = inner[i] == '\\';
        if escaped {
            i += 1;
        }
        let Some(&c) = inner.get(i) else { break };
        // `\u1234`, `\x41`, `\cA`, `\p{L}` and back references are no single letters.
        if escaped && matches!(c, 'u' | 'x' | 'c' | 'p' | 'P' | 'k' | '0'..='9') {
            return None;
        }
        if !escaped && inner.get(i + 1) == Some(&'-') && i + 2 < inner.len() && inner[i + 2] != '\\' {
            let end = inner[i + 2];
            if c.is_ascii_uppercase() && end.is_ascii_lowercase() {
                return Some(format!(
                    "`{c}-{end}` holds more than letters: `[`, `\\`, `]`, `^`, `_` and the backtick lie between. Write `A-Za-z`."
                ));
            }
            i += 3;
            continue;
        }
        items.push((c, escaped));
        i += 1;
    }
    // Punctuation with bars in it may be a set of operators; letters with bars between are alternatives.
    let bars = inner.windows(3).filter(|w| w[1] == '|' && w[0].is_alphanumeric() && w[2].is_alphanumeric()).count();
    if bars > 0 {
        return Some(
            "Inside of `[...]` the bar is one of the characters, not an alternative. Leave it out, or write `(?:a|b)`."
                .to_owned(),
        );
    }
    for (n, (c, escaped)) in items.iter().enumerate() {
        let letter = *escaped && c.is_ascii_alphabetic();
        if !letter
            // A second slash is left of a pattern for addresses that many copy: `[-a-z0-9@:%_.~#?&//=]`.
            && !matches!(c, '-' | '\\' | '\'' | '"' | '/')
            && items[..n].iter().any(|(d, e)| d == c && !(*e && d.is_ascii_alphabetic()))
        {
            return Some(format!("`{c}` stands twice in this class: one of them was meant to be something else."));
        }
    }
    None
}
