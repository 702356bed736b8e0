//! Data flow: values, models of libraries, and the interpreter that follows the ones through the other.

pub mod kinds;
pub mod models;
pub mod value;
