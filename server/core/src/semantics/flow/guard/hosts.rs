//! Addresses that were taken apart: what is learned of a host holds for the address that it was taken out of.

use super::*;
use crate::syntax::{Arena, Span};

/// Parts of an address that say whose it is.
const HOST_PARTS: [&str; 3] = ["hostname", "host", "origin"];

impl Interp<'_> {
    /// The address whose host an expression is: `x` for `new URL(x).hostname`, itself for `parsed.hostname`.
    pub(super) fn address_of(&self, id: ExprId) -> Option<ExprId> {
        let (base, part) = match &self.hir.expr(id).kind {
            ExprKind::Field(base, part) => (*base, *part),
            // `const { hostname } = new URL(x);`, `const host = new URL(x).host;`
            ExprKind::Local(local) => return self.parsed.get(local).copied(),
            _ => return None,
        };
        if !HOST_PARTS.contains(&part.as_str()) {
            return None;
        }
        match &self.hir.expr(base).kind {
            ExprKind::Call { args, .. } => args.first().map(|a| a.value),
            ExprKind::Local(local) => Some(self.parsed.get(local).copied().unwrap_or(id)),
            _ => Some(id),
        }
    }

    /// Remembers which place an address was taken apart of: `const { host } = new URL(x)`, `const url = new URL(x)`.
    pub(in crate::semantics::flow) fn note_address(&mut self, pat: PatId, value: ExprId) {
        self.note_alias(pat, value);
        let hir = self.hir;
        let value = match &hir.expr(value).kind {
            ExprKind::Field(base, part) if HOST_PARTS.contains(&part.as_str()) => *base,
            _ => value,
        };
        let address = match &hir.expr(value).kind {
            ExprKind::Call { callee, args, .. }
                if args.len() == 1 && matches!(&hir.expr(*callee).kind, ExprKind::Name(n) if n == "URL") =>
            {
                args[0].value
            }
            ExprKind::Local(local) => match self.parsed.get(local) {
                Some(address) => *address,
                None => return,
            },
            _ => return,
        };
        if !self.is_place(address) {
            return;
        }
        match &hir.pat(pat).kind {
            PatKind::Bind(local, None) => drop(self.parsed.insert(*local, address)),
            PatKind::Object { fields, .. } => {
                for (_, pat) in fields {
                    if let PatKind::Bind(local, None) = &hir.pat(*pat).kind {
                        self.parsed.insert(*local, address);
                    }
                }
            }
            _ => {}
        }
    }
}

/// Whether what is assigned is made by a function of the page's own address.
pub(in crate::semantics::flow) fn edits_own_address(arena: &Arena, place: Span) -> bool {
    let statement = crate::rules::support::statement(arena.root().smallest_at(place)).text();
    let value = statement.split_once('=').map_or("", |(_, value)| value);
    let call = value.split_once('(').map_or("", |(_, given)| given).trim_start();
    ["window.location.href", "location.href", "document.location.href", "self.location.href"]
        .iter()
        .any(|own| call.strip_prefix(own).is_some_and(|rest| rest.trim_start().starts_with([',', ')'])))
}
