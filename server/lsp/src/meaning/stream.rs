//! Vectors from the model host.

use std::sync::Arc;
use std::time::Duration;

use sidenote_core::functions::Key;
use sidenote_model::Priority;
use sidenote_model::embed::Embedder;
use sidenote_model::stream::{self, Stream};

use super::{Opener, Progress, Urgency, Vectors};

/// Vectors of an embedder that is opened when it is first needed; `open` also says in a few words which model it is.
pub fn opener(open: impl FnOnce() -> Result<(Embedder, String), String> + Send + 'static) -> Opener {
    Box::new(move |tell| {
        let (embedder, about) = open()?;
        let told = move |p: &stream::Progress| {
            tell(Progress { done: p.done, all: p.all, problem: p.problem.as_ref().map(ToString::to_string) });
        };
        Ok(Arc::new(Streamed { stream: Stream::new(Arc::new(embedder), told), about }))
    })
}

struct Streamed {
    stream: Stream,
    about: String,
}

impl Vectors for Streamed {
    fn document(&self, name: Arc<str>, urgency: Urgency, functions: Vec<(Key, String)>) {
        let priority = match urgency {
            Urgency::Background => Priority::Background,
            Urgency::Open => Priority::Visible,
        };
        self.stream.document(name, priority, functions);
    }

    fn closed(&self, name: Arc<str>) {
        self.stream.closed(name);
    }

    fn typing(&self) {
        self.stream.typing();
    }

    fn alike(&self, key: Key, least: f32, k: usize) -> Vec<(Key, f32)> {
        self.stream.alike(key, least, k)
    }

    fn near(&self, question: &str, k: usize, within: Duration) -> Result<Vec<(Key, f32)>, String> {
        self.stream.near(question, k, within).map_err(|e| e.to_string())
    }

    fn cosines(&self, texts: &[String], others: &[String], within: Duration) -> Result<Vec<Option<Vec<f32>>>, String> {
        self.stream.cosines(texts, others, within).map_err(|e| e.to_string())
    }

    fn about(&self) -> String {
        self.about.clone()
    }
}
