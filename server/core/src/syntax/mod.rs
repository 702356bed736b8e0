//! Syntax: incremental parsing, and the compact tree that everything above works on.
//!
//! tree-sitter's tree is walked once per changed block, into an [`Arena`]; rules and lowering never
//! touch tree-sitter.

mod arena;
mod attributes;
mod parse;

pub(crate) use arena::HOLE;
pub use arena::{Arena, Children, Node, Span};
pub(crate) use arena::{ArenaBuilder, Splice};
pub use parse::{ParseError, SyntaxTree};
