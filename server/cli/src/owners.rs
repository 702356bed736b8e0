//! Who owns which file, by the repository's CODEOWNERS as GitHub and GitLab read it: the last pattern that matches wins, in GitLab's
//! sections the last of each.

use std::collections::BTreeMap;
use std::path::Path;

use globset::{GlobBuilder, GlobSet, GlobSetBuilder};
use sidenote_core::system::{OsSystem, System};

/// Where the file may lie; the first that is there counts.
const PLACES: [&str; 4] = [".github/CODEOWNERS", "CODEOWNERS", "docs/CODEOWNERS", ".gitlab/CODEOWNERS"];
/// Largest file, in bytes; GitHub's own limit.
const MAX_BYTES: usize = 3 << 20;
/// Most patterns.
const MAX_PATTERNS: usize = 100_000;
/// Longest pattern, in bytes.
const MAX_PATTERN: usize = 1000;

/// Under which name files are counted that nobody owns.
pub const NOBODY: &str = "unowned";

/// The owners of a repository's files.
#[derive(Debug, Default)]
pub struct Owners {
    /// The file that says so, relative to the root.
    source: Option<&'static str>,
    set: GlobSet,
    /// By pattern: the section, and the owners; `None` takes a file out of its section.
    entries: Vec<(usize, Option<Vec<String>>)>,
    /// Lines that say nothing that is understood, from one.
    odd: Vec<usize>,
}

impl Owners {
    /// Those of a repository, by its root.
    pub fn of(root: &Path) -> Owners {
        let read = |place: &&'static str| Some((*place, OsSystem.read(&root.join(place))?));
        match PLACES.iter().find_map(read) {
            Some((place, text)) if text.len() <= MAX_BYTES => Owners::parse(place, &text),
            _ => Owners::default(),
        }
    }

    fn parse(source: &'static str, text: &str) -> Owners {
        // GitHub knows neither sections nor exclusions, and skips lines that it does not know.
        let sections = source != PLACES[0];
        let mut owners = Owners { source: Some(source), ..Owners::default() };
        let mut builder = GlobSetBuilder::new();
        let mut names: Vec<String> = vec![String::new()];
        let mut section = 0;
        let mut defaults: BTreeMap<usize, Vec<String>> = BTreeMap::new();
        for (number, line) in (1..).zip(text.trim_start_matches('\u{feff}').lines()) {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            if let Some((name, rest)) = heading(line).filter(|_| sections) {
                let name = name.to_lowercase();
                section = names.iter().position(|n| *n == name).unwrap_or_else(|| {
                    names.push(name);
                    names.len() - 1
                });
                let own = self::names(rest);
                if !own.is_empty() {
                    defaults.insert(section, own);
                }
                continue;
            }
            let (pattern, rest) = split(line);
            let excluded = pattern.strip_prefix('!');
            let known = self::names(rest);
            let entry = match excluded {
                Some(_) => None,
                None if known.is_empty() => Some(defaults.get(&section).cloned().unwrap_or_default()),
                None => Some(known),
            };
            let usable = excluded.is_none() || sections;
            match glob(excluded.unwrap_or(&pattern)).filter(|_| usable && owners.entries.len() < MAX_PATTERNS) {
                Some(globs) => {
                    for glob in globs {
                        builder.add(glob);
                        owners.entries.push((section, entry.clone()));
                    }
                }
                None => owners.odd.push(number),
            }
        }
        match builder.build() {
            Ok(set) => owners.set = set,
            // Too much altogether: then nothing is known.
            Err(_) => return Owners { source: Some(source), odd: vec![1], ..Owners::default() },
        }
        owners
    }

    /// Whether the repository says who owns what.
    pub fn known(&self) -> bool {
        self.source.is_some()
    }

    /// The owners of a file, by its path relative to the root; of several sections all of them.
    pub fn of_file(&self, path: &str) -> Vec<&str> {
        /// What was said last in a section.
        type Said<'a> = Option<&'a [String]>;
        let mut by_section: BTreeMap<usize, Said<'_>> = BTreeMap::new();
        for index in self.set.matches(path) {
            let (section, owners) = &self.entries[index];
            // What is taken out of a section stays out.
            let held = by_section.entry(*section).or_insert(Some(&[]));
            *held = held.and(owners.as_deref());
        }
        let mut all: Vec<&str> = Vec::new();
        for owner in by_section.into_values().flatten().flatten() {
            if !all.contains(&owner.as_str()) {
                all.push(owner);
            }
        }
        all
    }

    /// What somebody should know of the file: lines that were passed over.
    pub fn complaint(&self) -> Option<String> {
        let source = self.source?;
        let first = self.odd.first()?;
        let more = if self.odd.len() > 1 { format!(" (and {} more lines)", self.odd.len() - 1) } else { String::new() };
        Some(format!("{source}:{first} is passed over: it is no pattern that is understood{more}"))
    }
}

/// A section's heading: its name, and what stands behind it.
fn heading(line: &str) -> Option<(&str, &str)> {
    let inside = line.strip_prefix('^').unwrap_or(line).strip_prefix('[')?;
    let (name, mut rest) = inside.split_once(']')?;
    // The number of approvals.
    if let Some((count, behind)) = rest.strip_prefix('[').and_then(|r| r.split_once(']'))
        && count.bytes().all(|b| b.is_ascii_digit())
    {
        rest = behind;
    }
    (!name.trim().is_empty() && (rest.is_empty() || rest.starts_with(char::is_whitespace)))
        .then_some((name.trim(), rest))
}

/// A pattern, in which `\` keeps what follows, and the rest of the line.
fn split(line: &str) -> (String, &str) {
    let mut pattern = String::new();
    let mut chars = line.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '\\' => match chars.next() {
                Some((_, c @ (' ' | '#' | '\\'))) => pattern.push(c),
                Some((_, c)) => pattern.extend(['\\', c]),
                None => pattern.push('\\'),
            },
            c if c.is_whitespace() => return (pattern, &line[at..]),
            c => pattern.push(c),
        }
    }
    (pattern, "")
}

/// The owners in the rest of a line: `@name`, `@group/team`, `@@role`, addresses. A comment ends them.
fn names(rest: &str) -> Vec<String> {
    let words = rest.split_whitespace().take_while(|w| !w.starts_with('#'));
    words.filter(|w| w.starts_with('@') && w.len() > 1 || w.contains('@')).map(str::to_owned).collect()
}

/// A pattern as globs: what it matches itself, and what lies in a folder that it matches.
fn glob(pattern: &str) -> Option<Vec<globset::Glob>> {
    let path = pattern.trim_start_matches('/');
    let folder = path.ends_with('/');
    let path = path.trim_end_matches('/');
    if path.is_empty() && pattern == "/" {
        return Some(vec![build("**")?]);
    }
    if path.is_empty() || path.len() > MAX_PATTERN || path.contains(['[', ']', '{', '}']) || path.starts_with('!') {
        return None;
    }
    // A pattern with a slash at its start or in its middle is seen from the root.
    let anchored = pattern.starts_with('/') || path.contains('/');
    let path = if anchored { path.to_owned() } else { format!("**/{path}") };
    let below = build(&format!("{path}/**"))?;
    if folder {
        return Some(vec![below]);
    }
    // `docs/*` is for the files of a folder, and not for what lies deeper.
    let own = build(&path)?;
    let flat = anchored && path.ends_with("/*");
    Some(if flat { vec![own] } else { vec![own, below] })
}

fn build(glob: &str) -> Option<globset::Glob> {
    GlobBuilder::new(glob).literal_separator(true).backslash_escape(true).build().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(source: &'static str, text: &str, path: &str) -> Vec<String> {
        Owners::parse(source, text).of_file(path).into_iter().map(str::to_owned).collect()
    }

    #[test]
    fn the_last_pattern_that_matches_wins() {
        let text = "\
* @all # everything
*.js @js @org/front-end
/build/logs/ @doctor
docs/* docs@example.com
apps/ @octocat
/scripts/ @a @b
**/logs @octo
/apps/github
with\\ space/ @space
";
        let of = |path: &str| of(".github/CODEOWNERS", text, path).join(" ");
        assert_eq!(of("x/y.rs"), "@all");
        assert_eq!(of("x/y.js"), "@js @org/front-end");
        assert_eq!(of("build/logs/deep/y.js"), "@octo", "the last one, though it says less");
        assert_eq!((of("docs/a.md"), of("docs/deep/a.md")), ("docs@example.com".into(), "@all".into()));
        assert_eq!((of("apps/x"), of("more/apps/y/z.js")), ("@octocat".into(), "@octocat".into()));
        assert_eq!(of("scripts/a.sh"), "@a @b");
        assert_eq!(of("more/scripts/a.sh"), "@all");
        assert_eq!(of("apps/github/x"), "", "a pattern without owners");
        assert_eq!(of("with space/a"), "@space");
        assert_eq!(of("a/logs"), "@octo");
    }

    #[test]
    fn sections_add_up() {
        let text = "\
README.md @top
[Docs] @writers
docs/
/docs/own.md @one
^[Ruby][2] @ruby
*.rb
!generated.rb
[docs]
*.md @later
";
        let of = |path: &str| of(".gitlab/CODEOWNERS", text, path).join(" ");
        assert_eq!(of("docs/a.txt"), "@writers");
        assert_eq!(of("docs/own.md"), "@later", "one section, whatever the case of its name");
        assert_eq!(of("docs/a.rb"), "@writers @ruby");
        assert_eq!(of("generated.rb"), "");
        assert_eq!(of("x/README.md"), "@top @later");
        // GitHub takes such lines for patterns with a range, which it skips.
        let github = Owners::parse(".github/CODEOWNERS", text);
        assert_eq!((github.of_file("docs/own.md"), github.of_file("docs/a.txt")), (vec!["@later"], Vec::new()));
        assert_eq!(github.complaint().as_deref().map(|c| c.starts_with(".github/CODEOWNERS:2 ")), Some(true));
    }

    #[test]
    fn odd_lines_are_told_and_do_no_harm() {
        for text in ["[", "[]", "^[x", "\\", "!", "a[b @x", "{a,b} @x", "/", "\u{feff}* @x", "*", &"a".repeat(5000)] {
            Owners::parse("CODEOWNERS", text).of_file("a/b.ts");
        }
        let odd = Owners::parse("CODEOWNERS", "* @x\na{b @y\nc[ @z\n");
        assert_eq!(odd.of_file("a"), ["@x"]);
        assert!(odd.complaint().is_some_and(|c| c.contains("CODEOWNERS:2") && c.contains("1 more")));
        assert!(Owners::default().complaint().is_none() && !Owners::default().known());
    }
}
