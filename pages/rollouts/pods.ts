import { drawing, element } from "../element";
import type { Pod } from "./document";
import { sign } from "./sign";
import { span } from "./words";

/** How many pods are seen without opening the rest. */
const atFirst = 10;

/** The width of a bar, from the change to the end. */
const width = 1000;

/** The pods of the new template, those in trouble first, and when each came and became ready. */
export function pods(list: Pod[], end: number): HTMLElement {
  const moments = list.flatMap(({ created = 0, becameReady = 0 }) => [created, becameReady]);
  const last = Math.max(end, ...moments, 1);
  const inOrder = [...list].sort((a, b) => Number(a.ready) - Number(b.ready));
  const rows = inOrder.map((one) => pod(one, last));
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

function pod({ name, ready, milliseconds, created, becameReady, trouble }: Pod, last: number) {
  const tone = ready ? "good" : trouble ? "bad" : "calm";
  const state = ready ? "ready" : (trouble ?? "not ready");
  const age = milliseconds === undefined ? "" : `, ${span(milliseconds)} old`;
  return element(
    "li",
    {},
    sign(tone),
    element("code", {}, name),
    element("span", { class: "state" }, state, element("span", { class: "age" }, age)),
    created === undefined ? undefined : bar(created, becameReady, last),
  );
}

/** When a pod came, and since when it is ready, between the change and the end. */
function bar(created: number, becameReady: number | undefined, last: number): SVGElement {
  const x = (at: number) => Math.round((width * Math.min(at, last)) / last);
  const came = `Created ${span(created)} after the change`;
  const words = becameReady === undefined ? came : `${came}, ready ${span(becameReady)} after it`;
  const piece = (of: string, from: number, to: number) =>
    drawing("rect", {
      class: of,
      x: String(x(from)),
      y: "0",
      width: String(Math.max(x(to) - x(from), 4)),
      height: "10",
    });
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
    piece("starting", created, becameReady ?? last),
    becameReady === undefined ? undefined : piece("running", becameReady, last),
  );
}
