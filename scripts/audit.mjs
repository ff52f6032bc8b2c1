import { checkLicences } from "./licences.mjs";
import { main, run, Stop, step } from "./run.mjs";
import { setup } from "./setup.mjs";

/** A check that cannot be made here, and why. */
class Impossible extends Stop {}

const checks = {
  "the licences": checkLicences,
  "the advisories on npm packages": npmAdvisories,
  "the licences and sources of crates": () => cargoDeny("licenses", "bans", "sources"),
  "the advisories on crates": crateAdvisories,
};

/** Looks through everything that others have written; `--all` fails where a check cannot be made. */
async function audit(mustDoAll) {
  await setup();
  const wrong = [];
  for (const [what, check] of Object.entries(checks)) {
    try {
      await check();
      step(`${what}: checked`);
    } catch (error) {
      if (!(error instanceof Stop)) throw error;
      const isImpossible = error instanceof Impossible;
      step(`${what}: ${isImpossible ? "NOT CHECKED: " : ""}${error.message.trim()}`);
      if (mustDoAll || !isImpossible) wrong.push(what);
    }
  }
  if (wrong.length > 0) throw new Stop(`Not as it should be: ${wrong.join("; ")}.`);
}

/** Only what is in the extension counts: package.json keeps the rest under devDependencies. */
async function npmAdvisories() {
  const args = ["audit", "--omit=dev", "--json"];
  const said = await run("npm", args).catch(({ message }) => message);
  const { vulnerabilities, message = said } = jsonIn(said);
  if (vulnerabilities === undefined) throw new Impossible(`npm cannot ask for them: ${message}`);
  const found = Object.values(vulnerabilities).map(
    ({ name, severity }) => `- ${name}: ${severity}`,
  );
  if (found.length > 0) throw new Stop(["`npm audit --omit=dev` has more:", ...found].join("\n"));
}

/** The object that a text has somewhere, between other lines; empty where there is none. */
function jsonIn(text) {
  try {
    return JSON.parse(text.slice(text.indexOf("{"), text.lastIndexOf("}") + 1));
  } catch {
    return {};
  }
}

async function crateAdvisories() {
  await needCargoDeny();
  await run("cargo", ["deny", "--locked", "fetch", "db"]).catch(({ message }) => {
    throw new Impossible(`the advisory database cannot be fetched.\n${message}`);
  });
  await cargoDeny("advisories");
}

async function cargoDeny(...args) {
  await needCargoDeny();
  await run("cargo", ["deny", "--locked", "check", ...args]);
}

async function needCargoDeny() {
  await run("cargo", ["deny", "--version"]).catch(() => {
    throw new Impossible(
      "cargo-deny is not installed: `cargo install cargo-deny --locked`, which takes minutes.",
    );
  });
}

await main(import.meta.url, () => audit(process.argv.includes("--all")));
