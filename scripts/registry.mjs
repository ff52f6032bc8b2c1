import { chmodSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";

import { cache, keepProgram } from "./cache.mjs";
import { run, Stop, step } from "./run.mjs";

const name = "docker-registry";

/**
 * The path of a container registry for the tests: the one on PATH, or Debian's, which is unpacked
 * outside the repository and not installed, so that no service of it starts.
 */
export async function registry() {
  const onPath = (process.env.PATH ?? "").split(delimiter).map((folder) => join(folder, name));
  const program = join(cache, name, name);
  const found = [process.env.DOCKER_REGISTRY, ...onPath, program].find(
    (path) => path && existsSync(path),
  );
  if (found) return found;
  step(`fetch Debian's ${name} for the tests`);
  try {
    keepProgram(program, await fetched());
    return program;
  } catch (error) {
    step(
      [
        `the tests with a registry are not run: ${error.message.trim()}`,
        `Run, as root on Debian, \`apt-get update\`, or have ${name} on PATH.`,
      ].join("\n"),
    );
    return undefined;
  }
}

async function fetched() {
  if (process.platform !== "linux") throw new Stop("there is none here for this platform.");
  const temp = mkdtempSync(join(tmpdir(), `${name}-`));
  try {
    // Whoever unpacks for root may be another user.
    chmodSync(temp, 0o777);
    if (process.getuid() === 0) await run("apt-get", ["update", "-qq"]);
    await run("apt-get", ["download", "-qq", name], { cwd: temp });
    const [archive] = readdirSync(temp).filter((file) => file.endsWith(".deb"));
    await run("dpkg-deb", ["--extract", join(temp, archive), join(temp, "unpacked")]);
    return readFileSync(join(temp, "unpacked/usr/bin", name));
  } finally {
    rmSync(temp, { recursive: true, force: true });
  }
}
