use sidenote_grammars::{Family, Field, Kind};

use crate::findings::{Category, Confidence, Note, Severity};
use crate::rules::evidence::{any, around};
use crate::rules::support::{bare, constant, key_name};
use crate::rules::{Case, Check, Docs, Rule};
use crate::semantics::flow::CallView;
use crate::semantics::flow::kinds::SourceKind;
use crate::semantics::flow::value::Origin;
use crate::syntax::Node;

pub static RULE: Rule = Rule {
    id: "postmessage-wildcard",
    summary: "data is posted to a window of any origin",
    category: Category::Security,
    severity: Severity::Medium,
    confidence: Confidence::Medium,
    cwe: &[201, 359],
    families: &[Family::Ecma],
    default_on: true,
    in_tests: false,
    docs: Docs {
        what: "Finds `postMessage(data, '*')` with secrets (medium) or with what is about somebody (low).",
        why: "With `*` the message goes to whatever page is in that window by then, and a frame can be navigated by others.",
        example: "parent.postMessage({ token }, '*');",
        instead: "parent.postMessage({ token }, 'https://app.example.com');",
        limits: "Messages that name no secret and nobody are left alone, and so are workers and ports, which have no origin.",
        fix: "",
    },
    checks: &[Check::Calls(&["postMessage"], check)],
    cases: &[
        Case::bad("a.js", "window.parent.postMessage({ token: session.token }, '*'); //~ postmessage-wildcard"),
        Case::bad(
            "a.ts",
            "export const send = (frame: HTMLIFrameElement, password: string) => frame.contentWindow!.postMessage(password, '*'); //~ postmessage-wildcard",
        ),
        Case::bad(
            "a.js",
            "window.opener.postMessage(JSON.stringify({ type: 'auth', accessToken }), '*'); //~ postmessage-wildcard",
        ),
        Case::bad("a.js", "const target = '*';\ntop.postMessage(user.credentials, target); //~ postmessage-wildcard"),
        Case::bad("a.js", "popup.postMessage({ apiKey }, { targetOrigin: '*' }); //~ postmessage-wildcard"),
        Case::bad(
            "a.js",
            "window.parent.postMessage({ type: 'profile', user: currentUser }, '*'); //~ postmessage-wildcard",
        ),
        Case::bad(
            "a.js",
            "window.opener.postMessage('authorization:success:' + JSON.stringify(response), '*'); //~ postmessage-wildcard",
        ),
        Case::bad("a.js", "parent.postMessage(location.hash, '*'); //~ postmessage-wildcard"),
        Case::good("a.js", "window.parent.postMessage({ token }, 'https://app.example.com');"),
        Case::near_miss(
            "a.js",
            "addEventListener('message', (event) => { event.source.postMessage({ verb: 'response', list: JSON.stringify(assets) }, '*'); });",
        ),
        Case::near_miss(
            "a.js",
            "frame.contentWindow.postMessage({ verb: 'GET', url: 'recipes/' + name, cookies: { type: 'save', url: url } }, '*');",
        ),
        Case::bad(
            "a.js",
            "frame.contentWindow.postMessage({ data: { user: currentUser } }, '*'); //~ postmessage-wildcard",
        ),
        Case::good("a.js", "window.parent.postMessage('ready', '*');"),
        Case::good("a.js", "window.parent.postMessage({ type: 'resize', height: document.body.scrollHeight }, '*');"),
        Case::good("a.js", "window.parent.postMessage({ token }, window.location.origin);"),
        Case::good("a.js", "worker.postMessage({ token });"),
        Case::good("a.js", "port.postMessage(data, [buffer]);"),
        Case::good("a.js", "window.parent.postMessage({ type: 'closed' }, '*');"),
        Case::good("a.js", "self.postMessage(result);"),
        Case::near_miss("a.js", "const token = 'tick' + Math.random();\nwindow.postMessage(token, '*');"),
        Case::near_miss(
            "a.js",
            "window.opener.postMessage({ event: 'mouseClick', id: sourceId, _alias: aliasId, path: path }, '*');",
        ),
        Case::near_miss("a.js", "window.parent.postMessage({ type: 'wetty:save', config: newConfig }, '*');"),
        Case::near_miss("a.js", "queue.postMessage(text, { priority: '*' });"),
        Case::near_miss("a.js", "frame.postMessage({ event: 'scroll', top: window.scrollY, done: false }, '*');"),
        Case::near_miss("a.js", "window.parent.postMessage({ type: 'token-missing' }, '*');"),
        Case::near_miss("a.js", "window.parent.postMessage({ id: frameId, width, height }, '*');"),
    ],
};

fn check(call: &CallView<'_>, out: &mut Vec<Note>) {
    let wild = |v: &crate::semantics::flow::value::Value| v.strings().any(|s| s == "*");
    let Some(target) = call.args.get(1) else { return };
    if !wild(target) && !crate::rules::evidence::field(Some(target), "targetOrigin").is_some_and(|v| wild(v)) {
        return;
    }
    // To itself, as a way to run something later.
    let node = call.arena.root().smallest_at(call.name_span);
    let receiver = node.parent().and_then(|p| p.child(Field::Object)).map_or("", |o| o.text());
    if matches!(receiver, "window" | "self" | "globalThis" | "global" | "_global") {
        return;
    }
    // Who asked is answered; what is no secret is nobody's alone.
    let answers = receiver.ends_with(".source");
    let Some(data) = call.args.first() else { return };
    let secret = data.deep_taints().iter().any(
        |t| matches!(&t.origin, Origin::Source(s) if matches!(s.kind, SourceKind::Password | SourceKind::Sensitive)),
    );
    let names = around(call.hir, call.arena, call.span);
    let node = call.arena.root().smallest_at(call.arg_span(0));
    if secret || carries(node, &|n| is_secret(n)) {
        let message = "Whatever page is in that window by then gets the secret. Name the origin instead of `*`.";
        out.push(Note::new(call.rule, call.arg_span(1), message));
    } else if !answers && carries(node, &|n| is_data(n)) && !any(&names, &["resize", "height"]) {
        let message = "Whatever page is in that window by then gets the data. Name the origin instead of `*`.";
        out.push(Note::new(call.rule, call.arg_span(1), message).severity(Severity::Low));
    }
}

fn is_secret(name: &str) -> bool {
    let words: std::collections::BTreeSet<String> = crate::rules::support::words(name).into_iter().collect();
    any(&words, &["token", "secret", "password", "credentials", "apikey", "session", "jwt", "cookie"])
        && !any(&words, &["id", "type", "name", "length"])
}

/// Names of what is about somebody, or of what a server answered to them.
fn is_data(name: &str) -> bool {
    const PERSONAL: &[&str] = &[
        "account",
        "accounts",
        "address",
        "auth",
        "authorization",
        "card",
        "credential",
        "customer",
        "email",
        "hash",
        "identity",
        "login",
        "mail",
        "member",
        "order",
        "patient",
        "payment",
        "person",
        "phone",
        "private",
        "profile",
        "response",
        "ssn",
        "user",
        "username",
        "users",
    ];
    let words = crate::rules::support::words(name);
    // `userId` says nothing of them, and `emailVisible` neither.
    words.iter().any(|w| PERSONAL.contains(&w.as_str()))
        && !words
            .last()
            .is_some_and(|w| matches!(w.as_str(), "id" | "type" | "count" | "visible" | "index" | "status" | "ready"))
}

/// Whether a message carries a name of that kind.
fn carries(node: Node<'_>, of: &dyn Fn(&str) -> bool) -> bool {
    let node = constant(bare(node));
    match node.kind() {
        Kind::Object => node.named_children().any(|p| match p.kind() {
            Kind::Pair => {
                if let Some(object) = p.child(Field::Value).filter(|v| v.kind() == Kind::Object) {
                    return carries(object, of);
                }
                let key = key_name(p).is_some_and(|k| of(&k));
                key && p.child(Field::Value).is_some_and(|v| !is_plain(v))
            }
            Kind::ShorthandPropertyIdentifier => of(p.text()),
            _ => false,
        }),
        Kind::Identifier => of(node.text()),
        Kind::MemberExpression => node.child(Field::Property).is_some_and(|p| of(p.text())),
        Kind::CallExpression => crate::rules::support::args(node).any(|a| carries(a, of)),
        Kind::BinaryExpression => node.named_children().any(|c| carries(c, of)),
        Kind::TemplateString => node
            .descendants()
            .any(|c| c.kind() == Kind::TemplateSubstitution && c.named_children().any(|e| carries(e, of))),
        _ => false,
    }
}

fn is_plain(node: Node<'_>) -> bool {
    matches!(
        constant(bare(node)).kind(),
        Kind::String | Kind::Number | Kind::True | Kind::False | Kind::Null | Kind::Undefined | Kind::UnaryExpression
    )
}
