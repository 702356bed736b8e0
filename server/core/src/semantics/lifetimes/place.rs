//! Places that hold pointers, and references that make them.

use super::*;

impl Walk<'_> {
    /// The place that an expression is: a variable, a field of one, a static.
    pub(super) fn place(&self, id: ExprId) -> Option<Place> {
        match &self.hir.expr(id).kind {
            ExprKind::Local(local) => Some(Place::Local(*local)),
            ExprKind::Name(name) => Some(Place::Name(*name)),
            ExprKind::Field(base, name) => match &self.hir.expr(*base).kind {
                // Behind a reference the struct is somebody else's as well.
                ExprKind::Local(local) if !self.state.references.contains(local) => Some(Place::Field(*local, *name)),
                _ => None,
            },
            _ => None,
        }
    }

    /// The place of a pointer behind casts and conversions.
    pub(super) fn pointer(&self, mut id: ExprId) -> Option<Place> {
        loop {
            match &self.hir.expr(id).kind {
                ExprKind::Local(_) | ExprKind::Field(..) | ExprKind::Name(_) => return self.place(id),
                ExprKind::Cast(inner, _) => id = *inner,
                ExprKind::Call { callee, .. } => match &self.hir.expr(*callee).kind {
                    ExprKind::Field(base, name)
                        if matches!(name.as_str(), "cast" | "cast_mut" | "cast_const" | "as_ptr") =>
                    {
                        id = *base
                    }
                    _ => return None,
                },
                _ => return None,
            }
        }
    }

    /// What the elements of a collection point to.
    pub(super) fn elements(&self, mut id: ExprId) -> Points {
        loop {
            match &self.hir.expr(id).kind {
                ExprKind::Local(local) => return self.state.at(Place::Field(*local, Ustr::from("[]"))),
                ExprKind::Ref { value, .. } => id = *value,
                ExprKind::Call { callee, .. } => match &self.hir.expr(*callee).kind {
                    ExprKind::Field(base, name)
                        if matches!(name.as_str(), "iter" | "into_iter" | "drain" | "copied" | "cloned") =>
                    {
                        id = *base
                    }
                    _ => return Points::default(),
                },
                _ => return Points::default(),
            }
        }
    }

    /// The fields of a struct that a variable is given.
    pub(super) fn take_fields(&mut self, local: LocalId, value: ExprId) {
        self.state.forget_fields(local);
        let made = self.inner(value);
        if let Some((_, fields)) = self.built.take_if(|(id, _)| *id == made) {
            fields.into_iter().for_each(|(name, points)| self.state.put(Place::Field(local, name), points));
        } else if let ExprKind::Local(from) = self.hir.expr(made).kind {
            self.state.copy_fields(from, local);
        }
    }

    /// `mem::zeroed()`, in `unsafe` or not.
    pub(super) fn is_zeroed(&self, id: ExprId) -> bool {
        match &self.hir.expr(self.inner(id)).kind {
            ExprKind::Call { callee, .. } => {
                matches!(&self.hir.expr(*callee).kind, ExprKind::Name(p) if p.as_str().ends_with("zeroed"))
            }
            _ => false,
        }
    }

    /// A pointer leaves the function, by itself or in a struct: its own variables do not.
    pub(super) fn leave_function(&mut self, points: &Points, value: ExprId) {
        let at = self.hir.expr(value).span;
        let mut left: Vec<Points> = Vec::new();
        let returns = self.hir.function(self.function).returns.as_ref();
        if returns.is_some_and(holds_pointer) || returns.is_none() && self.is_pointer_made(value) {
            left.push(points.clone());
        }
        self.left_behind();
        if self.is_laundered(value) {
            let plain = |p: &Pointee| !matches!(p, Pointee::Stack(l) if !self.is_plain(*l));
            left.extend(Some(points.clone()).filter(|p| p.iter().all(plain)));
        }
        // A slice over memory of the function's own, which the compiler takes for anybody's.
        if let ExprKind::Call { callee, .. } = &self.hir.expr(value).kind
            && matches!(&self.hir.expr(*callee).kind, ExprKind::Name(p) if p.as_str().ends_with("from_raw_parts"))
            && !points.iter().any(|p| matches!(p, Pointee::Stack(_)))
        {
            left.push(points.clone());
        }
        match &self.hir.expr(value).kind {
            ExprKind::Local(local) => {
                left.extend(self.state.fields(*local).cloned());
                if self.state.laundered.contains(local) && !points.iter().any(|p| matches!(p, Pointee::Stack(_))) {
                    left.push(points.clone());
                }
            }
            _ => {
                if let Some((id, fields)) = &self.built
                    && *id == value
                {
                    left.extend(fields.iter().map(|(_, p)| p.clone()));
                }
            }
        }
        let owner = left.iter().flat_map(Points::iter).find_map(|p| match p {
            Pointee::Stack(l) => Some(Some(*l)),
            Pointee::Heap(l) if self.is_owner(*l) => Some(Some(*l)),
            Pointee::Temporary => Some(None),
            _ => None,
        });
        if let Some(owner) = owner
            && self.state.live
            && !self.out.iter().any(|u| u.at == at)
        {
            let owner = owner.map(|l| self.hir.local(l).name);
            self.out.push(Use { flaw: Flaw::Returned, at, ended: None, owner });
        }
    }

    /// Whether an expression says that it is a raw pointer: `&x as *const T`, `text.as_ptr()`. What a closure gives.
    fn is_pointer_made(&self, value: ExprId) -> bool {
        match &self.hir.expr(self.inner(value)).kind {
            ExprKind::Cast(_, Type::RawPointer(_)) => true,
            ExprKind::Call { callee, args, .. } => {
                args.is_empty()
                    && matches!(&self.hir.expr(*callee).kind, ExprKind::Field(_, n) if matches!(n.as_str(), "as_ptr" | "as_mut_ptr"))
            }
            _ => false,
        }
    }

    /// `&*(&x as *const T)`, `transmute::<&T, &'static T>(&x)`: a reference whose life the compiler no longer knows.
    pub(super) fn is_laundered(&self, value: ExprId) -> bool {
        match &self.hir.expr(self.inner(value)).kind {
            ExprKind::Ref { value, .. } => match &self.hir.expr(*value).kind {
                ExprKind::Deref(inner) => {
                    matches!(&self.hir.expr(*inner).kind, ExprKind::Cast(_, Type::RawPointer(_)) | ExprKind::Local(_))
                }
                _ => false,
            },
            ExprKind::Call { callee, .. } => {
                matches!(&self.hir.expr(*callee).kind, ExprKind::Name(p) if p.as_str().ends_with("transmute"))
            }
            _ => false,
        }
    }

    /// Pointers to the function's own variables that it leaves in statics and behind its parameters.
    pub(super) fn left_behind(&mut self) {
        if !self.state.live {
            return;
        }
        for (place, at) in self.stored.clone() {
            let owner = self.state.at(place).iter().find_map(|p| match p {
                Pointee::Stack(l) => Some(Some(*l)),
                Pointee::Heap(l) if self.is_owner(*l) => Some(Some(*l)),
                Pointee::Temporary => Some(None),
                _ => None,
            });
            if let Some(owner) = owner
                && !self.out.iter().any(|u| u.at == at)
            {
                let owner = owner.map(|l| self.hir.local(l).name);
                self.out.push(Use { flaw: Flaw::Stored, at, ended: None, owner });
            }
        }
    }

    pub(super) fn null(&mut self, place: Place, is_null: bool) {
        let Place::Local(local) = place else { return };
        // `is_null` of a reference to a pointer is about that pointer.
        let param = self.hir.local(local).kind == LocalKind::Param && self.arena_says_reference(local);
        if self.state.references.contains(&local) || param {
            return;
        }
        let points = if is_null { Points::one(Pointee::Null) } else { self.state.points(local).not_null() };
        self.state.set(local, points);
        if !is_null {
            self.state.checked(place);
        }
    }

    pub(super) fn is_null(&self, id: ExprId) -> bool {
        match &self.hir.expr(id).kind {
            ExprKind::Call { callee, .. } => {
                matches!(&self.hir.expr(*callee).kind, ExprKind::Name(p) if matches!(p.as_str().rsplit("::").next(), Some("null" | "null_mut")))
            }
            ExprKind::Cast(inner, _) => {
                matches!(&self.hir.expr(*inner).kind, ExprKind::Lit(Lit::Num(n)) if *n == 0.0) || self.is_null(*inner)
            }
            _ => false,
        }
    }

    /// `&x`, `&mut x`, `&raw const x`.
    pub(super) fn reference(&mut self, value: ExprId, mutable: bool) -> Points {
        match &self.hir.expr(value).kind {
            ExprKind::Local(local) => {
                if mutable {
                    // A pointer whose address is given away may be set by anybody.
                    self.state.set(*local, Points::default());
                    self.state.forget_fields(*local);
                }
                let param = self.hir.local(*local).kind == LocalKind::Param;
                if self.is_lasting(*local) {
                    Points::default()
                } else if self.hir.local(*local).function == self.function && !(param && self.is_reference(*local)) {
                    Points::one(Pointee::Stack(*local))
                } else {
                    Points::default()
                }
            }
            // `&*p`, `&mut *p`: a use, and the same place again.
            ExprKind::Deref(inner) => {
                if let ExprKind::Local(owner) = &self.hir.expr(*inner).kind
                    && self.is_owner(*owner)
                {
                    return Points::one(Pointee::Heap(*owner));
                }
                let points = self.eval(*inner);
                self.used(&points, self.hir.expr(value).span);
                self.written(&points);
                points
            }
            // `&a[0]` of an array
            ExprKind::Index(base, _) if matches!(&self.hir.expr(*base).kind, ExprKind::Local(l) if self.is_plain(*l) && !self.is_owner(*l)) =>
            {
                self.eval(value);
                match &self.hir.expr(*base).kind {
                    ExprKind::Local(array) => Points::one(Pointee::Stack(*array)),
                    _ => Points::default(),
                }
            }
            // `&v[0]`
            ExprKind::Index(base, _) if self.is_place_of_owner(*base) => {
                self.eval(value);
                match &self.hir.expr(*base).kind {
                    ExprKind::Local(owner) => Points::one(Pointee::Heap(*owner)),
                    _ => Points::default(),
                }
            }
            // `&x.field`, `&x.list[0]`
            ExprKind::Field(base, _) | ExprKind::Index(base, _) => {
                self.written_below(value);
                let mut at = *base;
                while let ExprKind::Field(inner, _) | ExprKind::Index(inner, _) = &self.hir.expr(at).kind {
                    at = *inner;
                }
                let points = match &self.hir.expr(at).kind {
                    ExprKind::Local(local)
                        if self.hir.local(*local).kind != LocalKind::Param
                            && self.state.points(*local).is_empty()
                            && self.is_plain(*local) =>
                    {
                        Points::one(Pointee::Stack(*local))
                    }
                    _ => Points::default(),
                };
                self.eval(value);
                points
            }
            _ => {
                self.written_below(value);
                self.eval(value);
                Points::default()
            }
        }
    }

    /// Whether a variable holds a value that was made in sight: no reference that may point elsewhere.
    pub(super) fn is_plain(&self, local: LocalId) -> bool {
        self.state.plain.contains(&local)
    }

    /// Whether a name stands for a `static` or `const` inside of the function.
    pub(super) fn is_lasting(&self, local: LocalId) -> bool {
        let before = self.arena.text().get(..self.hir.local(local).span.start as usize).unwrap_or_default().trim_end();
        before.ends_with("static") || before.ends_with("const") || before.ends_with("static mut")
    }

    pub(super) fn arena_says_reference(&self, local: LocalId) -> bool {
        let text = self.arena.text().get(self.hir.local(local).span.end as usize..).unwrap_or_default().trim_start();
        text.strip_prefix(':').is_some_and(|t| t.trim_start().starts_with('&'))
    }

    pub(super) fn is_reference(&self, local: LocalId) -> bool {
        let l = self.hir.local(local);
        let text = self.arena.text().get(l.span.end as usize..).unwrap_or_default().trim_start();
        text.strip_prefix(':').is_none_or(|t| !t.trim_start().starts_with(|c: char| c.is_alphanumeric() || c == '['))
    }
}

/// Whether a raw pointer is in a type.
fn holds_pointer(ty: &Type) -> bool {
    match ty {
        Type::RawPointer(_) => true,
        Type::Path(path, args) => path.as_str().ends_with("NonNull") || args.iter().any(holds_pointer),
        Type::Tuple(parts) => parts.iter().any(holds_pointer),
        Type::Array(inner) => holds_pointer(inner),
        _ => false,
    }
}
