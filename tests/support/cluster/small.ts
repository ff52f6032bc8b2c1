import { ApiServer, type Behaviour } from "../api-server";
import { Cluster } from ".";

/** How long, in milliseconds, a step of a kubelet takes: as long as in the real control plane. */
const pace = 50;

/** What becomes of the images that have these words in their path or tag, as in the real one. */
const behaviours: [word: string, behaviour: Behaviour][] = [
  ["missing", { kind: "image-not-found" }],
  ["denied", { kind: "access-denied" }],
  ["limited", { kind: "rate-limited" }],
  ["config", { kind: "config-error" }],
  ["crash", { kind: "crash-loop", after: pace, log: "connecting\nno database\n" }],
  ["oom", { kind: "oom-killed", after: pace }],
  ["liveness", { kind: "liveness-failing", after: 10 * pace }],
  ["startup", { kind: "startup-failing", after: 10 * pace }],
  ["hook", { kind: "hook-fails", after: pace }],
  ["unready", { kind: "never-ready" }],
  ["unschedulable", { kind: "unschedulable" }],
  ["evicted", { kind: "exceeds-limit" }],
  ["stays", { kind: "stays" }],
  ["slow", { kind: "runs", after: 40 * pace }],
];

/** The small API server of the tests, new for each scenario. */
export class SmallCluster extends Cluster {
  private constructor(
    private readonly server: ApiServer,
    namespace: string,
  ) {
    super(namespace, JSON.parse(server.kubeconfig()));
  }

  static async start(namespace: string): Promise<SmallCluster> {
    const server = await ApiServer.start({ pace });
    for (const [word, behaviour] of [...behaviours].reverse())
      server.images.behave(new RegExp(`/.*${word}`), behaviour);
    const cluster = new SmallCluster(server, namespace);
    await cluster.anotherNamespace(namespace);
    return cluster;
  }

  async anotherNamespace(name: string): Promise<string> {
    this.server.create({ apiVersion: "v1", kind: "Namespace", metadata: { name } });
    return name;
  }

  /** It impersonates the account: over plain HTTP kubectl sends no token. */
  async userOf(account: string): Promise<string> {
    return this.kubeconfig({ as: `system:serviceaccount:${this.namespace}:${account}` });
  }

  /** Nothing makes tokens there: the account is the one that the Secret names. */
  async userOfSecret(secret: string): Promise<string> {
    const { metadata } = await this.get("secret", secret);
    return this.userOf(metadata.annotations?.["kubernetes.io/service-account.name"] ?? "");
  }

  async rewriteImages(rewrite: (image: string) => string): Promise<void> {
    this.server.rewriteImages(rewrite);
  }

  /** A registry has this digest for the image from now on. */
  names(image: string, digest: string): void {
    this.server.images.names(image, digest);
  }

  async quota(pods: number): Promise<void> {
    const message = `exceeded quota: pods, requested: pods=1, used: pods=${pods}, limited: pods=${pods}`;
    this.server.images.behave(/./, { kind: "over-quota", message });
  }

  override async close(): Promise<void> {
    await this.server.stop();
    await super.close();
  }
}
