import * as tl from "azure-pipelines-task-lib/task";

import type { Effect } from "../protocol";
import type { Report } from "../report";
import { finish } from "./finish";
import { log } from "./log";
import { kill, start } from "./process";

export function carryOut(effect: Effect, report: Report): void {
  switch (effect.type) {
    case "log":
      return log(effect.style, effect.text);
    case "setVariable":
      return tl.setVariable(effect.name, effect.value, false, true);
    case "spawn":
      return start(effect.process, effect.args, effect.env, report);
    case "kill":
      return kill(effect.process);
    case "wake":
      setTimeout(() => report({ type: "woken", timer: effect.timer }), effect.afterMs);
      return;
    case "finish":
      finish(effect.result, effect.message);
      return;
  }
}
