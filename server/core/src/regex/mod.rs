//! Regular expressions as data: parsing, worst-case matching time, and judgements on patterns used as barriers.

pub mod allow;
mod alphabet;
mod ambiguity;
pub mod analyze;
pub mod ast;
mod cache;
pub mod charset;
mod escape;
pub mod html;
mod nfa;
pub mod parse;
mod props;
pub mod url;
mod vm;

pub use allow::{AllowList, is_allow_list, removes};
pub use analyze::{Cause, Growth, UnknownReason, Verdict, Vulnerability, Witness, analyze, analyze_ast};
pub use ast::{Ast, Dialect, Flags};
pub use cache::verdict;
pub use charset::CharSet;
pub use html::{HtmlBypass, html_filter_bypasses};
pub use parse::{ParseError, ParseErrorKind, parse};
pub use url::{UrlFlaw, UrlIssue, missing_anchor};
pub use vm::is_match;

#[cfg(test)]
mod tests;
