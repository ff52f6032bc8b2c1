import { type ChildProcessByStdio, spawn } from "node:child_process";
import type { Readable } from "node:stream";
import * as tl from "azure-pipelines-task-lib/task";

import type { Report } from "../report";

/** How long a process has to end by itself, in milliseconds. */
const GRACE = 2000;

/** On Windows the name says that a script (.cmd) is not meant: that would need a shell. */
const PROGRAM = process.platform === "win32" ? "kubectl.exe" : "kubectl";

const running = new Map<number, ChildProcessByStdio<null, Readable, Readable>>();
let path: string | undefined;

export function start(
  id: number,
  args: string[],
  env: Record<string, string | undefined>,
  report: Report,
): void {
  path ??= tl.which(PROGRAM, false);
  if (path === "") {
    report({ type: "notStarted", process: id, error: null });
    return;
  }
  const notStarted = (error: unknown) =>
    report({ type: "notStarted", process: id, error: String(error) });
  try {
    const child = spawn(path, args, {
      env: { ...process.env, ...env },
      stdio: ["ignore", "pipe", "pipe"],
      windowsHide: true,
    });
    child.on("error", (error) => {
      if (!child.pid) notStarted(error);
    });
    if (!child.pid) return;
    running.set(id, child);
    for (const stream of ["stdout", "stderr"] as const) {
      child[stream].on("data", (chunk: Buffer) =>
        report({ type: "output", process: id, stream }, chunk),
      );
    }
    child.on("close", (code) => {
      running.delete(id);
      report({ type: "exited", process: id, code });
    });
  } catch (error) {
    notStarted(error);
  }
}

/** Asks a process to end, and insists after a while. */
export function kill(id: number): void {
  const child = running.get(id);
  if (!child) return;
  child.kill("SIGTERM");
  const insist = setTimeout(() => {
    child.kill("SIGKILL");
    child.stdout.destroy();
    child.stderr.destroy();
  }, GRACE);
  child.once("close", () => clearTimeout(insist));
}

/** Ends what still runs, and resolves when nothing does. */
export async function killAll(): Promise<void> {
  const ends = [...running].map(([id, child]) => {
    kill(id);
    return new Promise((resolve) => child.once("close", resolve));
  });
  await Promise.all(ends);
}

process.on("exit", () => {
  for (const child of running.values()) child.kill("SIGKILL");
});
