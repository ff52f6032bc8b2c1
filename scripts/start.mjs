import { build } from "./build.mjs";
import { main, run, Stop, show } from "./run.mjs";

await main(import.meta.url, async () => {
  await build();
  await run("kubectl", ["version", "--client"]).catch(() => {
    throw new Stop("kubectl is needed on PATH: see https://kubernetes.io/docs/tasks/tools/");
  });
  const args = process.argv.slice(2);
  const { code } = await show(process.execPath, [
    "--import",
    "tsx",
    "tests/programs/demo.ts",
    ...args,
  ]);
  process.exitCode = Number(code);
});
