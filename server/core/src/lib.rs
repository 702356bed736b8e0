//! Sidenote's analysis engine: text, syntax, blocks, semantics, rules and findings.
//!
//! It knows nothing of editors, threads or processes, and reaches files and the clock only through
//! [`system`].

pub mod blocks;
pub mod claims;
pub mod config;
pub mod document;
pub mod duplicates;
pub mod engine;
pub mod feedback;
pub mod findings;
pub mod fix;
pub mod functions;
pub mod patterns;
pub mod program;
pub mod regex;
pub mod rules;
pub mod semantics;
pub mod syntax;
pub mod system;
pub mod text;
pub mod ustr;

pub use sidenote_grammars as grammars;
