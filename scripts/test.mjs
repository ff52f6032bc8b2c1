import { readdirSync } from "node:fs";
import { join } from "node:path";

import { chromium } from "./chromium.mjs";
import { newerKubectl } from "./newer-kubectl.mjs";
import { pack } from "./package.mjs";
import { registries } from "./registries.mjs";
import { registry } from "./registry.mjs";
import { main, root, show, step } from "./run.mjs";

await main(import.meta.url, async () => {
  await pack();
  const kubectl = await newerKubectl();
  const dockerRegistry = await registry();
  const others = await registries();
  const browser = await chromium();

  step("the tests of the core");
  const core = await show("cargo", ["test", "--locked", "--workspace", "--no-fail-fast"]);

  step("the tests across the boundary");
  const files = readdirSync(join(root, "tests")).filter((file) => file.endsWith(".test.ts"));
  const args = [
    "--import",
    "tsx",
    "--test",
    "--test-reporter=spec",
    ...files.map((f) => `tests/${f}`),
  ];
  const env = {
    CHROMIUM: browser,
    ...(kubectl && { NEWER_KUBECTL: kubectl }),
    ...(dockerRegistry && { DOCKER_REGISTRY: dockerRegistry }),
    ...(others.program && { OTHER_REGISTRIES: others.program }),
  };
  const boundary = await show(process.execPath, args, { env });

  const passed =
    sum(core.all, /^test result: .* (\d+) passed/gm) + sum(boundary.all, /^ℹ pass (\d+)/gm);
  const failed =
    sum(core.all, /^test result: .* (\d+) failed/gm) + sum(boundary.all, /^ℹ fail (\d+)/gm);
  const broken = core.code !== 0 || boundary.code !== 0;
  if (broken) process.exitCode = 1;
  console.log(`${passed} passed, ${broken ? Math.max(failed, 1) : failed} failed`);
});

function sum(text, pattern) {
  return [...text.matchAll(pattern)].reduce((total, [, count]) => total + Number(count), 0);
}
