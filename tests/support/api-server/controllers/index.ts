import type { Clock } from "../clock";
import type { Events } from "../events";
import type { Images } from "../images";
import { controllerOf, type KubeObject } from "../objects";
import { type Resource, resourceOf, resources } from "../resources";
import type { Change, Store } from "../store";
import { reconcileDaemonSet } from "./daemonset";
import { reconcileDeployment } from "./deployment";
import { reconcileReplicaSet } from "./replicaset";
import { reconcileStatefulSet } from "./statefulset";

export interface Context {
  store: Store;
  events: Events;
  images: Images;
  /** Looks at the object again after so many milliseconds. */
  retry(object: KubeObject, milliseconds: number): void;
}

/** Takes one step from what is towards what the object's spec wants. */
type Reconcile = (context: Context, object: KubeObject) => void;

const reconcilers: Record<string, Reconcile> = {
  Deployment: reconcileDeployment,
  ReplicaSet: reconcileReplicaSet,
  ReplicationController: reconcileReplicaSet,
  StatefulSet: reconcileStatefulSet,
  DaemonSet: reconcileDaemonSet,
};

interface Place {
  resource: Resource;
  namespace: string | undefined;
  name: string;
}

/** Runs the controllers: every change of an object has it and its owners looked at. */
export class Controllers {
  private readonly queue = new Map<string, Place>();
  private readonly retries = new Map<string, { due: number; cancel: () => void }>();
  private readonly context: Context;
  private wakeup: NodeJS.Immediate | undefined;
  private readonly unlisten: () => void;

  constructor(
    private readonly store: Store,
    events: Events,
    images: Images,
    private readonly clock: Clock,
  ) {
    const retry = (object: KubeObject, milliseconds: number) => this.retry(object, milliseconds);
    this.context = { store, events, images, retry };
    this.unlisten = store.listen((change) => this.changed(change));
  }

  stop(): void {
    this.unlisten();
    clearImmediate(this.wakeup);
    this.queue.clear();
  }

  private changed({ type, object }: Change): void {
    if (type === "DELETED") this.collectGarbage(object);
    for (let each: KubeObject | undefined = object; each !== undefined; each = this.owner(each)) {
      this.enqueue(each);
    }
  }

  private owner(object: KubeObject): KubeObject | undefined {
    const reference = controllerOf(object);
    const resource = reference && resourceOf(reference);
    return resource && this.store.find(resource, object.metadata.namespace, reference.name);
  }

  private enqueue(object: KubeObject): void {
    const resource = resourceOf(object);
    if (resource === undefined || reconcilers[object.kind] === undefined) return;
    const { namespace, name, uid } = object.metadata;
    this.queue.set(uid, { resource, namespace, name });
    this.wakeup ??= setImmediate(() => this.drain());
  }

  private drain(): void {
    this.wakeup = undefined;
    const places = [...this.queue.values()];
    this.queue.clear();
    for (const { resource, namespace, name } of places) {
      const object = this.store.find(resource, namespace, name);
      if (object !== undefined) reconcilers[object.kind]?.(this.context, object);
    }
  }

  /** The earliest of an object's retries counts: it asks for the next one. */
  private retry(object: KubeObject, milliseconds: number): void {
    const { uid } = object.metadata;
    const due = Date.now() + milliseconds;
    const pending = this.retries.get(uid);
    if (pending !== undefined && pending.due <= due) return;
    pending?.cancel();
    const cancel = this.clock.after(milliseconds, () => {
      this.retries.delete(uid);
      this.enqueue(object);
    });
    this.retries.set(uid, { due, cancel });
  }

  private collectGarbage(owner: KubeObject): void {
    for (const resource of resources) {
      for (const object of this.store.list(resource)) {
        const { ownerReferences = [] } = object.metadata;
        if (!ownerReferences.some(({ uid }) => uid === owner.metadata.uid)) continue;
        if (resource.kind === "Pod") this.store.terminate(resource, object, 30);
        else this.store.remove(resource, object);
      }
    }
  }
}
