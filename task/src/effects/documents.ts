import { writeFileSync } from "node:fs";
import path from "node:path";
import * as tl from "azure-pipelines-task-lib/task";
import { newFile } from "./folder";
import { quietly } from "./quietly";

/** Puts a Markdown page on the summary of the run, under the name of the task and not of a file. */
export function summarise(markdown: string): void {
  const type = "Distributedtask.Core.Summary";
  const properties = { type, name: "Kubectl Set Image" };
  hand("task.addattachment", properties, newFile(".md"), markdown);
}

/** Attaches a document to the run, for tools to find by its kind. */
export function attach(type: string, name: string, content: string): void {
  hand("task.addattachment", { type, name }, newFile(path.extname(name)), content);
}

/** The agent uploads the file later, and empties its folder at the end of the job. */
function hand(
  command: string,
  properties: Record<string, string>,
  file: string,
  content: string,
): void {
  try {
    writeFileSync(file, masked(content), { flag: "wx" });
    tl.command(command, properties, file);
  } catch (error) {
    tl.debug(`${command}: ${error}`);
  }
}

/** The shortest text that is masked: what is shorter is in many words. */
const SHORTEST = 4;
/** The shortest secret that is looked for inside of base64. */
const SHORTEST_INSIDE = 8;

const hidden = new Set<string>();

/** Masks a secret from now on, in the log and in what is handed over, in every form it may take. */
export function hide(secret: string): void {
  for (const form of formsOf(secret)) {
    if (hidden.has(form)) continue;
    hidden.add(form);
    if (!/[\r\n]/.test(form)) tl.setSecret(form);
  }
}

/** The agent masks secrets in the log, and not in files. */
function masked(text: string): string {
  const known = quietly(() => tl.getVariables());
  const variables = known.filter(({ secret, value }) => secret && value);
  const forms = new Set([...variables.flatMap(({ value }) => formsOf(value)), ...hidden]);
  const longestFirst = [...forms].sort((one, other) => other.length - one.length);
  return longestFirst.reduce((rest, form) => rest.replaceAll(form, "***"), text);
}

/** A secret and its lines, as they are and as URLs, JSON, YAML, Markdown and base64 have them. */
function formsOf(secret: string): string[] {
  const lines = secret.split(/[\r\n]+/).filter((line) => !line.startsWith("-----"));
  const texts = [secret, secret.trim(), ...lines.map((line) => line.trim())];
  const forms = texts.flatMap((text) => [
    text,
    JSON.stringify(text).slice(1, -1),
    text.replaceAll("'", "''"),
    inMarkdown(text),
    encodeURIComponent(text),
    new URLSearchParams({ text }).toString().slice("text=".length),
    Buffer.from(text).toString("base64"),
    Buffer.from(text).toString("base64url"),
    ...inBase64(text),
  ]);
  return [...new Set(forms.filter(({ length }) => length >= SHORTEST))];
}

/** A text as crate/src/report/summary.rs writes it, so that Markdown takes it for a text. */
function inMarkdown(text: string): string {
  return text.replace(/[&<>|`[\]*_~\\#!]/g, (sign) => `&#${sign.charCodeAt(0)};`);
}

/**
 * What base64 makes of a secret inside of a longer text, such as `user:secret`: its first and last
 * digits depend on what stands around it, and on where it begins in a group of three bytes.
 */
function inBase64(secret: string): string[] {
  const bytes = Buffer.from(secret);
  if (bytes.length < SHORTEST_INSIDE) return [];
  return [0, 1, 2].map((before) => {
    const digits = Buffer.concat([Buffer.alloc(before), bytes]).toString("base64");
    const own = Math.floor(((before + bytes.length) * 8) / 6);
    return digits.slice(Math.ceil((before * 8) / 6), own);
  });
}
