import { createHash } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, join } from "node:path";

/** Where what the tests take is kept, outside the repository. */
export const cache = join(
  process.env.XDG_CACHE_HOME ?? join(homedir(), ".cache"),
  "kubectl-set-image",
);

/** Puts a program there, whole or not at all. */
export function keepProgram(path, bytes) {
  const part = `${path}.${process.pid}.part`;
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(part, bytes, { mode: 0o755 });
  renameSync(part, path);
}

/** Removes what earlier sources of `name` have left there. */
export function forgetOthers(name, kept) {
  for (const other of readdirSync(cache)) {
    const stale = other.startsWith(`${name}-`) && join(cache, other) !== kept;
    if (stale) rmSync(join(cache, other), { recursive: true, force: true });
  }
}

/** Stands for the files of a folder, by their names and what is in them. */
export function hashOf(folder) {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true });
  const paths = files.filter((file) => file.isFile()).map((f) => join(f.parentPath, f.name));
  const hash = createHash("sha256");
  for (const path of paths.sort()) {
    hash.update(`${path.slice(folder.length + 1)}\n`).update(readFileSync(path));
  }
  return hash.digest("hex").slice(0, 16);
}
