import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import type { Readable } from "node:stream";
import type { Command } from "../../../support/agent";
import { processTree } from "../../../support/agent/process-tree";

/** What a command and all that it started took. */
export interface Cost {
  /** Seconds from its start to its end. */
  wall: number;
  /** Seconds of processor time, of user and system. */
  cpu: number;
  /** The most bytes that all processes had in memory at a time. */
  memory: number;
  /** The most bytes that one of them had. */
  largest: number;
  /** The most bytes that the command's own process had. */
  own: number;
}

const sampleEvery = 20;

/** bash waits for the command, and tells what the system counted for it and its descendants. */
const timed = `TIMEFORMAT='%3R %3U %3S'; exec 4>&2 2>&3; time "$@" 2>&4 3>&- 4>&-`;

/** Runs a command to its end; rejects, with what it said, when that is not the end wanted. */
export async function measure(
  { program, args, cwd, env }: Command,
  good: (code: number | null, said: string) => boolean,
): Promise<Cost> {
  const child = spawn("bash", ["-c", timed, "bash", program, ...args], {
    cwd,
    env,
    stdio: ["ignore", "pipe", "pipe", "pipe"],
  });
  const peak = { memory: 0, largest: 0, own: 0 };
  const sampler = setInterval(() => sample(child.pid ?? 0, peak), sampleEvery);
  const [out, err, times] = [1, 2, 3].map((stream) => textOf(child.stdio[stream] as Readable));
  const code = await new Promise<number | null>((resolve) => child.once("close", resolve));
  clearInterval(sampler);
  const said = `${await out}${await err}`;
  if (!good(code, said))
    throw new Error(`${program} ${args.join(" ")} ended with ${code}:\n${said}`);
  const [wall = 0, user = 0, system = 0] = ((await times) ?? "").trim().split(" ").map(Number);
  return { wall, cpu: user + system, ...peak };
}

async function textOf(stream: Readable): Promise<string> {
  let text = "";
  for await (const chunk of stream.setEncoding("utf8")) text += chunk;
  return text;
}

/** Counts the memory of what descends from bash, without bash itself. */
function sample(pid: number, peak: Pick<Cost, "memory" | "largest" | "own">): void {
  let memory = 0;
  const [, own, ...others] = processTree(pid);
  if (own === undefined) return;
  for (const each of [own, ...others]) {
    try {
      const status = readFileSync(`/proc/${each}/status`, "utf8");
      const bytes = (field: string) =>
        Number(new RegExp(`${field}:\\s+(\\d+) kB`).exec(status)?.[1] ?? 0) * 1024;
      memory += bytes("VmRSS");
      peak.largest = Math.max(peak.largest, bytes("VmHWM"));
      if (each === own) peak.own = Math.max(peak.own, bytes("VmHWM"));
    } catch {
      // It has ended.
    }
  }
  peak.memory = Math.max(peak.memory, memory);
}
