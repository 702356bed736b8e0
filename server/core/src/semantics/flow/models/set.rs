//! The models that hold for a file: the built-in ones, and those of its configuration over them.

use std::sync::Arc;

use sidenote_grammars::Family;

use super::load::ModelProblem;
use super::raw::{ModelLanguage, RawModel};
use super::{Catalog, Models};

/// The models that hold for a file. Equal sets say the same of every file.
#[derive(Clone, Debug, Default)]
pub struct ModelSet {
    own: Option<Arc<Own>>,
}

#[derive(Debug)]
struct Own {
    /// Hash of the texts that the models were read from.
    key: blake3::Hash,
    ecma: Models,
    rust: Models,
    raw: Vec<RawModel>,
}

impl PartialEq for ModelSet {
    fn eq(&self, other: &ModelSet) -> bool {
        self.key() == other.key()
    }
}

impl Eq for ModelSet {}

impl ModelSet {
    /// The built-in models with one's own over them: a call that both describe does what one's own says, and all sources, sinks
    /// and flags hold. `key` names what they were read from.
    pub fn with_own(key: blake3::Hash, own: Vec<RawModel>) -> ModelSet {
        if own.is_empty() {
            return ModelSet::default();
        }
        let build = |family: Family| {
            let mut models = Models::of(family).clone();
            models.own = true;
            for model in own.iter().filter(|m| holds_for(m, family)) {
                for problem in models.add(model) {
                    // Who made the list has checked it.
                    tracing::error!("a model of `{}`: {}", &*model.library, problem.message);
                }
            }
            models
        };
        let (ecma, rust) = (build(Family::Ecma), build(Family::Rust));
        ModelSet { own: Some(Arc::new(Own { key, ecma, rust, raw: own })) }
    }

    /// The models of a language family.
    pub fn of(&self, family: Family) -> &Models {
        match (&self.own, family) {
            (None, family) => Models::of(family),
            (Some(own), Family::Ecma) => &own.ecma,
            (Some(own), Family::Rust) => &own.rust,
        }
    }

    /// What tells this set from others; `None` for the built-in models alone.
    pub fn key(&self) -> Option<blake3::Hash> {
        self.own.as_ref().map(|own| own.key)
    }

    /// Everything that is known, one's own first.
    pub fn catalog(&self) -> Catalog {
        let own = self.own.as_ref().map(|o| o.raw.as_slice()).unwrap_or_default();
        Catalog::new(own)
    }
}

/// What is wrong with a model.
pub fn check_model(model: &RawModel) -> Vec<ModelProblem> {
    let mut scratch = Models { own: true, ..Models::default() };
    scratch.add(model)
}

pub(super) fn holds_for(model: &RawModel, family: Family) -> bool {
    match model.language {
        None => true,
        Some(ModelLanguage::Rust) => family == Family::Rust,
        Some(ModelLanguage::Typescript | ModelLanguage::Javascript) => family == Family::Ecma,
    }
}
