/** A control plane that goes away and comes back while a rollout is watched. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { describe, test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { RealCluster } from "../support/cluster/real";
import { assertRan, lastTable } from "../support/stage";
import { before, isProgress, registry, web } from "./scenarios/workloads";
import { Scene } from "./scene";
import { brought, useSuite } from "./suite";

const skip = brought ? "it needs a control plane of its own" : false;

describe("an API server that is killed during a rollout, and started again", { skip }, () => {
  const suite = useSuite();
  for (const [tag, result, left] of [
    ["slow", "Succeeded", `${registry}/web:slow`],
    ["unready", "Failed", `${before}`],
  ] as const) {
    test(`with an image that is ${tag}`, { timeout: 180_000 }, async () => {
      const cluster = await RealCluster.start(suite.kubeconfig, `restart-${tag}`);
      const scene = new Scene(cluster, suite.taskFolder);
      await web(scene);
      let seen = () => {};
      const watched = new Promise<void>((resolve) => {
        seen = resolve;
      });
      const step = scene.start(
        { images: `deployments/web app=$(ACR)/web:${tag}`, failAfter: "readiness=8" },
        { onLine: (line) => isProgress(line) && seen() },
      );
      await Promise.race([watched, once(step.process, "exit")]);
      await suite.controlPlane?.stopApiServer();
      await pause(2_000);
      await suite.controlPlane?.startApiServer();
      const outcome = await step.outcome;
      assertRan(outcome, result);
      assert.deepEqual(lastTable(outcome), [`deployment/web app ${left}`]);
      await cluster.close();
    });
  }
});
