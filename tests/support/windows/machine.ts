/** Windows, or Wine on Linux: where the steps of these tests run. */
import { type ChildProcess, spawn } from "node:child_process";
import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  writeFileSync,
} from "node:fs";
import path from "node:path";
import { fromWindows, toWindows } from "./paths.mjs";

const onWine = process.env.WINE !== undefined;
const programs = process.env.WINDOWS_PROGRAMS ?? "";
const realNode = process.execPath;

/** The Nodes that the steps are run with. */
export const nodes = (process.env.WINDOWS_NODES ?? "").split("\n").filter(Boolean);

/** A path of this machine as a step sees it. */
export const seen = onWine ? toWindows : (file: string) => file;
/** And the other way. */
export const ofStep = onWine ? fromWindows : (file: string) => file;

/** Has the agent of the tests start steps there, in place of the Node that runs this. */
export function startStepsThere(scratch: string): void {
  if (!onWine) {
    process.execPath = path.join(programs, "agent.exe");
    return;
  }
  const program = path.join(scratch, "node");
  const step = path.join(__dirname, "wine-step.mjs");
  writeFileSync(program, `#!${realNode} ${step}\n`);
  chmodSync(program, 0o755);
  process.execPath = program;
}

/** What the environment of a step needs: its Node, its Path, and the file that cancels it. */
export function environment(node: string, folders: string[], cancel: string): NodeJS.ProcessEnv {
  const step = { STEP_PROGRAM: node, STEP_CANCEL: cancel };
  if (onWine) return { ...step, STEP_PATH: folders.join(":") };
  return { ...step, PATH: [...folders, process.env.SystemRoot].join(";") };
}

/** Puts a program of the tests there, under a name of its own. */
export function install(program: string, file: string): void {
  mkdirSync(path.dirname(file), { recursive: true });
  copyFileSync(path.join(programs, program), file);
}

/** Runs a program of the tests beside the steps. */
export function start(program: string, ...args: string[]): ChildProcess {
  const file = path.join(programs, program);
  const [command, before] = onWine ? [process.env.WINE ?? "", [file]] : [file, []];
  return spawn(command, [...before, ...args], { stdio: ["ignore", "pipe", "inherit"] });
}

/** The command lines of what runs and was started from a folder, on Linux. */
export function running(folder: string): string[] | undefined {
  if (!onWine) return undefined;
  const lines = readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map(commandLine);
  return lines.filter((line) => line.startsWith(seen(folder)));
}

function commandLine(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "latin1").replaceAll("\0", " ");
  } catch {
    return "";
  }
}
