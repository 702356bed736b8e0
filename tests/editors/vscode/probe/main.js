// Runs in the real extension host and does what the test asks for: requests are files in $PROBE_DIR, answered one by one.
const vscode = require("vscode");
const fs = require("node:fs");
const path = require("node:path");

const plain = (range) => [range.start.line, range.start.character, range.end.line, range.end.character];

function diagnostics(document) {
  return vscode.languages
    .getDiagnostics(document.uri)
    .filter((d) => d.source === "sidenote")
    .map((d) => ({
      severity: vscode.DiagnosticSeverity[d.severity],
      code: d.code,
      message: d.message,
      range: plain(d.range),
      text: document.getText(d.range),
      related: (d.relatedInformation ?? []).map((r) => ({
        message: r.message,
        range: plain(r.location.range),
        text: document.getText(r.location.range),
      })),
    }));
}

const operations = {
  /** Everything that is shown for the active document, as VS Code's own API tells it. */
  async dump() {
    const document = vscode.window.activeTextEditor?.document;
    if (!document) return null;
    const ask = (command, ...args) => vscode.commands.executeCommand(command, document.uri, ...args);
    const whole = new vscode.Range(0, 0, document.lineCount, 0);
    const found = diagnostics(document);
    const at = found[0] ? new vscode.Range(...found[0].range) : whole;
    const hints = (await ask("vscode.executeInlayHintProvider", whole)) ?? [];
    const hovers = (await ask("vscode.executeHoverProvider", at.start)) ?? [];
    const actions = (await ask("vscode.executeCodeActionProvider", at)) ?? [];
    const lenses = (await ask("vscode.executeCodeLensProvider", 100)) ?? [];
    return {
      vscode: vscode.version,
      file: path.basename(document.fileName),
      text: document.getText(),
      cursor: vscode.window.activeTextEditor.selection.active.line,
      diagnostics: found,
      hints: hints.map((h) => ({ line: h.position.line, character: h.position.character, label: h.label })),
      hover: hovers.flatMap((h) => h.contents.map((c) => c.value ?? String(c))).join("\n"),
      actions: actions.map((a) => ({ title: a.title, kind: a.kind?.value, preferred: a.isPreferred === true })),
      lenses: lenses.map((l) => ({ line: l.range.start.line, title: l.command?.title })),
    };
  },
  /** Findings of every file, by its name. */
  async all() {
    const all = vscode.languages.getDiagnostics().map(([uri, found]) => [path.basename(uri.path), found]);
    return all.map(([name, found]) => [name, found.filter((d) => d.source === "sidenote").length]).filter(([, n]) => n > 0);
  },
  async run({ command, args = [] }) {
    return vscode.commands.executeCommand(command, ...args);
  },
  /** Runs a command that waits for the user. */
  async begin({ command, args = [] }) {
    void vscode.commands.executeCommand(command, ...args);
    return true;
  },
  async configure({ key, value }) {
    await vscode.workspace.getConfiguration().update(key, value, vscode.ConfigurationTarget.Global);
    return true;
  },
  async tabs() {
    return vscode.window.tabGroups.all.flatMap((group) => group.tabs.map((tab) => tab.label));
  },
  async trusted() {
    return vscode.workspace.isTrusted;
  },
  /** Shows a file. */
  async show({ file }) {
    await vscode.window.showTextDocument(vscode.Uri.file(file), { preview: false });
    return true;
  },
  /** The text of an open document. */
  async text({ file }) {
    return vscode.workspace.textDocuments.find((d) => d.uri.path === file)?.getText() ?? "";
  },
  async write({ file, text }) {
    await vscode.workspace.fs.writeFile(vscode.Uri.file(file), Buffer.from(text));
    return true;
  },
  /** Takes the folder of that number away, or adds one. */
  async folders({ remove, add }) {
    const all = vscode.workspace.workspaceFolders ?? [];
    const done = new Promise((resolve) => vscode.workspace.onDidChangeWorkspaceFolders(resolve));
    if (add === undefined) vscode.workspace.updateWorkspaceFolders(remove, 1);
    else vscode.workspace.updateWorkspaceFolders(all.length, 0, { uri: vscode.Uri.file(add) });
    await done;
    return true;
  },
  /** The names of the workspace's folders, and whether the user's settings are there. */
  async window() {
    const configured = vscode.workspace.getConfiguration("sidenote").inspect("server.path")?.globalValue !== undefined;
    return { configured, folders: (vscode.workspace.workspaceFolders ?? []).map((folder) => folder.name) };
  },
  async extension() {
    const extension = vscode.extensions.getExtension("sidenote.sidenote");
    return { active: extension?.isActive === true, version: extension?.packageJSON.version };
  },
};

exports.activate = async () => {
  const folder = process.env.PROBE_DIR;
  if (!folder) return;
  // What another window has answered is not done once more in this one.
  let first = 0;
  while (fs.existsSync(path.join(folder, `answer-${first}.json`))) first++;
  for (let n = first; ; n++) {
    const request = path.join(folder, `request-${n}.json`);
    while (!fs.existsSync(request)) await new Promise((resolve) => setTimeout(resolve, 30));
    const { operation, ...args } = JSON.parse(fs.readFileSync(request, "utf8"));
    let answer;
    try {
      answer = { result: (await operations[operation](args)) ?? null };
    } catch (error) {
      answer = { error: String(error?.stack ?? error) };
    }
    const file = path.join(folder, `answer-${n}.json`);
    fs.writeFileSync(`${file}.tmp`, JSON.stringify(answer));
    fs.renameSync(`${file}.tmp`, file);
  }
};
