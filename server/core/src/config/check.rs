//! Checks a TOML document against the JSON schema: unknown keys and wrong types, each with its place and a suggestion.

use std::ops::Range;

use serde_json::Value;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::error::Problem;

/// Checks a whole document.
pub(super) fn check(table: &Spanned<DeTable<'_>>, schema: &Value) -> Vec<Problem> {
    let mut checker = Checker { root: schema, problems: Vec::new() };
    checker.table(table.get_ref(), table.span(), schema, "");
    checker.problems
}

struct Checker<'a> {
    root: &'a Value,
    problems: Vec<Problem>,
}

impl<'a> Checker<'a> {
    /// Follows `$ref`, also inside of an `anyOf` that only adds a description.
    fn resolve(&self, mut schema: &'a Value) -> &'a Value {
        // Bounded: a schema whose references form a cycle must not hang the check.
        for _ in 0..8 {
            let Some(path) = schema.get("$ref").and_then(Value::as_str).and_then(|r| r.strip_prefix('#')) else {
                break;
            };
            let Some(next) = self.root.pointer(path) else { break };
            schema = next;
        }
        schema
    }

    fn report(&mut self, range: Range<usize>, message: String, help: Option<String>) {
        self.problems.push(Problem { range: Some(range), message, help });
    }

    // The TOML parser bounds nesting, and every level of the document must also be one of the schema.
    fn value(&mut self, value: &Spanned<DeValue<'_>>, schema: &'a Value, path: &str) {
        let schema = self.resolve(schema);
        if let Some(names) = names(schema) {
            let got = match value.get_ref() {
                DeValue::String(s) => s.as_ref(),
                _ => "",
            };
            if !names.contains(&got) {
                let help = near(got, &names).map(|n| format!("did you mean `{n}`?"));
                let listed = names.join("`, `");
                self.report(value.span(), format!("`{path}` must be one of `{listed}`"), help);
            }
            return;
        }
        let wanted = schema.get("type").and_then(Value::as_str).unwrap_or("any");
        match (value.get_ref(), wanted) {
            (DeValue::Table(table), "object") => self.table(table, value.span(), schema, path),
            (DeValue::Array(array), "array") => {
                if let Some(items) = schema.get("items") {
                    for (i, item) in array.iter().enumerate() {
                        self.value(item, items, &format!("{path}[{i}]"));
                    }
                }
            }
            (DeValue::String(_), "string") | (DeValue::Boolean(_), "boolean") | (_, "any") => {}
            (DeValue::Integer(n), "integer") => self.integer(n, value.span(), schema, path),
            (DeValue::Integer(n), "number") => self.number(n.as_str(), value.span(), schema, path),
            (DeValue::Float(n), "number") => self.number(n.as_str(), value.span(), schema, path),
            (got, _) => {
                let help = (wanted == "array" && matches!(got, DeValue::String(_)))
                    .then(|| "put it in brackets: `[\"..\"]`".to_owned());
                self.report(
                    value.span(),
                    format!("`{path}` must be {}, not {}", type_name(wanted), kind_of(got)),
                    help,
                );
            }
        }
    }

    fn integer(&mut self, n: &toml::de::DeInteger<'_>, span: Range<usize>, schema: &Value, path: &str) {
        let bound = |key| schema.get(key).and_then(Value::as_f64);
        let (min, max) = (bound("minimum").unwrap_or(0.0), bound("maximum").unwrap_or(f64::from(u32::MAX)));
        let digits: String = n.as_str().chars().filter(|c| *c != '_').collect();
        let inside = i64::from_str_radix(&digits, n.radix()).is_ok_and(|n| (min..=max).contains(&(n as f64)));
        if !inside {
            self.report(span, format!("`{path}` must lie between {min} and {max}"), None);
        }
    }

    fn number(&mut self, text: &str, span: Range<usize>, schema: &Value, path: &str) {
        let bound = |key| schema.get(key).and_then(Value::as_f64);
        let (min, max) = (bound("minimum").unwrap_or(f64::MIN), bound("maximum").unwrap_or(f64::MAX));
        let digits: String = text.chars().filter(|c| *c != '_').collect();
        // What cannot be read here is told by what reads the values.
        if digits.parse::<f64>().is_ok_and(|n| !(min..=max).contains(&n)) {
            self.report(span, format!("`{path}` must lie between {min} and {max}"), None);
        }
    }

    fn table(&mut self, table: &DeTable<'_>, span: Range<usize>, schema: &'a Value, path: &str) {
        let empty = serde_json::Map::new();
        let properties = schema.get("properties").and_then(Value::as_object).unwrap_or(&empty);
        let others = schema.get("additionalProperties").filter(|s| s.is_object());
        for (key, value) in table.iter() {
            let name = key.get_ref().as_ref();
            let path = if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") };
            // Both live as long as the schema, though `properties` may be the local empty map.
            let schema = schema.get("properties").and_then(|p| p.get(name)).or(others);
            match schema {
                Some(schema) => self.value(value, schema, &path),
                None => {
                    let known: Vec<&str> = properties.keys().map(String::as_str).filter(|k| *k != "$schema").collect();
                    let (message, help) = unknown_key(name, &path, &known);
                    self.report(key.span(), message, help);
                }
            }
        }
        let required = schema.get("required").and_then(Value::as_array).into_iter().flatten();
        for name in required.filter_map(Value::as_str) {
            if !table.iter().any(|(k, _)| k.get_ref() == name) {
                self.report(span.clone(), format!("`{path}` lacks `{name}`"), None);
            }
        }
    }
}

fn unknown_key(name: &str, path: &str, known: &[&str]) -> (String, Option<String>) {
    let help = match near(name, known) {
        // A library does the same in all files that a program is made of, but for those of a package of its own.
        None if path.starts_with("overrides[") && matches!(name, "model" | "models") => {
            "models hold for the whole folder of their `sidenote.toml`: put one into the folder that they are for"
                .to_owned()
        }
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("known keys are `{}`", known.join("`, `")),
    };
    (format!("unknown key `{path}`"), Some(help))
}

/// The allowed strings of an enumeration, however schemars wrote it.
fn names(schema: &Value) -> Option<Vec<&str>> {
    if let Some(list) = schema.get("enum").and_then(Value::as_array) {
        return Some(list.iter().filter_map(Value::as_str).collect());
    }
    let list = schema.get("oneOf").and_then(Value::as_array)?;
    Some(list.iter().filter_map(|v| v.get("const")).filter_map(Value::as_str).collect())
}

/// The known name that looks most like a mistyped one, if any does.
pub(super) fn near<'n>(name: &str, known: &[&'n str]) -> Option<&'n str> {
    let lower = name.to_lowercase().replace('_', "-");
    let scored = known.iter().map(|k| (strsim::jaro_winkler(&lower, k), *k));
    scored.filter(|(s, _)| *s > 0.8).max_by(|a, b| a.0.total_cmp(&b.0)).map(|(_, k)| k)
}

fn type_name(json: &str) -> &'static str {
    match json {
        "object" => "a table",
        "array" => "a list",
        "string" => "a string",
        "boolean" => "true or false",
        "integer" => "a whole number",
        "number" => "a number",
        _ => "something else",
    }
}

fn kind_of(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) => "a string",
        DeValue::Integer(_) => "a whole number",
        DeValue::Float(_) => "a fraction",
        DeValue::Boolean(_) => "true or false",
        DeValue::Datetime(_) => "a date",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a table",
    }
}
