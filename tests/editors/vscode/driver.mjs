// What the tests in VS Code share: the probe inside of the extension host, and the browser.
import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import { chromium } from "playwright-core";

const { PROBE, OUT } = process.env;
const started = Date.now();
export const lap = (what) => console.log(`${((Date.now() - started) / 1000).toFixed(1)} s  ${what}`);
export const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

let requests = 0;
/** Has the probe do something inside of the extension host. */
export async function probe(operation, args = {}) {
  const n = requests++;
  const file = path.join(PROBE, `request-${n}.json`);
  fs.writeFileSync(`${file}.tmp`, JSON.stringify({ operation, ...args }));
  fs.renameSync(`${file}.tmp`, file);
  const answer = path.join(PROBE, `answer-${n}.json`);
  for (const end = Date.now() + 60_000; !fs.existsSync(answer); await sleep(30)) {
    assert(Date.now() < end, `the probe does not answer ${operation}`);
  }
  const { result, error } = JSON.parse(fs.readFileSync(answer, "utf8"));
  if (error?.startsWith("Canceled")) throw new Canceled(operation);
  assert(error === undefined, `${operation}: ${error}`);
  return result;
}

/** What VS Code says of a request whose language client restarts meanwhile, as it does once a workspace is trusted. */
class Canceled extends Error {
  constructor(operation) {
    super(`${operation}: canceled`);
  }
}

/** Asks until the answer is good; a canceled question is asked again. */
export async function until(what, ask, good, patience = 30_000) {
  let last;
  for (const end = Date.now() + patience; Date.now() < end; await sleep(100)) {
    try {
      last = await ask();
    } catch (error) {
      if (!(error instanceof Canceled)) throw error;
      last = error.message;
      continue;
    }
    if (good(last)) return last;
  }
  assert.fail(`${what} did not come about; last: ${JSON.stringify(last)?.slice(0, 1500)}`);
}

export const browser = await chromium.launch({
  executablePath: "/usr/bin/chromium",
  headless: true,
  args: ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
});
export const page = await (await browser.newContext({ viewport: { width: 1280, height: 800 } })).newPage();
export const shot = (name) => page.screenshot({ path: path.join(OUT, `${name}.png`) });
process.on("uncaughtException", async (error) => {
  console.error(error);
  await shot("FAILED").catch(() => {});
  process.exit(1);
});

export const visible = (selector, timeout = 30_000) => page.waitForSelector(selector, { timeout });
export const codes = (dump) => (dump?.diagnostics ?? []).map((d) => d.code).sort();

/**
 * Opens the workbench on a folder, or a workspace of so many folders, with a file. On a busy machine the workbench now and then
 * starts before its file system is there, and goes on without the user's settings or without any folder; a person would load
 * the page again.
 */
export async function open(address, place, file, folders = 1) {
  const uri = `vscode-remote://${new URL(address).host}${file}`;
  const payload = encodeURIComponent(JSON.stringify([["openFile", uri]]));
  const load = async () => {
    await page.goto(`${address}/?${place.endsWith(".code-workspace") ? "workspace" : "folder"}=${encodeURIComponent(place)}&payload=${payload}`);
    await visible(".monaco-workbench .part.statusbar", 60_000);
    await visible(".monaco-editor .view-lines", 60_000);
    return until("an answer from the new window", () => probe("window"), (is) => is.configured && is.folders.length === folders, 20_000);
  };
  await until("a window with its settings and folders", () => load().catch((error) => error.message), (is) => is.configured === true, 150_000);
}

/** Moves the cursor, counted from zero, and waits until it is there: what is typed next belongs to that place. */
export async function goTo(line, column) {
  await page.keyboard.press("Control+G");
  await page.keyboard.type(`${line + 1}:${column + 1}`);
  await page.keyboard.press("Enter");
  await until(`line ${line}`, () => probe("dump"), (dump) => dump?.cursor === line);
}
