/** How much each column matters to a version. */

import { bar } from "./bars.js";
import { el } from "./dom.js";
import { percent } from "./format.js";
import { shareOf } from "./metrics.js";

/** @param {Record<string, number>} found @param {number} [most] columns that are shown */
export function importance(found, most = Infinity) {
  const sorted = Object.entries(found).sort((one, other) => other[1] - one[1]).slice(0, most);
  if (!sorted.length) return el("p", { class: "hint" }, "The estimator tells none.");
  const shares = shareOf(found);
  return el("ol", { class: "bars" }, ...sorted.map(([name, value]) =>
    el("li", {}, el("span", { class: "name" }, name), bar(sorted[0][1] > 0 ? value / sorted[0][1] : 0),
      el("span", { class: "number" }, percent(shares[name])))));
}
