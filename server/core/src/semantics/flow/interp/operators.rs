//! Operators and literals: what comes of putting values together.

use super::*;

impl<'a> Interp<'a> {
    /// A chain of operators, from the left, without recursion on its left spine.
    pub(in crate::semantics::flow) fn binary(&mut self, id: ExprId) -> Val {
        let hir = self.hir;
        let mut spine = Vec::new();
        let mut at = id;
        while let ExprKind::Binary(op, left, right) = &hir.expr(at).kind {
            spine.push((*op, *right, hir.expr(at).span, hir.expr(*left).span.end));
            at = *left;
        }
        let mut value = self.eval(at);
        while let Some((op, right, mut span, left_end)) = spine.pop() {
            let other = self.eval(right);
            value = match op {
                BinaryOp::Add => {
                    // All parts of a text at once: what stands between two of them matters.
                    let mut parts = vec![value, other];
                    while let Some((BinaryOp::Add, right, whole, _)) = spine.last().copied()
                        && !parts.iter().all(|p| p.types == Types::NUMBER)
                    {
                        spine.pop();
                        parts.push(self.eval(right));
                        span = whole;
                    }
                    self.sum(&parts, span)
                }
                BinaryOp::Arithmetic => match (value.as_lit(), other.as_lit()) {
                    (Some(Lit::Num(_)), Some(Lit::Num(_))) => of_type(Types::NUMBER),
                    _ => {
                        // Arithmetic on what somebody controls is still a number that they control: it matters to sizes alone.
                        let parts = [value, other];
                        let mut made = Value::clone(&self.made_of(&parts));
                        made.types = Types::NUMBER;
                        // `n % 64`, `n & 0xff`: smaller than a constant.
                        let between = Span { start: left_end, end: hir.expr(right).span.start };
                        let operator = self.arena.slice(between).trim_matches([' ', '(', ')', '\n', '\t']);
                        let bounds = operator == "%" && !parts[1].has_taint()
                            || operator == "&" && parts.iter().any(|p| !p.has_taint());
                        if bounds {
                            made = made.cleaned(SinkKind::Allocation.set() | SinkKind::Timer.set());
                        }
                        Arc::new(made)
                    }
                },
                BinaryOp::Eq | BinaryOp::Ne | BinaryOp::Order | BinaryOp::In | BinaryOp::InstanceOf => {
                    of_type(Types::BOOL)
                }
            };
        }
        value
    }

    pub(in crate::semantics::flow) fn logical(&mut self, op: LogicalOp, left: ExprId, right: ExprId) -> Val {
        let facts = self.condition(left);
        let value = facts.value.clone();
        let before = self.state.clone();
        self.refine(if op == LogicalOp::And { &facts.when_true } else { &facts.when_false });
        let other = self.eval(right);
        self.join_state(&before);
        match op {
            // What is false is no text that matters.
            LogicalOp::And => match value.as_bool() {
                Some(false) => value,
                _ => other,
            },
            LogicalOp::Or | LogicalOp::Nullish => match value.as_bool() {
                Some(true) => value,
                Some(false) => other,
                None => join(&value, &other),
            },
        }
    }

    /// `a + b`: numbers add, anything else becomes text.
    pub(in crate::semantics::flow) fn sum(&mut self, parts: &[Val], span: Span) -> Val {
        if parts.iter().all(|p| p.types == Types::NUMBER) {
            let mut made = Value::clone(&self.made_of(parts));
            made.types = Types::NUMBER;
            return Arc::new(made);
        }
        let mut joined = Value::clone(&self.concat(parts, span));
        if !parts.iter().any(|p| p.types == Types::STRING) {
            joined.types = Types::UNKNOWN;
        }
        Arc::new(joined)
    }

    /// Text put together from parts.
    pub(in crate::semantics::flow) fn concat(&mut self, parts: &[Val], span: Span) -> Val {
        if !self.world.casts_convert() && parts.iter().any(|p| p.class.is_some_and(|c| !c.is_static)) {
            let texts: Vec<Val> = parts.iter().map(|p| self.as_text(p, span)).collect();
            return self.joined(&texts, span);
        }
        self.joined(parts, span)
    }

    /// What an object of the program's own class becomes as text: what its `toString` gives.
    fn as_text(&mut self, value: &Val, span: Span) -> Val {
        let Some(class) = value.class.filter(|c| !c.is_static) else { return value.clone() };
        let method = self.world.class_member(&class, Ustr::from("toString"));
        let funcs = method.map(|m| m.funcs.clone()).unwrap_or_default();
        let given = funcs.iter().map(|f| self.invoke(f, &[], Some(value), span)).reduce(|a, b| join(&a, &b));
        given.unwrap_or_else(|| value.clone())
    }

    fn joined(&mut self, parts: &[Val], span: Span) -> Val {
        let texts: Option<Vec<Ustr>> = parts.iter().map(|p| if p.exact { p.text_prefix() } else { None }).collect();
        if let Some(texts) = texts
            && texts.iter().map(|t| t.len()).sum::<usize>() <= MAX_CONSTANT
        {
            return constant(Lit::Str(Ustr::from(&texts.iter().map(|t| t.as_str()).collect::<String>())));
        }
        let mut out = Value { types: Types::STRING, ..Value::default() };
        let mut prefix = String::new();
        let mut open = true;
        // The text so far, with one letter for every part that is no constant: where the host of an address is past, what
        // follows cannot change it.
        let mut shape = String::new();
        let at = self.at(span);
        // The host is the caller's choice, or that of whoever runs the program.
        let is_near = |t: &Taint| match &t.origin {
            Origin::Param(..) => true,
            Origin::Source(source) => matches!(source.kind, SourceKind::Environment | SourceKind::Argument),
        };
        for part in parts {
            // A query ends the host before it, and so does a request's address as it was sent, which begins with a slash.
            let ends = part.prefix.is_some_and(|p| p.starts_with(['?', '#']))
                || (shape.split_once("://").is_some_and(|(_, host)| !host.is_empty())
                    || shape.starts_with(crate::semantics::flow::sink::UNKNOWN_TEXT) && out.taints.iter().all(is_near))
                    && !part.taints.is_empty()
                    && part.taints.iter().all(|t| t.trace.is_none() && t.cleaned.has(SinkKind::Encoded));
            // The first word is the program's own.
            let known = |c: char| c != crate::semantics::flow::sink::UNKNOWN_TEXT;
            let behind = shape.starts_with(known) || shape.contains(char::is_whitespace);
            let quoted = shape.ends_with(['"', '\'']);
            // `${this.apiUrl}${path}`: what the program calls an address has its host.
            let own = || {
                shape.starts_with(crate::semantics::flow::sink::UNKNOWN_TEXT)
                    && out.taints.is_empty()
                    && crate::semantics::flow::strangers::begins_with_own(self.arena.slice(span))
            };
            let past_host = ends || crate::semantics::flow::sink::is_past_host(&shape) || own();
            // `http://host/pay?card_number={card}`: the key says what the value is.
            if !part.exact
                && part.types != Types::BOOL
                && let Some(key) = crate::semantics::flow::sink::plain_query_key(&shape)
                && let Some(kind) = lexicon::sensitive_key(key)
                && !part.taints.iter().any(crate::semantics::flow::place::is_sensitive)
            {
                let what = Ustr::from(&format!("the query's `{key}`"));
                let origin = Origin::Source(Arc::new(Source { kind, at: self.at(span), what }));
                out.add_taint(Taint { origin, cleaned: SinkKinds::NONE, trace: None });
            }
            match part.text_prefix().filter(|_| part.exact) {
                Some(text) if shape.len() <= MAX_CONSTANT => shape.push_str(&text),
                // The page's own address, without what somebody may have put behind it.
                _ if part
                    .apis
                    .iter()
                    .any(|p| matches!(p.as_str(), "location.pathname" | "location.origin" | "location.href")) =>
                {
                    shape.push_str("https://page/");
                }
                _ => {
                    shape.push_str(part.prefix.as_ref().map_or("", |p| p.as_str()));
                    shape.push(crate::semantics::flow::sink::UNKNOWN_TEXT);
                }
            }
            if open {
                if let Some(text) = part.text_prefix() {
                    prefix.push_str(&text);
                }
                open = part.exact && prefix.len() <= MAX_CONSTANT;
            }
            // A number holds no text, but one that can be guessed makes a text that can be guessed.
            let harmless = part.types.is_harmless();
            for taint in part.taints.iter().filter(|t| harmless && is_weak_random(t)) {
                out.add_taint(taint.clone());
            }
            if !harmless {
                for taint in &part.taints {
                    let mut taint = taint.clone();
                    taint.trace = Some(step(taint.trace.as_ref(), &at, StepKind::Concatenated));
                    // Inside of quotes a folder's name is one word.
                    let is_place = |o: &Origin| matches!(o, Origin::Source(s) if s.kind == SourceKind::Environment);
                    if quoted && is_place(&taint.origin) {
                        taint.cleaned = taint.cleaned | SinkKind::ShellText.set();
                    }
                    if behind {
                        taint.cleaned = taint.cleaned | SinkKind::Behind.set();
                    }
                    if past_host {
                        taint.cleaned = taint.cleaned | crate::semantics::flow::sink::ADDRESS;
                    }
                    out.add_taint(taint);
                }
                // Text of a small array: `['a', x].join(..)` is handled by models; `${array}` joins its elements.
                if let Some(element) = part.field(*ELEMENT).filter(|e| !e.types.is_harmless()) {
                    element.taints.iter().for_each(|t| out.add_taint(t.clone()));
                }
            }
        }
        // Text whose only open part is the number of the process can be guessed.
        let is_id = |p: &Val| p.apis.iter().any(|a| a == "std::process::id()");
        if self.world.casts_convert() && parts.iter().any(is_id) && parts.iter().all(|p| p.exact || is_id(p)) {
            out.apis.push(Ustr::from("std::process::id()"));
        }
        out.prefix = (!prefix.is_empty()).then(|| Ustr::from(&prefix));
        Arc::new(out)
    }

    pub(in crate::semantics::flow) fn object(&mut self, path: Option<Ustr>, members: &[Member]) -> Val {
        let mut value = Value { types: Types::OBJECT, ..Value::default() };
        if let Some(path) = path {
            value.apis.extend(self.world.type_path(path));
            value.class = self.world.class(path);
        }
        for member in members {
            match member {
                Member::Field(Key::Name(name), expr) => {
                    let v = self.eval(*expr);
                    let v = self.named_source(*name, v, self.hir.expr(*expr).span);
                    value.set_field(*name, v);
                }
                Member::Field(Key::Computed(key), expr) => {
                    let key = self.eval(*key);
                    let v = self.eval(*expr);
                    match key.as_str() {
                        Some(name) => value.set_field(name, v),
                        None => {
                            let element = value.field(*ELEMENT).map_or_else(|| v.clone(), |e| join(e, &v));
                            value.set_field(*ELEMENT, element);
                            if !self.world.casts_convert() && !key.types.is_harmless() {
                                value.set_field(*KEYED, constant(Lit::Bool(true)));
                            }
                        }
                    }
                }
                Member::Element(Some(expr)) => {
                    let v = self.eval(*expr);
                    value.set_field(*ELEMENT, v);
                }
                Member::Element(None) => {}
                Member::Spread(expr) => {
                    let spread = self.eval(*expr);
                    // What stands in a page's address has names of the page's own, none of which is an address.
                    let from_page =
                        |t: &Taint| matches!(&t.origin, Origin::Source(s) if s.kind == SourceKind::Location);
                    let spread = match !spread.taints.is_empty() && spread.taints.iter().all(from_page) {
                        true => Arc::new(spread.cleaned(super::super::sink::ADDRESS)),
                        false => spread,
                    };
                    if !spread.taints.is_empty() {
                        // What was written before may be overwritten.
                        let theirs = Arc::new(Value { taints: spread.taints.clone(), ..Value::default() });
                        let before: Vec<_> = value.fields().map(|(n, v)| (*n, join(v, &theirs))).collect();
                        before.into_iter().for_each(|(n, v)| value.set_field(n, v));
                    }
                    // What is written into a copy is not written into what was copied.
                    for taint in &spread.taints {
                        let cleaned = taint.cleaned | SinkKind::PrototypeBase.set();
                        value.add_taint(Taint { cleaned, ..taint.clone() });
                    }
                    for (name, v) in spread.fields() {
                        value.set_field(*name, v.clone());
                    }
                }
            }
        }
        let value = Arc::new(value);
        self.out.object(self.hir, members, &value, self.arena, self.world);
        value
    }

    pub(in crate::semantics::flow) fn array(&mut self, members: &[Member]) -> Val {
        let mut value = Value { types: Types::OBJECT, ..Value::default() };
        let mut element: Option<Val> = None;
        for (i, member) in members.iter().enumerate() {
            let item = match member {
                Member::Element(Some(expr)) => {
                    let item = self.eval(*expr);
                    match self.pair_key(members, i, &value) {
                        Some(key) => self.named_source(key, item, self.hir.expr(*expr).span),
                        None => item,
                    }
                }
                Member::Spread(expr) => {
                    let spread = self.eval(*expr);
                    self.element(&spread)
                }
                Member::Field(_, expr) => self.eval(*expr),
                Member::Element(None) => continue,
            };
            if i < 8 && !matches!(member, Member::Spread(_)) {
                value.set_field(position(i), item.clone());
            }
            element = Some(element.map_or_else(|| item.clone(), |e| join(&e, &item)));
        }
        if let Some(element) = element {
            value.set_field(*ELEMENT, element);
        }
        let value = Arc::new(value);
        if self.world.casts_convert() && value.has_taint() {
            self.answered_parts(members, &value);
        }
        value
    }

    /// The key of a pair whose second part is at hand (Rust): `"password"` of `("password", text)`.
    fn pair_key(&self, members: &[Member], i: usize, before: &Value) -> Option<Ustr> {
        let [Member::Element(Some(first)), Member::Element(Some(_))] = members else { return None };
        if i != 1 || !self.world.casts_convert() {
            return None;
        }
        let start = self.hir.expr(*first).span.start as usize;
        let opens = self.arena.text().get(..start).is_some_and(|t| t.trim_end().ends_with('('));
        before.field(position(0)).filter(|_| opens)?.as_str()
    }

    pub(in crate::semantics::flow) fn jsx(
        &mut self,
        tag: &Result<Ustr, ExprId>,
        attributes: &[Member],
        children: &[ExprId],
    ) -> Val {
        let mut component = None;
        let name = match tag {
            Ok(name) => Some(*name),
            Err(tag) => {
                component = Some((self.eval(*tag), self.hir.expr(*tag).span));
                None
            }
        };
        let props = self.object(None, attributes);
        // A component of the program is called with what it is given.
        if let Some((component, span)) = component {
            for func in component.funcs.clone() {
                self.invoke(&func, std::slice::from_ref(&props), None, span);
            }
        }
        self.jsx_sinks(name, attributes, &props);
        for child in children {
            let child = self.eval(*child);
            for func in child.funcs.clone() {
                self.hand_over(&func, &[]);
            }
        }
        for (attribute, value) in props.fields() {
            // Event handlers run later with an event that the page made.
            for func in value.funcs.clone() {
                let event = if attribute.starts_with("on") { api(Ustr::from("Event")) } else { unknown() };
                self.hand_over(&func, &[event]);
            }
        }
        api(Ustr::from("React.Element"))
    }
}
