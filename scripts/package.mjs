import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";

import { build, taskFolder } from "./build.mjs";
import { writeNotices } from "./notices.mjs";
import { buildPages } from "./pages.mjs";
import { main, root, run, Stop, step, tool } from "./run.mjs";

const dist = join(root, "dist");
const taskManifest = "dist/task/task.json";
/** The first day that a zip can hold: the contents alone make the bytes of the package. */
const date = new Date("1980-01-01T00:00:00Z");

/**
 * Makes dist/*.vsix: what the Marketplace gets. The one for trying out has another id, and its task
 * too; a number makes it newer than the one before. `built` packs what was built already.
 */
export async function pack({ dev = false, number, built = false, output } = {}) {
  if (!built) {
    await build();
    await buildPages();
    await writeNotices();
  }
  step(dev ? "pack the extension for trying out" : "pack the extension");
  const folder = resolve(output ?? (dev ? join(dist, "dev") : dist));
  mkdirSync(folder, { recursive: true });
  const { name, bytes } = await packed(dev ? forTryingOut(number) : {});
  for (const old of extensions(folder)) rmSync(old);
  const extension = join(folder, name);
  writeFileSync(extension, bytes);
  step(`${extension}: ${kilobytes([extension])}`);
  const files = readdirSync(taskFolder).map((file) => join(taskFolder, file));
  step(`the task in it: ${files.length} files, ${kilobytes(files)}`);
}

/** The manifests of an extension that can be installed beside the public one. */
function forTryingOut(number = "0") {
  if (!/^(0|[1-9]\d{0,8})$/.test(number)) throw new Stop(`--number ${number} is no number.`);
  const task = json(taskManifest);
  const ofTask = json("task/task.dev.json");
  const withOtherIds = JSON.stringify(json("vss-extension.json")).replaceAll(task.id, ofTask.id);
  const { Major, Minor } = task.version;
  return {
    "vss-extension.json": {
      ...JSON.parse(withOtherIds),
      ...json("vss-extension.dev.json"),
      version: `${Major}.${Minor}.${number}`,
    },
    [taskManifest]: { ...task, ...ofTask, version: { Major, Minor, Patch: Number(number) } },
  };
}

/** Packs what the manifest names, some of it replaced. */
async function packed(replaced) {
  const stage = mkdtempSync(join(tmpdir(), "kubectl-set-image-package-"));
  try {
    const manifest = replaced["vss-extension.json"] ?? json("vss-extension.json");
    for (const path of ["vss-extension.json", ...namedBy(manifest)]) {
      cpSync(join(root, path), join(stage, path), { recursive: true });
    }
    for (const [path, content] of Object.entries(replaced)) {
      writeFileSync(join(stage, path), `${JSON.stringify(content, null, 2)}\n`);
    }
    const { publisher, id, version } = manifest;
    const made = join(stage, "made.vsix");
    const args = ["--root", stage, "--manifest-globs", "vss-extension.json", "--output-path", made];
    const [node, tfx] = tool("tfx-cli", "tfx");
    await run(node, [tfx, "extension", "create", ...args, "--no-prompt"]);
    const bytes = await timeless(readFileSync(made));
    return { name: `${publisher}.${id}-${version}.vsix`, bytes };
  } finally {
    rmSync(stage, { recursive: true, force: true });
  }
}

function namedBy({ files = [], icons = {}, content = {}, screenshots = [] }) {
  const parts = [...files, ...Object.values(content), ...screenshots];
  return [...parts.map(({ path }) => path), ...Object.values(icons)];
}

/** The same package without the time at which it was made. */
async function timeless(bytes) {
  const { default: JSZip } = await import("jszip");
  const made = await JSZip.loadAsync(bytes);
  const zip = new JSZip();
  const names = Object.keys(made.files).filter((name) => !made.files[name].dir);
  for (const name of names.sort()) {
    const content = await made.files[name].async("nodebuffer");
    zip.file(name, content, { date, createFolders: false });
  }
  const compressionOptions = { level: 9 };
  return zip.generateAsync({ type: "nodebuffer", compression: "DEFLATE", compressionOptions });
}

function json(path) {
  return JSON.parse(readFileSync(join(root, path), "utf8"));
}

function extensions(folder) {
  return readdirSync(folder)
    .filter((file) => file.endsWith(".vsix"))
    .map((file) => join(folder, file));
}

function kilobytes(files) {
  const bytes = files.reduce((sum, file) => sum + statSync(file).size, 0);
  return `${Math.ceil(bytes / 1024)} KB`;
}

await main(import.meta.url, () => {
  const { values } = parseArgs({
    options: {
      dev: { type: "boolean" },
      number: { type: "string" },
      built: { type: "boolean" },
      output: { type: "string" },
    },
  });
  return pack(values);
});
