import type { Stage } from "./stage";

/** The line of `images` for the deployment `web`, and its image before a release of build 4125 and after. */
export const images = "deployments/web app=$(ACR)/web";
export const before = "contoso.azurecr.io/web:4124";
export const after = "contoso.azurecr.io/web:4125";

/** The deployment as the release before left it. */
export function deployWeb(stage: Stage, options: object = {}): Promise<unknown> {
  return stage.server.deployment({ name: "web", image: before, replicas: 2, ...options });
}
