import { setFlagsFromString } from "node:v8";
import { Core, initSync } from "../../dist/core/core";
import { complete, log } from "./effects/log";

// The build has checked the core: functions that a run never calls are not validated.
setFlagsFromString("--wasm-lazy-validation");
// Optimizing takes more time and memory than a step gives back, unless it has very much to do.
setFlagsFromString("--wasm-tiering-budget=30000000");

/** The core, of its WebAssembly. Where that does not start, the step has failed. */
export function coreOf(module: Buffer): Core {
  try {
    initSync({ module });
  } catch (error) {
    log(
      "error",
      `WebAssembly, in which the task is written, does not start here: ${error}. Where this agent limits ` +
        "the address space of its processes (ulimit -v), take the limit away, or set the variable " +
        "NODE_OPTIONS to --disable-wasm-trap-handler in the agent's environment",
    );
    complete("Failed", "Nothing was changed in the cluster", () => {});
    process.exit(0);
  }
  return new Core();
}
