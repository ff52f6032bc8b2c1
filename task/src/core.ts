import { readFileSync } from "node:fs";
import path from "node:path";
import { brotliDecompressSync } from "node:zlib";
import { initSync } from "../../dist/core/core";

// Compressed, the core is a third of its size, and unpacking it takes 2 ms.
initSync({ module: brotliDecompressSync(readFileSync(path.join(__dirname, "core_bg.wasm.br"))) });

export { Core } from "../../dist/core/core";
