import assert from "node:assert/strict";
import { assertRan, lastTable } from "../../support/stage";
import type { Scenario } from ".";
import { after, before, db, dbBefore, isProgress, line, registry, web } from "./workloads";

/** Those that run until they end: a rollout is not done before they have been ready for a while. */
const ending = ["crash", "oom", "liveness", "startup", "hook", "evicted"];
/** The tag of the image, what is said of it, and what the step is given beside its line. */
const causes: [tag: string, cause: RegExp, failAfter?: string][] = [
  ["missing", /cannot pull its image in pod \S+: .*web:missing: not found/],
  ["denied", /cannot pull its image in pod \S+: .*pull access denied/],
  ["limited", /cannot pull its image in pod \S+: .*toomanyrequests/, "imagePull=1"],
  ["config", /cannot start \(CreateContainerConfigError\) in pod \S+: .*not found/, "config=1"],
  ["crash", /is crash-looping \(exit code 1, \d restarts\)/],
  ["oom", /exceeds its memory limit \(OOMKilled, \d restarts?\)/],
  ["liveness", /is restarted, since its liveness probe fails/],
  ["startup", /is restarted, since its startup probe fails/],
  ["unready", /is not ready, since its readiness probe fails/, "readiness=1"],
  ["unschedulable", /cannot be scheduled: .*nodes are available/, "unschedulable=1"],
  ["hook", /its postStart hook fails \(FailedPostStartHook, \d restarts\) in pod \S+: PostStart/],
  ["evicted", /was evicted for exceeding its own limits: Usage of EmptyDir volume/],
];

export const failures: Scenario[] = [
  ...causes.map(
    ([tag, cause, failAfter = ""]) =>
      ({
        name: `because of an image that is called ${tag}`,
        pods: true,
        async play(scene) {
          await web(scene, { minReadySeconds: ending.includes(tag) ? 2 : 0 });
          const images = `deployments/web app=$(ACR)/web:${tag}`;
          const outcome = await scene.finish({ images, failAfter });
          assertRan(outcome, "Failed");
          assert.equal(outcome.errors.length, 1, outcome.errors.join("\n"));
          assert.match(outcome.errors[0] ?? "", cause);
          assert.deepEqual(lastTable(outcome), [`deployment/web app ${before}`]);
          assert.deepEqual(await scene.cluster.images("Deployment", "web"), { app: before });
          await scene.cluster.settled("Deployment", "web");
        },
      }) satisfies Scenario,
  ),
  {
    name: "because of an init container",
    pods: true,
    async play(scene) {
      await web(scene, { initContainers: [{ name: "migrate", image: `${registry}/migrate:1` }] });
      const images = "deployments/web migrate=$(ACR)/migrate:crash";
      const outcome = await scene.finish({ images });
      assertRan(outcome, "Failed");
      assert.match(
        outcome.errors[0] ?? "",
        /init container migrate is crash-looping .* in pod web-\S+/,
      );
    },
  },
  {
    name: "because of a program that dies before it was available",
    pods: true,
    async play(scene) {
      const { cluster } = scene;
      await db(scene, { replicas: 1, minReadySeconds: 2 });
      const images = "sts/db app=$(ACR)/db:crash";
      const outcome = await scene.finish({ images, deleteStuckPods: "true" });
      assertRan(outcome, "Failed");
      assert.match(outcome.errors[0] ?? "", /container app is crash-looping/);
      assert.deepEqual(await cluster.images("StatefulSet", "db"), { app: dbBefore });
    },
  },
  {
    name: "because of an old pod that does not end on its node",
    pods: true,
    async play(scene) {
      const { cluster } = scene;
      const podSpec = { terminationGracePeriodSeconds: 1 };
      await db(scene, { image: `${registry}/db:stays`, replicas: 1, podSpec });
      const images = "sts/db app=$(ACR)/db";
      const outcome = await scene.finish({ images, failAfter: "termination=1" });
      assertRan(outcome, "Failed");
      assert.match(outcome.errors[0] ?? "", /pod db-0 is still terminating on node node-\d/);
      await cluster.kubectl("delete", "pod", "db-0", "--force", "--grace-period=0");
      await cluster.settled("StatefulSet", "db");
    },
  },
  {
    name: "because of an old pod that somebody holds",
    pods: true,
    async play(scene) {
      const { cluster } = scene;
      const podSpec = { terminationGracePeriodSeconds: 1 };
      await db(scene, { replicas: 1, podSpec });
      await cluster.patch("pod", "db-0", { metadata: { finalizers: ["shop.example/drain"] } });
      const images = "sts/db app=$(ACR)/db";
      const outcome = await scene.finish({ images, failAfter: "termination=1" });
      assertRan(outcome, "Failed");
      assert.match(outcome.errors[0] ?? "", /db-0 .*: its finalizers remain: shop\.example\/drain/);
      await cluster.patch("pod", "db-0", { metadata: { finalizers: null } });
      await cluster.settled("StatefulSet", "db");
    },
  },
  {
    name: "because of the pod of an earlier image, which is deleted when asked",
    pods: true,
    async play(scene) {
      const { cluster } = scene;
      await db(scene);
      const bad = "sts/db app=$(ACR)/db:missing";
      assertRan(await scene.finish({ images: bad, onFailure: "keep" }), "Failed");
      const good = { images: "sts/db app=$(ACR)/db", failAfter: "stuckPod=1" };
      const named = await scene.finish({ ...good, onFailure: "keep" });
      assertRan(named, "Failed");
      assert.match(named.errors[0] ?? "", /pod db-1 is from an earlier change and not ready/);
      const next = { variables: { "Build.BuildId": "4126" } };
      assertRan(await scene.finish({ ...good, deleteStuckPods: "true" }, next), "Succeeded");
      await cluster.settled("StatefulSet", "db");
    },
  },
  {
    name: "of one workload, while the others stay",
    pods: true,
    async play(scene) {
      const { cluster } = scene;
      await web(scene);
      await web(scene, { name: "api" });
      const images = `${line}\ndeployments/api app=$(ACR)/web:missing`;
      const outcome = await scene.finish({ images, onFailureScope: "workload" });
      assertRan(outcome, "Failed");
      assert.deepEqual(await cluster.images("Deployment", "web"), { app: after });
      assert.deepEqual(await cluster.images("Deployment", "api"), { app: before });
    },
  },
  {
    name: "because of a quota",
    pods: true,
    async play(scene) {
      await web(scene);
      await scene.cluster.quota(2);
      const outcome = await scene.finish({ images: line, failAfter: "refused=1" });
      assertRan(outcome, "Failed");
      assert.match(outcome.errors[0] ?? "", /its pods cannot be created: .*exceeded quota/);
    },
  },
  {
    name: "at the deployment's deadline",
    pods: true,
    async play(scene) {
      await web(scene, { progressDeadlineSeconds: 2 });
      const images = "deployments/web app=$(ACR)/web:unready";
      const outcome = await scene.finish({ images, failAfter: "readiness=off" });
      assertRan(outcome, "Failed");
      assert.match(outcome.errors[0] ?? "", /The rollout has exceeded its progress deadline/);
    },
  },
  {
    name: "at the step's timeout",
    pods: true,
    async play(scene) {
      await web(scene);
      const images = "deployments/web app=$(ACR)/web:unready";
      assertRan(await scene.finish({ images, rolloutStatusTimeout: "2" }), "Failed");
      assert.deepEqual(await scene.cluster.images("Deployment", "web"), { app: before });
    },
  },
  {
    name: "and is kept",
    pods: true,
    async play(scene) {
      await web(scene);
      const images = "deployments/web app=$(ACR)/web:missing";
      assertRan(await scene.finish({ images, onFailure: "keep" }), "Failed");
      const kept = { app: `${registry}/web:missing` };
      assert.deepEqual(await scene.cluster.images("Deployment", "web"), kept);
    },
  },
  {
    name: "of a daemon set, and takes the others with it",
    pods: true,
    async play(scene) {
      const { cluster } = scene;
      await web(scene);
      const agent = { name: "agent", image: `${registry}/agent:1` };
      await cluster.rolledOut(cluster.workload("DaemonSet", agent));
      const images = `ds/agent app=$(ACR)/agent:missing\n${line}`;
      const outcome = await scene.start({ images }).outcome;
      assertRan(outcome, "Failed");
      assert.match(outcome.message, /^daemonset\/agent failed: .*; rolled back$/);
      assert.deepEqual(await cluster.images("DaemonSet", "agent"), { app: agent.image });
      assert.deepEqual(await cluster.images("Deployment", "web"), { app: before });
    },
  },
  ...["false", "true"].map(
    (deleteStuckPods) =>
      ({
        name: `of a stateful set whose pod blocks the way back, deleteStuckPods: ${deleteStuckPods}`,
        pods: true,
        async play(scene) {
          const { cluster } = scene;
          await db(scene);
          const images = "sts/db app=$(ACR)/db:missing";
          const outcome = await scene.finish({ images, deleteStuckPods });
          assertRan(outcome, "Failed");
          assert.deepEqual(await cluster.images("StatefulSet", "db"), { app: dbBefore });
          const stays = outcome.log.join("\n").includes("or run kubectl delete pods db-1");
          assert.equal(stays, deleteStuckPods === "false", outcome.log.join("\n"));
          if (!stays) await cluster.settled("StatefulSet", "db");
        },
      }) satisfies Scenario,
  ),
  {
    name: "because somebody cancels the step, and a pod of a stateful set blocks the way back",
    pods: true,
    async play(scene) {
      const { cluster } = scene;
      await db(scene);
      const images = "sts/db app=$(ACR)/db:missing";
      const onLine = (text: string) => text.includes("image pull failed") && step.cancel();
      const step = scene.start({ images, failAfter: "imageMissing=60" }, { onLine });
      const outcome = await step.outcome;
      assertRan(outcome, "Canceled");
      assert.match(outcome.log.join("\n"), /kubectl delete pods db-1/);
      assert.deepEqual(await cluster.images("StatefulSet", "db"), { app: dbBefore });
    },
  },
  {
    name: "because the pods of a restart cannot be made",
    pods: true,
    async play(scene) {
      await web(scene);
      await scene.cluster.quota(2);
      const images = `deployments/web app=${before}`;
      const restart = { images, whenUnchanged: "restart", failAfter: "refused=1" };
      const outcome = await scene.finish(restart);
      assertRan(outcome, "Failed");
      assert.match(outcome.log.join("\n"), /kubectl rollout undo/);
      assert.doesNotMatch(outcome.message, /rolled back/);
    },
  },
  {
    name: "because somebody cancels the step",
    pods: true,
    async play(scene) {
      await web(scene);
      const images = "deployments/web app=$(ACR)/web:unready";
      const step = scene.start({ images }, { onLine: (line) => isProgress(line) && step.cancel() });
      const outcome = await step.outcome;
      assertRan(outcome, "Canceled");
      assert.equal(outcome.message, "Canceled; rolled back to 4124");
      assert.deepEqual(lastTable(outcome), [`deployment/web app ${before}`]);
      assert.deepEqual(await scene.cluster.images("Deployment", "web"), { app: before });
    },
  },
];
