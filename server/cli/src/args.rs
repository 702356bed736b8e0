//! The command line.

use std::path::{Path, PathBuf};

use clap::{Args, Parser, Subcommand, ValueEnum};
use sidenote_core::findings::{Category, Severity};

use crate::error::Error;

/// Notes in the margin of your code: quality, security and performance, offline.
///
/// Sidenote reads Rust, TypeScript, TSX and JavaScript. Nothing leaves your machine.
#[derive(Parser, Debug)]
#[command(name = "sidenote", version, max_term_width = 100)]
#[command(after_help = "Start with `sidenote scan`. `sidenote explain RULE` tells what a rule is about.")]
pub struct Cli {
    #[command(subcommand)]
    pub command: Command,
    /// When to use colour [default: auto]
    #[arg(long, global = true, value_name = "WHEN", hide_possible_values = true)]
    pub color: Option<Color>,
}

/// When to use colour.
#[derive(Clone, Copy, Debug, Default, ValueEnum)]
pub enum Color {
    /// On a terminal, unless NO_COLOR is set
    #[default]
    Auto,
    Always,
    Never,
}

impl Color {
    /// Makes it the choice of the whole process.
    pub fn install(self) {
        match self {
            Color::Auto => anstream::ColorChoice::Auto,
            Color::Always => anstream::ColorChoice::AlwaysAnsi,
            Color::Never => anstream::ColorChoice::Never,
        }
        .write_global();
    }
}

#[derive(Subcommand, Debug)]
pub enum Command {
    /// Look at files and folders, and report what is found
    Scan(Box<Scan>),
    /// List the rules
    Rules(Rules),
    /// Tell what a rule finds, why, and what to write instead
    Explain(Explain),
    /// List what is known of libraries: sources, sinks, sanitizers, guards
    Models(Models),
    /// Keep a list of findings that are accepted for now, so that only new ones are reported
    Baseline(Baseline),
    /// Say that a finding does not matter here, or take that back; others like it are learned from it
    Dismiss(Dismiss),
    /// Put the SARIF files of a scan's shards together
    Merge(Merge),
    /// Check the configuration, or print its JSON schema
    Config(Config),
    /// Find functions by what they do, in plain words
    #[cfg(feature = "model")]
    Search(Search),
    /// Find functions like the one at a line
    #[cfg(feature = "model")]
    Similar(Similar),
    /// List, add, measure and choose local models
    #[cfg(feature = "model")]
    Model(Model),
    /// Tell what this machine can do, and what is processed where
    Doctor(Doctor),
    /// Run the language server over standard input and output
    Lsp(Lsp),
    /// Print the completions of a shell
    Completions { shell: clap_complete::Shell },
    /// Print the manual page
    Man {
        /// Write one page for each command into this folder instead
        #[arg(long, value_name = "FOLDER")]
        folder: Option<PathBuf>,
    },
}

#[derive(Args, Debug)]
#[command(after_long_help = "\
Exit codes:
  0  nothing at or above --fail-on
  1  findings at or above --fail-on
  2  wrong usage or configuration
  3  something inside failed: the report is incomplete

A finding is silenced with a reason, on its line or on the line above:
  // sidenote: allow(rule-id) -- why this is fine here")]
pub struct Scan {
    #[command(flatten)]
    pub selection: Selection,

    /// Leave out the findings that this file lists; `sidenote baseline create` writes it
    #[arg(long, value_name = "FILE", help_heading = "Only what is new")]
    pub baseline: Option<PathBuf>,
    /// Only what is new since the current branch left this commit or branch; after --fix and without a commit: print what
    /// the fixes would change as a unified diff, write nothing, and exit with 1 if anything would change
    #[arg(long, value_name = "COMMIT", num_args = 0..=1, conflicts_with_all = ["staged", "changed"], help_heading = "Only what is new")]
    #[allow(clippy::option_option, reason = "left out, given, given with a commit")]
    pub diff: Option<Option<String>>,
    /// Only what is new in the files that differ from the last commit
    #[arg(long, conflicts_with_all = ["staged", "stdin_filename"], help_heading = "Only what is new")]
    pub changed: bool,
    /// Only what is new in what the next commit would hold
    #[arg(long, conflicts_with = "stdin_filename", help_heading = "Only what is new")]
    pub staged: bool,
    /// Tell how the health changed since this report of `--format json`; a baseline holds the score of its day
    #[arg(long, value_name = "FILE", help_heading = "Only what is new")]
    pub score_baseline: Option<PathBuf>,
    /// Report known findings too, marked as such
    #[arg(long, help_heading = "Only what is new")]
    pub include_known: bool,

    /// How to report
    #[arg(short, long, value_enum, default_value_t = Format::Pretty)]
    pub format: Format,
    /// Write the report to a file, whole or not at all; `sarif=a.sarif` names its format, a format alone (`pretty`) goes
    /// to standard output. May be repeated
    #[arg(short, long, value_name = "[FORMAT=]FILE")]
    pub output: Vec<String>,
    /// Report only what is at least that severe
    #[arg(long, value_name = "SEVERITY", default_value = "info", value_parser = severity)]
    pub min_severity: Severity,
    /// Exit with 1 if there is a finding at least that severe, or `never`; `new:high` counts only what --baseline or --diff
    /// do not know, `critical,new:low` is both
    #[arg(long, value_name = "SEVERITY", default_value = "low", value_parser = fail_on)]
    pub fail_on: FailOn,
    /// Report suppressed findings too; they never count for the exit code
    #[arg(long)]
    pub include_suppressed: bool,
    /// What dismissed findings do: `learn` leaves them out, and with a local model others like them; `exact` does so with them alone;
    /// `off` reports everything. Findings of security are taken down to `info` and never left out
    #[arg(long, value_name = "HOW", value_enum, default_value_t = Feedback::Learn)]
    pub feedback: Feedback,
    /// Apply the fixes that keep the meaning of correct code, then report what is left
    #[arg(long, conflicts_with = "staged", help_heading = "Fixes")]
    pub fix: bool,
    /// With --fix: apply suggestions too, which may change what the code does; look at the result
    #[arg(long, requires = "fix", help_heading = "Fixes")]
    pub unsafe_fixes: bool,
    /// Write a report for people into this folder: `index.html`, one page that needs nothing else
    #[arg(long, value_name = "FOLDER")]
    pub report: Option<PathBuf>,
    /// Write a badge with the health score: an SVG image
    #[arg(long, value_name = "FILE")]
    pub badge: Option<PathBuf>,
    /// Write nothing but what the code says: the same bytes on every machine, in every folder, however slow it is. No times, no
    /// limits of time, no absolute paths, nothing of the terminal
    #[arg(long, conflicts_with = "file_timeout")]
    pub deterministic: bool,
    /// Have the model that `sidenote model use` chose judge the findings and review the functions of these files. It may lower a severity
    /// by a step; it removes nothing, and its own notes count for nothing
    #[cfg(feature = "model")]
    #[arg(long, conflicts_with_all = ["fix", "stdin_filename", "deterministic"], help_heading = "Local model")]
    pub review: bool,
    /// Functions that the model reviews at most
    #[cfg(feature = "model")]
    #[arg(long, value_name = "N", default_value_t = 100, requires = "review", help_heading = "Local model")]
    pub review_limit: usize,
    /// Tell where the time went
    #[arg(long)]
    pub stats: bool,
    /// Keep what is found in this folder, for the next scan [default: the user's cache folder, for 100 files and more]
    #[arg(long, value_name = "FOLDER", conflicts_with = "no_cache")]
    pub cache_dir: Option<PathBuf>,
    /// Analyse everything anew, and keep nothing
    #[arg(long)]
    pub no_cache: bool,
    /// No summary and no progress
    #[arg(short, long)]
    pub quiet: bool,

    /// Only the I-th of N parts of the files, all of them of about one size; `sidenote merge` puts their SARIF together
    #[arg(long, value_name = "I/N", value_parser = shard, conflicts_with = "stdin_filename", help_heading = "Files")]
    pub shard: Option<Shard>,
    /// Read one file from standard input, and take it for this one
    #[arg(long, value_name = "PATH", conflicts_with = "paths", help_heading = "Files")]
    pub stdin_filename: Option<PathBuf>,
}

impl Scan {
    /// What to write, and where: a file, or standard output.
    pub fn reports(&self) -> Vec<(Format, Option<PathBuf>)> {
        if self.output.is_empty() {
            return vec![(self.format, None)];
        }
        let report = |output: &String| {
            let format = |name: &str| Format::from_str(name, false).ok();
            match (format(output), output.split_once('=')) {
                (Some(format), _) => (format, None),
                (None, Some((name, file))) if format(name).is_some() && !file.is_empty() => {
                    (format(name).unwrap_or(self.format), Some(file.into()))
                }
                _ => (self.format, Some(output.into())),
            }
        };
        self.output.iter().map(report).collect()
    }

    /// Whether findings are told apart into new and known ones.
    pub fn compares(&self) -> bool {
        self.baseline.is_some() || self.since().is_some() || self.changed || self.staged
    }

    /// Whether all of the files and rules that were asked for are looked at, so that sums mean something.
    pub fn is_whole(&self) -> bool {
        let compared = (self.since().is_some() || self.changed || self.staged) && !self.include_known;
        let narrowed = !self.selection.select.is_empty() || !self.selection.ignore.is_empty();
        !compared && !narrowed && self.shard.is_none() && self.stdin_filename.is_none()
    }

    /// The commit of `--diff COMMIT`.
    pub fn since(&self) -> Option<&str> {
        self.diff.as_ref()?.as_deref()
    }

    /// Whether a model may say what is like dismissed findings.
    pub fn learns(&self) -> bool {
        // What a model computes may differ in its last bits from machine to machine.
        self.feedback == Feedback::Learn && !self.deterministic
    }

    /// Whether fixes are shown and not written: `--fix --diff`.
    pub fn previews(&self) -> bool {
        self.fix && self.diff == Some(None)
    }

    /// What clap cannot see.
    ///
    /// # Errors
    /// When arguments do not go together.
    pub fn check(&self) -> Result<(), Error> {
        match &self.diff {
            Some(None) if !self.fix => Err(Error::Usage(
                "`--diff` needs a commit or branch; after `--fix` and without one it shows what would change",
            )),
            Some(Some(_)) if self.stdin_filename.is_some() => {
                Err(Error::Usage("`--diff COMMIT` cannot be used with `--stdin-filename`"))
            }
            _ if self.reports().iter().filter(|(_, file)| file.is_none()).count() > 1 => Err(Error::Usage(
                "two reports would go to standard output; give all but one a file: `--output sarif=findings.sarif`",
            )),
            _ => Ok(()),
        }
    }
}

/// Which code is looked at, and with which rules.
#[derive(Args, Clone, Debug)]
pub struct Selection {
    /// Files and folders to look at
    #[arg(value_name = "PATH", default_value = ".")]
    pub paths: Vec<PathBuf>,

    /// Rules to run instead of the configured ones: ids, categories, CWE-n, `default`, `all`
    #[arg(long, value_name = "RULES", value_delimiter = ',', help_heading = "Rules")]
    pub select: Vec<String>,
    /// Rules not to run
    #[arg(long, value_name = "RULES", value_delimiter = ',', help_heading = "Rules")]
    pub ignore: Vec<String>,
    /// The configuration, instead of the nearest sidenote.toml
    #[arg(long, value_name = "FILE", conflicts_with = "no_config", help_heading = "Rules")]
    pub config: Option<PathBuf>,
    /// Ignore every sidenote.toml
    #[arg(long, help_heading = "Rules")]
    pub no_config: bool,

    /// Look into node_modules, target, dist and vendor too
    #[arg(long, help_heading = "Files")]
    pub all_folders: bool,
    /// Look at what .gitignore and .ignore leave out too
    #[arg(long, help_heading = "Files")]
    pub no_gitignore: bool,
    /// Look at hidden files and folders too
    #[arg(long, help_heading = "Files")]
    pub hidden: bool,
    /// Seconds of processor time that the analysis of a file may take, 0 for no end; what is left is told as not analysed [default: 30]
    #[arg(long, value_name = "SECONDS", value_parser = seconds, help_heading = "Files")]
    pub file_timeout: Option<f64>,
    /// Threads [default: one for each core]
    #[arg(short, long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024), help_heading = "Files")]
    pub jobs: Option<u16>,
}

impl Selection {
    /// All of a folder, under its own configuration.
    pub fn of_folder(folder: &Path) -> Selection {
        Selection {
            paths: vec![folder.to_owned()],
            config: None,
            select: Vec::new(),
            ignore: Vec::new(),
            no_config: false,
            all_folders: false,
            no_gitignore: false,
            hidden: false,
            file_timeout: None,
            jobs: None,
        }
    }
}

fn seconds(text: &str) -> Result<f64, String> {
    text.parse()
        .ok()
        .filter(|s| (0.0..=86_400.0).contains(s))
        .ok_or_else(|| "a number of seconds, as 5 or 0.5".to_owned())
}

/// How to report.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub enum Format {
    /// For people in a terminal
    Pretty,
    /// One JSON object
    Json,
    /// A JSON object on each line
    Jsonl,
    /// SARIF 2.1.0, for code scanning
    Sarif,
    /// Workflow commands: annotations in GitHub Actions
    Github,
    /// GitLab's code quality report
    Gitlab,
    /// JUnit's XML: a failed test for each finding
    Junit,
    /// Checkstyle's XML
    Checkstyle,
    /// Reviewdog's format, one object
    Rdjson,
    /// Reviewdog's format, an object on each line
    Rdjsonl,
    /// A summary for the page of a CI job
    Markdown,
    /// A row for each finding
    Csv,
}

impl Format {
    /// Whether it is JSON, which writes control characters as `\u001b`.
    pub fn is_json(self) -> bool {
        matches!(self, Format::Json | Format::Jsonl | Format::Sarif | Format::Gitlab | Format::Rdjson | Format::Rdjsonl)
    }
}

/// From which severity on findings make the exit code 1; `None` for never.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct FailOn {
    /// Any finding that is reported.
    pub any: Option<Severity>,
    /// One that is not known from a baseline or a commit.
    pub new: Option<Severity>,
}

/// One of several parts of a scan's files.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Shard {
    /// Which, from zero.
    pub index: usize,
    /// Of how many.
    pub count: usize,
}

fn shard(text: &str) -> Result<Shard, String> {
    let wrong = || "two numbers, as 1/4, 2/4, 3/4, 4/4".to_owned();
    let (index, count) = text.split_once('/').ok_or_else(wrong)?;
    let number = |text: &str| text.parse::<usize>().map_err(|_| wrong());
    let (index, count) = (number(index)?, number(count)?);
    if index == 0 || index > count || count > 4096 {
        return Err(wrong());
    }
    Ok(Shard { index: index - 1, count })
}

fn severity(text: &str) -> Result<Severity, String> {
    Severity::ALL
        .into_iter()
        .find(|s| s.name() == text)
        .ok_or_else(|| "one of info, low, medium, high, critical".to_owned())
}

fn fail_on(text: &str) -> Result<FailOn, String> {
    let mut fail_on = FailOn::default();
    if text == "never" {
        return Ok(fail_on);
    }
    for part in text.split(',') {
        let (name, slot) = match part.strip_prefix("new:") {
            Some(name) => (name, &mut fail_on.new),
            None => (part, &mut fail_on.any),
        };
        *slot = Some(
            severity(name).map_err(|e| format!("{e}, never; also `new:high`, or several as in `critical,new:low`"))?,
        );
    }
    Ok(fail_on)
}

#[derive(Args, Debug)]
#[command(args_conflicts_with_subcommands = true)]
pub struct Rules {
    #[command(subcommand)]
    pub command: Option<RulesCommand>,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
    /// Only rules of these: ids, categories, CWE-n, `default`, `all`
    #[arg(long, value_name = "RULES", value_delimiter = ',')]
    pub select: Vec<String>,
    /// Only rules for this language
    #[arg(long, value_name = "LANGUAGE")]
    pub language: Option<String>,
    /// Only rules of this category
    #[arg(long, value_name = "CATEGORY", value_parser = category)]
    pub category: Option<Category>,
    /// Judge every rule by its own cases
    #[arg(long, hide = true)]
    pub measure: bool,
}

#[derive(Subcommand, Debug)]
pub enum RulesCommand {
    /// Run your own rules on their cases: code in which they must find something, and code in which they must not
    Test {
        /// A folder, a sidenote.toml, or a YAML file with rules
        #[arg(default_value = ".")]
        path: PathBuf,
    },
}

fn category(text: &str) -> Result<Category, String> {
    Category::ALL
        .into_iter()
        .find(|c| c.name() == text)
        .ok_or_else(|| "one of security, performance, quality".to_owned())
}

#[derive(Args, Debug)]
pub struct Models {
    /// Only libraries of that name, and what has this in its path or kind
    #[arg(value_name = "LIBRARY|PATH")]
    pub filter: Option<String>,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
    /// Only what the configuration adds
    #[arg(long)]
    pub own: bool,
    /// The configuration, instead of the nearest sidenote.toml
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
}

#[derive(Args, Debug)]
pub struct Explain {
    /// The rule's id
    #[cfg_attr(feature = "model", arg(required_unless_present_any = ["trace", "processing"]))]
    #[cfg_attr(not(feature = "model"), arg(required_unless_present = "trace"))]
    pub rule: Option<String>,
    /// Print Markdown
    #[arg(long)]
    pub markdown: bool,
    /// Tell which model saw which code when, how long that took and what it answered: the newest N [default: 50] of a log that is
    /// kept on this machine
    #[cfg(feature = "model")]
    #[arg(long, value_name = "N", num_args = 0..=1, default_missing_value = "50", conflicts_with_all = ["rule", "markdown", "trace"])]
    pub processing: Option<usize>,
    /// Tell why there is a finding at a place, with every step and check on the way; or, where there is none, where the flow of data
    /// was lost
    #[arg(long, value_name = "FILE:LINE[:COLUMN]", conflicts_with_all = ["rule", "markdown"])]
    pub trace: Option<String>,
    /// Print the trace as JSON
    #[arg(long, requires = "trace")]
    pub json: bool,
    /// The configuration, instead of the nearest sidenote.toml
    #[arg(long, value_name = "FILE", requires = "trace")]
    pub config: Option<PathBuf>,
}

#[derive(Args, Debug)]
pub struct Merge {
    /// SARIF files that `sidenote scan --shard` wrote
    #[arg(value_name = "FILE", required = true)]
    pub files: Vec<PathBuf>,
    /// Write the log to a file, whole or not at all
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
}

#[derive(Args, Debug)]
#[command(after_long_help = "\
A scan leaves out what the list holds: sidenote scan --baseline sidenote-baseline.toml
An entry stands for one finding, told by its fingerprint; another of the same kind beside it is new.
It may say `reason`, and `expires = \"2027-03-31\"`: after that day its finding is reported again.")]
pub struct Baseline {
    #[command(subcommand)]
    pub command: BaselineCommand,
}

#[derive(Subcommand, Debug)]
pub enum BaselineCommand {
    /// List all findings that there are
    Create {
        #[command(flatten)]
        entries: Entries,
        /// Replace a list that is there
        #[arg(long)]
        force: bool,
    },
    /// Add what is new, take out what is gone, keep the rest with its reasons; lower the budgets of which less is spent
    Update(Entries),
    /// Take out what is gone or expired, add nothing
    Prune {
        #[command(flatten)]
        selection: Selection,
        /// The list
        #[arg(long, value_name = "FILE", default_value = BASELINE)]
        file: PathBuf,
    },
}

/// Where a baseline lies if nothing else is said.
const BASELINE: &str = "sidenote-baseline.toml";

/// New entries of a baseline.
#[derive(Args, Debug)]
pub struct Entries {
    #[command(flatten)]
    pub selection: Selection,
    /// The list
    #[arg(long, value_name = "FILE", default_value = BASELINE)]
    pub file: PathBuf,
    /// Why the new entries are accepted
    #[arg(long, value_name = "TEXT")]
    pub reason: Option<String>,
    /// The last day on which the new entries hold, as 2027-03-31
    #[arg(long, value_name = "DATE", value_parser = crate::baseline::day)]
    pub expires: Option<String>,
}

/// What dismissed findings do.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub enum Feedback {
    /// Nothing.
    Off,
    /// They no longer count.
    Exact,
    /// And neither do others like them.
    Learn,
}

#[derive(Args, Debug)]
#[command(after_long_help = "\
The list is sidenote-feedback.toml at the root of the repository, to be committed and reviewed; with --user it is
kept for you alone, in your configuration folder.
A dismissed finding is left out of reports (one of security is taken down to `info`) until the flagged code changes.
With a local model, findings that are near to three dismissed ones of the same rule go the same way; reports say how
many. `--undo` on one of these keeps it for good, and stands against what was learned.")]
pub struct Dismiss {
    /// The finding: FILE:LINE, or its fingerprint
    #[arg(value_name = "FINDING", required_unless_present_any = ["list", "prune"])]
    pub finding: Option<String>,
    /// The rule, where several speak in that line
    #[arg(long, value_name = "RULE")]
    pub rule: Option<String>,
    /// Why it does not matter
    #[arg(long, value_name = "TEXT")]
    pub reason: Option<String>,
    /// The last day on which this holds, as 2027-03-31
    #[arg(long, value_name = "DATE", value_parser = crate::baseline::day)]
    pub expires: Option<String>,
    /// Take it back; a finding that was left out for its likeness is kept from now on
    #[arg(long, conflicts_with_all = ["reason", "expires", "keep"])]
    pub undo: bool,
    /// Say that it matters: nothing that is learned from others leaves it out
    #[arg(long)]
    pub keep: bool,
    /// Keep this for yourself, not in the repository
    #[arg(long)]
    pub user: bool,
    /// List what was said, and whether it still holds
    #[arg(long, conflicts_with_all = ["finding", "prune"])]
    pub list: bool,
    /// Take out the entries whose finding is gone, or whose day is over
    #[arg(long, conflicts_with = "finding")]
    pub prune: bool,
    /// Print the list as JSON
    #[arg(long, requires = "list")]
    pub json: bool,
}

#[derive(Args, Debug)]
pub struct Config {
    #[command(subcommand)]
    pub command: ConfigCommand,
}

#[derive(Subcommand, Debug)]
pub enum ConfigCommand {
    /// Check the configuration that holds for a folder, and tell which rules run
    Check {
        /// A folder, or a configuration file
        #[arg(default_value = ".")]
        path: PathBuf,
    },
    /// Print the JSON schema of sidenote.toml
    Schema,
}

#[derive(Args, Debug)]
pub struct Lsp {
    /// Log to a file instead of standard error; SIDENOTE_LOG says what
    #[arg(long, value_name = "FILE")]
    pub log_file: Option<PathBuf>,
    /// Accepted because editors' clients pass it; standard input and output are always used
    #[arg(long, hide = true)]
    pub stdio: bool,
    /// Accepted because editors' clients pass it; the protocol's `processId` is what counts
    #[arg(long = "clientProcessId", value_name = "ID", hide = true)]
    pub client_process_id: Option<u32>,
}

#[derive(Args, Debug)]
pub struct Doctor {
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// What searches share.
#[cfg(feature = "model")]
#[derive(Args, Debug)]
pub struct Searching {
    /// How many to show
    #[arg(short = 'n', long, value_name = "N", default_value_t = 10)]
    pub count: usize,
    /// Seconds to embed functions that are new, before the search goes on with what there is
    #[arg(long, value_name = "SECONDS", default_value_t = 60)]
    pub wait: u64,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
    /// Tell where the time went
    #[arg(long)]
    pub stats: bool,
}

#[cfg(feature = "model")]
#[derive(Args, Debug)]
pub struct Search {
    /// What it does: "parse a date with its time zone"
    pub question: String,
    #[command(flatten)]
    pub searching: Searching,
    /// By words alone: no model is started
    #[arg(long)]
    pub words: bool,
    #[command(flatten)]
    pub selection: Selection,
}

#[cfg(feature = "model")]
#[derive(Args, Debug)]
pub struct Similar {
    /// A line of a function; without, the pairs most alike of all functions are shown
    #[arg(value_name = "FILE:LINE")]
    pub place: Option<String>,
    /// Among all pairs, the least likeness by meaning that is shown, from 0 to 1
    #[arg(long, value_name = "COSINE", default_value_t = 0.9)]
    pub least: f32,
    #[command(flatten)]
    pub searching: Searching,
    #[command(flatten)]
    pub selection: Selection,
}

#[cfg(feature = "model")]
#[derive(Args, Debug)]
pub struct Model {
    #[command(subcommand)]
    pub command: ModelCommand,
}

#[cfg(feature = "model")]
#[derive(Subcommand, Debug)]
pub enum ModelCommand {
    /// List the models that may run
    List {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Allow a GGUF file to run
    Add {
        /// The file; it stays where it is
        file: PathBuf,
        /// Its name in other commands [default: the file's]
        #[arg(long)]
        name: Option<String>,
        /// Make it the encoder, too
        #[arg(long)]
        r#use: bool,
    },
    /// Make a model the encoder, or, where it makes texts, the one that verifies, reviews and explains
    Use { name: String },
    /// Find out whether a model can tell true findings from false ones and obeys no code: only then it votes and reviews
    Exam {
        /// A model that makes texts [default: the one in use]
        name: Option<String>,
        /// Threads
        #[arg(long, default_value_t = 2)]
        threads: u32,
        /// Print the result as JSON
        #[arg(long)]
        json: bool,
        /// Print the questions with their answers as JSON, and ask nobody
        #[arg(long, conflicts_with = "json")]
        questions: bool,
    },
    /// Switch what models are used for: meaning, verdicts, review, explain, fix, log
    Feature {
        /// Which; without, all are told
        name: Option<String>,
        /// `on` or `off`
        #[arg(requires = "name", value_parser = ["on", "off"])]
        state: Option<String>,
    },
    /// Take a model off the list; its file stays
    Remove { name: String },
    /// Check files against their hashes, and their headers
    Verify {
        /// Models, or GGUF files [default: all models]
        names: Vec<String>,
    },
    /// Measure load, speed and memory: of an encoder 5 warm-ups and 100 runs, of a model that makes texts the verdicts on ten functions of a file
    Bench {
        /// A model [default: the encoder]
        name: Option<String>,
        /// Threads
        #[arg(long, default_value_t = 2)]
        threads: u32,
    },
    /// Measure how well a model finds functions by their comments, and hold it against the edge budget
    Eval {
        /// A model [default: the encoder]
        #[arg(long = "model", value_name = "MODEL")]
        name: Option<String>,
        /// The full-precision model that its accuracy is measured against
        #[arg(long, value_name = "MODEL")]
        against: Option<String>,
        /// Pairs of a comment and a function, at most
        #[arg(long, default_value_t = 600)]
        pairs: usize,
        #[command(flatten)]
        selection: Selection,
    },
    /// Replay scripted histories of dismissals over the findings of some code: how much is learned from them, and how much of it is
    /// wrong
    Replay {
        /// Histories of each kind
        #[arg(long, default_value_t = 5)]
        histories: u64,
        #[command(flatten)]
        selection: Selection,
    },
    /// Measure whether likeness to a rule's own cases tells true findings from false ones: on the cases, and on findings that somebody
    /// judged
    Confidence {
        /// Judged findings: rule, path, line, `1` or `0`, separated by tabs
        #[arg(long, value_name = "FILE")]
        labels: Option<PathBuf>,
        /// Where the paths of the judged findings begin
        #[arg(value_name = "FOLDER", default_value = ".")]
        root: PathBuf,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Quantise a model to several types, measure each, and name the one to keep
    Optimize {
        /// A model: an encoder or one that makes texts, best one of full precision
        name: String,
        /// Where the files go
        #[arg(long, value_name = "FOLDER")]
        out: PathBuf,
        /// Types to try
        #[arg(long, value_delimiter = ',', default_values_t = ["q8_0", "q5_1", "q4_1", "q4_0"].map(String::from))]
        types: Vec<String>,
        /// Pairs of a comment and a function, at most
        #[arg(long, default_value_t = 300)]
        pairs: usize,
        #[command(flatten)]
        selection: Selection,
    },
}
