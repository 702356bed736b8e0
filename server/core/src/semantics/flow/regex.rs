//! Regular expressions as guards and as sanitizers, judged by the expression itself.

use std::cell::RefCell;

use rustc_hash::FxHashMap;

use crate::regex::{AllowList, CharSet, Dialect, Flags, is_allow_list, parse, removes};
use crate::semantics::hir::{ExprId, Lit, Ustr};

use super::call::Call;
use super::guard::Learned;
use super::kinds::{SinkKind, SinkKinds};
use super::value::{Val, Value};

/// Judgements that are kept; a program has few patterns, hostile ones are bounded by this.
const MAX_KEPT: usize = 4096;

thread_local! {
    static GUARDS: RefCell<FxHashMap<(Ustr, Ustr), SinkKinds>> = RefCell::default();
    static REPLACEMENTS: RefCell<FxHashMap<(Ustr, Ustr, Ustr), SinkKinds>> = RefCell::default();
}

/// What the truth of `re.test(x)`, `x.match(re)`, `re.exec(x)`, `re.is_match(x)` says of `x`: an anchored pattern of harmless
/// characters is an allow-list. A pattern that finds harmful characters says so where it finds none.
pub(super) fn guard(call: &Call<'_>, yes: &mut Vec<(ExprId, Learned)>, no: &mut Vec<(ExprId, Learned)>) {
    let (pattern, subject) = match call.name.as_str() {
        "test" | "exec" | "is_match" => (call.receiver.as_ref(), call.arg_ids.first().copied()),
        "match" | "search" => (call.args.first(), call.receiver_id),
        _ => return,
    };
    let (Some((pattern, flags)), Some(subject)) = (pattern.and_then(pattern_of), subject) else { return };
    let kinds = harmless_when_matched(pattern, flags);
    if kinds != SinkKinds::NONE {
        yes.push((subject, Learned::Clean(kinds)));
    }
    if steps_up(&pattern) {
        no.push((subject, Learned::Clean(SinkKind::Path.set())));
    }
    // `if (/[^a-z]/.test(x)) return;`
    let kinds = harmless_after(pattern, Ustr::from(&format!("{flags}g")), Ustr::from(""));
    if kinds != SinkKinds::NONE {
        no.push((subject, Learned::Clean(kinds)));
    }
}

/// Whether a pattern finds the folder above wherever it is named: `(^|[\\/])\.\.([\\/]|$)`.
fn steps_up(pattern: &str) -> bool {
    const BETWEEN: [&str; 11] =
        ["(?:", r"[\\/]", r"[\\\/]", r"[/\\]", r"[\/\\]", r"[\/]", "[/]", r"\/", r"\\", "/", "?"];
    let mut rest = pattern.to_owned();
    for part in BETWEEN {
        rest = rest.replace(part, "");
    }
    rest.retain(|c| !matches!(c, '(' | ')' | '^' | '$' | '|'));
    rest == r"\.\." && !pattern.starts_with('^') && !pattern.ends_with('$')
}

/// What takes steps upwards from the beginning of a path, all of them.
const LEADING_DOTS: [&str; 6] = [
    r"^(\.\.(\/|\\|$))+",
    r"^(\.\.[\/\\])+",
    r"^(\.\.[/\\])+",
    r"^(\.\.\/)+",
    r"^(\.\.[\/\\]|\.\.$)+",
    r"^(\.\.(\/|\\))+",
];

/// The scheme and the host of an address.
const HOSTS: [&str; 4] = [r"^.*\/\/[^\/]+", r"^https?:\/\/[^\/]+", r"^[a-z]+:\/\/[^\/]+", r"^\w+:\/\/[^\/]+"];

/// The kinds of sinks for which `x.replace(re, text)` makes `x` harmless.
pub(super) fn replacement(call: &Call<'_>) -> SinkKinds {
    if !matches!(call.name.as_str(), "replace" | "replaceAll" | "replace_all") {
        return SinkKinds::NONE;
    }
    let (Some(from), Some(to)) = (call.args.first(), call.args.get(1)) else { return SinkKinds::NONE };
    // A function decides by itself what a harmful character becomes: taken to know what it does where the pattern is right.
    let text = to.as_str().unwrap_or_default();
    if to.as_str().is_none() && to.funcs.is_empty() && to.lits.is_empty() && to.fields.is_none() {
        return SinkKinds::NONE;
    }
    match pattern_of(from) {
        // In a path that was normalised `..` stands at the beginning alone.
        Some((pattern, _))
            if text.is_empty()
                && LEADING_DOTS.contains(&pattern.as_str())
                && super::guard::is_normalized(call.receiver.as_ref()) =>
        {
            SinkKind::Path.set()
        }
        // An address without its scheme and host: a path of the site's own.
        Some((pattern, _)) if text.is_empty() && HOSTS.contains(&pattern.as_str()) => {
            SinkKind::Url.set() | SinkKind::ScriptUrl.set()
        }
        // One slash is left of any at the beginning: a path of the site's own.
        Some((pattern, _))
            if text == "/" && matches!(pattern.as_str(), r"^\/+" | r"^\/{2,}" | r"^\/\/+" | r"^[\/\\]+") =>
        {
            SinkKind::Redirect.set()
        }
        // What stands between quotes of a shell ends only at one, which is put outside of them: `'\\''`, `'"'"'`.
        Some((pattern, flags))
            if pattern == "'" && flags.contains('g') && matches!(text.as_str(), r"'\''" | r#"'"'"'"#) =>
        {
            SinkKind::Command.set() | SinkKind::ShellText.set()
        }
        Some((pattern, flags)) => harmless_after(pattern, flags, text),
        None => match from.as_str().as_ref().map(|s| s.as_str()) {
            Some("<") if call.name == "replaceAll" => SinkKind::Html.set(),
            Some("..") if call.name == "replaceAll" => SinkKind::Path.set(),
            Some("\n" | "\r\n") if call.name != "replace" => SinkKind::Log.set() | SinkKind::Header.set(),
            _ => SinkKinds::NONE,
        },
    }
}

/// The regular expression that a value is, literal or constructed.
fn pattern_of(value: &Val) -> Option<(Ustr, Ustr)> {
    match value.as_lit()? {
        Lit::Regex { pattern, flags } => Some((*pattern, *flags)),
        _ => None,
    }
}

fn harmless_when_matched(pattern: Ustr, flags: Ustr) -> SinkKinds {
    GUARDS.with_borrow_mut(|kept| {
        if kept.len() > MAX_KEPT {
            kept.clear();
        }
        *kept.entry((pattern, flags)).or_insert_with(|| {
            let ast = parse(&pattern, Flags::from_letters(&flags), Dialect::JavaScript).ok();
            let listed = ast.as_ref().and_then(is_allow_list).map_or(SinkKinds::NONE, |list| harmless(&list));
            // `/page`: one component of the program's own site.
            let one_slash =
                pattern.starts_with("^\\/") && pattern.matches('/').count() == 1 && listed.has(SinkKind::ScriptUrl);
            let redirect = if one_slash && !pattern.contains('.') { SinkKind::Redirect.set() } else { SinkKinds::NONE };
            listed | redirect | fixed_host(&pattern) | own_path(&pattern)
        })
    })
}

fn harmless_after(pattern: Ustr, flags: Ustr, text: Ustr) -> SinkKinds {
    REPLACEMENTS.with_borrow_mut(|kept| {
        if kept.len() > MAX_KEPT {
            kept.clear();
        }
        *kept.entry((pattern, flags, text)).or_insert_with(|| {
            let letters = Flags::from_letters(&flags);
            let Ok(ast) = parse(&pattern, letters, Dialect::JavaScript) else { return SinkKinds::NONE };
            if flags.contains('g') && matches!(pattern.as_str(), r"\.\." | r"(\.\.)" | r"\.{2,}" | r"\.\.+" | r"\.+") {
                return SinkKind::Path.set();
            }
            let Some(left) = removes(&ast, letters) else { return SinkKinds::NONE };
            let chars = left.union(&CharSet::from_chars(&text));
            let dot_dot = chars.contains('.');
            let mut kinds = harmless(&AllowList {
                anchored_start: true,
                anchored_end: true,
                first: chars.clone(),
                chars,
                dot_dot,
                empty: true,
            });
            // `.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")`
            if !left.contains_any("*+(") && text.starts_with('\\') && text.contains('$') {
                kinds = kinds | SinkKind::Regex.set();
            }
            // A name without any character that names of files must not have is that of something in the folder.
            if !left.contains_any("/\\:*?") && !text.contains(['/', '\\']) {
                kinds = kinds | SinkKind::Path.set();
            }
            // An entity may hold `&` and `;`, and a tag cannot begin without `<`.
            if !left.contains('<') && !text.contains('<') {
                kinds = kinds | SinkKind::Html.set();
            }
            kinds
        })
    })
}

/// `^\/[^/\\]`: a path of the program's own site, not `//` and another's.
fn own_path(pattern: &str) -> SinkKinds {
    let second = pattern.strip_prefix("^\\/").or_else(|| pattern.strip_prefix("^/"));
    // `^\/topic\/`: the name of a page.
    let named = second.is_some_and(|s| {
        let word = s.bytes().take_while(|b| b.is_ascii_alphanumeric() || *b == b'-').count();
        word > 1 && !s.contains('|') && !s[word..].starts_with(['?', '*', '{'])
    });
    let class = second.and_then(|s| s.strip_prefix("[^").or_else(|| s.strip_prefix("(?![")));
    let class = class.and_then(|c| c.split_once(']')).map(|(c, _)| c);
    let alphanumeric = second.is_some_and(|s| ["[a-z", "[A-Z", "\\w", "[\\w"].iter().any(|c| s.starts_with(c)));
    if alphanumeric || named || class.is_some_and(|c| c.contains('/') && c.contains("\\\\")) {
        SinkKind::Redirect.set()
    } else {
        SinkKinds::NONE
    }
}

/// Whether a call refines a schema of texts to an allow-list: `z.string().regex(/^[a-z]+$/)`.
pub(super) fn lists(call: &Call<'_>) -> bool {
    call.args.first().is_some_and(is_list)
}

/// Whether a pattern, or a text that is one (in a JSON schema), lets harmless texts through alone.
pub(super) fn is_list(pattern: &Val) -> bool {
    let kinds = listed(pattern);
    let needed = [SinkKind::Command, SinkKind::Sql, SinkKind::Path, SinkKind::Html, SinkKind::Code];
    needed.iter().all(|n| kinds.has(*n))
}

/// The kinds of sinks for which all texts are harmless that a pattern lets through.
pub(super) fn listed(pattern: &Val) -> SinkKinds {
    let written = pattern_of(pattern).or_else(|| Some((pattern.as_str()?, Ustr::default())));
    written.map_or(SinkKinds::NONE, |(p, f)| harmless_when_matched(p, f))
}

/// Whether a call is one of a short function of the program that gives what a pattern says of its parameter.
pub(super) fn is_only_match(call: &Call<'_>, world: &dyn super::world::World) -> bool {
    const SHORT: usize = 240;
    let [func] = call.callee.funcs.as_slice() else { return false };
    let Some((arena, span)) = world.code(func) else { return false };
    let code = arena.slice(span);
    code.len() <= SHORT && code.contains("/.test(") && code.matches(['(', ';']).count() <= 6
}

/// What is known of the parts of a text that an anchored pattern of harmless characters matched.
pub(super) fn matched(call: &Call<'_>) -> SinkKinds {
    let pattern = match call.name.as_str() {
        "exec" => call.receiver.as_ref(),
        "match" | "matchAll" => call.args.first(),
        _ => None,
    };
    let Some((pattern, flags)) = pattern.and_then(pattern_of) else { return SinkKinds::NONE };
    // What is taken out was matched from its beginning to its end, wherever it stands.
    let whole = Ustr::from(&format!("^(?:{})$", pattern.trim_start_matches('^').trim_end_matches('$')));
    let parts = if pattern.ends_with("\\$") { SinkKinds::NONE } else { harmless_when_matched(whole, flags) };
    parts | harmless_when_matched(pattern, flags)
}

/// `^https://example\.com/`: the address's host, or at least its scheme, is the program's.
fn fixed_host(pattern: &str) -> SinkKinds {
    let text = pattern.replace("\\/", "/");
    let rest = text.strip_prefix("^https://").or_else(|| text.strip_prefix("^https?://"));
    let Some(rest) = rest.map(below_domain) else { return SinkKinds::NONE };
    if ends_host(rest) {
        super::sink::ADDRESS
    } else if rest.contains('|') {
        SinkKinds::NONE
    } else {
        SinkKind::ScriptUrl.set()
    }
}

/// The domain of a pattern of hosts of which any below it does: `example\.com/` of `[a-z0-9-]+\.example\.com/`.
fn below_domain(pattern: &str) -> &str {
    let class = |p: &str| p.chars().all(|c| c.is_ascii_alphanumeric() || c == '-') && !p.contains("A-z");
    let (name, rest) = match pattern.strip_prefix("\\w") {
        Some(rest) => ("", rest),
        None => match pattern.strip_prefix('[').and_then(|p| p.split_once(']')) {
            Some((name, rest)) => (name, rest),
            None => return pattern,
        },
    };
    let name = name.replace("\\w", "").replace("\\-", "-");
    match rest.strip_prefix(['+', '*']).and_then(|r| r.strip_prefix("\\.")) {
        Some(domain) if class(&name) => domain,
        _ => pattern,
    }
}

/// Whether a pattern of an address spells its host out to the end: `(www\.)?example\.com(/|$)`.
fn ends_host(pattern: &str) -> bool {
    let is_literal = |text: &str| {
        let plain = text.replace("\\.", "");
        !text.is_empty() && plain.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
    };
    let mut rest = pattern;
    let mut named = false;
    loop {
        let end = rest.find(['/', '$', '(', '[', '?', '*', '+', '{', '|']).unwrap_or(rest.len());
        let (host, after) = rest.split_at(end);
        if !host.is_empty() {
            if !is_literal(host) || after.starts_with(['?', '*', '+', '{', '|']) {
                return false;
            }
            named = true;
        }
        if after.starts_with(['/', '$']) || after.starts_with("[/") {
            return named;
        }
        let Some((group, behind)) = after.strip_prefix('(').and_then(|a| a.split_once(')')) else { return false };
        let group = group.strip_prefix("?:").or_else(|| group.strip_prefix("?=")).unwrap_or(group);
        if group.split('|').all(|part| matches!(part, "/" | "$" | "\\?" | "#" | "[/?#]" | "[/?]")) {
            return named;
        }
        match behind.strip_prefix('?') {
            // `(www\.)?`
            Some(behind) if is_literal(group) => rest = behind,
            _ => return false,
        }
    }
}

/// Whether a call asks a pattern for a host of one domain: `/(^|\.)example\.com$/.test(host)`.
pub(super) fn is_of_domain(call: &Call<'_>) -> bool {
    let pattern = match call.name.as_str() {
        "test" | "exec" => call.receiver.as_ref(),
        "match" => call.args.first(),
        _ => None,
    };
    pattern.and_then(pattern_of).is_some_and(|(pattern, flags)| !flags.contains('m') && ends_in_domain(&pattern))
}

/// Whether what a pattern matches ends in a domain that it spells out, at a dot or whole.
fn ends_in_domain(pattern: &str) -> bool {
    let Some(rest) = pattern.strip_suffix('$') else { return false };
    let mut at = rest.len();
    loop {
        let before = &rest[..at];
        if before.ends_with("\\.") {
            at -= 2;
        } else if before.ends_with(|c: char| c.is_ascii_alphanumeric() || c == '-') && !before[..at - 1].ends_with('\\')
        {
            at -= 1;
        } else {
            break;
        }
    }
    let (before, domain) = rest.split_at(at);
    let mut depth = 0;
    let alternative = before.chars().any(|c| {
        match c {
            '(' => depth += 1,
            ')' => depth -= 1,
            _ => {}
        }
        c == '|' && depth == 0
    });
    let labels = domain.trim_start_matches("\\.").matches("\\.").count();
    let at_dot = domain.starts_with("\\.") || before.ends_with("\\.)") || before.ends_with("\\.)+");
    let whole = before == "^" || before.starts_with('^') && (before.ends_with("\\.)?") || before.ends_with("\\.)*"));
    labels > 0 && !alternative && (at_dot || whole)
}

/// The kinds of sinks for which every string of an allow-list is harmless.
fn harmless(list: &AllowList) -> SinkKinds {
    if !list.is_anchored() {
        return SinkKinds::NONE;
    }
    let mut kinds = SinkKind::Merge.set() | SinkKind::NoSql.set() | SinkKind::StringCheck.set();
    let mut add = |holds: bool, kind: SinkKind| {
        if holds {
            kinds = kinds | kind.set();
        }
    };
    let word = list.is_safe_sql_word();
    let quoted = list.is_safe_quoted();
    add(word || quoted && list.excludes(" ;-#/*()"), SinkKind::Sql);
    let word_of_shell = list.excludes("|&;<>()$`\\\"'*?[]#~!{}\n\r ");
    add(word_of_shell, SinkKind::Command);
    add(word_of_shell, SinkKind::ShellText);
    add(list.is_safe_path_component() || list.excludes(".") && list.excludes("\0"), SinkKind::Path);
    add(list.excludes("<&\"'`"), SinkKind::Html);
    add(list.excludes("<"), SinkKind::Html);
    add(list.excludes(":"), SinkKind::ScriptUrl);
    add(word || list.is_arithmetic(), SinkKind::Code);
    add(word || list.excludes("{}<%#$"), SinkKind::Template);
    add(list.excludes("/:\\?#@"), SinkKind::Url);
    add(list.excludes(":") && list.excludes("\\") && !list.first.contains('/'), SinkKind::Redirect);
    add(list.excludes("\n"), SinkKind::Log);
    add(list.excludes("\n\r"), SinkKind::Header);
    add(list.excludes("\\^$.|?*+()[]{}"), SinkKind::Regex);
    add(list.excludes("_"), SinkKind::PropertyKey);
    add(list.excludes("%"), SinkKind::Format);
    add(list.excludes("*()\\"), SinkKind::Ldap);
    add(list.excludes("'\"<>[]()/@="), SinkKind::Xpath);
    add(list.excludes("<&"), SinkKind::Xml);
    kinds
}

/// A regular expression made of a constant: `new RegExp("^a$")`.
pub(super) fn constructed(call: &Call<'_>) -> Option<Value> {
    let is = call.paths.iter().any(|p| matches!(p.as_str(), "RegExp" | "regex::Regex::new"));
    let pattern = is.then(|| call.args.first()?.as_str()).flatten()?;
    let flags = call.args.get(1).and_then(|f| f.as_str()).unwrap_or_default();
    let lit = Lit::Regex { pattern, flags };
    Some(Value::clone(&super::value::constant(lit)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn when(pattern: &str, flags: &str, kind: SinkKind) -> bool {
        harmless_when_matched(Ustr::from(pattern), Ustr::from(flags)).has(kind)
    }

    #[test]
    fn allow_lists_are_judged_by_their_characters() {
        assert!(when("^[a-z0-9_]+$", "i", SinkKind::Command));
        assert!(when("^[a-z0-9_]+$", "i", SinkKind::Sql));
        assert!(when(r"^[\w-]+$", "", SinkKind::Path));
        assert!(!when("[a-z]+", "", SinkKind::Command), "not anchored");
        assert!(!when("^[a-z]+$", "m", SinkKind::Command), "one line of many");
        assert!(!when(r"^[a-z.\/]+$", "", SinkKind::Path), "dots and slashes");
        assert!(!when("^a|b$", "", SinkKind::Command), "half anchored");
        assert!(when(r"^\d+$", "", SinkKind::Html));
        for host in [
            r"^https:\/\/(www\.)?example\.com(\/|$)",
            r"^https?://example\.com/",
            r"^https://a-b\.c(?:/|$)",
            r"^https:\/\/[a-z0-9-]+\.example\.com\/",
            r"^https://[\w-]+\.example\.com(/|$)",
        ] {
            assert!(when(host, "", SinkKind::Redirect), "{host}");
        }
        for host in [
            r"^https://(www\.)?example\.com",
            r"^https://(.*\.)?example\.com/",
            r"^https://example.com/",
            r"^https://(a|b)/",
            r"^https://[^/]+\.example\.com/",
            r"^https://[\w.@]+\.example\.com/",
            r"^https://[a-z]+\.example\.com",
        ] {
            assert!(!when(host, "", SinkKind::Redirect), "{host}");
        }
    }

    #[test]
    fn domains_end_at_a_dot() {
        for host in [r"(^|\.)example\.com$", r"\.example\.com$", r"^example\.com$", r"^([\w-]+\.)*example\.com$"] {
            assert!(ends_in_domain(host), "{host}");
        }
        for host in
            [r"example\.com$", r"^(www|beta).example.com$", r"(www\.)?example\.com$", r"\.com$", r"^x|\.example\.com$"]
        {
            assert!(!ends_in_domain(host), "{host}");
        }
    }

    #[test]
    fn replacements_are_judged_by_what_is_left() {
        let after = |p: &str, f: &str, t: &str, k| harmless_after(Ustr::from(p), Ustr::from(f), Ustr::from(t)).has(k);
        assert!(after("[^a-z0-9]", "gi", "", SinkKind::Command));
        assert!(!after("[^a-z0-9]", "i", "", SinkKind::Command), "only the first");
        assert!(after("<", "g", "&lt;", SinkKind::Html));
        assert!(after(r"[\r\n]", "g", " ", SinkKind::Log));
        assert!(!after("'", "g", "", SinkKind::Command));
        assert!(after(r"\.\.+", "g", "", SinkKind::Path));
        assert!(!after(r"\.\.+", "", "", SinkKind::Path), "only the first");
    }
}
