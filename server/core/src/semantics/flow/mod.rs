//! Data flow: values, models of libraries, and the interpreter that follows the ones through the other.
//!
//! [`value`] is the domain, [`models`] say what libraries do, `interp` runs one block, `group` links the blocks of files.

mod aliases;
mod call;
mod firsts;
mod group;
mod guard;
mod interface;
mod interp;
pub mod kinds;
pub mod lexicon;
mod lookups;
pub mod models;
mod place;
mod regex;
mod report;
mod sink;
mod slow;
mod state;
mod strangers;
pub mod trace;
pub mod value;
mod world;

#[cfg(test)]
mod tests;

#[cfg(test)]
mod library_tests;

#[cfg(test)]
mod rust_tests;

pub use group::{FileInput, Linker, Memory, analyze_alone};
pub use interface::{Contexts, FileId, FileResult, Interface, Links, Modules, NoModules, same_contexts};
pub use models::{ModelSet, RawModel};
pub use report::{CallView, WriteView};
pub(crate) use report::{Hit, note};
