/// What a kernel or an index refuses. No input panics; every refusal is one of these.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A vector whose length is not the dimension in force, or a dimension outside `1..=MAX_DIM`.
    #[error("dimension {found} where {expected} was wanted (1..={max} are possible)", max = crate::MAX_DIM)]
    Dimension {
        /// The dimension in force, or the nearest possible one.
        expected: usize,
        /// What was passed.
        found: usize,
    },
    /// A NaN or an infinity, or a sum of finite values that overflowed to one.
    #[error("component {at} is not finite")]
    NonFinite {
        /// The first offending component.
        at: usize,
    },
    /// A count that leaves the range in which the integer arithmetic is exact.
    #[error("{what}: {found} is over the limit {limit}")]
    Overflow {
        /// What was counted.
        what: &'static str,
        /// The count.
        found: usize,
        /// The largest that is possible.
        limit: usize,
    },
    /// A code of -128: codes are symmetric, -127..=127.
    #[error("code {at} is -128, outside -127..=127")]
    CodeRange {
        /// The first offending code.
        at: usize,
    },
    /// A token id at or past the end of its table.
    #[error("token id {id} in a table of {rows} rows")]
    TokenId {
        /// The id.
        id: u32,
        /// Rows in the table.
        rows: usize,
    },
    /// A threshold outside (0, 1].
    #[error("threshold {0} is outside (0, 1]")]
    Threshold(f32),
    /// An instruction set that this machine lacks, or a name that is none.
    #[error("instruction set `{0}` is not available here")]
    Isa(String),
    /// A file that is no index of ours: another magic number.
    #[error("not an index file")]
    Foreign,
    /// An index file of another format version.
    #[error("index format {found}, this build reads {expected}")]
    Version {
        /// In the file.
        found: u32,
        /// Of this build.
        expected: u32,
    },
    /// An index file that was cut short or altered: its length or checksum is wrong.
    #[error("the index file is damaged: {0}")]
    Torn(&'static str),
    /// The file system's own refusal.
    #[error(transparent)]
    Io(#[from] std::io::Error),
}
