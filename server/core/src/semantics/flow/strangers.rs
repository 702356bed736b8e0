//! What strangers can bring where: a link, a form and another site's page reach other sinks than a header does, or an option that a
//! program's own authors choose. Where nothing shows that a stranger stands at the other end, nothing is told.

use std::sync::Arc;

use sidenote_grammars::Family;

use super::kinds::{SinkKind, SourceKind};
use super::report::{SinkSite, text_of};
use super::value::{Source, Step, StepKind};

/// Whether somebody else can bring a source's data to a sink by the way that it took.
pub(super) fn may_bring(site: &SinkSite, source: &Source, way: Option<&Arc<Step>>) -> bool {
    let way = || std::iter::successors(way, |s| s.previous.as_ref());
    let read = text_of(&source.at);
    if source.at.arena.language().family != Family::Ecma {
        return true;
    }
    match (site.kind, source.kind) {
        // A link says where it leads, not what the browser sends along.
        (SinkKind::Redirect, SourceKind::Remote) if is_header(source, read) => false,
        // `//evil.org/..` is a path too: where a parser of addresses gave it, or text of the program's own was put behind it as it came.
        (SinkKind::Redirect, SourceKind::Remote) if is_path(read) => {
            let joined = || way().any(|s| s.what == StepKind::Concatenated);
            let changed = || way().any(|s| matches!(s.what, StepKind::Through | StepKind::Passed | StepKind::Returned));
            way().any(|s| parses_address(text_of(&s.at))) || !is_parameter(read) && joined() && !changed()
        }
        (SinkKind::Html, SourceKind::Remote) => {
            let told = text_of(&site.at);
            let names_header =
                told.contains(".headers[") && !SHOWN.iter().any(|h| told.to_ascii_lowercase().contains(h));
            (!is_header(source, read) || is_shown_header(source)) && !names_header && !changes_parsed(site)
        }
        (SinkKind::Html, SourceKind::PageText) => !is_program_attribute(read),
        // What a plugin's own function writes is its user's text; what it hands on is what its user meant.
        (SinkKind::Html, SourceKind::Library) => !way().any(|s| s.what == StepKind::Passed),
        // Stored text, and what a server answers, is often meant to be HTML; what a program puts between its own tags is not.
        (SinkKind::Html, SourceKind::Stored | SourceKind::Response) => {
            way().any(|s| s.what == StepKind::Concatenated && text_of(&s.at).contains('<'))
                || text_of(&site.at).contains('<')
        }
        // What a program read out of an answer and gives a function that keeps it as JSON is its own by then, and no file that was fetched.
        (SinkKind::FileContent, SourceKind::Response) => {
            let parsed = |text: &str| text.contains(".json(") || text.contains("JSON.");
            let handed = way().any(|s| s.what == StepKind::Passed);
            !handed || !parsed(read) && !parsed(text_of(&site.at)) && !way().any(|s| parsed(text_of(&s.at)))
        }
        // Whoever loads what an archive brings believes the archive.
        (SinkKind::Path, SourceKind::ArchiveEntry) => !matches!(site.name.as_str(), "require" | "import"),
        // What somebody signed with a key that both know is theirs, and their servers' names and numbers are.
        (SinkKind::Log | SinkKind::Console, SourceKind::Remote) => !way().any(|s| is_signed(s.at.arena.text())),
        // What a program puts into its own queue.
        (SinkKind::Url, SourceKind::Message) => source.what.as_str() != "a queue's message",
        _ => true,
    }
}

/// Whether a source is a header of a request, which no link sets.
fn is_header(source: &Source, read: &str) -> bool {
    /// Longer ones are no reads of a member, but calls that give a request to a function.
    const LONGEST: usize = 60;
    let named =
        || [".headers", ".header(", ".rawHeaders"].iter().any(|h| read.contains(h)) || read.starts_with("headers");
    source.what.as_str() == "the request's headers" || read.len() < LONGEST && named()
}

/// Whether it is the header that says where a visitor comes from, which may be anybody's page, or the one that programs list in pages of
/// their own.
fn is_shown_header(source: &Source) -> bool {
    /// How far behind what is read a header's name stands.
    const NEAR: usize = 24;
    let text = source.at.arena.text();
    let (start, end) = (source.at.span.start as usize, source.at.span.end as usize);
    let near: String = text.get(end..).unwrap_or_default().chars().take(NEAR).collect();
    let read = format!("{}{near}", text.get(start..end).unwrap_or_default()).to_ascii_lowercase();
    SHOWN.iter().any(|h| read.contains(h))
}

/// Headers that are put into pages, and that others choose.
const SHOWN: [&str; 4] = ["referer", "referrer", "user-agent", "useragent"];

/// Whether a server changes an element of a page that it parsed, which no browser shows as it is: `doc.title.innerHTML = ..`.
fn changes_parsed(site: &SinkSite) -> bool {
    matches!(site.name.as_str(), "innerHTML" | "outerHTML" | "setAttribute" | "insertAdjacentHTML")
}

/// Whether what is read is a request's path, or a part of it that a route names.
fn is_path(read: &str) -> bool {
    let last = read.trim_end_matches([')', '(']).rsplit(['.', '?', ' ']).next().unwrap_or(read);
    matches!(last, "url" | "originalUrl" | "path" | "pathname" | "baseUrl" | "params" | "requestUrl" | "reqUrl")
        || read.contains(".url.pathname")
        || is_parameter(read)
}

/// Whether what is read is what a route names in a path, which holds no slash.
fn is_parameter(read: &str) -> bool {
    read.ends_with("params") || read.contains(".params.") || read.contains(".params[")
}

/// Whether code goes on only with what bears a signature: `if (!verifySignature(body)) return ..`.
fn is_signed(code: &str) -> bool {
    code.match_indices("ignature(").any(|(at, _)| {
        let before = code[..at].rsplit(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap_or_default();
        ["verify", "validate", "check", "isValid"].iter().any(|w| before.starts_with(w))
    })
}

/// Whether a text begins with a variable that is called an address or a host: the rest is a path there.
pub(super) fn begins_with_own(text: &str) -> bool {
    const WORDS: [&str; 10] =
        ["url", "uri", "host", "base", "endpoint", "origin", "server", "prefix", "service", "api"];
    let first = match text.strip_prefix("`${") {
        Some(rest) => rest.split('}').next().unwrap_or_default(),
        None => text.split('+').next().unwrap_or_default(),
    };
    let first = first.trim();
    let is_name = !first.is_empty() && first.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '$' | '.'));
    let last = first.rsplit('.').next().unwrap_or_default();
    is_name
        && text.len() > first.len() + 3
        && super::lexicon::words(last).last().is_some_and(|w| WORDS.contains(&w.as_str()))
}

/// Whether a step takes an address apart, or puts one together.
fn parses_address(step: &str) -> bool {
    ["url.parse(", "URL.parse(", "new URL(", "parseurl", "parseUrl", "rl.format(", "URL.format("]
        .iter()
        .any(|w| step.contains(w))
}

/// Whether an attribute is one that the program's authors gave a name of their own (`data-target`), or an address in the page: what
/// stands there they wrote.
fn is_program_attribute(read: &str) -> bool {
    let Some((_, name)) = read.rsplit_once(".attr(") else { return false };
    let name = name.trim_start_matches(['\'', '"', '`']);
    let name = name.split(['\'', '"', '`', ')', ',']).next().unwrap_or_default();
    name.contains('-') && !name.starts_with("aria-") || matches!(name, "href" | "src" | "target" | "for")
}
