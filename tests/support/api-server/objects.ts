/** Kubernetes objects, as loosely typed as a test instrument can afford: the fields it reads. */
export type Json = null | boolean | number | string | Json[] | JsonObject;
export interface JsonObject {
  [field: string]: Json;
}

export type Labels = Record<string, string>;
export type IntOrPercent = number | string;

export interface OwnerReference {
  apiVersion: string;
  kind: string;
  name: string;
  uid: string;
  controller?: boolean;
  blockOwnerDeletion?: boolean;
}

export interface Metadata {
  name: string;
  namespace?: string;
  generateName?: string;
  uid: string;
  resourceVersion: string;
  generation?: number;
  creationTimestamp: string;
  deletionTimestamp?: string;
  deletionGracePeriodSeconds?: number;
  finalizers?: string[];
  labels?: Labels;
  annotations?: Record<string, string>;
  ownerReferences?: OwnerReference[];
  managedFields?: Json;
}

export interface Container {
  name: string;
  image: string;
  [field: string]: unknown;
}

export interface PodSpec {
  containers: Container[];
  initContainers?: Container[];
  nodeName?: string;
  restartPolicy?: string;
  terminationGracePeriodSeconds?: number;
  [field: string]: unknown;
}

export interface PodTemplate {
  metadata: { labels?: Labels; annotations?: Record<string, string> };
  spec: PodSpec;
}

export interface LabelSelector {
  matchLabels?: Labels;
  matchExpressions?: { key: string; operator: string; values?: string[] }[];
}

export interface RollingUpdate {
  maxSurge?: IntOrPercent;
  maxUnavailable?: IntOrPercent;
  partition?: number;
}

export interface UpdateStrategy {
  type: string;
  rollingUpdate?: RollingUpdate;
}

/** Required fields are the ones defaulting fills in for the kinds that have them. */
export interface Spec extends PodSpec {
  replicas: number;
  selector: LabelSelector;
  template: PodTemplate;
  strategy: UpdateStrategy;
  updateStrategy: UpdateStrategy;
  revisionHistoryLimit: number;
  progressDeadlineSeconds?: number;
  minReadySeconds?: number;
  paused?: boolean;
  podManagementPolicy?: string;
  schedule?: string;
  timeZone?: string;
  suspend?: boolean;
  jobTemplate: { spec: { template: PodTemplate } };
}

export interface Condition {
  type: string;
  status: string;
  reason?: string;
  message?: string;
  lastProbeTime?: string | null;
  lastUpdateTime?: string;
  lastTransitionTime?: string;
}

export interface TerminatedState {
  exitCode: number;
  reason: string;
  message?: string;
  startedAt: string;
  finishedAt: string;
  containerID: string;
}

export interface ContainerState {
  waiting?: { reason: string; message?: string };
  running?: { startedAt: string };
  terminated?: TerminatedState;
}

export interface ContainerStatus {
  name: string;
  image: string;
  imageID: string;
  containerID?: string;
  ready: boolean;
  started: boolean;
  restartCount: number;
  state: ContainerState;
  lastState: ContainerState;
}

export interface Status {
  phase?: string;
  reason?: string;
  message?: string;
  podIP?: string;
  hostIP?: string;
  podIPs?: { ip: string }[];
  startTime?: string;
  qosClass?: string;
  conditions?: Condition[];
  containerStatuses?: ContainerStatus[];
  initContainerStatuses?: ContainerStatus[];
  observedGeneration?: number;
  replicas?: number;
  fullyLabeledReplicas?: number;
  updatedReplicas?: number;
  readyReplicas?: number;
  availableReplicas?: number;
  unavailableReplicas?: number;
  currentReplicas?: number;
  currentRevision?: string;
  updateRevision?: string;
  collisionCount?: number;
  currentNumberScheduled?: number;
  desiredNumberScheduled?: number;
  numberMisscheduled?: number;
  numberReady?: number;
  updatedNumberScheduled?: number;
  numberAvailable?: number;
  numberUnavailable?: number;
}

export interface KubeObject {
  apiVersion: string;
  kind: string;
  metadata: Metadata;
  spec: Spec;
  status: Status;
  [field: string]: unknown;
}

/** What a client sends: the server fills in the rest. */
export interface Draft {
  apiVersion: string;
  kind: string;
  metadata: Partial<Metadata>;
  spec?: object;
  [field: string]: unknown;
}

export interface ObjectReference {
  apiVersion: string;
  kind: string;
  namespace: string;
  name: string;
  uid: string;
  fieldPath?: string;
}

/** The times and the count stand in one of two places: the scheduler's events have a series. */
export interface EventObject extends KubeObject {
  involvedObject: ObjectReference;
  type: string;
  reason: string;
  message: string;
  source: { component?: string };
  reportingComponent: string;
  count?: number;
  firstTimestamp: string | null;
  lastTimestamp: string | null;
  eventTime: string | null;
  series?: { count: number; lastObservedTime: string };
}

export interface ControllerRevision extends KubeObject {
  revision: number;
  data: { spec: { template: PodTemplate & { $patch: string } } };
}

/** Kubernetes writes whole seconds. */
export function timestamp(date = new Date()): string {
  return `${date.toISOString().slice(0, 19)}Z`;
}

export function controllerOf(object: KubeObject): OwnerReference | undefined {
  return object.metadata.ownerReferences?.find((owner) => owner.controller);
}

export function ownedBy(owner: KubeObject): OwnerReference[] {
  const { apiVersion, kind, metadata } = owner;
  const { name, uid } = metadata;
  return [{ apiVersion, kind, name, uid, controller: true, blockOwnerDeletion: true }];
}

/** Puts a condition in the place of the one of its type, whose time stays while its status does. */
export function putCondition(status: Status, { type, ...rest }: Condition): void {
  const { conditions = [] } = status;
  const old = conditions.find((each) => each.type === type);
  const lastTransitionTime = (old?.status === rest.status && old.lastTransitionTime) || timestamp();
  const next = { type, ...rest, lastTransitionTime };
  status.conditions = [...conditions.filter((each) => each !== old), next];
}

export function condition(object: KubeObject, type: string): Condition | undefined {
  return object.status.conditions?.find((each) => each.type === type);
}
