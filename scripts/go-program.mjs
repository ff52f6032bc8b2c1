import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";

import { Stop, step } from "./run.mjs";

const cache = join(process.env.XDG_CACHE_HOME ?? join(homedir(), ".cache"), "kubectl-set-image");
/** How often, in milliseconds, a build says how far it is. */
const sayEvery = 20_000;
/** What Go says when it cannot fetch modules. */
const unreachable = /dial tcp|lookup |timeout|connection re|handshake|\b(403|5\d\d) |GOPROXY/;
const compileFlags = ["-trimpath", "-gcflags=all=-dwarf=false"];
const environment = { CGO_ENABLED: "0", GOFLAGS: "-buildvcs=false", GOWORK: "off" };

/**
 * The path of a program of the tests that is a Go module in `source`, kept outside the repository; it
 * is built where it is not there. Where it cannot be, `absent` says why. `what` names it in the log.
 */
export async function goProgram({ name, source, what, linkFlags = "-s -w" }) {
  const program = join(cache, `${name}-${hashOf(source)}`);
  if (existsSync(program)) return { program };
  const absent = await obstacle(source);
  if (absent !== undefined) return { absent };
  step(`fetch the modules of ${what}`);
  const packages = await go(source, ["list", "-deps", "."], () => {}).catch((error) => error);
  if (packages instanceof Error) {
    if (!unreachable.test(packages.message)) throw packages;
    return {
      absent: `its modules cannot be fetched: ${packages.message.trim().split("\n").at(-1)}`,
    };
  }
  await compile({ source, what, linkFlags, program, packages: packages.split("\n").length });
  for (const other of readdirSync(cache)) {
    const stale = other.startsWith(`${name}-`) && join(cache, other) !== program;
    if (stale) rmSync(join(cache, other), { force: true });
  }
  return { program };
}

async function compile({ source, what, linkFlags, program, packages }) {
  step(`build ${what}: up to ${packages} packages, some minutes`);
  mkdirSync(cache, { recursive: true });
  let compiled = 0;
  const say = () => step(`build ${what}: ${compiled} packages compiled`);
  const timer = setInterval(say, sayEvery);
  const part = `${program}.${process.pid}.part`;
  try {
    const args = ["build", "-v", ...compileFlags, `-ldflags=${linkFlags}`, "-o", part, "."];
    await go(source, args, (text) => {
      compiled += text.split("\n").length - 1;
    });
    renameSync(part, program);
  } finally {
    clearInterval(timer);
    rmSync(part, { force: true });
  }
  step(`${what}: built`);
}

/** Why it cannot be built here; nothing when it can. */
async function obstacle(source) {
  const [, needed] = /^go (\d+\.\d+)/m.exec(readFileSync(join(source, "go.mod"), "utf8")) ?? [];
  const found = await go(source, ["env", "GOVERSION"], () => {}).catch(() => "");
  const [, major, minor] = /^go(\d+)\.(\d+)/.exec(found) ?? [];
  if (major === undefined) return `Go ${needed} or newer is not installed`;
  const [neededMajor, neededMinor] = needed.split(".").map(Number);
  const enough =
    Number(major) > neededMajor || (Number(major) === neededMajor && Number(minor) >= neededMinor);
  return enough ? undefined : `Go ${needed} or newer is needed, and here is ${found.trim()}`;
}

function hashOf(source) {
  const hash = createHash("sha256");
  for (const file of readdirSync(source).sort()) {
    hash.update(`${file}\n`).update(readFileSync(join(source, file)));
  }
  return hash.digest("hex").slice(0, 16);
}

/** Runs go in the module's folder, gives what it prints, and hands over what it says meanwhile. */
function go(source, args, hear) {
  return new Promise((resolve, reject) => {
    const child = spawn("go", args, {
      cwd: source,
      env: { ...process.env, ...environment },
      stdio: ["ignore", "pipe", "pipe"],
    });
    let printed = "";
    let said = "";
    child.stdout.setEncoding("utf8").on("data", (text) => {
      printed += text;
    });
    child.stderr.setEncoding("utf8").on("data", (text) => {
      said = `${said}${text}`.slice(-20_000);
      hear(text);
    });
    child.on("error", reject);
    child.on("close", (code) => {
      if (code === 0) resolve(printed);
      else reject(new Stop(`go ${args.join(" ")} failed (${code}):\n${said}`));
    });
  });
}
