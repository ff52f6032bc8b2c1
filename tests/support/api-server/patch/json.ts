import { isDeepStrictEqual } from "node:util";
import type { Json, JsonObject } from "../objects";

export interface Operation {
  op: string;
  path: string;
  from?: string;
  value?: Json;
}

/** JSON patch, RFC 6902. Throws an Error that says which operation failed. */
export function jsonPatch(original: JsonObject, operations: Operation[]): JsonObject {
  const root = { "": structuredClone(original) as Json };
  for (const operation of operations) apply(root, operation);
  return root[""] as JsonObject;
}

function apply(root: JsonObject, { op, path, from = "", value = null }: Operation): void {
  switch (op) {
    case "add":
      add(root, path, value);
      break;
    case "remove":
      remove(root, path);
      break;
    case "replace":
      remove(root, path);
      add(root, path, value);
      break;
    case "move":
      add(root, path, remove(root, from));
      break;
    case "copy":
      add(root, path, structuredClone(read(root, from)));
      break;
    case "test":
      if (isDeepStrictEqual(read(root, path), value)) break;
      throw new Error(`testing value ${path} failed`);
    default:
      throw new Error(`Unexpected kind: ${op}`);
  }
}

function locate(root: JsonObject, path: string): [parent: Json, field: string] {
  const fields = path.split("/").map((field) => field.replaceAll("~1", "/").replaceAll("~0", "~"));
  const last = fields.pop() ?? "";
  let parent: Json | undefined = root;
  for (const field of fields) parent = child(parent, field);
  if (typeof parent !== "object" || parent === null) {
    throw new Error(`operation does not apply: doc is missing path: "${path}": missing value`);
  }
  return [parent, last];
}

function child(parent: Json | undefined, field: string): Json | undefined {
  if (typeof parent !== "object" || parent === null) return undefined;
  return Array.isArray(parent) ? parent[Number(field)] : parent[field];
}

function read(root: JsonObject, path: string): Json {
  const value = child(...locate(root, path));
  if (value !== undefined) return value;
  throw new Error(`operation does not apply: doc is missing key: ${path}: missing value`);
}

function add(root: JsonObject, path: string, value: Json): void {
  const [parent, field] = locate(root, path);
  if (Array.isArray(parent)) parent.splice(field === "-" ? parent.length : Number(field), 0, value);
  else (parent as JsonObject)[field] = value;
}

function remove(root: JsonObject, path: string): Json {
  const value = read(root, path);
  const [parent, field] = locate(root, path);
  if (Array.isArray(parent)) parent.splice(Number(field), 1);
  else delete (parent as JsonObject)[field];
  return value;
}
