import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, before } from "node:test";
import { ControlPlane } from "../support/cluster/control-plane";
import { kubeconfigOf } from "../support/cluster/real";
import { unpackExtension } from "../support/vsix";

/** The kubeconfig file of a cluster that somebody brings, in place of a control plane. */
export const brought = process.env.TEST_KUBECONFIG;

/** What the tests of a file have in common: the packaged task, and a real cluster. */
export interface Suite {
  /** The unpacked task. */
  taskFolder: string;
  /** The text of a kubeconfig for the cluster. */
  kubeconfig: string;
  /** Missing where the cluster is one that somebody brings. */
  controlPlane?: ControlPlane;
}

/** Sets a suite up for the tests of a file; its control plane is started with the options. */
export function useSuite(options: () => Promise<string[]> = async () => []): Suite {
  const suite: Suite = { taskFolder: "", kubeconfig: "" };
  let extension: string;
  before(async () => {
    extension = mkdtempSync(path.join(tmpdir(), "kubectl-set-image-vsix-"));
    await unpackExtension(extension);
    suite.taskFolder = path.join(extension, "task");
    if (brought) suite.kubeconfig = kubeconfigOf(brought);
    else {
      const program = process.env.CONTROL_PLANE;
      if (!program) throw new Error("there is no CONTROL_PLANE: npm run test:cluster sets it");
      suite.controlPlane = await ControlPlane.start(program, ...(await options()));
      suite.kubeconfig = suite.controlPlane.kubeconfig;
    }
  });
  after(async () => {
    await suite.controlPlane?.stop();
    rmSync(extension, { recursive: true, force: true });
  });
  return suite;
}
