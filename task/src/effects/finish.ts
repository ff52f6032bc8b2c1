import * as tl from "azure-pipelines-task-lib/task";

import type { Verdict } from "../protocol";
import { killAll } from "./process";

/** Tells the agent the verdict, ends what still runs and then this process, with all its output written. */
export async function finish(result: Verdict, message: string): Promise<void> {
  tl.command("task.complete", { result }, message);
  await killAll();
  process.stdout.write("", () => process.exit(0));
}
