import { execFileSync } from "node:child_process";
import path from "node:path";
import { Cluster, type Kubeconfig } from ".";
import { Webhook } from "./webhook";

/** Some namespaces of a real cluster: those of one scenario. */
export class RealCluster extends Cluster {
  private readonly namespaces: string[] = [];
  private readonly webhooks: Webhook[] = [];

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

  async userOf(account: string): Promise<string> {
    const token = await this.kubectl("create", "token", account);
    return this.kubeconfig({ token: token.trim() });
  }

  async userOfSecret(secret: string): Promise<string> {
    const field = "jsonpath={.data.token}";
    const read = () => this.kubectl("get", "secret", secret, "-o", field);
    await this.until(`${secret} has a token`, async () => (await read()) !== "");
    return this.kubeconfig({ token: Buffer.from(await read(), "base64").toString() });
  }

  async rewriteImages(rewrite: (image: string) => string): Promise<void> {
    const webhook = await Webhook.start(rewrite);
    this.webhooks.push(webhook);
    await this.create(webhook.configuration(this.namespace));
    const probe = ["create", "deployment", "probe", "--image=probe:1", "--dry-run=server"];
    const image = "jsonpath={.spec.template.spec.containers[0].image}";
    await this.until("the webhook is asked", async () => {
      return (await this.kubectl(...probe, "-o", image)) === rewrite("probe:1");
    });
  }

  async quota(pods: number): Promise<void> {
    await this.kubectl("create", "quota", "pods", `--hard=pods=${pods}`);
    await this.until("the quota counts", async () => {
      const used = await this.kubectl("get", "quota", "pods", "-o", "jsonpath={.status.used.pods}");
      return used === String(pods);
    });
  }

  override async close(): Promise<void> {
    for (const webhook of this.webhooks) {
      await this.kubectl("delete", "mutatingwebhookconfiguration", this.namespace);
      webhook.stop();
    }
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
