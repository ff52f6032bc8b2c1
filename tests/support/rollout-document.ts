import assert from "node:assert/strict";
import Ajv from "ajv/dist/2020";
import type { Outcome } from "./agent";
import { json } from "./repository";

interface Schema {
  properties?: Record<string, Schema>;
  additionalProperties?: boolean | Schema;
  items?: Schema;
}

/** The published schema lets later versions add fields; here a field that it lacks is a mistake. */
function closed(schema: Schema): Schema {
  const { properties, items } = schema;
  return {
    ...schema,
    ...(properties && {
      properties: Object.fromEntries(
        Object.entries(properties).map(([name, each]) => [name, closed(each)]),
      ),
      additionalProperties: false,
    }),
    ...(items && { items: closed(items) }),
  };
}

const isDocument = new Ajv({ allowUnionTypes: true }).compile(
  closed(json("docs/rollout.schema.json")),
);

/** What `docs/rollout.schema.json` has against a document. */
export function objections(document: unknown): string[] {
  if (isDocument(document)) return [];
  return (isDocument.errors ?? []).map(({ instancePath, message = "", params }) =>
    [instancePath, message, JSON.stringify(params)].join(" "),
  );
}

/** The attachment `rollout.json` and the output `result` of a step are what the schema says. */
export function assertDocuments({ attachments, outputs }: Outcome): void {
  const attached = attachments.filter(({ name }) => name === "rollout.json");
  for (const text of [...attached.map(({ content }) => content), outputs.result]) {
    if (text) assert.deepEqual(objections(JSON.parse(text)), [], text);
  }
}
