import { drawing, element } from "../element";
import type { Pod } from "./document";
import { marked, type Names } from "./marked";
import type { Scale } from "./scale";
import { sign } from "./sign";
import { span } from "./words";

/** How many pods are seen without opening the rest. */
const atFirst = 10;

/** The width of a bar, from the change to the end. */
const width = 1000;

/** The pods of the new template, those in trouble first, and when each came and became ready. */
export function pods(list: Pod[], scale: Scale, names: Names): HTMLElement {
  const inOrder = [...list].sort((a, b) => Number(a.ready) - Number(b.ready));
  const rows = inOrder.map((one) => pod(one, scale, names));
  const rest = rows.splice(atFirst);
  return element(
    "section",
    { class: "part" },
    element("h4", {}, "New pods"),
    element("ul", { class: "pods" }, ...rows),
    rest.length > 0
      ? element(
          "details",
          {},
          element("summary", {}, `${rest.length} more`),
          element("ul", { class: "pods" }, ...rest),
        )
      : undefined,
  );
}

function pod(
  { name, ready, milliseconds, created, becameReady, trouble }: Pod,
  scale: Scale,
  names: Names,
): HTMLElement {
  const tone = ready ? "good" : trouble ? "bad" : "calm";
  const state = ready ? "ready" : (trouble ?? "not ready");
  const age = milliseconds === undefined ? "" : `, ${span(milliseconds)} old`;
  return element(
    "li",
    {},
    sign(tone),
    element("code", {}, name),
    element(
      "span",
      { class: "state" },
      ...marked(state, names),
      element("span", { class: "age" }, age),
    ),
    created === undefined ? undefined : bar(created, becameReady, scale),
  );
}

/** When a pod came, and since when it is ready, between the change and the end. */
function bar(created: number, becameReady: number | undefined, scale: Scale): SVGElement {
  const came = `Created ${span(created)} after the change`;
  const words = becameReady === undefined ? came : `${came}, ready ${span(becameReady)} after it`;
  const x = (at: number) => Math.round(width * scale(at));
  const piece = (of: string, from: number, to: number) =>
    drawing("rect", {
      class: of,
      x: String(from),
      y: "0",
      width: String(Math.max(to - from, 4)),
      height: "10",
    });
  const running = becameReady === undefined ? width : x(becameReady);
  return drawing(
    "svg",
    {
      class: "bar",
      viewBox: `0 0 ${width} 10`,
      preserveAspectRatio: "none",
      role: "img",
      "aria-label": words,
    },
    drawing("title", {}, words),
    piece("starting", x(created), running),
    becameReady === undefined ? undefined : piece("running", running, width),
  );
}
