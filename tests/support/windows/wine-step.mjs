/**
 * In place of Node for an agent: runs Windows' Node under Wine. What comes in has the paths of
 * Linux, and so has what goes out, since the agent of the tests is on Linux.
 */
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fromWindows, toWindows } from "./paths.mjs";

/** What Wine and this process read themselves. */
const ours = /^(WINE.*|HOME|PATH|PWD|SHELL|TMPDIR|XDG_.*|WINDOWS_.*|LD_.*|NODE_.*|npm_.*)$/;

const { WINE = "", WINDOWS_PROGRAMS = "", STEP_PATH = "" } = process.env;
const variables = Object.entries(process.env).map(([name, value]) => [
  name,
  ours.test(name) ? value : toWindows(value),
]);
const folders = STEP_PATH.split(":").filter(Boolean);
const step = spawn(
  WINE,
  [`${WINDOWS_PROGRAMS}/agent.exe`, ...process.argv.slice(3).map(toWindows)],
  {
    env: { ...Object.fromEntries(variables), WINEPATH: folders.map(toWindows).join(";") },
    stdio: ["ignore", "pipe", "ignore"],
  },
);
for await (const line of createInterface({ input: step.stdout })) {
  const handsOver = /^##vso\[task\.(uploadsummary|addattachment)\b/.test(line);
  const [command, file] = handsOver ? line.split(/(?<=\])/) : [line, ""];
  process.stdout.write(`${command}${fromWindows(file)}\n`);
}
process.exitCode = await new Promise((resolve) => {
  if (step.exitCode !== null) resolve(step.exitCode);
  else step.on("close", resolve);
});
