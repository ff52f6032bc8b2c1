import { statSync } from "node:fs";
import { join } from "node:path";

import { main, root, run, step } from "./run.mjs";

/** Makes sure that the npm packages of package-lock.json are there. */
export async function setup() {
  if (changed("node_modules/.package-lock.json") >= changed("package-lock.json")) return;
  step("npm ci: the packages of package-lock.json");
  const args = ["ci", "--no-audit", "--no-fund", "--loglevel=error"];
  const npm = process.env.npm_execpath;
  await (npm ? run(process.execPath, [npm, ...args]) : run("npm", args));
}

function changed(path) {
  return statSync(join(root, path), { throwIfNoEntry: false })?.mtimeMs ?? 0;
}

await main(import.meta.url, setup);
