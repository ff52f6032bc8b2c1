import type { IncomingMessage } from "node:http";
import type { PatchType, Target, WriteOptions } from "./api";
import type { Json } from "./objects";
import { type Resource, resources } from "./resources";
import { fieldSelector, labelSelector, type Matches } from "./selectors";
import { StatusError } from "./status";

/** A request for a resource: a collection unless it has a name. */
export interface Call {
  method: string;
  resource: Resource;
  namespace?: string;
  name?: string;
  subresource?: string;
  query: URLSearchParams;
  accept: string;
  contentType: string;
  /** In whose name it is, where it says so. */
  user: string;
  body: Json;
}

const patchTypes: Record<string, PatchType> = {
  "application/strategic-merge-patch+json": "strategic",
  "application/merge-patch+json": "merge",
  "application/json-patch+json": "json",
};

export function callOf(
  method: string,
  path: string,
  query: URLSearchParams,
  body: Json,
  headers: IncomingMessage["headers"],
): Call | undefined {
  const match = /^\/(?:api\/(v1)|apis\/([^/]+)\/([^/]+))\/(.+)$/.exec(path);
  if (match === null) return undefined;
  const [, core, group = "", version = core, rest = ""] = match;
  const segments = rest.split("/").map(decodeURIComponent);
  const scoped = segments[0] === "namespaces" && segments.length > 2;
  const [plural, name, subresource] = scoped ? segments.slice(2) : segments;
  const resource = resources.find(
    (each) => each.group === group && each.version === version && each.plural === plural,
  );
  if (resource === undefined) return undefined;
  if (subresource !== undefined && !resource.subresources.includes(subresource)) return undefined;
  return {
    method,
    resource,
    ...(scoped && { namespace: segments[1] ?? "" }),
    ...(name !== undefined && { name }),
    ...(subresource !== undefined && { subresource }),
    query,
    accept: headers.accept ?? "",
    contentType: headers["content-type"]?.split(";")[0] ?? "",
    user: String(headers["impersonate-user"] ?? ""),
    body,
  };
}

export function patchTypeOf({ contentType }: Call): PatchType {
  const type = patchTypes[contentType];
  if (type !== undefined) return type;
  const accepted = Object.keys(patchTypes).join(", ");
  const problem = "the body of the request was in an unknown format";
  throw new StatusError(415, `${problem} - accepted media types include: ${accepted}`);
}

export function targetOf({ resource, namespace }: Call, name: string): Target {
  return { resource, name, ...(namespace !== undefined && { namespace }) };
}

export function optionsOf({ query, subresource, body }: Call): WriteOptions {
  const inBody = (body as { dryRun?: string[] } | null)?.dryRun?.includes("All") === true;
  const dryRun = query.getAll("dryRun").includes("All") || inBody;
  const manager = query.get("fieldManager") ?? undefined;
  return { dryRun, ...(manager && { manager }), ...(subresource !== undefined && { subresource }) };
}

export function matchesOf({ query, name, resource }: Call): Matches {
  const labels = labelSelector(query.get("labelSelector") ?? "");
  const fields = fieldSelector(query.get("fieldSelector") ?? "", resource.kind);
  return (object) =>
    (name === undefined || object.metadata.name === name) && labels(object) && fields(object);
}

export function wantsTable({ accept }: Call): boolean {
  return accept.includes("as=Table");
}

export function includeObject({ query }: Call): string {
  return query.get("includeObject") ?? "Metadata";
}

export function verbOf(call: Call): string {
  const { method, name } = call;
  if (isWatch(call)) return "watch";
  if (method === "GET") return name === undefined ? "list" : "get";
  const verbs: Record<string, string> = { POST: "create", PUT: "update", PATCH: "patch" };
  return verbs[method] ?? "delete";
}

/** The name of the object asked for, also where a field selector has it. */
export function nameOf({ name, query }: Call): string | undefined {
  return name ?? /(?:^|,)metadata\.name==?([^,]+)/.exec(query.get("fieldSelector") ?? "")?.[1];
}

export function isTrue(value: string | null): boolean {
  return value === "true" || value === "1";
}

export function isWatch({ method, query }: Call): boolean {
  return method === "GET" && isTrue(query.get("watch"));
}
