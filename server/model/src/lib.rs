//! Local models: how they are kept, asked, and searched by. The models themselves run in a child process, the model host
//! (`server/model/host`), which owns llama.cpp; this crate never links it.
//!
//! Without the feature `client` there is only what the host needs too: the protocol and the check of GGUF headers.

pub mod gguf;
pub mod grammar;

mod file;
mod frame;
mod message;
pub mod prompt;
pub mod review;

#[cfg(feature = "client")]
pub mod answers;
#[cfg(feature = "client")]
pub mod ask;
#[cfg(feature = "client")]
pub mod cache;
#[cfg(feature = "client")]
pub mod client;
#[cfg(feature = "client")]
pub mod embed;
#[cfg(feature = "client")]
pub mod exam;
#[cfg(feature = "client")]
pub mod log;
#[cfg(feature = "client")]
pub mod search;
#[cfg(feature = "client")]
pub mod store;
#[cfg(feature = "client")]
pub mod stream;
#[cfg(feature = "client")]
pub mod words;

pub use file::{ModelError, check, hexadecimal, sha256};
pub use frame::{FrameError, MAX_FRAME, read_frame, write_frame};
pub use message::{
    BlockKey, BlockText, MAX_WAITING, PROTOCOL, Priority, Prompt, Reply, Request, RequestId, Used, Want,
};
