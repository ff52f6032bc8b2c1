/** The packaged task on a machine that limits what its processes may take. */
import assert from "node:assert/strict";
import { chmodSync, writeFileSync } from "node:fs";
import path from "node:path";
import { afterEach, beforeEach, describe, test } from "node:test";
import { assertRan, release, useStage } from "../support/stage";

const stage = useStage();
const inputs = { command: "computeTag", images: "$(ACR)/app" };
const node = process.execPath;

describe("an address space of 6 GB", { skip: process.platform !== "linux" }, () => {
  beforeEach(() => {
    process.execPath = path.join(stage.temp, "node");
    writeFileSync(process.execPath, `#!/bin/bash\nulimit -v 6000000\nexec '${node}' "$@"\n`);
    chmodSync(process.execPath, 0o755);
  });
  afterEach(() => {
    process.execPath = node;
  });

  const newer = Number(process.versions.node.split(".")[0]) >= 24;
  const skip = newer && "WebAssembly starts in it with this Node";
  test("is told in one sentence where WebAssembly does not start in it", { skip }, async () => {
    const outcome = await stage.finish(inputs);
    assertRan(outcome, "Failed");
    assert.equal(outcome.errors.length, 1, outcome.log.join("\n"));
    const error =
      /^WebAssembly, .* does not start here: .*ulimit -v.* --disable-wasm-trap-handler /;
    assert.match(outcome.errors[0] ?? "", error);
  });

  test("is enough with the option of Node that the sentence names", async () => {
    const options = { NODE_OPTIONS: "--disable-wasm-trap-handler" };
    assertRan(await stage.finish(inputs, release, options), "Succeeded");
  });
});
