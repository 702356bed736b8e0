//! Macro invocations that lowering knows by the last segment of their path.
//!
//! A token tree holds tokens only. Simple arguments (literals, paths, fields, calls without arguments) are read straight
//! from them; for anything else the tree's text is parsed again, wrapped so that it is a call's argument list, and its
//! spans are shifted back. What does not parse falls back to the names that occur in it.

use sidenote_grammars::{Field, Kind};

use super::Lower;
use super::items::is_item;
use super::reparse::{Piece, is_token, split, tokens};
use crate::semantics::hir::*;
use crate::syntax::{Node, Span};

/// Longest token tree of an unknown macro that is read as arguments, in bytes.
const MAX_UNKNOWN: u32 = 600;
/// Names kept of a macro that lowering does not know.
const MAX_NAMES: usize = 128;

/// An argument of a macro.
pub(super) struct MacroArg {
    /// `name = value`.
    pub(super) name: Option<Ustr>,
    pub(super) value: Value,
}

/// A value that may turn out to be a format string.
pub(super) enum Value {
    Expr(ExprId),
    /// A string literal as written.
    Str {
        text: String,
        span: Span,
    },
}

/// How a macro reads its tokens.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    /// That many expressions, then a format string and its arguments.
    Format(usize),
    /// Fields and a message.
    Log,
    /// Expressions.
    Exprs,
    /// Futures that run together.
    Join,
    /// Strings to be joined.
    Concat,
    Vec,
    Matches,
    AddrOf(bool),
    Json,
    Select,
    /// Markup with expressions in parentheses.
    Markup,
    Unknown,
}

fn form(name: &str) -> Form {
    match name {
        "format" | "print" | "println" | "eprint" | "eprintln" | "format_args" | "panic" | "todo" | "unimplemented"
        | "unreachable" | "anyhow" | "bail" | "eyre" => Form::Format(0),
        "write" | "writeln" | "assert" | "debug_assert" | "ensure" => Form::Format(1),
        "assert_eq" | "assert_ne" | "debug_assert_eq" | "debug_assert_ne" => Form::Format(2),
        "error" | "warn" | "info" | "debug" | "trace" | "log" | "event" | "span" | "error_span" | "warn_span"
        | "info_span" | "debug_span" | "trace_span" => Form::Log,
        "dbg"
        | "include_str"
        | "include_bytes"
        | "include"
        | "env"
        | "option_env"
        | "query"
        | "query_as"
        | "query_scalar"
        | "query_unchecked"
        | "query_as_unchecked"
        | "query_scalar_unchecked"
        | "query_file"
        | "query_file_as"
        | "pin"
        | "ready"
        | "try" => Form::Exprs,
        "join" | "try_join" => Form::Join,
        "concat" => Form::Concat,
        "vec" => Form::Vec,
        "matches" => Form::Matches,
        "addr_of" => Form::AddrOf(false),
        "addr_of_mut" => Form::AddrOf(true),
        "json" | "doc" | "bson" | "rawdoc" => Form::Json,
        "select" => Form::Select,
        "html" => Form::Markup,
        _ => Form::Unknown,
    }
}

fn last_segment(path: &str) -> &str {
    path.rsplit("::").next().unwrap_or(path)
}

impl Lower<'_> {
    pub(super) fn macro_call(&mut self, n: Node<'_>) -> ExprId {
        let Some(tree) = n.child_of_kind(Kind::TokenTree) else { return self.opaque(Vec::new(), n) };
        let path_node = n.child(Field::Macro).unwrap_or(n);
        let path = self.path(path_node);
        let args = self.deeper(n, |cx| cx.macro_args(last_segment(&path), n, tree));
        let args = match args.unwrap_or(Ok(Vec::new())) {
            Ok(args) => args,
            Err(kind) => return self.add(kind, n),
        };
        let name = self.span(path_node);
        self.add(ExprKind::Macro { path, args, name }, n)
    }

    /// The macro's arguments, or what it stands for.
    fn macro_args(&mut self, name: &str, n: Node<'_>, tree: Node<'_>) -> Result<Vec<ExprId>, ExprKind> {
        let list = tokens(tree);
        let unknown = |cx: &mut Self| Ok(vec![cx.names(&list, tree)]);
        match form(name) {
            Form::Unknown => {
                let all = self.names(&list, tree);
                let mut args = Vec::new();
                let span = tree.span();
                if span.end - span.start < MAX_UNKNOWN
                    && !is_braced(tree)
                    && let Some(parsed) = self.args(tree, &list, &[], false)
                {
                    args.extend(parsed.into_iter().map(|a| self.arg_expr(a.value)));
                }
                args.push(all);
                return Ok(args);
            }
            // `doc! { .. }` is the object itself.
            Form::Json if matches!(name, "doc" | "rawdoc") => return Ok(vec![self.json(&[tree], tree)]),
            Form::Json => return Ok(vec![self.json(&list, tree)]),
            Form::Select => return Ok(self.select(&list, tree)),
            Form::Markup => {
                let mut parts = vec![self.names(&list, tree)];
                self.deeper(n, |cx| cx.splices(&list, &mut parts));
                return Ok(vec![self.opaque(parts, tree)]);
            }
            Form::Matches => {
                if let Some(kind) = self.matches(tree, &list) {
                    return Err(kind);
                }
                return unknown(self);
            }
            Form::Vec if list.iter().any(|t| is_token(*t, ";")) => {
                if let Some(kind) = self.repeat(tree, &list) {
                    return Err(kind);
                }
                return unknown(self);
            }
            Form::Log => {
                let (masks, special) = log_masks(&list);
                let Some(args) = self.args(tree, &list, &masks, true) else { return unknown(self) };
                return Ok(self.log(name, args, special));
            }
            _ => {}
        }
        let named = matches!(form(name), Form::Format(_));
        let Some(mut args) = self.args(tree, &list, &[], named) else { return unknown(self) };
        let values = |cx: &mut Self, args: Vec<MacroArg>| -> Vec<ExprId> {
            args.into_iter().map(|a| cx.arg_expr(a.value)).collect()
        };
        Ok(match form(name) {
            Form::Format(before) => {
                let rest = args.split_off(before.min(args.len()));
                let mut out = values(self, args);
                out.extend(self.format(rest));
                out
            }
            Form::Join => values(self, args)
                .into_iter()
                .map(|v| {
                    let span = self.hir.expr(v).span;
                    self.hir.add(ExprKind::Await(v), span)
                })
                .collect(),
            Form::Concat => return Err(ExprKind::Template(values(self, args))),
            Form::Vec => {
                let values = values(self, args);
                return Err(ExprKind::Array(values.into_iter().map(|v| Member::Element(Some(v))).collect()));
            }
            Form::AddrOf(mutable) => {
                let value = values(self, args).pop();
                let value = value.unwrap_or_else(|| self.opaque(Vec::new(), n));
                return Err(ExprKind::Ref { value, mutable, raw: true });
            }
            _ => values(self, args),
        })
    }

    /// A format string with its arguments; other values (`anyhow!(error)`) stay as they are.
    fn format(&mut self, args: Vec<MacroArg>) -> Vec<ExprId> {
        let mut args = args.into_iter();
        let Some(first) = args.next() else { return Vec::new() };
        match first.value {
            Value::Str { text, span } => vec![self.template(&text, span, args.collect())],
            value => {
                let mut all = vec![self.arg_expr(value)];
                all.extend(args.map(|a| self.arg_expr(a.value)));
                // `concat!(..)` or a macro's own format string.
                let computed = matches!(self.hir.expr(all[0]).kind, ExprKind::Template(_) | ExprKind::Macro { .. });
                if computed {
                    let span = all.iter().fold(self.hir.expr(all[0]).span, |s, a| s.to(self.hir.expr(*a).span));
                    return vec![self.hir.add(ExprKind::Template(all), span)];
                }
                all
            }
        }
    }

    /// Level, target and parent; then an object of the fields, if there are any; then the message.
    fn log(&mut self, name: &str, args: Vec<MacroArg>, special: usize) -> Vec<ExprId> {
        let mut out = Vec::new();
        let mut fields = Vec::new();
        let mut around: Option<Span> = None;
        let levels = usize::from(matches!(name, "log" | "event" | "span"));
        let is_span = name.ends_with("span");
        let mut named_span = false;
        let mut args = args.into_iter().enumerate();
        let mut message = None;
        while let Some((i, arg)) = args.next() {
            let lead = i < special + levels;
            let name = match (&arg.value, arg.name) {
                (_, Some(name)) => Some(name),
                (Value::Str { .. }, None) if !lead && is_span && !named_span => {
                    named_span = true;
                    None
                }
                (Value::Str { text, span }, None) if !lead => {
                    let rest = args.by_ref().map(|(_, a)| a).collect();
                    message = Some(self.template(text, *span, rest));
                    break;
                }
                (Value::Expr(e), None) if !lead => self.field_name(*e),
                _ => None,
            };
            let mut value = self.arg_expr(arg.value);
            // `?value` shows it as `{:?}` does.
            let at = self.hir.expr(value).span;
            let before = self.block.arena().text().get(..at.start as usize).unwrap_or_default().trim_end();
            if before.ends_with('?') {
                let ty = Type::Path(Ustr::from("std::fmt::Debug"), Vec::new());
                value = self.hir.add(ExprKind::Cast(value, ty), at);
            }
            let Some(name) = name else {
                out.push(value);
                continue;
            };
            let span = self.hir.expr(value).span;
            around = Some(around.map_or(span, |s| s.to(span)));
            fields.push(Member::Field(Key::Name(name), value));
        }
        if let Some(span) = around {
            out.push(self.hir.add(ExprKind::Object(None, fields), span));
        }
        out.extend(message);
        out
    }

    /// The name of a field given in short: `user.id` is `id`.
    fn field_name(&self, e: ExprId) -> Option<Ustr> {
        match &self.hir.expr(e).kind {
            ExprKind::Local(l) => Some(self.hir.local(*l).name),
            ExprKind::Name(name) => Some(*name),
            ExprKind::Field(_, name) => Some(*name),
            ExprKind::Ref { value, .. } => self.field_name(*value),
            _ => None,
        }
    }

    /// `[value; len]`.
    fn repeat(&mut self, tree: Node<'_>, list: &[Node<'_>]) -> Option<ExprKind> {
        let semicolon = list.iter().position(|t| is_token(*t, ";"))?;
        let (value, len) = (&list[..semicolon], &list[semicolon + 1..]);
        if let (Some(value), Some(len)) = (Piece::of(value), Piece::of(len)) {
            let value = self.piece(value);
            return Some(ExprKind::Repeat(value, self.piece(len)));
        }
        self.reparse(("[", "];"), tree, &[], |cx, root| {
            let array = root.first_named()?.first_named()?;
            let id = cx.expr(array);
            Some(cx.hir.expr(id).kind.clone())
        })
    }

    /// `matches!(value, pattern if guard)`: the comma becomes a `{` of `match value { pattern => 0 }`.
    fn matches(&mut self, tree: Node<'_>, list: &[Node<'_>]) -> Option<ExprKind> {
        let comma = list.iter().find(|t| is_token(**t, ","))?;
        let mut masks = vec![(comma.span(), b'{')];
        if let Some(last) = list.last().filter(|t| is_token(**t, ",") && *t != comma) {
            masks.push((last.span(), b' '));
        }
        self.reparse(("match ", "=>0};"), tree, &masks, |cx, root| {
            let found = root.first_named()?.first_named()?;
            let arm = found.child(Field::Body)?.first_named()?.child(Field::Pattern)?;
            let value = cx.expr(found.child(Field::Value)?);
            let scope = cx.scopes.enter();
            let (pat, guard) = cx.match_pattern(arm);
            cx.scopes.leave(scope);
            let cond = ExprKind::LetCondition(pat, value);
            Some(match guard {
                Some(guard) => {
                    let cond = cx.add(cond, found);
                    ExprKind::Logical(LogicalOp::And, cond, guard)
                }
                None => cond,
            })
        })
    }

    fn json(&mut self, list: &[Node<'_>], whole: Node<'_>) -> ExprId {
        let made = self.deeper(whole, |cx| cx.json_at(list, whole));
        made.unwrap_or_else(|| self.opaque(Vec::new(), whole))
    }

    fn json_at(&mut self, list: &[Node<'_>], whole: Node<'_>) -> ExprId {
        match list {
            [only] if only.kind() == Kind::TokenTree && !only.text().starts_with('(') => {
                let inner = tokens(*only);
                let mut members = Vec::new();
                for entry in split(&inner, ",") {
                    if only.text().starts_with('[') {
                        members.push(Member::Element(Some(self.json(entry, *only))));
                    } else if let Some(colon) = entry.iter().position(|t| is_token(*t, ":")) {
                        let key = match &entry[..colon] {
                            [key] => match self.literal(*key) {
                                Some(Lit::Str(s)) => Key::Name(s),
                                _ => Key::Computed(self.tokens_expr(&entry[..colon], *only)),
                            },
                            key => Key::Computed(self.tokens_expr(key, *only)),
                        };
                        members.push(Member::Field(key, self.json(&entry[colon + 1..], *only)));
                    }
                }
                let kind = if only.text().starts_with('[') {
                    ExprKind::Array(members)
                } else {
                    ExprKind::Object(None, members)
                };
                self.add(kind, *only)
            }
            [only] if only.text() == "null" => self.add(ExprKind::Lit(Lit::Null), *only),
            list => self.tokens_expr(list, whole),
        }
    }

    /// `select!`: every arm is an `if let pattern = future.await { handler }`.
    fn select(&mut self, list: &[Node<'_>], tree: Node<'_>) -> Vec<ExprId> {
        let mut out = Vec::new();
        let mut rest = list;
        if let [first, second, ..] = rest
            && first.text() == "biased"
            && is_token(*second, ";")
        {
            rest = &rest[2..];
        }
        while let Some(arrow) = rest.iter().position(|t| is_token(*t, "=>")) {
            let braced = rest.get(arrow + 1).is_some_and(|t| t.kind() == Kind::TokenTree && t.text().starts_with('{'));
            let end = if braced {
                arrow + 2
            } else {
                rest[arrow..].iter().position(|t| is_token(*t, ",")).map_or(rest.len(), |i| arrow + i)
            };
            let arm = &rest[..end];
            let id = self.select_arm(arm, arrow).unwrap_or_else(|| self.names(arm, tree));
            out.push(id);
            rest = &rest[end..];
            if rest.first().is_some_and(|t| is_token(*t, ",")) {
                rest = &rest[1..];
            }
        }
        out
    }

    /// The expressions in parentheses of some markup: `p { (name) }`.
    fn splices(&mut self, list: &[Node<'_>], out: &mut Vec<ExprId>) {
        for part in list.iter().filter(|t| t.kind() == Kind::TokenTree) {
            if out.len() >= MAX_NAMES {
                break;
            }
            let inner = tokens(*part);
            if part.text().starts_with('(') {
                out.push(self.tokens_expr(&inner, *part));
            } else {
                self.deeper(*part, |cx| cx.splices(&inner, out));
            }
        }
    }

    fn select_arm(&mut self, arm: &[Node<'_>], arrow: usize) -> Option<ExprId> {
        let (first, last) = (arm.first()?, arm.last()?);
        let whole = first.span().to(last.span());
        let arrow_span = arm[arrow].span();
        let mut masks = vec![(arrow_span, b' '), (Span { start: arrow_span.end - 1, end: arrow_span.end }, b'{')];
        if first.text() == "else" {
            masks.push((first.span(), b' '));
            return self
                .reparse_span(("{", "}};"), *first, whole, &masks, |cx, root| Some(cx.expr(root.first_named()?)));
        }
        if let Some(comma) = arm[..arrow].windows(2).find(|w| is_token(w[0], ",") && w[1].text() == "if") {
            masks.push((comma[0].span(), b' '));
            masks.push((comma[1].span(), b'&'));
        }
        self.reparse_span(("if let ", "};"), *first, whole, &masks, |cx, root| {
            let id = cx.expr(root.first_named()?);
            if let ExprKind::If { cond, .. } = cx.hir.expr(id).kind
                && let cond = match cx.hir.expr(cond).kind {
                    ExprKind::Logical(_, cond, _) => cond,
                    _ => cond,
                }
                && let ExprKind::LetCondition(pat, value) = cx.hir.expr(cond).kind
            {
                let span = cx.hir.expr(value).span;
                let value = cx.hir.add(ExprKind::Await(value), span);
                cx.hir.exprs[cond.0 as usize].kind = ExprKind::LetCondition(pat, value);
            }
            Some(id)
        })
    }

    /// The names that occur in some tokens of a tree, as reads.
    pub(super) fn names(&mut self, list: &[Node<'_>], tree: Node<'_>) -> ExprId {
        let all: Vec<_> = list.iter().flat_map(|t| t.descendants()).collect();
        let mut seen = rustc_hash::FxHashSet::default();
        let mut out = Vec::new();
        let mut i = 0;
        while i < all.len() && out.len() < MAX_NAMES {
            let first = all[i];
            let after_dot = i > 0 && is_token(all[i - 1], ".");
            i += 1;
            if !matches!(first.kind(), Kind::Identifier | Kind::SelfValue) || after_dot {
                continue;
            }
            let mut last = first;
            while i + 1 < all.len() && is_token(all[i], "::") && all[i + 1].kind() == Kind::Identifier {
                last = all[i + 1];
                i += 2;
            }
            // A nested macro's name is no value; neither is a key.
            let next = all.get(i);
            let key = next.is_some_and(|t| is_token(*t, "!") || is_token(*t, ":"));
            let span = first.span().to(last.span());
            let text = tree.arena().slice(span);
            if !key && seen.insert(text) {
                let span = self.place(span);
                out.push(self.read_path(text, span));
            }
        }
        self.opaque(out, tree)
    }

    /// Lowers a statement macro that holds items (`thread_local!`, `lazy_static!`, `cfg_if!`, a crate's own
    /// `cfg_x! { .. }`) as these items. Returns whether it was one.
    pub(super) fn item_macro(&mut self, n: Node<'_>, out: &mut Vec<ExprId>, top: bool) -> bool {
        let Some(tree) = n.child_of_kind(Kind::TokenTree) else { return false };
        let name = n.child(Field::Macro).map_or("", |m| last_segment(m.text()));
        if form(name) != Form::Unknown {
            return false;
        }
        if name == "cfg_if" {
            let parts: Vec<_> = tree.children().filter(|t| is_braced(*t)).collect();
            let mut any = false;
            for part in parts {
                any |= self.items_of(part, out, top);
            }
            return any;
        }
        (name == "thread_local" || is_braced(tree)) && self.items_of(tree, out, top)
    }

    fn items_of(&mut self, tree: Node<'_>, out: &mut Vec<ExprId>, top: bool) -> bool {
        const WORDS: [&str; 11] =
            ["fn", "struct", "enum", "impl", "use", "static", "const", "mod", "trait", "type", "pub"];
        if !tree.children().any(|t| t.kind() == Kind::Token && WORDS.contains(&t.text())) {
            return false;
        }
        let done = self.deeper(tree, |cx| {
            // The last static of `thread_local!` may lack its semicolon.
            cx.reparse(("", ";"), tree, &[], |cx, root| {
                let plain = |n: Node<'_>| {
                    is_item(n.kind())
                        || matches!(n.kind(), Kind::AttributeItem | Kind::InnerAttributeItem | Kind::EmptyStatement)
                        || n.kind() == Kind::MacroInvocation
                };
                root.named_children().all(plain).then(|| {
                    cx.statements(root, out, top);
                })
            })
        });
        done.flatten().is_some()
    }

    /// Attributes as expressions: a name, or a call with its arguments.
    pub(super) fn attributes(&mut self, items: &[Node<'_>]) -> Vec<ExprId> {
        items.iter().filter_map(|n| n.child_of_kind(Kind::Attribute)).filter_map(|n| self.attribute(n)).collect()
    }

    fn attribute(&mut self, n: Node<'_>) -> Option<ExprId> {
        let path = n.first_named()?;
        let name = self.span(path);
        let text = self.path(path);
        let callee = self.hir.add(ExprKind::Name(text), name);
        if matches!(text.as_str(), "doc" | "allow" | "warn" | "deny" | "expect" | "inline" | "must_use" | "deprecated")
        {
            return Some(callee);
        }
        let args = match (n.child(Field::Arguments), n.child(Field::Value)) {
            (Some(tree), _) => {
                let list = tokens(tree);
                match self.args(tree, &list, &[], true) {
                    Some(args) => args.into_iter().map(|a| self.attribute_arg(a)).collect(),
                    None => vec![self.names(&list, tree)],
                }
            }
            (None, Some(value)) => vec![self.expr(value)],
            (None, None) => return Some(callee),
        };
        let args = args.into_iter().map(|value| Arg { value, spread: false }).collect();
        Some(self.add(ExprKind::Call { callee, args, new: false, name, types: Vec::new() }, n))
    }

    /// `key = value` is an assignment to the name `key`.
    fn attribute_arg(&mut self, arg: MacroArg) -> ExprId {
        let value = self.arg_expr(arg.value);
        let Some(name) = arg.name else { return value };
        let span = self.hir.expr(value).span;
        let place = self.hir.add(ExprKind::Name(name), span);
        let pat = self.hir.add_pat(PatKind::Place(place), span);
        self.hir.add(ExprKind::Assign(pat, value), span)
    }
}

fn is_braced(n: Node<'_>) -> bool {
    n.kind() == Kind::TokenTree && n.text().starts_with('{')
}

/// Blanks what is no expression in a logging macro: sigils, format marks of keys, `target:`; and the number of arguments
/// that such a prefix marks.
fn log_masks(list: &[Node<'_>]) -> (Vec<(Span, u8)>, usize) {
    let mut masks = Vec::new();
    let mut special = 0;
    let mut start = true;
    for (i, t) in list.iter().enumerate() {
        let before = i.checked_sub(1).map(|i| list[i]);
        let after = |k: usize| list.get(i + k).copied();
        if start && is_braced(*t) {
            let s = t.span();
            masks.push((Span { start: s.start, end: s.start + 1 }, b' '));
            masks.push((Span { start: s.end - 1, end: s.end }, b' '));
            let inner = tokens(*t);
            masks.extend(log_masks(&inner).0);
            // A trailing comma inside would make two.
            if let Some(last) = inner.last().filter(|t| is_token(**t, ",")) {
                masks.push((last.span(), b' '));
            }
        }
        if (start || before.is_some_and(|b| is_token(b, "="))) && (is_token(*t, "%") || is_token(*t, "?")) {
            masks.push((t.span(), b' '));
        }
        if start && after(1).is_some_and(|c| is_token(c, ":")) {
            let equals = list[i..].iter().take(5).position(|t| is_token(*t, "="));
            match equals {
                Some(end) if end > 1 => masks.extend(list[i + 1..i + end].iter().map(|t| (t.span(), b' '))),
                _ => {
                    special += 1;
                    masks.push((t.span(), b' '));
                    masks.extend(after(1).map(|c| (c.span(), b' ')));
                }
            }
        }
        start = is_token(*t, ",") || is_token(*t, ";");
        if is_token(*t, ";") {
            masks.push((t.span(), b','));
        }
    }
    (masks, special)
}
