import { element } from "../element";
import type { Log, Rollout, Warning, Workload } from "./document";
import { change, images } from "./images";
import { pods } from "./pods";
import { sign } from "./sign";
import { timeline } from "./timeline";
import { outcomeWord, resultWord, sentence, span } from "./words";

/** Which step a rollout is of, and when that was done. */
export interface Place {
  step: string[];
  at?: Date;
}

/** One rollout: the verdict first, then every workload, those that ask for a look before the rest. */
export function rollout(document: Rollout, place: Place): HTMLElement {
  const { text, tone } = resultWord(document.result);
  const { workloads } = document;
  const most = Math.max(...workloads.map(concern));
  const ordered = [...workloads].sort((a, b) => concern(b) - concern(a));
  const isOpen = (one: Workload) => workloads.length === 1 || (most > 0 && concern(one) === most);
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
          ? element("span", { class: "took" }, `: ${tally(workloads)}`)
          : undefined,
      ),
      where(place),
    ),
    ...ordered.map((one) => workload(one, isOpen(one))),
  );
}

/** How much a workload asks for a look: most when a pod of its is in trouble, least when all is well. */
function concern({ outcome, pods }: Workload): number {
  const isWell = ["good", "calm"].includes(outcomeWord(outcome).tone);
  if (isWell) return 0;
  return pods.some(({ trouble }) => trouble) ? 2 : 1;
}

function tally(workloads: Workload[]): string {
  const counts = new Map<string, number>();
  for (const { outcome } of workloads) {
    const { text } = outcomeWord(outcome);
    counts.set(text, (counts.get(text) ?? 0) + 1);
  }
  return [...counts].map(([text, count]) => `${count} ${text.toLowerCase()}`).join(", ");
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
  const { text, tone } = outcomeWord(one.outcome);
  const changes = one.containers.map((container) => element("li", {}, change(container)));
  const end = one.milliseconds ?? one.timeline.at(-1)?.milliseconds ?? 0;
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
        one.milliseconds ? element("span", { class: "took" }, span(one.milliseconds)) : undefined,
        sign(tone),
        text,
      ),
      element("ul", { class: "changes", "aria-label": "Images" }, ...changes),
    ),
    element(
      "div",
      { class: "body" },
      element("p", { class: "verdict" }, sentence(one.result)),
      one.proof === undefined ? undefined : element("p", { class: "proof" }, sentence(one.proof)),
      one.rollback === undefined
        ? undefined
        : element("p", { class: "rollback" }, sentence(one.rollback)),
      images(one.containers),
      timeline(one.timeline, end),
      one.pods.length > 0 ? pods(one.pods, end) : undefined,
      one.warnings.length > 0 ? warnings(one.warnings) : undefined,
      one.log ? log(one.log) : undefined,
    ),
  );
}

function warnings(list: Warning[]): HTMLElement {
  const items = list.map(({ reason, message, times }) =>
    element(
      "li",
      {},
      element("b", {}, reason),
      times > 1 ? element("span", { class: "times" }, ` ${times} times`) : undefined,
      element("span", { class: "message" }, message),
    ),
  );
  return element(
    "section",
    { class: "part" },
    element("h4", {}, "Warnings of Kubernetes"),
    element("ul", { class: "warnings" }, ...items),
  );
}

function log({ pod, container, lines }: Log): HTMLElement {
  const title = `The last lines of ${container} in the pod ${pod}`;
  return element(
    "section",
    { class: "part" },
    element("h4", {}, title),
    element("pre", { tabindex: "0", role: "region", "aria-label": title }, lines.join("\n")),
  );
}
