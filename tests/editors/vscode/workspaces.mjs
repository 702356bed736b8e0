// Workspaces in a real VS Code: one that is not trusted, one of two folders, and a model of the user's own, whose host is scripted.
// URL of code-server, PLACES (folder with the workspaces), PROBE (folder of requests to the probe), OUT (screenshots).
import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import { browser, codes, goTo, lap, open, page, probe, shot, sleep, until, visible } from "./driver.mjs";

const { URL: address, PLACES, HAS_MODEL } = process.env;
const place = (name) => path.join(PLACES, name);
const has = (...wanted) => (dump) => JSON.stringify(codes(dump)) === JSON.stringify(wanted.sort());
const titles = (dump) => (dump?.actions ?? []).map((a) => a.title);

// Not trusted: the built-in rules speak; the workspace's own rules, its choice of a program and models do not.
await open(address, place("foreign"), place("foreign/a.ts"));
const foreign = await until("the built-in finding", () => probe("dump"), has("async-promise-executor"), 60_000);
assert.equal(await probe("trusted"), false);
assert(!titles(foreign).some((title) => title.includes("local model")), JSON.stringify(titles(foreign)));
await sleep(1000);
assert(has("async-promise-executor")(await probe("dump")), "it stays so");
const status = await probe("run", { command: "sidenote.status" });
assert.equal(status.reviewer.model, null, JSON.stringify(status));
assert(!fs.existsSync(place("other-was-run")), "the workspace chose the program");
await shot("untrusted");
lap("a workspace that is not trusted brings neither rules nor models");

// Somebody trusts it. The editor of trust draws itself anew when it has counted what would change, and a click before that
// is lost: it is repeated until it takes, and never after that, as the button takes the trust back then.
async function trust() {
  const button = page.locator('.workspace-trust-editor .monaco-button:text-is("Trust")').first();
  const click = async () => {
    if (await probe("trusted")) return true;
    await probe("begin", { command: "workbench.trust.manage" });
    await button.click({ timeout: 5_000 }).catch(() => {});
    return until("an effect of the click", () => probe("trusted"), (yes) => yes === true, 3_000).catch(() => false);
  };
  await until("trust", click, (yes) => yes === true, 60_000);
  await probe("run", { command: "workbench.action.closeActiveEditor" });
}
await trust();
const trusted = await until("the workspace's own rule", () => probe("dump"), has("async-promise-executor", "own-console"));
assert(fs.existsSync(place("other-was-run")), "the workspace's own program is used once it is trusted");
lap("once it is trusted its rules speak");

// The user's own model explains and mends.
if (HAS_MODEL === "1") {
  const with_model = await until("the model's actions", () => probe("dump"), (dump) => titles(dump).some((t) => t.startsWith("Fix with local model")));
  assert(titles(with_model).some((t) => t.startsWith("Explain with local model (scripted)")), JSON.stringify(titles(with_model)));
  const at = trusted.diagnostics.find((d) => d.code === "async-promise-executor").range;
  const choose = async (title) => {
    await probe("run", { command: "workbench.action.focusActiveEditorGroup" });
    await goTo(at[0], at[1] + 1);
    await page.keyboard.press("Control+.");
    await visible(".action-widget .monaco-list-row.action");
    const offered = await page.$$eval(".action-widget .monaco-list-row.action", (e) => e.map((x) => x.textContent.trim()));
    const n = offered.findIndex((o) => o.startsWith(title));
    assert(n >= 0, offered.join(", "));
    for (let i = 0; i < n; i++) await page.keyboard.press("ArrowDown");
    await page.keyboard.press("Enter");
  };
  await choose("Explain with local model");
  await until("the explanation", () => probe("tabs"), (tabs) => tabs.some((tab) => tab.includes("The local model says")));
  await sleep(1500);
  await shot("model-explains");
  await probe("run", { command: "workbench.action.closeActiveEditor" });
  await until("the explanation where the mouse rests", () => probe("dump"), (dump) => dump.hover.includes("An error in an async executor is lost"));
  lap("the model explains");
  await choose("Fix with local model");
  // VS Code shows the change before it applies it.
  await visible(".bulk-edit-panel .monaco-list-row .edit-checkbox", 30_000);
  await sleep(500);
  await shot("model-fixes");
  // What needs a confirmation is not ticked.
  await page.locator(".bulk-edit-panel .monaco-list-row .edit-checkbox").first().click();
  await page.locator('.bulk-edit-panel .monaco-button:has-text("Apply")').first().click();
  const mended = await until("the change", () => probe("text", { file: place("foreign/a.ts") }), (text) => text.includes("new Promise((r) =>"));
  assert(!mended.includes("async (r)"), mended);
  lap("the model's change is shown, and applied when it is confirmed");
}

// Two folders, each with its own configuration.
await open(address, place("both.code-workspace"), place("both/one/a.ts"), 2);
await trust();
await probe("show", { file: place("both/one/a.ts") });
await until("the first folder's finding", () => probe("dump"), has("async-promise-executor"), 60_000);
await probe("show", { file: place("both/two/b.ts") });
const two = await until("the second folder's findings", () => probe("dump"), (dump) => dump?.file === "b.ts" && has("own-console")(dump));
assert.equal(two.diagnostics.length, 1, JSON.stringify(two.diagnostics));
await probe("show", { file: place("both/one/a.ts") });
await until("the first folder's finding again", () => probe("dump"), (dump) => dump?.file === "a.ts" && has("async-promise-executor")(dump));
await shot("multi-root");
// Its file is changed, and only that folder follows.
await probe("write", { file: place("both/one/sidenote.toml"), text: '[rules]\nignore = ["async-promise-executor"]\n' });
await until("silence in the first folder", () => probe("dump"), has());
await probe("show", { file: place("both/two/b.ts") });
await until("the second folder's findings", () => probe("dump"), has("own-console"));
// A folder goes, and comes.
await probe("folders", { remove: 1 });
await probe("folders", { add: place("both/two") });
await probe("show", { file: place("both/two/b.ts") });
await until("the findings of a folder that came back", () => probe("dump"), has("own-console"));
lap("each folder of a workspace has its own configuration");
await browser.close();
lap("done");
process.exit(0);
