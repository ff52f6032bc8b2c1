import { EOL } from "node:os";
import * as tl from "azure-pipelines-task-lib/task";
import type { Style, Verdict } from "../protocol";

/** Writes a line to the log of the step. */
export function log(style: Style, text: string): void {
  switch (style) {
    case "warning":
      return tl.warning(text, tl.IssueSource.TaskInternal);
    case "error":
      return tl.error(text, tl.IssueSource.TaskInternal);
    case "debug":
      return tl.debug(text);
    case "plain":
      return line(text);
    default:
      return line(`##[${style}]${text}`);
  }
}

/** Tells the agent the result, and calls back once all that was written has left the process. */
export function complete(result: Verdict, message: string, then: () => void): void {
  tl.command("task.complete", { result }, message);
  process.stdout.write("", then);
}

function line(text: string): void {
  process.stdout.write(text + EOL);
}
