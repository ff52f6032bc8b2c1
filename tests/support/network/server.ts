import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { createServer as createSecureServer } from "node:https";
import type { Certificate } from "./certificate";
import { close, listen } from "./loopback";

const options = { keepAliveTimeout: 60_000 };

/** A server of the tests: on this machine alone, and by HTTPS where it has a certificate. */
export abstract class LoopbackServer<Tls extends Certificate | undefined = undefined> {
  protected readonly server: Server;
  private port = 0;

  /** Clients have to show a certificate that this authority (PEM) vouches for, where one is given. */
  protected constructor(
    readonly certificate: Tls,
    clients?: string,
  ) {
    const serve = (request: IncomingMessage, response: ServerResponse) =>
      void this.serve(request, response);
    this.server =
      certificate === undefined
        ? createServer(options, serve)
        : createSecureServer(
            {
              ...options,
              cert: certificate.certificate,
              key: certificate.key,
              ...(clients !== undefined && { ca: clients, requestCert: true }),
            },
            serve,
          );
  }

  protected abstract serve(request: IncomingMessage, response: ServerResponse): unknown;

  /** Resolves to the server, on a port that the system gives. */
  protected async listening(): Promise<this> {
    this.port = await listen(this.server);
    return this;
  }

  stop(): Promise<void> {
    return close(this.server);
  }

  get address(): string {
    return `127.0.0.1:${this.port}`;
  }

  protected get scheme(): string {
    return this.certificate === undefined ? "http" : "https";
  }

  /** Without a slash at its end. */
  get url(): string {
    return `${this.scheme}://${this.address}`;
  }
}
