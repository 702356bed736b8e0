//! Functions that repeat those of other files: known only when all files were read.

use std::collections::HashMap;
use std::sync::Arc;

use rayon::prelude::*;
use sidenote_core::duplicates::{Shape, Unit, twins};
use sidenote_core::engine::{Twin, TwinPlace};
use sidenote_core::findings::Location;

use super::Read;
use super::analyze::{Copies, Loaded};
use super::walk::Candidate;
use super::workspace::Workspace;

/// The files that hold copies of functions of other files, by their paths, with all copies in them. What has twins in its own file
/// alone is found with the file.
pub fn across(workspace: &Workspace, files: &[(&Candidate, &Read)]) -> HashMap<Arc<str>, Copies> {
    let of_file = |(n, (candidate, loaded)): (usize, &(&Candidate, &Read))| -> Vec<(usize, Unit, u32)> {
        let Ok(Some(Loaded::Parsed(parsed))) = loaded else { return Vec::new() };
        let document = &parsed.document;
        let line = |unit: &Unit| document.text().line_of(unit.head.start) as u32 + 1;
        let units = workspace.engine(candidate.project).units(document);
        units.into_iter().map(|unit| (n, line(&unit), unit)).map(|(n, line, unit)| (n, unit, line)).collect()
    };
    let units: Vec<Vec<_>> = files.par_iter().enumerate().map(of_file).collect();
    let units: Vec<(usize, Unit, u32)> = units.into_iter().flatten().collect();
    let shapes: Vec<&Shape> = units.iter().map(|(_, unit, _)| &*unit.shape).collect();
    let found = twins(&shapes);
    let mut all = HashMap::new();
    let mut at = 0;
    while at < units.len() {
        let file = units[at].0;
        let end = at + units[at..].iter().take_while(|u| u.0 == file).count();
        let outside = |n: usize| found[n].told.iter().any(|(other, _)| units[*other].0 != file);
        if (at..end).any(|n| found[n].is_copy && outside(n)) {
            let copies = (at..end).filter(|n| found[*n].is_copy).map(|n| {
                let twin = |&(other, structure): &(usize, f32)| {
                    let (of, unit, line) = &units[other];
                    let place = if *of == file {
                        TwinPlace::Here(unit.index)
                    } else {
                        let path = Some(files[*of].0.path.clone());
                        TwinPlace::There(Location { path, range: unit.head.clone(), line: *line })
                    };
                    Twin { place, name: unit.name.clone(), structure }
                };
                (units[n].1.index, found[n].count, found[n].told.iter().map(twin).collect())
            });
            all.insert(files[file].0.path.clone(), copies.collect());
        }
        at = end;
    }
    all
}
