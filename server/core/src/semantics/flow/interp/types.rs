//! Types that the source states.

use smallvec::{SmallVec, smallvec};

use super::*;
use crate::semantics::flow::call::Call;
use crate::semantics::flow::models::Target;

impl<'a> Interp<'a> {
    /// The value of a type assertion: types that the source states are believed for numbers and library types.
    pub(in crate::semantics::flow) fn cast(&mut self, value: &Val, ty: &Type, span: Span) -> Val {
        if matches!(ty, Type::Path(path, _) if *path == "std::fmt::Debug") {
            let mut shown = value.cleaned(SinkKind::Log.set());
            if let Some(class) = value.class.as_ref().filter(|c| !c.is_static)
                && let Some(field) = self.world.shown_secret(class)
                && let Some(kind) = lexicon::sensitive_name(field)
            {
                let what = Ustr::from(&format!("the field `{field}`"));
                let origin = Origin::Source(Arc::new(Source { kind, at: self.at(span), what }));
                shown.add_taint(Taint { origin, cleaned: SinkKinds::NONE, trace: None });
            }
            return Arc::new(shown);
        }
        let mut out = Value::clone(value);
        // What the library's own paths do not say, the assertion does.
        let vague = !out.apis.iter().any(|p| self.models.is_type(*p));
        for path in self.type_apis(ty) {
            let told = out.apis.is_empty() || vague && !self.world.casts_convert() && self.models.is_type(path);
            if told && !out.apis.contains(&path) {
                out.apis.push(path);
            }
        }
        if self.world.casts_convert() {
            let types = primitive(ty);
            if types.is_harmless() {
                out.types = types;
                out.exact &= value.types == types;
                if is_small(ty) {
                    out = out.cleaned(SinkKind::Allocation.set());
                }
            }
        }
        Arc::new(out)
    }

    /// A function, or an object of such, of a type whose callers a library is: `const list: RequestHandler = (a, b) => ..`.
    pub(in crate::semantics::flow) fn handler(&mut self, value: &Val, ty: &Type, span: Span) {
        if self.world.casts_convert() || value.funcs.is_empty() && value.fields.is_none() {
            return;
        }
        for path in self.type_apis(ty) {
            let name = last_name(path);
            let paths: SmallVec<[Ustr; 2]> = smallvec![path];
            let model = self.models.call(&Target { paths: &paths, name, open: false });
            let Some(model) = model.filter(|m| !m.callbacks.is_empty()) else { continue };
            let call = Call {
                id: ExprId(0),
                callee: unknown(),
                paths,
                name,
                open: false,
                receiver: None,
                receiver_id: None,
                args: vec![value.clone()],
                arg_ids: SmallVec::new(),
                new: false,
                span,
                name_span: span,
                types: &[],
            };
            self.run_callbacks(&call, &[], Some(model));
        }
    }

    /// Where the function at work stands, for steps that have no better place.
    fn active_span(&self) -> Option<At> {
        let function = self.hir.functions.get(self.current().0 as usize)?;
        Some(self.at(function.name_span))
    }

    /// A value of a declared type.
    pub(in crate::semantics::flow) fn typed(&mut self, value: &Val, ty: &Type) -> Val {
        if let Some(listed) = self.listed(value, ty) {
            return listed;
        }
        let types = primitive(ty);
        let apis = self.type_apis(ty);
        let class = if value.class.is_none() { self.type_class(ty) } else { None };
        if types == Types::UNKNOWN && apis.is_empty() && class.is_none() {
            return value.clone();
        }
        let mut out = Value::clone(value);
        // One of the variants that the program has, whoever chose it: as good as a number.
        if let Some(class) = &class
            && self.world.casts_convert()
            && self.world.is_enumeration(class)
        {
            out.types = Types::NUMBER;
        }
        if types.is_harmless() {
            // A number cannot carry text; only its size is still somebody's.
            out.types = types;
            if self.world.casts_convert() && is_small(ty) {
                out = out.cleaned(SinkKind::Allocation.set());
            }
        } else if types != Types::UNKNOWN && out.types == Types::UNKNOWN {
            out.types = types;
        }
        if out.apis.is_empty() {
            // A wrapper of foreign data is its content.
            let generic = matches!(ty, Type::Path(_, args) if !args.is_empty());
            out.apis.extend(apis.into_iter().filter(|p| !generic || self.models.type_source(*p).is_none()));
        }
        if class.is_some() {
            out.class = class;
        }
        // A path or text that is put together from parts.
        let joined = types == Types::STRING || out.apis.iter().any(|p| p == "std::path::PathBuf");
        if joined && let Some(element) = value.field(*ELEMENT).filter(|e| !e.taints.is_empty()) {
            let Some(at) = self.active_span() else { return Arc::new(out) };
            for taint in &element.taints {
                let trace = Some(step(taint.trace.as_ref(), &at, StepKind::Concatenated));
                out.add_taint(Taint { trace, ..taint.clone() });
            }
        }
        Arc::new(out)
    }

    /// The kinds of sinks for which what a pipe of the program lets through is harmless: `@Param('id', new SlugPipe())`.
    pub(in crate::semantics::flow) fn piped(&mut self, decorator: ExprId) -> SinkKinds {
        let hir = self.hir;
        let ExprKind::Call { args, .. } = &hir.expr(decorator).kind else { return SinkKinds::NONE };
        let mut kinds = SinkKinds::NONE;
        for arg in args {
            let Some(class) = self.eval(arg.value).class else { continue };
            let method = self.world.class_member(&class, Ustr::from("transform"));
            let Some(func) = method.and_then(|m| m.funcs.first().copied()) else { continue };
            let told = self.world.summary(&func).map(|s| s.told.clone()).unwrap_or_default();
            kinds = told.iter().filter(|t| t.param == 0 && t.path.is_empty()).fold(kinds, |k, t| k | t.kinds[2]);
        }
        kinds
    }

    /// A list whose elements are declared to be numbers, or (TypeScript) texts.
    fn listed(&mut self, value: &Val, ty: &Type) -> Option<Val> {
        let inner = match ty {
            // Numbers, and no bytes, which may be text (Rust).
            _ if self.world.casts_convert() => {
                let inner = match ty {
                    Type::Array(inner) => &**inner,
                    Type::Path(path, args)
                        if matches!(last_name(*path).as_str(), "Vec" | "VecDeque" | "HashSet" | "BTreeSet") =>
                    {
                        args.first()?
                    }
                    _ => return None,
                };
                let bytes = matches!(inner, Type::Path(path, _) if matches!(path.as_str(), "u8" | "i8"));
                if bytes || !primitive(inner).is_harmless() || !value.apis.is_empty() {
                    return None;
                }
                // The field of a type, of which nothing is known yet.
                if !value.has_taint() {
                    let plain = value.is_unknown().then(|| Value { types: primitive(inner), ..Value::default() })?;
                    return Some(Arc::new(value.with_field(*ELEMENT, Arc::new(plain))));
                }
                let element = self.element(value);
                let element = self.typed(&element, inner);
                let mut out = Value::clone(value);
                out.set_field(*ELEMENT, element);
                return Some(Arc::new(out));
            }
            Type::Array(inner) => &**inner,
            Type::Path(path, args) if matches!(path.as_str(), "Array" | "ReadonlyArray" | "Set") => args.first()?,
            _ => return None,
        };
        let types = primitive(inner);
        if types == Types::UNKNOWN || value.fields.is_some() || !value.lits.is_empty() || !value.apis.is_empty() {
            return None;
        }
        let element = self.element(value);
        let element = self.typed(&element, inner);
        let mut out = Value::clone(value);
        out.types = Types::OBJECT;
        out.set_field(*ELEMENT, element);
        Some(Arc::new(out))
    }

    pub(in crate::semantics::flow) fn type_apis(&self, ty: &Type) -> Vec<Ustr> {
        match ty {
            Type::Path(path, args) => {
                let transparent = matches!(
                    last_name(*path).as_str(),
                    "Promise"
                        | "Readonly"
                        | "Partial"
                        | "Required"
                        | "NonNullable"
                        | "Awaited"
                        | "Option"
                        | "Box"
                        | "Arc"
                        | "Rc"
                        | "Result"
                        | "Data"
                        | "State"
                        | "Extension"
                        | "Mutex"
                        | "RwLock"
                        | "RefCell"
                        | "MutexGuard"
                        | "RwLockReadGuard"
                        | "RwLockWriteGuard"
                        | "Ref"
                        | "RefMut"
                        | "Cow"
                        | "Pin"
                        | "OnceCell"
                        | "OnceLock"
                        | "LazyLock"
                        | "Lazy"
                        | "ManuallyDrop"
                );
                if transparent && let Some(inner) = args.first() {
                    self.type_apis(inner)
                } else if last_name(*path) == "Request" && args.first().is_some_and(is_sent_body) {
                    Vec::new()
                } else {
                    self.world.type_path(*path).into_iter().collect()
                }
            }
            Type::Union(parts) => parts.iter().flat_map(|p| self.type_apis(p)).take(2).collect(),
            _ => Vec::new(),
        }
    }

    pub(in crate::semantics::flow) fn type_class(&self, ty: &Type) -> Option<ClassRef> {
        match ty {
            Type::Path(path, args) => self.world.class(*path).or_else(|| args.first().and_then(|a| self.type_class(a))),
            Type::Union(parts) => parts.iter().find_map(|p| self.type_class(p)),
            _ => None,
        }
    }
}

/// Whether a body is one that the program has whole: a request with it is one that it sends, and not one that came in.
fn is_sent_body(ty: &Type) -> bool {
    match ty {
        Type::Path(path, _) => {
            matches!(last_name(*path).as_str(), "Bytes" | "Full" | "Empty" | "String")
        }
        _ => false,
    }
}
