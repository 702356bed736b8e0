use sidenote_grammars::{Family, Field, Kind};

use crate::findings::{Category, Confidence, Note, Severity};
use crate::rules::support::{self, args, bare, constant_text, is_function, key_name, method, place_name, string_value};
use crate::rules::{Case, Check, Cx, Docs, Rule};
use crate::semantics::flow::CallView;
use crate::syntax::{Node, Span};

pub static RULE: Rule = Rule {
    id: "tls-verification-disabled",
    summary: "TLS connections accept any certificate",
    category: Category::Security,
    severity: Severity::High,
    confidence: Confidence::High,
    cwe: &[295, 297],
    families: &[Family::Ecma, Family::Rust],
    default_on: true,
    in_tests: false,
    docs: Docs {
        what: "Finds options, calls and environment variables that switch off the check of a TLS peer's certificate or \
               host name with a constant: `rejectUnauthorized: false`, `strictSSL: false`, an empty `checkServerIdentity`, \
               `NODE_TLS_REJECT_UNAUTHORIZED = '0'`, `danger_accept_invalid_certs(true)`, `SslVerifyMode::NONE`, rustls \
               verifiers that accept everything.",
        why: "Without the check anybody on the network path can present a certificate of their own, read and change \
              everything that is sent, passwords and tokens included. The connection still looks encrypted.",
        example: "https.request({ host, rejectUnauthorized: false });",
        instead: "https.request({ host, ca: fs.readFileSync('internal-ca.pem') });",
        limits: "A value that is computed or read from configuration is left alone, so is code under a condition that names the choice (`if (insecure)`), and so is a server that asks for no \
                 client certificates. A verifier is recognised where its `verify_server_cert` does nothing but accept.",
        fix: "The suggested fix turns the check on again; a server with a self-signed certificate then needs its authority \
              configured.",
    },
    checks: &[
        Check::Nodes(&[Kind::Pair], pair),
        Check::Nodes(&[Kind::MethodDefinition], identity_method),
        Check::Nodes(&[Kind::AssignmentExpression, Kind::AugmentedAssignmentExpression], assignment),
        Check::Nodes(&[Kind::CallExpression], rust_call),
        Check::Nodes(&[Kind::CallExpression], electron),
        Check::Nodes(&[Kind::FunctionItem], rust_verifier),
        Check::Calls(
            &["exec", "execSync", "spawn", "spawnSync", "execFile", "execFileSync", "arg", "args"],
            other_program,
        ),
    ],
    cases: &[
        Case::bad(
            "a.js",
            "const { exec } = require('child_process');\nexec('curl -sk https://x.example.com/a.tgz -o a.tgz'); //~ tls-verification-disabled",
        ),
        Case::bad(
            "a.rs",
            "fn f() { let mut c = std::process::Command::new(\"curl\"); c.args([\"--insecure\", \"https://x.example.com/a\"]); } //~ tls-verification-disabled",
        ),
        Case::near_miss(
            "a.js",
            "const agents = { httpsAllowUnauthorized: new Https.Agent({ keepAlive: true, rejectUnauthorized: false }) };",
        ),
        Case::near_miss(
            "a.js",
            "const { exec } = require('child_process');\nexec('curl -s https://x.example.com/k -o k'); exec('sort -k 2 a');",
        ),
        Case::bad(
            "a.ts",
            "import { session } from 'electron';\nsession.defaultSession.setCertificateVerifyProc((_request, callback) => callback(0)); //~ tls-verification-disabled",
        ),
        Case::bad(
            "a.js",
            "const { app } = require('electron');\napp.on('certificate-error', (event, page, url, error, certificate, callback) => { event.preventDefault(); callback(true); }); //~ tls-verification-disabled",
        ),
        Case::good(
            "a.js",
            "const { app } = require('electron');\napp.on('certificate-error', (event, page, url, error, certificate, callback) => { if (certificate.fingerprint === OURS) { event.preventDefault(); callback(true); } else callback(false); });",
        ),
        Case::good(
            "a.ts",
            "import { session } from 'electron';\nsession.defaultSession.setCertificateVerifyProc((request, callback) => callback(request.errorCode === 0 ? 0 : -2));",
        ),
        Case::bad(
            "a.rs",
            "fn f(b: &mut openssl::ssl::SslContextBuilder) { b.set_verify(openssl::ssl::SslVerifyMode::empty()); } //~ tls-verification-disabled",
        ),
        Case::bad(
            "a.rs",
            "fn f() { let s = ldap3::LdapConnSettings::new().set_no_tls_verify(true); } //~ tls-verification-disabled",
        ),
        Case::bad("a.rs", "fn f(mut c: tiberius::Config) { c.trust_cert(); } //~ tls-verification-disabled"),
        Case::bad("a.ts", "https.request({ host, rejectUnauthorized: false }, done); //~ tls-verification-disabled"),
        Case::bad("a.js", "process.env.NODE_TLS_REJECT_UNAUTHORIZED = '0'; //~ tls-verification-disabled"),
        Case::bad("a.js", "process.env['NODE_TLS_REJECT_UNAUTHORIZED'] = 0; //~ tls-verification-disabled"),
        Case::bad(
            "a.js",
            "const agent = new https.Agent();\nagent.options.rejectUnauthorized = false; //~ tls-verification-disabled",
        ),
        Case::bad(
            "a.ts",
            "const verify = false;\nexport const pool = new Pool({ ssl: { 'rejectUnauthorized': verify } }); //~ tls-verification-disabled",
        ),
        Case::bad("a.js", "request.get({ url, strictSSL: false }, cb); //~ tls-verification-disabled"),
        Case::bad("a.ts", "tls.connect({ port, checkServerIdentity: () => undefined }); //~ tls-verification-disabled"),
        Case::bad("a.js", "tls.connect({ port, checkServerIdentity() {} }); //~ tls-verification-disabled"),
        Case::bad(
            "a.js",
            "https.createServer({ key, cert, requestCert: true, rejectUnauthorized: false }, app); //~ tls-verification-disabled",
        ),
        Case::bad(
            "a.rs",
            "fn f() -> Client {\n    Client::builder()\n        .danger_accept_invalid_certs(true) //~ tls-verification-disabled\n        .build().unwrap()\n}",
        ),
        Case::bad(
            "a.rs",
            "const INSECURE: bool = true;\nfn f(b: ClientBuilder) -> ClientBuilder { b.danger_accept_invalid_hostnames(INSECURE) } //~ tls-verification-disabled",
        ),
        Case::bad(
            "a.rs",
            "fn f(mut b: SslConnectorBuilder) { b.set_verify(SslVerifyMode::NONE); } //~ tls-verification-disabled",
        ),
        Case::bad(
            "a.rs",
            "impl ServerCertVerifier for Nope {\n    fn verify_server_cert(&self, _: &CertificateDer<'_>) -> Result<ServerCertVerified, Error> {\n        Ok(ServerCertVerified::assertion()) //~ tls-verification-disabled\n    }\n}",
        ),
        Case::bad(
            "a.rs",
            "fn f() {\n    let c = ClientConfig::builder()\n        .dangerous()\n        .with_custom_certificate_verifier(Arc::new(SkipServerVerification)); //~ tls-verification-disabled\n}",
        ),
        Case::good("a.ts", "https.request({ host, rejectUnauthorized: true });"),
        Case::good("a.ts", "https.request({ host, rejectUnauthorized: process.env.NODE_ENV === 'production' });"),
        Case::good("a.js", "process.env.NODE_TLS_REJECT_UNAUTHORIZED = '1';"),
        Case::good(
            "a.js",
            "tls.connect({ checkServerIdentity: (host, cert) => pinned(cert) ? undefined : new Error('pin') });",
        ),
        Case::near_miss(
            "a.js",
            "const options = requestCert ? { requestCert: true, rejectUnauthorized: false, ...cert } : cert;\nserve(options);",
        ),
        Case::good("a.rs", "fn f() { Client::builder().danger_accept_invalid_certs(false); }"),
        Case::good("a.rs", "fn f(o: &Options) { Client::builder().danger_accept_invalid_certs(o.insecure); }"),
        Case::good("a.rs", "fn f(mut b: SslConnectorBuilder) { b.set_verify(SslVerifyMode::PEER); }"),
        Case::near_miss(
            "a.ts",
            "const schema = { rejectUnauthorized: { type: 'boolean', default: true }, strictSSL: true };",
        ),
        Case::near_miss("a.js", "https.createServer({ key, cert, rejectUnauthorized: false }, app);"),
        Case::near_miss("a.js", "if (options.tlsInsecure) { options.rejectUnauthorized = false; }"),
        Case::near_miss(
            "a.rs",
            "fn f(insecure: bool) { let mut b = Client::builder(); if insecure { b = b.danger_accept_invalid_certs(true); } }",
        ),
        Case::near_miss("a.js", "assert.deepEqual(parse(argv), { rejectUnauthorized: false });"),
        Case::near_miss(
            "a.js",
            "delete process.env.NODE_TLS_REJECT_UNAUTHORIZED; const strict = options.strictSSL === false;",
        ),
        Case::near_miss(
            "a.rs",
            "impl ServerCertVerifier for Pinned {\n    fn verify_server_cert(&self, cert: &CertificateDer<'_>) -> Result<ServerCertVerified, Error> {\n        if cert != self.pin { return Err(Error::General(\"pin\".into())); }\n        Ok(ServerCertVerified::assertion())\n    }\n}",
        ),
        Case::bad(
            "a.rs",
            "fn a() { reqwest::Client::builder().danger_accept_invalid_certs(true).build().unwrap(); } //~ tls-verification-disabled",
        ),
        Case::bad(
            "a.rs",
            "use reqwest::ClientBuilder;\nfn b() { ClientBuilder::new().danger_accept_invalid_hostnames(true).build().unwrap(); } //~ tls-verification-disabled",
        ),
        Case::bad(
            "a.rs",
            "fn c() { native_tls::TlsConnector::builder().danger_accept_invalid_certs(true).build().unwrap(); } //~ tls-verification-disabled",
        ),
        Case::bad(
            "a.rs",
            "use openssl::ssl::{SslConnector, SslMethod, SslVerifyMode};\nfn d() { let mut b = SslConnector::builder(SslMethod::tls()).unwrap(); b.set_verify(SslVerifyMode::NONE); } //~ tls-verification-disabled",
        ),
        Case::bad(
            "a.rs",
            "use openssl::ssl::{SslConnector, SslMethod, SslVerifyMode};\nfn e() { let mut b = SslConnector::builder(SslMethod::tls()).unwrap(); b.set_verify_callback(SslVerifyMode::PEER, |_, _| true); } //~ tls-verification-disabled",
        ),
        Case::bad(
            "a.rs",
            "use openssl::ssl::{SslConnector, SslMethod};\nfn f() { let c = SslConnector::builder(SslMethod::tls()).unwrap().build().configure().unwrap().verify_hostname(false); } //~ tls-verification-disabled",
        ),
        Case::bad(
            "a.rs",
            "fn h() { let mut cb = git2::RemoteCallbacks::new(); cb.certificate_check(|_, _| Ok(git2::CertificateCheckStatus::CertificateOk)); } //~ tls-verification-disabled",
        ),
        Case::bad(
            "a.rs",
            "fn i() { let t = lettre::transport::smtp::client::TlsParameters::builder(\"x\".into()).dangerous_accept_invalid_certs(true).build(); } //~ tls-verification-disabled",
        ),
        Case::bad(
            "a.rs",
            "fn i2() { let accept = true; reqwest::blocking::Client::builder().danger_accept_invalid_certs(accept); } //~ tls-verification-disabled",
        ),
        Case::bad(
            "a.rs",
            "#[derive(Debug)] struct NoVerify;\nimpl rustls::client::danger::ServerCertVerifier for NoVerify {\n    fn verify_server_cert(&self, e: &CertificateDer<'_>, i: &[CertificateDer<'_>], s: &ServerName<'_>, o: &[u8], n: UnixTime) -> Result<ServerCertVerified, rustls::Error> { Ok(ServerCertVerified::assertion()) } //~ tls-verification-disabled\n    fn verify_tls12_signature(&self, m: &[u8], c: &CertificateDer<'_>, d: &DigitallySignedStruct) -> Result<HandshakeSignatureValid, rustls::Error> { Ok(HandshakeSignatureValid::assertion()) }\n}",
        ),
        Case::bad(
            "a.rs",
            "fn j() { let t = ureq::tls::TlsConfig::builder().disable_verification(true).build(); } //~ tls-verification-disabled",
        ),
        Case::bad(
            "a.rs",
            "fn j2() { let c = isahc::HttpClient::builder().ssl_options(isahc::config::SslOption::DANGER_ACCEPT_INVALID_CERTS | isahc::config::SslOption::DANGER_ACCEPT_REVOKED_CERTS).build(); } //~ tls-verification-disabled",
        ),
        Case::bad(
            "a.rs",
            "fn j3() { let b = mongodb::options::TlsOptions::builder().allow_invalid_certificates(true).build(); } //~ tls-verification-disabled",
        ),
        Case::bad(
            "a.rs",
            "fn j4() { let c = mysql::SslOpts::default().with_danger_accept_invalid_certs(true); } //~ tls-verification-disabled",
        ),
        Case::good(
            "a.rs",
            "use reqwest::ClientBuilder;\nfn i3(cfg: &Cfg) { ClientBuilder::new().danger_accept_invalid_certs(cfg.dev || true); }",
        ),
        Case::good(
            "a.rs",
            "fn k() { reqwest::Client::builder().danger_accept_invalid_certs(false).build().unwrap(); }",
        ),
        Case::good(
            "a.rs",
            "fn l(insecure: bool) { reqwest::Client::builder().danger_accept_invalid_certs(insecure).build().unwrap(); }",
        ),
        Case::good(
            "a.rs",
            "use openssl::ssl::{SslConnector, SslMethod, SslVerifyMode};\nfn m() { let mut b = SslConnector::builder(SslMethod::tls()).unwrap(); b.set_verify(SslVerifyMode::PEER); }",
        ),
        Case::near_miss(
            "a.rs",
            "use openssl::ssl::SslMethod;\nfn n() { let b = openssl::ssl::SslAcceptor::mozilla_modern(SslMethod::tls()).unwrap(); }",
        ),
        Case::near_miss(
            "a.rs",
            "fn o() { let c = rustls::ClientConfig::builder().with_root_certificates(roots()).with_no_client_auth(); }",
        ),
        Case::near_miss(
            "a.rs",
            "fn p() { let c = rustls::ServerConfig::builder().with_no_client_auth().with_single_cert(vec![], key()); }",
        ),
        Case::bad(
            "a.js",
            r#"const { app } = require("electron");
app.commandLine.appendSwitch("ignore-certificate-errors"); //~ tls-verification-disabled"#,
        ),
        Case::good(
            "a.rs",
            "fn a() -> reqwest::Client { reqwest::Client::builder().danger_accept_invalid_certs(false).build().unwrap() }",
        ),
        Case::good(
            "a.rs",
            "fn a(pem: &[u8]) -> reqwest::Client { reqwest::Client::builder().add_root_certificate(reqwest::Certificate::from_pem(pem).unwrap()).build().unwrap() }",
        ),
        Case::good(
            "a.rs",
            "fn a() -> native_tls::TlsConnector { native_tls::TlsConnector::builder().min_protocol_version(Some(native_tls::Protocol::Tlsv12)).build().unwrap() }",
        ),
        Case::good(
            "a.rs",
            "use openssl::ssl::{SslConnector, SslMethod, SslVerifyMode};\nfn a() { let mut b = SslConnector::builder(SslMethod::tls()).unwrap(); b.set_verify(SslVerifyMode::PEER); go(b); }",
        ),
        Case::good(
            "a.rs",
            "fn a(roots: rustls::RootCertStore) -> rustls::ClientConfig { rustls::ClientConfig::builder().with_root_certificates(roots).with_no_client_auth() }",
        ),
        Case::good("a.rs", "fn a() { let accept_invalid_certs = false; println!(\"{accept_invalid_certs}\"); }"),
        Case::near_miss("a.rs", "fn a() -> &'static str { \"use danger_accept_invalid_certs(true) for tests\" }"),
        Case::near_miss("a.rs", "fn a(b: &mut Form) { b.set_verify(Mode::NONE); }"),
    ],
};

const COST: &str = "so that anybody on the way can read and change what is sent.";

/// Options that switch the check off when false, and those that do when true.
fn option(name: &str) -> Option<(bool, Confidence)> {
    match name {
        "rejectUnauthorized" | "strictSSL" => Some((false, Confidence::High)),
        "SSL_VERIFYPEER" | "sslValidate" => Some((false, Confidence::Medium)),
        "tlsAllowInvalidCertificates" | "tlsAllowInvalidHostnames" | "tlsInsecure" | "insecureSkipTLSVerify" => {
            Some((true, Confidence::High))
        }
        "trustServerCertificate" => Some((true, Confidence::Medium)),
        _ => None,
    }
}

/// Whether the value is the constant that switches the option off.
fn switches_off(name: &str, value: Node<'_>, cx: &Cx<'_>) -> Option<Confidence> {
    if name == "NODE_TLS_REJECT_UNAUTHORIZED" {
        let text = constant_text(value, cx);
        return matches!(text, "'0'" | "\"0\"" | "`0`" | "0").then_some(Confidence::High);
    }
    let (off, confidence) = option(name)?;
    let text = constant_text(value, cx);
    let matches = if off { matches!(text, "true" | "!0") } else { matches!(text, "false" | "!1") };
    (matches || (name == "SSL_VERIFYPEER" && text == "0")).then_some(confidence)
}

/// `exec("curl -k ..")`, `Command::new("curl").args(["-k", url])`: programs that fetch, told to trust everybody.
fn other_program(call: &CallView<'_>, out: &mut Vec<Note>) {
    let node = call.paths.iter().any(|p| p.starts_with("child_process."));
    let rust = call.paths.iter().any(|p| p.starts_with("std::process::Command."));
    if !node && !rust {
        return;
    }
    let texts = call.args.iter().flat_map(|a| {
        let whole = a.strings().chain(a.prefix.filter(|_| a.lits.is_empty()));
        whole.chain(a.fields().filter_map(|(_, v)| v.as_str())).collect::<Vec<_>>()
    });
    let mut words: Vec<String> =
        texts.flat_map(|t| t.split_whitespace().map(str::to_owned).collect::<Vec<_>>()).collect();
    if rust {
        let text = call.arena.text();
        for program in ["curl", "wget"] {
            if text.contains(&format!("Command::new(\"{program}\")")) {
                words.insert(0, program.to_owned());
            }
        }
    }
    let runs = |program: &str| words.iter().any(|w| w == program || w.ends_with(&format!("/{program}")));
    // `-k`, `-sk`, `--insecure`
    let short = |w: &str| {
        w.len() > 1
            && w.len() < 8
            && w.starts_with('-')
            && w.ends_with('k')
            && w[1..].bytes().all(|b| b.is_ascii_alphabetic())
    };
    let open = runs("curl") && words.iter().any(|w| w == "--insecure" || short(w))
        || runs("wget") && words.iter().any(|w| w == "--no-check-certificate")
        || runs("git") && words.iter().any(|w| w == "http.sslVerify=false");
    if open {
        let message = format!("The program is told not to check certificates, {COST} Leave the check on.");
        out.push(Note::new(call.rule, call.arg_span(0), message));
    }
}

fn report<'a>(span: Span, value: Option<Node<'a>>, what: &str, confidence: Confidence, cx: &mut Cx<'a>) {
    let mut note =
        Note::new(cx.rule, span, format!("{what}, {COST} Leave the check on; trust a private authority with `ca`."))
            .confidence(confidence);
    if let Some(value) = value.map(bare) {
        let on = match value.text() {
            "false" => Some("true"),
            "true" => Some("false"),
            _ => None,
        };
        if let Some(on) = on {
            note = note.suggestion("Check certificates", vec![(value.span(), on.into())]);
        }
    }
    cx.report(note);
}

/// Whether the code runs only where somebody asked for it by an option: `if (insecure) { .. }`, `case 'no-verify':`.
fn is_opt_in(node: Node<'_>) -> bool {
    const WORDS: [&str; 16] = [
        "insecure",
        // A server that asks for its clients' certificates.
        "requestcert",
        "unauthorized",
        "certs",
        "verif",
        "reject",
        "danger",
        "invalid",
        "trust",
        "unsafe",
        "selfsigned",
        "self_signed",
        "skip",
        "strict",
        "ssl",
        "tls",
    ];
    // `{ httpsAllowUnauthorized: new Https.Agent({ rejectUnauthorized: false }) }`
    let offered = |n: Node<'_>| {
        n.kind() == Kind::Pair && key_name(n).is_some_and(|k| k.to_ascii_lowercase().contains("allowunauthorized"))
    };
    if node.ancestors().any(offered) {
        return true;
    }
    node.ancestors().any(|n| {
        let condition = match n.kind() {
            Kind::IfStatement | Kind::IfExpression | Kind::TernaryExpression => n.child(Field::Condition),
            Kind::SwitchCase => n.child(Field::Value),
            Kind::MatchArm => n.child(Field::Pattern),
            _ => None,
        };
        condition.is_some_and(|c| {
            let text = c.text().to_ascii_lowercase();
            !c.span().contains(node.span()) && WORDS.iter().any(|w| text.contains(w))
        })
    })
}

fn pair<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    let (Some(name), Some(value)) = (key_name(node), node.child(Field::Value)) else { return };
    if name == "checkServerIdentity" {
        let function = bare(value);
        if support::is_function(function) && accepts_any(cx.open(function)) {
            identity(node, cx);
        }
        return;
    }
    let Some(confidence) = switches_off(&name, value, cx) else { return };
    let Some(object) = node.parent() else { return };
    if is_expectation(object) || is_server(object) || is_opt_in(node) {
        return;
    }
    report(node.span(), Some(value), &format!("`{name}` is off: certificates are not checked"), confidence, cx);
}

fn identity<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    report(node.span(), None, "This `checkServerIdentity` accepts every host name", Confidence::High, cx);
}

fn identity_method<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    let named = node.child(Field::Name).is_some_and(|n| n.text() == "checkServerIdentity");
    if named && node.parent().is_none_or(|p| p.kind() == Kind::Object) && accepts_any(node) {
        identity(node, cx);
    }
}

/// Whether a function does nothing, or gives nothing but `undefined` or `null`.
fn accepts_any(function: Node<'_>) -> bool {
    let Some(body) = function.child(Field::Body) else { return false };
    let nothing = |n: Node<'_>| matches!(bare(n).text(), "undefined" | "null" | "void 0");
    if body.kind() != Kind::StatementBlock {
        return nothing(body);
    }
    body.named_children().all(|s| s.kind() == Kind::ReturnStatement && s.first_named().is_none_or(nothing))
}

/// Whether an object is what a test expects rather than what anything is configured with.
fn is_expectation(object: Node<'_>) -> bool {
    object.ancestors().find(|n| n.kind() == Kind::CallExpression).and_then(|c| c.child(Field::Function)).is_some_and(
        |f| {
            let name = place_name(f).unwrap_or_default();
            name.starts_with("to") || name.contains("qual") || name.contains("Called") || name == "match"
        },
    )
}

/// Whether an object configures a server that asks for no client certificates.
fn is_server(object: Node<'_>) -> bool {
    let call = object.parent().and_then(|p| p.parent());
    let server = call.and_then(|c| c.child(Field::Function)).and_then(place_name);
    matches!(server.as_deref(), Some("createServer" | "createSecureServer"))
        && !object.named_children().any(|p| key_name(p).as_deref() == Some("requestCert"))
}

fn assignment<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    let (Some(left), Some(right)) = (node.child(Field::Left), node.child(Field::Right)) else { return };
    if left.kind() == Kind::Identifier {
        return;
    }
    let Some(name) = place_name(left).filter(|_| !is_opt_in(node)) else { return };
    if name == "checkServerIdentity" {
        let function = bare(right);
        if support::is_function(function) && accepts_any(cx.open(function)) {
            identity(node, cx);
        }
    } else if let Some(confidence) = switches_off(&name, right, cx) {
        let what = if name == "NODE_TLS_REJECT_UNAUTHORIZED" {
            "Certificates are not checked in the whole process".to_owned()
        } else {
            format!("`{name}` is off: certificates are not checked")
        };
        report(node.span(), Some(right), &what, confidence, cx);
    }
}

fn rust_call<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    if cx.arena().language().family != Family::Rust {
        return;
    }
    let Some((_, name)) = method(node) else { return };
    // Finding a constant takes a walk over the block: not for every call.
    let told = name.text();
    if !["danger", "verif", "invalid", "certificate_check", "ssl_options", "trust_cert"]
        .iter()
        .any(|w| told.contains(w))
    {
        return;
    }
    // tiberius
    if told == "trust_cert" && args(node).next().is_none() && !is_opt_in(node) {
        report(node.span(), None, "Every certificate is accepted", Confidence::Medium, cx);
        return;
    }
    let Some(argument) = args(node).next().filter(|_| !is_opt_in(node)) else { return };
    let text = constant_text(argument, cx);
    let span = Span { start: name.span().start, end: node.span().end };
    let (bad, what) = match name.text() {
        "danger_accept_invalid_certs"
        | "tls_danger_accept_invalid_certs"
        | "dangerous_accept_invalid_certs"
        | "with_danger_accept_invalid_certs"
        | "allow_invalid_certificates" => (text == "true", "Every certificate is accepted"),
        "danger_accept_invalid_hostnames"
        | "tls_danger_accept_invalid_hostnames"
        | "dangerous_accept_invalid_hostnames"
        | "with_danger_skip_domain_validation" => (text == "true", "A certificate of any other host is accepted"),
        "disable_verification" | "set_no_tls_verify" => (text == "true", "Every certificate is accepted"),
        "ssl_verify_peer" | "ssl_verify_host" | "set_verify_hostname" => (text == "false", "The peer is not verified"),
        "verify_hostname" => (text == "false", "A certificate of any other host is accepted"),
        "ssl_options" => {
            let open = ["DANGER_ACCEPT_INVALID_CERTS", "DANGER_ACCEPT_INVALID_HOSTS"];
            (open.iter().any(|o| argument.text().contains(o)), "Every certificate is accepted")
        }
        "certificate_check" => {
            let body = argument.child(Field::Body).map_or("", Node::text);
            let accepts = body.contains("CertificateOk") || body == "true";
            (accepts && !body.contains("if ") && !body.contains("match "), "Every certificate and host key is accepted")
        }
        "set_verify" | "set_verify_callback" => {
            let none = matches!(text.rsplit("::").next(), Some("NONE" | "empty()")) && text.contains("SslVerifyMode");
            let always = name.text() == "set_verify_callback"
                && args(node).nth(1).is_some_and(|f| {
                    f.kind() == Kind::ClosureExpression && f.child(Field::Body).is_some_and(|b| b.text() == "true")
                });
            (none || always, "The peer's certificate is not verified")
        }
        "with_custom_certificate_verifier" | "set_certificate_verifier" => {
            if !argument.descendants().any(|n| names_blind_verifier(n)) {
                return;
            }
            let note = format!(
                "This verifier, by its name, accepts every certificate, {COST} Use the platform's roots or your own authority's."
            );
            cx.report(Note::new(cx.rule, span, note).confidence(Confidence::Medium));
            return;
        }
        _ => return,
    };
    if bad {
        report(span, None, what, Confidence::High, cx);
    }
}

fn names_blind_verifier(node: Node<'_>) -> bool {
    if !matches!(node.kind(), Kind::Identifier | Kind::TypeIdentifier) || !node.text().starts_with(char::is_uppercase) {
        return false;
    }
    let words = support::words(node.text());
    let has = |w: &[&str]| words.iter().any(|x| w.contains(&x.as_str()));
    has(&["no", "skip", "insecure", "dummy", "danger", "dangerous", "disabled", "ignore"])
        || (has(&["accept", "allow", "trust"]) && has(&["all", "any", "invalid", "everything"]))
}

fn rust_verifier<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    if node.child(Field::Name).is_none_or(|n| n.text() != "verify_server_cert") {
        return;
    }
    let Some(body) = node.child(Field::Body) else { return };
    let mut statements = body.named_children();
    let (Some(only), None) = (statements.next(), statements.next()) else { return };
    let accepts = only.kind() == Kind::CallExpression
        && only.child(Field::Function).is_some_and(|f| f.text() == "Ok")
        && args(only).next().is_some_and(|a| a.text().ends_with("ServerCertVerified::assertion()"));
    if accepts {
        report(only.span(), None, "This verifier accepts every certificate", Confidence::Medium, cx);
    }
}

/// Electron's own checks, answered with yes whatever the certificate: `setCertificateVerifyProc((_, done) => done(0))`.
fn electron<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    if cx.arena().language().family != Family::Ecma {
        return;
    }
    let Some((_, name)) = method(node) else { return };
    let (function, yes) = match name.text() {
        "setCertificateVerifyProc" => (args(node).next(), "(0)"),
        "on" | "once" => {
            let mut arguments = args(node);
            let event = arguments.next().and_then(string_value);
            if event.is_none_or(|e| e != "certificate-error") {
                return;
            }
            (arguments.next(), "(true)")
        }
        _ => return,
    };
    let Some(function) = function.filter(|f| is_function(*f)) else { return };
    let squeezed: String = function.text().chars().filter(|c| !c.is_whitespace()).collect();
    let judges = ["if(", "?", "&&", "||", "===", "!=="].iter().any(|w| squeezed.contains(w));
    if squeezed.contains(yes) && !judges {
        let message = "Every certificate is accepted: anybody on the way can read and change what is sent. Leave the check on, or compare the certificate's fingerprint.";
        let answer =
            function.descendants().filter(|n| n.kind() == Kind::CallExpression).find(|n| n.text().ends_with(yes));
        cx.report(Note::new(cx.rule, answer.unwrap_or(name).span(), message));
    }
}
