//! What a file imports, by local name: the cheap half of name resolution, for checks that look at syntax.

use std::collections::BTreeMap;

use sidenote_grammars::Family;

use super::hir::{ExprId, ExprKind, Hir, Imported, Key, PatId, PatKind, Ustr};

/// Local names of a file with the paths behind them.
///
/// Paths of JavaScript are `module.member` (`child_process.exec`; a scheme `node:` is dropped, the default export is the
/// module itself); those of Rust are as written (`std::process::Command`).
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Imports {
    /// Keyed by text, not by name: most questions come from rules with pieces of source, which must not be interned for an
    /// answer that is mostly no.
    paths: BTreeMap<&'static str, Ustr>,
    declared: std::collections::BTreeSet<&'static str>,
    globs: Vec<Ustr>,
}

impl Imports {
    /// Reads the imports of a module's lowered top level.
    pub fn of(module: &Hir, family: Family) -> Imports {
        let mut imports = Imports::default();
        let join = if family == Family::Rust { "::" } else { "." };
        for import in &module.imports {
            let base = bare(&import.module);
            let path = match import.what {
                Imported::Default | Imported::Namespace => Ustr::from(base),
                Imported::Name(name) if name == "default" => Ustr::from(base),
                Imported::Name(name) => Ustr::from(&format!("{base}{join}{name}")),
                Imported::Glob => {
                    imports.globs.push(Ustr::from(base));
                    continue;
                }
            };
            imports.paths.insert(import.local.as_str(), path);
        }
        for (name, _) in &module.bindings {
            imports.declared.insert(name.as_str());
        }
        if family == Family::Ecma {
            for expr in &module.exprs {
                if let ExprKind::Let { pat, value: Some(value), .. } = &expr.kind
                    && let Some(path) = required(module, *value)
                {
                    imports.bind(module, *pat, &path);
                }
            }
        }
        imports
    }

    fn bind(&mut self, hir: &Hir, pat: PatId, path: &str) {
        match &hir.pat(pat).kind {
            PatKind::Bind(local, _) => {
                self.paths.insert(hir.local(*local).name.as_str(), Ustr::from(path));
            }
            PatKind::Object { fields, .. } => {
                for (key, sub) in fields {
                    if let Key::Name(name) = key
                        && let PatKind::Bind(local, _) = &hir.pat(*sub).kind
                    {
                        self.paths.insert(hir.local(*local).name.as_str(), Ustr::from(&format!("{path}.{name}")));
                    }
                }
            }
            _ => {}
        }
    }

    /// The path behind a local name.
    pub fn path(&self, local: &str) -> Option<&'static str> {
        self.paths.get(local).map(|p| p.as_str())
    }

    /// Whether the file's top level declares the name itself.
    pub fn declares(&self, name: &str) -> bool {
        self.declared.contains(name) && self.path(name).is_none()
    }

    /// Whether the name is imported or declared at the file's top level.
    pub fn binds(&self, name: &str) -> bool {
        self.declared.contains(name) || self.paths.contains_key(name)
    }

    /// Local names with their paths.
    pub fn iter(&self) -> impl Iterator<Item = (&'static str, &'static str)> {
        self.paths.iter().map(|(a, b)| (*a, b.as_str()))
    }

    /// Modules of which every name is imported (Rust's globs).
    pub fn globs(&self) -> impl Iterator<Item = &'static str> {
        self.globs.iter().map(|g| g.as_str())
    }
}

/// A module's name without a `node:` scheme.
pub fn bare(module: &str) -> &str {
    match module.strip_prefix("node:").unwrap_or(module) {
        // The package's former name, which no global has.
        "open" => "opn",
        name => name,
    }
}

/// The path of `require("m")`, `require("m").a.b`.
fn required(hir: &Hir, id: ExprId) -> Option<String> {
    match &hir.expr(id).kind {
        ExprKind::Call { callee, args, .. } => {
            let name = matches!(hir.expr(*callee).kind, ExprKind::Name(n) if n == "require");
            let module = args.first().and_then(|a| hir.as_str(a.value))?;
            name.then(|| bare(&module).to_owned())
        }
        ExprKind::Field(base, name) => required(hir, *base).map(|b| format!("{b}.{name}")),
        ExprKind::Await(inner) => required(hir, *inner),
        _ => None,
    }
}
