// Sidenote in VS Code: starts the server, shows its state, and the pages it writes.
import * as vscode from "vscode";
import {
  CloseAction,
  ErrorAction,
  LanguageClient,
  type LanguageClientOptions,
  type ServerOptions,
  State as ClientState,
  TransportKind,
} from "vscode-languageclient/node";
import { findServer } from "./binary";
import { Pages, SCHEME } from "./pages";
import { findings, Gutter, Status } from "./status";

const LANGUAGES = ["rust", "typescript", "typescriptreact", "javascript", "javascriptreact"];

/** Commands of the server; those of the same name in the editor come with the client. */
const EXPLAIN = "sidenote.explain";
const SCAN = "sidenote.scanWorkspace";
const REPORT = "sidenote.report";
const EXPLAIN_MODEL = "sidenote.explainWithModel";
const FIX_MODEL = "sidenote.fixWithModel";
const FIX_ALL = "sidenote.fixAll";
const SEARCH = "sidenote.search";
const DISMISS = "sidenote.dismiss";
const UNDO_DISMISS = "sidenote.undoDismiss";

/** Milliseconds between a change of settings and the restart that it wants. */
const RESTART_DELAY = 200;

/** Milliseconds that a server has to answer to its start; one that does not is ended, so that the next start is not kept waiting. */
const START_PATIENCE = 30_000;

/** Starts of a server that broke, in three minutes, before it is left alone. */
const MAX_RESTARTS = 4;

/** The section of the settings that are the server's. */
const SECTION = "sidenote";

/** Settings as they hold here: neither rules of its own nor a model for a workspace that is not trusted, whatever it says itself. */
function trusted(settings: unknown): object {
  const plain = typeof settings === "object" && settings !== null ? settings : {};
  return vscode.workspace.isTrusted ? plain : { ...plain, workspaceRules: false, localModels: false };
}

/** What is waited for, or an error after so many milliseconds. */
async function within<T>(patience: number, wanted: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer in ${patience / 1000} s`)), patience);
  });
  return Promise.race([wanted, late]).finally(() => clearTimeout(timer));
}

/** A function that answers a question. */
interface Answer {
  uri: string;
  range: { start: { line: number; character: number }; end: { line: number; character: number } };
  path: string;
  symbol: string;
  cosine: number | null;
}

class Sidenote {
  private client: LanguageClient | undefined;
  private starting: Promise<void> = Promise.resolve();
  private breaks: number[] = [];
  readonly pages = new Pages();
  readonly output = vscode.window.createOutputChannel("Sidenote", { log: true });

  constructor(
    private readonly context: vscode.ExtensionContext,
    private readonly status: Status,
  ) {}

  /** Starts the server anew; one start follows another, also one that broke. */
  restart(): Promise<void> {
    this.starting = this.starting
      .then(async () => {
        await this.stop();
        await this.start();
      })
      .catch((error: unknown) => {
        this.status.set("stopped");
        this.output.error(`The server could not be started: ${String(error)}`);
      });
    return this.starting;
  }

  async stop(): Promise<void> {
    const client = this.client;
    this.client = undefined;
    if (client !== undefined) {
      await client.dispose().catch((error: unknown) => this.output.warn(`The server did not end well: ${String(error)}`));
    }
  }

  private async start(): Promise<void> {
    this.status.set("starting");
    const settings = vscode.workspace.getConfiguration("sidenote");
    const found = await findServer(settings.get<string>("server.path", "").trim(), this.context.extensionPath);
    if ("error" in found) {
      this.status.set("missing");
      this.output.error(found.error);
      void this.tellMissing(found.error);
      return;
    }
    this.output.info(`Starting ${found.path}, version ${found.version}`);
    const logFile = settings.get<string>("server.logFile", "");
    const server: ServerOptions = {
      command: found.path,
      args: ["lsp", ...(logFile === "" ? [] : ["--log-file", logFile])],
      transport: TransportKind.stdio,
      options: { env: { ...process.env, SIDENOTE_LOG: settings.get<string>("server.logLevel", "warn") } },
    };
    const client = new LanguageClient("sidenote", "Sidenote", server, this.options(settings));
    client.onDidChangeState(({ newState }) => {
      if (client === this.client) {
        this.status.set(newState === ClientState.Running ? "ready" : newState === ClientState.Starting ? "starting" : "stopped");
      }
    });
    this.client = client;
    try {
      await within(START_PATIENCE, client.start());
      this.status.set("ready", found.version);
      const commands = client.initializeResult?.capabilities.executeCommandProvider?.commands ?? [];
      void vscode.commands.executeCommand("setContext", "sidenote.canSearch", commands.includes(SEARCH));
    } catch (error) {
      await this.stop();
      this.status.set("stopped");
      this.output.error(`The server could not be started: ${String(error)}`);
      // Nobody has to answer before the next start.
      void this.tellBroken();
    }
  }

  private options(settings: vscode.WorkspaceConfiguration): LanguageClientOptions {
    const code = LANGUAGES.flatMap((language) => ["file", "untitled"].map((scheme) => ({ scheme, language })));
    return {
      documentSelector: [...code, { scheme: "file", pattern: "**/sidenote.toml" }],
      outputChannel: this.output,
      initializationOptions: {
        ...trusted(JSON.parse(JSON.stringify(settings))),
        showsDocuments: true,
      },
      errorHandler: {
        error: () => ({ action: ErrorAction.Continue }),
        closed: () => this.closed(),
      },
      middleware: {
        executeCommand: async (command, args: unknown[], next) => {
          if (command === DISMISS) {
            return this.dismiss(args, (more) => next(command, more));
          }
          const result: unknown = await next(command, args);
          await this.showPage(command, result);
          return result;
        },
        handleWorkDoneProgress: (token, params, next) => {
          if (params.kind === "begin" || params.kind === "end") {
            this.status.work(params.kind === "begin");
          }
          next(token, params);
        },
        // A server that is being stopped hears of no settings any more.
        workspace: {
          didChangeConfiguration: (sections, next) =>
            this.client?.isRunning() === true ? next(sections) : Promise.resolve(),
          configuration: async (params, token, next) => {
            const values: unknown = await next(params, token);
            return Array.isArray(values) ? values.map((value, n) => (params.items[n]?.section === SECTION ? trusted(value) : value)) : [];
          },
        },
        provideDocumentSymbols: (document, token, next) => (this.offersSymbols() ? next(document, token) : undefined),
        provideWorkspaceSymbols: (query, token, next) => (this.offersSymbols() ? next(query, token) : undefined),
      },
    };
  }

  private offersSymbols(): boolean {
    return vscode.workspace.getConfiguration("sidenote").get<boolean>("symbols.enable", false);
  }

  private closed(): { action: CloseAction; message?: string } {
    const now = Date.now();
    this.breaks = [...this.breaks.filter((time) => now - time < 180_000), now];
    if (this.breaks.length <= MAX_RESTARTS) {
      return { action: CloseAction.Restart };
    }
    const message = `Sidenote's server ended ${this.breaks.length} times in three minutes and is not started again. "Sidenote: Restart Server" starts it; the output panel may say why.`;
    return { action: CloseAction.DoNotRestart, message };
  }

  private async tellBroken(): Promise<void> {
    const choice = await vscode.window.showErrorMessage("Sidenote's server could not be started.", "Show Output");
    if (choice !== undefined) {
      this.output.show();
    }
  }

  private async tellMissing(error: string): Promise<void> {
    const [choose, again] = ["Choose the Program", "Try Again"];
    const choice = await vscode.window.showErrorMessage(error, choose, again);
    if (choice === choose) {
      await vscode.commands.executeCommand("workbench.action.openSettings", "sidenote.server.path");
    } else if (choice === again) {
      await this.restart();
    }
  }

  private async showPage(command: string, result: unknown): Promise<void> {
    const page = result as { rule?: string; markdown?: string; diff?: string; applied?: boolean } | null;
    if (command === FIX_MODEL && page?.diff !== undefined && page.applied !== true) {
      await this.pages.show("Proposed by the local model", `\`\`\`\`diff\n${page.diff}\n\`\`\`\`\n`);
      return;
    }
    if (page?.markdown === undefined) {
      return;
    }
    if (command === EXPLAIN && page.rule !== undefined) {
      await this.pages.show(page.rule, page.markdown);
    } else if (command === EXPLAIN_MODEL) {
      await this.pages.show("The local model says", page.markdown);
    } else if (command === REPORT) {
      await this.pages.show("Sidenote report", page.markdown);
    }
  }

  /** Asks why a finding does not matter, has that written down, and offers to take it back. */
  private async dismiss(args: unknown[], next: (args: unknown[]) => unknown): Promise<unknown> {
    const finding = args[0] as { uri: string; fingerprint: string; reason?: string };
    const reason =
      finding.reason ??
      (await vscode.window.showInputBox({
        title: "Dismiss this finding",
        prompt: "Why does it not matter here? Kept in sidenote-feedback.toml, for others to read; may be left empty.",
      }));
    if (reason === undefined) {
      return undefined;
    }
    const result = (await next([{ ...finding, reason }])) as { done: boolean; message: string } | undefined;
    if (result?.done === true) {
      void vscode.window.showInformationMessage(`Sidenote: ${result.message}.`, "Undo").then((choice) => {
        if (choice !== undefined) {
          void this.execute(UNDO_DISMISS, finding);
        }
      });
    }
    return result;
  }

  /** Has the server execute a command; undefined if it does not run. */
  async execute(command: string, ...args: unknown[]): Promise<unknown> {
    if (this.client?.isRunning() !== true) {
      void vscode.window.showWarningMessage("Sidenote's server is not running.");
      return undefined;
    }
    const result: unknown = await this.client.sendRequest("workspace/executeCommand", { command, arguments: args });
    await this.showPage(command, result);
    return result;
  }

  async scan(): Promise<void> {
    const sum = (await this.execute(SCAN)) as { files: number; findings: number; health: number } | undefined;
    if (sum === undefined) {
      return;
    }
    const text = `Sidenote: ${sum.findings} findings in ${sum.files} files, health ${sum.health}/100.`;
    const [problems, report] = ["Show Problems", "Open Report"];
    const choice = await vscode.window.showInformationMessage(text, problems, report);
    if (choice === problems) {
      await vscode.commands.executeCommand("workbench.actions.view.problems");
    } else if (choice === report) {
      await this.execute(REPORT);
    }
  }

  /** Explains the rule of the finding at the cursor, or one that the user names. */
  async explain(): Promise<void> {
    const editor = vscode.window.activeTextEditor;
    const here = editor ? findings(editor.document.uri).filter((d) => d.range.intersection(editor.selection) !== undefined) : [];
    const known = [...new Set(findings().map((d) => String(typeof d.code === "object" ? d.code.value : d.code)))].sort();
    const first = here[0]?.code;
    const value = String((typeof first === "object" ? first.value : first) ?? known[0] ?? "");
    const rule = await vscode.window.showInputBox({ prompt: "Which rule?", value, placeHolder: "sql-injection" });
    if (rule !== undefined && rule !== "") {
      await this.execute(EXPLAIN, rule.trim());
    }
  }

  async fixFile(): Promise<void> {
    const uri = vscode.window.activeTextEditor?.document.uri;
    if (uri === undefined || this.client === undefined) {
      return;
    }
    const result = (await this.execute(FIX_ALL, this.client.code2ProtocolConverter.asUri(uri))) as { applied: boolean } | undefined;
    if (result?.applied === false) {
      void vscode.window.setStatusBarMessage("Sidenote: nothing here can be fixed safely", 4000);
    }
  }

  /** Finds functions by what they do, and opens the one that the user picks. */
  async search(): Promise<void> {
    const query = await vscode.window.showInputBox({
      prompt: "What does the code do?",
      placeHolder: "parse a date with its time zone",
    });
    if (query === undefined || query.trim() === "") {
      return;
    }
    const progress = { location: vscode.ProgressLocation.Window, title: "Sidenote: searching" };
    const answers = (await vscode.window.withProgress(progress, () => this.execute(SEARCH, query))) as Answer[] | undefined;
    if (answers === undefined || this.client === undefined) {
      return;
    }
    if (answers.length === 0) {
      void vscode.window.showInformationMessage("Sidenote: no function like that is found.");
      return;
    }
    const items = answers.map((answer) => ({
      label: answer.symbol === "" ? "(a function)" : answer.symbol,
      description: `${answer.path}:${answer.range.start.line + 1}`,
      ...(answer.cosine === null ? {} : { detail: `meaning ${answer.cosine.toFixed(2)}` }),
      answer,
    }));
    const choice = await vscode.window.showQuickPick(items, { title: query, matchOnDescription: true });
    if (choice !== undefined) {
      const convert = this.client.protocol2CodeConverter;
      const selection = convert.asRange(choice.answer.range as Parameters<typeof convert.asRange>[0]);
      await vscode.window.showTextDocument(convert.asUri(choice.answer.uri), selection === undefined ? {} : { selection });
    }
  }

  async menu(): Promise<void> {
    const items = [
      { label: "$(search) Scan Workspace", run: () => this.scan() },
      { label: "$(graph) Open Report", run: () => this.execute(REPORT) },
      { label: "$(book) Explain Rule...", run: () => this.explain() },
      { label: "$(output) Show Output", run: () => this.output.show() },
      { label: "$(refresh) Restart Server", run: () => this.restart() },
      { label: "$(gear) Settings", run: () => vscode.commands.executeCommand("workbench.action.openSettings", "@ext:sidenote.sidenote") },
    ];
    const choice = await vscode.window.showQuickPick(items, { title: "Sidenote" });
    await choice?.run();
  }
}

let sidenote: Sidenote | undefined;

export async function activate(context: vscode.ExtensionContext): Promise<void> {
  const status = new Status();
  const gutter = new Gutter(vscode.Uri.joinPath(context.extensionUri, "media"));
  const it = new Sidenote(context, status);
  sidenote = it;
  const guarded = (run: () => unknown) => async () => {
    try {
      await run();
    } catch (error) {
      it.output.error(String(error));
      void vscode.window.showErrorMessage(`Sidenote: ${error instanceof Error ? error.message : String(error)}`);
    }
  };
  const commands: Record<string, () => unknown> = {
    "sidenote.restart": () => it.restart(),
    "sidenote.showOutput": () => it.output.show(),
    "sidenote.scan": () => it.scan(),
    "sidenote.openReport": () => it.execute(REPORT),
    "sidenote.explainRule": () => it.explain(),
    "sidenote.fixFile": () => it.fixFile(),
    "sidenote.searchByMeaning": () => it.search(),
    "sidenote.openWalkthrough": () => vscode.commands.executeCommand("workbench.action.openWalkthrough", "sidenote.sidenote#start"),
    "sidenote.menu": () => it.menu(),
  };
  context.subscriptions.push(
    status,
    gutter,
    it.output,
    vscode.workspace.registerTextDocumentContentProvider(SCHEME, it.pages),
    ...Object.entries(commands).map(([name, run]) => vscode.commands.registerCommand(name, guarded(run))),
    vscode.workspace.onDidChangeConfiguration((event) => {
      if (["sidenote.server", "sidenote.diagnostics.scope"].some((section) => event.affectsConfiguration(section))) {
        // The client tells the old server of the change first.
        setTimeout(() => void it.restart(), RESTART_DELAY);
      }
    }),
    vscode.workspace.onDidGrantWorkspaceTrust(() => void it.restart()),
  );
  await it.restart();
}

export function deactivate(): Promise<void> | undefined {
  return sidenote?.stop();
}
