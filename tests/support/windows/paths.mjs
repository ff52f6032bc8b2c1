/** A path of Linux as Windows has it under Wine; what is no path stays as it is. */
export function toWindows(text) {
  return /^\/[^\n]*$/.test(text) ? `Z:${text.replaceAll("/", "\\")}` : text;
}

/** The other way. */
export function fromWindows(text) {
  return text.replace(/^Z:/, "").replaceAll("\\", "/");
}
