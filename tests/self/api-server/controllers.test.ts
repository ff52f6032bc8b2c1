import assert from "node:assert/strict";
import { describe } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import type { KubeObject } from "../../support/api-server";
import { deployments, imageOf, podsOf, setImage, test, until, watching } from "./trial";

describe("controllers", { concurrency: 2 }, () => {
  test("a rolling update stays within maxSurge and maxUnavailable", async (server) => {
    await server.deployment({ name: "web", replicas: 4 });
    const seen = { most: 0, least: Number.POSITIVE_INFINITY };
    const watch = watching(server, `${deployments}?watch=true`);
    server.patch("deployment", "web", setImage("example/app:2"));
    await server.settled("deployment", "web");
    await until("the last event", () => {
      const last = watch.events.at(-1)?.object as KubeObject | undefined;
      return (
        last?.metadata.resourceVersion === server.get("deployment", "web").metadata.resourceVersion
      );
    });
    watch.stop();
    for (const { object } of watch.events) {
      const { replicas = 0, availableReplicas = 0 } = (object as KubeObject).status;
      seen.most = Math.max(seen.most, replicas);
      seen.least = Math.min(seen.least, availableReplicas);
    }
    assert.deepEqual(seen, { most: 5, least: 3 });
  });

  test("Recreate ends all old pods before the new ones", async (server) => {
    await server.deployment({ name: "web", replicas: 2, strategy: { type: "Recreate" } });
    const images = new Set<string>();
    server.patch("deployment", "web", setImage("example/app:2"));
    await until("the rollout", () => {
      const present = new Set(server.list("pods").map((pod) => imageOf(pod) ?? ""));
      assert.ok(present.size <= 1);
      for (const image of present) images.add(image);
      const { status } = server.get("deployment", "web");
      return images.has("example/app:2") && status.availableReplicas === 2;
    });
  });

  test("revisionHistoryLimit drops old replica sets", async (server) => {
    await server.deployment({ name: "web", revisionHistoryLimit: 1 });
    for (const image of ["example/app:2", "example/app:3", "example/app:4"]) {
      server.patch("deployment", "web", setImage(image));
      await server.settled("deployment", "web");
    }
    await until("the clean-up", () => server.list("rs").length === 2);
  });

  test("minReadySeconds delays availability", async (server) => {
    const started = Date.now();
    await server.deployment({ name: "web", minReadySeconds: 2 });
    assert.ok(Date.now() - started > 900);
  });

  test("a stateful set goes from the highest ordinal down to its partition", async (server) => {
    const updateStrategy = { type: "RollingUpdate", rollingUpdate: { partition: 1 } };
    await server.statefulSet({ name: "db", replicas: 3, updateStrategy });
    server.patch("statefulset", "db", setImage("example/app:2"));
    await server.settled("statefulset", "db");
    const images = () => podsOf(server, "db").map(imageOf);
    assert.deepEqual(images(), ["example/app:1", "example/app:2", "example/app:2"]);
    const { status } = server.get("statefulset", "db");
    assert.notEqual(status.currentRevision, status.updateRevision);
    server.patch("statefulset", "db", {
      spec: { updateStrategy: { rollingUpdate: { partition: 0 } } },
    });
    await server.settled("statefulset", "db");
    assert.deepEqual(images(), Array(3).fill("example/app:2"));
  });

  test("a stuck pod blocks an ordered stateful set until it is deleted", async (server) => {
    server.images.behave("example/app:2", "image-not-found");
    await server.statefulSet({ name: "db", replicas: 2 });
    server.patch("statefulset", "db", setImage("example/app:2"));
    const stuck = await until("a stuck pod", () =>
      podsOf(server, "db").find(
        ({ status }) => status.containerStatuses?.[0]?.state.waiting?.reason === "ImagePullBackOff",
      ),
    );
    assert.equal(stuck.metadata.name, "db-1");
    server.patch("statefulset", "db", setImage("example/app:1"));
    await pause(150);
    assert.equal(server.get("pod", "db-1").metadata.uid, stuck.metadata.uid);
    server.delete("pod", "db-1");
    await server.settled("statefulset", "db");
  });

  test("a parallel stateful set heals by itself", async (server) => {
    server.images.behave("example/app:2", "image-not-found");
    await server.statefulSet({ name: "db", replicas: 2, podManagementPolicy: "Parallel" });
    server.patch("statefulset", "db", setImage("example/app:2"));
    await until("a bad pod", () =>
      podsOf(server, "db").some((pod) => imageOf(pod) === "example/app:2"),
    );
    server.patch("statefulset", "db", setImage("example/app:1"));
    await until("the old image", () =>
      podsOf(server, "db").every((pod) => imageOf(pod) === "example/app:1"),
    );
    await server.settled("statefulset", "db");
  });

  test("a daemon set replaces node by node, and OnDelete waits", async (server) => {
    await server.daemonSet({ name: "agent" });
    await server.daemonSet({ name: "manual", updateStrategy: { type: "OnDelete" } });
    server.images.behave("example/app:2", "never-ready");
    for (const name of ["agent", "manual"]) server.patch("ds", name, setImage("example/app:2"));
    await until("one new pod", () => {
      const { updatedNumberScheduled, numberUnavailable } = server.get("ds", "agent").status;
      return updatedNumberScheduled === 1 && numberUnavailable === 1;
    });
    assert.deepEqual(podsOf(server, "manual").map(imageOf), Array(2).fill("example/app:1"));
    server.images.behave("example/app:2", "runs");
    await server.settled("ds", "agent");
    const [pod] = podsOf(server, "manual");
    server.delete("pod", pod?.metadata.name ?? "");
    await until(
      "its successor",
      () => server.get("ds", "manual").status.updatedNumberScheduled === 1,
    );
  });

  test("a pod deleted from a stateful set comes back with the template of its ordinal", async (server) => {
    const updateStrategy = { type: "OnDelete" };
    await server.statefulSet({ name: "db", replicas: 2, updateStrategy });
    server.patch("statefulset", "db", setImage("example/app:2"));
    await server.settled("statefulset", "db");
    assert.deepEqual(podsOf(server, "db").map(imageOf), Array(2).fill("example/app:1"));
    server.delete("pod", "db-0");
    await until("its successor", () => server.get("sts", "db").status.updatedReplicas === 1);
    assert.deepEqual(podsOf(server, "db").map(imageOf), ["example/app:2", "example/app:1"]);
  });

  test(
    "a daemon set has a pod on each of several nodes, and counts its templates",
    async (server) => {
      const nodes = ["node-1", "node-2", "node-3"];
      await server.daemonSet({ name: "agent" });
      assert.deepEqual(
        podsOf(server, "agent")
          .map(({ spec }) => spec.nodeName)
          .sort(),
        nodes,
      );
      server.patch("ds", "agent", { metadata: { annotations: { note: "no new template" } } });
      server.patch("ds", "agent", setImage("example/app:2"));
      await server.settled("ds", "agent");
      const set = server.get("ds", "agent");
      assert.equal(set.metadata.annotations?.["deprecated.daemonset.template.generation"], "2");
      const newest = server.list("controllerrevisions").find(({ revision }) => revision === 2);
      for (const { metadata } of podsOf(server, "agent")) {
        assert.deepEqual(metadata.labels, {
          app: "agent",
          "controller-revision-hash": newest?.metadata.labels?.["controller.kubernetes.io/hash"],
          "pod-template-generation": "2",
        });
        assert.deepEqual(metadata.ownerReferences, ownerOf(set));
      }
    },
    { nodes: ["node-1", "node-2", "node-3"] },
  );

  test("a deployment's pods belong to its replica sets, which carry its annotations", async (server) => {
    const cause = "kubernetes.io/change-cause";
    const annotations = { [cause]: "first", team: "blue" };
    await server.deployment({ name: "web", replicas: 4, annotations });
    server.patch("deployment", "web", {
      metadata: { annotations: { [cause]: "second" } },
      ...setImage("example/app:2"),
    });
    await server.settled("deployment", "web");
    const deployment = server.get("deployment", "web");
    const sets = server.list("rs").sort((left, right) => revision(left) - revision(right));
    assert.deepEqual(
      sets.map(({ metadata }) => metadata.annotations),
      ["first", "second"].map((said, index) => ({
        [cause]: said,
        team: "blue",
        "deployment.kubernetes.io/revision": String(index + 1),
        "deployment.kubernetes.io/desired-replicas": "4",
        "deployment.kubernetes.io/max-replicas": "5",
      })),
    );
    const newest = sets[1] as KubeObject;
    const hash = newest.metadata.labels?.["pod-template-hash"];
    assert.equal(newest.metadata.name, `web-${hash}`);
    assert.deepEqual(newest.metadata.ownerReferences, ownerOf(deployment));
    for (const { metadata } of podsOf(server, "web")) {
      assert.deepEqual(metadata.labels, { app: "web", "pod-template-hash": hash });
      assert.deepEqual(metadata.ownerReferences, ownerOf(newest));
    }
    server.patch("deployment", "web", { metadata: { annotations: { [cause]: "told later" } } });
    await until(
      "the copy",
      () => server.get("rs", newest.metadata.name).metadata.annotations?.[cause] === "told later",
    );
  });

  test("a deployment of no replicas is there at once", async (server) => {
    await server.deployment({ name: "web", replicas: 0 });
    server.patch("deployment", "web", setImage("example/app:2"));
    const observed = await until("the status", () => {
      const { metadata, status } = server.get("deployment", "web");
      return status.observedGeneration === metadata.generation && status;
    });
    assert.equal(observed.replicas, undefined);
    assert.deepEqual(
      observed.conditions?.map(({ type, status, reason }) => [type, status, reason]).sort(),
      [
        ["Available", "True", "MinimumReplicasAvailable"],
        ["Progressing", "True", "NewReplicaSetAvailable"],
      ],
    );
    assert.deepEqual(podsOf(server, "web"), []);
  });

  test("a paused deployment takes an image and rolls no pod", async (server) => {
    await server.deployment({ name: "web", paused: true });
    server.patch("deployment", "web", setImage("example/app:2"));
    const { conditions } = await until("the status", () => {
      const { metadata, status } = server.get("deployment", "web");
      return status.observedGeneration === metadata.generation && status;
    });
    const progressing = conditions?.find(({ type }) => type === "Progressing");
    assert.deepEqual([progressing?.status, progressing?.reason], ["Unknown", "DeploymentPaused"]);
    assert.deepEqual(podsOf(server, "web").map(imageOf), ["example/app:1"]);
    server.patch("deployment", "web", { spec: { paused: false } });
    await server.settled("deployment", "web");
    assert.deepEqual(podsOf(server, "web").map(imageOf), ["example/app:2"]);
  });
});

function ownerOf({ apiVersion, kind, metadata }: KubeObject) {
  const { name, uid } = metadata;
  return [{ apiVersion, kind, name, uid, controller: true, blockOwnerDeletion: true }];
}

function revision({ metadata }: KubeObject): number {
  return Number(metadata.annotations?.["deployment.kubernetes.io/revision"]);
}
