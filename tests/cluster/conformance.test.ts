/** The same scenarios in the small API server of the tests and in a real cluster. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, before, describe, test } from "node:test";
import { unpackExtension } from "../vsix";
import type { Cluster } from "./cluster";
import { ControlPlane } from "./control-plane";
import { kubeconfigOf, RealCluster } from "./real";
import { type Scenario, scenarios } from "./scenarios";
import { Scene } from "./scene";
import { SmallCluster } from "./small";
import type { Verdict } from "./verdict";

const brought = process.env.TEST_KUBECONFIG;
const program = process.env.CONTROL_PLANE ?? "";
let extension: string;
let controlPlane: ControlPlane | undefined;
let kubeconfig: string;

before(async () => {
  extension = mkdtempSync(path.join(tmpdir(), "kubectl-set-image-vsix-"));
  await unpackExtension(extension);
  if (brought) kubeconfig = kubeconfigOf(brought);
  else {
    controlPlane = await ControlPlane.start(program);
    kubeconfig = controlPlane.kubeconfig;
  }
});
after(async () => {
  await controlPlane?.stop();
  rmSync(extension, { recursive: true, force: true });
});

let played = 0;

async function play({ play }: Scenario, cluster: Cluster): Promise<Verdict[]> {
  const scene = new Scene(cluster, path.join(extension, "task"));
  try {
    await play(scene);
    if (process.env.SHOW) console.log(JSON.stringify(scene.verdicts, null, 1));
    return scene.verdicts;
  } finally {
    await cluster.close();
  }
}

for (const [topic, ofTopic] of Object.entries(scenarios)) {
  describe(topic, () => {
    for (const scenario of ofTopic) {
      const skip = brought && scenario.pods ? "it needs the pods of the stand-in nodes" : false;
      test(scenario.name, { skip, timeout: 180_000 }, async () => {
        played += 1;
        const namespace = `scenario-${played}-${process.pid}`;
        const [small = [], real = []] = await Promise.all([
          play(scenario, await SmallCluster.start(namespace)),
          play(scenario, await RealCluster.start(kubeconfig, namespace)),
        ]);
        for (const [at, verdict] of real.entries()) assert.deepEqual(small[at], verdict);
        assert.equal(small.length, real.length);
      });
    }
  });
}
