import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { main, root, step } from "./run.mjs";

const page = join(root, "docs", "reference.md");

const INTRO = `# Inputs and outputs

Made from \`task/task.json\` by \`npm run docs\`: what the classic editor shows, with the names that YAML
takes.

The values of lists are not case-sensitive. \`yes\` and \`on\` mean \`true\`, \`no\` and \`off\` mean \`false\`, and \`rollback\`
means \`undo\`. Durations are written \`90\`, \`60s\`, \`10m\` or \`1h30m\`. An input with two names can be written
by either.`;

const KINDS = { pickList: "one of a list", multiLine: "lines", string: "text" };

const { homepage } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));

/** The reference of the inputs and outputs, out of the manifest of the task. */
function reference(task) {
  const grouped = [{ displayName: "General" }, ...task.groups].map((group) => {
    const inputs = task.inputs.filter(({ groupName }) => groupName === group.name);
    return { ...group, inputs };
  });
  return [
    INTRO,
    overview(grouped),
    everything(task),
    ...grouped.flatMap(section),
    outputs(task.outputVariables),
    "",
  ].join("\n\n");
}

function overview(groups) {
  const rows = groups.flatMap(({ displayName, inputs }) =>
    inputs.map((input) => {
      const name = yamlName(input);
      return `| [\`${name}\`](#${name.toLowerCase()}) | ${input.label} | ${displayName} |`;
    }),
  );
  return ["| input | in the classic editor | group |", "| --- | --- | --- |", ...rows].join("\n");
}

/** Every input in one step: its default, and the values that it takes. */
export function everything({ name, version, inputs }) {
  const lines = inputs.map((input) => {
    const { type, defaultValue, options, label } = input;
    const hint = options && type === "pickList" ? Object.keys(options).join(" | ") : label;
    return `    ${yamlName(input)}: ${quoted(defaultValue)} # ${hint}`;
  });
  return [
    "## All at once",
    "",
    "Every input with its default. What is left out has it, too.",
    "",
    "```yaml",
    `- task: ${name}@${version.Major}`,
    "  inputs:",
    ...lines,
    "```",
  ].join("\n");
}

function section({ displayName, visibleRule, inputs }) {
  const shown = visibleRule ? [`Shown where ${words(visibleRule)}.`] : [];
  return [`## ${displayName}`, ...shown, ...inputs.map(about)];
}

function about(input) {
  const { name, label, type, defaultValue, required, visibleRule, options, helpMarkDown } = input;
  const facts = [
    `- In the classic editor: **${label}**`,
    yamlName(input) !== name && `- Also known as: \`${name}\``,
    `- Type: ${kind(type)}${required ? ", required" : ""}`,
    `- Default: ${defaultValue === "" ? "empty" : `\`${defaultValue}\``}`,
    visibleRule && `- Shown where ${words(visibleRule)}`,
  ];
  const values = Object.entries(options ?? {}).map(([value, text]) => `| \`${value}\` | ${text} |`);
  return [
    `### ${yamlName(input)}`,
    facts.filter(Boolean).join("\n"),
    besideThisPage(helpMarkDown),
    ...(values.length > 0 ? [["| value | means |", "| --- | --- |", ...values].join("\n")] : []),
  ].join("\n\n");
}

function outputs(variables) {
  const rows = variables.map(({ name, description }) => `| \`${name}\` | ${description} |`);
  const intro = "Output variables of the step: `$(step.tag)` after a step with `name: step`.";
  return ["## Outputs", "", intro, "", "| variable | value |", "| --- | --- |", ...rows].join("\n");
}

/** A help text whose link leads to the page that it names, such as `images-file.md` for "Images file". */
function besideThisPage(help) {
  return help.replace(/\[([^\]]+)\]\(([^)]+)\)/g, (link, name, url) => {
    return url === homepage ? `[${name}](${name.toLowerCase().replaceAll(" ", "-")}.md)` : link;
  });
}

/** The name that YAML is written with: the alias, where there is one. */
function yamlName({ name, aliases }) {
  return aliases?.[0] ?? name;
}

function kind(type) {
  const [what, of] = type.split(":");
  return what === "connectedService" ? `service connection (${of})` : (KINDS[what] ?? what);
}

/** A rule of visibility, as a sentence has it. */
function words(rule) {
  return rule
    .replace(/(\w+) (!?=) (\w+)/g, (_, input, sign, value) => {
      return `\`${input}\` is ${sign === "=" ? "" : "not "}\`${value}\``;
    })
    .replaceAll("||", "or")
    .replaceAll("&&", "and");
}

function quoted(value) {
  return /^[\w./-]+$/.test(value) ? value : JSON.stringify(value);
}

await main(import.meta.url, () => {
  const text = reference(JSON.parse(readFileSync(join(root, "task/task.json"), "utf8")));
  if (process.argv.includes("--print")) {
    process.stdout.write(text);
    return;
  }
  writeFileSync(page, text);
  step(page);
});
