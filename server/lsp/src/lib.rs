//! Sidenote's language server, over stdio.
//!
//! tower-lsp reads and writes the protocol. Its handlers hand everything over to one thread, the main loop
//! ([`main_loop`]), that owns the documents; analysis runs on the latency pool ([`pool`]) over immutable snapshots and
//! comes back as an event with the version that it was made for. This crate is the only one that knows types of the
//! protocol, and it knows nothing of what a rule does.

mod actions;
mod capabilities;
mod catalog;
mod commands;
mod convert;
mod event;
mod feedback;
pub mod files;
mod hints;
mod hover;
mod index;
mod lenses;
mod main_loop;
pub mod meaning;
mod outbox;
mod parent;
mod pool;
mod progress;
pub mod reviewer;
pub mod reviewing;
mod server;
mod service;
mod session;
mod stdout;
mod symbols;
mod workspace;

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::Notify;
use tower_lsp::{LspService, Server};

/// How the server is started.
#[derive(Default)]
pub struct Options {
    /// Where the log goes; standard error if `None`. What is logged follows the environment variable `SIDENOTE_LOG`
    /// (`warn` by default, in the syntax of `tracing`'s `EnvFilter`).
    pub log_file: Option<PathBuf>,
    /// Who turns functions into vectors; without, there is no likeness and no search by meaning.
    pub vectors: Option<meaning::Opener>,
    /// Who judges findings and reviews code; without, nobody does.
    pub reviewer: Option<reviewing::Opener>,
}

/// Exit codes.
const CLEAN: u8 = 0;
const NO_SHUTDOWN: u8 = 1;
const CANNOT_START: u8 = 2;
const BROKEN: u8 = 3;

/// How long replies may take to reach a client that has said `exit` or closed its end.
const GRACE: Duration = Duration::from_millis(500);

/// Requests in flight before reading stops; only memory limits it.
const CONCURRENCY: usize = 4096;

/// Serves one client over stdin and stdout until it says `exit`, closes stdin or dies. The exit code is 0 after a
/// `shutdown` request, 1 without one, 2 if the log cannot be opened, 3 if the server broke.
pub fn run(options: Options) -> ExitCode {
    without_huge_pages();
    if let Err(error) = start_log(&options) {
        eprintln!("sidenote: cannot write the log: {error}");
        return ExitCode::from(CANNOT_START);
    }
    // One thread reads, asks the main loop and writes: each hand-over between threads would cost a keystroke.
    let runtime = tokio::runtime::Builder::new_current_thread().thread_name("sidenote-io").enable_all().build();
    let runtime = match runtime {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("sidenote: cannot start: {error}");
            return ExitCode::from(BROKEN);
        }
    };
    let code = runtime.block_on(serve_for(tokio::io::stdin(), stdout::open(), options.vectors, options.reviewer));
    // A read of stdin may still block; it must not keep the process alive.
    runtime.shutdown_background();
    ExitCode::from(code)
}

/// A scan fills its memory and ends, so that pages of 2 MB save it a tenth of its time. A server holds little for long, on many threads,
/// each of which would begin with such a page: twice the memory, and a later first answer.
#[cfg(target_os = "linux")]
fn without_huge_pages() {
    // A kernel that has none refuses.
    let _ = rustix::thread::disable_transparent_huge_pages(true);
}

#[cfg(not(target_os = "linux"))]
fn without_huge_pages() {}

/// Serves one client over any pair of streams and returns the exit code; see [`run`].
pub async fn serve(input: impl AsyncRead + Unpin, output: impl AsyncWrite) -> u8 {
    serve_with(input, output, None).await
}

/// The same, with somebody who turns functions into vectors.
pub async fn serve_with(
    input: impl AsyncRead + Unpin,
    output: impl AsyncWrite,
    vectors: Option<meaning::Opener>,
) -> u8 {
    serve_for(input, output, vectors, None).await
}

/// The same, with somebody who judges findings and reviews code.
pub async fn serve_for(
    input: impl AsyncRead + Unpin,
    output: impl AsyncWrite,
    vectors: Option<meaning::Opener>,
    reviewer: Option<reviewing::Opener>,
) -> u8 {
    let life = Arc::new(Life::default());
    let events = main_loop::start(life.clone(), vectors, reviewer);
    let (service, socket) = LspService::build(|client| server::Front::new(client, events.clone(), life.clone()))
        .custom_method("$/setTrace", server::Front::set_trace)
        .custom_method("window/workDoneProgress/cancel", server::Front::cancel_progress)
        .finish();
    let input = service::Watched::new(input, life.clone());
    let serving = Server::new(input, output, socket)
        .concurrency_level(CONCURRENCY)
        .serve(service::InOrder::new(service, life.clone()));
    tokio::select! {
        () = serving => {}
        // After `exit`, or when stdin closed, replies get a moment to drain; a client that reads nothing gets no more.
        () = async { life.ending.notified().await; tokio::time::sleep(GRACE).await } => {}
        () = life.parent_died.notified() => tracing::warn!("the client's process has ended"),
        () = life.broke.notified() => {}
    }
    events.send(event::Event::Stop);
    if life.is_broken.load(Ordering::SeqCst) {
        BROKEN
    } else if life.shut_down.load(Ordering::SeqCst) {
        CLEAN
    } else {
        NO_SHUTDOWN
    }
}

/// How a session ends.
#[derive(Default)]
struct Life {
    /// The client asked for `shutdown`.
    shut_down: AtomicBool,
    /// The client said `exit`, or closed its end.
    ending: Notify,
    /// The client's process has ended.
    parent_died: Notify,
    /// The main loop panicked.
    broke: Notify,
    is_broken: AtomicBool,
}

fn start_log(options: &Options) -> std::io::Result<()> {
    use tracing_subscriber::EnvFilter;
    let filter = EnvFilter::try_from_env("SIDENOTE_LOG").unwrap_or_else(|_| EnvFilter::new("warn"));
    // A client that closed our standard error is no reason to panic, as telling it of that would be.
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_ansi(false).log_internal_errors(false);
    // An earlier subscriber, such as the command line's, stays.
    let _ = match &options.log_file {
        Some(path) => {
            let file = std::fs::OpenOptions::new().create(true).append(true).open(path)?;
            builder.with_writer(Arc::new(file)).try_init()
        }
        None => builder.with_writer(std::io::stderr).try_init(),
    };
    Ok(())
}
