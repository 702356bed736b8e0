//! stub
pub mod regex;
