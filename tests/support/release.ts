/** The variables of a classic release of build 4125. */
export const release = {
  "System.HostType": "release",
  "Release.ReleaseName": "Release-7",
  "Release.EnvironmentName": "Production",
  "Release.PrimaryArtifactSourceAlias": "_identityserver",
  "Build.BuildId": "4125",
  ACR: "contoso.azurecr.io",
};
