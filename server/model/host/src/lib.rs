//! The model host: a process of its own that owns llama.cpp and speaks `sidenote-model`'s protocol over standard input and output.
//!
//! This library is all of it but llama.cpp: the order of work ([`serve`]) and the walls ([`sandbox`]). The binary, which only the
//! feature `llama` builds, puts a model behind [`serve::Encoder`]. llama.cpp ends the process where it finds something wrong,
//! and has been made to crash by hostile files; so it lives here, where it can reach nothing and where nothing is lost with it.

pub mod sandbox;
pub mod serve;
pub mod write;
