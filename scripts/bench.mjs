import { build } from "./build.mjs";
import { controlPlane } from "./control-plane.mjs";
import { main, Stop, show, step } from "./run.mjs";

/**
 * Each is a program of its own, tests/programs/bench/NAME.ts, that takes `--quick`. With `--cluster` there is
 * one, which takes it too: the rollouts, on a real control plane.
 */
const parts = ["core", "rollouts"];

await main(import.meta.url, async () => {
  const args = process.argv.slice(2);
  const flags = args.filter((arg) => arg.startsWith("--"));
  const named = args.filter((arg) => !arg.startsWith("--"));
  const unknown = named.find((name) => !parts.includes(name));
  if (unknown !== undefined) throw new Stop(`There is no ${unknown}, only: ${parts.join(", ")}`);
  const real = flags.includes("--cluster");
  const env = real ? { CONTROL_PLANE: await program() } : {};
  await build();
  for (const part of real ? ["rollouts"] : named.length > 0 ? named : parts) {
    step(`bench ${part}`);
    const args = ["--import", "tsx", `tests/programs/bench/${part}.ts`, ...flags];
    const { code } = await show(process.execPath, args, { env });
    if (code !== 0) process.exitCode = 1;
  }
});

async function program() {
  const { program, absent } = await controlPlane();
  if (absent !== undefined) throw new Stop(`There is no control plane to measure on: ${absent}`);
  return program;
}
