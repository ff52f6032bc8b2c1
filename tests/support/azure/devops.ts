/** The part of Azure DevOps that gives a job a token for the exchange with Entra. */
import type { ServerResponse } from "node:http";
import { answer, type RecordedRequest, wrongNames } from "../network/loopback";
import { type Azure, names } from ".";
import { exchange, subject } from "./entra";
import { bearerOf } from "./tokens";

const hostTypes = ["build", "release", "deployment", "gates", "checks"];

export function serveOidcToken(
  azure: Azure,
  recorded: RecordedRequest,
  response: ServerResponse,
): ServerResponse {
  const { method, path, query, headers, body } = recorded;
  const wrong = wrongNames(query, ["serviceConnectionId", "api-version"]);
  if (method !== "POST") wrong.push(`method is ${method}`);
  const version = query.get("api-version");
  if (version && version !== "7.2-preview.1") wrong.push(`api-version is ${version}`);
  const type = headers["content-type"]?.split(";")[0];
  if (type !== "application/json") wrong.push(`content type is ${type}`);
  if (body !== "" && body !== "{}") wrong.push(`body is ${body}`);
  const known = hostTypes.map((hub) => {
    const plan = `hubs/${hub}/plans/${names.plan}/jobs/${names.job}/oidctoken`;
    return `/${names.collection}/${names.project}/_apis/distributedtask/${plan}`;
  });
  if (!known.includes(path)) wrong.push("the path is not that of the job");
  const token = bearerOf(headers.authorization);
  if (token === undefined) wrong.push("there is no bearer token");
  if (wrong.length > 0) return azure.refuse(response, recorded, wrong);

  if (token !== names.systemToken) {
    response.writeHead(401, { "content-type": "text/html", "www-authenticate": "Bearer" });
    return response.end("<html><head><title>Access Denied</title></head></html>");
  }
  const connection = query.get("serviceConnectionId");
  if (connection !== names.connection) {
    return answer(response, 404, {
      $id: "1",
      innerException: null,
      message: `Endpoint id ${connection} is not found.`,
      typeName:
        "Microsoft.VisualStudio.Services.ServiceEndpoints.WebApi.ServiceEndpointException, Microsoft.VisualStudio.Services.ServiceEndpoints.WebApi",
      typeKey: "ServiceEndpointException",
      errorCode: 0,
      eventId: 3000,
    });
  }
  const claims = { iss: "https://vstoken.dev.azure.com/contoso", sub: subject };
  const { oidcExpiresIn = 600 } = azure.options;
  const oidcToken = azure.tokens.issue(exchange, oidcExpiresIn, claims);
  return answer(response, 200, { oidcToken });
}
