//! Data flow: values, models of libraries, and the interpreter that follows the ones through the other.
//!
//! [`value`] is the domain, [`models`] say what libraries do, `interp` runs one block, `file` links the blocks of a file.

mod call;
mod file;
mod guard;
mod interp;
pub mod kinds;
pub mod lexicon;
pub mod models;
mod place;
mod regex;
mod report;
mod sink;
mod slow;
mod state;
pub mod value;
mod world;

#[cfg(test)]
mod tests;

#[cfg(test)]
mod rust_tests;

pub use file::{FileFlow, Modules, NoModules, analyze};
pub use models::{ModelSet, RawModel};
pub use report::{CallView, WriteView};
