import { type Call, nameOf, verbOf } from "./call";
import { qualified } from "./resources";
import type { StatusDetails } from "./status";

/** What the real server says with a status. */
export function refusalWords(
  code: number,
  call: Call | undefined,
  resourceVersion: number,
  user = "system:serviceaccount:default:release",
): string {
  const { plural = "unknown", group = "" } = call?.resource ?? {};
  const what = qualified(plural, group);
  const name = call && nameOf(call);
  const which = name === undefined ? what : `${what} "${name}"`;
  switch (code) {
    case 401:
      return "Unauthorized";
    case 403: {
      const where = call?.namespace
        ? `in the namespace "${call.namespace}"`
        : "at the cluster scope";
      const verb = call === undefined ? "get" : verbOf(call);
      const asked = [plural, call?.subresource].filter(Boolean).join("/");
      return `${which} is forbidden: User "${user}" cannot ${verb} resource "${asked}" in API group "${group}" ${where}`;
    }
    case 404:
      return `${which} not found`;
    case 409:
      return `Operation cannot be fulfilled on ${which}: the object has been modified; please apply your changes to the latest version and try again`;
    case 410:
      return `too old resource version: 1 (${resourceVersion})`;
    case 429:
      return "the server has received too many requests and has asked us to try again later";
    case 503:
      return "the server is currently unable to handle the request";
    default:
      return "Internal error occurred: etcdserver: request timed out";
  }
}

/** What the real server says a refusal is about. */
export function detailsOf(call: Call): StatusDetails {
  const { group, plural } = call.resource;
  const name = nameOf(call);
  return { ...(name !== undefined && { name }), ...(group && { group }), kind: plural };
}
