import {
  condition,
  controllerOf,
  type IntOrPercent,
  type KubeObject,
  ownedBy,
  type PodTemplate,
} from "../objects";
import { resourceNamed } from "../resources";
import type { Context } from ".";
import { admitted, refusalOf } from "./admission";
import { randomSuffix } from "./hash";

const pods = resourceNamed("pods");

export function podsOf({ store }: Context, owner: KubeObject): KubeObject[] {
  const { namespace, uid } = owner.metadata;
  return store.list(pods, namespace).filter((pod) => controllerOf(pod)?.uid === uid);
}

export function isTerminating(object: KubeObject): boolean {
  return object.metadata.deletionTimestamp !== undefined;
}

/** Whether it has ended for good, as one does that is evicted. */
export function isFinished({ status }: KubeObject): boolean {
  return status.phase === "Failed" || status.phase === "Succeeded";
}

/** Whether it counts as a replica. */
export function isActive(pod: KubeObject): boolean {
  return !isTerminating(pod) && !isFinished(pod);
}

export function isReady(pod: KubeObject): boolean {
  return !isTerminating(pod) && condition(pod, "Ready")?.status === "True";
}

/** Ready for minReadySeconds; has the owner looked at again when that time is still to come. */
export function isAvailable(context: Context, owner: KubeObject, pod: KubeObject): boolean {
  if (!isReady(pod)) return false;
  const { minReadySeconds = 0 } = owner.spec;
  const since = Date.parse(condition(pod, "Ready")?.lastTransitionTime ?? "");
  const remaining = since + minReadySeconds * 1000 - Date.now();
  if (minReadySeconds === 0 || remaining <= 0) return true;
  context.retry(owner, remaining);
  return false;
}

/** How long, in milliseconds, a controller waits after a pod was refused. */
const retryCreation = 100;

/** Makes a pod of the template; what is returned is why the API server refused it. */
export function createPod(
  context: Context,
  owner: KubeObject,
  component: string,
  template: PodTemplate,
  given: { name?: string; labels?: Record<string, string>; nodeName?: string } = {},
): string | undefined {
  const { store, events, images } = context;
  const name = given.name ?? `${owner.metadata.name}-${randomSuffix()}`;
  const spec = admitted(images, template.spec);
  const refusal = refusalOf(images, name, spec);
  if (refusal !== undefined) {
    const { kind, metadata } = owner;
    const failure =
      kind === "StatefulSet"
        ? `create Pod ${name} in StatefulSet ${metadata.name} failed error: ${refusal}`
        : `Error creating: ${refusal}`;
    events.record(component, owner, "Warning", "FailedCreate", failure);
    context.retry(owner, retryCreation);
    return refusal;
  }
  const { labels, annotations } = template.metadata;
  store.create(pods, {
    apiVersion: "v1",
    kind: "Pod",
    metadata: {
      name,
      generateName: `${owner.metadata.name}-`,
      namespace: owner.metadata.namespace ?? "default",
      labels: { ...labels, ...given.labels },
      ...(annotations && { annotations }),
      ownerReferences: ownedBy(owner),
    },
    spec: { ...spec, ...(given.nodeName !== undefined && { nodeName: given.nodeName }) },
    status: { phase: "Pending", qosClass: "BestEffort" },
  });
  events.record(component, owner, "Normal", "SuccessfulCreate", `Created pod: ${name}`);
  return undefined;
}

/** Deletes the pods that have ended, each with a word on it, so that others come in their place. */
export function removeFinished(
  context: Context,
  owner: KubeObject,
  component: string,
  reason: string,
  words: (pod: KubeObject) => string,
): void {
  for (const pod of podsOf(context, owner)) {
    if (!isFinished(pod) || isTerminating(pod)) continue;
    context.events.record(component, owner, "Warning", reason, words(pod));
    deletePod(context, owner, component, pod);
  }
}

export function deletePod(
  { store, events }: Context,
  owner: KubeObject,
  component: string,
  pod: KubeObject,
): void {
  store.terminate(pods, pod, pod.spec.terminationGracePeriodSeconds ?? 30);
  const message = `Deleted pod: ${pod.metadata.name}`;
  events.record(component, owner, "Normal", "SuccessfulDelete", message);
}

/** A number of pods, given as such or as a percentage of all. */
export function scaledValue(
  value: IntOrPercent,
  of: number,
  round: (value: number) => number,
): number {
  if (typeof value === "number") return value;
  return round((Number.parseInt(value, 10) * of) / 100);
}
