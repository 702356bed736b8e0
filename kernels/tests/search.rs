//! All pairs, sketches, the static tier.

#![allow(clippy::unwrap_used)]

use proptest::prelude::*;
use sidenote_kernels::{Code, Codes, Error, Isa, Kernels, Sketcher, StaticTable, lex};

struct Noise(u64);

impl Noise {
    /// In -1..1, roughly normal.
    fn next(&mut self) -> f32 {
        let mut sum = 0.0;
        for _ in 0..4 {
            self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            sum += (self.0 >> 40) as f32 / (1u64 << 23) as f32 - 1.0;
        }
        sum / 4.0
    }
}

/// Rows in clusters of decreasing tightness, some equal, some zero; a few directions carry most of the variance.
fn corpus(n: usize, dim: usize, seed: u64) -> Codes {
    let mut noise = Noise(seed);
    let mut codes = Codes::new(dim).unwrap();
    let zero = vec![0.0; dim];
    let mut centre = zero.clone();
    for i in 0..n {
        if i % 8 == 0 {
            centre = (0..dim).map(|d| noise.next() / (1.0 + d as f32 / 12.0)).collect();
        }
        let spread = [0.0, 0.0, 0.005, 0.01, 0.02, 0.04, 0.1, 0.3][i % 8];
        let mut x: Vec<f32> = centre.iter().map(|c| c + noise.next() * spread).collect();
        if i % 97 == 0 {
            x = zero.clone();
        }
        codes.push(&Kernels::scalar().finish(x, &zero).unwrap()).unwrap();
    }
    codes
}

fn brute(codes: &Codes, tau: f32) -> Vec<(u32, u32, u32)> {
    let rows = codes.as_rows();
    let flat: Vec<Vec<i8>> =
        (0..rows.len()).map(|i| rows.row(i).unwrap().iter().flat_map(|l| *l.codes()).collect()).collect();
    let mut out = Vec::new();
    for a in 0..flat.len() {
        for b in a + 1..flat.len() {
            let dot: i32 = flat[a].iter().zip(&flat[b]).map(|(&x, &y)| i32::from(x) * i32::from(y)).sum();
            let inv = rows.inv_norms();
            let score = (f64::from(dot) * (f64::from(inv[a]) * f64::from(inv[b]))) as f32;
            if score >= tau {
                out.push((a as u32, b as u32, score.to_bits()));
            }
        }
    }
    out
}

fn pairs(kernels: Kernels, codes: &Codes, tau: f32) -> Vec<(u32, u32, u32)> {
    let found = kernels.pairs_above(codes.as_rows(), tau, usize::MAX).unwrap();
    found.iter().map(|p| (p.a, p.b, p.score.to_bits())).collect()
}

#[test]
fn all_pairs_equal_brute_force_on_every_isa() {
    // 384 dimensions and 4,900 rows go by sketches, the others in full.
    for (n, dim, tau) in [(4900, 384, 0.9), (700, 384, 0.95), (300, 70, 0.5), (129, 200, 0.9999)] {
        let codes = corpus(n, dim, n as u64);
        let want = brute(&codes, tau);
        assert!(want.len() > n / 10, "{} pairs among {n}", want.len());
        for isa in Isa::available() {
            let kernels = Kernels::for_isa(isa).unwrap();
            assert!(pairs(kernels, &codes, tau) == want, "{isa:?} {n} {dim} {tau}");
        }
    }
}

#[test]
fn a_corpus_that_sketches_cannot_part_is_still_exact() {
    let mut noise = Noise(5);
    let mut codes = Codes::new(128).unwrap();
    let zero = vec![0.0; 128];
    for _ in 0..4200 {
        let x = (0..128).map(|_| 0.5 + noise.next() * 0.4).collect();
        codes.push(&Kernels::scalar().finish(x, &zero).unwrap()).unwrap();
    }
    let want = brute(&codes, 0.97);
    assert!(!want.is_empty());
    assert!(pairs(Kernels::get(), &codes, 0.97) == want);
}

#[test]
fn thresholds_and_limits_are_typed_errors() {
    let codes = corpus(64, 64, 1);
    let k = Kernels::get();
    for tau in [0.0, -1.0, 1.5, f32::NAN] {
        assert!(matches!(k.pairs_above(codes.as_rows(), tau, 10), Err(Error::Threshold(_))));
    }
    let all = pairs(k, &codes, 0.9).len();
    assert!(k.pairs_above(codes.as_rows(), 0.9, all).is_ok());
    assert!(matches!(k.pairs_above(codes.as_rows(), 0.9, all - 1), Err(Error::Overflow { .. })));
}

#[test]
fn sketches_bound_every_cosine_from_above() {
    for dim in [128, 200, 384] {
        let codes = corpus(600, dim, dim as u64);
        for isa in Isa::available() {
            let kernels = Kernels::for_isa(isa).unwrap();
            let sketcher = Sketcher::fit(kernels, codes.as_rows()).unwrap();
            let rows: Vec<Code> = (0..200)
                .map(|i| {
                    let flat: Vec<i8> =
                        codes.as_rows().row(i).unwrap().iter().flat_map(|l| *l.codes()).take(dim).collect();
                    Code::from_codes(&flat).unwrap()
                })
                .collect();
            let sketches: Vec<_> = rows.iter().map(|r| sketcher.sketch(r).unwrap()).collect();
            let mut slack = 0.0;
            for (i, a) in rows.iter().enumerate() {
                for (j, b) in rows.iter().enumerate().skip(i) {
                    let (cosine, bound) = (kernels.cosine(a, b).unwrap(), sketches[i].bound(&sketches[j]));
                    assert!(cosine <= bound, "{isa:?} {dim}: {cosine} over {bound}");
                    slack += f64::from(bound - cosine);
                }
            }
            assert!(slack / 20_100.0 < 0.35, "{dim}: the bound is {} away on average", slack / 20_100.0);
        }
    }
    assert!(matches!(Sketcher::fit(Kernels::get(), corpus(8, 64, 1).as_rows()), Err(Error::Dimension { .. })));
}

fn check_lex(a: &str, b: &str, same: bool) {
    let ids = |text: &str| {
        let mut ids = Vec::new();
        lex(text.as_bytes(), 20, &mut ids);
        ids
    };
    assert_eq!(ids(a) == ids(b), same, "{a:?} {:?} and {b:?} {:?}", ids(a), ids(b));
}

#[test]
fn the_lexer_sees_words_not_spelling() {
    check_lex("parseHTTPUrl(x)", "parse_http_url ( x )", true);
    check_lex("fooBar", "foobar", false);
    check_lex("a = 10", "a=0xff_u8", true);
    check_lex("a + b", "a - b", false);
    check_lex("\"text\"", "text", true);
    check_lex("größe", "gröſe", false);
    check_lex("x1", "x2", false);
    check_lex("", " \n\t", true);
}

proptest! {
    #[test]
    fn lexing_is_total_and_in_range(text in prop::collection::vec(any::<u8>(), 0..300), bits in 0u32..40) {
        let mut ids = Vec::new();
        lex(&text, bits, &mut ids);
        prop_assert!(ids.len() <= text.len());
        prop_assert!(ids.iter().all(|&id| u64::from(id) < 1 << bits.clamp(1, 31)));
    }

    #[test]
    fn gathering_is_exact(dim in 1usize..=130, n in prop_oneof![0usize..10, 250usize..260, 500usize..520],
                          seed in any::<u64>(), extreme in any::<bool>()) {
        let bits = 4;
        let mut noise = Noise(seed);
        let codes: Vec<i8> =
            (0..dim << bits).map(|_| if extreme { -127 } else { (noise.next() * 127.0) as i8 }).collect();
        let ids: Vec<u32> = (0..n).map(|_| (noise.next().abs() * 15.9) as u32).collect();
        let table = StaticTable::new(&codes, dim, bits, &vec![1.0; dim], &vec![0.0; dim]).unwrap();
        let want: Vec<i32> =
            (0..dim).map(|d| ids.iter().map(|&id| i32::from(codes[id as usize * dim + d])).sum()).collect();
        for isa in Isa::available() {
            let kernels = Kernels::for_isa(isa).unwrap();
            prop_assert_eq!(&table.pool_gather(kernels, &ids).unwrap(), &want, "{:?}", isa);
            prop_assert_eq!(table.embed(kernels, &ids).unwrap(), table.embed(Kernels::scalar(), &ids).unwrap());
        }
        prop_assert!(table.pool_gather(Kernels::get(), &[16]).is_err(), "one id past the table");
    }
}

#[test]
fn the_static_tier_tells_alike_from_unlike() {
    let table = StaticTable::random(384, 15, 7).unwrap();
    let kernels = Kernels::get();
    let embed = |text: &str| {
        let mut ids = Vec::new();
        lex(text.as_bytes(), table.bits(), &mut ids);
        table.embed(kernels, &ids).unwrap()
    };
    let a = embed("fn read_all(path: &Path) -> io::Result<Vec<u8>> { let mut f = File::open(path)?; f.read_to_end() }");
    let b = embed("fn readAll(file: &Path) -> io::Result<Vec<u8>> { let mut f = File::open(file)?; f.read_to_end() }");
    let c = embed("impl Iterator for Walk { type Item = Entry; fn next(&mut self) { self.stack.pop() } }");
    let (near, far) = (kernels.cosine(&a, &b).unwrap(), kernels.cosine(&a, &c).unwrap());
    assert!(near > 0.9 && far < near - 0.15, "{near} {far}");
    assert_eq!(embed("").inv_norm(), 0.0);
}

#[test]
fn tables_refuse_what_does_not_fit() {
    let (one, zero) = ([1.0; 3], [0.0; 3]);
    let codes = [1i8; 12];
    assert!(StaticTable::new(&codes, 3, 2, &one, &zero).is_ok());
    assert!(matches!(StaticTable::new(&codes[..11], 3, 2, &one, &zero), Err(Error::Dimension { .. })));
    assert!(matches!(StaticTable::new(&codes, 3, 2, &one[..2], &zero), Err(Error::Dimension { .. })));
    assert!(matches!(StaticTable::new(&codes, 3, 25, &one, &zero), Err(Error::Overflow { .. })));
    assert!(matches!(StaticTable::new(&[-128; 12], 3, 2, &one, &zero), Err(Error::CodeRange { at: 0 })));
    assert!(matches!(StaticTable::new(&codes, 3, 2, &one, &[0.0, f32::NAN, 0.0]), Err(Error::NonFinite { at: 1 })));
}
