//! Reading and writing places: variables, members, elements, patterns.

mod params;

use std::sync::{Arc, LazyLock};

use smallvec::SmallVec;

use crate::semantics::hir::{
    ExprId, ExprKind, FnId, GETTER, Key, Lit, LocalKind, LogicalOp, PatId, PatKind, SETTER, Ustr,
};
use crate::syntax::Span;

use super::interp::Interp;
use super::kinds::{SinkKind, SinkKinds, SourceKind};
use super::models::{Target, written};
use super::report::SinkSite;
use super::value::{
    At, Below, ELEMENT, KEYED, Origin, Source, StepKind, THIS, Taint, Types, Val, Value, api, constant, join, position,
    unknown,
};

/// Getters that ask for others on the way.
const MAX_GETTERS: u8 = 3;

/// Names with a dollar that mean something else: what Angular, Vue and Svelte hand in.
const NO_COLLECTIONS: [&str; 36] = [
    "scope",
    "http",
    "q",
    "timeout",
    "interval",
    "window",
    "document",
    "rootScope",
    "sce",
    "sanitize",
    "state",
    "stateParams",
    "location",
    "compile",
    "injector",
    "log",
    "filter",
    "parse",
    "resource",
    "route",
    "routeParams",
    "router",
    "store",
    "emit",
    "refs",
    "slots",
    "attrs",
    "props",
    "data",
    "options",
    "set",
    "get",
    "t",
    "i18n",
    "axios",
    "page",
];

/// Members that are numbers: some whoever the receiver is, some unless it is a foreign object, which has any members.
fn is_measure(name: &str, foreign: bool) -> bool {
    matches!(
        name,
        "length" | "byteLength" | "byteOffset" | "lastIndex" | "statusCode" | "expires_at" | "expiresAt" | "expires_in"
    ) || !foreign && matches!(name, "size" | "len" | "count" | "status")
}

impl Interp<'_> {
    /// The value of `base.name`; a name that says so makes it sensitive.
    pub(super) fn member(&mut self, base: &Val, name: Ustr, span: Span) -> Val {
        let value = self.plain_member(base, name, span);
        let value = self.named_collection(name, value);
        self.named_source(name, value, span)
    }

    /// The value of `base.name` where it is read. What was put into the object by a key may lie under any name.
    pub(super) fn read_member(&mut self, base: &Val, name: Ustr, span: Span) -> Val {
        let value = self.member(base, name, span);
        let open = value.taints.is_empty() && value.funcs.is_empty() && value.fields.is_none() && !value.exact;
        if open && value.types == Types::UNKNOWN && base.field(*KEYED).is_some() {
            // What the program itself knows lies under names of its own, each beside others: `constants[key] = process.env[key]`.
            let element = self.element(base).map_taints(&mut |t| is_of_strangers(t).then(|| t.clone()), 0);
            let found = Arc::new(Value { taints: element.taints, fields: element.fields, ..Value::default() });
            return if value.apis.is_empty() { found } else { join(&value, &found) };
        }
        value
    }

    /// `$list`, `this.$el`: whoever writes so means a collection of jQuery's.
    fn named_collection(&self, name: Ustr, value: Val) -> Val {
        let Some(rest) = name.as_str().strip_prefix('$').filter(|_| !self.world.casts_convert()) else { return value };
        let known = !value.apis.is_empty()
            || !value.funcs.is_empty()
            || value.fields.is_some()
            || value.class.is_some()
            || value.types != super::value::Types::UNKNOWN
            || value.exact;
        if known || !rest.starts_with(char::is_alphabetic) || NO_COLLECTIONS.contains(&rest) {
            return value;
        }
        Arc::new(Value { apis: smallvec::smallvec![Ustr::from("jquery.Object")], ..Value::clone(&value) })
    }

    /// The value of `base.name`, whatever it is called.
    pub(super) fn plain_member(&mut self, base: &Val, name: Ustr, span: Span) -> Val {
        if let Some(getter) = base.accessor(GETTER, name).cloned()
            && self.getters < MAX_GETTERS
        {
            self.getters += 1;
            let given = getter.funcs.iter().map(|func| self.invoke(func, &[], Some(base), span));
            let given = given.reduce(|a, b| join(&a, &b)).unwrap_or_else(unknown);
            self.getters -= 1;
            return given;
        }
        // `(() => {}).constructor` is `Function`.
        if name == "constructor" && !base.funcs.is_empty() && base.class.is_none() && !self.world.casts_convert() {
            return api(Ustr::from("Function"));
        }
        let known = base.field(name).cloned();
        if let Some(known) = &known
            && (base.apis.is_empty() || self.world.casts_convert())
        {
            return known.clone();
        }
        let mut out = Value::default();
        if let Some(class) = &base.class
            && let Some(member) = self.world.class_member(class, name)
        {
            // A getter gives what its object holds; one that asks for itself gives nothing.
            let member = if member.has_symbol(0) && self.getters < MAX_GETTERS {
                self.getters += 1;
                let at = self.read_at(span);
                let given = self.substitute(&member, &[], Some(base), &at);
                self.getters -= 1;
                given
            } else if member.has_symbol(0) {
                Arc::new(member.untainted())
            } else {
                member
            };
            // What other methods put there is as good as what this one did.
            let mut found = match known {
                Some(known) => join(&known, &member),
                None => member,
            };
            // A foreign object of a declared class is foreign all the way down.
            if found.funcs.is_empty()
                && let Some(taints) = self.read_below(base, name, span)
            {
                // `ids: Vec<i64>`: of the list only what lies in it matters, which is a number each.
                let numbers = self.world.casts_convert()
                    && found.field(*ELEMENT).is_some_and(|e| e.types.is_harmless() && found.apis.is_empty());
                if numbers {
                    let mut element = found.field(*ELEMENT).map_or_else(Value::default, |e| Value::clone(e));
                    taints.into_iter().for_each(|t| element.add_taint(t));
                    return Arc::new(found.with_field(*ELEMENT, Arc::new(element)));
                }
                let mut value = Value::clone(&found);
                taints.into_iter().for_each(|t| value.add_taint(t));
                found = Arc::new(value);
            }
            return found;
        }
        for path in &base.apis {
            out.apis.push(self.models.member(*path, name));
        }
        // A member of a modelled type may be a source by itself too.
        let mut paths = out.apis.clone();
        for path in &base.apis {
            let own = written(*path, name);
            if !paths.contains(&own) {
                paths.push(own);
            }
        }
        let target = Target { paths: &paths, name, open: base.apis.is_empty() || !self.is_modelled(base) };
        for source in self.models.read_sources(&target) {
            let at = self.read_at(span);
            if source.kind == SourceKind::ErrorDetail && is_for_developers(&at) {
                continue;
            }
            let origin = Source { kind: source.kind, at, what: source.what };
            out.add_taint(Taint { origin: Origin::Source(Arc::new(origin)), cleaned: source.cleans, trace: None });
        }
        // They begin so, unless they are empty.
        match paths.iter().find_map(|p| p.as_str().strip_prefix("location.")) {
            Some("hash") => out.prefix = Some(Ustr::from("#")),
            Some("search") => out.prefix = Some(Ustr::from("?")),
            _ => {}
        }
        if name == "search" && base.apis.iter().any(|p| *p == "URL") {
            out.prefix = Some(Ustr::from("?"));
        }
        let foreign = base.types != Types::STRING && !base.taints.is_empty();
        if known.is_none() && is_measure(&name, foreign) && !self.world.casts_convert() && out.taints.is_empty() {
            let mut value = Value { types: Types::NUMBER, ..Value::default() };
            value.apis = out.apis;
            return Arc::new(value);
        }
        if let Some(taints) = self.read_below(base, name, span) {
            taints.into_iter().for_each(|t| out.add_taint(t));
        }
        if known.is_none()
            && !out.taints.iter().any(|t| matches!(t.origin, Origin::Source(_)))
            && let Some(carried) = self.carried(base, name)
        {
            return match carried.types.is_harmless() {
                true if out.taints.is_empty() => carried,
                true => Arc::new(out),
                false => join(&carried, &Arc::new(out)),
            };
        }
        match known {
            // A refined or written field says more than the type does.
            Some(known) => known,
            None if matches!(name.as_str(), "searchParams" | "search" | "hash" | "query") => {
                let part = out.without_mark(SinkKind::WholeAddress);
                let decoded = matches!(name.as_str(), "searchParams" | "query");
                if decoded {
                    return Arc::new(part.without_mark(SinkKind::Encoded));
                }
                // `<` and `"` are encoded in the query of a parsed address.
                let parsed = name == "search" && base.apis.iter().any(|p| *p == "URL");
                Arc::new(if parsed { part.cleaned(SinkKind::Html.set()) } else { part })
            }
            // Of a parsed address: no script is left of `javascript:..`.
            None if matches!(name.as_str(), "origin" | "host" | "hostname" | "port")
                && base.apis.iter().any(|p| matches!(p.as_str(), "URL" | "url.parse()")) =>
            {
                // No slash is left in it either.
                let path = if name == "origin" { SinkKinds::NONE } else { SinkKind::Path.set() | SinkKind::Log.set() };
                Arc::new(out.cleaned(SinkKind::ScriptUrl.set() | SinkKind::Html.set() | path))
            }
            // A visitor's browser names the site itself, and the one that the visitor comes from.
            None if matches!(name.as_str(), "host" | "origin") && base.apis.iter().any(|p| p.ends_with(".headers")) => {
                let redirect = if name == "host" { SinkKind::Redirect.set() } else { SinkKinds::NONE };
                Arc::new(out.cleaned(SinkKind::Html.set() | redirect))
            }
            // `<` and `"` are encoded in the path of a parsed address, and no `..` is left.
            None if name == "pathname" && base.apis.iter().any(|p| p == "URL") => {
                Arc::new(out.cleaned(SinkKind::Html.set() | SinkKind::Path.set()))
            }
            None => Arc::new(out),
        }
    }

    /// Where a member is read: at a span of this block, or where a function whose summary is applied reads it.
    fn read_at(&self, span: Span) -> At {
        match &self.reading {
            Some(read) if span == Span::default() => At::clone(read),
            _ => self.at(span),
        }
    }

    /// [`below`], with where it is read.
    fn read_below(&self, base: &Value, name: Ustr, span: Span) -> Option<Vec<Taint>> {
        let mut taints = below(base, name)?;
        let mut here: Option<Arc<At>> = None;
        for taint in &mut taints {
            if let Origin::Param(_, path) = &mut taint.origin
                && (span != Span::default() || self.reading.is_some())
            {
                path.read = Some(here.get_or_insert_with(|| Arc::new(self.read_at(span))).clone());
            }
        }
        Some(taints)
    }

    /// Whether models know the type of a value.
    pub(super) fn is_modelled(&self, value: &Value) -> bool {
        value.apis.iter().any(|p| self.models.is_type(*p))
    }

    /// The value of `base[index]`.
    pub(super) fn index(&mut self, base: &Val, index: &Val, span: Span) -> Val {
        if self.world.casts_convert() && !base.apis.is_empty() {
            let paths: SmallVec<[Ustr; 2]> = base.apis.iter().map(|p| Ustr::from(&format!("{p}.index"))).collect();
            let found = self.models.read_sources(&Target { paths: &paths, name: Ustr::from("index"), open: false });
            if let Some(source) = found.first() {
                let origin = Source { kind: source.kind, at: self.at(span), what: source.what };
                let mut value = Value::default();
                let origin = Origin::Source(Arc::new(origin));
                value.add_taint(Taint { origin, cleaned: source.cleans, trace: None });
                return Arc::new(value);
            }
        }
        // The program's own name.
        if matches!(index.as_lit(), Some(Lit::Num(n)) if *n < 2.0) && base.apis.iter().any(|p| *p == "process.argv") {
            return unknown();
        }
        match index.as_lit() {
            Some(Lit::Str(name)) => return self.member(base, *name, span),
            Some(Lit::Num(n)) if *n >= 0.0 => {
                if let Some(known) = base.field(position(*n as usize)) {
                    return known.clone();
                }
                // A library's tuple.
                let name = position(*n as usize);
                if base.apis.iter().any(|p| self.models.is_type(self.models.member(*p, name))) {
                    return self.member(base, name, span);
                }
            }
            _ => {}
        }
        let mut value = Value::clone(&self.element(base));
        // What is looked up by a foreign key is chosen by whoever chose the key; that matters to code that writes to it
        // or calls it, which looks at the key itself.
        value.prefix = None;
        // What is drawn at random can be guessed as well as the draw.
        index.taints.iter().filter(|t| is_weak_random(t)).for_each(|t| value.add_taint(t.clone()));
        Arc::new(value)
    }

    /// Any element of a collection.
    pub(super) fn element(&mut self, base: &Val) -> Val {
        let mut out: Option<Val> = base.field(*ELEMENT).cloned();
        if out.is_none() {
            let many = base.fields().nth(1).is_some();
            for (_, field) in base.fields() {
                // Beside others a number is text without harm.
                let number = many && field.types.is_harmless() && !field.taints.is_empty();
                let field = &if number { Arc::new(field.digits()) } else { field.clone() };
                out = Some(out.map_or_else(|| field.clone(), |o| join(&o, field)));
            }
        }
        let mut value = out.map_or_else(Value::default, |v| Value::clone(&v));
        if let Some(taints) = below(base, *ELEMENT) {
            taints.into_iter().for_each(|t| value.add_taint(t));
        }
        for path in &base.apis {
            let member = self.models.member(*path, *ELEMENT);
            if self.models.is_type(member) {
                value.apis.push(member);
            }
        }
        Arc::new(value)
    }

    /// Any key of an object.
    pub(super) fn keys_of(&mut self, base: &Val) -> Val {
        let mut value = Value { types: Types::STRING, ..Value::default() };
        // The keys of an object whose fields are all known are constants.
        let known = base.fields.is_some() && base.field(*ELEMENT).is_none() && base.taints.is_empty();
        if !known && let Some(taints) = below(base, *ELEMENT) {
            taints.into_iter().for_each(|t| value.add_taint(t));
        }
        Arc::new(value)
    }

    /// What a loop over a stream of foreign data reads, which is text or bytes by then.
    pub(super) fn streamed(&mut self, element: Val, span: Span) -> Val {
        let read = self.sourced_name(Ustr::default(), element.clone(), span);
        if read.taints.len() > element.taints.len() {
            Arc::new(Value { apis: SmallVec::new(), ..Value::clone(&read) })
        } else {
            element
        }
    }

    /// A global or outer name that is itself a source, such as `location`.
    pub(super) fn sourced_name(&mut self, name: Ustr, value: Val, span: Span) -> Val {
        if value.apis.is_empty() {
            return value;
        }
        let target = Target { paths: &value.apis.clone(), name, open: false };
        let sources = self.models.read_sources(&target);
        if sources.is_empty() {
            return value;
        }
        let mut out = Value::clone(&value);
        for source in sources {
            let origin = Source { kind: source.kind, at: self.at(span), what: source.what };
            out.add_taint(Taint { origin: Origin::Source(Arc::new(origin)), cleaned: source.cleans, trace: None });
        }
        Arc::new(out)
    }

    fn pat_name(&self, pat: PatId) -> Option<Ustr> {
        match &self.hir.pat(pat).kind {
            PatKind::Bind(local, _) => Some(self.hir.local(*local).name),
            PatKind::Default(inner, _) | PatKind::Ref(inner) => self.pat_name(*inner),
            // Its fields stand for the name of what is taken apart: `{id,name}`.
            PatKind::Object { fields, path: None, .. } => {
                let names =
                    fields.iter().filter_map(|(k, _)| if let Key::Name(n) = k { Some(n.as_str()) } else { None });
                Some(Ustr::from(&format!("{{{}}}", names.collect::<Vec<_>>().join(","))))
            }
            _ => None,
        }
    }

    /// Binds a pattern and leaves a step in the ways of what is bound.
    pub(super) fn bind_step(&mut self, pat: PatId, value: &Val, span: Span) {
        if value.taints.is_empty() {
            self.assign(pat, value);
        } else {
            let at = self.at(span);
            let stepped = Arc::new(value.stepped(&at, StepKind::Assigned));
            self.assign(pat, &stepped);
        }
    }

    /// Assigns a value to a pattern.
    pub(super) fn assign(&mut self, pat: PatId, value: &Val) {
        let hir = self.hir;
        let span = hir.pat(pat).span;
        match &hir.pat(pat).kind {
            PatKind::Wild | PatKind::Value(_) => {}
            PatKind::Bind(local, sub) => {
                let mut value = value.clone();
                if let Some(ty) = &hir.local(*local).ty {
                    value = self.typed(&value, ty);
                }
                if let LocalKind::Variable | LocalKind::Constant = hir.local(*local).kind {
                    self.out.named(hir.local(*local).name, &value, self.arena, span);
                }
                let hidden = matches!(&hir.local(*local).ty, Some(crate::semantics::hir::Type::Path(path, _))
                    if self.world.casts_convert() && super::lexicon::hides(last_name(*path)));
                if !hidden && !matches!(hir.local(*local).kind, LocalKind::Function | LocalKind::Class) {
                    value = self.named_collection(hir.local(*local).name, value);
                    value = self.named_source(hir.local(*local).name, value, span);
                }
                self.state.locals.set(*local, value.clone());
                if let Some(sub) = sub {
                    self.assign(*sub, &value);
                }
            }
            PatKind::Place(place) => self.write(*place, value, span),
            PatKind::Object { fields, rest, path } => {
                // `let Head { len, .. } = head;`: the type says what its fields are.
                let class = path.filter(|_| value.class.is_none()).and_then(|path| self.world.class(path));
                let told = class.map(|class| std::sync::Arc::new(Value { class: Some(class), ..Value::clone(value) }));
                let value = told.as_ref().unwrap_or(value);
                for (key, sub) in fields {
                    let field = match key {
                        Key::Name(name) => self.read_member(value, *name, hir.pat(*sub).span),
                        Key::Computed(key) => {
                            let key = self.eval(*key);
                            self.index(value, &key, hir.pat(*sub).span)
                        }
                    };
                    let field = if path.is_some() && field.is_unknown() { self.element(value) } else { field };
                    self.assign(*sub, &field);
                }
                if let Some(rest) = rest {
                    self.assign(*rest, value);
                }
            }
            PatKind::Array { elements, rest } => {
                for (i, sub) in elements.iter().enumerate() {
                    let Some(sub) = sub else { continue };
                    if *rest == Some(i) {
                        let left = without_first(value, i);
                        self.assign(*sub, &left);
                    } else {
                        let key = constant(Lit::Num(i as f64));
                        let item = self.index(value, &key, hir.pat(*sub).span);
                        self.assign(*sub, &item);
                    }
                }
            }
            PatKind::Variant { elements, path } => {
                // `Some(x)`, `Ok(x)`: wrappers are their content.
                let name = last_name(*path);
                let whole = match name.as_str() {
                    "Err" => Some(unknown()),
                    "Some" | "Ok" | "Ready" => Some(value.clone()),
                    // One name of a path, and neither `..` nor a root.
                    "Normal" if path.as_str() == "Normal" || path.as_str().ends_with("Component::Normal") => {
                        Some(Arc::new(value.cleaned(SinkKind::Path.set())))
                    }
                    _ if self.world.type_path(*path).is_some_and(|p| self.models.type_source(p).is_some()) => {
                        Some(value.clone())
                    }
                    _ => None,
                };
                for (i, sub) in elements.iter().enumerate() {
                    if let Some(whole) = &whole {
                        self.assign(*sub, whole);
                        continue;
                    }
                    let known = value.field(position(i)).cloned();
                    let inner = known.unwrap_or_else(|| value.clone());
                    self.assign(*sub, &inner);
                }
            }
            PatKind::Default(inner, default) => {
                let value = match value.as_lit() {
                    Some(Lit::Undefined) => self.eval(*default),
                    Some(_) => value.clone(),
                    None if value.has_taint() || value.is_unknown() => {
                        let other = self.eval(*default);
                        join(value, &other)
                    }
                    None => value.clone(),
                };
                self.assign(*inner, &value);
            }
            PatKind::Ref(inner) => self.assign(*inner, value),
            PatKind::Or(alternatives) => {
                for sub in alternatives {
                    self.assign(*sub, value);
                }
            }
        }
    }

    /// Writes to a place that is an expression.
    fn write(&mut self, place: ExprId, value: &Val, span: Span) {
        let hir = self.hir;
        match &hir.expr(place).kind {
            ExprKind::Field(base, name) => {
                let object = self.eval(*base);
                self.written(&object, *name, value, place, span);
                if let Some(changed) = self.set_by(&object, *name, value, span) {
                    self.put(*base, changed);
                    return;
                }
                // A write to `window.location` leads elsewhere; what is read there later is an address again.
                if object.apis.iter().any(|p| self.models.member(*p, *name) == "location") {
                    return;
                }
                // `ctx.type = "text"`
                let plain = *name == "type"
                    && value.as_str().is_some_and(|t| !["html", "xml", "svg"].iter().any(|w| t.contains(w)));
                let mut value = self.named_source(*name, value.clone(), span);
                // A parsed address leads to the same host whatever its path becomes.
                if matches!(name.as_str(), "pathname" | "search" | "hash") && object.apis.iter().any(|p| *p == "URL") {
                    value = Arc::new(value.cleaned(super::sink::ADDRESS));
                }
                let mut new = object.with_field(*name, value.clone());
                // With another host the whole address leads elsewhere.
                if matches!(name.as_str(), "host" | "hostname" | "href") && object.apis.iter().any(|p| *p == "URL") {
                    value.taints.iter().for_each(|t| new.add_taint(t.clone()));
                }
                if plain && new.apis.iter().any(|p| *p == "koa.Context") {
                    new.apis = smallvec::smallvec![Ustr::from("koa.PlainContext")];
                }
                self.put(*base, Arc::new(new));
            }
            ExprKind::Index(base, index) => {
                let object = self.eval(*base);
                let key = self.eval(*index);
                if let Some(name) = key.as_str() {
                    self.written(&object, name, value, place, span);
                    let value = self.named_source(name, value.clone(), span);
                    let new = Arc::new(object.with_field(name, value));
                    self.put(*base, new);
                } else {
                    self.written_by_key(&object, *base, &key, value, place);
                    let old = object.field(*ELEMENT).cloned();
                    let element = old.map_or_else(|| value.clone(), |o| join(&o, value));
                    let mut new = object.with_field(*ELEMENT, element);
                    if !self.world.casts_convert() && !key.types.is_harmless() {
                        new.set_field(*KEYED, constant(Lit::Bool(true)));
                    }
                    self.put(*base, Arc::new(new));
                }
            }
            ExprKind::Deref(inner) => {
                if self.world.casts_convert()
                    && let Some(pointer) = self.peek(*inner)
                {
                    let kind = super::kinds::SinkKind::Pointer;
                    let site = SinkSite { kind, at: self.at(hir.expr(place).span), name: Ustr::from("*") };
                    self.reach(&pointer, &site, false);
                }
                self.write(*inner, value, span);
            }
            kind => {
                let name = match kind {
                    ExprKind::Local(local) => Some(hir.local(*local).name),
                    ExprKind::Name(name) => Some(*name),
                    _ => None,
                };
                let mut value = value.clone();
                if let Some(name) = name {
                    self.out.named(name, &value, self.arena, span);
                    value = self.named_source(name, value, span);
                }
                self.put(place, value);
            }
        }
    }

    /// Stores a value in a place without further effects; places that are no variables in the end are forgotten.
    pub(super) fn put(&mut self, place: ExprId, value: Val) {
        let hir = self.hir;
        match &hir.expr(place).kind {
            ExprKind::Local(local) => self.state.locals.set(*local, value),
            ExprKind::Name(name) => self.state.set_name(*name, value),
            ExprKind::This => self.state.this = value,
            ExprKind::Field(base, name) => {
                if let Some(object) = self.peek(*base) {
                    self.put(*base, Arc::new(object.with_field(*name, value)));
                }
            }
            ExprKind::Index(base, index) => {
                if let (Some(object), Some(key)) = (self.peek(*base), self.peek(*index)) {
                    // `if (parts[0] !== "v1") return;` says nothing of other parts.
                    let name = match key.as_lit() {
                        Some(Lit::Str(name)) => *name,
                        Some(Lit::Num(n)) if *n >= 0.0 && !self.world.casts_convert() => position(*n as usize),
                        _ => *ELEMENT,
                    };
                    self.put(*base, Arc::new(object.with_field(name, value)));
                }
            }
            ExprKind::Ref { value: inner, .. }
            | ExprKind::Deref(inner)
            | ExprKind::Cast(inner, _)
            | ExprKind::Await(inner) => {
                self.put(*inner, value);
            }
            _ => {}
        }
    }

    /// What a setter of an object, or of the program's own class, makes of its object: `job.command = text`.
    fn set_by(&mut self, object: &Val, name: Ustr, value: &Val, span: Span) -> Option<Val> {
        if let Some(setter) = object.accessor(SETTER, name).cloned() {
            return Some(self.set_by_own(object, &setter, value, span));
        }
        let class = object.class.filter(|_| !self.world.casts_convert())?;
        let setter = self.world.class_member(&class, Ustr::from(&format!("{SETTER}{name}")))?;
        let at = self.at(span);
        let given = [value.clone()];
        let mut changed = Value::clone(object);
        for func in &setter.funcs {
            let Some(summary) = self.world.summary(func) else { continue };
            self.apply_summary(&summary, &given, Some(object), span);
            for (param, path, written) in &summary.writes {
                if *param == THIS && path.len() == 1 {
                    let field = self.substitute(written, &given, Some(object), &at);
                    changed = changed.with_field(path[0], field);
                }
            }
        }
        Some(Arc::new(changed))
    }

    /// What a setter that stands in an object makes of it.
    fn set_by_own(&mut self, object: &Val, setter: &Val, value: &Val, span: Span) -> Val {
        let (at, given, mut changed) = (self.at(span), [value.clone()], object.clone());
        for func in &setter.funcs {
            if func.block == self.block {
                let outer = std::mem::replace(&mut self.state.this, changed);
                self.activate(func.id, &given, false);
                self.state.live = true;
                changed = std::mem::replace(&mut self.state.this, outer);
                continue;
            }
            let Some(summary) = self.world.summary(func) else { continue };
            self.apply_summary(&summary, &given, Some(object), span);
            for (_, path, written) in summary.writes.iter().filter(|(n, path, _)| *n == THIS && path.len() == 1) {
                let field = self.substitute(written, &given, Some(object), &at);
                changed = Arc::new(changed.with_field(path[0], field));
            }
        }
        changed
    }

    /// The value of a place, without effects; `None` for anything else.
    pub(super) fn peek(&mut self, place: ExprId) -> Option<Val> {
        let hir = self.hir;
        let span = hir.expr(place).span;
        match &hir.expr(place).kind {
            ExprKind::Local(local) => Some(self.state.locals.get(*local)),
            ExprKind::Name(name) => Some(self.read_name(*name, span)),
            ExprKind::This => Some(self.state.this.clone()),
            ExprKind::Lit(lit) => Some(constant(lit.clone())),
            ExprKind::Field(base, name) => {
                let base = self.peek(*base)?;
                Some(self.member(&base, *name, span))
            }
            ExprKind::Index(base, index) => {
                let base = self.peek(*base)?;
                let index = self.peek(*index)?;
                Some(self.index(&base, &index, span))
            }
            ExprKind::Ref { value, .. }
            | ExprKind::Deref(value)
            | ExprKind::Cast(value, _)
            | ExprKind::Await(value) => self.peek(*value),
            _ => None,
        }
    }

    /// `object.name = value`: sinks, flags, and fields of parameters.
    fn written(&mut self, object: &Val, name: Ustr, value: &Val, place: ExprId, span: Span) {
        let paths: SmallVec<[Ustr; 2]> = object.apis.iter().map(|p| self.models.member(*p, name)).collect();
        let target = Target { paths: &paths, name, open: !self.is_modelled(object) };
        let models = self.models;
        for sink in models.set_sinks(&target) {
            if sink.when.iter().all(|c| super::sink::holds(c, &super::sink::Ports::write(value, object))) {
                let site = SinkSite { kind: sink.kind, at: self.at(span), name: sink.name };
                // `location.href = withPage(location.href, 2)`: the page's own address, with something else in it.
                if sink.kind == SinkKind::Redirect && super::guard::hosts::edits_own_address(self.arena, span) {
                    continue;
                }
                // `localStorage.password = field.value`
                if sink.kind == SinkKind::SensitiveStore {
                    let named = self.named_source(name, value.clone(), span);
                    self.reach(&named, &site, sink.deep);
                    continue;
                }
                for port in &sink.ports {
                    // What is not known by its fields may be foreign as a whole.
                    let part = super::sink::Ports::write(value, object).read(port);
                    self.reach(part.as_ref().unwrap_or(value), &site, sink.deep);
                }
            }
        }
        self.carry(object, name, value);
        for flag in models.set_flags(&target) {
            if flag.when.iter().all(|c| super::sink::holds(c, &super::sink::Ports::write(value, object))) {
                self.out.flag(flag, value, self.at(span), self.arena);
            }
        }
        if name == "onmessage"
            && let Some(message) = self.told_to(object, place)
        {
            for func in value.funcs.clone() {
                self.hand_over(&func, &[api(Ustr::from(message))]);
            }
        }
        // `$.fn.plugin = function (options) ..`: whoever calls the plugin decides what is in the options.
        if object.apis.iter().any(|p| matches!(p.as_str(), "$.fn" | "jQuery.fn" | "jquery.fn" | "window.jQuery.fn")) {
            for func in value.funcs.clone() {
                let what = Ustr::from("the plugin's option");
                let origin = Source { kind: SourceKind::Library, at: self.at(span), what };
                let mut options = Value::default();
                options.add_taint(Taint {
                    origin: Origin::Source(Arc::new(origin)),
                    cleaned: super::kinds::SinkKinds(!SinkKind::Html.set().0),
                    trace: None,
                });
                let this = std::mem::replace(&mut self.state.this, api(Ustr::from("jquery.Object")));
                self.hand_over(&func, &[Arc::new(options)]);
                self.state.this = this;
            }
        }
        self.out.write_event(self.hir, place, object, name, value, &paths, self.arena, self.world);
        self.out.named(name, value, self.arena, span);
        self.out.written_below(object, &[name], value);
    }

    /// The type of what an `onmessage` is handed: another window's message, or a server's. What the page's own worker tells it,
    /// the page its worker, and a port its holder, is neither.
    fn told_to(&self, object: &Val, place: ExprId) -> Option<&'static str> {
        let ExprKind::Field(base, _) = self.hir.expr(place).kind else { return Some("MessageEvent") };
        let is = |names: &[&str]| {
            object.apis.iter().any(|p| names.contains(&p.as_str().trim_start_matches("window.").trim_end_matches("()")))
        };
        let written = self.arena.slice(self.hir.expr(base).span);
        if is(&["Worker", "SharedWorker", "worker_threads.Worker", "MessagePort", "MessageChannel.port1"])
            || self.arena.text().contains("importScripts")
            || matches!(self.hir.expr(base).kind, ExprKind::This)
        {
            return None;
        }
        if is(&["WebSocket", "EventSource", "sockjs-client", "SockJS"]) {
            return Some("SocketEvent");
        }
        if written == "self" {
            return Some("WorkerEvent");
        }
        let window = ["window", "globalThis", "top", "parent", "opener", "frame", "iframe", "contentWindow"];
        let last = written.rsplit('.').next().unwrap_or(written);
        window.contains(&last).then_some("MessageEvent")
    }

    /// The key that chooses an expression's value: that of `o[key]`, `o[key] || {}`, `o[key] ??= {}`, `o[key] = ..`.
    pub(super) fn chosen_by(&mut self, value: ExprId) -> Option<Val> {
        let hir = self.hir;
        match &hir.expr(value).kind {
            ExprKind::Index(_, key) if self.is_place(*key) => self.peek(*key),
            ExprKind::Local(local) => {
                let assigned = self.out.descended.get(local).cloned();
                assigned.or_else(|| self.peek(*self.out.looked_up.get(local)?))
            }
            ExprKind::If { then, alternative: Some(other), .. } => {
                self.chosen_by(*then).or_else(|| self.chosen_by(*other))
            }
            // `keys.reduce((at, key) => at[key] ??= {}, root)`
            ExprKind::Call { callee, args, .. } if args.len() == 2 => {
                let ExprKind::Field(list, name) = hir.expr(*callee).kind else { return None };
                let ExprKind::Function(id) = hir.expr(args[0].value).kind else { return None };
                let [at, key] = hir.function(id).params.as_slice() else { return None };
                let named = |pat| self.pat_name(pat).filter(|n| !n.starts_with('{'));
                let (at, key) = (named(at.pat)?, named(key.pat)?);
                let text = self.arena.slice(hir.expr(args[0].value).span);
                let descends = name == "reduce" && text.contains(&format!("{at}[{key}]"));
                // What merely reads makes nothing on its way.
                let makes = ["{}", "Object.create", "[]"].iter().any(|w| text.contains(w));
                if !descends || !makes || self.world.casts_convert() {
                    return None;
                }
                let list = self.eval(list);
                Some(self.element(&list))
            }
            ExprKind::Logical(LogicalOp::And, _, value)
            | ExprKind::Logical(LogicalOp::Or | LogicalOp::Nullish, value, _)
            | ExprKind::AssignOp { read: value, logical: Some(LogicalOp::Or | LogicalOp::Nullish), .. }
            | ExprKind::Cast(value, _) => self.chosen_by(*value),
            ExprKind::Assign(pat, value) => match &hir.pat(*pat).kind {
                PatKind::Place(place) => self.chosen_by(*place),
                _ => self.chosen_by(*value),
            },
            _ => None,
        }
    }

    /// `object[key] = value` with a key that is no constant.
    fn written_by_key(&mut self, object: &Val, base: ExprId, key: &Val, value: &Val, place: ExprId) {
        self.reach_by_key(object, base, key, self.hir.expr(place).span);
        self.out.key_write_event(self.hir, place, object, key, value, self.arena);
    }

    /// The sinks of a write to a property whose name is no constant.
    pub(super) fn reach_by_key(&mut self, object: &Val, base: ExprId, key: &Val, span: Span) {
        // Writing below something that was itself looked up by a foreign key reaches the prototype.
        let nested = match &self.hir.expr(base).kind {
            ExprKind::Index(_, inner) => self.peek(*inner),
            ExprKind::Call { .. } => self.chosen_by(base),
            ExprKind::Local(local) => {
                let assigned = self.out.descended.get(local).cloned();
                assigned.or_else(|| self.peek(*self.out.looked_up.get(local)?))
            }
            _ => None,
        };
        if let Some(inner) = nested {
            let name = if object.has_taint() && of_one_path(&inner, key) { *PATH } else { Ustr::from("property") };
            let site = SinkSite { kind: SinkKind::PropertyKey, at: self.at(span), name };
            if key.has_taint() && !self.making {
                self.reach(&inner, &site, false);
            }
        }
        if key.has_taint() && !key.types.is_harmless() && !self.making && !self.is_own_key(object, key) {
            let site = SinkSite { kind: SinkKind::PrototypeBase, at: self.at(span), name: params_of(key) };
            self.reach(object, &site, false);
        }
    }

    /// Whether a key can only be one of the object's own: `for (const key of Object.keys(o)) o[key] = clean(o[key])`.
    fn is_own_key(&self, object: &Val, key: &Val) -> bool {
        let declared = self.hir.functions.first().map_or(0, |f| f.params.len());
        let param = |t: &Taint| match &t.origin {
            Origin::Param(n, path) if usize::from(*n) < declared => Some((*n, path.iter().any(|p| *p != *ELEMENT))),
            _ => None,
        };
        let objects: SmallVec<[Option<(u16, bool)>; 4]> = object.taints.iter().map(param).collect();
        let keys: SmallVec<[Option<(u16, bool)>; 4]> = key.taints.iter().map(param).collect();
        match (objects.as_slice(), keys.as_slice()) {
            ([Some(object), rest @ ..], [key, more @ ..]) => {
                !object.1
                    && rest.iter().all(|o| *o == Some(*object))
                    && std::iter::once(key).chain(more).all(|k| *k == Some(*object))
            }
            _ => false,
        }
    }

    /// The value of `this` in a function that other blocks call: whatever its class holds, and parameter [`THIS`].
    pub(super) fn param_this(value: &Val) -> Val {
        let mut out = Value::clone(value);
        out.add_taint(Taint {
            origin: Origin::Param(THIS, Below::default()),
            cleaned: super::kinds::SinkKinds::NONE,
            trace: None,
        });
        Arc::new(out)
    }
}

/// Which parameters a key comes from, as the name of a sink: `"1"`, `"0,2"`.
fn params_of(key: &Value) -> Ustr {
    let mut all: SmallVec<[u16; 4]> =
        key.taints.iter().filter_map(|t| if let Origin::Param(n, _) = t.origin { Some(n) } else { None }).collect();
    all.sort_unstable();
    all.dedup();
    let all: Vec<String> = all.iter().map(u16::to_string).collect();
    Ustr::from(&all.join(","))
}

/// Whether the key that chose an object may come from where those do by which properties are written to it, which the name of
/// the sink lists.
pub(super) fn is_of_keys(chooser: &Val, written: Ustr, argument: impl Fn(u16) -> Option<Val>) -> bool {
    let mut named = written.as_str().split(',').filter_map(|n| n.parse::<u16>().ok()).peekable();
    named.peek().is_none()
        || named.any(|n| argument(n).is_some_and(|a| of_one_path(chooser, &a) || of_one_source(chooser, &a)))
}

/// Whether two values come from one source.
fn of_one_source(a: &Val, b: &Val) -> bool {
    let known = b.deep_taints();
    a.taints.iter().any(|t| matches!(t.origin, Origin::Source(_)) && known.iter().any(|k| k.origin == t.origin))
}

/// The name of a property that is found along a path or among all keys of one object.
pub(super) static PATH: LazyLock<Ustr> = LazyLock::new(|| Ustr::from("path"));

/// Whether two keys are parts of one parameter: a path that was split, the keys of an object.
fn of_one_path(a: &Value, b: &Value) -> bool {
    let params = |v: &Value| -> SmallVec<[u16; 4]> {
        let of = |t: &Taint| match &t.origin {
            Origin::Param(param, _) => Some(*param),
            Origin::Source(_) => None,
        };
        v.taints.iter().filter_map(of).collect()
    };
    let others = params(b);
    params(a).iter().any(|p| others.contains(p))
}

/// What is said of an object and not of what lies in it: that it is a request's as a whole, that it is a copy.
const OF_THE_WHOLE: super::kinds::SinkKinds = SinkKind::Whole.set().and(SinkKind::PrototypeBase.set());

/// The taints of a member of a tainted value: foreign data is foreign all the way down; of a parameter it is a longer path.
pub(super) fn below(base: &Value, name: Ustr) -> Option<Vec<Taint>> {
    if base.taints.is_empty() || base.types.is_harmless() {
        return None;
    }
    let longer = |taint: &Taint| match &taint.origin {
        // What is in the options of a plugin matters, not what they are themselves.
        Origin::Source(s) if s.kind == SourceKind::Library => {
            let whole = SinkKind::WholeAddress.set();
            Taint { cleaned: super::kinds::SinkKinds(taint.cleaned.0 & !whole.0), ..taint.clone() }
        }
        Origin::Source(_) => {
            let part = super::kinds::SinkKinds(taint.cleaned.0 & !OF_THE_WHOLE.0);
            Taint { cleaned: part, ..taint.clone() }
        }
        Origin::Param(param, path) => {
            let part = super::kinds::SinkKinds(taint.cleaned.0 & !SinkKind::PrototypeBase.set().0);
            Taint { origin: Origin::Param(*param, path.then(name)), cleaned: part, ..taint.clone() }
        }
    };
    // Not all that is beside a password is secret: `credentials.region`.
    let whole = name == *ELEMENT;
    // `options.classPrefix`: whoever sets it writes no page. Names are taken apart only where it matters: this runs for
    // every member of every value that somebody controls.
    let is_naming = |t: &&Taint| {
        matches!(&t.origin, Origin::Source(s) if s.kind == SourceKind::Library && s.what == "the plugin's option")
            && super::lexicon::has_word(&name, &["class", "classes", "prefix", "css", "theme"])
    };
    Some(base.taints.iter().filter(|t| whole || !is_sensitive(t)).filter(|t| !is_naming(t)).map(longer).collect())
}

/// Whether code runs only where a condition around it says that this is no production system.
fn is_for_developers(at: &At) -> bool {
    crate::rules::support::for_developers(at.arena.root().smallest_at(at.span))
}

/// Whether a taint is that of a guessable random number.
pub(super) fn is_weak_random(taint: &Taint) -> bool {
    matches!(&taint.origin, Origin::Source(s) if s.kind == SourceKind::WeakRandom)
}

/// Whether a taint is that of somebody outside, or of a caller.
fn is_of_strangers(taint: &Taint) -> bool {
    match &taint.origin {
        Origin::Param(..) => true,
        Origin::Source(s) => s.kind != SourceKind::Argument && super::kinds::OUTSIDE.has(s.kind),
    }
}

/// Whether a taint is that of something sensitive.
pub(super) fn is_sensitive(taint: &Taint) -> bool {
    matches!(&taint.origin, Origin::Source(s) if matches!(s.kind, SourceKind::Sensitive | SourceKind::Password))
}

/// The last name of a path: `c` of `a.b.c` and `a::b::c`; calls at its end are left out.
pub(super) fn last_name(path: Ustr) -> Ustr {
    let path = path.as_str().trim_end_matches("()");
    Ustr::from(path.rsplit(['.', ':']).next().unwrap_or(path))
}

/// What `...rest` binds: a list without its first elements.
fn without_first(list: &Val, n: usize) -> Val {
    let numbered = |name: &str| name.parse::<usize>().ok();
    if n == 0 || !list.fields().any(|(name, _)| numbered(name).is_some()) {
        return list.clone();
    }
    let moved = list.fields().filter_map(|(name, value)| match numbered(name) {
        Some(at) => at.checked_sub(n).map(|at| (position(at), value.clone())),
        None => Some((*name, value.clone())),
    });
    let mut out = Value::clone(list);
    out.fields = None;
    for (name, value) in moved.collect::<Vec<_>>() {
        out.set_field(name, value);
    }
    Arc::new(out)
}
