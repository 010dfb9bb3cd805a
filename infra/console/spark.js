/** A learning curve as small as a word. */

import { svg } from "./dom.js";

const WIDTH = 72, HEIGHT = 24, EDGE = 3;
/** Most points that are drawn. */
const POINTS = 60;

/**
 * The main metric on the holdout, over the iterations; null if there are too few to see anything.
 * @param {import("./curve.js").Curve|null|undefined} curve
 */
export function spark(curve) {
  const [values] = Object.values(curve?.lines?.holdout?.metrics ?? {});
  const finite = (values ?? []).filter(Number.isFinite);
  if (finite.length < 3) return null;
  const each = Math.ceil(finite.length / POINTS);
  const drawn = finite.filter((_, index) => index % each === 0 || index === finite.length - 1);
  const low = Math.min(...drawn), span = Math.max(...drawn) - low || 1;
  const points = drawn.map((value, index) => [
    EDGE + (index / (drawn.length - 1)) * (WIDTH - 2 * EDGE),
    HEIGHT - EDGE - ((value - low) / span) * (HEIGHT - 2 * EDGE),
  ].map((at) => at.toFixed(1)).join(","));
  const [x, y] = points.at(-1).split(",");
  return svg("svg", { class: "spark line", "aria-hidden": "true", width: WIDTH, height: HEIGHT },
    svg("polyline", { points: points.join(" ") }), svg("circle", { cx: x, cy: y, r: 2.5 }));
}
