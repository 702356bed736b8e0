//! The index as a file.
//!
//! ```text
//! 0   magic "SDNOTIDX"      8   version u32      12  dim u32      16  rows u64      24  file length u64
//! 32  blake3 of bytes 0..32 and 64..
//! 64  keys, 16 bytes each; inverse norms, f32; code sums, i32; zeros to the next multiple of 64
//!     codes, 64 * ceil(dim / 64) bytes a row
//! ```
//! All little-endian. A file is written beside its place and renamed into it, so a crash leaves the old one or the new
//! one. On opening, the codes are mapped, not read; the rest is copied.

use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use memmap2::Mmap;

use super::segment::{SEGMENT, Segment};
use super::{Index, Key};
use crate::Error;
use crate::line::{LINE, Line, as_bytes, check_dim, lines_for};

const MAGIC: &[u8; 8] = b"SDNOTIDX";
const VERSION: u32 = 1;
const HEADER: usize = 64;

/// Lines inside a mapped file.
#[derive(Clone)]
pub(crate) struct MappedLines {
    map: Arc<Mmap>,
    /// In bytes, a multiple of 64; `start + 64 * len <= map.len()`.
    start: usize,
    len: usize,
}

impl MappedLines {
    fn new(map: &Arc<Mmap>, start: usize, len: usize) -> Result<MappedLines, Error> {
        let end = len.checked_mul(LINE).and_then(|bytes| bytes.checked_add(start));
        let aligned = (map.as_ptr() as usize + start).is_multiple_of(align_of::<Line>());
        if !aligned || end.is_none_or(|end| end > map.len()) {
            return Err(Error::Torn("codes out of bounds"));
        }
        Ok(MappedLines { map: Arc::clone(map), start, len })
    }

    pub(crate) fn get(&self) -> &[Line] {
        let bytes = &self.map[self.start..self.start + self.len * LINE];
        // SAFETY: `new` checked length and alignment; `Line` is 64 bytes of which every value is valid.
        unsafe { std::slice::from_raw_parts(bytes.as_ptr().cast(), self.len) }
    }
}

impl Index {
    /// Writes the index to `path`, whole or not at all.
    ///
    /// # Errors
    /// [`Error::Io`].
    pub fn save(&self, path: &Path) -> Result<(), Error> {
        let mut name = path.file_name().unwrap_or_default().to_owned();
        name.push(format!(".{}.tmp", std::process::id()));
        let temporary = path.with_file_name(name);
        let written = self.write_to(&temporary).and_then(|()| Ok(fs::rename(&temporary, path)?));
        if written.is_err() {
            // The first error is the one to tell.
            let _ = fs::remove_file(&temporary);
        }
        written
    }

    fn write_to(&self, path: &Path) -> Result<(), Error> {
        let mut header = [0u8; HEADER];
        let layout = Layout::of(self.dim, self.len).ok_or(Error::Torn("length"))?;
        header[..8].copy_from_slice(MAGIC);
        header[8..12].copy_from_slice(&VERSION.to_le_bytes());
        header[12..16].copy_from_slice(&(self.dim as u32).to_le_bytes());
        header[16..24].copy_from_slice(&(self.len as u64).to_le_bytes());
        header[24..32].copy_from_slice(&(layout.end as u64).to_le_bytes());
        let mut hasher = blake3::Hasher::new();
        hasher.update(&header[..32]);
        self.body(&layout, |bytes| {
            hasher.update(bytes);
            Ok(())
        })?;
        header[32..].copy_from_slice(hasher.finalize().as_bytes());
        let mut file = BufWriter::with_capacity(1 << 20, File::create(path)?);
        file.write_all(&header)?;
        self.body(&layout, |bytes| Ok(file.write_all(bytes)?))?;
        file.into_inner().map_err(|e| e.into_error())?.sync_all()?;
        Ok(())
    }

    fn body(&self, layout: &Layout, mut to: impl FnMut(&[u8]) -> Result<(), Error>) -> Result<(), Error> {
        let mut bytes = Vec::with_capacity(SEGMENT * 16);
        let mut each = |fill: &dyn Fn(&Segment, &mut Vec<u8>)| {
            self.segments.iter().try_for_each(|segment| {
                bytes.clear();
                fill(segment, &mut bytes);
                to(&bytes)
            })
        };
        each(&|s, out| s.keys.iter().for_each(|k| out.extend_from_slice(&k.to_le_bytes())))?;
        each(&|s, out| s.inv_norms.iter().for_each(|x| out.extend_from_slice(&x.to_le_bytes())))?;
        each(&|s, out| s.sums.iter().for_each(|x| out.extend_from_slice(&x.to_le_bytes())))?;
        to(&[0; LINE][..layout.padding])?;
        self.segments.iter().try_for_each(|s| to(as_bytes(s.rows(self.dim).lines)))
    }

    /// Opens the index of `dim` codes a row at `path`.
    ///
    /// The codes stay mapped until written to. The file must not be altered in place meanwhile ([`Index::save`] never
    /// does that: it renames); a program that cuts it short under us would get us a bus error, as any mapping would.
    ///
    /// # Errors
    /// [`Error::Io`]; [`Error::Foreign`], [`Error::Version`], [`Error::Dimension`] or [`Error::Torn`] for a file that
    /// is not a whole index of this kind.
    pub fn open(path: &Path, dim: usize) -> Result<Index, Error> {
        check_dim(dim)?;
        let file = File::open(path)?;
        if file.metadata()?.len() < HEADER as u64 {
            let mut start = Vec::new();
            std::io::Read::read_to_end(&mut &file, &mut start)?;
            return Err(if start.starts_with(MAGIC) { Error::Torn("header") } else { Error::Foreign });
        }
        // SAFETY: the file is one that `save` renamed into place and nobody writes to again (see above).
        let map = Arc::new(unsafe { Mmap::map(&file)? });
        let (header, body) = map.split_at(HEADER);
        if !header.starts_with(MAGIC) {
            return Err(Error::Foreign);
        }
        let version = read_u32(header, 8);
        if version != VERSION {
            return Err(Error::Version { found: version, expected: VERSION });
        }
        let found = read_u32(header, 12) as usize;
        let rows = usize::try_from(read_u64(header, 16)).map_err(|_| Error::Torn("row count"))?;
        let layout = Layout::of(found, rows).ok_or(Error::Torn("row count"))?;
        if read_u64(header, 24) != layout.end as u64 || map.len() != layout.end {
            return Err(Error::Torn("length"));
        }
        let mut hasher = blake3::Hasher::new();
        hasher.update(&header[..32]).update(body);
        if hasher.finalize().as_bytes()[..] != header[32..] {
            return Err(Error::Torn("checksum"));
        }
        if found != dim {
            return Err(Error::Dimension { expected: dim, found });
        }
        let mut index = Index::new(dim)?;
        let n = lines_for(dim);
        for start in (0..rows).step_by(SEGMENT) {
            let count = SEGMENT.min(rows - start);
            let keys = map[layout.keys + 16 * start..].chunks_exact(16).take(count);
            let keys: Vec<Key> = keys.map(|b| Key::from_le_bytes(*b.first_chunk().unwrap_or(&[0; 16]))).collect();
            let inv = (0..count).map(|i| f32::from_bits(read_u32(&map, layout.inv_norms + 4 * (start + i)))).collect();
            let sums = (0..count).map(|i| read_u32(&map, layout.sums + 4 * (start + i)) as i32).collect();
            let lines = MappedLines::new(&map, layout.codes + start * n * LINE, count * n)?;
            index.segments.push(Arc::new(Segment::mapped(lines, inv, sums, keys)));
        }
        for row in 0..rows as u32 {
            let key = index.key(row);
            if index.contains(key) {
                return Err(Error::Torn("a key twice"));
            }
            index.link(key, row);
        }
        index.len = rows;
        Ok(index)
    }

    /// Opens the index at `path`, or makes it anew with `rebuild` and saves it.
    ///
    /// A file that is there and cannot be used is not overwritten: it is renamed to `<name>.rejected` (or
    /// `.rejected-1` and so on), and the reason returned beside the index.
    ///
    /// # Errors
    /// [`Error::Io`], and whatever `rebuild` returns.
    pub fn open_or_rebuild(
        path: &Path,
        dim: usize,
        rebuild: impl FnOnce(&mut Index) -> Result<(), Error>,
    ) -> Result<(Index, Option<Error>), Error> {
        let reason = match Index::open(path, dim) {
            Ok(index) => return Ok((index, None)),
            Err(Error::Io(e)) if e.kind() == std::io::ErrorKind::NotFound => None,
            Err(Error::Io(e)) => return Err(Error::Io(e)),
            Err(reason) => {
                fs::rename(path, free_name(path)?)?;
                Some(reason)
            }
        };
        let mut index = Index::new(dim)?;
        rebuild(&mut index)?;
        index.save(path)?;
        Ok((index, reason))
    }
}

fn free_name(path: &Path) -> Result<PathBuf, Error> {
    for i in 0..1000 {
        let mut name = path.file_name().unwrap_or_default().to_owned();
        name.push(if i == 0 { ".rejected".to_owned() } else { format!(".rejected-{i}") });
        let candidate = path.with_file_name(name);
        if !candidate.try_exists()? {
            return Ok(candidate);
        }
    }
    Err(Error::Io(std::io::ErrorKind::AlreadyExists.into()))
}

/// Where the parts of a file start.
struct Layout {
    keys: usize,
    inv_norms: usize,
    sums: usize,
    padding: usize,
    codes: usize,
    end: usize,
}

impl Layout {
    fn of(dim: usize, rows: usize) -> Option<Layout> {
        check_dim(dim).ok()?;
        if rows > u32::MAX as usize {
            return None;
        }
        let keys = HEADER;
        let inv_norms = keys.checked_add(rows.checked_mul(16)?)?;
        let sums = inv_norms.checked_add(rows * 4)?;
        let end_of_sums = sums.checked_add(rows * 4)?;
        let codes = end_of_sums.checked_next_multiple_of(LINE)?;
        let end = codes.checked_add(rows.checked_mul(lines_for(dim) * LINE)?)?;
        Some(Layout { keys, inv_norms, sums, padding: codes - end_of_sums, codes, end })
    }
}

/// `at + 4 <= bytes.len()`, by the layout that was checked against the length.
fn read_u32(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes(*bytes[at..].first_chunk().unwrap_or(&[0; 4]))
}

fn read_u64(bytes: &[u8], at: usize) -> u64 {
    u64::from_le_bytes(*bytes[at..].first_chunk().unwrap_or(&[0; 8]))
}
