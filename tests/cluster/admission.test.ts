/** What a real API server refuses, in its own words. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { RealCluster } from "../support/cluster/real";
import { assertRan, lastTable } from "../support/stage";
import { before, idle, line, web } from "./scenarios/workloads";
import { Scene } from "./scene";
import { brought, useSuite } from "./suite";

const skip = brought ? "it needs a control plane of its own" : false;

describe("a rollout that is refused", { skip }, () => {
  const suite = useSuite();
  const stage = async (namespace: string) => {
    const cluster = await RealCluster.start(suite.kubeconfig, namespace);
    return new Scene(cluster, suite.taskFolder);
  };

  test("by a pod security standard, which its pods do not meet", async () => {
    const scene = await stage("refused-pods");
    const { cluster } = scene;
    await web(scene);
    const standard = "pod-security.kubernetes.io/enforce=restricted";
    await cluster.kubectl("label", "namespace", cluster.namespace, standard);
    const outcome = await scene.finish({ images: line, failAfter: "denied=1" });
    assertRan(outcome, "Failed");
    assert.match(
      outcome.errors[0] ?? "",
      /^deployment\/web: its pods cannot be created: pods "web-\S+" is forbidden: violates PodSecurity "restricted:latest"/,
    );
    assert.deepEqual(lastTable(outcome), [`deployment/web app ${before}`]);
    await cluster.close();
  });

  test("by a policy, which does not let the image be set", async () => {
    const scene = await stage("refused-change");
    const { cluster } = scene;
    await idle(scene);
    await cluster.create(...policy(cluster.namespace));
    await cluster.until("the policy is in force", async () => {
      const dry = ["set", "image", "deployments/web", "app=x:4125", "--dry-run=server"];
      return cluster.kubectl(...dry).then(
        () => false,
        () => true,
      );
    });
    const outcome = await scene.finish({ images: line });
    assertRan(outcome, "Failed");
    assert.match(
      outcome.message,
      /^deployment\/web cannot be updated: .*; every workload has its previous images$/,
    );
    assert.match(outcome.errors[0] ?? "", /denied request: no image of build 4125/);
    assert.deepEqual(await cluster.images("Deployment", "web"), { app: before });
    await cluster.kubectl("delete", "validatingadmissionpolicybinding", "deny-4125");
    await cluster.close();
  });
});

/** Lets no deployment of the namespace have an image of the build 4125. */
function policy(namespace: string) {
  const apiVersion = "admissionregistration.k8s.io/v1";
  const metadata = { name: "deny-4125" };
  const rule = {
    apiGroups: ["apps"],
    apiVersions: ["v1"],
    operations: ["UPDATE"],
    resources: ["deployments"],
  };
  const expression =
    "object.spec.template.spec.containers.all(each, !each.image.endsWith(':4125'))";
  return [
    {
      apiVersion,
      kind: "ValidatingAdmissionPolicy",
      metadata,
      spec: {
        matchConstraints: { resourceRules: [rule] },
        validations: [{ expression, message: "no image of build 4125" }],
      },
    },
    {
      apiVersion,
      kind: "ValidatingAdmissionPolicyBinding",
      metadata,
      spec: {
        policyName: "deny-4125",
        validationActions: ["Deny"],
        matchResources: {
          namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": namespace } },
        },
      },
    },
  ];
}
