//! Every kernel on every instruction set of this machine, against plain 64-bit arithmetic.

#![allow(clippy::unwrap_used)]

use proptest::prelude::*;
use sidenote_kernels::{Code, Codes, Error, Isa, Kernels, PANEL, Panel, PanelHit, Signs};

fn all() -> Vec<Kernels> {
    Isa::available().map(|isa| Kernels::for_isa(isa).unwrap()).collect()
}

fn naive_dot(a: &[i8], b: &[i8]) -> i64 {
    a.iter().zip(b).map(|(&a, &b)| i64::from(a) * i64::from(b)).sum()
}

fn codes_of(rows: &[Vec<i8>], dim: usize) -> Codes {
    let mut codes = Codes::new(dim).unwrap();
    for row in rows {
        codes.push(&Code::from_codes(row).unwrap()).unwrap();
    }
    codes
}

/// A code, with the extremes as likely as all the rest.
fn code() -> impl Strategy<Value = i8> {
    prop_oneof![3 => -127i8..=127, 1 => Just(127i8), 1 => Just(-127i8), 1 => Just(0i8)]
}

/// `rows.start..rows.end` rows of one dimension in 1..=130.
fn matrix(rows: std::ops::RangeInclusive<usize>) -> impl Strategy<Value = (usize, Vec<Vec<i8>>)> {
    (1usize..=130, rows)
        .prop_flat_map(|(dim, n)| (Just(dim), prop::collection::vec(prop::collection::vec(code(), dim..=dim), n..=n)))
}

/// The set that CI's machines must have exercised: a machine that has an ISA and did not run it fails here.
#[test]
fn every_isa_of_this_machine_is_run() {
    let run: Vec<&str> = all().iter().map(|k| k.isa().name()).collect();
    assert!(run.contains(&"scalar"));
    println!("exercised: {run:?}");
    if let Ok(wanted) = std::env::var("SIDENOTE_ISA_REQUIRED") {
        for name in wanted.split(',').filter(|n| !n.is_empty()) {
            let isa: Isa = name.parse().unwrap();
            assert!(run.contains(&isa.name()), "{name} was required and not exercised; this machine has {run:?}");
        }
    }
    #[cfg(target_arch = "x86_64")]
    for (name, has) in [
        ("avx2", is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma")),
        ("avxvnni", is_x86_feature_detected!("avx2") && is_x86_feature_detected!("avxvnni")),
        ("avx512vnni", is_x86_feature_detected!("avx512vnni") && is_x86_feature_detected!("avx512vpopcntdq")),
    ] {
        assert_eq!(run.contains(&name), has, "{name}");
    }
    #[cfg(target_arch = "aarch64")]
    assert_eq!(run.contains(&"neon-dotprod"), std::arch::is_aarch64_feature_detected!("dotprod"));
}

#[test]
fn a_forced_isa_is_the_chosen_one() {
    let chosen = Kernels::get().isa();
    match std::env::var(sidenote_kernels::ISA_VARIABLE).ok().and_then(|name| name.parse::<Isa>().ok()) {
        Some(forced) if forced.is_available() => assert_eq!(chosen, forced),
        _ => assert_eq!(Some(chosen), Isa::available().last()),
    }
    assert!(matches!("sse5".parse::<Isa>(), Err(Error::Isa(_))));
}

fn refused_at(result: Result<Code, Error>) -> Option<usize> {
    match result {
        Err(Error::NonFinite { at }) => Some(at),
        _ => None,
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn dot_is_exact((_, rows) in matrix(2..=2)) {
        let want = naive_dot(&rows[0], &rows[1]);
        let (a, b) = (Code::from_codes(&rows[0]).unwrap(), Code::from_codes(&rows[1]).unwrap());
        for k in all() {
            prop_assert_eq!(i64::from(k.dot(&a, &b).unwrap()), want, "{:?}", k);
            prop_assert_eq!(k.cosine(&a, &b).unwrap().to_bits(), k.cosine(&b, &a).unwrap().to_bits());
        }
    }

    #[test]
    fn panel_hits_are_exactly_the_pairs_over_the_threshold(
        (dim, rows) in matrix(1..=80),
        queries in 1usize..=PANEL,
        tau in prop_oneof![Just(0.05f32), Just(0.3), Just(0.9), Just(1.0)],
    ) {
        let codes = codes_of(&rows, dim);
        let queries = queries.min(rows.len());
        let panel = Panel::pack(codes.as_rows().slice(0..queries)).unwrap();
        let inv = codes.as_rows().inv_norms();
        let thresholds: Vec<f32> = inv.iter().map(|&i| if i == 0.0 { f32::NAN } else { tau / i }).collect();
        let mut want = Vec::new();
        for (r, row) in rows.iter().enumerate() {
            for (q, query) in rows[..queries].iter().enumerate() {
                let dot = naive_dot(query, row);
                if inv[q] != 0.0 && dot as f32 * inv[q] >= thresholds[r] {
                    want.push(PanelHit { query: q as u32, row: r as u32, dot: i32::try_from(dot).unwrap() });
                }
            }
        }
        for k in all() {
            let got = k.panel_gt(&panel, codes.as_rows(), &thresholds).unwrap();
            prop_assert_eq!(&got, &want, "{:?}", k);
        }
    }

    /// Many rows, each near to a query: where products are first bounded, the bound must not lose one.
    #[test]
    fn panels_lose_no_near_row(
        (dim, queries) in matrix(1..=20),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<prop::sample::Index>(), code()), 64..=140),
        tau in prop_oneof![Just(-1.0f32), Just(0.0), 0.3f32..1.0],
    ) {
        let near = changes.iter().map(|(query, at, code)| {
            let mut row = queries[query.index(queries.len())].clone();
            row[at.index(dim)] = *code;
            row
        });
        let rows: Vec<Vec<i8>> = near.collect();
        let (panel, codes) = (Panel::pack(codes_of(&queries, dim).as_rows()).unwrap(), codes_of(&rows, dim));
        let thresholds: Vec<f32> = codes.as_rows().inv_norms().iter().map(|i| tau / i).collect();
        let want = Kernels::scalar().panel_gt(&panel, codes.as_rows(), &thresholds).unwrap();
        for k in all() {
            prop_assert_eq!(&k.panel_gt(&panel, codes.as_rows(), &thresholds).unwrap(), &want, "{:?}", k);
        }
    }

    #[test]
    fn scan_returns_the_best_in_order((dim, mut rows) in matrix(2..=40), k in 0usize..=41) {
        let query = Code::from_codes(&rows.pop().unwrap()).unwrap();
        // Equal rows make equal scores.
        rows.extend_from_within(..rows.len() / 2);
        let codes = codes_of(&rows, dim);
        let scalar = Kernels::scalar();
        let mut want: Vec<(u32, f32)> = (0..rows.len())
            .map(|r| (r as u32, scalar.cosine(&query, &Code::from_codes(&rows[r]).unwrap()).unwrap()))
            .filter(|&(r, _)| rows[r as usize].iter().any(|&c| c != 0) && query.inv_norm() != 0.0)
            .collect();
        want.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
        want.truncate(k);
        for kernels in all() {
            let got = kernels.scan_topk(&query, codes.as_rows(), k).unwrap();
            let got: Vec<(u32, f32)> = got.iter().map(|h| (h.row, h.score)).collect();
            prop_assert_eq!(&got, &want, "{:?}", kernels);
        }
    }

    #[test]
    fn hamming_counts_bits((dim, mut rows) in matrix(2..=40), max in 0u32..=130) {
        let query = rows.pop().unwrap();
        let signs = Signs::of_rows(codes_of(&rows, dim).as_rows()).unwrap();
        let want: Vec<(u32, u32)> = rows.iter().enumerate()
            .map(|(r, row)| (r as u32, row.iter().zip(&query).filter(|(a, b)| (**a < 0) != (**b < 0)).count() as u32))
            .filter(|&(_, d)| d <= max)
            .collect();
        let query = Code::from_codes(&query).unwrap();
        for k in all() {
            prop_assert_eq!(&k.hamming_scan(&query, &signs, max).unwrap(), &want, "{:?}", k);
        }
    }

    #[test]
    fn pooling_and_codes_are_the_same_bits_everywhere(
        dim in 1usize..=130,
        n in 1usize..=9,
        seed in any::<u64>(),
        exponent in prop_oneof![Just(-140i32), Just(-60), Just(0), Just(60), Just(120)],
    ) {
        let mut state = seed | 1;
        let mut next = || {
            state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            ((state >> 40) as f32 / (1u64 << 23) as f32 - 1.0) * 2f32.powi(exponent)
        };
        let rows: Vec<f32> = (0..n * dim).map(|_| next()).collect();
        let mean: Vec<f32> = (0..dim).map(|_| next() * 0.25).collect();
        let scalar = Kernels::scalar();
        let pooled = scalar.pool_dense(&rows, dim).unwrap();
        // Against f64: the mean within rounding, and each code within half a step and a hair.
        for (d, &p) in pooled.iter().enumerate() {
            let exact = (0..n).map(|r| f64::from(rows[r * dim + d])).sum::<f64>() / n as f64;
            let size = (0..n).map(|r| f64::from(rows[r * dim + d]).abs()).sum::<f64>();
            prop_assert!((f64::from(p) - exact).abs() <= size * 1e-6 + 1e-44);
        }
        let code = scalar.finish(pooled.clone(), &mean).unwrap();
        let x: Vec<f64> = pooled.iter().zip(&mean).map(|(&p, &m)| f64::from(p - m)).collect();
        let max = x.iter().fold(0f64, |m, x| m.max(x.abs()));
        let flat: Vec<i8> = code.lines().iter().flat_map(|l| *l.codes()).take(dim).collect();
        if max > 0.0 {
            for (&q, x) in flat.iter().zip(&x) {
                prop_assert!((f64::from(q) - x / max * 127.0).abs() <= 0.5 + 1e-3, "{q} for {}", x / max * 127.0);
            }
            prop_assert!(flat.iter().any(|q| q.unsigned_abs() == 127));
        }
        let norm = naive_dot(&flat, &flat);
        prop_assert_eq!(code.inv_norm(), if norm == 0 { 0.0 } else { (1.0 / (norm as f64).sqrt()) as f32 });
        for k in all() {
            let p = k.pool_dense(&rows, dim).unwrap();
            prop_assert!(p.iter().zip(&pooled).all(|(a, b)| a.to_bits() == b.to_bits()), "{:?}", k);
            prop_assert_eq!(&k.finish(p, &mean).unwrap(), &code, "{:?}", k);
        }
    }

    #[test]
    fn what_is_not_finite_is_refused(dim in 1usize..=130, at in any::<prop::sample::Index>(),
                                     bad in prop_oneof![Just(f32::NAN), Just(f32::INFINITY), Just(f32::NEG_INFINITY)]) {
        let at = at.index(dim);
        let mut x = vec![0.5; dim];
        x[at] = bad;
        let zero = vec![0.0; dim];
        for k in all() {
            prop_assert_eq!(refused_at(k.finish(x.clone(), &zero)), Some(at));
            prop_assert_eq!(refused_at(k.finish(zero.clone(), &x)), Some(at));
        }
    }
}

#[test]
fn ties_round_to_even() {
    // The largest magnitude is 127, so the scale is exactly 1.
    let x = vec![127.0, 0.5, 1.5, 2.5, -0.5, -1.5, -2.5, 126.5, 125.5];
    for k in all() {
        let code = k.finish(x.clone(), &[0.0; 9]).unwrap();
        assert_eq!(&code.lines()[0].codes()[..9], [127, 0, 2, 2, 0, -2, -2, 126, 126], "{k:?}");
    }
}

#[test]
fn overflow_and_subnormals() {
    let largest = f32::MAX;
    let smallest = f32::from_bits(1);
    for k in all() {
        assert!(matches!(k.finish(vec![largest, 1.0], &[-largest, 0.0]), Err(Error::NonFinite { at: 0 })));
        let pooled = k.pool_dense(&[largest, 1.0, largest, 1.0], 2).unwrap();
        assert!(matches!(k.finish(pooled, &[0.0; 2]), Err(Error::NonFinite { at: 0 })));
        for x in [largest, smallest] {
            let code = k.finish(vec![x, -x, 0.0], &[0.0; 3]).unwrap();
            assert_eq!(&code.lines()[0].codes()[..3], [127, -127, 0], "{k:?}");
        }
        assert_eq!(k.finish(vec![3.0; 3], &[3.0; 3]).unwrap().inv_norm(), 0.0);
    }
}

#[test]
fn the_largest_dimension_does_not_overflow() {
    let dim = sidenote_kernels::MAX_DIM;
    let plus = Code::from_codes(&vec![127; dim]).unwrap();
    let minus = Code::from_codes(&vec![-127; dim]).unwrap();
    let mut codes = Codes::new(dim).unwrap();
    (0..33).for_each(|_| codes.push(&minus).unwrap());
    let panel = Panel::pack_with(plus.as_rows(), &[-1.0]).unwrap();
    let want = -127 * 127 * dim as i32;
    for k in all() {
        assert_eq!(k.dot(&plus, &minus).unwrap(), want, "{k:?}");
        let hits = k.panel_gt(&panel, codes.as_rows(), &[0.0; 33]).unwrap();
        assert!(hits.len() == 33 && hits.iter().all(|h| h.dot == want), "{k:?}");
    }
    assert!(matches!(Code::from_codes(&vec![0; dim + 1]), Err(Error::Dimension { .. })));
    assert!(matches!(Code::from_codes(&[]), Err(Error::Dimension { .. })));
    assert!(matches!(Code::from_codes(&[1, -128]), Err(Error::CodeRange { at: 1 })));
}

/// Equal codes make the remainder of a halved product as large as its bound says.
#[test]
fn bounds_of_panels_are_tight_where_all_codes_are_equal() {
    for (query, row) in [(127, 127), (1, 1), (-127, -127), (127, -127), (-1, 1), (3, 125), (126, 127), (2, 2)] {
        for dim in [1, 60, 64, 130, 384] {
            let panel = Panel::pack(codes_of(&[vec![query; dim]], dim).as_rows()).unwrap();
            let codes = codes_of(&vec![vec![row; dim]; 72], dim);
            let inv = panel_inv(query, dim);
            let dot = i32::from(query) * i32::from(row) * dim as i32;
            let met = dot as f32 * inv;
            for (threshold, hits) in [(met, 72), (met + met.abs() * 1e-6 + 1e-6, 0)] {
                for k in all() {
                    let got = k.panel_gt(&panel, codes.as_rows(), &[threshold; 72]).unwrap();
                    assert_eq!(got.len(), hits, "{k:?} {query} {row} {dim} {threshold}");
                    assert!(got.iter().all(|h| h.dot == dot));
                }
            }
        }
    }
}

fn panel_inv(code: i8, dim: usize) -> f32 {
    Code::from_codes(&vec![code; dim]).unwrap().inv_norm()
}

#[test]
fn zero_vectors_are_never_hits() {
    let codes = codes_of(&vec![vec![0; 70]; 40], 70);
    let zero = Code::from_codes(&[0; 70]).unwrap();
    let panel = Panel::pack(codes.as_rows()).unwrap();
    for k in all() {
        assert!(k.scan_topk(&zero, codes.as_rows(), 5).unwrap().is_empty());
        assert!(k.panel_gt(&panel, codes.as_rows(), &[-1.0; 40]).unwrap().is_empty());
    }
}
