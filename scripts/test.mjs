import { parseArgs } from "node:util";

import { chromium } from "./chromium.mjs";
import { newerKubectl } from "./newer-kubectl.mjs";
import { otherNodes } from "./node-releases.mjs";
import { pack } from "./package.mjs";
import { registries } from "./registries.mjs";
import { registry } from "./registry.mjs";
import { main, show, step } from "./run.mjs";
import { runTests, testsIn, testsNamed } from "./test-files.mjs";

/** Tests that take what not every machine has: a browser, /proc, or Debian. */
const notPortable = /^(pages|self\/(agent|bench)|task\/(faults|limits|nodes))(\/|$)/;
/**
 * What runs on Windows too. Everywhere else a test has a script of a shell in place of a program, or
 * sends signals; `npm run test:windows` has the scenarios of the task for Windows.
 */
const onWindows = /^(self\/api-server\/|docs\/docs$|project\/(licences|manifests|parts)$)/;

/**
 * Runs every test, or those that are named: `core`, or a folder or a file of tests/. A pattern for
 * the names of tests is Node's, and leaves the core out unless that is named.
 */
await main(import.meta.url, async () => {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      portable: { type: "boolean", default: false },
      "test-name-pattern": { type: "string", multiple: true, default: [] },
    },
  });
  const { portable, "test-name-pattern": patterns } = values;
  const named = new Set(positionals);
  const withCore = named.delete("core") || (positionals.length === 0 && patterns.length === 0);
  const all = testsIn();
  const wanted = [...named].flatMap((name) => testsNamed(name, all));
  const tests = [...new Set(positionals.length === 0 ? all : wanted)].filter(
    (test) => !portable || isPortable(test),
  );
  const suites = [];
  if (tests.length > 0) await pack();
  const env = tests.length === 0 || portable ? {} : await allThatIsTaken();
  if (withCore) {
    step("the tests of the core");
    const args = ["test", "--locked", "--workspace", "--no-fail-fast"];
    const { code, all } = await show("cargo", args);
    suites.push({ code, ...counted(all, (what) => `^test result: .* (\\d+) ${what}ed`) });
  }
  if (tests.length > 0) {
    step("the tests across the boundary");
    const flags = patterns.map((pattern) => `--test-name-pattern=${pattern}`);
    const { code, all } = await runTests(tests, { env, flags });
    suites.push({ code, ...counted(all, (what) => `^ℹ ${what} (\\d+)`) });
  }
  const passed = suites.reduce((sum, suite) => sum + suite.passed, 0);
  const failed = suites.reduce((sum, suite) => sum + suite.failed, 0);
  const broken = suites.some(({ code }) => code !== 0);
  if (broken) process.exitCode = 1;
  console.log(`${passed} passed, ${broken ? Math.max(failed, 1) : failed} failed`);
});

function isPortable(test) {
  return process.platform === "win32" ? onWindows.test(test) : !notPortable.test(test);
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

/** How many tests passed and failed, by a pattern for what a suite writes of them. */
function counted(text, patternOf) {
  const [passed, failed] = ["pass", "fail"].map((what) =>
    [...text.matchAll(new RegExp(patternOf(what), "gm"))].reduce(
      (sum, [, count]) => sum + Number(count),
      0,
    ),
  );
  return { passed, failed };
}
