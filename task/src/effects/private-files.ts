import { renameSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import * as tl from "azure-pipelines-task-lib/task";
import type { Event } from "../protocol";
import { newFile } from "./folder";

/**
 * How long another process may hold a file open, in milliseconds: on Windows it can be neither
 * replaced nor removed then, and a virus scanner opens what is new.
 */
const PATIENCE = 1000;
/** How often it is tried again, in milliseconds. */
const PAUSE = 50;
/** What Windows says of such a file. */
const held = ["EPERM", "EACCES", "EBUSY"];

const written: string[] = [];

/** Writes a file that only this user can read: a new one, or one of these anew, all at once. */
export function writePrivateFile(content: string, known: string | null): Event {
  const file = newFile();
  try {
    written.push(file);
    writeFileSync(file, content, { mode: 0o600, flag: "wx" });
    if (known) replace(known, file, content);
    return { written: { path: known ?? file } };
  } catch (error) {
    return { notWritten: { error: error instanceof Error ? error.message : String(error) } };
  }
}

/** Puts a file in the place of another; where that is held open for long, its content. */
function replace(known: string, file: string, content: string): void {
  try {
    patiently(Date.now() + PATIENCE, () => renameSync(file, known));
  } catch {
    writeFileSync(known, content);
  }
}

/** Removes every private file, or what is in it, and says which are left with their secrets. */
export function removePrivateFiles(): void {
  const end = Date.now() + PATIENCE;
  for (const file of written) {
    try {
      patiently(end, () => rmSync(file, { force: true }));
    } catch (error) {
      empty(file, error);
    }
  }
}

function empty(file: string, obstacle: unknown): void {
  try {
    truncateSync(file);
    tl.debug(`${file} is empty now, and cannot be removed: ${obstacle}`);
  } catch {
    tl.warning(
      `${file} holds secrets and cannot be removed: ${obstacle}. Check that the agent empties its ` +
        "temporary folder after the job. [KSI703]",
    );
  }
}

/** Does something as soon as no other process keeps it from that, until an end (milliseconds). */
function patiently(end: number, work: () => void): void {
  for (;;) {
    try {
      work();
      return;
    } catch (error) {
      const { code = "" } = error as NodeJS.ErrnoException;
      if (!held.includes(code) || Date.now() >= end) throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, PAUSE);
    }
  }
}
