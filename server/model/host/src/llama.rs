//! llama.cpp. Nothing of it is known outside of this file.

use std::num::NonZeroU32;
use std::path::Path;
use std::sync::OnceLock;

use anyhow::{Context as _, Result, bail};
use llama_cpp_2::context::LlamaContext;
use llama_cpp_2::context::params::{LlamaContextParams, LlamaPoolingType};
use llama_cpp_2::llama_backend::LlamaBackend;
use llama_cpp_2::llama_batch::LlamaBatch;
use llama_cpp_2::model::LlamaModel;
use llama_cpp_2::model::params::LlamaModelParams;
use sidenote_host::serve::Encoder;
use sidenote_kernels::Kernels;

/// Longest context that an encoder is given, whatever it was trained on: attention is quadratic.
const MAX_CONTEXT: u32 = 512;

/// The backend, once a process, silent.
pub fn backend() -> Result<&'static LlamaBackend> {
    static BACKEND: OnceLock<Option<LlamaBackend>> = OnceLock::new();
    let made = BACKEND.get_or_init(|| {
        let mut backend = LlamaBackend::init().ok()?;
        backend.void_logs();
        Some(backend)
    });
    made.as_ref().context("llama.cpp does not start")
}

/// Loads a checked file. One model a process, for as long as it lives.
pub fn load(path: &Path) -> Result<&'static LlamaModel> {
    let model = LlamaModel::load_from_file(backend()?, path, &LlamaModelParams::default().with_n_gpu_layers(0))
        .with_context(|| format!("llama.cpp refuses {}", path.display()))?;
    Ok(Box::leak(Box::new(model)))
}

/// An encoder with its contexts. One thread owns them all.
pub struct Llama {
    model: &'static LlamaModel,
    /// With as many threads as there are, for a text that somebody waits for.
    wide: Lane,
    /// With one thread each, for as many texts at a time; made when they are first needed. ggml's threads wait for each other
    /// after every step: a text on each thread wastes nothing.
    narrow: Vec<Lane>,
    threads: u32,
    length: u32,
}

/// How much the mean over a name's tokens counts beside the mean over all: functions are found best by their comments with a quarter to a
/// third (`benches/README.md`).
const NAME_SHARE: f32 = 0.3;

/// A context with what it reads from.
struct Lane {
    context: LlamaContext<'static>,
    batch: LlamaBatch<'static>,
    kernels: Kernels,
}

impl Lane {
    fn new(model: &'static LlamaModel, threads: u32, length: u32) -> Result<Lane> {
        let context = make_context(model, threads, length)?;
        Ok(Lane { context, batch: LlamaBatch::new(length as usize, 1), kernels: Kernels::get() })
    }

    fn vector(&mut self, model: &LlamaModel, length: usize, text: &str) -> Result<Vec<f32>> {
        // Special tokens in code are text.
        let mut tokens = model.vocab().tokenize(text.as_bytes(), true, false);
        if tokens.len() > length {
            // The last one ends the text for the model.
            let last = tokens[tokens.len() - 1];
            tokens.truncate(length);
            tokens[length - 1] = last;
        }
        if tokens.is_empty() {
            bail!("there is nothing to read");
        }
        self.batch.clear();
        for (at, token) in tokens.iter().enumerate() {
            self.batch.add(*token, at as i32, &[0], true)?;
        }
        self.context.clear_kv_cache();
        if model.n_embd_out() <= 0 {
            bail!("the model has no vectors");
        }
        // Models that look back only have to be decoded; those that look both ways, encoded.
        self.context.encode(&mut self.batch).map_err(|e| anyhow::anyhow!("{e}"))?;
        let dimension = model.n_embd_out() as usize;
        let mut rows = Vec::with_capacity(tokens.len() * dimension);
        for at in 0..tokens.len() {
            rows.extend_from_slice(self.context.embeddings_ith(at as i32).map_err(|e| anyhow::anyhow!("{e}"))?);
        }
        let mut pooled = self.kernels.pool_dense(&rows, dimension)?;
        // A first line is the name of what follows, in which its author says what it does.
        let name =
            text.split_once('\n').map_or(0, |(name, _)| model.vocab().tokenize(name.as_bytes(), false, false).len());
        if name > 0 && name + 1 < tokens.len() {
            let of_name = self.kernels.pool_dense(&rows[dimension..(name + 1) * dimension], dimension)?;
            pooled.iter_mut().zip(&of_name).for_each(|(all, name)| *all += NAME_SHARE * name);
        }
        Ok(pooled)
    }
}

impl Llama {
    /// Loads a checked file.
    pub fn load(path: &Path, threads: u32, context: Option<u32>) -> Result<Llama> {
        let model = load(path)?;
        let length =
            context.unwrap_or(MAX_CONTEXT).min(model.n_ctx_train()).clamp(8, MAX_CONTEXT.max(context.unwrap_or(0)));
        let wide = Lane::new(model, threads, length)?;
        Ok(Llama { model, wide, narrow: Vec::new(), threads: threads.max(1), length })
    }

    pub fn dimension(&self) -> u32 {
        u32::try_from(self.model.n_embd_out()).unwrap_or(0)
    }

    pub fn context_length(&self) -> u32 {
        self.length
    }
}

/// For an encoder a text is one batch, or ggml ends the process. Vectors come by token: pooling is the kernels'.
fn make_context(model: &'static LlamaModel, threads: u32, length: u32) -> Result<LlamaContext<'static>> {
    let threads = i32::try_from(threads.max(1))?;
    let params = LlamaContextParams::default()
        .with_n_ctx(NonZeroU32::new(length))
        .with_n_batch(length)
        .with_n_ubatch(length)
        .with_n_threads(threads)
        .with_n_threads_batch(threads)
        .with_embeddings(true)
        .with_op_offload(false)
        .with_pooling_type(LlamaPoolingType::None);
    Ok(model.new_context(backend()?, params)?)
}

impl Encoder for Llama {
    fn embed(&mut self, text: &str) -> Result<Vec<f32>, String> {
        self.wide.vector(self.model, self.length as usize, text).map_err(|e| format!("{e:#}"))
    }

    fn width(&self) -> usize {
        self.threads as usize
    }

    fn embed_many(&mut self, texts: &[&str]) -> Vec<Result<Vec<f32>, String>> {
        let (model, length) = (self.model, self.length);
        // One after another: making two contexts of a model at once is not sound.
        while self.narrow.len() < texts.len() {
            match Lane::new(model, 1, length) {
                Ok(lane) => self.narrow.push(lane),
                Err(_) => return texts.iter().map(|t| self.embed(t)).collect(),
            }
        }
        std::thread::scope(|scope| {
            let running: Vec<_> = self
                .narrow
                .iter_mut()
                .zip(texts)
                .map(|(lane, text)| scope.spawn(move || lane.vector(model, length as usize, text)))
                .collect();
            let failed = || Err(anyhow::anyhow!("the model failed"));
            let join = |r: std::thread::ScopedJoinHandle<'_, Result<Vec<f32>>>| r.join().unwrap_or_else(|_| failed());
            running.into_iter().map(|r| join(r).map_err(|e| format!("{e:#}"))).collect()
        })
    }

    fn threads(&mut self, threads: u32) {
        // The binding has no setter; a context of an encoder is made in milliseconds.
        if threads != self.threads
            && let Ok(wide) = Lane::new(self.model, threads, self.length)
        {
            self.wide = wide;
            self.narrow.clear();
            self.threads = threads;
        }
    }
}

/// What llama.cpp could compute on: name and description.
pub fn devices() -> Vec<(String, String)> {
    if backend().is_err() {
        return Vec::new();
    }
    llama_cpp_2::list_llama_ggml_backend_devices()
        .into_iter()
        .map(|d| (d.name, format!("{:?}, {}, {} MiB", d.device_type, d.description.trim(), d.memory_total >> 20)))
        .collect()
}

/// Writes a model in another type.
#[allow(unsafe_code)]
pub fn quantize(from: &Path, to: &Path, kind: &str) -> Result<()> {
    use llama_cpp_sys_2 as sys;
    let wanted = match kind {
        "f16" => sys::LLAMA_FTYPE_MOSTLY_F16,
        "q8_0" => sys::LLAMA_FTYPE_MOSTLY_Q8_0,
        "q6_k" => sys::LLAMA_FTYPE_MOSTLY_Q6_K,
        "q5_1" => sys::LLAMA_FTYPE_MOSTLY_Q5_1,
        "q5_0" => sys::LLAMA_FTYPE_MOSTLY_Q5_0,
        "q4_k" => sys::LLAMA_FTYPE_MOSTLY_Q4_K_M,
        "q4_1" => sys::LLAMA_FTYPE_MOSTLY_Q4_1,
        "q4_0" => sys::LLAMA_FTYPE_MOSTLY_Q4_0,
        other => bail!("there is no type `{other}`"),
    };
    backend()?;
    let path = |p: &Path| -> Result<std::ffi::CString> {
        Ok(std::ffi::CString::new(p.to_str().context("the path is not UTF-8")?)?)
    };
    let (input, output) = (path(from)?, path(to)?);
    // SAFETY: the defaults are plain data.
    let mut params = unsafe { sys::llama_model_quantize_default_params() };
    params.ftype = wanted;
    params.nthread = 1;
    params.allow_requantize = true;
    // SAFETY: both paths are C strings and `params` is a whole set of parameters; all three outlive the call.
    let outcome = unsafe { sys::llama_model_quantize(input.as_ptr(), output.as_ptr(), &raw const params) };
    if outcome == 0 { Ok(()) } else { bail!("llama.cpp cannot write it as {kind}") }
}
