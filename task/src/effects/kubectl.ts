import { type ChildProcess, spawn } from "node:child_process";
import * as tl from "azure-pipelines-task-lib/task";
import type { Event } from "../protocol";

/** How long a process may take to end by itself once it was told to, in milliseconds. */
const GRACE = 2000;

export type Report = (event: Event, chunk?: Uint8Array) => void;

/** The kubectl processes that run. */
export class Kubectl {
  private readonly running = new Map<number, ChildProcess>();
  private program: string | undefined;

  constructor(private readonly report: Report) {}

  start(process: number, args: string[], env: Record<string, string>): void {
    this.program ??= tl.which("kubectl", false);
    if (!this.program) {
      this.report({ notStarted: { process, error: null } });
      return;
    }
    let child: ChildProcess;
    try {
      child = spawn(this.program, args, {
        env: { ...globalThis.process.env, ...env },
        stdio: ["ignore", "pipe", "pipe"],
        windowsHide: true,
      });
    } catch (error) {
      this.report({ notStarted: { process, error: String(error) } });
      return;
    }
    this.running.set(process, child);
    for (const stream of ["stdout", "stderr"] as const) {
      child[stream]?.on("data", (chunk: Buffer) => {
        this.report({ output: { process, stream } }, chunk);
      });
    }
    let failure: Error | undefined;
    child.on("error", (error) => {
      failure = error;
    });
    child.on("close", (code) => {
      this.running.delete(process);
      if (failure && child.pid === undefined) {
        this.report({ notStarted: { process, error: failure.message } });
      } else {
        this.report({ exited: { process, code } });
      }
    });
  }

  kill(process: number): void {
    const child = this.running.get(process);
    if (!child) return;
    child.kill();
    setTimeout(() => child.kill("SIGKILL"), GRACE).unref();
  }

  killAll(): void {
    for (const child of this.running.values()) child.kill("SIGKILL");
  }
}
