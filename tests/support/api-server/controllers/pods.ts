import type { Clock } from "../clock";
import { type Events, scheduler } from "../events";
import type { Behaviour, Images } from "../images";
import {
  type ContainerStatus,
  condition,
  type KubeObject,
  putCondition,
  timestamp,
} from "../objects";
import { resourceNamed } from "../resources";
import type { Change, Store } from "../store";
import { advance, type ContainerStep, terminate } from "./containers";
import { isFinished } from "./replicas";

const pods = resourceNamed("pods");
const nodes = resourceNamed("nodes");

/** Stands in for the scheduler and the kubelets: brings each pod one step further at its pace. */
export class Pods {
  private readonly waking = new Map<string, () => void>();
  /** When a container came up, and how often a pull was tried; by container. */
  private readonly memory = new Map<string, number>();
  private readonly lostNodes = new Set<string>();
  private readonly unlisten: () => void;
  private addresses = 0;

  constructor(
    private readonly store: Store,
    private readonly events: Events,
    private readonly clock: Clock,
    private readonly images: Images,
    private readonly pace: number,
  ) {
    this.unlisten = store.listen((change) => this.changed(change));
  }

  stop(): void {
    this.unlisten();
  }

  /** Looks at every pod again, as when what their images do has changed. */
  wakeAll(): void {
    for (const pod of this.store.list(pods)) this.wake(pod, this.pace);
  }

  private changed({ type, resource, object, previous }: Change): void {
    if (resource !== pods) return;
    const ends = object.metadata.deletionTimestamp !== previous?.metadata.deletionTimestamp;
    if (type === "DELETED") this.forget(object);
    else if (type === "ADDED" || ends || object.spec !== previous?.spec) {
      if (ends) this.announceEnd(object);
      this.wake(object, this.pace);
    }
  }

  private forget({ metadata }: KubeObject): void {
    this.waking.get(metadata.uid)?.();
    this.waking.delete(metadata.uid);
    for (const key of this.memory.keys()) {
      if (key.startsWith(metadata.uid)) this.memory.delete(key);
    }
  }

  private announceEnd(pod: KubeObject): void {
    for (const { name, state } of pod.status.containerStatuses ?? []) {
      if (state.running === undefined) continue;
      const field = `spec.containers{${name}}`;
      this.events.record("kubelet", pod, "Normal", "Killing", `Stopping container ${name}`, field);
    }
  }

  private wake({ metadata }: KubeObject, milliseconds: number): void {
    const { namespace, name, uid } = metadata;
    this.waking.get(uid)?.();
    const step = () => {
      const pod = this.store.find(pods, namespace, name);
      if (pod?.metadata.uid === uid) this.step(pod);
    };
    this.waking.set(uid, this.clock.after(milliseconds, step));
  }

  /** The node does not answer any more: its pods are not ready, and none of them ends. */
  lose(node: string): void {
    this.lostNodes.add(node);
    for (const pod of this.store.list(pods).filter(({ spec }) => spec.nodeName === node)) {
      this.writeStatus(pod, (draft) => setCondition(draft, "Ready", "False"));
      this.events.record("node-controller", pod, "Warning", "NodeNotReady", "Node is not ready");
    }
  }

  private step(pod: KubeObject): void {
    if (this.lostNodes.has(pod.spec.nodeName ?? "")) return;
    if (pod.metadata.deletionTimestamp !== undefined) {
      if (this.ends(pod)) this.store.remove(pods, pod);
    } else if (isFinished(pod)) {
      return;
    } else if (condition(pod, "PodScheduled")?.status !== "True") {
      this.schedule(pod);
    } else this.run(pod);
  }

  /** Whether its node ends it, and nothing else holds it. */
  private ends(pod: KubeObject): boolean {
    const stays = this.behaviours(pod).some(({ kind }) => kind === "stays");
    return !stays && !pod.metadata.finalizers?.length;
  }

  private schedule(pod: KubeObject): void {
    const { namespace, name } = pod.metadata;
    const names = this.store.list(nodes).map((node) => node.metadata.name);
    const nodeNames = names.filter((node) => !this.lostNodes.has(node));
    const unschedulable = this.behaviours(pod).find(({ kind }) => kind === "unschedulable");
    if (unschedulable !== undefined) {
      const all = `0/${nodeNames.length} nodes are available: ${nodeNames.length}`;
      const message =
        unschedulable.message ??
        `${all} Insufficient cpu. preemption: ${all} No preemption victims found for incoming pod.`;
      this.events.record(scheduler, pod, "Warning", "FailedScheduling", message);
      const told = unschedulable.autoscaler && autoscaler[unschedulable.autoscaler];
      if (told) this.events.record("cluster-autoscaler", pod, "Normal", ...told);
      this.writeStatus(pod, (draft) => {
        setCondition(draft, "PodScheduled", "False", "Unschedulable", message);
      });
      this.wake(pod, this.pace * 50);
      return;
    }
    this.addresses += 1;
    const address = this.addresses;
    const node = pod.spec.nodeName ?? nodeNames[address % nodeNames.length] ?? "node-1";
    this.store.modify(pods, pod, "spec", ({ spec }) => {
      spec.nodeName = node;
    });
    const message = `Successfully assigned ${namespace}/${name} to ${node}`;
    this.events.record(scheduler, pod, "Normal", "Scheduled", message);
    this.writeStatus(pod, (draft) => {
      const { status, spec } = draft;
      const podIP = `10.244.${(address >> 8) & 255}.${address & 255}`;
      Object.assign(status, {
        hostIP: "10.0.0.1",
        podIP,
        podIPs: [{ ip: podIP }],
        startTime: timestamp(),
      });
      setCondition(draft, "PodScheduled", "True");
      const waiting = spec.initContainers?.length ? "PodInitializing" : "ContainerCreating";
      status.containerStatuses = spec.containers.map(notStarted(waiting));
      if (spec.initContainers?.length) {
        status.initContainerStatuses = spec.initContainers.map(notStarted("PodInitializing"));
      }
      summarise(draft);
    });
    this.wake(pod, this.pace);
  }

  /** Ends a pod as a kubelet does that is short of memory; it stays, as Failed. */
  evict(pod: KubeObject): void {
    const message =
      "The node was low on resource: memory. Threshold quantity: 100Mi, available: 61Mi. ";
    this.end(pod, message, 137);
    this.writeStatus(pod, (draft) => {
      setCondition(draft, "DisruptionTarget", "True", "TerminationByKubelet", message);
    });
  }

  /** Ends a pod with a reason; where the program ends well, only the event has it. */
  private end(pod: KubeObject, message: string, exitCode: number): void {
    this.events.record("kubelet", pod, "Warning", "Evicted", message);
    this.announceEnd(pod);
    this.writeStatus(pod, (draft) => {
      const { status } = draft;
      const well = exitCode === 0;
      for (const each of status.containerStatuses ?? [])
        terminate(each, exitCode, well ? "Completed" : "Error");
      Object.assign(
        status,
        well ? { phase: "Succeeded" } : { phase: "Failed", reason: "Evicted", message },
      );
      for (const type of ["Ready", "ContainersReady"])
        setCondition(draft, type, "False", well ? "PodCompleted" : "PodFailed");
    });
  }

  /** The behaviour of a container that has used up more than its pod may. */
  private exceeding(pod: KubeObject): Behaviour | undefined {
    for (const { name, state } of pod.status.containerStatuses ?? []) {
      const container = pod.spec.containers.find((each) => each.name === name);
      const behaviour = this.images.behaviourOf(container?.image ?? "");
      const began = this.memory.get(`${pod.metadata.uid}/${name}/started`) ?? Date.now();
      const isOver = Date.now() - began >= (behaviour.after ?? this.pace);
      if (behaviour.kind === "exceeds-limit" && state.running && isOver) return behaviour;
    }
    return undefined;
  }

  private run(pod: KubeObject): void {
    const exceeding = this.exceeding(pod);
    if (exceeding !== undefined) {
      const message = 'Usage of EmptyDir volume "cache" exceeds the limit "10Mi". ';
      this.end(pod, exceeding.message ?? message, exceeding.exitCode ?? 137);
      return;
    }
    const delays: number[] = [];
    this.writeStatus(pod, (draft) => {
      const { spec, status } = draft;
      const inits = status.initContainerStatuses ?? [];
      const init = inits.findIndex(({ state }) => state.terminated?.exitCode !== 0);
      const statuses = init === -1 ? (status.containerStatuses ?? []) : inits.slice(init, init + 1);
      const list = init === -1 ? "containers" : "initContainers";
      for (const status of statuses) {
        const container = spec[list]?.find(({ name }) => name === status.name);
        if (container === undefined) continue;
        const delay = advance(this.containerStep(pod, status, container.image, list));
        if (delay !== undefined) delays.push(delay);
      }
      if (init !== -1 && inits[init]?.state.terminated?.exitCode === 0) delays.push(this.pace);
      summarise(draft);
    });
    if (delays.length > 0) this.wake(pod, Math.min(...delays));
  }

  private containerStep(
    pod: KubeObject,
    status: ContainerStatus,
    image: string,
    list: "containers" | "initContainers",
  ): ContainerStep {
    const key = `${pod.metadata.uid}/${status.name}`;
    const field = `spec.${list}{${status.name}}`;
    return {
      pod,
      status,
      image,
      init: list === "initContainers",
      behaviour: this.images.behaviourOf(image),
      pace: this.pace,
      pull: () => {
        const all = [...(pod.spec.initContainers ?? []), ...pod.spec.containers];
        const policy = all.find(({ name }) => name === status.name)?.imagePullPolicy;
        return this.images.pull(image, pod.spec.nodeName ?? "", policy);
      },
      remember: (what, value) => this.memory.set(`${key}/${what}`, value),
      recall: (what) => this.memory.get(`${key}/${what}`) ?? 0,
      tell: (type, reason, message) =>
        this.events.record("kubelet", pod, type, reason, message, field),
    };
  }

  private behaviours({ spec }: KubeObject) {
    const all = [...(spec.initContainers ?? []), ...spec.containers];
    return all.map(({ image }) => this.images.behaviourOf(image));
  }

  private writeStatus(pod: KubeObject, change: (draft: KubeObject) => void): void {
    this.store.modify(pods, pod, "status", change);
  }
}

function notStarted(
  reason: string,
): (container: { name: string; image: string }) => ContainerStatus {
  return ({ name, image }) => ({
    name,
    image,
    imageID: "",
    ready: false,
    started: false,
    restartCount: 0,
    state: { waiting: { reason } },
    lastState: {},
  });
}

/** The pod's phase and conditions, from its containers. */
function summarise(pod: KubeObject): void {
  const { status } = pod;
  const { containerStatuses = [], initContainerStatuses = [] } = status;
  const incomplete = initContainerStatuses.filter(({ state }) => state.terminated?.exitCode !== 0);
  const unready = containerStatuses.filter(({ ready }) => !ready);
  const unborn = containerStatuses.some(
    ({ state, lastState }) => state.waiting && !lastState.terminated,
  );
  status.phase = unborn ? "Pending" : "Running";
  const names = (statuses: ContainerStatus[]) => statuses.map(({ name }) => name).join(" ");
  if (incomplete.length > 0) {
    const message = `containers with incomplete status: [${names(incomplete)}]`;
    setCondition(pod, "Initialized", "False", "ContainersNotInitialized", message);
  } else setCondition(pod, "Initialized", "True");
  for (const type of ["ContainersReady", "Ready"]) {
    if (unready.length > 0) {
      const message = `containers with unready status: [${names(unready)}]`;
      setCondition(pod, type, "False", "ContainersNotReady", message);
    } else setCondition(pod, type, "True");
  }
  const gates = (pod.spec.readinessGates ?? []) as { conditionType: string }[];
  const shut = gates.filter(
    ({ conditionType }) => condition(pod, conditionType)?.status !== "True",
  );
  if (unready.length === 0 && shut.length > 0) {
    const messages = shut.map(({ conditionType }) => {
      const set = condition(pod, conditionType)?.status;
      return set === undefined
        ? `corresponding condition of pod readiness gate "${conditionType}" does not exist.`
        : `the status of pod readiness gate "${conditionType}" is not "True", but ${set}`;
    });
    setCondition(pod, "Ready", "False", "ReadinessGatesNotReady", messages.join(", "));
  }
}

/** What an autoscaler tells about a pod that no node takes: the reason, and its words. */
const autoscaler: Record<"works" | "refuses", [reason: string, message: string]> = {
  works: ["TriggeredScaleUp", "pod triggered scale-up: [{pool 3->4 (max: 5)}]"],
  refuses: ["NotTriggerScaleUp", "pod didn't trigger scale-up: 1 max node group size reached"],
};

function setCondition(
  { status }: KubeObject,
  type: string,
  state: string,
  reason?: string,
  message?: string,
): void {
  putCondition(status, {
    type,
    status: state,
    lastProbeTime: null,
    ...(reason !== undefined && { reason }),
    ...(message !== undefined && { message }),
  });
}
