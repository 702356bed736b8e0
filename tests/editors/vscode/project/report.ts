import { exec } from "node:child_process";
import * as https from "node:https";
import type { Request, Response } from "express";

export function archive(request: Request, response: Response): void {
  const name = String(request.query.name);
  const command = `tar czf /tmp/${name}.tgz uploads`;
  exec(command, (error) => response.sendStatus(error ? 500 : 204));
}

/* é😀 */ export const agent = new https.Agent({ rejectUnauthorized: false });

export async function refreshAll(list: string[]): Promise<void> {
  list.forEach(async (item) => {
    await fetch(`https://api.example.com/items/${encodeURIComponent(item)}`, { agent });
  });
}
