//! Parts of a scan, for several machines.

use super::Candidate;
use crate::args::Shard;

/// Leaves the candidates of one part. The parts hold about as many bytes each; which file is in which follows from sizes and
/// paths alone, so that machines agree without talking.
pub fn shard(candidates: &mut Vec<Candidate>, part: Shard) {
    let size = |c: &Candidate| std::fs::symlink_metadata(&c.file).map_or(0, |m| m.len());
    let mut by_size: Vec<(u64, usize)> = candidates.iter().enumerate().map(|(i, c)| (size(c), i)).collect();
    by_size.sort_by_key(|(size, i)| (std::cmp::Reverse(*size), *i));
    let mut loads: Vec<(u64, usize)> = vec![(0, 0); part.count];
    let mut mine = vec![false; candidates.len()];
    for (size, i) in by_size {
        // The lightest part, the first of equals; empty files count too, lest one part gets all of them.
        let Some(lightest) = (0..part.count).min_by_key(|n| loads[*n]) else { return };
        loads[lightest].0 += size;
        loads[lightest].1 += 1;
        mine[i] = lightest == part.index;
    }
    let mut mine = mine.into_iter();
    candidates.retain(|_| mine.next().unwrap_or(false));
}
