import type { Effect } from "../../task/src/protocol";
import { element } from "../element";

/** How the step ended, and in which words. */
export function verdict(effects: Effect[]): { result: string; message: string } {
  const end = effects.find((effect) => effect.type === "finish");
  if (end) return end;
  const message = "From here on the step asks the cluster, and this page has none.";
  return { result: "Goes on", message };
}

/** What came of the inputs: the output variables and the like, and the log. */
export function details(effects: Effect[]): HTMLElement[] {
  const rows = effects.flatMap(row);
  const lines = effects.flatMap((effect) =>
    effect.type === "log" && effect.style !== "debug"
      ? [element("span", { class: effect.style }, `${effect.text}\n`)]
      : [],
  );
  return [
    ...(rows.length > 0 ? [element("dl", {}, ...rows.flat())] : []),
    element("h2", {}, "Log"),
    element("pre", { tabindex: "0", role: "region", "aria-label": "Log" }, ...lines),
  ];
}

/** A result other than a line of the log, as a name and what it holds. */
function row(effect: Effect): HTMLElement[][] {
  switch (effect.type) {
    case "setVariable":
      return [pair(effect.name, effect.value)];
    case "addBuildTag":
      return [pair("Tag of the build", effect.tag)];
    case "updateBuildNumber":
      return [pair("Number of the build", effect.number)];
    case "saveFile":
      return [pair(effect.path, effect.content)];
    default:
      return [];
  }
}

function pair(name: string, value: string): HTMLElement[] {
  const code = element("pre", {}, value.trimEnd());
  return [element("dt", {}, name), element("dd", {}, code)];
}
