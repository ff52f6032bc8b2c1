/** The packages that are made for the Marketplace, and what they say of others' work in them. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, utimesSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import path from "node:path";
import { after, before, describe, test } from "node:test";
import { pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { brotliDecompressSync } from "node:zlib";
import { build } from "esbuild";
import JSZip from "jszip";
import { json, root } from "../support/repository";

const notices = "THIRD-PARTY-NOTICES.txt";

interface Package {
  name: string;
  bytes: Buffer;
  /** The contents by their paths, in the order in which they are stored. */
  entries: Map<string, Buffer>;
}

const folders: string[] = [];
after(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

/** Packs what was built, as the command line has it. */
async function packed(...args: string[]): Promise<Package> {
  const output = mkdtempSync(path.join(tmpdir(), "kubectl-set-image-packed-"));
  folders.push(output);
  const script = path.join(root, "scripts/package.mjs");
  await promisify(execFile)(process.execPath, [script, "--built", "--output", output, ...args]);
  const [name = "", ...others] = readdirSync(output);
  assert.deepEqual(others, [], "one package is made");
  const bytes = readFileSync(path.join(output, name));
  const entries = new Map<string, Buffer>();
  for (const entry of Object.values((await JSZip.loadAsync(bytes)).files)) {
    entries.set(entry.name, await entry.async("nodebuffer"));
  }
  return { name, bytes, entries };
}

const textIn = ({ entries }: Package, file: string) => {
  const found = entries.get(file);
  assert.ok(found, `there is no ${file} in ${[...entries.keys()].join(", ")}`);
  return found.toString("utf8");
};
const digest = (bytes: Buffer) => createHash("sha256").update(bytes).digest("hex");

let normal: Package;
let dev: Package;
before(async () => {
  normal = await packed();
  dev = await packed("--dev", "--number", "4125");
});

test("packing twice gives the same bytes, whatever the clock says", async () => {
  const touched = path.join(root, "dist/task/task.json");
  const { atime, mtime } = statSync(touched);
  utimesSync(touched, new Date(), new Date());
  const again = await packed().finally(() => utimesSync(touched, atime, mtime));
  const digests = ({ entries }: Package) =>
    [...entries].map(([name, content]) => `${digest(content)} ${name}`);
  assert.deepEqual(digests(again), digests(normal));
  assert.equal(digest(again.bytes), digest(normal.bytes));
});

test("the package holds the task, its documents and nothing of the machine", () => {
  const names = [...normal.entries.keys()];
  assert.deepEqual(names, names.toSorted(), "in order");
  for (const file of ["task/task.json", "task/main.js", "task/icon.png", "LICENSE", notices]) {
    assert.ok(names.includes(file), `there is no ${file} in ${names.join(", ")}`);
  }
  for (const [name, stored] of normal.entries) {
    const content = name.endsWith(".br") ? brotliDecompressSync(stored) : stored;
    const found = [root, path.join(homedir(), ".cargo")].filter((folder) =>
      content.includes(folder),
    );
    assert.deepEqual(found, [], name);
  }
});

test("the package says where it can be installed, and where questions are asked", () => {
  const manifest = textIn(normal, "extension.vsixmanifest");
  assert.match(manifest, /<InstallationTarget Id="Microsoft\.VisualStudio\.Services\.Cloud"\s*\/>/);
  assert.match(
    manifest,
    /<InstallationTarget Id="Microsoft\.TeamFoundation\.Server" Version="\[19\.0,\)"\s*\/>/,
  );
  assert.match(manifest, /EnableMarketplaceQnA" Value="true"/);
  const { homepage } = json("package.json");
  assert.ok(manifest.includes(`Links.Getstarted" Value="${homepage}"`), manifest);
});

describe("the package for trying out", () => {
  const identity = (extension: Package) => {
    const [, attributes = ""] =
      /<Identity ([^>]*)\/>/.exec(textIn(extension, "extension.vsixmanifest")) ?? [];
    const pairs = [...attributes.matchAll(/(\w+)="([^"]*)"/g)].map(([, name, value]) => [
      name,
      value,
    ]);
    return Object.fromEntries(pairs);
  };
  const flags = (extension: Package) =>
    /<GalleryFlags>(.*)<\/GalleryFlags>/
      .exec(textIn(extension, "extension.vsixmanifest"))?.[1]
      ?.split(" ") ?? [];

  test("can be installed beside the public one, by the same publisher", () => {
    const { publisher, version } = json("vss-extension.json");
    const { Id, Version, Publisher } = identity(normal);
    assert.deepEqual([Id, Version, Publisher], ["kubectl-set-image", version, publisher]);
    const [major, minor] = version.split(".");
    const ofDev = identity(dev);
    assert.deepEqual(
      [ofDev.Id, ofDev.Version, ofDev.Publisher],
      ["kubectl-set-image-dev", `${major}.${minor}.4125`, publisher],
    );
    assert.equal(dev.name, `${publisher}.kubectl-set-image-dev-${major}.${minor}.4125.vsix`);
  });

  test("is private, and the public one is not", () => {
    assert.deepEqual(
      [flags(normal).includes("Public"), flags(dev).includes("Public")],
      [true, false],
    );
  });

  test("has a task with an id and a name of its own, and the same in all else", () => {
    const ofPublic = JSON.parse(textIn(normal, "task/task.json"));
    const ofDev = JSON.parse(textIn(dev, "task/task.json"));
    assert.match(ofDev.id, /^[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}$/);
    assert.notEqual(ofDev.id, ofPublic.id);
    assert.equal(ofDev.name, "KubectlSetImageDev");
    assert.notEqual(ofDev.friendlyName, ofPublic.friendlyName);
    const { Major, Minor } = ofPublic.version;
    assert.deepEqual(ofDev.version, { Major, Minor, Patch: 4125 });
    const { id, name, friendlyName, version } = ofDev;
    assert.deepEqual(ofDev, { ...ofPublic, id, name, friendlyName, version });
  });

  test("says nowhere that it is the public one", () => {
    const { id } = JSON.parse(textIn(normal, "task/task.json"));
    const manifests = ["extension.vsomanifest", "extension.vsixmanifest", "task/task.json"];
    for (const file of manifests) assert.ok(!textIn(dev, file).includes(id), file);
  });

  test("has the same files but for the manifests", () => {
    assert.deepEqual([...dev.entries.keys()], [...normal.entries.keys()]);
    const differing = [...dev.entries].filter(
      ([name, content]) => !normal.entries.get(name)?.equals(content),
    );
    const names = differing.map(([name]) => name);
    const allowed = ["extension.vsixmanifest", "extension.vsomanifest", "task/task.json"];
    assert.deepEqual(
      names.filter((name) => !allowed.includes(name)),
      [],
    );
  });

  test("takes a number that a version can have", async () => {
    await assert.rejects(packed("--dev", "--number", "1.2"), /--number 1\.2 is no number\./);
  });
});

describe("the notices", () => {
  const named = () =>
    new Set([...textIn(normal, notices).matchAll(/^(\S+ \S+) \(.+\)$/gm)].map(([, name]) => name));

  test("lie beside the task, not in it", () => {
    const names = [...normal.entries.keys()].filter((name) => name.includes("NOTICES"));
    assert.deepEqual(names, [notices]);
  });

  test("name every npm package that the task is bundled from", async () => {
    const { plugins } = await import(pathToFileURL(path.join(root, "scripts/build.mjs")).href);
    const { metafile } = await build({
      absWorkingDir: root,
      entryPoints: [
        "task/src/main.ts",
        "task/src/host.ts",
        "task/src/network/index.ts",
        "pages/rollouts/main.ts",
      ],
      bundle: true,
      minify: true,
      platform: "node",
      outdir: "dist/of-the-test",
      write: false,
      metafile: true,
      plugins,
      logLevel: "silent",
    });
    const used = Object.values(metafile.outputs)
      .flatMap(({ inputs }) => Object.entries(inputs))
      .filter(([, { bytesInOutput }]) => bytesInOutput > 0)
      .flatMap(([file]) => /^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(file)?.[1] ?? []);
    assert.ok(used.length > 0, "nothing is bundled");
    const missing = [...new Set(used)]
      .map((folder) => json(`${folder}/package.json`))
      .map(({ name, version }) => `${name} ${version}`)
      .filter((name) => !named().has(name));
    assert.deepEqual(missing, []);
  });

  test("know of every script in the package what it is bundled from", () => {
    const scripts = [...normal.entries.keys()].filter((name) => /\.(js|html)(\.br)?$/.test(name));
    const inputs = scripts.map((name) => json(`dist/bundles/${name}.json`));
    assert.ok(inputs.length >= 3, scripts.join(", "));
    assert.ok(
      inputs.every((files) => Array.isArray(files) && files.length > 0),
      scripts.join(", "),
    );
  });

  test("name every crate that is compiled into the core", async () => {
    const tree = ["tree", "--locked", "--package", "kubectl-set-image", "--prefix", "none"];
    const compiled = ["--edges", "normal,no-proc-macro", "--target", "wasm32-unknown-unknown"];
    const options = { cwd: root };
    const { stdout } = await promisify(execFile)("cargo", [...tree, ...compiled], options);
    const crates = [...stdout.matchAll(/^(\S+) v(\S+)(?: \(\*\))?$/gm)];
    const used = new Set(crates.map(([, name, version]) => `${name} ${version}`));
    assert.ok(used.size > 0, stdout);
    assert.deepEqual(
      [...used].filter((name) => !named().has(name)),
      [],
    );
    assert.match(textIn(normal, notices), /^The Rust standard library \(/m);
  });

  test("have the text of every licence", () => {
    const rule = "-".repeat(80);
    const sections = textIn(normal, notices).split(`${rule}\n`).slice(1);
    for (let at = 0; at < sections.length; at += 2) {
      const [title = "", text = ""] = sections.slice(at, at + 2);
      assert.match(
        text,
        /Permission (is hereby granted|to use, copy)|Redistribution and use|Apache License/i,
        title,
      );
    }
  });
});
