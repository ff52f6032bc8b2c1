import { element } from "../element";
import type { Pod } from "./document";
import { sign } from "./sign";
import { span } from "./words";

/** How many pods are seen without opening the rest. */
const atFirst = 10;

/** The pods of the new template, those in trouble first. */
export function pods(list: Pod[]): HTMLElement {
  const rows = [...list].sort((a, b) => Number(a.ready) - Number(b.ready)).map(pod);
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

function pod({ name, ready, milliseconds, trouble }: Pod): HTMLElement {
  const tone = ready ? "good" : trouble ? "bad" : "calm";
  const state = ready ? "ready" : (trouble ?? "not ready");
  const age = milliseconds === undefined ? "" : `, ${span(milliseconds)} old`;
  return element(
    "li",
    {},
    sign(tone),
    element("code", {}, name),
    element("span", { class: "state" }, state, element("span", { class: "age" }, age)),
  );
}
