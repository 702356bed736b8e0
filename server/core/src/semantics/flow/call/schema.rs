//! Schemas that programs write for what they take in: what comes out of `schema.parse(x)` is of the form that the schema says.

use std::sync::Arc;

use smallvec::smallvec;

use super::Call;
use crate::semantics::flow::interp::Interp;
use crate::semantics::flow::kinds::{SinkKind, SinkKinds};
use crate::semantics::flow::value::{Types, Val, Value, constant, join, unknown};
use crate::semantics::hir::{Lit, Ustr};

/// Where a schema keeps the schemas of its fields and elements.
const SHAPE: &str = "#shape";
const ITEM: &str = "#item";
/// Where a procedure keeps the schema of its input.
const INPUT: &str = "#input";
/// Most schemas inside of schemas.
const MAX_DEPTH: usize = 6;

/// Libraries whose schemas are built by calls: `z.object({ id: z.number() })`.
const LIBRARIES: [&str; 5] = ["zod.", "yup.", "superstruct.", "joi.", "@hapi/joi."];

impl Interp<'_> {
    /// A call that makes a schema, refines one, or reads something by one.
    pub(in crate::semantics::flow) fn schema_call(&mut self, call: &Call<'_>) -> Option<Val> {
        let path = *call.paths.first()?;
        let receiver = call.receiver.as_ref();
        if path.starts_with("trpc.Procedure") || receiver.is_some_and(|r| r.field(Ustr::from(INPUT)).is_some()) {
            let schema = call.args.first().filter(|_| call.name == "input")?;
            let made = Value::clone(receiver?).with_field(Ustr::from(INPUT), schema.clone());
            return Some(Arc::new(made));
        }
        if !LIBRARIES.iter().any(|l| path.starts_with(l)) {
            return None;
        }
        let made = || Value { apis: smallvec![Ustr::from(&format!("{path}()"))], ..Value::default() };
        let kept = |name: &str| receiver.and_then(|r| r.field(Ustr::from(name)).cloned());
        match call.name.as_str() {
            "keys" if path.contains("joi") => {
                let shape = call.args.first()?;
                Some(Arc::new(made().with_field(Ustr::from(SHAPE), shape.clone())))
            }
            "object" | "strictObject" | "looseObject" | "interface" | "type" => {
                let shape = call.args.first()?;
                Some(Arc::new(made().with_field(Ustr::from(SHAPE), shape.clone())))
            }
            "array" | "set" if !call.args.is_empty() => {
                Some(Arc::new(made().with_field(Ustr::from(ITEM), call.args[0].clone())))
            }
            "extend" | "merge" | "safeExtend" => {
                let more = call.args.first()?;
                let more = more.field(Ustr::from(SHAPE)).unwrap_or(more).clone();
                let shape: Val = kept(SHAPE)?;
                let mut shape = Value::clone(&shape);
                for (name, value) in more.fields() {
                    shape.set_field(*name, value.clone());
                }
                Some(Arc::new(made().with_field(Ustr::from(SHAPE), Arc::new(shape))))
            }
            // Joi tells both what it read and what was wrong.
            "validate" if path.contains("joi") => {
                let read = self.by_schema(receiver?, call.args.first()?, 0);
                let made = Value { types: Types::OBJECT, ..Value::default() };
                Some(Arc::new(made.with_field(Ustr::from("value"), read)))
            }
            "validateAsync" => Some(self.by_schema(receiver?, call.args.first()?, 0)),
            // An allow-list by its pattern.
            "regex" | "matches" | "pattern" if crate::semantics::flow::regex::lists(call) => {
                Some(Arc::new(Value { apis: smallvec![Ustr::from("zod.z.enum()")], ..Value::default() }))
            }
            "parse" | "parseAsync" | "validateSync" | "cast" | "create" | "mask" => {
                Some(self.by_schema(receiver?, call.args.first()?, 0))
            }
            "validate" => {
                let schema = receiver?;
                Some(self.by_schema(schema, call.args.first()?, 0))
            }
            "safeParse" | "safeParseAsync" => {
                let read = self.by_schema(receiver?, call.args.first()?, 0);
                let made = Value { types: Types::OBJECT, ..Value::default() };
                let success = Arc::new(Value { types: Types::BOOL, ..Value::default() });
                Some(Arc::new(made.with_field(Ustr::from("data"), read).with_field(Ustr::from("success"), success)))
            }
            // What is refined is still of its form.
            _ => {
                let mut made = made();
                for name in [SHAPE, ITEM] {
                    if let Some(part) = kept(name) {
                        made.set_field(Ustr::from(name), part);
                    }
                }
                made.fields.is_some().then(|| Arc::new(made))
            }
        }
    }

    /// The parameter of a procedure whose input has a schema.
    pub(in crate::semantics::flow) fn procedure_input(&mut self, call: &Call<'_>, given: &Val) -> Option<Val> {
        let schema = call.receiver.as_ref()?.field(Ustr::from(INPUT)).cloned()?;
        let input = self.by_schema(&schema, given, 0);
        Some(Arc::new(Value { types: Types::OBJECT, ..Value::default() }.with_field(Ustr::from("input"), input)))
    }

    /// What a schema makes of a value.
    fn by_schema(&mut self, schema: &Val, value: &Val, depth: usize) -> Val {
        const TEXTS: SinkKinds = SinkKind::NoSql.set().and(SinkKind::Merge.set()).and(SinkKind::StringCheck.set());
        if let Some(shape) = schema.field(Ustr::from(SHAPE)).cloned().filter(|_| depth < MAX_DEPTH) {
            let mut out = Value { types: Types::OBJECT, ..Value::default() };
            for (name, part) in shape.fields() {
                let below = self.plain_member(value, *name, crate::syntax::Span::default());
                let read = self.by_schema(part, &below, depth + 1);
                out.set_field(*name, read);
            }
            return Arc::new(out);
        }
        if let Some(item) = schema.field(Ustr::from(ITEM)).cloned().filter(|_| depth < MAX_DEPTH) {
            let below = self.element(value);
            let read = self.by_schema(&item, &below, depth + 1);
            return self.collection(&read);
        }
        let has = |words: &[&str]| schema.apis.iter().any(|p| words.iter().any(|w| p.contains(w)));
        if has(&["any()", "unknown()", "passthrough()", "custom()", "record(", "mixed()"]) {
            return value.clone();
        }
        if has(&[".number()", ".bigint()", ".date()", ".int()", ".boolean()", ".coerce.number", ".coerce.boolean"]) {
            let digits = Value { types: Types::NUMBER, prefix: None, ..Value::clone(value) };
            return Arc::new(digits);
        }
        if has(&[
            ".enum()",
            ".nativeEnum()",
            ".literal()",
            ".enums()",
            ".oneOf()",
            "joi.valid()",
            "().valid()",
            ".alphanum()",
            ".guid()",
            ".hex()",
            ".nanoid()",
            ".ipv4()",
            ".base64()",
            ".uuid()",
            ".cuid()",
            ".ulid()",
            ".datetime()",
        ]) {
            return Arc::new(Value { types: Types::STRING, ..Value::default() });
        }
        let mut out = value.cleaned(TEXTS);
        if has(&["zod.z.string()", "zod.string()", "yup.string()", "superstruct.string()", "joi.string()"]) {
            out.types = Types::STRING;
        }
        if schema.is_unknown() && schema.apis.is_empty() {
            return join(value, &unknown());
        }
        if value.as_lit().is_some() {
            return constant(value.as_lit().cloned().unwrap_or(Lit::Undefined));
        }
        Arc::new(out)
    }
}
