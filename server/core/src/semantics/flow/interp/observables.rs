//! Observables (rxjs): what goes into the operators of `pipe` comes out of it changed.

use super::*;
use crate::semantics::flow::call::Call;

/// What an operator is, and where it keeps its kind.
const OPERATOR: &str = "rxjs.Operator";
const KIND: &str = "@operator";

impl Interp<'_> {
    /// `map(f)` by itself, and `source.pipe(map(f), filter(g))`.
    pub(super) fn observed(&mut self, call: &Call<'_>) -> Option<Val> {
        let operator = |p: &Ustr| ["rxjs/operators.", "rxjs.", "rxjs/"].iter().any(|l| p.starts_with(l));
        let makes = matches!(
            call.name.as_str(),
            "map" | "switchMap" | "mergeMap" | "concatMap" | "exhaustMap" | "flatMap" | "tap" | "filter"
        );
        if makes && call.receiver.is_none() && call.paths.iter().any(operator) {
            let function = call.args.first()?;
            let made = Value { apis: smallvec::smallvec![Ustr::from(OPERATOR)], ..Value::default() };
            let kind = constant(Lit::Str(call.name));
            return Some(Arc::new(
                made.with_field(Ustr::from(KIND), kind).with_field(Ustr::from("call"), function.clone()),
            ));
        }
        let is_operator = |v: &Val| v.apis.iter().any(|p| *p == OPERATOR);
        if call.name != "pipe" || !call.args.iter().any(is_operator) {
            return None;
        }
        let mut value = call.receiver.clone()?;
        for operator in &call.args {
            let kind = operator.field(Ustr::from(KIND)).and_then(|k| k.as_str());
            let (Some(kind), Some(function)) = (kind, operator.field(Ustr::from("call"))) else { continue };
            for func in function.funcs.clone() {
                let given = self.hand_over(&func, std::slice::from_ref(&value));
                self.state.live = true;
                if !matches!(kind.as_str(), "tap" | "filter") {
                    value = given;
                }
            }
        }
        Some(value)
    }
}
