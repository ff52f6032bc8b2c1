import { copyButton } from "../copy";
import { element } from "../element";
import type { Workload } from "./document";

/** Finds what is code in a sentence: commands, digests and the names that it is about. */
export type Names = RegExp;

const command = String.raw`kubectl (?:delete|describe|exec|get|logs|rollout|set) .+?(?=\. |; | \[|\.?$)`;

/** The names in sentences about workloads. That of a container may be a word: it is told by its place. */
export function namesOf(workloads: Workload[]): Names {
  const names = workloads.flatMap(({ namespace, kind, name, containers, pods, log }) => [
    ...[kind, kind.replace(/s$/, "")].flatMap((kind) => [
      `${kind}/${name}`,
      `${namespace}/${kind}/${name}`,
    ]),
    ...containers.flatMap(({ before, set, now = "" }) => [before, set, now]),
    ...pods.map((pod) => pod.name),
    log?.pod ?? "",
  ]);
  const containers = anyOf(workloads.flatMap((one) => one.containers.map(({ name }) => name)));
  const parts = [
    command,
    "sha256:[0-9a-f]+",
    anyOf(names),
    `(?<=^|container |: )${containers}`,
    `${containers}(?=: )`,
  ];
  return new RegExp(`(?<![\\w/-])(?:${parts.join("|")})(?![\\w/-]|[.:@][A-Za-z0-9])`, "g");
}

/** A sentence with its names as code; with a button to copy each command, unless told otherwise. */
export function marked(
  text: string,
  names: Names,
  { buttons = true } = {},
): (HTMLElement | string)[] {
  const found = [...text.matchAll(names)].filter(([match]) => match !== "");
  const parts = found.flatMap(({ 0: match, index }, at) => {
    const before = found[at - 1];
    const from = before ? before.index + before[0].length : 0;
    const isCommand = buttons && match.startsWith("kubectl ");
    return [text.slice(from, index), isCommand ? commandLine(match) : element("code", {}, match)];
  });
  const last = found.at(-1);
  return [...parts, text.slice(last ? last.index + last[0].length : 0)];
}

/** A command, with a button to copy it. */
export function commandLine(text: string): HTMLElement {
  const button = copyButton(() => text, "the command");
  return element("span", { class: "command" }, element("code", {}, text), " ", button);
}

/** The longest of these, or what never is. */
function anyOf(texts: string[]): string {
  const some = [...new Set(texts)].filter((text) => text !== "");
  if (some.length === 0) return "(?!)";
  const longest = some.sort((one, other) => other.length - one.length);
  return `(?:${longest.map((text) => text.replace(/[.*+?^${}()|[\]\\/-]/g, "\\$&")).join("|")})`;
}
