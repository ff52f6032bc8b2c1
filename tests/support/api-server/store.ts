import { randomUUID } from "node:crypto";
import { isDeepStrictEqual } from "node:util";
import { type Draft, type KubeObject, timestamp } from "./objects";
import type { Resource } from "./resources";
import { alreadyExists, conflict, expired, notFound } from "./status";

export interface Change {
  type: "ADDED" | "MODIFIED" | "DELETED";
  resource: Resource;
  resourceVersion: number;
  object: KubeObject;
  previous?: KubeObject;
}

/** Which part of an object a write may touch: everything but its status, or its status alone. */
export type Part = "spec" | "status";

function freeze<T>(value: T): T {
  if (typeof value === "object" && value !== null) {
    Object.freeze(value);
    for (const inner of Object.values(value)) freeze(inner);
  }
  return value;
}

/**
 * All objects and the history of their changes. What it hands out is frozen; a write replaces an
 * object by a changed copy and tells every listener before it returns.
 */
export class Store {
  private readonly objects = new Map<Resource, Map<string, KubeObject>>();
  private readonly listeners = new Set<(change: Change) => void>();
  private history: Change[] = [];
  private latest = 1;
  private forgotten = 0;

  constructor(private readonly historyLimit: number) {}

  get resourceVersion(): number {
    return this.latest;
  }

  find(resource: Resource, namespace: string | undefined, name: string): KubeObject | undefined {
    return this.objects.get(resource)?.get(keyOf(resource, namespace, name));
  }

  get(resource: Resource, namespace: string | undefined, name: string): KubeObject {
    const object = this.find(resource, namespace, name);
    if (object === undefined) throw notFound(resource, name);
    return object;
  }

  /** As they were created. */
  list(resource: Resource, namespace?: string): KubeObject[] {
    const all = [...(this.objects.get(resource)?.values() ?? [])];
    if (namespace === undefined) return all;
    return all.filter(({ metadata }) => metadata.namespace === namespace);
  }

  /** Whether it can tell how everything was at this version. */
  remembers(version: number): boolean {
    return version >= this.forgotten;
  }

  /** By namespace and name, as clients are shown them; as they were at a version that it remembers. */
  sorted(resource: Resource, namespace?: string, version = this.latest): KubeObject[] {
    const place = ({ metadata }: KubeObject) => keyOf(resource, metadata.namespace, metadata.name);
    return this.at(version, resource)
      .filter(({ metadata }) => namespace === undefined || metadata.namespace === namespace)
      .map((object) => [place(object), object] as const)
      .sort(([left], [right]) => (left < right ? -1 : 1))
      .map(([, object]) => object);
  }

  private at(version: number, resource: Resource): KubeObject[] {
    if (version >= this.latest) return this.list(resource);
    const objects = new Map(this.objects.get(resource));
    const later = this.history.filter((change) => change.resource === resource).reverse();
    for (const { object, previous, resourceVersion } of later) {
      if (resourceVersion <= version) break;
      const { namespace, name } = object.metadata;
      const key = keyOf(resource, namespace, name);
      if (previous === undefined) objects.delete(key);
      else objects.set(key, previous);
    }
    return [...objects.values()];
  }

  /** What create would store, without storing it. */
  drafted(resource: Resource, draft: Draft): KubeObject {
    const { name, namespace } = draft.metadata;
    if (this.find(resource, namespace, name ?? "")) throw alreadyExists(resource, name ?? "");
    const { resourceVersion: _, ...metadata } = draft.metadata;
    const generation = resource.generation ? { generation: 1 } : {};
    const identity = { uid: randomUUID(), creationTimestamp: timestamp(), ...generation };
    const status = draft.status ?? {};
    return structuredClone({
      ...draft,
      metadata: { ...metadata, ...identity },
      status,
    }) as KubeObject;
  }

  create(resource: Resource, draft: Draft): KubeObject {
    return this.put("ADDED", resource, this.drafted(resource, draft));
  }

  /** What update would store, without storing it: the old object itself when nothing changes. */
  updated(resource: Resource, object: KubeObject, part: Part): KubeObject {
    const { namespace, name, resourceVersion } = object.metadata;
    const old = this.get(resource, namespace, name);
    if (resourceVersion !== undefined && resourceVersion !== old.metadata.resourceVersion) {
      throw conflict(resource, name);
    }
    const next = structuredClone(object);
    const { uid, creationTimestamp, generation, deletionTimestamp } = old.metadata;
    Object.assign(next.metadata, { uid, creationTimestamp });
    next.metadata.resourceVersion = old.metadata.resourceVersion;
    if (generation !== undefined) next.metadata.generation = generation;
    if (deletionTimestamp !== undefined) next.metadata.deletionTimestamp = deletionTimestamp;
    if (part === "status") {
      next.spec = structuredClone(old.spec);
      if (old.metadata.labels) next.metadata.labels = { ...old.metadata.labels };
    } else {
      next.status = structuredClone(old.status);
      if (generation !== undefined && changesDesire(resource, old, next)) {
        next.metadata.generation = generation + 1;
      }
    }
    return isDeepStrictEqual(next, old) ? old : next;
  }

  update(resource: Resource, object: KubeObject, part: Part = "spec"): KubeObject {
    const { namespace, name } = object.metadata;
    const old = this.get(resource, namespace, name);
    const next = this.updated(resource, object, part);
    return next === old ? old : this.put("MODIFIED", resource, next, old);
  }

  /** Changes a copy of the present object; nothing happens when it is gone. */
  modify(
    resource: Resource,
    of: KubeObject,
    part: Part,
    change: (draft: KubeObject) => void,
  ): void {
    const present = this.find(resource, of.metadata.namespace, of.metadata.name);
    if (present === undefined) return;
    const draft = structuredClone(present);
    change(draft);
    this.update(resource, draft, part);
  }

  /** Marks a pod as going: a kubelet ends it and removes it. */
  terminate(resource: Resource, object: KubeObject, graceSeconds: number): KubeObject {
    if (object.metadata.deletionTimestamp !== undefined) return object;
    const next = structuredClone(object);
    next.metadata.deletionTimestamp = timestamp(new Date(Date.now() + graceSeconds * 1000));
    next.metadata.deletionGracePeriodSeconds = graceSeconds;
    return this.put("MODIFIED", resource, next, object);
  }

  remove(resource: Resource, object: KubeObject): KubeObject {
    const { namespace, name } = object.metadata;
    const old = this.get(resource, namespace, name);
    return this.put("DELETED", resource, structuredClone(old), old);
  }

  /** The changes after a resource version; throws Expired when history no longer reaches back. */
  since(resourceVersion: number): Change[] {
    if (!this.remembers(resourceVersion)) throw expired(resourceVersion, this.forgotten);
    return this.history.filter((change) => change.resourceVersion > resourceVersion);
  }

  /** Forgets the history: a watch from any earlier version is told that it is too old. */
  forget(): void {
    this.history = [];
    this.forgotten = this.latest;
  }

  listen(listener: (change: Change) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  private put(
    type: Change["type"],
    resource: Resource,
    object: KubeObject,
    previous?: KubeObject,
  ): KubeObject {
    this.latest += 1;
    object.metadata.resourceVersion = String(this.latest);
    const key = keyOf(resource, object.metadata.namespace, object.metadata.name);
    const objects = this.objects.get(resource) ?? new Map<string, KubeObject>();
    this.objects.set(resource, objects);
    if (type === "DELETED") objects.delete(key);
    else objects.set(key, freeze(object));
    const change: Change = { type, resource, resourceVersion: this.latest, object: freeze(object) };
    if (previous !== undefined) change.previous = previous;
    this.history.push(change);
    while (this.history.length > this.historyLimit) {
      this.forgotten = this.history.shift()?.resourceVersion ?? this.forgotten;
    }
    for (const listener of [...this.listeners]) listener(change);
    return object;
  }
}

function keyOf({ namespaced }: Resource, namespace: string | undefined, name: string): string {
  return namespaced ? `${namespace ?? "default"}/${name}` : name;
}

/** A Deployment's annotations count too: its controller copies them to the ReplicaSet. */
function changesDesire(resource: Resource, old: KubeObject, next: KubeObject): boolean {
  if (!isDeepStrictEqual(old.spec, next.spec)) return true;
  const { annotations: before = {} } = old.metadata;
  const { annotations: after = {} } = next.metadata;
  return resource.kind === "Deployment" && !isDeepStrictEqual(before, after);
}
