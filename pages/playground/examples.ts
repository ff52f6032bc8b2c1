/** Something to begin with: inputs that differ from task.json's, and the pipeline's variables. */
export interface Example {
  name: string;
  inputs: Record<string, string>;
  variables: string;
}

const release = `System.HostType = release
Build.BuildId = 4125
Build.BuildNumber = 20261124.7
Build.SourceBranch = refs/heads/main
Build.SourceVersion = 5f2c1d9e8b7a6f5e4d3c2b1a0f9e8d7c6b5a4f3e
ACR = contoso.azurecr.io`;
const on = (ref: string) => release.replace("refs/heads/main", ref);

export const examples: Example[] = [
  {
    name: "A release",
    inputs: { images: "deployments/identityserver identityserver=$(ACR)/identityserver" },
    variables: release,
  },
  {
    name: "A version",
    inputs: {
      images: "deployments/web app=$(ACR)/web\ncronjobs/cleanup *=$(ACR)/cleanup",
      tagStrategy: "semver",
    },
    variables: on("refs/tags/v1.4.2"),
  },
  {
    name: "A template",
    inputs: {
      images: "shop,billing: deployments/web app=$(ACR)/web",
      tagStrategy: "template",
      tagTemplate: "{branch}-{buildId}",
    },
    variables: on("refs/heads/feature/Login"),
  },
  {
    name: "After another pipeline",
    inputs: { images: "kubectl -n shop set image deployments/web app=$(ACR)/web --record" },
    variables: `System.HostType = build
Build.BuildId = 9001
Build.Reason = ResourceTrigger
resources.triggeringAlias = ci
resources.pipeline.ci.runID = 4125
ACR = contoso.azurecr.io`,
  },
  {
    name: "In the build",
    inputs: { command: "computeTag", images: "$(ACR)/IdentityServer" },
    variables: `${release.replace("release", "build")}
Build.ArtifactStagingDirectory = /agent/_work/1/a`,
  },
  {
    name: "A mistake",
    inputs: { images: "deployments/web app=$(ACR)/web:latest" },
    variables: release,
  },
];
