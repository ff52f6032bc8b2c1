import { randomUUID } from "node:crypto";
import { tmpdir } from "node:os";
import path from "node:path";
import * as tl from "azure-pipelines-task-lib/task";

/** The path of a file that is not there yet, in the folder that the agent empties after the job. */
export function newFile(extension = ""): string {
  const folder = tl.getVariable("Agent.TempDirectory") ?? tmpdir();
  return path.join(folder, `kubectl-set-image-${randomUUID()}${extension}`);
}
