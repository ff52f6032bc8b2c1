import { copyFileSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { basename, join } from "node:path";
import { brotliCompressSync } from "node:zlib";

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
  const options = {
    absWorkingDir: root,
    bundle: true,
    platform: "node",
    target: "node20",
    format: "cjs",
    minify: true,
    legalComments: "none",
    charset: "utf8",
    define: { "import.meta.url": "undefined" },
    plugins: [englishOnly],
  };
  await esbuild.build({
    ...options,
    entryPoints: ["task/src/main.ts"],
    outfile: "dist/task/main.js",
  });
  const { outputFiles } = await esbuild.build({
    ...options,
    entryPoints: ["task/src/network/index.ts"],
    external: ["azure-pipelines-task-lib/*"],
    write: false,
  });
  compress(outputFiles[0].contents, "network.js");
  for (const file of ["task/task.json", "task/icon.png", "dist/core/core_bg.wasm.br"]) {
    copyFileSync(join(root, file), join(taskFolder, basename(file)));
  }
}

/** Puts a part into the task that it unpacks when it needs it. */
function compress(bytes, name) {
  writeFileSync(join(taskFolder, `${name}.br`), brotliCompressSync(bytes));
}

await main(import.meta.url, build);
