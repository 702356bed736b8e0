//! `sidenote explain --trace FILE:LINE`: why there is a finding, or why there is none.

use std::io::{self, Write};
use std::ops::Range;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use sidenote_core::config::{Settings, discover, repository_root};
use sidenote_core::document::Document;
use sidenote_core::engine::{Engine, Memo, Report, why_skip};
use sidenote_core::findings::{Finding, Location};
use sidenote_core::grammars;
use sidenote_core::program::{Program, Source};
use sidenote_core::rules;
use sidenote_core::semantics::flow::trace::{CallTrace, Data, SinkTrace, Stop, Trace, Verdict};
use sidenote_core::system::{OsSystem, System};
use sidenote_core::text::Text;

use crate::args::{Explain as Args, Selection};
use crate::error::{CLEAN, Error};
use crate::{output, scan, style};

/// Most known barriers that are named.
const MAX_BARRIERS: usize = 8;

/// Runs it.
pub fn run(place: &str, args: &Args) -> Result<u8, Error> {
    let wrong = |why: String| Error::Place { place: style::printable(place), why };
    let (file, line, column) = parse(place).ok_or_else(|| wrong("a line is missing".into()))?;
    let path = file.canonicalize().map_err(|source| Error::Path { path: file.clone(), source })?;
    let text = OsSystem.read(&path).ok_or_else(|| wrong("the file is no readable text".into()))?;
    let language = grammars::by_path(&path.to_string_lossy())
        .or_else(|| grammars::by_shebang(&text))
        .ok_or_else(|| Error::Language(style::printable(&file.to_string_lossy())))?;
    why_skip(text.as_bytes()).map_err(|why| wrong(format!("the file is not analysed: {}", why.explain())))?;
    let folder = path.parent().unwrap_or(Path::new("/")).to_owned();
    // Who calls the file matters too: all of the repository, or of the configuration's folder, is read. Without either a folder
    // may hold anything.
    let home = discover(&OsSystem, &folder).and_then(|f| f.parent().map(Path::to_owned));
    let around = repository_root(&OsSystem, &folder).or(home).unwrap_or_else(|| path.clone());
    let (workspace, mut program) =
        scan::linked(&Selection { config: args.config.clone(), ..Selection::of_folder(&around) })?;
    let config = super::config::of(args.config.as_deref(), &folder, workspace.root())?;
    let document =
        Document::new(&workspace.relative(&path), language, &text, 0).map_err(|error| wrong(format!("{error}")))?;
    let rope = document.text();
    if line > rope.lines() {
        return Err(wrong(format!("the file has {} lines", rope.lines())));
    }
    let range = wanted(rope, line, column);
    let mut engine = Engine::new(config);
    engine.ask_for([document.path().to_owned()]);
    let settings = engine.config().settings(document.path());
    program.set(document.path(), Source::new(engine.place(document.path()), document.blocks(), rope, &settings.models));
    // One worker with a stack for deep code: what is recorded is recorded on its thread.
    let trace = scan::workers(Some(1))?
        .install(|| engine.trace_during(&document, &range, || drop(program.analyze(&sidenote_core::program::Alone))));
    let mut memo = Memo::default();
    if let Some(flow) = program.flow(document.path()) {
        memo.set_flow(flow);
    }
    let report = engine.analyze_again(&document, &mut memo);
    let range = trace.range.clone();
    let answer = Answer {
        file: &file,
        text: rope,
        document: &document,
        settings: &settings,
        program: &program,
        report,
        trace,
        range,
    };
    output::write(None, |out| {
        if args.json {
            serde_json::to_writer_pretty(&mut *out, &answer.json())?;
            return writeln!(out);
        }
        answer.page(out)
    })?;
    Ok(CLEAN)
}

/// `file:line[:column]`; a file's name may hold colons too.
fn parse(place: &str) -> Option<(PathBuf, usize, Option<usize>)> {
    let number = |text: &str| text.parse::<usize>().ok().filter(|n| *n > 0);
    let (rest, last) = place.rsplit_once(':')?;
    let last = number(last)?;
    match rest.rsplit_once(':').and_then(|(file, line)| Some((file, number(line)?))) {
        Some((file, line)) if !file.is_empty() => Some((file.into(), line, Some(last))),
        _ => (!rest.is_empty()).then(|| (rest.into(), last, None)),
    }
}

/// The bytes of a line, or the one at a column, counted in characters.
fn wanted(text: &Text, line: usize, column: Option<usize>) -> Range<usize> {
    let (start, end) = (text.line_start(line - 1), text.line_start(line));
    let Some(column) = column else { return start..end };
    let content = text.slice(start, end);
    let at = content.char_indices().nth(column - 1).map_or(content.len(), |(i, _)| i);
    start + at..(start + at + 1).min(end)
}

struct Answer<'a> {
    file: &'a Path,
    text: &'a Text,
    document: &'a Document,
    settings: &'a Settings,
    program: &'a Program,
    report: Report,
    trace: Trace,
    range: Range<usize>,
}

impl Answer<'_> {
    fn findings(&self) -> Vec<&Finding> {
        let touches =
            |f: &&Finding| f.range.start < self.range.end && self.range.start < f.range.end.max(f.range.start + 1);
        self.report.findings.iter().filter(touches).collect()
    }

    /// The sink that a finding is about.
    fn sink_of(&self, finding: &Finding) -> Option<&SinkTrace> {
        let about = |s: &&SinkTrace| {
            s.kind.rule() == finding.rule.id && s.range.start < finding.range.end && finding.range.start < s.range.end
        };
        self.trace.sinks.iter().filter(about).min_by_key(|s| s.verdict != Verdict::Reached)
    }

    /// Sinks that no finding is about.
    fn other_sinks(&self) -> Vec<&SinkTrace> {
        let findings = self.findings();
        let told: Vec<*const SinkTrace> =
            findings.iter().filter_map(|f| self.sink_of(f)).map(std::ptr::from_ref).collect();
        self.trace
            .sinks
            .iter()
            .filter(|s| !told.contains(&std::ptr::from_ref(*s)) && !s.kind.rule().is_empty())
            .collect()
    }

    /// Why a sink that foreign data reaches has no finding.
    fn silent(&self, sink: &SinkTrace) -> Option<String> {
        if sink.verdict != Verdict::Reached {
            return None;
        }
        let id = sink.kind.rule();
        let Some(index) = rules::index(id) else {
            return Some(format!("no rule speaks of {}", sink.kind.name()));
        };
        let rule = rules::all()[index];
        if !self.settings.rules[index].enabled {
            return Some(format!("the rule `{id}` is off: add it to `[rules] select`"));
        }
        if !rule.families.contains(&self.document.language().family) {
            return Some(format!("the rule `{id}` does not read this language"));
        }
        let beside = self.program.why_beside(self.document.path(), rule).filter(|_| !self.settings.include_tests);
        if let Some(why) = beside {
            return Some(format!("{why}; `include-tests` under `[rules]` has it reported all the same"));
        }
        if !rule.in_tests && !self.settings.include_tests {
            return Some("in test code the rule is silent, unless `include-tests` is set; elsewhere the finding is reported at another place of the same data".to_owned());
        }
        Some("the finding is reported at another place of the same data".to_owned())
    }

    /// What is known to make data harmless for a kind of sink.
    fn barriers(&self, sink: &SinkTrace) -> Vec<String> {
        let catalog = self.settings.models.catalog();
        let mut out: Vec<String> = Vec::new();
        for (_, entry) in catalog.barriers(sink.kind, self.document.language().family) {
            let name = match entry.paths.first() {
                Some(path) => format!("`{path}`"),
                None => entry.what.clone(),
            };
            if !out.contains(&name) {
                out.push(name);
            }
        }
        let more = out.len().saturating_sub(MAX_BARRIERS);
        out.truncate(MAX_BARRIERS);
        if more > 0 {
            out.push(format!("and {more} more (`sidenote models {}`)", sink.kind.name()));
        }
        out
    }

    fn line(&self, offset: usize) -> usize {
        self.text.line_of(offset) + 1
    }

    fn code(&self, offset: usize) -> String {
        let line = self.text.line_of(offset);
        let text = self.text.slice(self.text.line_start(line), self.text.line_start(line + 1));
        let text = style::printable(text.trim());
        match text.char_indices().nth(100) {
            Some((at, _)) => format!("{}…", &text[..at]),
            None => text,
        }
    }

    fn page(&self, out: &mut dyn Write) -> io::Result<()> {
        let (bold, dim, code) = (style::BOLD, style::DIM, style::CODE);
        let start = self.range.start;
        writeln!(
            out,
            "{bold}{}:{}{bold:#}  {code}{}{code:#}",
            style::shown(self.file),
            self.line(start),
            self.code(start)
        )?;
        let findings = self.findings();
        for finding in &findings {
            self.finding(out, finding)?;
        }
        let sinks = self.other_sinks();
        for sink in &sinks {
            writeln!(out)?;
            let rule = sink.kind.rule();
            writeln!(
                out,
                "{bold}`{}` is a sink here{bold:#}  {dim}{} · {rule} · {}{dim:#}",
                style::printable(&sink.name),
                sink.kind.name(),
                sink.verdict.name()
            )?;
            style::prose(out, &sentence(&sink.why), 2, 100)?;
            if let Some(why) = self.silent(sink) {
                style::prose(out, &sentence(&format!("no finding: {why}")), 2, 100)?;
            }
            self.data(out, &sink.data)?;
            let heading = "Where the flow was lost, or where the value comes from";
            self.stops(out, heading, &sink.lost)?;
        }
        if sinks.is_empty() && findings.is_empty() {
            self.nothing(out)?;
        } else if !self.trace.calls.is_empty() {
            self.calls(out)?;
        }
        Ok(())
    }

    fn finding(&self, out: &mut dyn Write, finding: &Finding) -> io::Result<()> {
        let (bold, dim, code) = (style::BOLD, style::DIM, style::CODE);
        let paint = style::severity(finding.severity);
        writeln!(
            out,
            "\n{bold}{}{bold:#}  {paint}{}{paint:#}{dim} · confidence {}{dim:#}",
            finding.rule.id,
            finding.severity.name(),
            finding.confidence.name()
        )?;
        style::prose(out, &style::printable(&finding.message), 2, 100)?;
        if let Some(reason) = &finding.suppressed {
            style::prose(out, &format!("It is suppressed: {}.", style::printable(reason)), 2, 100)?;
        }
        let sink = self.sink_of(finding);
        match sink {
            Some(sink) if !sink.data.is_empty() && finding.flow.iter().all(|(place, _)| place.path.is_none()) => {
                self.data(out, &sink.data)?;
            }
            _ if finding.flow.is_empty() => {
                style::prose(out, "It is found by the code alone: no data needs to flow for it.", 2, 100)?;
            }
            _ => {
                self.flow(out, &finding.flow)?;
                // Steps in other files are told by the finding; checks in this one by what was recorded.
                let barriers = sink.iter().flat_map(|s| &s.data).flat_map(|d| d.barriers.clone());
                self.stops(out, "Checks and sanitizers on the way", &barriers.collect::<Vec<_>>())?;
            }
        }
        writeln!(out, "\n  {bold}What would silence it{bold:#}")?;
        if let Some(sink) = sink {
            let known = self.barriers(sink);
            if !known.is_empty() {
                style::prose(
                    out,
                    &format!("- what is known to make data harmless for {}: {}", sink.kind.name(), known.join(", ")),
                    2,
                    100,
                )?;
            }
            style::prose(
                out,
                "- a comparison with constants, a list of allowed values, a number made of it (where only text harms)",
                2,
                100,
            )?;
            style::prose(
                out,
                "- if a function of yours makes it harmless, a model that says so, in sidenote.toml:",
                2,
                100,
            )?;
            writeln!(out, "      {code}[[model]]{code:#}")?;
            writeln!(out, "      {code}library = \"ours\"{code:#}")?;
            writeln!(out, "      {code}[[model.call]]{code:#}")?;
            writeln!(out, "      {code}fn = [\"yourFunction\"]{code:#}")?;
            writeln!(out, "      {code}flows = [\"arg0 > return\"]{code:#}")?;
            writeln!(out, "      {code}cleans = [\"{}\"]{code:#}", sink.kind.name())?;
        }
        if let Some(fix) = finding.fixes.first() {
            style::prose(out, &format!("- a fix: {}", style::printable(&fix.title)), 2, 100)?;
        }
        writeln!(out, "  - {code}// sidenote: allow({}) -- why this is fine here{code:#}", finding.rule.id)
    }

    fn data(&self, out: &mut dyn Write, data: &[Data]) -> io::Result<()> {
        for data in data {
            let heading = format!("The way of {} ({})", data.what, data.source);
            self.numbered(out, &heading, &data.steps)?;
            self.stops(out, "Checks and sanitizers on the way", &data.barriers)?;
        }
        Ok(())
    }

    fn flow(&self, out: &mut dyn Write, flow: &[(Location, String)]) -> io::Result<()> {
        writeln!(out, "\n  {}The way of the data{:#}", style::BOLD, style::BOLD)?;
        for (n, (place, text)) in flow.iter().enumerate() {
            match &place.path {
                Some(path) => writeln!(out, "  {:>3}. {}:{}  {text}", n + 1, style::printable(path), place.line)?,
                None => self.stop(out, &format!("{:>3}. ", n + 1), place.range.start, text)?,
            }
        }
        Ok(())
    }

    fn numbered(&self, out: &mut dyn Write, heading: &str, stops: &[Stop]) -> io::Result<()> {
        writeln!(out, "\n  {}{}{:#}", style::BOLD, style::printable(heading), style::BOLD)?;
        for (n, stop) in stops.iter().enumerate() {
            self.told(out, &format!("{:>3}. ", n + 1), stop)?;
        }
        Ok(())
    }

    fn stops(&self, out: &mut dyn Write, heading: &str, stops: &[Stop]) -> io::Result<()> {
        if stops.is_empty() {
            return Ok(());
        }
        writeln!(out, "\n  {}{heading}{:#}", style::BOLD, style::BOLD)?;
        stops.iter().try_for_each(|stop| self.told(out, "  - ", stop))
    }

    fn told(&self, out: &mut dyn Write, lead: &str, stop: &Stop) -> io::Result<()> {
        match &stop.range {
            Some(range) => self.stop(out, lead, range.start, &stop.text),
            None => writeln!(out, "  {lead}in another file  {}", style::printable(&stop.text)),
        }
    }

    fn stop(&self, out: &mut dyn Write, lead: &str, offset: usize, text: &str) -> io::Result<()> {
        let (dim, code) = (style::DIM, style::CODE);
        writeln!(out, "  {lead}{dim}line {:<5}{dim:#} {code}{}{code:#}", self.line(offset), self.code(offset))?;
        let indent = lead.chars().count() + 2;
        style::prose(out, &style::printable(text), indent, 100)
    }

    fn calls(&self, out: &mut dyn Write) -> io::Result<()> {
        let (bold, dim) = (style::BOLD, style::DIM);
        writeln!(out, "\n{bold}Other calls here{bold:#}")?;
        for call in &self.trace.calls {
            let path = call.paths.first().unwrap_or(&call.name);
            let foreign: Vec<&str> = call.data.iter().map(|d| d.what.as_str()).collect();
            let gets =
                if foreign.is_empty() { "gets nothing foreign".into() } else { format!("gets {}", foreign.join(", ")) };
            writeln!(out, "  {}  {dim}{} · {}{dim:#}", style::printable(path), call.known, style::printable(&gets))?;
        }
        Ok(())
    }

    fn nothing(&self, out: &mut dyn Write) -> io::Result<()> {
        if !self.trace.followed {
            let gap =
                self.report.gaps.iter().find(|g| g.range.start < self.range.end && self.range.start < g.range.end);
            let why = match gap {
                Some(gap) => format!("It was not analysed: {}.", gap.message),
                None => {
                    "Nothing here was run: a comment, a type, a declaration, or code that is never reached.".to_owned()
                }
            };
            writeln!(out)?;
            return style::prose(out, &why, 2, 100);
        }
        writeln!(out)?;
        style::prose(out, "Nothing here is known to do harm: no finding, and no sink.", 2, 100)?;
        if self.trace.calls.is_empty() {
            return Ok(());
        }
        self.calls(out)?;
        // What a function of the program does is followed into it.
        let foreign = |c: &&CallTrace| !c.data.is_empty() && !c.known.ends_with("of the program");
        if let Some(call) = self.trace.calls.iter().find(foreign) {
            let code = style::CODE;
            let path = call.paths.first().cloned().unwrap_or_else(|| format!("*.{}", call.name));
            writeln!(out)?;
            style::prose(out, "If one of them does harm with its argument, say so in sidenote.toml:", 2, 100)?;
            writeln!(out, "      {code}[[model]]{code:#}")?;
            writeln!(out, "      {code}library = \"ours\"{code:#}")?;
            writeln!(out, "      {code}[[model.sink]]{code:#}")?;
            writeln!(out, "      {code}fn = [\"{}\"]{code:#}", style::printable(&path))?;
            writeln!(out, "      {code}kind = \"sql\"{code:#}")?;
        }
        Ok(())
    }

    fn json(&self) -> Value {
        let stop = |s: &Stop| {
            json!({
                "line": s.range.as_ref().map(|r| self.line(r.start)),
                "code": s.range.as_ref().map(|r| self.code(r.start)),
                "message": s.text,
            })
        };
        let stops = |list: &[Stop]| list.iter().map(stop).collect::<Vec<_>>();
        let data = |list: &[Data]| {
            let one = |d: &Data| {
                json!({
                    "what": d.what, "source": d.source, "steps": stops(&d.steps), "barriers": stops(&d.barriers),
                })
            };
            list.iter().map(one).collect::<Vec<_>>()
        };
        let sink = |s: &SinkTrace| {
            json!({
                "name": s.name, "kind": s.kind.name(), "rule": s.kind.rule(), "line": self.line(s.range.start),
                "verdict": s.verdict.name(), "why": s.why, "data": data(&s.data), "lost": stops(&s.lost),
                "barriers_known": self.barriers(s),
            })
        };
        let finding = |f: &&Finding| {
            json!({
                "rule": f.rule.id, "severity": f.severity, "message": f.message, "suppressed": f.suppressed,
                "line": self.line(f.range.start), "sink": self.sink_of(f).map(sink),
                "silence": format!("// sidenote: allow({}) -- reason", f.rule.id),
            })
        };
        let call = |c: &CallTrace| {
            json!({
                "name": c.name, "paths": c.paths, "line": self.line(c.range.start), "known": c.known,
                "data": data(&c.data),
            })
        };
        json!({
            "path": self.document.path(),
            "line": self.line(self.range.start),
            "followed": self.trace.followed,
            "findings": self.findings().iter().map(finding).collect::<Vec<_>>(),
            "sinks": self.other_sinks().into_iter().map(sink).collect::<Vec<_>>(),
            "calls": self.trace.calls.iter().map(call).collect::<Vec<_>>(),
        })
    }
}

fn sentence(text: &str) -> String {
    let mut chars = text.chars();
    let first = chars.next().map(|c| c.to_uppercase().collect::<String>()).unwrap_or_default();
    format!("{first}{}.", style::printable(chars.as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_read() {
        assert_eq!(parse("a.ts:3"), Some(("a.ts".into(), 3, None)));
        assert_eq!(parse("a.ts:3:7"), Some(("a.ts".into(), 3, Some(7))));
        assert_eq!(parse("C:\\x\\a.ts:3"), Some(("C:\\x\\a.ts".into(), 3, None)));
        assert_eq!(parse("a:b.ts:3"), Some(("a:b.ts".into(), 3, None)));
        for bad in ["a.ts", "a.ts:0", ":3", "a.ts:x", ""] {
            assert_eq!(parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn columns_are_characters() {
        let text = Text::new("é(x)\nsecond\n");
        assert_eq!(wanted(&text, 1, Some(2)), 2..3);
        assert_eq!(wanted(&text, 2, None), 6..13);
        assert_eq!(wanted(&text, 1, Some(99)), 6..6);
    }
}
