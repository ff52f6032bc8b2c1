import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";

import { main, root, Stop, step } from "./run.mjs";

const source = join(root, "tests", "cluster", "control-plane");
const cache = join(process.env.XDG_CACHE_HOME ?? join(homedir(), ".cache"), "kubectl-set-image");
const name = "control-plane";
/** How often, in milliseconds, a build says how far it is. */
const sayEvery = 20_000;
/** What Go says when it cannot fetch modules. */
const unreachable = /dial tcp|lookup |timeout|connection re|handshake|\b(403|5\d\d) |GOPROXY/;
const compileFlags = ["-trimpath", "-gcflags=all=-dwarf=false"];
/** The version that the servers give as theirs: that of the module they are built from. */
const version = /k8s\.io\/kubernetes (v[\d.]+)/.exec(
  readFileSync(join(source, "go.mod"), "utf8"),
)?.[1];
const environment = { CGO_ENABLED: "0", GOFLAGS: "-buildvcs=false", GOWORK: "off" };

/**
 * The path of the control plane for the tests, kept outside the repository; it is built where it
 * is not there. Where it cannot be, `absent` says why.
 */
export async function controlPlane() {
  const program = join(cache, `${name}-${hashOfSources()}`);
  if (existsSync(program)) return { program };
  const absent = await obstacle();
  if (absent !== undefined) return { absent };
  step("fetch the modules of the control plane for the tests");
  const packages = await go(["list", "-deps", "."], () => {}).catch((error) => error);
  if (packages instanceof Error) {
    if (!unreachable.test(packages.message)) throw packages;
    return {
      absent: `its modules cannot be fetched: ${packages.message.trim().split("\n").at(-1)}`,
    };
  }
  await compile(program, packages.split("\n").length);
  for (const other of readdirSync(cache)) {
    const stale = other.startsWith(`${name}-`) && join(cache, other) !== program;
    if (stale) rmSync(join(cache, other), { force: true });
  }
  return { program };
}

async function compile(program, packages) {
  step(`build the control plane for the tests: up to ${packages} packages, some minutes`);
  mkdirSync(cache, { recursive: true });
  let compiled = 0;
  const say = () => step(`build the control plane: ${compiled} packages compiled`);
  const timer = setInterval(say, sayEvery);
  const part = `${program}.${process.pid}.part`;
  const link = `-ldflags=-s -w -X k8s.io/component-base/version.gitVersion=${version}`;
  try {
    await go(["build", "-v", ...compileFlags, link, "-o", part, "."], (text) => {
      compiled += text.split("\n").length - 1;
    });
    renameSync(part, program);
  } finally {
    clearInterval(timer);
    rmSync(part, { force: true });
  }
  step("the control plane is built");
}

/** Why it cannot be built here; nothing when it can. */
async function obstacle() {
  const [, needed] = /^go (\d+\.\d+)/m.exec(readFileSync(join(source, "go.mod"), "utf8")) ?? [];
  const found = await go(["env", "GOVERSION"], () => {}).catch(() => "");
  const [, major, minor] = /^go(\d+)\.(\d+)/.exec(found) ?? [];
  if (major === undefined) return `Go ${needed} or newer is not installed`;
  const [neededMajor, neededMinor] = needed.split(".").map(Number);
  const enough =
    Number(major) > neededMajor || (Number(major) === neededMajor && Number(minor) >= neededMinor);
  return enough ? undefined : `Go ${needed} or newer is needed, and here is ${found.trim()}`;
}

function hashOfSources() {
  const hash = createHash("sha256");
  for (const file of readdirSync(source).sort()) {
    hash.update(`${file}\n`).update(readFileSync(join(source, file)));
  }
  return hash.digest("hex").slice(0, 16);
}

/** Runs go in the module's folder, gives what it prints, and hands over what it says meanwhile. */
function go(args, hear) {
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

await main(import.meta.url, async () => {
  const { program, absent } = await controlPlane();
  console.log(program ?? `There is no control plane: ${absent}`);
});
