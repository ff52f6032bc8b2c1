import { type Call, isWatch, nameOf, verbOf } from "./call";
import { resourceNamed } from "./resources";

/** How a watch ends that its client did not end. */
export type WatchEnd =
  | "close-watch"
  /** The connection is cut. */
  | "reset-watch"
  /** An ERROR event says that the resource version is too old. */
  | "expire-watch"
  /** It stays open and sends no more. */
  | "silence-watch"
  /** It sends an event that never ends. */
  | "endless-watch";

/** What goes wrong with a request. */
export type FaultKind =
  /** An error status, worded as the real server would unless a message is given. */
  | { kind: "status"; code: number; retryAfter?: number; message?: string }
  /** The connection is cut before anything is done. */
  | "reset"
  /** What is asked for is done, and the connection is cut in place of an answer. */
  | "lost-answer"
  /** No answer, ever. */
  | "hang"
  /** 200 with a body that is no JSON. */
  | "garbage"
  /** The request waits before it is served. */
  | { kind: "delay"; milliseconds: number }
  /** The answer carries a warning, as of an admission policy that only warns. */
  | { kind: "warning"; text: string }
  /** Annotations make the answer so many bytes longer. */
  | { kind: "padding"; bytes: number }
  /** A watch connects, and ends so many milliseconds after. */
  | { kind: WatchEnd; after: number };

/** Which requests it strikes, by what they ask or by how they ask it, and what happens to them. */
export interface Fault {
  /** `get`, `list`, `watch`, `create`, `update`, `patch` or `delete`. */
  verb?: string;
  /** Any name of the resource: `deploy`, `events`. */
  resource?: string;
  namespace?: string;
  /** The object's name, also where a field selector has it. */
  name?: string;
  method?: string;
  path?: RegExp;
  /** Matched against the decoded query, without its question mark. */
  query?: RegExp;
  /** How often it strikes; for ever unless told. */
  times?: number;
  /** How many matching requests pass before it strikes first. */
  after?: number;
  /** Without one, the request is served as ever. */
  fault?: FaultKind;
  /** Called once a request that it struck has been answered. */
  afterwards?: () => void;
}

/** A switch: what it counted stays when it is off. */
export interface FaultHandle {
  on(): void;
  off(): void;
  readonly struck: number;
}

interface Asked {
  method: string;
  path: string;
  query: string;
}

export class Faults {
  private readonly active = new Map<Fault, { passed: number; struck: number }>();

  add(fault: Fault): FaultHandle {
    const count = { passed: 0, struck: 0 };
    const on = () => {
      this.active.set(fault, count);
    };
    const off = () => {
      this.active.delete(fault);
    };
    on();
    return {
      on,
      off,
      get struck() {
        return count.struck;
      },
    };
  }

  /** The fault that strikes a request, if any. */
  strike(asked: Asked, call: Call | undefined): Fault | undefined {
    for (const [fault, count] of this.active) {
      if (!matches(fault, asked, call)) continue;
      if (count.passed < (fault.after ?? 0)) count.passed += 1;
      else if (count.struck < (fault.times ?? Number.POSITIVE_INFINITY)) {
        count.struck += 1;
        return fault;
      }
    }
    return undefined;
  }
}

function matches(fault: Fault, { method, path, query }: Asked, call: Call | undefined): boolean {
  const { verb, resource, namespace, name } = fault;
  if (fault.method !== undefined && fault.method !== method) return false;
  if (fault.path?.test(path) === false || fault.query?.test(query) === false) return false;
  if (endsWatch(fault.fault) && !(call && isWatch(call))) return false;
  if (verb !== undefined && (call === undefined || verbOf(call) !== verb)) return false;
  if (resource !== undefined && call?.resource !== resourceNamed(resource)) return false;
  if (namespace !== undefined && call?.namespace !== namespace) return false;
  return name === undefined || (call !== undefined && nameOf(call) === name);
}

/** Whether it strikes watches alone. */
export function endsWatch(
  fault: FaultKind | undefined,
): fault is { kind: WatchEnd; after: number } {
  return typeof fault === "object" && fault.kind.endsWith("-watch");
}
