/** What goes wrong with a request. */
export type FaultKind =
  /** An error status, worded as the real server would unless a message is given. */
  | { kind: "status"; code: number; retryAfter?: number; message?: string }
  /** The connection is cut. */
  | "reset"
  /** No answer, ever. */
  | "hang"
  /** 200 with a body that is no JSON. */
  | "garbage"
  /** A watch ends after so many milliseconds. */
  | { kind: "close-watch"; after: number };

export interface Fault {
  method?: string;
  path?: RegExp;
  /** Matched against the decoded query, without its question mark. */
  query?: RegExp;
  /** How often it strikes; for ever unless told. */
  times?: number;
  /** How many matching requests pass before it strikes first. */
  after?: number;
  fault: FaultKind;
}

export interface FaultHandle {
  remove(): void;
}

export class Faults {
  private readonly active = new Map<Fault, { passed: number; struck: number }>();

  add(fault: Fault): FaultHandle {
    this.active.set(fault, { passed: 0, struck: 0 });
    return { remove: () => this.active.delete(fault) };
  }

  /** The fault that strikes a request, if any. */
  strike(method: string, path: string, query: string): FaultKind | undefined {
    const watching = /(^|&)watch=(true|1)(&|$)/.test(query);
    for (const [fault, count] of this.active) {
      if (fault.method !== undefined && fault.method !== method) continue;
      if (fault.path !== undefined && !fault.path.test(path)) continue;
      if (fault.query !== undefined && !fault.query.test(query)) continue;
      const closes = typeof fault.fault === "object" && fault.fault.kind === "close-watch";
      if (closes && !watching) continue;
      if (count.passed < (fault.after ?? 0)) count.passed += 1;
      else if (count.struck < (fault.times ?? Number.POSITIVE_INFINITY)) {
        count.struck += 1;
        return fault.fault;
      }
    }
    return undefined;
  }
}
