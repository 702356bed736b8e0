//! What is said.

use serde::{Deserialize, Serialize};

/// Version of the protocol. Host and client are one binary; a different number means a stale child.
pub const PROTOCOL: u32 = 2;

/// Number of a request, chosen by the client; every reply names the request that it answers.
pub type RequestId = u64;

/// Key of a block's text (the first 16 bytes of blake3).
pub type BlockKey = [u8; 16];

/// Blocks that a host holds at most, over all requests; a request that does not fit is answered with [`Reply::Busy`].
pub const MAX_WAITING: usize = 1024;

/// What is done first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Priority {
    /// The rest of a workspace.
    Background,
    /// A file that is open.
    Open,
    /// What somebody looks at.
    Visible,
    /// Somebody waits for it.
    Interactive,
}

/// The text of a block. The host sees texts and keys and nothing of files.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct BlockText {
    /// Its key.
    pub key: BlockKey,
    /// Its text; the host reads it with special tokens off.
    pub text: String,
}

/// What a client asks of the host.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "kebab-case")]
pub enum Request {
    /// First of all: agrees on the protocol's version.
    Hello {
        /// The client's [`PROTOCOL`].
        protocol: u32,
    },
    /// Vectors of blocks; one [`Reply::Vector`] each, in any order, then [`Reply::Done`].
    Embed {
        /// The request's number.
        id: RequestId,
        /// When it is its turn.
        priority: Priority,
        /// Milliseconds from now after which nobody wants it any more.
        deadline: Option<u64>,
        /// The blocks.
        blocks: Vec<BlockText>,
    },
    /// Uses so many threads from now on: one while somebody types.
    Threads {
        /// How many.
        threads: u32,
    },
    /// A judgement on a finding.
    Score {
        /// The request's number.
        id: RequestId,
        /// The block that the finding is in.
        block: BlockText,
        /// What the finding says.
        finding: String,
    },
    /// An explanation of a finding, streamed as [`Reply::Text`].
    Explain {
        /// The request's number.
        id: RequestId,
        /// The block that the finding is in.
        block: BlockText,
        /// What the finding says.
        finding: String,
    },
    /// Gives up a request; it is still answered, by [`Reply::Done`] or [`Reply::Failed`].
    Cancel {
        /// The number of the request to give up.
        id: RequestId,
    },
}

/// What the host answers.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "kebab-case")]
pub enum Reply {
    /// Answers [`Request::Hello`].
    Ready {
        /// The host's [`PROTOCOL`].
        protocol: u32,
        /// SHA-256 of the model file, in hexadecimal.
        model: String,
        /// Length of its vectors.
        dimension: u32,
        /// Tokens of a text that it reads; the rest is cut off.
        context: u32,
        /// How long the model took to load, in milliseconds.
        loaded_in: u32,
        /// What keeps it in: `landlock`, `seccomp`, `memory`; what the system lacks is missing.
        sandbox: Vec<String>,
    },
    /// Answers any first message when there is no model to serve; the host ends.
    Refused {
        /// Why, for people.
        reason: String,
    },
    /// The vector of a block, not normalised.
    Vector {
        /// The request's number.
        id: RequestId,
        /// The block.
        key: BlockKey,
        /// Its components; every one is finite.
        vector: Vec<f32>,
    },
    /// A judgement.
    Score {
        /// The request's number.
        id: RequestId,
        /// The judgement.
        verdict: Verdict,
    },
    /// A piece of text.
    Text {
        /// The request's number.
        id: RequestId,
        /// The next piece.
        piece: String,
    },
    /// A request is answered whole.
    Done {
        /// The request's number.
        id: RequestId,
    },
    /// The host has too much to do: send it again later.
    Busy {
        /// The request's number.
        id: RequestId,
    },
    /// A request cannot be answered.
    Failed {
        /// The request's number.
        id: RequestId,
        /// Why, for people.
        reason: String,
    },
}

/// A model's judgement on a finding. It may lower a severity, never remove a finding.
#[derive(Clone, Copy, PartialEq, Debug, Serialize, Deserialize)]
pub struct Verdict {
    /// Probability that the finding is true, 0 to 1.
    pub probability: f32,
}
