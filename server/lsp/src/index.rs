//! The programs behind the open documents: the files of a workspace folder with the flow between them.
//!
//! An index is built when the first document of its folder is opened, on the thread that may take its time. What is in an
//! editor wins over what is on disk. Whoever must not wait asks with [`Index::try_follow`].

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use rustc_hash::FxHashMap;
use sidenote_core::blocks::Blocks;
use sidenote_core::config::repository_root;
use sidenote_core::document::{Document, DocumentError};
use sidenote_core::engine::{Engine, Flow, why_skip};
use sidenote_core::grammars::{self, Language};
use sidenote_core::program::{Alone, Layout, Program, Source, Workers};
use sidenote_core::semantics::flow::ModelSet;
use sidenote_core::system::{OsSystem, System};
use sidenote_core::text::Text;
use tower_lsp::ls_types::Uri;

use crate::files::{FOREIGN, walker};
use crate::pool::Later;

/// Most source text that an index holds, in bytes. Of a larger folder only open documents and what they import are followed.
const MAX_BYTES: usize = 96 << 20;

/// Rounds in which files that files import are read.
const MAX_ROUNDS: usize = 64;

/// How often, and how many times, a folder that somebody else reads is looked for.
const WAIT: std::time::Duration = std::time::Duration::from_millis(5);
const MAX_WAITS: usize = 24_000;

/// Stack of a thread that reads files, in bytes.
const STACK: usize = 16 << 20;

/// Flows of documents that changed because another one did.
pub(crate) type News = Vec<(Uri, Flow)>;

/// The files of a folder, or single documents outside of every folder.
pub(crate) struct Index {
    folder: Option<(PathBuf, Arc<Engine>)>,
    /// What the paths of the program's files are relative to.
    root: PathBuf,
    /// Whether somebody is to build it, or did.
    asked: AtomicBool,
    inner: Mutex<Inner>,
}

struct Inner {
    program: Program,
    /// Whether the files of the folder are in the program.
    ready: bool,
    /// Open documents by path.
    open: FxHashMap<String, Uri>,
    /// Files that were looked for and are not there, or cannot be used.
    absent: FxHashMap<String, bool>,
}

impl Index {
    /// The index of a folder.
    pub(crate) fn of_folder(folder: &Path, engine: Arc<Engine>) -> Index {
        let root = repository_root(&OsSystem, folder).unwrap_or_else(|| folder.to_owned());
        Index::new(Some((folder.to_owned(), engine)), root)
    }

    /// For documents outside of every folder: each by itself.
    pub(crate) fn of_strays() -> Index {
        Index::new(None, PathBuf::new())
    }

    fn new(folder: Option<(PathBuf, Arc<Engine>)>, root: PathBuf) -> Index {
        let (program, ready) = (Program::new(root.clone()), folder.is_none());
        let inner = Inner { program, ready, open: FxHashMap::default(), absent: FxHashMap::default() };
        Index { folder, root, asked: AtomicBool::new(ready), inner: Mutex::new(inner) }
    }

    /// What places in other files are relative to.
    pub(crate) fn base(&self) -> Option<PathBuf> {
        self.folder.as_ref().map(|_| self.root.clone())
    }

    /// Whether it is time to build it; true once.
    pub(crate) fn wants_building(&self) -> bool {
        !self.asked.swap(true, Ordering::Relaxed)
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A file's path in the program; `None` for files outside of the root.
    fn relative(&self, file: &Path) -> Option<String> {
        let rest = file.strip_prefix(&self.root).ok()?;
        Some(rest.components().map(|c| c.as_os_str().to_string_lossy()).collect::<Vec<_>>().join("/"))
    }

    /// The path in the program of a document that lies at a path below its folder.
    pub(crate) fn path_of(&self, document: &Document) -> String {
        self.path_at(document.path())
    }

    fn path_at(&self, below: &str) -> String {
        match &self.folder {
            Some((folder, _)) => self.relative(&folder.join(below)).unwrap_or_default(),
            None => below.to_owned(),
        }
    }

    /// Reads the folder; of documents that are open what is in the editor counts. Their flows are news then.
    pub(crate) fn build(&self, documents: &[Later]) -> News {
        let mut inner = self.lock();
        let Some((folder, engine)) = &self.folder else { return News::new() };
        for Later { uri, document, engine, .. } in documents.iter().filter(|d| !d.document.is_held()) {
            self.set(&mut inner, uri, document, engine);
        }
        let mut files = Vec::new();
        let mut bytes = 0;
        for entry in walker(folder, |_, _| false).build().flatten() {
            let path = entry.path();
            let Some(relative) = self.relative(path) else { continue };
            let below = path.strip_prefix(folder).map(|p| p.to_string_lossy().replace('\\', "/")).unwrap_or_default();
            let is_file = entry.file_type().is_some_and(|t| t.is_file());
            if is_file && grammars::by_path(&relative).is_some() && engine.config().includes(&below) {
                bytes += entry.metadata().map_or(0, |m| m.len() as usize);
                files.push(relative);
            }
        }
        if bytes > MAX_BYTES {
            tracing::warn!("{} is too large to follow data through all of it", folder.display());
            files.clear();
        }
        files.sort_unstable();
        files.retain(|f| !inner.program.contains(f));
        self.load(&mut inner, &files);
        inner.ready = true;
        self.update(&mut inner, None)
    }

    /// Follows the data through a document's version and whatever depends on it.
    pub(crate) fn follow(&self, uri: &Uri, document: &Document, engine: &Engine) -> (Option<Flow>, News) {
        let mut inner = self.lock();
        self.follow_in(&mut inner, uri, document, engine)
    }

    /// The same, if nobody else is at work and the folder is known.
    pub(crate) fn try_follow(&self, uri: &Uri, document: &Document, engine: &Engine) -> Option<(Option<Flow>, News)> {
        let mut inner = self.inner.try_lock().ok().filter(|i| i.ready)?;
        Some(self.follow_in(&mut inner, uri, document, engine))
    }

    /// Puts a version of an open document into the program.
    fn set(&self, inner: &mut Inner, uri: &Uri, document: &Document, engine: &Engine) -> String {
        let path = self.path_of(document);
        inner.open.insert(path.clone(), uri.clone());
        inner.program.set(&path, source(&path, document, &engine.config().settings(document.path()).models));
        inner.program.edit(&path, true);
        path
    }

    fn follow_in(&self, inner: &mut Inner, uri: &Uri, document: &Document, engine: &Engine) -> (Option<Flow>, News) {
        let path = self.set(inner, uri, document, engine);
        let news = self.update(inner, Some(&path));
        let failed = inner.program.failure(&path).is_some();
        (inner.program.flow(&path).filter(|_| !failed), news)
    }

    /// Waits until the folder is known; not for ever, should the thread that reads it have broken.
    pub(crate) fn wait_until_ready(&self) {
        for _ in 0..MAX_WAITS {
            if self.lock().ready {
                return;
            }
            std::thread::sleep(WAIT);
        }
    }

    /// A file as it is on disk. Where the program has read the same text it is not parsed again; what is open may have been
    /// parsed while it was broken, and is. The program's blocks are taken over where they are the same.
    ///
    /// # Errors
    /// When it cannot be parsed.
    pub(crate) fn on_disk(
        &self,
        path: &str,
        language: &'static Language,
        text: &str,
    ) -> Result<Document, DocumentError> {
        let (known, is_open) = {
            let inner = self.lock();
            let at = self.path_at(path);
            (inner.program.text(&at).cloned().zip(inner.program.blocks(&at).cloned()), inner.open.contains_key(&at))
        };
        let same = |known: &Text, blocks: &Blocks| known == text && std::ptr::eq(blocks.language(), language);
        match known {
            Some((known, blocks)) if !is_open && same(&known, &blocks) => Ok(Document::of_blocks(path, known, blocks)),
            known => {
                let mut document = Document::new(path, language, text, 0)?;
                if let Some((_, blocks)) = known {
                    document.share(&blocks);
                }
                Ok(document)
            }
        }
    }

    /// The data flow of a document that is not open; `None` if it is not known.
    pub(crate) fn flow_of(&self, document: &Document) -> Option<Flow> {
        let inner = self.lock();
        let path = self.path_of(document);
        if inner.program.failure(&path).is_some() {
            return None;
        }
        inner.program.flow_as(&path, document.blocks())
    }

    /// A document was closed: what is on disk counts again.
    pub(crate) fn close(&self, uri: &Uri) -> News {
        let mut inner = self.lock();
        let Some(path) = inner.open.iter().find(|(_, u)| *u == uri).map(|(p, _)| p.clone()) else {
            return News::new();
        };
        inner.open.remove(&path);
        inner.program.edit(&path, false);
        self.reread(&mut inner, &[path]);
        self.update(&mut inner, None)
    }

    /// Files changed on disk, came or went.
    pub(crate) fn changed(&self, files: &[PathBuf]) -> News {
        let mut inner = self.lock();
        if !inner.ready {
            return News::new();
        }
        let paths: Vec<String> = files.iter().filter_map(|f| self.relative(f)).collect();
        let wanted = |p: &&String| !is_foreign(p) && grammars::by_path(p).is_some() && self.includes(p);
        let code: Vec<String> = paths.iter().filter(wanted).filter(|p| !inner.open.contains_key(*p)).cloned().collect();
        self.reread(&mut inner, &code);
        if paths.iter().any(|p| Layout::is_manifest(p)) {
            inner.absent.clear();
            inner.program.read_layout(&OsSystem);
        }
        self.update(&mut inner, None)
    }

    fn includes(&self, path: &str) -> bool {
        let Some((folder, engine)) = &self.folder else { return false };
        let file = self.root.join(path);
        file.strip_prefix(folder).is_ok_and(|p| engine.config().includes(&p.to_string_lossy().replace('\\', "/")))
    }

    fn reread(&self, inner: &mut Inner, paths: &[String]) {
        for path in paths {
            inner.program.remove(path);
        }
        inner.absent.clear();
        if self.folder.is_some() {
            self.load(inner, paths);
        }
    }

    fn load(&self, inner: &mut Inner, paths: &[String]) {
        let sources: Vec<Mutex<Option<Source>>> = paths.iter().map(|_| Mutex::default()).collect();
        let threads = if paths.len() < 8 { 1 } else { threads() };
        in_parallel(paths.len(), threads, &|n| {
            let read = Alone.guarded(&mut || {
                *sources[n].lock().unwrap_or_else(PoisonError::into_inner) = self.read(&paths[n]);
            });
            if let Err(panic) = read {
                tracing::error!("reading {} failed: {panic}", paths[n]);
            }
        });
        for (path, source) in paths.iter().zip(sources) {
            match source.into_inner().unwrap_or_else(PoisonError::into_inner) {
                Some(source) => inner.program.set(path, source),
                None => drop(inner.absent.insert(path.clone(), false)),
            }
        }
    }

    fn read(&self, path: &str) -> Option<Source> {
        let language = grammars::by_path(path)?;
        let text = OsSystem.read(&self.root.join(path))?;
        let text = why_skip(text.as_bytes()).ok()?;
        let document = Document::new(path, language, text, 0).ok()?;
        let (folder, engine) = self.folder.as_ref()?;
        let file = self.root.join(path);
        let below =
            file.strip_prefix(folder).map_or_else(|_| path.to_owned(), |p| p.to_string_lossy().replace('\\', "/"));
        Some(source(path, &document, &engine.config().settings(&below).models))
    }

    /// Brings the program up to date: what is news to other open documents.
    fn update(&self, inner: &mut Inner, except: Option<&str>) -> News {
        if self.folder.is_some() && inner.program.is_moved() {
            inner.program.read_layout(&OsSystem);
            for _ in 0..MAX_ROUNDS {
                let Inner { program, absent, .. } = &mut *inner;
                let known = Mutex::new(absent);
                let exists = |path: &str| {
                    let mut known = known.lock().unwrap_or_else(PoisonError::into_inner);
                    let there = || !is_foreign(path) && OsSystem.is_file(&self.root.join(path));
                    *known.entry(path.to_owned()).or_insert_with(there)
                };
                let missing = program.missing(&exists);
                if missing.is_empty() {
                    break;
                }
                self.load(inner, &missing);
                inner.program.read_layout(&OsSystem);
            }
        }
        let changed = inner.program.analyze(&Threads);
        let flow = |path: &Arc<str>| {
            let uri = inner.open.get(&**path).filter(|_| except != Some(&**path))?;
            Some((uri.clone(), inner.program.flow(path)?))
        };
        changed.iter().filter_map(flow).collect()
    }
}

fn source(path: &str, document: &Document, models: &ModelSet) -> Source {
    Source::new(path, document.blocks(), document.text(), models)
}

fn is_foreign(path: &str) -> bool {
    path.split('/').any(|part| FOREIGN.contains(&part))
}

/// As many threads as the machine has, for whole folders.
struct Threads;

impl Workers for Threads {
    fn each(&self, count: usize, work: &(dyn Fn(usize) + Sync)) {
        in_parallel(count, if count < 16 { 1 } else { threads() }, work);
    }

    fn guarded(&self, work: &mut dyn FnMut()) -> Result<(), String> {
        Alone.guarded(work)
    }
}

/// A few pieces of work, each on a thread of its own.
pub(crate) struct Parts;

impl Workers for Parts {
    fn each(&self, count: usize, work: &(dyn Fn(usize) + Sync)) {
        in_parallel(count, count, work);
    }

    fn guarded(&self, work: &mut dyn FnMut()) -> Result<(), String> {
        Alone.guarded(work)
    }
}

/// How many threads there are to work with. The system reads files to tell, so it is asked once.
pub(crate) fn threads() -> usize {
    static THREADS: OnceLock<usize> = OnceLock::new();
    *THREADS.get_or_init(|| std::thread::available_parallelism().map_or(1, usize::from).min(8))
}

/// Calls `work` for every number below `count`, on that many threads.
fn in_parallel(count: usize, threads: usize, work: &(dyn Fn(usize) + Sync)) {
    let next = AtomicUsize::new(0);
    let all = || {
        loop {
            let n = next.fetch_add(1, Ordering::Relaxed);
            if n >= count {
                return;
            }
            work(n);
        }
    };
    std::thread::scope(|scope| {
        for _ in 1..threads {
            let started = std::thread::Builder::new().stack_size(STACK).spawn_scoped(scope, all);
            if started.is_err() {
                break;
            }
        }
        all();
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use sidenote_core::config::Config;
    use sidenote_core::grammars::by_name;

    #[test]
    fn what_the_program_read_is_not_parsed_again() {
        let folder = tempfile::tempdir().expect("a folder");
        let text = "export function f(a: string) { return a; }\n";
        std::fs::write(folder.path().join("a.ts"), text).expect("written");
        let engine = Arc::new(Engine::new(Config::everything()));
        let index = Index::of_folder(folder.path(), engine.clone());
        index.build(&[]);
        let of = |language: &str, text: &str| {
            let language = by_name(language).expect("a language");
            let document = index.on_disk("a.ts", language, text).expect("parsed");
            assert_eq!(document.text().to_string(), text);
            let fresh = Document::new("a.ts", language, text, 0).expect("parsed");
            assert!(document.blocks().same_shape(fresh.blocks()));
            let inner = index.lock();
            Arc::ptr_eq(inner.program.blocks("a.ts").expect("known").root(), document.blocks().root())
        };
        assert!(of("typescript", text));
        assert!(!of("typescript", "export function f(b: string) { return b; }\n"), "another text");
        assert!(!of("tsx", text), "another language");
        let uri = Uri::from_file_path(folder.path().join("a.ts")).expect("an address");
        let open = |text: &str| {
            let open = Document::new("a.ts", by_name("typescript").expect("ts"), text, 1).expect("parsed");
            index.follow(&uri, &open, &engine);
        };
        open("export function f(a: string) { return a + a; }\n");
        assert!(!of("typescript", text), "it is open, and not saved");
        open(text);
        assert!(of("typescript", text), "parsed, and found to be the same");
    }
}
