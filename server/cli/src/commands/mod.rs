//! One file for each command.

pub mod baseline;
pub mod config;
pub mod dismiss;
pub mod doctor;
#[cfg(feature = "model")]
pub mod exam;
pub mod explain;
pub mod lsp;
pub mod merge;
#[cfg(feature = "model")]
pub mod model;
pub mod models;
#[cfg(feature = "model")]
pub mod processing;
pub mod rules;
pub mod rules_test;
pub mod scan;
#[cfg(feature = "model")]
pub mod search;
pub mod shell;
#[cfg(feature = "model")]
pub mod similar;
pub mod trace;
