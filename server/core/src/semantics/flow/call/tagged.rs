//! Calls in other clothes: tagged templates, macros, JSX attributes.

use super::*;

impl<'a> Interp<'a> {
    pub(in crate::semantics::flow) fn tagged(
        &mut self,
        id: ExprId,
        tag: ExprId,
        strings: &[Ustr],
        values: &[ExprId],
    ) -> Val {
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
        // The program's own tag: it is called with the texts and what stands between them.
        if !tag_value.funcs.is_empty() && !self.world.casts_convert() {
            let texts = strings.iter().take(16).enumerate();
            let texts = texts.fold(Value { types: Types::OBJECT, ..Value::default() }, |v, (n, text)| {
                v.with_field(position(n), constant(Lit::Str(*text)))
            });
            let texts: Val = Arc::new(texts.clone().with_field(Ustr::from("raw"), Arc::new(texts)));
            let mut given = vec![texts];
            let all = values.iter().cloned().reduce(|a, b| join(&a, &b));
            given.extend(values.iter().cloned());
            // Known by a summary, the list of all of them is its first element.
            let elsewhere = tag_value.funcs.iter().any(|f| f.block != self.block);
            if let (true, Some(all), Some(first)) = (elsewhere, all, given.get_mut(1)) {
                *first = all;
            }
            let inner = Call { args: given, ..call };
            return self.call_functions(&inner);
        }
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

    pub(in crate::semantics::flow) fn macro_call(
        &mut self,
        id: ExprId,
        path: Ustr,
        args: &[ExprId],
        name_span: Span,
    ) -> Val {
        let hir = self.hir;
        let span = hir.expr(id).span;
        if matches!(last_name(path).as_str(), "assert" | "debug_assert" | "ensure") {
            if let [cond, rest @ ..] = args {
                let facts = crate::semantics::flow::guard::condition(self, *cond);
                let before = self.state.clone();
                self.refine(&facts.when_false);
                let shown: Vec<Val> = rest.iter().map(|a| self.eval(*a)).collect();
                let full = self.world.type_path(path).unwrap_or(path);
                let paths = [Ustr::from(&format!("{full}!"))];
                let target = Target { paths: &paths, name: Ustr::from(&format!("{}!", last_name(path))), open: true };
                let models = self.models;
                for sink in models.call_sinks(&target) {
                    for (value, id) in shown.iter().zip(rest) {
                        let at = self.at(hir.expr(*id).span);
                        self.reach(value, &SinkSite { kind: sink.kind, at, name: sink.name }, sink.deep);
                    }
                }
                self.state = before;
                self.refine(&facts.when_true);
            }
            return unknown();
        }
        let values: Vec<Val> = args.iter().map(|a| self.eval(*a)).collect();
        if !self.state.live {
            return unknown();
        }
        if let Some(result) = self.own_macro(id, path, args, &values, name_span) {
            return result;
        }
        // `write!(text, ..)` puts something behind a text.
        if matches!(last_name(path).as_str(), "write" | "writeln")
            && let ([target, rest @ ..], [written, ..]) = (args, &values[..])
            && rest.len() == 1
            && values[1].has_taint()
            && !self.is_modelled(written)
        {
            let place = match hir.expr(*target).kind {
                ExprKind::Ref { value, .. } => value,
                _ => *target,
            };
            if self.is_place(place) {
                let joined = self.concat(&[written.clone(), values[1].clone()], span);
                self.put(place, joined);
            }
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
        self.out.call_event(hir, &call, self.arena, self.world);
        let name = last_name(path);
        if matches!(name.as_str(), "panic" | "todo" | "unreachable" | "unimplemented" | "bail") {
            self.may_throw();
            self.state.live = false;
            return unknown();
        }
        let model = self.model(&call);
        let base = match model.and_then(|m| m.flows.as_ref().map(|f| (m, f))) {
            Some((m, flows)) => self.model_flows(&call, flows, m),
            None if matches!(
                name.as_str(),
                "format" | "concat" | "format_args" | "dbg" | "doc" | "bson" | "rawdoc"
            ) =>
            {
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

    /// A macro of the file whose arm is a function.
    fn own_macro(&mut self, id: ExprId, path: Ustr, args: &[ExprId], values: &[Val], name_span: Span) -> Option<Val> {
        let [given @ .., last] = args else { return None };
        if !matches!(self.hir.expr(*last).kind, ExprKind::Opaque(_)) || path.as_str().contains("::") {
            return None;
        }
        let names = [format!("{path}!"), format!("{path}!{}", given.len()), format!("{path}!*")];
        let callee = names.iter().map(|n| self.named_function(Ustr::from(n))).find(|v| !v.funcs.is_empty())?;
        let call = Call {
            id,
            callee,
            paths: SmallVec::new(),
            name: path,
            open: false,
            receiver: None,
            receiver_id: None,
            args: values[..given.len()].to_vec(),
            arg_ids: given.iter().copied().collect(),
            new: false,
            span: self.hir.expr(id).span,
            name_span,
            types: &[],
        };
        Some(self.finish_call(&call))
    }

    /// The function that a name of the block, or of those around it, stands for.
    fn named_function(&mut self, name: Ustr) -> Val {
        match self.hir.locals.iter().position(|l| l.name == name) {
            Some(at) => self.state.locals.get(LocalId(at as u32)),
            None => self.world.name(name),
        }
    }

    /// Intrinsic JSX elements with attributes that do harm.
    pub(in crate::semantics::flow) fn jsx_sinks(&mut self, tag: Option<Ustr>, attributes: &[Member], props: &Val) {
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
