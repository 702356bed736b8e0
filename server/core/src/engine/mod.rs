//! The engine: runs the rules over a document's blocks, with what it knows kept by block.

mod foreign;
mod memo;
mod notes;
mod pass;
mod skip;
mod suppress;
mod times;
mod twins;

use std::sync::Arc;

use sidenote_grammars::{Family, Kind};

use crate::blocks::{Block, Blocks};
use crate::config::{Config, Settings};
use crate::document::Document;
use crate::findings::{Finding, Location, Score, score};
use crate::program::Workers;
use crate::rules::declared::{self, Declared};
use crate::rules::{FileFacts, Rule};
use crate::semantics::flow::trace::{Trace, trace};
use crate::semantics::imports::Imports;
use crate::syntax::Arena;
use crate::system::Deadline;

pub(crate) use memo::Standing;
pub use memo::{Flow, Memo};
use notes::{BlockNotes, Left, block_notes, enter};
use pass::{Pass, Seen};
pub use skip::{SkipReason, why_skip};
pub use suppress::Suppression;
pub use times::Times;
pub(crate) use twins::is_example;
pub use twins::{Copied, Twin, TwinPlace};

/// Something that could not be analysed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Gap {
    /// Which bytes.
    pub range: std::ops::Range<usize>,
    /// Why.
    pub message: String,
}

/// How the message of a gap begins where the time was up: what else was found then is chance.
pub const LATE: &str = "took longer than";

/// What the engine says of a file.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// Findings in the order of the file, suppressed ones included.
    pub findings: Vec<Finding>,
    /// What could not be analysed: syntax errors, nesting too deep, budgets.
    pub gaps: Vec<Gap>,
    /// Number of lines.
    pub lines: usize,
}

impl Report {
    /// Findings that are not suppressed.
    pub fn active(&self) -> impl Iterator<Item = &Finding> {
        self.findings.iter().filter(|f| f.suppressed.is_none())
    }

    /// Health score.
    pub fn score(&self) -> Score {
        score(&self.findings, self.lines)
    }
}

/// The engine. Immutable; share it between threads.
pub struct Engine {
    config: Config,
    /// Folders and files that somebody asked for by name, relative to the workspace.
    asked: Vec<String>,
    /// Where the time of each rule is added up, if somebody asks.
    times: Option<Arc<Times>>,
}

impl Engine {
    /// An engine for a configuration.
    pub fn new(config: Config) -> Engine {
        Engine { config, asked: Vec::new(), times: None }
    }

    /// From now on the time that each rule takes is added up.
    pub fn measure(&mut self, times: Arc<Times>) {
        self.times = Some(times);
    }

    /// Somebody asks for these paths by name, relative to the workspace. Then what folders around them are called says nothing of what the files
    /// are for: who names `tests/fixtures` wants to hear of what lies there.
    pub fn ask_for(&mut self, paths: impl IntoIterator<Item = String>) {
        self.asked.extend(paths);
    }

    /// The part of a file's path that tells what it is for: what lies below the nearest folder that was asked for, or its name.
    pub fn place<'p>(&self, path: &'p str) -> &'p str {
        let below = |asked: &String| {
            let rest = path.strip_prefix(asked.as_str())?;
            match asked.as_str() {
                "" => Some(path),
                _ if rest.is_empty() => path.rsplit('/').next(),
                _ => rest.strip_prefix('/'),
            }
        };
        self.asked.iter().filter_map(below).min_by_key(|place| place.len()).unwrap_or(path)
    }

    /// The configuration.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// Follows the data through a document, for [`Memo::set_flow`]. The cost grows with the file.
    pub fn flow(&self, document: &Document) -> Flow {
        Flow::of(document.blocks(), &self.config.settings(document.path()).models)
    }

    /// Tells what the data flow knows of some bytes of a document: why there is a finding, or where a flow was lost. The cost is
    /// that of the whole flow, and somewhat more.
    pub fn trace(&self, document: &Document, range: &std::ops::Range<usize>) -> Trace {
        self.trace_during(document, range, || drop(self.flow(document)))
    }

    /// The same for a document that is part of a program: `analyze` follows the data through that, on this thread.
    pub fn trace_during(&self, document: &Document, range: &std::ops::Range<usize>, analyze: impl FnOnce()) -> Trace {
        trace(document.text(), document.blocks(), range, analyze)
    }

    /// A data flow in which nothing was found, for a version that could not be followed through.
    pub fn no_flow(&self, document: &Document) -> Flow {
        Flow::none(document.blocks(), &self.config.settings(document.path()).models)
    }

    /// Whether the memory holds the data flow of exactly this version under this configuration.
    pub fn has_flow(&self, document: &Document, memo: &Memo) -> bool {
        memo.has_flow_of(document.blocks(), &self.config.settings(document.path()).models)
    }

    /// Does what needs no data flow: the rules that look at one block, and those of the configuration. [`Engine::analyze_quickly`]
    /// with the memory that this gives finds it done, and asks for tree-sitter's tree no more.
    pub fn prepare(&self, document: &Document) -> Memo {
        let settings = self.config.settings(document.path());
        let mut memo = Memo::default();
        let facts = memo.facts(document.path(), self.place(document.path()), document.blocks());
        let left = settings.time_limit.map(Deadline::after).map_or(Left::Enough, Left::Until);
        let mut around: Vec<(Arc<BlockNotes>, usize)> = Vec::new();
        for placed in document.blocks().iter() {
            let in_test = enter(&mut around, placed.depth);
            let (notes, whole) = block_notes(placed.block, &facts, &settings, in_test, (left, self.times.as_deref()));
            if !whole {
                memo.set_late();
                break;
            }
            around.push((notes, 0));
        }
        if !settings.patterns.is_empty() && !memo.is_late() {
            memo.own(document.blocks().root(), &settings, || own_findings(document, &settings));
        }
        memo
    }

    /// Runs the rules that look at one block over a document that is new, by several workers at once. [`Engine::analyze_quickly`]
    /// with this memory finds that done; the report is the same.
    pub fn prepare_with(&self, document: &Document, memo: &mut Memo, workers: &dyn Workers, parts: usize) {
        let settings = self.config.settings(document.path());
        let facts = memo.facts(document.path(), self.place(document.path()), document.blocks());
        let times = self.times.as_deref();
        // Of processor time each thread has its own.
        let left = || settings.time_limit.map(Deadline::after).map_or(Left::Enough, Left::Until);
        let (root, whole) = block_notes(document.blocks().root(), &facts, &settings, false, (left(), times));
        if !whole {
            return;
        }
        workers.each(parts, &|part| {
            let left = left();
            let mut around = vec![(root.clone(), 0)];
            let (mut met, mut mine) = (0, false);
            for placed in document.blocks().iter().skip(1) {
                if placed.depth > 1 && !mine {
                    continue;
                }
                let in_test = enter(&mut around, placed.depth);
                if placed.depth == 1 {
                    mine = met % parts == part;
                    met += 1;
                }
                if mine {
                    let (notes, whole) = block_notes(placed.block, &facts, &settings, in_test, (left, times));
                    if !whole {
                        return;
                    }
                    around.push((notes, 0));
                }
            }
        });
    }

    /// Analyses a document. What was computed for its blocks before is used again where it still holds.
    pub fn analyze(&self, document: &Document) -> Report {
        self.analyze_again(document, &mut Memo::default())
    }

    /// Analyses a document of which `memo` remembers an earlier version. The report is that of [`Engine::analyze`].
    pub fn analyze_again(&self, document: &Document, memo: &mut Memo) -> Report {
        if !self.has_flow(document, memo) {
            memo.set_flow(self.flow(document));
        }
        self.analyze_quickly(document, memo)
    }

    /// Analyses a document at a cost that follows the edits since the version that `memo` remembers. Findings that need
    /// the data flow of the file are those that the memory holds ([`Memo::set_flow`]), moved along with the edits since; the
    /// report is that of [`Engine::analyze`] if [`Engine::has_flow`] this very version.
    pub fn analyze_quickly(&self, document: &Document, memo: &mut Memo) -> Report {
        let settings = self.config.settings(document.path());
        let facts = memo.facts(document.path(), self.place(document.path()), document.blocks());
        let seen = Pass::new(document, &settings, &facts, memo, self.times.as_deref()).look();
        let Seen { mut findings, mut gaps, suppressions, late } = seen;
        tell_once(&mut findings);
        if let (Some(start), Some(limit)) = (late, settings.time_limit) {
            let message = format!("{LATE} {} s: the rest of the file was not analysed", limit.as_secs_f64());
            gaps.push(Gap { range: start..document.text().len(), message });
        } else if !settings.patterns.is_empty() {
            let (own, whole) = memo.own(document.blocks().root(), &settings, || own_findings(document, &settings));
            findings.extend(own.iter().cloned());
            if !whole {
                let message =
                    "too costly: not all of it was looked through for the rules of the configuration".to_owned();
                gaps.push(Gap { range: 0..document.text().len(), message });
            }
        }
        suppress::apply(document, &settings, suppressions, &mut findings);
        findings.sort_by(|a, b| (a.range.start, a.range.end, a.rule.id).cmp(&(b.range.start, b.range.end, b.rule.id)));
        findings.dedup_by(|a, b| a.rule == b.rule && a.range == b.range && a.message == b.message);
        gaps.sort_by_key(|g| g.range.start);
        Report { findings, gaps, lines: document.text().lines() }
    }
}

/// Leaves out what is told in full by another finding.
fn tell_once(findings: &mut Vec<Finding>) {
    // Where a finding begins that is told in full elsewhere, nothing more need be said.
    let begins: Vec<_> = findings.iter().filter_map(|f| Some((f.rule.id, f.flow.first()?.0.range.clone()))).collect();
    findings.retain(|f| !f.flow.is_empty() || !begins.iter().any(|(rule, at)| *rule == f.rule.id && *at == f.range));
    // What a rule tells of the place where its data arrives is told with the whole path already.
    let ends: Vec<_> = findings.iter().filter(|f| !f.flow.is_empty()).map(|f| (f.rule.id, f.range.clone())).collect();
    findings.retain(|f| {
        let meets = |at: &std::ops::Range<usize>| at.start < f.range.end && f.range.start < at.end;
        !f.flow.is_empty() || !ends.iter().any(|(rule, at)| *rule == f.rule.id && meets(at))
    });
}

/// What the rules of the configuration find, and whether all of the file was looked through. The cost grows with the file.
fn own_findings(document: &Document, settings: &Settings) -> (Vec<Finding>, bool) {
    let wanted = |rule: &Rule| settings.find(rule.id).is_some_and(|(_, s)| s.enabled);
    let text = document.text().to_string();
    let Ok(tree) = document.tree() else { return (Vec::new(), false) };
    let (found, whole) = settings.patterns.scan(Some(document.path()), document.language(), text, tree.tree(), &wanted);
    // The named blocks around a place: where each begins and ends, and its path.
    let mut symbols: Vec<(std::ops::Range<usize>, String)> = Vec::new();
    if !found.is_empty() {
        let mut path: Vec<&Block> = Vec::new();
        for placed in document.blocks().iter() {
            path.truncate(placed.depth);
            path.push(placed.block);
            let symbol = path.iter().filter_map(|b| b.name()).collect::<Vec<_>>().join(".");
            symbols.push((placed.start..placed.start + placed.block.len(), symbol));
        }
    }
    let symbol = |at: usize| {
        let around = symbols.iter().rev().find(|(range, _)| range.contains(&at));
        around.map_or_else(String::new, |(_, symbol)| symbol.clone())
    };
    let local = |range| Location { path: None, range, line: 0 };
    let finding = |m: crate::patterns::Match| Finding {
        rule: m.rule,
        severity: settings.find(m.rule.id).and_then(|(_, s)| s.severity).unwrap_or(m.rule.severity),
        confidence: m.rule.confidence,
        symbol: symbol(m.range.start),
        range: m.range,
        message: m.message,
        related: m.related.into_iter().map(|(range, text)| (local(range), text)).collect(),
        flow: Vec::new(),
        fixes: m.fixes,
        suppressed: None,
        feedback: None,
    };
    (found.into_iter().map(finding).collect(), whole)
}

/// Facts of the file that every block's rules may use; kept with the module block that they are read from.
fn file_facts(path: &str, place: &str, blocks: &Blocks) -> Arc<FileFacts> {
    let root = blocks.root();
    let hir = root.hir();
    let imports = Imports::of(&hir, blocks.language().family);
    let is_test = is_test(place, root, &imports);
    let is_compiled = is_compiled(path, root);
    Arc::new(FileFacts {
        path: path.to_owned(),
        imports,
        declared: Declared::of(blocks),
        is_test,
        is_compiled,
        is_vendored: twins::is_vendored(place) || carries_notice(place, blocks.root()),
        is_practice: twins::is_practice(place),
        is_example: twins::is_example(place),
        is_emulator: twins::is_emulator(place),
        is_dev_server: twins::is_dev_server(place),
        is_script: root.arena().text().starts_with("#!"),
        is_demo: twins::is_example(place) && says(root, 2, declared::loads_from_above),
    })
}

/// Whether a file is somebody else's by its first comment: a notice of its licence that names where it comes from, in a folder whose
/// files are served as they are; or Lodash's own.
fn carries_notice(place: &str, module: &Block) -> bool {
    const SERVED: [&str; 8] = ["public", "static", "assets", "www", "wwwroot", "webroot", "htdocs", "tsdecls"];
    let Some(first) = module.arena().comments().next().filter(|c| {
        let before = &module.arena().text()[..c.span().start as usize];
        matches!(before.trim(), "" | "'use strict';" | "\"use strict\";")
    }) else {
        return false;
    };
    // A notice may stand in lines of their own.
    let head: String = module.arena().comments().take(6).map(|c| c.text().to_ascii_lowercase()).collect();
    let lodash = first.text().contains("@license")
        && (first.text().contains("Lodash <http") || head.contains("lodash") && head.contains("<https://lodash.com"));
    let served = place.split('/').rev().skip(1).any(|folder| SERVED.contains(&folder));
    lodash || served && ["license", "licence", "copyright"].iter().any(|w| head.contains(w)) && head.contains("http")
}

/// Whether a file of JavaScript is what a compiler made of sources that lie elsewhere, as the helpers of Babel, TypeScript and esbuild
/// at its top level tell; or is written for Flow, whose types are no JavaScript; or declares types alone. Nobody mends such text for its quality or speed.
fn is_compiled(path: &str, module: &Block) -> bool {
    const HELPERS: [&str; 10] = [
        // A bundle that anybody can load.
        "typeof globalThis !== 'undefined' ? globalThis : global || self",
        "Object.defineProperty(exports, \"__esModule\"",
        "Object.defineProperty(exports, '__esModule'",
        "_interopRequireDefault(require(",
        "_interopRequireWildcard(require(",
        "@babel/runtime",
        "(this && this.__",
        "__toESM(require(",
        "__commonJS({",
        "var __defProp = Object.defineProperty;",
    ];
    // A declaration runs nothing.
    if [".d.ts", ".d.mts", ".d.cts"].iter().any(|e| path.ends_with(e)) {
        return true;
    }
    let script = [".js", ".cjs", ".mjs", ".jsx"].iter().any(|e| path.ends_with(e));
    let text = module.arena().text();
    // What a program is made of by filling in: `<% if (ctx.ssr) { %>`.
    let template = || text.lines().filter(|l| l.trim_start().starts_with("<%")).take(2).count() == 2;
    // The wrapper of a bundle is a function of its own.
    let wrapped = || module.children().take(2).any(|c| c.arena().text().contains(HELPERS[0]));
    script
        && (path.contains(".min.")
            || HELPERS.iter().any(|h| text.contains(h))
            || wrapped()
            || says(module, 4, declared::lowers_chains)
            || template()
            || module.arena().comments().take(4).any(|c| c.text().contains("@flow")))
}

/// Whether a file is compiled from another one.
pub(crate) fn is_compiled_file(path: &str, blocks: &Blocks) -> bool {
    is_compiled(path, blocks.root())
}

/// How far into a file a library names its version, in characters.
const RELEASE_HEAD: usize = 400;

/// Whether a file is test code.
pub(crate) fn is_test_file(path: &str, blocks: &Blocks) -> bool {
    let root = blocks.root();
    is_test(path, root, &Imports::of(&root.hir(), blocks.language().family))
}

/// Whether the file is test code, by what it says rather than where it lies: a folder named `test` holds fixtures and
/// helpers too, and other people's servers.
fn is_test(path: &str, module: &Block, imports: &Imports) -> bool {
    const FRAMEWORKS: [&str; 20] = [
        // What measures is no more shipped than what tests.
        "fastbench",
        "benchmark",
        "tinybench",
        "mitata",
        "cronometro",
        "vitest",
        "@jest/globals",
        "mocha",
        "chai",
        "ava",
        "tap",
        "tape",
        "jasmine",
        "@playwright/test",
        "test",
        "cypress",
        "tstyche",
        "uvu",
        "bun:test",
        "@japa/runner",
    ];
    // What only tests ask for, in a folder of tests.
    const HELPERS: [&str; 13] = [
        "assert",
        "sinon",
        "supertest",
        "nock",
        "should",
        "must",
        "proxyquire",
        "power-assert",
        "rstest",
        "libtest_mimic",
        "assert_cmd",
        "assert_fs",
        "quickcheck",
    ];
    let name = path.rsplit('/').next().unwrap_or(path);
    let rust_tests =
        matches!(name, "tests.rs" | "test.rs") || name.ends_with("_test.rs") || name.ends_with("_tests.rs");
    // A module of tests with a folder of its own: `src/endpoint/tests/mod.rs`.
    let rust_tests = rust_tests || path.ends_with("/tests/mod.rs");
    // Cargo's folder for what is measured.
    let benches = name.ends_with(".rs") && (path.starts_with("benches/") || path.contains("/benches/"));
    // Other people's programs, on which tests run.
    let fixtures = path.split('/').skip_while(|f| !matches!(*f, "test" | "tests" | "spec" | "specs"));
    let fixtures = fixtures.skip(1).any(|f| matches!(f, "fixtures" | "fixture" | "__fixtures__"));
    let jest = path.starts_with("__tests__/") || path.contains("/__tests__/");
    // What shows components to their authors ships no more than tests do.
    let named =
        [".test.", ".spec.", ".tst.", ".e2e.", ".bench.", ".stories.", ".story."].iter().any(|m| name.contains(m));
    // What tries the types of a package: `types/kafka-node-tests.ts`.
    let named = named || name.ends_with("-tests.ts") || name.ends_with("-tests.tsx");
    let stem = name.split('.').next().unwrap_or(name).to_ascii_lowercase();
    let helpers = matches!(
        stem.as_str(),
        "testutils"
            | "test-utils"
            | "test_utils"
            | "testutil"
            | "test-helpers"
            | "testhelpers"
            | "test_helpers"
            | "test-helper"
            | "testhelper"
            | "testhelp"
    );
    let named = named
        || helpers && !name.ends_with(".rs")
        || path.contains("__mocks__/")
        || path.contains("/fakes/")
        || path.contains("/stories/")
        || shows(path);
    if named || jest || fixtures || rust_tests || benches {
        return true;
    }
    let framework =
        |path: &str| FRAMEWORKS.iter().any(|f| path == *f || path.strip_prefix(f).is_some_and(|r| r.starts_with('.')));
    if imports.iter().any(|(_, path)| framework(path)) {
        return true;
    }
    let in_folder = path.rsplit('/').skip(1).any(|f| matches!(f, "test" | "tests" | "spec" | "specs" | "e2e"));
    // `tests/helpers/server.js`, `test/backend/importTest.js`
    let support =
        path.rsplit('/').nth(1).is_some_and(|f| matches!(f, "helpers" | "helper" | "support" | "util" | "utils"));
    let stem = name.split('.').next().unwrap_or(name);
    let suffix =
        ["Test", "Tests", "Spec"].iter().any(|s| stem.strip_suffix(s).is_some_and(|r| r.ends_with(char::is_lowercase)));
    // `test/unit/libs/qunit.js`: somebody else's, for tests.
    let borrowed = in_folder && path.rsplit('/').nth(1).is_some_and(|f| matches!(f, "lib" | "libs" | "vendor"));
    let text = module.arena().text();
    let head = text.char_indices().nth(RELEASE_HEAD).map_or(text, |(end, _)| &text[..end]);
    if twins::is_release(path, head) {
        return true;
    }
    // What a tool pressed together is nobody's to mend, even where it was laid out again.
    let pressed =
        [".min.js", ".min.mjs", ".min.cjs", "-min.js", "-compressed.js", ".pack.js"].iter().any(|m| name.ends_with(m));
    // `test/server.js`, which runs what lies beside the folder.
    let runs = in_folder && RUN_BY_TESTS.contains(&stem) && says(module, 2, declared::loads_from_above);
    // `lib/test/fakeParameters.js`, `test/common_test.js`
    let fake = ["fake", "mock", "stub"].iter().any(|w| stem.to_ascii_lowercase().starts_with(w));
    let fake = in_folder && (fake || ["_test", "-test", "_spec", "-spec"].iter().any(|end| stem.ends_with(end)));
    if pressed || borrowed || runs || fake || in_folder && (support || suffix) {
        return true;
    }
    let helper = |path: &str| {
        HELPERS
            .iter()
            .any(|f| path == *f || path.strip_prefix(f).is_some_and(|r| r.starts_with('.') || r.starts_with("::")))
    };
    if in_folder
        && (says(module, 2, declared::describes)
            || imports.iter().any(|(_, path)| helper(path))
            || says(module, 3, declared::names_runner))
    {
        return true;
    }
    // `#[test]` at the top level: an integration test, helpers included. What offers something to others is no test, but holds some.
    let of_root = |n: &crate::syntax::Node<'_>| n.parent().is_some_and(|p| p.parent().is_none());
    if module.arena().language().family == Family::Rust {
        let marks = |n: &crate::syntax::Node<'_>| !n.text().contains("cfg") && is_test_attribute(n.text());
        let tests = module.arena().nodes().any(|n| n.kind() == Kind::AttributeItem && of_root(&n) && marks(&n));
        return tests && (in_folder || !offers(module));
    }
    // `describe("..", ..)` at the top level, where no such name is declared.
    module.arena().nodes().filter(|n| n.kind() == Kind::CallExpression).any(|call| {
        let callee = call.child(sidenote_grammars::Field::Function);
        callee.is_some_and(|c| {
            c.kind() == Kind::Identifier && matches!(c.text(), "describe" | "suite") && !imports.binds(c.text())
        })
    })
}

/// Whether a file lies in a folder of examples among sources (`src/components/button/examples/`), which shows others how to use them.
fn shows(path: &str) -> bool {
    let folders = path.rsplit_once('/').map_or("", |(folders, _)| folders);
    let below = folders.split('/').skip_while(|f| !matches!(*f, "src" | "lib" | "components" | "docs"));
    below.skip(1).any(|f| matches!(f, "example" | "examples" | "demo" | "demos" | "__demo__" | "__demos__"))
}

/// Whether a module of Rust has items at its top level that are public.
fn offers(module: &Block) -> bool {
    let root = module.arena().root();
    let public =
        |n: crate::syntax::Node<'_>| n.child_of_kind(Kind::VisibilityModifier).is_some_and(|v| v.text() == "pub");
    root.named_children().any(public) || module.children().any(|c| public(c.arena().root()))
}

/// What tests are run with, where it lies in their folder and loads what lies above that.
const RUN_BY_TESTS: [&str; 14] = [
    "appserver",
    "testserver",
    "server",
    "app",
    "setup",
    "common",
    "util",
    "utils",
    "support",
    "mock",
    "mocks",
    "test",
    "bench",
    "benchmark",
];

/// Whether the own text of a block, or of one so deep in it, says something. What is asked of functions stands in [`declared::Part`], or an
/// edit in one would not be noticed.
fn says(block: &Block, depth: usize, what: fn(&str) -> bool) -> bool {
    what(block.arena().text()) || depth > 0 && block.children().any(|c| says(c, depth - 1, what))
}

/// Whether a file tests, measures or shows other code.
pub(crate) fn is_for_tests(document: &Document) -> bool {
    twins::is_practice(document.path()) || is_test_file(document.path(), document.blocks())
}

/// The child blocks that attributes mark as tests.
pub(crate) fn test_children(arena: &Arena) -> Vec<usize> {
    let mut tests = Vec::new();
    if arena.language().family != Family::Rust {
        return tests;
    }
    for attribute in arena.nodes().filter(|n| n.kind() == Kind::AttributeItem && is_test_attribute(n.text())) {
        let marked = std::iter::successors(attribute.next_named_sibling(), |n| n.next_named_sibling())
            .find(|n| n.kind() != Kind::AttributeItem);
        tests.extend(marked.and_then(|n| n.hole()));
    }
    tests.sort_unstable();
    tests.dedup();
    tests
}

/// Whether an attribute is `#[test]`, `#[tokio::test]`, `#[cfg(test)]` and the like.
fn is_test_attribute(text: &str) -> bool {
    let text = text.trim_start_matches("#[").trim_end_matches(']').trim();
    let path = text.split(['(', '=']).next().unwrap_or("").trim();
    match path {
        "cfg" => text.contains("test") && !text.contains("not(test"),
        "bench" | "rstest" | "test_case" | "quickcheck" => true,
        // `cargo_test`, `async_test` and the like are frameworks' own.
        _ => path.rsplit("::").next().is_some_and(|name| name == "test" || name.ends_with("_test")),
    }
}

#[cfg(test)]
mod tests {
    use super::{Engine, is_compiled_file, is_test_file, shows};
    use crate::config::Config;
    use crate::document::Document;

    #[test]
    fn folders_around_what_is_asked_for_tell_nothing() {
        let mut engine = Engine::new(Config::default());
        assert_eq!(engine.place("a/tests/b.ts"), "a/tests/b.ts");
        engine.ask_for(["a".to_owned(), "a/tests/fixtures".to_owned(), "c.ts".to_owned()]);
        assert_eq!(engine.place("a/tests/b.ts"), "tests/b.ts");
        assert_eq!(engine.place("a/tests/fixtures/x/b.ts"), "x/b.ts");
        assert_eq!((engine.place("ab/c.ts"), engine.place("c.ts")), ("ab/c.ts", "c.ts"));
        engine.ask_for([String::new()]);
        assert_eq!(engine.place("ab/c.ts"), "ab/c.ts");
    }

    #[test]
    fn a_server_that_tests_run_is_known_by_what_it_loads() {
        let is_test = |path: &str, code: &str| {
            let language = crate::grammars::by_path(path).expect("a language");
            is_test_file(path, Document::new(path, language, code, 1).expect("parsed").blocks())
        };
        let server = |from: &str| format!("const app = require('express')();\nconst upload = require('{from}');\n");
        assert!(is_test("test/server.js", &server("../lib/index")));
        let inside = format!("module.exports = () => {{\n{}}};\n", server("../../lib/index"));
        assert!(is_test("test/https/test.js", &inside));
        assert!(!is_test("test/server.js", &server("./lib/index")));
        assert!(!is_test("src/server.js", &server("../lib/index")));
        assert!(!is_test("test/shop.js", &server("../lib/index")));
        assert!(is_test("types/kafka-node-tests.ts", "let x = 1;") && !is_test("src/ab-tests.js", "let x = 1;"));
        assert!(is_test("fields/password/test/filters.js", "var demand = require('must');\n"));
        assert!(is_test("lib/editor-compressed.js", "let x = 1;") && !is_test("lib/compressed.js", "let x = 1;"));
        assert!(is_test("test/unit/util/Heap.js", "let x = 1;") && !is_test("src/util/Heap.js", "let x = 1;"));
        assert!(is_test("src/endpoint/tests/mod.rs", "fn f() {}") && !is_test("src/tests/ui/a.rs", "fn f() {}"));
    }

    #[test]
    fn copies_of_libraries_that_name_their_version() {
        let head = "/*!\n * jQuery JavaScript Library v4.0.0\n */";
        assert!(
            super::twins::is_release("client/js/jquery-4.0.0.js", head)
                && super::twins::is_release("public/jquery.js", head)
                && super::twins::is_release("assets/dependencies/jquery.js", head)
        );
        assert!(
            !super::twins::is_release("client/js/jquery.js", head)
                && !super::twins::is_release("client/js/own-4.0.0.js", head)
        );
    }

    #[test]
    fn folders_of_libraries_are_somebody_else_s() {
        let vendored = super::twins::is_vendored;
        assert!(vendored("admin/lib/js/crypto-js/aes.js") && vendored("web/vendor/a.js"));
        assert!(
            !vendored("src/crypto-js/aes.js")
                && !vendored("src/lib/react/hooks.js")
                && !vendored("js/crypto-js/own.ts")
        );
    }

    #[test]
    fn examples_among_sources_are_shown() {
        assert!(shows("packages/core/src/components/Button/examples/Basic.tsx") && shows("docs/examples/a.js"));
        assert!(!shows("examples/src/a.ts") && !shows("src/examples.ts") && !shows("tests/fixtures/demo/src/a.ts"));
    }

    #[test]
    fn what_others_wrote_is_known_by_its_notice() {
        let known = |path: &str, code: &str| {
            let language = crate::grammars::by_path(path).expect("a language");
            let document = Document::new(path, language, code, 1).expect("parsed");
            super::carries_notice(path, document.blocks().root())
        };
        let mirror = "// CodeMirror, copyright (c) by others\n// Distributed under an MIT license: https://codemirror.net/LICENSE\nlet x;\n";
        assert!(known("public/codemirror.js", mirror));
        assert!(known("public/modes/css.js", mirror));
        assert!(!known("src/codemirror.js", mirror));
        assert!(known("src/lodash.js", "/**\n * @license\n * Lodash <https://lodash.com/>\n */\nlet x;\n"));
        assert!(!known("public/own.js", "// Copyright Example Ltd.\nlet x;\n"));
        assert!(!known("public/own.js", "let x; // license https://x.org\n"));
    }

    #[test]
    fn what_a_compiler_wrote_is_known() {
        let compiled = |path: &str, code: &str| {
            let language = crate::grammars::by_path(path).expect("a language");
            let document = Document::new(path, language, code, 1).expect("parsed");
            is_compiled_file(path, document.blocks())
        };
        assert!(compiled(
            "a.js",
            "\"use strict\";\nObject.defineProperty(exports, \"__esModule\", { value: true });\n"
        ));
        assert!(compiled("a.mjs", "import _x from \"@babel/runtime/helpers/createClass\";\n"));
        assert!(compiled("a.min.js", "let x = 1;\n"));
        assert!(compiled("a.js", "<% if (ctx.ssr) { %>\nimport a from './a'\n<% } %>\nrun()\n"));
        assert!(compiled(
            "a.js",
            "var __defProp = Object.defineProperty;\nvar __export = (target, all) => { for (var name in all) { __defProp(target, name, { get: all[name] }); } };\n"
        ));
        assert!(compiled(
            "a.js",
            "(function (global, factory) {\n  typeof exports === 'object' && typeof module !== 'undefined' ? factory(exports) :\n  (global = typeof globalThis !== 'undefined' ? globalThis : global || self, factory(global.X = {}));\n})(this, (function (exports) { exports.a = 1; }));\n"
        ));
        assert!(compiled(
            "a.js",
            "export class A {\n    go() {\n        var _a;\n        return (_a = this.b) === null || _a === void 0 ? void 0 : _a.c;\n    }\n}\n"
        ));
        assert!(compiled("a.js", "/**\n * @flow strict\n */\nlet x = 1;\n"));
        assert!(!compiled("a.ts", "Object.defineProperty(exports, \"__esModule\", { value: true });\n"));
        assert!(!compiled("a.js", "// Data that will flow\nmodule.exports = { go };\n"));
    }
}
