import { isDeepStrictEqual } from "node:util";
import {
  condition,
  controllerOf,
  type KubeObject,
  ownedBy,
  type PodTemplate,
  putCondition,
  type Status,
  timestamp,
} from "../objects";
import { resourceNamed } from "../resources";
import type { Context } from ".";
import { templateHash } from "./hash";
import { isFinished, podsOf, scaledValue } from "./replicas";

const deployments = resourceNamed("deployments");
const replicaSets = resourceNamed("replicasets");

const component = "deployment-controller";
const hashLabel = "pod-template-hash";
const revisionKey = "deployment.kubernetes.io/revision";
const historyKey = "deployment.kubernetes.io/revision-history";
const ownAnnotations = [
  "kubectl.kubernetes.io/last-applied-configuration",
  revisionKey,
  historyKey,
  "deployment.kubernetes.io/desired-replicas",
  "deployment.kubernetes.io/max-replicas",
];

/** The ReplicaSets of a Deployment: the one with its present template, and the others, oldest first. */
interface Sets {
  current: KubeObject | undefined;
  old: KubeObject[];
}

export function reconcileDeployment(context: Context, deployment: KubeObject): void {
  let sets = setsOf(context, deployment);
  if (!deployment.spec.paused) {
    sets = setsOf(context, deployment, currentSet(context, deployment, sets));
    const recreate = deployment.spec.strategy.type === "Recreate";
    if (recreate) recreatePods(context, deployment, sets);
    else rollOn(context, deployment, sets);
    cleanUp(context, deployment);
  } else {
    const active = [...sets.old, ...(sets.current ? [sets.current] : [])].filter(
      (set) => set.spec.replicas > 0,
    );
    if (active.length <= 1)
      scale(context, deployment, active[0] ?? sets.current, deployment.spec.replicas);
  }
  writeStatus(context, deployment, setsOf(context, deployment));
}

function setsOf({ store }: Context, deployment: KubeObject, known?: KubeObject): Sets {
  const { namespace, uid } = deployment.metadata;
  const owned = store
    .list(replicaSets, namespace)
    .filter((set) => controllerOf(set)?.uid === uid)
    .sort((left, right) => revisionOf(left) - revisionOf(right));
  const wanted = known?.metadata.name;
  const current = owned.find((set) =>
    wanted === undefined
      ? isDeepStrictEqual(withoutHash(set.spec.template), deployment.spec.template)
      : set.metadata.name === wanted,
  );
  return { current, old: owned.filter((set) => set !== current) };
}

function withoutHash(template: PodTemplate): PodTemplate {
  const { [hashLabel]: _, ...labels } = template.metadata.labels ?? {};
  return { ...template, metadata: { ...template.metadata, labels } };
}

function revisionOf(set: KubeObject): number {
  return Number(set.metadata.annotations?.[revisionKey] ?? 0);
}

/** Makes the ReplicaSet of the present template, or makes the one there is the newest revision. */
function currentSet(context: Context, deployment: KubeObject, { current, old }: Sets): KubeObject {
  const { store } = context;
  const newest = Math.max(0, ...old.map(revisionOf)) + 1;
  const set = current ?? createSet(context, deployment, old);
  store.modify(replicaSets, set, "spec", (draft) => {
    draft.metadata.annotations = annotationsFor(deployment, set, newest);
    if (deployment.spec.minReadySeconds) {
      draft.spec.minReadySeconds = deployment.spec.minReadySeconds;
    } else delete draft.spec.minReadySeconds;
  });
  const revision = Math.max(newest, revisionOf(set));
  store.modify(deployments, deployment, "status", (draft) => {
    draft.metadata.annotations = { ...draft.metadata.annotations, [revisionKey]: String(revision) };
    const reason = current ? "FoundNewReplicaSet" : "NewReplicaSetCreated";
    if (current === undefined || condition(draft, "Progressing") === undefined) {
      const message = `${current ? "Found" : "Created"} new replica set "${set.metadata.name}"`;
      setCondition(draft.status, "Progressing", "True", reason, message);
    }
  });
  return set;
}

function annotationsFor(deployment: KubeObject, set: KubeObject, newest: number) {
  const { annotations: own = {} } = deployment.metadata;
  const { annotations: present = {} } = set.metadata;
  const copied = Object.entries(own).filter(([key]) => !ownAnnotations.includes(key));
  const annotations = { ...present, ...Object.fromEntries(copied) };
  const before = revisionOf(set);
  if (before < newest) {
    annotations[revisionKey] = String(newest);
    if (before > 0) {
      annotations[historyKey] = [present[historyKey], before].filter(Boolean).join(",");
    }
  }
  const { replicas } = deployment.spec;
  annotations["deployment.kubernetes.io/desired-replicas"] = String(replicas);
  annotations["deployment.kubernetes.io/max-replicas"] = String(
    replicas + bounds(deployment).surge,
  );
  return annotations;
}

/** Makes it with as many pods as it may have at once. */
function createSet(context: Context, deployment: KubeObject, old: KubeObject[]): KubeObject {
  const { name, namespace } = deployment.metadata;
  const { template, selector, strategy } = deployment.spec;
  const replicas = strategy.type === "Recreate" ? 0 : Math.max(0, room(deployment, old, 0));
  const hash = templateHash(template);
  const labels = { ...template.metadata.labels, [hashLabel]: hash };
  const set = context.store.create(replicaSets, {
    apiVersion: "apps/v1",
    kind: "ReplicaSet",
    metadata: {
      name: `${name}-${hash}`,
      namespace: namespace ?? "default",
      labels,
      ownerReferences: ownedBy(deployment),
    },
    spec: {
      replicas,
      selector: { ...selector, matchLabels: { ...selector.matchLabels, [hashLabel]: hash } },
      template: { ...template, metadata: { ...template.metadata, labels } },
    },
  });
  if (replicas > 0) tellScaled(context, deployment, set, 0, replicas);
  return set;
}

/** How many pods more a set may have now, of those that it lacks. */
function room(deployment: KubeObject, sets: KubeObject[], has: number): number {
  const { replicas } = deployment.spec;
  const most = replicas + bounds(deployment).surge;
  return Math.min(most - wanted(sets), replicas - has);
}

/** How many pods may be over and under the wanted number during a rollout. */
function bounds({ spec }: KubeObject): { surge: number; unavailable: number } {
  const { maxSurge = 0, maxUnavailable = 0 } = spec.strategy.rollingUpdate ?? {};
  const surge = scaledValue(maxSurge, spec.replicas, Math.ceil);
  const unavailable = Math.min(
    spec.replicas,
    scaledValue(maxUnavailable, spec.replicas, Math.floor),
  );
  return { surge, unavailable: surge === 0 && unavailable === 0 ? 1 : unavailable };
}

function recreatePods(context: Context, deployment: KubeObject, { current, old }: Sets): void {
  for (const set of old) scale(context, deployment, set, 0);
  const running = old.some((set) => podsOf(context, set).some((pod) => !isFinished(pod)));
  if (!running) scale(context, deployment, current, deployment.spec.replicas);
}

/** One step of a rolling update: up with the new as far as allowed, or else down with the old. */
function rollOn(context: Context, deployment: KubeObject, { current, old }: Sets): void {
  if (current === undefined) return;
  const { replicas } = deployment.spec;
  const has = current.spec.replicas;
  const more = room(deployment, [current, ...old], has);
  if (has > replicas) scale(context, deployment, current, replicas);
  else if (more > 0) scale(context, deployment, current, has + more);
  else shrinkOld(context, deployment, current, old);
}

/** Takes pods from the old sets, those that do not work first, as far as availability allows. */
function shrinkOld(
  context: Context,
  deployment: KubeObject,
  current: KubeObject,
  old: KubeObject[],
): void {
  const minimum = deployment.spec.replicas - bounds(deployment).unavailable;
  const pending = current.spec.replicas - available([current]);
  let removable = wanted([current, ...old]) - minimum - pending;
  const left = new Map(old.map((set) => [set, set.spec.replicas]));
  for (const set of old) {
    const broken = Math.max(0, Math.min(removable, set.spec.replicas - available([set])));
    left.set(set, set.spec.replicas - broken);
    removable -= broken;
  }
  let spare = Math.min(removable, available([current, ...old]) - minimum);
  for (const [set, count] of left) {
    const fewer = Math.max(0, Math.min(count, spare));
    spare -= fewer;
    scale(context, deployment, set, count - fewer);
  }
}

function wanted(sets: KubeObject[]): number {
  return sets.reduce((sum, set) => sum + set.spec.replicas, 0);
}

function available(sets: KubeObject[]): number {
  return sets.reduce((sum, { status }) => sum + (status.availableReplicas ?? 0), 0);
}

function scale(
  context: Context,
  deployment: KubeObject,
  set: KubeObject | undefined,
  replicas: number,
): void {
  if (set === undefined || set.spec.replicas === replicas) return;
  const before = set.spec.replicas;
  context.store.modify(replicaSets, set, "spec", (draft) => {
    draft.spec.replicas = replicas;
  });
  tellScaled(context, deployment, set, before, replicas);
}

function tellScaled(
  { events }: Context,
  deployment: KubeObject,
  set: KubeObject,
  before: number,
  replicas: number,
): void {
  const direction = replicas > before ? "up" : "down";
  const message = `Scaled ${direction} replica set ${set.metadata.name} from ${before} to ${replicas}`;
  events.record(component, deployment, "Normal", "ScalingReplicaSet", message);
}

/** Drops the oldest empty ReplicaSets over revisionHistoryLimit. */
function cleanUp(context: Context, deployment: KubeObject): void {
  const { old } = setsOf(context, deployment);
  const surplus = old.length - deployment.spec.revisionHistoryLimit;
  for (const set of old.slice(0, Math.max(0, surplus))) {
    if (set.spec.replicas > 0 || (set.status.replicas ?? 0) > 0) continue;
    context.store.remove(replicaSets, set);
  }
}

function writeStatus(context: Context, deployment: KubeObject, { current, old }: Sets): void {
  const all = current ? [current, ...old] : old;
  const sum = (field: "replicas" | "readyReplicas" | "availableReplicas") =>
    all.reduce((total, { status }) => total + (status[field] ?? 0), 0);
  const { generation = 1 } = deployment.metadata;
  const unavailable = Math.max(0, wanted(all) - sum("availableReplicas"));
  const counts = {
    replicas: sum("replicas"),
    updatedReplicas: current?.status.replicas ?? 0,
    readyReplicas: sum("readyReplicas"),
    availableReplicas: sum("availableReplicas"),
    unavailableReplicas: unavailable,
  };
  const nonZero = Object.fromEntries(Object.entries(counts).filter(([, count]) => count > 0));
  context.store.modify(deployments, deployment, "status", (draft) => {
    const before = draft.status;
    const { conditions = [] } = before;
    draft.status = { observedGeneration: generation, ...nonZero, conditions };
    judgeAvailability(draft);
    judgeFailure(draft, all);
    if (draft.spec.paused || condition(draft, "Progressing")?.reason === "DeploymentPaused") {
      judgePause(draft);
    } else judgeProgress(context, draft, before, current);
  });
}

function judgeAvailability({ spec, status }: KubeObject): void {
  const minimum =
    spec.replicas - (spec.strategy.rollingUpdate ? bounds({ spec } as KubeObject).unavailable : 0);
  if ((status.availableReplicas ?? 0) >= minimum) {
    const message = "Deployment has minimum availability.";
    setCondition(status, "Available", "True", "MinimumReplicasAvailable", message);
  } else {
    const message = "Deployment does not have minimum availability.";
    setCondition(status, "Available", "False", "MinimumReplicasUnavailable", message);
  }
}

/** Says what keeps a ReplicaSet from making its pods, the newest one's trouble first. */
function judgeFailure({ status }: KubeObject, sets: KubeObject[]): void {
  const [failure] = sets.flatMap((set) => condition(set, "ReplicaFailure") ?? []);
  if (failure === undefined) {
    const { conditions = [] } = status;
    status.conditions = conditions.filter(({ type }) => type !== "ReplicaFailure");
  } else {
    const { reason = "", message = "" } = failure;
    setCondition(status, "ReplicaFailure", "True", reason, message);
  }
}

function judgePause(deployment: KubeObject): void {
  const { spec, status } = deployment;
  if (condition(deployment, "Progressing")?.reason === "ProgressDeadlineExceeded") return;
  const [reason, what] = spec.paused
    ? ["DeploymentPaused", "paused"]
    : ["DeploymentResumed", "resumed"];
  setCondition(status, "Progressing", "Unknown", reason, `Deployment is ${what}`);
}

/** Reasons of the Progressing condition that no deadline applies to. */
const unhurried = ["NewReplicaSetAvailable", "ProgressDeadlineExceeded"];

/** What the Progressing condition says, given the status before and, in the draft, the one after. */
function judgeProgress(
  context: Context,
  draft: KubeObject,
  before: Status,
  current: KubeObject | undefined,
): void {
  const { spec, status } = draft;
  const { progressDeadlineSeconds } = spec;
  const progressing = condition(draft, "Progressing");
  if (progressDeadlineSeconds === undefined || current === undefined) return;
  const { replicas = 0, updatedReplicas: updated = 0 } = status;
  if (replicas === updated && progressing?.reason === "NewReplicaSetAvailable") return;

  const what = `ReplicaSet "${current.metadata.name}"`;
  const goal = spec.replicas;
  if (updated === goal && replicas === goal && (status.availableReplicas ?? 0) === goal) {
    const message = `${what} has successfully progressed.`;
    setCondition(status, "Progressing", "True", "NewReplicaSetAvailable", message);
  } else if (hasProgressed(before, status)) {
    const message = `${what} is progressing.`;
    setCondition(status, "Progressing", "True", "ReplicaSetUpdated", message, true);
  } else if (progressing !== undefined && !unhurried.includes(progressing.reason ?? "")) {
    // Timestamps are cut to whole seconds: without the extra one the deadline could come early.
    const allowed = (progressDeadlineSeconds + 1) * 1000;
    const remaining = Date.parse(progressing.lastUpdateTime ?? "") + allowed - Date.now();
    const message = `${what} has timed out progressing.`;
    if (remaining > 0) context.retry(draft, remaining);
    else setCondition(status, "Progressing", "False", "ProgressDeadlineExceeded", message);
  }
}

function hasProgressed(before: Status, after: Status): boolean {
  const old = ({ replicas = 0, updatedReplicas = 0 }: Status) => replicas - updatedReplicas;
  const more = (field: "updatedReplicas" | "readyReplicas" | "availableReplicas") =>
    (after[field] ?? 0) > (before[field] ?? 0);
  const fewerOld = old(after) < old(before);
  return fewerOld || more("updatedReplicas") || more("readyReplicas") || more("availableReplicas");
}

function setCondition(
  status: Status,
  type: string,
  state: string,
  reason: string,
  message: string,
  touch = false,
): void {
  const old = status.conditions?.find((each) => each.type === type);
  const same = old?.status === state && old.reason === reason && old.message === message;
  if (same && !touch) return;
  putCondition(status, { type, status: state, lastUpdateTime: timestamp(), reason, message });
}
