import { request as ask, type IncomingMessage, type ServerResponse } from "node:http";
import { bearerOf } from "../azure/tokens";
import { type Certificate, selfSigned } from "./certificate";
import { answer } from "./loopback";
import { LoopbackServer } from "./server";

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
export class Guard extends LoopbackServer<Certificate> {
  /** The bearer token of every request; undefined where there was none. */
  readonly tokens: (string | undefined)[] = [];

  private constructor(
    private readonly target: string,
    private readonly admits: (token: string) => boolean,
    names: string[],
  ) {
    super(selfSigned("ec", names));
  }

  static start(
    target: string,
    admits: (token: string) => boolean,
    names: string[] = [],
  ): Promise<Guard> {
    return new Guard(target, admits, names).listening();
  }

  protected serve(request: IncomingMessage, response: ServerResponse): void {
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
