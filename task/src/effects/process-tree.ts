import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import path from "node:path";

/** Whether a process leads a group of its own, which is ended as one; on Windows there are none. */
export const leadsGroup = process.platform !== "win32";

/** How long Windows may take to end all that runs, in milliseconds. */
const PATIENCE = 3000;

const quietly = { stdio: "ignore", windowsHide: true } as const;

/** Ends a process with those that it started itself, such as a login helper of kubectl. */
export function endTree(child: ChildProcess, signal: NodeJS.Signals): void {
  if (child.pid === undefined) return;
  if (leadsGroup) {
    endGroup(child.pid, signal);
    return;
  }
  const killer = spawn(...taskkill([child.pid]), quietly);
  killer.on("error", () => child.kill());
  killer.on("close", () => child.kill());
}

/** Ends processes with all that they started, before it returns. */
export function endTrees(children: ChildProcess[]): void {
  const pids = children.map(({ pid }) => pid).filter((pid) => pid !== undefined);
  if (pids.length === 0) return;
  if (leadsGroup) {
    for (const pid of pids) endGroup(pid, "SIGKILL");
    return;
  }
  spawnSync(...taskkill(pids), { ...quietly, timeout: PATIENCE });
  for (const child of children) child.kill();
}

function endGroup(leader: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-leader, signal);
  } catch {
    // The group has ended already.
  }
}

/** Windows' own program: Node ends the one process alone. */
function taskkill(pids: number[]): [string, string[]] {
  const program = path.join(process.env.SystemRoot ?? "C:\\Windows", "System32", "taskkill.exe");
  return [program, ["/T", "/F", ...pids.flatMap((pid) => ["/PID", String(pid)])]];
}
