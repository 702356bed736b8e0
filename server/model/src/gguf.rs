//! GGUF headers, read with suspicion.
//!
//! llama.cpp's loader has been made to crash by files that lie about their counts and lengths. So every header is read here
//! first: each count, length, offset and tensor is checked against the file's own length before anything is allocated for it,
//! and a file that does not add up never reaches llama.cpp. The layout is that of ggml's `docs/gguf.md`, versions 2 and 3.

use std::collections::{BTreeMap, HashSet};
use std::io::{self, Read};

/// Most key-value pairs; real models have some dozens.
const MAX_PAIRS: u64 = 4096;
/// Most tensors; the largest published models have about 5,000.
const MAX_TENSORS: u64 = 65_536;
/// Longest key, as the format says.
const MAX_KEY: u64 = 65_535;
/// Longest string of a value in bytes: chat templates are long.
const MAX_STRING: u64 = 1 << 20;
/// Most elements of an array; the largest vocabularies have some 300,000.
const MAX_ARRAY: u64 = 1 << 22;
/// Longest name of a tensor that ggml can hold, in bytes.
const MAX_NAME: u64 = 63;
/// Largest header in bytes.
const MAX_HEADER: u64 = 256 << 20;
/// Fewest bits of a weight; bounds what a few bytes of file can claim as dimensions.
const MAX_ELEMENTS: u64 = 1 << 40;

/// Why a file is no model that may be opened.
#[derive(thiserror::Error, Debug)]
pub enum GgufError {
    /// It cannot be read.
    #[error("the file cannot be read: {0}")]
    Io(#[from] io::Error),
    /// It does not begin as a GGUF file does.
    #[error("this is no GGUF file: it begins with {0:02x?}")]
    Magic([u8; 4]),
    /// A version that is not known.
    #[error("GGUF version {0} is not supported; versions 2 and 3 are")]
    Version(u32),
    /// It ends inside of its header.
    #[error("the file is cut off: its header says {what} of {wanted} bytes, and {left} are left")]
    CutOff {
        /// What was to be read.
        what: &'static str,
        /// Its length.
        wanted: u64,
        /// What there is.
        left: u64,
    },
    /// A number beyond all reason.
    #[error("the header says {found} for {what}; at most {limit} are accepted")]
    TooMany {
        /// What is counted.
        what: &'static str,
        /// What the file says.
        found: u64,
        /// The limit.
        limit: u64,
    },
    /// Something that cannot be.
    #[error("the header is wrong: {0}")]
    Wrong(String),
}

/// A value of the header.
#[derive(Clone, PartialEq, Debug)]
pub enum Value {
    /// Any unsigned or non-negative integer.
    Uint(u64),
    /// A negative integer.
    Int(i64),
    /// A floating-point number.
    Float(f64),
    /// A truth value.
    Bool(bool),
    /// A string.
    Text(String),
    /// An array of strings.
    Texts(Vec<String>),
    /// Any other array: how many elements it has.
    Array(u64),
}

/// A tensor's description.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Tensor {
    /// Its name.
    pub name: String,
    /// Its dimensions, the fastest first; one to four.
    pub dims: Vec<u64>,
    /// The name of its type, such as `Q8_0`.
    pub kind: &'static str,
    /// Where it begins behind the header, in bytes.
    pub offset: u64,
    /// Its length in bytes.
    pub bytes: u64,
}

/// A header that adds up.
#[derive(Clone, PartialEq, Debug)]
pub struct Header {
    /// Version of the format.
    pub version: u32,
    /// Key-value pairs.
    pub values: BTreeMap<String, Value>,
    /// Tensors in the order of the file.
    pub tensors: Vec<Tensor>,
    /// Where tensor data begins, in bytes.
    pub data: u64,
}

/// ggml's types by number: name, weights a block, bytes a block. Numbers that ggml has withdrawn are missing.
const TYPES: [(u32, &str, u64, u64); 32] = [
    (0, "F32", 1, 4),
    (1, "F16", 1, 2),
    (2, "Q4_0", 32, 18),
    (3, "Q4_1", 32, 20),
    (6, "Q5_0", 32, 22),
    (7, "Q5_1", 32, 24),
    (8, "Q8_0", 32, 34),
    (9, "Q8_1", 32, 36),
    (10, "Q2_K", 256, 84),
    (11, "Q3_K", 256, 110),
    (12, "Q4_K", 256, 144),
    (13, "Q5_K", 256, 176),
    (14, "Q6_K", 256, 210),
    (15, "Q8_K", 256, 292),
    (16, "IQ2_XXS", 256, 66),
    (17, "IQ2_XS", 256, 74),
    (18, "IQ3_XXS", 256, 98),
    (19, "IQ1_S", 256, 50),
    (20, "IQ4_NL", 32, 18),
    (21, "IQ3_S", 256, 110),
    (22, "IQ2_S", 256, 82),
    (23, "IQ4_XS", 256, 136),
    (24, "I8", 1, 1),
    (25, "I16", 1, 2),
    (26, "I32", 1, 4),
    (27, "I64", 1, 8),
    (28, "F64", 1, 8),
    (29, "IQ1_M", 256, 56),
    (30, "BF16", 1, 2),
    (34, "TQ1_0", 256, 54),
    (35, "TQ2_0", 256, 66),
    (39, "MXFP4", 32, 17),
];

/// Reads from a stream of known length, and never asks for more than is left.
struct Source<R> {
    from: R,
    at: u64,
    length: u64,
}

impl<R: Read> Source<R> {
    fn need(&self, what: &'static str, wanted: u64) -> Result<(), GgufError> {
        let left = self.length.min(MAX_HEADER).saturating_sub(self.at);
        if wanted > left { Err(GgufError::CutOff { what, wanted, left }) } else { Ok(()) }
    }

    fn array<const N: usize>(&mut self, what: &'static str) -> Result<[u8; N], GgufError> {
        self.need(what, N as u64)?;
        let mut bytes = [0; N];
        self.from.read_exact(&mut bytes)?;
        self.at += N as u64;
        Ok(bytes)
    }

    fn u32(&mut self, what: &'static str) -> Result<u32, GgufError> {
        Ok(u32::from_le_bytes(self.array(what)?))
    }

    fn u64(&mut self, what: &'static str) -> Result<u64, GgufError> {
        Ok(u64::from_le_bytes(self.array(what)?))
    }

    fn count(&mut self, what: &'static str, limit: u64) -> Result<u64, GgufError> {
        let found = self.u64(what)?;
        if found > limit { Err(GgufError::TooMany { what, found, limit }) } else { Ok(found) }
    }

    fn text(&mut self, what: &'static str, limit: u64) -> Result<String, GgufError> {
        let length = self.count(what, limit)?;
        self.need(what, length)?;
        let mut bytes = vec![0; length as usize];
        self.from.read_exact(&mut bytes)?;
        self.at += length;
        String::from_utf8(bytes).map_err(|_| GgufError::Wrong(format!("{what} is not UTF-8")))
    }

    fn skip(&mut self, what: &'static str, length: u64) -> Result<(), GgufError> {
        self.need(what, length)?;
        let copied = io::copy(&mut self.from.by_ref().take(length), &mut io::sink())?;
        self.at += copied;
        if copied == length { Ok(()) } else { Err(io::Error::from(io::ErrorKind::UnexpectedEof).into()) }
    }

    fn scalar(&mut self, kind: u32) -> Result<Value, GgufError> {
        let what = "a value";
        let int = |n: i64| u64::try_from(n).map_or(Value::Int(n), Value::Uint);
        Ok(match kind {
            0 => Value::Uint(self.array::<1>(what)?[0].into()),
            1 => int(i8::from_le_bytes(self.array(what)?).into()),
            2 => Value::Uint(u16::from_le_bytes(self.array(what)?).into()),
            3 => int(i16::from_le_bytes(self.array(what)?).into()),
            4 => Value::Uint(self.u32(what)?.into()),
            5 => int(i32::from_le_bytes(self.array(what)?).into()),
            6 => Value::Float(f32::from_le_bytes(self.array(what)?).into()),
            7 => match self.array::<1>(what)?[0] {
                0 => Value::Bool(false),
                1 => Value::Bool(true),
                other => return Err(GgufError::Wrong(format!("a truth value is {other}"))),
            },
            8 => Value::Text(self.text("a string", MAX_STRING)?),
            10 => Value::Uint(self.u64(what)?),
            11 => int(i64::from_le_bytes(self.array(what)?)),
            12 => Value::Float(f64::from_le_bytes(self.array(what)?)),
            other => return Err(GgufError::Wrong(format!("there is no type {other} of values"))),
        })
    }

    fn value(&mut self) -> Result<Value, GgufError> {
        const ARRAY: u32 = 9;
        let kind = self.u32("the type of a value")?;
        if kind != ARRAY {
            return self.scalar(kind);
        }
        let kind = self.u32("the type of an array")?;
        let length = self.count("the length of an array", MAX_ARRAY)?;
        let width = match kind {
            0 | 1 | 7 => 1,
            2 | 3 => 2,
            4..=6 => 4,
            // A string has at least its length.
            8 | 10..=12 => 8,
            ARRAY => return Err(GgufError::Wrong("an array of arrays".into())),
            other => return Err(GgufError::Wrong(format!("there is no type {other} of values"))),
        };
        // Both are bounded, so that this cannot overflow.
        self.need("an array", length * width)?;
        if kind != 8 {
            self.skip("an array", length * width)?;
            return Ok(Value::Array(length));
        }
        (0..length).map(|_| self.text("a string of an array", MAX_STRING)).collect::<Result<_, _>>().map(Value::Texts)
    }

    fn tensor(&mut self) -> Result<Tensor, GgufError> {
        let name = self.text("a tensor's name", MAX_NAME)?;
        let wrong = |what: String| GgufError::Wrong(format!("tensor `{}`: {what}", name.escape_debug()));
        let rank = self.u32("a tensor's rank")?;
        if !(1..=4).contains(&rank) {
            return Err(wrong(format!("{rank} dimensions")));
        }
        let dims = (0..rank).map(|_| self.u64("a tensor's dimension")).collect::<Result<Vec<_>, _>>()?;
        let elements =
            dims.iter().try_fold(1u64, |all, &d| all.checked_mul(d).filter(|n| (1..=MAX_ELEMENTS).contains(n)));
        let elements = elements.ok_or_else(|| wrong(format!("its dimensions are {dims:?}")))?;
        let number = self.u32("a tensor's type")?;
        let &(_, kind, block, size) =
            TYPES.iter().find(|t| t.0 == number).ok_or_else(|| wrong(format!("there is no type {number}")))?;
        if dims[0] % block != 0 {
            return Err(wrong(format!("rows of {} weights do not fill blocks of {block}", dims[0])));
        }
        let offset = self.u64("a tensor's offset")?;
        Ok(Tensor { name, dims, kind, offset, bytes: elements / block * size })
    }
}

impl Header {
    /// Reads and checks a header of a file of `length` bytes.
    ///
    /// # Errors
    /// A [`GgufError`] that says what is wrong; nothing is allocated beyond what the file's length backs.
    pub fn read(from: impl Read, length: u64) -> Result<Header, GgufError> {
        let mut source = Source { from: io::BufReader::new(from), at: 0, length };
        let magic = source.array("the first bytes")?;
        if &magic != b"GGUF" {
            return Err(GgufError::Magic(magic));
        }
        let version = source.u32("the version")?;
        if !(2..=3).contains(&version) {
            return Err(GgufError::Version(version));
        }
        let tensors = source.count("tensors", MAX_TENSORS)?;
        let pairs = source.count("key-value pairs", MAX_PAIRS)?;
        let mut values = BTreeMap::new();
        for _ in 0..pairs {
            let key = source.text("a key", MAX_KEY)?;
            let value = source.value()?;
            if values.contains_key(&key) {
                return Err(GgufError::Wrong(format!("the key `{}` stands there twice", key.escape_debug())));
            }
            values.insert(key, value);
        }
        let tensors = (0..tensors).map(|_| source.tensor()).collect::<Result<Vec<_>, _>>()?;
        let alignment = match values.get("general.alignment") {
            None => 32,
            Some(Value::Uint(n)) if n.is_power_of_two() && (8..=1 << 16).contains(n) => *n,
            Some(other) => return Err(GgufError::Wrong(format!("an alignment of {other:?}"))),
        };
        let data = source.at.next_multiple_of(alignment);
        let header = Header { version, values, tensors, data };
        header.check_tensors(length, alignment)?;
        header.check_model()?;
        Ok(header)
    }

    /// Tensors follow each other without holes and overlaps and end inside of the file, as ggml demands too.
    fn check_tensors(&self, length: u64, alignment: u64) -> Result<(), GgufError> {
        let mut names = HashSet::new();
        let mut next = 0u64;
        for tensor in &self.tensors {
            let wrong = |what: String| GgufError::Wrong(format!("tensor `{}`: {what}", tensor.name.escape_debug()));
            if !names.insert(tensor.name.as_str()) {
                return Err(wrong("there are two of that name".into()));
            }
            if tensor.offset != next {
                return Err(wrong(format!("it begins at {}, not at {next} where the one before ends", tensor.offset)));
            }
            let end = self.data.checked_add(tensor.offset).and_then(|at| at.checked_add(tensor.bytes));
            if end.is_none_or(|end| end > length) {
                return Err(wrong(format!("its {} bytes from {} on lie beyond the end", tensor.bytes, tensor.offset)));
            }
            next = (tensor.offset + tensor.bytes).next_multiple_of(alignment);
        }
        Ok(())
    }

    /// What llama.cpp computes sizes from is in bounds.
    fn check_model(&self) -> Result<(), GgufError> {
        let arch = self.architecture().ok_or_else(|| GgufError::Wrong("no `general.architecture`".into()))?;
        if arch.is_empty() || arch.len() > 64 || !arch.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b))
        {
            return Err(GgufError::Wrong("`general.architecture` is no name".into()));
        }
        for (key, least, most) in [
            ("block_count", 1, 1024),
            ("context_length", 1, 1 << 24),
            ("embedding_length", 1, 1 << 16),
            ("feed_forward_length", 1, 1 << 20),
            ("attention.head_count", 1, 1024),
            ("attention.head_count_kv", 1, 1024),
            ("attention.key_length", 1, 1 << 14),
            ("attention.value_length", 1, 1 << 14),
            ("rope.dimension_count", 1, 1 << 14),
            ("expert_count", 0, 1024),
            ("expert_used_count", 0, 1024),
        ] {
            match self.values.get(&format!("{arch}.{key}")) {
                // Some architectures have one number for each layer.
                None | Some(Value::Array(_)) => {}
                Some(Value::Uint(n)) if (least..=most).contains(n) => {}
                Some(other) => return Err(GgufError::Wrong(format!("`{arch}.{key}` is {other:?}"))),
            }
        }
        if let (Some(width), Some(heads)) = (self.number("embedding_length"), self.number("attention.head_count"))
            && self.number("attention.key_length").is_none()
            && width % heads != 0
        {
            return Err(GgufError::Wrong(format!("{heads} heads do not divide a width of {width}")));
        }
        let tokens = match self.values.get("tokenizer.ggml.tokens") {
            Some(Value::Texts(tokens)) => tokens.len() as u64,
            Some(other) => return Err(GgufError::Wrong(format!("`tokenizer.ggml.tokens` is {other:?}"))),
            None => return Ok(()),
        };
        for (key, value) in
            self.values.range("tokenizer.ggml.".to_owned()..).take_while(|(k, _)| k.starts_with("tokenizer.ggml."))
        {
            let of_each = matches!(key.as_str(), "tokenizer.ggml.scores" | "tokenizer.ggml.token_type");
            match value {
                Value::Array(n) if of_each && *n != tokens => {
                    return Err(GgufError::Wrong(format!("`{key}` has {n} entries for {tokens} tokens")));
                }
                Value::Uint(id) if key.ends_with("_token_id") && *id >= tokens && *id != u64::from(u32::MAX) => {
                    return Err(GgufError::Wrong(format!("`{key}` is {id}, and there are {tokens} tokens")));
                }
                _ => {}
            }
        }
        let embedding = self.tensors.iter().find(|t| t.name == "token_embd.weight");
        if let Some(rows) = embedding.and_then(|t| t.dims.get(1))
            && *rows != tokens
        {
            return Err(GgufError::Wrong(format!("{rows} rows of embeddings for {tokens} tokens")));
        }
        Ok(())
    }

    /// The model's architecture, such as `bert`.
    pub fn architecture(&self) -> Option<&str> {
        self.text("general.architecture")
    }

    /// A string of the header.
    pub fn text(&self, key: &str) -> Option<&str> {
        match self.values.get(key) {
            Some(Value::Text(text)) => Some(text),
            _ => None,
        }
    }

    /// A number under the architecture's name, such as `embedding_length`.
    pub fn number(&self, key: &str) -> Option<u64> {
        match self.values.get(&format!("{}.{key}", self.architecture()?)) {
            Some(Value::Uint(n)) => Some(*n),
            _ => None,
        }
    }

    /// Whether the model makes vectors of texts rather than texts: its attention looks both ways, or it says how to pool.
    pub fn is_encoder(&self) -> bool {
        let Some(arch) = self.architecture() else { return false };
        matches!(self.values.get(&format!("{arch}.attention.causal")), Some(Value::Bool(false)))
            || self.values.contains_key(&format!("{arch}.pooling_type"))
    }

    /// Number of weights.
    pub fn parameters(&self) -> u64 {
        self.tensors.iter().map(|t| t.dims.iter().product::<u64>()).sum()
    }

    /// The type that most weights have.
    pub fn main_type(&self) -> &'static str {
        let mut sizes: BTreeMap<&'static str, u64> = BTreeMap::new();
        self.tensors.iter().for_each(|t| *sizes.entry(t.kind).or_default() += t.bytes);
        sizes.into_iter().max_by_key(|(_, bytes)| *bytes).map_or("none", |(kind, _)| kind)
    }
}

#[cfg(test)]
mod tests;
