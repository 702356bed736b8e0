use crate::{Error, MAX_DIM};

/// Codes in a [`Line`].
pub(crate) const LINE: usize = 64;

/// One cache line of codes, zero padded past the dimension.
///
/// Opaque, so that every code in one is in -127..=127: symmetric codes let a sign flip stay in range, and a pair
/// of products stay in an `i16` (2 * 127 * 127 = 32,258).
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
#[repr(C, align(64))]
pub struct Line(pub(crate) [i8; LINE]);

impl Line {
    pub(crate) const ZERO: Line = Line([0; LINE]);

    /// The 64 codes.
    pub fn codes(&self) -> &[i8; LINE] {
        &self.0
    }
}

impl std::fmt::Debug for Line {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.0).finish()
    }
}

/// Lines for `dim` codes.
pub(crate) fn lines_for(dim: usize) -> usize {
    dim.div_ceil(LINE)
}

pub(crate) fn check_dim(dim: usize) -> Result<(), Error> {
    if dim == 0 || dim > MAX_DIM {
        return Err(Error::Dimension { expected: dim.clamp(1, MAX_DIM), found: dim });
    }
    Ok(())
}

/// `lines` as groups of four codes, the unit that a dot-product instruction takes.
pub(crate) fn as_words(lines: &[Line]) -> &[[i8; 4]] {
    // SAFETY: `Line` is `repr(C)` over 64 `i8` with no padding; 16 words fill it exactly, and need no alignment.
    unsafe { std::slice::from_raw_parts(lines.as_ptr().cast(), lines.len() * (LINE / 4)) }
}

#[cfg(feature = "persist")]
pub(crate) fn as_bytes(lines: &[Line]) -> &[u8] {
    // SAFETY: as in `as_words`; any byte is a valid `u8`.
    unsafe { std::slice::from_raw_parts(lines.as_ptr().cast(), lines.len() * LINE) }
}

/// One quantised vector: its codes and what a cosine needs besides them.
#[derive(Clone, Debug, PartialEq)]
pub struct Code {
    pub(crate) dim: usize,
    pub(crate) lines: Vec<Line>,
    pub(crate) inv_norm: f32,
    pub(crate) sum: i32,
}

impl Code {
    /// A vector of ready codes, each in -127..=127.
    ///
    /// # Errors
    /// [`Error::Dimension`] for an empty or too long slice, [`Error::CodeRange`] for a -128.
    pub fn from_codes(codes: &[i8]) -> Result<Code, Error> {
        check_dim(codes.len())?;
        if let Some(at) = codes.iter().position(|&c| c == i8::MIN) {
            return Err(Error::CodeRange { at });
        }
        let mut lines = vec![Line::ZERO; lines_for(codes.len())];
        for (line, part) in lines.iter_mut().zip(codes.chunks(LINE)) {
            line.0[..part.len()].copy_from_slice(part);
        }
        Ok(Code::from_lines(codes.len(), lines))
    }

    /// `lines` hold no -128 and are zero past `dim`.
    pub(crate) fn from_lines(dim: usize, lines: Vec<Line>) -> Code {
        let (mut square, mut sum) = (0i64, 0i32);
        for line in &lines {
            for &c in &line.0 {
                square += i64::from(c) * i64::from(c);
                sum += i32::from(c);
            }
        }
        Code { dim, lines, inv_norm: inv_norm(square), sum }
    }

    /// Number of codes, without padding.
    pub fn dim(&self) -> usize {
        self.dim
    }

    /// The codes, zero padded to whole lines.
    pub fn lines(&self) -> &[Line] {
        &self.lines
    }

    /// `1 / sqrt(sum q^2)`, or 0 for the zero vector.
    pub fn inv_norm(&self) -> f32 {
        self.inv_norm
    }

    /// The one-row view.
    pub fn as_rows(&self) -> Rows<'_> {
        Rows {
            dim: self.dim,
            lines: &self.lines,
            inv_norms: std::slice::from_ref(&self.inv_norm),
            sums: std::slice::from_ref(&self.sum),
        }
    }
}

/// From the exact sum of squares; 0 for the zero vector, which is near nothing.
pub(crate) fn inv_norm(square: i64) -> f32 {
    if square == 0 { 0.0 } else { (1.0 / (square as f64).sqrt()) as f32 }
}

/// Cosine of two code vectors from their dot product.
///
/// Symmetric in the two rows and the same on every ISA: a product of two `f32` is exact in `f64`, and so is `dot`.
pub(crate) fn cosine(dot: i32, inv_a: f32, inv_b: f32) -> f32 {
    (f64::from(dot) * (f64::from(inv_a) * f64::from(inv_b))) as f32
}

/// A borrowed run of quantised rows: shape `[len, dim]`, each row padded to whole lines.
#[derive(Clone, Copy, Debug)]
pub struct Rows<'a> {
    pub(crate) dim: usize,
    pub(crate) lines: &'a [Line],
    pub(crate) inv_norms: &'a [f32],
    pub(crate) sums: &'a [i32],
}

impl<'a> Rows<'a> {
    /// Number of rows.
    pub fn len(&self) -> usize {
        self.sums.len()
    }

    /// Whether there is no row.
    pub fn is_empty(&self) -> bool {
        self.sums.is_empty()
    }

    /// Codes a row.
    pub fn dim(&self) -> usize {
        self.dim
    }

    /// Row `i`'s lines, or `None` past the end.
    pub fn row(&self, i: usize) -> Option<&'a [Line]> {
        let n = lines_for(self.dim);
        (i < self.len()).then(|| &self.lines[i * n..(i + 1) * n])
    }

    /// `1 / |row|` of each row.
    pub fn inv_norms(&self) -> &'a [f32] {
        self.inv_norms
    }

    /// Rows `range`, cut to what there is.
    pub fn slice(&self, range: std::ops::Range<usize>) -> Rows<'a> {
        let end = range.end.min(self.len());
        let start = range.start.min(end);
        let n = lines_for(self.dim);
        Rows {
            dim: self.dim,
            lines: &self.lines[start * n..end * n],
            inv_norms: &self.inv_norms[start..end],
            sums: &self.sums[start..end],
        }
    }
}

/// An owned, growing run of quantised rows.
#[derive(Clone, Debug)]
pub struct Codes {
    dim: usize,
    lines: Vec<Line>,
    inv_norms: Vec<f32>,
    sums: Vec<i32>,
}

impl Codes {
    /// No rows of `dim` codes.
    ///
    /// # Errors
    /// [`Error::Dimension`] unless `1 <= dim <= MAX_DIM`.
    pub fn new(dim: usize) -> Result<Codes, Error> {
        check_dim(dim)?;
        Ok(Codes { dim, lines: Vec::new(), inv_norms: Vec::new(), sums: Vec::new() })
    }

    /// Appends a row.
    ///
    /// # Errors
    /// [`Error::Dimension`] for a row of another dimension; [`Error::Overflow`] past `u32::MAX` rows.
    pub fn push(&mut self, code: &Code) -> Result<(), Error> {
        if code.dim != self.dim {
            return Err(Error::Dimension { expected: self.dim, found: code.dim });
        }
        self.push_parts(&code.lines, code.inv_norm, code.sum)
    }

    pub(crate) fn push_parts(&mut self, lines: &[Line], inv_norm: f32, sum: i32) -> Result<(), Error> {
        let limit = u32::MAX as usize;
        if self.len() >= limit {
            return Err(Error::Overflow { what: "rows", found: self.len() + 1, limit });
        }
        self.lines.extend_from_slice(lines);
        self.inv_norms.push(inv_norm);
        self.sums.push(sum);
        Ok(())
    }

    /// Number of rows.
    pub fn len(&self) -> usize {
        self.sums.len()
    }

    /// Whether there is no row.
    pub fn is_empty(&self) -> bool {
        self.sums.is_empty()
    }

    /// All rows.
    pub fn as_rows(&self) -> Rows<'_> {
        Rows { dim: self.dim, lines: &self.lines, inv_norms: &self.inv_norms, sums: &self.sums }
    }
}
