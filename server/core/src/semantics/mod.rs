//! The semantic engine: what the code means, beyond its shape.
//!
//! [`lower`] turns a block's syntax into the language-neutral [`hir`]. A language's lowering is a folder under `lower/`;
//! nothing else here knows a language.

pub mod dump;
pub mod flow;
pub mod hir;
pub mod imports;
pub mod lifetimes;
pub mod lower;
