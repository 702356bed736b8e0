//! Answers that were given before: a small file each, named by the model, the words of the question and the code. Any number of
//! processes may use one folder; what is damaged is asked again.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::ask::Answered;
use crate::message::{Prompt, Want};
use crate::prompt::VERSION;
use crate::store::replace;

/// Answers that are kept at most.
const MOST: usize = 20_000;

/// The mark of a line that begins or ends something.
fn mark(line: &str) -> Option<&str> {
    line.strip_prefix("----- ").filter(|m| m.len() == 16 && m.bytes().all(|b| b.is_ascii_hexdigit()))
}

/// A folder of answers.
#[derive(Clone, Debug)]
pub struct Answers {
    folder: PathBuf,
    model: String,
}

#[derive(Serialize, Deserialize)]
struct Kept {
    shares: Vec<f32>,
    covered: f32,
    text: String,
}

impl Answers {
    /// The answers of a model, by the SHA-256 of its file.
    pub fn new(folder: PathBuf, model: &str) -> Answers {
        Answers { folder, model: model.to_owned() }
    }

    /// Names a question. The marks around the code and the head of its file are drawn anew and do not count.
    pub fn key(&self, prompt: &Prompt, want: &Want) -> String {
        let marks: Vec<&str> = prompt.before.lines().filter_map(mark).collect();
        let mut hasher = blake3::Hasher::new();
        let Prompt { system, before, code, after, answer } = prompt;
        let want = serde_json::to_string(want).unwrap_or_default();
        let plain = |text: &str| marks.iter().fold(text.to_owned(), |text, mark| text.replace(mark, ""));
        let (before, after) = (plain(before), plain(after));
        for part in [&self.model, &VERSION.to_string(), system, &before, code, &after, answer, &want] {
            hasher.update(&(part.len() as u64).to_le_bytes());
            hasher.update(part.as_bytes());
        }
        hasher.finalize().to_hex()[..40].to_owned()
    }

    fn path(&self, key: &str) -> PathBuf {
        self.folder.join(format!("{key}.json"))
    }

    /// What was answered before.
    pub fn get(&self, key: &str) -> Option<Answered> {
        let kept: Kept = serde_json::from_slice(&std::fs::read(self.path(key)).ok()?).ok()?;
        Some(Answered { shares: kept.shares, covered: kept.covered, text: kept.text, ..Answered::default() })
    }

    /// Keeps an answer. Where that fails it is asked again.
    pub fn keep(&self, key: &str, answered: &Answered) {
        let Answered { shares, covered, text, .. } = answered.clone();
        let Ok(bytes) = serde_json::to_vec(&Kept { shares, covered, text }) else { return };
        let _ = replace(&self.path(key), &bytes);
        // Names are hashes: one in 256 looks after the folder.
        if key.starts_with("00") {
            self.trim(MOST);
        }
    }

    /// Removes the oldest until so many are left.
    fn trim(&self, most: usize) {
        let Ok(entries) = std::fs::read_dir(&self.folder) else { return };
        let mut all: Vec<_> =
            entries.flatten().filter_map(|e| Some((e.metadata().ok()?.modified().ok()?, e.path()))).collect();
        all.sort();
        for (_, path) in all.iter().take(all.len().saturating_sub(most)) {
            let _ = std::fs::remove_file(path);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::prompt::{Claim, Material, verdict};

    #[test]
    fn an_answer_is_found_again_for_the_same_question_alone() {
        let folder = tempfile::tempdir().expect("a folder");
        let answers = Answers::new(folder.path().join("answers"), "m");
        let ask = |code: &str| {
            let material = Material { language: "Rust".into(), code: code.into(), ..Material::default() };
            verdict(&material, &Claim::default())
        };
        let key = |(prompt, want): (Prompt, Want)| answers.key(&prompt, &want);
        let (a, again, other) = (key(ask("a")), key(ask("a")), key(ask("b")));
        assert!(a == again && a != other, "the mark does not count, the code does");
        // Each process draws another mark for the head of a file.
        let asked = |mark: &str| {
            let (prompt, want) = ask("a");
            let before = format!("Imports:\n----- {mark}\nuse x;\n----- {mark}\n{}", prompt.before);
            key((Prompt { before, ..prompt }, want))
        };
        assert_eq!(asked("0123456789abcdef"), asked("fedcba9876543210"));
        assert_ne!(asked("0123456789abcdef"), a);
        let (prompt, want) = ask("a");
        assert_ne!(a, Answers::new(folder.path().into(), "n").key(&prompt, &want));
        let answered = Answered { shares: vec![0.25, 0.75], covered: 0.5, text: "x".into(), ..Answered::default() };
        answers.keep(&a, &answered);
        assert_eq!((answers.get(&a), answers.get(&other)), (Some(answered), None));
        std::fs::write(answers.path(&a), "{").expect("damaged");
        assert_eq!(answers.get(&a), None);
        (0..10).for_each(|n| answers.keep(&format!("{n}"), &Answered::default()));
        answers.trim(3);
        assert_eq!(std::fs::read_dir(&answers.folder).expect("there").count(), 3);
    }
}
