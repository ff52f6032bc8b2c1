import { randomSuffix } from "./controllers/hash";
import { countTemplates, setDefaults } from "./defaulting";
import { containersOf, manage } from "./managers";
import type { Draft, Json, JsonObject, KubeObject, Labels, Status } from "./objects";
import { jsonPatch, type Operation } from "./patch/json";
import { mergePatch } from "./patch/merge";
import { strategicMerge } from "./patch/strategic";
import { type Resource, resources } from "./resources";
import { conflict, StatusError } from "./status";
import type { Store } from "./store";
import { validate } from "./validation";

export type PatchType = "strategic" | "merge" | "json";

export interface WriteOptions {
  dryRun: boolean;
  subresource?: string;
  /** The field manager that writes. */
  manager?: string;
}

export interface DeleteOptions {
  dryRun: boolean;
  graceSeconds?: number;
  orphan?: boolean;
}

/** An object by its place. */
export interface Target {
  resource: Resource;
  namespace?: string;
  name: string;
}

/** The verbs that change objects: defaulting, validation, then the store. */
export class Api {
  /** What an admission webhook makes of every image of a pod template. */
  rewriteImage: (image: string) => string = (image) => image;

  constructor(private readonly store: Store) {}

  create(resource: Resource, draft: Draft, { dryRun }: WriteOptions): KubeObject {
    const given = structuredClone(draft) as KubeObject;
    const { metadata } = given;
    if (!metadata.name && metadata.generateName) {
      metadata.name = `${metadata.generateName}${randomSuffix()}`;
    }
    this.admit(given);
    given.status ??= {};
    if (resource.generation) given.status = {};
    setDefaults(given);
    countTemplates(given);
    validate(resource, given);
    return dryRun ? this.store.drafted(resource, given) : this.store.create(resource, given);
  }

  update(target: Target, object: KubeObject, options: WriteOptions): KubeObject {
    const { dryRun, subresource } = options;
    const { resource, namespace, name } = target;
    const old = this.store.get(resource, namespace, name);
    if (subresource === "scale") {
      return scaleOf(this.write(resource, scaled(old, object), old, options));
    }
    if (subresource !== "status") return this.write(resource, object, old, options);
    if (dryRun) return this.store.updated(resource, object, "status");
    return this.store.update(resource, object, "status");
  }

  patch(target: Target, type: PatchType, patch: Json, options: WriteOptions): KubeObject {
    const { resource, namespace, name } = target;
    const old = this.store.get(resource, namespace, name);
    const before = options.subresource === "scale" ? scaleOf(old) : old;
    const after = patched(before as unknown as JsonObject, type, patch, old.kind);
    const object = structuredClone(after) as unknown as KubeObject;
    const { resourceVersion } = object.metadata;
    if (resourceVersion !== old.metadata.resourceVersion) throw conflict(resource, name);
    return this.update(target, object, options);
  }

  /** A pod goes in its own time, unless it is given none; anything else goes at once. */
  delete(target: Target, { dryRun, graceSeconds, orphan }: DeleteOptions): KubeObject | undefined {
    const { resource, namespace, name } = target;
    const object = this.store.get(resource, namespace, name);
    if (dryRun) return undefined;
    if (orphan) this.release(object);
    if (resource.kind === "Pod" && graceSeconds !== 0) {
      const grace = graceSeconds ?? object.spec.terminationGracePeriodSeconds ?? 30;
      return this.store.terminate(resource, object, grace);
    }
    this.store.remove(resource, object);
    return undefined;
  }

  scale({ resource, namespace, name }: Target): KubeObject {
    return scaleOf(this.store.get(resource, namespace, name));
  }

  private write(
    resource: Resource,
    object: KubeObject,
    old: KubeObject,
    { dryRun, manager = "kubectl" }: WriteOptions,
  ): KubeObject {
    const next = structuredClone(object);
    this.admit(next);
    manage(next, old, manager);
    next.status = structuredClone(old.status);
    setDefaults(next);
    countTemplates(next, old);
    validate(resource, next, old);
    return dryRun ? this.store.updated(resource, next, "spec") : this.store.update(resource, next);
  }

  private admit(object: KubeObject): void {
    for (const [, container] of containersOf(object)) {
      container.image = this.rewriteImage(container.image);
    }
  }

  private release(owner: KubeObject): void {
    for (const resource of resources) {
      for (const object of this.store.list(resource)) {
        const owned = object.metadata.ownerReferences?.some(
          (each) => each.uid === owner.metadata.uid,
        );
        if (!owned) continue;
        this.store.modify(resource, object, "spec", (draft) => {
          delete draft.metadata.ownerReferences;
        });
      }
    }
  }
}

function patched(before: JsonObject, type: PatchType, patch: Json, kind: string): JsonObject {
  if (type === "strategic") return strategicMerge(before, patch as JsonObject, kind);
  if (type === "merge") return mergePatch(before, patch) as JsonObject;
  try {
    return jsonPatch(before, patch as unknown as Operation[]);
  } catch (error) {
    throw new StatusError(
      422,
      `the server rejected our request due to an error in our request: ${(error as Error).message}`,
    );
  }
}

function scaleOf(object: KubeObject): KubeObject {
  const { name, namespace, uid, resourceVersion, creationTimestamp } = object.metadata;
  const { matchLabels = {} } = object.spec.selector;
  const selector = Object.entries(matchLabels as Labels).map(([key, value]) => `${key}=${value}`);
  const status = { replicas: object.status.replicas ?? 0, selector: selector.join(",") };
  return {
    apiVersion: "autoscaling/v1",
    kind: "Scale",
    metadata: { name, ...(namespace && { namespace }), uid, resourceVersion, creationTimestamp },
    spec: { replicas: object.spec.replicas } as KubeObject["spec"],
    status: status as Status,
  };
}

function scaled(old: KubeObject, scale: KubeObject): KubeObject {
  const next = structuredClone(old);
  next.spec.replicas = scale.spec.replicas ?? 0;
  next.metadata.resourceVersion = scale.metadata.resourceVersion;
  return next;
}
