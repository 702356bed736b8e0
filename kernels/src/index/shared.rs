use std::sync::{Arc, Mutex, PoisonError, RwLock};

use crate::{Error, Index};

/// An index with one writer at a time and any number of readers, none of whom waits for a write.
///
/// A reader takes the snapshot that the last finished write left, and keeps it as long as it likes.
#[derive(Debug)]
pub struct SharedIndex {
    writer: Mutex<Index>,
    published: RwLock<Arc<Index>>,
}

impl SharedIndex {
    /// Shares `index`.
    pub fn new(index: Index) -> SharedIndex {
        SharedIndex { published: RwLock::new(Arc::new(index.clone())), writer: Mutex::new(index) }
    }

    /// The index as the last finished [`SharedIndex::write`] left it.
    pub fn snapshot(&self) -> Arc<Index> {
        Arc::clone(&self.published.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Runs `change`, then publishes; on an error, or should `change` panic, nothing of it is published or kept.
    ///
    /// # Errors
    /// Whatever `change` returns.
    pub fn write<T>(&self, change: impl FnOnce(&mut Index) -> Result<T, Error>) -> Result<T, Error> {
        let mut index = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        let mut next = index.clone();
        let result = change(&mut next)?;
        *index = next.clone();
        *self.published.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(next);
        Ok(result)
    }
}
