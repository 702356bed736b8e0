//! Which files import which: groups, and the order in which they are analysed.

use rustc_hash::FxHashMap;

use crate::semantics::flow::FileId;

/// Groups of files that import each other in a circle, each after those that it imports.
#[derive(Default)]
pub(super) struct Graph {
    /// The files of each group, in the order of their evaluation.
    pub groups: Vec<Vec<FileId>>,
    /// How many are below each group at most: those of one level know nothing of each other.
    pub levels: Vec<usize>,
    /// The group of each file.
    pub of: FxHashMap<FileId, usize>,
    /// All groups, those that hang together by imports beside each other, by their levels.
    order: Vec<usize>,
    /// Where in that order each island ends.
    ends: Vec<usize>,
}

impl Graph {
    /// `files` in a fixed order, with the files that each imports, in a fixed order too.
    pub(super) fn new(files: &[FileId], imports: impl Fn(FileId) -> Vec<FileId>) -> Graph {
        let mut graph = Graph::default();
        // Tarjan's algorithm, with a stack of its own.
        #[derive(Clone, Copy)]
        struct Seen {
            index: u32,
            low: u32,
            open: bool,
        }
        let mut seen: FxHashMap<FileId, Seen> = FxHashMap::default();
        let mut open: Vec<FileId> = Vec::new();
        let mut finished: Vec<FileId> = Vec::new();
        // The groups below each, for the islands.
        let mut edges: Vec<(usize, usize)> = Vec::new();
        for &start in files {
            if seen.contains_key(&start) {
                continue;
            }
            let mut stack: Vec<(FileId, Vec<FileId>, usize)> = Vec::new();
            let enter = |file: FileId, seen: &mut FxHashMap<FileId, Seen>, open: &mut Vec<FileId>| {
                let index = seen.len() as u32;
                seen.insert(file, Seen { index, low: index, open: true });
                open.push(file);
                (file, imports(file), 0)
            };
            stack.push(enter(start, &mut seen, &mut open));
            while let Some((file, list, at)) = stack.last_mut() {
                if let Some(&next) = list.get(*at) {
                    *at += 1;
                    match seen.get(&next).copied() {
                        None => {
                            let frame = enter(next, &mut seen, &mut open);
                            stack.push(frame);
                        }
                        Some(known) if known.open => {
                            let own = seen.get_mut(file).expect("entered");
                            own.low = own.low.min(known.index);
                        }
                        Some(_) => {}
                    }
                    continue;
                }
                let (file, _, _) = stack.pop().expect("the frame at hand");
                finished.push(file);
                let own = seen[&file];
                if let Some((below, _, _)) = stack.last() {
                    let outer = seen.get_mut(below).expect("entered");
                    outer.low = outer.low.min(own.low);
                }
                if own.low != own.index {
                    continue;
                }
                let from = open.iter().rposition(|f| *f == file).expect("open");
                let members: Vec<FileId> = open.drain(from..).collect();
                let number = graph.groups.len();
                for member in &members {
                    seen.get_mut(member).expect("entered").open = false;
                    graph.of.insert(*member, number);
                }
                // As they were finished: a module comes after what it imports, where that is possible.
                let from = finished.len() - members.len();
                let members = finished.split_off(from);
                let below = members.iter().flat_map(|m| imports(*m));
                let below = below.filter_map(|i| graph.of.get(&i).copied().filter(|g| *g != number));
                let first = edges.len();
                edges.extend(below.map(|g| (number, g)));
                let level = edges[first..].iter().map(|(_, g)| graph.levels[*g] + 1).max().unwrap_or(0);
                graph.levels.push(level);
                graph.groups.push(members);
            }
        }
        graph.settle(&edges);
        graph
    }

    /// How many islands there are.
    pub(super) fn islands(&self) -> usize {
        self.ends.len()
    }

    /// The groups of an island, by their levels.
    pub(super) fn island(&self, n: usize) -> &[usize] {
        let first = n.checked_sub(1).map_or(0, |before| self.ends[before]);
        &self.order[first..self.ends[n]]
    }

    /// Finds the islands: `edges` are pairs of groups of which one imports the other.
    fn settle(&mut self, edges: &[(usize, usize)]) {
        fn root(of: &mut [usize], mut group: usize) -> usize {
            while of[group] != group {
                of[group] = of[of[group]];
                group = of[group];
            }
            group
        }
        let mut of: Vec<usize> = (0..self.groups.len()).collect();
        for &(a, b) in edges {
            let (a, b) = (root(&mut of, a), root(&mut of, b));
            of[a.max(b)] = a.min(b);
        }
        let roots: Vec<usize> = (0..of.len()).map(|group| root(&mut of, group)).collect();
        self.order = (0..roots.len()).collect();
        self.order.sort_unstable_by_key(|&g| (roots[g], self.levels[g], g));
        let is_end = |n: &usize| self.order.get(*n).is_none_or(|&next| roots[next] != roots[self.order[*n - 1]]);
        self.ends = (1..=self.order.len()).filter(is_end).collect();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn groups(count: u32, edges: &[(u32, u32)]) -> (Vec<Vec<u32>>, Vec<usize>) {
        let files: Vec<FileId> = (0..count).map(FileId).collect();
        let imports = |f: FileId| edges.iter().filter(|(a, _)| *a == f.0).map(|(_, b)| FileId(*b)).collect();
        let graph = Graph::new(&files, imports);
        let groups = graph.groups.iter().map(|g| g.iter().map(|f| f.0).collect()).collect();
        (groups, graph.levels)
    }

    #[test]
    fn circles_are_one_group_and_come_after_what_they_import() {
        // 0 -> 1 -> 2 -> 0, 2 -> 3, 4 alone, 5 -> 0
        let (found, levels) = groups(6, &[(0, 1), (1, 2), (2, 0), (2, 3), (5, 0)]);
        assert_eq!(found, [vec![3], vec![2, 1, 0], vec![4], vec![5]]);
        assert_eq!(levels, [0, 1, 0, 2]);
    }

    #[test]
    fn islands_hold_what_hangs_together() {
        // 1 and 2 import 0, 4 imports 3, 5 imports 4 and 3, 6 is alone.
        let files: Vec<FileId> = (0..7).map(FileId).collect();
        let edges = [(1, 0), (2, 0), (4, 3), (5, 4), (5, 3)];
        let imports = |f: FileId| edges.iter().filter(|(a, _)| *a == f.0).map(|(_, b)| FileId(*b)).collect();
        let graph = Graph::new(&files, imports);
        let islands: Vec<Vec<(u32, usize)>> = (0..graph.islands())
            .map(|n| graph.island(n).iter().map(|&g| (graph.groups[g][0].0, graph.levels[g])).collect())
            .collect();
        assert_eq!(islands, [vec![(0, 0), (1, 1), (2, 1)], vec![(3, 0), (4, 1), (5, 2)], vec![(6, 0)]]);
    }

    #[test]
    fn a_file_that_imports_itself_is_a_group() {
        assert_eq!(groups(1, &[(0, 0)]).0, [vec![0]]);
    }

    #[test]
    fn long_chains_need_no_stack() {
        let count = 100_000;
        let files: Vec<FileId> = (0..count).map(FileId).collect();
        let graph = Graph::new(&files, |f| if f.0 + 1 < count { vec![FileId(f.0 + 1)] } else { Vec::new() });
        assert_eq!(graph.levels.iter().max(), Some(&(count as usize - 1)));
        assert_eq!(graph.islands(), 1);
    }
}
