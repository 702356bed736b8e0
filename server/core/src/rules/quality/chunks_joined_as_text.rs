use sidenote_grammars::{Family, Field, Kind};

use crate::findings::{Category, Confidence, Note, Severity};
use crate::rules::shape::{callback, declarator, operands, operator, parameters, report_in, runs_by_hand};
use crate::rules::support::{args, bare, is_function, method, string_value, words};
use crate::rules::{Case, Check, Cx, Docs, Rule};
use crate::syntax::Node;

pub static RULE: Rule = Rule {
    id: "chunks-joined-as-text",
    summary: "pieces of a stream become text one by one",
    category: Category::Quality,
    severity: Severity::Low,
    confidence: Confidence::High,
    cwe: &[838],
    families: &[Family::Ecma],
    default_on: true,
    in_tests: false,
    docs: Docs {
        what: "Finds `body += chunk` (and `+= chunk.toString()`) in a `data` listener of a request, response, socket or process of Node, where nothing sets an encoding.",
        why: "A chunk ends anywhere, also inside of a character: an `ü` that lies on the border of two chunks becomes two replacement characters, once in a while, with longer texts.",
        example: "req.on('data', (chunk) => { body += chunk; });",
        instead: "const chunks = [];\nreq.on('data', (chunk) => chunks.push(chunk));\nreq.on('end', () => done(Buffer.concat(chunks).toString('utf8')));",
        limits: "Silent where the file says `setEncoding` or makes the stream with an encoding, where bytes become `hex` or `base64`, and for streams whose kind does not show.",
        fix: "",
    },
    checks: &[Check::Nodes(&[Kind::CallExpression], check)],
    cases: &[
        Case::bad(
            "a.js",
            "function read(req, done) { let body = ''; req.on('data', (chunk) => { body += chunk; }); req.on('end', () => done(body)); } //~ chunks-joined-as-text",
        ),
        Case::bad(
            "a.js",
            "http.get(url, (res) => { let data = '';\n res.on('data', (d) => { data += d; }); //~ chunks-joined-as-text\n res.on('end', () => go(data)); });",
        ),
        Case::bad(
            "a.ts",
            "let text = '';\nresponse.on('data', (chunk: Buffer) => (text += chunk.toString())); //~ chunks-joined-as-text",
        ),
        Case::bad(
            "a.js",
            "process.stdin.on('data', function (c) { input += c.toString('utf8'); }); //~ chunks-joined-as-text",
        ),
        Case::bad(
            "a.js",
            "const child = spawn('git', ['log']);\nchild.stdout.on('data', (d) => { out += String(d); }); //~ chunks-joined-as-text",
        ),
        Case::bad("a.js", "request.on('data', chunk => { raw = raw + chunk; }); //~ chunks-joined-as-text"),
        Case::bad(
            "a.js",
            "socket.on('data', (data) => { buffer += data.toString('utf-8'); }); //~ chunks-joined-as-text",
        ),
        Case::bad(
            "a.js",
            "req.on('data', (chunk) => { size += chunk.length; body += chunk; }); //~ chunks-joined-as-text",
        ),
        Case::good("a.js", "req.setEncoding('utf8'); req.on('data', (chunk) => { body += chunk; });"),
        Case::good("a.js", "req.on('data', (chunk) => chunks.push(chunk));"),
        Case::good("a.js", "req.on('data', (chunk) => { body += decoder.write(chunk); });"),
        Case::good("a.js", "res.on('data', (chunk) => { size += chunk.length; });"),
        Case::good("a.js", "req.on('data', (chunk) => { hex += chunk.toString('hex'); });"),
        Case::good("a.js", "emitter.on('data', (row) => { sum += row; });"),
        Case::good("a.js", "req.on('error', (e) => { text += e; });"),
        Case::good(
            "a.js",
            "const stream = fs.createReadStream(p, { encoding: 'utf8' }); stream.on('data', (c) => { text += c; });",
        ),
        Case::near_miss("a.js", "socket.on('data', (d) => { if (typeof d === 'string') { text = text + d; } });"),
        Case::near_miss("a.js", "parser.on('data', (line) => { out += line; });"),
        Case::near_miss("a.js", "const req = fs.createReadStream(p, 'utf8'); req.on('data', (c) => { text += c; });"),
        Case::near_miss("a.js", "req.on('data', (chunk) => { total += chunk.byteLength; count += 1; });"),
        Case::near_miss("a.js", "socket.on('data', (data) => { log(data.toString()); });"),
    ],
};

fn check<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    let Some((stream, name)) = method(node) else { return };
    if !matches!(name.text(), "on" | "addListener")
        || args(node).next().and_then(string_value).as_deref() != Some("data")
        || runs_by_hand(&cx.file.path)
        || cx.file.is_example
        || cx.arena().text().contains("setEncoding")
        || !gives_bytes(bare(stream))
    {
        return;
    }
    let Some(function) = callback(node, 1, cx) else { return };
    if function.text().contains("setEncoding") {
        return;
    }
    let Some(chunk) = parameters(function).first().filter(|p| p.kind() == Kind::Identifier).map(|p| p.text()) else {
        return;
    };
    // Who asks what it is knows that it may be text.
    if function.text().contains("typeof") {
        return;
    }
    let Some(body) = function.child(Field::Body) else { return };
    let adds = std::iter::once(body).chain(body.descendants_until(|n| is_function(n))).find(|n| {
        let Some((left, right)) = operands(*n) else { return false };
        match n.kind() {
            Kind::AugmentedAssignmentExpression => operator(*n) == "+=" && as_text(right, chunk),
            Kind::AssignmentExpression => {
                let value = bare(right);
                value.kind() == Kind::BinaryExpression
                    && operator(value) == "+"
                    && operands(value).is_some_and(|(l, r)| bare(l).text() == left.text() && as_text(r, chunk))
            }
            _ => false,
        }
    });
    let Some(adds) = adds else { return };
    let message = "A chunk may end inside of a character, which is then lost. Gather the chunks and turn `Buffer.concat(chunks)` into text, or call `setEncoding('utf8')` before.";
    report_in(cx, function, Note::new(cx.rule, adds.span(), message));
}

/// Whether a value is the chunk as text: itself, `chunk.toString()` or `String(chunk)`.
fn as_text(value: Node<'_>, chunk: &str) -> bool {
    let value = bare(value);
    if value.kind() == Kind::Identifier {
        return value.text() == chunk;
    }
    let first = args(value).next();
    if let Some((of, name)) = method(value) {
        return name.text() == "toString"
            && bare(of).text() == chunk
            && first
                .and_then(string_value)
                .is_none_or(|e| matches!(e.to_ascii_lowercase().as_str(), "utf8" | "utf-8"));
    }
    value.kind() == Kind::CallExpression
        && value.child(Field::Function).is_some_and(|f| f.text() == "String")
        && first.is_some_and(|a| a.text() == chunk)
}

/// Whether a stream is one of Node's, by its name, and has no encoding that its making tells.
fn gives_bytes(stream: Node<'_>) -> bool {
    let name = match stream.kind() {
        Kind::Identifier => stream.text(),
        Kind::MemberExpression => stream.child(Field::Property).map_or("", Node::text),
        _ => return false,
    };
    let told = matches!(
        name,
        "req" | "request" | "res" | "response" | "resp" | "incomingMessage" | "stdin" | "stdout" | "socket"
    ) || words(name).last().is_some_and(|w| matches!(w.as_str(), "req" | "res" | "response" | "stdout"));
    let made =
        Some(stream).filter(|s| s.kind() == Kind::Identifier).and_then(declarator).and_then(|d| d.child(Field::Value));
    told && made.is_none_or(|v| {
        let text = v.text().to_ascii_lowercase();
        !text.contains("utf") && !text.contains("encoding") && !text.contains("websocket")
    })
}
