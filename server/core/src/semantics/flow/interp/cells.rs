//! Values that somebody sets later by calling a function: what a promise resolves to, React's state; and what else is
//! reached through an object rather than a name: listeners of events, prototypes, bound arguments, `super`.

use super::*;
use crate::semantics::flow::call::Call;
use crate::semantics::flow::value::THIS;

/// How the API path of a setter begins; the cell's name follows.
const CELL: &str = "@cell.";
/// Fields of a value that stand for what no code names.
pub(super) const BOUND: &str = "@bound";
pub(in crate::semantics::flow) const LISTENERS: &str = "@on:";
/// What an object without a prototype is.
pub(in crate::semantics::flow) const BARE: &str = "Object.create()";
/// Arguments that `bind` keeps, and that `arguments` gives.
pub(in crate::semantics::flow) const MAX_ARGUMENTS: usize = 6;

impl<'a> Interp<'a> {
    /// The cell that a call makes.
    fn cell_of(&self, call: &Call<'_>) -> Ustr {
        Ustr::from(&format!("{CELL}{:?}.{}", self.block, call.span.start))
    }

    pub(super) fn cell(&mut self, name: Ustr) -> Option<Val> {
        let own = self.cells.get(&name).cloned();
        match (own, self.world.cell(name)) {
            (Some(a), Some(b)) => Some(join(&a, &b)),
            (a, b) => a.or(b),
        }
    }

    pub(super) fn set_cell(&mut self, name: Ustr, value: &Val) {
        let value = self.cells.get(&name).map_or_else(|| value.clone(), |old| join(old, value));
        self.cells.insert(name, value);
    }

    /// Calls that do what no function of the program or of a library's model does; `None` for all others.
    pub(in crate::semantics::flow) fn special_call(&mut self, call: &Call<'_>) -> Option<Val> {
        if self.world.casts_convert() {
            return None;
        }
        if let Some(cell) = call.callee.apis.iter().copied().find(|p| p.starts_with(CELL)) {
            let mut value = call.args.first().cloned().unwrap_or_else(unknown);
            // `set((old) => ..)`
            for func in value.funcs.clone() {
                let old = self.cell(cell).unwrap_or_else(unknown);
                value = self.invoke(&func, &[old], None, call.span);
            }
            self.set_cell(cell, &value);
            return Some(unknown());
        }
        let is = |path: &str| call.paths.iter().any(|p| *p == path);
        // The program's own name: `process.argv.slice(0, 2)`.
        if call.name == "slice"
            && matches!(call.args.get(1).and_then(|a| a.as_lit()), Some(Lit::Num(n)) if *n <= 2.0)
            && call.receiver.as_ref().is_some_and(|r| r.apis.iter().any(|p| *p == "process.argv"))
        {
            return Some(unknown());
        }
        if call.new
            && matches!(call.name.as_str(), "Error" | "TypeError" | "RangeError" | "SyntaxError")
            && is(call.name.as_str())
            && let Some(message) = call.args.first().filter(|m| m.has_taint())
        {
            let made = Value::clone(&self.world.caught()).with_field(Ustr::from("message"), message.clone());
            return Some(Arc::new(made));
        }
        if call.new && is("Promise") {
            let func = call.args.first()?.funcs.first().copied()?;
            let cell = self.cell_of(call);
            self.hand_over(&func, &[api(cell), unknown()]);
            self.state.live = true;
            let value = self.cell(cell).unwrap_or_else(unknown);
            return Some(Arc::new(Value { prefix: None, ..Value::clone(&value) }));
        }
        if call.name == "withResolvers" && is("Promise.withResolvers") {
            let cell = self.cell_of(call);
            let promise = self.state_cell(cell);
            let made = Value { types: Types::OBJECT, ..Value::default() };
            let made = made.with_field(Ustr::from("promise"), promise).with_field(Ustr::from("resolve"), api(cell));
            return Some(Arc::new(made));
        }
        if matches!(call.name.as_str(), "useState" | "useSyncedState") && call.callee.funcs.is_empty() && !call.open {
            let mut first = call.args.first().cloned().unwrap_or_else(|| constant(Lit::Undefined));
            for func in first.funcs.clone() {
                first = self.hand_over(&func, &[]);
            }
            let cell = self.cell_of(call);
            self.set_cell(cell, &first);
            let state = self.state_cell(cell);
            let pair = Value { types: Types::OBJECT, ..Value::default() };
            return Some(Arc::new(pair.with_field(position(0), state).with_field(position(1), api(cell))));
        }
        if matches!(call.name.as_str(), "useMemo" | "useDeferredValue") && call.callee.funcs.is_empty() && !call.open {
            let first = call.args.first()?;
            let func = first.funcs.first().copied();
            return Some(func.map_or_else(|| first.clone(), |func| self.hand_over(&func, &[])));
        }
        if call.name == "setState"
            && call.receiver_id.is_some_and(|id| matches!(self.hir.expr(id).kind, ExprKind::This))
        {
            let mut value = call.args.first().cloned().unwrap_or_else(unknown);
            for func in value.funcs.clone() {
                value = self.hand_over(&func, &[]);
            }
            let name = Ustr::from("state");
            let old = self.state.this.field(name).cloned().unwrap_or_else(unknown);
            self.state.this = Arc::new(self.state.this.with_field(name, join(&old, &value)));
            self.out.param_write(THIS, vec![name], value);
            return Some(unknown());
        }
        // `new Map([["key", value]])`
        if call.new
            && is("Map")
            && let Some(list) = call.args.first()
            && list.has_taint()
        {
            let mut made = Value::clone(&self.collection(&unknown()));
            let mut known = false;
            for n in 0..8 {
                let Some(pair) = list.field(position(n)) else { break };
                let (Some(key), Some(value)) =
                    (pair.field(position(0)).and_then(|k| k.as_str()), pair.field(position(1)))
                else {
                    known = false;
                    break;
                };
                known = true;
                let element = made.field(*ELEMENT).map_or_else(|| value.clone(), |e| join(e, value));
                made = made.with_field(key, value.clone()).with_field(*ELEMENT, element);
            }
            if known {
                return Some(Arc::new(made));
            }
        }
        if let Some(made) = self.inherited(call) {
            return Some(made);
        }
        if let Some(left) = self.carried_call(call) {
            return Some(left);
        }
        if let Some(made) = self.observed(call) {
            return Some(made);
        }
        // What the page's own loader gives (Remix).
        if call.name == "useLoaderData" && call.callee.funcs.is_empty() && !call.open {
            let loader = self.world.name(Ustr::from("loader"));
            let func = loader.funcs.first().copied()?;
            return Some(self.hand_over(&func, &[]));
        }
        if let Some(made) = self.schema_call(call) {
            return Some(made);
        }
        self.event(call)
    }

    /// Prototypes that are made of others: `Object.create(Base.prototype)`, `util.inherits(Derived, Base)`.
    fn inherited(&mut self, call: &Call<'_>) -> Option<Val> {
        let is = |paths: &[&str]| call.paths.iter().any(|p| paths.contains(&p.as_str()));
        if is(&["Object.create"]) {
            let parent = call.args.first()?;
            // Nothing is found in it but what was put there.
            if matches!(parent.as_lit(), Some(Lit::Null)) {
                return Some(Arc::new(Value { types: Types::OBJECT, ..Value::clone(&api(Ustr::from(BARE))) }));
            }
            let functions = parent.fields().any(|(_, f)| !f.funcs.is_empty());
            return functions
                .then(|| Arc::new(Value { types: Types::OBJECT, fields: parent.fields.clone(), ..Value::default() }));
        }
        let both = is(&["util.inherits", "inherits"]);
        if !both && !is(&["Object.setPrototypeOf"]) {
            return None;
        }
        let prototype = Ustr::from("prototype");
        let of = |value: &Val| if both { value.field(prototype).cloned() } else { Some(value.clone()) };
        let (child, parent, place) = (call.args.first()?.clone(), of(call.args.get(1)?)?, *call.arg_ids.first()?);
        if parent.fields.is_none() || !self.is_place(place) {
            return None;
        }
        let own = of(&child).unwrap_or_else(|| of_type(Types::OBJECT));
        let mut made = Value::clone(&own);
        for (name, member) in parent.fields() {
            if own.field(*name).is_none() {
                made.set_field(*name, member.clone());
            }
        }
        let made: Val = Arc::new(made);
        let child = if both { Arc::new(child.with_field(prototype, made)) } else { made };
        self.put(place, child.clone());
        Some(child)
    }

    /// A function elsewhere called what it was given; if that is a setter, it sets its cell.
    pub(in crate::semantics::flow) fn settle(&mut self, callee: &Val, args: &[Val]) {
        if let Some(cell) = cell_set_by(callee) {
            let value = args.first().cloned().unwrap_or_else(unknown);
            self.set_cell(cell, &value);
        }
    }

    /// The value of a cell now; a second run of the block finds what was set later.
    pub(super) fn state_cell(&mut self, cell: Ustr) -> Val {
        let value = self.cell(cell).unwrap_or_else(unknown);
        self.read_cells.push((cell, value.clone()));
        // What is shown first is no promise of what comes later.
        Arc::new(Value { exact: false, ..Value::clone(&value) })
    }

    /// Whether a cell holds more than when it was read.
    pub(super) fn has_stale_cells(&mut self) -> bool {
        let read = std::mem::take(&mut self.read_cells);
        read.into_iter().any(|(cell, then)| self.cell(cell).is_some_and(|now| now != then))
    }

    /// `bus.on('x', f)` remembers `f` in `bus`; `bus.emit('x', ..)` calls it.
    fn event(&mut self, call: &Call<'_>) -> Option<Val> {
        let (receiver, id) = (call.receiver.as_ref()?, call.receiver_id?);
        let name = call.args.first()?.as_str()?;
        let field = || Ustr::from(&format!("{LISTENERS}{name}"));
        match call.name.as_str() {
            "on" | "once" | "addListener" | "prependListener" if call.args.len() == 2 => {
                let listener = call.args[1].clone();
                if !listener.funcs.is_empty() && self.is_place(id) {
                    let old = receiver.field(field()).cloned();
                    let all = old.map_or_else(|| listener.clone(), |old| join(&old, &listener));
                    self.put(id, Arc::new(receiver.with_field(field(), all)));
                    // Whoever has the same emitter in another file may emit it.
                    if is_emitter(receiver) && self.is_imported(id) {
                        self.set_cell(Ustr::from(&format!("{EVENT}{name}")), &listener);
                    }
                }
                // The model of the emitter, if there is one, says what else happens.
                None
            }
            "emit" => {
                let heard = receiver.field(field()).map(|l| l.funcs.clone());
                let listeners = match heard {
                    Some(listeners) => listeners,
                    None if is_emitter(receiver) && self.is_imported(id) => {
                        self.world.cell(Ustr::from(&format!("{EVENT}{name}")))?.funcs.clone()
                    }
                    None => return None,
                };
                for func in &listeners {
                    self.invoke(func, &call.args[1..], None, call.span);
                }
                (!listeners.is_empty()).then(|| of_type(Types::BOOL))
            }
            _ => None,
        }
    }

    /// Whether a name is one of another file.
    fn is_imported(&self, id: ExprId) -> bool {
        match &self.hir.expr(id).kind {
            ExprKind::Name(_) => true,
            ExprKind::Local(local) => {
                let text = self.arena.text();
                let name = self.hir.local(*local).name;
                text.contains(&format!("{name} = require(")) || text.contains(&format!("{name} }} = require("))
            }
            _ => false,
        }
    }

    /// A function with arguments that it will be called with before others.
    pub(in crate::semantics::flow) fn bound(&self, func: &Val, args: &[Val]) -> Val {
        if args.is_empty() || func.funcs.is_empty() {
            return func.clone();
        }
        let list = args.iter().take(MAX_ARGUMENTS).enumerate();
        let list = list.fold(Value::default(), |v, (n, arg)| v.with_field(position(n), arg.clone()));
        Arc::new(func.with_field(Ustr::from(BOUND), Arc::new(list)))
    }

    /// The arguments that a call of a function really has.
    pub(in crate::semantics::flow) fn with_bound(&self, func: &Val, args: &[Val]) -> Vec<Val> {
        let Some(bound) = func.field(Ustr::from(BOUND)) else { return args.to_vec() };
        let kept = (0..MAX_ARGUMENTS).map_while(|n| bound.field(position(n)).cloned());
        kept.chain(args.iter().cloned()).collect()
    }

    /// `arguments`.
    pub(super) fn arguments(&self) -> Val {
        let list = self.active.last().map(|a| a.args.as_slice()).unwrap_or_default();
        let list = list.iter().take(MAX_ARGUMENTS).enumerate();
        let made = list.fold(Value { types: Types::OBJECT, ..Value::default() }, |v, (n, arg)| {
            v.with_field(position(n), arg.clone())
        });
        Arc::new(made)
    }

    /// `new F(..)` where `F` is a function that fills `this`.
    pub(in crate::semantics::flow) fn construct_by(&mut self, func: &FuncRef, call: &Call<'_>) -> Val {
        let prototype = call.callee.field(Ustr::from("prototype"));
        let fields = prototype.map(|p| p.fields().cloned().collect()).unwrap_or_default();
        let instance: Val = Arc::new(Value { types: Types::OBJECT, ..Value::default() }.with_fields(fields));
        let args = self.with_bound(&call.callee, &call.args);
        if func.block == self.block {
            let outer = std::mem::replace(&mut self.state.this, instance);
            self.activate(func.id, &args, false);
            self.state.live = true;
            return std::mem::replace(&mut self.state.this, outer);
        }
        self.use_child(func);
        let Some(summary) = self.world.summary(func) else { return instance };
        self.apply_summary(&summary, &args, Some(&instance), call.span);
        let at = self.at(call.span);
        let mut out = Value::clone(&instance);
        for (param, path, written) in &summary.writes {
            if *param == THIS && path.len() == 1 {
                let v = self.substitute(written, &args, Some(&instance), &at);
                out = out.with_field(path[0], v);
            }
        }
        Arc::new(out)
    }

    /// `super`: the class that the class at work extends, which may stand in this block.
    pub(super) fn super_value(&mut self) -> Val {
        let hir = self.hir;
        let around = self.active.iter().rev().map(|a| a.id).find(|id| !hir.function(*id).inherits_this);
        let is_own = |m: &crate::semantics::hir::Method| match hir.expr(m.value).kind {
            ExprKind::Function(id) => Some(id) == around,
            _ => false,
        };
        let Some(own) = hir.classes.iter().find(|c| c.methods.iter().any(is_own)) else {
            return self.world.super_value();
        };
        let Some(parent) = own.parent else { return unknown() };
        let mut value = self.eval(parent);
        if value.class.is_none()
            && let ExprKind::Local(local) = hir.expr(parent).kind
            && let Some(declared) = hir.declared_class(local)
        {
            value = self.eval(declared);
        }
        let instance = value.class.map(|class| ClassRef { is_static: false, ..class });
        Arc::new(Value { class: instance, types: Types::OBJECT, ..Value::default() })
    }

    /// `super(..)`: what the parent's constructor puts into `this`.
    pub(in crate::semantics::flow) fn construct_super(&mut self, args: &[Val], span: Span) -> Val {
        let parent = self.super_value();
        let Some(class) = parent.class else { return unknown() };
        let Some(constructor) = self.world.class_member(&class, Ustr::from("constructor")) else { return unknown() };
        for func in &constructor.funcs {
            let Some(summary) = self.world.summary(func) else { continue };
            let this = self.state.this.clone();
            self.apply_summary(&summary, args, Some(&this), span);
            let at = self.at(span);
            for (param, path, written) in &summary.writes {
                if *param == THIS && path.len() == 1 {
                    let value = self.substitute(written, args, Some(&this), &at);
                    self.state.this = Arc::new(self.state.this.with_field(path[0], value.clone()));
                    self.out.param_write(THIS, path.clone(), value);
                }
            }
        }
        unknown()
    }
}

/// How the names of cells begin that hold who listens to an event of a module's emitter.
pub(in crate::semantics::flow) const EVENT: &str = "@event.";

/// Whether an object sends events to whoever listens.
fn is_emitter(object: &Value) -> bool {
    object.apis.iter().any(|p| p.contains("EventEmitter") || p.contains("eventemitter") || p.starts_with("mitt"))
}

/// Whether an object has no prototype: nothing but what was put into it is found in it.
pub(in crate::semantics::flow) fn is_bare(object: &Value) -> bool {
    object.apis.iter().any(|p| *p == BARE)
}

/// The cell that a call of this sets.
pub(in crate::semantics::flow) fn cell_set_by(callee: &Value) -> Option<Ustr> {
    callee.apis.iter().copied().find(|p| p.starts_with(CELL))
}
