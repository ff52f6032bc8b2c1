import { createHash, randomUUID } from "node:crypto";
import type { Behaviour, BehaviourKind } from "../images";
import { type ContainerStatus, type KubeObject, timestamp } from "../objects";
import { pullError, qualified } from "./pulls";

/** One container at one moment, and the means to take it a step further. */
export interface ContainerStep {
  pod: KubeObject;
  status: ContainerStatus;
  image: string;
  init: boolean;
  behaviour: Behaviour;
  pace: number;
  /** The digest that the node runs for the image. */
  pull(): string;
  remember(what: "started" | "pulls", value: number): void;
  recall(what: "started" | "pulls"): number;
  tell(type: "Normal" | "Warning", reason: string, message: string): void;
}

/** Changes the status to the container's next; returns when to look again, or nothing to rest. */
export function advance(step: ContainerStep): number | undefined {
  const { status, image } = step;
  if (![image, qualified(image)].includes(status.image)) return replaceImage(step);
  if (status.state.running) return runOn(step);
  if (status.state.terminated) return backOff(step);
  return start(step);
}

function replaceImage({ status, image, pace, tell, remember }: ContainerStep): number {
  if (status.state.running) {
    const message = `Container ${status.name} definition changed, will be restarted`;
    tell("Normal", "Killing", message);
    terminate(status, 0, "Completed");
    status.lastState = status.state;
    status.restartCount += 1;
  }
  status.image = image;
  status.imageID = "";
  status.state = { waiting: { reason: "ContainerCreating" } };
  remember("pulls", 0);
  return pace;
}

function start(step: ContainerStep): number {
  const { status, image, behaviour, pace, tell, remember, pull } = step;
  switch (behaviour.kind) {
    case "invalid-name": {
      const message = `Failed to apply default image tag "${image}": couldn't parse image name "${image}": invalid reference format`;
      tell("Warning", "InspectFailed", message);
      tell("Warning", "Failed", "Error: InvalidImageName");
      status.state = { waiting: { reason: "InvalidImageName", message } };
      return pace * 50;
    }
    case "config-error": {
      const message = behaviour.message ?? 'secret "settings" not found';
      tell("Warning", "Failed", `Error: ${message}`);
      status.state = { waiting: { reason: "CreateContainerConfigError", message } };
      return pace * 50;
    }
  }
  const refusal = pullError(behaviour, image);
  if (refusal !== undefined) return failToPull(step, refusal);
  if (status.state.waiting?.reason === "CrashLoopBackOff") status.restartCount += 1;
  if (status.imageID === "") {
    tell("Normal", "Pulling", `Pulling image "${image}"`);
    tell(
      "Normal",
      "Pulled",
      `Successfully pulled image "${image}" in 20ms (20ms including waiting). Image size: 1048576 bytes.`,
    );
  } else tell("Normal", "Pulled", `Container image "${image}" already present on machine`);
  tell("Normal", "Created", `Created container: ${status.name}`);
  tell("Normal", "Started", `Started container ${status.name}`);
  status.image = qualified(image);
  const [repository = ""] = status.image.split("@");
  status.imageID = `${repository.replace(/:[^:/]*$/, "")}@${pull()}`;
  status.containerID = `containerd://${createHash("sha256").update(randomUUID()).digest("hex")}`;
  status.state = { running: { startedAt: timestamp() } };
  status.started = behaviour.kind !== "startup-failing";
  const endsLater = behaviour.after !== undefined && behaviour.kind in endings;
  status.ready = !step.init && status.started && endsLater;
  remember("started", Date.now());
  return behaviour.after ?? pace;
}

function failToPull(step: ContainerStep, message: string): number {
  const { status, image, pace, tell, remember, recall } = step;
  if (status.state.waiting?.reason === "ErrImagePull") {
    tell("Normal", "BackOff", `Back-off pulling image "${image}"`);
    tell("Warning", "Failed", "Error: ImagePullBackOff");
    const backOff = `Back-off pulling image "${image}": ErrImagePull: ${message}`;
    status.state = { waiting: { reason: "ImagePullBackOff", message: backOff } };
    const pulls = recall("pulls");
    remember("pulls", pulls + 1);
    return delay(pace, pulls);
  }
  tell("Normal", "Pulling", `Pulling image "${image}"`);
  tell("Warning", "Failed", `Failed to pull image "${image}": ${message}`);
  tell("Warning", "Failed", "Error: ErrImagePull");
  status.state = { waiting: { reason: "ErrImagePull", message } };
  return pace;
}

/** How a container ends that does not run on: its exit code, the reason, the probe that did it. */
const endings: Partial<Record<BehaviourKind, [number, string, probe?: string]>> = {
  "crash-loop": [1, "Error"],
  "oom-killed": [137, "OOMKilled"],
  "liveness-failing": [137, "Error", "Liveness"],
  "startup-failing": [137, "Error", "Startup"],
  "hook-fails": [0, "Completed"],
};
const probed = "probe failed: HTTP probe failed with statuscode: 503";
/** How often a probe fails before the kubelet ends the container. */
const failureThreshold = 3;

function runOn({ status, init, behaviour, pace, tell, recall }: ContainerStep): number | undefined {
  const remaining = recall("started") + (behaviour.after ?? 0) - Date.now();
  if (remaining > 0) return remaining;
  const ending = endings[behaviour.kind];
  if (ending !== undefined) {
    const [exitCode, reason, probe] = ending;
    if (probe !== undefined) {
      const message = behaviour.message ?? `${probe} ${probed}`;
      for (let n = 0; n < failureThreshold; n += 1) tell("Warning", "Unhealthy", message);
      const why = `failed ${probe.toLowerCase()} probe, will be restarted`;
      tell("Normal", "Killing", `Container ${status.name} ${why}`);
    }
    if (behaviour.kind === "hook-fails") {
      tell("Warning", "FailedPostStartHook", behaviour.message ?? "PostStartHook failed");
      tell("Normal", "Killing", "FailedPostStartHook");
    }
    terminate(status, behaviour.exitCode ?? exitCode, reason);
    return pace;
  }
  if (behaviour.kind === "never-ready" && !init) {
    status.ready = false;
    tell("Warning", "Unhealthy", behaviour.message ?? `Readiness ${probed}`);
    return pace * 25;
  }
  if (init) terminate(status, 0, "Completed");
  status.ready = true;
  return undefined;
}

/** After its first end a container starts again at once, after each further one it waits longer. */
function backOff(step: ContainerStep): number | undefined {
  const { pod, status, init, pace, tell } = step;
  if (init && status.state.terminated?.exitCode === 0) return undefined;
  status.lastState = status.state;
  if (status.restartCount === 0) {
    status.restartCount = 1;
    return start(step);
  }
  const { name, namespace, uid } = pod.metadata;
  const where = `container ${status.name} in pod ${name}_${namespace}(${uid})`;
  tell("Warning", "BackOff", `Back-off restarting failed ${where}`);
  const wait = duration(Math.min(300, 10 * 2 ** (status.restartCount - 1)));
  const message = `back-off ${wait} restarting failed container=${status.name} pod=${name}_${namespace}(${uid})`;
  status.state = { waiting: { reason: "CrashLoopBackOff", message } };
  return delay(pace, status.restartCount - 1);
}

/** Seconds as Go writes them: `40s`, `2m40s`. */
function duration(seconds: number): string {
  const minutes = Math.floor(seconds / 60);
  return minutes === 0 ? `${seconds}s` : `${minutes}m${seconds % 60}s`;
}

/** The container has ended. */
export function terminate(status: ContainerStatus, exitCode: number, reason: string): void {
  const startedAt = status.state.running?.startedAt ?? timestamp();
  const { containerID = "" } = status;
  status.state = {
    terminated: { exitCode, reason, startedAt, finishedAt: timestamp(), containerID },
  };
  status.ready = false;
  status.started = false;
}

/** Waits longer after each failure, as the kubelet does. */
function delay(pace: number, failures: number): number {
  return pace * Math.min(300, 5 * 2 ** failures);
}
