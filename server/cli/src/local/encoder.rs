//! The user's encoder, ready to embed.

use std::collections::HashMap;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use sidenote_core::system::{user_cache, user_config};
use sidenote_model::cache::CacheError;
use sidenote_model::client::Options;
use sidenote_model::embed::{Embedder, Outcome, host_program, key, launch, many_threads};
use sidenote_model::store::{Folders, Model, Store};
use sidenote_model::{BlockKey, Priority};

use crate::error::Error;
use crate::{output, style};

/// The folders of this user.
///
/// # Errors
/// When there is no home.
pub fn folders() -> Result<Folders, Error> {
    let (cache, config) = user_cache().zip(user_config()).ok_or(Error::NoHome)?;
    Ok(Folders { cache, config })
}

/// An encoder and what serves it.
pub struct Encoder {
    /// The model.
    pub model: Model,
    /// Texts to codes.
    pub embedder: Embedder,
}

impl Encoder {
    /// The encoder of that name, or the one that the user chose. Nothing is started yet.
    ///
    /// # Errors
    /// When the model is refused, or there is no host beside this program.
    pub fn open(store: &Store, name: Option<&str>, threads: u32) -> Result<Encoder, Error> {
        let (encoder, error) = Encoder::make(store, name, threads, false)?;
        if let Some(error) = error {
            say!("{}note{:#}: {error}; vectors are not kept", style::DIM, style::DIM);
        }
        Ok(encoder)
    }

    /// The user's encoder for an editor: one thread to begin with, and others have the processor first.
    ///
    /// # Errors
    /// As for [`Encoder::open`].
    pub fn in_background(store: &Store) -> Result<Encoder, Error> {
        Encoder::make(store, None, 1, true).map(|(encoder, _)| encoder)
    }

    fn make(
        store: &Store,
        name: Option<&str>,
        threads: u32,
        background: bool,
    ) -> Result<(Encoder, Option<CacheError>), Error> {
        let program = program()?;
        let model = store.model(name.unwrap_or(store.encoder()))?;
        let launch = launch(&program, &model, threads, background);
        let vectors = store.folders().vectors();
        // Who measures or searches on a busy machine waits rather than fails.
        let block = if background { Options::default().block } else { Duration::from_secs(300) };
        let options = Options { block, ..Options::default() };
        let (embedder, error) = Embedder::new(launch, options, &model.entry.sha256, &vectors);
        Ok((Encoder { model, embedder }, error))
    }

    /// As [`Encoder::open`] with the user's choice and all threads, for what works without a model too: what the user switched off
    /// is off.
    ///
    /// # Errors
    /// As for [`Encoder::open`], and when it is switched off.
    pub fn if_wanted() -> Result<Encoder, Error> {
        let store = Store::open(folders()?)?;
        wanted(&store)?;
        Encoder::open(&store, None, many_threads())
    }

    /// The same; says why where there is none.
    pub fn or_words() -> Option<Encoder> {
        match Encoder::if_wanted() {
            Ok(encoder) => Some(encoder),
            Err(error) => {
                say!("{}note{:#}: searching by words alone: {error}", style::DIM, style::DIM);
                None
            }
        }
    }

    /// Embeds texts for as long as the user wants to wait, and shows how it goes.
    pub fn embed(&self, texts: &[String], wait: Duration) -> Outcome {
        let by_key: HashMap<BlockKey, &str> = texts.iter().map(|t| (key(t), t.as_str())).collect();
        let bar = if output::watched() {
            ProgressBar::with_draw_target(Some(by_key.len() as u64), ProgressDrawTarget::stderr_with_hz(8))
        } else {
            ProgressBar::hidden()
        };
        if let Ok(template) = ProgressStyle::with_template("{bar:32.cyan/black.bright} {pos}/{len} functions embedded")
        {
            bar.set_style(template);
        }
        let until = Instant::now() + wait;
        let outcome = self.embedder.embed(&by_key, Priority::Open, None, |done, _| {
            bar.set_position(done as u64);
            Instant::now() < until
        });
        bar.finish_and_clear();
        if let Some(error) = &outcome.failed {
            say!("{}note{:#}: {error}", style::DIM, style::DIM);
        } else if outcome.codes.len() + outcome.skipped < by_key.len() {
            say!(
                "{}note{:#}: {} of {} functions are embedded so far, and the rest is found by words alone; the next search goes on \
                 (--wait SECONDS does more at once)",
                style::DIM,
                style::DIM,
                outcome.codes.len(),
                by_key.len()
            );
        }
        outcome
    }
}

/// Whether the user wants vectors at all.
///
/// # Errors
/// When they are switched off.
pub fn wanted(store: &Store) -> Result<(), Error> {
    if store.features().meaning {
        return Ok(());
    }
    Err(Error::Local("`meaning` is switched off: `sidenote model feature meaning on`".into()))
}

/// The host's program beside this one.
///
/// # Errors
/// When there is none.
pub fn program() -> Result<PathBuf, Error> {
    let own = std::env::current_exe().map_err(|_| Error::NoHost)?;
    let folder = own.parent().ok_or(Error::NoHost)?;
    host_program(folder).ok_or(Error::NoHost)
}
