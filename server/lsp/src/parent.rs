//! Watching the client's process: a server whose editor crashed must not stay behind.

use std::sync::Arc;

use crate::Life;

/// Tells `life` when the process ends. A process that cannot be seen (the client runs in another container) is not
/// watched: the end of stdin says the same.
#[cfg(unix)]
pub(crate) fn watch(pid: u32, life: Arc<Life>) {
    let Some(pid) = i32::try_from(pid).ok().and_then(rustix::process::Pid::from_raw) else { return };
    if rustix::process::test_kill_process(pid) == Err(rustix::io::Errno::SRCH) {
        tracing::info!("the client's process {} cannot be seen from here", pid.as_raw_nonzero());
        return;
    }
    let watch = move || {
        wait_for(pid);
        life.parent_died.notify_one();
    };
    if let Err(error) = std::thread::Builder::new().name("sidenote-parent".into()).spawn(watch) {
        tracing::warn!("the client's process is not watched: {error}");
    }
}

#[cfg(unix)]
fn wait_for(pid: rustix::process::Pid) {
    // Linux says when it ends; elsewhere it has to be asked.
    #[cfg(target_os = "linux")]
    if let Ok(fd) = rustix::process::pidfd_open(pid, rustix::process::PidfdFlags::empty()) {
        use rustix::event::{PollFd, PollFlags, poll};
        loop {
            match poll(&mut [PollFd::new(&fd, PollFlags::IN)], None) {
                Err(rustix::io::Errno::INTR) | Ok(0) => {}
                Ok(_) => return,
                Err(_) => break,
            }
        }
    }
    while rustix::process::test_kill_process(pid) != Err(rustix::io::Errno::SRCH) {
        std::thread::sleep(std::time::Duration::from_secs(5));
    }
}

/// Not watched here: the end of stdin has to do.
#[cfg(not(unix))]
pub(crate) fn watch(_pid: u32, _life: Arc<Life>) {}
