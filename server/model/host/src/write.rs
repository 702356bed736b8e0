//! Writing: one token after another, the likeliest that may come.
//!
//! The grammar decides before anything else does, so that no other rule can leave it with nothing. Where the room for the answer is
//! over, a text under a grammar goes to its end by the shortest way.

use std::collections::VecDeque;

use sidenote_model::grammar::{Grammar, Matcher};

/// Tokens that free text looks back on, so that it does not go in circles, and how much less likely they become.
const LOOK_BACK: usize = 64;
const PENALTY: f32 = 1.15;

/// A model in the middle of a text.
pub trait Speaker {
    /// The bytes of every token; none of those that control it.
    fn pieces(&self) -> &[Vec<u8>];

    /// Whether the token ends a text.
    fn is_end(&self, token: usize) -> bool;

    /// How likely each token is now.
    fn logits(&self) -> &[f32];

    /// Reads a token.
    ///
    /// # Errors
    /// When there is no room, or the model fails.
    fn push(&mut self, token: usize) -> Result<(), String>;
}

/// How a text came to its end.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum End {
    /// The model said so, or the grammar.
    Whole,
    /// The room was over; under a grammar the text is whole all the same.
    Cut,
    /// Nobody wants it any more.
    Stopped,
}

/// Writes at most so many tokens. `on_piece` gets whole characters and says whether to go on.
///
/// # Errors
/// When the model fails.
pub fn write(
    speaker: &mut impl Speaker,
    grammar: Option<&Grammar>,
    most: u32,
    on_piece: &mut dyn FnMut(&str) -> bool,
) -> Result<(u32, End), String> {
    let mut matcher = grammar.map(Grammar::matcher);
    let mut recent = VecDeque::new();
    let mut bytes = Vec::new();
    let mut written = 0;
    let end = loop {
        if matcher.as_ref().is_some_and(Matcher::must_end) {
            break End::Whole;
        }
        if written == most {
            break End::Cut;
        }
        let Some(token) = choose(speaker, matcher.as_ref(), &recent) else { break End::Whole };
        if let Some(matcher) = &mut matcher {
            matcher.accept(&speaker.pieces()[token]);
        } else {
            recent.push_back(token);
            if recent.len() > LOOK_BACK {
                recent.pop_front();
            }
        }
        written += 1;
        bytes.extend_from_slice(&speaker.pieces()[token]);
        if !send(&mut bytes, on_piece) {
            return Ok((written, End::Stopped));
        }
        speaker.push(token)?;
    };
    if let Some(matcher) = &mut matcher {
        bytes.extend(matcher.finish());
    }
    let rest = String::from_utf8_lossy(&bytes).into_owned();
    if !rest.is_empty() && !on_piece(&rest) {
        return Ok((written, End::Stopped));
    }
    Ok((written, end))
}

/// Hands on what is whole of the bytes, and keeps the beginning of a character.
fn send(bytes: &mut Vec<u8>, on_piece: &mut dyn FnMut(&str) -> bool) -> bool {
    let whole = match std::str::from_utf8(bytes) {
        Ok(_) => bytes.len(),
        // The rest may become a character yet.
        Err(e) if e.error_len().is_none() => e.valid_up_to(),
        Err(_) => bytes.len(),
    };
    let rest = bytes.split_off(whole);
    let piece = std::mem::replace(bytes, rest);
    // Also where there is nothing yet: whether somebody still wants it must be asked.
    on_piece(&String::from_utf8_lossy(&piece))
}

/// The likeliest token that may come; `None` where the likeliest is the end.
fn choose(speaker: &impl Speaker, matcher: Option<&Matcher<'_>>, recent: &VecDeque<usize>) -> Option<usize> {
    let logits = speaker.logits();
    let pieces = speaker.pieces();
    let first = matcher.map(Matcher::first);
    let may_end = matcher.is_none_or(Matcher::may_end);
    let mut end = f32::NEG_INFINITY;
    let mut open: Vec<(f32, usize)> = Vec::new();
    for (token, &logit) in logits.iter().enumerate().take(pieces.len()) {
        // A model that computes what is no number still gets no say beyond the grammar.
        let logit = if logit.is_nan() { f32::MIN } else { logit };
        if speaker.is_end(token) {
            end = end.max(logit);
            continue;
        }
        let Some(&byte) = pieces[token].first() else { continue };
        if first.as_ref().is_none_or(|may| may(byte)) {
            let again = matcher.is_none() && recent.contains(&token);
            let logit = match again {
                true if logit > 0.0 => logit / PENALTY,
                true => logit * PENALTY,
                false => logit,
            };
            open.push((logit, token));
        }
    }
    if !may_end {
        end = f32::NEG_INFINITY;
    }
    // Most of the time the first one fits; sorting all would cost more than trying.
    while let Some(at) = (0..open.len()).max_by(|a, b| open[*a].0.total_cmp(&open[*b].0)) {
        let (logit, token) = open.swap_remove(at);
        if may_end && end >= logit {
            return None;
        }
        match matcher {
            None => return Some(token),
            Some(matcher) => {
                if matcher.clone().accept(&pieces[token]) {
                    return Some(token);
                }
            }
        }
    }
    None
}

/// How belief divides among options, each a set of tokens: the shares, and the probability of all of them together.
pub fn shares(logits: &[f32], options: &[Vec<usize>]) -> (Vec<f32>, f32) {
    let top = logits.iter().copied().filter(|l| l.is_finite()).fold(f32::NEG_INFINITY, f32::max);
    let weight = |l: f32| if l.is_finite() { f64::from(l - top).exp() } else { 0.0 };
    let all: f64 = logits.iter().map(|l| weight(*l)).sum();
    let each: Vec<f64> =
        options.iter().map(|o| o.iter().filter_map(|t| logits.get(*t)).map(|l| weight(*l)).sum()).collect();
    let sum: f64 = each.iter().sum();
    let share = |w: f64| if sum > 0.0 { (w / sum) as f32 } else { 1.0 / options.len().max(1) as f32 };
    (each.into_iter().map(share).collect(), if all > 0.0 { (sum / all) as f32 } else { 0.0 })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A tiny model whose mind is a random number generator.
    struct Fuzzed {
        pieces: Vec<Vec<u8>>,
        logits: Vec<f32>,
        state: u64,
        fails_after: u32,
    }

    impl Fuzzed {
        fn random(&mut self) -> u64 {
            self.state ^= self.state << 13;
            self.state ^= self.state >> 7;
            self.state ^= self.state << 17;
            self.state
        }

        fn new(seed: u64) -> Fuzzed {
            let mut it = Fuzzed { pieces: vec![vec![]], logits: Vec::new(), state: seed | 1, fails_after: u32::MAX };
            // Single bytes are not all there, as in a real vocabulary of a few hundred; pieces cross the marks of JSON.
            let marks: &[&str] = &[
                "{\"",
                "\"",
                "\":",
                "\",\"",
                "}",
                "]",
                "[{",
                "line",
                "findings",
                "quote",
                "é",
                "😀",
                "\\n",
                "\\",
                "<|im_end|>",
            ];
            it.pieces.extend(marks.iter().map(|m| m.as_bytes().to_vec()));
            it.pieces.extend((0..=255u8).map(|b| vec![b]));
            for _ in 0..60 {
                let length = 1 + it.random() % 5;
                let piece = (0..length).map(|_| (it.random() % 256) as u8).collect();
                it.pieces.push(piece);
            }
            it.think();
            it
        }

        fn think(&mut self) {
            self.logits = (0..self.pieces.len()).map(|_| (self.random() % 2000) as f32 / 100.0 - 10.0).collect();
            if self.random().is_multiple_of(50) {
                let at = self.random() as usize % self.logits.len();
                self.logits[at] = f32::NAN;
            }
        }
    }

    impl Speaker for Fuzzed {
        fn pieces(&self) -> &[Vec<u8>] {
            &self.pieces
        }

        fn is_end(&self, token: usize) -> bool {
            token == 0
        }

        fn logits(&self) -> &[f32] {
            &self.logits
        }

        fn push(&mut self, _: usize) -> Result<(), String> {
            self.fails_after = self.fails_after.checked_sub(1).ok_or("no room")?;
            self.think();
            Ok(())
        }
    }

    /// Ten thousand texts of a mind without reason: every one is JSON of the form that was asked for, also where it was cut.
    #[test]
    fn what_is_written_under_a_grammar_always_parses() {
        let grammar = Grammar::parse(sidenote_model::review::GRAMMAR).expect("the review's grammar");
        let run = &|seed: u64| {
            let mut speaker = Fuzzed::new(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15));
            let mut text = String::new();
            let outcome = write(&mut speaker, Some(&grammar), 1 + (seed % 120) as u32, &mut |piece| {
                text.push_str(piece);
                true
            });
            let notes = sidenote_model::review::parse(&text).unwrap_or_else(|e| panic!("{e}: {text}"));
            (u32::from(outcome.expect("written").1 == End::Cut), u32::from(!notes.is_empty()))
        };
        let (cut, some) = std::thread::scope(|scope| {
            let all: Vec<_> = (0..4u64)
                .map(|n| {
                    scope.spawn(move || (0..2500).map(|i| run(4 * i + n)).fold((0, 0), |a, b| (a.0 + b.0, a.1 + b.1)))
                })
                .collect();
            all.into_iter().map(|t| t.join().expect("no panic")).fold((0, 0), |a, b| (a.0 + b.0, a.1 + b.1))
        });
        assert!(cut > 100 && some > 1000, "{cut} cut, {some} with notes");
    }

    #[test]
    fn free_text_ends_stops_and_fails() {
        let mut speaker = Fuzzed::new(7);
        let mut count = 0;
        let (written, end) = write(&mut speaker, None, 1000, &mut |_| {
            count += 1;
            count < 3
        })
        .expect("written");
        assert_eq!((written, end), (3, End::Stopped));
        speaker.logits[0] = 100.0;
        assert_eq!(write(&mut speaker, None, 1000, &mut |_| true), Ok((0, End::Whole)));
        let mut speaker = Fuzzed { fails_after: 2, ..Fuzzed::new(9) };
        assert_eq!(write(&mut speaker, None, 1000, &mut |_| true), Err("no room".into()));
    }

    #[test]
    fn shares_add_up() {
        let (shares, covered) = shares(&[0.0, 0.0, f32::NAN, 0.0, 0.0], &[vec![0], vec![1, 3]]);
        assert!((shares[0] - 1.0 / 3.0).abs() < 1e-6 && (shares[1] - 2.0 / 3.0).abs() < 1e-6);
        assert!((covered - 0.75).abs() < 1e-6);
        assert_eq!(super::shares(&[1.0], &[vec![], vec![9]]).0, [0.5, 0.5]);
    }
}
