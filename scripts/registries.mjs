import { join } from "node:path";

import { goProgram } from "./go-program.mjs";
import { main, root } from "./run.mjs";

/** The path of the program with the registries of other projects for the tests, or why it is absent. */
export function registries() {
  const source = join(root, "tests", "support", "registry", "others");
  return goProgram({ name: "registries", source, what: "the other registries for the tests" });
}

await main(import.meta.url, async () => {
  const { program, absent } = await registries();
  console.log(program ?? `There are no other registries: ${absent}`);
});
