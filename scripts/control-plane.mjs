import { readFileSync } from "node:fs";
import { join } from "node:path";

import { goProgram } from "./go-program.mjs";
import { main, root } from "./run.mjs";

const source = join(root, "tests", "support", "cluster", "control-plane");
/** The version that the servers give as theirs: that of the module they are built from. */
const version = /k8s\.io\/kubernetes (v[\d.]+)/.exec(
  readFileSync(join(source, "go.mod"), "utf8"),
)?.[1];

/** The path of the control plane for the tests, or why it is absent. */
export function controlPlane() {
  return goProgram({
    name: "control-plane",
    source,
    what: "the control plane for the tests",
    linkFlags: `-s -w -X k8s.io/component-base/version.gitVersion=${version}`,
  });
}

await main(import.meta.url, async () => {
  const { program, absent } = await controlPlane();
  console.log(program ?? `There is no control plane: ${absent}`);
});
