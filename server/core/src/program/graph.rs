//! Which files import which: groups, and the order in which they are analysed.

use rustc_hash::FxHashMap;

use crate::semantics::flow::FileId;

/// Groups of files that import each other in a circle, each after those that it imports.
#[derive(Default)]
pub(super) struct Graph {
    /// The files of each group, in the order of their evaluation.
    pub groups: Vec<Vec<FileId>>,
    /// Groups by how many are below them at most: those of one level know nothing of each other.
    pub levels: Vec<Vec<usize>>,
    /// The group of each file.
    pub of: FxHashMap<FileId, usize>,
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
        let mut level: Vec<usize> = Vec::new();
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
                let below = members
                    .iter()
                    .flat_map(|m| imports(*m))
                    .filter_map(|i| graph.of.get(&i).filter(|g| **g != number).map(|g| level[*g] + 1));
                level.push(below.max().unwrap_or(0));
                graph.groups.push(members);
            }
        }
        for (group, &at) in level.iter().enumerate() {
            if graph.levels.len() <= at {
                graph.levels.resize(at + 1, Vec::new());
            }
            graph.levels[at].push(group);
        }
        graph
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
        (groups, graph.levels.iter().map(Vec::len).collect())
    }

    #[test]
    fn circles_are_one_group_and_come_after_what_they_import() {
        // 0 -> 1 -> 2 -> 0, 2 -> 3, 4 alone, 5 -> 0
        let (found, levels) = groups(6, &[(0, 1), (1, 2), (2, 0), (2, 3), (5, 0)]);
        assert_eq!(found, [vec![3], vec![2, 1, 0], vec![4], vec![5]]);
        assert_eq!(levels, [2, 1, 1]);
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
        assert_eq!(graph.levels.len(), count as usize);
    }
}
