import { groups, inputs } from "../../task/task.json";
import { element } from "../element";
import { markdown } from "./markdown";
import { holds } from "./rule";

interface Input {
  name: string;
  type: string;
  label: string;
  defaultValue: string;
  helpMarkDown: string;
  groupName?: string;
  visibleRule?: string;
  options?: Record<string, string | undefined>;
}

interface Group {
  name: string;
  displayName: string;
  isExpanded?: boolean;
  visibleRule?: string;
}

type Control = HTMLInputElement | HTMLSelectElement | HTMLTextAreaElement;

/** The page asks no cluster, whatever is chosen. */
const fixed: Record<string, string> = { dryRun: "client" };

/** The form of the task, as the classic editor makes it of task.json. */
export class Form {
  private readonly controls = new Map<string, Control>();
  private readonly ruled: [HTMLElement, string][] = [];

  /** The fields of no group. */
  readonly above: HTMLElement[];
  /** The groups with their fields. */
  readonly groups: HTMLElement[];

  constructor() {
    const all: Input[] = inputs;
    const fields = (group?: string) =>
      all.filter(({ groupName }) => groupName === group).map((input) => this.field(input));
    this.above = fields();
    const parts: Group[] = groups;
    this.groups = parts.map(({ name, displayName, isExpanded, visibleRule }) => {
      const head = element("summary", {}, displayName);
      const body = element("div", { class: "fields" }, ...fields(name));
      return this.rule(element("details", { open: isExpanded }, head, body), visibleRule);
    });
  }

  /** What the step is given, by the names of task.json: a field that is hidden cannot matter. */
  get values(): Record<string, string> {
    return {
      ...Object.fromEntries(inputs.map((i) => [i.name, i.defaultValue])),
      ...this.given,
      ...fixed,
    };
  }

  /** What is typed in the fields that can be seen and differs from task.json, in its order. */
  get given(): Record<string, string> {
    const given = inputs.flatMap(({ name, defaultValue }) => {
      const control = this.controls.get(name);
      if (!control || name in fixed || control.closest("[hidden]")) return [];
      const value = typed(control);
      return value === defaultValue ? [] : [[name, value] as const];
    });
    return Object.fromEntries(given);
  }

  /** Fills it anew: with these values, and task.json's for the others. */
  fill(values: Record<string, string>): void {
    for (const { name, defaultValue } of inputs) {
      const value = fixed[name] ?? values[name] ?? defaultValue;
      const control = this.controls.get(name);
      if (control instanceof HTMLInputElement && control.type === "checkbox")
        control.checked = value === "true";
      else if (control) control.value = value;
    }
  }

  /** Shows the fields that can matter, by the rules of task.json. */
  followRules(): void {
    const values = Object.fromEntries([...this.controls].map(([name, one]) => [name, typed(one)]));
    for (const [field, rule] of this.ruled) field.hidden = !holds(rule, values);
  }

  private field(input: Input): HTMLElement {
    const { name, label, helpMarkDown, visibleRule } = input;
    const control = controlOf(input);
    this.controls.set(name, control);
    const help = element("div", { class: "help", id: `help-${name}` }, ...markdown(helpMarkDown));
    const head = element("label", { for: control.id }, label);
    const isSwitch = control.getAttribute("type") === "checkbox";
    const parts = isSwitch ? [element("div", {}, control, head)] : [head, control];
    return this.rule(element("div", { class: "field" }, ...parts, help), visibleRule);
  }

  private rule<E extends HTMLElement>(field: E, rule: string | undefined): E {
    if (rule) this.ruled.push([field, rule]);
    return field;
  }
}

function controlOf({ name, type, options }: Input): Control {
  const attributes = {
    id: `input-${name}`,
    "aria-describedby": `help-${name}`,
    disabled: name in fixed,
    spellcheck: "false",
    autocomplete: "off",
  };
  if (type === "multiLine") return element("textarea", { ...attributes, rows: "4" });
  if (type === "boolean") return element("input", { ...attributes, type: "checkbox" });
  if (!options) return element("input", { ...attributes, type: "text" });
  return element(
    "select",
    attributes,
    ...Object.entries(options).map(([value, label]) => element("option", { value }, label)),
  );
}

function typed(control: Control): string {
  const isSwitch = control instanceof HTMLInputElement && control.type === "checkbox";
  return isSwitch ? String(control.checked) : control.value;
}
