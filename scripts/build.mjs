import { copyFileSync, mkdirSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { basename, join } from "node:path";

import { main, root, step } from "./run.mjs";
import { setup } from "./setup.mjs";
import { buildCore } from "./wasm.mjs";

export const taskFolder = join(root, "dist/task");

/** Leaves the translations of the task library's own messages out: the task speaks English. */
const englishOnly = {
  name: "english-only",
  setup({ onLoad }) {
    onLoad({ filter: /azure-pipelines-task-lib[\\/]lib-resource\.js$/ }, ({ path }) => {
      const { messages } = createRequire(path)(path);
      return { contents: JSON.stringify({ messages, localizedMessages: {} }), loader: "json" };
    });
  },
};

/** Makes dist/task: what the agent runs. */
export async function build() {
  await setup();
  await buildCore();
  step("bundle the task");
  rmSync(taskFolder, { recursive: true, force: true });
  mkdirSync(taskFolder, { recursive: true });
  const esbuild = await import("esbuild");
  await esbuild.build({
    absWorkingDir: root,
    entryPoints: ["task/src/main.ts"],
    outfile: "dist/task/main.js",
    bundle: true,
    platform: "node",
    target: "node20",
    format: "cjs",
    minify: true,
    legalComments: "none",
    charset: "utf8",
    define: { "import.meta.url": "undefined" },
    plugins: [englishOnly],
  });
  for (const file of ["task/task.json", "task/icon.png", "dist/core/core_bg.wasm.br"]) {
    copyFileSync(join(root, file), join(taskFolder, basename(file)));
  }
}

await main(import.meta.url, build);
