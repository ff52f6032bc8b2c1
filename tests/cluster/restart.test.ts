/** A control plane that goes away and comes back while a rollout is watched. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, before, describe, test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { assertRan, lastTable } from "../stage";
import { unpackExtension } from "../vsix";
import { ControlPlane } from "./control-plane";
import { RealCluster } from "./real";
import { before as old, registry, web } from "./scenarios/workloads";
import { Scene } from "./scene";

const program = process.env.CONTROL_PLANE ?? "";
const skip = process.env.TEST_KUBECONFIG ? "it needs a control plane of its own" : false;

describe("an API server that is killed during a rollout, and started again", { skip }, () => {
  let extension: string;
  let controlPlane: ControlPlane;
  before(async () => {
    extension = mkdtempSync(path.join(tmpdir(), "kubectl-set-image-vsix-"));
    await unpackExtension(extension);
    controlPlane = await ControlPlane.start(program);
  });
  after(async () => {
    await controlPlane.stop();
    rmSync(extension, { recursive: true, force: true });
  });

  for (const [tag, result, left] of [
    ["slow", "Succeeded", `${registry}/web:slow (the new one)`],
    ["unready", "Failed", `${old} (the old one)`],
  ] as const) {
    test(`with an image that is ${tag}`, { timeout: 180_000 }, async () => {
      const cluster = await RealCluster.start(controlPlane.kubeconfig, `restart-${tag}`);
      const scene = new Scene(cluster, path.join(extension, "task"));
      await web(scene);
      let seen = () => {};
      const watched = new Promise<void>((resolve) => {
        seen = resolve;
      });
      const step = scene.start(
        { images: `deployments/web app=$(ACR)/web:${tag}`, failAfter: "readiness=8" },
        { onLine: (line) => line.startsWith("deployments/web: ") && seen() },
      );
      await Promise.race([watched, once(step.process, "exit")]);
      await controlPlane.stopApiServer();
      await pause(2_000);
      await controlPlane.startApiServer();
      const outcome = await step.outcome;
      assertRan(outcome, result);
      assert.deepEqual(lastTable(outcome), [`deployments/web app ${left}`]);
      if (process.env.SHOW) console.log(outcome.log.join("\n"));
      await cluster.close();
    });
  }
});
