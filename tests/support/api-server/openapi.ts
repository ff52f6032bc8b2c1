import { groupVersion, type Resource, resources } from "./resources";

/**
 * Just enough OpenAPI for kubectl to see that the server validates fields and runs dry by itself:
 * the patch operation of every kind, with those two query parameters.
 */
export function openapiV3(path: string): unknown {
  if (path === "/openapi/v3") {
    const entries = [...new Set(resources.map(pathOf))].map((served) => [
      served.slice(1),
      { serverRelativeURL: `/openapi/v3${served}` },
    ]);
    return { paths: Object.fromEntries(entries) };
  }
  const described = resources.filter((each) => `/openapi/v3${pathOf(each)}` === path);
  if (described.length === 0) return undefined;
  const parameters = queryParameters.map((name) => ({ name, in: "query" }));
  const paths = described.map((each) => {
    const patch = { "x-kubernetes-group-version-kind": typeOf(each), parameters, responses: {} };
    return [itemPath(each), { patch }];
  });
  const info = { title: "Kubernetes", version: "v1" };
  return { openapi: "3.0.0", info, paths: Object.fromEntries(paths) };
}

export const openapiV2Type = "application/com.github.proto-openapi.spec.v2.v1.0+protobuf";

/** The same as the protobuf message openapi.v2.Document, which kubectl before 1.28 asks for. */
export function openapiV2(): Buffer {
  const parameters = queryParameters.map((name) => {
    const query = Buffer.concat([field(2, "query"), field(4, name)]);
    return field(8, field(1, field(2, field(3, query))));
  });
  const items = resources.map((each) => {
    const type = field(2, field(2, JSON.stringify(typeOf(each))));
    const extension = field(13, Buffer.concat([field(1, "x-kubernetes-group-version-kind"), type]));
    const patch = field(8, Buffer.concat([...parameters, extension]));
    return field(2, Buffer.concat([field(1, itemPath(each)), field(2, patch)]));
  });
  return Buffer.concat([field(1, "2.0"), field(8, Buffer.concat(items))]);
}

const queryParameters = ["dryRun", "fieldValidation"];

export function pathOf(resource: Resource): string {
  return `/${resource.group === "" ? "api" : "apis"}/${groupVersion(resource)}`;
}

function itemPath(resource: Resource): string {
  const scope = resource.namespaced ? "/namespaces/{namespace}" : "";
  return `${pathOf(resource)}${scope}/${resource.plural}/{name}`;
}

function typeOf({ group, version, kind }: Resource) {
  return { group, version, kind };
}

/** A length-delimited protobuf field: a string or a message. */
function field(number: number, value: string | Buffer): Buffer {
  const content = Buffer.from(value);
  return Buffer.concat([varint((number << 3) | 2), varint(content.length), content]);
}

function varint(value: number): Buffer {
  const bytes = [];
  let rest = value;
  for (; rest > 127; rest >>>= 7) bytes.push((rest & 127) | 128);
  return Buffer.from([...bytes, rest]);
}
