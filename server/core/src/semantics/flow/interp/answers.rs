//! What handlers give back: for some frameworks the value that a handler returns is what the client gets.

use smallvec::SmallVec;

use super::*;
use crate::semantics::flow::models::{Base, Condition, Looks, Port, SinkModel, Target, Test};
use crate::semantics::flow::report::SinkSite;
use crate::semantics::flow::sink::{Ports, holds};

/// The sinks at what a handler returns.
#[derive(Clone, Default)]
pub(super) struct Answers<'a> {
    sinks: SmallVec<[&'a SinkModel; 2]>,
    /// The content type that a decorator sets.
    content: Option<Ustr>,
    /// The reply beside the request, which may be told that a page follows (Fastify).
    reply: Option<LocalId>,
}

/// What a content type is that a browser shows as a page.
const PAGES: [&str; 4] = ["text/html", "application/xhtml", "image/svg", "html"];

impl<'a> Interp<'a> {
    /// The sinks at what a function returns: decorators and the type of its first parameter may have some at `return`.
    pub(super) fn answers(&mut self, id: FnId) -> Answers<'a> {
        let hir = self.hir;
        let function = hir.function(id);
        let mut out = Answers::default();
        let mut paths: SmallVec<[Ustr; 2]> = SmallVec::new();
        for decorator in &function.decorators {
            let callee = match &hir.expr(*decorator).kind {
                ExprKind::Call { callee, .. } => *callee,
                _ => *decorator,
            };
            paths.extend(self.eval(callee).apis.iter().copied());
        }
        if id == FnId(0) && self.is_method() {
            for (path, args) in self.world.decorators() {
                if let [name, value] = args.as_slice()
                    && name.eq_ignore_ascii_case("content-type")
                {
                    out.content = Some(Ustr::from(&value.to_lowercase()));
                }
                paths.push(path);
            }
        }
        if let Some(first) = function.params.first()
            && let PatKind::Bind(local, _) = &hir.pat(first.pat).kind
        {
            paths.extend(self.state.locals.get(*local).apis.iter().copied());
        } else if let Some(given) = self.active.last().and_then(|a| a.args.first()) {
            // `({ query }) => ..`
            paths.extend(given.apis.iter().copied());
        }
        if let Some(second) = function.params.get(1)
            && let PatKind::Bind(local, _) = &hir.pat(second.pat).kind
            && self.state.locals.get(*local).apis.iter().any(|p| *p == "fastify.Reply")
        {
            out.reply = Some(*local);
        }
        let models = self.models;
        for path in &paths {
            let target = Target { paths: &[*path], name: Ustr::default(), open: false };
            let found = models.call_sinks(&target).into_iter();
            out.sinks.extend(found.filter(|s| s.ports.iter().any(|p| p.base == Base::Return)));
        }
        out
    }

    /// Whether the block is a method of a class.
    fn is_method(&self) -> bool {
        self.arena.root().kind() == Kind::MethodDefinition
    }

    /// A handler's answer: text is sent as a page, an object is not; an object may say what is sent, and how.
    pub(super) fn answered(&mut self, answers: &Answers<'a>, value: &Val, expr: ExprId) {
        // `reply.type("text/html"); return text;`
        if let Some(reply) = answers.reply
            && self.state.locals.get(reply).apis.iter().any(|p| *p == "fastify.HtmlReply")
            && value.apis.is_empty()
        {
            let site =
                SinkSite { kind: SinkKind::Html, at: self.at(self.hir.expr(expr).span), name: Ustr::from("return") };
            self.reach(value, &site, false);
        }
        let port = |path: &[&str]| Port { base: Base::Value, path: path.iter().map(|n| Ustr::from(n)).collect() };
        let typed = answers.content.or_else(|| {
            let typed = Ports::write(value, value).read(&port(&["headers", "content-type"]))?;
            typed.text_prefix().map(|t| Ustr::from(&t.to_lowercase()))
        });
        let page = typed.map(|t| PAGES.iter().any(|p| t.starts_with(p)));
        let html = Condition { port: port(&[]), test: Test::Looks(Looks::Html) };
        for sink in answers.sinks.clone() {
            for at in &sink.ports {
                let mut part = value.clone();
                let mut there = true;
                for name in &at.path {
                    match part.field(*name).cloned() {
                        Some(field) => part = field,
                        None => there = false,
                    }
                }
                if !there {
                    continue;
                }
                if sink.kind == SinkKind::Html && !page.unwrap_or_else(|| holds(&html, &Ports::write(&part, &part))) {
                    continue;
                }
                let span = self.hir.expr(self.member_expr(expr, &at.path)).span;
                let site = SinkSite { kind: sink.kind, at: self.at(span), name: Ustr::from("return") };
                self.reach(&part, &site, sink.deep);
            }
        }
    }

    /// What a Rust handler returns as a tuple of status, headers and body, where the headers say that it is a page.
    pub(super) fn answered_parts(&mut self, members: &[Member], value: &Val) {
        let [.., Member::Element(Some(body))] = members else { return };
        let last = members.len() - 1;
        if !(1..8).contains(&last) {
            return;
        }
        let is_page = (0..last).any(|n| {
            let Some(headers) = value.field(position(n)) else { return false };
            // Rocket: `(ContentType::HTML, text)`
            if headers.apis.iter().any(|p| p.ends_with("ContentType::HTML")) {
                return true;
            }
            headers.fields().any(|(_, pair)| {
                let of = |n: usize| pair.field(position(n));
                let named = of(0).is_some_and(|name| {
                    name.as_str().is_some_and(|t| t.eq_ignore_ascii_case("content-type"))
                        || name.apis.iter().any(|p| p.ends_with("CONTENT_TYPE"))
                });
                let page = of(1).is_some_and(|v| {
                    v.text_prefix().is_some_and(|t| PAGES.iter().any(|p| t.to_lowercase().starts_with(p)))
                        || v.apis.iter().any(|p| p.contains("TEXT_HTML"))
                });
                named && page
            })
        });
        if is_page && let Some(part) = value.field(position(last)).cloned() {
            let site =
                SinkSite { kind: SinkKind::Html, at: self.at(self.hir.expr(*body).span), name: Ustr::from("return") };
            self.reach(&part, &site, false);
        }
    }
}
