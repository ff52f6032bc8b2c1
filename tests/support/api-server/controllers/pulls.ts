import type { Behaviour, BehaviourKind } from "../images";

/** A registry's words by what it refuses, as containerd hands them on. */
const words: Partial<Record<BehaviourKind, (image: string) => [code: string, cause: string]>> = {
  "image-not-found": (image) => ["NotFound", `${resolving(image)}: ${image}: not found`],
  "access-denied": (image) => [
    "Unknown",
    `${resolving(image)}: pull access denied, repository does not exist or may require authorization: authorization failed: no basic auth credentials`,
  ],
  "rate-limited": (image) => [
    "Unknown",
    `failed to copy: httpReadSeeker: failed open: unexpected status code ${manifest(image)}: 429 Too Many Requests - Server message: toomanyrequests: You have reached your unauthenticated pull rate limit.`,
  ],
  "registry-error": (image) => [
    "Unknown",
    `${resolving(image)}: unexpected status from HEAD request to ${manifest(image)}: 500 Internal Server Error`,
  ],
};

/** Why the image of a container cannot be pulled; nothing when it can. */
export function pullError({ kind, message }: Behaviour, image: string): string | undefined {
  const given = words[kind]?.(qualified(image));
  if (given === undefined) return undefined;
  if (message !== undefined) return message;
  const [code, cause] = given;
  return `rpc error: code = ${code} desc = failed to pull and unpack image "${qualified(image)}": ${cause}`;
}

function resolving(image: string): string {
  return `failed to resolve reference "${image}"`;
}

/** The image with its registry, which is Docker's unless it is named. */
export function qualified(image: string): string {
  const [first = "", ...rest] = image.split("/");
  if (rest.length === 0) return `docker.io/library/${image}`;
  return /[.:]|^localhost$/.test(first) ? image : `docker.io/${image}`;
}

function manifest(image: string): string {
  const [, registry = "", repository = "", tag = "latest"] =
    /^([^/]+)\/([^:@]+)[:@]?(.*)$/.exec(image) ?? [];
  return `https://${registry}/v2/${repository}/manifests/${tag}`;
}
