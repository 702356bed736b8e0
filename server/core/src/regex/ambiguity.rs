//! Where the automaton can read one string in several ways.
//!
//! *Exponential* (EDA): a state with two different paths back to itself over one string. *Polynomial* (IDA): states `p`
//! and `q` and one string that leads from `p` to `p`, from `p` to `q` and from `q` to `q`. Both are searched in products
//! of the automaton with itself, inside strongly connected components, under a budget of edge pairs.

use std::collections::VecDeque;
use std::ops::Range;

use rustc_hash::FxHashMap;

use super::analyze::Cause;
use super::nfa::{NO_LOOP, Nfa};

/// A suspected attack, in atoms.
#[derive(Clone, Debug)]
pub(crate) struct Candidate {
    pub(crate) prefix: Vec<u8>,
    pub(crate) pump: Vec<u8>,
    pub(crate) span: Range<usize>,
    pub(crate) cause: Cause,
}

/// Edge pairs that may still be looked at.
pub(crate) struct Budget(pub(crate) u32);

/// The budget ran out.
pub(crate) struct OutOfBudget;

impl Budget {
    fn spend(&mut self, n: usize) -> Result<(), OutOfBudget> {
        match u32::try_from(n).ok().and_then(|n| self.0.checked_sub(n)) {
            Some(left) => {
                self.0 = left;
                Ok(())
            }
            None => Err(OutOfBudget),
        }
    }
}

const MAX_CANDIDATES: usize = 6;

/// The automaton with its strongly connected components.
pub(crate) struct Graph<'a> {
    nfa: &'a Nfa,
    /// Component of each state, in reverse topological order.
    component: Vec<u32>,
    /// Members of the components that contain a cycle.
    cyclic: Vec<Vec<u32>>,
}

impl<'a> Graph<'a> {
    pub(crate) fn new(nfa: &'a Nfa) -> Self {
        let component = components(nfa);
        let mut members: Vec<Vec<u32>> = Vec::new();
        for (state, &c) in component.iter().enumerate() {
            if members.len() <= c as usize {
                members.resize(c as usize + 1, Vec::new());
            }
            members[c as usize].push(state as u32);
        }
        let own_loop = |s: u32| nfa.states[s as usize].edges.iter().any(|e| e.to == s);
        let cyclic = members.into_iter().filter(|m| m.len() > 1 || own_loop(m[0])).collect();
        Self { nfa, component, cyclic }
    }

    fn inside(&self, from: u32) -> impl Iterator<Item = u32> + '_ {
        let home = self.component[from as usize];
        self.nfa.states[from as usize].edges.iter().map(|e| e.to).filter(move |&to| self.component[to as usize] == home)
    }

    fn meet(&self, a: u32, b: u32) -> bool {
        self.nfa.states[a as usize].set.meets(&self.nfa.states[b as usize].set)
    }

    fn atom(&self, states: &[u32]) -> Option<u8> {
        let mut sets = states.iter().map(|&s| self.nfa.states[s as usize].set);
        let first = sets.next()?;
        sets.fold(first, |a, b| a.and(&b)).first()
    }

    /// States of a shortest path after `from` up to `to`, over states that satisfy `keep`; empty when they are the same.
    fn path(&self, from: u32, to: u32, keep: impl Fn(u32) -> bool) -> Option<Vec<u32>> {
        let mut parent: Vec<u32> = vec![u32::MAX; self.nfa.states.len()];
        let mut queue = VecDeque::from([from]);
        let mut seen_goal = from == to;
        while let (Some(at), false) = (queue.pop_front(), seen_goal) {
            for edge in &self.nfa.states[at as usize].edges {
                if parent[edge.to as usize] == u32::MAX && edge.to != from && keep(edge.to) {
                    parent[edge.to as usize] = at;
                    seen_goal |= edge.to == to;
                    queue.push_back(edge.to);
                }
            }
        }
        if !seen_goal {
            return None;
        }
        let mut path = Vec::new();
        let mut at = to;
        while at != from {
            path.push(at);
            at = parent[at as usize];
        }
        path.reverse();
        Some(path)
    }

    fn prefix(&self, to: u32) -> Option<Vec<u8>> {
        if self.nfa.search.contains(&to) {
            return Some(Vec::new());
        }
        let path = self.path(0, to, |s| !self.nfa.search.contains(&s))?;
        path.iter().map(|&s| self.atom(&[s])).collect()
    }

    fn wider(&self, a: u32, b: u32) -> u32 {
        let width = |l: u32| self.nfa.loops.get(l as usize).map_or(0, |s| s.end - s.start);
        if width(b) > width(a) { b } else { a }
    }

    fn widest_loop(&self, path: &[u32]) -> u32 {
        path.windows(2).fold(NO_LOOP, |wide, pair| {
            let edges = &self.nfa.states[pair[0] as usize].edges;
            let edge = edges.iter().find(|e| e.to == pair[1]);
            self.wider(wide, edge.map_or(NO_LOOP, |e| e.looped))
        })
    }

    fn loop_span(&self, looped: u32, fallback: u32) -> Range<usize> {
        let home = self.nfa.states[fallback as usize].home;
        let at = |l: u32| self.nfa.loops.get(l as usize).cloned();
        at(looped).or_else(|| at(home)).unwrap_or(0..0)
    }

    /// Suspected exponential ambiguities, shortest pumps first within a component.
    pub(crate) fn exponential(&self, budget: &mut Budget) -> Result<Vec<Candidate>, OutOfBudget> {
        let mut found = Vec::new();
        for members in &self.cyclic {
            if self.nfa.search.contains(&members[0]) {
                continue;
            }
            let before = found.len();
            self.parallel_edges(members, &mut found);
            if found.len() == before {
                self.forks(members, budget, &mut found)?;
            }
            if found.len() >= MAX_CANDIDATES {
                break;
            }
        }
        Ok(found)
    }

    /// Two epsilon paths between the same states: `(a+)+`.
    fn parallel_edges(&self, members: &[u32], found: &mut Vec<Candidate>) {
        let home = self.component[members[0] as usize];
        let mut here = 0;
        for &from in members {
            for edge in &self.nfa.states[from as usize].edges {
                if edge.mult < 2 || self.component[edge.to as usize] != home || here >= 2 {
                    continue;
                }
                let Some(back) = self.path(edge.to, from, |s| self.component[s as usize] == home) else { continue };
                let cycle: Vec<u32> = std::iter::once(edge.to).chain(back).collect();
                let Some(pump) = cycle.iter().map(|&s| self.atom(&[s])).collect() else { continue };
                let Some(prefix) = self.prefix(from) else { continue };
                let looped = self.wider(edge.looped, self.widest_loop(&cycle));
                let span = self.loop_span(looped, from);
                found.push(Candidate { prefix, pump, span, cause: Cause::NestedRepetition });
                here += 1;
            }
        }
    }

    /// Two paths that part and meet again: `(a|a)*`, `(\w|\d)*`.
    fn forks(&self, members: &[u32], budget: &mut Budget, found: &mut Vec<Candidate>) -> Result<(), OutOfBudget> {
        let home = self.component[members[0] as usize];
        let pair = |a: u32, b: u32| if a < b { (a, b) } else { (b, a) };
        let mut parent: FxHashMap<(u32, u32), (u32, u32)> = FxHashMap::default();
        let mut queue = VecDeque::new();
        let mut here = 0;
        for &q in members {
            let next: Vec<u32> = self.inside(q).collect();
            budget.spend(next.len() * next.len() / 2)?;
            for (i, &a) in next.iter().enumerate() {
                for &b in &next[i + 1..] {
                    if a != b && self.meet(a, b) && !parent.contains_key(&pair(a, b)) {
                        parent.insert(pair(a, b), (q, q));
                        queue.push_back(pair(a, b));
                    }
                }
            }
        }
        let mut joins: Vec<u32> = Vec::new();
        while let Some((a, b)) = queue.pop_front() {
            let right: Vec<u32> = self.inside(b).collect();
            for x in self.inside(a).collect::<Vec<_>>() {
                budget.spend(right.len())?;
                for &y in &right {
                    if !self.meet(x, y) {
                        continue;
                    }
                    if x != y {
                        parent.entry(pair(x, y)).or_insert_with(|| {
                            queue.push_back(pair(x, y));
                            (a, b)
                        });
                        continue;
                    }
                    if here >= 3 || joins.contains(&x) {
                        continue;
                    }
                    joins.push(x);
                    let mut trail = vec![(x, x), (a, b)];
                    while let Some(&up) = trail.last().filter(|(a, b)| a != b).and_then(|p| parent.get(p)) {
                        trail.push(up);
                    }
                    trail.reverse();
                    let start = trail[0].0;
                    let Some(back) = self.path(x, start, |s| self.component[s as usize] == home) else { continue };
                    let mut pump: Vec<u8> = trail[1..].iter().filter_map(|&(a, b)| self.atom(&[a, b])).collect();
                    pump.extend(back.iter().filter_map(|&s| self.atom(&[s])));
                    let Some(prefix) = self.prefix(start) else { continue };
                    let mut looped = NO_LOOP;
                    for side in [trail.iter().map(|p| p.0).collect::<Vec<_>>(), trail.iter().map(|p| p.1).collect()] {
                        looped = self.wider(looped, self.widest_loop(&side));
                    }
                    let cycle: Vec<u32> = std::iter::once(x).chain(back).collect();
                    looped = self.wider(looped, self.widest_loop(&cycle));
                    let span = self.loop_span(looped, start);
                    found.push(Candidate { prefix, pump, span, cause: Cause::OverlappingPaths });
                    here += 1;
                }
            }
            if here >= 3 {
                break;
            }
        }
        Ok(())
    }

    /// Suspected polynomial ambiguities between pairs of loops; those of the scan for a start come last.
    pub(crate) fn polynomial(&self, budget: &mut Budget) -> Result<Vec<Candidate>, OutOfBudget> {
        let n = self.nfa.states.len();
        let mut reverse: Vec<Vec<u32>> = vec![Vec::new(); n];
        for (s, state) in self.nfa.states.iter().enumerate() {
            state.edges.iter().for_each(|e| reverse[e.to as usize].push(s as u32));
        }
        let mut found: Vec<Candidate> = Vec::new();
        let mut from_scan = Vec::new();
        for targets in &self.cyclic {
            if self.nfa.search.contains(&targets[0]) {
                continue;
            }
            let mut leads = vec![false; n];
            let mut stack = targets.clone();
            targets.iter().for_each(|&t| leads[t as usize] = true);
            budget.spend(n)?;
            while let Some(at) = stack.pop() {
                for &up in &reverse[at as usize] {
                    if !std::mem::replace(&mut leads[up as usize], true) {
                        stack.push(up);
                    }
                }
            }
            for sources in &self.cyclic {
                let same = self.component[sources[0] as usize] == self.component[targets[0] as usize];
                if same || !leads[sources[0] as usize] {
                    continue;
                }
                let Some((p, q, pump)) = self.shared_pump(sources, targets, &leads, budget)? else { continue };
                let Some(prefix) = self.prefix(p) else { continue };
                let later = self.loop_span(NO_LOOP, q);
                if self.nfa.search.contains(&p) {
                    from_scan.push(Candidate { prefix, pump, span: later, cause: Cause::SearchStart });
                } else {
                    let earlier = self.loop_span(NO_LOOP, p);
                    let span = earlier.start.min(later.start)..earlier.end.max(later.end);
                    if !found.iter().any(|c| c.prefix == prefix && c.pump == pump) {
                        found.push(Candidate { prefix, pump, span, cause: Cause::AdjacentRepetitions });
                    }
                }
            }
        }
        // One pump often serves many pairs of loops: try different ones, the longest chain of loops first.
        found.sort_by_key(|c| (c.prefix.len(), c.pump.len()));
        found.truncate(4);
        from_scan.truncate(3);
        found.extend(from_scan);
        Ok(found)
    }

    fn shared_pump(
        &self,
        sources: &[u32],
        targets: &[u32],
        leads: &[bool],
        budget: &mut Budget,
    ) -> Result<Option<(u32, u32, Vec<u8>)>, OutOfBudget> {
        for &q in targets {
            for &p in sources {
                if !self.meet(p, q) {
                    continue;
                }
                if let Some(pump) = self.triple(p, q, leads, budget)? {
                    return Ok(Some((p, q, pump)));
                }
            }
        }
        Ok(None)
    }

    /// A word that leads (p, p, q) to (p, q, q).
    fn triple(&self, p: u32, q: u32, leads: &[bool], budget: &mut Budget) -> Result<Option<Vec<u8>>, OutOfBudget> {
        type Triple = (u32, u32, u32);
        let mut parent: FxHashMap<Triple, Triple> = FxHashMap::default();
        let start = (p, p, q);
        let mut queue = VecDeque::from([start]);
        while let Some(at @ (x, m, y)) = queue.pop_front() {
            for nx in self.inside(x).collect::<Vec<_>>() {
                let set_x = self.nfa.states[nx as usize].set;
                for ny in self.inside(y) {
                    let set_xy = set_x.and(&self.nfa.states[ny as usize].set);
                    budget.spend(1)?;
                    if set_xy.is_none() {
                        continue;
                    }
                    let middle = &self.nfa.states[m as usize].edges;
                    budget.spend(middle.len())?;
                    for nm in middle.iter().map(|e| e.to) {
                        let next = (nx, nm, ny);
                        if !leads[nm as usize]
                            || !set_xy.meets(&self.nfa.states[nm as usize].set)
                            || next == start
                            || parent.contains_key(&next)
                        {
                            continue;
                        }
                        parent.insert(next, at);
                        if next == (p, q, q) {
                            let mut word = Vec::new();
                            let mut back = next;
                            while back != start {
                                word.extend(self.atom(&[back.0, back.1, back.2]));
                                back = parent[&back];
                            }
                            word.reverse();
                            return Ok(Some(word));
                        }
                        queue.push_back(next);
                    }
                }
            }
        }
        Ok(None)
    }
}

/// Tarjan's algorithm with an explicit stack.
fn components(nfa: &Nfa) -> Vec<u32> {
    let n = nfa.states.len();
    let (mut index, mut low) = (vec![u32::MAX; n], vec![0u32; n]);
    let mut component = vec![u32::MAX; n];
    let mut open: Vec<u32> = Vec::new();
    let (mut counter, mut total) = (0, 0);
    for root in 0..n as u32 {
        if index[root as usize] != u32::MAX {
            continue;
        }
        let mut calls: Vec<(u32, usize)> = vec![(root, 0)];
        while let Some((at, edge)) = calls.pop() {
            let a = at as usize;
            if edge == 0 {
                index[a] = counter;
                low[a] = counter;
                counter += 1;
                open.push(at);
            }
            match nfa.states[a].edges.get(edge) {
                Some(next) => {
                    calls.push((at, edge + 1));
                    let to = next.to as usize;
                    if index[to] == u32::MAX {
                        calls.push((next.to, 0));
                    } else if component[to] == u32::MAX {
                        low[a] = low[a].min(index[to]);
                    }
                }
                None => {
                    if low[a] == index[a] {
                        while let Some(member) = open.pop() {
                            component[member as usize] = total;
                            if member == at {
                                break;
                            }
                        }
                        total += 1;
                    }
                    if let Some(&(up, _)) = calls.last() {
                        low[up as usize] = low[up as usize].min(low[a]);
                    }
                }
            }
        }
    }
    component
}
