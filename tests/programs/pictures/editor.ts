import { holds } from "../../../pages/playground/rule";
import task from "../../../task/task.json";
import { escaped, pageOf } from "./html";

type Input = (typeof task.inputs)[number];

const style = `
  body { width: 1060px; padding: 22px 28px 28px; columns: 2; column-gap: 44px }
  div, label { break-inside: avoid }
  label, h2 { break-after: avoid }
  h1 { font-size: 17px; font-weight: 600 }
  .version { margin: 4px 0 14px; color: #666 }
  .version b { padding: 2px 10px; border: 1px solid #c8c6c4; border-radius: 2px; font-weight: 400 }
  h2 { margin: 18px 0 4px; padding-top: 12px; border-top: 1px solid #eae8e6; font-size: 14px }
  h2::after { content: " ⌄"; color: #666 }
  h2.open::after { content: " ⌃" }
  label { display: block; margin: 10px 0 3px }
  label i { color: #a4262c; font-style: normal }
  .control { padding: 5px 10px; min-height: 33px; border: 1px solid #c8c6c4; border-radius: 2px;
    white-space: pre-wrap; overflow: hidden }
  .many { min-height: 62px; font: 13px/1.5 Consolas, "DejaVu Sans Mono", monospace }
  .choice::after { content: "⌄"; float: right; color: #666 }
  .switch { display: flex; align-items: center; margin-top: 12px }
  .switch::before { content: ""; width: 16px; height: 16px; margin-right: 9px;
    border: 1px solid #8a8886; border-radius: 2px }
  .switch.on::before { content: "✓"; background: #0078d4; border-color: #0078d4; color: #fff;
    font: 11px/14px sans-serif; text-align: center }`;

/** The form of the step in the classic editor, in two columns, with these values and task.json's for the others. */
export function editor(typed: Record<string, string>): string {
  const defaults = task.inputs.map(({ name, defaultValue }) => [name, defaultValue]);
  const values: Record<string, string> = { ...Object.fromEntries(defaults), ...typed };
  const isShown = (part: { visibleRule?: string }) =>
    part.visibleRule === undefined || holds(part.visibleRule, values);
  const fields = (group?: string) =>
    task.inputs
      .filter((input) => input.groupName === group && isShown(input))
      .map((input) => field(input, values[input.name] ?? ""))
      .join("");
  const groups = task.groups.filter(isShown);
  const name = task.instanceNameFormat.replace(/\$\((\w+)\)/g, (_, input) => values[input] ?? "");
  return pageOf(
    style,
    `<h1>${escaped(task.friendlyName)}</h1>
    <p class="version">Task version <b>${task.version.Major}.*</b></p>
    <label>Display name <i>*</i></label><div class="control">${escaped(name)}</div>
    ${fields()}
    ${groups.map(group).join("")}`,
  );
  function group({ name, displayName, isExpanded }: (typeof task.groups)[number]): string {
    const head = `<h2 class="${isExpanded ? "open" : ""}">${escaped(displayName)}</h2>`;
    return head + (isExpanded ? fields(name) : "");
  }
}

function field({ label, type, required, options }: Input, value: string): string {
  if (type === "boolean")
    return `<div class="switch ${value === "true" ? "on" : ""}">${escaped(label)}</div>`;
  const choices: Record<string, string | undefined> = options ?? {};
  const kind =
    type === "multiLine" ? "many" : /^(pickList|connectedService:.*)$/.test(type) ? "choice" : "";
  return `<label>${escaped(label)} ${required ? "<i>*</i>" : ""}</label>
    <div class="control ${kind}">${escaped(choices[value] ?? value)}</div>`;
}
