//! Calls of the program's own functions: run in place, or known by their summaries.

use rustc_hash::FxHashMap;
use smallvec::SmallVec;

use super::*;
use crate::semantics::flow::interp::cells::cell_set_by;
use crate::semantics::flow::place::{PATH, is_of_keys};
use crate::semantics::flow::report::{Outcome, is_read};
use crate::semantics::flow::value::{At, Below, MAX_PATH};
use crate::semantics::hir::{FnId, PatKind};

/// Summaries that are applied one for a call in the other: functions that call what they are handed, which is such a function.
const MAX_APPLYING: u8 = 8;

/// Runs of one function of the block by who was handed an object that holds it, or by a summary that is applied in another.
const MAX_NESTED_RUNS: u16 = 4;

/// What lies below the parameters in one call: by the parameter, the path, and the place where that is read, whose address stands
/// for it as long as the summary lives.
type Projections = FxHashMap<(u16, SmallVec<[Ustr; MAX_PATH]>, usize), Val>;

impl<'a> Interp<'a> {
    pub(in crate::semantics::flow) fn call_functions(&mut self, call: &Call<'_>) -> Val {
        let this = call.receiver.clone();
        let mut result: Option<Val> = None;
        let args = self.with_bound(&call.callee, &call.args);
        self.left_this = None;
        for func in &call.callee.funcs {
            let runs_here = func.block == self.block && self.may_run(func.id);
            let value = match call.new {
                true => self.construct_by(func, call),
                false => self.invoke(func, &args, this.as_ref(), call.span),
            };
            let value = if func.block != self.block && !call.new {
                let left = self.written_arguments(func, call, &args, this.as_ref());
                self.given_back_whole(func, call, &args, value, &left)
            } else {
                if runs_here {
                    self.left_in_arguments(func, call, &args);
                    self.left_in_this(call);
                }
                value
            };
            result = Some(result.map_or_else(|| value.clone(), |r| join(&r, &value)));
        }
        result.unwrap_or_else(unknown)
    }

    /// What a function leaves in the objects that it is given, by `&mut` in Rust: `self.name = name`, `context.name = name`. Gives
    /// back what was worked out for it, by the number of the write.
    fn written_arguments(
        &mut self,
        func: &FuncRef,
        call: &Call<'_>,
        args: &[Val],
        this: Option<&Val>,
    ) -> FxHashMap<usize, Val> {
        let mut known = FxHashMap::default();
        let Some(summary) = self.world.summary(func).filter(|s| !s.writes.is_empty()) else { return known };
        let at = self.at(call.span);
        for (n, (param, path, written)) in
            summary.writes.iter().enumerate().filter(|(_, (_, path, _))| !path.is_empty())
        {
            let (place, old) = match *param {
                THIS => (call.receiver_id.map(|r| self.begins_chain(r, this)), this),
                n => (call.arg_ids.get(n as usize).copied(), args.get(n as usize)),
            };
            let (Some(place), Some(old)) = (place.map(|p| self.referred(p)), old) else { continue };
            if !self.is_place(place) || self.is_modelled(old) {
                continue;
            }
            let left = self.substitute(written, args, this, &at);
            known.insert(n, left.clone());
            // `exports.run = function ..`: what a module's body writes into what its header hands to it.
            let tells = left.has_taint() || !self.world.casts_convert() && holds_code(&left, 0);
            if !tells {
                continue;
            }
            self.out.written_below(old, path, &left);
            // Deep in an object of which callers know more, what is known here would hide the rest.
            if path.len() > 1 && old.taints.iter().any(|t| matches!(t.origin, Origin::Param(..))) {
                continue;
            }
            let now = self.peek(place).unwrap_or_else(|| old.clone());
            let joined = self.with_joined(&now, path, &left);
            self.put(place, joined);
        }
        if !self.world.casts_convert() {
            return known;
        }
        for (param, _, written) in summary.writes.iter().filter(|(param, path, _)| *param != THIS && path.is_empty()) {
            let (Some(id), Some(old)) = (call.arg_ids.get(*param as usize), args.get(*param as usize)) else {
                continue;
            };
            let place = match self.hir.expr(*id).kind {
                ExprKind::Ref { mutable: true, .. } | ExprKind::Local(_) => *id,
                _ => continue,
            };
            let left = self.substitute(written, args, this, &at);
            self.put(place, join(old, &left));
        }
        known
    }

    /// `Array.prototype.slice.call(arguments, 1)`, `[].concat.apply([], lists)`: a list's own method.
    pub(in crate::semantics::flow) fn borrowed_method<'c>(&mut self, call: &Call<'c>) -> Option<Call<'c>> {
        let ExprKind::Field(base, name) = self.hir.expr(call.receiver_id?).kind else { return None };
        let owner = self.arena.slice(self.hir.expr(base).span);
        let list = call.args.first()?;
        if !matches!(call.name.as_str(), "call" | "apply")
            || !matches!(owner, "[]" | "Array.prototype" | "''" | "\"\"" | "String.prototype")
        {
            return None;
        }
        let args = match call.name.as_str() {
            "call" => call.args[1..].to_vec(),
            _ => {
                let given = call.args.get(1).cloned().unwrap_or_else(unknown);
                let known: Vec<Val> = (0..8).map_while(|i| given.field(position(i)).cloned()).collect();
                if known.is_empty() { vec![self.element(&given)] } else { known }
            }
        };
        Some(Call {
            id: call.id,
            callee: unknown(),
            paths: SmallVec::new(),
            name,
            open: !self.is_modelled(list),
            receiver: Some(list.clone()),
            receiver_id: call.arg_ids.first().copied(),
            args,
            arg_ids: call.arg_ids.iter().skip(1).copied().collect(),
            new: false,
            span: call.span,
            name_span: call.name_span,
            types: call.types,
        })
    }

    /// The object that a chain of calls begins with which give it back: `query` of `query.where(a).where(b)`.
    fn begins_chain(&mut self, receiver: ExprId, this: Option<&Val>) -> ExprId {
        let hir = self.hir;
        let Some(class) = this.and_then(|t| t.class) else { return receiver };
        let mut root = receiver;
        while let ExprKind::Call { callee, .. } = &hir.expr(root).kind
            && let ExprKind::Field(base, _) = hir.expr(*callee).kind
        {
            root = base;
        }
        let same = root != receiver && self.is_place(root) && self.peek(root).is_some_and(|v| v.class == Some(class));
        if same { root } else { receiver }
    }

    /// What a method gives back that gives back its object: with what it wrote into it.
    fn given_back_whole(
        &mut self,
        func: &FuncRef,
        call: &Call<'_>,
        args: &[Val],
        value: Val,
        known: &FxHashMap<usize, Val>,
    ) -> Val {
        let Some(this) = call.receiver.as_ref().filter(|_| !self.world.casts_convert()) else { return value };
        let Some(summary) = self.world.summary(func).filter(|s| !s.writes.is_empty()) else { return value };
        let is_this = |t: &Taint| matches!(&t.origin, Origin::Param(THIS, path) if path.is_empty());
        if summary.result.taints.len() != 1 || !summary.result.taints.iter().all(is_this) {
            return value;
        }
        let at = self.at(call.span);
        let mut whole = value;
        let of_this = |(_, (param, path, _)): &(usize, &(u16, Vec<Ustr>, Val))| *param == THIS && !path.is_empty();
        for (n, (_, path, written)) in summary.writes.iter().enumerate().filter(of_this) {
            let left = known.get(&n).cloned().unwrap_or_else(|| self.substitute(written, args, Some(this), &at));
            if left.has_taint() {
                whole = self.with_joined(&whole, path, &left);
            }
        }
        whole
    }

    /// What a method of the same block, which just ran, wrote into its object.
    fn left_in_this(&mut self, call: &Call<'_>) {
        let (Some(left), Some(place)) = (self.left_this.take(), call.receiver_id) else { return };
        if left.has_taint() && !call.new && self.is_place(place) && !self.is_modelled(&left) {
            self.put(place, left);
        }
    }

    /// What a function of the same block, which just ran, wrote into the objects that it was given.
    fn left_in_arguments(&mut self, func: &FuncRef, call: &Call<'_>, args: &[Val]) {
        let hir = self.hir;
        // What is bound or spread stands elsewhere than its expression.
        if self.world.casts_convert() || args.len() != call.arg_ids.len() {
            return;
        }
        for ((param, given), place) in hir.function(func.id).params.iter().zip(args).zip(call.arg_ids.clone()) {
            let PatKind::Bind(local, None) = hir.pat(param.pat).kind else { continue };
            if param.rest || !self.is_place(place) || self.is_modelled(given) || self.is_assigned(local) {
                continue;
            }
            let left = self.state.locals.get(local);
            if left.fields.is_none() || left.fields == given.fields {
                continue;
            }
            let now = self.peek(place).unwrap_or_else(|| given.clone());
            let news = left.fields().filter(|(name, value)| given.field(*name) != Some(value));
            let new = news.fold(Value::clone(&now), |new, (name, value)| new.with_field(*name, value.clone()));
            self.put(place, Arc::new(new));
        }
    }

    /// An object with something more at a path below it.
    fn with_joined(&mut self, object: &Val, path: &[Ustr], value: &Val) -> Val {
        let Some((name, rest)) = path.split_first() else { return join(object, value) };
        let field = match object.field(*name).cloned() {
            None if rest.is_empty() => value.clone(),
            known => {
                let field = known.unwrap_or_else(|| self.plain_member(object, *name, Span::default()));
                self.with_joined(&field, rest, value)
            }
        };
        Arc::new(object.with_field(*name, field))
    }

    /// The place behind `&mut`.
    fn referred(&self, id: ExprId) -> ExprId {
        match self.hir.expr(id).kind {
            ExprKind::Ref { value, .. } => value,
            _ => id,
        }
    }

    /// Calls a function of the program.
    pub(in crate::semantics::flow) fn invoke(
        &mut self,
        func: &FuncRef,
        args: &[Val],
        this: Option<&Val>,
        span: Span,
    ) -> Val {
        if func.block == self.block {
            let at = self.at(span);
            // What the function does with its parameters is known when it was looked at to its end.
            if func.id == FnId(0) {
                for param in 0..args.len().min(MAX_CHOSEN) as u16 {
                    if let Some(key) = self.choosing_key(param, span) {
                        self.out.chosen.push((param, key, at.clone()));
                    }
                }
            }
            let passed: Vec<Val> = args
                .iter()
                .map(|a| if a.taints.is_empty() { a.clone() } else { Arc::new(a.stepped(&at, StepKind::Passed)) })
                .collect();
            let inherits = self.hir.function(func.id).inherits_this;
            let outer = self.state.this.clone();
            if !inherits && let Some(this) = this {
                self.state.this = this.clone();
            }
            let was_live = self.state.live;
            let result = self.activate(func.id, &passed, false);
            if !inherits {
                let left = std::mem::replace(&mut self.state.this, outer);
                self.left_this = this.filter(|given| **given != left).map(|_| left);
            }
            // A callee that always throws ends the caller too, but what comes after is still worth a look.
            self.state.live = was_live;
            return result;
        }
        // Types of a library's values are no part of a summary.
        let is_library = |p: &Ustr| self.models.knows(*p) || NODE.contains(&p.as_str());
        if args.iter().any(|a| self.is_modelled(a) || a.apis.iter().any(is_library)) {
            self.out.context(func, args);
        }
        self.use_child(func);
        match self.world.summary(func) {
            Some(summary) => self.apply_summary(&summary, args, this, span),
            None => unknown(),
        }
    }

    /// What a call of a summarised function does here.
    pub(in crate::semantics::flow) fn apply_summary(
        &mut self,
        summary: &Summary,
        args: &[Val],
        this: Option<&Val>,
        span: Span,
    ) -> Val {
        // A function that is handed over is run by itself with what it is handed ([`Outcome::context`]): its sinks are
        // reported there, with the places of its own sources. What the function at work was given is its callers' matter.
        let handed_over = span == Span::default();
        let at = self.at(if handed_over { self.handing } else { span });
        let argument = |param: u16| if param == THIS { this.cloned() } else { args.get(param as usize).cloned() };
        for sink in &summary.sinks {
            if let Some(arg) = argument(sink.param) {
                let mut value = self.project_read(&arg, &sink.path, sink.read.as_ref());
                if handed_over {
                    let symbol = |t: &Taint| matches!(t.origin, Origin::Param(..));
                    if !value.taints.iter().any(symbol) {
                        continue;
                    }
                    let mut given = Value::clone(&value);
                    given.taints.retain(|t| symbol(t));
                    value = Arc::new(given);
                }
                self.reach_through(&value, sink, &at);
                if handed_over {
                    continue;
                }
                if sink.kind == SinkKind::PrototypeBase
                    && sink.path.is_empty()
                    && let Some(key) = self.choosing_key(sink.param, span)
                    && is_of_keys(&key, sink.name, argument)
                {
                    self.out.reach_param_sink(&key, &chosen(sink), &at);
                }
            }
        }
        if let Some(thrown) = summary.throws.as_ref().filter(|_| !handed_over) {
            let thrown = self.substitute(thrown, args, this, &at);
            self.throws(&thrown);
        }
        for (param, path, list) in &summary.calls {
            if let Some(arg) = argument(*param) {
                let callee = self.project(&arg, path);
                if callee.funcs.is_empty() && cell_set_by(&callee).is_none() {
                    continue;
                }
                let list: Vec<Val> = list.iter().map(|v| self.substitute(v, args, this, &at)).collect();
                // A function that is handed itself, and calls what it is handed, would be applied without end.
                if self.applying < MAX_APPLYING {
                    self.applying += 1;
                    for func in callee.funcs.clone() {
                        if self.is_worth_another_run(&func, self.applying > 1) {
                            self.invoke(&func, &self.with_bound(&callee, &list), None, span);
                        }
                    }
                    self.applying -= 1;
                }
                self.settle(&callee, &list);
            }
        }
        self.substitute(&summary.result, args, this, &at)
    }

    /// Whether a function that may be called by whom it was handed to is run once more. Listeners that tell other listeners of the same
    /// object something run each other, `nested`, all of them for each.
    pub(super) fn is_worth_another_run(&mut self, func: &FuncRef, nested: bool) -> bool {
        if func.block != self.block || !nested {
            return true;
        }
        let runs = self.nested_runs.entry(func.id).or_default();
        *runs += 1;
        *runs <= MAX_NESTED_RUNS
    }

    /// What lies at a path below a value, for who reads it elsewhere.
    pub(in crate::semantics::flow) fn project_read(
        &mut self,
        value: &Val,
        path: &[Ustr],
        read: Option<&Arc<At>>,
    ) -> Val {
        let outer = std::mem::replace(&mut self.reading, read.cloned());
        let found = self.project(value, path);
        self.reading = outer;
        found
    }

    /// What lies at a path below a value.
    pub(in crate::semantics::flow) fn project(&mut self, value: &Val, path: &[Ustr]) -> Val {
        let mut at = value.clone();
        for name in path {
            at = if *name == *CONTENT {
                if at.field(*ELEMENT).is_some() { self.element(&at) } else { at }
            } else if *name == *ELEMENT {
                self.element(&at)
            } else {
                self.plain_member(&at, *name, Span::default())
            };
        }
        at
    }

    /// A summary's value with the arguments put in for the parameters.
    pub(in crate::semantics::flow) fn substitute(
        &mut self,
        value: &Val,
        args: &[Val],
        this: Option<&Val>,
        at: &At,
    ) -> Val {
        let mut known = Projections::default();
        let known = value.fields.is_some().then_some(&mut known);
        self.substitute_in(value, args, this, at, known)
    }

    /// The same below a value of which some was put in already: its fields mostly lead to the same few places.
    fn substitute_in(
        &mut self,
        value: &Val,
        args: &[Val],
        this: Option<&Val>,
        at: &At,
        mut known: Option<&mut Projections>,
    ) -> Val {
        if !value.has_taint() {
            return value.clone();
        }
        let mut out = value.untainted_here();
        let mut passed: Option<Val> = None;
        // What was in a collection to which the function added something.
        let mut kept: Option<Val> = None;
        for taint in &value.taints {
            match &taint.origin {
                Origin::Source(_) => {
                    let trace = Some(step(taint.trace.as_ref(), at, StepKind::Returned));
                    out.add_taint(Taint { trace, ..taint.clone() });
                }
                Origin::Param(param, path) => {
                    let arg = if *param == THIS { this.cloned() } else { args.get(*param as usize).cloned() };
                    let Some(arg) = arg else { continue };
                    // Nobody controls what lies below something of which nothing is known.
                    if !path.is_empty() && arg.is_blank() {
                        continue;
                    }
                    let arg = self.projected(*param, &arg, path, known.as_deref_mut());
                    let joined = std::iter::successors(taint.trace.as_ref(), |s| s.previous.as_ref())
                        .any(|s| s.what == StepKind::Concatenated);
                    // `name + "_" + count`: of a number digits come into the text.
                    let digits = joined && arg.types.is_harmless();
                    let digits = if digits { crate::semantics::flow::kinds::DIGITS } else { SinkKinds::NONE };
                    for t in &arg.taints {
                        let begins = is_read(t, path.read.as_ref());
                        let what = if begins { StepKind::Returned } else { StepKind::Passed };
                        let mut trace = Some(step(t.trace.as_ref(), at, what));
                        if joined {
                            trace = Some(step(trace.as_ref(), at, StepKind::Concatenated));
                        }
                        out.add_taint(Taint {
                            origin: t.origin.clone(),
                            cleaned: t.cleaned | taint.cleaned | digits,
                            trace,
                        });
                    }
                    if value.field(*ELEMENT).is_some()
                        && let Some(element) = arg.field(*ELEMENT).filter(|e| e.has_taint())
                    {
                        kept = Some(kept.map_or_else(|| element.clone(), |k| join(&k, element)));
                    }
                    // An argument that is handed back as it is keeps what else is known of it.
                    let whole = value.types == Types::UNKNOWN
                        && value.taints.len() == 1
                        && value.fields.is_none()
                        && value.prefix.is_none();
                    if whole && taint.trace.is_none() {
                        passed = Some(Arc::new(arg.cleaned(taint.cleaned)));
                    }
                }
            }
        }
        if let Some(passed) = passed {
            return passed;
        }
        if let Some(fields) = &value.fields {
            let mapped =
                fields.iter().map(|(n, v)| (*n, self.substitute_in(v, args, this, at, known.as_deref_mut()))).collect();
            out = out.with_fields(mapped);
        }
        if let Some(kept) = kept {
            let element = out.field(*ELEMENT).map_or_else(|| kept.clone(), |e| join(e, &kept));
            out = out.with_field(*ELEMENT, element);
        }
        Arc::new(out)
    }

    /// What lies at a path below an argument, looked up once.
    fn projected(&mut self, param: u16, arg: &Val, path: &Below, known: Option<&mut Projections>) -> Val {
        let Some(known) = known.filter(|_| !path.is_empty()) else {
            return self.project_read(arg, path, path.read.as_ref());
        };
        let read = path.read.as_ref().map_or(0, |r| Arc::as_ptr(r) as usize);
        let place = (param, path.iter().copied().collect(), read);
        if let Some(found) = known.get(&place) {
            return found.clone();
        }
        let found = self.project_read(arg, path, path.read.as_ref());
        known.insert(place, found.clone());
        found
    }

    /// `new Class(..)`.
    pub(in crate::semantics::flow) fn construct(
        &mut self,
        call: &Call<'_>,
        class: &super::super::value::ClassRef,
    ) -> Val {
        let instance = super::super::value::ClassRef { is_static: false, ..*class };
        let value: Val = Arc::new(Value { class: Some(instance), types: Types::OBJECT, ..Value::default() });
        let constructor = self.world.class_member(&instance, Ustr::from("constructor"));
        let mut out = Value::clone(&value);
        // `Object.assign(Class.prototype, { run() { .. } })`
        if let Some(prototype) = call.callee.field(Ustr::from("prototype")) {
            prototype.fields().for_each(|(name, member)| out.set_field(*name, member.clone()));
        }
        if let Some(constructor) = constructor {
            for func in &constructor.funcs {
                if let Some(summary) = self.world.summary(func) {
                    self.apply_summary(&summary, &call.args, Some(&value), call.span);
                    let at = self.at(call.span);
                    for (param, path, written) in &summary.writes {
                        if *param == THIS && path.len() == 1 {
                            let v = self.substitute(written, &call.args, Some(&value), &at);
                            out = out.with_field(path[0], v);
                        }
                    }
                }
            }
        } else if self.world.casts_convert() {
            // A tuple struct.
            for (i, arg) in call.args.iter().take(8).enumerate() {
                out = out.with_field(Ustr::from(&i.to_string()), arg.clone());
            }
        }
        Arc::new(out)
    }

    /// The kinds of sinks for which elements are harmless that passed the test which a call was given.
    pub(in crate::semantics::flow) fn picked_by(&self, call: &Call<'_>) -> SinkKinds {
        let Some([func]) = call.args.first().map(|a| a.funcs.as_slice()) else { return SinkKinds::NONE };
        let told = match func.block == self.block {
            true => self.last_told.clone(),
            false => self.world.summary(func).map(|s| s.told.clone()).unwrap_or_default(),
        };
        told.iter().find(|t| t.param == 0 && t.path.is_empty()).map_or(SinkKinds::NONE, |t| t.kinds[0])
    }

    /// What is left by `pairs.filter(([name]) => KNOWN.has(name))`: the part that passed the test is harmless in each.
    pub(in crate::semantics::flow) fn picked_parts(&mut self, call: &Call<'_>, result: Val) -> Val {
        let Some([func]) = call.args.first().map(|a| a.funcs.as_slice()) else { return result };
        let told = match func.block == self.block {
            true => self.last_told.clone(),
            false => return result,
        };
        let mut result = result;
        for told in told.into_iter().filter(|t| t.path.is_empty()) {
            let Some(part) = told.param.checked_sub(super::super::interp::said::PARTS) else { continue };
            let element = self.element(&result);
            let name = position(usize::from(part));
            let known = Arc::new(self.plain_member(&element, name, Span::default()).cleaned(told.kinds[0]));
            result = Arc::new(result.with_field(*ELEMENT, Arc::new(element.with_field(name, known))));
        }
        result
    }

    /// The key from outside that may have chosen the object which a call hands on: `merge(to[key], from[key])`.
    fn choosing_key(&mut self, param: u16, span: Span) -> Option<Val> {
        let hir = self.hir;
        let call = hir.exprs.iter().filter(|e| e.span == span).find_map(|e| match &e.kind {
            ExprKind::Call { args, .. } => args.get(param as usize).map(|a| a.value),
            _ => None,
        });
        let arg = call.filter(|arg| !self.is_asked(*arg))?;
        self.chosen_by(arg).filter(|k| k.has_taint() && !k.types.is_harmless())
    }

    /// `Object.defineProperty(object, key, ..)`, `Reflect.set(object, key, value)`: a write to `object[key]`.
    pub(in crate::semantics::flow) fn defines_property(&mut self, call: &Call<'_>) {
        let writes =
            |p: &Ustr| matches!(p.as_str(), "Object.defineProperty" | "Reflect.defineProperty" | "Reflect.set");
        if let ([base, place, ..], [object, key, ..]) = (call.arg_ids.as_slice(), call.args.as_slice())
            && call.paths.iter().any(writes)
        {
            self.reach_by_key(object, *base, key, self.hir.expr(*place).span);
        }
    }

    /// Whether the function asks the object for a key of its own before it goes below that: `Object.hasOwn(to, key)`.
    fn is_asked(&self, below: ExprId) -> bool {
        let ExprKind::Index(base, key) = &self.hir.expr(below).kind else { return false };
        let own = self.arena.text();
        let text = |id: &ExprId| {
            let span = self.hir.expr(*id).span;
            own.get(span.start as usize..span.end as usize).unwrap_or_default()
        };
        asks_own_key(own, text(base), text(key))
    }

    /// A sink inside a callee, reached by an argument.
    pub(in crate::semantics::flow) fn reach_through(&mut self, value: &Val, sink: &ParamSink, at: &At) {
        if value.has_taint() {
            self.out.reach_param_sink(value, sink, at);
        }
    }
}

/// Modules that wrappers hand to what they wrap: `(function (http, fs) { .. })(require("http"), require("fs"))`.
const NODE: [&str; 14] = [
    "child_process",
    "crypto",
    "express",
    "fs",
    "fs/promises",
    "http",
    "https",
    "net",
    "os",
    "path",
    "querystring",
    "url",
    "vm",
    "zlib",
];

/// Depth of objects that are looked through for code.
const MAX_CODE: usize = 2;

/// Whether a value is a function or a class, or holds one.
fn holds_code(value: &Value, depth: usize) -> bool {
    let below = || depth < MAX_CODE && value.fields().any(|(_, v)| holds_code(v, depth + 1));
    !value.funcs.is_empty() || value.class.is_some() || below()
}

/// Most arguments of a call that are looked at for what chose them.
const MAX_CHOSEN: usize = 4;

/// Whether code asks an object for a key of its own: `Object.hasOwn(to, key)`, `to.hasOwnProperty(key)`.
pub(crate) fn asks_own_key(code: &str, object: &str, key: &str) -> bool {
    code.contains(&format!("{object}.hasOwnProperty({key})"))
        || ["hasOwn(", "hasOwnProperty.call(", "has("].iter().any(|f| code.contains(&format!("{f}{object}, {key})")))
}

/// The sink that a key is which chose the object at another one.
fn chosen(sink: &ParamSink) -> ParamSink {
    ParamSink { kind: SinkKind::PropertyKey, name: *PATH, trace: None, prefix: None, ..sink.clone() }
}

impl Outcome {
    /// Keys that chose what a function hands to itself reach the places where it writes by such keys.
    pub(in crate::semantics::flow) fn settle_chosen(&mut self) {
        for (param, key, at) in std::mem::take(&mut self.chosen) {
            let writes = |s: &&ParamSink| s.kind == SinkKind::PrototypeBase && s.param == param && s.path.is_empty();
            let own = |s: &&ParamSink| {
                let from =
                    |n: &str| key.taints.iter().any(|t| matches!(t.origin, Origin::Param(p, _) if n == p.to_string()));
                let source = key.taints.iter().any(|t| matches!(t.origin, Origin::Source(_)));
                source || s.name.as_str().is_empty() || s.name.as_str().split(',').any(from)
            };
            let sinks: Vec<ParamSink> = self.param_sinks.iter().filter(writes).filter(own).map(chosen).collect();
            for sink in sinks {
                self.reach_param_sink(&key, &sink, &at);
            }
        }
    }
}
