//! What the interpreter asks of the world outside its block.

use std::sync::Arc;

use crate::semantics::hir::Ustr;
use crate::syntax::{Arena, Span};

use super::kinds::{SinkKind, SinkKinds};
use super::value::{At, ClassRef, FuncRef, Step, Val, identical, same_way};

/// The linker, as the interpreter sees it.
pub trait World {
    /// What a name from outside the block is: an enclosing block's variable, a module's binding, an import, a global.
    fn name(&self, name: Ustr) -> Val;

    /// The n-th child block, as a value.
    fn child(&self, n: u32) -> Val;

    /// Hashes of all words of the n-th child block, what is in it included ([`crate::blocks::Block::words`]).
    fn words(&self, n: u32) -> Arc<[u32]>;

    /// API paths of a type as written, if it is a library's.
    fn type_path(&self, path: Ustr) -> Option<Ustr>;

    /// The class of the program of that name.
    fn class(&self, path: Ustr) -> Option<ClassRef>;

    /// What is known of a function in another block.
    fn summary(&self, func: &FuncRef) -> Option<Arc<Summary>>;

    /// The block that holds a function, with the function's span there; `None` where it is in another file.
    fn code(&self, func: &FuncRef) -> Option<(Arc<Arena>, Span)>;

    /// A member of a class: a method, or what its fields hold.
    fn class_member(&self, class: &ClassRef, name: Ustr) -> Option<Val>;

    /// What a module is.
    fn module(&self, specifier: Ustr) -> Val;

    /// What other blocks put into a cell.
    fn cell(&self, name: Ustr) -> Option<Val>;

    /// `super`: the parent class, as an instance.
    fn super_value(&self) -> Val;

    /// What a `catch` catches.
    fn caught(&self) -> Val;

    /// A field of a class that a derived `Debug` shows and whose name says that it is secret.
    fn shown_secret(&self, class: &ClassRef) -> Option<Ustr>;

    /// Whether a type is an enum whose variants hold nothing (Rust): no text hides in it.
    fn is_enumeration(&self, class: &ClassRef) -> bool;

    /// Whether a cast converts (Rust) or only claims (TypeScript).
    fn casts_convert(&self) -> bool;

    /// Whether the n-th parameters of a function without known callers are those of a request handler by the names that
    /// people give them; their API paths.
    fn conventional(&self, names: &[Option<Ustr>]) -> Vec<Option<Ustr>>;

    /// The decorators of the method that is at work: their API paths, and their arguments as far as they are texts.
    fn decorators(&self) -> Vec<(Ustr, Vec<Ustr>)>;

    /// Whether a function that models do not know hands its arguments' text on, by its name.
    fn transforms(&self, name: Ustr) -> bool;

    /// Kinds of sinks for which a function that models do not know makes text harmless, by its name.
    fn cleans(&self, name: Ustr) -> SinkKinds;
}

/// What is known of a function without looking at it again.
#[derive(Clone, Debug)]
pub struct Summary {
    /// What it returns; taints of parameters stand for the arguments.
    pub result: Val,
    /// Sinks that its parameters reach.
    pub sinks: Vec<ParamSink>,
    /// Fields of parameters that it writes: parameter, path, value.
    pub writes: Vec<(u16, Vec<Ustr>, Val)>,
    /// Parameters that it calls, with the arguments.
    pub calls: Vec<(u16, Vec<Ustr>, Vec<Val>)>,
    /// What its outcome says of its parameters.
    pub told: Vec<super::interp::said::Told>,
    /// What it throws of its parameters' data, or of others'.
    pub throws: Option<Val>,
}

impl PartialEq for Summary {
    fn eq(&self, other: &Self) -> bool {
        self.result == other.result
            && self.writes == other.writes
            && self.calls == other.calls
            && self.told == other.told
            && self.throws == other.throws
            && self.sinks.len() == other.sinks.len()
            && self
                .sinks
                .iter()
                .zip(&other.sinks)
                .all(|(a, b)| a.param == b.param && a.path == b.path && a.kind == b.kind && a.at == b.at)
    }
}

impl Summary {
    /// Whether both are the same in everything, ways included.
    pub fn is_identical(&self, other: &Summary) -> bool {
        let values = |a: &[Val], b: &[Val]| a.len() == b.len() && a.iter().zip(b).all(|(x, y)| identical(x, y));
        let thrown = match (&self.throws, &other.throws) {
            (Some(a), Some(b)) => identical(a, b),
            (a, b) => a.is_none() && b.is_none(),
        };
        thrown
            && identical(&self.result, &other.result)
            && self == other
            && self.writes.iter().zip(&other.writes).all(|(a, b)| identical(&a.2, &b.2))
            && self.calls.iter().zip(&other.calls).all(|(a, b)| values(&a.2, &b.2))
            && self
                .sinks
                .iter()
                .zip(&other.sinks)
                .all(|(a, b)| a.name == b.name && a.prefix == b.prefix && same_way(a.trace.as_ref(), b.trace.as_ref()))
    }
}

/// A sink that a parameter reaches.
#[derive(Clone, Debug)]
pub struct ParamSink {
    /// Which parameter.
    pub param: u16,
    /// What of it.
    pub path: Vec<Ustr>,
    /// Where that is read.
    pub read: Option<Arc<At>>,
    /// Which harm.
    pub kind: SinkKind,
    /// The sink.
    pub at: At,
    /// Its name, for people.
    pub name: Ustr,
    /// From the parameter to the sink.
    pub trace: Option<Arc<Step>>,
    /// Constant text before the parameter's.
    pub prefix: Option<Ustr>,
}
