//! What one handler puts into the request, the response's `locals`, the context's state or the application, and another takes
//! out: `res.locals.title = req.query.title`.

use super::*;
use crate::semantics::flow::models::Target;
use crate::semantics::flow::world::Summary;

/// How the names of cells begin that stand for such fields.
pub(in crate::semantics::flow) const CARRIED: &str = "@carried.";

/// What is handed from handler to handler. Every handler gets another object, but of the same type.
const CARRIERS: [(&str, &str); 20] = [
    ("express.Request", "request"),
    ("next.Request", "request"),
    ("http.IncomingMessage", "request"),
    ("express.Request.session", "session"),
    ("express.Request.context", "context"),
    ("express.Response.locals", "locals"),
    ("express.PlainResponse.locals", "locals"),
    ("next.Response.locals", "locals"),
    ("express.App.locals", "app"),
    ("koa.Context", "context"),
    ("koa.PlainContext", "context"),
    ("koa.Context.state", "state"),
    ("koa.PlainContext.state", "state"),
    ("koa.Context.session", "session"),
    ("fastify.Request", "request"),
    ("hapi.Request.app", "app"),
    ("hapi.Request.pre", "pre"),
    ("kit.Event.locals", "locals"),
    ("socket.io.Socket.data", "socket"),
    ("socket.io.Socket", "socket"),
];

impl Interp<'_> {
    /// The cell of a field that is handed from handler to handler; none where the field is one that the library fills.
    fn carrier(&self, object: &Value, name: Ustr) -> Option<Ustr> {
        if self.world.casts_convert() || object.apis.is_empty() {
            return None;
        }
        let (path, kind) = object
            .apis
            .iter()
            .find_map(|p| CARRIERS.iter().find(|(c, _)| *c == p.as_str()).map(|(_, kind)| (*p, *kind)))?;
        let member = self.models.member(path, name);
        if self.models.is_type(member)
            || matches!(name.as_str(), "prototype" | "constructor" | "session" | "state" | "locals")
        {
            return None;
        }
        let paths = [member, Ustr::from(&format!("{path}.{name}"))];
        let target = Target { paths: &paths, name, open: false };
        let filled = !self.models.read_sources(&target).is_empty() || !self.models.set_sinks(&target).is_empty();
        (!filled).then(|| Ustr::from(&format!("{CARRIED}{kind}.{name}")))
    }

    /// Somebody's data is put into a field that other handlers read.
    pub(in crate::semantics::flow) fn carry(&mut self, object: &Val, name: Ustr, value: &Val) {
        if !value.has_taint() {
            return;
        }
        let Some(cell) = self.carrier(object, name) else { return };
        // Addresses to which somebody comes back later are the site's own.
        let back = if cell.contains(".session.") { SinkKind::Redirect.set() } else { SinkKinds::NONE };
        let mut kept = |taint: &Taint| {
            let Origin::Source(source) = &taint.origin else { return None };
            if source.kind != SourceKind::Remote && source.kind != SourceKind::Message {
                return None;
            }
            let sent = taint.cleaned.has(SinkKind::Encoded);
            let cleaned = if sent { taint.cleaned | back } else { taint.cleaned };
            Some(Taint { cleaned, ..taint.clone() })
        };
        let mut foreign = value.map_taints(&mut kept, 0);
        if !foreign.has_taint() {
            return;
        }
        // Whatever else it was there is as good as another handler's value.
        foreign.exact = false;
        foreign.lits.clear();
        foreign.funcs.clear();
        self.set_cell(cell, &Arc::new(foreign));
    }

    /// What a handler that is written elsewhere puts into the request and its like.
    pub(in crate::semantics::flow) fn carried_by(&mut self, summary: &Summary, args: &[Val]) {
        let at = self.at(self.handing);
        for (param, path, written) in &summary.writes {
            let (Some((name, above)), Some(arg)) = (path.split_last(), args.get(*param as usize)) else { continue };
            if arg.apis.is_empty() || self.world.casts_convert() {
                continue;
            }
            let object = self.project(arg, above);
            let left = self.substitute(written, args, None, &at);
            self.carry(&object, *name, &left);
        }
    }

    /// `c.set("lang", lang)` in one handler, `c.get("lang")` in another (Hono).
    pub(in crate::semantics::flow) fn carried_call(
        &mut self,
        call: &crate::semantics::flow::call::Call<'_>,
    ) -> Option<Val> {
        let context = call.receiver.as_ref()?.apis.iter().any(|p| *p == "hono.Context");
        if !context || !matches!((call.name.as_str(), call.args.len()), ("set", 2) | ("get", 1)) {
            return None;
        }
        let cell = Ustr::from(&format!("{CARRIED}hono.{}", call.args[0].as_str()?));
        if call.name == "get" {
            return Some(self.state_cell(cell)).filter(|v| v.has_taint());
        }
        let mut kept =
            |t: &Taint| matches!(&t.origin, Origin::Source(s) if s.kind == SourceKind::Remote).then(|| t.clone());
        let foreign = call.args[1].map_taints(&mut kept, 0);
        if foreign.has_taint() {
            self.set_cell(cell, &Arc::new(Value { exact: false, ..foreign }));
        }
        None
    }

    /// Whether a member is what a router of React hands to a component: `props.location.search`, `this.props.match.params`.
    pub(super) fn is_routers(&self, base: ExprId, name: Ustr) -> bool {
        let of = match name.as_str() {
            "search" | "hash" => "location",
            "params" => "match",
            _ => return false,
        };
        let ExprKind::Field(props, part) = &self.hir.expr(base).kind else { return false };
        *part == of
            && match &self.hir.expr(*props).kind {
                ExprKind::Field(this, name) => *name == "props" && matches!(self.hir.expr(*this).kind, ExprKind::This),
                ExprKind::Local(local) => self.hir.local(*local).name == "props",
                _ => false,
            }
    }

    /// What another handler left in a field.
    pub(in crate::semantics::flow) fn carried(&mut self, object: &Val, name: Ustr) -> Option<Val> {
        let cell = self.carrier(object, name)?;
        let value = self.state_cell(cell);
        value.has_taint().then_some(value)
    }
}
