/** From which chance on a class is to be given: what that does to the rows that measured the version, and what it costs. */

import { el, facts, field, pair } from "./dom.js";
import { number, percent } from "./format.js";
import { held } from "./held.js";
import { chart } from "./xychart.js";

/**
 * For each threshold, upwards, how many rows of `class` (true) and of `other` (false) have a chance that is not below it.
 * @typedef {{class: string, other: string, rows: number, positives: number, thresholds: number[], true: number[], false: number[], threshold: number|null}} Points
 */

/** The points that a report has; null if it is of another problem or an older release. @param {string} html @returns {Points|null} */
export function pointsOf(html) {
  return held(html, "operating-points");
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
    drawn("ROC", "false alarms of all others", "recall", line((index) => share(points.false[index], negatives), recall), at, [[0, 0], [1, 1]]),
    drawn("Precision and recall", "recall", "precision", line(recall, precision), at, [[0, usual], [1, usual]]),
    drawn("Lift", "share of rows given", "times the usual rate", lift, Math.min(at, lift.length - 1), [[0, 1], [1, 1]], Math.max(1, ...lift.map(([, y]) => y))),
  ];
}

/** A curve with the point that is chosen. */
function drawn(title, across, up, points, at, usual, top = 1) {
  const [x, y] = points[at] ?? [0, 0];
  return chart({ title, across, up, usual, top, lines: [{ points, look: "holdout", mark: at }], alt: `${up} ${number(y)} at ${across} ${number(x)}` });
}
