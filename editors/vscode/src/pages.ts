// Pages that the server writes: rules and the report, shown as Markdown previews.
import * as vscode from "vscode";

export const SCHEME = "sidenote-page";

/** The texts of the pages that were opened. */
export class Pages implements vscode.TextDocumentContentProvider {
  private readonly texts = new Map<string, string>();
  private readonly changed = new vscode.EventEmitter<vscode.Uri>();
  readonly onDidChange = this.changed.event;

  provideTextDocumentContent(uri: vscode.Uri): string {
    return this.texts.get(uri.path) ?? "This page is gone; ask for it again.";
  }

  /** Shows a page; `name` names its tab. */
  async show(name: string, text: string): Promise<void> {
    const uri = vscode.Uri.from({ scheme: SCHEME, path: `/${name}.md` });
    this.texts.set(uri.path, text);
    this.changed.fire(uri);
    // Beside code, but not beside another page.
    const command = vscode.window.activeTextEditor === undefined ? "markdown.showPreview" : "markdown.showPreviewToSide";
    await vscode.commands.executeCommand(command, uri);
  }
}
