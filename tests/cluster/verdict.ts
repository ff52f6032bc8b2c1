import type { Outcome } from "../support/agent";

/** What a step came to, without what is different from one run to the next. */
export interface Verdict {
  result: string;
  message: string;
  errors: string[];
  warnings: string[];
  changed: string | undefined;
  log: string[];
}

export function verdictOf(outcome: Outcome, namespace: string): Verdict {
  const even = (text: string) => evenedOut(text, namespace);
  const { result, message, errors, warnings, outputs, log } = outcome;
  return {
    result,
    message: even(message),
    errors: errors.map(even),
    warnings: warnings.map(even).filter((text) => !skew.test(text)),
    changed: outputs.changed,
    log: inOrder(log.map(even).filter(isSteady)),
  };
}

/** What is said where a watch is refused. */
const refused = String.raw`^The \w+ cannot be watched|^No permission to watch`;
/** How far a rollout is, and the events about it: of both there are more or fewer. */
const hurried = /^\[ *\w+\] |^ {2}Event /;
/** What is printed of commands that run side by side. */
const sideBySide = new RegExp(
  String.raw`^##\[command\]|^\S+ (image updated|restarted)$|${refused}`,
);

/** A watch that is refused is told again on the way back, unless that is over before. */
const refusal = new RegExp(refused);

/** That the machine's kubectl is not of the server's version, which says nothing of the server. */
const skew = /more than one minor version apart/;

/** Whether a line is in the log of every run. */
function isSteady(line: string, at: number, lines: string[]): boolean {
  return (
    !hurried.test(line) && !skew.test(line) && !(refusal.test(line) && lines.indexOf(line) < at)
  );
}

/** The lines, with those in order that come in any, each once. */
function inOrder(lines: string[]): string[] {
  const groups: string[][] = [];
  for (const line of lines) {
    const last = groups.at(-1);
    if (last !== undefined && sideBySide.test(line) && sideBySide.test(last[0] ?? ""))
      last.push(line);
    else groups.push([line]);
  }
  return groups.flatMap((group) => [...new Set(group)].sort());
}

const safe = "[bcdfghjklmnpqrstvwxz2456789]";
const templateOf = new RegExp(`(-|^)[bcdf4-9]{7,10}(-${safe}{5}|-)?(?![a-z0-9-])`, "g");
const podOf = new RegExp(`-${safe}{5}(?![a-z0-9-])`, "g");

export function evenedOut(text: string, namespace: string): string {
  return text
    .replaceAll(namespace, "NAMESPACE")
    .replace(
      /^Cluster +https?:\S+ \(Kubernetes [\d.]+, kubectl [\d.]+\)/,
      "Cluster ADDRESS (VERSIONS)",
    )
    .replace(/^(✗ .*)\b\d+(\/\d+ ready)/, "$1N$2")
    .replace(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, "UID")
    .replace(templateOf, "-HASH")
    .replace(podOf, "-HASH")
    .replace(/\b(\d+m)?\d+(s|ms)\b/g, "TIME")
    .replace(/\b\d+ restarts?\b/g, "RESTARTS")
    .replace(/\bnode-\d+\b/g, "NODE")
    .replace(/\b\d{4}-\d\d-\d\dT[\d:.]+Z/g, "MOMENT");
}
