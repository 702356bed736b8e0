//! Parts of a scan, for several machines.

use std::collections::HashSet;
use std::sync::Arc;

use super::Candidate;
use crate::args::Shard;

/// Which candidates are those of one part, by their paths. The parts hold about as many bytes each; which file is in which follows from sizes and
/// paths alone, so that machines agree without talking.
pub fn part(candidates: &[Candidate], part: Shard) -> HashSet<Arc<str>> {
    let size = |c: &Candidate| std::fs::symlink_metadata(&c.file).map_or(0, |m| m.len());
    let mut by_size: Vec<(u64, usize)> = candidates.iter().enumerate().map(|(i, c)| (size(c), i)).collect();
    by_size.sort_by_key(|(size, i)| (std::cmp::Reverse(*size), *i));
    let mut loads: Vec<(u64, usize)> = vec![(0, 0); part.count];
    let mut mine = HashSet::new();
    for (size, i) in by_size {
        // The lightest part, the first of equals; empty files count too, lest one part gets all of them.
        let Some(lightest) = (0..part.count).min_by_key(|n| loads[*n]) else { break };
        loads[lightest].0 += size;
        loads[lightest].1 += 1;
        if lightest == part.index {
            mine.insert(candidates[i].path.clone());
        }
    }
    mine
}
