/** Which licences of others' packages are taken, and where the list of them counts. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import {
  cpSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { test } from "node:test";
import { pathToFileURL } from "node:url";
import { json, read, root } from "../support/repository";

test("an expression is met by the licences that are allowed", async () => {
  const { isAllowed } = await import(pathToFileURL(path.join(root, "scripts/licences.mjs")).href);
  for (const [expression, met] of [
    ["MIT", true],
    ["GPL-3.0-or-later", false],
    ["MIT OR GPL-3.0-or-later", true],
    ["(MIT OR GPL-3.0-or-later)", true],
    ["GPL-3.0-or-later OR MIT", true],
    ["MIT AND GPL-3.0-or-later", false],
    ["MIT AND ISC", true],
    ["(MIT OR Apache-2.0) AND Unicode-3.0", false],
    ["MIT/Apache-2.0", true],
    ["Apache-2.0 / MIT", true],
    ["Apache-2.0 WITH LLVM-exception", false],
    ["Apache-2.0 WITH LLVM-exception OR MIT", true],
    ["MIT OR GPL-2.0-only AND GPL-3.0-only", true],
    ["GPL-2.0-only AND (MIT OR ISC)", false],
    ["(MIT", false],
    ["MIT ISC", false],
    ["none", false],
    ["SEE LICENSE IN terms.txt", false],
  ] as const) {
    assert.equal(isAllowed(expression, ["MIT", "ISC"]), met, expression);
  }
});

test("the packages that the extension is made from are dependencies, the rest are not", () => {
  const { dependencies, devDependencies } = JSON.parse(
    readFileSync(path.join(root, "package.json"), "utf8"),
  );
  const { packages } = json("package-lock.json");
  const shipped = (folder: string) => !packages[folder]?.dev;
  for (const name of Object.keys(dependencies)) {
    assert.ok(shipped(`node_modules/${name}`), `${name} is for development in package-lock.json`);
  }
  for (const name of Object.keys(devDependencies)) {
    assert.ok(!shipped(`node_modules/${name}`), `${name} is shipped`);
  }
  for (const [name, version] of Object.entries({ ...dependencies, ...devDependencies })) {
    assert.match(String(version), /^\d+\.\d+\.\d+$/, `${name} is not locked`);
  }
  const bundles = path.join(root, "dist/bundles");
  const bundled: string[] = readdirSync(bundles, { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".json"))
    .flatMap((file) => JSON.parse(readFileSync(path.join(bundles, file), "utf8")));
  assert.ok(bundled.length > 0, "npm run build says what is bundled");
  for (const file of bundled) {
    const [, folder] = /^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(file) ?? [];
    if (folder) assert.ok(shipped(folder), `${folder} is bundled, but only for development`);
  }
});

test("a licence that deny.toml does not have fails the check, with the packages", async () => {
  const folder = mkdtempSync(path.join(tmpdir(), "kubectl-set-image-licences-"));
  try {
    for (const part of ["scripts", "crate", "Cargo.toml", "Cargo.lock", "package-lock.json"]) {
      cpSync(path.join(root, part), path.join(folder, part), { recursive: true });
    }
    symlinkSync(path.join(root, "node_modules"), path.join(folder, "node_modules"));
    const check = (allowed: string) => {
      writeFileSync(path.join(folder, "deny.toml"), `[licenses]\nallow = ${allowed}\n`);
      const script = path.join(folder, "scripts/licences.mjs");
      return new Promise<{ failed: boolean; said: string }>((resolve) => {
        execFile(process.execPath, [script], (error, stdout, stderr) =>
          resolve({ failed: error !== null, said: stdout + stderr }),
        );
      });
    };
    const [, allowed = ""] = /^allow = (.*)$/m.exec(read("deny.toml")) ?? [];
    const whole = await check(allowed);
    assert.equal(whole.failed, false, whole.said);
    assert.match(whole.said, /the licences of \d+ packages are allowed/);
    const less = await check(allowed.replace('"Unicode-3.0", ', "").replace('"ISC", ', ""));
    assert.equal(less.failed, true, less.said);
    assert.match(less.said, /^deny\.toml allows none of the licences of these packages:$/m);
    assert.match(less.said, /^- minimatch \S+: ISC$/m);
    assert.match(less.said, /^- unicode-ident \S+: \(MIT OR Apache-2\.0\) AND Unicode-3\.0$/m);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
