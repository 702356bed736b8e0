//! Functions that repeat those of other files: known only when all files were read.

use std::ops::Range;
use std::sync::Arc;

use rustc_hash::FxHashMap;
use sidenote_core::duplicates::{Shape, Unit, are_counterparts, twins};
use sidenote_core::engine::{Twin, TwinPlace};
use sidenote_core::findings::Location;

use super::Read;
use super::analyze::{Copies, Loaded, Parsed};
use super::walk::Candidate;
use super::workspace::Workspace;

/// The rule that tells of them.
pub const RULE: &str = "duplicated-block";

/// A function that may have twins.
#[derive(Clone, Debug)]
pub struct Function {
    /// Its position among the blocks of its file.
    pub index: usize,
    /// The bytes of its head, and the line on which that begins.
    pub head: Range<usize>,
    pub line: u32,
    pub name: String,
    pub shape: Arc<Shape>,
}

/// The functions of a file that may have twins in others.
pub fn functions(workspace: &Workspace, candidate: &Candidate, Parsed { document, .. }: &Parsed) -> Vec<Function> {
    let line = |unit: &Unit| document.text().line_of(unit.head.start) as u32 + 1;
    let units = workspace.engine(candidate.project).units(document).into_iter();
    let function = |unit: Unit| Function {
        line: line(&unit),
        index: unit.index,
        head: unit.head,
        name: unit.name,
        shape: unit.shape,
    };
    units.map(function).collect()
}

/// The same of a file that was read, if it could be.
pub fn functions_of(workspace: &Workspace, candidate: &Candidate, read: &Read) -> Vec<Function> {
    match read {
        Ok(Some(Loaded::Parsed(parsed))) => functions(workspace, candidate, parsed),
        _ => Vec::new(),
    }
}

/// Folders into which a build writes one form of a package's sources.
const FORMS: [&str; 12] =
    ["_cjs", "_esm", "cjs", "esm", "umd", "commonjs", "dist", "dist-cjs", "dist-es", "dist-esm", "build", "out"];

/// The name of a file without its folders and endings.
fn stem(path: &str) -> &str {
    let name = path.rsplit('/').next().unwrap_or(path);
    name.split('.').next().unwrap_or(name)
}

/// Whether two files are forms of one source, as a package that ships `_cjs` and `_esm` has them: nobody writes these twice.
fn is_built_from_the_same(a: &str, b: &str) -> bool {
    let form = |path: &str| path.split('/').filter(|part| FORMS.contains(part)).map(str::to_owned).collect::<Vec<_>>();
    let typed = |path: &str| path.ends_with(".ts") || path.ends_with(".tsx");
    // A function of TypeScript and one of JavaScript that are called the same were one before they were compiled or bundled.
    typed(a) != typed(b) || stem(a) == stem(b) && form(a) != form(b)
}

/// Whether two files of one name lie in folders of two versions (`theme/` and `v33x-theme/`, `v1/` and `v2/`), of which one stays as it
/// was, or are those of two platforms (`radio.tsx` and `radio.web.tsx`).
fn are_kept_apart(a: &str, b: &str) -> bool {
    const PLATFORMS: [&str; 6] = ["web", "native", "ios", "android", "windows", "macos"];
    let version = |part: &&str| {
        let number = part.strip_prefix('v').unwrap_or("");
        number.starts_with(|c: char| c.is_ascii_digit())
    };
    let versions = |path: &str| path.split('/').rev().skip(1).filter(version).map(str::to_owned).collect::<Vec<_>>();
    let platform = |path: &str| {
        let name = path.rsplit('/').next().unwrap_or(path);
        name.split('.').skip(1).find(|p| PLATFORMS.contains(p)).map(str::to_owned)
    };
    stem(a) == stem(b) && (versions(a) != versions(b) || platform(a) != platform(b))
}

/// The files that hold copies of functions of other files, by their paths, with all copies in them. What has twins in its own file
/// alone is found with the file. `files` are in the order of their paths: the first of several twins is the original.
pub fn across(files: &[(Arc<str>, Vec<Function>)]) -> FxHashMap<Arc<str>, Copies> {
    let units: Vec<(usize, &Function)> =
        files.iter().enumerate().flat_map(|(n, (_, functions))| functions.iter().map(move |f| (n, f))).collect();
    let shapes: Vec<&Shape> = units.iter().map(|(_, unit)| &*unit.shape).collect();
    let apart = |a: usize, b: usize| {
        let ((of_a, a), (of_b, b)) = (units[a], units[b]);
        let unnamed = of_a != of_b && a.name == b.name && !a.name.starts_with('`');
        are_counterparts(&a.name, &b.name)
            || unnamed && are_counterparts(stem(&files[of_a].0), stem(&files[of_b].0))
            || a.name == b.name && is_built_from_the_same(&files[of_a].0, &files[of_b].0)
            || a.name == b.name && are_kept_apart(&files[of_a].0, &files[of_b].0)
    };
    let found = twins(&shapes, apart);
    let mut all = FxHashMap::default();
    let mut at = 0;
    while at < units.len() {
        let file = units[at].0;
        let end = at + units[at..].iter().take_while(|u| u.0 == file).count();
        let outside = |n: usize| found[n].told.iter().any(|(other, _)| units[*other].0 != file);
        if (at..end).any(|n| found[n].is_copy && outside(n)) {
            let copies = (at..end).filter(|n| found[*n].is_copy).map(|n| {
                let twin = |&(other, structure): &(usize, f32)| {
                    let (of, unit) = units[other];
                    let place = if of == file {
                        TwinPlace::Here(unit.index)
                    } else {
                        let path = Some(files[of].0.clone());
                        TwinPlace::There(Location { path, range: unit.head.clone(), line: unit.line })
                    };
                    Twin { place, name: unit.name.clone(), structure }
                };
                (units[n].1.index, found[n].count, found[n].told.iter().map(twin).collect())
            });
            all.insert(files[file].0.clone(), copies.collect());
        }
        at = end;
    }
    all
}

#[cfg(test)]
mod tests {
    use super::{are_kept_apart, is_built_from_the_same};

    #[test]
    fn versions_and_platforms_are_kept_apart() {
        for (a, b, apart) in [
            ("theme/tools/utils.ts", "theme/v33x-theme/tools/utils.ts", true),
            ("api/v1/users.ts", "api/v2/users.ts", true),
            ("radio/Radio.tsx", "radio/Radio.web.tsx", true),
            ("a/Radio.tsx", "b/Radio.tsx", false),
            ("api/v1/users.ts", "api/v1/roles.ts", false),
            ("views/a.ts", "shared/a.ts", false),
        ] {
            assert_eq!(are_kept_apart(a, b), apart, "{a} {b}");
            assert_eq!(are_kept_apart(b, a), apart, "{b} {a}");
        }
    }

    #[test]
    fn forms_of_a_package_are_no_copies() {
        for (a, b, same) in [
            ("_cjs/utils/ccip.js", "_esm/utils/ccip.js", true),
            ("utils/ccip.ts", "_esm/utils/ccip.js", true),
            ("packages/a/dist/index.d.mjs", "packages/a/src/index.ts", true),
            ("a/ccip.ts", "b/ccip.ts", false),
            ("a/ccip.ts", "a/ccip.js", true),
            ("a/ccip.ts", "b/ccip.js", true),
            ("a/ccip.js", "a/ccip.mjs", false),
            ("_esm/a.js", "_cjs/b.js", false),
            ("dist/a/x.js", "dist/b/x.js", false),
        ] {
            assert_eq!(is_built_from_the_same(a, b), same, "{a} {b}");
            assert_eq!(is_built_from_the_same(b, a), same, "{b} {a}");
        }
    }
}
