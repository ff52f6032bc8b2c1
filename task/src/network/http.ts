import { createHash } from "node:crypto";
import type { IncomingMessage } from "node:http";
import * as tl from "azure-pipelines-task-lib/task";
import { HttpClient } from "typed-rest-client/HttpClient";
import type { Answer, Request } from "../protocol";

export interface Way {
  /** How long a server may be silent, in milliseconds. */
  timeoutMs: number;
  /** Whether it goes past every proxy. */
  direct?: boolean;
  /** How many redirects are followed. */
  redirects: number;
}

/** A client that goes by the agent's proxy and has its certificates. */
export function clientFor(url: string, { timeoutMs, direct, redirects }: Way): HttpClient {
  const noProxy = { proxyUrl: "" };
  return new HttpClient("kubectl-set-image", [], {
    allowRedirects: redirects > 0,
    maxRedirects: redirects,
    allowRetries: false,
    socketTimeout: timeoutMs,
    proxy: direct ? noProxy : (tl.getHttpProxyConfiguration(url) ?? undefined),
    cert: tl.getHttpCertConfiguration() ?? undefined,
  });
}

/** Asks a server. Redirects are answers. */
export async function ask(request: Request): Promise<[Answer, Uint8Array]> {
  const { method, url, timeoutMs, direct } = request;
  const client = clientFor(url, { timeoutMs, direct, redirects: 0 });
  const headers = Object.fromEntries(request.headers);
  let message: IncomingMessage | undefined;
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(new Error(`no answer within ${timeoutMs / 1000} s`));
      message?.destroy();
    }, timeoutMs);
  });
  const answered = async (): Promise<[Answer, Uint8Array]> => {
    const response = await client.request(method, url, request.body, headers);
    message = response.message;
    const body = await read(message, request.limit);
    const answer: Answer = {
      status: message.statusCode ?? 0,
      headers: Object.entries(message.headers).map(([name, value]) => [name, String(value)]),
      sha256: createHash("sha256").update(body).digest("hex"),
    };
    return [answer, body];
  };
  try {
    return await Promise.race([answered(), late]);
  } finally {
    clearTimeout(timer);
    client.dispose();
  }
}

/** Reads a body, one byte over the limit at most. */
async function read(message: IncomingMessage, limit: number): Promise<Uint8Array> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of message as AsyncIterable<Buffer>) {
    chunks.push(chunk);
    length += chunk.length;
    if (length > limit) break;
  }
  return Buffer.concat(chunks).subarray(0, limit + 1);
}
