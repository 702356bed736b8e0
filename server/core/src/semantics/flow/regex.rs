//! Regular expressions as guards.

use crate::semantics::hir::{ExprId, Lit};

use super::call::Call;
use super::guard::Learned;
use super::kinds::SinkKinds;

/// What the truth of `re.test(x)`, `x.match(re)`, `re.exec(x)`, `re.is_match(x)` says of `x`: an anchored pattern of harmless
/// characters is an allow-list.
pub(super) fn guard(call: &Call<'_>, yes: &mut Vec<(ExprId, Learned)>, _no: &mut Vec<(ExprId, Learned)>) {
    let (pattern, subject) = match call.name.as_str() {
        "test" | "exec" | "is_match" => (call.receiver.as_ref(), call.arg_ids.first().copied()),
        "match" | "search" => (call.args.first(), call.receiver_id),
        _ => return,
    };
    let (Some(pattern), Some(subject)) = (pattern, subject) else { return };
    if let Some(Lit::Regex { pattern, flags }) = pattern.as_lit() {
        let kinds = harmless_kinds(pattern, flags);
        if kinds != SinkKinds::NONE {
            yes.push((subject, Learned::Clean(kinds)));
        }
    }
}

/// The kinds of sinks for which text that matches the pattern is harmless.
pub(super) fn harmless_kinds(pattern: &str, flags: &str) -> SinkKinds {
    let anchored = pattern.starts_with('^') && pattern.ends_with('$') && !pattern.contains('|') && !flags.contains('m');
    if anchored && !pattern.contains('.') { SinkKinds::ALL } else { SinkKinds::NONE }
}
