//! Format strings.

use super::Lower;
use super::literal::{body, escape, unescape};
use super::macros::{MacroArg, Value};
use crate::semantics::hir::*;
use crate::syntax::Span;

impl Lower<'_> {
    /// The template of a format string with its arguments. `text` is the literal as written, `span` its place in the
    /// block. Arguments that no placeholder names come last: they are evaluated too.
    pub(super) fn template(&mut self, text: &str, span: Span, args: Vec<MacroArg>) -> ExprId {
        let raw = text.trim_start_matches(['b', 'c']).starts_with('r');
        let (offset, content) = body(text);
        let base = span.start + offset as u32;
        let at = |from: usize, to: usize| Span { start: base + from as u32, end: base + to as u32 };
        let mut args: Vec<(Option<Ustr>, ExprId, bool)> =
            args.into_iter().map(|a| (a.name, self.arg_expr(a.value), false)).collect();
        let mut parts = Vec::new();
        let mut next = 0;
        // The constant part before the placeholder at hand: unescaped, and where it starts.
        let (mut constant, mut from) = (String::new(), 0);
        let mut i = 0;
        while let Some(c) = content[i..].chars().next() {
            match c {
                '\\' if !raw => {
                    let (made, len) = escape(&content[i..]);
                    constant.extend(made);
                    i += len;
                }
                '{' | '}' if content[i + 1..].starts_with(c) => {
                    constant.push(c);
                    i += 2;
                }
                '{' => {
                    let Some(len) = content[i..].find('}') else {
                        constant.push_str(&if raw { content[i..].to_owned() } else { unescape(&content[i..]) });
                        i = content.len();
                        break;
                    };
                    if !constant.is_empty() {
                        let lit = ExprKind::Lit(Lit::Str(Ustr::from(&constant)));
                        parts.push(self.hir.add(lit, at(from, i)));
                        constant.clear();
                    }
                    let inner = &content[i + 1..i + len];
                    let (name, spec) = inner.split_once(':').unwrap_or((inner, ""));
                    let mut layout = Vec::new();
                    if spec.contains(".*") {
                        layout.extend(self.argument("", at(i, i), &mut next, &mut args));
                    }
                    let trimmed = name.trim();
                    let start = i + 1 + (name.len() - name.trim_start().len());
                    let whole = if trimmed.is_empty() { at(i, i + len + 1) } else { at(start, start + trimmed.len()) };
                    if let Some(value) = self.argument(trimmed, whole, &mut next, &mut args) {
                        // `{:?}` quotes what it shows.
                        let debug = spec.trim_end().ends_with('?');
                        let ty = || Type::Path(Ustr::from("std::fmt::Debug"), Vec::new());
                        parts.push(if debug { self.hir.add(ExprKind::Cast(value, ty()), whole) } else { value });
                    }
                    for (dollar, _) in spec.match_indices('$') {
                        let word = |b: &u8| b.is_ascii_alphanumeric() || *b == b'_';
                        let len = spec.as_bytes()[..dollar].iter().rev().take_while(|b| word(b)).count();
                        let name = spec[dollar - len..dollar].trim_start_matches(|c: char| c == '0' && len > 1);
                        let start = i + 1 + (inner.len() - spec.len()) + dollar - name.len();
                        layout.extend(self.argument(name, at(start, start + name.len()), &mut next, &mut args));
                    }
                    parts.extend(layout);
                    i += len + 1;
                    from = i;
                }
                c => {
                    constant.push(c);
                    i += c.len_utf8();
                }
            }
        }
        if !constant.is_empty() {
            parts.push(self.hir.add(ExprKind::Lit(Lit::Str(Ustr::from(&constant))), at(from, i)));
        }
        parts.extend(args.iter().filter(|a| !a.2).map(|a| a.1));
        self.hir.add(ExprKind::Template(parts), span)
    }

    /// The value of a placeholder: the next argument, one by number or name, or a variable captured by name.
    fn argument(
        &mut self,
        name: &str,
        span: Span,
        next: &mut usize,
        args: &mut [(Option<Ustr>, ExprId, bool)],
    ) -> Option<ExprId> {
        let found = if name.is_empty() {
            *next += 1;
            args.get_mut(*next - 1)
        } else if let Ok(n) = name.parse::<usize>() {
            args.get_mut(n)
        } else {
            args.iter_mut().find(|a| a.0.is_some_and(|n| n.as_str() == name))
        };
        if let Some(arg) = found {
            arg.2 = true;
            return Some(arg.1);
        }
        let captured = name.starts_with(|c: char| c.is_alphabetic() || c == '_')
            && name.chars().all(|c| c.is_alphanumeric() || c == '_');
        captured.then(|| self.read(name, span))
    }

    /// An argument as an expression.
    pub(super) fn arg_expr(&mut self, value: Value) -> ExprId {
        match value {
            Value::Expr(id) => id,
            Value::Str { text, span } => {
                let raw = text.trim_start_matches(['b', 'c']).starts_with('r');
                let content = body(&text).1;
                let content = if raw { Ustr::from(content) } else { Ustr::from(&unescape(content)) };
                let lit = if text.starts_with('b') { Lit::Bytes(content) } else { Lit::Str(content) };
                self.hir.add(ExprKind::Lit(lit), span)
            }
        }
    }
}
