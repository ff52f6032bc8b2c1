import { readdirSync } from "node:fs";

import { run, Stop, step } from "./run.mjs";

export const target = "wasm32-unknown-unknown";

const debianPackages = ["rustc-web", "rust-web-src", "rust-web-llvm", "lld-22"];

/** Each way gives what `cargo build` needs for it, or throws a Stop that says why it is none. */
const ways = { installed, rustup, debian };

/** The first way to compile for wasm that works here; WASM_TOOLCHAIN names the only one to try. */
export async function wasmToolchain() {
  await needCargo();
  const forced = process.env.WASM_TOOLCHAIN;
  if (forced && !(forced in ways)) {
    throw new Stop(`WASM_TOOLCHAIN is ${forced}; it can be ${Object.keys(ways).join(", ")}.`);
  }
  const obstacles = [];
  for (const way of forced ? [forced] : Object.keys(ways)) {
    try {
      return await ways[way]();
    } catch (error) {
      if (!(error instanceof Stop)) throw error;
      obstacles.push(`- ${way}: ${error.message.trim()}`);
    }
  }
  throw new Stop(
    [
      `Nothing here compiles Rust for ${target}:`,
      ...obstacles,
      `Run \`rustup target add ${target}\`, or on Debian, as root,`,
      `\`apt-get install --no-install-recommends ${debianPackages.join(" ")}\`.`,
    ].join("\n"),
  );
}

async function needCargo() {
  try {
    await run("cargo", ["--version"]);
  } catch (error) {
    throw new Stop(
      `A Rust toolchain is needed: install rustup, then \`rustup toolchain install stable\`.\n${error.message}`,
    );
  }
}

async function installed() {
  const rustc = process.env.RUSTC ?? "rustc";
  const folder = (await run(rustc, ["--print", "target-libdir", "--target", target])).trim();
  if (!filesOf(folder).some((file) => /^libcore-.*\.rlib$/.test(file))) {
    throw new Stop("the Rust toolchain in use has no standard library for it.");
  }
  return { name: "the installed Rust target", args: [], env: {} };
}

async function rustup() {
  step(`rustup target add ${target}`);
  await run("rustup", ["target", "add", target], { timeout: 120_000 });
  return { ...(await installed()), name: "the Rust target from rustup" };
}

async function debian() {
  await haveDebianPackages();
  return {
    name: "Debian's rustc, which builds the standard library too",
    args: ["-Z", "build-std=std,panic_abort"],
    env: { RUSTC: "/usr/bin/rustc", RUSTC_BOOTSTRAP: "1" },
  };
}

async function haveDebianPackages() {
  const missing = await debianPackagesMissing();
  if (missing.length === 0) return;
  if (process.getuid() !== 0) throw new Stop(`root has to install ${missing.join(" ")}.`);
  step(`apt-get install ${missing.join(" ")}`);
  const env = { DEBIAN_FRONTEND: "noninteractive" };
  await run("apt-get", ["update", "-qq"], { env });
  await run("apt-get", ["install", "-qq", "--no-install-recommends", ...missing], { env });
}

async function debianPackagesMissing() {
  const known = await run("dpkg-query", [
    "--show",
    // biome-ignore lint/suspicious/noTemplateCurlyInString: the placeholders are dpkg-query's.
    "--showformat=${Package} ${db:Status-Status}\n",
  ]);
  const installed = new Set(known.split("\n"));
  return debianPackages.filter((name) => !installed.has(`${name} installed`));
}

function filesOf(folder) {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
