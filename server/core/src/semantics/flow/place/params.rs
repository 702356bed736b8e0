//! What the parameters of a function hold: what is handed over, what decorators and types say, what strangers may pass.

use super::*;

impl Interp<'_> {
    /// Binds the parameters of a function to arguments.
    pub(in crate::semantics::flow) fn bind_params(&mut self, id: FnId, args: &[Val], root: bool) {
        let hir = self.hir;
        let function = hir.function(id);
        let names: Vec<Option<Ustr>> = function.params.iter().map(|p| self.pat_name(p.pat)).collect();
        let conventional = if args.iter().all(|a| a.apis.is_empty() && a.lits.is_empty() && a.class.is_none()) {
            self.world.conventional(&names)
        } else {
            Vec::new()
        };
        let shifted = self.error_first(&names, args);
        let args = shifted.as_deref().unwrap_or(args);
        for (i, param) in function.params.iter().enumerate() {
            let mut value = if param.rest {
                let rest: Vec<Val> = args.get(i..).unwrap_or_default().to_vec();
                let element =
                    rest.iter().skip(1).fold(rest.first().cloned().unwrap_or_else(unknown), |a, b| join(&a, b));
                let mut all = Value::clone(&self.collection(&element));
                for (n, v) in rest.iter().take(8).enumerate() {
                    all = all.with_field(position(n), v.clone());
                }
                Arc::new(all)
            } else {
                match args.get(i) {
                    Some(arg) => arg.clone(),
                    None if args.is_empty() || root => unknown(),
                    None => constant(Lit::Undefined),
                }
            };
            if let Some(ty) = &param.ty {
                value = self.typed(&value, ty);
            }
            if self.world.casts_convert()
                && let Some(ty) = &param.ty
            {
                value = self.extracted(&value, ty, hir.pat(param.pat).span);
            }
            if value.apis.iter().all(|p| of_program(p))
                && let Some(Some(path)) = conventional.get(i)
            {
                let mut typed = Value::clone(&value);
                typed.apis.clear();
                typed.apis.push(*path);
                value = Arc::new(typed);
            }
            for decorator in &param.decorators {
                if self.is_converted(*decorator) {
                    value = Arc::new(Value { types: Types::NUMBER, ..Value::clone(&value) });
                    continue;
                }
                let kinds = self.piped(*decorator);
                let decorator = self.eval(*decorator);
                value = self.decorated(&value, &decorator, hir.pat(param.pat).span);
                if kinds != crate::semantics::flow::kinds::SinkKinds::NONE {
                    value = Arc::new(value.cleaned(kinds));
                }
            }
            self.assign(param.pat, &value);
            if let Some(property) = param.property {
                if self
                    .state
                    .this
                    .taints
                    .iter()
                    .any(|t| matches!(&t.origin, Origin::Param(THIS, path) if path.is_empty()))
                {
                    self.out.param_write(THIS, vec![property], value.clone());
                }
                self.state.this = Arc::new(self.state.this.with_field(property, value.clone()));
            }
        }
    }

    /// The arguments of an error handler of the Express kind, which takes the error first, where they are those of a
    /// handler.
    fn error_first(&self, names: &[Option<Ustr>], args: &[Val]) -> Option<Vec<Val>> {
        let is = |n: usize, path: &str| args.get(n).is_some_and(|a| a.apis.iter().any(|p| *p == path));
        let [Some(first), _, _, _] = names else { return None };
        let error = first.trim_start_matches('_').starts_with('e') || first.is_empty() || first == "_";
        if !error || !is(0, "express.Request") || !is(1, "express.Response") {
            return None;
        }
        let mut out: Vec<Val> = args.to_vec();
        out.resize(4, unknown());
        let apis = [&[][..], &["express.Request"], &["express.Response"], &[]];
        for (value, apis) in out.iter_mut().zip(apis) {
            let apis = apis.iter().map(|p| Ustr::from(p)).collect();
            *value = Arc::new(Value { apis, ..Value::clone(value) });
        }
        Some(out)
    }

    /// A parameter whose declared type says that it is foreign data: `Query<Params>`, `Json<T>`, `HttpRequest`.
    fn extracted(&mut self, value: &Val, ty: &crate::semantics::hir::Type, span: Span) -> Val {
        use crate::semantics::hir::Type;
        let found = self.type_apis(ty).into_iter().find_map(|p| self.models.type_source(p));
        let Some(source) = found else { return value.clone() };
        let origin = Origin::Source(Arc::new(Source { kind: source.kind, at: self.at(span), what: source.what }));
        let taint = Taint { origin, cleaned: source.cleans, trace: None };
        let mut out = Value::clone(value);
        out.add_taint(taint.clone());
        if let Type::Path(_, args) = ty {
            // A wrapper is its content.
            if !args.is_empty() {
                out.apis.clear();
            }
            match args.first() {
                Some(Type::Tuple(parts)) => {
                    for (i, part) in parts.iter().enumerate() {
                        let mut inner = Value::default();
                        inner.add_taint(taint.clone());
                        let inner = self.typed(&Arc::new(inner), part);
                        out = out.with_field(Ustr::from(&i.to_string()), inner);
                    }
                }
                Some(inner) if crate::semantics::flow::interp::primitive(inner).is_harmless() => {
                    out = Value::clone(&self.typed(&Arc::new(out), inner));
                }
                // `Query<HashMap<String, u32>>`: what is looked up in it is a number.
                Some(Type::Path(path, parts))
                    if matches!(last_name(*path).as_str(), "HashMap" | "BTreeMap" | "Vec" | "Option")
                        && parts.last().is_some_and(|p| crate::semantics::flow::interp::primitive(p).is_harmless()) =>
                {
                    if let Some(part) = parts.last() {
                        out = Value::clone(&self.typed(&Arc::new(out), part));
                    }
                }
                _ => {}
            }
        }
        Arc::new(out)
    }

    /// A parameter with a decorator, such as Nest's `@Body()`: what the decorator's model returns.
    fn decorated(&mut self, value: &Val, decorator: &Val, span: Span) -> Val {
        let mut out = Value::clone(value);
        for path in &decorator.apis {
            if out.apis.is_empty() && self.models.is_type(*path) {
                out.apis.push(*path);
            }
            let name = last_name(*path);
            let target = Target { paths: &[*path], name, open: false };
            for source in self.models.read_sources(&target) {
                let origin = Source { kind: source.kind, at: self.at(span), what: source.what };
                if !out.types.is_harmless() {
                    out.add_taint(Taint {
                        origin: Origin::Source(Arc::new(origin)),
                        cleaned: source.cleans,
                        trace: None,
                    });
                }
            }
        }
        Arc::new(out)
    }

    /// `@Query('id', ParseIntPipe)`, `@Param('id', new ParseUUIDPipe())`: nothing foreign is left.
    fn is_converted(&self, decorator: ExprId) -> bool {
        let ExprKind::Call { args, .. } = &self.hir.expr(decorator).kind else { return false };
        args.iter().any(|arg| {
            let mut at = arg.value;
            if let ExprKind::Call { callee, new: true, .. } = &self.hir.expr(at).kind {
                at = *callee;
            }
            let name = self.arena.slice(self.hir.expr(at).span);
            let converts = ["ParseInt", "ParseFloat", "ParseBool", "ParseUUID", "ParseEnum", "ParseDate"];
            name.ends_with("Pipe") && converts.iter().any(|c| name.starts_with(c))
        })
    }

    /// `@IsUUID()`, `@Matches(/^[a-z]+$/)` at a field: whatever is in it, no text that does harm (class-validator).
    pub(in crate::semantics::flow) fn is_validated(&mut self, decorator: ExprId) -> bool {
        const HARMLESS: [&str; 26] = [
            "IsUUID",
            "IsInt",
            "IsNumber",
            "IsPositive",
            "IsNegative",
            "IsBoolean",
            "IsDate",
            "IsEnum",
            "IsIn",
            "IsMongoId",
            "IsAlphanumeric",
            "IsAlpha",
            "IsHexadecimal",
            "IsNumberString",
            "IsISO8601",
            "IsDateString",
            "IsPort",
            "IsIP",
            "IsHash",
            "IsULID",
            "IsDecimal",
            "IsLocale",
            "IsCurrency",
            "IsMilitaryTime",
            "IsBooleanString",
            "IsISO31661Alpha2",
        ];
        let ExprKind::Call { callee, args, .. } = &self.hir.expr(decorator).kind else { return false };
        let (callee, pattern) = (*callee, args.first().map(|a| a.value));
        let path = self.eval(callee).apis.iter().find(|p| p.starts_with("class-validator.")).copied();
        let Some(name) = path.map(last_name) else { return false };
        if HARMLESS.contains(&name.as_str()) {
            return true;
        }
        name == "Matches" && pattern.is_some_and(|p| crate::semantics::flow::regex::is_list(&self.eval(p)))
    }
}

/// Whether a type's path leads into the program itself, which says nothing of libraries.
fn of_program(path: &str) -> bool {
    path.starts_with('.') || path.starts_with("@/") || path.starts_with("~/")
}
