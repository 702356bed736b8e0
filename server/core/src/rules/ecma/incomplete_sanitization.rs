use std::borrow::Cow;

use sidenote_grammars::{Family, Field, Kind};

use crate::findings::{Category, Confidence, Note, Severity};
use crate::rules::support::{args, bare, constant, method, place_name, string_value};
use crate::rules::{Case, Check, Cx, Docs, Rule};
use crate::syntax::Node;

pub static RULE: Rule = Rule {
    id: "incomplete-sanitization",
    summary: "escaping or removal of special characters that misses some",
    category: Category::Security,
    severity: Severity::Medium,
    confidence: Confidence::High,
    cwe: &[116, 20],
    families: &[Family::Ecma],
    default_on: true,
    in_tests: false,
    docs: Docs {
        what: "Finds `replace` calls that are meant to escape or remove special characters and do not: only the first \
               occurrence (a string, or a pattern without `g`), quotes escaped with a backslash while backslashes are left, \
               and a chain in the wrong order that escapes or unescapes twice.",
        why: "The second quote, `<` or `../` gets through, and with it the injection that the call was to prevent. With \
              backslashes left alone, an input of `\\'` turns the escape itself off.",
        example: "const sql = `'${name.replace(\"'\", \"''\")}'`;",
        instead: "const sql = `'${name.replaceAll(\"'\", \"''\")}'`;",
        limits: "Only replacements that escape, encode or delete a special character count; one that trims a prefix \
                 (`/^\"/`), a pair of brackets or a line's end does not.",
        fix: "The suggested fix replaces every occurrence.",
    },
    checks: &[Check::Nodes(&[Kind::CallExpression], check)],
    cases: &[
        Case::bad("a.js", "const a = s.replace(\"'\", \"''\"); //~ incomplete-sanitization"),
        Case::bad(
            "a.js",
            "const a = s.replace('<', '&lt;').replace('>', '&gt;'); //~ incomplete-sanitization //~ incomplete-sanitization",
        ),
        Case::bad("a.ts", "const a = path.replace('../', ''); //~ incomplete-sanitization"),
        Case::bad("a.ts", "const a = s.replace(/\"/, '&quot;'); //~ incomplete-sanitization"),
        Case::bad("a.ts", "const a = '\"' + s.replace(/\"/g, '\\\\\"') + '\"'; //~ incomplete-sanitization"),
        Case::bad("a.js", "const a = s.replaceAll(\"'\", \"\\\\'\"); //~ incomplete-sanitization"),
        Case::bad("a.js", "const a = s.replace(/</g, '&lt;').replace(/&/g, '&amp;'); //~ incomplete-sanitization"),
        Case::bad("a.js", "const a = s.replace(/&amp;/g, '&').replace(/&lt;/g, '<'); //~ incomplete-sanitization"),
        Case::bad(
            "a.js",
            "const a = s\n  .replace(/&amp;/g, '&')\n  .replace(/&lt;/g, '<') //~ incomplete-sanitization\n  .replace(/&gt;/g, '>')\n  .replace(/&quot;/g, '\"');",
        ),
        Case::bad(
            "a.js",
            "const a = s.replace(/'/g, \"\\\\'\").replace(/\\\\/g, '\\\\\\\\'); //~ incomplete-sanitization",
        ),
        Case::bad("a.js", "const a = cell.replace('|', '\\\\|'); //~ incomplete-sanitization"),
        Case::bad("a.js", "const a = s.replace(/[<>]/, ''); //~ incomplete-sanitization"),
        Case::bad("a.js", "const a = html.replace(/on\\w+=/g, ''); //~ incomplete-sanitization"),
        Case::bad(
            "a.js",
            "const a = html.replace(/\\son[a-z]+\\s*=\\s*\"[^\"]*\"/gi, ''); //~ incomplete-sanitization",
        ),
        Case::bad("a.js", "const a = decodeURIComponent(s.replace(/%25/g, '%')); //~ incomplete-sanitization"),
        Case::bad("a.js", r#"const quoted = '"' + s.replace(/"/g, '\"') + '"'; //~ incomplete-sanitization"#),
        Case::bad("a.js", "const clean = s.replace(/<!--|--!?>/g, ''); //~ incomplete-sanitization"),
        Case::good("a.js", "let a = html, b; do { b = a; a = a.replace(/on\\w+=/g, ''); } while (a !== b);"),
        Case::near_miss("a.js", "const start = line.text.slice(0, at).replace('`', '');"),
        Case::bad("a.js", "const name = text.replace(/\"/g, '\"'); //~ incomplete-sanitization"),
        Case::bad(
            "a.js",
            r#"exports.quote = (s) => "'" + s.replace(/'/g, "\\'") + "'"; //~ incomplete-sanitization
exports.both = (s) => "'" + s.replace(/\\/g, '\\\\').replace(/'/g, "\\'") + "'";"#,
        ),
        Case::near_miss(
            "a.js",
            r#"function sanitize(entry) {
  if (entry.includes('..')) {
    entry = sanitize(entry.replace('..', ''));
  }
  return entry;
}"#,
        ),
        Case::near_miss("a.js", "const a = s.replace(/one\\w+/g, '').replace(/on\\w+/, 'x=');"),
        Case::near_miss("a.js", "const a = encodeURIComponent(s.replace(/%25/g, '%'));"),
        Case::good("a.js", "const a = s.replace(/'/g, \"''\");"),
        Case::good("a.js", "const a = s.replaceAll('<', '&lt;');"),
        Case::good("a.js", "const a = s.replace(/\\\\/g, '\\\\\\\\').replace(/\"/g, '\\\\\"');"),
        Case::good("a.js", "const a = s.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/\"/g, '&quot;');"),
        Case::good("a.js", "const a = s.replace(/[\\\\\"]/g, '\\\\$&');"),
        Case::good("a.js", "const a = s.replace(/&lt;/g, '<').replace(/&amp;/g, '&');"),
        Case::good("a.js", "const a = name.replace('world', 'you').replace(' ', '-');"),
        Case::near_miss("a.js", "const a = s.replace(/^\"/, '').replace(/\"$/, '');"),
        Case::near_miss("a.js", "const a = s.replace('<', '').replace('>', '');"),
        Case::near_miss("a.js", "const a = s.replace('\\n', '').replace('/', '').replace('%', '');"),
        Case::near_miss("a.js", "const a = JSON.stringify(s).replace(/'/g, \"\\\\'\");"),
        Case::near_miss("a.js", "const a = s.replace('\"', '').replace('\"', '');"),
        Case::near_miss("a.js", "const a = this.DEFAULT_PROMPT.replace(/'/g, \"\\\\'\");"),
        Case::near_miss("a.js", "const a = text.replace(/else/i, 'else');"),
        Case::bad("a.js", "const a = text.replace(/else/, 'else'); //~ incomplete-sanitization"),
        Case::near_miss("a.js", "const a = router.replace('/', 'home');"),
        Case::bad("a.js", r#"const safe = name.replace(/\.\.\//g, ""); //~ incomplete-sanitization"#),
        Case::near_miss("a.js", r#"const typographic = text.replace(/'/g, "\u2019").replace(/"/g, "\u201d");"#),
    ],
};

/// What a `replace` searches.
struct Search<'a> {
    /// The characters, one by one, or the one string.
    targets: Vec<Cow<'a, str>>,
    global: bool,
}

fn check<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    let Some((receiver, name)) = method(node) else { return };
    if removes_handlers(node, name) {
        let message = "What is left around a removed event handler may form one again: `oonclick=nclick=`. Repeat until nothing changes, or use a sanitiser that parses HTML.";
        cx.report(Note::new(cx.rule, call_part(node, name), message).confidence(Confidence::Medium));
        return;
    }
    if removes_comments(node, name) {
        let message = "What is left around a removed `<!--` may form it again: `<!<!--- ..`. Repeat until nothing changes, or use a sanitiser that parses HTML.";
        cx.report(Note::new(cx.rule, call_part(node, name), message).confidence(Confidence::Medium));
        return;
    }
    let Some((search, with)) = replacement(node) else { return };
    // Nobody else wrote a constant: `this.DEFAULT_PROMPT.replace(/'/g, "\\'")`.
    let named = place_name(receiver).unwrap_or_default();
    if named.len() > 3
        && named.contains('_')
        && named.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_')
    {
        return;
    }
    if with == "%" && search.targets.iter().any(|t| t == "%25") && is_decoded(node) {
        let message = "The text is decoded twice: `%2525` becomes `%`, and what a check let through as `%252e` becomes a dot. Decode once.";
        cx.report(Note::new(cx.rule, call_part(node, name), message).confidence(Confidence::Medium));
        return;
    }
    if let [target] = search.targets.as_slice()
        && !target.is_empty()
        && **target == *with
    {
        // `text.replace(/else/i, "else")` writes it in lower case.
        let any_case = args(node).next().map(constant).and_then(|s| s.child(Field::Flags));
        if any_case.is_some_and(|f| f.text().contains('i')) && target.contains(|c: char| c.is_alphabetic()) {
            return;
        }
        let message = format!(
            "`{target}` is replaced by itself, so that nothing changes. An escape such as `\\{target}` was meant."
        );
        cx.report(Note::new(cx.rule, call_part(node, name), message).confidence(Confidence::Medium));
        return;
    }
    if !search.global {
        if let Some(what) = first_only(&search, &with)
            && !is_unwrapping(node, receiver, &search)
            && !is_repeated(node)
        {
            let mut note = Note::new(
                cx.rule,
                node.span(),
                format!(
                    "Only the first `{}` is {what}: the rest gets through. Replace every one, with `/../g` or `replaceAll`.",
                    shown(&search)
                ),
            );
            // Names of one string only: a pattern needs its flag.
            if args(node).next().is_some_and(|a| matches!(bare(a).kind(), Kind::String | Kind::TemplateString)) {
                note = note.suggestion("Use `replaceAll`", vec![(name.span(), "replaceAll".into())]);
            } else if let Some(pattern) = args(node).next().filter(|a| a.kind() == Kind::Regex) {
                let mut end = pattern.span();
                end.start = end.end;
                note = note.suggestion("Add the flag `g`", vec![(end, "g".into())]);
            }
            note.place = crate::findings::Place::Here(call_part(node, name));
            cx.report(note);
        }
        return;
    }
    // What stands around the removed text may form it again: `..././`.
    if with.is_empty()
        && let [target] = search.targets.as_slice()
        && matches!(
            target.to_ascii_lowercase().as_str(),
            "../" | "..\\" | "<script>" | "<script" | "<!--" | "javascript:"
        )
        && !node.ancestors().any(|n| matches!(n.kind(), Kind::WhileStatement | Kind::DoStatement | Kind::ForStatement))
    {
        let message = format!(
            "What is left around a removed `{target}` may form it again. Repeat until nothing changes, or refuse the input."
        );
        cx.report(Note::new(cx.rule, call_part(node, name), message).confidence(Confidence::Medium));
        return;
    }
    if search.targets.iter().any(|t| matches!(t.as_ref(), "'" | "\"" | "`"))
        && !search.targets.iter().any(|t| t == "\\")
        && with.starts_with('\\')
        && !["\\u", "\\x"].iter().any(|escape| with.starts_with(escape))
        && !backslashes_before(receiver, cx)
    {
        let message = "Quotes are escaped with a backslash, backslashes are not: an input of `\\'` ends the string. Escape backslashes first.";
        cx.report(Note::new(cx.rule, call_part(node, name), message).confidence(Confidence::Medium));
        return;
    }
    order(node, receiver, name, &search, &with, cx);
}

/// The pattern of which a call takes out what it matches, in one go.
fn removed<'a>(node: Node<'a>, name: Node<'a>) -> Option<Node<'a>> {
    let mut arguments = args(node);
    let search = constant(arguments.next()?);
    let with = string_value(constant(arguments.next()?))?;
    let repeats = |n: Node<'a>| matches!(n.kind(), Kind::WhileStatement | Kind::DoStatement | Kind::ForStatement);
    (matches!(name.text(), "replace" | "replaceAll")
        && search.kind() == Kind::Regex
        && with.trim().is_empty()
        && !node.ancestors().any(repeats))
    .then_some(search)
}

/// `html.replace(/on\w+=/g, "")`: event handlers are taken out of HTML by their names.
fn removes_handlers(node: Node<'_>, name: Node<'_>) -> bool {
    let Some(search) = removed(node, name) else { return false };
    let pattern = search.child(Field::Pattern).map_or("", Node::text).to_ascii_lowercase();
    let pattern = pattern.trim_start_matches("\\s").trim_start_matches(['+', '*', ' ', '(', '\\', 'b']);
    ["on\\w+", "on[a-z]+", "on\\w*", "on[a-z]*"].iter().any(|p| pattern.starts_with(p)) && pattern.contains('=')
}

/// `html.replace(/<!--|--!?>/g, "")`
fn removes_comments(node: Node<'_>, name: Node<'_>) -> bool {
    let Some(search) = removed(node, name) else { return false };
    let pattern = search.child(Field::Pattern).map_or("", Node::text);
    pattern.starts_with("<!--|") && search.child(Field::Flags).is_some_and(|f| f.text().contains('g'))
}

/// Whether what is left is handed to the function around it again.
fn is_repeated(node: Node<'_>) -> bool {
    let call = node.parent().filter(|p| p.kind() == Kind::Arguments).and_then(|p| p.parent());
    let Some(called) = call.and_then(|c| c.child(Field::Function)).filter(|f| f.kind() == Kind::Identifier) else {
        return false;
    };
    node.ancestors().any(|n| {
        let named = if crate::rules::support::is_function(n) { n.child(Field::Name) } else { None };
        let declared = n.parent().filter(|p| p.kind() == Kind::VariableDeclarator).and_then(|p| p.child(Field::Name));
        crate::rules::support::is_function(n) && [named, declared].iter().flatten().any(|f| f.text() == called.text())
    })
}

/// Whether a text goes straight into a function that decodes addresses.
fn is_decoded(node: Node<'_>) -> bool {
    let call = node.parent().filter(|p| p.kind() == Kind::Arguments).and_then(|p| p.parent());
    let function = call.and_then(|c| c.child(Field::Function)).map_or("", Node::text);
    matches!(function, "decodeURIComponent" | "decodeURI" | "unescape")
}

/// From the method's name to the call's end.
fn call_part(node: Node<'_>, name: Node<'_>) -> crate::syntax::Span {
    crate::syntax::Span { start: name.span().start, end: node.span().end }
}

fn shown(search: &Search<'_>) -> String {
    search.targets.iter().map(AsRef::as_ref).collect::<Vec<_>>().concat()
}

/// Search and constant replacement of a call of `replace` or `replaceAll`.
fn replacement<'a>(call: Node<'a>) -> Option<(Search<'a>, Cow<'a, str>)> {
    let (_, name) = method(call)?;
    let all = match name.text() {
        "replace" => false,
        "replaceAll" => true,
        _ => return None,
    };
    let mut arguments = args(call);
    let (search, with) = (constant(arguments.next()?), constant(arguments.next()?));
    if arguments.next().is_some() {
        return None;
    }
    let with = string_value(with)?;
    let search = match search.kind() {
        Kind::Regex => {
            let pattern = search.child(Field::Pattern)?.text();
            let flags = search.child(Field::Flags).map_or("", Node::text);
            Search { targets: characters(pattern)?, global: all || flags.contains('g') }
        }
        _ => Search { targets: vec![string_value(search)?], global: all },
    };
    Some((search, with))
}

/// The characters which a pattern of one character, a class or an alternation of characters matches, or the one literal
/// string; `None` for any other pattern.
fn characters(pattern: &str) -> Option<Vec<Cow<'_, str>>> {
    let inner = pattern.strip_prefix('[').and_then(|p| p.strip_suffix(']'));
    let class = inner.is_some();
    let inner = inner.unwrap_or(pattern);
    if class && (inner.starts_with('^') || inner.contains('-') || inner.contains('[')) {
        return None;
    }
    let mut out: Vec<String> = vec![String::new()];
    let mut chars = inner.chars();
    while let Some(c) = chars.next() {
        let literal = match c {
            '\\' => match chars.next()? {
                e if e.is_ascii_alphanumeric() => return None,
                e => e,
            },
            '|' if !class => {
                out.push(String::new());
                continue;
            }
            '.' | '*' | '+' | '?' | '(' | ')' | '{' | '}' | '^' | '$' | '[' | ']' if !class => return None,
            c => c,
        };
        if class && out.last().is_some_and(|s| !s.is_empty()) {
            out.push(String::new());
        }
        out.last_mut()?.push(literal);
    }
    out.iter().all(|s| !s.is_empty()).then(|| out.into_iter().map(Cow::Owned).collect())
}

/// What a replacement of the first occurrence was meant to do to special characters.
fn first_only(search: &Search<'_>, with: &str) -> Option<&'static str> {
    let special =
        |t: &str| matches!(t, "'" | "\"" | "`" | "<" | ">" | "&" | "\\" | "|" | "*" | "$" | "_" | "[" | "]" | "/");
    let only = |f: &dyn Fn(&str) -> bool| search.targets.iter().all(|t| f(t));
    if !only(&|t| special(t) || matches!(t, "../" | "..\\" | "..")) {
        return only(&|t| {
            matches!(t.to_ascii_lowercase().as_str(), "<script>" | "</script>" | "<script" | "javascript:")
        })
        .then_some(())
        .filter(|()| with.is_empty())
        .map(|()| "removed");
    }
    let entity = with.starts_with('&') && with.ends_with(';') && with.len() > 3;
    // A single slash in a scoped name is encoded so on purpose.
    let percent = with.len() == 3 && with.starts_with('%') && search.targets.iter().all(|t| t != "/");
    let escaped = with.starts_with('\\') && with.len() >= 2;
    let doubled = search.targets.len() == 1
        && matches!(search.targets[0].as_ref(), "'" | "\"")
        && with == search.targets[0].repeat(2);
    if entity || percent || escaped || doubled {
        return Some("escaped");
    }
    if search.targets.iter().any(|t| t == "\\") && with == "/" {
        return Some("replaced");
    }
    let removable = |t: &str| matches!(t, "'" | "\"" | "<" | ">" | "../" | "..\\" | "..");
    (with.is_empty() && only(&removable)).then_some("removed")
}

/// Whether a chain takes a pair of delimiters off: the same character twice, or both brackets of a pair.
fn is_unwrapping<'a>(call: Node<'a>, receiver: Node<'a>, search: &Search<'a>) -> bool {
    let [target] = search.targets.as_slice() else { return false };
    let partner = |t: &str| {
        match t {
            "<" => ">",
            ">" => "<",
            "[" => "]",
            "]" => "[",
            "'" => "'",
            "\"" => "\"",
            "`" => "`",
            _ => "",
        }
        .to_owned()
    };
    let wanted = partner(target);
    let outer = call.parent().and_then(|p| p.parent()).filter(|c| method(*c).is_some_and(|(r, _)| r == call));
    [Some(bare(receiver)), outer].into_iter().flatten().any(|c| {
        replacement(c)
            .is_some_and(|(s, with)| with.is_empty() && !s.global && s.targets.len() == 1 && s.targets[0] == wanted)
    })
}

/// The calls of a chain below this one, nearest first.
fn chain<'a>(receiver: Node<'a>) -> impl Iterator<Item = Node<'a>> {
    std::iter::successors(Some(bare(receiver)), |n| method(*n).map(|(r, _)| bare(r)))
}

/// Whether backslashes were escaped before: earlier in the chain, by `JSON.stringify`, or in another statement.
fn backslashes_before<'a>(receiver: Node<'a>, cx: &Cx<'a>) -> bool {
    let json = chain(receiver).any(|n| {
        n.child(Field::Function).is_some_and(|f| {
            let text = f.text();
            text == "JSON.stringify" || text.contains("escape") || text.contains("inspect")
        })
    });
    if json {
        return true;
    }
    let escapes = |n: Node<'a>| {
        n.kind() == Kind::CallExpression
            && method(n).is_some_and(|(_, m)| m.text().starts_with("replace"))
            && args(n)
                .next()
                .map(constant)
                .is_some_and(|a| matches!(a.kind(), Kind::Regex | Kind::String) && a.text().contains("\\\\"))
    };
    if chain(receiver).any(escapes) {
        return true;
    }
    // Elsewhere in the function; around this call it is the wrong order, which is reported there.
    let function = receiver.ancestors().find(|n| crate::rules::support::is_function(*n));
    match function {
        Some(function) => function.descendants().any(escapes),
        None => cx.arena().nodes().any(escapes),
    }
}

/// Reports chains that escape or unescape twice.
fn order<'a>(node: Node<'a>, receiver: Node<'a>, name: Node<'a>, search: &Search<'a>, with: &str, cx: &mut Cx<'a>) {
    let [target] = search.targets.as_slice() else { return };
    let before = || chain(receiver).map_while(|n| method(n).map(|_| n)).filter_map(replacement);
    let entity = |s: &str| s.starts_with('&') && s.ends_with(';') && s.len() > 3;
    let message = if target == "&" && entity(with) && before().any(|(_, w)| entity(&w) && w != with) {
        "The `&` of entities made just before is escaped again. Escape `&` first."
    } else if target == "\\"
        && with == "\\\\"
        && before().any(|(_, w)| w.starts_with('\\') && w.len() == 2 && w != "\\\\")
    {
        "Backslashes that were put in just before are escaped again, which turns the escape off. Escape backslashes first."
    } else if with != "&"
        && entity(target)
        && before().find(|(s, _)| s.targets.iter().all(|t| entity(t))).is_some_and(|(s, w)| {
            // What else is unescaped after that is the same slip.
            w == "&" && s.targets.iter().all(|t| matches!(t.as_ref(), "&amp;" | "&#38;"))
        })
    {
        "`&amp;` is unescaped before this, so that `&amp;lt;` is unescaped twice. Unescape `&amp;` last."
    } else {
        return;
    };
    cx.report(Note::new(cx.rule, call_part(node, name), message));
}
