//! A client for tests, over an in-memory stream. A message of the server that no test has read is an error.

use std::collections::VecDeque;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, ReadHalf, WriteHalf};
use tokio::task::JoinHandle;

/// The document that most tests are about.
pub const URI: &str = "file:///ws/a.ts";

/// A line with one finding, `async-promise-executor`, at columns 4 to 11.
pub const BAD: &str = "new Promise(async (r) => { await 1; r(); });\n";

/// How long a message is waited for.
const PATIENCE: Duration = Duration::from_secs(20);

/// A client.
pub struct Client {
    writer: Option<WriteHalf<DuplexStream>>,
    reader: ReadHalf<DuplexStream>,
    unread: VecDeque<Value>,
    server: JoinHandle<u8>,
    next_id: i64,
    finished: bool,
}

/// Capabilities of a client that is pushed to and knows everything else.
pub fn push() -> Value {
    json!({
        "general": {"positionEncodings": ["utf-16"]},
        "workspace": {"workspaceFolders": true, "workspaceEdit": {"documentChanges": true}},
        "textDocument": {
            "publishDiagnostics": {"relatedInformation": true, "versionSupport": true, "tagSupport": {"valueSet": [1]}},
            "hover": {"contentFormat": ["markdown", "plaintext"]},
            "codeAction": {
                "isPreferredSupport": true,
                "codeActionLiteralSupport": {"codeActionKind": {"valueSet": ["quickfix", "source"]}}
            }
        }
    })
}

/// Capabilities of a client that asks for diagnostics.
pub fn pull() -> Value {
    let mut capabilities = push();
    capabilities["textDocument"]["diagnostic"] = json!({});
    capabilities
}

impl Client {
    /// Starts a server.
    pub fn new() -> Client {
        Client::with(None)
    }

    /// Starts a server with vectors.
    pub fn with(vectors: Option<sidenote_lsp::meaning::Opener>) -> Client {
        Client::with_all(vectors, None)
    }

    /// Starts a server with vectors and a reviewer.
    pub fn with_all(
        vectors: Option<sidenote_lsp::meaning::Opener>,
        reviewer: Option<sidenote_lsp::reviewing::Opener>,
    ) -> Client {
        let (ours, theirs) = tokio::io::duplex(1 << 16);
        let (input, output) = tokio::io::split(theirs);
        let server = tokio::spawn(sidenote_lsp::serve_for(input, output, vectors, reviewer));
        let (reader, writer) = tokio::io::split(ours);
        Client { writer: Some(writer), reader, unread: VecDeque::new(), server, next_id: 0, finished: false }
    }

    /// Starts a server and introduces itself, with one folder.
    pub async fn start(capabilities: Value) -> Client {
        Client::start_with(json!({
            "processId": null,
            "capabilities": capabilities,
            "workspaceFolders": [{"uri": "file:///ws", "name": "ws"}]
        }))
        .await
    }

    /// Starts a server and introduces itself.
    pub async fn start_with(params: Value) -> Client {
        Client::new().introduced(params).await
    }

    /// Introduces itself.
    pub async fn introduced(self, params: Value) -> Client {
        let mut client = self;
        let result = client.request("initialize", params).await;
        assert_eq!(result["serverInfo"]["name"], "sidenote", "{result}");
        client.notify("initialized", json!({})).await;
        client
    }

    pub async fn send(&mut self, mut message: Value) {
        message["jsonrpc"] = "2.0".into();
        let body = message.to_string();
        let framed = format!("Content-Length: {}\r\n\r\n{body}", body.len());
        self.writer.as_mut().expect("open").write_all(framed.as_bytes()).await.expect("write");
    }

    pub async fn notify(&mut self, method: &str, params: Value) {
        self.send(json!({"method": method, "params": params})).await;
    }

    /// Sends a request and returns its id.
    pub async fn ask(&mut self, method: &str, params: Value) -> i64 {
        self.next_id += 1;
        let id = self.next_id;
        let mut message = json!({"id": id, "method": method});
        if !params.is_null() {
            message["params"] = params;
        }
        self.send(message).await;
        id
    }

    /// Sends a request and returns its result.
    pub async fn request(&mut self, method: &str, params: Value) -> Value {
        let id = self.ask(method, params).await;
        let mut answer = self.answer(id).await;
        assert!(answer.get("error").is_none(), "{method}: {answer}");
        if method == "initialize" {
            let greeting = self.expect("window/logMessage").await;
            let text = greeting["params"]["message"].as_str().unwrap_or_default();
            assert!(text.starts_with("Sidenote ") && text.contains(" rules, on "), "{text}");
        }
        answer["result"].take()
    }

    /// The answer to a request.
    pub async fn answer(&mut self, id: i64) -> Value {
        self.take(|m| m["id"] == id && m.get("method").is_none()).await
    }

    /// The next message of that method; it is no error if others come first, as long as they are read later.
    pub async fn expect(&mut self, method: &str) -> Value {
        self.take(|m| m["method"] == method).await
    }

    /// The diagnostics published for that version of [`URI`].
    pub async fn published(&mut self, version: i64) -> Value {
        let mut message =
            self.take(|m| m["method"] == "textDocument/publishDiagnostics" && m["params"]["version"] == version).await;
        assert_eq!(message["params"]["uri"], URI);
        message["params"]["diagnostics"].take()
    }

    /// Reads whatever has arrived within a while.
    pub async fn drain(&mut self, wait: Duration) -> Vec<Value> {
        while let Ok(Some(message)) = tokio::time::timeout(wait, read(&mut self.reader)).await {
            self.unread.push_back(message);
        }
        self.unread.drain(..).collect()
    }

    async fn take(&mut self, wanted: impl Fn(&Value) -> bool) -> Value {
        if let Some(n) = self.unread.iter().position(&wanted) {
            return self.unread.remove(n).expect("there");
        }
        loop {
            let next = tokio::time::timeout(PATIENCE, read(&mut self.reader)).await;
            let message = next.unwrap_or_else(|_| panic!("no such message; unread: {:?}", self.unread));
            let message = message.unwrap_or_else(|| panic!("the server is gone; unread: {:?}", self.unread));
            if wanted(&message) {
                return message;
            }
            self.unread.push_back(message);
        }
    }

    pub async fn open(&mut self, text: &str) {
        self.open_as(URI, "typescript", text).await;
    }

    pub async fn open_as(&mut self, uri: &str, language: &str, text: &str) {
        let document = json!({"uri": uri, "languageId": language, "version": 1, "text": text});
        self.notify("textDocument/didOpen", json!({ "textDocument": document })).await;
    }

    /// Replaces a range of [`URI`]; columns are UTF-16.
    pub async fn edit(&mut self, version: i64, (start, end): ((u32, u32), (u32, u32)), text: &str) {
        let position = |(line, character): (u32, u32)| json!({"line": line, "character": character});
        let change = json!({"range": {"start": position(start), "end": position(end)}, "text": text});
        let document = json!({"uri": URI, "version": version});
        self.notify("textDocument/didChange", json!({"textDocument": document, "contentChanges": [change]})).await;
    }

    /// Asks for the diagnostics of [`URI`].
    pub async fn pull(&mut self, previous: Option<&str>) -> Value {
        let mut params = json!({"textDocument": {"uri": URI}});
        if let Some(previous) = previous {
            params["previousResultId"] = previous.into();
        }
        self.request("textDocument/diagnostic", params).await
    }

    /// Closes its end without a word and returns the server's exit code.
    pub async fn hang_up(mut self) -> u8 {
        self.finished = true;
        self.writer.take().expect("open").shutdown().await.expect("shutdown");
        tokio::time::timeout(PATIENCE, &mut self.server).await.expect("the server ends").expect("no panic")
    }

    /// Waits for the server to end without a reason of the client's, and returns its exit code.
    pub async fn ends_by_itself(mut self) -> u8 {
        self.finished = true;
        tokio::time::timeout(PATIENCE, &mut self.server).await.expect("the server ends").expect("no panic")
    }

    /// Says good-bye. Everything that the server said must have been read.
    pub async fn finish(self) {
        self.finish_past("").await;
    }

    /// Says good-bye. Everything that the server said must have been read, but for messages of that method.
    pub async fn finish_past(mut self, method: &str) {
        self.request("shutdown", Value::Null).await;
        self.send(json!({"method": "exit"})).await;
        let code = tokio::time::timeout(PATIENCE, &mut self.server).await.expect("the server ends").expect("no panic");
        assert_eq!(code, 0);
        while let Some(message) = read(&mut self.reader).await {
            self.unread.push_back(message);
        }
        self.finished = true;
        self.unread.retain(|m| m["method"] != method);
        assert!(self.unread.is_empty(), "unread: {:#?}", self.unread);
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        if !self.finished && !std::thread::panicking() {
            panic!("the client was dropped before `finish`");
        }
    }
}

/// The next message; `None` at the end of the stream.
async fn read(reader: &mut ReadHalf<DuplexStream>) -> Option<Value> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(reader.read_u8().await.ok()?);
    }
    let head = String::from_utf8(head).expect("a header");
    let length = head.lines().find_map(|l| l.strip_prefix("Content-Length: ")).expect("a length");
    let mut body = vec![0; length.parse().expect("a number")];
    reader.read_exact(&mut body).await.ok()?;
    Some(serde_json::from_slice(&body).expect("json"))
}
