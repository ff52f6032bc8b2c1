import { inputs as known } from "../../task/task.json";
import { variablesOf } from "./variables";

/** What the page was given: inputs that differ from task.json's, and the lines of the variables. */
export interface Given {
  inputs: Record<string, string>;
  variables: string;
}

/** Stands before the name of a variable; no input has it. */
const variable = "$";

/** A fragment with what was given, and the names of what may be a secret and is left out. */
export function fragmentOf({ inputs, variables }: Given): { fragment: string; left: string[] } {
  const pairs = Object.entries(variablesOf(variables)).map(([name, value]) => [
    `${variable}${name}`,
    value,
  ]);
  const all = [...Object.entries(inputs), ...pairs] as [string, string][];
  const left = all.filter(([name, value]) => maybeSecret(name, value)).map(([name]) => name);
  const kept = all.filter(([name]) => !left.includes(name));
  return { fragment: `#${new URLSearchParams(kept)}`, left };
}

/** What a fragment gives, as far as this page knows it; `undefined` where it gives nothing. */
export function givenOf(fragment: string): Given | undefined {
  const pairs = [...new URLSearchParams(fragment.replace(/^#/, ""))];
  const isInput = (name: string) => known.some((input) => input.name === name);
  const inputs = pairs.filter(([name, value]) => isInput(name) && !maybeSecret(name, value));
  const variables = pairs.flatMap(([name, value]) =>
    name.startsWith(variable) ? [`${name.slice(variable.length)} = ${value}`] : [],
  );
  if (inputs.length === 0 && variables.length === 0) return undefined;
  return { inputs: Object.fromEntries(inputs), variables: variables.join("\n") };
}

const secretNames =
  /kubeconfig|passw|pwd|secret|token|credential|api.?key|access.?key|private|sas\b/i;

/** The forms of keys, tokens and kubeconfigs, and texts that only machines write. */
const secretValues =
  /-----BEGIN|\beyJ[\w-]{8,}|apiVersion|client-(key|certificate)|certificate-authority|[?&]sig=|\b(gh[pousr]|glpat|xox[abp])[_-]|:\/\/[^/\s]*:[^/\s]*@|[A-Za-z0-9+/_-]{52,}/i;

/** Whether a name or a value gives reason to keep it out of a link. Commits and digests are none. */
export function maybeSecret(name: string, value: string): boolean {
  const withoutDigests = value.replace(/\bsha256:[0-9a-f]{64}\b/g, "");
  return secretNames.test(name) || secretValues.test(withoutDigests);
}
