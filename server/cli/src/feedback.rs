//! What people said of findings, applied to a scan, and the lists in which it is kept.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use sidenote_core::feedback::{self, FILE_NAME, FeedbackError, ListError, Told, Vote, hides, user_file};
use sidenote_core::findings::{Severity, weight};
use sidenote_core::system::{OsSystem, today, user_config};
use sidenote_core::text::Text;

use crate::args;
use crate::error::Error;
use crate::scan::{FileReport, Finding, Scan};

/// What the user may do about a list that cannot be used.
pub fn next_step(error: &ListError) -> Option<String> {
    match error {
        ListError::Bad { error: FeedbackError::Format(_), .. } => {
            Some("use the Sidenote that wrote it, or a newer one".to_owned())
        }
        ListError::Bad { error: FeedbackError::Parse(_), .. } => {
            Some("mend it, or set it aside; `--feedback off` scans without it".to_owned())
        }
        ListError::Read { .. } | ListError::Write { .. } => None,
    }
}

/// The feedback that holds for a root today.
///
/// # Errors
/// When a list cannot be used.
pub fn of_root(root: &Path) -> Result<feedback::Feedback, Error> {
    let user = user_config();
    Ok(feedback::Feedback::of_root(&OsSystem, root, user.as_deref(), &today())?)
}

/// Where a list is: the repository's, or the user's own.
///
/// # Errors
/// When there is no home.
pub fn place(root: &Path, user: bool) -> Result<PathBuf, Error> {
    if user {
        let folder = user_config().ok_or(Error::NoHome)?;
        return Ok(user_file(&folder, root));
    }
    Ok(root.join(FILE_NAME))
}

/// Applies feedback to a scan.
pub fn apply(scan: &mut Scan, feedback: &feedback::Feedback, args: &args::Scan) {
    let votes = match args.feedback {
        args::Feedback::Off => return,
        _ if args.learns() => votes(scan, feedback, args.quiet),
        _ => HashMap::new(),
    };
    for file in &mut scan.files {
        let mut debt = file.score.debt;
        let (mut dismissed, mut hidden) = (0, 0);
        let by_place = |n: usize| votes.get(&(file.path.to_string(), n)).copied();
        let told: Vec<Option<Told>> = file
            .findings
            .iter()
            .enumerate()
            .map(|(n, f)| {
                let open = f.suppressed.is_none();
                open.then(|| feedback.judge(f.rule, &f.fingerprint, || by_place(n))).flatten()
            })
            .collect();
        for (finding, told) in file.findings.iter_mut().zip(told) {
            let Some(told) = told else { continue };
            debt -= weight(finding.severity, finding.confidence);
            if hides(finding.rule) {
                finding.suppressed = Some(told.why.clone());
                dismissed += 1;
            } else {
                finding.severity = Severity::Info;
                debt += weight(Severity::Info, finding.confidence);
                hidden += usize::from(finding.severity < args.min_severity);
            }
            finding.feedback = Some(told);
        }
        file.score.debt = debt.max(0.0);
        file.dismissed += dismissed;
        file.hidden += hidden;
        let is_told = |f: &Finding| {
            f.feedback.is_none()
                || f.suppressed.is_none() && f.severity >= args.min_severity
                || f.suppressed.is_some() && args.include_suppressed
        };
        file.findings.retain(is_told);
    }
}

/// Fingerprints of findings that are like dismissed ones.
pub fn alike(scan: &Scan, feedback: &feedback::Feedback, args: &args::Scan) -> Vec<String> {
    let votes = votes(scan, feedback, args.quiet);
    let of = |(path, n): &Place| {
        let file = scan.files.iter().find(|f| *f.path == **path)?;
        Some(file.findings.get(*n)?.fingerprint.to_string())
    };
    votes.keys().filter_map(of).collect()
}

/// A finding by its file and its place among the findings of that.
type Place = (String, usize);

/// What local models say of findings of which nobody spoke, but of whose rule enough was said.
#[cfg(feature = "model")]
fn votes(scan: &Scan, feedback: &feedback::Feedback, quiet: bool) -> HashMap<Place, Vote> {
    use std::time::Duration;

    use sidenote_core::feedback::Subject;

    use crate::local::Encoder;

    /// How long a scan waits for its vectors.
    const PATIENCE: Duration = Duration::from_secs(120);

    let mut by_rule: HashMap<&'static str, Vec<(Place, Subject)>> = HashMap::new();
    for file in scan.files.iter().filter(|_| feedback.can_learn()) {
        let asks =
            |f: &Finding| f.suppressed.is_none() && feedback.learns(f.rule.id) && feedback.of(&f.fingerprint).is_none();
        if !file.findings.iter().any(asks) {
            continue;
        }
        let Some(text) = text_of(file) else { continue };
        for (n, finding) in file.findings.iter().enumerate().filter(|(_, f)| asks(f)) {
            let subject = Subject::of(finding.rule.id, &finding.message, &text, &finding.region.range());
            by_rule.entry(finding.rule.id).or_default().push(((file.path.to_string(), n), subject));
        }
    }
    if by_rule.is_empty() {
        return HashMap::new();
    }
    let encoder = match Encoder::if_wanted() {
        Ok(encoder) => encoder,
        Err(error) => {
            if !quiet {
                say!("note: findings like dismissed ones are reported, for there is no model: {error}");
            }
            return HashMap::new();
        }
    };
    let mut votes = HashMap::new();
    for (rule, findings) in by_rule {
        let examples = feedback.examples(rule);
        let texts: Vec<String> = findings.iter().map(|(_, s)| s.described.clone()).collect();
        match encoder.embedder.cosines(&texts, &examples.texts(), PATIENCE) {
            Ok(rows) => {
                for ((place, own), row) in findings.into_iter().zip(rows) {
                    votes.extend(row.and_then(|row| examples.vote(&own, &row)).map(|vote| (place, vote)));
                }
            }
            Err(error) if quiet => drop(error),
            Err(error) => say!("note: findings of `{rule}` like dismissed ones are reported: {error}"),
        }
    }
    votes
}

#[cfg(not(feature = "model"))]
fn votes(_: &Scan, _: &feedback::Feedback, _: bool) -> HashMap<Place, Vote> {
    HashMap::new()
}

/// The text that was scanned, or else that of the file.
pub fn text_of(file: &FileReport) -> Option<Text> {
    match &file.text {
        Some(text) => Some(Text::new(text)),
        None => Some(Text::new(&std::fs::read_to_string(&file.file).ok()?)),
    }
}
