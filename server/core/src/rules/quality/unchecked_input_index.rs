use sidenote_grammars::{Family, Field, Kind};

use crate::findings::{Category, Confidence, Note, Severity};
use crate::rules::rust_code::integer;
use crate::rules::shape::{mentions, report_in};
use crate::rules::support::{is_function, method, words};
use crate::rules::{Case, Check, Cx, Docs, Rule};
use crate::syntax::Node;

pub static RULE: Rule = Rule {
    id: "unchecked-input-index",
    summary: "a parser reads at a fixed position of input that may be shorter",
    category: Category::Quality,
    severity: Severity::Medium,
    confidence: Confidence::Medium,
    cwe: &[125, 248],
    families: &[Family::Rust],
    default_on: true,
    in_tests: false,
    docs: Docs {
        what: "Finds `data[4]`, `&data[..8]` and `&text[0..3]` of a `&[u8]` or `&str` parameter in public functions that parse, decode, read or handle, and `parts[1]` of a `Vec` that `split` or `env::args` made, where nothing asks for the length; in public functions of text also `&text[..n]` of two parameters, and `text.find(..).unwrap()`.",
        why: "Input that is too short, or text whose characters take several bytes, stops the program. Whoever sends it decides.",
        example: "pub fn parse_header(data: &[u8]) -> u16 {\n    u16::from_be_bytes([data[0], data[1]])\n}",
        instead: "pub fn parse_header(data: &[u8]) -> Option<u16> {\n    Some(u16::from_be_bytes(data.first_chunk().copied()?))\n}",
        limits: "Methods that make a value of bytes and have no way to refuse are left to their callers. Once a function asks for the length, or matches, splits or takes anything of the parameter in a way that may fail, it is left alone, as are arrays, whose length is in the type.",
        fix: "",
    },
    checks: &[
        Check::Block(functions),
        Check::Nodes(&[Kind::LetDeclaration], parts),
        Check::Nodes(&[Kind::FunctionItem], of_text),
    ],
    cases: &[
        Case::bad(
            "a.rs",
            "pub fn parse_header(b: &[u8]) -> (u8, u8) { let kind = b[0]; (kind, b[1]) } //~ unchecked-input-index",
        ),
        Case::bad(
            "a.rs",
            "pub fn decode(data: &[u8]) -> u32 { u32::from_le_bytes(data[..4].try_into().unwrap()) } //~ unchecked-input-index",
        ),
        Case::bad(
            "a.rs",
            "pub fn parse_date(s: &str) -> Option<u32> { s[0..4].parse().ok() } //~ unchecked-input-index",
        ),
        Case::bad(
            "a.rs",
            "impl H { pub fn from_bytes(buf: &[u8]) -> Option<H> { Some(H { version: buf[0] >> 4, rest: buf[4..].to_vec() }) } } //~ unchecked-input-index",
        ),
        Case::bad(
            "a.rs",
            "fn pair(s: &str) -> (u32, u32) { let parts: Vec<&str> = s.split(',').collect(); (n(parts[0]), n(parts[1])) } //~ unchecked-input-index",
        ),
        Case::bad(
            "a.rs",
            "fn main() { let args: Vec<String> = std::env::args().collect(); run(&args[1]); } //~ unchecked-input-index",
        ),
        Case::bad("a.rs", "pub fn truncate(s: &str, n: usize) -> &str { &s[..n] } //~ unchecked-input-index"),
        Case::bad(
            "a.rs",
            "pub fn header(line: &str) -> &str { let i = line.find(':').unwrap(); &line[..i] } //~ unchecked-input-index",
        ),
        Case::good(
            "a.rs",
            "fn pair(s: &str) -> Option<u32> { let parts: Vec<&str> = s.split(',').collect(); if parts.len() != 2 { return None; } Some(n(parts[1])) }",
        ),
        Case::good(
            "a.rs",
            "pub fn parse_header(b: &[u8]) -> Option<u8> { if b.len() < 2 { return None; } Some(b[0]) }",
        ),
        Case::good("a.rs", "pub fn parse_header(b: &[u8]) -> Option<u8> { b.first().copied() }"),
        Case::good("a.rs", "pub fn parse_header(b: &[u8; 4]) -> u8 { b[0] }"),
        Case::good("a.rs", "pub fn mix(b: &[u8]) -> u8 { b[0] ^ b[1] }"),
        Case::near_miss("a.rs", "pub fn decode(data: &[u8]) -> u8 { assert!(data.len() >= 4); data[3] }"),
        Case::near_miss("a.rs", "pub fn parse(s: &str) -> &str { if s.starts_with(\"0x\") { &s[2..] } else { s } }"),
        Case::near_miss("a.rs", "fn read_at(b: &[u8]) -> u8 { b[0] }"),
        Case::near_miss("a.rs", "impl Head { pub fn parse(b: &[u8]) -> Head { Head { kind: b[3], flag: b[4] } } }"),
        Case::near_miss(
            "a.rs",
            "impl S {\n    /// # Panics\n    ///\n    /// This panics if `slice.len() < 4`.\n    pub fn read_repr(slice: &[u8]) -> u32 { u32::from_ne_bytes(slice[..4].try_into().unwrap()) }\n}",
        ),
    ],
};

/// The functions right below a block, where the comments above them are.
fn functions<'a>(cx: &mut Cx<'a>) {
    let all: Vec<Node<'a>> =
        cx.arena().nodes().filter(|n| n.kind() == Kind::FunctionItem && n.is_hole() && !is_documented(*n)).collect();
    for function in all {
        check(cx.open(function), cx);
    }
}

fn check<'a>(function: Node<'a>, cx: &mut Cx<'a>) {
    let public = function.child_of_kind(Kind::VisibilityModifier).is_some_and(|v| v.text() == "pub");
    let name = words(function.child(Field::Name).map_or("", Node::text));
    let reads = name.iter().any(|w| {
        matches!(
            w.as_str(),
            "parse" | "decode" | "deserialize" | "unpack" | "handle" | "process" | "decrypt" | "unmarshal"
        )
    }) || name.first().is_some_and(|w| w == "read" || w == "from") && name.len() > 1;
    let (Some(body), Some(parameters)) = (function.child(Field::Body), function.child(Field::Parameters)) else {
        return;
    };
    if !public
        || !reads
        || cx.file.declared.rust.trait_methods.contains(function.child(Field::Name).map_or("", Node::text))
    {
        return;
    }
    // What a type makes of bytes and cannot refuse is told how many there are by whoever calls it: `Head::parse(&frame[..9])`.
    let own = cx.block.kind() == crate::blocks::BlockKind::Container;
    let refuses =
        function.child(Field::ReturnType).is_some_and(|t| ["Result", "Option"].iter().any(|w| t.text().contains(w)));
    for parameter in parameters.named_children().filter(|p| p.kind() == Kind::Parameter) {
        let (Some(pattern), Some(ty)) = (parameter.child(Field::Pattern), parameter.child(Field::Type)) else {
            continue;
        };
        let ty = ty.text();
        let text = ty.ends_with("str") && ty.starts_with('&');
        if !(text || ty.starts_with('&') && ty.ends_with("[u8]") && !ty.contains("mut"))
            || pattern.kind() != Kind::Identifier
            || own && !refuses && !text
        {
            continue;
        }
        let name = pattern.text();
        let found = body.descendants_until(is_function).find(|n| {
            n.kind() == Kind::IndexExpression
                && n.first_named().is_some_and(|b| b.kind() == Kind::Identifier && b.text() == name)
                && n.named_children().nth(1).is_some_and(|i| fixed(i, text))
        });
        if let Some(found) = found
            && !asked(body, name)
        {
            let what = if text { "is cut at a fixed byte" } else { "is read at a fixed position" };
            let message =
                format!("`{name}` {what}, and may be shorter: this panics then. Use `get`, or check the length first.");
            report_in(cx, function, Note::new(cx.rule, found.span(), message));
            return;
        }
    }
}

/// Whether an index is a literal, or a range with one that is not zero.
fn fixed(index: Node<'_>, text: bool) -> bool {
    match index.kind() {
        Kind::RangeExpression => {
            let ends: Vec<Node<'_>> = index.named_children().collect();
            !ends.is_empty()
                && ends.iter().all(|e| integer(*e).is_some())
                && ends.iter().any(|e| integer(*e) != Some(0))
        }
        _ => !text && integer(index).is_some(),
    }
}

/// Whether a function asks a parameter for anything that tells of its length.
fn asked(body: Node<'_>, name: &str) -> bool {
    body.descendants().any(|n| match n.kind() {
        Kind::CallExpression => method(n).is_some_and(|(of, m)| {
            of.text() == name
                && matches!(
                    m.text(),
                    "len"
                        | "is_empty"
                        | "get"
                        | "first"
                        | "last"
                        | "split_at"
                        | "split_first"
                        | "starts_with"
                        | "ends_with"
                        | "strip_prefix"
                        | "chunks"
                        | "chunks_exact"
                        | "iter"
                        | "find"
                        | "is_char_boundary"
                        | "is_ascii"
                        | "split"
                        | "position"
                        | "chars"
                        | "bytes"
                        | "as_bytes"
                        | "contains"
                        | "char_indices"
                        | "rfind"
                        | "split_once"
                        | "first_chunk"
                        | "windows"
                        | "eq_ignore_ascii_case"
                        | "parse"
                        | "trim"
                        | "lines"
                        | "split_whitespace"
                        | "rsplit"
                )
        }),
        Kind::MacroInvocation | Kind::TokenTree => n.text().contains(name),
        Kind::MatchExpression | Kind::LetCondition => n
            .child(Field::Value)
            .is_some_and(|v| v.kind() != Kind::IndexExpression && mentions(v, name) && v.text() == name),
        Kind::LetDeclaration => {
            // Bound anew, or handed to what may check it.
            n.child(Field::Pattern).is_some_and(|p| p.text().trim_start_matches("mut ") == name)
        }
        Kind::Arguments => {
            n.named_children().any(|a| a.text() == name)
                && n.parent().is_some_and(|c| {
                    c.child(Field::Function)
                        .is_some_and(|f| ["check", "valid", "ensure", "len"].iter().any(|w| f.text().contains(w)))
                })
        }
        _ => n.is_hole(),
    })
}

/// `let parts: Vec<&str> = line.split(',').collect();` and then `parts[1]`.
fn parts<'a>(declaration: Node<'a>, cx: &mut Cx<'a>) {
    let (Some(pattern), Some(value)) = (declaration.child(Field::Pattern), declaration.child(Field::Value)) else {
        return;
    };
    let Some((mut of, name)) = method(value) else { return };
    if pattern.kind() != Kind::Identifier || name.text() != "collect" {
        return;
    }
    let of_arguments = of.text().ends_with("env::args()") || of.text().ends_with("env::args_os()");
    while let Some((inner, m)) = method(of).filter(|_| !of_arguments) {
        match m.text() {
            "map" | "trim" | "into_iter" => of = inner,
            "split" | "splitn" | "split_whitespace" | "rsplit" | "split_terminator" | "split_ascii_whitespace" => break,
            _ => return,
        }
    }
    let source = if of_arguments { Some(of) } else { method(of).map(|(source, _)| source) };
    let Some(source) = source else { return };
    if matches!(source.kind(), Kind::StringLiteral | Kind::RawStringLiteral) {
        return;
    }
    let name = pattern.text();
    let rest: Vec<Node<'a>> = std::iter::successors(declaration.next_named_sibling(), |n| n.next_named_sibling())
        .flat_map(Node::descendants)
        .collect();
    let found = rest.iter().find(|n| {
        n.kind() == Kind::IndexExpression
            && n.first_named().is_some_and(|b| b.kind() == Kind::Identifier && b.text() == name)
            && n.named_children().nth(1).is_some_and(|i| integer(i).is_some_and(|i| i > 0))
    });
    let asked = rest.iter().any(|n| match n.kind() {
        Kind::CallExpression => method(*n).is_some_and(|(of, m)| {
            of.text() == name
                && matches!(
                    m.text(),
                    "len"
                        | "get"
                        | "is_empty"
                        | "first"
                        | "last"
                        | "iter"
                        | "as_slice"
                        | "try_into"
                        | "contains"
                        | "into_iter"
                        | "split_first"
                        | "get_mut"
                        | "pop"
                )
        }),
        Kind::TokenTree => n.text().contains(name),
        Kind::MatchExpression | Kind::LetCondition | Kind::LetDeclaration | Kind::ForExpression => n
            .child(Field::Value)
            .is_some_and(|v| matches!(v.text().trim_start_matches('&').trim_end_matches("[..]"), t if t == name)),
        Kind::Arguments => n.named_children().any(|a| a.text().trim_start_matches('&') == name),
        _ => n.is_hole(),
    });
    if let Some(found) = found.filter(|_| !asked) {
        let message = if of_arguments {
            format!(
                "`{name}` holds what the program was called with, and nothing checks how much that is: this panics where it is missing. Use `get`, and say how to call the program."
            )
        } else {
            format!(
                "`{name}` has as many parts as the text had, and nothing checks how many: this panics where one is missing. Use `split_once`, `get`, or match on the slice."
            )
        };
        cx.report(Note::new(cx.rule, found.span(), message));
    }
}

/// What a public function does with its own text parameter that only some texts survive.
fn of_text<'a>(function: Node<'a>, cx: &mut Cx<'a>) {
    let public = function.child_of_kind(Kind::VisibilityModifier).is_some_and(|v| v.text() == "pub");
    let (Some(body), Some(parameters)) = (function.child(Field::Body), function.child(Field::Parameters)) else {
        return;
    };
    if !public {
        return;
    }
    let typed = |name: &str, of: &[&str]| {
        parameters.named_children().filter(|p| p.kind() == Kind::Parameter).any(|p| {
            p.child(Field::Pattern).is_some_and(|n| n.text() == name)
                && p.child(Field::Type)
                    .is_some_and(|t| of.contains(&t.text().trim_start_matches("&'a ").trim_start_matches('&')))
        })
    };
    let found = body.descendants_until(is_function).find(|n| match n.kind() {
        Kind::IndexExpression => {
            let (Some(base), Some(range)) = (n.first_named(), n.named_children().nth(1)) else { return false };
            let ends: Vec<Node<'a>> = range.named_children().collect();
            base.kind() == Kind::Identifier
                && typed(base.text(), &["str"])
                && range.kind() == Kind::RangeExpression
                && matches!(ends[..], [end] if end.kind() == Kind::Identifier && typed(end.text(), &["usize"]))
                && !asked(body, base.text())
        }
        Kind::CallExpression => method(*n).is_some_and(|(of, m)| {
            m.text() == "unwrap"
                && method(of).is_some_and(|(text, ask)| {
                    matches!(
                        ask.text(),
                        "find" | "rfind" | "split_once" | "rsplit_once" | "strip_prefix" | "strip_suffix"
                    ) && text.kind() == Kind::Identifier
                        && typed(text.text(), &["str", "String"])
                        && !checked_before(body, text.text())
                })
        }),
        _ => false,
    });
    if let Some(found) = found {
        let message = "Only some texts survive this: it panics where the text is shorter, is cut inside of a character, or does not hold what is looked for. Return an `Option`, and use `get` and `?`.";
        cx.report(Note::new(cx.rule, found.span(), message));
    }
}

/// Whether a text was asked for what it holds before.
fn checked_before(body: Node<'_>, name: &str) -> bool {
    body.descendants().any(|n| {
        method(n).is_some_and(|(of, m)| {
            of.text() == name
                && matches!(m.text(), "contains" | "starts_with" | "ends_with" | "is_empty" | "len" | "matches")
        })
    })
}

/// Whether the comment above a function says that it panics, or what it takes for granted.
fn is_documented(function: Node<'_>) -> bool {
    let before = &function.arena().text()[..function.span().start as usize];
    before
        .lines()
        .rev()
        .skip_while(|l| l.trim().is_empty() || l.trim_start().starts_with("#["))
        .take_while(|l| l.trim_start().starts_with("//") || l.trim_start().starts_with("#["))
        .any(|l| {
            let l = l.to_lowercase();
            ["panic", "must be", "at least", "caller"].iter().any(|w| l.contains(w))
        })
}
