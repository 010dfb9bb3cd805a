/** From which chance on a class is to be given: what that does to the rows that measured the version, and what it costs. */

import { el, facts, field, pair, svg } from "./dom.js";
import { number } from "./format.js";

/**
 * For each threshold, upwards, how many rows of `class` (true) and of `other` (false) have a chance that is not below it.
 * @typedef {{class: string, other: string, rows: number, positives: number, thresholds: number[], true: number[], false: number[], threshold: number|null}} Points
 */

const SIZE = 190, EDGE = 30;

/** The points that a report has; null if it is of another problem or an older release. @param {string} html @returns {Points|null} */
export function pointsOf(html) {
  const found = new DOMParser().parseFromString(html, "text/html").getElementById("operating-points");
  return found ? JSON.parse(found.dataset.points) : null;
}

/** @param {Points} points */
export function deciding(points) {
  const start = nearest(points.thresholds, points.threshold ?? 0.5);
  const slider = el("input", { type: "range", min: "0", max: String(points.thresholds.length - 1), step: "1", value: String(start) });
  const alarm = el("input", { type: "number", min: "0", step: "any", value: "1" }), miss = el("input", { type: "number", min: "0", step: "any", value: "1" });
  const said = el("div", { role: "status" }), pictures = el("div", { class: "operating" });
  const cheapest = el("button", { type: "button", class: "quiet", onclick: () => { slider.value = String(best(points, cost)); draw(); } }, "The cheapest");
  const cost = (at) => { const { false: wrong, missed } = counts(points, at); return wrong * Number(alarm.value || 0) + missed * Number(miss.value || 0); };
  const draw = () => {
    const at = Number(slider.value);
    slider.setAttribute("aria-valuetext", `threshold ${number(points.thresholds[at])}`);
    said.replaceChildren(figures(points, at, cost(at)));
    pictures.replaceChildren(...charts(points, at));
  };
  for (const input of [slider, alarm, miss]) input.addEventListener("input", draw);
  draw();
  return el("details", { class: "card deciding" }, el("summary", {}, "Choose a threshold"),
    el("p", { class: "hint" }, `From which chance on ${points.class} is given instead of ${points.other}, on ${number(points.rows)} test rows. `,
      points.threshold === null ? "The version gives what is more probable." : `The version's own is ${number(points.threshold)}.`, " An init with ", el("code", {}, 'options.threshold'), " has the next trains decide so."),
    field("Threshold", slider), pair(field(`A false alarm costs`, alarm), field("A miss costs", miss)), el("p", {}, cheapest), said, pictures);
}

function nearest(values, wanted) {
  return values.reduce((best, value, at) => (Math.abs(value - wanted) < Math.abs(values[best] - wanted) ? at : best), 0);
}

/** What becomes of the rows. @param {Points} points */
function counts(points, at) {
  const hit = points.true[at], wrong = points.false[at];
  return { hit, false: wrong, missed: points.positives - hit, rejected: points.rows - points.positives - wrong };
}

function best(points, cost) {
  return points.thresholds.reduce((found, _, at) => (cost(at) < cost(found) ? at : found), 0);
}

const share = (part, whole) => (whole ? part / whole : 0);
const percent = (part) => `${(part * 100).toFixed(1)} %`;

function figures(points, at, cost) {
  const { hit, false: wrong, missed, rejected } = counts(points, at);
  const precision = share(hit, hit + wrong), recall = share(hit, points.positives);
  return facts([["Threshold", number(points.thresholds[at])], ["Right alarms", number(hit)], ["False alarms", number(wrong)], ["Missed", number(missed)], ["Rightly none", number(rejected)],
    ["Precision", percent(precision)], ["Recall", percent(recall)], ["F1", number(share(2 * precision * recall, precision + recall))], ["Cost", number(cost)]]);
}

function charts(points, at) {
  const negatives = points.rows - points.positives;
  const line = (x, y) => points.thresholds.map((_, index) => [x(index), y(index)]);
  const given = (index) => points.true[index] + points.false[index];
  const recall = (index) => share(points.true[index], points.positives);
  const precision = (index) => (given(index) ? share(points.true[index], given(index)) : 1);
  const usual = share(points.positives, points.rows);
  const lift = line((index) => share(given(index), points.rows), (index) => (given(index) ? precision(index) / (usual || 1) : 0)).filter(([x]) => x > 0);
  return [
    chart("ROC", "false alarms of all others", "recall", line((index) => share(points.false[index], negatives), recall), at, [[0, 0], [1, 1]]),
    chart("Precision and recall", "recall", "precision", line(recall, precision), at, [[0, usual], [1, usual]]),
    chart("Lift", "share of rows given", "times the usual rate", lift, Math.min(at, lift.length - 1), [[0, 1], [1, 1]], Math.max(1, ...lift.map(([, y]) => y))),
  ];
}

/** @param {[number, number][]} line @param {number} at the point that is chosen @param {[number, number][]} usual what no model does */
function chart(title, across, up, line, at, usual, top = 1) {
  const x = (value) => EDGE + value * (SIZE - 2 * EDGE), y = (value) => SIZE - EDGE - (value / top) * (SIZE - 2 * EDGE);
  const path = (points) => points.map(([one, other]) => `${x(one).toFixed(1)},${y(other).toFixed(1)}`).join(" ");
  const [px, py] = line[at] ?? [0, 0];
  return el("figure", {}, el("figcaption", {}, el("span", { class: "metric" }, title), el("span", { class: "hint" }, `${up} by ${across}`)),
    svg("svg", { viewBox: `0 0 ${SIZE} ${SIZE}`, width: SIZE, height: SIZE, role: "img", "aria-label": `${title}: ${up} ${number(py)} at ${across} ${number(px)}` },
      ...[0, top / 2, top].flatMap((value) => [svg("line", { class: "grid", x1: EDGE, x2: SIZE - EDGE, y1: y(value), y2: y(value) }), svg("text", { class: "tick", x: EDGE - 5, y: y(value) + 4, "text-anchor": "end" }, String(Number(value.toPrecision(2))))]),
      ...[0, 0.5, 1].map((value) => svg("text", { class: "tick", x: x(value), y: SIZE - 10, "text-anchor": "middle" }, String(value))),
      svg("g", { class: "line train" }, svg("polyline", { points: path(usual) })),
      svg("g", { class: "line holdout" }, svg("polyline", { points: path(line) }), svg("circle", { cx: x(px), cy: y(py), r: 5 }))));
}
