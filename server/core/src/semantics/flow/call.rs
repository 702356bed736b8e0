//! Calls: who is called, what goes in, what comes out.

use std::sync::Arc;

use smallvec::SmallVec;

use crate::semantics::hir::{Arg, ExprId, ExprKind, Lit, Member, Type, Ustr};
use crate::syntax::Span;

use super::interp::Interp;
use super::kinds::{SinkKind, SinkKinds};
use super::models::{Base, CallModel, Port, Target};
use super::place::{is_sensitive, is_weak_random, last_name};
use super::report::SinkSite;
use super::sink::{Ports, holds};
use super::value::{
    CONTENT, ELEMENT, FuncRef, Origin, Source, StepKind, THIS, Taint, Types, Val, Value, constant, join, position,
    step, unknown,
};
use super::world::{ParamSink, Summary};

/// A call with everything evaluated.
pub struct Call<'a> {
    /// The expression.
    pub id: ExprId,
    /// What is called.
    pub callee: Val,
    /// API paths of what is called.
    pub paths: SmallVec<[Ustr; 2]>,
    /// Its last name.
    pub name: Ustr,
    /// Whether the receiver's type is unknown.
    pub open: bool,
    /// The receiver of a method call.
    pub receiver: Option<Val>,
    /// Its expression.
    pub receiver_id: Option<ExprId>,
    /// The arguments.
    pub args: Vec<Val>,
    /// Their expressions, as written.
    pub arg_ids: SmallVec<[ExprId; 4]>,
    /// Whether it is `new`.
    pub new: bool,
    /// The whole call.
    pub span: Span,
    /// The called name.
    pub name_span: Span,
    /// Explicit type arguments.
    pub types: &'a [Type],
}

impl<'a> Interp<'a> {
    #[allow(clippy::too_many_arguments, reason = "the parts of one expression")]
    pub(super) fn call(
        &mut self,
        id: ExprId,
        callee: ExprId,
        args: &'a [Arg],
        new: bool,
        name_span: Span,
        types: &'a [Type],
    ) -> Val {
        let hir = self.hir;
        let span = hir.expr(id).span;
        let (receiver, receiver_id, callee_val, name) = match &hir.expr(callee).kind {
            ExprKind::Field(base, name) => {
                let receiver = self.eval(*base);
                let member = self.member(&receiver, *name, hir.expr(callee).span);
                (Some(receiver), Some(*base), member, *name)
            }
            ExprKind::Index(base, index) => {
                let receiver = self.eval(*base);
                let key = self.eval(*index);
                let member = self.index(&receiver, &key, hir.expr(callee).span);
                if key.as_lit().is_none() {
                    let site = SinkSite {
                        kind: SinkKind::MethodName,
                        at: self.at(hir.expr(*index).span),
                        name: Ustr::from("method"),
                    };
                    self.reach(&key, &site, false);
                }
                (Some(receiver), Some(*base), member, key.as_str().unwrap_or_default())
            }
            _ => {
                let value = self.eval(callee);
                if let ExprKind::Local(local) = &hir.expr(callee).kind
                    && let Some(key) = self.out.looked_up.get(local).copied()
                    && let Some(key) = self.peek(key)
                    && key.as_lit().is_none()
                {
                    let at = self.at(hir.expr(callee).span);
                    self.reach(&key, &SinkSite { kind: SinkKind::MethodName, at, name: Ustr::from("method") }, false);
                }
                let name = match &hir.expr(callee).kind {
                    ExprKind::Name(name) => last_name(*name),
                    ExprKind::Local(local) => hir.local(*local).name,
                    _ => Ustr::default(),
                };
                (None, None, value, name)
            }
        };
        let values = self.eval_args(args);
        if !self.state.live {
            return unknown();
        }
        let open = match &receiver {
            // A method of the program's own type is no library's.
            Some(_) if self.world.casts_convert() && !callee_val.funcs.is_empty() => false,
            Some(r) => !self.is_modelled(r),
            None => false,
        };
        let name = match callee_val.apis.first() {
            Some(path) if receiver.is_none() => last_name(*path),
            _ => name,
        };
        let call = Call {
            id,
            paths: callee_val.apis.iter().map(|p| self.models.canonical(*p)).collect(),
            callee: callee_val,
            name,
            open,
            receiver,
            receiver_id,
            args: values,
            arg_ids: args.iter().map(|a| a.value).collect(),
            new,
            span,
            name_span,
            types,
        };
        self.may_throw();
        self.finish_call(&call)
    }

    /// A call whose parts are evaluated: sinks, flags, result, guards.
    fn finish_call(&mut self, call: &Call<'_>) -> Val {
        if matches!(call.name.as_str(), "require" | "import")
            && call.paths.iter().any(|p| *p == "require" || *p == "import")
            && let Some(specifier) = call.args.first().and_then(|a| a.as_str())
        {
            return self.world.module(specifier);
        }
        if let Some(result) = self.indirect(call) {
            return result;
        }
        self.call_sinks(call);
        self.slow_match(call);
        self.out.call_event(self.hir, call, self.arena);
        let model = self.model(call);
        let mut handed = false;
        let mut result = if !call.callee.funcs.is_empty() {
            handed = true;
            self.call_functions(call)
        } else if let Some(class) = call.callee.class.clone().filter(|c| c.is_static) {
            self.construct(call, &class)
        } else if let Some(known) = looked_up(call) {
            known
        } else {
            self.library_call(call, model, &mut handed)
        };
        if let Some(model) = model {
            result = self.apply_model(call, model, &result);
        }
        if let Some(regex) = super::regex::constructed(call) {
            result = Arc::new(regex);
        }
        let cleans = super::regex::replacement(call);
        if cleans != SinkKinds::NONE {
            result = Arc::new(result.cleaned(cleans));
        }
        if !handed {
            self.hand_over_callbacks(call, model);
        }
        result = self.call_sources(call, result);
        if matches!(
            call.name.as_str(),
            "charAt" | "at" | "substr" | "substring" | "slice" | "charCodeAt" | "get" | "nth"
        ) && call.args.iter().any(|a| a.taints.iter().any(is_weak_random))
        {
            let mut drawn = Value::clone(&result);
            for taint in call.args.iter().flat_map(|a| &a.taints).filter(|t| is_weak_random(t)) {
                drawn.add_taint(taint.clone());
            }
            result = Arc::new(drawn);
        }
        // `password.replace(/./g, '*')`
        if call.name.starts_with("replace")
            && call.args.get(1).and_then(|a| a.as_str()).is_some_and(|t| {
                t.contains("***")
                    || matches!(t.as_str(), "*" | "•" | "x" | "X" | "#")
                    || t.to_lowercase().contains("redact")
            })
        {
            let mut masked = Value::clone(&result);
            masked.taints.retain(|t| !is_sensitive(t));
            result = Arc::new(masked);
        }
        // `parse::<u32>()`: text that became a number.
        if let [ty, ..] = call.types
            && self.world.casts_convert()
            && super::interp::primitive(ty).is_harmless()
        {
            result = self.typed(&result, ty);
        }
        // Without line breaks no line of a log is forged.
        if matches!(call.name.as_str(), "replace" | "replaceAll" | "replacen")
            && call.args.first().is_some_and(|a| {
                a.lits.iter().any(|l| match l {
                    Lit::Char(c) => matches!(c, '\n' | '\r'),
                    Lit::Str(s) => self.world.casts_convert() && matches!(s.as_str(), "\n" | "\r" | "\r\n"),
                    _ => false,
                })
            })
        {
            result = Arc::new(result.cleaned(SinkKind::Log.set()));
        }
        if let Some(receiver) = &call.receiver {
            self.mutate_receiver(call, receiver);
        }
        if let Some(model) = model {
            let ports = Ports { args: &call.args, receiver: call.receiver.as_ref(), value: None };
            let found = model.becomes.iter().find(|(_, _, when)| when.iter().all(|c| holds(c, &ports)));
            if let Some((ty, is_result, _)) = found {
                let of_type = |value: &Value| Arc::new(Value { apis: smallvec::smallvec![*ty], ..value.clone() });
                match &call.receiver {
                    _ if *is_result => result = of_type(&result),
                    Some(receiver) => {
                        let new = of_type(receiver);
                        if let Some(id) = call.receiver_id {
                            self.put(id, new.clone());
                        }
                        if model.returns.is_some_and(|r| r == "this") {
                            result = new;
                        }
                    }
                    None => {}
                }
            }
        }
        self.call_facts = None;
        self.guard_call(call);
        for taint in &call.callee.taints {
            if let Origin::Param(param, path) = &taint.origin {
                self.out.param_call(*param, path, &call.args);
            }
        }
        result
    }

    fn model(&self, call: &Call<'_>) -> Option<&'a CallModel> {
        self.models.call(&Target { paths: &call.paths, name: call.name, open: call.open })
    }

    /// `f.call(this, ..)`, `f.apply(this, [..])`, `f.bind(this)`.
    fn indirect(&mut self, call: &Call<'_>) -> Option<Val> {
        let receiver = call.receiver.as_ref()?;
        // A library's type may have a method of that name.
        let is_function = !receiver.funcs.is_empty() || !receiver.apis.is_empty() && !self.is_modelled(receiver);
        if !matches!(call.name.as_str(), "call" | "apply" | "bind") || !is_function {
            return None;
        }
        let args: Vec<Val> = match call.name.as_str() {
            "bind" => return Some(receiver.clone()),
            "call" => call.args.get(1..).unwrap_or_default().to_vec(),
            _ => {
                let list = call.args.get(1).cloned().unwrap_or_else(unknown);
                let known: Vec<Val> = (0..8).map_while(|i| list.field(position(i)).cloned()).collect();
                if known.is_empty() { vec![self.element(&list)] } else { known }
            }
        };
        let name = receiver.apis.first().map_or(call.name, |p| last_name(*p));
        let inner = Call {
            id: call.id,
            callee: receiver.clone(),
            paths: receiver.apis.iter().map(|p| self.models.canonical(*p)).collect(),
            name,
            open: false,
            receiver: call.args.first().cloned(),
            receiver_id: None,
            args,
            arg_ids: call.arg_ids.iter().skip(1).copied().collect(),
            new: false,
            span: call.span,
            name_span: call.name_span,
            types: call.types,
        };
        Some(self.finish_call(&inner))
    }

    fn call_functions(&mut self, call: &Call<'_>) -> Val {
        let this = call.receiver.clone();
        let mut result: Option<Val> = None;
        for func in &call.callee.funcs {
            let value = self.invoke(func, &call.args, this.as_ref(), call.span);
            result = Some(result.map_or_else(|| value.clone(), |r| join(&r, &value)));
        }
        if call.new {
            // A constructor function: what it put into `this` is not followed.
            return unknown();
        }
        result.unwrap_or_else(unknown)
    }

    /// Calls a function of the program.
    pub(super) fn invoke(&mut self, func: &FuncRef, args: &[Val], this: Option<&Val>, span: Span) -> Val {
        if Arc::ptr_eq(&func.arena, self.arena) {
            let at = self.at(span);
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
                self.state.this = outer;
            }
            // A callee that always throws ends the caller too, but what comes after is still worth a look.
            self.state.live = was_live;
            return result;
        }
        // Types of a library's values are no part of a summary.
        if args.iter().any(|a| self.is_modelled(a)) {
            self.out.context(func, args);
        }
        match self.world.summary(func) {
            Some(summary) => self.apply_summary(&summary, args, this, span),
            None => unknown(),
        }
    }

    /// What a call of a summarised function does here.
    fn apply_summary(&mut self, summary: &Summary, args: &[Val], this: Option<&Val>, span: Span) -> Val {
        let at = self.at(span);
        let argument = |param: u16| if param == THIS { this.cloned() } else { args.get(param as usize).cloned() };
        for sink in &summary.sinks {
            if let Some(arg) = argument(sink.param) {
                let value = self.project(&arg, &sink.path);
                self.reach_through(&value, sink, &at);
            }
        }
        for (param, path, list) in &summary.calls {
            if let Some(arg) = argument(*param) {
                let callee = self.project(&arg, path);
                let list: Vec<Val> = list.iter().map(|v| self.substitute(v, args, this, &at)).collect();
                for func in callee.funcs.clone() {
                    self.invoke(&func, &list, None, span);
                }
            }
        }
        self.substitute(&summary.result, args, this, &at)
    }

    /// What lies at a path below a value.
    pub(super) fn project(&mut self, value: &Val, path: &[Ustr]) -> Val {
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
    fn substitute(&mut self, value: &Val, args: &[Val], this: Option<&Val>, at: &super::value::At) -> Val {
        if !value.has_taint() && value.funcs.is_empty() {
            return value.clone();
        }
        let mut out = value.untainted_here();
        let mut passed: Option<Val> = None;
        for taint in &value.taints {
            match &taint.origin {
                Origin::Source(_) => {
                    let trace = Some(step(taint.trace.as_ref(), at, StepKind::Returned));
                    out.add_taint(Taint { trace, ..taint.clone() });
                }
                Origin::Param(param, path) => {
                    let arg = if *param == THIS { this.cloned() } else { args.get(*param as usize).cloned() };
                    let Some(arg) = arg else { continue };
                    let arg = self.project(&arg, path);
                    for t in &arg.taints {
                        let trace = Some(step(t.trace.as_ref(), at, StepKind::Passed));
                        out.add_taint(Taint { origin: t.origin.clone(), cleaned: t.cleaned | taint.cleaned, trace });
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
            let mapped = fields.iter().map(|(n, v)| (*n, self.substitute(v, args, this, at))).collect();
            out = out.with_fields(mapped);
        }
        Arc::new(out)
    }

    /// `new Class(..)`.
    fn construct(&mut self, call: &Call<'_>, class: &super::value::ClassRef) -> Val {
        let instance = super::value::ClassRef { is_static: false, ..class.clone() };
        let value: Val = Arc::new(Value { class: Some(instance.clone()), types: Types::OBJECT, ..Value::default() });
        let constructor = self.world.class_member(&instance, Ustr::from("constructor"));
        let mut out = Value::clone(&value);
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

    /// A call of something that is no function of the program.
    fn library_call(&mut self, call: &Call<'_>, model: Option<&CallModel>, handed: &mut bool) -> Val {
        let mut out = Value::default();
        if let Some(model) = model
            && let Some(flows) = &model.flows
        {
            *handed = flows.iter().any(|(from, _)| matches!(from.base, Base::CallbackReturn(_)))
                || flows.iter().any(|(_, to)| matches!(to.base, Base::CallbackParam(..)));
            let result = self.model_flows(call, flows, model);
            let known: SmallVec<[Ustr; 2]> = match model.returns {
                Some(_) => SmallVec::new(),
                None => call.paths.iter().map(|p| self.models.canonical(Ustr::from(&format!("{p}()")))).collect(),
            };
            // What it returns has a type all the same.
            if result.apis.is_empty()
                && let Some(ty) = known.iter().find(|p| self.models.is_type(**p))
            {
                return Arc::new(Value { apis: smallvec::smallvec![*ty], ..Value::clone(&result) });
            }
            return result;
        }
        if let Some(made) = self.made_by_class(call) {
            return made;
        }
        // The general rule. Text methods keep their receiver's taint; functions whose name says that they transform text
        // keep their arguments'.
        let at = self.at(call.span);
        let mut take = |value: &Value| {
            for taint in value.taints.iter() {
                let mut taint = taint.clone();
                taint.trace = Some(step(taint.trace.as_ref(), &at, StepKind::Through));
                out.add_taint(taint);
            }
        };
        if let Some(receiver) = &call.receiver
            && !self.is_modelled(receiver)
            && !receiver.types.is_harmless()
        {
            // What an unknown method makes of something sensitive need not be it.
            let known = receiver.taints.iter().any(is_sensitive);
            if known {
                let mut rest = Value::clone(receiver);
                rest.taints.retain(|t| !is_sensitive(t));
                take(&rest);
            } else {
                take(receiver);
            }
        }
        if self.world.transforms(call.name) {
            for arg in &call.args {
                if !arg.types.is_harmless() {
                    take(arg);
                }
            }
        }
        let cleans = self.world.cleans(call.name);
        if cleans != SinkKinds::NONE {
            for arg in &call.args {
                take(arg);
            }
            out = out.cleaned(cleans);
        }
        if model.is_none_or(|m| m.returns.is_none()) {
            for path in &call.paths {
                let returned = Ustr::from(&format!("{path}()"));
                let known = self.models.canonical(returned);
                // A class is known as the type of its instances.
                if known == returned && self.models.is_type(*path) {
                    out.apis.push(*path);
                    continue;
                }
                if known != returned || path.len() < 60 {
                    out.apis.push(known);
                }
            }
        }
        for ty in call.types {
            for path in self.type_apis(ty) {
                if out.apis.is_empty() {
                    out.apis.push(path);
                }
            }
        }
        Arc::new(out)
    }

    /// An enum's variant, or a function that a type of the program has from a trait that somebody else wrote for it.
    fn made_by_class(&mut self, call: &Call<'_>) -> Option<Val> {
        if !self.world.casts_convert() || call.receiver.is_some() {
            return None;
        }
        let class = call.callee.class.clone().filter(|c| !c.is_static)?;
        let mut out = Value { class: Some(class), types: Types::OBJECT, ..Value::default() };
        if call.name.starts_with(char::is_uppercase) {
            for (i, arg) in call.args.iter().take(8).enumerate() {
                out = out.with_field(Ustr::from(&i.to_string()), arg.clone());
            }
        } else if self.world.transforms(call.name) {
            for taint in call.args.iter().filter(|a| !a.types.is_harmless()).flat_map(|a| a.taints.iter()) {
                out.add_taint(taint.clone());
            }
        }
        Some(Arc::new(out))
    }

    fn apply_model(&mut self, call: &Call<'_>, model: &CallModel, result: &Val) -> Val {
        let mut out = Value::clone(result);
        match model.returns.as_ref().map(|r| r.as_str()) {
            Some("this") => {
                if let Some(receiver) = &call.receiver {
                    return receiver.clone();
                }
            }
            Some(path) => {
                out.apis.clear();
                out.apis.push(Ustr::from(path));
            }
            None => {}
        }
        if model.cleans != SinkKinds::NONE {
            out = out.cleaned(model.cleans);
        }
        if model.types == Some(Types::STRING) && out.types.is_harmless() {
            // The text of a number.
            out = out.digits();
        }
        if let Some(types) = model.types {
            out.types = types;
            if types.is_harmless() {
                out.prefix = None;
            }
        }
        Arc::new(out)
    }

    /// Values along the flows of a model, callbacks included.
    fn model_flows(&mut self, call: &Call<'_>, flows: &[(Port, Port)], model: &CallModel) -> Val {
        let mut result: Option<Val> = None;
        let at = self.at(call.span);
        let mut params: Vec<(u8, u8, Val)> = Vec::new();
        for (from, to) in flows {
            if let Base::CallbackParam(callback, param) = to.base {
                let value = self.read_port(call, from);
                params.push((callback, param, value));
            }
        }
        let returned = self.run_callbacks(call, &params, Some(model));
        for (from, to) in flows {
            if matches!(from.base, Base::Arg(n) if n as usize >= call.args.len()) {
                continue;
            }
            let value = match from.base {
                Base::CallbackReturn(n) => {
                    let found = returned.iter().filter(|(i, _)| n == 255 || *i == n).map(|(_, v)| v.clone());
                    let value = found.reduce(|a, b| join(&a, &b)).unwrap_or_else(unknown);
                    self.project(&value, &from.path)
                }
                _ => self.read_port(call, from),
            };
            let value = if value.taints.is_empty() { value } else { Arc::new(value.stepped(&at, StepKind::Through)) };
            match to.base {
                Base::Return => {
                    let is_collection = call.receiver.as_ref().is_some_and(|r| r.field(*ELEMENT).is_some());
                    let shaped = to.path.iter().rev().fold(value, |v, name| {
                        if *name == *CONTENT {
                            return if is_collection { self.collection(&v) } else { v };
                        }
                        Arc::new(Value { types: Types::OBJECT, ..Value::default() }.with_field(*name, v))
                    });
                    result = Some(result.map_or_else(|| shaped.clone(), |r| join(&r, &shaped)));
                }
                Base::This => {
                    if let (Some(receiver), Some(id)) = (&call.receiver, call.receiver_id) {
                        let new = self.grown(receiver, &to.path, &value);
                        self.put(id, new);
                    }
                }
                Base::Arg(n) => {
                    if let (Some(arg), Some(id)) = (call.args.get(n as usize), call.arg_ids.get(n as usize)) {
                        let new = self.grown(arg, &to.path, &value);
                        self.put(*id, new);
                    }
                }
                _ => {}
            }
        }
        result.unwrap_or_else(unknown)
    }

    /// A value into which another was put, at a path or as a whole.
    fn grown(&self, target: &Val, path: &[Ustr], value: &Val) -> Val {
        match path.first() {
            None => join(target, value),
            Some(name) => {
                let inner = target.field(*name).cloned();
                let rest = inner.as_ref().map_or_else(|| value.clone(), |i| join(i, value));
                Arc::new(target.with_field(*name, rest))
            }
        }
    }

    fn read_port(&mut self, call: &Call<'_>, port: &Port) -> Val {
        let value = match port.base {
            Base::Arg(n) => call.args.get(n as usize).cloned(),
            // Beside others a number is text without harm.
            Base::ArgsFrom(n) if call.args.len() > n as usize + 1 => {
                let args = call.args.iter().skip(n as usize);
                let parts = args.map(|a| if a.types.is_harmless() { Arc::new(a.digits()) } else { a.clone() });
                parts.reduce(|a, b| join(&a, &b))
            }
            Base::ArgsFrom(n) => call.args.get(n as usize).cloned(),
            Base::This => call.receiver.clone(),
            _ => None,
        };
        let value = value.unwrap_or_else(unknown);
        self.project(&value, &port.path)
    }

    /// Runs functions that are handed to a call.
    fn hand_over_callbacks(&mut self, call: &Call<'_>, model: Option<&CallModel>) {
        if call.args.iter().any(|a| !a.funcs.is_empty() || a.fields.is_some()) {
            self.run_callbacks(call, &[], model);
        }
    }

    fn run_callbacks(
        &mut self,
        call: &Call<'_>,
        params: &[(u8, u8, Val)],
        model: Option<&CallModel>,
    ) -> Vec<(u8, Val)> {
        let mut out = Vec::new();
        let target = Target { paths: &call.paths, name: call.name, open: call.open };
        let models = self.models;
        let ports = Ports { args: &call.args, receiver: call.receiver.as_ref(), value: None };
        let mut sources = models.call_sources(&target);
        sources.retain(|s| s.when.iter().all(|c| holds(c, &ports)));
        for (i, arg) in call.args.iter().enumerate() {
            let i = i as u8;
            let mut funcs: Vec<FuncRef> = arg.funcs.to_vec();
            // Handlers in an array, `app.get('/', [check, handler])`, or in an options object.
            if funcs.is_empty() {
                funcs.extend(arg.fields().flat_map(|(_, v)| v.funcs.iter().cloned()).take(8));
            }
            for func in funcs {
                let mut args: Vec<Val> = Vec::new();
                let mut set = |n: usize, value: Val| {
                    while args.len() <= n {
                        args.push(unknown());
                    }
                    args[n] = if args[n].is_unknown() { value } else { join(&args[n], &value) };
                };
                for (callback, param, value) in params {
                    if *callback == 255 || *callback == i {
                        set(*param as usize, value.clone());
                    }
                }
                if let Some(types) = model.and_then(|m| m.callbacks.iter().find(|(n, _)| *n == 255 || *n == i)) {
                    // An error handler of the Express kind takes the error first.
                    let shift = usize::from(types.1.len() == 3 && self.param_count(&func) == Some(4));
                    for (n, ty) in types.1.iter().enumerate() {
                        if let Some(ty) = ty {
                            set(n + shift, super::value::api(*ty));
                        }
                    }
                }
                for source in &sources {
                    if let Some(port) = &source.port
                        && let Base::CallbackParam(n, param) = port.base
                        && (n == 255 || n == i)
                    {
                        let origin = Source { kind: source.kind, at: self.at(call.name_span), what: source.what };
                        let mut value = Value::default();
                        value.add_taint(Taint {
                            origin: Origin::Source(Arc::new(origin)),
                            cleaned: source.cleans,
                            trace: None,
                        });
                        set(param as usize, Arc::new(value));
                    }
                }
                let before = self.state.clone();
                let result = self.hand_over(&func, &args);
                // The callback may never run.
                self.state.live = true;
                self.join_with(&before);
                out.push((i, result));
            }
        }
        out
    }

    fn param_count(&self, func: &FuncRef) -> Option<usize> {
        Arc::ptr_eq(&func.arena, self.arena).then(|| self.hir.function(func.id).params.len())
    }

    /// A function is given away and may be called with these arguments.
    pub(super) fn hand_over(&mut self, func: &FuncRef, args: &[Val]) -> Val {
        if Arc::ptr_eq(&func.arena, self.arena) {
            let this = self.state.this.clone();
            let result = self.activate(func.id, args, args.is_empty());
            self.state.this = this;
            return result;
        }
        self.out.context(func, args);
        match self.world.summary(func) {
            Some(summary) => self.apply_summary(&summary, args, None, Span::default()),
            None => unknown(),
        }
    }

    /// `list.push(x)` and its kin put things into their receiver.
    fn mutate_receiver(&mut self, call: &Call<'_>, receiver: &Val) {
        let from = match call.name.as_str() {
            "push" | "unshift" | "add" | "append" | "push_back" | "push_front" | "extend" | "concat_with" => 0,
            "push_str" => {
                if let Some(id) = call.receiver_id {
                    let text = call.args.first().cloned().unwrap_or_else(unknown);
                    let joined = self.concat(&[receiver.clone(), text], call.span);
                    self.put(id, joined);
                }
                return;
            }
            "set" | "insert" | "entry" if call.args.len() >= 2 => 1,
            "splice" => 2,
            _ => return,
        };
        let Some(id) = call.receiver_id else { return };
        if !receiver.apis.is_empty() || !self.is_place(id) {
            return;
        }
        let mut new = Value::clone(receiver);
        for arg in call.args.iter().skip(from) {
            let old = new.field(*ELEMENT).cloned();
            let element = old.map_or_else(|| arg.clone(), |o| join(&o, arg));
            new = new.with_field(*ELEMENT, element);
            if from == 1
                && let Some(key) = call.args[0].as_str()
            {
                new = new.with_field(key, arg.clone());
            }
        }
        self.put(id, Arc::new(new));
    }

    fn call_sources(&mut self, call: &Call<'_>, result: Val) -> Val {
        let target = Target { paths: &call.paths, name: call.name, open: call.open };
        let models = self.models;
        let mut out: Option<Value> = None;
        for source in models.call_sources(&target) {
            let Some(port) = &source.port else { continue };
            let ports = Ports { args: &call.args, receiver: call.receiver.as_ref(), value: None };
            if !source.when.iter().all(|c| holds(c, &ports)) {
                continue;
            }
            let origin =
                Origin::Source(Arc::new(Source { kind: source.kind, at: self.at(call.span), what: source.what }));
            let taint = Taint { origin, cleaned: source.cleans, trace: None };
            match port.base {
                Base::Return => {
                    let value = out.get_or_insert_with(|| Value::clone(&result));
                    if port.path.is_empty() {
                        value.add_taint(taint);
                    } else {
                        let mut inner = Value::default();
                        inner.add_taint(taint);
                        let inner = port
                            .path
                            .iter()
                            .skip(1)
                            .rev()
                            .fold(Arc::new(inner), |v, n| Arc::new(Value::default().with_field(*n, v)));
                        *value = value.with_field(port.path[0], inner);
                    }
                }
                Base::Arg(n) => {
                    if let (Some(arg), Some(id)) = (call.args.get(n as usize), call.arg_ids.get(n as usize)) {
                        // Another source may have put something there just now.
                        let now = self.peek(*id).unwrap_or_else(|| arg.clone());
                        let mut value = Value::clone(&now);
                        value.add_taint(taint);
                        self.put(*id, Arc::new(value));
                    }
                }
                _ => {}
            }
        }
        out.map_or(result, Arc::new)
    }

    fn call_sinks(&mut self, call: &Call<'_>) {
        let target = Target { paths: &call.paths, name: call.name, open: call.open };
        let models = self.models;
        let ports = Ports { args: &call.args, receiver: call.receiver.as_ref(), value: None };
        for sink in models.call_sinks(&target) {
            if !sink.when.iter().all(|c| holds(c, &ports)) {
                continue;
            }
            for port in &sink.ports {
                for (value, id) in self.port_values(call, port) {
                    let at = self.at(id.map_or(call.span, |id| self.hir.expr(id).span));
                    self.reach(&value, &SinkSite { kind: sink.kind, at, name: sink.name }, sink.deep);
                }
            }
        }
        for flag in models.call_flags(&target) {
            if flag.when.iter().all(|c| holds(c, &ports)) {
                let at = flag.at.as_ref().and_then(|p| match p.base {
                    Base::Arg(n) => call.arg_ids.get(n as usize).copied(),
                    Base::This => call.receiver_id,
                    _ => None,
                });
                let span = at.map_or(call.name_span, |id| self.hir.expr(id).span);
                let value = flag.when.first().map_or_else(unknown, |c| ports.read(&c.port).unwrap_or_else(unknown));
                self.out.flag(flag, &value, self.at(span), self.arena);
            }
        }
    }

    /// The values at a port of a call, with the expressions to point at.
    fn port_values(&mut self, call: &Call<'_>, port: &Port) -> Vec<(Val, Option<ExprId>)> {
        let roots: Vec<(Val, Option<ExprId>)> = match port.base {
            Base::Arg(n) => call
                .args
                .get(n as usize)
                .map(|v| (v.clone(), call.arg_ids.get(n as usize).copied()))
                .into_iter()
                .collect(),
            Base::ArgsFrom(n) => call
                .args
                .iter()
                .enumerate()
                .skip(n as usize)
                .map(|(i, v)| (v.clone(), call.arg_ids.get(i).copied()))
                .collect(),
            Base::This => call.receiver.iter().map(|v| (v.clone(), call.receiver_id)).collect(),
            _ => Vec::new(),
        };
        roots
            .into_iter()
            // Text has no fields.
            .filter(|(v, _)| port.path.is_empty() || v.types != Types::STRING)
            .map(|(v, id)| {
                // A field is a sink where it is given by name; a foreign object has any field.
                let value = self.project(&v, &port.path);
                let id = id.map(|id| self.member_expr(id, &port.path));
                (value, id)
            })
            .collect()
    }

    /// The expression of a field in an object literal, for findings.
    fn member_expr(&self, id: ExprId, path: &[Ustr]) -> ExprId {
        let mut at = id;
        for name in path {
            let ExprKind::Object(_, members) = &self.hir.expr(at).kind else { return at };
            let found = members.iter().find_map(|m| match m {
                Member::Field(crate::semantics::hir::Key::Name(n), value) if n == name => Some(*value),
                _ => None,
            });
            match found {
                Some(value) => at = value,
                None => return at,
            }
        }
        at
    }

    /// A sink inside a callee, reached by an argument.
    fn reach_through(&mut self, value: &Val, sink: &ParamSink, at: &super::value::At) {
        if value.has_taint() {
            self.out.reach_param_sink(value, sink, at);
        }
    }

    pub(super) fn tagged(&mut self, id: ExprId, tag: ExprId, strings: &[Ustr], values: &[ExprId]) -> Val {
        let hir = self.hir;
        let span = hir.expr(id).span;
        let tag_value = self.eval(tag);
        let values: Vec<Val> = values.iter().map(|v| self.eval(*v)).collect();
        let mut parts = Vec::new();
        for (i, text) in strings.iter().enumerate() {
            parts.push(constant(Lit::Str(*text)));
            parts.extend(values.get(i).cloned());
        }
        let text = self.concat(&parts, span);
        let name = match &hir.expr(tag).kind {
            ExprKind::Field(_, name) => *name,
            ExprKind::Name(name) => last_name(*name),
            ExprKind::Local(local) => hir.local(*local).name,
            _ => Ustr::default(),
        };
        let paths: SmallVec<[Ustr; 2]> = tag_value.apis.iter().map(|p| Ustr::from(&format!("{p}``"))).collect();
        let call = Call {
            id,
            callee: tag_value.clone(),
            paths,
            name: Ustr::from(&format!("{name}``")),
            open: tag_value.funcs.is_empty(),
            receiver: None,
            receiver_id: None,
            args: vec![text.clone()],
            arg_ids: SmallVec::from_slice(&[id]),
            new: false,
            span,
            name_span: hir.expr(tag).span,
            types: &[],
        };
        self.call_sinks(&call);
        let model = self.model(&call);
        match model {
            Some(model) => {
                let base = if model.flows.is_some() { unknown() } else { text };
                self.apply_model(&call, model, &base)
            }
            None if matches!(name.as_str(), "raw" | "dedent" | "stripIndent" | "oneLine") => text,
            // A tag that nobody knows is there to make its parts safe: `sql`, `html`, `gql`, `css`.
            None => Arc::new(Value {
                types: Types::STRING,
                apis: smallvec::smallvec![Ustr::from(&format!("{name}``"))],
                ..Value::default()
            }),
        }
    }

    pub(super) fn macro_call(&mut self, id: ExprId, path: Ustr, args: &[ExprId], name_span: Span) -> Val {
        let hir = self.hir;
        let span = hir.expr(id).span;
        if matches!(last_name(path).as_str(), "assert" | "debug_assert" | "ensure") {
            if let [cond, rest @ ..] = args {
                let facts = super::guard::condition(self, *cond);
                rest.iter().for_each(|a| drop(self.eval(*a)));
                self.refine(&facts.when_true);
            }
            return unknown();
        }
        let values: Vec<Val> = args.iter().map(|a| self.eval(*a)).collect();
        if !self.state.live {
            return unknown();
        }
        let full = self.world.type_path(path).unwrap_or(path);
        let call = Call {
            id,
            callee: unknown(),
            paths: SmallVec::from_slice(&[Ustr::from(&format!("{full}!"))]),
            name: Ustr::from(&format!("{}!", last_name(path))),
            open: true,
            receiver: None,
            receiver_id: None,
            args: values.clone(),
            arg_ids: args.iter().copied().collect(),
            new: false,
            span,
            name_span,
            types: &[],
        };
        self.call_sinks(&call);
        self.out.call_event(hir, &call, self.arena);
        let name = last_name(path);
        if matches!(name.as_str(), "panic" | "todo" | "unreachable" | "unimplemented" | "bail") {
            self.may_throw();
            self.state.live = false;
            return unknown();
        }
        let model = self.model(&call);
        let base = match model.and_then(|m| m.flows.as_ref().map(|f| (m, f))) {
            Some((m, flows)) => self.model_flows(&call, flows, m),
            None if matches!(name.as_str(), "format" | "concat" | "format_args" | "dbg") => {
                values.first().cloned().unwrap_or_else(unknown)
            }
            None => {
                let all: Vec<Val> = values;
                self.made_of(&all)
            }
        };
        let result = self.call_sources(&call, base);
        match model {
            Some(model) => self.apply_model(&call, model, &result),
            None => result,
        }
    }

    /// Intrinsic JSX elements with attributes that do harm.
    pub(super) fn jsx_sinks(&mut self, tag: Option<Ustr>, attributes: &[Member], props: &Val) {
        let models = self.models;
        for member in attributes {
            let Member::Field(crate::semantics::hir::Key::Name(name), expr) = member else { continue };
            let Some(value) = props.field(*name).cloned() else { continue };
            let tag = tag.unwrap_or_else(|| Ustr::from("*"));
            let paths = [Ustr::from(&format!("jsx:{tag}.{name}")), Ustr::from(&format!("jsx:*.{name}"))];
            let target = Target { paths: &paths, name: *name, open: false };
            let props_view = Ports { args: &[], receiver: Some(props), value: Some(&value) };
            for sink in models.set_sinks(&target) {
                if sink.when.iter().all(|c| holds(c, &props_view)) {
                    let path = sink.ports.first().map(|p| p.path.clone()).unwrap_or_default();
                    let inner = self.project(&value, &path);
                    let site = SinkSite { kind: sink.kind, at: self.at(self.hir.expr(*expr).span), name: sink.name };
                    self.reach(&inner, &site, sink.deep);
                }
            }
            for flag in models.set_flags(&target) {
                if flag.when.iter().all(|c| holds(c, &props_view)) {
                    self.out.flag(flag, &value, self.at(self.hir.expr(*expr).span), self.arena);
                }
            }
        }
    }
}

/// `map.get("key")` where that key was set.
fn looked_up(call: &Call<'_>) -> Option<Val> {
    let receiver = call.receiver.as_ref().filter(|_| call.name == "get" && call.args.len() == 1)?;
    receiver.field(call.args[0].as_str()?).cloned()
}

impl Value {
    /// The value without its own taints; fields keep theirs.
    pub(super) fn untainted_here(&self) -> Value {
        let mut copy = self.clone();
        copy.taints.clear();
        copy
    }
}
