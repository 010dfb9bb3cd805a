/** Predictions, as a table. */

import { contributions } from "./contributions.js";
import { el, table } from "./dom.js";
import { number, percent } from "./format.js";
import { longTable } from "./longtable.js";
import { findingList } from "./plan.js";
import { csv, save } from "./saving.js";

/** Longer ones are made as they are scrolled. */
const SHORT = 200;

/** @param {{version: number, model: string, predictions: any[], probabilities?: number[][], classes?: any[], quantiles?: number[][], alpha?: number[], kept?: Record<string, any[]>, notes?: any[], contributions?: any}} result */
export function predictions(result) {
  const classes = (result.probabilities && result.classes) || [];
  const levels = result.alpha ?? [];
  const kept = Object.entries(result.kept ?? {});
  const cells = (index) => {
    const value = result.predictions[index];
    return [index + 1, ...kept.map(([, values]) => plain(values[index])), number(value), ...classes.map((_, at) => percent(result.probabilities[index][at])), ...levels.map((_, at) => number(result.quantiles[index][at]))];
  };
  const count = result.predictions.length, heads = ["Row", ...kept.map(([name]) => name), "Prediction", ...classes.map(String), ...levels.map((level) => `Quantile ${level}`)];
  return el("div", {},
    el("p", { class: "hint" }, `Version ${result.version} of ${result.model} answered: ${number(count)} row${count === 1 ? "" : "s"}.`),
    el("div", { class: "predictions" }, count > SHORT ? longTable("Predictions", heads, count, cells) : table("Predictions", heads, result.predictions.map((_, index) => cells(index)))),
    findingList(result.notes ?? []),
    el("p", {}, el("button", { type: "button", class: "quiet", onclick: () => save(file(result, classes, kept), `${result.model}-predictions.csv`) }, "Save all as CSV")),
    result.contributions && contributions(result));
}

const plain = (value) => (value === null || value === undefined ? "" : typeof value === "object" ? JSON.stringify(value) : String(value));

/** All of them, as exact as they are, with the columns that the API gives in CSV. */
function file(result, classes, kept) {
  const own = ["prediction", ...classes.map((name) => `probability_${name}`), ...(result.alpha ?? []).map((level) => `quantile_${level}`)];
  const heads = [...kept.map(([name]) => (own.includes(name) ? `kept_${name}` : name)), ...own];
  return csv(heads, result.predictions.map((value, index) =>
    [...kept.map(([, values]) => plain(values[index])), value, ...(classes.length ? result.probabilities[index] : []), ...(result.quantiles?.[index] ?? [])]));
}
