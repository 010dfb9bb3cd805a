/** Predictions, as a table. */

import { contributions } from "./contributions.js";
import { el, table } from "./dom.js";
import { number } from "./format.js";
import { csv, save } from "./saving.js";

/** Most rows that are shown. */
const SHOWN = 200;

/** @param {{version: number, model: string, predictions: any[], probabilities?: number[][], classes?: any[], contributions?: any}} result */
export function predictions(result) {
  const classes = (result.probabilities && result.classes) || [];
  const rows = result.predictions.slice(0, SHOWN).map((value, index) =>
    [index + 1, number(value), ...classes.map((_, at) => `${(result.probabilities[index][at] * 100).toFixed(1)} %`)]);
  const more = result.predictions.length - rows.length;
  return el("div", {},
    el("p", { class: "hint" }, `Version ${result.version} of ${result.model} answered${more > 0 ? `; the first ${SHOWN} of ${number(result.predictions.length)}` : ""}.`),
    el("div", { class: "predictions" }, table("Predictions", ["Row", "Prediction", ...classes.map(String)], rows)),
    el("p", {}, el("button", { type: "button", class: "quiet", onclick: () => save(file(result, classes), `${result.model}-predictions.csv`) }, "Save all as CSV")),
    result.contributions && contributions(result));
}

/** All of them, as exact as they are. */
function file(result, classes) {
  const heads = ["prediction", ...classes.map((name) => `probability_${name}`)];
  return csv(heads, result.predictions.map((value, index) => [value, ...(classes.length ? result.probabilities[index] : [])]));
}
