import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { type Answer, Answers, type AnswersParts } from "./answers";
import { type Call, callOf, isWatch } from "./call";
import { discover } from "./discovery";
import type { FaultKind, Faults } from "./faults";
import type { Json } from "./objects";
import { refusalWords } from "./refusal";
import { StatusError } from "./status";

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
      this.answer(request, response).catch((error: Error) => refuse(response, error));
    });
  }

  /** Resolves to the port listened on. */
  listen(): Promise<number> {
    return new Promise((resolve, reject) => {
      this.server.once("error", reject);
      this.server.listen(0, "127.0.0.1", () => {
        const address = this.server.address();
        resolve(typeof address === "object" && address !== null ? address.port : 0);
      });
    });
  }

  close(): Promise<void> {
    return new Promise((resolve) => {
      this.server.close(() => resolve());
      this.server.closeAllConnections();
    });
  }

  private async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
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
    const fault = this.parts.faults.strike(method, path, recorded.query);
    if (fault !== undefined && this.fail(fault, call, response)) return;

    const document = method === "GET" ? discover(path, headers.accept ?? "") : undefined;
    if (document !== undefined) write(response, { status: 200, ...document });
    else if (healthPaths.includes(path)) write(response, healthy);
    else if (call === undefined) throw pageNotFound();
    else if (isWatch(call)) this.answers.watch(call, response);
    else if (call.name === undefined) write(response, this.answers.ofCollection(call));
    else write(response, this.answers.ofObject(call, call.name));
  }

  /** Whether the fault took the answer's place. */
  private fail(fault: FaultKind, call: Call | undefined, response: ServerResponse): boolean {
    if (fault === "hang") return true;
    if (fault === "reset") {
      response.socket?.destroy();
      return true;
    }
    if (fault === "garbage") {
      response.writeHead(200, { "content-type": "application/json" }).end("<html>not json</html>");
      return true;
    }
    if (fault.kind === "close-watch") {
      const cancel = this.parts.clock.after(fault.after, () => response.end());
      response.once("close", cancel);
      return false;
    }
    const details = fault.retryAfter === undefined ? {} : { retryAfterSeconds: fault.retryAfter };
    const message =
      fault.message ?? refusalWords(fault.code, call, this.parts.store.resourceVersion);
    refuse(response, new StatusError(fault.code, message, details));
    return true;
  }
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
