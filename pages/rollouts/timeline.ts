import { drawing, element } from "../element";
import type { Step } from "./document";
import { sentence, span } from "./words";

const width = 1000;
const height = 100;
/** What is left at the right for how it ended. */
const tail = 40;
/** How many steps are told to who does not see the drawing. */
const told = 8;

/** How many new pods were ready and how many old ones were left, from the change to the end. */
export function timeline(course: Step[], end: number): HTMLElement | undefined {
  const last = course.at(-1);
  if (!last || course.every(({ wanted }) => wanted === 0)) return undefined;
  const most = Math.max(...course.map(({ wanted, ready, old }) => Math.max(wanted, ready + old)));
  const draw = (low: Count, high: Count) => area(course, end, most, low, high);
  const words = course
    .slice(-told)
    .map(({ milliseconds, wanted, ready, old }) => {
      return `after ${span(milliseconds)} ${ready} of ${wanted} new pods ready, ${old} old left`;
    })
    .join("; ");
  return element(
    "figure",
    { class: "timeline" },
    element(
      "figcaption",
      {},
      element("span", { class: "key new" }, `New pods, ready: ${last.ready} of ${last.wanted}`),
      element("span", { class: "key old" }, `Old pods left: ${last.old}`),
    ),
    drawing(
      "svg",
      {
        viewBox: `0 0 ${width} ${height}`,
        preserveAspectRatio: "none",
        role: "img",
        "aria-label": sentence(words),
      },
      drawing("path", { class: "old", d: draw(ready, all) }),
      drawing("path", { class: "new", d: draw(none, ready) }),
    ),
    element(
      "p",
      { class: "axis", "aria-hidden": "true" },
      element("span", {}, "0 s"),
      element("span", {}, span(end)),
    ),
  );
}

type Count = (step: Step) => number;
const none: Count = () => 0;
const ready: Count = (step) => step.ready;
const all: Count = (step) => step.ready + step.old;

/** The steps between two counts, from the change to the end; the first is taken to hold before. */
function area(course: Step[], end: number, most: number, low: Count, high: Count): string {
  const x = (at: number) => round(((width - tail) * Math.min(at, end)) / Math.max(end, 1));
  const y = (count: number) => round(height - (height * count) / Math.max(most, 1));
  const edges = course.map((step, at) => {
    const next = course[at + 1];
    return {
      from: at === 0 ? 0 : x(step.milliseconds),
      to: next ? x(next.milliseconds) : width,
      step,
    };
  });
  const line = (count: Count) =>
    edges.flatMap(({ from, to, step }) => [`${from} ${y(count(step))}`, `${to} ${y(count(step))}`]);
  return `M${[...line(high), ...line(low).reverse()].join("L")}Z`;
}

const round = (value: number) => Math.round(value * 10) / 10;
