/** Runs of the packaged task, as what shows them needs them: each has its attachment, log and summary. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { type Outcome, run } from "./agent";
import { ApiServer } from "./api-server";
import { until } from "./stage";

interface Scenario {
  /** What the cluster has before the step. */
  cluster(server: ApiServer): Promise<unknown>;
  inputs: Record<string, string>;
  /** When somebody cancels the run. */
  canceledOnce?(server: ApiServer): boolean;
}

const acr = "contoso.azurecr.io";
const images = "deployments/web app=$(ACR)/web";
const web = (server: ApiServer, options = {}) =>
  server.deployment({
    ...{ name: "web", namespace: "shop", image: `${acr}/web:4124`, replicas: 3 },
    ...options,
  });

const scenarios = {
  success: { cluster: (server) => web(server), inputs: { images } },
  imageMissing: {
    cluster: async (server) => {
      await web(server);
      server.images.behave(`${acr}/web:4125`, "image-not-found");
    },
    inputs: { images },
  },
  crash: {
    cluster: async (server) => {
      await web(server, { minReadySeconds: 2 });
      const log =
        "listening on :8080\nconnecting to db.shop.svc:5432\nFATAL: password authentication failed";
      server.images.behave(`${acr}/web:4125`, { kind: "crash-loop", after: 500, exitCode: 3, log });
    },
    inputs: { images, onFailure: "keep", rolloutStatusTimeout: "30" },
  },
  canceled: {
    cluster: async (server) => {
      await web(server);
      server.images.behave(`${acr}/web:4125`, "never-ready");
    },
    inputs: { images },
    canceledOnce: (server) => server.list("Pod", "shop").length > 3,
  },
  several: {
    cluster: async (server) => {
      await web(server);
      const shop = { namespace: "shop" };
      await server.deployment({ name: "api", ...shop, image: `${acr}/api:4124`, replicas: 2 });
      await server.statefulSet({ name: "db", ...shop, image: `${acr}/db:4124`, replicas: 2 });
      await server.cronJob({ name: "cleanup", ...shop, image: `${acr}/cleanup:4124` });
      server.images.behave(`${acr}/db:4125`, { kind: "never-ready", heals: 900 });
    },
    inputs: {
      images: ["deployments/web", "deployments/api", "statefulsets/db", "cronjobs/cleanup"]
        .map((line) => `${line} app=$(ACR)/${line.split("/")[1]}`)
        .join("\n"),
    },
  },
  oneOfSeveral: {
    cluster: async (server) => {
      await web(server);
      const shop = { namespace: "shop", replicas: 2 };
      await server.deployment({ name: "api", ...shop, image: `${acr}/api:4124` });
      await server.statefulSet({ name: "db", ...shop, image: `${acr}/db:4124` });
      server.images.behave(`${acr}/db:4125`, "image-not-found");
    },
    inputs: { images: "$(ACR)/web\n$(ACR)/api\n$(ACR)/db" },
  },
  thereAlready: {
    cluster: (server) => web(server),
    inputs: { images: `deployments/web app=${acr}/web:4124` },
  },
} satisfies Record<string, Scenario>;

export type Recording = keyof typeof scenarios;
export const recordings = Object.keys(scenarios) as Recording[];

/** Runs the step of a classic release of build 4125 against a small API server. */
export async function record(
  name: Recording,
  taskFolder: string,
  { pace = 60, ...others }: { pace?: number; onFailure?: string } = {},
): Promise<Outcome> {
  const { cluster, inputs, canceledOnce }: Scenario = scenarios[name];
  const tempFolder = mkdtempSync(path.join(tmpdir(), "kubectl-set-image-recording-"));
  const server = await ApiServer.start({ pace });
  try {
    await cluster(server);
    const kubeconfig = path.join(tempFolder, "kubeconfig");
    writeFileSync(kubeconfig, server.kubeconfig({ namespace: "shop" }), { mode: 0o600 });
    const variables = { "System.HostType": "release", "Build.BuildId": "4125", ACR: acr };
    const running = run({
      taskFolder,
      inputs: { verifyImage: "off", ...inputs, ...others },
      environment: { KUBECONFIG: kubeconfig },
      variables,
      tempFolder,
    });
    if (canceledOnce) {
      await until(() => canceledOnce(server));
      running.cancel();
    }
    return await running.outcome;
  } finally {
    await server.stop();
    rmSync(tempFolder, { recursive: true, force: true });
  }
}
