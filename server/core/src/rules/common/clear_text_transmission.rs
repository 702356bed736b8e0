use sidenote_grammars::Family;

use crate::findings::{Category, Confidence, Severity};
use crate::rules::{Case, Check, Docs, Rule};
use crate::semantics::flow::kinds::SinkKind;

pub static RULE: Rule = Rule {
    id: "clear-text-transmission",
    summary: "a password, key or other secret is sent over plain http",
    category: Category::Security,
    severity: Severity::High,
    confidence: Confidence::Medium,
    cwe: &[319],
    families: &[Family::Ecma, Family::Rust],
    default_on: true,
    in_tests: false,
    docs: Docs {
        what: "Follows values whose names say that they are secrets into requests to addresses that begin with `http://`, into plain TCP \
               connections, and (Rust) into the address itself, whatever its scheme.",
        why: "Everybody on the way reads what is sent without encryption: the neighbour in the café, the hotel, the provider.",
        example: "axios.post('http://api.example.com/login', { name, password });",
        instead: "axios.post('https://api.example.com/login', { name, password });",
        limits: "Addresses of this machine and of private networks are left alone. The address must begin with a constant.",
        fix: "",
    },
    checks: &[
        Check::Flow(&[SinkKind::SensitiveWire], "`{sink}` sends {source} without encryption. Use `https://`."),
        Check::Flow(
            &[SinkKind::SensitiveUrl],
            "`{sink}` puts {source} into an address, which servers and proxies write to their logs. Send it in the body or a header, over `https://`.",
        ),
    ],
    cases: &[
        Case::bad("a.js", "const socket = new WebSocket('ws://chat.example.com/rooms'); //~ clear-text-transmission"),
        Case::good(
            "a.js",
            "const a = new WebSocket('wss://chat.example.com/'); const b = new WebSocket('ws://localhost:3000');",
        ),
        Case::near_miss("a.js", "const c = new WebSocket('ws://' + location.host); const d = new WebSocket(url);"),
        Case::bad(
            "a.js",
            "const axios = require('axios');\naxios.post('http://api.shop.example/login', { name, password }); //~ clear-text-transmission",
        ),
        Case::bad(
            "a.ts",
            "export const f = (apiKey: string) => fetch('http://weather.example/v1?key=' + apiKey); //~ clear-text-transmission",
        ),
        Case::bad(
            "a.js",
            "fetch('http://api.example.org/x', { method: 'POST', headers: { Authorization: 'Bearer ' + accessToken } }); //~ clear-text-transmission",
        ),
        Case::bad(
            "a.js",
            "const BASE = 'http://login.example.net';\nfetch(`${BASE}/auth`, { body: JSON.stringify({ password: form.password }) }); //~ clear-text-transmission",
        ),
        Case::bad(
            "a.js",
            "const got = require('got');\ngot.post('http://a.example.com', { json: { clientSecret } }); //~ clear-text-transmission",
        ),
        Case::bad(
            "a.js",
            "const http = require('http');\nhttp.get('http://a.example.com/?pw=' + user.password, done); //~ clear-text-transmission",
        ),
        Case::bad("a.js", "$.post('http://api.example.com/login', { user, password }); //~ clear-text-transmission"),
        Case::bad(
            "a.ts",
            "const send = (url: string, secret: string) => fetch(url, { body: secret });\nexport const f = (apiSecret: string) => fetch('http://a.example.com/x', { body: apiSecret }); //~ clear-text-transmission",
        ),
        Case::good(
            "a.js",
            "const axios = require('axios');\naxios.post('https://api.shop.example/login', { name, password });",
        ),
        Case::good("a.js", "fetch('http://localhost:3000/login', { body: JSON.stringify({ password }) });"),
        Case::good("a.js", "fetch('http://192.168.0.10/login', { body: password });"),
        Case::good("a.js", "fetch('http://api.example.com/list?page=' + page);"),
        Case::good("a.js", "fetch(base + '/login', { body: JSON.stringify({ password }) });"),
        Case::good("a.js", "fetch('/login', { body: JSON.stringify({ password }) });"),
        Case::good("a.js", "fetch(`https://api.example.com/?key=${apiKey}`);"),
        Case::good("a.js", "fetch('http://10.0.0.7/metrics', { headers: { authorization: accessToken } });"),
        Case::bad(
            "a.rs",
            "async fn f(password: &str) {\n    let url = format!(\"http://example.com/login?p={}\", password);\n    reqwest::get(&url).await; //~ clear-text-transmission\n}",
        ),
        Case::bad(
            "a.rs",
            "async fn f(password: &str) {\n    let url = format!(\"https://example.com/login?p={}\", password);\n    reqwest::get(&url).await; //~ clear-text-transmission\n}",
        ),
        Case::good(
            "a.rs",
            "async fn f(c: &reqwest::Client, password: &str) { c.post(\"https://example.com/login\").form(&[(\"p\", password)]).send().await; }",
        ),
        Case::near_miss(
            "a.js",
            "fetch('http://api.example.com/', { body: JSON.stringify({ passwordPolicy, hasPassword }) });",
        ),
        Case::near_miss("a.js", "fetch('http://api.example.com/', { body: JSON.stringify({ passwordHash }) });"),
        Case::near_miss("a.js", "const url = 'http://example.com/' + password.length;\nfetch(url);"),
        Case::near_miss("a.js", "const password = 'http://example.com';\nsave(password);"),
        Case::bad(
            "a.rs",
            "async fn a(password: &str) { reqwest::get(format!(\"http://example.com/login?password={}\", password)).await.unwrap(); } //~ clear-text-transmission",
        ),
        Case::bad(
            "a.rs",
            "use reqwest::Client;\nasync fn b(c: &Client, password: &str) { c.post(\"http://example.com/login\").body(password.to_string()).send().await.unwrap(); } //~ clear-text-transmission",
        ),
        Case::bad(
            "a.rs",
            "use reqwest::Client;\nasync fn c2(c: &Client, u: &User) { c.post(\"http://api.example.com\").form(&[(\"pw\", &u.password)]).send().await.unwrap(); } //~ clear-text-transmission",
        ),
        Case::bad(
            "a.rs",
            "use reqwest::Client;\nasync fn d(c: &Client, api_key: &str) { c.get(\"http://api.example.com\").header(\"X-Api-Key\", api_key).send().await.unwrap(); } //~ clear-text-transmission",
        ),
        Case::bad(
            "a.rs",
            "use reqwest::Client;\nasync fn e(c: &Client, access_token: &str) { c.get(\"http://api.example.com\").bearer_auth(access_token).send().await.unwrap(); } //~ clear-text-transmission",
        ),
        Case::bad(
            "a.rs",
            "use reqwest::Client;\nasync fn f(c: &Client, password: &str) { c.get(&format!(\"https://example.com/?password={password}\")).send().await.unwrap(); } //~ clear-text-transmission",
        ),
        Case::bad(
            "a.rs",
            "use reqwest::Client;\nasync fn f2(c: &Client, password: &str) { let address = format!(\"https://example.com/{password}/x\"); let u = reqwest::Url::parse(&address).unwrap(); c.post(u).send().await.unwrap(); } //~ clear-text-transmission",
        ),
        Case::bad(
            "a.rs",
            "fn g(password: &str) { ureq::get(&format!(\"http://example.com/?p={}\", password)).call().unwrap(); } //~ clear-text-transmission",
        ),
        Case::bad(
            "a.rs",
            "fn g2(password: &str) { use std::io::Write; let mut s = std::net::TcpStream::connect(\"example.com:80\").unwrap(); s.write_all(password.as_bytes()).unwrap(); } //~ clear-text-transmission",
        ),
        Case::bad(
            "a.rs",
            "use reqwest::Client;\nasync fn h(c: &Client, password: &str) { c.get(\"http://example.com\").basic_auth(\"u\", Some(password)).send().await.unwrap(); } //~ clear-text-transmission",
        ),
        Case::good(
            "a.rs",
            "use reqwest::Client;\nasync fn ok1(c: &Client, password: &str) { c.post(\"https://example.com/login\").body(password.to_string()).send().await.unwrap(); }",
        ),
        Case::good(
            "a.rs",
            "use reqwest::Client;\nasync fn ok2(c: &Client, access_token: &str) { c.get(\"https://example.com\").bearer_auth(access_token).send().await.unwrap(); }",
        ),
        Case::good(
            "a.rs",
            "use reqwest::Client;\nasync fn ok3(c: &Client, name: &str) { c.get(format!(\"http://example.com/{name}\")).send().await.unwrap(); }",
        ),
        Case::near_miss(
            "a.rs",
            "use reqwest::Client;\nasync fn ok4(c: &Client, password: &str) { let e = encrypt(password); c.get(format!(\"https://example.com/{e}\")).send().await.unwrap(); }",
        ),
        Case::near_miss(
            "a.rs",
            "use reqwest::Client;\nasync fn ok5(c: &Client, password: &str) { c.post(\"http://localhost:8080/login\").body(password.to_string()).send().await.unwrap(); }",
        ),
        Case::good(
            "a.rs",
            "async fn a(c: &reqwest::Client, password: &str) { c.post(\"https://example.com/login\").json(&Login { password }).send().await.unwrap(); }",
        ),
        Case::good(
            "a.rs",
            "async fn a(c: &reqwest::Client, user: &str) { c.get(format!(\"http://example.com/users/{user}\")).send().await.unwrap(); }",
        ),
        Case::good(
            "a.rs",
            "fn a(password: &str) { ureq::post(\"https://example.com/login\").send_form(&[(\"password\", password)]).unwrap(); }",
        ),
        Case::good(
            "a.rs",
            "async fn a(c: &reqwest::Client, api_key: &str) { c.get(\"https://api.example.com\").header(\"X-Api-Key\", api_key).send().await.unwrap(); }",
        ),
        Case::good(
            "a.rs",
            "async fn a(c: &reqwest::Client, password: &str) { c.post(\"http://127.0.0.1:3000/login\").body(password.to_string()).send().await.unwrap(); }",
        ),
        Case::good(
            "a.rs",
            "async fn a(c: &reqwest::Client, id: u64) { c.get(format!(\"https://example.com/items/{id}\")).send().await.unwrap(); }",
        ),
        Case::good(
            "a.rs",
            "async fn a(c: &reqwest::Client, password: &str) { let sum = hex::encode(hash(password)); c.get(format!(\"https://api.example.com/range/{}\", &sum[..5])).send().await.unwrap(); }",
        ),
        Case::good(
            "a.rs",
            "fn a(password: &str) { use std::io::Write; let mut s = tls(\"example.com:443\"); s.write_all(password.as_bytes()).unwrap(); }",
        ),
        Case::near_miss(
            "a.rs",
            "async fn a(c: &reqwest::Client, page_token: &str) { c.get(format!(\"https://example.com/list?page_token={page_token}\")).send().await.unwrap(); }",
        ),
        Case::near_miss(
            "a.rs",
            "async fn a(c: &reqwest::Client, password_reset_url: &str) { c.get(password_reset_url).send().await.unwrap(); }",
        ),
        Case::near_miss(
            "a.rs",
            "async fn a(c: &reqwest::Client, password: &str) { c.put(\"http://[::1]:9000/login\").body(password.to_string()).send().await.unwrap(); }",
        ),
        Case::near_miss(
            "a.rs",
            "async fn a(c: &reqwest::Client, has_password: bool) { c.get(format!(\"http://example.com/?has_password={has_password}\")).send().await.unwrap(); }",
        ),
    ],
};
