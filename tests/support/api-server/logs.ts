import type { Images } from "./images";
import type { KubeObject } from "./objects";
import { StatusError } from "./status";

/** What a container of a pod printed, as its image's behaviour says. */
export function logOf(pod: KubeObject, images: Images, query: URLSearchParams): string {
  const { name: podName } = pod.metadata;
  const { containers, initContainers = [] } = pod.spec;
  const all = [...initContainers, ...containers];
  const wanted = query.get("container") ?? (containers.length === 1 ? containers[0]?.name : null);
  const names = containers.map((each) => each.name).join(" ");
  if (wanted === null) {
    throw badRequest(
      `a container name must be specified for pod ${podName}, choose one of: [${names}]`,
    );
  }
  const container = all.find((each) => each.name === wanted);
  if (container === undefined)
    throw badRequest(`container ${wanted} is not valid for pod ${podName}`);

  const statuses = [
    ...(pod.status.initContainerStatuses ?? []),
    ...(pod.status.containerStatuses ?? []),
  ];
  const status = statuses.find((each) => each.name === wanted);
  const previous = query.get("previous") === "true";
  if (previous && status?.lastState.terminated === undefined) {
    throw badRequest(`previous terminated container "${wanted}" in pod "${podName}" not found`);
  }
  const started = status?.state.running ?? status?.state.terminated ?? status?.lastState.terminated;
  if (started === undefined) {
    const reason = status?.state.waiting?.reason ?? "ContainerCreating";
    throw badRequest(
      `container "${wanted}" in pod "${podName}" is waiting to start: ${waiting(reason)}`,
    );
  }
  const { log = "", logRemoved } = images.behaviourOf(container.image);
  if (previous && logRemoved) {
    return `unable to retrieve container logs for ${status?.lastState.terminated?.containerID}`;
  }
  const lines = log === "" ? [] : log.replace(/\n$/, "").split("\n");
  const tail = query.get("tailLines");
  const shown = tail === null ? lines : lines.slice(Math.max(0, lines.length - Number(tail)));
  return shown.map((line) => `${line}\n`).join("");
}

function waiting(reason: string): string {
  if (reason === "ErrImagePull") return "image can't be pulled";
  if (reason === "ImagePullBackOff") return "trying and failing to pull image";
  return reason;
}

function badRequest(message: string): StatusError {
  return new StatusError(400, message);
}
