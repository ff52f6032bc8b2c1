import { condition, type KubeObject, putCondition } from "../objects";
import { resourceOf } from "../resources";
import type { Context } from ".";
import { createPod, deletePod, isActive, isAvailable, isReady, podsOf } from "./replicas";

/** Keeps as many pods as wanted; a ReplicationController is one by another name. */
export function reconcileReplicaSet(context: Context, set: KubeObject): void {
  const component = set.kind === "ReplicaSet" ? "replicaset-controller" : "replication-controller";
  const present = podsOf(context, set).filter(isActive);
  const missing = set.spec.replicas - present.length;
  let refusal: string | undefined;
  for (let count = 0; count < missing && refusal === undefined; count += 1) {
    refusal = createPod(context, set, component, set.spec.template);
  }
  const surplus = present.sort(dispensableFirst).slice(0, Math.max(0, -missing));
  for (const pod of surplus) deletePod(context, set, component, pod);

  const pods = podsOf(context, set).filter(isActive);
  const ready = pods.filter(isReady).length;
  const available = pods.filter((pod) => isAvailable(context, set, pod)).length;
  const resource = resourceOf(set);
  if (resource === undefined) return;
  context.store.modify(resource, set, "status", (draft) => {
    const failure = condition(draft, "ReplicaFailure");
    draft.status = {
      replicas: pods.length,
      ...(pods.length > 0 && { fullyLabeledReplicas: pods.length }),
      ...(ready > 0 && { readyReplicas: ready }),
      ...(available > 0 && { availableReplicas: available }),
      observedGeneration: set.metadata.generation ?? 1,
    };
    if (refusal === undefined) return;
    if (failure !== undefined) draft.status.conditions = [failure];
    else {
      const reason = { reason: "FailedCreate", message: refusal };
      putCondition(draft.status, { type: "ReplicaFailure", status: "True", ...reason });
    }
  });
}

function dispensableFirst(left: KubeObject, right: KubeObject): number {
  const readiness = Number(isReady(left)) - Number(isReady(right));
  return (
    readiness || Number(right.metadata.resourceVersion) - Number(left.metadata.resourceVersion)
  );
}
