import { marked } from "marked";
import { pageOf } from "./html";

const style = `
  body { max-width: 1100px; padding: 20px 28px 26px }
  h2 { margin: 20px 0 6px; font-size: 16px; font-weight: 600 }
  p { margin-bottom: 8px; overflow-wrap: anywhere }
  table { border-collapse: collapse; display: block; margin: 10px 0; overflow-x: auto }
  th, td { padding: 5px 10px; border: 1px solid #dad8d6; text-align: left; font-size: 13px }
  th { background: #f8f7f6; font-weight: 600 }
  code { font-size: 12.5px; overflow-wrap: anywhere }
  pre { margin: 8px 0; padding: 10px 14px; overflow-x: auto; background: #f5f4f3; line-height: 1.35 }
  ul { margin: 6px 0; padding-left: 22px }`;

/** The summary of a run, from its Markdown, about as Azure DevOps shows it. */
export function summaryPage(markdown: string): string {
  return pageOf(style, marked.parse(markdown, { async: false }));
}
