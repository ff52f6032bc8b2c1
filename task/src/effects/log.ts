import { EOL } from "node:os";
import * as tl from "azure-pipelines-task-lib/task";
import type { Style, TaskResult } from "../protocol";

/** Writes a line to the log of the step. */
export function log(style: Style, text: string): void {
  if (style === "warning") tl.warning(text, tl.IssueSource.TaskInternal);
  else if (style === "error") tl.error(text, tl.IssueSource.TaskInternal);
  else if (style === "debug") tl.debug(text);
  else line(style === "plain" ? text : `##[${style}]${text}`);
}

/**
 * Sets an output variable. The library would make it a secret where a secret variable has its name, and
 * would hand it to every kubectl in the environment.
 */
export function setOutput(variable: string, value: string): void {
  tl.command("task.setvariable", { variable, isoutput: "true", issecret: "false" }, value);
}

/** Tells the agent the result, and calls back once all that was written has left the process. */
export function complete(result: TaskResult, message: string, then: () => void): void {
  tl.command("task.complete", { result }, message);
  process.stdout.write("", then);
}

function line(text: string): void {
  process.stdout.write(text + EOL);
}
