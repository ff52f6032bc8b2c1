/** The main jobs of the task, which have to come out alike on every system and every Node. */
import assert from "node:assert/strict";
import { mkdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { test } from "node:test";
import type { RunningStep } from "./agent";
import { assertRan, lastTable, release, type Stage, until } from "./stage";

type Values = Record<string, string>;

/** How steps are run on a system, with a Node. */
export interface Way {
  start(inputs: Values, variables: Values): RunningStep;
  /** Cancels the step as the agent of this system does. */
  cancel(step: RunningStep): void;
  /** A path as a step sees it. */
  seen(file: string): string;
}

export const images = "deployments/web app=$(ACR)/app";
export const old = "contoso.azurecr.io/app:4124";
export const wanted = "contoso.azurecr.io/app:4125";

/** The workload of the scenarios. */
export function deploy(stage: Stage): Promise<unknown> {
  return stage.server.deployment({ name: "web", containers: [{ name: "app", image: old }] });
}

/** Registers them; the workload has to be there. */
export function coreScenarios(stage: Stage, { start, cancel, seen }: Way): void {
  const imageOf = () => stage.imageOf("Deployment", "web");

  test("computes a tag, and hands it over in a file", async () => {
    const staging = path.join(stage.temp, "staging ä");
    mkdirSync(staging, { recursive: true });
    const variables = {
      "System.HostType": "build",
      "Build.BuildId": "4125",
      "Build.ArtifactStagingDirectory": seen(staging),
      ACR: "contoso.azurecr.io",
    };
    const inputs = { command: "computeTag", images: "$(ACR)/app" };
    const outcome = await start(inputs, variables).outcome;
    assertRan(outcome, "Succeeded");
    assert.equal(outcome.outputs.tag, "4125");
    const file = path.join(staging, "kubectl-set-image.json");
    assert.equal(JSON.parse(readFileSync(file, "utf8")).tag, "4125");
  });

  test("sets an image, and waits until it runs", async () => {
    const outcome = await start({ images }, release).outcome;
    assertRan(outcome, "Succeeded");
    assert.equal(imageOf(), wanted);
    assert.deepEqual(lastTable(outcome), [`deployment/web app ${wanted}`]);
    assert.equal(outcome.summaries.length, 1);
    assert.deepEqual(outcome.errors, []);
  });

  test("puts the old image back when the new one cannot be pulled", async () => {
    stage.server.images.behave(wanted, "image-not-found");
    const outcome = await start({ images }, release).outcome;
    assertRan(outcome, "Failed");
    assert.match(outcome.errors[0] ?? "", /cannot pull its image/);
    assert.equal(imageOf(), old);
    assert.deepEqual(lastTable(outcome), [`deployment/web app ${old}`]);
  });

  test("puts the old image back when the run is canceled", async () => {
    stage.server.images.behave(wanted, "never-ready");
    const step = start({ images, failAfter: "readiness=off" }, release);
    await until(() => imageOf() === wanted);
    await until(() => stage.server.requests.some(({ query }) => query.includes("watch=")));
    cancel(step);
    assertRan(await step.outcome, "Canceled");
    assert.equal(imageOf(), old);
  });
}
