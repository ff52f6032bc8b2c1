import type { ControllerRevision, KubeObject, PodTemplate } from "../objects";
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
} from "./replicas";
import { hashLabel, pruneRevisions, syncRevisions } from "./revisions";

const statefulSets = resourceNamed("statefulsets");
const component = "statefulset-controller";

export function reconcileStatefulSet(context: Context, set: KubeObject): void {
  const revisions = syncRevisions(context, set);
  const update = revisions[revisions.length - 1];
  if (update === undefined) return;
  const current =
    revisions.find(({ metadata }) => metadata.name === set.status.currentRevision) ?? update;
  removeFinished(context, set, component, "RecreatingFailedPod", ({ metadata }) => {
    const { namespace, name } = set.metadata;
    return `StatefulSet ${namespace}/${name} is recreating failed Pod ${metadata.name}`;
  });
  if (keepOrdinals(context, set, current, update)) replaceOutdated(context, set, update);
  writeStatus(context, set, current, update);
  const inUse = new Set([current.metadata.name, ...podsOf(context, set).map(revisionOf)]);
  pruneRevisions(context, set, revisions, ({ metadata }) => inUse.has(metadata.name));
}

function ordinalOf({ metadata }: KubeObject): number {
  return Number(metadata.name.slice(metadata.name.lastIndexOf("-") + 1));
}

function revisionOf({ metadata }: KubeObject): string {
  return metadata.labels?.[hashLabel] ?? "";
}

function partitionOf({ spec }: KubeObject): number {
  return spec.updateStrategy.rollingUpdate?.partition ?? 0;
}

/** Makes the pods that are missing and deletes those beyond; false while one has to be waited for. */
function keepOrdinals(
  context: Context,
  set: KubeObject,
  current: ControllerRevision,
  update: ControllerRevision,
): boolean {
  const ordered = set.spec.podManagementPolicy !== "Parallel";
  const pods = new Map(podsOf(context, set).map((pod) => [ordinalOf(pod), pod]));
  for (let ordinal = 0; ordinal < set.spec.replicas; ordinal += 1) {
    const pod = pods.get(ordinal);
    if (pod === undefined) {
      createOrdinal(context, set, ordinal, ordinal < partitionOf(set) ? current : update);
    }
    if (ordered && (pod === undefined || !isReady(pod))) return false;
  }
  const beyond = [...pods.keys()].filter((ordinal) => ordinal >= set.spec.replicas);
  for (const ordinal of beyond.sort((left, right) => right - left)) {
    const pod = pods.get(ordinal);
    if (pod !== undefined && !isTerminating(pod)) deletePod(context, set, component, pod);
    if (ordered) return false;
  }
  return true;
}

function createOrdinal(
  context: Context,
  set: KubeObject,
  ordinal: number,
  revision: ControllerRevision,
): void {
  const { $patch: _, ...template } = revision.data.spec.template;
  const name = `${set.metadata.name}-${ordinal}`;
  const labels = {
    [hashLabel]: revision.metadata.name,
    "statefulset.kubernetes.io/pod-name": name,
    "apps.kubernetes.io/pod-index": String(ordinal),
  };
  createPod(context, set, component, template as PodTemplate, { name, labels });
}

/** Deletes the outdated pod of the highest ordinal once all those above are up to date and ready. */
function replaceOutdated(context: Context, set: KubeObject, update: ControllerRevision): void {
  if (set.spec.updateStrategy.type === "OnDelete") return;
  const pods = podsOf(context, set).sort((left, right) => ordinalOf(right) - ordinalOf(left));
  for (const pod of pods) {
    if (ordinalOf(pod) < partitionOf(set)) return;
    if (revisionOf(pod) !== update.metadata.name && !isTerminating(pod)) {
      deletePod(context, set, component, pod);
      return;
    }
    if (!isReady(pod)) return;
  }
}

function writeStatus(
  context: Context,
  set: KubeObject,
  current: ControllerRevision,
  update: ControllerRevision,
): void {
  const pods = podsOf(context, set);
  const present = pods.filter((pod) => !isTerminating(pod));
  const of = ({ metadata }: ControllerRevision) =>
    present.filter((pod) => revisionOf(pod) === metadata.name).length;
  const ready = present.filter(isReady).length;
  const updated = of(update);
  const complete = updated === pods.length && ready === pods.length;
  const rolls = set.spec.updateStrategy.type === "RollingUpdate";
  const now = rolls && complete ? update : current;
  context.store.modify(statefulSets, set, "status", (draft) => {
    draft.status = {
      observedGeneration: set.metadata.generation ?? 1,
      replicas: pods.length,
      ...(ready > 0 && { readyReplicas: ready }),
      availableReplicas: present.filter((pod) => isAvailable(context, set, pod)).length,
      ...(of(now) > 0 && { currentReplicas: of(now) }),
      ...(updated > 0 && { updatedReplicas: updated }),
      currentRevision: now.metadata.name,
      updateRevision: update.metadata.name,
      collisionCount: 0,
    };
  });
}
