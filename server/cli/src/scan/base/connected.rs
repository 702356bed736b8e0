//! Files that have something to do with each other.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

/// The files to which some lead by edges in either direction, these among them. Nothing else decides what is found in them,
/// and in nothing else do they decide.
pub fn connected<'e>(
    edges: impl Iterator<Item = &'e (Arc<str>, Arc<str>)>,
    from: impl Iterator<Item = Arc<str>>,
) -> HashSet<Arc<str>> {
    let mut beside: HashMap<&str, Vec<&Arc<str>>> = HashMap::new();
    for (a, b) in edges {
        beside.entry(a).or_default().push(b);
        beside.entry(b).or_default().push(a);
    }
    let mut found: HashSet<Arc<str>> = from.collect();
    let mut open: Vec<Arc<str>> = found.iter().cloned().collect();
    while let Some(path) = open.pop() {
        for other in beside.get(&*path).into_iter().flatten() {
            if found.insert(Arc::clone(other)) {
                open.push(Arc::clone(other));
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn edges_are_followed_both_ways() {
        let edges: Vec<(Arc<str>, Arc<str>)> =
            [("a", "b"), ("c", "b"), ("c", "d"), ("x", "y")].iter().map(|(a, b)| ((*a).into(), (*b).into())).collect();
        let of = |from: &str| {
            let mut found: Vec<String> =
                connected(edges.iter(), [Arc::from(from)].into_iter()).iter().map(|p| p.to_string()).collect();
            found.sort();
            found.join(" ")
        };
        assert_eq!(of("a"), "a b c d");
        assert_eq!(of("d"), "a b c d");
        assert_eq!(of("y"), "x y");
        assert_eq!(of("alone"), "alone");
    }
}
