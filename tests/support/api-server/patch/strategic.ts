import type { Json, JsonObject } from "../objects";

/** The key that tells the items of a list apart, by the list's field name. */
const mergeKeys: Record<string, string> = {
  conditions: "type",
  containers: "name",
  env: "name",
  ephemeralContainers: "name",
  hostAliases: "ip",
  imagePullSecrets: "name",
  initContainers: "name",
  ownerReferences: "uid",
  ports: "containerPort",
  secrets: "name",
  topologySpreadConstraints: "topologyKey",
  volumeDevices: "devicePath",
  volumeMounts: "mountPath",
  volumes: "name",
};
const mergedPrimitives = new Set(["finalizers"]);

const orderOf = "$setElementOrder/";
const deleteFrom = "$deleteFromPrimitiveList/";

/** Applies a strategic merge patch to an object of a kind. */
export function strategicMerge(original: JsonObject, patch: JsonObject, kind: string): JsonObject {
  const keys = kind === "Service" ? { ...mergeKeys, ports: "port" } : mergeKeys;
  return mergeObject(original, patch, keys);
}

function mergeObject(
  original: JsonObject,
  patch: JsonObject,
  keys: Record<string, string>,
): JsonObject {
  const { $patch: directive, $retainKeys: retained, ...changes } = patch;
  if (directive === "delete") return {};
  const result = directive === "replace" ? {} : retain(original, retained);
  for (const [field, value] of Object.entries(changes)) {
    if (field.startsWith(orderOf)) continue;
    if (field.startsWith(deleteFrom)) {
      const list = field.slice(deleteFrom.length);
      const gone = asList(value);
      result[list] = asList(result[list]).filter((item) => !gone.includes(item));
    } else if (value === null) delete result[field];
    else result[field] = mergeValue(result[field], value, field, keys);
  }
  for (const [field, order] of Object.entries(changes)) {
    if (!field.startsWith(orderOf)) continue;
    const list = field.slice(orderOf.length);
    if (!Array.isArray(result[list])) continue;
    result[list] = ordered(result[list], asList(order), asList(original[list]), keys[list]);
  }
  return result;
}

function mergeValue(
  present: Json | undefined,
  change: Json,
  field: string,
  keys: Record<string, string>,
): Json {
  if (isObject(change)) return mergeObject(isObject(present) ? present : {}, change, keys);
  if (!Array.isArray(change)) return change;
  const key = keys[field];
  if (key !== undefined) return mergeList(asList(present), change, key, keys);
  if (mergedPrimitives.has(field)) return [...new Set([...asList(present), ...change])];
  return change;
}

function mergeList(
  present: Json[],
  change: Json[],
  key: string,
  keys: Record<string, string>,
): Json[] {
  const replaced = change.some(
    (item) => isObject(item) && item.$patch === "replace" && !(key in item),
  );
  let result = replaced ? [] : [...present];
  for (const item of change) {
    if (!isObject(item) || !(key in item)) continue;
    const same = (other: Json) => isObject(other) && other[key] === item[key];
    const index = result.findIndex(same);
    if (item.$patch === "delete") result = result.filter((other) => !same(other));
    else if (index === -1) result.push(mergeObject({}, item, keys));
    else result[index] = mergeObject(result[index] as JsonObject, item, keys);
  }
  return result;
}

/** Items the patch orders come in its order; the others keep their place among them. */
function ordered(items: Json[], order: Json[], before: Json[], key: string | undefined): Json[] {
  const identity = (item: Json) => (key !== undefined && isObject(item) ? item[key] : item);
  const place = (list: Json[], item: Json) =>
    list.findIndex((other) => identity(other) === identity(item));
  const named = items
    .filter((item) => place(order, item) !== -1)
    .sort((left, right) => place(order, left) - place(order, right));
  const unnamed = items.filter((item) => place(order, item) === -1);
  const result: Json[] = [];
  for (const item of named) {
    while (unnamed[0] !== undefined && place(before, unnamed[0]) < place(before, item)) {
      result.push(unnamed.shift() as Json);
    }
    result.push(item);
  }
  return [...result, ...unnamed];
}

function retain(original: JsonObject, retained: Json | undefined): JsonObject {
  if (!Array.isArray(retained)) return { ...original };
  return Object.fromEntries(Object.entries(original).filter(([field]) => retained.includes(field)));
}

function asList(value: Json | undefined): Json[] {
  return Array.isArray(value) ? value : [];
}

function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
