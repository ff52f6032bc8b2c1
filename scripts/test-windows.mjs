import { readdirSync } from "node:fs";
import { join } from "node:path";

import { pack } from "./package.mjs";
import { main, root, show, step } from "./run.mjs";
import { endWindows, windows } from "./windows.mjs";

const folder = "tests/windows";

await main(import.meta.url, async () => {
  const { env, absent } = await windows();
  if (absent !== undefined) {
    console.log(`skipped: the tests on Windows are not run, ${absent}.`);
    return;
  }
  await pack();
  step("the tests on Windows");
  const files = readdirSync(join(root, folder)).filter((file) => file.endsWith(".test.ts"));
  const args = ["--import", "tsx", "--test", "--test-reporter=spec", "--test-timeout=600000"];
  const tests = files.map((file) => `${folder}/${file}`);
  try {
    const { code } = await show(process.execPath, [...args, ...tests], { env });
    if (code !== 0) process.exitCode = 1;
  } finally {
    await endWindows(env);
  }
});
