//! Schemas that programs write for what they take in: what comes out of `schema.parse(x)` is of the form that the schema says.

use std::sync::Arc;

use smallvec::smallvec;

use super::Call;
use crate::semantics::flow::interp::Interp;
use crate::semantics::flow::kinds::{SinkKind, SinkKinds};
use crate::semantics::flow::regex::is_list;
use crate::semantics::flow::value::{Types, Val, Value, constant, join, position, unknown};
use crate::semantics::hir::{ExprId, ExprKind, Key, Lit, Member, Ustr};

/// Where a schema keeps the schemas of its fields and elements.
const SHAPE: &str = "#shape";
const ITEM: &str = "#item";
/// Where a procedure keeps the schema of its input.
const INPUT: &str = "#input";
/// Most schemas inside of schemas.
const MAX_DEPTH: usize = 6;

/// Libraries whose schemas are built by calls: `z.object({ id: z.number() })`.
const LIBRARIES: [&str; 7] = ["zod.", "yup.", "superstruct.", "joi.", "@hapi/joi.", "valibot.", "@sinclair/typebox."];

/// Checks of valibot that leave nothing that does harm.
const VALIBOT: [&str; 11] = [
    "valibot.uuid()",
    "valibot.enum()",
    "valibot.picklist()",
    "valibot.digits()",
    "valibot.hexadecimal()",
    "valibot.integer()",
    "valibot.isoDate()",
    "valibot.isoTimestamp()",
    "valibot.ulid()",
    "valibot.nanoid()",
    "valibot.ipv4()",
];
/// Where a request keeps what validators saw of it.
const MATCHED: &str = "#matched";
/// How validators are called that ajv makes of JSON schemas.
const COMPILED: &str = "ajv.Validator";

impl Interp<'_> {
    /// `ajv.compile(schema)`: the validator keeps its schema.
    fn compiled(&mut self, call: &Call<'_>) -> Option<Val> {
        let is_ajv = |p: &Ustr| p.starts_with("ajv") && p.contains("().");
        if !matches!(call.name.as_str(), "compile" | "compileParser") || !call.paths.iter().any(is_ajv) {
            return None;
        }
        let made = Value { apis: smallvec![Ustr::from(COMPILED)], types: Types::OBJECT, ..Value::default() };
        Some(Arc::new(made.with_field(Ustr::from(SHAPE), call.args.first()?.clone())))
    }

    /// What a validator of a JSON schema says of its argument where it is true: `validate(body)`, `ajv.validate(schema, body)`.
    pub(in crate::semantics::flow) fn validated(&mut self, call: &Call<'_>) -> Option<(ExprId, Val)> {
        let (schema, n) = if call.callee.apis.iter().any(|p| *p == COMPILED) {
            (call.callee.field(Ustr::from(SHAPE))?.clone(), 0)
        } else if call.name == "validate" && call.paths.iter().any(|p| p.starts_with("ajv") && p.contains("().")) {
            (call.args.first()?.clone(), 1)
        } else {
            return None;
        };
        let value = call.args.get(n).filter(|v| v.has_taint())?.clone();
        Some((*call.arg_ids.get(n)?, self.by_json_schema(&schema, &value, 0)))
    }

    /// `Value.Check(schema, body)` (TypeBox).
    pub(in crate::semantics::flow) fn checked_by_type(&mut self, call: &Call<'_>) -> Option<(ExprId, Val)> {
        if !call.paths.iter().any(|p| p.starts_with("@sinclair/typebox/value.") && p.ends_with("Check")) {
            return None;
        }
        let (schema, value) = (call.args.first()?.clone(), call.args.get(1).filter(|v| v.has_taint())?.clone());
        let read = self.by_schema(&schema, &value, 0);
        let mut now = Value::clone(&value);
        read.fields().for_each(|(name, field)| now.set_field(*name, field.clone()));
        Some((*call.arg_ids.get(1)?, Arc::new(now)))
    }

    /// What is left of a value that a JSON schema describes.
    pub(in crate::semantics::flow) fn by_json_schema(&mut self, schema: &Val, value: &Val, depth: usize) -> Val {
        let part = |name: &str| schema.field(Ustr::from(name)).cloned();
        let word = |name: &str| part(name).and_then(|v| v.as_str());
        let harmless = || Arc::new(Value { types: Types::STRING, ..Value::default() });
        if part("enum").is_some() || part("const").is_some() || part("pattern").is_some_and(|p| is_list(&p)) {
            return harmless();
        }
        // `pattern: "^[a-z0-9-]+$"`
        let kinds = part("pattern").map_or(SinkKinds::NONE, |p| crate::semantics::flow::regex::listed(&p));
        if kinds != SinkKinds::NONE {
            return Arc::new(Value { types: Types::STRING, ..value.cleaned(kinds) });
        }
        let formats = ["uuid", "date", "date-time", "time", "ipv4", "ipv6", "duration"];
        if word("format").is_some_and(|f| formats.contains(&f.as_str())) {
            return harmless();
        }
        let ty = word("type");
        match ty.as_ref().map(|t| t.as_str()) {
            Some("integer" | "number" | "boolean") => {
                return Arc::new(Value { types: Types::NUMBER, prefix: None, ..Value::clone(value) });
            }
            Some("string") => {
                let texts = SinkKind::NoSql.set() | SinkKind::Merge.set() | SinkKind::StringCheck.set();
                return Arc::new(Value { types: Types::STRING, ..value.cleaned(texts) });
            }
            _ => {}
        }
        if depth >= MAX_DEPTH {
            return value.clone();
        }
        let mut out = Value::clone(value);
        if let Some(shape) = part("properties") {
            for (name, inner) in shape.fields() {
                let below = self.plain_member(value, *name, crate::syntax::Span::default());
                let read = self.by_json_schema(inner, &below, depth + 1);
                out.set_field(*name, read);
            }
            out.apis.clear();
        } else if let Some(items) = part("items") {
            let below = self.element(value);
            let read = self.by_json_schema(&items, &below, depth + 1);
            out.set_field(*crate::semantics::flow::value::ELEMENT, read);
        }
        Arc::new(out)
    }

    /// The request of a handler whose route says what may be in it: JSON schemas (Fastify), validators before it
    /// (express-validator).
    pub(in crate::semantics::flow) fn described_request(&mut self, call: &Call<'_>, request: &Val) -> Option<Val> {
        if request.apis.iter().any(|p| *p == "express.Request") {
            return self.checked_request(call, request);
        }
        if !request.apis.iter().any(|p| *p == "fastify.Request") {
            return None;
        }
        let mut out = Value::clone(request);
        for (part, own) in [("body", "body"), ("querystring", "query"), ("query", "query"), ("params", "params")] {
            // As it is written: values are not followed that deep.
            let written = call.arg_ids.iter().find_map(|id| self.written_member(*id, &["schema", part]));
            let known =
                || call.args.iter().find_map(|a| a.field(Ustr::from("schema"))?.field(Ustr::from(part)).cloned());
            let Some(inner) = written.map(|e| self.eval(e)).or_else(known).filter(|s| s.fields.is_some()) else {
                continue;
            };
            let given = self.plain_member(request, Ustr::from(own), call.span);
            let read = self.by_json_schema(&inner, &given, 0);
            out.set_field(Ustr::from(own), read);
        }
        out.fields.is_some().then(|| Arc::new(out))
    }

    /// The expression at a path in an object that is written out.
    fn written_member(&self, id: ExprId, path: &[&str]) -> Option<ExprId> {
        path.iter().try_fold(id, |at, name| {
            let ExprKind::Object(None, members) = &self.hir.expr(at).kind else { return None };
            members.iter().find_map(|m| match m {
                Member::Field(Key::Name(n), value) if n == name => Some(*value),
                _ => None,
            })
        })
    }

    /// `app.post("/", body("id").isInt(), handler)`: fields of which validators leave nothing that does harm.
    fn checked_request(&mut self, call: &Call<'_>, request: &Val) -> Option<Val> {
        const HARMLESS: [&str; 18] = [
            ".isInt(",
            ".isNumeric(",
            ".isUUID(",
            ".isIn(",
            ".isAlphanumeric(",
            ".isAlpha(",
            ".isMongoId(",
            ".isBoolean(",
            ".toInt(",
            ".toFloat(",
            ".isFloat(",
            ".isDecimal(",
            ".isHexadecimal(",
            ".isISO8601(",
            ".isDate(",
            ".isPort(",
            ".isIP(",
            ".isSlug(",
        ];
        let whole = self.arena.text();
        if !whole.contains("express-validator")
            || !["validationResult", "matchedData"].iter().any(|w| whole.contains(w))
        {
            return None;
        }
        let mut out = Value::clone(request);
        let mut matched = Value { types: Types::OBJECT, ..Value::default() };
        for id in &call.arg_ids {
            if matches!(self.hir.expr(*id).kind, ExprKind::Function(_) | ExprKind::Child(_)) {
                continue;
            }
            let text = self.arena.slice(self.hir.expr(*id).span);
            for (function, parts) in [
                ("body(", &["body"][..]),
                ("query(", &["query"]),
                ("param(", &["params"]),
                ("check(", &["body", "query", "params"]),
            ] {
                for (at, _) in text.match_indices(function) {
                    let own = !text[..at].ends_with(|c: char| c.is_alphanumeric() || matches!(c, '_' | '.'));
                    let rest = &text[at + function.len()..];
                    let Some(quote) = rest.chars().next().filter(|c| matches!(c, '\'' | '"')) else { continue };
                    let Some((name, checks)) = rest[1..].split_once(quote) else { continue };
                    // Up to the next validator of a list.
                    let checks = checks.split_once("),").map_or(checks, |(c, _)| c);
                    if !own || name.contains(['.', '*']) || !HARMLESS.iter().any(|h| checks.contains(h)) {
                        continue;
                    }
                    for part in parts {
                        let part = Ustr::from(part);
                        let given =
                            out.field(part).cloned().unwrap_or_else(|| self.plain_member(request, part, call.span));
                        let field = self.plain_member(&given, Ustr::from(name), call.span);
                        let field = Arc::new(Value { types: Types::NUMBER, prefix: None, ..Value::clone(&field) });
                        matched.set_field(Ustr::from(name), field.clone());
                        out.set_field(part, Arc::new(given.with_field(Ustr::from(name), field)));
                    }
                }
            }
        }
        matched.fields.as_ref()?;
        out.set_field(Ustr::from(MATCHED), Arc::new(matched));
        Some(Arc::new(out))
    }

    /// `matchedData(request)`: what validators saw.
    fn matched_data(&mut self, call: &Call<'_>) -> Option<Val> {
        let matched = call.paths.iter().any(|p| *p == "express-validator.matchedData");
        let checked = call.args.first().filter(|_| matched)?.field(Ustr::from(MATCHED))?.clone();
        let seen = self.call_sources(call, unknown());
        let mut out = Value::clone(&seen);
        checked.fields().for_each(|(name, value)| out.set_field(*name, value.clone()));
        Some(Arc::new(out))
    }

    /// A call that makes a schema, refines one, or reads something by one.
    pub(in crate::semantics::flow) fn schema_call(&mut self, call: &Call<'_>) -> Option<Val> {
        if let Some(made) = self.compiled(call) {
            return Some(made);
        }
        if let Some(made) = self.matched_data(call) {
            return Some(made);
        }
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
        if let Some(read) = self.functional(call, path) {
            return Some(read);
        }
        self.insisted(call, receiver);
        let made = || Value { apis: smallvec![Ustr::from(&format!("{path}()"))], ..Value::default() };
        let kept = |name: &str| receiver.and_then(|r| r.field(Ustr::from(name)).cloned());
        match call.name.as_str() {
            "keys" if path.contains("joi") => {
                let shape = call.args.first()?;
                Some(Arc::new(made().with_field(Ustr::from(SHAPE), shape.clone())))
            }
            "object" | "strictObject" | "looseObject" | "interface" | "type" | "Object" => {
                let shape = call.args.first()?;
                Some(Arc::new(made().with_field(Ustr::from(SHAPE), shape.clone())))
            }
            // What is one of several constants is harmless.
            "union" | "Union" => {
                let list = call.args.first()?;
                let constant = |part: &Val| {
                    part.apis.iter().any(|p| {
                        [".literal()", ".Literal()", ".enum()", ".nativeEnum()"].iter().any(|k| p.ends_with(k))
                    })
                };
                let all: Vec<Val> = (0..16).map_while(|n| list.field(position(n)).cloned()).collect();
                let listed = !all.is_empty() && all.len() < 16 && all.iter().all(constant);
                let kind = if listed { "zod.z.enum()" } else { "zod.z.union()" };
                Some(Arc::new(Value { apis: smallvec![Ustr::from(kind)], ..Value::default() }))
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

    /// Schemas that are read by functions: `v.parse(schema, x)`, `v.pipe(v.string(), v.uuid())` (valibot), `create(x, schema)`
    /// (superstruct).
    fn functional(&mut self, call: &Call<'_>, path: Ustr) -> Option<Val> {
        let of = |library: &str| path.strip_prefix(library);
        let two = |n: usize, m: usize| Some((call.args.get(n)?.clone(), call.args.get(m)?.clone()));
        if let Some(name) = of("valibot.") {
            return match name {
                "parse" | "parseAsync" => {
                    let (schema, value) = two(0, 1)?;
                    Some(self.by_schema(&schema, &value, 0))
                }
                "safeParse" | "safeParseAsync" => {
                    let (schema, value) = two(0, 1)?;
                    let read = self.by_schema(&schema, &value, 0);
                    let made = Value { types: Types::OBJECT, ..Value::default() };
                    Some(Arc::new(made.with_field(Ustr::from("output"), read)))
                }
                "pipe" => {
                    let listed = |a: &&Val| a.apis.iter().any(|p| VALIBOT.contains(&p.as_str()));
                    let known = call.args.iter().skip(1).find(listed).or(call.args.first())?;
                    Some(known.clone())
                }
                "regex" if crate::semantics::flow::regex::lists(call) => {
                    Some(Arc::new(Value { apis: smallvec![Ustr::from("valibot.enum()")], ..Value::default() }))
                }
                _ => None,
            };
        }
        if let Some("create" | "mask") = of("superstruct.") {
            let (value, schema) = two(0, 1)?;
            return Some(self.by_schema(&schema, &value, 0));
        }
        None
    }

    /// What a schema insists on holds of the argument itself afterwards: `await schema.validate(req.body)` throws otherwise, and
    /// whoever asks for `error` or `success` looks at it.
    fn insisted(&mut self, call: &Call<'_>, schema: Option<&Val>) {
        let place = call.arg_ids.first().copied();
        let (Some(schema), Some(place), Some(value)) = (schema, place, call.args.first()) else { return };
        if schema.fields.is_none() || !value.has_taint() || !self.is_place(place) {
            return;
        }
        let text = self.arena.text();
        let throws = matches!(call.name.as_str(), "parse" | "parseAsync" | "validateSync" | "validateAsync")
            || call.name == "validate" && call.paths.iter().any(|p| p.starts_with("yup."));
        let asked = match call.name.as_str() {
            "validate" => text.contains("error"),
            "safeParse" | "safeParseAsync" => text.contains("success"),
            "isValid" | "isValidSync" => true,
            _ => false,
        };
        if !throws && !asked {
            return;
        }
        let read = self.by_schema(schema, value, 0);
        let mut now = Value::clone(value);
        read.fields().for_each(|(name, field)| now.set_field(*name, field.clone()));
        if now.fields.is_some() {
            self.put(place, Arc::new(now));
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
        if has(&[
            ".Integer()",
            ".Number()",
            ".Boolean()",
            ".number()",
            ".bigint()",
            ".date()",
            ".int()",
            ".boolean()",
            ".coerce.number",
            ".coerce.boolean",
        ]) {
            let digits = Value { types: Types::NUMBER, prefix: None, ..Value::clone(value) };
            return Arc::new(digits);
        }
        if has(&[
            ".Literal()",
            ".picklist()",
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
