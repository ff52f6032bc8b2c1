import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { ApiServer, type ApiServerOptions, type KubeObject } from "../../support/api-server";
import type { WatchEvent } from "../../support/api-server/watch";

export interface Outcome {
  code: number | null;
  out: string;
  err: string;
}

export interface Kubectl {
  (...args: string[]): Promise<Outcome>;
  /** Its output, once it has exited with 0. */
  ok(...args: string[]): Promise<string>;
  /** What it says on stderr, once it has failed. */
  fails(...args: string[]): Promise<string>;
  start(...args: string[]): ReturnType<typeof spawn>;
}

/** For the files of the tests; it goes with them. */
export const directory = mkdtempSync(join(tmpdir(), "api-server-"));
after(() => rmSync(directory, { recursive: true, force: true }));

function kubectlFor(program: string, server: ApiServer): Kubectl {
  const home = mkdtempSync(join(directory, "home-"));
  const kubeconfig = join(home, "kubeconfig");
  writeFileSync(kubeconfig, server.kubeconfig());
  const env = { PATH: process.env.PATH ?? "", HOME: home, KUBECONFIG: kubeconfig };
  const start = (...args: string[]) => spawn(program, args, { env });
  const run = (...args: string[]) =>
    new Promise<Outcome>((resolve, reject) => {
      const child = start(...args);
      let [out, err] = ["", ""];
      child.stdout.on("data", (chunk) => {
        out += chunk;
      });
      child.stderr.on("data", (chunk) => {
        err += chunk;
      });
      child.on("error", reject);
      child.on("close", (code) => resolve({ code, out, err }));
    });
  const ok = async (...args: string[]) => {
    const { code, out, err } = await run(...args);
    assert.equal(code, 0, `kubectl ${args.join(" ")}: ${out}${err}`);
    return out;
  };
  const fails = async (...args: string[]) => {
    const { code, out, err } = await run(...args);
    assert.notEqual(code, 0, `kubectl ${args.join(" ")} did not fail: ${out}`);
    return err;
  };
  return Object.assign(run, { ok, fails, start });
}

export async function until<T>(what: string, look: () => T | undefined | false): Promise<T> {
  const deadline = Date.now() + 10_000;
  for (;;) {
    const seen = look();
    if (seen !== undefined && seen !== false) return seen;
    if (Date.now() > deadline) throw new Error(`${what} has not come about`);
    await pause(5);
  }
}

export function imageOf({ spec }: KubeObject): string | undefined {
  return (spec.template ?? spec.jobTemplate?.spec.template ?? { spec }).spec.containers[0]?.image;
}

export function podsOf(server: ApiServer, app: string): KubeObject[] {
  const pods = server.list("pods", "default");
  const living = pods.filter(({ metadata }) => metadata.deletionTimestamp === undefined);
  return living.filter(({ metadata }) => metadata.labels?.app === app);
}

export async function request(
  server: ApiServer,
  method: string,
  path: string,
  body?: unknown,
  type = "",
) {
  const contentType = type || "application/json";
  const response = await fetch(`${server.url}${path}`, {
    method,
    headers: { "content-type": contentType },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  const answer = (await response.json()) as KubeObject & { message?: string; items?: KubeObject[] };
  return { status: response.status, answer };
}

/** The events of a watch, collected until it is stopped or ends. */
export function watching(server: ApiServer, path: string) {
  const controller = new AbortController();
  const events: WatchEvent[] = [];
  const ended = (async () => {
    const response = await fetch(`${server.url}${path}`, { signal: controller.signal });
    let rest = "";
    const decoder = new TextDecoder();
    for await (const chunk of response.body ?? []) {
      const lines = (rest + decoder.decode(chunk as Uint8Array, { stream: true })).split("\n");
      rest = lines.pop() ?? "";
      events.push(...lines.map((line) => JSON.parse(line) as WatchEvent));
    }
  })().catch((error: Error) => {
    if (error.name !== "AbortError") throw error;
  });
  const shown = () =>
    events.map(({ type, object }) => `${type} ${(object as KubeObject).metadata.name}`);
  return { events, shown, ended, stop: () => controller.abort() };
}

export const deployments = "/apis/apps/v1/namespaces/default/deployments";
export const configMaps = "/api/v1/namespaces/default/configmaps";

export function configMap(name: string, labels = {}) {
  return { apiVersion: "v1", kind: "ConfigMap", metadata: { name, labels } };
}

export function setImage(image: string) {
  return { spec: { template: { spec: { containers: [{ name: "app", image }] } } } };
}

const kubectls = [process.env.KUBECTL ?? "kubectl", process.env.NEWER_KUBECTL ?? ""].filter(
  Boolean,
);

type Body = (server: ApiServer, kubectl: Kubectl) => Promise<void>;
type Define = (name: string, body: Body, options?: ApiServerOptions) => void;

/** Defines the tests once for every kubectl there is. */
export function withKubectl(topic: string, tests: (test: Define) => void): void {
  for (const program of kubectls) {
    describe(`${topic}, with ${program}`, { concurrency: 2 }, () => {
      tests((name, body, options) =>
        test(name, (server) => body(server, kubectlFor(program, server)), { pace: 10, ...options }),
      );
    });
  }
}

/** A test with a server of its own. */
export function test(
  name: string,
  body: (server: ApiServer) => Promise<void>,
  options: ApiServerOptions = {},
): void {
  it(name, { timeout: 60_000 }, async () => {
    const server = await ApiServer.start({ pace: 5, ...options });
    try {
      await body(server);
    } finally {
      await server.stop();
    }
  });
}
