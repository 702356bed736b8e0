//! Calls of library functions: models, the general rule, and the functions that are handed to them.

use super::*;
use crate::semantics::flow::interp::said::HANDED_ON;
use crate::semantics::flow::kinds::{DIGITS, SourceKind};

impl<'a> Interp<'a> {
    /// What the name of a function says of what it gives.
    pub(in crate::semantics::flow) fn known_by_name(&self, call: &Call<'_>, result: Val) -> Val {
        if result.taints.is_empty() {
            return result;
        }
        // What is written into a copy is not written into what was copied.
        let is_copy = call.name == "assign"
            && call.paths.iter().any(|p| p == "Object.assign")
            && call.args.first().is_some_and(|to| !to.has_taint() && to.types == Types::OBJECT)
            || call.args.len() == 1 && lexicon::has_word(&call.name, &["clone", "cloned"]);
        if is_copy {
            let kinds = SinkKind::PrototypeBase.set();
            let mut copy = Value::clone(&result);
            copy.taints.iter_mut().for_each(|t| t.cleaned = t.cleaned | kinds);
            return Arc::new(copy);
        }
        if call.callee.funcs.is_empty() {
            return result;
        }
        // The program's own `mask(password)`.
        if lexicon::masks(call.name) {
            let mut masked = Value::clone(&result);
            masked.taints.retain(|t| !is_sensitive(t));
            let logs = SinkKind::Log.set() | SinkKind::Console.set();
            return Arc::new(masked.cleaned(DISCLOSURE | logs));
        }
        // The program's own `htmlEscape(text)`, however it goes about it.
        let of_html = ["tml", "xml", "XML", "TML", "ntities"].iter().any(|w| call.name.contains(w));
        let writes_entities = |func: &FuncRef| {
            self.world.code(func).map_or(of_html, |(arena, span)| {
                let text = arena.slice(span);
                ["&lt;", "&#60;", "&#x3C;", "&quot;"].iter().any(|entity| text.contains(entity))
                    && ["&amp;", "&#39;", "&apos;"].iter().any(|entity| text.contains(entity))
            })
        };
        if lexicon::escapes_html(call.name) && call.callee.funcs.iter().all(writes_entities) {
            return Arc::new(result.cleaned(SinkKind::Html.set()));
        }
        result
    }

    /// `text.parse().unwrap()` of a parameter (Rust): whoever hands over what a client sent lets that client stop the program. Data that comes
    /// in where it is unwrapped is told of by the rule itself.
    pub(in crate::semantics::flow) fn unwraps(&mut self, call: &Call<'_>) {
        let Some(receiver) = call.receiver.as_ref().filter(|_| matches!(call.name.as_str(), "unwrap" | "expect"))
        else {
            return;
        };
        // Of other types a part may be known to be well-formed: the path of an address is one.
        let parameters = self.hir.functions.get(self.current().0 as usize).map_or(&[][..], |f| &f.params);
        let is_text = |n: u16| {
            parameters.get(usize::from(n)).and_then(|p| p.ty.as_ref()).is_some_and(|ty| match ty {
                Type::Array(inner) => matches!(&**inner, Type::Path(path, _) if path.as_str() == "u8"),
                other => super::super::interp::primitive(other) == Types::STRING,
            })
        };
        let text = |t: &&Taint| matches!(&t.origin, Origin::Param(n, path) if path.is_empty() && is_text(*n));
        let handed: SmallVec<_> = receiver.taints.iter().filter(text).cloned().collect();
        if handed.is_empty() || !self.world.casts_convert() {
            return;
        }
        let made = call.receiver_id.and_then(|id| match &self.hir.expr(id).kind {
            ExprKind::Call { callee, .. } => match &self.hir.expr(*callee).kind {
                ExprKind::Field(_, name) | ExprKind::Name(name) => Some(last_name(*name)),
                _ => None,
            },
            _ => None,
        });
        let reads = made.is_some_and(|name| {
            matches!(
                name.as_str(),
                "parse"
                    | "from_utf8"
                    | "from_str"
                    | "from_slice"
                    | "from_value"
                    | "parse_str"
                    | "split_once"
                    | "from_hex"
            )
        });
        if reads {
            let value = Arc::new(Value { taints: handed, ..Value::default() });
            self.reach(
                &value,
                &SinkSite { kind: SinkKind::Unwrap, at: self.at(call.name_span), name: call.name },
                false,
            );
        }
    }

    /// `table[n]`, `&text[..n]` (Rust) with a number that a client sent and nothing bounded: beyond the end it panics.
    pub(in crate::semantics::flow) fn out_of_bounds(&mut self, index: ExprId, value: &Val, span: Span) {
        if !self.world.casts_convert() {
            return;
        }
        let ends: SmallVec<[Val; 2]> = match self.hir.expr(index).kind {
            ExprKind::Range(from, to) => [from, to].into_iter().flatten().filter_map(|end| self.peek(end)).collect(),
            _ => smallvec::smallvec![value.clone()],
        };
        // What was compared with something, or cut short, is bounded for whoever allocates that much, too.
        let unbounded = |t: &Taint| {
            matches!(&t.origin, Origin::Source(s) if s.kind == SourceKind::Remote)
                && !t.cleaned.has(SinkKind::Allocation)
        };
        let sent: SmallVec<_> = ends
            .iter()
            .filter(|v| v.types == Types::NUMBER && !v.exact)
            .flat_map(|v| v.taints.iter().filter(|t| unbounded(t)).cloned())
            .collect();
        if !sent.is_empty() {
            let value = Arc::new(Value { taints: sent, ..Value::default() });
            let site = SinkSite { kind: SinkKind::Unwrap, at: self.at(span), name: Ustr::from("[]") };
            self.reach(&value, &site, false);
        }
    }

    /// `headers.get(REFERER)` (Rust): the page that a visitor comes from is written by their browser. Who is sent back there goes where
    /// they were.
    pub(in crate::semantics::flow) fn sent_by_browser(&self, call: &Call<'_>, result: Val) -> Val {
        let asked = matches!(call.name.as_str(), "get" | "header" | "get_header") && result.has_taint();
        let referer = |id: &ExprId| {
            let name = self.arena.slice(self.hir.expr(*id).span);
            name.ends_with("REFERER") || name.trim_matches('"').eq_ignore_ascii_case("referer")
        };
        if asked && call.arg_ids.first().is_some_and(referer) {
            return Arc::new(result.cleaned(SinkKind::Redirect.set()));
        }
        result
    }

    /// A call of something that is no function of the program.
    pub(in crate::semantics::flow) fn library_call(
        &mut self,
        call: &Call<'_>,
        model: Option<&CallModel>,
        handed: &mut bool,
    ) -> Val {
        let mut out = Value::default();
        if let Some(model) = model
            && let Some(flows) = &model.flows
        {
            *handed = flows.iter().any(|(from, _)| matches!(from.base, Base::CallbackReturn(_)))
                || flows.iter().any(|(_, to)| matches!(to.base, Base::CallbackParam(..)));
            let result = self.model_flows(call, flows, model);
            let known: SmallVec<[Ustr; 2]> = match model.returns {
                Some(_) => SmallVec::new(),
                None => call.paths.iter().map(|p| self.models.canonical(called(*p))).collect(),
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
                let returned = called(*path);
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
    pub(in crate::semantics::flow) fn made_by_class(&mut self, call: &Call<'_>) -> Option<Val> {
        if !self.world.casts_convert() || call.receiver.is_some() {
            return None;
        }
        let class = call.callee.class.filter(|c| !c.is_static)?;
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

    pub(in crate::semantics::flow) fn apply_model(&mut self, call: &Call<'_>, model: &CallModel, result: &Val) -> Val {
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
        // Text has no elements of its own: bytes that were numbers are characters now.
        if model.types == Some(Types::STRING) && out.fields.is_some() {
            out = out.flattened();
        }
        if model.types == Some(Types::STRING) && model.returns.is_none() && self.world.casts_convert() {
            out.apis.clear();
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
    pub(in crate::semantics::flow) fn model_flows(
        &mut self,
        call: &Call<'_>,
        flows: &[(Port, Port)],
        model: &CallModel,
    ) -> Val {
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
            // Of a callback that is not given nothing comes back: `promise.then(Number)` is a number.
            let missing = |n: u8| n != 255 && n as usize >= call.args.len();
            if matches!(from.base, Base::Arg(n) | Base::CallbackReturn(n) if missing(n)) {
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
            // A path that is put below another is part of a text as well.
            let known = |v: &Val| v.exact || v.prefix.is_some();
            let joins = matches!(call.name.as_str(), "join" | "push" | "with_file_name" | "set_file_name")
                && matches!(from.base, Base::Arg(_))
                && (call.receiver.as_ref().is_some_and(known) || call.args.first().is_some_and(known));
            let what = if joins { StepKind::Concatenated } else { StepKind::Through };
            let value = if value.taints.is_empty() { value } else { Arc::new(value.stepped(&at, what)) };
            // The text of numbers.
            let text = model.types == Some(Types::STRING) && value.types.is_harmless();
            let value = if text { Arc::new(value.digits()) } else { value };
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
    pub(in crate::semantics::flow) fn grown(&self, target: &Val, path: &[Ustr], value: &Val) -> Val {
        match path.first() {
            None => join(target, value),
            Some(name) => {
                let inner = target.field(*name).cloned();
                let rest = inner.as_ref().map_or_else(|| value.clone(), |i| join(i, value));
                Arc::new(target.with_field(*name, rest))
            }
        }
    }

    pub(in crate::semantics::flow) fn read_port(&mut self, call: &Call<'_>, port: &Port) -> Val {
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
    pub(in crate::semantics::flow) fn hand_over_callbacks(&mut self, call: &Call<'_>, model: Option<&CallModel>) {
        if call.args.iter().any(|a| !a.funcs.is_empty() || a.fields.is_some()) {
            self.run_callbacks(call, &[], model);
        }
    }

    pub(in crate::semantics::flow) fn run_callbacks(
        &mut self,
        call: &Call<'_>,
        params: &[(u8, u8, Val)],
        model: Option<&CallModel>,
    ) -> Vec<(u8, Val)> {
        let mut out = Vec::new();
        // What handlers that come first let through: `app.get("/:id", onlyNumbers, handler)`.
        let mut let_through = self.let_through_before(call);
        let outer = std::mem::replace(&mut self.handing, call.span);
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
                inner_functions(arg, 0, &mut funcs);
                funcs.retain(|func| self.is_worth_another_run(func, self.active_functions() > 2));
            }
            if funcs.is_empty()
                && let Some(result) = self.hand_to_library(call, arg, i, params)
            {
                out.push((i, result));
            }
            // A function that the function at work was given: whoever gave it learns what it is called with.
            if funcs.is_empty() && arg.has_symbol(0) && !self.world.casts_convert() {
                let mut given: Vec<Val> = Vec::new();
                for (_, param, value) in params.iter().filter(|(callback, ..)| *callback == i || *callback == 255) {
                    given.resize(given.len().max(usize::from(*param) + 1), unknown());
                    given[usize::from(*param)] = value.clone();
                }
                if given.iter().any(|v| v.has_taint()) {
                    for taint in &arg.taints {
                        if let Origin::Param(param, path) = &taint.origin {
                            self.out.param_call(*param, path, &given);
                        }
                    }
                }
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
                            set(n + shift, super::super::value::api(*ty));
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
                if let Some(first) = args.first().cloned()
                    && let Some(input) = self.procedure_input(call, &first)
                {
                    args[0] = input;
                }
                if let Some(first) = args.first().cloned()
                    && let Some(request) = self.described_request(call, &first)
                {
                    args[0] = request;
                }
                for told in &let_through {
                    let Some(request) = args.first().cloned() else { break };
                    args[0] = self.with_harmless(&request, &told.path, told.kinds[HANDED_ON]);
                }
                for part in routed(call) {
                    let Some(request) = args.first().cloned() else { break };
                    args[0] = self.with_harmless(&request, &[Ustr::from(part)], SinkKind::Redirect.set());
                }
                let args = self.with_bound(arg, &args);
                let before = self.state.clone();
                self.last_told.clear();
                let result = self.hand_over(&func, &args);
                if model.is_some_and(|m| !m.callbacks.is_empty()) {
                    let_through.extend(self.said_before_next(&func, call));
                }
                // The callback may never run.
                self.state.live = true;
                self.join_with(&before);
                out.push((i, result));
            }
        }
        self.handing = outer;
        self.lets_through(call, let_through);
        out
    }

    /// A function of a library that is handed over, `.map(String::as_str)`, `.then(JSON.parse)`, is called with what the callee
    /// gives it.
    fn hand_to_library(&mut self, call: &Call<'_>, callee: &Val, n: u8, params: &[(u8, u8, Val)]) -> Option<Val> {
        let (_, _, given) = params.iter().find(|(i, param, _)| *param == 0 && (*i == n || *i == 255))?;
        // `.map(Name)`: a tuple struct's constructor.
        if let Some(class) = callee.class.filter(|_| self.world.casts_convert() && callee.funcs.is_empty()) {
            let made =
                Value { class: Some(ClassRef { is_static: false, ..class }), types: Types::OBJECT, ..Value::default() };
            return Some(Arc::new(made.with_field(Ustr::from("0"), given.clone())));
        }
        let path = *callee.apis.first()?;
        // `.then(Number)`: what converts is a type's name too.
        let converts = matches!(path.as_str(), "Number" | "String" | "Boolean" | "BigInt");
        if !given.has_taint() || callee.fields.is_some() || self.is_modelled(callee) && !converts {
            return None;
        }
        let rust = self.world.casts_convert();
        let inner = Call {
            id: call.id,
            callee: callee.clone(),
            paths: callee.apis.iter().map(|p| self.models.canonical(*p)).collect(),
            name: last_name(path),
            open: rust,
            receiver: rust.then(|| given.clone()),
            receiver_id: None,
            args: vec![given.clone()],
            arg_ids: SmallVec::new(),
            new: false,
            span: call.span,
            name_span: call.name_span,
            types: &[],
        };
        Some(self.finish_call(&inner))
    }

    pub(in crate::semantics::flow) fn param_count(&self, func: &FuncRef) -> Option<usize> {
        (func.block == self.block).then(|| self.hir.function(func.id).params.len())
    }

    /// A function is given away and may be called with these arguments.
    pub(in crate::semantics::flow) fn hand_over(&mut self, func: &FuncRef, args: &[Val]) -> Val {
        if func.block == self.block {
            let this = self.state.this.clone();
            let result = self.activate(func.id, args, args.is_empty());
            self.state.this = this;
            return result;
        }
        self.use_child(func);
        self.out.context(func, args);
        let Some(summary) = self.world.summary(func) else { return unknown() };
        self.carried_by(&summary, args);
        self.apply_summary(&summary, args, None, Span::default())
    }

    /// `list.push(x)` and its kin put things into their receiver.
    pub(in crate::semantics::flow) fn mutate_receiver(&mut self, call: &Call<'_>, receiver: &Val) {
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
            "shift" | "reverse" | "sort" => usize::MAX,
            _ => return,
        };
        let Some(id) = call.receiver_id else { return };
        if !receiver.apis.is_empty() || !self.is_place(id) {
            return;
        }
        // A function of the program may have left something there meanwhile.
        let now = if call.callee.funcs.is_empty() { None } else { self.peek(id) };
        let mut new = Value::clone(now.as_ref().unwrap_or(receiver));
        if matches!(call.name.as_str(), "unshift" | "splice" | "shift" | "reverse" | "sort") {
            new = moved(&new);
        }
        for arg in call.args.iter().skip(from) {
            self.out.written_below(receiver, &[*ELEMENT], arg);
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

    pub(in crate::semantics::flow) fn call_sources(&mut self, call: &Call<'_>, result: Val) -> Val {
        let target = Target { paths: &call.paths, name: call.name, open: call.open };
        let models = self.models;
        let mut out: Option<Value> = None;
        for source in models.call_sources(&target) {
            let Some(port) = &source.port else { continue };
            let ports = Ports { args: &call.args, receiver: call.receiver.as_ref(), value: None };
            if !source.when.iter().all(|c| holds(c, &ports)) {
                continue;
            }
            // In a worker it is the page that made it which says something.
            if source.kind == SourceKind::Message
                && call.name == "addEventListener"
                && call.receiver_id.is_none_or(|r| self.arena.slice(self.hir.expr(r).span) == "self")
                && !crate::rules::evidence::mentions(self.arena, &["window", "document", "location"])
            {
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
}

/// Functions in an array or object, or in those inside of it. What an instance of a class keeps it calls itself, when it likes.
fn inner_functions(value: &Val, depth: usize, out: &mut Vec<FuncRef>) {
    const MOST: usize = 8;
    if value.class.is_some() {
        return;
    }
    for (_, inner) in value.fields() {
        if inner.funcs.is_empty() && depth < 2 {
            inner_functions(inner, depth + 1, out);
        }
        out.extend(inner.funcs.iter().cloned().take(MOST.saturating_sub(out.len())));
    }
}

/// A list of which the elements may stand anywhere now.
fn moved(list: &Value) -> Value {
    let is_position = |name: &Ustr| name.bytes().all(|b| b.is_ascii_digit()) && !name.is_empty();
    let (elements, others): (Vec<_>, Vec<_>) = list.fields().cloned().partition(|(n, _)| is_position(n));
    let Some(any) = elements.into_iter().map(|(_, v)| v).reduce(|a, b| join(&a, &b)) else { return list.clone() };
    let element = list.field(*ELEMENT).map_or_else(|| any.clone(), |e| join(e, &any));
    let out = list.clone().with_fields(others);
    out.with_field(*ELEMENT, element)
}

/// Whether a value is a request, of whatever server.
pub(super) fn is_request(value: &Value) -> bool {
    value.apis.iter().any(|p| p.ends_with(".Request") || p.ends_with(".IncomingMessage"))
}

/// Whether arguments of `slice` and its kin ask for a few characters: `(0, 4)`, `(-4)`.
pub(super) fn is_short_part(args: &[Val]) -> bool {
    const FEW: f64 = 8.0;
    let number = |n: usize| match args.get(n).and_then(|a| a.as_lit()) {
        Some(Lit::Num(n)) => Some(*n),
        _ => None,
    };
    match (number(0), number(1), args.len()) {
        (Some(from), Some(to), 2) => from >= 0.0 && to > from && to - from <= FEW,
        (Some(from), None, 1) => (-FEW..0.0).contains(&from),
        _ => false,
    }
}

/// A text that is decoded after it was looked at: `%2e%2e` is no `..` before, and `%3c` no `<`. Where a list of characters without
/// `%` let it through, nothing in it can be decoded. Of the path of a `parsed` address only what is no slash was.
pub(super) fn decoded(value: &Val, parsed: bool) -> Value {
    let path = if parsed { SinkKinds::NONE } else { SinkKind::Path.set() };
    let undone = path | SinkKind::Normalized.set() | SinkKind::Html.set();
    let mut mark = |t: &Taint| {
        let kept = if t.cleaned.has(SinkKind::Format) { t.cleaned } else { SinkKinds(t.cleaned.0 & !undone.0) };
        Some(Taint { cleaned: kept, ..t.clone() })
    };
    value.map_taints(&mut mark, 0)
}

/// Kinds of sinks for which bytes are harmless that a call writes as digits: `bytes.toString("hex")`, `btoa(text)`. Those of base64
/// may begin with slashes.
pub(super) fn as_digits(call: &Call<'_>) -> Option<SinkKinds> {
    let slashes = super::super::sink::ADDRESS | SinkKind::Path.set();
    let encoding = match call.name.as_str() {
        "toString" => call.args.first()?.as_str()?,
        "btoa" if call.receiver.is_none() => Ustr::from("base64"),
        _ => return None,
    };
    match encoding.as_str() {
        "hex" | "base64url" => Some(DIGITS),
        "base64" => Some(SinkKinds(DIGITS.0 & !slashes.0)),
        _ => None,
    }
}

/// Whether an expression is the element that an event happened to.
pub(super) fn is_of_event(text: &str) -> bool {
    matches!(text.split_once('.'), Some(("e" | "ev" | "evt" | "event", part)) if part.ends_with("arget") || part == "srcElement")
}

/// Whether what is called gives a hash, by its own name or that of the library: `passwordHash.generate(text)`.
pub(super) fn makes_hash(call: &Call<'_>) -> bool {
    let of = |path: &Ustr| {
        let library = path.as_str().rsplit_once('.').map(|(library, _)| library);
        library.is_some_and(|l| lexicon::hashes(Ustr::from(l)))
    };
    lexicon::hashes(call.name) || matches!(call.name.as_str(), "generate" | "create") && call.paths.iter().any(of)
}

/// The parts of a request's address that begin with a name of the program's own where a route has one, and so lead nowhere else:
/// `app.get("/admin/:page", handler)`.
fn routed(call: &Call<'_>) -> &'static [&'static str] {
    let parts: &[&str] = match call.name.as_str() {
        "get" | "post" | "put" | "patch" | "delete" | "head" | "options" | "all" => &["url", "originalUrl", "path"],
        // What is mounted sees the rest alone.
        "use" => &["originalUrl", "baseUrl"],
        _ => return &[],
    };
    let Some(route) = call.args.first().and_then(|a| a.as_str()).filter(|_| call.args.len() > 1) else { return &[] };
    let Some(rest) = route.strip_prefix('/') else { return &[] };
    let named = rest.starts_with(|c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.'));
    if named || rest.is_empty() && call.name != "use" { parts } else { &[] }
}
