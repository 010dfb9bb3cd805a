/** A word at the foot of the page on what was done, with the way back. */

import { announce, el } from "./dom.js";
import { singly } from "./problems.js";

/** How long it is there, unless somebody is at it (ms). */
const STAYS = 12000;

/** @param {string} text @param {{undo?: () => Promise<void>}} [options] */
export function toast(text, { undo } = {}) {
  document.querySelector(".toast")?.remove();
  const back = undo && el("button", { type: "button", class: "quiet small", onclick: () => singly(back, async () => { await undo(); box.remove(); }) }, "Undo");
  const close = el("button", { type: "button", class: "quiet small", "aria-label": "Close", onclick: () => box.remove() }, "×");
  const box = el("div", { class: "toast" }, el("span", {}, text), back, close);
  document.body.append(box);
  announce(text);
  const leave = () => { if (box.matches(":hover, :focus-within")) setTimeout(leave, STAYS); else box.remove(); };
  setTimeout(leave, STAYS);
  addEventListener("hashchange", () => box.remove(), { once: true });
}
