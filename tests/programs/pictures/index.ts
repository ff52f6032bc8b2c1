/** The pictures of the Marketplace page, each of what it shows as it is now. */
import { execFile } from "node:child_process";
import { writeFileSync } from "node:fs";
import path from "node:path";
import { promisify } from "node:util";
import type { Page } from "playwright-core";
import type { Outcome } from "../../support/agent";
import { AzureDevOps } from "../../support/azure-devops";
import { openBrowser } from "../../support/browser";
import { record } from "../../support/recordings";
import { builtTask, root } from "../../support/repository";
import { editor } from "./editor";
import { logPage } from "./log";
import { withFewColours } from "./png";
import { summaryPage } from "./summary";

const most = 150 * 1024;

async function main(): Promise<void> {
  const log = await logOfTheDemo();
  const crash = await record("crash", builtTask, { pace: 700, onFailure: "undo" });
  const success = await record("success", builtTask, { pace: 700 });
  const { context, close } = await openBrowser({ deviceScaleFactor: 1.5 });
  try {
    const page = await context.newPage();
    const show = async (name: string, html: string) => {
      await page.setContent(html);
      await shoot(page, name, "body");
    };
    const images = "deployments/identityserver identityserver=$(ACR)/identityserver";
    await show("editor", editor({ images }));
    await show("log", logPage(log));
    await show("summary", summaryPage(crash.summaries[0] ?? ""));
    await rollouts(page, [success, crash]);
  } finally {
    await close();
  }
}

/** What the step of `npm start` logs, without what stands around it. */
async function logOfTheDemo(): Promise<string[]> {
  const program = ["--import", "tsx", "tests/programs/demo.ts"];
  const { stdout } = await promisify(execFile)(process.execPath, program, { cwd: root });
  const lines = stdout.trimEnd().split("\n");
  return lines.slice(
    lines.findIndex((line) => line.startsWith("Kubectl Set Image ")),
    -2,
  );
}

async function rollouts(page: Page, outcomes: Outcome[]): Promise<void> {
  const devops = await AzureDevOps.start(path.join(root, "dist/rollouts/index.html"));
  devops.attached = outcomes.map(({ attachments }, at) => ({
    step: [["Staging", "Production"][at] ?? "", "Deploy", "Kubectl Set Image"],
    at: `2026-11-24T14:${20 + at}:00Z`,
    content: attachments[0]?.content ?? "",
  }));
  try {
    await page.setViewportSize({ width: 1060, height: 1240 });
    await page.goto(devops.url("build"));
    await page.frameLocator("iframe").locator("main[aria-busy=false]").waitFor();
    await shoot(page, "rollouts", "iframe");
  } finally {
    devops.stop();
  }
}

async function shoot(page: Page, name: string, what: string): Promise<void> {
  const file = path.join(root, "images", `${name}.png`);
  const picture = withFewColours(await page.locator(what).screenshot());
  writeFileSync(file, picture);
  console.log(`images/${name}.png: ${Math.ceil(picture.length / 1024)} KB`);
  if (picture.length > most) throw new Error(`images/${name}.png is too large for the page`);
}

main().catch((error) => {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
});
