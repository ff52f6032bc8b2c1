import type { Json, JsonObject, KubeObject } from "./objects";

interface ContainerOf {
  name: string;
  image: string;
}

type Fields = Record<string, Record<string, Record<string, object>>>;

type Entry = JsonObject & { manager: string; fieldsV1: JsonObject };

/** Writes down who set the images of a pod template that were changed, as the real server does. */
export function manage(next: KubeObject, old: KubeObject | undefined, manager: string): void {
  const before = imagesOf(old);
  const changed = [...imagesOf(next)].filter(([key, image]) => before.get(key) !== image);
  if (changed.length === 0) return;
  const keys = changed.map(([key]) => key);
  const earlier = ((old?.metadata.managedFields ?? []) as unknown as Entry[])
    .map((entry) => ({ ...entry, keys: keysOf(entry).filter((key) => !keys.includes(key)) }))
    .filter((entry) => entry.manager !== manager || entry.keys.length > 0);
  const own = earlier.find((entry) => entry.manager === manager);
  const entries = earlier
    .filter((entry) => entry !== own && entry.keys.length > 0)
    .map(({ keys, ...entry }) => ({ ...entry, fieldsV1: fieldsOf(next.kind, keys) }));
  next.metadata.managedFields = [
    ...entries,
    {
      manager,
      operation: "Update",
      apiVersion: next.apiVersion,
      time: new Date().toISOString().replace(/\.\d+/, ""),
      fieldsType: "FieldsV1",
      fieldsV1: fieldsOf(next.kind, [...(own?.keys ?? []), ...keys]),
    },
  ] as unknown as Json;
}

/** Images by `LIST/CONTAINER`. */
function imagesOf(object: KubeObject | undefined): Map<string, string> {
  const images = new Map<string, string>();
  for (const [list, container] of containersOf(object)) {
    images.set(`${list}/${container.name}`, container.image);
  }
  return images;
}

/** The containers of the pod template, with the list that each is in. */
export function* containersOf(object: KubeObject | undefined): Iterable<[string, ContainerOf]> {
  const spec = object?.kind === "CronJob" ? object.spec.jobTemplate?.spec : object?.spec;
  const pod = (object?.kind === "Pod" ? spec : spec?.template?.spec) as
    | Record<string, ContainerOf[]>
    | undefined;
  for (const list of ["containers", "initContainers"]) {
    for (const container of pod?.[list] ?? []) yield [list, container];
  }
}

function fieldsOf(kind: string, keys: string[]): JsonObject {
  const lists: Record<string, JsonObject> = {};
  for (const key of keys) {
    const [list = "", name = ""] = key.split("/");
    const field = { [`k:${JSON.stringify({ name })}`]: { "f:image": {} } };
    lists[`f:${list}`] = { ...lists[`f:${list}`], ...field };
  }
  if (kind === "Pod") return { "f:spec": lists } as JsonObject;
  const template = { "f:template": { "f:spec": lists } };
  const spec = kind === "CronJob" ? { "f:jobTemplate": { "f:spec": template } } : template;
  return { "f:spec": spec } as JsonObject;
}

function keysOf({ fieldsV1 }: Entry): string[] {
  const spec = fieldsV1["f:spec"] as Fields;
  const job = spec["f:jobTemplate"]?.["f:spec"] as Fields | undefined;
  const lists = (job ?? spec)["f:template"]?.["f:spec"] ?? spec;
  return Object.entries(lists).flatMap(([list, fields]) =>
    Object.keys(fields).map((key) => `${list.slice(2)}/${JSON.parse(key.slice(2)).name}`),
  );
}
