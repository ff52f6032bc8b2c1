import { StatusError } from "./status";

/** Where a list goes on: the state that it is of, and the name after which it does. */
export interface Continue {
  version: number;
  after: string;
}

/** The version that stands for the newest state, whichever that is. */
export const newest = -1;

/** The opaque token of a page, in the form of the real server. */
export function tokenAfter({ version, after }: Continue): string {
  const token = { v: "meta.k8s.io/v1", rv: version, start: `${after}\0` };
  return Buffer.from(JSON.stringify(token)).toString("base64url");
}

export function continueOf(token: string): Continue {
  const wrong = token.search(/[^\w-]/);
  if (wrong !== -1) throw invalidToken(`illegal base64 data at input byte ${wrong}`);
  try {
    const { rv, start } = JSON.parse(Buffer.from(token, "base64url").toString());
    return { version: Number(rv), after: String(start).replace(/\0$/, "") };
  } catch (error) {
    throw invalidToken((error as Error).message);
  }
}

function invalidToken(why: string): StatusError {
  return new StatusError(400, `invalid continue token: continue key is not valid: ${why}`);
}

/** The state that a list is of is forgotten: it may be started again, or go on with the newest one. */
export function expiredPage({ after }: Continue): StatusError {
  const again = { continue: tokenAfter({ version: newest, after }) };
  const message =
    "The provided continue parameter is too old to display a consistent list result. You can start a new list without the continue parameter, or use the continue token in this response to retrieve the remainder of the results. Continuing with the provided token results in an inconsistent list - objects that were created, modified, or deleted between the time the first chunk was returned and now may show up in the list.";
  return new StatusError(410, message, {}, "Expired", again);
}
