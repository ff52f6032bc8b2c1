import { request as ask, type IncomingMessage, type ServerResponse } from "node:http";
import { createServer } from "node:https";
import { bearerOf } from "../azure/tokens";
import { type Certificate, selfSigned } from "./certificate";
import { answer, close, listen } from "./loopback";

const unauthorized = {
  kind: "Status",
  apiVersion: "v1",
  metadata: {},
  status: "Failure",
  message: "Unauthorized",
  reason: "Unauthorized",
  code: 401,
};

/** HTTPS before an API server: it lets in only who has a token that it is to admit. */
export class Guard {
  /** The bearer token of every request; undefined where there was none. */
  readonly tokens: (string | undefined)[] = [];
  readonly certificate: Certificate;
  private readonly server: ReturnType<typeof createServer>;
  private port = 0;

  private constructor(
    private readonly target: string,
    private readonly admits: (token: string) => boolean,
    names: string[],
  ) {
    this.certificate = selfSigned("ec", names);
    const { certificate: cert, key } = this.certificate;
    this.server = createServer({ cert, key }, (request, response) => this.serve(request, response));
  }

  static async start(
    target: string,
    admits: (token: string) => boolean,
    names: string[] = [],
  ): Promise<Guard> {
    const guard = new Guard(target, admits, names);
    guard.port = await listen(guard.server);
    return guard;
  }

  stop(): Promise<void> {
    return close(this.server);
  }

  get address(): string {
    return `127.0.0.1:${this.port}`;
  }

  get url(): string {
    return `https://${this.address}`;
  }

  private serve(request: IncomingMessage, response: ServerResponse): void {
    const { method, url, headers } = request;
    const token = bearerOf(headers.authorization);
    this.tokens.push(token);
    if (token === undefined || !this.admits(token)) {
      answer(response, 401, unauthorized);
      return;
    }
    const forwarded = ask(new URL(url ?? "/", this.target), { method, headers }, (answered) => {
      response.writeHead(answered.statusCode ?? 502, answered.headers);
      response.flushHeaders();
      answered.pipe(response);
      response.on("close", () => answered.destroy());
    });
    forwarded.on("error", () => response.destroy());
    request.pipe(forwarded);
  }
}
