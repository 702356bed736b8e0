//! The index against a plain map of rows, its snapshots, its file.

#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;
use std::path::Path;

use proptest::prelude::*;
use sidenote_kernels::{Code, Error, Index, Kernels, Key, SharedIndex};

const DIM: usize = 70;

fn code(seed: u64) -> Code {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let codes: Vec<i8> = (0..DIM)
        .map(|_| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            ((state >> 40) as i32 % 255 - 127) as i8
        })
        .collect();
    Code::from_codes(&codes).unwrap()
}

type Model = BTreeMap<Key, Code>;

fn check(index: &Index, model: &Model, query: &Code) {
    let kernels = Kernels::scalar();
    assert_eq!(index.len(), model.len());
    let mut keys: Vec<Key> = index.keys().collect();
    keys.sort_unstable();
    assert!(keys.iter().eq(model.keys()));
    for (&key, code) in model {
        assert_eq!(index.get(key).as_ref(), Some(code));
    }
    let mut best: Vec<(Key, f32)> = model.iter().map(|(&k, c)| (k, kernels.cosine(query, c).unwrap())).collect();
    best.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
    best.truncate(10);
    let found: Vec<(Key, f32)> = index.top_k(query, 10).unwrap().iter().map(|n| (n.key, n.score)).collect();
    assert_eq!(found, best);

    let tau = 0.2;
    let mut pairs = Vec::new();
    for (&a, x) in model {
        for (&b, y) in model.range(a + 1..) {
            let score = kernels.cosine(x, y).unwrap();
            if score >= tau {
                pairs.push((a, b, score));
            }
        }
    }
    let found = |pairs: Vec<sidenote_kernels::KeyPair>| pairs.iter().map(|p| (p.a, p.b, p.score)).collect::<Vec<_>>();
    assert_eq!(found(index.pairs_above(tau, usize::MAX).unwrap()), pairs);
    let changed: Vec<Key> = model.keys().copied().step_by(3).chain([Key::MAX]).collect();
    pairs.retain(|(a, b, _)| changed.contains(a) || changed.contains(b));
    assert_eq!(found(index.neighbours_of(&changed, tau, usize::MAX).unwrap()), pairs);
}

#[derive(Clone, Debug)]
enum Step {
    Insert(Key, u64),
    Remove(Key),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        3 => (0u128..60, 0u64..40).prop_map(|(k, s)| Step::Insert(k, s)),
        1 => (0u128..60).prop_map(Step::Remove),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn any_script_of_writes_leaves_what_a_map_would(steps in prop::collection::vec(step(), 0..150), query in any::<u64>()) {
        let mut index = Index::new(DIM).unwrap();
        let mut model = Model::new();
        for step in steps {
            match step {
                Step::Insert(key, seed) => {
                    let replaced = index.insert(key, &code(seed)).unwrap();
                    prop_assert_eq!(replaced, model.insert(key, code(seed)).is_some());
                }
                Step::Remove(key) => prop_assert_eq!(index.remove(key), model.remove(&key).is_some()),
            }
        }
        check(&index, &model, &code(query));
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("index");
        index.save(&path).unwrap();
        let mut opened = Index::open(&path, DIM).unwrap();
        check(&opened, &model, &code(query));
        // A mapped index takes writes, and its file does not.
        opened.insert(7, &code(99)).unwrap();
        opened.remove(8);
        check(&Index::open(&path, DIM).unwrap(), &model, &code(query));
        model.insert(7, code(99));
        model.remove(&8);
        check(&opened, &model, &code(query));
    }

    #[test]
    fn a_damaged_file_is_never_taken(at in any::<prop::sample::Index>(), bit in 0u8..8, cut in any::<prop::sample::Index>()) {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("index");
        small(30).save(&path).unwrap();
        let whole = std::fs::read(&path).unwrap();
        let mut flipped = whole.clone();
        flipped[at.index(whole.len())] ^= 1 << bit;
        for bad in [&flipped[..], &whole[..cut.index(whole.len())], &[&whole[..], b"x"].concat()] {
            std::fs::write(&path, bad).unwrap();
            let refused = matches!(Index::open(&path, DIM), Err(Error::Foreign | Error::Version { .. } | Error::Torn(_)));
            prop_assert!(refused);
        }
    }
}

fn small(n: u64) -> Index {
    let mut index = Index::new(DIM).unwrap();
    for i in 0..n {
        index.insert(Key::from(i) << 70, &code(i)).unwrap();
    }
    index
}

#[test]
fn rows_past_one_segment() {
    let mut index = Index::new(DIM).unwrap();
    for i in 0..9000u64 {
        index.insert(Key::from(i), &code(i)).unwrap();
    }
    let snapshot = index.clone();
    for i in (0..9000u64).step_by(2) {
        assert!(index.remove(Key::from(i)));
    }
    for i in 0..9000u64 {
        let expected = (i % 2 == 1).then(|| code(i));
        assert_eq!(index.get(Key::from(i)), expected);
        assert_eq!(snapshot.get(Key::from(i)), Some(code(i)));
    }
    let dir = tempfile::tempdir().unwrap();
    snapshot.save(&dir.path().join("i")).unwrap();
    let opened = Index::open(&dir.path().join("i"), DIM).unwrap();
    let query = code(77);
    assert_eq!(opened.top_k(&query, 50).unwrap(), snapshot.top_k(&query, 50).unwrap());
    assert_eq!(opened.top_k(&query, 1).unwrap()[0].key, 77);
    assert_eq!(opened.pairs_above(0.4, usize::MAX).unwrap(), snapshot.pairs_above(0.4, usize::MAX).unwrap());
}

#[test]
fn order_of_arrival_does_not_show() {
    let (mut forward, mut backward) = (Index::new(DIM).unwrap(), Index::new(DIM).unwrap());
    for i in 0..300u64 {
        // Ten rows of each code: ties everywhere.
        forward.insert(Key::from(i), &code(i % 30)).unwrap();
        backward.insert(Key::from(299 - i), &code((299 - i) % 30)).unwrap();
    }
    let query = code(3);
    assert_eq!(forward.top_k(&query, 15).unwrap(), backward.top_k(&query, 15).unwrap());
    assert_eq!(forward.pairs_above(0.3, 1 << 20).unwrap(), backward.pairs_above(0.3, 1 << 20).unwrap());
}

#[test]
fn a_bad_file_is_kept_and_the_index_rebuilt() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("index");
    let rebuild = |index: &mut Index| index.insert(1, &code(1)).map(drop);
    let open = |path: &Path| Index::open_or_rebuild(path, DIM, rebuild).unwrap();
    assert!(matches!(open(&path), (index, None) if index.len() == 1));
    std::fs::write(&path, "somebody's notes, long enough to look like a header, and then some more").unwrap();
    assert!(matches!(open(&path), (index, Some(Error::Foreign)) if index.len() == 1));
    let kept = std::fs::read_to_string(dir.path().join("index.rejected")).unwrap();
    assert!(kept.starts_with("somebody's notes"));
    std::fs::write(&path, "short").unwrap();
    assert!(matches!(open(&path), (_, Some(Error::Foreign))));
    assert_eq!(std::fs::read_to_string(dir.path().join("index.rejected-1")).unwrap(), "short");
    // Another dimension is another index.
    assert!(matches!(Index::open(&path, DIM + 1), Err(Error::Dimension { .. })));
    assert!(matches!(open(&path), (index, None) if index.len() == 1));
    assert!(matches!(Index::open(&dir.path().join("none"), DIM), Err(Error::Io(_))));
    // No temporary file is left behind.
    let mut names: Vec<_> = std::fs::read_dir(dir.path()).unwrap().map(|e| e.unwrap().file_name()).collect();
    names.sort();
    assert_eq!(names, ["index", "index.rejected", "index.rejected-1"]);
}

#[test]
fn readers_see_whole_writes_only() {
    let shared = SharedIndex::new(Index::new(DIM).unwrap());
    std::thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                let mut seen = 0;
                while seen < 200 {
                    let index = shared.snapshot();
                    assert!(index.len() >= seen && index.len().is_multiple_of(10));
                    seen = index.len();
                    let found = index.top_k(&code(5), 3).unwrap();
                    assert_eq!(found.len(), seen.min(3));
                }
            });
        }
        for batch in 0..20u64 {
            let write = |index: &mut Index| {
                (0..10).try_for_each(|i| index.insert(Key::from(batch * 10 + i), &code(batch * 10 + i)).map(drop))
            };
            shared.write(write).unwrap();
            let failed = shared.write(|index| {
                index.remove(Key::from(batch));
                index.insert(1, &Code::from_codes(&[1]).unwrap())
            });
            assert!(matches!(failed, Err(Error::Dimension { .. })));
        }
    });
    assert_eq!(shared.snapshot().len(), 200);
}

/// 1 million rows of 384 take this little; run with `--ignored`, for it wants half a gigabyte.
#[test]
#[ignore = "half a gigabyte"]
fn a_million_rows_fit() {
    let mut index = Index::new(384).unwrap();
    for i in 0..1_000_000u64 {
        let mut codes = [1i8; 384];
        codes[..8].copy_from_slice(&i.to_le_bytes().map(|b| (b & 127) as i8));
        index
            .insert(
                Key::from(i).wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835),
                &Code::from_codes(&codes).unwrap(),
            )
            .unwrap();
    }
    println!("{} bytes", index.memory());
    assert!(index.memory() < 450_000_000);
}
