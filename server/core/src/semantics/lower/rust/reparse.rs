//! From a token tree to expressions: directly where the tokens are simple, else by parsing its text again.

use sidenote_grammars::{Field, Kind};

use super::Lower;
use super::macros::{MacroArg, Value};
use crate::semantics::hir::*;
use crate::syntax::{ArenaBuilder, Node, Span, SyntaxTree};

/// Macros inside macros beyond which token trees are not parsed again.
const MAX_MACRO_DEPTH: usize = 4;

/// The tokens between a token tree's brackets.
pub(super) fn tokens(tree: Node<'_>) -> Vec<Node<'_>> {
    let mut all: Vec<_> = tree.children().filter(|n| !n.is_comment()).collect();
    if all.last().is_some_and(|t| matches!(t.text(), ")" | "]" | "}")) {
        all.pop();
    }
    if all.first().is_some_and(|t| matches!(t.text(), "(" | "[" | "{")) {
        all.remove(0);
    }
    all
}

pub(super) fn is_token(n: Node<'_>, text: &str) -> bool {
    n.kind() == Kind::Token && n.text() == text
}

/// Pieces between separators; an empty last one is left out.
pub(super) fn split<'x, 'n>(list: &'x [Node<'n>], separator: &str) -> Vec<&'x [Node<'n>]> {
    let mut all: Vec<_> = list.split(|t| is_token(*t, separator)).collect();
    if all.last().is_some_and(|p| p.is_empty()) {
        all.pop();
    }
    all
}

/// Tokens that make a simple expression: `& * path . field . method() ?`, or a literal.
#[derive(Clone, Copy)]
pub(super) struct Piece<'x, 'n>(&'x [Node<'n>]);

impl<'x, 'n> Piece<'x, 'n> {
    pub(super) fn of(list: &'x [Node<'n>]) -> Option<Piece<'x, 'n>> {
        let mut rest = list;
        while let [first, tail @ ..] = rest
            && (is_token(*first, "&") || is_token(*first, "*"))
            && list.len() - rest.len() < 4
        {
            rest = tail;
        }
        let [first, tail @ ..] = rest else { return None };
        let simple = match first.kind() {
            Kind::StringLiteral
            | Kind::RawStringLiteral
            | Kind::CharLiteral
            | Kind::BooleanLiteral
            | Kind::IntegerLiteral
            | Kind::FloatLiteral => tail.is_empty(),
            Kind::Identifier | Kind::SelfValue => {
                let mut rest = tail;
                while let [sep, name, tail @ ..] = rest
                    && is_token(*sep, "::")
                    && name.kind() == Kind::Identifier
                {
                    rest = tail;
                }
                loop {
                    rest = match rest {
                        [dot, name, tail @ ..]
                            if is_token(*dot, ".")
                                && (name.kind() == Kind::Identifier
                                    || name.kind() == Kind::IntegerLiteral
                                        && name.text().bytes().all(|b| b.is_ascii_digit())) =>
                        {
                            match tail {
                                [call, tail @ ..] if is_empty_call(*call) && name.kind() == Kind::Identifier => tail,
                                tail => tail,
                            }
                        }
                        [q, tail @ ..] if is_token(*q, "?") => tail,
                        rest => break rest.is_empty(),
                    };
                }
            }
            _ => false,
        };
        simple.then_some(Piece(list))
    }
}

fn is_empty_call(n: Node<'_>) -> bool {
    n.kind() == Kind::TokenTree && n.text() == "()"
}

impl Lower<'_> {
    /// Reads a path.
    pub(super) fn read_path(&mut self, text: &str, span: Span) -> ExprId {
        let text: String = text.chars().filter(|c| !c.is_whitespace()).collect();
        match (self.self_type, text.strip_prefix("Self::")) {
            _ if !text.contains("::") => self.read(&text, span),
            (Some(ty), Some(rest)) => self.hir.add(ExprKind::Name(Ustr::from(&format!("{ty}::{rest}"))), span),
            _ => self.hir.add(ExprKind::Name(Ustr::from(&text)), span),
        }
    }

    /// A simple expression.
    pub(super) fn piece(&mut self, piece: Piece<'_, '_>) -> ExprId {
        let list = piece.0;
        let prefix = list.iter().take_while(|t| is_token(**t, "&") || is_token(**t, "*")).count();
        let rest = &list[prefix..];
        let first = rest[0];
        let mut i = 1;
        let mut id = if let Some(lit) = self.literal(first) {
            self.add(ExprKind::Lit(lit), first)
        } else {
            while rest.get(i).is_some_and(|t| is_token(*t, "::")) {
                i += 2;
            }
            let span = first.span().to(rest[i - 1].span());
            let text = first.arena().slice(span);
            let span = self.place(span);
            self.read_path(text, span)
        };
        while let Some(t) = rest.get(i) {
            let span = self.place(first.span().to(t.span()));
            if t.kind() == Kind::TokenTree {
                let name = self.span(rest[i - 1]);
                let kind = ExprKind::Call { callee: id, args: Vec::new(), new: false, name, types: Vec::new() };
                id = self.hir.add(kind, span);
            } else if is_token(*t, "?") {
                id = self.hir.add(ExprKind::Try(id), span);
            } else if is_token(*t, ".") {
                i += 1;
                let Some(name) = rest.get(i) else { break };
                let span = self.place(first.span().to(name.span()));
                id = self.hir.add(ExprKind::Field(id, Ustr::from(name.text())), span);
            }
            i += 1;
        }
        for t in list[..prefix].iter().rev() {
            let span = self.span(*t).to(self.hir.expr(id).span);
            let kind = if is_token(*t, "&") {
                ExprKind::Ref { value: id, mutable: false, raw: false }
            } else {
                ExprKind::Deref(id)
            };
            id = self.hir.add(kind, span);
        }
        id
    }

    /// Some tokens as one expression; their names where they are none.
    pub(super) fn tokens_expr(&mut self, list: &[Node<'_>], whole: Node<'_>) -> ExprId {
        if let Some(piece) = Piece::of(list) {
            return self.piece(piece);
        }
        let (Some(first), Some(last)) = (list.first(), list.last()) else { return self.opaque(Vec::new(), whole) };
        let span = first.span().to(last.span());
        let parsed = self.reparse_span(("(", ");"), *first, span, &[], |cx, root| Some(cx.expr(root.first_named()?)));
        parsed.unwrap_or_else(|| self.names(list, whole))
    }

    /// The arguments of a macro, after the masks were laid over its text. With `named`, `key = value` is a named one.
    pub(super) fn args(
        &mut self,
        tree: Node<'_>,
        list: &[Node<'_>],
        masks: &[(Span, u8)],
        named: bool,
    ) -> Option<Vec<MacroArg>> {
        if masks.is_empty()
            && let Some(args) = self.simple_args(list, named)
        {
            return Some(args);
        }
        self.reparse(("f(", ");"), tree, masks, |cx, root| {
            let list = root.first_named()?.first_named()?.child(Field::Arguments)?;
            let parts: Vec<_> = list.named_children().filter(|n| n.kind() != Kind::AttributeItem).collect();
            Some(parts.into_iter().map(|n| cx.arg(n, named)).collect())
        })
    }

    fn arg(&mut self, n: Node<'_>, named: bool) -> MacroArg {
        if named
            && n.kind() == Kind::AssignmentExpression
            && let (Some(left), Some(right)) = (n.child(Field::Left), n.child(Field::Right))
        {
            let text = match self.literal(left) {
                Some(Lit::Str(s)) => s,
                _ => Ustr::from(left.text().trim_start_matches("r#")),
            };
            return MacroArg { name: Some(text), value: self.value(right) };
        }
        MacroArg { name: None, value: self.value(n) }
    }

    fn value(&mut self, n: Node<'_>) -> Value {
        if matches!(n.kind(), Kind::StringLiteral | Kind::RawStringLiteral) {
            Value::Str { text: n.text().to_owned(), span: self.span(n) }
        } else {
            Value::Expr(self.expr(n))
        }
    }

    /// The arguments where all of them are simple.
    fn simple_args(&mut self, list: &[Node<'_>], named: bool) -> Option<Vec<MacroArg>> {
        let mut found = Vec::new();
        for part in split(list, ",") {
            let (name, part) = match part {
                [name, equals, rest @ ..] if named && name.kind() == Kind::Identifier && is_token(*equals, "=") => {
                    (Some(Ustr::from(name.text())), rest)
                }
                part => (None, part),
            };
            found.push((name, Piece::of(part)?));
        }
        let mut args = Vec::with_capacity(found.len());
        for (name, piece) in found {
            let value = match piece.0 {
                [only] if matches!(only.kind(), Kind::StringLiteral | Kind::RawStringLiteral) => self.value(*only),
                _ => Value::Expr(self.piece(piece)),
            };
            args.push(MacroArg { name, value });
        }
        Some(args)
    }

    /// Parses the inside of a token tree again. See [`Lower::reparse_span`].
    pub(super) fn reparse<T>(
        &mut self,
        around: (&str, &str),
        tree: Node<'_>,
        masks: &[(Span, u8)],
        f: impl FnOnce(&mut Self, Node<'_>) -> Option<T>,
    ) -> Option<T> {
        let span = tree.span();
        let inner = Span { start: span.start + 1, end: span.end.saturating_sub(1).max(span.start + 1) };
        self.reparse_span(around, tree, inner, masks, f)
    }

    /// Parses a part of a node's arena again, with text put before and after it and the bytes of `masks` replaced, and
    /// runs `f` on the new root. Spans come out in the block's own text. `None` where it does not parse.
    pub(super) fn reparse_span<T>(
        &mut self,
        (before, after): (&str, &str),
        n: Node<'_>,
        part: Span,
        masks: &[(Span, u8)],
        f: impl FnOnce(&mut Self, Node<'_>) -> Option<T>,
    ) -> Option<T> {
        if self.macro_depth >= MAX_MACRO_DEPTH {
            let span = self.place(part);
            self.hir.skipped.push(span);
            return None;
        }
        let arena = n.arena();
        let mut bytes = Vec::with_capacity(before.len() + (part.end - part.start) as usize + after.len());
        bytes.extend_from_slice(before.as_bytes());
        bytes.extend_from_slice(arena.slice(part).as_bytes());
        for (span, byte) in masks.iter().filter(|(s, _)| part.contains(*s)) {
            let at = |x: u32| before.len() + (x - part.start) as usize;
            bytes[at(span.start)..at(span.end)].fill(*byte);
        }
        bytes.extend_from_slice(after.as_bytes());
        // Masks cover whole tokens, so this holds.
        let text = String::from_utf8(bytes).ok()?;
        let tree = SyntaxTree::parse_str(arena.language(), &text).ok()?;
        if tree.tree().root_node().has_error() {
            return None;
        }
        let append = |a: usize, b: usize, out: &mut String| out.push_str(text.get(a..b).unwrap_or(""));
        let range = (0, text.len() as u32);
        let (parsed, _) = ArenaBuilder::build(arena.language(), tree.root(), range, |_, _, _| false, append);
        let window = self.place(part);
        let shift = i64::from(window.start) - before.len() as i64;
        let outer = (self.shift, self.window);
        (self.shift, self.window) = (shift, window);
        self.macro_depth += 1;
        let made = f(self, parsed.root());
        self.macro_depth -= 1;
        (self.shift, self.window) = outer;
        made
    }
}
