import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { brotliCompressSync, constants } from "node:zlib";

import { root, run, step, tool } from "./run.mjs";
import { target, wasmToolchain } from "./toolchain.mjs";

const compiled = join(root, "target/wasm", target, "release/kubectl_set_image.wasm");
const bindings = join(root, "dist/core");
const madeFrom = join(bindings, "made-from");

/** What rustc emits unasked; wasm-opt has to be told, since the file no longer says. */
const features = [
  "--enable-bulk-memory",
  "--enable-multivalue",
  "--enable-mutable-globals",
  "--enable-nontrapping-float-to-int",
  "--enable-reference-types",
  "--enable-sign-ext",
];

/**
 * A function with one caller stays one: WebAssembly is compiled function by function, when it is first
 * called, and a step calls a part of what a large one holds.
 */
const apart = "--one-caller-inline-max-function-size=100";
/** No pointer of Rust is below 1024: the stack comes first, and ends there. */
const nothingLow = "--low-memory-unused";
/** What is in WebAssembly repeats at steps of four bytes. */
const compression = { params: { [constants.BROTLI_PARAM_NPOSTFIX]: 2 } };

/** Keeps the folder of this machine's crates out of the core: panics name their files. */
const withoutHome = `--remap-path-prefix=${process.env.CARGO_HOME ?? join(homedir(), ".cargo")}=cargo`;

/** Makes dist/core: the core as compressed WebAssembly, with its bindings. */
export async function buildCore() {
  const toolchain = await wasmToolchain();
  step(`compile the core to WebAssembly, with ${toolchain.name}`);
  await run(
    "cargo",
    [
      ...[
        "rustc",
        "--locked",
        "--package",
        "kubectl-set-image",
        "--release",
        "--crate-type",
        "cdylib",
      ],
      ...["--target", target, "--target-dir", "target/wasm"],
      ...["--config", `target.${target}.rustflags = ${JSON.stringify([withoutHome])}`],
      ...toolchain.args,
    ],
    { env: toolchain.env },
  );
  const sources = digest([
    compiled,
    "Cargo.lock",
    "package-lock.json",
    fileURLToPath(import.meta.url),
  ]);
  if (sources === digestBefore()) return;

  step("make its bindings");
  rmSync(bindings, { recursive: true, force: true });
  mkdirSync(bindings, { recursive: true });
  await run("cargo", [
    "run",
    "--locked",
    "--quiet",
    "--release",
    "--package",
    "bindgen",
    "--",
    compiled,
    bindings,
  ]);

  step("make it small");
  const wasm = join(bindings, "core_bg.wasm");
  const [node, wasmOpt] = tool("binaryen", "wasm-opt");
  await run(node, [wasmOpt, "-Oz", apart, nothingLow, ...features, wasm, "-o", wasm]);
  writeFileSync(`${wasm}.br`, brotliCompressSync(readFileSync(wasm), compression));
  writeFileSync(madeFrom, sources);
}

function digest(paths) {
  const hash = createHash("sha256");
  for (const path of paths) hash.update(readFileSync(resolve(root, path)));
  return hash.digest("hex");
}

function digestBefore() {
  try {
    return readFileSync(madeFrom, "utf8");
  } catch {
    return undefined;
  }
}
