//! Pointers of Rust: what functions leave behind `&mut`, and what points to what is gone.

use super::*;

impl Interp<'_> {
    /// What a function of Rust leaves in its `&mut` parameters.
    pub(super) fn out_parameters(&mut self, id: FnId, args: &[Val]) {
        let hir = self.hir;
        for (n, pat) in hir.function(id).params.iter().enumerate() {
            let PatKind::Bind(local, None) = hir.pat(pat.pat).kind else { continue };
            let after = self.arena.text().get(hir.local(local).span.end as usize..).unwrap_or_default();
            let exclusive = after.trim_start().strip_prefix(':').is_some_and(|t| is_exclusive(t.trim_start()));
            let left = self.state.locals.get(local);
            let handed = args.get(n).is_some_and(|a| *a == left);
            if exclusive && !handed && left.has_taint() {
                self.out.param_write(n as u16, Vec::new(), left);
            }
        }
    }

    /// Whether the block puts a reference to a variable into a struct, which may keep it as a raw pointer.
    pub(super) fn builds_pointers(&self) -> bool {
        let hir = self.hir;
        let to_local = |id: ExprId| match &hir.expr(id).kind {
            ExprKind::Ref { value, .. } => matches!(hir.expr(*value).kind, ExprKind::Local(_)),
            _ => false,
        };
        hir.exprs.iter().any(|e| match &e.kind {
            ExprKind::Object(Some(_), members) => {
                members.iter().any(|m| matches!(m, Member::Field(_, value) if to_local(*value)))
            }
            _ => false,
        })
    }

    /// An argument that points to what is gone takes that along into the function.
    pub(in crate::semantics::flow) fn handed_on(&mut self, args: &mut [Val], ids: &[Arg]) {
        let hir = self.hir;
        let (arena, block) = (self.arena, self.block);
        let gone = self.gone.get_or_insert_with(|| {
            let text = arena.text();
            let pointers = ["*const", "*mut", "unsafe", "as_ptr", "&raw"].iter().any(|w| text.contains(w));
            if pointers { crate::semantics::lifetimes::handed_on(hir, arena) } else { Vec::new() }
        });
        if gone.is_empty() {
            return;
        }
        for (value, arg) in args.iter_mut().zip(ids) {
            if gone.contains(&arg.value) {
                let at = At { block, arena: arena.clone(), span: hir.expr(arg.value).span };
                let source = Source { kind: SourceKind::Dangling, at, what: Ustr::from("a value") };
                let mut new = Value::clone(value);
                new.add_taint(Taint {
                    origin: Origin::Source(Arc::new(source)),
                    cleaned: SinkKinds::NONE,
                    trace: None,
                });
                *value = Arc::new(new);
            }
        }
    }

    /// What a function returns whose result may point to its own variables.
    pub(super) fn dangling(&self, result: Val) -> Val {
        let Some(span) = crate::semantics::lifetimes::escapes(self.hir, self.arena).into_iter().next() else {
            return result;
        };
        let source = Source {
            kind: SourceKind::Dangling,
            at: self.at(span),
            what: Ustr::from("a variable of another function"),
        };
        let taint = Taint { origin: Origin::Source(Arc::new(source)), cleaned: SinkKinds::NONE, trace: None };
        let mut value = Value::clone(&result);
        // In a struct it is one of the fields.
        for (name, field) in result.fields() {
            let mut field = Value::clone(field);
            field.add_taint(taint.clone());
            value.set_field(*name, Arc::new(field));
        }
        value.add_taint(taint);
        Arc::new(value)
    }
}

/// Whether a written type is an exclusive reference, `&mut T` or `&'a mut T`.
fn is_exclusive(ty: &str) -> bool {
    let Some(rest) = ty.strip_prefix('&') else { return false };
    let rest = rest.trim_start();
    let rest = if rest.starts_with('\'') { rest.split_once(' ').map_or("", |(_, r)| r) } else { rest };
    rest.trim_start().starts_with("mut ")
}
