/** The parts of the tests that `npm test -- NAME` runs. */
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import path from "node:path";
import { before, describe, test } from "node:test";
import { pathToFileURL } from "node:url";
import { root } from "../support/repository";

interface TestFiles {
  testsIn(folder?: string): string[];
  testsNamed(name: string, tests: string[]): string[];
}

const tests = [
  "docs/docs",
  "docs/examples",
  "self/api-server/faults",
  "self/api-server/pods",
  "task/faults",
  "task/rollout",
  "task/task",
];

let { testsIn, testsNamed } = {} as TestFiles;
before(async () => {
  const file = pathToFileURL(path.join(root, "scripts/test-files.mjs")).href;
  ({ testsIn, testsNamed } = await import(file));
});

describe("a name finds", () => {
  for (const [what, name, found] of [
    ["the tests of a folder", "task", ["task/faults", "task/rollout", "task/task"]],
    ["a folder in a folder", "api-server", ["self/api-server/faults", "self/api-server/pods"]],
    ["what is in a folder that a file has the name of", "docs", ["docs/docs", "docs/examples"]],
    ["a file", "rollout", ["task/rollout"]],
    ["every file of that name", "faults", ["self/api-server/faults", "task/faults"]],
    ["a file with its folder", "task/task", ["task/task"]],
    ["a file by its path", "tests/task/rollout.test.ts", ["task/rollout"]],
    ["a file by its path on Windows", ".\\tests\\task\\rollout.test.ts", ["task/rollout"]],
    ["a folder by its path", "./tests/docs/", ["docs/docs", "docs/examples"]],
  ] as const) {
    test(what, () => assert.deepEqual(testsNamed(name, tests), found));
  }

  test("nothing by a part of a name, and the names that there are are told", () => {
    assert.throws(() => testsNamed("roll", tests), {
      message: [
        "There are no tests named roll.",
        "  core             the tests of crate/",
        "  docs             docs, examples",
        "  self/api-server  faults, pods",
        "  task             faults, rollout, task",
        "  cluster          by npm run test:cluster",
        "  windows          by npm run test:windows",
      ].join("\n"),
    });
  });
});

test("npm test has every test but those with a command of their own", () => {
  const [all, cluster, windows] = [testsIn(), testsIn("cluster"), testsIn("windows")];
  assert.ok(all.includes("project/parts"));
  for (const test of [...all, ...cluster, ...windows]) {
    assert.ok(existsSync(path.join(root, `tests/${test}.test.ts`)), test);
  }
  assert.ok(cluster.length > 0 && windows.length > 0);
  assert.ok(!all.some((test) => /^(cluster|windows|support|programs)\//.test(test)));
});
