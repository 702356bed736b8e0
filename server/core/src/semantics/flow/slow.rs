//! Regular expressions as sinks of long text.

use crate::regex::{Growth, Verdict, verdict};
use crate::semantics::hir::{ExprId, ExprKind, Lit, LocalKind, Ustr};

use super::call::Call;
use super::guard::{Facts, Learned};
use super::interp::Interp;
use super::kinds::{SinkKind, SinkKinds};
use super::report::SinkSite;
use super::value::{Types, Val};

impl Interp<'_> {
    /// Text that is matched by a pattern whose time grows with a power of the text's length.
    pub(super) fn slow_match(&mut self, call: &Call<'_>) {
        let (pattern, subject, at) = match call.name.as_str() {
            "test" | "exec" => (call.receiver.as_ref(), call.args.first(), None),
            "match" | "matchAll" | "search" | "replace" | "replaceAll" | "split" => {
                (call.args.first(), call.receiver.as_ref(), call.arg_ids.first())
            }
            _ => return,
        };
        let (Some(pattern), Some(subject)) = (pattern, subject) else { return };
        self.text_as_pattern(call, pattern, subject);
        if !pattern.exact || subject.taints.is_empty() || self.goes_on(call) {
            return;
        }
        // `text.match(strict ? STRICT : LOOSE)`
        for lit in &pattern.lits {
            let Lit::Regex { pattern, flags } = lit else { return };
            let Some(verdict) = verdict(pattern, flags) else { continue };
            // What grows exponentially is reported where it is written, whoever feeds it.
            let Verdict::Vulnerable(v) = &*verdict else { continue };
            let Growth::Polynomial { degree } = v.growth else { continue };
            let shown: String = pattern.chars().take(40).collect();
            let dots = if pattern.chars().count() > 40 { ".." } else { "" };
            let name = format!(
                "/{shown}{dots}/{flags}`, whose time grows with the {} of the length, as for `{}",
                power(degree),
                v.witness.expression()
            );
            let span = at.map_or(call.name_span, |id| self.hir.expr(*id).span);
            let site = SinkSite { kind: SinkKind::RegexInput, at: self.at(span), name: Ustr::from(&name) };
            let subject = subject.clone();
            self.reach(&subject, &site, false);
            break;
        }
    }

    /// Whether a call asks for the next match as one before it did: `match = re.exec(text)` at the end of a loop.
    fn goes_on(&self, call: &Call<'_>) -> bool {
        let before = self.arena.text().get(..call.span.start as usize).unwrap_or_default();
        call.name == "exec" && before.contains(&format!("= {}", self.arena.slice(call.span)))
    }

    /// Whether what a method is called on is most likely text: a field of that kind of name, or what a callback of a list is
    /// given.
    fn is_some_text(&self, call: &Call<'_>) -> bool {
        const TEXTS: [&str; 14] = [
            "name",
            "title",
            "text",
            "label",
            "description",
            "email",
            "content",
            "message",
            "line",
            "word",
            "username",
            "filename",
            "comment",
            "tag",
        ];
        let texts = |name: &str| super::lexicon::words(name).last().is_some_and(|w| TEXTS.contains(&w.as_str()));
        match call.receiver_id.map(|id| &self.hir.expr(id).kind) {
            Some(ExprKind::Field(_, name)) => texts(name),
            Some(ExprKind::Local(local)) => {
                let local = self.hir.local(*local);
                texts(&local.name)
                    || local.kind == LocalKind::Param && call.name == "match" && local.name.as_str().len() <= 2
            }
            // `x.toLowerCase().match(q)`
            Some(ExprKind::Call { callee, .. }) => matches!(&self.hir.expr(*callee).kind, ExprKind::Field(_, name)
                if matches!(name.as_str(), "toLowerCase" | "toUpperCase" | "trim" | "toString")),
            _ => false,
        }
    }

    /// `text.match(x)`, `text.search(x)`: what is no regular expression is made one.
    fn text_as_pattern(&mut self, call: &Call<'_>, pattern: &Val, subject: &Val) {
        if !matches!(call.name.as_str(), "match" | "matchAll" | "search")
            || self.world.casts_convert()
            || call.args.len() != 1
            || !pattern.has_taint()
            || pattern.taints.is_empty()
            || !(pattern.types == Types::STRING || pattern.types == Types::UNKNOWN)
            || pattern.types != Types::STRING && self.is_modelled(pattern)
            || pattern.fields.is_some()
        {
            return;
        }
        // Other things have a `search` and a `match` too.
        let unknown = subject.types == Types::UNKNOWN
            && !self.is_modelled(subject)
            && subject.class.is_none()
            && subject.fields.is_none();
        let text = subject.types == Types::STRING || unknown && self.is_some_text(call);
        if text {
            let span = call.arg_ids.first().map_or(call.name_span, |id| self.hir.expr(*id).span);
            let site = SinkSite { kind: SinkKind::Regex, at: self.at(span), name: call.name };
            self.reach(pattern, &site, false);
        }
    }
}

fn power(degree: u32) -> &'static str {
    match degree {
        2 => "square",
        3 => "third power",
        4 => "fourth power",
        _ => "a high power",
    }
}

/// Longest text on which no pattern of polynomial time takes long.
const SHORT: f64 = 5000.0;

/// `x > 65535` is true of numbers alone, and of text that is one: what is no number is neither more nor less than any.
pub(super) fn numbers(interp: &mut Interp<'_>, facts: &mut Facts, (left, right): (ExprId, ExprId)) {
    if interp.world.casts_convert() {
        return;
    }
    for (place, other) in [(left, right), (right, left)] {
        let place = interp.text_of_number(place);
        if interp.is_place(place) && matches!(interp.hir.expr(other).kind, ExprKind::Lit(Lit::Num(_))) {
            facts.when_true.push((place, Learned::Clean(super::kinds::DIGITS)));
        }
    }
}

/// `x.length > 100`: where it does not hold, `x` is short.
pub(super) fn bounded_length(
    interp: &mut Interp<'_>,
    facts: &mut Facts,
    (whole, left, right): (ExprId, ExprId, ExprId),
) {
    let hir = interp.hir;
    let text_of = |id: ExprId| match &hir.expr(id).kind {
        ExprKind::Field(base, name) if name == "length" => Some(*base),
        _ => None,
    };
    let (text, limit, length_first) = match (text_of(left), text_of(right)) {
        (Some(text), None) => (text, right, true),
        (None, Some(text)) => (text, left, false),
        _ => return,
    };
    // A limit that the program has under a name was chosen: `header.length > limits.header`.
    let named = interp.is_place(limit) && text_of(limit).is_none();
    let is_short = |l: &Val| match l.as_lit() {
        Some(Lit::Num(n)) => *n <= SHORT,
        Some(_) => false,
        None => named && !l.is_foreign() && l.lits.iter().all(|l| matches!(l, Lit::Num(n) if *n <= SHORT)),
    };
    if !interp.peek(limit).is_some_and(|l| is_short(&l)) {
        return;
    }
    let (whole, left, right) = (hir.expr(whole).span, hir.expr(left).span, hir.expr(right).span);
    let source = interp.arena.root().text();
    if !whole.contains(left) || right.start < left.end {
        return;
    }
    let operator = source.get(left.end as usize..right.start as usize).unwrap_or_default().trim();
    let short = Learned::Clean(SinkKind::RegexInput.set());
    match (operator, length_first) {
        ("<" | "<=", true) | (">" | ">=", false) => facts.when_true.push((text, short)),
        (">" | ">=", true) | ("<" | "<=", false) => facts.when_false.push((text, short)),
        _ => {}
    }
}

/// The kinds of sinks for which a part of a text is harmless because it is short: `text.slice(0, 100)`.
pub(super) fn shortened(call: &Call<'_>) -> SinkKinds {
    let number = |n: usize| match call.args.get(n).and_then(|a| a.as_lit()) {
        Some(Lit::Num(n)) => Some(*n),
        _ => None,
    };
    match (call.name.as_str(), number(0), number(1)) {
        ("slice" | "substring" | "substr", Some(0.0), Some(end)) if (0.0..=SHORT).contains(&end) => {
            SinkKind::RegexInput.set()
        }
        _ => SinkKinds::NONE,
    }
}
