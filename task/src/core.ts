import { initSync } from "../../dist/core/core";
import { unpack } from "./packed";

initSync({ module: unpack("core_bg.wasm") });

export { Core } from "../../dist/core/core";
