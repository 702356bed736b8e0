//! Whether likeness to a rule's own cases tells how far a finding can be trusted.
//!
//! A rule ships with code that it must flag and code that it must not. A finding that is more like the latter might be a false one. Here
//! that is put to the test: on the cases themselves, each against the others, and on findings of other people's code that somebody
//! judged, with what was learned from other packages. What a rule's share of true findings says by itself is the rival: neighbours
//! must beat it, rule by rule.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use sidenote_core::feedback::surroundings;
use sidenote_core::rules::{self, Rule, Verdict};
use sidenote_core::text::Text;

use super::Encoder;
use crate::error::Error;

/// Nearest cases of each side that count.
const NEAREST: usize = 2;
/// Findings of nobody, which have the share of all rules, that a rule's own share is diluted with.
const DILUTE: f64 = 2.0;
/// Parts into which packages are divided: each is judged by what the others taught.
const PARTS: u64 = 5;
/// Share of the true among what is hidden, and share of the true that is hidden, at most, where the line is drawn.
const MOST_TRUE: f64 = 0.1;
const MOST_LOST: f64 = 0.05;
/// Judged findings of each kind that a rule must have to be told of.
const LEAST: usize = 2;
/// Chance of the same by luck, above which nothing is believed.
const LUCK: f64 = 0.05;
/// Lines between two places of a case that nothing flags.
const STEP: usize = 4;
/// How long vectors are waited for.
const PATIENCE: Duration = Duration::from_secs(3600);

/// A finding that somebody judged.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Label {
    pub rule: String,
    pub path: String,
    pub line: usize,
    pub truth: bool,
}

/// Reads judged findings: rule, path, line, `1` or `0`, separated by tabs; `#` begins a comment.
///
/// # Errors
/// The number of the line that is none.
pub fn labels(text: &str) -> Result<Vec<Label>, usize> {
    let lines = text.lines().enumerate().filter(|(_, l)| !l.trim().is_empty() && !l.starts_with('#'));
    let label = |(n, line): (usize, &str)| {
        let fields: Vec<&str> = line.split('\t').collect();
        let [rule, path, line, truth @ ("0" | "1")] = fields[..] else { return Err(n + 1) };
        let line = line.parse().ok().filter(|l| *l > 0).ok_or(n + 1)?;
        Ok(Label { rule: rule.into(), path: path.into(), line, truth: truth == "1" })
    };
    lines.map(label).collect()
}

/// A judged finding with what is compared.
#[derive(Clone, Debug)]
pub struct Judged {
    /// The rule.
    pub rule: String,
    /// What it is in: findings of one package are taught by those of others alone.
    pub package: String,
    /// Whether it is true.
    pub truth: bool,
    /// How much nearer it is to cases that must be flagged than to those that must not.
    pub lean: f64,
}

/// What is known of a rule from its cases alone.
#[derive(Clone, Copy, Debug)]
pub struct OfCases {
    /// Cases that must be flagged, and that must not.
    pub cases: (usize, usize),
    /// How often one of the former leans more to the former than one of the latter does, each against all others.
    pub auc: f64,
}

/// Everything that is compared.
#[derive(Default)]
pub struct Evidence {
    pub rules: BTreeMap<&'static str, OfCases>,
    pub judged: Vec<Judged>,
    /// Judged findings whose file or line is not there.
    pub missing: usize,
}

/// A case as places in it, each as the text that is embedded.
struct Places {
    bad: bool,
    texts: Vec<String>,
}

fn around(text: &Text, line: usize) -> Option<String> {
    (line < text.lines()).then(|| {
        let start = text.line_start(line);
        let end = if line + 1 < text.lines() { text.line_start(line + 1) - 1 } else { text.len() };
        surroundings(text, &(start..end.max(start)))
    })
}

fn places(rule: &Rule) -> Vec<Places> {
    let place = |case: &rules::Case| {
        // The marks tell the answer.
        let code: Vec<&str> = case.code.lines().map(|l| l.split("//~").next().unwrap_or(l).trim_end()).collect();
        let text = Text::new(&code.join("\n"));
        let bad = case.verdict == Verdict::Bad;
        let lines: Vec<usize> = if bad {
            case.expected(rule.id).into_iter().map(|l| l.saturating_sub(1)).collect()
        } else {
            (0..text.lines()).step_by(STEP).collect()
        };
        Places { bad, texts: lines.into_iter().filter_map(|l| around(&text, l)).filter(|t| !t.is_empty()).collect() }
    };
    rule.cases.iter().map(place).filter(|p| !p.texts.is_empty()).collect()
}

/// How much more a text is like one side of the cases than like the other; `cosines` are of its best place in each.
fn lean(cosines: &[(bool, f64)]) -> f64 {
    let side = |bad: bool| {
        let mut all: Vec<f64> = cosines.iter().filter(|c| c.0 == bad).map(|c| c.1).collect();
        all.sort_by(|a, b| b.total_cmp(a));
        all.truncate(NEAREST);
        all.iter().sum::<f64>() / all.len().max(1) as f64
    };
    side(true) - side(false)
}

/// Embeds cases and judged findings. `root` is where the paths of the latter begin.
///
/// # Errors
/// When the model fails.
pub fn gather(encoder: &Encoder, root: &Path, labels: &[Label]) -> Result<Evidence, Error> {
    let mut evidence = Evidence::default();
    for rule in rules::all() {
        let mut texts: Vec<String> = Vec::new();
        let mut own = Vec::new();
        for label in labels.iter().filter(|l| l.rule == rule.id) {
            let text = std::fs::read_to_string(root.join(&label.path)).ok();
            let Some(text) = text.and_then(|t| around(&Text::new(&t), label.line - 1)) else {
                evidence.missing += 1;
                continue;
            };
            texts.push(text);
            own.push(label);
        }
        let cases = places(rule);
        let of_case: Vec<usize> = cases.iter().enumerate().flat_map(|(n, c)| vec![n; c.texts.len()]).collect();
        let others: Vec<String> = cases.iter().flat_map(|c| c.texts.clone()).collect();
        texts.extend(others.iter().cloned());
        let rows = encoder.embedder.cosines(&texts, &others, PATIENCE).map_err(Error::Host)?;
        // A text's best place in each case but its own.
        let leaning = |row: &[f32], except: Option<usize>| {
            let mut best: BTreeMap<usize, f64> = BTreeMap::new();
            for (case, cosine) in of_case.iter().zip(row).filter(|(case, _)| Some(**case) != except) {
                let entry = best.entry(*case).or_insert(f64::MIN);
                *entry = entry.max(f64::from(*cosine));
            }
            lean(&best.into_iter().map(|(case, cosine)| (cases[case].bad, cosine)).collect::<Vec<_>>())
        };
        for (label, row) in own.iter().zip(&rows) {
            let Some(row) = row else { continue };
            let package = label.path.split('/').take(2).collect::<Vec<_>>().join("/");
            let lean = leaning(row, None);
            evidence.judged.push(Judged { rule: label.rule.clone(), package, truth: label.truth, lean });
        }
        // A case leans as its places do on the average.
        let mut leans: BTreeMap<usize, Vec<f64>> = BTreeMap::new();
        for (case, row) in of_case.iter().zip(&rows[own.len()..]) {
            let Some(row) = row else { continue };
            leans.entry(*case).or_default().push(leaning(row, Some(*case)));
        }
        let mean = |all: &Vec<f64>| all.iter().sum::<f64>() / all.len().max(1) as f64;
        let of =
            |bad: bool| leans.iter().filter(|(c, _)| cases[**c].bad == bad).map(|(_, l)| mean(l)).collect::<Vec<_>>();
        let (bad, good) = (of(true), of(false));
        if !bad.is_empty() && !good.is_empty() {
            evidence.rules.insert(rule.id, OfCases { cases: (bad.len(), good.len()), auc: auc(&bad, &good) });
        }
    }
    Ok(evidence)
}

/// How often one of the first is above one of the second.
pub fn auc(above: &[f64], below: &[f64]) -> f64 {
    let wins = |a: &f64| below.iter().map(|b| if a > b { 1.0 } else { 0.5 * f64::from(a == b) }).sum::<f64>();
    above.iter().map(wins).sum::<f64>() / (above.len() * below.len()).max(1) as f64
}

/// What hiding did to findings that taught nothing of it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Hidden {
    /// True and false findings.
    pub all: (usize, usize),
    /// Of those the hidden ones.
    pub hidden: (usize, usize),
}

impl Hidden {
    fn add(&mut self, truth: bool, hides: bool) {
        let one = |pair: &mut (usize, usize)| if truth { pair.0 += 1 } else { pair.1 += 1 };
        one(&mut self.all);
        if hides {
            one(&mut self.hidden);
        }
    }

    /// Share of the true among what is shown without hiding, and with.
    pub fn precision(&self) -> (f64, f64) {
        let share = |t: usize, f: usize| t as f64 / (t + f).max(1) as f64;
        let ((t, f), (ht, hf)) = (self.all, self.hidden);
        (share(t, f), share(t - ht, f - hf))
    }

    /// Share of the true that is hidden.
    pub fn lost(&self) -> f64 {
        self.hidden.0 as f64 / self.all.0.max(1) as f64
    }
}

/// What is said of a rule.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Worth {
    /// Neighbours lift its precision.
    Lifts,
    /// They do not.
    LiftsNot,
    /// Too few findings of both kinds were judged.
    Unknown,
}

/// What came of a rule.
#[derive(Clone, Copy, Debug)]
pub struct OfRule {
    /// Hidden by the rule's own share, and by its share with neighbours.
    pub prior: Hidden,
    pub neighbours: Hidden,
    /// How often a true finding leans more to the bad cases than a false one.
    pub auc: f64,
    pub worth: Worth,
}

/// What came of all.
#[derive(Clone, Debug, Default)]
pub struct Outcome {
    pub rules: BTreeMap<String, OfRule>,
    pub prior: Hidden,
    pub neighbours: Hidden,
    /// Over all findings: by the rule's share, with neighbours.
    pub aucs: (f64, f64),
    /// Mean surprise by the truth, in bits, likewise.
    pub surprise: (f64, f64),
    /// Over pairs of a true and a false finding of one rule: how often the true one leans more to the bad cases, of how many.
    pub within: (f64, usize),
}

/// Judges every finding by what those of other packages teach.
pub fn judge(judged: &[Judged]) -> Outcome {
    let mut outcome = Outcome::default();
    let mut beliefs = vec![(0.0, 0.0); judged.len()];
    let mut hides = vec![(false, false); judged.len()];
    let part = |j: &Judged| u64::from(blake3::hash(j.package.as_bytes()).as_bytes()[0]) % PARTS;
    for held in 0..PARTS {
        let (own, others): (Vec<usize>, Vec<usize>) = (0..judged.len()).partition(|n| part(&judged[*n]) == held);
        let teachers: Vec<&Judged> = others.iter().map(|n| &judged[*n]).collect();
        let taught = Taught::by(&teachers);
        for n in own {
            let (prior, both) = taught.beliefs(&judged[n]);
            beliefs[n] = (prior, both);
            hides[n] = (prior < taught.lines.0, both < taught.lines.1);
        }
    }
    let side = |truth: bool, of: fn(&(f64, f64)) -> f64| -> Vec<f64> {
        judged.iter().zip(&beliefs).filter(|(j, _)| j.truth == truth).map(|(_, b)| of(b)).collect()
    };
    outcome.aucs = (auc(&side(true, |b| b.0), &side(false, |b| b.0)), auc(&side(true, |b| b.1), &side(false, |b| b.1)));
    let bits = |truth: bool, p: f64| -(if truth { p } else { 1.0 - p }).max(1e-9).log2();
    for ((finding, belief), hide) in judged.iter().zip(&beliefs).zip(&hides) {
        outcome.surprise.0 += bits(finding.truth, belief.0) / judged.len() as f64;
        outcome.surprise.1 += bits(finding.truth, belief.1) / judged.len() as f64;
        outcome.prior.add(finding.truth, hide.0);
        outcome.neighbours.add(finding.truth, hide.1);
    }
    let mut names: Vec<&str> = judged.iter().map(|j| j.rule.as_str()).collect();
    names.sort_unstable();
    names.dedup();
    let mut wins = 0.0;
    for name in names {
        let (mut prior, mut neighbours) = (Hidden::default(), Hidden::default());
        let (mut trues, mut falses) = (Vec::new(), Vec::new());
        for (finding, hide) in judged.iter().zip(&hides).filter(|(j, _)| j.rule == name) {
            prior.add(finding.truth, hide.0);
            neighbours.add(finding.truth, hide.1);
            if finding.truth { trues.push(finding.lean) } else { falses.push(finding.lean) }
        }
        let of_rule = auc(&trues, &falses);
        wins += of_rule * (trues.len() * falses.len()) as f64;
        outcome.within.1 += trues.len() * falses.len();
        let worth = worth(&prior, &neighbours, &trues, &falses);
        outcome.rules.insert(name.to_owned(), OfRule { prior, neighbours, auc: of_rule, worth });
    }
    outcome.within.0 = wins / outcome.within.1.max(1) as f64;
    outcome
}

fn worth(prior: &Hidden, neighbours: &Hidden, trues: &[f64], falses: &[f64]) -> Worth {
    if trues.len() < LEAST || falses.len() < LEAST {
        return Worth::Unknown;
    }
    let rises = neighbours.precision().1 > prior.precision().1.max(neighbours.precision().0);
    // Neighbours may say the same of all of a rule's findings; then it is the rule's share that hides them.
    let apart = neighbours.hidden != (0, 0) && neighbours.hidden != neighbours.all;
    if rises && apart && neighbours.lost() <= MOST_LOST && luck(trues, falses) <= LUCK {
        return Worth::Lifts;
    }
    Worth::LiftsNot
}

/// Chance that the order of these is as good or better if it means nothing: over all ways to share the places out.
pub fn luck(trues: &[f64], falses: &[f64]) -> f64 {
    let all: Vec<f64> = trues.iter().chain(falses).copied().collect();
    let rank = |x: f64| all.iter().map(|y| if *y < x { 1.0 } else { 0.5 * f64::from(*y == x) }).sum::<f64>();
    // Twice the rank is a whole number. Ways to choose so many places with such a sum, one place after another.
    let ranks: Vec<usize> = all.iter().map(|x| (2.0 * rank(*x)) as usize).collect();
    let seen: usize = ranks[..trues.len()].iter().sum();
    let most: usize = ranks.iter().sum();
    let mut ways = vec![vec![0.0f64; most + 1]; trues.len() + 1];
    ways[0][0] = 1.0;
    for rank in &ranks {
        for count in (1..=trues.len()).rev() {
            for sum in (*rank..=most).rev() {
                ways[count][sum] += ways[count - 1][sum - rank];
            }
        }
    }
    let last = &ways[trues.len()];
    last[seen..].iter().sum::<f64>() / last.iter().sum::<f64>().max(1.0)
}

/// What some findings teach.
struct Taught {
    base: f64,
    shares: BTreeMap<String, (f64, f64)>,
    /// Of one, of the rule's log odds, of the lean.
    weights: [f64; 3],
    /// Below these a finding is hidden.
    lines: (f64, f64),
}

impl Taught {
    fn by(teachers: &[&Judged]) -> Taught {
        let trues = teachers.iter().filter(|j| j.truth).count() as f64;
        let base = (trues + 1.0) / (teachers.len() as f64 + 2.0);
        let mut shares: BTreeMap<String, (f64, f64)> = BTreeMap::new();
        for finding in teachers {
            let entry = shares.entry(finding.rule.clone()).or_default();
            *entry = (entry.0 + f64::from(finding.truth), entry.1 + 1.0);
        }
        let mut taught = Taught { base, shares, weights: [0.0, 1.0, 0.0], lines: (0.0, 0.0) };
        // A finding must not teach the share that it is then judged by.
        let rows: Vec<([f64; 3], bool)> =
            teachers.iter().map(|j| ([1.0, log_odds(taught.share(j, true)), j.lean], j.truth)).collect();
        taught.weights = fit(&rows);
        let line = |of: &dyn Fn(&Judged) -> f64| draw(teachers.iter().map(|j| (of(j), j.truth)).collect());
        let prior = line(&|j| taught.share(j, true));
        let both = line(&|j| taught.both(taught.share(j, true), j.lean));
        taught.lines = (prior, both);
        taught
    }

    /// Share of the true among a rule's findings, diluted; without the finding itself if that is among them.
    fn share(&self, finding: &Judged, without: bool) -> f64 {
        let (mut trues, mut all) = self.shares.get(&finding.rule).copied().unwrap_or_default();
        if without {
            (trues, all) = (trues - f64::from(finding.truth), all - 1.0);
        }
        (trues + DILUTE * self.base) / (all + DILUTE)
    }

    fn both(&self, share: f64, lean: f64) -> f64 {
        let [one, prior, of_lean] = self.weights;
        logistic(one + prior * log_odds(share) + of_lean * lean)
    }

    fn beliefs(&self, finding: &Judged) -> (f64, f64) {
        let share = self.share(finding, false);
        (share, self.both(share, finding.lean))
    }
}

fn log_odds(p: f64) -> f64 {
    let p = p.clamp(1e-4, 1.0 - 1e-4);
    (p / (1.0 - p)).ln()
}

fn logistic(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}

/// Logistic regression by gradient descent with a little decay: three weights, some hundred rows.
fn fit(rows: &[([f64; 3], bool)]) -> [f64; 3] {
    let mut weights = [0.0, 1.0, 0.0];
    // Leans are small numbers.
    let scale = [1.0, 1.0, 10.0];
    let count = rows.len().max(1) as f64;
    for _ in 0..4000 {
        let mut slope = [0.0; 3];
        for (row, truth) in rows {
            let x: f64 = row.iter().zip(scale).zip(weights).map(|((x, s), w)| x * s * w).sum();
            let error = logistic(x) - f64::from(*truth);
            slope.iter_mut().zip(row).zip(scale).for_each(|((g, x), s)| *g += error * x * s / count);
        }
        for n in 0..3 {
            let towards = if n == 1 { 1.0 } else { 0.0 };
            weights[n] -= 0.5 * (slope[n] + 0.01 * (weights[n] - towards));
        }
    }
    [weights[0] * scale[0], weights[1] * scale[1], weights[2] * scale[2]]
}

/// The highest line below which almost nothing is true.
fn draw(mut all: Vec<(f64, bool)>) -> f64 {
    all.sort_by(|a, b| a.0.total_cmp(&b.0));
    let trues = all.iter().filter(|a| a.1).count() as f64;
    let (mut line, mut lost) = (0.0, 0.0);
    for (n, one) in all.iter().enumerate() {
        lost += f64::from(one.1);
        let next = all.get(n + 1).map_or(1.0, |next| next.0);
        // Beyond the last false one nothing is won.
        if !one.1 && next > one.0 && lost <= MOST_TRUE * (n + 1) as f64 && lost <= MOST_LOST * trues {
            line = f64::midpoint(one.0, next);
        }
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Findings of some rules in some packages; `lean` is asked with a number from 0 to 1.
    fn findings(lean: impl Fn(bool, f64) -> f64) -> Vec<Judged> {
        let mut all = Vec::new();
        for n in 0..240u64 {
            let noise =
                |salt: u8| f64::from(blake3::hash(&[&n.to_le_bytes()[..], &[salt]].concat()).as_bytes()[0]) / 255.0;
            let truth = noise(1) < 0.6;
            all.push(Judged {
                rule: format!("rule-{}", n % 6),
                package: format!("npm/p{}", n % 17),
                truth,
                lean: lean(truth, noise(2)),
            });
        }
        all
    }

    #[test]
    fn neighbours_that_know_lift_and_those_that_do_not_lift_nothing() {
        let knows = judge(&findings(|truth, noise| if truth { 0.1 + 0.1 * noise } else { -0.2 + 0.1 * noise }));
        assert!(knows.rules.values().all(|r| r.worth == Worth::Lifts), "{knows:?}");
        assert!(knows.aucs.1 > 0.99 && knows.neighbours.precision().1 > 0.97 && knows.within.0 == 1.0);
        assert!(knows.surprise.1 < knows.surprise.0);
        let blind = judge(&findings(|_, noise| noise * 0.3 - 0.15));
        assert!(blind.rules.values().all(|r| r.worth == Worth::LiftsNot), "{blind:?}");
        assert!((blind.within.0 - 0.5).abs() < 0.1 && blind.neighbours.lost() < 0.1);
    }

    #[test]
    fn a_rule_whose_findings_are_of_one_kind_tells_nothing() {
        let mut all = findings(|truth, _| f64::from(truth));
        all.iter_mut().filter(|j| j.rule == "rule-2").for_each(|j| j.truth = true);
        assert_eq!(judge(&all).rules["rule-2"].worth, Worth::Unknown);
        assert!(judge(&[]).rules.is_empty());
    }

    #[test]
    fn luck_is_counted_over_all_ways() {
        // One of six orders is the best of two and two; half of them are at least in the middle.
        assert!((luck(&[3.0, 4.0], &[1.0, 2.0]) - 1.0 / 6.0).abs() < 1e-9);
        assert!((luck(&[1.0, 2.0], &[3.0, 4.0]) - 1.0).abs() < 1e-9);
        assert!((luck(&[5.0], &[1.0, 2.0, 3.0, 4.0]) - 0.2).abs() < 1e-9);
        assert!((luck(&[1.0], &[1.0]) - 1.0).abs() < 1e-9, "equal");
    }

    #[test]
    fn labels_are_read_or_their_line_is_told() {
        let text = "# of some day\nredos\tnpm/a/x.js\t12\t0\n\nxss\tnpm/b/y.ts\t1\t1\n";
        let all = labels(text).expect("read");
        assert_eq!((all.len(), all[0].line, all[0].truth, all[1].truth), (2, 12, false, true));
        assert_eq!(labels("redos\tx.js\t0\t1"), Err(1));
        assert_eq!(labels("#\nredos\tx.js\t1\tperhaps"), Err(2));
    }

    #[test]
    fn places_of_cases_show_no_marks() {
        for rule in rules::all() {
            let all = places(rule);
            assert!(all.iter().flat_map(|p| &p.texts).all(|t| !t.contains("//~")), "{}", rule.id);
            assert!(all.iter().any(|p| p.bad) && all.iter().any(|p| !p.bad), "{}", rule.id);
        }
    }
}
