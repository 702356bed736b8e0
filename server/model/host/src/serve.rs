//! Requests in, replies out: by priority, with cancellation, deadlines and a bounded queue.

use std::collections::HashSet;
use std::io::{Read, Write};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use sidenote_model::{
    BlockText, FrameError, MAX_WAITING, PROTOCOL, Priority, Reply, Request, RequestId, read_frame, write_frame,
};

/// Something that turns texts into vectors.
pub trait Encoder {
    /// The vector of a text, not normalised.
    ///
    /// # Errors
    /// Why there is none, for people.
    fn embed(&mut self, text: &str) -> Result<Vec<f32>, String>;

    /// Uses so many threads from now on.
    fn threads(&mut self, threads: u32);
}

/// What a host says of itself.
#[derive(Clone, Debug)]
pub struct About {
    /// SHA-256 of the model file, in hexadecimal.
    pub model: String,
    /// Length of its vectors.
    pub dimension: u32,
    /// Tokens of a text that it reads.
    pub context: u32,
    /// How long it took to load, in milliseconds.
    pub loaded_in: u32,
    /// The walls around it.
    pub sandbox: Vec<String>,
}

/// One block that waits.
struct Job {
    request: RequestId,
    priority: Priority,
    /// Order of arrival.
    number: u64,
    until: Option<Instant>,
    block: BlockText,
    /// Whether it is the last of its request that was queued.
    last: bool,
}

#[derive(Default)]
struct Queue {
    jobs: Vec<Job>,
    arrived: u64,
    cancelled: HashSet<RequestId>,
    threads: Option<u32>,
    over: bool,
}

struct Shared<W> {
    queue: Mutex<Queue>,
    wake: Condvar,
    out: Mutex<W>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl<W: Write> Shared<W> {
    fn reply(&self, reply: &Reply) -> Result<(), FrameError> {
        write_frame(&mut *lock(&self.out), reply)
    }

    /// Reads requests until the stream ends.
    fn read(&self, from: &mut impl Read, about: &About) -> Result<(), FrameError> {
        while let Some(request) = read_frame::<Request>(from)? {
            self.take(request, about)?;
        }
        Ok(())
    }

    fn take(&self, request: Request, about: &About) -> Result<(), FrameError> {
        match request {
            Request::Hello { protocol } if protocol != PROTOCOL => {
                let reason = format!("the host speaks protocol {PROTOCOL}, and was greeted in {protocol}");
                self.reply(&Reply::Refused { reason })
            }
            Request::Hello { .. } => {
                let About { model, dimension, context, loaded_in, sandbox } = about.clone();
                self.reply(&Reply::Ready { protocol: PROTOCOL, model, dimension, context, loaded_in, sandbox })
            }
            Request::Embed { id, blocks, .. } if blocks.is_empty() => self.reply(&Reply::Done { id }),
            Request::Embed { id, priority, deadline, blocks } => {
                let mut queue = lock(&self.queue);
                if queue.jobs.len() + blocks.len() > MAX_WAITING {
                    drop(queue);
                    return self.reply(&Reply::Busy { id });
                }
                let until = deadline.map(|ms| Instant::now() + Duration::from_millis(ms));
                let count = blocks.len();
                for (i, block) in blocks.into_iter().enumerate() {
                    let number = queue.arrived;
                    queue.arrived += 1;
                    queue.jobs.push(Job { request: id, priority, number, until, block, last: i + 1 == count });
                }
                drop(queue);
                self.wake.notify_one();
                Ok(())
            }
            Request::Cancel { id } => {
                // A request that is not waiting any more has been answered already.
                let mut queue = lock(&self.queue);
                if queue.jobs.iter().any(|j| j.request == id) {
                    queue.cancelled.insert(id);
                }
                Ok(())
            }
            Request::Threads { threads } => {
                lock(&self.queue).threads = Some(threads.clamp(1, 64));
                Ok(())
            }
            Request::Score { id, .. } | Request::Explain { id, .. } => {
                self.reply(&Reply::Failed { id, reason: "this model is an encoder: it makes no texts".into() })
            }
        }
    }

    /// The next block, or none when the stream is over.
    fn next(&self) -> Option<(Job, bool, Option<u32>)> {
        let mut queue = lock(&self.queue);
        loop {
            if queue.over {
                return None;
            }
            let first = queue.jobs.iter().enumerate().max_by_key(|(_, j)| (j.priority, std::cmp::Reverse(j.number)));
            if let Some((at, _)) = first {
                let job = queue.jobs.swap_remove(at);
                let cancelled = queue.cancelled.contains(&job.request);
                if job.last {
                    queue.cancelled.remove(&job.request);
                }
                return Some((job, cancelled, queue.threads.take()));
            }
            queue = self.wake.wait(queue).unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn work(&self, encoder: &mut impl Encoder) -> Result<(), FrameError> {
        let mut failed: Option<(RequestId, String)> = None;
        while let Some((job, cancelled, threads)) = self.next() {
            if let Some(threads) = threads {
                encoder.threads(threads);
            }
            let id = job.request;
            let late = job.until.is_some_and(|until| Instant::now() > until);
            if !cancelled && !late {
                match encoder.embed(&job.block.text) {
                    Ok(vector) if vector.iter().all(|x| x.is_finite()) => {
                        self.reply(&Reply::Vector { id, key: job.block.key, vector })?;
                    }
                    Ok(_) => failed = Some((id, "the model computed what is no number".into())),
                    Err(reason) => failed = Some((id, reason)),
                }
            }
            if job.last {
                let reason = match failed.take().filter(|(of, _)| *of == id) {
                    Some((_, reason)) => Some(reason),
                    None if cancelled => Some("cancelled".into()),
                    None if late => Some("too late".into()),
                    None => None,
                };
                self.reply(&reason.map_or(Reply::Done { id }, |reason| Reply::Failed { id, reason }))?;
            }
        }
        Ok(())
    }
}

/// Serves until the client goes away.
///
/// # Errors
/// When the stream breaks or says something that is no message.
pub fn serve(
    mut from: impl Read + Send,
    out: impl Write + Send,
    about: &About,
    encoder: &mut impl Encoder,
) -> Result<(), FrameError> {
    let shared = Shared { queue: Mutex::default(), wake: Condvar::new(), out: Mutex::new(out) };
    std::thread::scope(|scope| {
        let reader = std::thread::Builder::new().name("requests".into()).spawn_scoped(scope, || {
            let outcome = shared.read(&mut from, about);
            lock(&shared.queue).over = true;
            shared.wake.notify_one();
            outcome
        })?;
        shared.work(encoder)?;
        reader.join().unwrap_or(Ok(()))
    })
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::mpsc::{Receiver, Sender, channel};

    use super::*;

    /// Says the length of a text; each text waits for the test's leave.
    struct Counting {
        leave: Receiver<()>,
    }

    impl Encoder for Counting {
        fn embed(&mut self, text: &str) -> Result<Vec<f32>, String> {
            self.leave.recv().map_err(|e| e.to_string())?;
            match text {
                "bad" => Err("a bad text".into()),
                "nan" => Ok(vec![f32::NAN]),
                _ => Ok(vec![text.len() as f32]),
            }
        }

        fn threads(&mut self, _: u32) {}
    }

    /// A stream of bytes between two threads.
    struct Pipe(Receiver<Vec<u8>>, Vec<u8>);

    impl Read for Pipe {
        fn read(&mut self, to: &mut [u8]) -> std::io::Result<usize> {
            if self.1.is_empty() {
                self.1 = self.0.recv().unwrap_or_default();
            }
            let n = to.len().min(self.1.len());
            to[..n].copy_from_slice(&self.1[..n]);
            self.1.drain(..n);
            Ok(n)
        }
    }

    #[derive(Clone, Default)]
    struct Out(Arc<Mutex<Vec<u8>>>);

    impl Write for Out {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            lock(&self.0).extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    fn send(to: &Sender<Vec<u8>>, request: &Request) {
        let mut bytes = Vec::new();
        write_frame(&mut bytes, request).expect("written");
        to.send(bytes).expect("the host reads");
    }

    fn embed(id: RequestId, priority: Priority, texts: &[&str]) -> Request {
        let blocks = texts.iter().map(|t| BlockText { key: [id as u8; 16], text: (*t).into() }).collect();
        Request::Embed { id, priority, deadline: None, blocks }
    }

    /// The whole replies so far; the host may be in the middle of another.
    fn replies(out: &Out) -> Vec<Reply> {
        let bytes = lock(&out.0).clone();
        let mut from = bytes.as_slice();
        std::iter::from_fn(|| read_frame(&mut from).ok().flatten()).collect()
    }

    /// Runs a host over these requests, all of which wait before the first block is worked on.
    fn run(requests: &[Request]) -> Vec<Reply> {
        let (to, from) = channel();
        let (go, leave) = channel();
        let out = Out::default();
        let about = About { model: "m".into(), dimension: 1, context: 8, loaded_in: 0, sandbox: vec![] };
        std::thread::scope(|scope| {
            // Moved in: where the test fails they are dropped, and the host ends.
            let (to, go) = (to, go);
            let host = scope.spawn(|| serve(Pipe(from, vec![]), out.clone(), &about, &mut Counting { leave }));
            // This one may be taken before the others come; what follows is ordered by the queue.
            send(&to, &embed(0, Priority::Background, &["first"]));
            requests.iter().for_each(|r| send(&to, r));
            send(&to, &Request::Hello { protocol: PROTOCOL });
            while !replies(&out).iter().any(|r| matches!(r, Reply::Ready { .. })) {
                std::thread::yield_now();
            }
            (0..3000).for_each(|_| go.send(()).expect("the host works"));
            let asked = 1 + requests.iter().filter(|r| matches!(r, Request::Embed { .. })).count();
            let answered = |r: &Reply| matches!(r, Reply::Done { .. } | Reply::Failed { .. } | Reply::Busy { .. });
            while replies(&out).iter().filter(|r| answered(r)).count() < asked {
                std::thread::yield_now();
            }
            drop(to);
            host.join().expect("no panic").expect("served");
        });
        let bytes = lock(&out.0).clone();
        let mut from = bytes.as_slice();
        while read_frame::<Reply>(&mut from).expect("whole replies").is_some() {}
        replies(&out).into_iter().filter(|r| !matches!(r, Reply::Ready { .. })).collect()
    }

    fn ends(replies: &[Reply]) -> Vec<(RequestId, String)> {
        let end = |r: &Reply| match r {
            Reply::Done { id } => Some((*id, String::new())),
            Reply::Failed { id, reason } => Some((*id, reason.clone())),
            Reply::Busy { id } => Some((*id, "busy".into())),
            _ => None,
        };
        replies.iter().filter_map(end).collect()
    }

    #[test]
    fn what_is_seen_comes_first_and_equals_in_order() {
        let replies = run(&[
            embed(1, Priority::Background, &["a", "bb"]),
            embed(2, Priority::Visible, &["ccc"]),
            embed(3, Priority::Background, &["d"]),
            embed(4, Priority::Interactive, &["e"]),
        ]);
        let order: Vec<RequestId> = ends(&replies).iter().map(|e| e.0).filter(|id| *id != 0).collect();
        assert_eq!(order, [4, 2, 1, 3]);
        let of_first: Vec<f32> = replies
            .iter()
            .filter_map(|r| match r {
                Reply::Vector { id: 1, vector, .. } => Some(vector[0]),
                _ => None,
            })
            .collect();
        assert_eq!(of_first, [1.0, 2.0]);
    }

    #[test]
    fn cancelled_late_and_failed_requests_are_answered_once() {
        let mut late = embed(2, Priority::Visible, &["x", "y"]);
        if let Request::Embed { deadline, .. } = &mut late {
            *deadline = Some(0);
        }
        let replies = run(&[
            embed(1, Priority::Background, &["a", "b"]),
            Request::Cancel { id: 1 },
            Request::Cancel { id: 99 },
            late,
            embed(3, Priority::Background, &["bad"]),
            embed(4, Priority::Background, &["nan"]),
            embed(5, Priority::Background, &[]),
        ]);
        let mut ends = ends(&replies);
        ends.sort();
        let reasons: Vec<&str> = ends.iter().map(|e| e.1.as_str()).collect();
        let no_number = "the model computed what is no number";
        assert_eq!(reasons, ["", "cancelled", "too late", "a bad text", no_number, ""]);
        assert!(!replies.iter().any(|r| matches!(r, Reply::Vector { id: 1 | 2, .. })));
    }

    #[test]
    fn a_full_queue_says_so() {
        let many = vec!["x"; MAX_WAITING];
        let replies = run(&[embed(1, Priority::Open, &many), embed(2, Priority::Open, &["y"; 64])]);
        let mut ends = ends(&replies);
        ends.sort();
        assert_eq!(ends[1..], [(1, String::new()), (2, "busy".into())]);
    }

    #[test]
    fn another_protocol_is_refused() {
        let replies = run(&[Request::Hello { protocol: PROTOCOL + 1 }]);
        assert!(replies.iter().any(|r| matches!(r, Reply::Refused { reason } if reason.contains("protocol"))));
    }
}
