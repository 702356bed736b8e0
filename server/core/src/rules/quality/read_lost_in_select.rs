use sidenote_grammars::{Family, Kind};

use crate::findings::{Category, Confidence, Note, Severity};
use crate::rules::rust_code::loop_around;
use crate::rules::rust_types::macro_name;
use crate::rules::{Case, Check, Cx, Docs, Rule};
use crate::syntax::{Node, Span};

pub static RULE: Rule = Rule {
    id: "read-lost-in-select",
    summary: "a read in `select!` loses what it had when another branch is taken",
    category: Category::Quality,
    severity: Severity::Medium,
    confidence: Confidence::High,
    cwe: &[362],
    families: &[Family::Rust],
    default_on: true,
    in_tests: false,
    docs: Docs {
        what: "Finds `read_exact`, `read_to_end`, `read_to_string`, `read_line`, `read_until` and `write_all` called in a branch of `tokio::select!` in a loop.",
        why: "When another branch is ready first, the call is dropped. What it had read or written by then is gone from the stream, and the next round goes on in the middle of a frame.",
        example: "loop {\n    tokio::select! {\n        n = socket.read_exact(&mut frame) => ..,\n        _ = tick.tick() => ..,\n    }\n}",
        instead: "let (mut frames, mut tick) = (FramedRead::new(socket, codec), tick);\nloop {\n    tokio::select! {\n        frame = frames.next() => ..,\n        _ = tick.tick() => ..,\n    }\n}",
        limits: "Where all other branches leave the loop, nothing is lost; `read`, `recv`, `accept` and `next` lose nothing, and futures that are made before the loop and pinned go on.",
        fix: "",
    },
    checks: &[Check::Nodes(&[Kind::MacroInvocation], check)],
    cases: &[
        Case::bad(
            "a.rs",
            "async fn run(mut s: TcpStream, mut stop: Receiver<()>) {\n    let mut buf = [0; 8];\n    loop {\n        tokio::select! {\n            _ = s.read_exact(&mut buf) => go(&buf), //~ read-lost-in-select\n            m = rx.recv() => send(m),\n        }\n    }\n}",
        ),
        Case::bad(
            "a.rs",
            "async fn run(mut r: BufReader<S>) { loop { select! { n = r.read_line(&mut line) => go(n), _ = tick.tick() => ping(), _ = stop.recv() => break } } } //~ read-lost-in-select",
        ),
        Case::bad(
            "a.rs",
            "async fn run() { while on { tokio::select! { biased; m = rx.recv() => send(m), r = stream.read_to_end(&mut all) => go(r) } } } //~ read-lost-in-select",
        ),
        Case::bad(
            "a.rs",
            "async fn run() { loop { tokio::select! { Ok(n) = s.write_all(&out) => done(n), m = rx.recv() => { out = m; } } } } //~ read-lost-in-select",
        ),
        Case::bad(
            "a.rs",
            "async fn run() { loop { tokio::select! { x = rx.recv() => { go(x).await; } n = s.read_until(b'\\n', &mut line) => go(n) } } } //~ read-lost-in-select",
        ),
        Case::bad(
            "a.rs",
            "async fn run() { loop { tokio::select! { r = self.conn.read_exact(&mut head) => r?, _ = sleep(t) => ping() } } } //~ read-lost-in-select",
        ),
        Case::bad(
            "a.rs",
            "async fn run() { for _ in 0..3 { tokio::select! { r = s.read_to_string(&mut text) => go(r), _ = sleep(t) => log() } } } //~ read-lost-in-select",
        ),
        Case::bad(
            "a.rs",
            "async fn run() { loop { futures::select! { r = s.read_exact(&mut b).fuse() => go(r), _ = tick => ping() } } } //~ read-lost-in-select",
        ),
        Case::good(
            "a.rs",
            "async fn run() { loop { tokio::select! { n = s.read(&mut buf) => go(n), _ = stop.recv() => return } } }",
        ),
        Case::good(
            "a.rs",
            "async fn run() { tokio::select! { n = s.read_exact(&mut buf) => go(n), _ = stop.recv() => () } }",
        ),
        Case::good(
            "a.rs",
            "async fn run() { loop { tokio::select! { m = rx.recv() => { s.write_all(&m).await?; } _ = stop.recv() => return } } }",
        ),
        Case::good("a.rs", "async fn run() { loop { s.read_exact(&mut buf).await?; } }"),
        Case::good(
            "a.rs",
            "async fn run() { loop { tokio::select! { f = frames.next() => go(f), _ = stop.recv() => return } } }",
        ),
        Case::good(
            "a.rs",
            "async fn run() { let read = s.read_exact(&mut b); tokio::pin!(read); loop { tokio::select! { r = &mut read => break, _ = tick.tick() => ping() } } }",
        ),
        Case::good("a.rs", "async fn run() { loop { tokio::join!(s.read_exact(&mut a), t.read_exact(&mut b)); } }"),
        Case::good(
            "a.rs",
            "async fn run() { loop { tokio::select! { c = l.accept() => go(c), _ = stop.recv() => return } } }",
        ),
        Case::near_miss(
            "a.rs",
            "async fn run() { loop { tokio::select! { c = l.accept() => { c.read_exact(&mut b).await; } _ = stop.recv() => break } } }",
        ),
        Case::near_miss(
            "a.rs",
            "async fn run() { loop { tokio::select! { m = rx.recv() => match m { Some(m) => s.write_all(&m).await?, None => break }, _ = stop.recv() => break } } }",
        ),
        Case::near_miss(
            "a.rs",
            "async fn run() { loop { tokio::select! { n = s.read_exact(&mut buf) => go(n), _ = stop.recv() => return } } }",
        ),
        Case::near_miss(
            "a.rs",
            "async fn run() { loop { tokio::select! { r = read_frame(&mut s) => go(r), _ = stop.recv() => break } } }",
        ),
    ],
};

/// Calls that have to be brought to their end.
const LOSES: &[&str] =
    &[".read_exact(", ".read_to_end(", ".read_to_string(", ".read_line(", ".read_until(", ".write_all("];

fn check<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    if macro_name(node) != "select" || loop_around(node).is_none() {
        return;
    }
    let text = node.text();
    let branches = branches(text);
    // Behind a branch that leaves, nothing goes on in the middle.
    let goes_on = |from: usize| {
        let end = branches.iter().map(|b| b.0).find(|b| *b > from).unwrap_or(text.len());
        let rest = &text[from..end];
        !["return", "break"].iter().any(|w| rest.contains(w))
    };
    for (start, arrow) in &branches {
        let head = &text[*start..*arrow];
        let Some((at, call)) = LOSES.iter().find_map(|c| head.find(c).map(|i| (start + i, *c))) else { continue };
        if !branches.iter().any(|(s, a)| s != start && goes_on(*a)) {
            continue;
        }
        let begin = node.span().start + at as u32 + 1;
        let span = Span { start: begin, end: begin + call.len() as u32 - 2 };
        let message = format!(
            "When another branch is ready first, `{}` is dropped with what it had so far, and the next round begins in the middle. Read whole frames (`FramedRead`), or in a task of its own.",
            call.trim_matches(['.', '('])
        );
        cx.report(Note::new(cx.rule, span, message));
        return;
    }
}

/// Where the branches of a `select!` begin, and where their `=>` stand.
fn branches(text: &str) -> Vec<(usize, usize)> {
    let mut out = Vec::new();
    let Some(open) = text.find('{') else { return out };
    let bytes = text.as_bytes();
    let (mut depth, mut start, mut i) = (0_u32, open + 1, open + 1);
    let mut in_text = false;
    while i < bytes.len() {
        match bytes[i] {
            b'"' if bytes[i - 1] != b'\\' => in_text = !in_text,
            _ if in_text => {}
            b'(' | b'[' | b'{' => depth += 1,
            b')' | b']' | b'}' => {
                let Some(outer) = depth.checked_sub(1) else { break };
                depth = outer;
                if depth == 0 && bytes[i] == b'}' {
                    start = i + 1;
                }
            }
            b',' | b';' if depth == 0 => start = i + 1,
            b'>' if depth == 0 && bytes[i - 1] == b'=' => out.push((start, i - 1)),
            _ => {}
        }
        i += 1;
    }
    out
}
