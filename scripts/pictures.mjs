import { build } from "./build.mjs";
import { chromium } from "./chromium.mjs";
import { buildPages } from "./pages.mjs";
import { main, show, step } from "./run.mjs";

/** Makes the pictures in images/ anew. They look best where the font Segoe UI or Open Sans is. */
await main(import.meta.url, async () => {
  await build();
  await buildPages();
  step("take the pictures");
  const env = { CHROMIUM: await chromium() };
  const program = ["--import", "tsx", "tests/programs/pictures/index.ts"];
  const { code } = await show(process.execPath, program, { env });
  process.exitCode = Number(code);
});
