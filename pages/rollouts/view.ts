import { element } from "../element";
import type { Log, Rollout, Warning, Workload } from "./document";
import { change, images } from "./images";
import { commandLine, marked, type Names, namesOf } from "./marked";
import { pods } from "./pods";
import { scaleOf } from "./scale";
import { sign } from "./sign";
import { timeline } from "./timeline";
import { outcomeWord, resultWord, sentence, span } from "./words";

/** Which step a rollout is of, and when that was done. */
export interface Place {
  step: string[];
  at?: Date;
}

/** One rollout: the result first, then every workload, the ones that failed before the rest. */
export function rollout(document: Rollout, place: Place): HTMLElement {
  const { text, tone } = resultWord(document.result);
  const { workloads, message, rollbackCommands } = document;
  const most = Math.max(...workloads.map(concern));
  const ordered = [...workloads].sort((a, b) => concern(b) - concern(a));
  const isOpen = (one: Workload) => workloads.length === 1 || (most > 1 && concern(one) === most);
  return element(
    "section",
    { class: `rollout ${tone}` },
    element(
      "header",
      {},
      sign(tone),
      element(
        "h2",
        {},
        text,
        element("span", { class: "took" }, ` after ${span(document.milliseconds)}`),
        workloads.length > 1
          ? element("span", { class: "took" }, `: ${tally(ordered)}`)
          : undefined,
      ),
      where(place),
    ),
    message === undefined
      ? undefined
      : element("p", { class: "message" }, ...marked(message, namesOf(workloads))),
    ...ordered.map((one) => workload(one, isOpen(one))),
    rollbackCommands.length > 0 ? rollback(rollbackCommands) : undefined,
  );
}

/** How much a workload asks for a look: most when it failed itself, least when all is well. */
function concern(one: Workload): number {
  if (one.cause !== undefined) return 3;
  const { tone } = outcomeWord(one);
  if (tone === "good" || tone === "calm") return one.proof?.state === "differs" ? 2 : 0;
  return tone === "back" ? 1 : 2;
}

function tally(workloads: Workload[]): string {
  const counts = new Map<string, number>();
  for (const one of workloads) {
    const { text } = outcomeWord(one);
    counts.set(text, (counts.get(text) ?? 0) + 1);
  }
  return [...counts].map(([text, count]) => `${count} ${text.toLowerCase()}`).join("; ");
}

/** What is shown in the place of a rollout that cannot be. */
export function notShown(why: string, place: Place): HTMLElement {
  return element(
    "section",
    { class: "rollout warn" },
    element("header", {}, sign("warn"), element("h2", {}, "Not shown"), where(place)),
    element("p", { class: "note" }, why),
  );
}

function where({ step, at }: Place): HTMLElement {
  const time = at
    ? element(
        "time",
        { datetime: at.toISOString() },
        at.toLocaleString(undefined, { dateStyle: "medium", timeStyle: "short" }),
      )
    : undefined;
  const path = step.length > 0 ? step.join(" › ") : "Kubectl Set Image";
  return element("p", { class: "where" }, path, time ? " · " : undefined, time);
}

function workload(one: Workload, isOpen: boolean): HTMLElement {
  const { text, tone } = outcomeWord(one);
  const names = namesOf([one]);
  const changes = one.containers.map((container) => element("li", {}, change(container)));
  return element(
    "details",
    { class: `workload ${tone}`, open: isOpen },
    element(
      "summary",
      {},
      element(
        "h3",
        {},
        element("span", { class: "namespace" }, `${one.namespace}/`),
        `${one.kind}/${one.name}`,
      ),
      element(
        "span",
        { class: `outcome ${tone}` },
        one.milliseconds === undefined
          ? undefined
          : element("span", { class: "took" }, span(one.milliseconds)),
        sign(tone),
        text,
      ),
      one.cause === undefined
        ? undefined
        : element("span", { class: "cause" }, ...marked(one.cause, names, { buttons: false })),
      element("ul", { class: "changes", "aria-label": "Images" }, ...changes),
    ),
    body(one, names),
  );
}

function body(one: Workload, names: Names): HTMLElement {
  const moments = [
    ...one.timeline.map(({ milliseconds }) => milliseconds),
    ...one.pods.flatMap(({ created = 0, becameReady = 0 }) => [created, becameReady]),
  ];
  const end = Math.max(one.milliseconds ?? 0, ...moments);
  const scale = scaleOf(moments, end);
  const said = (of: string, text: string | undefined) =>
    text === undefined ? undefined : element("p", { class: of }, ...marked(sentence(text), names));
  return element(
    "div",
    { class: "body" },
    said("verdict", one.result),
    said("rollback", one.rollback),
    one.proof?.state === "verified" ? undefined : said("proof", one.proof?.words),
    one.log ? log(one.log) : undefined,
    one.warnings.length > 0 ? events(one.warnings, names) : undefined,
    timeline(one.timeline, scale, end),
    one.pods.length > 0 ? pods(one.pods, scale, names) : undefined,
    ...one.containers.map((container) => images(container, one.proof)),
  );
}

function events(list: Warning[], names: Names): HTMLElement {
  const items = list.map(({ reason, message, times }) =>
    element(
      "li",
      {},
      element("b", {}, reason),
      times > 1 ? element("span", { class: "times" }, ` ${times} times`) : undefined,
      element("span", { class: "said" }, ...marked(message, names)),
    ),
  );
  return element(
    "section",
    { class: "part" },
    element("h4", {}, "Kubernetes events"),
    element("ul", { class: "events" }, ...items),
  );
}

function log({ pod, container, lines }: Log): HTMLElement {
  const label = `Last output of ${container} in pod ${pod}`;
  return element(
    "section",
    { class: "part" },
    element(
      "h4",
      {},
      "Last output of ",
      element("code", {}, container),
      " in pod ",
      element("code", {}, pod),
    ),
    element("pre", { tabindex: "0", role: "region", "aria-label": label }, lines.join("\n")),
  );
}

function rollback(commands: string[]): HTMLElement {
  const items = commands.map((command) => element("li", {}, commandLine(command)));
  return element(
    "section",
    { class: "by-hand" },
    element("h3", {}, "To roll back"),
    element("ul", {}, ...items),
  );
}
