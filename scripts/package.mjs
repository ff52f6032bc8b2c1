import { readdirSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";

import { build, taskFolder } from "./build.mjs";
import { buildPages } from "./pages.mjs";
import { main, root, run, step, tool } from "./run.mjs";

const dist = join(root, "dist");

/** Makes dist/*.vsix: what the Marketplace gets. */
export async function pack() {
  await build();
  await buildPages();
  step("pack the extension");
  for (const old of extensions()) rmSync(old);
  const [node, tfx] = tool("tfx-cli", "tfx");
  const manifest = ["--manifest-globs", "vss-extension.json"];
  await run(node, [
    tfx,
    "extension",
    "create",
    ...manifest,
    "--output-path",
    "dist",
    "--no-prompt",
  ]);
  for (const extension of extensions()) step(`${extension}: ${kilobytes([extension])}`);
  const files = readdirSync(taskFolder).map((file) => join(taskFolder, file));
  step(`the task in it: ${files.length} files, ${kilobytes(files)}`);
}

function extensions() {
  return readdirSync(dist)
    .filter((file) => file.endsWith(".vsix"))
    .map((file) => join(dist, file));
}

function kilobytes(files) {
  const bytes = files.reduce((sum, file) => sum + statSync(file).size, 0);
  return `${Math.ceil(bytes / 1024)} KB`;
}

await main(import.meta.url, pack);
