/** A text as HTML has it. */
export function escaped(text: string): string {
  return text.replace(/[&<>"]/g, (sign) => `&#${sign.charCodeAt(0)};`);
}

/** A page with this style and this body. */
export function pageOf(style: string, body: string): string {
  return `<!doctype html><meta charset="utf-8"><style>
    * { box-sizing: border-box }
    body { margin: 0; font: 14px/1.5 "Segoe UI", "Open Sans", sans-serif; color: #292827 }
    h1, h2, p, pre, ul { margin: 0 }
    pre, code { font-family: Consolas, "Cascadia Mono", Menlo, "DejaVu Sans Mono", monospace }
    ${style}</style><body>${body}`;
}
