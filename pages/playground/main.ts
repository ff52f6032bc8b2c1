import { copyButton } from "../copy";
import { element } from "../element";
import { type Example, examples } from "./examples";
import { Form } from "./form";
import { fragmentOf, givenOf } from "./link";
import { details, verdict } from "./outcome";
import { load, run } from "./run";
import { stepOf } from "./step";
import { expanded, variablesOf } from "./variables";

const form = new Form();
const variables = element("textarea", { id: "variables", rows: "7", spellcheck: "false" });
const files = element("fieldset", { hidden: true }, element("legend", {}, "Files"));
/** The text fields of the files that the core has asked for, by their paths. */
const contents = new Map<string, HTMLTextAreaElement>();
/** What the link leaves out. */
const note = element("p", { class: "note", role: "status" });

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
  find(".verdict").replaceChildren(verdict(done.effects));
  find(".details").replaceChildren(...details(done.effects, stepOf(form.given)));
  find("section").setAttribute("aria-busy", "false");
  note.textContent = "";
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

function begin({ inputs, variables: lines }: Omit<Example, "name">): void {
  form.fill(inputs);
  variables.value = lines;
  show();
}

/** Puts what was given into the address of the page, and nowhere else. */
function link(): string {
  const { fragment, left } = fragmentOf({ inputs: form.given, variables: variables.value });
  history.replaceState(null, "", fragment);
  note.textContent =
    left.length > 0 ? `Not in the link, since it may be secret: ${left.join(", ")}.` : "";
  return location.href;
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
  const copies = element(
    "div",
    { class: "copies" },
    copyButton(() => stepOf(form.given), "", "Copy as YAML"),
    copyButton(link, "", "Copy link"),
    note,
  );
  find(".verdict").after(copies);
  const restore = () => givenOf(location.hash);
  addEventListener("hashchange", () => {
    const given = restore();
    if (given) begin(given);
  });
  const first = restore() ?? examples[0];
  if (first) begin(first);
}

start();
