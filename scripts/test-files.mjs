import { readdirSync } from "node:fs";
import { join } from "node:path";

import { root, Stop, show } from "./run.mjs";

const ending = ".test.ts";
/** Folders of tests/ whose tests take more than the others, and the commands that bring it. */
const apart = { cluster: "npm run test:cluster", windows: "npm run test:windows" };

/** The tests of a folder of tests/, without which those of `npm test`, as `folder/name`. */
export function testsIn(folder) {
  return readdirSync(join(root, "tests"), { recursive: true })
    .filter((file) => file.endsWith(ending))
    .map((file) => file.replaceAll("\\", "/").slice(0, -ending.length))
    .filter((test) => {
      const [first] = test.split("/");
      return folder === undefined ? !(first in apart) : first === folder;
    })
    .sort();
}

/**
 * The tests that a name means: those of a folder, or else a file. Both may be named with or without
 * the folders that they are in, a file also by its whole path.
 */
export function testsNamed(name, tests) {
  const path = `/${name}`
    .replaceAll("\\", "/")
    .replace(/^\/(\.\/)?tests\//, "/")
    .replace(/(\.test\.ts|\/)$/, "");
  const inFolder = tests.filter((test) => `/${test}`.includes(`${path}/`));
  const found = inFolder.length > 0 ? inFolder : tests.filter((test) => `/${test}`.endsWith(path));
  if (found.length === 0) throw new Stop(`There are no tests named ${name}.\n${listOf(tests)}`);
  return found;
}

/** Runs tests, with more flags for Node, and shows what they say. */
export function runTests(tests, { env, flags = [] }) {
  const files = tests.map((test) => `tests/${test}${ending}`);
  const args = ["--import", "tsx", "--test", "--test-reporter=spec", ...flags, ...files];
  return show(process.execPath, args, { env });
}

/** What can be named: folders, each with the files in it. */
function listOf(tests) {
  const folderOf = (test) => test.slice(0, test.lastIndexOf("/"));
  const lines = [["core", "the tests of crate/"]];
  for (const folder of new Set(tests.map(folderOf))) {
    const files = tests.filter((test) => folderOf(test) === folder);
    lines.push([folder, files.map((test) => test.slice(folder.length + 1)).join(", ")]);
  }
  for (const [folder, command] of Object.entries(apart)) lines.push([folder, `by ${command}`]);
  const width = Math.max(...lines.map(([name]) => name.length));
  return lines.map(([name, what]) => `  ${name.padEnd(width)}  ${what}`).join("\n");
}
