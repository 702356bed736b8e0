//! Requests in, replies out: by priority, with cancellation, deadlines and a bounded queue.

use std::collections::HashSet;
use std::io::{Read, Write};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use sidenote_model::{
    BlockText, FrameError, MAX_WAITING, PROTOCOL, Priority, Prompt, Reply, Request, RequestId, Used, Want, read_frame,
    write_frame,
};

/// What a model that makes texts tells while it answers.
#[derive(Clone, PartialEq, Debug)]
pub enum Step<'a> {
    /// It still reads.
    Reading,
    /// The next piece of its text; may be empty.
    Text(&'a str),
    /// How its belief divides, and how much of it the options cover.
    Shares(Vec<f32>, f32),
}

/// A model: it turns texts into vectors, or answers questions.
pub trait Encoder {
    /// The vector of a text, not normalised.
    ///
    /// # Errors
    /// Why there is none, for people.
    fn embed(&mut self, text: &str) -> Result<Vec<f32>, String>;

    /// Texts that [`Encoder::embed_many`] does in the time of one.
    fn width(&self) -> usize {
        1
    }

    /// The vectors of several texts for which nobody waits.
    fn embed_many(&mut self, texts: &[&str]) -> Vec<Result<Vec<f32>, String>> {
        texts.iter().map(|t| self.embed(t)).collect()
    }

    /// Uses so many threads from now on.
    fn threads(&mut self, threads: u32);

    /// Answers a question. `step` is told what comes, and says whether it is still wanted.
    ///
    /// # Errors
    /// Why there is no answer, for people.
    fn ask(&mut self, _: &Prompt, _: &Want, _: &mut dyn FnMut(Step<'_>) -> bool) -> Result<Used, String> {
        Err("this model is an encoder: it makes no texts".into())
    }
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

enum Work {
    Embed(BlockText),
    Ask(Box<(Prompt, Want)>),
}

/// A block or a question that waits.
struct Job {
    request: RequestId,
    priority: Priority,
    /// Order of arrival.
    number: u64,
    until: Option<Instant>,
    work: Work,
    /// Whether it is the last of its request that was queued.
    last: bool,
}

/// Work with whether it was cancelled, and a number of threads to use from now on.
type Turn = (Vec<(Job, bool)>, Option<u32>);

#[derive(Default)]
struct Queue {
    jobs: Vec<Job>,
    arrived: u64,
    cancelled: HashSet<RequestId>,
    /// Whether what is being answered is still wanted.
    asking: Option<(RequestId, bool)>,
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
                let works: Vec<Work> = blocks.into_iter().map(Work::Embed).collect();
                self.enqueue(id, priority, deadline, works)
            }
            Request::Ask { id, priority, deadline, prompt, want } => {
                self.enqueue(id, priority, deadline, vec![Work::Ask(Box::new((prompt, want)))])
            }
            Request::Cancel { id } => {
                // A request that is not waiting any more has been answered already.
                let mut queue = lock(&self.queue);
                if let Some((_, wanted)) = queue.asking.as_mut().filter(|(of, _)| *of == id) {
                    *wanted = false;
                }
                if queue.jobs.iter().any(|j| j.request == id) {
                    queue.cancelled.insert(id);
                }
                Ok(())
            }
            Request::Threads { threads } => {
                lock(&self.queue).threads = Some(threads.clamp(1, 64));
                Ok(())
            }
        }
    }

    fn enqueue(
        &self,
        id: RequestId,
        priority: Priority,
        deadline: Option<u64>,
        works: Vec<Work>,
    ) -> Result<(), FrameError> {
        let mut queue = lock(&self.queue);
        if queue.jobs.len() + works.len() > MAX_WAITING {
            drop(queue);
            return self.reply(&Reply::Busy { id });
        }
        let until = deadline.map(|ms| Instant::now() + Duration::from_millis(ms));
        let count = works.len();
        for (i, work) in works.into_iter().enumerate() {
            let number = queue.arrived;
            queue.arrived += 1;
            queue.jobs.push(Job { request: id, priority, number, until, work, last: i + 1 == count });
        }
        drop(queue);
        self.wake.notify_one();
        Ok(())
    }

    /// What is to be done next, or none when the stream is over. As many blocks as are done in the time of one, where nobody
    /// waits for them.
    fn next(&self, width: usize) -> Option<Turn> {
        let mut queue = lock(&self.queue);
        loop {
            if queue.over {
                return None;
            }
            let mut taken: Vec<(Job, bool)> = Vec::new();
            while taken.len() < width.max(1) {
                let first =
                    queue.jobs.iter().enumerate().max_by_key(|(_, j)| (j.priority, std::cmp::Reverse(j.number)));
                let Some((at, job)) = first else { break };
                let alone = matches!(job.work, Work::Ask(_)) || job.priority == Priority::Interactive;
                if alone && !taken.is_empty() {
                    break;
                }
                let job = queue.jobs.swap_remove(at);
                let cancelled = queue.cancelled.contains(&job.request);
                if job.last {
                    queue.cancelled.remove(&job.request);
                }
                queue.asking = matches!(job.work, Work::Ask(_)).then_some((job.request, true));
                taken.push((job, cancelled));
                if alone {
                    break;
                }
            }
            if !taken.is_empty() {
                return Some((taken, queue.threads.take()));
            }
            queue = self.wake.wait(queue).unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn work(&self, encoder: &mut impl Encoder) -> Result<(), FrameError> {
        let mut failed: Option<(RequestId, String)> = None;
        while let Some((jobs, threads)) = self.next(encoder.width()) {
            if let Some(threads) = threads {
                encoder.threads(threads);
            }
            let now = Instant::now();
            let late = |job: &Job| job.until.is_some_and(|until| now > until);
            let texts: Vec<&str> = jobs
                .iter()
                .filter(|(job, cancelled)| !cancelled && !late(job))
                .filter_map(|(job, _)| match &job.work {
                    Work::Embed(block) => Some(block.text.as_str()),
                    Work::Ask(_) => None,
                })
                .collect();
            let mut vectors = match texts.as_slice() {
                [] => Vec::new(),
                [one] => vec![encoder.embed(one)],
                many => encoder.embed_many(many),
            }
            .into_iter();
            for (job, cancelled) in &jobs {
                let id = job.request;
                if !cancelled && !late(job) {
                    match &job.work {
                        Work::Embed(block) => match vectors.next() {
                            Some(Ok(vector)) if vector.iter().all(|x| x.is_finite()) => {
                                self.reply(&Reply::Vector { id, key: block.key, vector })?;
                            }
                            Some(Ok(_)) => failed = Some((id, "the model computed what is no number".into())),
                            Some(Err(reason)) => failed = Some((id, reason)),
                            None => failed = Some((id, "the model was at a loss".into())),
                        },
                        Work::Ask(question) => match self.answer(encoder, job, &question.0, &question.1)? {
                            Ok(()) => {}
                            Err(reason) => failed = Some((id, reason)),
                        },
                    }
                }
                if job.last {
                    let reason = match failed.take().filter(|(of, _)| *of == id) {
                        Some((_, reason)) => Some(reason),
                        None if *cancelled => Some("cancelled".into()),
                        None if late(job) => Some("too late".into()),
                        None => None,
                    };
                    self.reply(&reason.map_or(Reply::Done { id }, |reason| Reply::Failed { id, reason }))?;
                }
            }
        }
        Ok(())
    }

    fn answer(
        &self,
        encoder: &mut impl Encoder,
        job: &Job,
        prompt: &Prompt,
        want: &Want,
    ) -> Result<Result<(), String>, FrameError> {
        let id = job.request;
        let mut broken = Ok(());
        let mut stopped = None;
        let outcome = encoder.ask(prompt, want, &mut |step| {
            broken = match step {
                Step::Reading | Step::Text("") => Ok(()),
                Step::Text(piece) => self.reply(&Reply::Text { id, piece: piece.to_owned() }),
                Step::Shares(shares, covered) => self.reply(&Reply::Shares { id, shares, covered }),
            };
            if job.until.is_some_and(|until| Instant::now() > until) {
                stopped = Some("too late");
            } else if lock(&self.queue).asking != Some((id, true)) {
                stopped = Some("cancelled");
            }
            broken.is_ok() && stopped.is_none()
        });
        lock(&self.queue).asking = None;
        broken?;
        match (outcome, stopped) {
            (Err(reason), _) => Ok(Err(reason)),
            (Ok(_), Some(stopped)) => Ok(Err(stopped.into())),
            (Ok(used), None) => self.reply(&Reply::Used { id, used }).map(Ok),
        }
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
        // One less: the block before may wait still.
        let many = vec!["x"; MAX_WAITING - 1];
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
