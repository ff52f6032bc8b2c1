import { copyFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { basename, join } from "node:path";
import { brotliCompressSync } from "node:zlib";

import { main, root, step } from "./run.mjs";
import { setup } from "./setup.mjs";
import { forgetInputs, keepInputs } from "./shipped.mjs";
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

/** Leaves out how the task library starts programs and matches paths: the task does neither with it. */
const unused = {
  name: "unused",
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^(minimatch|\.\/toolrunner)$/ }, ({ path, importer }) =>
      importer.includes("azure-pipelines-task-lib") ? { path, namespace: "unused" } : undefined,
    );
    onLoad({ filter: /./, namespace: "unused" }, () => ({ contents: "module.exports = {};" }));
  },
};

/** What becomes of the task library where it is bundled. */
export const plugins = [englishOnly, unused];

/** Makes dist/task: what the agent runs. */
export async function build() {
  await setup();
  await buildCore();
  await bundle();
}

/** Makes dist/task from the core as it was built. */
export async function bundle() {
  step("bundle the task");
  rmSync(taskFolder, { recursive: true, force: true });
  mkdirSync(taskFolder, { recursive: true });
  forgetInputs();
  const esbuild = await import("esbuild");
  const options = {
    absWorkingDir: root,
    bundle: true,
    platform: "node",
    target: "node20",
    format: "cjs",
    minify: true,
    legalComments: "none",
    metafile: true,
    define: { "import.meta.url": "undefined" },
    plugins,
  };
  const { metafile } = await esbuild.build({
    ...options,
    // It tells an older Node that it is one, and so has to be read by it.
    target: "node10",
    entryPoints: ["task/src/main.ts"],
    outfile: "dist/task/main.js",
  });
  keepInputs("task/main.js", metafile);
  for (const part of [
    { name: "host.js", entry: "task/src/host.ts" },
    {
      name: "network.js",
      entry: "task/src/network/index.ts",
      external: ["azure-pipelines-task-lib/*"],
    },
  ]) {
    const { name, entry, external } = part;
    const settings = { ...options, entryPoints: [entry], external, write: false };
    const { outputFiles, metafile } = await esbuild.build(settings);
    keepInputs(`task/${name}.br`, metafile);
    writeFileSync(join(taskFolder, `${name}.br`), brotliCompressSync(outputFiles[0].contents));
  }
  const manifest = JSON.parse(readFileSync(join(root, "task/task.json"), "utf8"));
  writeFileSync(join(taskFolder, "task.json"), JSON.stringify(manifest));
  for (const file of ["task/icon.png", "dist/core/core_bg.wasm.br"]) {
    copyFileSync(join(root, file), join(taskFolder, basename(file)));
  }
}

await main(import.meta.url, build);
