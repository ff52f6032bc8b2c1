import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { main, root, Stop, step } from "./run.mjs";
import { bundledPackages, compiledCrates } from "./shipped.mjs";

const notices = "dist/THIRD-PARTY-NOTICES.txt";
const line = "-".repeat(80);

/** What rustc links into the core; its own text is not on every machine that has a rustc. */
const standardLibrary = {
  name: "The Rust standard library",
  version: "",
  licence: "MIT OR Apache-2.0",
  folder: join(root, "licences/rust-standard-library"),
};

/** Writes down who else wrote what is in the extension, and on which terms. */
export async function writeNotices() {
  const packages = [...bundledPackages(), standardLibrary, ...(await compiledCrates())];
  const sections = packages.map((part) => {
    const title = [part.name, part.version].filter(Boolean).join(" ");
    return [line, `${title} (${part.licence})`, line, "", ...textsOf(part)].join("\n");
  });
  const head = "Kubectl Set Image contains software of others, on the terms that follow.\n";
  writeFileSync(join(root, notices), [head, ...sections].join("\n"));
  step(`${notices}: ${packages.length} packages`);
}

/** The texts of its licence; where there is a choice and MIT is one, that is taken. */
function textsOf({ name, licence, folder }) {
  const files = readdirSync(folder)
    .filter((file) => /^(licen[cs]e|unlicense|copying|notice|thirdparty|copyright)/i.test(file))
    .sort();
  const mit = /\bOR\b|\//.test(licence) && files.some((file) => /mit/i.test(file));
  const taken = mit ? files.filter((file) => !/apache|unlicense|copying/i.test(file)) : files;
  if (taken.length === 0) throw new Stop(`${name} has no text of its licence (${licence}).`);
  return taken.map((file) => `${readFileSync(join(folder, file), "utf8").trim()}\n`);
}

await main(import.meta.url, writeNotices);
