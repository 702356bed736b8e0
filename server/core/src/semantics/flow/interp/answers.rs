//! What handlers give back: for some frameworks the value that a handler returns is what the client gets.

use smallvec::SmallVec;

use super::*;
use crate::semantics::flow::models::{Base, Target};
use crate::semantics::flow::report::SinkSite;
use crate::semantics::flow::sink::{Ports, holds};

impl<'a> Interp<'a> {
    /// Whether a function answers requests with what it returns: a decorator or the type of its first parameter has a sink
    /// at `return`.
    pub(super) fn answers(&mut self, id: FnId) -> bool {
        let hir = self.hir;
        let function = hir.function(id);
        let mut paths: SmallVec<[Ustr; 2]> = SmallVec::new();
        for decorator in &function.decorators {
            let callee = match &hir.expr(*decorator).kind {
                ExprKind::Call { callee, .. } => *callee,
                _ => *decorator,
            };
            paths.extend(self.eval(callee).apis.iter().copied());
        }
        if let Some(first) = function.params.first()
            && let PatKind::Bind(local, _) = &hir.pat(first.pat).kind
        {
            paths.extend(self.state.locals.get(*local).apis.iter().copied());
        }
        paths.iter().any(|p| {
            let target = Target { paths: &[*p], name: Ustr::default(), open: false };
            self.models.call_sinks(&target).into_iter().any(|s| s.ports.iter().any(|p| p.base == Base::Return))
        })
    }

    /// A handler's answer. Text is sent as HTML; an object is not.
    pub(super) fn answered(&mut self, value: &Val, span: Span) {
        let html = crate::semantics::flow::models::Condition {
            port: crate::semantics::flow::models::Port { base: Base::Value, path: SmallVec::new() },
            test: crate::semantics::flow::models::Test::Looks(crate::semantics::flow::models::Looks::Html),
        };
        // `return { statusCode, headers, body }`
        let value = value.field(Ustr::from("body")).cloned().unwrap_or_else(|| value.clone());
        let value = &value;
        if holds(&html, &Ports::write(value, value)) {
            let site = SinkSite { kind: SinkKind::Html, at: self.at(span), name: Ustr::from("return") };
            self.reach(value, &site, false);
        }
    }
}
