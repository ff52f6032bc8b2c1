/** The document that the task attaches, as crate/src/report/document.rs writes it. */
export interface Rollout {
  result: string;
  /** What became of the run, in a sentence. */
  message?: string;
  milliseconds: number;
  workloads: Workload[];
  /** What rolls back by hand what the run left changed. */
  rollbackCommands: string[];
}

export interface Workload {
  namespace: string;
  kind: string;
  name: string;
  /** One word for what became of it. */
  outcome: string;
  /** What became of it, in a sentence. */
  result: string;
  /** Why it failed itself, in short. */
  cause?: string;
  /** Whether the new pods run what was pushed. */
  proof?: Proof;
  /** What became of its previous images, in a sentence. */
  rollback?: string;
  /** From the change to the end of its rollout. */
  milliseconds?: number;
  containers: Container[];
  pods: Pod[];
  /** What was seen of the rollout, in the order of time. */
  timeline: Step[];
  warnings: Warning[];
  log?: Log;
}

export interface Proof {
  /** `verified`, `differs` or `unknown`. */
  state: string;
  /** The digest of each container that is verified. */
  digests: Record<string, string>;
  /** In a sentence. */
  words: string;
}

export interface Container {
  name: string;
  before: string;
  set: string;
  /** Not there when it is not known. */
  now?: string;
  /** What the registry has under the image that was set. */
  image?: Image;
}

/** An image, and where it comes from, as it says itself. */
export interface Image {
  digest: string;
  /** When it was built, as RFC 3339 has it. */
  created?: string;
  /** The commit that it was built from. */
  revision?: string;
  /** The URL of the repository of that commit. */
  source?: string;
  version?: string;
}

export interface Pod {
  name: string;
  ready: boolean;
  /** Its age when it was last seen. */
  milliseconds?: number;
  /** How long after the change it was created. */
  created?: number;
  /** How long after the change it became ready. */
  becameReady?: number;
  trouble?: string;
}

export interface Step {
  /** Since the change. */
  milliseconds: number;
  wanted: number;
  ready: number;
  old: number;
}

export interface Warning {
  reason: string;
  message: string;
  times: number;
}

export interface Log {
  pod: string;
  container: string;
  lines: string[];
}

/** Why an attachment cannot be shown, in a sentence for the reader. */
export class Unreadable extends Error {}

const known = 1;

/** Reads an attachment; throws an `Unreadable` when it is none of this version. */
export function read(text: string): Rollout {
  const document = parse(text);
  const version = member(document, "version", isAnything);
  if (version !== known) {
    throw new Unreadable(
      `This rollout is written in version ${JSON.stringify(version)} of the format, and this tab ` +
        `reads version ${known}. Update the extension Kubectl Set Image.`,
    );
  }
  return {
    result: member(document, "result", isText),
    ...optional(document, "message", isText),
    milliseconds: member(document, "milliseconds", isNumber),
    workloads: list(document, "workloads", workload),
    rollbackCommands: has(document, "rollbackCommands") ? texts(document, "rollbackCommands") : [],
  };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new Unreadable("This attachment is not JSON: it was cut off or changed.");
  }
}

const workload = (from: unknown): Workload => ({
  namespace: member(from, "namespace", isText),
  kind: member(from, "kind", isText),
  name: member(from, "name", isText),
  outcome: member(from, "outcome", isText),
  result: member(from, "result", isText),
  ...optional(from, "cause", isText),
  ...part(from, "proof", proof),
  ...optional(from, "rollback", isText),
  ...optional(from, "milliseconds", isNumber),
  containers: list(from, "containers", container),
  pods: list(from, "pods", pod),
  timeline: list(from, "timeline", step),
  warnings: list(from, "warnings", warning),
  ...part(from, "log", log),
});

const proof = (from: unknown): Proof => {
  const digests = Object.entries(member(from, "digests", isObject));
  return {
    state: member(from, "state", isText),
    digests: Object.fromEntries(digests.map(([of, one]) => [of, checked(one, "digests", isText)])),
    words: member(from, "words", isText),
  };
};

const container = (from: unknown): Container => ({
  name: member(from, "name", isText),
  before: member(from, "before", isText),
  set: member(from, "set", isText),
  ...optional(from, "now", isText),
  ...part(from, "image", image),
});

const image = (from: unknown): Image => ({
  digest: member(from, "digest", isText),
  ...optional(from, "created", isText),
  ...optional(from, "revision", isText),
  ...optional(from, "source", isText),
  ...optional(from, "version", isText),
});

const pod = (from: unknown): Pod => ({
  name: member(from, "name", isText),
  ready: member(from, "ready", isTruth),
  ...optional(from, "milliseconds", isNumber),
  ...optional(from, "created", isNumber),
  ...optional(from, "becameReady", isNumber),
  ...optional(from, "trouble", isText),
});

const step = (from: unknown): Step => ({
  milliseconds: member(from, "milliseconds", isNumber),
  wanted: member(from, "wanted", isNumber),
  ready: member(from, "ready", isNumber),
  old: member(from, "old", isNumber),
});

const warning = (from: unknown): Warning => ({
  reason: member(from, "reason", isText),
  message: member(from, "message", isText),
  times: member(from, "times", isNumber),
});

const log = (from: unknown): Log => ({
  pod: member(from, "pod", isText),
  container: member(from, "container", isText),
  lines: texts(from, "lines"),
});

const isAnything = (_: unknown): _ is unknown => true;
const isText = (value: unknown) => typeof value === "string";
const isNumber = (value: unknown) => typeof value === "number";
const isTruth = (value: unknown) => typeof value === "boolean";
const isList = (value: unknown) => Array.isArray(value);
const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null;

type Check<T> = (value: unknown) => value is T;

function member<T>(of: unknown, name: string, check: Check<T>): T {
  if (!isObject(of)) throw broken(name);
  return checked(of[name], name, check);
}

function checked<T>(value: unknown, name: string, check: Check<T>): T {
  if (!check(value)) throw broken(name);
  return value;
}

function list<T>(of: unknown, name: string, item: (from: unknown) => T): T[] {
  return member(of, name, isList).map(item);
}

function texts(of: unknown, name: string): string[] {
  return list(of, name, (text) => checked(text, name, isText));
}

function has(of: unknown, name: string): boolean {
  return (member(of, name, isAnything) ?? null) !== null;
}

function optional<N extends string, T>(of: unknown, name: N, check: Check<T>) {
  return (has(of, name) ? { [name]: member(of, name, check) } : {}) as { [K in N]?: T };
}

function part<N extends string, T>(of: unknown, name: N, read: (from: unknown) => T) {
  return (has(of, name) ? { [name]: read(member(of, name, isAnything)) } : {}) as { [K in N]?: T };
}

function broken(name: string): Unreadable {
  return new Unreadable(
    `This attachment is not what the task writes: its “${name}” is missing or of another kind.`,
  );
}
