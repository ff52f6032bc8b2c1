import type { Agent } from "../../task/src/protocol";

/** An agent that hands nothing over, as for a page, which is none: it has no service connections. */
export const agent: Agent = {
  connections: {},
  system: null,
  proxy: null,
  environment: {},
  authorities: [],
  kubeconfigs: [],
  ownCluster: null,
  os: "linux",
  arch: "x64",
};
