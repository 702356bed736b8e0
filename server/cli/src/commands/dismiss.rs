//! `sidenote dismiss`: says of a finding that it does not matter here, or that it does.

use std::path::{Path, PathBuf};

use serde_json::json;
use sidenote_core::config::repository_root;
use sidenote_core::feedback::{Entry, Kind, List, hides};
use sidenote_core::system::{OsSystem, today};
use sidenote_core::text::Text;

use crate::args::{Dismiss as Args, Selection};
use crate::error::{CLEAN, Error, FINDINGS};
use crate::feedback::{place, text_of};
use crate::scan::{self, FileReport, Finding, Scan};
use crate::{output, style};

/// Runs it.
pub fn run(args: &Args) -> Result<u8, Error> {
    let Some(wanted) = &args.finding else { return whole(args) };
    let by_line = wanted.rsplit_once(':').and_then(|(file, line)| Some((Path::new(file), line.parse::<u32>().ok()?)));
    let is_id = wanted.len() == 32 && wanted.bytes().all(|b| b.is_ascii_hexdigit());
    let start = match by_line {
        Some((file, _)) => file.to_owned(),
        None if is_id => PathBuf::from("."),
        None => {
            let why = "it is neither FILE:LINE nor a fingerprint".to_owned();
            return Err(Error::Place { place: wanted.clone(), why });
        }
    };
    let asked = |file: &FileReport, finding: &Finding, at: &Path| match by_line {
        Some((_, line)) => file.file == at && (finding.region.start.line..=finding.region.end.line).contains(&line),
        None => finding.fingerprint.to_string() == wanted.to_ascii_lowercase(),
    };
    let at = start.canonicalize().map_err(|source| Error::Path { path: start.clone(), source })?;
    let root = root_of(&at);
    let find = |folder: &Path| -> Result<Vec<(FileReport, Finding)>, Error> {
        let (_, scan) = scan::of_selection(&Selection::of_folder(folder))?;
        let mut found = Vec::new();
        for file in scan.files {
            let of_rule = |f: &&Finding| args.rule.as_deref().is_none_or(|id| f.rule.id == id);
            let here: Vec<Finding> =
                file.findings.iter().filter(of_rule).filter(|f| asked(&file, f, &at)).cloned().collect();
            found.extend(here.into_iter().map(|f| (file.clone(), f)));
        }
        Ok(found)
    };
    // A file by itself is looked at soon; what flows into it from elsewhere is seen only with all the others.
    let mut found = find(&at)?;
    if found.is_empty() && at != root {
        found = find(&root)?;
    }
    found.dedup_by(|a, b| a.1.fingerprint == b.1.fingerprint);
    let (file, finding) = match found.len() {
        1 => found.remove(0),
        0 => {
            let rule = args.rule.as_deref().map(|r| format!(" of `{r}`")).unwrap_or_default();
            let why = format!("there is no finding{rule}; `sidenote scan --feedback off` shows them all");
            return Err(Error::Place { place: wanted.clone(), why });
        }
        _ => {
            let rules: Vec<String> = found.iter().map(|(_, f)| f.rule.id.to_owned()).collect();
            let why = format!("several findings are there: say --rule with one of {}", rules.join(", "));
            return Err(Error::Place { place: wanted.clone(), why });
        }
    };
    say(args, &root, &file, &finding)
}

/// The root that fingerprints and lists belong to, as a scan of the path would have it.
fn root_of(path: &Path) -> PathBuf {
    let folder = if path.is_dir() { path } else { path.parent().unwrap_or(path) };
    let here = || std::env::current_dir().and_then(|d| d.canonicalize()).ok().filter(|h| path.starts_with(h));
    repository_root(&OsSystem, folder).or_else(here).unwrap_or_else(|| folder.to_owned())
}

fn say(args: &Args, root: &Path, file: &FileReport, finding: &Finding) -> Result<u8, Error> {
    let id = finding.fingerprint.to_string();
    let place_of = format!("{}:{}", file.path, finding.region.start.line);
    let told = format!("`{}` at {}", finding.rule.id, style::printable(&place_of));
    let (team, own) = (place(root, false)?, place(root, true));
    if args.undo {
        for path in [Some(team.clone()), own.as_ref().ok().cloned()].into_iter().flatten() {
            let mut list = List::open(&path)?;
            if let Some(entry) = list.take(&id) {
                list.save(&path)?;
                let word = if entry.kind == Kind::Kept { "kept" } else { "dismissed" };
                say!("{told} is no longer {word} ({})", style::shown(&path));
                return Ok(CLEAN);
            }
        }
        // Nobody spoke of it: then it is its likeness that is wrong.
    }
    let kind = if args.keep || args.undo { Kind::Kept } else { Kind::Dismissed };
    let path = if args.user { own? } else { team };
    let mut list = List::open(&path)?;
    let text = text_of(file).unwrap_or_else(|| Text::new(""));
    list.set(Entry {
        kind,
        fingerprint: id,
        rule: finding.rule.id.to_owned(),
        path: file.path.to_string(),
        line: finding.region.start.line,
        symbol: finding.symbol.clone(),
        message: finding.message.clone(),
        reason: args.reason.clone(),
        expires: args.expires.clone(),
        ..Entry::quoting(&text, &finding.region.range())
    });
    list.save(&path)?;
    let what = match kind {
        Kind::Kept => "is kept: nothing learned from others leaves it out",
        Kind::Dismissed if hides(finding.rule) => "is dismissed",
        Kind::Dismissed => "is dismissed: it is taken down to `info`, for findings of security are never left out",
    };
    say!("{told} {what} ({})", style::shown(&path));
    if kind == Kind::Dismissed && args.reason.is_none() {
        say!("note: --reason tells the others why");
    }
    Ok(CLEAN)
}

/// Whether an entry speaks of something.
#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Holds,
    /// Its finding is gone, or its code is another.
    Gone,
    Over,
}

/// Lists, or takes out what is gone.
fn whole(args: &Args) -> Result<u8, Error> {
    let here = Path::new(".").canonicalize().map_err(|source| Error::Path { path: ".".into(), source })?;
    let root = root_of(&here);
    let path = place(&root, args.user)?;
    let mut list = List::open(&path)?;
    if list.entries.is_empty() {
        say!("nothing was said of any finding ({})", style::shown(&path));
        return Ok(CLEAN);
    }
    let (_, scan) = scan::of_selection(&Selection::of_folder(&root))?;
    let today = today();
    let state = |entry: &Entry| match &entry.expires {
        Some(last) if *last < today => State::Over,
        _ if is_there(&scan, &root, entry) => State::Holds,
        _ => State::Gone,
    };
    if args.prune {
        let before = list.entries.len();
        list.entries.retain(|e| state(e) == State::Holds);
        list.save(&path)?;
        let gone = before - list.entries.len();
        say!("{} of {before} entries are taken out ({})", gone, style::shown(&path));
        return Ok(CLEAN);
    }
    show(&list, state, args.json)?;
    Ok(if list.entries.iter().all(|e| state(e) == State::Holds) { CLEAN } else { FINDINGS })
}

/// Whether the finding of an entry is there. Of a file that could not be looked at nothing is known.
fn is_there(scan: &Scan, root: &Path, entry: &Entry) -> bool {
    match scan.files.iter().find(|f| *f.path == *entry.path) {
        Some(file) => file.findings.iter().any(|f| f.fingerprint.to_string() == entry.fingerprint),
        None => root.join(&entry.path).exists(),
    }
}

fn show(list: &List, state: impl Fn(&Entry) -> State, as_json: bool) -> Result<(), Error> {
    let word = |e: &Entry| match state(e) {
        State::Holds => "holds",
        State::Gone => "gone",
        State::Over => "over",
    };
    if as_json {
        let row = |e: &Entry| {
            json!({
                "kind": e.kind, "rule": e.rule, "path": e.path, "line": e.line, "fingerprint": e.fingerprint,
                "reason": e.reason, "since": e.since, "expires": e.expires, "state": word(e),
            })
        };
        let rows: Vec<serde_json::Value> = list.entries.iter().map(row).collect();
        return output::write(None, |out| {
            serde_json::to_writer_pretty(&mut *out, &rows)?;
            writeln!(out)
        });
    }
    output::write(None, |out| {
        for entry in &list.entries {
            let kind = if entry.kind == Kind::Kept { "kept" } else { "dismissed" };
            let place = style::printable(&format!("{}:{}", entry.path, entry.line));
            let until = entry.expires.as_deref().map(|day| format!(", until {day}")).unwrap_or_default();
            let (bold, dim) = (style::BOLD, style::DIM);
            writeln!(out, "{bold}{}{bold:#}  {place}  {kind} {}{until}", entry.rule, entry.since)?;
            if let Some(reason) = &entry.reason {
                writeln!(out, "  {}", style::printable(reason))?;
            }
            match state(entry) {
                State::Holds => {}
                State::Gone => writeln!(out, "  {dim}gone: the finding is no more, or its code has changed{dim:#}")?,
                State::Over => writeln!(out, "  {dim}its day is over{dim:#}")?,
            }
        }
        Ok(())
    })
}
