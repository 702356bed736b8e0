//! One file for each command.

pub mod baseline;
pub mod config;
pub mod explain;
pub mod lsp;
pub mod merge;
pub mod models;
pub mod rules;
pub mod rules_test;
pub mod scan;
pub mod shell;
pub mod trace;
