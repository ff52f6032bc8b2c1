import { writeFileSync } from "node:fs";
import path from "node:path";
import * as tl from "azure-pipelines-task-lib/task";
import { newFile } from "./folder";

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

const hidden: string[] = [];

/** Masks a secret from now on, in the log and in what is handed over. */
export function hide(secret: string): void {
  hidden.push(secret);
  tl.setSecret(secret);
}

/** The agent masks secrets in the log, and not in files. */
function masked(text: string): string {
  const variables = tl.getVariables().filter(({ secret, value }) => secret && value);
  const secrets = [...variables.map(({ value }) => value), ...hidden];
  return secrets.reduce((rest, value) => {
    const escaped = JSON.stringify(value).slice(1, -1);
    return rest.replaceAll(value, "***").replaceAll(escaped, "***");
  }, text);
}
