import { renameSync, rmSync, writeFileSync } from "node:fs";
import * as tl from "azure-pipelines-task-lib/task";
import type { Event } from "../protocol";
import { newFile } from "./folder";

const written: string[] = [];

/** Writes a file that only this user can read: a new one, or one of these anew, all at once. */
export function writePrivateFile(content: string, known: string | null): Event {
  const file = newFile();
  try {
    written.push(file);
    writeFileSync(file, content, { mode: 0o600, flag: "wx" });
    if (known) renameSync(file, known);
    return { written: { path: known ?? file } };
  } catch (error) {
    return { notWritten: { error: error instanceof Error ? error.message : String(error) } };
  }
}

export function removePrivateFiles(): void {
  for (const file of written) {
    try {
      rmSync(file, { force: true });
    } catch (error) {
      tl.warning(`${file} cannot be removed, and holds secrets: ${error}`);
    }
  }
}
