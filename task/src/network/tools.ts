import { createHash } from "node:crypto";
import { chmodSync, createReadStream, rmSync } from "node:fs";
import path from "node:path";
import { pipeline } from "node:stream/promises";
import { cacheFile, downloadTool, findLocalTool } from "azure-pipelines-tool-lib/tool";

/** The path of a program in the agent's tool cache. */
export function findTool(name: string, file: string, version: string): string | undefined {
  const folder = findLocalTool(name, version);
  return folder ? path.join(folder, file) : undefined;
}

/** Downloads a program into the agent's tool cache, if it has the SHA-256 that it has to have. */
export async function getTool(
  name: string,
  file: string,
  version: string,
  url: string,
  sha256: string,
): Promise<string> {
  const downloaded = await downloadTool(url);
  try {
    const hash = createHash("sha256");
    await pipeline(createReadStream(downloaded), hash);
    const found = hash.digest("hex");
    if (found !== sha256) {
      throw new Error(`its SHA-256 is ${found}, and the published one is ${sha256}`);
    }
    chmodSync(downloaded, 0o755);
    return path.join(await cacheFile(downloaded, file, name, version), file);
  } finally {
    rmSync(downloaded, { force: true });
  }
}
