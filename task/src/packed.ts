import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { promisify } from "node:util";
import { compileFunction } from "node:vm";
import { brotliDecompress, brotliDecompressSync } from "node:zlib";

/** More than the largest part takes, in bytes: it is unpacked in one go. */
const chunkSize = 2 ** 22;

/** A part of the task, which carries its parts compressed. */
function unpack(name: string): Buffer {
  return brotliDecompressSync(packed(name));
}

/** A part of the task, unpacked while this process does other work. */
export function unpackBeside(name: string): Promise<Buffer> {
  return promisify(brotliDecompress)(packed(name), { chunkSize });
}

function packed(name: string): Buffer {
  return readFileSync(path.join(__dirname, `${name}.br`));
}

/** Runs a part that is a CommonJS module, with these modules in place of others; gives its exports. */
export function load<T>(name: string, given: Record<string, unknown> = {}): T {
  const file = path.join(__dirname, name);
  const others = createRequire(file);
  const parameters = ["module", "exports", "require", "__filename", "__dirname"];
  const run = compileFunction(unpack(name).toString("latin1"), parameters, { filename: file });
  const module = { exports: {} as T };
  const require = (wanted: string) => given[wanted] ?? others(wanted);
  run(module, module.exports, require, file, __dirname);
  return module.exports;
}
