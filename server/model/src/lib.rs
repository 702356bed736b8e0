//! The protocol between Sidenote and its model host, a child process that owns the language model.
//!
//! So far this crate holds the protocol alone: what goes over the child's standard input and output. Nothing starts a
//! host yet, and every other part works without one.

mod frame;
mod message;

pub use frame::{FrameError, MAX_FRAME, read_frame, write_frame};
pub use message::{BlockKey, BlockText, PROTOCOL, Reply, Request, RequestId, Verdict};
