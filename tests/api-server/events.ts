import { randomBytes } from "node:crypto";
import { type EventObject, type KubeObject, timestamp } from "./objects";
import { resourceNamed } from "./resources";
import type { Store } from "./store";

const events = resourceNamed("events");

/** Records what controllers and kubelets tell about an object; repeats are counted. */
export class Events {
  /** Events by what they say about which object, to find the one a repeat counts up. */
  private readonly names = new Map<string, string>();

  constructor(private readonly store: Store) {}

  record(
    component: string,
    object: KubeObject,
    type: "Normal" | "Warning",
    reason: string,
    message: string,
    fieldPath?: string,
  ): void {
    const { name, namespace = "default", uid } = object.metadata;
    const now = timestamp();
    const identity = [uid, type, reason, message, fieldPath].join("\n");
    const known = this.store.find(events, namespace, this.names.get(identity) ?? "");
    if (known !== undefined) {
      this.store.modify(events, known, "spec", (draft) => {
        const repeated = draft as EventObject;
        repeated.count += 1;
        repeated.lastTimestamp = now;
      });
      return;
    }
    const { apiVersion, kind } = object;
    const place = { apiVersion, kind, namespace, name, uid };
    const event = this.store.create(events, {
      apiVersion: "v1",
      kind: "Event",
      metadata: { name: `${name}.${randomBytes(8).toString("hex")}`, namespace },
      involvedObject: { ...place, ...(fieldPath !== undefined && { fieldPath }) },
      type,
      reason,
      message,
      source: { component },
      reportingComponent: component,
      count: 1,
      firstTimestamp: now,
      lastTimestamp: now,
    });
    this.names.set(identity, event.metadata.name);
  }
}
