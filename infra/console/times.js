/** Times that say how long ago they are, and go on saying it. */

import { el } from "./dom.js";
import { ago, moment } from "./format.js";

/** How often they are looked at (ms). */
const EVERY = 10_000;

/** @param {string} text a time as the API writes it */
export const aging = (text) => el("time", { datetime: text, title: moment(text), class: "aging" }, ago(text));

setInterval(() => {
  if (document.hidden) return;
  for (const time of document.querySelectorAll("time.aging")) {
    const said = ago(time.getAttribute("datetime"));
    if (time.textContent !== said) time.textContent = said;
  }
}, EVERY);
