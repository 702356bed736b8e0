//! Calls: which make pointers, which end them, which use them.

use super::*;

impl Walk<'_> {
    pub(super) fn call(&mut self, id: ExprId, callee: ExprId, args: &[Arg], name: Span) -> Points {
        let hir = self.hir;
        match &hir.expr(callee).kind {
            ExprKind::Field(base, method) => self.method(id, *base, *method, args),
            ExprKind::Name(path) => self.function(id, *path, args),
            _ => {
                self.eval(callee);
                for arg in args {
                    let points = self.value(arg.value, None);
                    self.written(&points);
                }
                let _ = name;
                Points::default()
            }
        }
    }

    fn method(&mut self, id: ExprId, base: ExprId, method: Ustr, args: &[Arg]) -> Points {
        let hir = self.hir;
        let span = hir.expr(id).span;
        let receiver = self.eval(base);
        let values: Vec<Points> = args.iter().map(|a| self.value(a.value, None)).collect();
        let volatile = matches!(method.as_str(), "read_volatile" | "write_volatile");
        if volatile && receiver.flaw().is_some_and(|(flaw, ..)| flaw == Flaw::Address) {
            // A device's register.
            return Points::default();
        }
        let local = match &hir.expr(base).kind {
            ExprKind::Local(local) => Some(*local),
            _ => None,
        };
        // What `ManuallyDrop::drop` dropped.
        if let Some(local) = local {
            let dropped = self.state.at(Place::Field(local, Ustr::from("drop()")));
            self.used(&dropped, span);
        }
        match method.as_str() {
            // `out.write(text.as_ptr())` of `out: *mut *const T`.
            "write" if local.is_some_and(|l| self.points_to_pointer(l)) && values.len() == 1 => {
                if let (Some(out), Some(arg)) = (local, args.first()) {
                    let place = Place::Field(out, Ustr::from("*"));
                    self.stored.push((place, hir.expr(arg.value).span));
                    self.state.put(place, values[0].clone());
                }
                Points::default()
            }
            // A static `AtomicPtr`.
            "store" | "swap" if matches!(&hir.expr(base).kind, ExprKind::Name(_)) && !values.is_empty() => {
                if let (ExprKind::Name(name), Some(arg)) = (&hir.expr(base).kind, args.first()) {
                    self.stored.push((Place::Name(*name), hir.expr(arg.value).span));
                    self.state.put(Place::Name(*name), values[0].clone());
                }
                Points::default()
            }
            "as_ptr" | "as_mut_ptr" => match local {
                // A pointer type's own `as_ptr`.
                Some(_) if receiver.iter().any(|p| !matches!(p, Pointee::Stack(_))) => receiver,
                Some(owner) if self.is_owner(owner) || self.is_owner_reference(owner) => {
                    Points::one(Pointee::Heap(owner))
                }
                // An array.
                Some(owner) if self.state.plain.contains(&owner) && !self.state.droppable.contains(&owner) => {
                    Points::one(Pointee::Stack(owner))
                }
                Some(_) => Points::default(),
                None if self.owns(base) => Points::one(Pointee::Temporary),
                // `v[2..4].as_ptr()`
                None if receiver.is_empty() => match self.hir.expr(base).kind {
                    ExprKind::Index(list, _) => match self.hir.expr(list).kind {
                        ExprKind::Local(owner) if self.is_owner(owner) => Points::one(Pointee::Heap(owner)),
                        _ => receiver,
                    },
                    _ => receiver,
                },
                None => receiver,
            },
            "as_str" | "as_bytes" | "as_slice" | "as_path" | "as_os_str" | "as_c_str" | "as_encoded_bytes"
                if local.is_none() && self.owns(base) =>
            {
                Points::one(Pointee::Temporary)
            }
            // Views of what an owner holds.
            "as_str" | "as_bytes" | "as_slice" | "as_mut_slice" | "as_path" | "as_os_str" | "as_c_str" | "deref"
            | "as_ref"
                if local.is_some_and(|l| self.is_owner(l)) && !self.is_pointer(&receiver) =>
            {
                local.map_or_else(Points::default, |l| Points::one(Pointee::Heap(l)))
            }
            // `pointer.unwrap_or(null_mut())`
            "unwrap_or" | "map_or" if values.first().is_some_and(|v| v.single() == Some(Pointee::Null)) => {
                Points::one(Pointee::NullOnOneWay(self.branches))
            }
            // Another element than the one that was dropped in place, and no address that is null.
            "add" | "sub" | "offset" | "wrapping_add" | "wrapping_sub" | "byte_add" | "wrapping_offset"
                if receiver.flaw().is_some_and(|(flaw, ..)| flaw == Flaw::Emptied)
                    || method.starts_with("wrapping")
                        && receiver.flaw().is_some_and(|(flaw, ..)| flaw == Flaw::Null) =>
            {
                Points::default()
            }
            "cast" | "cast_mut" | "cast_const" | "add" | "sub" | "offset" | "wrapping_add" | "wrapping_sub"
            | "byte_add" | "wrapping_offset" | "unwrap" | "expect" | "as_non_null_ptr" | "to_owned" | "clone" => {
                receiver
            }
            "read"
            | "write"
            | "read_volatile"
            | "write_volatile"
            | "read_unaligned"
            | "write_unaligned"
            | "as_mut_unchecked"
            | "as_ref_unchecked"
            | "replace"
            | "write_bytes"
            | "copy_from"
            | "copy_to"
            | "copy_from_nonoverlapping"
            | "copy_to_nonoverlapping"
            | "swap"
                if self.is_pointer(&receiver) =>
            {
                if matches!(
                    method.as_str(),
                    "read" | "read_volatile" | "read_unaligned" | "copy_to" | "copy_to_nonoverlapping"
                ) {
                    self.read(&receiver, span);
                } else {
                    self.used(&receiver, span);
                    self.written(&receiver);
                }
                values.iter().for_each(|v| self.written(v));
                Points::default()
            }
            "as_ref" | "as_mut" if self.is_pointer(&receiver) => {
                self.written(&receiver);
                // Of null these make `None`.
                if receiver.flaw().is_some_and(|(flaw, ..)| !matches!(flaw, Flaw::Null | Flaw::Unchecked)) {
                    self.used(&receiver, span);
                }
                Points::default()
            }
            "drop_in_place" if self.is_pointer(&receiver) => {
                self.used(&receiver, span);
                self.drop_in_place(base, &receiver, span);
                Points::default()
            }
            _ => {
                if !matches!(method.as_str(), "is_null" | "addr" | "is_aligned") {
                    self.written(&receiver);
                }
                values.iter().for_each(|v| self.written(v));
                if let Some(owner) = local {
                    let pushed = matches!(method.as_str(), "push" | "push_back" | "push_front" | "insert");
                    match values.last().filter(|p| pushed && !p.is_empty()) {
                        Some(points) => {
                            let place = Place::Field(owner, Ustr::from("[]"));
                            let old = self.state.at(place);
                            let points = if old.is_empty() { points.clone() } else { old.joined(points) };
                            self.state.put(place, points);
                        }
                        None if !matches!(
                            method.as_str(),
                            "len" | "iter" | "is_empty" | "capacity" | "first" | "last" | "get"
                        ) =>
                        {
                            self.state.forget_fields(owner);
                        }
                        None => {}
                    }
                    if grows(&method) {
                        self.grown(owner, span);
                    } else if method.starts_with("into_") || matches!(method.as_str(), "leak" | "join") {
                        self.state.forgotten(owner);
                    }
                }
                drop(values);
                Points::default()
            }
        }
    }

    /// Whether a value is known to be a pointer, for methods that other types have too.
    fn is_pointer(&self, points: &Points) -> bool {
        !points.is_empty()
    }

    /// Whether a variable is a reference to an owner: `v: &mut Vec<u8>`.
    fn is_owner_reference(&self, local: LocalId) -> bool {
        self.hir.local(local).ty.as_ref().is_some_and(is_owner_type)
    }

    fn function(&mut self, id: ExprId, path: Ustr, args: &[Arg]) -> Points {
        let hir = self.hir;
        let span = hir.expr(id).span;
        let short = path.as_str().rsplit("::").next().unwrap_or_default();
        let module = path.as_str().rsplit("::").nth(1).unwrap_or_default();
        // `drop(x)`, which must not count as a move away.
        if short == "drop" && (module.is_empty() || module == "mem") && args.len() == 1 {
            let value = args[0].value;
            let allocation = self.adopted(value);
            self.eval(value);
            let allocation = allocation.or_else(|| self.adopted(value));
            if let Some(allocation) = allocation {
                self.state.end(|p| *p == allocation, Flaw::Freed, Some(span));
            }
            if let ExprKind::Local(owner) = &hir.expr(value).kind {
                let owner = *owner;
                let owns = self.is_owner(owner) || self.state.droppable.contains(&owner);
                if owns {
                    self.owned_twice(|l| l == owner);
                    let test = |p: &Pointee| *p == Pointee::Heap(owner) || *p == Pointee::Stack(owner);
                    self.state.end_named(test, Flaw::Dropped, Some(span), hir);
                }
            }
            return Points::default();
        }
        if module == "ManuallyDrop" && matches!(short, "drop" | "take") && args.len() == 1 {
            return self.dropped_by_hand(args[0].value, span);
        }
        self.dropped_by_callee(&path, args, span);
        let values: Vec<Points> = args.iter().map(|a| self.value(a.value, None)).collect();
        self.moved_away(args, span);
        if matches!(short, "abort" | "exit" | "handle_alloc_error" | "unreachable_unchecked") {
            self.state.live = false;
            return Points::default();
        }
        let first = values.first().cloned().unwrap_or_default();
        // One count more: the pointer may be turned into an owner again.
        if matches!(short, "increment_strong_count" | "increment_strong_count_in")
            && let Some(place) = args.first().and_then(|a| self.pointer(a.value))
        {
            self.state.put(place, Points::default());
            return Points::default();
        }
        let role = match role(&path) {
            // `release(p)`, `free_node(p)`: only of memory that was allocated in sight.
            Role::Other if frees(short) && matches!(first.single(), Some(Pointee::Allocation(..))) => Role::Free,
            Role::Access(list) => Role::Access(list),
            Role::Other if self.freed_by_callee(&path, args, &values, span) => return Points::default(),
            other => {
                values.iter().for_each(|v| self.written(v));
                other
            }
        };
        match role {
            Role::Access(list) => {
                let volatile = short.ends_with("_volatile");
                let mut made = Points::default();
                for n in list {
                    if let Some(points) = values.get(*n) {
                        if volatile && points.flaw().is_some_and(|(flaw, ..)| flaw == Flaw::Address) {
                            continue;
                        }
                        // A slice of no elements may point anywhere.
                        let of_slice = short.starts_with("from_raw_parts")
                            && points.flaw().is_some_and(|(flaw, ..)| flaw == Flaw::Unallocated);
                        let written = short.starts_with("write") || short.starts_with("copy") && *n == 1;
                        let emptied = points.flaw().is_some_and(|(flaw, ..)| flaw == Flaw::Emptied);
                        let reads = matches!(short, "read" | "read_volatile" | "read_unaligned") && module == "ptr"
                            || short.starts_with("copy") && *n == 0;
                        if reads {
                            self.read(points, span);
                        } else if !(of_slice || written && emptied) {
                            self.used(points, span);
                        }
                        if !reads {
                            self.written(points);
                        }
                        if short.starts_with("from_raw_parts") {
                            made = points.clone();
                        }
                        // A value is there again.
                        if written
                            && emptied
                            && let Some(place) = args.get(*n).and_then(|a| self.pointer(a.value))
                        {
                            self.state.put(place, Points::default());
                        }
                    }
                }
                return made;
            }
            Role::Free => {
                if first.flaw().is_some_and(|(flaw, ..)| flaw == Flaw::Freed) {
                    self.used(&first, span);
                }
                if let Some(arg) = args.first() {
                    self.free(arg.value, &first, span);
                }
                if short != "realloc" {
                    return Points::default();
                }
            }
            Role::DropInPlace => {
                self.used(&first, span);
                // `drop_in_place(&mut text)`: its owner drops it again, unless it is told to forget it.
                if let Some(Pointee::Stack(owner)) = first.single()
                    && self.is_owner(owner)
                    && args.first().is_some_and(|a| self.is_reference_to_local(a.value))
                {
                    self.state.shared.insert(owner, span);
                }
                if let Some(arg) = args.first() {
                    self.drop_in_place(arg.value, &first, span);
                }
                return Points::default();
            }
            Role::Adopt => {
                // A pointer from elsewhere: from here on it is known who owns what it points to.
                if first.is_empty()
                    && matches!((module, short), ("Box" | "CString", "from_raw"))
                    && let Some(arg) = args.first()
                    && let ExprKind::Local(pointer) = &hir.expr(arg.value).kind
                {
                    self.state.set(*pointer, Points::one(Pointee::Allocation(span, false)));
                } else if first.flaw().is_some_and(|(flaw, ..)| flaw != Flaw::Unchecked && flaw != Flaw::Emptied) {
                    self.used(&first, span);
                } else if matches!((module, short), ("Box", "from_raw"))
                    && let Some(Pointee::Stack(local)) = first.single()
                    && args.first().is_some_and(|a| self.is_reference_to_local(a.value))
                {
                    // A variable of the stack is nothing that a box could free.
                    let name = hir.local(local).name;
                    self.used(&Points::one(Pointee::Gone(Flaw::Owned, None, Some(name))), span);
                } else if let Some(Pointee::Heap(owner)) = first.single()
                    && !self.state.adopted.contains(&owner)
                    && self.is_owner(owner)
                    && matches!(module, "Box" | "Vec" | "String" | "CString")
                {
                    // Its owner may still be told to forget it.
                    self.state.shared.insert(owner, span);
                } else if let Some(Pointee::Heap(owner)) = first.single()
                    && self.state.adopted.contains(&owner)
                    && self.is_owner(owner)
                {
                    let name = hir.local(owner).name;
                    self.used(&Points::one(Pointee::Gone(Flaw::Owned, None, Some(name))), span);
                }
                return Points::default();
            }
            Role::Other => {
                for (arg, points) in args.iter().zip(&values) {
                    if points.flaw().is_some_and(|(flaw, ..)| flaw.is_lifetime() || flaw == Flaw::Freed) {
                        self.handed_on.push(arg.value);
                    }
                }
                if !matches!(module, "ptr" | "mem" | "Box" | "Vec" | "String" | "CString" | "Some" | "Rc" | "Arc") {
                    self.state.forget_names();
                }
                let module_is_foreign =
                    matches!(module, "libc" | "ffi" | "sys" | "bindings" | "raw") || module.ends_with("_sys");
                let declared = module.is_empty() && self.outside.foreign.is_some_and(|f| f.contains(path.as_str()));
                for points in values.iter().filter(|_| module_is_foreign || declared) {
                    // A temporary's pointer is told of where it is made.
                    let temporary = |flaw: Flaw| declared && flaw == Flaw::Temporary;
                    if points
                        .flaw()
                        .is_some_and(|(flaw, ..)| (flaw.is_lifetime() || flaw == Flaw::Freed) && !temporary(flaw))
                    {
                        self.used(points, span);
                    }
                }
            }
        }
        match (module, short) {
            ("ptr" | "", "null" | "null_mut") if args.is_empty() => Points::one(Pointee::Null),
            ("ptr" | "NonNull", "dangling" | "dangling_mut") => Points::one(Pointee::Unallocated),
            ("ptr", "without_provenance" | "without_provenance_mut" | "invalid" | "invalid_mut") => {
                Points::one(Pointee::Address)
            }
            // The only count of it in sight.
            ("Rc" | "Arc", "as_ptr") if !self.arena.text().contains("clone(") => {
                match args.first().map(|a| &hir.expr(a.value).kind) {
                    Some(ExprKind::Ref { value, .. }) => match &hir.expr(*value).kind {
                        ExprKind::Local(owner) if self.is_owner(*owner) => Points::one(Pointee::Heap(*owner)),
                        _ => Points::default(),
                    },
                    _ => Points::default(),
                }
            }
            ("alloc" | "", "alloc" | "alloc_zeroed")
            | ("libc", "malloc" | "calloc" | "realloc")
            | ("alloc" | "", "realloc") => {
                if matches!(short, "alloc" | "malloc") {
                    self.state.fresh.insert(span);
                }
                Points::one(Pointee::Allocation(span, true))
            }
            ("Box" | "CString" | "Rc" | "Arc", "into_raw" | "leak") => Points::one(Pointee::Allocation(span, false)),
            ("NonNull", "new_unchecked") => {
                if first.flaw().is_some_and(|(flaw, ..)| flaw == Flaw::Null) {
                    self.used(&first, span);
                }
                first
            }
            ("ptr", "from_ref" | "from_mut" | "addr_of") | ("NonNull", "from") => first,
            // Whoever gets at what is in it asked.
            ("NonNull", "new") => first.not_null(),
            ("mem" | "intrinsics" | "", "transmute" | "transmute_copy") => first,
            ("", "Some" | "Ok") => first,
            _ => Points::default(),
        }
    }

    /// `ManuallyDrop::drop(&mut x)`: once is enough.
    fn dropped_by_hand(&mut self, value: ExprId, at: Span) -> Points {
        let place = match &self.hir.expr(value).kind {
            ExprKind::Ref { value, .. } => match &self.hir.expr(*value).kind {
                ExprKind::Local(local) => Some(Place::Field(*local, Ustr::from("drop()"))),
                _ => None,
            },
            _ => None,
        };
        let before = place.map(|p| self.state.at(p)).unwrap_or_default();
        self.eval(value);
        self.used(&before, at);
        if let Some(place) = place {
            self.state.put(place, Points::one(Pointee::Gone(Flaw::Emptied, Some(at), None)));
        }
        Points::default()
    }

    /// Values that are given to a function by value are gone from where they were.
    fn moved_away(&mut self, args: &[Arg], at: Span) {
        let hir = self.hir;
        for arg in args {
            if let ExprKind::Local(local) = &hir.expr(arg.value).kind
                && self.state.moves.contains(local)
            {
                let local = *local;
                self.state.end_named(|p| *p == Pointee::Stack(local), Flaw::Moved, Some(at), hir);
            }
        }
    }

    /// A function of the file that keeps nothing of what it is given by value.
    fn dropped_by_callee(&mut self, path: &str, args: &[Arg], at: Span) {
        let Some(n) = self.outside.drops.and_then(|d| d.get(path)).copied() else { return };
        let Some(ExprKind::Local(owner)) = args.get(n).map(|a| &self.hir.expr(a.value).kind) else { return };
        let owner = *owner;
        if self.is_owner(owner) {
            let hir = self.hir;
            self.state.end_named(|p| *p == Pointee::Heap(owner), Flaw::Dropped, Some(at), hir);
        }
    }

    /// A function of the file that frees what one of its parameters points to.
    fn freed_by_callee(&mut self, path: &str, args: &[Arg], values: &[Points], at: Span) -> bool {
        let name = path.rsplit("::").next().unwrap_or_default();
        let Some(n) = self.outside.frees.and_then(|f| f.get(name)).copied() else { return false };
        let (Some(arg), Some(points)) = (args.get(n), values.get(n)) else { return false };
        if points.flaw().is_some_and(|(flaw, ..)| flaw == Flaw::Freed || flaw.is_lifetime()) {
            self.used(points, at);
        }
        self.free(arg.value, points, at);
        true
    }

    fn is_reference_to_local(&self, mut id: ExprId) -> bool {
        loop {
            match &self.hir.expr(id).kind {
                ExprKind::Cast(inner, _) => id = *inner,
                ExprKind::Ref { value, .. } => return matches!(self.hir.expr(*value).kind, ExprKind::Local(_)),
                _ => return false,
            }
        }
    }

    /// The memory behind a pointer is given back.
    fn free(&mut self, pointer: ExprId, points: &Points, at: Span) {
        for pointee in points.iter().filter(|p| matches!(p, Pointee::Allocation(..))) {
            self.state.end(|p| p == pointee, Flaw::Freed, Some(at));
        }
        if let Some(place) = self.pointer(pointer)
            && !matches!(points.single(), Some(Pointee::Null))
        {
            self.state.put(place, Points::one(Pointee::Gone(Flaw::Freed, Some(at), None)));
        }
    }

    /// The value behind a pointer is dropped; its memory stays and may be freed or written.
    fn drop_in_place(&mut self, pointer: ExprId, points: &Points, at: Span) {
        for pointee in points.iter().filter(|p| matches!(p, Pointee::Allocation(..))) {
            self.state.end(|p| p == pointee, Flaw::Emptied, Some(at));
        }
        if let Some(place) = self.pointer(pointer)
            && !matches!(points.single(), Some(Pointee::Null))
        {
            self.state.put(place, Points::one(Pointee::Gone(Flaw::Emptied, Some(at), None)));
        }
    }
}

/// Whether a function's name says that it gives memory back.
fn frees(name: &str) -> bool {
    matches!(name, "free" | "release" | "destroy" | "deallocate" | "dealloc")
        || ["free_", "destroy_", "dealloc_", "release_"].iter().any(|p| name.starts_with(p))
}
