import { closeSync, mkdirSync, openSync, readSync, writeFileSync } from "node:fs";
import path from "node:path";
import * as tl from "azure-pipelines-task-lib/task";
import type { Event } from "../protocol";

/** Reads a file, one character over the limit at most, though each may take two bytes. */
export function readFile(file: string, limit: number): Event {
  try {
    const opened = openSync(absolute(file), "r");
    try {
      const bytes = Buffer.alloc(2 * (limit + 2));
      let length = 0;
      for (let read = 1; read > 0; length += read) {
        read = readSync(opened, bytes, length, bytes.length - length, null);
      }
      return { fileRead: { content: decoded(bytes.subarray(0, length)) } };
    } finally {
      closeSync(opened);
    }
  } catch (error) {
    return { fileNotRead: { error: message(error) } };
  }
}

/** The text of a file by its byte order mark, which PowerShell's `>` writes with UTF-16. */
function decoded(bytes: Buffer): string {
  const [first, second] = bytes;
  const isLittle = first === 0xff && second === 0xfe;
  const isBig = first === 0xfe && second === 0xff;
  const encoding = isLittle ? "utf-16le" : isBig ? "utf-16be" : "utf-8";
  return new TextDecoder(encoding).decode(bytes);
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

function absolute(file: string): string {
  return path.resolve(tl.getVariable("System.DefaultWorkingDirectory") ?? "", file);
}

function message(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
