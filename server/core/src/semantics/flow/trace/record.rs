//! What the interpreter notes down while somebody listens.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;

use rustc_hash::{FxHashMap, FxHashSet};

use crate::semantics::hir::{ExprId, Ustr};
use crate::syntax::{Arena, Span};

use super::super::guard::{Learned, Lessons};
use super::super::kinds::{SinkKind, SinkKinds};
use super::super::value::{At, Origin, Val, Value, join};

/// Most notes of each kind.
const MAX_NOTES: usize = 5_000;

/// Everything that was noted.
#[derive(Default)]
pub struct Record {
    /// What expressions were, joined over all runs, by block and expression.
    pub values: FxHashMap<(usize, ExprId), Val>,
    /// What was known of calls.
    pub calls: FxHashMap<(usize, ExprId), CallNote>,
    /// Sinks.
    pub sinks: Vec<SinkNote>,
    sink_index: FxHashMap<(SinkKind, usize, Span, bool), usize>,
    /// Where conditions made something harmless.
    pub barriers: Vec<Barrier>,
    /// Calls with foreign data that were asked for their truth.
    pub guards: Vec<Guard>,
    /// Keeps the syntax alive whose addresses are keys.
    arenas: FxHashMap<usize, Arc<Arena>>,
}

/// A sink that was met.
pub struct SinkNote {
    pub kind: SinkKind,
    pub at: At,
    pub name: Ustr,
    /// What reaches it, joined over all runs.
    pub value: Val,
    /// Whether fields count too.
    pub deep: bool,
    /// The condition that does not hold, if it is none for that.
    pub unmet: Option<String>,
}

/// What was known of a call.
#[derive(Clone)]
pub struct CallNote {
    pub name: Ustr,
    pub name_span: Span,
    pub paths: Vec<Ustr>,
    /// Functions of the program that it may call.
    pub funcs: Vec<super::super::value::FuncRef>,
    /// Whether it makes an instance of a class of the program.
    pub class: bool,
    /// Whether a model describes it, and whether that says where values go.
    pub model: Option<bool>,
    /// Whether its name says that it hands text on.
    pub transforms: bool,
    /// Kinds of sinks for which its result is harmless.
    pub cleans: SinkKinds,
}

/// A condition that makes something harmless for some kinds.
pub struct Barrier {
    pub at: At,
    pub kinds: SinkKinds,
    /// What it was that was learned.
    pub what: &'static str,
    /// The data that it was learned of.
    pub origins: Vec<Origin>,
}

/// A call in which foreign data is looked at.
pub struct Guard {
    pub at: At,
    pub name: Ustr,
    /// What its truth says.
    pub kinds: SinkKinds,
    pub origins: Vec<Origin>,
}

/// Takes notes.
#[derive(Default)]
pub struct Recorder {
    /// The blocks that are asked about, by the address of their syntax.
    wanted: FxHashSet<usize>,
    record: RefCell<Record>,
}

thread_local! {
    static CURRENT: RefCell<Option<Rc<Recorder>>> = const { RefCell::new(None) };
}

/// Who listens on this thread, if anybody does.
pub fn current() -> Option<Rc<Recorder>> {
    CURRENT.with_borrow(Clone::clone)
}

/// Whether somebody listens on this thread.
pub fn is_heard() -> bool {
    CURRENT.with_borrow(Option::is_some)
}

/// Does something on this thread, and notes what the interpreter does meanwhile in some blocks.
pub fn during(wanted: FxHashSet<usize>, work: impl FnOnce()) -> Record {
    /// Nobody listens any more, also after a panic.
    struct Silence;
    impl Drop for Silence {
        fn drop(&mut self) {
            CURRENT.set(None);
        }
    }
    let recorder = Rc::new(Recorder { wanted, record: RefCell::default() });
    CURRENT.set(Some(recorder.clone()));
    let silence = Silence;
    work();
    drop(silence);
    recorder.record.take()
}

fn origins(values: &[&Val]) -> Vec<Origin> {
    let mut out: Vec<Origin> = Vec::new();
    for taint in values.iter().flat_map(|v| v.deep_taints()) {
        if !out.contains(&taint.origin) {
            out.push(taint.origin);
        }
    }
    out
}

impl Recorder {
    fn wants(&self, arena: &Arc<Arena>) -> bool {
        self.wanted.contains(&(Arc::as_ptr(arena) as usize))
    }

    /// An expression was evaluated.
    pub fn value(&self, arena: &Arc<Arena>, id: ExprId, value: &Val) {
        if !self.wants(arena) {
            return;
        }
        let mut record = self.record.borrow_mut();
        let key = (Arc::as_ptr(arena) as usize, id);
        record.arenas.entry(key.0).or_insert_with(|| arena.clone());
        record.values.entry(key).and_modify(|old| *old = join(old, value)).or_insert_with(|| value.clone());
    }

    /// A value stands where harm may be done.
    pub fn sink(&self, kind: SinkKind, at: &At, name: Ustr, value: &Value, deep: bool) {
        self.note_sink(kind, at, name, value, deep, None);
    }

    /// A sink is none, for a condition does not hold.
    pub fn unmet(&self, kind: SinkKind, at: &At, name: Ustr, value: &Value, condition: String) {
        self.note_sink(kind, at, name, value, false, Some(condition));
    }

    fn note_sink(&self, kind: SinkKind, at: &At, name: Ustr, value: &Value, deep: bool, unmet: Option<String>) {
        if !self.wants(&at.arena) {
            return;
        }
        let Record { sinks, sink_index, .. } = &mut *self.record.borrow_mut();
        let value = Arc::new(value.clone());
        let key = (kind, Arc::as_ptr(&at.arena) as usize, at.span, unmet.is_some());
        let index = *sink_index.entry(key).or_insert(sinks.len());
        match sinks.get_mut(index) {
            Some(known) => known.value = join(&known.value, &value),
            None => sinks.push(SinkNote { kind, at: at.clone(), name, value, deep, unmet }),
        }
    }

    /// A call was evaluated.
    pub fn call(&self, arena: &Arc<Arena>, id: ExprId, note: CallNote) {
        if self.wants(arena) {
            self.record.borrow_mut().calls.insert((Arc::as_ptr(arena) as usize, id), note);
        }
    }

    /// A condition says something of a value.
    pub fn learned(&self, at: At, learned: &Learned, value: &Val) {
        let (kinds, what) = match learned {
            Learned::Clean(kinds) => (*kinds, "a check"),
            Learned::Is(_) => (SinkKinds::ALL, "a comparison with a constant"),
            Learned::Below(_, kinds) => (*kinds, "a check of a part"),
            Learned::Of(_) => return,
        };
        if !self.wants(&at.arena) {
            return;
        }
        let origins = origins(&[value]);
        let barriers = &mut self.record.borrow_mut().barriers;
        if origins.is_empty() || barriers.len() >= MAX_NOTES {
            return;
        }
        if !barriers.iter().any(|b| b.at == at && b.kinds == kinds && b.origins == origins) {
            barriers.push(Barrier { at, kinds, what, origins });
        }
    }

    /// The truth of a call says something of values, or nothing.
    pub fn guard(&self, at: At, name: Ustr, values: &[&Val], lessons: [&Lessons; 2]) {
        if !self.wants(&at.arena) {
            return;
        }
        let origins = origins(values);
        if origins.is_empty() {
            return;
        }
        let kinds = lessons.iter().flat_map(|l| l.iter()).fold(SinkKinds::NONE, |kinds, (_, learned)| match learned {
            Learned::Clean(k) => kinds | *k,
            Learned::Is(_) => SinkKinds::ALL,
            Learned::Of(_) | Learned::Below(..) => kinds,
        });
        let guards = &mut self.record.borrow_mut().guards;
        if let Some(known) = guards.iter_mut().find(|g| g.at == at) {
            known.kinds = known.kinds | kinds;
            for origin in origins {
                if !known.origins.contains(&origin) {
                    known.origins.push(origin);
                }
            }
        } else if guards.len() < MAX_NOTES {
            guards.push(Guard { at, name, kinds, origins });
        }
    }
}
