/** npm run audit fails for what npm and cargo-deny find, and says what it could not ask. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, test } from "node:test";
import { root } from "../support/repository";

const clean = JSON.stringify({ auditReportVersion: 2, vulnerabilities: {} });
const refused = JSON.stringify({ message: "405 Method Not Allowed", statusCode: 405 });
const found = JSON.stringify({
  auditReportVersion: 2,
  vulnerabilities: { qs: { name: "qs", severity: "high" } },
});

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), "kubectl-set-image-audit-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** A program that runs before its namesake on PATH. */
function standIn(name: string, script: string): void {
  const rest = `PATH=\${PATH#*:} exec ${name} "$@"`;
  writeFileSync(path.join(folder, name), `#!/bin/sh\n${script}\n${rest}\n`, { mode: 0o755 });
}

const npmSays = (said: string, code: number) =>
  standIn("npm", `[ "$1" = audit ] && { echo '${said}'; exit ${code}; }`);
/** The commands of cargo-deny that fail, each with what it says. */
const cargoDenySays = (failures: Record<string, string>) => {
  const cases = Object.entries(failures).map(
    ([command, said]) => `*"${command}"*) echo '${said}' >&2; exit 1;;`,
  );
  standIn("cargo", `[ "$1" = deny ] && { case "$*" in ${cases.join(" ")} esac; exit 0; }`);
};

function audit(...args: string[]): Promise<{ failed: boolean; said: string }> {
  const env = { ...process.env, PATH: [folder, process.env.PATH].join(path.delimiter) };
  const script = path.join(root, "scripts/audit.mjs");
  return new Promise((resolve) => {
    execFile(process.execPath, [script, ...args], { env }, (error, stdout, stderr) =>
      resolve({ failed: error !== null, said: stdout + stderr }),
    );
  });
}

test("says that all is well", async () => {
  npmSays(clean, 0);
  cargoDenySays({});
  const { failed, said } = await audit("--all");
  assert.equal(failed, false, said);
  const checked = [...said.matchAll(/^ +[\d.]+ s {2}(.*): checked$/gm)].map(([, what]) => what);
  assert.deepEqual(checked, [
    "the licences",
    "the advisories on npm packages",
    "the licences and sources of crates",
    "the advisories on crates",
  ]);
});

test("names the npm packages with advisories", async () => {
  npmSays(found, 1);
  cargoDenySays({});
  const { failed, said } = await audit();
  assert.equal(failed, true, said);
  assert.match(
    said,
    /the advisories on npm packages: `npm audit --omit=dev` has more:\n- qs: high/,
  );
  assert.match(said, /^Not as it should be: the advisories on npm packages\.$/m);
});

for (const [command, what] of [
  ["check licenses bans sources", "the licences and sources of crates"],
  ["check advisories", "the advisories on crates"],
] as const) {
  test(`shows what cargo-deny has against ${what}`, async () => {
    npmSays(clean, 0);
    cargoDenySays({ [command]: "error[unlicensed]: no crate is" });
    const { failed, said } = await audit();
    assert.equal(failed, true, said);
    assert.match(said, /error\[unlicensed\]: no crate is/);
    assert.match(said, new RegExp(`^Not as it should be: ${what}\\.$`, "m"));
  });
}

test("says what could not be asked, which fails only where all is wanted", async () => {
  npmSays(refused, 1);
  cargoDenySays({ "fetch db": "no route" });
  const { failed, said } = await audit();
  assert.equal(failed, false, said);
  assert.match(
    said,
    /the advisories on npm packages: NOT CHECKED: npm cannot ask for them: 405 Method Not Allowed$/m,
  );
  assert.match(
    said,
    /the advisories on crates: NOT CHECKED: the advisory database cannot be fetched\.\n.*\nno route$/m,
  );
  const strict = await audit("--all");
  assert.equal(strict.failed, true, strict.said);
  assert.match(
    strict.said,
    /^Not as it should be: the advisories on npm packages; the advisories on crates\.$/m,
  );
});

test("says how to get cargo-deny where there is none", async () => {
  npmSays(clean, 0);
  cargoDenySays({ version: "no such command: deny" });
  const { failed, said } = await audit();
  assert.equal(failed, false, said);
  const advice =
    "NOT CHECKED: cargo-deny is not installed: `cargo install cargo-deny --locked`, which takes minutes.";
  assert.equal(said.split(advice).length - 1, 2, said);
});
