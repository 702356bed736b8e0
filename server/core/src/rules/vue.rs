//! Vue, by its names.

use sidenote_grammars::{Field, Kind};

use super::Cx;
use super::support::ecma_path;
use crate::syntax::Node;

fn is_module(module: &str) -> bool {
    matches!(module, "vue" | "@vue/composition-api" | "@vue/reactivity" | "@vue/runtime-core" | "vue-demi")
}

/// Whether the file at hand imports anything of it.
pub fn is_imported(cx: &Cx<'_>) -> bool {
    cx.file.imports.iter().any(|(_, path)| is_module(path.rsplit_once('.').map_or(path, |(module, _)| module)))
}

/// The name of its function that a call calls: `computed`.
pub fn called(call: Node<'_>, cx: &Cx<'_>) -> Option<String> {
    let callee = call.child(Field::Function).filter(|_| call.kind() == Kind::CallExpression)?;
    let path = ecma_path(callee, cx)?;
    let (module, name) = path.rsplit_once('.')?;
    is_module(module).then(|| name.to_owned())
}
