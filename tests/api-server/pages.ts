import { StatusError } from "./status";

/** Where a list goes on: the state that it is of, and the name after which it does. */
export interface Continue {
  version: number;
  after: string;
}

/** The opaque token of a page, in the form of the real server. */
export function tokenAfter({ version, after }: Continue): string {
  const token = { v: "meta.k8s.io/v1", rv: version, start: `${after}\0` };
  return Buffer.from(JSON.stringify(token)).toString("base64url");
}

export function continueOf(token: string): Continue {
  try {
    const { rv, start } = JSON.parse(Buffer.from(token, "base64url").toString());
    return { version: Number(rv), after: String(start).replace(/\0$/, "") };
  } catch {
    throw new StatusError(400, "continue key is not valid: illegal base64 data at input byte 0");
  }
}

/** What is said where the state that a list is of is forgotten. */
export function expiredPage(): StatusError {
  return new StatusError(
    410,
    "The provided continue parameter is too old to display a consistent list result. You can start a new list without the continue parameter, or use the continue token in this response to retrieve the remainder of the results. Continuing with the provided token results in an inconsistent list - objects that were created, modified, or deleted between the time the first chunk was returned and now may show up in the list.",
  );
}
