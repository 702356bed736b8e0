//! An epsilon-free position automaton that keeps the *number* of epsilon paths between positions.
//!
//! Each state has consumed one character of a position's set, so a transition is labelled by its target. Zero-width
//! conditions (anchors, word boundaries, lookarounds of one character) become requirements on the characters on either
//! side, and positions are split until each requirement is decided by the state alone. What cannot be expressed so
//! (longer lookarounds, backreferences, atomic groups, large counts) is relaxed, and `approximate` tells.

use std::ops::Range;

use rustc_hash::FxHashMap;

use super::alphabet::alphabet;
pub(crate) use super::alphabet::{Atoms, EDGE, TooLarge};
use super::ast::{Assertion, Ast, Greed, Kind, NodeId};
use super::charset::CharSet;

/// A zero-width requirement on the characters before and after a point.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct Cond {
    prev: Atoms,
    next: Atoms,
}

const TRUE: u16 = 0;
/// Loop id of an edge that no repetition made.
pub(crate) const NO_LOOP: u32 = u32::MAX;

#[derive(Clone, Copy)]
struct Link {
    pos: u32,
    cond: u16,
    mult: u8,
}

#[derive(Default)]
struct Frag {
    first: Vec<Link>,
    last: Vec<Link>,
    null: Vec<(u16, u8)>,
}

#[derive(Clone, Copy)]
struct RawEdge {
    from: u32,
    to: u32,
    cond: u16,
    mult: u8,
    looped: u32,
}

/// A transition.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Edge {
    pub(crate) to: u32,
    /// Number of epsilon paths, saturating at 2.
    pub(crate) mult: u8,
    /// The outermost repetition whose next iteration this edge begins, or [`NO_LOOP`].
    pub(crate) looped: u32,
}

/// A state other than the initial one.
#[derive(Clone, Debug)]
pub(crate) struct State {
    pub(crate) set: Atoms,
    /// What may follow for a match to end here (with [`EDGE`] for the end of text); empty when it cannot end here.
    pub(crate) accept: Atoms,
    /// Innermost unbounded repetition around the position, or [`NO_LOOP`].
    pub(crate) home: u32,
    pub(crate) edges: Vec<Edge>,
}

/// How counted repetitions are lowered.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Counting {
    /// Copied out; beyond the cap, cut short.
    Exact,
    /// Copied out; beyond the cap, taken as unbounded.
    Unbounded,
    /// Every count collapses to `?`, `*` or `+`: the language only grows, its alphabet does not.
    Collapse,
}

/// The automaton. State 0 is initial (nothing consumed); state 1 onwards have consumed a character.
pub(crate) struct Nfa {
    pub(crate) states: Vec<State>,
    /// First `search` states belong to the scan for a start (`[^]*?` before the pattern).
    pub(crate) search: Range<u32>,
    pub(crate) loops: Vec<Range<usize>>,
    /// Representative character of each atom.
    pub(crate) chars: Vec<char>,
    /// Full sets of the atoms.
    pub(crate) atom_sets: Vec<CharSet>,
    pub(crate) approximate: bool,
    /// Some count was too large to copy out.
    pub(crate) truncated: bool,
}

const MAX_POSITIONS: usize = 1_200;
const MAX_EDGES: usize = 60_000;
const MAX_COPIES: u32 = 64;
const MAX_COPIED: usize = 260;

struct Builder<'a> {
    ast: &'a Ast,
    counting: Counting,
    set_atoms: Vec<Atoms>,
    line: Atoms,
    word: Atoms,
    newline: Atoms,
    conds: Vec<Cond>,
    cond_ids: FxHashMap<Cond, u16>,
    positions: Vec<(Atoms, u32)>,
    edges: Vec<RawEdge>,
    loops: Vec<Range<usize>>,
    current_loop: u32,
    open_groups: Vec<u32>,
    depth: u32,
    sizes: Vec<usize>,
    approximate: bool,
    truncated: bool,
}

/// Builds the automaton of `ast`; with `search`, of an unanchored search for it.
pub(crate) fn build(ast: &Ast, counting: Counting, search: bool) -> Result<Nfa, TooLarge> {
    let (set_atoms, extra, chars, atom_sets) = alphabet(ast)?;
    let all = Cond { prev: Atoms::ALL, next: Atoms::ALL };
    let mut builder = Builder {
        ast,
        counting,
        set_atoms,
        line: extra[0],
        word: extra[1],
        newline: extra[2],
        conds: vec![all],
        cond_ids: FxHashMap::from_iter([(all, TRUE)]),
        positions: Vec::new(),
        edges: Vec::new(),
        loops: Vec::new(),
        current_loop: NO_LOOP,
        open_groups: Vec::new(),
        depth: 0,
        sizes: sizes(ast),
        approximate: ast.approximate,
        truncated: false,
    };
    let mut any = Atoms::NONE;
    (0..chars.len()).for_each(|atom| any.insert(atom as u8));
    if search {
        builder.positions.push((any, NO_LOOP));
    }
    let root = builder.node(ast.root)?;
    builder.finish(root, search, chars, atom_sets)
}

/// Positions each node needs when counts are not copied out.
fn sizes(ast: &Ast) -> Vec<usize> {
    let mut sizes: Vec<usize> = Vec::with_capacity(ast.nodes.len());
    for node in &ast.nodes {
        let at = |id: &NodeId| sizes[id.0 as usize];
        sizes.push(match &node.kind {
            Kind::Char { .. } | Kind::Class { .. } => 1,
            Kind::Concat(items) | Kind::Alternate(items) => items.iter().map(at).sum(),
            Kind::Repeat { body, min, max, .. } => {
                let copies = max.unwrap_or(*min).max(*min).clamp(1, MAX_COPIES) as usize;
                at(body).saturating_mul(if at(body) * copies > MAX_COPIED { 4 } else { copies })
            }
            Kind::Group { body, .. } | Kind::Look { body, .. } => at(body),
            _ => 0,
        });
    }
    sizes
}

impl Builder<'_> {
    fn cond(&mut self, cond: Cond) -> u16 {
        if let Some(&id) = self.cond_ids.get(&cond) {
            return id;
        }
        if self.conds.len() >= usize::from(u16::MAX) {
            self.approximate = true;
            return TRUE;
        }
        let id = self.conds.len() as u16;
        self.conds.push(cond);
        self.cond_ids.insert(cond, id);
        id
    }

    fn both(&mut self, a: u16, b: u16) -> u16 {
        if a == TRUE || a == b {
            return b;
        }
        if b == TRUE {
            return a;
        }
        let (x, y) = (self.conds[a as usize], self.conds[b as usize]);
        self.cond(Cond { prev: x.prev.and(&y.prev), next: x.next.and(&y.next) })
    }

    fn edge(&mut self, from: Link, to: Link, via: u16, mult: u8, looped: u32) -> Result<(), TooLarge> {
        let cond = self.both(from.cond, via);
        let cond = self.both(cond, to.cond);
        let mult = (from.mult * to.mult * mult).min(2);
        self.edges.push(RawEdge { from: from.pos, to: to.pos, cond, mult, looped });
        if self.edges.len() > MAX_EDGES { Err(TooLarge) } else { Ok(()) }
    }

    fn through(&mut self, links: &[Link], null: &[(u16, u8)]) -> Vec<Link> {
        let mut out = Vec::new();
        for &(via, mult) in null {
            for &link in links {
                let cond = self.both(via, link.cond);
                out.push(Link { pos: link.pos, cond, mult: (link.mult * mult).min(2) });
            }
        }
        out
    }

    fn concat(&mut self, a: Frag, b: Frag) -> Result<Frag, TooLarge> {
        for &from in &a.last {
            for &to in &b.first {
                self.edge(from, to, TRUE, 1, NO_LOOP)?;
            }
        }
        let mut first = self.through(&b.first, &a.null);
        let mut last = self.through(&a.last, &b.null);
        first.splice(0..0, a.first);
        last.extend(b.last);
        if first.len() + last.len() > MAX_EDGES {
            return Err(TooLarge);
        }
        let mut null = Vec::new();
        for &(x, m) in &a.null {
            for &(y, n) in &b.null {
                null.push((self.both(x, y), (m * n).min(2)));
            }
        }
        Ok(Frag { first, last, null: merge(null) })
    }

    // Depth is bounded by the parser's limit on nesting, and by `open_groups` for backreferences.
    fn node(&mut self, id: NodeId) -> Result<Frag, TooLarge> {
        let ast = self.ast;
        let empty = |cond| Frag { null: vec![(cond, 1)], ..Frag::default() };
        Ok(match ast.kind(id) {
            Kind::Empty => empty(TRUE),
            Kind::Char { set, .. } | Kind::Class { set, .. } => {
                if self.positions.len() >= MAX_POSITIONS {
                    return Err(TooLarge);
                }
                let pos = self.positions.len() as u32;
                self.positions.push((self.set_atoms[set.0 as usize], self.current_loop));
                let link = Link { pos, cond: TRUE, mult: 1 };
                Frag { first: vec![link], last: vec![link], null: Vec::new() }
            }
            // A backreference repeats the characters of its group, not what was asserted around them.
            Kind::Assert(_) | Kind::Look { .. } if !self.open_groups.is_empty() => empty(TRUE),
            Kind::Assert(assertion) => {
                let conds = self.assertion(*assertion);
                let null = conds.into_iter().map(|c| (self.cond(c), 1)).collect();
                Frag { null, ..Frag::default() }
            }
            Kind::Concat(items) => {
                let mut frag = empty(TRUE);
                for &item in items {
                    let next = self.node(item)?;
                    frag = self.concat(frag, next)?;
                }
                frag
            }
            Kind::Alternate(branches) => {
                let mut frag = Frag::default();
                for &branch in branches {
                    let next = self.node(branch)?;
                    frag.first.extend(next.first);
                    frag.last.extend(next.last);
                    frag.null.extend(next.null);
                }
                frag.null = merge(frag.null);
                frag
            }
            Kind::Group { body, atomic, .. } => {
                self.approximate |= atomic;
                self.node(*body)?
            }
            Kind::Look { body, ahead, negative } => self.look(*body, *ahead, *negative)?,
            Kind::Backref(group) => {
                self.approximate = true;
                let body = ast.groups.get(*group as usize - 1).copied();
                match body {
                    Some(body) if self.open_groups.is_empty() && body < id && self.depth == 0 => {
                        self.open_groups.push(*group);
                        let mut frag = self.node(body)?;
                        self.open_groups.pop();
                        // A group that took no part makes the reference match the empty string.
                        if self.counting == Counting::Collapse {
                            frag.null.push((TRUE, 1));
                        }
                        frag
                    }
                    _ => empty(TRUE),
                }
            }
            Kind::Repeat { body, min, max, greed } => {
                self.approximate |= *greed == Greed::Possessive;
                self.repeat(id, *body, *min, *max)?
            }
        })
    }

    fn assertion(&self, assertion: Assertion) -> Vec<Cond> {
        let edge = Atoms::one(EDGE);
        let all = Atoms::ALL;
        let (line, word) = (self.line.or(&edge), self.word);
        let other = word.not();
        match assertion {
            Assertion::StartText => vec![Cond { prev: edge, next: all }],
            Assertion::EndText => vec![Cond { prev: all, next: edge }],
            Assertion::EndTextNewline => vec![Cond { prev: all, next: edge.or(&self.newline) }],
            Assertion::StartLine => vec![Cond { prev: line, next: all }],
            Assertion::EndLine => vec![Cond { prev: all, next: line }],
            // The two cases exclude each other, so that listing both adds no ambiguity.
            Assertion::WordBoundary => vec![Cond { prev: word, next: other }, Cond { prev: other, next: word }],
            Assertion::NotWordBoundary => vec![Cond { prev: word, next: word }, Cond { prev: other, next: other }],
        }
    }

    fn look(&mut self, body: NodeId, ahead: bool, negative: bool) -> Result<Frag, TooLarge> {
        let peeled = self.ast.peel(body);
        let atoms = match self.ast.kind(peeled) {
            Kind::Assert(Assertion::EndText) if ahead => Some(Atoms::one(EDGE)),
            Kind::Assert(Assertion::StartText) if !ahead => Some(Atoms::one(EDGE)),
            _ => self.look_atoms(peeled),
        };
        if let Some(mut atoms) = atoms {
            if negative {
                atoms = atoms.not();
            }
            let cond =
                if ahead { Cond { prev: Atoms::ALL, next: atoms } } else { Cond { prev: atoms, next: Atoms::ALL } };
            return Ok(Frag { null: vec![(self.cond(cond), 1)], ..Frag::default() });
        }
        self.approximate = true;
        let mut frag = Frag { null: vec![(TRUE, 1)], ..Frag::default() };
        if ahead && self.counting != Counting::Collapse {
            // A dead end: its paths are walked, and none leads on.
            self.depth += 1;
            frag.first = self.node(body)?.first;
            self.depth -= 1;
        }
        Ok(frag)
    }

    /// The atoms of a node that matches one character or the edge of the text (`(?=,|$)`).
    fn look_atoms(&self, id: NodeId) -> Option<Atoms> {
        match self.ast.kind(id) {
            Kind::Char { set, .. } | Kind::Class { set, .. } => Some(self.set_atoms[set.0 as usize]),
            Kind::Group { body, atomic: false, .. } => self.look_atoms(*body),
            Kind::Alternate(branches) => {
                let mut all = Atoms::NONE;
                for &branch in branches {
                    all = all.or(&self.look_atoms(branch)?);
                }
                Some(all)
            }
            _ => None,
        }
    }

    fn repeat(&mut self, id: NodeId, body: NodeId, min: u32, max: Option<u32>) -> Result<Frag, TooLarge> {
        let size = self.sizes[body.0 as usize].max(1);
        let copies = max.unwrap_or(min).max(min).max(1);
        let (min, max) = match self.counting {
            Counting::Collapse => (min.min(1), max.filter(|&max| max <= 1)),
            _ if copies <= MAX_COPIES && size * copies as usize <= MAX_COPIED => (min, max),
            _ if max == Some(1) || (max.is_none() && min <= 1) => (min, max),
            Counting::Exact => {
                self.truncated = true;
                self.approximate = true;
                (min.min(2), max.map(|_| 4))
            }
            Counting::Unbounded => {
                self.truncated = true;
                self.approximate = true;
                (min.min(1), None)
            }
        };
        let truth = (TRUE, 1u8);
        let mut frag = Frag { null: vec![truth], ..Frag::default() };
        match max {
            Some(0) => return Ok(frag),
            Some(max) => {
                // Optional copies nest, `(x(x)?)?`, so that counts alone add no ambiguity: built from the last one.
                for _ in min..max {
                    let next = self.node(body)?;
                    frag = self.concat(next, frag)?;
                    frag.null = vec![truth];
                }
            }
            None => {
                let outer = self.current_loop;
                let looped = self.loops.len() as u32;
                self.loops.push(self.ast.node(id).span.clone());
                self.current_loop = looped;
                frag = self.node(body)?;
                self.current_loop = outer;
                for &from in &frag.last {
                    for &to in &frag.first {
                        self.edge(from, to, TRUE, 1, looped)?;
                    }
                }
                if min == 0 {
                    frag.null = vec![truth];
                }
            }
        }
        let mandatory = if max.is_none() { min.saturating_sub(1) } else { min };
        for _ in 0..mandatory {
            let next = self.node(body)?;
            frag = self.concat(next, frag)?;
        }
        Ok(frag)
    }

    fn finish(mut self, root: Frag, search: bool, chars: Vec<char>, atom_sets: Vec<CharSet>) -> Result<Nfa, TooLarge> {
        let scan = Link { pos: 0, cond: TRUE, mult: 1 };
        if search {
            self.edge(scan, scan, TRUE, 1, NO_LOOP)?;
            for &to in &root.first {
                self.edge(scan, to, TRUE, 1, NO_LOOP)?;
            }
        }
        // Which of its characters a position must tell apart.
        let mut masks: Vec<Vec<Atoms>> = vec![Vec::new(); self.positions.len()];
        let mut note = |pos: u32, mask: Atoms| {
            let set = self.positions[pos as usize].0;
            let (yes, no) = (set.meets(&mask), set.meets(&mask.not()));
            if yes && no && !masks[pos as usize].contains(&mask) {
                masks[pos as usize].push(mask);
            }
        };
        for edge in self.edges.iter().filter(|e| e.cond != TRUE) {
            let cond = self.conds[edge.cond as usize];
            note(edge.from, cond.prev);
            note(edge.to, cond.next);
        }
        for link in root.last.iter().chain(&root.first).filter(|l| l.cond != TRUE) {
            note(link.pos, self.conds[link.cond as usize].prev);
            note(link.pos, self.conds[link.cond as usize].next);
        }
        if search {
            root.null.iter().for_each(|&(cond, _)| note(0, self.conds[cond as usize].prev));
        }
        let initial = State { set: Atoms::one(EDGE), accept: Atoms::NONE, home: NO_LOOP, edges: Vec::new() };
        let mut states = vec![initial];
        let mut blocks: Vec<Range<u32>> = Vec::with_capacity(self.positions.len());
        for (&(set, home), masks) in self.positions.iter().zip(&masks) {
            let mut parts = vec![set];
            for mask in masks {
                parts = parts.iter().flat_map(|p| [p.and(mask), p.and(&mask.not())]).filter(|p| !p.is_none()).collect();
                if parts.len() > 16 {
                    return Err(TooLarge);
                }
            }
            let from = states.len() as u32;
            states.extend(parts.into_iter().filter(|p| !p.is_none()).map(|set| State {
                set,
                accept: Atoms::NONE,
                home,
                edges: Vec::new(),
            }));
            blocks.push(from..states.len() as u32);
        }
        if states.len() > 2 * MAX_POSITIONS {
            return Err(TooLarge);
        }
        let all = |pos: u32| blocks[pos as usize].clone();
        let mut total = 0;
        for edge in &self.edges {
            let cond = self.conds[edge.cond as usize];
            for from in all(edge.from).filter(|&s| states[s as usize].set.meets(&cond.prev)).collect::<Vec<_>>() {
                for to in all(edge.to).filter(|&s| states[s as usize].set.meets(&cond.next)).collect::<Vec<_>>() {
                    states[from as usize].edges.push(Edge { to, mult: edge.mult, looped: edge.looped });
                    total += 1;
                }
            }
            if total > 2 * MAX_EDGES {
                return Err(TooLarge);
            }
        }
        for link in &root.first {
            let cond = self.conds[link.cond as usize];
            if cond.prev.has(EDGE) {
                for to in all(link.pos).filter(|&s| states[s as usize].set.meets(&cond.next)).collect::<Vec<_>>() {
                    states[0].edges.push(Edge { to, mult: link.mult, looped: NO_LOOP });
                }
            }
        }
        if search {
            let edges = all(0).map(|to| Edge { to, mult: 1, looped: NO_LOOP });
            states[0].edges.extend(edges);
        }
        for link in &root.last {
            let cond = self.conds[link.cond as usize];
            for s in all(link.pos) {
                if states[s as usize].set.meets(&cond.prev) {
                    states[s as usize].accept = states[s as usize].accept.or(&cond.next);
                }
            }
        }
        for &(cond, _) in &root.null {
            let cond = self.conds[cond as usize];
            for s in std::iter::once(0).chain(if search { all(0) } else { 0..0 }) {
                if states[s as usize].set.meets(&cond.prev) {
                    states[s as usize].accept = states[s as usize].accept.or(&cond.next);
                }
            }
        }
        for state in &mut states {
            self.loops_outermost(&mut state.edges);
        }
        let search = if search { all(0) } else { 0..0 };
        Ok(Nfa {
            states,
            search,
            loops: self.loops,
            chars,
            atom_sets,
            approximate: self.approximate,
            truncated: self.truncated,
        })
    }

    /// Merges parallel edges, adding their multiplicities and keeping the outermost repetition.
    fn loops_outermost(&self, edges: &mut Vec<Edge>) {
        let width = |l: u32| self.loops.get(l as usize).map_or(0, |s| s.end - s.start);
        edges.sort_by_key(|e| (e.to, std::cmp::Reverse(width(e.looped))));
        edges.dedup_by(|next, kept| {
            let same = next.to == kept.to;
            if same {
                kept.mult = (kept.mult + next.mult).min(2);
            }
            same
        });
    }
}

fn merge(mut null: Vec<(u16, u8)>) -> Vec<(u16, u8)> {
    null.sort_unstable();
    null.dedup_by(|next, kept| {
        let same = next.0 == kept.0;
        if same {
            kept.1 = (kept.1 + next.1).min(2);
        }
        same
    });
    null.truncate(64);
    null
}

impl Nfa {
    /// The states after `states` on `atom`.
    pub(crate) fn step(&self, states: &[u32], atom: u8) -> Vec<u32> {
        let mut next: Vec<u32> = states
            .iter()
            .flat_map(|&s| &self.states[s as usize].edges)
            .map(|e| e.to)
            .filter(|&to| self.states[to as usize].set.has(atom))
            .collect();
        next.sort_unstable();
        next.dedup();
        next
    }

    /// True when a match ends in one of `states` with `next` following ([`EDGE`] at the end).
    pub(crate) fn accepts(&self, states: &[u32], next: u8) -> bool {
        states.iter().any(|&s| self.states[s as usize].accept.has(next))
    }
}
