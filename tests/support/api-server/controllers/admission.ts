import type { Images } from "../images";
import type { Container, PodSpec } from "../objects";

/** A pod's spec as a mutating webhook makes it. */
export function admitted(images: Images, spec: PodSpec): PodSpec {
  const mirrored = (containers: Container[]) =>
    containers.map((each) => ({ ...each, image: images.mirror(each.image) }));
  return {
    ...spec,
    containers: mirrored(spec.containers),
    ...(spec.initContainers && { initContainers: mirrored(spec.initContainers) }),
  };
}

/** Why the API server does not let a pod in; nothing when it does. */
export function refusalOf(images: Images, pod: string, spec: PodSpec): string | undefined {
  for (const { image } of [...(spec.initContainers ?? []), ...spec.containers]) {
    const { kind, message } = images.behaviourOf(image);
    if (kind === "over-quota") {
      const quota =
        message ?? "exceeded quota: pods, requested: pods=1, used: pods=4, limited: pods=4";
      return `pods "${pod}" is forbidden: ${quota}`;
    }
    if (kind === "denied-by-policy") {
      const reason = message ?? `image ${image} is not of our registry`;
      const policy = "ValidatingAdmissionPolicy 'images' with binding 'images'";
      return `pods "${pod}" is forbidden: ${policy} denied request: ${reason}`;
    }
    if (kind === "denied-by-webhook") {
      const reason = message ?? `image ${image} is not signed`;
      return `admission webhook "images.example.com" denied the request: ${reason}`;
    }
  }
  return undefined;
}
