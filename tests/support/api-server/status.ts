import { qualified, type Resource } from "./resources";

export interface StatusCause {
  reason: string;
  message: string;
  field: string;
}

export interface StatusDetails {
  name?: string;
  group?: string;
  kind?: string;
  causes?: StatusCause[];
  retryAfterSeconds?: number;
}

const reasons: Record<number, string> = {
  400: "BadRequest",
  401: "Unauthorized",
  403: "Forbidden",
  404: "NotFound",
  405: "MethodNotAllowed",
  409: "Conflict",
  410: "Expired",
  415: "UnsupportedMediaType",
  422: "Invalid",
  429: "TooManyRequests",
  500: "InternalError",
  503: "ServiceUnavailable",
  504: "Timeout",
};

/** An answer other than success: becomes a metav1.Status. */
export class StatusError extends Error {
  constructor(
    readonly code: number,
    message: string,
    readonly details: StatusDetails = {},
    readonly reason: string = reasons[code] ?? "Unknown",
    readonly metadata: object = {},
  ) {
    super(message);
  }

  toStatus() {
    const { code, message, reason, details, metadata } = this;
    const head = { kind: "Status", apiVersion: "v1", metadata };
    const told = Object.keys(details).length > 0 && { details };
    return { ...head, status: "Failure", message, reason, ...told, code };
  }
}

function detailsOf({ group, plural }: Resource, name: string): StatusDetails {
  return { name, ...(group && { group }), kind: plural };
}

export function notFound(resource: Resource, name: string): StatusError {
  const what = qualified(resource.plural, resource.group);
  return new StatusError(404, `${what} "${name}" not found`, detailsOf(resource, name));
}

export function alreadyExists(resource: Resource, name: string): StatusError {
  const what = qualified(resource.plural, resource.group);
  const message = `${what} "${name}" already exists`;
  return new StatusError(409, message, detailsOf(resource, name), "AlreadyExists");
}

export function conflict(resource: Resource, name: string): StatusError {
  const what = qualified(resource.plural, resource.group);
  const advice = "please apply your changes to the latest version and try again";
  const message = `Operation cannot be fulfilled on ${what} "${name}": the object has been modified; ${advice}`;
  return new StatusError(409, message, detailsOf(resource, name));
}

export function invalid(resource: Resource, name: string, causes: StatusCause[]): StatusError {
  const lines = causes.map((cause) => `${cause.field}: ${cause.message}`);
  const list = lines.length === 1 ? lines[0] : `[${lines.join(", ")}]`;
  const message = `${qualified(resource.kind, resource.group)} "${name}" is invalid: ${list}`;
  const details = { name, group: resource.group, kind: resource.kind, causes };
  return new StatusError(422, message, details);
}

export function expired(resourceVersion: number, oldest: number): StatusError {
  return new StatusError(410, `too old resource version: ${resourceVersion} (${oldest})`);
}
