//! A host without a model: its vectors count the text's words, and certain texts make it misbehave.

use std::hash::{Hash as _, Hasher as _};
use std::time::Duration;

use sidenote_host::serve::{About, Encoder, serve};

/// Milliseconds a block.
struct Scripted {
    pause: u64,
    dimension: usize,
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
}

fn main() {
    let mut arguments = std::env::args().skip(1);
    let pause = arguments.next().and_then(|a| a.parse().ok()).unwrap_or(0);
    match arguments.next().as_deref() {
        Some("dead") => {
            eprintln!("no such luck");
            std::process::exit(7);
        }
        Some("silent") => std::thread::sleep(Duration::from_secs(3600)),
        _ => {}
    }
    let about = About { model: "scripted".into(), dimension: 64, context: 64, loaded_in: 0, sandbox: Vec::new() };
    let outcome = serve(std::io::stdin(), std::io::stdout(), &about, &mut Scripted { pause, dimension: 64 });
    if let Err(error) = outcome {
        eprintln!("{error}");
    }
}
