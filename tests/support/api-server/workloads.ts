import type { Container, Draft, Labels, PodSpec, UpdateStrategy } from "./objects";

/** What most tests want to say of a workload; the rest has defaults. */
export interface WorkloadOptions {
  name: string;
  namespace?: string;
  /** The image of a single container named app. */
  image?: string;
  containers?: Container[];
  initContainers?: Container[];
  /** More of the pods' spec. */
  podSpec?: Partial<PodSpec>;
  labels?: Labels;
  annotations?: Record<string, string>;
}

export interface ReplicasOptions extends WorkloadOptions {
  replicas?: number;
  minReadySeconds?: number;
}

export interface DeploymentOptions extends ReplicasOptions {
  /** Pauses it once it is rolled out. */
  paused?: boolean;
  progressDeadlineSeconds?: number;
  revisionHistoryLimit?: number;
  strategy?: UpdateStrategy;
}

export interface StatefulSetOptions extends ReplicasOptions {
  updateStrategy?: UpdateStrategy;
  podManagementPolicy?: "OrderedReady" | "Parallel";
}

export interface DaemonSetOptions extends WorkloadOptions {
  minReadySeconds?: number;
  updateStrategy?: UpdateStrategy;
}

export interface CronJobOptions extends WorkloadOptions {
  schedule?: string;
}

export function workload(kind: string, options: WorkloadOptions): Draft {
  const { name, namespace = "default", labels, annotations, ...rest } = options;
  const { image = "example/app:1", initContainers, containers, podSpec, ...fields } = rest;
  const podLabels = { app: name, ...labels };
  const template = {
    metadata: { labels: podLabels },
    spec: {
      containers: containers ?? [{ name: "app", image }],
      ...(initContainers && { initContainers }),
      ...podSpec,
    },
  };
  return {
    apiVersion: "apps/v1",
    kind,
    metadata: { name, namespace, labels: podLabels, ...(annotations && { annotations }) },
    spec: { selector: { matchLabels: { app: name } }, template, ...fields },
  };
}

export function cronJob({ schedule = "0 3 * * *", ...options }: CronJobOptions): Draft {
  const { metadata, spec } = workload("CronJob", options);
  const { template } = spec as { template: { spec: object } };
  const podSpec = { restartPolicy: "OnFailure", ...template.spec };
  const jobTemplate = { spec: { template: { ...template, spec: podSpec } } };
  return { apiVersion: "batch/v1", kind: "CronJob", metadata, spec: { schedule, jobTemplate } };
}
