/** The same scenarios in the small API server of the tests and in a real cluster. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Cluster } from "../support/cluster";
import { RealCluster } from "../support/cluster/real";
import { SmallCluster } from "../support/cluster/small";
import { type Scenario, scenarios } from "./scenarios";
import { Scene } from "./scene";
import { brought, useSuite } from "./suite";
import type { Verdict } from "./verdict";

const suite = useSuite();
let played = 0;

async function play({ play }: Scenario, cluster: Cluster): Promise<Verdict[]> {
  const scene = new Scene(cluster, suite.taskFolder);
  try {
    await play(scene);
    return scene.verdicts;
  } finally {
    await cluster.close();
  }
}

for (const [topic, ofTopic] of Object.entries(scenarios)) {
  describe(topic, () => {
    for (const scenario of ofTopic) {
      const skip = brought && scenario.pods ? "it needs the pods of the stand-in nodes" : false;
      test(scenario.name, { skip, timeout: 300_000 }, async () => {
        played += 1;
        const namespace = `kubectl-set-image-${played}-${process.pid}`;
        const [small = [], real = []] = await Promise.all([
          play(scenario, await SmallCluster.start(namespace)),
          play(scenario, await RealCluster.start(suite.kubeconfig, namespace)),
        ]);
        for (const [at, verdict] of real.entries()) assert.deepEqual(small[at], verdict);
        assert.equal(small.length, real.length);
      });
    }
  });
}
