use sidenote_grammars::{Family, Field, Kind};

use crate::findings::{Category, Confidence, Note, Severity};
use crate::rules::shape::{mentions, operands, operator};
use crate::rules::support::{args, bare, enclosing_function, enclosing_loop, is_function, method, place_name};
use crate::rules::{Case, Check, Cx, Docs, Rule};
use crate::syntax::Node;

pub static RULE: Rule = Rule {
    id: "string-concat-in-hot-loop",
    summary: "text or bytes are copied whole in every round",
    category: Category::Performance,
    severity: Severity::Medium,
    confidence: Confidence::Medium,
    cwe: &[1046, 407],
    families: &[Family::Ecma],
    default_on: true,
    in_tests: false,
    docs: Docs {
        what: "Finds, in a loop or in a `forEach` or `data` callback: `element.innerHTML += ..`, which writes \
               and parses the whole content again; `all = Buffer.concat([all, chunk])`, which copies everything \
               so far; a string that grows at its front and is looked into by index or `length` in the same round, \
               which joins its pieces each time.",
        why: "The cost grows with the square of the number of rounds: a thousand rows take a million steps. \
               The page's listeners and inputs inside of the element get lost besides.",
        example: "for (const row of rows) { list.innerHTML += `<li>${row.name}</li>`; }",
        instead: "list.innerHTML = rows.map((row) => `<li>${row.name}</li>`).join('');",
        limits: "A plain `text += piece` or `text = piece + text` is cheap in today's engines and left alone, and so is \
                 a look into a text that grows at its end, which is hardly ever long.",
        fix: "",
    },
    checks: &[Check::Nodes(&[Kind::AugmentedAssignmentExpression, Kind::AssignmentExpression], check)],
    cases: &[
        Case::near_miss(
            "a.js",
            "function open(self) { self.client.on('data', function onData(data) { self.buffer = Buffer.concat([self.buffer, data]); const n = self.buffer.length; if (n >= self.need) { self.emit(); } }); }",
        ),
        Case::near_miss(
            "a.js",
            "function open(sock) { let got = Buffer.alloc(0); sock.on('data', (d) => { got = Buffer.concat([got, d]); while (got.length > 7) { const n = got.readUInt16BE(4); got = got.slice(n); } }); }",
        ),
        Case::bad(
            "a.js",
            "function body(req, go) { let got = Buffer.alloc(0); req.on('data', (d) => { got = Buffer.concat([got, d]); if (got.length > MOST) { req.destroy(); } }); req.on('end', () => go(got)); } //~ string-concat-in-hot-loop",
        ),
        Case::near_miss(
            "a.ts",
            "function serialize(inputs: I[], outputs?: O[]) { let out = Buffer.alloc(0); outputs.forEach((o) => { out = Buffer.concat([out, o.script]); }); for (let i = 0; i < inputs.length; i++) { out = Buffer.concat([out, inputs[i].script]); } return out; }",
        ),
        Case::bad(
            "a.ts",
            "function all(chunks: Buffer[]) { let out = Buffer.alloc(0); for (const c of chunks) { out = Buffer.concat([out, c]); } return out; } //~ string-concat-in-hot-loop",
        ),
        Case::near_miss("a.js", "let out = '';\nwhile (n > 0) { out = digits[n % 10] + out; n = next(n); }"),
        Case::bad("a.js", "for (const row of rows) { list.innerHTML += row.html; } //~ string-concat-in-hot-loop"),
        Case::bad("a.js", "rows.forEach((row) => { list.innerHTML += render(row); }); //~ string-concat-in-hot-loop"),
        Case::bad(
            "a.js",
            "let all = Buffer.alloc(0);\nfor await (const chunk of stream) { all = Buffer.concat([all, chunk]); } //~ string-concat-in-hot-loop",
        ),
        Case::bad(
            "a.js",
            "req.on('data', (chunk) => { body = Buffer.concat([body, chunk]); }); //~ string-concat-in-hot-loop",
        ),
        Case::bad(
            "a.js",
            "for (let i = 0; i < n; i++) { el.textContent = el.textContent + lines[i]; } //~ string-concat-in-hot-loop",
        ),
        Case::near_miss("a.js", "let s = '';\nfor (const c of cs) { s += c; if (s[s.length - 1] === ';') flush(); }"),
        Case::bad(
            "a.js",
            "let out = '';\nwhile (n > 0) { out = digits[n % 10] + out; if (out.charAt(0) === '0') { go(); } n = next(n); } //~ string-concat-in-hot-loop",
        ),
        Case::bad("a.ts", "for (const x of xs) { this.host.outerHTML += x; } //~ string-concat-in-hot-loop"),
        Case::bad(
            "a.js",
            "rows.forEach((row) => { box.innerText = box.innerText + row; }); //~ string-concat-in-hot-loop",
        ),
        Case::good("a.js", "let s = '';\nfor (const x of xs) { s += x; }"),
        Case::good("a.js", "list.innerHTML += footer;"),
        Case::good("a.js", "for (const x of xs) { parts.push(x); }"),
        Case::good("a.js", "const all = Buffer.concat(chunks);"),
        Case::good("a.js", "req.on('data', (chunk) => { chunks.push(chunk); });"),
        Case::good("a.js", "for (const x of xs) { total = total + x.size; }"),
        Case::good("a.js", "for (const el of els) { el.innerHTML += icon; }"),
        Case::good("a.js", "for (const x of xs) { const el = make(); el.innerHTML += x; }"),
        Case::near_miss("a.js", "let s = '';\nfor (const x of xs) { s += x; }\nif (s.length > 3) go(s);"),
        Case::near_miss("a.js", "for (const x of xs) { count += s.length; }"),
        Case::near_miss("a.js", "for (const f of files) { let text = ''; text = head + text; write(text); }"),
        Case::near_miss(
            "a.ts",
            "function f(proc: P) { let out = ''; proc.stdout.on('data', (d) => { out += d; if (out.length > LIMIT) { out = out.slice(0, LIMIT); proc.kill(); } }); }",
        ),
        Case::near_miss("a.js", "button.on('click', () => { log.innerHTML += 'x'; });"),
        Case::near_miss(
            "a.ts",
            "function f(slice: Slice) { let textContent = ''; slice.content.forEach((node) => { textContent += node.textContent; }); return textContent; }",
        ),
        Case::near_miss(
            "a.ts",
            "function f(bytes: B) { let value = ''; while (!bytes.done()) { const b = bytes.next(); value += char(b); if (b === 41) { return value.substring(1, value.length - 1); } } return ''; }",
        ),
    ],
};

fn check<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    let Some((place, value)) = operands(node) else { return };
    let Some(around) = round(node) else { return };
    let name = place_name(place).unwrap_or_default();
    let appends = node.kind() == Kind::AugmentedAssignmentExpression && operator(node) == "+=";
    let (left, right) = if node.kind() == Kind::AssignmentExpression
        && bare(value).kind() == Kind::BinaryExpression
        && operator(bare(value)) == "+"
    {
        operands(bare(value)).map_or((None, None), |(l, r)| (Some(bare(l)), Some(bare(r))))
    } else {
        (None, None)
    };
    let again = left.is_some_and(|l| l.text() == place.text());
    let message = if matches!(name.as_ref(), "innerHTML" | "outerHTML" | "textContent" | "innerText")
        && place.kind() == Kind::MemberExpression
        && (appends || again)
    {
        format!(
            "Every round writes the whole `{name}` again, and the browser parses it anew. Collect the pieces, and set it once behind the loop."
        )
    } else if concatenates(bare(value), place) {
        // The inputs of one transaction are a handful; what a stream brings is not.
        let over = around.child(Field::Right).or_else(|| {
            around
                .parent()
                .and_then(|a| a.parent())
                .and_then(method)
                .filter(|(_, m)| m.text() == "forEach")
                .map(|(of, _)| of)
        });
        if over.is_some_and(|o| !crate::rules::lists::is_data(o) && !around.has_token("await"))
            || is_counted_few(around)
            || takes_from(around, place)
        {
            return;
        }
        "Every round copies all bytes so far. Push the chunks to an array, and call `Buffer.concat` once at the end."
            .to_owned()
    } else if place.kind() == Kind::Identifier && is_text(place) && !is_counted(around) {
        // At the front, too, engines only note what is joined, as long as nobody looks at it.
        if right.is_some_and(|r| r.text() == place.text()) && looks_into(around, place) {
            format!(
                "`{}` is looked into in the round in which it grows at its front: all of it is copied each time. Collect the pieces, and reverse and join them at the end.",
                place.text()
            )
        } else {
            return;
        }
    } else {
        return;
    };
    // A place that is new in every round does not grow. All of the round is looked through for it, so this comes last.
    let root = crate::rules::shape::root_name(place);
    let fresh = root.is_none_or(|r| r.kind() != Kind::This && declared_in(around, r.text()));
    if !fresh {
        cx.report(Note::new(cx.rule, node.span(), message));
    }
}

/// The loop's or callback's body that runs again and again around a node.
fn round<'a>(node: Node<'a>) -> Option<Node<'a>> {
    if let Some(found) = enclosing_loop(node) {
        return Some(found);
    }
    let function = enclosing_function(node)?;
    let call = function.parent()?.parent()?;
    let (_, name) = method(call)?;
    let again = match name.text() {
        "forEach" => true,
        "on" => {
            args(call).next().is_some_and(|a| matches!(a.text().trim_matches(['\'', '"', '`']), "data" | "readable"))
        }
        _ => false,
    };
    again.then_some(function)
}

fn declared_in(around: Node<'_>, name: &str) -> bool {
    around.descendants().any(|n| match n.kind() {
        Kind::VariableDeclarator => n.child(Field::Name).is_some_and(|d| mentions(d, name)),
        Kind::ForInStatement => n.child(Field::Left).is_some_and(|d| mentions(d, name)),
        _ => is_function(n) && crate::rules::shape::parameters(n).iter().any(|p| mentions(*p, name)),
    })
}

/// Whether a loop counts up to a number of which nothing says that it is a list's length: a handful of parts.
fn is_counted(around: Node<'_>) -> bool {
    around.kind() == Kind::ForStatement
        && around.child(Field::Condition).is_some_and(|c| !c.text().contains("length") && !c.text().contains("size"))
}

/// Whether a loop counts over a list that holds no data by its name.
fn is_counted_few(around: Node<'_>) -> bool {
    let list = around.child(Field::Condition).filter(|_| around.kind() == Kind::ForStatement).and_then(|c| {
        let length = |n: &Node<'_>| {
            n.kind() == Kind::MemberExpression && n.child(Field::Property).is_some_and(|p| p.text() == "length")
        };
        c.descendants().find(length)?.child(Field::Object)
    });
    list.is_some_and(|l| !crate::rules::lists::is_data(l))
}

/// Whether each round looks for whole messages in what has come so far, and takes them: it needs the bytes in one piece, and they are few.
fn takes_from(around: Node<'_>, place: Node<'_>) -> bool {
    around.descendants().any(|n| {
        n.kind() == Kind::MemberExpression
            && n.child(Field::Object).is_some_and(|o| o.text() == place.text())
            && n.child(Field::Property).is_some_and(|p| match p.text() {
                "length" => n.parent().is_some_and(|d| {
                    matches!(d.kind(), Kind::VariableDeclarator | Kind::WhileStatement)
                        || d.kind() == Kind::BinaryExpression
                            && d.parent().and_then(|c| c.parent()).is_some_and(|w| w.kind() == Kind::WhileStatement)
                }),
                name => {
                    matches!(name, "slice" | "subarray" | "indexOf" | "includes" | "copy") || name.starts_with("read")
                }
            })
    })
}

/// `Buffer.concat([place, ..])`.
fn concatenates(value: Node<'_>, place: Node<'_>) -> bool {
    method(value).is_some_and(|(receiver, name)| receiver.text() == "Buffer" && name.text() == "concat")
        && args(value).next().is_some_and(|list| {
            list.kind() == Kind::Array && list.first_named().is_some_and(|first| first.text() == place.text())
        })
}

/// Whether a variable starts as a string.
fn is_text(name: Node<'_>) -> bool {
    let value = crate::rules::shape::declarator(name).and_then(|d| d.child(Field::Value));
    value.is_some_and(|v| matches!(bare(v).kind(), Kind::String | Kind::TemplateString))
}

/// Whether the round reads a character or the length of the string.
fn looks_into(around: Node<'_>, place: Node<'_>) -> bool {
    let leaves = |n: Node<'_>| {
        n.ancestors().take_while(|a| *a != around).any(|a| {
            // `if (text.length > MOST)` is entered when enough has been gathered, not in every round.
            let full = a.kind() == Kind::IfStatement
                && a.child(Field::Consequence).is_some_and(|c| c.span().contains(n.span()))
                && a.child(Field::Condition).is_some_and(|c| c.text().contains(&format!("{}.length >", place.text())));
            full || matches!(a.kind(), Kind::ReturnStatement | Kind::ThrowStatement)
        })
    };
    around.descendants().filter(|n| !leaves(*n)).any(|n| match n.kind() {
        Kind::SubscriptExpression => n.child(Field::Object).is_some_and(|o| o.text() == place.text()),
        Kind::CallExpression => method(n).is_some_and(|(receiver, name)| {
            receiver.text() == place.text()
                && matches!(
                    name.text(),
                    "charAt"
                        | "charCodeAt"
                        | "endsWith"
                        | "slice"
                        | "substring"
                        | "indexOf"
                        | "includes"
                        | "match"
                        | "at"
                )
        }),
        _ => false,
    })
}
