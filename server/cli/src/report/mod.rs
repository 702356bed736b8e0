//! Reports: one file for each format.

mod checkstyle;
mod csv;
mod folders;
mod github;
mod gitlab;
pub mod html;
mod json;
mod junit;
mod markdown;
mod pretty;
mod rdjson;
mod sarif;
mod tail;
mod xml;

use std::collections::BTreeMap;
use std::io::{self, Write};

use crate::args::{self, Format};
use crate::owners::Owners;
use crate::scan::{Scan, Stats, Summary, Workspace};
use crate::trend::Earlier;

pub use sarif::{MergeError, merge};
pub use tail::{one_line, stats};

/// What a report is made of.
pub struct Context<'a> {
    pub workspace: &'a Workspace,
    pub scan: &'a Scan,
    pub summary: &'a Summary,
    /// Folders that were left out, by name.
    pub folders: &'a BTreeMap<&'static str, usize>,
    pub stats: &'a Stats,
    pub args: &'a args::Scan,
    /// Who owns which file.
    pub owners: &'a Owners,
    /// The score of an earlier scan.
    pub earlier: Option<&'a Earlier>,
}

/// Writes a report.
pub fn write(context: &Context<'_>, format: Format, out: &mut dyn Write) -> io::Result<()> {
    match format {
        Format::Pretty => pretty::write(context, out),
        Format::Json => json::write(context, out),
        Format::Jsonl => json::write_lines(context, out),
        Format::Sarif => sarif::write(context, out),
        Format::Github => github::write(context, out),
        Format::Gitlab => gitlab::write(context, out),
        Format::Junit => junit::write(context, out),
        Format::Checkstyle => checkstyle::write(context, out),
        Format::Rdjson => rdjson::write(context, out),
        Format::Rdjsonl => rdjson::write_lines(context, out),
        Format::Markdown => markdown::write(context, out),
        Format::Csv => csv::write(context, out),
    }
}

/// A message's first sentence, without its full stop, and the rest.
fn split_message(message: &str) -> (&str, &str) {
    let end = message.match_indices(". ").find(|(at, _)| {
        // `e.g. x` and `1. x` do not end a sentence; what follows one starts with a capital letter or code.
        let word = message[..*at].rsplit(' ').next().unwrap_or("");
        let next = message[at + 2..].chars().next();
        !word.contains('.') && word.len() > 1 && next.is_some_and(|c| !c.is_lowercase())
    });
    match end {
        Some((at, _)) => (&message[..at], message[at + 2..].trim()),
        None => (message.trim_end().trim_end_matches('.'), ""),
    }
}

#[cfg(test)]
mod tests;

#[cfg(test)]
mod messages {
    use super::split_message;

    #[test]
    fn the_first_sentence_stands_alone() {
        assert_eq!(split_message("One thing. Another."), ("One thing", "Another."));
        assert_eq!(split_message("One thing."), ("One thing", ""));
        assert_eq!(split_message("Use a lock, e.g. a mutex. Or not."), ("Use a lock, e.g. a mutex", "Or not."));
        assert_eq!(split_message("`a.b` is bad. `c` is good."), ("`a.b` is bad", "`c` is good."));
        assert_eq!(split_message(""), ("", ""));
    }
}
