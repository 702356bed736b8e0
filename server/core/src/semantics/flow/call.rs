//! Calls: who is called, what goes in, what comes out.

mod library;
mod schema;
mod summaries;
mod tagged;

use library::{decoded, is_request, is_short_part};
pub(super) use summaries::asks_own_key;

use std::sync::Arc;

use smallvec::SmallVec;

use crate::semantics::hir::{Arg, BinaryOp, ExprId, ExprKind, Lit, LocalId, Member, Type, UnaryOp, Ustr};
use crate::syntax::Span;

use super::interp::Interp;
use super::kinds::{DISCLOSURE, SinkKind, SinkKinds};
use super::lexicon;
use super::models::{Base, CallModel, Port, Target, called};
use super::place::{is_sensitive, is_weak_random, last_name};
use super::report::{HASHED, SinkSite};
use super::sink::{Ports, holds};
use super::trace::CallNote;
use super::value::{
    CONTENT, ClassRef, ELEMENT, FuncRef, Origin, Source, StepKind, THIS, Taint, Types, Val, Value, constant, join,
    position, step, unknown,
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
        if matches!(hir.expr(callee).kind, ExprKind::Super) {
            let values = self.eval_args(args);
            return if self.state.live { self.construct_super(&values, span) } else { unknown() };
        }
        if let Some(result) = self.then_call(callee, args) {
            return result;
        }
        let (receiver, receiver_id, callee_val, name) = match &hir.expr(callee).kind {
            ExprKind::Field(base, name) if matches!(hir.expr(*base).kind, ExprKind::Super) => {
                let parent = self.eval(*base);
                let member = self.member(&parent, *name, hir.expr(callee).span);
                (Some(self.state.this.clone()), None, member, *name)
            }
            ExprKind::Field(base, name) => {
                let receiver = self.eval(*base);
                let member = self.member(&receiver, *name, hir.expr(callee).span);
                // `api[name].apply(null, args)`, `const f = api[name]; f.call(null)`
                let index = match &hir.expr(*base).kind {
                    _ if !matches!(name.as_str(), "apply" | "call") => None,
                    ExprKind::Index(_, index) => Some(*index),
                    ExprKind::Local(local) => self.out.looked_up.get(local).copied(),
                    _ => None,
                };
                if let Some(index) = index
                    && let Some(key) = self.peek(index)
                    && key.as_lit().is_none()
                {
                    let at = self.at(match &hir.expr(*base).kind {
                        ExprKind::Index(..) => hir.expr(index).span,
                        _ => hir.expr(*base).span,
                    });
                    self.reach(&key, &SinkSite { kind: SinkKind::MethodName, at, name: Ustr::from("method") }, false);
                }
                (Some(receiver), Some(*base), member, *name)
            }
            ExprKind::Index(base, index) => {
                let receiver = self.eval(*base);
                let key = self.eval(*index);
                let member = self.index(&receiver, &key, hir.expr(callee).span);
                if key.as_lit().is_none() && !super::interp::cells::is_bare(&receiver) {
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
        // `assert(/^[a-z]+$/.test(name))`: what comes after finds it true.
        let mut asserted = Vec::new();
        let mut values = match args.first() {
            Some(first) if !first.spread && asserts(&callee_val) => {
                let facts = super::guard::condition(self, first.value);
                asserted = facts.when_true;
                let mut values = vec![facts.value];
                values.extend(self.eval_args(&args[1..]));
                values
            }
            _ => self.eval_args(args),
        };
        if self.world.casts_convert() && !callee_val.funcs.is_empty() && !args.is_empty() {
            self.handed_on(&mut values, args);
        }
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
        let mut paths: SmallVec<[Ustr; 2]> = callee_val.apis.iter().map(|p| self.models.canonical(*p)).collect();
        // A function of the program that a user's model describes by its name.
        if paths.is_empty() && self.models.names_own(name) {
            paths.push(name);
        }
        let call = Call {
            id,
            paths,
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
        let result = self.finish_call(&call);
        if !asserted.is_empty() {
            self.refine(&asserted);
        }
        result
    }

    /// A call whose parts are evaluated: sinks, flags, result, guards.
    pub(super) fn finish_call(&mut self, call: &Call<'_>) -> Val {
        if matches!(call.name.as_str(), "require" | "import")
            && call
                .paths
                .iter()
                .any(|p| matches!(p.as_str(), "require" | "import" | "module.require" | "process.mainModule.require"))
            && let Some(specifier) = call.args.first().and_then(|a| a.as_str())
        {
            return self.world.module(specifier);
        }
        if let Some(result) = self.indirect(call) {
            return result;
        }
        if let Some(inner) = self.trait_call(call).or_else(|| self.conversion(call)) {
            return self.finish_call(&inner);
        }
        if let Some(result) = self.special_call(call) {
            return result;
        }
        self.call_sinks(call);
        self.slow_match(call);
        self.defines_property(call);
        self.out.call_event(self.hir, call, self.arena, self.world);
        let model = self.model(call);
        // `names.filter((n) => ALLOWED.includes(n))`: what is left passed the test.
        let picks = matches!(call.name.as_str(), "filter" | "find" | "findLast")
            && !self.world.casts_convert()
            && call.callee.funcs.is_empty();
        if picks {
            self.last_told.clear();
        }
        let mut handed = false;
        let mut told = [Vec::new(), Vec::new(), Vec::new()];
        let mut result = if !call.callee.funcs.is_empty() {
            handed = true;
            self.last_told.clear();
            let given = self.call_functions(call);
            let said = self.told_of(call);
            told = Self::lessons_of(call, &said);
            given
        } else if let Some(class) = call.callee.class.filter(|c| c.is_static) {
            self.construct(call, &class)
        } else if let Some(known) = looked_up(call) {
            known
        } else {
            self.library_call(call, model, &mut handed)
        };
        if let Some(model) = model {
            result = self.apply_model(call, model, &result);
        }
        if picks && result.has_taint() {
            let kinds = self.picked_by(call);
            if kinds != SinkKinds::NONE {
                result = Arc::new(result.cleaned(kinds));
            }
            result = self.picked_parts(call, result);
        }
        if let Some(regex) = super::regex::constructed(call) {
            result = Arc::new(regex);
        }
        let cleans = super::regex::replacement(call) | super::regex::matched(call) | super::slow::shortened(call);
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
        // `location.href.split("?")[1]` is no whole address any more; its beginning is.
        let from_start = matches!(call.name.as_str(), "slice" | "substring" | "substr")
            && matches!(call.args.first().and_then(|a| a.as_lit()), Some(Lit::Num(n)) if *n == 0.0);
        if matches!(call.name.as_str(), "split" | "match" | "matchAll" | "exec" | "substring" | "substr" | "slice")
            && !from_start
            && result.has_taint()
        {
            let mut parts = Value { prefix: None, ..result.without_mark(SinkKind::WholeAddress) };
            if call.name == "split"
                && let Some(whole) = &call.receiver
            {
                let at = self.at(call.span);
                parts.set_field(position(0), Arc::new(whole.stepped(&at, StepKind::Through)));
            }
            result = Arc::new(parts);
        }
        if call.name == "replace" && result.prefix.is_some_and(|p| matches!(p.as_str(), "#" | "?")) {
            result = Arc::new(Value { prefix: None, ..Value::clone(&result) });
        }
        // A request's `get` gives a header.
        let header = call.paths.iter().any(|p| p.ends_with("Request.get") || p.ends_with("Context.get"));
        if matches!(
            call.name.as_str(),
            "decodeURIComponent" | "decodeURI" | "unescape" | "decode" | "URLSearchParams" | "get" | "atob"
        ) && result.has_taint()
            && !header
        {
            result = Arc::new(result.without_mark(SinkKind::Encoded));
        }
        if matches!(call.name.as_str(), "decodeURIComponent" | "decodeURI" | "unescape") && result.has_taint() {
            // `%2e` is a dot to a parser of addresses already, and `decodeURI` leaves `%2f` as it is.
            let parsed = call.name == "decodeURI"
                && call.arg_ids.first().is_some_and(|a| self.arena.slice(self.hir.expr(*a).span).ends_with("pathname"));
            result = Arc::new(decoded(&result, parsed));
        }
        // `["aes", "256", "ecb"].join("-")`
        if call.name == "join"
            && !self.world.casts_convert()
            && let (Some(list), Some(between)) = (&call.receiver, call.args.first().and_then(|a| a.as_str()))
            && list.taints.is_empty()
            && list.fields().count() > 0
        {
            let parts: Vec<Ustr> = (0..8).map_while(|n| list.field(position(n))?.as_str()).collect();
            if parts.len() == list.fields().count() {
                let parts: Vec<&str> = parts.iter().map(|p| p.as_str()).collect();
                result = constant(Lit::Str(Ustr::from(&parts.join(&between))));
            }
        }
        // `["./", ...parts].join("?")` begins with what stands first.
        if call.name == "join"
            && result.has_taint()
            && result.prefix.is_none()
            && !self.world.casts_convert()
            && let Some(first) = call.receiver.as_ref().and_then(|list| list.field(position(0))?.as_str())
            && !first.is_empty()
        {
            result = Arc::new(Value { prefix: Some(first), ..Value::clone(&result) });
        }
        // Keys are no secrets.
        if call.name == "keys" && result.has_taint() && !self.world.casts_convert() {
            let mut names =
                |t: &Taint| (!is_sensitive(t)).then(|| Taint { cleaned: t.cleaned | DISCLOSURE, ..t.clone() });
            result = Arc::new(result.map_taints(&mut names, 0));
        }
        // Bytes as digits: nothing of their text is left.
        if !self.world.casts_convert()
            && let Some(kinds) = library::as_digits(call)
        {
            result = Arc::new(result.cleaned(kinds));
        }
        if !self.world.casts_convert() && library::makes_hash(call) && !self.is_modelled(&result) {
            let mut made = Value::clone(&result);
            made.apis.push(Ustr::from(HASHED));
            result = Arc::new(made);
        }
        // `new URL("/path", base)`: the base is where it leads.
        if call.new
            && call.paths.iter().any(|p| *p == "URL")
            && call.args.first().and_then(|a| a.as_str()).is_some_and(|t| !t.contains(':') && !t.starts_with("//"))
            && let Some(base) = call.args.get(1).filter(|b| !b.taints.is_empty())
            // The request's own address is the site itself.
            && !call.arg_ids.get(1).is_some_and(|id| {
                let text = self.arena.slice(self.hir.expr(*id).span).to_lowercase();
                ["url", "href", "origin", "location", "host"].iter().any(|w| text.trim_end_matches(['!', ')', '(']).ends_with(w))
            })
        {
            let at = self.at(call.span);
            let mut address = Value::clone(&result);
            base.stepped(&at, StepKind::Through).taints.into_iter().for_each(|t| address.add_taint(t));
            result = Arc::new(address);
        }
        // Where a relative path leads to is not known.
        if call.name == "resolve"
            && model.is_some_and(|m| m.cleans.has(SinkKind::Normalized))
            && !result.lits.is_empty()
        {
            let absolute = result.as_str().is_some_and(|t| t.starts_with('/'));
            if !absolute {
                result = Arc::new(Value { lits: SmallVec::new(), exact: false, prefix: None, ..Value::clone(&result) });
            }
        }
        // `path.join(root, path.normalize("/" + x))`: what begins with a slash and is normalised leads to nothing above.
        if call.name == "join"
            && model.is_some_and(|m| m.cleans.has(SinkKind::Normalized))
            && let [root, rest @ ..] = call.args.as_slice()
            && !root.has_taint()
            && rest.iter().all(|a| {
                let rooted = a.prefix.is_some_and(|p| p.starts_with('/'));
                !a.has_taint() || rooted && a.taints.iter().all(|t| t.cleaned.has(SinkKind::Normalized))
            })
        {
            result = Arc::new(result.cleaned(SinkKind::Path.set()));
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
            result = Arc::new(masked.cleaned(DISCLOSURE));
        }
        // `key.slice(0, 4)`, `token.slice(-4)`: a few characters tell nothing.
        if matches!(call.name.as_str(), "slice" | "substring" | "substr")
            && result.taints.iter().any(is_sensitive)
            && is_short_part(&call.args)
        {
            let mut masked = Value::clone(&result);
            masked.taints.retain(|t| !is_sensitive(t));
            result = Arc::new(masked);
        }
        result = self.known_by_name(call, result);
        // `parse::<u32>()`: text that became a number.
        if let [ty, ..] = call.types
            && self.world.casts_convert()
            && (super::interp::primitive(ty).is_harmless() && call.name != "array"
                // `json::<Filter>()`: fields that are numbers hold no text.
                || result.class.is_none() && result.has_taint() && self.type_class(ty).is_some())
        {
            result = self.typed(&result, ty);
        }
        // `document.querySelector<HTMLAnchorElement>("#back")`
        if let [ty] = call.types
            && matches!(call.name.as_str(), "querySelector" | "closest")
        {
            let mut typed = Value::clone(&result);
            typed.apis.extend(self.type_apis(ty));
            result = Arc::new(typed);
        }
        // `text.chars().filter(|c| c.is_alphanumeric())`
        if matches!(call.name.as_str(), "filter" | "retain")
            && self.world.casts_convert()
            && let Some(test) = call.arg_ids.first()
        {
            let test = self.arena.slice(self.hir.expr(*test).span);
            let kinds =
                if ["alphanumeric", "is_ascii_digit", "is_numeric", "alphabetic"].iter().any(|w| test.contains(w)) {
                    SinkKinds::ALL
                } else if test.contains('<') && !test.contains("||") && call.name == "filter" {
                    // `w.checked_mul(h).filter(|n| *n < LIMIT)`
                    SinkKind::Allocation.set()
                } else if test.contains("is_control") || test.contains("is_ascii_graphic") || test.contains("'\\n'") {
                    SinkKind::Log.set()
                } else {
                    SinkKinds::NONE
                };
            result = Arc::new(result.cleaned(kinds));
        }
        // Without line breaks no line of a log is forged.
        if matches!(call.name.as_str(), "replace" | "replaceAll" | "replacen")
            && call.args.first().is_some_and(|a| {
                // `replace(['\r', '\n'], "")`: elements of an array count as well.
                let parts = a.fields().map(|(_, v)| v);
                let lits = std::iter::once(a).chain(parts).flat_map(|v| v.lits.iter());
                lits.into_iter().any(|l| match l {
                    Lit::Char(c) => matches!(c, '\n' | '\r'),
                    Lit::Str(s) => self.world.casts_convert() && matches!(s.as_str(), "\n" | "\r" | "\r\n"),
                    _ => false,
                })
            })
        {
            result = Arc::new(result.cleaned(SinkKind::Log.set()));
        }
        // `replace(|c: char| c.is_control(), "")`, `replace(char::is_control, " ")`
        if call.name == "replace"
            && self.world.casts_convert()
            && let Some(test) = call.arg_ids.first()
        {
            let test = self.arena.slice(self.hir.expr(*test).span);
            let kinds = if test.contains('!')
                && ["alphanumeric", "is_ascii_digit", "alphabetic"].iter().any(|w| test.contains(w))
            {
                SinkKinds::ALL
            } else if test.contains("is_control") || test.contains("'\\n'") {
                SinkKind::Log.set()
            } else {
                SinkKinds::NONE
            };
            if kinds != SinkKinds::NONE {
                result = Arc::new(result.cleaned(kinds));
            }
        }
        if self.world.casts_convert() {
            result = self.told_by_name(call, result, model.is_some());
            self.forget_constants(call);
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
        // What never comes back ends the way.
        if model.is_some_and(|m| m.ends) {
            self.state.live = false;
        }
        self.call_facts = None;
        self.guard_call(call);
        let [yes, no, always] = told;
        // `check(&name).is_err()`
        let before = std::mem::replace(&mut self.said_yes, yes.clone());
        // `check(&name).map_err(..)?`
        if matches!(
            call.name.as_str(),
            "map_err" | "context" | "with_context" | "wrap_err" | "wrap_err_with" | "or_err"
        ) {
            self.said_yes.clone_from(&before);
        }
        if !before.is_empty() && matches!(call.name.as_str(), "is_ok" | "is_err") {
            let facts = self.call_facts.get_or_insert_default();
            if call.name == "is_ok" { facts.0.extend(before) } else { facts.1.extend(before) }
        }
        if !yes.is_empty() || !no.is_empty() {
            let facts = self.call_facts.get_or_insert_default();
            facts.0.extend(yes);
            facts.1.extend(no);
        }
        if !always.is_empty() {
            let facts = self.call_facts.take();
            self.refine(&always);
            self.call_facts = facts;
        }
        if let Some(record) = &self.record {
            let note = CallNote {
                name: call.name,
                name_span: call.name_span,
                paths: call.paths.to_vec(),
                funcs: call.callee.funcs.to_vec(),
                class: call.callee.class.as_ref().is_some_and(|c| c.is_static),
                model: model.map(|m| m.flows.is_some()),
                transforms: self.world.transforms(call.name),
                cleans: cleans | model.map_or(SinkKinds::NONE, |m| m.cleans) | self.world.cleans(call.name),
            };
            record.call(self.arena, call.id, note);
        }
        for taint in &call.callee.taints {
            if let Origin::Param(param, path) = &taint.origin {
                self.out.param_call(*param, path, &call.args);
            }
        }
        result
    }

    /// What a function gives that says so: `get_password()`, `env::var("DB_PASSWORD")`.
    fn told_by_name(&mut self, call: &Call<'_>, result: Val, known: bool) -> Val {
        let result = self.sent_by_browser(call, result);
        let asked = matches!(call.name.as_str(), "var" | "var_os" | "get" | "get_string" | "get_str" | "value_of")
            .then(|| call.args.first().and_then(|a| a.as_str()))
            .flatten();
        if let Some(key) = asked {
            return self.named_source(key, result, call.span);
        }
        if known || call.name.as_str().starts_with(char::is_uppercase) || lexicon::gives(call.name).is_none() {
            return result;
        }
        self.named_source(call.name, result, call.span)
    }

    /// What is given away as `&mut` is no constant any more.
    fn forget_constants(&mut self, call: &Call<'_>) {
        for (arg, id) in call.args.iter().zip(&call.arg_ids) {
            let ExprKind::Ref { value: place, mutable: true, .. } = self.hir.expr(*id).kind else { continue };
            let place = place.to_owned();
            if !self.is_place(place) || !arg.exact && arg.lits.is_empty() {
                continue;
            }
            let Some(now) = self.peek(place) else { continue };
            let mut open = Value::clone(&now);
            open.exact = false;
            open.lits.clear();
            self.put(place, Arc::new(open));
        }
    }

    fn model(&self, call: &Call<'_>) -> Option<&'a CallModel> {
        self.models.call(&Target { paths: &call.paths, name: call.name, open: call.open })
    }

    /// `f.call(this, ..)`, `f.apply(this, [..])`, `f.bind(this)`, `Reflect.apply(f, this, [..])`.
    fn indirect(&mut self, call: &Call<'_>) -> Option<Val> {
        if call.name == "apply" && call.paths.iter().any(|p| *p == "Reflect.apply") {
            let [function, rest @ ..] = call.args.as_slice() else { return None };
            if function.apis.iter().any(|p| matches!(p.as_str(), "Function" | "eval")) {
                return None;
            }
            let inner = Call {
                id: call.id,
                callee: unknown(),
                paths: SmallVec::new(),
                name: call.name,
                open: false,
                receiver: Some(function.clone()),
                receiver_id: call.arg_ids.first().copied(),
                args: rest.to_vec(),
                arg_ids: call.arg_ids.iter().skip(1).copied().collect(),
                new: false,
                span: call.span,
                name_span: call.name_span,
                types: call.types,
            };
            return self.indirect(&inner);
        }
        let receiver = call.receiver.as_ref()?;
        if let Some(inner) = self.borrowed_method(call) {
            return Some(self.finish_call(&inner));
        }
        // A library's type may have a method of that name.
        let is_function = !receiver.funcs.is_empty() || !receiver.apis.is_empty() && !self.is_modelled(receiver);
        if !matches!(call.name.as_str(), "call" | "apply" | "bind") || !is_function {
            return None;
        }
        let args: Vec<Val> = match call.name.as_str() {
            "bind" => {
                let kept = call.args.get(1..).unwrap_or_default();
                // A library's function does its harm with what it keeps, whenever it is called.
                if receiver.funcs.is_empty() && kept.iter().any(|a| a.has_taint()) {
                    let inner = Call {
                        id: call.id,
                        callee: receiver.clone(),
                        paths: receiver.apis.iter().map(|p| self.models.canonical(*p)).collect(),
                        name: receiver.apis.first().map_or(call.name, |p| last_name(*p)),
                        open: false,
                        receiver: call.args.first().cloned(),
                        receiver_id: None,
                        args: kept.to_vec(),
                        arg_ids: call.arg_ids.iter().skip(1).copied().collect(),
                        new: false,
                        span: call.span,
                        name_span: call.name_span,
                        types: call.types,
                    };
                    self.call_sinks(&inner);
                }
                return Some(self.bound(receiver, kept));
            }
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

    /// `Write::write_all(&mut stream, data)` (Rust): a method by the name of its trait.
    fn trait_call<'c>(&self, call: &Call<'c>) -> Option<Call<'c>> {
        const TRAITS: [&str; 14] = [
            "Write",
            "Read",
            "BufRead",
            "AsyncReadExt",
            "AsyncWriteExt",
            "AsyncBufReadExt",
            "Digest",
            "Update",
            "Mac",
            "Rng",
            "RngCore",
            "Iterator",
            "StreamExt",
            "TryStreamExt",
        ];
        if call.receiver.is_some() || !call.callee.funcs.is_empty() || !self.world.casts_convert() {
            return None;
        }
        let path = *call.paths.first()?;
        let of = path.as_str().rsplit("::").nth(1)?;
        let receiver = call.args.first().filter(|r| TRAITS.contains(&of) && self.is_modelled(r))?.clone();
        let id = *call.arg_ids.first()?;
        let id = match self.hir.expr(id).kind {
            ExprKind::Ref { value, .. } => value,
            _ => id,
        };
        Some(Call {
            id: call.id,
            callee: unknown(),
            paths: receiver.apis.iter().map(|p| self.models.member(*p, call.name)).collect(),
            name: call.name,
            open: false,
            receiver: Some(receiver),
            receiver_id: Some(id),
            args: call.args[1..].to_vec(),
            arg_ids: call.arg_ids.iter().skip(1).copied().collect(),
            new: false,
            span: call.span,
            name_span: call.name_span,
            types: call.types,
        })
    }

    /// `name.chars().all(char::is_alphanumeric).then(|| root.join(name))` (Rust): what is made where the test holds.
    fn then_call(&mut self, callee: ExprId, args: &[Arg]) -> Option<Val> {
        let hir = self.hir;
        let ExprKind::Field(test, name) = &hir.expr(callee).kind else { return None };
        let [arg] = args else { return None };
        if !matches!(name.as_str(), "then" | "then_some") || !self.world.casts_convert() {
            return None;
        }
        let asks = match &hir.expr(*test).kind {
            ExprKind::Logical(..)
            | ExprKind::Unary(UnaryOp::Not, _)
            | ExprKind::Binary(BinaryOp::Eq | BinaryOp::Ne | BinaryOp::Order, ..)
            | ExprKind::LetCondition(..) => true,
            ExprKind::Call { callee, .. } => match &hir.expr(*callee).kind {
                ExprKind::Field(_, name) => {
                    matches!(name.as_str(), "all" | "any" | "contains" | "contains_key")
                        || ["is_", "starts_", "ends_"].iter().any(|p| name.starts_with(p))
                }
                _ => false,
            },
            _ => false,
        };
        if !asks {
            return None;
        }
        let facts = super::guard::condition(self, *test);
        let before = self.state.clone();
        self.refine(&facts.when_true);
        let value = self.eval(arg.value);
        let made = value.funcs.clone().iter().map(|f| self.hand_over(f, &[])).reduce(|a, b| join(&a, &b));
        self.state.live = true;
        self.join_with(&before);
        Some(made.unwrap_or(value))
    }

    /// The call in an initial value whose result the variable's type decides: `text.parse()` of `text.parse().map_err(f)?`.
    pub(super) fn conversion_in(&self, mut id: ExprId) -> Option<ExprId> {
        for _ in 0..6 {
            id = match &self.hir.expr(id).kind {
                ExprKind::Try(inner) | ExprKind::Await(inner) => *inner,
                ExprKind::Call { callee, .. } => match &self.hir.expr(*callee).kind {
                    ExprKind::Field(base, name) => match name.as_str() {
                        "parse" | "try_into" | "into" => return Some(id),
                        "unwrap" | "expect" | "map_err" | "unwrap_or_default" | "unwrap_or_else" | "ok" | "ok_or"
                        | "ok_or_else" | "context" | "with_context" => *base,
                        _ => return None,
                    },
                    _ => return None,
                },
                _ => return None,
            };
        }
        None
    }

    /// `text.parse::<Slug>()`, `text.try_into()?` (Rust): a call of what the program's own type implements for it.
    fn conversion<'c>(&self, call: &Call<'c>) -> Option<Call<'c>>
    where
        'a: 'c,
    {
        if !self.world.casts_convert() || !call.args.is_empty() || !call.callee.funcs.is_empty() {
            return None;
        }
        let name = match call.name.as_str() {
            "parse" => "from_str",
            "try_into" => "try_from",
            "into" => "from",
            _ => return None,
        };
        let receiver = call.receiver.clone()?;
        let expected = || self.expected.filter(|(id, _)| *id == call.id).map(|(_, ty)| ty);
        let class = self.type_class(call.types.first().or_else(expected)?)?;
        let member = self.world.class_member(&class, Ustr::from(name)).filter(|m| !m.funcs.is_empty())?;
        Some(Call {
            id: call.id,
            callee: member,
            paths: SmallVec::new(),
            name: Ustr::from(name),
            open: false,
            receiver: None,
            receiver_id: None,
            args: vec![receiver],
            arg_ids: call.receiver_id.into_iter().collect(),
            new: false,
            span: call.span,
            name_span: call.name_span,
            types: &[],
        })
    }

    /// `hash_all::<Md5>(password)` (Rust): a function of the program that is told to use a broken hash.
    fn told_hash(&mut self, call: &Call<'_>) {
        if call.callee.funcs.is_empty() || call.types.is_empty() || !self.world.casts_convert() {
            return;
        }
        let broken = |ty: &Type| self.type_apis(ty).iter().any(|p| p == "md5::Hasher");
        if !call.types.iter().any(broken) {
            return;
        }
        for (value, id) in call.args.iter().zip(&call.arg_ids) {
            let at = self.at(self.hir.expr(*id).span);
            self.reach(value, &SinkSite { kind: SinkKind::WeakHash, at, name: call.name }, true);
        }
    }

    fn call_sinks(&mut self, call: &Call<'_>) {
        self.told_hash(call);
        self.unwraps(call);
        let target = Target { paths: &call.paths, name: call.name, open: call.open };
        let models = self.models;
        let ports = Ports { args: &call.args, receiver: call.receiver.as_ref(), value: None };
        for sink in models.call_sinks(&target) {
            // `localStorage.setItem("password", field.value)`
            if sink.kind == SinkKind::SensitiveStore
                && call.name == "setItem"
                && let (Some(key), Some(value)) = (call.args.first().and_then(|a| a.as_str()), call.args.get(1))
            {
                let value = self.named_source(key, value.clone(), call.span);
                let at = self.at(call.arg_ids.get(1).map_or(call.span, |id| self.hir.expr(*id).span));
                self.reach(&value, &SinkSite { kind: sink.kind, at, name: sink.name }, sink.deep);
                continue;
            }
            if let Some(unmet) = sink.when.iter().find(|c| !holds(c, &ports)) {
                if let Some(record) = &self.record {
                    for (value, id) in sink.ports.iter().filter_map(|p| self.port_at(call, p)) {
                        let at = self.at(id.map_or(call.span, |id| self.hir.expr(id).span));
                        record.unmet(sink.kind, &at, sink.name, &value, unmet.to_string());
                    }
                }
                continue;
            }
            if sink.kind == SinkKind::ErrorResponse
                && crate::rules::support::for_developers(self.arena.root().smallest_at(call.span))
            {
                continue;
            }
            for port in &sink.ports {
                // `console.log("agent %j", agent)`: quotes and escapes are put around it.
                let quoted = matches!(sink.kind, SinkKind::Log | SinkKind::Console) && shows_quoted(call.args.first());
                for (value, id) in self.port_values(call, port) {
                    // `self.find(req, criteria)`: the request itself is no filter.
                    if sink.kind == SinkKind::NoSql && port.path.is_empty() && is_request(&value) {
                        continue;
                    }
                    if quoted && id != call.arg_ids.first().copied() {
                        continue;
                    }
                    // `$(e.target)`: what an event names is an element of the page.
                    if sink.kind == SinkKind::Html
                        && id.is_some_and(|id| library::is_of_event(self.arena.slice(self.hir.expr(id).span)))
                    {
                        continue;
                    }
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

    /// What stands at the root of a port of a call.
    fn port_at(&self, call: &Call<'_>, port: &Port) -> Option<(Val, Option<ExprId>)> {
        match port.base {
            Base::Arg(n) | Base::ArgsFrom(n) => {
                Some((call.args.get(n as usize)?.clone(), call.arg_ids.get(n as usize).copied()))
            }
            Base::This => Some((call.receiver.clone()?, call.receiver_id)),
            _ => None,
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
                let id = id.map(|id| self.member_expr(id, &port.path));
                let at = || Arc::new(self.at(id.map_or(call.span, |id| self.hir.expr(id).span)));
                let read = (!port.path.is_empty()).then(at);
                let value = self.project_read(&v, &port.path, read.as_ref());
                (value, id)
            })
            .collect()
    }

    /// The expression of a field in an object literal, for findings.
    pub(super) fn member_expr(&self, id: ExprId, path: &[Ustr]) -> ExprId {
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
}

/// Whether a format shows all that follows it as JSON or as numbers.
fn shows_quoted(format: Option<&Val>) -> bool {
    let Some(format) = format.and_then(|f| f.as_str()) else { return false };
    let letters = || format.split('%').skip(1).filter_map(|rest| rest.chars().next());
    letters().any(|c| matches!(c, 'j' | 'o' | 'O' | 'd' | 'i')) && !letters().any(|c| matches!(c, 's' | '%'))
}

/// Whether a call goes on only where its first argument is true.
fn asserts(callee: &Value) -> bool {
    callee.apis.iter().any(|p| {
        matches!(
            p.as_str(),
            "assert"
                | "assert.ok"
                | "assert.strict"
                | "assert.default"
                | "assert/strict"
                | "assert/strict.ok"
                | "tiny-invariant"
                | "invariant"
        ) || p.as_str().ends_with("Context.assert")
    })
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
