import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

import { root, run, Stop } from "./run.mjs";
import { target } from "./toolchain.mjs";

const bundles = join(root, "dist/bundles");

/**
 * A package that others have written, and that is in the extension.
 *
 * @typedef {{ name: string, version: string, licence: string, folder: string }} Package
 */

/** Forgets the bundles of an earlier build. */
export function forgetInputs() {
  rmSync(bundles, { recursive: true, force: true });
}

/** Keeps which files a bundle, by its path in the extension, is made of, as esbuild's metafile has them. */
export function keepInputs(path, metafile) {
  const inputs = Object.values(metafile.outputs).flatMap(({ inputs }) =>
    Object.entries(inputs).flatMap(([file, { bytesInOutput }]) =>
      bytesInOutput > 0 ? [file] : [],
    ),
  );
  const kept = join(bundles, `${path}.json`);
  mkdirSync(dirname(kept), { recursive: true });
  writeFileSync(kept, JSON.stringify(inputs, null, 1));
}

/** The npm packages that the bundles are made of, by name. */
export function bundledPackages() {
  const kept = readdirSync(bundles, { recursive: true }).filter((file) => file.endsWith(".json"));
  const inputs = kept.flatMap((file) => JSON.parse(readFileSync(join(bundles, file), "utf8")));
  const folders = inputs.flatMap((path) => {
    const [, folder] = /^(.*\bnode_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(path) ?? [];
    return folder === undefined ? [] : [join(root, folder)];
  });
  return byName([...new Set(folders)].map(npmPackage));
}

/** The crates that are compiled into the core, by name; those that only help to build are not. */
export async function compiledCrates() {
  const { packages, resolve } = await cargoMetadata(["--filter-platform", target]);
  const known = new Map(packages.map((crate) => [crate.id, crate]));
  const nodes = new Map(resolve.nodes.map((node) => [node.id, node]));
  const core = packages.find(({ name }) => name === "kubectl-set-image");
  const found = new Set([core.id]);
  for (const id of found) {
    for (const { pkg, dep_kinds } of nodes.get(id).deps) {
      const isCompiledIn = dep_kinds.some(({ kind }) => kind === null);
      if (isCompiledIn && !isMacro(known.get(pkg))) found.add(pkg);
    }
  }
  found.delete(core.id);
  return byName([...found].map((id) => crate(known.get(id))));
}

/** Every crate of Cargo.lock that is used somewhere, also for builds and tests. */
export async function allCrates() {
  const { packages } = await cargoMetadata([]);
  return byName(packages.filter(({ source }) => source !== null).map(crate));
}

async function cargoMetadata(args) {
  return JSON.parse(await run("cargo", ["metadata", "--locked", "--format-version", "1", ...args]));
}

function isMacro({ targets }) {
  return targets.some(({ kind }) => kind.includes("proc-macro"));
}

function crate({ name, version, license, manifest_path }) {
  return { name, version, licence: license ?? "none", folder: dirname(manifest_path) };
}

function npmPackage(folder) {
  const { name, version, license } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
  if (typeof license !== "string") throw new Stop(`${folder}/package.json names no licence.`);
  return { name, version, licence: license, folder };
}

function byName(packages) {
  const key = ({ name, version }) => `${name} ${version}`;
  return packages.toSorted((one, other) => (key(one) < key(other) ? -1 : 1));
}
