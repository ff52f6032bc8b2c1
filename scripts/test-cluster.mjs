import { readdirSync } from "node:fs";
import { join } from "node:path";

import { controlPlane } from "./control-plane.mjs";
import { pack } from "./package.mjs";
import { main, root, show, step } from "./run.mjs";

const folder = "tests/cluster";

await main(import.meta.url, async () => {
  const env = {};
  if (!process.env.TEST_KUBECONFIG) {
    const { program, absent } = await controlPlane();
    if (absent !== undefined) {
      console.log(`The tests with a real Kubernetes are not run: ${absent}.`);
      return;
    }
    env.CONTROL_PLANE = program;
  }
  await pack();
  step("the tests with a real Kubernetes");
  const files = readdirSync(join(root, folder)).filter((file) => file.endsWith(".test.ts"));
  const { code } = await show(
    process.execPath,
    [
      "--import",
      "tsx",
      "--test",
      "--test-concurrency=1",
      "--test-reporter=spec",
      ...files.map((file) => `${folder}/${file}`),
      ...process.argv.slice(2),
    ],
    { env },
  );
  if (code !== 0) process.exitCode = 1;
});
