import { statSync } from "node:fs";
import path from "node:path";
import * as tl from "azure-pipelines-task-lib/task";

const isWindows = process.platform === "win32";
const FILE = isWindows ? "kubectl.exe" : "kubectl";

/**
 * The file to run: of the path, in the folder of the path, or on PATH; nothing where PATH has none.
 * Throws where it is one that cannot be run.
 */
export function findKubectl(given: string | null): string | undefined {
  const file = given === null ? onPath() : inFolder(given);
  if (isWindows && file && /\.(cmd|bat)$/i.test(file)) {
    throw new Error(
      `${file} is a batch file, which needs a shell. Add the folder of kubectl.exe to Path, set ` +
        `kubectlPath to its path, or set kubectlVersion`,
    );
  }
  return file;
}

/** On Windows a program wins over a batch file of an earlier folder. */
function onPath(): string | undefined {
  return tl.which(FILE, false) || tl.which("kubectl", false) || undefined;
}

function inFolder(given: string): string {
  const isFolder = statSync(given, { throwIfNoEntry: false })?.isDirectory();
  return isFolder ? path.join(given, FILE) : given;
}
