//! Notes on functions that repeat each other: those of one file, and, where somebody has seen all files, of others.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::blocks::{Blocks, Placed};
use crate::document::Document;
use crate::duplicates::{self, Shape, Unit, head, twins};
use crate::findings::{Location, Note, Place};
use crate::rules;
use crate::syntax::Arena;

use super::{Engine, Flow, is_compiled_file, is_test_file, suppress, test_children};

/// Where a twin is.
#[derive(Clone, PartialEq, Debug)]
pub enum TwinPlace {
    /// In the same file: its position in [`Blocks::iter`].
    Here(usize),
    /// In another file.
    There(Location),
}

/// A function that another one repeats, or is repeated by.
#[derive(Clone, PartialEq, Debug)]
pub struct Twin {
    /// Where it is.
    pub place: TwinPlace,
    /// What it is called.
    pub name: String,
    /// How much of the structure is the same, from 0 to 1.
    pub structure: f32,
}

/// A function that is a copy: its position in [`Blocks::iter`], the number of all of its twins, and the most alike ones.
pub type Copied = (usize, usize, Vec<Twin>);

impl Engine {
    /// The functions of a document that may have twins in other files; none of test files, nor where the rule is off.
    pub fn units(&self, document: &Document) -> Vec<Unit> {
        let settings = self.config.settings(document.path());
        let enabled = rules::index(RULE).is_some_and(|i| settings.rules[i].enabled);
        if !enabled
            || is_practice(self.place(document.path()))
            || is_compiled_file(document.path(), document.blocks())
            || !settings.include_tests && is_test_file(self.place(document.path()), document.blocks())
        {
            return Vec::new();
        }
        duplicates::units(document.blocks(), test_children)
    }

    /// A data flow of a document with twins in other files. Where many functions are copies out of one other file, the file is told
    /// of instead of each.
    pub fn among(&self, document: &Document, flow: Flow, twins: &[Copied]) -> Flow {
        let placed: Vec<Placed<'_>> = document.blocks().iter().collect();
        let mut alone = Vec::new();
        let mut of_file: BTreeMap<&str, Vec<&Copied>> = BTreeMap::new();
        for copy in twins {
            match most_alike(&copy.2).map(|twin| &twin.place) {
                Some(TwinPlace::There(Location { path: Some(path), .. })) => {
                    of_file.entry(path).or_default().push(copy)
                }
                _ => alone.push(copy),
            }
        }
        if of_file.values().any(|copies| copies.len() >= COPIES_OF_A_FILE) {
            // Those that somebody allowed one by one stay what their comments speak for.
            let silenced = suppress::silenced(document, &self.config.settings(document.path()), RULE);
            let is_allowed = |(index, ..): &Copied| {
                let at = placed.get(*index).map(|copy| copy.range(head(*copy)).start);
                at.is_some_and(|at| silenced.iter().any(|range| range.contains(&at)))
            };
            for copies in of_file.values_mut() {
                alone.extend(copies.extract_if(.., |copy| is_allowed(copy)));
            }
        }
        let (whole, few): (Vec<_>, Vec<_>) =
            of_file.into_iter().partition(|(_, copies)| copies.len() >= COPIES_OF_A_FILE);
        alone.extend(few.into_iter().flat_map(|(_, copies)| copies));
        let single = alone.into_iter().filter_map(|(index, count, twins)| {
            Some((placed.get(*index)?.block.arena().clone(), note(&placed, *index, *count, twins)?))
        });
        let whole = whole.into_iter().filter_map(|(path, copies)| file_note(&placed, path, &copies));
        flow.among(single.chain(whole).collect())
    }
}

/// Functions of one other file that are repeated before they are told of in one note: then the file is the copy.
const COPIES_OF_A_FILE: usize = 4;

/// Functions that such a note names.
const NAMED_COPIES: usize = 12;

fn most_alike(twins: &[Twin]) -> Option<&Twin> {
    // The first of those that are equal.
    twins.iter().rev().max_by(|a, b| a.structure.total_cmp(&b.structure))
}

/// One note for a file many of whose functions repeat those of another one, on the first of them.
fn file_note(placed: &[Placed<'_>], path: &str, copies: &[&Copied]) -> Option<(Arc<Arena>, Note)> {
    let mut copies = copies.to_vec();
    copies.sort_by_key(|(index, ..)| *index);
    let first = *placed.get(copies.first()?.0)?;
    let message = format!(
        "{} functions of this file repeat functions of {path}. A change to one file will be forgotten in the other: let them \
         share the code.",
        copies.len()
    );
    let mut note = Note::new(rules::find(RULE)?, head(first), message);
    for (index, _, twins) in copies.into_iter().take(NAMED_COPIES) {
        let (copy, twin) = (placed.get(*index)?, most_alike(twins)?);
        let name = copy.block.name().unwrap_or("this function");
        let percent = (twin.structure * 100.0).floor();
        note.related.push((
            Place::Block(Arc::clone(copy.block.arena()), head(*copy)),
            format!("{name} repeats {}, {percent} % the same", twin.name),
        ));
    }
    Some((first.block.arena().clone(), note))
}

pub(super) const RULE: &str = "duplicated-block";

/// Whether a file's folder says that its code repeats itself on purpose: set-ups of tests, measurements, examples, and
/// migrations, which are written once and never changed.
pub(super) fn is_practice(path: &str) -> bool {
    const FOLDERS: &[&str] = &[
        "migration",
        "migrations",
        "test",
        "tests",
        "__tests__",
        "spec",
        "specs",
        "testsuite",
        "testing",
        "fixtures",
        "bench",
        "benches",
        "benchmark",
        "benchmarks",
        "example",
        "examples",
        "stories",
        "__stories__",
        "__mocks__",
        "mocks",
        "stubs",
        "test-utils",
        "test-helpers",
        "testutils",
        // Kept as it was, beside what took its place.
        "deprecated",
    ];
    // `button/deprecated.jsx` holds what was saved in former versions.
    let name = path.rsplit('/').next().unwrap_or(path);
    let former = name.split('.').next() == Some("deprecated");
    former || path.rsplit('/').skip(1).any(|folder| FOLDERS.contains(&folder)) || is_vendored(path)
}

/// Whether a file's folder says that it shows how something is used.
pub(crate) fn is_example(path: &str) -> bool {
    const FOLDERS: &[&str] =
        &["example", "examples", "demo", "demos", "sample", "samples", "sample-app", "playground", "playgrounds"];
    path.rsplit('/').skip(1).any(|folder| FOLDERS.contains(&folder))
}

/// Whether a file's name or folder says that it serves a project to those who work on it: `commands/dev.js`, `vite/dev/index.js`.
pub(super) fn is_dev_server(path: &str) -> bool {
    const NAMES: &[&str] = &["dev", "dev-server", "devserver", "dev_server", "hmr", "hmr-client"];
    path.split('/').any(|part| NAMES.contains(&part.split('.').next().unwrap_or(part).to_ascii_lowercase().as_str()))
}

/// Whether a file's folder says that it stands in for a service while somebody develops.
pub(super) fn is_emulator(path: &str) -> bool {
    path.rsplit('/').skip(1).any(|folder| matches!(folder, "emulator" | "emulators" | "simulator" | "simulators"))
}

/// Whether a file's folder says that its code is somebody else's, kept here as it is.
pub(super) fn is_vendored(path: &str) -> bool {
    const FOLDERS: &[&str] = &[
        "vendor",
        "_vendor",
        "vendored",
        "vendors",
        "third_party",
        "third-party",
        "thirdparty",
        "3rdparty",
        "3rd-party",
        "third-party-libs",
        "bower_components",
        // A generator's, whose copies nobody writes.
        "generated",
        "__generated__",
        "lcov-report",
    ];
    /// Libraries that nobody keeps a folder of code of their own for.
    const COPIED: &[&str] = &[
        "ckeditor",
        "codemirror",
        "crypto-js",
        "datatables",
        "html5shiv",
        "jquery-ui",
        "mathjax",
        "mootools",
        "tinymce",
    ];
    let mut folders = path.rsplit('/').skip(1).peekable();
    while let Some(folder) = folders.next() {
        let beside_a_page = folders
            .peek()
            .is_some_and(|f| matches!(*f, "js" | "lib" | "libs" | "public" | "static" | "assets" | "plugins"));
        if FOLDERS.contains(&folder) || beside_a_page && COPIED.contains(&folder) && path.ends_with(".js") {
            return true;
        }
    }
    false
}

/// Whether a file is a release of somebody else's library, laid beside a page: it is called as that is, lies where such files
/// lie, and names its version first.
pub(super) fn is_release(path: &str, head: &str) -> bool {
    const LIBRARIES: &[&str] = &[
        "ace",
        "angular",
        "backbone",
        "bootstrap",
        "chai",
        "ckeditor",
        "codemirror",
        "d3",
        "datatables",
        "ember",
        "handlebars",
        "highlight",
        "html5shiv",
        "jasmine",
        "jquery",
        "jquery-migrate",
        "jquery-ui",
        "jqueryui",
        "knockout",
        "lodash",
        "marked",
        "mocha",
        "modernizr",
        "moment",
        "mootools",
        "mustache",
        "prettify",
        "prism",
        "prototype",
        "qunit",
        "raphael",
        "react",
        "require",
        "select2",
        "showdown",
        "sinon",
        "tinymce",
        "underscore",
        "vue",
        "zepto",
    ];
    const FOLDERS: &[&str] = &[
        "libs",
        "public",
        "static",
        "assets",
        "examples",
        "example",
        "demo",
        "demos",
        "docs",
        "doc",
        "website",
        "site",
        "plugins",
        "external",
        "test",
        "tests",
        "dependencies",
    ];
    let name = path.rsplit('/').next().unwrap_or(path).to_ascii_lowercase();
    let stem = name.strip_suffix(".js").unwrap_or_default();
    let version =
        stem.find(|c: char| c.is_ascii_digit()).filter(|at| *at > 2 && stem[..*at].ends_with(['-', '.', 'v']));
    let stem = version.map_or(stem, |at| stem[..at].trim_end_matches(['-', '.', 'v']));
    let digit = |at: usize, s: &str| s.as_bytes().get(at).is_some_and(u8::is_ascii_digit);
    let versioned = || head.match_indices('.').any(|(at, _)| at > 0 && digit(at - 1, head) && digit(at + 1, head));
    LIBRARIES.contains(&stem)
        && (version.is_some() || is_vendored(path) || path.rsplit('/').skip(1).any(|folder| FOLDERS.contains(&folder)))
        && head.starts_with("/*")
        && versioned()
}

/// Notes on the functions of a file that repeat others of the same file.
pub(super) fn in_file(blocks: &Blocks) -> Vec<(Arc<Arena>, Note)> {
    let units = duplicates::units(blocks, |arena: &Arena| test_children(arena));
    if units.len() < 2 {
        return Vec::new();
    }
    let shapes: Vec<&Shape> = units.iter().map(|u| &*u.shape).collect();
    let placed: Vec<Placed<'_>> = blocks.iter().collect();
    let bound = |a: usize, b: usize| duplicates::are_counterparts(&units[a].name, &units[b].name);
    let mut notes = Vec::new();
    for (unit, found) in units.iter().zip(twins(&shapes, bound)).filter(|(_, t)| t.is_copy) {
        let twins: Vec<Twin> = found
            .told
            .iter()
            .map(|&(other, structure)| Twin {
                place: TwinPlace::Here(units[other].index),
                name: units[other].name.clone(),
                structure,
            })
            .collect();
        notes.extend(
            note(&placed, unit.index, found.count, &twins).map(|note| (placed[unit.index].block.arena().clone(), note)),
        );
    }
    notes
}

fn note(placed: &[Placed<'_>], index: usize, count: usize, twins: &[Twin]) -> Option<Note> {
    let rule = rules::find(RULE)?;
    let here = placed.get(index)?;
    // The most alike first.
    let mut twins: Vec<&Twin> = twins.iter().collect();
    twins.sort_by(|a, b| b.structure.total_cmp(&a.structure));
    let first = *twins.first()?;
    let name = here.block.name().map_or_else(|| "This function".to_owned(), |n| format!("`{n}`"));
    let elsewhere = match &first.place {
        TwinPlace::Here(_) => String::new(),
        TwinPlace::There(location) => format!(" of {}", location.path.as_deref().unwrap_or("another file")),
    };
    let more = match count {
        0 | 1 => String::new(),
        2 => " and one more".to_owned(),
        n => format!(" and {} more", n - 1),
    };
    let percent = (twins.iter().fold(0.0, |m: f32, t| m.max(t.structure)) * 100.0).floor();
    let same =
        if percent >= 100.0 { "all of its structure".to_owned() } else { format!("{percent} % of its structure") };
    let message = format!(
        "{name} repeats {}{elsewhere}{more}, {same}. A change to one will be forgotten in the other: let them share it.",
        first.name
    );
    let mut note = Note::new(rule, head(*here), message);
    for twin in twins {
        let place = match &twin.place {
            TwinPlace::Here(other) => {
                let other = placed.get(*other)?;
                Place::Block(Arc::clone(other.block.arena()), head(*other))
            }
            TwinPlace::There(location) => Place::File(location.clone()),
        };
        let percent = (twin.structure * 100.0).floor();
        note.related.push((place, format!("{}, {percent} % the same", twin.name)));
    }
    Some(note)
}
