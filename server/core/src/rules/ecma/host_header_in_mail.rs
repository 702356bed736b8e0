use sidenote_grammars::Family;

use crate::findings::{Category, Confidence, Note, Severity};
use crate::rules::evidence::field;
use crate::rules::{Case, Check, Docs, Rule};
use crate::semantics::flow::CallView;
use crate::semantics::flow::value::Origin;

pub static RULE: Rule = Rule {
    id: "host-header-in-mail",
    summary: "a link in a mail leads where the request's sender likes",
    category: Category::Security,
    severity: Severity::High,
    confidence: Confidence::Medium,
    cwe: &[640],
    families: &[Family::Ecma],
    default_on: true,
    in_tests: false,
    docs: Docs {
        what: "Follows the `Host` header of a request (`req.headers.host`, `req.get('host')`, `req.hostname`) into the text of a mail that is sent with nodemailer and its kin.",
        why: "Whoever asks for somebody else's password to be reset chooses the host: the mail comes from you, and its link hands the token to them.",
        example: "mailer.sendMail({ to, text: 'http://' + req.headers.host + '/reset/' + token });",
        instead: "mailer.sendMail({ to, text: `${config.origin}/reset/${token}` });",
        limits: "Texts that templates make are not followed.",
        fix: "",
    },
    checks: &[Check::Calls(&["sendMail", "send", "sendEmail", "sendTransac"], check)],
    cases: &[
        Case::bad(
            "a.js",
            "app.post('/forgot', (req, res) => { mailer.sendMail({ to: req.body.mail, text: 'http://' + req.headers.host + '/reset/' + token }); }); //~ host-header-in-mail",
        ),
        Case::bad(
            "a.ts",
            "app.post('/forgot', async (req, res) => { const link = `https://${req.get('host')}/reset/${token}`;\nawait mailer.sendMail({ to, html: `<a href=\"${link}\">reset</a>` }); }); //~ host-header-in-mail",
        ),
        Case::bad(
            "a.js",
            "app.post('/forgot', (req, res) => { const mail = { to, text: 'https://' + req.hostname + '/r/' + token }; mailer.sendMail(mail); }); //~ host-header-in-mail",
        ),
        Case::bad(
            "a.js",
            "app.post('/forgot', (req, res) => { const { host } = req.headers; mailer.sendMail({ to, text: 'https://' + host + '/r' }); }); //~ host-header-in-mail",
        ),
        Case::good(
            "a.js",
            "app.post('/forgot', (req, res) => { mailer.sendMail({ to, text: config.origin + '/reset/' + token }); });",
        ),
        Case::good("a.js", "app.post('/hi', (req, res) => { mailer.sendMail({ to, text: 'Hi ' + req.body.name }); });"),
        Case::good("a.js", "app.get('/x', (req, res) => { res.json({ host: req.headers.host }); });"),
        Case::good(
            "a.js",
            "app.post('/forgot', (req, res) => { mailer.sendMail({ to: 'ops@' + req.headers.host, text: 'x' }); });",
        ),
        Case::near_miss(
            "a.js",
            "app.post('/x', (req, res) => { mailer.sendMail({ to, text: req.headers['user-agent'] }); });",
        ),
        Case::near_miss("a.js", "app.get('/x', (req, res) => { res.send({ text: req.headers.host }); });"),
    ],
};

fn check(call: &CallView<'_>, out: &mut Vec<Note>) {
    // A mail has somebody whom it goes to.
    let mail = call.args.iter().find(|a| field(Some(a), "to").is_some());
    let texts = ["text", "html", "body"].into_iter().filter_map(|name| field(mail, name));
    let by_host = texts.flat_map(|v| v.taints.iter()).any(|t| match &t.origin {
        Origin::Source(s) => {
            let written = s.at.arena.slice(s.at.span);
            let before = s.at.arena.text().get(..s.at.span.start as usize).unwrap_or_default();
            let after = s.at.arena.text().get(s.at.span.end as usize..).unwrap_or_default();
            let named = |text: &str| {
                let lower = text.to_ascii_lowercase();
                lower.ends_with(".host")
                    || lower.ends_with("hostname")
                    || lower.contains("'host'")
                    || lower.contains("\"host\"")
            };
            named(written)
                || written.ends_with("headers")
                    && ["host", ".host", "['host']", "[\"host\"]"].iter().any(|h| after.starts_with(h))
                || written.ends_with("headers") && taken_apart(before)
        }
        Origin::Param(..) => false,
    });
    if by_host {
        let message = "Whoever sent the request chose this host, and with it where the mail's link leads. Take the address from the configuration.";
        out.push(Note::new(call.rule, call.arg_span(0), message));
    }
}

/// `const { host } = req.headers`, by what stands before the request.
fn taken_apart(before: &str) -> bool {
    let line = before.rsplit(['\n', ';']).next().unwrap_or_default();
    line.trim_end().ends_with('=') && line.split(|c: char| !c.is_alphanumeric()).any(|w| w == "host")
}
