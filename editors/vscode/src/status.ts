// The status bar item, and dots in the gutter.
import * as vscode from "vscode";

export type State = "starting" | "ready" | "missing" | "stopped";

/** Findings of Sidenote. */
export function findings(uri?: vscode.Uri): vscode.Diagnostic[] {
  const all = uri ? vscode.languages.getDiagnostics(uri) : vscode.languages.getDiagnostics().flatMap(([, found]) => found);
  return all.filter((diagnostic) => diagnostic.source === "sidenote");
}

/** What the user sees of the server's state. */
export class Status implements vscode.Disposable {
  private readonly item = vscode.window.createStatusBarItem("sidenote", vscode.StatusBarAlignment.Right, 90);
  private readonly subscriptions: vscode.Disposable[] = [];
  private state: State = "starting";
  private busy = 0;
  private version = "";

  constructor() {
    this.item.name = "Sidenote";
    this.item.command = "sidenote.menu";
    this.subscriptions.push(
      this.item,
      vscode.languages.onDidChangeDiagnostics(() => this.draw()),
      vscode.window.onDidChangeActiveTextEditor(() => this.draw()),
    );
    this.draw();
    this.item.show();
  }

  set(state: State, version = this.version): void {
    this.state = state;
    this.version = version;
    this.busy = 0;
    void vscode.commands.executeCommand("setContext", "sidenote.state", state);
    this.draw();
  }

  /** Work in the background began or ended. */
  work(begins: boolean): void {
    this.busy = Math.max(0, this.busy + (begins ? 1 : -1));
    this.draw();
  }

  private draw(): void {
    const active = vscode.window.activeTextEditor?.document.uri;
    const here = active ? findings(active).length : 0;
    const all = findings().length;
    this.item.backgroundColor = undefined;
    switch (this.state) {
      case "starting":
        this.item.text = "$(sync~spin) Sidenote";
        this.item.tooltip = "Sidenote is starting";
        break;
      case "missing":
        this.item.text = "$(warning) Sidenote";
        this.item.tooltip = "The sidenote program was not found";
        this.item.backgroundColor = new vscode.ThemeColor("statusBarItem.warningBackground");
        break;
      case "stopped":
        this.item.text = "$(circle-slash) Sidenote";
        this.item.tooltip = "The server has stopped";
        break;
      case "ready": {
        this.item.text = this.busy > 0 ? `$(sync~spin) Sidenote ${here}` : `$(note) ${here}`;
        const tooltip = new vscode.MarkdownString(undefined, true);
        tooltip.appendMarkdown(`**Sidenote ${this.version}**${this.busy > 0 ? ", analysing" : ""}\n\n`);
        tooltip.appendMarkdown(`${count(here)} in this file, ${count(all)} in all\n\n`);
        tooltip.appendMarkdown("Rules and data flow; no model is loaded");
        this.item.tooltip = tooltip;
        break;
      }
    }
  }

  dispose(): void {
    vscode.Disposable.from(...this.subscriptions).dispose();
  }
}

function count(n: number): string {
  return n === 1 ? "1 finding" : `${n} findings`;
}

/** Dots in the gutter of lines with findings, where the user wants them. */
export class Gutter implements vscode.Disposable {
  private readonly types = new Map<vscode.DiagnosticSeverity, vscode.TextEditorDecorationType>();
  private readonly subscriptions: vscode.Disposable[] = [];

  constructor(private readonly media: vscode.Uri) {
    const again = () => vscode.window.visibleTextEditors.forEach((editor) => this.draw(editor));
    this.subscriptions.push(
      vscode.languages.onDidChangeDiagnostics(again),
      vscode.window.onDidChangeVisibleTextEditors(again),
      vscode.workspace.onDidChangeConfiguration((e) => e.affectsConfiguration("sidenote.gutter") && again()),
    );
    again();
  }

  private type(severity: vscode.DiagnosticSeverity): vscode.TextEditorDecorationType {
    let type = this.types.get(severity);
    if (type === undefined) {
      const name = ["error", "warning", "info", "info"][severity] ?? "info";
      const gutterIconPath = vscode.Uri.joinPath(this.media, `dot-${name}.svg`);
      type = vscode.window.createTextEditorDecorationType({ gutterIconPath, gutterIconSize: "60%" });
      this.types.set(severity, type);
    }
    return type;
  }

  private draw(editor: vscode.TextEditor): void {
    const wanted = vscode.workspace.getConfiguration("sidenote", editor.document).get<boolean>("gutter.enable", false);
    if (!wanted && this.types.size === 0) {
      return;
    }
    const worst = new Map<number, vscode.DiagnosticSeverity>();
    for (const { range, severity } of wanted ? findings(editor.document.uri) : []) {
      worst.set(range.start.line, Math.min(severity, worst.get(range.start.line) ?? severity));
    }
    for (const severity of [0, 1, 2, 3] as vscode.DiagnosticSeverity[]) {
      const lines = [...worst].filter(([, s]) => s === severity).map(([line]) => new vscode.Range(line, 0, line, 0));
      editor.setDecorations(this.type(severity), lines);
    }
  }

  dispose(): void {
    vscode.Disposable.from(...this.subscriptions, ...this.types.values()).dispose();
  }
}
