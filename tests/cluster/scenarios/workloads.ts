import type { Scene } from "../scene";

export const registry = "contoso.azurecr.io";
export const before = `${registry}/web:4124`;
export const dbBefore = `${registry}/db:1`;
export const after = `${registry}/web:4125`;
/** The line that most scenarios are about. */
export const line = "deployments/web app=$(ACR)/web";

/** Whether a line of the log tells how far the deployment is. */
export function isProgress(line: string): boolean {
  return /^\[ *\w+\] deployment\/web {2}/.test(line);
}

/** A deployment of two pods that run. */
export function web({ cluster }: Scene, fields: object = {}): Promise<void> {
  const options = { name: "web", image: before, replicas: 2, ...fields };
  return cluster.rolledOut(cluster.workload("Deployment", options));
}

/** A deployment of no pods, which rolls anywhere. */
export function idle(scene: Scene, fields: object = {}): Promise<void> {
  return web(scene, { replicas: 0, ...fields });
}

/** A stateful set of two pods that run. */
export function db({ cluster }: Scene, fields: object = {}): Promise<void> {
  const options = { name: "db", image: dbBefore, replicas: 2, ...fields };
  return cluster.rolledOut(cluster.workload("StatefulSet", options));
}
