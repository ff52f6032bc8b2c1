import { createHash } from "node:crypto";
import type { IncomingMessage } from "node:http";
import * as tl from "azure-pipelines-task-lib/task";
import { HttpClient } from "typed-rest-client/HttpClient";
import type { Answer, Request } from "../protocol";

/** Asks a server, by the agent's proxy and with its certificates. Redirects are answers. */
export async function ask(request: Request): Promise<[Answer, Uint8Array]> {
  const { method, url, timeoutMs } = request;
  const client = new HttpClient("kubectl-set-image", [], {
    allowRedirects: false,
    allowRetries: false,
    socketTimeout: timeoutMs,
    proxy: tl.getHttpProxyConfiguration(url) ?? undefined,
    cert: tl.getHttpCertConfiguration() ?? undefined,
  });
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
