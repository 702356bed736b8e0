//! Sidenote's kernels beside the machine's limits and their peers, in one run.
//!
//! `cargo x bench kernels [scan] [hamming] [panel] [pairs] [lex] [--rounds N] [--functions N] [--sources DIR] [--dump DIR]`;
//! no name means all. One thread.
//!
//! A library, which the program links with the peers' C libraries (feature `rivals`): it is checked without compiling these.

mod blocks;
mod ceilings;
mod harness;
mod peers;

use std::path::PathBuf;

use harness::Group;
use peers::{ALDER, HASWELL, ICELAKE, NkPacked, NkPair, SAPPHIRE_AMX};
use sidenote_kernels::{Code, Codes, Isa, Kernels, PANEL, Panel, Signs, StaticTable, lex};

const DIM: usize = 384;

struct Options {
    what: Vec<String>,
    rounds: usize,
    functions: usize,
    sources: PathBuf,
    dump: Option<PathBuf>,
}

fn options() -> Option<Options> {
    let home = std::env::var_os("CARGO_HOME").map(PathBuf::from);
    let home = home.or_else(|| std::env::var_os("HOME").map(|h| PathBuf::from(h).join(".cargo")))?;
    let mut o =
        Options { what: Vec::new(), rounds: 15, functions: 50_000, sources: home.join("registry/src"), dump: None };
    let mut arguments = std::env::args().skip(1);
    while let Some(a) = arguments.next() {
        match a.as_str() {
            "--rounds" => o.rounds = arguments.next()?.parse().ok()?,
            "--functions" => o.functions = arguments.next()?.parse().ok()?,
            "--sources" => o.sources = arguments.next()?.into(),
            "--dump" => o.dump = Some(arguments.next()?.into()),
            "scan" | "hamming" | "panel" | "pairs" | "lex" => o.what.push(a),
            _ => return None,
        }
    }
    Some(o)
}

/// Runs what the command line names.
pub fn main() {
    let Some(o) = options() else {
        eprintln!("scan, hamming, panel, pairs, lex; --rounds N, --functions N, --sources DIR, --dump DIR");
        std::process::exit(2);
    };
    if !Isa::Avx2.is_available() {
        eprintln!("the ceilings of this bench are written for x86-64 with AVX2 at least");
        std::process::exit(2);
    }
    let wants = |name: &str| o.what.is_empty() || o.what.iter().any(|w| w == name);
    let isas: Vec<&str> = Isa::available().map(Isa::name).collect();
    println!("kernels: {}; one thread; {} interleaved rounds", isas.join(", "), o.rounds);
    if wants("panel") {
        panel(o.rounds);
    }
    if wants("scan") {
        scan(o.rounds);
    }
    if wants("hamming") {
        hamming(o.rounds);
    }
    if wants("lex") || wants("pairs") || o.dump.is_some() {
        let blocks = blocks::functions(&o.sources, o.functions);
        println!("\n{} functions from Rust sources", blocks.len());
        let table = table(&blocks);
        if wants("lex") {
            static_tier(&blocks, &table, o.rounds);
        }
        if wants("pairs") || o.dump.is_some() {
            let mut rows = Codes::new(DIM).expect("384 is a dimension");
            let mut ids = Vec::new();
            for block in &blocks {
                ids.clear();
                lex(block.as_bytes(), table.bits(), &mut ids);
                rows.push(&table.embed(Kernels::get(), &ids).expect("ids are in the table")).expect("one dimension");
            }
            if let Some(folder) = &o.dump {
                let flat: Vec<u8> = flatten(&rows).iter().map(|&c| c as u8).collect();
                std::fs::write(folder.join("codes.i8"), flat).expect("the dump folder takes a file");
            }
            if wants("pairs") {
                for tau in [0.95, 0.90] {
                    all_pairs(&rows, tau, o.rounds.min(3));
                }
            }
        }
    }
}

fn all_kernels() -> Vec<Kernels> {
    Isa::available().filter_map(|isa| Kernels::for_isa(isa).ok()).collect()
}

struct Noise(u64);

impl Noise {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = (self.0 ^ self.0 >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ z >> 31
    }

    fn code(&mut self) -> Code {
        let codes: Vec<i8> = (0..DIM).map(|_| (self.next() % 255) as i16 - 127).map(|c| c as i8).collect();
        Code::from_codes(&codes).expect("within -127..=127")
    }
}

fn flatten(rows: &Codes) -> Vec<i8> {
    let rows = rows.as_rows();
    (0..rows.len()).filter_map(|i| rows.row(i)).flat_map(|lines| lines.iter().flat_map(|l| *l.codes())).collect()
}

fn flat_code(code: &Code) -> Vec<i8> {
    code.lines().iter().flat_map(|l| *l.codes()).collect()
}

/// Reading `bytes` in order, by the widest loads that there are: the case to compare with.
fn streams<'a>(g: &mut Group<'a>, bytes: &'a [u8]) -> usize {
    if Isa::Avx512Vnni.is_available() {
        let stream = g.ceiling("stream (prefetched)", move || {
            // SAFETY: as just seen.
            unsafe { ceilings::stream512(bytes) }
        });
        // SAFETY: as above.
        g.ceiling("stream (plain loads)", move || unsafe { ceilings::stream_plain512(bytes) });
        return stream;
    }
    let stream = g.ceiling("stream (prefetched)", move || {
        // SAFETY: `main` checked for AVX2.
        unsafe { ceilings::stream256(bytes) }
    });
    // SAFETY: as above.
    g.ceiling("stream (plain loads)", move || unsafe { ceilings::stream_plain256(bytes) });
    stream
}

/// The same scan for every peer: the ten best by `dot * inv_norm`, as the sum of their row numbers.
fn ten_best(rows: &[i8], inv: &[f32], dot: impl Fn(&[i8]) -> i32) -> u64 {
    let mut best = [(f32::NEG_INFINITY, 0u64); 10];
    for (i, (row, &inv)) in rows.chunks_exact(DIM).zip(inv).enumerate() {
        let score = dot(row) as f32 * inv;
        if score > best[9].0 {
            best[9] = (score, i as u64);
            best.sort_by(|a, b| b.0.total_cmp(&a.0));
        }
    }
    best.iter().map(|b| b.1).sum()
}

fn scan(rounds: usize) {
    const ROWS: usize = 1_000_000;
    let mut noise = Noise(1);
    let mut codes = Codes::new(DIM).expect("384 is a dimension");
    for _ in 0..ROWS {
        codes.push(&noise.code()).expect("one dimension");
    }
    let query = noise.code();
    let flat = flatten(&codes);
    let (bytes, q) = (flat.iter().map(|&c| c as u8).collect::<Vec<u8>>(), flat_code(&query));
    let inv = codes.as_rows().inv_norms();
    let (query, codes, flat, q, bytes) = (&query, &codes, &flat, &q, &bytes);
    let mut g = Group::new("int8 scan, top 10 of 1,000,000 x 384", ROWS, "row");
    let stream = streams(&mut g, bytes);
    let mut best = 0;
    for kernels in all_kernels() {
        if kernels.isa() == Isa::Amx {
            continue;
        }
        best = g.ours(format!("ours, {}", kernels.isa().name()), stream, move || {
            let hits = kernels.scan_topk(query, codes.as_rows(), 10).expect("one dimension");
            hits.iter().map(|h| u64::from(h.row)).sum()
        });
    }
    let mut ratios = Vec::new();
    let peers = [("NumKong dot, AVX-512 VNNI", ICELAKE, Isa::Avx512Vnni), ("NumKong dot, AVX2", HASWELL, Isa::Avx2)];
    for (name, capability, _) in peers.into_iter().filter(|(.., isa)| isa.is_available()) {
        if let Some(nk) = NkPair::dot(capability) {
            ratios.push((g.peer(name, move || ten_best(flat, inv, |r| nk.dot_of(q, r))), best));
        }
    }
    ratios.push((g.peer("SimSIMD dot", move || ten_best(flat, inv, |r| peers::simsimd_dot(q, r))), best));
    ratios.push((g.peer("naive Rust", move || ten_best(flat, inv, |r| peers::naive_dot(q, r))), best));
    g.run(rounds, &ratios);
}

fn hamming(rounds: usize) {
    const ROWS: usize = 10_000_000;
    const BYTES: usize = DIM / 8;
    const MAX: u32 = 145;
    let mut noise = Noise(2);
    let pool: Vec<Code> = (0..4096).map(|_| noise.code()).collect();
    let bits: Vec<Vec<u8>> = pool
        .iter()
        .map(|c| {
            let codes = flat_code(c);
            codes.chunks_exact(8).map(|c| c.iter().enumerate().fold(0, |b, (i, &c)| b | u8::from(c < 0) << i)).collect()
        })
        .collect();
    let mut signs = Signs::new(DIM).expect("384 is a dimension");
    let mut flat = Vec::with_capacity(ROWS * BYTES);
    for _ in 0..ROWS {
        let i = noise.next() as usize % pool.len();
        signs.push(&pool[i]).expect("one dimension");
        flat.extend_from_slice(&bits[i]);
    }
    let query = noise.code();
    let q: Vec<u8> = flat_code(&query)
        .chunks_exact(8)
        .map(|c| c.iter().enumerate().fold(0, |b, (i, &c)| b | u8::from(c < 0) << i))
        .collect();
    let (signs, flat, query, q) = (&signs, &flat, &query, &q);
    let within = move |distance: &dyn Fn(&[u8]) -> u32| {
        let mut sum = 0u64;
        for (i, row) in flat.chunks_exact(BYTES).enumerate() {
            let d = distance(row);
            if d <= MAX {
                sum = sum.wrapping_add(i as u64 * 1000 + u64::from(d));
            }
        }
        sum
    };
    let mut g = Group::new("Hamming scan, 10,000,000 x 48 bytes", ROWS, "row");
    let stream = streams(&mut g, flat);
    let mut best = 0;
    for kernels in all_kernels() {
        if matches!(kernels.isa(), Isa::Amx | Isa::AvxVnni) {
            continue;
        }
        best = g.ours(format!("ours, {}", kernels.isa().name()), stream, move || {
            let hits = kernels.hamming_scan(query, signs, MAX).expect("one dimension");
            hits.iter().fold(0u64, |s, &(i, d)| s.wrapping_add(u64::from(i) * 1000 + u64::from(d)))
        });
    }
    let mut ratios = Vec::new();
    let peers = [("NumKong, AVX-512", ICELAKE, Isa::Avx512Vnni), ("NumKong, AVX2", HASWELL, Isa::Avx2)];
    for (name, capability, _) in peers.into_iter().filter(|(.., isa)| isa.is_available()) {
        if let Some(nk) = NkPair::hamming(capability) {
            ratios.push((g.peer(name, move || within(&|r| nk.hamming_of(q, r))), best));
        }
    }
    ratios.push((g.peer("SimSIMD", move || within(&|r| peers::simsimd_hamming(q, r))), best));
    ratios.push((g.peer("naive Rust", move || within(&|r| peers::naive_hamming(q, r))), best));
    g.run(rounds, &ratios);
}

fn panel(rounds: usize) {
    const ROWS: usize = 1024;
    const REPEAT: usize = 128;
    const TAU: f32 = 0.2;
    let pairs = ROWS * PANEL * REPEAT;
    let mut noise = Noise(3);
    let (mut codes, mut queries) = (Codes::new(DIM).expect("a dimension"), Codes::new(DIM).expect("a dimension"));
    (0..ROWS).for_each(|_| codes.push(&noise.code()).expect("one dimension"));
    (0..PANEL).for_each(|_| queries.push(&noise.code()).expect("one dimension"));
    let packed = Panel::pack(queries.as_rows()).expect("64 rows");
    let inv = codes.as_rows().inv_norms();
    let inv_q = queries.as_rows().inv_norms();
    let thresholds: Vec<f32> = inv.iter().map(|i| TAU / i).collect();
    let (flat, flat_q) = (flatten(&codes), flatten(&queries));
    let (codes, packed, thresholds, flat, flat_q) = (&codes, &packed, &thresholds, &flat, &flat_q);

    let mut g = Group::new("panel, 64 queries x 1024 rows x 384, in cache, hits only", pairs, "pair");
    let n = pairs as u64;
    let mut peaks = Vec::new();
    if Isa::Avx2.is_available() {
        // SAFETY: as just seen.
        let peak = g.ceiling("register peak, AVX2 (madd + add)", move || unsafe { ceilings::madd256(n * 24) });
        peaks.push((Isa::Avx2, peak));
    }
    if Isa::AvxVnni.is_available() {
        // SAFETY: as just seen.
        peaks.push((Isa::AvxVnni, g.ceiling("register peak, AVX-VNNI", move || unsafe { ceilings::vnni256(n * 12) })));
    }
    if Isa::Avx512Vnni.is_available() {
        // SAFETY: as just seen.
        let peak = g.ceiling("register peak, AVX-512 VNNI", move || unsafe { ceilings::vnni512(n * 6) });
        peaks.push((Isa::Avx512Vnni, peak));
    }
    let widest = peaks.last().map_or(0, |p| p.1);
    if Isa::Amx.is_available() {
        peaks.push((Isa::Amx, g.ceiling("register peak, AMX", move || ceilings::amx(n * 6 / 256))));
    }
    let mut ours = Vec::new();
    for kernels in all_kernels() {
        let peak = peaks.iter().find(|p| p.0 == kernels.isa()).map_or(widest, |p| p.1);
        let case = g.ours(format!("ours, {}", kernels.isa().name()), peak, move || {
            let mut sum = 0;
            for _ in 0..REPEAT {
                let hits = kernels.panel_gt(packed, codes.as_rows(), thresholds).expect("one dimension");
                sum = hits
                    .iter()
                    .fold(0u64, |s, h| s.wrapping_add((h.dot as u64) << 20 ^ u64::from(h.row * 64 + h.query)));
            }
            sum
        });
        ours.push((kernels.isa(), case));
    }
    let of = |isa: Isa| ours.iter().find(|o| o.0 == isa).map_or(0, |o| o.1);
    let mut ratios = Vec::new();
    for (name, capability, isa) in [
        ("AMX", SAPPHIRE_AMX, Isa::Amx),
        ("AVX-512 VNNI", ICELAKE, Isa::Avx512Vnni),
        ("AVX-VNNI", ALDER, Isa::AvxVnni),
        ("AVX2", HASWELL, Isa::Avx2),
    ] {
        let (Some(nk), true) = (NkPacked::new(capability), isa.is_available()) else { continue };
        let b = nk.pack(flat_q, DIM);
        let mut out = vec![0i32; ROWS * PANEL];
        let bare = nk.pack(flat_q, DIM);
        let mut bare_out = out.clone();
        let case = g.ceiling(format!("NumKong {name}, products only"), move || {
            (0..REPEAT).for_each(|_| nk.multiply(flat, &bare, PANEL, DIM, &mut bare_out));
            0
        });
        ratios.push((case, of(isa)));
        let case = g.peer(format!("NumKong {name}, with the threshold"), move || {
            let mut sum = 0u64;
            for _ in 0..REPEAT {
                nk.multiply(flat, &b, PANEL, DIM, &mut out);
                sum = 0;
                for (r, scores) in out.chunks_exact(PANEL).enumerate() {
                    for (q, (&dot, &inv)) in scores.iter().zip(inv_q).enumerate() {
                        if dot as f32 * inv >= thresholds[r] {
                            sum = sum.wrapping_add((dot as u64) << 20 ^ (r * PANEL + q) as u64);
                        }
                    }
                }
            }
            sum
        });
        ratios.push((case, of(isa)));
    }
    let naive = move |dot: &dyn Fn(&[i8], &[i8]) -> i32| {
        let mut sum = 0u64;
        for _ in 0..REPEAT {
            sum = 0;
            for (r, row) in flat.chunks_exact(DIM).enumerate() {
                for (q, query) in flat_q.chunks_exact(DIM).enumerate() {
                    let d = dot(query, row);
                    if d as f32 * inv_q[q] >= thresholds[r] {
                        sum = sum.wrapping_add((d as u64) << 20 ^ (r * PANEL + q) as u64);
                    }
                }
            }
        }
        sum
    };
    let case = g.peer("naive Rust, default target", move || naive(&peers::naive_dot));
    ratios.push((case, of(Isa::Scalar)));
    // SAFETY: `main` checked for AVX2.
    let case = g.peer("naive Rust, AVX2", move || naive(&|a, b| unsafe { peers::naive_dot_avx2(a, b) }));
    ratios.push((case, of(Isa::Avx2)));
    g.run(rounds, &ratios);
}

/// Random directions, centred by the mean of the corpus.
fn table(blocks: &[String]) -> StaticTable {
    let table = StaticTable::random(DIM, 15, 42).expect("384 x 2^15");
    let (mut mean, mut ids) = (vec![0.0f64; DIM], Vec::new());
    for block in blocks {
        ids.clear();
        lex(block.as_bytes(), table.bits(), &mut ids);
        let pooled = table.pool(Kernels::get(), &ids).expect("ids are in the table");
        mean.iter_mut().zip(&pooled).for_each(|(m, &x)| *m += f64::from(x));
    }
    let mean: Vec<f32> = mean.iter().map(|m| (m / blocks.len().max(1) as f64) as f32).collect();
    table.with_mean(&mean).expect("a finite mean")
}

fn static_tier(blocks: &[String], table: &StaticTable, rounds: usize) {
    let bytes: usize = blocks.iter().map(String::len).sum();
    let mut count = 0;
    let mut buffer = Vec::new();
    for block in blocks {
        buffer.clear();
        lex(block.as_bytes(), table.bits(), &mut buffer);
        count += buffer.len();
    }
    let n = blocks.len();
    println!("{} bytes and {} tokens a function on average", bytes / n.max(1), count / n.max(1));
    let mut g = Group::new("static tier: lex + gather-pool + quantise", n, "block");
    let mut ids = Vec::new();
    let lexing = g.ceiling("lexing alone", move || {
        let mut sum = 0;
        for block in blocks {
            ids.clear();
            lex(block.as_bytes(), table.bits(), &mut ids);
            sum += ids.len() as u64;
        }
        sum
    });
    for kernels in all_kernels() {
        if matches!(kernels.isa(), Isa::Amx | Isa::AvxVnni) {
            continue;
        }
        let mut ids = Vec::new();
        g.ours(format!("ours, {}", kernels.isa().name()), lexing, move || {
            let mut sum = 0u64;
            for block in blocks {
                ids.clear();
                lex(block.as_bytes(), table.bits(), &mut ids);
                let code = table.embed(kernels, &ids).expect("ids are in the table");
                sum = sum.wrapping_mul(31).wrapping_add(code.lines()[0].codes()[0] as u64);
            }
            sum
        });
    }
    g.run(rounds, &[]);
}

fn fold(sum: u64, a: u32, b: u32) -> u64 {
    sum.wrapping_add((u64::from(a) << 32 | u64::from(b)).wrapping_mul(0x9e37_79b9_7f4a_7c15))
}

fn all_pairs(rows: &Codes, tau: f32, rounds: usize) {
    let n = rows.len();
    let flat = flatten(rows);
    let inv = rows.as_rows().inv_norms();
    let flat = &flat;
    let found = Kernels::get().pairs_above(rows.as_rows(), tau, usize::MAX).expect("a threshold").len();
    let title = format!("all pairs >= {tau} of {n} function vectors x {DIM}: {found} pairs");
    let mut g = Group::new(title, n * (n - 1) / 2, "pair");
    let mut ours = Vec::new();
    let products = (n * (n - 1) / 2) as u64;
    let peak = if Isa::Avx512Vnni.is_available() {
        // SAFETY: as just seen.
        g.ceiling("register peak of a full product, AVX-512 VNNI", move || unsafe { ceilings::vnni512(products * 6) })
    } else {
        // SAFETY: `main` checked for AVX2.
        g.ceiling("register peak of a full product, AVX2", move || unsafe { ceilings::madd256(products * 24) })
    };
    for kernels in all_kernels() {
        if kernels.isa() == Isa::Scalar {
            continue;
        }
        let case = g.ours(format!("ours, {}", kernels.isa().name()), peak, move || {
            let pairs = kernels.pairs_above(rows.as_rows(), tau, usize::MAX).expect("a threshold");
            pairs.iter().fold(0, |s, p| fold(s, p.a, p.b))
        });
        ours.push((kernels.isa(), case));
    }
    let of = |isa: Isa| ours.iter().find(|o| o.0 == isa).map_or(0, |o| o.1);
    let mut ratios = Vec::new();
    for (name, capability, isa) in [
        ("NumKong AMX", SAPPHIRE_AMX, Isa::Amx),
        ("NumKong AVX-512 VNNI", ICELAKE, Isa::Avx512Vnni),
        ("NumKong AVX-VNNI", ALDER, Isa::AvxVnni),
        ("NumKong AVX2", HASWELL, Isa::Avx2),
    ] {
        let (Some(nk), true) = (NkPacked::new(capability), isa.is_available()) else { continue };
        let case = g.peer(name, move || numkong_pairs(nk, flat, inv, tau));
        ratios.push((case, of(isa)));
        if isa == Isa::Avx512Vnni {
            ratios.push((case, of(Isa::Amx)));
        }
    }
    g.run(rounds, &ratios);
}

/// The upper triangle by blocks that stay in cache, then the threshold over the score matrix: what one writes with a
/// packed product at hand.
fn numkong_pairs(nk: NkPacked, flat: &[i8], inv: &[f32], tau: f32) -> u64 {
    const BLOCK: usize = 256;
    let n = inv.len();
    let mut out = vec![0i32; BLOCK * BLOCK];
    let mut sum = 0;
    for column in (0..n).step_by(BLOCK) {
        let columns = BLOCK.min(n - column);
        let packed = nk.pack(&flat[column * DIM..(column + columns) * DIM], DIM);
        for row in (column..n).step_by(BLOCK) {
            let rows = BLOCK.min(n - row);
            nk.multiply(&flat[row * DIM..(row + rows) * DIM], &packed, columns, DIM, &mut out);
            for (r, scores) in out[..rows * columns].chunks_exact(columns).enumerate() {
                let b = row + r;
                let near = if inv[b] == 0.0 { f32::INFINITY } else { tau * (1.0 - 1e-6) / inv[b] };
                let inv_columns = &inv[column..column + columns];
                // One test for a whole row of the matrix, which the compiler vectorises.
                let any = scores.iter().zip(inv_columns).fold(false, |any, (&d, &i)| any | (d as f32 * i >= near));
                if !any {
                    continue;
                }
                for (c, &dot) in scores.iter().enumerate() {
                    let a = column + c;
                    let score = (f64::from(dot) * (f64::from(inv[a]) * f64::from(inv[b]))) as f32;
                    if a < b && inv[a] != 0.0 && inv[b] != 0.0 && score >= tau {
                        sum = fold(sum, a as u32, b as u32);
                    }
                }
            }
        }
    }
    sum
}
