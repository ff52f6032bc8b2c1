import { readFileSync } from "node:fs";
import { join } from "node:path";

import { main, root, Stop, step } from "./run.mjs";
import { allCrates } from "./shipped.mjs";

/**
 * Checks that deny.toml allows the licence of every crate, and of every npm package that the
 * extension may hold; those that only help to build and test stay out of it.
 */
export async function checkLicences() {
  const [, list] = /^allow = \[(.*)\]$/m.exec(readFileSync(join(root, "deny.toml"), "utf8")) ?? [];
  const allowed = JSON.parse(`[${list}]`);
  const parts = [...shippedNpmPackages(), ...(await allCrates())];
  const refused = parts.filter(({ licence }) => !isAllowed(licence, allowed));
  if (refused.length > 0) {
    const lines = refused.map(({ name, version, licence }) => `- ${name} ${version}: ${licence}`);
    throw new Stop(
      ["deny.toml allows none of the licences of these packages:", ...lines].join("\n"),
    );
  }
  step(`the licences of ${parts.length} packages are allowed`);
}

/** Whether an SPDX expression can be met by these licences alone. */
export function isAllowed(expression, allowed) {
  const tokens = expression
    .replaceAll("/", " OR ")
    .match(/[()]|[\w.+-]+(?: WITH [\w.+-]+)?/g)
    .map((token) => token.trim());
  const any = () => {
    let met = all();
    while (tokens[0] === "OR") {
      tokens.shift();
      met = all() || met;
    }
    return met;
  };
  const all = () => {
    let met = one();
    while (tokens[0] === "AND") {
      tokens.shift();
      met = one() && met;
    }
    return met;
  };
  const one = () => {
    const token = tokens.shift();
    if (token !== "(") return allowed.includes(token);
    const met = any();
    return tokens.shift() === ")" && met;
  };
  return any() && tokens.length === 0;
}

function shippedNpmPackages() {
  const { packages } = JSON.parse(readFileSync(join(root, "package-lock.json"), "utf8"));
  return Object.entries(packages)
    .filter(([path, { dev }]) => path !== "" && !dev)
    .map(([path, { version, license }]) => ({
      name: path.replace(/^.*node_modules\//, ""),
      version,
      licence: license ?? licenceIn(path),
    }));
}

function licenceIn(path) {
  const { license } = JSON.parse(readFileSync(join(root, path, "package.json"), "utf8"));
  return typeof license === "string" ? license : "none";
}

await main(import.meta.url, checkLicences);
