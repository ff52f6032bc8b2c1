import { createHash, randomUUID } from "node:crypto";
import type { Behaviour } from "../images";
import { type ContainerStatus, type KubeObject, timestamp } from "../objects";

/** One container at one moment, and the means to take it a step further. */
export interface ContainerStep {
  pod: KubeObject;
  status: ContainerStatus;
  image: string;
  init: boolean;
  behaviour: Behaviour;
  pace: number;
  remember(what: "started" | "pulls", value: number): void;
  recall(what: "started" | "pulls"): number;
  tell(type: "Normal" | "Warning", reason: string, message: string): void;
}

/** Changes the status to the container's next; returns when to look again, or nothing to rest. */
export function advance(step: ContainerStep): number | undefined {
  const { status, image } = step;
  if (status.image !== image) return replaceImage(step);
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
  const { status, image, behaviour, pace, tell, remember } = step;
  switch (behaviour.kind) {
    case "invalid-name": {
      const message = `Failed to apply default image tag "${image}": couldn't parse image name "${image}": invalid reference format`;
      tell("Warning", "InspectFailed", message);
      tell("Warning", "Failed", "Error: InvalidImageName");
      status.state = { waiting: { reason: "InvalidImageName", message } };
      return pace * 50;
    }
    case "image-not-found":
      return failToPull(step);
    case "config-error": {
      const message = 'configmap "settings" not found';
      tell("Warning", "Failed", `Error: ${message}`);
      status.state = { waiting: { reason: "CreateContainerConfigError", message } };
      return pace * 50;
    }
  }
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
  const digest = createHash("sha256").update(image).digest("hex");
  const [repository = ""] = image.split("@");
  status.imageID = `${repository.replace(/:[^:/]*$/, "")}@sha256:${digest}`;
  status.containerID = `containerd://${createHash("sha256").update(randomUUID()).digest("hex")}`;
  status.state = { running: { startedAt: timestamp() } };
  status.started = true;
  const crashesLater = behaviour.after !== undefined && fails(behaviour);
  status.ready = !step.init && crashesLater;
  remember("started", Date.now());
  return behaviour.after ?? pace;
}

function failToPull({ status, image, pace, tell, remember, recall }: ContainerStep): number {
  const cause = `failed to pull and unpack image "${image}": failed to resolve reference "${image}": ${image}: not found`;
  const message = `rpc error: code = NotFound desc = ${cause}`;
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

function runOn({ status, init, behaviour, pace, tell, recall }: ContainerStep): number | undefined {
  const remaining = recall("started") + (behaviour.after ?? 0) - Date.now();
  if (remaining > 0) return remaining;
  if (behaviour.kind === "oom-killed") terminate(status, 137, "OOMKilled");
  else if (behaviour.kind === "crash-loop") terminate(status, behaviour.exitCode ?? 1, "Error");
  else if (init) {
    terminate(status, 0, "Completed");
    status.ready = true;
    return undefined;
  } else if (behaviour.kind === "never-ready") {
    status.ready = false;
    tell("Warning", "Unhealthy", "Readiness probe failed: HTTP probe failed with statuscode: 503");
    return pace * 25;
  } else {
    status.ready = true;
    return undefined;
  }
  return pace;
}

function backOff({ pod, status, init, pace, tell }: ContainerStep): number | undefined {
  if (init && status.state.terminated?.exitCode === 0) return undefined;
  const { name, namespace, uid } = pod.metadata;
  const where = `container ${status.name} in pod ${name}_${namespace}(${uid})`;
  tell("Warning", "BackOff", `Back-off restarting failed ${where}`);
  const seconds = Math.min(300, 10 * 2 ** status.restartCount);
  const wait = `back-off ${seconds}s restarting failed container=${status.name} pod=${name}_${namespace}(${uid})`;
  status.lastState = status.state;
  status.state = { waiting: { reason: "CrashLoopBackOff", message: wait } };
  return delay(pace, status.restartCount);
}

function terminate(status: ContainerStatus, exitCode: number, reason: string): void {
  const startedAt = status.state.running?.startedAt ?? timestamp();
  const { containerID = "" } = status;
  status.state = {
    terminated: { exitCode, reason, startedAt, finishedAt: timestamp(), containerID },
  };
  status.ready = false;
  status.started = false;
}

function fails({ kind }: Behaviour): boolean {
  return kind === "crash-loop" || kind === "oom-killed";
}

/** Waits longer after each failure, as the kubelet does. */
function delay(pace: number, failures: number): number {
  return pace * Math.min(300, 5 * 2 ** failures);
}
