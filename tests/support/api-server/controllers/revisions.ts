import { isDeepStrictEqual } from "node:util";
import { type ControllerRevision, controllerOf, type KubeObject, ownedBy } from "../objects";
import { resourceNamed } from "../resources";
import type { Context } from ".";
import { templateHash } from "./hash";

const revisions = resourceNamed("controllerrevisions");

export const hashLabel = "controller-revision-hash";

/** The owner's revisions, oldest first; the last one is made or renumbered to hold its template. */
export function syncRevisions({ store }: Context, owner: KubeObject): ControllerRevision[] {
  const { name, namespace = "default" } = owner.metadata;
  const { template } = owner.spec;
  const known = revisionsOf(store.list(revisions, namespace), owner);
  const data = { spec: { template: { ...template, $patch: "replace" } } };
  const same = known.find((each) => isDeepStrictEqual(each.data, data));
  const newest = known[known.length - 1];
  if (same !== undefined && same === newest) return known;

  const revision = (newest?.revision ?? 0) + 1;
  if (same !== undefined) {
    store.modify(revisions, same, "spec", (draft) => {
      (draft as ControllerRevision).revision = revision;
    });
  } else {
    const hash = templateHash(template);
    const labels = { ...template.metadata.labels, "controller.kubernetes.io/hash": hash };
    store.create(revisions, {
      apiVersion: "apps/v1",
      kind: "ControllerRevision",
      metadata: {
        name: `${name}-${hash}`,
        namespace,
        labels,
        annotations: { ...owner.metadata.annotations },
        ownerReferences: ownedBy(owner),
      },
      data,
      revision,
    });
  }
  return revisionsOf(store.list(revisions, namespace), owner);
}

/** Drops the oldest revisions over revisionHistoryLimit that no pod is of. */
export function pruneRevisions(
  { store }: Context,
  owner: KubeObject,
  all: ControllerRevision[],
  used: (revision: ControllerRevision) => boolean,
): void {
  const unused = all.slice(0, -1).filter((revision) => !used(revision));
  const surplus = Math.max(0, unused.length - owner.spec.revisionHistoryLimit);
  for (const revision of unused.slice(0, surplus)) store.remove(revisions, revision);
}

export function hashOf(revision: KubeObject | undefined): string {
  return revision?.metadata.labels?.["controller.kubernetes.io/hash"] ?? "";
}

function revisionsOf(all: KubeObject[], owner: KubeObject): ControllerRevision[] {
  return all
    .filter((each) => controllerOf(each)?.uid === owner.metadata.uid)
    .map((each) => each as ControllerRevision)
    .sort((left, right) => left.revision - right.revision);
}
