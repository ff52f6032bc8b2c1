import { randomBytes } from "node:crypto";
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

const pods = resourceNamed("pods");

export function podsOf({ store }: Context, owner: KubeObject): KubeObject[] {
  const { namespace, uid } = owner.metadata;
  return store.list(pods, namespace).filter((pod) => controllerOf(pod)?.uid === uid);
}

export function isTerminating(object: KubeObject): boolean {
  return object.metadata.deletionTimestamp !== undefined;
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

export function createPod(
  { store, events }: Context,
  owner: KubeObject,
  component: string,
  template: PodTemplate,
  given: { name?: string; labels?: Record<string, string>; nodeName?: string } = {},
): void {
  const name = given.name ?? `${owner.metadata.name}-${randomBytes(3).toString("hex").slice(0, 5)}`;
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
    spec: { ...template.spec, ...(given.nodeName !== undefined && { nodeName: given.nodeName }) },
    status: { phase: "Pending", qosClass: "BestEffort" },
  });
  events.record(component, owner, "Normal", "SuccessfulCreate", `Created pod: ${name}`);
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
