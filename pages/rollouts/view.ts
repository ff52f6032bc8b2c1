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

/** One rollout: the verdict first, then every workload. */
export function rollout(document: Rollout, place: Place): HTMLElement {
  const { text, tone } = resultWord(document.result);
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
      ),
      where(place),
    ),
    ...document.workloads.map((one) => workload(one, document.workloads.length === 1)),
  );
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

function workload(one: Workload, isAlone: boolean): HTMLElement {
  const { text, tone } = outcomeWord(one.outcome);
  const changes = one.containers.map((container) => element("li", {}, change(container)));
  return element(
    "details",
    { class: `workload ${tone}`, open: isAlone || !["good", "calm"].includes(tone) },
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
      element("p", { class: "verdict" }, sentence(one.verdict)),
      one.undo === undefined ? undefined : element("p", { class: "undo" }, sentence(one.undo)),
      images(one.containers),
      timeline(one.course, one.milliseconds ?? one.course.at(-1)?.milliseconds ?? 0),
      one.pods.length > 0 ? pods(one.pods) : undefined,
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
