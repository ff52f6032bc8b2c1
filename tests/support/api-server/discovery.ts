import { openapiV2, openapiV2Type, openapiV3, pathOf } from "./openapi";
import { groupVersion, type Resource, resources } from "./resources";

const aggregated = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList";

export const version = {
  major: "1",
  minor: "33",
  gitVersion: "v1.33.4",
  gitCommit: "74cdb4273c7b5e3e2a4f7e5f0c5a1d3b9c2e6f80",
  gitTreeState: "clean",
  buildDate: "2025-08-12T09:00:00Z",
  goVersion: "go1.24.5",
  compiler: "gc",
  platform: "linux/amd64",
};

const objectVerbs = [
  "create",
  "delete",
  "deletecollection",
  "get",
  "list",
  "patch",
  "update",
  "watch",
];
const groups = [...new Set(resources.map((each) => each.group))].filter(Boolean);

export interface Document {
  contentType: string;
  body: unknown;
}

/** The answer to a path that tells what the server serves; nothing for any other path. */
export function discover(path: string, accept: string): Document | undefined {
  const wantsAggregated = accept.includes("as=APIGroupDiscoveryList") && accept.includes("v=v2;");
  if (wantsAggregated && (path === "/api" || path === "/apis")) {
    const wanted = path === "/api" ? [""] : groups;
    const items = wanted.map(aggregatedGroup);
    const head = { kind: "APIGroupDiscoveryList", apiVersion: "apidiscovery.k8s.io/v2" };
    return { contentType: aggregated, body: { ...head, metadata: {}, items } };
  }
  if (path === "/openapi/v2") return { contentType: openapiV2Type, body: openapiV2() };
  const body = legacy(path);
  return body === undefined ? undefined : { contentType: "application/json", body };
}

function legacy(path: string): unknown {
  if (path === "/version") return version;
  if (path === "/api") return { kind: "APIVersions", versions: ["v1"] };
  if (path === "/apis") {
    return { kind: "APIGroupList", apiVersion: "v1", groups: groups.map(apiGroup) };
  }
  const served = resources.filter((each) => pathOf(each) === path);
  if (served.length > 0) return resourceList(served);
  return openapiV3(path);
}

function apiGroup(name: string) {
  const preferredVersion = { groupVersion: `${name}/v1`, version: "v1" };
  return { name, versions: [preferredVersion], preferredVersion };
}

function resourceList(served: Resource[]) {
  const entries = served.flatMap((each) => {
    const { plural, singular, namespaced, kind, shortNames, subresources } = each;
    const main = { name: plural, singularName: singular, namespaced, kind, verbs: objectVerbs };
    const under = subresources.map((subresource) => ({
      name: `${plural}/${subresource}`,
      singularName: "",
      namespaced,
      kind,
      verbs: ["get", "patch", "update"],
    }));
    return [{ ...main, shortNames, categories: ["all"] }, ...under];
  });
  const [first] = served;
  const list = { kind: "APIResourceList", apiVersion: "v1" };
  return { ...list, groupVersion: first && groupVersion(first), resources: entries };
}

function aggregatedGroup(group: string) {
  const served = resources.filter((each) => each.group === group);
  const entries = served.map((each) => {
    const { plural, singular, namespaced, kind, shortNames, subresources, version } = each;
    const responseKind = { group, version, kind };
    return {
      resource: plural,
      responseKind,
      scope: namespaced ? "Namespaced" : "Cluster",
      singularResource: singular,
      verbs: objectVerbs,
      shortNames,
      categories: ["all"],
      subresources: subresources.map((subresource) => ({
        subresource,
        responseKind,
        verbs: ["get", "patch", "update"],
      })),
    };
  });
  const versions = [{ version: "v1", resources: entries, freshness: "Current" }];
  return { metadata: { name: group, creationTimestamp: null }, versions };
}
