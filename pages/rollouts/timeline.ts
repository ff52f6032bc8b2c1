import { drawing, element } from "../element";
import type { Pod, Step, Workload } from "./document";
import { sentence, span } from "./words";

/** How many pods are seen without opening the rest. */
const atFirst = 12;
const width = 1000;
const height = 100;

/** The rollout on one axis of time: how many pods were ready, and each pod of the new template. */
export function timeline(workload: Workload): HTMLElement | undefined {
  const { course, pods } = workload;
  const end = workload.milliseconds ?? course.at(-1)?.milliseconds ?? 0;
  const isCounted = course.some(({ wanted }) => wanted > 0);
  if (!isCounted && pods.length === 0) return undefined;
  const ordered = [...pods].sort((a, b) => Number(a.ready) - Number(b.ready));
  const rows = ordered.map((pod) => podRow(pod, end));
  const later = rows.splice(atFirst);
  return element(
    "div",
    { class: "timeline" },
    isCounted ? courseRow(course, end) : undefined,
    element("ul", { class: "pods", "aria-label": "New pods" }, ...rows),
    later.length > 0
      ? element(
          "details",
          { class: "more" },
          element("summary", {}, `${later.length} more pods`),
          element("ul", { class: "pods" }, ...later),
        )
      : undefined,
    end > 0 ? axis(end) : undefined,
  );
}

function courseRow(course: Step[], end: number): HTMLElement {
  const most = Math.max(...course.map(({ wanted, ready, old }) => Math.max(wanted, ready + old)));
  const ready = area(course, end, most, () => 0, (step) => step.ready);
  const old = area(course, end, most, (step) => step.ready, (step) => step.ready + step.old);
  const told = course.slice(-8).map(({ milliseconds, wanted, ready, old }) => {
    return `after ${span(milliseconds)} ${ready} of ${wanted} ready, ${old} old`;
  });
  const { ready: last, wanted } = course.at(-1) ?? { ready: 0, wanted: 0 };
  return element(
    "div",
    { class: "course" },
    element(
      "p",
      { class: "legend" },
      element("span", { class: "key new" }, "new pods, ready"),
      element("span", { class: "key old" }, "old pods"),
    ),
    drawing(
      "svg",
      {
        viewBox: `0 0 ${width} ${height}`,
        preserveAspectRatio: "none",
        role: "img",
        "aria-label": sentence(told.join("; ")),
      },
      drawing("path", { class: "old", d: old }),
      drawing("path", { class: "new", d: ready }),
    ),
    element("p", { class: "count" }, `${last} of ${wanted} ready`),
  );
}

/** The steps between two counts, from the change to the end; the first is taken to hold before. */
function area(
  course: Step[],
  end: number,
  most: number,
  low: (step: Step) => number,
  high: (step: Step) => number,
): string {
  const x = (at: number) => round((width * Math.min(at, end)) / Math.max(end, 1));
  const y = (count: number) => round(height - (height * count) / Math.max(most, 1));
  const edges = course.map((step, at) => ({
    from: x(at === 0 ? 0 : step.milliseconds),
    to: x(course[at + 1]?.milliseconds ?? end),
    step,
  }));
  const line = (count: (step: Step) => number) =>
    edges.flatMap(({ from, to, step }) => [`${from} ${y(count(step))}`, `${to} ${y(count(step))}`]);
  return `M${[...line(high), ...line(low).reverse()].join("L")}Z`;
}

function podRow({ name, ready, milliseconds, trouble }: Pod, end: number): HTMLElement {
  const tone = ready ? "good" : trouble ? "bad" : "calm";
  const state = ready ? "ready" : (trouble ?? "not ready");
  const from = round(Math.max(0, 1 - (milliseconds ?? 0) / Math.max(end, 1)) * width);
  const bar = drawing(
    "svg",
    { viewBox: `0 0 ${width} 10`, preserveAspectRatio: "none", "aria-hidden": "true" },
    drawing("rect", { class: "track", width: `${width}`, height: "10" }),
    milliseconds === undefined
      ? undefined
      : drawing("rect", { class: tone, x: `${from}`, width: `${width - from}`, height: "10" }),
  );
  return element(
    "li",
    {},
    element("code", {}, name),
    bar,
    element("span", { class: `state ${tone}` }, state),
  );
}

function axis(end: number): HTMLElement {
  return element(
    "p",
    { class: "axis", "aria-hidden": "true" },
    element("span", {}, "0 s"),
    element("span", {}, span(end)),
  );
}

const round = (value: number) => Math.round(value * 10) / 10;
