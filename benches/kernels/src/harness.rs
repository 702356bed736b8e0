//! Interleaved rounds: every case of a group runs once a round, so that noise on a shared machine falls on all alike.
//! Times are of the thread's own CPU time, so that being put aside for another process does not count (what that process does to
//! caches and memory still does). They are minima; ratios are medians of the ratios within a round.

/// Nanoseconds that this thread has run.
fn cpu_time() -> f64 {
    #[repr(C)]
    struct Timespec {
        seconds: i64,
        nanoseconds: i64,
    }
    unsafe extern "C" {
        fn clock_gettime(clock: i32, time: *mut Timespec) -> i32;
    }
    const THREAD_CPUTIME: i32 = 3;
    let mut time = Timespec { seconds: 0, nanoseconds: 0 };
    // SAFETY: `time` is a valid place for the 64-bit `timespec` of x86-64 Linux, the only target of this bench.
    let failed = unsafe { clock_gettime(THREAD_CPUTIME, &mut time) };
    assert_eq!(failed, 0);
    time.seconds as f64 * 1e9 + time.nanoseconds as f64
}

pub struct Case<'a> {
    name: String,
    kind: Kind,
    run: Box<dyn FnMut() -> u64 + 'a>,
}

#[derive(Clone, Copy, PartialEq)]
enum Kind {
    /// A limit of the machine: what it returns means nothing.
    Ceiling,
    /// One of our kernels, with the place of its ceiling among the cases.
    Ours(usize),
    /// Somebody else's.
    Peer,
}

pub struct Group<'a> {
    title: String,
    /// What one call of a case does, for the figure per unit.
    units: f64,
    unit: &'static str,
    cases: Vec<Case<'a>>,
}

impl<'a> Group<'a> {
    pub fn new(title: impl Into<String>, units: usize, unit: &'static str) -> Group<'a> {
        Group { title: title.into(), units: units as f64, unit, cases: Vec::new() }
    }

    pub fn ceiling(&mut self, name: impl Into<String>, run: impl FnMut() -> u64 + 'a) -> usize {
        self.push(name, Kind::Ceiling, run)
    }

    pub fn ours(&mut self, name: impl Into<String>, ceiling: usize, run: impl FnMut() -> u64 + 'a) -> usize {
        self.push(name, Kind::Ours(ceiling), run)
    }

    /// `run` must return what ours return: equal answers or no comparison.
    pub fn peer(&mut self, name: impl Into<String>, run: impl FnMut() -> u64 + 'a) -> usize {
        self.push(name, Kind::Peer, run)
    }

    fn push(&mut self, name: impl Into<String>, kind: Kind, run: impl FnMut() -> u64 + 'a) -> usize {
        self.cases.push(Case { name: name.into(), kind, run: Box::new(run) });
        self.cases.len() - 1
    }

    /// Runs and prints. `ratios` are (peer, ours) places to set against each other.
    pub fn run(mut self, rounds: usize, ratios: &[(usize, usize)]) {
        let mut times = vec![Vec::with_capacity(rounds); self.cases.len()];
        let mut answer: Option<(u64, String)> = None;
        // One round to warm up, in which the answers are compared.
        for case in &mut self.cases {
            let got = (case.run)();
            if case.kind == Kind::Ceiling {
                continue;
            }
            match &answer {
                Some((want, who)) => assert_eq!(got, *want, "{}: {} and {who} disagree", self.title, case.name),
                None => answer = Some((got, case.name.clone())),
            }
        }
        for _ in 0..rounds {
            for (case, times) in self.cases.iter_mut().zip(&mut times) {
                let start = cpu_time();
                std::hint::black_box((case.run)());
                times.push((cpu_time() - start) / self.units);
            }
        }
        println!("\n### {}\n", self.title);
        println!("| case | min ns/{} | median | of its ceiling |", self.unit);
        println!("|---|---:|---:|---:|");
        for (case, t) in self.cases.iter().zip(&times) {
            let min = t.iter().copied().fold(f64::INFINITY, f64::min);
            let share = match case.kind {
                Kind::Ours(c) => format!("{:.0} %", 100.0 * ratio(&times[c], t)),
                _ => String::new(),
            };
            println!("| {} | {min:.3} | {:.3} | {share} |", case.name, median(t.clone()));
        }
        for &(peer, ours) in ratios {
            let (p, o) = (&self.cases[peer].name, &self.cases[ours].name);
            println!("\n- {o}: {:.2}x as fast as {p}", ratio(&times[peer], &times[ours]));
        }
    }
}

fn ratio(a: &[f64], b: &[f64]) -> f64 {
    median(a.iter().zip(b).map(|(a, b)| a / b).collect())
}

fn median(mut x: Vec<f64>) -> f64 {
    x.sort_by(f64::total_cmp);
    x[x.len() / 2]
}
