/** One command raises the version everywhere, in a copy of what has it. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, describe, test } from "node:test";
import { isDeepStrictEqual, promisify } from "node:util";
import { json, read, root } from "../support/repository";

const versioned = [
  "task/task.json",
  "vss-extension.json",
  "package.json",
  "package-lock.json",
  "Cargo.toml",
  "Cargo.lock",
  "crate/fuzz/Cargo.lock",
];

type Read = (file: string) => string;

/** Every version that there is, by its place. */
function versions(read: Read): Record<string, string | undefined> {
  const { Major, Minor, Patch } = JSON.parse(read("task/task.json")).version;
  const lock = JSON.parse(read("package-lock.json"));
  const inToml = (file: string, before: string) =>
    new RegExp(`^${before}\nversion = "(.*)"$`, "m").exec(read(file))?.[1];
  return {
    "task/task.json": `${Major}.${Minor}.${Patch}`,
    "vss-extension.json": JSON.parse(read("vss-extension.json")).version,
    "package.json": JSON.parse(read("package.json")).version,
    "package-lock.json": lock.version,
    "package-lock.json, its root": lock.packages[""].version,
    "Cargo.toml": inToml("Cargo.toml", "\\[workspace\\.package\\]"),
    "Cargo.lock": inToml("Cargo.lock", 'name = "kubectl-set-image"'),
    "Cargo.lock, bindgen": inToml("Cargo.lock", 'name = "bindgen"'),
    "crate/fuzz/Cargo.lock": inToml("crate/fuzz/Cargo.lock", 'name = "kubectl-set-image"'),
  };
}

function assertEverywhere(read: Read, version: string): void {
  for (const [place, found] of Object.entries(versions(read))) assert.equal(found, version, place);
}

test("every place has the same version", () => {
  assertEverywhere(read, JSON.parse(read("package.json")).version);
});

describe("npm run release", () => {
  let folder: string;
  const at = (file: string) => path.join(folder, file);
  const read = (file: string) => readFileSync(at(file), "utf8");
  const write = (file: string, text: string) => writeFileSync(at(file), text);
  const changelog = (text: string) => write("CHANGELOG.md", `# Changelog\n\n${text}`);

  beforeEach(() => {
    folder = mkdtempSync(path.join(tmpdir(), "kubectl-set-image-release-"));
    for (const file of [...versioned, "scripts/release.mjs", "scripts/run.mjs"]) {
      cpSync(path.join(root, file), at(file));
    }
    changelog("## [Unreleased]\n\n### Added\n\n- Something new.\n");
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  const release = (...args: string[]) =>
    new Promise<{ code: number; errors: string }>((resolve) => {
      execFile(process.execPath, [at("scripts/release.mjs"), ...args], (error, _, errors) =>
        resolve({ code: error === null ? 0 : Number(error.code), errors }),
      );
    });
  const contents = () => [...versioned, "CHANGELOG.md"].map(read);

  test("raises every version, and touches nothing else of the files", async () => {
    const before = contents();
    assert.deepEqual(await release("7.10.3"), { code: 0, errors: "" });
    assertEverywhere(read, "7.10.3");
    const differing = versioned.map((file, index) => {
      const lines = (before[index] ?? "").split("\n");
      return read(file)
        .split("\n")
        .filter((line, row) => line !== lines[row]).length;
    });
    assert.deepEqual(differing, [1, 1, 1, 2, 1, 2, 1], "the lines that differ");
  });

  test("leaves a lock that cargo takes as it is", async () => {
    for (const part of ["crate", "scripts/bindgen"]) {
      cpSync(path.join(root, part), at(part), { recursive: true });
    }
    assert.equal((await release("7.10.3")).code, 0);
    const args = ["tree", "--locked", "--package", "kubectl-set-image", "--depth", "0"];
    const { stdout } = await promisify(execFile)("cargo", args, { cwd: folder });
    assert.match(stdout, /^kubectl-set-image v7\.10\.3 /);
  });

  test("gives what was not released yet its version and its day", async () => {
    const older = "## [1.0.0] - 2026-01-31\n\n### Fixed\n\n- Something old.\n";
    changelog(`## [Unreleased]\n\n### Added\n\n- Something new.\n\n${older}`);
    const days = [new Date().toISOString().slice(0, 10)];
    assert.deepEqual(await release("1.1.0"), { code: 0, errors: "" });
    days.push(new Date().toISOString().slice(0, 10));
    const expected = days.map(
      (day) =>
        `# Changelog\n\n## [Unreleased]\n\n## [1.1.0] - ${day}\n\n### Added\n\n- Something new.\n\n${older}`,
    );
    assert.ok(
      expected.some((text) => isDeepStrictEqual(text, read("CHANGELOG.md"))),
      read("CHANGELOG.md"),
    );
  });

  test("can be run for the next version too, and not twice for the same changes", async () => {
    assert.equal((await release("7.0.0")).code, 0);
    assert.deepEqual(await release("7.0.1"), {
      code: 1,
      errors:
        "CHANGELOG.md: the section ## [Unreleased] is empty. Write what has changed for users.\n",
    });
    write("CHANGELOG.md", read("CHANGELOG.md").replace("[Unreleased]\n", "$&\n- More.\n"));
    assert.deepEqual(await release("7.0.1"), { code: 0, errors: "" });
    assertEverywhere(read, "7.0.1");
  });

  test("gives the first release the version that everything has already", async () => {
    const { version } = JSON.parse(read("package.json"));
    changelog("## [Unreleased]\n\n### Added\n\n- Everything.\n");
    assert.deepEqual(await release(version), { code: 0, errors: "" });
    assertEverywhere(read, version);
    assert.match(read("CHANGELOG.md"), new RegExp(`^## \\[${version}\\] - `, "m"));
  });

  const released = "## [Unreleased]\n\n- New.\n\n## [1.2.0] - 2026-01-31\n\n- Old.\n";
  const noVersion = (version: string) =>
    `${version} is no version of three numbers such as 1.1.0. The Marketplace and task.json take no other.`;
  for (const [what, args, text, error] of [
    ["none", [], released, "Say which version: npm run release -- 1.1.0"],
    ["a word", ["major"], released, noVersion("major")],
    ["two numbers", ["1.3"], released, noVersion("1.3")],
    ["four numbers", ["1.3.0.1"], released, noVersion("1.3.0.1")],
    ["a leading v", ["v1.3.0"], released, noVersion("v1.3.0")],
    ["a leading zero", ["1.03.0"], released, noVersion("1.03.0")],
    ["a prerelease", ["1.3.0-rc.1"], released, noVersion("1.3.0-rc.1")],
    [
      "the newest one",
      ["1.2.0"],
      released,
      "1.2.0 is not newer than 1.2.0, which CHANGELOG.md has already.",
    ],
    [
      "one between older ones",
      ["1.1.9"],
      released,
      "1.1.9 is not newer than 1.2.0, which CHANGELOG.md has already.",
    ],
    [
      "one older than everything has",
      ["0.9.0"],
      "## [Unreleased]\n\n- New.\n",
      `0.9.0 is older than ${json("package.json").version}, which package.json has.`,
    ],
    [
      "one without changes",
      ["9.0.0"],
      "## [Unreleased]\n\n### Added\n\n## [1.2.0] - 2026-01-31\n\n- Old.\n",
      "CHANGELOG.md: the section ## [Unreleased] is empty. Write what has changed for users.",
    ],
    [
      "one where no section is for it",
      ["9.0.0"],
      "## [1.2.0] - 2026-01-31\n\n- Old.\n",
      "CHANGELOG.md: there is no section ## [Unreleased].",
    ],
  ] as const) {
    test(`refuses ${what}, and changes nothing`, async () => {
      changelog(text);
      const before = contents();
      assert.deepEqual(await release(...args), { code: 1, errors: `${error}\n` });
      assert.deepEqual(contents(), before);
    });
  }

  test("refuses a file that has no version where it should be, and changes nothing", async () => {
    write("Cargo.lock", read("Cargo.lock").replace('name = "bindgen"', 'name = "other"'));
    const before = contents();
    assert.deepEqual(await release("9.0.0"), {
      code: 1,
      errors: "Cargo.lock: the version is not where it should be.\n",
    });
    assert.deepEqual(contents(), before);
  });
});
