import { type ChildProcess, spawn } from "node:child_process";
import type { Event, Launch } from "../protocol";
import { endTree, endTrees, leadsGroup } from "./process-tree";
import { findKubectl } from "./program";

/** How long a process may take to end by itself once it was told to, in milliseconds. */
const GRACE = 2000;

/**
 * kubectl is written in Go, and ends before collecting garbage is worth its while: a quarter of the
 * processor time of its start goes into that. What the environment says of it stands.
 */
const lessCollecting = { GOGC: "400" };

export type Report = (event: Event, chunk?: Uint8Array) => void;

/** The kubectl processes that run. */
export class Kubectl {
  private readonly running = new Map<number, ChildProcess>();
  private found: string | undefined;

  constructor(private readonly report: Report) {}

  /** Starts a process; the function hears what it writes to standard output. */
  start({ process: id, program, args, env }: Launch, heard?: (text: string) => void): void {
    let child: ChildProcess | undefined;
    let obstacle: string | null = null;
    try {
      this.found ??= findKubectl(program);
      child =
        this.found === undefined
          ? undefined
          : spawn(this.found, args, {
              env: { ...lessCollecting, ...process.env, ...env },
              stdio: ["ignore", "pipe", "pipe"],
              windowsHide: true,
              detached: leadsGroup,
            });
    } catch (error) {
      obstacle = words(error);
    }
    if (!child) {
      this.report({ notStarted: { process: id, error: obstacle } });
      return;
    }
    this.running.set(id, child);
    for (const stream of ["stdout", "stderr"] as const) {
      child[stream]?.on("data", (chunk: Buffer) => {
        this.report({ output: { process: id, stream } }, chunk);
      });
    }
    if (heard) child.stdout?.on("data", (chunk: Buffer) => heard(chunk.toString()));
    let failure: Error | undefined;
    child.on("error", (error) => {
      failure = error;
    });
    child.on("close", (code) => {
      this.running.delete(id);
      if (failure && child.pid === undefined) {
        this.report({ notStarted: { process: id, error: failure.message } });
      } else {
        this.report({ exited: { process: id, code } });
      }
    });
  }

  /** Whether the process was started and has not ended. */
  runs(id: number): boolean {
    return this.running.has(id);
  }

  kill(id: number): void {
    const child = this.running.get(id);
    if (!child) return;
    endTree(child, "SIGTERM");
    setTimeout(() => {
      if (this.running.has(id)) endTree(child, "SIGKILL");
    }, GRACE).unref();
  }

  killAll(): void {
    endTrees([...this.running.values()]);
  }
}

function words(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
