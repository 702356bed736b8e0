//! A model that makes texts, under llama.cpp.

use std::num::NonZeroU32;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, anyhow, bail};
use llama_cpp_2::context::LlamaContext;
use llama_cpp_2::context::params::LlamaContextParams;
use llama_cpp_2::llama_batch::LlamaBatch;
use llama_cpp_2::model::{LlamaChatMessage, LlamaChatTemplate, LlamaModel};
use llama_cpp_2::token::LlamaToken;
use sidenote_host::serve::{Encoder, Step};
use sidenote_host::write::{Speaker, shares, write};
use sidenote_kernels::Isa;
use sidenote_model::grammar::Grammar;
use sidenote_model::{Prompt, Used, Want};

use crate::llama::{backend, load};

/// Longest context, unless `--context` says otherwise.
const MAX_CONTEXT: u32 = 4096;
/// Tokens that are read at a time; whether somebody still wants it is asked in between. Tiles multiply many tokens for little more than a few:
/// with them a function of usual length with its claim is read at once, which takes no longer than 64 tokens do without.
fn batch() -> usize {
    if Isa::Amx.is_available() { 384 } else { 64 }
}
/// Stands for the prompt in a chat template; no template has it.
const HERE: &str = "@sidenote-here@";

/// A model with its one context, which remembers what it read last.
pub struct Decoder {
    model: &'static LlamaModel,
    context: LlamaContext<'static>,
    batch: LlamaBatch<'static>,
    threads: u32,
    length: usize,
    template: Option<LlamaChatTemplate>,
    /// Tokens in the context, in order.
    read: Vec<LlamaToken>,
    /// What every token is as bytes.
    pieces: Vec<Vec<u8>>,
    ends: Vec<bool>,
    /// Of the token read last.
    logits: Vec<f32>,
}

impl Decoder {
    /// Loads a checked file.
    pub fn load(path: &Path, threads: u32, context: Option<u32>) -> Result<Decoder> {
        let model = load(path)?;
        let length = context.unwrap_or(MAX_CONTEXT).min(model.n_ctx_train()).max(256);
        let context = make_context(model, threads, length)?;
        let vocab = model.vocab();
        // Pieces of control tokens stay empty: nothing that a model writes is one.
        let pieces = vocab.tokens().map(|t| vocab.token_to_piece(t, false, None)).collect();
        let ends = vocab.tokens().map(|t| vocab.is_eog(t)).collect();
        Ok(Decoder {
            model,
            context,
            batch: LlamaBatch::new(batch(), 1),
            threads,
            length: length as usize,
            template: model.chat_template(None).ok().or_else(|| LlamaChatTemplate::new("chatml").ok()),
            read: Vec::new(),
            pieces,
            ends,
            logits: Vec::new(),
        })
    }

    pub fn context_length(&self) -> u32 {
        self.length as u32
    }

    /// What the model's chat template puts before and after the prompt.
    fn frame(&self, system: &str) -> Result<(String, String)> {
        let message = |role: &str, text: &str| LlamaChatMessage::new(role.to_owned(), text.to_owned());
        let plain = || (format!("{system}\n\n"), "\n".to_owned());
        let Some(template) = &self.template else { return Ok(plain()) };
        let chat = [message("system", system)?, message("user", HERE)?];
        // A template that llama.cpp does not know, or one that puts the text elsewhere too.
        let Ok(text) = self.model.apply_chat_template(template, &chat, true) else { return Ok(plain()) };
        let mut parts = text.split(HERE);
        match (parts.next(), parts.next(), parts.next()) {
            (Some(before), Some(after), None) => Ok((before.to_owned(), after.to_owned())),
            _ => Ok(plain()),
        }
    }

    fn tokens(&self, text: &str, control: bool) -> Vec<LlamaToken> {
        if text.is_empty() { Vec::new() } else { self.model.vocab().tokenize(text.as_bytes(), false, control) }
    }

    /// The prompt as tokens; leaves room for `most` tokens of an answer.
    fn compose(&self, prompt: &Prompt, most: usize) -> Result<Vec<LlamaToken>> {
        // A system text of ours is in the template's frame, where control tokens are parsed: it must name none.
        if self.tokens(&prompt.system, true) != self.tokens(&prompt.system, false) {
            bail!("the instructions hold a control token");
        }
        let (head, tail) = self.frame(&prompt.system)?;
        let vocab = self.model.vocab();
        let mut tokens = Vec::new();
        let bos = vocab.bos();
        if vocab.should_add_bos() && bos.0 >= 0 {
            tokens.push(bos);
        }
        tokens.extend(self.tokens(&head, true));
        if tokens.len() > 1 && tokens[0] == tokens[1] && tokens[0] == bos {
            // The template has it too.
            tokens.remove(0);
        }
        tokens.extend(self.tokens(&prompt.before, false));
        let code = self.tokens(&prompt.code, false);
        let mut rest = self.tokens(&prompt.after, false);
        rest.extend(self.tokens(&tail, true));
        rest.extend(self.tokens(&prompt.answer, false));
        let room = self.length.saturating_sub(most + 8);
        let Some(left) = room.checked_sub(tokens.len() + rest.len()).filter(|n| *n >= code.len().min(64)) else {
            bail!("the question does not fit into the model's context of {} tokens", self.length);
        };
        tokens.extend(&code[..code.len().min(left)]);
        tokens.extend(rest);
        if tokens.is_empty() {
            bail!("there is nothing to read");
        }
        Ok(tokens)
    }

    /// Reads the prompt, from where it differs from what was read last. The number of tokens that were known, or `None` if
    /// nobody wants it any more.
    fn prefill(&mut self, tokens: &[LlamaToken], wanted: &mut dyn FnMut() -> bool) -> Result<Option<usize>> {
        let same = self.read.iter().zip(tokens).take_while(|(a, b)| a == b).count();
        // The last one is read anew, for its logits.
        let mut known = same.min(tokens.len() - 1);
        if self.context.kv_cache_seq_rm(0, Some(known as u32), None).is_err() {
            // Models that keep a running state cannot go back.
            self.context.clear_kv_cache();
            known = 0;
        }
        self.read.truncate(known);
        let mut rest = &tokens[known..];
        while !rest.is_empty() {
            if !wanted() {
                return Ok(None);
            }
            let (now, later) = rest.split_at(rest.len().min(batch()));
            self.decode(now, later.is_empty())?;
            rest = later;
        }
        Ok(Some(known))
    }

    /// Reads some tokens, at most a batch of them.
    fn decode(&mut self, tokens: &[LlamaToken], last: bool) -> Result<()> {
        if self.read.len() + tokens.len() > self.length {
            bail!("the model's context is full");
        }
        self.batch.clear();
        for (n, token) in tokens.iter().enumerate() {
            let at = i32::try_from(self.read.len() + n)?;
            self.batch.add(*token, at, &[0], last && n + 1 == tokens.len())?;
        }
        if let Err(error) = self.context.decode(&mut self.batch) {
            // What is in the context now is not known.
            self.context.clear_kv_cache();
            self.read.clear();
            return Err(anyhow!("{error}"));
        }
        self.read.extend_from_slice(tokens);
        if last {
            self.logits.clear();
            self.logits.extend_from_slice(self.context.get_logits_ith(i32::try_from(tokens.len())? - 1));
        }
        Ok(())
    }

    /// The first token of each spelling of each option.
    fn firsts(&self, options: &[Vec<String>]) -> Vec<Vec<usize>> {
        let first = |text: &String| self.tokens(text, false).first().and_then(|t| usize::try_from(t.0).ok());
        let all = |spellings: &Vec<String>| {
            let mut all: Vec<usize> = spellings.iter().filter_map(first).collect();
            all.sort_unstable();
            all.dedup();
            all
        };
        options.iter().map(all).collect()
    }

    fn answer(&mut self, prompt: &Prompt, want: &Want, step: &mut dyn FnMut(Step<'_>) -> bool) -> Result<Used> {
        let start = Instant::now();
        let micros = |time: Duration| u32::try_from(time.as_micros()).unwrap_or(u32::MAX);
        let (most, grammar) = match want {
            Want::Choice { options } if options.len() < 2 => bail!("there is nothing to choose"),
            Want::Choice { .. } => (0, None),
            Want::Text { grammar, most } => (*most, grammar.as_deref().map(Grammar::parse).transpose()?),
        };
        let tokens = self.compose(prompt, most as usize)?;
        let mut used = Used { prompt: u32::try_from(tokens.len())?, ..Used::default() };
        let Some(known) = self.prefill(&tokens, &mut || step(Step::Reading))? else { return Ok(used) };
        used.shared = u32::try_from(known)?;
        used.reading = micros(start.elapsed());
        match want {
            Want::Choice { options } => {
                let (shares, covered) = shares(&self.logits, &self.firsts(options));
                step(Step::Shares(shares, covered));
            }
            Want::Text { .. } => {
                let outcome = write(self, grammar.as_ref(), most, &mut |piece| step(Step::Text(piece)));
                let (written, _) = outcome.map_err(|e| anyhow!(e))?;
                used.written = written;
            }
        }
        used.micros = micros(start.elapsed());
        Ok(used)
    }
}

fn make_context(model: &'static LlamaModel, threads: u32, length: u32) -> Result<LlamaContext<'static>> {
    let threads = i32::try_from(threads.max(1))?;
    let params = LlamaContextParams::default()
        .with_n_ctx(NonZeroU32::new(length))
        .with_n_batch(batch() as u32)
        .with_n_ubatch(batch() as u32)
        .with_n_threads(threads)
        .with_n_threads_batch(threads);
    model.new_context(backend()?, params).context("llama.cpp makes no context")
}

impl Speaker for Decoder {
    fn pieces(&self) -> &[Vec<u8>] {
        &self.pieces
    }

    fn is_end(&self, token: usize) -> bool {
        self.ends.get(token).copied().unwrap_or(false)
    }

    fn logits(&self) -> &[f32] {
        &self.logits
    }

    fn push(&mut self, token: usize) -> Result<(), String> {
        let token = i32::try_from(token).map(LlamaToken).map_err(|e| e.to_string())?;
        self.decode(&[token], true).map_err(|e| format!("{e:#}"))
    }
}

impl Encoder for Decoder {
    fn embed(&mut self, _: &str) -> Result<Vec<f32>, String> {
        Err("this model makes texts, not vectors".into())
    }

    fn threads(&mut self, threads: u32) {
        // What was read is read again by the new one.
        if threads != self.threads
            && let Ok(context) = make_context(self.model, threads, self.length as u32)
        {
            self.context = context;
            self.threads = threads;
            self.read.clear();
        }
    }

    fn ask(&mut self, prompt: &Prompt, want: &Want, step: &mut dyn FnMut(Step<'_>) -> bool) -> Result<Used, String> {
        self.answer(prompt, want, step).map_err(|e| format!("{e:#}"))
    }
}
