import type { KubeObject } from "./objects";

/** The answer, made so many bytes longer by annotations of its objects. */
export function padded(body: unknown, bytes: number): unknown {
  const { items } = body as { items?: KubeObject[] };
  const objects = items ?? [body as KubeObject];
  const padding = "x".repeat(Math.ceil(bytes / objects.length));
  const longer = objects.map((object) => {
    const annotations = { ...object.metadata.annotations, padding };
    return { ...object, metadata: { ...object.metadata, annotations } };
  });
  return items === undefined ? longer[0] : { ...(body as object), items: longer };
}
