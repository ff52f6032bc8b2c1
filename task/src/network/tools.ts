import { createHash } from "node:crypto";
import { chmodSync, createWriteStream, rmSync } from "node:fs";
import type { IncomingMessage } from "node:http";
import path from "node:path";
import { Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import { cacheFile, findLocalTool } from "azure-pipelines-tool-lib/tool";
import { newFile } from "../effects/folder";
import type { Effect } from "../protocol";
import { open } from "./http";

export type Tool = Extract<Effect, { type: "getTool" }>;

/** How often a download may be sent on: what comes in the end has a checksum. */
const REDIRECTS = 5;

/** The path of a program in the agent's tool cache. */
export function findTool(name: string, file: string, version: string): string | undefined {
  const folder = findLocalTool(name, version);
  return folder ? path.join(folder, file) : undefined;
}

/** Downloads a program into the agent's tool cache, if it has the SHA-256 that it has to have. */
export async function getTool(tool: Tool): Promise<string> {
  const { name, file, version, sha256 } = tool;
  const downloaded = newFile();
  try {
    const found = await download(tool, downloaded);
    if (found !== sha256) {
      throw new Error(`its SHA-256 is ${found}, and the published one is ${sha256}`);
    }
    chmodSync(downloaded, 0o755);
    return path.join(await cacheFile(downloaded, file, name, version), file);
  } finally {
    rmSync(downloaded, { force: true });
  }
}

/** Writes what a URL leads to into a file; gives its SHA-256. */
async function download(tool: Tool, file: string): Promise<string> {
  const { limit, timeoutMs } = tool;
  const signal = AbortSignal.timeout(timeoutMs);
  const message = await follow(tool, signal);
  if (message.statusCode !== 200) throw new Error(`it answers with status ${message.statusCode}`);
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
  return hash.digest("hex");
}

/** What a URL leads to in the end, by the proxy that was decided for it, and never out of TLS. */
async function follow({ url, proxy }: Tool, signal: AbortSignal): Promise<IncomingMessage> {
  let message = await open(url, { proxy, signal });
  for (let left = REDIRECTS; left > 0; left--) {
    const { statusCode = 0, headers } = message;
    if (statusCode < 300 || statusCode > 399 || headers.location === undefined) break;
    const next = new URL(headers.location, url);
    if (url.startsWith("https:") && next.protocol !== "https:") {
      throw new Error("it redirects to a server without TLS");
    }
    message.destroy();
    url = next.href;
    message = await open(url, { proxy, signal });
  }
  return message;
}
