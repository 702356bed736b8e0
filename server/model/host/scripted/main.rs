//! A host without a model: its vectors count the text's words, its answers are those of a script, and certain texts make it misbehave.
//!
//! `sidenote-scripted-host PAUSE [dead|silent]`, or `PAUSE script FILE`. It may stand in for the real host under that one's name, too
//! (`serve --model FILE ...`): the script then lies beside the model, as `FILE.script`.

use std::hash::{Hash as _, Hasher as _};
use std::time::Duration;

use sidenote_host::serve::{About, Encoder, Step, serve};
use sidenote_model::{Prompt, Used, Want};

/// Milliseconds a block.
struct Scripted {
    pause: u64,
    dimension: usize,
    lines: Vec<Line>,
    /// The instructions that were read last, for what is shared.
    system: String,
}

/// What a script says: to whom and what.
#[derive(serde::Deserialize)]
struct Line {
    /// What the code must hold.
    #[serde(default)]
    code: String,
    /// Whether it must be that code and no more.
    #[serde(default)]
    whole: bool,
    /// What must be said after the code.
    #[serde(default)]
    after: String,
    /// What the instructions must hold.
    #[serde(default)]
    system: String,
    /// Belief in the first option.
    belief: Option<f32>,
    /// A text.
    text: Option<String>,
}

impl Encoder for Scripted {
    fn embed(&mut self, text: &str) -> Result<Vec<f32>, String> {
        std::thread::sleep(Duration::from_millis(self.pause));
        match text {
            "crash" => std::process::abort(),
            "hang" => loop {
                std::thread::sleep(Duration::from_secs(1));
            },
            "refuse" => Err("it does not like this text".into()),
            _ => {
                // Texts that share words are near each other.
                let mut vector = vec![0.01; self.dimension];
                for word in text.split_whitespace() {
                    let mut hasher = std::hash::DefaultHasher::new();
                    word.hash(&mut hasher);
                    let hash = hasher.finish();
                    let sign = if hash >> 63 == 0 { 1.0 } else { -1.0 };
                    vector[hash as usize % self.dimension] += sign;
                }
                Ok(vector)
            }
        }
    }

    fn threads(&mut self, _: u32) {}

    fn ask(&mut self, prompt: &Prompt, want: &Want, step: &mut dyn FnMut(Step<'_>) -> bool) -> Result<Used, String> {
        let words = |text: &str| text.split_whitespace().count() as u32;
        let shared = if prompt.system == self.system { words(&self.system) } else { 0 };
        self.system.clone_from(&prompt.system);
        let all = words(&prompt.system) + words(&prompt.before) + words(&prompt.code) + words(&prompt.after);
        let used = Used { prompt: all, shared, written: 0, reading: 1, micros: 1 };
        match prompt.code.trim() {
            "crash" => std::process::abort(),
            "hang" => loop {
                std::thread::sleep(Duration::from_secs(1));
            },
            "slow" => {
                let mut said = 0;
                while step(Step::Text("word ")) && said < 10_000 {
                    std::thread::sleep(Duration::from_millis(5));
                    said += 1;
                }
                return Ok(Used { written: said, ..used });
            }
            _ => {}
        }
        std::thread::sleep(Duration::from_millis(self.pause));
        let fits = |l: &&Line| {
            let code = if l.whole { prompt.code == l.code } else { prompt.code.contains(&l.code) };
            code && prompt.after.contains(&l.after) && prompt.system.contains(&l.system)
        };
        match want {
            Want::Choice { options } => {
                let line = self.lines.iter().filter(fits).find_map(|l| l.belief);
                let first = line.unwrap_or(0.5);
                let rest = (1.0 - first) / (options.len().max(2) - 1) as f32;
                let shares = (0..options.len()).map(|n| if n == 0 { first } else { rest }).collect();
                step(Step::Shares(shares, 1.0));
            }
            Want::Text { grammar, .. } => {
                let line = self.lines.iter().filter(fits).find_map(|l| l.text.clone());
                let plain = || format!("It says {}.", prompt.code.lines().next().unwrap_or_default());
                let text = match (line, grammar) {
                    (Some(text), _) => text,
                    (None, None) => plain(),
                    // The shortest text of the grammar.
                    (None, Some(grammar)) => {
                        let grammar = sidenote_model::grammar::Grammar::parse(grammar).map_err(|e| e.to_string())?;
                        String::from_utf8_lossy(&grammar.matcher().finish()).into_owned()
                    }
                };
                for piece in text.split_inclusive(' ') {
                    if !step(Step::Text(piece)) {
                        break;
                    }
                }
            }
        }
        Ok(used)
    }
}

/// The script, or none.
fn script(path: Option<std::path::PathBuf>) -> Vec<Line> {
    let Some(text) = path.and_then(|p| std::fs::read_to_string(p).ok()) else { return Vec::new() };
    serde_json::from_str(&text).unwrap_or_else(|e| {
        eprintln!("the script cannot be read: {e}");
        std::process::exit(7);
    })
}

fn main() {
    let all: Vec<String> = std::env::args().skip(1).collect();
    let after = |name: &str| all.iter().position(|a| a == name).and_then(|at| all.get(at + 1)).cloned();
    let pause = all.first().and_then(|a| a.parse().ok()).unwrap_or(0);
    match all.get(1).map(String::as_str) {
        Some("dead") => {
            eprintln!("no such luck");
            std::process::exit(7);
        }
        Some("silent") => std::thread::sleep(Duration::from_secs(3600)),
        _ => {}
    }
    let beside = after("--model").map(|m| format!("{m}.script"));
    let lines = script(after("script").or(beside).map(Into::into));
    let about = About { model: "scripted".into(), dimension: 64, context: 64, loaded_in: 0, sandbox: Vec::new() };
    let mut scripted = Scripted { pause, dimension: 64, lines, system: String::new() };
    if let Err(error) = serve(std::io::stdin(), std::io::stdout(), &about, &mut scripted) {
        eprintln!("{error}");
    }
}
