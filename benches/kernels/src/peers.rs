//! NumKong by instruction set, through the finder that its C library exports; SimSIMD, which chooses one itself; plain Rust.
//!
//! Both are called as the C libraries that they are: their crates are there to build and link these (feature `rivals`).

use std::ffi::c_void;

#[cfg(feature = "rivals")]
use {numkong as _, simsimd as _};

const DOT: u32 = 'i' as u32;
const HAMMING: u32 = 'h' as u32;
const PACKED_SIZE: u32 = 'P' as u32;
const PACK: u32 = 'Q' as u32;
const PACKED: u32 = 'G' as u32;
const I8: u32 = 1 << 2;
const U1: u32 = 1 << 1;

pub const HASWELL: u64 = 1 << 2;
pub const ICELAKE: u64 = 1 << 7;
pub const ALDER: u64 = 1 << 13;
pub const SAPPHIRE_AMX: u64 = 1 << 18;

unsafe extern "C" {
    fn nk_find_kernel_punned(kind: u32, dtype: u32, viable: u64, kernel: *mut *const c_void, found: *mut u64);
    fn nk_configure_thread(capabilities: u64) -> i32;
    fn simsimd_dot_i8(a: *const i8, b: *const i8, count: u64, product: *mut f64);
    fn simsimd_hamming_b8(a: *const u8, b: *const u8, bytes: u64, distance: *mut f64);
}

fn find(kind: u32, dtype: u32, capability: u64) -> Option<*const c_void> {
    let (mut kernel, mut found) = (std::ptr::null(), 0);
    // SAFETY: both outputs are valid to write.
    unsafe { nk_find_kernel_punned(kind, dtype, capability, &mut kernel, &mut found) };
    (found == capability && !kernel.is_null()).then_some(kernel)
}

type Metric = unsafe extern "C" fn(*const c_void, *const c_void, usize, *mut c_void);

/// One of NumKong's pairwise kernels.
#[derive(Clone, Copy)]
pub struct NkPair(Metric);

impl NkPair {
    pub fn dot(capability: u64) -> Option<NkPair> {
        // SAFETY: the library promises this signature for dense metrics.
        Some(NkPair(unsafe { std::mem::transmute::<*const c_void, Metric>(find(DOT, I8, capability)?) }))
    }

    pub fn hamming(capability: u64) -> Option<NkPair> {
        // SAFETY: as above.
        Some(NkPair(unsafe { std::mem::transmute::<*const c_void, Metric>(find(HAMMING, U1, capability)?) }))
    }

    #[inline]
    pub fn dot_of(self, a: &[i8], b: &[i8]) -> i32 {
        assert_eq!(a.len(), b.len());
        let mut out = 0i32;
        // SAFETY: both slices are `len` long and the result is an i32.
        unsafe { (self.0)(a.as_ptr().cast(), b.as_ptr().cast(), a.len(), (&raw mut out).cast()) };
        out
    }

    #[inline]
    pub fn hamming_of(self, a: &[u8], b: &[u8]) -> u32 {
        assert_eq!(a.len(), b.len());
        let mut out = 0u32;
        // SAFETY: both slices hold `8 * len` bits and the result is a u32.
        unsafe { (self.0)(a.as_ptr().cast(), b.as_ptr().cast(), a.len() * 8, (&raw mut out).cast()) };
        out
    }
}

type PackedFn = unsafe extern "C" fn(*const c_void, *const c_void, *mut c_void, usize, usize, usize, usize, usize);

/// NumKong's packed int8 product of one instruction set.
#[derive(Clone, Copy)]
pub struct NkPacked {
    capability: u64,
    size: unsafe extern "C" fn(usize, usize) -> usize,
    pack: unsafe extern "C" fn(*const c_void, usize, usize, usize, *mut c_void),
    multiply: PackedFn,
}

impl NkPacked {
    pub fn new(capability: u64) -> Option<NkPacked> {
        let size = find(PACKED_SIZE, I8, capability)?;
        let pack = find(PACK, I8, capability)?;
        let multiply = find(PACKED, I8, capability)?;
        // SAFETY: the library promises these signatures for the three kinds.
        unsafe {
            Some(NkPacked {
                capability,
                size: std::mem::transmute::<*const c_void, unsafe extern "C" fn(usize, usize) -> usize>(size),
                pack: std::mem::transmute::<
                    *const c_void,
                    unsafe extern "C" fn(*const c_void, usize, usize, usize, *mut c_void),
                >(pack),
                multiply: std::mem::transmute::<*const c_void, PackedFn>(multiply),
            })
        }
    }

    /// Packs `queries`, `dim` codes each.
    pub fn pack(self, queries: &[i8], dim: usize) -> Vec<u64> {
        let n = queries.len() / dim;
        // SAFETY: no memory is touched.
        let size = unsafe { (self.size)(n, dim) };
        // Room for 64-byte alignment of the start, which `aligned` finds.
        let mut packed = vec![0u64; size.div_ceil(8) + 8];
        let to = aligned(&packed);
        // SAFETY: `queries` is `n * dim` long and `packed` has `size` bytes from `to` on.
        unsafe { (self.pack)(queries.as_ptr().cast(), n, dim, dim, packed[to..].as_mut_ptr().cast()) };
        packed
    }

    /// `out[row][query]`.
    pub fn multiply(self, rows: &[i8], packed: &[u64], queries: usize, dim: usize, out: &mut [i32]) {
        let n = rows.len() / dim;
        assert!(out.len() >= n * queries);
        let from = aligned(packed);
        // SAFETY: lengths as checked; the thread is configured for the capability.
        unsafe {
            nk_configure_thread(self.capability);
            (self.multiply)(
                rows.as_ptr().cast(),
                packed[from..].as_ptr().cast(),
                out.as_mut_ptr().cast(),
                n,
                queries,
                dim,
                dim,
                queries * 4,
            );
        }
    }
}

fn aligned(x: &[u64]) -> usize {
    (64 - x.as_ptr() as usize % 64) % 64 / 8
}

#[inline]
pub fn simsimd_dot(a: &[i8], b: &[i8]) -> i32 {
    assert_eq!(a.len(), b.len());
    let mut product = 0.0;
    // SAFETY: both slices hold that many codes, and the result is an f64.
    unsafe { simsimd_dot_i8(a.as_ptr(), b.as_ptr(), a.len() as u64, &raw mut product) };
    product as i32
}

#[inline]
pub fn simsimd_hamming(a: &[u8], b: &[u8]) -> u32 {
    assert_eq!(a.len(), b.len());
    let mut distance = 0.0;
    // SAFETY: both slices hold that many bytes, and the result is an f64.
    unsafe { simsimd_hamming_b8(a.as_ptr(), b.as_ptr(), a.len() as u64, &raw mut distance) };
    distance as u32
}

/// What one writes first, as the compiler vectorises it for the default target.
#[inline(never)]
pub fn naive_dot(a: &[i8], b: &[i8]) -> i32 {
    a.iter().zip(b).map(|(&a, &b)| i32::from(a) * i32::from(b)).sum()
}

/// The same, compiled for AVX2.
#[inline(never)]
#[target_feature(enable = "avx2")]
pub fn naive_dot_avx2(a: &[i8], b: &[i8]) -> i32 {
    a.iter().zip(b).map(|(&a, &b)| i32::from(a) * i32::from(b)).sum()
}

#[inline(never)]
pub fn naive_hamming(a: &[u8], b: &[u8]) -> u32 {
    a.iter().zip(b).map(|(a, b)| (a ^ b).count_ones()).sum()
}
