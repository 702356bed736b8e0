//! Symbols: the named functions, classes and modules of a file, which are its blocks.

use sidenote_core::blocks::{Block, BlockKind, Placed};
use sidenote_core::document::Document;
use sidenote_core::grammars::{Field, Kind};
use tower_lsp::ls_types::{DocumentSymbol, Location, OneOf, Range, SymbolInformation, SymbolKind, WorkspaceSymbol};

use crate::catalog::{Entry, Symbol};
use crate::convert::Positions;
use crate::meaning::Answer;

/// Symbols of a whole workspace in one answer; a user narrows the query rather than read more.
const MOST: usize = 256;

/// The symbols of a file, each with the names around it.
pub(crate) fn flat(document: &Document, positions: &Positions<'_>) -> Vec<Symbol> {
    let mut around: Vec<Option<&str>> = Vec::new();
    let mut symbols = Vec::new();
    for placed in document.blocks().iter() {
        around.truncate(placed.depth);
        if let Some(name) = placed.block.name() {
            symbols.push(Symbol {
                name: name.to_owned(),
                container: around.iter().flatten().copied().collect::<Vec<_>>().join("."),
                kind: kind(placed.block, around.iter().any(Option::is_some)),
                range: selection(&placed, positions),
            });
        }
        around.push(placed.block.name());
    }
    symbols
}

/// The symbols of a file as a tree.
pub(crate) fn tree(document: &Document, positions: &Positions<'_>) -> Vec<DocumentSymbol> {
    // Symbols whose children are still to come, outermost first, each with its depth.
    let mut open: Vec<(usize, DocumentSymbol)> = Vec::new();
    let mut roots = Vec::new();
    let close = |open: &mut Vec<(usize, DocumentSymbol)>, roots: &mut Vec<DocumentSymbol>| {
        let Some((_, done)) = open.pop() else { return };
        match open.last_mut() {
            Some((_, parent)) => parent.children.get_or_insert_default().push(done),
            None => roots.push(done),
        }
    };
    for placed in document.blocks().iter() {
        while open.last().is_some_and(|(depth, _)| *depth >= placed.depth) {
            close(&mut open, &mut roots);
        }
        let Some(name) = placed.block.name().filter(|n| !n.trim().is_empty()) else { continue };
        #[allow(deprecated, reason = "the type demands it")]
        let symbol = DocumentSymbol {
            name: name.to_owned(),
            detail: None,
            kind: kind(placed.block, !open.is_empty()),
            tags: None,
            deprecated: None,
            range: positions.range(&(placed.start..placed.start + placed.block.len())),
            selection_range: selection(&placed, positions),
            children: None,
        };
        open.push((placed.depth, symbol));
    }
    while !open.is_empty() {
        close(&mut open, &mut roots);
    }
    roots
}

/// The tree without its shape, for clients that cannot show one.
#[allow(deprecated, reason = "the type demands it")]
pub(crate) fn information(symbols: Vec<Symbol>, uri: &tower_lsp::ls_types::Uri) -> Vec<SymbolInformation> {
    let make = |s: Symbol| SymbolInformation {
        name: s.name,
        kind: s.kind,
        tags: None,
        deprecated: None,
        location: Location { uri: uri.clone(), range: s.range },
        container_name: Some(s.container).filter(|c| !c.is_empty()),
    };
    symbols.into_iter().map(make).collect()
}

/// Whether a query is a question: a name has no words.
pub(crate) fn is_question(query: &str) -> bool {
    query.split_whitespace().count() > 1
}

/// The symbols of files that fit a query best, and functions that answer it.
pub(crate) fn search(files: &[std::sync::Arc<Entry>], query: &str, answers: Vec<Answer>) -> Vec<WorkspaceSymbol> {
    let query = query.to_lowercase();
    let mut found: Vec<(u8, &Symbol, &Entry)> = files
        .iter()
        .flat_map(|entry| entry.symbols.iter().map(move |s| (s, entry)))
        .filter_map(|(s, entry)| Some((rank(&s.name, &query)?, s, entry.as_ref())))
        .collect();
    found.sort_by(|a, b| (a.0, a.1.name.len(), &a.1.name, &a.2.path).cmp(&(b.0, b.1.name.len(), &b.1.name, &b.2.path)));
    // Letters in order say less than an answer.
    let sure = found.partition_point(|f| f.0 < 3);
    let answers = answers.into_iter().map(|Answer { place, .. }| WorkspaceSymbol {
        name: place.symbol.clone(),
        kind: place.kind,
        tags: None,
        container_name: Some(place.path),
        location: OneOf::Left(Location { uri: place.uri, range: place.range }),
        data: None,
    });
    let named = |(_, s, entry): &(u8, &Symbol, &Entry)| WorkspaceSymbol {
        name: s.name.clone(),
        kind: s.kind,
        tags: None,
        container_name: Some(if s.container.is_empty() { entry.path.clone() } else { s.container.clone() }),
        location: OneOf::Left(Location { uri: entry.uri.clone(), range: s.range }),
        data: None,
    };
    let (first, last) = found.split_at(sure);
    first.iter().map(named).chain(answers).chain(last.iter().map(named)).take(MOST).collect()
}

/// How well a name fits a query in lower case, best first: equal, begins with it, holds it, holds its letters in order.
fn rank(name: &str, query: &str) -> Option<u8> {
    let name = name.to_lowercase();
    if name == query {
        return Some(0);
    }
    match name.find(query) {
        Some(0) => Some(1),
        Some(_) => Some(2),
        None => {
            let mut letters = name.chars();
            query.chars().filter(|c| !c.is_whitespace()).all(|c| letters.any(|l| l == c)).then_some(3)
        }
    }
}

fn kind(block: &Block, inside: bool) -> SymbolKind {
    match (block.kind(), block.arena().root().kind()) {
        (BlockKind::Function, Kind::MethodDefinition) => SymbolKind::METHOD,
        (BlockKind::Function, Kind::FunctionItem) if inside => SymbolKind::METHOD,
        (BlockKind::Function, _) => SymbolKind::FUNCTION,
        (BlockKind::Container, Kind::TraitItem) => SymbolKind::INTERFACE,
        (BlockKind::Container, Kind::ModItem) => SymbolKind::MODULE,
        (BlockKind::Container, Kind::ImplItem) => SymbolKind::OBJECT,
        (BlockKind::Container, _) => SymbolKind::CLASS,
        (BlockKind::Module, _) => SymbolKind::FILE,
    }
}

/// The name's place.
fn selection(placed: &Placed<'_>, positions: &Positions<'_>) -> Range {
    let root = placed.block.arena().root();
    let name = root.child(Field::Name).or_else(|| root.child(Field::Type));
    positions.range(&name.map_or(placed.start..placed.start, |n| placed.range(n.span())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_ranked() {
        let ranks: Vec<_> = ["load", "loadAll", "reload", "lockedAd", "lad"].map(|n| rank(n, "load")).into();
        assert_eq!(ranks, [Some(0), Some(1), Some(2), Some(3), None]);
        assert_eq!(rank("anything", ""), Some(1));
    }
}
