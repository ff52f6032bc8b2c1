import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import type { Container, Draft, Json, JsonObject, KubeObject } from "../api-server";
import { isSettled } from "../api-server/settled";
import { workload } from "../api-server/workloads";

/** What a user may do: verbs on resources of a group, on those of these names where it has any. */
export interface Rule {
  group: "" | "apps" | "batch";
  resources: string[];
  verbs: string[];
  names?: string[];
}

/** What a kubeconfig file says, as JSON. */
export interface Kubeconfig {
  "current-context": string;
  clusters: { cluster: { server: string; "certificate-authority-data"?: string } }[];
  contexts: { name: string; context: { namespace?: string; cluster: string; user: string } }[];
  users: { name: string; user: Record<string, string> }[];
}

const patience = 60_000;

/** A cluster, or a part of one, that a scenario has for itself. Kubectl does to it what is done. */
export abstract class Cluster {
  /** The folder of its kubeconfig. */
  readonly home = mkdtempSync(path.join(tmpdir(), "cluster-"));

  protected constructor(
    /** The namespace of the scenario. */
    readonly namespace: string,
    private readonly config: Kubeconfig,
  ) {
    writeFileSync(path.join(this.home, "kubeconfig"), this.kubeconfig());
  }

  /** Makes one more namespace for the scenario. */
  abstract anotherNamespace(name: string): Promise<string>;

  /** The text of a kubeconfig of a service account. */
  abstract userOf(account: string): Promise<string>;

  /** The same by the token that a Secret has for an account. */
  abstract userOfSecret(secret: string): Promise<string>;

  /** Has an admission webhook rewrite every image that a workload is given from now on. */
  abstract rewriteImages(rewrite: (image: string) => string): Promise<void>;

  /** Lets there be so many pods and no more. */
  abstract quota(pods: number): Promise<void>;

  /** Ends all that is the scenario's. */
  async close(): Promise<void> {
    rmSync(this.home, { recursive: true, force: true });
  }

  /** The text of a kubeconfig whose namespace is the scenario's, for who owns it or another. */
  kubeconfig(user?: Record<string, string>): string {
    const config = structuredClone(this.config);
    const current = config.contexts.find(({ name }) => name === config["current-context"]);
    if (current === undefined) throw new Error("the kubeconfig has no current context");
    current.context.namespace = this.namespace;
    if (user !== undefined) {
      config.users = [{ name: "release", user }];
      current.context.user = "release";
    }
    return JSON.stringify(config, null, 2);
  }

  /** A workload of the scenario. */
  workload(kind: string, options: Parameters<typeof workload>[1] & Record<string, unknown>): Draft {
    return workload(kind, { namespace: this.namespace, ...options });
  }

  /** The text of a kubeconfig of a service account named `release` that may do this and no more. */
  async userWho(...may: Rule[]): Promise<string> {
    const { namespace } = this;
    const metadata = { name: "release", namespace };
    const rbac = { apiVersion: "rbac.authorization.k8s.io/v1", metadata };
    const rules = may.map(({ group, resources, verbs, names }) => ({
      apiGroups: [group],
      resources,
      verbs,
      ...(names && { resourceNames: names }),
    }));
    const roleRef = { apiGroup: "rbac.authorization.k8s.io", kind: "Role", name: "release" };
    const subjects = [{ kind: "ServiceAccount", ...metadata }];
    await this.create(
      { apiVersion: "v1", kind: "ServiceAccount", metadata },
      { ...rbac, kind: "Role", rules },
      { ...rbac, kind: "RoleBinding", roleRef, subjects },
    );
    return this.userOf("release");
  }

  /** Applies the objects of a YAML text. */
  async apply(text: string): Promise<void> {
    await this.kubectlReading(text, "apply", "-f", "-");
  }

  async create(...items: (Draft | JsonObject)[]): Promise<void> {
    const list = JSON.stringify({ apiVersion: "v1", kind: "List", items });
    await this.kubectlReading(list, "create", "-f", "-");
  }

  /** Creates workloads and waits until they run. */
  async rolledOut(...objects: Draft[]): Promise<void> {
    await this.create(...objects);
    for (const kind of new Set(objects.map(({ kind }) => kind)))
      await this.allSettled(kind, objects.filter((each) => each.kind === kind).length);
  }

  async get(kind: string, name: string, namespace = this.namespace): Promise<KubeObject> {
    return JSON.parse(await this.kubectl("get", kind, name, "-n", namespace, "-o", "json"));
  }

  async list(kind: string, namespace = this.namespace): Promise<KubeObject[]> {
    return JSON.parse(await this.kubectl("get", kind, "-n", namespace, "-o", "json")).items;
  }

  async patch(kind: string, name: string, patch: Json, ...more: string[]): Promise<void> {
    await this.kubectl("patch", kind, name, "-p", JSON.stringify(patch), ...more);
  }

  /** Sets a condition of a pod, as a controller does that a readiness gate is for. */
  async setCondition(pod: string, type: string, status: string): Promise<void> {
    await this.patch(
      "pod",
      pod,
      { status: { conditions: [{ type, status }] } },
      "--subresource=status",
    );
  }

  /** Says something of a pod, as a controller of another project does. */
  async say(pod: KubeObject, component: string, reason: string, message: string): Promise<void> {
    const { namespace } = this;
    const { name, uid } = pod.metadata;
    await this.create({
      apiVersion: "v1",
      kind: "Event",
      metadata: { name: `${name}.${reason.toLowerCase()}`, namespace },
      involvedObject: { apiVersion: "v1", kind: "Pod", namespace, name, uid },
      source: { component },
      type: "Normal",
      reason,
      message,
    } as JsonObject);
  }

  /** The images of a workload's template, by the names of their containers. */
  async images(
    kind: string,
    name: string,
    namespace = this.namespace,
  ): Promise<Record<string, string>> {
    const { spec } = await this.get(kind, name, namespace);
    const template = spec.jobTemplate?.spec.template ?? spec.template;
    const { containers, initContainers = [] } = template?.spec ?? spec;
    const all: Container[] = [...initContainers, ...containers];
    return Object.fromEntries(all.map((each) => [each.name, each.image]));
  }

  /** Resolves once the object is where its spec wants it. */
  async settled(kind: string, name: string): Promise<void> {
    const settles = async () => isSettled(await this.get(kind, name));
    await this.until(`${kind} ${name} settles`, settles);
  }

  /** Resolves once there are so many of the kind, and each is where its spec wants it. */
  async allSettled(kind: string, atLeast: number): Promise<void> {
    await this.until(`every ${kind} settles`, async () => {
      const all = await this.list(kind);
      return all.length >= atLeast && all.every(isSettled);
    });
  }

  async until(what: string, holds: () => Promise<boolean>): Promise<void> {
    for (const end = Date.now() + patience; !(await holds()); await pause(100)) {
      if (Date.now() > end) throw new Error(`it does not come true that ${what}`);
    }
  }

  /** What kubectl prints. */
  kubectl(...args: string[]): Promise<string> {
    return this.kubectlReading("", ...args);
  }

  private kubectlReading(input: string, ...args: string[]): Promise<string> {
    const KUBECONFIG = path.join(this.home, "kubeconfig");
    const env = { ...process.env, KUBECONFIG, HOME: this.home };
    return new Promise((resolve, reject) => {
      const child = spawn("kubectl", args, { env });
      let [out, err] = ["", ""];
      child.stdout.setEncoding("utf8").on("data", (text) => {
        out += text;
      });
      child.stderr.setEncoding("utf8").on("data", (text) => {
        err += text;
      });
      child.on("error", reject);
      child.on("close", (code) => {
        if (code === 0) resolve(out);
        else reject(new Error(`kubectl ${args.join(" ")} failed: ${err}`));
      });
      child.stdin.end(input);
    });
  }
}
