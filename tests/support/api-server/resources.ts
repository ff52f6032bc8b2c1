/** The kinds served, in discovery's terms. */
export interface Resource {
  group: string;
  version: string;
  kind: string;
  plural: string;
  singular: string;
  shortNames: string[];
  namespaced: boolean;
  subresources: string[];
  /** Whether metadata.generation counts the changes of its spec. */
  generation: boolean;
}

function resource(
  apiVersion: string,
  kind: string,
  plural: string,
  options: Partial<Pick<Resource, "shortNames" | "namespaced" | "subresources">> = {},
): Resource {
  const [version = "", group = ""] = apiVersion.split("/").reverse();
  const { shortNames = [], namespaced = true, subresources = [] } = options;
  const generation = subresources.includes("status") && group !== "";
  const singular = kind.toLowerCase();
  return {
    group,
    version,
    kind,
    plural,
    singular,
    shortNames,
    namespaced,
    subresources,
    generation: generation || kind === "ReplicationController",
  };
}

const status = ["status"];
const scalable = ["status", "scale"];

export const resources: readonly Resource[] = [
  resource("v1", "Namespace", "namespaces", { shortNames: ["ns"], namespaced: false }),
  resource("v1", "Node", "nodes", { shortNames: ["no"], namespaced: false, subresources: status }),
  resource("v1", "Pod", "pods", { shortNames: ["po"], subresources: ["status", "log"] }),
  resource("v1", "ReplicationController", "replicationcontrollers", {
    shortNames: ["rc"],
    subresources: scalable,
  }),
  resource("v1", "Service", "services", { shortNames: ["svc"], subresources: status }),
  resource("v1", "ServiceAccount", "serviceaccounts", { shortNames: ["sa"] }),
  resource("v1", "ConfigMap", "configmaps", { shortNames: ["cm"] }),
  resource("v1", "Secret", "secrets"),
  resource("v1", "Event", "events", { shortNames: ["ev"] }),
  resource("apps/v1", "Deployment", "deployments", {
    shortNames: ["deploy"],
    subresources: scalable,
  }),
  resource("apps/v1", "ReplicaSet", "replicasets", { shortNames: ["rs"], subresources: scalable }),
  resource("apps/v1", "StatefulSet", "statefulsets", {
    shortNames: ["sts"],
    subresources: scalable,
  }),
  resource("apps/v1", "DaemonSet", "daemonsets", { shortNames: ["ds"], subresources: status }),
  resource("apps/v1", "ControllerRevision", "controllerrevisions"),
  resource("batch/v1", "CronJob", "cronjobs", { shortNames: ["cj"], subresources: status }),
  resource("batch/v1", "Job", "jobs", { subresources: status }),
  resource("rbac.authorization.k8s.io/v1", "Role", "roles"),
  resource("rbac.authorization.k8s.io/v1", "RoleBinding", "rolebindings"),
];

export function groupVersion(of: Pick<Resource, "group" | "version">): string {
  return of.group === "" ? of.version : `${of.group}/${of.version}`;
}

/** `deployments.apps`, as the server's messages name a resource. */
export function qualified(name: string, group: string): string {
  return group === "" ? name : `${name}.${group}`;
}

/** Finds a resource by any name kubectl would take: kind, plural, singular or short name. */
export function resourceNamed(name: string): Resource {
  const wanted = name.toLowerCase();
  const found = resources.find((each) =>
    [each.plural, each.singular, ...each.shortNames].includes(wanted),
  );
  if (found === undefined) throw new Error(`no resource is named ${name}`);
  return found;
}

export function resourceOf(object: { apiVersion: string; kind: string }): Resource | undefined {
  return resources.find(
    (each) => each.kind === object.kind && groupVersion(each) === object.apiVersion,
  );
}
