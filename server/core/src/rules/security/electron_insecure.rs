use sidenote_grammars::Family;

use crate::findings::{Category, Confidence, Note, Severity};
use crate::rules::evidence::code;
use crate::rules::{Case, Check, Docs, Rule};
use crate::semantics::flow::kinds::{SinkKind, SourceKind};
use crate::semantics::flow::value::{Origin, Val};
use crate::semantics::flow::{CallView, WriteView};

pub static RULE: Rule = Rule {
    id: "electron-insecure",
    summary: "an Electron window whose pages can do more than a browser's",
    category: Category::Security,
    severity: Severity::High,
    confidence: Confidence::High,
    cwe: &[1188, 829, 346, 319, 693, 94, 668],
    families: &[Family::Ecma],
    default_on: true,
    in_tests: false,
    docs: Docs {
        what: "Finds `webPreferences` that give pages node's powers or take the browser's limits away (`nodeIntegration: true`, \
               `contextIsolation: false`, `webSecurity: false`, `allowRunningInsecureContent: true`, `sandbox: false`), \
               `shell.openExternal` with addresses from outside, preload scripts that hand a page all of `ipcRenderer` or node's modules, \
               and handlers that grant every permission.",
        why: "One injected script then runs programs on the user's machine; `openExternal` of a `file:` or `smb:` address starts them \
              too.",
        example: "new BrowserWindow({ webPreferences: { nodeIntegration: true, contextIsolation: false } });",
        instead: "new BrowserWindow({ webPreferences: { preload, sandbox: true } });",
        limits: "Only constants are judged. Values that a window's test sets are reported like others.",
        fix: "The suggested fix turns the setting round; code in the page that uses node needs a preload script then.",
    },
    checks: &[
        Check::Writes(
            &[
                "nodeIntegration",
                "nodeIntegrationInWorker",
                "nodeIntegrationInSubFrames",
                "contextIsolation",
                "webSecurity",
                "allowRunningInsecureContent",
                "enableRemoteModule",
                "experimentalFeatures",
                "sandbox",
            ],
            setting,
        ),
        Check::Calls(&["openExternal"], open),
        Check::Calls(&["exposeInMainWorld"], exposed),
        Check::Calls(&["setPermissionRequestHandler", "setPermissionCheckHandler"], permissions),
    ],
    cases: &[
        Case::bad(
            "a.js",
            "const { BrowserWindow } = require('electron');\nconst win = new BrowserWindow();\nwin.loadURL('http://updates.example.com/tool'); //~ electron-insecure",
        ),
        Case::good(
            "a.js",
            "const { BrowserWindow } = require('electron');\nconst win = new BrowserWindow();\nwin.loadURL('http://localhost:3000');\nwin.loadURL('https://app.example.com');",
        ),
        Case::bad(
            "a.js",
            "const { BrowserWindow } = require('electron');\nnew BrowserWindow({ webPreferences: { nodeIntegration: true } }); //~ electron-insecure",
        ),
        Case::bad(
            "a.ts",
            "import { BrowserWindow } from 'electron';\nconst win = new BrowserWindow({\n  webPreferences: {\n    contextIsolation: false, //~ electron-insecure\n  },\n});",
        ),
        Case::bad(
            "a.js",
            "const electron = require('electron');\nconst webPreferences = { webSecurity: false }; //~ electron-insecure\nnew electron.BrowserWindow({ webPreferences });",
        ),
        Case::bad(
            "a.js",
            "const { BrowserView } = require('electron');\nnew BrowserView({ webPreferences: { allowRunningInsecureContent: true } }); //~ electron-insecure",
        ),
        Case::bad(
            "a.js",
            "const { app } = require('electron');\napp.on('web-contents-created', (e, contents) => {\n  contents.on('will-attach-webview', (event, webPreferences) => {\n    webPreferences.nodeIntegration = true; //~ electron-insecure\n  });\n});",
        ),
        Case::bad(
            "a.js",
            "const { BrowserWindow } = require('electron');\nconst on = true;\nnew BrowserWindow({ webPreferences: { nodeIntegrationInWorker: on } }); //~ electron-insecure",
        ),
        Case::bad(
            "a.js",
            "const { shell } = require('electron');\nwindow.addEventListener('message', (e) => { shell.openExternal(e.data.url); }); //~ electron-insecure",
        ),
        Case::bad(
            "a.ts",
            "import { BrowserWindow } from 'electron';\nnew BrowserWindow({ webPreferences: { preload, sandbox: false } }); //~ electron-insecure",
        ),
        Case::good(
            "a.js",
            "const { BrowserWindow } = require('electron');\nnew BrowserWindow({ webPreferences: { nodeIntegration: false, contextIsolation: true, sandbox: true } });",
        ),
        Case::good(
            "a.js",
            "const { BrowserWindow } = require('electron');\nnew BrowserWindow({ webPreferences: { preload } });",
        ),
        Case::good("a.js", "const { shell } = require('electron');\nshell.openExternal('https://example.com/help');"),
        Case::good(
            "a.js",
            "const { BrowserWindow } = require('electron');\nnew BrowserWindow({ webPreferences: { webSecurity: !isDev } });",
        ),
        Case::good("a.js", "const frame = { sandbox: false };\nrender(frame);"),
        Case::good(
            "a.js",
            "const { shell } = require('electron');\nwindow.addEventListener('message', (e) => { if (LINKS.includes(e.data)) shell.openExternal(e.data); });",
        ),
        Case::good("a.js", "const config = { contextIsolation: true, webSecurity: true };"),
        Case::good(
            "a.js",
            "const { BrowserWindow } = require('electron');\nnew BrowserWindow({ width: 800, webPreferences: { allowRunningInsecureContent: false } });",
        ),
        Case::near_miss("a.js", "const schema = { nodeIntegration: { type: 'boolean' }, webSecurity: {} };"),
        Case::near_miss(
            "a.js",
            "jest.mock('x');\nconst { runner } = require('./electron');\nrunner.start({ sandbox: false });",
        ),
        Case::near_miss("a.js", "if (preferences.nodeIntegration === true) warn();"),
        Case::near_miss(
            "a.js",
            "const { shell } = require('electron');\nshell.openExternal(`https://example.com/help/${page}`);",
        ),
        Case::bad(
            "a.js",
            "const { contextBridge, ipcRenderer } = require('electron');\ncontextBridge.exposeInMainWorld('api', { ipc: ipcRenderer }); //~ electron-insecure",
        ),
        Case::bad(
            "a.ts",
            "import { contextBridge } from 'electron';\nimport fs from 'node:fs';\ncontextBridge.exposeInMainWorld('files', { read: fs.readFileSync }); //~ electron-insecure",
        ),
        Case::good(
            "a.js",
            "const { contextBridge, ipcRenderer } = require('electron');\ncontextBridge.exposeInMainWorld('api', { save: (text) => ipcRenderer.invoke('save', text), version: process.versions.electron });",
        ),
        Case::bad(
            "a.js",
            "const { session } = require('electron');\nsession.defaultSession.setPermissionRequestHandler((contents, permission, done) => done(true)); //~ electron-insecure",
        ),
        Case::near_miss(
            "a.js",
            "const { session } = require('electron');\nsession.defaultSession.setPermissionRequestHandler((contents, permission, done) => { if (permission === 'media') return done(true); done(false); });",
        ),
        Case::bad(
            "a.js",
            r#"const { ipcMain, shell } = require("electron");
ipcMain.on("open", (event, url) => shell.openExternal(url)); //~ electron-insecure"#,
        ),
        Case::near_miss(
            "a.js",
            r#"const { ipcMain, shell } = require("electron");
ipcMain.handle("open", (event, url) => { if (new URL(url).protocol === "https:") shell.openExternal(url); });"#,
        ),
    ],
};

fn setting(write: &WriteView<'_>, out: &mut Vec<Note>) {
    let name = write.name.as_str();
    let (bad, what, severity) = match name {
        "nodeIntegration" | "nodeIntegrationInWorker" | "nodeIntegrationInSubFrames" => {
            (true, "pages can run programs on the user's machine", Severity::High)
        }
        "contextIsolation" => (false, "pages can reach into the preload script and take its powers", Severity::High),
        "webSecurity" => (false, "the same-origin policy is off", Severity::High),
        "allowRunningInsecureContent" => (true, "secure pages load scripts over plain http", Severity::Medium),
        "enableRemoteModule" => (true, "pages can call the main process", Severity::Medium),
        "experimentalFeatures" => (true, "unfinished features are open to pages", Severity::Low),
        _ => (false, "pages run outside the sandbox", Severity::Low),
    };
    if write.value.as_bool() != Some(bad) || !write.value.exact || write.value.strings().next().is_some() {
        return;
    }
    // Names that others use too need Electron in sight.
    let common = matches!(name, "sandbox" | "experimentalFeatures" | "webSecurity");
    let text = write.arena.text();
    if common && !text.contains("webPreferences") {
        return;
    }
    let message = format!("`{name}: {bad}`: {what}. Leave it at {}.", !bad);
    let mut note = Note::new(write.rule, write.span, message).severity(severity);
    let written = write.arena.slice(write.span);
    if written == "true" || written == "false" {
        note = note.suggestion("Turn it round", vec![(write.span, (!bad).to_string())]);
    }
    out.push(note);
}

fn open(call: &CallView<'_>, out: &mut Vec<Note>) {
    if !call.paths.iter().any(|p| p.starts_with("electron.")) {
        return;
    }
    let Some(address) = call.args.first() else { return };
    let fixed = address
        .prefix
        .is_some_and(|p| p.starts_with("https://") || p.starts_with("http://") || p.starts_with("mailto:"));
    let foreign = address.taints.iter().find_map(|t| match &t.origin {
        Origin::Source(s)
            if matches!(
                s.kind,
                SourceKind::Remote | SourceKind::Message | SourceKind::Location | SourceKind::Response
            ) && !t.cleaned.has(SinkKind::Redirect)
                && !t.cleaned.has(SinkKind::ScriptUrl) =>
        {
            Some(s.what)
        }
        _ => None,
    });
    if let Some(what) = foreign.filter(|_| !fixed) {
        let message = format!(
            "What is opened is decided by {what}, `file:` and programs included. Accept `https:` addresses alone."
        );
        out.push(Note::new(call.rule, call.arg_span(0), message).severity(Severity::Medium));
    }
}

/// What of a bridge to the page is more than the program meant to offer: Electron's channel as a whole, or a module of node.
fn too_much(value: &Val, depth: usize) -> Option<String> {
    let own = value.apis.iter().map(|a| a.as_str()).find(|a| {
        let node = ["fs", "fs/promises", "child_process", "fs-extra"];
        let module =
            |m: &str| *a == m || a.strip_prefix(m).is_some_and(|rest| rest.starts_with('.') && !rest.contains('('));
        matches!(*a, "electron.ipcRenderer" | "electron.remote" | "electron.shell" | "electron.shell.openExternal")
            || matches!(
                *a,
                "electron.ipcRenderer.send" | "electron.ipcRenderer.invoke" | "electron.ipcRenderer.sendSync"
            )
            || node.iter().any(|m| module(m))
    });
    own.map(|a| a.strip_prefix("electron.").unwrap_or(a).to_owned())
        .or_else(|| (depth > 0).then(|| value.fields().find_map(|(_, v)| too_much(v, depth - 1))).flatten())
}

fn exposed(call: &CallView<'_>, out: &mut Vec<Note>) {
    if !call.paths.iter().any(|p| p.starts_with("electron.")) {
        return;
    }
    if let Some(what) = call.args.get(1).and_then(|v| too_much(v, 2)) {
        let message = format!(
            "Every script in the page may use all of `{what}`. Offer functions that do one thing each, and check what they are given."
        );
        out.push(Note::new(call.rule, call.name_span, message));
    }
}

/// `(contents, permission, callback) => callback(true)`, without a condition.
fn permissions(call: &CallView<'_>, out: &mut Vec<Note>) {
    let grants = call.args.first().into_iter().flat_map(|a| a.funcs.iter()).any(|f| {
        let Some((arena, span)) = call.function(f) else { return false };
        let own: String = code(&arena, span).chars().filter(|c| !c.is_whitespace()).collect();
        let grants = own.contains("(true)") || own.ends_with("=>true") || own.contains("returntrue");
        grants
            && !["if(", "?", "includes(", "===", "==", "has(", "&&", "||", "switch(", "false"]
                .iter()
                .any(|w| own.contains(w))
    });
    if grants {
        let message = "Every page gets camera, microphone, place and whatever else it asks for. Grant by permission and by origin.";
        out.push(Note::new(call.rule, call.name_span, message).severity(Severity::Medium));
    }
}
