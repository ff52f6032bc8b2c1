import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { close, listen } from "../network/loopback";
import { type Answer, Answers, type AnswersParts } from "./answers";
import { type Call, callOf, isWatch } from "./call";
import type { Clock } from "./clock";
import { discover } from "./discovery";
import { endsWatch, type FaultKind, type Faults } from "./faults";
import type { Json } from "./objects";
import { padded } from "./padding";
import { detailsOf, refusalWords } from "./refusal";
import type { Rights } from "./rights";
import { StatusError } from "./status";
import type { Watches } from "./watches";

/** One request as it came, and the status it was answered with (0 while there is no answer). */
export interface RecordedRequest {
  method: string;
  path: string;
  /** Decoded, without its question mark. */
  query: string;
  userAgent: string;
  body?: Json;
  status: number;
  at: number;
}

interface Parts extends AnswersParts {
  clock: Clock;
  watches: Watches;
  rights: Rights;
  faults: Faults;
  requests: RecordedRequest[];
}

const healthPaths = ["/healthz", "/livez", "/readyz"];
const healthy: Answer = { status: 200, body: "ok", contentType: "text/plain" };

/** The transport: records each request, lets the faults have it, and writes its answer. */
export class HttpServer {
  private readonly server: Server;
  private readonly answers: Answers;

  constructor(private readonly parts: Parts) {
    this.answers = new Answers(parts);
    this.server = createServer({ keepAliveTimeout: 60_000 }, (request, response) => {
      this.handle(request, response).catch((error: Error) => refuse(response, error));
    });
  }

  /** Resolves to the port listened on. */
  listen(): Promise<number> {
    return listen(this.server);
  }

  close(): Promise<void> {
    return close(this.server);
  }

  disconnect(): void {
    this.server.closeAllConnections();
  }

  private async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = "GET", headers } = request;
    const {
      pathname: path,
      search,
      searchParams: query,
    } = new URL(request.url ?? "/", "http://server");
    const recorded: RecordedRequest = {
      method,
      path,
      query: decodeURIComponent(search.slice(1).replaceAll("+", " ")),
      userAgent: headers["user-agent"] ?? "",
      status: 0,
      at: Date.now(),
    };
    this.parts.requests.push(recorded);
    const writeHead = response.writeHead.bind(response);
    response.writeHead = ((status: number, ...rest: []) => {
      recorded.status = status;
      return writeHead(status, ...rest);
    }) as typeof response.writeHead;

    const text = await bodyOf(request);
    const body = parse(text);
    if (text !== "") recorded.body = body ?? text;

    const call = callOf(method, path, query, body ?? null, headers);
    const struck = this.parts.faults.strike(recorded, call);
    try {
      await this.serve(recorded, headers.accept ?? "", call, struck?.fault, response);
    } finally {
      struck?.afterwards?.();
    }
  }

  private async serve(
    { method, path }: RecordedRequest,
    accept: string,
    call: Call | undefined,
    fault: FaultKind | undefined,
    response: ServerResponse,
  ): Promise<void> {
    const { clock, store, watches, rights } = this.parts;
    if (fault === "hang") return;
    if (fault === "reset") return cut(response);
    if (fault === "garbage") return write(response, { status: 200, body: "<html>not json</html>" });
    const kind = typeof fault === "object" ? fault : undefined;
    if (kind?.kind === "status") {
      const details = {
        ...(call && detailsOf(call)),
        ...(kind.retryAfter !== undefined && { retryAfterSeconds: kind.retryAfter }),
      };
      const message = kind.message ?? refusalWords(kind.code, call, store.resourceVersion);
      throw new StatusError(kind.code, message, details);
    }
    if (kind?.kind === "delay") {
      await new Promise<void>((resolve) => clock.after(kind.milliseconds, resolve));
    }
    if (kind?.kind === "warning")
      response.setHeader("warning", `299 - ${JSON.stringify(kind.text)}`);
    if (call !== undefined) rights.check(call);
    if (call !== undefined && isWatch(call)) {
      return watches.start(call, response, endsWatch(fault) ? fault : undefined);
    }
    const answer = this.answerTo(method, path, accept, call);
    if (fault === "lost-answer") return cut(response);
    if (kind?.kind === "padding") answer.body = padded(answer.body, kind.bytes);
    write(response, answer);
  }

  private answerTo(method: string, path: string, accept: string, call: Call | undefined): Answer {
    const document = method === "GET" ? discover(path, accept) : undefined;
    if (document !== undefined) return { status: 200, ...document };
    if (healthPaths.includes(path)) return { ...healthy };
    if (call === undefined) throw pageNotFound();
    if (call.name === undefined) return this.answers.ofCollection(call);
    return this.answers.ofObject(call, call.name);
  }
}

function cut(response: ServerResponse): void {
  response.socket?.destroy();
}

function pageNotFound(): StatusError {
  return new StatusError(404, "the server could not find the requested resource");
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}

function parse(text: string): Json | undefined {
  try {
    return JSON.parse(text) as Json;
  } catch {
    return undefined;
  }
}

function write(
  response: ServerResponse,
  { status, body, contentType = "application/json" }: Answer,
): void {
  const isRaw = typeof body === "string" || Buffer.isBuffer(body);
  response.writeHead(status, { "content-type": contentType });
  response.end(isRaw ? body : JSON.stringify(body));
}

function refuse(response: ServerResponse, error: Error): void {
  const refusal =
    error instanceof StatusError
      ? error
      : new StatusError(500, `Internal error occurred: ${error.stack}`);
  const { retryAfterSeconds } = refusal.details;
  if (retryAfterSeconds !== undefined) response.setHeader("retry-after", String(retryAfterSeconds));
  write(response, { status: refusal.code, body: refusal.toStatus() });
}
