import assert from "node:assert/strict";
import { assertRan } from "../../stage";
import type { Rule } from "../cluster";
import type { Scenario } from ".";
import { before, idle, line, registry, web } from "./workloads";

const kinds: Omit<Rule, "verbs">[] = [
  { group: "apps", resources: ["deployments", "statefulsets", "daemonsets"] },
  { group: "batch", resources: ["cronjobs"] },
];
const workloads = (...verbs: string[]): Rule[] => kinds.map((each) => ({ ...each, verbs }));
const watched = (group: Rule["group"], ...resources: string[]): Rule => ({
  group,
  resources,
  verbs: ["get", "list", "watch"],
});

/** Rolls so slowly that every refusal is seen before it is done. */
const slow = "deployments/web app=$(ACR)/web:slow";

export const rights: Scenario[] = [
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
    name: "may not watch workloads",
    pods: false,
    async play(scene) {
      await idle(scene);
      const kubeconfig = await scene.cluster.userWho(
        ...workloads("get", "patch"),
        watched("", "pods", "events"),
        watched("apps", "replicasets"),
      );
      const inputs = { images: line, rolloutStatusTimeout: "20" };
      assertRan(await scene.finish(inputs, { kubeconfig }), "Failed");
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
