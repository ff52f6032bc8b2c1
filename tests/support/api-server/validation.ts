import { isDeepStrictEqual } from "node:util";
import { templateOf } from "./defaulting";
import type { KubeObject, PodSpec } from "./objects";
import type { Resource } from "./resources";
import { selectorOf } from "./selectors";
import { invalid, type StatusCause } from "./status";

/** Refuses, with 422, the mistakes a deployment tool can make. */
export function validate(resource: Resource, object: KubeObject, old?: KubeObject): void {
  const causes: StatusCause[] = [];
  if (!/^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/.test(object.metadata.name)) {
    causes.push(invalidValue("metadata.name", object.metadata.name, lowercaseName));
  }
  const template = templateOf(object);
  if (template !== undefined) {
    const path = object.kind === "CronJob" ? "spec.jobTemplate.spec.template" : "spec.template";
    causes.push(...podCauses(template.spec ?? {}, `${path}.spec`));
    if (object.kind !== "CronJob") {
      const { labels = {} } = template.metadata;
      if (object.spec.selector === undefined) causes.push(required("spec.selector"));
      else if (!selectorOf(object.spec.selector)(labels)) {
        const reason = "`selector` does not match template `labels`";
        causes.push(invalidValue("spec.template.metadata.labels", labels, reason));
      }
    }
  }
  if (object.kind === "Pod") causes.push(...podCauses(object.spec, "spec"));
  if (old !== undefined) causes.push(...immutableCauses(object, old));
  if (causes.length > 0) throw invalid(resource, object.metadata.name, causes);
}

const lowercaseName =
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character";

function podCauses(spec: Partial<PodSpec>, path: string): StatusCause[] {
  const causes: StatusCause[] = [];
  if (!spec.containers?.length) causes.push(required(`${path}.containers`));
  const names = new Set<string>();
  for (const list of ["initContainers", "containers"] as const) {
    for (const [index, { name, image }] of (spec[list] ?? []).entries()) {
      const at = `${path}.${list}[${index}]`;
      if (!name) causes.push(required(`${at}.name`));
      else if (names.has(name)) causes.push(duplicate(`${at}.name`, name));
      names.add(name);
      if (!image) causes.push(required(`${at}.image`));
      else if (image !== image.trim()) {
        causes.push(
          invalidValue(`${at}.image`, image, "must not have leading or trailing whitespace"),
        );
      }
    }
  }
  return causes;
}

function immutableCauses(object: KubeObject, old: KubeObject): StatusCause[] {
  const selects = ["Deployment", "ReplicaSet", "DaemonSet"].includes(object.kind);
  if (selects && !isDeepStrictEqual(object.spec.selector, old.spec.selector)) {
    return [invalidValue("spec.selector", object.spec.selector, "field is immutable")];
  }
  if (object.kind === "Pod" && !isDeepStrictEqual(withoutImages(object), withoutImages(old))) {
    const allowed = "`spec.containers[*].image`,`spec.initContainers[*].image`";
    const message = `Forbidden: pod updates may not change fields other than ${allowed}`;
    return [{ reason: "FieldValueForbidden", message, field: "spec" }];
  }
  return [];
}

function withoutImages({ spec }: KubeObject): object {
  const strip = (containers: PodSpec["containers"] = []) =>
    containers.map((container) => ({ ...container, image: "" }));
  return {
    ...spec,
    containers: strip(spec.containers),
    initContainers: strip(spec.initContainers),
  };
}

function required(field: string): StatusCause {
  return { reason: "FieldValueRequired", message: "Required value", field };
}

function duplicate(field: string, value: string): StatusCause {
  return { reason: "FieldValueDuplicate", message: `Duplicate value: "${value}"`, field };
}

function invalidValue(field: string, value: unknown, why: string): StatusCause {
  const message = `Invalid value: ${JSON.stringify(value)}: ${why}`;
  return { reason: "FieldValueInvalid", message, field };
}
