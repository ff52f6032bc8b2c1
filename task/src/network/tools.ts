import { createHash } from "node:crypto";
import { chmodSync, createWriteStream, rmSync } from "node:fs";
import path from "node:path";
import { Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import { cacheFile, findLocalTool } from "azure-pipelines-tool-lib/tool";
import { newFile } from "../effects/folder";
import type { Effect, Event } from "../protocol";
import { open } from "./http";

export type Tool = Extract<Effect, { type: "getTool" }>;

/** The path of a program in the agent's tool cache. */
export function findTool(name: string, file: string, version: string): string | undefined {
  const folder = findLocalTool(name, version);
  return folder ? path.join(folder, file) : undefined;
}

/** Downloads a program into the agent's tool cache, if it has the SHA-256 that it has to have. */
export async function getTool(tool: Tool): Promise<Event> {
  const { name, file, version, sha256 } = tool;
  const downloaded = newFile();
  try {
    const { location, found } = await download(tool, downloaded);
    if (location !== undefined) return { toolMoved: { location } };
    if (found !== sha256) {
      throw new Error(`its SHA-256 is ${found}, and the published one is ${sha256}`);
    }
    chmodSync(downloaded, 0o755);
    const folder = await cacheFile(downloaded, file, name, version);
    return { toolFound: { path: path.join(folder, file) } };
  } finally {
    rmSync(downloaded, { force: true });
  }
}

/** Writes what is at a URL into a file, and gives its SHA-256; or where the answer sends on to. */
async function download(
  { url, proxy, limit, timeoutMs }: Tool,
  file: string,
): Promise<{ location?: string; found?: string }> {
  const signal = AbortSignal.timeout(timeoutMs);
  const message = await open(url, { proxy, signal });
  const { statusCode = 0, headers } = message;
  if (statusCode !== 200) {
    message.destroy();
    if (statusCode >= 300 && statusCode < 400 && headers.location)
      return { location: headers.location };
    throw new Error(`it answers with status ${statusCode}`);
  }
  const hash = createHash("sha256");
  let length = 0;
  const counted = new Transform({
    transform(chunk: Buffer, _, done) {
      length += chunk.length;
      hash.update(chunk);
      done(length > limit ? new Error(`it has more than ${limit} bytes`) : null, chunk);
    },
  });
  await pipeline(message, counted, createWriteStream(file, { flags: "wx" }), { signal });
  return { found: hash.digest("hex") };
}
