/** Pods and replication controllers: the kinds of kubectl's grammar that no rollout is of. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { BehaviourKind } from "../support/api-server";
import { assertRan, useStage } from "../support/stage";
import { after, before } from "../support/web";

const stage = useStage();

async function pod(name = "web", spec: object = {}): Promise<void> {
  stage.server.create({
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name, labels: { app: name } },
    spec: { containers: [{ name: "app", image: before }], ...spec },
  });
  await stage.server.settled("pod", name);
}

const status = (name = "web") => stage.server.get("pod", name).status;
const container = (name = "web") => status(name).containerStatuses?.[0];

describe("a pod of nobody", () => {
  for (const images of ["pods/web app=$(ACR)/web", "po -l app=web app=$(ACR)/web"]) {
    test(`is done once its container is another one: ${images}`, async () => {
      await pod();
      const old = container()?.containerID;
      const outcome = await stage.finish({ images });
      assertRan(outcome, "Succeeded");
      assert.notEqual(container()?.containerID, old);
      assert.equal(container()?.image, after);
      assert.equal(stage.imageOf("Pod", "web"), after);
    });
  }

  const causes: [BehaviourKind, RegExp][] = [
    ["image-not-found", /cannot pull its image in pod \S+: .*web:4125: not found/],
    ["crash-loop", /is crash-looping \(exit code 1, [3-9] restarts\)/],
  ];
  for (const [kind, cause] of causes) {
    test(`is given its old image again: ${kind}`, async () => {
      await pod();
      stage.server.images.behave(after, { kind });
      const outcome = await stage.finish({ images: "pods/web app=$(ACR)/web" });
      assertRan(outcome, "Failed");
      assert.match(outcome.errors.join("\n"), cause);
      assert.equal(stage.imageOf("Pod", "web"), before);
      await stage.server.until(() => container()?.image === before && container()?.ready === true);
    });
  }

  test("is not failed by what its old container did", async () => {
    stage.server.images.behave(before, { kind: "crash-loop" });
    stage.server.create({
      apiVersion: "v1",
      kind: "Pod",
      metadata: { name: "web" },
      spec: { containers: [{ name: "app", image: before }] },
    });
    await stage.server.until(() => (container()?.restartCount ?? 0) >= 3);
    const outcome = await stage.finish({ images: "pods/web app=$(ACR)/web" });
    assertRan(outcome, "Succeeded");
  });

  test("is not restarted though its image is there already", async () => {
    await pod();
    const outcome = await stage.finish({
      images: `pods/web app=${before}`,
      whenUnchanged: "restart",
    });
    assertRan(outcome, "SucceededWithIssues");
    assert.match(outcome.warnings.join("\n"), /kubectl rollout restart does not support its kind/);
    assert.deepEqual(stage.changes, []);
  });
});

describe("a pod of a controller", () => {
  const made = () => stage.server.list("pod")[0]?.metadata.name ?? "";

  test("is refused, and the deployment named", async () => {
    await stage.server.deployment({ name: "web", image: before });
    stage.assertRefused(
      await stage.finish({ images: `pods/${made()} app=$(ACR)/web` }),
      /is managed by ReplicaSet web-\w+, which .* Set the image of deployments\/web\. \[KSI321\]$/,
    );
  });

  test("is refused, and the stateful set named", async () => {
    await stage.server.statefulSet({ name: "db", image: before });
    stage.assertRefused(
      await stage.finish({ images: `pods/${made()} app=$(ACR)/web` }),
      /is managed by StatefulSet db, which .* Set the image of statefulsets\/db\. \[KSI321\]$/,
    );
  });

  test("is none of those that --all means", async () => {
    await stage.server.deployment({ name: "api", image: before });
    await pod();
    const outcome = await stage.finish({ images: "pods --all app=$(ACR)/web" });
    assertRan(outcome, "Succeeded");
    assert.equal(stage.imageOf("Deployment", "api"), before);
    assert.equal(stage.imageOf("Pod", "web"), after);
  });
});

test("a replication controller is set, and keeps its pods", async () => {
  const labels = { app: "old" };
  stage.server.create({
    apiVersion: "v1",
    kind: "ReplicationController",
    metadata: { name: "old", labels },
    spec: {
      replicas: 1,
      selector: labels,
      template: {
        metadata: { labels },
        spec: { containers: [{ name: "app", image: before }] },
      },
    },
  });
  await stage.server.settled("rc", "old");
  const outcome = await stage.finish({ images: "rc/old app=$(ACR)/web" });
  assertRan(outcome, "SucceededWithIssues");
  assert.match(
    outcome.warnings.join("\n"),
    /replicationcontroller\/old: .*a ReplicaSet or ReplicationController keeps its pods/,
  );
  assert.equal(stage.imageOf("ReplicationController", "old"), after);
  const [kept] = stage.server.list("pod");
  assert.equal(kept?.spec.containers[0]?.image, before);
});
