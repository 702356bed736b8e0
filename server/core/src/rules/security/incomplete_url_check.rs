use sidenote_grammars::{Family, Field, Kind};

use crate::findings::{Category, Confidence, Note, Severity};
use crate::regex::{Dialect, Flags, UrlFlaw, UrlIssue, missing_anchor, parse};
use crate::rules::shape::declarator;
use crate::rules::support::{args, bare, constant, is_function, key_name, method, place_name, string_value, words};
use crate::rules::{Case, Check, Cx, Docs, Rule};
use crate::syntax::{Node, Span};

pub static RULE: Rule = Rule {
    id: "incomplete-url-check",
    summary: "a check of a URL or host that other addresses pass",
    category: Category::Security,
    severity: Severity::Medium,
    confidence: Confidence::Medium,
    cwe: &[20, 184],
    families: &[Family::Ecma],
    default_on: true,
    in_tests: false,
    docs: Docs {
        what: "Finds checks of a URL by a part of its text: `url.includes('example.com')`, `startsWith` without a slash after the \
               host, `endsWith` without a dot before it, patterns without anchors or with bare dots, and checks for `javascript:` \
               that forget `data:` and `vbscript:`.",
        why: "`https://evil.org/?example.com`, `https://example.com.evil.org` and `https://evilexample.com` pass such checks.",
        example: "if (url.includes('example.com')) redirect(url);",
        instead: "if (new URL(url).hostname === 'example.com') redirect(url);",
        limits: "Only constants that are a host or an origin count, and only where the checked value's name says that it is an \
                 address. The page's own address is left alone, and so are lists of hosts.",
        fix: "The suggested fixes add the slash or the dot, escape dots of patterns and anchor them.",
    },
    checks: &[
        Check::Nodes(&[Kind::CallExpression], call),
        Check::Nodes(&[Kind::Regex], pattern),
        Check::Nodes(&[Kind::NewExpression], built),
    ],
    cases: &[
        Case::bad("a.js", "if (url.includes('example.com')) go(url); //~ incomplete-url-check"),
        Case::bad("a.ts", "const trusted = (u: URL) => u.hostname.endsWith('example.com'); //~ incomplete-url-check"),
        Case::bad(
            "a.js",
            "if (req.query.redirect.startsWith('https://example.com')) res.redirect(req.query.redirect); //~ incomplete-url-check",
        ),
        Case::bad(
            "a.js",
            "if (req.headers.origin.indexOf('shop.example.org') !== -1) next(); //~ incomplete-url-check",
        ),
        Case::bad(
            "a.js",
            "const HOST = 'api.example.io';\nfunction check(targetUrl) { const H = 'api.example.io'; return targetUrl.indexOf(H) >= 0; } //~ incomplete-url-check",
        ),
        Case::bad("a.js", "if (/https?:\\/\\/www.example.com/.test(link)) open(link); //~ incomplete-url-check"),
        Case::bad("a.js", "const ok = referer.match(/example\\.com$/); //~ incomplete-url-check"),
        Case::bad("a.ts", "app.use(cors({ origin: /example\\.com$/, credentials: true })); //~ incomplete-url-check"),
        Case::bad(
            "a.js",
            "function safe(href) {\n  return !href.toLowerCase().startsWith('javascript:'); //~ incomplete-url-check\n}",
        ),
        Case::bad(
            "a.js",
            "const domain = mail.split('@')[1];\nif (domain.endsWith('example.com')) grant(); //~ incomplete-url-check",
        ),
        Case::bad(
            "a.js",
            "app.get('/go', (req, res) => { if (req.param('url').indexOf('https://example.com') === 0) res.redirect(req.param('url')); }); //~ incomplete-url-check",
        ),
        Case::bad("a.js", "if (event.origin.match('shop.example.org')) run(event.data); //~ incomplete-url-check"),
        Case::good("a.js", "if (new URL(url).hostname === 'example.com') go(url);"),
        Case::good(
            "a.ts",
            "const trusted = (u: URL) => u.hostname === 'example.com' || u.hostname.endsWith('.example.com');",
        ),
        Case::good("a.js", "if (url.startsWith('https://example.com/')) go(url);"),
        Case::good("a.js", "if (/^https:\\/\\/www\\.example\\.com\\//.test(link)) open(link);"),
        Case::good("a.js", "const HOSTS = ['example.com', 'example.org'];\nif (HOSTS.includes(host)) go();"),
        Case::good(
            "a.js",
            "function safe(href) { const h = href.toLowerCase(); return !h.startsWith('javascript:') && !h.startsWith('data:') && !h.startsWith('vbscript:'); }",
        ),
        Case::good("a.js", "if (text.includes('example.com')) count++;"),
        Case::good("a.js", "if (url.includes('/api/')) log(url);"),
        Case::good("a.js", "if (window.location.hostname.includes('staging.example.com')) enableDebug();"),
        Case::bad(
            "a.js",
            r#"function follow(url) {
  const parts = url.match(/(https?:\/\/forms\.example\.com\/\d+)/); //~ incomplete-url-check
  return parts ? fetch(url) : null;
}"#,
        ),
        Case::bad(
            "a.js",
            r#"const HOST = /^https?:\/\/www.example.com\//; //~ incomplete-url-check
const NEXT = /^https:\/\/a\.example\.com|https:\/\/b\.example\.com/; //~ incomplete-url-check
if (HOST.test(url) || NEXT.test(url)) go();"#,
        ),
        Case::near_miss("a.js", "if (sheet.href.indexOf('//maxcdn.example.com/font-awesome/') > -1) load = false;"),
        Case::near_miss(
            "a.js",
            r"types.push((url) => /\/\/(w\.)?soundcloud.com/i.test(url) ? 'video/x-soundcloud' : null);",
        ),
        Case::near_miss("a.js", r"const FILE = /^example.com/; if (FILE.test(name)) go();"),
        Case::near_miss(
            "a.js",
            r#"function parse(url) {
  const parts = url.match(/https?:\/\/(?:canary\.)?example\.com\/api\/hooks\/(\d{17,19})\/([\w-]{68})/i);
  return parts && { id: parts[1], token: parts[2] };
}"#,
        ),
        Case::near_miss(
            "a.js",
            "function kind(url) {\n  if (url.includes('example.com') || url.includes('example.org')) {\n    return 'video';\n  }\n  return 'link';\n}",
        ),
        Case::bad(
            "a.js",
            "function kind(url) {\n  if (url.includes('example.com')) return open(url); //~ incomplete-url-check\n  return 'link';\n}",
        ),
        Case::near_miss("a.js", "if (/example\\.com/.exec(config.hostname)) log();"),
        Case::near_miss("a.js", "if (allowedHosts.includes('example.com')) go();"),
        Case::near_miss(
            "a.js",
            "const isAd = url.includes('ads.example.com') || url.includes('example.net');\nif (isAd) count++;",
        ),
        Case::near_miss(
            "a.js",
            "const host = new URL(url).hostname;\nconst looksLikeDocs = host.endsWith('docs.example.com') || host.endsWith('example.org');\nreturn looksLikeDocs ? [a, b] : [b, a];",
        ),
        Case::bad(
            "a.js",
            "const isAllowed = url.includes('example.com'); //~ incomplete-url-check\nif (isAllowed) go(url);",
        ),
        Case::near_miss("a.js", "if (url.endsWith('.json') || url.endsWith('main.js')) parse(url);"),
        Case::near_miss("a.js", "const short = url.replace(/https?:\\/\\/www.example.com/, '');"),
        Case::near_miss("a.js", "const parts = url.split('example.com');"),
        Case::near_miss("a.js", "if (url.startsWith('https://') && url.includes('?')) strip(url);"),
        Case::bad(
            "a.js",
            r#"if (new RegExp("^https://www.example.com/").test(url)) go(url); //~ incomplete-url-check"#,
        ),
    ],
};

const TOP_LEVEL: [&str; 26] = [
    "com", "org", "net", "io", "dev", "app", "co", "uk", "de", "fr", "eu", "edu", "gov", "info", "biz", "me", "ai",
    "us", "cn", "ru", "jp", "br", "ca", "au", "nl", "ch",
];

/// A constant that is a host, with or without a scheme before it.
struct Host<'a> {
    scheme: bool,
    /// What comes after the host.
    rest: &'a str,
    /// A dot before the host.
    dotted: bool,
}

fn host(text: &str) -> Option<Host<'_>> {
    let (scheme, rest) = match text.split_once("://") {
        Some(("http" | "https" | "ws" | "wss", rest)) => (true, rest),
        Some(_) => return None,
        None => (false, text.strip_prefix("//").unwrap_or(text)),
    };
    let dotted = rest.starts_with('.');
    let rest = rest.strip_prefix(['.', '@']).unwrap_or(rest);
    let end = rest.find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '-' | '.'))).unwrap_or(rest.len());
    let (name, after) = rest.split_at(end);
    let (before, top) = name.rsplit_once('.')?;
    (!before.is_empty() && TOP_LEVEL.contains(&top) && !before.starts_with('.')).then_some(Host {
        scheme,
        rest: after,
        dotted,
    })
}

/// Last words of names of addresses.
const ADDRESSES: [&str; 19] = [
    "url", "uri", "href", "host", "hostname", "origin", "domain", "link", "referer", "referrer", "redirect", "website",
    "endpoint", "src", "target", "callback", "address", "proxy", "u",
];

/// Whether a name is that of an address.
fn is_address(node: Node<'_>) -> bool {
    let node = bare(node);
    if let Some((receiver, name)) = method(node) {
        return matches!(name.text(), "toLowerCase" | "toString" | "trim" | "toLocaleLowerCase")
            && is_address(receiver)
            || matches!(name.text(), "get" | "header" | "param")
                && args(node)
                    .next()
                    .and_then(string_value)
                    .is_some_and(|s| words(&s).last().is_some_and(|w| ADDRESSES.contains(&w.as_str())));
    }
    let text = node.text();
    if text.contains("location.host") || text.contains("location.origin") || text == "location.href" {
        return false;
    }
    let Some(name) = place_name(node) else { return false };
    // The program's own settings: `config.hostname`.
    if text.split(['.', '[']).any(|part| matches!(part, "config" | "settings" | "options" | "opts"))
        || name == "api_host"
    {
        return false;
    }
    let words = words(&name);
    words.last().is_some_and(|w| ADDRESSES.contains(&w.as_str()))
        || words.iter().any(|w| matches!(w.as_str(), "url" | "uri" | "href"))
            && words.last().is_some_and(|w| !w.ends_with('s'))
}

fn note(cx: &mut Cx<'_>, span: Span, message: String, fix: Option<(Span, String, &str)>) {
    let mut note = Note::new(cx.rule, span, message);
    if let Some((at, text, title)) = fix {
        note = note.suggestion(title, vec![(at, text)]);
    }
    cx.report(note);
}

fn call<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    let Some((receiver, name)) = method(node) else { return };
    let kind = name.text();
    if !matches!(kind, "includes" | "indexOf" | "startsWith" | "endsWith" | "contains" | "match" | "search") {
        return;
    }
    let Some(argument) = args(node).next() else { return };
    let written = constant(argument);
    let Some(text) = string_value(written) else { return };
    let span = Span { start: name.span().start, end: node.span().end };
    if scheme_check(node, receiver, &text, cx, span) {
        return;
    }
    let Some(found) = host(&text) else { return };
    if !is_address(receiver) {
        return;
    }
    let literal = written == argument && matches!(written.kind(), Kind::String);
    if says_kind(node) {
        return;
    }
    match kind {
        "startsWith" if found.rest.is_empty() && found.scheme => {
            let fix = literal.then(|| (end_inside(written), "/".to_owned(), "Add the slash"));
            note(
                cx,
                span,
                format!(
                    "`{text}.evil.org` passes too: nothing ends the host. Add a slash, or compare the parsed host."
                ),
                fix,
            );
        }
        "endsWith" if !found.dotted && !found.scheme && found.rest.is_empty() && !text.starts_with('@') => {
            let fix = literal.then(|| (start_inside(written), ".".to_owned(), "Add the dot"));
            note(
                cx,
                span,
                format!("`evil{text}` passes too: nothing begins the host. Compare it whole, or with a dot before it."),
                fix,
            );
        }
        "includes" | "indexOf" | "contains" | "match" | "search" => {
            // `sheet.href.indexOf("//cdn.example.com/font-awesome/") > -1` looks for one thing, and lets nothing in.
            if text.starts_with("//") && found.rest.trim_matches('/').len() > 1 {
                return;
            }
            // `indexOf(..) === 0` is a check of the beginning.
            let first = node.parent().is_some_and(|p| {
                p.kind() == Kind::BinaryExpression
                    && p.child(Field::Right).is_some_and(|r| r.text() == "0")
                    && p.text().contains("==")
            });
            if first && found.scheme && !found.rest.is_empty() {
                return;
            }
            if first {
                let message =
                    format!("`{text}.evil.org` passes too: nothing ends the host. Compare the host of `new URL(..)`.");
                return note(cx, span, message, None);
            }
            note(
                cx,
                span,
                format!(
                    "`https://evil.org/?{text}` passes too: the host may stand anywhere. Compare the host of `new URL(..)`."
                ),
                None,
            );
        }
        _ => {}
    }
}

/// Whether a check only says what something is: `if (src.includes("video.example.com")) return "video";`
fn says_kind(node: Node<'_>) -> bool {
    let inside = |n: &Node<'_>| {
        matches!(n.kind(), Kind::BinaryExpression | Kind::ParenthesizedExpression | Kind::UnaryExpression)
    };
    let mut at = node;
    while let Some(parent) = at.parent().filter(inside) {
        at = parent;
    }
    // `const isAd = url.includes("ads.example.com")` says what it is, `const isAllowed = ..` what may be.
    if let Some(name) = at.parent().filter(|p| p.kind() == Kind::VariableDeclarator).and_then(|p| p.child(Field::Name))
    {
        const LETS: [&str; 18] = [
            "allow",
            "allowed",
            "allows",
            "trust",
            "trusted",
            "valid",
            "safe",
            "ok",
            "okay",
            "permitted",
            "same",
            "internal",
            "local",
            "own",
            "authorized",
            "good",
            "match",
            "matches",
        ];
        return !words(name.text()).iter().any(|w| LETS.contains(&w.as_str()));
    }
    let Some(branch) = at.parent().filter(|p| p.kind() == Kind::IfStatement && at.field() == Field::Condition) else {
        return false;
    };
    let then = branch.child(Field::Consequence);
    let only = then.and_then(|t| match t.kind() {
        Kind::StatementBlock => t.first_named().filter(|_| t.named_children().count() == 1),
        _ => Some(t),
    });
    only.is_some_and(|s| s.kind() == Kind::ReturnStatement && s.first_named().is_some_and(|v| v.kind() == Kind::String))
}

fn end_inside(string: Node<'_>) -> Span {
    let mut span = string.span();
    span.end -= 1;
    span.start = span.end;
    span
}

fn start_inside(string: Node<'_>) -> Span {
    let mut span = string.span();
    span.start += 1;
    span.end = span.start;
    span
}

/// What a variable is declared with.
fn declared_as(name: Node<'_>) -> Option<Node<'_>> {
    if name.kind() != Kind::Identifier {
        return None;
    }
    declarator(name)?.child(Field::Value)
}

/// A check for scripts in an address that knows one scheme of three.
fn scheme_check<'a>(node: Node<'a>, receiver: Node<'a>, text: &str, cx: &mut Cx<'a>, span: Span) -> bool {
    if text.trim().to_ascii_lowercase().trim_end_matches(':') != "javascript" || !text.contains(':') {
        return false;
    }
    // A short function is part of its file's block, where others may know more.
    let around = node.ancestors().find(|n| is_function(*n));
    let all = around.map_or_else(|| node.arena().text(), Node::text).to_ascii_lowercase();
    let decoded = || declared_as(receiver).is_some_and(|value| value.text().contains("decodeURI"));
    if (is_address(receiver) || decoded()) && !(all.contains("data:") && all.contains("vbscript:")) {
        let message = "`data:` and `vbscript:` addresses run scripts too and pass. Accept `http:` and `https:` alone.";
        note(cx, span, message.to_owned(), None);
    }
    true
}

fn pattern<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    let text = node.child(Field::Pattern).map_or("", |n| n.text());
    // `!/^javascript:/i.test(url)`
    let scheme = text.trim_start_matches(['^', '\\', 's', '*']).to_ascii_lowercase();
    if scheme == "javascript:" && is_test(node) {
        let all = node.arena().text().to_ascii_lowercase();
        if !(all.contains("data:") && all.contains("vbscript:")) {
            let message =
                "`data:` and `vbscript:` addresses run scripts too and pass. Accept `http:` and `https:` alone.";
            note(cx, node.span(), message.to_owned(), None);
        }
        return;
    }
    if !TOP_LEVEL.iter().any(|t| text.contains(t)) || !text.contains('.') || !is_test(node) {
        return;
    }
    if is_extraction(node, text) {
        return;
    }
    let flags = Flags::from_letters(node.child(Field::Flags).map_or("", |n| n.text()));
    let begins = node.child(Field::Pattern).map(|p| p.span().start);
    judge_pattern(text, flags, node.span(), begins, cx);
}

/// `const parts = url.match(/example\.com\/(\d+)\/(\w+)/)`: what is taken out are parts behind the host, which is used for nothing.
fn is_extraction(node: Node<'_>, pattern: &str) -> bool {
    // `/soundcloud\.com/.test(url) ? "video/x-soundcloud" : null` tells what an address is, and lets nothing in.
    let tells = |n: Node<'_>| {
        n.kind() == Kind::TernaryExpression
            && n.child(Field::Condition).is_some_and(|c| c.span().contains(node.span()))
            && n.child(Field::Consequence).is_some_and(|c| string_value(c).is_some())
    };
    if node.ancestors().take(4).any(tells) {
        return true;
    }
    let call = node.ancestors().find(|n| n.kind() == Kind::CallExpression);
    let kept = call.is_some_and(|c| {
        matches!(method(c), Some((_, name)) if matches!(name.text(), "match" | "exec"))
            && c.parent().is_some_and(|p| matches!(p.kind(), Kind::VariableDeclarator | Kind::AssignmentExpression))
    });
    if !kept {
        return false;
    }
    let (mut groups, mut captured, mut escaped) = (Vec::new(), String::new(), false);
    let mut rest = pattern.chars().peekable();
    let mut any = false;
    while let Some(c) = rest.next() {
        if groups.contains(&true) {
            captured.push(c);
        }
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '(' => {
                let captures = rest.peek() != Some(&'?');
                any |= captures;
                groups.push(captures);
            }
            ')' => drop(groups.pop()),
            _ => {}
        }
    }
    any && !TOP_LEVEL.iter().any(|t| captured.contains(t))
}

/// `begins`: where the pattern begins in the source, if it stands there as it is.
fn judge_pattern(text: &str, flags: Flags, span: Span, begins: Option<u32>, cx: &mut Cx<'_>) {
    let Ok(ast) = parse(text, flags, Dialect::JavaScript) else { return };
    let issues = missing_anchor(&ast);
    let Some(issue) = issues.first() else { return };
    let message = match issue.flaw {
        UrlFlaw::UnescapedDot => "A bare dot stands for any character, so other hosts match too. Escape it.",
        UrlFlaw::MissingStart => {
            "Anything may come before the host, so other addresses match too. Begin the pattern with `^`."
        }
        UrlFlaw::MissingEnd => {
            "Anything may follow the host, so `example.com.evil.org` matches too. End the host with `/` or `$`."
        }
        UrlFlaw::HalfAnchored => "The anchors belong to one alternative each. Put the alternatives in a group.",
    };
    let mut note = Note::new(cx.rule, span, message);
    if let Some(begins) = begins
        && let Some(edits) = anchored(text, &issues, begins)
    {
        note = note.suggestion("Anchor the host", edits);
    }
    cx.report(note);
}

/// What makes a pattern match the host whole: dots that are dots, a beginning and an end.
fn anchored(text: &str, issues: &[UrlIssue], begins: u32) -> Option<Vec<(Span, String)>> {
    let mut edits = Vec::new();
    for issue in issues {
        let (at, insert) = match issue.flaw {
            UrlFlaw::UnescapedDot => (issue.span.start, "\\"),
            UrlFlaw::MissingStart if text.starts_with("http") => (0, "^"),
            UrlFlaw::MissingEnd => (issue.span.end, "(?:[/?#]|$)"),
            UrlFlaw::MissingStart | UrlFlaw::HalfAnchored => return None,
        };
        let at = begins + at as u32;
        edits.push((Span { start: at, end: at }, insert.to_owned()));
    }
    edits.sort_by_key(|(span, _)| span.start);
    edits.dedup();
    Some(edits)
}

/// Whether a pattern decides something about an address.
fn is_test(node: Node<'_>) -> bool {
    let Some(parent) = node.parent() else { return false };
    match parent.kind() {
        Kind::MemberExpression if node.field() == Field::Object => {
            let tests = parent.child(Field::Property).is_some_and(|p| matches!(p.text(), "test" | "exec"));
            tests && parent.parent().and_then(|c| args(c).next()).is_some_and(is_address)
        }
        Kind::Arguments => parent
            .parent()
            .and_then(method)
            .is_some_and(|(receiver, name)| matches!(name.text(), "match" | "search") && is_address(receiver)),
        Kind::Pair => key_name(parent).is_some_and(|k| matches!(k.as_ref(), "origin" | "origins")),
        // `const HOST = /../; .. HOST.test(url)`
        Kind::VariableDeclarator => {
            let Some(name) = parent.child(Field::Name).filter(|n| n.kind() == Kind::Identifier) else { return false };
            let used = |n: Node<'_>| {
                n.kind() == Kind::CallExpression
                    && method(n).is_some_and(|(receiver, m)| match m.text() {
                        "test" | "exec" => receiver.text() == name.text() && args(n).next().is_some_and(is_address),
                        "match" | "search" => args(n).any(|a| a.text() == name.text()) && is_address(receiver),
                        _ => false,
                    })
            };
            let named = words(name.text());
            named.iter().any(|w| {
                matches!(
                    w.trim_end_matches(|c: char| c.is_ascii_digit()),
                    "host" | "hosts" | "origin" | "origins" | "domain" | "domains"
                )
            }) || node.arena().nodes().any(used)
        }
        Kind::Array => parent
            .parent()
            .filter(|p| p.kind() == Kind::Pair)
            .is_some_and(|p| key_name(p).is_some_and(|k| matches!(k.as_ref(), "origin" | "origins"))),
        _ => false,
    }
}

/// `new RegExp("^https://example\\.com/").test(url)`
fn built<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    if node.child(Field::Constructor).is_none_or(|c| c.text() != "RegExp") || !is_test(node) {
        return;
    }
    let Some(text) = args(node).next().and_then(string_value) else { return };
    if !TOP_LEVEL.iter().any(|t| text.contains(t)) || !text.contains('.') {
        return;
    }
    judge_pattern(&text, Flags::from_letters(""), node.span(), None, cx);
}
