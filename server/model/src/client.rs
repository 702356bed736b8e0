//! The client of a model host: starts it when there is work, feeds it, and lives with its death.
//!
//! One thread, the supervisor, owns the child process. It hands out single blocks by priority, a few at a time, and keeps each
//! until its vector is there: when the child dies, whatever it had is given to the next one. A block on which the child
//! dies again and again is given up alone. A child that never gets anywhere opens the circuit: requests then fail at once,
//! with the reason, until it is worth another try. Nobody ever waits for a model who did not ask to.

use std::collections::{BTreeMap, VecDeque};
use std::ffi::OsString;
use std::io::Read as _;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crate::frame::{read_frame, write_frame};
use crate::message::{BlockKey, BlockText, PROTOCOL, Priority, Reply, Request, RequestId};

/// Longest text that is sent, in bytes: more than fills any encoder's context.
const MAX_TEXT: usize = 32 * 1024;
/// Bytes of the child's standard error that are kept for the reason of its death.
const KEPT_STDERR: u64 = 4096;

/// How long the rest of a dead child's standard error is waited for.
const LAST_WORDS: Duration = Duration::from_millis(250);

/// How to start a host.
#[derive(Clone, Debug)]
pub struct Launch {
    /// The program.
    pub program: PathBuf,
    /// Its arguments.
    pub arguments: Vec<OsString>,
}

/// When a host is started, given up and ended.
#[derive(Clone, Debug)]
pub struct Options {
    /// Without work for so long, it is ended.
    pub idle: Duration,
    /// It is killed when one block takes longer.
    pub block: Duration,
    /// It is killed when it is not ready by then.
    pub start: Duration,
    /// Blocks that it has at a time.
    pub window: usize,
    /// Pause before it is started again; doubles while it gets nowhere.
    pub backoff: Duration,
    /// Deaths in a row without one vector that open the circuit.
    pub deaths: u32,
    /// How long the circuit stays open.
    pub open: Duration,
}

impl Default for Options {
    fn default() -> Options {
        Options {
            idle: Duration::from_secs(120),
            block: Duration::from_secs(20),
            start: Duration::from_secs(30),
            window: 8,
            backoff: Duration::from_millis(100),
            deaths: 5,
            open: Duration::from_secs(60),
        }
    }
}

/// Why a request has no answer.
#[derive(thiserror::Error, Clone, PartialEq, Eq, Debug)]
pub enum HostError {
    /// The circuit is open.
    #[error("the model host does not work: {0}")]
    Unavailable(String),
    /// Its deadline is over.
    #[error("the model took too long")]
    Late,
    /// The client was ended.
    #[error("the model host was ended")]
    Ended,
}

/// What comes back for a request.
#[derive(Clone, PartialEq, Debug)]
pub enum Answer {
    /// A block's vector, not normalised.
    Vector {
        /// The block.
        key: BlockKey,
        /// Its vector.
        vector: Vec<f32>,
    },
    /// A block has no vector; the others of the request are not affected.
    Skipped {
        /// The block.
        key: BlockKey,
        /// Why.
        reason: String,
    },
    /// Every block was answered.
    Done,
    /// The rest of the request is given up.
    Failed(HostError),
}

/// What a running host says of itself.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct About {
    /// SHA-256 of its model.
    pub model: String,
    /// Length of its vectors.
    pub dimension: u32,
    /// Tokens of a text that it reads.
    pub context: u32,
    /// How long its model took to load, in milliseconds.
    pub loaded_in: u32,
    /// The walls around it.
    pub sandbox: Vec<String>,
    /// Its process.
    pub process: u32,
}

enum Event {
    Submit {
        priority: Priority,
        until: Option<Instant>,
        blocks: VecDeque<BlockText>,
        answers: Sender<Answer>,
        id: RequestId,
    },
    Cancel(RequestId),
    Threads(u32),
    Describe(Sender<Result<About, HostError>>),
    Reply(u64, Reply),
    Gone(u64),
    End,
}

/// A handle to a host, which runs only while there is work. Dropping it ends the host.
#[derive(Debug)]
pub struct Host {
    to: Sender<Event>,
    next: std::sync::atomic::AtomicU64,
    thread: Option<JoinHandle<()>>,
}

/// A request on its way. Dropping it cancels what is left.
#[derive(Debug)]
pub struct Ticket {
    id: RequestId,
    to: Sender<Event>,
    answers: Receiver<Answer>,
}

impl Ticket {
    /// The next answer; after [`Answer::Done`] or [`Answer::Failed`] there is none.
    pub fn next(&self) -> Option<Answer> {
        self.answers.recv().ok()
    }

    /// The next answer if it comes in time.
    ///
    /// # Errors
    /// When the time is over, or there is none any more.
    pub fn next_within(&self, time: Duration) -> Result<Answer, RecvTimeoutError> {
        self.answers.recv_timeout(time)
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        let _ = self.to.send(Event::Cancel(self.id));
    }
}

impl Host {
    /// A host that is started when there is work.
    pub fn new(launch: Launch, options: Options) -> Host {
        let (to, events) = channel();
        let supervisor = Supervisor::new(launch, options, to.clone());
        let thread = std::thread::Builder::new().name("model supervisor".into()).spawn(move || supervisor.run(&events));
        Host { to, next: 1.into(), thread: thread.ok() }
    }

    /// Asks for the vectors of blocks.
    pub fn embed(&self, priority: Priority, within: Option<Duration>, blocks: Vec<BlockText>) -> Ticket {
        let id = self.next.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let (answers, from) = channel();
        let until = within.map(|time| Instant::now() + time);
        // When the supervisor is gone the sender is dropped with the event, and the ticket is at its end.
        let _ = self.to.send(Event::Submit { priority, until, blocks: blocks.into(), answers, id });
        Ticket { id, to: self.to.clone(), answers: from }
    }

    /// The vector of one text for which somebody waits.
    ///
    /// # Errors
    /// Why there is none.
    pub fn embed_one(&self, text: &str, within: Duration) -> Result<Vec<f32>, HostError> {
        let block = BlockText { key: [0; 16], text: text.to_owned() };
        let ticket = self.embed(Priority::Interactive, Some(within), vec![block]);
        loop {
            match ticket.next() {
                Some(Answer::Vector { vector, .. }) => return Ok(vector),
                Some(Answer::Skipped { reason, .. }) => return Err(HostError::Unavailable(reason)),
                Some(Answer::Failed(error)) => return Err(error),
                Some(Answer::Done) => {}
                None => return Err(HostError::Ended),
            }
        }
    }

    /// Makes the host use so many threads.
    pub fn threads(&self, threads: u32) {
        let _ = self.to.send(Event::Threads(threads));
    }

    /// Starts the host if it does not run, and tells what it says of itself.
    ///
    /// # Errors
    /// Why it does not run.
    pub fn about(&self) -> Result<About, HostError> {
        let (answer, from) = channel();
        let _ = self.to.send(Event::Describe(answer));
        from.recv().unwrap_or(Err(HostError::Ended))
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        let _ = self.to.send(Event::End);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

struct Waiting {
    block: BlockText,
    /// How often a host crashed on it, and how often one was killed over it.
    crashes: u32,
    kills: u32,
}

struct Asked {
    priority: Priority,
    until: Option<Instant>,
    waiting: VecDeque<Waiting>,
    in_flight: usize,
    answers: Sender<Answer>,
}

struct Running {
    child: Child,
    generation: u64,
    requests: Sender<Request>,
    since: Instant,
    about: Option<About>,
    stderr: Arc<Mutex<Vec<u8>>>,
    /// Nothing comes from it; it is at its end when all of the standard error was read.
    told_all: Receiver<()>,
}

struct Supervisor {
    launch: Launch,
    options: Options,
    me: Sender<Event>,
    asked: BTreeMap<RequestId, Asked>,
    /// What the host has, by its number on the wire: ascending, so that the first is what it works on.
    in_flight: BTreeMap<RequestId, (RequestId, Waiting, Instant)>,
    describe: Vec<Sender<Result<About, HostError>>>,
    running: Option<Running>,
    generation: u64,
    wire: RequestId,
    threads: Option<u32>,
    /// Deaths in a row without a vector in between.
    deaths: u32,
    retry_at: Option<Instant>,
    open_until: Option<Instant>,
    last_reason: String,
    idle_since: Instant,
}

impl Supervisor {
    fn new(launch: Launch, options: Options, me: Sender<Event>) -> Supervisor {
        Supervisor {
            launch,
            options,
            me,
            asked: BTreeMap::new(),
            in_flight: BTreeMap::new(),
            describe: Vec::new(),
            running: None,
            generation: 0,
            wire: 0,
            threads: None,
            deaths: 0,
            retry_at: None,
            open_until: None,
            last_reason: String::new(),
            idle_since: Instant::now(),
        }
    }

    fn run(mut self, events: &Receiver<Event>) {
        loop {
            let wait = self.next_alarm().saturating_duration_since(Instant::now());
            match events.recv_timeout(wait) {
                Ok(Event::End) | Err(RecvTimeoutError::Disconnected) => break,
                Ok(event) => self.handle(event),
                Err(RecvTimeoutError::Timeout) => {}
            }
            self.alarms();
            self.pump();
        }
        self.end();
        for asked in std::mem::take(&mut self.asked).into_values() {
            let _ = asked.answers.send(Answer::Failed(HostError::Ended));
        }
    }

    fn has_work(&self) -> bool {
        !self.in_flight.is_empty() || !self.describe.is_empty() || self.asked.values().any(|a| !a.waiting.is_empty())
    }

    fn next_alarm(&self) -> Instant {
        let now = Instant::now();
        let mut alarm = now + Duration::from_secs(3600);
        let deadlines = self.asked.values().filter_map(|a| a.until);
        let slow = self.in_flight.values().next().map(|f| f.2 + self.options.block);
        let start = self.running.as_ref().filter(|r| r.about.is_none()).map(|r| r.since + self.options.start);
        let idle = self.running.as_ref().filter(|_| !self.has_work()).map(|_| self.idle_since + self.options.idle);
        let retry = self.retry_at.filter(|_| self.running.is_none() && self.has_work());
        for at in deadlines.chain(slow).chain(start).chain(idle).chain(retry) {
            alarm = alarm.min(at);
        }
        alarm
    }

    fn alarms(&mut self) {
        let now = Instant::now();
        let late: Vec<_> =
            self.asked.iter().filter(|(_, a)| a.until.is_some_and(|u| u <= now)).map(|(id, _)| *id).collect();
        for id in late {
            self.fail(id, HostError::Late);
        }
        let slow = self.in_flight.values().next().is_some_and(|f| f.2 + self.options.block <= now);
        let unready = self.running.as_ref().is_some_and(|r| r.about.is_none() && r.since + self.options.start <= now);
        if slow || unready {
            let reason = if slow { "it took too long over one block" } else { "it did not get ready in time" };
            self.died(reason.to_owned(), slow);
        }
        if self.has_work() {
            self.idle_since = now;
        } else if self.running.is_some() && self.idle_since + self.options.idle <= now {
            self.end();
        }
    }

    fn handle(&mut self, event: Event) {
        match event {
            Event::Submit { priority, until, blocks, answers, id } => {
                if let Some(error) = self.refusal() {
                    let _ = answers.send(Answer::Failed(error));
                    return;
                }
                if blocks.is_empty() {
                    let _ = answers.send(Answer::Done);
                    return;
                }
                let waiting = blocks.into_iter().map(|block| Waiting { block, crashes: 0, kills: 0 }).collect();
                self.asked.insert(id, Asked { priority, until, waiting, in_flight: 0, answers });
            }
            Event::Cancel(id) => {
                self.asked.remove(&id);
                self.forget(id);
            }
            Event::Threads(threads) => {
                self.threads = Some(threads);
                if let Some(running) = self.running.as_ref().filter(|r| r.about.is_some()) {
                    let _ = running.requests.send(Request::Threads { threads });
                }
            }
            Event::Describe(answer) => match (self.refusal(), self.running.as_ref().and_then(|r| r.about.clone())) {
                (_, Some(about)) => drop(answer.send(Ok(about))),
                (Some(error), None) => drop(answer.send(Err(error))),
                (None, None) => self.describe.push(answer),
            },
            Event::Reply(generation, reply) if generation == self.generation => self.reply(reply),
            Event::Gone(generation) if generation == self.generation && self.running.is_some() => {
                self.died(String::new(), false);
            }
            // Of a host that was replaced.
            Event::Reply(..) | Event::Gone(_) | Event::End => {}
        }
    }

    /// Why nothing is accepted, while the circuit is open.
    fn refusal(&mut self) -> Option<HostError> {
        if self.open_until.is_some_and(|until| until <= Instant::now()) {
            // One more try.
            self.open_until = None;
            self.deaths = self.options.deaths.saturating_sub(1);
        }
        self.open_until.map(|_| HostError::Unavailable(self.last_reason.clone()))
    }

    fn reply(&mut self, reply: Reply) {
        match reply {
            Reply::Ready { protocol, .. } if protocol != PROTOCOL => {
                self.refused(format!("it speaks protocol {protocol}, not {PROTOCOL}: install the two of one version"));
            }
            Reply::Ready { model, dimension, context, loaded_in, sandbox, .. } => {
                let threads = self.threads;
                let Some(running) = &mut self.running else { return };
                let process = running.child.id();
                let about = About { model, dimension, context, loaded_in, sandbox, process };
                running.about = Some(about.clone());
                if let Some(threads) = threads {
                    let _ = running.requests.send(Request::Threads { threads });
                }
                for answer in self.describe.drain(..) {
                    let _ = answer.send(Ok(about.clone()));
                }
            }
            Reply::Refused { reason } => self.refused(reason),
            Reply::Vector { id, vector, .. } => {
                (self.deaths, self.retry_at) = (0, None);
                let Some((request, waiting, _)) = self.in_flight.remove(&id) else { return };
                self.restart_clock();
                self.answer(request, Answer::Vector { key: waiting.block.key, vector });
            }
            Reply::Failed { id, reason } => {
                let Some((request, waiting, _)) = self.in_flight.remove(&id) else { return };
                self.restart_clock();
                self.answer(request, Answer::Skipped { key: waiting.block.key, reason });
            }
            Reply::Busy { id } => {
                let Some((request, waiting, _)) = self.in_flight.remove(&id) else { return };
                self.give_back(request, waiting);
            }
            Reply::Done { .. } | Reply::Shares { .. } | Reply::Text { .. } | Reply::Used { .. } => {}
        }
    }

    /// The host goes on to the next block now; its time begins.
    fn restart_clock(&mut self) {
        if let Some(first) = self.in_flight.values_mut().next() {
            first.2 = Instant::now();
        }
    }

    fn answer(&mut self, id: RequestId, answer: Answer) {
        let Some(asked) = self.asked.get_mut(&id) else { return };
        asked.in_flight -= 1;
        let _ = asked.answers.send(answer);
        if asked.in_flight == 0 && asked.waiting.is_empty() {
            let _ = asked.answers.send(Answer::Done);
            self.asked.remove(&id);
        }
    }

    fn give_back(&mut self, id: RequestId, waiting: Waiting) {
        if let Some(asked) = self.asked.get_mut(&id) {
            asked.in_flight -= 1;
            asked.waiting.push_front(waiting);
        }
    }

    fn fail(&mut self, id: RequestId, error: HostError) {
        if let Some(asked) = self.asked.remove(&id) {
            let _ = asked.answers.send(Answer::Failed(error));
        }
        self.forget(id);
    }

    /// Takes what a request has in flight back from the host.
    fn forget(&mut self, id: RequestId) {
        let wires: Vec<_> = self.in_flight.iter().filter(|(_, f)| f.0 == id).map(|(wire, _)| *wire).collect();
        for wire in wires {
            // The first is being worked on and keeps its place, so that its clock goes on.
            if self.in_flight.keys().next() != Some(&wire) {
                self.in_flight.remove(&wire);
            }
            if let Some(running) = &self.running {
                let _ = running.requests.send(Request::Cancel { id: wire });
            }
        }
    }

    /// The host says that it will never work: trying again is of no use.
    fn refused(&mut self, reason: String) {
        self.deaths = self.options.deaths;
        self.died(reason, false);
    }

    /// The host is dead, or shall be.
    fn died(&mut self, why: String, slow: bool) {
        let Some(mut running) = self.running.take() else { return };
        let _ = running.child.kill();
        let status = running.child.wait();
        // Its last words may still be on their way.
        let _ = running.told_all.recv_timeout(LAST_WORDS);
        let stderr = running.stderr.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let told = String::from_utf8_lossy(&stderr);
        let told = told.lines().map(str::trim).rfind(|l| !l.is_empty()).unwrap_or_default();
        let crashed = why.is_empty() && status.as_ref().is_ok_and(|s| !was_killed(*s));
        self.last_reason = match (why.is_empty(), told.is_empty(), &status) {
            (false, _, _) => why,
            (true, false, _) => told.to_owned(),
            (true, true, Ok(status)) => format!("it ended with {status}"),
            (true, true, Err(error)) => format!("it ended: {error}"),
        };
        self.deaths += 1;
        self.generation += 1;
        // The last sent first, so that each comes before those after it.
        let mut in_flight: Vec<_> = std::mem::take(&mut self.in_flight).into_values().collect();
        if let Some((_, first, _)) = in_flight.first_mut() {
            first.crashes += u32::from(crashed || slow);
            first.kills += u32::from(!crashed && !slow);
        }
        for (request, waiting, _) in in_flight.into_iter().rev() {
            if waiting.crashes >= 2 || waiting.kills >= 10 {
                let reason = format!("the model host ends on this block: {}", self.last_reason);
                self.answer(request, Answer::Skipped { key: waiting.block.key, reason });
            } else {
                self.give_back(request, waiting);
            }
        }
        self.broken();
    }

    fn broken(&mut self) {
        let now = Instant::now();
        if self.deaths >= self.options.deaths {
            self.open_until = Some(now + self.options.open);
            let error = HostError::Unavailable(self.last_reason.clone());
            for answer in self.describe.drain(..) {
                let _ = answer.send(Err(error.clone()));
            }
            for asked in std::mem::take(&mut self.asked).into_values() {
                let _ = asked.answers.send(Answer::Failed(error.clone()));
            }
        } else {
            let doubled = self.options.backoff * 2u32.saturating_pow(self.deaths.saturating_sub(1)).min(64);
            self.retry_at = Some(now + doubled);
        }
    }

    fn end(&mut self) {
        if let Some(mut running) = self.running.take() {
            self.generation += 1;
            let _ = running.child.kill();
            let _ = running.child.wait();
        }
    }

    /// Starts the host if there is work for it, and hands it as much as it may have.
    fn pump(&mut self) {
        let now = Instant::now();
        if !self.has_work() || self.open_until.is_some() {
            return;
        }
        if self.running.is_none() {
            if self.retry_at.is_some_and(|at| at > now) {
                return;
            }
            match self.start() {
                Ok(running) => self.running = Some(running),
                Err(error) => {
                    self.last_reason = format!("cannot start {}: {error}", self.launch.program.display());
                    self.deaths = self.options.deaths;
                    self.broken();
                }
            }
            return;
        }
        let Some(running) = self.running.as_ref().filter(|r| r.about.is_some()) else { return };
        while self.in_flight.len() < self.options.window {
            let next = self.asked.iter_mut().filter(|(_, a)| !a.waiting.is_empty());
            let Some((&id, asked)) = next.max_by_key(|(id, a)| (a.priority, std::cmp::Reverse(**id))) else { break };
            let Some(waiting) = asked.waiting.pop_front() else { break };
            asked.in_flight += 1;
            self.wire += 1;
            let text = &waiting.block.text;
            let block =
                BlockText { key: waiting.block.key, text: text[..text.floor_char_boundary(MAX_TEXT)].to_owned() };
            let priority = asked.priority;
            let _ =
                running.requests.send(Request::Embed { id: self.wire, priority, deadline: None, blocks: vec![block] });
            self.in_flight.insert(self.wire, (id, waiting, now));
        }
    }

    fn start(&mut self) -> std::io::Result<Running> {
        let mut child = Command::new(&self.launch.program)
            .args(&self.launch.arguments)
            // Nothing of the user's surroundings is the host's business, and a library's variables might load code.
            .env_clear()
            .current_dir(std::path::Path::new("/"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()?;
        self.generation += 1;
        let generation = self.generation;
        let pipes = (child.stdin.take(), child.stdout.take(), child.stderr.take());
        let (Some(mut input), Some(output), Some(error)) = pipes else {
            return Err(std::io::ErrorKind::BrokenPipe.into());
        };
        // A writer of its own: a host that does not read must not stop the supervisor.
        let (requests, from) = channel::<Request>();
        std::thread::Builder::new().name("model requests".into()).spawn(move || {
            let _ = from.iter().try_for_each(|request| write_frame(&mut input, &request));
        })?;
        let me = self.me.clone();
        std::thread::Builder::new().name("model replies".into()).spawn(move || {
            let mut output = std::io::BufReader::new(output);
            while let Ok(Some(reply)) = read_frame::<Reply>(&mut output) {
                if me.send(Event::Reply(generation, reply)).is_err() {
                    return;
                }
            }
            let _ = me.send(Event::Gone(generation));
        })?;
        let stderr = Arc::new(Mutex::new(Vec::new()));
        let kept = stderr.clone();
        let (open, told_all) = channel::<()>();
        std::thread::Builder::new().name("model errors".into()).spawn(move || {
            let (mut error, _open) = (error, open);
            let mut piece = [0; 1024];
            while let Ok(n @ 1..) = error.read(&mut piece) {
                let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
                kept.extend_from_slice(&piece[..n]);
                let over = kept.len().saturating_sub(KEPT_STDERR as usize);
                kept.drain(..over);
            }
        })?;
        let _ = requests.send(Request::Hello { protocol: PROTOCOL });
        Ok(Running { child, generation, requests, since: Instant::now(), about: None, stderr, told_all })
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        debug_assert!(self.generation > 0);
    }
}

/// Whether somebody else ended the process, rather than a fault of its own.
#[cfg(unix)]
fn was_killed(status: std::process::ExitStatus) -> bool {
    const SIGKILL: i32 = 9;
    const SIGTERM: i32 = 15;
    std::os::unix::process::ExitStatusExt::signal(&status).is_some_and(|s| matches!(s, SIGKILL | SIGTERM))
}

#[cfg(not(unix))]
fn was_killed(_: std::process::ExitStatus) -> bool {
    false
}
