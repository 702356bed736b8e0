//! The verdict on a pattern's worst-case matching time.
//!
//! Ambiguity of the automaton raises a suspicion; a run of the step-counting matcher on the attack string it yields
//! decides. So a verdict of [`Verdict::Vulnerable`] always carries a string that was seen to blow up, and constructs the
//! automaton only approximates (backreferences, long lookarounds, atomic groups, large counts) cannot cause a false
//! alarm: at worst a vulnerability is missed. The bodies of lookbehinds are not searched for ambiguity.

use std::ops::Range;

use super::ambiguity::{Budget, Candidate, Graph};
use super::ast::{Ast, Dialect, Flags, Kind};
use super::nfa::{Counting, EDGE, Nfa, TooLarge, build};
use super::parse::{ParseError, parse};
use super::vm::{Outcome, Program};

/// How the number of steps grows with the length of the input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Growth {
    /// Each repetition of the pump multiplies the steps.
    Exponential,
    /// Steps grow as the length to the power of `degree`, at least 2.
    Polynomial {
        /// The exponent.
        degree: u32,
    },
}

/// What makes the pattern ambiguous.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// A repetition directly inside a repetition: `(a+)+`.
    NestedRepetition,
    /// A repetition that can read one string along two paths: `(a|a)*`, `(\w|\d)*`.
    OverlappingPaths,
    /// Two repetitions in sequence that can share one string: `\d+\d*`.
    AdjacentRepetitions,
    /// Only the search tries every start, and each try reads on through one repetition: `\s+$`.
    SearchStart,
}

/// Strings that make matching slow: `prefix`, then `pump` many times, then `suffix`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Witness {
    /// Leads to the ambiguous repetition.
    pub prefix: String,
    /// Repeated.
    pub pump: String,
    /// Makes the match fail.
    pub suffix: String,
}

impl Witness {
    /// The attack string with `count` pumps.
    #[must_use]
    pub fn attack(&self, count: usize) -> String {
        format!("{}{}{}", self.prefix, self.pump.repeat(count), self.suffix)
    }

    /// The attack as a JavaScript expression in which `n` is the count: `'a'.repeat(n) + '!'`.
    #[must_use]
    pub fn expression(&self) -> String {
        let quoted = |text: &str| {
            format!("'{}'", text.escape_debug().to_string().replace("\\\"", "\"").chars().take(60).collect::<String>())
        };
        let mut out = String::new();
        if !self.prefix.is_empty() {
            out = quoted(&self.prefix) + " + ";
        }
        out += &quoted(&self.pump);
        out += ".repeat(n)";
        if !self.suffix.is_empty() {
            out += " + ";
            out += &quoted(&self.suffix);
        }
        out
    }
}

/// A pattern whose matching time can blow up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Vulnerability {
    /// How fast the steps grow.
    pub growth: Growth,
    /// Why.
    pub cause: Cause,
    /// An attack, confirmed by counting steps.
    pub witness: Witness,
    /// Byte range of the ambiguous repetition (or of both repetitions) in the pattern.
    pub span: Range<usize>,
    /// One sentence for people.
    pub explanation: String,
}

/// Why there is no verdict.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UnknownReason {
    /// The pattern does not parse.
    #[error(transparent)]
    Syntax(#[from] ParseError),
    /// The automaton would be too large.
    #[error("the automaton would be too large")]
    TooLarge,
    /// The search for ambiguity was cut short.
    #[error("the search for ambiguity ran out of its budget")]
    Budget,
}

/// The verdict on a pattern.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// No super-linear behaviour was found and confirmed.
    Safe,
    /// Matching can blow up.
    Vulnerable(Box<Vulnerability>),
    /// Nothing can be said.
    Unknown(UnknownReason),
}

/// Edge pairs looked at before giving up.
const BUDGET: u32 = 500_000;
const FUEL: u64 = 250_000;
/// Most characters that are tried behind a run of pumps when a pattern always matches somewhere.
const MAX_INTRUDERS: usize = 4;

/// Parses `pattern` and judges its worst-case matching time under a backtracking engine of `dialect`.
///
/// Patterns of [`Dialect::Rust`] are safe by construction of that engine. `flags` matter: `y` removes the scan over
/// starts, `s`, `i` and `m` change what overlaps.
#[must_use]
pub fn analyze(pattern: &str, flags: Flags, dialect: Dialect) -> Verdict {
    match parse(pattern, flags, dialect) {
        Ok(ast) => analyze_ast(pattern, &ast),
        Err(error) => Verdict::Unknown(UnknownReason::Syntax(error)),
    }
}

/// As [`analyze`], for a pattern that is already parsed; `pattern` is the text `ast` came from.
#[must_use]
pub fn analyze_ast(pattern: &str, ast: &Ast) -> Verdict {
    let repeats = |kind: &Kind| matches!(kind, Kind::Repeat { max, .. } if max.is_none_or(|max| max >= 16));
    if ast.dialect() == Dialect::Rust || !ast.nodes.iter().any(|n| repeats(&n.kind)) {
        return Verdict::Safe;
    }
    let mut budget = Budget(BUDGET);
    let mut cut_short = None;
    let exact = automaton(ast, Counting::Exact);
    let mut truncated = false;
    match &exact {
        Ok(nfa) => {
            truncated = nfa.truncated;
            let graph = Graph::new(nfa);
            match graph.exponential(&mut budget) {
                Ok(found) => {
                    if let Some(v) = confirm_exponential(pattern, ast, nfa, &found) {
                        return Verdict::Vulnerable(Box::new(v));
                    }
                }
                Err(_) => cut_short = Some(UnknownReason::Budget),
            }
        }
        Err(TooLarge) => cut_short = Some(UnknownReason::TooLarge),
    }
    if truncated && let Ok(nfa) = automaton(ast, Counting::Unbounded) {
        match Graph::new(&nfa).exponential(&mut budget) {
            Ok(found) => {
                if let Some(v) = confirm_exponential(pattern, ast, &nfa, &found) {
                    return Verdict::Vulnerable(Box::new(v));
                }
            }
            Err(_) => cut_short = Some(UnknownReason::Budget),
        }
    }
    if let (Ok(nfa), None) = (&exact, &cut_short) {
        match Graph::new(nfa).polynomial(&mut budget) {
            Ok(found) => {
                if let Some(v) = confirm_polynomial(pattern, ast, nfa, &found) {
                    return Verdict::Vulnerable(Box::new(v));
                }
            }
            Err(_) => cut_short = Some(UnknownReason::Budget),
        }
    }
    cut_short.map_or(Verdict::Safe, Verdict::Unknown)
}

fn automaton(ast: &Ast, counting: Counting) -> Result<Nfa, TooLarge> {
    build(ast, counting, !ast.flags().sticky)
}

fn text(nfa: &Nfa, atoms: &[u8]) -> String {
    atoms.iter().filter_map(|&a| nfa.chars.get(a as usize)).collect()
}

/// Suffixes after which the automaton does not match, the shortest first.
fn failing_suffixes(nfa: &Nfa, candidate: &Candidate) -> Vec<String> {
    let mut states = vec![0u32];
    let mut matched = false;
    let pumps = (0..3).flat_map(|_| candidate.pump.iter());
    for &atom in candidate.prefix.iter().chain(pumps) {
        matched |= nfa.accepts(&states, atom);
        states = nfa.step(&states, atom);
    }
    let mut out = Vec::new();
    if !matched {
        let mut level = vec![(Vec::<u8>::new(), states)];
        for depth in 0..3 {
            for (word, states) in &level {
                if !nfa.accepts(states, EDGE) && out.len() < 3 {
                    out.push(text(nfa, word));
                }
            }
            if out.len() >= 3 || depth == 2 {
                break;
            }
            let mut next = Vec::new();
            for (word, states) in &level {
                // Punctuation fails more often than letters, and reads as the intruder it is.
                for atom in (0..nfa.chars.len() as u8).rev() {
                    if next.len() < 256 && !nfa.accepts(states, atom) {
                        let longer = word.iter().copied().chain([atom]).collect();
                        next.push((longer, nfa.step(states, atom)));
                    }
                }
            }
            next.sort_by_key(|(word, states): &(Vec<u8>, Vec<u32>)| {
                let last = word.last().and_then(|&a| nfa.chars.get(a as usize)).copied().unwrap_or('a');
                (states.len(), !last.is_ascii_graphic())
            });
            level = next;
        }
    }
    // A pattern that always matches somewhere may still search in vain at the first starts: `(\w+\s?)*$`.
    // Which character ends such a try is not known: `("[^"]*"|\s|[^"\s]+)*$` goes on at a blank and stops at a quote.
    let intruders = (0..nfa.chars.len() as u8).rev().filter(|a| !candidate.pump.contains(a));
    let intruders: Vec<String> = intruders.take(MAX_INTRUDERS).map(|a| text(nfa, &[a])).collect();
    let fixed = ["", "!", "\n", "\u{0}"].into_iter().take(if nfa.approximate { 4 } else { 3 });
    let most = 4 + intruders.len().max(1);
    for extra in intruders.into_iter().chain(fixed.map(str::to_owned)) {
        if out.len() < most && !out.contains(&extra) {
            out.push(extra);
        }
    }
    out
}

/// Steps of a search on `count` pumps, whether it matches or not; `None` when the fuel ran out.
fn steps(program: &Program<'_>, witness: &Witness, count: usize) -> Option<u64> {
    let input: Vec<char> = witness.attack(count).chars().collect();
    match program.search(&input, FUEL) {
        (Outcome::Exhausted, _) => None,
        (_, steps) => Some(steps),
    }
}

fn grows_exponentially(program: &Program<'_>, witness: &Witness) -> bool {
    let Some(one) = steps(program, witness, 1) else { return false };
    let mut previous = one;
    if one > FUEL / 20 {
        return false;
    }
    for count in [8, 16, 24] {
        match steps(program, witness, count) {
            None => return true,
            // Eight more pumps at two ways each: 256 times the steps; the golden ratio gives 47.
            Some(now) if count > 8 && now < previous.saturating_mul(20) => return false,
            Some(now) => previous = now,
        }
    }
    true
}

fn measured_degree(program: &Program<'_>, witness: &Witness) -> Option<u32> {
    let mut seen: Vec<u64> = Vec::new();
    for count in [2, 4, 8, 16, 32, 64, 128] {
        match steps(program, witness, count) {
            Some(n) => seen.push(n),
            None => break,
        }
    }
    let [.., before, last] = seen[..] else { return None };
    let degree = (last as f64 / before.max(1) as f64).log2();
    (degree >= 1.6).then(|| degree.round().clamp(2.0, 64.0) as u32)
}

fn confirm_exponential(pattern: &str, ast: &Ast, nfa: &Nfa, found: &[Candidate]) -> Option<Vulnerability> {
    if found.is_empty() {
        return None;
    }
    let program = Program::new(ast)?;
    for candidate in found {
        for suffix in failing_suffixes(nfa, candidate) {
            let witness = Witness { prefix: text(nfa, &candidate.prefix), pump: text(nfa, &candidate.pump), suffix };
            if grows_exponentially(&program, &witness) {
                return Some(describe(pattern, Growth::Exponential, candidate, witness));
            }
        }
    }
    None
}

fn confirm_polynomial(pattern: &str, ast: &Ast, nfa: &Nfa, found: &[Candidate]) -> Option<Vulnerability> {
    if found.is_empty() {
        return None;
    }
    let program = Program::new(ast)?;
    let mut best: Option<(u32, &Candidate, Witness)> = None;
    for candidate in found {
        if candidate.cause == Cause::SearchStart && best.is_some() {
            break;
        }
        let Some((degree, witness)) = best_witness(&program, nfa, candidate) else { continue };
        if best.as_ref().is_none_or(|b| degree > b.0) {
            best = Some((degree, candidate, witness));
        }
    }
    let (degree, candidate, witness) = best?;
    Some(describe(pattern, Growth::Polynomial { degree }, candidate, witness))
}

/// The first prefix and suffix around the candidate's pump under which the steps were seen to grow.
fn best_witness(program: &Program<'_>, nfa: &Nfa, candidate: &Candidate) -> Option<(u32, Witness)> {
    let mut prefixes = vec![candidate.prefix.clone()];
    let pumps: Vec<char> = text(nfa, &candidate.pump).repeat(4).chars().collect();
    let at_once = || matches!(program.search(&pumps, FUEL).0, Outcome::Match(0, _));
    if candidate.cause == Cause::SearchStart && at_once() {
        // An anchored branch may match at once (`^b|[^a]*x`): keep it from the start of the text.
        let others = (0..nfa.chars.len() as u8).filter(|a| !candidate.pump.contains(a));
        prefixes.extend(others.clone().take(2).chain(others.rev().take(1)).map(|a| vec![a]));
    }
    for prefix in prefixes {
        let shifted = Candidate { prefix, ..candidate.clone() };
        for suffix in failing_suffixes(nfa, &shifted) {
            let witness = Witness { prefix: text(nfa, &shifted.prefix), pump: text(nfa, &shifted.pump), suffix };
            if let Some(degree) = measured_degree(program, &witness) {
                return Some((degree, witness));
            }
        }
    }
    None
}

fn describe(pattern: &str, growth: Growth, candidate: &Candidate, witness: Witness) -> Vulnerability {
    let part = pattern.get(candidate.span.clone()).unwrap_or(pattern);
    let shown: String = part.chars().take(60).collect();
    let ellipsis = if part.chars().nth(60).is_some() { "…" } else { "" };
    let part = format!("`{shown}{ellipsis}`");
    let pump = format!("{:?}", witness.pump);
    let time = match growth {
        Growth::Exponential => "exponential time".to_owned(),
        Growth::Polynomial { degree: 2 } => "quadratic time".to_owned(),
        Growth::Polynomial { degree: 3 } => "cubic time".to_owned(),
        Growth::Polynomial { degree } => format!("time of degree {degree}"),
    };
    let why = match candidate.cause {
        Cause::NestedRepetition => {
            format!("{part} repeats a repetition, so a run of {pump} can be divided in many ways")
        }
        Cause::OverlappingPaths => format!("{part} can read {pump} along two different paths in every iteration"),
        Cause::AdjacentRepetitions => {
            format!("the repetitions in {part} can share a run of {pump} in many ways")
        }
        Cause::SearchStart => {
            format!("the search tries {part} again from every position of a run of {pump}")
        }
    };
    let explanation = format!("{why}; when the match then fails, matching takes {time}");
    Vulnerability { growth, cause: candidate.cause, witness, span: candidate.span.clone(), explanation }
}
