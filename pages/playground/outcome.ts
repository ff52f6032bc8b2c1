import type { Effect } from "../../task/src/protocol";
import { copyButton } from "../copy";
import { element } from "../element";

/** How the step ended, in which words, and what of it to see first: the first error, or the tag. */
export function verdict(effects: Effect[]): HTMLElement {
  const end = effects.find((effect) => effect.type === "finish") ?? {
    result: "Goes on",
    message: "From here on the step asks the cluster, and this page has none.",
  };
  const error = effects.find((effect) => effect.type === "log" && effect.style === "error");
  const tag = effects.find((effect) => effect.type === "setVariable" && effect.name === "tag");
  return element(
    "div",
    { class: `result ${end.result.replace(/\W/g, "")}` },
    element("p", {}, element("strong", {}, end.result), ` ${end.message}`),
    error?.type === "log"
      ? element("p", { class: "first" }, error.text)
      : tag?.type === "setVariable"
        ? element("p", { class: "first" }, "Tag ", element("code", {}, tag.value))
        : undefined,
  );
}

/** What came of the inputs: the output variables and the like, the log, and the step as YAML. */
export function details(effects: Effect[], step: string): HTMLElement[] {
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
    element("h2", {}, "Step"),
    element("pre", { tabindex: "0", role: "region", "aria-label": "Step" }, step),
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
  const text = value.trimEnd();
  const copy = text === "" ? undefined : copyButton(() => text, name);
  return [
    element("dt", {}, name),
    element("dd", {}, element("code", { class: "value" }, text), copy),
  ];
}
