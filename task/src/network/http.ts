import { createHash } from "node:crypto";
import { type IncomingMessage, request as overHttp } from "node:http";
import { request as overTls } from "node:https";
import { HttpProxyAgent, HttpsProxyAgent } from "hpagent";
import type { Answer, Request } from "../protocol";
import { trust } from "./trust";

export interface Question {
  method?: string;
  headers?: Record<string, string>;
  body?: string;
  /** The URL of the proxy that it goes by. */
  proxy?: string | null;
  /** Ends it, whatever it has come to. */
  signal: AbortSignal;
}

/** Sends a request, and gives the answer as soon as it begins. Redirects are answers. */
export async function open(url: string, question: Question): Promise<IncomingMessage> {
  const { method = "GET", headers, body, proxy, signal } = question;
  const isSecure = new URL(url).protocol === "https:";
  const secureContext = isSecure || proxy?.startsWith("https:") ? trust() : undefined;
  const agent = proxy ? through(proxy, isSecure, { secureContext }) : undefined;
  const options = {
    method,
    headers: { "user-agent": "kubectl-set-image", ...headers },
    agent,
    secureContext,
    signal,
  };
  return new Promise((resolve, reject) => {
    const request = (isSecure ? overTls : overHttp)(url, options, resolve);
    request.on("error", reject).end(body);
  });
}

/** An agent of Node that makes its connections through a proxy. */
function through(proxy: string, isSecure: boolean, proxyRequestOptions: object) {
  const { protocol } = new URL(proxy);
  if (protocol !== "http:" && protocol !== "https:") {
    throw new Error(`a proxy of the kind ${protocol}// is not supported`);
  }
  const options = { proxy, proxyRequestOptions };
  return isSecure ? new HttpsProxyAgent(options) : new HttpProxyAgent(options);
}

/** Asks a server. */
export async function ask(request: Request): Promise<[Answer, Uint8Array]> {
  const { method, url, body, timeoutMs, proxy, limit } = request;
  const signal = AbortSignal.timeout(timeoutMs);
  try {
    const headers = Object.fromEntries(request.headers);
    const message = await open(url, { method, headers, body, proxy, signal });
    const content = await read(message, limit);
    const answer: Answer = {
      status: message.statusCode ?? 0,
      headers: Object.entries(message.headers).map(([name, value]) => [name, String(value)]),
      sha256: createHash("sha256").update(content).digest("hex"),
    };
    return [answer, content];
  } catch (error) {
    throw signal.aborted ? new Error(`no answer within ${timeoutMs / 1000} s`) : error;
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
