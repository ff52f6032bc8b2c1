import { isDeepStrictEqual } from "node:util";
import type { Container, KubeObject, PodSpec, PodTemplate, Spec } from "./objects";

/** Fills in, in place, what the real server would: fields that a client or a controller reads. */
export function setDefaults(object: KubeObject): void {
  dropNulls(object);
  const spec = object.spec as Spec | undefined;
  if (spec === undefined) return;
  switch (object.kind) {
    case "Deployment":
      fill(spec, { replicas: 1, revisionHistoryLimit: 10, progressDeadlineSeconds: 600 });
      spec.strategy = { ...spec.strategy, type: spec.strategy?.type ?? "RollingUpdate" };
      if (spec.strategy.type === "RollingUpdate") {
        spec.strategy.rollingUpdate ??= {};
        fill(spec.strategy.rollingUpdate, { maxUnavailable: "25%", maxSurge: "25%" });
      }
      break;
    case "StatefulSet":
      fill(spec, { replicas: 1, revisionHistoryLimit: 10, podManagementPolicy: "OrderedReady" });
      fill(spec, { serviceName: "" });
      defaultUpdateStrategy(spec);
      if (spec.updateStrategy.type === "RollingUpdate") {
        spec.updateStrategy.rollingUpdate ??= {};
        fill(spec.updateStrategy.rollingUpdate, { partition: 0 });
      }
      break;
    case "DaemonSet":
      fill(spec, { revisionHistoryLimit: 10 });
      defaultUpdateStrategy(spec);
      if (spec.updateStrategy.type === "RollingUpdate") {
        spec.updateStrategy.rollingUpdate ??= {};
        fill(spec.updateStrategy.rollingUpdate, { maxUnavailable: 1, maxSurge: 0 });
      }
      break;
    case "ReplicaSet":
      fill(spec, { replicas: 1 });
      break;
    case "ReplicationController":
      fill(spec, { replicas: 1, selector: spec.template?.metadata?.labels ?? {} });
      break;
    case "CronJob":
      fill(spec, { concurrencyPolicy: "Allow", suspend: false });
      fill(spec, { successfulJobsHistoryLimit: 3, failedJobsHistoryLimit: 1 });
      break;
  }
  const template = templateOf(object);
  if (template !== undefined) {
    template.metadata ??= {};
    if (template.spec !== undefined) defaultPod(template.spec);
  }
  if (object.kind === "Pod") {
    defaultPod(spec);
    if (object.status.phase === undefined)
      object.status = { phase: "Pending", qosClass: "BestEffort" };
  }
}

export const templateGeneration = "deprecated.daemonset.template.generation";

/** Keeps the annotation of a DaemonSet that counts the changes of its template. */
export function countTemplates(object: KubeObject, old?: KubeObject): void {
  if (object.kind !== "DaemonSet") return;
  const before = Number(old?.metadata.annotations?.[templateGeneration] ?? 0);
  const same = old !== undefined && isDeepStrictEqual(object.spec.template, old.spec.template);
  const count = String(same ? before : before + 1);
  object.metadata.annotations = { ...object.metadata.annotations, [templateGeneration]: count };
}

/** The pod template of any kind that has one. */
export function templateOf(object: KubeObject): PodTemplate | undefined {
  const spec = object.spec as Partial<Spec> | undefined;
  return object.kind === "CronJob" ? spec?.jobTemplate?.spec?.template : spec?.template;
}

function defaultUpdateStrategy(spec: Spec): void {
  spec.updateStrategy = {
    ...spec.updateStrategy,
    type: spec.updateStrategy?.type ?? "RollingUpdate",
  };
}

function defaultPod(spec: PodSpec): void {
  fill(spec, { restartPolicy: "Always", terminationGracePeriodSeconds: 30 });
  fill(spec, {
    dnsPolicy: "ClusterFirst",
    securityContext: {},
    schedulerName: "default-scheduler",
  });
  for (const container of [...(spec.initContainers ?? []), ...(spec.containers ?? [])]) {
    fill(container, { resources: {}, imagePullPolicy: pullPolicy(container) });
    fill(container, { terminationMessagePath: "/dev/termination-log" });
    fill(container, { terminationMessagePolicy: "File" });
    for (const port of (container.ports as object[] | undefined) ?? [])
      fill(port, { protocol: "TCP" });
  }
}

function pullPolicy({ image }: Container): string {
  const name = image?.slice(image.lastIndexOf("/") + 1) ?? "";
  const latest = name.endsWith(":latest") || !/[:@]/.test(name);
  return latest ? "Always" : "IfNotPresent";
}

function fill(target: object, defaults: Record<string, unknown>): void {
  for (const [field, value] of Object.entries(defaults)) {
    const fields = target as Record<string, unknown>;
    fields[field] ??= value;
  }
}

/** A client's typed zero values, as creationTimestamp, are no values to the server. */
function dropNulls(value: object): void {
  for (const [field, inner] of Object.entries(value)) {
    if (inner === null) delete (value as Record<string, unknown>)[field];
    else if (typeof inner === "object") dropNulls(inner);
  }
}
