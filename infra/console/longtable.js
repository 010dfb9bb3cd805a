/** A table of any length: only the rows that are in sight are made. */

import { el } from "./dom.js";

/** The height of a row, which the style sheet gives it (px), and how many rows are made beyond what is in sight. */
const ROW = 36, BEYOND = 20;

/**
 * @param {string} caption @param {string[]} heads @param {number} count of rows
 * @param {(row: number) => any[]} cells of a row, from 0
 */
export function longTable(caption, heads, count, cells) {
  const above = el("tr", { "aria-hidden": "true" }), below = el("tr", { "aria-hidden": "true" });
  const body = el("tbody", {}, above, below);
  const box = el("div", { class: "scrolls long", tabindex: "0", role: "region", "aria-label": caption },
    el("table", { "aria-rowcount": count + 1 }, el("thead", {}, el("tr", {}, ...heads.map((head) => el("th", { scope: "col" }, head)))), body));
  let drawn = [-1, -1];
  const draw = () => {
    const first = Math.max(0, Math.floor(box.scrollTop / ROW) - BEYOND);
    const last = Math.min(count, Math.ceil((box.scrollTop + (box.clientHeight || 480)) / ROW) + BEYOND);
    if (first === drawn[0] && last === drawn[1]) return;
    drawn = [first, last];
    const rows = Array.from({ length: last - first }, (_, at) => el("tr", { "aria-rowindex": first + at + 2 }, ...cells(first + at).map((cell) =>
      el("td", { class: typeof cell === "number" ? "number" : null }, cell))));
    // A row without cells is as high as its style says, by an attribute: the policy of the page allows no style in it.
    above.replaceChildren(spacer(first * ROW));
    below.replaceChildren(spacer((count - last) * ROW));
    body.replaceChildren(above, ...rows, below);
  };
  let asked = false;
  box.addEventListener("scroll", () => {
    if (asked) return;
    asked = true;
    requestAnimationFrame(() => { asked = false; draw(); });
  }, { passive: true });
  draw();
  return box;

  function spacer(height) {
    return el("td", { class: "spacer", colspan: heads.length, height });
  }
}
