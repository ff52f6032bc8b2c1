import type { IncomingMessage, ServerResponse } from "node:http";
import type { Certificate } from "../network/certificate";
import { answer, type RecordedRequest, record } from "../network/loopback";
import { LoopbackServer } from "../network/server";

const signature = "of-the-tests";

/**
 * Where a registry keeps its blobs: it sends clients there, with a signed address. As the storage of
 * the clouds does, it refuses one who sends along the credentials that are the registry's.
 */
export class Storage extends LoopbackServer<Certificate | undefined> {
  readonly requests: RecordedRequest[] = [];
  /** What was wrong with requests that no client should make. */
  readonly faults: string[] = [];

  private constructor(
    private readonly blob: (path: string) => Promise<Buffer>,
    certificate: Certificate | undefined,
  ) {
    super(certificate);
  }

  /** The blobs are those of the registry, by their paths there. */
  static start(
    blob: (path: string) => Promise<Buffer>,
    certificate?: Certificate,
  ): Promise<Storage> {
    return new Storage(blob, certificate).listening();
  }

  addressOf(path: string): string {
    return `${this.url}${path}?sig=${signature}`;
  }

  protected async serve(request: IncomingMessage, response: ServerResponse): Promise<unknown> {
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
