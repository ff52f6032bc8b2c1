import { existsSync } from "node:fs";

import { run, Stop, step } from "./run.mjs";

const path = "/usr/bin/chromium";

/** Makes sure that there is a Chromium for the tests of the pages, and says where. */
export async function chromium() {
  const chosen = process.env.CHROMIUM ?? path;
  if (existsSync(chosen)) return chosen;
  const install = "apt-get install --no-install-recommends chromium";
  const isRootOnDebian = existsSync("/etc/debian_version") && process.getuid?.() === 0;
  if (process.env.CHROMIUM || !isRootOnDebian) {
    throw new Stop(
      `There is no Chromium at ${chosen}. Set CHROMIUM to the path of yours, or on Debian, as ` +
        `root, run \`${install}\`.`,
    );
  }
  step(install);
  const env = { DEBIAN_FRONTEND: "noninteractive" };
  await run("apt-get", ["update", "-qq"], { env });
  await run("apt-get", ["install", "-qq", "--no-install-recommends", "chromium"], { env });
  return path;
}
