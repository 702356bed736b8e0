//! How Sidenote looks in a terminal.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use annotate_snippets::Renderer;
pub use annotate_snippets::renderer::Style;
use annotate_snippets::renderer::{AnsiColor, DecorStyle, Effects};
use sidenote_core::findings::Severity;

/// Bold.
pub const BOLD: Style = Style::new().effects(Effects::BOLD);
/// Set back.
pub const DIM: Style = AnsiColor::BrightBlack.on_default();
/// Good news.
pub const GOOD: Style = AnsiColor::BrightGreen.on_default().effects(Effects::BOLD);
/// So-so.
pub const FAIR: Style = AnsiColor::BrightYellow.on_default().effects(Effects::BOLD);
/// Bad news.
pub const BAD: Style = AnsiColor::BrightRed.on_default().effects(Effects::BOLD);
/// Code inside of prose.
pub const CODE: Style = AnsiColor::Cyan.on_default();

/// The colour of a severity.
pub fn severity(severity: Severity) -> Style {
    match severity {
        Severity::Critical => AnsiColor::BrightMagenta.on_default().effects(Effects::BOLD),
        Severity::High => BAD,
        Severity::Medium => FAIR,
        Severity::Low => AnsiColor::BrightBlue.on_default().effects(Effects::BOLD),
        Severity::Info => AnsiColor::BrightCyan.on_default().effects(Effects::BOLD),
    }
}

/// The renderer of code with remarks, as wide as the terminal.
pub fn renderer() -> Renderer {
    let decor = if unicode() { DecorStyle::Unicode } else { DecorStyle::Ascii };
    let quiet = AnsiColor::BrightBlack.on_default();
    // Where remarks belong to what is marked, they are set back behind it.
    Renderer::styled().decor_style(decor).term_width(width(140)).line_num(quiet).context(CODE)
}

/// The folder to which paths are relative where nothing of the machine may show.
static SETTLED: OnceLock<PathBuf> = OnceLock::new();

/// From now on nothing of the terminal, the locale or the current folder shows: paths are relative to `root`.
pub fn settle(root: &Path) {
    let _ = SETTLED.set(root.to_owned());
    if anstream::ColorChoice::global() == anstream::ColorChoice::Auto {
        anstream::ColorChoice::Never.write_global();
    }
}

/// Columns of the terminal on standard output, within reason; `otherwise` where there is none.
pub fn width(otherwise: usize) -> usize {
    if SETTLED.get().is_some() {
        return otherwise;
    }
    terminal_size::terminal_size().map_or(otherwise, |(w, _)| usize::from(w.0).clamp(40, 200))
}

/// Whether more than ASCII may be drawn.
pub fn unicode() -> bool {
    if SETTLED.get().is_some() {
        return true;
    }
    let dumb = std::env::var_os("TERM").is_some_and(|t| t == "dumb");
    let locale = ["LC_ALL", "LC_CTYPE", "LANG"].iter().find_map(|v| std::env::var(v).ok().filter(|v| !v.is_empty()));
    !dumb && !locale.is_some_and(|l| l == "C" || l == "POSIX")
}

/// A path for people, relative to the current folder where it lies below, without control characters.
pub fn shown(path: &Path) -> String {
    if let Some(root) = SETTLED.get() {
        let below = path.strip_prefix(root).unwrap_or(path);
        return printable(&below.components().map(|c| c.as_os_str().to_string_lossy()).collect::<Vec<_>>().join("/"));
    }
    let here = std::env::current_dir().ok();
    let canonical = here.as_ref().and_then(|h| h.canonicalize().ok());
    let below = [canonical, here].into_iter().flatten().find_map(|h| path.strip_prefix(h).ok().map(Path::to_owned));
    printable(&below.filter(|p| !p.as_os_str().is_empty()).unwrap_or_else(|| path.to_owned()).to_string_lossy())
}

/// Without control characters and without those that turn the direction of writing: file names and messages may hold
/// what a hostile repository put there.
pub fn printable(text: &str) -> String {
    let hidden = |c: char| {
        c.is_control()
            || matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
    };
    text.chars().map(|c| if hidden(c) { '\u{fffd}' } else { c }).collect()
}

/// Prose with `code` in it, wrapped to `width` columns behind `indent` blanks.
pub fn prose(out: &mut dyn Write, text: &str, indent: usize, width: usize) -> std::io::Result<()> {
    let mut column = 0;
    let mut code = false;
    for word in text.split_whitespace() {
        let length = word.chars().filter(|c| *c != '`').count();
        if column > 0 && column + 1 + length > width.saturating_sub(indent) {
            writeln!(out)?;
            column = 0;
        }
        if column == 0 {
            write!(out, "{:indent$}", "")?;
        } else {
            write!(out, " ")?;
            column += 1;
        }
        if code {
            write!(out, "{CODE}")?;
        }
        for c in word.chars() {
            match c {
                '`' if code => write!(out, "{CODE:#}")?,
                '`' => write!(out, "{CODE}")?,
                c => write!(out, "{c}")?,
            }
            code ^= c == '`';
        }
        if code {
            write!(out, "{CODE:#}")?;
        }
        column += length;
    }
    writeln!(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prose_is_wrapped_and_keeps_its_code() {
        let mut out = Vec::new();
        prose(&mut out, "one two `three four` five", 2, 12).expect("write");
        let plain = String::from_utf8(anstream::adapter::strip_bytes(&out).into_vec()).expect("UTF-8");
        assert_eq!(plain, "  one two\n  three four\n  five\n");
    }

    #[test]
    fn nothing_hostile_is_printed() {
        assert_eq!(printable("a\u{1b}[31m\u{202e}b\n"), "a\u{fffd}[31m\u{fffd}b\u{fffd}");
    }
}
