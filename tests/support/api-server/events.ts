import { type EventObject, type KubeObject, timestamp } from "./objects";
import { resourceNamed } from "./resources";
import type { Store } from "./store";

const events = resourceNamed("events");
export const scheduler = "default-scheduler";

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
      this.store.modify(events, known, "spec", (draft) => repeat(draft as EventObject, now));
      return;
    }
    const { apiVersion, kind } = object;
    const place = { apiVersion, kind, namespace, name, uid };
    const event = this.store.create(events, {
      apiVersion: "v1",
      kind: "Event",
      metadata: { name: `${name}.${this.moment()}`, namespace },
      involvedObject: { ...place, ...(fieldPath !== undefined && { fieldPath }) },
      type,
      reason,
      message,
      reportingComponent: component,
      reportingInstance: component === scheduler ? scheduler : "",
      ...(component === scheduler ? inSeries(now) : counted(component, now)),
    });
    this.names.set(identity, event.metadata.name);
  }

  /** A name for now, in nanoseconds; later ones sort after earlier ones. */
  private moment(): string {
    return (BigInt(Date.now()) * 1_000_000n + BigInt(this.names.size)).toString(16);
  }
}

function counted(component: string, now: string) {
  const times = { firstTimestamp: now, lastTimestamp: now, eventTime: null };
  return { source: { component }, count: 1, ...times };
}

/** Of the newer API, seen through the older one: no count, and no time where others have it. */
function inSeries(now: string) {
  const times = { firstTimestamp: null, lastTimestamp: null, eventTime: precise(now) };
  return { source: {}, action: "Scheduling", ...times };
}

function repeat(event: EventObject, now: string): void {
  if (event.count === undefined) {
    const count = (event.series?.count ?? 1) + 1;
    event.series = { count, lastObservedTime: precise(now) };
  } else {
    event.count += 1;
    event.lastTimestamp = now;
  }
}

/** With microseconds. */
function precise(time: string): string {
  return time.replace("Z", ".000000Z");
}
