//! How well a model finds code: from what a comment says to the function below it, among all others.

use std::collections::HashSet;
use std::time::Duration;

use sidenote_kernels::Code;
use sidenote_model::search::Search;
use sidenote_model::words::words;

use super::{CodeBlock, Encoder};

/// Words that a comment must have to be a question.
const LEAST_WORDS: usize = 5;
/// Words of a comment that are asked.
const MOST_WORDS: usize = 60;
/// Bytes of a function that is worth finding.
const LEAST_BODY: usize = 120;

/// A question and the function that answers it.
#[derive(Clone, Debug)]
pub struct Pair {
    pub question: String,
    pub name: String,
    pub body: String,
}

/// Mean reciprocal ranks, 0 to 1.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Ranks {
    pub words: f64,
    pub meaning: f64,
    pub both: f64,
}

/// Pairs among functions, at most `most`, spread evenly. Each question and each body occurs once.
pub fn pairs(blocks: &[CodeBlock], most: usize) -> Vec<Pair> {
    let (mut questions, mut bodies) = (HashSet::new(), HashSet::new());
    let all: Vec<Pair> = blocks
        .iter()
        .filter(|b| b.text.len() >= LEAST_BODY)
        .filter_map(|b| {
            let question = question(&b.comment)?;
            let name = b.symbol.rsplit('.').next().unwrap_or_default().to_owned();
            (questions.insert(question.clone()) && bodies.insert(b.text.clone())).then(|| Pair {
                question,
                name,
                body: b.text.clone(),
            })
        })
        .collect();
    let step = (all.len() as f64 / most.max(1) as f64).max(1.0);
    (0..all.len().min(most)).map(|n| all[((n as f64 * step) as usize).min(all.len() - 1)].clone()).collect()
}

/// The first paragraph of a comment, without what is for tools.
fn question(comment: &str) -> Option<String> {
    let lines = comment.lines().map(str::trim).take_while(|l| !l.is_empty() && !l.starts_with(['@', '#', '`', '|']));
    let text = lines.collect::<Vec<_>>().join(" ");
    let words: Vec<&str> = text.split_whitespace().take(MOST_WORDS).collect();
    let letters = text.chars().filter(|c| c.is_alphabetic() || *c == ' ').count();
    // Commented-out code and headings say nothing.
    (words.len() >= LEAST_WORDS && letters * 10 >= text.chars().count() * 8).then(|| words.join(" "))
}

/// The body with its own name taken out wherever it stands.
pub fn masked(pair: &Pair) -> String {
    if pair.name.is_empty() { pair.body.clone() } else { pair.body.replace(&pair.name, "f") }
}

/// Asks every question among all bodies. Without an encoder by words alone. `None` if the model fails.
pub fn rank(pairs: &[Pair], encoder: Option<&Encoder>, mask: bool, wait: Duration) -> Option<Ranks> {
    // As a search looks into them, without what is said of them.
    let bodies: Vec<String> =
        pairs.iter().map(|p| if mask { masked(p) } else { format!("{}\n{}", p.name, p.body) }).collect();
    let questions: Vec<String> = pairs.iter().map(|p| p.question.clone()).collect();
    let codes = |texts: &[String]| -> Option<Vec<Option<Code>>> {
        let Some(encoder) = encoder else { return Some(vec![None; texts.len()]) };
        let outcome = encoder.embed(texts, wait);
        if outcome.failed.is_some() {
            return None;
        }
        Some(texts.iter().map(|t| outcome.codes.get(&sidenote_model::embed::key(t)).cloned()).collect())
    };
    let (of_bodies, of_questions) = (codes(&bodies)?, codes(&questions)?);
    let mut search = Search::default();
    for ((pair, body), code) in pairs.iter().zip(&bodies).zip(&of_bodies) {
        let block = search.add(if mask { "" } else { &pair.name }, body);
        if let Some(code) = code {
            search.vector(block, code);
        }
    }
    let all = pairs.len();
    let reciprocal = |found: Option<usize>| found.map_or(0.0, |at| 1.0 / (at + 1) as f64);
    let mut ranks = Ranks::default();
    for (n, (question, code)) in questions.iter().zip(&of_questions).enumerate() {
        ranks.words += reciprocal(search.by_words(question, all).iter().position(|f| f.0 == n));
        if let Some(code) = code {
            ranks.meaning += reciprocal(search.by_meaning(code, all).iter().position(|f| f.0 == n));
        }
        ranks.both += reciprocal(search.find(question, code.as_ref(), all).iter().position(|f| f.block == n));
    }
    let count = all.max(1) as f64;
    Some(Ranks { words: ranks.words / count, meaning: ranks.meaning / count, both: ranks.both / count })
}

/// Mean number of words of the questions.
pub fn mean_words(pairs: &[Pair]) -> f64 {
    pairs.iter().map(|p| words(&p.question).count() as f64).sum::<f64>() / pairs.len().max(1) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn questions_are_sentences() {
        assert_eq!(question("Parses a date with its zone.\n\nMore."), Some("Parses a date with its zone.".into()));
        assert_eq!(
            question("Reads the settings of one user\n@param user who"),
            Some("Reads the settings of one user".into())
        );
        assert_eq!(question("if (a) { b(c[d], e) }; x = {}; y()"), None);
        assert_eq!(question("TODO"), None);
    }

    #[test]
    fn words_alone_rank_too() {
        let pair = |question: &str, name: &str, body: &str| Pair {
            question: question.into(),
            name: name.into(),
            body: body.into(),
        };
        let pairs = [
            pair("parses a date from text", "parseDate", "function parseDate(text) { return Date.parse(text); }"),
            pair(
                "renders a list of items",
                "renderList",
                "function renderList(items) { return items.map(renderItem); }",
            ),
        ];
        let ranks = rank(&pairs, None, false, Duration::ZERO).expect("ranked");
        assert_eq!((ranks.words, ranks.meaning, ranks.both), (1.0, 0.0, 1.0));
        assert_eq!(masked(&pairs[0]), "function f(text) { return Date.parse(text); }");
    }
}
