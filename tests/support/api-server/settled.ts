import { condition, type KubeObject } from "./objects";

/** Whether a workload is where its spec wants it, with nothing of an older template left. */
export function isSettled({ kind, metadata, spec, status, ...rest }: KubeObject): boolean {
  if ((status.observedGeneration ?? 0) < (metadata.generation ?? 0) && kind !== "CronJob")
    return false;
  const { replicas = 0, readyReplicas = 0, updatedReplicas = 0, availableReplicas = 0 } = status;
  switch (kind) {
    case "Deployment":
      if (spec.paused) return true;
      return [replicas, updatedReplicas, availableReplicas].every(
        (count) => count === spec.replicas,
      );
    case "ReplicaSet":
    case "ReplicationController":
      return replicas === spec.replicas && availableReplicas === spec.replicas;
    case "StatefulSet": {
      const { partition = 0 } = spec.updateStrategy.rollingUpdate ?? {};
      const goal = spec.updateStrategy.type === "OnDelete" ? 0 : spec.replicas - partition;
      return (
        replicas === spec.replicas && readyReplicas === spec.replicas && updatedReplicas >= goal
      );
    }
    case "DaemonSet": {
      const { desiredNumberScheduled: goal = 0, updatedNumberScheduled = 0 } = status;
      const updated = spec.updateStrategy.type === "OnDelete" || updatedNumberScheduled === goal;
      return goal > 0 && updated && status.numberAvailable === goal;
    }
    case "Pod":
      return condition({ kind, metadata, spec, status, ...rest }, "Ready")?.status === "True";
    default:
      return true;
  }
}
