/** Bars in a row of a list. */

import { svg } from "./dom.js";

const HEIGHT = 10;

/** From the left. @param {number} part of the whole, 0 to 1 */
export function bar(part) {
  return drawn(part > 0 && rect("part", 0, Math.max(1.2, part * 100)));
}

/** From the middle, to the left if it is negative. @param {number} part -1 to 1 */
export function swing(part) {
  const width = Math.max(0.6, Math.abs(part) * 50);
  return drawn(part !== 0 && rect(part < 0 ? "less" : "part", part < 0 ? 50 - width : 50, width),
    svg("line", { class: "middle", x1: "50%", x2: "50%", y1: "0", y2: HEIGHT }));
}

const drawn = (...parts) => svg("svg", { class: "bar", "aria-hidden": "true", width: "100%", height: HEIGHT },
  svg("rect", { class: "whole", width: "100%", height: HEIGHT, rx: "5" }), ...parts);

const rect = (name, x, width) => svg("rect", { class: name, x: `${x.toFixed(1)}%`, width: `${width.toFixed(1)}%`, height: HEIGHT, rx: "5" });
