import { Api, type PatchType, type Target } from "./api";
import { Clock } from "./clock";
import { Controllers } from "./controllers";
import { Pods } from "./controllers/pods";
import { Events } from "./events";
import { Faults, type WatchEnd } from "./faults";
import { HttpServer, type RecordedRequest } from "./http";
import { Images } from "./images";
import type { Draft, Json, KubeObject } from "./objects";
import { resourceNamed, resourceOf } from "./resources";
import { Rights } from "./rights";
import { isSettled } from "./settled";
import { Store } from "./store";
import { Watches } from "./watches";
import {
  type CronJobOptions,
  cronJob,
  type DaemonSetOptions,
  type DeploymentOptions,
  type ReplicasOptions,
  type StatefulSetOptions,
  workload,
} from "./workloads";

export type { Fault, FaultHandle, FaultKind, WatchEnd } from "./faults";
export type { RecordedRequest } from "./http";
export type { Behaviour, BehaviourKind } from "./images";
export type * from "./objects";
export type * from "./workloads";

export interface ApiServerOptions {
  /** Milliseconds one step of a kubelet takes. */
  pace?: number;
  /** How many changes are kept; a watch from before them is told 410 Gone. */
  history?: number;
  /** The names of the nodes. */
  nodes?: string[];
}

/** How long, in milliseconds, a condition is waited for, and how often it is looked at. */
const patience = 20_000;
const lookEvery = 5;
const namespaces = resourceNamed("namespaces");

/**
 * A small Kubernetes API server in this process, with controllers that roll pods, for real kubectl
 * to talk to. What pods do is decided by their images; what requests meet, by faults.
 */
export class ApiServer {
  readonly requests: RecordedRequest[] = [];
  readonly faults = new Faults();
  readonly images: Images;
  private readonly clock = new Clock();
  private readonly store: Store;
  private readonly api: Api;
  private readonly controllers: Controllers;
  private readonly pods: Pods;
  private readonly watches: Watches;
  private readonly http: HttpServer;
  private port = 0;

  private constructor({
    pace = 20,
    history = 10_000,
    nodes = ["node-1", "node-2"],
  }: ApiServerOptions) {
    const { clock, faults, requests } = this;
    const store = new Store(history);
    const events = new Events(store);
    this.store = store;
    this.api = new Api(store);
    this.images = new Images(clock, () => this.pods.wakeAll());
    this.controllers = new Controllers(store, events, this.images, clock);
    this.pods = new Pods(store, events, clock, this.images, pace);
    this.watches = new Watches(store, clock);
    const { api, images, watches } = this;
    const rights = new Rights(store);
    this.http = new HttpServer({ store, api, images, rights, watches, faults, clock, requests });
    for (const name of ["default", "kube-system"]) this.ensureNamespace(name);
    for (const name of nodes) this.node(name, "linux/amd64");
  }

  static async start(options: ApiServerOptions = {}): Promise<ApiServer> {
    const server = new ApiServer(options);
    server.port = await server.http.listen();
    return server;
  }

  /** Cuts every open connection, that of a watch too. */
  disconnect(): void {
    this.http.disconnect();
  }

  /** Ends everything: connections, open watches, controllers and timers. */
  async stop(): Promise<void> {
    this.controllers.stop();
    this.pods.stop();
    this.clock.stop();
    await this.http.close();
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** The text of a kubeconfig whose current context is this server. */
  kubeconfig({ namespace = "default", token = "hush-of-the-small-server" } = {}): string {
    const context = { cluster: "local", user: "release", namespace };
    const config = {
      apiVersion: "v1",
      kind: "Config",
      clusters: [{ name: "local", cluster: { server: this.url } }],
      users: [{ name: "release", user: { token } }],
      contexts: [{ name: "local", context }],
      "current-context": "local",
    };
    return `${JSON.stringify(config, null, 2)}\n`;
  }

  /** Creates an object as a client would; its namespace is made when there is none. */
  create(object: Draft): KubeObject {
    const resource = resourceOf(object);
    if (resource === undefined)
      throw new Error(`no ${object.kind} in ${object.apiVersion} is served`);
    if (!resource.namespaced) return this.api.create(resource, object, { dryRun: false });
    const { namespace = "default" } = object.metadata;
    this.ensureNamespace(namespace);
    const metadata = { ...object.metadata, namespace };
    return this.api.create(resource, { ...object, metadata }, { dryRun: false });
  }

  /** A node of a platform such as `linux/arm64`. */
  node(name: string, platform: string): KubeObject {
    const [operatingSystem, architecture] = platform.split("/");
    const status = { nodeInfo: { operatingSystem, architecture } };
    return this.create({ apiVersion: "v1", kind: "Node", metadata: { name }, status });
  }

  get(kind: string, name: string, namespace = "default"): KubeObject {
    return structuredClone(this.store.get(resourceNamed(kind), namespace, name));
  }

  list(kind: string, namespace?: string): KubeObject[] {
    return structuredClone(this.store.sorted(resourceNamed(kind), namespace));
  }

  /** Deletes an object; a pod ends first, unless graceSeconds is 0. */
  delete(kind: string, name: string, namespace = "default", graceSeconds?: number): void {
    const grace = graceSeconds === undefined ? {} : { graceSeconds };
    this.api.delete(target(kind, name, namespace), { dryRun: false, ...grace });
  }

  patch(
    kind: string,
    name: string,
    patch: Json,
    { namespace = "default", type = "strategic" }: { namespace?: string; type?: PatchType } = {},
  ): KubeObject {
    return this.api.patch(target(kind, name, namespace), type, patch, { dryRun: false });
  }

  /** Ends a pod as a node does that is short of memory. */
  evict(name: string, namespace = "default"): void {
    this.pods.evict(this.store.get(resourceNamed("pods"), namespace, name));
  }

  /** Has an admission webhook rewrite every image that a pod template is given from now on. */
  rewriteImages(rewrite: (image: string) => string): void {
    this.api.rewriteImage = rewrite;
  }

  /** A node does not answer any more. */
  loseNode(name: string): void {
    this.pods.lose(name);
  }

  /** Ends the watches that are open, or those of one resource. */
  endWatches(how: WatchEnd, resource?: string): void {
    this.watches.end(how, resource === undefined ? undefined : resourceNamed(resource));
  }

  /** From now on every earlier resource version is too old to watch from. */
  forgetHistory(): void {
    this.store.forget();
  }

  async deployment({ paused = false, ...options }: DeploymentOptions): Promise<KubeObject> {
    const deployment = await this.rolledOut(workload("Deployment", options));
    if (!paused) return deployment;
    const { name, namespace } = deployment.metadata;
    this.patch("deployment", name, { spec: { paused } }, { ...(namespace && { namespace }) });
    await this.settled("deployment", name, namespace);
    return this.get("deployment", name, namespace);
  }

  statefulSet(options: StatefulSetOptions): Promise<KubeObject> {
    return this.rolledOut(workload("StatefulSet", options));
  }

  daemonSet(options: DaemonSetOptions): Promise<KubeObject> {
    return this.rolledOut(workload("DaemonSet", options));
  }

  replicaSet(options: ReplicasOptions): Promise<KubeObject> {
    return this.rolledOut(workload("ReplicaSet", options));
  }

  cronJob(options: CronJobOptions): Promise<KubeObject> {
    return this.rolledOut(cronJob(options));
  }

  /** Resolves once the object is where its spec wants it. */
  settled(kind: string, name: string, namespace = "default"): Promise<void> {
    const resource = resourceNamed(kind);
    const present = () => this.store.get(resource, namespace, name);
    const late = () => `${kind} ${name} has not settled: ${JSON.stringify(present().status)}`;
    return this.until(() => isSettled(present()), late);
  }

  /** Resolves once the condition holds; rejects, saying so, when that takes too long. */
  async until(holds: () => boolean, late = () => `${holds} has not come true`): Promise<void> {
    const deadline = Date.now() + patience;
    while (!holds()) {
      if (Date.now() > deadline) throw new Error(late());
      await new Promise<void>((resolve) => this.clock.after(lookEvery, resolve));
    }
  }

  private async rolledOut(draft: Draft): Promise<KubeObject> {
    const { kind, metadata } = this.create(draft);
    await this.settled(kind, metadata.name, metadata.namespace);
    return this.get(kind, metadata.name, metadata.namespace);
  }

  private ensureNamespace(name: string): void {
    if (this.store.find(namespaces, undefined, name) !== undefined) return;
    this.create({ apiVersion: "v1", kind: "Namespace", metadata: { name } });
  }
}

function target(kind: string, name: string, namespace: string): Target {
  return { resource: resourceNamed(kind), namespace, name };
}
