use super::*;
use crate::config::Config;
use crate::document::Document;
use crate::engine::{Engine, Report};
use crate::grammars;

const CODE: &str = "\
import express from \"express\";

express().get(\"/\", (req, res) => {
  const rows = [];
  for (const one of req.query.all) {
    if (one == NaN) { rows.push(one); }
  }
  res.send(eval(req.query.id));
});
";

fn analyzed(text: &str) -> (Document, Report) {
    let language = grammars::by_path("a.ts").expect("TypeScript");
    let document = Document::new("a.ts", language, text, 0).expect("a document");
    let report = Engine::new(Config::everything()).analyze(&document);
    (document, report)
}

fn entry(document: &Document, report: &Report, rule: &str, kind: Kind) -> Entry {
    let ids = fingerprints("a.ts", document.text(), &report.findings);
    let (finding, id) = report.findings.iter().zip(ids).find(|(f, _)| f.rule.id == rule).expect("a finding");
    Entry {
        kind,
        fingerprint: id.to_string(),
        rule: rule.to_owned(),
        path: "a.ts".to_owned(),
        message: finding.message.clone(),
        flagged: flagged(document.text(), &finding.range),
        code: surroundings(document.text(), &finding.range),
        reason: Some("the team's choice".to_owned()),
        ..Entry::default()
    }
}

fn list(entries: &[Entry]) -> List {
    let mut list = List::default();
    entries.iter().for_each(|e| list.set(e.clone()));
    list
}

/// A finding of that rule after the feedback.
fn after(text: &str, feedback: &Feedback, rule: &str, vote: Option<Vote>) -> Finding {
    let (document, mut report) = analyzed(text);
    feedback.apply("a.ts", document.text(), &mut report.findings, &|_| vote);
    report.findings.into_iter().find(|f| f.rule.id == rule).expect("a finding")
}

/// A rule of quality and one of security that speak in [`CODE`].
fn two(report: &Report) -> (&'static str, &'static str) {
    let of = |security: bool| {
        let is = |f: &&Finding| (f.rule.category == Category::Security) == security;
        report
            .findings
            .iter()
            .filter(is)
            .map(|f| f.rule.id)
            .find(|id| *id == if security { "code-injection" } else { "nan-comparison" })
    };
    (of(false).expect("quality"), of(true).expect("security"))
}

#[test]
fn a_dismissed_finding_is_hidden_until_its_code_changes() {
    let (document, report) = analyzed(CODE);
    let (quality, _) = two(&report);
    let feedback = Feedback::new([list(&[entry(&document, &report, quality, Kind::Dismissed)])], "2026-11-28");
    let hidden = after(CODE, &feedback, quality, None);
    assert_eq!(hidden.suppressed.as_deref(), Some("dismissed: the team's choice"));
    assert!(hidden.feedback.is_some_and(|told| !told.learned));
    // It moves with the code.
    let moved = format!("// A line.\n\n{CODE}");
    assert!(after(&moved, &feedback, quality, None).suppressed.is_some());
    let changed = CODE.replace("one == NaN", "other == NaN");
    assert!(after(&changed, &feedback, quality, None).suppressed.is_none());
}

#[test]
fn security_is_only_taken_down() {
    let (document, report) = analyzed(CODE);
    let (_, security) = two(&report);
    let feedback = Feedback::new([list(&[entry(&document, &report, security, Kind::Dismissed)])], "2026-11-28");
    let finding = after(CODE, &feedback, security, None);
    assert_eq!((finding.severity, finding.suppressed), (Severity::Info, None));
    assert!(finding.feedback.is_some());
}

#[test]
fn an_entry_holds_to_the_end_of_its_day() {
    let (document, report) = analyzed(CODE);
    let (quality, _) = two(&report);
    let entry = Entry { expires: Some("2026-05-01".to_owned()), ..entry(&document, &report, quality, Kind::Dismissed) };
    let on = |day| after(CODE, &Feedback::new([list(std::slice::from_ref(&entry))], day), quality, None).suppressed;
    assert!(on("2026-05-01").is_some() && on("2026-05-02").is_none());
}

#[test]
fn three_dismissals_teach_and_a_kept_one_stands_against_them() {
    let (document, report) = analyzed(CODE);
    let (quality, _) = two(&report);
    let own = entry(&document, &report, quality, Kind::Kept);
    let others: Vec<Entry> =
        (0..NEIGHBOURS).map(|n| Entry { kind: Kind::Dismissed, fingerprint: format!("{n}"), ..own.clone() }).collect();
    let said = Some(Vote { near: 3, percent: 97 });
    let few = Feedback::new([list(&others[1..])], "2026-11-28");
    assert!(after(CODE, &few, quality, said).suppressed.is_none(), "two are too few");
    let enough = Feedback::new([list(&others)], "2026-11-28");
    let finding = after(CODE, &enough, quality, said);
    assert_eq!(finding.suppressed.as_deref(), Some("like 3 findings that were dismissed (likeness 97 %)"));
    assert!(finding.feedback.is_some_and(|told| told.learned));
    assert!(after(CODE, &enough, quality, None).suppressed.is_none(), "not near");
    assert_eq!(enough.examples(quality).texts().len(), NEIGHBOURS);
    // Somebody's word on this very finding comes first; the user's list is read after the team's.
    let kept = Feedback::new([list(&others), list(&[own])], "2026-11-28");
    assert!(after(CODE, &kept, quality, said).suppressed.is_none());
}

#[test]
fn votes_need_neighbours_that_name_the_same_and_no_nearer_witness() {
    let subject = |flagged: &str| Subject::new("rule", "message", flagged, "some other code");
    let (own, like, other) = (subject("send(mail, user)"), subject("send(mail, guest)"), subject("store.drop(user)"));
    let of = |cosines: &[f32], what: &Subject, kept: &[f32]| {
        let near: Vec<_> = cosines.iter().map(|c| (what, *c)).collect();
        let kept: Vec<_> = kept.iter().map(|c| (&other, *c)).collect();
        vote(&own, &near, &kept)
    };
    assert_eq!(of(&[0.95, 0.94], &like, &[]), None);
    assert_eq!(of(&[0.95, 0.94, 0.89], &like, &[]), None);
    assert_eq!(of(&[0.95, 0.91, 0.94, 0.2], &like, &[]), Some(Vote { near: 3, percent: 91 }));
    assert_eq!(of(&[0.95, 0.91, 0.94], &other, &[]), None, "it speaks of other things");
    assert_eq!(of(&[0.95, 0.91, 0.94], &like, &[0.92]), None);
    assert_eq!(of(&[0.95, 0.91, 0.94], &like, &[0.90]), Some(Vote { near: 3, percent: 91 }));
    // Where the flagged code names nothing, what stands around it does.
    assert_eq!(Subject::new("r", "m", "==", "a == b").overlap(&Subject::new("r", "m", "!=", "a != b")), 1.0);
}

#[test]
fn lists_survive_their_text_and_broken_ones_say_where() {
    let (document, report) = analyzed(CODE);
    let (quality, security) = two(&report);
    let mut all =
        list(&[entry(&document, &report, quality, Kind::Kept), entry(&document, &report, security, Kind::Dismissed)]);
    let text = all.text();
    let read = List::parse(&text).expect("a list");
    assert_eq!((read.entries.len(), read.text()), (2, text.clone()));
    let id = read.entries[0].fingerprint.clone();
    assert!(all.take(&id).is_some() && all.take(&id).is_none());
    let unknown = List::parse(&text.replacen("message", "mesage", 1)).expect_err("a typing error").to_string();
    assert!(unknown.contains("mesage"), "{unknown}");
    assert_eq!(List::parse("format = 2\nnew = 1\n"), Err(FeedbackError::Format(2)));
    assert!(List::parse("").expect_err("empty").to_string().contains("format = 1"));
}

#[test]
fn surroundings_are_bounded_and_keep_their_shape() {
    let text = Text::new("a\n\n  if (x) {\n    y;\n  }\n");
    assert_eq!(surroundings(&text, &(5..7)), "a\n\n  if (x) {\n    y;\n  }");
    let inner = Text::new("  one\n    two\n  three");
    assert_eq!(surroundings(&inner, &(10..13)), "one\n  two\nthree");
    let long = Text::new(&"é".repeat(1 << 20));
    assert!(surroundings(&long, &(0..long.len())).len() <= LONGEST_LINE);
    let tall = Text::new(&"x;\n".repeat(10_000));
    assert!(surroundings(&tall, &(300..20_000)).lines().count() <= MOST_LINES);
    assert_eq!(surroundings(&Text::new(""), &(0..0)), "");
}
