//! What is said.

use serde::{Deserialize, Serialize};

/// Version of the protocol. Host and client are one binary; a different number means a stale child.
pub const PROTOCOL: u32 = 3;

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
    /// A question to a model that makes texts, answered by [`Reply::Shares`] or streamed as [`Reply::Text`], then
    /// [`Reply::Used`] and [`Reply::Done`].
    Ask {
        /// The request's number.
        id: RequestId,
        /// When it is its turn.
        priority: Priority,
        /// Milliseconds from now after which nobody wants it any more; also while it is answered.
        deadline: Option<u64>,
        /// What the model reads.
        prompt: Prompt,
        /// What it shall say.
        want: Want,
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
    /// How the model's belief divides among the options of [`Want::Choice`]; they add up to 1.
    Shares {
        /// The request's number.
        id: RequestId,
        /// One for each option.
        shares: Vec<f32>,
        /// The probability of all options together: how far the model kept to them at all.
        covered: f32,
    },
    /// A piece of text.
    Text {
        /// The request's number.
        id: RequestId,
        /// The next piece.
        piece: String,
    },
    /// What an answer to [`Request::Ask`] took.
    Used {
        /// The request's number.
        id: RequestId,
        /// How much.
        used: Used,
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

/// What a model that makes texts reads: its chat template's frame around these. No text of it can become a control token, and
/// what two prompts begin with in common is read once.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Prompt {
    /// What it shall do, the same for many prompts.
    pub system: String,
    /// Before the code.
    pub before: String,
    /// The code: what does not fit is cut off at its end.
    pub code: String,
    /// After the code.
    pub after: String,
    /// How its answer begins.
    pub answer: String,
}

/// What a model shall say.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(tag = "want", rename_all = "kebab-case")]
pub enum Want {
    /// One of these, each in several spellings; nothing is written.
    Choice {
        /// The options with their spellings.
        options: Vec<Vec<String>>,
    },
    /// A text.
    Text {
        /// What it may be, in the language of [`crate::grammar`]; anything without.
        grammar: Option<String>,
        /// Most tokens of it. A text under a grammar is brought to its end by the shortest way.
        most: u32,
    },
}

/// What an answer took.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Used {
    /// Tokens of the prompt.
    pub prompt: u32,
    /// Tokens of it that were known from the prompt before.
    pub shared: u32,
    /// Tokens written.
    pub written: u32,
    /// Microseconds until the prompt was read.
    pub reading: u32,
    /// Microseconds in all.
    pub micros: u32,
}
