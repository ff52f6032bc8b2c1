import type { KubeObject, LabelSelector, Labels } from "./objects";
import { StatusError } from "./status";

type Test = (labels: Labels) => boolean;
export type Matches = (object: KubeObject) => boolean;

/** Reads `a=b,c!=d,e in (f,g),h notin (i),j,!k`. */
export function labelSelector(text: string): Matches {
  const tests = splitOutsideParentheses(text).map(labelTest);
  return (object) => tests.every((test) => test(object.metadata.labels ?? {}));
}

/** A workload's spec.selector; ReplicationControllers have the labels alone. */
export function selectorOf(
  selector: LabelSelector | Labels | undefined,
): (labels?: Labels) => boolean {
  const { matchLabels, matchExpressions = [] } = (selector ?? {}) as LabelSelector;
  const structured = matchLabels !== undefined || matchExpressions.length > 0;
  const wanted = Object.entries((structured ? matchLabels : (selector as Labels)) ?? {});
  const tests = matchExpressions.map(({ key, operator, values = [] }) => {
    if (operator === "In" || operator === "NotIn") return setTest(key, operator === "In", values);
    return existenceTest(key, operator === "Exists");
  });
  return (labels = {}) =>
    wanted.every(([key, value]) => labels[key] === value) && tests.every((test) => test(labels));
}

/** The fields, beside name and namespace, by which objects of a kind can be selected. */
const selectable: Record<string, string[]> = {
  Pod: [
    "spec.nodeName",
    "spec.restartPolicy",
    "spec.schedulerName",
    "spec.serviceAccountName",
    "spec.hostNetwork",
    "status.phase",
    "status.podIP",
    "status.nominatedNodeName",
  ],
  Event: [
    ...["kind", "namespace", "name", "uid", "apiVersion", "resourceVersion", "fieldPath"].map(
      (field) => `involvedObject.${field}`,
    ),
    "reason",
    "reportingComponent",
    "source",
    "type",
  ],
  Node: ["spec.unschedulable"],
  Namespace: ["status.phase"],
  ReplicationController: ["status.replicas"],
  Secret: ["type"],
  Service: ["spec.clusterIP", "spec.type"],
};

/** Reads `metadata.name=a,status.phase!=Running`, for objects of a kind. */
export function fieldSelector(text: string, kind: string): Matches {
  const tests = text
    .split(",")
    .filter(Boolean)
    .map((term) => {
      const [, path = "", operator, value] = /^([\w.-]+)(==|=|!=)(.*)$/.exec(term) ?? [];
      if (operator === undefined) throw badSelector(term);
      checkField(path, kind);
      return (object: KubeObject) => (fieldAt(object, path) === value) === (operator !== "!=");
    });
  return (object) => tests.every((test) => test(object));
}

function checkField(path: string, kind: string): void {
  if (path === "metadata.name" || path === "metadata.namespace") return;
  const fields = selectable[kind];
  if (fields?.includes(path)) return;
  const known = '"metadata.name", "metadata.namespace"';
  const message = fields
    ? `field label not supported: ${path}`
    : `"${path}" is not a known field selector: only ${known}`;
  throw new StatusError(400, message);
}

function splitOutsideParentheses(text: string): string[] {
  const terms = text.match(/(?:\([^)]*\)|[^,(])+/g) ?? [];
  return terms.map((term) => term.trim()).filter(Boolean);
}

function labelTest(term: string): Test {
  const set = /^(\S+)\s+(in|notin)\s*\(([^)]*)\)$/.exec(term);
  if (set) {
    const [, key = "", operator, list = ""] = set;
    return setTest(
      key,
      operator === "in",
      list.split(",").map((value) => value.trim()),
    );
  }
  const equality = /^([\w./-]+)\s*(==|=|!=)\s*([\w.-]*)$/.exec(term);
  if (equality) {
    const [, key = "", operator, value = ""] = equality;
    return setTest(key, operator !== "!=", [value]);
  }
  const existence = /^(!?)\s*([\w./-]+)$/.exec(term);
  if (existence) return existenceTest(existence[2] ?? "", existence[1] === "");
  throw badSelector(term);
}

function setTest(key: string, within: boolean, values: string[]): Test {
  return (labels) => {
    const value = labels[key];
    return (value !== undefined && values.includes(value)) === within;
  };
}

function existenceTest(key: string, exists: boolean): Test {
  return (labels) => (labels[key] !== undefined) === exists;
}

function fieldAt(object: KubeObject, path: string): string {
  let value: unknown = object;
  for (const field of path.split("."))
    value = (value as Record<string, unknown> | undefined)?.[field];
  return value === undefined ? "" : String(value);
}

function badSelector(term: string): StatusError {
  return new StatusError(400, `unable to parse requirement: found '${term}'`);
}
