import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { createServer as createSecureServer } from "node:https";
import type { Certificate } from "../network/certificate";
import { answer, close, listen, type RecordedRequest, record } from "../network/loopback";

const signature = "of-the-tests";

/**
 * Where a registry keeps its blobs: it sends clients there, with a signed address. As the storage of
 * the clouds does, it refuses one who sends along the credentials that are the registry's.
 */
export class Storage {
  readonly requests: RecordedRequest[] = [];
  /** What was wrong with requests that no client should make. */
  readonly faults: string[] = [];
  private readonly server: ReturnType<typeof createServer>;
  private port = 0;

  private constructor(
    private readonly blob: (path: string) => Promise<Buffer>,
    private readonly certificate: Certificate | undefined,
  ) {
    const serve = (request: IncomingMessage, response: ServerResponse) =>
      void this.serve(request, response);
    this.server =
      certificate === undefined
        ? createServer(serve)
        : createSecureServer({ cert: certificate.certificate, key: certificate.key }, serve);
  }

  /** The blobs are those of the registry, by their paths there. */
  static async start(
    blob: (path: string) => Promise<Buffer>,
    certificate?: Certificate,
  ): Promise<Storage> {
    const storage = new Storage(blob, certificate);
    storage.port = await listen(storage.server);
    return storage;
  }

  stop(): Promise<void> {
    return close(this.server);
  }

  addressOf(path: string): string {
    const scheme = this.certificate === undefined ? "http" : "https";
    return `${scheme}://127.0.0.1:${this.port}${path}?sig=${signature}`;
  }

  private async serve(request: IncomingMessage, response: ServerResponse): Promise<unknown> {
    const recorded = await record(request, response);
    this.requests.push(recorded);
    const { method, path, query, headers } = recorded;
    const wrong: string[] = [];
    if (headers.authorization !== undefined) wrong.push("there is an Authorization");
    if (query.get("sig") !== signature) wrong.push("the address is not signed");
    if (wrong.length > 0) {
      this.faults.push(`${method} ${path}: ${wrong.join(", ")}`);
      return answer(response, 400);
    }
    return response
      .writeHead(200, { "content-type": "application/octet-stream" })
      .end(await this.blob(path));
  }
}
