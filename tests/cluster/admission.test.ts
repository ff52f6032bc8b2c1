/** What a real API server refuses, in its own words. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { RealCluster } from "../support/cluster/real";
import { assertRan, lastTable } from "../support/stage";
import { after, before, idle, line, web } from "./scenarios/workloads";
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

  test("by a policy, which its pods do not meet", async () => {
    const scene = await stage("refused-by-policy");
    const { cluster } = scene;
    await web(scene);
    await cluster.create(...policy(cluster.namespace, pods));
    await cluster.until("the policy is in force", async () => {
      const dry = ["run", "probe", "--image=x:4125", "--dry-run=server"];
      return cluster.kubectl(...dry).then(
        () => false,
        () => true,
      );
    });
    const outcome = await scene.finish({ images: line, failAfter: "denied=1" });
    assertRan(outcome, "Failed");
    assert.match(
      outcome.errors[0] ?? "",
      /its pods cannot be created: .*ValidatingAdmissionPolicy .* denied request: no image of build/,
    );
    assert.deepEqual(await cluster.images("Deployment", "web"), { app: before });
    await cluster.kubectl("delete", "validatingadmissionpolicybinding", "deny-4125");
    await cluster.kubectl("delete", "validatingadmissionpolicy", "deny-4125");
    await cluster.close();
  });

  test("by nobody yet, and the API server warns of it", async () => {
    const scene = await stage("warned");
    const { cluster } = scene;
    await idle(scene);
    const standard = "pod-security.kubernetes.io/warn=restricted";
    await cluster.kubectl("label", "namespace", cluster.namespace, standard);
    const outcome = await scene.finish({ images: line });
    assert.match(
      outcome.warnings.join("\n"),
      /The API server warns: would violate PodSecurity "restricted:latest"/,
    );
    assert.deepEqual(await cluster.images("Deployment", "web"), { app: after });
    await cluster.close();
  });

  test("by a policy, which does not let the image be set", async () => {
    const scene = await stage("refused-change");
    const { cluster } = scene;
    await idle(scene);
    await cluster.create(...policy(cluster.namespace, deployments));
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

interface Target {
  apiGroups: string[];
  resources: string[];
  /** Where the containers are. */
  containers: string;
}

const deployments: Target = {
  apiGroups: ["apps"],
  resources: ["deployments"],
  containers: "object.spec.template.spec.containers",
};
const pods: Target = { apiGroups: [""], resources: ["pods"], containers: "object.spec.containers" };

/** Lets nothing of the kind have an image of the build 4125. */
function policy(namespace: string, { apiGroups, resources, containers }: Target) {
  const apiVersion = "admissionregistration.k8s.io/v1";
  const metadata = { name: "deny-4125" };
  const operations = ["CREATE", "UPDATE"];
  const rule = { apiGroups, apiVersions: ["v1"], operations, resources };
  const expression = `${containers}.all(each, !each.image.endsWith(':4125'))`;
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
