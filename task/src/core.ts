import { setFlagsFromString } from "node:v8";
import { initSync } from "../../dist/core/core";
import { complete, log } from "./effects/log";
import { unpack } from "./packed";

// Functions that a run never calls need not be validated: the build has made them, and it takes as long as the rest.
setFlagsFromString("--wasm-lazy-validation");
try {
  initSync({ module: unpack("core_bg.wasm") });
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

export { Core } from "../../dist/core/core";
