import assert from "node:assert/strict";
import { cronJob } from "../../support/api-server/workloads";
import { assertLogged, assertRan, lastTable } from "../../support/stage";
import type { Scenario } from ".";
import { after, before, db, idle, isProgress, line, registry, web } from "./workloads";

export const rollouts: Scenario[] = [
  {
    name: "of a deployment",
    pods: true,
    async play(scene) {
      await web(scene);
      const outcome = await scene.finish({ images: line });
      assertRan(outcome, "Succeeded");
      assert.deepEqual(lastTable(outcome), [`deployment/web app ${after}`]);
      assertLogged(outcome, /^✓ .* {2}2\/2 ready/);
    },
  },
  {
    name: "of a deployment without pods",
    pods: false,
    async play(scene) {
      await idle(scene);
      assertRan(await scene.finish({ images: line }), "Succeeded");
      assert.deepEqual(await scene.cluster.images("Deployment", "web"), { app: after });
    },
  },
  {
    name: "of a deployment that ends its old pods first",
    pods: true,
    async play(scene) {
      await web(scene, { strategy: { type: "Recreate" } });
      assertRan(await scene.finish({ images: line }), "Succeeded");
      assert.deepEqual(await scene.cluster.images("Deployment", "web"), { app: after });
    },
  },
  {
    name: "of every kind of workload",
    pods: true,
    async play(scene) {
      const { cluster } = scene;
      const named = (name: string) => ({ name, image: `${registry}/${name}:1` });
      await web(scene);
      await cluster.rolledOut(
        cluster.workload("StatefulSet", { ...named("db"), replicas: 2 }),
        cluster.workload("DaemonSet", named("agent")),
        cluster.workload("ReplicaSet", { ...named("cache"), replicas: 1 }),
        cronJob({ ...named("cleanup"), namespace: cluster.namespace }),
      );
      const lines = [
        line,
        "sts/db app=$(ACR)/db",
        "ds/agent app=$(ACR)/agent",
        "rs/cache app=$(ACR)/cache",
        "cj/cleanup *=$(ACR)/cleanup",
      ];
      const outcome = await scene.finish({ images: lines.join("\n") });
      assertRan(outcome, "SucceededWithIssues");
      const kept = outcome.warnings.filter((text) => text.startsWith("replicaset/cache: "));
      assert.equal(kept.length, 1, "the replica set keeps its pods");
      const kinds = {
        StatefulSet: "db",
        DaemonSet: "agent",
        ReplicaSet: "cache",
        CronJob: "cleanup",
      };
      for (const [kind, name] of Object.entries(kinds))
        assert.deepEqual(await cluster.images(kind, name), { app: `${registry}/${name}:4125` });
    },
  },
  {
    name: "of containers that take their time",
    pods: true,
    async play(scene) {
      await web(scene, { minReadySeconds: 1 });
      const images = "deployments/web app=$(ACR)/web:slow-1";
      assertRan(await scene.finish({ images }), "Succeeded");
    },
  },
  {
    name: "that restarts what has its image already",
    pods: true,
    async play(scene) {
      await web(scene);
      const pods = async () =>
        (await scene.cluster.list("pods")).map(({ metadata }) => metadata.uid);
      const old = await pods();
      const images = `deployments/web app=${before}`;
      assertRan(await scene.finish({ images, whenUnchanged: "restart" }), "Succeeded");
      const now = await pods();
      assert.deepEqual(
        now.filter((uid) => old.includes(uid)),
        [],
      );
    },
  },
  {
    name: "that is paused",
    pods: false,
    async play(scene) {
      await idle(scene);
      await scene.cluster.kubectl("rollout", "pause", "deployments/web");
      assertRan(await scene.finish({ images: line }), "SucceededWithIssues");
      assert.deepEqual(await scene.cluster.images("Deployment", "web"), { app: after });
    },
  },
  ...["StatefulSet", "DaemonSet"].map(
    (kind) =>
      ({
        name: `that waits for somebody to delete the pods of a ${kind}`,
        pods: true,
        async play(scene) {
          const { cluster } = scene;
          const updateStrategy = { type: "OnDelete" };
          const options = { name: "db", image: `${registry}/db:1`, updateStrategy };
          const replicas = kind === "StatefulSet" ? { replicas: 2 } : {};
          await cluster.rolledOut(cluster.workload(kind, { ...options, ...replicas }));
          const images = `${kind}/db app=$(ACR)/db`;
          assertRan(await scene.finish({ images }), "SucceededWithIssues");
        },
      }) satisfies Scenario,
  ),
  {
    name: "that is paused, beside another that is restarted",
    pods: true,
    async play(scene) {
      const { cluster } = scene;
      await web(scene);
      await web(scene, { name: "api" });
      await cluster.kubectl("rollout", "pause", "deployments/web");
      const uids = async () => (await cluster.list("pods")).map(({ metadata }) => metadata.uid);
      const old = await uids();
      const images = `deployments/web app=${before}\ndeployments/api app=${before}`;
      const outcome = await scene.finish({ images, whenUnchanged: "restart" });
      assertRan(outcome, "SucceededWithIssues");
      assert.match(outcome.warnings.join("\n"), /web.*paused/);
      const kept = (await uids()).filter((uid) => old.includes(uid));
      assert.equal(kept.length, 2, "the paused one keeps its pods, the other has new ones");
    },
  },
  {
    name: "that nothing runs now",
    pods: false,
    async play(scene) {
      const { cluster } = scene;
      const { namespace } = cluster;
      await idle(scene);
      await cluster.create(cronJob({ name: "job", namespace, image: `${registry}/job:1` }));
      await cluster.patch("cronjob", "job", { spec: { suspend: true } });
      const outcome = await scene.finish({ images: `${line}\ncj/job *=$(ACR)/job` });
      assertRan(outcome, "Succeeded");
      assertLogged(outcome, /^✓ deployment\/web .*the workload is scaled to 0 replicas/);
      assertLogged(outcome, /^✓ cronjob\/job .*suspended/);
    },
  },
  {
    name: "of a line that was pasted with its flags",
    pods: true,
    async play(scene) {
      const { cluster } = scene;
      await web(scene, { labels: { tier: "front" } });
      await web(scene, { name: "api" });
      const all = `kubectl -n ${cluster.namespace} set image deployments --all app=$(ACR)/web --record`;
      assertRan(await scene.finish({ images: all }), "Succeeded");
      for (const name of ["web", "api"])
        assert.deepEqual(await cluster.images("Deployment", name), { app: after });
      const some = "kubectl set image deployments --selector tier=front app=$(ACR)/web:4126";
      assertRan(await scene.finish({ images: some }), "Succeeded");
      const image = `${registry}/web:4126`;
      assert.deepEqual(await cluster.images("Deployment", "web"), { app: image });
      assert.deepEqual(await cluster.images("Deployment", "api"), { app: after });
    },
  },
  {
    name: "of a pod of nobody, forth and back",
    pods: true,
    async play(scene) {
      const { cluster } = scene;
      const metadata = { name: "web", namespace: cluster.namespace };
      const spec = { containers: [{ name: "app", image: before }] };
      await cluster.create({ apiVersion: "v1", kind: "Pod", metadata, spec });
      await cluster.settled("pod", "web");
      const images = "pods/web app=$(ACR)/web";
      assertRan(await scene.finish({ images }), "Succeeded");
      assert.deepEqual(await cluster.images("pod", "web"), { app: after });
      assertRan(await scene.finish({ images: `${images}:missing` }), "Failed");
      assert.deepEqual(await cluster.images("pod", "web"), { app: after });
    },
  },
  {
    name: "of a replication controller",
    pods: true,
    async play(scene) {
      const { cluster } = scene;
      const labels = { app: "old" };
      const template = {
        metadata: { labels },
        spec: { containers: [{ name: "app", image: before }] },
      };
      await cluster.rolledOut({
        apiVersion: "v1",
        kind: "ReplicationController",
        metadata: { name: "old", namespace: cluster.namespace },
        spec: { replicas: 1, selector: labels, template },
      } as never);
      const outcome = await scene.finish({ images: "rc/old app=$(ACR)/web" });
      assertRan(outcome, "SucceededWithIssues");
      assert.deepEqual(await cluster.images("rc", "old"), { app: after });
      const [pod] = await cluster.list("pods");
      assert.equal(pod?.spec.containers[0]?.image, before);
    },
  },
  {
    name: "of the pods above a partition that has all of them below it",
    pods: true,
    async play(scene) {
      const updateStrategy = { type: "RollingUpdate", rollingUpdate: { partition: 2 } };
      await db(scene, { updateStrategy });
      const outcome = await scene.finish({ images: "sts/db app=$(ACR)/db" });
      assertRan(outcome, "SucceededWithIssues");
      assert.match(outcome.warnings.join("\n"), /partition of the StatefulSet is above all/);
    },
  },
  {
    name: "of the pods above a partition",
    pods: true,
    async play(scene) {
      const updateStrategy = { type: "RollingUpdate", rollingUpdate: { partition: 2 } };
      await db(scene, { replicas: 3, updateStrategy });
      const outcome = await scene.finish({ images: "sts/db app=$(ACR)/db" });
      assertRan(outcome, "Succeeded");
      assertLogged(outcome, /^✓ .* {2}1\/1 ready/);
    },
  },
  {
    name: "of an image that an admission webhook rewrites, and back",
    pods: true,
    async play(scene) {
      const { cluster } = scene;
      await web(scene);
      const digest = `@sha256:${"0123456789abcdef".repeat(4)}`;
      await cluster.rewriteImages((image) => (image.includes("@") ? image : image + digest));
      assertRan(await scene.finish({ images: line }), "Succeeded");
      assert.deepEqual(await cluster.images("Deployment", "web"), { app: after + digest });
      const undo = { command: "undo", images: "deployments/web" };
      assertRan(await scene.finish(undo), "Succeeded");
      assert.deepEqual(await cluster.images("Deployment", "web"), { app: before + digest });
      const images = "deployments/web app=$(ACR)/web:missing";
      assertRan(await scene.finish({ images }), "Failed");
      assert.deepEqual(await cluster.images("Deployment", "web"), { app: before + digest });
      await cluster.settled("Deployment", "web");
    },
  },
  {
    name: "that somebody else takes over",
    pods: true,
    async play(scene) {
      const { cluster } = scene;
      await web(scene);
      const theirs = `${registry}/web:hotfix`;
      const set = ["set", "image", "deployments/web", `app=${theirs}`, "--field-manager=hotfix"];
      let taken: Promise<string> | undefined;
      const onLine = (line: string) => {
        if (isProgress(line)) taken ??= cluster.kubectl(...set);
      };
      const images = "deployments/web app=$(ACR)/web:unready";
      const outcome = await scene.start({ images }, { onLine }).outcome;
      await taken;
      assertRan(outcome, "Failed");
      assert.match(outcome.errors[0] ?? "", /another deployment \(field manager hotfix\) set app/);
      assert.deepEqual(await cluster.images("Deployment", "web"), { app: theirs });
    },
  },
  {
    name: "that somebody takes back by kubectl rollout undo",
    pods: true,
    async play(scene) {
      const { cluster } = scene;
      await web(scene);
      let taken: Promise<string> | undefined;
      const onLine = (line: string) => {
        if (isProgress(line)) taken ??= cluster.kubectl("rollout", "undo", "deployments/web");
      };
      const images = "deployments/web app=$(ACR)/web:unready";
      const outcome = await scene.start({ images }, { onLine }).outcome;
      await taken;
      assertRan(outcome, "Failed");
      assert.match(outcome.errors[0] ?? "", /another deployment .*set app to \S+web:4124/);
      assert.doesNotMatch(outcome.message, /rolled back/);
      assert.deepEqual(await cluster.images("Deployment", "web"), { app: before });
    },
  },
  {
    name: "of a hundred deployments",
    pods: true,
    async play(scene) {
      const { cluster } = scene;
      const names = Array.from({ length: 100 }, (_, at) => `web-${at}`);
      const options = { image: before, replicas: 1 };
      const all = names.map((name) => cluster.workload("Deployment", { ...options, name }));
      await cluster.rolledOut(...all);
      const images = names.map((name) => `deployments/${name} app=$(ACR)/web`).join("\n");
      assertRan(await scene.start({ images }).outcome, "Succeeded");
      const pods = await cluster.list("pods");
      const running = pods.filter(({ spec }) => spec.containers[0]?.image === after);
      assert.equal(running.length, names.length);
    },
  },
];
