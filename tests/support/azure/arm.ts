/** The Resource Manager's answer to who asks for the credentials of a cluster. */
import type { ServerResponse } from "node:http";
import { answer, type RecordedRequest, wrongNames } from "../network/loopback";
import { type Azure, names, resources } from ".";
import { kubeconfig } from "./kubeconfig";
import { bearerOf } from "./tokens";

const provider = "Microsoft.ContainerService/managedClusters";
const pattern = new RegExp(
  `^/subscriptions/([^/]+)/resourceGroups/([^/]+)/providers/${provider}/([^/]+)/listCluster(User|Admin)Credential$`,
);

export function serveCredentials(
  azure: Azure,
  recorded: RecordedRequest,
  response: ServerResponse,
): ServerResponse {
  const { method, path, query, headers, body } = recorded;
  const wrong = wrongNames(query, ["api-version"]);
  if (method !== "POST") wrong.push(`method is ${method}`);
  const version = query.get("api-version");
  if (version && version !== "2024-05-01") wrong.push(`api-version is ${version}`);
  if (body !== "" && body !== "{}") wrong.push(`body is ${body}`);
  const match = pattern.exec(decodeURIComponent(path));
  if (match === null) wrong.push("the path is not that of credentials");
  const token = bearerOf(headers.authorization);
  if (token === undefined) wrong.push("there is no bearer token");
  if (wrong.length > 0 || match === null || token === undefined) {
    return azure.refuse(response, recorded, wrong, errorOf("BadRequest", wrong.join(", ")));
  }

  const refuse = (status: number, code: string, message: string) =>
    answer(response, status, errorOf(code, message));
  if (azure.tokens.resourceOf(token) === undefined) {
    return refuse(401, "ExpiredAuthenticationToken", "The access token expiry is in the past.");
  }
  if (!azure.knows(token, azure.url, ...resources.arm)) {
    const message = "The access token has been obtained for wrong audience or resource.";
    return refuse(401, "InvalidAuthenticationTokenAudience", message);
  }
  const [, subscription = "", group = "", cluster = "", who = ""] = match;
  if (!same(subscription, names.subscription)) {
    const message = `The subscription '${subscription}' could not be found.`;
    return refuse(404, "SubscriptionNotFound", message);
  }
  if (azure.options.authorized === false) {
    const action = `${provider}/listCluster${who}Credential/action`;
    const scope = `/subscriptions/${subscription}/resourceGroups/${group}/providers/${provider}/${cluster}`;
    const message = `The client '${names.client}' with object id '${names.identity}' does not have authorization to perform action '${action}' over scope '${scope}' or the scope is invalid. If access was recently granted, please refresh your credentials.`;
    return refuse(403, "AuthorizationFailed", message);
  }
  if (!same(group, names.resourceGroup)) {
    return refuse(404, "ResourceGroupNotFound", `Resource group '${group}' could not be found.`);
  }
  if (!same(cluster, names.cluster)) {
    const message = `The Resource '${provider}/${cluster}' under resource group '${group}' was not found. For more details please go to https://aka.ms/ARMResourceNotFoundFix`;
    return refuse(404, "ResourceNotFound", message);
  }
  const role = who === "Admin" ? "clusterAdmin" : "clusterUser";
  const { cluster: reached } = azure.options;
  if (reached === undefined) throw new Error("Azure.start was given no cluster");
  if (role === "clusterAdmin" && (reached.users ?? "local") !== "local") {
    const message =
      "Getting static credential is not allowed because this cluster is set to disable local accounts.";
    return refuse(400, "BadRequest", message);
  }
  const value = Buffer.from(kubeconfig(reached, role)).toString("base64");
  return answer(response, 200, { kubeconfigs: [{ name: role, value }] });
}

function errorOf(code: string, message: string): object {
  return { error: { code, message } };
}

function same(one: string, other: string): boolean {
  return one.toLowerCase() === other.toLowerCase();
}
