/** The endpoint of a machine that gives out the tokens of its managed identities. */
import type { ServerResponse } from "node:http";
import { answer, type RecordedRequest, wrongNames } from "../network/loopback";
import { type Azure, names, resources } from ".";
import { resourceNamed } from "./tokens";

export function serveIdentity(
  azure: Azure,
  recorded: RecordedRequest,
  response: ServerResponse,
): ServerResponse {
  const { method, query, headers, body } = recorded;
  const wrong = wrongNames(query, ["api-version", "resource"], ["client_id"]);
  if (method !== "GET") wrong.push(`method is ${method}`);
  if (body !== "") wrong.push("there is a body");
  if (headers.metadata?.toString().toLowerCase() !== "true") {
    wrong.push("the header Metadata is not true");
  }
  if (headers["x-forwarded-for"] !== undefined) wrong.push("it came by a proxy");
  if (headers.authorization !== undefined) wrong.push("there is an Authorization");
  const version = query.get("api-version");
  if (version && version !== "2018-02-01") wrong.push(`api-version is ${version}`);
  const asked = query.get("resource");
  const known = [azure.url, ...resources.arm, resources.cluster];
  const resource = resourceNamed(asked ?? "", known);
  if (asked && resource === undefined) wrong.push(`resource is ${asked}`);
  if (wrong.length > 0 || resource === undefined) return azure.refuse(response, recorded, wrong);

  const client = query.get("client_id");
  if (client !== null && client !== names.identity) {
    const words = "Identity not found";
    return answer(response, 400, { error: "invalid_request", error_description: words });
  }
  const { expiresIn = 86_399 } = azure.options;
  const now = Math.floor(Date.now() / 1000);
  return answer(response, 200, {
    access_token: azure.tokens.issue(resource, expiresIn, { appid: names.identity }),
    client_id: names.identity,
    expires_in: String(expiresIn),
    expires_on: String(now + expiresIn),
    not_before: String(now),
    resource: asked,
    token_type: "Bearer",
  });
}
