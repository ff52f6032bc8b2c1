/** Pods whose nodes ask a registry whether it has their images. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { after, describe, test } from "node:test";
import { RealCluster } from "../support/cluster/real";
import { assertRan } from "../support/stage";
import { web } from "./scenarios/workloads";
import { Scene } from "./scene";
import { brought, useSuite } from "./suite";

const skip = brought ? "it needs the stand-in nodes" : false;

describe("an image of a registry that is asked", { skip }, () => {
  const registry = createServer(({ method, url }, answer) => {
    const there = method === "HEAD" && /^\/v2\/shop\/web\/manifests\/412[45]$/.test(url ?? "");
    answer.writeHead(there ? 200 : 404).end();
  });
  const host = () => `127.0.0.1:${(registry.address() as AddressInfo).port}`;
  const suite = useSuite(async () => {
    await once(registry.listen(0, "127.0.0.1"), "listening");
    return ["--registry", host()];
  });
  after(() => registry.close());

  for (const [build, result, cause] of [
    ["4125", "Succeeded", ""],
    ["4126", "Failed", "shop/web:4126: not found"],
  ] as const) {
    test(`with the tag ${build}`, { timeout: 120_000 }, async () => {
      const cluster = await RealCluster.start(suite.kubeconfig, `registry-${build}`);
      const scene = new Scene(cluster, suite.taskFolder);
      await web(scene, { image: `${host()}/shop/web:4124` });
      const images = `deployments/web app=${host()}/shop/web`;
      const outcome = await scene.finish({ images }, { variables: { "Build.BuildId": build } });
      assertRan(outcome, result);
      assert.ok(outcome.errors.join("\n").includes(cause), outcome.errors.join("\n"));
      await cluster.close();
    });
  }
});
