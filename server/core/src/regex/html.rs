//! Patterns meant to filter script elements or comments out of HTML, and how to slip past them.

use super::ast::{Ast, Kind, NodeId};
use super::vm::{Outcome, Program};

/// A way past an HTML filter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HtmlBypass {
    /// `<SCRIPT>`: the pattern minds the case.
    UpperCase,
    /// `</script >` or `</script foo>`: browsers accept blanks and attributes in an end tag.
    EndTag,
    /// `<script src=x>`: the start tag must not have attributes or blanks.
    StartTag,
    /// A line break inside the element or comment stops the dot.
    Newline,
    /// `--!>` ends a comment too.
    CommentEnd,
}

const FUEL: u64 = 20_000;

/// Judges a pattern that filters HTML by its behaviour: what it matches in plain form, and fails to match in another form
/// browsers treat alike. Empty when the pattern is no such filter, or none of the known ways leads past it.
#[must_use]
pub fn html_filter_bypasses(ast: &Ast) -> Vec<HtmlBypass> {
    let script = literal_in(ast, "script");
    let comment = literal_in(ast, "<!--");
    if !script && !comment {
        return Vec::new();
    }
    let Some(program) = Program::new(ast) else { return Vec::new() };
    // The filter must take the whole of `text`, or what a browser runs is left over.
    let covers = |text: &str| {
        let input: Vec<char> = text.chars().collect();
        match program.search(&input, FUEL).0 {
            Outcome::Match(start, end) => Some(start == 0 && end == input.len()),
            Outcome::NoMatch => Some(false),
            Outcome::Exhausted => None,
        }
    };
    let found = |text: &str| {
        let input: Vec<char> = text.chars().collect();
        !matches!(program.search(&input, FUEL).0, Outcome::NoMatch)
    };
    let mut out = Vec::new();
    let mut test = |bypass: HtmlBypass, blocked: bool| {
        if !blocked && !out.contains(&bypass) {
            out.push(bypass);
        }
    };
    if script && covers("<script>x</script>") == Some(true) {
        test(HtmlBypass::UpperCase, covers("<SCRIPT>x</SCRIPT>") != Some(false));
        for end in ["</script >", "</script\n>", "</script foo>"] {
            test(HtmlBypass::EndTag, covers(&format!("<script>x{end}")) != Some(false));
        }
        test(HtmlBypass::StartTag, covers("<script src=\"x\">y</script>") != Some(false));
        test(HtmlBypass::StartTag, covers("<script >y</script>") != Some(false));
        test(HtmlBypass::Newline, covers("<script>\nx\n</script>") != Some(false));
    } else if script && (found("<script>") || found("</script>")) && !found("script") {
        let opening = found("<script>");
        if opening {
            test(HtmlBypass::UpperCase, found("<SCRIPT>"));
            test(HtmlBypass::StartTag, found("<script src=\"x\">") && found("<script\n>"));
        } else {
            test(HtmlBypass::UpperCase, found("</SCRIPT>"));
            test(HtmlBypass::EndTag, found("</script >") && found("</script\n>") && found("</script foo>"));
        }
    }
    if comment && covers("<!--x-->") == Some(true) {
        test(HtmlBypass::Newline, covers("<!--\nx\n-->") != Some(false));
        test(HtmlBypass::CommentEnd, covers("<!--x--!>") != Some(false));
    }
    out
}

/// True when consecutive literals of some sequence spell `text`, whatever their case.
fn literal_in(ast: &Ast, text: &str) -> bool {
    let letter = |id: &NodeId| match ast.kind(*id) {
        Kind::Char { c, .. } => char::from_u32(*c).map(|c| c.to_ascii_lowercase()),
        _ => None,
    };
    ast.nodes.iter().any(|node| match &node.kind {
        Kind::Concat(items) => {
            let spelled: String = items.iter().map(|id| letter(id).unwrap_or('\u{0}')).collect();
            spelled.contains(text)
        }
        _ => false,
    })
}
