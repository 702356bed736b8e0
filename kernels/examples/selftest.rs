//! Every instruction set of the machine against the scalar kernels, as one exported function: for WebAssembly.
//!
//! ```text
//! cargo build -p sidenote-kernels --no-default-features --example selftest --target wasm32-unknown-unknown \
//!   (with RUSTFLAGS=-Ctarget-feature=+simd128)
//! node -e 'WebAssembly.instantiate(require("fs").readFileSync("...selftest.wasm")).then(m => console.log(m.instance.exports.selftest()))'
//! ```

use sidenote_kernels::{Code, Codes, Isa, Kernels, PANEL, Panel, Signs, StaticTable};

/// The number of instruction sets that agreed with scalar, itself included; less than 0 for a disagreement.
#[unsafe(no_mangle)]
pub extern "C" fn selftest() -> i32 {
    let mut agreed = 0;
    for isa in Isa::available() {
        for dim in [1, 15, 64, 65, 130, 384] {
            for rows in [1, 7, 33, 100] {
                match (run(isa, dim, rows), run(Isa::Scalar, dim, rows)) {
                    (Some(a), Some(b)) if a == b => {}
                    _ => return -1,
                }
            }
        }
        agreed += 1;
    }
    agreed
}

/// All results as text: equal text, equal bits.
fn run(isa: Isa, dim: usize, n: usize) -> Option<String> {
    let kernels = Kernels::for_isa(isa).ok()?;
    let mut state = (dim * 1000 + n) as u64;
    let mut next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as i32
    };
    let mut codes = Codes::new(dim).ok()?;
    for i in 0..n {
        let row: Vec<i8> = (0..dim)
            .map(|_| if i % 5 == 4 { [127, -127][(next() & 1) as usize] } else { (next() % 128) as i8 })
            .collect();
        codes.push(&Code::from_codes(&row).ok()?).ok()?;
    }
    let query: Vec<f32> = (0..dim).map(|_| next() as f32 / 1e6).collect();
    let query = kernels.finish(kernels.pool_dense(&query, dim).ok()?, &vec![0.25; dim]).ok()?;
    let rows = codes.as_rows();
    let panel = Panel::pack(rows.slice(0..PANEL)).ok()?;
    let thresholds: Vec<f32> = rows.inv_norms().iter().map(|i| 0.1 / i).collect();
    let table = StaticTable::random(dim, 6, 1).ok()?;
    let ids: Vec<u32> = (0..600).map(|_| (next() % 64) as u32).collect();
    Some(format!(
        "{query:?} {:?} {:?} {:?} {:?} {:?}",
        kernels.scan_topk(&query, rows, 9).ok()?,
        kernels.panel_gt(&panel, rows, &thresholds).ok()?,
        kernels.hamming_scan(&query, &Signs::of_rows(rows).ok()?, dim as u32 / 2).ok()?,
        kernels.pairs_above(rows, 0.2, usize::MAX).ok()?,
        table.embed(kernels, &ids).ok()?,
    ))
}
