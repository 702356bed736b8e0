// Finding the server.
import { execFile } from "node:child_process";
import { accessSync, constants } from "node:fs";
import * as os from "node:os";
import * as path from "node:path";

const NAME = process.platform === "win32" ? "sidenote.exe" : "sidenote";

/** A server that was found, or why there is none. */
export type Found = { path: string; version: string } | { error: string };

/**
 * The server to start: the configured one, else the one inside the extension, else the one on the PATH. A configured one
 * that does not work is an error, not a reason to take another.
 */
export async function findServer(configured: string, extension: string): Promise<Found> {
  if (configured !== "") {
    const wanted = configured.startsWith("~/") ? path.join(os.homedir(), configured.slice(2)) : configured;
    const file = path.isAbsolute(wanted) ? (isExecutable(wanted) ? wanted : undefined) : onPath(wanted);
    return file === undefined
      ? { error: `The program of the setting sidenote.server.path does not exist or cannot be run: ${configured}` }
      : probe(file);
  }
  const bundled = path.join(extension, "server", NAME);
  const file = isExecutable(bundled) ? bundled : onPath(NAME);
  return file === undefined
    ? { error: "The sidenote program is neither part of this package of the extension nor on the PATH." }
    : probe(file);
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

function onPath(name: string): string | undefined {
  const folders = (process.env["PATH"] ?? "").split(path.delimiter).filter((folder) => folder !== "");
  return folders.map((folder) => path.join(folder, name)).find(isExecutable);
}

function probe(file: string): Promise<Found> {
  return new Promise((resolve) => {
    execFile(file, ["--version"], { timeout: 10_000 }, (error, stdout) => {
      const version = /^sidenote (\S+)/.exec(stdout)?.[1];
      if (version !== undefined) {
        resolve({ path: file, version });
      } else {
        resolve({ error: `${file} is not a working sidenote program${error ? `: ${error.message}` : ""}` });
      }
    });
  });
}
