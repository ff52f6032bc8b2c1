/**
 * The main job on this machine: a classic release of build 4125, against a small API server, or
 * with arguments (`--images "..." --namespace x --kubeconfig y`) against a cluster of yours.
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { parseArgs } from "node:util";
import { run } from "../support/agent";
import { ApiServer } from "../support/api-server";
import { release } from "../support/release";
import { builtTask } from "../support/repository";

const tempFolder = mkdtempSync(path.join(tmpdir(), "kubectl-set-image-"));

const options = Object.fromEntries(
  [
    "images",
    "namespace",
    "kubeconfig",
    "context",
    "dryRun",
    "rolloutStatusTimeout",
    "verifyImage",
    "pin",
  ].map((name) => [name, { type: "string" as const }]),
);

async function main(): Promise<number> {
  const { values } = parseArgs({ options: { ...options, buildId: { type: "string" } } });
  const { buildId, ...given } = values as Record<string, string>;
  if (given.images) return step(given, { "Build.BuildId": buildId ?? "" });
  const server = await ApiServer.start({ pace: 400 });
  try {
    const image = `${release.ACR}/identityserver:4124`;
    const containers = [{ name: "identityserver", image }];
    await server.deployment({ name: "identityserver", containers, replicas: 3 });
    const kubeconfig = path.join(tempFolder, "kubeconfig");
    writeFileSync(kubeconfig, server.kubeconfig(), { mode: 0o600 });
    const images = "deployments/identityserver identityserver=$(ACR)/IdentityServer";
    console.log("A classic release of build 4125 with the step Kubectl Set Image:\n");
    console.log(`  images: ${images}\n`);
    const inputs = { images, verifyImage: "off", ...given };
    return await step(inputs, release, { KUBECONFIG: kubeconfig });
  } finally {
    await server.stop();
  }
}

async function step(
  inputs: Record<string, string>,
  variables: Record<string, string>,
  environment: Record<string, string> = {},
): Promise<number> {
  const onLine = console.log;
  const running = run({
    taskFolder: builtTask,
    inputs,
    variables,
    tempFolder,
    environment,
    onLine,
  });
  process.on("SIGINT", () => running.cancel());
  const { result, message } = await running.outcome;
  console.log(`\n${result}: ${message}`);
  return result.startsWith("Succeeded") ? 0 : 1;
}

main().then(
  (code) => {
    rmSync(tempFolder, { recursive: true, force: true });
    process.exitCode = code;
  },
  (error) => {
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = 1;
  },
);
