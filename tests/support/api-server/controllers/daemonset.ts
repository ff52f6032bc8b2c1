import { templateGeneration } from "../defaulting";
import type { KubeObject } from "../objects";
import { resourceNamed } from "../resources";
import type { Context } from ".";
import {
  createPod,
  deletePod,
  isAvailable,
  isReady,
  isTerminating,
  podsOf,
  removeFinished,
  scaledValue,
} from "./replicas";
import { hashLabel, hashOf, pruneRevisions, syncRevisions } from "./revisions";

const daemonSets = resourceNamed("daemonsets");
const nodes = resourceNamed("nodes");
const component = "daemonset-controller";

/** One pod on every node, replaced node by node. */
export function reconcileDaemonSet(context: Context, set: KubeObject): void {
  const revisions = syncRevisions(context, set);
  const hash = hashOf(revisions[revisions.length - 1]);
  removeFinished(context, set, component, "FailedDaemonPod", ({ metadata, spec }) => {
    const what = `${metadata.namespace}/${metadata.name} on node ${spec.nodeName}`;
    return `Found failed daemon pod ${what}, will try to kill it`;
  });
  const nodeNames = context.store.list(nodes).map(({ metadata }) => metadata.name);
  const occupied = new Set(podsOf(context, set).map(({ spec }) => spec.nodeName));
  for (const nodeName of nodeNames) {
    if (occupied.has(nodeName)) continue;
    const labels = {
      [hashLabel]: hash,
      "pod-template-generation": set.metadata.annotations?.[templateGeneration] ?? "1",
    };
    createPod(context, set, component, set.spec.template, { nodeName, labels });
  }
  if (set.spec.updateStrategy.type === "RollingUpdate") {
    replaceOutdated(context, set, hash, nodeNames.length);
  }
  writeStatus(context, set, hash, nodeNames.length);
  const inUse = new Set(podsOf(context, set).map(({ metadata }) => metadata.labels?.[hashLabel]));
  pruneRevisions(context, set, revisions, (revision) => inUse.has(hashOf(revision)));
}

/** Deletes outdated pods: those that do not work at once, the others within maxUnavailable. */
function replaceOutdated(context: Context, set: KubeObject, hash: string, nodeCount: number): void {
  const { maxUnavailable = 1 } = set.spec.updateStrategy.rollingUpdate ?? {};
  const pods = podsOf(context, set);
  const works = (pod: KubeObject) => isAvailable(context, set, pod);
  const outdated = pods.filter(
    (pod) => pod.metadata.labels?.[hashLabel] !== hash && !isTerminating(pod),
  );
  const unavailable = nodeCount - pods.filter(works).length;
  const allowed = Math.max(0, scaledValue(maxUnavailable, nodeCount, Math.ceil) - unavailable);
  const broken = outdated.filter((pod) => !works(pod));
  for (const pod of [...broken, ...outdated.filter(works).slice(0, allowed)]) {
    deletePod(context, set, component, pod);
  }
}

function writeStatus(context: Context, set: KubeObject, hash: string, nodeCount: number): void {
  const pods = podsOf(context, set).filter((pod) => !isTerminating(pod));
  const updated = pods.filter((pod) => pod.metadata.labels?.[hashLabel] === hash).length;
  const available = pods.filter((pod) => isAvailable(context, set, pod)).length;
  context.store.modify(daemonSets, set, "status", (draft) => {
    draft.status = {
      currentNumberScheduled: pods.length,
      numberMisscheduled: 0,
      desiredNumberScheduled: nodeCount,
      numberReady: pods.filter(isReady).length,
      observedGeneration: set.metadata.generation ?? 1,
      ...(updated > 0 && { updatedNumberScheduled: updated }),
      ...(available > 0 && { numberAvailable: available }),
      ...(nodeCount > available && { numberUnavailable: nodeCount - available }),
    };
  });
}
