import { request as requestHttp } from "node:http";
import { request as requestHttps } from "node:https";
import type { JsonObject } from "../support/api-server";
import type { Kubeconfig } from "../support/cluster";

/** A request to an API server. */
export interface Asked {
  method: string;
  path: string;
  /** Sent as it is. */
  body?: string;
  /** The media type of the body. */
  type?: string;
}

/** What comes back: a document, or the events of a watch that ended. */
export interface Answered {
  status: number;
  type: string | undefined;
  warning: string | undefined;
  documents: JsonObject[];
}

/** Sends a request as the user of a kubeconfig that is given as JSON, by a token or impersonated. */
export function ask(kubeconfig: string, { method, path, body, type }: Asked): Promise<Answered> {
  const { clusters, users }: Kubeconfig = JSON.parse(kubeconfig);
  const { server, ...trust } = clusters[0]?.cluster ?? { server: "" };
  const authority = trust["certificate-authority-data"];
  const { token, as } = users[0]?.user ?? {};
  const headers = {
    ...(token !== undefined && { authorization: `Bearer ${token}` }),
    ...(as !== undefined && { "impersonate-user": as }),
    accept: "application/json",
    ...(type !== undefined && { "content-type": type }),
  };
  const send = server.startsWith("https:") ? requestHttps : requestHttp;
  const ca = authority === undefined ? {} : { ca: Buffer.from(authority, "base64") };
  return new Promise((resolve, reject) => {
    const asked = send(`${server}${path}`, { method, headers, ...ca }, async (response) => {
      let text = "";
      for await (const chunk of response.setEncoding("utf8")) text += chunk;
      resolve({
        status: response.statusCode ?? 0,
        type: response.headers["content-type"],
        warning: response.headers.warning as string | undefined,
        documents: text
          .split("\n")
          .filter(Boolean)
          .map((line) => JSON.parse(line)),
      });
    });
    asked.on("error", reject);
    asked.end(body);
  });
}
