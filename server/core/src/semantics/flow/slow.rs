//! Regular expressions as sinks of long text.

use crate::regex::{Growth, Verdict, verdict};
use crate::semantics::hir::{Lit, Ustr};

use super::call::Call;
use super::interp::Interp;
use super::kinds::SinkKind;
use super::report::SinkSite;

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
        let Some(Lit::Regex { pattern, flags }) = pattern.as_lit() else { return };
        if subject.taints.is_empty() {
            return;
        }
        let Some(verdict) = verdict(pattern, flags) else { return };
        // What grows exponentially is reported where it is written, whoever feeds it.
        if let Verdict::Vulnerable(v) = &*verdict
            && let Growth::Polynomial { degree } = v.growth
        {
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
