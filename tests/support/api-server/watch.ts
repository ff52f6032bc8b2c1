import type { Clock } from "./clock";
import type { KubeObject } from "./objects";
import { groupVersion, type Resource } from "./resources";
import type { Matches } from "./selectors";
import { StatusError } from "./status";
import type { Change, Store } from "./store";

export interface WatchOptions {
  resource: Resource;
  namespace?: string;
  matches: Matches;
  /** Changes after this version are sent; without one (or "0") the present comes first. */
  resourceVersion?: string;
  bookmarks: boolean;
  /** Sends the present and a bookmark at its end, whatever the resource version. */
  sendInitialEvents: boolean;
  timeoutSeconds?: number;
}

export interface WatchEvent {
  type: "ADDED" | "MODIFIED" | "DELETED" | "BOOKMARK" | "ERROR";
  object: unknown;
}

const bookmarkEvery = 1000;

/** Sends the events of one watch until it ends; returns what ends it. */
export function watch(
  store: Store,
  clock: Clock,
  options: WatchOptions,
  send: (event: WatchEvent) => void,
  end: () => void,
): () => void {
  const { resource, namespace, matches, resourceVersion = "0", bookmarks } = options;
  const transition = (change: Change) => {
    const event = transitionOf(change, resource, namespace, matches);
    if (event !== undefined) send(event);
  };
  const bookmark = (annotations?: Record<string, string>) => {
    const metadata = { resourceVersion: String(store.resourceVersion), creationTimestamp: null };
    const object = { kind: resource.kind, apiVersion: groupVersion(resource) };
    send({ type: "BOOKMARK", object: { ...object, metadata: { ...metadata, annotations } } });
  };

  const fromPresent =
    options.sendInitialEvents || resourceVersion === "0" || resourceVersion === "";
  try {
    if (fromPresent) {
      for (const object of store.sorted(resource, namespace)) {
        if (matches(object)) send({ type: "ADDED", object });
      }
      if (options.sendInitialEvents) bookmark({ "k8s.io/initial-events-end": "true" });
    } else for (const change of store.since(Number(resourceVersion))) transition(change);
  } catch (error) {
    if (!(error instanceof StatusError)) throw error;
    send({ type: "ERROR", object: error.toStatus() });
    end();
    return () => {};
  }

  const cleanups = [store.listen(transition)];
  const stop = () => {
    for (const cleanup of cleanups.splice(0)) cleanup();
  };
  if (bookmarks) {
    let cancel = () => {};
    const again = () => {
      cancel = clock.after(bookmarkEvery, () => {
        bookmark();
        again();
      });
    };
    again();
    cleanups.push(() => cancel());
  }
  if (options.timeoutSeconds !== undefined) {
    const timeout = clock.after(options.timeoutSeconds * 1000, () => {
      if (bookmarks) bookmark();
      stop();
      end();
    });
    cleanups.push(timeout);
  }
  return stop;
}

/** A change as a watcher with this selector sees it: an object that stops matching is deleted. */
function transitionOf(
  change: Change,
  resource: Resource,
  namespace: string | undefined,
  matches: Matches,
): WatchEvent | undefined {
  if (change.resource !== resource) return undefined;
  const { object, previous } = change;
  if (namespace !== undefined && object.metadata.namespace !== namespace) return undefined;
  const before = previous !== undefined && matches(previous);
  const now = change.type !== "DELETED" && matches(object);
  if (now) return { type: before ? "MODIFIED" : "ADDED", object };
  return before ? { type: "DELETED", object: lastSeen(change, previous) } : undefined;
}

function lastSeen(change: Change, previous: KubeObject): KubeObject {
  const { resourceVersion } = change.object.metadata;
  return { ...previous, metadata: { ...previous.metadata, resourceVersion } };
}
