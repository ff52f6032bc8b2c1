/** What the small API server says of objects, the real one says as well. */
import assert from "node:assert/strict";
import { before, describe, test } from "node:test";
import { cronJob } from "../support/api-server/workloads";
import type { Cluster } from "../support/cluster";
import { RealCluster } from "../support/cluster/real";
import { SmallCluster } from "../support/cluster/small";
import { brought, useSuite } from "./suite";
import { evenedOut } from "./verdict";

const skip = brought ? "it needs the stand-in nodes" : false;

/** Makes a workload of every kind, and changes the image of each. */
async function prepare(cluster: Cluster): Promise<void> {
  const { namespace } = cluster;
  const labels = { tier: "front" };
  await cluster.rolledOut(
    cluster.workload("Deployment", { name: "web", image: "example/web:1", replicas: 2, labels }),
    cluster.workload("StatefulSet", { name: "db", image: "example/db:1", replicas: 2 }),
    cluster.workload("DaemonSet", { name: "agent", image: "example/agent:1" }),
    cluster.workload("ReplicaSet", { name: "cache", image: "example/cache:1", replicas: 1 }),
    cronJob({ name: "cleanup", namespace, image: "example/cleanup:1" }),
  );
  const all = ["deploy/web", "sts/db", "ds/agent", "rs/cache", "cj/cleanup"];
  for (const name of all) await cluster.kubectl("set", "image", name, "app=example/app:2");
  await cluster.kubectl("annotate", ...all, "example.com/note=yes");
  for (const [kind, count] of [
    ["deployments", 1],
    ["statefulsets", 1],
    ["daemonsets", 1],
    ["pods", 7],
  ] as const)
    await cluster.allSettled(kind, count);
}

/** The paths of all values that an object has, with what is different from run to run evened out. */
function said(value: unknown, namespace: string, path = ""): Map<string, unknown> {
  const found = new Map<string, unknown>();
  if (typeof value !== "object" || value === null) {
    const text = typeof value === "string" ? evenedOut(value, namespace) : value;
    found.set(path, changing.test(path) ? "…" : text);
    return found;
  }
  for (const [key, inner] of Object.entries(value)) {
    const at = `${path}.${Array.isArray(value) ? evenedOut(nameOf(inner, key), namespace) : key}`;
    for (const [deeper, each] of said(inner, namespace, at)) found.set(deeper, each);
  }
  return found;
}

/** Items of a list are told apart by what Kubernetes tells them apart by, where it does. */
function nameOf(item: { name?: string; type?: string }, index: string): string {
  return item.name ?? item.type ?? index;
}

const changing =
  /\.(uid|resourceVersion|\w+Time|\w+Timestamp|startedAt|finishedAt|containerID|imageID|podIP|hostIP|ip|nodeName|value)$|template-generation/;

const kinds = ["deployments", "replicasets", "statefulsets", "daemonsets", "cronjobs", "pods"];

/** What a cluster says of all objects of each kind, in an order that is the same in all clusters. */
async function objectsOf(cluster: Cluster): Promise<Record<string, Map<string, unknown>[]>> {
  try {
    await prepare(cluster);
    const all: Record<string, Map<string, unknown>[]> = {};
    for (const kind of kinds) {
      const objects = (await cluster.list(kind)).map((each) => said(each, cluster.namespace));
      const key = (object: Map<string, unknown>) => JSON.stringify([...object].sort());
      all[kind] = objects.sort((left, right) => key(left).localeCompare(key(right)));
    }
    return all;
  } finally {
    await cluster.close();
  }
}

describe("what the small API server says of", { skip }, () => {
  const suite = useSuite();
  let small: Awaited<ReturnType<typeof objectsOf>>;
  let real: typeof small;
  before(async () => {
    [small, real] = await Promise.all([
      objectsOf(await SmallCluster.start("objects")),
      objectsOf(await RealCluster.start(suite.kubeconfig, "objects")),
    ]);
  });

  for (const kind of kinds) {
    test(kind, () => {
      assert.equal(small[kind]?.length, real[kind]?.length);
      for (const [at, object] of small[kind]?.entries() ?? []) {
        const truth = real[kind]?.[at];
        const known = [...object.keys()].map((path) => [path, truth?.get(path)]);
        assert.deepEqual(Object.fromEntries(object), Object.fromEntries(known));
      }
    });
  }
});
