//! From YAML to rules. What is wrong is told with its place.

use std::ops::Range;

use ast_grep_config::{GlobalRules, RuleConfig, RuleConfigError, SerializableRuleConfig};
use ast_grep_core::matcher::{Pattern as CodePattern, RegexMatcher};
use serde_json::{Map, Value};
use sidenote_grammars::{Family, LANGUAGES};
use toml::Spanned;

use super::language::Lang;
use super::{Pattern, interned};
use crate::config::{Globs, Problem};
use crate::findings::{Category, Confidence, Severity};
use crate::rules::{self, Docs, Rule};

/// Deepest nesting of a rule.
const MAX_DEPTH: usize = 48;
/// Most rules in a file.
const MAX_RULES: usize = 500;
/// Longest id, in bytes.
const MAX_ID: usize = 80;

/// What a file holds.
#[derive(Default)]
pub(crate) struct Loaded {
    pub patterns: Vec<Pattern>,
    /// Cases of rules that may be in another file, as ast-grep's test files hold them: the id, with its place; code that must
    /// be silent; code that must not.
    pub cases: Vec<(Spanned<String>, Vec<String>, Vec<String>)>,
}

impl Loaded {
    /// Adds cases to the rule of that id; whether there is one.
    pub(crate) fn attach(patterns: &mut [Pattern], id: &str, valid: &[String], invalid: &[String]) -> bool {
        let Some(pattern) = patterns.iter_mut().find(|p| p.rule.id == id) else { return false };
        pattern.valid.extend_from_slice(valid);
        pattern.invalid.extend_from_slice(invalid);
        true
    }
}

/// Reads a file with rules and cases, one a YAML document.
pub(crate) fn load(text: &str, problems: &mut Vec<Problem>) -> Loaded {
    let mut loaded = Loaded::default();
    for range in documents(text) {
        let document = Document { text, range };
        if loaded.patterns.len() >= MAX_RULES {
            problems.push(document.problem(
                document.range.start..document.range.start,
                format!("more than {MAX_RULES} rules in one file"),
                None,
            ));
            break;
        }
        if let Err(problem) = document.read(&mut loaded) {
            problems.push(problem);
        }
    }
    loaded
}

/// The documents of a file: they are parted by lines that begin with `---`.
fn documents(text: &str) -> Vec<Range<usize>> {
    let mut out = Vec::new();
    let (mut start, mut at) = (0, 0);
    for line in text.split_inclusive('\n') {
        if line.strip_prefix("---").is_some_and(|rest| rest.trim().is_empty() || rest.starts_with([' ', '\t'])) {
            out.push(start..at);
            // What stands behind the dashes belongs to the next one.
            start = at + 3;
        }
        at += line.len();
    }
    out.push(start..text.len());
    out.retain(|r| !text[r.clone()].trim().is_empty());
    out
}

/// One document of a file.
struct Document<'t> {
    text: &'t str,
    range: Range<usize>,
}

type Result<T> = std::result::Result<T, Problem>;

impl Document<'_> {
    fn own(&self) -> &str {
        &self.text[self.range.clone()]
    }

    fn problem(&self, range: Range<usize>, message: String, help: Option<String>) -> Problem {
        Problem { range: Some(range), message, help }
    }

    /// The place of a key, else of the document's first line. Of several keys of that name the first one counts.
    fn key(&self, name: &str) -> Range<usize> {
        let mut at = self.range.start;
        for line in self.own().split_inclusive('\n') {
            let lead = line.len() - line.trim_start_matches([' ', '\t', '-']).len();
            let rest = &line[lead..];
            let bare = rest.trim_start_matches(['"', '\'']);
            let quotes = rest.len() - bare.len();
            let found = bare
                .strip_prefix(name)
                .is_some_and(|r| r.trim_start_matches(['"', '\'']).trim_start().starts_with(':'));
            if found && !name.is_empty() {
                return at + lead + quotes..at + lead + quotes + name.len();
            }
            at += line.len();
        }
        self.first()
    }

    /// The place of some text, else of a key.
    fn part(&self, text: &str, key: &str) -> Range<usize> {
        let line = text.lines().map(str::trim).find(|l| !l.is_empty()).unwrap_or_default();
        match self.own().find(line).filter(|_| !line.is_empty()) {
            Some(at) => self.range.start + at..self.range.start + at + line.len(),
            None => self.key(key),
        }
    }

    fn first(&self) -> Range<usize> {
        let own = self.own();
        let at = self.range.start + (own.len() - own.trim_start().len());
        at..at + self.text[at..].lines().next().map_or(0, str::len)
    }

    fn at_key<T>(&self, key: &str, message: impl Into<String>, help: impl Into<Option<&'static str>>) -> Result<T> {
        Err(self.problem(self.key(key), message.into(), help.into().map(str::to_owned)))
    }

    fn read(&self, loaded: &mut Loaded) -> Result<()> {
        let value: Value = ast_grep_config::from_str(self.own())
            .map_err(|error| self.syntax(&error.to_string(), error.location().map(|l| (l.line(), l.column()))))?;
        let mut map = match value {
            Value::Null => return Ok(()),
            Value::Object(map) => map,
            _ => {
                return Err(self.problem(
                    self.first(),
                    "a rule is a table of keys and values".into(),
                    Some("write `id:`, `language:`, `rule:`".into()),
                ));
            }
        };
        if depth(&map) > MAX_DEPTH {
            return Err(self.problem(self.first(), format!("nested more than {MAX_DEPTH} levels deep"), None));
        }
        let id = match map.get("id") {
            Some(Value::String(id)) => id.clone(),
            Some(_) => return self.at_key("id", "`id` must be text", None),
            None => {
                return Err(self.problem(
                    self.first(),
                    "a rule lacks its `id`".into(),
                    Some("write `id: my-rule`".into()),
                ));
            }
        };
        if !map.contains_key("rule") && (map.contains_key("valid") || map.contains_key("invalid")) {
            let (valid, invalid) = self.cases(&mut map)?;
            if let Some(other) = map.keys().find(|k| *k != "id") {
                return self.at_key(
                    other,
                    format!("unknown key `{other}` of a rule's cases"),
                    "they have `id`, `valid` and `invalid`",
                );
            }
            loaded.cases.push((Spanned::new(self.key("id"), id), valid, invalid));
            return Ok(());
        }
        if id.len() > MAX_ID
            || !id.starts_with(|c: char| c.is_ascii_lowercase())
            || !id.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
        {
            return self.at_key(
                "id",
                "an id has small letters, digits and dashes, and begins with a letter",
                "write it like `no-console-log`",
            );
        }
        if rules::find(&id).is_some()
            || matches!(&*id, "all" | "default")
            || Category::ALL.iter().any(|c| c.name() == id)
        {
            return self.at_key(
                "id",
                format!("`{id}` is the name of a built-in rule or category"),
                "give it another one",
            );
        }
        if loaded.patterns.iter().any(|p| p.rule.id == id) {
            return self.at_key("id", format!("`{id}` is there twice"), None);
        }
        let pattern = self.pattern(&id, map)?;
        loaded.patterns.push(pattern);
        Ok(())
    }

    fn syntax(&self, message: &str, place: Option<(u64, u64)>) -> Problem {
        // The first line says what is wrong; what follows is a picture of the place.
        let line = message.lines().find(|l| !l.trim().is_empty()).unwrap_or("no YAML").trim().trim_end_matches('.');
        let line = line.strip_prefix("error: ").unwrap_or(line);
        let range = place.map_or_else(
            || self.first(),
            |(line, column)| {
                let mut at = self.range.start;
                for (n, text) in self.own().split_inclusive('\n').enumerate() {
                    if n as u64 + 1 == line {
                        let column = column.saturating_sub(1) as usize;
                        let skip = text.char_indices().nth(column).map_or(text.trim_end().len(), |(i, _)| i);
                        return at + skip..at + text.trim_end().len().max(skip);
                    }
                    at += text.len();
                }
                self.first()
            },
        );
        let shown: String = line.chars().take(200).collect();
        self.problem(range, format!("this YAML cannot be used: {shown}"), None)
    }

    /// Takes code out of a table.
    fn cases(&self, map: &mut Map<String, Value>) -> Result<(Vec<String>, Vec<String>)> {
        let mut take = |key: &str| match map.remove(key) {
            None => Ok(Vec::new()),
            Some(Value::Array(list)) => list
                .into_iter()
                .map(|v| match v {
                    Value::String(s) => Ok(s),
                    _ => self.at_key(
                        key,
                        format!("`{key}` is a list of code, as text"),
                        "put code with `:` or `#` into quotes or behind `|`",
                    ),
                })
                .collect(),
            Some(_) => self.at_key(key, format!("`{key}` must be a list"), None),
        };
        Ok((take("valid")?, take("invalid")?))
    }

    fn pattern(&self, id: &str, mut map: Map<String, Value>) -> Result<Pattern> {
        let languages = self.languages(&mut map)?;
        let (severity, on) = self.severity(map.remove("severity"))?;
        let category = match map.remove("category") {
            None => Category::Quality,
            Some(Value::String(name)) => match Category::ALL.into_iter().find(|c| c.name() == name) {
                Some(category) => category,
                None => {
                    return self.at_key(
                        "category",
                        format!("there is no category `{name}`"),
                        "write security, performance or quality",
                    );
                }
            },
            Some(_) => return self.at_key("category", "`category` must be text", None),
        };
        let cwe = match map.remove("cwe") {
            None => Vec::new(),
            Some(Value::Array(list)) => list
                .iter()
                .map(|v| v.as_u64().and_then(|n| u16::try_from(n).ok()))
                .collect::<Option<Vec<u16>>>()
                .map_or_else(|| self.at_key("cwe", "`cwe` is a list of numbers", "write `cwe: [79]`"), Ok)?,
            Some(Value::Number(n)) => vec![n.as_u64().and_then(|n| u16::try_from(n).ok()).unwrap_or_default()],
            Some(_) => return self.at_key("cwe", "`cwe` is a list of numbers", "write `cwe: [79]`"),
        };
        let safe_fix = match map.remove("safe-fix") {
            None => false,
            Some(Value::Bool(safe)) => safe,
            Some(_) => return self.at_key("safe-fix", "`safe-fix` must be true or false", None),
        };
        let (valid, invalid) = match map.remove("tests") {
            None => (Vec::new(), Vec::new()),
            Some(Value::Object(mut tests)) => {
                let cases = self.cases(&mut tests)?;
                if let Some(other) = tests.keys().next() {
                    return self.at_key(
                        other,
                        format!("unknown key `{other}` of `tests`"),
                        "they have `valid` and `invalid`",
                    );
                }
                cases
            }
            Some(_) => return self.at_key("tests", "`tests` must be a table with `valid` and `invalid`", None),
        };
        let files = self.globs(&map, "files")?;
        let ignores = self.globs(&map, "ignores")?;
        let text =
            |key: &str| map.get(key).and_then(Value::as_str).map(|s| s.trim().to_owned()).filter(|s| !s.is_empty());
        let message = text("message").unwrap_or_else(|| format!("Code that `{id}` is about."));
        let note = text("note");
        let has_fix = map.contains_key("fix");
        let mut matchers = Vec::new();
        for language in &languages {
            matchers.push(self.matcher(&map, *language)?);
        }
        let mut families: Vec<Family> = languages.iter().map(|l| l.0.family).collect();
        families.dedup();
        let mut key = blake3::Hasher::new();
        key.update(self.own().as_bytes());
        let rule = interned(key.finalize(), || {
            let leak = |text: String| -> &'static str { Box::leak(text.into_boxed_str()) };
            let summary = message.lines().next().unwrap_or_default().trim_end_matches('.').to_owned();
            Rule {
                id: leak(id.to_owned()),
                summary: leak(summary),
                category,
                severity,
                confidence: Confidence::High,
                cwe: Box::leak(cwe.into_boxed_slice()),
                families: Box::leak(families.into_boxed_slice()),
                default_on: on,
                in_tests: true,
                docs: Docs {
                    what: leak(message.clone()),
                    why: leak(note.unwrap_or_else(|| "A rule of this repository.".to_owned())),
                    example: leak(invalid.first().cloned().unwrap_or_default()),
                    instead: leak(valid.first().cloned().unwrap_or_default()),
                    limits: "It sees the shape of the code alone.",
                    fix: match (has_fix, safe_fix) {
                        (false, _) => "",
                        (true, true) => "The rule says that its fix is safe.",
                        (true, false) => "Have a look at the fix before it is applied.",
                    },
                },
                checks: &[],
                cases: &[],
            }
        });
        Ok(Pattern { rule, matchers, files, ignores, safe_fix, valid, invalid })
    }

    fn languages(&self, map: &mut Map<String, Value>) -> Result<Vec<Lang>> {
        let named = |value: &Value, key: &str| match value.as_str().and_then(Lang::named) {
            Some(language) => Ok(language),
            None => {
                let shown: String =
                    value.as_str().map_or_else(|| value.to_string(), str::to_owned).chars().take(40).collect();
                let known: Vec<&str> = LANGUAGES.iter().map(|l| l.name).collect();
                Err(self.problem(
                    self.key(key),
                    format!("`{shown}` is no language that Sidenote reads"),
                    Some(format!("write one of {}", known.join(", "))),
                ))
            }
        };
        match (map.remove("language"), map.remove("languages")) {
            (Some(_), Some(_)) => {
                self.at_key("languages", "`language` and `languages` exclude each other", "leave one out")
            }
            (Some(one), None) => Ok(vec![named(&one, "language")?]),
            (None, Some(Value::Array(list))) if !list.is_empty() => {
                let mut out = Vec::new();
                for value in &list {
                    let language = named(value, "languages")?;
                    if !out.contains(&language) {
                        out.push(language);
                    }
                }
                Ok(out)
            }
            (None, Some(_)) => {
                self.at_key("languages", "`languages` must be a list", "write `languages: [typescript, tsx]`")
            }
            (None, None) => Err(self.problem(
                self.first(),
                "a rule lacks its `language`".into(),
                Some("write `language: typescript`, or `languages:` with a list".into()),
            )),
        }
    }

    /// ast-grep's severities and Sidenote's, and whether the rule is on.
    fn severity(&self, value: Option<Value>) -> Result<(Severity, bool)> {
        let name = match value {
            None => return Ok((Severity::Low, true)),
            Some(Value::String(name)) => name,
            Some(_) => return self.at_key("severity", "`severity` must be text", None),
        };
        Ok(match name.as_str() {
            "hint" | "info" => (Severity::Info, true),
            "low" => (Severity::Low, true),
            "warning" | "medium" => (Severity::Medium, true),
            "error" | "high" => (Severity::High, true),
            "critical" => (Severity::Critical, true),
            "off" => (Severity::Info, false),
            _ => {
                return self.at_key(
                    "severity",
                    format!("there is no severity `{name}`"),
                    "write hint, info, warning, error, off, or low, medium, high, critical",
                );
            }
        })
    }

    fn globs(&self, map: &Map<String, Value>, key: &str) -> Result<Option<Globs>> {
        let Some(list) = map.get(key).and_then(Value::as_array) else { return Ok(None) };
        let text = |v: &Value| v.as_str().or_else(|| v.get("glob").and_then(Value::as_str)).map(str::to_owned);
        let patterns: Vec<Spanned<String>> =
            list.iter().filter_map(text).map(|g| Spanned::new(self.key(key), g)).collect();
        let mut problems = Vec::new();
        let globs = Globs::new(&patterns, &mut problems);
        problems.into_iter().next().map_or(Ok(Some(globs)), Err)
    }

    fn matcher(&self, map: &Map<String, Value>, language: Lang) -> Result<RuleConfig<Lang>> {
        for section in ["rule", "utils", "constraints"] {
            if let Some(value) = map.get(section) {
                self.parts(value, language)?;
            }
        }
        let mut map = map.clone();
        map.insert("language".into(), language.0.name.into());
        let config: SerializableRuleConfig<Lang> = serde_json::from_value(Value::Object(map)).map_err(|error| {
            let message = error.to_string();
            let named = message.split('`').nth(1).unwrap_or_default();
            let known = [
                "id",
                "language",
                "languages",
                "rule",
                "constraints",
                "utils",
                "transform",
                "fix",
                "rewriters",
                "message",
                "note",
                "severity",
                "labels",
                "files",
                "ignores",
                "url",
                "metadata",
                "category",
                "cwe",
                "safe-fix",
                "tests",
            ];
            let near = known
                .iter()
                .map(|k| (strsim::jaro_winkler(named, k), *k))
                .filter(|(s, _)| *s > 0.8)
                .max_by(|a, b| a.0.total_cmp(&b.0));
            match message.starts_with("unknown field") {
                true => self.problem(
                    self.key(named),
                    format!("unknown key `{named}`"),
                    Some(near.map_or_else(
                        || format!("known keys are `{}`", known.join("`, `")),
                        |(_, k)| format!("did you mean `{k}`?"),
                    )),
                ),
                false => self.problem(self.key(if named.is_empty() { "rule" } else { named }), message, None),
            }
        })?;
        RuleConfig::try_from(config, &GlobalRules::default()).map_err(|error| self.refused(&error))
    }

    /// What is wrong with a single pattern, kind or expression, before ast-grep puts them together: so its place is known.
    fn parts(&self, value: &Value, language: Lang) -> Result<()> {
        // Nesting is bounded: see MAX_DEPTH.
        match value {
            Value::Array(list) => list.iter().try_for_each(|v| self.parts(v, language)),
            Value::Object(map) => map.iter().try_for_each(|(key, value)| match (key.as_str(), value.as_str()) {
                ("pattern", Some(text)) => match CodePattern::try_new(text, language) {
                    Err(error) => Err(self.problem(
                        self.part(text, "pattern"),
                        format!("this is no pattern of {}: {}", language.0.name, chain(&error)),
                        Some("write one whole piece of code; for a part of one use `pattern: { context: .., selector: .. }`".into()),
                    )),
                    Ok(pattern) if pattern.has_error() => Err(self.problem(
                        self.part(text, "pattern"),
                        format!("this pattern is no code of {}", language.0.name),
                        Some("write one whole piece of code; `$NAME` stands for a node and `$$$NAME` for many".into()),
                    )),
                    Ok(_) => Ok(()),
                },
                ("kind", Some(text)) if text.chars().all(|c| c.is_ascii_lowercase() || c == '_') => {
                    if language.0.grammar().id_for_node_kind(text, true) != 0 {
                        return Ok(());
                    }
                    let grammar = language.0.grammar();
                    let kinds = (0..grammar.node_kind_count() as u16).filter(|id| grammar.node_kind_is_named(*id)).filter_map(|id| grammar.node_kind_for_id(id));
                    let near = kinds.map(|k| (strsim::jaro_winkler(text, k), k)).filter(|(s, _)| *s > 0.8).max_by(|a, b| a.0.total_cmp(&b.0));
                    Err(self.problem(self.part(text, "kind"), format!("{} has no kind of node `{text}`", language.0.name), near.map(|(_, k)| format!("did you mean `{k}`?"))))
                }
                ("regex", Some(text)) => match RegexMatcher::try_new(text) {
                    Ok(_) => Ok(()),
                    Err(error) => Err(self.problem(self.part(text, "regex"), format!("this is no regular expression: {}", chain(&error)), Some("look-around and back-references do not exist: they cannot be matched in linear time".into()))),
                },
                _ => self.parts(value, language),
            }),
            _ => Ok(()),
        }
    }

    fn refused(&self, error: &RuleConfigError) -> Problem {
        use ast_grep_config::RuleCoreError as Core;
        let (key, help) = match error {
            RuleConfigError::Core(Core::Utils(_)) => ("utils", None),
            RuleConfigError::Core(Core::Constraints(_)) => ("constraints", None),
            RuleConfigError::Core(Core::Transform(_)) => ("transform", None),
            RuleConfigError::Core(Core::UndefinedMetaVar(_, section)) => {
                (*section, Some("a variable must occur in `rule` before it is used"))
            }
            RuleConfigError::Fixer(_) => ("fix", None),
            RuleConfigError::Rewriter(_) | RuleConfigError::UndefinedRewriter(_) => ("rewriters", None),
            RuleConfigError::LabelVariable(_) => ("labels", None),
            RuleConfigError::MissingPotentialKinds => ("rule", Some("add a `pattern` or a `kind` to it")),
            _ => ("rule", None),
        };
        let message = chain(error);
        let message = message.trim_end_matches('.').to_owned();
        self.problem(self.key(key), message, help.map(str::to_owned))
    }
}

/// An error with its causes.
fn chain(error: &dyn std::error::Error) -> String {
    let texts =
        std::iter::successors(Some(error), |e| e.source()).map(|e| e.to_string().trim_end_matches('.').to_owned());
    let mut out: Vec<String> = Vec::new();
    for text in texts {
        if !out.iter().any(|o| o.contains(&text)) {
            out.push(text);
        }
    }
    out.join(": ").chars().take(300).collect()
}

fn depth(map: &Map<String, Value>) -> usize {
    let mut deepest = 0;
    let mut stack: Vec<(&Value, usize)> = map.values().map(|v| (v, 1)).collect();
    while let Some((value, depth)) = stack.pop() {
        deepest = deepest.max(depth);
        match value {
            Value::Array(list) => stack.extend(list.iter().map(|v| (v, depth + 1))),
            Value::Object(map) => stack.extend(map.values().map(|v| (v, depth + 1))),
            _ => {}
        }
    }
    deepest
}
