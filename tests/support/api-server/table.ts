import { templateOf } from "./defaulting";
import type { ContainerStatus, EventObject, KubeObject, LabelSelector, Labels } from "./objects";
import { controllerOf } from "./objects";
import type { Resource } from "./resources";

type Cell = string | number | boolean;

interface Column {
  name: string;
  cell: (object: KubeObject) => Cell;
  /** Shown with -o wide only. */
  wide?: boolean;
}

/** The server-side table that `kubectl get` prints. */
export function tableOf(
  resource: Resource,
  objects: KubeObject[],
  includeObject: string,
  metadata: object,
) {
  const columns = columnsOf[resource.kind] ?? plain;
  return {
    kind: "Table",
    apiVersion: "meta.k8s.io/v1",
    metadata,
    columnDefinitions: columns.map(({ name, wide }) => ({
      name,
      type: "string",
      format: name === "Name" ? "name" : "",
      description: "",
      priority: wide ? 1 : 0,
    })),
    rows: objects.map((object) => ({
      cells: columns.map(({ cell }) => cell(object)),
      object: includeObject === "Object" ? object : metadataOf(object),
    })),
  };
}

const name: Column = { name: "Name", cell: (object) => object.metadata.name };
const age: Column = { name: "Age", cell: (object) => since(object.metadata.creationTimestamp) };
const containers = [
  wide("Containers", (object) =>
    containersOf(object)
      .map((each) => each.name)
      .join(","),
  ),
  wide("Images", (object) =>
    containersOf(object)
      .map((each) => each.image)
      .join(","),
  ),
];
const selector = wide("Selector", (object) => selectorText(object.spec.selector));
const plain = [name, age];

const columnsOf: Record<string, Column[]> = {
  Deployment: [
    name,
    column("Ready", ({ spec, status }) => `${status.readyReplicas ?? 0}/${spec.replicas}`),
    column("Up-to-date", ({ status }) => status.updatedReplicas ?? 0),
    column("Available", ({ status }) => status.availableReplicas ?? 0),
    age,
    ...containers,
    selector,
  ],
  ReplicaSet: [...replicaColumns(), age, ...containers, selector],
  ReplicationController: [...replicaColumns(), age, ...containers, selector],
  StatefulSet: [
    name,
    column("Ready", ({ spec, status }) => `${status.readyReplicas ?? 0}/${spec.replicas}`),
    age,
    ...containers,
  ],
  DaemonSet: [
    name,
    column("Desired", ({ status }) => status.desiredNumberScheduled ?? 0),
    column("Current", ({ status }) => status.currentNumberScheduled ?? 0),
    column("Ready", ({ status }) => status.numberReady ?? 0),
    column("Up-to-date", ({ status }) => status.updatedNumberScheduled ?? 0),
    column("Available", ({ status }) => status.numberAvailable ?? 0),
    column("Node Selector", () => "<none>"),
    age,
    ...containers,
    selector,
  ],
  CronJob: [
    name,
    column("Schedule", ({ spec }) => spec.schedule ?? ""),
    column("Timezone", ({ spec }) => spec.timeZone ?? "<none>"),
    column("Suspend", ({ spec }) => spec.suspend === true),
    column("Active", () => 0),
    column("Last Schedule", () => "<none>"),
    age,
    ...containers,
  ],
  Pod: [
    name,
    column("Ready", (pod) => {
      const ready = (pod.status.containerStatuses ?? []).filter((each) => each.ready);
      return `${ready.length}/${pod.spec.containers.length}`;
    }),
    column("Status", podStatus),
    column("Restarts", restarts),
    age,
    wide("IP", ({ status }) => status.podIP ?? "<none>"),
    wide("Node", ({ spec }) => spec.nodeName ?? "<none>"),
    wide("Nominated Node", () => "<none>"),
    wide("Readiness Gates", () => "<none>"),
  ],
  Node: [
    name,
    column("Status", () => "Ready"),
    column("Roles", () => "<none>"),
    age,
    column("Version", () => "v1.33.4"),
  ],
  Namespace: [name, column("Status", () => "Active"), age],
  ControllerRevision: [
    name,
    column("Controller", (object) => {
      const owner = controllerOf(object);
      return owner ? `${owner.kind.toLowerCase()}.apps/${owner.name}` : "<none>";
    }),
    column("Revision", ({ revision }) => revision as number),
    age,
  ],
  Event: [
    event("Last Seen", (each) => since(each.lastTimestamp ?? each.eventTime ?? "")),
    event("Type", ({ type }) => type),
    event("Reason", ({ reason }) => reason),
    event("Object", ({ involvedObject: { kind, name } }) => `${kind.toLowerCase()}/${name}`),
    { ...event("Subobject", ({ involvedObject }) => involvedObject.fieldPath ?? ""), wide: true },
    { ...event("Source", ({ source }) => source.component ?? ""), wide: true },
    event("Message", ({ message }) => message.trim()),
    {
      ...event("First Seen", (each) => since(each.firstTimestamp ?? each.eventTime ?? "")),
      wide: true,
    },
    { ...event("Count", ({ count }) => count ?? 0), wide: true },
    { ...name, wide: true },
  ],
};

function column(name: string, cell: Column["cell"]): Column {
  return { name, cell };
}

function wide(name: string, cell: Column["cell"]): Column {
  return { name, cell, wide: true };
}

function event(name: string, cell: (event: EventObject) => Cell): Column {
  return { name, cell: (object) => cell(object as EventObject) };
}

function replicaColumns(): Column[] {
  return [
    name,
    column("Desired", ({ spec }) => spec.replicas),
    column("Current", ({ status }) => status.replicas ?? 0),
    column("Ready", ({ status }) => status.readyReplicas ?? 0),
  ];
}

/** A pod's STATUS as kubectl users know it: the most telling reason of its containers. */
function podStatus({ metadata, spec, status }: KubeObject): string {
  if (metadata.deletionTimestamp !== undefined) return "Terminating";
  const inits = status.initContainerStatuses ?? [];
  const done = inits.filter(({ state }) => state.terminated?.exitCode === 0).length;
  if (done < inits.length) {
    const reason = trouble(inits[done]);
    const waits = reason === undefined || reason === "PodInitializing";
    return waits ? `Init:${done}/${spec.initContainers?.length}` : `Init:${reason}`;
  }
  const reasons = (status.containerStatuses ?? []).flatMap((each) => trouble(each) ?? []);
  return reasons[0] ?? status.reason ?? status.phase ?? "Unknown";
}

function trouble(status: ContainerStatus | undefined): string | undefined {
  return status?.state.waiting?.reason ?? status?.state.terminated?.reason;
}

function restarts({ status }: KubeObject): string {
  const all = [...(status.initContainerStatuses ?? []), ...(status.containerStatuses ?? [])];
  const count = all.reduce((sum, each) => sum + each.restartCount, 0);
  const last = all
    .flatMap((each) => each.lastState.terminated?.finishedAt ?? [])
    .sort()
    .pop();
  return last !== undefined && count > 0 ? `${count} (${since(last)} ago)` : String(count);
}

function containersOf(object: KubeObject) {
  return templateOf(object)?.spec.containers ?? [];
}

function selectorText(selector: LabelSelector | Labels): string {
  const labels = (selector as LabelSelector).matchLabels ?? (selector as Labels);
  return Object.entries(labels)
    .map(([key, value]) => `${key}=${value}`)
    .join(",");
}

function metadataOf({ metadata }: KubeObject) {
  return { kind: "PartialObjectMetadata", apiVersion: "meta.k8s.io/v1", metadata };
}

/** The time since then, as short as kubectl says it. */
function since(then: string): string {
  const seconds = Math.max(0, Math.floor((Date.now() - Date.parse(then)) / 1000));
  if (seconds < 120) return `${seconds}s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 180) return `${minutes}m`;
  const hours = Math.floor(minutes / 60);
  return hours < 48 ? `${hours}h` : `${Math.floor(hours / 24)}d`;
}
