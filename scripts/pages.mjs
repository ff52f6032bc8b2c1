import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { gzipSync } from "node:zlib";

import { main, root, step } from "./run.mjs";
import { keepInputs } from "./shipped.mjs";

/** What each page may do beyond showing itself; nothing else is allowed. */
const pages = {
  rollouts: {
    target: "dist/rollouts/index.html",
    // The SDK writes the host's colours into a style element, and the host says where its services are.
    policy: { "style-src": "'unsafe-inline'", "connect-src": "https: http:" },
  },
  playground: {
    target: "dist/playground/index.html",
    policy: { "script-src": "'wasm-unsafe-eval'" },
  },
};

/** Makes the pages of the extension: one file each, which nothing but itself can script. */
export async function buildPages() {
  step("bundle the pages");
  for (const [name, { target, policy }] of Object.entries(pages)) {
    const folder = join(root, "pages", name);
    const script = await bundled(join(folder, "main.ts"), `${name}/index.html`);
    const style = await bundled(join(folder, "style.css"));
    const parts = {
      "{policy}": [
        "default-src 'none'",
        `script-src ${[hashOf(script), policy["script-src"]].join(" ").trim()}`,
        `style-src ${policy["style-src"] ?? hashOf(style)}`,
        ...(policy["connect-src"] ? [`connect-src ${policy["connect-src"]}`] : []),
      ].join("; "),
      '<link rel="stylesheet" href="style.css" />': `<style>${style}</style>`,
      '<script src="main.ts"></script>': `<script>${script}</script>`,
    };
    let page = readFileSync(join(folder, "index.html"), "utf8");
    for (const [part, content] of Object.entries(parts)) page = page.replace(part, () => content);
    const file = join(root, target);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, page);
    step(`${target}: ${Math.ceil(page.length / 1024)} KB`);
  }
}

/** Packs the core, which takes half of its bytes off. */
const packedCore = {
  name: "packed-core",
  setup({ onResolve, onLoad }) {
    const path = join(root, "dist/core/core_bg.wasm");
    onResolve({ filter: /^packed-core$/ }, () => ({ path }));
    onLoad({ filter: /core_bg\.wasm$/ }, () => {
      return { contents: gzipSync(readFileSync(path), { level: 9 }), loader: "binary" };
    });
  },
};

/** Bundles a script or a style; what a script is made of is kept for its page. */
async function bundled(entry, page) {
  const esbuild = await import("esbuild");
  const { outputFiles, metafile } = await esbuild.build({
    absWorkingDir: root,
    entryPoints: [entry],
    bundle: true,
    write: false,
    metafile: true,
    minify: true,
    format: "iife",
    target: "es2022",
    legalComments: "none",
    charset: "utf8",
    define: { "import.meta.url": "undefined" },
    plugins: [packedCore],
  });
  if (page !== undefined) keepInputs(page, metafile);
  return outputFiles[0].text.trim().replaceAll("</script", "<\\/script");
}

function hashOf(text) {
  return `'sha256-${createHash("sha256").update(text).digest("base64")}'`;
}

await main(import.meta.url, buildPages);
