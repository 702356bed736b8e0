//! How long each rule takes, where somebody asks.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::notes::TABLE;
use crate::blocks::Block;
use crate::config::Settings;
use crate::findings::Note;
use crate::rules::{self, BlockCheck, Cx, FileFacts, NodeCheck, Rule};
use crate::system::Stopwatch;

/// Time by rule, added up over all threads.
#[derive(Debug)]
pub struct Times {
    nanos: Vec<AtomicU64>,
}

impl Default for Times {
    fn default() -> Times {
        Times { nanos: rules::all().iter().map(|_| AtomicU64::new(0)).collect() }
    }
}

impl Times {
    /// Adds time to a rule.
    pub fn add(&self, rule: usize, nanos: u64) {
        if let Some(sum) = self.nanos.get(rule) {
            sum.fetch_add(nanos, Ordering::Relaxed);
        }
    }

    /// Nanoseconds by rule, the most first; those without any are left out.
    pub fn by_rule(&self) -> Vec<(&'static Rule, u64)> {
        let nanos = self.nanos.iter().map(|n| n.load(Ordering::Relaxed));
        let mut all: Vec<_> = rules::all().iter().copied().zip(nanos).filter(|(_, n)| *n > 0).collect();
        all.sort_by_key(|(rule, nanos)| (std::cmp::Reverse(*nanos), rule.id));
        all
    }
}

/// What [`super::run_rules`] does, rule by rule, since a look at the clock costs more than most checks of a node.
pub(super) fn run_rules(
    block: &Arc<Block>,
    facts: &FileFacts,
    settings: &Settings,
    wanted: &[bool],
    out: &mut Vec<Note>,
    times: &Times,
) {
    let rule = |i: usize| -> &'static Rule { rules::all()[i] };
    let by_block: &[(usize, BlockCheck)] = &TABLE.by_block;
    for (i, check) in by_block.iter().filter(|(i, _)| wanted[*i]) {
        let watch = Stopwatch::start();
        check(&mut Cx { rule: rule(*i), block, file: facts, settings, out });
        times.add(*i, watch.nanos());
    }
    // Checks of nodes, with their places among those of the node's kind.
    let mut calls: Vec<(usize, u32, usize, NodeCheck)> = Vec::new();
    for node in block.arena().nodes().filter(|n| !n.is_hole()) {
        for (at, (i, check)) in TABLE.by_kind[node.kind() as usize].iter().enumerate() {
            if wanted[*i] {
                calls.push((*i, node.index(), at, *check));
            }
        }
    }
    calls.sort_by_key(|(i, index, at, _)| (*i, *index, *at));
    let mut found: Vec<(u32, usize, Note)> = Vec::new();
    let mut notes = Vec::new();
    for calls in calls.chunk_by(|a, b| a.0 == b.0) {
        let watch = Stopwatch::start();
        for (i, index, at, check) in calls {
            let Some(node) = block.arena().node(*index) else { continue };
            check(node, &mut Cx { rule: rule(*i), block, file: facts, settings, out: &mut notes });
            found.extend(notes.drain(..).map(|note| (*index, *at, note)));
        }
        times.add(calls[0].0, watch.nanos());
    }
    found.sort_by_key(|(index, at, _)| (*index, *at));
    out.extend(found.into_iter().map(|(_, _, note)| note));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;
    use crate::document::Document;
    use crate::engine::Engine;

    #[test]
    fn who_is_measured_finds_the_same() {
        let code = "import https from 'https';\nexport class A {\n  async load(list: string[]) {\n    let all: string[] = [];\n    for (const one of list) { all = [...all, one]; await fetch(one); if (one == one) { eval(one); } }\n    return new Promise(async (resolve) => { resolve(all); });\n  }\n}\nhttps.request({ rejectUnauthorized: false });\nconst password = 'hunter2hunter2';\n";
        let language = crate::grammars::by_path("a.ts").expect("a language");
        let document = || Document::new("a.ts", language, code, 1).expect("parsed");
        let engine = || Engine::new(Config::default().narrowed(&["all".to_owned()], &[]).expect("rules"));
        let expected = engine().analyze(&document());
        let times = Arc::new(Times::default());
        let mut measured = engine();
        measured.measure(times.clone());
        let report = measured.analyze(&document());
        assert!(expected.findings.len() > 2, "{:?}", expected.findings);
        assert_eq!(format!("{:?}", report.findings), format!("{:?}", expected.findings));
        let by_rule = times.by_rule();
        assert!(by_rule.len() > 20 && by_rule.is_sorted_by(|a, b| a.1 >= b.1), "{by_rule:?}");
    }
}
