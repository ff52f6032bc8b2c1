import { randomUUID } from "node:crypto";
import { rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import * as tl from "azure-pipelines-task-lib/task";
import type { Event } from "../protocol";

const written: string[] = [];

/** Writes a file that only this user can read, into the folder that the agent empties. */
export function writePrivateFile(content: string): Event {
  const folder = tl.getVariable("Agent.TempDirectory") ?? tmpdir();
  const file = path.join(folder, `kubectl-set-image-${randomUUID()}`);
  try {
    written.push(file);
    writeFileSync(file, content, { mode: 0o600, flag: "wx" });
    return { written: { path: file } };
  } catch (error) {
    return { notWritten: { error: error instanceof Error ? error.message : String(error) } };
  }
}

export function removePrivateFiles(): void {
  for (const file of written) rmSync(file, { force: true });
}
