import { element } from "./element";

/** A button that copies a text; its label is followed by `what` for who does not see where it stands. */
export function copyButton(text: () => string, what: string, label = "Copy"): HTMLButtonElement {
  const words = element("span", {}, label);
  const button = element(
    "button",
    { type: "button", class: "copy" },
    words,
    element("span", { class: "unseen" }, ` ${what}`),
  );
  button.addEventListener("click", async () => {
    words.textContent = (await copied(text())) ? "Copied" : "Not copied";
  });
  button.addEventListener("blur", () => {
    words.textContent = label;
  });
  return button;
}

/** Whether a text got to the clipboard. A frame may lack the permission for the newer way. */
async function copied(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return copiedByCommand(text);
  }
}

function copiedByCommand(text: string): boolean {
  const give = (event: ClipboardEvent) => {
    event.clipboardData?.setData("text/plain", text);
    event.preventDefault();
  };
  document.addEventListener("copy", give, { once: true });
  const done = document.execCommand("copy");
  document.removeEventListener("copy", give);
  return done;
}
