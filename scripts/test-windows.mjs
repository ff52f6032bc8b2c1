import { pack } from "./package.mjs";
import { main, step } from "./run.mjs";
import { runTests, testsIn } from "./test-files.mjs";
import { endWindows, windows } from "./windows.mjs";

await main(import.meta.url, async () => {
  const { env, absent } = await windows();
  if (absent !== undefined) {
    console.log(`skipped: the tests on Windows are not run, ${absent}.`);
    return;
  }
  await pack();
  step("the tests on Windows");
  try {
    const { code } = await runTests(testsIn("windows"), { env, flags: ["--test-timeout=600000"] });
    if (code !== 0) process.exitCode = 1;
  } finally {
    await endWindows(env);
  }
});
