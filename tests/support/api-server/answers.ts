import type { Api } from "./api";
import {
  type Call,
  includeObject,
  matchesOf,
  optionsOf,
  patchTypeOf,
  targetOf,
  wantsTable,
} from "./call";
import type { Images } from "./images";
import { logOf } from "./logs";
import type { Draft, KubeObject } from "./objects";
import { continueOf, expiredPage, newest, tokenAfter } from "./pages";
import { groupVersion, type Resource, resourceNamed } from "./resources";
import { StatusError } from "./status";
import type { Store } from "./store";
import { tableOf } from "./table";

export interface Answer {
  status: number;
  /** Text and bytes are sent as they are, anything else as JSON. */
  body: unknown;
  contentType?: string;
}

export interface AnswersParts {
  store: Store;
  api: Api;
  images: Images;
}

/** What a call for a resource is answered. */
export class Answers {
  constructor(private readonly parts: AnswersParts) {}

  ofCollection(call: Call): Answer {
    const { method, resource } = call;
    if (method === "GET") return { status: 200, body: this.list(call) };
    if (method === "POST") return { status: 201, body: presented(call, this.create(call)) };
    if (method !== "DELETE") throw methodNotAllowed();
    for (const object of this.matching(call)) this.delete(call, object.metadata.name);
    return { status: 200, body: success(resource) };
  }

  ofObject(call: Call, name: string): Answer {
    const { store, api, images } = this.parts;
    const { method, resource, namespace, subresource, query } = call;
    const target = targetOf(call, name);
    const ok = (body: unknown) => ({ status: 200, body });
    switch (method) {
      case "GET": {
        if (subresource === "scale") return ok(api.scale(target));
        const object = store.get(resource, namespace, name);
        if (subresource !== "log") return ok(presented(call, object));
        return { ...ok(logOf(object, images, query)), contentType: "text/plain" };
      }
      case "PUT": {
        const object = call.body as unknown as KubeObject;
        return ok(presented(call, api.update(target, object, optionsOf(call))));
      }
      case "PATCH": {
        const object = api.patch(target, patchTypeOf(call), call.body, optionsOf(call));
        return ok(presented(call, object));
      }
      case "DELETE":
        return ok(this.delete(call, name));
      default:
        throw methodNotAllowed();
    }
  }

  private create(call: Call): KubeObject {
    const { resource, namespace, body } = call;
    const draft = body as unknown as Draft;
    if (draft?.kind !== resource.kind || draft.apiVersion !== groupVersion(resource)) {
      const found = `${draft?.apiVersion}, Kind=${draft?.kind}`;
      throw new StatusError(400, `the object provided is unrecognized: ${found}`);
    }
    if (namespace === undefined) return this.parts.api.create(resource, draft, optionsOf(call));
    this.parts.store.get(resourceNamed("namespaces"), undefined, namespace);
    const placed = { ...draft, metadata: { ...draft.metadata, namespace } };
    return this.parts.api.create(resource, placed, optionsOf(call));
  }

  private delete(call: Call, name: string): unknown {
    const options = (call.body ?? {}) as {
      gracePeriodSeconds?: number;
      propagationPolicy?: string;
    };
    const grace = call.query.get("gracePeriodSeconds") ?? options.gracePeriodSeconds;
    const policy = call.query.get("propagationPolicy") ?? options.propagationPolicy;
    const object = this.parts.api.delete(targetOf(call, name), {
      dryRun: optionsOf(call).dryRun,
      orphan: policy === "Orphan",
      ...(grace !== undefined && { graceSeconds: Number(grace) }),
    });
    return object ?? success(call.resource, name);
  }

  private list(call: Call): unknown {
    const { resource } = call;
    const { page, metadata } = this.page(call);
    if (wantsTable(call)) return tableOf(resource, page, includeObject(call), metadata);
    const items = page.map(({ kind: _, apiVersion: __, ...item }) => item);
    const head = { kind: `${resource.kind}List`, apiVersion: groupVersion(resource) };
    return { ...head, metadata, items };
  }

  /** So many of the objects as `limit` allows, after those that `continue` tells of. */
  private page(call: Call) {
    const { store } = this.parts;
    const { query, resource, namespace } = call;
    const token = query.get("continue");
    const from = token ? continueOf(token) : { version: store.resourceVersion, after: "" };
    const version = from.version === newest ? store.resourceVersion : from.version;
    if (!store.remembers(version)) throw expiredPage(from);
    const found = store.sorted(resource, namespace, version).filter(matchesOf(call));
    const rest = found.filter((object) => keyIn(call, object) > from.after);
    const limit = Number(query.get("limit") ?? 0) || rest.length;
    const page = rest.slice(0, limit);
    const last = page.at(-1);
    const remainingItemCount = rest.length - page.length;
    const metadata = { resourceVersion: String(version) };
    if (last === undefined || remainingItemCount === 0) return { page, metadata };
    const more = { continue: tokenAfter({ version, after: keyIn(call, last) }) };
    const isWhole = !query.get("labelSelector") && !query.get("fieldSelector");
    return { page, metadata: { ...metadata, ...more, ...(isWhole && { remainingItemCount }) } };
  }

  private matching(call: Call): KubeObject[] {
    return this.parts.store.sorted(call.resource, call.namespace).filter(matchesOf(call));
  }
}

/** The object's place in the list that the call is for. */
function keyIn({ namespace }: Call, { metadata }: KubeObject): string {
  if (namespace !== undefined || metadata.namespace === undefined) return metadata.name;
  return `${metadata.namespace}/${metadata.name}`;
}

/** An object in the form the request asked for. */
export function presented(call: Call, object: KubeObject): unknown {
  if (!wantsTable(call) || call.subresource !== undefined) return object;
  const { resourceVersion } = object.metadata;
  return tableOf(call.resource, [object], includeObject(call), { resourceVersion });
}

function success(resource: Resource, name?: string) {
  const details = { ...(name && { name }), group: resource.group, kind: resource.plural };
  return { kind: "Status", apiVersion: "v1", metadata: {}, status: "Success", details };
}

function methodNotAllowed(): StatusError {
  return new StatusError(405, "the server does not allow this method on the requested resource");
}
