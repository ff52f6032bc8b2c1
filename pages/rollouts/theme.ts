/** The SDK sets the host's colours as variables; the page has its own for what went well or not. */
export function followTheme(): void {
  window.addEventListener("themeApplied", () => {
    const colour = getComputedStyle(document.body).backgroundColor;
    const [red = 255, green = 255, blue = 255] = (colour.match(/[\d.]+/g) ?? []).map(Number);
    const isDark = 0.3 * red + 0.59 * green + 0.11 * blue < 128;
    document.documentElement.dataset.theme = isDark ? "dark" : "light";
  });
}
