import assert from "node:assert/strict";
import { assertLogged, assertRan } from "../../support/stage";
import type { Scenario } from ".";
import { after, before, idle, line, registry, web } from "./workloads";

const helm = (namespace: string) => ({
  labels: { "app.kubernetes.io/managed-by": "Helm" },
  annotations: {
    "meta.helm.sh/release-name": "shop",
    "meta.helm.sh/release-namespace": namespace,
  },
});
const argo = (namespace: string) => ({
  annotations: {
    "argocd.argoproj.io/tracking-id": `shop:apps/Deployment:${namespace}/web`,
  },
});
const flux = (namespace: string) => ({
  labels: {
    "kustomize.toolkit.fluxcd.io/name": "shop",
    "kustomize.toolkit.fluxcd.io/namespace": namespace,
  },
});
const forged = (namespace: string) => ({
  labels: { "app.kubernetes.io/managed-by": "Helm" },
  annotations: {
    "argocd.argoproj.io/tracking-id": `shop:apps/Deployment:${namespace}/api`,
    "meta.helm.sh/release-name": "shop",
  },
});

const known: [name: string, metadata: (namespace: string) => object, said: RegExp | undefined][] = [
  ["Helm", helm, /^deployment\/web is managed by Helm release shop in namespace /],
  ["Argo CD", argo, /^deployment\/web is managed by Argo CD application shop, which sets/],
  ["Flux", flux, /^deployment\/web is managed by Flux Kustomization \S+\/shop, which sets/],
  ["nobody, by labels that are half there or of another object", forged, undefined],
];

export const owners: Scenario[] = [
  ...known.map(
    ([name, metadata, said]) =>
      ({
        name: `is ${name}`,
        pods: false,
        async play(scene) {
          const { cluster } = scene;
          await idle(scene);
          const owned = metadata(cluster.namespace);
          await cluster.patch("deployment", "web", { metadata: owned } as never);
          const outcome = await scene.finish({ images: line });
          const lines = [...outcome.log, ...outcome.warnings].filter((text) =>
            text.includes("is managed by"),
          );
          assert.equal(lines.length > 0, said !== undefined, lines.join("\n"));
          if (said !== undefined) assert.match(lines.join("\n"), new RegExp(said, "m"));
          assert.deepEqual(await cluster.images("Deployment", "web"), { app: after });
        },
      }) satisfies Scenario,
  ),
  {
    name: "is a controller that takes it back once its rollout is done",
    pods: true,
    async play(scene) {
      const { cluster } = scene;
      await web(scene);
      await web(scene, { name: "api", image: `${registry}/api:1`, replicas: 1 });
      const change = ["set", "image", "deployments/web", `app=${before}`];
      let taken: Promise<string> | undefined;
      const onLine = (text: string) => {
        if (/deployment\/web {2}2\/2 /.test(text))
          taken ??= cluster.kubectl(...change, "--field-manager=argocd-controller");
      };
      const images = `${line}\ndeployments/api app=$(ACR)/api:unready`;
      const step = scene.start({ images, rolloutStatusTimeout: "60" }, { onLine });
      const outcome = await step.outcome;
      await taken;
      assertRan(outcome, "Failed");
      assert.match(
        outcome.errors.join("\n"),
        /deployment\/web: another deployment \(field manager argocd-controller\) set app/,
      );
      assertLogged(outcome, /deployment\/web/);
      assert.deepEqual(await cluster.images("Deployment", "web"), { app: before });
    },
  },
];
