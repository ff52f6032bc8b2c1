import { readdirSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";

import { chromium } from "./chromium.mjs";
import { newerKubectl } from "./newer-kubectl.mjs";
import { otherNodes } from "./node-releases.mjs";
import { pack } from "./package.mjs";
import { registries } from "./registries.mjs";
import { registry } from "./registry.mjs";
import { main, root, show, step } from "./run.mjs";

/** What a test takes that not every machine has: a browser, /proc, or Debian. */
const notPortable = ["agent", "bench", "faults", "limits", "nodes", "playground", "tab"];
/**
 * What runs on Windows too. Everywhere else a test has a script of a shell in place of a program, or
 * sends signals; `npm run test:windows` has the scenarios of the task for Windows.
 */
const onWindows = /^(api-server-|docs|licences|manifests)/;

await main(import.meta.url, async () => {
  const { values } = parseArgs({ options: { portable: { type: "boolean", default: false } } });
  await pack();
  const env = values.portable ? {} : await allThatIsTaken();

  step("the tests of the core");
  const core = await show("cargo", ["test", "--locked", "--workspace", "--no-fail-fast"]);

  step("the tests across the boundary");
  const files = readdirSync(join(root, "tests"))
    .filter((file) => file.endsWith(".test.ts"))
    .filter((file) => !values.portable || isPortable(file.replace(".test.ts", "")));
  const args = [
    "--import",
    "tsx",
    "--test",
    "--test-reporter=spec",
    ...files.map((f) => `tests/${f}`),
  ];
  const boundary = await show(process.execPath, args, { env });

  const passed =
    sum(core.all, /^test result: .* (\d+) passed/gm) + sum(boundary.all, /^ℹ pass (\d+)/gm);
  const failed =
    sum(core.all, /^test result: .* (\d+) failed/gm) + sum(boundary.all, /^ℹ fail (\d+)/gm);
  const broken = core.code !== 0 || boundary.code !== 0;
  if (broken) process.exitCode = 1;
  console.log(`${passed} passed, ${broken ? Math.max(failed, 1) : failed} failed`);
});

function isPortable(name) {
  return process.platform === "win32" ? onWindows.test(name) : !notPortable.includes(name);
}

async function allThatIsTaken() {
  const kubectl = await newerKubectl();
  const dockerRegistry = await registry();
  const others = await registries();
  const nodes = await otherNodes();
  return {
    CHROMIUM: await chromium(),
    NODES: nodes.join("\n"),
    ...(kubectl && { NEWER_KUBECTL: kubectl }),
    ...(dockerRegistry && { DOCKER_REGISTRY: dockerRegistry }),
    ...(others.program && { OTHER_REGISTRIES: others.program }),
  };
}

function sum(text, pattern) {
  return [...text.matchAll(pattern)].reduce((total, [, count]) => total + Number(count), 0);
}
