import type { ServerResponse } from "node:http";
import { answer } from "./loopback";

/** What a server does in place of answering as it should. */
export type Misbehaviour =
  | {
      kind: "status";
      code: number;
      headers?: Record<string, string>;
      /** Sent as it is where it is a text, as JSON otherwise. */
      body?: unknown;
    }
  /** Announces JSON and sends a page. */
  | "no-json"
  /** Sends and sends, and never comes to an end; to HEAD, which has no body, only an answer. */
  | "endless"
  /** A valid JSON document of that many bytes. */
  | { kind: "huge"; bytes: number }
  /** Closes the connection in the middle of the body, or before there is any. */
  | "cut"
  | "reset"
  /** Never answers. */
  | "hang";

export const tooMany = (seconds: number, body: unknown = ""): Misbehaviour => ({
  kind: "status",
  code: 429,
  headers: { "retry-after": String(seconds) },
  body,
});

export const broken: Misbehaviour = { kind: "status", code: 500, body: "" };

const json = { "content-type": "application/json" };
const page = "<!DOCTYPE html><html><body>The service is being moved.</body></html>";
const chunk = Buffer.alloc(64 * 1024, " ");

export function misbehave(how: Misbehaviour, response: ServerResponse): unknown {
  if (how === "hang") return;
  if (how === "reset") return response.socket?.destroy();
  if (how === "no-json") return response.writeHead(200, json).end(page);
  if (how === "endless") return endlessly(response.writeHead(200, json));
  if (how === "cut") {
    response.writeHead(200, { ...json, "content-length": "1000" });
    return response.write('{"schemaVersion": 2,', () => response.socket?.destroy());
  }
  if (how.kind === "huge") return response.writeHead(200, json).end(padded(how.bytes));
  const { code, headers, body } = how;
  if (typeof body === "string") return response.writeHead(code, headers).end(body);
  return answer(response, code, body, headers);
}

function padded(bytes: number): string {
  const [head, tail] = ['{"padding":"', '"}'];
  return `${head}${"x".repeat(bytes - head.length - tail.length)}${tail}`;
}

function endlessly(response: ServerResponse): unknown {
  if (response.req.method === "HEAD") return response.end();
  const more = () => {
    while (!response.destroyed && response.write(chunk));
  };
  response.on("drain", more);
  return more();
}

/** Which misbehaviour comes next, by the name of what is asked for. */
export class Misbehaviours<Name extends string = string> {
  private readonly waiting: { on: Name; how: Misbehaviour; times: number }[] = [];

  /** The next requests of that name meet it: as many as there are times, all by default. */
  add(on: Name, how: Misbehaviour, times = Number.POSITIVE_INFINITY): void {
    this.waiting.push({ on, how, times });
  }

  next(name: Name): Misbehaviour | undefined {
    const found = this.waiting.find(({ on, times }) => on === name && times > 0);
    if (found !== undefined) found.times -= 1;
    return found?.how;
  }
}
