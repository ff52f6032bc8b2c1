import assert from "node:assert/strict";
import type { Cluster } from "../../support/cluster";
import { assertLogged, assertRan } from "../../support/stage";
import type { Scene } from "../scene";
import type { Scenario } from ".";
import { after, isProgress, line, registry, web } from "./workloads";

/** What an autoscaler says of the pod that no node takes, as soon as the step speaks of it. */
async function told(scene: Scene, inputs: Record<string, string>, reason: string, words: string) {
  const { cluster } = scene;
  await web(scene, { replicas: 1 });
  let said: Promise<void> | undefined;
  const say = async () => {
    const pods = await cluster.list("pods");
    const pod = pods.find(({ spec }) => spec.nodeName === undefined);
    assert.ok(pod, "a pod has no node");
    await cluster.say(pod, "cluster-autoscaler", reason, words);
  };
  const onLine = (text: string) => {
    if (text.includes("unschedulable:")) said ??= say();
  };
  const images = "deployments/web app=$(ACR)/web:unschedulable";
  const outcome = await scene.finish({ images, ...inputs }, { onLine });
  await said;
  return outcome;
}

const gate = "shop.example/open";

/** Opens the gates of the pods that are there. */
async function openGates(cluster: Cluster): Promise<void> {
  for (const { metadata } of await cluster.list("pods"))
    await cluster.setCondition(metadata.name, gate, "True");
}

/** A deployment whose pods wait for a gate, which is open for the first ones. */
async function gated(scene: Scene): Promise<void> {
  const { cluster } = scene;
  const podSpec = { readinessGates: [{ conditionType: gate }] };
  const options = { name: "web", image: `${registry}/web:1`, replicas: 1, podSpec };
  await cluster.create(cluster.workload("Deployment", options));
  const running = async () => {
    const [pod] = await cluster.list("pods");
    return pod?.status.containerStatuses?.[0]?.ready === true;
  };
  await cluster.until("its pod runs", running);
  await openGates(cluster);
  await cluster.settled("Deployment", "web");
}

export const patience: Scenario[] = [
  {
    name: "an init container that takes its time",
    pods: true,
    async play(scene) {
      await web(scene, { initContainers: [{ name: "migrate", image: `${registry}/migrate:1` }] });
      const images = `${line} migrate=$(ACR)/migrate:slow`;
      assertRan(await scene.finish({ images, failAfter: "readiness=1" }), "Succeeded");
    },
  },
  {
    name: "a rollout that its deadline gives more than ten minutes",
    pods: true,
    async play(scene) {
      await web(scene, { progressDeadlineSeconds: 1800 });
      const outcome = await scene.finish({ images: line });
      assertRan(outcome, "Succeeded");
      assertLogged(outcome, "##[section]Rollout (timeout 30m)");
    },
  },
  {
    name: "the deadline that the rollout before has passed",
    pods: true,
    async play(scene) {
      const slow = `${registry}/web:slow-0`;
      const strategy = { type: "Recreate" };
      await web(scene, { image: slow, replicas: 1, strategy, progressDeadlineSeconds: 8 });
      const bad = { images: "deployments/web app=$(ACR)/web:unready", onFailure: "keep" };
      const outcome = await scene.finish(bad);
      assertRan(outcome, "Failed");
      assert.match(outcome.errors[0] ?? "", /has exceeded its progress deadline/);
      assertRan(await scene.finish({ images: `deployments/web app=${slow}` }), "Succeeded");
      assert.deepEqual(await scene.cluster.images("Deployment", "web"), { app: slow });
    },
  },
  {
    name: "a pod without a node, while the autoscaler brings one",
    pods: true,
    async play(scene) {
      const inputs = { failAfter: "unschedulable=4", rolloutStatusTimeout: "7" };
      const words = "pod triggered scale-up: [{pool 3->4 (max: 5)}]";
      const outcome = await told(scene, inputs, "TriggeredScaleUp", words);
      assertRan(outcome, "Failed");
      assert.match(outcome.errors[0] ?? "", /^The rollout timed out after /);
      assert.match(outcome.log.join("\n"), /The autoscaler says: pod triggered scale-up/);
    },
  },
  {
    name: "a pod without a node, unless the autoscaler brings none",
    pods: true,
    async play(scene) {
      const words = "pod didn't trigger scale-up: 1 max node group size reached";
      const inputs = { failAfter: "unschedulable=4" };
      const outcome = await told(scene, inputs, "NotTriggerScaleUp", words);
      assertRan(outcome, "Failed");
      assert.match(outcome.errors[0] ?? "", /The autoscaler says: pod didn't trigger scale-up/);
    },
  },
  {
    name: "a readiness gate that is opened late",
    pods: true,
    async play(scene) {
      const { cluster } = scene;
      await gated(scene);
      let opened: Promise<void> | undefined;
      const onLine = (text: string) => {
        if (text.includes(`${gate} is not true`)) opened ??= openGates(cluster);
      };
      assertRan(await scene.finish({ images: line }, { onLine }), "Succeeded");
      await opened;
      assert.deepEqual(await cluster.images("Deployment", "web"), { app: after });
    },
  },
  {
    name: "a readiness gate that stays shut, which is named in the end",
    pods: true,
    async play(scene) {
      const { cluster } = scene;
      await gated(scene);
      const outcome = await scene.finish({ images: line, rolloutStatusTimeout: "4" });
      assertRan(outcome, "Failed");
      assert.match(outcome.log.join("\n"), /shop\.example\/open is not true: nothing has set it/);
      assert.deepEqual(await cluster.images("Deployment", "web"), { app: `${registry}/web:1` });
    },
  },
  {
    name: "an annotation that somebody sets meanwhile",
    pods: true,
    async play(scene) {
      const { cluster } = scene;
      await web(scene, { minReadySeconds: 1 });
      let noted: Promise<string> | undefined;
      const onLine = (text: string) => {
        if (isProgress(text))
          noted ??= cluster.kubectl("annotate", "deployments/web", "shop.example/note=yes");
      };
      assertRan(await scene.finish({ images: line }, { onLine }), "Succeeded");
      await noted;
    },
  },
];
