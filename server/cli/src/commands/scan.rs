//! `sidenote scan`.

use std::io::{Read, Write};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use sidenote_core::fix::Wanted;
use sidenote_core::grammars;
use sidenote_core::system::{stop_the_clock, today};
use sidenote_core::text::MAX_BYTES;

use crate::args::{Feedback, Format, Scan as Args};
use crate::baseline::{self, Baseline};
use crate::budget::{self, Spent};
use crate::error::Error;
use crate::owners::Owners;
use crate::report::{self, Context};
use crate::scan::cache::{self, Cache};
use crate::scan::{self, Base, Candidate, Job, Limits, Options, Phase, Scan, Stats, Summary, Workspace};
use crate::trend::{Earlier, Trend};
use crate::{feedback, fix, output, style};

/// Runs it.
pub fn run(args: &Args) -> Result<u8, Error> {
    args.check()?;
    scan::guard_panics();
    if args.deterministic {
        stop_the_clock();
    }
    let stats = Stats::start();
    let mut workspace = Workspace::open(&args.selection, args.stdin_filename.as_deref())?;
    if args.stats {
        workspace.measure(&stats.rules);
    }
    if args.deterministic {
        style::settle(workspace.root());
    }
    let owners = Owners::of(workspace.root());
    if let Some(complaint) = owners.complaint().filter(|_| !args.quiet) {
        say!("note: {}", style::printable(&complaint));
    }
    let said = match args.feedback {
        Feedback::Off => Default::default(),
        Feedback::Exact | Feedback::Learn => feedback::of_root(workspace.root())?,
    };
    let earlier = args.score_baseline.as_deref().map(Earlier::load).transpose()?;
    let reports = args.reports();
    let wanted = |format| reports.iter().any(|(f, _)| *f == format);
    let options = Options {
        min_severity: args.min_severity,
        include_suppressed: args.include_suppressed,
        keep_text: wanted(Format::Pretty) || args.report.is_some() || said.can_learn(),
        line_hashes: wanted(Format::Sarif),
        fix: args.fix.then_some(if args.unsafe_fixes { Wanted::Any } else { Wanted::Safe }),
    };
    workspace.spare(said.dismissed().filter(|_| args.fix).map(str::to_owned));
    let pool = scan::workers(args.selection.jobs)?;
    let list = args.baseline.as_deref().map(Baseline::load).transpose()?;
    let mut stdin = Vec::new();
    let (mut scan, folders) = match &args.stdin_filename {
        Some(_) => (from_stdin(&workspace, &options, &stats, &pool, &mut stdin)?, Default::default()),
        None => {
            let limits = Limits::of(&args.selection, &pool);
            let walked = stats.time(Phase::Walk, || scan::walk(&workspace, limits));
            workspace.settle(&walked.candidates)?;
            let base = Base::open(&workspace, args)?;
            let progress = progress(args, walked.candidates.len());
            let cache = stats.time(Phase::Read, || open_cache(args, &workspace, walked.candidates.len()));
            if args.fix && args.learns() && said.can_learn() {
                // What is left out since it is like dismissed findings is not fixed either; that is known when all is found.
                let options = Options { fix: None, keep_text: true, ..options };
                let (stats, cache) = (&stats, cache.as_ref());
                let first = Job { workspace: &workspace, options, pool: &pool, stats, cache, done: &|| () };
                let found = first.scan(&walked.candidates);
                let alike = feedback::alike(&found, &said, args);
                workspace.spare(alike);
            }
            let job = Job {
                workspace: &workspace,
                options,
                pool: &pool,
                stats: &stats,
                cache: cache.as_ref(),
                done: &|| progress.inc(1),
            };
            let part = args.shard.map(|shard| scan::part(&walked.candidates, shard));
            let mine = |path: &str| part.as_ref().is_none_or(|part| part.contains(path));
            let scan = match &base {
                None => job.scan_part(&walked.candidates, |c| mine(&c.path)),
                Some(base) => {
                    let mut scan = base.scan(&job, walked.candidates, args.include_known)?;
                    scan.files.retain(|f| mine(&f.path));
                    scan.skipped.retain(|s| mine(&s.path));
                    scan
                }
            };
            progress.finish_and_clear();
            if let Some(cache) = cache {
                stats.keep(cache.known(), cache.unread());
                close_cache(args, cache);
            }
            (scan, walked.folders)
        }
    };
    if !said.is_empty() {
        feedback::apply(&mut scan, &said, args);
    }
    // What a baseline knows is counted too.
    let budgets = if args.is_whole() { budget::count(&workspace, &scan) } else { Vec::new() };
    if !args.is_whole() && !args.quiet && args.stdin_filename.is_none() && !workspace.budgets().is_empty() {
        say!("note: budgets are not checked, for this is not the whole scan");
    }
    if let Some(list) = &list {
        let today = today();
        let known = list.known(&today);
        baseline::mark_known(&mut scan, |_, id| known.contains(&id.to_string()), args.include_known);
        let expired = list.expired(&today);
        if expired > 0 && !args.quiet {
            say!("note: {expired} entries of the baseline have expired; their findings are reported again");
        }
    }
    #[cfg(feature = "model")]
    let advice = if args.review { Some(scan::review::run(&workspace, &mut scan, args)?) } else { None };
    let mut summary = Summary::of(&scan);
    summary.budgets = budgets;
    summary.count_owners(&scan, &owners);
    let of_list = list.as_ref().and_then(|list| list.score(&workspace.named())).filter(|_| args.is_whole());
    let before = earlier.as_ref().map(|e| e.score).or(of_list);
    summary.trend = before.map(|before| Trend::new(before, summary.score));
    let code = summary.exit_code(&scan, args.fail_on);
    // What a model says by itself is shown and counts for nothing.
    #[cfg(feature = "model")]
    if let Some(advice) = advice {
        summary.notes = advice.len();
        advice.show(&mut scan);
    }
    let context = Context {
        workspace: &workspace,
        scan: &scan,
        summary: &summary,
        folders: &folders,
        stats: &stats,
        args,
        owners: &owners,
        earlier: earlier.as_ref(),
    };
    let fixes = if args.fix && !args.previews() && args.stdin_filename.is_none() { fix::write(&scan) } else { Ok(()) };
    // With fixes the text or the diff is what is printed, and reports go to files alone.
    let text = if args.previews() {
        Some(fix::diff(&scan, output::on_terminal()))
    } else if args.fix && args.stdin_filename.is_some() {
        let fixed = scan.files.first().and_then(|f| f.fixed.as_ref());
        Some(fixed.map_or(stdin, |f| f.after.as_bytes().to_vec()))
    } else {
        None
    };
    // Each is written whatever becomes of the others.
    let mut told: Vec<Result<(), Error>> = Vec::new();
    if let Some(folder) = &args.report {
        let made = std::fs::create_dir_all(folder).map_err(|source| Error::file(folder, source));
        let page = || output::raw(Some(&folder.join("index.html")), report::html::page(&context).as_bytes());
        told.push(made.and_then(|()| page()));
    }
    if let Some(file) = &args.badge {
        told.push(output::raw(Some(file), report::html::badge(summary.score).as_bytes()));
    }
    told.extend(text.as_ref().map(|text| output::raw(None, text)));
    for (format, file) in reports.iter().filter(|(_, file)| text.is_none() || file.is_some()) {
        let write = |out: &mut dyn Write| report::write(&context, *format, out);
        let file = file.as_deref();
        told.push(if format.is_json() { output::write_plain(file, write) } else { output::write(file, write) });
    }
    let mut failed = told.into_iter().filter_map(Result::err).filter(|error| match error {
        // The reader went away, as `| head` does. What was found stays found.
        Error::Output { source, .. } => source.kind() != std::io::ErrorKind::BrokenPipe,
        _ => true,
    });
    if let Some(first) = failed.next() {
        failed.chain(fixes.err()).for_each(|error| error.print());
        return Err(first);
    }
    let shown = text.is_none() && reports.iter().any(|(format, file)| file.is_none() && *format == Format::Pretty);
    if !args.quiet && !shown {
        say!("{}", report::one_line(&context));
    }
    for complaint in summary.budgets.iter().filter_map(Spent::complaint) {
        say!("{}over budget{:#}: {}", style::BAD, style::BAD, style::printable(&complaint));
    }
    fixes?;
    if args.stats {
        report::stats(&context, &mut anstream::stderr()).map_err(Error::stdout)?;
    }
    if args.previews() && code != crate::error::INTERNAL {
        let changes = scan.files.iter().any(|f| f.fixed.is_some());
        return Ok(if changes { crate::error::FINDINGS } else { crate::error::CLEAN });
    }
    Ok(code)
}

/// Files from which on a scan keeps what it finds, unless a folder is named: fewer are analysed as fast as a cache is read.
const WORTH_KEEPING: usize = 100;

/// The cache that a scan uses. Its keys are contents, so that what the next commit would hold is kept like what lies on the disk.
fn open_cache(args: &Args, workspace: &Workspace, candidates: usize) -> Option<Cache> {
    if args.no_cache {
        return None;
    }
    let folder = match &args.cache_dir {
        Some(folder) => folder.clone(),
        None if candidates < WORTH_KEEPING => return None,
        None => cache::default_folder()?,
    };
    let cache = Cache::open(&folder, workspace.root());
    if let Some(trouble) = cache.trouble().filter(|_| !args.quiet) {
        say!("note: the cache in {} is made anew: {trouble}", style::shown(&folder));
    }
    Some(cache)
}

fn close_cache(args: &Args, cache: Cache) {
    if let Err(error) = cache.save()
        && !args.quiet
    {
        say!("warning: what was found is not kept for the next scan: {error}");
    }
}

/// A progress bar, where somebody is watching.
fn progress(args: &Args, files: usize) -> ProgressBar {
    if args.quiet || args.deterministic || !output::watched() {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::with_draw_target(Some(files as u64), ProgressDrawTarget::stderr_with_hz(12));
    let shape = if style::unicode() { "━╸─" } else { "=> " };
    let template = "{bar:32.cyan/black.bright} {pos}/{len} files  {eta:.dim} to go";
    if let Ok(template) = ProgressStyle::with_template(template) {
        bar.set_style(template.progress_chars(shape));
    }
    bar.enable_steady_tick(Duration::from_millis(100));
    bar
}

/// Analyses standard input as the file that `--stdin-filename` names. All of it goes to `bytes`: with `--fix` nothing of it
/// may get lost, whatever is thought of it.
fn from_stdin(
    workspace: &Workspace,
    options: &Options,
    stats: &Stats,
    pool: &rayon::ThreadPool,
    bytes: &mut Vec<u8>,
) -> Result<Scan, Error> {
    let target = &workspace.targets()[0];
    let candidate = Candidate {
        path: workspace.relative(&target.path),
        file: target.path.clone(),
        project: target.project,
        named: true,
        odd: None,
        content: None,
    };
    let mut input = std::io::stdin().lock();
    let limit = if options.fix.is_some() { u64::MAX } else { MAX_BYTES as u64 + 1 };
    stats.time(Phase::Read, || input.by_ref().take(limit).read_to_end(bytes)).map_err(Error::Stdin)?;
    let by_shebang = || std::str::from_utf8(bytes).ok().and_then(grammars::by_shebang);
    grammars::by_path(&candidate.path)
        .or_else(by_shebang)
        .ok_or_else(|| Error::Language(style::printable(&candidate.path)))?;
    let candidate = Candidate { content: Some(bytes.as_slice().into()), ..candidate };
    workspace.settle(std::slice::from_ref(&candidate))?;
    Ok(Job { workspace, options: *options, pool, stats, cache: None, done: &|| () }.scan(&[candidate]))
}
