import * as tl from "azure-pipelines-task-lib/task";

import { inputs } from "../task.json";
import type { Event } from "./protocol";

/** The first event: what the step was given. */
export function started(): Event {
  return {
    type: "started",
    inputs: Object.fromEntries(inputs.map(({ name, type }) => [name, input(name, type)])),
    variables: Object.fromEntries(
      tl
        .getVariables()
        .filter(({ secret }) => !secret)
        .map(({ name, value }) => [name, value ?? ""]),
    ),
  };
}

/** The agent makes an absolute path of an empty `filePath`: the folder that it roots paths in. */
function input(name: string, type: string): string {
  if (type === "filePath" && !tl.filePathSupplied(name)) return "";
  return tl.getInput(name) ?? "";
}
