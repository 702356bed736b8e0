//! What `--fix` made of the files: a diff to look at, or the files written.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;

use sidenote_files::{Access, Writing};
use similar::{Algorithm, DiffTag, TextDiff};

use crate::error::Error;
use crate::scan::{FileReport, Fixed, Scan};
use crate::style::{self, BAD, BOLD, DIM, GOOD};

/// Lines of context around a change.
const CONTEXT: usize = 3;

/// Writes the fixed files, each whole or not at all. A file that changed since it was read, or that is not to be written,
/// stays as it is.
///
/// # Errors
/// When some file could not be written; the others are.
pub fn write(scan: &Scan) -> Result<(), Error> {
    let mut failed = Vec::new();
    for file in &scan.files {
        let Some(fixed) = &file.fixed else { continue };
        if let Err(error) = replace(&file.file, fixed) {
            failed.push(format!("{}: {error}", style::shown(&file.file)));
        }
    }
    if failed.is_empty() { Ok(()) } else { Err(Error::Fixes(failed)) }
}

fn replace(path: &Path, fixed: &Fixed) -> io::Result<()> {
    let meta = fs::symlink_metadata(path)?;
    if !meta.is_file() {
        return Err(io::Error::other("it is no regular file any more"));
    }
    // A rename would go around the file's own permissions.
    let mut now = Vec::new();
    io::Read::read_to_end(&mut File::options().read(true).write(true).open(path)?, &mut now)?;
    if now != fixed.before.as_bytes() {
        return Err(io::Error::other("it has changed since it was read: run it again"));
    }
    let writing = Writing { access: Access::Given(meta.permissions()), lasting: true };
    writing.replace(path, |file| {
        file.write_all(fixed.after.as_bytes())?;
        #[cfg(unix)]
        {
            use std::os::unix::fs::MetadataExt;
            let own = file.metadata()?;
            if (own.uid(), own.gid()) != (meta.uid(), meta.gid()) {
                // Only root may give files away; for others the owner changes, as with every editor that renames.
                let _ = std::os::unix::fs::fchown(&*file, Some(meta.uid()), Some(meta.gid()));
            }
        }
        Ok(())
    })
}

/// The changes of all files as a unified diff that `patch -p1` and `git apply` take. On a terminal it has colour and no
/// control characters, which code may well hold.
pub fn diff(scan: &Scan, terminal: bool) -> Vec<u8> {
    let mut out = Vec::new();
    for file in &scan.files {
        if let Some(fixed) = &file.fixed {
            file_diff(file, fixed, terminal, &mut out);
        }
    }
    out
}

fn file_diff(file: &FileReport, fixed: &Fixed, terminal: bool, out: &mut Vec<u8>) {
    // Lines as `patch` counts them; a lone carriage return ends none.
    let (a, b): (Vec<&str>, Vec<&str>) =
        (fixed.before.split_inclusive('\n').collect(), fixed.after.split_inclusive('\n').collect());
    let diff = TextDiff::configure().algorithm(Algorithm::Patience).diff_slices(&a, &b);
    let mut line = |paint: style::Style, text: &str| {
        let text = text.strip_suffix('\n').unwrap_or(text);
        if terminal {
            let text = text.strip_suffix('\r').unwrap_or(text);
            let shown: String = text.split('\t').map(style::printable).collect::<Vec<_>>().join("\t");
            out.extend(format!("{paint}{shown}{paint:#}\n").as_bytes());
        } else {
            out.extend(text.as_bytes());
            out.push(b'\n');
        }
    };
    line(BOLD, &format!("--- {}", quoted("a/", &file.path)));
    line(BOLD, &format!("+++ {}", quoted("b/", &file.path)));
    let plain = style::Style::new();
    for group in diff.grouped_ops(CONTEXT) {
        let (Some(first), Some(last)) = (group.first(), group.last()) else { continue };
        let old = first.old_range().start..last.old_range().end;
        let new = first.new_range().start..last.new_range().end;
        line(DIM, &format!("@@ -{} +{} @@", hunk(&old), hunk(&new)));
        let mut put = |paint: style::Style, mark: char, text: &str| {
            line(paint, &format!("{mark}{text}"));
            if !text.ends_with('\n') {
                line(DIM, "\\ No newline at end of file");
            }
        };
        for op in group {
            let (old, new) = (&a[op.old_range()], &b[op.new_range()]);
            if op.tag() == DiffTag::Equal {
                old.iter().for_each(|text| put(plain, ' ', text));
            } else {
                old.iter().for_each(|text| put(BAD, '-', text));
                new.iter().for_each(|text| put(GOOD, '+', text));
            }
        }
    }
}

fn hunk(lines: &std::ops::Range<usize>) -> String {
    match lines.len() {
        0 => format!("{},0", lines.start),
        1 => format!("{}", lines.start + 1),
        n => format!("{},{n}", lines.start + 1),
    }
}

/// A path as git writes it in a diff: in quotes, with escapes, where it holds anything odd.
fn quoted(prefix: &str, path: &str) -> String {
    use std::fmt::Write as _;
    let odd = |c: char| c.is_control() || matches!(c, '"' | '\\');
    if !path.contains(odd) {
        return format!("{prefix}{path}");
    }
    let mut out = format!("\"{prefix}");
    for c in path.chars() {
        match c {
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            '"' | '\\' => out.extend(['\\', c]),
            c if c.is_control() => {
                let mut bytes = [0; 4];
                for byte in c.encode_utf8(&mut bytes).bytes() {
                    let _ = write!(out, "\\{byte:03o}");
                }
            }
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn odd_paths_are_quoted_as_git_does() {
        assert_eq!(quoted("a/", "src/x y.ts"), "a/src/x y.ts");
        assert_eq!(quoted("a/", "a\"\n\u{1b}.ts"), "\"a/a\\\"\\n\\033.ts\"");
    }

    #[test]
    fn hunks_count_lines_from_one() {
        assert_eq!((hunk(&(0..0)), hunk(&(4..5)), hunk(&(4..7))), ("0,0".into(), "5".into(), "5,3".into()));
    }
}
