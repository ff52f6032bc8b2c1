import { readdirSync } from "node:fs";
import { dirname, join } from "node:path";

import { build } from "./build.mjs";
import { checkGo } from "./go-program.mjs";
import { main, root, run, step, tool } from "./run.mjs";
import { system as windows } from "./windows.mjs";

const checks = () => [
  ["Rust is formatted", ["cargo", "fmt", "--all", "--check"]],
  [
    "clippy has no warning",
    ["cargo", "clippy", "--locked", "--workspace", "--all-targets", "--", "-D", "warnings"],
  ],
  [
    "neither has rustdoc",
    ["cargo", "doc", "--locked", "--workspace", "--no-deps", "--document-private-items"],
    { RUSTDOCFLAGS: "-D warnings" },
  ],
  ["TypeScript is strict", [...tool("typescript", "tsc"), "--project", "."]],
  ["that of the pages too", [...tool("typescript", "tsc"), "--project", "pages"]],
  ["TypeScript and JSON are formatted and linted", [...tool("@biomejs/biome", "biome"), "check"]],
  ["the licences of others' packages are allowed", [process.execPath, "scripts/licences.mjs"]],
];

/** The Go modules of the tests, by their folders. */
const goModules = () =>
  readdirSync(join(root, "tests"), { recursive: true })
    .filter((file) => /(^|[\\/])go\.mod$/.test(file))
    .map((file) => join("tests", dirname(file)));

await main(import.meta.url, async () => {
  await build();
  for (const [what, [program, ...args], env] of checks()) {
    await run(program, args, { env });
    step(what);
  }
  for (const module of goModules()) {
    const { absent } = await checkGo(join(root, module), /windows/.test(module) ? windows : {});
    step(absent ? `${module} is not checked: ${absent}` : `gofmt and go vet: ${module}`);
  }
});
