import type { Effect } from "../../task/src/protocol";
import { element } from "../element";

/** What came of the inputs: the end, the output variables, and the log. */
export function outcome(effects: Effect[]): HTMLElement[] {
  const rows = effects.flatMap(row);
  const lines = effects.flatMap((effect) =>
    effect.type === "log" && effect.style !== "debug"
      ? [element("span", { class: effect.style }, `${effect.text}\n`)]
      : [],
  );
  const log = element("pre", { tabindex: "0", role: "region", "aria-label": "Log" }, ...lines);
  return [
    verdict(effects),
    ...(rows.length > 0 ? [element("dl", {}, ...rows.flat())] : []),
    element("h2", {}, "Log"),
    log,
  ];
}

function verdict(effects: Effect[]): HTMLElement {
  const end = effects.find((effect) => effect.type === "finish");
  if (!end) {
    const why = "From here on the step asks the cluster, and this page has none.";
    return element("p", { class: "verdict" }, element("strong", {}, "Goes on"), ` ${why}`);
  }
  const { result, message } = end;
  const text = [element("strong", {}, result), ` ${message}`];
  return element("p", { class: `verdict ${result}` }, ...text);
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
