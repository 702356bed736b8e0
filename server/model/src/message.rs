//! What is said.

use serde::{Deserialize, Serialize};

/// Version of the protocol. Host and client are one binary; a different number means a stale child.
pub const PROTOCOL: u32 = 1;

/// Number of a request, chosen by the client; every reply names the request that it answers.
pub type RequestId = u64;

/// Content key of a block (the first 16 bytes of blake3), as `sidenote-core` computes it.
pub type BlockKey = [u8; 16];

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
        /// The blocks.
        blocks: Vec<BlockText>,
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
