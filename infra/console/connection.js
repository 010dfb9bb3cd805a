/** Whether the service can be reached: said at the top of the page while it cannot, and tried until it can. */

import { el } from "./dom.js";
import { addressOf } from "./places.js";

/** How often it is tried (ms). */
const EVERY = 2000;
const bar = el("p", { class: "away", role: "status", hidden: true });
let timer;
let back = () => {};

/** Call `callback` when the service can be reached again. */
export function onReturn(callback) {
  back = callback;
}

/** It could not be reached. */
export function lost() {
  if (timer) return;
  if (!bar.isConnected) document.querySelector("header").after(bar);
  bar.hidden = false;
  bar.textContent = "The service cannot be reached. What is shown may be old; it is tried again.";
  timer = setInterval(probe, EVERY);
}

/** It answered. */
export function reached() {
  if (!timer) return;
  clearInterval(timer);
  timer = undefined;
  bar.hidden = true;
  back();
}

async function probe() {
  const answer = await fetch(addressOf("/health/live"), { credentials: "omit", cache: "no-store" }).catch(() => null);
  if (answer?.ok) reached();
}
