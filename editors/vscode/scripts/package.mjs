// node scripts/package.mjs [TARGET BINARY]...: one package for each platform, with its server inside, and one without a
// server for all others. TARGET is one of vsce's: linux-x64, linux-arm64, alpine-x64, darwin-arm64, darwin-x64, win32-x64.
import { execFileSync } from "node:child_process";
import { chmodSync, copyFileSync, existsSync, mkdirSync, rmSync } from "node:fs";
import path from "node:path";

const TARGETS = ["linux-x64", "linux-arm64", "alpine-x64", "alpine-arm64", "darwin-x64", "darwin-arm64", "win32-x64", "win32-arm64"];
const pairs = process.argv.slice(2);
if (pairs.length % 2 !== 0) {
  console.error("usage: node scripts/package.mjs [TARGET BINARY]...");
  process.exit(2);
}
const vsce = (...args) =>
  execFileSync("npx", ["vsce", "package", "--no-dependencies", "--allow-missing-repository", "--no-rewrite-relative-links", ...args], { stdio: "inherit" });
execFileSync("npm", ["run", "build"], { stdio: "inherit" });
rmSync("server", { recursive: true, force: true });
vsce("--out", "dist/sidenote-universal.vsix");
for (let i = 0; i < pairs.length; i += 2) {
  const [target, binary] = [pairs[i], pairs[i + 1]];
  if (!TARGETS.includes(target) || !existsSync(binary)) {
    console.error(TARGETS.includes(target) ? `${binary} does not exist` : `${target} is none of ${TARGETS.join(", ")}`);
    process.exit(2);
  }
  mkdirSync("server", { recursive: true });
  const name = path.join("server", target.startsWith("win32") ? "sidenote.exe" : "sidenote");
  copyFileSync(binary, name);
  chmodSync(name, 0o755);
  vsce("--target", target, "--out", `dist/sidenote-${target}.vsix`);
  rmSync("server", { recursive: true });
}
