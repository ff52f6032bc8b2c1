import assert from "node:assert/strict";
import { cronJob } from "../../support/api-server/workloads";
import { assertRan } from "../../support/stage";
import type { Scenario } from ".";
import { after, before, idle, line, registry } from "./workloads";

/** A line, and the tags that it leaves: of the containers of web and api, of two cron jobs. */
type Case = [line: string, web: string, api: string, job: string, otherJob: string];

const cases = (namespace: string, other: string): Case[] => [
  ["deployments/web app=$(ACR)/app", "0 10 0", "0 0", "0", "0"],
  [
    "deploy/web deploy/api app=$(ACR)/app side=$(ACR)/side:1.2.0",
    "0 11 1.2.0",
    "11 1.2.0",
    "0",
    "0",
  ],
  ["cronjobs/job *=$(ACR)/app", "0 11 1.2.0", "11 1.2.0", "12", "0"],
  ["deployments/web *=$(ACR)/app", "13 13 13", "11 1.2.0", "12", "0"],
  ["deployments/web $(ACR)/app", "14 14 14", "11 1.2.0", "12", "0"],
  ["deployments -l tier=front app=$(ACR)/app", "14 15 14", "11 1.2.0", "12", "0"],
  ["deployments,cj -l 'tier in (front, edge)' $(ACR)/app", "16 16 16", "11 1.2.0", "12", "0"],
  [`${other}/cronjobs/job app=$(ACR)/app`, "16 16 16", "11 1.2.0", "12", "17"],
  [`${namespace},${other}: cj/job app=$(ACR)/app`, "16 16 16", "11 1.2.0", "18", "18"],
  ["kubectl set image deploy/api app=$(ACR)/app", "16 16 16", "19 1.2.0", "18", "18"],
  ["$(ACR)/app", "20 20 20", "20 1.2.0", "20", "18"],
];

export const images: Scenario[] = [
  {
    name: "set what they name",
    pods: false,
    async play(scene) {
      const { cluster } = scene;
      const { namespace } = cluster;
      const container = (name: string) => ({ name, image: `${registry}/${name}:0` });
      const containers = [container("app"), container("side")];
      const initContainers = [container("migrate")];
      await idle(scene, { containers, initContainers, labels: { tier: "front" } });
      await idle(scene, { name: "api", containers });
      const other = await cluster.anotherNamespace(`${namespace}-other`);
      for (const each of [namespace, other])
        await cluster.create(cronJob({ name: "job", namespace: each, image: `${registry}/app:0` }));

      for (const [at, [line, ...left]] of cases(namespace, other).entries()) {
        const variables = { "Build.BuildId": String(10 + at) };
        assertRan(await scene.finish({ images: line }, { variables }), "Succeeded");
        const found = [
          await cluster.images("Deployment", "web"),
          await cluster.images("Deployment", "api"),
          await cluster.images("CronJob", "job"),
          await cluster.images("CronJob", "job", other),
        ];
        const tags = found.map((images) =>
          Object.values(images)
            .map((image) => image.split(":")[1])
            .join(" "),
        );
        assert.deepEqual(tags, left, line);
      }
    },
  },
  ...[
    ["warn", "SucceededWithIssues"],
    ["succeed", "Succeeded"],
    ["fail", "Failed"],
  ].map(
    ([whenUnchanged = "", result = ""]) =>
      ({
        name: `change nothing where the image is there already: ${whenUnchanged}`,
        pods: false,
        async play(scene) {
          await idle(scene);
          const { metadata } = await scene.cluster.get("Deployment", "web");
          const images = `deployments/web app=${before}`;
          assertRan(await scene.finish({ images, whenUnchanged }), result);
          const now = await scene.cluster.get("Deployment", "web");
          assert.equal(now.metadata.resourceVersion, metadata.resourceVersion);
        },
      }) satisfies Scenario,
  ),
  {
    name: "change nothing where one names a container that is not there",
    pods: false,
    async play(scene) {
      await idle(scene);
      await idle(scene, { name: "api" });
      const images = `${line}\ndeployments/api nginx=$(ACR)/web`;
      assertRan(await scene.finish({ images }), "Failed");
      for (const name of ["web", "api"])
        assert.deepEqual(await scene.cluster.images("Deployment", name), { app: before });
    },
  },
  {
    name: "change nothing where one names a workload that is not there",
    pods: false,
    async play(scene) {
      await idle(scene);
      assertRan(await scene.finish({ images: `${line}\nsts/db app=$(ACR)/db` }), "Failed");
      assert.deepEqual(await scene.cluster.images("Deployment", "web"), { app: before });
    },
  },
  {
    name: "find one workload among more than a page of them",
    pods: false,
    async play(scene) {
      const { cluster } = scene;
      const names = Array.from({ length: 520 }, (_, at) => `other-${at}`);
      const options = { image: `${registry}/other:1`, replicas: 0 };
      const others = names.map((name) => cluster.workload("Deployment", { ...options, name }));
      await cluster.create(...others);
      await idle(scene);
      assertRan(await scene.finish({ images: "$(ACR)/web" }), "Succeeded");
      assert.deepEqual(await cluster.images("Deployment", "web"), { app: after });
      assert.deepEqual(await cluster.images("Deployment", "other-0"), { app: options.image });
    },
  },
  {
    name: "change nothing in a dry run of the server",
    pods: false,
    async play(scene) {
      await idle(scene);
      assertRan(await scene.finish({ images: line, dryRun: "server" }), "Succeeded");
      assert.deepEqual(await scene.cluster.images("Deployment", "web"), { app: before });
    },
  },
  {
    name: "of two runs for one workload, at the same time",
    pods: false,
    async play(scene) {
      await idle(scene);
      const steps = ["4125", "4126"].map((id) =>
        scene.start({ images: line }, { variables: { "Build.BuildId": id } }),
      );
      const outcomes = await Promise.all(steps.map(({ outcome }) => outcome));
      const { app } = await scene.cluster.images("Deployment", "web");
      assert.ok([after, `${registry}/web:4126`].includes(app ?? ""), `web has ${app}`);
      const result = `✓ deployment/web  app  ${app}  `;
      const claims = outcomes.filter(({ log }) => log.some((line) => line.startsWith(result)));
      assert.equal(claims.length, 1, outcomes.flatMap(({ log }) => log).join("\n"));
    },
  },
];
