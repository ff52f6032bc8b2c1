import { spawn } from "node:child_process";
import { readFileSync, realpathSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

export const root = dirname(dirname(fileURLToPath(import.meta.url)));

/** A failure that its message explains in full. */
export class Stop extends Error {}

/** Says what happens next, and when: seconds since the command began. */
export function step(what) {
  console.log(`${(performance.now() / 1000).toFixed(1).padStart(6)} s  ${what}`);
}

/**
 * Runs a program, in the root folder unless another is given, and gives its standard output; the
 * rest shows if it fails.
 */
export async function run(program, args, options) {
  const { code, stdout, all } = await spawned(program, args, options);
  if (code !== 0) throw new Stop(`${[program, ...args].join(" ")} failed (${code}):\n${all}`);
  return stdout;
}

/** Runs a program in the root folder with its output shown as it comes. */
export function show(program, args, options) {
  return spawned(program, args, { ...options, shown: true });
}

/** What to run, and with which arguments, for a program that an npm package brings. */
export function tool(packageName, name = packageName) {
  const folder = join(root, "node_modules", packageName);
  const { bin } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
  return [process.execPath, join(folder, typeof bin === "string" ? bin : bin[name])];
}

/** Does the work if the script at this address is the one that node was given. */
export async function main(url, work) {
  if (realpathSync(process.argv[1]) !== fileURLToPath(url)) return;
  try {
    await work();
  } catch (error) {
    console.error(error instanceof Stop ? error.message : error);
    process.exitCode = 1;
  }
}

function spawned(program, args, { env, timeout, cwd = root, shown = false } = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      cwd,
      env: { ...process.env, ...env },
      stdio: ["ignore", "pipe", "pipe"],
      timeout,
    });
    let stdout = "";
    let all = "";
    child.stdout.setEncoding("utf8").on("data", (text) => {
      stdout += text;
      all += text;
      if (shown) process.stdout.write(text);
    });
    child.stderr.setEncoding("utf8").on("data", (text) => {
      all += text;
      if (shown) process.stderr.write(text);
    });
    child.on("error", (error) => {
      reject(error.code === "ENOENT" ? new Stop(`${program} is not installed.`) : error);
    });
    child.on("close", (code, signal) => resolve({ code: code ?? signal, stdout, all }));
  });
}
