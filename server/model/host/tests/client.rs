//! The client against a scripted host: it dies, hangs, refuses and is killed, and nothing is lost.
#![cfg(unix)]

use std::collections::{HashMap, HashSet};
use std::path::Path;
use std::time::{Duration, Instant};

use sidenote_model::client::{Answer, Host, HostError, Launch, Options};
use sidenote_model::embed::{Embedder, key};
use sidenote_model::stream::{Progress, Stream};
use sidenote_model::{BlockText, Priority};

fn launch(arguments: &[&str]) -> Launch {
    let program = env!("CARGO_BIN_EXE_sidenote-scripted-host").into();
    Launch { program, arguments: arguments.iter().map(Into::into).collect() }
}

fn quick() -> Options {
    Options {
        block: Duration::from_millis(600),
        start: Duration::from_secs(20),
        backoff: Duration::from_millis(1),
        deaths: 4,
        open: Duration::from_millis(400),
        ..Options::default()
    }
}

fn block(n: u32, text: &str) -> BlockText {
    let mut key = [0; 16];
    key[..4].copy_from_slice(&n.to_le_bytes());
    BlockText { key, text: text.to_owned() }
}

fn all(ticket: &sidenote_model::client::Ticket) -> Vec<Answer> {
    std::iter::from_fn(|| ticket.next_within(Duration::from_secs(60)).ok()).collect()
}

/// Whether there was such a process.
fn kill(process: u32) -> bool {
    let mut kill = std::process::Command::new("kill");
    kill.args(["-9", &process.to_string()]).stderr(std::process::Stdio::null()).status().expect("kill runs").success()
}

/// A hundred deaths under load: every block gets its vector, exactly once.
#[test]
fn killed_a_hundred_times_nothing_is_lost() {
    // Deaths come faster than any circuit should bear.
    let host = Host::new(launch(&["2"]), Options { deaths: 1000, block: Duration::from_secs(20), ..quick() });
    let blocks: Vec<_> = (0..1500).map(|n| block(n, &format!("block {n}"))).collect();
    let ticket = host.embed(Priority::Background, None, blocks.clone());
    let mut seen = HashSet::new();
    let mut kills = 0;
    let mut last = 0;
    loop {
        match ticket.next_within(Duration::from_secs(60)).expect("an answer") {
            Answer::Vector { key, vector } => {
                assert!(seen.insert(key), "twice");
                assert_eq!(vector.len(), 64);
            }
            Answer::Done => break,
            other => panic!("{other:?}"),
        }
        if kills < 100 && seen.len() >= last + 10 {
            let about = host.about().expect("running");
            kills += u32::from(kill(about.process));
            last = seen.len();
        }
    }
    assert_eq!((seen.len(), kills), (blocks.len(), 100));
}

#[test]
fn a_block_that_kills_is_given_up_alone() {
    let host = Host::new(launch(&["0"]), quick());
    let texts = ["a", "crash", "b", "refuse", "hang", "c"];
    let blocks = texts.iter().enumerate().map(|(n, t)| block(n as u32, t)).collect();
    let answers = all(&host.embed(Priority::Visible, None, blocks));
    let mut skipped: Vec<(u8, &str)> = Vec::new();
    let mut vectors = Vec::new();
    for answer in &answers {
        match answer {
            Answer::Vector { key, .. } => vectors.push(key[0]),
            Answer::Skipped { key, reason } => skipped.push((key[0], reason)),
            _ => {}
        }
    }
    vectors.sort_unstable();
    skipped.sort_unstable();
    assert_eq!(vectors, [0, 2, 5]);
    assert_eq!(skipped.iter().map(|s| s.0).collect::<Vec<_>>(), [1, 3, 4], "{skipped:?}");
    assert!(skipped[1].1.contains("does not like") && skipped[2].1.contains("too long"), "{skipped:?}");
    assert_eq!(answers.last(), Some(&Answer::Done));
}

#[test]
fn a_host_that_never_works_opens_the_circuit_and_gets_another_try() {
    for (mode, reason) in [("dead", "no such luck"), ("silent", "did not get ready")] {
        let options = Options { start: Duration::from_millis(50), ..quick() };
        let host = Host::new(launch(&["0", mode]), options);
        let start = Instant::now();
        let answers = all(&host.embed(Priority::Visible, None, vec![block(1, "a")]));
        let told = matches!(&answers[..], [Answer::Failed(HostError::Unavailable(why))] if why.contains(reason));
        assert!(told, "{answers:?}");
        let before = start.elapsed();
        assert!(matches!(host.about(), Err(HostError::Unavailable(_))), "at once");
        assert!(start.elapsed() - before < Duration::from_millis(300));
        std::thread::sleep(Duration::from_millis(450));
        let start = Instant::now();
        assert!(matches!(host.about(), Err(HostError::Unavailable(_))));
        assert!(start.elapsed() >= Duration::from_millis(1), "it was tried");
    }
    let host = Host::new(Launch { program: "/does/not/exist".into(), arguments: vec![] }, quick());
    assert!(matches!(host.about(), Err(HostError::Unavailable(why)) if why.contains("cannot start")));
}

#[test]
fn priorities_deadlines_and_cancellation() {
    let host = Host::new(launch(&["5"]), Options { window: 2, ..quick() });
    host.about().expect("started");
    let slow = host.embed(Priority::Background, None, (0..400).map(|n| block(n, "slow")).collect());
    let late =
        host.embed(Priority::Background, Some(Duration::from_millis(30)), (0..100).map(|n| block(n, "l")).collect());
    let start = Instant::now();
    let vector = host.embed_one("now", Duration::from_secs(20)).expect("a vector");
    assert_eq!(vector.len(), 64);
    // Behind two blocks of five milliseconds, not behind five hundred.
    assert!(start.elapsed() < Duration::from_millis(900), "{:?}", start.elapsed());
    assert!(matches!(all(&late).last(), Some(Answer::Failed(HostError::Late))));
    drop(slow);
    let start = Instant::now();
    host.embed_one("again", Duration::from_secs(20)).expect("a vector");
    assert!(start.elapsed() < Duration::from_millis(900), "what was cancelled is not worked on");
}

#[test]
fn it_is_ended_when_idle_and_with_its_client() {
    let host = Host::new(launch(&["0"]), Options { idle: Duration::from_millis(50), ..quick() });
    let first = host.about().expect("started").process;
    let alive = |process: u32| Path::new(&format!("/proc/{process}")).exists();
    let until = Instant::now() + Duration::from_secs(20);
    while cfg!(target_os = "linux") && alive(first) {
        assert!(Instant::now() < until, "still there");
        std::thread::sleep(Duration::from_millis(10));
    }
    let second = host.about().expect("started again").process;
    assert_ne!(first, second);
    let ticket = host.embed(Priority::Background, None, vec![block(1, "hang")]);
    drop(host);
    assert!(matches!(all(&ticket).last(), Some(Answer::Failed(HostError::Ended))));
    assert!(!(cfg!(target_os = "linux") && alive(second)), "ended with its client");
}

fn embedder(folder: &Path) -> Embedder {
    let (embedder, error) = Embedder::new(launch(&["1"]), quick(), "scripted", &folder.join("vectors.db"));
    assert!(error.is_none(), "{error:?}");
    embedder
}

fn texts(range: std::ops::Range<u32>) -> Vec<String> {
    range.map(|n| format!("fn number_{n}() {{ {n} }}")).collect()
}

fn by_key(texts: &[String]) -> HashMap<[u8; 16], &str> {
    texts.iter().map(|t| (key(t), t.as_str())).collect()
}

#[test]
fn what_was_embedded_is_never_embedded_again() {
    let folder = tempfile::tempdir().expect("a folder");
    let texts = texts(0..200);
    let first = embedder(folder.path()).embed(&by_key(&texts), Priority::Open, None, |_, _| true);
    assert_eq!((first.codes.len(), first.computed, first.skipped), (200, 200, 0));
    let again = embedder(folder.path()).embed(&by_key(&texts), Priority::Open, None, |_, _| true);
    assert_eq!((again.codes.len(), again.computed), (200, 0));
    assert_eq!(again.codes, first.codes);
}

/// Blocks of documents that change: only what is still there is embedded, what comes back is not embedded again, and
/// blocks that are like each other know it.
#[test]
fn the_stream_follows_documents() {
    use std::sync::{Arc, Mutex};
    let folder = tempfile::tempdir().expect("a folder");
    let told: Arc<Mutex<Vec<Progress>>> = Arc::default();
    let log = told.clone();
    let embedder = Arc::new(embedder(folder.path()));
    let stream = Stream::new(embedder.clone(), move |p| log.lock().expect("a log").push(p.clone()));
    let blocks = |range| texts(range).into_iter().map(|t| (key(&t), t)).collect::<Vec<_>>();
    let wait_for = |n: usize| {
        let until = Instant::now() + Duration::from_secs(60);
        while stream.index().map_or(0, |i| i.len()) != n {
            assert!(Instant::now() < until, "{:?} of {n}", stream.index().map(|i| i.len()));
            std::thread::sleep(Duration::from_millis(5));
        }
    };
    // Versions in quick succession: the last one counts.
    for end in 1..50 {
        stream.document("a".into(), Priority::Visible, blocks(0..end));
        stream.typing();
    }
    stream.document("a".into(), Priority::Visible, blocks(20..50));
    stream.document("b".into(), Priority::Open, blocks(40..60));
    wait_for(40);
    let known = embedder.known((0..20).map(|n| key(&texts(n..n + 1)[0])));
    assert!(known.is_empty(), "what was never at rest was never embedded");
    let first = key(&texts(20..21)[0]);
    let alike = stream.alike(first, 0.5, 3);
    assert!(alike.len() == 3 && alike.iter().all(|(k, _)| *k != first), "{alike:?}");
    stream.closed("a".into());
    wait_for(20);
    stream.document("a".into(), Priority::Visible, blocks(20..50));
    wait_for(40);
    let told = told.lock().expect("a log");
    assert_eq!(told.iter().map(|p| p.all).max(), Some(40));
    assert_eq!(told.last(), Some(&Progress { done: 40, all: 40, problem: None }));
}

/// Run by the next test as another process, which it kills.
#[test]
fn child_of_two_processes() {
    let Some(folder) = std::env::var_os("SIDENOTE_TEST_CACHE") else { return };
    let texts = texts(0..1200);
    let outcome = embedder(Path::new(&folder)).embed(&by_key(&texts), Priority::Background, None, |_, _| true);
    assert_eq!(outcome.codes.len(), 1200);
}

/// Two processes on one cache, of which some are killed in the middle: the file stays whole, and what one computed the other has.
#[test]
fn two_processes_share_a_cache_and_survive_kills() {
    let folder = tempfile::tempdir().expect("a folder");
    let spawn = || {
        std::process::Command::new(std::env::current_exe().expect("this test"))
            .args(["--exact", "child_of_two_processes"])
            .env("SIDENOTE_TEST_CACHE", folder.path())
            .stdout(std::process::Stdio::null())
            .spawn()
            .expect("started")
    };
    for round in 0..4u64 {
        let (mut a, mut b) = (spawn(), spawn());
        std::thread::sleep(Duration::from_millis(150 + 150 * round));
        a.kill().expect("killed");
        b.kill().expect("killed");
        a.wait().expect("ended");
        b.wait().expect("ended");
    }
    let (mut a, mut b) = (spawn(), spawn());
    assert!(a.wait().expect("ended").success() && b.wait().expect("ended").success());
    assert!(!folder.path().join("vectors.db.damaged").exists());
    let texts = texts(0..1200);
    let outcome = embedder(folder.path()).embed(&by_key(&texts), Priority::Open, None, |_, _| true);
    assert_eq!((outcome.codes.len(), outcome.computed), (1200, 0));
}
