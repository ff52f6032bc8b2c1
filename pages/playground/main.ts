import { element } from "../element";
import { type Example, examples } from "./examples";
import { Form } from "./form";
import { details, verdict } from "./outcome";
import { load, run } from "./run";
import { expanded, variablesOf } from "./variables";

const form = new Form();
const variables = element("textarea", { id: "variables", rows: "7", spellcheck: "false" });
const files = element("fieldset", { hidden: true }, element("legend", {}, "Files"));
/** The text fields of the files that the core has asked for, by their paths. */
const contents = new Map<string, HTMLTextAreaElement>();

function show(): void {
  form.followRules();
  const given = variablesOf(variables.value);
  const inputs = Object.entries(form.values).map(([n, value]) => [n, expanded(value, given)]);
  const texts = new Map([...contents].map(([path, field]) => [path, field.value]));
  const done = run(Object.fromEntries(inputs), given, texts);
  if (addFiles(done.files)) {
    show();
    return;
  }
  files.hidden = done.files.length === 0;
  for (const [path, field] of contents)
    field.parentElement?.toggleAttribute("hidden", !done.files.includes(path));
  const { result, message } = verdict(done.effects);
  find(".verdict").className = `verdict ${result}`;
  find(".verdict").replaceChildren(element("strong", {}, result), ` ${message}`);
  find(".details").replaceChildren(...details(done.effects));
  find("section").setAttribute("aria-busy", "false");
}

/** Makes a field for each file that has none; tells whether there was one to make. */
function addFiles(paths: string[]): boolean {
  const added = paths.filter((path) => !contents.has(path));
  for (const path of added) {
    const field = element("textarea", { id: `file-${path}`, rows: "3", spellcheck: "false" });
    contents.set(path, field);
    const label = element("label", { for: field.id }, path);
    files.append(element("div", { class: "field" }, label, field));
  }
  return added.length > 0;
}

function begin({ inputs, variables: lines }: Example): void {
  form.fill(inputs);
  variables.value = lines;
  show();
}

function find(selector: string): Element {
  const found = document.querySelector(selector);
  if (!found) throw new Error(`the page has no ${selector}`);
  return found;
}

async function start(): Promise<void> {
  await load();
  const buttons = examples.map((example) => {
    const button = element("button", { type: "button" }, example.name);
    button.addEventListener("click", () => begin(example));
    return button;
  });
  find("nav").append(...buttons);
  const label = element("label", { for: variables.id }, "Variables of the pipeline");
  const field = element("div", { class: "field" }, label, variables);
  find("form").append(...form.above, field, files, ...form.groups);
  find("form").addEventListener("input", show);
  find("form").addEventListener("submit", (event) => event.preventDefault());
  const [first] = examples;
  if (first) begin(first);
}

start();
