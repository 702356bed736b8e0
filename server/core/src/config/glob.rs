//! Globs over paths relative to the configuration's folder.

use globset::{GlobBuilder, GlobSet, GlobSetBuilder};
use toml::Spanned;

use super::error::Problem;

/// Most globs in one list.
const MAX_GLOBS: usize = 1000;
/// Longest glob, in bytes.
const MAX_LENGTH: usize = 1000;

/// A list of globs. One without `/` matches in every folder; one that matches a folder matches all that is in it.
#[derive(Clone, Debug)]
pub(crate) struct Globs {
    set: GlobSet,
}

impl Globs {
    pub(crate) fn new(patterns: &[Spanned<String>], problems: &mut Vec<Problem>) -> Globs {
        let mut builder = GlobSetBuilder::new();
        if let Some(extra) = patterns.get(MAX_GLOBS) {
            problems.push(Problem::at(extra.span(), format!("more than {MAX_GLOBS} globs in one list")));
        }
        for pattern in patterns.iter().take(MAX_GLOBS) {
            let text = pattern.get_ref().as_str();
            if text.len() > MAX_LENGTH {
                problems.push(Problem::at(pattern.span(), format!("a glob of more than {MAX_LENGTH} bytes")));
                continue;
            }
            if text.split('/').any(|part| part == "..") {
                problems.push(
                    Problem::at(pattern.span(), "a glob cannot leave the configuration's folder")
                        .help("put the configuration into a folder above, or leave `..` out"),
                );
                continue;
            }
            if text.trim_matches(['.', '/']).is_empty() {
                problems.push(Problem::at(pattern.span(), "an empty glob").help("write `**` for every file"));
                continue;
            }
            let anchored = text.trim_end_matches('/').contains('/');
            let text = text.strip_prefix("./").unwrap_or(text);
            let text = text.strip_prefix('/').unwrap_or(text).trim_end_matches('/');
            let text = if anchored { text.to_owned() } else { format!("**/{text}") };
            let build = |text: &str| GlobBuilder::new(text).literal_separator(true).build();
            match build(&text).and_then(|own| Ok((own, build(&format!("{text}/**"))?))) {
                Ok((own, below)) => {
                    builder.add(own);
                    builder.add(below);
                }
                Err(error) => problems.push(Problem::at(pattern.span(), format!("not a glob: {}", error.kind()))),
            }
        }
        match builder.build() {
            Ok(set) => Globs { set },
            Err(error) => {
                let span = patterns.first().map_or(0..0, Spanned::span);
                problems.push(Problem::at(span, format!("these globs are too much together: {error}")));
                Globs { set: GlobSet::empty() }
            }
        }
    }

    /// Whether a path with `/` matches.
    pub(crate) fn matches(&self, path: &str) -> bool {
        !self.set.is_empty() && self.set.is_match(path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn globs(patterns: &[&str]) -> (Globs, Vec<Problem>) {
        let mut problems = Vec::new();
        let patterns: Vec<_> = patterns.iter().map(|p| Spanned::new(0..0, (*p).to_owned())).collect();
        (Globs::new(&patterns, &mut problems), problems)
    }

    #[test]
    fn matching() {
        let matches = |pattern: &str, path: &str| {
            let (globs, problems) = globs(&[pattern]);
            assert_eq!(problems, []);
            globs.matches(path)
        };
        assert!(matches("*.test.ts", "a/b/c.test.ts"));
        assert!(matches("fixtures", "a/fixtures/b.ts"));
        assert!(matches("fixtures/", "fixtures/b.ts"));
        assert!(matches("/src", "src/b.ts"));
        assert!(!matches("/src", "a/src/b.ts"));
        assert!(matches("src/*.ts", "src/b.ts"));
        assert!(!matches("src/*.ts", "src/a/b.ts"));
        assert!(matches("src/**", "src/a/b.ts"));
        assert!(matches("./src/a", "src/a/b.ts"));
        assert!(matches("**/*.{ts,tsx}", "b.tsx"));
        assert!(!globs(&[]).0.matches("a.ts"));
    }

    #[test]
    fn bad_globs() {
        for bad in ["a[", "../x", "a/../../x", "", "./", "{a"] {
            assert_eq!(globs(&[bad]).1.len(), 1, "{bad}");
        }
        assert_eq!(globs(&[&"a".repeat(1001)]).1.len(), 1);
        assert_eq!(globs(&["a"; 1001]).1.len(), 1);
    }
}
