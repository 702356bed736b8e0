//! Standard output, written by the thread that has something to say. tokio's own hands every write to another thread,
//! which costs an answer two more turns of the scheduler.

use tokio::io::AsyncWrite;

/// Standard output: direct where it is a pipe or a socket of its own, else tokio's.
pub(crate) fn open() -> Box<dyn AsyncWrite + Unpin> {
    #[cfg(unix)]
    if let Some(direct) = direct::Direct::new() {
        return Box::new(direct);
    }
    Box::new(tokio::io::stdout())
}

#[cfg(unix)]
mod direct {
    use std::fs::File;
    use std::future::Future;
    use std::io::{self, Write};
    use std::os::fd::{AsFd, BorrowedFd};
    use std::pin::Pin;
    use std::sync::Arc;
    use std::task::{Context, Poll};

    use rustix::event::{PollFd, PollFlags, poll};
    use rustix::fs::{FileType, OFlags, fcntl_getfl, fcntl_setfl, fstat};
    use tokio::io::AsyncWrite;
    use tokio::task::JoinHandle;

    /// A pipe or socket that is written without blocking.
    pub(super) struct Direct {
        file: Arc<File>,
        /// Waits for room; there is some when it is done.
        full: Option<JoinHandle<()>>,
    }

    impl Direct {
        /// `None` where standard output is a file or a terminal, or what standard error is too: not to block is a
        /// property of what is open, and would lose lines of the log.
        pub(super) fn new() -> Option<Direct> {
            let (out, error) = (io::stdout(), io::stderr());
            let kind = fstat(out.as_fd()).ok()?;
            if !matches!(FileType::from_raw_mode(kind.st_mode), FileType::Fifo | FileType::Socket) {
                return None;
            }
            if fstat(error.as_fd()).is_ok_and(|e| (e.st_dev, e.st_ino) == (kind.st_dev, kind.st_ino)) {
                return None;
            }
            let file = File::from(out.as_fd().try_clone_to_owned().ok()?);
            set_nonblocking(file.as_fd())?;
            Some(Direct { file: Arc::new(file), full: None })
        }
    }

    fn set_nonblocking(fd: BorrowedFd<'_>) -> Option<()> {
        fcntl_setfl(fd, fcntl_getfl(fd).ok()? | OFlags::NONBLOCK).ok()
    }

    impl AsyncWrite for Direct {
        fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
            loop {
                if let Some(wait) = &mut self.full {
                    if Pin::new(wait).poll(cx).is_pending() {
                        return Poll::Pending;
                    }
                    self.full = None;
                }
                match (&*self.file).write(bytes) {
                    Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                        let file = self.file.clone();
                        self.full = Some(tokio::task::spawn_blocking(move || {
                            let _ = poll(&mut [PollFd::new(&file, PollFlags::OUT)], None);
                        }));
                    }
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                    result => return Poll::Ready(result),
                }
            }
        }

        fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Ready(Ok(()))
        }

        fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Ready(Ok(()))
        }
    }
}
