/** A registry that does what no registry should, and a second server that it may lead to. */
import type { IncomingMessage, ServerResponse } from "node:http";
import { type RecordedRequest, record } from "../network/loopback";
import { type Misbehaviour, misbehave } from "../network/misbehaviour";
import { LoopbackServer } from "../network/server";

/** A server whose one answer is scripted, and that records what it is asked. */
export class Scripted extends LoopbackServer {
  readonly requests: RecordedRequest[] = [];

  private constructor(public answer: (request: RecordedRequest) => Misbehaviour) {
    super(undefined);
  }

  static start(answer: (request: RecordedRequest) => Misbehaviour): Promise<Scripted> {
    return new Scripted(answer).listening();
  }

  protected async serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const recorded = await record(request, response);
    this.requests.push(recorded);
    misbehave(this.answer(recorded), response);
  }

  /** The Authorization headers that came here. */
  get credentials(): string[] {
    return this.requests.flatMap(({ headers: { authorization } }) => authorization ?? []);
  }
}

const notFound: Misbehaviour = {
  kind: "status",
  code: 404,
  body: { errors: [{ code: "MANIFEST_UNKNOWN", message: "manifest unknown" }] },
};

export class Hostile {
  private constructor(
    readonly registry: Scripted,
    /** Another server, to which it leads: nothing secret may come there. */
    readonly elsewhere: Scripted,
  ) {}

  static async start(): Promise<Hostile> {
    const elsewhere = await Scripted.start(() => notFound);
    return new Hostile(await Scripted.start(() => notFound), elsewhere);
  }

  async stop(): Promise<void> {
    await Promise.all([this.registry.stop(), this.elsewhere.stop()]);
  }

  /** From now on every answer is this one. */
  behave(how: Misbehaviour): void {
    this.registry.answer = () => how;
  }

  /** What it can do, by a name for the test. */
  get repertoire(): Record<string, Misbehaviour> {
    const command = "##vso[task.setvariable variable=x]1";
    const challenge = (text: string) => status(401, { "www-authenticate": text });
    const realm = (url: string) => challenge(`Bearer realm="${url}",service="registry.test"`);
    const index = "application/vnd.oci.image.index.v1+json";
    return {
      "redirects elsewhere": status(307, { location: `${this.elsewhere.url}/v2/` }),
      "redirects to itself for ever": status(307, { location: "/v2/team/web/manifests/1" }),
      "redirects to no URL": status(302, { location: "http://[" }),
      "redirects to a file": status(302, { location: "file:///etc/passwd" }),
      "sends a body without end": "endless",
      "sends a huge body": { kind: "huge", bytes: 64 * 1024 * 1024 },
      "sends a page for a manifest": "no-json",
      "sends JSON that is no manifest": status(200, { "content-type": index }, "[1, null]"),
      "has a logging command for a challenge": challenge(command),
      "has a logging command for a realm": realm(command),
      "has a logging command for a digest": status(200, {
        "content-type": index,
        "docker-content-digest": command,
      }),
      "has a logging command for a message": status(
        400,
        {},
        {
          errors: [{ code: command, message: `denied\n${command}` }],
        },
      ),
      "has a header of 100 KB": status(200, { "x-padding": "x".repeat(100 * 1024) }),
      "has a challenge of 10 KB": realm(`https://${"x".repeat(10 * 1024)}`),
      "has a realm on another host": realm(
        `http://localhost:${this.elsewhere.address.split(":")[1]}/token`,
      ),
      "has a realm without TLS": realm("http://tokens.example.com/token"),
      "has a realm that is no URL": realm("here, there"),
      "has a realm that is a file": realm("file:///etc/passwd"),
      "has a challenge of no known scheme": challenge('Negotiate realm="x"'),
      "has a challenge that does not end": challenge('Bearer realm="https://127.0.0.1'),
      "has no challenge": status(401),
      "answers 401 for ever": challenge('Basic realm="registry.test"'),
      "answers 429": status(429, { "retry-after": "1" }),
      "answers 429 for a year": status(429, { "retry-after": "31536000" }),
      "answers 429 until nonsense": status(429, { "retry-after": command }),
      "answers 500": status(500),
      "closes the connection in the middle": "cut",
      "closes the connection at once": "reset",
      "never answers": "hang",
    };
  }
}

function status(
  code: number,
  headers: Record<string, string> = {},
  body: unknown = "",
): Misbehaviour {
  return { kind: "status", code, headers, body };
}
