import assert from "node:assert/strict";
import { assertRan } from "../../support/stage";
import type { Scenario } from ".";
import { after, before, idle, line, registry } from "./workloads";

export const undo: Scenario[] = [
  {
    name: "is a change cause that kubectl shows",
    pods: false,
    async play(scene) {
      await idle(scene);
      assertRan(await scene.finish({ images: line }), "Succeeded");
      const history = await scene.cluster.kubectl("rollout", "history", "deployments/web");
      const cause = `kubectl set image app=${after} (release Release-7, stage Production, build 4125)`;
      assert.ok(history.includes(cause), history);
    },
  },
  {
    name: "is undone by a later step, once",
    pods: false,
    async play(scene) {
      await idle(scene);
      assertRan(await scene.finish({ images: line }), "Succeeded");
      const step = { command: "undo", images: "deployments/web" };
      assertRan(await scene.finish(step), "Succeeded");
      assert.deepEqual(await scene.cluster.images("Deployment", "web"), { app: before });
      assertRan(await scene.finish(step), "Failed");
    },
  },
  {
    name: "is found without a line",
    pods: false,
    async play(scene) {
      await idle(scene);
      await idle(scene, { name: "api" });
      assertRan(await scene.finish({ images: line }), "Succeeded");
      assertRan(await scene.finish({ command: "undo" }), "Succeeded");
      assert.deepEqual(await scene.cluster.images("Deployment", "web"), { app: before });
      assertRan(await scene.finish({ command: "undo" }), "SucceededWithIssues");
    },
  },
  {
    name: "stays once somebody else has set another image",
    pods: false,
    async play(scene) {
      await idle(scene);
      assertRan(await scene.finish({ images: line }), "Succeeded");
      const theirs = `${registry}/web:hotfix`;
      await scene.cluster.kubectl("set", "image", "deployments/web", `app=${theirs}`);
      assertRan(await scene.finish({ command: "undo", images: "deployments/web" }), "Failed");
      assert.deepEqual(await scene.cluster.images("Deployment", "web"), { app: theirs });
    },
  },
];
