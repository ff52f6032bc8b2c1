/** What runs is what was pushed: the digests of a real registry, and the nodes that pull from it. */
import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import type { Cluster } from "../support/cluster";
import { RealCluster } from "../support/cluster/real";
import { SmallCluster } from "../support/cluster/small";
import { Registry, registryMissing } from "../support/registry";
import { assertLogged, assertRan } from "../support/stage";
import { web } from "./scenarios/workloads";
import { Scene } from "./scene";
import { brought, useSuite } from "./suite";

const skip = brought ? "it needs the stand-in nodes" : (registryMissing ?? false);

/** A scene whose images a registry has, in a repository of its own. */
interface Shop {
  scene: Scene;
  image(tag: string): string;
  /** Pushes content under a tag. */
  push(tag: string, content: string): Promise<string>;
}

/** The release of build 4125, after 4124; every node has something else under its tag. */
async function copiedBefore({ scene, image, push }: Shop): Promise<string> {
  const { cluster } = scene;
  await push("4124", "earlier");
  await push("4125", "first");
  await cluster.rolledOut(
    cluster.workload("DaemonSet", { name: "agent", image: image("4125") }),
    cluster.workload("Deployment", { name: "web", image: image("4124"), replicas: 2 }),
  );
  return push("4125", "second");
}

const inputs = (shop: Shop) => ({ images: `deployments/web app=${shop.image("4125")}` });
const scenarios: [name: string, play: (shop: Shop) => Promise<void>][] = [
  [
    "verified",
    async (shop) => {
      const { scene, image, push } = shop;
      await push("4124", "earlier");
      const digest = await push("4125", "this");
      await web(scene, { image: image("4124") });
      const outcome = await scene.finish({ ...inputs(shop), verifyImage: "required" });
      assertRan(outcome, "Succeeded");
      assertLogged(outcome, new RegExp(`2/2 ready, running ${digest.slice(0, 19)} \\(verified\\)`));
    },
  ],
  [
    "different, since the nodes have a copy of the tag",
    async (shop) => {
      const { scene, image } = shop;
      const digest = await copiedBefore(shop);
      const required = await scene.finish({ ...inputs(shop), verifyImage: "required" });
      assertRan(required, "Failed");
      assert.match(required.errors[0] ?? "", /runs sha256:\S+, but the registry has sha256:/);
      assert.deepEqual(await scene.cluster.images("Deployment", "web"), { app: image("4124") });
      const warned = await scene.finish({ ...inputs(shop), verifyImage: "auto" });
      assertRan(warned, "SucceededWithIssues");
      assert.match(warned.warnings.join("\n"), /imagePullPolicy is IfNotPresent.*pin: digest/);
      const restart = { ...inputs(shop), verifyImage: "auto", whenUnchanged: "restart" };
      assertRan(await scene.finish(restart), "SucceededWithIssues");
      const pinned = await scene.finish({ ...restart, pin: "digest" });
      assertRan(pinned, "Succeeded");
      assertLogged(pinned, /running sha256:\S+ \(verified\)/);
      const app = `${image("4125")}@${digest}`;
      assert.deepEqual(await scene.cluster.images("Deployment", "web"), { app });
    },
  ],
  [
    "late, since the registry has what a node does not find",
    async (shop) => {
      const { scene, image, push } = shop;
      await push("missing", "this");
      await push("4124", "earlier");
      await web(scene, { image: image("4124") });
      const images = `deployments/web app=${image("missing")}`;
      const timed = { images, verifyImage: "auto", rolloutStatusTimeout: "4" };
      const outcome = await scene.finish(timed);
      assertRan(outcome, "Failed");
      assert.match(outcome.errors[0] ?? "", /^The rollout timed out/);
      assert.match(outcome.log.join("\n"), /Cause .*cannot pull its image/);
    },
  ],
  [
    "not known, where nobody asks the registry",
    async (shop) => {
      await copiedBefore(shop);
      const outcome = await shop.scene.finish({ ...inputs(shop), verifyImage: "off" });
      assertRan(outcome, "Succeeded");
      assertLogged(outcome, /not verified: not checked in the registry/);
    },
  ],
];

describe("what runs is", { skip }, () => {
  let registry: Registry;
  let small: SmallCluster | undefined;
  const suite = useSuite(async () => {
    registry = await Registry.start({ pushed: (image, digest) => small?.names(image, digest) });
    return ["--registry", registry.host];
  });
  after(() => registry.stop());

  for (const [at, [name, play]] of scenarios.entries()) {
    test(name, { timeout: 300_000 }, async () => {
      const repository = `shop-${at}/web`;
      const verdicts = async (cluster: Cluster) => {
        const scene = new Scene(cluster, suite.taskFolder);
        const image = (tag: string) => `${registry.host}/${repository}:${tag}`;
        const push = (tag: string, label: string) => registry.push(repository, tag, { label });
        await play({ scene, image, push });
        await cluster.close();
        return scene.verdicts;
      };
      small = await SmallCluster.start(`proof-${at}`);
      const believed = await verdicts(small);
      small = undefined;
      const real = await verdicts(await RealCluster.start(suite.kubeconfig, `proof-${at}`));
      assert.deepEqual(believed, real);
    });
  }
});
