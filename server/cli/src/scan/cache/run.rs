//! A scan that knows what was found before.

use std::collections::HashSet;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use rayon::prelude::*;
use rustc_hash::{FxHashMap, FxHashSet};
use sidenote_core::engine::{TwinPlace, why_skip};
use sidenote_core::fix::Wanted;
use sidenote_core::grammars::{self, Language};
use sidenote_core::program::{Key, Linked, Names, Outline, Program};
use sidenote_core::system::{OsSystem, System};
use sidenote_lsp::files::FOREIGN;

use super::Cache;
use super::codec::{In, Out};
use super::stamp::{self, Stamp};
use super::values::{self, Facts};
use crate::scan::analyze::{self, Copies, Loaded, Opened, Parsed, Rules, guarded};
use crate::scan::beside::{self, Beside};
use crate::scan::model::Skip;
use crate::scan::program::{MAX_ROUNDS, Pool};
use crate::scan::twins::{self, Function};
use crate::scan::{Candidate, FileReport, Job, Phase, Skipped, Told, put_aside};

/// A candidate that was looked at: read, and parsed where nothing is known of its text.
pub struct Looked {
    seen: Result<Option<Seen>, Skipped>,
}

enum Seen {
    Text(Box<Content>),
    /// Sidenote failed on it.
    Failed(Box<FileReport>),
}

struct Content {
    /// Names its path, text and settings.
    key: Key,
    names: Arc<Names>,
    has_functions: bool,
    language: &'static Language,
    /// What lies on the disk, once somebody needed it; what is parsed needs it no more.
    bytes: OnceLock<Arc<Vec<u8>>>,
    parsed: Mutex<Option<Box<Parsed>>>,
    /// Made with the syntax, where that was made.
    functions: Option<Vec<Function>>,
}

impl Content {
    /// The file's bytes, those of the key. `Err` if something else lies there by now: then nothing of this run is worth keeping.
    fn opened(&self, job: &Job<'_>, cache: &Cache, candidate: &Candidate) -> Result<Opened, Skipped> {
        let language = self.language;
        if let Some(bytes) = self.bytes.get() {
            return Ok(Opened { language, bytes: bytes.clone() });
        }
        let why = |why: String| {
            cache.reliable.store(false, Ordering::Relaxed);
            Skipped { path: candidate.path.clone(), why: Skip::Unreadable(why) }
        };
        let read = job.stats.time(Phase::Read, || std::fs::read(&candidate.file));
        let bytes = read.map_err(|error| why(error.to_string()))?;
        if text_key(job, cache, candidate, &bytes) != self.key {
            return Err(why("it changed while it was scanned; scan again".to_owned()));
        }
        Ok(Opened { language, bytes: self.bytes.get_or_init(|| Arc::new(bytes)).clone() })
    }

    fn text(&self, job: &Job<'_>, cache: &Cache, candidate: &Candidate) -> Result<String, Skipped> {
        if let Some(parsed) = &*self.parsed.lock().unwrap_or_else(PoisonError::into_inner) {
            return Ok(parsed.document.text().to_string());
        }
        let opened = self.opened(job, cache, candidate)?;
        Ok(String::from_utf8_lossy(&opened.bytes).into_owned())
    }
}

impl Looked {
    fn content(&self) -> Option<&Content> {
        match &self.seen {
            Ok(Some(Seen::Text(content))) => Some(content),
            _ => None,
        }
    }

    /// The text, where there is one.
    pub fn text(&self, job: &Job<'_>, cache: &Cache, candidate: &Candidate) -> Option<String> {
        self.content()?.text(job, cache, candidate).ok()
    }
}

fn short(hasher: &blake3::Hasher) -> Key {
    let mut key = [0; 16];
    key.copy_from_slice(&hasher.finalize().as_bytes()[..16]);
    key
}

/// Looks at candidates.
pub fn look(job: &Job<'_>, cache: &Cache, candidates: &[Candidate]) -> Vec<Looked> {
    let look = |candidate: &Candidate| {
        let stamped =
            analyze::named(job.workspace, candidate).and_then(|l| Some((l, Stamped::of(job, cache, candidate)?)));
        if let Some((language, stamped)) = &stamped
            && let Some(seen) = stamped.seen(cache, candidate, language)
        {
            return Looked { seen: seen.map(Some) };
        }
        let stamped = stamped.as_ref().map(|(_, stamped)| stamped);
        let seen = analyze::open(job.workspace, candidate, job.stats)
            .and_then(|opened| opened.map(|opened| read(job, cache, candidate, opened, stamped)).transpose());
        Looked { seen }
    };
    beside::map(candidates, look)
}

/// What the file system said of a file before anybody read it, with the name under which that is kept.
struct Stamped {
    name: Key,
    stamp: Stamp,
}

impl Stamped {
    fn of(job: &Job<'_>, cache: &Cache, candidate: &Candidate) -> Option<Stamped> {
        let stamp = Stamp::of(&std::fs::metadata(&candidate.file).ok()?)?;
        Some(Stamped { name: short(&hasher_of(job, cache, candidate, b"stamp")), stamp })
    }

    /// What the text under the stamp says by itself, if that is known. Nothing is read.
    fn seen(&self, cache: &Cache, candidate: &Candidate, language: &'static Language) -> Option<Result<Seen, Skipped>> {
        let key = stamp::key_under(cache.findings.get(&self.name)?, &self.stamp)?;
        let seen = known(cache, candidate, key, language, OnceLock::new())?;
        cache.unread.fetch_add(1, Ordering::Relaxed);
        Some(seen)
    }

    /// Remembers which text lies under the stamp.
    fn keep(&self, cache: &Cache, key: &Key) {
        if self.stamp.is_settled(cache.opened) {
            cache.findings.put(self.name, stamp::write(&self.stamp, key));
        }
    }
}

/// A hash over what a file is called and how it is looked at.
fn hasher_of(job: &Job<'_>, cache: &Cache, candidate: &Candidate, what: &[u8]) -> blake3::Hasher {
    let engine = job.workspace.engine(candidate.project);
    let settings = engine.config().settings(&candidate.path);
    let mut hasher = blake3::Hasher::new();
    hasher.update(what);
    // Whether it is a test's depends on which folder was named.
    hasher.update(&(engine.place(&candidate.path).len() as u64).to_le_bytes());
    hasher.update(&cache.settings_key(&settings));
    hasher.update(&(candidate.path.len() as u64).to_le_bytes());
    hasher.update(candidate.path.as_bytes());
    hasher
}

/// Names a file's path, text and settings.
fn text_key(job: &Job<'_>, cache: &Cache, candidate: &Candidate, bytes: &[u8]) -> Key {
    let mut hasher = hasher_of(job, cache, candidate, b"file");
    hasher.update(bytes);
    short(&hasher)
}

/// What a text says by itself, as far as that is known.
fn known(
    cache: &Cache,
    candidate: &Candidate,
    key: Key,
    language: &'static Language,
    bytes: OnceLock<Arc<Vec<u8>>>,
) -> Option<Result<Seen, Skipped>> {
    match values::read_facts(cache.findings.get(&key)?)? {
        Facts::Read(names, has_functions) => {
            let (parsed, functions) = (Mutex::default(), None);
            Some(Ok(Seen::Text(Box::new(Content { key, names, has_functions, language, bytes, parsed, functions }))))
        }
        Facts::Skipped(why) => Some(Err(Skipped { path: candidate.path.clone(), why: why.into() })),
    }
}

/// What a text says by itself: as it is known, or else by parsing it.
fn read(
    job: &Job<'_>,
    cache: &Cache,
    candidate: &Candidate,
    opened: Opened,
    stamped: Option<&Stamped>,
) -> Result<Seen, Skipped> {
    let key = text_key(job, cache, candidate, &opened.bytes);
    if let Some(stamped) = stamped {
        stamped.keep(cache, &key);
    }
    let language = opened.language;
    if let Some(known) = known(cache, candidate, key, language, OnceLock::from(opened.bytes.clone())) {
        return known;
    }
    let text = why_skip(&opened.bytes).map_err(|why| {
        cache.findings.put(key, values::write_facts(&Facts::Skipped(why)));
        Skipped { path: candidate.path.clone(), why: why.into() }
    })?;
    match analyze::parse_text(job.workspace, candidate, (language, text), Rules::Soon, job.stats)? {
        Loaded::Failed(report) => Ok(Seen::Failed(report)),
        Loaded::Parsed(parsed) => {
            let functions = || guarded(|| twins::functions(job.workspace, candidate, &parsed));
            let functions = job.stats.time(Phase::Analyze, || job.stats.of_rule(twins::RULE, functions));
            let functions = functions.unwrap_or_default();
            let names = parsed.source.names.clone();
            cache.findings.put(key, values::write_facts(&Facts::Read(names.clone(), !functions.is_empty())));
            if !functions.is_empty() {
                cache.functions().put(key, values::write_functions(&functions));
            }
            let has_functions = !functions.is_empty();
            let (parsed, functions) = (Mutex::new(Some(parsed)), Some(functions));
            // The syntax holds the text.
            let bytes = OnceLock::new();
            Ok(Seen::Text(Box::new(Content { key, names, has_functions, language, bytes, parsed, functions })))
        }
    }
}

/// A file of a state: where it lies, and what was read there.
type Place<'l> = (&'l Candidate, &'l Looked);

/// One state of all files, and what decides what is found in each.
pub struct Snapshot<'l> {
    files: Vec<Place<'l>>,
    linked: Linked,
    copies: FxHashMap<Arc<str>, Copies>,
    /// Names everything that decides what is found in a file.
    keys: FxHashMap<Arc<str>, Key>,
}

/// Files that others import, and that are not part of the scan.
#[derive(Default)]
pub struct Imported(Vec<(Candidate, Looked)>);

impl Imported {
    /// Looks at what the files import, and at what that imports; of the files of the disk those in `gone` do not count.
    pub fn of(job: &Job<'_>, cache: &Cache, files: &[Place<'_>], gone: &HashSet<Arc<str>>) -> (Imported, Outline) {
        let root = job.workspace.root();
        let mut outline = Outline::new(root.to_owned());
        let add = |outline: &mut Outline, candidate: &Candidate, looked: &Looked| {
            if let Some(content) = looked.content() {
                let family = content.language.family;
                outline.add(&candidate.path, family, content.names.clone(), content.key);
            }
        };
        files.iter().for_each(|(candidate, looked)| add(&mut outline, candidate, looked));
        let known: Mutex<FxHashMap<String, bool>> = Mutex::default();
        let exists = |path: &str| {
            let was = known.lock().unwrap_or_else(PoisonError::into_inner).get(path).copied();
            // Nobody waits while the disk is asked; that two ask the same does no harm.
            was.unwrap_or_else(|| {
                let foreign = path.split('/').any(|part| FOREIGN.contains(&part));
                let there = !foreign && !gone.contains(path) && OsSystem.is_file(&root.join(path));
                known.lock().unwrap_or_else(PoisonError::into_inner).insert(path.to_owned(), there);
                there
            })
        };
        let mut imported = Imported::default();
        outline.read_layout(&OsSystem);
        for _ in 0..MAX_ROUNDS {
            let missing = outline.missing(&exists, &Pool { stats: job.stats, beside: None });
            if missing.is_empty() {
                break;
            }
            let look = |path: &String| {
                let candidate = Candidate {
                    path: path.as_str().into(),
                    file: root.join(path),
                    project: 0,
                    named: false,
                    odd: None,
                    content: None,
                };
                let seen = grammars::by_path(path).and_then(|language| {
                    let stamped = Stamped::of(job, cache, &candidate);
                    if let Some(seen) = stamped.as_ref().and_then(|s| s.seen(cache, &candidate, language)) {
                        return Some(seen);
                    }
                    let bytes = Arc::new(OsSystem.read(&candidate.file)?.into_bytes());
                    Some(read(job, cache, &candidate, Opened { language, bytes }, stamped.as_ref()))
                });
                let seen = match seen {
                    Some(Ok(Seen::Text(content))) => Some(Seen::Text(content)),
                    _ => None,
                };
                (candidate, Looked { seen: Ok(seen) })
            };
            let found: Vec<(Candidate, Looked)> = beside::map(&missing, look);
            let mut lacking = FxHashSet::default();
            for (candidate, looked) in found {
                if looked.content().is_none() {
                    known.lock().unwrap_or_else(PoisonError::into_inner).insert(candidate.path.to_string(), false);
                    lacking.insert(candidate.path.to_string());
                    continue;
                }
                add(&mut outline, &candidate, &looked);
                imported.0.push((candidate, looked));
            }
            if !lacking.is_empty() {
                outline.lack(&lacking);
            }
            // A file may lie in a folder with a manifest of its own.
            outline.read_layout(&OsSystem);
        }
        (imported, outline)
    }
}

impl<'l> Snapshot<'l> {
    /// Puts files together, in the order of their paths.
    pub fn new(
        job: &Job<'_>,
        cache: &Cache,
        files: &[Place<'l>],
        (imported, outline): (&'l Imported, Outline),
    ) -> Snapshot<'l> {
        // Fixes are proven on one file at a time, without its twins.
        let copies = || if job.options.fix.is_some() { FxHashMap::default() } else { copies(job, cache, files) };
        let (linked, copies) = rayon::join(|| outline.link(&Pool { stats: job.stats, beside: None }), copies);
        let all: Vec<Place<'l>> = files.iter().copied().chain(imported.0.iter().map(|(c, l)| (c, l))).collect();
        let of_path: FxHashMap<&str, &Content> =
            all.iter().filter_map(|(c, looked)| Some((&*c.path, looked.content()?))).collect();
        let key = |(candidate, looked): &Place<'l>| {
            let mut out = Out::default();
            if let Some(copies) = copies.get(&candidate.path) {
                values::write_copies(&mut out, copies);
                // Where a twin stands is told by its file's lines.
                for twin in copies.iter().flat_map(|(_, _, twins)| twins) {
                    if let TwinPlace::There(at) = &twin.place
                        && let Some(content) = at.path.as_deref().and_then(|p| of_path.get(p))
                    {
                        out.key(&content.key);
                    }
                }
            }
            let mut hasher = blake3::Hasher::new();
            hasher.update(b"found");
            hasher.update(&[u8::from(job.options.fix.is_some())]);
            hasher.update(&looked.content()?.key);
            hasher.update(&linked.key(&candidate.path)?);
            hasher.update(&out.0);
            Some((candidate.path.clone(), short(&hasher)))
        };
        let keys = files.iter().filter_map(key).collect();
        Snapshot { files: all, linked, copies, keys }
    }

    /// Names everything that decides what is found in a file.
    pub fn key(&self, path: &str) -> Option<&Key> {
        self.keys.get(path)
    }

    /// What is known to be found in a file, everything there is.
    fn known(&self, job: &Job<'_>, cache: &Cache, (candidate, looked): Place<'l>) -> Option<FileReport> {
        let content = looked.content()?;
        let settings = job.workspace.engine(candidate.project).config().settings(&candidate.path);
        let bytes = cache.findings.get(self.keys.get(&candidate.path)?)?;
        values::read_report(bytes, candidate, content.language, &settings)
    }

    /// How many files would have to be parsed to tell what is found in some.
    pub fn cost(&self, job: &Job<'_>, cache: &Cache, files: &[Place<'l>]) -> usize {
        let unknown =
            files.par_iter().filter(|(c, l)| l.content().is_some() && self.known(job, cache, (c, l)).is_none());
        let unknown: Vec<&str> = unknown.map(|(c, _)| &*c.path).collect();
        self.linked.closure(unknown.into_iter()).len()
    }

    /// What is found in some of the files, as the job's options ask for it.
    pub fn found(&self, job: &Job<'_>, cache: &Cache, files: &[Place<'l>]) -> Vec<Told> {
        let fixable = |file: &FileReport| match job.options.fix {
            None => false,
            Some(wanted) => file
                .findings
                .iter()
                .any(|f| f.suppressed.is_none() && f.fixes.iter().any(|fix| fix.safe || wanted == Wanted::Any)),
        };
        let known = |place: &Place<'l>| self.known(job, cache, *place).filter(|file| !fixable(file));
        let known: Vec<Option<FileReport>> = job.stats.time(Phase::Resolve, || files.par_iter().map(known).collect());
        let stale = |((candidate, looked), known): (&Place<'l>, &Option<FileReport>)| {
            (known.is_none() && looked.content().is_some()).then_some(&*candidate.path)
        };
        let closure: HashSet<Arc<str>> =
            self.linked.closure(files.iter().zip(&known).filter_map(stale)).into_iter().collect();
        let stale: Vec<Place<'l>> =
            files.iter().zip(&known).filter(|pair| stale(*pair).is_some()).map(|(place, _)| *place).collect();
        let program = self.program(job, cache, &closure, &stale);
        let told = |((candidate, looked), known): (&Place<'l>, Option<FileReport>)| {
            let told = match (&looked.seen, known) {
                (Err(skipped), _) => Err(skipped.clone()),
                (Ok(None), _) => Ok(None),
                (Ok(Some(Seen::Failed(report))), _) => Ok(Some((**report).clone())),
                (Ok(Some(Seen::Text(content))), Some(mut file)) => {
                    cache.known.fetch_add(1, Ordering::Relaxed);
                    let is_shown = job.options.keep_text || job.options.line_hashes;
                    let tells = !(file.findings.is_empty() && file.gaps.is_empty());
                    let text = if is_shown && tells { content.text(job, cache, candidate) } else { Ok(String::new()) };
                    text.map(|text| {
                        analyze::narrow(&mut file, &job.options, &|| text.clone());
                        Some(file)
                    })
                }
                (Ok(Some(Seen::Text(content))), None) => {
                    let parsed = content.parsed.lock().unwrap_or_else(PoisonError::into_inner).take();
                    // Without one the parser gave up, or failed; then it says so once more.
                    let parsed = parsed.map(Loaded::Parsed).map_or_else(|| again(job, cache, candidate, content), Ok);
                    parsed.map(|loaded| match loaded {
                        Loaded::Parsed(parsed) => Some(self.report(job, cache, candidate, *parsed, &program)),
                        Loaded::Failed(report) => Some(*report),
                    })
                }
            };
            (job.done)();
            told
        };
        let told = files.par_iter().zip(known).with_max_len(1).map(told).collect();
        put_aside(program);
        told
    }

    fn report(
        &self,
        job: &Job<'_>,
        cache: &Cache,
        candidate: &Candidate,
        parsed: Parsed,
        program: &Program,
    ) -> FileReport {
        let copies = self.copies.get(&candidate.path);
        let (mut file, text) =
            analyze::whole(job.workspace, candidate, parsed, (program, copies), job.options.fix, job.stats);
        if program.failure(&candidate.path).is_none()
            && let Some(key) = self.keys.get(&candidate.path)
            && let Some(bytes) = values::write_report(&file)
        {
            cache.findings.put(*key, bytes);
        }
        job.stats.time(Phase::Resolve, || analyze::narrow(&mut file, &job.options, &|| text.to_string()));
        file
    }

    /// Follows the data through some files, which are all that decide what is found in those that matter; the other rules go over the
    /// `stale` ones meanwhile.
    fn program(&self, job: &Job<'_>, cache: &Cache, closure: &HashSet<Arc<str>>, stale: &[Place<'l>]) -> Program {
        let mut program = Program::new(job.workspace.root().to_owned());
        if closure.is_empty() {
            return program;
        }
        let wanted: Vec<Place<'l>> = self.files.iter().copied().filter(|(c, _)| closure.contains(&c.path)).collect();
        let parse = |(candidate, looked): &Place<'l>| {
            let content = looked.content()?;
            let mut parsed = content.parsed.lock().unwrap_or_else(PoisonError::into_inner);
            if parsed.is_none() {
                match again(job, cache, candidate, content) {
                    Ok(Loaded::Parsed(made)) => *parsed = Some(made),
                    // What worked before does not work now: chance has a part in it.
                    _ => cache.reliable.store(false, Ordering::Relaxed),
                }
            }
            parsed.as_ref().map(|p| (candidate.path.clone(), p.source.clone()))
        };
        for (path, source) in beside::map(&wanted, parse).into_iter().flatten() {
            program.set(&path, source);
        }
        program.set_layout(self.linked.layout().clone());
        let prepare = |n: usize| {
            let (candidate, looked) = stale[n];
            let Some(content) = looked.content() else { return };
            if let Some(parsed) = &*content.parsed.lock().unwrap_or_else(PoisonError::into_inner) {
                parsed.prepare(job.workspace, candidate, job.stats);
            }
        };
        let beside = Beside::new(stale.len(), &prepare);
        program.analyze(&Pool { stats: job.stats, beside: Some(&beside) });
        beside.rest();
        program
    }
}

/// Parses a file of which something is known. Of most that are parsed only for others nothing is reported.
fn again(job: &Job<'_>, cache: &Cache, candidate: &Candidate, content: &Content) -> Result<Loaded, Skipped> {
    let opened = content.opened(job, cache, candidate)?;
    analyze::parse(job.workspace, candidate, &opened, Rules::OnDemand, job.stats)
}

/// The functions of all files that repeat others, as far as known; else they are compared.
fn copies(job: &Job<'_>, cache: &Cache, files: &[Place<'_>]) -> FxHashMap<Arc<str>, Copies> {
    let having: Vec<(&Candidate, &Content)> = files
        .iter()
        .filter_map(|(candidate, looked)| Some((*candidate, looked.content().filter(|c| c.has_functions)?)))
        .collect();
    let mut hasher = blake3::Hasher::new();
    hasher.update(b"twins");
    having.iter().for_each(|(_, content)| {
        hasher.update(&content.key);
    });
    let key = short(&hasher);
    let known = cache.findings.get(&key).and_then(|bytes| {
        let mut read = In(bytes);
        let all = read.list(|read| Some((Arc::from(read.text()?), values::read_copies(read)?)))?;
        read.end(all.into_iter().collect())
    });
    if let Some(known) = known {
        return known;
    }
    let functions = |(candidate, content): &(&Candidate, &Content)| {
        let kept = || cache.functions().get(&content.key).and_then(values::read_functions);
        let made = || {
            let Ok(Loaded::Parsed(parsed)) = again(job, cache, candidate, content) else {
                cache.reliable.store(false, Ordering::Relaxed);
                return Vec::new();
            };
            let made = twins::functions(job.workspace, candidate, &parsed);
            cache.functions().put(content.key, values::write_functions(&made));
            made
        };
        let functions = content.functions.clone().or_else(kept).unwrap_or_else(made);
        (candidate.path.clone(), functions)
    };
    let functions: Vec<(Arc<str>, Vec<Function>)> = beside::map(&having, functions);
    let across = || twins::across(&functions);
    let found = job.stats.time(Phase::Analyze, || job.stats.of_rule(twins::RULE, across));
    let mut all: Vec<_> = found.iter().collect();
    all.sort_by(|a, b| a.0.cmp(b.0));
    let mut out = Out::default();
    out.list(&all, |out, (path, copies)| {
        out.text(path);
        values::write_copies(out, copies);
    });
    cache.findings.put(key, out.0);
    found
}
