import { drawing, element } from "../element";
import type { Step } from "./document";
import { labels, type Scale } from "./scale";
import { sentence, span } from "./words";

const width = 1000;
const height = 100;
/** What is left at the right for how it ended. */
const tail = 40;
/** How many steps are told to who does not see the drawing. */
const told = 8;

/** How many new pods were ready and how many old ones were left, from the change to the end. */
export function timeline(steps: Step[], scale: Scale, end: number): HTMLElement | undefined {
  const last = steps.at(-1);
  if (!last || steps.every(({ wanted }) => wanted === 0)) return undefined;
  const most = Math.max(...steps.map(({ wanted, ready, old }) => Math.max(wanted, ready + old)));
  const draw = (low: Count, high: Count) => area(steps, scale, most, low, high);
  const words = steps
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
      element("span", { class: "key new" }, `New pods ready: ${last.ready} of ${last.wanted}`),
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
    axis(steps, scale, end),
  );
}

function axis(steps: Step[], scale: Scale, end: number): HTMLElement {
  const moments = steps.map(({ milliseconds }) => milliseconds);
  const times = labels(scale, moments, end).map(({ text, at }) => {
    const label = element("span", {}, text);
    label.style.left = `${round((at * (width - tail)) / 10)}%`;
    return label;
  });
  return element("p", { class: "axis", "aria-hidden": "true" }, ...times);
}

type Count = (step: Step) => number;
const none: Count = () => 0;
const ready: Count = (step) => step.ready;
const all: Count = (step) => step.ready + step.old;

/** The steps between two counts, from the change to the end; the first is taken to hold before. */
function area(steps: Step[], scale: Scale, most: number, low: Count, high: Count): string {
  const x = ({ milliseconds }: Step) => round((width - tail) * scale(milliseconds));
  const y = (count: number) => round(height - (height * count) / Math.max(most, 1));
  const edges = steps.map((step, at) => {
    const next = steps[at + 1];
    return { from: at === 0 ? 0 : x(step), to: next ? x(next) : width, step };
  });
  const line = (count: Count) =>
    edges.flatMap(({ from, to, step }) => [`${from} ${y(count(step))}`, `${to} ${y(count(step))}`]);
  return `M${[...line(high), ...line(low).reverse()].join("L")}Z`;
}

const round = (value: number) => Math.round(value * 10) / 10;
