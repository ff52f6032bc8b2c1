import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { main, root, Stop, step } from "./run.mjs";

/** What holds the version, and how a text of it becomes one of another version. */
const places = {
  "task/task.json": (text, [major, minor, patch]) =>
    replaced(
      text,
      /(?<="version": )\{ "Major": \d+, "Minor": \d+, "Patch": \d+ \}/,
      `{ "Major": ${major}, "Minor": ${minor}, "Patch": ${patch} }`,
    ),
  "vss-extension.json": inJson,
  "package.json": inJson,
  "package-lock.json": (text, parts) => {
    const lock = JSON.parse(text);
    lock.version = parts.join(".");
    lock.packages[""].version = lock.version;
    return `${JSON.stringify(lock, null, 2)}\n`;
  },
  "Cargo.toml": (text, parts) =>
    replaced(text, /(?<=^\[workspace\.package\]\nversion = ")[^"]+/m, parts.join(".")),
  "Cargo.lock": inCargoLock("kubectl-set-image", "bindgen"),
  "crate/fuzz/Cargo.lock": inCargoLock("kubectl-set-image"),
  "CHANGELOG.md": inChangelog,
};

/** Gives everything the version, and the changes that were not released yet the day of today. */
function release(wanted) {
  const parts = partsOf(wanted);
  const read = (file) => readFileSync(join(root, file), "utf8");
  const current = JSON.parse(read("package.json")).version;
  const [newest] = [...read("CHANGELOG.md").matchAll(/^## \[(\d+\.\d+\.\d+)\]/gm)];
  if (newest !== undefined && order(parts, partsOf(newest[1])) <= 0) {
    throw new Stop(`${wanted} is not newer than ${newest[1]}, which CHANGELOG.md has already.`);
  }
  if (order(parts, partsOf(current)) < 0) {
    throw new Stop(`${wanted} is older than ${current}, which package.json has.`);
  }
  const changed = Object.entries(places).map(([file, change]) => {
    try {
      return [file, change(read(file), parts)];
    } catch (error) {
      throw error instanceof Stop ? new Stop(`${file}: ${error.message}`) : error;
    }
  });
  for (const [file, text] of changed) {
    writeFileSync(join(root, file), text);
    step(`${file}: ${wanted}`);
  }
  step(`commit it, and push the tag v${wanted}: the pipeline publishes what the tag names`);
}

function partsOf(version) {
  if (!/^(0|[1-9]\d{0,8})(\.(0|[1-9]\d{0,8})){2}$/.test(version ?? "")) {
    throw new Stop(
      version === undefined
        ? "Say which version: npm run release -- 1.1.0"
        : `${version} is no version of three numbers such as 1.1.0. The Marketplace and task.json take no other.`,
    );
  }
  return version.split(".").map(Number);
}

/** Less than 0 where one is older than the other, 0 where they are the same. */
function order(one, other) {
  const differs = one.findIndex((part, index) => part !== other[index]);
  return differs === -1 ? 0 : one[differs] - other[differs];
}

function inJson(text, parts) {
  return replaced(text, /(?<=^ {2}"version": ")[^"]+/m, parts.join("."));
}

function inCargoLock(...names) {
  return (text, parts) =>
    names.reduce(
      (rest, name) =>
        replaced(
          rest,
          new RegExp(`(?<=^name = "${name}"\nversion = ")[^"]+`, "m"),
          parts.join("."),
        ),
      text,
    );
}

function inChangelog(text, parts) {
  const heading = "## [Unreleased]\n";
  const start = text.indexOf(`\n${heading}`) + 1;
  if (start === 0) throw new Stop("there is no section ## [Unreleased].");
  const after = start + heading.length;
  const next = text.indexOf("\n## ", after);
  const section = text.slice(after, next === -1 ? undefined : next);
  if (!/^- /m.test(section)) {
    throw new Stop("the section ## [Unreleased] is empty. Write what has changed for users.");
  }
  const today = new Date().toISOString().slice(0, 10);
  return `${text.slice(0, after)}\n## [${parts.join(".")}] - ${today}\n${text.slice(after)}`;
}

function replaced(text, pattern, version) {
  if (!pattern.test(text)) throw new Stop("the version is not where it should be.");
  return text.replace(pattern, version);
}

await main(import.meta.url, () => release(process.argv[2]));
