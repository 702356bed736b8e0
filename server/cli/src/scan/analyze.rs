//! One file, from its bytes to its report.

use std::cell::RefCell;
use std::fs::File;
use std::io::Read;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::{Arc, OnceLock};

use rayon::iter::Either;
use sidenote_core::document::Document;
use sidenote_core::engine::{Copied, Flow, Memo, Report, SkipReason, why_skip};
use sidenote_core::findings::{self, Fingerprint, Location, Severity, fingerprints};
use sidenote_core::fix::{Wanted, fix};
use sidenote_core::grammars::{self, Language};
use sidenote_core::program::{Program, Source};
use sidenote_core::system::{OsSystem, System};
use sidenote_core::text::{MAX_BYTES, Text};

use super::linehash::line_hashes;
use super::model::{FileReport, Finding, Fix, Fixed, Gap, Place, Region, Replacement, Skip, Skipped};
use super::stats::{Phase, Stats};
use super::walk::{Candidate, Odd};
use super::workspace::Workspace;

/// What a report needs to know of each file.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// Leave less severe findings out.
    pub min_severity: Severity,
    /// Report suppressed findings too.
    pub include_suppressed: bool,
    /// Keep the text of files with findings.
    pub keep_text: bool,
    /// Hash lines as GitHub does.
    pub line_hashes: bool,
    /// Fixes to apply before the report.
    pub fix: Option<Wanted>,
}

impl Default for Options {
    fn default() -> Options {
        Options {
            min_severity: Severity::Info,
            include_suppressed: false,
            keep_text: false,
            line_hashes: false,
            fix: None,
        }
    }
}

/// Functions of a file that are copies.
pub type Copies = Vec<Copied>;

/// A file that was read and parsed.
pub enum Loaded {
    /// What it takes to follow the data through it, and to tell what is found.
    Parsed(Box<Parsed>),
    /// What there is to say of a file on which Sidenote itself failed.
    Failed(Box<FileReport>),
}

/// A file of which everything is known that it says by itself.
pub struct Parsed {
    /// Its text with its blocks; tree-sitter's tree is forgotten.
    pub document: Document,
    /// The same, for the program.
    pub source: Source,
    /// What the rules that need no data flow say of it, once they ran.
    memo: OnceLock<Memo>,
}

impl Parsed {
    /// Runs the rules that need no data flow, unless they ran. What fails here fails again when all is put together, and is told then.
    pub fn prepare(&self, workspace: &Workspace, candidate: &Candidate, stats: &Stats) {
        let prepare = || workspace.engine(candidate.project).prepare(&self.document);
        if self.memo.get().is_none()
            && let Ok(memo) = stats.time(Phase::Analyze, || guarded(prepare))
        {
            // Who was first has said the same.
            let _ = self.memo.set(memo);
        }
    }
}

/// A file that was read.
pub struct Opened {
    pub language: &'static Language,
    pub bytes: Arc<Vec<u8>>,
}

/// When the rules that need no other file run over one.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Rules {
    /// Those that need its syntax while that is at hand, with all others; without such rules when a worker has the time.
    Soon,
    /// When something is to be reported of it, if ever.
    OnDemand,
}

/// Reads and parses a file; `None` if it is in no language that is read.
pub fn load(
    workspace: &Workspace,
    candidate: &Candidate,
    rules: Rules,
    stats: &Stats,
) -> Result<Option<Loaded>, Skipped> {
    match open(workspace, candidate, stats)? {
        Some(opened) => parse(workspace, candidate, &opened, rules, stats).map(Some),
        None => Ok(None),
    }
}

/// The language of a file that lies on the disk as it is to be analysed, if its name tells that.
pub fn named(workspace: &Workspace, candidate: &Candidate) -> Option<&'static Language> {
    let is_plain = candidate.odd.is_none() && candidate.content.is_none();
    let language = grammars::by_path(&candidate.path).filter(|_| is_plain)?;
    workspace.engine(candidate.project).config().includes(&candidate.path).then_some(language)
}

/// Reads a file; `None` if it is in no language that is read.
pub fn open(workspace: &Workspace, candidate: &Candidate, stats: &Stats) -> Result<Option<Opened>, Skipped> {
    let skip = |why| Skipped { path: candidate.path.clone(), why };
    let by_name = grammars::by_path(&candidate.path);
    match &candidate.odd {
        Some(Odd::Unreadable(why)) => return Err(skip(Skip::Unreadable(why.clone()))),
        // A link without a known extension is most likely none of our business.
        Some(_) if by_name.is_none() && !candidate.named => return Ok(None),
        Some(Odd::Symlink) => return Err(skip(Skip::Symlink)),
        Some(Odd::Special) => return Err(skip(Skip::Special)),
        None => {}
    }
    if !workspace.engine(candidate.project).config().includes(&candidate.path) {
        return if by_name.is_some() || candidate.named { Err(skip(Skip::Excluded)) } else { Ok(None) };
    }
    let bytes: Arc<Vec<u8>> = match &candidate.content {
        Some(bytes) => Arc::new(bytes.to_vec()),
        None => match stats.time(Phase::Read, || read(&candidate.file, by_name.is_none())) {
            Ok(Either::Left(bytes)) => Arc::new(bytes),
            Ok(Either::Right(why)) => return Err(skip(Skip::Content(why))),
            Err(error) => return Err(skip(Skip::Unreadable(error.to_string()))),
        },
    };
    let language = by_name.or_else(|| std::str::from_utf8(&bytes).ok().and_then(grammars::by_shebang));
    match language {
        Some(language) => Ok(Some(Opened { language, bytes })),
        None if candidate.named => Err(skip(Skip::Language)),
        None => Ok(None),
    }
}

/// Parses a file that was read.
pub fn parse(
    workspace: &Workspace,
    candidate: &Candidate,
    opened: &Opened,
    rules: Rules,
    stats: &Stats,
) -> Result<Loaded, Skipped> {
    let why = |why| Skipped { path: candidate.path.clone(), why: Skip::Content(why) };
    let text = why_skip(&opened.bytes).map_err(why)?;
    parse_text(workspace, candidate, (opened.language, text), rules, stats)
}

/// Parses a text that is known not to be skipped.
pub fn parse_text(
    workspace: &Workspace,
    candidate: &Candidate,
    (language, text): (&'static Language, &str),
    rules: Rules,
    stats: &Stats,
) -> Result<Loaded, Skipped> {
    let skip = |why| Skipped { path: candidate.path.clone(), why };
    let outcome = guarded(|| {
        let document = stats.time(Phase::Parse, || Document::new(&candidate.path, language, text, 0))?;
        let engine = workspace.engine(candidate.project);
        let models = &engine.config().settings(&candidate.path).models;
        let new = || Source::new(engine.place(&candidate.path), document.blocks(), document.text(), models);
        let source = stats.time(Phase::Follow, new);
        Ok(Parsed { document, source, memo: OnceLock::new() })
    });
    match outcome {
        Ok(Ok(mut parsed)) => {
            let needs_syntax =
                || !workspace.engine(candidate.project).config().settings(&candidate.path).patterns.is_empty();
            if rules == Rules::Soon && needs_syntax() {
                parsed.prepare(workspace, candidate, stats);
            }
            parsed.document.forget_tree();
            Ok(Loaded::Parsed(Box::new(parsed)))
        }
        Ok(Err(error)) => {
            let error: sidenote_core::document::DocumentError = error;
            Err(skip(Skip::Parse(error.to_string())))
        }
        Err(panic) => Ok(Loaded::Failed(Box::new(failed(candidate, language, &Text::new(text), &panic)))),
    }
}

/// A file's bytes. Of one without an extension only those with a `#!` line are read to the end.
fn read(path: &Path, needs_shebang: bool) -> std::io::Result<Either<Vec<u8>, SkipReason>> {
    let mut file = File::open(path)?;
    // One byte more than there is: the end is then met without another allocation.
    let length = file.metadata().map_or(0, |m| m.len().min(MAX_BYTES as u64) as usize);
    let mut bytes = Vec::with_capacity(if needs_shebang { 0 } else { length + 1 });
    if !needs_shebang && length > 0 && length < MAX_BYTES {
        // Most files are as long as they are said to be, and are had with one call.
        file.by_ref().take(length as u64).read_to_end(&mut bytes)?;
        return Ok(Either::Left(bytes));
    }
    if needs_shebang {
        file.by_ref().take(2).read_to_end(&mut bytes)?;
        if bytes != b"#!" {
            return Ok(Either::Left(Vec::new()));
        }
    }
    // One byte more than allowed tells a file that is too large, or that grows while it is read.
    file.take(MAX_BYTES as u64 + 1).read_to_end(&mut bytes)?;
    Ok(if bytes.len() > MAX_BYTES { Either::Right(SkipReason::TooLarge) } else { Either::Left(bytes) })
}

/// Analyses a file of a program, and tells what the options ask for.
pub fn analyze(
    workspace: &Workspace,
    candidate: &Candidate,
    parsed: Parsed,
    known: (&Program, Option<&Copies>),
    options: &Options,
    stats: &Stats,
) -> FileReport {
    let (mut file, text) = whole(workspace, candidate, parsed, known, options.fix, stats);
    stats.time(Phase::Resolve, || narrow(&mut file, options, &|| text.to_string()));
    file
}

/// Analyses a file of a program, and tells everything that is found, with the text in which that is. A panic inside becomes a gap.
pub fn whole(
    workspace: &Workspace,
    candidate: &Candidate,
    Parsed { document, memo, .. }: Parsed,
    known: (&Program, Option<&Copies>),
    wanted: Option<Wanted>,
    stats: &Stats,
) -> (FileReport, Text) {
    let others = || Others { workspace, program: known.0, texts: Vec::new() };
    let outcome = guarded(|| {
        let Some(wanted) = wanted else {
            let memo = memo.into_inner().unwrap_or_default();
            let report = stats.time(Phase::Analyze, || report(workspace, candidate, &document, memo, known));
            let file = stats.time(Phase::Resolve, || resolve(candidate, &document, report, others()));
            return (file, document.text().clone());
        };
        let before = document.text().to_string();
        let again = |d: &Document| report(workspace, candidate, d, Memo::default(), (known.0, None));
        let spares = |d: &Document, report: &Report| spared(workspace, d, report);
        let fixed = stats.time(Phase::Fix, || fix(document.clone(), &again, wanted, &spares));
        let mut file = stats.time(Phase::Resolve, || resolve(candidate, &fixed.document, fixed.report, others()));
        file.fixes_refused = fixed.refused;
        if !fixed.applied.is_empty() {
            let after = fixed.document.text().to_string();
            file.fixed = Some(Fixed { before: before.into(), after: after.into(), rules: fixed.applied });
        }
        (file, fixed.document.text().clone())
    });
    outcome.unwrap_or_else(|panic| {
        (failed(candidate, document.language(), document.text(), &panic), document.text().clone())
    })
}

/// The findings of a report that are not to be fixed, by their places in it.
fn spared(workspace: &Workspace, document: &Document, report: &Report) -> Vec<usize> {
    if workspace.spared().is_empty() {
        return Vec::new();
    }
    let ids = fingerprints(document.path(), document.text(), &report.findings).into_iter().enumerate();
    ids.filter(|(_, id)| workspace.spared().contains(&id.to_string())).map(|(n, _)| n).collect()
}

/// What the engine says of a version of a file: the program's own, or one with fixes.
fn report(
    workspace: &Workspace,
    candidate: &Candidate,
    document: &Document,
    memo: Memo,
    (program, copies): (&Program, Option<&Copies>),
) -> Report {
    // Where the files that it belongs with broke the engine it is looked at by itself.
    let flow = match program.failure(&candidate.path) {
        None => program.flow_as(&candidate.path, document.blocks()),
        Some(_) => None,
    };
    put_together(workspace, candidate, document, memo, (flow, copies))
}

fn put_together(
    workspace: &Workspace,
    candidate: &Candidate,
    document: &Document,
    mut memo: Memo,
    (flow, copies): (Option<Flow>, Option<&Copies>),
) -> Report {
    let engine = workspace.engine(candidate.project);
    let flow = flow.unwrap_or_else(|| engine.flow(document));
    memo.set_flow(match copies {
        Some(copies) => engine.among(document, flow, copies),
        None => flow,
    });
    engine.analyze_quickly(document, &mut memo)
}

/// The fingerprints of what is found in a document whose data flow is known, as those of a file of the name `name`. What is
/// suppressed is left out: that it is no longer silenced makes it news.
pub fn fingerprints_of(
    workspace: &Workspace,
    candidate: &Candidate,
    name: &str,
    Parsed { document, memo, .. }: &Parsed,
    known: (Option<Flow>, Option<&Copies>),
    options: &Options,
) -> Vec<Fingerprint> {
    let outcome = guarded(|| {
        let memo = memo.get().cloned().unwrap_or_default();
        let report = put_together(workspace, candidate, document, memo, known);
        let ids = fingerprints(name, document.text(), &report.findings);
        let open =
            |(f, _): &(&findings::Finding, Fingerprint)| f.suppressed.is_none() && f.severity >= options.min_severity;
        report.findings.iter().zip(ids).filter(open).map(|(_, id)| id).collect()
    });
    // Sidenote fails on the old version: nothing is known of it.
    outcome.unwrap_or_default()
}

/// The report of a file on which Sidenote itself failed.
fn failed(candidate: &Candidate, language: &'static Language, text: &Text, panic: &str) -> FileReport {
    let gap = Gap {
        region: Region::new(text, &(0..0)),
        message: format!("the analysis of this file failed inside Sidenote: {panic}"),
        internal: true,
    };
    FileReport { gaps: vec![gap], ..empty(candidate, language, text) }
}

fn empty(candidate: &Candidate, language: &'static Language, text: &Text) -> FileReport {
    FileReport {
        path: candidate.path.clone(),
        file: candidate.file.clone(),
        language: language.name,
        lines: text.lines(),
        bytes: text.len(),
        score: findings::score(&[], text.lines()),
        findings: Vec::new(),
        suppressed: 0,
        dismissed: 0,
        hidden: 0,
        known: 0,
        gaps: Vec::new(),
        text: None,
        fixed: None,
        fixes_refused: 0,
    }
}

/// Everything that is found in a file, with its places.
fn resolve(candidate: &Candidate, document: &Document, report: Report, mut others: Others<'_>) -> FileReport {
    let rope = document.text();
    let ids = fingerprints(&candidate.path, rope, &report.findings);
    let mut file = empty(candidate, document.language(), rope);
    file.score = report.score();
    file.gaps = report
        .gaps
        .iter()
        .map(|gap| Gap { region: Region::new(rope, &gap.range), message: gap.message.clone(), internal: false })
        .collect();
    for (finding, fingerprint) in report.findings.into_iter().zip(ids) {
        let fixes = finding.fixes.iter().map(|fix| Fix {
            title: fix.title.clone(),
            safe: fix.safe,
            edits: fix
                .edits
                .iter()
                .map(|(range, text)| Replacement { region: Region::new(rope, range), text: text.clone() })
                .collect(),
        });
        file.findings.push(Finding {
            rule: finding.rule,
            severity: finding.severity,
            confidence: finding.confidence,
            region: Region::new(rope, &finding.range),
            related: others.places(&finding.related, rope),
            flow: others.places(&finding.flow, rope),
            fixes: fixes.collect(),
            message: finding.message,
            symbol: finding.symbol,
            suppressed: finding.suppressed,
            feedback: finding.feedback,
            known: false,
            fingerprint,
            line_hash: None,
            verdict: None,
        });
    }
    file
}

/// Leaves out of a file's findings what is not asked for, and adds what is. `text` gives the file's text.
pub fn narrow(file: &mut FileReport, options: &Options, text: &dyn Fn() -> String) {
    for finding in &file.findings {
        let (suppressed, low) = (finding.suppressed.is_some(), finding.severity < options.min_severity);
        file.suppressed += usize::from(suppressed);
        file.hidden += usize::from(low && !suppressed);
    }
    file.findings
        .retain(|f| f.severity >= options.min_severity && (f.suppressed.is_none() || options.include_suppressed));
    if options.line_hashes && !file.findings.is_empty() {
        let hashes = line_hashes(&text());
        for finding in &mut file.findings {
            let hash = hashes.get(finding.region.start.line as usize - 1);
            finding.line_hash = Some(hash.cloned().unwrap_or_default());
        }
    }
    let is_told = !(file.findings.is_empty() && file.gaps.is_empty());
    if options.keep_text && is_told && !file.gaps.iter().any(|g| g.internal) {
        file.text = Some(text().into());
    }
}

/// Texts of other files that findings lead to, read once for each file.
struct Others<'w> {
    workspace: &'w Workspace,
    program: &'w Program,
    texts: Vec<(Arc<str>, Option<Text>)>,
}

impl Others<'_> {
    fn places(&mut self, places: &[(Location, String)], own: &Text) -> Vec<Place> {
        let place = |(location, message): &(Location, String)| {
            let region = match &location.path {
                None => Region::new(own, &location.range),
                Some(path) => self.region(path, location),
            };
            Place { path: location.path.clone(), region, message: message.clone() }
        };
        places.iter().map(place).collect()
    }

    fn region(&mut self, path: &Arc<str>, location: &Location) -> Region {
        let known = self.texts.iter().position(|(p, _)| p == path);
        let index = known.unwrap_or_else(|| {
            let from_disk = || OsSystem.read(&self.workspace.root().join(&**path)).map(|t| Text::new(&t));
            let text = self.program.text(path).cloned().or_else(from_disk);
            self.texts.push((path.clone(), text));
            self.texts.len() - 1
        });
        match &self.texts[index].1 {
            Some(text) => Region::new(text, &location.range),
            None => {
                let mut region = Region::new(&Text::new(""), &(0..0));
                (region.start.line, region.end.line) = (location.line.max(1), location.line.max(1));
                region
            }
        }
    }
}

thread_local! {
    static PANIC: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// From now on a panic inside of [`guarded`] prints nothing, and any other one what it always did.
pub fn guard_panics() {
    let before = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        if GUARDED.with(std::cell::Cell::get) {
            let place = info.location().map_or_else(String::new, |l| format!(" ({}:{})", l.file(), l.line()));
            let message = info.payload_as_str().unwrap_or("no message");
            PANIC.set(Some(format!("{message}{place}")));
        } else {
            before(info);
        }
    }));
}

thread_local! {
    static GUARDED: std::cell::Cell<bool> = const { std::cell::Cell::new(false) };
}

/// Does something; a panic is caught and told.
pub fn guarded<T>(work: impl FnOnce() -> T) -> Result<T, String> {
    GUARDED.set(true);
    // Nothing that outlives the work is changed by it: the engine is immutable, and the parser is set anew each time.
    let outcome = catch_unwind(AssertUnwindSafe(work));
    GUARDED.set(false);
    outcome.map_err(|payload| {
        let told = payload.downcast_ref::<&str>().map(|s| (*s).to_owned());
        let told = told.or_else(|| payload.downcast_ref::<String>().cloned());
        PANIC.take().or(told).unwrap_or_else(|| "no message".to_owned())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_is_caught_and_told() {
        guard_panics();
        let told = guarded(|| panic!("index {} is out of range", 7)).map(|()| 0).expect_err("a panic");
        assert!(told.starts_with("index 7 is out of range (") && told.contains("analyze.rs:"), "{told}");
        assert_eq!(guarded(|| 3), Ok(3));
    }
}
