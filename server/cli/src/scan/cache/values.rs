//! What is kept of a file: what it names of others, its functions as others see them, and what is found in it.

use std::sync::Arc;

use sidenote_core::config::Settings;
use sidenote_core::duplicates::Shape;
use sidenote_core::engine::{LATE, SkipReason, Twin, TwinPlace};
use sidenote_core::findings::{Confidence, Fingerprint, Location, Score, Severity};
use sidenote_core::grammars::Language;
use sidenote_core::program::Names;

use super::codec::{In, Out};
use crate::scan::analyze::Copies;
use crate::scan::model::{Fix, Gap, Place, Position, Replacement};
use crate::scan::twins::Function;
use crate::scan::{Candidate, FileReport, Finding, Region};

const CONFIDENCES: [Confidence; 3] = [Confidence::Low, Confidence::Medium, Confidence::High];
const SKIPS: [SkipReason; 4] = [SkipReason::TooLarge, SkipReason::Binary, SkipReason::Minified, SkipReason::Generated];

/// What a file says by itself.
#[derive(Clone, PartialEq, Debug)]
pub enum Facts {
    /// It is not analysed.
    Skipped(SkipReason),
    /// What it names, and whether it has functions that may have twins.
    Read(Arc<Names>, bool),
}

pub fn write_facts(facts: &Facts) -> Vec<u8> {
    let mut out = Out::default();
    match facts {
        Facts::Skipped(why) => {
            out.byte(0);
            out.byte(SKIPS.iter().position(|s| s == why).unwrap_or_default() as u8);
        }
        Facts::Read(names, has_functions) => {
            out.byte(1);
            out.byte(u8::from(*has_functions));
            out.list(&names.modules, |out, name| out.text(name.as_str()));
            out.list(&names.declared, |out, (name, file)| {
                out.text(name.as_str());
                out.option(file.as_deref());
            });
        }
    }
    out.0
}

pub fn read_facts(bytes: &[u8]) -> Option<Facts> {
    let mut read = In(bytes);
    let facts = if read.flag()? {
        let has_functions = read.flag()?;
        let modules = read.list(|read| Some(read.text()?.into()))?;
        let declared = read.list(|read| Some((read.text()?.into(), read.option()?.map(str::to_owned))))?;
        Facts::Read(Arc::new(Names { modules, declared }), has_functions)
    } else {
        Facts::Skipped(*SKIPS.get(read.byte()? as usize)?)
    };
    read.end(facts)
}

pub fn write_functions(functions: &[Function]) -> Vec<u8> {
    let mut out = Out::default();
    out.list(functions, |out, Function { index, head, line, name, shape }| {
        out.number(*index);
        out.number(head.start);
        out.number(head.end);
        out.number(*line as usize);
        out.text(name);
        let (shingles, words, leaves) = shape.parts();
        out.words(shingles);
        out.words(words);
        out.number(leaves as usize);
    });
    out.0
}

pub fn read_functions(bytes: &[u8]) -> Option<Vec<Function>> {
    let mut read = In(bytes);
    let functions = read.list(|read| {
        let index = read.number()?;
        let head = read.number()?..read.number()?;
        let (line, name) = (read.small()?, read.text()?.to_owned());
        let shape = Arc::new(Shape::from_parts(read.words()?, read.words()?, read.small()?));
        Some(Function { index, head, line, name, shape })
    })?;
    read.end(functions)
}

pub fn write_copies(out: &mut Out, copies: &Copies) {
    out.list(copies, |out, (index, count, twins)| {
        out.number(*index);
        out.number(*count);
        out.list(twins, |out, Twin { place, name, structure }| {
            match place {
                TwinPlace::Here(index) => {
                    out.byte(0);
                    out.number(*index);
                }
                TwinPlace::There(Location { path, range, line }) => {
                    out.byte(1);
                    out.option(path.as_deref());
                    out.number(range.start);
                    out.number(range.end);
                    out.number(*line as usize);
                }
            }
            out.text(name);
            out.0.extend_from_slice(&structure.to_bits().to_le_bytes());
        });
    });
}

pub fn read_copies(read: &mut In<'_>) -> Option<Copies> {
    read.list(|read| {
        let (index, count) = (read.number()?, read.number()?);
        let twins = read.list(|read| {
            let place = if read.flag()? {
                let path = read.option()?.map(Into::into);
                let range = read.number()?..read.number()?;
                TwinPlace::There(Location { path, range, line: read.small()? })
            } else {
                TwinPlace::Here(read.number()?)
            };
            let name = read.text()?.to_owned();
            let structure = f32::from_bits(u32::from_le_bytes(read.take(4)?.try_into().ok()?));
            Some(Twin { place, name, structure })
        })?;
        Some((index, count, twins))
    })
}

fn write_position(out: &mut Out, Position { line, column, offset, byte }: Position) {
    [line as usize, column as usize, offset, byte as usize].into_iter().for_each(|n| out.number(n));
}

fn read_position(read: &mut In<'_>) -> Option<Position> {
    Some(Position { line: read.small()?, column: read.small()?, offset: read.number()?, byte: read.small()? })
}

fn write_region(out: &mut Out, Region { start, end }: Region) {
    write_position(out, start);
    write_position(out, end);
}

fn read_region(read: &mut In<'_>) -> Option<Region> {
    Some(Region { start: read_position(read)?, end: read_position(read)? })
}

fn write_places(out: &mut Out, places: &[Place]) {
    out.list(places, |out, Place { path, region, message }| {
        out.option(path.as_deref());
        write_region(out, *region);
        out.text(message);
    });
}

fn read_places(read: &mut In<'_>) -> Option<Vec<Place>> {
    read.list(|read| {
        let path = read.option()?.map(Into::into);
        Some(Place { path, region: read_region(read)?, message: read.text()?.to_owned() })
    })
}

/// Everything that is found in a file, before anything is left out; nothing where the report is not to be kept.
pub fn write_report(file: &FileReport) -> Option<Vec<u8>> {
    let by_chance = |gap: &Gap| gap.internal || gap.message.starts_with(LATE);
    if file.fixed.is_some() || file.fixes_refused > 0 || file.gaps.iter().any(by_chance) {
        return None;
    }
    let mut out = Out::default();
    out.number(file.lines);
    out.number(file.bytes);
    out.0.extend_from_slice(&file.score.debt.to_bits().to_le_bytes());
    out.number(file.score.lines);
    out.list(&file.gaps, |out, Gap { region, message, internal: _ }| {
        write_region(out, *region);
        out.text(message);
    });
    out.list(&file.findings, |out, f| {
        out.text(f.rule.id);
        out.byte(f.severity as u8);
        out.byte(f.confidence as u8);
        out.text(&f.message);
        write_region(out, f.region);
        write_places(out, &f.related);
        write_places(out, &f.flow);
        out.list(&f.fixes, |out, Fix { title, safe, edits }| {
            out.text(title);
            out.byte(u8::from(*safe));
            out.list(edits, |out, Replacement { region, text }| {
                write_region(out, *region);
                out.text(text);
            });
        });
        out.text(&f.symbol);
        out.option(f.suppressed.as_deref());
        out.key(&f.fingerprint.0);
    });
    Some(out.0)
}

pub fn read_report(
    bytes: &[u8],
    candidate: &Candidate,
    language: &'static Language,
    settings: &Settings,
) -> Option<FileReport> {
    let mut read = In(bytes);
    let (lines, bytes) = (read.number()?, read.number()?);
    let debt = f64::from_bits(u64::from_le_bytes(read.take(8)?.try_into().ok()?));
    let score = Score { debt, lines: read.number()? };
    let gaps =
        read.list(|read| Some(Gap { region: read_region(read)?, message: read.text()?.to_owned(), internal: false }))?;
    let findings = read.list(|read| {
        let id = read.text()?;
        let (rule, _) = settings.find(id)?;
        let severity = *Severity::ALL.get(read.byte()? as usize)?;
        let confidence = *CONFIDENCES.get(read.byte()? as usize)?;
        let message = read.text()?.to_owned();
        let region = read_region(read)?;
        let (related, flow) = (read_places(read)?, read_places(read)?);
        let fixes = read.list(|read| {
            let (title, safe) = (read.text()?.to_owned(), read.flag()?);
            let edits =
                read.list(|read| Some(Replacement { region: read_region(read)?, text: read.text()?.to_owned() }))?;
            Some(Fix { title, safe, edits })
        })?;
        let (symbol, suppressed) = (read.text()?.to_owned(), read.option()?.map(str::to_owned));
        let fingerprint = Fingerprint(read.key()?);
        let (known, line_hash) = (false, None);
        Some(Finding {
            rule,
            severity,
            confidence,
            message,
            region,
            related,
            flow,
            fixes,
            symbol,
            suppressed,
            feedback: None,
            known,
            fingerprint,
            line_hash,
            verdict: None,
        })
    })?;
    read.end(FileReport {
        path: candidate.path.clone(),
        file: candidate.file.clone(),
        language: language.name,
        lines,
        bytes,
        score,
        findings,
        suppressed: 0,
        dismissed: 0,
        hidden: 0,
        known: 0,
        gaps,
        text: None,
        fixed: None,
        fixes_refused: 0,
    })
}
