import { build } from "./build.mjs";
import { main, run, step, tool } from "./run.mjs";

const checks = () => [
  ["Rust is formatted", ["cargo", "fmt", "--all", "--check"]],
  [
    "clippy has no warning",
    ["cargo", "clippy", "--locked", "--workspace", "--all-targets", "--", "-D", "warnings"],
  ],
  ["TypeScript is strict", [...tool("typescript", "tsc"), "--project", "."]],
  ["that of the pages too", [...tool("typescript", "tsc"), "--project", "pages"]],
  ["TypeScript and JSON are formatted and linted", [...tool("@biomejs/biome", "biome"), "check"]],
  ["the licences of others' packages are allowed", [process.execPath, "scripts/licences.mjs"]],
];

await main(import.meta.url, async () => {
  await build();
  for (const [what, [program, ...args]] of checks()) {
    await run(program, args);
    step(what);
  }
});
