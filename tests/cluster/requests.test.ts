/** What the small API server answers to the requests of a run, the real one answers as well. */
import assert from "node:assert/strict";
import { before, describe, test } from "node:test";
import type { JsonObject, KubeObject } from "../support/api-server";
import type { Cluster } from "../support/cluster";
import { RealCluster } from "../support/cluster/real";
import { SmallCluster } from "../support/cluster/small";
import { type Answered, type Asked, ask } from "./ask";
import { brought, useSuite } from "./suite";
import { evenedOut } from "./verdict";

const skip = brought ? "it needs a control plane of its own" : false;
const merge = "application/merge-patch+json";
const strategic = "application/strategic-merge-patch+json";
const image = (image: string) =>
  JSON.stringify({ spec: { template: { spec: { containers: [{ name: "app", image }] } } } });
const note = JSON.stringify({ metadata: { annotations: { "example.com/note": "yes" } } });

/** What is asked, in this order, of a namespace with the deployments web, api and db. */
const asked: [what: string, ask: (deployments: string) => Asked, by?: "nobody"][] = [
  ["a page", (all) => get(`${all}?limit=2`)],
  ["a page of selected ones", (all) => get(`${all}?limit=1&labelSelector=tier%3Dfront`)],
  ["one by name", (all) => get(`${all}?fieldSelector=metadata.name%3Dweb&limit=500`)],
  ["a field that nothing is selected by", (all) => get(`${all}?fieldSelector=spec.replicas%3D1`)],
  ["a token of no page", (all) => get(`${all}?limit=2&continue=!x`)],
  ["one that is not there", (all) => get(`${all}/none`)],
  ["a note", (all) => patch(`${all}/web`, note, merge)],
  ["the same note", (all) => patch(`${all}/web`, note, merge)],
  ["an image, dry", (all) => patch(`${all}/web`, image("a:2"), strategic, "?dryRun=All")],
  ["an image", (all) => patch(`${all}/web`, image("a:2"), strategic, "?fieldManager=test")],
  ["no image", (all) => patch(`${all}/web`, image(""), strategic)],
  ["a patch for nobody", (all) => patch(`${all}/none`, note, merge)],
  ["a list without the right", (all) => get(all), "nobody"],
  ["an object without the right", (all) => get(`${all}/web`), "nobody"],
  ["a watch without the right", (all) => get(`${all}?watch=true`), "nobody"],
  ["a change without the right", (all) => patch(`${all}/web`, note, merge), "nobody"],
];

function get(path: string): Asked {
  return { method: "GET", path };
}

function patch(path: string, body: string, type: string, query = ""): Asked {
  return { method: "PATCH", path: path + query, body, type };
}

/** The answers of a cluster, without what is different from run to run. */
async function answersOf(cluster: Cluster): Promise<unknown[]> {
  const { namespace } = cluster;
  try {
    for (const [name, tier] of [
      ["web", "front"],
      ["api", "front"],
      ["db", "back"],
    ] as const) {
      const options = { name, image: "a:1", replicas: 0, labels: { tier } };
      await cluster.rolledOut(cluster.workload("Deployment", options));
    }
    const nobody = await cluster.userWho();
    const answers = [];
    for (const [, how, by] of asked) {
      const kubeconfig = by === "nobody" ? nobody : cluster.kubeconfig();
      const deployments = `/apis/apps/v1/namespaces/${namespace}/deployments`;
      answers.push(steady(await ask(kubeconfig, how(deployments)), namespace));
    }
    return answers;
  } finally {
    await cluster.close();
  }
}

function steady({ status, type, warning, documents }: Answered, namespace: string) {
  const kept = documents.filter((each) => each.type !== "BOOKMARK").map(told);
  const read = kept.map((each) => JSON.parse(evenedOut(JSON.stringify(each), namespace)));
  return { status, type, warning, documents: read };
}

/** What counts in a document: all of a refusal, and of an object what a run reads. */
function told(document: JsonObject): unknown {
  const { kind, apiVersion, type } = document;
  if (kind === "Status") return document;
  if (type !== undefined) return { type, object: told(document.object as JsonObject) };
  const { metadata, items, spec } = document as unknown as KubeObject & { items?: JsonObject[] };
  const { name, generation, labels, annotations } = metadata;
  if (items === undefined) {
    const { containers } = spec.template.spec;
    return { kind, apiVersion, name, generation, labels, annotations, containers };
  }
  const fields = Object.keys(metadata).sort();
  const { remainingItemCount } = metadata as { remainingItemCount?: number };
  const names = items.map((each) => (each as unknown as KubeObject).metadata.name);
  return { kind, apiVersion, fields, remainingItemCount, names };
}

describe("what the small API server answers to", { skip }, () => {
  const suite = useSuite();
  let [small, real]: unknown[][] = [[], []];
  before(async () => {
    [small, real] = await Promise.all([
      answersOf(await SmallCluster.start("requests")),
      answersOf(await RealCluster.start(suite.kubeconfig, "requests")),
    ]);
  });

  for (const [at, [what]] of asked.entries())
    test(what, () => assert.deepEqual(small?.[at], real?.[at]));
});
