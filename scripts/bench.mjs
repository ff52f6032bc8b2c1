import { build } from "./build.mjs";
import { main, Stop, show, step } from "./run.mjs";

/** Each is a program of its own, tests/bench/NAME.ts, that takes `--quick`. */
const parts = ["core", "rollouts"];

await main(import.meta.url, async () => {
  const args = process.argv.slice(2);
  const flags = args.filter((arg) => arg.startsWith("--"));
  const named = args.filter((arg) => !arg.startsWith("--"));
  const unknown = named.find((name) => !parts.includes(name));
  if (unknown !== undefined) throw new Stop(`There is no ${unknown}, only: ${parts.join(", ")}`);
  await build();
  for (const part of named.length > 0 ? named : parts) {
    step(`bench ${part}`);
    const program = ["--import", "tsx", `tests/bench/${part}.ts`, ...flags];
    const { code } = await show(process.execPath, program);
    if (code !== 0) process.exitCode = 1;
  }
});
