//! A host without a model: its vectors are made of the text's bytes, and certain texts make it misbehave.

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
                let mut vector = vec![1.0; self.dimension];
                text.bytes().enumerate().for_each(|(i, b)| vector[i % self.dimension] += f32::from(b) * (i + 1) as f32);
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
    let about = About { model: "scripted".into(), dimension: 16, context: 64, loaded_in: 0, sandbox: Vec::new() };
    let outcome = serve(std::io::stdin(), std::io::stdout(), &about, &mut Scripted { pause, dimension: 16 });
    if let Err(error) = outcome {
        eprintln!("{error}");
    }
}
