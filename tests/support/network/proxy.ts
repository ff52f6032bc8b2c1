/** An HTTP proxy that records what is asked of it, for CONNECT and for plain requests. */
import { request as ask, type IncomingMessage, type ServerResponse } from "node:http";
import { connect, type Socket } from "node:net";
import type { Duplex } from "node:stream";
import { basicOf } from "./loopback";
import { LoopbackServer } from "./server";

export interface ProxyOptions {
  /** Who may use it; everybody where it is left out. */
  user?: { name: string; password: string };
  /**
   * Where names lead, as `contoso.azurecr.io:443` to `127.0.0.1:41234`. What is not here is looked
   * up. Programs written in Go take no proxy to 127.0.0.1: give the server a name for them.
   */
  routes?: Record<string, string>;
}

export interface ProxiedRequest {
  /** CONNECT, or the method of a plain request. */
  method: string;
  /** As `contoso.azurecr.io:443`. */
  target: string;
  /** Whether it was let through. */
  passed: boolean;
}

const challenge = 'Basic realm="proxy"';

export class RecordingProxy extends LoopbackServer {
  readonly requests: ProxiedRequest[] = [];
  private readonly sockets = new Set<Socket>();

  private constructor(private readonly options: ProxyOptions) {
    super(undefined);
    this.server.on("connect", (request, socket, head) => this.tunnel(request, socket, head));
    this.server.on("connection", (socket) => this.keep(socket));
  }

  static start(options: ProxyOptions = {}): Promise<RecordingProxy> {
    return new RecordingProxy(options).listening();
  }

  override async stop(): Promise<void> {
    const closed = super.stop();
    for (const socket of this.sockets) socket.destroy();
    await closed;
  }

  /** What was asked for, as `CONNECT contoso.azurecr.io:443`. */
  get asked(): string[] {
    return this.requests.map(({ method, target }) => `${method} ${target}`);
  }

  private tunnel(request: IncomingMessage, client: Duplex, head: Buffer): void {
    const target = request.url ?? "";
    client.on("error", () => client.destroy());
    if (!this.admits(request, target)) {
      const status = "HTTP/1.1 407 Proxy Authentication Required";
      client.end(`${status}\r\nProxy-Authenticate: ${challenge}\r\n\r\n`);
      return;
    }
    const upstream = connect(this.addressOf(target), () => {
      client.write("HTTP/1.1 200 Connection established\r\n\r\n");
      upstream.write(head);
      upstream.pipe(client);
      client.pipe(upstream);
    });
    this.keep(upstream);
    upstream.on("error", () => client.end("HTTP/1.1 502 Bad Gateway\r\n\r\n"));
    upstream.on("close", () => client.destroy());
    client.on("close", () => upstream.destroy());
  }

  protected serve(request: IncomingMessage, response: ServerResponse): void {
    const { method, url = "" } = request;
    if (!/^http:\/\//.test(url)) {
      response.writeHead(400).end("This is a proxy: a request names its server.");
      return;
    }
    const { hostname, port, pathname, search } = new URL(url);
    const target = `${hostname}:${port || 80}`;
    if (!this.admits(request, target)) {
      response.writeHead(407, { "proxy-authenticate": challenge }).end();
      return;
    }
    const { "proxy-authorization": _, "proxy-connection": __, ...headers } = request.headers;
    const upstream = ask(
      { ...this.addressOf(target), method, path: pathname + search, headers },
      (answered) => {
        response.writeHead(answered.statusCode ?? 502, answered.headers);
        answered.pipe(response);
      },
    );
    upstream.on("error", () => response.writeHead(502).end());
    request.pipe(upstream);
  }

  private admits({ method = "", headers }: IncomingMessage, target: string): boolean {
    const { user } = this.options;
    const [name, password] = basicOf(headers["proxy-authorization"]) ?? [];
    const passed = user === undefined || (name === user.name && password === user.password);
    this.requests.push({ method, target, passed });
    return passed;
  }

  private addressOf(target: string): { host: string; port: number } {
    const { hostname, port } = new URL(`tcp://${this.options.routes?.[target] ?? target}`);
    return { host: hostname, port: Number(port) };
  }

  private keep(socket: Socket): void {
    this.sockets.add(socket);
    socket.once("close", () => this.sockets.delete(socket));
  }
}
