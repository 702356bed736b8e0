//! Which values own memory, and who made them.

use super::*;

impl Walk<'_> {
    pub(super) fn is_owner(&self, local: LocalId) -> bool {
        self.state.owners.contains(&local) || self.owned_param(local)
    }

    /// Whether a parameter owns heap memory: declared as such and not by reference.
    pub(super) fn owned_param(&self, local: LocalId) -> bool {
        let l = self.hir.local(local);
        if l.kind != LocalKind::Param || !l.ty.as_ref().is_some_and(is_owner_type) {
            return false;
        }
        let text = self.arena.text().get(l.span.end as usize..).unwrap_or_default();
        text.trim_start().strip_prefix(':').is_some_and(|t| t.trim_start().starts_with(char::is_alphabetic))
    }

    /// Whether an expression makes a new owner of heap memory.
    pub(super) fn owns(&self, id: ExprId) -> bool {
        match &self.hir.expr(id).kind {
            ExprKind::Call { callee, args, .. } => match &self.hir.expr(*callee).kind {
                ExprKind::Name(path) if path == "Some" => args.first().is_some_and(|a| self.owns(a.value)),
                ExprKind::Name(path) => makes_owner(path),
                ExprKind::Field(base, name) => {
                    copies(name) || passes(name) && self.owns(*base) || name == "clone" && self.is_place_of_owner(*base)
                }
                _ => false,
            },
            ExprKind::Macro { path, .. } => matches!(path.as_str(), "format" | "vec" | "std::format"),
            // `vec![..]`: an array literal stands on the stack.
            ExprKind::Array(_) | ExprKind::Repeat(..) => self.arena.slice(self.hir.expr(id).span).starts_with("vec!"),
            ExprKind::Try(inner) => self.owns(*inner),
            ExprKind::Block { value: true, .. } => {
                let inner = self.inner(id);
                inner != id && self.owns(inner)
            }
            ExprKind::Local(local) => self.is_owner(*local),
            _ => false,
        }
    }

    pub(super) fn is_place_of_owner(&self, id: ExprId) -> bool {
        matches!(&self.hir.expr(id).kind, ExprKind::Local(local) if self.is_owner(*local))
    }

    /// The allocation that an expression takes ownership of, `Box::from_raw(p)`.
    pub(super) fn adopted(&self, id: ExprId) -> Option<Pointee> {
        let id = self.inner(id);
        let ExprKind::Call { callee, args, .. } = &self.hir.expr(id).kind else { return None };
        let ExprKind::Name(path) = &self.hir.expr(*callee).kind else { return None };
        if !matches!(role(path), Role::Adopt) {
            return None;
        }
        let points = self.state.at(self.pointer(args.first()?.value)?);
        points.single().filter(|p| matches!(p, Pointee::Allocation(..)))
    }

    /// The expression that gives a block, `unsafe { .. }`, its value.
    pub(super) fn inner(&self, mut id: ExprId) -> ExprId {
        while let ExprKind::Block { body, value: true, .. } = &self.hir.expr(id).kind {
            let Some(last) = body.last() else { break };
            id = *last;
        }
        id
    }

    /// The name of the type that a struct literal or a constructor makes.
    pub(super) fn made_type(&self, value: ExprId) -> Option<&str> {
        match &self.hir.expr(self.inner(value)).kind {
            ExprKind::Object(Some(path), _) => path.as_str().rsplit("::").next(),
            ExprKind::Call { callee, .. } => match &self.hir.expr(*callee).kind {
                ExprKind::Name(path) => {
                    let mut parts = path.as_str().rsplit("::");
                    parts.next().filter(|name| matches!(*name, "new" | "default"))?;
                    parts.next()
                }
                _ => None,
            },
            _ => None,
        }
    }

    /// Whether a parameter is declared as a reference to a pointer.
    pub(super) fn says_pointer(&self, local: LocalId) -> bool {
        fn is_pointer(ty: &Type) -> bool {
            match ty {
                Type::RawPointer(_) => true,
                Type::Path(path, args) => path.as_str().ends_with("NonNull") || args.iter().any(is_pointer),
                _ => false,
            }
        }
        self.hir.local(local).ty.as_ref().is_some_and(is_pointer)
    }

    /// Whether a parameter is declared as a raw pointer to a raw pointer: what foreign code wants filled in.
    pub(super) fn points_to_pointer(&self, local: LocalId) -> bool {
        matches!(&self.hir.local(local).ty, Some(Type::RawPointer(inner)) if matches!(**inner, Type::RawPointer(_)))
    }

    /// The owner that lends the reference that an expression gives: `v` of `v.first().unwrap()`.
    pub(super) fn lender(&self, mut id: ExprId) -> Option<LocalId> {
        for _ in 0..8 {
            id = match &self.hir.expr(self.inner(id)).kind {
                ExprKind::Local(local) => return self.is_owner(*local).then_some(*local),
                ExprKind::Cast(inner, _) | ExprKind::Try(inner) => *inner,
                ExprKind::Call { callee, .. } => match &self.hir.expr(*callee).kind {
                    ExprKind::Field(base, name)
                        if matches!(
                            name.as_str(),
                            "unwrap"
                                | "expect"
                                | "first"
                                | "last"
                                | "first_mut"
                                | "last_mut"
                                | "get"
                                | "get_mut"
                                | "get_unchecked"
                                | "as_deref"
                                | "as_deref_mut"
                                | "front"
                                | "back"
                        ) =>
                    {
                        *base
                    }
                    _ => return None,
                },
                _ => return None,
            };
        }
        None
    }

    /// `slice::from_raw_parts(..)`: a reference whose life the program claims.
    pub(super) fn is_raw_slice(&self, value: ExprId) -> bool {
        match &self.hir.expr(self.inner(value)).kind {
            ExprKind::Call { callee, .. } => matches!(&self.hir.expr(*callee).kind, ExprKind::Name(p)
                if p.as_str().contains("slice") && p.as_str().contains("from_raw_parts")),
            _ => false,
        }
    }
}
