import axe from "axe-core";
import type { Frame, Page } from "playwright-core";

const rules = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];

interface Violation {
  id: string;
  help: string;
  nodes: { html: string; failureSummary: string }[];
}

/** What axe-core holds against a page as it is now, its contrast included: a line for each place. */
export async function violations(page: Page | Frame): Promise<string[]> {
  await page.evaluate(axe.source);
  const options = { runOnly: { type: "tag", values: rules }, preload: false };
  const found = `axe.run(document, ${JSON.stringify(options)}).then((run) => run.violations)`;
  const all: Violation[] = await page.evaluate(found);
  return all.flatMap(({ id, help, nodes }) =>
    nodes.map(({ html, failureSummary }) => `${id}: ${help}: ${html}: ${failureSummary}`),
  );
}

/**
 * Walks through the document by the Tab key; the controls that cannot be reached so, and those that
 * do not show that they have the focus.
 */
export async function notWalked(page: Page, within: Page | Frame = page): Promise<string[]> {
  const all = `[...document.querySelectorAll(
    "a[href], button, input, select, textarea, summary, [tabindex='0']"
  )].filter((one) => !one.disabled && one.checkVisibility())`;
  const count: number = await within.evaluate(`${all}.length`);
  // A box that scrolls is one more stop.
  for (let at = 0; at < 2 * count; at += 1) {
    await page.keyboard.press("Tab");
    await within.evaluate(`{
      const { outlineStyle, outlineWidth } = getComputedStyle(document.activeElement);
      const isSeen = outlineStyle !== "none" && parseFloat(outlineWidth) >= 2;
      document.activeElement.dataset.walked = isSeen;
    }`);
  }
  return within.evaluate(
    `${all}.filter((one) => one.dataset.walked !== "true").map((one) => one.outerHTML.slice(0, 200))`,
  );
}
