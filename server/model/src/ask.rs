//! Questions to a model that makes texts: one at a time, each with a deadline, each given up when nobody wants it any more.
//!
//! The host is started by the first question and ended when there was none for a while. One that dies is started again for the next
//! question; one that gets nowhere is left alone for a minute. A question for which somebody waits displaces one that nobody does.

use std::io::{BufReader, Read as _};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::{Duration, Instant};

use crate::client::{About, Launch};
use crate::frame::{read_frame, write_frame};
use crate::message::{PROTOCOL, Priority, Prompt, Reply, Request, RequestId, Used, Want};

/// How often a question looks whether it is still wanted.
const LOOK: Duration = Duration::from_millis(20);
/// How long a host may take to let go of a question.
const LET_GO: Duration = Duration::from_secs(5);
/// How long a loading may take.
const START: Duration = Duration::from_secs(120);
/// Deaths in a row after which it is left alone, and for how long.
const DEATHS: u32 = 3;
const OPEN: Duration = Duration::from_secs(60);
/// Bytes of standard error that are kept.
const KEPT: usize = 4096;

/// Why a question has no answer.
#[derive(thiserror::Error, Clone, PartialEq, Eq, Debug)]
pub enum AskError {
    /// The host does not work.
    #[error("the model host does not work: {0}")]
    Unavailable(String),
    /// Its time is over.
    #[error("the model took too long")]
    Late,
    /// Nobody wants it any more.
    #[error("the question was given up")]
    Stopped,
    /// Somebody else is waiting: ask again.
    #[error("a question for which somebody waits came between")]
    Displaced,
    /// The model cannot answer this one.
    #[error("{0}")]
    Failed(String),
}

/// An answer.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Answered {
    /// How belief divides among the options of a choice.
    pub shares: Vec<f32>,
    /// How much of the belief they have together.
    pub covered: f32,
    /// The whole text.
    pub text: String,
    /// What it took.
    pub used: Used,
}

/// A host that answers questions.
#[derive(Debug)]
pub struct Asker {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    launch: Launch,
    idle: Duration,
    /// Questions for which somebody waits.
    urgent: AtomicUsize,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    running: Option<Running>,
    next: RequestId,
    deaths: u32,
    open_until: Option<Instant>,
    reason: String,
    used: Option<Instant>,
}

#[derive(Debug)]
struct Running {
    child: Child,
    to: ChildStdin,
    from: Receiver<Reply>,
    stderr: Arc<Mutex<Vec<u8>>>,
    about: About,
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Asker {
    /// Nothing is started yet.
    pub fn new(launch: Launch, idle: Duration) -> Asker {
        let inner = Inner { launch, idle, urgent: AtomicUsize::new(0), state: Mutex::default() };
        Asker { inner: Arc::new(inner) }
    }

    /// Starts the host if it does not run, and tells what it says of itself.
    ///
    /// # Errors
    /// Why it does not run.
    pub fn about(&self) -> Result<About, AskError> {
        let mut state = self.inner.lock();
        self.inner.start(&mut state).map(|r| r.about.clone())
    }

    /// Asks. `on_piece` gets the text as it comes and, in between, nothing; it says whether to go on.
    ///
    /// # Errors
    /// Why there is no answer.
    pub fn ask(
        &self,
        prompt: Prompt,
        want: Want,
        priority: Priority,
        within: Duration,
        on_piece: &mut dyn FnMut(&str) -> bool,
    ) -> Result<Answered, AskError> {
        let urgent = priority >= Priority::Visible;
        if urgent {
            self.inner.urgent.fetch_add(1, Ordering::SeqCst);
        }
        let outcome = self.inner.ask(prompt, want, priority, within, on_piece);
        if urgent {
            self.inner.urgent.fetch_sub(1, Ordering::SeqCst);
        }
        let last = Arc::downgrade(&self.inner);
        let idle = self.inner.idle;
        // Ends the host when this was the last question for a while.
        let _ = std::thread::Builder::new().name("model idle".into()).spawn(move || unload(&last, idle));
        outcome
    }
}

fn unload(inner: &Weak<Inner>, idle: Duration) {
    std::thread::sleep(idle + Duration::from_millis(50));
    let Some(inner) = inner.upgrade() else { return };
    let Ok(mut state) = inner.state.try_lock() else { return };
    if state.used.is_some_and(|used| used.elapsed() >= idle) {
        state.running = None;
    }
}

impl Inner {
    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn ask(
        &self,
        prompt: Prompt,
        want: Want,
        priority: Priority,
        within: Duration,
        on_piece: &mut dyn FnMut(&str) -> bool,
    ) -> Result<Answered, AskError> {
        let until = Instant::now() + within;
        let mut guard = self.lock();
        let state = &mut *guard;
        state.next += 1;
        let id = state.next;
        let millis = u64::try_from(within.as_millis()).unwrap_or(u64::MAX);
        let running = self.start(state)?;
        let request = Request::Ask { id, priority, deadline: Some(millis), prompt, want };
        let outcome = match write_frame(&mut running.to, &request) {
            Ok(()) => self.follow(running, id, priority, until, on_piece),
            Err(_) => Err(Gone::Dead(running.last_words())),
        };
        state.used = Some(Instant::now());
        match outcome {
            Ok(answered) => {
                state.deaths = 0;
                Ok(answered)
            }
            Err(Gone::Answered(error)) => {
                state.deaths = 0;
                Err(error)
            }
            Err(Gone::Dead(reason)) => Err(self.died(state, reason)),
            Err(Gone::Stuck(error)) => {
                state.running = None;
                Err(error)
            }
        }
    }

    fn follow(
        &self,
        running: &mut Running,
        id: RequestId,
        priority: Priority,
        until: Instant,
        on_piece: &mut dyn FnMut(&str) -> bool,
    ) -> Result<Answered, Gone> {
        let mut answered = Answered::default();
        // Why it is given up, and until when the host may take to see that.
        let mut given_up: Option<(AskError, Instant)> = None;
        loop {
            let reply = match running.from.recv_timeout(LOOK) {
                Ok(reply) => Some(reply),
                Err(RecvTimeoutError::Timeout) => None,
                Err(RecvTimeoutError::Disconnected) => return Err(Gone::Dead(running.last_words())),
            };
            let mut piece = String::new();
            match reply {
                Some(Reply::Text { id: of, piece: text }) if of == id => piece = text,
                Some(Reply::Shares { id: of, shares, covered }) if of == id => {
                    (answered.shares, answered.covered) = (shares, covered);
                }
                Some(Reply::Used { id: of, used }) if of == id => answered.used = used,
                Some(Reply::Done { id: of }) if of == id => {
                    return match given_up {
                        Some((error, _)) => Err(Gone::Answered(error)),
                        None => Ok(answered),
                    };
                }
                Some(Reply::Failed { id: of, reason }) if of == id => {
                    let error = given_up.map_or(AskError::Failed(reason), |g| g.0);
                    return Err(Gone::Answered(error));
                }
                Some(Reply::Busy { id: of }) if of == id => {
                    return Err(Gone::Answered(AskError::Failed("the model host is busy".into())));
                }
                // Of a question before.
                _ => {}
            }
            if let Some((error, patience)) = &given_up {
                if Instant::now() > *patience {
                    return Err(Gone::Stuck(error.clone()));
                }
                continue;
            }
            answered.text.push_str(&piece);
            let error = if !on_piece(&piece) {
                AskError::Stopped
            } else if Instant::now() > until {
                AskError::Late
            } else if priority < Priority::Visible && self.urgent.load(Ordering::SeqCst) > 0 {
                AskError::Displaced
            } else {
                continue;
            };
            let _ = write_frame(&mut running.to, &Request::Cancel { id });
            given_up = Some((error, Instant::now() + LET_GO));
        }
    }

    fn died(&self, state: &mut State, reason: String) -> AskError {
        state.running = None;
        state.deaths += 1;
        state.reason = reason;
        if state.deaths >= DEATHS {
            state.open_until = Some(Instant::now() + OPEN);
        }
        AskError::Unavailable(state.reason.clone())
    }

    fn start<'s>(&self, state: &'s mut State) -> Result<&'s mut Running, AskError> {
        if state.open_until.is_some_and(|until| until > Instant::now()) {
            return Err(AskError::Unavailable(state.reason.clone()));
        }
        if state.running.is_none() {
            match self.launch() {
                Ok(running) => state.running = Some(running),
                Err(reason) => return Err(self.died(state, reason)),
            }
            state.used = Some(Instant::now());
        }
        state.running.as_mut().ok_or_else(|| AskError::Unavailable("it is not there".into()))
    }

    fn launch(&self) -> Result<Running, String> {
        let cannot = |e: &dyn std::fmt::Display| format!("cannot start {}: {e}", self.launch.program.display());
        let mut child = Command::new(&self.launch.program)
            .args(&self.launch.arguments)
            .env_clear()
            .current_dir(std::path::Path::new("/"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(|e| cannot(&e))?;
        let (Some(to), Some(out), Some(mut error)) = (child.stdin.take(), child.stdout.take(), child.stderr.take())
        else {
            return Err(cannot(&"it has no streams"));
        };
        let (replies, from) = channel();
        let reading = std::thread::Builder::new().name("model answers".into()).spawn(move || {
            let mut out = BufReader::new(out);
            while let Ok(Some(reply)) = read_frame::<Reply>(&mut out) {
                if replies.send(reply).is_err() {
                    return;
                }
            }
        });
        let stderr = Arc::new(Mutex::new(Vec::new()));
        let kept = stderr.clone();
        let listening = std::thread::Builder::new().name("model errors".into()).spawn(move || {
            let mut piece = [0; 1024];
            while let Ok(n @ 1..) = error.read(&mut piece) {
                let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
                kept.extend_from_slice(&piece[..n]);
                let over = kept.len().saturating_sub(KEPT);
                kept.drain(..over);
            }
        });
        let about = About {
            model: String::new(),
            dimension: 0,
            context: 0,
            loaded_in: 0,
            sandbox: Vec::new(),
            process: child.id(),
        };
        let mut running = Running { child, to, from, stderr, about };
        reading.and(listening).map_err(|e| cannot(&e))?;
        // One that is dead already cannot be written to, and has left its last words.
        let _ = write_frame(&mut running.to, &Request::Hello { protocol: PROTOCOL });
        match running.from.recv_timeout(START) {
            Ok(Reply::Ready { protocol: PROTOCOL, model, dimension, context, loaded_in, sandbox }) => {
                let process = running.about.process;
                running.about = About { model, dimension, context, loaded_in, sandbox, process };
                Ok(running)
            }
            Ok(Reply::Refused { reason }) => Err(reason),
            Ok(_) => Err("it speaks another protocol: install the two of one version".into()),
            Err(RecvTimeoutError::Timeout) => Err("it did not get ready in time".into()),
            Err(RecvTimeoutError::Disconnected) => Err(running.last_words()),
        }
    }
}

/// How a question came to nothing.
enum Gone {
    /// The host said so and goes on.
    Answered(AskError),
    /// The host died.
    Dead(String),
    /// The host does not let go and must be killed.
    Stuck(AskError),
}

impl Running {
    fn last_words(&mut self) -> String {
        // It may have let go of its streams and live on.
        let patience = Instant::now() + Duration::from_millis(500);
        while matches!(self.child.try_wait(), Ok(None)) && Instant::now() < patience {
            std::thread::sleep(Duration::from_millis(5));
        }
        let _ = self.child.kill();
        let status = self.child.wait();
        // Its last words may still be on their way.
        std::thread::sleep(Duration::from_millis(50));
        let told = self.stderr.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let told = String::from_utf8_lossy(&told);
        match (told.lines().map(str::trim).rfind(|l| !l.is_empty()), status) {
            (Some(line), _) => line.to_owned(),
            (None, Ok(status)) => format!("it ended with {status}"),
            (None, Err(error)) => format!("it ended: {error}"),
        }
    }
}
