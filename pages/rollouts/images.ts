import { element } from "../element";
import type { Container } from "./document";

/** The images of every container: before, set, and what it has now. */
export function images(containers: Container[]): HTMLElement {
  const heads = ["Container", "Before", "Set", "Has now"];
  return element(
    "div",
    { class: "wide" },
    element(
      "table",
      { class: "images" },
      element(
        "thead",
        {},
        element("tr", {}, ...heads.map((head) => element("th", { scope: "col" }, head))),
      ),
      element("tbody", {}, ...containers.map(row)),
    ),
  );
}

/**
 * An image and its successor: what both share once and quietly, what differs in full. The one that
 * is there now is bold; a successor that is gone again is struck out.
 */
export function change({ before, set, now }: Container): HTMLElement {
  if (before === set) return element("code", {}, set);
  const shared = sharedStart(before, set);
  const isBack = now === before;
  return element(
    "code",
    {},
    element("span", { class: "shared" }, set.slice(0, shared)),
    element(isBack ? "b" : "span", {}, before.slice(shared)),
    element("span", { class: "arrow" }, " → "),
    element(isBack ? "s" : "b", {}, set.slice(shared)),
  );
}

function row({ name, before, set, now }: Container): HTMLElement {
  return element(
    "tr",
    {},
    element("th", { scope: "row" }, name),
    element("td", {}, element("code", {}, before)),
    element("td", {}, element("code", {}, set)),
    now === undefined
      ? element("td", {}, "not known")
      : element("td", {}, element("code", {}, now), " ", which(now, before, set)),
  );
}

function which(now: string, before: string, set: string): HTMLElement {
  if (now === before && now === set) return element("span", { class: "which" }, "as before");
  if (now === set) return element("span", { class: "which good" }, "the new one");
  if (now === before) return element("span", { class: "which" }, "the old one");
  return element("span", { class: "which bad" }, "set by somebody else");
}

/** How long the common start is, up to the end of a part of the names. */
function sharedStart(a: string, b: string): number {
  let end = 0;
  for (let at = 0; at < a.length && a[at] === b[at]; at += 1) {
    if ("/:@".includes(a.charAt(at))) end = at + 1;
  }
  return end;
}
