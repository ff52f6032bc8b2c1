import { closeSync, mkdirSync, openSync, readSync, writeFileSync } from "node:fs";
import path from "node:path";
import * as tl from "azure-pipelines-task-lib/task";
import type { Event } from "../protocol";

/** Reads a text file, one character over the limit at most. */
export function readFile(file: string, limit: number): Event {
  try {
    const opened = openSync(absolute(file), "r");
    try {
      // A character of UTF-16 has two bytes, and so has its mark.
      const bytes = Buffer.alloc(2 * (limit + 2));
      let length = 0;
      for (let read = 1; read > 0; length += read) {
        read = readSync(opened, bytes, length, bytes.length - length, null);
      }
      const content = decoded(bytes.subarray(0, length)).slice(0, limit + 1);
      return { fileRead: { content } };
    } finally {
      closeSync(opened);
    }
  } catch (error) {
    return { fileNotRead: { error: message(error) } };
  }
}

/** Writes a file that stays, and makes the folders that it needs. */
export function saveFile(file: string, content: string): Event {
  try {
    mkdirSync(path.dirname(absolute(file)), { recursive: true });
    writeFileSync(absolute(file), content);
    return { written: { path: file } };
  } catch (error) {
    return { notWritten: { error: message(error) } };
  }
}

/** UTF-8, unless a byte order mark says UTF-16, in which Windows' PowerShell 5.1 writes. */
function decoded(bytes: Buffer): string {
  const mark = bytes.toString("hex", 0, 2);
  const encoding = { fffe: "utf-16le", feff: "utf-16be" }[mark] ?? "utf-8";
  return new TextDecoder(encoding).decode(bytes);
}

function absolute(file: string): string {
  return path.resolve(tl.getVariable("System.DefaultWorkingDirectory") ?? "", file);
}

function message(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
