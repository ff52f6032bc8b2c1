import { controlPlane } from "./control-plane.mjs";
import { pack } from "./package.mjs";
import { main, step } from "./run.mjs";
import { runTests, testsIn } from "./test-files.mjs";

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
  const flags = ["--test-concurrency=1", ...process.argv.slice(2)];
  const { code } = await runTests(testsIn("cluster"), { env, flags });
  if (code !== 0) process.exitCode = 1;
});
