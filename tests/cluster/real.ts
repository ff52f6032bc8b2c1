import { execFileSync } from "node:child_process";
import path from "node:path";
import { Cluster, type Kubeconfig, type Rule } from "./cluster";

/** Some namespaces of a real cluster: those of one scenario. */
export class RealCluster extends Cluster {
  private readonly namespaces: string[] = [];

  /** The cluster of a kubeconfig, given as JSON. */
  static async start(kubeconfig: string, namespace: string): Promise<RealCluster> {
    const cluster = new RealCluster(namespace, JSON.parse(kubeconfig) as Kubeconfig);
    await cluster.anotherNamespace(namespace);
    return cluster;
  }

  async anotherNamespace(name: string): Promise<string> {
    await this.kubectl("create", "namespace", name);
    this.namespaces.push(name);
    await this.until(`${name} has a service account`, async () => {
      const accounts = await this.list("serviceaccounts", name);
      return accounts.some(({ metadata }) => metadata.name === "default");
    });
    return name;
  }

  async userWho(...may: Rule[]): Promise<string> {
    const { namespace } = this;
    const metadata = { name: "release", namespace };
    const rbac = { apiVersion: "rbac.authorization.k8s.io/v1", metadata };
    const rules = may.map(({ group, ...rule }) => ({ apiGroups: [group], ...rule }));
    const roleRef = { apiGroup: "rbac.authorization.k8s.io", kind: "Role", name: "release" };
    const subjects = [{ kind: "ServiceAccount", ...metadata }];
    await this.create(
      { apiVersion: "v1", kind: "ServiceAccount", metadata },
      { ...rbac, kind: "Role", rules },
      { ...rbac, kind: "RoleBinding", roleRef, subjects },
    );
    return this.kubeconfig((await this.kubectl("create", "token", "release")).trim());
  }

  async quota(pods: number): Promise<void> {
    await this.kubectl("create", "quota", "pods", `--hard=pods=${pods}`);
    await this.until("the quota counts", async () => {
      const used = await this.kubectl("get", "quota", "pods", "-o", "jsonpath={.status.used.pods}");
      return used === String(pods);
    });
  }

  override async close(): Promise<void> {
    for (const name of this.namespaces)
      await this.kubectl("delete", "namespace", name, "--wait=false");
    await super.close();
  }
}

/** The kubeconfig of a file as JSON with all that it refers to, for its current context. */
export function kubeconfigOf(file: string): string {
  const args = ["config", "view", "--raw", "--minify", "--flatten", "-o", "json"];
  const env = { ...process.env, KUBECONFIG: path.resolve(file) };
  return execFileSync("kubectl", args, { env, encoding: "utf8" });
}
