import { rmSync, writeFileSync } from "node:fs";
import type { Event } from "../protocol";
import { newFile } from "./folder";

const written: string[] = [];

/** Writes a file that only this user can read: a new one, or one of these anew. */
export function writePrivateFile(content: string, known: string | null): Event {
  const file = known ?? newFile();
  try {
    if (!known) written.push(file);
    writeFileSync(file, content, { mode: 0o600, flag: known ? "w" : "wx" });
    return { written: { path: file } };
  } catch (error) {
    return { notWritten: { error: error instanceof Error ? error.message : String(error) } };
  }
}

export function removePrivateFiles(): void {
  for (const file of written) rmSync(file, { force: true });
}
