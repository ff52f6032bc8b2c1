import assert from "node:assert/strict";
import { cronJob } from "../../support/api-server/workloads";
import type { Rule } from "../../support/cluster";
import { read } from "../../support/repository";
import { assertRan } from "../../support/stage";
import type { Scenario } from ".";
import { after, before, idle, line, registry, web } from "./workloads";

const kinds: Omit<Rule, "verbs">[] = [
  { group: "apps", resources: ["deployments", "statefulsets", "daemonsets"] },
  { group: "batch", resources: ["cronjobs"] },
];
const workloads = (...verbs: string[]): Rule[] => kinds.map((each) => ({ ...each, verbs }));
/** The role that the documentation has, for the namespace. */
const role = (namespace: string): string =>
  read("docs/rbac.yaml").replaceAll("namespace: shop", `namespace: ${namespace}`);
const watched = (group: Rule["group"], ...resources: string[]): Rule => ({
  group,
  resources,
  verbs: ["get", "list", "watch"],
});

/** Rolls so slowly that every refusal is seen before it is done. */
const slow = "deployments/web app=$(ACR)/web:slow";

export const rights: Scenario[] = [
  {
    name: "may do what the documentation lists, and no more",
    pods: true,
    async play(scene) {
      const { cluster } = scene;
      await web(scene, { minReadySeconds: 2 });
      await cluster.rolledOut(
        cluster.workload("StatefulSet", { name: "db", image: `${registry}/db:1`, replicas: 1 }),
        cluster.workload("DaemonSet", { name: "agent", image: `${registry}/agent:1` }),
        cronJob({
          name: "job",
          namespace: cluster.namespace,
          image: `${registry}/job:1`,
        }),
      );
      await cluster.apply(role(cluster.namespace));
      const kubeconfig = await cluster.userOfSecret("kubectl-set-image");
      const images = `${line}\n$(ACR)/db\n$(ACR)/agent\n$(ACR)/job`;
      const outcome = await scene.finish({ images }, { kubeconfig });
      assertRan(outcome, "Succeeded");
      assert.ok(!outcome.log.some((each) => each.includes("forbidden")), outcome.log.join("\n"));
      const crash = { images: "deployments/web app=$(ACR)/web:crash" };
      const failed = await scene.finish(crash, { kubeconfig });
      assertRan(failed, "Failed");
      assert.ok(
        failed.log.some((each) => each.includes("no database")),
        failed.log.join("\n"),
      );
      const undo = { command: "undo", images: "statefulsets/db" };
      assertRan(await scene.finish(undo, { kubeconfig }), "Succeeded");
      assert.deepEqual(await cluster.images("StatefulSet", "db"), { app: `${registry}/db:1` });
    },
  },
  {
    name: "may read, watch and change two deployments by their names",
    pods: true,
    async play(scene) {
      await web(scene);
      await web(scene, { name: "api" });
      await web(scene, { name: "other" });
      const kubeconfig = await scene.cluster.userWho(
        {
          group: "apps",
          resources: ["deployments"],
          verbs: ["get", "list", "watch", "patch"],
          names: ["web", "api"],
        },
        watched("", "pods", "events"),
        watched("apps", "replicasets"),
      );
      const images = `${line}\ndeployments/api app=$(ACR)/web`;
      assertRan(await scene.finish({ images }, { kubeconfig }), "Succeeded");
      for (const name of ["web", "api"])
        assert.deepEqual(await scene.cluster.images("Deployment", name), { app: after });
      const more = { images: "deployments/other app=$(ACR)/web" };
      assertRan(await scene.finish(more, { kubeconfig }), "Failed");
      assert.deepEqual(await scene.cluster.images("Deployment", "other"), { app: before });
    },
  },
  {
    name: "may list and not watch",
    pods: true,
    async play(scene) {
      await web(scene);
      const kubeconfig = await scene.cluster.userWho(
        ...workloads("get", "list", "patch"),
        { group: "", resources: ["pods", "events"], verbs: ["get", "list"] },
        { group: "apps", resources: ["replicasets"], verbs: ["get", "list"] },
      );
      assertRan(await scene.finish({ images: line }, { kubeconfig }), "Succeeded");
      assert.deepEqual(await scene.cluster.images("Deployment", "web"), { app: after });
    },
  },
  {
    name: "may read and not change",
    pods: false,
    async play(scene) {
      await idle(scene);
      const kubeconfig = await scene.cluster.userWho(
        ...workloads("get", "list", "watch"),
        watched("", "pods", "events"),
        watched("apps", "replicasets"),
      );
      assertRan(await scene.finish({ images: line }, { kubeconfig }), "Failed");
      assert.deepEqual(await scene.cluster.images("Deployment", "web"), { app: before });
    },
  },
  {
    name: "may not look for workloads",
    pods: false,
    async play(scene) {
      await idle(scene);
      const kubeconfig = await scene.cluster.userWho(...workloads("get", "patch"));
      assertRan(await scene.finish({ images: "$(ACR)/web" }, { kubeconfig }), "Failed");
      assert.deepEqual(await scene.cluster.images("Deployment", "web"), { app: before });
    },
  },
  {
    name: "may not even read",
    pods: false,
    async play(scene) {
      await idle(scene);
      const kubeconfig = await scene.cluster.userWho();
      assertRan(await scene.finish({ images: line }, { kubeconfig }), "Failed");
    },
  },
  {
    name: "may neither list nor watch workloads",
    pods: false,
    async play(scene) {
      await idle(scene);
      const kubeconfig = await scene.cluster.userWho(
        ...workloads("get", "patch"),
        watched("", "pods", "events"),
        watched("apps", "replicasets"),
      );
      assertRan(await scene.finish({ images: line }, { kubeconfig }), "Succeeded");
      assert.deepEqual(await scene.cluster.images("Deployment", "web"), { app: after });
    },
  },
  {
    name: "may not read events",
    pods: true,
    async play(scene) {
      await web(scene);
      const kubeconfig = await scene.cluster.userWho(
        ...workloads("get", "list", "watch", "patch"),
        watched("", "pods"),
        watched("apps", "replicasets"),
      );
      assertRan(await scene.finish({ images: slow }, { kubeconfig }), "Succeeded");
      const set = { app: `${registry}/web:slow` };
      assert.deepEqual(await scene.cluster.images("Deployment", "web"), set);
    },
  },
  {
    name: "may not read pods, and an image is missing",
    pods: true,
    async play(scene) {
      await web(scene, { progressDeadlineSeconds: 3 });
      const kubeconfig = await scene.cluster.userWho(
        ...workloads("get", "list", "watch", "patch"),
        watched("", "events"),
      );
      const images = "deployments/web app=$(ACR)/web:missing";
      assertRan(await scene.finish({ images }, { kubeconfig }), "Failed");
      assert.deepEqual(await scene.cluster.images("Deployment", "web"), { app: before });
    },
  },
  {
    name: "may read and change workloads alone",
    pods: true,
    async play(scene) {
      await web(scene);
      const kubeconfig = await scene.cluster.userWho(...workloads("get", "list", "watch", "patch"));
      assertRan(await scene.finish({ images: slow }, { kubeconfig }), "Succeeded");
      const set = { app: `${registry}/web:slow` };
      assert.deepEqual(await scene.cluster.images("Deployment", "web"), set);
    },
  },
];
