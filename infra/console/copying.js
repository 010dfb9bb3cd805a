/** A text that can be taken along. */

import { announce, el } from "./dom.js";

/** The text with a button that copies it. @param {string} text @param {string} what it is, for the name of the button */
export function copyable(text, what) {
  const code = el("code", {}, text);
  const button = el("button", { type: "button", class: "quiet small", "aria-label": `Copy the ${what}`, onclick: () => copyText(code, button) }, "Copy");
  return el("span", { class: "copyable" }, code, button);
}

/** @param {HTMLElement} code what is copied @param {HTMLElement} button that says so */
export async function copyText(code, button) {
  getSelection()?.selectAllChildren(code);
  try {
    // There is no clipboard over plain HTTP from another machine.
    await navigator.clipboard.writeText(code.textContent);
    button.textContent = "Copied";
  } catch {
    button.textContent = "Selected: copy it with Ctrl+C";
  }
  announce(button.textContent);
}
