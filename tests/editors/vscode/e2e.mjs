// Drives a real VS Code workbench and holds what it shows, and what its API says, against what should be there.
// URL of code-server, FOLDER to open, PROBE (folder of requests to the probe), SERVER (the program), OUT (screenshots).
import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import { browser, codes, goTo, lap, open, page, probe, shot, sleep, until, visible } from "./driver.mjs";

const { URL: address, FOLDER, SERVER } = process.env;
const ALL = ["command-injection", "misused-promise", "tls-verification-disabled"];

// The file opens with the workbench.
await open(address, FOLDER, `${FOLDER}/report.ts`);
lap("workbench and file are open");
const first = await until("all findings", () => probe("dump"), (dump) => codes(dump).length === 3, 60_000);
lap(`VS Code ${first.vscode} has the findings`);

// What the API says.
assert.deepEqual(codes(first), ALL);
const by = Object.fromEntries(first.diagnostics.map((d) => [d.code, d]));
assert.equal(by["tls-verification-disabled"].text, "rejectUnauthorized: false", "columns are right behind é and 😀");
assert.equal(by["command-injection"].text, "command");
assert.equal(by["command-injection"].severity, "Error");
const way = by["command-injection"].related;
assert(way.length >= 4 && way[0].text.includes("request.query") && way[0].range[0] === 5, JSON.stringify(way));
assert.deepEqual(first.hints.map((h) => h.line), [7, 10, 13]);
assert(first.hints[0].label.includes("command-injection"), JSON.stringify(first.hints));
assert(first.hover.includes("command-injection") && first.hover.includes("Path of the data"), first.hover);
assert(first.actions.some((a) => a.title === "Allow `command-injection` here"), JSON.stringify(first.actions));
assert(first.actions.some((a) => a.title === "Explain `command-injection`"), JSON.stringify(first.actions));
assert(first.lenses.some((l) => l.line === 0 && /health \d+\/100, 3 findings/.test(l.title)), JSON.stringify(first.lenses));
assert.equal((await probe("extension")).active, true);

// What is drawn: squiggles, annotations, lens, status bar.
await visible(".monaco-editor .squiggly-error");
await visible(".monaco-editor .squiggly-warning");
await page.waitForFunction(() => document.querySelector(".monaco-editor .view-lines")?.textContent.includes("tls-verification-disabled"));
await visible(".codelens-decoration");
const bar = await page.textContent('.statusbar-item[id="sidenote.sidenote.sidenote"], .statusbar-item[aria-label*="Sidenote"]').catch(() => "");
assert(/3/.test(bar ?? ""), `the status bar says ${bar}`);
await page.mouse.move(640, 700);
await shot("editor");

// Hover over a finding.
const target = await page.$(".monaco-editor .squiggly-error");
const box = await target.boundingBox();
await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2 - 2);
await visible(".monaco-hover .hover-contents");
await sleep(300);
await shot("hover");
await page.mouse.move(640, 700);
await page.keyboard.press("Escape");

// The Problems panel, and from there along the way of the data.
await page.keyboard.press("Control+Shift+M");
await visible(".markers-panel .monaco-list-row[aria-level='2']");
const rows = await page.$$eval(".markers-panel .monaco-list-row[aria-level='2']", (e) => e.map((x) => `${x.getAttribute("aria-label")} ${x.textContent}`));
assert(ALL.every((code) => rows.some((row) => row.includes(code))), rows.join("\n"));
const row = page.locator(".markers-panel .monaco-list-row[aria-level='2']", { hasText: "command-injection" });
if ((await page.$(".markers-panel .monaco-list-row[aria-level='3']")) === null) {
  await row.click();
  await page.keyboard.press("ArrowRight");
}
await visible(".markers-panel .monaco-list-row[aria-level='3']");
await shot("problems");
await page.locator(".markers-panel .monaco-list-row[aria-level='3']").first().click();
await until("the source of the data is shown", () => probe("dump"), (dump) => dump?.cursor === 5);
lap("the Problems panel leads to the source of the data");
await page.keyboard.press("Control+J");

// A quick fix from the light bulb's menu.
await probe("run", { command: "workbench.action.focusActiveEditorGroup" });
await probe("run", { command: "cursorTop" });
const tls = by["tls-verification-disabled"].range;
await probe("run", { command: "revealLine", args: [{ lineNumber: tls[0], at: "center" }] });
await goTo(tls[0], tls[1] + 2);
await page.keyboard.press("Control+.");
await visible(".action-widget .monaco-list-row.action");
const menu = await page.$$eval(".action-widget .monaco-list-row.action", (e) => e.map((x) => x.textContent.trim()));
assert(menu.some((title) => title.startsWith("Check certificates")), menu.join(", "));
await sleep(200);
await shot("quickfix");
// The first action is chosen; a click would have to get past the widget's own shield.
assert(menu[0].startsWith("Check certificates"), menu.join(", "));
await page.keyboard.press("Enter");
const fixed = await until("the fix", () => probe("dump"), (dump) => codes(dump).length === 2);
assert(fixed.text.includes("rejectUnauthorized: true"), fixed.text);
lap("a quick fix is applied");

// Typing makes a finding vanish, and come back.
const promise = fixed.diagnostics.find((d) => d.code === "misused-promise").range;
await goTo(promise[0], promise[1] + 0);
await page.keyboard.press("Control+Shift+ArrowRight");
await page.keyboard.type("map");
const has = (dump) => codes(dump).includes("misused-promise");
await until("the end of the finding", () => probe("dump"), (dump) => dump.text.includes("list.map(") && !has(dump));
await page.keyboard.press("Escape");
for (let n = 0; n < 4 && !(await probe("dump")).text.includes("list.forEach("); n++) {
  await probe("run", { command: "undo" });
}
await until("the finding again", () => probe("dump"), has);
lap("typing clears a finding");

// A finding is dismissed with a reason, and that is taken back.
const there = (await probe("dump")).diagnostics.find((d) => d.code === "misused-promise").range;
await probe("run", { command: "workbench.action.focusActiveEditorGroup" });
await goTo(there[0], there[1] + 1);
await page.keyboard.press("Control+.");
await visible(".action-widget .monaco-list-row.action");
const offered = await page.$$eval(".action-widget .monaco-list-row.action", (e) => e.map((x) => x.textContent.trim()));
const dismissal = offered.findIndex((title) => title.startsWith("Dismiss this `misused-promise`"));
assert(dismissal >= 0, offered.join(", "));
for (let n = 0; n < dismissal; n++) await page.keyboard.press("ArrowDown");
await page.keyboard.press("Enter");
await visible(".quick-input-widget:not([style*='display: none']) input");
await page.keyboard.type("it is awaited elsewhere");
await shot("dismiss");
await page.keyboard.press("Enter");
await until("the end of a dismissed finding", () => probe("dump"), (dump) => !has(dump));
const list = fs.readFileSync(path.join(FOLDER, "sidenote-feedback.toml"), "utf8");
assert(list.includes('reason = "it is awaited elsewhere"'), list);
await page.locator('.notification-toast .monaco-button:has-text("Undo")').click();
await until("the finding that counts again", () => probe("dump"), has);
lap("a finding is dismissed and counts again");

// A question, and the function that answers it; where there is a model.
if (process.env.HAS_HOST === "1") {
  await probe("begin", { command: "sidenote.searchByMeaning" });
  await visible(".quick-input-widget:not([style*='display: none']) input");
  await page.keyboard.type("a client that accepts invalid certificates");
  await page.keyboard.press("Enter");
  await visible(".quick-input-list .monaco-list-row");
  await shot("search");
  // Rows are not in order in the document.
  const best = await page.textContent(".quick-input-list .monaco-list-row[data-index='0']");
  assert(best.includes("client") && best.includes("limits.rs"), best);
  await page.keyboard.press("Enter");
  await until("the function", () => probe("tabs"), (tabs) => tabs.some((tab) => tab.includes("limits.rs")));
  lap("a question finds a function");
}

// The whole workspace, the report, a rule's page.
await probe("begin", { command: "sidenote.scan" });
const all = await until("a scan of the workspace", () => probe("all"), (found) => found.some(([name]) => name === "limits.rs"));
assert(all.some(([name]) => name === "report.ts"), JSON.stringify(all));
await probe("begin", { command: "sidenote.openReport" });
await until("the report", () => probe("tabs"), (tabs) => tabs.some((tab) => tab.includes("Sidenote report")));
await sleep(1500);
await shot("report");
await probe("run", { command: "sidenote.explain", args: ["command-injection"] });
await until("the rule's page", () => probe("tabs"), (tabs) => tabs.some((tab) => tab.includes("command-injection")));
lap("workspace, report and explanation");
await sleep(1000);
await shot("explain");
await probe("begin", { command: "sidenote.openWalkthrough" });
await sleep(2500);
await shot("walkthrough");

// A program that is not there is told, and its return noticed.
await probe("configure", { key: "sidenote.server.path", value: "/nowhere/sidenote" });
await visible('.notification-toast :text("does not exist or cannot be run")');
await sleep(300);
await shot("missing");
await until("no findings without a server", () => probe("all"), (found) => found.length === 0);
await probe("configure", { key: "sidenote.server.path", value: SERVER });
await until("findings after the return", () => probe("all"), (found) => found.some(([name]) => name === "report.ts"));
lap("a missing program is told of");
await browser.close();
lap("done");
process.exit(0);
