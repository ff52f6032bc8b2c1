import { spawn } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";

import { cache, forgetOthers, hashOf } from "./cache.mjs";
import { run, Stop, step } from "./run.mjs";

/** How often, in milliseconds, a build says how far it is. */
const sayEvery = 20_000;
/** What Go says when it cannot fetch modules. */
const unreachable = /dial tcp|lookup |timeout|connection re|handshake|\b(403|5\d\d) |GOPROXY/;
/** How every Go module of the tests is compiled, so that packages are compiled once for all uses. */
export const compileFlags = ["-trimpath", "-gcflags=all=-dwarf=false"];
export const environment = { CGO_ENABLED: "0", GOFLAGS: "-buildvcs=false", GOWORK: "off" };

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
  const listed = await unlessUnreachable(go(source, ["list", "-deps", "."]));
  if (listed.absent !== undefined) return listed;
  const packages = listed.printed.split("\n").length;
  await compile({ source, what, linkFlags, program, packages });
  forgetOthers(name, program);
  return { program };
}

/**
 * Holds a Go module against gofmt and `go vet`, by the system that it is for, if that is another.
 * What cannot be held against them here is in `absent`.
 */
export async function checkGo(source, system = {}) {
  const absent = await obstacle(source);
  if (absent !== undefined) return { absent };
  const unformatted = await run("gofmt", ["-l", "."], { cwd: source });
  if (unformatted !== "") throw new Stop(`gofmt -w is needed, in ${source}:\n${unformatted}`);
  return unlessUnreachable(go(source, ["vet", ...compileFlags, "./..."], { env: system }));
}

/** What a command of go prints, or that modules could not be fetched for it. */
async function unlessUnreachable(command) {
  try {
    return { printed: await command };
  } catch (error) {
    if (!unreachable.test(error.message)) throw error;
    const [why] = error.message.trim().split("\n").slice(-1);
    return { absent: `its modules cannot be fetched: ${why}` };
  }
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
    const hear = (text) => {
      compiled += text.split("\n").length - 1;
    };
    await go(source, args, { hear });
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
  const found = await go(source, ["env", "GOVERSION"]).catch(() => "");
  const [, major, minor] = /^go(\d+)\.(\d+)/.exec(found) ?? [];
  if (major === undefined) return `Go ${needed} or newer is not installed`;
  const [neededMajor, neededMinor] = needed.split(".").map(Number);
  const enough =
    Number(major) > neededMajor || (Number(major) === neededMajor && Number(minor) >= neededMinor);
  return enough ? undefined : `Go ${needed} or newer is needed, and here is ${found.trim()}`;
}

/** Runs go in the module's folder, gives what it prints, and hands over what it says meanwhile. */
function go(source, args, { env, hear = () => {} } = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn("go", args, {
      cwd: source,
      env: { ...process.env, ...environment, ...env },
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
