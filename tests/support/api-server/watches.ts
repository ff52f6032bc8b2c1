import type { ServerResponse } from "node:http";
import { presented } from "./answers";
import { type Call, isTrue, matchesOf } from "./call";
import type { Clock } from "./clock";
import type { WatchEnd } from "./faults";
import type { KubeObject } from "./objects";
import type { Resource } from "./resources";
import { expired } from "./status";
import type { Store } from "./store";
import { type WatchEvent, watch } from "./watch";

interface Open {
  call: Call;
  end(how: WatchEnd): void;
}

/** The watches that are open, each an answer that goes on. */
export class Watches {
  private readonly open = new Set<Open>();

  constructor(
    private readonly store: Store,
    private readonly clock: Clock,
  ) {}

  /** Answers with a watch; the end, if one is given, comes so many milliseconds after. */
  start(call: Call, response: ServerResponse, end?: { kind: WatchEnd; after: number }): void {
    const { store, clock } = this;
    const { namespace, query } = call;
    const timeout = query.get("timeoutSeconds");
    const options = {
      resource: call.resource,
      matches: matchesOf(call),
      bookmarks: isTrue(query.get("allowWatchBookmarks")),
      sendInitialEvents: isTrue(query.get("sendInitialEvents")),
      resourceVersion: query.get("resourceVersion") ?? "0",
      ...(namespace !== undefined && { namespace }),
      ...(timeout !== null && { timeoutSeconds: Number(timeout) }),
    };
    let stop = () => {};
    const send = ({ type, object }: WatchEvent) => {
      const shown = type === "ERROR" ? object : presented(call, object as KubeObject);
      response.write(`${JSON.stringify({ type, object: shown })}\n`);
    };
    const entry: Open = {
      call,
      end: (how) => {
        stop();
        if (how === "reset-watch") response.socket?.destroy();
        if (how === "expire-watch") {
          send({ type: "ERROR", object: expired(1, store.resourceVersion).toStatus() });
        }
        if (how === "endless-watch") sendWithoutEnd(response);
        else if (how !== "silence-watch") response.end();
      },
    };
    this.open.add(entry);
    response.once("close", () => {
      stop();
      this.open.delete(entry);
    });
    response.writeHead(200, { "content-type": "application/json" });
    response.flushHeaders();
    if (end?.after === 0) {
      entry.end(end.kind);
      return;
    }
    stop = watch(store, clock, options, send, () => response.end());
    if (end === undefined) return;
    response.once(
      "close",
      clock.after(end.after, () => entry.end(end.kind)),
    );
  }

  /** Ends those that are open now, or those of one resource. */
  end(how: WatchEnd, resource?: Resource): void {
    for (const { call, end } of [...this.open]) {
      if (resource === undefined || call.resource === resource) end(how);
    }
  }
}

function sendWithoutEnd(response: ServerResponse): void {
  response.write('{"type":"ADDED","object":{"metadata":{"annotations":{"note":"');
  const part = "x".repeat(256 * 1024);
  const send = () => {
    while (!response.destroyed && response.write(part)) {}
  };
  response.on("drain", send);
  send();
}
