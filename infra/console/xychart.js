/** Lines over a square: one quantity by another, both from 0. */

import { el, svg } from "./dom.js";

const SIZE = 190, EDGE = 30;

/**
 * @typedef {{points: [number, number][], look: string, mark?: number}} Line mark: the point that is ringed
 * @param {{title: string, across: string, up: string, lines: Line[], usual: [number, number][], alt: string, top?: number}} what usual: the line to compare with; top: the end of the axis upwards
 */
export function chart({ title, across, up, lines, usual, alt, top = 1 }) {
  const x = (value) => EDGE + value * (SIZE - 2 * EDGE), y = (value) => SIZE - EDGE - (value / top) * (SIZE - 2 * EDGE);
  const path = (points) => points.map(([one, other]) => `${x(one).toFixed(1)},${y(other).toFixed(1)}`).join(" ");
  const ring = ({ points, mark }) => points[mark] && svg("circle", { cx: x(points[mark][0]), cy: y(points[mark][1]), r: 5 });
  return el("figure", {}, el("figcaption", {}, el("span", { class: "metric" }, title), el("span", { class: "hint" }, `${up} by ${across}`)),
    svg("svg", { viewBox: `0 0 ${SIZE} ${SIZE}`, width: SIZE, height: SIZE, role: "img", "aria-label": `${title}: ${alt}` },
      ...[0, top / 2, top].flatMap((value) => [svg("line", { class: "grid", x1: EDGE, x2: SIZE - EDGE, y1: y(value), y2: y(value) }), svg("text", { class: "tick", x: EDGE - 5, y: y(value) + 4, "text-anchor": "end" }, String(Number(value.toPrecision(2))))]),
      ...[0, 0.5, 1].map((value) => svg("text", { class: "tick", x: x(value), y: SIZE - 10, "text-anchor": "middle" }, String(value))),
      svg("g", { class: "line train" }, svg("polyline", { points: path(usual) })),
      ...lines.map((line) => svg("g", { class: `line ${line.look}` }, svg("polyline", { points: path(line.points) }), ring(line) ?? null))));
}
