//! Sketches: 64 codes whose dot product bounds a cosine from above.
//!
//! Let `u`, `v` be unit vectors and `B` an orthonormal basis. Split the coordinates of `B^T u` into the leading
//! [`HEAD`] and four segments that follow; keep of each segment only its norm. With `s(u)` the 60 coordinates and
//! the four norms,
//! ```text
//! <u, v> = <head u, head v> + sum over segments <seg u, seg v>
//!       <= <head u, head v> + sum |seg u| |seg v|  =  <s(u), s(v)>         (Cauchy-Schwarz, segment by segment)
//! ```
//! and `|s(u)| = 1`. The last segment's norm is what is left of 1, so the basis need not be complete. Quantising
//! `s` to codes with error vectors of norm `e` moves the product by at most `e_u + e_v + 3 e_u e_v`. Any orthonormal
//! basis is right; the principal components make the bound tight.

use crate::line::{Code, LINE, Line, Rows, check_dim};
use crate::rowset::RowSet;
use crate::{Error, Kernels};

/// Coordinates kept as they are.
const HEAD: usize = 60;
/// Where the segments after the head start; the last is what the basis leaves.
const SEGMENTS: [usize; 4] = [HEAD, 80, 112, 176];
/// Directions of the basis, a multiple of 16.
const BASIS: usize = 176;
/// Rows that the basis is fitted to.
const SAMPLE: usize = 2048;
/// Rounds of subspace iteration.
const ROUNDS: usize = 6;
/// The error that the float arithmetic of a sketch adds to a score, many times over: basis and product round at 2^-24 a
/// term, and a residual norm is the root of a difference that rounds at 2e-6.
pub(crate) const SLACK: f32 = 2e-4;

/// 64 codes of a row, their scale, and the quantisation error.
#[derive(Clone, Copy, Debug)]
pub struct Sketch {
    /// The codes.
    pub line: Line,
    /// What a code of 1 stands for.
    pub scale: f32,
    /// Norm of the quantisation error, `>= 0`.
    pub err: f32,
}

impl Sketch {
    /// An upper bound of the cosine of the two rows, from their sketches.
    pub fn bound(&self, other: &Sketch) -> f32 {
        let dot: i32 = self.line.0.iter().zip(&other.line.0).map(|(&a, &b)| i32::from(a) * i32::from(b)).sum();
        dot as f32 * self.scale * other.scale + error(self.err, other.err)
    }
}

/// How far a sketch product may lie below the cosine.
pub(crate) fn error(a: f32, b: f32) -> f32 {
    a + b + 3.0 * a * b + SLACK
}

/// An orthonormal basis fitted to a corpus, and the sketches it makes.
#[derive(Clone, Debug)]
pub struct Sketcher {
    dim: usize,
    width: usize,
    /// `[dim, width]`.
    basis: Vec<f32>,
    /// The largest coordinate that a code reaches; a larger one is cut, and its error says so. One for all rows, so
    /// that a threshold on a panel of sketches is one bound on the dot product, equally tight for every query.
    largest: f32,
    kernels: Kernels,
}

impl Sketcher {
    /// The least dimension that is sketched: below, the rows are hardly longer than their sketches.
    pub const MIN_DIM: usize = 128;

    /// Fits the basis to a sample of `rows`.
    ///
    /// # Errors
    /// [`Error::Dimension`] below [`Sketcher::MIN_DIM`].
    pub fn fit(kernels: Kernels, rows: Rows<'_>) -> Result<Sketcher, Error> {
        Sketcher::fit_set(kernels, &RowSet::one(rows), None)
    }

    /// Fits to the rows `ids` of a set, or to all of them.
    pub(crate) fn fit_set(kernels: Kernels, rows: &RowSet<'_>, ids: Option<&[u32]>) -> Result<Sketcher, Error> {
        let dim = rows.dim();
        check_dim(dim)?;
        if dim < Sketcher::MIN_DIM {
            return Err(Error::Dimension { expected: Sketcher::MIN_DIM, found: dim });
        }
        let width = BASIS.min(dim / 16 * 16);
        let total = ids.map_or(rows.len(), <[u32]>::len);
        let n = total.min(SAMPLE);
        let padded = dim.next_multiple_of(16);
        let mut x = vec![0.0; n * padded];
        for i in 0..n {
            let at = i * total / n;
            let row = ids.map_or(at as u32, |ids| ids[at]);
            rows.unit_into(row, &mut x[i * padded..i * padded + dim]);
        }
        let mut transposed = vec![0.0; dim * n];
        for i in 0..n {
            for d in 0..dim {
                transposed[d * n + i] = x[i * padded + d];
            }
        }
        let mut covariance = vec![0.0; dim * padded];
        if n > 0 {
            kernels.matmul(&transposed, n, &x, padded, &mut covariance);
        }
        let square: Vec<f32> = covariance.chunks_exact(padded).flat_map(|row| &row[..dim]).copied().collect();

        // Subspace iteration from fixed noise: deterministic, and orthonormal however far it converged.
        let mut state = 0x9e37_79b9_7f4a_7c15u64;
        let mut vectors: Vec<f32> = (0..width * dim)
            .map(|_| {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                (state >> 40) as f32 / (1u64 << 23) as f32 - 1.0
            })
            .collect();
        orthonormalise(&mut vectors, dim);
        let mut basis = transpose(&vectors, width, dim);
        let mut next = vec![0.0; dim * width];
        for _ in 0..ROUNDS {
            kernels.matmul(&square, dim, &basis, width, &mut next);
            vectors = transpose(&next, dim, width);
            orthonormalise(&mut vectors, dim);
            basis = transpose(&vectors, width, dim);
        }
        let mut sketcher = Sketcher { dim, width, basis, largest: 0.0, kernels };
        let sampled: Vec<u32> = (0..n).map(|i| ids.map_or((i * total / n) as u32, |ids| ids[i * total / n])).collect();
        let mut largest = 0.0f32;
        sketcher.coordinates(rows, &sampled, |s| largest = s.iter().fold(largest, |m, x| m.max(x.abs())));
        sketcher.largest = if largest > 0.0 { largest } else { 1.0 };
        Ok(sketcher)
    }

    /// The sketch of one row.
    ///
    /// # Errors
    /// [`Error::Dimension`] for another dimension than the basis has.
    pub fn sketch(&self, code: &Code) -> Result<Sketch, Error> {
        if code.dim != self.dim {
            return Err(Error::Dimension { expected: self.dim, found: code.dim });
        }
        let rows = RowSet::one(code.as_rows());
        let mut out = None;
        self.sketch_set(&rows, &[0], |sketch| out = Some(sketch));
        Ok(out.unwrap_or(Sketch { line: Line::ZERO, scale: 0.0, err: 0.0 }))
    }

    /// Sketches of the rows `ids`, in order.
    pub(crate) fn sketch_set(&self, rows: &RowSet<'_>, ids: &[u32], mut each: impl FnMut(Sketch)) {
        self.coordinates(rows, ids, |s| {
            let mut line = [Line::ZERO];
            self.kernels.quantise(s, 127.0 / self.largest, &mut line);
            let scale = self.largest / 127.0;
            let mut square = 0.0;
            for (&s, &q) in s.iter().zip(&line[0].0) {
                let e = s - f32::from(q) * scale;
                square += e * e;
            }
            each(Sketch { line: line[0], scale, err: square.sqrt() * 1.0001 + 1e-6 });
        });
    }

    /// `s(u)` of the rows `ids`, in order.
    fn coordinates(&self, rows: &RowSet<'_>, ids: &[u32], mut each: impl FnMut(&[f32; LINE])) {
        const BATCH: usize = 64;
        let mut x = vec![0.0; BATCH * self.dim];
        let mut y = vec![0.0; BATCH * self.width];
        for ids in ids.chunks(BATCH) {
            for (&id, x) in ids.iter().zip(x.chunks_exact_mut(self.dim)) {
                rows.unit_into(id, x);
            }
            let (x, y) = (&x[..ids.len() * self.dim], &mut y[..ids.len() * self.width]);
            self.kernels.matmul(x, self.dim, &self.basis, self.width, y);
            for (x, y) in x.chunks_exact(self.dim).zip(y.chunks_exact(self.width)) {
                each(&self.segments(x, y));
            }
        }
    }

    /// The head of `y`, and the norms of its segments; `x` is the row, whose norm is 1 but for rounding.
    fn segments(&self, x: &[f32], y: &[f32]) -> [f32; LINE] {
        let mut s = [0.0f32; LINE];
        s[..HEAD].copy_from_slice(&y[..HEAD]);
        let mut left = sum_of_squares(x) - sum_of_squares(&y[..HEAD]);
        for (i, &start) in SEGMENTS.iter().enumerate() {
            let start = start.min(self.width);
            let end = SEGMENTS.get(i + 1).map_or(self.width, |&e| e.min(self.width));
            let square = sum_of_squares(&y[start..end]);
            s[HEAD + i] = square.sqrt();
            left -= square;
        }
        // The last segment starts where the basis ends: it is all residual. 2e-6 covers the rounding of `left`.
        s[LINE - 1] = (left.max(0.0) + 2e-6).sqrt();
        s
    }
}

/// Eight sums side by side, so that the compiler may vectorise it.
fn dot(a: &[f32], b: &[f32]) -> f32 {
    let mut sums = [0.0f32; 8];
    let (a8, b8) = (a.chunks_exact(8), b.chunks_exact(8));
    let rest: f32 = a8.remainder().iter().zip(b8.remainder()).map(|(a, b)| a * b).sum();
    for (a, b) in a8.zip(b8) {
        for i in 0..8 {
            sums[i] += a[i] * b[i];
        }
    }
    sums.iter().sum::<f32>() + rest
}

fn sum_of_squares(x: &[f32]) -> f32 {
    dot(x, x)
}

fn transpose(x: &[f32], rows: usize, columns: usize) -> Vec<f32> {
    let mut out = vec![0.0; x.len()];
    for r in 0..rows {
        for c in 0..columns {
            out[c * rows + r] = x[r * columns + c];
        }
    }
    out
}

/// Gram-Schmidt, twice over each vector, which makes it orthogonal to working precision. A vector that vanishes (a
/// corpus of low rank) is left at zero, which only loosens the bound.
fn orthonormalise(vectors: &mut [f32], dim: usize) {
    for v in 0..vectors.len() / dim {
        let (done, rest) = vectors.split_at_mut(v * dim);
        let vector = &mut rest[..dim];
        let before = sum_of_squares(vector);
        for _ in 0..2 {
            for basis in done.chunks_exact(dim) {
                let along = dot(basis, vector);
                for (x, b) in vector.iter_mut().zip(basis) {
                    *x -= along * b;
                }
            }
        }
        let square = sum_of_squares(vector);
        let inv = if square > before * 1e-8 && square > 1e-30 { 1.0 / square.sqrt() } else { 0.0 };
        vector.iter_mut().for_each(|x| *x *= inv);
    }
}
