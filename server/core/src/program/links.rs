//! What a file names of other files.

use rustc_hash::FxHashSet;
use sidenote_grammars::{Family, Field, Kind};

use crate::blocks::{Block, BlockKind, Blocks};
use crate::semantics::hir::{Export, ExprKind, Hir, Ustr};

/// What a file names of other files, before anybody knows where that is.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Names {
    /// JavaScript: specifiers of modules. Rust: first names of paths, which may be crates. Sorted.
    pub modules: Vec<Ustr>,
    /// Rust: modules that are declared without a body, by their path in the file, with the file that an attribute names.
    pub declared: Vec<(Ustr, Option<String>)>,
}

impl Names {
    /// Reads the names from all blocks of a file.
    pub fn of(blocks: &Blocks) -> Names {
        let mut names: FxHashSet<Ustr> = FxHashSet::default();
        let mut declared = Vec::new();
        let rust = blocks.language().family == Family::Rust;
        // The inline modules around the block at hand.
        let mut around: Vec<Option<String>> = Vec::new();
        for placed in blocks.iter() {
            let hir = placed.block.hir();
            if !rust {
                ecma(&hir, &mut names);
                continue;
            }
            first_names(&hir, &mut names);
            around.truncate(placed.depth);
            let outer = around.last().cloned().unwrap_or_else(|| Some(String::new()));
            let inner = match (placed.block.kind(), hir.classes.first()) {
                (BlockKind::Module, _) => outer,
                (BlockKind::Container, Some(class)) if class.is_namespace => {
                    let name = class.name.unwrap_or_default();
                    outer.map(|o| if o.is_empty() { name.to_string() } else { format!("{o}::{name}") })
                }
                _ => None,
            };
            if let Some(path) = &inner {
                modules(placed.block, path, &mut declared);
            }
            around.push(inner);
        }
        let mut modules: Vec<Ustr> = names.into_iter().collect();
        modules.sort_unstable_by_key(|n| n.as_str());
        Names { modules, declared }
    }
}

fn ecma(hir: &Hir, names: &mut FxHashSet<Ustr>) {
    names.extend(hir.imports.iter().filter(|i| !i.type_only).map(|i| i.module));
    for export in &hir.exports {
        if let Export::From { module, .. } | Export::All { module } = export {
            names.insert(*module);
        }
    }
    for expr in &hir.exprs {
        if let ExprKind::Call { callee, args, .. } = &expr.kind
            && let ExprKind::Name(name) = &hir.expr(*callee).kind
            && matches!(name.as_str(), "require" | "import")
            && let Some(module) = args.first().and_then(|a| hir.as_str(a.value))
        {
            names.insert(module);
        }
    }
}

fn first_names(hir: &Hir, names: &mut FxHashSet<Ustr>) {
    let mut add = |path: &str| {
        let first = path.trim_start_matches("::").split("::").next().unwrap_or_default();
        if !matches!(first, "" | "crate" | "self" | "super" | "Self" | "std" | "core" | "alloc") {
            names.insert(Ustr::from(first));
        }
    };
    hir.imports.iter().for_each(|i| add(&i.module));
    for expr in &hir.exprs {
        match &expr.kind {
            ExprKind::Name(path) | ExprKind::Object(Some(path), _) if path.contains("::") => add(path),
            _ => {}
        }
    }
}

/// `mod name;` among a module's items.
fn modules(block: &Block, around: &str, out: &mut Vec<(Ustr, Option<String>)>) {
    let root = block.arena().root();
    let body = if root.kind() == Kind::SourceFile { Some(root) } else { root.child(Field::Body) };
    let mut path: Option<String> = None;
    for item in body.into_iter().flat_map(|b| b.named_children()) {
        match item.kind() {
            Kind::AttributeItem => {
                let text = item.text();
                if text.trim_start_matches("#[").trim_start().starts_with("path") {
                    path = text.split('"').nth(1).map(str::to_owned);
                }
            }
            Kind::ModItem => {
                let child = item.hole().and_then(|n| block.child(n));
                let item = child.map_or(item, |c| c.arena().root());
                if let Some(name) = item.child(Field::Name).filter(|_| item.child(Field::Body).is_none()) {
                    let name = name.text();
                    let whole = if around.is_empty() { name.to_owned() } else { format!("{around}::{name}") };
                    out.push((Ustr::from(&whole), path.take()));
                }
                path = None;
            }
            _ if item.is_comment() => {}
            _ => path = None,
        }
    }
}
