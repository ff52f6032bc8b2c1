/** What the small servers of the tests share: each listens on this machine alone, and records. */
import type { IncomingHttpHeaders, IncomingMessage, Server, ServerResponse } from "node:http";

/** One request as it came, and the status it was answered with (0 while there is no answer). */
export interface RecordedRequest {
  method: string;
  path: string;
  query: URLSearchParams;
  headers: IncomingHttpHeaders;
  body: string;
  status: number;
}

/** Listens on a port that the system gives, and resolves to it. */
export function listen(server: Server): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      resolve(typeof address === "object" && address !== null ? address.port : 0);
    });
  });
}

/** Stops listening, and cuts what is open. */
export function close(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}

export async function textOf(message: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of message) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}

/** Reads a request to its end; the record learns the status as soon as one is written. */
export async function record(
  request: IncomingMessage,
  response: ServerResponse,
): Promise<RecordedRequest> {
  const { pathname: path, searchParams: query } = new URL(`http://server${request.url}`);
  const { method = "GET", headers } = request;
  const recorded = { method, path, query, headers, body: "", status: 0 };
  const writeHead = response.writeHead.bind(response);
  response.writeHead = ((status: number, ...rest: []) => {
    recorded.status = status;
    return writeHead(status, ...rest);
  }) as typeof response.writeHead;
  recorded.body = await textOf(request);
  return recorded;
}

/** Answers with JSON, or with nothing where there is no body. */
export function answer(
  response: ServerResponse,
  status: number,
  body?: unknown,
  headers: Record<string, string> = {},
): ServerResponse {
  const type = body === undefined ? {} : { "content-type": "application/json; charset=utf-8" };
  response.writeHead(status, { ...type, ...headers });
  return response.end(body === undefined ? undefined : JSON.stringify(body));
}

/** The user and the password of an Authorization header of the scheme Basic. */
export function basicOf(authorization: string | undefined): [string, string] | undefined {
  const [, encoded] = /^Basic ([A-Za-z0-9+/]+=*)$/.exec(authorization ?? "") ?? [];
  if (encoded === undefined) return undefined;
  const [, user, password] =
    /^([^:]*):(.*)$/s.exec(Buffer.from(encoded, "base64").toString()) ?? [];
  return user === undefined || password === undefined ? undefined : [user, password];
}

/** A form, each of whose names comes once and is known; what is wrong with it otherwise. */
export function formOf(
  { headers, body }: RecordedRequest,
  required: string[],
  optional: string[] = [],
): { form: Record<string, string>; wrong: string[] } {
  const pairs = new URLSearchParams(body);
  const type = headers["content-type"]?.split(";")[0];
  const wrong = wrongNames(pairs, required, optional);
  if (type !== "application/x-www-form-urlencoded") wrong.unshift(`content type is ${type}`);
  return { form: Object.fromEntries(pairs), wrong };
}

/** Which names are missing, given twice, empty or unknown. */
export function wrongNames(
  pairs: URLSearchParams,
  required: string[],
  optional: string[] = [],
): string[] {
  const wrong = required.filter((name) => !pairs.get(name)).map((name) => `${name} is missing`);
  const names = [...pairs.keys()];
  for (const name of new Set(names)) {
    if (![...required, ...optional].includes(name)) wrong.push(`${name} is not known`);
    if (pairs.getAll(name).length > 1) wrong.push(`${name} is given twice`);
  }
  return wrong;
}
