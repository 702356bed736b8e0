//! Regular expressions as data.
pub mod ast;
pub mod charset;
mod escape;
pub mod parse;
mod props;
